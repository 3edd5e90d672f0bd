/* people_household.c - homes and who belongs to them, with when they came and
 * went. */
#include "domain/people/people_register.h"

const char *const register_sources[] = { "staff", "self", "visit", "import", "paper", NULL };
const char *const household_tenures[] = { "not_given", "owned", "rented", "public", "other", NULL };
static const char *const household_states[] = { "live", "moved_out", NULL };
const char *const member_roles[] = { "owner", "tenant", "family", "other", NULL };
const char *const member_relations[] = { "not_given", "self",  "spouse",     "child", "parent", "sibling",
					 "lodger",    "carer", "grandchild", "other", NULL };
static const char *const member_states[] = { "present", "left", NULL };

/* ---- helpers -------------------------------------------------------------------- */

enum rc register_dwelling(struct ctx *c, struct str place_id, const char *perm, struct place_ref *ret)
{
	TRY(places_get(c, place_id, "place_id", ret));
	if (perm && !ctx_may_at(c, perm, ret->path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	if (ret->kind != PLACE_DWELLING)
		return FAIL(c, RC_INVALID, "wrong_kind", STR("place_id"), "a dwelling is expected");
	return RC_OK;
}

bool register_may(const struct ctx *c, struct str place_path, struct str person)
{
	return ctx_may_at(c, REGISTER_WRITE, place_path.p ? place_path : STR("")) ||
	       (c->who.kind == WHO_PERSON && person.n && str_eq(person, c->who.id));
}

unsigned register_source_of(const struct ctx *c, struct str person, unsigned given)
{
	bool own = c->who.kind == WHO_PERSON && person.n && str_eq(person, c->who.id);

	return own ? SOURCE_SELF : given == SOURCE_SELF ? SOURCE_STAFF : given;
}

enum rc register_times(struct ctx *c, int64_t *from_at, int64_t to_at)
{
	if (*from_at == 0)
		*from_at = c->now;
	if (*from_at > c->now + 366 * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("from_at"), "more than a year ahead");
	if (to_at && to_at <= *from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "to_at is not after from_at");
	return RC_OK;
}

enum rc register_reason(struct ctx *c, const struct json *in, struct look_reason *ret)
{
	TRY(people_input(c, in, "purpose", 40, &ret->purpose));
	TRY(people_input(c, in, "reason", 200, &ret->reason));
	ret->purpose = str_trim(ret->purpose);
	ret->reason = str_trim(ret->reason);
	if (str_chars(ret->purpose) < 2 || str_chars(ret->reason) < 2)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "a purpose and a reason are needed");
	return RC_OK;
}

/* ---- households ------------------------------------------------------------------- */

static const struct field household_fields[] = {
	F_STD(struct household),
	F_REF(struct household, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct household, place_path, DERIVED | P1),
	F_TEXT(struct household, place_label, 0, 200, DERIVED | P1),
	F_TEXT(struct household, number, 1, 20, FILTER | P1),
	F_ENUM(struct household, tenure, household_tenures, FILTER | P1),
	F_ENUM(struct household, source, register_sources, P1),
	F_ENUM(struct household, state, household_states, DERIVED | FILTER | P1),
	F_TIME(struct household, from_at, P1),
	F_TIME(struct household, to_at, DERIVED | P1),
	F_TIME(struct household, confirmed_at, DERIVED | P1),
	F_TEXT(struct household, confirmed_by_name, 0, 60, DERIVED | P1),
};

static enum rc number_free(struct ctx *c, const struct household *h)
{
	int64_t taken;

	TRY(db_int(c,
		   "SELECT 1 FROM people_household WHERE place_id = $1 AND number = $2 AND state = 'live' AND id <> $3",
		   ARGS(V_STR(h->place_id), V_STR(h->number), V_STR(h->std.id)), 0, &taken));
	return taken ? FAIL(c, RC_CONFLICT, "already_exists", STR("number"), "this household is in the register")
		     : RC_OK;
}

static enum rc household_create(struct ctx *c, void *row, const struct json *in)
{
	struct household *h = row;
	struct place_ref place;

	(void)in;
	TRY(register_dwelling(c, h->place_id, REGISTER_WRITE, &place));
	h->place_path = place.path;
	h->place_label = place.label;
	if (h->number.n == 0)
		h->number = STR("1");
	h->source = register_source_of(c, NO_STR, h->source);
	TRY(register_times(c, &h->from_at, 0));
	return number_free(c, h);
}

static enum rc household_update(struct ctx *c, void *row, const struct json *in)
{
	struct household *h = row;

