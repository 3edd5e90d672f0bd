#include "rules/engine.h"

#include <stdlib.h>
#include <string.h>

struct rules *rules_new(const struct symbols *symbols, rules_sink *sink, void *self, int64_t now)
{
	struct rules *e = mem_new(sizeof(*e));

	e->symbols = symbols;
	e->sink = sink;
	e->self = self;
	e->now = now;
	e->timers.cur = now > 0 ? (uint64_t)(now / RULES_SLOT) : 0;
	e->stale_index = true;
	table_init(&e->down, 2);
	return e;
}

void rules_free(struct rules *e)
{
	if (e == NULL)
		return;
	for (uint32_t i = 0; i < e->n_slots; i++)
		rule_free(e->slots[i]);
	timers_done(&e->timers);
	table_done(&e->down);
	free(e->entries);
	free(e->buckets);
	free(e->by_type);
	free(e->due);
	free(e);
}

size_t rules_timer_bytes(const struct rules *e)
{
	return timers_bytes(&e->timers);
}

/* ---- the rule set ----------------------------------------------------------- */

static struct rule *find_id(const struct rules *e, struct str id)
{
	for (uint32_t i = 0; i < e->n_slots; i++)
		if (e->slots[i] != NULL && str_eq((struct str){ e->slots[i]->id, e->slots[i]->id_n }, id))
			return e->slots[i];
	return NULL;
}

void rule_forget(struct rules *e, struct rule *r)
{
	bool timers = r->kind == RULE_ABSENCE || (r->kind == RULE_DWELL && r->table.n > 0);

	table_done(&r->table);
	for (uint32_t i = 0; timers && i < e->timers.n; i++) {
		struct timer *w = timer_at(&e->timers, i);

		if (!(w->for_flags & TIMER_USED) || w->for_flags & TIMER_DEAD || timer_rule(w) != r->slot)
			continue;
		if (w->for_flags & TIMER_DWELL)
			timer_kill(&e->timers, i);
		else
			watch_drop(&e->timers, r->slot, w->key);
	}
}

static uint32_t free_slot(const struct rules *e)
{
	uint32_t i = 0;

	while (i < e->n_slots && e->slots[i] != NULL)
		i++;
	return i;
}

enum rc rules_put(struct rules *e, struct str id, uint32_t version, struct rule *r, uint32_t *slot)
{
	if (id.n == 0 || id.n > RULE_ID_BYTES_MAX)
		return RC_INVALID;
	struct rule *old = find_id(e, id);
	uint32_t at = old != NULL ? old->slot : free_slot(e);
	if (at == RULES_MAX)
		return RC_LIMIT;
	memcpy(r->id, id.p, id.n);
	r->id_n = (uint32_t)id.n;
	r->id_hash = rule_hash_bytes(id);
	r->version = version;
	r->slot = at;
	bool keep = old != NULL && old->kind == RULE_ABSENCE && r->kind == RULE_ABSENCE && old->key == r->key;
	if (keep)
		wheel_shake(&e->timers); /* for_s may be shorter now */
	else if (old != NULL)
		rule_forget(e, old);
	rule_free(old);
	e->slots[at] = r;
	if (at == e->n_slots)
		e->n_slots++;
	e->stale_index = true;
	*slot = at;
	return RC_OK;
}

enum rc rules_remove(struct rules *e, struct str id)
{
	struct rule *r = find_id(e, id);

	if (r == NULL)
		return RC_MISSING;
	rule_forget(e, r);
	e->slots[r->slot] = NULL;
	rule_free(r);
	e->stale_index = true;
	return RC_OK;
}

enum rc rules_find(const struct rules *e, struct str id, uint32_t *slot)
{
	const struct rule *r = find_id(e, id);

	if (r == NULL)
		return RC_MISSING;
	*slot = r->slot;
	return RC_OK;
}

enum rc rules_stats(const struct rules *e, uint32_t slot, struct rule_stats *ret)
{
	const struct rule *r = slot < e->n_slots ? e->slots[slot] : NULL;

	if (r == NULL)
		return RC_MISSING;
	*ret = r->stats;
	ret->keys = r->table.n;
	for (uint32_t i = 0; i < e->timers.n; i++) {
		const struct timer *w = timer_at(&e->timers, i);

		if ((w->for_flags & (TIMER_USED | TIMER_DEAD | TIMER_DWELL)) == TIMER_USED && timer_rule(w) == slot)
			ret->watches++;
	}
	return RC_OK;
}

/* ---- events ----------------------------------------------------------------- */

/* Real numbers by their bits; whole numbers and truth values below 2^31 by
 * themselves; text by the hash that no new symbol changes. */
static uint32_t field_key(const struct rules *e, const struct rule_field *f)
{
	uint64_t v;

	if (f->kind == RULE_TEXT)
		return symbols_hash(e->symbols, f->text);
	memcpy(&v, &f->i, sizeof(v));
	return v < SYMBOL_HASHED ? (uint32_t)v : (uint32_t)(hash_two(v, 0) >> 33);
}

