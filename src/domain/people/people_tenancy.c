/* people_tenancy.c - rentals: one side declares, the other confirms or says
 * otherwise; safety checks, signatures, the end. */
#include "domain/people/people_register.h"
#include "base/national.h"

#include <string.h>

static const char *const sides[] = { "landlord", "tenant", NULL };
static const char *const states[] = { "declared", "confirmed", "disputed", "ended", "expired", "withdrawn", NULL };
/* What is looked at, and what was seen. */
static const char *const safety_items[] = { "gas",     "wiring",     "fire_exit", "extinguisher",
					    "windows", "partitions", "charging",  NULL };
static const char *const safety_words[] = { "good", "bad", "not_seen", NULL };

enum { OPEN_MOST = 5, REMIND_DAYS = 30, CLOCK_BATCH = 200 };

static const struct field fields[] = {
	F_STD(struct tenancy),
	F_REF(struct tenancy, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct tenancy, place_path, DERIVED | P1),
	F_TEXT(struct tenancy, place_label, 0, 200, DERIVED | P1),
	F_REF(struct tenancy, landlord_id, "people.person", FIXED | P2),
	F_REF(struct tenancy, tenant_id, "people.person", FIXED | P2),
	F_ENUM(struct tenancy, side, sides, REQUIRED | FIXED | P1),
	F_FLAG(struct tenancy, by_office, DERIVED | P1),
	F_ENUM(struct tenancy, state, states, DERIVED | FILTER | P1),
	F_TIME(struct tenancy, from_at, REQUIRED | FIXED | P1),
	F_TIME(struct tenancy, to_at, REQUIRED | FIXED | FILTER | P1),
	F_INT(struct tenancy, occupants, 1, 50, REQUIRED | FIXED | P1),
	F_TAIL(struct tenancy, other_phone, 5, 30, FIXED | P2, 3),
	F_TIME(struct tenancy, other_from_at, DERIVED | P1),
	F_TIME(struct tenancy, other_to_at, DERIVED | P1),
	F_INT(struct tenancy, other_occupants, 1, 50, DERIVED | P1),
	F_TEXT(struct tenancy, other_says, 2, 500, DERIVED | P2),
	F_TEXT(struct tenancy, landlord_signature, 1, 60, FIXED | P2),
	F_TIME(struct tenancy, landlord_signed_at, DERIVED | P1),
	F_TEXT(struct tenancy, tenant_signature, 1, 60, FIXED | P2),
	F_TIME(struct tenancy, tenant_signed_at, DERIVED | P1),
	F_JSON(struct tenancy, safety, 1000, DERIVED | P1),
	F_TIME(struct tenancy, safety_at, DERIVED | P1),
	F_TEXT(struct tenancy, safety_by_name, 0, 60, DERIVED | P1),
	F_TEXT(struct tenancy, note, 2, 500, DERIVED | P2),
	F_TIME(struct tenancy, reminded_at, DERIVED | P1),
	F_TIME(struct tenancy, ended_at, DERIVED | P1),
};

/* ---- who is who --------------------------------------------------------------------- */

static struct str *party(struct tenancy *t, unsigned side)
{
	return side == SIDE_LANDLORD ? &t->landlord_id : &t->tenant_id;
}

static bool is_party(const struct ctx *c, struct str id)
{
	return c->who.kind == WHO_PERSON && id.n && str_eq(id, c->who.id);
}

static bool is_office(const struct ctx *c, const struct tenancy *t)
{
	return ctx_may_at(c, REGISTER_WRITE, t->place_path);
}

/* The side that has not declared, in person. */
static enum rc need_other(struct ctx *c, struct tenancy *t)
{
	return is_party(c, *party(t, !t->side))
		       ? RC_OK
		       : FAIL(c, RC_DENIED, "other_side", NO_STR, "the side that did not declare decides this");
}

static enum rc need_any(struct ctx *c, struct tenancy *t)
{
	return is_party(c, t->landlord_id) || is_party(c, t->tenant_id) || is_office(c, t)
		       ? RC_OK
		       : FAIL(c, RC_DENIED, "denied", NO_STR, "not a side of this rental");
}

/* The signature is the own name, typed, by the own account.  Somebody without a
 * name on record signs with what he types. */
