#include "lens/view.h"

#define GUESS 23.0

double view_px_per_m(const struct view *v, double x, double y)
{
	double m;

	if (!v->calibrated)
		return GUESS * v->scale;
	m = calibration_scale(&v->calibration, x / v->width, y / v->height);
	return m > 1e-6 ? v->height / m : GUESS * v->scale;
}

double view_height(const struct view *v, double x, double y)
{
	return calibration_height(&v->calibration, x / v->width, y / v->height);
}
