#include "rules/parse.h"

#include <string.h>

enum { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_BETWEEN, OP_IN, OP_EXISTS };
static const char *const op_words[] = { "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "exists", NULL };

static enum rc text_value(struct parse *p, const struct where *w, const struct json *v, uint32_t *ret)
{
	if (v->text.n == 0)
		return parse_fail(p, w, NULL, "empty");
	*ret = symbols_add(p->names->symbols, v->text);
	if (*ret != 0)
		return RC_OK;
	return parse_fail(p, w, NULL, v->text.n > SYMBOL_BYTES_MAX ? "out_of_range" : "too_many");
}

static enum rc in_text(struct parse *p, const struct where *w, const struct json *v, struct test *t)
{
	struct rule *r = p->r;
	unsigned i = 0;

	t->op = TEST_TEXT_IN;
	t->n = r->n_set;
	t->count = (uint16_t)v->n;
	r->set = mem_grow(r->set, r->n_set * sizeof(*r->set), (r->n_set + v->n) * sizeof(*r->set));
	for (const struct json *m = v->child; m != NULL; m = m->next, i++) {
		struct where item = { .up = w, .index = i };

		if (m->kind != J_TEXT)
			return parse_fail(p, &item, NULL, "wrong_type");
		TRY(text_value(p, &item, m, &r->set[t->n + i]));
	}
	r->n_set += v->n;
	return RC_OK;
}

static enum rc in_numbers(struct parse *p, const struct where *w, const struct json *v, struct test *t)
{
	struct rule *r = p->r;
	unsigned i = 0;

	t->op = TEST_NUM_IN;
	t->n = r->n_nums;
	t->count = (uint16_t)v->n;
	r->nums = mem_grow(r->nums, r->n_nums * sizeof(*r->nums), (r->n_nums + 2 * v->n) * sizeof(*r->nums));
	for (const struct json *m = v->child; m != NULL; m = m->next, i++) {
		struct where item = { .up = w, .index = i };

		if (m->kind != J_INT && m->kind != J_REAL)
			return parse_fail(p, &item, NULL, "wrong_type");
		r->nums[t->n + 2 * i].i = m->kind == J_REAL;
		if (m->kind == J_REAL)
			r->nums[t->n + 2 * i + 1].d = m->d;
		else
			r->nums[t->n + 2 * i + 1].i = m->i;
	}
	r->n_nums += 2 * v->n;
	return RC_OK;
}

static enum rc value_in(struct parse *p, const struct where *w, const struct json *v, struct test *t)
{
	if (v->kind != J_LIST)
		return parse_fail(p, w, NULL, "wrong_type");
	if (v->n == 0)
		return parse_fail(p, w, NULL, "empty");
	if (v->n > RULE_LIST_MAX)
		return parse_fail(p, w, NULL, "too_many");
	return v->child->kind == J_TEXT ? in_text(p, w, v, t) : in_numbers(p, w, v, t);
}

static enum rc value_between(struct parse *p, const struct where *w, const struct json *v, struct test *t)
{
	double lo, hi;

	if (v->kind != J_LIST || v->n != 2 || !json_number(v->child, &lo) || !json_number(v->child->next, &hi))
		return parse_fail(p, w, NULL, "wrong_type");
	const struct json *a = v->child, *b = a->next;
	bool whole = a->kind == J_INT && b->kind == J_INT;
	if (whole ? a->i > b->i : lo > hi)
		return parse_fail(p, w, NULL, "out_of_range");
	t->op = whole ? TEST_INT : TEST_REAL;
	t->cmp = CMP_BETWEEN;
	if (whole) {
		t->lo.i = a->i;
		t->hi.i = b->i;
	} else {
		t->lo.d = lo;
		t->hi.d = hi;
	}
	return RC_OK;
}

static enum rc value_plain(struct parse *p, const struct where *w, const struct json *v, struct test *t)
{
	bool ordered = t->cmp != CMP_EQ && t->cmp != CMP_NE;

	switch (v->kind) {
	case J_TEXT:
		t->op = TEST_TEXT;
		return ordered ? parse_fail(p, w, NULL, "wrong_type") : text_value(p, w, v, &t->n);
	case J_BOOL:
		t->op = TEST_BOOL;
		t->lo.i = v->i != 0;
		return ordered ? parse_fail(p, w, NULL, "wrong_type") : RC_OK;
	case J_INT:
		t->op = TEST_INT;
		t->lo.i = v->i;
		return RC_OK;
	case J_REAL:
		t->op = TEST_REAL;
		t->lo.d = v->d;
		return RC_OK;
	default: return parse_fail(p, w, NULL, "wrong_type");
	}
}

enum rc parse_comparison(struct parse *p, const struct where *w, const struct json *j, struct str type, struct test *t)
{
	struct where here = { .up = w, .name = STR("value") };
	const struct json *v = json_get(j, "value");
	unsigned op = 0;

	TRY(parse_field(p, w, j, type, &t->name));
	if (json_get(j, "op") == NULL)
		return parse_fail(p, w, "op", "missing");
	TRY(parse_word(p, w, j, "op", op_words, &op));
	if (op == OP_EXISTS) {
		t->op = TEST_EXISTS;
		if (v != NULL && v->kind != J_BOOL)
			return parse_fail(p, &here, NULL, "wrong_type");
		if (v != NULL && v->i == 0) {
			uint16_t yes = t->yes;

			t->yes = t->no;
			t->no = yes;
		}
		return RC_OK;
	}
	if (v == NULL)
		return parse_fail(p, w, "value", "missing");
	if (op == OP_IN)
		return value_in(p, &here, v, t);
	if (op == OP_BETWEEN)
		return value_between(p, &here, v, t);
	t->cmp = (uint8_t)op;
	return value_plain(p, &here, v, t);
}
