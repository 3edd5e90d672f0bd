/* What app_open refuses: each difference between tables, register and rules by
 * itself; upgrades; leases of several processes on one database. */
#include "core/inner.h"
#include "harness.h"
#include "thing.h"

#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- variants of the thing module, each with one thing wrong ------------------------ */

struct variant {
	struct module m;
	struct entity e;
	struct field fields[40];
	struct step steps[8];
	const struct entity *entities[2];
	struct route routes[2];
	struct job jobs[2];
	struct listener listeners[3];
	struct column_note columns[3];
	const char *schema;
};

static void variant_init(struct variant *v)
{
	*v = (struct variant){ .m = thing_module, .e = thing_item, .schema = thing_module.schema };
	memcpy(v->fields, thing_item.fields, sizeof(struct field) * thing_item.n_fields);
	memcpy(v->steps, thing_item.steps, sizeof(struct step) * thing_item.n_steps);
	v->routes[0] = thing_module.routes[0];
	v->jobs[0] = thing_module.jobs[0];
	v->listeners[0] = thing_module.listeners[0];
	v->columns[0] = thing_module.columns[0];
	v->entities[0] = &v->e;
	v->e.fields = v->fields;
	v->e.steps = v->steps;
	v->m.entities = v->entities;
	v->m.routes = v->routes;
	v->m.jobs = v->jobs;
	v->m.listeners = v->listeners;
	v->m.columns = v->columns;
}

/* Of a field there is. */
static struct field *field_called(struct variant *v, const char *name)
{
	size_t i = 0;

	while (i + 1 < v->e.n_fields && strcmp(v->fields[i].name, name) != 0)
		i++;
	return &v->fields[i];
}

/* Says what went to stderr. */
static enum rc open_quietly(const struct app_options *o, char *said, size_t cap)
{
	char *path = testdb_path("said");
	int keep = dup(2), file = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
	struct app *a = NULL;

	fflush(stderr);
	dup2(file, 2);
	enum rc rc = app_open(o, &a);

	fflush(stderr);
	dup2(keep, 2);
	ssize_t n = pread(file, said, cap - 1, 0);

	said[n > 0 ? n : 0] = '\0';
	close(keep);
	close(file);
	unlink(path);
	free(path);
	if (rc == RC_OK)
		app_close(a);
	return rc;
}

static int64_t the_time = 1773277661 * SECOND;

static void expect(const struct module *const *modules, const char *url, const char *words)
{
	struct app_options o = {
		.url = url, .modules = modules, .roles = thing_roles, .clock = clock_fixed(&the_time)
	};
	char said[1000];
	enum rc rc = open_quietly(&o, said, sizeof(said));

	if ((rc == RC_OK) != (words == NULL))
		fail_msg("app_open says %d (%s), wanted %s", rc, said, words ? words : "that it opens");
	if (words && !strstr(said, words))
		fail_msg("app_open says: %swanted: %s", said, words);
}

static const char *const takes_nothing[] = { "nothing", NULL };

static void no_class(struct variant *v)
{
	field_called(v, "title")->flags &= ~(unsigned)P1;
}
static void two_classes(struct variant *v)
{
	field_called(v, "phone")->flags |= P1;
}
static void personal_filter(struct variant *v)
{
	field_called(v, "phone")->flags |= FILTER;
}
static void secret_filter(struct variant *v)
{
	field_called(v, "token")->flags |= FILTER;
}
static void personal_sort(struct variant *v)
{
	static const struct sort by_phone[] = { { "x", { "title", "-phone" } }, { 0 } };

	v->e.sorts = by_phone;
}
static void no_purpose(struct variant *v)
{
	v->e.purpose = NULL;
}
static void no_basis(struct variant *v)
{
	v->e.basis = NULL;
}
static void other_type(struct variant *v)
{
	*field_called(v, "size") =
		(struct field){ .name = "size", .kind = KIND_TEXT, .flags = P1, .off = field_called(v, "size")->off };
}
static void more_fields(struct variant *v)
{
	v->fields[v->e.n_fields] = v->fields[v->e.n_fields - 1];
	v->fields[v->e.n_fields++].name = "more";
}
static void fewer_fields(struct variant *v)
{
	v->e.n_fields--; /* "result" */
}
static void no_table(struct variant *v)
{
	v->e.table = "thing_other";
}
static void unregistered(struct variant *v)
{
	v->columns[0].table = "thing_other";
}
static void classless(struct variant *v)
{
	v->columns[0].cls = 0;
}
static void nobody_sees(struct variant *v)
{
	static const struct see none[] = { { 0 } };

	v->e.see = none;
}
static void step_for_all(struct variant *v)
{
	v->steps[0].perm = NULL;
}
static void step_unseen(struct variant *v)
{
	v->steps[0].sight = 0;
}
static void step_household(struct variant *v)
{
	v->steps[0].sight = SEE_HOUSEHOLD;
}
static void step_of_nobody(struct variant *v)
{
	v->e.assigned = NULL; /* 'finish' asks who is assigned */
}
static void step_nowhere(struct variant *v)
{
	v->steps[0].to = 3;
}
static void step_takes(struct variant *v)
{
	v->steps[0].takes = takes_nothing;
}
static void no_state(struct variant *v)
{
	v->e.state = NULL;
}
static void open_route(struct variant *v)
{
	v->routes[0].perm = NULL;
}
static void empty_route(struct variant *v)
{
	v->routes[0].run = NULL;
}
static void timeless_job(struct variant *v)
{
	v->jobs[0].period = 0;
}
static void hears_twice(struct variant *v)
{
	v->listeners[1] = v->listeners[0];
}
static void needs_other(struct variant *v)
{
	static const char *const needs[] = { "places", NULL };

	v->m.needs = needs;
}
static void bad_sql(struct variant *v)
{
	v->m.schema = "-- @version 1\nCREATE TABEL x (a num_int);\n";
}
static void start_fails(struct variant *v);

