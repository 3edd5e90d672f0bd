/* A task from offer to outcome: every leg, every refusal, the figures. */
#include "dispatch_rig.h"

#include <string.h>

static struct town town, *const t = &town;

static const char *body_for(struct rig *r, const char *alert_id, enum worker w, const char *more)
{
	return fmt(r, "{\"alert_id\":\"%s\",\"worker_id\":\"%s\"%s}", alert_id, t->person[w], more);
}

static void on_duty(void)
{
	shift(t, ANN, "field", 20);
	shift(t, BOB, "field", 20);
	shift(t, CID, "field", 20);
	shift(t, DAN, "field", 20);
}

static void begin(struct rig *r)
{
	town_build(t, r);
	on_duty();
}

/* ---- offers ------------------------------------------------------------------------- */

static void offers(struct rig *r)
{
	begin(r);
	const char *fresh = alert_new(t, "fire-lane", t->building);

	refused(r, t->desk, "POST", TASK, body_for(r, fresh, ANN, ""), 409, "not_acknowledged", "alert_id");
	const char *a = alert(t, "elder-absence", t->dwelling);

	refused(r, t->desk, "POST", TASK, "{}", 400, "required", "alert_id");
	refused(r, t->desk, "POST", TASK, fmt(r, "{\"alert_id\":\"%s\"}", a), 400, "required", "worker_id");
	assert_int_equal(asked(r, t->desk, "POST", TASK, body_for(r, "x", ANN, "")), 404);
	refused(r, t->desk, "POST", TASK, body_for(r, a, DAN, ""), 400, "no_candidate", "worker_id");
	refused(r, t->desk, "POST", TASK, body_for(r, a, EVE, ""), 400, "no_candidate", "worker_id");
	refused(r, t->desk, "POST", TASK, body_for(r, a, ANN, ",\"state\":\"closed\""), 400, "read_only", "state");
	refused(r, t->desk, "POST", TASK, body_for(r, a, ANN, ",\"due_at\":null"), 400, "read_only", "due_at");
	refused(r, t->desk, "POST", TASK, body_for(r, a, ANN, ",\"instructions\":7"), 400, "wrong_type",
		"instructions");
	refused(r, t->desk, "POST", TASK, body_for(r, a, ANN, ",\"two_people\":1"), 400, "wrong_type", "two_people");
	refused(r, t->worker[ANN], "POST", TASK, body_for(r, a, ANN, ""), 403, "denied", "");
	assert_int_equal(asked(r, t->south_desk, "POST", TASK, body_for(r, a, ANN, "")), 404);
	shift(t, CID, "rest", 1);
	refused(r, t->desk, "POST", TASK, body_for(r, a, CID, ""), 409, "resting", "worker_id");
	fail_every_call(r, t->desk, "POST", TASK, body_for(r, a, ANN, ",\"instructions\":\"ring twice\""), 201);
	const struct json *j = here(r);
	const char *task = text_at(r, j, "id");

	assert_string_equal(text_at(r, j, "number"), "T-1");
	assert_string_equal(text_at(r, j, "state"), "offered");
	assert_string_equal(text_at(r, j, "kind"), "elder-absence");
	assert_string_equal(text_at(r, j, "severity"), "high");
	assert_string_equal(text_at(r, j, "worker_name"), "Ann");
	assert_string_equal(text_at(r, j, "place_id"), t->dwelling);
	assert_string_equal(text_at(r, j, "proof"), "none");
	assert_string_equal(text_at(r, j, "offer_until"), when(t, r->now + MINUTE));
	assert_string_equal(text_at(r, j, "due_at"), when(t, r->now + 10 * MINUTE));
	settle(t);
	assert_string_equal(text_at(r, call(r, t->desk, "GET", fmt(r, "/api/watch/alert/%s", a), NULL, 200), "state"),
			    "dispatched");
	/* Two for one alert only when two are wanted. */
	refused(r, t->desk, "POST", TASK, body_for(r, a, BOB, ""), 409, "task_open", "alert_id");
	call(r, t->desk, "POST", TASK, body_for(r, a, BOB, ",\"two_people\":true"), 201);
	assert_string_equal(text_at(r, here(r), "number"), "T-2");
	settle(t);
	/* Nobody on shift can't be sent. */
	r->now += 21 * HOUR;
	a = alert(t, "thrown-object", t->building);
	refused(r, t->desk, "POST", TASK, body_for(r, a, BOB, ""), 409, "off_shift", "worker_id");
	(void)task;
}

static void test_offers(void **state)
{
	(void)state;
	on_each_kind(offers, town_modules, town_roles);
}

static const char *worker_of(struct rig *r, const char *task)
{
	return text_at(r, call(r, t->city, "GET", fmt(r, TASK "/%s", task), NULL, 200), "worker_name");
}

static const char *refusal = "{\"refuse_reason\":\"at the other end\"}";

