/* server.c - the threads: HTTP in, workers that read, one writer, jobs, the
 * deliverer of events and live streams. */
#include "server/server_inner.h"

#include "sys/file.h"
#include "sys/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { QUEUE = 4096, FAST_PERIOD = SECOND, LEASE_EVERY_S = 10, BEAT_S = 15, GATHER_MS = 5 };

struct conn *server_reader(struct server *s)
{
	struct store_error err = { "" };
	struct conn *c = NULL;

	if (conn_open(s->app->o.url, CONN_READ_ONLY, &c, &err) != RC_OK) {
		LOG(s->o.log, LEVEL_ERROR, "core", "no_reader", LOG_TEXT("error", str_of(err.text)));
		return NULL;
	}
	return c;
}

enum rc server_write(void *self, enum rc (*run)(struct conn *db, void *arg), void *arg)
{
	struct server *s = self;

	return writer_run(s->writer, run, arg);
}

/* ---- waking ---------------------------------------------------------------------- */

static int thread_of(const struct job *j)
{
	return j->period <= FAST_PERIOD ? 0 : 1;
}

/* The deliverer hears of outbox rows, job threads of everything else: a thread
 * that has nothing to do is not woken. */
static uint64_t share_of(size_t slot, uint64_t pokes)
{
	uint64_t outbox = (uint64_t)1 << OUTBOX_BIT;

	return slot == JOB_THREADS ? pokes & outbox : pokes & ~outbox;
}

void server_wake(void *self, uint64_t pokes)
{
	struct server *s = self;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < COUNT(s->pokes); i++) {
		uint64_t share = share_of(i, pokes);

		if (share && s->pokes[i] == 0)
			pthread_cond_signal(&s->woken[i]);
		s->pokes[i] |= share;
	}
	pthread_mutex_unlock(&s->lock);
}

/* Many commits in a row become one look at what they brought. */
static void gather(struct server *s)
{
	struct timespec ts = { .tv_nsec = GATHER_MS * 1000000 };

	pthread_mutex_unlock(&s->lock);
	nanosleep(&ts, NULL);
	pthread_mutex_lock(&s->lock);
}

uint64_t server_wait(struct server *s, int slot, int64_t wait, bool *stopping)
{
	int64_t until = clock_monotonic() + wait;
	struct timespec ts = { .tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000 };

	pthread_mutex_lock(&s->lock);
	while (!s->stopping && s->pokes[slot] == 0 && clock_monotonic() < until)
		if (pthread_cond_timedwait(&s->woken[slot], &s->lock, &ts) != 0)
			break;
	if (slot < JOB_THREADS && s->pokes[slot] && !s->stopping)
		gather(s);
	uint64_t pokes = s->pokes[slot];

	s->pokes[slot] = 0;
	*stopping = s->stopping;
	pthread_mutex_unlock(&s->lock);
	return pokes;
}

/* ---- jobs ------------------------------------------------------------------------- */

struct runner {
	struct server *s;
	int slot;
};

static bool poked(const struct app *a, const struct job *j, uint64_t pokes)
{
	for (size_t i = 0; j->wake && i < a->n_wake; i++)
		if (strcmp(a->wake[i], j->wake) == 0)
			return pokes >> i & 1;
	return false;
}

static void renew_leases(struct server *s)
{
	bool held[MAX_JOBS] = { false };

	if (lease_all(s->app, held, MAX_JOBS) != RC_OK)
		log_plain(s->o.log, LEVEL_WARN, "core", "no_lease");
	pthread_mutex_lock(&s->lock);
	memcpy(s->held, held, sizeof(held));
	pthread_mutex_unlock(&s->lock);
}

static bool is_held(struct server *s, size_t n)
{
	pthread_mutex_lock(&s->lock);
	bool held = s->held[n];

	pthread_mutex_unlock(&s->lock);
	return held;
}

