/* dispatch_people.c - who could go: workers of the place, their shifts, their
 * one last position; reasons and shortfalls instead of a score. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "sys/geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GATHER_MOST = 200, FRESH_MIN = 30, WALK_M_PER_MIN = 70, ROLE_N = 4 };

/* Roles that go to a door. */
static const char *const field_roles[ROLE_N] = { "grid_worker", "property", "guard", "warden" };

struct gather {
	struct candidate *v;
	size_t n;
	struct str grid; /* path of the posts at the alert's own grid */
};

static enum rc add_post(struct ctx *c, const struct people_post *post, void *arg)
{
	struct gather *g = arg;
	bool field = false;

	(void)c;
	for (size_t i = 0; i < ROLE_N; i++)
		field |= str_is(post->role, field_roles[i]);
	if (!field)
		return RC_OK;
	for (size_t i = 0; i < g->n; i++) {
		if (str_eq(g->v[i].person_id, post->person_id)) {
			g->v[i].own_grid |= post->of_grid;
			return RC_OK;
		}
	}
	if (g->n == GATHER_MOST)
		return RC_LIMIT;
	g->v[g->n++] = (struct candidate){ .person_id = arena_dup(c->arena, post->person_id),
					   .name = arena_dup(c->arena, post->display),
					   .own_grid = post->of_grid };
	return RC_OK;
}

/* The community's part of a path: neighbours of other grids can be sent too. */
static enum rc community_path(struct ctx *c, struct str path, struct str *ret)
{
	struct str rest = path, piece;
	size_t n = 0;

	*ret = path;
	while (str_cut(&rest, '.', &piece) && rest.p) {
		struct place_ref place;
		bool found;

		n += piece.n + 1;
		TRY(places_by_path(c, (struct str){ path.p, n }, &place, &found));
		if (found && place.kind == PLACE_COMMUNITY) {
			*ret = place.path;
			return RC_OK;
		}
	}
	return RC_OK;
}

struct at {
	double lon, lat;
	int64_t at;
	bool found;
};

static enum rc take_position(void *arg, const struct row *r)
{
	struct at *p = arg;

	*p = (struct at){ r->v[0].d, r->v[1].d, r->v[2].i, true };
	return RC_OK;
}

static enum rc position_of(struct ctx *c, struct str person, struct at *ret)
{
	*ret = (struct at){ 0 };
	return db_each(c, "SELECT lon, lat, at FROM dispatch_position WHERE person_id = $1", ARGS(V_STR(person)),
		       take_position, ret);
}

static int64_t metres_between(const struct at *p, const struct place_ref *place)
{
	if (!p->found || isnan(place->lon) || isnan(place->lat))
		return -1;
	return (int64_t)lonlat_distance_m((struct lonlat){ p->lon, p->lat }, (struct lonlat){ place->lon, place->lat });
}

/* A place without a point borrows that of the nearest place above it. */
static enum rc place_with_point(struct ctx *c, struct str id, struct place_ref *ret)
{
	TRY(places_get(c, id, "place_id", ret));
	while (isnan(ret->lon) && ret->path.n > 1) {
		struct str up = { ret->path.p, ret->path.n - 1 };
		bool found;

		while (up.n && up.p[up.n - 1] != '.')
			up.n--;
		if (up.n == 0)
			return RC_OK;
		TRY(places_by_path(c, up, ret, &found));
		if (!found)
			return RC_OK;
	}
	return RC_OK;
}

enum rc dispatch_distance(struct ctx *c, struct str person_id, struct str place_id, int64_t *metres, int64_t *at)
{
	struct place_ref place;
	struct at p;

	TRY(place_with_point(c, place_id, &place));
	TRY(position_of(c, person_id, &p));
	*metres = metres_between(&p, &place);
	*at = p.at;
	return RC_OK;
}

/* Who has the seat may not leave it. */
static enum rc learn_shift(struct ctx *c, struct candidate *k)
{
	int64_t field, rest;

	TRY(db_int(c,
		   "SELECT max(to_at) FROM dispatch_shift WHERE person_id = $1 AND kind IN ('field', 'deputy') AND "
		   "from_at <= $2"
		   " AND to_at > $2",
		   ARGS(V_STR(k->person_id), V_INT(c->now)), 0, &field));
	TRY(db_int(c,
		   "SELECT max(to_at) FROM dispatch_shift WHERE person_id = $1 AND kind = 'rest' AND from_at <= $2 AND "
		   "to_at > $2",
		   ARGS(V_STR(k->person_id), V_INT(c->now)), 0, &rest));
	k->on_shift = field > 0;
	k->resting_until = rest;
	return RC_OK;
}

static enum rc learn(struct ctx *c, const struct alert_ref *alert, const struct place_ref *place, struct candidate *k)
{
	int64_t refused, metres;
	struct at p;

