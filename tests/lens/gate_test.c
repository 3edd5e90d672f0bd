/* gate_test.c - three minutes of facades and one of birds and wind: everything
 * thrown is found, nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lens/eval/encode.h"
#include "lens/eval/trial.h"

static void say(void *to, const char *line)
{
	(void)to;
	printf("%s\n", line);
}

static void check(const struct metrics *m, int thrown)
{
	assert_int_equal(m->found.of, thrown);
	assert_int_equal(m->found.n, thrown);
	assert_int_equal(m->false_n, 0);
	assert_int_equal(m->twice, 0);
	assert_int_equal(m->floor_near.n, m->floor_near.of);
}

static void score(const struct truth *t, const struct trial *r, int thrown, struct metrics *m)
{
	metrics_add(m, t, r->events, r->n, say, NULL);
	check(m, thrown);
	if (thrown) {
		assert_true(m->tro_sum / m->found.of > 0.65);
		assert_true(metrics_latency(m, 1) <= 0.8);
	}
}

static void clip(const char *level, int64_t seed, double secs, int thrown, const char *rate)
{
	struct scene_options o = { .level = level,
				   .seed = seed,
				   .secs = secs,
				   .width = 1920,
				   .height = 1080,
				   .objects = thrown,
				   .jitter_px = 3 };
	struct arena *arena = arena_new(1 << 28);
	struct metrics *m = mem_new(sizeof *m);
	struct calibration c;
	char field[32], video[] = "/tmp/jiuan-gate-XXXXXX.mp4";
	const char *reason;
	struct analyser_config config;
	struct scene *s;
	struct truth t;
	struct trial r;
	int fd;

	assert_int_equal(scene_new(&o, &s), RC_OK);
	scene_truth(s, arena, &t);
	assert_int_equal(calibration_solve(&t.calibration, &c, field, &reason), RC_OK);
	config = trial_config(&c);
	trial_init(&r);
	if (rate) {
		fd = mkstemps(video, 4);
		assert_true(fd >= 0);
		close(fd);
		assert_int_equal(
			encode_scene(s, &o,
				     &(struct encode_options){ .codec = "h264", .rate = rate, .preset = "ultrafast" },
				     video),
			RC_OK);
		assert_int_equal(trial_file(&r, video, &t, &config), RC_OK);
		unlink(video);
	} else {
		trial_scene(&r, s, &o, &config);
	}
	scene_truth(s, arena, &t);
	score(&t, &r, thrown, m);
	trial_done(&r);
	scene_free(s);
	free(m);
	arena_free(arena);
}

static void a_quiet_facade(void **state)
{
	(void)state;
	clip("L0", 2, 60, 10, NULL);
}

static void shake_laundry_and_birds(void **state)
{
	(void)state;
	clip("L1", 2, 60, 10, NULL);
}

static void trees_leaves_insects(void **state)
{
	(void)state;
	clip("L2", 1, 60, 10, NULL);
}

static void the_same_through_a_codec(void **state)
{
	(void)state;
	clip("L1", 4, 20, 4, "4M");
}

static void wind_and_rain_and_nothing_thrown(void **state)
{
	(void)state;
	clip("L3", 7, 60, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_facade),
		cmocka_unit_test(shake_laundry_and_birds),
		cmocka_unit_test(trees_leaves_insects),
		cmocka_unit_test(the_same_through_a_codec),
		cmocka_unit_test(wind_and_rain_and_nothing_thrown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
