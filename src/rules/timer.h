/* timer.h - records of watches and dwell timers, their index and the wheel;
 * for the inside of src/rules only.
 *
 * A watch is one record of 24 bytes, in the wheel by an inner link, and one
 * index slot of 4 bytes at a load of 0.64 to 0.8: 29 to 30.3 bytes.  A record
 * does not know its slot: it is put in at or before its due time, and asked for
 * that time again when the slot comes up.  So a sighting writes last_seen only.
 */
#ifndef RULES_TIMER_H
#define RULES_TIMER_H

#include "base/base.h"

enum {
	TIMER_DWELL = 1, /* not a watch: belongs to a row of a dwell rule */
	TIMER_DEAD = 2,  /* removed, to be freed when its slot comes up */
	TIMER_FIRED = 4,
	TIMER_PAUSED = 8,
	TIMER_HELD = 16,  /* the limit holds it back, counted */
	TIMER_WHEEL = 32, /* in the wheel */
	TIMER_USED = 64,  /* not on the free list */
	TIMER_FLAGS = 127,
	TIMER_FOR_SHIFT = 7,
};

struct timer {
	uint32_t key;       /* low half of a dwell's key */
	uint32_t next;      /* number + 1 of the next in the slot or free list */
	uint64_t seen_rule; /* last seen in ms << 16 | rule slot */
	uint32_t gap;       /* hundredths of a second; high half of a dwell's key */
	uint32_t for_flags; /* seconds (0: the rule's) << TIMER_FOR_SHIFT | TIMER_* */
};

enum {
	TIMER_CHUNK = 4096,
	TIMERS_MAX = (1 << 24) - 1, /* numbers have 24 bits in the index */
	WHEEL_LEVELS = 4,
	WHEEL_SLOTS = 256,
};

struct timers {
	struct timer **chunks;
	uint32_t n_chunks;
	uint32_t n;      /* records ever used, free ones included */
	uint32_t free;   /* number + 1 */
	uint32_t *index; /* watches by (rule, key): number + 1, and 8 bits of hash on top */
	uint32_t index_cap, n_watches;
	uint32_t n_dead;                           /* marked TIMER_DEAD */
	uint64_t cur;                              /* slot of the last tick */
	uint32_t overdue;                          /* list for the next tick */
	uint32_t wheel[WHEEL_LEVELS][WHEEL_SLOTS]; /* heads, number + 1 */
};

static inline struct timer *timer_at(const struct timers *t, uint32_t number)
{
	return &t->chunks[number / TIMER_CHUNK][number % TIMER_CHUNK];
}

static inline uint32_t timer_rule(const struct timer *w)
{
	return (uint32_t)(w->seen_rule & 0xFFFF);
}

static inline int64_t timer_seen(const struct timer *w)
{
	return (int64_t)(w->seen_rule >> 16) * MILLI;
}

void timers_done(struct timers *t);
size_t timers_bytes(const struct timers *t);
/* Number; zeroed but for TIMER_USED.  UINT32_MAX: TIMERS_MAX are in use. */
uint32_t timer_new(struct timers *t);
void timer_free(struct timers *t, uint32_t number);
/* Into the first slot not before 'due'; into the next tick when that has passed. */
void timer_insert(struct timers *t, uint32_t number, int64_t due);
uint64_t timer_slot(int64_t due);
/* One slot on; what is to be looked at, as one list per level. */
void wheel_step(struct timers *t, uint32_t lists[WHEEL_LEVELS]);
/* Everything out of the wheel, as one list, and on to slot 'to'. */
uint32_t wheel_drain(struct timers *t, uint64_t to);
/* The next tick looks at everything: due times have changed, or many are dead. */
void wheel_shake(struct timers *t);

/* NULL: not enrolled. */
struct timer *watch_find(const struct timers *t, uint32_t rule, uint32_t key);
/* Ask for the index, and later for the record, before they are needed. */
void watch_prefetch(const struct timers *t, uint32_t rule, uint32_t key);
void watch_warm(const struct timers *t, uint32_t rule, uint32_t key);
/* Enters record 'number' under its rule and key, in place of an older one. */
void watch_enter(struct timers *t, uint32_t number);
/* Takes out of the index; the record is freed, now or when its slot comes up. */
void watch_drop(struct timers *t, uint32_t rule, uint32_t key);
void timer_kill(struct timers *t, uint32_t number);
uint32_t watch_number(const struct timers *t, uint32_t rule, uint32_t key); /* number + 1; 0: none */

#endif
