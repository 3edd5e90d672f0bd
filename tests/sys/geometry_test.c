/* Areas and distances against figures computed elsewhere, validity, relations,
 * GeoJSON, datums. */
#include "base/datum.h"
#include "base/json.h"
#include "sys/geometry.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct rig {
	struct geometry *g;
	struct arena *a;
};

static int start(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	r->g = geometry_new();
	r->a = arena_new(1 << 20);
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct rig *r = *state;
	geometry_free(r->g);
	arena_free(r->a);
	free(r);
	return 0;
}

static enum rc from_text(struct rig *r, const char *coordinates, struct shape **ret, struct shape_error *err)
{
	struct json *j;
	struct json_error e;
	struct str text = arena_fmt(r->a, "{\"type\":\"%s\",\"coordinates\":%s}",
				    strncmp(coordinates, "[[[[", 4) == 0 ? "MultiPolygon" : "Polygon", coordinates);
	assert_int_equal(json_parse(r->a, text, 0, &j, &e), RC_OK);
	return shape_from_json(r->g, r->a, j, ret, err);
}

static struct shape *shape(struct rig *r, const char *coordinates)
{
	struct shape *s = NULL;
	struct shape_error err;
	if (from_text(r, coordinates, &s, &err) != RC_OK)
		fail_msg("%s", err.reason);
	return s;
}

static void near(double got, double want, double relative)
{
	if (!(fabs(got - want) <= relative * fabs(want)))
		fail_msg("%.9g, wanted %.9g", got, want);
}

/* The area between two parallels has a closed form on the ellipsoid (Snyder,
 * Map Projections, 3-12 and 14-9: authalic q); its east-west edges are
 * parallels, ours geodesics, so the cell is cut into thin slices. */
static double cell_area(double lat1, double lat2, double lon_width)
{
	const double a = 6378137.0, f = 1 / 298.257223563, rad = acos(-1.0) / 180.0;
	double e2 = f * (2 - f), e = sqrt(e2), q[2], lat[2] = { lat1, lat2 };
	for (int i = 0; i < 2; i++) {
		double s = sin(lat[i] * rad);
		q[i] = (1 - e2) * (s / (1 - e2 * s * s) - log((1 - e * s) / (1 + e * s)) / (2 * e));
	}
	return a * a / 2 * (q[1] - q[0]) * lon_width * rad;
}

static void test_area(void **state)
{
	struct rig *r = *state;
	near(shape_area_m2(r->g, shape(r, "[[[0,0],[0.01,0],[0.01,1],[0,1]]]")), cell_area(0, 1, 0.01), 1e-8);
	/* One degree wide, the geodesic runs 4 m north of the parallel. */
	near(shape_area_m2(r->g, shape(r, "[[[0,0],[1,0],[1,1],[0,1]]]")), cell_area(0, 1, 1), 3e-5);
	near(shape_area_m2(r->g, shape(r, "[[[0,0],[1,0],[1,1],[0,1],[0,0]]]")), 12308778361.469,
	     1e-9); /* GeographicLib's */
	near(shape_area_m2(r->g, shape(r, "[[[0,0],[0,1],[1,1],[1,0]]]")), 12308778361.469, 1e-9);
	near(shape_area_m2(r->g, shape(r, "[[[115.9,28.6],[115.91,28.6],[115.91,28.61],[115.9,28.61]]]")),
	     cell_area(28.6, 28.61, 0.01), 1e-5);
	double hole = cell_area(28.602, 28.604, 0.002);
	near(shape_area_m2(r->g, shape(r, "[[[115.9,28.6],[115.91,28.6],[115.91,28.61],[115.9,28.61]],"
					  "[[115.902,28.602],[115.904,28.602],[115.904,28.604],[115.902,28.604]]]")),
	     cell_area(28.6, 28.61, 0.01) - hole, 1e-5);
	near(shape_area_m2(r->g, shape(r, "[[[[0,0],[1,0],[1,1],[0,1]]],[[[2,0],[3,0],[3,1],[2,1]]]]")),
	     2 * 12308778361.469, 1e-9);
	struct lonlat jfk = { -73.8, 40.6 }, lhr = { -0.5, 51.6 }; /* GeographicLib's manual: 5551.759400 km */
	near(lonlat_distance_m(jfk, lhr), 5551759.400, 1e-9);
}

