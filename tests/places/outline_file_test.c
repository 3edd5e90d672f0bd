/* Outlines as files: dry run, row by row; there and back; rings within rings;
 * the layer of the map. */
#include "ground.h"

#include <math.h>
#include <string.h>

static struct ground ground, *const g = &ground;

static const char *import_path(const char *rest)
{
	return fmt(g->r, OUTLINE "_import?place=%s&%s", g->enclosure, rest);
}

#define HEAD "what,ring,kind,built_on,line,code,name,lon,lat,state,direction,people,car,e_bike,fire,note\n"

static const char *csv_square(void)
{
	return fmt(g->r,
		   HEAD "segment,0,wall,2025-06-01,%s %s;%s %s;%s %s,,,,,,,,,,,\n"
			"segment,0,fence,,%s %s;%s %s;%s %s,,,,,,,,,,,\n"
			"entrance,,,,,S,South gate,115.902,28.68,open,both,true,true,false,,\n",
		   "115.9", "28.68", "115.904", "28.68", "115.904", "28.683", "115.904", "28.683", "115.9", "28.683",
		   "115.9", "28.68");
}

static void csv(struct rig *r)
{
	const struct json *j;
	const char *id;

	ground_build(g, r);
	j = call(r, g->office, "POST", import_path("format=csv&dry_run=true"), csv_square(), 200);
	assert_int_equal(int_at(j, "segments"), 2);
	assert_int_equal(int_at(j, "entrances"), 1);
	assert_int_equal(int_at(j, "refused"), 0);
	assert_int_equal(int_at(j, "blocking"), 0);
	assert_int_equal(at(j, "written")->i, 0);
	/* 0.004 by 0.003 degrees: 390.9 m by 332.5 m */
	assert_true(fabs(real_at(j, "area_m2") - 129970) < 300);
	assert_int_equal(count(r, "SELECT count(*) FROM places_outline"), 0);
	j = call(r, g->office, "POST", import_path("format=csv&name=survey"), csv_square(), 200);
	id = text_at(r, j, "id");
	j = call(r, g->office, "GET", fmt(r, OUTLINE "/%s", id), NULL, 200);
	assert_string_equal(text_at(r, j, "name"), "survey");
	assert_string_equal(text_at(r, j, "segments.0.built_on"), "2025-06-01");
	assert_string_equal(text_at(r, j, "entrances.0.name"), "South gate");
	assert_int_equal(at(j, "entrances.0.car")->i, 1);
	assert_int_equal(at(j, "entrances.0.fire")->i, 0);
}

/* Each row that is no good is named by its line and reason; nothing is written. */
static void bad_rows(struct rig *r)
{
	static const char text[] = HEAD "segment,0,hedge,,115.9 28.68;115.91 28.68,,,,,,,,,,,\n"
					"segment,0,wall,,115.9 28.68,,,,,,,,,,,\n"
					"segment,0,wall,,115.9 x;115.91 28.68,,,,,,,,,,,\n"
					"tower,,,,,,,,,,,,,,,\n"
					"entrance,,,,,A,,,,,,,,,,\n"
					"entrance,,,,,B,,115.9,28.68,ajar,,,,,,\n"
					"entrance,,,,,C,,115.9,28.68,,,,,,,\n";
	static const struct {
		int row;
		const char *code;
	} want[] = { { 2, "unknown_word" }, { 3, "too_short" }, { 4, "bad_point" },
		     { 5, "unknown_word" }, { 6, "required" },  { 7, "unknown_word" } };
	const struct json *j;

	ground_build(g, r);
	asked(r, g->office, "POST", import_path("format=csv"), text);
	assert_int_equal(r->last.status, 400);
	j = here(r);
	assert_string_equal(text_at(r, j, "code"), "rows_refused");
	assert_int_equal(int_at(j, "rows"), 7);
	assert_int_equal(int_at(j, "refused"), 6);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_int_equal(int_at(j, fmt(r, "errors.%zu.row", i)), want[i].row);
		assert_string_equal(text_at(r, j, fmt(r, "errors.%zu.code", i)), want[i].code);
	}
	assert_int_equal(count(r, "SELECT count(*) FROM places_outline"), 0);
	refused(r, g->office, "POST", import_path("format=csv"), "a,b\n1,2\n", 400, "required", "what");
	refused(r, g->office, "POST", import_path("format=geojson"), "{", 400, "bad_json", "");
	refused(r, g->office, "POST", import_path("format=geojson"), "{}", 400, "wrong_type", "");
	refused(r, g->office, "POST", import_path("format=dxf"), "x", 400, "unknown_word", "format");
	refused(r, g->office, "POST", OUTLINE "_import?place=x", "{\"features\":[]}", 400, "unknown_place", "place_id");
	refused(r, g->other, "POST", import_path("format=csv"), csv_square(), 400, "unknown_place", "place");
	refused(r, g->reader, "POST", import_path("format=csv"), csv_square(), 403, "denied", "");
}

