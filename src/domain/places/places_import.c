/* places_import.c - rows of a file against the tree as it is: what each would
 * do, and doing it. */
#include "domain/places/places_import.h"

#include <math.h>
#include <string.h>

size_t import_slot(const struct importer *m, struct str code)
{
	size_t h = 14695981039346656037u;

	for (size_t i = 0; i < code.n; i++)
		h = (h ^ (unsigned char)code.p[i]) * 1099511628211u;
	while (m->slots[h & m->mask] && !str_eq(m->rows->v[m->slots[h & m->mask] - 1].code, code))
		h++;
	return h & m->mask;
}

static void index_rows(struct importer *m)
{
	size_t size = 64;

	while (size < m->rows->n * 2)
		size *= 2;
	m->slots = NEW_N(m->c->arena, size_t, size);
	m->mask = size - 1;
	for (size_t i = m->rows->n; i-- > 0;) {
		struct import_row *r = &m->rows->v[i];

		if (r->code.n == 0)
			continue;
		size_t s = import_slot(m, r->code);

		r->next = m->slots[s];
		m->slots[s] = i + 1;
	}
}

/* ---- one row -------------------------------------------------------------------------- */

static void refuse(struct importer *m, struct import_row *r, const char *code, const char *field, const char *detail)
{
	place_refuse(m->c, &r->fault, code, field, "%s", detail);
}

/* The place a row without a parent means: the one with this code (or this
 * name), under the top when there is one. */
static enum rc find_place(struct importer *m, const struct import_row *r, struct str *path, size_t *n)
{
	struct place_where w = { .sql = buf_new(m->c->arena, 4096) };
	struct import_collector k = { m->c, PLACE_NO_KIND, NO_STR, NO_STR, 0 };

	int ways = r->by_name && r->name.p ? 2 : 1; /* by code, then by name */

	for (int by_name = 0; by_name < ways && k.n == 0; by_name++) {
		if (!by_name && r->code.p == NULL)
			continue;
		w.n = 0;
		w.sql.n = 0;
		buf_fmt(&w.sql, "SELECT path, kind FROM places_place WHERE %s = ", by_name ? "name" : "code");
		place_where_arg(&w, V_STR(by_name ? r->name : r->code));
		if (m->has_top) {
			buf_add(&w.sql, STR(" AND "));
			place_where_under(m->c, &w, m->top.path);
		}
		buf_add(&w.sql, STR(" ORDER BY path LIMIT 2"));
		TRY(db_each(m->c, w.sql.p, (struct args){ w.args, w.n }, import_collect, &k));
	}
	*path = k.path;
	*n = k.n;
	return RC_OK;
}

/* What the row says over what is there: true when anything differs. */
static bool lay_over(struct place *p, const struct import_row *r)
{
	struct place old = *p;

	if (r->name.p && !r->by_name)
		p->name = r->name;
	if (!isnan(r->lon)) {
		p->lon = r->lon;
		p->lat = r->lat;
		p->datum = r->datum;
		if (r->boundary.p == NULL)
			place_take_point(p, r->datum);
	}
	if (r->boundary.p) {
		p->boundary = r->boundary;
		p->area_m2 = r->area_m2;
		p->datum = r->datum;
	}
	if (!isnan(r->declared_area_m2))
		p->declared_area_m2 = r->declared_area_m2;
	if (r->floors != NO_INT)
		p->floors = r->floors;
	place_compare_area(p);
	if (p->kind < PLACE_BUILDING)
		p->label = p->name;
	return !str_eq(old.name, p->name) || !str_eq(old.boundary, p->boundary) || old.floors != p->floors ||
	       (!isnan(p->lon) && (isnan(old.lon) || fabs(old.lon - p->lon) > 1e-9 || fabs(old.lat - p->lat) > 1e-9)) ||
	       (!isnan(p->declared_area_m2) && !(fabs(old.declared_area_m2 - p->declared_area_m2) < 1e-6));
}

static void check_fields(struct importer *m, struct import_row *r)
{
	if (isnan(r->lon) != isnan(r->lat))
		refuse(m, r, "required", isnan(r->lon) ? "lon" : "lat", "lon and lat go together");
	if (r->name.p && (!str_utf8(r->name) || str_chars(r->name) > PLACE_MAX_NAME))
		refuse(m, r, "wrong_length", "name", "at most 100 characters");
}

