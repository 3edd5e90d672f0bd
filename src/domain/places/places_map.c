/* places_map.c - places for pages: the map, what holds a point, search; and the
 * boundaries kept in memory for that. */
#include "domain/places/places_inner.h"
#include "sys/geometry.h"

#include <math.h>
#include <string.h>

enum { MAP_MOST = 10000, SEARCH_MOST = 20, SEARCH_CHARS = 60, SCOPE_MOST = 24 };

/* ---- who may see what ------------------------------------------------------------ */

void place_where_arg(struct place_where *w, struct val v)
{
	w->args[w->n] = v;
	buf_fmt(&w->sql, "$%zu", ++w->n);
}

/* Text is UTF-8, so one byte more at the end never grows into another letter
 * that matters: bytes compare. */
struct str place_after_prefix(struct arena *a, struct str s)
{
	return arena_fmt(a, FMT_STR "\xF4\x8F\xBF\xBF", ARG_STR(s));
}

void place_where_under(struct ctx *c, struct place_where *w, struct str path)
{
	char *to = arena_z(c->arena, path);

	to[path.n - 1] = '/'; /* the byte after '.' */
	buf_add(&w->sql, STR("(path >= "));
	place_where_arg(w, V_STR(path));
	buf_add(&w->sql, STR(" AND path < "));
	place_where_arg(w, V_Z(to));
	buf_char(&w->sql, ')');
}

void place_where_may(struct ctx *c, struct place_where *w, const char *perm)
{
	size_t n = 0;

	if (ctx_may_at(c, perm, STR(""))) {
		buf_add(&w->sql, STR("1 = 1"));
		return;
	}
	buf_char(&w->sql, '(');
	for (size_t i = 0; i < c->who.n_grants && n < SCOPE_MOST; i++) {
		struct str path = c->who.grants[i].path;

		if (path.n == 0 || !ctx_may_at(c, perm, path))
			continue;
		if (n++)
			buf_add(&w->sql, STR(" OR "));
		place_where_under(c, w, path);
	}
	buf_add(&w->sql, n ? STR(")") : STR("1 = 0)"));
}

/* ---- boundaries in memory ---------------------------------------------------------- */

/* Degrees; a metre is about 1e-5.  What is large is looked at from afar. */
static const double tolerance[PLACE_KINDS] = {
	[PLACE_CITY] = 2e-3,     [PLACE_DISTRICT] = 1e-3,  [PLACE_SUBDISTRICT] = 3e-4, [PLACE_COMMUNITY] = 5e-5,
	[PLACE_GRID] = 2e-5,     [PLACE_ENCLOSURE] = 1e-5, [PLACE_BUILDING] = 2e-6,    [PLACE_UNIT] = 2e-6,
	[PLACE_DWELLING] = 2e-6, [PLACE_SPOT] = 2e-6,
};

enum rc places_start(struct ctx *c)
{
	struct places_state *s = ctx_state(c, "places");

	pthread_mutex_init(&s->lock, NULL);
	s->arena = arena_new((size_t)1 << 30);
	s->revision = -1;
	return RC_OK;
}

void places_stop(void *state)
{
	struct places_state *s = state;

	arena_free(s->arena);
	pthread_mutex_destroy(&s->lock);
}

/* Six decimals are a decimetre; what cannot be made simpler is shown whole. */
static struct str map_text(struct arena *a, const struct json *j, const struct geojson *whole, enum place_kind kind)
{
	struct geometry *g = geometry_new();
	struct shape *s, *coarse;
	struct shape_error err;
	struct buf text = buf_new(a, 2 * (size_t)PLACE_MAX_BOUNDARY), out = buf_new(a, 2 * (size_t)PLACE_MAX_BOUNDARY);
	struct geojson small = *whole;
	struct geojson_error bad;
	struct json_error broken;
	struct json *again;

	if (shape_from_json(g, a, j, &s, &err) == RC_OK && shape_simplify(g, s, tolerance[kind], &coarse) == RC_OK) {
		shape_write_json(g, coarse, &text);
		if (json_parse(a, buf_str(&text), 0, &again, &broken) != RC_OK ||
		    geojson_read(a, again, &small, &bad) != RC_OK)
			small = *whole;
	}
	geojson_write(&out, &small, 6);
	geometry_free(g);
	return buf_str(&out);
}

struct area_loader {
	struct places_state *s;
	size_t room;
};

static enum rc load_area(void *arg, const struct row *r)
{
	struct area_loader *l = arg;
	struct arena *a = l->s->arena;
	struct place_area *p = &l->s->areas[l->s->n];
	struct json_error broken;
	struct geojson_error bad;
	struct json *j;

