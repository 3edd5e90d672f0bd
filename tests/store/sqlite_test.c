/* What only SQLite has: the file itself, full disks, failed syncs, backup. */
#include "store_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a disk that fails when told to: these stand before libc's for SQLite too ---- */

static bool sync_fails;
static int64_t room = INT64_MAX; /* bytes until the disk is full */

int fdatasync(int fd);
int fdatasync(int fd)
{
	if (sync_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd);
int fsync(int fd)
{
	return fdatasync(fd);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	if (room < (int64_t)n) {
		errno = ENOSPC;
		return -1;
	}
	if (room != INT64_MAX)
		room -= (int64_t)n;
	return (ssize_t)syscall(SYS_pwrite64, fd, p, n, at);
}

/* ---- */

static const char add_sql[] = "INSERT INTO t (n, body) VALUES ($1, $2)";

static void make(struct conn *c)
{
	OK(conn_schema(c, "CREATE TABLE t (n row_int PRIMARY KEY, body free_text)"));
}

static int64_t rows_of(struct conn *c)
{
	return ask_int(c, "SELECT count(*) FROM t", NO_ARGS);
}

static enum rc fill(struct conn *c, int from, int n, size_t size)
{
	char *body = malloc(size);
	enum rc rc = RC_OK;

	memset(body, 'x', size);
	for (int i = from; i < from + n && rc == RC_OK; i++)
		rc = conn_run(c, add_sql, ARGS(V_INT(i), V_STR(((struct str){ body, size }))), NULL);
	free(body);
	return rc;
}

static void test_settings(void **state)
{
	struct rig *g = rig_of(state);
	struct stat st;

	make(g->c);
	assert_string_equal("wal", ask_text(g->c, "PRAGMA journal_mode", NO_ARGS));
	assert_int_equal(2, ask_int(g->c, "PRAGMA synchronous", NO_ARGS)); /* FULL */
	assert_int_equal(1, ask_int(g->c, "PRAGMA foreign_keys", NO_ARGS));
	assert_int_equal(0, ask_int(g->c, "PRAGMA trusted_schema", NO_ARGS));
	assert_int_equal(1, ask_int(g->c, "PRAGMA secure_delete", NO_ARGS));
	assert_int_equal(8192, ask_int(g->c, "PRAGMA page_size", NO_ARGS));
	assert_int_equal(0, stat(g->url, &st));
	assert_int_equal(0600, st.st_mode & 0777); /* people's data: nobody else's business */
}

static void test_open_failures(void **state)
{
	struct store_error err;
	struct conn *c = NULL;
	char *path = testdb_path("not-a-database");
	FILE *f = fopen(path, "w");

	(void)state;
	for (int i = 0; i < 4096; i++)
		fputs("words ", f);
	fclose(f);
	assert_rc(RC_BUG, conn_open(path, 0, &c, &err));
	assert_true(strstr(err.text, "not a database") != NULL);
	assert_rc(RC_BUSY, conn_open("/no/such/folder/db", 0, &c, &err));
	assert_rc(RC_BUSY, conn_open("", 0, &c, &err));
	assert_rc(RC_BUSY, conn_open("/no/such/file", CONN_READ_ONLY, &c, NULL));
	assert_null(c);
	unlink(path);
	free(path);
}

static void test_full_disk(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(fill(g->c, 0, 10, 1000));
	for (int64_t left = 0; left < 60000; left += 7000) {
		room = left;
		enum rc rc = conn_begin(g->c);
		if (rc == RC_OK)
			rc = fill(g->c, 100, 100, 1000);
		if (rc == RC_OK)
			rc = conn_commit(g->c);
		else
			conn_rollback(g->c);
		room = INT64_MAX;
		assert_rc(RC_BUSY, rc);
		assert_false(conn_in_tx(g->c));
		assert_int_equal(10, rows_of(g->c));
	}
	OK(fill(g->c, 100, 100, 1000)); /* room again: it goes on */
	assert_string_equal("ok", ask_text(g->c, "PRAGMA integrity_check", NO_ARGS));
}

/* The transaction outgrows the cache, so the disk fills up in its middle. */
static void test_full_disk_takes_the_savepoint(void **state)
{
	struct rig *g = rig_of(state);

	make(g->c);
	OK(conn_script(g->c, "PRAGMA cache_size = 20"));
	OK(conn_begin(g->c));
	OK(fill(g->c, 0, 1, 10));
	OK(conn_savepoint(g->c));
	room = 0;
	assert_rc(RC_BUSY, fill(g->c, 1, 200, 8000));
	room = INT64_MAX;
	enum rc back = conn_back_to_savepoint(g->c);
	if (back == RC_OK)
		back = conn_commit(g->c);
	conn_rollback(g->c);
	assert_true(rows_of(g->c) == (back == RC_OK ? 1 : 0));
}

/* Runs 'body' in a child and returns how it ended, with what it wrote to stderr. */
static int in_child(void (*body)(const char *url), const char *url, char *words, size_t n)
{
	int out[2], status;

	assert_int_equal(0, pipe(out));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(out[1], 2);
		signal(SIGABRT, SIG_DFL); /* cmocka's and the sanitizers' would go on */
		body(url);
		_exit(0);
	}
	close(out[1]);
	size_t at = 0;
	for (ssize_t got = 1; got > 0 && at < n - 1; at += (size_t)(got > 0 ? got : 0))
		got = read(out[0], words + at, n - 1 - at);
	words[at] = '\0';
	close(out[0]);
	waitpid(pid, &status, 0);
	return status;
}