	(void)in;
	if (h->number.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("number"), "number is required");
	TRY(register_times(c, &h->from_at, h->to_at));
	return number_free(c, h);
}

static enum rc leave_one(struct ctx *c, void *row, void *arg)
{
	struct member *m = row;

	m->state = MEMBER_LEFT;
	m->to_at = *(const int64_t *)arg;
	if (m->to_at < m->from_at)
		m->to_at = m->from_at;
	TRY(member_settle(c, m, NULL));
	return entity_save(c, &member_entity, m, "leave");
}

struct rows {
	struct member *v;
	size_t n, most;
};

static enum rc keep_row(struct ctx *c, void *row, void *arg)
{
	struct rows *r = arg;

	if (r->n == r->most)
		return FAIL(c, RC_LIMIT, "too_many", NO_STR, "more than %zu members", r->most);
	r->v[r->n++] = *(struct member *)row;
	return RC_OK;
}

/* Everybody of it leaves with it. */
static enum rc move_out(struct ctx *c, void *row, const struct json *in)
{
	struct household *h = row;
	struct rows all = { NEW_N(c->arena, struct member, 200), 0, 200 };

	(void)in;
	if (h->to_at == 0)
		h->to_at = c->now;
	if (h->to_at > c->now + DAY || h->to_at < h->from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "not before from_at, not in the future");
	TRY(entity_each(c, &member_entity, "household_id = $1 AND state = 'present' ORDER BY id",
			ARGS(V_STR(h->std.id)), keep_row, &all));
	for (size_t i = 0; i < all.n; i++)
		TRY(leave_one(c, &all.v[i], &h->to_at));
	return RC_OK;
}

static enum rc household_confirm(struct ctx *c, void *row, const struct json *in)
{
	struct household *h = row;

	(void)in;
	h->confirmed_at = c->now;
	h->confirmed_by_name = c->who.name;
	return RC_OK;
}

static const struct see household_see[] = {
	{ "person", SEE_HOUSEHOLD },
	{ REGISTER_READ, SEE_PLACE },
	{ 0 },
};
static const char *const takes_end[] = { "?to_at", NULL };
static const struct step household_steps[] = {
	{ "move_out", IN(HOUSEHOLD_LIVE), HOUSEHOLD_MOVED, REGISTER_WRITE, SEE_PLACE, takes_end, move_out },
	{ "confirm", IN(HOUSEHOLD_LIVE), STAY, REGISTER_CHECK, SEE_PLACE, NULL, household_confirm },
};
static const struct sort household_sorts[] = { { "place", { "place_path", "number" } }, { 0 } };
const struct entity household_entity = {
	.module = "people",
	.name = "household",
	.table = "people_household",
	.size = sizeof(struct household),
	.fields = household_fields,
	.n_fields = COUNT(household_fields),
	.see = household_see,
	.perm = { .create = REGISTER_WRITE, .update = REGISTER_WRITE },
	.household = "id",
	.place = "place_path",
	.state = "state",
	.steps = household_steps,
	.n_steps = COUNT(household_steps),
	.sorts = household_sorts,
	.on_create = household_create,
	.on_update = household_update,
	.purpose = "service_of_residents",
	.basis = "duty",
	.keep_days = 730,
};

/* ---- members ------------------------------------------------------------------------ */

static const struct field member_fields[] = {
	F_STD(struct member),
	F_REF(struct member, household_id, "people.household", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct member, place_path, DERIVED | P3),
	F_REF(struct member, person_id, "people.person", REQUIRED | FIXED | FILTER | P2),
	F_ENUM(struct member, role, member_roles, REQUIRED | FILTER | P1),
	F_ENUM(struct member, relation, member_relations, P2),
	F_FLAG(struct member, lives_here, FILTER | P1),
	F_ENUM(struct member, source, register_sources, P1),
	F_ENUM(struct member, state, member_states, DERIVED | FILTER | P1),
	F_TIME(struct member, from_at, P2),
	F_TIME(struct member, to_at, DERIVED | P2),
	F_TIME(struct member, confirmed_at, DERIVED | P1),
	F_TEXT(struct member, confirmed_by_name, 0, 60, DERIVED | P1),
};

static enum rc set_home(struct ctx *c, struct str person, const struct household *h)
{
	TRY(db_run(c,
		   "UPDATE people_person SET household_id = $2, place_id = $3, place_path = $4, version = version + 1,"
		   " updated_at = $5 WHERE id = $1",
		   ARGS(V_STR(person), V_STR(h ? h->std.id : NO_STR), V_STR(h ? h->place_id : NO_STR),
			V_STR(h ? h->place_path : NO_STR), V_INT(c->now)),
		   NULL));
	TRY(people_follow_home(c, person, h ? h->place_path : NO_STR));
	return people_changed(c, person);
}

enum rc member_settle(struct ctx *c, const struct member *m, const struct household *h)
{
	struct str home;

