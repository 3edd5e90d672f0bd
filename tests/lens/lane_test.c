/* Blocked lanes on painted ground: what stands is told in time, what only
 * changes the light or walks through is not. */
#include "lens/lane.h"
#include "paint.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { W = 960, H = 540, STEP_S = 2 };

/* A lane 4 m by 12 m in perspective. */
static const struct lane_config lane = {
	.n = 4,
	.corners = { { 0.40F, 0.25F }, { 0.60F, 0.25F }, { 0.85F, 0.95F }, { 0.15F, 0.95F } },
	.width_m = 4,
	.length_m = 12
};

/* LANE_ROUNDS=4 plays four times as many (docs/lens-run.md). */
static uint32_t rounds(uint32_t n)
{
	const char *times = getenv("LANE_ROUNDS");
	int64_t k = 1;

	return times && str_int(str_of(times), &k) == RC_OK && k > 0 ? n * (uint32_t)k : n;
}

struct thing {
	int from_s, to_s; /* stands there; 0, 0: none */
	int x, y, w, h;
};
struct script {
	uint32_t seed;
	int seconds, mean, rough, noise;
	struct thing thing;
	double (*gain)(int s); /* of the light; NULL: 1 */
	int walkers;           /* people on their way at any time */
	bool shadow;           /* creeps over the lane within the whole span */
};
struct told {
	struct lane_change change[8];
	int64_t at[8];
	int n;
};

static void walkers(struct paint *p, int n, int s)
{
	for (int i = 0; i < n; i++) {
		/* Each crosses in 6 to 12 s, again and again. */
		int span = 6 + i % 7, phase = (s + 3 * i) % span;
		int x = (i % 2 ? phase : span - phase) * (W + 80) / span - 40, y = H * 3 / 10 + i * 53 % (H / 2);

		paint_box(p, x, y, 22 + y / 25, 60 + y / 10, 60 + 30 * (i % 4), (uint32_t)(900 + i));
	}
}

static struct told play(const struct script *sc)
{
	struct lane *l = lane_new(&lane);
	struct paint p = paint_new(W, H, sc->seed);
	struct paint ground = paint_new(W, H, sc->seed);
	struct told told = { .n = 0 };

	assert_non_null(l);
	paint_ground(&ground, sc->seed, sc->mean, sc->rough);
	for (int s = 0; s < sc->seconds; s += STEP_S) {
		memcpy(p.luma, ground.luma, (size_t)(W * H));
		if (s >= sc->thing.from_s && s < sc->thing.to_s)
			paint_box(&p, sc->thing.x, sc->thing.y, sc->thing.w, sc->thing.h, 150, sc->seed + 5);
		walkers(&p, sc->walkers, s);
		if (sc->shadow)
			paint_shadow(&p, s * (W + 400) / sc->seconds, 0.5);
		if (sc->gain)
			paint_light(&p, sc->gain(s), 0);
		paint_noise(&p, sc->noise);
		struct frame f = paint_frame(&p, s * SECOND, true);
		struct lane_change c = lane_look(l, &f);

		if (c.word != LANE_NOTHING && told.n < 8) {
			told.change[told.n] = c;
			told.at[told.n++] = f.pts_us;
		}
	}
	paint_free(&p);
	paint_free(&ground);
	lane_free(l);
	return told;
}

static double metres_wide(double y) /* pixels of a metre there, by the lane's own edges */
{
	double t = (y / H - 0.25) / 0.70;

	return (0.20 + 0.50 * t) * W / 4;
}

/* One square metre as the camera sees it: as wide as a metre, foreshortened
 * to the share of the lane's length. */
static struct thing square_metre(uint32_t i, int from_s, int to_s)
{
	double y = H * (0.45 + 0.08 * (i % 6)), wide = metres_wide(y);
	double left = W * (0.5 - (0.10 + 0.25 * (y / H - 0.25) / 0.7)) + 10, room = wide * 3 - 20;
	double x = left + room * (i * 37 % 100) / 100;
	/* Upright things hide more of the ground than they stand on: a box of one
	 * metre is at least as high as wide in the picture. */
	return (struct thing){ from_s, to_s, (int)x, (int)(y - wide * 0.8), (int)wide, (int)(wide * 0.9) };
}

static void check_blocked(const struct script *sc, const char *what)
{
	struct told t = play(sc);
	double off = 1e9;

	if (t.n >= 1)
		off = (double)t.change[0].since_us / SECOND - sc->thing.from_s;
	if (t.n != 2 || t.change[0].word != LANE_BLOCKED || fabs(off) > 10)
		print_error("%s seed %u: %d told, first %d, off by %.0f s\n", what, sc->seed, t.n,
			    t.n ? (int)t.change[0].word : 0, off);
	assert_int_equal(t.n, 2);
	assert_int_equal(t.change[0].word, LANE_BLOCKED);
	assert_true(fabs(off) <= 10);
	/* Told when it has stood for ten seconds, and a picture later at most. */
	assert_true(t.at[0] - sc->thing.from_s * SECOND <= 20 * SECOND);
	assert_int_equal(t.change[1].word, LANE_FREE);
	assert_true(fabs((double)t.change[1].since_us / SECOND - sc->thing.to_s) <= 10);
}

