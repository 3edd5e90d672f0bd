/* geometry.c - the one file that knows GEOS: building, validity, relations. */
#include "sys/geometry_inner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GEOS reports by callback; the text is kept for shape_error. */
static void take_message(const char *message, void *arg)
{
	struct geometry *g = arg;
	snprintf(g->message, sizeof g->message, "%s", message);
}

struct geometry *geometry_new(void)
{
	struct geometry *g = mem_new(sizeof *g);
	g->geos = GEOS_init_r();
	if (g->geos == NULL)
		fatal("geometry: GEOS does not start");
	GEOSContext_setErrorMessageHandler_r(g->geos, take_message, g);
	return g;
}

void shape_free(struct geometry *g, struct shape *s)
{
	if (s == NULL)
		return;
	if (s->prev)
		s->prev->next = s->next;
	else
		g->shapes = s->next;
	if (s->next)
		s->next->prev = s->prev;
	GEOSPreparedGeom_destroy_r(g->geos, s->prepared);
	GEOSGeom_destroy_r(g->geos, s->geom);
	free(s);
}

void geometry_free(struct geometry *g)
{
	if (g == NULL)
		return;
	while (g->shapes)
		shape_free(g, g->shapes);
	GEOS_finish_r(g->geos);
	free(g);
}

bool lonlat_is_valid(struct lonlat p)
{
	return isfinite(p.lon) && isfinite(p.lat) && fabs(p.lon) <= 180.0 && fabs(p.lat) <= 90.0;
}

static enum rc fail(struct shape_error *err, const char *reason, const struct lonlat *at)
{
	*err = (struct shape_error){ .has_place = at != NULL };
	if (at) {
		err->at = *at;
		snprintf(err->reason, sizeof err->reason, "%.100s at %.6f %.6f", reason, at->lon, at->lat);
	} else {
		snprintf(err->reason, sizeof err->reason, "%.150s", reason);
	}
	return RC_INVALID;
}

static bool same_place(struct lonlat a, struct lonlat b)
{
	return !(a.lon < b.lon || a.lon > b.lon || a.lat < b.lat || a.lat > b.lat);
}

static enum rc ring_check(const struct ring *r, struct shape_error *err)
{
	size_t different = r->n > 0;
	for (size_t i = 0; i < r->n; i++)
		if (!lonlat_is_valid(r->p[i]))
			return fail(err, "Coordinate out of range", NULL);
	for (size_t i = 1; i < r->n; i++)
		different += !same_place(r->p[i], r->p[i - 1]);
	if (different > 1 && same_place(r->p[0], r->p[r->n - 1]))
		different--;
	return different < 3 ? fail(err, "Ring with fewer than three points", r->n ? r->p : NULL) : RC_OK;
}

static GEOSGeometry *ring_make(struct geometry *g, const struct ring *r)
{
	bool closed = same_place(r->p[0], r->p[r->n - 1]);
	unsigned n = (unsigned)(closed ? r->n : r->n + 1);
	GEOSCoordSequence *seq = GEOSCoordSeq_create_r(g->geos, n, 2);
	if (seq == NULL)
		return NULL;
	for (unsigned i = 0; i < n; i++) {
		struct lonlat p = r->p[i < r->n ? i : 0];
		GEOSCoordSeq_setXY_r(g->geos, seq, i, p.lon, p.lat);
	}
	return GEOSGeom_createLinearRing_r(g->geos, seq); /* owns seq, also on failure */
}

static GEOSGeometry *polygon_make(struct geometry *g, const struct polygon *p, struct shape_error *err)
{
	for (size_t i = 0; i < p->n; i++)
		if (ring_check(&p->rings[i], err) != RC_OK)
			return NULL;
	GEOSGeometry **holes = mem_new(p->n * sizeof(GEOSGeometry *));
	GEOSGeometry *outer = ring_make(g, &p->rings[0]), *ret = NULL;
	bool ok = outer != NULL;
	for (size_t i = 1; i < p->n; i++)
		ok = (holes[i - 1] = ring_make(g, &p->rings[i])) != NULL && ok;
	if (ok) {
		ret = GEOSGeom_createPolygon_r(g->geos, outer, holes, (unsigned)(p->n - 1)); /* owns them */
	} else {
		GEOSGeom_destroy_r(g->geos, outer);
		for (size_t i = 1; i < p->n; i++)
			GEOSGeom_destroy_r(g->geos, holes[i - 1]);
	}
	if (ret == NULL)
		(void)fail(err, g->message, NULL);
	free(holes);
	return ret;
}

static enum rc validity(struct geometry *g, const GEOSGeometry *geom, struct shape_error *err)
{
	char *reason = NULL;
	GEOSGeometry *where = NULL;
	struct lonlat at = { 0, 0 };
	char valid = GEOSisValidDetail_r(g->geos, geom, 0, &reason, &where);
	enum rc rc = RC_OK;
	if (valid != 1) {
		bool placed = where && GEOSGeomGetX_r(g->geos, where, &at.lon) == 1 &&
			      GEOSGeomGetY_r(g->geos, where, &at.lat) == 1;
		rc = fail(err, reason ? reason : "Not a valid area", placed ? &at : NULL);
	}
	GEOSFree_r(g->geos, reason);
	GEOSGeom_destroy_r(g->geos, where);
	return rc;
}

