/* motion_test.c - from blobs to incidents: fits, chains, the physical gate, grouping. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "near.h"

#include "lens/clock.h"
#include "lens/eval/camera.h"
#include "lens/fit.h"
#include "lens/incident.h"

#define STEP 40000 /* us: 25 pictures a second */

/* ---- fits ------------------------------------------------------------------------------ */

static void fits_find_what_was_put_in(void **state)
{
	double t[20], v[20], c[3], e[3];

	(void)state;
	for (int i = 0; i < 20; i++) {
		t[i] = 1000 + i * 0.04; /* far from zero: no cancellation */
		v[i] = 3 - 2 * (t[i] - 1000) + 5 * (t[i] - 1000) * (t[i] - 1000);
	}
	assert_near(fit_parabola(t, v, 20, c), 0, 1e-6);
	assert_near(c[2], 5, 1e-6);
	for (int i = 0; i < 20; i++)
		t[i] -= 1000;
	fit_parabola(t, v, 20, c);
	assert_near(c[0], 3, 1e-9);
	assert_near(c[1], -2, 1e-9);
	fit_errors(t, 20, 0.1, e);
	assert_near(e[2], 0.1 * sqrt(180 / pow(0.76, 4) / 20), 0.35 * e[2]); /* large-n formula */
	fit_parabola(t, v, 2, c);
	assert_near(c[2], 0, 1e-12);
	fit_parabola_near(t, v, 2, 7, 1, c); /* two points say nothing of curvature */
	assert_near(c[2], 7, 1e-9);
	assert_near(fit_at(c, t[0]), v[0], 1e-9);
	fit_parabola_near(t, v, 20, 7, 1e9, c);
	assert_near(c[2], 7, 1e-3);
	fit_errors(t, 2, 0.1, e);
	assert_true(isinf(e[2]));
}

/* ---- the clock ---------------------------------------------------------------------------- */

static void repeats_are_laid_on_an_even_grid(void **state)
{
	struct frame_clock c = { 0 };
	double worst = 0;
	int n = 0;

	(void)state;
	for (int i = 0; i < 3000; i++) { /* 20 pictures a second shown at 30 */
		int64_t pts = (int64_t)i * SECOND / 30, out;
		bool fresh = i == 0 || i * 2 / 3 != (i - 1) * 2 / 3;

		if (!fresh) {
			assert_true(clock_skip(&c, pts));
			continue;
		}
		out = clock_take(&c, pts, true);
		if (n++ > 100) {
			double off = (double)(out - (int64_t)(n - 1) * SECOND / 20);

			worst = fmax(worst, fabs(off - 10000)); /* a constant delay is no error */
		}
	}
	assert_true(worst < 14000);
	assert_near(clock_step_s(&c), 0.05, 0.003);
}

static void a_still_scene_is_no_repeat(void **state)
{
	struct frame_clock c = { 0 };

	(void)state;
	assert_int_equal(clock_take(&c, 0, true), 0);
	assert_true(clock_skip(&c, STEP));
	assert_true(clock_skip(&c, 2 * STEP));
	for (int i = 3; i < 60; i++) {
		assert_false(clock_skip(&c, i * STEP));
		assert_int_equal(clock_take(&c, i * STEP, false), i * STEP);
	}
	assert_int_equal(clock_take(&c, 60 * STEP, true), 60 * STEP);
}

static void a_few_pixels_make_a_new_picture(void **state)
{
	uint8_t *a = mem_new(100 * 70), *b = mem_new(100 * 70);
	struct frame fa = { .luma = a, .stride = 100, .width = 97, .height = 70 }, fb = fa;

	(void)state;
	fb.luma = b;
	assert_true(clock_repeats(&fa, &fb));
	for (int i = 0; i < 3; i++)
		b[33 * 100 + 90 + i] = 11;
	for (int i = 97; i < 100; i++)
		b[40 * 100 + i] = 200; /* padding */
	assert_true(clock_repeats(&fa, &fb));
	b[33 * 100 + 93] = 10; /* not enough */
	assert_true(clock_repeats(&fa, &fb));
	b[33 * 100 + 93] = 11;
	assert_false(clock_repeats(&fa, &fb));
	free(a);
	free(b);
}

