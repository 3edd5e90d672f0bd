/* visit_test.c - visitors from the poster or the resident to the way out; codes
 * that open once, keypads that close, passes that were used where nobody knew,
 * and a courier's parcel. */
#include "access_rig.h"

#include <stdio.h>
#include <string.h>

static struct site site, *const s = &site;
#define UNIT "3-2-501"

static void codes(struct rig *r)
{
	const char *code, *pass;

	site_build(s, r);
	const char *visit = site_visit(s, "", &code, &pass);

	assert_int_equal(strlen(code), 8);
	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse code_used");
	SAYS(s, SIDE, typed(s, UNIT, code), "refuse code_used");
	SAYS(s, SIDE, fmt(r, "\"method\":\"qr\",\"token\":\"%s\"", pass), "refuse code_used");
	const struct json *j = call(r, s->resident, "GET", fmt(r, A "visit/%s", visit), NULL, 200);

	assert_string_equal(text_at(r, j, "state"), "checked_in");
	call(r, s->guard, "POST", fmt(r, A "visit/%s/check_out", visit), "{}", 200);
	/* The unit is asked for first: another unit's code is no code. */
	site_visit(s, "", &code, &pass);
	SAYS(s, MAIN, typed(s, "3-2-502", code), "refuse code_wrong");
	SAYS(s, MAIN, typed(s, "", code), "refuse code_wrong");
	SAYS(s, HOUSE, typed(s, UNIT, code), "refuse code_wrong"); /* another group */
	SAYS(s, MAIN, fmt(r, "\"method\":\"qr\",\"token\":\"%s\"", pass), "grant ok");
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse code_used");
	/* As often as was said, and not before nor after its time. */
	visit = create(r, s->resident, A "visit",
		       fmt(r, "{\"dwelling_id\":\"%s\",\"purpose\":\"work\",\"from_at\":\"%s\",\"to_at\":\"%s\"}",
			   s->dwelling, when(s, HOUR), when(s, 3 * HOUR)));
	j = call(r, s->resident, "POST", fmt(r, A "visit/%s/code", visit), "{\"uses\":2}", 200);
	code = text_at(r, j, "code");
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse not_yet");
	site_pass(s, HOUR);
	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	SAYS(s, SIDE, typed(s, UNIT, code), "grant ok");
	SAYS(s, SIDE, typed(s, UNIT, code), "refuse code_used");
	site_visit(s, "", &code, NULL);
	r->now += 2 * HOUR;
	s->up += 2 * HOUR;
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse expired");
	site_jobs(s);
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse expired");
	/* A new code takes the place of the old one. */
	visit = site_visit(s, "", &code, NULL);
	j = call(r, s->resident, "POST", fmt(r, A "visit/%s/code", visit), "{}", 200);
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse revoked");
	SAYS(s, MAIN, typed(s, UNIT, text_at(r, j, "code")), "grant ok");
}

