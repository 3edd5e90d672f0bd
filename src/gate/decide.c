/* decide.c - from the strongest word to the weakest: alarm, the lane's way, the
 * door's mode, a person at the gate, the method, the credential, its right
 * here, the rules of the area, and who is inside already. */
#include "gate/inner.h"

#include <string.h>

/* ---- the list ------------------------------------------------------------------ */

static uint32_t slot_of(const struct gate_list *l, struct gate_key k)
{
	return (uint32_t)(k.a ^ k.a >> 32) & (l->n_slots - 1);
}

bool gate_list_index(struct gate_list *l, uint32_t *slots, uint32_t n_slots)
{
	if (n_slots == 0 || (n_slots & (n_slots - 1)) || n_slots / 2 < l->n_credentials)
		return false;
	memset(slots, 0, n_slots * sizeof(*slots));
	l->slots = slots;
	l->n_slots = n_slots;
	for (uint32_t i = 0; i < l->n_credentials; i++) {
		uint32_t at = slot_of(l, l->credentials[i].key);

		while (slots[at])
			at = (at + 1) & (n_slots - 1);
		slots[at] = i + 1;
	}
	return true;
}

static bool same_key(struct gate_key a, struct gate_key b)
{
	return ((a.a ^ b.a) | (a.b ^ b.b)) == 0;
}

const struct gate_credential *gate_list_find(const struct gate_list *l, struct gate_key key)
{
	if (l->slots == NULL) {
		for (uint32_t i = 0; i < l->n_credentials; i++)
			if (same_key(l->credentials[i].key, key))
				return &l->credentials[i];
		return NULL;
	}
	for (uint32_t at = slot_of(l, key); l->slots[at]; at = (at + 1) & (l->n_slots - 1))
		if (same_key(l->credentials[l->slots[at] - 1].key, key))
			return &l->credentials[l->slots[at] - 1];
	return NULL;
}

static bool holds(const struct gate_list *l, uint32_t schedule, struct gate_moment m)
{
	if (schedule == 0)
		return true;
	return schedule <= l->n_schedules && gate_schedule_at(&l->schedules[schedule - 1], m);
}

/* ---- the door -------------------------------------------------------------------- */

static enum gate_alarm alarm_now(const struct gate_lane_state *st, int64_t now)
{
	return st->alarm != GATE_CALM && now < st->alarm_until ? (enum gate_alarm)st->alarm : GATE_CALM;
}

static enum gate_mode mode_by_clock(const struct gate_list *l, const struct gate_lane *lane,
				    const struct gate_lane_state *st, int64_t now, struct gate_moment m)
{
	if (st->override_until && now < st->override_until)
		return (enum gate_mode)st->override_mode;
	for (unsigned i = 0; i < lane->n_modes && i < GATE_MODES_MAX; i++)
		if (holds(l, lane->modes[i].schedule, m))
			return (enum gate_mode)lane->modes[i].mode;
	return (enum gate_mode)lane->mode;
}

enum gate_mode gate_mode_now(const struct gate_list *l, const struct gate_lane *lane, const struct gate_lane_state *st,
			     int64_t now)
{
	enum gate_alarm alarm = alarm_now(st, now);

	return alarm == GATE_EVACUATION ? GATE_OPEN
	       : alarm == GATE_LOCKDOWN ? GATE_CLOSED
					: mode_by_clock(l, lane, st, now, gate_moment(l->tz_offset_s, now));
}

static bool is_way(const struct gate_list *l, const struct gate_lane *lane, unsigned method, struct gate_moment m)
{
	for (unsigned i = 0; i < lane->n_ways && i < GATE_WAYS_MAX; i++)
		if (lane->ways[i].method == method && holds(l, lane->ways[i].schedule, m))
			return true;
	return false;
}

/* When all this is asked. */
struct when {
	int64_t now, sure;
	struct gate_moment m;
};

/* ---- the holder ---------------------------------------------------------------------- */

static enum gate_reason check_credential(const struct gate_credential *k, int64_t now, int64_t sure)
{
	static const enum gate_reason by_state[] = { GATE_OK, GATE_IS_SUSPENDED, GATE_IS_LOST, GATE_IS_EXPIRED,
						     GATE_IS_REVOKED };

	if (k->state != GATE_ACTIVE)
		return k->state < COUNT(by_state) ? by_state[k->state] : GATE_IS_REVOKED;
	if (k->to_at && now >= k->to_at)
		return GATE_IS_EXPIRED;
	return sure < k->from_at ? GATE_NOT_YET : GATE_OK;
}

