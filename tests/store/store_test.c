/* Every function of store.h, on each engine. */
#include "store_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char schema[] =
	"CREATE TABLE person (id id_text PRIMARY KEY, name free_text NOT NULL, age num_int CHECK (age >= 0),"
	" weight num_real, photo bytes_blob, active flag_int, born time_int);"
	"CREATE TABLE visit (n row_int PRIMARY KEY, person_id ref_text NOT NULL REFERENCES person(id),"
	" note free_text, UNIQUE (person_id, note)); -- row_int in a comment, and a ' quote\n"
	"CREATE TABLE \"odd row_int\" (note free_text DEFAULT 'row_int''s');";

static void add_person(struct conn *c, const char *id)
{
	OK(conn_run(c, "INSERT INTO person (id, name) VALUES ($1, $1)", ARGS(V_Z(id)), NULL));
}

static int64_t people(struct conn *c)
{
	return ask_int(c, "SELECT count(*) FROM person", NO_ARGS);
}

static void test_values(void **state)
{
	struct rig *g = rig_of(state);
	const char *const texts[] = { "", "O'Hara \"q\" \\ $1 ; --", "久安社区 3栋2单元501 😀", "a\nb\tc" };
	const int64_t ints[] = { 0, -1, INT64_MAX, INT64_MIN, 1773277661123456 };
	const double reals[] = { 0.1, -1e300, 5e-324, 115.88217643, 1.0 / 3.0, 3.0 };
	const char bytes[] = "\0\x01\xff'\\\0";

	OK(conn_schema(g->c, schema));
	add_person(g->c, "p");
	for (size_t i = 0; i < COUNT(texts); i++) {
		OK(conn_run(g->c, "UPDATE person SET name = $1", ARGS(V_Z(texts[i])), NULL));
		assert_string_equal(texts[i], ask_text(g->c, "SELECT name FROM person", NO_ARGS));
	}
	for (size_t i = 0; i < COUNT(ints); i++) {
		OK(conn_run(g->c, "UPDATE person SET born = $1", ARGS(V_INT(ints[i])), NULL));
		assert_true(ints[i] == ask_int(g->c, "SELECT born FROM person WHERE born = $1", ARGS(V_INT(ints[i]))));
	}
	for (size_t i = 0; i < COUNT(reals); i++) {
		OK(conn_run(g->c, "UPDATE person SET weight = $1", ARGS(V_REAL(reals[i])), NULL));
		double d = ask_real(g->c, "SELECT weight FROM person", NO_ARGS);
		assert_memory_equal(&reals[i], &d, sizeof(d));
	}
	for (size_t n = 0; n < sizeof(bytes); n += 6) { /* none, and all */
		OK(conn_run(g->c, "UPDATE person SET photo = $1", ARGS(V_BLOB(((struct str){ bytes, n }))), NULL));
		assert_int_equal(n, ask_int(g->c, "SELECT length(photo) FROM person", NO_ARGS));
		assert_memory_equal(bytes, ask_text(g->c, "SELECT photo FROM person", NO_ARGS), n);
	}
}

static void test_null(void **state)
{
	struct rig *g = rig_of(state);

	OK(conn_schema(g->c, schema));
	OK(conn_run(g->c, "INSERT INTO person (id, name, age, weight, photo) VALUES ($1, $2, $3, $4, $5)",
		    ARGS(V_Z("p"), V_Z(""), V_NULL, V_STR(NO_STR), V_BLOB(NO_STR)), NULL));
	assert_string_equal("null|null|null|null;",
			    ask_rows(g->c, "SELECT age, weight, photo, active FROM person", NO_ARGS));
	assert_false(ask_null(g->c, "SELECT name FROM person", NO_ARGS)); /* empty is not absent */
	assert_true(ask_null(g->c, "SELECT sum(age) FROM person", NO_ARGS));
}

