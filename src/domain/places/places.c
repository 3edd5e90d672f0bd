/* places.c - the entity places.place and the module's tables. */
#include "domain/places/places_works.h"

#include "places_schema.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const place_kinds[] = { "city",     "district", "subdistrict", "community", "grid", "enclosure",
				    "building", "unit",     "dwelling",    "spot",      NULL };
const char *const place_datums[] = { "wgs84", "gcj02", NULL };

static const struct field place_fields[] = {
	F_STD(struct place),
	F_REF(struct place, parent_id, "places.place", FIXED | FILTER | P1),
	F_ENUM(struct place, kind, place_kinds, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct place, code, 1, PLACE_MAX_CODE, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct place, name, 1, PLACE_MAX_NAME, FILTER | P1),
	F_PATH(struct place, path, DERIVED | FILTER | P1),
	F_TEXT(struct place, label, 1, 200, DERIVED | FILTER | P1),
	F_REAL(struct place, lon, -180, 180, P1),
	F_REAL(struct place, lat, -90, 90, P1),
	F_JSON(struct place, boundary, PLACE_MAX_BOUNDARY, P1),
	F_REAL(struct place, area_m2, 0, 1e15, DERIVED | P1),
	F_REAL(struct place, declared_area_m2, 0, 1e15, P1),
	F_FLAG(struct place, area_off, DERIVED | FILTER | P1),
	F_ENUM(struct place, datum, place_datums, P1),
	F_INT(struct place, floors, 1, 300, P1),
	F_REF(struct place, grid_id, "places.place", FILTER | P1),
};

void place_refuse(struct ctx *c, struct place_fault *f, const char *code, const char *field, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (f->code)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	*f = (struct place_fault){ code, field, arena_dup(c->arena, str_of(text)), RC_INVALID };
}

static enum rc fail_of(struct ctx *c, const struct place_fault *f)
{
	return f->code ? FAIL(c, f->rc, f->code, str_of(f->field), FMT_STR, ARG_STR(f->detail)) : RC_OK;
}

enum rc places_changed(struct ctx *c)
{
	return db_run(c,
		      "INSERT INTO places_revision (id, n) VALUES (1, 1)"
		      " ON CONFLICT (id) DO UPDATE SET n = places_revision.n + 1",
		      NO_ARGS, NULL);
}

/* ---- input ------------------------------------------------------------------ */

/* Coordinates are in the datum that the same request names, WGS-84 when it
 * names none; what is stored is always WGS-84. */
static enum rc take_coordinates(struct ctx *c, struct place *p, const struct json *in)
{
	struct place_fault f = { 0 };
	bool point = given(in, "lon") || given(in, "lat"), boundary = given(in, "boundary");

	if (given(in, "datum") && !point && !boundary)
		return FAIL(c, RC_INVALID, "datum_alone", STR("datum"),
			    "a datum belongs to coordinates in the same request");
	if ((point || boundary) && !given(in, "datum"))
		p->datum = PLACES_WGS84;
	if (isnan(p->lon) != isnan(p->lat))
		return FAIL(c, RC_INVALID, "required", str_of(isnan(p->lon) ? "lon" : "lat"),
			    "lon and lat go together");
	if (point && given(in, "lon") != given(in, "lat"))
		return FAIL(c, RC_INVALID, "required", str_of(given(in, "lon") ? "lat" : "lon"),
			    "lon and lat go together");
	if (point)
		place_take_point(p, p->datum);
	if (boundary && !place_take_boundary(c, p, p->datum, &f))
		return fail_of(c, &f);
	if (p->boundary.p == NULL)
		p->area_m2 = NO_REAL;
	place_compare_area(p);
	return RC_OK;
}

static enum rc check_free(struct ctx *c, const struct place *p)
{
	int64_t taken;

	TRY(db_int(c, "SELECT 1 FROM places_place WHERE path = $1", ARGS(V_STR(p->path)), 0, &taken));
	return taken ? FAIL(c, RC_CONFLICT, "already_exists", STR("code"), "the parent has a place with this code")
		     : RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct place *p = row;
	struct place_ref parent;
	struct place_fault f = { 0 };

