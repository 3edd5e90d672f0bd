#include "rules/timer.h"

#include <stdlib.h>
#include <string.h>

#include "rules/rules.h"

void timers_done(struct timers *t)
{
	for (uint32_t i = 0; i < t->n_chunks; i++)
		free(t->chunks[i]);
	free(t->chunks);
	free(t->index);
	*t = (struct timers){ .cur = t->cur };
}

size_t timers_bytes(const struct timers *t)
{
	return sizeof(*t) + t->n_chunks * (sizeof(t->chunks[0]) + TIMER_CHUNK * sizeof(struct timer)) +
	       t->index_cap * sizeof(t->index[0]);
}

/* ---- records ---------------------------------------------------------------- */

uint32_t timer_new(struct timers *t)
{
	uint32_t number;

	if (t->free != 0) {
		number = t->free - 1;
		t->free = timer_at(t, number)->next;
	} else if (t->n == TIMERS_MAX) {
		return UINT32_MAX;
	} else {
		/* Chunks never move, and the last one is the only slack. */
		if (t->n == t->n_chunks * TIMER_CHUNK) {
			t->chunks = mem_grow(t->chunks, t->n_chunks * sizeof(t->chunks[0]),
					     (t->n_chunks + 1) * sizeof(t->chunks[0]));
			t->chunks[t->n_chunks++] = mem_new(TIMER_CHUNK * sizeof(struct timer));
		}
		number = t->n++;
	}
	*timer_at(t, number) = (struct timer){ .for_flags = TIMER_USED };
	return number;
}

void timer_free(struct timers *t, uint32_t number)
{
	t->n_dead -= (timer_at(t, number)->for_flags & TIMER_DEAD) != 0;
	*timer_at(t, number) = (struct timer){ .next = t->free };
	t->free = number + 1;
}

void timer_kill(struct timers *t, uint32_t number)
{
	struct timer *w = timer_at(t, number);

	/* The slot's list has one direction only: mark, free when it comes up. */
	if (!(w->for_flags & TIMER_WHEEL)) {
		timer_free(t, number);
	} else if (!(w->for_flags & TIMER_DEAD)) {
		w->for_flags |= TIMER_DEAD;
		t->n_dead++;
	}
}

/* ---- index ------------------------------------------------------------------ */

enum { INDEX_BITS = 24, INDEX_NUMBER = (1 << INDEX_BITS) - 1 };

static uint64_t watch_hash(uint32_t rule, uint32_t key)
{
	uint64_t h = ((uint64_t)rule << 32 | key) * 0x9E3779B97F4A7C15u;

	return (h ^ h >> 32) * 0xBF58476D1CE4E5B9u;
}

/* Place in a table of any size: the hash scaled down, so that it may grow by a
 * quarter instead of doubling. */
static uint32_t home(const struct timers *t, uint64_t hash)
{
	return (uint32_t)((hash >> 32) * t->index_cap >> 32);
}

/* Saves reading the records of nearly all others on the way. */
static uint32_t tag(uint64_t hash)
{
	return (uint32_t)hash & ~(uint32_t)INDEX_NUMBER;
}

static uint64_t hash_of(const struct timers *t, uint32_t entry)
{
	const struct timer *w = timer_at(t, (entry & INDEX_NUMBER) - 1);

	return watch_hash(timer_rule(w), w->key);
}

/* Where the watch is, or the empty slot where it belongs. */
static uint32_t seek(const struct timers *t, uint32_t rule, uint32_t key)
{
	uint64_t hash = watch_hash(rule, key);
	uint32_t i = home(t, hash), want = tag(hash);

	for (; t->index[i] != 0; i = i + 1 == t->index_cap ? 0 : i + 1) {
		if ((t->index[i] & ~(uint32_t)INDEX_NUMBER) != want)
			continue;
		const struct timer *w = timer_at(t, (t->index[i] & INDEX_NUMBER) - 1);
		if (w->key == key && timer_rule(w) == rule)
			break;
	}
	return i;
}

void watch_prefetch(const struct timers *t, uint32_t rule, uint32_t key)
{
	if (t->index_cap != 0)
		__builtin_prefetch(&t->index[home(t, watch_hash(rule, key))]);
}

void watch_warm(const struct timers *t, uint32_t rule, uint32_t key)
{
	if (t->index_cap == 0)
		return;
	uint64_t hash = watch_hash(rule, key);
	uint32_t i = home(t, hash), want = tag(hash);

	for (; t->index[i] != 0; i = i + 1 == t->index_cap ? 0 : i + 1) {
		if ((t->index[i] & ~(uint32_t)INDEX_NUMBER) != want)
			continue;
		__builtin_prefetch(timer_at(t, (t->index[i] & INDEX_NUMBER) - 1));
		return;
	}
}