/* False: the event has no such key, the rule does not see it. */
static inline bool event_key(const struct rules *e, const struct rule *r, const struct rule_event *ev, uint64_t *key)
{
	*key = 0;
	switch (r->key) {
	case RULE_KEY_NONE: break;
	case RULE_KEY_PLACE: *key = ev->place; break;
	case RULE_KEY_DEVICE: *key = ev->device; break;
	case RULE_KEY_WATCH: *key = ev->subject; break;
	case RULE_KEY_AREA: *key = ev->area; break;
	}
	if (*key == 0 && r->key != RULE_KEY_NONE)
		return false;
	if (r->key_field == 0)
		return true;
	const struct rule_field *f = event_field(ev, r->key_field);
	if (f == NULL)
		return false;
	*key |= (uint64_t)field_key(e, f) << 32;
	return true;
}

/* Entries handled at a time: what is left of more is done without looking ahead. */
enum { CALLS = 24, AHEAD = 8 /* events, a power of two */ };

struct plan {
	const struct rule_event *ev;
	struct moment mo;
	const struct entry *next, *end;
	uint32_t n;
	struct call calls[CALLS];
};

static void fetch(const struct rules *e, const struct call *c)
{
	if (c->rule->kind == RULE_ABSENCE)
		watch_prefetch(&e->timers, c->rule->slot, (uint32_t)c->key);
	else
		table_prefetch(&c->rule->table, c->key);
}

/* Which rules have something to do, by conditions alone; their state is asked for
 * from memory meanwhile, since waiting for it is what costs most. */
static void plan_more(const struct rules *e, struct plan *p)
{
	const struct rule_event *ev = p->ev;

	p->n = 0;
	for (; p->next < p->end && p->n < CALLS; p->next++) {
		const struct entry *en = p->next;
		struct call *c = &p->calls[p->n];

		if (ev->place - en->lo > en->span || (en->device != 0 && en->device != ev->device))
			continue;
		c->parts = en->sure;
		for (uint32_t left = en->parts & ~(uint32_t)en->sure; left != 0; left &= left - 1) {
			int part = __builtin_ctz(left);

			c->parts |= (uint32_t)way_true(en->rule, en->start[part], ev, p->mo.t) << part;
		}
		if (c->parts == 0 || !event_key(e, en->rule, ev, &c->key))
			continue;
		c->rule = en->rule;
		fetch(e, c);
		p->n++;
	}
}

static void plan_begin(const struct rules *e, struct plan *p, const struct rule_event *ev)
{
	const struct bucket *b = &e->buckets[ev->type < e->n_types ? e->by_type[ev->type] : 0];

	p->ev = ev;
	p->mo = (struct moment){ .t = ev->at, .rx = ev->received };
	if (p->mo.t <= 0 || p->mo.t > p->mo.rx)
		p->mo.t = p->mo.rx;
	p->next = e->entries + b->first;
	p->end = p->next + b->n;
	plan_more(e, p);
}

/* The index of the watches is there by now: on to their records. */
static void plan_warm(const struct rules *e, const struct plan *p)
{
	for (const struct call *c = p->calls; c < p->calls + p->n; c++)
		if (c->rule->kind == RULE_ABSENCE)
			watch_warm(&e->timers, c->rule->slot, (uint32_t)c->key);
}

static void plan_run(struct rules *e, struct plan *p)
{
	e->now = max64(e->now, p->mo.rx);
	while (p->n > 0) {
		for (const struct call *c = p->calls; c < p->calls + p->n; c++)
			switch (c->rule->kind) {
			case RULE_MATCH: on_match(e, c, p->ev, p->mo); break;
			case RULE_COUNT: on_count(e, c, p->ev, p->mo); break;
			case RULE_DWELL: on_dwell(e, c, p->ev, p->mo); break;
			case RULE_ABSENCE: on_absence(e, c, p->ev, p->mo); break;
			case RULE_SEQUENCE: on_sequence(e, c, p->ev, p->mo); break;
			}
		plan_more(e, p);
	}
}

/* Plans depend on rules only, so those of the next events may be made before
 * this one has run. */
void rules_events(struct rules *e, const struct rule_event *ev, size_t n)
{
	struct plan plans[AHEAD];

	if (e->stale_index)
		index_build(e);
	for (size_t i = 0; i < n && i < AHEAD - 1; i++)
		plan_begin(e, &plans[i], ev + i);
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD - 1 < n)
			plan_begin(e, &plans[(i + AHEAD - 1) % AHEAD], ev + i + AHEAD - 1);
		if (i + AHEAD / 2 < n)
			plan_warm(e, &plans[(i + AHEAD / 2) % AHEAD]);
		plan_run(e, &plans[i % AHEAD]);
	}
}

void rules_event(struct rules *e, const struct rule_event *ev)
{
	rules_events(e, ev, 1);
}
