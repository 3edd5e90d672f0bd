/* rules_state_test.c - absence and snapshots. */
#include "rules_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fixture *f;

static int setup(void **state)
{
	(void)state;
	f = malloc(sizeof(*f));
	assert_non_null(f);
	fixture_init(f);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_done(f);
	free(f);
	return 0;
}

static const char absence[] = "{'kind':'absence','key':'watch','for_s':100,'when':{'type':'t.seen'}}";

static void enrol(uint32_t slot, uint32_t key, double last_s)
{
	struct rule_watch w = { .last_seen = T0 + (int64_t)(last_s * 1e6) };

	assert_int_equal(rules_watch_set(f->e, slot, key, &w), RC_OK);
}

static size_t seen(uint32_t key, double at_s)
{
	struct rule_event e = ev(f, "seen", at_s);
	size_t before = f->n;

	e.subject = key;
	send(f, e);
	return f->n - before;
}

static void cover(uint32_t key, bool down, double at_s)
{
	rules_coverage(f->e, RULE_KEY_WATCH, key, down, T0 + (int64_t)(at_s * 1e6));
}

static void absence_fires_once(void **state)
{
	(void)state;
	uint32_t r = fixture_put(f, f->e, "r", absence);

	enrol(r, 1, 0);
	assert_int_equal(seen(2, 5), 0); /* not enrolled */
	assert_int_equal(tick(f, 99.9), 0);
	assert_int_equal(tick(f, 100), 1);
	assert_int_equal(last(f)->since, T0);
	assert_int_equal(last(f)->key, 1);
	assert_int_equal(tick(f, 1000), 0);
	assert_int_equal(seen(1, 1100), 1); /* back */
	assert_int_equal(last(f)->phase, RULE_CLEARED);
	assert_int_equal(tick(f, 1199.9), 0);
	assert_int_equal(seen(1, 1199.95), 0);
	assert_int_equal(seen(1, 1150), 0); /* late: no step back */
	assert_int_equal(tick(f, 1299.75), 0);
	assert_int_equal(tick(f, 1300), 1);
	assert_int_equal(rules_watch_remove(f->e, r, 1), RC_OK);
	assert_int_equal(rules_watch_remove(f->e, r, 1), RC_MISSING);
	assert_int_equal(tick(f, 9000), 0);
}

static void absence_long_sleep(void **state)
{
	(void)state;
	uint32_t r = fixture_put(f, f->e, "r", absence);

	for (uint32_t k = 1; k <= 1000; k++)
		enrol(r, k, k % 90);
	assert_int_equal(rules_watch_remove(f->e, r, 500), RC_OK);
	assert_int_equal(tick(f, 400 * 86400.0), 999);
	for (size_t i = 1; i < f->n; i++)
		assert_true(f->got[i - 1].since <= f->got[i].since);
	assert_int_equal(tick(f, 400 * 86400.0 + 500), 0);
	assert_int_equal(tick(f, 5), 0); /* an old tick */
}

static void absence_coverage(void **state)
{
	(void)state;
	uint32_t r = fixture_put(f, f->e, "r", absence);

	enrol(r, 1, 0);
	cover(1, true, 50);
	cover(1, true, 55); /* no change */
	assert_int_equal(tick(f, 120), 0);
	cover(1, false, 80);
	assert_int_equal(tick(f, 129.9), 0);
	assert_int_equal(tick(f, 130), 1);
	assert_int_equal(last(f)->gap, 30 * SECOND);
	assert_int_equal(last(f)->at - last(f)->since, 130 * SECOND);
	/* The same from values kept by the caller, after a restart. */
	struct rule_watch w = { .last_seen = T0 + 200 * SECOND, .gap = 10 * SECOND };
	assert_int_equal(rules_watch_set(f->e, r, 2, &w), RC_OK);
	cover(2, true, 250);
	assert_int_equal(tick(f, 1000), 0);
	assert_int_equal(rules_watch_get(f->e, r, 2, &w), RC_OK);
	assert_int_equal(w.gap, 10 * SECOND);
	cover(2, false, 1000);
	assert_int_equal(tick(f, 1059.9), 0);
	assert_int_equal(tick(f, 1060), 1);
	assert_int_equal(last(f)->gap, 760 * SECOND);
}

