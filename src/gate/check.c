#include "gate/gate.h"

/* The hours of 'b' are all hours of 'a': no schedule, or the same one. */
static bool covers(const struct gate_way *a, const struct gate_way *b)
{
	return a->schedule == 0 || a->schedule == b->schedule;
}

/* Beside 'face' for everybody who lives here: a visitor's code or a remote order
 * is no equal. */
static bool is_equal(const struct gate_way *w, const struct gate_way *face)
{
	bool other = w->method == GATE_PHONE || w->method == GATE_CARD || w->method == GATE_GUARD;

	return other && covers(w, face) && w->steps <= face->steps;
}

const char *gate_ways_check(const struct gate_list *l, const struct gate_way *ways, size_t n)
{
	if (n == 0)
		return "no_way";
	if (n > GATE_WAYS_MAX)
		return "bad_way";
	for (size_t i = 0; i < n; i++)
		if (ways[i].method >= GATE_METHODS || ways[i].steps == 0 || ways[i].schedule > l->n_schedules)
			return "bad_way";
	for (size_t i = 0; i < n; i++) {
		bool equal = ways[i].method != GATE_FACE;

		for (size_t k = 0; k < n && !equal; k++)
			equal = is_equal(&ways[k], &ways[i]);
		if (!equal)
			return "only_way";
	}
	return NULL;
}

/* ---- the keypad ------------------------------------------------------------------- */

/* The short count ends only after ten quiet minutes: no ten minutes anywhere
 * hold more than five. */
int64_t gate_keypad_closed(const struct gate_keypad *k, int64_t now)
{
	int64_t day = k->n_day >= GATE_WRONG_DAY ? k->last_at + GATE_DAY_US : 0,
		brief = k->n_short >= GATE_WRONG_SHORT ? k->last_at + GATE_SHORT_US : 0,
		until = day > brief ? day : brief;

	return until > now ? until : 0;
}

void gate_keypad_wrong(struct gate_keypad *k, int64_t now)
{
	if (k->n_short >= GATE_WRONG_SHORT || now - k->last_at >= GATE_SHORT_US)
		k->n_short = 0;
	if (k->n_day >= GATE_WRONG_DAY || now - k->day_at >= GATE_DAY_US)
		k->n_day = 0;
	if (k->n_day++ == 0)
		k->day_at = now;
	k->n_short++;
	k->last_at = now;
}

void gate_keypad_unlock(struct gate_keypad *k)
{
	*k = (struct gate_keypad){ 0 };
}
