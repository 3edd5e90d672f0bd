#include "rules/engine.h"

#include <string.h>

/* ---- state rows --------------------------------------------------------------- */

bool state_dead(const struct rule *r, const struct state *s, int64_t rx)
{
	int64_t last = max64(s->fired_rx, s->seen_rx);

	if (s->flags & (ST_ON | ST_OPEN))
		return false;
	/* The second half: our own clock was set back by more than a trifle. */
	return rx - last > r->memory || last - rx > MINUTE;
}

struct dead_at {
	const struct rule *r;
	int64_t rx;
};

static bool row_dead(void *self, const uint64_t *row)
{
	const struct dead_at *d = self;

	return state_dead(d->r, (const struct state *)(const void *)row, d->rx);
}

struct state *state_get(struct rule *r, uint64_t key, int64_t rx, bool add)
{
	struct dead_at d = { r, rx };
	struct state *s = (struct state *)(void *)table_find(&r->table, key);

	if (s != NULL) {
		/* Forgotten at a fixed time, not when the table happens to be swept: a
		 * run and its restored copy must agree. */
		if (state_dead(r, s, rx))
			memset(&s->fired_at, 0, (r->table.words - 1) * sizeof(uint64_t));
		return s;
	}
	if (!add)
		return NULL;
	s = (struct state *)(void *)table_add(&r->table, key, RULE_KEYS_MAX, row_dead, &d);
	if (s == NULL)
		r->stats.refused++;
	return s;
}

/* ---- cool-down and limit -------------------------------------------------------- */

bool limit_full(const struct rule *r, int64_t now)
{
	if (r->limit_n == 0 || r->limit_used < r->limit_n)
		return false;
	int64_t passed = now - r->limit_ring[r->limit_at];

	return passed < r->limit_us && passed > -MINUTE;
}

void limit_take(struct rule *r, int64_t now)
{
	if (r->limit_n == 0)
		return;
	r->limit_ring[r->limit_at] = now;
	r->limit_at = r->limit_at + 1 == r->limit_n ? 0 : r->limit_at + 1;
	if (r->limit_used < r->limit_n)
		r->limit_used++;
}

static bool cooling(const struct rule *r, const struct state *s, struct moment mo, enum rule_severity severity)
{
	if (r->cooldown == 0 || s == NULL || !(s->flags & ST_FIRED))
		return false;
	if ((uint64_t)severity > s->flags >> ST_SEVERITY_SHIFT)
		return false;
	/* By event time, or by ours when the device's clock went back. */
	return mo.t - s->fired_at < r->cooldown && mo.rx - s->fired_rx < r->cooldown + RULES_GRACE;
}

bool gate_pass(struct rule *r, struct state *s, struct moment mo, enum rule_severity severity, bool lasting)
{
	bool cool = cooling(r, s, mo, severity);

	if (cool || limit_full(r, mo.rx)) {
		bool counted = lasting && s != NULL && s->flags & ST_HELD;

		if (s != NULL && lasting)
			s->flags |= ST_HELD;
		if (counted)
			return false;
		if (cool) {
			r->stats.cooled++;
			s->suppressed++;
		} else {
			r->stats.limited++;
			r->limit_waiting++;
		}
		return false;
	}
	limit_take(r, mo.rx);
	if (s == NULL)
		return true;
	s->flags &= ~(uint64_t)ST_HELD & ((1u << ST_SEVERITY_SHIFT) - 1);
	s->flags |= ST_FIRED | (uint64_t)severity << ST_SEVERITY_SHIFT;
	s->fired_at = s->fired_at == 0 ? mo.t : max64(s->fired_at, mo.t);
	s->fired_rx = mo.rx;
	return true;
}

int64_t gate_next(const struct rule *r, const struct state *s, int64_t now)
{
	int64_t next = now + RULES_SLOT;

	if (s != NULL && r->cooldown != 0 && s->flags & ST_FIRED)
		next = max64(next, s->fired_at + r->cooldown);
	if (limit_full(r, now))
		next = max64(next, r->limit_ring[r->limit_at] + r->limit_us);
	return next;
}

/* ---- matches -------------------------------------------------------------------- */

enum rule_severity severity_of(const struct rule *r, const struct rule_event *ev, int64_t t)
{
	return r->parts[PART_RAISE].used && part_true(r, PART_RAISE, ev, t) ? r->raised : r->severity;
}

void match_place(struct rule_match *m, const struct rule_event *ev)
{
	m->place = ev->place;
	m->device = ev->device;
	m->area = ev->area;
	m->subject = ev->subject;
}

void match_emit(struct rules *e, struct rule *r, uint64_t key, struct rule_match *m)
{
	m->rule_id = (struct str){ r->id, r->id_n };
	m->rule = r->slot;
	m->version = r->version;
	m->key_kind = r->key;
	m->key = (uint32_t)key;
	m->key_field = (uint32_t)(key >> 32);
	m->merge_us = r->merge_us;
	m->dedupe = hash_two(hash_two(r->id_hash, key), (uint64_t)m->since << 1 | (m->phase == RULE_CLEARED));
	uint64_t kind = r->template_hash != 0 ? r->template_hash : r->id_hash;
	/* Kinds without a place (absence of a watch) merge by key. */
	m->merge = hash_two(kind, m->place != 0 ? (uint64_t)1 << 63 | m->place : key);
	if (m->phase == RULE_FIRED) {
		m->suppressed += r->limit_waiting;
		r->limit_waiting = 0;
		r->stats.fired++;
	} else {
		r->stats.cleared++;
	}
	if (e->sink != NULL)
		e->sink(e->self, m);
}
