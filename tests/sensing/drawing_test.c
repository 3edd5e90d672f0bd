/* What is drawn on a camera's picture, and what a lens is told by its key. */
#include "sensing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DRAWING "/api/sensing/drawing"

static struct str draw(struct rig *r, enum rig_actor who, struct str device, const char *drawing)
{
	rig_call(r, who, "POST", DRAWING,
		 rig_fmt(r, "{\"device_id\":\"" FMT_STR "\",\"drawing\":%s}", ARG_STR(device), drawing));
	return json_get_text(r->answer, "id");
}

static void each_saving_is_a_revision(void **state)
{
	struct rig *r = *state;
	struct str eye = rig_device(r, "camera", "lens/a", r->gate), other = rig_device(r, "camera", "lens/b", r->gate);

	draw(r, KEEPER, eye, "{\"zones\":[{\"corners\":[[0,0],[1,0],[1,1]]}]}");
	CHECK_STATUS(r, 201);
	assert_int_equal(json_get_int(r->answer, "revision", 0), 1);
	struct str id = draw(r, KEEPER, eye, "{}");

	assert_int_equal(json_get_int(r->answer, "revision", 0), 2);
	draw(r, KEEPER, other, "{}");
	assert_int_equal(json_get_int(r->answer, "revision", 0), 1);
	/* Nothing saved is changed. */
	rig_call(r, KEEPER, "PATCH", rig_fmt(r, DRAWING "/" FMT_STR, ARG_STR(id)), "{\"drawing\":{}}");
	CHECK_STATUS(r, 405);
	rig_call(r, KEEPER, "GET", rig_fmt(r, DRAWING "?device_id=" FMT_STR "&sort=revision", ARG_STR(eye)), NULL);
	CHECK_STATUS(r, 200);
	assert_int_equal(json_get(r->answer, "items")->n, 2);
	assert_int_equal(json_get_int(json_get(r->answer, "items")->child, "revision", 0), 2);
}

static void wrong_drawings_are_refused(void **state)
{
	static const char *const wrong[] = {
		"[]",
		"{\"colour\":1}",
		"{\"zones\":[{\"corners\":[[0,0],[1,0]]}]}",
		"{\"zones\":[{\"corners\":[[0,0],[1,0],[1,1.01]]}]}",
		"{\"zones\":[{\"corners\":[[0,0],[1,0],[1]]}]}",
		"{\"zones\":{}}",
		"{\"lanes\":[{\"corners\":[[0,0],[1,0],[1,1]]}]}",
		"{\"lanes\":[{\"corners\":[[0,0],[1,0],[1,1]],\"area_m2\":0}]}",
		"{\"lanes\":[{\"corners\":[[0,0],[1,0],[1,1]],\"area_m2\":9,\"after_s\":1}]}",
		"{\"windows\":[[[0,0],[1,0],\"x\"]]}",
		"{\"calibration\":{\"lines\":[],\"floor_height_m\":3}}",
		"{\"calibration\":{\"lines\":[[0,0,1,0,0],[0,0,1,0,3],[0,0,1,0]],\"floor_height_m\":3}}",
		"{\"calibration\":{\"lines\":[[0,0,1,0,0],[0,0,1,0,3],[0,0,1,0,6]]}}",
		"{\"calibration\":{\"lines\":[[0,0,1,0,0],[0,0,1,0,3],[0,0,1,0,6]],\"floor_height_m\":9}}",
	};
	struct rig *r = *state;
	struct str eye = rig_device(r, "camera", "lens/a", r->gate), door = rig_device(r, "door", "door/a", r->gate);

	for (size_t i = 0; i < COUNT(wrong); i++) {
		draw(r, KEEPER, eye, wrong[i]);
		CHECK_STATUS(r, 400);
		CHECK_TEXT(r, "field", "drawing");
	}
	draw(r, KEEPER, door, "{}");
	CHECK_STATUS(r, 409);
	CHECK_TEXT(r, "code", "wrong_kind");
	draw(r, GATE_DESK, eye, "{}"); /* may look, not draw */
	CHECK_STATUS(r, 403);
	rig_call(r, SOUTH_DESK, "GET", rig_fmt(r, DRAWING "?device_id=" FMT_STR, ARG_STR(eye)), NULL);
	assert_int_equal(json_get(r->answer, "items")->n, 0);
}

/* What the device with this key is told. */
static const struct json *lens(struct rig *r, struct str auth)
{
	r->auth = auth;
	rig_call(r, STRANGER, "GET", "/api/sensing/lens", NULL);
	r->auth = NO_STR;
	return json_get(r->answer, "cameras");
}

static void a_lens_hears_of_active_cameras_alone(void **state)
{
	struct rig *r = *state;
	struct str me, eye = rig_device(r, "camera", "lens/a", r->gate);

	rig_device(r, "camera", "lens/south", r->south);
	rig_device(r, "lens", "lens", r->north);
	me = r->auth;
	draw(r, KEEPER, eye, "{\"windows\":[[[0,0],[1,0],[1,1]]]}");
	draw(r, KEEPER, eye, "{\"windows\":[[[0,0],[0.5,0],[1,1]]]}");
	const struct json *list = lens(r, me);

	CHECK_STATUS(r, 200);
	assert_int_equal(list->n, 1); /* not the south one */
	assert_true(str_is(json_get_text(list->child, "source"), "lens/a"));
	assert_int_equal(json_get_int(list->child, "revision", 0), 2);
	assert_true(str_is(json_get(list->child, "drawing")->raw, "{\"windows\":[[[0,0],[0.5,0],[1,1]]]}"));
	/* Retired: no longer to be looked through. */
	rig_call(r, KEEPER, "POST", rig_fmt(r, "/api/sensing/device/" FMT_STR "/retire", ARG_STR(eye)), "{}");
	assert_int_equal(lens(r, me)->n, 0);
	/* A camera with a key of its own hears of itself. */
	rig_device(r, "camera", "lens/alone", r->gate);
	list = lens(r, r->auth);
	assert_int_equal(list->n, 1);
	assert_true(str_is(json_get_text(list->child, "source"), "lens/alone"));
	lens(r, STR("Device nobody.wrong"));
	CHECK_STATUS(r, 401);
}

static void a_lens_speaks_for_its_cameras(void **state)
{
	struct rig *r = *state;

	rig_device(r, "camera", "lens/a", r->gate);
	rig_device(r, "camera", "lens/south", r->south);
	rig_device(r, "lens", "lens", r->north);
	r->content_type = STR("application/cloudevents-batch+json");
	rig_call(r, STRANGER, "POST", "/api/sensing/events",
		 "[{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"lens/a\",\"type\":\"cn.jiuan.camera.thrown.v1\"},"
		 "{\"specversion\":\"1.0\",\"id\":\"2\",\"source\":\"lens/"
		 "south\",\"type\":\"cn.jiuan.camera.thrown.v1\"},"
		 "{\"specversion\":\"1.0\",\"id\":\"3\",\"source\":\"lens/"
		 "new\",\"type\":\"cn.jiuan.camera.thrown.v1\"}]");
	CHECK_STATUS(r, 207);
	assert_int_equal(json_get_int(r->answer, "accepted", 0), 1);
	const struct json *first = json_get(r->answer, "results")->child;

	assert_true(str_is(json_get_text(first, "code"), "not_your_source"));
	assert_true(str_is(json_get_text(first->next, "code"), "quarantined"));
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_saving_is_a_revision, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(wrong_drawings_are_refused, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(a_lens_hears_of_active_cameras_alone, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(a_lens_speaks_for_its_cameras, rig_open, rig_close),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("sensing drawings", group);
}
