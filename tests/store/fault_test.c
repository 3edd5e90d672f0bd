/* Transactions, savepoints, and what is left after a failure; the same on each engine. */
#include "store_rig.h"

#include <string.h>

static void make(struct conn *c)
{
	OK(conn_schema(c, "CREATE TABLE t (id id_text PRIMARY KEY, n num_int NOT NULL)"));
}

static enum rc add(struct conn *c, const char *id, int64_t n)
{
	return conn_run(c, "INSERT INTO t (id, n) VALUES ($1, $2)", ARGS(V_Z(id), V_INT(n)), NULL);
}

static const char *ids(struct conn *c)
{
	return ask_rows(c, "SELECT id FROM t ORDER BY id", NO_ARGS);
}

static void test_commit_and_rollback(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	assert_false(conn_in_tx(g->c));
	conn_rollback(g->c); /* does nothing */
	OK(conn_begin(g->c));
	assert_true(conn_in_tx(g->c));
	OK(add(g->c, "a", 1));
	conn_rollback(g->c);
	assert_false(conn_in_tx(g->c));
	OK(conn_begin(g->c));
	OK(add(g->c, "b", 1));
	OK(conn_commit(g->c));
	assert_false(conn_in_tx(g->c));
	assert_string_equal("b;", ids(g->c));
}

static void test_misuse(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	assert_rc(RC_BUG, conn_commit(g->c));
	assert_rc(RC_BUG, conn_savepoint(g->c));
	assert_rc(RC_BUG, conn_release(g->c));
	assert_rc(RC_BUG, conn_back_to_savepoint(g->c));
	OK(conn_begin(g->c));
	assert_rc(RC_BUG, conn_begin(g->c));
	assert_rc(RC_BUG, conn_release(g->c));
	OK(conn_savepoint(g->c));
	assert_rc(RC_BUG, conn_savepoint(g->c));
	assert_rc(RC_BUG, conn_commit(g->c)); /* inside of the savepoint */
	OK(add(g->c, "a", 1));                /* none of that did harm */
	OK(conn_release(g->c));
	OK(conn_commit(g->c));
	assert_string_equal("a;", ids(g->c));
}

static void test_savepoint(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(conn_begin(g->c));
	for (int i = 0; i < 3; i++) {
		OK(conn_savepoint(g->c));
		OK(add(g->c, "a", 1));
		OK(conn_back_to_savepoint(g->c));
	}
	OK(conn_savepoint(g->c));
	OK(add(g->c, "b", 1));
	OK(conn_release(g->c));
	OK(conn_commit(g->c));
	assert_string_equal("b;", ids(g->c));
}

static void test_failure_ends_the_transaction(void **state)
{
	struct rig *g = rig_of(state);
	struct stmt *s;

	make(g->c);
	OK(add(g->c, "a", 1));
	OK(conn_begin(g->c));
	OK(add(g->c, "b", 1));
	assert_rc(RC_CONFLICT, add(g->c, "a", 1));
	const char *why = conn_message(g->c);
	assert_true(strstr(why, "uplicate") || strstr(why, "UNIQUE"));
	assert_rc(RC_CONFLICT, add(g->c, "c", 1)); /* nothing goes on, on both engines alike */
	assert_rc(RC_CONFLICT, conn_script(g->c, "DELETE FROM t"));
	assert_rc(RC_CONFLICT, conn_savepoint(g->c));
	assert_rc(RC_CONFLICT, conn_back_to_savepoint(g->c));
	assert_rc(RC_CONFLICT, conn_prepare(g->c, "SELECT 1", &s));
	assert_rc(RC_CONFLICT, conn_commit(g->c));
	assert_string_equal(why, conn_message(g->c)); /* the first failure's words */
	assert_false(conn_in_tx(g->c));
	assert_string_equal("a;", ids(g->c));
}

static void test_failure_inside_a_savepoint(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(conn_begin(g->c));
	OK(add(g->c, "a", 1));
	OK(conn_savepoint(g->c));
	OK(add(g->c, "b", 1));
	assert_rc(RC_CONFLICT, add(g->c, "a", 1));
	assert_rc(RC_CONFLICT, conn_release(g->c));
	OK(conn_back_to_savepoint(g->c));
	OK(conn_savepoint(g->c));
	assert_rc(RC_BUG, conn_run(g->c, "no SQL at all", NO_ARGS, NULL));
	OK(conn_back_to_savepoint(g->c));
	OK(add(g->c, "c", 1));
	OK(conn_commit(g->c));
	assert_string_equal("a;c;", ids(g->c));
}