uint32_t watch_number(const struct timers *t, uint32_t rule, uint32_t key)
{
	return t->index_cap == 0 ? 0 : t->index[seek(t, rule, key)] & INDEX_NUMBER;
}

struct timer *watch_find(const struct timers *t, uint32_t rule, uint32_t key)
{
	uint32_t number1 = watch_number(t, rule, key);

	return number1 == 0 ? NULL : timer_at(t, number1 - 1);
}

static void index_grow(struct timers *t)
{
	uint32_t *old = t->index, old_cap = t->index_cap;

	t->index_cap = old_cap < 64 ? 64 : old_cap + old_cap / 4;
	t->index = mem_new(t->index_cap * sizeof(t->index[0]));
	for (uint32_t i = 0; i < old_cap; i++) {
		if (old[i] == 0)
			continue;
		uint32_t at = home(t, hash_of(t, old[i]));

		while (t->index[at] != 0)
			at = at + 1 == t->index_cap ? 0 : at + 1;
		t->index[at] = old[i];
	}
	free(old);
}

void watch_enter(struct timers *t, uint32_t number)
{
	const struct timer *w = timer_at(t, number);

	if (((uint64_t)t->n_watches + 1) * 5 > (uint64_t)t->index_cap * 4)
		index_grow(t);
	uint32_t at = seek(t, timer_rule(w), w->key);
	if (t->index[at] == 0)
		t->n_watches++;
	else
		timer_kill(t, (t->index[at] & INDEX_NUMBER) - 1);
	t->index[at] = tag(watch_hash(timer_rule(w), w->key)) | (number + 1);
}

void watch_drop(struct timers *t, uint32_t rule, uint32_t key)
{
	if (t->index_cap == 0)
		return;
	uint32_t hole = seek(t, rule, key), i = hole;

	if (t->index[hole] == 0)
		return;
	uint32_t gone = (t->index[hole] & INDEX_NUMBER) - 1;
	/* Moves later ones of the same run back, so that no marker is needed. */
	for (;;) {
		i = i + 1 == t->index_cap ? 0 : i + 1;
		if (t->index[i] == 0)
			break;
		uint32_t want = home(t, hash_of(t, t->index[i]));
		bool between = hole <= i ? want > hole && want <= i : want > hole || want <= i;

		if (between)
			continue;
		t->index[hole] = t->index[i];
		hole = i;
	}
	t->index[hole] = 0;
	t->n_watches--;
	timer_kill(t, gone);
}

/* ---- wheel ------------------------------------------------------------------ */

uint64_t timer_slot(int64_t due)
{
	return due <= 0 ? 0 : ((uint64_t)due + RULES_SLOT - 1) / RULES_SLOT;
}

void timer_insert(struct timers *t, uint32_t number, int64_t due)
{
	struct timer *w = timer_at(t, number);
	uint64_t slot = timer_slot(due), ahead = slot - t->cur;
	uint32_t *head = &t->overdue;

	if (slot > t->cur) {
		int level = 0;

		if (ahead > UINT32_MAX) { /* 34 years: looked at again there */
			ahead = UINT32_MAX;
			slot = t->cur + ahead;
		}
		while (level < WHEEL_LEVELS - 1 && ahead >> 8 * (level + 1) != 0)
			level++;
		head = &t->wheel[level][slot >> 8 * level & (WHEEL_SLOTS - 1)];
	}
	w->for_flags |= TIMER_WHEEL;
	w->next = *head;
	*head = number + 1;
}

/* Puts list 'more' before *list. */
static void splice(const struct timers *t, uint32_t *list, uint32_t more)
{
	if (more == 0)
		return;
	struct timer *last = timer_at(t, more - 1);
	while (last->next != 0)
		last = timer_at(t, last->next - 1);
	last->next = *list;
	*list = more;
}

void wheel_step(struct timers *t, uint32_t lists[WHEEL_LEVELS])
{
	bool turn = true;

	t->cur++;
	for (int level = 0; level < WHEEL_LEVELS; level++) {
		uint32_t at = (uint32_t)(t->cur >> 8 * level) & (WHEEL_SLOTS - 1);

		lists[level] = turn ? t->wheel[level][at] : 0;
		if (turn)
			t->wheel[level][at] = 0;
		/* The next level turns only when this one has gone round. */
		turn = turn && at == 0;
	}
}

uint32_t wheel_drain(struct timers *t, uint64_t to)
{
	uint32_t list = t->overdue;

	t->overdue = 0;
	for (int level = 0; level < WHEEL_LEVELS; level++)
		for (int i = 0; i < WHEEL_SLOTS; i++) {
			splice(t, &list, t->wheel[level][i]);
			t->wheel[level][i] = 0;
		}
	t->cur = to;
	return list;
}

void wheel_shake(struct timers *t)
{
	t->overdue = wheel_drain(t, t->cur);
}
