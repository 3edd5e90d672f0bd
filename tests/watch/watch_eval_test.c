/* watch_eval_test.c - from event to alert: the cases of the city report,
 * lasting things, storms, backtests, the self-test. */
#include "watch_rig.h"

#include <stdio.h>
#include <string.h>

#define THROWN "cn.jiuan.camera.thrown.v1"
#define OBJECT "cn.jiuan.camera.object.v1"
#define LANE   "cn.jiuan.camera.lane.v1"

static int64_t alerts(struct rig *r)
{
	return rig_count(r, "SELECT count(*) FROM watch_alert WHERE drill = 0");
}

/* Honggu Spring: things thrown, e-bikes inside, a blocked fire lane. */
static void test_s8_three_rules(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	for (int i = 0; i < 3; i++) { /* a falling object seen by three cameras of one facade */
		rig_event(r, r->camera[i], THROWN, "{\"floor\":14,\"score\":0.8}");
		r->now += SECOND;
	}
	rig_run(r);
	assert_int_equal(alerts(r), 1);
	rig_event(r, r->camera[0], THROWN, "{\"floor\":3,\"score\":0.4}"); /* not sure enough */
	r->now += 10 * MINUTE;
	rig_event(r, r->camera[1], OBJECT, "{\"label\":\"e-bike\",\"phase\":\"new\",\"score\":0.8,\"zone\":\"lobby\"}");
	r->now += SECOND;
	rig_event(r, r->camera[1], OBJECT,
		  "{\"label\":\"e-bike\",\"phase\":\"update\",\"score\":0.9,\"zone\":\"lobby\"}");
	rig_event(r, r->camera[1], OBJECT, "{\"label\":\"dog\",\"phase\":\"new\",\"score\":0.9,\"zone\":\"lobby\"}");
	rig_run(r);
	assert_int_equal(alerts(r), 2);
	rig_event(r, r->lane, LANE, "{\"zone\":\"lane-1\",\"occupied\":true}");
	rig_pass(r, 6 * MINUTE, 10 * SECOND); /* blocked for six minutes */
	assert_int_equal(alerts(r), 3);
	rig_alert(r, "fire-lane");
	CHECK_TEXT(r, "question", "fire_lane");
	assert_int_equal(rig_int(r, "facts.minutes"), 5); /* asked when five were full */
	assert_int_equal(rig_int(r, "ongoing"), 1);
}

static void test_dwell_stays_open_until_free(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	rig_event(r, r->lane, LANE, "{\"zone\":\"lane-1\",\"occupied\":true}");
	for (int i = 0; i < 60; i++) { /* the parked car is reported again and again */
		rig_pass(r, MINUTE, MINUTE);
		rig_event(r, r->lane, LANE, "{\"zone\":\"lane-1\",\"occupied\":true}");
	}
	rig_run(r);
	assert_int_equal(alerts(r), 1);
	struct str id = rig_alert(r, "fire-lane");

	assert_int_equal(rig_int(r, "ongoing"), 1);
	rig_event(r, r->lane, LANE, "{\"zone\":\"lane-1\",\"occupied\":false}");
	rig_run(r);
	assert_true(str_eq(rig_alert(r, "fire-lane"), id));
	assert_int_equal(rig_int(r, "ongoing"), 0);
	CHECK_TEXT(r, "state", "new"); /* a person closes */
}

static void test_two_lanes_one_alert_open_until_both_are_free(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	rig_event(r, r->lane, LANE, "{\"zone\":\"a\",\"occupied\":true}");
	rig_event(r, r->lane, LANE, "{\"zone\":\"b\",\"occupied\":true}");
	rig_pass(r, 6 * MINUTE, 10 * SECOND);
	assert_int_equal(alerts(r), 1);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_match"), 2); /* the second zone was not swallowed */
	rig_event(r, r->lane, LANE, "{\"zone\":\"a\",\"occupied\":false}");
	rig_run(r);
	assert_int_equal(rig_count(r, "SELECT ongoing FROM watch_alert"), 1);
	rig_event(r, r->lane, LANE, "{\"zone\":\"b\",\"occupied\":false}");
	rig_run(r);
	assert_int_equal(rig_count(r, "SELECT ongoing FROM watch_alert"), 0);
}

static void test_storm_is_held_back_and_counted(void **state)
{
	struct rig *r = *state;

	rig_rule(r, "{\"kind\":\"match\",\"severity\":\"high\",\"template\":\"storm\",\"when\":{\"type\":\"" OBJECT
		    "\"},\"limit\":{\"n\":5,\"per_s\":3600}}");
	for (int i = 0; i < 100; i++) {
		rig_event(r, r->camera[0], OBJECT, "{\"score\":0.5}");
		r->now += 100 * MILLI;
	}
	rig_run(r);
	rig_pass(r, 11 * SECOND, 11 * SECOND);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_match"), 5);
	CHECK(r, ANN, "GET", "/api/watch/rule", NULL, 200);
	assert_int_equal(rig_int(r, "items.0.suppressed"), 95);
	assert_int_equal(rig_int(r, "items.0.fired_30d"), 5);
	CHECK(r, ANN, "GET", "/api/watch/board", NULL, 200);
	assert_int_equal(rig_int(r, "suppressed"), 95);
}