	if (m->person_id.n == 0)
		return RC_OK;
	if (m->state == MEMBER_PRESENT)
		return m->lives_here && h ? set_home(c, m->person_id, h) : RC_OK;
	TRY(db_text(c, "SELECT household_id FROM people_person WHERE id = $1", ARGS(V_STR(m->person_id)), &home));
	return str_eq(home, m->household_id) ? set_home(c, m->person_id, NULL) : RC_OK;
}

static enum rc member_of(struct ctx *c, const struct member *m, struct household *h)
{
	bool found;

	TRY(entity_find(c, &household_entity, "id = $1", ARGS(V_STR(m->household_id)), h, &found));
	if (!found || !ctx_may_at(c, REGISTER_WRITE, h->place_path))
		return FAIL(c, RC_INVALID, "unknown_household", STR("household_id"), "no such household");
	return RC_OK;
}

static enum rc member_create(struct ctx *c, void *row, const struct json *in)
{
	struct member *m = row;
	struct household h;
	struct str home;
	int64_t twice;

	TRY(member_of(c, m, &h));
	if (h.state != HOUSEHOLD_LIVE)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("household_id"), "the household has moved out");
	TRY(people_about(c, m->person_id, REGISTER_WRITE, &home));
	TRY(db_int(c, "SELECT 1 FROM people_member WHERE household_id = $1 AND person_id = $2 AND state = 'present'",
		   ARGS(V_STR(m->household_id), V_STR(m->person_id)), 0, &twice));
	if (twice)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("person_id"), "the person is in this household");
	m->place_path = h.place_path;
	m->source = register_source_of(c, NO_STR, m->source);
	if (json_get(in, "lives_here") == NULL)
		m->lives_here = true;
	TRY(register_times(c, &m->from_at, 0));
	return member_settle(c, m, &h);
}

static enum rc member_update(struct ctx *c, void *row, const struct json *in)
{
	struct member *m = row;
	struct household h;

	TRY(member_of(c, m, &h));
	TRY(register_times(c, &m->from_at, m->to_at));
	if (json_get(in, "lives_here") == NULL || m->state != MEMBER_PRESENT)
		return RC_OK;
	struct member gone = *m;

	gone.state = MEMBER_LEFT; /* does not live here: not the home any more */
	return member_settle(c, m->lives_here ? m : &gone, &h);
}

static enum rc member_leave(struct ctx *c, void *row, const struct json *in)
{
	struct member *m = row;

	(void)in;
	if (m->to_at == 0)
		m->to_at = c->now;
	if (m->to_at > c->now + DAY || m->to_at < m->from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "not before from_at, not in the future");
	return member_settle(c, m, NULL);
}

static enum rc member_confirm(struct ctx *c, void *row, const struct json *in)
{
	struct member *m = row;

	(void)in;
	m->confirmed_at = c->now;
	m->confirmed_by_name = c->who.name;
	return RC_OK;
}

static const struct see member_see[] = {
	{ "person", SEE_OWN },
	{ "person", SEE_HOUSEHOLD },
	{ REGISTER_READ, SEE_PLACE },
	{ 0 },
};
static const struct step member_steps[] = {
	{ "leave", IN(MEMBER_PRESENT), MEMBER_LEFT, REGISTER_WRITE, SEE_PLACE, takes_end, member_leave },
	{ "confirm", IN(MEMBER_PRESENT), STAY, REGISTER_CHECK, SEE_PLACE, NULL, member_confirm },
};
const struct entity member_entity = {
	.module = "people",
	.name = "member",
	.table = "people_member",
	.size = sizeof(struct member),
	.fields = member_fields,
	.n_fields = COUNT(member_fields),
	.see = member_see,
	.perm = { .create = REGISTER_WRITE, .update = REGISTER_WRITE, .reveal = REGISTER_REVEAL },
	.owner = "person_id",
	.household = "household_id",
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = member_steps,
	.n_steps = COUNT(member_steps),
	.on_create = member_create,
	.on_update = member_update,
	.purpose = "service_of_residents",
	.basis = "duty",
	.keep_days = 730,
};