static void test_invalid(void **state)
{
	struct rig *r = *state;
	struct shape *s = NULL;
	struct shape_error e;
	assert_int_equal(from_text(r, "[[[0,0],[2,2],[2,0],[0,2],[0,0]]]", &s, &e), RC_INVALID);
	assert_true(e.has_place);
	assert_string_equal(e.reason, "Self-intersection at 1.000000 1.000000");
	near(e.at.lon, 1, 1e-12);
	static const char *const bad[] = { "[]", "[[]]", "[[[0,0],[1,1]]]", "[[[0,0],[1,1],[0,0]]]",
					   "[[[0,0],[1,0],[200,1]]]", "[[[0,0],[1,0],[1,91]]]",
					   "[[[0,0],[1,0],[\"1\",1]]]", "[[[0,0],[1,0],[1]]]", "[7]",
					   "[[[0,0],[0,0],[1,1],[1,1],[0,0]]]",
					   /* hole outside, hole crossing, overlapping parts */
					   "[[[0,0],[1,0],[1,1],[0,1]],[[5,5],[6,5],[6,6]]]",
					   "[[[0,0],[2,0],[2,2],[0,2]],[[1,1],[3,1],[3,3]]]",
					   "[[[[0,0],[2,0],[2,2],[0,2]]],[[[1,1],[3,1],[3,3],[1,3]]]]" };
	for (size_t i = 0; i < COUNT(bad); i++)
		if (from_text(r, bad[i], &s, &e) != RC_INVALID || e.reason[0] == '\0')
			fail_msg("%s was taken", bad[i]);
	struct lonlat nan[3] = { { 0, 0 }, { NAN, 1 }, { 1, 1 } };
	struct ring ring = { nan, 3 };
	struct polygon polygon = { &ring, 1 };
	assert_int_equal(shape_new(r->g, &polygon, 1, &s, &e), RC_INVALID);
	ring.n = GEOMETRY_MAX_POINTS + 1;
	assert_int_equal(shape_new(r->g, &polygon, 1, &s, &e), RC_LIMIT);
	struct json *j;
	struct json_error je;
	assert_int_equal(json_parse(r->a, STR("{\"type\":\"Point\",\"coordinates\":[1,2]}"), 0, &j, &je), RC_OK);
	assert_int_equal(shape_from_json(r->g, r->a, j, &s, &e), RC_INVALID);
}

static void test_relations(void **state)
{
	struct rig *r = *state;
	struct shape *outer = shape(r, "[[[0,0],[10,0],[10,10],[0,10]],[[4,4],[6,4],[6,6],[4,6]]]");
	struct shape *inner = shape(r, "[[[1,1],[3,1],[3,3],[1,3]]]"),
		     *over_hole = shape(r, "[[[3,3],[7,3],[7,7],[3,7]]]");
	struct shape *beside = shape(r, "[[[10,0],[12,0],[12,10],[10,10]]]"),
		     *partly = shape(r, "[[[9,9],[12,9],[12,12]]]");
	assert_true(shape_has_point(r->g, outer, (struct lonlat){ 1, 1 }));
	assert_true(shape_has_point(r->g, outer, (struct lonlat){ 0, 5 }));
	assert_true(shape_has_point(r->g, outer, (struct lonlat){ 4, 5 }));
	assert_false(shape_has_point(r->g, outer, (struct lonlat){ 5, 5 }));
	assert_false(shape_has_point(r->g, outer, (struct lonlat){ 11, 5 }));
	assert_false(shape_has_point(r->g, outer, (struct lonlat){ NAN, 5 }));
	assert_true(shape_has_shape(r->g, outer, inner));
	assert_true(shape_has_shape(r->g, outer, outer));
	assert_false(shape_has_shape(r->g, outer, over_hole));
	assert_false(shape_has_shape(r->g, inner, outer));
	assert_false(shape_has_shape(r->g, outer, partly));
	assert_true(shape_overlaps(r->g, outer, partly));
	assert_false(shape_overlaps(r->g, outer, beside));
	assert_true(shape_has_point(r->g, outer, shape_point(r->g, outer)));
	struct box b = shape_box(r->g, partly);
	near(b.min.lon, 9, 0);
	near(b.max.lat, 12, 0);
	shape_free(r->g, inner); /* the rest goes with the context */
}

