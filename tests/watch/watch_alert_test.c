/* watch_alert_test.c - the life of an alert: steps, clocks, merging, views. */
#include "watch_rig.h"

#include <stdio.h>
#include <string.h>

#define THROWN "cn.jiuan.camera.thrown.v1"
#define OBJECT "cn.jiuan.camera.object.v1"

static const char *alert_path(struct rig *r, struct str id, const char *rest)
{
	return rig_fmt(r, "/api/watch/alert/" FMT_STR "%s", ARG_STR(id), rest);
}

static struct str thrown(struct rig *r, int camera)
{
	rig_event(r, r->camera[camera], THROWN, "{\"floor\":14,\"score\":0.9}");
	rig_run(r);
	return rig_alert(r, "thrown-object");
}

/* Code words of an alert's timeline in order, "opened rang acked". */
static const char *lines(struct rig *r, struct str id)
{
	struct buf b = buf_new(r->a, 4096);

	CHECK(r, SYSTEM, "GET", alert_path(r, id, "/timeline"), NULL, 200);
	for (const struct json *j = json_get(r->answer, "items")->child; j; j = j->next)
		buf_fmt(&b, "%s" FMT_STR, b.n ? " " : "", ARG_STR(json_get_text(j, "what")));
	return buf_str(&b).p;
}

static void test_two_operators_ack_at_once(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = thrown(r, 0);

	CHECK_TEXT(r, "state", "new");
	CHECK_TEXT(r, "number", "A-1");
	CHECK_TEXT(r, "question", "thrown_object");
	CHECK_TEXT(r, "severity", "urgent");
	CHECK_TEXT(r, "place_label", "7");
	assert_int_equal(rig_int(r, "facts.floor"), 14);
	assert_int_equal(rig_int(r, "sources"), 1);
	r->now += 10 * SECOND;
	CHECK(r, ANN, "POST", alert_path(r, id, "/ack"), "", 200);
	CHECK_TEXT(r, "acked_by_name", "Ann");
	CHECK_TEXT(r, "ack_due_at", "2026-03-12T01:05:10Z");
	r->now += 3 * SECOND;
	CHECK(r, BOB, "POST", alert_path(r, id, "/ack"), "", 409);
	CHECK_TEXT(r, "code", "wrong_state");
	CHECK_TEXT(r, "current.acked_by_name", "Ann");
	CHECK_TEXT(r, "current.acked_at", "2026-03-12T01:00:10Z");
	r->match = "\"1\"";
	CHECK(r, BOB, "POST", alert_path(r, id, "/close"), "{\"outcome\":\"true\",\"outcome_note\":\"seen\"}", 412);
	r->match = NULL;
}

static void test_ack_without_next_step_rings_again(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = thrown(r, 0);

	CHECK(r, ANN, "POST", alert_path(r, id, "/ack"), "", 200);
	rig_pass(r, 5 * MINUTE - SECOND, SECOND);
	CHECK(r, ANN, "GET", alert_path(r, id, ""), NULL, 200);
	CHECK_TEXT(r, "state", "acknowledged");
	CHECK(r, ANN, "POST", alert_path(r, id, "/note"), "{\"text\":\"called the warden\"}", 204); /* a next step */
	rig_pass(r, 5 * MINUTE - SECOND, SECOND);
	CHECK(r, ANN, "GET", alert_path(r, id, ""), NULL, 200);
	CHECK_TEXT(r, "state", "acknowledged");
	rig_pass(r, 2 * SECOND, SECOND);
	CHECK(r, ANN, "GET", alert_path(r, id, ""), NULL, 200);
	CHECK_TEXT(r, "state", "new");
	CHECK_TEXT(r, "acked_by", "");
	assert_string_equal(lines(r, id), "opened rang acked note rang");
	rig_pass(r, MINUTE, SECOND); /* and the ladder starts anew */
	assert_string_equal(lines(r, id), "opened rang acked note rang escalated");
}

static int64_t escalation(struct rig *r, struct str id)
{
	CHECK(r, ANN, "GET", alert_path(r, id, ""), NULL, 200);
	return rig_int(r, "escalation");
}