static bool is_here(const struct gate_lane *lane, const struct gate_right *r)
{
	if (r->door)
		return r->door == lane->door;
	for (unsigned i = 0; i < lane->n_groups && i < GATE_GROUPS_MAX; i++)
		if (r->group == lane->groups[i])
			return r->group != 0;
	return false;
}

/* The best of several rights counts; without one, the nearest miss is told. */
static enum gate_reason check_rights(const struct gate_list *l, const struct gate_lane *lane,
				     const struct gate_right *rights, uint32_t n, const struct when *w)
{
	enum gate_reason miss = GATE_WRONG_DOOR;

	for (uint32_t i = 0; i < n; i++) {
		const struct gate_right *r = &rights[i];

		if (!is_here(lane, r))
			continue;
		if (r->to_at && w->now >= r->to_at)
			miss = miss == GATE_WRONG_DOOR ? GATE_DOOR_EXPIRED : miss;
		else if (w->sure < r->from_at)
			miss = miss == GATE_OUT_OF_HOURS ? miss : GATE_NOT_YET;
		else if (!holds(l, r->schedule, w->m))
			miss = GATE_OUT_OF_HOURS;
		else
			return GATE_OK;
	}
	return miss;
}

/* ---- the rules of the area ------------------------------------------------------------- */

static struct gate_decision say(enum gate_verdict v, enum gate_reason why)
{
	return (struct gate_decision){ v, why, NULL };
}

static struct gate_decision ask_scan(const struct gate_policy *p, unsigned scan)
{
	static const enum gate_verdict by_fallback[] = { GATE_GRANT, GATE_ASK, GATE_REFUSE };

	switch (scan) {
	case GATE_SCAN_PASS: return say(GATE_GRANT, GATE_OK);
	case GATE_SCAN_TIMEOUT:
		return p->fallback == GATE_FALL_OPEN
			       ? say(GATE_GRANT, GATE_OK)
			       : say(by_fallback[p->fallback < COUNT(by_fallback) ? p->fallback : GATE_FALL_ASK],
				     GATE_SCAN_ASKED);
	case GATE_SCAN_REFUSE: return say(GATE_REFUSE, GATE_SCAN_ASKED);
	default: return say(GATE_ASK, GATE_SCAN_ASKED); /* a warning, or none was scanned */
	}
}

static struct gate_decision by_policy(const struct gate_policy *p, const struct gate_request *rq, unsigned holder)
{
	struct gate_decision d = say(GATE_GRANT, GATE_OK);

	if (p->refuses >> holder & 1)
		return say(GATE_REFUSE, GATE_BY_POLICY);
	if (p->scans)
		d = ask_scan(p, rq->scan);
	if (d.verdict != GATE_GRANT)
		return d;
	if (p->asks >> holder & 1)
		return say(GATE_ASK, GATE_BY_POLICY);
	if (p->most_dc && rq->temperature_dc == 0)
		return say(GATE_ASK, GATE_NO_TEMPERATURE);
	if (p->most_dc && rq->temperature_dc > p->most_dc)
		return say(GATE_ASK, GATE_TEMPERATURE);
	return d;
}

/* All that are in force; a refusal is stronger than a question.  Who leaves is
 * asked nothing. */
static struct gate_decision by_policies(const struct gate_list *l, const struct gate_lane *lane,
					const struct gate_request *rq, unsigned holder, int64_t now)
{
	struct gate_decision worst = say(GATE_GRANT, GATE_OK);

	if (rq->direction == GATE_OUT)
		return worst;
	for (uint32_t i = 0; i < l->n_policies; i++) {
		const struct gate_policy *p = &l->policies[i];
		bool here = false;

		for (unsigned a = 0; a < lane->n_areas && a < GATE_AREAS_MAX && !here; a++)
			here = lane->areas[a] == p->area;
		if (!here || now < p->from_at || (p->to_at && now >= p->to_at))
			continue;
		struct gate_decision d = by_policy(p, rq, holder);

		if (d.verdict == GATE_REFUSE)
			return d;
		if (d.verdict == GATE_ASK && worst.verdict == GATE_GRANT)
			worst = d;
	}
	return worst;
}

/* ---- who is inside already ----------------------------------------------------------------- */

static bool passed_back(const struct gate_lane *lane, const struct gate_lane_state *st, const struct gate_request *rq,
			int64_t now)
{
	const struct gate_last *last = &rq->last;

	if (lane->passback == GATE_PASSBACK_OFF || !last->known || last->at < st->forgiven_at)
		return false;
	if (lane->passback_us && now - last->at >= lane->passback_us)
		return false;
	return last->direction == rq->direction;
}

