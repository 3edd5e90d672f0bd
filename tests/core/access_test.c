/* Who sees and does what: a table written by hand against every operation;
 * steps from every state; what colliding changes and second tellings get. */
#include "core/inner.h"
#include "harness.h"
#include "thing.h"

#include <string.h>

static const struct module *const modules[] = { &thing_module, NULL };
static const char item[] = "/api/thing/item";

/* ---- the matrix -------------------------------------------------------------- */

/* The caller is always "me" of household "h1" with a role at 36.01. */
enum { OWN, HOME, MINE, HERE, CHILD, SIBLING, PARENT, ELSE, LOOKALIKE, N_ROWS };
static const struct {
	const char *id, *path, *owner, *helper, *home, *state;
} rows[N_ROWS] = {
	[OWN] = { "own", "37.01.", "me", NULL, NULL, "new" },
	[HOME] = { "home", "37.01.", "x", NULL, "h1", "new" },
	[MINE] = { "mine", "37.01.", "x", "me", NULL, "open" },
	[HERE] = { "here", "36.01.", "x", "y", "h2", "new" },
	[CHILD] = { "child", "36.01.02.", "x", NULL, NULL, "new" },
	[SIBLING] = { "sibling", "36.02.", "x", NULL, NULL, "new" },
	[PARENT] = { "parent", "36.", "x", NULL, NULL, "new" },
	[ELSE] = { "else", "37.01.", "x", "y", "h2", "open" },
	[LOOKALIKE] = { "like", "36.011.", "x", NULL, NULL, "new" },
};

/* One letter a row, in the order above.  get: '+' seen, '-' 404.  Others: the
 * status 2 (done), 3 (403), 4 (404), 9 (409 wrong state). */
static const struct {
	const char *role, *list, *patch, *start, *finish, *reveal;
} matrix[] = {
	{ "boss", "+++++++++", "333223333", "333223333", "332333333", "333223333" },
	{ "viewer", "---++----", "333333333", "333333333", "333333333", "333333333" },
	{ "owner", "+--------", "344444444", "333333333", "333333333", "333333333" },
	{ "helper", "--+------", "333333333", "333333333", "442444444", "333333333" },
	{ "homely", "-+-------", "333333333", "333333333", "333333333", "333333333" },
};

static void put_rows(struct rig *r)
{
	run_sql(r, "DELETE FROM thing_item");
	for (size_t i = 0; i < N_ROWS; i++)
		assert_int_equal(conn_run(app_conn(r->app),
					  "INSERT INTO thing_item (id, version, created_at, updated_at, place_path, "
					  "owner_id, helper_id, home_id, title,"
					  " phone, color, ready, state, token) VALUES ($1, 1, 1, 1, $2, $3, $4, $5, "
					  "'title', '13800138000', 'red', 0, $6,"
					  " 'secret-canary')",
					  ARGS(V_Z(rows[i].id), V_Z(rows[i].path), V_Z(rows[i].owner),
					       V_Z(rows[i].helper), V_Z(rows[i].home), V_Z(rows[i].state)),
					  NULL),
				 RC_OK);
}

static void expect(struct rig *r, const struct actor *who, const char *role, size_t row, char want, const char *method,
		   const char *verb, const char *body)
{
	const char *path = fmt(r, "%s/%s%s", item, rows[row].id, verb);
	int status = asked(r, who, method, path, body);

	if (status / 100 * 100 + status % 10 != (want == '2' ? 200 : 400 + want - '0'))
		fail_msg("%s %s %s: %d, wanted ..%c", role, method, path, status, want);
}

static bool listed(struct rig *r, const struct json *list, const char *id)
{
	for (const struct json *j = at(list, "items")->child; j; j = j->next)
		if (strcmp(text_at(r, j, "id"), id) == 0)
			return true;
	return false;
}

