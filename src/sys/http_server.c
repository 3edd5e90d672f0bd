/* http_server.c - starting and stopping libmicrohttpd.
 *
 * Threads: a pool in epoll mode.  Measured against poll and select with
 * suspended connections, see docs/decisions/2026-11-23-http-threads.md.
 */
#include "sys/http_inner.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef HTTP_MODE
#define HTTP_MODE MHD_USE_EPOLL_INTERNAL_THREAD
#endif

static void set_default(struct http_config *c)
{
	c->address = c->address ? c->address : "127.0.0.1";
	c->threads = c->threads ? c->threads : 2;
	c->body_limit = c->body_limit ? c->body_limit : (size_t)8 << 20;
	c->header_limit = c->header_limit ? c->header_limit : (size_t)16 << 10;
	c->arena_limit = c->arena_limit ? c->arena_limit : (size_t)16 << 20;
	c->connections = c->connections ? c->connections : 4096;
	c->idle_s = c->idle_s ? c->idle_s : 30;
	c->request_s = c->request_s ? c->request_s : 60;
}

union any_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(const struct http_config *c, union any_address *a)
{
	memset(a, 0, sizeof *a);
	if (inet_pton(AF_INET, c->address, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(c->port);
		return sizeof a->v4;
	}
	if (inet_pton(AF_INET6, c->address, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(c->port);
		return sizeof a->v6;
	}
	return 0;
}

/* Our own socket: a second server on the same port must fail, and '::' takes
 * IPv4 too. */
static enum rc listen_open(struct http_server *s, char error[200])
{
	union any_address a;
	socklen_t n = address_of(&s->config, &a);
	int on = 1, off = 0;
	if (n == 0) {
		snprintf(error, 200, "not a numeric address: %.100s", s->config.address);
		return RC_INVALID;
	}
	int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		if (a.any.sa_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	}
	if (fd < 0 || bind(fd, &a.any, n) != 0 || listen(fd, 1024) != 0 || getsockname(fd, &a.any, &n) != 0) {
		snprintf(error, 200, "cannot listen on %.60s port %u: %s", s->config.address, s->config.port,
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return RC_BUSY;
	}
	s->listen_fd = fd;
	s->port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	return RC_OK;
}

/* We decode the path ourselves, strictly. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls, (void)mhd;
	return strlen(s);
}

static void daemon_log(void *cls, const char *fmt, va_list args)
{
	(void)cls, (void)fmt, (void)args;
}

static struct MHD_Daemon *daemon_start(struct http_server *s)
{
	union {
		const char *in;
		void *out;
	} cert = { .in = s->config.tls_cert_pem }, key = { .in = s->config.tls_key_pem };
	static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
	union {
		const char *in;
		void *out;
	} prio = { .in = priorities };
	const struct http_config *c = &s->config;
	/* Room for header_limit counted without separators, the list of the
	 * fields, the request line and the reply's head; no more, because all of
	 * it is cleared after every request. */
	size_t pool = c->header_limit + 16384;
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)pool, NULL },
		{ MHD_OPTION_CONNECTION_MEMORY_INCREMENT, 1024, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)c->connections, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)c->idle_s, NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)c->per_address, NULL },
		{ MHD_OPTION_LISTEN_SOCKET, s->listen_fd, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ c->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)c->threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, cert.out },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, key.out },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, prio.out },
		{ MHD_OPTION_END, 0, NULL },
	};
	if (c->tls_cert_pem == NULL)
		tls[0].option = MHD_OPTION_END;
	unsigned flags = HTTP_MODE | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
			 (c->tls_cert_pem ? MHD_USE_TLS : 0);
	return MHD_start_daemon(flags, s->port, NULL, NULL, exchange_step, s, MHD_OPTION_EXTERNAL_LOGGER, daemon_log,
				NULL, MHD_OPTION_URI_LOG_CALLBACK, exchange_begin, s, MHD_OPTION_NOTIFY_COMPLETED,
				exchange_end, s, MHD_OPTION_NOTIFY_CONNECTION, conn_notify, s,
				MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_ARRAY, options,
				MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
}