static void test_rules_hold_for_their_place(void **state)
{
	struct rig *r = *state;

	CHECK(r, SYSTEM, "POST", "/api/watch/rule",
	      rig_fmt(r,
		      "{\"name\":\"here\",\"place_id\":\"" FMT_STR
		      "\",\"definition\":{\"kind\":\"match\",\"when\":{\"type\":\"" OBJECT "\"}}}",
		      ARG_STR(r->building)),
	      201);
	rig_sql(r, "UPDATE watch_rule SET state = 'active'");
	rig_sql(r, "INSERT INTO watch_counter (name, value) VALUES ('rules', 7)");
	rig_run(r);
	rig_event(r, r->camera[0], OBJECT, "{\"score\":0.5}"); /* building 7 */
	rig_run(r);
	assert_int_equal(alerts(r), 0);
	rig_event(r, r->door, OBJECT, "{\"score\":0.5}"); /* building 3 */
	rig_run(r);
	assert_int_equal(alerts(r), 1);
	rig_alert(r, "here");
	CHECK_TEXT(r, "question", "rule");
	CHECK_TEXT(r, "facts.rule", "here");
}

static void test_rule_changes_reach_the_engine_at_once(void **state)
{
	struct rig *r = *state;
	struct str id = rig_rule(r, "{\"kind\":\"match\",\"template\":\"t\",\"when\":{\"type\":\"" OBJECT "\"}}");

	rig_event(r, r->camera[0], OBJECT, "{}");
	rig_run(r);
	assert_int_equal(alerts(r), 1);
	CHECK(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/switch_off", ARG_STR(id)),
	      "{\"reason\":\"noise\"}", 200);
	rig_event(r, r->camera[0], OBJECT, "{}");
	rig_run(r);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_match"), 1);
}

static void test_places_move_and_state_goes_on(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	rig_event(r, r->lane, LANE, "{\"zone\":\"a\",\"occupied\":true}");
	rig_pass(r, 2 * MINUTE, 10 * SECOND);
	/* A new place before ours in the order of paths shifts every number. */
	CHECK(r, SYSTEM, "POST", "/api/places/place",
	      rig_fmt(r, "{\"kind\":\"building\",\"code\":\"0\",\"name\":\"new\",\"parent_id\":\"" FMT_STR "\"}",
		      ARG_STR(r->north)),
	      201);
	rig_pass(r, 4 * MINUTE, 10 * SECOND);
	assert_int_equal(alerts(r), 1); /* five minutes from the first event, not from the change */
	rig_alert(r, "fire-lane");
	CHECK_TEXT(r, "place_label", "g1");
	CHECK_TEXT(r, "opened_at", "2026-03-12T01:05:00Z");
}

/* ---- backtest ----------------------------------------------------------------------- */

static void test_backtest_equals_what_fired(void **state)
{
	struct rig *r = *state;
	struct str id;

	rig_seed(r);
	for (int i = 0; i < 50; i++) {
		rig_event(r, r->camera[i % 3], THROWN,
			  i % 5 ? "{\"floor\":9,\"score\":0.9}" : "{\"floor\":9,\"score\":0.2}");
		rig_event(r, r->lane, LANE,
			  i % 10 < 7 ? "{\"zone\":\"a\",\"occupied\":true}" : "{\"zone\":\"a\",\"occupied\":false}");
		rig_pass(r, 70 * SECOND, 10 * SECOND);
	}
	static const char *const templates[] = { "thrown-object", "fire-lane" };

	for (size_t i = 0; i < COUNT(templates); i++) {
		CHECK(r, RULER, "GET", rig_fmt(r, "/api/watch/rule?template=%s", templates[i]), NULL, 200);
		id = rig_text(r, "items.0.id");
		int64_t fired = rig_int(r, "items.0.fired_30d");

		assert_true(fired > 3);
		CHECK(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/backtest", ARG_STR(id)),
		      "{\"days\":30}", 200);
		assert_int_equal(rig_int(r, "fired"), fired);
		assert_int_equal(rig_int(r, "history_days"), 0); /* an hour of history is said to be no day */
		assert_int_equal(rig_int(r, "by_hour"), 24);
		assert_true(rig_int(r, "worst_10_min") >= 1);
		assert_true(rig_int(r, "samples") >= 1);
	}
}

