/* rules_test.c - time tables by alarm and measure, clocks that are wrong, how
 * many are inside, logs that come late, the list for gates that are cut off. */
#include "access_rig.h"

#include "domain/access/access.h"
#include "sys/crypto.h"

#include <string.h>

static struct site site, *const s = &site;
#define UNIT        "3-2-501"
#define CARD(token) "\"method\":\"card\",\"token\":\"" token "\""

/* ---- closed management: S22 ---------------------------------------------------------- */

static const char *measure(struct rig *r, const char *more)
{
	const char *id =
		create(r, s->head, A "policy",
		       fmt(r,
			   "{\"name\":\"closed\",\"place_id\":\"%s\",\"kind\":\"closed\",\"legal_number\":\"2026-17\","
			   "\"reason\":\"outbreak\",\"to_at\":\"%s\"%s}",
			   s->north, when(s, 14 * DAY), more));

	call(r, s->head, "POST", fmt(r, A "policy/%s/start", id), "{}", 200);
	return id;
}

static void measures(struct rig *r)
{
	const char *code;

	site_build(s, r);
	site_card(s, "1", "");
	/* Without a number or an end it can't be written down. */
#define CLOSED(more) \
	fmt(r, "{\"name\":\"x\",\"place_id\":\"%s\",\"kind\":\"closed\",\"reason\":\"outbreak\"%s}", s->north, more)
	refused(r, s->head, "POST", A "policy", CLOSED(fmt(r, ",\"to_at\":\"%s\"", when(s, DAY))), 400, "required",
		"legal_number");
	refused(r, s->head, "POST", A "policy", CLOSED(",\"legal_number\":\"2026-17\""), 400, "required", "to_at");
	refused(r, s->head, "POST", A "policy",
		CLOSED(fmt(r, ",\"legal_number\":\"2026-17\",\"to_at\":\"%s\"", when(s, 31 * DAY))), 400,
		"out_of_range", "to_at");
	refused(r, s->head, "POST", A "policy",
		fmt(r, "{\"name\":\"x\",\"place_id\":\"%s\",\"kind\":\"house\",\"reason\":\"vote\",\"most_dc\":373}",
		    s->north),
		400, "not_for_kind", "kind");
	refused(r, s->head, "POST", A "policy",
		fmt(r,
		    "{\"name\":\"x\",\"place_id\":\"%s\",\"kind\":\"house\",\"reason\":\"vote\",\"refuses\":["
		    "\"foreigner\"]}",
		    s->north),
		400, "unknown_word", "refuses");
	SAYS(s, MAIN, CARD("1") ",\"temperature\":36.5", "grant ok");
	assert_int_equal(count(r, "SELECT count(*) FROM access_reading"), 0); /* nobody asked for it */
	measure(r, ",\"refuses\":[\"visitor\"],\"asks\":[\"courier\"],\"most_dc\":373");
	site_visit(s, "", &code, NULL);
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse policy");
	SAYS(s, MAIN, CARD("1"), "ask no_temperature");
	SAYS(s, MAIN, CARD("1") ",\"temperature\":36.5", "grant ok");
	SAYS(s, MAIN, CARD("1") ",\"temperature\":37.4", "ask temperature");
	SAYS(s, MAIN, CARD("1") ",\"direction\":\"out\"", "grant ok");
	assert_int_equal(count(r, "SELECT count(*) FROM access_reading"), 2);
	/* A courier is asked about; who is let in has used his code. */
	site_visit(s, ",\"holder\":\"courier\"", &code, NULL);
	SAYS(s, MAIN, fmt(r, "%s,\"temperature\":36.4", typed(s, UNIT, code)), "ask policy");
	const char *wait = text_at(r, here(r), "wait_id");

	call(r, s->guard, "POST", fmt(r, A "wait/%s/admit", wait), "{}", 200);
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse code_used");
	assert_int_equal(at(call(r, s->guard, "GET", A "parcel", NULL, 200), "items")->n, 1);
	/* Its end comes by itself, and takes what it gathered along. */
	site_pass(s, 14 * DAY - HOUR);
	assert_int_equal(at(call(r, s->guard, "GET", A "policy?state=on", NULL, 200), "items")->n, 1);
	assert_int_equal(count(r, "SELECT count(*) FROM access_reading"), 3);
	site_pass(s, HOUR);
	assert_int_equal(at(call(r, s->guard, "GET", A "policy?state=ended", NULL, 200), "items")->n, 1);
	assert_int_equal(count(r, "SELECT count(*) FROM access_reading"), 0);
	site_visit(s, "", &code, NULL);
	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	SAYS(s, MAIN, CARD("1"), "grant ok");
	/* Everywhere, in one action. */
	measure(r, ",\"most_dc\":373");
	measure(r, ",\"scans\":true,\"fallback\":\"refuse\"");
	SAYS(s, MAIN, CARD("1") ",\"temperature\":36.5,\"scan\":\"x\"", "refuse scan"); /* nobody verifies */
	refused(r, s->guard, "POST", A "measures/end", "{}", 403, "denied", "");
	call(r, s->southerner, "POST", A "measures/end", "{}", 200);
	assert_int_equal(int_at(here(r), "ended"), 0);
	call(r, s->head, "POST", A "measures/end", "{}", 200);
	assert_int_equal(int_at(here(r), "ended"), 2);
	assert_int_equal(count(r, "SELECT count(*) FROM access_reading"), 0);
	SAYS(s, MAIN, CARD("1"), "grant ok");
}

