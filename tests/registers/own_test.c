/* own_test.c - what a person may do about what is held: see, correct, take
 * along, be forgotten. */
#include "town.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAPER    "11010519491231002X"
#define PASSWORD "correct horse battery"

/* ---- corrections ------------------------------------------------------------------------ */

static void corrections(struct stage *s)
{
	const struct actor *elder = town_resident(s, "elder", NORTH "3.2.501.", NULL);
	const struct json *j;

	own_no(s, elder, "POST", "/api/people/correction", "{\"kind\":\"correct\"}", 400, "required", "wanted");
	j = own(s, elder, "POST", "/api/people/correction",
		"{\"kind\":\"correct\",\"entity\":\"people.person\",\"field\":\"name\",\"wanted\":\"" CANARY " Lee\"}",
		201);
	stage_put(s, "wish", text_at(&s->r, j, "id"));
	assert_string_equal(text_at(&s->r, j, "due_at"), stage_fill(s, "$+21600")); /* fifteen days */
	own_no(s, elder, "POST", "/api/people/correction/$wish/done", "{\"answer\":\"ok\"}", 403, "denied", "");
	s->r.never = CANARY;
	as(s, DESK, "GET", "/api/people/correction/$wish", NULL, 404);
	as(s, HEAD, "GET", "/api/people/correction/$wish", NULL, 200);
	s->r.never = NULL;
	no(s, HEAD, "POST", "/api/people/correction/$wish/refuse", "{}", 400, "required", "answer");
	as(s, HEAD, "POST", "/api/people/correction/$wish/done", "{\"answer\":\"changed\"}", 200);
	j = own(s, elder, "GET", "/api/people/correction/$wish", NULL, 200);
	assert_string_equal(text_at(&s->r, j, "answer"), "changed");
	own_no(s, elder, "POST", "/api/people/correction",
	       "{\"person_id\":\"$seat\",\"kind\":\"correct\",\"wanted\":\"x\"}", 400, "unknown_person", "person_id");
	/* The own telephone needs nobody. */
	own_no(s, elder, "POST", "/api/people/own/contact", "{\"phone\":\"123\"}", 400, "bad_phone", "phone");
	own_no(s, elder, "POST", "/api/people/own/contact", "{\"name\":\"Lee\"}", 400, "unknown_field", "name");
	own_no(s, elder, "POST", "/api/people/own/contact", "{\"language\":\"fr\"}", 400, "unknown_word", "language");
	j = own(s, elder, "POST", "/api/people/own/contact", "{\"phone\":\"+86 138 7001 2345\",\"language\":\"en\"}",
		200);
	assert_string_equal(text_at(&s->r, j, "phone"), "13870012345");
	assert_string_equal(text_at(&s->r, j, "source"), "self");
	j = as(s, HEAD, "POST", "/api/people/person/$elder/confirm", "{}", 200);
	assert_string_equal(text_at(&s->r, j, "confirmed_by_name"), "somebody");
	assert_string_equal(text_at(&s->r, j, "tails.phone"), "345");
}

/* ---- erasure ------------------------------------------------------------------------------- */

/* Somebody who is in every register there is. */
static const struct actor *somebody(struct stage *s)
{
	char hash[crypto_pwhash_STRBYTES];

	town_home(s, "home", "dwelling");
	town_person(s, "zoe", ",\"phone\":\"13870012345\",\"login\":\"zoe-" CANARY "\",\"display\":\"" CANARY " Z\"");
	town_person(s, "owner", NULL);
	town_join(s, "home", "zoe", "owner", true);
	stage_make(s, "contact", "/api/people/contact",
		   "{\"person_id\":\"$zoe\",\"kind\":\"family\",\"name\":\"" CANARY " Son\",\"phone\":\"13870012346\","
		   "\"order_no\":1}");
	stage_make(
		s, "consent", "/api/people/consent",
		"{\"person_id\":\"$zoe\",\"purpose\":\"special_care\",\"text_version\":\"1\",\"channel\":\"paper\"}");
	stage_make(s, "note", "/api/people/care",
		   "{\"person_id\":\"$zoe\",\"need\":\"hearing\",\"text\":\"" CANARY " knock\",\"purpose\":\"visit\","
		   "\"basis\":\"consent\",\"roles\":[\"seat\"],\"ends_at\":\"$+9000\"}");
	stage_make(s, "paper", "/api/people/identity",
		   "{\"person_id\":\"$zoe\",\"kind\":\"resident\",\"basis\":\"law\",\"number\":\"" PAPER "\"}");
	stage_make(s, "permit", "/api/people/permit",
		   "{\"person_id\":\"$zoe\",\"place_id\":\"$dwelling\",\"kind\":\"other\",\"to_at\":\"$+9000\"}");
	stage_make(s, "car", "/api/people/vehicle", "{\"person_id\":\"$zoe\",\"kind\":\"car\",\"plate\":\"赣A99999\"}");
	stage_make(s, "watch", "/api/watch/welfare",
		   "{\"dwelling_id\":\"$dwelling\",\"person_id\":\"$zoe\",\"hours\":72,\"sources\":[\"$door\"],"
		   "\"consent_text_version\":\"2\"}");
	stage_make(s, "rental", "/api/people/tenancy",
		   "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$zoe\",\"landlord_id\":\"$owner\","
		   "\"from_at\":\"$-9\",\"to_at\":\"$+9000\",\"occupants\":1}");
	assert_int_equal(crypto_pwhash_str(hash, PASSWORD, strlen(PASSWORD), crypto_pwhash_OPSLIMIT_MIN,
					   crypto_pwhash_MEMLIMIT_MIN),
			 0);
	run_sql(&s->r,
		fmt(&s->r, "UPDATE people_person SET password_hash = '%s' WHERE id = '%s'", hash, stage_get(s, "zoe")));
	const struct actor *zoe = town_resident(s, "zoe", NORTH "3.2.501.", "home");

	own(s, zoe, "POST", "/api/people/tenancy/$rental/sign", "{\"tenant_signature\":\"" CANARY " zoe\"}", 200);
	own(s, zoe, "POST", "/api/people/correction", "{\"kind\":\"explain\",\"why\":\"" CANARY " why\"}", 201);
	as(s, DESK, "POST", "/api/people/person/$zoe/reveal",
	   "{\"fields\":[\"name\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}", 200);
	return zoe;
}

