/* ring.c - see ring.h. */
#include "lens/ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct packet *slot[RING_SLOTS];
	uint64_t head, tail, cursor; /* next to be written, oldest, next to be followed */
	size_t bytes, limit;
	bool keep_all, closed;
};

struct ring *ring_new(size_t limit_bytes, bool keep_all)
{
	struct ring *r = mem_new(sizeof(*r));
	pthread_condattr_t attr;

	r->limit = limit_bytes;
	r->keep_all = keep_all;
	pthread_mutex_init(&r->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->changed, &attr);
	pthread_condattr_destroy(&attr);
	return r;
}

static struct packet *at(const struct ring *r, uint64_t seq)
{
	return r->slot[seq % RING_SLOTS];
}

static void drop_oldest(struct ring *r)
{
	struct packet *p = at(r, r->tail);

	r->bytes -= p->bytes;
	packet_free(p);
	r->slot[r->tail % RING_SLOTS] = NULL;
	r->tail++;
}

void ring_free(struct ring *r)
{
	if (r == NULL)
		return;
	while (r->tail < r->head)
		drop_oldest(r);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r);
}

static bool is_full(const struct ring *r, size_t more)
{
	return r->tail < r->head && (r->bytes + more > r->limit || r->head - r->tail >= RING_SLOTS);
}

bool ring_put(struct ring *r, struct packet *p)
{
	pthread_mutex_lock(&r->lock);
	/* A recording's reader runs ahead by a little only, so that the ring holds
	 * what was seen already. */
	while (r->keep_all && !r->closed && r->head - r->cursor > 64)
		pthread_cond_wait(&r->changed, &r->lock);
	bool open = !r->closed;

	while (open && is_full(r, p->bytes))
		drop_oldest(r);
	if (open) {
		r->slot[r->head % RING_SLOTS] = p;
		r->head++;
		r->bytes += p->bytes;
	} else {
		packet_free(p);
	}
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	return open;
}

void ring_close(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->closed = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static struct timespec after(int64_t wait)
{
	int64_t t = clock_monotonic() + wait;

	return (struct timespec){ .tv_sec = t / SECOND, .tv_nsec = t % SECOND * 1000 };
}

static void catch_up(struct ring *r, int64_t behind, struct ring_loss *loss)
{
	if (r->cursor < r->tail) {
		loss->broken += (int64_t)(r->tail - r->cursor);
		r->cursor = r->tail;
	}
	if (behind == 0 || r->cursor >= r->head || at(r, r->head - 1)->wall - at(r, r->cursor)->wall <= behind)
		return;
	for (uint64_t seq = r->head; seq-- > r->cursor + 1;)
		if (at(r, seq)->key) {
			loss->late += (int64_t)(seq - r->cursor);
			r->cursor = seq;
			return;
		}
}

struct packet *ring_follow(struct ring *r, int64_t wait, int64_t behind, struct ring_loss *loss, bool *end)
{
	struct timespec until = after(wait);
	struct packet *p = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->cursor >= r->head && !r->closed)
		if (pthread_cond_timedwait(&r->changed, &r->lock, &until) != 0)
			break;
	catch_up(r, behind, loss);
	*end = r->closed && r->cursor >= r->head;
	if (r->cursor < r->head) {
		p = packet_ref(at(r, r->cursor));
		r->cursor++;
		if (r->keep_all)
			pthread_cond_broadcast(&r->changed);
	}
	pthread_mutex_unlock(&r->lock);
	return p;
}

size_t ring_take(struct ring *r, int64_t from, struct packet **ret, size_t most)
{
	size_t n = 0;
	uint64_t first;

	pthread_mutex_lock(&r->lock);
	first = r->head;
	for (uint64_t seq = r->head; seq-- > r->tail;) {
		if (at(r, seq)->stream != at(r, r->head - 1)->stream)
			break;
		if (at(r, seq)->key) {
			first = seq;
			if (at(r, seq)->wall <= from)
				break;
		}
	}
	for (uint64_t seq = first; seq < r->head && n < most; seq++)
		ret[n++] = packet_ref(at(r, seq));
	pthread_mutex_unlock(&r->lock);
	return n;
}

size_t ring_bytes(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	size_t n = r->bytes;

	pthread_mutex_unlock(&r->lock);
	return n;
}
