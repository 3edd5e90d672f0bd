#include "store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { GROUP_UNITS = 64, GROUP_US = 5000 };

struct list {
	struct unit *first, *last;
	size_t n;
};

struct writer {
	struct conn *c; /* the thread's alone */
	void (*after)(void *arg);
	void *after_arg;
	pthread_t thread;
	pthread_mutex_t lock; /* guards everything below */
	pthread_cond_t wake;
	struct list waiting;
	size_t queue;
	bool stop, asleep;
	struct writer_counts counts;
};

static void list_add(struct list *l, struct unit *u)
{
	u->next = NULL;
	if (l->last)
		l->last->next = u;
	else
		l->first = u;
	l->last = u;
	l->n++;
}

static struct unit *list_take(struct list *l)
{
	struct unit *u = l->first;

	if (u == NULL)
		return NULL;
	l->first = u->next;
	if (l->first == NULL)
		l->last = NULL;
	l->n--;
	return u;
}

/* ---- the thread ------------------------------------------------------------ */

/* Waits for the first unit of a group; NULL when the writer is done. */
static struct unit *wait_unit(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->waiting.n == 0 && !w->stop) {
		w->asleep = true;
		pthread_cond_wait(&w->wake, &w->lock);
	}
	w->asleep = false;
	struct unit *u = list_take(&w->waiting);
	pthread_mutex_unlock(&w->lock);
	return u;
}

static struct unit *next_unit(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	struct unit *u = list_take(&w->waiting);
	pthread_mutex_unlock(&w->lock);
	return u;
}

/* false: the transaction itself is lost, and with it the whole group. */
static bool run_unit(struct conn *c, struct unit *u)
{
	u->rc = conn_savepoint(c);
	if (u->rc != RC_OK)
		return false;
	u->rc = u->run(c, u->arg);
	/* A failure that 'run' kept to itself comes back here. */
	if (u->rc == RC_OK)
		u->rc = conn_release(c);
	return u->rc == RC_OK || conn_back_to_savepoint(c) == RC_OK;
}

/* Runs units until the group is full; false when the transaction is lost. */
static bool run_group(struct writer *w, struct unit *u, struct list *group)
{
	int64_t start = clock_monotonic();
	bool sound = true;

	while (u && sound) {
		list_add(group, u);
		sound = run_unit(w->c, u);
		u = NULL;
		if (sound && group->n < GROUP_UNITS && clock_monotonic() - start < GROUP_US)
			u = next_unit(w);
	}
	return sound;
}

static enum rc commit_group(struct writer *w, bool sound, int64_t *us)
{
	if (!sound) {
		conn_rollback(w->c);
		return RC_BUSY;
	}
	int64_t start = clock_monotonic();
	enum rc rc = conn_commit(w->c);
	*us = clock_monotonic() - start;
	/* Whatever it was, no unit is to blame and all may try again. */
	return rc == RC_OK ? RC_OK : RC_BUSY;
}

/* Without a transaction everything that waits now has failed; the queue must
 * not fill up behind a store that is away. */
static void take_all(struct writer *w, struct unit *u, struct list *group)
{
	for (; u; u = group->n < GROUP_UNITS ? next_unit(w) : NULL)
		list_add(group, u);
}

static void tell_group(struct writer *w, struct list *group, enum rc rc, bool committed, int64_t us)
{
	int64_t units = (int64_t)group->n, bad = 0;

	for (struct unit *u = group->first; u; u = u->next) {
		/* A unit that had failed by itself keeps its own reason. */
		if (rc != RC_OK && u->rc == RC_OK)
			u->rc = rc;
		bad += u->rc != RC_OK;
	}
	pthread_mutex_lock(&w->lock);
	w->counts.units += units;
	w->counts.failed += bad;
	w->counts.commits += committed;
	w->counts.commit_us += us;
	pthread_mutex_unlock(&w->lock);
	for (struct unit *u = list_take(group); u; u = list_take(group))
		u->done(u->arg, u->rc);
	if (w->after)
		w->after(w->after_arg);
}

static void *writer_thread(void *arg)
{
	struct writer *w = arg;

	for (struct unit *u = wait_unit(w); u; u = wait_unit(w)) {
		struct list group = { 0 };
		int64_t us = 0;
		enum rc rc = conn_begin(w->c);

		if (rc == RC_OK) {
			bool sound = run_group(w, u, &group);

			rc = commit_group(w, sound, &us);
		} else {
			rc = RC_BUSY;
			take_all(w, u, &group);
		}
		tell_group(w, &group, rc, rc == RC_OK, us);
	}
	return NULL;
}

/* ---- for other threads ------------------------------------------------------ */

struct writer *writer_start(struct conn *c, size_t queue)
{
	struct writer *w = mem_new(sizeof(*w));
	sigset_t all, before;

	w->c = c;
	w->queue = queue;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int e = pthread_create(&w->thread, NULL, writer_thread, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e != 0)
		fatal("no thread for the writer (%d)", e);
	pthread_setname_np(w->thread, "writer");
	return w;
}

void writer_after(struct writer *w, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&w->lock); /* the thread sees it with its first unit */
	w->after = fn;
	w->after_arg = arg;
	pthread_mutex_unlock(&w->lock);
}

enum rc writer_submit(struct writer *w, struct unit *u)
{
	enum rc rc = RC_BUSY;

	u->rc = RC_OK;
	pthread_mutex_lock(&w->lock);
	if (!w->stop && w->waiting.n < w->queue) {
		list_add(&w->waiting, u);
		if (w->asleep) {
			w->asleep = false; /* one call is enough */
			pthread_cond_signal(&w->wake);
		}
		rc = RC_OK;
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

struct waiter {
	enum rc (*run)(struct conn *c, void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t over;
	bool done;
	enum rc rc;
};

static enum rc waiter_run(struct conn *c, void *arg)
{
	struct waiter *x = arg;

	return x->run(c, x->arg);
}

static void waiter_done(void *arg, enum rc rc)
{
	struct waiter *x = arg;

	pthread_mutex_lock(&x->lock);
	x->rc = rc;
	x->done = true;
	pthread_cond_signal(&x->over);
	pthread_mutex_unlock(&x->lock);
}

enum rc writer_run(struct writer *w, enum rc (*run)(struct conn *c, void *arg), void *arg)
{
	struct waiter x = { .run = run, .arg = arg };
	struct unit u = { .run = waiter_run, .done = waiter_done, .arg = &x };

	if (pthread_equal(pthread_self(), w->thread))
		return RC_BUG; /* would wait for itself */
	pthread_mutex_init(&x.lock, NULL);
	pthread_cond_init(&x.over, NULL);
	enum rc rc = writer_submit(w, &u);
	if (rc == RC_OK) {
		pthread_mutex_lock(&x.lock);
		while (!x.done)
			pthread_cond_wait(&x.over, &x.lock);
		rc = x.rc;
		pthread_mutex_unlock(&x.lock);
	}
	pthread_cond_destroy(&x.over);
	pthread_mutex_destroy(&x.lock);
	return rc;
}

void writer_stop(struct writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	conn_close(w->c);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct writer_counts writer_counts(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	struct writer_counts n = w->counts;
	n.queued = (int64_t)w->waiting.n;
	pthread_mutex_unlock(&w->lock);
	return n;
}
