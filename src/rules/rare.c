/* rare.c - the slower tests: time tables and lists. */
#include "rules/eval.h"

static bool in_table(const struct test *t, int64_t at)
{
	int64_t local = at / SECOND + t->hi.i;
	int64_t day = local / 86400, second = local % 86400;

	if (second < 0) { /* at most 14 hours before 1970 */
		second += 86400;
		day--;
	}
	uint32_t today = (uint32_t)((day + 10) % 7); /* 1970-01-01 was a Thursday: 3 */
	uint32_t yesterday = (today + 6) % 7;
	if (t->lo.span.a < t->lo.span.b)
		return t->n & 1u << today && second >= t->lo.span.a && second < t->lo.span.b;
	return (t->n & 1u << today && second >= t->lo.span.a) || (t->n & 1u << yesterday && second < t->lo.span.b);
}

static bool in_numbers(const struct rule *r, const struct test *t, const struct rule_field *f)
{
	for (uint32_t i = 0; i < t->count; i++) {
		const union number *kind = &r->nums[t->n + 2 * i], *value = kind + 1;

		if (f->kind == RULE_INT && kind->i == 0 && f->i == value->i)
			return true;
		double a = f->kind == RULE_INT ? (double)f->i : f->d, b = kind->i == 0 ? (double)value->i : value->d;
		if ((f->kind == RULE_REAL || kind->i != 0) && a == b)
			return true;
	}
	return false;
}

bool test_rare(const struct rule *r, const struct test *t, const struct rule_event *ev, int64_t at)
{
	if (t->op == TEST_TIME)
		return in_table(t, at);
	const struct rule_field *f = event_field(ev, t->name);
	if (f == NULL)
		return false;
	if (t->op == TEST_NUM_IN)
		return (f->kind == RULE_INT || f->kind == RULE_REAL) && in_numbers(r, t, f);
	if (f->kind != RULE_TEXT)
		return false;
	for (uint32_t i = 0; i < t->count; i++)
		if (r->set[t->n + i] == f->text)
			return true;
	return false;
}
