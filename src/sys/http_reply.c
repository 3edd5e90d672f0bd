/* http_reply.c - answers, from any thread. */
#include "sys/http_inner.h"

#include "base/json.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

const char *http_status_title(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} table[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Range Not Satisfiable" },
		{ 422, "Unprocessable Content" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};
	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].status == status)
			return table[i].title;
	return "Error";
}

unsigned http_status_of(enum rc rc)
{
	static const unsigned table[RC_N] = {
		[RC_OK] = 200,      [RC_INVALID] = 400,  [RC_UNKNOWN] = 401, [RC_DENIED] = 403,
		[RC_MISSING] = 404, [RC_CONFLICT] = 409, [RC_STALE] = 412,   [RC_LIMIT] = 413,
		[RC_SLOWER] = 429,  [RC_BUG] = 500,      [RC_BUSY] = 503,
	};
	return (unsigned)rc < RC_N ? table[rc] : 500;
}

struct str http_problem_text(struct arena *a, unsigned status, const char *code, const char *detail)
{
	struct buf b = buf_new(a, 4096);
	json_open(&b, '{');
	json_put_text(&b, "type", STR("about:blank"));
	json_put_text(&b, "title", str_of(http_status_title(status)));
	json_put_int(&b, "status", status);
	json_put_text(&b, "code", str_of(code));
	if (detail)
		json_put_text(&b, "detail", str_of(detail));
	json_close(&b, '}');
	return buf_str(&b);
}

static bool names(const struct http_header *h, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(h[i].name, name) == 0)
			return true;
	return false;
}

/* libmicrohttpd refuses names and values with line breaks; such a field is
 * left out rather than sent broken. */
void http_response_add(struct MHD_Response *r, const struct http_server *s, const struct http_header *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)MHD_add_response_header(r, h[i].name, h[i].value);
	for (size_t i = 0; i < s->config.always_n; i++)
		if (!names(h, n, s->config.always[i].name))
			(void)MHD_add_response_header(r, s->config.always[i].name, s->config.always[i].value);
}

/* Body in the exchange's arena or constant. */
void exchange_set(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body)
{
	union {
		const char *in;
		void *out;
	} bytes = { .in = body.p ? body.p : "" };
	struct MHD_Response *r = MHD_create_response_from_buffer(body.n, bytes.out, MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		fatal("http: no memory for a response");
	http_response_add(r, x->server, h, n);
	x->response = r;
	x->response_bytes = body.n;
	x->status = status;
}

void exchange_set_problem(struct http_exchange *x, unsigned status, const char *code, const char *detail)
{
	static const struct http_header head[] = {
		{ "Content-Type", "application/problem+json" },
		{ "Cache-Control", "no-store" },
	};
	exchange_set(x, status, head, COUNT(head), http_problem_text(x->arena, status, code, detail));
}

bool exchange_claim(struct http_exchange *x)
{
	return !atomic_exchange_explicit(&x->claimed, true, memory_order_acq_rel);
}

static void leave_running(struct http_exchange *x)
{
	struct http_server *s = x->server;
	pthread_mutex_lock(&s->lock);
	if (x->prev)
		x->prev->next = x->next;
	else
		s->running = x->next;
	if (x->next)
		x->next->prev = x->prev;
	if (--s->running_n == 0 && atomic_load(&s->stopping))
		pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

/* The server may not be freed before leave_running(): http_server_stop() waits
 * for that. */
void exchange_answer(struct http_exchange *x)
{
	struct MHD_Connection *mhd = x->mhd;
	int before = atomic_exchange_explicit(&x->phase, PHASE_ANSWERED, memory_order_acq_rel);
	if (before == PHASE_PARKED)
		MHD_resume_connection(mhd);
	leave_running(x);
}

bool http_prepare(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body)
{
	if (!exchange_claim(x)) {
		exchange_drop(x);
		return false;
	}
	exchange_set(x, status, h, n, body);
	return true;
}

void http_release(struct http_exchange *x)
{
	exchange_answer(x);
	exchange_drop(x);
}

void http_reply_const(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body)
{
	if (http_prepare(x, status, h, n, body))
		http_release(x);
}

void http_reply(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body)
{
	http_reply_const(x, status, h, n, arena_dup(x->arena, body));
}

void http_reply_file(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, int fd,
		     int64_t from, int64_t bytes)
{
	if (exchange_claim(x)) {
		struct MHD_Response *r = MHD_create_response_from_fd_at_offset64((uint64_t)bytes, fd, (uint64_t)from);

		if (r == NULL)
			fatal("http: no memory for a response");
		http_response_add(r, x->server, h, n);
		x->response = r;
		x->response_bytes = (size_t)bytes;
		x->status = status;
		exchange_answer(x);
	} else {
		close(fd);
	}
	exchange_drop(x);
}

void http_problem(struct http_exchange *x, unsigned status, const char *code, const char *detail)
{
	if (exchange_claim(x)) {
		exchange_set_problem(x, status, code, detail);
		exchange_answer(x);
	}
	exchange_drop(x);
}
