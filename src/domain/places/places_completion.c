/* places_completion.c - how far the enclosures are: weighted works and finished
 * enclosures, each with its numerator and denominator; computed, never kept. */
#include "domain/places/places_works.h"

#include <math.h>
#include <string.h>

enum { WEIGHTS_MOST = 5000 };

struct weighing {
	struct arena *a;
	struct {
		struct str path;
		unsigned kind;
		int64_t weight;
	} * v;
	size_t n;
	/* the enclosure whose works are being read */
	struct str place;
	bool open;
	struct places_completion *sum;
};

static unsigned kind_of(struct str word)
{
	unsigned k = 0;

	while (k < WORK_KINDS && !str_is(word, work_kinds[k]))
		k++;
	return k;
}

static enum rc take_weight(void *arg, const struct row *r)
{
	struct weighing *w = arg;

	if (w->n == WEIGHTS_MOST)
		return RC_LIMIT;
	w->v[w->n].path = arena_dup(w->a, r->v[0].s);
	w->v[w->n].kind = kind_of(r->v[1].s);
	w->v[w->n++].weight = r->v[2].i;
	return RC_OK;
}

/* That of the nearest place above, or 1. */
static int64_t weight_of(const struct weighing *w, struct str path, unsigned kind)
{
	size_t longest = 0;
	int64_t ret = 1;

	for (size_t i = 0; i < w->n; i++) {
		struct str at = w->v[i].path;

		if (w->v[i].kind == kind && at.n > longest && at.n <= path.n && memcmp(at.p, path.p, at.n) == 0) {
			longest = at.n;
			ret = w->v[i].weight;
		}
	}
	return ret;
}

static void close_place(struct weighing *w)
{
	w->sum->planned += w->place.p != NULL;
	w->sum->finished += w->place.p != NULL && !w->open;
}

static enum rc take_work(void *arg, const struct row *r)
{
	struct weighing *w = arg;
	unsigned kind = kind_of(r->v[1].s);
	bool accepted = str_is(r->v[2].s, work_states[WORK_ACCEPTED]);
	int64_t weight = r->v[3].kind == VAL_INT ? r->v[3].i : weight_of(w, r->v[0].s, kind);

	if (!str_eq(w->place, r->v[0].s)) {
		close_place(w);
		w->place = arena_dup(w->a, r->v[0].s);
		w->open = false;
	}
	w->open |= !accepted;
	w->sum->weight_all += weight;
	w->sum->weight_accepted += accepted ? weight : 0;
	if (kind < WORK_KINDS) {
		w->sum->works[kind]++;
		w->sum->accepted[kind] += accepted;
	}
	return RC_OK;
}

/* Below 'path', and where the caller holds 'perm' (NULL: everywhere). */
static enum rc completion(struct ctx *c, struct str path, const char *perm, struct places_completion *ret)
{
	struct weighing w = { .a = c->arena, .sum = ret };
	struct place_where at = { .sql = buf_new(c->arena, 16 << 10) }, areas = { .sql = buf_new(c->arena, 16 << 10) };
	struct place_where *both[] = { &at, &areas };

	*ret = (struct places_completion){ 0 };
	w.v = arena_alloc(c->arena, WEIGHTS_MOST * sizeof(*w.v));
	TRY(db_each(c, "SELECT place_path, kind, weight FROM places_weight ORDER BY place_path", NO_ARGS, take_weight,
		    &w));
	buf_add(&at.sql, STR("SELECT w.place_path, w.kind, w.state, w.weight FROM places_work w"
			     " JOIN places_place p ON p.id = w.place_id WHERE w.state <> 'dropped'"));
	buf_add(&areas.sql, STR("SELECT count(*), count(a.enclosure_id) FROM places_area a"
				" JOIN places_place p ON p.id = a.place_id WHERE 1 = 1"));
	for (size_t i = 0; i < COUNT(both); i++) {
		buf_add(&both[i]->sql, STR(" AND "));
		if (path.n)
			place_where_under(c, both[i], path);
		else if (perm)
			place_where_may(c, both[i], perm);
		else
			buf_add(&both[i]->sql, STR("1 = 1"));
	}
	buf_add(&at.sql, STR(" ORDER BY w.place_path"));
	TRY(db_each(c, at.sql.p, (struct args){ at.args, at.n }, take_work, &w));
	close_place(&w);
	TRY(db_int(c, areas.sql.p, (struct args){ areas.args, areas.n }, 0, &ret->areas));
	buf_add(&areas.sql, STR(" AND a.enclosure_id IS NOT NULL"));
	return db_int(c, areas.sql.p, (struct args){ areas.args, areas.n }, 0, &ret->mapped);
}

enum rc places_completion(struct ctx *c, struct str path, struct places_completion *ret)
{
	return completion(c, path, NULL, ret);
}

/* ---- GET /api/places/completion?under=<place id> ------------------------------------- */

static void put_rate(struct buf *out, const char *name, int64_t n, int64_t d, const char *definition)
{
	json_key(out, name);
	json_open(out, '{');
	json_put_int(out, "n", n);
	json_put_int(out, "d", d);
	/* Two decimals; nothing planned has no rate. */
	json_put_real(out, "percent", d ? round((double)n * 10000 / (double)d) / 100 : NO_REAL);
	json_put_text(out, "definition", str_of(definition));
	json_close(out, '}');
}

enum rc places_completion_route(struct ctx *c, struct call *k)
{
	struct str under = request_query(c, "under");
	struct places_completion sum;
	struct place place = { .path = NO_STR };

	if (under.p) {
		TRY(entity_fetch(c, &place_entity, under, &place));
		if (!ctx_may_at(c, "places.survey.read", place.path))
			return FAIL(c, RC_MISSING, "not_found", STR("under"), "no such place");
	}
	TRY(completion(c, place.path, "places.survey.read", &sum));
	json_open(k->out, '{');
	put_rate(k->out, "finished", sum.finished, sum.planned, "enclosures_with_all_works_accepted");
	put_rate(k->out, "weighted", sum.weight_accepted, sum.weight_all, "weight_of_accepted_works");
	put_rate(k->out, "mapped", sum.mapped, sum.areas, "areas_of_the_base_list_in_an_enclosure");
	json_key(k->out, "kinds");
	json_open(k->out, '[');
	for (size_t i = 0; i < WORK_KINDS; i++) {
		json_open(k->out, '{');
		json_put_text(k->out, "kind", str_of(work_kinds[i]));
		json_put_int(k->out, "n", sum.accepted[i]);
		json_put_int(k->out, "d", sum.works[i]);
		json_close(k->out, '}');
	}
	json_close(k->out, ']');
	json_put_time(k->out, "as_of", c->now);
	json_close(k->out, '}');
	return RC_OK;
}
