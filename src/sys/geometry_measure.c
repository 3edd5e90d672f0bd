/* geometry_measure.c - metres on the ellipsoid by geodesic.h, and GeoJSON. */
#include "sys/geometry_inner.h"

#include "base/json.h"

#include <geodesic.h>
#include <math.h>

static const double wgs84_a = 6378137.0;
static const double wgs84_f = 1.0 / 298.257223563;

double lonlat_distance_m(struct lonlat a, struct lonlat b)
{
	struct geod_geodesic earth;
	double ret = 0;
	geod_init(&earth, wgs84_a, wgs84_f);
	geod_inverse(&earth, a.lat, a.lon, b.lat, b.lon, &ret, NULL, NULL);
	return ret;
}

/* Called for each ring, holes marked; stops early on false. */
typedef void ring_visit(struct geometry *g, const GEOSGeometry *ring, bool is_hole, void *arg);

static void each_ring(struct geometry *g, const GEOSGeometry *geom, ring_visit *visit, void *arg)
{
	int parts = GEOSGetNumGeometries_r(g->geos, geom);
	for (int i = 0; i < parts; i++) {
		const GEOSGeometry *part = GEOSGetGeometryN_r(g->geos, geom, i);
		int holes = GEOSGetNumInteriorRings_r(g->geos, part);
		visit(g, GEOSGetExteriorRing_r(g->geos, part), false, arg);
		for (int k = 0; k < holes; k++)
			visit(g, GEOSGetInteriorRingN_r(g->geos, part, k), true, arg);
	}
}

static unsigned ring_size(struct geometry *g, const GEOSGeometry *ring, const GEOSCoordSequence **seq)
{
	unsigned n = 0;
	*seq = GEOSGeom_getCoordSeq_r(g->geos, ring);
	GEOSCoordSeq_getSize_r(g->geos, *seq, &n);
	return n;
}

static struct lonlat ring_point(struct geometry *g, const GEOSCoordSequence *seq, unsigned i)
{
	struct lonlat p = { 0, 0 };
	GEOSCoordSeq_getXY_r(g->geos, seq, i, &p.lon, &p.lat);
	return p;
}

static void add_area(struct geometry *g, const GEOSGeometry *ring, bool is_hole, void *arg)
{
	double *sum = arg, area = 0;
	struct geod_geodesic earth;
	struct geod_polygon poly;
	const GEOSCoordSequence *seq;
	unsigned n = ring_size(g, ring, &seq);
	geod_init(&earth, wgs84_a, wgs84_f);
	geod_polygon_init(&poly, 0);
	for (unsigned i = 0; i + 1 < n; i++) { /* the last point repeats the first */
		struct lonlat p = ring_point(g, seq, i);
		geod_polygon_addpoint(&earth, &poly, p.lat, p.lon);
	}
	geod_polygon_compute(&earth, &poly, 0, 1, &area, NULL);
	*sum += is_hole ? -fabs(area) : fabs(area);
}

double shape_area_m2(struct geometry *g, const struct shape *s)
{
	double sum = 0;
	each_ring(g, s->geom, add_area, &sum);
	return sum;
}

/* Foot point in a plane around p where one degree of longitude is cos(lat)
 * degrees of latitude; the distance itself is geodesic again. */
struct nearest {
	struct lonlat p;
	double cos_lat, best_sq;
	struct lonlat foot;
};

static void try_edge(struct nearest *f, struct lonlat a, struct lonlat b)
{
	double ax = (a.lon - f->p.lon) * f->cos_lat, ay = a.lat - f->p.lat;
	double dx = (b.lon - a.lon) * f->cos_lat, dy = b.lat - a.lat;
	double len = dx * dx + dy * dy;
	double t = len > 0 ? -(ax * dx + ay * dy) / len : 0;
	t = t < 0 ? 0 : t > 1 ? 1 : t;
	double x = ax + t * dx, y = ay + t * dy;
	if (x * x + y * y < f->best_sq) {
		f->best_sq = x * x + y * y;
		f->foot = (struct lonlat){ a.lon + t * (b.lon - a.lon), a.lat + t * (b.lat - a.lat) };
	}
}

