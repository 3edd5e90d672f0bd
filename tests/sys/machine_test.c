/* Configuration, log, files, queue. */
#include "sys/config.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/thread.h"
#include "base/json.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int start(void **state)
{
	*state = arena_new(8 << 20);
	return 0;
}

static int stop(void **state)
{
	arena_free(*state);
	return 0;
}

struct options {
	const char *data, *form;
	int64_t port, cache, wait;
	double share;
	bool quiet;
};
static const struct config_option table[] = {
	{ "data", "J_DATA", CONFIG_TEXT, offsetof(struct options, data), "/var", 1, 20, NULL, "folder" },
	{ "form", NULL, CONFIG_WORD, offsetof(struct options, form), "logfmt", 0, 0, "logfmt|json", "log lines" },
	{ "port", "J_PORT", CONFIG_INT, offsetof(struct options, port), "8080", 0, 65535, NULL, "port" },
	{ "cache", NULL, CONFIG_SIZE, offsetof(struct options, cache), "8M", 1024, 1 << 30, NULL, "cache" },
	{ "wait", NULL, CONFIG_SPAN, offsetof(struct options, wait), "5s", 0, DAY, NULL, "pause" },
	{ "share", NULL, CONFIG_REAL, offsetof(struct options, share), "0.5", 0, 1, NULL, "share" },
	{ "quiet", "J_QUIET", CONFIG_FLAG, offsetof(struct options, quiet), "false", 0, 0, NULL, "less" },
};

/* Words separated by spaces, as in a shell without quotes. */
static enum rc parse(struct arena *a, const char *line, const char *env, struct options *o, char error[256])
{
	char *argv[20] = { arena_z(a, STR("jiuan")) }, *environment[] = { arena_z(a, str_of(env)), NULL };
	struct str rest = str_of(line), word;
	int argc = 1;
	while (line[0] && str_cut(&rest, ' ', &word))
		argv[argc++] = arena_z(a, word);
	const char *words[1];
	struct config_input in = { .argc = argc, .argv = argv, .env = environment, .rest = words, .rest_max = 1 };
	struct config_error err;
	memset(o, 0, sizeof *o);
	enum rc rc = config_read(table, COUNT(table), &in, o, &err);
	memcpy(error, err.text, 256);
	return rc;
}

static void test_config_good(void **state)
{
	struct options o;
	char e[256];
	assert_int_equal(parse(*state, "", "", &o, e), RC_OK);
	assert_string_equal(o.data, "/var");
	assert_int_equal(o.cache, 8 << 20);
	assert_int_equal(o.wait, 5 * SECOND);
	assert_int_equal(parse(*state, "serve --port=0 --cache 64K --wait 250ms --quiet --form json --data /x",
			       "J_PORT=7", &o, e),
			 RC_OK);
	assert_int_equal(o.port, 0);
	assert_int_equal(o.cache, 65536);
	assert_int_equal(o.wait, 250 * MILLI);
	assert_true(o.quiet);
	assert_string_equal(o.form, "json");
	assert_int_equal(parse(*state, "--quiet=false --share 1", "J_PORT=7", &o, e), RC_OK);
	assert_int_equal(o.port, 7);
	assert_false(o.quiet);
	struct buf b = buf_new(*state, 4096);
	config_help(table, COUNT(table), &b);
	assert_non_null(strstr(b.p, "--cache <bytes, as 64K, 8M>"));
	assert_non_null(strstr(b.p, "[8080] (0 to 65535) ($J_PORT)"));
}

static void test_config_bad(void **state)
{
	static const char *const bad[][3] = {
		{ "--prot 1", "", "--prot" },
		{ "--port", "", "--port needs a value" },
		{ "--port x", "", "--port: 'x'" },
		{ "--port 65536", "", "out of range" },
		{ "--port -1", "", "out of range" },
		{ "--port 1 --port 2", "", "given twice" },
		{ "--cache 8X", "", "--cache" },
		{ "--cache 1", "", "out of range" },
		{ "--wait 5", "", "--wait" },
		{ "--wait 2d", "", "out of range" },
		{ "--wait 9999999999999999d", "", "--wait" },
		{ "--form xml", "", "logfmt|json" },
		{ "--quiet=maybe", "", "--quiet" },
		{ "--share nan", "", "--share" },
		{ "--share 1.1", "", "out of range" },
		{ "a b", "", "unexpected 'b'" },
		{ "-p 1", "", "-p" },
		{ "", "J_PORT=1e3", "J_PORT" },
		{ "--data=", "", "out of range" },
		{ "--=x", "", "unknown" },
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct options o;
		char e[256];
		if (parse(*state, bad[i][0], bad[i][1], &o, e) != RC_INVALID || !strstr(e, bad[i][2]))
			fail_msg("'%s' gave '%s'", bad[i][0], e);
	}
}