static int64_t ended(struct rig *r, const char *alert_id)
{
	const struct json *j = call(r, t->city, "GET", fmt(r, "/api/watch/alert/%s/timeline", alert_id), NULL, 200);
	int64_t n = 0;

	for (const struct json *l = at(j, "items")->child; l; l = l->next)
		n += strcmp(text_at(r, l, "what"), "offers_ended") == 0;
	return n;
}

static void next_one(struct rig *r)
{
	begin(r);
	int64_t first = r->now;
	const char *a = alert(t, "elder-absence", t->dwelling), *one = offer(t, a, ANN), *two, *three;

	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/refuse", one), "{}", 400, "required", "refuse_reason");
	refused(r, t->worker[BOB], "POST", fmt(r, TASK "/%s/refuse", one), refusal, 404, "not_found", "id");
	step(t, t->worker[ANN], one, "refuse", refusal, 200);
	settle(t);
	two = task_in(t, a, "offered");
	assert_non_null(two);
	assert_string_equal(worker_of(r, two), "Bob");
	/* Nobody answers: after a minute it goes on; too late is too late. */
	pass(t, MINUTE);
	assert_string_equal(state_of(t, two), "offered");
	pass(t, 1);
	assert_string_equal(state_of(t, two), "expired");
	refused(r, t->worker[BOB], "POST", fmt(r, TASK "/%s/accept", two), "{}", 409, "wrong_state", "state");
	three = task_in(t, a, "offered");
	assert_non_null(three);
	assert_string_equal(worker_of(r, three), "Cid");
	/* Ten minutes from the first offer: a refusal does not buy time. */
	assert_string_equal(text_at(r, call(r, t->city, "GET", fmt(r, TASK "/%s", three), NULL, 200), "due_at"),
			    when(t, first + 10 * MINUTE));
	assert_int_equal(ended(r, a), 0);
	step(t, t->worker[CID], three, "refuse", refusal, 200);
	settle(t);
	assert_null(task_in(t, a, "offered")); /* three tries: the desk decides again */
	assert_int_equal(ended(r, a), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task"), 3);
	settle(t);
	assert_string_equal(text_at(r, call(r, t->desk, "GET", fmt(r, "/api/watch/alert/%s", a), NULL, 200), "state"),
			    "acknowledged");
	/* Only one can go: after his refusal nobody is asked. */
	const char *b = alert(t, "fire-lane", t->far), *only = offer(t, b, DAN);

	step(t, t->worker[DAN], only, "accept", NULL, 200);
	step(t, t->worker[DAN], only, "start", NULL, 200);
	step(t, t->worker[DAN], only, "refuse", refusal, 200); /* also on the way */
	settle(t);
	assert_null(task_in(t, b, "offered"));
	assert_int_equal(ended(r, b), 1);
}

static void test_next(void **state)
{
	(void)state;
	on_each_kind(next_one, town_modules, town_roles);
}

/* An offer that cannot go on does not hold up the others. */
static void stuck_offer(struct rig *r)
{
	begin(r);
	const char *a = alert(t, "elder-absence", t->dwelling), *one = offer(t, a, ANN), *b, *other;

	call(r, t->desk, "POST", fmt(r, "/api/watch/alert/%s/close", a),
	     "{\"outcome\":\"true\",\"outcome_note\":\"came home\"}", 200);
	call(r, t->desk, "POST", fmt(r, "/api/watch/alert/%s/reopen", a), "{\"note\":\"gone again\"}", 200);
	b = alert(t, "fire-lane", t->building);
	other = offer(t, b, BOB);
	pass(t, 61 * SECOND);
	assert_string_equal(state_of(t, one), "expired");
	assert_string_equal(state_of(t, other), "expired");
	assert_int_equal(ended(r, a), 1); /* who has not acknowledged has not asked anybody */
	assert_string_equal(worker_of(r, task_in(t, b, "offered")), "Ann");
	/* The desk was quicker than the listener: nobody else is asked. */
	const char *quick = alert(t, "smoke", t->building), *first = offer(t, quick, CID);

	step(t, t->worker[CID], first, "refuse", refusal, 200);
	call(r, t->desk, "POST", TASK, body_for(r, quick, BOB, ""), 201);
	settle(t);
	assert_int_equal(at(call(r, t->desk, "GET", fmt(r, TASK "?alert_id=%s", quick), NULL, 200), "items")->n, 2);
	/* What the one was sent with and for goes to the next. */
	const char *c = alert(t, "thrown-object", t->building), *pair, *next;

	pair = create(r, t->desk, TASK, body_for(r, c, BOB, ",\"two_people\":true,\"instructions\":\"bring gloves\""));
	settle(t);
	step(t, t->worker[BOB], pair, "refuse", refusal, 200);
	settle(t);
	next = task_in(t, c, "offered");
	assert_non_null(next);
	assert_true(at(call(r, t->desk, "GET", fmt(r, TASK "/%s", next), NULL, 200), "two_people")->i == 1);
	assert_string_equal(text_at(r, here(r), "instructions"), "bring gloves");
}

static void test_stuck(void **state)
{
	(void)state;
	on_each_kind(stuck_offer, town_modules, town_roles);
}

/* ---- legs ---------------------------------------------------------------------------------- */

static const char *fine =
	"{\"report\":{\"condition\":\"fine\",\"action\":\"talked\",\"next_step\":\"none\",\"note\":\"tea\"}}";
static const char *by_hand = "{\"proof\":\"resident\"}";

enum { N_STATES = 10, N_VERBS = 8 };
static const char *const states[N_STATES] = { "offered",  "accepted", "on_the_way", "arrived", "reported",
					      "reviewed", "closed",   "refused",    "expired", "cancelled" };

/* Every verb in every state: '+' allowed, '-' 409 wrong_state. */
static void every_step(struct rig *r)
{
	const struct {
		const char *verb, *body, *table;
		bool desk;
	} all[N_VERBS] = {
		{ "accept", "{}", "+---------", false }, { "refuse", refusal, "+++-------", false },
		{ "start", "{}", "-+--------", false },  { "arrive", by_hand, "-++-------", false },
		{ "report", fine, "---+------", false }, { "review", "{}", "----+-----", true },
		{ "close", "{}", "----++----", true },   { "cancel", refusal, "++++------", true },
	};

	begin(r);
	const char *a = alert(t, "elder-absence", t->dwelling), *task = offer(t, a, ANN);

	for (size_t v = 0; v < N_VERBS; v++) {
		for (size_t s = 0; s < N_STATES; s++) {
			run_sql(r, fmt(r, "UPDATE dispatch_task SET state = '%s' WHERE id = '%s'", states[s], task));
			const char *path = fmt(r, TASK "/%s/%s", task, all[v].verb);
			const struct actor *who = all[v].desk ? t->desk : t->worker[ANN];
			int want = all[v].table[s] == '+' ? 200 : 409;

			if (asked(r, who, "POST", path, all[v].body) != want)
				fail_msg("%s while %s: %d", all[v].verb, states[s], r->last.status);
			if (want == 409)
				assert_string_equal(text_at(r, here(r), "current.state"), states[s]);
		}
	}
	/* Steps of the desk are not the worker's, and the other way round. */
	run_sql(r, fmt(r, "UPDATE dispatch_task SET state = 'reported' WHERE id = '%s'", task));
	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/review", task), "{}", 403, "denied", "");
	refused(r, t->desk, "POST", fmt(r, TASK "/%s/accept", task), "{}", 403, "denied", "");
	refused(r, t->south_desk, "POST", fmt(r, TASK "/%s/review", task), "{}", 404, "not_found", "id");
	refused(r, t->worker[BOB], "POST", fmt(r, TASK "/%s/accept", task), "{}", 404, "not_found", "id");
}

static void test_every_step(void **state)
{
	(void)state;
	on_each_kind(every_step, town_modules, town_roles);
}

static const char *under_way(struct town *x, const char *kind, enum worker w)
{
	const char *task = offer(x, alert(x, kind, x->dwelling), w);

	step(x, x->worker[w], task, "accept", NULL, 200);
	return task;
}

static void arrivals(struct rig *r)
{
	begin(r);
	const struct json *j =
		call(r, t->desk, "GET", fmt(r, "/api/dispatch/door_code?place=%s", t->dwelling), NULL, 200);
	const char *code = text_at(r, j, "code"), *task, *arrive;

	assert_int_equal(strlen(code), 8);
	assert_string_equal(
		text_at(r, call(r, t->desk, "GET", fmt(r, "/api/dispatch/door_code?place=%s", t->dwelling), NULL, 200),
			"code"),
		code);
	assert_int_equal(asked(r, t->desk, "GET", fmt(r, "/api/dispatch/door_code?place=%s", t->far), NULL), 404);
	refused(r, t->worker[ANN], "GET", fmt(r, "/api/dispatch/door_code?place=%s", t->dwelling), NULL, 403, "denied",
		"");
	task = under_way(t, "elder-absence", ANN);
	arrive = fmt(r, TASK "/%s/arrive", task);
	refused(r, t->worker[ANN], "POST", arrive, "{}", 400, "required", "proof");
	refused(r, t->worker[ANN], "POST", arrive, "{\"proof\":\"face\"}", 400, "unknown_word", "proof");
	refused(r, t->worker[ANN], "POST", arrive, "{\"proof\":\"door_code\"}", 400, "bad_door_code", "proof_note");
	refused(r, t->worker[ANN], "POST", arrive, fmt(r, "{\"proof\":\"door_code\",\"proof_note\":\"%08d\"}", 1), 400,
		"bad_door_code", "proof_note");
	refused(r, t->worker[ANN], "POST", arrive, "{\"proof\":\"position\"}", 400, "no_position", "proof");
	refused(r, t->worker[ANN], "POST", arrive,
		fmt(r, "{\"proof\":\"nfc\",\"arrived_device_at\":\"%s\"}", when(t, r->now + 6 * MINUTE)), 400,
		"out_of_range", "arrived_device_at");
	refused(r, t->worker[ANN], "POST", arrive,
		fmt(r, "{\"proof\":\"nfc\",\"arrived_device_at\":\"%s\"}", when(t, r->now - 73 * HOUR)), 400,
		"out_of_range", "arrived_device_at");
	refused(r, t->worker[ANN], "POST", arrive, "{\"proof\":\"nfc\",\"arrived_at\":\"2026-03-12T01:07:41Z\"}", 400,
		"read_only", "arrived_at");
	r->idem = "phone-without-net";
	fail_every_call(r, t->worker[ANN], "POST", arrive,
			fmt(r, "{\"proof\":\"door_code\",\"proof_note\":\"%s\"}", code), 200);
	call(r, t->worker[ANN], "POST", arrive, fmt(r, "{\"proof\":\"door_code\",\"proof_note\":\"%s\"}", code), 200);
	assert_string_equal(header_of(r, "Idempotency-Replayed"), "true"); /* the phone asked twice */
	r->idem = NULL;
	assert_string_equal(text_at(r, here(r), "arrived_at"), when(t, r->now));
	/* The code opens the next visit too: it is kept nowhere, by whatever name it came. */
	assert_string_equal(text_at(r, here(r), "proof_note"), "ok");
	task = under_way(t, "leak", ANN);
	step(t, t->worker[ANN], task, "arrive", fmt(r, "{\"proof\":\"resident\",\"proof_note\":\"%s\"}", code), 200);
	settle(t);
	assert_int_equal(rows_with(r, code, NULL), 0);
	/* By position: flagged when far, never refused. */
	task = under_way(t, "fire-lane", BOB);
	call(r, t->worker[BOB], "POST", "/api/dispatch/position", "{\"lon\":115.9,\"lat\":28.6863,\"accuracy_m\":10}",
	     204);
	j = step(t, t->worker[BOB], task, "arrive", "{\"proof\":\"position\"}", 200);
	assert_int_equal(strncmp(text_at(r, j, "proof_note"), "far 69", 6), 0); /* 0.0063 degrees of latitude: 698 m */
	task = under_way(t, "thrown-object", CID);
	call(r, t->worker[CID], "POST", "/api/dispatch/position", "{\"lon\":115.9,\"lat\":28.6801,\"accuracy_m\":10}",
	     204);
	j = step(t, t->worker[CID], task, "arrive", "{\"proof\":\"position\"}", 200);
	assert_string_equal(text_at(r, j, "proof_note"), "11 m");
	/* An old one proves nothing. */
	task = under_way(t, "noise", BOB);
	r->now += 15 * MINUTE + 1;
	refused(r, t->worker[BOB], "POST", fmt(r, TASK "/%s/arrive", task), "{\"proof\":\"position\"}", 400,
		"stale_position", "proof");
	/* It does for the moment it was taken in, told later by a phone without network. */
	step(t, t->worker[BOB], task, "arrive",
	     fmt(r, "{\"proof\":\"position\",\"arrived_device_at\":\"%s\"}", when(t, r->now - 10 * MINUTE)), 200);
	/* Late word from a phone without network: the moment at the door counts, but
	 * not before the acceptance, which the server saw itself. */
	int64_t accepted = r->now;

	task = under_way(t, "smoke", ANN);
	r->now += 20 * MINUTE;
	j = step(t, t->worker[ANN], task, "arrive",
		 fmt(r, "{\"proof\":\"nfc\",\"proof_note\":\"tag 7\",\"arrived_device_at\":\"%s\"}",
		     when(t, r->now - 15 * MINUTE)),
		 200);
	assert_string_equal(text_at(r, j, "arrived_at"), when(t, r->now - 15 * MINUTE));
	accepted = r->now;
	task = under_way(t, "water", BOB);
	r->now += MINUTE;
	j = step(t, t->worker[BOB], task, "arrive",
		 fmt(r, "{\"proof\":\"nfc\",\"arrived_device_at\":\"%s\"}", when(t, r->now - HOUR)), 200);
	assert_string_equal(text_at(r, j, "arrived_at"), when(t, accepted));
	assert_string_equal(text_at(r, j, "arrived_device_at"), when(t, r->now - HOUR));
	/* The phone's clock is a little fast: now. */
	task = under_way(t, "gas", CID);
	j = step(t, t->worker[CID], task, "arrive",
		 fmt(r, "{\"proof\":\"nfc\",\"arrived_device_at\":\"%s\"}", when(t, r->now + 4 * MINUTE)), 200);
	assert_string_equal(text_at(r, j, "arrived_at"), when(t, r->now));
}

static void test_arrivals(void **state)
{
	(void)state;
	on_each_kind(arrivals, town_modules, town_roles);
}

/* ---- reports ---------------------------------------------------------------------------------- */

/* The first word of each question. */
static const char *answers(struct rig *r, const struct json *form, const char *more)
{
	struct buf b = buf_new(r->arena, 4096);

	for (const struct json *q = at(form, "fields")->child; q; q = q->next)
		if (strcmp(text_at(r, q, "type"), "choice") == 0)
			buf_fmt(&b, "%s\"%s\":\"%s\"", b.n ? "," : "", text_at(r, q, "name"), text_at(r, q, "words.0"));
	return fmt(r, "{\"report\":{%s%s}}", buf_str(&b).p, more);
}

static void reports(struct rig *r)
{
	static const char *const kinds[] = { "elder-absence", "thrown-object", "e-bike-inside", "fire-lane",
					     "anything-else" };
	static const struct {
		const char *body, *code, *field;
	} bad[] = {
		{ "{}", "required", "report" },
		{ "{\"report\":null}", "required", "report" },
		{ "{\"report\":\"fine\"}", "wrong_type", "report" },
		{ "{\"report\":[]}", "required", "report" },
		{ "{\"report\":{}}", "required", "report.condition" },
		{ "{\"report\":{\"condition\":\"fine\",\"action\":\"talked\"}}", "required", "report.next_step" },
		{ "{\"report\":{\"condition\":\"dead\"}}", "unknown_word", "report.condition" },
		{ "{\"report\":{\"condition\":7}}", "wrong_type", "report.condition" },
		{ "{\"report\":{\"condition\":\"fine\",\"mood\":\"x\"}}", "unknown_field", "report.mood" },
		{ "{\"report\":{\"condition\":\"fine\",\"action\":\"talked\",\"next_step\":\"none\",\"note\":1}}",
		  "wrong_type", "report.note" },
		{ "{\"report\":{\"condition\":\"fine\"},\"state\":\"closed\"}", "read_only", "state" },
	};

	begin(r);
	struct buf letters = buf_new(r->arena, 8192);

	for (int i = 0; i < 1001; i++)
		buf_add(&letters, STR("久"));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct json *form =
			call(r, t->worker[ANN], "GET", fmt(r, "/api/dispatch/form?kind=%s", kinds[i]), NULL, 200);
		const char *task = under_way(t, kinds[i], ANN), *report = fmt(r, TASK "/%s/report", task);

		assert_int_equal(at(form, "fields")->n, 4);
		step(t, t->worker[ANN], task, "arrive", by_hand, 200);
		for (size_t k = 0; i == 0 && k < COUNT(bad); k++)
			refused(r, t->worker[ANN], "POST", report, bad[k].body, 400, bad[k].code, bad[k].field);
		refused(r, t->worker[ANN], "POST", report,
			answers(r, form, fmt(r, ",\"note\":\"%s\"", buf_str(&letters).p)), 400, "wrong_length",
			"report.note");
		if (i == 1)
			refused(r, t->worker[ANN], "POST", report, fine, 400, "unknown_word", "report.condition");
		fail_every_call(r, t->worker[ANN], "POST", report, answers(r, form, ",\"note\":\"done\""), 200);
		assert_string_equal(text_at(r, here(r), "report.note"), "done");
		settle(t);
		fail_every_call(r, t->desk, "POST", fmt(r, TASK "/%s/review", task), "{}", 200);
		fail_every_call(r, t->desk, "POST", fmt(r, TASK "/%s/close", task), "{}", 200);
		settle(t);
		assert_string_equal(state_of(t, task), "closed");
	}
	refused(r, t->worker[ANN], "GET", "/api/dispatch/form", NULL, 400, "required", "kind");
	call(r, t->worker[ANN], "GET", "/api/dispatch/form?kind=%3Cx%3E", NULL, 200);
}

