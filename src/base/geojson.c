#include "base/geojson.h"

#include <stdio.h>
#include <string.h>

/* Where we are, for errors: only made into text when one is found. */
struct place {
	const char *word; /* NULL: an index */
	size_t i;
	const struct place *up;
};

struct geo_reader {
	struct arena *a;
	size_t positions, max;
	struct geojson_error *err;
};

static void path_write(struct buf *b, const struct place *at)
{
	if (at == NULL)
		return;
	path_write(b, at->up);
	if (at->word == NULL) {
		buf_fmt(b, "[%zu]", at->i);
		return;
	}
	if (b->n)
		buf_char(b, '.');
	buf_add(b, str_of(at->word));
}

static enum rc refuse(struct geo_reader *r, const struct place *at, const char *reason)
{
	struct buf b = buf_new(r->a, 1000);

	path_write(&b, at);
	*r->err = (struct geojson_error){ buf_str(&b), reason };
	return strcmp(reason, "too_many") == 0 ? RC_LIMIT : RC_INVALID;
}

static struct place in_list(const struct place *up, size_t i)
{
	return (struct place){ NULL, i, up };
}

static struct place in_map(const struct place *up, const char *word)
{
	return (struct place){ word, 0, up };
}

/* [lon, lat] or [lon, lat, height] */
static enum rc read_position(struct geo_reader *r, const struct json *j, const struct place *at, double xy[2])
{
	double v[3];
	size_t n = 0;

	if (j->kind != J_LIST || j->n < 2 || j->n > 3)
		return refuse(r, at, "position");
	for (const struct json *c = j->child; c; c = c->next)
		if (!json_number(c, &v[n++]))
			return refuse(r, at, "position");
	if (!(v[0] >= -180 && v[0] <= 180))
		return refuse(r, at, "lon");
	if (!(v[1] >= -90 && v[1] <= 90))
		return refuse(r, at, "lat");
	xy[0] = v[0];
	xy[1] = v[1];
	return RC_OK;
}

static enum rc read_ring(struct geo_reader *r, const struct json *j, const struct place *at, struct geojson_ring *ret)
{
	size_t i = 0;

	if (j->kind != J_LIST)
		return refuse(r, at, "type");
	if (j->n > r->max - r->positions)
		return refuse(r, at, "too_many");
	if (j->n < 4)
		return refuse(r, at, "too_short");
	double *xy = NEW_N(r->a, double, 2 * (size_t)j->n);

	for (const struct json *c = j->child; c; c = c->next, i++) {
		struct place p = in_list(at, i);

		TRY(read_position(r, c, &p, xy + 2 * i));
	}
	if (memcmp(xy, xy + 2 * (i - 1), 2 * sizeof(double)) != 0 &&
	    !(xy[0] == xy[2 * i - 2] && xy[1] == xy[2 * i - 1]))
		return refuse(r, at, "not_closed");
	r->positions += i;
	*ret = (struct geojson_ring){ xy, i };
	return arena_check(r->a) == RC_OK ? RC_OK : refuse(r, at, "too_many");
}

static enum rc read_polygon(struct geo_reader *r, const struct json *j, const struct place *at,
			    struct geojson_polygon *ret)
{
	size_t i = 0;

	if (j->kind != J_LIST)
		return refuse(r, at, "type");
	if (j->n == 0)
		return refuse(r, at, "empty");
	struct geojson_ring *rings = NEW_N(r->a, struct geojson_ring, j->n);

	for (const struct json *c = j->child; c; c = c->next, i++) {
		struct place p = in_list(at, i);

		TRY(read_ring(r, c, &p, &rings[i]));
	}
	*ret = (struct geojson_polygon){ rings, i };
	return RC_OK;
}

static enum rc read_polygons(struct geo_reader *r, const struct json *j, const struct place *at, struct geojson *ret)
{
	size_t i = 0;

	if (j->kind != J_LIST)
		return refuse(r, at, "type");
	if (j->n == 0)
		return refuse(r, at, "empty");
	struct geojson_polygon *polygons = NEW_N(r->a, struct geojson_polygon, j->n);

	for (const struct json *c = j->child; c; c = c->next, i++) {
		struct place p = in_list(at, i);

		TRY(read_polygon(r, c, &p, &polygons[i]));
	}
	ret->polygons = polygons;
	ret->n = i;
	return RC_OK;
}

static enum rc read_coordinates(struct geo_reader *r, const struct json *j, const struct place *at, struct geojson *ret)
{
	if (ret->kind == GEO_MULTIPOLYGON)
		return read_polygons(r, j, at, ret);
	if (ret->kind == GEO_POLYGON) {
		struct geojson_polygon *one = NEW(r->a, struct geojson_polygon);

		ret->polygons = one;
		ret->n = 1;
		return read_polygon(r, j, at, one);
	}
	double xy[2];

	if (r->positions == r->max)
		return refuse(r, at, "too_many");
	TRY(read_position(r, j, at, xy));
	r->positions++;
	ret->lon = xy[0];
	ret->lat = xy[1];
	return RC_OK;
}

/* Old files name their datum (GeoJSON 2008); only those equal to WGS-84 pass. */
static bool crs_is_ours(const struct json *j)
{
	static const char *const ours[] = { "urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326",
					    "urn:ogc:def:crs:EPSG::4490", "EPSG:4490" };
	const struct json *crs = json_get(j, "crs");
	struct str name = json_get_text(json_get(crs, "properties"), "name");

	for (size_t i = 0; i < COUNT(ours); i++)
		if (str_is(name, ours[i]))
			return true;
	return crs == NULL || crs->kind == J_NULL;
}