static void test_the_ladder_climbs_by_the_clock(void **state)
{
	struct rig *r = *state;
	static const struct {
		int64_t at_s, level;
	} want[] = { { 59, 0 },  { 60, 1 },  { 179, 1 }, { 180, 2 }, { 299, 2 },
		     { 300, 3 }, { 599, 3 }, { 600, 4 }, { 3600, 4 } };
	int64_t at = 0;

	rig_seed(r);
	struct str id = thrown(r, 0);

	for (size_t i = 0; i < COUNT(want); i++) {
		rig_pass(r, (want[i].at_s - at) * SECOND, want[i].at_s > 600 ? MINUTE : SECOND);
		at = want[i].at_s;
		assert_int_equal(escalation(r, id), want[i].level);
	}
	CHECK(r, SYSTEM, "GET", alert_path(r, id, "/timeline"), NULL, 200);
	CHECK_TEXT(r, "items.2.what", "escalated");
	CHECK_TEXT(r, "items.2.detail.role", "deputy");
	CHECK_TEXT(r, "items.5.detail.role", "suggestion");
	assert_int_equal(rig_int(r, "items.5.detail.after_s"), 600);
	CHECK(r, ANN, "POST", alert_path(r, id, "/escalate"), "", 409);
	CHECK_TEXT(r, "code", "top_of_ladder");
}

static void test_an_ack_stops_the_ladder_and_a_place_has_its_own(void **state)
{
	struct rig *r = *state;
	const char *body = rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"level\":1,\"role\":\"office\",\"after_s\":30}",
				   ARG_STR(r->north));

	rig_seed(r);
	CHECK(r, RULER, "POST", "/api/watch/escalation", body, 201);
	REFUSED(r, RULER, "POST", "/api/watch/escalation",
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"level\":2,\"role\":\"office\",\"after_s\":30}",
			ARG_STR(r->north)),
		400, "out_of_order", "after_s");
	CHECK(r, ANN, "POST", "/api/watch/escalation", body, 403);
	struct str id = thrown(r, 0);

	rig_pass(r, 30 * SECOND, SECOND);
	assert_int_equal(escalation(r, id), 1);
	rig_pass(r, 10 * MINUTE, 10 * SECOND);
	assert_int_equal(escalation(r, id), 1); /* this ladder has one rung */
	r->now += 10 * MINUTE;
	struct str other = thrown(r, 1); /* past the merge window */

	CHECK(r, ANN, "POST", alert_path(r, other, "/ack"), "", 200);
	rig_pass(r, 2 * MINUTE, SECOND);
	assert_int_equal(escalation(r, other), 0);
	CHECK(r, ANN, "POST", alert_path(r, other, "/escalate"), "{\"note\":\"need help\"}", 200);
	assert_int_equal(rig_int(r, "escalation"), 1);
}

static void test_three_cameras_one_alert(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = thrown(r, 0);

	CHECK(r, ANN, "POST", alert_path(r, id, "/ack"), "", 200);
	for (int i = 1; i < 3; i++) {
		r->now += 61 * SECOND; /* past the cool-down, inside the merge window */
		thrown(r, i);
	}
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_alert"), 1);
	CHECK(r, ANN, "GET", alert_path(r, id, ""), NULL, 200);
	assert_int_equal(rig_int(r, "sources"), 3);
	CHECK_TEXT(r, "state", "acknowledged"); /* not rung again */
	assert_string_equal(lines(r, id), "opened rang acked source_added source_added");
	CHECK(r, ANN, "GET", alert_path(r, id, "/case"), NULL, 200);
	assert_int_equal(rig_int(r, "sources"), 3);
	assert_int_equal(rig_int(r, "events"), 3);
	CHECK_TEXT(r, "events.0.type", THROWN);
	assert_int_equal(rig_int(r, "events.0.data.floor"), 14);
	CHECK_TEXT(r, "rule.name", "高空抛物");
	r->now += 121 * SECOND;
	thrown(r, 0);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_alert"), 2);
}

