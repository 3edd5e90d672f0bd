/* Nobody opens, and addresses where nobody goes alone. */
#include "dispatch_rig.h"

#include <string.h>

#define RUNG    "/api/dispatch/rung"
#define ATTEMPT "/api/dispatch/attempt"
#define MARK    "/api/dispatch/mark"

static struct town town, *const t = &town;
static const char *const report =
	"{\"report\":{\"condition\":\"no_answer\",\"action\":\"opened_with_authority\",\"next_step\":\"none\"}}";

static void begin(struct rig *r)
{
	town_build(t, r);
	for (int w = ANN; w <= DAN; w++)
		shift(t, (enum worker)w, "field", 20);
}

static void arrives(enum worker w, const char *task)
{
	step(t, t->worker[w], task, "accept", "{}", 200);
	step(t, t->worker[w], task, "start", "{}", 200);
	step(t, t->worker[w], task, "arrive", "{\"proof\":\"none\"}", 200);
	settle(t);
}

static const char *door_of(struct rig *r, const char *task)
{
	return fmt(r, TASK "/%s/door", task);
}

static const char *on(struct rig *r, const char *attempt, const char *verb)
{
	return fmt(r, ATTEMPT "/%s/%s", attempt, verb);
}

/* Takes the next rung; the attempt's id. */
static const char *next_rung(struct rig *r, const char *task, const char *body)
{
	return text_at(r, call(r, t->worker[ANN], "POST", door_of(r, task), body, 201), "id");
}

static const char *looked(struct rig *r, const char *task, const char *key)
{
	return text_at(r, call(r, t->worker[ANN], "GET", door_of(r, task), NULL, 200), key);
}

static int64_t lines(struct rig *r, const char *what)
{
	return count(r, fmt(r, "SELECT count(*) FROM watch_timeline WHERE what = '%s'", what));
}

static const char *at_the_door(struct rig *r)
{
	const char *task = offer(t, alert(t, "elder-absence", t->dwelling), ANN);

	arrives(ANN, task);
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{}", 409, "not_knocked", "no_reply_at");
	fail_every_call(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/no_reply", task), "{}", 200);
	settle(t);
	return task;
}

/* ---- the ladder --------------------------------------------------------------------- */

static void walk(struct rig *r)
{
	begin(r);
	const char *task = at_the_door(r);

	step(t, t->worker[ANN], task, "no_reply", "{}", 200);
	assert_int_equal(lines(r, "door_no_reply"), 1);
	assert_string_equal(looked(r, task, "next"), "neighbour");
	assert_int_equal(at(here(r), "rungs")->n, 6);
	refused(r, t->worker[BOB], "POST", door_of(r, task), "{}", 404, "not_found", "id");
	refused(r, t->head, "POST", door_of(r, task), "{}", 403, "denied", "");
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{\"word\":\"window\"}", 400, "unknown_word", "word");
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{\"word\":7}", 400, "wrong_type", "word");
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{\"more\":\"x\"}", 400, "unknown_field", "more");
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{\"word\":\"locksmith\"}", 409, "too_early", "reason");
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{\"word\":\"locksmith\",\"reason\":\"x\"}", 400,
		"wrong_length", "reason");

	const char *one = next_rung(r, task, "{}");

	assert_string_equal(text_at(r, here(r), "state"), "going");
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{}", 409, "attempt_open", "word");
	refused(r, t->worker[ANN], "POST", on(r, one, "done"), "{\"result\":\"none\"}", 400, "required", "result");
	refused(r, t->worker[BOB], "POST", on(r, one, "done"), "{\"result\":\"no_answer\"}", 404, "not_found", "id");
	fail_every_call(r, t->worker[ANN], "POST", on(r, one, "done"), "{\"result\":\"no_answer\"}", 200);

	/* The neighbour's five minutes run; one short of them only with a reason. */
	assert_string_equal(looked(r, task, "next_at"), when(t, r->now + 5 * MINUTE));
	r->now += 5 * MINUTE - 1;
	refused(r, t->worker[ANN], "POST", door_of(r, task), "{}", 409, "too_early", "reason");
	r->now += 1;
	const char *two = next_rung(r, task, "{}");

	assert_string_equal(text_at(r, here(r), "word"), "family");
	call(r, t->worker[ANN], "POST", on(r, two, "withdraw"), "{}", 200);
	/* Taken back is not tried. */
	assert_string_equal(looked(r, task, "next"), "family");
	assert_int_equal(lines(r, "door_going"), 2);
	assert_int_equal(lines(r, "door_done"), 1);
	assert_int_equal(lines(r, "door_withdrawn"), 1);
	assert_int_equal(
		count(r, "SELECT count(*) FROM watch_timeline WHERE what LIKE 'door_%' AND actor_name IS NULL"), 0);
}

static void locksmith(struct rig *r)
{
	begin(r);
	const char *task = at_the_door(r), *ask = "{\"word\":\"locksmith\",\"reason\":\"smell of gas\"}";
	const char *id = next_rung(r, task, ask);

	assert_string_equal(text_at(r, here(r), "state"), "asked");
	refused(r, t->worker[ANN], "POST", on(r, id, "done"), "{\"result\":\"opened\"}", 409, "wrong_state", "state");
	refused(r, t->worker[ANN], "POST", on(r, id, "approve"), "{\"decision\":\"yes\"}", 403, "denied", "");
	assert_int_equal(asked(r, t->south_desk, "POST", on(r, id, "approve"), "{\"decision\":\"yes\"}"), 404);
	refused(r, t->desk, "POST", on(r, id, "approve"), "{}", 400, "required", "decision");
	fail_every_call(r, t->desk, "POST", on(r, id, "refuse"), "{\"decision\":\"family has a key\"}", 200);
	refused(r, t->desk, "POST", on(r, id, "approve"), "{\"decision\":\"yes\"}", 409, "wrong_state", "state");

	/* Refused is no end: the same rung may be asked for again, and the next comes at once. */
	assert_string_equal(looked(r, task, "next"), "police");
	id = next_rung(r, task, ask);
	fail_every_call(r, t->desk, "POST", on(r, id, "approve"), "{\"decision\":\"mother agreed\"}", 200);
	settle(t);
	assert_string_equal(text_at(r, call(r, t->desk, "GET", fmt(r, ATTEMPT "/%s", id), NULL, 200), "state"),
			    "going");

	/* A second one is on offer, and nobody opens alone. */
	const char *alert_id = text_at(r, call(r, t->desk, "GET", fmt(r, TASK "/%s", task), NULL, 200), "alert_id");
	const char *second = task_in(t, alert_id, "offered");

	assert_non_null(second);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task WHERE two_people = 1 AND two_reason = 'door'"),
			 2);
	refused(r, t->worker[ANN], "POST", on(r, id, "done"), "{\"result\":\"opened\"}", 409, "second_missing",
		"two_people");
	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/report", task), report, 409, "second_missing",
		"two_people");
	r->now += MINUTE / 2;
	arrives(BOB, second);
	assert_string_equal(text_at(r, call(r, t->desk, "GET", fmt(r, TASK "/%s", task), NULL, 200), "second_at"),
			    when(t, r->now));
	call(r, t->worker[ANN], "POST", on(r, id, "done"), "{\"result\":\"opened\"}", 200);
	step(t, t->worker[ANN], task, "report", report, 200);
	assert_int_equal(lines(r, "door_asked"), 2);
	assert_int_equal(lines(r, "door_refused"), 1);
	assert_int_equal(lines(r, "door_approved"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_timeline WHERE what = 'door_asked' AND detail LIKE"
				  " '%smell of gas%'"),
			 2);
}

