/* The running server over real sockets: requests, group commit, health and
 * metrics, the pages' files, live streams, stopping while busy. */
#include "server/server.h"
#include "core/inner.h"
#include "harness.h"
#include "thing.h"
#include "wire.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

static const struct module *const modules[] = { &thing_module, NULL };
static const char item[] = "/api/thing/item";
static const char body_ok[] = "{\"place_path\":\"36.01.\",\"title\":\"abc\"}";

enum { CAP = 1 << 16, WRITERS = 32, EACH = 12 };

struct box {
	struct rig r;
	struct server *s;
	uint16_t port;
	char out[CAP];
};

static bool box_open(struct box *b, enum testdb_kind k, const char *web)
{
	struct server_options o = { .bind = "127.0.0.1", .workers = 4, .web_root = web };

	thing_fails = 0;
	if (!rig_open(&b->r, k, modules, thing_roles))
		return false;
	assert_int_equal(server_start(b->r.app, &o, &b->s), RC_OK);
	b->port = (uint16_t)server_port(b->s);
	return true;
}

static void box_close(struct box *b)
{
	server_stop(b->s);
	rig_close(&b->r);
}

/* 'more': header lines, each ended by CRLF; 'who' NULL: nobody. */
static int make_request(char *out, size_t cap, const char *method, const char *path, const char *who, const char *more,
			const char *body)
{
	return snprintf(out, cap, "%s %s HTTP/1.1\r\nHost: t\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s", method, path,
			who ? "Who: " : "", who ? who : "", who ? "\r\n" : "", more ? more : "",
			body ? strlen(body) : 0, body ? body : "");
}

static int http(struct box *b, const char *method, const char *path, const char *who, const char *more,
		const char *body)
{
	static char rq[2 * CAP];

	make_request(rq, sizeof(rq), method, path, who, more, body);
	return wire_call(b->port, rq, b->out, sizeof(b->out));
}

static void has(struct box *b, const char *text)
{
	if (!strstr(b->out, text))
		fail_msg("no \"%s\" in: %s", text, b->out);
}

static void has_not(struct box *b, const char *text)
{
	if (strcasestr(b->out, text))
		fail_msg("\"%s\" in: %s", text, b->out);
}

static int64_t metric_of(struct box *b, const char *name)
{
	char line[100];

	assert_int_equal(http(b, "GET", "/metrics", NULL, NULL, NULL), 200);
	snprintf(line, sizeof(line), "\n%s ", name);
	const char *at_line = strstr(b->out, line);

	if (at_line == NULL)
		fail_msg("no metric %s in %s", name, b->out);
	return strtoll(at_line + strlen(line), NULL, 10);
}

/* ---- requests --------------------------------------------------------------------- */

static void requests_on(enum testdb_kind k)
{
	static struct box b;
	char path[200], id[27] = "";

	if (!box_open(&b, k, NULL))
		return;
	assert_int_equal(http(&b, "GET", item, NULL, NULL, NULL), 401);
	has(&b, "Content-Type: application/problem+json");
	has(&b, "\"code\":\"sign_in\"");
	assert_int_equal(http(&b, "GET", item, "nobody@36.", NULL, NULL), 401);
	assert_int_equal(http(&b, "POST", item, "boss@36.", "Idempotency-Key: one-of-many\r\n", body_ok), 201);
	has(&b, "Content-Type: application/json");
	has(&b, "ETag: \"1\"");
	has(&b, "Server-Time: 2026-03-12T01:07:41Z");
	has(&b, "Cache-Control: no-store");
	has(&b, "Content-Security-Policy: default-src 'none'");
	has(&b, "X-Content-Type-Options: nosniff");
	memcpy(id, strstr(b.out, "\"id\":\"") + 6, 26);
	snprintf(path, sizeof(path), "Location: %s/%s", item, id);
	has(&b, path);
	assert_int_equal(http(&b, "POST", item, "boss@36.", "Idempotency-Key: one-of-many\r\n", body_ok), 201);
	has(&b, "Idempotency-Replayed: true");
	has(&b, id);
	snprintf(path, sizeof(path), "%s/%s", item, id);
	assert_int_equal(http(&b, "GET", path, "viewer@36.01.", NULL, NULL), 200);
	assert_int_equal(http(&b, "GET", path, "viewer@36.02.", NULL, NULL), 404);
	assert_int_equal(http(&b, "PATCH", path, "boss@36.", "If-Match: \"7\"\r\n", "{\"size\":7}"), 412);
	has(&b, "\"current\":{");
	assert_int_equal(http(&b, "PATCH", path, "boss@36.", "If-Match: \"1\"\r\n", "{\"size\":7}"), 200);
	assert_int_equal(http(&b, "GET", "/api/thing/item?size=7&limit=1", "boss@36.", NULL, NULL), 200);
	has(&b, "\"next\":null");
	assert_int_equal(http(&b, "POST", item, "viewer@36.", NULL, body_ok), 403);
	assert_int_equal(http(&b, "POST", item, "boss@36.", NULL, "{"), 400);
	assert_int_equal(http(&b, "GET", "/api/nothing", "boss@36.", NULL, NULL), 404);
	assert_int_equal(http(&b, "HEAD", path, "boss@36.", NULL, NULL), 200);
	assert_int_equal(http(&b, "GET", "/healthz", NULL, NULL, NULL), 200);
	assert_int_equal(http(&b, "GET", "/readyz", NULL, NULL, NULL), 200);
	has_not(&b, "secret-canary");
	box_close(&b);
}

