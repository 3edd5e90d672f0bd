/* rules_test.c - what each kind of rule does, at its exact boundaries. */
#include "rules_fixture.h"

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

static uint32_t put(const char *id, const char *text)
{
	return fixture_put(f, f->e, id, text);
}

static struct rule_stats stats(uint32_t slot)
{
	struct rule_stats s;

	assert_int_equal(rules_stats(f->e, slot, &s), RC_OK);
	return s;
}

static void match_cooldown(void **state)
{
	(void)state;
	uint32_t r = put("r", "{'kind':'match','key':'device','cooldown_s':60,'when':{'type':'t.a'}}");

	assert_int_equal(hit(f, "b", 0), 0);
	assert_int_equal(hit(f, "a", 0), 1);
	assert_int_equal(hit(f, "a", 59.999999), 0);
	assert_int_equal(hit_device(f, "a", 30, 8), 1); /* another key is never swallowed */
	assert_int_equal(hit_device(f, "a", 30, 0), 0); /* no key, not this rule's business */
	assert_int_equal(hit(f, "a", 60), 1);
	assert_int_equal(last(f)->suppressed, 1);
	assert_int_equal(last(f)->key, 7);
	assert_int_equal(stats(r).cooled, 1);
	assert_int_equal(stats(r).fired, 3);
}

static void match_key_field(void **state)
{
	(void)state;
	struct rule_field zone = { .name = sym(f, "zone"), .kind = RULE_TEXT };
	put("r", "{'kind':'match','key':'device','key_field':'zone','cooldown_s':60,'when':{'type':'t.a'}}");

	const char *zones[] = { "lobby", "lift", "lobby", "lift" };
	size_t want[] = { 1, 1, 0, 0 };
	for (size_t i = 0; i < COUNT(zones); i++) {
		struct rule_event e = ev(f, "a", (double)i);
		size_t before = f->n;

		/* The third is a symbol by now: still the same key. */
		zone.text = i < 2 ? symbols_value(f->symbols, str_of(zones[i])) : sym(f, zones[i]);
		e.fields = &zone;
		e.n_fields = 1;
		send(f, e);
		assert_int_equal(f->n - before, want[i]);
	}
	assert_int_equal(hit(f, "a", 9), 0); /* without a zone: no key */
}

static void match_raise(void **state)
{
	(void)state;
	put("r", "{'kind':'match','key':'device','cooldown_s':60,'when':{'type':'t.a'},'severity':'normal',"
		 "'raise':{'when':{'field':'v','op':'ge','value':5},'severity':'urgent'}}");
	assert_int_equal(hit_value(f, "a", 0, 4.9), 1);
	assert_int_equal(last(f)->severity, RULE_NORMAL);
	assert_int_equal(hit_value(f, "a", 1, 4.9), 0);
	assert_int_equal(hit_value(f, "a", 2, 5), 1);
	assert_int_equal(last(f)->severity, RULE_URGENT);
	assert_int_equal(hit_value(f, "a", 3, 9), 0);
	assert_int_equal(hit_value(f, "a", 4, 1), 0);
}

static void match_clock(void **state)
{
	(void)state;
	put("r", "{'kind':'match','key':'device','cooldown_s':60,'when':{'type':'t.a'}}");
	struct rule_event e = ev(f, "a", 0);

	send(f, e);
	e.at -= HOUR; /* set back */
	e.received += SECOND;
	send(f, e);
	assert_int_equal(f->n, 1);
	e.received += 70 * SECOND + RULES_GRACE; /* healed */
	send(f, e);
	assert_int_equal(f->n, 2);
	e.at = e.received + DAY; /* ahead: taken as now */
	send(f, e);
	assert_int_equal(f->n, 3);
	assert_int_equal(last(f)->at, e.received);
}

static void match_hysteresis(void **state)
{
	(void)state;
	put("r", "{'kind':'match','key':'device','when':{'type':'t.a'},"
		 "'hysteresis':{'field':'v','on_ge':80,'off_lt':70}}");
	assert_int_equal(hit_value(f, "a", 0, 79.9), 0);
	assert_int_equal(hit_value(f, "a", 1, 80), 1);
	assert_int_equal(last(f)->phase, RULE_FIRED);
	assert_int_equal(hit_value(f, "a", 2, 70), 0);
	assert_int_equal(hit_value(f, "a", 3, 85), 0);
	assert_int_equal(hit_value(f, "a", 2.5, 10), 0); /* late */
	assert_int_equal(hit_value(f, "a", 4, 69.9), 1);
	assert_int_equal(last(f)->phase, RULE_CLEARED);
	assert_int_equal(hit_value(f, "a", 5, 60), 0);
	assert_int_equal(hit_value(f, "a", 6, 80), 1);
	put("low", "{'kind':'match','key':'device','cooldown_s':10,'when':{'type':'t.b'},"
		   "'hysteresis':{'field':'v','on_le':5,'off_gt':9}}");
	assert_int_equal(hit_value(f, "b", 0, 5), 1);
	assert_int_equal(hit_value(f, "b", 1, 9.5), 1);
	assert_int_equal(hit_value(f, "b", 2, 4), 0); /* cooling down, but not forgotten: */
	assert_int_equal(hit_value(f, "b", 9, 7), 0);
	assert_int_equal(hit_value(f, "b", 10, 7), 1);
	assert_int_equal(last(f)->since, T0 + 2 * SECOND);
}