static const struct {
	void (*spoil)(struct variant *v);
	const char *words;
} refusals[] = {
	{ no_class, "thing_item.title needs exactly one data class" },
	{ two_classes, "thing_item.phone needs exactly one data class" },
	{ personal_filter, "thing_item can't be filtered or sorted by phone" },
	{ secret_filter, "thing_item can't be filtered or sorted by token" },
	{ personal_sort, "thing_item can't be filtered or sorted by phone" },
	{ no_purpose, "no purpose or basis" },
	{ no_basis, "no purpose or basis" },
	{ other_type, "thing_item.size is num_int, entity says free_text" },
	{ more_fields, "has 19 of the 20 columns" },
	{ fewer_fields, "has column result, entity has not" },
	{ no_table, "is not in the data register" },
	{ unregistered, "column thing_count.name is not in the data register" },
	{ classless, "column thing_count.name is not in the data register" },
	{ nobody_sees, "says of nobody" },
	{ step_for_all, "step start of thing_item needs" },
	{ step_unseen, "step start of thing_item needs" },
	{ step_household, "step start of thing_item needs" },
	{ step_of_nobody, "step finish of thing_item needs" },
	{ step_nowhere, "step start of thing_item leads to no state" },
	{ step_takes, "step start of thing_item takes unknown nothing" },
	{ no_state, "step start of thing_item needs" },
	{ open_route, "GET /api/thing/counts has no permission" },
	{ empty_route, "GET /api/thing/counts has no permission" },
	{ timeless_job, "job thing.job has no period" },
	{ hears_twice, "hears thing.item. twice" },
	{ needs_other, "thing needs places before it" },
	{ bad_sql, "thing version 1" },
	{ start_fails, "not today" },
};

static enum rc not_today(struct ctx *c)
{
	return FAIL(c, RC_CONFLICT, "not_today", NO_STR, "not today");
}

static void start_fails(struct variant *v)
{
	v->m.start = not_today;
}

static void refuse_all(enum testdb_kind k)
{
	const char *url = testdb_url(k);

	for (size_t i = 0; url && i < COUNT(refusals); i++) {
		struct variant v;
		const struct module *const modules[] = { &v.m, NULL };

		variant_init(&v);
		refusals[i].spoil(&v);
		expect(modules, url, refusals[i].words);
	}
	/* None of them left anything behind: the right one starts from nothing. */
	const struct module *const good[] = { &thing_module, NULL };

	if (url) {
		expect(good, url, NULL);
		expect(good, url, NULL);
	}
	testdb_drop(url);
}

static void test_refusals(void **state)
{
	(void)state;
	refuse_all(TESTDB_FILE);
	refuse_all(TESTDB_PG);
}

