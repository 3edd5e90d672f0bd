/* watch_care_test.c - welfare watches: the elder nobody saw, leaves, outages,
 * and that one time is all that is kept. */
#include "watch_rig.h"

#include <stdio.h>
#include <string.h>

#define OPENED "cn.jiuan.door.opened.v1"

static const char *path(struct rig *r, struct str id, const char *rest)
{
	return rig_fmt(r, "/api/watch/welfare/" FMT_STR "%s", ARG_STR(id), rest);
}

/* The server lives: hours without it would be a gap of their own. */
static void pass(struct rig *r, int64_t span)
{
	int64_t end = r->now + span;

	while (r->now < end) {
		r->now += MINUTE < end - r->now ? MINUTE : end - r->now;
		assert_int_equal(app_run_job(r->app, "sensing.health"), RC_OK);
		rig_run(r);
	}
}

static void opened(struct rig *r)
{
	rig_event(r, r->door, OPENED, "");
	rig_event(r, r->door, "cn.jiuan.door.closed.v1", "");
	rig_run(r);
}

static int64_t asked(struct rig *r)
{
	return rig_count(r, "SELECT count(*) FROM watch_alert WHERE kind = 'elder-absence'");
}

/* Jiangling Jingtai Garden: not seen for three days; the desk decides, somebody
 * goes, "false but useful". */
static void test_s7_not_seen_for_three_days(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str watch = rig_welfare(r, 72);

	opened(r);
	pass(r, 72 * HOUR - MINUTE);
	assert_int_equal(asked(r), 0);
	pass(r, MINUTE);
	assert_int_equal(asked(r), 1);
	struct str id = rig_alert(r, "elder-absence");

	CHECK_TEXT(r, "question", "elder_absence");
	CHECK_TEXT(r, "place_label", "3-2-501");
	CHECK_TEXT(r, "severity", "high");
	assert_int_equal(rig_int(r, "facts.hours"), 72);
	assert_int_equal(rig_int(r, "facts.gap_hours"), 0);
	assert_int_equal(rig_int(r, "facts"), 2); /* and nothing else */
	CHECK(r, ANN, "GET", rig_fmt(r, "/api/watch/alert/" FMT_STR "/case", ARG_STR(id)), NULL, 200);
	assert_int_equal(rig_int(r, "coverage.hours"), 72);
	assert_int_equal(rig_int(r, "coverage.gap_hours"), 0);
	assert_int_equal(rig_int(r, "events"), 0); /* when and where is opened with a reason */
	CHECK_TEXT(r, "sources.0.device_id", arena_z(r->a, r->door));
	CHECK_TEXT(r, "sources.0.last_at", "");
	CHECK_TEXT(r, "welfare_id", arena_z(r->a, watch));
	CHECK(r, ANN, "POST", rig_fmt(r, "/api/watch/alert/" FMT_STR "/ack", ARG_STR(id)), "", 200);
	pass(r, 24 * HOUR); /* asked once, not every day */
	assert_int_equal(asked(r), 1);
	opened(r); /* she opens the door */
	rig_alert(r, "elder-absence");
	assert_int_equal(rig_int(r, "ongoing"), 0);
	CHECK(r, ANN, "POST", rig_fmt(r, "/api/watch/alert/" FMT_STR "/close", ARG_STR(id)),
	      "{\"outcome\":\"useful\",\"outcome_note\":\"arthritis, fine\"}", 200);
	rig_run(r);
	assert_int_equal(rig_count(r, "SELECT closed_useful FROM watch_rule WHERE template = 'elder-absence'"), 1);
	pass(r, 72 * HOUR);
	assert_int_equal(asked(r), 2); /* a new absence is a new question */
}

/* A device says it is offline: from then on nothing counts. */
static void set_gap(struct rig *r, struct str device, bool begin)
{
	rig_event(r, device, begin ? "cn.jiuan.device.offline.v1" : "cn.jiuan.device.online.v1", "{}");
	assert_int_equal(app_run_job(r->app, "sensing.health"), RC_OK);
	rig_run(r);
}

static void test_outages_are_not_absence(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	rig_welfare(r, 72);
	opened(r);
	pass(r, 20 * HOUR);
	set_gap(r, r->door, true);
	pass(r, 11 * HOUR);
	set_gap(r, r->door, false);
	pass(r, 52 * HOUR - 2 * MINUTE); /* 83 h, 11 of them blind: 72 h to the minute */
	assert_int_equal(asked(r), 0);
	pass(r, 4 * MINUTE);
	assert_int_equal(asked(r), 1);
	struct str id = rig_alert(r, "elder-absence");

	assert_int_equal(rig_int(r, "facts.hours"), 83);
	assert_int_equal(rig_int(r, "facts.gap_hours"), 11);
	CHECK(r, ANN, "GET", rig_fmt(r, "/api/watch/alert/" FMT_STR "/case", ARG_STR(id)), NULL, 200);
	assert_int_equal(rig_int(r, "coverage.gap_hours"), 11);
	assert_int_equal(rig_int(r, "coverage.gaps"), 1);
}

