/* places_import_read.c - CSV and GeoJSON files of places into rows. */
#include "domain/places/places_import.h"
#include "base/csv.h"

#include <math.h>
#include <string.h>

enum { IMPORT_MOST = 200000 };

/* The national files give cities by code only: the prefecture-level cities of
 * Jiangxi (GB/T 2260). */
static const char *const city_names[][2] = {
	{ "3601", "南昌市" }, { "3602", "景德镇市" }, { "3603", "萍乡市" }, { "3604", "九江市" },
	{ "3605", "新余市" }, { "3606", "鹰潭市" },   { "3607", "赣州市" }, { "3608", "吉安市" },
	{ "3609", "宜春市" }, { "3610", "抚州市" },   { "3611", "上饶市" },
};

struct import_row *import_row_add(struct ctx *c, struct import_rows *rows)
{
	if (rows->n == rows->room) {
		size_t room = rows->room ? rows->room * 2 : 64;
		struct import_row *v = NEW_N(c->arena, struct import_row, room);

		if (rows->n)
			memcpy(v, rows->v, rows->n * sizeof(*v));
		rows->v = v;
		rows->room = room;
	}
	struct import_row *r = &rows->v[rows->n++];

	*r = (struct import_row){ .kind = PLACE_NO_KIND,
				  .lon = NO_REAL,
				  .lat = NO_REAL,
				  .declared_area_m2 = NO_REAL,
				  .area_m2 = NO_REAL,
				  .floors = NO_INT };
	return r;
}

static enum rc refuse_text(struct import_rows *rows, const char *code, size_t row, struct str detail)
{
	rows->whole = (struct place_fault){ code, "", detail, RC_INVALID };
	rows->whole_row = row;
	return RC_OK;
}

/* ---- CSV ---------------------------------------------------------------------- */

enum column {
	C_CODE,
	C_NAME,
	C_KIND,
	C_PARENT,
	C_LON,
	C_LAT,
	C_AREA,
	C_FLOORS,
	C_GRID,
	C_AREA_CODE,
	C_CITY_CODE,
	C_CITY,
	COLUMNS
};
static const char *const column_field[COLUMNS] = {
	"code",   "name", "kind",     "parent",   "lon",     "lat", "declared_area_m2",
	"floors", "grid", "areaCode", "cityCode", "cityName"
};
static const struct {
	const char *name;
	enum column column;
} column_names[] = {
	{ "code", C_CODE },
	{ "adcode", C_CODE },
	{ "编码", C_CODE },
	{ "代码", C_CODE },
	{ "name", C_NAME },
	{ "名称", C_NAME },
	{ "kind", C_KIND },
	{ "type", C_KIND },
	{ "类型", C_KIND },
	{ "类别", C_KIND },
	{ "parent", C_PARENT },
	{ "parent_code", C_PARENT },
	{ "parent_path", C_PARENT },
	{ "上级", C_PARENT },
	{ "lon", C_LON },
	{ "lng", C_LON },
	{ "longitude", C_LON },
	{ "经度", C_LON },
	{ "lat", C_LAT },
	{ "latitude", C_LAT },
	{ "纬度", C_LAT },
	{ "declared_area_m2", C_AREA },
	{ "area_m2", C_AREA },
	{ "面积", C_AREA },
	{ "floors", C_FLOORS },
	{ "层数", C_FLOORS },
	{ "grid", C_GRID },
	{ "网格", C_GRID },
	{ "areacode", C_AREA_CODE },
	{ "citycode", C_CITY_CODE },
	{ "cityname", C_CITY },
};

struct csv_reader {
	struct ctx *c;
	const struct places_import_options *o;
	struct import_rows *rows;
	struct csv csv;
	size_t at[COLUMNS]; /* CSV_MAX_COLUMNS: no such column */
	struct str city;    /* code of the city row made last */
};

static bool same_word(struct str a, const char *z)
{
	if (a.n != strlen(z))
		return false;
	for (size_t i = 0; i < a.n; i++) {
		char ch = a.p[i] >= 'A' && a.p[i] <= 'Z' ? (char)(a.p[i] + 32) : a.p[i];

		if (ch != z[i])
			return false;
	}
	return true;
}

static void find_columns(struct csv_reader *r)
{
	for (size_t k = 0; k < COLUMNS; k++)
		r->at[k] = CSV_MAX_COLUMNS;
	for (size_t i = 0; i < r->csv.n; i++)
		for (size_t k = 0; k < COUNT(column_names); k++)
			if (r->at[column_names[k].column] == CSV_MAX_COLUMNS &&
			    same_word(r->csv.names[i], column_names[k].name))
				r->at[column_names[k].column] = i;
}

