/* people_post.c - posts: who holds which role where, from when to when. */
#include "domain/people/people_inner.h"
#include "domain/places/places.h"

#include <string.h>

enum { DEPTH = 12 };

static const struct field post_fields[] = {
	F_STD(struct post),
	F_REF(struct post, person_id, "people.person", REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct post, role, 1, 40, REQUIRED | FIXED | FILTER | P1),
	F_REF(struct post, place_id, "places.place", FIXED | FILTER | P1),
	F_PATH(struct post, place_path, DERIVED | P1),
	F_TEXT(struct post, display, 1, 40, DERIVED | P1),
	F_TEXT(struct post, title, 1, 60, P1),
	F_TIME(struct post, from_at, FIXED | FILTER | P1),
	F_TIME(struct post, to_at, FILTER | P1),
};

static enum rc check_role(struct ctx *c, const struct post *p)
{
	if (app_role(c->app, p->role) == NULL)
		return FAIL(c, RC_INVALID, "unknown_word", STR("role"), "no such role");
	if (!people_may_hand_out(c, p->role, p->place_path.p ? p->place_path : STR("")))
		return FAIL(c, RC_DENIED, "role_above_own", STR("role"),
			    "the role holds what the caller does not hold there");
	return RC_OK;
}

static enum rc check_times(struct ctx *c, const struct post *p)
{
	return p->to_at && p->to_at < p->from_at
		       ? FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "to_at is before from_at")
		       : RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct post *p = row;
	struct person_ref person;
	struct place_ref place;

	(void)in;
	TRY(people_person_get(c, p->person_id, "person_id", &person));
	if (p->place_id.n) {
		TRY(places_get(c, p->place_id, "place_id", &place));
		if (!ctx_may_at(c, post_entity.perm.create, place.path))
			return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
		p->place_path = place.path;
	} else if (!ctx_may_at(c, post_entity.perm.create, STR(""))) {
		return FAIL(c, RC_INVALID, "required", STR("place_id"), "a place is needed");
	}
	p->display = person.display;
	if (p->from_at == 0)
		p->from_at = c->now;
	TRY(check_times(c, p));
	TRY(check_role(c, p));
	return people_changed(c, p->person_id);
}

static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct post *p = row;

	(void)in;
	TRY(check_times(c, p));
	TRY(check_role(c, p));
	return people_changed(c, p->person_id);
}

static const struct see post_see[] = {
	{ "person", SEE_OWN },
	{ "people.post.read", SEE_PLACE },
	{ 0 },
};
const struct entity post_entity = {
	.module = "people",
	.name = "post",
	.table = "people_post",
	.size = sizeof(struct post),
	.fields = post_fields,
	.n_fields = COUNT(post_fields),
	.see = post_see,
	.perm = { .create = "people.post.create", .update = "people.post.update", .export = "people.export" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.on_create = on_create,
	.on_update = on_update,
	.purpose = "organisation",
	.basis = "duty",
};

/* ---- for other modules ------------------------------------------------------------ */

#define POST_COLUMNS "p.id, p.person_id, p.role, p.place_id, p.place_path, p.display, p.title"
#define POST_LIVE                                                                                 \
	" FROM people_post p JOIN people_person h ON h.id = p.person_id WHERE h.state = 'active'" \
	" AND p.from_at <= $1 AND (p.to_at IS NULL OR p.to_at > $1) AND ($2 = '' OR p.role = $2)"

struct posts {
	struct ctx *c;
	struct people_post *v;
	size_t n, room;
	struct str grid_path;
};

static struct str text_of(struct arena *a, const struct val *v)
{
	return v->kind == VAL_TEXT ? arena_dup(a, v->s) : NO_STR;
}

/* Collected first: 'fn' may ask the database itself. */
static enum rc take_post(void *arg, const struct row *r)
{
	struct posts *l = arg;
	struct arena *a = l->c->arena;

	if (l->n == l->room) {
		struct people_post *v = NEW_N(a, struct people_post, l->room ? l->room * 2 : 32);

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->room = l->room ? l->room * 2 : 32;
	}
	struct people_post *p = &l->v[l->n++];

	*p = (struct people_post){ text_of(a, &r->v[0]), text_of(a, &r->v[1]),
				   text_of(a, &r->v[2]), text_of(a, &r->v[3]),
				   text_of(a, &r->v[4]), text_of(a, &r->v[5]),
				   text_of(a, &r->v[6]), false };
	p->of_grid = l->grid_path.n && str_eq(p->place_path, l->grid_path);
	return RC_OK;
}

static enum rc hand_on(struct posts *l, people_post_fn *fn, void *arg)
{
	for (size_t i = 0; i < l->n; i++)
		TRY(fn(l->c, &l->v[i], arg));
	return RC_OK;
}

/* The grid of a place is not above it in the tree: its path comes beside the
 * chain's. */
static enum rc grid_path(struct ctx *c, struct str place_path, struct str *ret)
{
	struct place_ref place, grid;
	bool found;

	TRY(places_by_path(c, place_path, &place, &found));
	if (!found || place.grid_id.n == 0)
		return RC_OK;
	TRY(places_get(c, place.grid_id, "grid_id", &grid));
	*ret = grid.path;
	return RC_OK;
}

enum rc people_posts_at(struct ctx *c, struct str place_path, struct str role, int64_t now, people_post_fn *fn,
			void *arg)
{
	struct posts l = { .c = c };
	struct val v[2 + DEPTH + 2] = { V_INT(now), V_STR(role.p ? role : STR("")) };
	size_t n = 2;

	TRY(grid_path(c, place_path, &l.grid_path));
	v[n++] = V_STR(l.grid_path.p ? l.grid_path : STR(""));
	for (size_t i = 0; i < place_path.n && n < COUNT(v); i++)
		if (place_path.p[i] == '.')
			v[n++] = V_STR(((struct str){ place_path.p, i + 1 }));
	while (n < COUNT(v))
		v[n++] = V_STR(STR(""));
	TRY(db_each(c,
		    "SELECT " POST_COLUMNS POST_LIVE
		    " AND (p.place_path IS NULL OR p.place_path IN ($3, $4, $5, $6, $7, $8, $9,"
		    " $10, $11, $12, $13, $14, $15, $16))"
		    " ORDER BY CASE WHEN p.place_path = $3 THEN 0 ELSE 1 END, p.place_path DESC NULLS LAST, p.id",
		    (struct args){ v, n }, take_post, &l));
	return hand_on(&l, fn, arg);
}

enum rc people_posts_under(struct ctx *c, struct str place_path, struct str role, int64_t now, people_post_fn *fn,
			   void *arg)
{
	struct posts l = { .c = c };
	char *to = arena_z(c->arena, place_path);

	if (place_path.n == 0)
		return RC_OK;
	to[place_path.n - 1] = '/'; /* the byte after '.' */
	TRY(db_each(c,
		    "SELECT " POST_COLUMNS POST_LIVE
		    " AND p.place_path >= $3 AND p.place_path < $4 ORDER BY p.place_path, p.id",
		    ARGS(V_INT(now), V_STR(role.p ? role : STR("")), V_STR(place_path), V_Z(to)), take_post, &l));
	return hand_on(&l, fn, arg);
}
