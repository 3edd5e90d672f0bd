#include "lens/view.h"

#include <math.h>

#define GUESS      23.0
#define SLANT_MOST 2.0

double view_px_per_m(const struct view *v, double x, double y)
{
	double m;

	if (!v->calibrated)
		return GUESS * v->scale;
	m = calibration_scale(&v->calibration, x / v->width, y / v->height);
	return m > 1e-6 ? v->height / m : GUESS * v->scale;
}

/* Looking up at the angle e, a metre along the facade shrinks with cos e, one up
 * the facade with its square. */
double view_px_per_m_across(const struct view *v, double x, double y)
{
	double along = view_px_per_m(v, x, y), level = along;

	if (v->calibrated && v->calibration.distance_m > 0)
		level = v->calibration.focal * v->height / v->calibration.distance_m;
	return level > along ? sqrt(along * level) : along;
}

double view_height(const struct view *v, double x, double y)
{
	return calibration_height(&v->calibration, x / v->width, y / v->height);
}

double view_slant(const struct view *v, double x, double y)
{
	const struct calibration *c = &v->calibration;
	double dx, dy;

	if (!v->calibrated || !c->has_up)
		return 0;
	dx = c->up_x * v->width - x;
	dy = c->up_y * v->height - y;
	return fabs(dy) > 1 ? fmax(-SLANT_MOST, fmin(SLANT_MOST, dx / dy)) : 0;
}

double view_across(const struct view *v, double x, double y, double height_m)
{
	double px, py;

	if (!v->calibrated || !calibration_place(&v->calibration, x / v->width, y / v->height, height_m, &px, &py))
		return x;
	return px * v->width;
}
