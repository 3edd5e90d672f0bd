/* health_test.c - silent and back, gaps, gateways as one, clocks, batteries,
 * coverage, restarts, the clock of the log. */
#include "sensing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BEAT "cn.jiuan.device.heartbeat.v1"

static void send_at(struct rig *r, const char *source, const char *type, const char *data, int64_t at)
{
	static int n;
	char text[TIME_TEXT];
	struct str t = time_text(at, text);

	rig_post(r,
		 rig_fmt(r,
			 "[{\"specversion\":\"1.0\",\"id\":\"%d\",\"source\":\"%s\",\"type\":\"%s\",\"time\":\"" FMT_STR
			 "\",\"data\":%s}]",
			 ++n, source, type, ARG_STR(t), data));
	CHECK_STATUS(r, 200);
}

static void beat(struct rig *r, const char *source, const char *data)
{
	send_at(r, source, BEAT, data, r->now);
}

static void health_is(struct rig *r, struct str id, const char *want)
{
	rig_call(r, KEEPER, "GET", rig_fmt(r, "/api/sensing/device/" FMT_STR, ARG_STR(id)), NULL);
	CHECK_STATUS(r, 200);
	CHECK_TEXT(r, "health", want);
}

static int64_t topics(struct rig *r, const char *topic)
{
	return rig_count(r, rig_fmt(r, "SELECT count(*) FROM core_outbox WHERE topic = 'sensing.device.%s'", topic));
}

static void silence_opens_a_gap_and_life_closes_it(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);
	int64_t from, to;

	health_is(r, id, "never_seen");
	beat(r, "d", "{\"battery\":80}");
	rig_pass(r, 10 * SECOND);
	health_is(r, id, "in_order");
	assert_int_equal(rig_int(r, "battery"), 80);
	from = r->now - 10 * SECOND;
	rig_pass(r, 170 * SECOND); /* exactly three beats of 60 s */
	health_is(r, id, "in_order");
	rig_pass(r, 10 * SECOND);
	health_is(r, id, "silent");
	assert_int_equal(topics(r, "silent"), 1);
	assert_int_equal(rig_count(r, "SELECT from_at FROM sensing_gap WHERE to_at IS NULL AND reason = 'silent'"),
			 from);
	rig_call(r, GATE_DESK, "GET", "/api/sensing/health", NULL);
	assert_int_equal(rig_int(r, "in_order"), 0);
	assert_int_equal(rig_int(r, "total"), 1);
	assert_int_equal(json_get(r->answer, "silent")->n, 1);
	rig_pass(r, HOUR);
	assert_int_equal(topics(r, "silent"), 1);
	r->now += 3 * SECOND;
	to = r->now;
	beat(r, "d", "{}");
	rig_pass(r, 20 * SECOND);
	health_is(r, id, "in_order");
	assert_int_equal(topics(r, "back"), 1);
	assert_int_equal(rig_count(r, "SELECT to_at FROM sensing_gap"), to);
	rig_call(r, GATE_DESK, "GET", rig_fmt(r, "/api/sensing/coverage?device_id=" FMT_STR "&hours=2", ARG_STR(id)),
		 NULL);
	CHECK_STATUS(r, 200);
	assert_int_equal(json_get(r->answer, "gaps")->n, 1);
	double hours;

	assert_true(json_number(json_get(r->answer, "gap_hours"), &hours));
	assert_true(hours > (double)(to - from) / (double)HOUR - 0.02 && hours <= (double)(to - from) / (double)HOUR);
	rig_call(r, GATE_DESK, "GET", "/api/sensing/gap", NULL);
	assert_int_equal(json_get(r->answer, "items")->n, 1);
	rig_call(r, SOUTH_DESK, "GET", "/api/sensing/gap", NULL);
	assert_int_equal(json_get(r->answer, "items")->n, 0);
	static const char *const bad[] = { "", "?hours=1", "?device_id=x", "?hours=0", "?hours=745" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		rig_call(r, GATE_DESK, "GET", rig_fmt(r, "/api/sensing/coverage%s", bad[i]), NULL);
		assert_true(r->status == 400 || r->status == 404);
	}
}

static void devices_without_heartbeat_are_never_silent(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);

	rig_call(r, KEEPER, "PATCH", rig_fmt(r, "/api/sensing/device/" FMT_STR, ARG_STR(id)), "{\"heartbeat_s\":0}");
	CHECK_STATUS(r, 200);
	beat(r, "d", "{}");
	rig_pass(r, 2 * HOUR);
	health_is(r, id, "in_order");
}