static void test_requests(void **state)
{
	(void)state;
	requests_on(TESTDB_FILE);
	requests_on(TESTDB_PG);
}

/* Every line of the answer is one that OpenMetrics 1.0 knows, samples follow
 * their TYPE, counters end in _total, and the end is marked. */
static void test_metrics(void **state)
{
	static struct box b;
	char type[100] = "", kind[20] = "", name[100];

	(void)state;
	assert_true(box_open(&b, TESTDB_FILE, NULL));
	assert_int_equal(http(&b, "GET", "/metrics", NULL, NULL, NULL), 200);
	has(&b, "application/openmetrics-text; version=1.0.0");
	char *text = strstr(b.out, "\r\n\r\n") + 4, *save = NULL;

	assert_true(strcmp(text + strlen(text) - 6, "# EOF\n") == 0);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		double v;

		if (strcmp(line, "# EOF") == 0) {
			assert_null(strtok_r(NULL, "\n", &save));
			break;
		}
		if (sscanf(line, "# TYPE %99s %19s", type, kind) == 2) {
			assert_true(strcmp(kind, "gauge") == 0 || strcmp(kind, "counter") == 0);
			continue;
		}
		if (strncmp(line, "# HELP ", 7) == 0) {
			assert_int_equal(strncmp(line + 7, type, strlen(type)), 0);
			continue;
		}
		if (sscanf(line, "%99[^ {]%*[^ ] %lf", name, &v) < 1 && sscanf(line, "%99s %lf", name, &v) != 2)
			fail_msg("not a sample: %s", line);
		if (strncmp(name, type, strlen(type)) != 0 ||
		    strcmp(name + strlen(type), strcmp(kind, "counter") == 0 ? "_total" : "") != 0)
			fail_msg("%s is no sample of %s %s", name, kind, type);
	}
	box_close(&b);
}

/* ---- many at once --------------------------------------------------------------------- */

struct writer_task {
	uint16_t port;
	int n;              /* this thread's number */
	int acked, refused; /* 201 and else */
	char ids[EACH * 40][27];
	atomic_bool *stop; /* NULL: EACH requests */
};

static void *write_many(void *arg)
{
	struct writer_task *t = arg;
	char rq[2000], out[4000];
	int fd = wire_open(t->port);

	for (int i = 0; t->stop ? !*t->stop && i < EACH * 40 : i < EACH; i++) {
		make_request(rq, sizeof(rq), "POST", item, "boss@36.", NULL, body_ok);
		wire_send(fd, rq, strlen(rq));
		int status = wire_answer(fd, out, sizeof(out), false);
		const char *id = strstr(out, "\"id\":\"");

		if (status == 201 && id)
			memcpy(t->ids[t->acked++], id + 6, 26);
		else
			t->refused++;
		if (status == 0)
			break;
	}
	close(fd);
	return NULL;
}