static void test_reports(void **state)
{
	(void)state;
	on_each_kind(reports, town_modules, town_roles);
}

/* ---- who sees what ---------------------------------------------------------------------------------- */

static int64_t seen(struct rig *r, const struct actor *who, const char *path)
{
	return (int64_t)at(call(r, who, "GET", path, NULL, 200), "items")->n;
}

static void sight(struct rig *r)
{
	begin(r);
	const char *ann = under_way(t, "elder-absence", ANN), *bob = offer(t, alert(t, "fire-lane", t->building), BOB);
	const char *dan = offer(t, alert(t, "fire-lane", t->far), DAN);
	const struct {
		const struct actor *who;
		int64_t tasks, mine;
		const char *can[2], *cannot;
	} all[] = {
		{ t->worker[ANN], 1, 1, { ann, ann }, bob },   { t->worker[BOB], 1, 1, { bob, bob }, dan },
		{ t->worker[CID], 0, 0, { NULL, NULL }, ann }, { t->worker[DAN], 1, 1, { dan, dan }, ann },
		{ t->desk, 2, -1, { ann, bob }, dan },         { t->south_desk, 1, -1, { dan, dan }, bob },
		{ t->city, 3, 0, { ann, dan }, NULL },         { t->worker[EVE], 2, -1, { ann, bob }, dan },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		assert_int_equal(seen(r, all[i].who, TASK), all[i].tasks);
		if (all[i].mine >= 0)
			assert_int_equal(seen(r, all[i].who, "/api/dispatch/mine"), all[i].mine);
		else
			refused(r, all[i].who, "GET", "/api/dispatch/mine", NULL, 403, "denied", "");
		for (size_t k = 0; k < 2; k++)
			if (all[i].can[k])
				call(r, all[i].who, "GET", fmt(r, TASK "/%s", all[i].can[k]), NULL, 200);
		if (all[i].cannot)
			refused(r, all[i].who, "GET", fmt(r, TASK "/%s", all[i].cannot), NULL, 404, "not_found", "id");
	}
	/* Nothing about the resident anywhere in it. */
	assert_int_equal(rows_with(r, "13870012345", "people_person"), 0);
	/* Current first: what is under way, then what is offered. */
	offer(t, alert(t, "smoke", t->building), ANN);
	assert_string_equal(
		text_at(r, call(r, t->worker[ANN], "GET", "/api/dispatch/mine", NULL, 200), "items.0.state"),
		"accepted");
	assert_string_equal(text_at(r, here(r), "items.1.state"), "offered");
	step(t, t->desk, ann, "cancel", refusal, 200);
	settle(t);
	assert_string_equal(state_of(t, ann), "cancelled");
	assert_int_equal(seen(r, t->worker[ANN], "/api/dispatch/mine"), 2);
	r->now += 25 * HOUR;
	assert_int_equal(seen(r, t->worker[ANN], "/api/dispatch/mine"), 1); /* the offer, which no job has looked at */
}

