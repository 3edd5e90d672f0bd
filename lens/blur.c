/* blur.c - see blur.h. */
#include "lens/blur.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct blur {
	const struct evidence_job *job;
	int width, height, block, nx, ny;
	double corridor; /* pixels, without a calibration */
	uint8_t *hide;   /* nx * ny */
};

static bool inside(const struct corner *p, int n, double x, double y)
{
	bool in = false;

	for (int i = 0, j = n - 1; i < n; j = i++) {
		double xi = (double)p[i].x, yi = (double)p[i].y, xj = (double)p[j].x, yj = (double)p[j].y;

		if ((yi > y) != (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi)
			in = !in;
	}
	return in;
}

/* Fractions of the picture. */
static void path_at(const struct evidence_job *job, int k, double *x, double *y)
{
	*x = (double)job->path[k].x / job->incident.width;
	*y = (double)job->path[k].y / job->incident.height;
}

/* Squared distance in pixels from (x, y) to the segment between two points. */
static double to_segment(double x, double y, double ax, double ay, double bx, double by)
{
	double dx = bx - ax, dy = by - ay, len = dx * dx + dy * dy;
	double t = len > 0 ? ((x - ax) * dx + (y - ay) * dy) / len : 0;

	t = t < 0 ? 0 : t > 1 ? 1 : t;
	dx = x - ax - t * dx;
	dy = y - ay - t * dy;
	return dx * dx + dy * dy;
}

/* Half the corridor's width there, in pixels. */
static double corridor(const struct blur *b, double x, double y)
{
	const struct camera_setting *c = b->job->camera;

	if (!c->has_calibration)
		return b->corridor;
	double scale = calibration_scale(&c->calibration, x, y); /* metres a picture height */

	return scale > 0 && isfinite(scale) ? CORRIDOR_M / scale * b->height : b->corridor;
}

static bool near_path(const struct blur *b, double px, double py)
{
	const struct evidence_job *job = b->job;

	for (int k = 0; k + 1 < job->incident.path_n; k++) {
		double ax, ay, bx, by;

		path_at(job, k, &ax, &ay);
		path_at(job, k + 1, &bx, &by);
		double r = corridor(b, ax, ay);

		if (to_segment(px, py, ax * b->width, ay * b->height, bx * b->width, by * b->height) <= r * r)
			return true;
	}
	return false;
}

static bool in_window(const struct camera_setting *c, double x, double y)
{
	for (int i = 0; i < c->windows_n; i++)
		if (inside(c->windows[i].corners, c->windows[i].n, x, y))
			return true;
	return c->windows_n == 0;
}

/* Corners and middle of a block: thin windows are caught, too. */
static bool touches(const struct blur *b, int bx, int by)
{
	static const double at[5][2] = { { 0.5, 0.5 }, { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 } };
	const struct camera_setting *c = b->job->camera;
	bool thrown = b->job->incident.path_n > 0;

	for (int k = 0; k < 5; k++) {
		double px = (bx + at[k][0]) * b->block, py = (by + at[k][1]) * b->block;
		double x = px / b->width, y = py / b->height;

		if (!thrown) {
			const struct lane_config *l = &c->lanes[b->job->lane].config;

			if (inside(l->corners, l->n, x, y))
				return false;
		} else if (in_window(c, x, y)) {
			return !near_path(b, (bx + 0.5) * b->block, (by + 0.5) * b->block);
		}
	}
	return !thrown;
}

struct blur *blur_new(const struct evidence_job *job, int width, int height)
{
	struct blur *b = mem_new(sizeof(*b));

	b->job = job;
	b->width = width;
	b->height = height;
	b->block = height / 45 < 16 ? 16 : height / 45 & ~1;
	b->nx = (width + b->block - 1) / b->block;
	b->ny = (height + b->block - 1) / b->block;
	b->corridor = height * 0.05;
	b->hide = mem_new((size_t)b->nx * (size_t)b->ny);
	for (int y = 0; y < b->ny; y++)
		for (int x = 0; x < b->nx; x++)
			b->hide[y * b->nx + x] = touches(b, x, y);
	return b;
}

void blur_free(struct blur *b)
{
	if (b == NULL)
		return;
	free(b->hide);
	free(b);
}

int blur_width(const struct blur *b)
{
	return b->width;
}

int blur_height(const struct blur *b)
{
	return b->height;
}

bool blur_hides(const struct blur *b, int x, int y)
{
	return b->hide[y / b->block * b->nx + x / b->block] != 0;
}

static void flatten(uint8_t *p, int stride, int x0, int y0, int x1, int y1)
{
	unsigned sum = 0, n = 0;

	for (int y = y0; y < y1; y++)
		for (int x = x0; x < x1; x++, n++)
			sum += p[y * stride + x];
	for (int y = y0; y < y1; y++)
		memset(p + y * stride + x0, n ? (int)(sum / n) : 0, (size_t)(x1 - x0));
}

void blur_apply(const struct blur *b, struct picture *c)
{
	for (int i = 0; i < b->nx * b->ny; i++) {
		int x0 = i % b->nx * b->block, y0 = i / b->nx * b->block;
		int x1 = x0 + b->block < c->width ? x0 + b->block : c->width;
		int y1 = y0 + b->block < c->height ? y0 + b->block : c->height;

		if (!b->hide[i])
			continue;
		flatten(c->plane[0], c->stride[0], x0, y0, x1, y1);
		for (int k = 1; k < 3; k++)
			flatten(c->plane[k], c->stride[k], x0 / 2, y0 / 2, x1 / 2, y1 / 2);
	}
}

/* Strong red (BT.601), readable on light and dark. */
static void dot(struct picture *c, int x, int y)
{
	static const uint8_t red[3] = { 90, 90, 240 };

	if (x < 0 || y < 0 || x >= c->width || y >= c->height)
		return;
	c->plane[0][y * c->stride[0] + x] = red[0];
	c->plane[1][y / 2 * c->stride[1] + x / 2] = red[1];
	c->plane[2][y / 2 * c->stride[2] + x / 2] = red[2];
}

static void ring(struct picture *c, double x, double y, double r)
{
	for (int dy = (int)-r - 2; dy <= (int)r + 2; dy++)
		for (int dx = (int)-r - 2; dx <= (int)r + 2; dx++)
			if (fabs(sqrt(dx * dx + dy * dy) - r) <= 1.2)
				dot(c, (int)x + dx, (int)y + dy);
}

static void line(struct picture *c, double ax, double ay, double bx, double by)
{
	int n = (int)(fabs(bx - ax) + fabs(by - ay)) + 1;

	for (int i = 0; i <= n; i++) {
		int x = (int)(ax + (bx - ax) * i / n), y = (int)(ay + (by - ay) * i / n);

		dot(c, x, y);
		dot(c, x + 1, y);
		dot(c, x, y + 1);
	}
}

void blur_draw(const struct blur *b, struct picture *c)
{
	const struct evidence_job *job = b->job;

	for (int k = 0; k < job->incident.path_n; k++) {
		double x, y, r = c->height / 120.0;

		path_at(job, k, &x, &y);
		ring(c, x * c->width, y * c->height, r < 4 ? 4 : r);
	}
	if (job->incident.path_n > 0)
		return;
	const struct lane_config *l = &job->camera->lanes[job->lane].config;

	for (int i = 0, j = l->n - 1; i < l->n; j = i++)
		line(c, (double)l->corners[j].x * c->width, (double)l->corners[j].y * c->height,
		     (double)l->corners[i].x * c->width, (double)l->corners[i].y * c->height);
}