static struct str cell(const struct csv_reader *r, const struct csv_row *row, enum column k)
{
	struct str s = r->at[k] < CSV_MAX_COLUMNS ? str_trim(row->cells[r->at[k]]) : NO_STR;

	return s.n ? s : NO_STR;
}

static double number(struct csv_reader *r, const struct csv_row *row, enum column k, double lo, double hi,
		     struct import_row *out)
{
	struct str s = cell(r, row, k);
	double d = NO_REAL;

	if (s.p == NULL)
		return NO_REAL;
	if (str_real(s, &d) != RC_OK)
		place_refuse(r->c, &out->fault, "wrong_type", column_field[k], "a number is expected");
	else if (d < lo || d > hi)
		place_refuse(r->c, &out->fault, "out_of_range", column_field[k], "must be %g to %g", lo, hi);
	return d;
}

/* The city that the rows of a national file stand under, once. */
static void imply_city(struct csv_reader *r, struct str code, struct str name)
{
	struct import_row *city;

	if (str_eq(code, r->city))
		return;
	r->city = code;
	city = import_row_add(r->c, r->rows);
	city->code = code;
	city->kind = PLACE_CITY;
	city->name = r->o->city_name.p ? r->o->city_name : name;
	for (size_t i = 0; city->name.p == NULL && i < COUNT(city_names); i++)
		if (str_is(code, city_names[i][0]))
			city->name = str_of(city_names[i][1]);
}

static void read_kind(struct csv_reader *r, const struct csv_row *row, struct import_row *out)
{
	struct str area = cell(r, row, C_AREA_CODE), city = cell(r, row, C_CITY_CODE), word = cell(r, row, C_KIND);

	out->parent = cell(r, row, C_PARENT);
	if (word.p) {
		out->kind = place_kind_of(word);
		if (out->kind == PLACE_NO_KIND)
			place_refuse(r->c, &out->fault, "unknown_word", "kind", "no such kind");
	} else if (area.p || city.p) {
		out->kind = area.p ? PLACE_SUBDISTRICT : PLACE_DISTRICT;
	}
	if (out->parent.p == NULL)
		out->parent = area.p ? area : city;
}

static void read_csv_row(struct csv_reader *r, const struct csv_row *row)
{
	struct str city = cell(r, row, C_CITY_CODE);
	struct import_row *out;
	double floors;

	if (city.p && cell(r, row, C_AREA_CODE).p == NULL)
		imply_city(r, city, cell(r, row, C_CITY));
	out = import_row_add(r->c, r->rows);
	out->row = row->row;
	out->datum = r->o->datum;
	out->code = cell(r, row, C_CODE);
	out->name = cell(r, row, C_NAME);
	out->grid = cell(r, row, C_GRID);
	read_kind(r, row, out);
	out->lon = number(r, row, C_LON, -180, 180, out);
	out->lat = number(r, row, C_LAT, -90, 90, out);
	out->declared_area_m2 = number(r, row, C_AREA, 0, 1e15, out);
	floors = number(r, row, C_FLOORS, 1, 300, out);
	if (!isnan(floors) && !out->fault.code) {
		if (floors != floor(floors))
			place_refuse(r->c, &out->fault, "wrong_type", "floors", "a whole number is expected");
		out->floors = (int64_t)floors;
	}
	if (out->code.p == NULL)
		place_refuse(r->c, &out->fault, "required", "code", "a code is needed");
}

static enum rc read_csv(struct ctx *c, struct str text, const struct places_import_options *o, struct import_rows *rows)
{
	struct csv_reader *r = NEW(c->arena, struct csv_reader);
	struct csv_row *row = NEW(c->arena, struct csv_row);
	struct csv_error err = { 0 };

	*r = (struct csv_reader){ .c = c, .o = o, .rows = rows };
	if (csv_open(c->arena, text, &r->csv, &err) != RC_OK)
		return refuse_text(rows, "bad_csv", err.row, str_of(err.reason));
	find_columns(r);
	if (r->at[C_CODE] == CSV_MAX_COLUMNS)
		return refuse_text(rows, "bad_csv", 1, STR("no column named code"));
	while (csv_next(&r->csv, row, &err)) {
		if (rows->n == IMPORT_MOST)
			return refuse_text(rows, "too_many", row->row, STR("too many rows"));
		if (err.reason == NULL) {
			read_csv_row(r, row);
		} else {
			struct import_row *bad = import_row_add(c, rows);

			bad->row = row->row;
			place_refuse(c, &bad->fault, "bad_csv", "", "%s in column %zu", err.reason, err.column);
		}
		TRY(arena_check(c->arena));
	}
	return RC_OK;
}

