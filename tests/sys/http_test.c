/* HTTP server: limits at -1, 0, +1, broken encoding, answers from other
 * threads, many connections, stopping while requests run. */
#include "sys/http.h"
#include "sys/thread.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { BODY_LIMIT = 10000, SMALL_LIMIT = 100 };

struct rig {
	struct http_server *server;
	struct queue *queue;
	pthread_t worker;
	uint16_t port;
	_Atomic int slow_ms;
};

static size_t limit_of(void *arg, struct str method, struct str path)
{
	(void)arg, (void)method;
	return str_is(path, "/small") ? SMALL_LIMIT : SIZE_MAX;
}

static void handle(void *arg, struct http_exchange *x)
{
	struct rig *r = arg;
	if (str_is(http_path(x), "/now")) {
		http_reply_const(x, 200, NULL, 0, STR("now"));
		return;
	}
	if (queue_push(r->queue, x) != RC_OK)
		http_problem(x, 503, "busy", NULL);
}

/* Says what it saw. */
static void *work(void *arg)
{
	struct rig *r = arg;
	for (struct http_exchange *x; (x = queue_pop(r->queue, -1)) != NULL;) {
		struct arena *a = http_arena(x);
		struct str query = http_query(x), word = http_header(x, "x-word"), body = http_body(x);
		if (atomic_load(&r->slow_ms))
			wire_sleep_ms(atomic_load(&r->slow_ms));
		const struct http_header head[] = { { "Content-Type", "text/plain" }, { "X-Bad", "a\r\nInjected: 1" } };
		http_reply_const(x, 200, head, 2,
				 arena_fmt(a, "%.*s %.*s q=%.*s w=%.*s n=%zu from=%.*s", ARG_STR(http_method(x)),
					   ARG_STR(http_path(x)), ARG_STR(query), ARG_STR(word), body.n,
					   ARG_STR(http_peer(x))));
	}
	return NULL;
}

static int start(void **state)
{
	static const struct http_header always[] = { { "X-Content-Type-Options", "nosniff" } };
	struct rig *r = calloc(1, sizeof *r);
	char error[200];
	struct http_config c = { .body_limit = BODY_LIMIT,
				 .handler = handle,
				 .limit = limit_of,
				 .arg = r,
				 .always = always,
				 .always_n = 1,
				 .header_limit = 4000 };
	r->queue = queue_new(4096);
	if (http_server_start(&c, &r->server, error) != RC_OK || thread_start(&r->worker, "work", work, r) != RC_OK)
		return -1;
	r->port = http_server_port(r->server);
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct rig *r = *state;
	if (r->server)
		http_server_stop(r->server, SECOND);
	queue_close(r->queue);
	thread_join(r->worker);
	queue_free(r->queue);
	free(r);
	return 0;
}

static void test_request_parts(void **state)
{
	struct rig *r = *state;
	char out[4096];
	assert_int_equal(wire_call(r->port,
				   "POST /a%20b/%E4%B9%85?x=1&y=%32 HTTP/1.1\r\nHost: h\r\nX-Word: moon\r\n"
				   "Content-Length: 5\r\n\r\nhello",
				   out, sizeof out),
			 200);
	assert_non_null(strstr(out, "POST /a b/\xe4\xb9\x85 q=x=1&y=%32 w=moon n=5 from=127.0.0.1"));
	assert_non_null(strstr(out, "X-Content-Type-Options: nosniff"));
	assert_null(strstr(out, "Injected"));
	assert_int_equal(wire_call(r->port, "GET /now HTTP/1.1\r\nHost: h\r\n\r\n", out, sizeof out), 200);
	assert_int_equal(wire_call(r->port, "OPTIONS /o HTTP/1.1\r\nHost: h\r\n\r\n", out, sizeof out), 200);
	assert_non_null(strstr(out, "OPTIONS /o"));
	assert_int_equal(wire_call(r->port, "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\n", out, sizeof out), 200);
	assert_null(strstr(out, "GET /h"));
	assert_null(strstr(out, "Content-Length: 0"));
	struct arena *a = arena_new(4096);
	struct str v;
	assert_int_equal(http_query_get(a, STR("a=1&b%63=x+y%21&c"), "bc", &v), RC_OK);
	assert_true(str_is(v, "x y!"));
	assert_int_equal(http_query_get(a, STR("a=1&c"), "c", &v), RC_OK);
	assert_int_equal(v.n, 0);
	assert_int_equal(http_query_get(a, STR("a=1"), "d", &v), RC_MISSING);
	assert_int_equal(http_query_get(a, STR("a=%zz"), "a", &v), RC_INVALID);
	arena_free(a);
}

