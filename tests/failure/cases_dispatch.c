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
	{ "POST /api/dispatch/task/{id}/report", "worker", TASK "/$task/report",
	  "{\"report\":{\"condition\":\"in_order\",\"action\":\"settled\",\"next_step\":\"none\"}}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/review", DESK, TASK "/$task/review", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/close", DESK, TASK "/$task/close", "{}", .want = 200 },
	{ "POST /api/dispatch/task/{id}/refuse", "worker", TASK "/$task/refuse", "{\"refuse_reason\":\"too far\"}",
	  .want = 200, offered },
	{ "POST /api/dispatch/task/{id}/cancel", DESK, TASK "/$task/cancel", "{\"refuse_reason\":\"not needed\"}",
	  .want = 200, offered },
	{ "POST /api/dispatch/handover", "seat", NULL, "{\"shift_id\":\"$seat_shift\",\"note\":\"quiet night\"}",
	  .want = 201, .before = seated, .save = "handover" },
	{ "POST /api/dispatch/handover/{id}/withdraw", "seat", "/api/dispatch/handover/$handover/withdraw", "{}",
	  .want = 200 },
	{ "POST /api/dispatch/handover/{id}/accept", "next", "/api/dispatch/handover/$handover/accept",
	  "{\"alert_id\":\"$alert\"}", .want = 200, .before = offered_again },
	{ "POST /api/dispatch/handover/{id}/take", "next", "/api/dispatch/handover/$handover/take",
	  "{\"until_at\":\"$+480\"}", .want = 200 },
	EXPORT(DESK, "dispatch/handover"),
	EXPORT(DESK, "dispatch/shift"),
	EXPORT(DESK, "dispatch/task"),
	{ 0 },
};
