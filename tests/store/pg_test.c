/* What only PostgreSQL has: connections that get lost, concurrent starts, the domains. */
#include "store_rig.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int64_t backend(struct conn *c)
{
	return ask_int(c, "SELECT pg_backend_pid()", NO_ARGS);
}

static void end_backend(const char *url, int64_t pid)
{
	struct conn *other = rig_open(url, 0);

	assert_int_equal(1, ask_int(other, "SELECT pg_terminate_backend($1)", ARGS(V_INT(pid))));
	while (ask_int(other, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1", ARGS(V_INT(pid))) != 0)
		;
	conn_close(other);
}

static void test_lost_connection(void **state)
{
	struct rig *g = rig_of(state);
	struct stmt *s;

	OK(conn_schema(g->c, "CREATE TABLE t (n num_int)"));
	OK(conn_prepare(g->c, "INSERT INTO t VALUES ($1)", &s));
	OK(stmt_run(s, ARGS(V_INT(1)), NULL));
	/* while idle: the next transaction connects anew, prepared statements too */
	end_backend(g->url, backend(g->c));
	OK(conn_begin(g->c));
	OK(stmt_run(s, ARGS(V_INT(2)), NULL));
	OK(conn_commit(g->c));
	/* inside a transaction: all of it is lost, and nothing runs outside of it */
	OK(conn_begin(g->c));
	OK(conn_savepoint(g->c));
	OK(stmt_run(s, ARGS(V_INT(3)), NULL));
	end_backend(g->url, backend(g->c));
	assert_rc(RC_BUSY, stmt_run(s, ARGS(V_INT(4)), NULL));
	assert_rc(RC_BUSY, stmt_run(s, ARGS(V_INT(5)), NULL));
	assert_rc(RC_BUSY, conn_back_to_savepoint(g->c));
	assert_rc(RC_BUSY, conn_commit(g->c));
	assert_string_equal("1;2;", ask_rows(g->c, "SELECT n FROM t ORDER BY n", NO_ARGS));
	/* while COMMIT is on its way */
	OK(conn_begin(g->c));
	OK(stmt_run(s, ARGS(V_INT(6)), NULL));
	end_backend(g->url, backend(g->c));
	assert_rc(RC_BUSY, conn_commit(g->c));
	assert_false(conn_in_tx(g->c));
	assert_string_equal("1;2;", ask_rows(g->c, "SELECT n FROM t ORDER BY n", NO_ARGS));
	assert_string_equal("on", ask_text(g->c, "SELECT current_setting('synchronous_commit')", NO_ARGS));
}

static void *start_one(void *url)
{
	struct conn *c = NULL;
	enum rc rc = conn_open(url, 0, &c, NULL);

	conn_close(c);
	return rc == RC_OK ? url : NULL;
}

static void test_concurrent_starts(void **state)
{
	struct rig *g = rig_of(state);
	pthread_t t[6];
	char *url = strdup(g->url);

	OK(conn_script(g->c, "DROP DOMAIN id_text; DROP DOMAIN row_int; DROP DOMAIN bytes_blob"));
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(0, pthread_create(&t[i], NULL, start_one, url));
	for (size_t i = 0; i < COUNT(t); i++) {
		void *ok;

		pthread_join(t[i], &ok);
		assert_non_null(ok);
	}
	free(url);
	assert_int_equal(12, ask_int(g->c,
				     "SELECT count(*) FROM pg_type WHERE typtype = 'd' AND typnamespace ="
				     " 'public'::regnamespace",
				     NO_ARGS));
}

static void test_open_failures(void **state)
{
	struct rig *g = rig_of(state);
	struct store_error err;
	struct conn *c;

	assert_rc(RC_BUSY, conn_open("postgres://127.0.0.1:1/x", 0, &c, &err));
	assert_true(err.text[0] != '\0');
	assert_rc(RC_BUG, conn_open("postgres://127.0.0.1/x?no_such_word=1", 0, &c, &err));
	assert_rc(RC_INVALID, conn_backup(g->c, "/tmp/x", NULL, NULL));
}

static void test_foreign_types(void **state)
{
	struct rig *g = rig_of(state);

	assert_rc(RC_BUG, conn_each(g->c, "SELECT now()", NO_ARGS, NULL, NULL) == RC_OK ? RC_BUG : RC_OK);
	assert_string_equal("-123456789012345;", ask_rows(g->c, "SELECT CAST('-123456789012345' AS numeric)", NO_ARGS));
	assert_true(ask_real(g->c, "SELECT CAST('-0.000125' AS numeric)", NO_ARGS) == -0.000125);
	assert_true(ask_real(g->c, "SELECT CAST('123456789.5' AS numeric)", NO_ARGS) == 123456789.5);
	assert_true(ask_real(g->c, "SELECT CAST('1e30' AS numeric)", NO_ARGS) == 1e30);
	assert_true(ask_real(g->c, "SELECT CAST(0.5 AS real)", NO_ARGS) == 0.5);
	assert_int_equal(0, ask_int(g->c, "SELECT CAST(0 AS numeric)", NO_ARGS));
	assert_int_equal(40000, ask_int(g->c, "SELECT CAST(40000 AS numeric)", NO_ARGS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(test_lost_connection, TESTDB_PG),
		ON(test_concurrent_starts, TESTDB_PG),
		ON(test_open_failures, TESTDB_PG),
		ON(test_foreign_types, TESTDB_PG),
	};

	return cmocka_run_group_tests_name("PostgreSQL", tests, NULL, NULL);
}