/* Nobody but the host is told; kept is a keyed hash. */
static void secrets(struct rig *r)
{
	const char *code, *pass;

	site_build(s, r);
	const char *visit = site_visit(s, ",\"phone\":\"138 7001 2345\",\"plate\":\"赣A·12345\"", &code, &pass);

	assert_int_equal(rows_with(r, code, NULL), 0);
	assert_int_equal(rows_with(r, pass, NULL), 0);
	r->never = code;
	const struct json *j = call(r, s->guard, "GET", fmt(r, A "code?visit_id=%s", visit), NULL, 200);

	assert_string_equal(text_at(r, j, "items.0.state"), "live");
	assert_int_equal(int_at(j, "items.0.uses_left"), 1);
	assert_null(at(j, "items.0.code_mac"));
	call(r, s->guard, "GET", fmt(r, A "visit/%s", visit), NULL, 200);
	assert_int_equal(at(here(r), "name")->kind, J_NULL);
	call(r, s->guard, "POST", fmt(r, A "visit/%s/reveal", visit),
	     "{\"fields\":[\"name\"],\"purpose\":\"gate_decision\",\"reason\":\"at the lane\"}", 200);
	assert_string_equal(text_at(r, here(r), "name"), "Guest");
	r->never = NULL;
	/* Only for the own home; the neighbour sees nothing of it. */
	refused(r, s->neighbour, "GET", fmt(r, A "visit/%s", visit), NULL, 404, "not_found", "id");
	refused(r, s->neighbour, "POST", fmt(r, A "visit/%s/code", visit), "{}", 404, "not_found", "id");
	refused(r, s->neighbour, "POST", A "visit", fmt(r, "{\"dwelling_id\":\"%s\",\"purpose\":\"tea\"}", s->dwelling),
		400, "unknown_place", "dwelling_id");
	/* Staff for a resident who called: with the reason, on record. */
	refused(r, s->guard, "POST", fmt(r, A "visit/%s/code", visit), "{}", 400, "required", "reason");
	call(r, s->guard, "POST", fmt(r, A "visit/%s/code", visit), "{\"reason\":\"called from 3-2-501\"}", 200);
	assert_int_equal(count(r, "SELECT count(*) FROM core_audit WHERE what = 'access.code.for_resident'"), 1);
	refused(r, s->guard, "POST", A "visit", fmt(r, "{\"dwelling_id\":\"%s\",\"purpose\":\"tea\"}", s->dwelling),
		400, "required", "reason");
	refused(r, s->resident, "POST", A "visit",
		fmt(r, "{\"dwelling_id\":\"%s\",\"purpose\":\"tea\",\"to_at\":\"%s\"}", s->dwelling,
		    when(s, 25 * HOUR)),
		400, "out_of_range", "to_at");
	refused(r, s->resident, "POST", A "visit",
		fmt(r, "{\"dwelling_id\":\"%s\",\"purpose\":\"tea\",\"phone\":\"12345678\"}", s->dwelling), 400,
		"no_phone", "phone");
	/* Passes can't be made nor bent. */
	char *bent = arena_z(r->arena, str_of(pass));

	bent[40] = bent[40] == '1' ? '2' : '1';
	SAYS(s, MAIN, fmt(r, "\"method\":\"qr\",\"token\":\"%s\"", bent), "refuse unknown");
	SAYS(s, MAIN, "\"method\":\"qr\",\"token\":\"J1.x|y.AAAA\"", "refuse unknown");
	SAYS(s, MAIN, "\"method\":\"qr\",\"token\":\"J1.\"", "refuse unknown");
	SAYS(s, MAIN, "\"method\":\"qr\"", "refuse unknown");
	/* A day after its end nothing is left of it. */
	site_pass(s, 26 * HOUR);
	site_pass(s, HOUR);
	assert_int_equal(count(r, "SELECT count(*) FROM access_code"), 0);
	assert_int_equal(count(r, "SELECT count(*) FROM access_visit"), 0);
	assert_int_equal(rows_with(r, "Guest", NULL), 0);
}

/* Five wrong ones close the code path, and nothing else. */
static void keypad(struct rig *r)
{
	const char *code;

	site_build(s, r);
	site_card(s, "1", "");
	site_visit(s, "", &code, NULL);
	for (int i = 0; i < 5; i++)
		SAYS(s, MAIN, typed(s, UNIT, "00000000"), "refuse code_wrong");
	assert_string_equal(text_at(r, here(r), "closed_until"), when(s, 10 * MINUTE));
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse keypad_closed");
	SAYS(s, MAIN, "\"method\":\"card\",\"token\":\"1\"", "grant ok");
	SAYS(s, MAIN, "\"method\":\"guard\"", "grant guard");
	SAYS(s, SIDE, typed(s, UNIT, "00000000"), "refuse code_wrong"); /* its own keypad */
	const struct json *j = call(r, s->guard, "GET", A "board", NULL, 200);

	assert_string_equal(text_at(r, j, "items.0.codes_closed_until"), when(s, 10 * MINUTE));
	site_pass(s, 10 * MINUTE - 1);
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse keypad_closed");
	r->now++;
	s->up++;
	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	/* A guard who has looked opens it at once. */
	for (int i = 0; i < 5; i++)
		SAYS(s, MAIN, typed(s, UNIT, "0000000"), "refuse code_wrong");
	call(r, s->guard, "POST", fmt(r, A "lane/%s/unlock", s->lane[MAIN]), "{}", 200);
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse code_used");
	refused(r, s->resident, "POST", fmt(r, A "lane/%s/unlock", s->lane[MAIN]), "{}", 403, "denied", "");
	/* Thirty a day, then a day. */
	for (int i = 0; i < 30; i++) {
		SAYS(s, MAIN, typed(s, UNIT, "99999999"), "refuse code_wrong");
		site_pass(s, 10 * MINUTE);
	}
	SAYS(s, MAIN, typed(s, UNIT, "99999999"), "refuse keypad_closed");
	site_pass(s, DAY);
	SAYS(s, MAIN, typed(s, UNIT, "99999999"), "refuse code_wrong");
}

/* ---- the poster ---------------------------------------------------------------------- */

