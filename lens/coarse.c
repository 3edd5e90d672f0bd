#include "lens/coarse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/analyse.h"

enum { LEAST = 4, SMALLEST = 64, AROUND = 4 };
#define CHANGED_MOST 0.10
#define WHOLE        0.35 /* of the coarse area */
#define AVERAGED     (COARSE * COARSE)

void coarse_init(struct coarse *c, int width, int height, blip_fn *blip)
{
	*c = (struct coarse){ .lag = COARSE_LAG_MOST, .blip = blip };
	if (width < SMALLEST * COARSE || height < SMALLEST * COARSE)
		return;
	c->width = width / COARSE;
	c->height = height / COARSE;
	for (int i = 0; i < COARSE_HELD; i++)
		c->pictures[i] = mem_new((size_t)c->width * (size_t)c->height);
	threshold_init(&c->threshold, c->width, c->height);
	c->mask = mem_new((size_t)c->threshold.words * (size_t)c->height * sizeof *c->mask);
}

void coarse_done(struct coarse *c)
{
	for (int i = 0; i < COARSE_HELD; i++)
		free(c->pictures[i]);
	threshold_done(&c->threshold);
	free(c->mask);
	*c = (struct coarse){ 0 };
}

void coarse_forget(struct coarse *c)
{
	c->n = 0;
}

void coarse_set_lag(struct coarse *c, int lag)
{
	if (lag == c->lag)
		return;
	c->lag = lag;
	c->n = 0;
}

/* Means of 4 x 4 pixels; whole numbers, so the same on every machine. */
static void reduce_row(uint8_t *restrict out, const uint8_t *in, ptrdiff_t stride, int width)
{
	const uint8_t *a = in, *b = in + stride, *c = b + stride, *d = c + stride;
	uint16_t sums[FRAME_MAX_WIDTH];

	for (int x = 0; x < width * COARSE; x++)
		sums[x] = (uint16_t)(a[x] + b[x] + c[x] + d[x]);
	for (int x = 0; x < width; x++) {
		const uint16_t *s = sums + COARSE * x;

		out[x] = (uint8_t)((s[0] + s[1] + s[2] + s[3] + AVERAGED / 2) / AVERAGED);
	}
}

void coarse_take(struct coarse *c, const struct frame *f, struct shift s)
{
	int held = 2 * c->lag + 1;
	uint8_t *p = c->pictures[0];

	if (c->width == 0)
		return;
	if (c->n == held) {
		memmove(c->pictures, c->pictures + 1, (size_t)(held - 1) * sizeof *c->pictures);
		memmove(c->shifts, c->shifts + 1, (size_t)(held - 1) * sizeof *c->shifts);
		c->pictures[held - 1] = p;
		c->n--;
	}
	c->shifts[c->n] = s;
	for (int y = 0; y < c->height; y++)
		reduce_row(c->pictures[c->n] + (ptrdiff_t)y * c->width, f->luma + (ptrdiff_t)y * COARSE * f->stride,
			   f->stride, c->width);
	c->n++;
}

/* How far the picture moved from one held picture to a later one, reduced pixels. */
static void moved(const struct coarse *c, int from, int to, int *dx, int *dy)
{
	double x = 0, y = 0;

	for (int i = to; i > from; i -= ANALYSE_LAG) {
		x += c->shifts[i].x;
		y += c->shifts[i].y;
	}
	*dx = (int)fmax(-BLIP_MARGIN + 2, fmin(BLIP_MARGIN - 2, rint(x / COARSE)));
	*dy = (int)fmax(-BLIP_MARGIN + 2, fmin(BLIP_MARGIN - 2, rint(y / COARSE)));
}

static void blip_all(struct coarse *c, const struct blobs_source *s)
{
	const struct threshold *t = &c->threshold;
	struct blip_row r = { .a_stride = c->width, .b_stride = c->width, .words = t->words, .least = LEAST };

	for (int y = BLIP_MARGIN; y < c->height - BLIP_MARGIN; y++) {
		r.c = s->c + (ptrdiff_t)y * c->width;
		r.a = s->a + (ptrdiff_t)y * c->width;
		r.b = s->b + (ptrdiff_t)y * c->width;
		r.noise = t->noise + (size_t)y * (size_t)t->words * 32;
		r.gamma = t->gamma + y / BLIP_TILE * t->tiles_x;
		r.mask = c->mask + (size_t)y * (size_t)t->words;
		r.learn = (y + c->frames) % 8 == 0;
		c->blip(&r);
		blip_trim(r.mask, t->words, c->width);
	}
	c->frames++;
}

static struct blob full_size(const struct blob *b)
{
	struct blob f = *b;

	f.x = b->x * COARSE + (COARSE - 1) / 2.0F;
	f.y = b->y * COARSE + (COARSE - 1) / 2.0F;
	f.x0 = b->x0 * COARSE;
	f.y0 = b->y0 * COARSE;
	f.x1 = b->x1 * COARSE + COARSE - 1;
	f.y1 = b->y1 * COARSE + COARSE - 1;
	f.area = b->area * AVERAGED;
	f.weight = b->weight * AVERAGED;
	return f;
}

int coarse_blobs(struct coarse *c, struct blobs *work, struct blob out[COARSE_BLOBS_MAX])
{
	struct blobs_source s = { .mask = c->mask,
				  .c_stride = c->width,
				  .a_stride = c->width,
				  .b_stride = c->width,
				  .scale = (double)c->height / 1080 };
	struct blob found[BLOBS_MAX];
	int ax, ay, bx, by, n, kept = 0;
	bool overfull;

	if (c->width == 0 || c->n < 2 * c->lag + 1)
		return 0;
	moved(c, 0, c->lag, &ax, &ay);
	moved(c, c->lag, 2 * c->lag, &bx, &by);
	s.c = c->pictures[c->lag];
	s.a = c->pictures[0] - (ptrdiff_t)ay * c->width - ax;
	s.b = c->pictures[2 * c->lag] + (ptrdiff_t)by * c->width + bx;
	blip_all(c, &s);
	if (threshold_update(&c->threshold, c->mask) > CHANGED_MOST)
		return 0;
	n = blobs_find(work, &s, &c->threshold, found, &overfull);
	for (int i = 0; i < n && kept < COARSE_BLOBS_MAX && !overfull; i++)
		out[kept++] = full_size(&found[i]);
	return kept;
}

static bool within(const struct blob *fine, const struct blob *box)
{
	return fine->x > (float)(box->x0 - AROUND) && fine->x < (float)(box->x1 + AROUND) &&
	       fine->y > (float)(box->y0 - AROUND) && fine->y < (float)(box->y1 + AROUND);
}

static int by_height(const void *a, const void *b)
{
	const struct blob *x = a, *y = b;

	return (x->y > y->y) - (x->y < y->y);
}

int coarse_merge(struct blob *fine, int fine_n, const struct blob *coarse, int coarse_n, struct blob *out)
{
	int n = 0;

	for (int i = 0; i < coarse_n && n < BLOBS_MAX; i++) {
		const struct blob *c = &coarse[i];
		int area = 0;

		for (int k = 0; k < fine_n; k++)
			area += within(&fine[k], c) ? fine[k].area : 0;
		if (area > WHOLE * c->area)
			continue;
		for (int k = 0; k < fine_n; k++)
			if (within(&fine[k], c))
				fine[k].area = 0; /* an edge of it */
		out[n++] = *c;
	}
	for (int k = 0; k < fine_n && n < BLOBS_MAX; k++)
		if (fine[k].area > 0)
			out[n++] = fine[k];
	qsort(out, (size_t)n, sizeof *out, by_height);
	return n;
}