static void square_metres_are_told(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < rounds(12); i++) {
		struct script sc = { .seed = i + 1,
				     .seconds = 180,
				     .mean = 80 + 15 * (int)(i % 5),
				     .rough = 20 + 10 * (int)(i % 4),
				     .noise = 1 + (int)(i % 4),
				     .thing = square_metre(i, 60, 120) };

		check_blocked(&sc, "plain");
		sc.walkers = 3;
		check_blocked(&sc, "walkers");
	}
}

static double lamps(int s)
{
	return s < 60 ? 1.0 : s < 120 ? 0.45 : 1.3;
}

static double dusk(int s)
{
	return 1.2 - 0.9 * s / 600;
}

static double clouds(int s)
{
	return 1 + 0.3 * sin(s * 0.21);
}

static void light_is_not_told(void **state)
{
	static double (*const lights[])(int) = { lamps, dusk, clouds };

	(void)state;
	for (uint32_t i = 0; i < rounds(6); i++) {
		struct script sc = { .seed = 100 + i,
				     .seconds = 600,
				     .mean = 90,
				     .rough = 20 + 10 * (int)(i % 4),
				     .noise = 1 + (int)(i % 4),
				     .gain = lights[i % 3],
				     .walkers = i % 2 ? 4 : 0 };
		struct told t = play(&sc);

		if (t.n)
			print_error("light %u seed %u: told %d\n", i % 3, sc.seed, t.n);
		assert_int_equal(t.n, 0);
	}
}

static void shadows_are_not_told(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < rounds(2); i++) {
		struct script sc = {
			.seed = 200 + i, .seconds = 900, .mean = 120, .rough = 30, .noise = 2, .shadow = true
		};
		struct told t = play(&sc);

		if (t.n)
			print_error("shadow seed %u: told %d\n", sc.seed, t.n);
		assert_int_equal(t.n, 0);
	}
}

static void walkers_are_not_told(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < rounds(2); i++) {
		struct script sc = {
			.seed = 300 + i, .seconds = 600, .mean = 100, .rough = 30, .noise = 3, .walkers = 8
		};

		assert_int_equal(play(&sc).n, 0);
	}
}

static void blocked_stays_blocked_when_the_light_changes(void **state)
{
	struct script sc = {
		.seed = 7, .seconds = 400, .mean = 90, .rough = 30, .noise = 2, .gain = clouds, .walkers = 4
	};

	(void)state;
	sc.thing = (struct thing){ 50, 340, 420, 250, 150, 110 };
	struct told t = play(&sc);

	assert_int_equal(t.n, 2);
	assert_int_equal(t.change[1].word, LANE_FREE);
}

/* Ten looks short of the limit: nothing; the limit is the lane's own. */
static void the_limit_is_kept(void **state)
{
	struct lane_config c = lane;
	struct lane *l;
	struct paint p = paint_new(W, H, 3);
	int64_t told = 0;

	(void)state;
	c.after_us = 120 * SECOND;
	l = lane_new(&c);
	for (int s = 0; s < 300 && told == 0; s += STEP_S) {
		paint_ground(&p, 3, 100, 30);
		if (s >= 40)
			paint_box(&p, 420, 250, 150, 110, 150, 8);
		paint_noise(&p, 2);
		struct frame f = paint_frame(&p, s * SECOND, true);

		if (lane_look(l, &f).word == LANE_BLOCKED)
			told = f.pts_us;
	}
	assert_in_range(told / SECOND, 40 + 120, 40 + 120 + 10);
	assert_true(lane_is_blocked(l));
	lane_free(l);
	paint_free(&p);
}

static void odd_pictures_do_no_harm(void **state)
{
	static const int sizes[][2] = {
		{ 960, 540 }, { 64, 64 }, { 1920, 1080 }, { 17, 9 }, { 960, 540 }, { 8, 4000 }
	};
	struct lane *l = lane_new(&lane);

	(void)state;
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		struct paint p = paint_new(sizes[i][0], sizes[i][1], i + 1);

		for (int k = 0; k < 4; k++) {
			paint_ground(&p, i, 100, 30);
			struct frame f = paint_frame(&p, (k == 2 ? -5 : k) * SECOND, true);

			assert_int_equal(lane_look(l, &f).word, LANE_NOTHING);
		}
		paint_free(&p);
	}
	lane_free(l);
}

static void wrong_lanes_are_refused(void **state)
{
	struct lane_config c = lane;

	(void)state;
	c.n = 2;
	assert_string_equal(lane_check(&c), "corners");
	c = lane;
	c.corners[1] = (struct corner){ 0.2F, 0.99F };
	assert_string_equal(lane_check(&c), "crossing");
	c = lane;
	c.width_m = 0;
	assert_string_equal(lane_check(&c), "size");
	assert_null(lane_new(&c));
	c.area_m2 = 48;
	assert_null(lane_check(&c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(square_metres_are_told),
		cmocka_unit_test(light_is_not_told),
		cmocka_unit_test(shadows_are_not_told),
		cmocka_unit_test(walkers_are_not_told),
		cmocka_unit_test(blocked_stays_blocked_when_the_light_changes),
		cmocka_unit_test(the_limit_is_kept),
		cmocka_unit_test(odd_pictures_do_no_harm),
		cmocka_unit_test(wrong_lanes_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
