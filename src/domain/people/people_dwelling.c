/* people_dwelling.c - permits, how many a dwelling may hold, and the questions
 * that follow: about dwellings, never about when a person comes or goes. */
#include "domain/people/people_register.h"

#include <string.h>

/* ---- permits ---------------------------------------------------------------------- */

static const char *const permit_kinds[] = { "residence_permit", "temporary_registration", "other", NULL };
static const char *const permit_states[] = { "live", "ended", NULL };
enum { PERMIT_LIVE };

static const struct field permit_fields[] = {
	F_STD(struct permit),
	F_REF(struct permit, person_id, "people.person", REQUIRED | FIXED | FILTER | P2),
	F_REF(struct permit, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct permit, place_path, DERIVED | P1),
	F_TEXT(struct permit, place_label, 0, 200, DERIVED | P1),
	F_ENUM(struct permit, kind, permit_kinds, REQUIRED | FILTER | P1),
	F_ENUM(struct permit, source, register_sources, P1),
	F_ENUM(struct permit, state, permit_states, DERIVED | FILTER | P1),
	F_TIME(struct permit, from_at, P1),
	F_TIME(struct permit, to_at, REQUIRED | FILTER | P1),
	F_TIME(struct permit, ended_at, DERIVED | P1),
};

static enum rc permit_create(struct ctx *c, void *row, const struct json *in)
{
	struct permit *p = row;
	struct place_ref place;
	struct str home;

	(void)in;
	TRY(register_dwelling(c, p->place_id, NULL, &place));
	TRY(people_about(c, p->person_id, REGISTER_WRITE, &home));
	if (!register_may(c, place.path, p->person_id))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	p->place_path = place.path;
	p->place_label = place.label;
	p->source = register_source_of(c, p->person_id, p->source);
	return register_times(c, &p->from_at, p->to_at);
}

static enum rc permit_update(struct ctx *c, void *row, const struct json *in)
{
	struct permit *p = row;

	(void)in;
	if (!register_may(c, p->place_path, p->person_id))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not one's own, and not the office");
	return register_times(c, &p->from_at, p->to_at);
}

static enum rc permit_end(struct ctx *c, void *row, const struct json *in)
{
	struct permit *p = row;

	(void)in;
	if (!register_may(c, p->place_path, p->person_id))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not one's own, and not the office");
	p->ended_at = c->now;
	return RC_OK;
}

static const struct see permit_see[] = {
	{ "person", SEE_OWN },
	{ REGISTER_READ, SEE_PLACE },
	{ 0 },
};
static const struct step permit_steps[] = {
	{ "end", IN(PERMIT_LIVE), PERMIT_LIVE + 1, "person", SEE_ALL, NULL, permit_end },
};
static const struct sort permit_sorts[] = { { "to_at", { "to_at" } }, { 0 } };
const struct entity permit_entity = {
	.module = "people",
	.name = "permit",
	.table = "people_permit",
	.size = sizeof(struct permit),
	.fields = permit_fields,
	.n_fields = COUNT(permit_fields),
	.see = permit_see,
	.perm = { .create = "person", .update = "person", .reveal = REGISTER_REVEAL },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = permit_steps,
	.n_steps = COUNT(permit_steps),
	.sorts = permit_sorts,
	.on_create = permit_create,
	.on_update = permit_update,
	.purpose = "residence_registration",
	.basis = "law",
	.keep_days = 30,
};

/* ---- how many a dwelling may hold --------------------------------------------------- */

/* For a dwelling, or for all of a building or community: the nearest counts. */
struct capacity {
	struct std std;
	struct str place_id, place_path, place_label, decision;
	int64_t most;
};
static const struct field capacity_fields[] = {
	F_STD(struct capacity),
	F_REF(struct capacity, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct capacity, place_path, DERIVED | P1),
	F_TEXT(struct capacity, place_label, 0, 200, DERIVED | P1),
	F_INT(struct capacity, most, 1, 50, REQUIRED | P1),
	F_TEXT(struct capacity, decision, 2, 200, REQUIRED | P1),
};

static enum rc capacity_create(struct ctx *c, void *row, const struct json *in)
{
	struct capacity *k = row;
	struct place_ref place;
	int64_t known;