static void test_higher_severity_rings_again(void **state)
{
	struct rig *r = *state;

	rig_rule(r,
		 "{\"kind\":\"match\",\"severity\":\"normal\",\"template\":\"lift\",\"key\":\"place\",\"when\":{"
		 "\"type\":\"" OBJECT
		 "\"},\"raise\":{\"when\":{\"field\":\"score\",\"op\":\"ge\",\"value\":0.9},\"severity\":\"urgent\"},"
		 "\"cooldown_s\":600,\"merge_s\":600}");
	rig_event(r, r->camera[0], OBJECT, "{\"score\":0.5}");
	rig_run(r);
	struct str id = rig_alert(r, "lift");

	CHECK_TEXT(r, "severity", "normal");
	CHECK(r, ANN, "POST", alert_path(r, id, "/ack"), "", 200);
	r->now += SECOND;
	rig_event(r, r->camera[1], OBJECT, "{\"score\":0.95}"); /* no cool-down holds this back */
	rig_run(r);
	CHECK(r, ANN, "GET", alert_path(r, id, ""), NULL, 200);
	CHECK_TEXT(r, "severity", "urgent");
	CHECK_TEXT(r, "state", "new");
	assert_string_equal(lines(r, id), "opened rang acked source_added rang");
}

static void test_close_needs_an_outcome_and_a_line(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = thrown(r, 0);
	const char *close = alert_path(r, id, "/close");

	REFUSED(r, ANN, "POST", close, "", 400, "required", "outcome");
	REFUSED(r, ANN, "POST", close, "{\"outcome\":\"true\"}", 400, "required", "outcome_note");
	REFUSED(r, ANN, "POST", close, "{\"outcome\":\"maybe\",\"outcome_note\":\"seen\"}", 400, "unknown_word",
		"outcome");
	REFUSED(r, ANN, "POST", close, "{\"outcome\":\"true\",\"outcome_note\":\"a\\nb\"}", 400, "one_line",
		"outcome_note");
	REFUSED(r, ANN, "POST", close, "{\"outcome\":\"true\",\"outcome_note\":\"   \"}", 400, "required",
		"outcome_note");
	REFUSED(r, ANN, "POST", close, "{\"outcome\":\"true\",\"outcome_note\":\"x\"}", 400, "wrong_length",
		"outcome_note");
	REFUSED(r, ANN, "POST", close, "{\"outcome\":\"true\",\"outcome_note\":\"ok\",\"severity\":\"normal\"}", 400,
		"read_only", "severity");
	CHECK(r, ANN, "POST", close, "{\"outcome\":\"useful\",\"outcome_note\":\"a plant fell\"}", 200);
	CHECK_TEXT(r, "closed_by_name", "Ann");
	CHECK(r, ANN, "POST", close, "{\"outcome\":\"true\",\"outcome_note\":\"again\"}", 409);
	rig_run(r);
	assert_int_equal(rig_count(r, "SELECT closed_useful FROM watch_rule WHERE template = 'thrown-object'"), 1);
	CHECK(r, ANN, "POST", alert_path(r, id, "/reopen"), "{\"note\":\"it was a stone\"}", 200);
	CHECK_TEXT(r, "state", "new");
	rig_run(r);
	assert_int_equal(rig_count(r, "SELECT closed_useful FROM watch_rule WHERE template = 'thrown-object'"), 0);
}