/* ---- codes that somebody else vouches for ------------------------------------------------ */

static enum gate_scan says_what_it_says(void *self, struct str scanned, int64_t within_us)
{
	int word = gate_word(gate_scans, scanned);

	++*(int *)self;
	assert_true(within_us > 0 && within_us <= 2 * SECOND);
	return word < 0 ? GATE_SCAN_TIMEOUT : (enum gate_scan)word;
}

static enum rc set_verifier(struct ctx *c, void *arg)
{
	access_set_verifier(c, says_what_it_says, arg);
	return RC_OK;
}

static void verifiers(struct rig *r)
{
	int asked = 0;

	site_build(s, r);
	site_card(s, "1", "");
	assert_int_equal(app_unit(r->app, set_verifier, &asked), RC_OK);
	const char *id = measure(r, ",\"scans\":true,\"fallback\":\"ask\"");

	SAYS(s, MAIN, CARD("1") ",\"scan\":\"pass\"", "grant ok");
	SAYS(s, MAIN, CARD("1") ",\"scan\":\"warn\"", "ask scan");
	SAYS(s, MAIN, CARD("1") ",\"scan\":\"refuse\"", "refuse scan");
	SAYS(s, MAIN, CARD("1") ",\"scan\":\"no answer\"", "ask scan"); /* the stated fallback */
	assert_int_equal(asked, 4);
	SAYS(s, MAIN, CARD("1"), "ask scan"); /* nothing was scanned, nobody is asked */
	assert_int_equal(asked, 4);
	call(r, s->head, "POST", fmt(r, A "policy/%s/end", id), "{}", 200);
	measure(r, ",\"scans\":true,\"fallback\":\"open\"");
	SAYS(s, MAIN, CARD("1") ",\"scan\":\"no answer\"", "grant ok");
	assert_int_equal(rows_with(r, "no answer", NULL), 0);
}

/* ---- lockdown, evacuation, who is inside ------------------------------------------------ */

static const char *alarm(struct rig *r, const char *kind)
{
	return create(r, s->head, A "emergency",
		      fmt(r, "{\"place_id\":\"%s\",\"kind\":\"%s\",\"reason\":\"drill\",\"until_at\":\"%s\"}", s->north,
			  kind, when(s, HOUR)));
}

