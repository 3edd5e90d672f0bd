/* places_edges.c - edges and entrances for pages and other modules: the map's
 * layer, an outline as a file, entrances by id. */
#include "domain/places/places_outline.h"
#include "base/csv.h"

#include <math.h>

enum { EDGES_MOST = 20000 };

/* ---- GET /api/places/edges?under=<place id> ------------------------------------------ */

static void open_feature(struct buf *out, const char *type, struct str coordinates)
{
	json_open(out, '{');
	json_put_text(out, "type", STR("Feature"));
	json_key(out, "geometry");
	json_open(out, '{');
	json_put_text(out, "type", str_of(type));
	json_put_raw(out, "coordinates", coordinates);
	json_close(out, '}');
	json_key(out, "properties");
	json_open(out, '{');
}

static void close_feature(struct buf *out)
{
	json_close(out, '}');
	json_close(out, '}');
}

static struct str point_text(struct arena *a, double lon, double lat)
{
	return arena_fmt(a, "[%.7f,%.7f]", lon, lat);
}

struct edge_writer {
	struct buf *out;
	size_t n;
};

static enum rc write_edge(void *arg, const struct row *r)
{
	struct edge_writer *w = arg;

	if (w->n++ == EDGES_MOST)
		return RC_LIMIT;
	open_feature(w->out, "LineString", r->v[2].s);
	json_put_text(w->out, "what", STR("segment"));
	json_put_text(w->out, "id", r->v[0].s);
	json_put_text(w->out, "kind", r->v[1].s);
	json_put_real(w->out, "length_m", round(r->v[3].d * 100) / 100);
	json_put_text(w->out, "place_id", r->v[4].s);
	close_feature(w->out);
	return w->out->overflow ? RC_LIMIT : RC_OK;
}

static enum rc write_gate(void *arg, const struct row *r)
{
	static const char *const keys[] = { "id", "code", "name", "state", "direction", "place_id" };
	struct edge_writer *w = arg;

	if (w->n++ == EDGES_MOST)
		return RC_LIMIT;
	open_feature(w->out, "Point", point_text(w->out->a, r->v[6].d, r->v[7].d));
	json_put_text(w->out, "what", STR("entrance"));
	for (size_t i = 0; i < COUNT(keys); i++)
		json_put_text(w->out, keys[i], r->v[i].s);
	close_feature(w->out);
	return w->out->overflow ? RC_LIMIT : RC_OK;
}

static enum rc edges_of(struct ctx *c, const char *sql, const char *tail, struct str path, row_fn *fn,
			struct edge_writer *w)
{
	struct place_where where = { .sql = buf_new(c->arena, 16 << 10) };

	buf_add(&where.sql, str_of(sql));
	if (path.p)
		place_where_under(c, &where, path);
	else
		place_where_may(c, &where, "places.place.read");
	buf_add(&where.sql, str_of(tail));
	return db_each(c, where.sql.p, (struct args){ where.args, where.n }, fn, w);
}

enum rc places_edges(struct ctx *c, struct call *k)
{
	struct str under = request_query(c, "under"), path = NO_STR;
	struct edge_writer w = { k->out, 0 };
	struct place place;

	if (under.p) {
		TRY(entity_load(c, &place_entity, under, &place));
		path = place.path;
	}
	json_open(k->out, '{');
	json_put_text(k->out, "type", STR("FeatureCollection"));
	json_key(k->out, "features");
	json_open(k->out, '[');
	TRY(edges_of(c,
		     "SELECT s.id, s.kind, s.line, s.length_m, s.place_id FROM places_segment s"
		     " JOIN places_place p ON p.id = s.place_id WHERE ",
		     " ORDER BY s.place_path, s.ring, s.seq", path, write_edge, &w));
	TRY(edges_of(
		c,
		"SELECT e.id, e.code, e.name, e.state, e.direction, e.place_id, e.lon, e.lat FROM places_entrance e"
		" JOIN places_place p ON p.id = e.place_id WHERE e.present = 1 AND ",
		" ORDER BY e.place_path, e.code", path, write_gate, &w));
	json_close(k->out, ']');
	json_close(k->out, '}');
	k->rs->type = "application/geo+json";
	return RC_OK;
}

/* ---- for other modules ---------------------------------------------------------------- */

enum rc places_entrance_get(struct ctx *c, struct str id, const char *field, struct entrance_ref *ret)
{
	struct entrance e;
	bool found;

	TRY(entity_find(c, &entrance_entity, "id = $1", ARGS(V_STR(id.p ? id : STR(""))), &e, &found));
	if (!found)
		return FAIL(c, RC_INVALID, "unknown_entrance", str_of(field), "no such entrance");
	*ret = (struct entrance_ref){ .id = e.std.id,
				      .place_id = e.place_id,
				      .place_path = e.place_path,
				      .code = e.code,
				      .name = e.name,
				      .lon = e.lon,
				      .lat = e.lat,
				      .present = e.present,
				      .open = e.state == ENTRANCE_OPEN || e.state == ENTRANCE_NIGHT,
				      .people = e.people,
				      .car = e.car,
				      .e_bike = e.e_bike,
				      .fire = e.fire,
				      .in = e.direction != DIRECTION_OUT,
				      .out = e.direction != DIRECTION_IN };
	return RC_OK;
}

enum rc places_area_of(struct ctx *c, struct str place_id, double *computed, double *declared)
{
	struct place p;

	TRY(entity_fetch(c, &place_entity, place_id, &p));
	*computed = p.area_m2;
	*declared = p.declared_area_m2;
	return RC_OK;
}