/* One unit of work as a module would write it; the calls it makes are counted. */
static enum rc unit(struct conn *c, struct stmt *s)
{
	TRY(conn_begin(c));
	TRY(add(c, "x", 1));
	TRY(conn_savepoint(c));
	TRY(stmt_run(s, ARGS(V_Z("y"), V_INT(2)), NULL));
	TRY(conn_release(c));
	TRY(conn_script(c, "UPDATE t SET n = n + 1"));
	return conn_commit(c);
}

static void test_fault_at_every_call(void **state)
{
	struct rig *g = rig_of(state);
	struct stmt *s;
	int n = 1;

	make(g->c);
	OK(conn_prepare(g->c, "INSERT INTO t (id, n) VALUES ($1, $2)", &s));
	for (;; n++) {
		int64_t before = conn_calls(g->c);

		conn_fail_at(g->c, n);
		enum rc rc = unit(g->c, s);
		if (rc == RC_OK) {
			assert_int_equal(7, conn_calls(g->c) - before);
			break;
		}
		assert_rc(RC_BUSY, rc);
		assert_int_equal(n, conn_calls(g->c) - before);
		assert_string_equal("failure injected by a test", conn_message(g->c));
		conn_rollback(g->c);
		assert_false(conn_in_tx(g->c));
		assert_string_equal("", ids(g->c)); /* no row left behind */
	}
	assert_int_equal(8, n);
	conn_fail_at(g->c, 0);
	assert_string_equal("x|2;y|3;", ask_rows(g->c, "SELECT id, n FROM t ORDER BY id", NO_ARGS));
}

static void test_reader(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(add(g->c, "a", 1));
	struct conn *r = rig_open(g->url, CONN_READ_ONLY);
	OK(conn_begin(g->c));
	OK(add(g->c, "b", 1));
	assert_string_equal("a;", ids(r)); /* only what is committed */
	OK(conn_begin(r));
	assert_string_equal("a;", ids(r));
	OK(conn_commit(g->c));
	assert_string_equal("a;", ids(r)); /* one state for the whole transaction */
	OK(conn_commit(r));
	assert_string_equal("a;b;", ids(r));
	assert_rc(RC_BUG, add(r, "c", 1));
	assert_rc(RC_BUG, conn_schema(r, "CREATE TABLE u (n num_int)"));
	OK(conn_begin(r));
	assert_rc(RC_BUG, add(r, "c", 1));
	conn_rollback(r);
	assert_string_equal("a;b;", ids(r));
	conn_close(r);
}

static void test_lock_is_busy(void **state)
{
	struct rig *g = rig_of(state);
	struct conn *other = rig_open(g->url, 0);

	make(g->c);
	OK(add(g->c, "a", 1));
	/* The engines wait 5 s for a lock; a test does not. */
	OK(g->kind == TESTDB_PG ? conn_script(other, "SET lock_timeout = '10ms'")
				: conn_script(other, "PRAGMA busy_timeout = 10"));
	OK(conn_begin(g->c));
	OK(add(g->c, "b", 1));
	OK(conn_run(g->c, "UPDATE t SET n = 2 WHERE id = 'a'", NO_ARGS, NULL));
	assert_rc(RC_BUSY, conn_run(other, "UPDATE t SET n = 3 WHERE id = 'a'", NO_ARGS, NULL));
	if (g->kind == TESTDB_FILE)
		assert_rc(RC_BUSY, conn_begin(other)); /* one writer at a time */
	OK(conn_commit(g->c));
	OK(conn_run(other, "UPDATE t SET n = 3 WHERE id = 'a'", NO_ARGS, NULL));
	conn_close(other);
	assert_string_equal("a|3;b|1;", ask_rows(g->c, "SELECT id, n FROM t ORDER BY id", NO_ARGS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ALL(test_commit_and_rollback),
		ON_ALL(test_misuse),
		ON_ALL(test_savepoint),
		ON_ALL(test_failure_ends_the_transaction),
		ON_ALL(test_failure_inside_a_savepoint),
		ON_ALL(test_fault_at_every_call),
		ON(test_reader, TESTDB_FILE),
		ON(test_reader, TESTDB_PG),
		ON(test_lock_is_busy, TESTDB_FILE),
		ON(test_lock_is_busy, TESTDB_PG),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
