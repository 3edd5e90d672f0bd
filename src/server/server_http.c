/* server_http.c - from an HTTP exchange to a unit of work and back; the pages'
 * files; health and metrics. */
#include "server/server_inner.h"

#include "sys/file.h"
#include "sys/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 512, MAX_FILE_BYTES = 8 << 20, ROOM_LEAST = 4 << 20 };

/* security.md, "browser": no third-party origin, no inline script or style. */
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

/* ---- files of the pages: read once at start, kept in memory ----------------------- */

struct page {
	struct str path, body, packed; /* packed: gzip, or absent */
	const char *type;
	char etag[2 * 16 + 3];
	bool forever; /* its name holds a hash of its content */
};

struct files {
	struct arena *arena;
	struct page page[MAX_FILES];
	size_t n;
	const struct page *index;
};

static const char *type_of(struct str name)
{
	static const struct {
		const char *end, *type;
	} known[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".json", "application/json" },
		{ ".webmanifest", "application/manifest+json" },
		{ ".png", "image/png" },
		{ ".ico", "image/x-icon" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".webp", "image/webp" },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_ends(name, known[i].end))
			return known[i].type;
	return NULL;
}

static void add_page(struct files *f, const char *file, const char *web)
{
	struct page *p = &f->page[f->n];
	uint8_t h[CRYPTO_HASH];

	p->type = type_of(str_of(web));
	if (p->type == NULL || f->n == MAX_FILES || file_read(f->arena, file, MAX_FILE_BYTES, &p->body) != RC_OK)
		return;
	p->path = str_of(web);
	hash_bytes(p->body, h);
	struct str hex = hex_encode(f->arena, (struct str){ (const char *)h, 16 });

	p->etag[0] = p->etag[33] = '"';
	memcpy(p->etag + 1, hex.p, 32);
	p->forever = str_starts(p->path, "/assets/");
	const char *gz = arena_fmt(f->arena, "%s.gz", file).p;

	if (!file_exists(gz) || file_read(f->arena, gz, MAX_FILE_BYTES, &p->packed) != RC_OK)
		p->packed = NO_STR;
	f->n++;
}

static void add_folder(struct files *f, const char *folder, const char *web, int depth)
{
	struct file_entry *list;
	size_t n = 0;

	if (depth > 4 || file_list(f->arena, folder, MAX_FILES * 2, &list, &n) != RC_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *file = arena_fmt(f->arena, "%s/" FMT_STR, folder, ARG_STR(list[i].name)).p;
		const char *path = arena_fmt(f->arena, "%s/" FMT_STR, web, ARG_STR(list[i].name)).p;

		if (list[i].is_folder)
			add_folder(f, file, path, depth + 1);
		else
			add_page(f, file, path);
	}
}

struct files *files_load(const char *root)
{
	if (root == NULL || !file_is_folder(root))
		return NULL;
	struct files *f = mem_new(sizeof(*f));

	f->arena = arena_new((size_t)256 << 20);
	add_folder(f, root, "", 0);
	for (size_t i = 0; i < f->n; i++)
		if (str_is(f->page[i].path, "/index.html"))
			f->index = &f->page[i];
	return f;
}

void files_free(struct files *f)
{
	if (f)
		arena_free(f->arena);
	free(f);
}

static const struct page *find_page(const struct files *f, struct str path)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->page[i].path, path))
			return &f->page[i];
	/* Deep links belong to the pages' own router; a missing file is missing. */
	const char *dot = memchr(path.p, '.', path.n);

	return dot || str_starts(path, "/assets/") ? NULL : f->index;
}