/* Grid by code, in the place's own community. */
static enum rc take_grid(struct importer *m, struct import_row *r)
{
	struct str path = r->place.path, grid = NO_STR;
	size_t dots = 0, n = 0;

	if (r->grid.p == NULL)
		return RC_OK;
	for (size_t i = 0; i < m->n_order; i++) {
		const struct place *p = &m->order[i]->place;

		if (p->kind == PLACE_GRID && str_eq(p->code, r->grid) && path.n > p->path.n - r->grid.n - 1 &&
		    memcmp(p->path.p, path.p, p->path.n - r->grid.n - 1) == 0)
			grid = p->std.id;
	}
	for (n = 0; grid.p == NULL && n < path.n && dots < PLACE_MAX_DEPTH; n++)
		if (path.p[n] == '.' && ++dots)
			TRY(db_text(m->c, "SELECT id FROM places_place WHERE path = $1 AND kind = 'grid'",
				    ARGS(V_STR(arena_fmt(m->c->arena, "%.*s" FMT_STR ".", (int)(n + 1), path.p,
							 ARG_STR(r->grid)))),
				    &grid));
	if (grid.p == NULL)
		refuse(m, r, "unknown_place", "grid", "no such grid in the community");
	else if (!str_eq(r->place.grid_id, grid) && r->plan == PLAN_SAME)
		r->plan = PLAN_UPDATE;
	r->place.grid_id = grid;
	return RC_OK;
}

static enum rc plan_known(struct importer *m, struct import_row *r, struct str path, bool *known)
{
	TRY(entity_find(m->c, &place_entity, "path = $1", ARGS(V_STR(path)), &r->place, known));
	if (!*known)
		return RC_OK;
	if (r->kind != PLACE_NO_KIND && r->place.kind != r->kind && !r->by_name)
		refuse(m, r, "wrong_kind", "kind", "the place has another kind");
	r->plan = lay_over(&r->place, r) ? PLAN_UPDATE : PLAN_SAME;
	return RC_OK;
}

static enum rc plan_new(struct importer *m, struct import_row *r, const struct place_ref *parent)
{
	bool known = false;

	if (r->kind == PLACE_NO_KIND && !parent) {
		refuse(m, r, "unknown_place", "code", "no such place, and no kind to make one");
		return RC_OK;
	}
	entity_init(&place_entity, &r->place);
	r->place.floors = NO_INT;
	r->place.code = r->code;
	r->place.name = r->name;
	r->place.kind = r->kind == PLACE_NO_KIND ? 0 : r->kind;
	r->place.parent_id = parent ? parent->id : NO_STR;
	if (r->kind == PLACE_NO_KIND) { /* only a known place may do without */
		struct str path = arena_fmt(m->c->arena, FMT_STR FMT_STR ".", ARG_STR(parent->path), ARG_STR(r->code));

		TRY(plan_known(m, r, path, &known));
		if (!known)
			refuse(m, r, "required", "kind", "a new place needs a kind");
		return RC_OK;
	}
	if (!place_settle(m->c, &r->place, parent, &r->fault))
		return RC_OK;
	struct place made = r->place;

	TRY(plan_known(m, r, made.path, &known));
	if (known)
		return RC_OK;
	r->place = made;
	(void)lay_over(&r->place, r);
	r->place.std.id = ctx_new_id(m->c);
	r->plan = PLAN_CREATE;
	return RC_OK;
}

static enum rc plan_place(struct importer *m, struct import_row *r)
{
	struct import_found parent = { .n = 0 };
	struct str path;
	size_t n;
	bool known = false;

	if (r->parent.p) {
		TRY(import_find_parent(m, r, &parent));
		if (parent.refused && parent.n == 0)
			refuse(m, r, "parent_refused", "parent", "its parent is refused");
		else if (parent.n != 1)
			refuse(m, r, parent.n ? "ambiguous_parent" : "unknown_place", "parent",
			       parent.n ? "several places have this code: give the path" : "no such place");
		return r->fault.code ? RC_OK : plan_new(m, r, &parent.ref);
	}
	TRY(find_place(m, r, &path, &n));
	if (n == 1 && (r->kind == PLACE_NO_KIND || r->by_name || !m->has_top))
		return plan_known(m, r, path, &known);
	if (n > 1 && (r->by_name || r->kind == PLACE_NO_KIND)) {
		refuse(m, r, "ambiguous_place", "code", "several places fit");
		return RC_OK;
	}
	return plan_new(m, r, m->has_top ? &m->top : NULL);
}

