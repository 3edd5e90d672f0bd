/* insight_compare.c - GET /api/insight/compare?place=<id>&figure=: every claim
 * beside what is computed, and where the two, or the claim and its own parts,
 * do not fit.  Nothing here changes a claim. */
#include "domain/insight/insight_inner.h"

#include <math.h>

enum { CLAIMS_MOST = 200, DECIMALS = 1 };

static const struct {
	bool percent;
	const char *definition;
} figures[] = {
	[FIG_FINISHED] = { true, "enclosures_with_all_works_accepted" },
	[FIG_AREA] = { false, "area_within_the_boundary_on_the_ellipsoid" },
	[FIG_BUILDINGS] = { false, "places_of_kind_building" },
	[FIG_DWELLINGS] = { false, "places_of_kind_dwelling" },
	[FIG_BASE_AREAS] = { false, "areas_of_the_base_list" },
	[FIG_COVERAGE] = { true, "not_computed" },
};

/* ---- what is computed -------------------------------------------------------------- */

static void set_rate(struct computed *r, int64_t n, int64_t d)
{
	r->n = n;
	r->d = d;
	r->value = d ? (double)n * 100 / (double)d : NO_REAL;
}

enum rc insight_compute(struct ctx *c, const struct claim *k, struct computed *ret)
{
	struct places_completion sum;
	double area, declared;
	int64_t n;

	*ret = (struct computed){
		.value = NO_REAL, .n = NO_INT, .d = NO_INT, .definition = figures[k->figure].definition
	};
	switch ((enum figure)k->figure) {
	case FIG_FINISHED:
	case FIG_BASE_AREAS:
		TRY(places_completion(c, k->place_path, &sum));
		if (k->figure == FIG_FINISHED)
			set_rate(ret, sum.finished, sum.planned);
		else
			ret->value = (double)sum.areas;
		return RC_OK;
	case FIG_AREA:
		TRY(places_area_of(c, k->place_id, &area, &declared));
		ret->value = area / 1e6;
		return RC_OK;
	case FIG_BUILDINGS:
	case FIG_DWELLINGS:
		TRY(places_count(c, k->place_path, k->figure == FIG_BUILDINGS ? PLACE_BUILDING : PLACE_DWELLING, &n));
		ret->value = (double)n;
		return RC_OK;
	case FIG_COVERAGE: return RC_OK;
	}
	return RC_BUG;
}

/* ---- what does not fit ------------------------------------------------------------------ */

static double rounded(double v)
{
	return isnan(v) ? v : round(v * 100) / 100;
}

/* Half a unit of the last digit given; areas: 5 % of the computed one. */
static double tolerance(const struct claim *k, double computed)
{
	if (k->figure == FIG_AREA)
		return 0.05 * computed;
	if (!figures[k->figure].percent)
		return 0.5;
	return 0.5 * pow(10, -(double)(k->decimals == NO_INT ? DECIMALS : k->decimals)) + 1e-9;
}

static double claimed(const struct claim *k)
{
	return isnan(k->value) && !figures[k->figure].percent && k->n != NO_INT ? (double)k->n : k->value;
}

static void flag_own_parts(const struct claim *k, struct buf *out)
{
	double own = k->n != NO_INT && k->d != NO_INT ? (double)k->n * 100 / (double)k->d : NO_REAL;

	if (isnan(own) || isnan(k->value) || !figures[k->figure].percent || fabs(own - k->value) <= tolerance(k, own))
		return;
	json_open(out, '{');
	json_put_text(out, "code", STR("not_from_own_parts"));
	json_put_int(out, "n", k->n);
	json_put_int(out, "d", k->d);
	json_put_real(out, "from_parts", rounded(own));
	json_close(out, '}');
}

static void flag_computed(const struct claim *k, const struct computed *r, struct buf *out)
{
	double said = claimed(k);

	if (isnan(said) || isnan(r->value) || fabs(said - r->value) <= tolerance(k, r->value))
		return;
	json_open(out, '{');
	json_put_text(out, "code", STR("differs_from_computed"));
	json_put_real(out, "claimed", rounded(said));
	json_put_real(out, "computed", rounded(r->value));
	json_close(out, '}');
}

/* A part and a rate say what the whole must have been. */
static void flag_base(const struct claim *k, struct buf *out)
{
	if (!figures[k->figure].percent || k->n == NO_INT || k->d != NO_INT || isnan(k->value) || k->value <= 0)
		return;
	json_open(out, '{');
	json_put_text(out, "code", STR("implied_base"));
	json_put_int(out, "d", (int64_t)llround((double)k->n * 100 / k->value));
	json_close(out, '}');
}

static void flag_other(const struct claim *k, const struct claim *o, struct buf *out)
{
	bool values = !isnan(k->value) && !isnan(o->value) && fabs(k->value - o->value) > tolerance(k, k->value);
	bool counts = k->n != NO_INT && o->n != NO_INT && k->n != o->n;

	if (k == o || k->figure != o->figure || !str_eq(k->place_id, o->place_id) || (!values && !counts))
		return;
	json_open(out, '{');
	json_put_text(out, "code", STR("other_claim"));
	json_put_text(out, "id", o->std.id);
	json_put_text(out, "source", o->source);
	json_put_text(out, "definition", o->definition);
	json_close(out, '}');
}

static void put_count(struct buf *out, const char *key, int64_t v)
{
	json_key(out, key);
	if (v == NO_INT)
		json_null(out);
	else
		json_int(out, v);
}

struct claims {
	struct claim *v;
	size_t n;
};

static enum rc write_claim(struct ctx *c, const struct claims *all, size_t i, struct buf *out)
{
	const struct claim *k = &all->v[i];
	struct computed r;

	TRY(insight_compute(c, k, &r));
	json_open(out, '{');
	json_key(out, "claim");
	entity_write(c, &claim_entity, k, out);
	json_key(out, "computed");
	json_open(out, '{');
	json_put_real(out, "value", rounded(r.value));
	put_count(out, "n", r.n);
	put_count(out, "d", r.d);
	json_put_text(out, "definition", str_of(r.definition));
	json_put_time(out, "as_of", c->now);
	json_close(out, '}');
	json_key(out, "flags");
	json_open(out, '[');
	flag_own_parts(k, out);
	flag_computed(k, &r, out);
	flag_base(k, out);
	for (size_t o = 0; o < all->n; o++)
		flag_other(k, &all->v[o], out);
	json_close(out, ']');
	json_close(out, '}');
	return RC_OK;
}

static enum rc take_claim(struct ctx *c, void *row, void *arg)
{
	struct claims *all = arg;
	const struct claim *k = row;

	if (!ctx_may_at(c, "insight.claim.read", k->place_path))
		return RC_OK;
	if (all->n == CLAIMS_MOST)
		return FAIL(c, RC_LIMIT, "too_much", STR("place"), "more than %d claims: name a place", CLAIMS_MOST);
	all->v[all->n++] = *k;
	return RC_OK;
}

enum rc insight_compare(struct ctx *c, struct call *k)
{
	struct claims all = { NEW_N(c->arena, struct claim, CLAIMS_MOST), 0 };
	struct str place = request_query(c, "place"), figure = request_query(c, "figure");

	TRY(entity_each(c, &claim_entity,
			"(CAST($1 AS text) = '' OR place_id = $1) AND (CAST($2 AS text) = '' OR figure = $2)"
			" ORDER BY place_path, figure, id",
			ARGS(V_STR(place.p ? place : STR("")), V_STR(figure.p ? figure : STR(""))), take_claim, &all));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < all.n; i++)
		TRY(write_claim(c, &all, i, k->out));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}