/* ---- the decision ---------------------------------------------------------------------------- */

/* What decides before anybody is asked who he is; false: nothing. */
static bool by_door(const struct gate_lane *lane, enum gate_alarm alarm, enum gate_mode mode,
		    const struct gate_request *rq, int64_t now, struct gate_decision *d)
{
	if (lane->direction != GATE_BOTH && rq->direction != lane->direction && rq->method != GATE_GUARD)
		*d = say(GATE_REFUSE, GATE_WRONG_WAY);
	else if (alarm == GATE_EVACUATION && rq->direction == GATE_OUT)
		*d = say(GATE_GRANT, GATE_BY_EVACUATION);
	else if (rq->method == GATE_GUARD)
		*d = say(GATE_GRANT, GATE_BY_GUARD);
	else if (rq->method == GATE_REMOTE && now >= rq->order_until)
		*d = say(GATE_REFUSE, GATE_ORDER_OVER);
	else if (rq->method == GATE_REMOTE)
		*d = alarm == GATE_LOCKDOWN ? say(GATE_REFUSE, GATE_IN_LOCKDOWN) : say(GATE_GRANT, GATE_BY_REMOTE);
	else if (mode == GATE_OPEN && alarm == GATE_CALM)
		*d = say(GATE_GRANT, GATE_BY_MODE);
	else if (mode == GATE_CARD_ONLY && rq->method != GATE_CARD)
		*d = say(GATE_REFUSE, GATE_ONLY_CARDS);
	else
		return false;
	return true;
}

static enum gate_reason by_holder(const struct gate_list *l, const struct gate_lane *lane,
				  const struct gate_credential *k, const struct gate_request *rq, const struct when *w)
{
	enum gate_reason why = check_credential(k, w->now, w->sure);

	if (why != GATE_OK)
		return why;
	return check_rights(l, lane, rq->own ? rq->own_rights : l->rights + k->rights, k->n_rights, w);
}

struct gate_decision gate_decide(const struct gate_list *l, const struct gate_lane *lane,
				 const struct gate_lane_state *st, const struct gate_request *given, int64_t now,
				 int64_t sure)
{
	struct gate_request rq = *given;
	enum gate_alarm alarm = alarm_now(st, now);
	const struct when w = { now, sure, gate_moment(l->tz_offset_s, now) };
	enum gate_mode mode = mode_by_clock(l, lane, st, now, w.m);
	const struct gate_credential *k = rq.own ? rq.own : gate_list_find(l, rq.key);
	struct gate_decision d = { GATE_REFUSE, GATE_UNKNOWN, NULL };

	if (rq.direction == GATE_BOTH)
		rq.direction = lane->direction == GATE_OUT ? GATE_OUT : GATE_IN;
	if (by_door(lane, alarm, mode, &rq, now, &d)) {
		d.credential = k;
		return d;
	}
	if (!is_way(l, lane, rq.method, w.m))
		d = say(GATE_REFUSE, GATE_METHOD_OFF);
	else if (rq.method == GATE_PLATE && rq.permille < lane->least_permille)
		d = say(GATE_ASK, GATE_LOW_CONFIDENCE);
	else if (k == NULL)
		d = rq.method == GATE_PLATE ? say(GATE_ASK, GATE_UNKNOWN_PLATE) : say(GATE_REFUSE, GATE_UNKNOWN);
	else
		d = say(GATE_GRANT, by_holder(l, lane, k, &rq, &w));
	if (d.verdict == GATE_GRANT && d.reason != GATE_OK)
		d.verdict = GATE_REFUSE;
	else if (d.verdict == GATE_GRANT && !k->rescue && alarm == GATE_LOCKDOWN)
		d = say(GATE_REFUSE, GATE_IN_LOCKDOWN);
	else if (d.verdict == GATE_GRANT && !k->rescue && mode == GATE_CLOSED)
		d = say(GATE_REFUSE, GATE_DOOR_CLOSED);
	else if (d.verdict == GATE_GRANT && mode == GATE_TWO_FACTOR && !rq.second)
		d = say(GATE_REFUSE, GATE_SECOND_FACTOR);
	else if (d.verdict == GATE_GRANT && !k->rescue)
		d = by_policies(l, lane, &rq, k->holder, now);
	if (d.verdict == GATE_GRANT && !k->roams && passed_back(lane, st, &rq, now))
		d = lane->passback == GATE_PASSBACK_HARD ? say(GATE_REFUSE, GATE_PASSED_BACK)
							 : say(GATE_GRANT, GATE_SOFT_PASSBACK);
	d.credential = k;
	return d;
}
