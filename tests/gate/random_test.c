/* random_test.c - what must hold for every gate: no face as the only way in
 * 100,000 random ones, and what ten million guesses of a visitor code find. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "gate/gate.h"

#include <math.h>
#include <stdio.h>

static uint64_t seed = 311;

static uint32_t any(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

/* ---- G18 --------------------------------------------------------------------------- */

enum { CONFIGS = 100000, SCHEDULES = 3, HOURS = 7 * 24 };
#define MONDAY ((int64_t)4 * DAY) /* 1970-01-05 */

static struct gate_window windows[SCHEDULES];
static struct gate_schedule schedules[SCHEDULES];

static void any_schedules(void)
{
	for (int i = 0; i < SCHEDULES; i++) {
		windows[i] = (struct gate_window){ (uint8_t)(1 + any(127)), (int32_t)any(24) * 3600,
						   (int32_t)any(24) * 3600 };
		schedules[i] = (struct gate_schedule){ &windows[i], NULL, 1, 0 };
	}
}

/* Can somebody who only has this way pass at this hour? */
static bool lets_in(const struct gate_list *l, const struct gate_lane *lane, unsigned method, int64_t at)
{
	static const struct gate_right right = { .door = 1 };
	const struct gate_credential own = { .n_rights = 1, .method = (uint8_t)method };
	const struct gate_request rq = { .method = (uint8_t)method,
					 .own = &own,
					 .own_rights = &right,
					 .permille = 1000,
					 .order_until = at + 1,
					 .second = true };
	const struct gate_lane_state st = { 0 };

	/* A guard opens where one stands: the way must be there. */
	if (method == GATE_GUARD) {
		for (unsigned i = 0; i < lane->n_ways; i++)
			if (lane->ways[i].method == GATE_GUARD &&
			    (lane->ways[i].schedule == 0 ||
			     gate_schedule_open(&l->schedules[lane->ways[i].schedule - 1], 0, at)))
				return true;
		return false;
	}
	return gate_decide(l, lane, &st, &rq, at, at).verdict == GATE_GRANT;
}

static void test_never_face_alone(void **state)
{
	static const uint8_t modes[] = { GATE_NORMAL, GATE_OPEN, GATE_CLOSED, GATE_CARD_ONLY, GATE_TWO_FACTOR };
	size_t on = 0, with_face = 0, face_only = 0;

	(void)state;
	for (int n = 0; n < CONFIGS; n++) {
		struct gate_lane lane = { .door = 1, .direction = GATE_IN, .n_ways = (uint8_t)any(5) };
		struct gate_list l = { .schedules = schedules, .n_schedules = SCHEDULES };
		bool face = false;

		any_schedules();
		for (unsigned i = 0; i < lane.n_ways; i++)
			lane.ways[i] = (struct gate_way){ (uint8_t)(any(3) ? any(GATE_METHODS) : GATE_FACE),
							  (uint8_t)any(3), any(SCHEDULES + 1) };
		lane.mode = modes[any(COUNT(modes))];
		for (unsigned i = any(3); i > 0; i--)
			lane.modes[lane.n_modes++] =
				(struct gate_mode_rule){ any(SCHEDULES + 1), modes[any(COUNT(modes))] };
		for (unsigned i = 0; i < lane.n_ways; i++)
			face |= lane.ways[i].method == GATE_FACE;
		if (gate_ways_check(&l, lane.ways, lane.n_ways) != NULL)
			continue;
		on++;
		with_face += face;
		for (int h = 0; h < HOURS && face; h += 1 + (int)any(5)) {
			int64_t at = MONDAY + h * HOUR;

			if (!lets_in(&l, &lane, GATE_FACE, at))
				continue;
			face_only += !lets_in(&l, &lane, GATE_CARD, at) && !lets_in(&l, &lane, GATE_PHONE, at) &&
				     !lets_in(&l, &lane, GATE_GUARD, at);
		}
	}
	printf("%zu of %d may be switched on, %zu with a terminal that knows faces, %zu with nothing else\n", on,
	       CONFIGS, with_face, face_only);
	assert_true(on > 1000 && with_face > 1000);
	assert_int_equal(face_only, 0);
}

