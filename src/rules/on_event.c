#include "rules/engine.h"

#include <string.h>

static void fire_plain(struct rules *e, struct rule *r, struct state *s, const struct rule_event *ev, struct moment mo,
		       uint64_t key, struct rule_match *m)
{
	m->severity = severity_of(r, ev, mo.t);
	if (!gate_pass(r, s, mo, m->severity, false))
		return;
	match_place(m, ev);
	m->at = mo.t;
	if (s != NULL) {
		m->suppressed = s->suppressed;
		s->suppressed = 0;
	}
	match_emit(e, r, key, m);
}

/* ---- match ------------------------------------------------------------------ */

/* 1 on, -1 off, 0 between the thresholds or no such number. */
static int threshold_side(const struct hysteresis *h, const struct rule_event *ev)
{
	const struct rule_field *f = event_field(ev, h->field);

	if (f == NULL || (f->kind != RULE_INT && f->kind != RULE_REAL))
		return 0;
	double v = f->kind == RULE_REAL ? f->d : (double)f->i;
	if (h->low ? v <= h->on : v >= h->on)
		return 1;
	return (h->low ? v > h->off : v < h->off) ? -1 : 0;
}

static void on_threshold(struct rules *e, struct rule *r, const struct rule_event *ev, struct moment mo, uint64_t key)
{
	int side = threshold_side(&r->hyst, ev);
	struct state *s = state_get(r, key, mo.rx, side > 0);

	if (s == NULL || (mo.t < s->seen && mo.rx - s->seen_rx <= RULES_GRACE))
		return;
	struct match_state *ms = (struct match_state *)(void *)s;
	struct rule_match m = { .at = mo.t, .n_events = 1, .n_seqs = 1, .seqs = { ev->seq } };
	s->seen = mo.t;
	s->seen_rx = mo.rx;
	if (side > 0 && !(s->flags & ST_ON)) {
		s->flags |= ST_ON;
		ms->excused_at = mo.t;
	}
	m.since = ms->excused_at;
	if (side < 0) {
		bool open = s->flags & ST_OPEN;

		m.severity = (enum rule_severity)(s->flags >> ST_SEVERITY_SHIFT);
		s->flags &= ~(uint64_t)(ST_ON | ST_OPEN | ST_HELD);
		match_place(&m, ev);
		m.phase = RULE_CLEARED;
		if (open)
			match_emit(e, r, key, &m);
		return;
	}
	/* Held back at the edge: tried again with every event while it lasts. */
	if ((s->flags & (ST_ON | ST_OPEN)) != ST_ON)
		return;
	m.severity = severity_of(r, ev, mo.t);
	if (!gate_pass(r, s, mo, m.severity, true))
		return;
	s->flags |= ST_OPEN;
	match_place(&m, ev);
	m.suppressed = s->suppressed;
	s->suppressed = 0;
	match_emit(e, r, key, &m);
}

static bool excused(struct rule *r, const struct rule_event *ev, struct moment mo, uint64_t key)
{
	if (r->parts[PART_ONLY].used && !part_true(r, PART_ONLY, ev, mo.t))
		return false;
	const struct match_state *ms = (const struct match_state *)(void *)state_get(r, key, mo.rx, false);
	if (ms == NULL || ms->excused_at == 0)
		return false;
	/* The newest by its clock, and the last to arrive in case that clock was set back. */
	bool newest = mo.t >= ms->excused_at && mo.t - ms->excused_at <= r->span;
	if (!newest && (mo.t < ms->s.seen || mo.t - ms->s.seen > r->span))
		return false;
	r->stats.excused++;
	return true;
}

void on_match(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo)
{
	struct rule *r = call->rule;
	uint64_t key = call->key;

	if (call->parts & 1u << PART_WITHOUT) {
		struct match_state *ms = (struct match_state *)(void *)state_get(r, key, mo.rx, true);

		if (ms != NULL) {
			ms->excused_at = max64(ms->excused_at, mo.t);
			ms->s.seen = mo.t;
			ms->s.seen_rx = mo.rx;
		}
	}
	if (!(call->parts & 1u << PART_WHEN))
		return;
	if (r->hyst.field != 0) {
		on_threshold(e, r, ev, mo, key);
		return;
	}
	if (r->parts[PART_WITHOUT].used && excused(r, ev, mo, key))
		return;
	struct state *s = NULL;
	if (r->cooldown != 0) {
		s = state_get(r, key, mo.rx, true);
		if (s == NULL)
			return;
	}
	struct rule_match m = { .since = mo.t, .n_events = 1, .n_seqs = 1, .seqs = { ev->seq } };
	fire_plain(e, r, s, ev, mo, key, &m);
}

