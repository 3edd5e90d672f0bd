/* The detector's protocol against a double that behaves, dies, sleeps, talks
 * nonsense; words and sightings by themselves. */
#include "lens/plug_inner.h"
#include "lens/decode.h"
#include "paint.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* ---- words ---------------------------------------------------------------------- */

static void answers_are_checked(void **state)
{
	static const struct {
		const char *line;
		enum rc rc;
		size_t n;
	} cases[] = {
		{ "{\"frame\":7,\"boxes\":[]}", RC_OK, 0 },
		{ "{\"frame\":7,\"boxes\":[{\"label\":\"e-bike\",\"score\":0.5,\"box\":[0,0,1,1]}]}", RC_OK, 1 },
		{ "{\"frame\":6,\"boxes\":[]}", RC_INVALID, 0 },
		{ "{\"frame\":7}", RC_INVALID, 0 },
		{ "", RC_INVALID, 0 },
		{ "[]", RC_INVALID, 0 },
		{ "{\"frame\":7,\"boxes\":[{\"label\":\"e-bike\",\"score\":1.5,\"box\":[0,0,1,1]}]}", RC_INVALID, 0 },
		{ "{\"frame\":7,\"boxes\":[{\"label\":\"e-bike\",\"score\":0.5,\"box\":[0,0,1]}]}", RC_INVALID, 0 },
		{ "{\"frame\":7,\"boxes\":[{\"label\":\"e-bike\",\"score\":0.5,\"box\":[0,-0.1,1,1]}]}", RC_INVALID,
		  0 },
		{ "{\"frame\":7,\"boxes\":[{\"label\":\"0123456789012345678901234567890123456789\",\"score\":0.5,"
		  "\"box\":"
		  "[0,0,1,1]}]}",
		  RC_INVALID, 0 },
	};
	struct arena *a = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct plug_box boxes[PLUG_BOXES];
		size_t n;

		assert_int_equal(plug_parse(a, str_of(cases[i].line), 7, boxes, &n), cases[i].rc);
		if (cases[i].rc == RC_OK)
			assert_int_equal(n, cases[i].n);
	}
	assert_int_equal(plug_greeting(a, STR("{\"ready\":true,\"protocol\":1}")), RC_OK);
	assert_int_equal(plug_greeting(a, STR("{\"ready\":true,\"protocol\":2}")), RC_INVALID);
	assert_int_equal(plug_greeting(a, STR("{\"ready\":false,\"protocol\":1}")), RC_INVALID);
	arena_free(a);
}

static void a_label_is_told_when_it_comes(void **state)
{
	struct sightings s = { 0 };
	int64_t t = 0;

	(void)state;
	assert_false(sighting_note(&s, 0, true, t += SECOND));
	assert_false(sighting_note(&s, 0, false, t += SECOND));
	assert_true(sighting_note(&s, 0, true, t += SECOND)); /* two of three */
	for (int i = 0; i < 100; i++)
		assert_false(sighting_note(&s, 0, i % 3 != 0, t += SECOND)); /* it stands there */
	assert_false(sighting_note(&s, 1, true, t));
	t += MINUTE; /* and comes again a minute after it left */
	assert_false(sighting_note(&s, 0, false, t += SECOND));
	assert_false(sighting_note(&s, 0, false, t += SECOND));
	assert_false(sighting_note(&s, 0, true, t += SECOND));
	assert_true(sighting_note(&s, 0, true, t += SECOND));
}

static void only_motion_in_the_area_wakes_it(void **state)
{
	struct zone area = { .n = 4, .corners = { { 0, 0 }, { 0.5F, 0 }, { 0.5F, 1 }, { 0, 1 } } };
	struct motion m = { 0 };
	struct paint p = paint_new(320, 180, 1);

	(void)state;
	for (int i = 0; i < 20; i++) {
		paint_ground(&p, 1, 100, 20);
		if (i == 5)
			paint_box(&p, 220, 60, 40, 60, 220, 3); /* outside */
		if (i == 10)
			paint_box(&p, 60, 60, 40, 60, 220, 3);
		paint_noise(&p, 2);
		struct frame f = paint_frame(&p, i * SECOND, true);

		assert_int_equal(motion_look(&m, &area, &f), i == 10 || i == 11);
	}
	motion_done(&m);
	paint_free(&p);
}

/* ---- the program --------------------------------------------------------------------- */

static char *clip;