static void test_sight(void **state)
{
	(void)state;
	on_each_kind(sight, town_modules, town_roles);
}

/* ---- figures -------------------------------------------------------------------------------------- */

/* Ann is at the door this long after the offer; 0: never. */
static void visit(struct rig *r, int64_t seconds)
{
	const char *task = under_way(t, fmt(r, "kind-%lld", (long long)r->now), ANN);

	r->now += (seconds ? seconds : 700) * SECOND;
	if (seconds) {
		step(t, t->worker[ANN], task, "arrive", by_hand, 200);
		step(t, t->worker[ANN], task, "report",
		     answers(r, call(r, t->worker[ANN], "GET", "/api/dispatch/form?kind=x", NULL, 200), ""), 200);
		step(t, t->desk, task, "close", NULL, 200);
	}
	settle(t);
}

static void figures(struct rig *r)
{
	static const int64_t spans[] = { 600, 120, 300, 601, 60, 240, 480, 900, 180, 0 };
	const char *path = "/api/dispatch/figures?days=7";

	begin(r);
	const struct json *j = call(r, t->desk, "GET", path, NULL, 200);

	assert_int_equal(int_at(j, "arrivals.n"), 0);
	assert_int_equal(int_at(j, "arrivals.d"), 0);
	assert_true(at(j, "arrivals.p50_s")->kind == J_NULL);
	for (size_t i = 0; i < COUNT(spans); i++)
		visit(r, spans[i]);
	/* Sorted: 60 120 180 240 300 480 600 601 900; within 600: seven; one never came. */
	j = call(r, t->desk, "GET", path, NULL, 200);
	assert_int_equal(int_at(j, "arrivals.n"), 7);
	assert_int_equal(int_at(j, "arrivals.d"), 10);
	assert_int_equal(int_at(j, "arrivals.p50_s"), 300); /* nearest rank: the 5th of 9 */
	assert_int_equal(int_at(j, "arrivals.p90_s"), 900); /* the 9th of 9 */
	assert_string_equal(text_at(r, j, "arrivals.definition"), "arrived_within_10_min");
	assert_string_equal(text_at(r, j, "arrivals.as_of"), when(t, r->now));
	assert_non_null(at(j, "precision"));
	r->now += 8 * DAY;
	assert_int_equal(int_at(call(r, t->desk, "GET", path, NULL, 200), "arrivals.d"), 0);
	assert_int_equal(int_at(call(r, t->desk, "GET", "/api/dispatch/figures?days=730", NULL, 200), "arrivals.d"),
			 10);
	static const char *const bad[] = { "0", "731", "x", "" };

	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, t->desk, "GET", fmt(r, "/api/dispatch/figures?days=%s", bad[i]), NULL, 400, "out_of_range",
			"days");
	refused(r, t->worker[ANN], "GET", path, NULL, 403, "denied", "");
}