	if (!given(in, "floors"))
		p->floors = NO_INT;
	if (p->parent_id.n) {
		TRY(places_get(c, p->parent_id, "parent_id", &parent));
		if (!ctx_may_at(c, place_entity.perm.create, parent.path)) /* out of sight: as if not there */
			return FAIL(c, RC_INVALID, "unknown_place", STR("parent_id"), "no such place");
	}
	if (!place_settle(c, p, p->parent_id.n ? &parent : NULL, &f))
		return fail_of(c, &f);
	TRY(check_free(c, p));
	TRY(take_coordinates(c, p, in));
	TRY(place_check_grid(c, p, &f));
	TRY(fail_of(c, &f));
	return places_changed(c);
}

static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct place *p = row;
	struct place_fault f = { 0 };

	if (p->name.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("name"), "name can't be empty");
	TRY(take_coordinates(c, p, in));
	if (given(in, "grid_id"))
		TRY(place_check_grid(c, p, &f));
	TRY(fail_of(c, &f));
	if (p->kind < PLACE_BUILDING) /* these are called by their name */
		p->label = p->name;
	return places_changed(c);
}

static const struct see place_see[] = {
	{ "places.place.read", SEE_PLACE },
	{ 0 },
};
static const struct sort place_sorts[] = {
	{ "path", { "path" } },
	{ "name", { "name" } },
	{ 0 },
};

const struct entity place_entity = {
	.module = "places",
	.name = "place",
	.table = "places_place",
	.size = sizeof(struct place),
	.fields = place_fields,
	.n_fields = COUNT(place_fields),
	.see = place_see,
	.perm = { .create = "places.place.create", .update = "places.place.update", .export = "places.export" },
	.place = "path",
	.sorts = place_sorts,
	.on_create = on_create,
	.on_update = on_update,
	.purpose = "place_register",
	.basis = "duty",
};

/* ---- for other modules --------------------------------------------------------- */

#define REF_COLUMNS "id, path, label, name, kind, lon, lat, CASE WHEN kind = 'grid' THEN id ELSE grid_id END"

struct ref_loader {
	struct ctx *c;
	struct place_ref *ret;
	bool found;
};

static double real_of(const struct val *v)
{
	return v->kind == VAL_REAL ? v->d : v->kind == VAL_INT ? (double)v->i : NO_REAL;
}

static enum rc load_ref(void *arg, const struct row *r)
{
	struct ref_loader *l = arg;
	struct arena *a = l->c->arena;

	*l->ret = (struct place_ref){ .id = arena_dup(a, r->v[0].s),
				      .path = arena_dup(a, r->v[1].s),
				      .label = arena_dup(a, r->v[2].s),
				      .name = arena_dup(a, r->v[3].s),
				      .kind = place_kind_of(r->v[4].s),
				      .lon = real_of(&r->v[5]),
				      .lat = real_of(&r->v[6]) };
	if (r->v[7].kind == VAL_TEXT)
		l->ret->grid_id = arena_dup(a, r->v[7].s);
	l->found = true;
	return RC_OK;
}

/* Without a grid of its own a place is in that of the nearest place above. */
static enum rc inherit_grid(struct ctx *c, struct place_ref *ref)
{
	struct val v[PLACE_MAX_DEPTH];
	size_t n = 0;

	for (size_t i = 0; i + 1 < ref->path.n && n < PLACE_MAX_DEPTH; i++)
		if (ref->path.p[i] == '.')
			v[n++] = V_STR(((struct str){ ref->path.p, i + 1 }));
	if (n == 0 || ref->kind <= PLACE_GRID)
		return RC_OK;
	while (n < PLACE_MAX_DEPTH)
		v[n++] = V_STR(STR(""));
	return db_text(c,
		       "SELECT CASE WHEN kind = 'grid' THEN id ELSE grid_id END FROM places_place"
		       " WHERE path IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
		       " AND (kind = 'grid' OR grid_id IS NOT NULL) ORDER BY path DESC LIMIT 1",
		       (struct args){ v, n }, &ref->grid_id);
}

static enum rc get_ref(struct ctx *c, const char *sql, struct str key, struct place_ref *ret, bool *found)
{
	struct ref_loader l = { c, ret, false };

	TRY(db_each(c, sql, ARGS(V_STR(key.p ? key : STR(""))), load_ref, &l));
	*found = l.found;
	if (l.found && ret->grid_id.p == NULL)
		TRY(inherit_grid(c, ret));
	return RC_OK;
}

