/* device_test.c - devices, channels, keys: input, steps, who sees what. */
#include "sensing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEVICE "/api/sensing/device"

static struct str make(struct rig *r, const char *more)
{
	static int n;

	rig_call(r, KEEPER, "POST", DEVICE,
		 rig_fmt(r, "{\"name\":\"n\",\"source\":\"src/%d\",\"place_id\":\"" FMT_STR "\"%s}", ++n,
			 ARG_STR(r->gate), more));
	CHECK_STATUS(r, 201);
	return rig_text(r, "id");
}

static const char *of(struct rig *r, struct str id, const char *rest)
{
	return rig_fmt(r, DEVICE "/" FMT_STR "%s", ARG_STR(id), rest);
}

static void wrong_input_is_named(void **state)
{
	struct rig *r = *state;
	static const struct {
		const char *field, *value, *code;
	} cases[] = {
		{ "name", "\"\"", NULL },
		{ "name", "5", "wrong_type" },
		{ "kind", "\"balloon\"", NULL },
		{ "source", "\"a b\"", "characters" },
		{ "source", "\"a/\"", "characters" },
		{ "source", "\"\\u5c0f\"", "characters" },
		{ "place_id", "\"nowhere\"", "unknown_place" },
		{ "heartbeat_s", "-1", NULL },
		{ "heartbeat_s", "86401", NULL },
		{ "lon", "181", NULL },
		{ "lat", "-90.5", NULL },
		{ "lon", "115.9", "required" },
		{ "legal_basis", "\"x\"", NULL },
		{ "sign_record", "\"x\"", NULL },
		{ "field_of_view", "\"x\"", NULL },
		{ "state", "\"active\"", "read_only" },
		{ "health", "\"in_order\"", "read_only" },
		{ "place_path", "\"36.\"", "read_only" },
		{ "last_seen_at", "\"2026-01-01T00:00:00Z\"", "read_only" },
		{ "battery", "50", "read_only" },
		{ "skew_ms", "1", "read_only" },
		{ "tampered", "true", "read_only" },
		{ "events_total", "1", "read_only" },
		{ "refused_total", "1", "read_only" },
		{ "gateway_id", "\"x\"", "read_only" },
		{ "reason", "\"xyz\"", "read_only" },
		{ "covered", "true", "read_only" },
		{ "offline", "true", "read_only" },
		{ "key_hash", "\"00\"", "unknown_field" },
		{ "face", "\"x\"", "unknown_field" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *base[] = { "name", "\"n\"", "kind", "\"door\"", "source", "\"s/1\"", "place_id", NULL };
		struct buf b = buf_new(r->a, 4096);

		json_open(&b, '{');
		for (size_t k = 0; k < 8; k += 2)
			if (strcmp(base[k], cases[i].field) != 0)
				json_put_raw(&b, base[k],
					     k == 6 ? str_of(rig_fmt(r, "\"" FMT_STR "\"", ARG_STR(r->gate)))
						    : str_of(base[k + 1]));
		json_put_raw(&b, cases[i].field, str_of(cases[i].value));
		json_close(&b, '}');
		rig_call(r, KEEPER, "POST", DEVICE, b.p);
		if (r->status != 400)
			fprintf(stderr, "%s %s\n", cases[i].field, cases[i].value);
		CHECK_STATUS(r, 400);
		if (cases[i].code)
			CHECK_TEXT(r, "code", cases[i].code);
		if (strcmp(cases[i].value, "115.9") != 0)
			CHECK_TEXT(r, "field", cases[i].field);
	}
	static const char *const required[] = { "name", "kind", "source", "place_id" };

	for (size_t i = 0; i < COUNT(required); i++) {
		struct buf b = buf_new(r->a, 4096);

		json_open(&b, '{');
		for (size_t k = 0; k < COUNT(required); k++)
			if (k != i)
				json_put_text(&b, required[k], k == 1 ? STR("door") : k == 3 ? r->gate : STR("abc"));
		json_close(&b, '}');
		rig_call(r, KEEPER, "POST", DEVICE, b.p);
		CHECK_STATUS(r, 400);
		CHECK_TEXT(r, "code", "required");
		CHECK_TEXT(r, "field", required[i]);
	}
}

static void source_is_unique(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "door/1", r->gate);
	rig_call(r, KEEPER, "POST", DEVICE,
		 rig_fmt(r, "{\"name\":\"n\",\"kind\":\"door\",\"source\":\"door/1\",\"place_id\":\"" FMT_STR "\"}",
			 ARG_STR(r->gate)));
	CHECK_STATUS(r, 409);
}

