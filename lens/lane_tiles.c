/* lane_tiles.c - where the tiles of a lane lie and what they measure; what
 * stands together is a thing.
 */
#include "lens/lane_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool inside(const struct lane_config *c, double x, double y)
{
	bool in = false;

	for (int i = 0, j = c->n - 1; i < c->n; j = i++) {
		double xi = (double)c->corners[i].x, yi = (double)c->corners[i].y;
		double xj = (double)c->corners[j].x, yj = (double)c->corners[j].y;

		if ((yi > y) != (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi)
			in = !in;
	}
	return in;
}

/* Projective map of the unit square onto four corners, and back (Heckbert,
 * "Fundamentals of Texture Mapping and Image Warping", 1989, 2.2.3). */
struct map {
	double m[9];
};

static struct map square_to(const struct corner *q)
{
	double x[4], y[4];

	for (int i = 0; i < 4; i++) {
		x[i] = (double)q[i].x;
		y[i] = (double)q[i].y;
	}
	double sx = x[0] - x[1] + x[2] - x[3], sy = y[0] - y[1] + y[2] - y[3];
	double dx1 = x[1] - x[2], dx2 = x[3] - x[2], dy1 = y[1] - y[2], dy2 = y[3] - y[2];
	double det = dx1 * dy2 - dx2 * dy1;
	double g = (sx * dy2 - dx2 * sy) / det, h = (dx1 * sy - sx * dy1) / det;

	return (struct map){ { x[1] - x[0] + g * x[1], x[3] - x[0] + h * x[3], x[0], y[1] - y[0] + g * y[1],
			       y[3] - y[0] + h * y[3], y[0], g, h, 1 } };
}

static struct map inverse(const struct map *f)
{
	const double *m = f->m;

	return (struct map){ { m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
			       m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
			       m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3] } };
}

static double square_metres(const struct map *to_unit, const struct lane_config *c, double x, double y, double w,
			    double h)
{
	const double px[4] = { x, x + w, x + w, x }, py[4] = { y, y, y + h, y + h };
	double u[4], v[4], sum = 0;
	const double *m = to_unit->m;

	for (int i = 0; i < 4; i++) {
		double d = m[6] * px[i] + m[7] * py[i] + m[8];

		u[i] = (m[0] * px[i] + m[1] * py[i] + m[2]) / d * c->width_m;
		v[i] = (m[3] * px[i] + m[4] * py[i] + m[5]) / d * c->length_m;
	}
	for (int i = 0, j = 3; i < 4; j = i++)
		sum += u[j] * v[i] - u[i] * v[j];
	return fabs(sum) / 2;
}

static double polygon_area(const struct lane_config *c)
{
	double sum = 0;

	for (int i = 0, j = c->n - 1; i < c->n; j = i++)
		sum += (double)(c->corners[j].x * c->corners[i].y - c->corners[i].x * c->corners[j].y);
	return fabs(sum) / 2;
}

static void measure(struct tiles *g, const struct lane_config *c)
{
	double w = (double)STEP / g->width, h = (double)STEP / g->height;
	struct map to_unit = { { 0 } };
	bool mapped = c->n == 4 && c->width_m > 0 && c->length_m > 0;
	double area = c->area_m2 > 0 ? c->area_m2 : c->width_m * c->length_m;

	if (mapped) {
		struct map from_unit = square_to(c->corners);

		to_unit = inverse(&from_unit);
	}
	for (int j = 0; j < g->ny; j++)
		for (int i = 0; i < g->nx; i++) {
			struct tile *t = &g->t[j * g->nx + i];
			double x = (g->x0 + i) * w, y = (g->y0 + j) * h;

			t->inside = inside(c, x + w / 2, y + h / 2);
			t->m2 = mapped ? square_metres(&to_unit, c, x, y, w, h) : area * w * h / polygon_area(c);
		}
}

enum rc tiles_fit(struct tiles *g, const struct lane_config *c, int width, int height)
{
	double left = 1, top = 1, right = 0, bottom = 0;

	tiles_done(g);
	for (int i = 0; i < c->n; i++) {
		left = fmin(left, (double)c->corners[i].x);
		right = fmax(right, (double)c->corners[i].x);
		top = fmin(top, (double)c->corners[i].y);
		bottom = fmax(bottom, (double)c->corners[i].y);
	}
	g->x0 = (int)(left * width) / STEP;
	g->y0 = (int)(top * height) / STEP;
	g->nx = (int)ceil(right * width / STEP) - g->x0;
	g->ny = (int)ceil(bottom * height / STEP) - g->y0;
	if ((g->x0 + g->nx) * STEP > width)
		g->nx = width / STEP - g->x0;
	if ((g->y0 + g->ny) * STEP > height)
		g->ny = height / STEP - g->y0;
	if (g->nx <= 0 || g->ny <= 0 || g->nx * g->ny > TILES_MAX)
		return RC_LIMIT;
	g->width = width;
	g->height = height;
	g->t = mem_new(sizeof(*g->t) * (size_t)(g->nx * g->ny));
	measure(g, c);
	return RC_OK;
}

void tiles_done(struct tiles *g)
{
	free(g->t);
	*g = (struct tiles){ 0 };
}

void tiles_relearn(struct tiles *g)
{
	for (int i = 0; i < g->nx * g->ny; i++)
		g->t[i].learned = g->t[i].stands = g->t[i].differs = false;
}

/* ---- things ------------------------------------------------------------------------------ */

static struct thing gather(const struct tiles *g, int from, uint8_t *seen, uint16_t *stack)
{
	struct thing o = { .came_at = g->t[from].came_at };
	int n = 0, tiles = 0;

	stack[n++] = (uint16_t)from;
	seen[from] = 1;
	while (n > 0) {
		int i = stack[--n], x = i % g->nx, y = i / g->nx;
		const struct tile *t = &g->t[i];

		tiles++;
		o.m2 += t->m2;
		o.x += g->x0 + x + 0.5;
		o.y += g->y0 + y + 0.5;
		o.came_at = t->came_at < o.came_at ? t->came_at : o.came_at;
		for (int k = 0; k < 9; k++) {
			int u = x + k % 3 - 1, v = y + k / 3 - 1;

			if (u < 0 || v < 0 || u >= g->nx || v >= g->ny || seen[v * g->nx + u])
				continue;
			if (!g->t[v * g->nx + u].stands)
				continue;
			seen[v * g->nx + u] = 1;
			stack[n++] = (uint16_t)(v * g->nx + u);
		}
	}
	o.x = o.x / tiles * STEP / g->width;
	o.y = o.y / tiles * STEP / g->height;
	return o;
}

struct thing tiles_largest(const struct tiles *g, uint16_t *scratch)
{
	struct thing best = { 0 };
	uint8_t seen[TILES_MAX] = { 0 };

	for (int i = 0; i < g->nx * g->ny; i++) {
		if (seen[i] || !g->t[i].stands)
			continue;
		struct thing o = gather(g, i, seen, scratch);

		if (o.m2 > best.m2)
			best = o;
	}
	return best;
}
