#include "rules/engine.h"

static const struct rule *rule_of(const struct rules *e, const struct timer *w)
{
	return e->slots[timer_rule(w)];
}

static uint64_t pack_seen(int64_t seen, uint32_t rule)
{
	return (uint64_t)(seen / MILLI) << 16 | rule;
}

/* Begin of the outage that still goes on; 0: none. */
static int64_t down_since(const struct rules *e, const struct rule *r, uint32_t key)
{
	const uint64_t *row = table_find(&e->down, (uint64_t)r->key << 32 | key);

	return row == NULL ? 0 : (int64_t)row[1];
}

static int64_t gap_at(const struct rules *e, const struct timer *w, int64_t now)
{
	int64_t down = down_since(e, rule_of(e, w), w->key), gap = (int64_t)w->gap * 10 * MILLI;

	if (down != 0)
		gap += max64(0, now - max64(down, timer_seen(w)));
	return gap;
}

int64_t watch_due(const struct rules *e, const struct timer *w, int64_t now)
{
	uint32_t for_s = w->for_flags >> TIMER_FOR_SHIFT;
	int64_t span = for_s != 0 ? for_s * SECOND : rule_of(e, w)->for_us;

	return timer_seen(w) + span + gap_at(e, w, now);
}

/* Fired and paused watches are not in the wheel. */
void watch_arm(struct rules *e, uint32_t number)
{
	struct timer *w = timer_at(&e->timers, number);

	if (!(w->for_flags & (TIMER_FIRED | TIMER_PAUSED | TIMER_WHEEL)))
		timer_insert(&e->timers, number, watch_due(e, w, e->now));
}

static void fill(const struct rules *e, const struct timer *w, int64_t now, struct rule_match *m)
{
	enum rule_key kind = rule_of(e, w)->key;

	m->since = timer_seen(w);
	m->at = now;
	m->gap = gap_at(e, w, now);
	m->severity = rule_of(e, w)->severity;
	m->place = kind == RULE_KEY_PLACE ? w->key : 0;
	m->device = kind == RULE_KEY_DEVICE ? w->key : 0;
	m->area = kind == RULE_KEY_AREA ? w->key : 0;
	m->subject = kind == RULE_KEY_WATCH ? w->key : 0;
}

bool watch_fire(struct rules *e, struct timer *w, int64_t now, int64_t *next)
{
	struct rule *r = e->slots[timer_rule(w)];
	struct rule_match m = { .phase = RULE_FIRED };

	if (limit_full(r, now)) {
		if (!(w->for_flags & TIMER_HELD)) {
			r->stats.limited++;
			r->limit_waiting++;
		}
		w->for_flags |= TIMER_HELD;
		*next = gate_next(r, NULL, now);
		return false;
	}
	limit_take(r, now);
	w->for_flags = (w->for_flags & ~(uint32_t)TIMER_HELD) | TIMER_FIRED;
	fill(e, w, now, &m);
	match_emit(e, r, w->key, &m);
	return true;
}

/* 'ev' NULL: the end of a leave. */
static void sighted(struct rules *e, uint32_t number, int64_t seen, const struct rule_event *ev)
{
	struct timer *w = timer_at(&e->timers, number);
	struct rule *r = e->slots[timer_rule(w)];

	if (seen / MILLI <= (int64_t)(w->seen_rule >> 16))
		return;
	if (w->for_flags & TIMER_FIRED) {
		struct rule_match m = { .phase = RULE_CLEARED };

		fill(e, w, seen, &m);
		if (ev != NULL) {
			match_place(&m, ev);
			m.n_events = m.n_seqs = 1;
			m.seqs[0] = ev->seq;
		}
		match_emit(e, r, w->key, &m);
	}
	w->seen_rule = pack_seen(seen, r->slot);
	w->gap = 0;
	w->for_flags &= ~(uint32_t)(TIMER_FIRED | TIMER_HELD);
	if (!(w->for_flags & TIMER_WHEEL))
		watch_arm(e, number);
}

void on_absence(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo)
{
	struct rule *r = call->rule;
	uint64_t key = call->key;
	uint32_t number = watch_number(&e->timers, r->slot, (uint32_t)key);

	if (number == 0)
		return;
	sighted(e, number - 1, r->key == RULE_KEY_DEVICE ? mo.rx : mo.t, ev);
}

/* ---- calls of the caller -------------------------------------------------------- */

static struct rule *absence_rule(const struct rules *e, uint32_t slot)
{
	struct rule *r = slot < e->n_slots ? e->slots[slot] : NULL;

	return r != NULL && r->kind == RULE_ABSENCE ? r : NULL;
}

/* A fresh record, because the old one may sit in too late a slot. */
static enum rc store_fresh(struct rules *e, const struct timer *set)
{
	struct timer copy = *set;
	uint32_t number = timer_new(&e->timers);

	if (number == UINT32_MAX)
		return RC_LIMIT;
	copy.for_flags &= ~(uint32_t)TIMER_WHEEL;
	*timer_at(&e->timers, number) = copy;
	watch_enter(&e->timers, number);
	watch_arm(e, number);
	return RC_OK;
}

