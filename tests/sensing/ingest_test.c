/* ingest_test.c - events in: verdicts, who may speak, what may not
 * enter, times. */
#include "sensing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T    "cn.jiuan.door.opened.v1"
#define ROWS "SELECT count(*) FROM sensing_event"

/* The first entry of "results" has this code and field. */
static void first_result(struct rig *r, const char *code, const char *field)
{
	const struct json *one = json_get(r->answer, "results")->child;

	assert_non_null(one);
	assert_string_equal(arena_z(r->a, json_get_text(one, "verdict")), "refused");
	assert_string_equal(arena_z(r->a, json_get_text(one, "code")), code);
	assert_string_equal(arena_z(r->a, json_get_text(one, "field")), field);
}

static void refused_as(struct rig *r, const char *body, const char *code, const char *field)
{
	rig_post(r, body);
	CHECK_STATUS(r, 207);
	rig_counts(r, 0, 0, 1);
	first_result(r, code, field);
}

static void one_bad_event_spoils_no_other(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d/1", r->gate);
	rig_post(r, "[{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"d/1\",\"type\":\"" T "\"},"
		    "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"d/1\",\"type\":\"" T "\"},"
		    "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"d/1\",\"type\":\"" T "\"},"
		    "{\"specversion\":\"1.0\",\"id\":\"b\",\"source\":\"d/1\",\"type\":\"Bad_Type\"},"
		    "17,"
		    "{\"specversion\":\"1.0\",\"id\":\"a\",\"source\":\"d/1/inner\",\"type\":\"" T "\"}]");
	rig_counts(r, 2, 1, 3);
	const struct json *res = json_get(r->answer, "results");

	assert_int_equal(res->n, 4);
	assert_int_equal(json_get_int(res->child, "i", -1), 1);
	assert_int_equal(json_get_int(res->child->next, "i", -1), 2);
	assert_string_equal(arena_z(r->a, json_get_text(res->child->next, "verdict")), "duplicate");
	assert_string_equal(arena_z(r->a, json_get_text(res->child->next->next, "code")), "bad_type");
	rig_post(r, rig_event(r, "d/1", "a", T, ""));
	rig_counts(r, 0, 1, 0);
	rig_post(r, rig_event(r, "d/1", "c", T, "{\"x\":1}"));
	rig_counts(r, 1, 0, 0);
	assert_int_equal(json_get(r->answer, "results")->n, 0);
	rig_post(r, "[]");
	rig_counts(r, 0, 0, 0);
	assert_int_equal(rig_count(r, ROWS), 3);
}

static void every_form_is_taken(void **state)
{
	struct rig *r = *state;
	static const char one[] = "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"d/1\",\"type\":\"" T "\"}";

	rig_device(r, "door", "d/1", r->gate);
	r->content_type = STR("Application/CloudEvents+JSON; charset=utf-8");
	rig_post(r, "{\"specversion\":\"1.0\",\"id\":\"one\",\"source\":\"d/1\",\"type\":\"" T "\"}");
	rig_counts(r, 1, 0, 0);
	r->content_type = STR("application/x-ndjson");
	rig_post(r, "{\"specversion\":\"1.0\",\"id\":\"n1\",\"source\":\"d/1\",\"type\":\"" T "\"}\n\nnonsense\r\n"
		    "{\"specversion\":\"1.0\",\"id\":\"n2\",\"source\":\"d/1\",\"type\":\"" T "\"}");
	rig_counts(r, 2, 0, 1);
	r->content_type = STR("application/json");
	static const struct str headers[][2] = { { STR_INIT("ce-specversion"), STR_INIT("1.0") },
						 { STR_INIT("ce-id"), STR_INIT("bin") },
						 { STR_INIT("ce-source"), STR_INIT("d/1") },
						 { STR_INIT("ce-type"), STR_INIT(T) } };

	memcpy(r->extra, headers, sizeof(headers));
	rig_post(r, "{\"open\":true}");
	rig_counts(r, 1, 0, 0);
	rig_post(r, "{\"open\":true}");
	rig_counts(r, 0, 1, 0);
	rig_post(r, "[1]");
	rig_counts(r, 0, 0, 1);
	memset(r->extra, 0, sizeof(r->extra));
	rig_post(r, one);
	CHECK_STATUS(r, 400);
	CHECK_TEXT(r, "code", "content_type");
	r->content_type = NO_STR;
	rig_post(r, one);
	CHECK_STATUS(r, 400);
}

