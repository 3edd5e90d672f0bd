#include "rules/engine.h"

#include <stdlib.h>

/* Past this many slots (about 4.5 hours) it is cheaper to look at every timer
 * than to turn the wheel. */
enum { STEPS_MAX = 1 << 16, DEAD_SPARE = 4096, FEW = 16 };

static struct dwell_state *dwell_of(const struct rules *e, uint32_t number, struct rule **r)
{
	const struct timer *w = timer_at(&e->timers, number);

	*r = e->slots[timer_rule(w)];
	struct dwell_state *d = (struct dwell_state *)(void *)table_find(&(*r)->table, (uint64_t)w->gap << 32 | w->key);
	return d != NULL && d->timer == (uint64_t)number + 1 ? d : NULL;
}

static void due_add(struct rules *e, int64_t due, uint32_t number)
{
	const struct timer *w = timer_at(&e->timers, number);
	uint64_t high = w->for_flags & TIMER_DWELL ? w->gap : 0;

	if (e->n_due == e->cap_due) {
		uint32_t cap = e->cap_due == 0 ? 16 : e->cap_due * 2;

		e->due = mem_grow(e->due, e->cap_due * sizeof(*e->due), cap * sizeof(*e->due));
		e->cap_due = cap;
	}
	e->due[e->n_due++] = (struct due){ due, high << 32 | w->key, timer_rule(w), number };
}

/* A timer's slot came up: is it due, is it later by now, or gone? */
static void look(struct rules *e, uint32_t number, int64_t now)
{
	struct timer *w = timer_at(&e->timers, number);
	struct dwell_state *d = NULL;
	struct rule *r;
	int64_t due;

	if (w->for_flags & TIMER_DEAD) {
		timer_free(&e->timers, number);
		return;
	}
	w->for_flags &= ~(uint32_t)TIMER_WHEEL;
	if (w->for_flags & TIMER_DWELL) {
		d = dwell_of(e, number, &r);
		due = d == NULL ? NEVER : dwell_due(r, d);
		if (due == NEVER) {
			timer_free(&e->timers, number);
			if (d != NULL)
				d->timer = 0;
			return;
		}
	} else {
		if (w->for_flags & (TIMER_FIRED | TIMER_PAUSED))
			return;
		due = watch_due(e, w, now);
	}
	if (timer_slot(due) <= (uint64_t)(now / RULES_SLOT)) {
		due_add(e, due, number);
		return;
	}
	timer_insert(&e->timers, number, due);
	if (d != NULL)
		d->timer_due = due;
}

/* A few at a time: the rows of dwells are on their way while the list is still
 * being walked. */
static void look_all(struct rules *e, uint32_t list, int64_t now)
{
	uint32_t few[FEW];

	while (list != 0) {
		uint32_t n = 0;

		for (; n < FEW && list != 0; n++) {
			const struct timer *w = timer_at(&e->timers, list - 1);

			few[n] = list - 1;
			list = w->next;
			if ((w->for_flags & (TIMER_DWELL | TIMER_DEAD)) == TIMER_DWELL)
				table_prefetch(&e->slots[timer_rule(w)]->table, (uint64_t)w->gap << 32 | w->key);
		}
		for (uint32_t i = 0; i < n; i++)
			look(e, few[i], now);
	}
}

static int by_due(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	if (x->due != y->due)
		return x->due < y->due ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

static void act(struct rules *e, uint32_t number, int64_t now)
{
	struct timer *w = timer_at(&e->timers, number);
	int64_t next = 0;
	struct rule *r;

	if (!(w->for_flags & TIMER_DWELL)) {
		if (!watch_fire(e, w, now, &next))
			timer_insert(&e->timers, number, next);
		return;
	}
	struct dwell_state *d = dwell_of(e, number, &r);
	if (d == NULL)
		return;
	next = dwell_advance(e, r, d, now);
	d->timer_due = next;
	if (next == NEVER) {
		d->timer = 0;
		timer_free(&e->timers, number);
	} else {
		timer_insert(&e->timers, number, next);
	}
}

void rules_tick(struct rules *e, int64_t now)
{
	struct timers *t = &e->timers;

	if (now <= 0 || (uint64_t)(now / RULES_SLOT) < t->cur)
		return;
	uint64_t target = (uint64_t)(now / RULES_SLOT);
	e->now = max64(e->now, now);
	e->n_due = 0;
	if (t->n_dead > t->n_watches / 2 + DEAD_SPARE)
		wheel_shake(t);
	uint32_t list = t->overdue;
	t->overdue = 0;
	look_all(e, list, now);
	if (target - t->cur > STEPS_MAX)
		look_all(e, wheel_drain(t, target), now);
	while (t->cur < target) {
		uint32_t lists[WHEEL_LEVELS];

		wheel_step(t, lists);
		for (int i = 0; i < WHEEL_LEVELS; i++)
			look_all(e, lists[i], now);
	}
	/* Each due time once, in order: what a limit lets through must not depend on
	 * how the lists happened to lie. */
	if (e->n_due > 1)
		qsort(e->due, e->n_due, sizeof(*e->due), by_due);
	for (uint32_t i = 0; i < e->n_due; i++)
		act(e, e->due[i].timer, now);
}
