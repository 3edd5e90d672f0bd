/* server_inner.h - the running server, shared by the files of this folder. */
#ifndef SERVER_INNER_H
#define SERVER_INNER_H

#include "core/inner.h"
#include "server/server.h"
#include "store/writer.h"
#include "sys/http.h"
#include "sys/thread.h"

enum { MAX_WORKERS = 16, MAX_JOBS = 64, JOB_THREADS = 2 };

struct live;
struct pages;
struct task;

struct server {
	struct app *app;
	struct server_options o;
	struct writer *writer;
	struct queue *requests;
	pthread_t worker[MAX_WORKERS], runner[JOB_THREADS], deliverer;
	int n_workers, n_runners;
	bool delivering;
	struct live *live;
	struct pages *pages;
	int64_t started;

	/* The writer's: answers of units that share a COMMIT, and what they woke. */
	struct task *ready;
	uint64_t ready_pokes;

	pthread_mutex_t lock;                  /* for all below */
	pthread_cond_t woken[JOB_THREADS + 1]; /* by thread, as the pokes */
	struct http_server *http;              /* NULL: not listening yet or no more */
	bool stopping;
	uint64_t pokes[JOB_THREADS + 1]; /* by thread; the last is the deliverer's */
	bool held[MAX_JOBS];
};

/* A write unit through the one writer; wakes jobs and the deliverer. */
enum rc server_write(void *self, enum rc (*run)(struct conn *db, void *arg), void *arg) MUST_USE;
void server_wake(void *self, uint64_t pokes);
struct conn *server_reader(struct server *s); /* NULL: can't be opened */
/* Sleeps until poked, stopped or 'wait' passed; takes the pokes of 'slot'. */
uint64_t server_wait(struct server *s, int slot, int64_t wait, bool *stopping);

/* server_http.c */
void serve(struct server *s, struct http_exchange *x, struct conn *reader);
void serve_handler(void *arg, struct http_exchange *x);
void serve_release(void *arg); /* after a group of units */
extern const struct http_header server_always[];
extern const size_t server_always_n;

/* server_pages.c */
struct pages *pages_load(const char *root); /* NULL: no such folder */
void pages_free(struct pages *f);           /* NULL is allowed */
void serve_page(struct server *s, struct http_exchange *x);

/* server_health.c: false when the path is none of /healthz, /readyz, /metrics */
bool serve_machine(struct server *s, struct http_exchange *x, struct conn *reader);

/* live.c */
struct live *live_new(struct server *s);
void live_open(struct live *l, struct http_exchange *x, struct conn *reader, const struct request *rq);
void live_push(struct live *l, struct conn *reader); /* events since the last push */
void live_beat(struct live *l, struct conn *reader); /* keep-alive, and who may still listen */
size_t live_count(struct live *l);
void live_free(struct live *l);

#endif