static void test_backtest_figures(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	/* Three days, one object a day at 02:00 UTC = 10:00 in China; the last alert is closed as true. */
	for (int day = 0; day < 3; day++) {
		r->now += HOUR;
		rig_event(r, r->camera[0], THROWN, "{\"floor\":9,\"score\":0.9}");
		rig_run(r);
		rig_pass(r, 23 * HOUR, HOUR);
	}
	struct str alert = rig_alert(r, "thrown-object");

	CHECK(r, ANN, "POST", rig_fmt(r, "/api/watch/alert/" FMT_STR "/close", ARG_STR(alert)),
	      "{\"outcome\":\"true\",\"outcome_note\":\"a brick\"}", 200);
	CHECK(r, RULER, "GET", "/api/watch/rule?template=thrown-object", NULL, 200);
	struct str id = rig_text(r, "items.0.id");

	CHECK(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/backtest", ARG_STR(id)), "{\"days\":30}", 200);
	assert_int_equal(rig_int(r, "fired"), 3);
	assert_int_equal(rig_int(r, "days"), 30);
	assert_int_equal(rig_int(r, "history_days"), 3);
	CHECK_TEXT(r, "per_day.0.day", "2026-03-12");
	assert_int_equal(rig_int(r, "per_day.0.urgent"), 1);
	assert_int_equal(rig_int(r, "by_hour.10"), 3);
	assert_int_equal(rig_int(r, "worst_10_min"), 1);
	CHECK_TEXT(r, "top_places.0.label", "7");
	assert_int_equal(rig_int(r, "top_places.0.n"), 3);
	assert_int_equal(rig_int(r, "kept.true"), 1);
	assert_int_equal(rig_int(r, "kept.false"), 0);
	CHECK_TEXT(r, "samples.0.events.0.type", THROWN);
	REFUSED(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/backtest", ARG_STR(id)), "{}", 400,
		"required", "days");
	REFUSED(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/backtest", ARG_STR(id)), "{\"days\":91}", 400,
		"out_of_range", "days");
	CHECK(r, ANN, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/backtest", ARG_STR(id)), "{\"days\":7}", 403);
}

/* ---- the watch over the watch ------------------------------------------------------------ */

static void test_self_test(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	assert_int_equal(app_run_job(r->app, "watch.selftest"), RC_OK);
	rig_pass(r, 6 * SECOND, SECOND);
	CHECK(r, ANN, "GET", "/api/watch/board", NULL, 200);
	assert_int_equal(rig_int(r, "self_test.ok"), 1);
	assert_int_equal(alerts(r), 0);
	/* The evaluator stands still: nothing comes back. */
	r->now += 5 * MINUTE;
	assert_int_equal(app_run_job(r->app, "watch.selftest"), RC_OK);
	r->now += 6 * SECOND;
	assert_int_equal(app_run_job(r->app, "watch.escalate"), RC_OK);
	CHECK(r, ANN, "GET", "/api/watch/board", NULL, 200);
	assert_int_equal(rig_int(r, "self_test.ok"), 0);
	rig_alert(r, "self-test");
	CHECK_TEXT(r, "question", "self_test");
	assert_int_equal(rig_int(r, "ongoing"), 1);
	r->now += 5 * MINUTE;
	assert_int_equal(app_run_job(r->app, "watch.selftest"), RC_OK);
	rig_pass(r, 6 * SECOND, SECOND);
	rig_alert(r, "self-test");
	assert_int_equal(rig_int(r, "ongoing"), 0);
}

static void test_silent_device(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	rig_event(r, r->meter, "cn.jiuan.device.heartbeat.v1", "{\"battery\":80}");
	rig_event(r, r->door, "cn.jiuan.door.closed.v1", ""); /* never sent a heartbeat: may be quiet */
	rig_pass(r, 4 * MINUTE, 10 * SECOND);
	rig_event(r, r->meter, "cn.jiuan.device.heartbeat.v1", "{\"battery\":80}");
	rig_pass(r, 5 * MINUTE - SECOND, SECOND * 10);
	assert_int_equal(alerts(r), 0);
	rig_pass(r, 2 * SECOND, SECOND);
	assert_int_equal(alerts(r), 1);
	rig_alert(r, "device-silent");
	CHECK_TEXT(r, "question", "device_silent");
	assert_int_equal(rig_int(r, "facts.minutes"), 5);
	rig_event(r, r->meter, "cn.jiuan.device.heartbeat.v1", "{\"battery\":80}");
	rig_run(r);
	rig_alert(r, "device-silent");
	assert_int_equal(rig_int(r, "ongoing"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
		T(test_s8_three_rules),
		T(test_dwell_stays_open_until_free),
		T(test_two_lanes_one_alert_open_until_both_are_free),
		T(test_storm_is_held_back_and_counted),
		T(test_rules_hold_for_their_place),
		T(test_rule_changes_reach_the_engine_at_once),
		T(test_places_move_and_state_goes_on),
		T(test_backtest_equals_what_fired),
		T(test_backtest_figures),
		T(test_self_test),
		T(test_silent_device),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run_all("watch eval", group);
}