/* The head's own rung: not the desk's to give, and nobody's for himself. */
static void ladders(struct rig *r)
{
	static const char *const body = "{\"place_id\":\"%s\",\"level\":%d,\"word\":\"%s\",\"approve\":\"%s\","
					"\"wait_min\":%d,\"two_people\":%s}";

	begin(r);
	refused(r, t->desk, "POST", RUNG, fmt(r, body, t->north, 1, "locksmith", "head", 0, "true"), 403, "denied", "");
	assert_int_equal(asked(r, t->head, "POST", RUNG, fmt(r, body, t->south, 1, "fire", "desk", 0, "true")), 403);
	refused(r, t->head, "POST", RUNG, fmt(r, body, t->north, 1, "locksmith", "head", 0, "false"), 400, "needs_two",
		"two_people");
	refused(r, t->head, "POST", RUNG, fmt(r, body, t->north, 1, "locksmith", "nobody", 0, "true"), 400,
		"needs_approval", "approve");
	refused(r, t->head, "POST", RUNG, fmt(r, body, t->north, 0, "fire", "desk", 0, "true"), 400, "out_of_range",
		"level");
	refused(r, t->head, "POST", RUNG, fmt(r, body, t->north, 1, "fire", "desk", 241, "true"), 400, "out_of_range",
		"wait_min");
	refused(r, t->head, "POST", RUNG, fmt(r, body, t->north, 1, "fire", "anybody", 0, "true"), 400, "unknown_word",
		"approve");
	const char *rung = create(r, t->head, RUNG, fmt(r, body, t->north, 2, "locksmith", "head", 0, "true"));

	create(r, t->head, RUNG, fmt(r, body, t->north, 1, "police", "nobody", 0, "true"));
	refused(r, t->head, "POST", RUNG, fmt(r, body, t->north, 2, "fire", "desk", 0, "true"), 409, "already_exists",
		"");
	create(r, t->city, RUNG, fmt(r, body, t->south, 1, "fire", "desk", 0, "true"));

	const char *task = at_the_door(r);

	assert_string_equal(looked(r, task, "next"), "police");
	assert_int_equal(at(here(r), "rungs")->n, 2);
	/* Nobody allows it, yet two are wanted from now on. */
	const char *id = next_rung(r, task, "{}");

	settle(t);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task WHERE two_people = 1"), 2);
	call(r, t->worker[ANN], "POST", on(r, id, "done"), "{\"result\":\"failed\"}", 200);
	id = next_rung(r, task, "{}");
	refused(r, t->desk, "POST", on(r, id, "approve"), "{\"decision\":\"yes\"}", 403, "denied", "approve");
	const struct actor *ann_as_head = rig_actor(r, t->person[ANN], fmt(r, "head@%s", t->north_path), NULL);

	refused(r, ann_as_head, "POST", on(r, id, "approve"), "{\"decision\":\"yes\"}", 409, "same_person",
		"decided_by");
	call(r, t->head, "POST", on(r, id, "approve"), "{\"decision\":\"yes\"}", 200);
	/* The visit ends: what is under way ends with it. */
	step(t, t->desk, task, "cancel", "{\"refuse_reason\":\"desk\"}", 200);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_attempt WHERE state = 'withdrawn'"), 1);
	/* A rung no longer used is none; with none of its own left there is no ladder. */
	call(r, t->head, "PATCH", fmt(r, RUNG "/%s", rung), "{\"unused\":true}", 200);
	refused(r, t->head, "PATCH", fmt(r, RUNG "/%s", rung), "{\"two_people\":false}", 400, "needs_two",
		"two_people");
	assert_int_equal(at(call(r, t->desk, "GET", RUNG, NULL, 200), "items")->n, 2);
}