static struct str logged(struct arena *a, enum log_form form, struct str text)
{
	int fd[2];
	int64_t now = 1773277661123456;
	static char out[8192];
	assert_int_equal(pipe(fd), 0);
	struct log *l = log_new(fd[1], form, LEVEL_INFO, clock_fixed(&now));
	log_plain(l, LEVEL_DEBUG, "m", "hidden");
	LOG(l, LEVEL_WARN, "http", "odd", LOG_INT("n", -5), LOG_TEXT("text", text), LOG_PERSONAL("name", text));
	ssize_t n = read(fd[0], out, sizeof out);
	assert_true(n > 0);
	assert_int_equal(log_lost(l), 0);
	log_free(l);
	log_plain(NULL, LEVEL_ERROR, "m", "nothing");
	close(fd[0]);
	close(fd[1]);
	return arena_dup(a, (struct str){ out, (size_t)n });
}

static void test_log(void **state)
{
	struct arena *a = *state;
	static const char *const nasty[] = {
		"a\nb",      "a\r\nlevel=error", "\x1b[31m", "\"quoted\" \\", "\xff\xfe",    "\xe2\x80\xae", "\xc2\x85",
		"tab\there", "\xe6\x9c\x88",     "",         "a=b",           "\xed\xa0\x80"
	};
	assert_string_equal(logged(a, LOG_LOGFMT, STR("plain-1")).p,
			    "2026-03-12T01:07:41.123456Z warn http.odd n=-5 text=plain-1 name=[personal]\n");
	for (size_t i = 0; i < COUNT(nasty); i++) {
		struct str line = logged(a, LOG_LOGFMT, str_of(nasty[i]));
		assert_ptr_equal(memchr(line.p, '\n', line.n), line.p + line.n - 1);
		assert_true(str_utf8(line));
		assert_null(strstr(line.p, "\xe2\x80\xae"));
		struct json *j;
		struct json_error e;
		line = logged(a, LOG_JSON, str_of(nasty[i]));
		assert_ptr_equal(memchr(line.p, '\n', line.n), line.p + line.n - 1);
		line.n--;
		assert_int_equal(json_parse(a, line, 0, &j, &e), RC_OK);
		assert_true(str_is(json_get_text(j, "name"), "[personal]"));
		if (str_utf8(str_of(nasty[i])))
			assert_true(str_is(json_get_text(j, "text"), nasty[i]));
	}
	char *big = arena_alloc(a, 100000);
	memset(big, 'x', 99999);
	struct str line = logged(a, LOG_JSON, str_of(big));
	assert_true(line.n < LOG_LINE);
}