static void test_merge_and_unmerge(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str a = thrown(r, 0);

	rig_event(r, r->lane, "cn.jiuan.door.forced.v1", "");
	rig_run(r);
	struct str b = rig_alert(r, "door-forced");
	const char *into = rig_fmt(r, "{\"merged_into\":\"" FMT_STR "\"}", ARG_STR(a));

	REFUSED(r, ANN, "POST", alert_path(r, a, "/merge"), into, 400, "same_alert", "merged_into");
	CHECK(r, ANN, "POST", alert_path(r, b, "/merge"), into, 200);
	CHECK_TEXT(r, "state", "closed");
	CHECK(r, ANN, "GET", alert_path(r, a, ""), NULL, 200);
	assert_int_equal(rig_int(r, "sources"), 2);
	r->now += 9 * MINUTE;
	CHECK(r, ANN, "POST", alert_path(r, b, "/reopen"), "{\"note\":\"not the same\"}", 200);
	CHECK_TEXT(r, "merged_into", "");
	CHECK(r, ANN, "GET", alert_path(r, a, ""), NULL, 200);
	assert_int_equal(rig_int(r, "sources"), 1);
	CHECK(r, ANN, "POST", alert_path(r, b, "/merge"), into, 200);
	r->now += 11 * MINUTE;
	CHECK(r, ANN, "POST", alert_path(r, b, "/reopen"), "{\"note\":\"too late\"}", 409);
	CHECK_TEXT(r, "code", "too_late");
	CHECK(r, ANN, "POST", alert_path(r, a, "/close"), "{\"outcome\":\"true\",\"outcome_note\":\"done\"}", 200);
	rig_event(r, r->lane, "cn.jiuan.door.forced.v1", "");
	rig_run(r);
	struct str c = rig_alert(r, "door-forced");

	assert_false(str_eq(b, c));
	CHECK(r, ANN, "POST", alert_path(r, c, "/merge"), into, 409);
	CHECK_TEXT(r, "code", "target_closed");
}

/* ---- silences -------------------------------------------------------------------- */

#define LANE "cn.jiuan.camera.lane.v1"

static void test_silence_ends_and_rings_if_it_goes_on(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	const char *body =
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"until_at\":\"2026-03-12T02:00:00Z\",\"reason\":\"works\"}",
			ARG_STR(r->gate));

	CHECK(r, ANN, "POST", "/api/watch/silence", body, 201);
	rig_event(r, r->lane, LANE, "{\"zone\":\"north-lane\",\"occupied\":true}");
	rig_pass(r, 6 * MINUTE, 10 * SECOND);
	struct str id = rig_alert(r, "fire-lane");

	assert_int_equal(rig_int(r, "silenced"), 1);
	assert_int_equal(rig_int(r, "ongoing"), 1);
	assert_string_equal(lines(r, id), "opened silenced");
	rig_pass(r, 30 * MINUTE, MINUTE);
	assert_int_equal(escalation(r, id), 0);
	assert_int_equal(rig_count(r, "SELECT held FROM watch_silence"), 1);
	rig_pass(r, 24 * MINUTE + 30 * SECOND, 30 * SECOND); /* 02:00:30 */
	assert_string_equal(lines(r, id), "opened silenced rang");
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_silence WHERE state = 'ended'"), 1);
	/* What is over does not ring when its silence ends. */
	CHECK(r, ANN, "POST", "/api/watch/silence",
	      rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"until_at\":\"2026-03-12T03:00:00Z\",\"reason\":\"works\"}",
		      ARG_STR(r->gate)),
	      201);
	struct str silence = rig_text(r, "id");

	rig_event(r, r->lane, LANE, "{\"zone\":\"north-lane\",\"occupied\":false}");
	rig_run(r);
	CHECK(r, ANN, "POST", rig_fmt(r, "/api/watch/silence/" FMT_STR "/end", ARG_STR(silence)), "", 200);
	assert_string_equal(lines(r, id), "opened silenced rang silenced note");
}

static void test_silence_input(void **state)
{
	struct rig *r = *state;
	const char *ok = "\"until_at\":\"2026-03-12T02:00:00Z\",\"reason\":\"works\"";

	REFUSED(r, ANN, "POST", "/api/watch/silence", rig_fmt(r, "{%s}", ok), 400, "required", "place_id");
	REFUSED(r, ANN, "POST", "/api/watch/silence", rig_fmt(r, "{%s,\"place_id\":\"nowhere\"}", ok), 400,
		"unknown_place", "place_id");
	REFUSED(r, ANN, "POST", "/api/watch/silence", rig_fmt(r, "{%s,\"rule_id\":\"none\"}", ok), 400, "unknown_rule",
		"rule_id");
	REFUSED(r, ANN, "POST", "/api/watch/silence",
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"reason\":\"works\"}", ARG_STR(r->gate)), 400, "required",
		"until_at");
	REFUSED(r, ANN, "POST", "/api/watch/silence",
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"until_at\":\"2026-03-12T02:00:00Z\"}", ARG_STR(r->gate)),
		400, "required", "reason");
	REFUSED(r, ANN, "POST", "/api/watch/silence",
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"until_at\":\"2026-03-11T02:00:00Z\",\"reason\":\"works\"}",
			ARG_STR(r->gate)),
		400, "out_of_range", "until_at");
	CHECK(r, ANN, "POST", "/api/watch/silence",
	      rig_fmt(r, "{%s,\"place_id\":\"" FMT_STR "\"}", ok, ARG_STR(r->south)), 403);
	CHECK(r, NONE, "POST", "/api/watch/silence",
	      rig_fmt(r, "{%s,\"place_id\":\"" FMT_STR "\"}", ok, ARG_STR(r->gate)), 403);
}