/* Pictures as the decoder gives them, bright in the middle for the second half. */
static int make_clip(void **state)
{
	static char path[] = "/tmp/jiuan-plug-XXXXXX";
	int fd = mkstemp(path);
	char command[600];
	const char *const argv[] = { "sh", "-c", command, NULL };
	struct child c = { .pid = -1 };
	struct str line;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	snprintf(command, sizeof(command),
		 "exec ffmpeg -v error -y -f lavfi -i \"color=c=0x202020:s=320x180:r=5:d=8,"
		 "drawbox=x=100:y=50:w=120:h=80:c=white:t=fill:enable='gt(t,4)',"
		 "noise=alls=60:allf=t\" -c:v libx264 -pix_fmt yuv420p -f mp4 %s",
		 path);
	if (fd < 0 || child_start(&c, argv) != RC_OK)
		return -1;
	(void)!child_line(&c, clock_monotonic() + 30 * SECOND, &line); /* until it ends */
	child_end(&c);
	clip = path;
	return 0;
}

static int remove_clip(void **state)
{
	(void)state;
	return remove(clip);
}

struct seen {
	struct plug_finding found[16];
	int n;
	struct plug_stats stats;
};

/* Plays the clip, a picture each 'pause', until it ends. */
static struct seen play(const char *mode, int64_t pause, int64_t timeout)
{
	struct detector_setting d = { .command = { "python3", "tests/lens/detector_double.py", mode, NULL },
				      .zone = "lobby",
				      .rate = 5,
				      .least = 0.6,
				      .labels = { "e-bike", NULL },
				      .timeout_us = timeout,
				      .width = 160 };
	struct plug *p = plug_new(&d, "test");
	struct decoder *dec;
	struct frame f;
	struct seen s = { .n = 0 };
	struct timespec t = { .tv_sec = pause / SECOND, .tv_nsec = pause % SECOND * 1000 };
	int64_t until = clock_monotonic() + 10 * SECOND;

	while (plug_stats(p).state == PLUG_STARTING && clock_monotonic() < until)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_int_equal(decode_open(clip, &dec), RC_OK);
	while (decode_next(dec, &f) == RC_OK) {
		plug_offer(p, &f);
		frame_release(&f);
		nanosleep(&t, NULL);
		while (s.n < 16 && plug_take(p, &s.found[s.n]))
			s.n++;
	}
	s.stats = plug_stats(p);
	decode_close(dec);
	plug_free(p);
	return s;
}

static void what_comes_is_told_once(void **state)
{
	struct seen s = play("ok", 60 * MILLI, 2 * SECOND);

	(void)state;
	assert_int_equal(s.n, 1);
	assert_string_equal(s.found[0].label, "e-bike");
	assert_true(s.found[0].pts_us >= 4 * SECOND && s.found[0].pts_us <= 7 * SECOND);
	assert_true(s.found[0].x > 0.49 && s.found[0].x < 0.51);
	assert_true(s.stats.answered >= 5);
	assert_int_equal(s.stats.state, PLUG_READY);
	assert_int_equal(s.stats.starts, 1);
}

static void labels_nobody_asked_for_stay_out(void **state)
{
	struct seen s = play("stranger", 30 * MILLI, 2 * SECOND);

	(void)state;
	assert_int_equal(s.n, 0);
	assert_true(s.stats.answered >= 1);
}

static void one_that_dies_is_started_again(void **state)
{
	struct seen s = play("dies", 120 * MILLI, 2 * SECOND);

	(void)state;
	assert_true(s.stats.starts >= 2);
	assert_true(s.stats.answered >= 2);
}

static void one_that_sleeps_is_ended(void **state)
{
	struct seen s = play("sleeps", 40 * MILLI, 300 * MILLI);

	(void)state;
	assert_true(s.stats.timeouts >= 1);
	assert_int_equal(s.stats.answered, 0);
	assert_int_equal(s.n, 0);
}

static void nonsense_is_counted(void **state)
{
	struct seen s = play("nonsense", 30 * MILLI, SECOND);

	(void)state;
	assert_true(s.stats.nonsense >= 1);
	assert_int_equal(s.n, 0);
}

static void no_detector_is_a_state(void **state)
{
	struct child c;
	const char *const none[] = { "/nowhere/detector", NULL };

	(void)state;
	assert_string_equal(plug_states[plug_stats(NULL).state], "off: no detector");
	enum rc rc = child_start(&c, none);
	struct str line;

	if (rc == RC_OK) /* some systems tell only when it is read */
		rc = child_line(&c, clock_monotonic() + SECOND, &line);
	assert_int_not_equal(rc, RC_OK);
	child_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_checked),
		cmocka_unit_test(a_label_is_told_when_it_comes),
		cmocka_unit_test(only_motion_in_the_area_wakes_it),
		cmocka_unit_test(what_comes_is_told_once),
		cmocka_unit_test(labels_nobody_asked_for_stay_out),
		cmocka_unit_test(one_that_dies_is_started_again),
		cmocka_unit_test(one_that_sleeps_is_ended),
		cmocka_unit_test(nonsense_is_counted),
		cmocka_unit_test(no_detector_is_a_state),
	};
	return cmocka_run_group_tests(tests, make_clip, remove_clip);
}