/* ---- paths from physics --------------------------------------------------------------------- */

struct world {
	struct camera camera;
	struct view view;
	struct threshold calm;
};

static void world_init(struct world *w, bool calibrated)
{
	struct random r;
	struct calibration_input in;
	char field[32];
	const char *reason;

	w->camera = (struct camera){ .width = 1920,
				     .height = 1080,
				     .focal = 1303,
				     .distance = 40,
				     .above = 2,
				     .pitch = 33 * 3.14159265 / 180,
				     .floor_height_m = 3,
				     .floors = 20,
				     .facade_width_m = 56 };
	random_init(&r, 3);
	in = camera_drawn(&w->camera, &r, 0);
	w->view = (struct view){ .width = 1920, .height = 1080, .scale = 1, .frame_s = 0.04, .calibrated = calibrated };
	assert_int_equal(calibration_solve(&in, &w->view.calibration, field, &reason), RC_OK);
	threshold_init(&w->calm, 1920, 1080);
	for (int i = 0; i < w->calm.tiles_x * w->calm.tiles_y; i++)
		w->calm.busy[i] = 0;
}

static struct blob blob_at(double x, double y)
{
	return (struct blob){ .x = (float)x,
			      .y = (float)y,
			      .x0 = (int)x - 3,
			      .x1 = (int)x + 3,
			      .y0 = (int)y - 3,
			      .y1 = (int)y + 3,
			      .area = 30,
			      .weight = 900,
			      .sign = -1 };
}

/* Falls from 'from' m with acceleration g from rest; seen from speed on. */
static int fall(const struct world *w, double x, double from, double g, double speed, int most, struct blob *out,
		int *first)
{
	int n = 0;

	*first = (int)(speed / g / 0.04);
	for (int i = *first; n < most; i++) {
		double t = i * 0.04, px, py;

		camera_project(&w->camera, x, from - g * t * t / 2, 40, &px, &py);
		if (py > 1075 || from - g * t * t / 2 < 0)
			break;
		out[n++] = blob_at(px, py);
	}
	return n;
}

struct heard {
	int n;
	struct track longest;
};

static void hear(void *to, const struct track *k)
{
	struct heard *h = to;

	h->n++;
	if (k->n > h->longest.n)
		h->longest = *k;
}

static void follow(const struct world *w, const struct blob *path, int n, struct heard *h)
{
	struct tracks *t = tracks_new(&w->view);

	*h = (struct heard){ 0 };
	for (int i = 0; i < n; i++) {
		struct blob b = path[i];

		tracks_step(t, i * STEP, &b, b.weight > 0, hear, h);
	}
	tracks_flush(t, hear, h);
	tracks_free(t);
}

static void a_fall_is_one_chain_through_gaps(void **state)
{
	struct world w;
	struct blob path[200];
	struct heard h;
	int first, n;

	(void)state;
	world_init(&w, true);
	n = fall(&w, 3, 45, 9.81, 3, 200, path, &first);
	assert_true(n > 30);
	path[12].weight = path[20].weight = path[21].weight = 0; /* not seen */
	follow(&w, path, n, &h);
	assert_int_equal(h.longest.n, n - 3);
	assert_true(h.longest.score > 40);
	threshold_done(&w.calm);
}

static struct verdict judge_fall(const struct world *w, double from, double g, double speed, int most, struct track *k)
{
	struct blob path[200];
	struct heard h;
	int first, n = fall(w, 3, from, g, speed, most, path, &first);

	follow(w, path, n, &h);
	*k = h.longest;
	return gravity_judge(&w->view, &w->calm, k, false);
}

static void gravity_and_floor_are_found(void **state)
{
	struct world w;
	struct track k;
	struct verdict r;

	(void)state;
	world_init(&w, true);
	for (double from = 16.3; from < 56; from += 3) { /* 1.3 m above slab 5, 6, … */
		r = judge_fall(&w, from, 9.81, 3, 200, &k);
		assert_true(r.falls);
		assert_null(r.why);
		assert_near(r.gravity, 9.81, 0.2);
		assert_near(r.release_m, from, 0.4);
		assert_int_equal(r.floor, (int)(from / 3) + 1);
		assert_true(r.floor_low <= r.floor && r.floor <= r.floor_high);
		assert_near(r.before_s, 3 / 9.81, 0.05);
	}
	threshold_done(&w.calm);
}