static void whole_matrix(struct rig *r)
{
	for (size_t m = 0; m < COUNT(matrix); m++) {
		const char *role = matrix[m].role;
		const struct actor *who = rig_actor(r, "me", fmt(r, "%s@36.01.", role), "h1");

		put_rows(r);
		const struct json *list = call(r, who, "GET", item, NULL, 200);

		for (size_t i = 0; i < N_ROWS; i++) {
			bool seen = matrix[m].list[i] == '+';

			if (listed(r, list, rows[i].id) != seen)
				fail_msg("%s: %s is %s", role, rows[i].id, seen ? "not listed" : "listed");
			expect(r, who, role, i, seen ? '2' : '4', "GET", "", NULL);
			expect(r, who, role, i, matrix[m].reveal[i], "POST", "/reveal",
			       "{\"fields\":[\"phone\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}");
			expect(r, who, role, i, matrix[m].patch[i], "PATCH", "", "{\"size\":5}");
			expect(r, who, role, i, matrix[m].finish[i], "POST", "/finish", "{\"result\":\"well\"}");
			expect(r, who, role, i, matrix[m].start[i], "POST", "/start", "{\"helper_id\":\"z\"}");
		}
	}
}

static void test_matrix(void **state)
{
	(void)state;
	on_each_kind(whole_matrix, modules, thing_roles);
}

/* The same five words, held everywhere, by nobody, and by who must change the
 * password first. */
static void edges(struct rig *r)
{
	const struct actor *all = rig_actor(r, "all", "viewer@", NULL), *none = rig_actor(r, "none", "", NULL);
	const struct actor *two = rig_actor(r, "two", "viewer@36.02.,viewer@37.", NULL);
	struct actor limited = *all, nobody = { .kind = WHO_NOBODY };

	limited.limited = true;
	put_rows(r);
	assert_int_equal(at(call(r, all, "GET", item, NULL, 200), "items")->n, N_ROWS);
	assert_int_equal(at(call(r, two, "GET", item, NULL, 200), "items")->n, 5);
	assert_int_equal(at(call(r, two, "GET", fmt(r, "%s?under=37.", item), NULL, 200), "items")->n, 4);
	assert_int_equal(at(call(r, two, "GET", fmt(r, "%s?under=36.01.", item), NULL, 200), "items")->n, 0);
	refused(r, none, "GET", item, NULL, 403, "denied", "");
	refused(r, none, "GET", fmt(r, "%s/own", item), NULL, 403, "denied", "");
	refused(r, &limited, "GET", item, NULL, 403, "password_change_needed", "");
	refused(r, &nobody, "GET", item, NULL, 401, "sign_in", "");
	call(r, &limited, "GET", "/api/describe", NULL, 200);
	refused(r, &nobody, "GET", "/api/describe", NULL, 401, "sign_in", "");
	call(r, &nobody, "GET", "/api/openapi.json", NULL, 200);
	/* Creation only where the permission is held. */
	const struct actor *boss = rig_actor(r, "b", "boss@36.01.", NULL);

	call(r, boss, "POST", item, "{\"place_path\":\"36.01.\",\"title\":\"abc\"}", 201);
	call(r, boss, "POST", item, "{\"place_path\":\"36.01.9.\",\"title\":\"abc\"}", 201);
	refused(r, boss, "POST", item, "{\"place_path\":\"36.\",\"title\":\"abc\"}", 403, "denied", "");
	refused(r, boss, "POST", item, "{\"place_path\":\"36.011.\",\"title\":\"abc\"}", 403, "denied", "");
	refused(r, boss, "POST", item, "{\"place_path\":\"36.02.\",\"title\":\"abc\"}", 403, "denied", "");
	/* Without a place a row is for those who hold the word everywhere, as in lists. */
	struct about nowhere = { .entity = "thing.item", .id = STR("x") };

	assert_true(see_event(all, &thing_item, &nowhere));
	assert_false(see_event(two, &thing_item, &nowhere));
	/* An empty household is nobody's household. */
	run_sql(r, "UPDATE thing_item SET home_id = NULL, owner_id = NULL, helper_id = NULL");
	for (const char *const *role = (const char *const[]){ "homely", "owner", "helper", NULL }; *role; role++) {
		const struct actor *who = rig_actor(r, "", fmt(r, "%s@36.", *role), NULL);

		assert_int_equal(at(call(r, who, "GET", item, NULL, 200), "items")->n, 0);
		refused(r, who, "GET", fmt(r, "%s/own", item), NULL, 404, "not_found", "id");
	}
}

