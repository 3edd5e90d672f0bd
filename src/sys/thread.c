/* thread.c - named threads and the bounded queue. */
#include "sys/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum rc thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg)
{
	sigset_t all, before;
	char cut[16];
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(ret, NULL, run, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed)
		return RC_BUSY;
	size_t n = strnlen(name, sizeof cut - 1);
	memcpy(cut, name, n);
	cut[n] = '\0';
	pthread_setname_np(*ret, cut);
	return RC_OK;
}

void thread_join(pthread_t t)
{
	if (pthread_join(t, NULL) != 0)
		fatal("thread: cannot join");
}

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, drained;
	size_t capacity, from, n;
	bool closed;
	void *items[];
};

struct queue *queue_new(size_t capacity)
{
	struct queue *q = mem_new(sizeof *q + capacity * sizeof q->items[0]);
	pthread_condattr_t monotonic;
	pthread_mutex_init(&q->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&q->filled, &monotonic);
	pthread_cond_init(&q->drained, &monotonic);
	pthread_condattr_destroy(&monotonic);
	q->capacity = capacity;
	return q;
}

void queue_free(struct queue *q)
{
	if (q == NULL)
		return;
	pthread_cond_destroy(&q->filled);
	pthread_cond_destroy(&q->drained);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* False when the time is over; 'until' negative waits for ever. */
static bool wait_until(struct queue *q, pthread_cond_t *c, int64_t until)
{
	if (until < 0)
		return pthread_cond_wait(c, &q->lock) == 0;
	struct timespec t = { .tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000 };
	return pthread_cond_timedwait(c, &q->lock, &t) != ETIMEDOUT;
}

static int64_t end_of(int64_t wait)
{
	return wait < 0 ? -1 : clock_monotonic() + wait;
}

enum rc queue_push_wait(struct queue *q, void *item, int64_t wait)
{
	int64_t until = wait == 0 ? 0 : end_of(wait);
	enum rc rc = RC_OK;
	pthread_mutex_lock(&q->lock);
	while (q->n == q->capacity && !q->closed && wait != 0)
		if (!wait_until(q, &q->drained, until))
			break;
	if (q->closed) {
		rc = RC_MISSING;
	} else if (q->n == q->capacity) {
		rc = RC_BUSY;
	} else {
		q->items[(q->from + q->n) % q->capacity] = item;
		q->n++;
		pthread_cond_signal(&q->filled);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

enum rc queue_push(struct queue *q, void *item)
{
	return queue_push_wait(q, item, 0);
}

size_t queue_pop_many(struct queue *q, void **items, size_t max, int64_t wait)
{
	int64_t until = wait == 0 ? 0 : end_of(wait);
	size_t n = 0;
	pthread_mutex_lock(&q->lock);
	while (q->n == 0 && !q->closed && wait != 0)
		if (!wait_until(q, &q->filled, until))
			break;
	for (; n < max && q->n > 0; n++, q->n--) {
		items[n] = q->items[q->from];
		q->from = (q->from + 1) % q->capacity;
	}
	if (n == 1)
		pthread_cond_signal(&q->drained);
	else if (n > 1)
		pthread_cond_broadcast(&q->drained);
	pthread_mutex_unlock(&q->lock);
	return n;
}

void *queue_pop(struct queue *q, int64_t wait)
{
	void *item = NULL;
	return queue_pop_many(q, &item, 1, wait) ? item : NULL;
}

void queue_close(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	pthread_cond_broadcast(&q->filled);
	pthread_cond_broadcast(&q->drained);
	pthread_mutex_unlock(&q->lock);
}

bool queue_is_closed(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	bool ret = q->closed;
	pthread_mutex_unlock(&q->lock);
	return ret;
}

size_t queue_length(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	size_t ret = q->n;
	pthread_mutex_unlock(&q->lock);
	return ret;
}