/* ---- count ------------------------------------------------------------------ */

static uint32_t ring_at(const struct count_state *c, uint64_t i, uint32_t cap)
{
	uint64_t at = c->head + i;

	return (uint32_t)(at >= cap ? at - cap : at);
}

/* Keeps the 'cap' newest times in order. */
static void ring_add(struct count_state *c, int64_t t, uint32_t cap)
{
	if (c->n == cap) {
		if (t < c->ring[c->head])
			return;
		c->head = c->head + 1 == cap ? 0 : c->head + 1;
		c->n--;
	}
	uint64_t i = c->n++;
	for (; i > 0 && c->ring[ring_at(c, i - 1, cap)] > t; i--)
		c->ring[ring_at(c, i, cap)] = c->ring[ring_at(c, i - 1, cap)];
	c->ring[ring_at(c, i, cap)] = t;
}

void on_count(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo)
{
	struct rule *r = call->rule;
	uint64_t key = call->key;

	struct state *s = state_get(r, key, mo.rx, true);
	struct count_state *c = (struct count_state *)(void *)s;
	if (s == NULL || mo.t < s->seen - r->span)
		return;
	uint64_t keep = r->count < RULE_SAMPLES ? r->count : RULE_SAMPLES;
	uint64_t *seqs = (uint64_t *)c + WORDS(struct count_state) + r->count;
	s->seen = max64(s->seen, mo.t);
	s->seen_rx = mo.rx;
	ring_add(c, mo.t, r->count);
	seqs[c->total++ % keep] = ev->seq;
	if (c->n < r->count || s->seen - c->ring[c->head] > r->span)
		return;
	struct rule_match m = { .since = c->ring[c->head], .n_events = r->count, .n_seqs = (uint32_t)keep };
	for (uint64_t i = 0; i < keep; i++)
		m.seqs[i] = seqs[(c->total + i) % keep];
	uint64_t fired = r->stats.fired;
	fire_plain(e, r, s, ev, mo, key, &m);
	if (r->stats.fired != fired)
		c->n = c->head = c->total = 0;
}

/* ---- sequence --------------------------------------------------------------- */

static void run_begin(struct run *run, const struct rule_event *ev, int64_t t)
{
	/* The newest begin has the most time left, so it is the only one kept. */
	if (run->used && t < run->begin)
		return;
	*run = (struct run){ .begin = t, .last = t, .used = 1, .seqs = { ev->seq } };
}

static void sequence_done(struct rules *e, struct rule *r, struct sequence_state *q, const struct rule_event *ev,
			  struct moment mo, uint64_t key)
{
	const struct run *run = &q->runs[r->steps - 2];
	struct rule_match m = { .since = run->begin, .n_events = r->steps, .n_seqs = r->steps };

	memcpy(m.seqs, run->seqs, (r->steps - 1) * sizeof(m.seqs[0]));
	m.seqs[r->steps - 1] = ev->seq;
	/* Told or held back, the events are used up. */
	memset(q->runs, 0, (r->steps - 1) * sizeof(q->runs[0]));
	fire_plain(e, r, &q->s, ev, mo, key, &m);
}

void on_sequence(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo)
{
	struct rule *r = call->rule;
	uint64_t key = call->key;

	/* Last step first, so that one event is never two steps. */
	for (int j = (int)r->steps - 1; j >= 0; j--) {
		if (!(call->parts & 1u << (PART_STEP + j)))
			continue;
		struct state *s = state_get(r, key, mo.rx, j == 0);
		struct sequence_state *q = (struct sequence_state *)(void *)s;
		if (s == NULL)
			continue;
		if (j == 0) {
			s->seen_rx = !q->runs[0].used || mo.t >= q->runs[0].begin ? mo.rx : s->seen_rx;
			run_begin(&q->runs[0], ev, mo.t);
			continue;
		}
		const struct run *run = &q->runs[j - 1];
		if (!run->used || mo.t < run->last || mo.t - run->begin > r->span)
			continue;
		s->seen_rx = mo.rx;
		if (j == (int)r->steps - 1) {
			sequence_done(e, r, q, ev, mo, key);
			return;
		}
		if (q->runs[j].used && q->runs[j].begin >= run->begin)
			continue;
		q->runs[j] = *run;
		q->runs[j].last = mo.t;
		q->runs[j].seqs[j] = ev->seq;
	}
}