/* ---- who sees, which step from where -------------------------------------------------- */

static void test_visibility(void **state)
{
	struct rig *r = *state;
	static const struct {
		enum who who;
		int get, list, step;
	} want[] = { { ANN, 200, 1, 200 },
		     { CITY, 200, 1, 200 },
		     { SOUTH, 404, 0, 404 },
		     { CHILD, 404, 0, 404 },
		     { NONE, 403, -1, 403 } };

	rig_seed(r);
	struct str id = thrown(r, 0); /* in building 7; CHILD is building 3 */

	for (size_t i = 0; i < COUNT(want); i++) {
		CHECK(r, want[i].who, "GET", alert_path(r, id, ""), NULL, want[i].get);
		CHECK(r, want[i].who, "GET", alert_path(r, id, "/case"), NULL, want[i].get);
		CHECK(r, want[i].who, "GET", alert_path(r, id, "/timeline"), NULL, want[i].get);
		CHECK(r, want[i].who, "POST", alert_path(r, id, "/note"), "{\"text\":\"hello\"}",
		      want[i].get == 200 ? 204 : want[i].get);
		rig_call(r, want[i].who, "GET", "/api/watch/alert?state=new,acknowledged,dispatched&sort=desk", NULL);
		assert_int_equal(rig_int(r, "items"), want[i].list);
		rig_call(r, want[i].who, "GET", "/api/watch/board", NULL);
		assert_int_equal(rig_int(r, "open.urgent"), want[i].list);
		CHECK(r, want[i].who, "POST", alert_path(r, id, "/ack"), "", want[i].step);
		rig_sql(r, "UPDATE watch_alert SET state = 'new'");
	}
}

static void test_step_table(void **state)
{
	struct rig *r = *state;
	static const char *const verbs[] = { "ack",   "dispatch", "release", "ring",
					     "close", "escalate", "merge",   "reopen" };
	static const char *const bodies[] = { "",
					      "",
					      "",
					      "",
					      "{\"outcome\":\"true\",\"outcome_note\":\"ok then\"}",
					      "",
					      "{\"merged_into\":\"nothing\"}",
					      "{\"note\":\"again\"}" };
	/* By state new, acknowledged, dispatched, closed: may the desk do it? 'n' no, 'y' yes, '-' not theirs, 'm' 404
	 * of the target */
	static const char *const want[] = { "ynnn", "----", "----", "----", "yyyn", "yyyn", "mmmn", "nnny" };

	rig_seed(r);
	struct str id = thrown(r, 0);

	for (size_t v = 0; v < COUNT(verbs); v++) {
		for (size_t s = 0; s < 4; s++) {
			char w = want[v][s];

			rig_sql(r, rig_fmt(r,
					   "UPDATE watch_alert SET state = '%s', escalation = 0, merged_into = NULL, "
					   "outcome = NULL,"
					   " outcome_note = NULL",
					   watch_states[s]));
			CHECK(r, ANN, "POST", alert_path(r, id, rig_fmt(r, "/%s", verbs[v])), bodies[v],
			      w == 'y'   ? 200
			      : w == 'n' ? 409
			      : w == '-' ? 403
					 : 404);
		}
	}
	CHECK(r, ANN, "POST", "/api/watch/alert", "{}", 405);
	CHECK(r, ANN, "PATCH", alert_path(r, id, ""), "{\"severity\":\"normal\"}", 405);
}