static enum rc check_row(struct importer *m, struct import_row *r)
{
	for (size_t i = m->slots[import_slot(m, r->place.code)]; i; i = m->rows->v[i - 1].next) {
		const struct import_row *o = &m->rows->v[i - 1];

		if (o != r && o->plan > PLAN_BUSY && o->plan != PLAN_REFUSED && str_eq(o->place.path, r->place.path))
			refuse(m, r, "duplicate_row", "code", "another row is the same place");
	}
	if (!ctx_may_at(m->c, "places.import", r->place.path))
		refuse(m, r, "denied", "code", "outside the places you may import for");
	return r->fault.code ? RC_OK : take_grid(m, r);
}

/* Depth is bounded by the kinds: a chain of parents in a file that is longer
 * than the tree can be comes back to a row in work. */
enum rc import_plan_row(struct importer *m, struct import_row *r)
{
	if (r->plan != PLAN_OPEN)
		return RC_OK;
	r->plan = PLAN_BUSY;
	check_fields(m, r);
	if (!r->fault.code)
		TRY(plan_place(m, r));
	if (!r->fault.code)
		TRY(check_row(m, r));
	if (r->fault.code)
		r->plan = PLAN_REFUSED;
	else
		m->order[m->n_order++] = r;
	return arena_check(m->c->arena) == RC_OK ? RC_OK : FAIL(m->c, RC_LIMIT, "too_large", NO_STR, "too much memory");
}

/* ---- all rows ----------------------------------------------------------------------------- */

static void count(struct importer *m, struct places_import_result *ret)
{
	for (size_t i = 0; i < m->rows->n; i++) {
		struct import_row *r = &m->rows->v[i];

		if (r->row == 0)
			continue;
		ret->rows++;
		ret->created += r->plan == PLAN_CREATE;
		ret->updated += r->plan == PLAN_UPDATE;
		ret->unchanged += r->plan == PLAN_SAME;
		ret->refused += r->plan == PLAN_REFUSED;
		if (r->plan == PLAN_REFUSED && m->o->report)
			m->o->report(m->o->arg, r->row, r->fault.code, r->fault.field, r->fault.detail.p);
	}
}

static enum rc apply(struct importer *m)
{
	for (size_t i = 0; i < m->n_order; i++) {
		struct import_row *r = m->order[i];

		if (r->plan == PLAN_CREATE)
			TRY(entity_insert(m->c, &place_entity, &r->place, "create"));
		else if (r->plan == PLAN_UPDATE)
			TRY(entity_save(m->c, &place_entity, &r->place, "update"));
	}
	return places_changed(m->c);
}

enum rc places_import_rows(struct ctx *c, struct import_rows *rows, const struct places_import_options *o,
			   struct places_import_result *ret)
{
	struct importer m = { .c = c, .o = o, .rows = rows };

	*ret = (struct places_import_result){ 0 };
	if (rows->whole.code) {
		ret->refused = 1;
		if (o->report)
			o->report(o->arg, rows->whole_row, rows->whole.code, rows->whole.field, rows->whole.detail.p);
		return RC_OK;
	}
	if (o->parent_path.p) {
		TRY(places_by_path(c, o->parent_path, &m.top, &m.has_top));
		if (!m.has_top)
			return FAIL(c, RC_INVALID, "unknown_place", STR("parent_path"), "no such place");
	}
	index_rows(&m);
	m.order = NEW_N(c->arena, struct import_row *, rows->n + 1);
	for (size_t i = 0; i < rows->n; i++) /* grids first: others name them by code */
		if (rows->v[i].kind == PLACE_GRID)
			TRY(import_plan_row(&m, &rows->v[i]));
	for (size_t i = 0; i < rows->n; i++)
		TRY(import_plan_row(&m, &rows->v[i]));
	count(&m, ret);
	ret->written = !o->dry_run && (ret->refused == 0 || o->partial);
	return ret->written ? apply(&m) : RC_OK;
}

enum rc places_import(struct ctx *c, struct str text, const struct places_import_options *o,
		      struct places_import_result *ret)
{
	struct import_rows rows;

	TRY(places_read_rows(c, text, o, &rows));
	return places_import_rows(c, &rows, o, ret);
}
