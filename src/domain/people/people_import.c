/* people_import.c - homes and rentals of a file against the register: what each
 * row would do, and doing it; POST /api/people/import. */
#include "domain/people/people_import.h"

#include <string.h>

enum plan { PLAN_CREATE, PLAN_UPDATE, PLAN_SAME };

struct importer {
	struct ctx *c;
	const struct people_import_options *o;
	struct people_import_result *r;
};

/* ---- one home ---------------------------------------------------------------------------- */

static enum rc find_home(struct ctx *c, const struct import_row *r, struct household *h, bool *found)
{
	return entity_find(c, &household_entity, "place_id = $1 AND number = $2 AND state = 'live'",
			   ARGS(V_STR(r->place.id), V_STR(r->number)), h, found);
}

/* Somebody of this name in this home is the same person. */
static enum rc find_in_home(struct ctx *c, struct str household_id, struct str name, struct str *person)
{
	return db_text(c,
		       "SELECT p.id FROM people_member m JOIN people_person p ON p.id = m.person_id"
		       " WHERE m.household_id = $1 AND m.state = 'present' AND p.name = $2 ORDER BY m.id LIMIT 1",
		       ARGS(V_STR(household_id), V_STR(name)), person);
}

static enum rc new_person(struct ctx *c, struct str name, struct str phone, struct person *p)
{
	entity_init(&person_entity, p);
	p->name = name;
	p->phone = phone;
	p->source = SOURCE_IMPORT;
	return entity_insert(c, &person_entity, p, "create");
}

static enum rc take_paper(struct ctx *c, const struct import_row *r, struct str person)
{
	struct identity i;
	int64_t known;

	TRY(db_int(c, "SELECT 1 FROM people_identity WHERE person_id = $1", ARGS(V_STR(person)), 0, &known));
	if (r->id_number.n == 0 || known)
		return RC_OK;
	entity_init(&identity_entity, &i);
	i.person_id = person;
	i.place_path = r->place.path;
	i.kind = r->id_kind;
	i.source = SOURCE_IMPORT;
	TRY(identity_take(c, &i, r->id_number));
	return entity_insert(c, &identity_entity, &i, "create");
}

static enum rc make_home(struct ctx *c, const struct import_row *r, struct household *h)
{
	entity_init(&household_entity, h);
	h->place_id = r->place.id;
	h->place_path = r->place.path;
	h->place_label = r->place.label;
	h->number = r->number;
	h->tenure = r->tenure;
	h->source = SOURCE_IMPORT;
	h->from_at = r->from_at ? r->from_at : c->now;
	return entity_insert(c, &household_entity, h, "create");
}

static enum rc add_member(struct ctx *c, const struct import_row *r, const struct household *h)
{
	struct person p;
	struct member m;

	TRY(new_person(c, r->name, r->phone, &p));
	entity_init(&member_entity, &m);
	m.household_id = h->std.id;
	m.place_path = h->place_path;
	m.person_id = p.std.id;
	m.role = r->role;
	m.relation = r->relation;
	m.lives_here = r->lives_here;
	m.source = SOURCE_IMPORT;
	m.from_at = r->from_at ? r->from_at : c->now;
	TRY(entity_insert(c, &member_entity, &m, "create"));
	TRY(member_settle(c, &m, h));
	return take_paper(c, r, p.std.id);
}

static enum rc plan_home(struct ctx *c, const struct import_row *r, enum plan *plan, struct person *p)
{
	struct household h;
	struct str person = NO_STR;
	bool found;

	TRY(find_home(c, r, &h, &found));
	if (found)
		TRY(find_in_home(c, h.std.id, r->name, &person));
	*plan = PLAN_CREATE;
	if (person.n == 0)
		return RC_OK;
	TRY(entity_fetch(c, &person_entity, person, p));
	*plan = r->phone.n && !str_eq(r->phone, p->phone) ? PLAN_UPDATE : PLAN_SAME;
	return RC_OK;
}

static enum rc write_home(struct ctx *c, const struct import_row *r, enum plan plan, struct person *p)
{
	struct household h;
	bool found;

	if (plan == PLAN_SAME)
		return RC_OK;
	if (plan == PLAN_UPDATE) {
		p->phone = r->phone;
		p->source = SOURCE_IMPORT;
		return entity_save(c, &person_entity, p, "update");
	}
	TRY(find_home(c, r, &h, &found));
	if (!found)
		TRY(make_home(c, r, &h));
	return add_member(c, r, &h);
}

/* ---- one rental ---------------------------------------------------------------------------- */

/* A side of a rental: a member of the dwelling with this name, or new. */
static enum rc side_person(struct ctx *c, const struct import_row *r, struct str name, struct str phone,
			   struct str *ret)
{
	struct person p;

