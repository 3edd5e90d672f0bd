/* home_test.c - homes and who lives there, identity numbers, vehicles, looking
 * for somebody. */
#include "town.h"

#include "domain/people/people.h"

#include <string.h>

/* Checked by hand: GB 11643's own example. */
#define PAPER "11010519491231002X"

static const char *place_of(struct stage *s, const char *person)
{
	return text_at(&s->r,
		       as(s, "system", "GET", fmt(&s->r, "/api/people/person/%s", stage_get(s, person)), NULL, 200),
		       "place_path");
}

static void homes(struct stage *s)
{
	const struct json *j;

	no(s, HEAD, "POST", "/api/people/household", "{\"place_id\":\"$building\"}", 400, "wrong_kind", "place_id");
	no(s, HEAD, "POST", "/api/people/household", "{\"place_id\":\"$south_dwelling\"}", 400, "unknown_place",
	   "place_id");
	no(s, DESK, "POST", "/api/people/household", "{\"place_id\":\"$dwelling\"}", 403, "denied", "");
	no(s, HEAD, "POST", "/api/people/household", "{\"place_id\":\"$dwelling\",\"from_at\":\"$+600000\"}", 400,
	   "out_of_range", "from_at");
	town_home(s, "home", "dwelling");
	no(s, HEAD, "POST", "/api/people/household", "{\"place_id\":\"$dwelling\",\"number\":\"1\"}", 409,
	   "already_exists", "number");
	town_person(s, "ann", NULL);
	town_person(s, "ben", NULL);
	town_join(s, "home", "ann", "owner", true);
	town_join(s, "home", "ben", "owner", false); /* owns it and lives elsewhere */
	no(s, "system", "POST", "/api/people/member",
	   "{\"household_id\":\"$home\",\"person_id\":\"$ann\",\"role\":\"family\"}", 409, "already_exists",
	   "person_id");
	no(s, "head@" SOUTH, "POST", "/api/people/member",
	   "{\"household_id\":\"$home\",\"person_id\":\"$ben\",\"role\":\"family\"}", 400, "unknown_household",
	   "household_id");
	assert_string_equal(place_of(s, "ann"), NORTH "3.2.501.");
	assert_string_equal(place_of(s, "ben"), "");
	/* The desk sees that somebody lives there, and who only with a reason. */
	s->r.never = CANARY;
	j = as(s, DESK, "GET", "/api/people/member?household_id=$home", NULL, 200);
	assert_int_equal(at(j, "items")->n, 2);
	assert_string_equal(text_at(&s->r, j, "items.0.role"), "owner");
	assert_int_equal(at(j, "items.0.person_id")->kind, J_NULL);
	assert_int_equal(at(j, "items.0.relation")->kind, J_NULL);
	s->r.never = NULL;
	no(s, DESK, "POST", "/api/people/household/$home/open", "{\"purpose\":\"visit\",\"reason\":\" \"}", 400,
	   "required", "reason");
	no(s, "head@" SOUTH, "POST", "/api/people/household/$home/open", "{\"purpose\":\"visit\",\"reason\":\"A-1\"}",
	   404, "not_found", "id");
	no(s, WORKER, "POST", "/api/people/household/$home/open", "{\"purpose\":\"visit\",\"reason\":\"A-1\"}", 403,
	   "denied", "");
	j = as(s, DESK, "POST", "/api/people/household/$home/open", "{\"purpose\":\"visit\",\"reason\":\"A-1\"}", 200);
	assert_int_equal(at(j, "items")->n, 2);
	assert_string_equal(text_at(&s->r, j, "items.0.name"), CANARY " ann");
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_look WHERE reason = 'A-1'"), 2);
	/* Who lives there sees the home and that there are others, not who. */
	const struct actor *ann = town_resident(s, "ann", NORTH "3.2.501.", "home");

	j = own(s, ann, "GET", "/api/people/member", NULL, 200);
	assert_int_equal(at(j, "items")->n, 2);
	assert_string_equal(text_at(&s->r, j, "items.0.person_id"), stage_get(s, "ann"));
	assert_int_equal(at(j, "items.1.person_id")->kind, J_NULL);
	own(s, ann, "GET", "/api/people/household/$home", NULL, 200);
	own(s, town_resident(s, "elder", NORTH "3.2.501.", NULL), "GET", "/api/people/household/$home", NULL, 404);
	/* A worker at the door confirms; then it says by whom. */
	j = as(s, WORKER, "POST", "/api/people/household/$home/confirm", "{}", 200);
	assert_string_equal(text_at(&s->r, j, "confirmed_by_name"), "somebody");
	/* The history stays when they go. */
	no(s, HEAD, "POST", "/api/people/household/$home/move_out", "{\"to_at\":\"$+9000\"}", 400, "out_of_range",
	   "to_at");
	as(s, HEAD, "POST", "/api/people/household/$home/move_out", "{}", 200);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member WHERE state = 'left' AND to_at > 0"), 2);
	assert_string_equal(place_of(s, "ann"), "");
	no(s, HEAD, "POST", "/api/people/household/$home/move_out", "{}", 409, "wrong_state", "state");
	no(s, "system", "POST", "/api/people/member",
	   "{\"household_id\":\"$home\",\"person_id\":\"$ann\",\"role\":\"family\"}", 409, "wrong_state",
	   "household_id");
	/* Room for the next ones, and two years later nobody knows who was there. */
	town_home(s, "next", "dwelling");
	s->r.now += 731 * DAY;
	assert_int_equal(app_run_job(s->r.app, "people.clocks"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member"), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_household"), 1);
}