static void camera_needs_law_and_sign(void **state)
{
	struct rig *r = *state;
	struct str id = make(r, ",\"kind\":\"camera\"");
	const char *place = rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->gate));

	rig_call(r, KEEPER, "POST", of(r, id, "/approve"), place);
	CHECK_STATUS(r, 409);
	CHECK_TEXT(r, "code", "legal_basis_missing");
	CHECK_TEXT(r, "field", "legal_basis");
	rig_call(r, KEEPER, "PATCH", of(r, id, ""), "{\"legal_basis\":\"PIPL art. 26\"}");
	CHECK_STATUS(r, 200);
	rig_call(r, KEEPER, "POST", of(r, id, "/approve"), place);
	CHECK_STATUS(r, 409);
	CHECK_TEXT(r, "code", "sign_record_missing");
	rig_call(r, KEEPER, "POST", of(r, id, "/approve"),
		 rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"sign_record\":\"sign 7, 2 March\"}", ARG_STR(r->gate)));
	CHECK_STATUS(r, 409);
	CHECK_TEXT(r, "code", "field_of_view_missing");
	CHECK_TEXT(r, "field", "field_of_view");
	rig_call(r, KEEPER, "POST", of(r, id, "/approve"),
		 rig_fmt(r,
			 "{\"place_id\":\"" FMT_STR "\",\"sign_record\":\"sign 7, 2 March\","
			 "\"field_of_view\":\"facade of 7, no windows of 8\",\"filed_at\":\"2026-03-01T00:00:00Z\"}",
			 ARG_STR(r->gate)));
	CHECK_STATUS(r, 200);
	CHECK_TEXT(r, "state", "active");
	CHECK_TEXT(r, "filed_at", "2026-03-01T00:00:00Z");
	rig_call(r, KEEPER, "PATCH", of(r, id, ""), "{\"field_of_view\":null}");
	CHECK_STATUS(r, 409);
	rig_call(r, KEEPER, "PATCH", of(r, id, ""), "{\"legal_basis\":null}");
	CHECK_STATUS(r, 409);
	rig_call(r, KEEPER, "PATCH", of(r, id, ""), "{\"kind\":\"door\"}");
	CHECK_STATUS(r, 409);
	/* A door cannot be turned into a camera behind the check either. */
	struct str door = make(r, ",\"kind\":\"door\"");

	rig_call(r, KEEPER, "POST", of(r, door, "/approve"), place);
	CHECK_STATUS(r, 200);
	rig_call(r, KEEPER, "PATCH", of(r, door, ""), "{\"kind\":\"camera\"}");
	CHECK_STATUS(r, 409);
}