static void poster(struct rig *r)
{
	site_build(s, r);
#define ASK(more)                                                                           \
	fmt(r,                                                                              \
	    "{\"at\":\"%s\",\"unit\":\"" UNIT                                               \
	    "\",\"name\":\"Guest\",\"phone\":\"13870012345\",\"purpose\":\"tea\"" more "}", \
	    s->north)
	call(r, NULL, "POST", A "poster", ASK(",\"people\":2,\"plate\":\"赣AD12345\""), 201);
	const char *id = text_at(r, here(r), "id"), *key = text_at(r, here(r), "key"),
		   *ticket = fmt(r, "{\"key\":\"%s\"}", key), *path = fmt(r, A "ticket/%s", id);
	const struct json *j = call(r, NULL, "POST", path, ticket, 200);

	assert_string_equal(text_at(r, j, "state"), "expected");
	assert_int_equal(at(j, "confirmed")->i, 0);
	assert_null(at(j, "code"));
	refused(r, NULL, "POST", path, "{\"key\":\"00000000000000000000000000000000\"}", 404, "not_found", "id");
	refused(r, NULL, "POST", A "ticket/nothing", ticket, 404, "not_found", "id");
	refused(r, s->resident, "POST", fmt(r, A "visit/%s/code", id), "{}", 409, "not_confirmed", "confirmed_at");
	refused(r, s->neighbour, "POST", fmt(r, A "visit/%s/confirm", id), "{}", 404, "not_found", "id");
	call(r, s->resident, "POST", fmt(r, A "visit/%s/confirm", id), "{}", 200);
	j = call(r, NULL, "POST", path, ticket, 200);
	const char *code = text_at(r, j, "code.code");

	assert_int_equal(strlen(code), 8);
	/* Told once. */
	j = call(r, NULL, "POST", path, ticket, 200);
	assert_null(at(j, "code"));
	assert_int_equal(at(j, "issued")->i, 1);
	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse code_used");
	assert_string_equal(text_at(r, call(r, NULL, "POST", path, ticket, 200), "state"), "checked_in");
	/* Refused, never confirmed, never came. */
	call(r, NULL, "POST", A "poster", ASK(""), 201);
	const char *no = text_at(r, here(r), "id");

	call(r, s->resident, "POST", fmt(r, A "visit/%s/refuse", no), "{}", 200);
	call(r, NULL, "POST", A "poster", ASK(""), 201);
	const char *late = text_at(r, here(r), "id"), *absent = site_visit(s, "", NULL, NULL);

	site_pass(s, 2 * HOUR);
	assert_string_equal(text_at(r, call(r, s->guard, "GET", fmt(r, A "visit/%s", no), NULL, 200), "state"),
			    "refused");
	assert_string_equal(text_at(r, call(r, s->guard, "GET", fmt(r, A "visit/%s", late), NULL, 200), "state"),
			    "expired");
	assert_string_equal(text_at(r, call(r, s->guard, "GET", fmt(r, A "visit/%s", absent), NULL, 200), "state"),
			    "no_show");
	refused(r, s->resident, "POST", fmt(r, A "visit/%s/confirm", late), "{}", 409, "wrong_state", "state");
	fail_every_call(r, NULL, "POST", A "poster", ASK(""), 201);
}

static void poster_limits(struct rig *r)
{
	site_build(s, r);
	refused(r, NULL, "POST", A "poster",
		fmt(r,
		    "{\"at\":\"%s\",\"unit\":\"9-9-909\",\"name\":\"G\",\"phone\":\"13870012345\",\"purpose\":\"tea\"}",
		    s->north),
		400, "unknown_unit", "unit");
	refused(r, NULL, "POST", A "poster",
		fmt(r,
		    "{\"at\":\"%s\",\"unit\":\"" UNIT
		    "\",\"name\":\"G\",\"phone\":\"13870012345\",\"purpose\":\"tea\"}",
		    s->south),
		400, "unknown_unit", "unit");
	refused(r, NULL, "POST", A "poster",
		fmt(r, "{\"at\":\"%s\",\"unit\":\"" UNIT "\",\"phone\":\"13870012345\",\"purpose\":\"tea\"}", s->north),
		400, "required", "name");
	refused(r, NULL, "POST", A "poster", ASK(",\"people\":51"), 400, "out_of_range", "people");
	for (int i = 0; i < 4; i++)
		call(r, NULL, "POST", A "poster", ASK(""), 201);
	refused(r, NULL, "POST", A "poster", ASK(""), 429, "slow_down", ""); /* the seventh from this address */
	site_pass(s, 10 * MINUTE);
	for (int i = 0; i < 1; i++)
		call(r, NULL, "POST", A "poster", ASK(""), 201);
	refused(r, NULL, "POST", A "poster", ASK(""), 429, "slow_down", ""); /* the sixth at this door */
}

/* ---- the courier: code, gate, office, second delivery, receipt ---------------------------- */

