/* Outgoing HTTP against our own server, and the guard on addresses. */
#include "sys/client.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct rig {
	struct http_server *server;
	struct http_client *client;
	struct arena *a;
	struct http_exchange *held;
	_Atomic int seen;
};

static void handle(void *arg, struct http_exchange *x)
{
	struct rig *r = arg;
	const struct http_header head[] = { { "Content-Type", "text/plain" },
					    { "ETag", "\"7\"" },
					    { "Location", "/echo" } };
	atomic_fetch_add(&r->seen, 1);
	if (str_is(http_path(x), "/redirect"))
		http_reply(x, 302, head, 3, STR(""));
	else if (str_is(http_path(x), "/hold"))
		r->held = x;
	else
		http_reply_const(x, 200, head, 2,
				 arena_fmt(http_arena(x), "%.*s %.*s %.*s", ARG_STR(http_method(x)),
					   ARG_STR(http_header(x, "X-One")), ARG_STR(http_body(x))));
}

static int start(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	char error[200];
	struct http_config c = { .handler = handle, .arg = r };
	if (http_server_start(&c, &r->server, error) != RC_OK)
		return -1;
	r->client = http_client_new();
	r->a = arena_new(1 << 20);
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct rig *r = *state;
	http_client_free(r->client);
	http_server_stop(r->server, 10 * MILLI);
	if (r->held) /* answered in our place long ago */
		http_reply(r->held, 200, NULL, 0, STR("late"));
	arena_free(r->a);
	free(r);
	return 0;
}

static const char *url(struct rig *r, const char *path)
{
	return arena_fmt(r->a, "http://127.0.0.1:%u%s", http_server_port(r->server), path).p;
}

static bool only_example(void *arg, struct str scheme, struct str host, uint16_t port)
{
	(void)arg;
	return str_is(scheme, "https") && str_is(host, "example.org") && port == 443;
}

static void test_calls(void **state)
{
	struct rig *r = *state;
	struct http_client_answer answer;
	const struct http_header head[] = { { "X-One", "uno" } };
	struct http_client_request q = {
		.url = url(r, "/echo"), .headers = head, .headers_n = 1, .allow_private = true
	};
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_OK);
	assert_int_equal(answer.status, 200);
	assert_true(str_is(answer.body, "GET uno "));
	assert_true(str_is(answer.content_type, "text/plain"));
	assert_true(str_is(answer.etag, "\"7\""));
	q.body = STR("hello");
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_OK);
	assert_true(str_is(answer.body, "POST uno hello"));
	q.method = "PUT";
	q.max_body = 13;
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_OK);
	assert_true(str_is(answer.body, "PUT uno hello"));
	q.max_body = 12;
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_LIMIT);
	assert_string_equal(answer.error, "too_large");
	/* Redirects are answers, not followed. */
	q = (struct http_client_request){ .url = url(r, "/redirect"), .allow_private = true };
	int before = atomic_load(&r->seen);
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_OK);
	assert_int_equal(answer.status, 302);
	assert_int_equal(atomic_load(&r->seen), before + 1);
	q = (struct http_client_request){ .url = url(r, "/hold"), .allow_private = true, .timeout = 100 * MILLI };
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_BUSY);
	assert_string_equal(answer.error, "timeout");
	const struct http_header bad[] = { { "X-One", "a\r\nX-Two: b" } };
	q = (struct http_client_request){
		.url = url(r, "/echo"), .headers = bad, .headers_n = 1, .allow_private = true
	};
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_INVALID);
}

static void test_guard(void **state)
{
	struct rig *r = *state;
	struct http_client_answer answer;
	uint16_t port = http_server_port(r->server);
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433",
					     "0",         "127.1",     "0177.0.0.1",         "[::1]",  "[::]" };
	/* First with the right to private addresses: the kept connection must
	 * not serve calls without it. */
	struct http_client_request q = { .url = url(r, "/echo"), .allow_private = true };
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_OK);
	int before = atomic_load(&r->seen);
	for (size_t i = 0; i < COUNT(hosts); i++) {
		q = (struct http_client_request){ .url = arena_fmt(r->a, "http://%s:%u/echo", hosts[i], port).p };
		enum rc rc = http_client_send(r->client, &q, r->a, &answer);
		if (rc != RC_DENIED)
			fail_msg("%s gave %d %s", hosts[i], (int)rc, answer.error);
	}
	static const char *const bad[] = {
		"file:///etc/passwd", "gopher://127.0.0.1/",     "http://",     "", "http://u:p@127.0.0.1/",
		"ftp://127.0.0.1/",   "http://127.0.0.1:99999/", "//127.0.0.1/"
	};
	for (size_t i = 0; i < COUNT(bad); i++) {
		q = (struct http_client_request){ .url = bad[i], .allow_private = true };
		enum rc rc = http_client_send(r->client, &q, r->a, &answer);
		if (rc != RC_INVALID)
			fail_msg("%s gave %d %s", bad[i], (int)rc, answer.error ? answer.error : "-");
	}
	q = (struct http_client_request){ .url = url(r, "/echo"), .allow_private = true, .allow = only_example };
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_DENIED);
	assert_string_equal(answer.error, "host_denied");
	q = (struct http_client_request){ .url = url(r, "/echo"), .allow_private = true, .https_only = true };
	assert_int_equal(http_client_send(r->client, &q, r->a, &answer), RC_INVALID);
	assert_int_equal(atomic_load(&r->seen), before);
}

static void test_addresses(void **state)
{
	static const char *const private[] = { "127.0.0.1",
					       "10.1.2.3",
					       "172.16.0.1",
					       "172.31.255.255",
					       "192.168.1.1",
					       "169.254.169.254",
					       "100.64.0.1",
					       "100.127.255.255",
					       "0.0.0.0",
					       "224.0.0.1",
					       "255.255.255.255",
					       "198.19.0.1",
					       "192.0.2.1",
					       "203.0.113.9",
					       "::",
					       "::1",
					       "::ffff:10.0.0.1",
					       "::10.0.0.1",
					       "fe80::1",
					       "fc00::1",
					       "fdff::1",
					       "fec0::1",
					       "ff02::1",
					       "2002:0a00:0001::1",
					       "64:ff9b::a00:1",
					       "2001:db8::1",
					       "2001:0:1::1",
					       "100::1",
					       "3fff::1",
					       "example.org",
					       "" };
	static const char *const public[] = { "8.8.8.8",          "172.15.255.255",   "172.32.0.0",
					      "100.63.255.255",   "100.128.0.0",      "223.255.255.255",
					      "2606:4700::1111",  "2408:8000::1",     "::ffff:8.8.8.8",
					      "64:ff9b::808:808", "2002:0808:0808::1" };
	(void)state;
	for (size_t i = 0; i < COUNT(private); i++)
		if (!net_is_private(private[i]))
			fail_msg("%s is taken for public", private[i]);
	for (size_t i = 0; i < COUNT(public); i++)
		if (net_is_private(public[i]))
			fail_msg("%s is taken for private", public[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_calls, start, stop),
		cmocka_unit_test_setup_teardown(test_guard, start, stop),
		cmocka_unit_test(test_addresses),
	};
	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
