/* access_parcel.c - a parcel from the courier's way in to the receipt: dropped
 * at the office, brought up, received. */
#include "domain/access/access_inner.h"
#include "sys/crypto.h"

#include <stdlib.h>
#include <string.h>

static const char *const parcel_states[] = { "entered", "dropped", "brought_up", "received", "returned", NULL };

static const struct field parcel_fields[] = {
	F_STD(struct parcel_row),
	F_REF(struct parcel_row, visit_id, "access.visit", DERIVED | FILTER | P1),
	F_REF(struct parcel_row, dwelling_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct parcel_row, place_path, DERIVED | P1),
	F_TEXT(struct parcel_row, unit, 1, 200, DERIVED | FILTER | P1),
	F_ENUM(struct parcel_row, state, parcel_states, DERIVED | FILTER | P1),
	F_TEXT(struct parcel_row, number, 1, 60, DERIVED | P2),
	F_TIME(struct parcel_row, entered_at, DERIVED | P1),
	F_TIME(struct parcel_row, dropped_at, DERIVED | P1),
	F_TIME(struct parcel_row, brought_up_at, DERIVED | P1),
	F_TIME(struct parcel_row, received_at, DERIVED | P1),
	F_TEXT(struct parcel_row, kept_at, 1, 100, DERIVED | P1),
	F_TEXT(struct parcel_row, receipt, 1, 20, DERIVED | P1),
};

/* Six digits that only who lives there is shown. */
struct str parcel_receipt(struct ctx *c, struct str parcel_id)
{
	struct str mac = ctx_mac(c, "access_receipt", parcel_id);
	char hex[16] = "";

	memcpy(hex, mac.p, 13);
	return arena_fmt(c->arena, "%06llu", strtoull(hex, NULL, 16) % 1000000ULL);
}

static enum rc drop(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct parcel_row *)row)->dropped_at = c->now;
	return RC_OK;
}

static enum rc bring_up(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct parcel_row *)row)->brought_up_at = c->now;
	return RC_OK;
}

/* The code stays good for nothing else and is kept nowhere. */
static enum rc hand_over(struct ctx *c, void *row, const struct json *in)
{
	struct parcel_row *p = row;

	(void)in;
	if (!crypto_same(p->receipt, parcel_receipt(c, p->std.id)))
		return FAIL(c, RC_INVALID, "bad_receipt", STR("receipt"), "not the code of this parcel");
	p->receipt = STR("code");
	p->received_at = c->now;
	return RC_OK;
}

static enum rc take(struct ctx *c, void *row, const struct json *in)
{
	struct parcel_row *p = row;

	(void)in;
	p->receipt = STR("resident");
	p->received_at = c->now;
	return RC_OK;
}

#define HERE (IN(PARCEL_DROPPED) | IN(PARCEL_BROUGHT_UP))
static const char *const takes_drop[] = { "kept_at", "?number", NULL };
static const char *const takes_receipt[] = { "receipt", NULL };
static const struct step parcel_steps[] = {
	{ "drop", IN(PARCEL_ENTERED), PARCEL_DROPPED, "access.gate", SEE_PLACE, takes_drop, drop },
	{ "bring_up", IN(PARCEL_DROPPED), PARCEL_BROUGHT_UP, "access.gate", SEE_PLACE, NULL, bring_up },
	{ "hand_over", HERE, PARCEL_RECEIVED, "access.gate", SEE_PLACE, takes_receipt, hand_over },
	{ "take", HERE | IN(PARCEL_ENTERED), PARCEL_RECEIVED, "access.host", SEE_PLACE, NULL, take },
	{ "return", IN(PARCEL_ENTERED) | HERE, PARCEL_RETURNED, "access.gate", SEE_PLACE, NULL, NULL },
};
static const struct see parcel_see[] = {
	{ "access.visit.read", SEE_PLACE },
	{ "access.host", SEE_PLACE },
	{ 0 },
};

const struct entity access_parcel = {
	.module = "access",
	.name = "parcel",
	.table = "access_parcel",
	.size = sizeof(struct parcel_row),
	.fields = parcel_fields,
	.n_fields = COUNT(parcel_fields),
	.see = parcel_see,
	.perm = { .reveal = "access.visit.reveal" },
	.place = "place_path",
	.state = "state",
	.steps = parcel_steps,
	.n_steps = COUNT(parcel_steps),
	.purpose = "delivery",
	.basis = "contract",
	.keep_days = 30,
};

enum rc receipt_route(struct ctx *c, struct call *k)
{
	struct parcel_row p;

	TRY(entity_load(c, &access_parcel, k->id, &p));
	if (!ctx_may_at(c, "access.host", p.place_path))
		return FAIL(c, RC_MISSING, "not_found", STR("id"), "no such parcel");
	json_open(k->out, '{');
	json_put_text(k->out, "receipt", parcel_receipt(c, p.std.id));
	json_close(k->out, '}');
	return RC_OK;
}
