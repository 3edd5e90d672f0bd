/* places_check.c - what keeps a draft from being published: the ring, the
 * entrances, the way out of each building; and an area that is not as declared,
 * which is told and keeps nothing back. */
#include "domain/places/places_outline.h"

#include <math.h>

bool fault_open(struct buf *faults, const char *code, size_t nth)
{
	if (nth >= FAULTS_MOST)
		return false;
	json_open(faults, '{');
	json_put_text(faults, "code", str_of(code));
	return true;
}

static void put_m(struct buf *out, const char *key, double m)
{
	json_put_real(out, key, round(m * 100) / 100);
}

static void put_point(struct buf *out, struct lonlat p)
{
	json_key(out, "at");
	buf_fmt(out, "[%.7f,%.7f]", p.lon, p.lat);
}

/* ---- the ring --------------------------------------------------------------------- */

static size_t check_seams(const struct outline *o, const struct rings *r, struct buf *out, size_t n)
{
	for (size_t i = 0; i < r->n_seams; i++) {
		const struct seam *s = &r->seams[i];

		if (s->gap_m <= o->gap_m || !fault_open(out, "ring_open", n))
			continue;
		json_put_int(out, "ring", (int64_t)s->ring);
		json_put_int(out, "segment", (int64_t)s->from);
		json_put_int(out, "next", (int64_t)s->to);
		put_m(out, "gap_m", s->gap_m);
		put_m(out, "most_m", o->gap_m);
		put_point(out, s->a);
		json_close(out, '}');
		n++;
	}
	return n;
}

/* Area and a boundary written anew, or what is wrong with it. */
static size_t check_boundary(struct ctx *c, struct outline *o, struct buf *out, size_t n, bool *good)
{
	struct place p = { .lon = NO_REAL, .lat = NO_REAL, .boundary = o->boundary, .area_m2 = NO_REAL };
	struct place_fault f = { 0 };

	*good = o->boundary.n > 0 && place_take_boundary(c, &p, PLACES_WGS84, &f);
	if (*good) {
		o->boundary = p.boundary;
		o->area_m2 = p.area_m2;
		return n;
	}
	if (!fault_open(out, o->boundary.n ? "bad_boundary" : "no_segments", n))
		return n;
	json_put_text(out, "detail", f.detail);
	json_close(out, '}');
	return n + 1;
}

/* ---- entrances ------------------------------------------------------------------------ */

static size_t check_doorways(struct ctx *c, const struct outline *o, const struct drawing *d, struct buf *out, size_t n)
{
	struct geometry *g = geometry_new();
	struct shape_error err;
	struct json_error bad;
	struct shape *shape;
	struct json *j;

	if (json_parse(c->arena, o->boundary, 0, &j, &bad) == RC_OK &&
	    shape_from_json(g, c->arena, j, &shape, &err) == RC_OK) {
		for (size_t i = 0; i < d->n_doorways; i++) {
			double m = shape_border_distance_m(g, shape, d->doorways[i].at);

			if (m <= o->reach_m || !fault_open(out, "entrance_off_ring", n))
				continue;
			json_put_text(out, "entrance", d->doorways[i].code);
			put_m(out, "distance_m", m);
			put_m(out, "most_m", o->reach_m);
			put_point(out, d->doorways[i].at);
			json_close(out, '}');
			n++;
		}
	}
	geometry_free(g);
	return n;
}

/* ---- told, but not in the way ------------------------------------------------------------- */

static enum rc note_area(struct ctx *c, const struct outline *o, struct buf *out, size_t n)
{
	struct place p;

	TRY(entity_fetch(c, &place_entity, o->place_id, &p));
	p.area_m2 = o->area_m2;
	place_compare_area(&p);
	if (!p.area_off || !fault_open(out, "area_off", n))
		return RC_OK;
	put_m(out, "area_m2", p.area_m2);
	put_m(out, "declared_area_m2", p.declared_area_m2);
	json_put_bool(out, "blocks", false);
	json_close(out, '}');
	return RC_OK;
}

enum rc outline_check(struct ctx *c, struct outline *o, size_t *blocking)
{
	struct buf out = buf_new(c->arena, OUTLINE_FAULTS);
	struct drawing d, before = { .n_doorways = 0 };
	struct outline now;
	struct rings r;
	bool good, known;
	size_t n;

	TRY(drawing_read(c, o->segments, o->entrances, PLACES_WGS84, &d));
	TRY(outline_published(c, o->place_id, &now, &known));
	if (known)
		TRY(drawing_read(c, NO_STR, now.entrances, PLACES_WGS84, &before));
	drawing_rings(c->arena, &d, &r);
	json_open(&out, '[');
	n = check_seams(o, &r, &out, 0);
	n = check_boundary(c, o, &out, n, &good);
	if (good)
		n = check_doorways(c, o, &d, &out, n);
	TRY(fire_check(c, o->place_path, &d, known ? &before : NULL, o->fire_m, &out, &n));
	if (good)
		TRY(note_area(c, o, &out, n));
	json_close(&out, ']');
	*blocking = n;
	o->faults = out.n > 2 && !out.overflow ? buf_str(&out) : NO_STR;
	return out.overflow ? FAIL(c, RC_LIMIT, "too_much", STR("faults"), "too many faults to list") : RC_OK;
}