static void test_desk_order_and_board(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	CHECK(r, ANN, "GET", "/api/watch/board", NULL, 200);
	CHECK_TEXT(r, "last_closed_at", "");
	rig_event(r, r->camera[0], OBJECT,
		  "{\"label\":\"e-bike\",\"phase\":\"new\",\"score\":0.8,\"zone\":\"lobby\",\"object_id\":\"o1\"}");
	rig_run(r);
	r->now += SECOND;
	rig_event(r, r->lane, "cn.jiuan.door.forced.v1", "");
	rig_run(r);
	r->now += SECOND;
	thrown(r, 0);
	CHECK(r, ANN, "GET", "/api/watch/alert?state=new,acknowledged,dispatched&sort=desk", NULL, 200);
	CHECK_TEXT(r, "items.0.kind", "door-forced");
	CHECK_TEXT(r, "items.1.kind", "thrown-object");
	CHECK_TEXT(r, "items.2.kind", "e-bike-inside");
	CHECK_TEXT(r, "items.2.facts.zone", "lobby");
	CHECK(r, ANN, "GET", "/api/watch/board", NULL, 200);
	assert_int_equal(rig_int(r, "open.urgent"), 2);
	assert_int_equal(rig_int(r, "open.high"), 1);
	assert_int_equal(rig_int(r, "last_10_min"), 3);
	assert_int_equal(rig_int(r, "devices.total"), 6);
}

static void test_note_input(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = thrown(r, 0);

	REFUSED(r, ANN, "POST", alert_path(r, id, "/note"), "{}", 400, "required", "text");
	REFUSED(r, ANN, "POST", alert_path(r, id, "/note"), "{\"text\":\"a\",\"x\":1}", 400, "unknown_field", "x");
	CHECK(r, ANN, "POST", alert_path(r, id, "/note"), "{\"text\":\"said hello\"}", 204);
	CHECK(r, ANN, "GET", alert_path(r, id, "/timeline"), NULL, 200);
	CHECK_TEXT(r, "items.2.detail.text", "said hello");
	CHECK_TEXT(r, "items.2.actor_name", "Ann");
}

/* ---- tasks, told by events ---------------------------------------------------------------- */

struct told {
	struct str id;
	const char *topic, *body;
};

static enum rc tell(struct ctx *c, void *arg)
{
	const struct told *t = arg;
	struct about about = { .entity = "watch.alert", .id = t->id, .version = 1 };

	return emit(c, str_of(t->topic), &about, str_of(t->body));
}

static void task(struct rig *r, struct str alert, const char *id, const char *verb, const char *state)
{
	struct told t = { str_of(id), rig_fmt(r, "dispatch.task.%s", verb),
			  rig_fmt(r,
				  "{\"alert_id\":\"" FMT_STR
				  "\",\"number\":\"T-7\",\"worker_name\":\"Wang\",\"state\":\"%s\","
				  "\"proof\":\"door_code\"}",
				  ARG_STR(alert), state) };

	assert_int_equal(app_unit(r->app, tell, &t), RC_OK);
	assert_int_equal(app_settle(r->app), RC_OK);
	CHECK(r, ANN, "GET", alert_path(r, alert, ""), NULL, 200);
}

static void test_tasks_move_the_alert(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	struct str id = thrown(r, 0);

	CHECK(r, ANN, "POST", alert_path(r, id, "/ack"), "", 200);
	task(r, id, "t1", "create", "offered");
	CHECK_TEXT(r, "state", "dispatched");
	CHECK_TEXT(r, "task_id", "t1");
	CHECK_TEXT(r, "ack_due_at", "");
	task(r, id, "t1", "expire", "expired");
	CHECK_TEXT(r, "state", "acknowledged");
	CHECK_TEXT(r, "ack_due_at", "2026-03-12T01:05:00Z");
	task(r, id, "t2", "create", "offered");
	task(r, id, "t3", "create", "offered");
	CHECK_TEXT(r, "task_id", "t3");
	task(r, id, "t3", "refuse", "refused"); /* the other still runs */
	CHECK_TEXT(r, "state", "dispatched");
	CHECK_TEXT(r, "task_id", "t2");
	task(r, id, "t2", "accept", "accepted");
	task(r, id, "t2", "start", "on_the_way");
	task(r, id, "t2", "arrive", "arrived");
	task(r, id, "t2", "report", "reported");
	task(r, id, "t2", "review", "reviewed");
	task(r, id, "t2", "close", "closed");
	CHECK_TEXT(r, "state", "dispatched"); /* a person closes */
	assert_string_equal(lines(r, id),
			    "opened rang acked task_offered task_expired task_offered task_offered task_refused"
			    " task_accepted task_started task_arrived task_reported task_reviewed");
	CHECK_TEXT(r, "items.3.detail.worker_name", "Wang");
}

