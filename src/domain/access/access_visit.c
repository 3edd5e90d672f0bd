/* access_visit.c - visits from the first word to the way out, and the parcel
 * that a courier leaves. */
#include "base/national.h"
#include "domain/access/access_inner.h"

enum { VISIT_H = 2, VISIT_H_MOST = 24, AHEAD_DAYS = 31, PEOPLE_MOST = 50 };

const char *const access_visit_states[] = { "expected",  "checked_in", "checked_out", "no_show",
					    "cancelled", "refused",    "expired",     NULL };
static const char *const sources[] = { "resident", "poster", "staff", NULL };

static const struct field visit_fields[] = {
	F_STD(struct visit_row),
	F_REF(struct visit_row, dwelling_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct visit_row, place_path, DERIVED | P1),
	F_TEXT(struct visit_row, unit, 1, 200, DERIVED | FILTER | P1),
	F_ENUM(struct visit_row, source, sources, DERIVED | FILTER | P1),
	F_ENUM(struct visit_row, holder, gate_holders, FIXED | FILTER | P1),
	F_TEXT(struct visit_row, purpose, 2, 100, REQUIRED | P1),
	F_TEXT(struct visit_row, name, 1, 60, P2),
	F_TEXT(struct visit_row, phone, 5, 30, P2),
	F_TEXT(struct visit_row, plate, 1, 40, P2),
	F_INT(struct visit_row, people, 1, PEOPLE_MOST, P1),
	F_TIME(struct visit_row, from_at, FILTER | P1),
	F_TIME(struct visit_row, to_at, FILTER | P1),
	F_TEXT(struct visit_row, reason, 2, 500, P1),
	F_ENUM(struct visit_row, state, access_visit_states, DERIVED | FILTER | P1),
	F_TIME(struct visit_row, confirmed_at, DERIVED | P1),
	F_TIME(struct visit_row, checked_in_at, DERIVED | P1),
	F_TIME(struct visit_row, checked_out_at, DERIVED | P1),
};

/* ---- create ------------------------------------------------------------------------- */

static enum rc check_formats(struct ctx *c, struct visit_row *v)
{
	if (v->phone.n && phone_read(c->arena, v->phone, &v->phone) == PHONE_NONE)
		return FAIL(c, RC_INVALID, "no_phone", STR("phone"), "no telephone number");
	if (v->plate.n && plate_read(c->arena, v->plate, &v->plate) == PLATE_NONE)
		return FAIL(c, RC_INVALID, "no_plate", STR("plate"), "no licence plate");
	return RC_OK;
}

static enum rc check_window(struct ctx *c, struct visit_row *v)
{
	if (v->from_at == 0)
		v->from_at = c->now;
	if (v->to_at == 0)
		v->to_at = v->from_at + VISIT_H * HOUR;
	if (v->to_at <= v->from_at || v->to_at > v->from_at + VISIT_H_MOST * HOUR)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a visit ends within %d hours", VISIT_H_MOST);
	if (v->to_at <= c->now || v->from_at > c->now + AHEAD_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("from_at"), "now or within %d days", AHEAD_DAYS);
	return RC_OK;
}

enum rc visit_prepare(struct ctx *c, struct visit_row *v, const struct place_ref *dwelling)
{
	if (dwelling->kind != PLACE_DWELLING)
		return FAIL(c, RC_INVALID, "not_a_dwelling", STR("dwelling_id"), "a dwelling is expected");
	v->dwelling_id = dwelling->id;
	v->place_path = dwelling->path;
	v->unit = dwelling->label;
	if (v->people == NO_INT)
		v->people = 1;
	if (v->holder != GATE_COURIER)
		v->holder = GATE_VISITOR;
	TRY(check_formats(c, v));
	return check_window(c, v);
}

static bool is_host(const struct ctx *c, const struct visit_row *v)
{
	return ctx_may_at(c, "access.host", v->place_path);
}

static enum rc host_or_staff(struct ctx *c, const struct visit_row *v)
{
	return is_host(c, v) || ctx_may_at(c, "access.visit.staff", v->place_path)
		       ? RC_OK
		       : FAIL(c, RC_DENIED, "denied", NO_STR, "only who lives there, or staff for them");
}

static enum rc visit_create(struct ctx *c, void *row, const struct json *in)
{
	struct visit_row *v = row;
	struct place_ref dwelling;

	(void)in;
	TRY(places_get(c, v->dwelling_id, "dwelling_id", &dwelling));
	v->place_path = dwelling.path;
	if (!is_host(c, v) && !ctx_may_at(c, "access.visit.staff", v->place_path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("dwelling_id"), "no such place");
	v->source = is_host(c, v) ? FROM_RESIDENT : FROM_STAFF;
	if (v->source == FROM_STAFF && v->reason.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "staff say why they ask for a resident");
	TRY(visit_prepare(c, v, &dwelling));
	v->confirmed_at = c->now;
	v->state = V_EXPECTED;
	return RC_OK;
}

/* ---- steps ------------------------------------------------------------------------------- */

static enum rc confirm(struct ctx *c, void *row, const struct json *in)
{
	struct visit_row *v = row;