static enum rc read_geometry(struct geo_reader *r, const struct json *j, const struct place *at, struct geojson *ret)
{
	struct str type = json_get_text(j, "type");
	const struct json *coordinates = json_get(j, "coordinates");
	struct place in_type = in_map(at, "type"), in_coordinates = in_map(at, "coordinates"),
		     in_crs = in_map(at, "crs");

	*ret = (struct geojson){ .kind = GEO_POINT };
	if (j == NULL || j->kind != J_MAP)
		return refuse(r, at, "type");
	if (!crs_is_ours(j))
		return refuse(r, &in_crs, "crs");
	if (json_get(j, "type") == NULL)
		return refuse(r, &in_type, "missing");
	if (str_is(type, "Polygon"))
		ret->kind = GEO_POLYGON;
	else if (str_is(type, "MultiPolygon"))
		ret->kind = GEO_MULTIPOLYGON;
	else if (!str_is(type, "Point"))
		return refuse(r, &in_type, "type");
	if (coordinates == NULL)
		return refuse(r, &in_coordinates, "missing");
	size_t before = r->positions;

	TRY(read_coordinates(r, coordinates, &in_coordinates, ret));
	ret->positions = r->positions - before;
	return RC_OK;
}

enum rc geojson_read(struct arena *a, const struct json *j, struct geojson *ret, struct geojson_error *err)
{
	struct geo_reader r = { .a = a, .max = GEOJSON_MAX_POSITIONS, .err = err };

	*err = (struct geojson_error){ NO_STR, NULL };
	return read_geometry(&r, j, NULL, ret);
}

enum rc geojson_open(struct arena *a, const struct json *j, struct geojson_features *ret, struct geojson_error *err)
{
	struct geo_reader r = { .a = a, .err = err };
	struct str type = json_get_text(j, "type");
	const struct json *list = json_get(j, "features");
	struct place in_type = in_map(NULL, "type"), in_list_ = in_map(NULL, "features"), in_crs = in_map(NULL, "crs");

	*err = (struct geojson_error){ NO_STR, NULL };
	if (j == NULL || j->kind != J_MAP)
		return refuse(&r, NULL, "type");
	if (json_get(j, "type") == NULL)
		return refuse(&r, &in_type, "missing");
	if (!crs_is_ours(j))
		return refuse(&r, &in_crs, "crs");
	if (!str_is(type, "FeatureCollection")) {
		*ret = (struct geojson_features){ .next = j,
						  .from = str_is(type, "Feature") ? GEO_FROM_FEATURE
										  : GEO_FROM_GEOMETRY };
		return RC_OK;
	}
	if (list == NULL || list->kind != J_LIST)
		return refuse(&r, &in_list_, list ? "type" : "missing");
	*ret = (struct geojson_features){ .next = list->child, .from = GEO_FROM_COLLECTION };
	return RC_OK;
}

static enum rc read_feature(struct geo_reader *r, const struct json *j, const struct place *at,
			    struct geojson_feature *ret)
{
	const struct json *geometry = json_get(j, "geometry"), *p = json_get(j, "properties"), *id = json_get(j, "id");
	struct place in_type = in_map(at, "type"), in_geometry = in_map(at, "geometry"),
		     in_properties = in_map(at, "properties"), in_id = in_map(at, "id");

	if (j->kind != J_MAP)
		return refuse(r, at, "type");
	if (!str_is(json_get_text(j, "type"), "Feature"))
		return refuse(r, &in_type, json_get(j, "type") ? "type" : "missing");
	if (p && p->kind != J_MAP && p->kind != J_NULL)
		return refuse(r, &in_properties, "type");
	if (id && id->kind != J_TEXT && id->kind != J_INT && id->kind != J_REAL)
		return refuse(r, &in_id, "type");
	ret->properties = p && p->kind == J_MAP ? p : NULL;
	ret->id = id;
	if (geometry == NULL)
		return refuse(r, &in_geometry, "missing");
	if (geometry->kind == J_NULL)
		return RC_OK;
	ret->has_geometry = true;
	return read_geometry(r, geometry, &in_geometry, &ret->geometry);
}

bool geojson_next(struct geojson_features *f, struct arena *a, struct geojson_feature *ret, struct geojson_error *err)
{
	struct geo_reader r = { .a = a, .positions = f->positions, .max = GEOJSON_MAX_POSITIONS, .err = err };
	struct place root = in_map(NULL, "features"), item = in_list(&root, f->i);
	const struct json *j = f->next;
	enum rc rc;

	*err = (struct geojson_error){ NO_STR, NULL };
	if (j == NULL)
		return false;
	*ret = (struct geojson_feature){ .i = f->i++ };
	f->next = f->from == GEO_FROM_COLLECTION ? j->next : NULL;
	if (f->from == GEO_FROM_GEOMETRY) {
		ret->has_geometry = true;
		rc = read_geometry(&r, j, NULL, &ret->geometry);
	} else {
		rc = read_feature(&r, j, f->from == GEO_FROM_COLLECTION ? &item : NULL, ret);
	}
	f->positions = r.positions;
	if (rc == RC_LIMIT)
		f->next = NULL;
	return true;
}
