/* gate_test.c - doors, lanes and credentials through the dispatcher, on both
 * stores: who may set them up, what a swipe comes to, what is kept of it. */
#include "access_rig.h"

#include <string.h>

static struct site site, *const s = &site;

#define CARD(token) "\"method\":\"card\",\"token\":\"" token "\""

static void swipes(struct rig *r)
{
	site_build(s, r);
	const char *card = site_card(s, "0004711", ",\"pin\":\"24681357\"");

	SAYS(s, MAIN, CARD("0004711"), "grant ok");
	SAYS(s, SIDE, CARD(" 0004711 "), "grant ok");
	SAYS(s, HOUSE, CARD("0004711"), "refuse wrong_door");
	SAYS(s, MAIN, CARD("0004712"), "refuse unknown");
	SAYS(s, MAIN, "\"method\":\"phone\",\"token\":\"0004711\"", "refuse unknown");
	SAYS(s, MAIN_OUT, CARD("0004711") ",\"direction\":\"in\"", "refuse wrong_way");
	SAYS(s, MAIN, "\"method\":\"guard\"", "grant guard");
	/* Two factors while somebody set it so by hand; then as it was. */
	call(r, s->guard, "POST", fmt(r, A "door/%s/set_mode", s->door[0]),
	     fmt(r, "{\"override_mode\":\"two_factor\",\"override_until\":\"%s\"}", when(s, HOUR)), 200);
	SAYS(s, MAIN, CARD("0004711"), "refuse second_factor");
	SAYS(s, MAIN, CARD("0004711") ",\"pin\":\"24691357\"", "refuse second_factor");
	SAYS(s, MAIN, CARD("0004711") ",\"pin\":\"24681357\"", "grant ok");
	site_pass(s, HOUR);
	SAYS(s, MAIN, CARD("0004711"), "grant ok");
	assert_string_equal(
		text_at(r, call(r, s->guard, "GET", fmt(r, A "door/%s", s->door[0]), NULL, 200), "override_mode"),
		"normal");
	/* Nothing of tokens stays but a hash. */
	assert_int_equal(rows_with(r, "0004711", NULL), 0);
	assert_int_equal(rows_with(r, "24681357", NULL), 0);
	const struct json *j = call(r, s->property, "GET", fmt(r, A "credential/%s", card), NULL, 200);

	assert_int_equal(at(j, "token")->kind, J_NULL);
	assert_null(at(j, "token_mac"));
	refused(r, s->property, "POST", A "credential",
		fmt(r,
		    "{\"place_id\":\"%s\",\"holder\":\"staff\",\"method\":\"card\",\"token\":\"0004711\",\"rights\":[{"
		    "\"group_id\":\"%s\"}]}",
		    s->north, s->group),
		409, "already_exists", "token");
}