static void absence_pause(void **state)
{
	(void)state;
	uint32_t r = fixture_put(f, f->e, "r", absence);

	enrol(r, 1, 0);
	assert_int_equal(rules_pause(f->e, r, 1, true, T0 + 10 * SECOND), RC_OK);
	assert_int_equal(rules_pause(f->e, r, 9, true, T0), RC_MISSING);
	assert_int_equal(tick(f, 5000), 0);
	assert_int_equal(rules_pause(f->e, r, 1, false, T0 + 5000 * SECOND), RC_OK);
	assert_int_equal(tick(f, 5099.9), 0);
	assert_int_equal(tick(f, 5100), 1);
}

static void absence_sooner(void **state)
{
	(void)state;
	uint32_t r = fixture_put(f, f->e, "r", absence);
	struct rule_watch w = { .last_seen = T0, .for_us = 9 * DAY };

	assert_int_equal(rules_watch_set(f->e, r, 1, &w), RC_OK);
	w.for_us = 20 * SECOND; /* an earlier due time than the slot it sits in */
	assert_int_equal(rules_watch_set(f->e, r, 1, &w), RC_OK);
	assert_int_equal(tick(f, 19.9), 0);
	assert_int_equal(tick(f, 20), 1);
	w.fired = true;
	assert_int_equal(rules_watch_set(f->e, r, 1, &w), RC_OK);
	assert_int_equal(tick(f, 100), 0);
	/* A changed rule keeps its watches. */
	enrol(r, 2, 100);
	assert_int_equal(fixture_put(f, f->e, "r", "{'kind':'absence','key':'watch','for_s':7}"), r);
	assert_int_equal(tick(f, 106.9), 0);
	assert_int_equal(tick(f, 107), 1);
	w.for_us = (RULE_FOR_S_MAX + 1) * SECOND;
	assert_int_equal(rules_watch_set(f->e, r, 1, &w), RC_INVALID);
	assert_int_equal(rules_watch_set(f->e, r + 1, 1, &w), RC_MISSING);
	assert_int_equal(rules_watch_set(f->e, r, 0, &w), RC_INVALID);
}

static void device_ahead(void **state)
{
	(void)state;
	uint32_t r = fixture_put(f, f->e, "r", absence);

	enrol(r, 1, 0);
	struct rule_event e = ev(f, "seen", 10);
	e.subject = 2;
	e.at += 30 * DAY;
	send(f, e);
	assert_int_equal(f->n, 0);
	assert_int_equal(tick(f, 50), 0);
}

/* ---- snapshots ------------------------------------------------------------------ */

static const char *const mixed[] = {
	"{'kind':'match','key':'device','cooldown_s':20,'when':{'type':'t.a'},'limit':{'n':3,'per_s':30}}",
	"{'kind':'match','key':'device','when':{'type':'t.b'},'hysteresis':{'field':'v','on_ge':7,'off_lt':3}}",
	"{'kind':'match','key':'device','when':{'type':'t.a'},'without':{'when':{'type':'t.c'},'before_s':6}}",
	"{'kind':'count','key':'device','count':4,'window_s':40,'cooldown_s':15,'when':{'type':'t.a'}}",
	"{'kind':'dwell','key':'device','for_s':12,'stale_s':30,'cooldown_s':20,'when':{'type':'t.b'},"
	"'clear':{'type':'t.c'},'limit':{'n':2,'per_s':25}}",
	"{'kind':'absence','key':'device','for_s':15,'when':{'type':'t.c'},'limit':{'n':2,'per_s':9}}",
	"{'kind':'sequence','key':'device','within_s':25,'steps':[{'when':{'type':'t.a'}},{'when':{'type':'t.b'}},"
	"{'when':{'type':'t.c'}}]}",
};

static void put_mixed(struct rules *e)
{
	char id[8];

	for (size_t i = 0; i < COUNT(mixed); i++) {
		snprintf(id, sizeof(id), "m%zu", i);
		uint32_t slot = fixture_put(f, e, id, mixed[i]);
		struct rule_watch w = { .last_seen = T0 };

		for (uint32_t k = 1; i == 5 && k <= 5; k++)
			assert_int_equal(rules_watch_set(e, slot, k, &w), RC_OK);
	}
}

static struct str snap(const struct rules *e)
{
	struct buf b = buf_new(f->a, (size_t)8 << 20);

	assert_int_equal(rules_snapshot(e, &b), RC_OK);
	return buf_str(&b);
}

