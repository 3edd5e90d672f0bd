/* Shifts and tasks. */
#include "cases.h"

#define HEAD "head@" NORTH
#define DESK "seat@" NORTH
#define TASK "/api/dispatch/task"

static void wanted(struct stage *s)
{
	stage_alert(s, "alert", fmt(&s->r, "kind-%zu", s->r.now % 1000), "dwelling");
	s->r.now += 1;
	stage_do(s, "/api/watch/alert/$alert/ack", "{}", 200);
	stage_settle(s);
}

static void offered(struct stage *s)
{
	wanted(s);
	stage_make(s, "task", TASK, "{\"alert_id\":\"$alert\",\"worker_id\":\"$worker\"}");
	stage_settle(s);
}

/* At the door by position: the one value that is there. */
static void near(struct stage *s)
{
	stage_settle(s);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM dispatch_position"), 1);
}

/* Nobody opens; one rung after the other, each test from a fresh ladder. */
static void asked_for(struct stage *s)
{
	run_sql(&s->r, "UPDATE dispatch_attempt SET state = 'withdrawn' WHERE state IN ('asked', 'going')");
	stage_put(s, "attempt",
		  create(&s->r, stage_actor(s, "worker"), stage_fill(s, TASK "/$task/door"),
			 "{\"word\":\"locksmith\",\"reason\":\"smell of gas\"}"));
}

static void at_locked_door(struct stage *s)
{
	static const char *const steps[] = { "accept",   "{}", "start", "{}", "arrive", "{\"proof\":\"none\"}",
					     "no_reply", "{}" };

	offered(s);
	for (size_t i = 0; i < COUNT(steps); i += 2)
		call(&s->r, stage_actor(s, "worker"), "POST", stage_fill(s, fmt(&s->r, TASK "/$task/%s", steps[i])),
		     steps[i + 1], 200);
	asked_for(s);
}

static void calling(struct stage *s)
{
	run_sql(&s->r, "UPDATE dispatch_attempt SET state = 'withdrawn' WHERE state IN ('asked', 'going')");
	stage_put(s, "attempt",
		  create(&s->r, stage_actor(s, "worker"), stage_fill(s, TASK "/$task/door"),
			 "{\"word\":\"family\",\"reason\":\"nobody next door\"}"));
	/* Whoever the watch is about has somebody to call; this answer alone tells who. */
	run_sql(&s->r, stage_fill(s, "DELETE FROM people_contact WHERE person_id = '$elder'"));
	run_sql(&s->r,
		stage_fill(s,
			   "INSERT INTO people_contact (id, version, created_at, updated_at, person_id, kind, "
			   "name, phone, order_no) VALUES ('kin', 1, 1, 1, '$elder', 'family', 'Kin', '5550100', 1)"));
	run_sql(&s->r,
		stage_fill(s,
			   "INSERT INTO watch_welfare (id, version, created_at, updated_at, dwelling_id, place_path, "
			   "place_label, person_id, state, hours, sources, consent_text_version, consent_at, "
			   "counted_from) VALUES ('kin', 1, 1, 1, '$dwelling', '" NORTH
			   "', 'x', '$elder', 'active', 72, '[]', '1', 1, 1)"));
	run_sql(&s->r, stage_fill(s, "UPDATE watch_alert SET welfare_id = 'kin' WHERE id = '$alert'"));
}

/* The seat of the day, held for two minutes, with something urgent open. */
static void seated(struct stage *s)
{
	s->r.now += 2 * MINUTE;
	stage_make(s, "seat_shift", "/api/dispatch/shift",
		   "{\"person_id\":\"$seat\",\"place_id\":\"$north\",\"from_at\":\"$-1\",\"to_at\":\"$+400\",\"kind\":"
		   "\"seat\"}");
	stage_make(s, "next", "/api/people/person", "{\"name\":\"Cid\",\"display\":\"Cid\"}");
	stage_make(s, "next_post", "/api/people/post",
		   "{\"person_id\":\"$next\",\"role\":\"seat\",\"place_id\":\"$north\"}");
	stage_alert(s, "alert", "handed-over", "dwelling");
	run_sql(&s->r, "UPDATE watch_alert SET severity = 'high', desk_rank = 1");
	run_sql(&s->r, "UPDATE watch_alert SET severity = 'urgent', desk_rank = 0 WHERE kind = 'handed-over'");
	stage_settle(s);
}

static void offered_again(struct stage *s)
{
	stage_put(s, "handover",
		  create(&s->r, stage_actor(s, "seat"), "/api/dispatch/handover",
			 stage_fill(s, "{\"shift_id\":\"$seat_shift\"}")));
}