static void life(struct rig *r)
{
	site_build(s, r);
	const char *card = site_card(s, "1", fmt(r, ",\"to_at\":\"%s\"", when(s, 10 * DAY)));

#define STEP(who, verb, body, want) call(r, who, "POST", fmt(r, A "credential/%s/" verb, card), body, want)
	SAYS(s, MAIN, CARD("1"), "grant ok");
	refused(r, s->property, "POST", fmt(r, A "credential/%s/suspend", card), "{}", 400, "required", "reason");
	STEP(s->property, "suspend", "{\"reason\":\"unpaid\"}", 200);
	SAYS(s, MAIN, CARD("1"), "refuse suspended");
	STEP(s->property, "resume", "{}", 200);
	SAYS(s, MAIN, CARD("1"), "grant ok");
	/* The holder says so himself; the neighbour can't even see it. */
	STEP(s->neighbour, "lose", "{}", 404);
	STEP(s->resident, "lose", "{}", 200);
	SAYS(s, MAIN, CARD("1"), "refuse lost");
	STEP(s->property, "revoke", "{\"reason\":\"new card\"}", 200);
	SAYS(s, MAIN, CARD("1"), "refuse revoked");
	/* An end that comes by itself. */
	card = site_card(s, "2", fmt(r, ",\"to_at\":\"%s\"", when(s, DAY)));
	site_pass(s, DAY - 1);
	SAYS(s, MAIN, CARD("2"), "grant ok");
	s->r->now++;
	SAYS(s, MAIN, CARD("2"), "refuse expired");
	site_pass(s, 0);
	assert_string_equal(
		text_at(r, call(r, s->property, "GET", fmt(r, A "credential/%s", card), NULL, 200), "state"),
		"expired");
	/* Per door: an end of its own, and hours. */
	const char *hours = create(
		r, s->head, A "schedule",
		fmt(r,
		    "{\"name\":\"day\",\"place_id\":\"%s\",\"windows\":[{\"days\":[1,2,3,4,5,6,7],\"from\":\"07:00\","
		    "\"to\":\"19:00\"}],\"days\":[{\"date\":\"2026-03-15\",\"as\":\"shut\"}]}",
		    s->north));

	create(r, s->property, A "credential",
	       fmt(r,
		   "{\"place_id\":\"%s\",\"holder\":\"visitor\",\"method\":\"card\",\"token\":\"3\",\"to_at\":\"%s\","
		   "\"rights\":[{\"door_id\":\"%s\",\"to_at\":\"%s\"},{\"door_id\":\"%s\",\"schedule_id\":\"%s\"}]}",
		   s->north, when(s, 10 * DAY), s->door[1], when(s, HOUR), s->door[0], hours));
	SAYS(s, SIDE, CARD("3"), "grant ok");
	site_pass(s, HOUR);
	SAYS(s, SIDE, CARD("3"), "refuse door_expired");
	int64_t local = (r->now + 8 * HOUR) % DAY;

	site_pass(s, DAY - local + 12 * HOUR); /* noon tomorrow, a Saturday */
	SAYS(s, MAIN, CARD("3"), "grant ok");
	site_pass(s, 8 * HOUR);
	SAYS(s, MAIN, CARD("3"), "refuse out_of_hours");
	site_pass(s, 16 * HOUR); /* noon on the shut Sunday */
	SAYS(s, MAIN, CARD("3"), "refuse out_of_hours");
}

/* The same serial again is the same answer, and one pass. */
static void serials(struct rig *r)
{
	site_build(s, r);
	site_card(s, "1", "");
	site_device(s, MAIN, "POST", A "swipe", "{\"serial\":7," CARD("1") "}", 200);
	assert_int_equal(int_at(here(r), "seq"), 1);
	const struct json *j = site_device(s, MAIN, "POST", A "swipe", "{\"serial\":7," CARD("1") "}", 200);

	assert_int_equal(int_at(j, "seq"), 1);
	assert_string_equal(text_at(r, j, "verdict"), "grant");
	assert_int_equal(at(j, "duplicate")->i, 1);
	/* Of another lane it is another. */
	site_device(s, SIDE, "POST", A "swipe", "{\"serial\":7," CARD("1") "}", 200);
	assert_int_equal(int_at(here(r), "seq"), 2);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass"), 2);
	assert_int_equal(count(r, "SELECT count(DISTINCT alias) FROM access_pass"), 1);
	/* Thirty days later the same card has another name. */
	site_pass(s, 31 * DAY);
	site_device(s, SIDE, "POST", A "swipe", "{\"serial\":8," CARD("1") "}", 200);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass"), 1); /* the others are gone */
	assert_int_equal(count(r, "SELECT count(*) FROM access_alias"), 2);
	r->auth = "Device nobody.key";
	refused(r, NULL, "POST", A "swipe", "{" CARD("1") "}", 401, "bad_device_key", "Authorization");
	r->auth = NULL;
	refused(r, s->guard, "POST", A "swipe", "{" CARD("1") "}", 401, "bad_device_key", "Authorization");
	fail_every_call(r, s->head, "PATCH", fmt(r, A "lane/%s", s->lane[MAIN]), "{\"name\":\"renamed\"}", 200);
}

