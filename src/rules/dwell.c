#include "rules/engine.h"

static int64_t fire_due(const struct rule *r, const struct dwell_state *d)
{
	return (d->s.flags & (ST_ON | ST_OPEN)) == ST_ON ? d->since_rx + r->for_us : NEVER;
}

static int64_t stale_due(const struct rule *r, const struct dwell_state *d)
{
	return r->stale_us != 0 && d->s.flags & ST_ON ? d->s.seen_rx + r->stale_us : NEVER;
}

int64_t dwell_due(const struct rule *r, const struct dwell_state *d)
{
	int64_t a = fire_due(r, d), b = stale_due(r, d);

	return a < b ? a : b;
}

static void tell(struct rules *e, struct rule *r, struct dwell_state *d, int64_t at, enum rule_phase phase)
{
	struct rule_match m = { .phase = phase,
				.since = d->since,
				.at = at,
				.severity = (enum rule_severity)(d->s.flags >> ST_SEVERITY_SHIFT),
				.place = (uint32_t)d->place_device,
				.device = (uint32_t)(d->place_device >> 32),
				.area = (uint32_t)d->area_subject,
				.subject = (uint32_t)(d->area_subject >> 32),
				.n_events = d->n_events,
				.n_seqs = d->n_events > 1 ? 2 : 1,
				.seqs = { d->first_seq, d->n_events > 1 ? d->last_seq : 0 } };

	if (phase == RULE_FIRED) {
		m.suppressed = d->s.suppressed;
		d->s.suppressed = 0;
	}
	match_emit(e, r, d->s.key1 - 1, &m);
}

static bool fire(struct rules *e, struct rule *r, struct dwell_state *d, struct moment mo)
{
	enum rule_severity severity = d->raised ? r->raised : r->severity;

	if (!gate_pass(r, &d->s, mo, severity, true))
		return false;
	d->s.flags |= ST_OPEN;
	tell(e, r, d, mo.t, RULE_FIRED);
	return true;
}

static void end(struct rules *e, struct rule *r, struct dwell_state *d, int64_t at)
{
	bool open = d->s.flags & ST_OPEN;

	d->s.flags &= ~(uint64_t)(ST_ON | ST_OPEN | ST_HELD);
	if (open)
		tell(e, r, d, at, RULE_CLEARED);
}

int64_t dwell_advance(struct rules *e, struct rule *r, struct dwell_state *d, int64_t now)
{
	struct moment mo = { now, now };
	int64_t a = fire_due(r, d), b = stale_due(r, d);

	if (a <= now && a <= b && !fire(e, r, d, mo) && b > now) {
		int64_t next = gate_next(r, &d->s, now);

		return next < b ? next : b;
	}
	if (b <= now)
		end(e, r, d, now);
	return dwell_due(r, d);
}

void dwell_arm(struct rules *e, struct rule *r, struct dwell_state *d)
{
	int64_t due = dwell_due(r, d);

	/* An older timer that comes up sooner will find out by itself. */
	if (due == NEVER || (d->timer != 0 && d->timer_due <= due))
		return;
	if (d->timer != 0)
		timer_kill(&e->timers, (uint32_t)(d->timer - 1));
	d->timer = 0;
	uint32_t number = timer_new(&e->timers);
	if (number == UINT32_MAX)
		return; /* 16 million at once: then by events only */
	struct timer *w = timer_at(&e->timers, number);
	uint64_t key = d->s.key1 - 1;
	w->key = (uint32_t)key;
	w->gap = (uint32_t)(key >> 32);
	w->seen_rule = r->slot;
	w->for_flags |= TIMER_DWELL;
	timer_insert(&e->timers, number, due);
	d->timer = (uint64_t)number + 1;
	d->timer_due = due;
}

static void note(const struct rule *r, struct dwell_state *d, const struct rule_event *ev, struct moment mo)
{
	if (!(d->s.flags & ST_ON)) {
		d->s.flags |= ST_ON;
		d->since = mo.t;
		d->since_rx = mo.rx;
		d->first_seq = ev->seq;
		d->n_events = 0;
		d->raised = 0;
	}
	d->n_events += d->n_events < UINT32_MAX;
	d->last_seq = ev->seq;
	d->place_device = (uint64_t)ev->device << 32 | ev->place;
	d->area_subject = (uint64_t)ev->subject << 32 | ev->area;
	d->raised |= severity_of(r, ev, mo.t) != r->severity;
}

void on_dwell(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo)
{
	struct rule *r = call->rule;
	uint64_t key = call->key;
	bool off = call->parts & 1u << PART_CLEAR, on = !off; /* both at once: the end wins */
	struct state *s = state_get(r, key, mo.rx, true);
	struct dwell_state *d = (struct dwell_state *)(void *)s;
	if (s == NULL)
		return;
	/* What server time has decided meanwhile comes first. */
	if (s->flags & ST_ON && dwell_due(r, d) <= mo.rx)
		(void)dwell_advance(e, r, d, mo.rx);
	if (mo.t < s->seen && mo.rx - s->seen_rx <= RULES_GRACE)
		return;
	s->seen = mo.t;
	s->seen_rx = mo.rx;
	if (on)
		note(r, d, ev, mo);
	/* Late deliveries: long enough by the device's own clock. */
	if ((s->flags & (ST_ON | ST_OPEN)) == ST_ON && mo.t - d->since >= r->for_us)
		(void)fire(e, r, d, mo);
	if (off)
		end(e, r, d, mo.t);
	else
		dwell_arm(e, r, d);
}