static void alarms(struct rig *r)
{
	const char *code;

	site_build(s, r);
	site_card(s, "1", "");
	site_visit(s, "", &code, NULL);
	SAYS(s, MAIN, CARD("1"), "grant ok");
	SAYS(s, MAIN, typed(s, UNIT, code), "grant ok");
	const char *id = alarm(r, "lockdown");

	SAYS(s, MAIN, CARD("1"), "refuse lockdown");
	SAYS(s, MAIN, "\"method\":\"guard\"", "grant guard");
	refused(r, s->guard, "POST", A "muster", fmt(r, "{\"area_id\":\"%s\",\"reason\":\"drill\"}", s->north), 409,
		"no_evacuation", "area_id");
	call(r, s->head, "POST", fmt(r, A "emergency/%s/end", id), "{}", 200);
	SAYS(s, MAIN, CARD("1"), "grant ok");
	alarm(r, "evacuation");
	SAYS(s, MAIN, CARD("nobody") ",\"direction\":\"out\"", "grant evacuation");
	assert_string_equal(text_at(r, call(r, s->guard, "GET", A "board", NULL, 200), "items.0.alarm"), "evacuation");
	assert_string_equal(text_at(r, here(r), "items.0.mode"), "open");
	/* Names with a reason, each on record. */
	int64_t looks = count(r, "SELECT count(*) FROM core_look");

	refused(r, s->guard, "POST", A "muster", fmt(r, "{\"area_id\":\"%s\"}", s->north), 400, "required", "reason");
	const struct json *j = call(r, s->guard, "POST", A "muster",
				    fmt(r, "{\"area_id\":\"%s\",\"reason\":\"fire in 3\"}", s->north), 200);

	assert_int_equal(at(j, "items")->n, 2);
	assert_string_equal(text_at(r, j, "items.[holder=resident].name"), "");
	assert_true(memmem(r->last.body.p, r->last.body.n, "Full Ann", 8) != NULL);
	assert_true(memmem(r->last.body.p, r->last.body.n, "Guest", 5) != NULL);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), looks + 2);
	refused(r, s->desk, "POST", A "muster", fmt(r, "{\"area_id\":\"%s\",\"reason\":\"curious\"}", s->north), 403,
		"denied", "");
	/* The end comes by itself, and doors are as they were. */
	site_pass(s, HOUR);
	SAYS(s, MAIN, CARD("nobody") ",\"direction\":\"out\"", "refuse unknown");
	assert_string_equal(text_at(r, call(r, s->guard, "GET", A "board", NULL, 200), "items.0.alarm"), "calm");
	assert_int_equal(at(call(r, s->guard, "GET", A "emergency?state=ended", NULL, 200), "items")->n, 2);
}

static int64_t inside(struct rig *r, const char *key)
{
	return int_at(call(r, s->guard, "GET", A "occupancy", NULL, 200), fmt(r, "items.0.%s", key));
}