static void setting_up(struct rig *r)
{
	site_build(s, r);
#define LANE(more) fmt(r, "{\"name\":\"x\",\"door_id\":\"%s\",\"direction\":\"in\",%s}", s->door[0], more)
	refused(r, s->head, "POST", A "lane", LANE("\"ways\":[{\"method\":\"face\"}],\"assessment\":\"PIA\""), 400,
		"only_way", "ways");
	refused(r, s->head, "POST", A "lane", LANE("\"ways\":[{\"method\":\"face\"},{\"method\":\"card\"}]"), 400,
		"required", "assessment");
	refused(r, s->head, "POST", A "lane",
		LANE("\"ways\":[{\"method\":\"face\"},{\"method\":\"card\",\"steps\":2}],\"assessment\":\"PIA\""), 400,
		"only_way", "ways");
	refused(r, s->head, "POST", A "lane", LANE("\"ways\":[]"), 400, "no_way", "ways");
	refused(r, s->head, "POST", A "lane", LANE("\"ways\":[{\"method\":\"iris\"}]"), 400, "bad_way", "ways");
	refused(r, s->head, "POST", A "lane", LANE("\"ways\":[{\"method\":\"card\"}],\"device_id\":\"x\""), 400,
		"unknown_device", "device_id");
	/* A lane that is on can't be made one with a face alone either. */
	refused(r, s->head, "PATCH", fmt(r, A "lane/%s", s->lane[MAIN]), "{\"ways\":[{\"method\":\"face\"}]}", 400,
		"only_way", "ways");
	refused(r, s->guard, "POST", A "lane", LANE("\"ways\":[{\"method\":\"card\"}]"), 403, "denied", "");
	refused(r, s->southerner, "POST", A "lane", LANE("\"ways\":[{\"method\":\"card\"}]"), 400, "unknown_ref",
		"door_id");
	refused(r, s->southerner, "GET", fmt(r, A "door/%s", s->door[0]), NULL, 404, "not_found", "id");
	refused(r, s->head, "POST", A "schedule",
		fmt(r,
		    "{\"name\":\"x\",\"place_id\":\"%s\",\"windows\":[{\"days\":[8],\"from\":\"07:00\",\"to\":\"19:"
		    "00\"}]}",
		    s->north),
		400, "bad_window", "windows");
	refused(r, s->head, "POST", A "schedule",
		fmt(r,
		    "{\"name\":\"x\",\"place_id\":\"%s\",\"windows\":[],\"days\":[{\"date\":\"2026-13-01\",\"as\":"
		    "\"shut\"}]}",
		    s->north),
		400, "bad_day", "days");
	refused(r, s->property, "POST", A "credential",
		fmt(r,
		    "{\"place_id\":\"%s\",\"holder\":\"visitor\",\"method\":\"card\",\"token\":\"9\",\"rights\":[{"
		    "\"group_"
		    "id\":\"%s\"}]}",
		    s->north, s->group),
		400, "required", "to_at");
	refused(r, s->property, "POST", A "credential",
		fmt(r,
		    "{\"place_id\":\"%s\",\"holder\":\"staff\",\"method\":\"card\",\"token\":\"9\",\"rights\":[{"
		    "\"group_id\":"
		    "\"nope\"}]}",
		    s->north),
		400, "unknown_ref", "rights");
	/* By hand, but not for ever. */
	refused(r, s->guard, "POST", fmt(r, A "door/%s/set_mode", s->door[0]),
		fmt(r, "{\"override_mode\":\"open\",\"override_until\":\"%s\"}", when(s, 8 * DAY)), 400, "out_of_range",
		"override_until");
}

