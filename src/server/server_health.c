/* server_health.c - whether the server lives and can write, and its figures. */
#include "server/server_inner.h"

#include "sys/file.h"

enum { ROOM_LEAST = 4 << 20 };

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

bool serve_machine(struct server *s, struct http_exchange *x, struct conn *reader)
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