/* ---- who to call ------------------------------------------------------------------------ */

static void contact_of(struct rig *r, const char *person, const char *kind, const char *phone)
{
	static const struct actor system = { .kind = WHO_SYSTEM };

	create(r, &system, "/api/people/contact",
	       fmt(r, "{\"person_id\":\"%s\",\"kind\":\"%s\",\"name\":\"Kin\",\"phone\":\"%s\",\"order_no\":1}", person,
		   kind, phone));
}

static void contacts(struct rig *r)
{
	begin(r);
	contact_of(r, t->person[EVE], "family", "13800000001");
	contact_of(r, t->person[EVE], "neighbour", "13800000002");
	const char *task = at_the_door(r),
		   *id = next_rung(r, task, "{\"word\":\"family\",\"reason\":\"no neighbour\"}");
	const char *path = on(r, id, "contact");

	/* Nobody is known here: nothing is opened. */
	assert_int_equal(at(call(r, t->worker[ANN], "POST", path, NULL, 200), "items")->n, 0);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	run_sql(r, fmt(r,
		       "INSERT INTO watch_welfare (id, version, created_at, updated_at, dwelling_id, place_path, "
		       "place_label, person_id, state, hours, sources, consent_text_version, consent_at, counted_from)"
		       " VALUES ('w', 1, 1, 1, '%s', '%s', 'x', '%s', 'active', 72, '[]', '1', 1, 1)",
		       t->dwelling, t->north_path, t->person[EVE]));
	run_sql(r, "UPDATE watch_alert SET welfare_id = 'w'");
	refused(r, t->desk, "POST", path, NULL, 403, "denied", "");
	refused(r, t->head, "POST", path, NULL, 403, "denied", "");
	assert_int_equal(asked(r, t->worker[BOB], "POST", path, NULL), 404);
	call(r, t->worker[ANN], "POST", path, NULL, 200);
	assert_string_equal(text_at(r, here(r), "items.0.phone"), "13800000001");
	assert_int_equal(at(here(r), "items")->n, 1);
	assert_int_equal(count(r, fmt(r,
				      "SELECT count(*) FROM core_look WHERE entity = 'people.contact' AND purpose = "
				      "'welfare_visit' AND reason = 'T-1 family' AND person_id = '%s'",
				      t->person[EVE])),
			 1);
	assert_int_equal(rows_with(r, "13800000001", "people_contact"), 0);
	/* Over is over. */
	call(r, t->worker[ANN], "POST", on(r, id, "done"), "{\"result\":\"no_answer\"}", 200);
	refused(r, t->worker[ANN], "POST", path, NULL, 409, "wrong_state", "state");
}

/* ---- two -------------------------------------------------------------------------------- */

static const char *mark_body(struct rig *r, const char *place, const char *reason, int64_t span)
{
	return fmt(r, "{\"place_id\":\"%s\",\"reason\":\"%s\",\"until_at\":\"%s\"}", place, reason,
		   when(t, r->now + span));
}

