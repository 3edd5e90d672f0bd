/* Each rule of docs/portable-sql.md, on each engine; the comments name its number there. */
#include "store_rig.h"

#include <string.h>

static void rows(struct conn *c, const char *sql, const char *want)
{
	assert_string_equal(want, ask_rows(c, sql, NO_ARGS));
}

static void make(struct conn *c)
{
	OK(conn_schema(c, "CREATE TABLE t (id id_text PRIMARY KEY, kind enum_text NOT NULL, n num_int, at time_int,"
			  " open flag_int NOT NULL DEFAULT 1, w num_real);"
			  "CREATE TABLE u (id id_text, owner ref_text REFERENCES t(id), label free_text,"
			  " a time_int, b time_int, CHECK (a <= b));"
			  "CREATE UNIQUE INDEX u_one ON u (owner) WHERE b IS NULL;"));
	OK(conn_script(c, "INSERT INTO t (id, kind, n, at) VALUES ('a', 'x', 1, 10), ('b', 'x', NULL, 20),"
			  " ('B', 'y', 3, 30), ('é', 'y', 4, 40)"));
}

/* 1: the words are the types, and a column compares byte by byte */
static void test_types_and_order(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	rows(g->c, "SELECT id FROM t ORDER BY id", "B;a;b;é;");
	rows(g->c, "SELECT max(id), min(id) FROM t", "é|B;");
	rows(g->c, "SELECT id FROM t WHERE id >= 'a' AND id < 'b'", "a;");
	rows(g->c, "SELECT CAST('7' AS bigint), CAST(7 AS text), CAST(1 AS double precision) / 4", "7|7|0.25;");
	rows(g->c, "SELECT lower('ABC'), upper(id) FROM t WHERE id = 'a'", "abc|A;");
}

/* 2: one parameter in several places, of different columns and widths */
static void test_parameters(void **state)
{
	struct rig *g = rig_of(state);
	const char *twice = "INSERT INTO u (id, owner, label, a, b) VALUES ($3, $2, $2, $1, $1)";
	int64_t n;

	make(g->c);
	OK(conn_begin(g->c)); /* learning the types must not harm a transaction */
	OK(conn_run(g->c, twice, ARGS(V_INT(5000000000), V_Z("a"), V_Z("k")), NULL));
	OK(conn_run(g->c, "UPDATE t SET n = $1 + 1 WHERE n = $1 AND at > $1", ARGS(V_INT(1)), &n));
	assert_int_equal(1, n);
	OK(conn_commit(g->c));
	rows(g->c, "SELECT id, owner, label, a, b FROM u", "k|a|a|5000000000|5000000000;");
	/* a filter that may be absent; the constant does not make the time narrow */
	const char *filter = "SELECT id FROM t WHERE ($1 IS NULL OR kind = $1) AND at > $2 - 60 ORDER BY id";
	assert_string_equal("B;é;", ask_rows(g->c, filter, ARGS(V_Z("y"), V_INT(70))));
	assert_string_equal("a;b;é;", ask_rows(g->c, "SELECT id FROM t WHERE id >= $1 ORDER BY id", ARGS(V_Z("a"))));
	assert_string_equal("", ask_rows(g->c, filter, ARGS(V_NULL, V_INT(1773277661123456))));
	assert_string_equal(
		"b;", ask_rows(g->c, "SELECT id FROM t ORDER BY id LIMIT $1 OFFSET $2", ARGS(V_INT(1), V_INT(2))));
	assert_string_equal("ab|1;", ask_rows(g->c, "SELECT substr('abc', 1, $1), CAST($2 AS bigint)",
					      ARGS(V_INT(2), V_INT(1)))); /* a number that is narrow in PostgreSQL */
	assert_string_equal("w;", ask_rows(g->c, "SELECT $1", ARGS(V_Z("w"))));
	assert_int_equal(8, ask_int(g->c, "SELECT CAST($1 AS bigint) + 1", ARGS(V_INT(7))));
	assert_true(ask_null(g->c, "SELECT CAST($1 AS bigint)", ARGS(V_NULL)));
}