/* Consent, which doors, revocation: never more of a face. */
static void terminals(struct rig *r)
{
	site_build(s, r);
	const char *body = fmt(r,
			       "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"holder\":\"resident\",\"method\":\"face\","
			       "\"token\":\"1042\",\"rights\":[{\"group_id\":\"%s\"}]}",
			       s->ann, s->dwelling, s->group);

	refused(r, s->property, "POST", A "credential", body, 409, "no_consent", "person_id");
	const char *consent = create(
		r, s->resident, "/api/people/consent",
		fmt(r,
		    "{\"person_id\":\"%s\",\"purpose\":\"door_terminal\",\"text_version\":\"1\",\"channel\":\"web\"}",
		    s->ann));

	create(r, s->property, A "credential", body);
	/* Whatever a terminal adds does not come in. */
	SAYS(s, MAIN,
	     "\"method\":\"face\",\"token\":\"1042\",\"face\":\"CANARY-IMAGE\",\"FaceInfo\":{\"template\":\"CANARY-"
	     "TEMPLATE\",\"ethnicity\":\"CANARY-E\"}",
	     "grant ok");
	site_device(
		s, MAIN, "POST", A "log",
		fmt(r,
		    "{\"sent_at\":\"%s\",\"entries\":[{\"serial\":900,\"at\":\"%s\",\"method\":\"face\",\"token\":"
		    "\"1042\","
		    "\"direction\":\"in\",\"verdict\":\"grant\",\"reason\":\"ok\",\"feature\":\"CANARY-FEATURE\"}]}",
		    when(s, 0), when(s, 0)),
		200);
	assert_int_equal(rows_with(r, "CANARY", NULL), 0);
	const struct json *j = call(r, s->guard, "GET", A "terminals", NULL, 200);

	assert_int_equal(int_at(j, "enrolled"), 1);
	assert_int_equal(int_at(j, "items.0.enrolled"), 1);
	call(r, s->resident, "POST", fmt(r, "/api/people/consent/%s/withdraw", consent), "{}", 200);
	assert_int_equal(app_settle(r->app), RC_OK);
	SAYS(s, MAIN, "\"method\":\"face\",\"token\":\"1042\"", "refuse revoked");
	assert_int_equal(int_at(call(r, s->guard, "GET", A "terminals", NULL, 200), "enrolled"), 0);
}

static void plates(struct rig *r)
{
	site_build(s, r);
	create(r, s->property, A "credential",
	       fmt(r,
		   "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"holder\":\"resident\",\"method\":\"plate\","
		   "\"token\":\"赣A·D12345\",\"rights\":[{\"group_id\":\"%s\"}]}",
		   s->ann, s->dwelling, s->group));
#define PLATE(p, c) "\"method\":\"plate\",\"token\":\"" p "\",\"confidence\":" c
	SAYS(s, MAIN, PLATE("赣ad12345", "0.93"), "grant ok");
	SAYS(s, MAIN, PLATE("赣AD12345", "0.93"), "grant ok"); /* the same plate again */
	SAYS(s, MAIN, PLATE("赣AD12345", "0.849"), "ask low_reading");
	SAYS(s, MAIN, PLATE("赣AF12345", "0.93"), "ask unknown_plate");
	const char *wait = text_at(r, here(r), "wait_id");
	const struct json *j = call(r, s->guard, "GET", fmt(r, A "wait/%s", wait), NULL, 200);

	assert_string_equal(text_at(r, j, "state"), "waiting");
	assert_string_equal(text_at(r, j, "why"), "unknown_plate");
	assert_int_equal(at(j, "plate")->kind, J_NULL); /* opened with a reason */
	call(r, s->guard, "POST", fmt(r, A "wait/%s/reveal", wait),
	     "{\"fields\":[\"plate\"],\"purpose\":\"gate_decision\",\"reason\":\"at the lane\"}", 200);
	assert_string_equal(text_at(r, here(r), "plate"), "赣AF12345");
	assert_int_equal(int_at(call(r, s->guard, "GET", A "board", NULL, 200), "items.0.waiting"), 2);
	call(r, s->guard, "POST", fmt(r, A "wait/%s/admit", wait), "{}", 200);
	refused(r, s->guard, "POST", fmt(r, A "wait/%s/refuse", wait), "{\"reason\":\"late\"}", 409, "wrong_state",
		"state");
	/* The order goes to that gate alone, once, and ends by itself. */
	j = site_device(s, SIDE, "GET", A "openings", NULL, 200);
	assert_int_equal(at(j, "items")->n, 0);
	j = site_device(s, MAIN, "GET", A "openings", NULL, 200);
	const char *order = text_at(r, j, "items.0.id"),
		   *open = fmt(r, "\"method\":\"remote\",\"opening_id\":\"%s\"", order);

	SAYS(s, SIDE, open, "refuse order_over");
	SAYS(s, MAIN, open, "grant remote");
	SAYS(s, MAIN, open, "refuse order_over");
	assert_int_equal(at(site_device(s, MAIN, "GET", A "openings", NULL, 200), "items")->n, 0);
	order = create(r, s->guard, A "opening", fmt(r, "{\"lane_id\":\"%s\",\"reason\":\"called\"}", s->lane[SIDE]));
	site_pass(s, 15 * SECOND);
	assert_int_equal(at(site_device(s, SIDE, "GET", A "openings", NULL, 200), "items")->n, 0);
	SAYS(s, SIDE, fmt(r, "\"method\":\"remote\",\"opening_id\":\"%s\"", order), "refuse order_over");
	assert_string_equal(text_at(r, call(r, s->guard, "GET", fmt(r, A "opening/%s", order), NULL, 200), "state"),
			    "over");
	/* Nobody came to the other one in time. */
	site_pass(s, 5 * MINUTE);
	assert_int_equal(at(call(r, s->guard, "GET", A "wait?state=gone", NULL, 200), "items")->n, 1);
}

