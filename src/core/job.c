/* job.c - units of work of our own: jobs with leases, code run as the system. */
#include "core/inner.h"

#include <stdio.h>
#include <string.h>

enum { UNIT_ARENA = 64 << 20, LEASE_S = 30 };

struct unit_call {
	struct app *app;
	struct arena *arena;
	enum rc (*fn)(struct ctx *c, void *arg);
	void *arg;
	struct failure why;
	uint64_t pokes;
};

static enum rc call_unit(struct conn *db, void *arg)
{
	struct unit_call *u = arg;
	struct ctx c = app_ctx(u->app, u->arena, db);
	enum rc rc = unit_turn(&c);

	if (rc == RC_OK)
		rc = u->fn(&c, u->arg);
	u->why = c.fail;
	u->pokes = c.pokes;
	return rc;
}

static enum rc local_write(struct conn *db, enum rc (*run)(struct conn *db, void *arg), void *arg)
{
	enum rc rc = conn_begin(db);

	if (rc == RC_OK)
		rc = run(db, arg);
	if (rc == RC_OK)
		rc = conn_commit(db);
	if (rc != RC_OK)
		conn_rollback(db);
	return rc;
}

/* As the system, in one transaction, wherever the writer is. */
enum rc unit_run(struct app *a, enum rc (*fn)(struct ctx *c, void *arg), void *arg, struct failure *why)
{
	struct unit_call u = { .app = a, .arena = arena_new(UNIT_ARENA), .fn = fn, .arg = arg };
	enum rc rc =
		a->runner.self ? a->runner.write(a->runner.self, call_unit, &u) : local_write(a->db, call_unit, &u);

	if (rc == RC_OK)
		app_wake(a, u.pokes);
	else if (rc == RC_BUG)
		fprintf(stderr, "BUG: %s:%d %s\n", u.why.file ? u.why.file : "?", u.why.line, u.why.text);
	if (why) {
		*why = u.why;
		why->field = why->current = NO_STR; /* lived in the arena */
	}
	arena_free(u.arena);
	return rc;
}

enum rc app_unit(struct app *a, enum rc (*fn)(struct ctx *c, void *arg), void *arg)
{
	struct failure why;
	enum rc rc = unit_run(a, fn, arg, &why);

	if (rc != RC_OK && why.text[0])
		fprintf(stderr, "%s: %s\n", why.code, why.text);
	return rc;
}

enum rc ctx_write(struct ctx *c, enum rc (*fn)(struct ctx *c, void *arg), void *arg)
{
	struct failure why;
	enum rc rc = unit_run(c->app, fn, arg, &why);

	if (rc != RC_OK && c->fail.rc == RC_OK)
		c->fail = why;
	return rc;
}

/* ---- jobs ------------------------------------------------------------------------- */

const struct job *app_job(const struct app *a, size_t n, const struct module **m)
{
	for (size_t i = 0; i < a->n_modules; i++) {
		for (const struct job *j = a->o.modules[i]->jobs; j && j->name; j++) {
			if (n-- == 0) {
				*m = a->o.modules[i];
				return j;
			}
		}
	}
	for (const struct job *j = core_jobs; j->name; j++)
		if (n-- == 0)
			return j;
	return NULL;
}

static enum rc run_plain(struct ctx *c, void *arg)
{
	const struct job *j = arg;

	return j->run(c);
}

enum rc job_run(struct app *a, const struct job *j, struct conn *reader)
{
	if (!(j->flags & JOB_READS)) {
		struct job copy = *j;

		return unit_run(a, run_plain, &copy, NULL);
	}
	struct arena *arena = arena_new(UNIT_ARENA);
	struct ctx c = app_ctx(a, arena, reader);
	enum rc rc = j->run(&c);

	if (rc == RC_BUG)
		fprintf(stderr, "BUG: job %s: %s:%d %s\n", j->name, c.fail.file ? c.fail.file : "?", c.fail.line,
			c.fail.text);
	app_wake(a, c.pokes);
	arena_free(arena);
	return rc;
}