/* 3: GROUP BY a parameter's expression */
static void test_grouping(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	assert_string_equal("0|1;1|2;2|1;", ask_rows(g->c,
						     "SELECT at / $1, count(*) FROM t GROUP BY at / $1"
						     " ORDER BY at / $1",
						     ARGS(V_INT(20))));
	rows(g->c,
	     "SELECT kind, count(*) FILTER (WHERE n > 1), sum(n), avg(n) FROM t GROUP BY kind"
	     " HAVING count(*) > 1 ORDER BY kind",
	     "x|0|1|1;y|2|7|3.5;");
	rows(g->c, "SELECT CAST(sum(n * n) AS bigint) / count(n), 7 / 2, -7 / 2, 7 % 3 FROM t", "8|3|-3|1;");
	assert_int_equal(8, ask_int(g->c, "SELECT sum(n) FROM t", NO_ARGS));
	assert_true(ask_real(g->c, "SELECT avg(n) FROM t WHERE n IN (1, 3)", NO_ARGS) == 2.0);
	assert_true(ask_real(g->c, "SELECT avg(at) / 3 FROM t WHERE id IN ('a', 'b', 'B')", NO_ARGS) == 20.0 / 3);
	rows(g->c, "SELECT sum(CAST(9000000000000000000 AS bigint)), sum(-n * 10000) FROM t WHERE n = 1",
	     "9000000000000000000|-10000;");
}

/* 4: clashes are written as ON CONFLICT */
static void test_on_conflict(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(conn_begin(g->c));
	OK(conn_run(g->c,
		    "INSERT INTO t (id, kind, n) VALUES ('a', 'z', 5)"
		    " ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n",
		    NO_ARGS, NULL));
	OK(conn_run(g->c, "INSERT INTO t (id, kind) VALUES ('a', 'z') ON CONFLICT DO NOTHING", NO_ARGS, NULL));
	OK(conn_commit(g->c));
	rows(g->c, "SELECT kind, n FROM t WHERE id = 'a'", "x|6;");
	rows(g->c, "INSERT INTO t (id, kind) VALUES ('n', 'z') RETURNING id, open", "n|1;");
	rows(g->c, "UPDATE t SET n = 9 WHERE id = 'n' RETURNING n", "9;");
	rows(g->c, "DELETE FROM t WHERE id = 'n' RETURNING kind", "z;");
}

/* 5: partial indexes, checks over columns, both for real */
static void test_constraints(void **state)
{
	struct rig *g = rig_of(state);
	const char *add = "INSERT INTO u (owner, a, b) VALUES ('a', $1, $2)";

	make(g->c);
	OK(conn_run(g->c, add, ARGS(V_INT(1), V_INT(2)), NULL));
	OK(conn_run(g->c, add, ARGS(V_INT(1), V_INT(3)), NULL));
	assert_rc(RC_INVALID, conn_run(g->c, add, ARGS(V_INT(4), V_INT(3)), NULL));
	OK(conn_run(g->c, add, ARGS(V_INT(1), V_NULL), NULL));
	assert_rc(RC_CONFLICT, conn_run(g->c, add, ARGS(V_INT(2), V_NULL), NULL));
}

/* 6: NULLs: their place is always written; a comparison with them is not true */
static void test_nulls(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	rows(g->c, "SELECT id FROM t ORDER BY n NULLS LAST, id", "a;B;é;b;");
	rows(g->c, "SELECT id FROM t ORDER BY n DESC NULLS LAST, id", "é;B;a;b;");
	rows(g->c, "SELECT id FROM t ORDER BY n NULLS FIRST, id LIMIT 1", "b;");
	rows(g->c, "SELECT count(*) FROM t WHERE n <> 1", "2;");
	rows(g->c, "SELECT coalesce(n, 0), nullif(kind, 'x') FROM t WHERE id = 'b'", "0|null;");
	rows(g->c, "SELECT n / nullif(0, 0) FROM t WHERE id = 'a'", "null;"); /* a zero divisor is caught this way */
	rows(g->c, "SELECT count(*) FROM t WHERE n IS NOT DISTINCT FROM NULL", "1;");
}

/* 7: what the shared language has */
static void test_queries(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	rows(g->c,
	     "WITH w (k, label) AS (VALUES ('x', 'one'), ('y', 'two'))"
	     " SELECT label, count(*) FROM t JOIN w ON w.k = t.kind GROUP BY label ORDER BY label",
	     "one|2;two|2;");
	rows(g->c, "WITH RECURSIVE r (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 4) SELECT sum(i) FROM r",
	     "10;");
	rows(g->c,
	     "SELECT id, row_number() OVER (PARTITION BY kind ORDER BY id), lag(at) OVER (ORDER BY at)"
	     " FROM t ORDER BY at",
	     "a|1|null;b|2|10;B|1|20;é|2|30;");
	rows(g->c,
	     "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.owner = t.id) OR kind IN ('y')"
	     " ORDER BY id",
	     "B;é;");
	rows(g->c, "SELECT 1 AS n UNION SELECT 2 EXCEPT SELECT 2 ORDER BY n", "1;");
	rows(g->c, "SELECT CASE WHEN n > 2 THEN 'big' ELSE 'small' END FROM t WHERE n IS NOT NULL ORDER BY id",
	     "big;small;big;");
	rows(g->c, "SELECT id FROM t WHERE (kind, id) > ('x', 'a') ORDER BY kind, id", "b;B;é;");
	rows(g->c,
	     "SELECT length('久安'), substr('abcdef', 2, 3), trim('  a '), replace('aXb', 'X', '-'), 'a' || 'b',"
	     " abs(-3), round(2.5)",
	     "2|bcd|a|a-b|ab|3|3;");
	OK(conn_run(g->c, "UPDATE t SET n = u.a FROM u WHERE u.owner = t.id", NO_ARGS, NULL));
}