	(void)in;
	TRY(places_get(c, k->place_id, "place_id", &place));
	if (!ctx_may_at(c, REGISTER_WRITE, place.path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	TRY(db_int(c, "SELECT 1 FROM people_capacity WHERE place_id = $1", ARGS(V_STR(k->place_id)), 0, &known));
	if (known)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("place_id"), "this place has a number already");
	k->place_path = place.path;
	k->place_label = place.label.n ? place.label : place.name;
	return RC_OK;
}

static const struct see capacity_see[] = { { REGISTER_READ, SEE_PLACE }, { 0 } };
const struct entity capacity_entity = {
	.module = "people",
	.name = "capacity",
	.table = "people_capacity",
	.size = sizeof(struct capacity),
	.fields = capacity_fields,
	.n_fields = COUNT(capacity_fields),
	.see = capacity_see,
	.perm = { .create = REGISTER_WRITE, .update = REGISTER_WRITE },
	.place = "place_path",
	.on_create = capacity_create,
	.purpose = "safety",
	.basis = "law",
};

/* ---- questions ------------------------------------------------------------------------- */

static const char *const question_kinds[] = { "over_capacity", "permit_expired", "permit_address", "tenancy_conflict",
					      NULL };
static const char *const question_states[] = { "open", "visit", "settled", NULL };
static const char *const question_outcomes[] = { "not_yet", "same", "different", "ask", "over", NULL };

static const struct field question_fields[] = {
	F_STD(struct question),
	F_REF(struct question, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct question, place_path, DERIVED | P1),
	F_TEXT(struct question, place_label, 0, 200, DERIVED | P1),
	F_ENUM(struct question, kind, question_kinds, DERIVED | FILTER | P1),
	F_REF(struct question, tenancy_id, "people.tenancy", DERIVED | FILTER | P1),
	F_INT(struct question, n, 0, 1000, P1),
	F_INT(struct question, most, 0, 1000, P1),
	F_ENUM(struct question, state, question_states, DERIVED | FILTER | P1),
	F_ENUM(struct question, outcome, question_outcomes, DERIVED | FILTER | P1),
	F_TEXT(struct question, note, 2, 500, DERIVED | P1),
	F_TEXT(struct question, decided_by_name, 0, 60, DERIVED | P1),
	F_TIME(struct question, decided_at, DERIVED | P1),
};

static enum rc decide(struct ctx *c, void *row, const struct json *in)
{
	struct question *q = row;

	(void)in;
	if (q->outcome == Q_NOT_YET)
		return FAIL(c, RC_INVALID, "unknown_word", STR("outcome"), "an outcome is needed");
	q->decided_at = c->now;
	q->decided_by_name = c->who.name;
	return RC_OK;
}

static const char *const takes_outcome[] = { "outcome", "note", NULL };
static const struct see question_see[] = { { REGISTER_READ, SEE_PLACE }, { 0 } };
/* "visit" leaves as people.question.visit: who keeps the duty desk hears it. */
static const struct step question_steps[] = {
	{ "visit", IN(Q_OPEN), Q_VISIT, REGISTER_DECIDE, SEE_PLACE, NULL, NULL },
	{ "settle", IN(Q_OPEN) | IN(Q_VISIT), Q_SETTLED, REGISTER_DECIDE, SEE_PLACE, takes_outcome, decide },
};
const struct entity question_entity = {
	.module = "people",
	.name = "question",
	.table = "people_question",
	.size = sizeof(struct question),
	.fields = question_fields,
	.n_fields = COUNT(question_fields),
	.see = question_see,
	.place = "place_path",
	.state = "state",
	.steps = question_steps,
	.n_steps = COUNT(question_steps),
	.purpose = "register_check",
	.basis = "duty",
	.keep_days = 730,
};

enum rc question_ask(struct ctx *c, enum question_kind kind, const struct place_ref *place, struct str tenancy_id,
		     int64_t n, int64_t most)
{
	struct question q;
	int64_t open;

	TRY(db_int(c,
		   "SELECT 1 FROM people_question WHERE kind = $1 AND place_id = $2 AND state <> 'settled'"
		   " AND coalesce(tenancy_id, '') = $3",
		   ARGS(V_Z(question_kinds[kind]), V_STR(place->id), V_STR(tenancy_id.p ? tenancy_id : STR(""))), 0,
		   &open));
	if (open)
		return RC_OK;
	entity_init(&question_entity, &q);
	q.kind = kind;
	q.place_id = place->id;
	q.place_path = place->path;
	q.place_label = place->label;
	q.tenancy_id = tenancy_id;
	q.n = n;
	q.most = most;
	return entity_insert(c, &question_entity, &q, "create");
}

static enum rc over(struct ctx *c, struct str id)
{
	struct question q;

	TRY(entity_fetch(c, &question_entity, id, &q));
	q.state = Q_SETTLED;
	q.outcome = Q_OVER;
	q.decided_at = c->now;
	return entity_save(c, &question_entity, &q, "over");
}

enum rc question_over(struct ctx *c, struct str tenancy_id)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c, "SELECT id FROM people_question WHERE tenancy_id = $1 AND state <> 'settled'",
		     ARGS(V_STR(tenancy_id)), 100, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(over(c, ids[i]));
	return RC_OK;
}

/* ---- what is asked anew each hour ---------------------------------------------------------- */

