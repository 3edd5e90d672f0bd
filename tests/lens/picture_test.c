/* picture_test.c - from pixels to blobs: shift, blip, threshold, blobs, zones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"

#include "lens/coarse.h"
#include "lens/eval/random.h"
#include "lens/shift.h"
#include "lens/zone.h"

/* Memory with room before and after that must not matter. */
struct picture {
	uint8_t *p;
	struct frame f;
};

static struct picture picture_new(int width, int height, int stride)
{
	struct picture q;

	q.p = mem_new((size_t)stride * (size_t)height);
	q.f = (struct frame){ .luma = q.p, .stride = stride, .width = width, .height = height };
	return q;
}

static void noise(struct random *r, uint8_t *p, size_t n, int low, int high)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)random_int(r, low, high);
}

/* ---- shift ------------------------------------------------------------------------- */

static double ground(double x, double y)
{
	return 120 + 40 * sin(x / 7) + 35 * sin(y / 9 + x / 31) + 15 * sin((x + y) / 5);
}

static void paint_ground(struct picture *q, double dx, double dy)
{
	for (int y = 0; y < q->f.height; y++)
		for (int x = 0; x < q->f.width; x++)
			q->p[y * q->f.stride + x] = (uint8_t)lrint(ground(x - dx, y - dy));
}

static void shift_follows_the_picture(void **state)
{
	static const double moves[][2] = { { 0, 0 },     { 0.3, -0.4 }, { 1, 0 },   { -1.5, 0.7 },
					   { 2.2, 1.8 }, { -3, 2 },     { 4, -3.5 } };

	(void)state;
	for (size_t i = 0; i < COUNT(moves); i++) {
		struct picture a = picture_new(640, 360, 672), b = picture_new(640, 360, 640);
		struct shift s;

		paint_ground(&a, 0, 0);
		paint_ground(&b, moves[i][0], moves[i][1]);
		s = shift_measure(&a.f, &b.f);
		assert_near(s.x, moves[i][0], 0.15);
		assert_near(s.y, moves[i][1], 0.15);
		free(a.p);
		free(b.p);
	}
}

static void shift_of_a_blank_wall_is_none(void **state)
{
	struct picture a = picture_new(128, 96, 128);
	struct shift s;

	(void)state;
	memset(a.p, 90, 128 * 96);
	s = shift_measure(&a.f, &a.f);
	assert_true(s.x == 0 && s.y == 0);
	free(a.p);
}

static void shift_ignores_what_moves_in_it(void **state)
{
	struct picture a = picture_new(640, 360, 640), b = picture_new(640, 360, 640);
	struct shift s;

	(void)state;
	paint_ground(&a, 0, 0);
	paint_ground(&b, 0.5, 0);
	for (int y = 100; y < 180; y++) /* a bus */
		memset(b.p + y * 640 + 200, 250, 160);
	s = shift_measure(&a.f, &b.f);
	assert_near(s.x, 0.5, 0.2);
	assert_near(s.y, 0, 0.2);
	free(a.p);
	free(b.p);
}

/* ---- blip ------------------------------------------------------------------------------ */

enum { ROWS = 24 };

/* Both paths on the same random row: every bit of the mask and of the noise. */
static void compare_paths(struct random *r, int width, int low, int high, bool learn)
{
	int words = (width + 31) / 32, stride = words * 32 + 64;
	size_t size = (size_t)stride * ROWS;
	uint8_t *c = mem_new(size), *a = mem_new(size), *b = mem_new(size), gamma[16];
	uint8_t *n1 = mem_new((size_t)words * 32), *n2 = mem_new((size_t)words * 32);
	uint32_t m1[16], m2[16];
	struct blip_row row = {
		.a_stride = stride, .b_stride = stride, .gamma = gamma, .words = words, .learn = learn
	};

	noise(r, c, size, low, high);
	noise(r, a, size, low, high);
	noise(r, b, size, low, high);
	noise(r, n1, (size_t)words * 32, 0, random_bits(r) & 1 ? 256 : 12);
	noise(r, gamma, 16, 0, random_bits(r) & 1 ? 256 : 10);
	memcpy(n2, n1, (size_t)words * 32);
	row.c = c + stride * 10 + 8;
	row.a = a + stride * 10 + 8 + random_int(r, -6, 7);
	row.b = b + stride * 10 + 8 + random_int(r, -6, 7);
	row.noise = n1;
	row.mask = m1;
	blip_row_scalar(&row);
	row.noise = n2;
	row.mask = m2;
	blip_best()(&row);
	assert_memory_equal(m1, m2, (size_t)words * sizeof *m1);
	assert_memory_equal(n1, n2, (size_t)words * 32);
	free(c);
	free(a);
	free(b);
	free(n1);
	free(n2);
}