/* Guarantee G19: no column for these, in any table, entity or not. */
static void test_denied_columns(void **state)
{
	static const struct {
		const char *column;
		bool denied;
	} all[] = {
		{ "face", true },        { "face_id", true },      { "minzu", true },    { "political_view", true },
		{ "risk", true },        { "my_score_now", true }, { "religion", true }, { "credit", true },
		{ "surface_m2", false }, { "asterisk", false },    { "scored", false },  { "interface", false },
		{ "emotion", true },     { "party_member", true }, { "zongjiao", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		static const struct column_note notes[] = { { "other_row", "*", P0, "test", "duty", 0 }, { 0 } };
		char schema[200], words[100];
		struct module m = { .name = "other", .schema = schema, .columns = notes };
		const struct module *const modules[] = { &m, NULL };

		snprintf(schema, sizeof(schema),
			 "-- @version 1\nCREATE TABLE other_row (id id_text PRIMARY KEY, %s free_text);\n",
			 all[i].column);
		snprintf(words, sizeof(words), "column other_row.%s must not exist", all[i].column);
		expect(modules, ":memory:", all[i].denied ? words : NULL);
	}
}

/* ---- versions of a schema ------------------------------------------------------------ */

static void upgrade_on(enum testdb_kind k)
{
	static const char one[] = "-- @version 1\nCREATE TABLE other_row (id id_text PRIMARY KEY);\n";
	static const char two[] = "-- @version 1\nCREATE TABLE other_row (id id_text PRIMARY KEY);\n"
				  "-- @version 2\nALTER TABLE other_row ADD COLUMN note free_text;\n"
				  "INSERT INTO other_row (id, note) VALUES ('made by version 2', 'x');\n";
	static const char broken[] = "-- @version 1\nCREATE TABLE other_row (id id_text PRIMARY KEY);\n"
				     "-- @version 2\nALTER TABLE other_row ADD COLUMN note free_text;\n"
				     "INSERT INTO other_row (id, nothing) VALUES ('a', 'b');\n";
	static const struct column_note notes[] = { { "other_row", "*", P0, "test", "duty", 0 }, { 0 } };
	struct module m = { .name = "other", .schema = one, .columns = notes };
	const struct module *const modules[] = { &m, NULL };
	const char *url = testdb_url(k);
	struct store_error err;
	struct conn *db;

	if (url == NULL)
		return;
	expect(modules, url, NULL);
	assert_int_equal(conn_open(url, 0, &db, &err), RC_OK);
	assert_int_equal(conn_run(db, "INSERT INTO other_row (id) VALUES ('old')", NO_ARGS, NULL), RC_OK);
	conn_close(db);
	m.schema = broken;
	expect(modules, url, "other version 2");
	m.schema = two;
	expect(modules, url, NULL);
	expect(modules, url, NULL); /* once only */
	m.schema = one;
	expect(modules, url, "newer than this program");
	assert_int_equal(conn_open(url, CONN_READ_ONLY, &db, &err), RC_OK);
	struct rig r = { .arena = arena_new(1 << 20) };
	struct app a = { .db = db };

	r.app = &a;
	assert_int_equal(count(&r, "SELECT count(*) FROM other_row"), 2);
	assert_int_equal(count(&r, "SELECT version FROM core_schema WHERE module = 'other'"), 2);
	arena_free(r.arena);
	conn_close(db);
	testdb_drop(url);
}

static void test_upgrade(void **state)
{
	(void)state;
	upgrade_on(TESTDB_FILE);
	upgrade_on(TESTDB_PG);
}

static void test_needs(void **state)
{
	static const char *const b_needs[] = { "a", NULL };
	struct module ma = { .name = "a" }, mb = { .name = "b", .needs = b_needs };
	const struct module *const right[] = { &ma, &mb, NULL }, *const wrong[] = { &mb, &ma, NULL },
				   *const alone[] = { &mb, NULL };

	(void)state;
	expect(right, ":memory:", NULL);
	expect(wrong, ":memory:", "b needs a before it");
	expect(alone, ":memory:", "b needs a before it");
}

static void test_bad_url(void **state)
{
	const struct module *const modules[] = { &thing_module, NULL };

	(void)state;
	expect(modules, "/no/such/folder/file.db", "can't open the store");
}

/* ---- leases: two processes, one database ------------------------------------------------- */

static void leases_on(enum testdb_kind k)
{
	const struct module *const modules[] = { &thing_module, NULL };
	const char *url = testdb_url(k);
	struct app_options o = {
		.url = url, .modules = modules, .roles = thing_roles, .clock = clock_fixed(&the_time)
	};
	bool one[4], two[4];
	struct app *a, *b;

	if (url == NULL)
		return;
	assert_int_equal(app_open(&o, &a), RC_OK);
	assert_int_equal(app_open(&o, &b), RC_OK);
	assert_int_equal(lease_all(a, one, 2), RC_OK);
	assert_int_equal(lease_all(b, two, 2), RC_OK);
	assert_true(one[0] && one[1] && !two[0] && !two[1]);
	the_time += 29 * SECOND; /* renewed in time */
	assert_int_equal(lease_all(a, one, 2), RC_OK);
	the_time += 29 * SECOND;
	assert_int_equal(lease_all(b, two, 2), RC_OK);
	assert_true(!two[0] && !two[1]);
	the_time += 2 * SECOND; /* gone silent */
	assert_int_equal(lease_all(b, two, 2), RC_OK);
	assert_int_equal(lease_all(a, one, 2), RC_OK);
	assert_true(!one[0] && !one[1] && two[0] && two[1]);
	assert_int_equal(lease_drop(b), RC_OK); /* ended in order */
	the_time += 1;
	assert_int_equal(lease_all(a, one, 2), RC_OK);
	assert_true(one[0] && one[1]);
	app_close(a);
	app_close(b);
	testdb_drop(url);
}

static void test_leases(void **state)
{
	(void)state;
	leases_on(TESTDB_FILE);
	leases_on(TESTDB_PG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_denied_columns), cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_needs),    cmocka_unit_test(test_bad_url),        cmocka_unit_test(test_leases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