static enum rc check_chain(struct ctx *c, void *arg)
{
	int64_t bad;

	return app_check_audit(c, arg, &bad);
}

/* Small bodies are prepared without a worker, unless the database is needed. */
static void quick_on(enum testdb_kind k)
{
	static struct box b;
	static char large[(64 << 10) + 2];

	if (!box_open(&b, k, NULL))
		return;
	memset(large, 'x', sizeof(large) - 1);
	const struct {
		const char *body, *way;
	} all[] = { { "x", "quick" }, { "", "quick" }, { "ask", "slow" }, { large + 1, "quick" }, { large, "slow" } };

	for (size_t i = 0; i < COUNT(all); i++) {
		assert_int_equal(http(&b, "POST", "/api/thing/tally", "boss", NULL, all[i].body), 200);
		if (strstr(b.out, all[i].way) == NULL)
			fail_msg("%zu: not %s: %s", i, all[i].way, b.out);
	}
	assert_int_equal(http(&b, "POST", "/api/thing/tally", NULL, NULL, "x"), 401);
	assert_int_equal(http(&b, "POST", "/api/thing/tally", NULL, NULL, "ask"), 401);
	assert_int_equal(count(&b.r, "SELECT n FROM thing_count WHERE name = 'quick'"), 3);
	assert_int_equal(count(&b.r, "SELECT n FROM thing_count WHERE name = 'slow'"), 2);
	box_close(&b);
}

static void test_quick(void **state)
{
	(void)state;
	quick_on(TESTDB_FILE);
	quick_on(TESTDB_PG);
}

