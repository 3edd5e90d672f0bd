/* places_boundary.c - points and boundaries as they come: checked, converted to
 * WGS-84, measured. */
#include "domain/places/places_inner.h"
#include "base/datum.h"
#include "sys/geometry.h"

#include <math.h>

void place_take_point(struct place *p, unsigned datum)
{
	struct datum_point at = { p->lon, p->lat };

	if (datum == PLACES_GCJ02 && !isnan(p->lon))
		at = datum_gcj_to_wgs(at);
	p->lon = at.lon;
	p->lat = at.lat;
}

void place_compare_area(struct place *p)
{
	p->area_off = !isnan(p->area_m2) && !isnan(p->declared_area_m2) && p->area_m2 > 0 &&
		      fabs(p->declared_area_m2 - p->area_m2) > 0.05 * p->area_m2;
}

/* ---- measuring ------------------------------------------------------------------- */

/* The same polygons as sys/geometry takes them, converted on the way. */
static struct polygon *polygons_of(struct arena *a, const struct geojson *g, unsigned datum)
{
	struct polygon *all = NEW_N(a, struct polygon, g->n);

	for (size_t i = 0; i < g->n; i++) {
		struct ring *rings = NEW_N(a, struct ring, g->polygons[i].n);

		for (size_t k = 0; k < g->polygons[i].n; k++) {
			const struct geojson_ring *from = &g->polygons[i].rings[k];
			struct lonlat *to = NEW_N(a, struct lonlat, from->n);

			for (size_t m = 0; m < from->n; m++) {
				struct datum_point at = { from->xy[2 * m], from->xy[2 * m + 1] };

				if (datum == PLACES_GCJ02)
					at = datum_gcj_to_wgs(at);
				to[m] = (struct lonlat){ at.lon, at.lat };
			}
			rings[k] = (struct ring){ to, from->n };
		}
		all[i] = (struct polygon){ rings, g->polygons[i].n };
	}
	return all;
}

static void take_shape(struct ctx *c, struct place *p, struct geometry *g, const struct shape *s)
{
	struct buf text = buf_new(c->arena, 2 * (size_t)PLACE_MAX_BOUNDARY);

	p->area_m2 = shape_area_m2(g, s);
	if (isnan(p->lon)) {
		struct lonlat at = shape_point(g, s);

		p->lon = at.lon;
		p->lat = at.lat;
	}
	shape_write_json(g, s, &text);
	p->boundary = buf_str(&text);
}

static bool measure(struct ctx *c, struct place *p, struct geojson *from, unsigned datum, struct place_fault *f)
{
	struct geometry *g = geometry_new();
	struct shape_error err = { .reason = "" };
	struct shape *s = NULL;
	bool ok = shape_new(g, polygons_of(c->arena, from, datum), from->n, &s, &err) == RC_OK;

	if (!ok && place_merge_parts(c->arena, from))
		ok = shape_new(g, polygons_of(c->arena, from, datum), from->n, &s, &err) == RC_OK;
	if (ok)
		take_shape(c, p, g, s);
	else
		place_refuse(c, f, "bad_boundary", "boundary", "%s", err.reason);
	geometry_free(g);
	return ok;
}

bool place_take_boundary(struct ctx *c, struct place *p, unsigned datum, struct place_fault *f)
{
	struct json *j;
	struct json_error bad;
	struct geojson g;
	struct geojson_error err = { .reason = "" };

	if (json_parse(c->arena, p->boundary, 0, &j, &bad) != RC_OK) {
		place_refuse(c, f, "bad_boundary", "boundary", "%s at byte %zu", bad.reason, bad.at);
		return false;
	}
	if (geojson_read(c->arena, j, &g, &err) != RC_OK) {
		place_refuse(c, f, "bad_boundary", "boundary", FMT_STR ": %s", ARG_STR(err.path), err.reason);
		return false;
	}
	if (g.kind == GEO_POINT) {
		place_refuse(c, f, "bad_boundary", "boundary", "a Polygon or MultiPolygon is expected");
		return false;
	}
	return measure(c, p, &g, datum, f);
}