enum rc watch_store(struct rules *e, uint32_t old, const struct timer *set)
{
	struct timer *w = old == 0 ? NULL : timer_at(&e->timers, old - 1);

	if (w == NULL || !(w->for_flags & TIMER_WHEEL) || watch_due(e, set, e->now) < watch_due(e, w, e->now))
		return store_fresh(e, set);
	uint32_t next = w->next;
	*w = *set;
	w->next = next;
	w->for_flags |= TIMER_WHEEL;
	return RC_OK;
}

enum rc rules_watch_set(struct rules *e, uint32_t slot, uint32_t key, const struct rule_watch *set)
{
	struct rule *r = absence_rule(e, slot);

	if (r == NULL)
		return RC_MISSING;
	if ((key == 0) != (r->key == RULE_KEY_NONE) || set->last_seen <= 0 ||
	    set->last_seen / MILLI >= (int64_t)1 << 47)
		return RC_INVALID;
	if (set->for_us < 0 || set->for_us > RULE_FOR_S_MAX * SECOND || set->gap < 0 ||
	    set->gap > UINT32_MAX * 10 * MILLI)
		return RC_INVALID;
	uint32_t old = watch_number(&e->timers, slot, key);
	if (old == 0 && e->timers.n_watches >= RULE_WATCHES_MAX)
		return RC_LIMIT;
	struct timer w = { .key = key, .seen_rule = pack_seen(set->last_seen, slot), .for_flags = TIMER_USED };
	w.gap = (uint32_t)((set->gap + 10 * MILLI - 1) / (10 * MILLI));
	w.for_flags |= (uint32_t)((set->for_us + SECOND - 1) / SECOND) << TIMER_FOR_SHIFT;
	w.for_flags |= (set->paused ? (uint32_t)TIMER_PAUSED : 0) | (set->fired ? (uint32_t)TIMER_FIRED : 0);
	return watch_store(e, old, &w);
}

enum rc rules_watch_get(const struct rules *e, uint32_t slot, uint32_t key, struct rule_watch *ret)
{
	const struct timer *w = absence_rule(e, slot) != NULL ? watch_find(&e->timers, slot, key) : NULL;

	if (w == NULL)
		return RC_MISSING;
	*ret = (struct rule_watch){
		.last_seen = timer_seen(w),
		.for_us = (w->for_flags >> TIMER_FOR_SHIFT) * SECOND,
		.gap = (int64_t)w->gap * 10 * MILLI,
		.paused = w->for_flags & TIMER_PAUSED,
		.fired = w->for_flags & TIMER_FIRED,
	};
	return RC_OK;
}

enum rc rules_watch_remove(struct rules *e, uint32_t slot, uint32_t key)
{
	if (absence_rule(e, slot) == NULL || watch_find(&e->timers, slot, key) == NULL)
		return RC_MISSING;
	watch_drop(&e->timers, slot, key);
	return RC_OK;
}

enum rc rules_pause(struct rules *e, uint32_t slot, uint32_t key, bool paused, int64_t at)
{
	uint32_t number = absence_rule(e, slot) != NULL ? watch_number(&e->timers, slot, key) : 0;

	if (number == 0)
		return RC_MISSING;
	struct timer *w = timer_at(&e->timers, number - 1);
	if (paused) {
		w->for_flags |= TIMER_PAUSED;
	} else if (w->for_flags & TIMER_PAUSED) {
		w->for_flags &= ~(uint32_t)TIMER_PAUSED;
		sighted(e, number - 1, at, NULL);
		watch_arm(e, number - 1);
	}
	return RC_OK;
}

static bool is_back(void *self, const uint64_t *row)
{
	(void)self;
	return row[1] == 0;
}

void rules_coverage(struct rules *e, enum rule_key kind, uint32_t key, bool down, int64_t at)
{
	uint64_t *row = down ? table_add(&e->down, (uint64_t)kind << 32 | key, RULE_WATCHES_MAX, is_back, NULL)
			     : table_find(&e->down, (uint64_t)kind << 32 | key);

	if (row == NULL || (row[1] != 0) == down)
		return;
	if (down) {
		row[1] = (uint64_t)max64(at, 1);
		return;
	}
	int64_t since = (int64_t)row[1];
	row[1] = 0;
	for (uint32_t i = 0; i < e->n_slots; i++) {
		struct rule *r = absence_rule(e, i);
		struct timer *w = r != NULL && r->key == kind ? watch_find(&e->timers, i, key) : NULL;

		if (w == NULL)
			continue;
		int64_t gap = max64(0, at - max64(since, timer_seen(w)));
		int64_t all = w->gap + (gap + 10 * MILLI - 1) / (10 * MILLI);
		w->gap = all < UINT32_MAX ? (uint32_t)all : UINT32_MAX;
		/* Told late, a tick may have put it too far already. */
		if (at < e->now && w->for_flags & TIMER_WHEEL)
			(void)!store_fresh(e, w);
	}
}
