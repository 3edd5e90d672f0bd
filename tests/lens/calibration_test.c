/* calibration_test.c - metres from drawn lines, on cameras whose truth is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "near.h"

#include "lens/eval/camera.h"

static enum rc solve(const struct calibration_input *in, struct calibration *c, const char **field, const char **reason)
{
	static char name[32];

	*field = name;
	return calibration_solve(in, c, name, reason);
}

static void exact_lines_give_exact_heights(void **state)
{
	struct random r;

	(void)state;
	random_init(&r, 11);
	for (int i = 0; i < 50; i++) {
		struct camera cam = camera_random(&r, 1920, 1080);
		struct calibration_input in = camera_drawn(&cam, &r, 0);
		struct calibration c;
		const char *field, *reason;

		assert_int_equal(solve(&in, &c, &field, &reason), RC_OK);
		assert_true(c.residual < 1e-6);
		for (int k = 0; k < 40; k++) {
			double x = random_real(&r, -20, 20), y = random_real(&r, 0, cam.floors * 3.0), px, py, qx, qy;

			camera_project(&cam, x, y, cam.distance, &px, &py);
			assert_near(calibration_height(&c, px / 1920, py / 1080), y, 0.02);
			/* two metres up the facade, and the scale on the way */
			assert_true(calibration_place(&c, px / 1920, py / 1080, y + 2, &qx, &qy));
			camera_project(&cam, x, y + 2, cam.distance, &px, &py);
			assert_near(qx * 1920, px, 1);
			assert_near(qy * 1080, py, 1);
		}
		/* reckoned from a camera at 2.5 m; this one hangs at 1.5 to 5 */
		assert_near(c.focal * 1080, cam.focal, 0.35 * cam.focal);
		assert_near(c.distance_m, cam.distance, 0.35 * cam.distance);
	}
}

static void three_pixels_of_hand_cost_less_than_a_floor(void **state)
{
	struct random r;
	int bad = 0, n = 0;

	(void)state;
	random_init(&r, 12);
	for (int i = 0; i < 200; i++) {
		struct camera cam = camera_random(&r, 1920, 1080);
		struct calibration_input in = camera_drawn(&cam, &r, 3);
		struct calibration c;
		const char *field, *reason;
		double top = in.lines[in.lines_n - 1].height_m, low = in.lines[0].height_m;

		if (solve(&in, &c, &field, &reason) != RC_OK) {
			assert_string_equal(reason, "residual");
			continue;
		}
		for (double y = low; y <= top; y += 3, n++) {
			double px, py;

			camera_project(&cam, 4, y, cam.distance, &px, &py);
			bad += fabs(calibration_height(&c, px / 1920, py / 1080) - y) > 0.5 * cam.floor_height_m;
		}
	}
	assert_true(n > 1000);
	assert_true(bad * 50 < n);
}

static void scale_is_metres_per_picture_height(void **state)
{
	struct random r;
	struct camera cam;
	struct calibration_input in;
	struct calibration c;
	const char *field, *reason;
	double x0, y0, x1, y1;

	(void)state;
	random_init(&r, 13);
	cam = camera_random(&r, 1920, 1080);
	in = camera_drawn(&cam, &r, 0);
	assert_int_equal(solve(&in, &c, &field, &reason), RC_OK);
	camera_project(&cam, 5, 20, cam.distance, &x0, &y0);
	camera_project(&cam, 5, 20.1, cam.distance, &x1, &y1);
	assert_near(0.1 / (hypot(x1 - x0, y1 - y0) / 1080), calibration_scale(&c, x0 / 1920, y0 / 1080), 0.15);
}

static void bad_input_names_the_field(void **state)
{
	struct random r;
	struct camera cam;
	struct calibration_input good, in;
	struct calibration c;
	const char *field, *reason;

	(void)state;
	random_init(&r, 14);
	cam = camera_random(&r, 1920, 1080);
	good = camera_drawn(&cam, &r, 0);
#define REFUSED(change, name, why)                                     \
	in = good;                                                     \
	change;                                                        \
	assert_int_equal(solve(&in, &c, &field, &reason), RC_INVALID); \
	assert_string_equal(field, name);                              \
	assert_string_equal(reason, why)
	REFUSED(in.lines_n = 2, "lines", "range");
	REFUSED(in.lines_n = -1, "lines", "range");
	REFUSED(in.lines[1].x1 = NAN, "lines[1]", "range");
	REFUSED(in.lines[2].x2 = 7, "lines[2]", "range");
	REFUSED(in.lines[0].x2 = in.lines[0].x1; in.lines[0].y2 = in.lines[0].y1, "lines[0]", "range");
	REFUSED(in.lines[0].height_m = INFINITY, "lines[0]", "range");
	REFUSED(in.aspect = 0, "aspect", "range");
	REFUSED(in.floor_height_m = 1.9, "floor_height_m", "range");
	REFUSED(in.floors = 0, "floors", "range");
	REFUSED(in.edges_n = 1, "edges", "range");
	REFUSED(in.edges[1].y2 = in.edges[1].y1, "edges[1]", "range");
	REFUSED(for (int i = 0; i < in.lines_n; i++) in.lines[i].height_m = 3 + i % 2, "lines", "parallel");
	REFUSED(in.lines[1].y1 += 0.05, "lines", "residual");
	REFUSED(for (int i = 0; i < in.lines_n; i++) in.lines[i].height_m = 60 - good.lines[i].height_m, "lines[0]",
		"order");
}

static void without_edges_verticals_are_vertical(void **state)
{
	struct random r;
	struct camera cam;
	struct calibration_input in;
	struct calibration c;
	const char *field, *reason;
	double x, y;

	(void)state;
	random_init(&r, 15);
	cam = camera_random(&r, 1920, 1080);
	in = camera_drawn(&cam, &r, 0);
	in.edges_n = 0;
	assert_int_equal(solve(&in, &c, &field, &reason), RC_OK);
	assert_false(c.has_up);
	assert_true(calibration_place(&c, 0.5, 0.6, calibration_height(&c, 0.5, 0.3), &x, &y));
	assert_near(x, 0.5, 1e-9);
	assert_near(y, 0.3, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_lines_give_exact_heights),
		cmocka_unit_test(three_pixels_of_hand_cost_less_than_a_floor),
		cmocka_unit_test(scale_is_metres_per_picture_height),
		cmocka_unit_test(bad_input_names_the_field),
		cmocka_unit_test(without_edges_verticals_are_vertical),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
