#include "lens/calibration.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 6, ROUNDS = 8, SWEEPS = 40 };
#define SLANTED 1e-3 /* edges closer to parallel than this meet nowhere */

/* ---- smallest eigenvector of a symmetric matrix, by Jacobi's rotations ---- */

static void rotate(double m[N][N], double v[N][N], int p, int q)
{
	double theta, t, c, s;

	if (fabs(m[p][q]) < 1e-300)
		return;
	theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
	t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1));
	c = 1 / sqrt(t * t + 1);
	s = t * c;
	for (int k = 0; k < N; k++) {
		double a = m[k][p], b = m[k][q];

		m[k][p] = c * a - s * b;
		m[k][q] = s * a + c * b;
	}
	for (int k = 0; k < N; k++) {
		double a = m[p][k], b = m[q][k];

		m[p][k] = c * a - s * b;
		m[q][k] = s * a + c * b;
		a = v[k][p];
		b = v[k][q];
		v[k][p] = c * a - s * b;
		v[k][q] = s * a + c * b;
	}
}

/* The share of the second smallest eigenvalue tells whether the answer is one. */
static double least_direction(double m[N][N], double out[N])
{
	double v[N][N] = { { 0 } }, second = HUGE_VAL, largest = 0;
	int least = 0;

	for (int i = 0; i < N; i++)
		v[i][i] = 1;
	for (int sweep = 0; sweep < SWEEPS; sweep++)
		for (int p = 0; p < N; p++)
			for (int q = p + 1; q < N; q++)
				rotate(m, v, p, q);
	for (int i = 1; i < N; i++)
		if (m[i][i] < m[least][least])
			least = i;
	for (int i = 0; i < N; i++) {
		out[i] = v[i][least];
		largest = m[i][i] > largest ? m[i][i] : largest;
		if (i != least && m[i][i] < second)
			second = m[i][i];
	}
	return largest > 0 ? second / largest : 0;
}

/* ---- height map ------------------------------------------------------------ */

static double top(const double h[N], double x, double y)
{
	return h[0] * x + h[1] * y + h[2];
}

static double bottom(const double h[N], double x, double y)
{
	return h[3] * x + h[4] * y + h[5];
}

/* Steepness of the height at a place, per picture height. */
static void slope(const double h[N], double aspect, double x, double y, double *gx, double *gy)
{
	double m = bottom(h, x, y), value = top(h, x, y) / m;

	*gx = (h[0] - value * h[3]) / m / aspect;
	*gy = (h[1] - value * h[4]) / m;
}

/* How far, in picture heights, a drawn end lies from where its height is. */
static double distance(const double h[N], double aspect, double x, double y, double height)
{
	double gx, gy;

	slope(h, aspect, x, y, &gx, &gy);
	return (top(h, x, y) / bottom(h, x, y) - height) / (hypot(gx, gy) + 1e-12);
}

static void add_end(double m[N][N], const double h[N], double aspect, double x, double y, double height, bool weigh)
{
	double row[N] = { -x, -y, -1, height * x, height * y, height }, w = 1;

	if (weigh) { /* turns the algebraic distance into one in the picture */
		double gx, gy;

		slope(h, aspect, x, y, &gx, &gy);
		w = 1 / (fabs(bottom(h, x, y)) * hypot(gx, gy) + 1e-9);
	}
	for (int i = 0; i < N; i++)
		for (int k = 0; k < N; k++)
			m[i][k] += w * w * row[i] * row[k];
}

static bool fit_heights(const struct calibration_input *in, double unit, double h[N])
{
	double sure = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double m[N][N] = { { 0 } };

		for (int i = 0; i < in->lines_n; i++) {
			const struct calibration_line *l = &in->lines[i];

			add_end(m, h, in->aspect, l->x1, l->y1, l->height_m / unit, round > 0);
			add_end(m, h, in->aspect, l->x2, l->y2, l->height_m / unit, round > 0);
		}
		sure = least_direction(m, h);
	}
	return sure > 1e-12;
}

/* ---- vertical edges --------------------------------------------------------- */