static void server_free(struct http_server *s)
{
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

enum rc http_server_start(const struct http_config *c, struct http_server **ret, char error[200])
{
	error[0] = '\0';
	if (c->handler == NULL || (c->tls_cert_pem == NULL) != (c->tls_key_pem == NULL)) {
		snprintf(error, 200, "no handler, or only one of certificate and key");
		return RC_INVALID;
	}
	struct http_server *s = mem_new(sizeof *s);
	pthread_condattr_t monotonic;
	s->config = *c;
	s->listen_fd = s->epoll_fd = s->wake_fd = -1;
	set_default(&s->config);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	enum rc rc = listen_open(s, error);
	if (rc == RC_OK && (rc = watch_start(s)) != RC_OK)
		snprintf(error, 200, "no thread or descriptors for the http watcher");
	if (rc == RC_OK) {
		s->daemon = daemon_start(s);
		if (s->daemon == NULL) {
			snprintf(error, 200, "libmicrohttpd does not start: limits, certificate or key");
			watch_stop(s);
			rc = RC_INVALID;
		}
	}
	if (rc != RC_OK) {
		server_free(s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}

uint16_t http_server_port(const struct http_server *s)
{
	return s->port;
}

struct http_counts http_server_counts(struct http_server *s)
{
	pthread_mutex_lock(&s->lock);
	struct http_counts ret = { .connections = s->conns_n, .streams = s->streams_n, .running = s->running_n };
	pthread_mutex_unlock(&s->lock);
	ret.requests = atomic_load(&s->requests);
	ret.refused = atomic_load(&s->refused);
	return ret;
}

/* ---- stopping ---- */

/* Under the lock; until *n is zero or the time has come. */
static void wait_zero(struct http_server *s, const uint64_t *n, int64_t until)
{
	struct timespec t = { .tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000 };
	while (*n > 0)
		if (pthread_cond_timedwait(&s->changed, &s->lock, &t) == ETIMEDOUT)
			return;
}

/* Answers in place of holders that are too slow; their later answer finds the
 * exchange claimed. */
static void abandon_running(struct http_server *s)
{
	struct http_exchange *list[64];
	size_t n;
	do {
		n = 0;
		pthread_mutex_lock(&s->lock);
		for (struct http_exchange *x = s->running; x && n < COUNT(list); x = x->next) {
			if (exchange_claim(x)) {
				atomic_fetch_add(&x->refs, 1);
				list[n++] = x;
			}
		}
		pthread_mutex_unlock(&s->lock);
		for (size_t i = 0; i < n; i++) {
			static const struct http_header head[] = {
				{ "Content-Type", "application/problem+json" },
				{ "Connection", "close" },
			};
			/* The holder may be using the arena: constant text. */
			exchange_set(list[i], 503, head, COUNT(head),
				     STR("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
					 "\"code\":\"stopping\",\"detail\":\"The server is stopping.\"}"));
			exchange_answer(list[i]);
			exchange_drop(list[i]);
		}
	} while (n > 0);
}

static void end_streams(struct http_server *s)
{
	struct http_stream *st;
	do {
		st = NULL;
		pthread_mutex_lock(&s->lock);
		for (struct http_conn *c = s->conns; c && st == NULL; c = c->next) {
			st = c->stream;
			c->stream = NULL;
		}
		if (st)
			stream_ref(st);
		pthread_mutex_unlock(&s->lock);
		if (st) {
			stream_end(st, false);
			stream_unref(st);
		}
	} while (st);
}

void http_server_stop(struct http_server *s, int64_t wait)
{
	atomic_store(&s->stopping, true);
	MHD_quiesce_daemon(s->daemon); /* the socket is ours */
	/* Nobody gets in any more; closed in server_free(), when no thread of the
	 * library can have its number in hand. */
	shutdown(s->listen_fd, SHUT_RDWR);
	pthread_mutex_lock(&s->lock);
	wait_zero(s, &s->running_n, clock_monotonic() + wait);
	pthread_mutex_unlock(&s->lock);
	abandon_running(s);
	pthread_mutex_lock(&s->lock);
	while (s->running_n > 0) /* claimed, so at most a few instructions away */
		pthread_cond_wait(&s->changed, &s->lock);
	pthread_mutex_unlock(&s->lock);
	end_streams(s);
	pthread_mutex_lock(&s->lock);
	wait_zero(s, &s->unsent_n, clock_monotonic() + SECOND);
	pthread_mutex_unlock(&s->lock);
	watch_stop(s);
	MHD_stop_daemon(s->daemon);
	server_free(s);
}