struct shape *shape_adopt(struct geometry *g, GEOSGeometry *geom)
{
	struct shape *s = mem_new(sizeof *s);
	s->geom = geom;
	s->prepared = GEOSPrepare_r(g->geos, geom);
	if (s->prepared == NULL)
		fatal("geometry: no memory");
	s->next = g->shapes;
	if (s->next)
		s->next->prev = s;
	g->shapes = s;
	return s;
}

static enum rc count_points(const struct polygon *polygons, size_t n, struct shape_error *err)
{
	size_t points = 0;
	for (size_t i = 0; i < n; i++) {
		if (polygons[i].n == 0)
			return fail(err, "Polygon without a ring", NULL);
		for (size_t k = 0; k < polygons[i].n; k++)
			points += polygons[i].rings[k].n;
	}
	if (n == 0)
		return fail(err, "No polygon", NULL);
	if (points <= GEOMETRY_MAX_POINTS)
		return RC_OK;
	(void)fail(err, "Too many points", NULL);
	return RC_LIMIT;
}

enum rc shape_new(struct geometry *g, const struct polygon *polygons, size_t n, struct shape **ret,
		  struct shape_error *err)
{
	TRY(count_points(polygons, n, err));
	GEOSGeometry **parts = mem_new(n * sizeof(GEOSGeometry *)), *geom = NULL;
	size_t made = 0;
	while (made < n && (parts[made] = polygon_make(g, &polygons[made], err)) != NULL)
		made++;
	if (made == n && n == 1)
		geom = parts[0];
	else if (made == n)
		geom = GEOSGeom_createCollection_r(g->geos, GEOS_MULTIPOLYGON, parts, (unsigned)n); /* owns them */
	else
		for (size_t i = 0; i < made; i++)
			GEOSGeom_destroy_r(g->geos, parts[i]);
	free(parts);
	if (geom == NULL)
		return RC_INVALID;
	enum rc rc = validity(g, geom, err);
	if (rc != RC_OK)
		GEOSGeom_destroy_r(g->geos, geom);
	else
		*ret = shape_adopt(g, geom);
	return rc;
}

/* ---- relations ---- */

bool shape_has_point(struct geometry *g, const struct shape *s, struct lonlat p)
{
	if (!lonlat_is_valid(p))
		return false;
	GEOSGeometry *point = GEOSGeom_createPointFromXY_r(g->geos, p.lon, p.lat);
	bool ret = point && GEOSPreparedIntersects_r(g->geos, s->prepared, point) == 1;
	GEOSGeom_destroy_r(g->geos, point);
	return ret;
}

bool shape_has_shape(struct geometry *g, const struct shape *outer, const struct shape *inner)
{
	return GEOSPreparedCovers_r(g->geos, outer->prepared, inner->geom) == 1;
}

bool shape_overlaps(struct geometry *g, const struct shape *a, const struct shape *b)
{
	return GEOSRelatePattern_r(g->geos, a->geom, b->geom, "2********") == 1;
}

struct lonlat shape_point(struct geometry *g, const struct shape *s)
{
	struct lonlat ret = { 0, 0 };
	GEOSGeometry *p = GEOSPointOnSurface_r(g->geos, s->geom);
	if (p) {
		GEOSGeomGetX_r(g->geos, p, &ret.lon);
		GEOSGeomGetY_r(g->geos, p, &ret.lat);
	}
	GEOSGeom_destroy_r(g->geos, p);
	return ret;
}

struct box shape_box(struct geometry *g, const struct shape *s)
{
	struct box b = { { 0, 0 }, { 0, 0 } };
	GEOSGeom_getXMin_r(g->geos, s->geom, &b.min.lon);
	GEOSGeom_getYMin_r(g->geos, s->geom, &b.min.lat);
	GEOSGeom_getXMax_r(g->geos, s->geom, &b.max.lon);
	GEOSGeom_getYMax_r(g->geos, s->geom, &b.max.lat);
	return b;
}

enum rc shape_simplify(struct geometry *g, const struct shape *s, double tolerance_deg, struct shape **ret)
{
	if (!(tolerance_deg > 0) || !isfinite(tolerance_deg))
		return RC_INVALID;
	GEOSGeometry *geom = GEOSTopologyPreserveSimplify_r(g->geos, s->geom, tolerance_deg);
	if (geom == NULL || GEOSisEmpty_r(g->geos, geom) || GEOSisValid_r(g->geos, geom) != 1) {
		GEOSGeom_destroy_r(g->geos, geom);
		geom = GEOSGeom_clone_r(g->geos, s->geom);
	}
	if (geom == NULL)
		return RC_BUSY;
	*ret = shape_adopt(g, geom);
	return RC_OK;
}