static void test_edges(void **state)
{
	(void)state;
	on_each_kind(edges, modules, thing_roles);
}

/* ---- steps --------------------------------------------------------------------- */

static void steps(struct rig *r)
{
	static const struct {
		const char *verb, *from, *body;
		int status;
	} all[] = {
		{ "start", "new", "{\"helper_id\":\"me\"}", 200 },  { "start", "open", "{\"helper_id\":\"me\"}", 409 },
		{ "start", "done", "{\"helper_id\":\"me\"}", 409 }, { "finish", "new", "{\"result\":\"well\"}", 409 },
		{ "finish", "open", "{\"result\":\"well\"}", 200 }, { "finish", "done", "{\"result\":\"well\"}", 409 },
	};
	const struct actor *me = rig_actor(r, "me", "boss@36.", NULL);
	const char *row = "/api/thing/item/here";

	for (size_t i = 0; i < COUNT(all); i++) {
		put_rows(r);
		run_sql(r, fmt(r, "UPDATE thing_item SET helper_id = 'me', state = '%s'", all[i].from));
		if (all[i].status == 200) {
			const struct json *j = call(r, me, "POST", fmt(r, "%s/%s", row, all[i].verb), all[i].body, 200);

			assert_string_equal(text_at(r, j, "state"),
					    strcmp(all[i].verb, "start") == 0 ? "open" : "done");
			assert_int_equal(int_at(j, "version"), 2);
			continue;
		}
		const struct json *j = refused(r, me, "POST", fmt(r, "%s/%s", row, all[i].verb), all[i].body, 409,
					       "wrong_state", "state");

		assert_string_equal(text_at(r, j, "current.state"), all[i].from);
		assert_int_equal(int_at(j, "current.version"), 1);
	}
	run_sql(r, "UPDATE thing_item SET state = 'new'");
	refused(r, me, "POST", fmt(r, "%s/start", row), "{}", 400, "required", "helper_id");
	refused(r, me, "POST", fmt(r, "%s/start", row), NULL, 400, "required", "helper_id");
	refused(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":null}", 400, "required", "helper_id");
	refused(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"\"}", 400, "wrong_length", "helper_id");
	refused(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"me\",\"title\":\"new\"}", 400, "read_only",
		"title");
	refused(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"me\",\"state\":\"done\"}", 400, "read_only",
		"state");
	refused(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"me\",\"nothing\":1}", 400, "unknown_field",
		"nothing");
	refused(r, me, "POST", fmt(r, "%s/start", row), "[]", 400, "wrong_type", "");
	call(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"me\"}", 200);
	call(r, me, "POST", fmt(r, "%s/finish", row), "{\"result\":\"well\",\"size\":9}",
	     200); /* with an optional one */
	assert_int_equal(int_at(here(r), "size"), 9);
}

static void test_steps(void **state)
{
	(void)state;
	on_each_kind(steps, modules, thing_roles);
}

/* ---- versions ------------------------------------------------------------------------ */

static void versions(struct rig *r)
{
	const struct actor *me = rig_actor(r, "me", "boss@36.", NULL);
	const char *row;

	put_rows(r);
	row = "/api/thing/item/here";
	call(r, me, "PATCH", row, "{\"size\":2}", 200);
	assert_string_equal(header_of(r, "ETag"), "\"2\"");
	r->match = "\"1\"";
	const struct json *j = refused(r, me, "PATCH", row, "{\"size\":3}", 412, "changed_meanwhile", "version");

	assert_int_equal(int_at(j, "current.size"), 2);
	assert_int_equal(int_at(j, "current.version"), 2);
	j = refused(r, me, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"me\"}", 412, "changed_meanwhile",
		    "version");
	assert_string_equal(text_at(r, j, "current.state"), "new");
	static const char *const bad[] = { "2", "\"2", "2\"", "\"\"", "\"x\"", "W/\"2\"", "" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		r->match = bad[i];
		refused(r, me, "PATCH", row, "{\"size\":3}", 400, "bad_etag", "If-Match");
	}
	r->match = "\"2\"";
	call(r, me, "PATCH", row, "{\"size\":3}", 200);
	r->match = "*";
	call(r, me, "PATCH", row, "{\"size\":4}", 200);
	r->match = NULL;
	refused(r, me, "PATCH", row, "{\"size\":5,\"version\":3}", 412, "changed_meanwhile", "version");
	refused(r, me, "PATCH", row, "{\"size\":5,\"version\":\"4\"}", 400, "wrong_type", "version");
	call(r, me, "PATCH", row, "{\"size\":5,\"version\":4}", 200);
	assert_int_equal(int_at(here(r), "version"), 5);
	assert_string_equal(text_at(r, here(r), "updated_at"), "2026-03-12T01:07:41Z");
	assert_int_equal(count(r, "SELECT size FROM thing_item WHERE id = 'here'"), 5);
}