static void every_step_from_every_state(void **state)
{
	struct rig *r = *state;
	static const char *const verbs[] = { "approve", "refuse", "retire" };
	static const char *const after[] = { "active", "refused", "retired" };
	static const char *const states[] = { "quarantined", "active", "refused", "retired" };
	static const bool allowed[3][4] = { { true, false, true, false },
					    { true, false, false, false },
					    { true, true, true, false } };
	const char *bodies[] = { rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->gate)),
				 "{\"reason\":\"not ours\"}", "{}" };

	for (size_t v = 0; v < 3; v++) {
		for (size_t s = 0; s < 4; s++) {
			struct str id = make(r, ",\"kind\":\"door\"");

			if (s > 0) {
				rig_call(r, KEEPER, "POST", of(r, id, rig_fmt(r, "/%s", verbs[s - 1])), bodies[s - 1]);
				CHECK_STATUS(r, 200);
			}
			rig_call(r, KEEPER, "GET", of(r, id, ""), NULL);
			CHECK_TEXT(r, "state", states[s]);
			rig_call(r, KEEPER, "POST", of(r, id, rig_fmt(r, "/%s", verbs[v])), bodies[v]);
			CHECK_STATUS(r, allowed[v][s] ? 200 : 409);
			if (allowed[v][s])
				CHECK_TEXT(r, "state", after[v]);
			else
				CHECK_TEXT(r, "code", "wrong_state");
		}
	}
	struct str id = make(r, ",\"kind\":\"door\"");

	rig_call(r, KEEPER, "POST", of(r, id, "/refuse"), "{}");
	CHECK_STATUS(r, 400);
	rig_call(r, KEEPER, "POST", of(r, id, "/approve"), "{}");
	CHECK_STATUS(r, 400);
	CHECK_TEXT(r, "field", "place_id");
	rig_call(r, KEEPER, "POST", of(r, id, "/approve"), "{\"place_id\":\"nowhere\"}");
	CHECK_STATUS(r, 400);
	CHECK_TEXT(r, "code", "unknown_place");
}

static void place_decides_who_sees(void **state)
{
	struct rig *r = *state;
	struct str north = rig_device(r, "door", "d/north", r->north), gate = rig_device(r, "door", "d/gate", r->gate),
		   south = rig_device(r, "door", "d/south", r->south);
	const struct {
		enum rig_actor who;
		bool north, gate, south;
	} sees[] = { { KEEPER, true, true, true },
		     { NORTH_KEEPER, true, true, false },
		     { NORTH_DESK, true, true, false },
		     { SOUTH_DESK, false, false, true },
		     { GATE_DESK, false, true, false } };

	rig_post(r, rig_event(r, "d/south", "e1", "cn.jiuan.door.opened.v1", ""));
	CHECK_STATUS(r, 200);
	for (size_t i = 0; i < COUNT(sees); i++) {
		const struct {
			struct str id;
			bool yes;
		} rows[] = { { north, sees[i].north }, { gate, sees[i].gate }, { south, sees[i].south } };
		int64_t n = 0;

		for (size_t k = 0; k < COUNT(rows); k++) {
			int want = rows[k].yes ? 200 : 404;
			const char *id = arena_z(r->a, rows[k].id);

			n += rows[k].yes;
			assert_int_equal(rig_call(r, sees[i].who, "GET", of(r, rows[k].id, ""), NULL), want);
			assert_int_equal(rig_call(r, sees[i].who, "GET",
						  rig_fmt(r, "/api/sensing/coverage?device_id=%s", id), NULL),
					 want);
			assert_int_equal(rig_call(r, sees[i].who, "GET",
						  rig_fmt(r, "/api/sensing/event?device_id=%s", id), NULL),
					 want);
		}
		rig_call(r, sees[i].who, "GET", DEVICE, NULL);
		CHECK_STATUS(r, 200);
		assert_int_equal(json_get(r->answer, "items")->n, n);
		rig_call(r, sees[i].who, "GET", "/api/sensing/health", NULL);
		assert_int_equal(rig_int(r, "total"), n);
		rig_call(r, sees[i].who, "GET", "/api/sensing/event", NULL);
		assert_int_equal(json_get(r->answer, "items")->n, sees[i].south);
	}
	static const char *const paths[] = { DEVICE, "/api/sensing/health", "/api/sensing/event", "/api/sensing/gap",
					     "/api/sensing/channel" };

	for (size_t i = 0; i < COUNT(paths); i++)
		assert_int_equal(rig_call(r, STRANGER, "GET", paths[i], NULL), 403);
	assert_int_equal(rig_call(r, NORTH_DESK, "PATCH", of(r, gate, ""), "{\"name\":\"x\"}"), 403);
	assert_int_equal(rig_call(r, NORTH_DESK, "POST", of(r, gate, "/retire"), "{}"), 403);
	assert_int_equal(rig_call(r, NORTH_DESK, "POST", of(r, gate, "/key"), NULL), 403);
	assert_int_equal(rig_call(r, NORTH_KEEPER, "PATCH", of(r, south, ""), "{\"name\":\"x\"}"), 404);
	assert_int_equal(rig_call(r, NORTH_KEEPER, "POST", of(r, south, "/key"), NULL), 404);
	/* Neither by making nor by moving does a device leave one's reach. */
	rig_call(r, NORTH_KEEPER, "POST", DEVICE,
		 rig_fmt(r, "{\"name\":\"n\",\"kind\":\"door\",\"source\":\"x\",\"place_id\":\"" FMT_STR "\"}",
			 ARG_STR(r->south)));
	CHECK_STATUS(r, 400);
	rig_call(r, NORTH_KEEPER, "PATCH", of(r, gate, ""),
		 rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->south)));
	CHECK_STATUS(r, 400);
	rig_call(r, NORTH_KEEPER, "PATCH", of(r, gate, ""),
		 rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->north)));
	CHECK_STATUS(r, 200);
	CHECK_TEXT(r, "place_path", "36.3601.360102.n1.");
}

