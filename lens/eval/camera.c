#include "lens/eval/camera.h"

#include <math.h>

#define DEGREE 0.017453292519943295

/* Lowest and highest visible metre of the facade. */
static void in_view(const struct camera *c, double *low, double *high)
{
	double half = atan(c->height / 2.0 / c->focal), top = fmin(c->pitch + half, 85 * DEGREE);

	*low = fmax(0, c->above + c->distance * tan(c->pitch - half));
	*high = fmin(c->floors * c->floor_height_m, c->above + c->distance * tan(top));
}

struct camera camera_random(struct random *r, int width, int height)
{
	struct camera c = { .width = width, .height = height, .facade_width_m = 56 };
	double low, high, roof_x, roof_y;

	do {
		c.pitch = random_real(r, 20, 60) * DEGREE;
		c.distance = random_real(r, 15, 60);
		c.focal = random_real(r, 900, 1900) * height / 1080;
		c.above = random_real(r, 1.5, 5);
		c.floors = random_int(r, 8, 34);
		c.floor_height_m = random_real(r, 2.8, 3.3);
		in_view(&c, &low, &high);
		camera_project(&c, 0, c.floors * c.floor_height_m, c.distance, &roof_x, &roof_y);
	} while (high - low < 18 || roof_y > 0.35 * height);
	return c;
}

double camera_project(const struct camera *c, double x, double y, double z, double *px, double *py)
{
	double up = y - c->above, cp = cos(c->pitch), sp = sin(c->pitch);
	double depth = z * cp + up * sp;

	*px = c->width / 2.0 + c->focal * x / depth;
	*py = c->height / 2.0 - c->focal * (up * cp - z * sp) / depth;
	return depth;
}

bool camera_facade(const struct camera *c, double px, double py, double *x, double *y)
{
	double cp = cos(c->pitch), sp = sin(c->pitch);
	double u = (px - c->width / 2.0) / c->focal, q = (c->height / 2.0 - py) / c->focal;
	double forward = cp - q * sp, t;

	if (forward <= 1e-6)
		return false;
	t = c->distance / forward;
	*x = u * t;
	*y = c->above + t * (q * cp + sp);
	return fabs(*x) <= c->facade_width_m / 2 && *y >= 0 && *y <= c->floors * c->floor_height_m;
}

static void draw(const struct camera *c, struct random *r, double jitter, const double from[2], const double to[2],
		 struct calibration_line *out)
{
	double x1, y1, x2, y2;

	camera_project(c, from[0], from[1], c->distance, &x1, &y1);
	camera_project(c, to[0], to[1], c->distance, &x2, &y2);
	out->x1 = (x1 + random_real(r, -jitter, jitter)) / c->width;
	out->y1 = (y1 + random_real(r, -jitter, jitter)) / c->height;
	out->x2 = (x2 + random_real(r, -jitter, jitter)) / c->width;
	out->y2 = (y2 + random_real(r, -jitter, jitter)) / c->height;
}

/* Half the width of the facade that is in view at a height. */
static double half_width(const struct camera *c, double y)
{
	double px, py, depth = camera_project(c, 0, y, c->distance, &px, &py);

	return fmin(c->facade_width_m / 2, 0.45 * c->width * depth / c->focal);
}

struct calibration_input camera_drawn(const struct camera *c, struct random *r, double jitter)
{
	struct calibration_input in = { .aspect = (double)c->width / c->height,
					.floor_height_m = c->floor_height_m,
					.floors = c->floors };
	double low, high;
	int first, last, lines;

	in_view(c, &low, &high);
	first = (int)ceil(low / c->floor_height_m + 0.2);
	last = (int)floor(high / c->floor_height_m - 0.2);
	lines = last - first + 1 < 6 ? last - first + 1 : 6;
	for (int i = 0; i < lines; i++) {
		int slab = first + (last - first) * i / (lines - 1);
		double y = slab * c->floor_height_m, half = half_width(c, y);

		draw(c, r, jitter, (double[]){ -half, y }, (double[]){ half, y }, &in.lines[i]);
		in.lines[i].height_m = y;
	}
	in.lines_n = lines;
	for (int i = 0; i < 2; i++) {
		double x = (i ? 0.8 : -0.8) * half_width(c, low);

		draw(c, r, jitter, (double[]){ x, low + 1 }, (double[]){ x, high - 1 }, &in.edges[i]);
	}
	in.edges_n = 2;
	return in;
}
