/* Group commit: order, isolation of failures, every failure told once. */
#include "store_rig.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/writer.h"

struct job {
	struct unit u;
	int64_t n;
	enum rc want;    /* what the unit's own code returns */
	bool swallow;    /* a clash that the unit keeps to itself */
	atomic_int done; /* how often it was told */
	enum rc rc;
	int order;
};

static atomic_int turns;

static enum rc job_run(struct conn *c, void *arg)
{
	struct job *j = arg;

	TRY(conn_run(c, "INSERT INTO t (n, turn) VALUES ($1, $2)", ARGS(V_INT(j->n), V_INT(j->n)), NULL));
	if (j->swallow)
		(void)!conn_run(c, "INSERT INTO t (n, turn) VALUES ($1, 0)", ARGS(V_INT(j->n)), NULL);
	return j->want;
}

static void job_done(void *arg, enum rc rc)
{
	struct job *j = arg;

	j->rc = rc;
	j->order = atomic_fetch_add(&turns, 1);
	atomic_fetch_add(&j->done, 1);
}

static struct job *jobs_new(size_t n)
{
	struct job *j = mem_new(n * sizeof(*j));

	atomic_store(&turns, 0);
	for (size_t i = 0; i < n; i++) {
		j[i].u = (struct unit){ .run = job_run, .done = job_done, .arg = &j[i] };
		j[i].n = (int64_t)i + 1;
	}
	return j;
}

/* The writer owns the rig's connection from here on; questions go to another. */
static struct writer *start(struct rig *g, size_t queue)
{
	OK(conn_schema(g->c, "CREATE TABLE t (n row_int PRIMARY KEY, turn num_int)"));
	struct writer *w = writer_start(g->c, queue);
	g->c = NULL;
	return w;
}

/* Holds the writer inside a unit until the test has queued what it wants. */
struct gate {
	struct job j;
	atomic_bool entered, open;
	int fail_at; /* armed on the connection, for the calls after the gate's run */
};

static enum rc gate_run(struct conn *c, void *arg)
{
	struct gate *x = arg;

	atomic_store(&x->entered, true);
	while (!atomic_load(&x->open))
		usleep(100);
	conn_fail_at(c, x->fail_at);
	return RC_OK;
}

static void gate_done(void *arg, enum rc rc)
{
	job_done(&((struct gate *)arg)->j, rc);
}

static void gate_shut(struct gate *x, struct writer *w)
{
	x->j.u = (struct unit){ .run = gate_run, .done = gate_done, .arg = x };
	OK(writer_submit(w, &x->j.u));
	while (!atomic_load(&x->entered))
		usleep(100);
}

struct after {
	struct writer *w;
	struct job *j, *gate;
	size_t n;
	int64_t calls, told; /* told: at the last call */
	bool early;
};

static void note_after(void *arg)
{
	struct after *a = arg;

	a->told = atomic_load(&a->gate->done);
	for (size_t i = 0; i < a->n; i++)
		a->told += atomic_load(&a->j[i].done);
	a->calls++;
	a->early = a->early || a->told != writer_counts(a->w).units;
}

/* Called once for each group, when every unit of it has been told. */
static void test_after(void **state)
{
	struct rig *g = rig_of(state);
	struct writer *w = start(g, 1000);
	struct gate gate = { 0 };
	struct after a = { .w = w, .j = jobs_new(100), .gate = &gate.j, .n = 100 };

	writer_after(w, note_after, &a);
	gate_shut(&gate, w);
	for (size_t i = 0; i < a.n; i++)
		OK(writer_submit(w, &a.j[i].u));
	atomic_store(&gate.open, true);
	writer_stop(w);
	g->c = rig_open(g->url, 0);
	assert_false(a.early);
	assert_int_equal(101, a.told);
	assert_in_range(a.calls, 2, 101); /* at most 64 share a COMMIT */
	free(a.j);
}

static void test_failures_stay_alone(void **state)
{
	struct rig *g = rig_of(state);
	struct writer *w = start(g, 1000);
	struct job *j = jobs_new(100);
	struct gate gate = { 0 };

	gate_shut(&gate, w); /* so that they share groups */
	for (int i = 0; i < 100; i++) {
		j[i].want = i % 3 == 1 ? RC_DENIED : RC_OK;
		j[i].swallow = i % 10 == 5;
		OK(writer_submit(w, &j[i].u));
	}
	atomic_store(&gate.open, true);
	writer_stop(w);
	g->c = rig_open(g->url, 0);
	for (int i = 0; i < 100; i++) {
		enum rc want = j[i].swallow ? (j[i].want == RC_OK ? RC_CONFLICT : RC_DENIED) : j[i].want;

		assert_rc(want, j[i].rc);
		assert_int_equal(1, atomic_load(&j[i].done));
		assert_int_equal(i + 1, j[i].order); /* told in the order they came */
		assert_int_equal(want == RC_OK,
				 ask_int(g->c, "SELECT count(*) FROM t WHERE n = $1", ARGS(V_INT(j[i].n))));
	}
	free(j);
}

static void count_group(void *arg)
{
	++*(int *)arg;
}

/* The group's calls are begin, savepoint, (gate), release, then per unit
 * savepoint, insert, release, and the commit: the fault is put on each. */
