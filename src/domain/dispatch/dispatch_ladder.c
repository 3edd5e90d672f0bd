/* dispatch_ladder.c - what is tried in turn when nobody opens: rungs of a place
 * and everything below it, and who may allow each. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/places/places.h"

#include <string.h>

enum { WAIT_MOST = 240, LEVEL_MOST = 99 };

const char *const rung_words[] = { "neighbour", "family", "key_holder", "locksmith", "police", "fire", NULL };
const char *const rung_allows[] = { "nobody", "desk", "head", NULL };

/* Where no place above has a ladder of its own. */
static const struct rung ladder_default[] = {
	{ .level = 1, .word = RUNG_NEIGHBOUR, .approve = ALLOW_NOBODY, .wait_min = 5 },
	{ .level = 2, .word = RUNG_FAMILY, .approve = ALLOW_NOBODY, .wait_min = 5 },
	{ .level = 3, .word = RUNG_KEY_HOLDER, .approve = ALLOW_DESK, .wait_min = 10, .two_people = true },
	{ .level = 4, .word = RUNG_LOCKSMITH, .approve = ALLOW_DESK, .wait_min = 0, .two_people = true },
	{ .level = 5, .word = RUNG_POLICE, .approve = ALLOW_DESK, .wait_min = 0, .two_people = true },
	{ .level = 6, .word = RUNG_FIRE, .approve = ALLOW_DESK, .wait_min = 0, .two_people = true },
};

static const struct field rung_fields[] = {
	F_STD(struct rung),
	F_REF(struct rung, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct rung, place_path, DERIVED | P1),
	F_INT(struct rung, level, 1, LEVEL_MOST, REQUIRED | P1),
	F_ENUM(struct rung, word, rung_words, REQUIRED | FIXED | FILTER | P1),
	F_ENUM(struct rung, approve, rung_allows, REQUIRED | P1),
	F_INT(struct rung, wait_min, 0, WAIT_MOST, REQUIRED | P1),
	F_FLAG(struct rung, two_people, REQUIRED | P1),
	F_FLAG(struct rung, unused, P1),
};

/* Who goes in where nobody opened goes in with a witness, and not on his own word. */
static enum rc rung_check(struct ctx *c, void *row, const struct json *in)
{
	struct rung *r = row;
	struct place_ref place;

	(void)in;
	TRY(places_get(c, r->place_id, "place_id", &place));
	r->place_path = place.path;
	if (r->word >= RUNG_KEY_HOLDER && !r->two_people)
		return FAIL(c, RC_INVALID, "needs_two", STR("two_people"), "nobody opens a door alone");
	if ((r->word == RUNG_KEY_HOLDER || r->word == RUNG_LOCKSMITH) && r->approve == ALLOW_NOBODY)
		return FAIL(c, RC_INVALID, "needs_approval", STR("approve"), "somebody must allow a door to be opened");
	return RC_OK;
}

static const struct see rung_see[] = { { "dispatch.read", SEE_PLACE }, { 0 } };
static const struct sort rung_sorts[] = { { "level", { "place_path", "level" } }, { 0 } };

const struct entity rung_entity = {
	.module = "dispatch",
	.name = "rung",
	.table = "dispatch_rung",
	.size = sizeof(struct rung),
	.fields = rung_fields,
	.n_fields = COUNT(rung_fields),
	.see = rung_see,
	.perm = { .create = "dispatch.ladder.edit", .update = "dispatch.ladder.edit" },
	.place = "place_path",
	.sorts = rung_sorts,
	.on_create = rung_check,
	.on_update = rung_check,
	.purpose = "visit",
	.basis = "duty",
};

struct gathering {
	struct rung *v;
	size_t n;
	struct str path, own; /* of the door; of the ladder that counts, "" until one is found */
};

static enum rc take_rung(struct ctx *c, void *row, void *arg)
{
	struct gathering *g = arg;
	const struct rung *r = row;

	(void)c;
	if (r->place_path.n > g->path.n || memcmp(r->place_path.p, g->path.p, r->place_path.n) != 0)
		return RC_OK;
	if (r->place_path.n > g->own.n) { /* a nearer ladder decides alone */
		g->own = r->place_path;
		g->n = 0;
	}
	if (!r->unused && g->n < RUNGS_MOST)
		g->v[g->n++] = *r;
	return RC_OK;
}

enum rc dispatch_ladder(struct ctx *c, struct str place_path, struct rung **ret, size_t *n)
{
	struct gathering g = { .v = NEW_N(c->arena, struct rung, RUNGS_MOST), .path = place_path, .own = STR("") };

	/* By path the rungs of one place stand together, the nearest place last. */
	TRY(entity_each(c, &rung_entity, "place_path <= $1 ORDER BY place_path, level", ARGS(V_STR(place_path)),
			take_rung, &g));
	if (g.own.n == 0) {
		memcpy(g.v, ladder_default, sizeof(ladder_default));
		g.n = COUNT(ladder_default);
	}
	*ret = g.v;
	*n = g.n;
	return RC_OK;
}