	TRY(db_text(c,
		    "SELECT p.id FROM people_member m JOIN people_household h ON h.id = m.household_id"
		    " JOIN people_person p ON p.id = m.person_id WHERE h.place_id = $1 AND m.state = 'present'"
		    " AND p.name = $2 ORDER BY m.id LIMIT 1",
		    ARGS(V_STR(r->place.id), V_STR(name)), ret));
	if (ret->n)
		return RC_OK;
	TRY(new_person(c, name, phone, &p));
	*ret = p.std.id;
	return db_run(c, "UPDATE people_person SET place_path = NULL WHERE id = $1", ARGS(V_STR(p.std.id)), NULL);
}

static enum rc plan_rental(struct ctx *c, const struct import_row *r, enum plan *plan)
{
	int64_t known;

	TRY(db_int(c,
		   "SELECT 1 FROM people_tenancy t JOIN people_person p ON p.id = t.tenant_id WHERE t.place_id = $1"
		   " AND t.from_at = $2 AND t.to_at = $3 AND p.name = $4 AND t.state IN ('declared', 'confirmed', "
		   "'disputed')",
		   ARGS(V_STR(r->place.id), V_INT(r->from_at), V_INT(r->to_at), V_STR(r->tenant)), 0, &known));
	*plan = known ? PLAN_SAME : PLAN_CREATE;
	return RC_OK;
}

static enum rc write_rental(struct ctx *c, const struct import_row *r, enum plan plan)
{
	struct tenancy t;

	if (plan == PLAN_SAME)
		return RC_OK;
	entity_init(&tenancy_entity, &t);
	t.place_id = r->place.id;
	t.place_path = r->place.path;
	t.place_label = r->place.label;
	t.side = SIDE_LANDLORD;
	t.by_office = true;
	t.from_at = r->from_at;
	t.to_at = r->to_at;
	t.occupants = r->occupants;
	t.other_occupants = NO_INT;
	TRY(side_person(c, r, r->landlord, r->landlord_phone, &t.landlord_id));
	TRY(side_person(c, r, r->tenant, r->tenant_phone, &t.tenant_id));
	TRY(entity_insert(c, &tenancy_entity, &t, "create"));
	return take_paper(c, r, t.tenant_id);
}

/* ---- all -------------------------------------------------------------------------------------- */

static void say(const struct people_import_options *o, size_t row, const char *code, const char *field,
		struct str detail)
{
	if (o->report)
		o->report(o->arg, row, code, field ? field : "", detail.p ? detail.p : "");
}

/* Twice the same line of a file would be two persons. */
static enum rc mark_twins(struct ctx *c, const struct people_import_options *o, struct import_rows *rows)
{
	size_t size = 64, mask;
	struct import_row **slot;

	while (size < rows->n * 2)
		size *= 2;
	mask = size - 1;
	slot = NEW_N(c->arena, struct import_row *, size);
	for (struct import_row *r = rows->first; r; r = r->next) {
		struct str key = arena_fmt(c->arena, FMT_STR "|" FMT_STR "|" FMT_STR "|%lld", ARG_STR(r->place.path),
					   ARG_STR(o->what == PEOPLE_HOUSEHOLDS ? r->number : r->landlord),
					   ARG_STR(o->what == PEOPLE_HOUSEHOLDS ? r->name : r->tenant),
					   o->what == PEOPLE_HOUSEHOLDS ? 0LL : (long long)r->from_at);
		size_t h = 14695981039346656037u;

		if (r->code)
			continue;
		for (size_t i = 0; i < key.n; i++)
			h = (h ^ (unsigned char)key.p[i]) * 1099511628211u;
		for (h &= mask; slot[h]; h = (h + 1) & mask) {
			const struct import_row *other = slot[h];

			if (str_eq(other->place.path, r->place.path) && str_eq(other->name, r->name) &&
			    str_eq(other->number, r->number) && str_eq(other->tenant, r->tenant) &&
			    str_eq(other->landlord, r->landlord) && other->from_at == r->from_at)
				import_refuse(c, r, "twice", "name", "the same as an earlier row");
		}
		slot[h] = r;
	}
	return RC_OK;
}

static enum rc one_row(struct importer *m, const struct import_row *r, bool write)
{
	struct person p;
	enum plan plan;

	if (m->o->what == PEOPLE_HOUSEHOLDS)
		TRY(plan_home(m->c, r, &plan, &p));
	else
		TRY(plan_rental(m->c, r, &plan));
	if (!write) {
		m->r->created += plan == PLAN_CREATE;
		m->r->updated += plan == PLAN_UPDATE;
		m->r->unchanged += plan == PLAN_SAME;
		return RC_OK;
	}
	return m->o->what == PEOPLE_HOUSEHOLDS ? write_home(m->c, r, plan, &p) : write_rental(m->c, r, plan);
}

static enum rc run(struct ctx *c, struct import_rows *rows, const struct people_import_options *o,
		   struct people_import_result *ret)
{
	struct importer m = { c, o, ret };
	size_t done = 0;

