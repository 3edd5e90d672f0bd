/* watch_blind.c - when a person's sources could not have seen anything: all of
 * them down at once.  One source that works is enough to be seen by; a broken
 * one among several must not silence a watch for good. */
#include "domain/watch/watch_inner.h"

enum { MAX_SOURCES = 32, MAX_SPANS = 512 };

enum rc watch_sources(struct ctx *c, struct str sources_json, struct str **ids, size_t *n)
{
	struct json_error err;
	struct json *list;

	*n = 0;
	*ids = NULL;
	if (sources_json.n == 0)
		return RC_OK;
	if (json_parse(c->arena, sources_json, 1000, &list, &err) != RC_OK || list->kind != J_LIST)
		return FAIL(c, RC_INVALID, "wrong_type", STR("sources"), "sources is a list of device ids");
	if (list->n > MAX_SOURCES)
		return FAIL(c, RC_INVALID, "too_many", STR("sources"), "at most %d sources", MAX_SOURCES);
	*ids = NEW_N(c->arena, struct str, list->n + 1);
	for (const struct json *j = list->child; j; j = j->next) {
		if (j->kind != J_TEXT || j->text.n == 0)
			return FAIL(c, RC_INVALID, "wrong_type", STR("sources"), "sources is a list of device ids");
		(*ids)[(*n)++] = j->text;
	}
	return RC_OK;
}

struct spans {
	struct span v[MAX_SPANS];
	size_t n;
	int64_t from, to;
};

static enum rc take_gap(void *arg, const struct sensing_gap *g)
{
	struct spans *s = arg;
	struct span one = { g->from_at > s->from ? g->from_at : s->from,
			    g->to_at && g->to_at < s->to ? g->to_at : s->to };

	if (one.from >= one.to)
		return RC_OK;
	if (s->n && one.from <= s->v[s->n - 1].to) { /* they touch: one span */
		if (one.to > s->v[s->n - 1].to)
			s->v[s->n - 1].to = one.to;
	} else if (s->n < MAX_SPANS) {
		s->v[s->n++] = one;
	}
	return RC_OK;
}

static void intersect(struct spans *a, const struct spans *b)
{
	struct spans out = { .from = a->from, .to = a->to };

	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		struct span both = { a->v[i].from > b->v[k].from ? a->v[i].from : b->v[k].from,
				     a->v[i].to < b->v[k].to ? a->v[i].to : b->v[k].to };

		if (both.from < both.to && out.n < MAX_SPANS)
			out.v[out.n++] = both;
		if (a->v[i].to < b->v[k].to)
			i++;
		else
			k++;
	}
	*a = out;
}

enum rc watch_blind(struct ctx *c, struct str sources_json, int64_t from, int64_t to, struct span **ret, size_t *n,
		    int64_t *total)
{
	struct spans *all = NEW(c->arena, struct spans), *one = NEW(c->arena, struct spans);
	struct str *ids;
	size_t n_ids;

	TRY(watch_sources(c, sources_json, &ids, &n_ids));
	all->from = from;
	all->to = to;
	for (size_t i = 0; i < n_ids; i++) {
		int64_t covered;

		*one = (struct spans){ .from = from, .to = to };
		TRY(sensing_gaps(c, ids[i], from, to, take_gap, one, &covered));
		if (i == 0)
			*all = *one;
		else
			intersect(all, one);
	}
	*total = 0;
	for (size_t i = 0; i < all->n; i++)
		*total += all->v[i].to - all->v[i].from;
	*ret = all->v;
	*n = all->n;
	return RC_OK;
}
