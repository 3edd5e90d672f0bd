/* window_test.c - the dedupe window against a plain list that forgets nothing
 * it should keep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/sensing/sensing_inner.h"

enum { MOST = 64, ROUNDS = 200000, IDS = 500 };

static const uint8_t key[16] = "sixteen bytes ok";

static bool has(const struct window *w, uint64_t hash, int64_t seq)
{
	size_t at = 0;
	int64_t s;

	while ((s = window_find(w, hash, &at)) != 0)
		if (s == seq)
			return true;
	return false;
}

static uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* Adds, roll-backs and refills at random; the log is an array of ids. */
static void window_follows_the_log(void **unused)
{
	static uint32_t log[ROUNDS + 1];
	struct window w;
	uint64_t x = 88172645463325252u;
	int64_t last = 0;

	(void)unused;
	window_init(&w, key, MOST, 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint64_t r = next_random(&x);

		if (r % 50 == 0 && last > 0) {
			int64_t back = last - (int64_t)(r / 50 % (MOST * 2));

			last = back < 0 ? 0 : back;
			window_drop_after(&w, last);
			if (w.floor > window_wants(&w)) {
				for (int64_t s = window_wants(&w); s < w.floor; s++)
					window_fill(&w, s, window_hash(&w, log[s], STR("id")));
				w.floor = window_wants(&w);
			}
		} else if (last < ROUNDS) {
			log[++last] = (uint32_t)(r % IDS);
			window_add(&w, last, window_hash(&w, log[last], STR("id")));
		}
		assert_int_equal(w.last, last);
		if (round % 100)
			continue;
		for (int64_t s = last; s > 0 && s > last - 3 * MOST; s--)
			assert_int_equal(has(&w, window_hash(&w, log[s], STR("id")), s), s > last - MOST);
	}
	window_done(&w);
}

static void window_grows_from_small(void **unused)
{
	struct window w;

	(void)unused;
	window_init(&w, key, 1 << 14, 0);
	for (int64_t s = 1; s <= 40000; s++) {
		window_add(&w, s, window_hash(&w, s, STR("")));
		assert_true(w.size <= 1 << 14);
	}
	for (int64_t s = 1; s <= 40000; s++)
		assert_int_equal(has(&w, window_hash(&w, s, STR("")), s), s > 40000 - (1 << 14));
	window_done(&w);
}

/* A log whose low end was purged, or that another process wrote into. */
static void window_takes_gaps(void **unused)
{
	struct window w;

	(void)unused;
	window_init(&w, key, MOST, 1000000);
	for (int64_t s = 1000010; s < 1000200; s += 7)
		window_add(&w, s, window_hash(&w, s, STR("x")));
	for (int64_t s = 1000010; s < 1000200; s += 7)
		assert_int_equal(has(&w, window_hash(&w, s, STR("x")), s), s > w.last - MOST);
	window_done(&w);
}

static void hash_depends_on_every_byte(void **unused)
{
	struct window w;
	char id[129] = { 0 };

	(void)unused;
	window_init(&w, key, MOST, 0);
	for (size_t n = 0; n <= 128; n++) {
		uint64_t h = window_hash(&w, 7, (struct str){ id, n });

		assert_int_not_equal(h, 0);
		assert_true(h != window_hash(&w, 8, (struct str){ id, n }));
		for (size_t i = 0; i < n; i++) {
			id[i] = 1;
			assert_true(h != window_hash(&w, 7, (struct str){ id, n }));
			id[i] = 0;
		}
		if (n < 128)
			assert_true(h != window_hash(&w, 7, (struct str){ id, n + 1 }));
	}
	window_done(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(window_follows_the_log),
		cmocka_unit_test(window_grows_from_small),
		cmocka_unit_test(window_takes_gaps),
		cmocka_unit_test(hash_depends_on_every_byte),
	};

	return cmocka_run_group_tests_name("sensing window", tests, NULL, NULL);
}
