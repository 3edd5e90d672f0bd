/* http_request.c - from libmicrohttpd's callbacks to one call of the handler.
 *
 * An exchange has two references: libmicrohttpd's, from the request line to
 * exchange_end(), and the holder's, from the handler call to the answer.
 */
#include "sys/http_inner.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct arena *http_arena(struct http_exchange *x)
{
	return x->arena;
}

struct str http_method(const struct http_exchange *x)
{
	return x->method;
}

bool http_is_head(const struct http_exchange *x)
{
	return x->is_head;
}

struct str http_path(const struct http_exchange *x)
{
	return x->path;
}

struct str http_query(const struct http_exchange *x)
{
	return x->query;
}

struct str http_body(const struct http_exchange *x)
{
	return x->body_n ? (struct str){ x->body, x->body_n } : NO_STR;
}

struct str http_peer(const struct http_exchange *x)
{
	return str_of(x->peer);
}

bool http_is_tls(const struct http_exchange *x)
{
	return x->is_tls;
}

struct str http_header(const struct http_exchange *x, const char *name)
{
	size_t n = strlen(name);
	for (unsigned i = 0; i < x->headers_n; i++)
		if (x->headers[i].name.n == n && strncasecmp(x->headers[i].name.p, name, n) == 0)
			return x->headers[i].value;
	return NO_STR;
}

void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	struct http_server *s = cls;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_exchange *x = mem_new(sizeof *x);
	x->server = s;
	x->conn = info->socket_context;
	x->conn->in_head = true;
	x->mhd = mhd;
	x->arena = arena_new(s->config.arena_limit);
	x->target = arena_dup(x->arena, str_of(uri));
	x->is_tls = s->config.tls_cert_pem != NULL;
	memcpy(x->peer, x->conn->peer, sizeof x->peer);
	atomic_init(&x->refs, 1);
	atomic_init(&x->claimed, false);
	atomic_init(&x->phase, PHASE_HANDLING);
	return x;
}

void exchange_drop(struct http_exchange *x)
{
	if (atomic_fetch_sub_explicit(&x->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_free(x->arena);
	free(x->body);
	free(x);
}

/* The field list of libmicrohttpd dies with the connection; ours must not. */
static enum MHD_Result copy_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_n, const char *value,
				   size_t value_n)
{
	struct http_exchange *x = cls;
	(void)kind;
	if (x->headers_n == HTTP_MAX_HEADERS || memchr(key, '\0', key_n)) {
		x->bad_headers = true;
		return MHD_NO;
	}
	struct str v = value ? (struct str){ value, value_n } : STR("");
	x->headers[x->headers_n++] =
		(struct http_field){ arena_dup(x->arena, (struct str){ key, key_n }), arena_dup(x->arena, v) };
	x->headers_bytes += key_n + value_n;
	return MHD_YES;
}

static void read_head(struct http_exchange *x, const char *method)
{
	int n = MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, NULL, NULL);
	size_t room = n > HTTP_MAX_HEADERS ? HTTP_MAX_HEADERS : (size_t)n;
	x->headers = NEW_N(x->arena, struct http_field, room + 1);
	MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, copy_header, x);
	x->is_head = strcmp(method, "HEAD") == 0;
	x->method = x->is_head ? STR("GET") : arena_dup(x->arena, str_of(method));
}

static enum MHD_Result queue_response(struct http_exchange *x)
{
	/* 8 KiB/s is the slowest reader that is waited for. */
	int64_t patience = (int64_t)x->server->config.request_s * SECOND + (int64_t)(x->response_bytes / 8192) * SECOND;
	atomic_store(&x->conn->deadline, x->stream ? 0 : clock_monotonic() + patience);
	enum MHD_Result ret = http_queue(x->mhd, x->status, x->response);
	MHD_destroy_response(x->response);
	x->response = NULL;
	return ret;
}

static enum MHD_Result refuse(struct http_exchange *x, const struct http_refusal *r)
{
	atomic_fetch_add_explicit(&x->server->refused, 1, memory_order_relaxed);
	x->refused = true;
	exchange_set_problem(x, r->status, r->code, r->detail);
	return queue_response(x);
}