static void passback(struct rig *r)
{
	site_build(s, r);
	site_card(s, "1", "");
	for (int i = 0; i < 2; i++)
		call(r, s->head, "PATCH", fmt(r, A "door/%s", s->door[i]),
		     "{\"passback\":\"hard\",\"passback_scope\":\"area\",\"passback_min\":60}", 200);
#define GO_IN  CARD("1") ",\"direction\":\"in\""
#define GO_OUT CARD("1") ",\"direction\":\"out\""
	SAYS(s, MAIN, GO_IN, "grant ok");
	SAYS(s, SIDE, GO_IN, "refuse passed_back"); /* the same area by another door */
	SAYS(s, SIDE, GO_OUT, "grant ok");
	SAYS(s, MAIN, GO_IN, "grant ok");
	site_pass(s, SECOND);
	call(r, s->guard, "POST", fmt(r, A "door/%s/forgive", s->door[0]), "{}", 200);
	SAYS(s, MAIN, GO_IN, "grant ok");
	site_pass(s, 60 * MINUTE);
	SAYS(s, MAIN, GO_IN, "grant ok");
	call(r, s->head, "PATCH", fmt(r, A "door/%s", s->door[0]), "{\"passback\":\"soft\"}", 200);
	SAYS(s, MAIN, GO_IN, "grant soft_passback");
	/* By door alone the other door knows nothing. */
	for (int i = 0; i < 2; i++)
		call(r, s->head, "PATCH", fmt(r, A "door/%s", s->door[i]),
		     "{\"passback\":\"hard\",\"passback_scope\":\"door\"}", 200);
	SAYS(s, SIDE, GO_IN, "grant ok");
	SAYS(s, SIDE, GO_IN, "refuse passed_back");
	SAYS(s, MAIN, GO_IN, "grant ok");
	SAYS(s, MAIN, GO_IN, "refuse passed_back");
}

/* Whose phone it is makes it so; a new one takes the place of the old. */
static void phones(struct rig *r)
{
	site_build(s, r);
	refused(r, s->guard, "POST", A "phone", "{}", 400, "unknown_person", "person_id");
	call(r, s->resident, "POST", A "phone", "{}", 201);
	const char *token = text_at(r, here(r), "token"), *id = text_at(r, here(r), "credential_id");
	const char *show = fmt(r, "\"method\":\"phone\",\"token\":\"%s\"", token);

	SAYS(s, MAIN, show, "grant ok");
	SAYS(s, HOUSE, show, "grant ok"); /* every gate group around the home */
	assert_int_equal(rows_with(r, token, NULL), 0);
	const struct json *j = call(r, s->resident, "GET", A "credential", NULL, 200);

	assert_int_equal(at(j, "items")->n, 1);
	assert_int_equal(at(call(r, s->neighbour, "GET", A "credential", NULL, 200), "items")->n, 0);
	call(r, s->resident, "POST", A "phone", "{}", 201);
	SAYS(s, MAIN, show, "refuse revoked");
	SAYS(s, MAIN,
	     fmt(r, "\"method\":\"phone\",\"token\":\"%s\"",
		 text_at(r, call(r, s->resident, "POST", A "phone", "{}", 201), "token")),
	     "grant ok");
	call(r, s->resident, "GET", fmt(r, A "credential/%s/doors", id), NULL, 200);
	/* Who may not come any more is out of every door at once. */
	site_card(s, "1", "");
	call(r, s->head, "POST", fmt(r, "/api/people/person/%s/disable", s->ann), "{}", 200);
	assert_int_equal(app_settle(r->app), RC_OK);
	SAYS(s, MAIN, CARD("1"), "refuse revoked");
	assert_int_equal(count(r, "SELECT count(*) FROM access_credential WHERE state = 'active'"), 0);
}