static enum rc take_signature(struct ctx *c, struct tenancy *t, unsigned side)
{
	struct str *typed = side == SIDE_LANDLORD ? &t->landlord_signature : &t->tenant_signature;
	int64_t *at = side == SIDE_LANDLORD ? &t->landlord_signed_at : &t->tenant_signed_at;
	const char *field = side == SIDE_LANDLORD ? "landlord_signature" : "tenant_signature";
	struct str name;

	*typed = str_trim(*typed);
	if (typed->n == 0)
		return FAIL(c, RC_INVALID, "required", str_of(field), "the own name is the signature");
	TRY(db_text(c, "SELECT name FROM people_person WHERE id = $1", ARGS(V_STR(*party(t, side))), &name));
	if (name.n && !str_eq(name, *typed))
		return FAIL(c, RC_INVALID, "signature_differs", str_of(field), "not the name on record");
	*at = c->now;
	return RC_OK;
}

/* ---- declaring --------------------------------------------------------------------------- */

/* The owner on record rents out, when the tenant declares. */
static enum rc find_landlord(struct ctx *c, struct tenancy *t)
{
	return db_text(c,
		       "SELECT m.person_id FROM people_member m JOIN people_household h ON h.id = m.household_id"
		       " WHERE h.place_id = $1 AND m.role = 'owner' AND m.state = 'present' AND m.person_id IS NOT NULL"
		       " ORDER BY m.id LIMIT 1",
		       ARGS(V_STR(t->place_id)), &t->landlord_id);
}

/* By the telephone the landlord gave; nobody is told whether it was found. */
static enum rc find_tenant(struct ctx *c, struct tenancy *t)
{
	if (phone_read(c->arena, t->other_phone, &t->other_phone) == PHONE_NONE)
		return FAIL(c, RC_INVALID, "bad_phone", STR("other_phone"), "not a telephone number");
	return db_text(c,
		       "SELECT id FROM people_person WHERE state = 'active' AND phone = $1 AND id <> $2"
		       " ORDER BY id LIMIT 1",
		       ARGS(V_STR(t->other_phone), V_STR(t->landlord_id)), &t->tenant_id);
}

static enum rc known_person(struct ctx *c, struct str id, const char *field)
{
	struct person_ref p;

	return id.n ? people_person_get(c, id, field, &p) : RC_OK;
}

static enum rc declare_self(struct ctx *c, struct tenancy *t)
{
	int64_t open;

	if (party(t, !t->side)->n) /* ids of others are none of one's business */
		return FAIL(c, RC_INVALID, "read_only", str_of(t->side == SIDE_LANDLORD ? "tenant_id" : "landlord_id"),
			    "the other side is found by its telephone or the register");
	*party(t, t->side) = c->who.id;
	TRY(db_int(c,
		   "SELECT count(*) FROM people_tenancy WHERE state = 'declared' AND by_office = 0"
		   " AND ((side = 'landlord' AND landlord_id = $1) OR (side = 'tenant' AND tenant_id = $1))",
		   ARGS(V_STR(c->who.id)), 0, &open));
	if (open >= OPEN_MOST)
		return FAIL(c, RC_CONFLICT, "too_many_open", NO_STR, "%d declarations wait already", OPEN_MOST);
	TRY(t->side == SIDE_TENANT ? find_landlord(c, t) : t->other_phone.n ? find_tenant(c, t) : RC_OK);
	return take_signature(c, t, t->side);
}

