#include "lens/eval/canvas.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/wide.h"

struct canvas canvas_new(int width, int height)
{
	return (struct canvas){ width, height, mem_new((size_t)width * (size_t)height * sizeof(int16_t)) };
}

void canvas_free(struct canvas *c)
{
	free(c->p);
	c->p = NULL;
}

static int16_t *row(const struct canvas *c, int y)
{
	return c->p + (ptrdiff_t)y * c->width;
}

static int within(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

void canvas_cloud(struct canvas *c, struct random *r, double size, double sigma)
{
	int w = (int)(c->width / size) + 3, h = (int)(c->height / size) + 3, step = (int)(65536 / size);
	struct canvas coarse = canvas_new(w, h);

	/* bilinear mixing takes a third off the spread */
	for (int i = 0; i < w * h; i++)
		coarse.p[i] = (int16_t)(random_normal(r, 0, sigma * 1.5) * GREY);
	for (int y = 0; y < c->height; y++)
		for (int x = 0; x < c->width; x++)
			row(c, y)[x] = (int16_t)(row(c, y)[x] + canvas_at(&coarse, (int)((int64_t)x * step >> 8),
									  (int)((int64_t)y * step >> 8)));
	canvas_free(&coarse);
}

static struct box clip(const struct canvas *c, int x, int y, int w, int h)
{
	return (struct box){ within(x, 0, c->width), within(y, 0, c->height), within(x + w, 0, c->width),
			     within(y + h, 0, c->height) };
}

void canvas_fill(struct canvas *c, int x, int y, int w, int h, double grey)
{
	struct box b = clip(c, x, y, w, h);

	for (int i = b.y0; i < b.y1; i++)
		for (int k = b.x0; k < b.x1; k++)
			row(c, i)[k] = (int16_t)(grey * GREY);
}

void canvas_add(struct canvas *c, int x, int y, int w, int h, double grey)
{
	struct box b = clip(c, x, y, w, h);
	int add = (int)(grey * GREY);

	for (int i = b.y0; i < b.y1; i++)
		for (int k = b.x0; k < b.x1; k++)
			row(c, i)[k] = (int16_t)(row(c, i)[k] + add);
}

WIDE static void mix_rows(int16_t *restrict out, const int16_t *restrict a, const int16_t *restrict b, int n,
			  const int w[4])
{
	int w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];

	for (int x = 0; x < n; x++)
		out[x] = (int16_t)((a[x] * w0 + a[x + 1] * w1 + b[x] * w2 + b[x + 1] * w3) >> 12);
}

void canvas_shifted(struct canvas *out, const struct canvas *from, double fx, double fy)
{
	int ix = (int)floor(fx), iy = (int)floor(fy);
	int ax = (int)((fx - ix) * 64), ay = (int)((fy - iy) * 64);
	int w[4] = { (64 - ax) * (64 - ay), ax * (64 - ay), (64 - ax) * ay, ax * ay };

	for (int y = 0; y < out->height; y++)
		mix_rows(row(out, y), row(from, y + iy) + ix, row(from, y + iy + 1) + ix, out->width, w);
}

int canvas_at(const struct canvas *c, int x256, int y256)
{
	int x = within(x256, 0, (c->width - 1) * 256 - 1), y = within(y256, 0, (c->height - 1) * 256 - 1);
	int fx = x & 255, fy = y & 255;
	const int16_t *a = row(c, y >> 8) + (x >> 8), *b = a + c->width;

	return ((a[0] * (256 - fx) + a[1] * fx) * (256 - fy) + (b[0] * (256 - fx) + b[1] * fx) * fy) >> 16;
}