static void moving(struct stage *s)
{
	town_home(s, "home", "dwelling");
	town_person(s, "ann", NULL);
	town_join(s, "home", "ann", "tenant", true);
	as(s, HEAD, "PATCH", "/api/people/member/$ann_member", "{\"lives_here\":false}", 200);
	assert_string_equal(place_of(s, "ann"), "");
	as(s, HEAD, "PATCH", "/api/people/member/$ann_member", "{\"lives_here\":true}", 200);
	assert_string_equal(place_of(s, "ann"), NORTH "3.2.501.");
	as(s, HEAD, "POST", "/api/people/member/$ann_member/leave", "{}", 200);
	assert_string_equal(place_of(s, "ann"), "");
	no(s, HEAD, "PATCH", "/api/people/household/$home", "{\"number\":\"\"}", 400, "wrong_length", "number");
	as(s, HEAD, "PATCH", "/api/people/household/$home", "{\"number\":\"2\",\"tenure\":\"rented\"}", 200);
}

static void papers(struct stage *s)
{
	static const struct {
		const char *number, *code;
	} bad[] = {
		{ "110105194912310029", "identity_check" },  { "11010519491231002", "identity_length" },
		{ "16010519491231002X", "identity_region" }, { "11010519491331002X", "identity_date" },
		{ "1101051949123100AX", "identity_digit" },
	};
	const struct json *j;

	for (size_t i = 0; i < COUNT(bad); i++)
		no(s, HEAD, "POST", "/api/people/identity",
		   fmt(&s->r, "{\"person_id\":\"$elder\",\"kind\":\"resident\",\"basis\":\"law\",\"number\":\"%s\"}",
		       bad[i].number),
		   400, bad[i].code, "number");
	no(s, HEAD, "POST", "/api/people/identity",
	   "{\"person_id\":\"$elder\",\"kind\":\"passport\",\"basis\":\"law\",\"number\":\"E 12;3456\"}", 400,
	   "identity_length", "number");
	no(s, DESK, "POST", "/api/people/identity",
	   "{\"person_id\":\"$elder\",\"kind\":\"resident\",\"basis\":\"law\",\"number\":\"" PAPER "\"}", 400,
	   "unknown_person", "person_id");
	stage_make(s, "paper", "/api/people/identity",
		   "{\"person_id\":\"$elder\",\"kind\":\"resident\",\"basis\":\"law\",\"number\":\"110105 19491231 "
		   "002x\"}");
	no(s, HEAD, "POST", "/api/people/identity",
	   "{\"person_id\":\"$elder\",\"kind\":\"passport\",\"basis\":\"law\",\"number\":\"E12345678\"}", 409,
	   "already_exists", "person_id");
	/* Nowhere in the clear: no table, no event, no list. */
	assert_int_equal(rows_with(&s->r, PAPER, NULL), 0);
	assert_int_equal(rows_with(&s->r, "19491231", NULL), 0);
	s->r.never = PAPER;
	j = as(s, DESK, "GET", "/api/people/identity/$paper", NULL, 200);
	assert_string_equal(text_at(&s->r, j, "tails.number"), "2X");
	assert_int_equal(at(j, "number")->kind, J_NULL);
	/* One's own row is open but for the number, which the export opens. */
	const struct actor *elder = town_resident(s, "elder", NORTH "3.2.501.", NULL);

	j = own(s, elder, "GET", "/api/people/identity/$paper", NULL, 200);
	assert_string_equal(text_at(&s->r, j, "kind"), "resident");
	assert_int_equal(at(j, "number")->kind, J_NULL);
	s->r.never = NULL;
	assert_string_equal(text_at(&s->r, own(s, elder, "GET", "/api/me/data", NULL, 200), "people_identity.0.number"),
			    PAPER);
	j = as(s, DESK, "POST", "/api/people/identity/$paper/reveal",
	       "{\"fields\":[\"number\"],\"purpose\":\"rental\",\"reason\":\"T-7\"}", 200);
	assert_string_equal(text_at(&s->r, j, "number"), PAPER);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_look WHERE reason = 'T-7'"), 1);
	no(s, WORKER, "POST", "/api/people/identity/$paper/reveal",
	   "{\"fields\":[\"number\"],\"purpose\":\"rental\",\"reason\":\"T-7\"}", 403, "denied", "");
	no(s, HEAD, "PATCH", "/api/people/identity/$paper", "{\"kind\":\"passport\"}", 400, "required", "number");
	as(s, HEAD, "PATCH", "/api/people/identity/$paper", "{\"kind\":\"passport\",\"number\":\"E12345678\"}", 200);
	j = as(s, DESK, "POST", "/api/people/identity/$paper/reveal",
	       "{\"fields\":[\"number\"],\"purpose\":\"rental\",\"reason\":\"T-8\"}", 200);
	assert_string_equal(text_at(&s->r, j, "number"), "E12345678");
	/* Another person's text under this person's key opens to nothing. */
	run_sql(&s->r, "UPDATE people_identity SET number = '78:AAAA'");
	j = as(s, DESK, "POST", "/api/people/identity/$paper/reveal",
	       "{\"fields\":[\"number\"],\"purpose\":\"rental\",\"reason\":\"T-8\"}", 200);
	assert_int_equal(at(j, "number")->kind, J_NULL);
	as(s, HEAD, "PATCH", "/api/people/identity/$paper", "{\"number\":\"E12345678\"}", 200);
	run_sql(&s->r, "DELETE FROM people_key"); /* and without the key neither */
	j = as(s, DESK, "POST", "/api/people/identity/$paper/reveal",
	       "{\"fields\":[\"number\"],\"purpose\":\"rental\",\"reason\":\"T-8\"}", 200);
	assert_int_equal(at(j, "number")->kind, J_NULL);
}