static void what_does_not_fall_is_refused_with_a_word(void **state)
{
	struct world w;
	struct track k;
	struct verdict r;

	(void)state;
	world_init(&w, true);
	r = judge_fall(&w, 50, 1.5, 3, 200, &k); /* a parachute */
	assert_false(r.falls);
	assert_string_equal(r.why, "gravity");
	assert_true(r.wanders);
	r = judge_fall(&w, 50, 9.81, 3, 6, &k);
	assert_string_equal(r.why, "short");
	assert_false(r.wanders);
	r = judge_fall(&w, 50, 9.81, 3, 12, &k); /* 4 m, then gone in mid-air over a calm wall */
	assert_string_equal(r.why, "fall");
	r = judge_fall(&w, 50, 9.81, 9, 15, &k);
	assert_string_equal(r.why, "unseen");
	assert_true(r.unseen_after > 5);
	for (int i = 0; i < w.calm.tiles_x * w.calm.tiles_y; i++)
		w.calm.busy[i] = 0.5F; /* where leaves move nothing can be said of it */
	assert_true(gravity_judge(&w.view, &w.calm, &k, false).falls);
	for (int i = 0; i < k.n; i++)
		k.points[i].y += i % 6 < 3 ? 9 : -9;
	assert_string_equal(gravity_judge(&w.view, &w.calm, &k, false).why, "up");
	threshold_done(&w.calm);
}

static void without_calibration_a_fall_is_told_by_its_curve(void **state)
{
	struct world w;
	struct track k;

	(void)state;
	world_init(&w, false);
	assert_true(judge_fall(&w, 45, 9.81, 3, 200, &k).falls);
	assert_int_equal(gravity_judge(&w.view, &w.calm, &k, false).floor, 0);
	assert_string_equal(judge_fall(&w, 45, 1, 3, 100, &k).why, "gravity");
	threshold_done(&w.calm);
}

static void debris_is_reported_only_when_asked_for(void **state)
{
	struct world w;
	struct track k = { 0 };
	struct verdict r;

	(void)state;
	world_init(&w, true);
	for (int i = 0; i < 100; i++) {
		double px, py;

		camera_project(&w.camera, 3, 45 - 1.5 * i * 0.04, 40, &px, &py);
		k.points[k.n++] = (struct track_point){ i * STEP, i, (float)px, (float)py, 7, 7, 900, 30, 0 };
	}
	k.score = 100;
	assert_false(gravity_judge(&w.view, &w.calm, &k, false).falls);
	r = gravity_judge(&w.view, &w.calm, &k, true);
	assert_true(r.falls);
	assert_int_equal(r.kind, INCIDENT_DEBRIS);
	threshold_done(&w.calm);
}

static void rain_makes_few_chains(void **state)
{
	struct world w;
	struct tracks *t;
	struct heard h = { 0 };
	struct random r;
	struct blob b[60];
	int worst = 0;

	(void)state;
	world_init(&w, true);
	random_init(&r, 9);
	t = tracks_new(&w.view);
	for (int i = 0; i < 500; i++) {
		for (int k = 0; k < 60; k++)
			b[k] = blob_at(random_real(&r, 1300, 1900), 20 + k * 17.0);
		tracks_step(t, i * STEP, b, 60, hear, &h);
	}
	worst = h.longest.n;
	tracks_flush(t, hear, &h);
	tracks_free(t);
	assert_true(worst < 25);
	assert_false(gravity_judge(&w.view, &w.calm, &h.longest, false).falls);
	threshold_done(&w.calm);
}

/* ---- grouping ---------------------------------------------------------------------------------- */

struct told {
	int n;
	struct incident last;
	bool keep;
};

static void tell(void *to, const struct incident *i)
{
	struct told *t = to;

	t->n++;
	t->last = *i;
}

static bool agree(void *to, const struct track *k)
{
	(void)k;
	return ((const struct told *)to)->keep;
}

static void shift_track(struct track *k, double dx, double dy, int64_t dt)
{
	for (int i = 0; i < k->n; i++) {
		k->points[i].x += (float)dx;
		k->points[i].y += (float)dy;
		k->points[i].pts_us += dt;
	}
}