static void test_leave_suppresses(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = rig_welfare(r, 24);

	opened(r);
	CHECK(r, CARE, "POST", "/api/watch/leave",
	      rig_fmt(r,
		      "{\"welfare_id\":\"" FMT_STR "\",\"kind\":\"hospital\",\"from_at\":\"2026-03-12T10:00:00Z\","
		      "\"to_at\":\"2026-03-15T10:00:00Z\"}",
		      ARG_STR(id)),
	      201);
	CHECK_TEXT(r, "declared_by", "staff");
	CHECK_TEXT(r, "masked.0", "person_id");
	CHECK_TEXT(r, "kind", "");     /* a hospital is nobody's business */
	pass(r, 4 * DAY - 2 * MINUTE); /* the whole leave, and the night after */
	assert_int_equal(asked(r), 0);
	pass(r, 9 * HOUR + 4 * MINUTE); /* 24 h after its end */
	assert_int_equal(asked(r), 1);
	struct str alert = rig_alert(r, "elder-absence");

	CHECK_TEXT(r, "opened_at", "2026-03-16T10:00:01Z");
	CHECK(r, ANN, "GET", rig_fmt(r, "/api/watch/alert/" FMT_STR "/case", ARG_STR(alert)), NULL, 200);
	CHECK_TEXT(r, "leave.0.to_at", "2026-03-15T10:00:00Z");
}

static void test_pause_resume_end(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = rig_welfare(r, 24);

	opened(r);
	CHECK(r, ELDER, "POST", path(r, id, "/pause"), "{\"paused_until\":\"2026-03-14T01:00:00Z\"}", 200);
	pass(r, 3 * DAY - 2 * MINUTE); /* resumed by itself after two days, then 24 h */
	assert_int_equal(asked(r), 0);
	CHECK(r, ELDER, "GET", path(r, id, ""), NULL, 200);
	CHECK_TEXT(r, "state", "active");
	CHECK_TEXT(r, "last_seen_at", "2026-03-12T01:00:01Z"); /* her own: open to her */
	pass(r, 4 * MINUTE);
	assert_int_equal(asked(r), 1);
	CHECK(r, ELDER, "POST", path(r, id, "/end"), "", 200);
	CHECK_TEXT(r, "last_seen_at", "");
	opened(r);
	pass(r, 20 * MINUTE);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_welfare WHERE last_seen_at IS NOT NULL"), 0);
	CHECK(r, ELDER, "POST", path(r, id, "/resume"), "", 409);
	CHECK(r, CARE, "PATCH", path(r, id, ""), "{\"hours\":48}", 409);
}

/* ---- what is kept and who sees it ----------------------------------------------------- */

static enum rc find_columns(void *arg, const struct row *row)
{
	int *n = arg;
	struct str table = row->v[0].s, column = row->v[1].s;

	/* Tables that name a person or a watch: none may hold a series of times. */
	if (str_starts(table, "watch_") && (str_is(column, "person_id") || str_is(column, "welfare_id")))
		*n += !str_is(table, "watch_welfare") && !str_is(table, "watch_leave") && !str_is(table, "watch_alert");
	return RC_OK;
}

static void test_one_time_and_no_history(void **state)
{
	struct rig *r = *state;
	int others = 0;

	rig_seed(r);
	rig_welfare(r, 72);
	for (int i = 0; i < 30; i++) {
		opened(r);
		pass(r, 17 * MINUTE);
	}
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_welfare"), 1);
	assert_int_equal(conn_columns(app_conn(r->app), find_columns, &others), RC_OK);
	assert_int_equal(others, 0);
	pass(r, 73 * HOUR);
	assert_int_equal(asked(r), 1);
	/* The match of the question does not tell when she was last seen, either. */
	assert_int_equal(rig_count(r, "SELECT max(since_at) FROM watch_match m JOIN watch_rule r ON r.id = m.rule_id"
				      " WHERE r.template = 'elder-absence'"),
			 0);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_source"),
			 rig_count(r, "SELECT count(*) FROM watch_source s"
				      " JOIN watch_alert a ON a.id = s.alert_id WHERE a.kind <> 'elder-absence'"));
}

static void test_masked_then_revealed_on_record(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = rig_welfare(r, 72);

	opened(r);
	pass(r, MINUTE);
	CHECK(r, CARE, "GET", path(r, id, ""), NULL, 200);
	CHECK_TEXT(r, "last_seen_at", "");
	CHECK_TEXT(r, "person_id", "");
	assert_int_equal(rig_int(r, "masked"), 3);
	int64_t looks = rig_count(r, "SELECT count(*) FROM core_look");

	CHECK(r, CARE, "POST", path(r, id, "/reveal"),
	      "{\"fields\":[\"last_seen_at\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1032\"}", 200);
	CHECK_TEXT(r, "last_seen_at", "2026-03-12T01:00:01Z");
	assert_int_equal(rig_count(r, "SELECT count(*) FROM core_look"), looks + 1);
	CHECK(r, ANN, "POST", path(r, id, "/reveal"),
	      "{\"fields\":[\"last_seen_at\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1032\"}", 403);
}