enum rc places_get(struct ctx *c, struct str id, const char *field, struct place_ref *ret)
{
	bool found;

	TRY(get_ref(c, "SELECT " REF_COLUMNS " FROM places_place WHERE id = $1", id, ret, &found));
	return found ? RC_OK : FAIL(c, RC_INVALID, "unknown_place", str_of(field), "no such place");
}

enum rc places_by_path(struct ctx *c, struct str path, struct place_ref *ret, bool *found)
{
	if (path.n == 0)
		return get_ref(c,
			       "SELECT " REF_COLUMNS " FROM places_place WHERE parent_id IS NULL AND path >= $1"
			       " ORDER BY path LIMIT 1",
			       path, ret, found);
	return get_ref(c, "SELECT " REF_COLUMNS " FROM places_place WHERE path = $1", path, ret, found);
}

enum rc places_dwelling(struct ctx *c, struct str top, struct str label, struct place_ref *ret, size_t *n)
{
	struct ref_loader l = { c, ret, false };
	char *to = arena_z(c->arena, top);
	int64_t found;

	if (top.n)
		to[top.n - 1] = '/'; /* the byte after '.': the end of the subtree */
	struct args args = ARGS(V_STR(label), V_STR(top), V_STR(top.n ? ((struct str){ to, top.n }) : STR("~")));

	TRY(db_int(
		c,
		"SELECT count(*) FROM places_place WHERE label = $1 AND kind = 'dwelling' AND path >= $2 AND path < $3",
		args, 0, &found));
	*n = (size_t)found;
	return db_each(c,
		       "SELECT " REF_COLUMNS " FROM places_place WHERE label = $1 AND kind = 'dwelling' AND path >= $2"
		       " AND path < $3 ORDER BY path LIMIT 1",
		       args, load_ref, &l);
}

enum rc places_of_grid(struct ctx *c, struct str grid_id, struct str **paths, size_t *n)
{
	return db_texts(c, "SELECT path FROM places_place WHERE grid_id = $1 ORDER BY path", ARGS(V_STR(grid_id)),
			10000, paths, n);
}

int64_t places_revision(struct ctx *c)
{
	int64_t n;

	if (db_int(c, "SELECT n FROM places_revision WHERE id = 1", NO_ARGS, 0, &n) != RC_OK)
		return -1;
	return n;
}

/* ---- tables ----------------------------------------------------------------------- */

static const struct entity *const entities[] = { &place_entity, &outline_entity,    &segment_entity, &entrance_entity,
						 &plan_entity,  &checkpoint_entity, &work_entity,    &weight_entity,
						 &area_entity,  &timetable_entity,  &order_entity,   NULL };
static const struct route routes[] = {
	{ "GET", "/api/places/map", "places.place.read", 0, places_map, NULL },
	{ "GET", "/api/places/find", "places.place.read", 0, places_find, NULL },
	{ "GET", "/api/places/search", "places.place.read", 0, places_search, NULL },
	{ "POST", "/api/places/import", "places.import", 0, places_import_run, places_import_prepare },
	{ "POST", "/api/places/outline_import", "places.survey.edit", 0, outline_import_run, outline_import_prepare },
	{ "GET", "/api/places/outline/{id}/export", "places.survey.read", 0, outline_export, NULL },
	{ "GET", "/api/places/edges", "places.place.read", 0, places_edges, NULL },
	{ "GET", "/api/places/completion", "places.survey.read", 0, places_completion_route, NULL },
	{ "GET", "/api/places/mode", "places.place.read", 0, places_mode_route, NULL },
	{ 0 },
};
static const struct job jobs[] = {
	{ .name = "places.orders", .period = MINUTE, .run = orders_end },
	{ 0 },
};
static const struct column_note columns[] = {
	{ "places_revision", "*", P0, "operation", "duty", 0 },
	{ 0 },
};

static enum rc start(struct ctx *c)
{
	work_photos_start(c);
	return places_start(c);
}

static const char *const needs[] = { "files", NULL };
const struct module places_module = {
	.name = "places",
	.needs = needs,
	.schema = places_schema,
	.entities = entities,
	.routes = routes,
	.jobs = jobs,
	.columns = columns,
	.state_size = sizeof(struct places_state),
	.start = start,
	.stop = places_stop,
};
