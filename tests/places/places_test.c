/* places_test.c - the tree of places through the front door, on each engine. */
#include "front.h"

#include "domain/places/places.h"
#include "files/files.h"
#include "testdb.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct front f;
static const struct module *const modules[] = { &files_module, &places_module, NULL };
static const char *const all_perms[] = { "places.*", NULL };
static const char *const reader_perms[] = { "places.place.read", NULL };
static const char *const other_perms[] = { "other.thing", NULL };
static const struct role roles[] = {
	{ "admin", all_perms }, { "reader", reader_perms }, { "other", other_perms }, { 0 }
};

static const struct grant everywhere[] = { { .role = &roles[0], .path = STR_INIT("") } };
static const struct actor admin = { .kind = WHO_PERSON, .id = STR_INIT("adm"), .grants = everywhere, .n_grants = 1 };
static const struct actor nobody = { .kind = WHO_NOBODY };

static const struct actor *holder(const struct role *role, const char *path)
{
	struct actor *who = NEW(f.arena, struct actor);
	struct grant *g = NEW(f.arena, struct grant);

	*g = (struct grant){ .role = role, .path = str_of(path) };
	*who = (struct actor){ .kind = WHO_PERSON, .id = STR("p"), .grants = g, .n_grants = 1 };
	return who;
}

static const char *make(const char *parent, const char *kind, const char *code, const char *more)
{
	const struct json *j =
		ask(&f, &admin, "POST", "/api/places/place",
		    fmt(&f, "{%s%s%s\"kind\":\"%s\",\"code\":\"%s\"%s}", parent ? "\"parent_id\":\"" : "",
			parent ? parent : "", parent ? "\"," : "", kind, code, more),
		    201);

	return fmt(&f, "%s", word(j, "id"));
}

static const char *at(const char *id, const char *rest)
{
	return fmt(&f, "/api/places/place/%s%s", id, rest);
}

static const struct json *get(const char *id)
{
	return ask(&f, &admin, "GET", at(id, ""), NULL, 200);
}

/* ---- one small city, used by most tests --------------------------------------- */

static const char *city, *district, *street, *community, *grid, *enclosure, *building, *unit, *dwelling, *spot;
#define COMMUNITY_PATH "36.3601.360111.360111001.c1."

static void build_city(void)
{
	city = make(NULL, "city", "3601", ",\"name\":\"南昌市\"");
	district = make(city, "district", "360111", ",\"name\":\"青山湖区\"");
	street = make(district, "subdistrict", "360111001", "");
	community = make(street, "community", "c1", ",\"name\":\"锦泰\",\"lon\":115.9,\"lat\":28.68");
	grid = make(community, "grid", "g01", ",\"name\":\"一网格\"");
	enclosure = make(community, "enclosure", "e1", ",\"name\":\"东院\"");
	building = make(enclosure, "building", "3", fmt(&f, ",\"grid_id\":\"%s\",\"floors\":11", grid));
	unit = make(building, "unit", "2", "");
	dwelling = make(unit, "dwelling", "501", "");
	spot = make(building, "spot", "lobby", ",\"name\":\"大堂\"");
}

static void test_tree_paths_and_labels(void **state)
{
	(void)state;
	build_city();
	assert_string_equal(word(get(city), "path"), "36.3601.");
	assert_string_equal(word(get(community), "path"), COMMUNITY_PATH);
	assert_string_equal(word(get(dwelling), "path"), COMMUNITY_PATH "e1.3.2.501.");
	assert_string_equal(word(get(dwelling), "label"), "3-2-501");
	assert_string_equal(word(get(dwelling), "name"), "501");
	assert_string_equal(word(get(unit), "label"), "3-2");
	assert_string_equal(word(get(building), "label"), "3");
	assert_string_equal(word(get(spot), "label"), "3 大堂");
	assert_string_equal(word(get(enclosure), "label"), "东院");
	assert_int_equal(json_get(get(building), "floors")->i, 11);
	assert_int_equal(json_get(get(unit), "floors")->kind, J_NULL);
	const char *shop = make(community, "building", "9", "");
	assert_string_equal(word(get(make(shop, "dwelling", "101", "")), "label"), "9-101");
	ask(&f, &admin, "PATCH", at(enclosure, ""), "{\"name\":\"西院\"}", 200);
	assert_string_equal(word(get(enclosure), "label"), "西院");
}