static void test_visibility(void **state)
{
	struct rig *r = *state;
	static const struct {
		enum who who;
		int get, pause;
	} want[] = { { CARE, 200, 200 },  { ELDER, 200, 200 }, { ANN, 200, 403 }, { CITY, 200, 403 },
		     { CHILD, 200, 403 }, { SOUTH, 404, 404 }, { NONE, 404, 404 } };

	struct str id = rig_welfare(r, 72);

	for (size_t i = 0; i < COUNT(want); i++) {
		CHECK(r, want[i].who, "GET", path(r, id, ""), NULL, want[i].get);
		CHECK(r, want[i].who, "POST", path(r, id, "/pause"), "{\"paused_until\":\"2026-03-14T01:00:00Z\"}",
		      want[i].pause);
	}
}

static void test_input(void **state)
{
	struct rig *r = *state;
	static const char *const names[] = { "dwelling_id",          "person_id", "hours", "sources",
					     "consent_text_version", "consent_at" };
	const char *good[] = { rig_fmt(r, "\"" FMT_STR "\"", ARG_STR(r->dwelling)),
			       rig_fmt(r, "\"" FMT_STR "\"", ARG_STR(r->elder)),
			       "72",
			       rig_fmt(r, "[\"" FMT_STR "\"]", ARG_STR(r->door)),
			       "\"v1\"",
			       "\"2026-03-11T01:00:00Z\"" };
	const struct {
		int field;
		const char *value;
		int status;
		const char *code;
	} bad[] = {
		{ 0, "\"nowhere\"", 400, "unknown_place" },
		{ 0, rig_fmt(r, "\"" FMT_STR "\"", ARG_STR(r->facade)), 400, "not_a_dwelling" },
		{ 0, NULL, 400, "required" },
		{ 1, "\"nobody\"", 400, "unknown_person" },
		{ 1, NULL, 400, "required" },
		{ 2, "5", 400, "out_of_range" },
		{ 2, "721", 400, "out_of_range" },
		{ 2, "\"x\"", 400, "wrong_type" },
		{ 2, NULL, 400, "required" },
		{ 3, "[]", 400, "required" },
		{ 3, "[1]", 400, "wrong_type" },
		{ 3, "[\"none\"]", 400, "unknown_device" },
		{ 3, rig_fmt(r, "[\"" FMT_STR "\"]", ARG_STR(r->camera[0])), 400, "camera_source" },
		{ 3, NULL, 400, "required" },
		{ 4, NULL, 400, "required" },
		{ 4, "\"\"", 400, "wrong_length" },
		{ 5, "\"yesterday\"", 400, "bad_time" },
		{ 5, "\"2026-03-13T01:00:00Z\"", 400, "out_of_range" },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct buf b = buf_new(r->a, 4096);

		json_open(&b, '{');
		for (int f = 0; f < (int)COUNT(names); f++)
			if (f != bad[i].field || bad[i].value)
				json_put_raw(&b, names[f], str_of(f == bad[i].field ? bad[i].value : good[f]));
		json_close(&b, '}');
		REFUSED(r, CARE, "POST", "/api/watch/welfare", buf_str(&b).p, bad[i].status, bad[i].code,
			names[bad[i].field]);
	}
}

static void test_input_of_pauses_and_leaves(void **state)
{
	struct rig *r = *state;
	struct str id = rig_welfare(r, 72);

	CHECK(r, CARE, "POST", path(r, id, "/pause"), "{\"paused_until\":\"2026-03-01T01:00:00Z\"}", 400);
	CHECK_TEXT(r, "field", "paused_until");
	CHECK(r, CARE, "POST", "/api/watch/leave",
	      rig_fmt(r,
		      "{\"welfare_id\":\"" FMT_STR "\",\"kind\":\"moon\",\"from_at\":\"2026-03-12T10:00:00Z\","
		      "\"to_at\":\"2026-03-15T10:00:00Z\"}",
		      ARG_STR(id)),
	      400);
	CHECK_TEXT(r, "field", "kind");
	CHECK(r, CARE, "POST", "/api/watch/leave",
	      rig_fmt(r,
		      "{\"welfare_id\":\"" FMT_STR "\",\"kind\":\"travel\",\"from_at\":\"2026-03-12T10:00:00Z\","
		      "\"to_at\":\"2026-03-11T10:00:00Z\"}",
		      ARG_STR(id)),
	      400);
	CHECK_TEXT(r, "field", "to_at");
	CHECK(r, CARE, "POST", "/api/watch/leave",
	      "{\"welfare_id\":\"none\",\"kind\":\"travel\",\"from_at\":\"2026-03-12T10:00:00Z\",\"to_at\":\"2026-03-"
	      "13T10:00:00Z\"}",
	      400);
	CHECK_TEXT(r, "code", "unknown_welfare");
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
		T(test_s7_not_seen_for_three_days),
		T(test_outages_are_not_absence),
		T(test_leave_suppresses),
		T(test_pause_resume_end),
		T(test_one_time_and_no_history),
		T(test_masked_then_revealed_on_record),
		T(test_visibility),
		T(test_input),
		T(test_input_of_pauses_and_leaves),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run_all("watch care", group);
}