static void one_throw_is_one_incident(void **state)
{
	struct world w;
	struct track k, other;
	struct verdict r, q;
	struct analyser_stats stats = { 0 };
	struct incidents *s;
	struct told told = { .keep = true };
	struct incidents_listener l = { agree, &told, tell, &told };
	int64_t end;

	(void)state;
	world_init(&w, true);
	r = judge_fall(&w, 45, 9.81, 3, 200, &k);
	end = k.points[k.n - 1].pts_us;
	s = incidents_new(&w.view, &stats, 0, 0);
	incidents_add(s, &k, &r);
	incidents_add(s, &k, &r); /* another chain along the same path */
	other = k;
	shift_track(&other, 180, 6, 2 * STEP); /* its reflection */
	q = gravity_judge(&w.view, &w.calm, &other, false);
	incidents_add(s, &other, &q);
	incidents_report(s, end + INCIDENT_WAIT - 1, false, &l);
	assert_int_equal(told.n, 0);
	incidents_report(s, end + INCIDENT_WAIT, false, &l);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.last.paths, 3);
	assert_int_equal(told.last.end_us, end);
	assert_true(told.last.release_us < told.last.start_us);
	assert_true(told.last.confidence > 0.8 && told.last.confidence <= 1);
	incidents_add(s, &k, &r); /* a late piece of what was told */
	incidents_report(s, end + SECOND, true, &l);
	assert_int_equal(told.n, 1);
	shift_track(&k, -300, 0, 4 * SECOND); /* another throw */
	r = gravity_judge(&w.view, &w.calm, &k, false);
	assert_true(r.sure);
	r.sure = false;
	incidents_add(s, &k, &r);
	told.keep = false; /* the last look says no */
	incidents_report(s, end + 8 * SECOND, true, &l);
	assert_int_equal(told.n, 1);
	incidents_add(s, &k, &r);
	incidents_drop(s, &k);
	told.keep = true;
	incidents_report(s, end + 8 * SECOND, true, &l);
	assert_int_equal(told.n, 1);
	assert_int_equal(stats.incidents, 1);
	r.sure = true; /* nothing talks it away then */
	told.keep = false;
	incidents_add(s, &k, &r);
	incidents_drop(s, &k);
	incidents_report(s, end + 8 * SECOND, true, &l);
	assert_int_equal(told.n, 2);
	incidents_free(s);
	threshold_done(&w.calm);
}

static void a_storm_is_held_back_and_counted(void **state)
{
	struct world w;
	struct track k;
	struct verdict r;
	struct analyser_stats stats = { 0 };
	struct incidents *s;
	struct told told = { .keep = true };
	struct incidents_listener l = { agree, &told, tell, &told };

	(void)state;
	world_init(&w, true);
	r = judge_fall(&w, 45, 9.81, 3, 200, &k);
	s = incidents_new(&w.view, &stats, 3, MINUTE);
	for (int i = 0; i < 60; i++) { /* one every ten seconds, ten minutes */
		shift_track(&k, 0, 0, 10 * SECOND);
		incidents_add(s, &k, &r);
		incidents_report(s, k.points[k.n - 1].pts_us + SECOND, false, &l);
	}
	assert_in_range(told.n, 12, 13); /* three at once and one a minute */
	assert_int_equal(told.n + (int)stats.held_back, 60);
	incidents_free(s);
	threshold_done(&w.calm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_find_what_was_put_in),
		cmocka_unit_test(repeats_are_laid_on_an_even_grid),
		cmocka_unit_test(a_still_scene_is_no_repeat),
		cmocka_unit_test(a_few_pixels_make_a_new_picture),
		cmocka_unit_test(a_fall_is_one_chain_through_gaps),
		cmocka_unit_test(gravity_and_floor_are_found),
		cmocka_unit_test(what_does_not_fall_is_refused_with_a_word),
		cmocka_unit_test(without_calibration_a_fall_is_told_by_its_curve),
		cmocka_unit_test(debris_is_reported_only_when_asked_for),
		cmocka_unit_test(rain_makes_few_chains),
		cmocka_unit_test(one_throw_is_one_incident),
		cmocka_unit_test(a_storm_is_held_back_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