/* A case, two persons, 72 hours, one day, each reading on record. */
static void movements(struct rig *r)
{
	site_build(s, r);
	const char *card = site_card(s, "1", "");
	const struct actor *other = rig_actor(r, "head9", fmt(r, "head@%s", s->north_path), NULL);

	SAYS(s, MAIN, CARD("1") ",\"direction\":\"in\"", "grant ok");
	site_pass(s, HOUR);
	SAYS(s, SIDE, CARD("1") ",\"direction\":\"out\"", "grant ok");
	site_pass(s, HOUR);
#define MOVES(from, to)                                                                 \
	fmt(r,                                                                          \
	    "{\"credential_id\":\"%s\",\"case_number\":\"2026-17\",\"purpose\":\"lost " \
	    "child\",\"from_at\":\"%s\",\"to_at\":\"%s\"}",                             \
	    card, when(s, from), when(s, to))
	refused(r, s->head, "POST", A "movement", MOVES(-73 * HOUR, 0), 400, "out_of_range", "to_at");
	refused(r, s->head, "POST", A "movement", MOVES(-HOUR, HOUR), 400, "out_of_range", "to_at");
	refused(r, s->guard, "POST", A "movement", MOVES(-HOUR, 0), 403, "denied", "");
	refused(r, s->southerner, "POST", A "movement", MOVES(-HOUR, 0), 400, "unknown_ref", "credential_id");
	const char *id = create(r, s->head, A "movement", MOVES(-90 * MINUTE, 0)),
		   *read = fmt(r, A "movement/%s/passes", id);

	refused(r, s->head, "POST", read, "{}", 409, "wrong_state", "state");
	refused(r, s->head, "POST", fmt(r, A "movement/%s/allow", id), "{\"reason\":\"mine\"}", 409, "same_person",
		"asked_by");
	call(r, other, "POST", fmt(r, A "movement/%s/allow", id), "{\"reason\":\"agreed\"}", 200);
	refused(r, other, "POST", read, "{}", 403, "not_yours", "");
	int64_t looks = count(r, "SELECT count(*) FROM core_look");
	const struct json *j = call(r, s->head, "POST", read, "{}", 200);

	assert_int_equal(at(j, "items")->n, 1); /* the way in lies before the span */
	assert_string_equal(text_at(r, j, "items.0.direction"), "out");
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), looks + 1);
	j = call(r, s->resident, "GET", "/api/me/looks", NULL, 200);
	assert_string_equal(text_at(r, j, "items.0.reason"), "2026-17");
	fail_every_call(r, s->head, "POST", read, "{}", 200);
	site_pass(s, 24 * HOUR);
	refused(r, s->head, "POST", read, "{}", 409, "wrong_state", "state");
}

#define ON_BOTH(name)                                         \
	static void test_##name(void **state)                 \
	{                                                     \
		(void)state;                                  \
		on_each_kind(name, site_modules, site_roles); \
	}
ON_BOTH(swipes)
ON_BOTH(life)
ON_BOTH(serials)
ON_BOTH(setting_up)
ON_BOTH(terminals)
ON_BOTH(plates)
ON_BOTH(passback)
ON_BOTH(phones)
ON_BOTH(movements)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swipes),     cmocka_unit_test(test_life),      cmocka_unit_test(test_serials),
		cmocka_unit_test(test_setting_up), cmocka_unit_test(test_terminals), cmocka_unit_test(test_plates),
		cmocka_unit_test(test_passback),   cmocka_unit_test(test_phones),    cmocka_unit_test(test_movements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