/* Bytes of the database's files, for a database that has files. */
static bool file_holds(struct stage *s, const char *text)
{
	FILE *f = s->r.kind == TESTDB_FILE ? fopen(s->r.url, "rb") : NULL;
	char *all = malloc(64 << 20);
	size_t n;
	bool found = false;

	assert_non_null(all);
	if (f) {
		n = fread(all, 1, 64 << 20, f);
		found = memmem(all, n, text, strlen(text)) != NULL;
		fclose(f);
	}
	free(all);
	return found;
}

static int64_t rows_of(struct stage *s, const struct json *list, const char *table)
{
	for (const struct json *j = list->child; j; j = j->next)
		if (strcmp(text_at(&s->r, j, "table"), table) == 0)
			return int_at(j, "rows");
	return 0;
}

static void erased(struct stage *s)
{
	const struct actor *zoe = somebody(s);
	const struct json *j;
	int64_t others;

	/* What will go, what will stay and why: before anything happens. */
	j = own(s, zoe, "GET", "/api/people/own/erasure", NULL, 200);
	assert_int_equal(rows_of(s, at(j, "erased"), "people_vehicle"), 1);
	assert_int_equal(rows_of(s, at(j, "kept"), "people_consent"), 1);
	assert_int_equal(rows_of(s, at(j, "kept"), "core_look"), 1);
	assert_int_equal(at(j, "against")->kind, J_NULL);
	own_no(s, zoe, "POST", "/api/people/own/erase", "{\"password\":\"wrong\"}", 400, "wrong_password", "password");
	own_no(s, zoe, "POST", "/api/people/own/erase", "{}", 400, "required", "password");
	/* A rental that runs is a duty; so is a post. */
	as(s, HEAD, "POST", "/api/people/tenancy/$rental/settle", "{\"note\":\"seen\"}", 200);
	own_no(s, zoe, "POST", "/api/people/own/erase", "{\"password\":\"" PASSWORD "\"}", 409, "live_tenancy", "");
	own(s, zoe, "POST", "/api/people/tenancy/$rental/end", "{}", 200);
	no(s, "system", "POST", "/api/people/person/$worker/erase", "{\"reason\":\"letter of 12 March\"}", 409,
	   "holds_post", "");
	j = own(s, zoe, "POST", "/api/people/own/erase", "{\"password\":\"" PASSWORD "\"}", 200);
	assert_int_equal(rows_of(s, at(j, "erased"), "people_identity"), 1);
	assert_string_equal(header_of(&s->r, "Set-Cookie"),
			    "jiuan_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
	stage_settle(s);
	/* Nowhere any more, but with others of that name in the town. */
	assert_int_equal(rows_with(&s->r, CANARY " zoe", NULL), 0);
	assert_int_equal(rows_with(&s->r, CANARY " Son", NULL), 0);
	assert_int_equal(rows_with(&s->r, CANARY " knock", NULL), 0);
	assert_int_equal(rows_with(&s->r, CANARY " why", NULL), 0);
	assert_int_equal(rows_with(&s->r, CANARY " Z", "core_outbox"), 0); /* a display name travels for two days */
	assert_int_equal(rows_with(&s->r, "13870012345", NULL), 0);
	assert_int_equal(rows_with(&s->r, "赣A99999", NULL), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_key"), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM watch_welfare"), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member WHERE person_id IS NULL AND state = 'left'"),
			 1);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_consent WHERE state = 'given'"), 0);
	others = count(&s->r, "SELECT count(*) FROM people_person WHERE state = 'active'");
	assert_int_equal(others, count(&s->r, "SELECT count(*) FROM people_person") - 1);
	no(s, HEAD, "POST", "/api/people/person/$zoe/erase", "{\"reason\":\"again\"}", 404, "not_found", "id");
	no(s, "system", "POST", "/api/people/person/$zoe/erase", "{\"reason\":\"again\"}", 409, "wrong_state", "state");
	no(s, "system", "PATCH", "/api/people/person/$zoe", "{\"name\":\"Back\"}", 409, "wrong_state", "state");
	if (s->r.kind != TESTDB_MEMORY)
		rig_restart(&s->r); /* the log is folded into the file */
	assert_false(file_holds(s, CANARY " zoe"));
	assert_false(file_holds(s, "13870012345"));
	assert_false(file_holds(s, PAPER));
}

