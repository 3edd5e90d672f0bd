/* places_mode.c - closed, semi-closed or open: by timetable, by emergency order,
 * and what holds at a moment and why.
 *
 * An order stands over every timetable.  Of several orders at a place and above
 * it the one that began last holds; of several timetables that of the nearest
 * place.  Without either a place is open.
 */
#include "domain/places/places_mode.h"

#include <string.h>

const char *const place_modes[] = { "open", "semi_closed", "closed", NULL };
static const char *const order_states[] = { "issued", "ended", "revoked", NULL };
enum { ORDER_ISSUED, ORDER_ENDED, ORDER_REVOKED };

/* ---- timetables ---------------------------------------------------------------- */

static const struct field slot_fields[] = {
	F_STD(struct mode_slot),
	F_REF(struct mode_slot, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct mode_slot, place_path, DERIVED | P1),
	F_ENUM(struct mode_slot, mode, place_modes, REQUIRED | FILTER | P1),
	F_TEXT(struct mode_slot, days, 1, 7, REQUIRED | P1),
	F_INT(struct mode_slot, from_min, 0, DAY_MIN - 1, REQUIRED | P1),
	F_INT(struct mode_slot, to_min, 1, DAY_MIN, REQUIRED | P1),
	F_TIME(struct mode_slot, valid_from, P1),
	F_TIME(struct mode_slot, valid_to, FILTER | P1),
	F_TEXT(struct mode_slot, note, 0, 500, P1),
};

static enum rc slot_check(struct ctx *c, void *row, const struct json *in)
{
	struct mode_slot *s = row;

	(void)in;
	for (size_t i = 0; i < s->days.n; i++)
		if (s->days.p[i] < '1' || s->days.p[i] > '7' || (i && s->days.p[i] <= s->days.p[i - 1]))
			return FAIL(c, RC_INVALID, "bad_days", STR("days"), "rising digits, 1 is Monday: 12345");
	if (s->from_min == s->to_min)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_min"), "a slot has a length");
	if (s->valid_from && s->valid_to && s->valid_to <= s->valid_from)
		return FAIL(c, RC_INVALID, "out_of_range", STR("valid_to"), "it ends after it begins");
	return mode_slot_free(c, s);
}

static enum rc slot_create(struct ctx *c, void *row, const struct json *in)
{
	struct mode_slot *s = row;
	struct place_ref place;

	TRY(places_get(c, s->place_id, "place_id", &place));
	s->place_path = place.path;
	return slot_check(c, row, in);
}

static const struct see public_see[] = { { "places.place.read", SEE_PLACE }, { 0 } };

const struct entity timetable_entity = {
	.module = "places",
	.name = "timetable",
	.table = "places_timetable",
	.size = sizeof(struct mode_slot),
	.fields = slot_fields,
	.n_fields = COUNT(slot_fields),
	.see = public_see,
	.perm = { .create = "places.mode.edit", .update = "places.mode.edit" },
	.place = "place_path",
	.on_create = slot_create,
	.on_update = slot_check,
	.purpose = "place_register",
	.basis = "duty",
};

/* ---- orders ------------------------------------------------------------------------- */

enum { ORDER_DAYS = 30 };

static const struct field order_fields[] = {
	F_STD(struct mode_order),
	F_REF(struct mode_order, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct mode_order, place_path, DERIVED | P1),
	F_ENUM(struct mode_order, mode, place_modes, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct mode_order, legal_no, 3, 100, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct mode_order, issued_by, 2, 100, REQUIRED | FIXED | P1),
	F_TEXT(struct mode_order, reason, 2, 500, REQUIRED | FIXED | P1),
	F_TIME(struct mode_order, from_at, REQUIRED | FIXED | FILTER | P1),
	F_TIME(struct mode_order, to_at, REQUIRED | FIXED | FILTER | P1),
	F_ENUM(struct mode_order, state, order_states, DERIVED | FILTER | P1),
	F_TIME(struct mode_order, ended_at, DERIVED | P1),
	F_TEXT(struct mode_order, revoke_reason, 2, 500, DERIVED | P1),
};

static enum rc order_create(struct ctx *c, void *row, const struct json *in)
{
	struct mode_order *o = row;
	struct place_ref place;
	int64_t first;

	(void)in;
	TRY(places_get(c, o->place_id, "place_id", &place));
	o->place_path = place.path;
	if (o->to_at <= o->from_at || o->to_at <= c->now)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"),
			    "it ends after it begins, and not in the past");
	/* One number does not become permanent by being issued again. */
	TRY(db_int(c, "SELECT min(from_at) FROM places_order WHERE legal_no = $1 AND place_id = $2",
		   ARGS(V_STR(o->legal_no), V_STR(o->place_id)), o->from_at, &first));
	first = first < o->from_at ? first : o->from_at;
	if (o->to_at - first > ORDER_DAYS * DAY)
		return FAIL(c, RC_INVALID, "too_long", STR("to_at"), "an order ends at most %d days after it began",
			    ORDER_DAYS);
	return RC_OK;
}

static enum rc revoke(struct ctx *c, void *row, const struct json *in)
{
	struct mode_order *o = row;

	(void)in;
	o->ended_at = c->now;
	return RC_OK;
}

static const char *const revoke_takes[] = { "revoke_reason", NULL };
static const struct step order_steps[] = {
	{ "revoke", IN(ORDER_ISSUED), ORDER_REVOKED, "places.order.issue", SEE_PLACE, revoke_takes, revoke },
};
static const struct sort order_sorts[] = { { "-from_at", { "-from_at" } }, { 0 } };

const struct entity order_entity = {
	.module = "places",
	.name = "order",
	.table = "places_order",
	.size = sizeof(struct mode_order),
	.fields = order_fields,
	.n_fields = COUNT(order_fields),
	.see = public_see,
	.perm = { .create = "places.order.issue" },
	.place = "place_path",
	.state = "state",
	.steps = order_steps,
	.n_steps = COUNT(order_steps),
	.sorts = order_sorts,
	.on_create = order_create,
	.purpose = "emergency_measure",
	.basis = "law",
};

/* Nobody has to think of it: an order that is over ends, and whoever keeps data
 * for it hears "places.order.end". */
struct ended {
	struct mode_order *v;
	size_t n;
};
enum { ENDED_MOST = 200 };

static enum rc take_ended(struct ctx *c, void *row, void *arg)
{
	struct ended *e = arg;

	(void)c;
	e->v[e->n++] = *(const struct mode_order *)row;
	return RC_OK;
}

enum rc orders_end(struct ctx *c)
{
	struct ended e = { NEW_N(c->arena, struct mode_order, ENDED_MOST), 0 };

	TRY(entity_each(c, &order_entity, "state = 'issued' AND to_at <= $1 ORDER BY to_at LIMIT 200",
			ARGS(V_INT(c->now)), take_ended, &e));
	for (size_t i = 0; i < e.n; i++) {
		e.v[i].state = ORDER_ENDED;
		e.v[i].ended_at = e.v[i].to_at;
		TRY(entity_save(c, &order_entity, &e.v[i], "end"));
	}
	return RC_OK;
}
