/* geojson_test.c - RFC 7946 geometries in and out, sums over rings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/geojson.h"

#define NEAR(x, y) assert_true((x) - (y) < 1e-12 && (y) - (x) < 1e-12)

static struct arena *a;

static int setup(void **state)
{
	(void)state;
	a = arena_new(64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static const struct json *parse(const char *text)
{
	struct json_error err;
	struct json *j;

	if (json_parse(a, str_of(text), 0, &j, &err) != RC_OK)
		fail_msg("%s: %s at %zu", text, err.reason, err.at);
	return j;
}

static struct geojson read_good(const char *text)
{
	struct geojson_error err;
	struct geojson g;

	if (geojson_read(a, parse(text), &g, &err) != RC_OK)
		fail_msg("%s: " FMT_STR " %s", text, ARG_STR(err.path), err.reason);
	assert_null(err.reason);
	return g;
}

/* Outer ring 0..10, hole 4..6, both counter-clockwise. */
static const char with_hole[] = "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]],"
				"[[4,4],[6,4],[6,6],[4,6],[4,4]]]}";

static void test_good(void **state)
{
	struct geojson g = read_good("{\"type\":\"Point\",\"coordinates\":[115.9,28.68,12.5]}");

	(void)state;
	assert_int_equal(g.kind, GEO_POINT);
	assert_true(g.lon == 115.9 && g.lat == 28.68);
	assert_int_equal(g.positions, 1);
	g = read_good(with_hole);
	assert_int_equal(g.kind, GEO_POLYGON);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.polygons[0].n, 2);
	assert_int_equal(g.polygons[0].rings[1].n, 5);
	assert_int_equal(g.positions, 10);
	g = read_good("{\"crs\":{\"type\":\"name\",\"properties\":{\"name\":\"urn:ogc:def:crs:OGC:1.3:CRS84\"}},"
		      "\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[0,1],[0,0]]],"
		      "[[[-180,-90],[180,-90],[180,90],[-180,-90]]]]}");
	assert_int_equal(g.kind, GEO_MULTIPOLYGON);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.positions, 8);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *path, *reason;
	} bad[] = {
		{ "[]", "", "type" },
		{ "{}", "type", "missing" },
		{ "{\"type\":7}", "type", "type" },
		{ "{\"type\":\"LineString\",\"coordinates\":[]}", "type", "type" },
		{ "{\"type\":\"Point\"}", "coordinates", "missing" },
		{ "{\"type\":\"Point\",\"coordinates\":[1]}", "coordinates", "position" },
		{ "{\"type\":\"Point\",\"coordinates\":[1,2,3,4]}", "coordinates", "position" },
		{ "{\"type\":\"Point\",\"coordinates\":[1,\"2\"]}", "coordinates", "position" },
		{ "{\"type\":\"Point\",\"coordinates\":[1,null]}", "coordinates", "position" },
		{ "{\"type\":\"Point\",\"coordinates\":[180.0000001,0]}", "coordinates", "lon" },
		{ "{\"type\":\"Point\",\"coordinates\":[-180.0000001,0]}", "coordinates", "lon" },
		{ "{\"type\":\"Point\",\"coordinates\":[28.68,115.9]}", "coordinates", "lat" },
		{ "{\"type\":\"Point\",\"coordinates\":[0,-90.0000001]}", "coordinates", "lat" },
		{ "{\"type\":\"Point\",\"coordinates\":[1e300,0]}", "coordinates", "lon" },
		{ "{\"type\":\"Polygon\",\"coordinates\":{}}", "coordinates", "type" },
		{ "{\"type\":\"Polygon\",\"coordinates\":[]}", "coordinates", "empty" },
		{ "{\"type\":\"Polygon\",\"coordinates\":[7]}", "coordinates[0]", "type" },
		{ "{\"type\":\"Polygon\",\"coordinates\":[[]]}", "coordinates[0]", "too_short" },
		{ "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[0,0]]]}", "coordinates[0]", "too_short" },
		{ "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1,1],[0,1]]]}", "coordinates[0]",
		  "not_closed" },
		{ "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,0],[1],[0,0]]]}", "coordinates[0][2]", "position" },
		{ "{\"type\":\"MultiPolygon\",\"coordinates\":[]}", "coordinates", "empty" },
		{ "{\"type\":\"MultiPolygon\",\"coordinates\":[[]]}", "coordinates[0]", "empty" },
		{ "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[0,91],[0,0]]]]}", "coordinates[0][0][2]",
		  "lat" },
		{ "{\"type\":\"Point\",\"crs\":{\"properties\":{\"name\":\"EPSG:3857\"}},\"coordinates\":[1,2]}", "crs",
		  "crs" },
	};
	struct geojson_error err;
	struct geojson g;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(geojson_read(a, parse(bad[i].text), &g, &err), RC_INVALID);
		if (!str_is(err.path, bad[i].path) || strcmp(err.reason, bad[i].reason) != 0)
			fail_msg("%s: " FMT_STR " %s", bad[i].text, ARG_STR(err.path), err.reason);
	}
	assert_int_equal(geojson_read(a, NULL, &g, &err), RC_INVALID);
}