static void fast_and_plain_paths_give_the_same_bits(void **state)
{
	static const int widths[] = { 1, 31, 32, 33, 63, 64, 65, 97, 127, 255, 256, 257, 479 };
	static const int ranges[][2] = { { 0, 256 }, { 100, 112 }, { 0, 2 }, { 250, 256 }, { 128, 129 } };
	struct random r;

	(void)state;
	random_init(&r, 1);
	for (int round = 0; round < 40; round++)
		for (size_t w = 0; w < COUNT(widths); w++)
			for (size_t g = 0; g < COUNT(ranges); g++)
				compare_paths(&r, widths[w], ranges[g][0], ranges[g][1], round & 1);
}

static void means_of_16_are_the_same_on_both_paths(void **state)
{
	struct random r;
	uint8_t in[4 * 700], a[170], b[170];

	(void)state;
	random_init(&r, 8);
	for (int width = 1; width < 170; width++) {
		noise(&r, in, sizeof in, width & 1 ? 0 : 250, 256);
		coarse_row_scalar(a, in, 700, width);
		coarse_row_best()(b, in, 700, width);
		assert_memory_equal(a, b, (size_t)width);
	}
	memset(in, 255, sizeof in);
	coarse_row_best()(b, in, 700, 64);
	assert_int_equal(b[63], 255);
}

static void both_looks_are_put_together(void **state)
{
	struct blob fine[3] = { { .x = 50, .y = 60, .area = 9 },
				{ .x = 210, .y = 205, .area = 5 },
				{ .x = 400, .y = 9, .area = 100 } };
	struct blob coarse[3] = { { .x = 200, .y = 200, .x0 = 188, .y0 = 188, .x1 = 212, .y1 = 212, .area = 400 },
				  { .x = 402, .y = 10, .x0 = 392, .y0 = 2, .x1 = 412, .y1 = 18, .area = 160 },
				  { .x = 300, .y = 30, .x0 = 296, .y0 = 26, .x1 = 304, .y1 = 34, .area = 48 } };
	struct blob out[BLOBS_MAX];

	(void)state;
	assert_int_equal(coarse_merge(fine, 3, coarse, 3, out), 4);
	assert_near((double)out[0].x, 400, 0); /* the fine look saw it whole */
	assert_near((double)out[1].x, 300, 0); /* only the coarse one saw it */
	assert_near((double)out[2].x, 50, 0);
	assert_near((double)out[3].x, 200, 0); /* the fine one saw an edge */
}

struct band {
	uint8_t c[ROWS * 128], a[ROWS * 128], b[ROWS * 128], noise[64], gamma[2];
	uint32_t mask[2];
};

static void run_band(struct band *s)
{
	struct blip_row row = { .c = s->c + 10 * 128 + 16,
				.a = s->a + 10 * 128 + 16,
				.b = s->b + 10 * 128 + 16,
				.a_stride = 128,
				.b_stride = 128,
				.noise = s->noise,
				.gamma = s->gamma,
				.mask = s->mask,
				.words = 2,
				.least = BLIP_MIN };

	blip_best()(&row);
}

static void only_what_stands_out_of_both_neighbourhoods_counts(void **state)
{
	struct band s;

	(void)state;
	memset(&s, 0, sizeof s);
	memset(s.c, 100, sizeof s.c);
	memset(s.a, 100, sizeof s.a);
	memset(s.b, 100, sizeof s.b);
	s.c[10 * 128 + 16 + 5] = 107;  /* one above the least: set */
	s.c[10 * 128 + 16 + 9] = 106;  /* just the least: not */
	s.c[10 * 128 + 16 + 40] = 60;  /* darker: set */
	s.c[10 * 128 + 16 + 50] = 200; /* there in one reference too, next to it: a step or an edge that shakes */
	s.b[11 * 128 + 16 + 51] = 200;
	run_band(&s);
	assert_int_equal(s.mask[0], 1U << 5);
	assert_int_equal(s.mask[1], 1U << (40 - 32));
	s.noise[5] = 4; /* 1.5 * 4 + 2 = 8 > 7 */
	s.gamma[0] = 2;
	run_band(&s);
	assert_int_equal(s.mask[0], 0);
}

