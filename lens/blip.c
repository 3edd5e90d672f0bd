#include "lens/blip.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { UP = 4, DOWN = 1 };

static int max(int a, int b)
{
	return a > b ? a : b;
}

static int min(int a, int b)
{
	return a < b ? a : b;
}

static void range3x3(const uint8_t *p, ptrdiff_t stride, int *low, int *high)
{
	for (int dy = -1; dy <= 1; dy++)
		for (int dx = -1; dx <= 1; dx++) {
			int v = p[dy * stride + dx];

			*low = min(*low, v);
			*high = max(*high, v);
		}
}

uint32_t blip_row_scalar(const struct blip_row *r)
{
	uint32_t any = 0;

	for (int w = 0; w < r->words; w++) {
		uint32_t bits = 0;

		for (int i = 0; i < 32; i++) {
			int x = w * 32 + i, low = 255, high = 0, m, n = r->noise[x];

			range3x3(r->a + x, r->a_stride, &low, &high);
			range3x3(r->b + x, r->b_stride, &low, &high);
			m = max(0, max(r->c[x] - high, low - r->c[x]));
			if (m > max(r->least, min(255, n + n / 2 + r->gamma[w])))
				bits |= 1u << i;
			if (r->learn)
				r->noise[x] = (uint8_t)(m > n ? min(255, n + UP) : max(0, n - DOWN));
		}
		r->mask[w] = bits;
		any |= bits;
	}
	return any;
}

void blip_trim(uint32_t *mask, int words, int width)
{
	int last_bits = width - BLIP_MARGIN - (words - 1) * 32;

	mask[0] &= ~0U << BLIP_MARGIN;
	if (last_bits > 0) {
		mask[words - 1] &= ~0U >> (32 - last_bits);
	} else {
		mask[words - 1] = 0;
		mask[words - 2] &= ~0U >> -last_bits;
	}
}

#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline void range(const uint8_t *p, __m256i *low, __m256i *high)
{
	__m256i l = load(p - 1), c = load(p), r = load(p + 1);

	*low = _mm256_min_epu8(*low, _mm256_min_epu8(_mm256_min_epu8(l, c), r));
	*high = _mm256_max_epu8(*high, _mm256_max_epu8(_mm256_max_epu8(l, c), r));
}

/* How far c stands out of [low, high]. */
AVX2 static inline __m256i beyond(__m256i c, __m256i low, __m256i high)
{
	return _mm256_max_epu8(_mm256_subs_epu8(c, high), _mm256_subs_epu8(low, c));
}

AVX2 static inline __m256i band(const struct blip_row *r, int x, __m256i c)
{
	__m256i low = load(r->a + x), high = low;

	range(r->a + x - r->a_stride, &low, &high);
	range(r->a + x, &low, &high);
	range(r->a + x + r->a_stride, &low, &high);
	range(r->b + x - r->b_stride, &low, &high);
	range(r->b + x, &low, &high);
	range(r->b + x + r->b_stride, &low, &high);
	return beyond(c, low, high);
}

AVX2 static inline void learn(uint8_t *noise, __m256i n, __m256i m)
{
	__m256i not_above = _mm256_cmpeq_epi8(_mm256_subs_epu8(m, n), _mm256_setzero_si256());
	__m256i down = _mm256_and_si256(not_above, _mm256_set1_epi8(DOWN));
	__m256i up = _mm256_andnot_si256(not_above, _mm256_set1_epi8(UP));

	_mm256_storeu_si256((__m256i *)(void *)noise, _mm256_adds_epu8(_mm256_subs_epu8(n, down), up));
}

/* The threshold of a block of 32 pixels. */
AVX2 static inline __m256i limit_of(const struct blip_row *r, int w, __m256i n)
{
	__m256i half = _mm256_and_si256(_mm256_srli_epi16(n, 1), _mm256_set1_epi8(0x7f));
	__m256i limit = _mm256_adds_epu8(_mm256_adds_epu8(n, half), _mm256_set1_epi8((char)r->gamma[w]));

	return _mm256_max_epu8(_mm256_set1_epi8((char)r->least), limit);
}

AVX2 static inline uint32_t above(__m256i m, __m256i limit)
{
	return ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_subs_epu8(m, limit), _mm256_setzero_si256()));
}

AVX2 static inline bool any_above(__m256i m, __m256i limit)
{
	__m256i over = _mm256_subs_epu8(m, limit);

	return !_mm256_testz_si256(over, over);
}

/* How far the pixels stand out of the middle pixels alone: bounds m from above. */
AVX2 static inline __m256i bound(const struct blip_row *r, int x)
{
	__m256i a = load(r->a + x), b = load(r->b + x);

	return beyond(load(r->c + x), _mm256_min_epu8(a, b), _mm256_max_epu8(a, b));
}

/* A row that learns needs m wherever it passes n, which may be small. */
AVX2 static uint32_t learn_row(const struct blip_row *r)
{
	uint32_t any = 0;

	for (int w = 0; w < r->words; w++) {
		int x = w * 32;
		__m256i n = load(r->noise + x), m = bound(r, x);

		if (any_above(m, n))
			m = band(r, x, load(r->c + x));
		r->mask[w] = above(m, limit_of(r, w, n));
		any |= r->mask[w];
		learn(r->noise + x, n, m);
	}
	return any;
}

AVX2 static inline uint32_t word_of(const struct blip_row *r, int w, __m256i m)
{
	__m256i limit = limit_of(r, w, load(r->noise + w * 32));

	return any_above(m, limit) ? above(band(r, w * 32, load(r->c + w * 32)), limit) : 0;
}

AVX2 static uint32_t blip_row_avx2(const struct blip_row *r)
{
	uint32_t any = 0;
	int w = 0;

	if (r->learn)
		return learn_row(r);
	/* n is never below 0, so most pairs of blocks end with this one test */
	for (; w + 1 < r->words; w += 2) {
		__m256i m0 = bound(r, w * 32), m1 = bound(r, w * 32 + 32);
		int least = max(r->least, min(r->gamma[w], r->gamma[w + 1]));

		r->mask[w] = r->mask[w + 1] = 0;
		if (!any_above(_mm256_max_epu8(m0, m1), _mm256_set1_epi8((char)least)))
			continue;
		r->mask[w] = word_of(r, w, m0);
		r->mask[w + 1] = word_of(r, w + 1, m1);
		any |= r->mask[w] | r->mask[w + 1];
	}
	if (w < r->words) {
		r->mask[w] = word_of(r, w, bound(r, w * 32));
		any |= r->mask[w];
	}
	return any;
}
#endif

blip_fn *blip_best(void)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2"))
		return blip_row_avx2;
#endif
	return blip_row_scalar;
}