static void test_wrong_input(void **state)
{
	static const struct {
		const char *body, *code, *field;
		int status;
	} cases[] = {
		{ "{\"code\":\"x\"}", "required", "kind", 400 },
		{ "{\"kind\":\"city\"}", "required", "code", 400 },
		{ "{\"kind\":\"galaxy\",\"code\":\"x\"}", "unknown_word", "kind", 400 },
		{ "{\"kind\":\"city\",\"code\":\"a.b\"}", "bad_code", "code", 400 },
		{ "{\"kind\":\"city\",\"code\":\"南昌\"}", "bad_code", "code", 400 },
		{ "{\"kind\":\"city\",\"code\":\"123456789012345678901\"}", "wrong_length", "code", 400 },
		{ "{\"kind\":\"city\",\"code\":7}", "wrong_type", "code", 400 },
		{ "{\"kind\":\"district\",\"code\":\"x\"}", "required", "parent_id", 400 },
		{ "{\"kind\":\"district\",\"code\":\"x\",\"parent_id\":\"nope\"}", "unknown_place", "parent_id", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"name\":\"\"}", "wrong_length", "name", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"path\":\"x.\"}", "read_only", "path", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"label\":\"x\"}", "read_only", "label", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"area_m2\":1}", "read_only", "area_m2", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"area_off\":true}", "read_only", "area_off", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"lon\":181,\"lat\":1}", "out_of_range", "lon", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"lon\":1,\"lat\":-91}", "out_of_range", "lat", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"lon\":1}", "required", "lat", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"lat\":1}", "required", "lon", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"floors\":0}", "out_of_range", "floors", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"floors\":1.5}", "wrong_type", "floors", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"declared_area_m2\":-1}", "out_of_range", "declared_area_m2",
		  400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"datum\":\"bd09\"}", "unknown_word", "datum", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"datum\":\"gcj02\"}", "datum_alone", "datum", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"grid_id\":\"g\"}", "wrong_grid", "grid_id", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"boundary\":\"x\"}", "wrong_type", "boundary", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"boundary\":{\"type\":\"Point\",\"coordinates\":[1,1]}}",
		  "bad_boundary", "boundary", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"boundary\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],["
		  "1,1]]]}}",
		  "bad_boundary", "boundary", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"boundary\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[2,2],["
		  "2,0],[0,2],[0,0]]]}}",
		  "bad_boundary", "boundary", 400 },
		{ "{\"kind\":\"city\",\"code\":\"x\",\"colour\":1}", "unknown_field", "colour", 400 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		refused(&f, &admin, "POST", "/api/places/place", cases[i].body, cases[i].status, cases[i].code,
			cases[i].field);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place"), 0);
	build_city();
	refused(&f, &admin, "POST", "/api/places/place", "{\"kind\":\"city\",\"code\":\"3601\"}", 409, "already_exists",
		"code");
	refused(&f, &admin, "PATCH", at(building, ""), "{\"parent_id\":\"x\"}", 400, "read_only", "parent_id");
	refused(&f, &admin, "PATCH", at(building, ""), "{\"code\":\"4\"}", 400, "read_only", "code");
	refused(&f, &admin, "PATCH", at(building, ""), "{\"kind\":\"unit\"}", 400, "read_only", "kind");
	refused(&f, &admin, "PATCH", at(building, ""), "{\"name\":null}", 400, "required", "name");
	refused(&f, &admin, "PATCH", at(building, ""), "{\"lon\":1,\"lat\":null}", 400, "required", "lat");
	f.match = "\"7\"";
	refused(&f, &admin, "PATCH", at(building, ""), "{\"name\":\"x\"}", 412, "changed_meanwhile", "version");
	f.match = NULL;
}

/* Which kind may stand under which: the table of docs/interfaces.md. */
static void test_kind_order(void **state)
{
	const char *const *k = place_kinds;

	(void)state;
	build_city();
	const char *parents[] = { city, district, street, community, grid, enclosure, building, unit, dwelling, spot };
	static const char *const allowed[] = { /* child letter = kind, in order of parents */
					       "city district spot",
					       "subdistrict spot",
					       "community spot",
					       "grid enclosure building spot",
					       "spot",
					       "building spot",
					       "unit dwelling spot",
					       "dwelling spot",
					       "spot",
					       ""
	};

	for (size_t i = 0; i < COUNT(parents); i++) {
		for (size_t n = 0; n < PLACE_KINDS; n++) {
			const char *body = fmt(&f, "{\"parent_id\":\"%s\",\"kind\":\"%s\",\"code\":\"k%zu\"}",
					       parents[i], k[n], n);
			const char *found = strstr(allowed[i], k[n]);
			bool ok = found && (found == allowed[i] || found[-1] == ' ') &&
				  (found[strlen(k[n])] == ' ' || found[strlen(k[n])] == '\0');

			if (ok)
				ask(&f, &admin, "POST", "/api/places/place", body, 201);
			else
				refused(&f, &admin, "POST", "/api/places/place", body, 400, "wrong_kind", "kind");
		}
	}
}

static void test_boundary_area_and_datum(void **state)
{
	/* 0.01 by 0.01 degree at 28.68 N: 977.3 m by 1108.3 m on WGS-84 (about 1.083 km2) */
	const char *square =
		"{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.68],[115.91,28.68],[115.91,28.69],[115.9,28.69],"
		"[115.9,28.68]]]}";
	const struct json *j;
	double area, lon, lat;

	(void)state;
	build_city();
	j = ask(&f, &admin, "PATCH", at(enclosure, ""),
		fmt(&f, "{\"boundary\":%s,\"declared_area_m2\":1083000}", square), 200);
	assert_true(json_number(json_get(j, "area_m2"), &area));
	assert_true(fabs(area - 1083000) < 2000);
	assert_int_equal(json_get(j, "area_off")->i, 0);
	assert_true(json_number(json_get(j, "lon"), &lon) && json_number(json_get(j, "lat"), &lat));
	assert_true(lon > 115.9 && lon < 115.91 && lat > 28.68 && lat < 28.69);
	j = ask(&f, &admin, "PATCH", at(enclosure, ""), "{\"declared_area_m2\":1200000}", 200);
	assert_int_equal(json_get(j, "area_off")->i, 1);
	j = ask(&f, &admin, "PATCH", at(enclosure, ""), "{\"boundary\":null}", 200);
	assert_int_equal(json_get(j, "area_m2")->kind, J_NULL);
	assert_int_equal(json_get(j, "area_off")->i, 0);

	/* GCJ-02 is some 500 m off here; the way back must come near the WGS-84 point. */
	j = ask(&f, &admin, "PATCH", at(enclosure, ""), "{\"lon\":115.9050,\"lat\":28.6767,\"datum\":\"gcj02\"}", 200);
	assert_true(json_number(json_get(j, "lon"), &lon) && json_number(json_get(j, "lat"), &lat));
	assert_true(fabs(lon - 115.905) > 0.003 && fabs(lon - 115.905) < 0.008 && fabs(lat - 28.6767) > 0.001 &&
		    fabs(lat - 28.6767) < 0.006);
	assert_string_equal(word(j, "datum"), "gcj02");
	j = ask(&f, &admin, "PATCH", at(enclosure, ""), "{\"lon\":115.9,\"lat\":28.68}", 200);
	assert_string_equal(word(j, "datum"), "wgs84");
	refused(&f, &admin, "PATCH", at(enclosure, ""),
		"{\"boundary\":{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.6],[115.92,28.62],[115.92,28.6],[115."
		"9,28.62],[115.9,28.6]]]}}",
		400, "bad_boundary", "boundary");
	assert_non_null(strstr(f.last.body.p, "115.91")); /* where the ring crosses itself */
}

static void test_grids(void **state)
{
	(void)state;
	build_city();
	const char *c2 = make(street, "community", "c2", ""), *g2 = make(c2, "grid", "g01", "");

	refused(&f, &admin, "PATCH", at(building, ""), fmt(&f, "{\"grid_id\":\"%s\"}", g2), 400, "wrong_grid",
		"grid_id");
	refused(&f, &admin, "PATCH", at(building, ""), fmt(&f, "{\"grid_id\":\"%s\"}", enclosure), 400, "wrong_grid",
		"grid_id");
	refused(&f, &admin, "PATCH", at(building, ""), "{\"grid_id\":\"nope\"}", 400, "unknown_place", "grid_id");
	ask(&f, &admin, "PATCH", at(building, ""), "{\"grid_id\":null}", 200);
	ask(&f, &admin, "PATCH", at(building, ""), fmt(&f, "{\"grid_id\":\"%s\"}", grid), 200);
}

/* ---- who sees and changes what --------------------------------------------------- */

static void test_visibility(void **state)
{
	static const struct {
		const char *path;
		int city, community, building, sibling;
	} rows[] = {
		{ "", 200, 200, 200, 200 },
		{ "36.3601.", 200, 200, 200, 200 },
		{ COMMUNITY_PATH, 404, 200, 200, 404 },
		{ COMMUNITY_PATH "e1.3.", 404, 404, 200, 404 },
		{ "36.3601.360111.360111001.c2.", 404, 404, 404, 200 },
		{ "36.3601.360111.360111001.c", 404, 404, 404, 404 }, /* no prefix trick */
	};

	(void)state;
	build_city();
	const char *sibling = make(street, "community", "c2", "");

	for (size_t i = 0; i + 1 < COUNT(rows); i++) {
		const struct actor *who = holder(&roles[1], rows[i].path), *boss = holder(&roles[0], rows[i].path);

		ask(&f, who, "GET", at(city, ""), NULL, rows[i].city);
		ask(&f, who, "GET", at(community, ""), NULL, rows[i].community);
		ask(&f, who, "GET", at(building, ""), NULL, rows[i].building);
		ask(&f, who, "GET", at(sibling, ""), NULL, rows[i].sibling);
		ask(&f, who, "PATCH", at(building, ""), "{\"floors\":5}", 403);
		ask(&f, boss, "PATCH", at(building, ""), "{\"floors\":5}", rows[i].building);
		ask(&f, boss, "PATCH", at(sibling, ""), "{\"name\":\"n\"}", rows[i].sibling);
		ask(&f, who, "GET", fmt(&f, "/api/places/map?under=%s", sibling), NULL, rows[i].sibling);
	}
	ask(&f, &nobody, "GET", at(city, ""), NULL, 401);
	ask(&f, holder(&roles[2], ""), "GET", at(city, ""), NULL, 403);
	refused(&f, holder(&roles[0], COMMUNITY_PATH), "POST", "/api/places/place",
		fmt(&f, "{\"kind\":\"spot\",\"code\":\"s\",\"parent_id\":\"%s\"}", sibling), 400, "unknown_place",
		"parent_id");
	refused(&f, holder(&roles[0], COMMUNITY_PATH), "POST", "/api/places/place",
		"{\"kind\":\"city\",\"code\":\"s\"}", 403, "denied", "-");
	ask(&f, holder(&roles[0], COMMUNITY_PATH), "POST", "/api/places/place",
	    fmt(&f, "{\"kind\":\"spot\",\"code\":\"s\",\"parent_id\":\"%s\"}", community), 201);
}

/* ---- snapshot --------------------------------------------------------------------- */

static enum rc check_tree(struct ctx *c, void *arg)
{
	struct place_tree *t;
	struct place_ref ref;
	uint32_t lo, hi, n;
	bool found;

	(void)arg;
	TRY(places_tree(c, c->arena, &t));
	assert_int_equal(place_tree_count(t), 10);
	assert_true(place_tree_revision(t) == places_revision(c));
	assert_true(place_tree_span(t, str_of(community), &lo, &hi));
	assert_int_equal(hi - lo, 6);
	assert_true(place_tree_span(t, STR(COMMUNITY_PATH "e1.3."), &lo, &hi));
	assert_int_equal(hi - lo, 3);
	n = place_tree_number(t, str_of(dwelling));
	assert_true(n > lo && n <= hi);
	assert_true(str_is(place_tree_at(t, n)->grid_id, grid)); /* from the building */
	assert_true(str_is(place_tree_at(t, place_tree_parent(t, n))->id, unit));
	assert_true(str_is(place_tree_at(t, n)->label, "3-2-501"));
	assert_int_equal(place_tree_number(t, STR("nope")), 0);
	assert_int_equal(place_tree_parent(t, 1), 0);
	assert_null(place_tree_at(t, 0));
	assert_null(place_tree_at(t, 11));
	TRY(places_get(c, str_of(dwelling), "place_id", &ref));
	assert_true(str_is(ref.grid_id, grid) && ref.kind == PLACE_DWELLING && isnan(ref.lon));
	TRY(places_by_path(c, NO_STR, &ref, &found));
	assert_true(found && str_is(ref.id, city));
	assert_int_equal(places_get(c, STR("nope"), "place_id", &ref), RC_INVALID);
	assert_string_equal(c->fail.code, "unknown_place");
	return RC_OK;
}

static enum rc take_revision(struct ctx *c, void *arg)
{
	*(int64_t *)arg = places_revision(c);
	return RC_OK;
}

static void test_snapshot(void **state)
{
	int64_t before, after;

	(void)state;
	build_city();
	assert_int_equal(app_unit(f.app, check_tree, NULL), RC_OK);
	assert_int_equal(app_unit(f.app, take_revision, &before), RC_OK);
	ask(&f, &admin, "PATCH", at(building, ""), "{\"floors\":6}", 200);
	assert_int_equal(app_unit(f.app, take_revision, &after), RC_OK);
	assert_true(after > before);
}

/* ---- map, find, search ---------------------------------------------------------------- */

#define SQUARE(lo, hi) "{\"type\":\"Polygon\",\"coordinates\":[[[" lo "],[" hi "]]]}"

static void test_map_find_search(void **state)
{
	const struct json *j, *items;

	(void)state;
	build_city();
	ask(&f, &admin, "PATCH", at(community, ""),
	    "{\"boundary\":{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.68],[115.905,28.68],[115.91,28.68],[115."
	    "91,28.69],"
	    "[115.9,28.69],[115.9,28.68]]]}}",
	    200);
	ask(&f, &admin, "PATCH", at(building, ""),
	    "{\"boundary\":{\"type\":\"Polygon\",\"coordinates\":[[[115.901,28.681],[115.902,28.681],[115.902,28.682],["
	    "115.901,28.682],"
	    "[115.901,28.681]]]}}",
	    200);
	ask(&f, &admin, "PATCH", at(dwelling, ""), "{\"lon\":115.9015,\"lat\":28.6815}", 200);
	j = ask(&f, &admin, "GET", fmt(&f, "/api/places/map?under=%s", city), NULL, 200);
	assert_string_equal(word(j, "type"), "FeatureCollection");
	items = json_get(j, "features");
	assert_int_equal(items->n, 2); /* the dwelling is not on the map */
	assert_string_equal(word(json_get(items->child, "properties"), "kind"), "community");
	/* the point on a straight edge is gone */
	assert_int_equal(json_get(json_get(items->child, "geometry"), "coordinates")->child->n, 5);
	j = ask(&f, holder(&roles[1], COMMUNITY_PATH "e1."), "GET", "/api/places/map", NULL, 200);
	assert_int_equal(json_get(j, "features")->n, 1);
	ask(&f, &admin, "GET", "/api/places/map?under=nope", NULL, 404);

	j = ask(&f, &admin, "GET", "/api/places/find?lon=115.9015&lat=28.6815", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 2);
	assert_string_equal(word(json_get(j, "items")->child, "id"), building);
	j = ask(&f, holder(&roles[1], "36.3601.360111.360111001.c2."), "GET",
		"/api/places/find?lon=115.9015&lat=28.6815", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 0);
	j = ask(&f, &admin, "GET", "/api/places/find?lon=0&lat=0", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 0);
	refused(&f, &admin, "GET", "/api/places/find?lon=x&lat=0", NULL, 400, "out_of_range", "lon");
	refused(&f, &admin, "GET", "/api/places/find?lon=1", NULL, 400, "required", "lat");

	j = ask(&f, &admin, "GET", "/api/places/search?q=3-2", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 2); /* the unit and its dwelling */
	j = ask(&f, &admin, "GET", "/api/places/search?q=%E9%9D%92%E5%B1%B1", NULL, 200); /* 青山 */
	assert_int_equal(json_get(j, "items")->n, 1);
	j = ask(&f, holder(&roles[1], COMMUNITY_PATH), "GET", "/api/places/search?q=36", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 0);
	j = ask(&f, &admin, "GET", "/api/places/search?q=36", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 3);
	refused(&f, &admin, "GET", "/api/places/search", NULL, 400, "required", "q");
}

/* ---- import --------------------------------------------------------------------------------- */

static const char file[] = "code,name,kind,parent,lon,lat,declared_area_m2,floors,grid\n"
			   "501,,dwelling,e1.3.2.,,,,,\n" /* before its parents */
			   "2,,unit,e1.3.,,,,,\n"
			   "3,三栋,building,e1,115.901,28.681,,11,g01\n"
			   "e1,东院,enclosure,c1,,,,,\n"
			   "g01,一网格,网格,c1,,,,,\n"
			   "c1,锦泰社区,community,360111001,115.9,28.68,500000,,\n";

static void make_street(void)
{
	city = make(NULL, "city", "3601", ",\"name\":\"南昌市\"");
	district = make(city, "district", "360111", "");
	street = make(district, "subdistrict", "360111001", "");
}

static const struct json *import(const char *query, const char *text, int want)
{
	return ask(&f, &admin, "POST", fmt(&f, "/api/places/import?%s", query), text, want);
}

static void check_counts(const struct json *j, int created, int updated, int unchanged, int refused_rows)
{
	assert_int_equal(json_get_int(j, "created", -1), created);
	assert_int_equal(json_get_int(j, "updated", -1), updated);
	assert_int_equal(json_get_int(j, "unchanged", -1), unchanged);
	assert_int_equal(json_get_int(j, "refused", -1), refused_rows);
}

static void test_import_csv(void **state)
{
	const struct json *j;

	(void)state;
	make_street();
	j = import("format=csv&dry_run=true", file, 200);
	check_counts(j, 6, 0, 0, 0);
	assert_int_equal(json_get(j, "written")->i, 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place"), 3);
	j = import("format=csv", file, 200);
	check_counts(j, 6, 0, 0, 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE path = '" COMMUNITY_PATH
				   "e1.3.2.501.' AND label = '3-2-501'"),
			 1);
	assert_int_equal(
		count(&f,
		      "SELECT count(*) FROM places_place b JOIN places_place g ON g.id = b.grid_id WHERE b.code = '3'"),
		1);
	check_counts(import("", file, 200), 0, 0, 6, 0); /* a second time changes nothing */
	j = import("", "code,name,kind,parent\n3,新三栋,building,e1\n", 200);
	check_counts(j, 0, 1, 0, 0);
	assert_int_equal(
		count(&f, "SELECT count(*) FROM places_place WHERE code = '3' AND name = '新三栋' AND floors = 11"), 1);
	j = import("parent=" COMMUNITY_PATH, "code,kind\n8,building\n", 200);
	check_counts(j, 1, 0, 0, 0);
}

static void test_import_refuses(void **state)
{
	static const struct {
		const char *row, *code, *field;
	} cases[] = {
		{ ",x,building,c1,,,", "required", "code" },
		{ "a.b,x,building,c1,,,", "bad_code", "code" },
		{ "b1,x,palace,c1,,,", "unknown_word", "kind" },
		{ "b1,x,building,nope,,,", "unknown_place", "parent" },
		{ "b1,x,unit,360111001,,,", "unknown_place", "parent" }, /* of no kind that holds units */
		{ "b1,x,unit,36.3601.360111.360111001.,,,", "wrong_kind", "kind" },
		{ "b1,x,building,c1,abc,1,", "wrong_type", "lon" },
		{ "b1,x,building,c1,190,1,", "out_of_range", "lon" },
		{ "b1,x,building,c1,1,,", "required", "lat" },
		{ "b1,x,building,c1,,,0.5", "out_of_range", "floors" },
		{ "b1,x,building,c1,,,2.5", "wrong_type", "floors" },
		{ "b1,x,building,c1", "bad_csv", "" },
		{ "c1,x,community,360111001,,,", "duplicate_row", "code" },
	};

	(void)state;
	make_street();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct json
			*j = import("",
				    fmt(&f, "code,name,kind,parent,lon,lat,floors\nc1,one,community,360111001,,,\n%s\n",
					cases[i].row),
				    400),
			*e = json_get(j, "errors");

		assert_string_equal(word(j, "code"), "rows_refused");
		assert_true(e->n >= 1);
		if (strcmp(word(e->child, "code"), cases[i].code) != 0 ||
		    strcmp(word(e->child, "field"), cases[i].field) != 0)
			fail_msg("%s: %.*s", cases[i].row, (int)f.last.body.n, f.last.body.p);
		if (strcmp(cases[i].code, "duplicate_row") != 0)
			assert_int_equal(json_get_int(e->child, "row", 0), 3);
	}
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place"), 3); /* nothing was written, ever */
	check_counts(import("partial=true", "code,kind,parent\nc1,community,360111001\nb1,palace,c1\n", 200), 1, 0, 0,
		     1);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place"), 4);
	/* a child of a refused row, a circle */
	const struct json *j = import("dry_run=true", "code,kind,parent\ne1,enclosures,c1\nb1,building,e1\n", 200);
	check_counts(j, 0, 0, 0, 2);
	assert_string_equal(word(json_get(j, "errors")->child->next, "code"), "parent_refused");
	check_counts(import("dry_run=true", "code,kind,parent\nx,city,y\ny,city,x\n", 200), 0, 0, 0, 2);
	refused(&f, &admin, "POST", "/api/places/import?format=xml", "x", 400, "unknown_word", "format");
	refused(&f, &admin, "POST", "/api/places/import?datum=mars", "x", 400, "unknown_word", "datum");
	refused(&f, &admin, "POST", "/api/places/import", "", 400, "required", "-");
	refused(&f, &admin, "POST", "/api/places/import?parent=no.", "code,kind\nx,city\n", 400, "unknown_place",
		"parent_path");
	refused(&f, &admin, "POST", "/api/places/import?format=geojson", "{", 400, "rows_refused", "-");
	refused(&f, holder(&roles[1], ""), "POST", "/api/places/import", "code\nx\n", 403, "denied", "-");
	j = ask(&f, holder(&roles[0], COMMUNITY_PATH), "POST", "/api/places/import?dry_run=true",
		"code,kind,parent\nc2,community,360111001\n", 200);
	assert_string_equal(word(json_get(j, "errors")->child, "code"), "denied");
}

static void test_import_geojson(void **state)
{
	const char *text = "{\"type\":\"FeatureCollection\",\"features\":["
			   "{\"type\":\"Feature\",\"id\":\"360111001\",\"properties\":{\"name\":\"x\",\"center\":[115."
			   "905,28.685]},\"geometry\":"
			   "{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.68],[115.91,28.68],[115.91,28.69],[115.9,"
			   "28.69],[115.9,28.68]]]}},"
			   "{\"type\":\"Feature\",\"properties\":{\"name\":\"青山湖区\"},\"geometry\":"
			   "{\"type\":\"Polygon\",\"coordinates\":[[[115.8,28.6],[116,28.6],[116,28.8],[115.8,28.8],["
			   "115.8,28.6]]]}}]}";
	const struct json *j;
	double lon;

	(void)state;
	make_street();
	ask(&f, &admin, "PATCH", at(district, ""), "{\"name\":\"青山湖区\"}", 200);
	check_counts(import("format=geojson&datum=gcj02&dry_run=true", text, 200), 0, 2, 0, 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE boundary IS NOT NULL"), 0);
	check_counts(import("format=geojson&datum=gcj02", text, 200), 0, 2, 0, 0);
	check_counts(import("format=geojson&datum=gcj02", text, 200), 0, 0, 2, 0);
	j = get(street);
	assert_string_equal(word(j, "datum"), "gcj02");
	assert_true(json_number(json_get(j, "lon"), &lon) && fabs(lon - 115.905) > 0.003 &&
		    fabs(lon - 115.905) < 0.008);
	j = import("format=geojson&dry_run=true",
		   "{\"type\":\"FeatureCollection\",\"features\":["
		   "{\"type\":\"Feature\",\"id\":\"999\",\"properties\":{},\"geometry\":{\"type\":\"Point\","
		   "\"coordinates\":[1,2]}},"
		   "{\"type\":\"Feature\",\"id\":\"360111\",\"properties\":{},\"geometry\":{\"type\":\"Polygon\","
		   "\"coordinates\":"
		   "[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}},"
		   "{\"type\":\"Feature\",\"id\":\"360111\",\"properties\":{},\"geometry\":{\"type\":\"LineString\","
		   "\"coordinates\":[]}}]}",
		   200);
	check_counts(j, 0, 0, 0, 3);
	assert_string_equal(word(json_get(j, "errors")->child, "code"), "unknown_place");
	assert_string_equal(word(json_get(j, "errors")->child->next, "code"), "bad_boundary");
	assert_string_equal(word(json_get(j, "errors")->child->next->next, "code"), "bad_geojson");
	assert_int_equal(json_get_int(json_get(j, "errors")->child->next->next, "row", 0), 3);
}

/* The form of the national files, in small: a city by code only. */
static void test_import_national_form(void **state)
{
	const char *districts =
		"code,name,cityCode,provinceCode\n360102,\"东湖区\",3601,36\n360103,\"西湖区\",3601,36\n";
	const char *streets = "code,name,areaCode,provinceCode,cityCode\n360102002,\"滕王阁街道\",360102,36,3601\n"
			      "360103001,\"西湖街道\",360103,36,3601\n";

	(void)state;
	check_counts(import("dry_run=true", streets, 200), 0, 0, 0, 2); /* their districts are not there yet */
	check_counts(import("dry_run=true", districts, 200), 2, 0, 0, 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place"), 0);
	check_counts(import("", districts, 200), 2, 0, 0, 0);
	check_counts(import("", streets, 200), 2, 0, 0, 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE path = '36.3601.360102.360102002.'"), 1);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE name = '南昌市' AND path = '36.3601.'"), 1);
	check_counts(import("city_name=Elsewhere", "code,name,cityCode,provinceCode\n990101,x,9901,99\n", 200), 1, 0, 0,
		     0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE name = 'Elsewhere' AND path = '99.9901.'"),
			 1);
}

/* Four squares side by side, then a frame of two parts around a hole: parts
 * that share borders become one; what is apart stays apart. */
static void test_parts_are_merged(void **state)
{
	static const struct {
		const char *parts;
		unsigned polygons, rings;
	} cases[] = {
		{ "[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[1,0],[2,0],[2,1],[1,1],[1,0]]]", 1, 1 },
		{ "[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[1,1],[1,0],[2,0],[2,1],[1,1]]],[[[0,1],[1,1],[1,2],[0,2],[0,1]]"
		  "],"
		  "[[[1,1],[2,1],[2,2],[1,2],[1,1]]]",
		  1, 1 },
		{ "[[[0,0],[3,0],[3,1],[2,1],[2,2],[3,2],[3,3],[0,3],[0,0]]],[[[3,0],[4,0],[4,3],[3,3],[3,2],[3,1],[3,"
		  "0]]]",
		  1, 2 },
		{ "[[[0,0],[1,0],[1,1],[0,1],[0,0]]],[[[1,0],[2,0],[2,1],[1,1],[1,0]]],[[[5,5],[6,5],[6,6],[5,5]]]", 2,
		  1 },
		{ "[[[0,0],[0,1],[1,1],[1,0],[0,0]]],[[[1,0],[2,0],[2,1],[1,1],[1,0]]]", 1, 1 }, /* either direction */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct json *j =
			ask(&f, &admin, "POST", "/api/places/place",
			    fmt(&f,
				"{\"kind\":\"city\",\"code\":\"m%zu\",\"boundary\":{\"type\":\"MultiPolygon\","
				"\"coordinates\":[%s]}}",
				i, cases[i].parts),
			    201);
		const struct json *b = json_get(j, "boundary"), *list = json_get(b, "coordinates");
		bool multi = strcmp(word(b, "type"), "MultiPolygon") == 0;

		assert_int_equal(multi ? list->n : 1, cases[i].polygons);
		unsigned most = 0;
		for (const struct json *p = multi ? list->child : list; p; p = multi ? p->next : NULL)
			most = p->n > most ? p->n : most;
		assert_int_equal(most, cases[i].rings);
	}
	/* really overlapping parts are refused */
	refused(&f, &admin, "POST", "/api/places/place",
		"{\"kind\":\"city\",\"code\":\"x\",\"boundary\":{\"type\":\"MultiPolygon\",\"coordinates\":"
		"[[[[0,0],[2,0],[2,2],[0,2],[0,0]]],[[[1,1],[3,1],[3,3],[1,3],[1,1]]]]}}",
		400, "bad_boundary", "boundary");
}

static char *shared_file(const char *name)
{
	const char *folder = getenv("JIUAN_SHARED_DATA");
	char path[500];

	snprintf(path, sizeof(path), "%s/%s", folder ? folder : "../shared/data", name);
	return read_whole(path);
}

static void test_import_nanchang(void **state)
{
	char *districts = shared_file("nanchang-districts.csv"), *streets = shared_file("nanchang-subdistricts.csv");
	char *borders = shared_file("nanchang-districts.geojson");
	const struct json *j;

	(void)state;
	if (!districts || !streets || !borders) {
		fprintf(stderr, "SKIPPED: no ../shared/data (JIUAN_SHARED_DATA names another folder)\n");
		free(districts);
		free(streets);
		free(borders);
		skip();
	}
	check_counts(import("format=csv", districts, 200), 9, 0, 0, 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE kind = 'city' AND name = '南昌市' AND path "
				   "= '36.3601.'"),
			 1);
	check_counts(import("format=csv", streets, 200), 139, 0, 0, 0);
	/* a subdistrict's code begins with its district's */
	assert_int_equal(
		count(&f, "SELECT count(*) FROM places_place s JOIN places_place d ON d.id = s.parent_id"
			  " WHERE s.kind = 'subdistrict' AND d.kind = 'district' AND substr(s.code, 1, 6) = d.code"),
		139);
	j = import("format=geojson&datum=gcj02", borders, 200);
	assert_int_equal(json_get_int(j, "refused", -1), 0);
	assert_true(json_get_int(j, "updated", 0) >= 9);
	assert_int_equal(count(&f, "SELECT count(*) FROM places_place WHERE kind = 'district' AND boundary IS NOT NULL "
				   "AND lon IS NOT NULL"),
			 9);
	/* 7,195 km2 says the statistics bureau */
	int64_t km2 =
		count(&f, "SELECT CAST(sum(area_m2) / 1000000 AS bigint) FROM places_place WHERE kind = 'district'");
	assert_in_range(km2, 7000, 7400);
	/* Nanchang station (WGS-84 115.9170 28.6620): Xihu or Qingshanhu, a district in any case */
	j = ask(&f, &admin, "GET", "/api/places/find?lon=115.9041&lat=28.6624", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 1);
	ask(&f, &admin, "GET", "/api/places/map", NULL, 200);
	assert_true(f.last.body.n < 100000); /* of 170 kB of boundaries */
	check_counts(import("format=csv", streets, 200), 0, 0, 139, 0);
	free(districts);
	free(streets);
	free(borders);
}

/* Every database call fails once: 503, and nothing of the half-done work stays. */
static void test_failures(void **state)
{
	static const struct {
		const char *method, *path, *body;
		int ok;
	} writes[] = {
		{ "POST", "/api/places/place", "{\"kind\":\"city\",\"code\":\"36\"}", 201 },
		{ "POST", "/api/places/import", "code,kind,parent\nc1,community,360111001\ne1,enclosure,c1\n", 200 },
	};

	(void)state;
	make_street();
	for (size_t i = 0; i < COUNT(writes); i++) {
		for (int n = 1;; n++) {
			int64_t before = count(&f, "SELECT count(*) FROM places_place");
			struct request rq = { .method = str_of(writes[i].method),
					      .path = str_of(writes[i].path),
					      .body = str_of(writes[i].body) };

			conn_fail_at(app_conn(f.app), n);
			f.last = app_handle_as(f.app, f.arena, &admin, &rq);
			conn_fail_at(app_conn(f.app), 0);
			if (f.last.status == writes[i].ok)
				break;
			assert_int_equal(f.last.status, 503);
			assert_int_equal(count(&f, "SELECT count(*) FROM places_place"), before);
			assert_true(n < 200);
		}
	}
}

static enum testdb_kind engine;

static int set_up(void **state)
{
	(void)state;
	front_open(&f, testdb_url(engine), modules, roles);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	front_close(&f);
	testdb_drop(f.url);
	return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_tree_paths_and_labels),
		T(test_wrong_input),
		T(test_kind_order),
		T(test_boundary_area_and_datum),
		T(test_grids),
		T(test_visibility),
		T(test_snapshot),
		T(test_map_find_search),
		T(test_import_csv),
		T(test_import_refuses),
		T(test_import_geojson),
		T(test_import_nanchang),
		T(test_failures),
		T(test_import_national_form),
		T(test_parts_are_merged),
	};
	int bad = 0;

	for (engine = TESTDB_MEMORY; (int)engine < TESTDB_N; engine++)
		if (engine != TESTDB_FILE && testdb_has(engine))
			bad += cmocka_run_group_tests_name(testdb_name(engine), tests, NULL, NULL);
	return bad;
}