static void test_figures(void **state)
{
	(void)state;
	on_each_kind(figures, town_modules, town_roles);
}

/* Sums hold what lies where the caller reads, each once. */
static void scopes(struct rig *r)
{
	begin(r);
	const char *path = "/api/dispatch/figures", *north = under_way(t, "elder-absence", ANN),
		   *south = offer(t, alert(t, "fire-lane", t->far), DAN);
	const struct {
		const char *roles;
		int64_t d;
	} all[] = {
		{ fmt(r, "seat@%s", t->north_path), 1 },
		{ fmt(r, "seat@%s", t->south_path), 1 },
		{ fmt(r, "seat@%s,office@%s", t->north_path, t->south_path), 2 },
		{ fmt(r, "seat@%s,office@%s", t->north_path, t->north_path), 1 },
		{ fmt(r, "grid_worker@%s,office@36.,seat@%sg1.", t->south_path, t->north_path), 2 },
		{ fmt(r, "grid_worker@,office@%s", t->south_path), 1 },
		{ fmt(r, "office@%sg2.", t->north_path), 0 },
		{ "office@", 2 },
	};

	step(t, t->worker[ANN], north, "arrive", by_hand, 200);
	step(t, t->worker[DAN], south, "accept", NULL, 200);
	step(t, t->worker[DAN], south, "arrive", by_hand, 200);
	run_sql(r, "INSERT INTO watch_rule (id, version, created_at, updated_at, name, kind, severity, state, "
		   "revision, place_id,"
		   " place_path, definition, fired_30d, closed_true, closed_useful, closed_false, suppressed) VALUES "
		   "('r', 1, 1, 1,"
		   " 'Rule', 'match', 'high', 'active', 1, 'x', '36.', '{}', 0, 0, 0, 0, 0)");
	run_sql(r,
		fmt(r, "UPDATE watch_alert SET rule_id = 'r', outcome = 'true', closed_at = %lld", (long long)r->now));
	for (size_t i = 0; i < COUNT(all); i++) {
		const struct json *j = call(r, rig_actor(r, "reader", all[i].roles, NULL), "GET", path, NULL, 200);

		if (int_at(j, "arrivals.d") != all[i].d || (int64_t)at(j, "precision")->n != (all[i].d > 0) ||
		    (all[i].d && int_at(j, "precision.0.true") != all[i].d))
			fail_msg("%s: " FMT_STR, all[i].roles, ARG_STR(r->last.body));
	}
}

