#include "rules/parse.h"

#include <stdlib.h>
#include <string.h>

/* One condition being compiled: where it goes when true and when false, and
 * what is known about it from around. */
struct ways {
	uint16_t yes, no;
	unsigned depth;
	struct str type; /* the type an enclosing "all" asks for; absent: any */
};

static const struct reach everything = { .any_type = true, .hi = UINT32_MAX };

/* ---- reach ------------------------------------------------------------------ */

static void reach_narrow(struct reach *r, const struct reach *by)
{
	if (r->any_type || (!by->any_type && by->n_types < r->n_types)) {
		r->any_type = by->any_type;
		r->n_types = by->n_types;
		memcpy(r->types, by->types, sizeof(r->types));
	}
	r->lo = by->lo > r->lo ? by->lo : r->lo;
	r->hi = by->hi < r->hi ? by->hi : r->hi;
	if (by->device != 0)
		r->device = by->device;
}

static void reach_widen(struct reach *r, const struct reach *by)
{
	for (uint32_t i = 0; i < by->n_types; i++) {
		uint32_t k = 0;

		while (k < r->n_types && r->types[k] != by->types[i])
			k++;
		if (k == REACH_TYPES)
			r->any_type = true;
		else if (k == r->n_types)
			r->types[r->n_types++] = by->types[i];
	}
	r->any_type |= by->any_type;
	r->lo = by->lo < r->lo ? by->lo : r->lo;
	r->hi = by->hi > r->hi ? by->hi : r->hi;
	if (by->device != r->device)
		r->device = 0;
}

/* ---- leaves ----------------------------------------------------------------- */

static enum rc emit(struct parse *p, const struct where *w, const struct test *t, uint16_t *start)
{
	struct rule *r = p->r;

	if (r->n_tests == RULE_TESTS_MAX)
		return parse_fail(p, w, NULL, "too_many");
	if (r->n_tests == r->cap_tests) {
		uint32_t cap = r->cap_tests == 0 ? 4 : r->cap_tests * 2;

		r->tests = mem_grow(r->tests, r->cap_tests * sizeof(*t), cap * sizeof(*t));
		r->cap_tests = cap;
	}
	r->tests[r->n_tests] = *t;
	*start = (uint16_t)r->n_tests++;
	return RC_OK;
}

static enum rc leaf_type(struct parse *p, const struct where *w, const struct json *j, struct test *t,
			 struct reach *reach)
{
	struct str s;

	TRY(parse_text(p, w, j, "type", &s));
	if (p->names->type != NULL && !p->names->type(p->names->self, s))
		return parse_fail(p, w, "type", "unknown_type");
	t->op = TEST_TYPE;
	t->name = symbols_add(p->names->symbols, s);
	if (t->name == 0)
		return parse_fail(p, w, "type", "too_many");
	reach->any_type = false;
	reach->n_types = 1;
	reach->types[0] = t->name;
	return RC_OK;
}

static enum rc leaf_place(struct parse *p, const struct where *w, const struct json *j, struct test *t,
			  struct reach *reach)
{
	struct str s;

	TRY(parse_text(p, w, j, "place", &s));
	t->op = TEST_PLACE;
	if (p->names->place == NULL || !p->names->place(p->names->self, s, &t->name, &t->n) || t->name > t->n)
		return parse_fail(p, w, "place", "unknown_place");
	reach->lo = t->name;
	reach->hi = t->n;
	return RC_OK;
}

static enum rc leaf_device(struct parse *p, const struct where *w, const struct json *j, struct test *t,
			   struct reach *reach)
{
	struct str s;

	TRY(parse_text(p, w, j, "device", &s));
	t->op = TEST_DEVICE;
	if (p->names->device == NULL)
		t->name = symbols_add(p->names->symbols, s);
	else if (!p->names->device(p->names->self, s, &t->name))
		t->name = 0;
	if (t->name == 0)
		return parse_fail(p, w, "device", "unknown_device");
	reach->device = t->name;
	return RC_OK;
}

/* ---- the tree --------------------------------------------------------------- */

static enum rc condition(struct parse *p, const struct where *w, const struct json *j, struct ways ways,
			 uint16_t *start, struct reach *reach);

/* all: each child goes on to the next when true; any: when false.  Compiled from
 * the last to the first, because a child must know where it goes. */
