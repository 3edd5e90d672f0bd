/* insight.c - the entity insight.claim and the module's tables. */
#include "domain/insight/insight_inner.h"
#include "domain/insight/insight.h"

#include "insight_schema.h"

#include <math.h>

const char *const claim_figures[] = { "enclosures_finished", "area_km2", "buildings", "dwellings", "base_areas",
				      "communities_covered", NULL };

enum { MOST = 1000000000 };

static const struct field claim_fields[] = {
	F_STD(struct claim),
	F_REF(struct claim, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct claim, place_path, DERIVED | P1),
	F_ENUM(struct claim, figure, claim_figures, REQUIRED | FIXED | FILTER | P1),
	F_REAL(struct claim, value, 0, 1e12, P1),
	F_INT(struct claim, decimals, 0, 6, P1),
	F_INT(struct claim, n, 0, MOST, P1),
	F_INT(struct claim, d, 1, MOST, P1),
	F_TEXT(struct claim, definition, 0, 300, P1),
	F_TEXT(struct claim, source, 2, 300, REQUIRED | P1),
	F_TEXT(struct claim, source_on, 4, 10, REQUIRED | FILTER | P1),
	F_TEXT(struct claim, note, 0, 500, P1),
};

/* "2022", "2022-08" or "2022-08-31": sources often know no more. */
static bool is_day(struct ctx *c, struct str s)
{
	static const char whole[] = "0000-01-01T00:00:00Z";
	int64_t t;

	if (s.n != 4 && s.n != 7 && s.n != 10)
		return false;
	return time_parse(arena_fmt(c->arena, FMT_STR "%s", ARG_STR(s), whole + s.n), &t) == RC_OK;
}

static enum rc check(struct ctx *c, void *row, const struct json *in)
{
	const struct claim *k = row;

	(void)in;
	if (isnan(k->value) && k->n == NO_INT)
		return FAIL(c, RC_INVALID, "required", STR("value"), "a value or a count is claimed");
	if (k->d != NO_INT && k->n == NO_INT)
		return FAIL(c, RC_INVALID, "required", STR("n"), "a denominator goes with a numerator");
	if (k->d != NO_INT && k->n > k->d)
		return FAIL(c, RC_INVALID, "out_of_range", STR("n"), "a part is not more than its whole");
	if (!is_day(c, k->source_on))
		return FAIL(c, RC_INVALID, "bad_day", STR("source_on"), "written 2022, 2022-08 or 2022-08-31");
	return RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct claim *k = row;
	struct place_ref place;

	TRY(places_get(c, k->place_id, "place_id", &place));
	k->place_path = place.path;
	return check(c, row, in);
}

static const struct see claim_see[] = { { "insight.claim.read", SEE_PLACE }, { 0 } };

const struct entity claim_entity = {
	.module = "insight",
	.name = "claim",
	.table = "insight_claim",
	.size = sizeof(struct claim),
	.fields = claim_fields,
	.n_fields = COUNT(claim_fields),
	.see = claim_see,
	.perm = { .create = "insight.claim.edit", .update = "insight.claim.edit" },
	.place = "place_path",
	.on_create = on_create,
	.on_update = check,
	.purpose = "figures",
	.basis = "duty",
};

static const char *const needs[] = { "places", NULL };
static const struct entity *const entities[] = { &claim_entity, NULL };
static const struct route routes[] = {
	{ .method = "GET", .path = "/api/insight/compare", .perm = "insight.claim.read", .run = insight_compare },
	{ 0 },
};

const struct module insight_module = {
	.name = "insight",
	.schema = insight_schema,
	.needs = needs,
	.entities = entities,
	.routes = routes,
};