static void try_ring(struct geometry *g, const GEOSGeometry *ring, bool is_hole, void *arg)
{
	const GEOSCoordSequence *seq;
	unsigned n = ring_size(g, ring, &seq);
	(void)is_hole;
	for (unsigned i = 1; i < n; i++)
		try_edge(arg, ring_point(g, seq, i - 1), ring_point(g, seq, i));
}

double shape_border_distance_m(struct geometry *g, const struct shape *s, struct lonlat p)
{
	struct nearest f = { .p = p, .cos_lat = cos(p.lat * acos(-1.0) / 180.0), .best_sq = INFINITY };
	each_ring(g, s->geom, try_ring, &f);
	return lonlat_distance_m(p, f.foot);
}

/* ---- GeoJSON ---- */

static void write_number(struct buf *b, double v)
{
	double rounded = round(v * 1e7) / 1e7;
	json_real(b, rounded);
}

static void write_ring(struct geometry *g, const GEOSGeometry *ring, struct buf *b)
{
	const GEOSCoordSequence *seq;
	unsigned n = ring_size(g, ring, &seq);
	json_open(b, '[');
	for (unsigned i = 0; i < n; i++) {
		struct lonlat p = ring_point(g, seq, i);
		json_open(b, '[');
		write_number(b, p.lon);
		write_number(b, p.lat);
		json_close(b, ']');
	}
	json_close(b, ']');
}

void shape_write_json(struct geometry *g, const struct shape *s, struct buf *b)
{
	bool multi = GEOSGeomTypeId_r(g->geos, s->geom) == GEOS_MULTIPOLYGON;
	int parts = GEOSGetNumGeometries_r(g->geos, s->geom);
	json_open(b, '{');
	json_put_text(b, "type", multi ? STR("MultiPolygon") : STR("Polygon"));
	json_key(b, "coordinates");
	if (multi)
		json_open(b, '[');
	for (int i = 0; i < parts; i++) {
		const GEOSGeometry *part = GEOSGetGeometryN_r(g->geos, s->geom, i);
		int holes = GEOSGetNumInteriorRings_r(g->geos, part);
		json_open(b, '[');
		write_ring(g, GEOSGetExteriorRing_r(g->geos, part), b);
		for (int k = 0; k < holes; k++)
			write_ring(g, GEOSGetInteriorRingN_r(g->geos, part, k), b);
		json_close(b, ']');
	}
	if (multi)
		json_close(b, ']');
	json_close(b, '}');
}

static bool read_ring(struct arena *a, const struct json *j, struct ring *ret)
{
	if (j->kind != J_LIST || j->n > GEOMETRY_MAX_POINTS)
		return false;
	struct lonlat *p = NEW_N(a, struct lonlat, j->n + 1);
	size_t n = 0;
	for (const struct json *c = j->child; c; c = c->next, n++)
		if (c->kind != J_LIST || c->n < 2 || !json_number(c->child, &p[n].lon) ||
		    !json_number(c->child->next, &p[n].lat))
			return false;
	*ret = (struct ring){ p, n };
	return true;
}

static bool read_polygon(struct arena *a, const struct json *j, struct polygon *ret)
{
	if (j->kind != J_LIST)
		return false;
	struct ring *rings = NEW_N(a, struct ring, j->n + 1);
	size_t n = 0;
	for (const struct json *c = j->child; c; c = c->next)
		if (!read_ring(a, c, &rings[n++]))
			return false;
	*ret = (struct polygon){ rings, n };
	return true;
}

enum rc shape_from_json(struct geometry *g, struct arena *a, const struct json *j, struct shape **ret,
			struct shape_error *err)
{
	const struct json *list = json_get(j, "coordinates");
	struct str type = json_get_text(j, "type");
	struct polygon one, *many = &one;
	size_t n = 1;
	*err = (struct shape_error){ .reason = "Not a GeoJSON Polygon or MultiPolygon" };
	if (list == NULL || list->kind != J_LIST)
		return RC_INVALID;
	if (str_is(type, "Polygon")) {
		if (!read_polygon(a, list, &one))
			return RC_INVALID;
	} else if (str_is(type, "MultiPolygon")) {
		many = NEW_N(a, struct polygon, list->n + 1);
		n = 0;
		for (const struct json *c = list->child; c; c = c->next)
			if (!read_polygon(a, c, &many[n++]))
				return RC_INVALID;
	} else {
		return RC_INVALID;
	}
	return shape_new(g, many, n, ret, err);
}
