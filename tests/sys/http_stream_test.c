/* Streams: many listeners, disconnects, overflow, closing, server stop. */
#include "sys/http.h"
#include "sys/thread.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LISTENERS = 200 };

struct hub {
	struct http_server *server;
	uint16_t port;
	pthread_mutex_t lock;
	struct http_stream *streams[LISTENERS + 8];
	size_t n;
	_Atomic int gone;
};

static void on_gone(void *arg, struct http_stream *s)
{
	struct hub *h = arg;
	(void)s;
	atomic_fetch_add(&h->gone, 1);
}

static void handle(void *arg, struct http_exchange *x)
{
	struct hub *h = arg;
	struct http_stream *s = http_stream_start(x, "text/event-stream", on_gone, h);
	pthread_mutex_lock(&h->lock);
	h->streams[h->n++] = s;
	pthread_mutex_unlock(&h->lock);
}

static int start(void **state)
{
	struct hub *h = calloc(1, sizeof *h);
	char error[200];
	struct http_config c = { .handler = handle, .arg = h };
	pthread_mutex_init(&h->lock, NULL);
	if (http_server_start(&c, &h->server, error) != RC_OK)
		return -1;
	h->port = http_server_port(h->server);
	*state = h;
	return 0;
}

static int stop(void **state)
{
	struct hub *h = *state;
	if (h->server)
		http_server_stop(h->server, SECOND);
	for (size_t i = 0; i < h->n; i++)
		http_stream_close(h->streams[i]); /* safe after the server has gone */
	pthread_mutex_destroy(&h->lock);
	free(h);
	return 0;
}

static int listen_to(struct hub *h, char *out, size_t cap)
{
	static const char ask[] = "GET /live HTTP/1.1\r\nHost: h\r\n\r\n";
	int fd = wire_open(h->port);
	wire_send(fd, ask, strlen(ask));
	assert_true(wire_until(fd, "\r\n\r\n", out, cap));
	assert_non_null(strstr(out, "200 OK"));
	return fd;
}

static size_t streams(struct hub *h)
{
	return (size_t)http_server_counts(h->server).streams;
}

static size_t send_all(struct hub *h, struct str s)
{
	size_t good = 0;
	pthread_mutex_lock(&h->lock);
	for (size_t i = 0; i < h->n; i++)
		good += http_stream_send(h->streams[i], s) == RC_OK;
	pthread_mutex_unlock(&h->lock);
	return good;
}

static void test_200_listeners(void **state)
{
	struct hub *h = *state;
	int fd[LISTENERS];
	char out[4096];
	for (int i = 0; i < LISTENERS; i++)
		fd[i] = listen_to(h, out, sizeof out);
	assert_int_equal(streams(h), LISTENERS);
	assert_int_equal(send_all(h, STR("id: 1\ndata: one\n\n")), LISTENERS);
	for (int i = 0; i < LISTENERS; i++)
		assert_true(wire_until(fd[i], "data: one", out, sizeof out));
	/* Half of them leave; noticed without sending anything. */
	for (int i = 0; i < LISTENERS; i += 2)
		close(fd[i]);
	for (int i = 0; i < 300 && (atomic_load(&h->gone) < LISTENERS / 2 || streams(h) > LISTENERS / 2); i++)
		wire_sleep_ms(10);
	assert_int_equal(atomic_load(&h->gone), LISTENERS / 2);
	assert_int_equal(streams(h), LISTENERS / 2);
	assert_int_equal(send_all(h, STR("id: 2\ndata: two\n\n")), LISTENERS / 2);
	for (int i = 1; i < LISTENERS; i += 2)
		assert_true(wire_until(fd[i], "data: two", out, sizeof out));
	/* The server stops: the rest are told and end in order. */
	http_server_stop(h->server, SECOND);
	h->server = NULL;
	assert_int_equal(atomic_load(&h->gone), LISTENERS);
	for (int i = 1; i < LISTENERS; i += 2) {
		assert_true(wire_until(fd[i], "0\r\n\r\n", out, sizeof out));
		close(fd[i]);
	}
	assert_int_equal(send_all(h, STR("late")), 0);
}

static void test_overflow(void **state)
{
	struct hub *h = *state;
	char out[4096], *block = malloc(64 * 1024);
	int fd = listen_to(h, out, sizeof out);
	enum rc rc = RC_OK;
	size_t sent = 0;
	memset(block, 'x', 64 * 1024);
	/* The client reads nothing: socket buffers fill, then the queue. */
	while (rc == RC_OK && sent < (size_t)64 << 20) {
		rc = http_stream_send(h->streams[0], (struct str){ block, 64 * 1024 });
		sent += 64 * 1024;
	}
	assert_int_equal(rc, RC_LIMIT);
	assert_int_equal(http_stream_send(h->streams[0], STR("x")), RC_MISSING);
	close(fd);
	for (int i = 0; i < 300 && streams(h) > 0; i++)
		wire_sleep_ms(10);
	assert_int_equal(streams(h), 0);
	assert_int_equal(atomic_load(&h->gone), 0);
	free(block);
}

static void test_close_flushes(void **state)
{
	struct hub *h = *state;
	char out[4096];
	int fd = listen_to(h, out, sizeof out);
	assert_int_equal(http_stream_send(h->streams[0], STR("last words")), RC_OK);
	http_stream_close(h->streams[0]);
	h->n = 0;
	assert_true(wire_until(fd, "0\r\n\r\n", out, sizeof out));
	assert_non_null(strstr(out, "last words"));
	close(fd);
	assert_int_equal(atomic_load(&h->gone), 0);
}

/* Writers race with listeners that come and go. */
static void *writer(void *arg)
{
	struct hub *h = arg;
	for (int i = 0; i < 200; i++) {
		send_all(h, STR("data: tick\n\n"));
		wire_sleep_ms(1);
	}
	return NULL;
}

static void test_race(void **state)
{
	struct hub *h = *state;
	pthread_t t[2];
	char out[4096];
	for (size_t i = 0; i < COUNT(t); i++)
		assert_int_equal(thread_start(&t[i], "writer", writer, h), RC_OK);
	for (int i = 0; i < 100; i++) {
		int fd = listen_to(h, out, sizeof out);
		if (i % 3 == 0)
			assert_true(wire_until(fd, "tick", out, sizeof out));
		close(fd);
	}
	for (size_t i = 0; i < COUNT(t); i++)
		thread_join(t[i]);
	for (int i = 0; i < 300 && streams(h) > 0; i++)
		wire_sleep_ms(10);
	assert_int_equal(streams(h), 0);
	assert_int_equal(atomic_load(&h->gone), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_200_listeners, start, stop),
		cmocka_unit_test_setup_teardown(test_overflow, start, stop),
		cmocka_unit_test_setup_teardown(test_close_flushes, start, stop),
		cmocka_unit_test_setup_teardown(test_race, start, stop),
	};
	return cmocka_run_group_tests_name("http_stream", tests, NULL, NULL);
}
