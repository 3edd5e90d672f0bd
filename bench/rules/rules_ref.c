/* rules_ref.c - the 20 rules by hand: for each rule, all events again, with
 * whole histories instead of clever state. */
#include "rules_ref.h"

#include <stdlib.h>
#include <string.h>

enum { KEYS = (SOURCES + 1) * ZONES, HISTORY = 4096 };

/* All times of one key since the last firing. */
struct history {
	int64_t *t;
	int n, cap;
};

static struct history *histories(void)
{
	return mem_new(sizeof(struct history) * KEYS);
}

static void histories_free(struct history *h)
{
	for (int i = 0; i < KEYS; i++)
		free(h[i].t);
	free(h);
}

static void history_add(struct history *h, int64_t t)
{
	if (h->n == h->cap) {
		int cap = h->cap == 0 ? 8 : h->cap * 2;

		h->t = mem_grow(h->t, sizeof(int64_t) * (size_t)h->cap, sizeof(int64_t) * (size_t)cap);
		h->cap = cap;
	}
	h->t[h->n++] = t;
}

static bool e_bike(const struct sample *s)
{
	return s->type == OBJECT && s->label == E_BIKE && s->score >= 0.6 && s->zone != GATE && s->place >= 1 &&
	       s->place <= 1500;
}

static bool thrown(const struct sample *s)
{
	return s->type == THROWN && s->score >= 0.6;
}

/* ---- match ------------------------------------------------------------------ */

static long cooled(const struct sample *s, bool (*hit)(const struct sample *), int64_t cooldown)
{
	int64_t *last = mem_new(sizeof(int64_t) * KEYS);
	long n = 0;

	for (int i = 0; i < EVENTS; i++) {
		int64_t *l = &last[s[i].place];

		if (!hit(&s[i]) || (*l != 0 && s[i].at < *l + cooldown))
			continue;
		*l = s[i].at;
		n++;
	}
	free(last);
	return n;
}

static long forced(const struct sample *s)
{
	struct history *grants = histories(), *alerts = histories();
	long n = 0;

	for (int i = 0; i < EVENTS; i++) {
		struct history *g = &grants[s[i].device], *a = &alerts[s[i].device];
		bool quiet = false;

		if (s[i].type == GRANTED)
			history_add(g, s[i].at);
		if (s[i].type != OPENED)
			continue;
		for (int k = 0; k < g->n; k++)
			quiet |= s[i].at - g->t[k] <= 5 * SECOND;
		for (int k = 0; k < a->n; k++)
			quiet |= s[i].at - a->t[k] < 30 * SECOND;
		if (quiet)
			continue;
		history_add(a, s[i].at);
		n++;
	}
	histories_free(grants);
	histories_free(alerts);
	return n;
}

static long meter_high(const struct sample *s)
{
	long n = 0;

	for (int i = 0; i < EVENTS; i++)
		n += s[i].type == METER && s[i].score >= 0.95;
	return n;
}

/* ---- count ------------------------------------------------------------------ */

static long count_in(const struct sample *s, enum type type, bool by_place, int want, int64_t window)
{
	struct history *h = histories();
	long n = 0;

	for (int i = 0; i < EVENTS; i++) {
		struct history *k = &h[by_place ? s[i].place : s[i].device];
		int inside = 0;

		if (s[i].type != type || (type == OBJECT && s[i].label != PERSON))
			continue;
		history_add(k, s[i].at);
		for (int j = 0; j < k->n; j++)
			inside += s[i].at - k->t[j] <= window;
		if (inside < want)
			continue;
		k->n = 0;
		n++;
	}
	histories_free(h);
	return n;
}

/* ---- dwell: intervals first, then which of them are long enough --------------- */

enum side { NEITHER, ON, OFF };

static enum side dwell_side(int rule, const struct sample *s)
{
	switch (rule) {
	case 0: return s->type != LANE ? NEITHER : s->flag ? ON : OFF;
	case 1: return s->type == OPENED ? ON : s->type == CLOSED ? OFF : NEITHER;
	case 2: return s->type != OBJECT ? NEITHER : s->flag ? ON : OFF;
	default: return s->type != METER ? NEITHER : s->score > 0.5 ? ON : OFF;
	}
}