static void test_bad_paths(void **state)
{
	static const char *const bad[] = { "/%",     "/%2",    "/%zz", "/a%00b", "/%ff", "/%c0%80",   "/a%2Fb",
					   "/a%2fb", "/a%0Ab", "/%7f", "*",      "a",    "/%ed%a0%80" };
	struct rig *r = *state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char request[200], out[4096];
		snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", bad[i]);
		int status = wire_call(r->port, request, out, sizeof out);
		if (status != 400 || !strstr(out, "application/problem+json") || !strstr(out, "\"code\":\"bad_path\""))
			fail_msg("%s gave %s", bad[i], out);
	}
}

static void test_framing(void **state)
{
	static const char *const bad[] = {
		"Content-Length: 5\r\nContent-Length: 5\r\n",
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: +5\r\n",
		"Content-Length: 5, 5\r\n",
		"Host: other\r\n",
		"Transfer-Encoding: gzip\r\n",
		"Content-Length: 99999999999999999999999\r\n",
	};
	struct rig *r = *state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		char request[300], out[4096];
		snprintf(request, sizeof request, "POST /f HTTP/1.1\r\nHost: h\r\n%s\r\nhello", bad[i]);
		int status = wire_call(r->port, request, out, sizeof out);
		/* Closed without a word is a refusal, too: see test_unreadable. */
		if (status != 400 && status != 0)
			fail_msg("%s gave %d %s", bad[i], status, out);
	}
}

static int post(uint16_t port, const char *path, size_t n, bool chunked, char *out, size_t cap)
{
	char head[200], *body = calloc(1, n + 1);
	memset(body, 'x', n);
	int fd = wire_open(port);
	if (chunked)
		snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
			 path, n);
	else
		snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: %zu\r\n\r\n", path, n);
	wire_send(fd, head, strlen(head));
	wire_send(fd, body, n);
	if (chunked)
		wire_send(fd, "\r\n0\r\n\r\n", 7);
	int status = wire_answer(fd, out, cap, false);
	close(fd);
	free(body);
	return status;
}

static void test_body_limits(void **state)
{
	static const struct {
		const char *path;
		size_t n;
		int status;
	} cases[] = {
		{ "/big", BODY_LIMIT - 1, 200 },
		{ "/big", BODY_LIMIT, 200 },
		{ "/big", BODY_LIMIT + 1, 413 },
		{ "/small", SMALL_LIMIT - 1, 200 },
		{ "/small", SMALL_LIMIT, 200 },
		{ "/small", SMALL_LIMIT + 1, 413 },
		{ "/big", 3 * BODY_LIMIT, 413 },
		{ "/big", 0, 200 },
		{ "/big", 1, 200 },
	};
	struct rig *r = *state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int chunked = 0; chunked < 2; chunked++) {
			char out[4096], want[32];
			if (chunked && cases[i].n == 0)
				continue;
			int status = post(r->port, cases[i].path, cases[i].n, chunked, out, sizeof out);
			snprintf(want, sizeof want, "n=%zu ", cases[i].n);
			if (status != cases[i].status || (status == 200 && !strstr(out, want)) ||
			    (status == 413 && !strstr(out, "body_too_large")))
				fail_msg("%s %zu chunked %d gave %d %s", cases[i].path, cases[i].n, chunked, status,
					 out);
		}
	}
}

static void test_header_limits(void **state)
{
	struct rig *r = *state;
	for (int extra = -1; extra <= 1; extra++) {
		/* "Host" + "h" + "X" + value */
		size_t n = (size_t)(4000 - 4 - 1 - 1 + extra);
		char request[5000], out[4096];
		int at = snprintf(request, sizeof request, "GET /l HTTP/1.1\r\nHost: h\r\nX: ");
		memset(request + at, 'v', n);
		memcpy(request + (size_t)at + n, "\r\n\r\n", 5);
		assert_int_equal(wire_call(r->port, request, out, sizeof out), extra > 0 ? 431 : 200);
	}
	char many[4000] = "GET /l HTTP/1.1\r\nHost: h\r\n", out[4096];
	for (int i = 0; i < 100; i++)
		memcpy(many + 26 + i * 6, "A: b\r\n", 7);
	memcpy(many + 26 + 600, "\r\n", 3);
	assert_int_equal(wire_call(r->port, many, out, sizeof out), 431);
}