/* 8: a truth value as a number */
static void test_flags(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(conn_run(g->c, "UPDATE t SET open = $1 WHERE id = 'a'", ARGS(V_INT(0)), NULL));
	rows(g->c, "SELECT sum(open), count(*) FILTER (WHERE open = 1) FROM t", "3|3;");
	assert_int_equal(1, ask_int(g->c, "SELECT 2 > 1", NO_ARGS));
	assert_int_equal(0, ask_int(g->c, "SELECT id = 'zz' FROM t WHERE id = 'a'", NO_ARGS));
}

/* 9: forbidden, because the engines differ; if one of these lines fails, the rule may go */
static void test_differences(void **state)
{
	struct rig *g = rig_of(state);
	bool pg = conn_is_pg(g->c);
	static const char *const only_sqlite[] = {
		"INSERT OR IGNORE INTO t (id, kind) VALUES ('a', 'x')",
		"SELECT kind, id FROM t GROUP BY kind",
		"SELECT id FROM t WHERE open",
		"SELECT ifnull(n, 0) FROM t",
		"SELECT instr(id, 'a') FROM t",
		"SELECT max(1, 2)",
		"SELECT json_extract('{}', '$.a')",
		"SELECT group_concat(id) FROM t",
		"INSERT INTO t (id, kind, n) VALUES ('zz', 'x', 1.5 || 'a')",
		"SELECT 'a' = 1",
	};
	static const char *const only_pg[] = {
		"SELECT now()",          "SELECT greatest(1, 2)",       "SELECT '7'::bigint",
		"SELECT left('abc', 1)", "SELECT id FROM t FOR UPDATE", "SELECT DISTINCT ON (kind) kind FROM t",
	};

	make(g->c);
	for (size_t i = 0; i < COUNT(only_sqlite); i++)
		assert_int_equal(pg, conn_run(g->c, only_sqlite[i], NO_ARGS, NULL) != RC_OK);
	for (size_t i = 0; i < COUNT(only_pg); i++)
		assert_int_equal(!pg, conn_run(g->c, only_pg[i], NO_ARGS, NULL) != RC_OK);
	rows(g->c, "SELECT count(*) FROM t WHERE id LIKE 'A'", pg ? "0;" : "1;");
	rows(g->c, "SELECT id FROM t ORDER BY n, id LIMIT 1", pg ? "a;" : "b;");
	rows(g->c, "SELECT sum(n) / 3 FROM t WHERE id <> 'zz'", pg ? "2.66667;" : "2;"); /* numeric there */
	if (pg)
		assert_rc(RC_INVALID, conn_run(g->c, "SELECT 1 / 0", NO_ARGS, NULL));
	else
		rows(g->c, "SELECT 1 / 0", "null;");
}

/* 10: what a transaction made is rolled back, tables too */
static void test_schema_in_transaction(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(conn_begin(g->c));
	OK(conn_schema(g->c, "CREATE TABLE v (id id_text); ALTER TABLE t ADD COLUMN extra num_int NOT NULL DEFAULT 7"));
	assert_int_equal(7, ask_int(g->c, "SELECT extra FROM t WHERE id = 'a'", NO_ARGS));
	conn_rollback(g->c);
	assert_rc(RC_BUG, conn_run(g->c, "SELECT extra FROM t", NO_ARGS, NULL));
	OK(conn_schema(g->c, "CREATE TABLE v (id id_text)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_ALL(test_types_and_order), ON_ALL(test_parameters),
		ON_ALL(test_grouping),        ON_ALL(test_on_conflict),
		ON_ALL(test_constraints),     ON_ALL(test_nulls),
		ON_ALL(test_queries),         ON_ALL(test_flags),
		ON_ALL(test_differences),     ON_ALL(test_schema_in_transaction),
	};

	return cmocka_run_group_tests_name("portable SQL", tests, NULL, NULL);
}