static void match_without(void **state)
{
	(void)state;
	uint32_t r = put("r", "{'kind':'match','key':'device','when':{'any':[{'type':'t.open'},{'type':'t.forced'}]},"
			      "'without':{'when':{'type':'t.grant'},'before_s':5,'only':{'type':'t.open'}}}");
	assert_int_equal(hit(f, "open", 0), 1);
	hit(f, "grant", 10);
	assert_int_equal(hit(f, "open", 10), 0);
	assert_int_equal(hit(f, "open", 15), 0);
	assert_int_equal(hit(f, "open", 15.000001), 1);
	assert_int_equal(hit(f, "forced", 11), 1);
	hit(f, "grant", 20);
	assert_int_equal(hit_device(f, "open", 21, 8), 1); /* a grant elsewhere */
	assert_int_equal(hit(f, "open", 19), 1);           /* opened before the grant */
	assert_int_equal(stats(r).excused, 2);
}

static void count_window(void **state)
{
	(void)state;
	put("r", "{'kind':'count','key':'device','count':3,'window_s':60,'when':{'type':'t.a'}}");
	assert_int_equal(hit(f, "a", 0), 0);
	assert_int_equal(hit(f, "a", 30), 0);
	assert_int_equal(hit(f, "a", 60.000001), 0);
	assert_int_equal(hit_device(f, "a", 61, 8), 0);
	assert_int_equal(hit(f, "a", 90), 1); /* 30 to 90 */
	assert_int_equal(last(f)->n_events, 3);
	assert_int_equal(last(f)->since, T0 + 30 * SECOND);
	assert_int_equal(last(f)->n_seqs, 3);
	assert_int_equal(last(f)->seqs[0], 30000);
	assert_int_equal(last(f)->seqs[2], 90000);
	assert_int_equal(hit(f, "a", 91), 0); /* consumed */
	assert_int_equal(hit(f, "a", 92), 0);
	assert_int_equal(hit(f, "a", 93), 1);
}

static void count_late(void **state)
{
	(void)state;
	put("r", "{'kind':'count','key':'device','count':3,'window_s':60,'when':{'type':'t.a'}}");
	const double at[] = { 100, 39.9, 39.9, 40, 70 }; /* two before the window of the newest */

	for (size_t i = 0; i < COUNT(at); i++) {
		struct rule_event e = ev(f, "a", at[i]);

		e.received = T0 + 101 * SECOND;
		send(f, e);
		assert_int_equal(f->n, i == 4);
	}
	assert_int_equal(last(f)->since, T0 + 40 * SECOND);
}

static void dwell_open_clear(void **state)
{
	(void)state;
	put("r", "{'kind':'dwell','key':'device','for_s':300,'when':{'type':'t.on'},'clear':{'type':'t.off'}}");
	hit(f, "on", 0);
	assert_int_equal(tick(f, 299.999), 0);
	assert_int_equal(tick(f, 300), 1);
	assert_int_equal(last(f)->phase, RULE_FIRED);
	assert_int_equal(last(f)->since, T0);
	uint64_t fired = last(f)->dedupe;
	/* Stationary: no second alert, however often it is seen. */
	for (int i = 0; i < 50; i++)
		assert_int_equal(hit(f, "on", 300 + i * 60) + tick(f, 301 + i * 60), 0);
	assert_int_equal(hit(f, "off", 5000), 1);
	assert_int_equal(last(f)->phase, RULE_CLEARED);
	assert_int_equal(last(f)->n_events, 51);
	assert_true(last(f)->dedupe != fired);
	assert_int_equal(hit(f, "off", 5001), 0);
	hit(f, "on", 6000);
	assert_int_equal(hit(f, "off", 6299.999), 0);
	assert_int_equal(tick(f, 9000), 0);
	/* Held long enough between two events without any tick: both are told. */
	hit(f, "on", 10000);
	assert_int_equal(hit(f, "off", 10300), 2);
}

static void dwell_stale(void **state)
{
	(void)state;
	put("r", "{'kind':'dwell','key':'device','for_s':10,'stale_s':30,'when':{'type':'t.on'}}");
	hit(f, "on", 0);
	assert_int_equal(tick(f, 10), 1);
	hit(f, "on", 20);
	assert_int_equal(tick(f, 49.75), 0);
	assert_int_equal(tick(f, 50), 1);
	assert_int_equal(last(f)->phase, RULE_CLEARED);
	/* An old timer must not make the next one late. */
	hit(f, "on", 51);
	assert_int_equal(tick(f, 60.75), 0);
	assert_int_equal(tick(f, 61), 1);
	assert_int_equal(tick(f, 81), 1);
}