static void test_refused_values(void **state)
{
	struct rig *g = rig_of(state);
	struct val many[STORE_MAX_ARGS + 1];

	OK(conn_schema(g->c, schema));
	add_person(g->c, "p");
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = V_INT(1);
	const char *set_name = "UPDATE person SET name = $1", *set_weight = "UPDATE person SET weight = $1";
	assert_rc(RC_INVALID, conn_run(g->c, set_name, ARGS(V_STR(STR("a\0b"))), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, set_weight, ARGS(V_REAL(strtod("inf", NULL))), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, set_weight, ARGS(V_REAL(strtod("nan", NULL))), NULL));
	assert_rc(RC_BUG, conn_run(g->c, set_name, ((struct args){ many, COUNT(many) }), NULL));
	assert_rc(RC_BUG, conn_run(g->c, set_name, NO_ARGS, NULL));
	assert_rc(RC_BUG, conn_run(g->c, set_name, ARGS(V_Z("a"), V_Z("b")), NULL));
	assert_rc(RC_BUG, conn_run(g->c, "UPDATE person SET name = $2", ARGS(V_Z("a"), V_Z("b")), NULL));
	assert_rc(RC_BUG, conn_run(g->c, "UPDATE person SET name = 'x'; DELETE FROM person", NO_ARGS, NULL));
	assert_rc(RC_BUG, conn_run(g->c, "UPDATE person SET nam = 'x'", NO_ARGS, NULL));
	assert_true(strstr(conn_message(g->c), "nam") != NULL);
	assert_string_equal("p", ask_text(g->c, "SELECT name FROM person", NO_ARGS));
}

static void test_constraints(void **state)
{
	struct rig *g = rig_of(state);
	const char *add = "INSERT INTO person (id, name, age) VALUES ($1, $2, $3)";
	const char *visit = "INSERT INTO visit (n, person_id, note) VALUES ($1, $2, $3)";

	OK(conn_schema(g->c, schema));
	OK(conn_run(g->c, add, ARGS(V_Z("a"), V_Z("x"), V_INT(0)), NULL));
	assert_rc(RC_CONFLICT, conn_run(g->c, add, ARGS(V_Z("a"), V_Z("x"), V_INT(0)), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, add, ARGS(V_Z("b"), V_NULL, V_INT(0)), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, add, ARGS(V_Z("b"), V_Z("x"), V_INT(-1)), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, visit, ARGS(V_INT(1), V_Z("nobody"), V_Z("n")), NULL));
	OK(conn_run(g->c, visit, ARGS(V_INT(1), V_Z("a"), V_Z("n")), NULL));
	assert_rc(RC_CONFLICT, conn_run(g->c, visit, ARGS(V_INT(1), V_Z("a"), V_Z("m")), NULL)); /* row number */
	assert_rc(RC_CONFLICT, conn_run(g->c, visit, ARGS(V_INT(2), V_Z("a"), V_Z("n")), NULL)); /* UNIQUE */
	assert_rc(RC_INVALID, conn_run(g->c, visit, ARGS(V_Z("word"), V_Z("a"), V_Z("o")), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, "DELETE FROM person WHERE id = 'a'", NO_ARGS, NULL));
	assert_true(conn_message(g->c)[0] != '\0');
	assert_int_equal(1, people(g->c));
}