/* The point nearest to all edges' lines, if they meet. */
static void fit_edges(const struct calibration_input *in, struct calibration *c)
{
	double xx = 0, xy = 0, yy = 0, xd = 0, yd = 0, det;

	for (int i = 0; i < in->edges_n; i++) {
		const struct calibration_line *e = &in->edges[i];
		double nx = e->y2 - e->y1, ny = (e->x1 - e->x2) * in->aspect, length = hypot(nx, ny), d;

		nx /= length;
		ny /= length;
		d = nx * e->x1 * in->aspect + ny * e->y1;
		xx += nx * nx;
		xy += nx * ny;
		yy += ny * ny;
		xd += nx * d;
		yd += ny * d;
	}
	det = xx * yy - xy * xy;
	c->has_up = in->edges_n >= 2 && det > SLANTED * SLANTED * xx * xx;
	if (!c->has_up)
		return;
	c->up_x = (yy * xd - xy * yd) / det / in->aspect;
	c->up_y = (xx * yd - xy * xd) / det;
}

/* The vanishing point of verticals and the horizon of a level gaze are 90
 * degrees apart; seen from the middle, the product of their distances is the
 * focal length squared (Hartley and Zisserman, 8.8). */
static void reckon_camera(struct calibration *c)
{
	double up_y = fabs(c->h[4]) > 1e-9 ? -(c->h[3] * 0.5 + c->h[5]) / c->h[4] : 1e9, x, y, square, rise;

	if (!calibration_place(c, 0.5, 0.5, CALIBRATION_CAMERA_M, &x, &y))
		return;
	square = (0.5 - up_y) * (y - 0.5);
	if (square < 0.1 || square > 25)
		return;
	c->focal = sqrt(square);
	rise = (y - 0.5) / c->focal; /* tangent of the pitch */
	c->distance_m = calibration_scale(c, 0.5, 0.5) * c->focal / (1 + rise * rise);
}

/* ---- checks ------------------------------------------------------------------ */

static bool in_range(double v, double low, double high)
{
	return v >= low && v <= high; /* false for NaN too */
}

static enum rc bad(char field[32], const char *name, int index, const char **reason, const char *why)
{
	if (index < 0)
		snprintf(field, 32, "%s", name);
	else
		snprintf(field, 32, "%s[%d]", name, index);
	*reason = why;
	return RC_INVALID;
}

static bool line_fits(const struct calibration_line *l, double aspect)
{
	/* ends may lie a little outside: people draw past the border */
	return in_range(l->x1, -0.5, 1.5) && in_range(l->x2, -0.5, 1.5) && in_range(l->y1, -0.5, 1.5) &&
	       in_range(l->y2, -0.5, 1.5) && hypot((l->x2 - l->x1) * aspect, l->y2 - l->y1) > 0.01;
}

static int heights_of(const struct calibration_input *in)
{
	int n = 0;

	for (int i = 0; i < in->lines_n; i++) {
		bool seen = false;

		for (int k = 0; k < i; k++)
			seen |= fabs(in->lines[k].height_m - in->lines[i].height_m) < 0.1;
		n += !seen;
	}
	return n;
}

static enum rc check(const struct calibration_input *in, char field[32], const char **reason)
{
	if (!in_range(in->aspect, 0.2, 5))
		return bad(field, "aspect", -1, reason, "range");
	if (!in_range(in->floor_height_m, 2, 6))
		return bad(field, "floor_height_m", -1, reason, "range");
	if (in->floors < 1 || in->floors > 200)
		return bad(field, "floors", -1, reason, "range");
	if (in->lines_n < 3 || in->lines_n > CALIBRATION_LINES_MAX)
		return bad(field, "lines", -1, reason, "range");
	if (in->edges_n == 1 || in->edges_n < 0 || in->edges_n > CALIBRATION_EDGES_MAX)
		return bad(field, "edges", -1, reason, "range");
	for (int i = 0; i < in->lines_n; i++)
		if (!line_fits(&in->lines[i], in->aspect) || !in_range(in->lines[i].height_m, -20, 1000))
			return bad(field, "lines", i, reason, "range");
	for (int i = 0; i < in->edges_n; i++)
		if (!line_fits(&in->edges[i], in->aspect) || fabs(in->edges[i].y1 - in->edges[i].y2) < 0.01)
			return bad(field, "edges", i, reason, "range");
	if (heights_of(in) < 3)
		return bad(field, "lines", -1, reason, "parallel");
	return RC_OK;
}