static void occupancy(struct rig *r)
{
	site_build(s, r);
	site_card(s, "1", "");
	site_card(s, "2", "");
#define GO(token, way) SAYS(s, MAIN, CARD(token) ",\"direction\":\"" way "\"", "grant ok")
	GO("1", "in");
	assert_int_equal(inside(r, "inside"), 1);
	assert_int_equal(inside(r, "unsure"), 0);
	SAYS(s, SIDE, "\"method\":\"guard\",\"direction\":\"in\"", "grant guard"); /* how many were they? */
	assert_int_equal(inside(r, "inside"), 2);
	assert_int_equal(inside(r, "unsure"), 1);
	GO("1", "out");
	SAYS(s, SIDE, CARD("9"), "refuse unknown");
	assert_int_equal(inside(r, "inside"), 1);
	GO("2", "out");
	GO("2", "out"); /* below nobody: the counter was wrong */
	assert_int_equal(inside(r, "inside"), 0);
	assert_int_equal(inside(r, "unsure"), 2);
	call(r, s->guard, "POST", fmt(r, A "occupancy/%s/correct", s->north), "{\"inside\":40,\"reason\":\"counted\"}",
	     200);
	assert_int_equal(inside(r, "inside"), 40);
	assert_int_equal(inside(r, "unsure"), 0);
	assert_int_equal(count(r, "SELECT was FROM access_fix"), 0);
	refused(r, s->guard, "POST", fmt(r, A "occupancy/%s/correct", s->north), "{\"inside\":40}", 400, "required",
		"reason");
	refused(r, s->southerner, "POST", fmt(r, A "occupancy/%s/correct", s->north),
		"{\"inside\":4,\"reason\":\"no\"}", 404, "not_found", "id");
	/* At night: who was last seen going in, and the difference. */
	GO("1", "in");
	int64_t local = (r->now + 8 * HOUR) % DAY;

	site_pass(s, DAY - local + 4 * HOUR);
	assert_int_equal(inside(r, "inside"), 1);
	assert_int_equal(inside(r, "unsure"), 40);
	assert_int_equal(count(r, "SELECT count(*) FROM access_fix"), 2);
	site_pass(s, HOUR);
	assert_int_equal(count(r, "SELECT count(*) FROM access_fix"), 2); /* once a night */
	/* In and out by hour, gate and method. */
	const struct json *j =
		call(r, s->desk, "GET", fmt(r, A "figures?from=%s&to=%s", when(s, -2 * DAY), when(s, HOUR)), NULL, 200);

	assert_int_equal(int_at(j, "in"), 3);
	assert_int_equal(int_at(j, "out"), 3);
	assert_int_equal(int_at(j, "refused"), 1);
	assert_int_equal(int_at(j, "residents_with_a_way.n"), 1);
	assert_int_equal(int_at(j, "residents_with_a_way.d"), 2);
	refused(r, s->desk, "GET", fmt(r, A "figures?from=%s", when(s, -40 * DAY)), NULL, 400, "out_of_range", "from");
}

/* ---- the contact ------------------------------------------------------------------------- */

static int64_t heard(struct rig *r, const char *type)
{
	return count(r, fmt(r,
			    "SELECT count(*) FROM sensing_event e JOIN sensing_type t ON t.no = e.type_no WHERE t.type "
			    "= 'cn.jiuan.%s.v1'",
			    type));
}

static void contacts(struct rig *r)
{
	site_build(s, r);
	site_card(s, "1", "");
#define CONTACT(word, more, want)                                                             \
	site_device(s, MAIN, "POST", A "contact", "{\"contact\":\"" word "\"" more "}", 200); \
	assert_string_equal(text_at(r, here(r), "contact"), want)
	CONTACT("shut", "", "shut");
	SAYS(s, MAIN, CARD("1"), "grant ok");
	CONTACT("open", "", "open");
	CONTACT("open", "", "open"); /* told again */
	assert_int_equal(heard(r, "door.opened"), 1);
	assert_int_equal(heard(r, "access.granted"), 1);
	CONTACT("shut", "", "shut");
	site_pass(s, 6 * SECOND);
	CONTACT("open", "", "forced");
	assert_int_equal(heard(r, "door.forced"), 1);
	CONTACT("shut", "", "shut");
	CONTACT("open", ",\"exit_request\":true", "open"); /* the button inside is a grant */
	assert_int_equal(heard(r, "access.granted"), 2);
	site_pass(s, 59 * SECOND);
	assert_int_equal(heard(r, "door.held"), 0);
	site_pass(s, SECOND);
	assert_int_equal(heard(r, "door.held"), 1);
	assert_string_equal(text_at(r, call(r, s->guard, "GET", A "board", NULL, 200), "items.0.contact"), "held");
	site_pass(s, MINUTE);
	assert_int_equal(heard(r, "door.held"), 1);
	CONTACT("shut", "", "shut");
	assert_int_equal(heard(r, "door.closed"), 4);
}

/* ---- logs that come late --------------------------------------------------------------------- */