static void sequence_order(void **state)
{
	(void)state;
	put("r", "{'kind':'sequence','key':'device','within_s':60,"
		 "'steps':[{'when':{'type':'t.a'}},{'when':{'type':'t.b'}},{'when':{'type':'t.c'}}]}");
	hit(f, "b", 0);
	hit(f, "c", 1);
	hit(f, "a", 10);
	hit(f, "c", 20);
	hit(f, "b", 30);
	assert_int_equal(hit_device(f, "c", 40, 8), 0);
	assert_int_equal(hit(f, "c", 70), 1);
	assert_int_equal(last(f)->since, T0 + 10 * SECOND);
	assert_int_equal(last(f)->n_seqs, 3);
	assert_int_equal(last(f)->seqs[1], 30000);
	assert_int_equal(hit(f, "c", 70.5), 0); /* used up */
	hit(f, "a", 100);
	hit(f, "b", 130);
	assert_int_equal(hit(f, "c", 160.000001), 0);
	hit(f, "a", 200);
	hit(f, "a", 210); /* the newer begin counts */
	hit(f, "b", 220);
	assert_int_equal(hit(f, "c", 269), 1);
	assert_int_equal(last(f)->since, T0 + 210 * SECOND);
}

static void sequence_same_type(void **state)
{
	(void)state;
	put("r", "{'kind':'sequence','key':'device','within_s':5,'steps':[{'when':{'type':'t.a'}},"
		 "{'when':{'type':'t.a'}}]}");
	assert_int_equal(hit(f, "a", 0), 0); /* one event is one step */
	assert_int_equal(hit(f, "a", 5), 1);
	assert_int_equal(hit(f, "a", 6), 0);
	assert_int_equal(hit(f, "a", 11.1), 0);
	assert_int_equal(hit(f, "a", 16.1), 1);
}

static void storm(void **state)
{
	(void)state;
	uint32_t r = put("r", "{'kind':'match','key':'device','when':{'type':'t.a'},'limit':{'n':2,'per_s':10}}");
	for (uint32_t i = 1; i <= 7; i++)
		assert_int_equal(hit_device(f, "a", i, i), i <= 2);
	assert_int_equal(stats(r).limited, 5);
	assert_int_equal(hit_device(f, "a", 10.999999, 8), 0);
	assert_int_equal(hit_device(f, "a", 11, 9), 1);
	assert_int_equal(last(f)->suppressed, 6);
	assert_int_equal(hit_device(f, "a", 11.5, 9), 0);
	assert_int_equal(hit_device(f, "a", 12, 9), 1);
	assert_int_equal(last(f)->suppressed, 1);
}

static void storm_dwell_waits(void **state)
{
	(void)state;
	uint32_t r = put("r", "{'kind':'dwell','key':'device','for_s':5,'when':{'type':'t.on'},"
			      "'clear':{'type':'t.off'},'limit':{'n':1,'per_s':100}}");
	hit_device(f, "on", 0, 1);
	hit_device(f, "on", 0, 2);
	assert_int_equal(tick(f, 5), 1);
	for (int i = 6; i < 105; i++)
		assert_int_equal(tick(f, i), 0);
	assert_int_equal(tick(f, 105), 1);
	assert_int_equal(stats(r).limited, 1); /* counted once */
}

static void add_and_remove(void **state)
{
	(void)state;
	const char *count = "{'kind':'count','key':'device','count':2,'window_s':60,'when':{'type':'t.a'}}";
	put("keep", count);
	put("gone", count);
	hit(f, "a", 0);
	assert_int_equal(rules_remove(f->e, STR("gone")), RC_OK);
	assert_int_equal(rules_remove(f->e, STR("gone")), RC_MISSING);
	put("new", count);
	assert_int_equal(hit(f, "a", 1), 1);
	assert_true(str_is(last(f)->rule_id, "keep"));
	hit(f, "a", 2);
	put("keep", count); /* replaced: its own state goes, others stay */
	assert_int_equal(hit(f, "a", 3), 0);
	uint32_t slot;
	assert_int_equal(rules_find(f->e, STR("new"), &slot), RC_OK);
	assert_int_equal(stats(slot).fired, 1);
}

static void merge_number(void **state)
{
	(void)state;
	put("r1", "{'kind':'match','key':'device','template':'x','merge_s':60,'when':{'type':'t.a'}}");
	put("r2", "{'kind':'match','key':'device','template':'x','when':{'type':'t.b'}}");
	hit_device(f, "a", 0, 1);
	hit_device(f, "b", 0, 2);
	assert_true(f->got[0].merge == f->got[1].merge);
	assert_true(f->got[0].dedupe != f->got[1].dedupe);
	assert_int_equal(f->got[0].merge_us, 60 * SECOND);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(match_cooldown), TEST(match_key_field),   TEST(match_raise),
		TEST(match_clock),    TEST(match_hysteresis),  TEST(match_without),
		TEST(count_window),   TEST(count_late),        TEST(dwell_open_clear),
		TEST(dwell_stale),    TEST(sequence_order),    TEST(sequence_same_type),
		TEST(storm),          TEST(storm_dwell_waits), TEST(add_and_remove),
		TEST(merge_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
