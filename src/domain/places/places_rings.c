/* places_rings.c - rings out of segments: seams, perimeter, which ring is a hole
 * in which. */
#include "domain/places/places_outline.h"

#include <math.h>

double segment_length_m(const struct segment *s)
{
	double sum = 0;

	for (size_t i = 1; i < s->n; i++)
		sum += lonlat_distance_m(s->p[i - 1], s->p[i]);
	return sum;
}

/* A seam this wide is a rounding of coordinates, not a gap. */
static const double seam_m = 0.01;

static void add_seam(struct rings *r, struct seam s)
{
	s.gap_m = lonlat_distance_m(s.a, s.b);
	r->perimeter_m += s.gap_m;
	r->widest_m = fmax(r->widest_m, s.gap_m);
	if (s.gap_m > seam_m)
		r->seams[r->n_seams++] = s;
}

static struct lonlat end_of(const struct segment *s)
{
	return s->p[s->n - 1];
}

/* All segments with this ring number, one after the other, and back. */
static struct ring join(struct arena *a, const struct drawing *d, size_t number, struct rings *r)
{
	struct lonlat *p = NEW_N(a, struct lonlat, d->n_points + 2);
	size_t n = 0, first = d->n_segments, last = 0;

	for (size_t i = 0; i < d->n_segments; i++) {
		const struct segment *s = &d->segments[i];

		if (s->ring != number)
			continue;
		if (n)
			add_seam(r, (struct seam){ number, last + 1, i + 1, 0, end_of(&d->segments[last]), s->p[0] });
		else
			first = i;
		for (size_t k = 0; k < s->n; k++)
			if (n == 0 || lonlat_distance_m(p[n - 1], s->p[k]) > seam_m)
				p[n++] = s->p[k];
		r->perimeter_m += segment_length_m(s);
		last = i;
	}
	if (n) {
		add_seam(r, (struct seam){ number, last + 1, first + 1, 0, end_of(&d->segments[last]),
					   d->segments[first].p[0] });
		while (n > 1 && lonlat_distance_m(p[n - 1], p[0]) <= seam_m)
			n--;
	}
	return (struct ring){ p, n };
}

void drawing_rings(struct arena *a, const struct drawing *d, struct rings *ret)
{
	size_t points = 0;

	*ret = (struct rings){ .v = NEW_N(a, struct ring, OUTLINE_MAX_RINGS),
			       .seams = NEW_N(a, struct seam, d->n_segments + OUTLINE_MAX_RINGS) };
	struct drawing all = *d;

	for (size_t i = 0; i < d->n_segments; i++)
		points += d->segments[i].n;
	all.n_points = points;
	for (size_t number = 0; number < OUTLINE_MAX_RINGS; number++) {
		struct ring ring = join(a, &all, number, ret);

		if (ring.n)
			ret->v[ret->n++] = ring;
	}
}

/* ---- polygons ---------------------------------------------------------------------- */

/* Even-odd, as base/geojson does it. */
static bool ring_has(const struct ring *r, struct lonlat q)
{
	bool in = false;

	for (size_t i = 0, k = r->n - 1; i < r->n; k = i++) {
		struct lonlat a = r->p[i], b = r->p[k];

		if ((a.lat > q.lat) != (b.lat > q.lat) &&
		    q.lon < (b.lon - a.lon) * (q.lat - a.lat) / (b.lat - a.lat) + a.lon)
			in = !in;
	}
	return in;
}

static size_t depth_of(const struct rings *r, size_t i)
{
	size_t depth = 0;

	for (size_t k = 0; k < r->n; k++)
		depth += k != i && ring_has(&r->v[k], r->v[i].p[0]);
	return depth;
}

static void write_ring(struct buf *out, const struct ring *r)
{
	buf_char(out, '[');
	for (size_t i = 0; i <= r->n; i++)
		buf_fmt(out, "%s[%.7f,%.7f]", i ? "," : "", r->p[i % r->n].lon, r->p[i % r->n].lat);
	buf_char(out, ']');
}

static void write_polygon(struct buf *out, const struct rings *r, size_t i, const size_t *depth)
{
	buf_char(out, '[');
	write_ring(out, &r->v[i]);
	for (size_t k = 0; k < r->n; k++) {
		if (depth[k] != depth[i] + 1 || !ring_has(&r->v[i], r->v[k].p[0]))
			continue;
		buf_char(out, ',');
		write_ring(out, &r->v[k]);
	}
	buf_char(out, ']');
}

struct str rings_boundary(struct arena *a, const struct rings *r)
{
	struct buf out = buf_new(a, PLACE_MAX_BOUNDARY);
	size_t *depth = NEW_N(a, size_t, r->n + 1), outer = 0, written = 0;

	for (size_t i = 0; i < r->n; i++) {
		depth[i] = depth_of(r, i);
		outer += depth[i] % 2 == 0;
	}
	if (r->n == 0)
		return NO_STR;
	buf_fmt(&out, "{\"type\":\"%s\",\"coordinates\":%s", outer == 1 ? "Polygon" : "MultiPolygon",
		outer == 1 ? "" : "[");
	for (size_t i = 0; i < r->n; i++) {
		if (depth[i] % 2)
			continue;
		if (written++)
			buf_char(&out, ',');
		write_polygon(&out, r, i, depth);
	}
	buf_add(&out, outer == 1 ? STR("}") : STR("]}"));
	return buf_str(&out);
}

/* ---- back ------------------------------------------------------------------------------ */

static void take_ring(struct ctx *c, struct drawing *d, const struct geojson_ring *r)
{
	struct segment *s = &d->segments[d->n_segments];

	*s = (struct segment){ .ring = d->n_segments, .p = NEW_N(c->arena, struct lonlat, r->n), .n = r->n };
	for (size_t i = 0; i < r->n; i++)
		s->p[i] = (struct lonlat){ r->xy[2 * i], r->xy[2 * i + 1] };
	d->n_points += s->n;
	d->n_segments++;
}

enum rc drawing_of_boundary(struct ctx *c, struct str boundary, struct drawing *ret)
{
	struct geojson g = { .n = 0 };
	struct geojson_error bad;
	struct json_error broken;
	struct json *j;

	*ret = (struct drawing){ .segments = NEW_N(c->arena, struct segment, OUTLINE_MAX_RINGS) };
	if (boundary.n == 0)
		return RC_OK;
	if (json_parse(c->arena, boundary, 0, &j, &broken) != RC_OK || geojson_read(c->arena, j, &g, &bad) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_boundary", STR("place_id"), "the place's boundary can't be read");
	for (size_t i = 0; i < g.n; i++)
		for (size_t k = 0; k < g.polygons[i].n && ret->n_segments < OUTLINE_MAX_RINGS; k++)
			take_ring(c, ret, &g.polygons[i].rings[k]);
	return RC_OK;
}
