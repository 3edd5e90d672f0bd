/* eval_test.c - the ruler itself: painter, truth, matching, bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "near.h"

#include "lens/eval/level.h"
#include "lens/eval/metrics.h"
#include "lens/eval/report.h"
#include "lens/eval/scene.h"
#include "lens/file.h"
#include "lens/png.h"

static uint64_t hash(const uint8_t *p, size_t n, uint64_t h)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211U;
	return h;
}

static uint64_t paint(const char *level, int64_t seed, int frames, struct arena *arena, struct truth *t)
{
	struct scene_options o = {
		.level = level, .seed = seed, .secs = 14, .width = 320, .height = 180, .objects = 2
	};
	struct scene *s;
	uint8_t luma[320 * 180];
	uint64_t h = 14695981039346656037U;

	assert_int_equal(scene_new(&o, &s), RC_OK);
	for (int i = 0; i < frames; i++) {
		scene_paint(s, luma);
		h = hash(luma, sizeof luma, h);
	}
	if (t)
		scene_truth(s, arena, t);
	scene_free(s);
	return h;
}

static void a_seed_is_a_clip(void **state)
{
	(void)state;
	for (int i = 0; level_at(i); i++) {
		uint64_t h = paint(level_at(i)->name, 3, 40, NULL, NULL);

		assert_true(h == paint(level_at(i)->name, 3, 40, NULL, NULL));
		assert_true(h != paint(level_at(i)->name, 4, 40, NULL, NULL));
	}
}

static void absurd_scenes_are_refused(void **state)
{
	struct scene *s;
	struct scene_options o = { .level = "L7", .secs = 60 };

	(void)state;
	assert_int_equal(scene_new(&o, &s), RC_INVALID);
	o.level = "L0";
	o.secs = NAN;
	assert_int_equal(scene_new(&o, &s), RC_INVALID);
	o.secs = 60;
	o.width = 321;
	assert_int_equal(scene_new(&o, &s), RC_INVALID);
}

static void truth_comes_back_from_its_text(void **state)
{
	struct arena *arena = arena_new(1 << 24);
	struct buf out = buf_new(arena, 1 << 24);
	struct truth t, u;

	(void)state;
	paint("L2", 5, 14 * 25, arena, &t);
	assert_int_equal(t.movers[0].floor > 0, 1);
	assert_true(t.movers[0].n > 10);
	truth_write(&t, &out);
	assert_int_equal(truth_read(arena, buf_str(&out), &u), RC_OK);
	assert_int_equal(u.movers_n, t.movers_n);
	assert_int_equal(u.regions_n, t.regions_n);
	assert_string_equal(u.level, "L2");
	for (int i = 0; i < t.movers_n; i++) {
		assert_string_equal(u.movers[i].kind, t.movers[i].kind);
		assert_int_equal(u.movers[i].n, t.movers[i].n);
		if (t.movers[i].n > 0)
			assert_near((double)u.movers[i].frames[0].x, (double)t.movers[i].frames[0].x, 0.006);
	}
	assert_memory_equal(&u.calibration, &t.calibration, sizeof t.calibration);
	assert_int_equal(truth_read(arena, STR("{}"), &u), RC_INVALID);
	assert_int_equal(
		truth_read(arena, STR("{\"width\":1,\"height\":1,\"fps\":25,\"frames\":9,\"objects\":[{}]}"), &u),
		RC_INVALID);
	assert_int_equal(
		truth_read(arena, STR("{\"width\":1,\"height\":1,\"fps\":25,\"frames\":9,\"objects\":[]}"), &u), RC_OK);
	arena_free(arena);
}

/* A throw from (100, 0) straight down, ten pixels a picture, seen for 50. */
static struct truth straight(struct truth_frame f[50], struct truth_mover m[2])
{
	for (int i = 0; i < 50; i++)
		f[i] = (struct truth_frame){ 100 + i, 0, 0, 0, 0, 100, (float)(i * 10) };
	m[0] = (struct truth_mover){
		.kind = "thrown", .floor = 7, .size_px = 8, .contrast = -50, .n = 50, .frames = f
	};
	m[1] = (struct truth_mover){ .kind = "dive", .n = 0 };
	return (struct truth){
		.level = "L1", .width = 1920, .height = 1080, .frames = 1500, .fps = 25, .movers_n = 2, .movers = m
	};
}

static struct event seen(int from, int n, double dx)
{
	struct event e = { .start_s = from / 25.0, .end_s = (from + n) / 25.0, .floor = 8, .n = n, .latency_s = 0.7 };

	for (int i = 0; i < n; i++)
		e.points[i] =
			(struct event_point){ (from + i) / 25.0, (float)(100 + dx), (float)((from + i - 100) * 10) };
	return e;
}