static void test_duty_on_the_board(void **state)
{
	struct rig *r = *state;
	struct told t = { STR("s1"), "dispatch.shift.create",
			  "{\"person_name\":\"Chen\",\"kind\":\"seat\",\"place_path\":\"36.3601.360102.n1.\","
			  "\"from_at\":\"2026-03-12T00:00:00Z\",\"to_at\":\"2026-03-12T08:00:00Z\"}" };

	assert_int_equal(app_unit(r->app, tell, &t), RC_OK);
	assert_int_equal(app_settle(r->app), RC_OK);
	CHECK(r, ANN, "GET", "/api/watch/board", NULL, 200);
	CHECK_TEXT(r, "seat.person_name", "Chen");
	CHECK(r, SOUTH, "GET", "/api/watch/board", NULL, 200);
	CHECK_TEXT(r, "seat.person_name", "");
}

/* ---- questions of other modules -------------------------------------------------------------- */

static struct str raised;

static enum rc raise_no_seat(struct ctx *c, void *arg)
{
	struct rig *r = arg;
	struct watch_question q = { .kind = STR("no_seat"), .place_id = r->north, .severity = WATCH_HIGH };
	struct str id;

	TRY(watch_raise(c, &q, &id));
	raised = arena_dup(r->a, id);
	return RC_OK;
}

static enum rc over_no_seat(struct ctx *c, void *arg)
{
	struct rig *r = arg;

	return watch_over(c, STR("no_seat"), r->north);
}

static void test_questions_of_other_modules(void **state)
{
	struct rig *r = *state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(app_unit(r->app, raise_no_seat, r), RC_OK);
		r->now += SECOND;
	}
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_alert"), 1);
	CHECK(r, ANN, "GET", alert_path(r, raised, ""), NULL, 200);
	CHECK_TEXT(r, "question", "no_seat");
	assert_int_equal(rig_int(r, "ongoing"), 1);
	assert_int_equal(app_unit(r->app, over_no_seat, r), RC_OK);
	CHECK(r, ANN, "GET", alert_path(r, raised, ""), NULL, 200);
	assert_int_equal(rig_int(r, "ongoing"), 0);
	CHECK_TEXT(r, "state", "new"); /* a person decides */
}

static const char *call_of(struct rig *r, struct str place, const char *rest)
{
	return rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"text\":\"water runs down the stairs\",%s}", ARG_STR(place),
		       rest);
}

static void test_a_call_becomes_an_alert(void **state)
{
	struct rig *r = *state;

	CHECK(r, ANN, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"water\""), 201);
	struct str id = rig_text(r, "id");

	CHECK_TEXT(r, "kind", "call-water");
	CHECK_TEXT(r, "question", "call_water");
	CHECK_TEXT(r, "severity", "high");
	CHECK_TEXT(r, "state", "new");
	CHECK_TEXT(r, "facts.source", "call");
	assert_null(strstr(arena_z(r->a, r->body), "stairs")); /* what was said is the case's, not the queue's */
	CHECK(r, SYSTEM, "GET", alert_path(r, id, "/timeline"), NULL, 200);
	CHECK_TEXT(r, "items.2.what", "called");
	CHECK_TEXT(r, "items.2.actor_name", "Ann");
	CHECK_TEXT(r, "items.2.detail.source", "call");
	CHECK_TEXT(r, "items.2.detail.text", "water runs down the stairs");
	/* The next caller about it: the same alert, however long it takes; worse: it rings anew. */
	r->now += 3 * HOUR;
	CHECK(r, BOB, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"water\""), 200);
	assert_true(str_eq(rig_text(r, "id"), id));
	CHECK(r, BOB, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"water\",\"severity\":\"urgent\""),
	      200);
	CHECK_TEXT(r, "severity", "urgent");
	assert_string_equal(lines(r, id), "opened rang called source_added called source_added rang called");
	/* Another kind or place, or the same when the first is closed: another one. */
	CHECK(r, ANN, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"noise\",\"severity\":null"), 201);
	CHECK_TEXT(r, "severity", "normal");
	CHECK(r, ANN, "POST", "/api/watch/call", call_of(r, r->dwelling, "\"kind\":\"water\""), 201);
	CHECK(r, ANN, "POST", alert_path(r, id, "/close"), "{\"outcome\":\"true\",\"outcome_note\":\"shut off\"}", 200);
	CHECK(r, ANN, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"water\""), 201);
	assert_false(str_eq(rig_text(r, "id"), id));
}

