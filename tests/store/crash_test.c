/* kill -9 in the middle of writing: nothing that was acknowledged is lost, and
 * nothing of an unfinished transaction is there. */
#include "store_rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLS = 20, PER_COMMIT = 7 };

/* Writes numbered rows for ever, and tells each commit's last number when it is on disk. */
static void write_rows(const char *url, int out)
{
	struct conn *c = NULL;
	struct stmt *s;
	int64_t n = 0;

	if (conn_open(url, 0, &c, NULL) != RC_OK ||
	    conn_prepare(c, "INSERT INTO t (n, body) VALUES ($1, $2)", &s) != RC_OK)
		_exit(2);
	n = ask_int(c, "SELECT coalesce(max(n), 0) FROM t", NO_ARGS);
	for (;;) {
		bool ok = conn_begin(c) == RC_OK;

		for (int i = 0; ok && i < PER_COMMIT; i++)
			ok = stmt_run(s, ARGS(V_INT(++n), V_Z("一行 of a hundred bytes or so, for the log to grow")),
				      NULL) == RC_OK;
		if (!ok || conn_commit(c) != RC_OK || write(out, &n, sizeof(n)) != sizeof(n))
			_exit(3);
	}
}

static int64_t one_kill(const char *url, useconds_t life, int64_t acknowledged)
{
	int pipes[2], status;
	int64_t n;

	assert_int_equal(0, pipe(pipes));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(pipes[0]);
		write_rows(url, pipes[1]);
	}
	close(pipes[1]);
	assert_int_equal(sizeof(n), read(pipes[0], &n, sizeof(n))); /* it is writing now */
	acknowledged = n;
	usleep(life);
	kill(pid, SIGKILL);
	while (read(pipes[0], &n, sizeof(n)) == sizeof(n))
		acknowledged = n;
	close(pipes[0]);
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	return acknowledged;
}

static void test_kill(void **state)
{
	struct rig *g = rig_of(state);
	int64_t acknowledged = 0;

	OK(conn_schema(g->c, "CREATE TABLE t (n row_int PRIMARY KEY, body free_text NOT NULL)"));
	conn_close(g->c);
	g->c = NULL;
	for (int i = 0; i < KILLS; i++) {
		acknowledged = one_kill(g->url, (useconds_t)(i * 1700), acknowledged);
		struct conn *c =
			rig_open(g->url, i % 2 ? CONN_READ_ONLY : 0); /* a reader may be the first to recover */
		int64_t n = ask_int(c, "SELECT count(*) FROM t", NO_ARGS);

		assert_true(n == ask_int(c, "SELECT max(n) FROM t", NO_ARGS)); /* no gap */
		assert_int_equal(0, n % PER_COMMIT);                           /* no part of a commit */
		assert_true(n >= acknowledged && n <= acknowledged + PER_COMMIT);
		assert_string_equal("ok", ask_text(c, "PRAGMA integrity_check", NO_ARGS));
		conn_close(c);
	}
	printf("figure: store.kill_rows %lld rows\n", (long long)acknowledged);
}

int main(void)
{
	const struct CMUnitTest tests[] = { ON(test_kill, TESTDB_FILE) };

	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
