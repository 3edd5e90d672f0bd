/* Rules, alerts, silences, ladders, welfare. */
#include "cases.h"

#define HEAD "head@" NORTH
#define DESK "seat@" NORTH

static void fresh(struct stage *s)
{
	stage_alert(s, "alert", fmt(&s->r, "kind-%zu", s->r.now % 1000), "dwelling");
	s->r.now += 1;
}

static void acked(struct stage *s)
{
	fresh(s);
	stage_do(s, "/api/watch/alert/$alert/ack", "{}", 200);
	stage_settle(s);
}

static void two(struct stage *s)
{
	fresh(s);
	stage_put(s, "first", stage_get(s, "alert"));
	fresh(s);
}

const struct write_case watch_cases[] = {
	{ "POST /api/watch/rule", HEAD, NULL, "{\"name\":\"Held\",\"template\":\"door-held\",\"place_id\":\"$north\"}",
	  .want = 201, .save = "held" },
	{ "PATCH /api/watch/rule/{id}", HEAD, "/api/watch/rule/$rule",
	  "{\"name\":\"Forced, again\",\"definition\":{\"kind\":\"match\",\"severity\":\"high\",\"key\":\"place\","
	  "\"when\":{\"type\":\"cn.jiuan.door.forced.v1\"}}}",
	  .want = 200 },
	{ "POST /api/watch/rule/{id}/backtest", HEAD, "/api/watch/rule/$held/backtest", "{\"days\":7}", .want = 200,
	  .save = "held_test" },
	{ "POST /api/watch/rule/{id}/switch_on", HEAD, "/api/watch/rule/$held/switch_on",
	  "{\"backtest_id\":\"$held_test\"}", .want = 200 },
	{ "POST /api/watch/rule/{id}/switch_off", HEAD, "/api/watch/rule/$held/switch_off", "{\"reason\":\"noisy\"}",
	  .want = 200 },
	{ "POST /api/watch/call", DESK, NULL,
	  "{\"place_id\":\"$building\",\"kind\":\"water\",\"text\":\"a pipe burst\",\"severity\":\"high\"}",
	  .want = 201 },
	{ "POST /api/watch/alert/{id}/ack", DESK, "/api/watch/alert/$alert/ack", "{}", .want = 200, .before = fresh },
	{ "POST /api/watch/alert/{id}/note", DESK, "/api/watch/alert/$alert/note", "{\"text\":\"rang twice\"}",
	  .want = 204 },
	{ "POST /api/watch/alert/{id}/ring", "system", "/api/watch/alert/$alert/ring", "{}", .want = 200 },
	{ "POST /api/watch/alert/{id}/dispatch", "system", "/api/watch/alert/$alert/dispatch", "{}", .want = 200 },
	{ "POST /api/watch/alert/{id}/release", "system", "/api/watch/alert/$alert/release", "{}", .want = 200 },
	{ "POST /api/watch/alert/{id}/escalate", DESK, "/api/watch/alert/$alert/escalate", "{\"note\":\"worse\"}",
	  .want = 200, acked },
	{ "POST /api/watch/alert/{id}/close", DESK, "/api/watch/alert/$alert/close",
	  "{\"outcome\":\"true\",\"outcome_note\":\"all well\"}", .want = 200 },
	{ "POST /api/watch/alert/{id}/reopen", DESK, "/api/watch/alert/$alert/reopen", "{\"note\":\"again\"}",
	  .want = 200 },
	{ "POST /api/watch/alert/{id}/merge", DESK, "/api/watch/alert/$alert/merge", "{\"merged_into\":\"$first\"}",
	  .want = 200, two },
	{ "POST /api/watch/silence", DESK, NULL,
	  "{\"place_id\":\"$building\",\"until_at\":\"$+60\",\"reason\":\"works\"}", .want = 201, .before = fresh,
	  .save = "silence" },
	{ "PATCH /api/watch/silence/{id}", DESK, "/api/watch/silence/$silence", "{\"until_at\":\"$+90\"}",
	  .want = 200 },
	{ "POST /api/watch/silence/{id}/end", DESK, "/api/watch/silence/$silence/end", "{}", .want = 200 },
	{ "POST /api/watch/escalation", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"level\":1,\"role\":\"deputy\",\"after_s\":60}", .want = 201, .save = "ladder" },
	{ "PATCH /api/watch/escalation/{id}", HEAD, "/api/watch/escalation/$ladder", "{\"after_s\":90}", .want = 200 },
	{ "POST /api/watch/welfare", "elder", NULL,
	  "{\"dwelling_id\":\"$dwelling\",\"person_id\":\"$elder\",\"hours\":72,\"sources\":[\"$door\"],"
	  "\"consent_text_version\":\"2\"}",
	  .want = 201, .save = "welfare" },
	{ "PATCH /api/watch/welfare/{id}", "elder", "/api/watch/welfare/$welfare", "{\"hours\":48}", .want = 200 },
	{ "POST /api/watch/welfare/{id}/reveal", DESK, "/api/watch/welfare/$welfare/reveal",
	  "{\"fields\":[\"person_id\",\"last_seen_at\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1032\"}",
	  .want = 200 },
	{ "POST /api/watch/welfare/{id}/pause", "elder", "/api/watch/welfare/$welfare/pause",
	  "{\"paused_until\":\"$+5000\"}", .want = 200 },
	{ "POST /api/watch/welfare/{id}/resume", HEAD, "/api/watch/welfare/$welfare/resume", "{}", .want = 200 },
	{ "POST /api/watch/leave", "elder", NULL,
	  "{\"welfare_id\":\"$welfare\",\"kind\":\"travel\",\"from_at\":\"$+1\",\"to_at\":\"$+5000\"}", .want = 201,
	  .save = "leave" },
	{ "PATCH /api/watch/leave/{id}", "elder", "/api/watch/leave/$leave", "{\"to_at\":\"$+4000\"}", .want = 200 },
	{ "POST /api/watch/leave/{id}/reveal", DESK, "/api/watch/leave/$leave/reveal",
	  "{\"fields\":[\"kind\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1032\"}", .want = 200 },
	{ "POST /api/watch/welfare/{id}/end", "elder", "/api/watch/welfare/$welfare/end", "{}", .want = 200 },
	EXPORT(HEAD, "watch/rule"),
	EXPORT(HEAD, "watch/alert"),
	EXPORT(HEAD, "watch/silence"),
	EXPORT(HEAD, "watch/escalation"),
	{ 0 },
};