	if (rows->code) {
		ret->refused = 1;
		say(o, rows->row, rows->code, "", rows->detail);
		return RC_OK;
	}
	ret->rows = rows->n;
	TRY(mark_twins(c, o, rows));
	for (const struct import_row *r = rows->first; r; r = r->next) {
		ret->refused += r->code != NULL;
		if (r->code)
			say(o, r->row, r->code, r->field, r->detail);
		else
			TRY(one_row(&m, r, false));
	}
	if (o->dry_run || (ret->refused && !o->partial))
		return RC_OK;
	for (const struct import_row *r = rows->first; r; r = r->next) {
		if (r->code == NULL)
			TRY(one_row(&m, r, true));
		if (o->progress)
			o->progress(o->arg, ++done, rows->n);
		if (arena_check(c->arena) != RC_OK)
			return FAIL(c, RC_LIMIT, "too_large", NO_STR, "too many rows at once");
	}
	ret->written = true;
	return RC_OK;
}

static enum rc scope_of(struct ctx *c, struct str under, struct place_ref *ret)
{
	bool found = false;

	if (under.n)
		TRY(places_by_path(c, under, ret, &found));
	if (!found || !ctx_may_at(c, "people.register.import", ret->path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("under"), "no such place");
	return RC_OK;
}

enum rc people_import(struct ctx *c, struct str text, const struct people_import_options *o,
		      struct people_import_result *ret)
{
	struct import_rows rows;
	struct place_ref under;

	*ret = (struct people_import_result){ 0 };
	TRY(scope_of(c, o->under, &under));
	TRY(import_read(c, text, o, &under, &rows));
	return run(c, &rows, o, ret);
}

/* ---- the route --------------------------------------------------------------------------------- */

enum { REPORT_MOST = 1000 };
struct import_call {
	struct people_import_options o;
	struct import_rows rows;
	struct buf errors;
	size_t n;
};

static void note_error(void *arg, size_t row, const char *code, const char *field, const char *detail)
{
	struct import_call *i = arg;

	if (i->n++ >= REPORT_MOST)
		return;
	json_open(&i->errors, '{');
	json_put_int(&i->errors, "row", (int64_t)row);
	json_put_text(&i->errors, "code", str_of(code));
	json_put_text(&i->errors, "field", field[0] ? str_of(field) : NO_STR);
	json_put_text(&i->errors, "detail", str_of(detail));
	json_close(&i->errors, '}');
}

/* Reading and checking needs no writer. */
enum rc people_import_prepare(struct ctx *c, struct call *k)
{
	struct import_call *i = NEW(c->arena, struct import_call);
	struct str what = request_query(c, "what"), first = request_query(c, "row_offset");
	struct place_ref under;
	int64_t offset = 0;

	if (!str_is(what, "households") && !str_is(what, "tenancies"))
		return FAIL(c, RC_INVALID, "unknown_word", STR("what"), "households or tenancies");
	if (first.p && (str_int(first, &offset) != RC_OK || offset < 0 || offset > 10000000))
		return FAIL(c, RC_INVALID, "out_of_range", STR("row_offset"), "a number of rows is expected");
	i->o = (struct people_import_options){ .what = str_is(what, "tenancies") ? PEOPLE_TENANCIES : PEOPLE_HOUSEHOLDS,
					       .under = request_query(c, "under"),
					       .map = request_query(c, "map"),
					       .dry_run = str_is(request_query(c, "dry_run"), "true"),
					       .partial = str_is(request_query(c, "partial"), "true"),
					       .row_offset = (size_t)offset,
					       .report = note_error,
					       .arg = i };
	i->errors = buf_new(c->arena, 1 << 20);
	if (k->rq->body.n == 0)
		return FAIL(c, RC_INVALID, "required", NO_STR, "the file is the body of the request");
	TRY(scope_of(c, i->o.under, &under));
	k->prepared = i;
	return import_read(c, k->rq->body, &i->o, &under, &i->rows);
}

enum rc people_import_run(struct ctx *c, struct call *k)
{
	struct import_call *i = k->prepared;
	struct people_import_result r = { 0 };

	json_open(&i->errors, '[');
	TRY(run(c, &i->rows, &i->o, &r));
	json_close(&i->errors, ']');
	json_open(k->out, '{');
	json_put_int(k->out, "rows", (int64_t)r.rows);
	json_put_int(k->out, "created", (int64_t)r.created);
	json_put_int(k->out, "updated", (int64_t)r.updated);
	json_put_int(k->out, "unchanged", (int64_t)r.unchanged);
	json_put_int(k->out, "refused", (int64_t)r.refused);
	json_put_bool(k->out, "dry_run", i->o.dry_run);
	json_put_bool(k->out, "written", r.written);
	json_put_raw(k->out, "errors", buf_str(&i->errors));
	json_close(k->out, '}');
	return RC_OK;
}