static char *filled(const char *head, char c, size_t n, const char *tail)
{
	size_t h = strlen(head), t = strlen(tail);
	char *p = malloc(h + n + t + 1);

	assert_non_null(p);
	memcpy(p, head, h);
	memset(p + h, c, n);
	memcpy(p + h + n, tail, t + 1);
	return p;
}

/* Everything until the end, which comes by itself; the status, 0 for nothing. */
static int spoken(uint16_t port, const char *bytes, char *out, size_t cap)
{
	int fd = wire_open(port), status = 0;
	size_t n = 0, len = strlen(bytes);
	ssize_t got;

	(void)!send(fd, bytes, len, MSG_NOSIGNAL); /* it may be closed before all is sent */
	shutdown(fd, SHUT_WR);
	while (n + 1 < cap && (got = recv(fd, out + n, cap - 1 - n, 0)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(fd);
	return sscanf(out, "HTTP/1.%*d %d", &status) == 1 ? status : 0;
}

/* What libmicrohttpd cannot read: its answer has our form, or there is none. */
static void test_unreadable(void **state)
{
	struct rig *r = *state;
	char *long_path = filled("GET /", 'a', 60000, " HTTP/1.1\r\nHost: x\r\n\r\n"),
	     *long_name = filled("GET / HTTP/1.1\r\nHost: x\r\nX-", 'b', 60000, ": 1\r\n\r\n"),
	     *long_line = filled("", 'c', 60000, "");
	const struct {
		const char *bytes;
		int status; /* 0: closed without a word */
		const char *code;
	} all[] = {
		{ "GET / HTTP/1.1\r\nHost: x\r\nBad Name\r\n\r\n", 400, "bad_request" },
		{ "GET /\r\nHost: x\r\n\r\n", 400, "bad_request" },
		{ "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "wrong_version" },
		{ "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505, "wrong_version" },
		{ "GET / HTPP/1.1\r\nHost: x\r\n\r\n", 400, "bad_request" },
		{ "GET / HTTP/1.1 x\r\nHost: x\r\n\r\n", 400, "bad_request" },
		{ "\x16\x03\x01\x02\r\n\r\n", 0, NULL },
		{ " / HTTP/1.1\r\nHost: x\r\n\r\n", 0, NULL },
		{ "GET / HTTP/1.1\r\n\r\n", 0, NULL },
		{ "GET / HTTP/1.1\r\nAccept: x\r\n\r\n", 0, NULL },
		{ "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 400, NULL },
		{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400, "bad_request" },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 0, NULL },
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 0, NULL },
		{ long_path, 414, "path_too_long" },
		{ long_name, 431, "headers_too_large" },
		{ long_line, 414, "path_too_long" },
	};
	char out[8192], code[80];

	for (size_t i = 0; i < COUNT(all); i++) {
		int status = spoken(r->port, all[i].bytes, out, sizeof out);
		const char *body = strstr(out, "\r\n\r\n");

		if (status != all[i].status)
			fail_msg("%.60s: %d", all[i].bytes, status);
		if (status == 0) {
			assert_int_equal(strlen(out), 0);
			continue;
		}
		snprintf(code, sizeof code, "\"code\":\"%s\"", all[i].code ? all[i].code : "");
		assert_non_null(strstr(out, "X-Content-Type-Options: nosniff\r\n"));
		assert_non_null(strstr(out, "Content-Type: application/problem+json\r\n"));
		assert_non_null(strstr(out, "Connection: close\r\n"));
		assert_null(strstr(out, "Server:"));
		assert_null(strstr(out, "<"));
		assert_null(strstr(out + 1, "HTTP/1.1")); /* one head */
		assert_true(body && body[4] == '{' && out[strlen(out) - 1] == '}');
		assert_true(all[i].code == NULL || strstr(body, code) != NULL);
	}
	free(long_path);
	free(long_name);
	free(long_line);
}

static void test_keep_alive_and_pipeline(void **state)
{
	struct rig *r = *state;
	char out[4096];
	int fd = wire_open(r->port);
	static const char one[] = "POST /k HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
	for (int i = 0; i < 50; i++) {
		wire_send(fd, one, strlen(one));
		assert_int_equal(wire_answer(fd, out, sizeof out, false), 200);
	}
	/* Bytes one by one, then two requests in one packet. */
	for (size_t i = 0; i < strlen(one); i++)
		wire_send(fd, one + i, 1);
	assert_int_equal(wire_answer(fd, out, sizeof out, false), 200);
	char two[sizeof one * 2];
	snprintf(two, sizeof two, "%s%s", one, one);
	wire_send(fd, two, strlen(two));
	assert_int_equal(wire_answer(fd, out, sizeof out, false), 200);
	if (!strstr(strstr(out, "POST /k"), "HTTP/1.1"))
		assert_int_equal(wire_answer(fd, out, sizeof out, false), 200);
	close(fd);
}

static void *client(void *arg)
{
	struct rig *r = arg;
	char out[4096];
	int fd = wire_open(r->port);
	intptr_t good = 0;
	static const char one[] = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
	for (int i = 0; i < 10; i++) {
		wire_send(fd, one, strlen(one));
		good += wire_answer(fd, out, sizeof out, false) == 200;
	}
	close(fd);
	return (void *)good;
}

static void test_200_connections(void **state)
{
	struct rig *r = *state;
	pthread_t t[200];
	intptr_t good = 0;
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(thread_start(&t[i], "client", client, r), RC_OK);
	for (size_t i = 0; i < COUNT(t); i++) {
		void *ret;
		pthread_join(t[i], &ret);
		good += (intptr_t)ret;
	}
	assert_int_equal(good, 2000);
	assert_true(http_server_counts(r->server).requests >= 2000);
}

static void *late_client(void *arg)
{
	struct rig *r = arg;
	char out[4096];
	return (void *)(intptr_t)wire_call(r->port, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n", out, sizeof out);
}

/* Ten slow requests: the worker answers some in time, the server the rest,
 * and the worker's late answers do no harm. */
static void test_stop_while_running(void **state)
{
	struct rig *r = *state;
	pthread_t t[10];
	uint64_t known = http_server_counts(r->server).requests;
	atomic_store(&r->slow_ms, 60);
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(thread_start(&t[i], "client", late_client, r), RC_OK);
	for (int i = 0; i < 1000 && http_server_counts(r->server).requests < known + COUNT(t); i++)
		wire_sleep_ms(1);
	int64_t before = clock_monotonic();
	http_server_stop(r->server, 200 * MILLI);
	assert_true(clock_monotonic() - before < 3 * SECOND);
	r->server = NULL;
	int answered = 0, refused = 0;
	for (size_t i = 0; i < COUNT(t); i++) {
		void *ret;
		pthread_join(t[i], &ret);
		answered += (intptr_t)ret == 200;
		refused += (intptr_t)ret == 503;
	}
	assert_true(answered >= 1);
	assert_true(refused >= 1);
	assert_int_equal(answered + refused, 10);
}

/* A client that trickles its request for ever is cut. */
static void test_trickle(void **state)
{
	struct http_server *s;
	char error[200];
	struct rig *r = *state;
	struct http_config c = { .handler = handle, .arg = r, .idle_s = 10, .request_s = 1 };
	assert_int_equal(http_server_start(&c, &s, error), RC_OK);
	int fd = wire_open(http_server_port(s));
	int64_t before = clock_monotonic();
	bool cut = false;
	wire_send(fd, "GET /x HTTP/1.1\r\n", 17);
	while (!cut && clock_monotonic() - before < 5 * SECOND) {
		wire_sleep_ms(100);
		wire_send(fd, "X: y\r\n", 6);
		cut = http_server_counts(s).connections == 0;
	}
	close(fd);
	assert_true(cut);
	http_server_stop(s, SECOND);
	struct http_config bad = { .address = "example.org", .handler = handle };
	assert_int_equal(http_server_start(&bad, &s, error), RC_INVALID);
	bad = (struct http_config){ .port = r->port, .handler = handle };
	assert_int_equal(http_server_start(&bad, &s, error), RC_BUSY);
	assert_non_null(strstr(error, "cannot listen"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request_parts, start, stop),
		cmocka_unit_test_setup_teardown(test_bad_paths, start, stop),
		cmocka_unit_test_setup_teardown(test_framing, start, stop),
		cmocka_unit_test_setup_teardown(test_body_limits, start, stop),
		cmocka_unit_test_setup_teardown(test_header_limits, start, stop),
		cmocka_unit_test_setup_teardown(test_unreadable, start, stop),
		cmocka_unit_test_setup_teardown(test_keep_alive_and_pipeline, start, stop),
		cmocka_unit_test_setup_teardown(test_200_connections, start, stop),
		cmocka_unit_test_setup_teardown(test_stop_while_running, start, stop),
		cmocka_unit_test_setup_teardown(test_trickle, start, stop),
	};
	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
