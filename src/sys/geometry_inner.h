/* geometry_inner.h - shared by the geometry*.c files only. */
#ifndef SYS_GEOMETRY_INNER_H
#define SYS_GEOMETRY_INNER_H

#include "sys/geometry.h"

#include <geos_c.h>

struct geometry {
	GEOSContextHandle_t geos;
	struct shape *shapes;
	char message[160];
};

struct shape {
	GEOSGeometry *geom; /* polygon or multipolygon, valid */
	const GEOSPreparedGeometry *prepared;
	struct shape *prev, *next;
};

struct shape *shape_adopt(struct geometry *g, GEOSGeometry *geom); /* takes geom over */

#endif