static enum rc list(struct parse *p, const struct where *w, const struct json *j, struct ways ways, uint16_t *start,
		    struct reach *reach)
{
	bool all = str_is(j->key, "all");
	struct where here = { .up = w, .name = j->key };
	const struct json *kids[RULE_LIST_MAX];
	unsigned n = 0;

	if (j->kind != J_LIST)
		return parse_fail(p, &here, NULL, "wrong_type");
	if (j->n == 0)
		return parse_fail(p, &here, NULL, "empty");
	if (j->n > RULE_LIST_MAX)
		return parse_fail(p, &here, NULL, "too_many");
	for (const struct json *k = j->child; k != NULL; k = k->next) {
		kids[n++] = k;
		if (all && json_get_text(k, "type").p != NULL)
			ways.type = json_get_text(k, "type");
	}
	*start = all ? ways.yes : ways.no;
	while (n-- > 0) {
		struct where item = { .up = &here, .index = n };
		struct ways on = ways;
		struct reach one;

		on.yes = all ? *start : ways.yes;
		on.no = all ? ways.no : *start;
		TRY(condition(p, &item, kids[n], on, start, &one));
		if (n + 1 == j->n)
			*reach = one;
		else if (all)
			reach_narrow(reach, &one);
		else
			reach_widen(reach, &one);
	}
	return RC_OK;
}

static enum rc leaf(struct parse *p, const struct where *w, const struct json *j, struct ways ways, uint16_t *start,
		    struct reach *reach)
{
	struct test t = { .yes = ways.yes, .no = ways.no };

	if (json_get(j, "type") != NULL) {
		TRY(leaf_type(p, w, j, &t, reach));
	} else if (json_get(j, "place") != NULL) {
		TRY(leaf_place(p, w, j, &t, reach));
	} else if (json_get(j, "device") != NULL) {
		TRY(leaf_device(p, w, j, &t, reach));
	} else if (json_get(j, "time") != NULL) {
		struct where here = { .up = w, .name = STR("time") };

		TRY(parse_time(p, &here, json_get(j, "time"), &t));
	} else {
		TRY(parse_comparison(p, w, j, ways.type, &t));
	}
	return emit(p, w, &t, start);
}

static enum rc condition(struct parse *p, const struct where *w, const struct json *j, struct ways ways,
			 uint16_t *start, struct reach *reach)
{
	static const char *const words[] = { "all", "any", "not", "type", "place", "device", "time", NULL };
	static const char *const comparison[] = { "field", "op", "value", NULL };
	const struct json *first = j->kind == J_MAP ? j->child : NULL;

	TRY(parse_map(p, w, j));
	if (first == NULL)
		return parse_fail(p, w, NULL, "empty");
	*reach = everything;
	if (json_get(j, "field") != NULL || json_get(j, "op") != NULL || json_get(j, "value") != NULL) {
		TRY(parse_only(p, w, j, comparison));
		return leaf(p, w, j, ways, start, reach);
	}
	TRY(parse_only(p, w, j, words));
	if (j->n != 1)
		return parse_fail(p, w, NULL, "conflict");
	if (ways.depth >= RULE_DEPTH_MAX && (first->kind == J_LIST || str_is(first->key, "not")))
		return parse_fail(p, w, NULL, "too_deep");
	ways.depth++;
	if (str_is(first->key, "all") || str_is(first->key, "any"))
		return list(p, w, first, ways, start, reach);
	if (!str_is(first->key, "not"))
		return leaf(p, w, j, ways, start, reach);
	struct where here = { .up = w, .name = first->key };
	struct ways turned = { ways.no, ways.yes, ways.depth, ways.type };
	TRY(condition(p, &here, first, turned, start, reach));
	*reach = everything; /* what a negation is true for is nearly everything */
	return RC_OK;
}

enum rc parse_part(struct parse *p, const struct where *w, const struct json *map, const char *name, int part)
{
	struct where here = { .up = w, .name = str_of(name) };
	const struct json *j = json_get(map, name);
	struct ways ways = { .yes = WAY_TRUE, .no = WAY_FALSE };
	struct part *o = &p->r->parts[part];

	if (j == NULL)
		return parse_fail(p, w, name, "missing");
	TRY(condition(p, &here, j, ways, &o->start, &o->reach));
	o->used = true;
	return RC_OK;
}