/* How much of the pixel at (dx, dy) from the centre the ellipse covers. */
static double cover(double dx, double dy, const struct ellipse *e, double ca, double sa)
{
	double u = (dx * ca + dy * sa) / (e->length / 2), v = (dy * ca - dx * sa) / (e->length * e->ratio / 2);
	double rho = sqrt(u * u + v * v), far = hypot(dx, dy), inside;

	if (far < 1e-9)
		return 1;
	inside = far / rho - far; /* to the rim, along the ray */
	inside = 0.5 + inside / 1.6;
	return inside < 0 ? 0 : inside > 1 ? 1 : inside;
}

static struct box reach(const struct canvas *c, const struct spot *at, int n, double r)
{
	double x0 = at[0].x, x1 = x0, y0 = at[0].y, y1 = y0;

	for (int i = 1; i < n; i++) {
		x0 = fmin(x0, at[i].x);
		x1 = fmax(x1, at[i].x);
		y0 = fmin(y0, at[i].y);
		y1 = fmax(y1, at[i].y);
	}
	return (struct box){ within((int)floor(x0 - r), 0, c->width), within((int)floor(y0 - r), 0, c->height),
			     within((int)ceil(x1 + r) + 1, 0, c->width), within((int)ceil(y1 + r) + 1, 0, c->height) };
}

bool canvas_ellipse(struct canvas *c, const struct spot *at, int n, const struct ellipse *e, struct box *box)
{
	struct box b = reach(c, at, n, e->length / 2 + 2);
	double ca = cos(e->angle), sa = sin(e->angle), mean = 0;
	int area = (b.x1 - b.x0) * (b.y1 - b.y0), target;

	*box = (struct box){ c->width, c->height, 0, 0 };
	if (b.x1 <= b.x0 || b.y1 <= b.y0)
		return false;
	for (int y = b.y0; y < b.y1; y++)
		for (int x = b.x0; x < b.x1; x++)
			mean += row(c, y)[x];
	target = (int)(fmin(fmax(mean / area + e->contrast * GREY, 5 * GREY), 250 * GREY));
	for (int y = b.y0; y < b.y1; y++)
		for (int x = b.x0; x < b.x1; x++) {
			double a = 0;

			for (int i = 0; i < n; i++)
				a += cover(x - at[i].x, y - at[i].y, e, ca, sa);
			a /= n;
			row(c, y)[x] = (int16_t)(row(c, y)[x] + (int)(a * (target - row(c, y)[x])));
			if (a > 0.15) {
				box->x0 = x < box->x0 ? x : box->x0;
				box->y0 = y < box->y0 ? y : box->y0;
				box->x1 = x + 1 > box->x1 ? x + 1 : box->x1;
				box->y1 = y + 1 > box->y1 ? y + 1 : box->y1;
			}
		}
	return box->x1 > box->x0;
}

void canvas_line(struct canvas *c, double x0, double y0, double x1, double y1, double grey)
{
	int n = (int)fmax(fabs(x1 - x0), fabs(y1 - y0)) + 1;

	for (int i = 0; i <= n; i++) {
		int x = (int)(x0 + (x1 - x0) * i / n), y = (int)(y0 + (y1 - y0) * i / n);

		if (x >= 0 && x < c->width && y >= 0 && y < c->height)
			row(c, y)[x] = (int16_t)(row(c, y)[x] + (int)(grey * GREY));
	}
}

WIDE static void develop_row(uint8_t *restrict out, const int16_t *restrict in, const int16_t *restrict noise, int n,
			     int gain)
{
	for (int x = 0; x < n; x++) {
		int v = (((in[x] * gain) >> 12) + noise[x] + GREY / 2) >> 5;

		v = v < 0 ? 0 : v;
		out[x] = (uint8_t)(v > 255 ? 255 : v);
	}
}

void canvas_develop(const struct canvas *c, double gain, const int16_t *noise, int noise_stride, uint8_t *luma)
{
	for (int y = 0; y < c->height; y++)
		develop_row(luma + (ptrdiff_t)y * c->width, row(c, y), noise + (ptrdiff_t)y * noise_stride, c->width,
			    (int)(gain * 4096));
}