static enum rc check_terms(struct ctx *c, const struct tenancy *t)
{
	if (t->to_at <= t->from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "to_at is not after from_at");
	if (t->to_at > t->from_at + 20 * 366 * DAY) /* Civil Code, Art. 705 */
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a lease has at most twenty years");
	if (t->to_at <= c->now)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "the lease has ended");
	return RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;
	struct place_ref place;
	bool own;

	if (json_get_text(in, "tenant_id").n == 0) /* core takes who writes for the owner */
		t->tenant_id = NO_STR;
	TRY(register_dwelling(c, t->place_id, NULL, &place));
	t->place_path = place.path;
	t->place_label = place.label;
	t->other_occupants = NO_INT;
	TRY(check_terms(c, t));
	own = json_get_text(in, "landlord_id").n == 0 && json_get_text(in, "tenant_id").n == 0;
	if (own && (json_get_text(in, "landlord_signature").n || json_get_text(in, "tenant_signature").n)) {
		return declare_self(c, t);
	}
	if (!is_office(c, t))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "somebody else's rental is declared by the office");
	t->by_office = true;
	t->landlord_signature = t->tenant_signature = NO_STR;
	if (party(t, t->side)->n == 0)
		return FAIL(c, RC_INVALID, "required", str_of(t->side == SIDE_LANDLORD ? "landlord_id" : "tenant_id"),
			    "who declares it?");
	if (t->landlord_id.n && str_eq(t->landlord_id, t->tenant_id))
		return FAIL(c, RC_INVALID, "same_person", STR("tenant_id"), "two sides are two persons");
	TRY(known_person(c, t->landlord_id, "landlord_id"));
	return known_person(c, t->tenant_id, "tenant_id");
}

/* ---- steps ---------------------------------------------------------------------------------- */

static enum rc confirm(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;

	(void)in;
	TRY(need_other(c, t));
	return take_signature(c, t, !t->side);
}

static enum rc sign(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;
	unsigned side = is_party(c, t->landlord_id) ? SIDE_LANDLORD : SIDE_TENANT;

	if (!is_party(c, *party(t, side)))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not a side of this rental");
	if (json_get(in, side == SIDE_LANDLORD ? "tenant_signature" : "landlord_signature"))
		return FAIL(c, RC_INVALID, "read_only", NO_STR, "nobody signs for the other side");
	return take_signature(c, t, side);
}

static enum rc dispute(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;
	struct place_ref place;

	(void)in;
	TRY(need_other(c, t));
	if (t->other_to_at && t->other_from_at && t->other_to_at <= t->other_from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("other_to_at"), "to is not after from");
	TRY(places_get(c, t->place_id, "place_id", &place));
	return question_ask(c, Q_TENANCY_CONFLICT, &place, t->std.id, NO_INT, NO_INT);
}

static enum rc settle(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;

	(void)in;
	TRY(check_terms(c, t));
	return question_over(c, t->std.id);
}

static enum rc link_parties(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;

	(void)in;
	if (t->landlord_id.n && str_eq(t->landlord_id, t->tenant_id))
		return FAIL(c, RC_INVALID, "same_person", STR("tenant_id"), "two sides are two persons");
	TRY(known_person(c, t->landlord_id, "landlord_id"));
	return known_person(c, t->tenant_id, "tenant_id");
}

static enum rc withdraw(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;

	(void)in;
	if (!is_party(c, *party(t, t->side)) && !is_office(c, t))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "who declared it withdraws it");
	t->ended_at = c->now;
	return question_over(c, t->std.id);
}

static enum rc end(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;

	(void)in;
	t->ended_at = c->now;
	return need_any(c, t);
}

static enum rc expire(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;

	(void)in;
	if (t->to_at > c->now)
		return FAIL(c, RC_CONFLICT, "not_yet", STR("to_at"), "the rental runs until to_at");
	t->ended_at = c->now;
	return RC_OK;
}

static bool is_one_of(const char *const *words, struct str s)
{
	for (; *words; words++)
		if (str_is(s, *words))
			return true;
	return false;
}

static enum rc check_safety(struct ctx *c, void *row, const struct json *in)
{
	struct tenancy *t = row;
	const struct json *list = json_get(in, "safety");

	if (list->kind != J_MAP || list->n == 0)
		return FAIL(c, RC_INVALID, "wrong_type", STR("safety"), "an object of items is expected");
	for (const struct json *j = list->child; j; j = j->next)
		if (!is_one_of(safety_items, j->key) || j->kind != J_TEXT || !is_one_of(safety_words, j->text))
			return FAIL(c, RC_INVALID, "unknown_word", STR("safety"), "no such item or word");
	t->safety_at = c->now;
	t->safety_by_name = c->who.name;
	return RC_OK;
}