	(void)in;
	TRY(host_or_staff(c, v));
	if (!is_host(c, v) && v->reason.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "staff say who confirmed, and how");
	if (v->to_at <= access_times_now(c).now)
		return FAIL(c, RC_CONFLICT, "expired", STR("to_at"), "the visit's time is over");
	v->confirmed_at = c->now;
	return RC_OK;
}

static enum rc turn_down(struct ctx *c, void *row, const struct json *in)
{
	struct visit_row *v = row;

	(void)in;
	TRY(host_or_staff(c, v));
	return code_end(c, v->std.id, CODE_CANCELLED);
}

static enum rc check_in(struct ctx *c, void *row, const struct json *in)
{
	struct visit_row *v = row;

	(void)in;
	if (v->confirmed_at == 0)
		return FAIL(c, RC_CONFLICT, "not_confirmed", STR("confirmed_at"), "the host has not confirmed");
	v->checked_in_at = c->now;
	return RC_OK;
}

static enum rc check_out(struct ctx *c, void *row, const struct json *in)
{
	struct visit_row *v = row;

	(void)in;
	v->checked_out_at = c->now;
	return code_end(c, v->std.id, CODE_EXPIRED);
}

static const char *const takes_maybe[] = { "?reason", NULL };
static const struct step visit_steps[] = {
	{ "confirm", IN(V_EXPECTED), STAY, "person", SEE_PLACE, takes_maybe, confirm },
	{ "refuse", IN(V_EXPECTED), V_REFUSED, "person", SEE_PLACE, takes_maybe, turn_down },
	{ "cancel", IN(V_EXPECTED) | IN(V_CHECKED_IN), V_CANCELLED, "person", SEE_PLACE, takes_maybe, turn_down },
	{ "check_in", IN(V_EXPECTED), V_CHECKED_IN, "access.gate", SEE_PLACE, NULL, check_in },
	{ "check_out", IN(V_CHECKED_IN), V_CHECKED_OUT, "access.gate", SEE_PLACE, NULL, check_out },
};
static const struct see visit_see[] = {
	{ "access.visit.read", SEE_PLACE },
	{ "access.host", SEE_PLACE },
	{ 0 },
};
static const struct sort visit_sorts[] = { { "from_at", { "from_at" } }, { "-from_at", { "-from_at" } }, { 0 } };

const struct entity access_visit = {
	.module = "access",
	.name = "visit",
	.table = "access_visit",
	.size = sizeof(struct visit_row),
	.fields = visit_fields,
	.n_fields = COUNT(visit_fields),
	.see = visit_see,
	.perm = { .create = "person", .reveal = "access.visit.reveal" },
	.place = "place_path",
	.state = "state",
	.steps = visit_steps,
	.n_steps = COUNT(visit_steps),
	.sorts = visit_sorts,
	.on_create = visit_create,
	.purpose = "visit",
	.basis = "consent",
	.keep_days = 1,
};

/* ---- through the gate ------------------------------------------------------------------------ */

static enum rc open_parcel(struct ctx *c, const struct visit_row *v)
{
	struct parcel_row p;
	int64_t open;

	TRY(db_int(c, "SELECT count(*) FROM access_parcel WHERE visit_id = $1", ARGS(V_STR(v->std.id)), 0, &open));
	if (open)
		return RC_OK;
	entity_init(&access_parcel, &p);
	p.visit_id = v->std.id;
	p.dwelling_id = v->dwelling_id;
	p.place_path = v->place_path;
	p.unit = v->unit;
	p.state = PARCEL_ENTERED;
	p.entered_at = c->now;
	return entity_insert(c, &access_parcel, &p, "enter");
}

enum rc visit_passed(struct ctx *c, struct str visit_id, unsigned direction, int64_t at)
{
	struct visit_row v;
	bool found;

	TRY(entity_find(c, &access_visit, "id = $1", ARGS(V_STR(visit_id)), &v, &found));
	if (!found)
		return RC_OK;
	if (direction == GATE_IN && v.state == V_EXPECTED) {
		v.state = V_CHECKED_IN;
		v.checked_in_at = at;
		TRY(entity_save(c, &access_visit, &v, "check_in"));
	} else if (direction == GATE_OUT && v.state == V_CHECKED_IN) {
		v.state = V_CHECKED_OUT;
		v.checked_out_at = at;
		TRY(entity_save(c, &access_visit, &v, "check_out"));
	}
	return direction == GATE_IN && v.holder == GATE_COURIER ? open_parcel(c, &v) : RC_OK;
}