/* Bad features are told and skipped. */
static void test_features(void **state)
{
	static const char text[] =
		"{\"type\":\"FeatureCollection\",\"features\":["
		"{\"type\":\"Feature\",\"id\":7,\"geometry\":{\"type\":\"Point\",\"coordinates\":[1,2]},\"properties\":"
		"{\"k\":1}},"
		"{\"type\":\"Feature\",\"geometry\":null,\"properties\":null},"
		"{\"type\":\"Thing\"},"
		"{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[1,"
		"0],[1,99],[0,0]]]}},"
		"{\"type\":\"Feature\",\"properties\":[],\"geometry\":null},"
		"{\"type\":\"Feature\",\"properties\":{}},"
		"8,"
		"{\"type\":\"Feature\",\"id\":\"z\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[3,4]}}]}";
	static const struct {
		const char *path, *reason;
	} want[] = { { "", NULL },
		     { "", NULL },
		     { "features[2].type", "type" },
		     { "features[3].geometry.coordinates[0][2]", "lat" },
		     { "features[4].properties", "type" },
		     { "features[5].geometry", "missing" },
		     { "features[6]", "type" },
		     { "", NULL } };
	struct geojson_features f;
	struct geojson_feature one;
	struct geojson_error err;

	(void)state;
	assert_int_equal(geojson_open(a, parse(text), &f, &err), RC_OK);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(geojson_next(&f, a, &one, &err));
		assert_int_equal(one.i, i);
		assert_int_equal(err.reason != NULL, want[i].reason != NULL);
		if (err.reason) {
			assert_string_equal(err.reason, want[i].reason);
			assert_true(str_is(err.path, want[i].path));
		}
		assert_int_equal(one.id != NULL, i == 0 || i == 7);
		if (i == 0) {
			assert_int_equal(json_get_int(one.properties, "k", 0), 1);
			assert_true(one.has_geometry && one.geometry.lon == 1);
		}
		if (i == 1)
			assert_true(!one.has_geometry && one.properties == NULL);
	}
	assert_false(geojson_next(&f, a, &one, &err));
	assert_int_equal(geojson_open(a, parse("{\"type\":\"FeatureCollection\"}"), &f, &err), RC_INVALID);
	assert_string_equal(err.reason, "missing");
	assert_int_equal(geojson_open(a, parse(with_hole), &f, &err), RC_OK);
	assert_true(geojson_next(&f, a, &one, &err) && err.reason == NULL);
	assert_int_equal(one.geometry.positions, 10);
	assert_false(geojson_next(&f, a, &one, &err));
	assert_int_equal(
		geojson_open(a, parse("{\"type\":\"Feature\",\"properties\":null,\"geometry\":null}"), &f, &err),
		RC_OK);
	assert_true(geojson_next(&f, a, &one, &err) && err.reason == NULL);
	assert_false(geojson_next(&f, a, &one, &err));
}