enum rc places_count(struct ctx *c, struct str path, enum place_kind kind, int64_t *ret)
{
	struct place_where w = { .sql = buf_new(c->arena, 4096) };

	buf_add(&w.sql, STR("SELECT count(*) FROM places_place WHERE kind = "));
	place_where_arg(&w, V_Z(place_kinds[kind]));
	buf_add(&w.sql, STR(" AND "));
	place_where_under(c, &w, path);
	return db_int(c, w.sql.p, (struct args){ w.args, w.n }, 0, ret);
}

/* ---- GET /api/places/outline/{id}/export?format= ------------------------------------------ */

static void export_geojson(struct ctx *c, const struct outline *o, const struct drawing *d, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "type", STR("FeatureCollection"));
	json_put_text(out, "name", o->name);
	json_put_text(out, "source_datum", str_of(place_datums[o->datum]));
	json_key(out, "features");
	json_open(out, '[');
	for (size_t i = 0; i < d->n_segments; i++) {
		const struct segment *s = &d->segments[i];
		struct buf line = buf_new(c->arena, OUTLINE_SEGMENTS);

		segment_line(&line, s);
		open_feature(out, "LineString", buf_str(&line));
		json_put_text(out, "what", STR("segment"));
		json_put_int(out, "ring", (int64_t)s->ring);
		json_put_text(out, "kind", str_of(segment_kinds[s->kind]));
		json_put_text(out, "built_on", s->built_on);
		json_put_text(out, "note", s->note);
		json_put_real(out, "length_m", round(segment_length_m(s) * 100) / 100);
		close_feature(out);
	}
	for (size_t i = 0; i < d->n_doorways; i++) {
		const struct doorway *e = &d->doorways[i];

		open_feature(out, "Point", point_text(c->arena, e->at.lon, e->at.lat));
		json_put_text(out, "what", STR("entrance"));
		json_put_text(out, "code", e->code);
		json_put_text(out, "name", e->name);
		json_put_text(out, "state", str_of(entrance_states[e->state]));
		json_put_text(out, "direction", str_of(lane_directions[e->direction]));
		json_put_bool(out, "people", e->people);
		json_put_bool(out, "car", e->car);
		json_put_bool(out, "e_bike", e->e_bike);
		json_put_bool(out, "fire", e->fire);
		json_put_text(out, "note", e->note);
		close_feature(out);
	}
	json_close(out, ']');
	json_close(out, '}');
}

static void csv_flag(struct csv_writer *w, bool b)
{
	csv_put_text(w, b ? STR("true") : STR("false"));
}

static void csv_segment(struct csv_writer *w, struct arena *a, const struct segment *s)
{
	struct buf line = buf_new(a, OUTLINE_SEGMENTS);

	for (size_t i = 0; i < s->n; i++)
		buf_fmt(&line, "%s%.7f %.7f", i ? ";" : "", s->p[i].lon, s->p[i].lat);
	csv_put_text(w, STR("segment"));
	csv_put_int(w, (int64_t)s->ring);
	csv_put_text(w, str_of(segment_kinds[s->kind]));
	csv_put_text(w, s->built_on);
	csv_put_text(w, buf_str(&line));
	for (int i = 0; i < 10; i++)
		csv_put_text(w, NO_STR);
	csv_put_text(w, s->note);
	csv_end_row(w);
}

static void csv_doorway(struct csv_writer *w, struct arena *a, const struct doorway *e)
{
	csv_put_text(w, STR("entrance"));
	for (int i = 0; i < 4; i++)
		csv_put_text(w, NO_STR);
	csv_put_text(w, e->code);
	csv_put_text(w, e->name);
	csv_put_text(w, arena_fmt(a, "%.7f", e->at.lon));
	csv_put_text(w, arena_fmt(a, "%.7f", e->at.lat));
	csv_put_text(w, str_of(entrance_states[e->state]));
	csv_put_text(w, str_of(lane_directions[e->direction]));
	csv_flag(w, e->people);
	csv_flag(w, e->car);
	csv_flag(w, e->e_bike);
	csv_flag(w, e->fire);
	csv_put_text(w, e->note);
	csv_end_row(w);
}

const char *const outline_columns[] = { "what", "ring",   "kind", "built_on", "line",      "code",
					"name", "lon",    "lat",  "state",    "direction", "people",
					"car",  "e_bike", "fire", "note",     NULL };

enum rc outline_export(struct ctx *c, struct call *k)
{
	struct str format = request_query(c, "format");
	struct outline o;
	struct drawing d;

	TRY(entity_load(c, &outline_entity, k->id, &o));
	TRY(drawing_read(c, o.segments, o.entrances, PLACES_WGS84, &d));
	if (format.p == NULL || str_is(format, "geojson")) {
		export_geojson(c, &o, &d, k->out);
		k->rs->type = "application/geo+json";
		return RC_OK;
	}
	if (!str_is(format, "csv"))
		return FAIL(c, RC_INVALID, "unknown_word", STR("format"), "csv or geojson");
	struct csv_writer w = csv_writer_new(k->out, true);

	for (size_t i = 0; outline_columns[i]; i++)
		csv_put_text(&w, str_of(outline_columns[i]));
	csv_end_row(&w);
	for (size_t i = 0; i < d.n_segments; i++)
		csv_segment(&w, c->arena, &d.segments[i]);
	for (size_t i = 0; i < d.n_doorways; i++)
		csv_doorway(&w, c->arena, &d.doorways[i]);
	k->rs->type = "text/csv; charset=utf-8";
	return RC_OK;
}