static void commit_without_sync(const char *url)
{
	struct conn *c;

	if (conn_open(url, 0, &c, NULL) != RC_OK)
		return;
	sync_fails = true;
	(void)!fill(c, 50, 1, 10);
}

static void checkpoint_without_sync(const char *url)
{
	struct conn *c;

	/* At NORMAL only the checkpoint syncs, whose result SQLite would drop. */
	if (conn_open(url, 0, &c, NULL) != RC_OK ||
	    conn_run(c, "PRAGMA synchronous = NORMAL", NO_ARGS, NULL) != RC_OK || fill(c, 99, 1, 10) != RC_OK)
		return;
	sync_fails = true;
	if (conn_begin(c) == RC_OK && fill(c, 100, 5000, 8000) == RC_OK)
		(void)!conn_commit(c);
}

static void test_failed_sync_stops(void **state)
{
	struct rig *g = rig_of(state);
	char words[512];

	make(g->c);
	OK(fill(g->c, 0, 3, 10));
	conn_close(g->c);
	g->c = NULL;
	void (*const body[])(const char *) = { commit_without_sync, checkpoint_without_sync };
	for (size_t i = 0; i < COUNT(body); i++) {
		int status = in_child(body[i], g->url, words, sizeof(words));
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			fail_msg("%zu: status %x, %s", i, (unsigned)status, words);
		assert_true(strstr(words, "refused to sync") != NULL);
	}
	g->c = rig_open(g->url, 0);
	assert_true(rows_of(g->c) >= 3);
}

/* ---- backup ---- */

struct progress {
	struct conn *writer;
	int calls, done, total;
};

static void on_progress(void *arg, int done, int total)
{
	struct progress *x = arg;

	x->calls++;
	x->done = done;
	x->total = total;
	OK(fill(x->writer, 100000 + x->calls * 10, 10, 100)); /* the writer goes on */
}

static void test_backup(void **state)
{
	struct rig *g = rig_of(state);
	char *path = testdb_path("backup");
	struct conn *r = rig_open(g->url, CONN_READ_ONLY);
	struct progress x = { .writer = g->c };

	make(g->c);
	OK(conn_begin(g->c));
	OK(fill(g->c, 0, 2000, 8000));
	OK(conn_commit(g->c));
	OK(conn_backup(r, path, on_progress, &x));
	assert_true(x.calls > 2);
	assert_int_equal(x.done, x.total);
	assert_int_equal(2000 + 10 * x.calls, rows_of(g->c));
	struct conn *copy = rig_open(path, 0);
	assert_int_equal(2000, rows_of(copy)); /* one state: that of its beginning */
	assert_string_equal("ok", ask_text(copy, "PRAGMA integrity_check", NO_ARGS));
	conn_close(copy);
	assert_rc(RC_CONFLICT, conn_backup(r, path, NULL, NULL)); /* never over another file */
	assert_rc(RC_BUSY, conn_backup(r, "/no/such/folder/x", NULL, NULL));
	testdb_drop(path);
	path = testdb_path("backup2");
	room = 100000;
	assert_rc(RC_BUSY, conn_backup(r, path, NULL, NULL));
	room = INT64_MAX;
	assert_int_equal(-1, access(path, F_OK)); /* no half of a backup stays */
	OK(conn_begin(r));
	assert_rc(RC_BUG, conn_backup(r, path, NULL, NULL));
	conn_rollback(r);
	conn_close(r);
	free(path);
}

static void test_log_stays_small(void **state)
{
	struct rig *g = rig_of(state);
	char wal[512];
	struct stat st;

	make(g->c);
	for (int i = 0; i < 40; i++) {
		OK(conn_begin(g->c));
		OK(fill(g->c, i * 200, 200, 8000));
		OK(conn_commit(g->c));
	}
	snprintf(wal, sizeof(wal), "%s-wal", g->url);
	assert_int_equal(0, stat(wal, &st));
	assert_true(st.st_size < 48 * 1024 * 1024); /* of 64 MB written */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(test_settings, TESTDB_FILE),          cmocka_unit_test(test_open_failures),
		ON(test_full_disk, TESTDB_FILE),         ON(test_full_disk_takes_the_savepoint, TESTDB_FILE),
		ON(test_failed_sync_stops, TESTDB_FILE), ON(test_backup, TESTDB_FILE),
		ON(test_log_stays_small, TESTDB_FILE),
	};

	return cmocka_run_group_tests_name("SQLite", tests, NULL, NULL);
}