/* The limit of positions at -1, 0, +1, on a tree made by hand. */
static void test_limit(void **state)
{
	struct arena *big = arena_new((size_t)400 << 20);
	struct json *points = NEW_N(big, struct json, GEOJSON_MAX_POSITIONS + 1), zero = { .kind = J_INT },
		    zero2 = { .kind = J_INT, .next = &zero }, ring = { .kind = J_LIST, .child = points },
		    rings = { .kind = J_LIST, .key = STR_INIT("coordinates"), .child = &ring, .n = 1 },
		    type = { .kind = J_TEXT, .key = STR_INIT("type"), .text = STR_INIT("Polygon"), .next = &rings },
		    root = { .kind = J_MAP, .child = &type, .n = 2 };
	struct geojson_error err;
	struct geojson g;

	(void)state;
	for (unsigned i = 0; i <= GEOJSON_MAX_POSITIONS; i++)
		points[i] = (struct json){ .kind = J_LIST, .child = &zero2, .n = 2, .next = &points[i + 1] };
	for (unsigned n = GEOJSON_MAX_POSITIONS - 1; n <= GEOJSON_MAX_POSITIONS + 1; n++) {
		ring.n = n;
		points[n - 1].next = NULL;
		assert_int_equal(geojson_read(big, &root, &g, &err), n > GEOJSON_MAX_POSITIONS ? RC_LIMIT : RC_OK);
		if (n > GEOJSON_MAX_POSITIONS)
			assert_string_equal(err.reason, "too_many");
		else
			points[n - 1].next = &points[n];
	}
	arena_free(big);
}

static void test_write(void **state)
{
	struct geojson g = read_good(with_hole);
	struct buf b = buf_new(a, 10000);

	(void)state;
	geojson_write(&b, &g, 6);
	/* the hole turned, RFC 7946 3.1.6 */
	assert_string_equal(buf_str(&b).p, "{\"type\":\"Polygon\",\"coordinates\":[[[0,0],[10,0],[10,10],[0,10],[0,0]],"
					   "[[4,4],[4,6],[6,6],[6,4],[4,4]]]}");
	b = buf_new(a, 1000);
	g = read_good("{\"type\":\"Point\",\"coordinates\":[115.89217534,-0.00000001]}");
	geojson_write(&b, &g, 7);
	assert_string_equal(buf_str(&b).p, "{\"type\":\"Point\",\"coordinates\":[115.8921753,0]}");
	b = buf_new(a, 1000);
	geojson_write(&b, &g, 0);
	assert_string_equal(buf_str(&b).p, "{\"type\":\"Point\",\"coordinates\":[116,0]}");
	b = buf_new(a, 1000);
	g = read_good("{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[0,1],[1,0],[0,0]]],[[[5,5],[6,5],[5,6],[5,"
		      "5]]]]}");
	geojson_write(&b, &g, 7);
	assert_string_equal(buf_str(&b).p, "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[0,0],[1,0],[0,1],[0,0]]],"
					   "[[[5,5],[6,5],[5,6],[5,5]]]]}");
	assert_int_equal(read_good(buf_str(&b).p).n, 2);
}

static void test_sums(void **state)
{
	struct geojson g = read_good(with_hole), point = read_good("{\"type\":\"Point\",\"coordinates\":[5,6]}");
	struct geojson_box box = geojson_box(&g);
	/* 0.01 degree squared far from 0, 0, clockwise */
	struct geojson far =
		read_good("{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.6],[115.9,28.61],[115.91,28.61],"
			  "[115.91,28.6],[115.9,28.6]]]}");

	(void)state;
	NEAR(geojson_ring_area(g.polygons[0].rings[0]), 100);
	NEAR(geojson_ring_area(g.polygons[0].rings[1]), 4);
	NEAR(geojson_ring_area(far.polygons[0].rings[0]), -0.0001);
	assert_true(box.min_lon == 0 && box.min_lat == 0 && box.max_lon == 10 && box.max_lat == 10);
	box = geojson_box(&point);
	assert_true(box.min_lon == 5 && box.max_lon == 5 && box.min_lat == 6 && box.max_lat == 6);
	assert_true(geojson_has(&g, 1, 1));
	assert_false(geojson_has(&g, 5, 5)); /* in the hole */
	assert_false(geojson_has(&g, 11, 5));
	assert_false(geojson_has(&g, 5, -1));
	assert_true(geojson_ring_has(g.polygons[0].rings[1], 5, 5));
	assert_false(geojson_has(&point, 5, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),   cmocka_unit_test(test_features),
		cmocka_unit_test(test_limit), cmocka_unit_test(test_write), cmocka_unit_test(test_sums),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