enum rc app_run_job(struct app *a, const char *name)
{
	const struct module *m;
	const struct job *j;

	for (size_t n = 0; (j = app_job(a, n, &m)) != NULL; n++)
		if (strcmp(j->name, name) == 0)
			return job_run(a, j, a->db);
	return RC_MISSING;
}

void app_wake(struct app *a, uint64_t pokes)
{
	if (pokes == 0)
		return;
	if (a->runner.self)
		a->runner.wake(a->runner.self, pokes);
	else
		a->pending |= pokes;
}

static bool wakes(const struct app *a, const struct job *j, uint64_t pokes)
{
	for (size_t i = 0; j->wake && i < a->n_wake; i++)
		if (strcmp(a->wake[i], j->wake) == 0)
			return pokes >> i & 1;
	return false;
}

/* Without a server nothing runs by itself: woken jobs and deliveries until
 * nobody wakes anybody any more, each job at most 100 times. */
enum rc app_settle(struct app *a)
{
	for (int round = 0; round < 100; round++) {
		uint64_t pokes = a->pending;
		const struct module *m;
		const struct job *j;
		int delivered;

		a->pending = 0;
		TRY(app_deliver(a, &delivered));
		for (size_t n = 0; (j = app_job(a, n, &m)) != NULL; n++)
			if (wakes(a, j, pokes))
				TRY(job_run(a, j, a->db));
		if (a->pending == 0 && delivered == 0 && pokes == 0)
			return RC_OK;
	}
	return RC_OK;
}

enum rc core_touch(struct ctx *c, void *arg)
{
	(void)arg;
	return db_run(c, "UPDATE core_schema SET version = version WHERE module = 'core'", NO_ARGS, NULL);
}

/* ---- leases: of several processes on one database one runs a job --------------- */

struct leasing {
	struct app *app;
	bool *held;
	size_t n;
};

static enum rc take_leases(struct ctx *c, void *arg)
{
	struct leasing *l = arg;
	const struct module *m;
	const struct job *j;

	for (size_t n = 0; n < l->n && (j = app_job(l->app, n, &m)) != NULL; n++) {
		int64_t changed = 0;

		TRY(db_run(c,
			   "INSERT INTO core_lease (name, holder, until_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO "
			   "UPDATE"
			   " SET holder = $2, until_at = $3 WHERE core_lease.holder = $2 OR core_lease.until_at < $4",
			   ARGS(V_Z(j->name), V_Z(l->app->holder), V_INT(c->now + LEASE_S * SECOND), V_INT(c->now)),
			   &changed));
		l->held[n] = changed > 0;
	}
	return RC_OK;
}

enum rc lease_all(struct app *a, bool *held, size_t n)
{
	struct leasing l = { a, held, n };

	return unit_run(a, take_leases, &l, NULL);
}

static enum rc drop_leases(struct ctx *c, void *arg)
{
	(void)arg;
	return db_run(c, "UPDATE core_lease SET until_at = 0 WHERE holder = $1", ARGS(V_Z(c->app->holder)), NULL);
}

enum rc lease_drop(struct app *a)
{
	return unit_run(a, drop_leases, NULL, NULL);
}

/* ---- core's own jobs ----------------------------------------------------------------- */

static enum rc clean(struct ctx *c)
{
	int64_t newest;

	/* The newest row stays: the next number is one more. */
	TRY(db_int(c, "SELECT max(seq) FROM core_outbox", NO_ARGS, 0, &newest));
	TRY(db_run(c, "DELETE FROM core_outbox WHERE done_at < $1 AND seq < $2",
		   ARGS(V_INT(c->now - 2 * DAY), V_INT(newest)), NULL));
	TRY(db_run(c, "DELETE FROM core_inbox WHERE seq < (SELECT min(seq) FROM core_outbox)", NO_ARGS, NULL));
	return db_run(c, "DELETE FROM core_idem WHERE at < $1", ARGS(V_INT(c->now - DAY)), NULL);
}

const struct job core_jobs[] = { { .name = "core.clean", .period = 10 * MINUTE, .run = clean }, { 0 } };