static void test_changed(void **state)
{
	struct rig *g = rig_of(state);
	int64_t n = -1;

	OK(conn_schema(g->c, schema));
	add_person(g->c, "a");
	OK(conn_run(g->c, "INSERT INTO person (id, name) VALUES ('b', 'b'), ('c', 'c')", NO_ARGS, &n));
	assert_int_equal(2, n);
	OK(conn_run(g->c, "UPDATE person SET age = 3 WHERE id > 'a'", NO_ARGS, &n));
	assert_int_equal(2, n);
	OK(conn_run(g->c, "UPDATE person SET age = 3 WHERE id = 'zz'", NO_ARGS, &n));
	assert_int_equal(0, n);
	OK(conn_run(g->c, "INSERT INTO person (id, name) VALUES ('b', 'b') ON CONFLICT DO NOTHING", NO_ARGS, &n));
	assert_int_equal(0, n);
	OK(conn_run(g->c, "DELETE FROM person WHERE id = 'a'", NO_ARGS, &n));
	assert_int_equal(1, n);
	OK(conn_run(g->c, "SELECT id FROM person", NO_ARGS, &n));
	assert_int_equal(0, n);
	OK(conn_run(g->c, "CREATE INDEX person_age ON person (age)", NO_ARGS, &n));
	assert_int_equal(0, n);
	assert_rc(RC_CONFLICT, conn_run(g->c, "INSERT INTO person (id, name) VALUES ('b', 'b')", NO_ARGS, &n));
	assert_int_equal(0, n);
}

static enum rc stop_at_two(void *arg, const struct row *row)
{
	int *n = arg;

	assert_int_equal(2, row->n);
	assert_string_equal("id", row->name[0]);
	assert_string_equal("years", row->name[1]);
	return ++*n == 2 ? RC_LIMIT : RC_OK;
}

static void test_callback_stops(void **state)
{
	struct rig *g = rig_of(state);
	int n = 0;

	OK(conn_schema(g->c, schema));
	OK(conn_begin(g->c));
	add_person(g->c, "a");
	add_person(g->c, "b");
	add_person(g->c, "c");
	assert_rc(RC_LIMIT, conn_each(g->c, "SELECT id, age AS years FROM person", NO_ARGS, stop_at_two, &n));
	assert_int_equal(2, n);
	add_person(g->c, "d"); /* the transaction is none the worse */
	OK(conn_commit(g->c));
	assert_int_equal(4, people(g->c));
}

struct nested {
	struct conn *c;
	struct stmt *s;
	int depth, rows;
};

static enum rc go_deeper(void *arg, const struct row *row)
{
	struct nested *x = arg;

	(void)row;
	x->rows++;
	if (x->depth == 2)
		return RC_OK;
	x->depth++;
	enum rc rc = x->rows % 2 ? stmt_each(x->s, NO_ARGS, go_deeper, x)
				 : conn_each(x->c, "SELECT id FROM person", NO_ARGS, go_deeper, x);
	x->depth--;
	return rc;
}

static void test_same_statement_inside_its_rows(void **state)
{
	struct rig *g = rig_of(state);
	struct nested x = { .c = g->c };

	OK(conn_schema(g->c, schema));
	add_person(g->c, "a");
	add_person(g->c, "b");
	OK(conn_prepare(g->c, "SELECT id FROM person", &x.s));
	OK(stmt_each(x.s, NO_ARGS, go_deeper, &x));
	assert_int_equal(2 + 4 + 8, x.rows);
}

static void test_statements_kept_and_evicted(void **state)
{
	struct rig *g = rig_of(state);
	struct stmt *kept, *same;
	char sql[64];

	OK(conn_schema(g->c, schema));
	OK(conn_prepare(g->c, "INSERT INTO person (id, name) VALUES ($2, $1)", &kept));
	OK(conn_prepare(g->c, "INSERT INTO person (id, name) VALUES ($2, $1)", &same));
	assert_ptr_equal(kept, same);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 700; i++) { /* more than the cache holds */
			snprintf(sql, sizeof(sql), "SELECT %d + $1", i);
			assert_int_equal(i + 1, ask_int(g->c, sql, ARGS(V_INT(1))));
		}
	OK(stmt_run(kept, ARGS(V_Z("name"), V_Z("id")), NULL));
	assert_string_equal("id|name;", ask_rows(g->c, "SELECT id, name FROM person", NO_ARGS));
	assert_rc(RC_BUG, conn_prepare(g->c, "SELECT nothing FROM nowhere", &kept));
	assert_null(kept);
}