static void courier(struct rig *r)
{
	const char *code;

	site_build(s, r);
	const char *visit = site_visit(s, ",\"holder\":\"courier\"", &code, NULL);

	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	const struct json *j = call(r, s->guard, "GET", fmt(r, A "parcel?visit_id=%s", visit), NULL, 200);
	const char *parcel = fmt(r, A "parcel/%s", text_at(r, j, "items.0.id"));

	assert_string_equal(text_at(r, j, "items.0.state"), "entered");
	assert_string_equal(text_at(r, j, "items.0.unit"), UNIT);
	refused(r, s->guard, "POST", fmt(r, "%s/bring_up", parcel), "{}", 409, "wrong_state", "state");
	refused(r, s->guard, "POST", fmt(r, "%s/drop", parcel), "{}", 400, "required", "kept_at");
	call(r, s->property, "POST", fmt(r, "%s/drop", parcel), "{\"kept_at\":\"office\",\"number\":\"SF-1\"}", 200);
	call(r, s->property, "POST", fmt(r, "%s/bring_up", parcel), "{}", 200);
	const char *receipt =
		text_at(r, call(r, s->resident, "GET", fmt(r, "%s/receipt", parcel), NULL, 200), "receipt");

	refused(r, s->neighbour, "GET", fmt(r, "%s/receipt", parcel), NULL, 404, "not_found", "id");
	refused(r, s->property, "POST", fmt(r, "%s/hand_over", parcel), "{\"receipt\":\"nope\"}", 400, "bad_receipt",
		"receipt");
	j = call(r, s->property, "POST", fmt(r, "%s/hand_over", parcel), fmt(r, "{\"receipt\":\"%s\"}", receipt), 200);
	assert_string_equal(text_at(r, j, "state"), "received");
	assert_string_equal(text_at(r, j, "receipt"), "code");
	assert_int_equal(rows_with(r, receipt, NULL), 0);
	refused(r, s->resident, "POST", fmt(r, "%s/take", parcel), "{}", 409, "wrong_state", "state");
	/* Out again: the visit is over. */
	SAYS(s, MAIN_OUT, typed(s, UNIT, code), "refuse code_used");
	site_pass(s, 3 * HOUR);
}

/* ---- passes where nobody could ask ---------------------------------------------------------- */

static void replays(struct rig *r)
{
	const char *pass;

	site_build(s, r);
	const char *visit = site_visit(s, "", NULL, &pass);
	const char *first = when(s, 0);

	/* Two gates were cut off; each checked the signature and opened. */
#define LOG(serial, at)                                                                                         \
	fmt(r,                                                                                                  \
	    "{\"sent_at\":\"%s\",\"entries\":[{\"serial\":%d,\"at\":\"%s\",\"method\":\"qr\",\"token\":\"%s\"," \
	    "\"direction\":\"in\",\"verdict\":\"grant\",\"reason\":\"ok\"}]}",                                  \
	    when(s, 0), serial, at, pass)
	site_pass(s, HOUR);
	site_device(s, SIDE, "POST", A "log", LOG(10, first), 200);
	assert_int_equal(int_at(here(r), "accepted"), 1);
	assert_int_equal(int_at(here(r), "replayed"), 0);
	site_device(s, MAIN, "POST", A "log", LOG(11, first), 200);
	assert_int_equal(int_at(here(r), "replayed"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass WHERE reason = 'replayed'"), 1);
	const struct json *j = call(r, s->guard, "GET", fmt(r, A "code?visit_id=%s", visit), NULL, 200);

	assert_int_equal(int_at(j, "items.0.replays"), 1);
	assert_string_equal(text_at(r, j, "items.0.state"), "used");
	SAYS(s, MAIN, fmt(r, "\"method\":\"qr\",\"token\":\"%s\"", pass), "refuse code_used");
	/* Sent again because the answer was lost: nothing changes. */
	uint64_t before = digest(r);

	site_device(s, MAIN, "POST", A "log", LOG(11, first), 200);
	assert_int_equal(int_at(here(r), "duplicate"), 1);
	assert_int_equal(int_at(here(r), "replayed"), 0);
	assert_true(digest(r) == before);
}

#define ON_BOTH(name)                                         \
	static void test_##name(void **state)                 \
	{                                                     \
		(void)state;                                  \
		on_each_kind(name, site_modules, site_roles); \
	}
ON_BOTH(codes)
ON_BOTH(secrets)
ON_BOTH(keypad)
ON_BOTH(poster)
ON_BOTH(poster_limits)
ON_BOTH(courier)
ON_BOTH(replays)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),         cmocka_unit_test(test_secrets), cmocka_unit_test(test_keypad),
		cmocka_unit_test(test_poster),        cmocka_unit_test(test_courier), cmocka_unit_test(test_replays),
		cmocka_unit_test(test_poster_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