static void test_scopes(void **state)
{
	(void)state;
	on_each_kind(scopes, town_modules, town_roles);
}

/* ---- the store fails ---------------------------------------------------------------------------------- */

static void failures(struct rig *r)
{
	begin(r);
	const char *task = offer(t, alert(t, "elder-absence", t->dwelling), ANN);

	fail_every_call(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/accept", task), "{}", 200);
	fail_every_call(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/start", task), "{}", 200);
	fail_every_call(r, t->desk, "POST", fmt(r, TASK "/%s/cancel", task), refusal, 200);
	settle(t);
	task = offer(t, alert(t, "fire-lane", t->building), ANN);
	fail_every_call(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/refuse", task), refusal, 200);
	/* The job too: all or nothing, and again until it is done. */
	settle(t);
	r->now += 61 * SECOND;
	uint64_t before = digest(r);
	int n = 0;

	for (enum rc rc = RC_BUSY; rc != RC_OK; n++) {
		assert_true(n < 300);
		conn_fail_at(app_conn(r->app), n + 1);
		rc = app_run_job(r->app, "dispatch.expire");
		conn_fail_at(app_conn(r->app), 0);
		if (rc != RC_OK)
			assert_true(digest(r) == before);
	}
	assert_true(n > 10);
	settle(t);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task WHERE state = 'expired'"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task WHERE state = 'offered'"), 1);
}

static void test_failures(void **state)
{
	(void)state;
	on_each_kind(failures, town_modules, town_roles);
}

/* ---- the worker's own safety --------------------------------------------------------- */

static const char *at_the_door(struct rig *r, const char *a)
{
	const char *task = offer(t, a, ANN);

	step(t, t->worker[ANN], task, "accept", "{}", 200);
	step(t, t->worker[ANN], task, "start", "{}", 200);
	step(t, t->worker[ANN], task, "arrive", "{\"proof\":\"none\"}", 200);
	settle(t);
	(void)r;
	return task;
}

static int64_t asked_of(struct rig *r, const char *kind)
{
	return count(r, fmt(r, "SELECT count(*) FROM watch_alert WHERE kind = '%s'", kind));
}

static void checkins(struct rig *r)
{
	begin(r);
	const char *a = alert(t, "elder-absence", t->dwelling), *task = at_the_door(r, a);

	assert_string_equal(text_at(r, call(r, t->desk, "GET", fmt(r, TASK "/%s", task), NULL, 200), "checkin_due_at"),
			    when(t, r->now + 20 * MINUTE));
	r->now += 19 * MINUTE;
	step(t, t->worker[BOB], task, "well", "{}", 404);
	fail_every_call(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/well", task), "{}", 200);
	/* The clock began anew: one short of it nothing, then once, however often the job runs. */
	r->now += 20 * MINUTE - 1;
	assert_int_equal(app_run_job(r->app, "dispatch.checkins"), RC_OK);
	assert_int_equal(asked_of(r, "worker-no-answer"), 0);
	r->now += 1;
	for (int n = 1;; n++) { /* a store that fails at every call: not asked, then asked once */
		conn_fail_at(app_conn(r->app), n);
		enum rc rc = app_run_job(r->app, "dispatch.checkins");

		conn_fail_at(app_conn(r->app), 0);
		if (rc == RC_OK && asked_of(r, "worker-no-answer") > 0)
			break;
		assert_int_equal(asked_of(r, "worker-no-answer"), 0);
		assert_true(n < 200);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(app_run_job(r->app, "dispatch.checkins"), RC_OK);
	assert_int_equal(asked_of(r, "worker-no-answer"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_alert WHERE kind = 'worker-no-answer' AND severity = "
				  "'urgent' AND ongoing = 1"),
			 1);
	/* Late, but well: the question is no longer ongoing, the clock runs again. */
	step(t, t->worker[ANN], task, "well", "{}", 200);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_alert WHERE kind = 'worker-no-answer' AND ongoing = 1"),
			 0);
	step(t, t->worker[ANN], task, "report",
	     "{\"report\":{\"condition\":\"fine\",\"action\":\"talked\",\"next_step\":\"none\"}}", 200);
	r->now += 2 * HOUR;
	assert_int_equal(app_run_job(r->app, "dispatch.checkins"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_alert WHERE kind = 'worker-no-answer' AND ongoing = 1"),
			 0);
	step(t, t->worker[ANN], task, "well", "{}", 409);
}

static void panics(struct rig *r)
{
	begin(r);
	const char *a = alert(t, "elder-absence", t->dwelling), *task = offer(t, a, ANN), *where;

	where = fmt(r, TASK "/%s/where", task);
	step(t, t->worker[ANN], task, "panic", "{}", 409);
	step(t, t->worker[ANN], task, "accept", "{}", 200);
	refused(r, t->desk, "POST", where, NULL, 409, "not_asked", "panic_at");
	call(r, t->worker[ANN], "POST", "/api/dispatch/position", "{\"lon\":115.9,\"lat\":28.68,\"accuracy_m\":9}",
	     204);
	/* Everything at this place is silenced; this is not. */
	run_sql(r, fmt(r,
		       "INSERT INTO watch_silence (id, version, created_at, updated_at, place_id, place_path, until_at,"
		       " reason, state, held) VALUES ('s', 1, 1, 1, '%s', '%s', %lld, 'x', 'active', 0)",
		       t->north, t->north_path, (long long)(r->now + HOUR)));
	r->now += 2 * MINUTE;
	step(t, t->worker[BOB], task, "panic", "{}", 404);
	step(t, t->worker[ANN], task, "panic", "{}", 200);
	settle(t);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_alert WHERE kind = 'worker-panic' AND severity = 'urgent'"
				  " AND silenced = 0 AND rung_at IS NOT NULL"),
			 1);
	assert_int_equal(count(r, fmt(r,
				      "SELECT count(*) FROM watch_alert WHERE kind = 'worker-panic' AND place_id = "
				      "'%s'",
				      t->dwelling)),
			 1);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_alert WHERE kind = 'worker-panic' AND facts LIKE"
				  " '%\"position_min\":2%' AND facts NOT LIKE '%115.9%'"),
			 1);
	/* Pressed twice is one question; another worker's is another one. */
	step(t, t->worker[ANN], task, "panic", "{}", 200);
	assert_int_equal(asked_of(r, "worker-panic"), 1);
	/* Where: for who sends help there, on record. */
	refused(r, t->worker[ANN], "POST", where, NULL, 403, "denied", "");
	assert_int_equal(asked(r, t->south_desk, "POST", where, NULL), 404);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	call(r, t->desk, "POST", where, NULL, 200);
	assert_int_equal(int_at(here(r), "accuracy_m"), 9);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look WHERE purpose = 'worker_safety'"), 1);
}

