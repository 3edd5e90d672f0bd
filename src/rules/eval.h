/* eval.h - running a condition over an event; for the inside of src/rules. */
#ifndef RULES_EVAL_H
#define RULES_EVAL_H

#include "rules/rule.h"

static inline const struct rule_field *event_field(const struct rule_event *ev, uint32_t name)
{
	uint32_t n = ev->n_fields < RULE_FIELDS_MAX ? ev->n_fields : RULE_FIELDS_MAX;

	for (uint32_t i = 0; i < n; i++)
		if (ev->fields[i].name == name)
			return &ev->fields[i];
	return NULL;
}

/* The slow kinds of test (time tables, lists). */
bool test_rare(const struct rule *r, const struct test *t, const struct rule_event *ev, int64_t at);

static inline bool compare_int(const struct test *t, int64_t v)
{
	switch (t->cmp) {
	case CMP_EQ: return v == t->lo.i;
	case CMP_NE: return v != t->lo.i;
	case CMP_LT: return v < t->lo.i;
	case CMP_LE: return v <= t->lo.i;
	case CMP_GT: return v > t->lo.i;
	case CMP_GE: return v >= t->lo.i;
	default: return v >= t->lo.i && v <= t->hi.i;
	}
}

static inline bool compare_real(const struct test *t, double v, double lo, double hi)
{
	switch (t->cmp) {
	case CMP_EQ: return v == lo;
	case CMP_NE: return v != lo;
	case CMP_LT: return v < lo;
	case CMP_LE: return v <= lo;
	case CMP_GT: return v > lo;
	case CMP_GE: return v >= lo;
	default: return v >= lo && v <= hi;
	}
}

static inline bool test_field(const struct test *t, const struct rule_field *f)
{
	switch (t->op) {
	case TEST_TEXT: return f->kind == RULE_TEXT && (f->text == t->n) == (t->cmp == CMP_EQ);
	case TEST_BOOL: return f->kind == RULE_BOOL && (f->i == t->lo.i) == (t->cmp == CMP_EQ);
	case TEST_INT:
		if (f->kind == RULE_INT)
			return compare_int(t, f->i);
		return f->kind == RULE_REAL && compare_real(t, f->d, (double)t->lo.i, (double)t->hi.i);
	default:
		return (f->kind == RULE_REAL || f->kind == RULE_INT) &&
		       compare_real(t, f->kind == RULE_REAL ? f->d : (double)f->i, t->lo.d, t->hi.d);
	}
}

static inline bool test_one(const struct rule *r, const struct test *t, const struct rule_event *ev, int64_t at)
{
	const struct rule_field *f;

	switch (t->op) {
	case TEST_TYPE: return ev->type == t->name;
	case TEST_PLACE: return ev->place >= t->name && ev->place <= t->n;
	case TEST_DEVICE: return ev->device == t->name;
	case TEST_EXISTS: return event_field(ev, t->name) != NULL;
	case TEST_TEXT:
	case TEST_BOOL:
	case TEST_INT:
	case TEST_REAL: f = event_field(ev, t->name); return f != NULL && test_field(t, f);
	default: return test_rare(r, t, ev, at);
	}
}

static inline bool way_true(const struct rule *r, uint16_t way, const struct rule_event *ev, int64_t at)
{
	while (way < WAY_FALSE) {
		const struct test *t = &r->tests[way];

		way = test_one(r, t, ev, at) ? t->yes : t->no;
	}
	return way == WAY_TRUE;
}

static inline bool part_true(const struct rule *r, int part, const struct rule_event *ev, int64_t at)
{
	return way_true(r, r->parts[part].start, ev, at);
}

#endif