static void test_versions(void **state)
{
	(void)state;
	on_each_kind(versions, modules, thing_roles);
}

/* ---- second tellings --------------------------------------------------------------------- */

static void idempotency(struct rig *r)
{
	const struct actor *me = rig_actor(r, "me", "boss@36.", NULL), *you = rig_actor(r, "you", "boss@36.", NULL);
	const char *body = "{\"place_path\":\"36.01.\",\"title\":\"abc\",\"phone\":\"13800138000\"}";

	r->idem = "0123456"; /* 7, 8, 64, 65 characters */
	refused(r, me, "POST", item, body, 400, "wrong_length", "Idempotency-Key");
	r->idem = "0123456789012345678901234567890123456789012345678901234567890123x";
	refused(r, me, "POST", item, body, 400, "wrong_length", "Idempotency-Key");
	r->idem = "01234567";
	struct str first = (call(r, me, "POST", item, body, 201), r->last.body);

	assert_string_equal(header_of(r, "Idempotency-Replayed"), "");
	r->now += MINUTE;
	call(r, me, "POST", item, body, 201);
	assert_true(str_eq(first, r->last.body));
	assert_string_equal(header_of(r, "Idempotency-Replayed"), "true");
	refused(r, me, "POST", item, "{\"place_path\":\"36.01.\",\"title\":\"abd\"}", 409, "idempotency_mismatch",
		"Idempotency-Key");
	refused(r, me, "PATCH", fmt(r, "%s/x", item), body, 409, "idempotency_mismatch", "Idempotency-Key");
	call(r, you, "POST", item, body, 201);
	assert_string_equal(header_of(r, "Idempotency-Replayed"), "");
	assert_int_equal(count(r, "SELECT count(*) FROM thing_item"), 2);
	/* A failure is not kept: the next try is a new one. */
	r->idem = "another-key";
	refused(r, me, "POST", item, "{\"place_path\":\"36.01.\"}", 400, "required", "title");
	call(r, me, "POST", item, body, 201);
	assert_int_equal(count(r, "SELECT count(*) FROM thing_item"), 3);
	/* Never for what opens personal fields: each look is a look. */
	r->idem = "a-look-key";
	run_sql(r, "UPDATE thing_item SET owner_id = 'x'");
	for (int i = 0; i < 2; i++)
		call(r, me, "POST",
		     fmt(r, "%s/%s/reveal", item, text_at(r, call(r, me, "GET", item, NULL, 200), "items.0.id")),
		     "{\"fields\":[\"phone\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}", 200);
	assert_string_equal(header_of(r, "Idempotency-Replayed"), "");
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 2);
	/* After a day it is forgotten. */
	r->idem = "01234567";
	r->now += DAY + HOUR;
	assert_int_equal(app_run_job(r->app, "core.clean"), RC_OK);
	call(r, me, "POST", item, body, 201);
	assert_int_equal(count(r, "SELECT count(*) FROM thing_item"), 4);
}

static void test_idempotency(void **state)
{
	(void)state;
	on_each_kind(idempotency, modules, thing_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matrix),   cmocka_unit_test(test_edges),       cmocka_unit_test(test_steps),
		cmocka_unit_test(test_versions), cmocka_unit_test(test_idempotency),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