static void key_is_told_once(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "door/1", r->gate), first = r->auth;

	rig_call(r, KEEPER, "GET", of(r, id, ""), NULL);
	assert_null(json_get(r->answer, "key_hash"));
	struct str key = { first.p + 7 + 27, first.n - 7 - 27 };

	assert_null(memmem(r->body.p, r->body.n, key.p, key.n));
	rig_post(r, rig_event(r, "door/1", "a", "t.v1", ""));
	CHECK_STATUS(r, 200);
	rig_key(r, id);
	rig_post(r, rig_event(r, "door/1", "b", "t.v1", ""));
	CHECK_STATUS(r, 200);
	r->auth = first;
	rig_post(r, rig_event(r, "door/1", "c", "t.v1", ""));
	CHECK_STATUS(r, 401);
	CHECK_TEXT(r, "code", "bad_device_key");
	rig_key(r, id);
	rig_call(r, KEEPER, "POST", of(r, id, "/retire"), "{}");
	CHECK_STATUS(r, 200);
	rig_post(r, rig_event(r, "door/1", "d", "t.v1", ""));
	CHECK_STATUS(r, 401);
	rig_call(r, KEEPER, "POST", of(r, id, "/key"), NULL);
	CHECK_STATUS(r, 409);
}

static void channels_follow_their_device(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "camera", "cam/1", r->gate), south = rig_device(r, "door", "d/s", r->south);
	const char *body =
		rig_fmt(r, "{\"device_id\":\"" FMT_STR "\",\"name\":\"main\",\"kind\":\"video\"}", ARG_STR(id));

	rig_call(r, KEEPER, "POST", "/api/sensing/channel", body);
	CHECK_STATUS(r, 201);
	assert_true(str_eq(rig_text(r, "place_id"), r->gate));
	rig_call(r, KEEPER, "POST", "/api/sensing/channel", body);
	CHECK_STATUS(r, 409);
	rig_call(r, NORTH_KEEPER, "POST", "/api/sensing/channel",
		 rig_fmt(r, "{\"device_id\":\"" FMT_STR "\",\"name\":\"x\",\"kind\":\"lock\"}", ARG_STR(south)));
	CHECK_STATUS(r, 400);
	CHECK_TEXT(r, "code", "unknown_device");
	rig_call(r, GATE_DESK, "GET", "/api/sensing/channel", NULL);
	assert_int_equal(json_get(r->answer, "items")->n, 1);
	rig_call(r, SOUTH_DESK, "GET", "/api/sensing/channel", NULL);
	assert_int_equal(json_get(r->answer, "items")->n, 0);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(wrong_input_is_named, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(source_is_unique, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(camera_needs_law_and_sign, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(every_step_from_every_state, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(place_decides_who_sees, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(key_is_told_once, rig_open, rig_close),
		cmocka_unit_test_setup_teardown(channels_follow_their_device, rig_open, rig_close),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("sensing devices", group);
}