/* Higher floors must be higher in the picture at every line's middle. */
static int upside_down(const struct calibration_input *in, const struct calibration *c)
{
	for (int i = 0; i < in->lines_n; i++) {
		double x = (in->lines[i].x1 + in->lines[i].x2) / 2, y = (in->lines[i].y1 + in->lines[i].y2) / 2, gx, gy;

		slope(c->h, c->aspect, x, y, &gx, &gy);
		if (!(gy < 0))
			return i;
	}
	return -1;
}

enum rc calibration_solve(const struct calibration_input *in, struct calibration *ret, char field[32],
			  const char **reason)
{
	double unit, sum = 0;
	int at;

	TRY(check(in, field, reason));
	*ret = (struct calibration){ .aspect = in->aspect, .floor_height_m = in->floor_height_m, .floors = in->floors };
	unit = in->floor_height_m * (in->floors > 3 ? in->floors : 3); /* heights near 1, like the fractions */
	if (!fit_heights(in, unit, ret->h))
		return bad(field, "lines", -1, reason, "parallel");
	for (int i = 0; i < 3; i++)
		ret->h[i] *= unit;
	fit_edges(in, ret);
	reckon_camera(ret);
	at = upside_down(in, ret);
	if (at >= 0)
		return bad(field, "lines", at, reason, "order");
	for (int i = 0; i < in->lines_n; i++) {
		const struct calibration_line *l = &in->lines[i];
		double a = distance(ret->h, in->aspect, l->x1, l->y1, l->height_m);
		double b = distance(ret->h, in->aspect, l->x2, l->y2, l->height_m);

		sum += a * a + b * b;
	}
	ret->residual = sqrt(sum / (2 * in->lines_n));
	if (!(ret->residual <= CALIBRATION_RESIDUAL_MAX))
		return bad(field, "lines", -1, reason, "residual");
	return RC_OK;
}

/* ---- use ------------------------------------------------------------------------ */

double calibration_height(const struct calibration *c, double x, double y)
{
	return top(c->h, x, y) / bottom(c->h, x, y);
}

/* Unit vector up the facade in the picture, in picture heights. */
static void upwards(const struct calibration *c, double x, double y, double *ux, double *uy)
{
	double length;

	*ux = 0;
	*uy = -1;
	if (!c->has_up)
		return;
	*ux = (c->up_x - x) * c->aspect;
	*uy = c->up_y - y;
	length = hypot(*ux, *uy);
	if (length < 1e-9) {
		*ux = 0;
		*uy = -1;
		return;
	}
	if (*uy > 0) /* a camera that looks down: its verticals meet below */
		length = -length;
	*ux /= length;
	*uy /= length;
}

double calibration_scale(const struct calibration *c, double x, double y)
{
	double ux, uy, gx, gy;

	upwards(c, x, y, &ux, &uy);
	slope(c->h, c->aspect, x, y, &gx, &gy);
	return fabs(gx * ux + gy * uy);
}

bool calibration_place(const struct calibration *c, double x, double y, double height_m, double *ret_x, double *ret_y)
{
	double ux, uy, num, den, s;

	upwards(c, x, y, &ux, &uy);
	ux /= c->aspect;
	num = height_m * bottom(c->h, x, y) - top(c->h, x, y);
	den = c->h[0] * ux + c->h[1] * uy - height_m * (c->h[3] * ux + c->h[4] * uy);
	if (fabs(den) < 1e-12)
		return false;
	s = num / den;
	*ret_x = x + s * ux;
	*ret_y = y + s * uy;
	/* the same side of the horizon as where we started */
	return bottom(c->h, *ret_x, *ret_y) * bottom(c->h, x, y) > 0;
}
