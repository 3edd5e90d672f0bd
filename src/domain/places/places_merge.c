/* places_merge.c - parts of a boundary that share a border become one.
 *
 * Map services publish districts as parts that lie side by side; RFC 7946's
 * rules (those of Simple Features) want such parts to be one.  Every edge that
 * two parts walk in opposite directions goes; what remains is tied together
 * anew.  Corners must be equal to the last digit, as they are in such files. */
#include "domain/places/places_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct edge {
	double a[2], b[2];
	bool gone;
};
struct edges {
	struct edge *v; /* by their start */
	size_t n;
};
struct rings {
	struct geojson_ring *v;
	size_t n;
};

static int cmp_start(const void *pa, const void *pb)
{
	const struct edge *p = pa, *q = pb;

	if (p->a[0] != q->a[0])
		return p->a[0] < q->a[0] ? -1 : 1;
	return p->a[1] == q->a[1] ? 0 : p->a[1] < q->a[1] ? -1 : 1;
}

/* The first edge that starts at 'at', or the end. */
static size_t first_from(const struct edges *e, const double at[2])
{
	struct edge want = { .a = { at[0], at[1] } };
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cmp_start(&e->v[mid], &want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool same(const double a[2], const double b[2])
{
	return a[0] == b[0] && a[1] == b[1];
}

/* Outer rings counter-clockwise: the inside is left of every edge. */
static struct edges outer_edges(struct arena *a, const struct geojson *g)
{
	struct edges e = { .n = 0 };

	for (size_t i = 0; i < g->n; i++)
		e.n += g->polygons[i].rings[0].n - 1;
	e.v = NEW_N(a, struct edge, e.n);
	e.n = 0;
	for (size_t i = 0; i < g->n; i++) {
		const struct geojson_ring *r = &g->polygons[i].rings[0];
		bool turn = geojson_ring_area(*r) < 0;

		for (size_t k = 0; k + 1 < r->n; k++) {
			const double *p = &r->xy[2 * (k + turn)], *q = &r->xy[2 * (k + !turn)];

			e.v[e.n++] = (struct edge){ { p[0], p[1] }, { q[0], q[1] }, false };
		}
	}
	qsort(e.v, e.n, sizeof(*e.v), cmp_start);
	return e;
}

static bool cancel(struct edges *e)
{
	bool any = false;

	for (size_t i = 0; i < e->n; i++)
		for (size_t k = first_from(e, e->v[i].b); !e->v[i].gone && k < e->n && same(e->v[k].a, e->v[i].b); k++)
			if (!e->v[k].gone && same(e->v[k].b, e->v[i].a))
				any = e->v[i].gone = e->v[k].gone = true;
	return any;
}

/* Clockwise angle from direction 'back' to 'to', in (0, 2 pi]. */
static double clockwise(const double at[2], const double back[2], const double to[2])
{
	double d = atan2(back[1] - at[1], back[0] - at[0]) - atan2(to[1] - at[1], to[0] - at[0]);

	while (d <= 0)
		d += 2 * M_PI;
	return d;
}

/* Where several edges leave, the leftmost keeps to the same piece of inside, so
 * that rings that meet in a corner stay two. */
static struct edge *next_edge(struct edges *e, const struct edge *from)
{
	struct edge *best = NULL;
	double least = 0;

	for (size_t k = first_from(e, from->b); k < e->n && same(e->v[k].a, from->b); k++) {
		double turn = clockwise(from->b, from->a, e->v[k].b);

		if (!e->v[k].gone && (best == NULL || turn < least)) {
			best = &e->v[k];
			least = turn;
		}
	}
	return best;
}

/* False: the edges do not close. */
static bool tie_ring(struct arena *a, struct edges *e, struct edge *start, double *scratch, struct geojson_ring *ret)
{
	double *xy = scratch;
	size_t n = 0;
	struct edge *at = start;

	while (at) {
		at->gone = true;
		xy[2 * n] = at->a[0];
		xy[2 * n + 1] = at->a[1];
		n++;
		if (same(at->b, start->a))
			break;
		at = next_edge(e, at);
	}
	xy[2 * n] = start->a[0];
	xy[2 * n + 1] = start->a[1];
	xy = NEW_N(a, double, 2 * (n + 1));
	memcpy(xy, scratch, 2 * (n + 1) * sizeof(*xy));
	*ret = (struct geojson_ring){ xy, n + 1 };
	return at && n >= 3;
}

static bool holds(const struct geojson_ring *outer, const struct geojson_ring *hole)
{
	for (size_t i = 0; i + 1 < hole->n; i++)
		if (geojson_ring_has(*outer, hole->xy[2 * i], hole->xy[2 * i + 1]))
			return true;
	return false;
}

static void add_holes(const struct rings *holes, struct geojson_polygon *p, struct geojson_ring *room)
{
	room[0] = p->rings[0];
	p->rings = room;
	for (size_t i = 0; i < holes->n; i++)
		if (holds(&room[0], &holes->v[i]))
			room[p->n++] = holes->v[i];
}

bool place_merge_parts(struct arena *a, struct geojson *g)
{
	struct edges e = outer_edges(a, g);
	struct rings holes = { .n = 0 };
	struct geojson_polygon *v = NEW_N(a, struct geojson_polygon, e.n + 1);
	double *scratch = NEW_N(a, double, 2 * (e.n + 1));
	size_t n = 0;

	if (!cancel(&e))
		return false;
	holes.v = NEW_N(a, struct geojson_ring, e.n + 1);
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 1; k < g->polygons[i].n && holes.n < e.n; k++)
			holes.v[holes.n++] = g->polygons[i].rings[k];
	for (size_t i = 0; i < e.n; i++) {
		struct geojson_ring *r = NEW(a, struct geojson_ring);

		if (e.v[i].gone)
			continue;
		if (!tie_ring(a, &e, &e.v[i], scratch, r))
			return false;
		if (geojson_ring_area(*r) > 0)
			v[n++] = (struct geojson_polygon){ r, 1 };
		else if (holes.n < e.n)
			holes.v[holes.n++] = *r;
	}
	for (size_t i = 0; i < n; i++)
		add_holes(&holes, &v[i], NEW_N(a, struct geojson_ring, holes.n + 1));
	g->polygons = v;
	g->n = n;
	return n > 0;
}