static void late_logs(struct rig *r)
{
	site_build(s, r);
	site_card(s, "1", "");
	/* The device's clock is a day and an hour fast; entries come out of order. */
	int64_t off = 25 * HOUR;
#define ENTRY(n, ago, way)                                                                          \
	fmt(r,                                                                                      \
	    "{\"serial\":%d,\"at\":\"%s\",\"method\":\"card\",\"token\":\"1\",\"direction\":\"" way \
	    "\",\"verdict\":\"grant\",\"reason\":\"ok\"}",                                          \
	    n, when(s, off - (ago)))
	const char *body = fmt(r, "{\"sent_at\":\"%s\",\"entries\":[%s,%s,%s]}", when(s, off), ENTRY(102, HOUR, "out"),
			       ENTRY(101, 2 * HOUR, "in"), ENTRY(103, 30 * MINUTE, "in"));

	site_device(s, MAIN, "POST", A "log", body, 200);
	assert_int_equal(int_at(here(r), "accepted"), 3);
	assert_int_equal(count(r, "SELECT skew_ms FROM access_pass WHERE serial = 101"), 25 * 3600000);
	assert_int_equal(count(r, "SELECT device_at FROM access_pass WHERE serial = 101"), r->now - 2 * HOUR);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass WHERE late = 1"), 3);
	assert_int_equal(inside(r, "inside"), 1);
	/* The newest way by the corrected time counts, whatever came last. */
	assert_int_equal(count(r, "SELECT count(*) FROM access_inside WHERE direction = 'in'"), 1);
	uint64_t before = digest(r);

	site_device(s, MAIN, "POST", A "log", body, 200);
	assert_int_equal(int_at(here(r), "duplicate"), 3);
	assert_true(digest(r) == before);
	/* Nothing from the future stays there. */
	site_device(s, MAIN, "POST", A "log",
		    fmt(r, "{\"sent_at\":\"%s\",\"entries\":[%s]}", when(s, 0), ENTRY(104, 0, "out")), 200);
	assert_int_equal(count(r, "SELECT device_at FROM access_pass WHERE serial = 104"), r->now);
	r->auth = s->auth[MAIN];
	refused(r, NULL, "POST", A "log", "{\"entries\":[]}", 400, "bad_time", "sent_at");
	refused(r, NULL, "POST", A "log",
		fmt(r, "{\"sent_at\":\"%s\",\"entries\":[{\"serial\":1,\"at\":\"%s\",\"method\":\"iris\"}]}",
		    when(s, 0), when(s, 0)),
		400, "unknown_word", "entries");
	r->auth = NULL;
}

/* ---- the list ----------------------------------------------------------------------------------- */

static bool is_signed(struct rig *r)
{
	struct str sig, key;

	assert_int_equal(base64url_decode(r->arena, str_of(header_of(r, "Jiuan-Signature")), &sig), RC_OK);
	assert_int_equal(base64url_decode(r->arena, str_of(text_at(r, here(r), "pass_key")), &key), RC_OK);
	return key.n == SIGN_PUBLIC && sign_verify((const uint8_t *)key.p, r->last.body, sig);
}

static const char *delivery(struct rig *r, const char *card, const char *lane)
{
	const struct json *j = call(r, s->property, "GET", fmt(r, A "credential/%s/doors", card), NULL, 200);

	for (const struct json *d = at(j, "items")->child; d; d = d->next)
		if (strcmp(text_at(r, d, "lane_id"), lane) == 0)
			return text_at(r, d, "delivery");
	return "none";
}