static void two_go_in(struct rig *r)
{
	static const char *const report =
		"{\"report\":{\"condition\":\"fine\",\"action\":\"talked\",\"next_step\":\"none\"}}";

	begin(r);
	const char *a = alert(t, "elder-absence", t->dwelling);
	const char *one = create(r, t->desk, TASK, body_for(r, a, ANN, ",\"two_people\":true"));
	const char *two = create(r, t->desk, TASK, body_for(r, a, BOB, ",\"two_people\":true"));

	settle(t);
	step(t, t->worker[ANN], one, "accept", "{}", 200);
	step(t, t->worker[ANN], one, "start", "{}", 200);
	step(t, t->worker[ANN], one, "arrive", "{\"proof\":\"none\"}", 200);
	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/report", one), report, 409, "second_missing", "two_people");
	step(t, t->worker[BOB], two, "accept", "{}", 200);
	step(t, t->worker[BOB], two, "start", "{}", 200);
	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/report", one), report, 409, "second_missing", "two_people");
	step(t, t->worker[BOB], two, "arrive", "{\"proof\":\"none\"}", 200);
	step(t, t->worker[ANN], one, "report", report, 200);
	step(t, t->worker[BOB], two, "report", report, 200);
}

static void test_checkins(void **state)
{
	(void)state;
	on_each_kind(checkins, town_modules, town_roles);
}

static void test_panics(void **state)
{
	(void)state;
	on_each_kind(panics, town_modules, town_roles);
}

static void test_two_go_in(void **state)
{
	(void)state;
	on_each_kind(two_go_in, town_modules, town_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checkins),   cmocka_unit_test(test_panics),   cmocka_unit_test(test_two_go_in),
		cmocka_unit_test(test_offers),     cmocka_unit_test(test_next),     cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_every_step), cmocka_unit_test(test_arrivals), cmocka_unit_test(test_reports),
		cmocka_unit_test(test_sight),      cmocka_unit_test(test_figures),  cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