/* Runs what is due, says how long until the next. */
static int64_t run_due(struct runner *r, struct conn *reader, int64_t *due, uint64_t pokes)
{
	int64_t next = 10 * SECOND;
	const struct module *m;
	const struct job *j;

	for (size_t n = 0; n < MAX_JOBS && (j = app_job(r->s->app, n, &m)) != NULL; n++) {
		int64_t now = clock_monotonic();

		if (thread_of(j) != r->slot)
			continue;
		if ((due[n] <= now || poked(r->s->app, j, pokes)) && is_held(r->s, n)) {
			enum rc rc = job_run(r->s->app, j, reader);

			if (rc != RC_OK)
				LOG(r->s->o.log, LEVEL_WARN, "core", "job_failed", LOG_TEXT("job", str_of(j->name)),
				    LOG_INT("rc", rc));
			due[n] = clock_monotonic() + j->period;
		}
		if (due[n] - now < next)
			next = due[n] - now;
	}
	return next > 10 * MILLI ? next : 10 * MILLI;
}

static void *run_jobs(void *arg)
{
	struct runner *r = arg;
	struct conn *reader = server_reader(r->s);
	int64_t due[MAX_JOBS] = { 0 }, lease = 0, wait = 0;
	bool stopping = false;

	while (reader && !stopping) {
		uint64_t pokes = server_wait(r->s, r->slot, wait, &stopping);

		if (stopping)
			break;
		if (r->slot == 1 && lease <= clock_monotonic()) {
			renew_leases(r->s);
			lease = clock_monotonic() + LEASE_EVERY_S * SECOND;
		}
		wait = run_due(r, reader, due, pokes);
	}
	conn_close(reader);
	free(r);
	return NULL;
}

static bool is_stopping(struct server *s)
{
	pthread_mutex_lock(&s->lock);
	bool stopping = s->stopping;

	pthread_mutex_unlock(&s->lock);
	return stopping;
}

static void *deliver(void *arg)
{
	struct server *s = arg;
	struct conn *reader = server_reader(s);
	int64_t beat = clock_monotonic() + BEAT_S * SECOND;
	bool stopping = false;
	int n;

	while (reader && !stopping) {
		(void)server_wait(s, JOB_THREADS, SECOND, &stopping);
		live_push(s->live, reader);
		do
			n = is_stopping(s) || outbox_step(s->app, reader, &n) != RC_OK ? 0 : n;
		while (n);
		live_push(s->live, reader);
		if (beat <= clock_monotonic()) {
			live_beat(s->live, reader);
			beat = clock_monotonic() + BEAT_S * SECOND;
		}
	}
	conn_close(reader);
	return NULL;
}

static void *work_loop(void *arg)
{
	struct server *s = arg;
	struct conn *reader = server_reader(s);
	struct http_exchange *x;

	while ((x = queue_pop(s->requests, -1)) != NULL) {
		if (reader)
			serve(s, x, reader);
		else
			http_problem(x, 503, "busy", "the database can't be opened");
	}
	conn_close(reader);
	return NULL;
}

/* ---- start and stop ------------------------------------------------------------------ */

static enum rc start_threads(struct server *s)
{
	for (int i = 0; i < JOB_THREADS; i++) {
		struct runner *r = mem_new(sizeof(*r));

		*r = (struct runner){ s, i };
		TRY(thread_start(&s->runner[i], i ? "jobs" : "jobs-fast", run_jobs, r));
		s->n_runners++;
	}
	TRY(thread_start(&s->deliverer, "deliver", deliver, s));
	s->delivering = true;
	for (; s->n_workers < s->o.workers; s->n_workers++)
		TRY(thread_start(&s->worker[s->n_workers], "worker", work_loop, s));
	return RC_OK;
}

static enum rc read_pem(struct arena *a, const char *path, const char **ret)
{
	struct str text;