static void noise_settles_where_a_fifth_of_the_frames_pass_it(void **state)
{
	struct band s;
	struct random r;
	int over = 0, n = 4000;

	(void)state;
	memset(&s, 0, sizeof s);
	random_init(&r, 5);
	memset(s.a, 100, sizeof s.a);
	memset(s.b, 100, sizeof s.b);
	memset(s.c, 100, sizeof s.c);
	for (int i = 0; i < n; i++) {
		struct blip_row row = { .c = s.c + 10 * 128 + 16,
					.a = s.a + 10 * 128 + 16,
					.b = s.b + 10 * 128 + 16,
					.a_stride = 128,
					.b_stride = 128,
					.noise = s.noise,
					.gamma = s.gamma,
					.mask = s.mask,
					.words = 2,
					.least = BLIP_MIN,
					.learn = true };
		int m = random_int(&r, 0, 100);

		s.c[10 * 128 + 16] = (uint8_t)(100 + m);
		over += i >= n / 2 && m > s.noise[0];
		blip_best()(&row);
	}
	assert_in_range(over, n / 2 * 15 / 100, n / 2 * 25 / 100);
}

/* ---- threshold ----------------------------------------------------------------------------- */

static void busy_tiles_raise_their_own_bar_only(void **state)
{
	struct threshold t;
	uint32_t *mask = mem_new(4 * 96 * sizeof *mask);

	(void)state;
	threshold_init(&t, 100, 96);
	assert_int_equal(t.tiles_x, 4);
	assert_int_equal(t.tiles_y, 3);
	for (int y = 32; y < 36; y++) {
		mask[y * 4 + 1] = 0xff;
		t.rows[y] = true;
	}
	for (int i = 0; i < 400; i++)
		threshold_update(&t, mask);
	for (int i = 0; i < 12; i++)
		if (i == 1 * 4 + 1)
			assert_int_equal(t.gamma[i], 60);
		else
			assert_int_equal(t.gamma[i], 4);
	assert_near(threshold_update(&t, mask), 32.0 / (128 * 96), 1e-9);
	threshold_done(&t);
	free(mask);
}

/* ---- blobs ------------------------------------------------------------------------------------ */

struct field {
	uint8_t *c, *a;
	uint32_t *mask;
	struct threshold t;
	struct blobs *work;
	struct blob out[BLOBS_MAX];
	bool overfull;
};

enum { W = 320, H = 240 };

static void field_init(struct field *f)
{
	f->c = mem_new(W * H);
	f->a = mem_new(W * H);
	memset(f->c, 100, W * H);
	memset(f->a, 100, W * H);
	f->mask = mem_new(W / 32 * H * sizeof *f->mask);
	threshold_init(&f->t, W, H);
	f->work = blobs_new();
}

static void field_done(struct field *f)
{
	free(f->c);
	free(f->a);
	free(f->mask);
	threshold_done(&f->t);
	blobs_free(f->work);
}

static void dot(struct field *f, int x, int y, int grey)
{
	f->c[y * W + x] = (uint8_t)grey;
	f->t.rows[y] = true;
	f->mask[y * (W / 32) + x / 32] |= 1U << x % 32;
}

static int find(struct field *f)
{
	struct blobs_source s = { f->mask, f->c, f->a, f->a, W, W, W, 1 };

	return blobs_find(f->work, &s, &f->t, f->out, &f->overfull);
}

static void patches_become_blobs(void **state)
{
	struct field f;

	(void)state;
	field_init(&f);
	for (int y = 50; y < 53; y++) /* across a word border, with a gap of one column */
		for (int x = 60; x < 68; x++)
			if (x != 63)
				dot(&f, x, y, 160);
	for (int x = 200; x < 204; x++) { /* two rows with an empty one between, dark */
		dot(&f, x, 20, 40);
		dot(&f, x, 22, 40);
	}
	dot(&f, 300, 200, 255); /* too small */
	assert_int_equal(find(&f), 2);
	assert_false(f.overfull);
	assert_int_equal(f.out[0].sign, -1); /* top to bottom */
	assert_near((double)f.out[0].x, 201.5, 1e-3);
	assert_near((double)f.out[0].y, 21, 1e-3);
	assert_int_equal(f.out[0].area, 8);
	assert_int_equal(f.out[1].sign, 1);
	assert_int_equal(f.out[1].x0, 60);
	assert_int_equal(f.out[1].x1, 67);
	assert_near((double)f.out[1].y, 51, 1e-3);
	assert_near((double)f.out[1].weight, 60 * 21, 1e-3);
	field_done(&f);
}

static void large_and_faint_patches_are_left_out(void **state)
{
	struct field f;

	(void)state;
	field_init(&f);
	for (int x = 10; x < 130; x++) /* 120 wide */
		for (int y = 10; y < 14; y++)
			dot(&f, x, y, 200);
	for (int x = 200; x < 204; x++) /* 4 * 8 grey levels = 32 */
		dot(&f, x, 100, 108);
	assert_int_equal(find(&f), 0);
	field_done(&f);
}