/* Asked for on paper: by the office, with a reason the person would read. */
static void by_office(struct stage *s)
{
	somebody(s);
	no(s, DESK, "POST", "/api/people/person/$zoe/erase", "{\"reason\":\"letter\"}", 403, "denied", "");
	no(s, "head@" SOUTH, "POST", "/api/people/person/$zoe/erase", "{\"reason\":\"letter\"}", 404, "not_found",
	   "id");
	no(s, HEAD, "POST", "/api/people/person/$zoe/erase", "{}", 400, "required", "reason");
	as(s, HEAD, "POST", "/api/people/person/$zoe/erase", "{\"reason\":\"letter\"}", 200);
	assert_int_equal(rows_with(&s->r, CANARY " zoe", NULL), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_look WHERE purpose = 'erasure'"), 1);
}

/* ---- every table that points to a person ------------------------------------------------------ */

/* Not in the export, with the reason. */
static const struct {
	const char *table, *why;
} left_out[] = {
	{ "core_audit",
	  "the chained record: who did what to which row, ids alone; a copy would break nothing, tell nothing" },
	{ "core_outbox", "events on their way, gone after two days; ids of the rows that are in the export" },
	{ "watch_timeline", "what holders of posts did with an alert: the alert's, not theirs" },
	{ "watch_revision", "who changed a rule: the rule's" },
	{ "dispatch_position", "one value while on shift, told by the worker's own phone a moment ago" },
	{ "places_order", "the office that issued an emergency order, in words" },
	{ "access_fix", "who set an occupancy count right: the gate's" },
	{ "watch_duty", "a copy of the shift, which is in the export" },
};

struct tables {
	struct stage *s;
	const struct json *data;
	struct str last;
	int64_t n, missing;
};

/* A column that may hold a person. */
static bool points(struct str column)
{
	static const char *const ends[] = { "person_id",   "_by",         "worker_id", "actor_id",   "owner_id",
					    "assigned_id", "landlord_id", "tenant_id", "person_name" };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (str_ends(column, ends[i]))
			return true;
	return false;
}

static enum rc check_column(void *arg, const struct row *r)
{
	struct tables *t = arg;
	struct str table = r->v[0].s;

	if (!points(r->v[1].s) || str_eq(t->last, table))
		return RC_OK;
	t->last = arena_dup(t->s->r.arena, table);
	t->n++;
	if (str_is(table, "core_look") || at(t->data, arena_z(t->s->r.arena, table))) /* core_look: "looks" */
		return RC_OK;
	for (size_t i = 0; i < COUNT(left_out); i++)
		if (str_is(table, left_out[i].table) && left_out[i].why[0])
			return RC_OK;
	fprintf(stderr, "table " FMT_STR " (" FMT_STR ") is not in the export\n", ARG_STR(table), ARG_STR(r->v[1].s));
	t->missing++;
	return RC_OK;
}

static void whole(struct stage *s)
{
	const struct actor *zoe = somebody(s);
	struct tables t = { .s = s, .data = own(s, zoe, "GET", "/api/me/data", NULL, 200) };

	assert_int_equal(conn_columns(app_conn(s->r.app), check_column, &t), RC_OK);
	assert_int_equal(t.missing, 0);
	assert_true(t.n > 20);
	static const char *const filled[] = { "people_person",  "people_member",     "people_contact",
					      "people_consent", "people_care",       "people_identity",
					      "people_permit",  "people_vehicle",    "people_tenancy",
					      "watch_welfare",  "people_correction", "looks",
					      "people_key" };

	for (size_t i = 0; i < COUNT(filled); i++)
		if (at(t.data, filled[i]) == NULL || at(t.data, filled[i])->n == 0)
			fail_msg("nothing of %s in the export", filled[i]);
	assert_string_equal(text_at(&s->r, t.data, "people_identity.0.number"), PAPER);
	assert_string_equal(text_at(&s->r, t.data, "people_care.0.text"), CANARY " knock");
	assert_string_equal(text_at(&s->r, t.data, "people_vehicle.0.plate"), "赣A99999");
}

static void test_corrections(void **state)
{
	(void)state;
	town_on_each(corrections);
}

static void test_erased(void **state)
{
	(void)state;
	town_on_each(erased);
}

static void test_by_office(void **state)
{
	(void)state;
	town_on_each(by_office);
}

static void test_whole(void **state)
{
	(void)state;
	town_on_each(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_corrections),
		cmocka_unit_test(test_erased),
		cmocka_unit_test(test_by_office),
		cmocka_unit_test(test_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