static void events_are_matched_to_throws(void **state)
{
	struct truth_frame f[50];
	struct truth_mover m[2];
	struct truth t = straight(f, m);
	struct metrics *x = mem_new(sizeof *x);
	struct event e[3] = { seen(110, 40, 3), seen(115, 20, 5), seen(110, 40, 40) };

	(void)state;
	metrics_add(x, &t, e, 3, NULL, NULL);
	assert_int_equal(x->found.of, 1);
	assert_int_equal(x->found.n, 1);
	assert_int_equal(x->twice, 1);
	assert_int_equal(x->false_n, 1);
	assert_int_equal(x->by_size[1].n, 1);
	assert_int_equal(x->by_contrast[1].n, 1);
	assert_int_equal(x->floor_exact.n, 0);
	assert_int_equal(x->floor_near.n, 1);
	assert_int_equal(x->dives, 1);
	assert_near(x->tro_sum, 40.0 / 50, 1e-6);
	assert_near(metrics_latency(x, 1), 0.7, 1e-6);
	assert_near(x->seconds, 60, 1e-9);
	metrics_add(x, &t, e, 0, NULL, NULL);
	assert_int_equal(x->found.of, 2);
	assert_int_equal(x->found.n, 1);
	free(x);
}

static void poisson_bounds_are_exact(void **state)
{
	double low, high;

	(void)state;
	/* Garwood's table */
	poisson_bounds(0, &low, &high);
	assert_near(low, 0, 1e-9);
	assert_near(high, 3.689, 0.001);
	poisson_bounds(1, &low, &high);
	assert_near(low, 0.0253, 0.0001);
	assert_near(high, 5.572, 0.001);
	poisson_bounds(10, &low, &high);
	assert_near(low, 4.795, 0.001);
	assert_near(high, 18.39, 0.01);
}

static void events_come_back_from_their_lines(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct buf out = buf_new(arena, 1 << 20);
	struct path_point path[2] = { { 2 * SECOND, 10.5F, 20, 5, 6 }, { 2 * SECOND + 40000, 11, 25.25F, 5, 6 } };
	struct incident i = { .start_us = 2 * SECOND,
			      .end_us = 2 * SECOND + 40000,
			      .release_us = SECOND,
			      .path_n = 2,
			      .path = path,
			      .floor = 9,
			      .floor_low = 8,
			      .floor_high = 9,
			      .gravity = 9.5 };
	struct event *e = mem_new(2 * sizeof *e);
	int n;

	(void)state;
	incident_write(&i, SECOND, &out);
	incident_write(&i, SECOND, &out);
	assert_int_equal(events_read(arena, buf_str(&out), e, 2, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_near(e[1].start_s, 0, 1e-9);
	assert_near(e[1].end_s, 1.04, 1e-9);
	assert_int_equal(e[1].floor, 9);
	assert_int_equal(e[1].n, 2);
	assert_near((double)e[1].points[1].y, 25.25, 1e-6);
	assert_int_equal(events_read(arena, buf_str(&out), e, 1, &n), RC_LIMIT);
	assert_int_equal(events_read(arena, STR("{\"seconds\":1}"), e, 2, &n), RC_INVALID);
	free(e);
	arena_free(arena);
}

static uint32_t word_at(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void a_path_is_drawn_into_a_png(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	uint8_t *luma = mem_new(200 * 100);
	struct frame f = { .luma = luma, .stride = 200, .width = 200, .height = 100 };
	struct path_point path[2] = { { 0, 20, 20, 4, 4 }, { 40000, 20, 80, 4, 4 } };
	struct incident i = { .width = 200, .height = 100, .path_n = 2, .path = path };
	struct drawing d = drawing_of(&f, 120);
	char name[] = "/tmp/jiuan-png-XXXXXX";
	struct str png;
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(d.width, 100);
	assert_int_equal(d.height, 50);
	drawing_path(&d, &i);
	assert_true(d.rgb[(25 * 100 + 10) * 3] == 255 && d.rgb[(25 * 100 + 10) * 3 + 2] == 0); /* the line, yellow */
	assert_true(d.rgb[(25 * 100 + 50) * 3] == 0);
	assert_int_equal(drawing_save(&d, name), RC_OK);
	assert_int_equal(file_read(arena, name, &png), RC_OK);
	assert_memory_equal(png.p, "\x89PNG\r\n\x1a\n", 8);
	assert_int_equal(word_at(png.p + 16), 100);
	assert_int_equal(word_at(png.p + 20), 50);
	assert_int_equal(word_at(png.p + 29), 0x2557e9e9U);
	assert_memory_equal(png.p + png.n - 8, "IEND\xae\x42\x60\x82", 8); /* its sum is the same in every PNG */
	assert_int_equal(drawing_save(&d, "/nonexistent/x.png"), RC_BUSY);
	unlink(name);
	free(d.rgb);
	free(luma);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_is_a_clip),
		cmocka_unit_test(absurd_scenes_are_refused),
		cmocka_unit_test(truth_comes_back_from_its_text),
		cmocka_unit_test(events_are_matched_to_throws),
		cmocka_unit_test(poisson_bounds_are_exact),
		cmocka_unit_test(events_come_back_from_their_lines),
		cmocka_unit_test(a_path_is_drawn_into_a_png),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