static void wrong_keys_are_slowed(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d/1", r->gate), right = r->auth;
	const char *body = rig_event(r, "d/1", "a", T, "");
	const char *wrong[] = { "",
				"Device",
				"Device ",
				"Device x",
				"Device .",
				"Device x.y",
				"Bearer x.y",
				rig_fmt(r, "Device " FMT_STR ".", ARG_STR(id)),
				rig_fmt(r, "Device " FMT_STR ".wrong", ARG_STR(id)),
				rig_fmt(r, "Device " FMT_STR "x", ARG_STR(right)),
				rig_fmt(r, FMT_STR "x", ARG_STR(right)) };

	r->auth = NO_STR;
	assert_int_equal(rig_post(r, body), 401);
	for (size_t i = 0; i < 19; i++) {
		r->auth = str_of(wrong[i % COUNT(wrong)]);
		rig_post(r, body);
		CHECK_STATUS(r, 401);
		CHECK_TEXT(r, "code", "bad_device_key");
	}
	rig_post(r, body);
	CHECK_STATUS(r, 429);
	CHECK_TEXT(r, "code", "slow_down");
	r->peer = STR("10.0.0.10");
	assert_int_equal(rig_post(r, body), 401);
	r->peer = STR("10.0.0.9");
	r->auth = right; /* never slowed */
	assert_int_equal(rig_post(r, body), 200);
	r->now += 61 * SECOND;
	r->auth = STR("Device x.y");
	assert_int_equal(rig_post(r, body), 401);
	assert_int_equal(rig_count(r, ROWS), 1);
}

static void sources_belong_to_devices(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d/2", r->gate);
	rig_device(r, "door", "d/1", r->gate);
	refused_as(r, rig_event(r, "d/2", "a", T, ""), "not_your_source", "source");
	refused_as(r, rig_event(r, "d/11", "a", T, ""), "not_your_source", "source");
	refused_as(r, rig_event(r, "d", "a", T, ""), "not_your_source", "source");
	refused_as(r, rig_event(r, "nobody", "a", T, ""), "not_your_source", "source");
	rig_post(r, rig_event(r, "d/1/a/b", "a", T, ""));
	rig_counts(r, 1, 0, 0);
}