	if (l->s->n == l->room)
		return RC_BUSY; /* a writer came between the count and the rows */
	*p = (struct place_area){ .id = arena_dup(a, r->v[0].s),
				  .path = arena_dup(a, r->v[1].s),
				  .kind = place_kind_of(r->v[2].s) };
	if (json_parse(a, arena_dup(a, r->v[3].s), 0, &j, &broken) != RC_OK ||
	    geojson_read(a, j, &p->geo, &bad) != RC_OK)
		return RC_OK; /* written by an older or another program: no boundary */
	p->box = geojson_box(&p->geo);
	p->map = map_text(a, j, &p->geo, p->kind);
	l->s->n++;
	return arena_check(a);
}

/* Under the lock. */
static enum rc refresh(struct ctx *c, struct places_state *s)
{
	int64_t revision = places_revision(c), n;

	if (revision < 0)
		return c->fail.rc;
	if (revision == s->revision)
		return RC_OK;
	s->revision = -1;
	s->n = 0;
	arena_reset(s->arena);
	TRY(db_int(c, "SELECT count(*) FROM places_place WHERE boundary IS NOT NULL", NO_ARGS, 0, &n));
	struct area_loader l = { s, (size_t)n + 16 };

	s->areas = NEW_N(s->arena, struct place_area, l.room);
	TRY(db_each(c, "SELECT id, path, kind, boundary FROM places_place WHERE boundary IS NOT NULL ORDER BY path",
		    NO_ARGS, load_area, &l));
	s->revision = revision;
	return RC_OK;
}

static bool area_has(const struct place_area *p, double lon, double lat)
{
	return lon >= p->box.min_lon && lon <= p->box.max_lon && lat >= p->box.min_lat && lat <= p->box.max_lat &&
	       geojson_has(&p->geo, lon, lat);
}

struct holder {
	struct str id, path;
};

/* All places whose boundary holds the point, deepest first. */
static enum rc holders(struct ctx *c, double lon, double lat, enum place_kind kind, struct holder **ret, size_t *n)
{
	struct places_state *s = ctx_state(c, "places");
	enum rc rc;

	*n = 0;
	pthread_mutex_lock(&s->lock);
	rc = refresh(c, s);
	*ret = NEW_N(c->arena, struct holder, s->n + 1);
	for (size_t i = s->n; rc == RC_OK && i-- > 0;) {
		const struct place_area *p = &s->areas[i];

		if ((kind == PLACE_NO_KIND || p->kind == kind) && area_has(p, lon, lat))
			(*ret)[(*n)++] = (struct holder){ arena_dup(c->arena, p->id), arena_dup(c->arena, p->path) };
	}
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 1; i < *n; i++) /* few: as deep as the tree */
		for (size_t k = i; k > 0 && (*ret)[k].path.n > (*ret)[k - 1].path.n; k--) {
			struct holder h = (*ret)[k];

			(*ret)[k] = (*ret)[k - 1];
			(*ret)[k - 1] = h;
		}
	return rc;
}

enum rc places_containing(struct ctx *c, double lon, double lat, enum place_kind kind, struct place_ref *ret,
			  bool *found)
{
	struct holder *h;
	size_t n;

	TRY(holders(c, lon, lat, kind, &h, &n));
	*found = n > 0;
	return n ? places_by_path(c, h[0].path, ret, found) : RC_OK;
}

/* ---- GET /api/places/map -------------------------------------------------------------- */

struct map_writer {
	struct places_state *s;
	struct buf *out;
	size_t next, n; /* areas are ordered as the rows are */
};

static void write_point(struct buf *out, double lon, double lat)
{
	buf_fmt(out, "{\"type\":\"Point\",\"coordinates\":[%.6f,%.6f]}", lon, lat);
}

static const struct place_area *area_at(struct map_writer *m, struct str path)
{
	while (m->next < m->s->n && str_cmp(m->s->areas[m->next].path, path) < 0)
		m->next++;
	return m->next < m->s->n && str_eq(m->s->areas[m->next].path, path) ? &m->s->areas[m->next] : NULL;
}

static enum rc write_feature(void *arg, const struct row *r)
{
	static const char *const keys[] = { "id", "kind", "code", "name", "label", "path" };
	struct map_writer *m = arg;
	const struct place_area *area = area_at(m, r->v[5].s);
	struct buf point = buf_new(m->out->a, 200);

	if (area == NULL && r->v[6].kind != VAL_REAL)
		return RC_OK;
	if (m->n++ == MAP_MOST)
		return RC_LIMIT;
	json_open(m->out, '{');
	json_put_text(m->out, "type", STR("Feature"));
	json_put_text(m->out, "id", r->v[0].s);
	if (area == NULL)
		write_point(&point, r->v[6].d, r->v[7].d);
	json_put_raw(m->out, "geometry", area ? area->map : buf_str(&point));
	json_key(m->out, "properties");
	json_open(m->out, '{');
	for (size_t i = 0; i < COUNT(keys); i++)
		json_put_text(m->out, keys[i], r->v[i].s);
	if (r->v[6].kind == VAL_REAL && area) { /* where a label goes */
		json_put_real(m->out, "lon", round(r->v[6].d * 1e6) / 1e6);
		json_put_real(m->out, "lat", round(r->v[7].d * 1e6) / 1e6);
	}
	json_close(m->out, '}');
	json_close(m->out, '}');
	return m->out->overflow ? RC_LIMIT : RC_OK;
}