const struct write_case dispatch_cases[] = {
	{ "POST /api/dispatch/shift", HEAD, NULL,
	  "{\"person_id\":\"$worker\",\"place_id\":\"$north\",\"from_at\":\"$+900\",\"to_at\":\"$+1200\",\"kind\":"
	  "\"field\"}",
	  .want = 201, .save = "next_shift" },
	{ "PATCH /api/dispatch/shift/{id}", HEAD, "/api/dispatch/shift/$next_shift", "{\"to_at\":\"$+1100\"}",
	  .want = 200 },
	{ "POST /api/dispatch/task", DESK, NULL, "{\"alert_id\":\"$alert\",\"worker_id\":\"$worker\"}", .want = 201,
	  .before = wanted, .save = "task" },
	{ "POST /api/dispatch/position", "worker", NULL, "{\"lon\":115.9,\"lat\":28.68,\"accuracy_m\":5}",
	  .want = 204 },
	{ "POST /api/dispatch/task/{id}/accept", "worker", TASK "/$task/accept", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/start", "worker", TASK "/$task/start", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/arrive", "worker", TASK "/$task/arrive", "{\"proof\":\"position\"}",
	  .want = 200, .before = near },
	{ "POST /api/dispatch/task/{id}/well", "worker", TASK "/$task/well", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/panic", "worker", TASK "/$task/panic", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/where", DESK, TASK "/$task/where", NULL, .want = 200, .secret = true },
	{ "POST /api/dispatch/task/{id}/no_reply", "worker", TASK "/$task/no_reply", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/door", "worker", TASK "/$task/door", "{}", .want = 201, .save = "attempt" },
	{ "POST /api/dispatch/attempt/{id}/done", "worker", "/api/dispatch/attempt/$attempt/done",
	  "{\"result\":\"no_answer\"}", .want = 200 },
	{ "POST /api/dispatch/attempt/{id}/refuse", DESK, "/api/dispatch/attempt/$attempt/refuse",
	  "{\"decision\":\"the family has a key\"}", .want = 200, .before = asked_for },
	{ "POST /api/dispatch/attempt/{id}/withdraw", "worker", "/api/dispatch/attempt/$attempt/withdraw", "{}",
	  .want = 200, .before = asked_for },
	{ "POST /api/dispatch/attempt/{id}/contact", "worker", "/api/dispatch/attempt/$attempt/contact", NULL,
	  .want = 200, .before = calling, .secret = true },
	{ "POST /api/dispatch/task/{id}/report", "worker", TASK "/$task/report",
	  "{\"report\":{\"condition\":\"in_order\",\"action\":\"settled\",\"next_step\":\"none\"}}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/review", DESK, TASK "/$task/review", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/close", DESK, TASK "/$task/close", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/refuse", "worker", TASK "/$task/refuse", "{\"refuse_reason\":\"too far\"}",
	  .want = 200, offered },
	{ "POST /api/dispatch/task/{id}/cancel", DESK, TASK "/$task/cancel", "{\"refuse_reason\":\"not needed\"}",
	  .want = 200, offered },
	{ "POST /api/dispatch/attempt/{id}/approve", DESK, "/api/dispatch/attempt/$attempt/approve",
	  "{\"decision\":\"the daughter agreed\"}", .want = 200, .before = at_locked_door },
	{ "POST /api/dispatch/rung", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"level\":1,\"word\":\"neighbour\",\"approve\":\"nobody\",\"wait_min\":5,"
	  "\"two_people\":false}",
	  .want = 201, .save = "rung" },
	{ "PATCH /api/dispatch/rung/{id}", HEAD, "/api/dispatch/rung/$rung", "{\"wait_min\":10}", .want = 200 },
	{ "POST /api/dispatch/mark", DESK, NULL,
	  "{\"place_id\":\"$building\",\"reason\":\"dog\",\"until_at\":\"$+900\"}", .want = 201, .save = "mark" },
	{ "POST /api/dispatch/mark/{id}/end", DESK, "/api/dispatch/mark/$mark/end", "{}", .want = 200 },
	{ "POST /api/dispatch/handover", "seat", NULL, "{\"shift_id\":\"$seat_shift\",\"note\":\"quiet night\"}",
	  .want = 201, .before = seated, .save = "handover" },
	{ "POST /api/dispatch/handover/{id}/withdraw", "seat", "/api/dispatch/handover/$handover/withdraw", "{}",
	  .want = 200 },
	{ "POST /api/dispatch/handover/{id}/accept", "next", "/api/dispatch/handover/$handover/accept",
	  "{\"alert_id\":\"$alert\"}", .want = 200, .before = offered_again },
	{ "POST /api/dispatch/handover/{id}/take", "next", "/api/dispatch/handover/$handover/take",
	  "{\"until_at\":\"$+480\"}", .want = 200 },
	{ "POST /api/dispatch/calendar", "worker", NULL, "{\"scope\":\"own\"}", .want = 201, .save = "calendar" },
	{ "POST /api/dispatch/calendar/{id}/renew", "worker", "/api/dispatch/calendar/$calendar/renew", NULL,
	  .want = 200, .secret = true },
	{ "POST /api/dispatch/calendar/{id}/end", "worker", "/api/dispatch/calendar/$calendar/end", "{}", .want = 200 },
	{ "POST /api/dispatch/rota/import", HEAD, "/api/dispatch/rota/import?place=$north",
	  "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20360309T080000Z\r\nDURATION:PT8H\r\nATTENDEE:" CANARY
	  "\r\nRRULE:FREQ=DAILY;COUNT=3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
	  .want = 200 },
	EXPORT(DESK, "dispatch/handover"),
	EXPORT(DESK, "dispatch/shift"),
	EXPORT(DESK, "dispatch/task"),
	{ 0 },
};
