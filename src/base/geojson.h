/* geojson.h - GeoJSON (RFC 7946) geometries out of and into JSON, and plain
 * planar sums over their rings.
 *
 * Point, Polygon and MultiPolygon; degrees, longitude first, WGS-84 (CGCS2000
 * counts as equal).  A third ordinate is read and dropped.  Ring direction is
 * not checked on reading (RFC 7946 3.1.6); the writer makes outer rings
 * counter-clockwise and holes clockwise.  Self-crossing and overlap are
 * sys/geometry's work.
 */
#ifndef GEOJSON_H
#define GEOJSON_H

#include "base/json.h"

enum { GEOJSON_MAX_POSITIONS = 1000000 };

enum geojson_kind { GEO_POINT, GEO_POLYGON, GEO_MULTIPOLYGON };

struct geojson_ring {
	const double *xy; /* lon, lat pairs; the first pair again at the end */
	size_t n;         /* pairs, at least 4 */
};
struct geojson_polygon {
	const struct geojson_ring *rings; /* outer first, then holes */
	size_t n;
};
struct geojson {
	enum geojson_kind kind;
	double lon, lat;                        /* GEO_POINT */
	const struct geojson_polygon *polygons; /* GEO_POLYGON: 1, GEO_MULTIPOLYGON: 1 or more */
	size_t n;
	size_t positions; /* all rings together */
};

struct geojson_error {
	struct str path;    /* "features[3].geometry.coordinates[0][2]", in the arena */
	const char *reason; /* stable words, NULL: no error: "missing", "type" (not the JSON kind or not a known
			       'type' word), "empty", "position" (not 2 or 3 numbers), "lon", "lat", "too_short"
			       (ring below 4 positions), "not_closed", "too_many", "crs" (a foreign 'crs' member) */
};

/* One geometry object.  Lives in 'a' and needs 'j' no more.  RC_INVALID with
 * *err; RC_LIMIT with "too_many". */
enum rc geojson_read(struct arena *a, const struct json *j, struct geojson *ret, struct geojson_error *err) MUST_USE;

/* A FeatureCollection, a Feature or a bare geometry, feature by feature. */
struct geojson_features {
	const struct json *next;
	size_t i;         /* index of 'next' */
	size_t positions; /* read so far: the limit is for the whole input */
	enum { GEO_FROM_COLLECTION, GEO_FROM_FEATURE, GEO_FROM_GEOMETRY } from;
};
struct geojson_feature {
	size_t i;
	const struct json *id;         /* text or number, NULL: none */
	const struct json *properties; /* map, NULL: none */
	bool has_geometry;             /* "geometry": null is allowed */
	struct geojson geometry;
};
enum rc geojson_open(struct arena *a, const struct json *j, struct geojson_features *ret,
		     struct geojson_error *err) MUST_USE;
/* False at the end.  A bad feature has err->reason set; reading goes on behind
 * it, but after "too_many" it ends. */
bool geojson_next(struct geojson_features *f, struct arena *a, struct geojson_feature *ret,
		  struct geojson_error *err) MUST_USE;

/* Geometry object with 0 to 15 decimals (6 is about 0.1 m, 7 about 1 cm),
 * trailing zeros cut.  Rings are turned as RFC 7946 wants. */
void geojson_write(struct buf *b, const struct geojson *g, int decimals);

struct geojson_box {
	double min_lon, min_lat, max_lon, max_lat;
};
struct geojson_box geojson_box(const struct geojson *g);
/* Shoelace, square degrees; above 0: counter-clockwise. */
double geojson_ring_area(struct geojson_ring r);
/* Even-odd ray casting; points on the border may fall on either side. */
bool geojson_ring_has(struct geojson_ring r, double lon, double lat);
/* In an outer ring and in none of its holes; never in a GEO_POINT. */
bool geojson_has(const struct geojson *g, double lon, double lat);

#endif