static void marks(struct rig *r)
{
	begin(r);
	refused(r, t->worker[ANN], "POST", MARK, mark_body(r, t->dwelling, "dog", DAY), 403, "denied", "");
	assert_int_equal(asked(r, t->south_desk, "POST", MARK, mark_body(r, t->dwelling, "dog", DAY)), 403);
	refused(r, t->desk, "POST", MARK, mark_body(r, t->north, "dog", DAY), 400, "too_wide", "place_id");
	refused(r, t->desk, "POST", MARK, mark_body(r, t->dwelling, "drunk", DAY), 400, "unknown_word", "reason");
	refused(r, t->desk, "POST", MARK, mark_body(r, t->dwelling, "dog", 0), 400, "out_of_range", "until_at");
	refused(r, t->desk, "POST", MARK, mark_body(r, t->dwelling, "dog", 366 * DAY + 1), 400, "out_of_range",
		"until_at");
	const char *mark = create(r, t->desk, MARK, mark_body(r, t->building, "dog", HOUR));

	refused(r, t->desk, "POST", MARK, mark_body(r, t->building, "dog", DAY), 409, "already_exists", "reason");
	/* Offices read tasks, not these. */
	assert_int_equal(asked(r, t->worker[EVE], "GET", MARK, NULL), 403);
	const char *a = alert(t, "elder-absence", t->dwelling);

	call(r, t->desk, "GET", fmt(r, "/api/dispatch/candidates?alert=%s", a), NULL, 200);
	assert_string_equal(text_at(r, here(r), "two_people.reason"), "dog");
	assert_string_equal(text_at(r, here(r), "two_people.id"), mark);
	/* One is sent, both are offered; what the desk said does not count. */
	fail_every_call(r, t->desk, "POST", TASK,
			fmt(r, "{\"alert_id\":\"%s\",\"worker_id\":\"%s\",\"two_people\":false}", a, t->person[ANN]),
			201);
	const char *one = text_at(r, here(r), "id");

	settle(t);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task WHERE state = 'offered' AND two_people = 1 AND"
				  " two_reason = 'dog'"),
			 2);
	const char *two = text_at(
		r, call(r, t->city, "GET", fmt(r, TASK "?alert_id=%s&worker_id=%s", a, t->person[BOB]), NULL, 200),
		"items.0.id");

	arrives(ANN, one);
	assert_int_equal(lines(r, "second_awaited"), 1);
	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/report", one), report, 409, "second_missing", "two_people");
	arrives(BOB, two);
	assert_string_not_equal(text_at(r, call(r, t->city, "GET", fmt(r, TASK "/%s", one), NULL, 200), "second_at"),
				"");
	/* The second one is called away: the first waits again. */
	step(t, t->desk, two, "cancel", "{\"refuse_reason\":\"desk\"}", 200);
	assert_string_equal(text_at(r, call(r, t->city, "GET", fmt(r, TASK "/%s", one), NULL, 200), "second_at"), "");
	refused(r, t->worker[ANN], "POST", fmt(r, TASK "/%s/report", one), report, 409, "second_missing", "two_people");

	/* Run out, another of the same kind may follow; ended, one goes again. */
	r->now += HOUR;
	mark = create(r, t->head, MARK, mark_body(r, t->building, "dog", DAY));
	refused(r, t->worker[ANN], "POST", fmt(r, MARK "/%s/end", mark), "{}", 403, "denied", "");
	fail_every_call(r, t->desk, "POST", fmt(r, MARK "/%s/end", mark), "{}", 200);
	a = alert(t, "fire-lane", t->building);
	call(r, t->desk, "GET", fmt(r, "/api/dispatch/candidates?alert=%s", a), NULL, 200);
	assert_null(at(at(here(r), "two_people"), "reason"));
}

/* Nobody to send along: the desk is told, and the one who goes waits. */
static void alone(struct rig *r)
{
	town_build(t, r);
	shift(t, ANN, "field", 20);
	create(r, t->desk, MARK, mark_body(r, t->dwelling, "threat_here", DAY));
	offer(t, alert(t, "elder-absence", t->dwelling), ANN);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_task"), 1);
	assert_int_equal(lines(r, "second_wanted"), 1);
}

#define TEST(name)                                            \
	static void test_##name(void **state)                 \
	{                                                     \
		(void)state;                                  \
		on_each_kind(name, town_modules, town_roles); \
	}
TEST(walk)
TEST(locksmith)
TEST(ladders)
TEST(contacts)
TEST(marks)
TEST(alone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),     cmocka_unit_test(test_locksmith), cmocka_unit_test(test_ladders),
		cmocka_unit_test(test_contacts), cmocka_unit_test(test_marks),     cmocka_unit_test(test_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