static void group_commit_on(enum testdb_kind k)
{
	static struct box b;
	static struct writer_task t[WRITERS];
	pthread_t thread[WRITERS];
	int64_t rows = 0;

	if (!box_open(&b, k, NULL))
		return;
	for (int i = 0; i < WRITERS; i++) {
		t[i] = (struct writer_task){ .port = b.port, .n = i };
		assert_int_equal(pthread_create(&thread[i], NULL, write_many, &t[i]), 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(t[i].acked, EACH);
	}
	assert_int_equal(count(&b.r, "SELECT count(*) FROM thing_item"), WRITERS * EACH);
	assert_int_equal(app_unit(b.r.app, check_chain, &rows), RC_OK);
	assert_int_equal(rows, WRITERS * EACH);
	int64_t units = metric_of(&b, "jiuan_units_total"), commits = metric_of(&b, "jiuan_commits_total");

	if (units <= commits)
		fail_msg("%lld units in %lld commits", (long long)units, (long long)commits);
	for (int i = 0; i < 200 && count(&b.r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL") > 0; i++)
		wire_sleep_ms(50);
	assert_int_equal(count(&b.r, "SELECT n FROM thing_count WHERE name = 'heard'"), WRITERS * EACH);
	box_close(&b);
}

static void test_group_commit(void **state)
{
	(void)state;
	group_commit_on(TESTDB_FILE);
	group_commit_on(TESTDB_PG);
}

/* Two processes on one PostgreSQL: nobody is told that "such a record already
 * exists", the numbers have no gap, the chain holds. */
static void test_two_servers(void **state)
{
	static struct box b;
	static struct writer_task t[8];
	struct app_options o = { .modules = modules, .roles = thing_roles };
	struct server_options so = { .bind = "127.0.0.1", .workers = 4 };
	struct server *second;
	struct app *a;
	pthread_t thread[8];
	int64_t rows = 0;

	(void)state;
	if (!box_open(&b, TESTDB_PG, NULL))
		return;
	o.url = b.r.url;
	o.clock = clock_fixed(&b.r.now);
	assert_int_equal(app_open(&o, &a), RC_OK);
	assert_int_equal(server_start(a, &so, &second), RC_OK);
	for (int i = 0; i < 8; i++) {
		t[i] = (struct writer_task){ .port = i % 2 ? b.port : (uint16_t)server_port(second), .n = i };
		assert_int_equal(pthread_create(&thread[i], NULL, write_many, &t[i]), 0);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(thread[i], NULL);
		assert_int_equal(t[i].acked, EACH);
	}
	assert_int_equal(app_unit(a, check_chain, &rows), RC_OK);
	assert_int_equal(rows, 8 * EACH);
	assert_int_equal(count(&b.r, "SELECT max(seq) FROM core_outbox"), 8 * EACH);
	for (int i = 0; i < 200 && count(&b.r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL") > 0; i++)
		wire_sleep_ms(50);
	/* Both deliver, each event has its effect once. */
	assert_int_equal(count(&b.r, "SELECT n FROM thing_count WHERE name = 'heard'"), 8 * EACH);
	server_stop(second);
	app_close(a);
	box_close(&b);
}

/* What was acknowledged before the end is there after it. */
static void test_stop_while_busy(void **state)
{
	static struct box b;
	static struct writer_task t[8];
	pthread_t thread[8];
	atomic_bool stop = false;
	int64_t acked = 0;

	(void)state;
	assert_true(box_open(&b, TESTDB_FILE, NULL));
	for (int i = 0; i < 8; i++) {
		t[i] = (struct writer_task){ .port = b.port, .n = i, .stop = &stop };
		assert_int_equal(pthread_create(&thread[i], NULL, write_many, &t[i]), 0);
	}
	wire_sleep_ms(100);
	int64_t began = clock_monotonic();

	server_stop(b.s);
	assert_true(clock_monotonic() - began < 10 * SECOND);
	stop = true;
	for (int i = 0; i < 8; i++)
		pthread_join(thread[i], NULL);
	rig_restart(&b.r);
	for (int i = 0; i < 8; i++) {
		acked += t[i].acked;
		for (int n = 0; n < t[i].acked; n++)
			if (count(&b.r, fmt(&b.r, "SELECT count(*) FROM thing_item WHERE id = '%s'", t[i].ids[n])) != 1)
				fail_msg("%s was acknowledged and is lost", t[i].ids[n]);
	}
	assert_true(acked > 0);
	assert_int_equal(count(&b.r, "SELECT count(*) FROM core_lease WHERE until_at > 0"), 0);
	rig_close(&b.r);
}

/* ---- the pages' files ----------------------------------------------------------------------- */

static void put_file(const char *folder, const char *name, const char *text)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(file_write(path, str_of(text), 0644), RC_OK);
}

static void test_files(void **state)
{
	static struct box b;
	char web[] = "/tmp/jiuan-web-XXXXXX", assets[100], etag[100], more[200];

	(void)state;
	assert_non_null(mkdtemp(web));
	snprintf(assets, sizeof(assets), "%s/assets", web);
	assert_int_equal(mkdir(assets, 0755), 0);
	put_file(web, "index.html", "<!doctype html>front");
	put_file(web, "secret.key", "not for the web");
	put_file(assets, "app-1a2b.js", "console.log(1)");
	put_file(assets, "app-1a2b.js.gz", "packed");
	assert_true(box_open(&b, TESTDB_FILE, web));
	static const char *const front[] = { "/", "/index.html", "/desk/alerts/01ARZ", "/login?next=/desk" };

	for (size_t i = 0; i < COUNT(front); i++) {
		assert_int_equal(http(&b, "GET", front[i], NULL, NULL, NULL), 200);
		has(&b, "<!doctype html>front");
		has(&b, "Content-Type: text/html; charset=utf-8");
		has(&b, "Content-Security-Policy: default-src 'none'");
		has(&b, "Cache-Control: no-cache");
	}
	const char *tag = strstr(b.out, "ETag: ");

	assert_non_null(tag);
	snprintf(etag, sizeof(etag), "%.34s", tag + 6);
	snprintf(more, sizeof(more), "If-None-Match: %s\r\n", etag);
	assert_int_equal(http(&b, "GET", "/", NULL, more, NULL), 304);
	has_not(&b, "doctype");
	assert_int_equal(http(&b, "GET", "/", NULL, "If-None-Match: \"other\"\r\n", NULL), 200);
	assert_int_equal(http(&b, "GET", "/assets/app-1a2b.js", NULL, NULL, NULL), 200);
	has(&b, "console.log(1)");
	has(&b, "max-age=31536000, immutable");
	has_not(&b, "Content-Encoding");
	assert_int_equal(http(&b, "GET", "/assets/app-1a2b.js", NULL, "Accept-Encoding: br, gzip\r\n", NULL), 200);
	has(&b, "packed");
	has(&b, "Content-Encoding: gzip");
	has(&b, "Vary: Accept-Encoding");
	static const char *const missing[] = {
		"/assets/app-0000.js", "/assets/nothing",       "/favicon.ico", "/secret.key", "/assets/app-1a2b.js.gz",
		"/../etc/passwd",      "/assets/../secret.key", "/api",         "/api/"
	};

	for (size_t i = 0; i < COUNT(missing) - 2; i++) {
		int status = http(&b, "GET", missing[i], NULL, NULL, NULL);

		if (status != 404 && status != 400)
			fail_msg("%s: %d", missing[i], status);
		has_not(&b, "not for the web");
	}
	assert_int_equal(http(&b, "POST", "/index.html", NULL, NULL, "{}"), 405);
	assert_int_equal(http(&b, "GET", "/api/", NULL, NULL, NULL), 404);
	box_close(&b);
	static const char *const names[] = { "assets/app-1a2b.js.gz", "assets/app-1a2b.js", "index.html",
					     "secret.key" };

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(more, sizeof(more), "%s/%s", web, names[i]);
		unlink(more);
	}
	rmdir(assets);
	rmdir(web);
}

/* ---- live ---------------------------------------------------------------------------------------- */

/* An open stream, its hello read; 'more' as for requests. */
static int stream_open(struct box *b, const char *who, const char *more)
{
	char rq[500];
	int fd = wire_open(b->port);

	/* HTTP/1.0: the stream comes as it is, without chunks in between. */
	snprintf(rq, sizeof(rq), "GET /api/live HTTP/1.0\r\nHost: t\r\nWho: %s\r\n%s\r\n", who, more ? more : "");
	wire_send(fd, rq, strlen(rq));
	if (!wire_until(fd, "Z\"}\n\n", b->out, sizeof(b->out)))
		fail_msg("%s hears no hello: %s", who, b->out);
	return fd;
}

static char *post(struct box *b, const char *path, const char *title)
{
	static char id[27];
	char text[200];

	snprintf(text, sizeof(text), "{\"place_path\":\"%s\",\"title\":\"%s\"}", path, title);
	assert_int_equal(http(b, "POST", item, "boss@", NULL, text), 201);
	memcpy(id, strstr(b->out, "\"id\":\"") + 6, 26);
	return id;
}

/* Nothing but comments within a moment. */
static bool silent(int fd)
{
	struct timeval wait = { .tv_usec = 300000 };
	char c[2000];

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return recv(fd, c, sizeof(c), 0) < 0 && errno == EAGAIN;
}

static void scope_on(enum testdb_kind k)
{
	static struct box b;
	static char heard[CAP];

	if (!box_open(&b, k, NULL))
		return;
	assert_int_equal(http(&b, "GET", "/api/live", NULL, NULL, NULL), 401);
	int in = stream_open(&b, "viewer@36.01.", NULL);

	has(&b, "Content-Type: text/event-stream");
	has(&b, "event: hello");
	has(&b, "2026-03-12T01:07:41Z");
	int beside = stream_open(&b, "viewer@36.02.", NULL), like = stream_open(&b, "viewer@36.011.", NULL);
	int stranger = stream_open(&b, "owner@36.", NULL), everywhere = stream_open(&b, "viewer@", NULL);
	char *id = post(&b, "36.01.07.", "abc");

	assert_true(wire_until(in, "\n\n", heard, sizeof(heard)));
	assert_non_null(strstr(heard, id));
	assert_non_null(strstr(heard, "event: thing.item\n"));
	assert_non_null(strstr(heard, "\"verb\":\"create\""));
	assert_non_null(strstr(heard, "\"version\":1"));
	assert_non_null(strstr(heard, "\"place_path\":\"36.01.07.\""));
	assert_null(strstr(heard, "abc")); /* what changed, not what it says */
	assert_true(wire_until(everywhere, id, heard, sizeof(heard)));
	assert_true(silent(beside) && silent(like) && silent(stranger));
	int all[] = { in, beside, like, stranger, everywhere };

	assert_int_equal(metric_of(&b, "jiuan_live_listeners"), 5);
	for (size_t i = 0; i < COUNT(all); i++)
		close(all[i]);
	box_close(&b);
}

static void test_live_scope(void **state)
{
	(void)state;
	scope_on(TESTDB_FILE);
	scope_on(TESTDB_PG);
}

/* The numbers heard, in order, until 'last'; fails on a gap or a repetition. */
static void hear_up_to(struct box *b, int fd, int64_t first, int64_t last)
{
	static char heard[CAP];
	const char *with_hello = strstr(b->out, "Z\"}\n\n"); /* read together with it */
	char end[60];
	size_t n = (size_t)snprintf(heard, sizeof(heard), "%s", with_hello ? with_hello + 5 : "");

	b->out[0] = '\0';
	snprintf(end, sizeof(end), "id: %lld\nevent: thing.item", (long long)last);
	while (!strstr(heard, end)) {
		ssize_t got = recv(fd, heard + n, sizeof(heard) - n - 1, 0);

		if (got <= 0)
			fail_msg("the stream ends before %lld: %s", (long long)last, heard);
		n += (size_t)got;
		heard[n] = '\0';
	}
	for (const char *p = strstr(heard, "id: "); p; p = strstr(p + 1, "\nid: ")) {
		int64_t seq = strtoll(strchr(p, ':') + 1, NULL, 10);

		if (seq != first)
			fail_msg("%lld instead of %lld", (long long)seq, (long long)first);
		first++;
	}
	assert_int_equal(first, last + 1);
}

enum { PADDING = 2000, BATCH = 50, BATCHES = 400 };
struct batch {
	int n;
	char path[PADDING + 8];
};

static enum rc emit_batch(struct ctx *c, void *arg)
{
	struct batch *b = arg;
	struct about about = { .entity = "thing.item", .id = STR("x"), .version = 1, .place_path = str_of(b->path) };

	for (int i = 0; i < b->n; i++)
		TRY(emit(c, STR("thing.item.pad"), &about, STR("{}")));
	return RC_OK;
}

static void resume_on(enum testdb_kind k)
{
	static struct box b;
	static const char *const odd[] = { "99999", "-1", "x", "1" };

	if (!box_open(&b, k, NULL))
		return;
	int fd = stream_open(&b, "viewer@36.", NULL);

	for (int i = 0; i < 10; i++)
		(void)post(&b, "36.01.", "abc");
	hear_up_to(&b, fd, 1, 10);
	close(fd);
	for (int i = 0; i < 10; i++)
		(void)post(&b, "36.01.", "abc");
	fd = stream_open(&b, "viewer@36.", "Last-Event-ID: 4\r\n");
	assert_null(strstr(b.out, "event: reset"));
	hear_up_to(&b, fd, 5, 20);
	for (int i = 0; i < 10; i++)
		(void)post(&b, "36.01.", "abc");
	hear_up_to(&b, fd, 21, 30);
	close(fd);
	fd = stream_open(&b, "viewer@36.", "Last-Event-ID: 30\r\n");
	assert_null(strstr(b.out, "event: reset"));
	assert_true(silent(fd));
	close(fd);
	/* Older than what is kept, never given out, or no number: load anew. */
	for (int i = 0; i < 100 && count(&b.r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL") > 0; i++)
		wire_sleep_ms(20);
	run_sql(&b.r, "DELETE FROM core_outbox WHERE seq < 10");
	for (size_t i = 0; i < COUNT(odd); i++) {
		char more[60], rest[2000];

		snprintf(more, sizeof(more), "Last-Event-ID: %s\r\n", odd[i]);
		fd = stream_open(&b, "viewer@36.", more);
		if (!strstr(b.out, "event: reset") && !wire_until(fd, "event: reset", rest, sizeof(rest)))
			fail_msg("no reset after %s", odd[i]);
		assert_true(silent(fd));
		close(fd);
	}
	fd = stream_open(&b, "viewer@36.", "Last-Event-ID: 9\r\n"); /* the next is still there */
	hear_up_to(&b, fd, 10, 30);
	close(fd);
	/* Too far behind: a page is loaded faster than a thousand changes are told. */
	static struct batch much = { .n = 1001, .path = "36." };
	char rest[2000];

	assert_int_equal(app_unit(b.r.app, emit_batch, &much), RC_OK);
	fd = stream_open(&b, "viewer@36.", "Last-Event-ID: 30\r\n");
	assert_true(strstr(b.out, "event: reset") || wire_until(fd, "event: reset", rest, sizeof(rest)));
	close(fd);
	box_close(&b);
}

static void test_live_resume(void **state)
{
	(void)state;
	resume_on(TESTDB_FILE);
	resume_on(TESTDB_PG);
}

static void test_live_many(void **state)
{
	enum { LISTENERS = 200 };
	static struct box b;
	static int fd[LISTENERS];
	static char heard[CAP];

	(void)state;
	assert_true(box_open(&b, TESTDB_FILE, NULL));
	for (int i = 0; i < LISTENERS; i++)
		fd[i] = stream_open(&b, i % 2 ? "viewer@36." : "viewer@37.", NULL);
	assert_int_equal(metric_of(&b, "jiuan_live_listeners"), LISTENERS);
	char *id = post(&b, "36.01.", "abc");

	for (int i = 1; i < LISTENERS; i += 2)
		assert_true(wire_until(fd[i], id, heard, sizeof(heard)));
	id = post(&b, "37.01.", "abc");
	for (int i = 0; i < LISTENERS; i += 2) {
		assert_true(wire_until(fd[i], id, heard, sizeof(heard)));
		assert_null(strstr(heard, "36.01."));
	}
	server_stop(b.s); /* with all of them open */
	for (int i = 0; i < LISTENERS; i++)
		close(fd[i]);
	rig_close(&b.r);
}

/* ---- who does not read ----------------------------------------------------------------------- */

struct reader {
	int fd;
	atomic_llong heard; /* events */
	atomic_bool ended;
};

static void *read_on(void *arg)
{
	struct reader *r = arg;
	char text[8192];
	ssize_t n;

	while ((n = recv(r->fd, text, sizeof(text) - 1, 0)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			r->heard += text[i] == '#'; /* one in each path */
	}
	r->ended = true;
	return NULL;
}

static void test_live_slow(void **state)
{
	static struct box b;
	static struct batch batch = { .n = BATCH };
	struct reader good[2] = { 0 };
	pthread_t thread[2];
	int64_t sent = 0, left = 3;

	(void)state;
	memset(batch.path, '0', PADDING);
	memcpy(batch.path, "36.#", 4);
	batch.path[PADDING] = '.';
	assert_true(box_open(&b, TESTDB_FILE, NULL));
	int slow = stream_open(&b, "viewer@36.", NULL), tiny = 4096;

	setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny));
	for (int i = 0; i < 2; i++) {
		good[i].fd = stream_open(&b, "viewer@36.", NULL);
		assert_int_equal(pthread_create(&thread[i], NULL, read_on, &good[i]), 0);
	}
	for (int n = 0; n < BATCHES && left == 3; n++) {
		assert_int_equal(app_unit(b.r.app, emit_batch, &batch), RC_OK);
		sent += BATCH;
		for (int i = 0; i < 500 && (good[0].heard < sent || good[1].heard < sent); i++)
			wire_sleep_ms(10);
		assert_int_equal(good[0].heard, sent);
		assert_int_equal(good[1].heard, sent);
		left = n % 10 == 9 ? metric_of(&b, "jiuan_live_listeners") : left;
	}
	assert_int_equal(left, 2); /* the slow one was dropped, the others heard all */
	assert_false(good[0].ended || good[1].ended);
	server_stop(b.s);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		close(good[i].fd);
	}
	close(slow);
	rig_close(&b.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),    cmocka_unit_test(test_metrics),
		cmocka_unit_test(test_quick),       cmocka_unit_test(test_group_commit),
		cmocka_unit_test(test_two_servers), cmocka_unit_test(test_stop_while_busy),
		cmocka_unit_test(test_files),       cmocka_unit_test(test_live_scope),
		cmocka_unit_test(test_live_resume), cmocka_unit_test(test_live_many),
		cmocka_unit_test(test_live_slow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