enum { FOUND_MOST = 2000, LIMITS_MOST = 1000 };
struct found {
	enum question_kind kind;
	struct str place_id;
	int64_t n, most;
};
struct limit_at {
	struct str path;
	int64_t most;
};
struct finder {
	struct ctx *c;
	struct found *v;
	size_t n;
	enum question_kind kind;
	struct limit_at *limit;
	size_t n_limits;
};

static enum rc take_limit(void *arg, const struct row *r)
{
	struct finder *f = arg;

	if (f->n_limits < LIMITS_MOST)
		f->limit[f->n_limits++] = (struct limit_at){ arena_dup(f->c->arena, r->v[0].s), r->v[1].i };
	return RC_OK;
}

/* The nearest number at or above the dwelling; 0: none. */
static int64_t most_at(const struct finder *f, struct str path)
{
	const struct limit_at *best = NULL;

	for (size_t i = 0; i < f->n_limits; i++) {
		const struct limit_at *l = &f->limit[i];

		if (l->path.n <= path.n && memcmp(l->path.p, path.p, l->path.n) == 0 &&
		    (best == NULL || l->path.n > best->path.n))
			best = l;
	}
	return best ? best->most : 0;
}

static void add_found(struct finder *f, struct str place_id, int64_t n, int64_t most)
{
	if (f->n < FOUND_MOST) /* the rest comes when these are settled */
		f->v[f->n++] = (struct found){ f->kind, arena_dup(f->c->arena, place_id), n, most };
}

static enum rc take_count(void *arg, const struct row *r)
{
	struct finder *f = arg;
	int64_t most = most_at(f, r->v[1].s);

	if (most && r->v[2].i > most)
		add_found(f, r->v[0].s, r->v[2].i, most);
	return RC_OK;
}

static enum rc take_place(void *arg, const struct row *r)
{
	add_found(arg, r->v[0].s, r->v[1].i, NO_INT);
	return RC_OK;
}

static enum rc find_all(struct ctx *c, struct finder *f)
{
	TRY(db_each(c, "SELECT place_path, most FROM people_capacity ORDER BY place_path", NO_ARGS, take_limit, f));
	f->kind = Q_OVER_CAPACITY;
	TRY(db_each(c,
		    "SELECT h.place_id, h.place_path, count(*) FROM people_member m"
		    " JOIN people_household h ON h.id = m.household_id"
		    " WHERE h.state = 'live' AND m.state = 'present' AND m.lives_here = 1"
		    " GROUP BY h.place_id, h.place_path HAVING count(*) > (SELECT min(most) FROM people_capacity)"
		    " ORDER BY h.place_path",
		    NO_ARGS, take_count, f));
	f->kind = Q_PERMIT_EXPIRED;
	TRY(db_each(c,
		    "SELECT place_id, count(*) FROM people_permit WHERE state = 'live' AND to_at <= $1"
		    " GROUP BY place_id ORDER BY place_id",
		    ARGS(V_INT(c->now)), take_place, f));
	f->kind = Q_PERMIT_ADDRESS;
	return db_each(
		c,
		"SELECT m.place_id, count(*) FROM people_permit m JOIN people_person p ON p.id = m.person_id"
		" WHERE m.state = 'live' AND m.to_at > $1 AND p.place_id IS NOT NULL AND p.place_id <> m.place_id"
		" GROUP BY m.place_id ORDER BY m.place_id",
		ARGS(V_INT(c->now)), take_place, f);
}

struct opened {
	struct finder *f;
	struct str id[FOUND_MOST];
	size_t n;
};

/* What is open and not found any more answered itself. */
static enum rc take_open(struct ctx *c, void *row, void *arg)
{
	const struct question *q = row;
	struct opened *o = arg;

	(void)c;
	for (size_t i = 0; i < o->f->n; i++)
		if (o->f->v[i].kind == q->kind && str_eq(o->f->v[i].place_id, q->place_id))
			return RC_OK;
	o->id[o->n++] = q->std.id;
	return RC_OK;
}

enum rc question_job(struct ctx *c)
{
	struct finder f = { .c = c,
			    .v = NEW_N(c->arena, struct found, FOUND_MOST),
			    .limit = NEW_N(c->arena, struct limit_at, LIMITS_MOST) };
	struct opened *o = NEW(c->arena, struct opened);
	struct place_ref place;

	TRY(find_all(c, &f));
	o->f = &f;
	TRY(entity_each(c, &question_entity, "state = 'open' AND kind <> 'tenancy_conflict' ORDER BY id LIMIT 2000",
			NO_ARGS, take_open, o));
	for (size_t i = 0; i < o->n && f.n < FOUND_MOST; i++)
		TRY(over(c, o->id[i]));
	for (size_t i = 0; i < f.n; i++) {
		TRY(places_get(c, f.v[i].place_id, "place_id", &place));
		TRY(question_ask(c, f.v[i].kind, &place, NO_STR, f.v[i].n, f.v[i].most));
	}
	return RC_OK;
}