static void a_crowded_frame_keeps_its_calmest_tiles(void **state)
{
	struct field f;
	int calm = 0, n;

	(void)state;
	field_init(&f);
	for (int y = 2; y < H - 4; y += 6)
		for (int x = 2; x < W - 4; x += 7)
			for (int i = 0; i < 4; i++)
				dot(&f, x + i % 2, y + i / 2, 200);
	for (int i = 0; i < f.t.tiles_x * f.t.tiles_y; i++)
		f.t.busy[i] = i < f.t.tiles_x ? 0.05F : 0.9F; /* the top row is calm */
	n = find(&f);
	assert_true(f.overfull);
	assert_in_range(n, 1, BLOBS_MAX);
	for (int i = 0; i < n; i++)
		calm += f.out[i].y < 32;
	assert_int_equal(calm, n);
	field_done(&f);
}

static void everything_set_is_survived(void **state)
{
	struct field f;

	(void)state;
	field_init(&f);
	memset(f.t.rows, true, H);
	for (int i = 0; i < W / 32 * H; i++)
		f.mask[i] = 0x55555555U << (i / 10 % 2); /* gaps of one join into one huge patch */
	assert_int_equal(find(&f), 0);
	for (int i = 0; i < W / 32 * H; i++)
		f.mask[i] = 0x11111111U; /* gaps of three do not: more runs than rows can hold */
	find(&f);
	field_done(&f);
}

/* ---- zones ------------------------------------------------------------------------------------ */

static bool set_at(const uint32_t *m, int words, int x, int y)
{
	return m[y * words + x / 32] >> x % 32 & 1;
}

static void zones_say_where_to_look(void **state)
{
	struct zone z[2] = { { false, 4, { { 0.25F, 0.25F }, { 0.75F, 0.25F }, { 0.75F, 0.75F }, { 0.25F, 0.75F } } },
			     { true, 3, { { 0.5F, 0.5F }, { 0.75F, 0.5F }, { 0.75F, 0.75F } } } };
	uint32_t *m = zone_mask(z, 2, 100, 80);

	(void)state;
	assert_false(set_at(m, 4, 24, 40));
	assert_true(set_at(m, 4, 25, 40));
	assert_true(set_at(m, 4, 74, 21));
	assert_false(set_at(m, 4, 75, 21));
	assert_true(set_at(m, 4, 40, 59));
	assert_false(set_at(m, 4, 40, 60));
	assert_false(set_at(m, 4, 72, 45)); /* inside the part to ignore */
	assert_true(set_at(m, 4, 52, 58));
	free(m);
	m = zone_mask(z + 1, 1, 100, 80); /* only something to ignore: everywhere else */
	assert_true(set_at(m, 4, 0, 0));
	assert_false(set_at(m, 4, 72, 45));
	free(m);
	assert_null(zone_mask(NULL, 0, 100, 80));
}

static void bad_zones_are_told_apart(void **state)
{
	struct zone z = { false, 4, { { 0, 0 }, { 1, 0 }, { 1, 1 }, { 0, 1 } } };

	(void)state;
	assert_null(zone_check(&z));
	z.n = 2;
	assert_string_equal(zone_check(&z), "corners");
	z.n = 4;
	z.corners[2].x = 1.01F;
	assert_string_equal(zone_check(&z), "outside");
	z.corners[2].x = NAN;
	assert_string_equal(zone_check(&z), "outside");
	z.corners[2] = (struct corner){ 0, 1 };
	z.corners[3] = (struct corner){ 1, 1 };
	assert_string_equal(zone_check(&z), "crossing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shift_follows_the_picture),
		cmocka_unit_test(shift_of_a_blank_wall_is_none),
		cmocka_unit_test(shift_ignores_what_moves_in_it),
		cmocka_unit_test(fast_and_plain_paths_give_the_same_bits),
		cmocka_unit_test(means_of_16_are_the_same_on_both_paths),
		cmocka_unit_test(both_looks_are_put_together),
		cmocka_unit_test(only_what_stands_out_of_both_neighbourhoods_counts),
		cmocka_unit_test(noise_settles_where_a_fifth_of_the_frames_pass_it),
		cmocka_unit_test(busy_tiles_raise_their_own_bar_only),
		cmocka_unit_test(patches_become_blobs),
		cmocka_unit_test(large_and_faint_patches_are_left_out),
		cmocka_unit_test(a_crowded_frame_keeps_its_calmest_tiles),
		cmocka_unit_test(everything_set_is_survived),
		cmocka_unit_test(zones_say_where_to_look),
		cmocka_unit_test(bad_zones_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