static void lists(struct rig *r)
{
	site_build(s, r);
	const char *card = site_card(s, "1", "");

	create(r, s->property, A "credential",
	       fmt(r,
		   "{\"place_id\":\"%s\",\"holder\":\"staff\",\"method\":\"card\",\"token\":\"2\",\"rights\":[{\"group_"
		   "id\":\"%s\"}]}",
		   s->building, s->house_group));
	const struct json *j = site_device(s, MAIN, "GET", A "list", NULL, 200);
	int64_t version = int_at(j, "version"), next = int_at(j, "next");

	assert_true(is_signed(r));
	assert_int_equal(at(j, "lanes")->n, 1);
	assert_int_equal(at(j, "credentials")->n, 2);
	assert_string_equal(text_at(r, j, "credentials.0.state"), "active");
	assert_string_equal(text_at(r, j, "credentials.1.state"), "revoked"); /* opens nothing here */
	/* A gate that is cut off finds the card by the same keyed hash. */
	struct str key;
	uint8_t mac[CRYPTO_HASH];

	assert_int_equal(hex_decode(r->arena, str_of(text_at(r, j, "token_key")), &key), RC_OK);
	assert_int_equal(hash_keyed(key, STR("card\n1"), mac), RC_OK);
	assert_string_equal(hex_encode(r->arena, (struct str){ (const char *)mac, sizeof(mac) }).p,
			    text_at(r, j, "credentials.0.mac"));
	assert_string_equal(delivery(r, card, s->lane[MAIN]), "live"); /* keeps no list as far as we know */
	assert_string_equal(delivery(r, card, s->lane[HOUSE]), "none");
	site_device(s, MAIN, "POST", A "list/ack", fmt(r, "{\"version\":%lld}", (long long)version), 204);
	assert_string_equal(delivery(r, card, s->lane[MAIN]), "delivered");
	/* Revoked: at once where the node decides, pending where it does not. */
	call(r, s->property, "POST", fmt(r, A "credential/%s/revoke", card), "{\"reason\":\"moved\"}", 200);
	assert_string_equal(delivery(r, card, s->lane[MAIN]), "pending");
	assert_string_equal(delivery(r, card, s->lane[SIDE]), "live");
	SAYS(s, SIDE, CARD("1"), "refuse revoked");
	j = site_device(s, MAIN, "GET", fmt(r, A "list?since=%lld", (long long)next), NULL, 200);
	assert_int_equal(at(j, "credentials")->n, 1);
	assert_string_equal(text_at(r, j, "credentials.0.state"), "revoked");
	site_device(s, MAIN, "POST", A "list/ack", fmt(r, "{\"version\":%lld}", (long long)int_at(j, "version")), 204);
	assert_string_equal(delivery(r, card, s->lane[MAIN]), "delivered");
	r->auth = s->auth[MAIN];
	refused(r, NULL, "POST", A "list/ack", "{\"version\":99999}", 400, "out_of_range", "version");
	refused(r, NULL, "GET", A "list?since=x", NULL, 400, "out_of_range", "since");
	r->auth = NULL;
	refused(r, s->head, "GET", A "list", NULL, 401, "bad_device_key", "Authorization");
}

/* ---- wrong clocks ---------------------------------------------------------------------------------- */

static void clocks(struct rig *r)
{
	const char *code, *later;

	site_build(s, r);
	site_card(s, "1", fmt(r, ",\"to_at\":\"%s\"", when(s, HOUR)));
	site_card(s, "2", "");
	site_visit(s, "", &code, NULL);
	site_visit(s, fmt(r, ",\"from_at\":\"%s\",\"to_at\":\"%s\"", when(s, 2 * DAY), when(s, 2 * DAY + 20 * HOUR)),
		   &later, NULL);
	SAYS(s, MAIN, CARD("2"), "grant ok");
	site_pass(s, 3 * HOUR);
	SAYS(s, MAIN, CARD("1"), "refuse expired");
	/* Set back a day: what is over stays over. */
	site_leap(s, -DAY);
	SAYS(s, MAIN, CARD("1"), "refuse expired");
	SAYS(s, MAIN, typed(s, UNIT, code), "refuse expired");
	SAYS(s, MAIN, CARD("2"), "grant ok");
	assert_int_equal(at(call(r, s->guard, "GET", A "clock", NULL, 200), "set_back")->i, 1);
	site_leap(s, DAY);
	/* Set forward a year: nothing is deleted, nothing ended, nothing opened early. */
	int64_t passes = count(r, "SELECT count(*) FROM access_pass"),
		codes = count(r, "SELECT count(*) FROM access_code");

	site_leap(s, 365 * DAY);
	site_pass(s, HOUR);
	assert_int_equal(at(call(r, s->guard, "GET", A "clock", NULL, 200), "is_suspect")->i, 1);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass"), passes);
	assert_int_equal(count(r, "SELECT count(*) FROM access_code"), codes);
	assert_int_equal(count(r, "SELECT count(*) FROM access_visit WHERE state = 'expected'"), 1);
	SAYS(s, MAIN, typed(s, UNIT, later), "refuse expired");
	SAYS(s, MAIN, CARD("2"), "grant ok");
	/* Back again: as if nothing had been. */
	site_leap(s, -365 * DAY);
	assert_int_equal(at(call(r, s->guard, "GET", A "clock", NULL, 200), "is_suspect")->i, 0);
	site_pass(s, 2 * DAY);
	SAYS(s, MAIN, typed(s, UNIT, later), "grant ok");
	/* A leap of two days opens no code of the day after tomorrow ... */
	site_visit(s, fmt(r, ",\"from_at\":\"%s\"", when(s, DAY)), &later, NULL);
	site_leap(s, DAY + HOUR);
	SAYS(s, MAIN, typed(s, UNIT, later), "refuse not_yet");
	/* ... until a person says that the clock is right. */
	refused(r, s->guard, "POST", A "clock/confirm", "{}", 403, "denied", "");
	call(r, s->head, "POST", A "clock/confirm", "{}", 200);
	SAYS(s, MAIN, typed(s, UNIT, later), "grant ok");
}

