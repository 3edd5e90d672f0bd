/* people_grants.c - what a person may do now: live posts, the buildings of their
 * grids, the own home. */
#include "domain/people/people_inner.h"
#include "domain/places/places.h"

/* core narrows lists by at most so many places; a post more is not lost but
 * waits until another ends. */
enum { GRANTS_MOST = 28 };

struct grants {
	struct ctx *c;
	struct grant *v;
	size_t n;
	struct people_standing is;
};

/* Posts that residents and volunteers hold open no desk. */
static bool is_staff(struct str role)
{
	static const char *const others[] = { "resident", "volunteer", "household" };

	for (size_t i = 0; i < COUNT(others); i++)
		if (str_is(role, others[i]))
			return false;
	return true;
}

static enum rc take_post(void *arg, const struct row *r)
{
	struct grants *g = arg;
	struct arena *a = g->c->arena;
	const struct role *role = app_role(g->c->app, r->v[1].s);

	if (role == NULL || g->n == GRANTS_MOST)
		return RC_OK; /* a role of an older program gives nothing */
	g->is.staff |= is_staff(r->v[1].s);
	if (r->v[4].kind == VAL_INT && r->v[4].i < g->is.until)
		g->is.until = r->v[4].i;
	g->v[g->n++] = (struct grant){ .role = role,
				       .post_id = arena_dup(a, r->v[0].s),
				       .place_id = r->v[2].kind == VAL_TEXT ? arena_dup(a, r->v[2].s) : NO_STR,
				       .path = r->v[3].kind == VAL_TEXT ? arena_dup(a, r->v[3].s) : STR("") };
	return RC_OK;
}

/* Buildings belong to a grid but do not lie below it in the tree: a post at a
 * grid holds at each of them too. */
static enum rc add_grid_places(struct ctx *c, struct grants *g)
{
	size_t posts = g->n, n;
	struct str *paths;

	for (size_t i = 0; i < posts; i++) {
		if (g->v[i].place_id.n == 0)
			continue;
		TRY(places_of_grid(c, g->v[i].place_id, &paths, &n));
		for (size_t k = 0; k < n && g->n < GRANTS_MOST; k++) {
			g->v[g->n] = g->v[i];
			g->v[g->n++].path = paths[k];
		}
	}
	return RC_OK;
}

enum rc people_actor(struct ctx *c, const struct person *p, struct str session, struct actor *ret,
		     struct people_standing *standing)
{
	struct grants g = { .c = c,
			    .v = NEW_N(c->arena, struct grant, GRANTS_MOST),
			    .is = { .until = c->now + MINUTE } };
	const struct role *resident = app_role(c->app, STR("resident"));

	TRY(db_each(
		c,
		"SELECT id, role, place_id, place_path, to_at FROM people_post WHERE person_id = $1 AND from_at <= $2"
		" AND (to_at IS NULL OR to_at > $2) ORDER BY id",
		ARGS(V_STR(p->std.id), V_INT(c->now)), take_post, &g));
	TRY(add_grid_places(c, &g));
	if (resident && p->place_path.n && g.n < GRANTS_MOST)
		g.v[g.n++] = (struct grant){ .role = resident, .place_id = p->place_id, .path = p->place_path };
	*ret = (struct actor){ .kind = WHO_PERSON,
			       .id = p->std.id,
			       .name = g.is.staff ? p->display : NO_STR,
			       .household = p->household_id,
			       .session = session,
			       .limited = p->must_change_password,
			       .grants = g.v,
			       .n_grants = g.n };
	if (standing)
		*standing = g.is;
	return RC_OK;
}