static void gateways_bring_unknown_devices_to_quarantine(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "far", r->south);
	rig_device(r, "door", "near", r->gate);
	struct str gw = rig_device(r, "gateway", "gw", r->north);

	rig_post(r, rig_event(r, "near", "a", T, ""));
	rig_counts(r, 1, 0, 0);
	rig_post(r, rig_event(r, "gw", "a", T, ""));
	rig_counts(r, 1, 0, 0);
	refused_as(r, rig_event(r, "far", "a", T, ""), "not_your_source", "source");
	for (int i = 0; i < 3; i++)
		refused_as(r, rig_event(r, "gw/cam1", "a", "cn.jiuan.camera.object.v1", "{}"), "quarantined", "source");
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_device WHERE source = 'gw/cam1'"), 1);
	assert_int_equal(app_run_job(r->app, "sensing.flush"), RC_OK);
	rig_call(r, NORTH_KEEPER, "GET", "/api/sensing/device?source=gw%2Fcam1", NULL);
	const struct json *d = json_get(r->answer, "items")->child;

	assert_string_equal(arena_z(r->a, json_get_text(d, "state")), "quarantined");
	assert_string_equal(arena_z(r->a, json_get_text(d, "kind")), "camera");
	assert_int_equal(json_get_int(d, "refused_total", -1), 3);
	assert_true(json_get_text(d, "last_seen_at").n > 0);
	assert_true(str_eq(json_get_text(d, "gateway_id"), gw));
	const char *id = arena_z(r->a, json_get_text(d, "id"));

	rig_call(r, NORTH_KEEPER, "POST", rig_fmt(r, "/api/sensing/device/%s/approve", id),
		 rig_fmt(r,
			 "{\"place_id\":\"" FMT_STR
			 "\",\"legal_basis\":\"PIPL 26\",\"sign_record\":\"S-2\",\"field_of_view\":\"the lobby\"}",
			 ARG_STR(r->gate)));
	CHECK_STATUS(r, 200);
	rig_post(r, rig_event(r, "gw/cam1", "a", "cn.jiuan.camera.object.v1", "{}"));
	rig_counts(r, 1, 0, 0);
	rig_post(r, rig_event(r, "gw/cam1/zone", "a", "cn.jiuan.camera.object.v1", "{}"));
	rig_counts(r, 1, 0, 0);
	rig_call(r, KEEPER, "POST", rig_fmt(r, "/api/sensing/device/%s/retire", id), "{}");
	refused_as(r, rig_event(r, "gw/cam1", "b", T, ""), "device_retired", "source");
	/* At most 16 new ones a request. */
	struct buf b = buf_new(r->a, 1 << 20);

	buf_char(&b, '[');
	for (int i = 0; i < 40; i++)
		buf_fmt(&b, "%s{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"gw/n%d\",\"type\":\"" T "\"}",
			i ? "," : "", i);
	buf_char(&b, ']');
	rig_post(r, b.p);
	rig_counts(r, 0, 0, 40);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_device WHERE state = 'quarantined'"), 16);
}

static void no_face_enters(void **state)
{
	struct rig *r = *state;
	static const char *const bad[] = {
		"{\"face\":1}",
		"{\"a\":{\"FaceImage\":\"MARKER\"}}",
		"{\"a\":[{\"b\":1},{\"id_number\":\"MARKER\"}]}",
		"{\"gait\":[]}",
		"{\"ethnicity\":\"x\"}",
		"{\"f\\u0061ce_id\":1}",
		"{\"religion\":null}",
	};

	rig_device(r, "door", "d", r->gate);
	for (size_t i = 0; i < COUNT(bad); i++)
		refused_as(r, rig_event(r, "d", rig_fmt(r, "%zu", i), T, bad[i]), "forbidden_field", "data");
	rig_post(r, rig_event(r, "d", "fine", T, "{\"surface\":1,\"interface\":\"face\"}"));
	rig_counts(r, 1, 0, 0);
	assert_int_equal(rig_count(r, ROWS), 1);
}

/* ---- times ---------------------------------------------------------------------------------- */

static int64_t stored_at(struct rig *r, const char *id, int64_t offset)
{
	char text[TIME_TEXT];
	struct str t = time_text(r->now + offset, text);

	rig_post(r,
		 rig_fmt(r,
			 "[{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"d\",\"type\":\"t\",\"time\":\"" FMT_STR
			 "\"}]",
			 id, ARG_STR(t)));
	rig_counts(r, 1, 0, 0);
	return rig_count(r, rig_fmt(r, "SELECT at FROM sensing_event WHERE event_id = '%s'", id)) - r->now;
}

static void times_are_kept_when_credible(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	assert_int_equal(stored_at(r, "now", 0), 0);
	assert_int_equal(stored_at(r, "late", -3 * DAY), -3 * DAY);
	assert_int_equal(stored_at(r, "week", -7 * DAY), -7 * DAY);
	assert_int_equal(stored_at(r, "older", -7 * DAY - SECOND), 0);
	assert_int_equal(stored_at(r, "ahead", 5 * MINUTE), 5 * MINUTE);
	assert_int_equal(stored_at(r, "further", 5 * MINUTE + SECOND), 0);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
		TEST(one_bad_event_spoils_no_other),
		TEST(every_form_is_taken),
		TEST(wrong_keys_are_slowed),
		TEST(sources_belong_to_devices),
		TEST(gateways_bring_unknown_devices_to_quarantine),
		TEST(times_are_kept_when_credible),
		TEST(no_face_enters),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("sensing ingest", group);
}