static void test_files(void **state)
{
	struct arena *a = *state;
	char dir[] = "/tmp/jiuan-file-XXXXXX";
	struct str got;
	assert_non_null(mkdtemp(dir));
	const char *sub = arena_fmt(a, "%s/a/b", dir).p, *path = arena_fmt(a, "%s/a/b/file", dir).p;
	assert_int_equal(file_read(a, path, 100, &got), RC_MISSING);
	assert_int_equal(file_write(path, STR("x"), 0600), RC_MISSING);
	assert_int_equal(file_mkdir(sub, 0700), RC_OK);
	assert_int_equal(file_mkdir(sub, 0700), RC_OK);
	assert_true(file_is_folder(sub));
	assert_int_equal(file_write(path, STR("first"), 0600), RC_OK);
	assert_int_equal(file_create(path, STR("second"), 0600), RC_CONFLICT);
	assert_int_equal(file_read(a, path, 5, &got), RC_OK);
	assert_true(str_is(got, "first"));
	assert_int_equal(file_read(a, path, 4, &got), RC_LIMIT);
	assert_int_equal(file_write(path, STR(""), 0640), RC_OK);
	assert_int_equal(file_read(a, path, 4, &got), RC_OK);
	assert_int_equal(got.n, 0);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(file_read(a, sub, 100, &got), RC_INVALID);
	assert_int_equal(file_read(a, "/proc/self/status", 100000, &got), RC_OK);
	assert_true(got.n > 100);
	assert_int_equal(file_mkdir(arena_fmt(a, "%s/under", path).p, 0700), RC_CONFLICT);
	struct file_entry *list;
	size_t n;
	assert_int_equal(file_write(arena_fmt(a, "%s/a/c", dir).p, STR("123"), 0600), RC_OK);
	assert_int_equal(file_list(a, arena_fmt(a, "%s/a", dir).p, 10, &list, &n), RC_OK);
	assert_int_equal(n, 2);
	assert_true(list[0].is_folder && str_is(list[0].name, "b"));
	assert_true(!list[1].is_folder && list[1].bytes == 3);
	assert_int_equal(file_list(a, arena_fmt(a, "%s/a", dir).p, 1, &list, &n), RC_LIMIT);
	int64_t room = 0;
	assert_int_equal(file_free_bytes(dir, &room), RC_OK);
	assert_true(room > 0);
	struct file_lock *one, *two;
	const char *lock = arena_fmt(a, "%s/lock", dir).p;
	assert_int_equal(file_lock_open(lock, &one), RC_OK);
	assert_int_equal(file_lock_open(lock, &two), RC_CONFLICT);
	file_lock_close(one);
	assert_int_equal(file_lock_open(lock, &two), RC_OK);
	file_lock_close(two);
	assert_int_equal(file_remove(path), RC_OK);
	assert_int_equal(file_remove(path), RC_OK);
	assert_int_equal(file_remove(lock), RC_OK);
	assert_int_equal(file_remove(arena_fmt(a, "%s/a/c", dir).p), RC_OK);
	rmdir(sub);
	rmdir(arena_fmt(a, "%s/a", dir).p);
	assert_int_equal(rmdir(dir), 0);
}

struct pass {
	struct queue *q;
	_Atomic long sum;
};

static void *pop_all(void *arg)
{
	struct pass *p = arg;
	for (void *item; (item = queue_pop(p->q, -1)) != NULL;)
		atomic_fetch_add(&p->sum, (long)(intptr_t)item);
	return NULL;
}

static void *push_many(void *arg)
{
	struct pass *p = arg;
	for (intptr_t i = 1; i <= 5000; i++)
		if (queue_push_wait(p->q, (void *)i, -1) != RC_OK)
			abort();
	return NULL;
}

static void test_queue(void **state)
{
	(void)state;
	struct queue *q = queue_new(2);
	void *items[4];
	int a, b, c;
	assert_null(queue_pop(q, 0));
	assert_null(queue_pop(q, 10 * MILLI));
	assert_int_equal(queue_push(q, &a), RC_OK);
	assert_int_equal(queue_push(q, &b), RC_OK);
	assert_int_equal(queue_push(q, &c), RC_BUSY);
	assert_int_equal(queue_push_wait(q, &c, 10 * MILLI), RC_BUSY);
	assert_int_equal(queue_length(q), 2);
	assert_int_equal(queue_pop_many(q, items, 4, 0), 2);
	assert_ptr_equal(items[0], &a);
	assert_int_equal(queue_push(q, &c), RC_OK);
	queue_close(q);
	assert_int_equal(queue_push(q, &a), RC_MISSING);
	assert_ptr_equal(queue_pop(q, -1), &c);
	assert_null(queue_pop(q, -1));
	assert_true(queue_is_closed(q));
	queue_free(q);
	struct pass p = { .q = queue_new(16) };
	pthread_t t[6];
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(thread_start(&t[i], "a name longer than fits", i < 3 ? push_many : pop_all, &p),
				 RC_OK);
	for (size_t i = 0; i < 3; i++)
		thread_join(t[i]);
	queue_close(p.q);
	for (size_t i = 3; i < 6; i++)
		thread_join(t[i]);
	assert_int_equal(atomic_load(&p.sum), 3L * 5000 * 5001 / 2);
	queue_free(p.q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config_good, start, stop),
		cmocka_unit_test_setup_teardown(test_config_bad, start, stop),
		cmocka_unit_test_setup_teardown(test_log, start, stop),
		cmocka_unit_test_setup_teardown(test_files, start, stop),
		cmocka_unit_test(test_queue),
	};
	return cmocka_run_group_tests_name("machine", tests, NULL, NULL);
}