static uint64_t rnd(uint64_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* 600 random steps; with 'restart', the engine is at times thrown away and made
 * anew from its snapshot.  Events are a little late or ahead at times. */
static void play(uint64_t seed, bool restart)
{
	uint64_t x = seed * 0x9E3779B97F4A7C15u + 1, y = seed + 77;
	int64_t now = T0;

	rules_free(f->e);
	f->e = fixture_engine(f, T0);
	put_mixed(f->e);
	for (int i = 0; i < 600; i++) {
		static const char *const types[] = { "t.a", "t.b", "t.c" };
		struct rule_field v = { .name = sym(f, "v"), .kind = RULE_INT, .i = (int64_t)(rnd(&x) % 10) };
		struct rule_event e = { .seq = (uint64_t)i, .fields = &v, .n_fields = 1, .place = 7 };

		now += (int64_t)(rnd(&x) % 4000) * MILLI;
		e.received = now;
		e.at = now + (int64_t)(rnd(&x) % 5000) * MILLI - 4 * SECOND;
		e.type = sym(f, types[rnd(&x) % 3]);
		e.device = 1 + (uint32_t)(rnd(&x) % 5);
		rules_event(f->e, &e);
		if (rnd(&x) % 3 == 0)
			rules_tick(f->e, now);
		if (rnd(&x) % 40 == 0)
			rules_coverage(f->e, RULE_KEY_DEVICE, e.device, rnd(&x) % 2 == 0, now);
		if (!restart || rnd(&y) % 25 != 0)
			continue;
		struct str bytes = snap(f->e);
		rules_free(f->e);
		f->e = fixture_engine(f, T0);
		put_mixed(f->e);
		assert_int_equal(rules_restore(f->e, bytes, NULL, NULL), RC_OK);
	}
}

static void snapshot_is_no_interruption(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		static struct rule_match straight[FIXTURE_MATCHES];

		f->n = 0;
		play(seed, false);
		size_t n = f->n;
		assert_true(n > 20);
		memcpy(straight, f->got, n * sizeof(straight[0]));
		f->n = 0;
		play(seed, true);
		assert_int_equal(f->n, n);
		for (size_t i = 0; i < n; i++) {
			const struct rule_match *a = &straight[i], *b = &f->got[i];

			assert_int_equal(a->dedupe, b->dedupe);
			assert_int_equal(a->at, b->at);
			assert_int_equal(a->suppressed, b->suppressed);
			assert_int_equal(a->gap, b->gap);
			assert_memory_equal(a->seqs, b->seqs, sizeof(a->seqs));
		}
	}
}

static uint32_t shift_key(void *self, enum rule_key kind, uint32_t old)
{
	(void)self;
	return kind == RULE_KEY_DEVICE && old != 9 ? old + 100 : 0;
}

static void snapshot_other_rules(void **state)
{
	(void)state;
	const char *two = "{'kind':'count','key':'device','count':2,'window_s':60,'when':{'type':'t.a'}}";
	fixture_put(f, f->e, "same", two);
	fixture_put(f, f->e, "gone", two);
	hit(f, "a", 0);
	hit_device(f, "a", 0, 9);
	struct str bytes = snap(f->e);

	rules_free(f->e);
	f->e = fixture_engine(f, T0);
	fixture_put(f, f->e, "new", two);
	fixture_put(f, f->e, "same", two);
	assert_int_equal(rules_restore(f->e, bytes, shift_key, NULL), RC_OK);
	assert_int_equal(hit_device(f, "a", 1, 107), 1);
	assert_true(str_is(last(f)->rule_id, "same"));
	assert_int_equal(hit_device(f, "a", 1, 109), 0); /* mapped to nothing */
}

static void snapshot_broken(void **state)
{
	(void)state;
	play(3, false);
	struct str good = snap(f->e);
	char *bad = arena_z(f->a, good);
	uint64_t seed = 5;

	for (int i = 0; i < 300; i++) {
		size_t at = rnd(&seed) % good.n;
		char was = bad[at];

		bad[at] = (char)(was ^ 1 << rnd(&seed) % 8);
		assert_int_equal(rules_restore(f->e, (struct str){ bad, good.n }, NULL, NULL), RC_INVALID);
		bad[at] = was;
		assert_int_equal(rules_restore(f->e, (struct str){ bad, at }, NULL, NULL), RC_INVALID);
	}
	assert_int_equal(rules_restore(f->e, (struct str){ bad, good.n }, NULL, NULL), RC_OK);
	struct buf small = buf_new(f->a, 100);
	assert_int_equal(rules_snapshot(f->e, &small), RC_LIMIT);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = { TEST(absence_fires_once),
					    TEST(absence_long_sleep),
					    TEST(absence_coverage),
					    TEST(absence_pause),
					    TEST(absence_sooner),
					    TEST(device_ahead),
					    TEST(snapshot_is_no_interruption),
					    TEST(snapshot_other_rules),
					    TEST(snapshot_broken) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