/* A file goes out and comes back as the same drawing. */
static void there_and_back(struct rig *r)
{
	static const char *const formats[] = { "geojson", "csv" };
	const char *id, *segments, *entrances;
	const struct json *j;

	ground_build(g, r);
	id = ground_publish(g,
			    fmt(r, "[%s,%s]", ground_door(g, "S", 100, 0, ",\"name\":\"南门\",\"fire\":true"),
				ground_door(g, "N", 100, 300, ",\"state\":\"emergency_only\",\"direction\":\"out\"")));
	j = call(r, g->office, "GET", fmt(r, OUTLINE "/%s", id), NULL, 200);
	segments = arena_dup(r->arena, at(j, "segments")->raw).p;
	entrances = arena_dup(r->arena, at(j, "entrances")->raw).p;
	for (size_t i = 0; i < COUNT(formats); i++) {
		asked(r, g->office, "GET", fmt(r, OUTLINE "/%s/export?format=%s", id, formats[i]), NULL);
		assert_int_equal(r->last.status, 200);
		const char *file = arena_dup(r->arena, r->last.body).p;

		j = call(r, g->office, "POST", import_path(fmt(r, "format=%s", formats[i])), file, 200);
		assert_int_equal(int_at(j, "refused"), 0);
		j = call(r, g->office, "GET", fmt(r, OUTLINE "/%s", text_at(r, j, "id")), NULL, 200);
		assert_string_equal(arena_dup(r->arena, at(j, "segments")->raw).p, segments);
		assert_string_equal(arena_dup(r->arena, at(j, "entrances")->raw).p, entrances);
	}
	refused(r, g->office, "GET", fmt(r, OUTLINE "/%s/export?format=dxf", id), NULL, 400, "unknown_word", "format");
	refused(r, g->other, "GET", fmt(r, OUTLINE "/%s/export", id), NULL, 404, "not_found", "id");
}

/* Polygons with their kind; GCJ-02 comes back; a point in no kind of shape. */
static void geojson(struct rig *r)
{
	const char *file =
		"{\"type\":\"FeatureCollection\",\"features\":[{\"type\":\"Feature\",\"properties\":{\"kind\":"
		"\"fence\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.68],[115.904,28.68],"
		"[115.904,28.683],[115.9,28.683],[115.9,28.68]]]}},{\"type\":\"Feature\",\"properties\":{},"
		"\"geometry\":{\"type\":\"MultiPoint\",\"coordinates\":[[1,1]]}}]}";
	const struct json *j;

	ground_build(g, r);
	j = call(r, g->office, "POST", import_path("dry_run=true&datum=gcj02"), file, 200);
	assert_int_equal(int_at(j, "segments"), 1);
	assert_int_equal(int_at(j, "refused"), 1);
	assert_int_equal(int_at(j, "errors.0.row"), 2);
	assert_string_equal(text_at(r, j, "datum"), "gcj02");
	assert_true(fabs(real_at(j, "area_m2") - 129970) < 600);
	assert_true(fabs(real_at(j, "boundary.coordinates.0.0.0") - 115.9) > 0.003);
}

/* A hole, and a second part: 400 x 300 - 100 x 100 + 50 x 50. */
static void rings(struct rig *r)
{
	const double a[] = { 0, 0, 400, 0, 400, 300, 0, 300, 0, 0 },
		     b[] = { 100, 100, 200, 100, 200, 200, 100, 200, 100, 100 },
		     d[] = { 500, 0, 550, 0, 550, 50, 500, 50, 500, 0 };
	const char *one, *two, *three, *id;
	const struct json *j;

	ground_build(g, r);
	one = ground_segment(g, "wall", a, 5);
	two = ground_segment(g, "water", b, 5);
	three = ground_segment(g, "fence", d, 5);
	id = ground_draft(g, fmt(r, "[%s,{\"ring\":1,%s,{\"ring\":2,%s]", one, two + 1, three + 1), "[]");
	j = ground_step(g, OUTLINE, id, "check", "{}", 200);
	assert_int_equal(at(j, "faults")->kind, J_NULL);
	assert_string_equal(text_at(r, j, "boundary.type"), "MultiPolygon");
	assert_true(fabs(real_at(j, "area_m2") - 112500) < 150);
	/* Parts that lie over each other are none. */
	const double over[] = { 300, 100, 500, 100, 500, 200, 300, 200, 300, 100 };

	call(r, g->office, "PATCH", fmt(r, OUTLINE "/%s", id),
	     fmt(r, "{\"segments\":[%s,{\"ring\":1,%s]}", one, ground_segment(g, "water", over, 5) + 1), 200);
	ground_step(g, OUTLINE, id, "check", "{}", 200);
	assert_non_null(ground_fault(g, "bad_boundary"));
}

static void layer(struct rig *r)
{
	const struct json *j;

	ground_build(g, r);
	ground_publish(g, fmt(r, "[%s]", ground_door(g, "S", 100, 0, "")));
	j = call(r, g->reader, "GET", "/api/places/edges", NULL, 200);
	assert_int_equal(at(j, "features")->n, 5);
	assert_string_equal(text_at(r, j, "features.0.geometry.type"), "LineString");
	assert_string_equal(text_at(r, j, "features.0.properties.kind"), "wall");
	assert_string_equal(text_at(r, j, "features.4.properties.state"), "open");
	j = call(r, g->reader, "GET", fmt(r, "/api/places/edges?under=%s", g->enclosure), NULL, 200);
	assert_int_equal(at(j, "features")->n, 5);
	assert_int_equal(at(call(r, g->other, "GET", "/api/places/edges", NULL, 200), "features")->n, 0);
	refused(r, g->other, "GET", fmt(r, "/api/places/edges?under=%s", g->enclosure), NULL, 404, "not_found", "id");
}

#define ON_EACH(name)                                             \
	static void test_##name(void **state)                     \
	{                                                         \
		(void)state;                                      \
		on_each_kind(name, ground_modules, ground_roles); \
	}
ON_EACH(csv)
ON_EACH(bad_rows)
ON_EACH(there_and_back)
ON_EACH(geojson)
ON_EACH(rings)
ON_EACH(layer)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv),     cmocka_unit_test(test_bad_rows), cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_geojson), cmocka_unit_test(test_rings),    cmocka_unit_test(test_layer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