static void serve_file(struct server *s, struct http_exchange *x)
{
	struct str path = http_path(x), none = http_header(x, "If-None-Match"),
		   accept = http_header(x, "Accept-Encoding");
	const struct page *p = s->files && str_is(http_method(x), "GET") ? find_page(s->files, path) : NULL;

	if (p == NULL) {
		http_problem(x, 404, "no_route", "no such page");
		return;
	}
	bool packed = p->packed.p && accept.p && memmem(accept.p, accept.n, "gzip", 4) != NULL;
	struct http_header h[] = {
		{ "Content-Type", p->type },
		{ "ETag", p->etag },
		{ "Cache-Control", p->forever ? "public, max-age=31536000, immutable" : "no-cache" },
		{ "Vary", "Accept-Encoding" },
		{ "Content-Encoding", "gzip" },
	};

	if (str_is(none, p->etag))
		http_reply_const(x, 304, h, 4, STR(""));
	else
		http_reply_const(x, 200, h, packed ? 5 : 4, packed ? p->packed : p->body);
}

/* ---- health and metrics -------------------------------------------------------------- */

/* One row may still fit when nothing else does. */
static bool has_room(struct server *s, struct conn *reader)
{
	int64_t free_bytes;

	return conn_is_pg(reader) || file_free_bytes(app_url(s->app), &free_bytes) != RC_OK || free_bytes >= ROOM_LEAST;
}

static void metric(struct buf *b, const char *name, const char *kind, const char *help, double v)
{
	bool counter = kind[0] == 'c';

	buf_fmt(b, "# TYPE jiuan_%s %s\n# HELP jiuan_%s %s\njiuan_%s%s %.15g\n", name, kind, name, help, name,
		counter ? "_total" : "", v);
}

/* OpenMetrics 1.0 text. */
static void serve_metrics(struct server *s, struct http_exchange *x, struct conn *reader)
{
	static const struct http_header type = { "Content-Type",
						 "application/openmetrics-text; version=1.0.0; charset=utf-8" };
	struct buf b = buf_new(http_arena(x), 1 << 20);
	struct ctx c = app_ctx(s->app, http_arena(x), reader);
	struct writer_counts w = writer_counts(s->writer);
	struct http_counts h = { 0 };

	pthread_mutex_lock(&s->lock);
	if (s->http)
		h = http_server_counts(s->http);
	pthread_mutex_unlock(&s->lock);

	metric(&b, "uptime_seconds", "gauge", "Time since start.", (double)(clock_monotonic() - s->started) / 1e6);
	metric(&b, "http_requests", "counter", "Requests handed to the program.", (double)h.requests);
	metric(&b, "http_refused", "counter", "Requests refused before the program saw them.", (double)h.refused);
	metric(&b, "http_connections", "gauge", "Connections open.", (double)h.connections);
	metric(&b, "live_listeners", "gauge", "Live streams open.", (double)live_count(s->live));
	metric(&b, "units", "counter", "Write units of work.", (double)w.units);
	metric(&b, "units_failed", "counter", "Write units that failed.", (double)w.failed);
	metric(&b, "commits", "counter", "COMMITs shared by units.", (double)w.commits);
	metric(&b, "commit_seconds", "counter", "Time spent in COMMIT.", (double)w.commit_us / 1e6);
	metric(&b, "units_waiting", "gauge", "Write units in the queue.", (double)w.queued);
	for (size_t i = 0; i < s->app->n_modules; i++)
		if (s->app->o.modules[i]->metrics)
			s->app->o.modules[i]->metrics(&c, &b);
	buf_add(&b, STR("# EOF\n"));
	http_reply_const(x, 200, &type, 1, buf_str(&b));
}

static bool serve_machine(struct server *s, struct http_exchange *x, struct conn *reader)
{
	static const struct http_header text = { "Content-Type", "text/plain; charset=utf-8" };
	struct str path = http_path(x);

	if (str_is(path, "/healthz"))
		http_reply_const(x, 200, &text, 1, STR("ok\n"));
	else if (str_is(path, "/readyz") && has_room(s, reader) && unit_run(s->app, core_touch, NULL, NULL) == RC_OK)
		http_reply_const(x, 200, &text, 1, STR("ready\n"));
	else if (str_is(path, "/readyz"))
		http_problem(x, 503, "not_ready", "nothing can be written now");
	else if (str_is(path, "/metrics"))
		serve_metrics(s, x, reader);
	else
		return false;
	return true;
}

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
		serve_file(s, x);
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