/* The floor outlives the process; a month without it is believed, a year is not. */
static void restarts(struct rig *r)
{
	site_build(s, r);
	site_pass(s, HOUR);
	if (r->kind == TESTDB_MEMORY)
		return;
	int64_t before = r->now;

	r->now -= DAY;
	rig_restart(r);
	site_uptime(s);
	assert_int_equal(at(call(r, s->guard, "GET", A "clock", NULL, 200), "set_back")->i, 1);
	site_pass(s, HOUR);
	assert_string_equal(text_at(r, call(r, s->guard, "GET", A "clock", NULL, 200), "now_at"),
			    when(s, DAY)); /* it goes on from the floor */
	r->now = before + 30 * DAY;
	rig_restart(r);
	site_uptime(s);
	site_pass(s, HOUR);
	assert_int_equal(at(call(r, s->guard, "GET", A "clock", NULL, 200), "is_suspect")->i, 0);
	r->now += 365 * DAY;
	rig_restart(r);
	site_uptime(s);
	site_pass(s, HOUR);
	assert_int_equal(at(call(r, s->guard, "GET", A "clock", NULL, 200), "is_suspect")->i, 1);
}

/* Passes die after thirty days, counts stay; a year's leap kept them. */
static void thirty_days(struct rig *r)
{
	site_build(s, r);
	site_card(s, "1", "");
	SAYS(s, MAIN, CARD("1"), "grant ok");
	site_pass(s, 30 * DAY);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass"), 1);
	site_pass(s, 1);
	assert_int_equal(count(r, "SELECT count(*) FROM access_pass"), 0);
	assert_int_equal(count(r, "SELECT count(*) FROM access_inside"), 0);
	assert_int_equal(count(r, "SELECT count(*) FROM access_hour"), 1);
	site_pass(s, 31 * DAY);
	assert_int_equal(count(r, "SELECT count(*) FROM access_alias"), 0);
}

#define ON_BOTH(name)                                         \
	static void test_##name(void **state)                 \
	{                                                     \
		(void)state;                                  \
		on_each_kind(name, site_modules, site_roles); \
	}
ON_BOTH(measures)
ON_BOTH(verifiers)
ON_BOTH(alarms)
ON_BOTH(occupancy)
ON_BOTH(contacts)
ON_BOTH(late_logs)
ON_BOTH(lists)
ON_BOTH(clocks)
ON_BOTH(restarts)
ON_BOTH(thirty_days)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_measures),    cmocka_unit_test(test_verifiers), cmocka_unit_test(test_alarms),
		cmocka_unit_test(test_occupancy),   cmocka_unit_test(test_contacts),  cmocka_unit_test(test_late_logs),
		cmocka_unit_test(test_lists),       cmocka_unit_test(test_clocks),    cmocka_unit_test(test_restarts),
		cmocka_unit_test(test_thirty_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