#define LIVE (IN(TENANCY_DECLARED) | IN(TENANCY_CONFIRMED) | IN(TENANCY_DISPUTED))
static const char *const takes_sign[] = { "?landlord_signature", "?tenant_signature", NULL };
static const char *const takes_other[] = { "?other_from_at", "?other_to_at", "?other_occupants", "other_says", NULL };
static const char *const takes_terms[] = { "?from_at", "?to_at", "?occupants", "note", NULL };
static const char *const takes_link[] = { "?landlord_id", "?tenant_id", NULL };
static const char *const takes_safety[] = { "safety", NULL };
static const struct step steps[] = {
	{ "confirm", IN(TENANCY_DECLARED), TENANCY_CONFIRMED, "person", SEE_ALL, takes_sign, confirm },
	{ "dispute", IN(TENANCY_DECLARED), TENANCY_DISPUTED, "person", SEE_ALL, takes_other, dispute },
	{ "sign", IN(TENANCY_DECLARED) | IN(TENANCY_CONFIRMED), STAY, "person", SEE_ALL, takes_sign, sign },
	{ "withdraw", IN(TENANCY_DECLARED) | IN(TENANCY_DISPUTED), TENANCY_WITHDRAWN, "person", SEE_ALL, NULL,
	  withdraw },
	{ "end", IN(TENANCY_CONFIRMED), TENANCY_ENDED, "person", SEE_ALL, NULL, end },
	{ "link", IN(TENANCY_DECLARED), STAY, REGISTER_WRITE, SEE_PLACE, takes_link, link_parties },
	{ "settle", IN(TENANCY_DECLARED) | IN(TENANCY_DISPUTED), TENANCY_CONFIRMED, REGISTER_DECIDE, SEE_PLACE,
	  takes_terms, settle },
	{ "check", LIVE, STAY, REGISTER_CHECK, SEE_PLACE, takes_safety, check_safety },
	{ "expire", IN(TENANCY_CONFIRMED), TENANCY_EXPIRED, REGISTER_WRITE, SEE_PLACE, NULL, expire },
};

/* Landlord and tenant are the two whose own it is. */
static const struct see see[] = {
	{ "person", SEE_OWN },
	{ "person", SEE_ASSIGNED },
	{ REGISTER_READ, SEE_PLACE },
	{ 0 },
};
static const struct sort sorts[] = { { "to_at", { "to_at" } }, { 0 } };
const struct entity tenancy_entity = {
	.module = "people",
	.name = "tenancy",
	.table = "people_tenancy",
	.size = sizeof(struct tenancy),
	.fields = fields,
	.n_fields = COUNT(fields),
	.see = see,
	.perm = { .create = "person", .reveal = REGISTER_REVEAL },
	.owner = "tenant_id",
	.assigned = "landlord_id",
	.place = "place_path",
	.person = "tenant_id",
	.state = "state",
	.steps = steps,
	.n_steps = COUNT(steps),
	.sorts = sorts,
	.on_create = on_create,
	.purpose = "rental_registration",
	.basis = "law",
	.keep_days = 1095,
};

/* ---- the clock -------------------------------------------------------------------------------- */

static enum rc due_rows(struct ctx *c, const char *sql, int64_t at, struct str **ids, size_t *n)
{
	return db_texts(c, sql, ARGS(V_INT(at)), CLOCK_BATCH, ids, n);
}

enum rc tenancy_clock(struct ctx *c)
{
	static const struct json nothing = { .kind = J_MAP };
	struct tenancy t;
	struct str *ids;
	size_t n;

	TRY(due_rows(c,
		     "SELECT id FROM people_tenancy WHERE state = 'confirmed' AND to_at <= $1 ORDER BY to_at LIMIT 200",
		     c->now, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(entity_step(c, &tenancy_entity, ids[i], "expire", &nothing, &t));
	TRY(due_rows(c,
		     "SELECT id FROM people_tenancy WHERE state = 'confirmed' AND to_at <= $1 AND reminded_at IS NULL"
		     " ORDER BY to_at LIMIT 200",
		     c->now + REMIND_DAYS * DAY, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		TRY(entity_fetch(c, &tenancy_entity, ids[i], &t));
		t.reminded_at = c->now;
		TRY(entity_save(c, &tenancy_entity, &t, "remind"));
	}
	return RC_OK;
}