static void a_silent_gateway_silences_its_devices_as_one(void **state)
{
	struct rig *r = *state;
	struct str gw = rig_device(r, "gateway", "gw", r->north), cams[3];

	for (int i = 0; i < 3; i++) {
		rig_post(r, rig_event(r, rig_fmt(r, "gw/cam%d", i), "x", "t", "")); /* makes it known */
		rig_call(r, KEEPER, "GET", rig_fmt(r, "/api/sensing/device?source=gw%%2Fcam%d", i), NULL);
		cams[i] = arena_dup(r->a, json_get_text(json_get(r->answer, "items")->child, "id"));
		rig_call(r, KEEPER, "POST", rig_fmt(r, "/api/sensing/device/" FMT_STR "/approve", ARG_STR(cams[i])),
			 rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->gate)));
		CHECK_STATUS(r, 200);
		rig_post(r, rig_event(r, rig_fmt(r, "gw/cam%d", i), "y", "t", ""));
		CHECK_STATUS(r, 200);
	}
	beat(r, "gw", "{}");
	rig_pass(r, 20 * SECOND);
	health_is(r, cams[1], "in_order");
	rig_pass(r, 200 * SECOND);
	health_is(r, gw, "silent");
	for (int i = 0; i < 3; i++)
		health_is(r, cams[i], "silent");
	assert_int_equal(topics(r, "silent"), 1); /* one word for all of them */
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_gap WHERE to_at IS NULL AND reason = 'gateway'"),
			 3);
	beat(r, "gw", "{}");
	rig_pass(r, 20 * SECOND);
	for (int i = 0; i < 3; i++)
		health_is(r, cams[i], "in_order");
	assert_int_equal(topics(r, "back"), 1);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_gap WHERE to_at IS NULL"), 0);
	/* The gateway says itself that it leaves: at once, without waiting. */
	send_at(r, "gw", "cn.jiuan.device.offline.v1", "{\"reason\":\"stopped\"}", r->now);
	rig_pass(r, 10 * SECOND);
	health_is(r, gw, "silent");
	health_is(r, cams[2], "silent");
	send_at(r, "gw", "cn.jiuan.device.online.v1", "{}", r->now);
	rig_pass(r, 20 * SECOND);
	health_is(r, cams[2], "in_order");
}

static void what_heartbeats_say(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);
	static const struct {
		const char *data, *health;
	} says[] = {
		{ "{\"battery\":20}", "in_order" },
		{ "{\"battery\":19}", "low_battery" },
		{ "{\"battery\":101}", "low_battery" },
		{ "{\"battery\":100}", "in_order" },
		{ "{\"tamper\":true}", "tampered" },
		{ "{\"battery\":1}", "tampered" },
		{ "{\"tamper\":false,\"battery\":50}", "in_order" },
		{ "{\"covered\":true}", "covered" },
		{ "{\"covered\":1}", "covered" },
		{ "{\"covered\":false}", "in_order" },
		{ "{\"tamper\":\"yes\",\"battery\":\"low\",\"skew_ms\":1.5}", "in_order" },
	};

	for (size_t i = 0; i < COUNT(says); i++) {
		beat(r, "d", says[i].data);
		rig_pass(r, 10 * SECOND);
		health_is(r, id, says[i].health);
	}
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_gap WHERE reason = 'tampered' AND to_at > from_at"),
			 1);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_gap WHERE reason = 'covered' AND to_at > from_at"),
			 1);
	for (int i = 0; i < 8; i++)
		beat(r, "d", "{\"skew_ms\":-200000}");
	rig_pass(r, 10 * SECOND);
	health_is(r, id, "clock_off");
	assert_int_equal(rig_int(r, "skew_ms"), -200000);
}

static void a_clock_is_judged_by_its_middle(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);

	for (int i = 0; i < 8; i++)
		send_at(r, "d", "t", "{}", i % 3 == 0 ? r->now - DAY : r->now - SECOND); /* some came late */
	rig_pass(r, 10 * SECOND);
	health_is(r, id, "in_order");
	assert_int_equal(rig_int(r, "skew_ms"), 1000);
	for (int i = 0; i < 8; i++)
		send_at(r, "d", "t", "{}", r->now + 3 * MINUTE);
	rig_pass(r, 10 * SECOND);
	health_is(r, id, "clock_off");
	assert_int_equal(rig_int(r, "skew_ms"), -180000);
}

static void flush_and_restart_agree(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);
	int64_t seen;

	beat(r, "d", "{\"battery\":50}");
	rig_pass(r, 10 * SECOND);
	beat(r, "d", "{\"battery\":10,\"tamper\":true}"); /* not flushed */
	seen = r->now;
	rig_reopen(r);
	rig_pass(r, 10 * SECOND);
	health_is(r, id, "tampered");
	assert_int_equal(rig_int(r, "battery"), 10);
	assert_int_equal(rig_int(r, "events_total"), 2);
	assert_int_equal(rig_count(r, "SELECT last_seen_at FROM sensing_device"), seen);
	/* Devices cost no version of their own: a form stays valid while they talk. */
	int64_t version = rig_int(r, "version");

	beat(r, "d", "{}");
	assert_int_equal(app_run_job(r->app, "sensing.flush"), RC_OK);
	health_is(r, id, "tampered");
	assert_int_equal(rig_int(r, "version"), version);
}