static void test_call_input(void **state)
{
	struct rig *r = *state;
	char text[202];
	static const struct {
		const char *rest, *code, *field;
	} bad[] = {
		{ "\"kind\":\"\"", "required", "kind" },
		{ "\"kind\":\"riot\"", "unknown_word", "kind" },
		{ "\"kind\":7", "wrong_type", "kind" },
		{ "\"kind\":\"gas\",\"severity\":\"worst\"", "unknown_word", "severity" },
		{ "\"kind\":\"gas\",\"caller\":\"0791\"", "unknown_field", "caller" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		REFUSED(r, ANN, "POST", "/api/watch/call", call_of(r, r->building, bad[i].rest), 400, bad[i].code,
			bad[i].field);
	REFUSED(r, ANN, "POST", "/api/watch/call", "{\"kind\":\"gas\",\"text\":\"x\"}", 400, "required", "place_id");
	REFUSED(r, SOUTH, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"gas\""), 400, "unknown_place",
		"place_id");
	CHECK(r, CARE, "POST", "/api/watch/call", call_of(r, r->building, "\"kind\":\"gas\""), 403);
	for (size_t n = 199; n <= 201; n++) {
		memset(text, 'x', n);
		text[n] = 0;
		CHECK(r, ANN, "POST", "/api/watch/call",
		      rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"kind\":\"gas\",\"text\":\"%s\"}",
			      ARG_STR(r->building), text),
		      n == 199   ? 201
		      : n == 200 ? 200
				 : 400);
	}
	CHECK_TEXT(r, "code", "wrong_length");
	REFUSED(r, ANN, "POST", "/api/watch/call",
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"kind\":\"gas\",\"text\":\"a\\nb\"}", ARG_STR(r->building)),
		400, "one_line", "text");
	REFUSED(r, ANN, "POST", "/api/watch/call",
		rig_fmt(r, "{\"place_id\":\"" FMT_STR "\",\"kind\":\"gas\",\"text\":\" \"}", ARG_STR(r->building)), 400,
		"required", "text");
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_alert"), 1);
	CHECK(r, ANN, "GET", "/api/watch/call", NULL, 200);
	CHECK_TEXT(r, "items.0.kind", "fire");
	CHECK_TEXT(r, "items.0.severity", "urgent");
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
		T(test_two_operators_ack_at_once),
		T(test_ack_without_next_step_rings_again),
		T(test_the_ladder_climbs_by_the_clock),
		T(test_an_ack_stops_the_ladder_and_a_place_has_its_own),
		T(test_three_cameras_one_alert),
		T(test_higher_severity_rings_again),
		T(test_close_needs_an_outcome_and_a_line),
		T(test_merge_and_unmerge),
		T(test_silence_ends_and_rings_if_it_goes_on),
		T(test_silence_input),
		T(test_visibility),
		T(test_step_table),
		T(test_desk_order_and_board),
		T(test_note_input),
		T(test_tasks_move_the_alert),
		T(test_duty_on_the_board),
		T(test_questions_of_other_modules),
		T(test_a_call_becomes_an_alert),
		T(test_call_input),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run_all("watch alert", group);
}