/* ---- vehicles ---------------------------------------------------------------------------- */

struct looking {
	const char *plate;
	bool found;
};

static enum rc by_plate(struct ctx *c, void *arg)
{
	struct looking *l = arg;
	struct people_vehicle v;

	return people_vehicle_by_plate(c, str_of(l->plate), &v, &l->found);
}

static bool known(struct stage *s, const char *plate)
{
	struct looking l = { plate, false };

	assert_int_equal(app_unit(s->r.app, by_plate, &l), RC_OK);
	return l.found;
}

static void vehicles(struct stage *s)
{
	const struct json *j;

	town_home(s, "home", "dwelling");
	town_person(s, "ann", NULL);
	town_person(s, "ben", NULL);
	town_join(s, "home", "ann", "owner", true);
	town_join(s, "home", "ben", "family", true);
	const struct actor *ann = town_resident(s, "ann", NORTH "3.2.501.", "home"),
			   *ben = town_resident(s, "ben", NORTH "3.2.501.", "home");

	own_no(s, ann, "POST", "/api/people/vehicle", "{\"kind\":\"car\",\"household_id\":\"$home\"}", 400, "required",
	       "plate");
	own_no(s, ann, "POST", "/api/people/vehicle",
	       "{\"kind\":\"car\",\"household_id\":\"$home\",\"plate\":\"赣A123\"}", 400, "bad_plate", "plate");
	own_no(s, ann, "POST", "/api/people/vehicle",
	       "{\"kind\":\"car\",\"household_id\":\"$home\",\"plate\":\"赣AI2345\"}", 400, "bad_plate", "plate");
	own_no(s, town_resident(s, "elder", NORTH "3.2.501.", NULL), "POST", "/api/people/vehicle",
	       "{\"kind\":\"car\",\"household_id\":\"$home\",\"plate\":\"赣A12345\"}", 400, "unknown_household",
	       "household_id");
	j = own(s, ann, "POST", "/api/people/vehicle", "{\"kind\":\"car\",\"plate\":\"赣a · d12345\"}", 201);
	stage_put(s, "car", text_at(&s->r, j, "id"));
	assert_string_equal(text_at(&s->r, j, "plate"), "赣AD12345");
	assert_string_equal(text_at(&s->r, j, "plate_kind"), "new_energy");
	assert_string_equal(text_at(&s->r, j, "source"), "self");
	assert_string_equal(text_at(&s->r, j, "household_id"), stage_get(s, "home"));
	assert_true(known(s, "赣A-D1234 5"));
	own_no(s, ben, "POST", "/api/people/vehicle", "{\"kind\":\"car\",\"plate\":\"赣AD12345\"}", 409,
	       "already_exists", "plate");
	j = own(s, ben, "POST", "/api/people/vehicle",
		"{\"kind\":\"e_bike\",\"frame_number\":\"TDR123456789012\",\"charging\":\"shed\","
		"\"charging_place_id\":\"$building\"}",
		201);
	stage_put(s, "bike", text_at(&s->r, j, "id"));
	own_no(s, ben, "PATCH", "/api/people/vehicle/$bike", "{\"plate\":\"南昌 1;2\"}", 400, "bad_plate", "plate");
	own(s, ben, "PATCH", "/api/people/vehicle/$bike", "{\"plate\":\"南昌 123456\"}", 200);
	/* The desk sees ends of plates and frames, the other of the household too. */
	j = as(s, DESK, "GET", "/api/people/vehicle/$bike", NULL, 200);
	assert_string_equal(text_at(&s->r, j, "tails.plate"), "56");
	assert_string_equal(text_at(&s->r, j, "tails.frame_number"), "012");
	assert_string_equal(text_at(&s->r, j, "charging"), "shed");
	assert_int_equal(at(own(s, ann, "GET", "/api/people/vehicle", NULL, 200), "items")->n, 2);
	own(s, town_resident(s, "elder", NORTH "3.2.501.", NULL), "GET", "/api/people/vehicle/$bike", NULL, 404);
	as(s, WORKER, "POST", "/api/people/vehicle/$bike/confirm", "{}", 200);
	own(s, ann, "POST", "/api/people/vehicle/$bike/retire", "{}", 200); /* of the household */
	own(s, ann, "POST", "/api/people/vehicle/$car/retire", "{}", 200);
	assert_false(known(s, "赣AD12345"));
	own(s, ben, "POST", "/api/people/vehicle", "{\"kind\":\"car\",\"plate\":\"赣AD12345\"}", 201); /* sold to ben */
	s->r.now += 31 * DAY;
	assert_int_equal(app_run_job(s->r.app, "people.clocks"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_vehicle"), 1);
}

/* ---- looking for somebody ----------------------------------------------------------------- */

#define WHY ",\"purpose\":\"visit\",\"reason\":\"S-1\"}"

static void search(struct stage *s)
{
	const struct json *j;

	town_home(s, "home", "dwelling");
	town_person(s, "zoe", ",\"phone\":\"138 7001 2345\"");
	town_join(s, "home", "zoe", "owner", true);
	no(s, DESK, "POST", "/api/people/search", "{\"q\":\"a\",\"under\":\"" NORTH "\"" WHY, 400, "wrong_length", "q");
	no(s, DESK, "POST", "/api/people/search", "{\"q\":\"zoe\"" WHY, 400, "unknown_place", "under");
	no(s, DESK, "POST", "/api/people/search", "{\"q\":\"zoe\",\"under\":\"" SOUTH "\"" WHY, 400, "unknown_place",
	   "under");
	no(s, "seat@36.3601.", "POST", "/api/people/search", "{\"q\":\"zoe\",\"under\":\"36.3601.360102.\"" WHY, 400,
	   "wrong_kind", "under"); /* no search across communities */
	no(s, DESK, "POST", "/api/people/search", "{\"q\":\"zoe\",\"under\":\"" NORTH "\"}", 400, "required",
	   "purpose");
	no(s, WORKER, "POST", "/api/people/search", "{\"q\":\"zoe\",\"under\":\"" NORTH "\"" WHY, 403, "denied", "");
	j = as(s, DESK, "POST", "/api/people/search", "{\"q\":\"NARY ZOE\",\"under\":\"" NORTH "\"" WHY, 200);
	assert_int_equal(at(j, "items")->n, 1);
	assert_string_equal(text_at(&s->r, j, "items.0.place_label"), "3-2-501");
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_look WHERE reason = 'S-1'"), 1);
	assert_int_equal(
		at(as(s, DESK, "POST", "/api/people/search", "{\"q\":\"2345\",\"under\":\"" NORTH "\"" WHY, 200),
		   "items")
			->n,
		1);
	/* Signs stand for themselves. */
	assert_int_equal(
		at(as(s, DESK, "POST", "/api/people/search", "{\"q\":\"%%\",\"under\":\"" NORTH "\"" WHY, 200), "items")
			->n,
		0);
	assert_int_equal(
		at(as(s, DESK, "POST", "/api/people/search", "{\"q\":\"__\",\"under\":\"" NORTH "\"" WHY, 200), "items")
			->n,
		0);
}

static void test_homes(void **state)
{
	(void)state;
	town_on_each(homes);
	town_on_each(moving);
}

static void test_papers(void **state)
{
	(void)state;
	town_on_each(papers);
}

static void test_vehicles(void **state)
{
	(void)state;
	town_on_each(vehicles);
}

static void test_search(void **state)
{
	(void)state;
	town_on_each(search);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_homes),
		cmocka_unit_test(test_papers),
		cmocka_unit_test(test_vehicles),
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