	if (path == NULL)
		return RC_OK;
	if (file_read(a, path, 1 << 20, &text) != RC_OK) {
		fprintf(stderr, "can't read %s\n", path);
		return RC_INVALID;
	}
	*ret = text.p;
	return RC_OK;
}

static enum rc listen_on(struct server *s)
{
	struct http_config h = { .address = s->o.bind,
				 .port = (uint16_t)s->o.port,
				 .arena_limit = 64 << 20,
				 .connections = 4000,
				 .idle_s = 75,
				 .request_s = 120,
				 .always = server_always,
				 .always_n = server_always_n,
				 .handler = serve_handler,
				 .arg = s };
	char error[200] = "";

	TRY(read_pem(s->app->arena, s->o.tls_cert, &h.tls_cert_pem));
	TRY(read_pem(s->app->arena, s->o.tls_key, &h.tls_key_pem));
	struct http_server *http = NULL;
	enum rc rc = http_server_start(&h, &http, error);

	pthread_mutex_lock(&s->lock); /* the first requests may be in already */
	s->http = http;
	pthread_mutex_unlock(&s->lock);
	if (rc != RC_OK)
		fprintf(stderr, "%s\n", error);
	return rc;
}

static enum rc start_writer(struct server *s)
{
	struct store_error err = { "" };
	struct conn *c = NULL;

	if (conn_open(s->app->o.url, 0, &c, &err) != RC_OK) {
		fprintf(stderr, "can't open the store: %s\n", err.text);
		return RC_BUSY;
	}
	s->writer = writer_start(c, QUEUE);
	writer_after(s->writer, serve_release, s);
	return RC_OK;
}

enum rc server_start(struct app *a, const struct server_options *o, struct server **ret)
{
	struct server *s = mem_new(sizeof(*s));
	pthread_condattr_t attr;

	s->app = a;
	s->o = *o;
	if (s->o.workers < 1 || s->o.workers > MAX_WORKERS)
		s->o.workers = 4;
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	for (size_t i = 0; i < COUNT(s->woken); i++)
		pthread_cond_init(&s->woken[i], &attr);
	pthread_condattr_destroy(&attr);
	s->requests = queue_new(QUEUE);
	s->live = live_new(s);
	s->pages = pages_load(o->web_root);
	s->started = clock_monotonic();
	enum rc rc = start_writer(s);

	if (rc == RC_OK) {
		a->runner = (struct unit_runner){ s, server_write, server_wake };
		s->pokes[0] = s->pokes[1] = a->pending;
		renew_leases(s);
		rc = start_threads(s);
	}
	if (rc == RC_OK)
		rc = listen_on(s);
	if (rc != RC_OK) {
		server_stop(s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}

int server_port(const struct server *s)
{
	return http_server_port(s->http);
}

void server_stop(struct server *s)
{
	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	struct http_server *http = s->http;

	s->http = NULL; /* a late /metrics does not count what is gone */
	pthread_mutex_unlock(&s->lock);
	if (http)
		http_server_stop(http, 5 * SECOND);
	queue_close(s->requests);
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	for (size_t i = 0; i < COUNT(s->woken); i++)
		pthread_cond_broadcast(&s->woken[i]);
	pthread_mutex_unlock(&s->lock);
	for (int i = 0; i < s->n_workers; i++)
		thread_join(s->worker[i]);
	for (int i = 0; i < s->n_runners; i++)
		thread_join(s->runner[i]);
	if (s->delivering)
		thread_join(s->deliverer);
	live_free(s->live);
	if (s->writer) {
		if (s->n_runners && lease_drop(s->app) != RC_OK)
			log_plain(s->o.log, LEVEL_WARN, "core", "no_lease");
		writer_stop(s->writer);
	}
	s->app->runner = (struct unit_runner){ 0 };
	queue_free(s->requests);
	pages_free(s->pages);
	for (size_t i = 0; i < COUNT(s->woken); i++)
		pthread_cond_destroy(&s->woken[i]);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