static void test_faults(void **state)
{
	struct rig *g = rig_of(state);
	enum { JOBS = 3 };

	OK(conn_schema(g->c, "CREATE TABLE t (n row_int PRIMARY KEY, turn num_int)"));
	for (int n = 1; n <= 1 + 3 * JOBS + 1; n++) {
		struct writer *w = writer_start(rig_open(g->url, 0), 100);
		struct job *j = jobs_new(JOBS);
		struct gate gate = { .fail_at = n };
		int stored = 0, groups = 0;

		writer_after(w, count_group, &groups);
		gate_shut(&gate, w);
		for (int i = 0; i < JOBS; i++)
			OK(writer_submit(w, &j[i].u));
		atomic_store(&gate.open, true);
		writer_stop(w);
		for (int i = 0; i < JOBS; i++) {
			bool there = ask_int(g->c, "SELECT count(*) FROM t WHERE n = $1", ARGS(V_INT(j[i].n)));

			assert_int_equal(1, atomic_load(&j[i].done));
			assert_true(j[i].rc == RC_OK || j[i].rc == RC_BUSY);
			assert_int_equal(j[i].rc == RC_OK, there); /* told and stored are the same thing */
			stored += there;
		}
		if (n == 1 + 3 * JOBS + 1 && groups > 1) /* the gate took longer than a group may: once more */
			n--;
		else if (n == 1 + 3 * JOBS + 1) /* the commit: nobody */
			assert_int_equal(0, stored);
		OK(conn_run(g->c, "DELETE FROM t", NO_ARGS, NULL));
		free(j);
	}
}

static void test_queue_full_and_stop(void **state)
{
	struct rig *g = rig_of(state);
	struct writer *w = start(g, 3);
	struct job *j = jobs_new(4);
	struct gate gate = { 0 };

	gate_shut(&gate, w);
	for (int i = 0; i < 3; i++)
		OK(writer_submit(w, &j[i].u));
	assert_int_equal(3, writer_counts(w).queued);
	assert_rc(RC_BUSY, writer_submit(w, &j[3].u));
	atomic_store(&gate.open, true);
	writer_stop(w); /* runs what is queued first */
	assert_int_equal(0, atomic_load(&j[3].done));
	g->c = rig_open(g->url, 0);
	assert_int_equal(3, ask_int(g->c, "SELECT count(*) FROM t", NO_ARGS));
	free(j);
}

static enum rc run_from_inside(struct conn *c, void *arg)
{
	(void)c;
	return writer_run(*(struct writer **)arg, run_from_inside, arg);
}

static void test_run_waits(void **state)
{
	struct rig *g = rig_of(state);
	struct writer *w = start(g, 10);
	struct job *j = jobs_new(2);

	OK(writer_run(w, job_run, &j[0]));
	assert_rc(RC_CONFLICT, writer_run(w, job_run, &j[0]));
	j[1].want = RC_STALE;
	assert_rc(RC_STALE, writer_run(w, job_run, &j[1]));
	assert_rc(RC_BUG, writer_run(w, run_from_inside, &w)); /* would wait for itself */
	struct writer_counts n = writer_counts(w);
	assert_int_equal(4, n.units);
	assert_int_equal(3, n.failed);
	writer_stop(w);
	writer_stop(NULL);
	free(j);
}

/* ---- many threads ---- */

enum { THREADS = 8, PER_THREAD = 1500 };

struct crowd {
	struct writer *w;
	int64_t first;
	int told_ok;
};

static void *crowd_thread(void *arg)
{
	struct crowd *x = arg;

	for (int64_t i = 0; i < PER_THREAD; i++) {
		struct job j = { .n = x->first + i, .want = i % 7 == 3 ? RC_CONFLICT : RC_OK };

		x->told_ok += writer_run(x->w, job_run, &j) == RC_OK;
	}
	return NULL;
}

static void test_crowd(void **state)
{
	struct rig *g = rig_of(state);
	struct writer *w = start(g, 1000);
	struct crowd x[THREADS];
	pthread_t t[THREADS];
	int told = 0;
	int64_t begin = clock_monotonic();

	for (int i = 0; i < THREADS; i++) {
		x[i] = (struct crowd){ .w = w, .first = 1 + (int64_t)i * PER_THREAD };
		assert_int_equal(0, pthread_create(&t[i], NULL, crowd_thread, &x[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], NULL);
		told += x[i].told_ok;
	}
	int64_t us = clock_monotonic() - begin;
	struct writer_counts n = writer_counts(w);
	writer_stop(w);
	g->c = rig_open(g->url, 0);
	assert_int_equal(told, ask_int(g->c, "SELECT count(*) FROM t", NO_ARGS));
	assert_int_equal(THREADS * PER_THREAD, n.units);
	assert_int_equal(told, n.units - n.failed);
	assert_true(n.commits < n.units); /* they did share */
	printf("figure: store.writer_%s %.0f units/s\n", testdb_name(g->kind), (double)n.units / ((double)us / 1e6));
	printf("figure: store.writer_%s_group %.1f units/commit\n", testdb_name(g->kind),
	       (double)n.units / (double)n.commits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON(test_failures_stay_alone, TESTDB_FILE),
		ON(test_failures_stay_alone, TESTDB_PG),
		ON(test_after, TESTDB_FILE),
		ON(test_after, TESTDB_PG),
		ON(test_faults, TESTDB_FILE),
		ON(test_faults, TESTDB_PG),
		ON(test_queue_full_and_stop, TESTDB_FILE),
		ON(test_queue_full_and_stop, TESTDB_PG),
		ON(test_run_waits, TESTDB_FILE),
		ON(test_run_waits, TESTDB_PG),
		ON(test_crowd, TESTDB_FILE),
		ON(test_crowd, TESTDB_PG),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
