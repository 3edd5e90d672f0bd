/* access_order.c - a person at the gate: orders to open, which end by themselves
 * and are given to nobody after that, and decisions that wait for somebody. */
#include "domain/access/access_inner.h"

enum { ORDER_S_MOST = 60 };

/* ---- orders ---------------------------------------------------------------------- */

static const char *const order_states[] = { "sent", "opened", "over", NULL };

static const struct field order_fields[] = {
	F_STD(struct order_row),
	F_REF(struct order_row, lane_id, "access.lane", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct order_row, place_path, DERIVED | P1),
	F_TIME(struct order_row, until_at, FIXED | P1),
	F_TEXT(struct order_row, reason, 2, 500, REQUIRED | FIXED | P1),
	F_REF(struct order_row, made_by, "people.person", DERIVED | P1),
	F_ENUM(struct order_row, state, order_states, DERIVED | FILTER | P1),
	F_TIME(struct order_row, opened_at, DERIVED | P1),
};

static enum rc order_create(struct ctx *c, void *row, const struct json *in)
{
	struct order_row *o = row;
	struct lane_row lane;

	(void)in;
	TRY(access_row_of(c, &access_lane, o->lane_id, "lane_id", &lane));
	if (!ctx_may_at(c, "access.gate", lane.place_path))
		return FAIL(c, RC_INVALID, "unknown_ref", STR("lane_id"), "no such lane");
	if (lane.state != LANE_ON)
		return FAIL(c, RC_CONFLICT, "lane_off", STR("lane_id"), "this lane is switched off");
	o->place_path = lane.place_path;
	if (o->until_at == 0)
		o->until_at = c->now + ORDER_S * SECOND;
	if (o->until_at <= c->now || o->until_at > c->now + ORDER_S_MOST * SECOND)
		return FAIL(c, RC_INVALID, "out_of_range", STR("until_at"), "an order ends within %d s", ORDER_S_MOST);
	if (c->who.kind == WHO_PERSON)
		o->made_by = c->who.id;
	o->state = ORDER_SENT;
	return RC_OK;
}

static const struct see order_see[] = { { "access.read", SEE_PLACE }, { 0 } };

const struct entity access_opening = {
	.module = "access",
	.name = "opening",
	.table = "access_opening",
	.size = sizeof(struct order_row),
	.fields = order_fields,
	.n_fields = COUNT(order_fields),
	.see = order_see,
	.perm = { .create = "access.gate" },
	.place = "place_path",
	.state = "state",
	.on_create = order_create,
	.purpose = "entry",
	.basis = "contract",
	.keep_days = PASS_DAYS,
};

/* What a gate may open right now; an order that is over is told to nobody, so
 * one that comes back after a reboot finds nothing to obey. */
enum rc orders_route(struct ctx *c, struct call *k)
{
	struct device_ref d;

	TRY(sensing_authenticate(c, &d));
	json_open(k->out, '{');
	json_key(k->out, "items");
	TRY(db_json(c, k->out,
		    "SELECT o.id AS id, o.lane_id AS lane_id, o.until_at AS until_at FROM access_opening o"
		    " JOIN access_lane l ON l.id = o.lane_id WHERE l.device_id = $1 AND o.state = 'sent' AND "
		    "o.until_at > $2"
		    " ORDER BY o.id LIMIT 20",
		    ARGS(V_STR(d.id), V_INT(access_times_now(c).now))));
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- decisions that wait -------------------------------------------------------------- */

static const char *const wait_states[] = { "waiting", "admitted", "refused", "gone", NULL };

static const struct field wait_fields[] = {
	F_STD(struct wait_row),
	F_REF(struct wait_row, lane_id, "access.lane", DERIVED | FILTER | P1),
	F_PATH(struct wait_row, place_path, DERIVED | P1),
	F_ENUM(struct wait_row, method, gate_methods, DERIVED | P1),
	F_ENUM(struct wait_row, why, gate_reasons, DERIVED | P1),
	F_ENUM(struct wait_row, holder, gate_holders, DERIVED | P1),
	F_REF(struct wait_row, visit_id, "access.visit", DERIVED | P1),
	F_TEXT(struct wait_row, plate, 1, 40, DERIVED | P2),
	F_INT(struct wait_row, confidence, 0, 1000, DERIVED | P1),
	F_TIME(struct wait_row, until_at, DERIVED | P1),
	F_ENUM(struct wait_row, state, wait_states, DERIVED | FILTER | P1),
	F_TEXT(struct wait_row, reason, 2, 200, DERIVED | P1),
	F_REF(struct wait_row, opening_id, "access.opening", DERIVED | P1),
	F_REF(struct wait_row, decided_by, "people.person", DERIVED | P1),
	F_TIME(struct wait_row, decided_at, DERIVED | P1),
};

static enum rc decided(struct ctx *c, struct wait_row *w)
{
	if (w->until_at <= c->now)
		return FAIL(c, RC_CONFLICT, "gone", STR("until_at"), "nobody waits there any more");
	w->decided_at = c->now;
	if (c->who.kind == WHO_PERSON)
		w->decided_by = c->who.id;
	return RC_OK;
}

/* A visit's code is used up by being let in, whoever decided it. */
static enum rc use_code(struct ctx *c, struct str visit_id)
{
	struct code_row row;
	bool found, won;

	TRY(entity_find(c, &access_code, "visit_id = $1 AND state = 'live' ORDER BY id", ARGS(V_STR(visit_id)), &row,
			&found));
	if (!found)
		return FAIL(c, RC_CONFLICT, "code_used", STR("visit_id"), "the code is used up or cancelled");
	TRY(code_consume(c, &row, &won));
	return won ? RC_OK : FAIL(c, RC_CONFLICT, "code_used", STR("visit_id"), "somebody was first");
}

static enum rc admit(struct ctx *c, void *row, const struct json *in)
{
	struct wait_row *w = row;
	struct order_row o;

	(void)in;
	TRY(decided(c, w));
	if (w->visit_id.n) {
		TRY(use_code(c, w->visit_id));
		TRY(visit_passed(c, w->visit_id, GATE_IN, c->now));
	}
	entity_init(&access_opening, &o);
	o.lane_id = w->lane_id;
	o.place_path = w->place_path;
	o.until_at = c->now + ORDER_S * SECOND;
	o.reason = STR("admitted");
	o.made_by = w->decided_by;
	o.state = ORDER_SENT;
	TRY(entity_insert(c, &access_opening, &o, "create"));
	w->opening_id = o.std.id;
	return RC_OK;
}

static enum rc refuse(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return decided(c, row);
}

static const char *const takes_reason[] = { "reason", NULL };
static const struct step wait_steps[] = {
	{ "admit", IN(WAIT_WAITING), WAIT_ADMITTED, "access.gate", SEE_PLACE, NULL, admit },
	{ "refuse", IN(WAIT_WAITING), WAIT_REFUSED, "access.gate", SEE_PLACE, takes_reason, refuse },
};

const struct entity access_wait = {
	.module = "access",
	.name = "wait",
	.table = "access_wait",
	.size = sizeof(struct wait_row),
	.fields = wait_fields,
	.n_fields = COUNT(wait_fields),
	.see = order_see,
	.perm = { .reveal = "access.visit.reveal" },
	.place = "place_path",
	.state = "state",
	.steps = wait_steps,
	.n_steps = COUNT(wait_steps),
	.purpose = "entry",
	.basis = "contract",
	.keep_days = 1,
};