static enum rc map_where(struct ctx *c, struct place_where *w)
{
	struct str under = request_query(c, "under");
	struct place place;

	if (under.p == NULL) {
		place_where_may(c, w, "places.place.read");
		return RC_OK;
	}
	TRY(entity_load(c, &place_entity, under, &place));
	place_where_under(c, w, place.path);
	return RC_OK;
}

enum rc places_map(struct ctx *c, struct call *k)
{
	struct places_state *s = ctx_state(c, "places");
	struct place_where w = { .sql = buf_new(c->arena, 16 << 10) };
	struct map_writer m = { .s = s, .out = k->out };
	enum rc rc;

	buf_add(&w.sql,
		STR("SELECT id, kind, code, name, label, path, lon, lat FROM places_place WHERE kind <> 'dwelling'"
		    " AND (lon IS NOT NULL OR boundary IS NOT NULL) AND "));
	TRY(map_where(c, &w));
	buf_add(&w.sql, STR(" ORDER BY path"));
	json_open(k->out, '{');
	json_put_text(k->out, "type", STR("FeatureCollection"));
	json_key(k->out, "features");
	json_open(k->out, '[');
	pthread_mutex_lock(&s->lock);
	rc = refresh(c, s);
	if (rc == RC_OK)
		rc = db_each(c, w.sql.p, (struct args){ w.args, w.n }, write_feature, &m);
	pthread_mutex_unlock(&s->lock);
	TRY(rc);
	json_close(k->out, ']');
	json_close(k->out, '}');
	k->rs->type = "application/geo+json";
	return RC_OK;
}

/* ---- GET /api/places/find, /search ------------------------------------------------------ */

static enum rc query_real(struct ctx *c, const char *name, double most, double *ret)
{
	struct str s = request_query(c, name);

	if (s.p == NULL)
		return FAIL(c, RC_INVALID, "required", str_of(name), "%s is required", name);
	if (str_real(s, ret) != RC_OK || *ret < -most || *ret > most)
		return FAIL(c, RC_INVALID, "out_of_range", str_of(name), "%s must be degrees", name);
	return RC_OK;
}

static void write_place(struct buf *out, const struct place_ref *p)
{
	json_open(out, '{');
	json_put_text(out, "id", p->id);
	json_put_text(out, "kind", str_of(place_kinds[p->kind]));
	json_put_text(out, "name", p->name);
	json_put_text(out, "label", p->label);
	json_put_text(out, "path", p->path);
	json_close(out, '}');
}

enum rc places_find(struct ctx *c, struct call *k)
{
	double lon = 0, lat = 0;
	struct holder *h;
	struct place_ref ref;
	bool found;
	size_t n;

	TRY(query_real(c, "lon", 180, &lon));
	TRY(query_real(c, "lat", 90, &lat));
	TRY(holders(c, lon, lat, PLACE_NO_KIND, &h, &n));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < n; i++) {
		if (!ctx_may_at(c, "places.place.read", h[i].path))
			continue;
		TRY(places_by_path(c, h[i].path, &ref, &found));
		if (found)
			write_place(k->out, &ref);
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

enum rc places_search(struct ctx *c, struct call *k)
{
	static const char *const columns[] = { "code", "name", "label" };
	struct str q = str_trim(request_query(c, "q"));
	struct place_where w = { .sql = buf_new(c->arena, 16 << 10) };

	if (q.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("q"), "q is required");
	if (str_chars(q) > SEARCH_CHARS)
		return FAIL(c, RC_INVALID, "wrong_length", STR("q"), "at most %d characters", SEARCH_CHARS);
	buf_add(&w.sql, STR("SELECT id, kind, code, name, label, path, lon, lat FROM places_place WHERE ("));
	for (size_t i = 0; i < COUNT(columns); i++) {
		buf_fmt(&w.sql, "%s(%s >= ", i ? " OR " : "", columns[i]);
		place_where_arg(&w, V_STR(q));
		buf_fmt(&w.sql, " AND %s < ", columns[i]);
		place_where_arg(&w, V_STR(place_after_prefix(c->arena, q)));
		buf_char(&w.sql, ')');
	}
	buf_add(&w.sql, STR(") AND "));
	place_where_may(c, &w, "places.place.read");
	buf_fmt(&w.sql, " ORDER BY path LIMIT %d", SEARCH_MOST);
	json_open(k->out, '{');
	json_key(k->out, "items");
	TRY(db_json(c, k->out, w.sql.p, (struct args){ w.args, w.n }));
	json_close(k->out, '}');
	return RC_OK;
}
