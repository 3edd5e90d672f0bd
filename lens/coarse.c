#include "lens/coarse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/analyse.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { LEAST = 4, SMALLEST = 64, AROUND = 4 };
#define CHANGED_MOST 0.10
#define WHOLE        0.35 /* of the coarse area */
#define AVERAGED     (COARSE * COARSE)

void coarse_init(struct coarse *c, int width, int height, bool scalar)
{
	*c = (struct coarse){ .lag = COARSE_LAG_MOST,
			      .blip = scalar ? blip_row_scalar : blip_best(),
			      .row = scalar ? coarse_row_scalar : coarse_row_best() };
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
void coarse_row_scalar(uint8_t *out, const uint8_t *in, ptrdiff_t stride, int width)
{
	for (int x = 0; x < width; x++) {
		int sum = 0;

		for (int y = 0; y < COARSE; y++)
			for (int i = 0; i < COARSE; i++)
				sum += in[y * stride + COARSE * x + i];
		out[x] = (uint8_t)((sum + AVERAGED / 2) / AVERAGED);
	}
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))

/* Sums of four neighbours in 32 bytes of four rows: eight numbers. */
AVX2 static inline __m256i sums8(const uint8_t *in, ptrdiff_t stride)
{
	const __m256i ones8 = _mm256_set1_epi8(1), ones16 = _mm256_set1_epi16(1);
	__m256i sum = _mm256_setzero_si256();

	for (int y = 0; y < COARSE; y++) {
		__m256i row = _mm256_loadu_si256((const __m256i *)(const void *)(in + y * stride));

		sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(row, ones8));
	}
	return _mm256_madd_epi16(sum, ones16);
}

AVX2 static void coarse_row_avx2(uint8_t *out, const uint8_t *in, ptrdiff_t stride, int width)
{
	const __m256i half = _mm256_set1_epi16(AVERAGED / 2), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	int x = 0;

	for (; x + 32 <= width; x += 32) {
		const uint8_t *p = in + COARSE * x;
		__m256i a = _mm256_packs_epi32(sums8(p, stride), sums8(p + 32, stride));
		__m256i b = _mm256_packs_epi32(sums8(p + 64, stride), sums8(p + 96, stride));

		a = _mm256_srli_epi16(_mm256_add_epi16(a, half), 4);
		b = _mm256_srli_epi16(_mm256_add_epi16(b, half), 4);
		a = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), order);
		_mm256_storeu_si256((__m256i *)(void *)(out + x), a);
	}
	coarse_row_scalar(out + x, in + COARSE * x, stride, width - x);
}
#endif

coarse_row_fn *coarse_row_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return coarse_row_avx2;
#endif
	return coarse_row_scalar;
}

void coarse_next(struct coarse *c, struct shift s)
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
	c->shifts[c->n++] = s;
}

void coarse_take_row(struct coarse *c, const struct frame *f, int y)
{
	if (y < c->height)
		c->row(c->pictures[c->n - 1] + (ptrdiff_t)y * c->width, f->luma + (ptrdiff_t)y * COARSE * f->stride,
		       f->stride, c->width);
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
		r.noise = threshold_noise(t, y);
		r.gamma = t->gamma + y / BLIP_TILE * t->tiles_x;
		r.mask = c->mask + (size_t)y * (size_t)t->words;
		r.learn = threshold_learns(y, c->frames);
		t->rows[y] = c->blip(&r) != 0;
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
