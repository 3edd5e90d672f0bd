/* places_fire.c - no closure leaves a building too far from a way out.
 *
 * Measured is the straight line from the building's point to the entrance, on
 * the ellipsoid: the real way is longer, so the limit is to be set with that in
 * mind.
 */
#include "domain/places/places_outline.h"

#include <math.h>

enum { BUILDINGS_MOST = 20000 };

bool doorway_is_exit(const struct doorway *d)
{
	return d->people && d->direction != DIRECTION_IN &&
	       (d->state == ENTRANCE_OPEN || d->state == ENTRANCE_EMERGENCY);
}

bool doorway_in_use(const struct doorway *d)
{
	return d->state == ENTRANCE_OPEN || d->state == ENTRANCE_NIGHT;
}

struct fire {
	struct ctx *c;
	const struct drawing *now, *before;
	double most_m;
	struct buf *faults;
	size_t *failing, seen;
};

/* Infinite when there is none. */
static double nearest_exit(const struct drawing *d, struct lonlat at, struct str *code)
{
	double best = INFINITY;

	for (size_t i = 0; d && i < d->n_doorways; i++) {
		double m;

		if (!doorway_is_exit(&d->doorways[i]))
			continue;
		m = lonlat_distance_m(at, d->doorways[i].at);
		if (m < best) {
			best = m;
			*code = d->doorways[i].code;
		}
	}
	return best;
}

static void put_distance(struct buf *out, const char *key, double m)
{
	json_put_real(out, key, isinf(m) ? NO_REAL : round(m * 10) / 10);
}

static enum rc look_at(void *arg, const struct row *r)
{
	struct fire *f = arg;
	bool placed = r->v[2].kind == VAL_REAL && r->v[3].kind == VAL_REAL;
	struct lonlat at = { placed ? r->v[2].d : 0, placed ? r->v[3].d : 0 };
	struct str code = NO_STR, old = NO_STR;
	double m = placed ? nearest_exit(f->now, at, &code) : 0;

	if (f->seen++ == BUILDINGS_MOST)
		return RC_LIMIT;
	if (placed && m <= f->most_m)
		return RC_OK;
	if (!fault_open(f->faults, placed ? "fire_exit_too_far" : "building_without_point", *f->failing)) {
		++*f->failing;
		return RC_OK;
	}
	++*f->failing;
	json_put_text(f->faults, "building_id", r->v[0].s);
	json_put_text(f->faults, "label", r->v[1].s);
	if (placed) {
		put_distance(f->faults, "distance_m", m);
		put_distance(f->faults, "before_m", nearest_exit(f->before, at, &old));
		put_distance(f->faults, "most_m", f->most_m);
		json_put_text(f->faults, "entrance", code);
		json_key(f->faults, "at");
		buf_fmt(f->faults, "[%.7f,%.7f]", at.lon, at.lat);
	}
	json_close(f->faults, '}');
	return RC_OK;
}

enum rc fire_check(struct ctx *c, struct str path, const struct drawing *now, const struct drawing *before,
		   double most_m, struct buf *faults, size_t *failing)
{
	struct place_where w = { .sql = buf_new(c->arena, 4096) };
	struct fire f = { c, now, before, most_m, faults, failing, 0 };

	buf_add(&w.sql, STR("SELECT id, label, lon, lat FROM places_place WHERE kind = 'building' AND "));
	place_where_under(c, &w, path);
	buf_add(&w.sql, STR(" ORDER BY path"));
	return db_each(c, w.sql.p, (struct args){ w.args, w.n }, look_at, &f);
}