	TRY(learn_shift(c, k));
	TRY(db_int(c,
		   "SELECT count(*) FROM dispatch_task WHERE worker_id = $1 AND state IN ('offered', 'accepted', "
		   "'on_the_way', 'arrived')",
		   ARGS(V_STR(k->person_id)), 0, &k->busy));
	TRY(db_int(c,
		   "SELECT count(*) FROM dispatch_task WHERE worker_id = $1 AND alert_id = $2 AND state IN ('refused', "
		   "'expired')",
		   ARGS(V_STR(k->person_id), V_STR(alert->id)), 0, &refused));
	k->refused = refused > 0;
	TRY(position_of(c, k->person_id, &p));
	metres = metres_between(&p, place);
	k->position_age_min = p.found ? (c->now - p.at) / MINUTE : 0;
	k->has_position = metres >= 0 && k->position_age_min <= FRESH_MIN;
	k->foot_min = metres / WALK_M_PER_MIN + 1;
	return RC_OK;
}

static int prefer(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* In the order a careful colleague would ask: can go, is of the place, is free,
 * did not refuse before, is near. */
static int by_use(const void *x, const void *y)
{
	const struct candidate *a = x, *b = y;
	int d = prefer(candidate_ready(b), candidate_ready(a));

	d = d ? d : prefer(a->refused, b->refused);
	d = d ? d : prefer(a->busy, b->busy);
	d = d ? d : prefer(b->own_grid, a->own_grid);
	d = d ? d : prefer(a->has_position ? a->foot_min : 1000, b->has_position ? b->foot_min : 1000);
	return d ? d : str_cmp(a->person_id, b->person_id);
}

enum rc dispatch_candidates(struct ctx *c, const struct alert_ref *alert, struct candidate **ret, size_t *n)
{
	struct gather g = { .v = NEW_N(c->arena, struct candidate, GATHER_MOST) };
	struct place_ref place;
	struct str community;

	TRY(place_with_point(c, alert->place_id, &place));
	TRY(community_path(c, alert->place_path, &community));
	TRY(people_posts_at(c, alert->place_path, NO_STR, c->now, add_post, &g));
	TRY(people_posts_under(c, community, NO_STR, c->now, add_post, &g));
	for (size_t i = 0; i < g.n; i++)
		TRY(learn(c, alert, &place, &g.v[i]));
	qsort(g.v, g.n, sizeof(*g.v), by_use);
	*ret = g.v;
	*n = g.n < CANDIDATES ? g.n : CANDIDATES;
	return RC_OK;
}

/* ---- positions ------------------------------------------------------------------------ */

static enum rc read_number(struct ctx *c, const struct json *in, const char *name, double lo, double hi, double *ret)
{
	if (!json_number(json_get(in, name), ret))
		return FAIL(c, RC_INVALID, "required", str_of(name), "%s must be a number", name);
	if (!(*ret >= lo && *ret <= hi))
		return FAIL(c, RC_INVALID, "out_of_range", str_of(name), "%s must be %g to %g", name, lo, hi);
	return RC_OK;
}

enum rc dispatch_position(struct ctx *c, struct call *k)
{
	double lon, lat, accuracy;
	int64_t at = c->now, on_shift;
	struct str text = json_get_text(k->in, "at");

	TRY(read_number(c, k->in, "lon", -180, 180, &lon));
	TRY(read_number(c, k->in, "lat", -90, 90, &lat));
	TRY(read_number(c, k->in, "accuracy_m", 0, 100000, &accuracy));
	if (text.p && time_parse(text, &at) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("at"), "at must be an RFC 3339 time");
	if (at > c->now)
		at = c->now;
	TRY(db_int(c,
		   "SELECT count(*) FROM dispatch_shift WHERE person_id = $1 AND kind IN ('field', 'deputy') AND "
		   "from_at <= $2"
		   " AND to_at > $2",
		   ARGS(V_STR(c->who.id), V_INT(c->now)), 0, &on_shift));
	if (!on_shift)
		return FAIL(c, RC_CONFLICT, "off_shift", NO_STR, "positions are taken of those who can be sent");
	return db_run(c,
		      "INSERT INTO dispatch_position (person_id, lon, lat, accuracy_m, at) VALUES ($1, $2, $3, $4, $5)"
		      " ON CONFLICT (person_id) DO UPDATE SET lon = $2, lat = $3, accuracy_m = $4, at = $5"
		      " WHERE dispatch_position.at <= $5",
		      ARGS(V_STR(c->who.id), V_REAL(lon), V_REAL(lat), V_INT((int64_t)accuracy), V_INT(at)), NULL);
}

enum rc dispatch_forget_positions(struct ctx *c)
{
	return db_run(c,
		      "DELETE FROM dispatch_position WHERE NOT EXISTS (SELECT 1 FROM dispatch_shift s WHERE"
		      " s.person_id = dispatch_position.person_id AND s.kind IN ('field', 'deputy') AND s.from_at <= "
		      "$1 AND s.to_at > $1)",
		      ARGS(V_INT(c->now)), NULL);
}