static void test_border_and_map(void **state)
{
	struct rig *r = *state;
	struct shape *s = shape(r, "[[[115.90,28.60],[115.92,28.60],[115.92,28.62],[115.90,28.62]]]");
	struct lonlat inside = { 115.91, 28.605 }, west = { 115.89, 28.61 }, corner = { 115.90, 28.60 };
	near(shape_border_distance_m(r->g, s, inside), lonlat_distance_m(inside, (struct lonlat){ 115.91, 28.60 }),
	     1e-4);
	near(shape_border_distance_m(r->g, s, west), lonlat_distance_m(west, (struct lonlat){ 115.90, 28.61 }), 1e-4);
	assert_true(shape_border_distance_m(r->g, s, corner) < 1e-6);
	struct buf b = buf_new(r->a, 100000);
	shape_write_json(r->g, s, &b);
	assert_string_equal(
		b.p, "{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.6],[115.92,28.6],[115.92,28.62],[115.9,28.62],"
		     "[115.9,28.6]]]}");
	/* A circle of 720 points loses most of them and stays an area. */
	struct lonlat p[720];
	struct ring ring = { p, COUNT(p) };
	struct polygon polygon = { &ring, 1 };
	struct shape *circle, *coarse;
	struct shape_error e;
	for (size_t i = 0; i < COUNT(p); i++)
		p[i] = (struct lonlat){ 116 + 0.01 * cos((double)i * 0.00872664626),
					28 + 0.01 * sin((double)i * 0.00872664626) };
	assert_int_equal(shape_new(r->g, &polygon, 1, &circle, &e), RC_OK);
	assert_int_equal(shape_simplify(r->g, circle, 0.0002, &coarse), RC_OK);
	struct buf fine = buf_new(r->a, 100000), small = buf_new(r->a, 100000);
	shape_write_json(r->g, circle, &fine);
	shape_write_json(r->g, coarse, &small);
	assert_true(small.n * 10 < fine.n);
	near(shape_area_m2(r->g, coarse), shape_area_m2(r->g, circle), 0.05);
	assert_int_equal(shape_simplify(r->g, circle, 0, &coarse), RC_INVALID);
}

static double apart(struct datum_point a, struct datum_point b)
{
	return lonlat_distance_m((struct lonlat){ a.lon, a.lat }, (struct lonlat){ b.lon, b.lat });
}

static void test_datum(void **state)
{
	(void)state;
	double least = 1e9, most = 0;
	for (double lat = 18.2; lat < 54; lat += 0.731) {
		for (double lon = 73.6; lon < 135; lon += 0.917) {
			struct datum_point wgs = { lon, lat }, gcj = datum_wgs_to_gcj(wgs), bd = datum_gcj_to_bd(gcj);
			double shift = apart(wgs, gcj);
			least = fmin(least, shift);
			most = fmax(most, shift);
			assert_true(apart(datum_gcj_to_wgs(gcj), wgs) < 0.001);
			assert_true(apart(datum_bd_to_gcj(bd), gcj) < 0.001);
		}
	}
	assert_true(least > 20 && most < 1200); /* the shift is some hundred metres */
	/* The test points published with eviltransform. */
	static const struct datum_point known[][2] = {
		{ { 121.5272106, 31.1774276 }, { 121.531541859215, 31.17530398364597 } },
		{ { 113.912316, 22.543847 }, { 113.9171764808363, 22.540796131694766 } },
		{ { 116.377817, 39.911954 }, { 116.38404722455657, 39.91334545536069 } },
	};
	for (size_t i = 0; i < COUNT(known); i++)
		assert_true(apart(datum_wgs_to_gcj(known[i][0]), known[i][1]) < 0.1);
	static const struct datum_point outside[] = {
		{ 2.35, 48.85 }, { -73.8, 40.6 }, { 151.2, -33.9 }, { 139.7, 35.7 }
	};
	for (size_t i = 0; i < COUNT(outside); i++) {
		near(datum_wgs_to_gcj(outside[i]).lon, outside[i].lon, 0);
		near(datum_gcj_to_wgs(outside[i]).lat, outside[i].lat, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_area, start, stop),
		cmocka_unit_test_setup_teardown(test_invalid, start, stop),
		cmocka_unit_test_setup_teardown(test_relations, start, stop),
		cmocka_unit_test_setup_teardown(test_border_and_map, start, stop),
		cmocka_unit_test(test_datum),
	};
	return cmocka_run_group_tests_name("geometry", tests, NULL, NULL);
}
