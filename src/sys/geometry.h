/* geometry.h - polygons on the map, by GEOS; lengths and areas on the WGS-84
 * ellipsoid, by PROJ's geodesic.h (Karney 2013).
 *
 * Coordinates are WGS-84 degrees, longitude first.  Containment and validity
 * are planar in degrees, right for shapes up to a city's size that do not cross
 * longitude 180.  A 'struct geometry' is used by one thread at a time.
 * (GEOS and geodesic.h are included by geometry*.c only.)  Shapes
 * belong to the struct they were made with and are freed with it or earlier.
 */
#ifndef SYS_GEOMETRY_H
#define SYS_GEOMETRY_H

#include "base/base.h"

struct geometry;
struct shape;

struct lonlat {
	double lon, lat;
};
/* Closed or not: the first point is repeated when it is not the last. */
struct ring {
	const struct lonlat *p;
	size_t n;
};
/* Outer ring first, then holes. */
struct polygon {
	const struct ring *rings;
	size_t n;
};

struct geometry *geometry_new(void);
void geometry_free(struct geometry *g); /* frees remaining shapes too; NULL allowed */

enum { GEOMETRY_MAX_POINTS = 100000 };
struct shape_error {
	char reason[160]; /* "Self-intersection at 115.900000 28.680000" */
	struct lonlat at; /* 0, 0 when 'has_place' is false */
	bool has_place;
};
/* One or more polygons (several make a multipolygon).  RC_INVALID with *err:
 * fewer than 3 different points in a ring, coordinates out of range or not
 * finite, self-crossing rings, holes outside, overlapping parts; RC_LIMIT: too
 * many points. */
enum rc shape_new(struct geometry *g, const struct polygon *polygons, size_t n, struct shape **ret,
		  struct shape_error *err) MUST_USE;
/* GeoJSON geometry (Polygon or MultiPolygon, RFC 7946; a third ordinate is
 * ignored).  Also RC_INVALID for any other JSON. */
struct json;
enum rc shape_from_json(struct geometry *g, struct arena *a, const struct json *j, struct shape **ret,
			struct shape_error *err) MUST_USE;
/* Writes a GeoJSON geometry with 7 decimals (about 1 cm). */
void shape_write_json(struct geometry *g, const struct shape *s, struct buf *b);
void shape_free(struct geometry *g, struct shape *s); /* NULL allowed */

/* On the border counts as inside. */
bool shape_has_point(struct geometry *g, const struct shape *s, struct lonlat p);
/* No part of 'inner' lies outside 'outer'; equal shapes too. */
bool shape_has_shape(struct geometry *g, const struct shape *outer, const struct shape *inner);
/* Share a part with an area (not just a border). */
bool shape_overlaps(struct geometry *g, const struct shape *a, const struct shape *b);
/* A point surely inside, for labels. */
struct lonlat shape_point(struct geometry *g, const struct shape *s);
struct box {
	struct lonlat min, max;
};
struct box shape_box(struct geometry *g, const struct shape *s);
/* Square metres, holes subtracted; independent of ring direction. */
double shape_area_m2(struct geometry *g, const struct shape *s);
/* Coarser copy for map output, still valid; tolerance in degrees (> 0). */
enum rc shape_simplify(struct geometry *g, const struct shape *s, double tolerance_deg, struct shape **ret) MUST_USE;
/* Metres from p to the nearest point of any ring (0 on it), also from inside.
 * The foot point is found in a local plane: error below 0.1 % up to 50 km. */
double shape_border_distance_m(struct geometry *g, const struct shape *s, struct lonlat p);

/* Shortest way on the ellipsoid, metres.  Pure, from any thread. */
double lonlat_distance_m(struct lonlat a, struct lonlat b);
bool lonlat_is_valid(struct lonlat p);

#endif