/* ---- GeoJSON -------------------------------------------------------------------- */

/* Codes come as text or as numbers. */
static struct str word_of(struct ctx *c, const struct json *j)
{
	if (j == NULL)
		return NO_STR;
	if (j->kind == J_INT)
		return arena_fmt(c->arena, "%lld", (long long)j->i);
	return j->kind == J_TEXT && j->text.n ? str_trim(j->text) : NO_STR;
}

static void read_center(struct import_row *r, const struct json *properties)
{
	static const char *const keys[] = { "center", "centroid", "centre" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		const struct json *j = json_get(properties, keys[i]);
		double lon, lat;

		if (j == NULL || j->kind != J_LIST || j->n != 2 || !json_number(j->child, &lon) ||
		    !json_number(j->child->next, &lat) || fabs(lon) > 180 || fabs(lat) > 90)
			continue;
		r->lon = lon;
		r->lat = lat;
		return;
	}
}

static void read_geometry(struct ctx *c, struct import_row *r, const struct geojson *g)
{
	struct buf text = buf_new(c->arena, 2 * (size_t)PLACE_MAX_BOUNDARY);
	struct place *p = NEW(c->arena, struct place);

	if (g->kind == GEO_POINT) {
		r->lon = g->lon;
		r->lat = g->lat;
		return;
	}
	geojson_write(&text, g, 9);
	*p = (struct place){ .boundary = buf_str(&text), .lon = r->lon, .lat = r->lat, .declared_area_m2 = NO_REAL };
	place_take_point(p, r->datum);
	if (!place_take_boundary(c, p, r->datum, &r->fault))
		return;
	r->boundary = p->boundary;
	r->area_m2 = p->area_m2;
	r->lon = p->lon; /* WGS-84 from here on */
	r->lat = p->lat;
}

static void read_feature(struct ctx *c, const struct geojson_feature *f, struct import_row *r)
{
	const struct json *p = f->properties, *parent = json_get(p, "parent");
	struct str level = word_of(c, json_get(p, "kind"));

	r->code = word_of(c, json_get(p, "code"));
	if (r->code.p == NULL)
		r->code = word_of(c, json_get(p, "adcode"));
	if (r->code.p == NULL)
		r->code = word_of(c, f->id);
	r->name = word_of(c, json_get(p, "name"));
	r->by_name = true;
	r->parent = parent && parent->kind == J_MAP ? word_of(c, json_get(parent, "adcode")) : word_of(c, parent);
	r->kind = place_kind_of(level.p ? level : word_of(c, json_get(p, "level")));
	read_center(r, p);
	if (f->has_geometry)
		read_geometry(c, r, &f->geometry);
	if (r->code.p == NULL && r->name.p == NULL)
		place_refuse(c, &r->fault, "required", "code", "a feature needs an id, a code or a name");
	if (isnan(r->lon) && r->boundary.p == NULL)
		place_refuse(c, &r->fault, "required", "geometry", "no geometry");
}

static enum rc read_geojson(struct ctx *c, struct str text, const struct places_import_options *o,
			    struct import_rows *rows)
{
	struct json *j;
	struct json_error bad;
	struct geojson_features all;
	struct geojson_feature f;
	struct geojson_error err = { .reason = NULL };

	if (json_parse(c->arena, text, 4000000, &j, &bad) != RC_OK)
		return refuse_text(rows, "bad_json", 0, arena_fmt(c->arena, "%s at byte %zu", bad.reason, bad.at));
	if (geojson_open(c->arena, j, &all, &err) != RC_OK)
		return refuse_text(rows, "bad_geojson", 0,
				   arena_fmt(c->arena, FMT_STR ": %s", ARG_STR(err.path), err.reason));
	while (geojson_next(&all, c->arena, &f, &err)) {
		struct import_row *r = import_row_add(c, rows);

		r->row = f.i + 1;
		r->datum = o->datum;
		if (err.reason)
			place_refuse(c, &r->fault, "bad_geojson", "geometry", FMT_STR ": %s", ARG_STR(err.path),
				     err.reason);
		else
			read_feature(c, &f, r);
		TRY(arena_check(c->arena));
	}
	return RC_OK;
}

enum rc places_read_rows(struct ctx *c, struct str text, const struct places_import_options *o, struct import_rows *ret)
{
	enum rc rc;

	*ret = (struct import_rows){ 0 };
	rc = o->format == PLACES_GEOJSON ? read_geojson(c, text, o, ret) : read_csv(c, text, o, ret);
	return rc == RC_LIMIT ? FAIL(c, RC_LIMIT, "too_large", NO_STR, "the file needs too much memory") : rc;
}
