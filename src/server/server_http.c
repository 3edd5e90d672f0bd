/* server_http.c - from an HTTP exchange to a unit of work and back. */
#include "server/server_inner.h"

#include "sys/log.h"

#include <fcntl.h>

/* No third-party origin, no inline script or style. */
const struct http_header server_always[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
	  "worker-src 'self'; "
	  "media-src 'self' blob:; manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
	  "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default vue" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
};
const size_t server_always_n = COUNT(server_always);

/* ---- units of work -------------------------------------------------------------------- */

struct task {
	struct work w;
	struct unit u;
	struct server *s;
	struct http_exchange *x;
	struct task *next; /* among those whose answers leave together */
};

static struct str exchange_header(const struct request *rq, const char *name)
{
	return http_header(rq->x, name);
}

/* False: it is answered already. */
static bool prepare_answer(struct task *t, enum rc rc)
{
	struct response *rs = &t->w.rs;
	struct http_header h[RESPONSE_HEADERS + 1];
	size_t n = 0;
	int fd = -1;

	work_finish(&t->w, rc);
	if (rs->file && (fd = open(rs->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) < 0) {
		http_problem(t->x, 404, "gone", "the file is no more");
		return false;
	}
	if (rs->body.n || fd >= 0)
		h[n++] = (struct http_header){ "Content-Type", rs->type };
	for (size_t i = 0; i < rs->n_headers; i++)
		h[n++] = (struct http_header){ rs->header[i].name, arena_z(t->w.c.arena, rs->header[i].value) };
	if (rc == RC_BUG)
		LOG(t->s->o.log, LEVEL_ERROR, "core", "bug", LOG_TEXT("path", t->w.rq.path));
	if (fd < 0)
		return http_prepare(t->x, (unsigned)rs->status, h, n, rs->body.n ? rs->body : STR(""));
	http_reply_file(t->x, (unsigned)rs->status, h, n, fd, rs->file_from, rs->file_bytes);
	return false;
}

static void answer(struct task *t, enum rc rc)
{
	if (prepare_answer(t, rc))
		http_release(t->x);
}

static enum rc run_unit(struct conn *db, void *arg)
{
	struct task *t = arg;

	t->w.c.db = db;
	TRY(unit_turn(&t->w.c));
	return work_run(&t->w);
}

static void unit_done(void *arg, enum rc rc)
{
	struct task *t = arg;
	struct server *s = t->s;

	if (rc == RC_OK)
		s->ready_pokes |= t->w.c.pokes;
	if (!prepare_answer(t, rc))
		return;
	t->next = s->ready;
	s->ready = t;
}

/* One wake-up of an HTTP thread finds many answers. */
void serve_release(void *arg)
{
	struct server *s = arg;

	for (struct task *t = s->ready, *next; t; t = next) {
		next = t->next; /* in the memory that the release gives back */
		http_release(t->x);
	}
	s->ready = NULL;
	if (s->ready_pokes)
		app_wake(s->app, s->ready_pokes);
	s->ready_pokes = 0;
}

/* The writer has the task, or not. */
static enum rc hand_to_writer(struct task *t)
{
	t->u = (struct unit){ .run = run_unit, .done = unit_done, .arg = t };
	return writer_submit(t->s->writer, &t->u);
}

static void serve_api(struct task *t, struct conn *reader)
{
	enum rc rc = work_start(&t->w, NULL);

	if (rc == RC_OK && t->w.writes) {
		rc = hand_to_writer(t);
		if (rc == RC_OK)
			return;
	} else if (rc == RC_OK) {
		rc = conn_begin(reader);
		if (rc == RC_OK)
			rc = work_run(&t->w);
		conn_rollback(reader); /* it only read */
	}
	answer(t, rc);
}

static struct request request_of(const struct http_exchange *x)
{
	return (struct request){ .method = http_method(x),
				 .path = http_path(x),
				 .query = http_query(x),
				 .body = http_body(x),
				 .peer = http_peer(x),
				 .tls = http_is_tls(x),
				 .header = exchange_header,
				 .x = x };
}

static struct task *task_new(struct server *s, struct http_exchange *x, struct conn *reader, const struct request *rq)
{
	struct task *t = NEW(http_arena(x), struct task);

	t->s = s;
	t->x = x;
	work_init(&t->w, s->app, http_arena(x), reader, rq);
	return t;
}

void serve(struct server *s, struct http_exchange *x, struct conn *reader)
{
	struct request rq = request_of(x);
	struct str path = rq.path;

	if (serve_machine(s, x, reader))
		return;
	if (str_is(path, "/api/live") && str_is(rq.method, "GET")) {
		live_open(s->live, x, reader, &rq);
		return;
	}
	if (!str_starts(path, "/api/") && !str_is(path, "/api")) {
		serve_page(s, x);
		return;
	}
	serve_api(task_new(s, x, reader, &rq), reader);
}

/* One event of a device goes from here to the writer: a worker between them
 * would cost as much as all the rest.  False: it needs a worker. */
static bool serve_quick(struct server *s, struct http_exchange *x)
{
	struct request rq = request_of(x);

	if (!work_is_quick(s->app, &rq))
		return false;
	struct task *t = task_new(s, x, NULL, &rq);
	enum rc rc = work_start(&t->w, NULL);

	if (rc == RC_BUSY)
		return false;
	if (rc == RC_OK)
		rc = hand_to_writer(t);
	if (rc != RC_OK)
		answer(t, rc);
	return true;
}

void serve_handler(void *arg, struct http_exchange *x)
{
	struct server *s = arg;

	if (!serve_quick(s, x) && queue_push(s->requests, x) != RC_OK)
		http_problem(x, 503, "busy", "too many requests wait");
}