/* Grows by doubling, never past the limit (one more byte for the NUL), so a
 * claimed Content-Length alone costs nothing. */
static bool add_body(struct http_exchange *x, const char *data, size_t n)
{
	if (n > x->body_max - x->body_n)
		return false;
	if (x->body_n + n + 1 > x->body_cap) {
		size_t cap = x->body_cap ? x->body_cap : 2048;
		while (cap < x->body_n + n + 1)
			cap *= 2;
		if (cap > x->body_max + 1)
			cap = x->body_max + 1;
		char *grown = realloc(x->body, cap);
		if (grown == NULL)
			return false;
		x->body = grown;
		x->body_cap = cap;
	}
	memcpy(x->body + x->body_n, data, n);
	x->body_n += n;
	x->body[x->body_n] = '\0';
	return true;
}

/* The handler runs before the connection is suspended: an answer given at once
 * then needs no wake-up of this thread. */
static enum MHD_Result hand_over(struct http_exchange *x)
{
	struct http_server *s = x->server;
	x->handed = true;
	atomic_store(&x->conn->deadline, 0);
	atomic_fetch_add_explicit(&s->requests, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&x->refs, 1, memory_order_relaxed);
	pthread_mutex_lock(&s->lock);
	x->next = s->running;
	if (x->next)
		x->next->prev = x;
	s->running = x;
	s->running_n++;
	s->unsent_n++;
	pthread_mutex_unlock(&s->lock);

	s->config.handler(s->config.arg, x);
	if (atomic_load_explicit(&x->phase, memory_order_acquire) == PHASE_ANSWERED)
		return queue_response(x);
	MHD_suspend_connection(x->mhd);
	int expected = PHASE_HANDLING;
	if (!atomic_compare_exchange_strong(&x->phase, &expected, PHASE_PARKED))
		MHD_resume_connection(x->mhd);
	return MHD_YES;
}

enum MHD_Result exchange_step(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			      const char *version, const char *data, size_t *data_n, void **req)
{
	static const struct http_refusal too_large = { 413, "body_too_large", "The body is larger than allowed here." };
	static const struct http_refusal stopping = { 503, "stopping", "The server is stopping." };
	struct http_exchange *x = *req;
	(void)cls, (void)mhd, (void)url, (void)version;
	if (x->handed)
		return queue_response(x);
	if (!x->begun) {
		x->begun = true;
		x->conn->in_head = false;
		read_head(x, method);
		const struct http_refusal *r = exchange_check(x, method);
		return r ? refuse(x, r) : MHD_YES;
	}
	if (*data_n > 0) {
		/* libmicrohttpd takes no answer in the middle of a body. */
		x->refused = x->refused || !add_body(x, data, *data_n);
		if (x->refused)
			x->drained += *data_n;
		*data_n = 0;
		return x->drained > 2 * x->body_max + HTTP_DRAIN ? MHD_NO : MHD_YES;
	}
	if (x->refused)
		return refuse(x, &too_large);
	if (atomic_load(&x->server->stopping))
		return refuse(x, &stopping);
	return hand_over(x);
}

void exchange_end(void *cls, struct MHD_Connection *mhd, void **req, enum MHD_RequestTerminationCode why)
{
	struct http_server *s = cls;
	struct http_exchange *x = *req;
	(void)mhd, (void)why;
	if (x == NULL)
		return;
	*req = NULL;
	atomic_store(&x->conn->deadline, clock_monotonic() + (int64_t)s->config.request_s * SECOND);
	pthread_mutex_lock(&s->lock);
	struct http_stream *st = x->stream;
	x->conn->stream = NULL;
	if (x->handed && --s->unsent_n == 0)
		pthread_cond_broadcast(&s->changed);
	if (st)
		s->streams_n--;
	pthread_mutex_unlock(&s->lock);
	if (st)
		stream_detach(st);
	if (x->response) /* the connection broke before the answer was queued */
		MHD_destroy_response(x->response);
	exchange_drop(x);
}