static long dwell(const struct sample *s, int rule, int64_t need)
{
	int64_t *since = mem_new(sizeof(int64_t) * KEYS);
	long n = 0;

	for (int i = 0; i < EVENTS; i++) {
		int64_t *b = &since[rule == 0 ? s[i].device * ZONES + s[i].zone : s[i].device];
		enum side side = dwell_side(rule, &s[i]);

		if (side == ON && *b == 0)
			*b = s[i].at;
		if (side != OFF)
			continue;
		n += *b != 0 && s[i].at - *b >= need;
		*b = 0;
	}
	for (int k = 0; k < KEYS; k++)
		n += since[k] != 0 && END - since[k] >= need;
	free(since);
	return n;
}

/* ---- absence: the gaps ---------------------------------------------------------- */

static bool sign(int rule, enum type t)
{
	switch (rule) {
	case 0: return t == PRESENCE;
	case 1: return t == OPENED || t == GRANTED;
	case 2: return t == HEARTBEAT;
	default: return t == OBJECT;
	}
}

static long absence(const struct sample *s, int rule, int64_t need)
{
	int64_t *last = mem_new(sizeof(int64_t) * KEYS);
	long n = 0;

	for (int k = 1; k <= SOURCES; k++)
		last[k] = BEGIN;
	for (int i = 0; i < EVENTS; i++) {
		int64_t *l = &last[s[i].device];

		if (!sign(rule, s[i].type))
			continue;
		/* Firing needs a tick between due time and sighting: every 250 ms. */
		int64_t noticed = (*l / 1000 * 1000 + need + 249999) / 250000 * 250000;
		n += noticed <= s[i].at;
		*l = s[i].at;
	}
	for (int k = 1; k <= SOURCES; k++)
		n += END - last[k] >= need;
	free(last);
	return n;
}

/* ---- sequence ----------------------------------------------------------------- */

static bool step(int rule, int i, const struct sample *s)
{
	static const enum type types[4][3] = { { GRANTED, OPENED, TYPES },
					       { OPENED, CLOSED, TYPES },
					       { OBJECT, OBJECT, TYPES },
					       { PRESENCE, METER, PRESENCE } };

	if (s->type != types[rule][i])
		return false;
	return rule != 2 || s->label == (i == 0 ? E_BIKE : PERSON);
}

/* Two or three steps: looks for the newest begin with everything in between. */
static bool complete(int rule, int steps, const struct sample *s, const int *past, int n, int64_t within)
{
	int need = steps - 2;
	const struct sample *end = &s[past[n - 1]];

	if (!step(rule, steps - 1, end))
		return false;
	for (int i = n - 2; i >= 0; i--) {
		if (end->at - s[past[i]].at > within)
			return false;
		if (step(rule, need, &s[past[i]]) && need-- == 0)
			return true;
	}
	return false;
}

static long sequence(const struct sample *s, int rule, int steps, int64_t within)
{
	int(*past)[HISTORY] = mem_new(sizeof(*past) * (SOURCES + 1));
	int *n = mem_new(sizeof(int) * (SOURCES + 1));
	long fired = 0;

	for (int i = 0; i < EVENTS; i++) {
		uint32_t k = rule == 2 ? s[i].place : s[i].device;

		if (n[k] == HISTORY)
			fatal("reference history too short");
		past[k][n[k]++] = i;
		if (complete(rule, steps, s, past[k], n[k], within)) {
			fired++;
			n[k] = 0; /* consumed */
		}
	}
	free(past);
	free(n);
	return fired;
}

void reference(const struct sample *s, long fired[RULES_N])
{
	static const int64_t dwell_for[4] = { 300 * SECOND, 60 * SECOND, 120 * SECOND, 300 * SECOND };
	static const int64_t absence_for[4] = { 600 * SECOND, 300 * SECOND, 900 * SECOND, 400 * SECOND };
	static const int64_t within[4] = { 10 * SECOND, 5 * SECOND, 60 * SECOND, 600 * SECOND };

	fired[0] = cooled(s, e_bike, 300 * SECOND);
	fired[1] = cooled(s, thrown, 60 * SECOND);
	fired[2] = forced(s);
	fired[3] = meter_high(s);
	fired[4] = count_in(s, OBJECT, false, 5, 120 * SECOND);
	fired[5] = count_in(s, OPENED, false, 3, 300 * SECOND);
	fired[6] = count_in(s, PRESENCE, true, 4, 600 * SECOND);
	fired[7] = count_in(s, THROWN, true, 2, 600 * SECOND);
	for (int i = 0; i < 4; i++) {
		fired[8 + i] = dwell(s, i, dwell_for[i]);
		fired[12 + i] = absence(s, i, absence_for[i]);
		fired[16 + i] = sequence(s, i, i == 3 ? 3 : 2, within[i]);
	}
}
