/* rental_test.c - rentals between two sides, permits, how many a dwelling may
 * hold, and the questions that lead to a visit. */
#include "town.h"

#include <string.h>

#define TERMS "\"from_at\":\"$-100\",\"to_at\":\"$+500000\",\"occupants\":2" /* 347 days */

/* The owner of 3-2-501 and somebody who rents it. */
static void two_sides(struct stage *s, const struct actor **owner, const struct actor **tenant)
{
	town_home(s, "home", "dwelling");
	town_person(s, "owner", ",\"phone\":\"13870000001\"");
	town_person(s, "tenant", ",\"phone\":\"13870000002\"");
	town_join(s, "home", "owner", "owner", false);
	*owner = rig_actor(&s->r, stage_get(s, "owner"), "", NULL);
	*tenant = rig_actor(&s->r, stage_get(s, "tenant"), "", NULL);
}

static void by_tenant(struct stage *s)
{
	const struct actor *owner, *tenant;
	const struct json *j;

	two_sides(s, &owner, &tenant);
	/* Whoever rents finds the dwelling by its label, and nothing else by it. */
	own_no(s, tenant, "GET", "/api/people/own/dwelling", NULL, 400, "required", "label");
	j = own(s, tenant, "GET", "/api/people/own/dwelling?label=3-2-501", NULL, 200);
	assert_int_equal(at(j, "items")->n, 1);
	assert_string_equal(text_at(&s->r, j, "items.0.id"), stage_get(s, "dwelling"));
	assert_string_equal(text_at(&s->r, j, "items.0.community"), "north");
	assert_int_equal(at(own(s, tenant, "GET", "/api/people/own/dwelling?label=3-2", NULL, 200), "items")->n, 0);
	own_no(s, tenant, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$building\",\"side\":\"tenant\"," TERMS ",\"tenant_signature\":\"" CANARY " tenant\"}",
	       400, "wrong_kind", "place_id");
	own_no(s, tenant, "POST", "/api/people/tenancy", "{\"place_id\":\"$dwelling\",\"side\":\"tenant\"," TERMS "}",
	       403, "denied", "");
	own_no(s, tenant, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$dwelling\",\"side\":\"tenant\"," TERMS ",\"tenant_signature\":\"Somebody Else\"}", 400,
	       "signature_differs", "tenant_signature");
	own_no(s, tenant, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"landlord_id\":\"$owner\"," TERMS
	       ",\"tenant_signature\":\"" CANARY " tenant\"}",
	       403, "denied", "");
	own_no(s, tenant, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"from_at\":\"$+10\",\"to_at\":\"$+10\",\"occupants\":"
	       "1,"
	       "\"tenant_signature\":\"" CANARY " tenant\"}",
	       400, "out_of_range", "to_at");
	j = own(s, tenant, "POST", "/api/people/tenancy",
		"{\"place_id\":\"$dwelling\",\"side\":\"tenant\"," TERMS ",\"tenant_signature\":\"" CANARY " tenant\"}",
		201);
	stage_put(s, "rental", text_at(&s->r, j, "id"));
	assert_string_equal(text_at(&s->r, j, "landlord_id"), stage_get(s, "owner")); /* by the register */
	assert_string_equal(text_at(&s->r, j, "state"), "declared");
	/* Nobody confirms his own word, nobody else sees it. */
	own_no(s, tenant, "POST", "/api/people/tenancy/$rental/confirm", "{\"tenant_signature\":\"" CANARY " tenant\"}",
	       403, "other_side", "");
	own(s, town_resident(s, "elder", NORTH "3.2.501.", NULL), "GET", "/api/people/tenancy/$rental", NULL, 404);
	s->r.never = CANARY;
	j = as(s, DESK, "GET", "/api/people/tenancy/$rental", NULL, 200);
	assert_int_equal(at(j, "tenant_id")->kind, J_NULL);
	own(s, owner, "GET", "/api/people/tenancy/$rental", NULL, 200);
	s->r.never = NULL;
	own_no(s, owner, "POST", "/api/people/tenancy/$rental/confirm", "{}", 400, "required", "landlord_signature");
	own_no(s, owner, "POST", "/api/people/tenancy/$rental/confirm",
	       "{\"landlord_signature\":\"" CANARY " tenant\"}", 400, "signature_differs", "landlord_signature");
	own(s, owner, "POST", "/api/people/tenancy/$rental/confirm", "{\"landlord_signature\":\"" CANARY " owner\"}",
	    200);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_tenancy WHERE landlord_signed_at IS NOT NULL AND"
				      " tenant_signed_at IS NOT NULL AND state = 'confirmed'"),
			 1);
	own_no(s, owner, "POST", "/api/people/tenancy/$rental/dispute", "{\"other_says\":\"not so\"}", 409,
	       "wrong_state", "state");
	/* The worker at the door looks at the flat. */
	no(s, WORKER, "POST", "/api/people/tenancy/$rental/check", "{\"safety\":{\"beliefs\":\"good\"}}", 400,
	   "unknown_word", "safety");
	no(s, WORKER, "POST", "/api/people/tenancy/$rental/check", "{\"safety\":{\"gas\":\"fine\"}}", 400,
	   "unknown_word", "safety");
	no(s, DESK, "POST", "/api/people/tenancy/$rental/check", "{\"safety\":{\"gas\":\"good\"}}", 403, "denied", "");
	j = as(s, WORKER, "POST", "/api/people/tenancy/$rental/check",
	       "{\"safety\":{\"gas\":\"good\",\"wiring\":\"bad\"}}", 200);
	assert_string_equal(text_at(&s->r, j, "safety.wiring"), "bad");
	/* A month before the end somebody is told, once; then it ends by itself. */
	s->r.now += 330 * DAY;
	assert_int_equal(app_run_job(s->r.app, "people.tenancy"), RC_OK);
	assert_int_equal(app_run_job(s->r.app, "people.tenancy"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_outbox WHERE topic = 'people.tenancy.remind'"), 1);
	s->r.now += 18 * DAY;
	assert_int_equal(app_run_job(s->r.app, "people.tenancy"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_tenancy WHERE state = 'expired' AND ended_at > 0"),
			 1);
	s->r.now += 1096 * DAY;
	assert_int_equal(app_run_job(s->r.app, "people.clocks"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_tenancy"), 0);
}

static void disputed(struct stage *s)
{
	const struct actor *owner, *tenant;
	const struct json *j;

	two_sides(s, &owner, &tenant);
	own_no(s, owner, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$dwelling\",\"side\":\"landlord\"," TERMS ",\"other_phone\":\"12345\","
	       "\"landlord_signature\":\"" CANARY " owner\"}",
	       400, "bad_phone", "other_phone");
	j = own(s, owner, "POST", "/api/people/tenancy",
		"{\"place_id\":\"$dwelling\",\"side\":\"landlord\"," TERMS ",\"other_phone\":\"138 7000 0002\","
		"\"landlord_signature\":\"" CANARY " owner\"}",
		201);
	stage_put(s, "rental", text_at(&s->r, j, "id"));
	assert_int_equal(at(j, "tenant_id")->kind, J_NULL); /* not told whether the number is known */
	own(s, tenant, "POST", "/api/people/tenancy/$rental/dispute",
	    "{\"other_says\":\"five of us, since June\",\"other_occupants\":5,\"other_from_at\":\"$-9000\"}", 200);
	stage_settle(s);
	j = as(s, DESK, "GET", "/api/people/question?state=open", NULL, 200);
	assert_int_equal(at(j, "items")->n, 1);
	assert_string_equal(text_at(&s->r, j, "items.0.kind"), "tenancy_conflict");
	stage_put(s, "question", text_at(&s->r, j, "items.0.id"));
	no(s, WORKER, "POST", "/api/people/question/$question/visit", "{}", 403, "denied", "");
	/* "Send a worker": an alert at the dwelling, from which the desk dispatches. */
	as(s, DESK, "POST", "/api/people/question/$question/visit", "{}", 200);
	no(s, DESK, "POST", "/api/people/question/$question/visit", "{}", 409, "wrong_state", "state");
	stage_settle(s);
	j = as(s, DESK, "GET", "/api/watch/alert?kind=register", NULL, 200);
	assert_int_equal(at(j, "items")->n, 1);
	assert_string_equal(text_at(&s->r, j, "items.0.place_label"), "3-2-501");
	assert_string_equal(text_at(&s->r, j, "items.0.facts.asked"), "tenancy_conflict");
	stage_put(s, "alert", text_at(&s->r, j, "items.0.id"));
	as(s, DESK, "POST", "/api/watch/alert/$alert/ack", "{}", 200);
	j = as(s, DESK, "POST", "/api/dispatch/task", "{\"alert_id\":\"$alert\",\"worker_id\":\"$worker\"}", 201);
	assert_string_equal(text_at(&s->r, j, "kind"), "register");
	/* What was found settles both. */
	no(s, DESK, "POST", "/api/people/tenancy/$rental/settle", "{\"occupants\":5}", 400, "required", "note");
	j = as(s, DESK, "POST", "/api/people/tenancy/$rental/settle", "{\"occupants\":5,\"note\":\"seen at the door\"}",
	       200);
	assert_string_equal(text_at(&s->r, j, "state"), "confirmed");
	assert_int_equal(
		count(&s->r, "SELECT count(*) FROM people_question WHERE state = 'settled' AND outcome = 'over'"), 1);
	stage_settle(s);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM watch_alert WHERE kind = 'register' AND ongoing = 0"), 1);
	own(s, tenant, "POST", "/api/people/tenancy/$rental/end", "{}", 200);
}

static void by_office(struct stage *s)
{
	const struct actor *owner, *tenant;
	const struct json *j;

	two_sides(s, &owner, &tenant);
	no(s, HEAD, "POST", "/api/people/tenancy", "{\"place_id\":\"$dwelling\",\"side\":\"tenant\"," TERMS "}", 400,
	   "required", "tenant_id");
	no(s, HEAD, "POST", "/api/people/tenancy",
	   "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$owner\",\"landlord_id\":\"$owner\"," TERMS
	   "}",
	   400, "same_person", "tenant_id");
	no(s, "head@" SOUTH, "POST", "/api/people/tenancy",
	   "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$tenant\"," TERMS "}", 403, "denied", "");
	j = as(s, HEAD, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$tenant\"," TERMS "}", 201);
	stage_put(s, "rental", text_at(&s->r, j, "id"));
	own_no(s, owner, "POST", "/api/people/tenancy/$rental/confirm", "{\"landlord_signature\":\"x\"}", 404,
	       "not_found", "id");
	no(s, HEAD, "POST", "/api/people/tenancy/$rental/link", "{\"landlord_id\":\"nobody\"}", 400, "unknown_person",
	   "landlord_id");
	as(s, HEAD, "POST", "/api/people/tenancy/$rental/link", "{\"landlord_id\":\"$owner\"}", 200);
	own(s, tenant, "POST", "/api/people/tenancy/$rental/sign", "{\"tenant_signature\":\"" CANARY " tenant\"}", 200);
	own_no(s, tenant, "POST", "/api/people/tenancy/$rental/sign", "{\"landlord_signature\":\"" CANARY " owner\"}",
	       400, "read_only", "");
	own_no(s, owner, "POST", "/api/people/tenancy/$rental/withdraw", "{}", 403, "denied", "");
	own(s, tenant, "POST", "/api/people/tenancy/$rental/withdraw", "{}", 200);
	/* A person has five declarations waiting, not more. */
	for (int i = 0; i < 5; i++)
		own(s, owner, "POST", "/api/people/tenancy",
		    "{\"place_id\":\"$dwelling\",\"side\":\"landlord\"," TERMS ",\"landlord_signature\":\"" CANARY
		    " owner\"}",
		    201);
	own_no(s, owner, "POST", "/api/people/tenancy",
	       "{\"place_id\":\"$dwelling\",\"side\":\"landlord\"," TERMS ",\"landlord_signature\":\"" CANARY
	       " owner\"}",
	       409, "too_many_open", "");
}

/* ---- dwellings ------------------------------------------------------------------------------- */

static int64_t open_of(struct stage *s, const char *kind)
{
	assert_int_equal(app_run_job(s->r.app, "people.question"), RC_OK);
	return count(&s->r,
		     fmt(&s->r, "SELECT count(*) FROM people_question WHERE state = 'open' AND kind = '%s'", kind));
}

static void questions(struct stage *s)
{
	static const char *const names[] = { "p1", "p2", "p3" };
	const struct json *j;

	town_home(s, "home", "dwelling");
	for (size_t i = 0; i < COUNT(names); i++) {
		town_person(s, names[i], NULL);
		town_join(s, "home", names[i], "tenant", true);
	}
	assert_int_equal(open_of(s, "over_capacity"), 0); /* no number, no question */
	stage_make(s, "wide", "/api/people/capacity",
		   "{\"place_id\":\"$north\",\"most\":2,\"decision\":\"community meeting\"}");
	no(s, HEAD, "POST", "/api/people/capacity", "{\"place_id\":\"$north\",\"most\":3,\"decision\":\"x1\"}", 409,
	   "already_exists", "place_id");
	stage_make(s, "near", "/api/people/capacity",
		   "{\"place_id\":\"$unit\",\"most\":3,\"decision\":\"fire brigade\"}");
	assert_int_equal(open_of(s, "over_capacity"), 0); /* three where three may be: the nearest counts */
	as(s, HEAD, "PATCH", "/api/people/capacity/$near", "{\"most\":2}", 200);
	assert_int_equal(open_of(s, "over_capacity"), 1);
	assert_int_equal(open_of(s, "over_capacity"), 1); /* asked once */
	j = as(s, DESK, "GET", "/api/people/question?kind=over_capacity", NULL, 200);
	assert_int_equal(int_at(j, "items.0.n"), 3);
	assert_int_equal(int_at(j, "items.0.most"), 2);
	assert_string_equal(text_at(&s->r, j, "items.0.place_label"), "3-2-501");
	stage_put(s, "question", text_at(&s->r, j, "items.0.id"));
	no(s, DESK, "POST", "/api/people/question/$question/settle", "{\"outcome\":\"not_yet\",\"note\":\"hm\"}", 400,
	   "unknown_word", "outcome");
	as(s, HEAD, "POST", "/api/people/member/$p1_member/leave", "{}", 200);
	assert_int_equal(open_of(s, "over_capacity"), 0); /* answered itself */
	no(s, DESK, "POST", "/api/people/question/$question/settle", "{\"outcome\":\"same\",\"note\":\"hm\"}", 409,
	   "wrong_state", "state");
	/* Permits. */
	no(s, HEAD, "POST", "/api/people/permit",
	   "{\"person_id\":\"$p2\",\"place_id\":\"$dwelling\",\"kind\":\"residence_permit\",\"from_at\":\"$+10\",\"to_"
	   "at\":"
	   "\"$+5\"}",
	   400, "out_of_range", "to_at");
	stage_make(s, "permit", "/api/people/permit",
		   "{\"person_id\":\"$p2\",\"place_id\":\"$dwelling\",\"kind\":\"residence_permit\",\"to_at\":\"$+"
		   "1500\"}");
	stage_make(
		s, "elsewhere", "/api/people/permit",
		"{\"person_id\":\"$p3\",\"place_id\":\"$spare\",\"kind\":\"residence_permit\",\"to_at\":\"$+99999\"}");
	assert_int_equal(open_of(s, "permit_expired"), 0);
	assert_int_equal(open_of(s, "permit_address"), 1); /* on paper 502, lives in 501 */
	s->r.now += 1500 * MINUTE;
	assert_int_equal(open_of(s, "permit_expired"), 1);
	as(s, HEAD, "PATCH", "/api/people/permit/$permit", "{\"to_at\":\"$+99999\"}", 200);
	assert_int_equal(open_of(s, "permit_expired"), 0);
	as(s, HEAD, "POST", "/api/people/permit/$elsewhere/end", "{}", 200);
	assert_int_equal(open_of(s, "permit_address"), 0);
	/* Nothing of a person in any question. */
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_outbox WHERE entity = 'people.question'"), 6);
	s->r.never = CANARY;
	as(s, DESK, "GET", "/api/people/question", NULL, 200);
	as(s, DESK, "GET", "/api/people/permit", NULL, 200);
}

static void test_by_tenant(void **state)
{
	(void)state;
	town_on_each(by_tenant);
}

static void test_disputed(void **state)
{
	(void)state;
	town_on_each(disputed);
}

static void test_by_office(void **state)
{
	(void)state;
	town_on_each(by_office);
}

static void test_questions(void **state)
{
	(void)state;
	town_on_each(questions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_tenant),
		cmocka_unit_test(test_disputed),
		cmocka_unit_test(test_by_office),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