static void test_ways(void **state)
{
	static const struct {
		struct gate_way ways[3];
		size_t n;
		const char *want;
	} all[] = {
		{ { { 0 } }, 0, "no_way" },
		{ { { GATE_FACE, 1, 0 } }, 1, "only_way" },
		{ { { GATE_FACE, 1, 0 }, { GATE_CARD, 1, 0 } }, 2, NULL },
		{ { { GATE_FACE, 1, 1 }, { GATE_CARD, 1, 0 } }, 2, NULL },
		{ { { GATE_FACE, 1, 1 }, { GATE_CARD, 1, 1 } }, 2, NULL },
		{ { { GATE_FACE, 1, 0 }, { GATE_CARD, 1, 1 } }, 2, "only_way" }, /* fewer hours */
		{ { { GATE_FACE, 1, 1 }, { GATE_CARD, 1, 2 } }, 2, "only_way" },
		{ { { GATE_FACE, 1, 0 }, { GATE_CARD, 2, 0 } }, 2, "only_way" }, /* more steps */
		{ { { GATE_FACE, 2, 0 }, { GATE_PHONE, 2, 0 } }, 2, NULL },
		{ { { GATE_FACE, 1, 0 }, { GATE_GUARD, 1, 0 } }, 2, NULL },
		{ { { GATE_FACE, 1, 0 }, { GATE_VISITOR_CODE, 1, 0 } }, 2, "only_way" },
		{ { { GATE_FACE, 1, 0 }, { GATE_REMOTE, 1, 0 } }, 2, "only_way" },
		{ { { GATE_FACE, 1, 0 }, { GATE_FACE, 1, 0 } }, 2, "only_way" },
		{ { { GATE_CARD, 1, 0 } }, 1, NULL },
		{ { { GATE_CARD, 0, 0 } }, 1, "bad_way" },
		{ { { GATE_METHODS, 1, 0 } }, 1, "bad_way" },
		{ { { GATE_CARD, 1, SCHEDULES + 1 } }, 1, "bad_way" },
	};
	const struct gate_list l = { .schedules = schedules, .n_schedules = SCHEDULES };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		const char *got = gate_ways_check(&l, all[i].ways, all[i].n);

		if (got != all[i].want &&
		    (got == NULL || all[i].want == NULL || str_cmp(str_of(got), str_of(all[i].want))))
			fail_msg("case %zu: %s", i, got ? got : "fine");
	}
}

/* ---- G16 ------------------------------------------------------------------------------ */

enum { CODES = 100000000, LIVE = 20, GUESSES = 10000000 };

/* Somebody tries whenever the keypad is open, day and night; how many days it
 * takes him, and what he finds: hits are binomial, n guesses of chance A / 10^8. */
static void guess(unsigned live, double *days, unsigned *hits)
{
	struct gate_keypad k = { 0 };
	int64_t now = MONDAY, until;
	uint32_t codes[LIVE];

	*hits = 0;
	for (int n = 0; n < GUESSES; n++) {
		if ((until = gate_keypad_closed(&k, now)) != 0)
			now = until;
		for (unsigned i = 0; i < live; i++) /* other codes are live every two hours */
			if (n % 7 == 0)
				codes[i] = any(CODES);
		uint32_t try = any(CODES);

		for (unsigned i = 0; i < live; i++)
			*hits += codes[i] == try;
		gate_keypad_wrong(&k, now);
		now += 2 * SECOND;
	}
	*days = (double)(now - MONDAY) / (double)DAY;
}

static void within(unsigned hits, double mean)
{
	double sd = sqrt(mean), most = mean + 2.576 * sd + 1, least = mean - 2.576 * sd - 1;

	assert_true((double)hits <= most && (double)hits >= least);
}

static void test_guesses(void **state)
{
	double days;
	unsigned hits;

	(void)state;
	guess(LIVE, &days, &hits); /* the unit is known: all live codes of one unit would be a miracle; without: */
	printf("%d guesses take %.0f years at one keypad, %u hits with %d live codes\n", GUESSES, days / 365, hits,
	       LIVE);
	within(hits, (double)GUESSES * LIVE / CODES);
	assert_true(GUESSES / days <= 30.0); /* a day */
	/* What that is in a year: 30 x 365 guesses of 20 / 10^8 and of 1 / 10^8. */
	assert_true(1 - pow(1 - 20.0 / CODES, GUESSES / days * 365) <= 0.0022);
	assert_true(1 - pow(1 - 1.0 / CODES, GUESSES / days * 365) <= 0.00011);
	guess(1, &days, &hits);
	within(hits, (double)GUESSES / CODES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ways), cmocka_unit_test(test_never_face_alone),
					    cmocka_unit_test(test_guesses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
