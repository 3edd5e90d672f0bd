/* analyse_test.c - one camera's analyser against hostile pictures and stamps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lens/analyse.h"
#include "lens/eval/random.h"

#define STEP 40000

static int alive; /* references not given back */

static void give_back(void *ref)
{
	alive--;
	free(ref);
}

/* A picture of noise, its reference counted. */
static struct frame noisy(struct random *r, int width, int height, int stride, int64_t pts_us)
{
	size_t size = (size_t)stride * (size_t)height;
	uint8_t *p = mem_new(size ? size : 1);

	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t b = (random_bits(r) & 0x3f3f3f3f3f3f3f3fU) + 0x4040404040404040U;

		memcpy(p + i, &b, 8);
	}
	alive++;
	return (struct frame){ p, stride, width, height, pts_us, true, p, give_back };
}

static void count(void *to, const struct incident *i)
{
	(void)i;
	++*(int *)to;
}

static void feed(struct analyser *a, struct frame f)
{
	int n = 0;

	analyser_feed(a, &f, count, &n);
	assert_null(f.luma); /* taken over in every case */
	assert_int_equal(n, 0);
	assert_true(alive <= ANALYSE_HELD);
}

static void absurd_sizes_are_skipped_and_counted(void **state)
{
	static const int sizes[][3] = { { 1, 1, 1 },        { 63, 200, 64 },  { 200, 63, 200 }, { 0, 0, 0 },
					{ 8193, 64, 8200 }, { 64, 8193, 64 }, { 100, 100, 99 }, { -5, 64, 64 } };
	struct random r;
	struct analyser *a = analyser_new(&(struct analyser_config){ 0 });

	(void)state;
	random_init(&r, 1);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct frame f = noisy(&r, 8200, 1, 8200, 0); /* only the numbers lie */

		f.width = sizes[i][0];
		f.height = sizes[i][1];
		f.stride = sizes[i][2];
		feed(a, f);
	}
	assert_int_equal(analyser_stats(a)->skipped[SKIP_SIZE], COUNT(sizes));
	assert_int_equal(alive, 0);
	analyser_free(a);
	assert_string_equal(skip_word(SKIP_SIZE), "size");
	assert_string_equal(skip_word(SKIP_CHANGE), "change");
}

static void odd_sizes_and_changes_in_mid_stream_are_analysed(void **state)
{
	static const int sizes[][2] = {
		{ 64, 64 }, { 65, 71 }, { 641, 363 }, { 1920, 1080 }, { 95, 2000 }, { 4000, 64 }
	};
	struct random r;
	struct analyser *a = analyser_new(&(struct analyser_config){ 0 });
	int64_t pts = 0;

	(void)state;
	random_init(&r, 2);
	for (size_t i = 0; i < COUNT(sizes); i++)
		for (int k = 0; k < 8; k++)
			feed(a, noisy(&r, sizes[i][0], sizes[i][1], sizes[i][0] + (int)i % 2 * 13, pts += STEP));
	assert_int_equal(analyser_stats(a)->analysed, (8 - ANALYSE_HELD + 1) * COUNT(sizes));
	assert_int_equal(analyser_stats(a)->resets, COUNT(sizes) - 1);
	analyser_free(a);
	assert_int_equal(alive, 0);
}

static void eight_k_pictures_fit(void **state)
{
	struct random r;
	struct analyser *a = analyser_new(&(struct analyser_config){ 0 });

	(void)state;
	random_init(&r, 3);
	for (int k = 0; k < 6; k++)
		feed(a, noisy(&r, 7680, 4320, 7680, k * STEP));
	assert_int_equal(analyser_stats(a)->analysed, 2);
	analyser_free(a);
	assert_int_equal(alive, 0);
}

static void a_clock_that_jumps_starts_afresh(void **state)
{
	struct random r;
	struct analyser *a = analyser_new(&(struct analyser_config){ 0 });
	int64_t hour = 3600 * SECOND;

	(void)state;
	random_init(&r, 4);
	for (int k = 0; k < 10; k++)
		feed(a, noisy(&r, 320, 240, 320, hour + k * STEP));
	feed(a, noisy(&r, 320, 240, 320, hour + 5 * STEP)); /* out of order */
	feed(a, noisy(&r, 320, 240, 320, hour + 9 * STEP)); /* the same stamp again */
	assert_int_equal(analyser_stats(a)->skipped[SKIP_TIME], 2);
	assert_int_equal(analyser_stats(a)->resets, 0);
	feed(a, noisy(&r, 320, 240, 320, 0)); /* back by an hour */
	assert_int_equal(analyser_stats(a)->resets, 1);
	assert_int_equal(alive, 1);
	feed(a, noisy(&r, 320, 240, 320, INT64_MAX - 1)); /* far ahead */
	feed(a, noisy(&r, 320, 240, 320, INT64_MIN + 1));
	assert_int_equal(analyser_stats(a)->resets, 3);
	analyser_flush(a, NULL, NULL);
	assert_int_equal(alive, 0);
	analyser_free(a);
}

static void a_lamp_that_changes_everything_is_no_storm(void **state)
{
	struct random r;
	struct analyser *a = analyser_new(&(struct analyser_config){ 0 });

	(void)state;
	random_init(&r, 5);
	for (int k = 0; k < 60; k++) {
		struct frame f = noisy(&r, 640, 360, 640, k * STEP);
		uint8_t *p = f.ref;

		if (k == 40) /* one picture of lightning */
			for (int i = 0; i < 640 * 360; i++)
				p[i] = (uint8_t)(p[i] + 100);
		feed(a, f);
	}
	assert_int_equal(analyser_stats(a)->skipped[SKIP_CHANGE], 1);
	analyser_free(a);
	assert_int_equal(alive, 0);
}

static void a_frozen_picture_is_harmless(void **state)
{
	uint8_t *p = mem_new(320 * 240);
	struct analyser *a = analyser_new(&(struct analyser_config){ 0 });

	(void)state;
	for (int k = 0; k < 200; k++)
		feed(a, (struct frame){ p, 320, 320, 240, k * STEP, false, NULL, NULL });
	assert_int_equal(analyser_stats(a)->skipped[SKIP_DUPLICATE], 2);
	assert_int_equal(analyser_stats(a)->frames, 200);
	analyser_free(a);
	free(p);
}

/* The same stream twice, with and without AVX2. */
static void run_noise(bool scalar, struct analyser_stats *out)
{
	struct random r;
	struct analyser *a = analyser_new(&(struct analyser_config){ .scalar = scalar });

	random_init(&r, 6);
	for (int k = 0; k < 60; k++)
		feed(a, noisy(&r, 333, 251, 350, k * STEP));
	*out = *analyser_stats(a);
	analyser_free(a);
}

static void both_paths_see_the_same(void **state)
{
	struct analyser_stats fast, plain;

	(void)state;
	run_noise(false, &fast);
	run_noise(true, &plain);
	assert_true(fast.blobs > 0);
	assert_int_equal(fast.blobs, plain.blobs);
	assert_int_equal(fast.paths, plain.paths);
	assert_true(fast.changed == plain.changed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(absurd_sizes_are_skipped_and_counted),
		cmocka_unit_test(odd_sizes_and_changes_in_mid_stream_are_analysed),
		cmocka_unit_test(eight_k_pictures_fit),
		cmocka_unit_test(a_clock_that_jumps_starts_afresh),
		cmocka_unit_test(a_lamp_that_changes_everything_is_no_storm),
		cmocka_unit_test(a_frozen_picture_is_harmless),
		cmocka_unit_test(both_paths_see_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