static void test_schema_changes_under_statements(void **state)
{
	struct rig *g = rig_of(state);
	struct stmt *all;

	OK(conn_schema(g->c, "CREATE TABLE t (a num_int)"));
	OK(conn_prepare(g->c, "SELECT * FROM t", &all));
	OK(conn_run(g->c, "INSERT INTO t VALUES ($1)", ARGS(V_INT(1)), NULL));
	assert_string_equal("1;", ask_rows(g->c, "SELECT * FROM t", NO_ARGS));
	OK(conn_schema(g->c, "ALTER TABLE t ADD COLUMN b free_text"));
	assert_string_equal("1|null;", ask_rows(g->c, "SELECT * FROM t", NO_ARGS));
	OK(conn_run(g->c, "ALTER TABLE t ADD COLUMN c free_text", NO_ARGS, NULL)); /* as another process would */
	assert_string_equal("1|null|null;", ask_rows(g->c, "SELECT * FROM t", NO_ARGS));
}

static enum rc keep(void *arg, const struct row *row)
{
	char *to = arg;

	assert_int_equal(4, row->n);
	snprintf(to + strlen(to), 1024 - strlen(to), FMT_STR "." FMT_STR " " FMT_STR " %d;", ARG_STR(row->v[0].s),
		 ARG_STR(row->v[1].s), ARG_STR(row->v[2].s), (int)row->v[3].i);
	return RC_OK;
}

static void test_columns(void **state)
{
	struct rig *g = rig_of(state);
	char got[1024] = "";

	OK(conn_schema(g->c, schema));
	OK(conn_columns(g->c, keep, got));
	assert_string_equal("odd row_int.note free_text 1;person.id id_text 1;person.name free_text 2;"
			    "person.age num_int 3;person.weight num_real 4;person.photo bytes_blob 5;"
			    "person.active flag_int 6;person.born time_int 7;visit.n row_int 1;"
			    "visit.person_id ref_text 2;visit.note free_text 3;",
			    got);
	assert_int_equal(0, ask_int(g->c, "SELECT count(*) FROM \"odd row_int\"", NO_ARGS));
	OK(conn_run(g->c, "INSERT INTO \"odd row_int\" DEFAULT VALUES", NO_ARGS, NULL));
	assert_string_equal("row_int's", ask_text(g->c, "SELECT note FROM \"odd row_int\"", NO_ARGS));
}

static void test_script_is_all_or_nothing(void **state)
{
	struct rig *g = rig_of(state);

	OK(conn_script(g->c, ""));
	assert_rc(RC_BUG, conn_schema(g->c, "CREATE TABLE a (x num_int); INSERT INTO nowhere VALUES (1)"));
	OK(conn_schema(g->c, "CREATE TABLE a (x num_int)"));
	OK(conn_begin(g->c));
	OK(conn_script(g->c, "INSERT INTO a VALUES (1); INSERT INTO a VALUES (2)"));
	conn_rollback(g->c);
	assert_int_equal(0, ask_int(g->c, "SELECT count(*) FROM a", NO_ARGS));
}

static enum rc first(void *arg, const struct row *row)
{
	snprintf(arg, 64, FMT_STR, ARG_STR(row->v[0].s));
	return RC_OK;
}

static void test_check(void **state)
{
	struct rig *g = rig_of(state);
	char got[64] = "";

	OK(conn_schema(g->c, schema));
	add_person(g->c, "a");
	OK(conn_check(g->c, first, got));
	assert_string_equal("ok", got);
	assert_int_equal(g->kind == TESTDB_PG, conn_is_pg(g->c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ALL(test_values),
		ON_ALL(test_null),
		ON_ALL(test_refused_values),
		ON_ALL(test_constraints),
		ON_ALL(test_changed),
		ON_ALL(test_callback_stops),
		ON_ALL(test_same_statement_inside_its_rows),
		ON_ALL(test_statements_kept_and_evicted),
		ON_ALL(test_schema_changes_under_statements),
		ON_ALL(test_columns),
		ON_ALL(test_script_is_all_or_nothing),
		ON_ALL(test_check),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