static void our_own_absence_is_a_gap(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);
	int64_t away;

	beat(r, "d", "{}");
	rig_pass(r, 10 * SECOND);
	away = r->now;
	r->now += HOUR;
	rig_reopen(r);
	rig_pass(r, 60 * SECOND); /* silence counts from the start */
	health_is(r, id, "in_order");
	assert_int_equal(rig_count(r, "SELECT from_at FROM sensing_gap WHERE reason = 'server'"), away);
	assert_int_equal(rig_count(r, "SELECT to_at - from_at FROM sensing_gap WHERE reason = 'server'"), HOUR);
}

static enum rc overlap(struct ctx *c, void *arg)
{
	struct rig *r = arg;
	int64_t total, t = 1773000000 * SECOND;
	struct str id;

	TRY(db_text(c, "SELECT id FROM sensing_device", NO_ARGS, &id));
	static const int64_t spans[][2] = { { 0, 10 }, { 5, 20 }, { 30, 40 }, { 32, 35 }, { 90, 0 } };

	for (size_t i = 0; i < COUNT(spans); i++)
		TRY(db_run(c,
			   "INSERT INTO sensing_gap (id, version, created_at, updated_at, device_id, place_path, "
			   "from_at, to_at, reason)"
			   " VALUES ($1, 1, 1, 1, $2, '36.', $3, $4, 'silent')",
			   ARGS(V_STR(ctx_new_id(c)), V_STR(id), V_INT(t + spans[i][0] * SECOND),
				spans[i][1] ? V_INT(t + spans[i][1] * SECOND) : V_NULL),
			   NULL));
	(void)r;
	TRY(sensing_gaps(c, id, t, t + 100 * SECOND, NULL, NULL, &total));
	assert_int_equal(total, 40 * SECOND);
	TRY(sensing_gaps(c, id, t + 8 * SECOND, t + 33 * SECOND, NULL, NULL, &total));
	assert_int_equal(total, 15 * SECOND);
	TRY(sensing_gaps(c, id, t + 50 * SECOND, t + 60 * SECOND, NULL, NULL, &total));
	assert_int_equal(total, 0);
	return RC_OK;
}

static void gaps_add_up_once(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	assert_int_equal(app_unit(r->app, overlap, r), RC_OK);
}

static void old_events_go(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	beat(r, "d", "{}");
	beat(r, "d", "{}");
	r->now += 20 * DAY;
	beat(r, "d", "{}");
	r->now += 40 * DAY; /* a clock that jumped: the log says it is day 20 */
	assert_int_equal(app_run_job(r->app, "sensing.purge"), RC_OK);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_event"), 3);
	r->now -= 25 * DAY;
	beat(r, "d", "{}");
	assert_int_equal(app_run_job(r->app, "sensing.purge"), RC_OK);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_event"), 2);
	r->now += 5 * MINUTE;
	rig_reopen(r);
	beat(r, "d", "{}");
	assert_int_equal(rig_count(r, "SELECT max(seq) FROM sensing_event"), 5);
	/* Numbers go on also when every row went. */
	rig_count(r, "DELETE FROM sensing_event");
	assert_int_equal(app_run_job(r->app, "sensing.purge"), RC_OK);
	beat(r, "d", "{}");
	assert_true(rig_count(r, "SELECT max(seq) FROM sensing_event") > 4);
}

static void failures_of_the_jobs_leave_no_trace(void **state)
{
	struct rig *r = *state;
	struct str id = rig_device(r, "door", "d", r->gate);
	static const char *const jobs[] = { "sensing.flush", "sensing.health", "sensing.purge" };

	beat(r, "d", "{\"battery\":10}");
	for (size_t i = 0; i < COUNT(jobs); i++) {
		for (int n = 1; n < 200; n++) {
			conn_fail_at(app_conn(r->app), n);
			enum rc rc = app_run_job(r->app, jobs[i]);

			conn_fail_at(app_conn(r->app), 0);
			if (rc == RC_OK)
				break;
			assert_int_equal(rc, RC_BUSY);
			assert_true(n < 199);
		}
	}
	health_is(r, id, "low_battery");
	assert_int_equal(rig_int(r, "events_total"), 1);
	rig_pass(r, 300 * SECOND);
	health_is(r, id, "silent");
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_gap"), 1);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
		TEST(silence_opens_a_gap_and_life_closes_it),
		TEST(devices_without_heartbeat_are_never_silent),
		TEST(a_silent_gateway_silences_its_devices_as_one),
		TEST(what_heartbeats_say),
		TEST(a_clock_is_judged_by_its_middle),
		TEST(flush_and_restart_agree),
		TEST(our_own_absence_is_a_gap),
		TEST(gaps_add_up_once),
		TEST(old_events_go),
		TEST(failures_of_the_jobs_leave_no_trace),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("sensing health", group);
}
