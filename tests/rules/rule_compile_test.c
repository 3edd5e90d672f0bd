/* rule_compile_test.c - refused definitions, conditions, the templates that ship. */
#include "rules_fixture.h"

#include <stdlib.h>

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

static void refused(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{ "[]", "", "wrong_type" },
		{ "{'severity':'high'}", "kind", "missing" },
		{ "{'kind':'guess'}", "kind", "unknown_word" },
		{ "{'kind':'match','when':{'type':'t.a'},'colour':1}", "colour", "unknown_member" },
		{ "{'kind':'match','when':{'type':'t.a'},'for_s':1}", "for_s", "not_for_kind" },
		{ "{'kind':'match'}", "when", "missing" },
		{ "{'kind':'match','when':{}}", "when", "empty" },
		{ "{'kind':'match','when':{'type':'x.a'}}", "when.type", "unknown_type" },
		{ "{'kind':'match','when':{'all':[]}}", "when.all", "empty" },
		{ "{'kind':'match','when':{'all':[{'type':'t.a'},{'field':'nose','op':'eq','value':1}]}}",
		  "when.all[1].field", "unknown_field" },
		{ "{'kind':'match','when':{'all':[{'type':'cn.jiuan.camera.lane.v1'},"
		  "{'field':'score','op':'eq','value':1}]}}",
		  "when.all[1].field", "unknown_field" },
		{ "{'kind':'match','when':{'any':[{'not':{'place':'moon'}}]}}", "when.any[0].not.place",
		  "unknown_place" },
		{ "{'kind':'match','when':{'device':'d8'}}", "when.device", "unknown_device" },
		{ "{'kind':'match','when':{'type':'t.a','place':'b1'}}", "when", "conflict" },
		{ "{'kind':'match','when':{'field':'v','op':'like','value':1}}", "when.op", "unknown_word" },
		{ "{'kind':'match','when':{'field':'v','op':'ge','value':'x'}}", "when.value", "wrong_type" },
		{ "{'kind':'match','when':{'field':'v','op':'in','value':[1,'x']}}", "when.value[1]", "wrong_type" },
		{ "{'kind':'match','when':{'field':'v','op':'between','value':[2,1]}}", "when.value", "out_of_range" },
		{ "{'kind':'match','when':{'time':{'tz_offset_min':480,'days':[8]}}}", "when.time.days[0]",
		  "out_of_range" },
		{ "{'kind':'match','when':{'time':{'tz_offset_min':0,'from':'24:00','to':'06:00'}}}", "when.time.from",
		  "out_of_range" },
		{ "{'kind':'match','when':{'type':'t.a'},'key_field':'nose'}", "key_field", "unknown_field" },
		{ "{'kind':'match','when':{'type':'t.a'},'cooldown_s':-1}", "cooldown_s", "out_of_range" },
		{ "{'kind':'match','when':{'type':'t.a'},'limit':{'n':1001,'per_s':1}}", "limit.n", "out_of_range" },
		{ "{'kind':'match','when':{'type':'t.a'},'hysteresis':{'field':'v','on_ge':1,'off_lt':2}}",
		  "hysteresis.off_lt", "conflict" },
		{ "{'kind':'count','when':{'type':'t.a'},'count':1,'window_s':1}", "count", "out_of_range" },
		{ "{'kind':'count','when':{'type':'t.a'},'count':257,'window_s':1}", "count", "out_of_range" },
		{ "{'kind':'count','when':{'type':'t.a'},'count':2,'window_s':0}", "window_s", "out_of_range" },
		{ "{'kind':'count','when':{'type':'t.a'},'count':2,'window_s':2678401}", "window_s", "out_of_range" },
		{ "{'kind':'dwell','when':{'type':'t.a'},'for_s':1}", "clear", "missing" },
		{ "{'kind':'absence','for_s':31622401}", "for_s", "out_of_range" },
		{ "{'kind':'sequence','within_s':1,'steps':[{'when':{'type':'t.a'}}]}", "steps", "out_of_range" },
		{ "{'kind':'sequence','within_s':1,'steps':[{'when':{'type':'t.a'}},{'where':1}]}", "steps[1].where",
		  "unknown_member" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		fixture_refused(f, cases[i][0], cases[i][1], cases[i][2]);
	fixture_put(f, f->e, "a", "{'kind':'count','when':{'type':'t.a'},'count':256,'window_s':2678400}");
	fixture_put(f, f->e, "b", "{'kind':'absence','for_s':31622400}");
	fixture_put(f, f->e, "c", "{'kind':'count','when':{'type':'t.a'},'count':2,'window_s':1}");
}

static void conditions(void **state)
{
	(void)state;
	fixture_put(f, f->e, "place", "{'kind':'match','when':{'all':[{'type':'t.a'},{'place':'b1'}]}}");
	for (uint32_t place = 9; place <= 20; place++) {
		struct rule_event e = ev(f, "a", place);
		size_t before = f->n;

		e.place = place;
		send(f, e);
		assert_int_equal(f->n - before, place >= 10 && place <= 19);
	}
	fixture_put(f, f->e, "ne",
		    "{'kind':'match','when':{'all':[{'type':'t.b'},{'field':'v','op':'ne','value':3}]}}");
	assert_int_equal(hit(f, "b", 0), 0); /* absent: false also for ne */
	assert_int_equal(hit_value(f, "b", 0, 3), 0);
	assert_int_equal(hit_value(f, "b", 0, 3.5), 1);
	/* T0 is Thursday 09:07:41 at +08:00; the table runs Thursday night to Friday morning. */
	fixture_put(f, f->e, "night",
		    "{'kind':'match','when':{'all':[{'type':'t.c'},{'time':{'tz_offset_min':480,'days':[4],"
		    "'from':'22:00','to':'06:00'}}]}}");
	double ten = 13 * 3600 - 7 * 60 - 41;
	assert_int_equal(hit(f, "c", 0), 0);
	assert_int_equal(hit(f, "c", ten - 0.001), 0);
	assert_int_equal(hit(f, "c", ten), 1);
	assert_int_equal(hit(f, "c", ten + 8 * 3600 - 0.001), 1);
	assert_int_equal(hit(f, "c", ten + 8 * 3600), 0);
	assert_int_equal(hit(f, "c", ten + 24 * 3600), 0);            /* Friday 22:00 */
	assert_int_equal(hit(f, "c", ten - 24 * 3600 + 4 * 3600), 0); /* Thursday 02:00 */
}

static void shipped(void **state)
{
	(void)state;
	size_t n;
	const struct rule_template *t = rule_templates(&n);
	static const enum rule_kind kinds[] = { RULE_ABSENCE, RULE_MATCH, RULE_MATCH,  RULE_DWELL,
						RULE_MATCH,   RULE_DWELL, RULE_ABSENCE };

	assert_int_equal(n, COUNT(kinds));
	for (size_t i = 0; i < n; i++) {
		struct rule_names names = { .symbols = f->symbols, .type = rule_type_known, .field = rule_field_known };
		struct rule *r;

		assert_int_equal(rule_compile(&names, fixture_json(f, t[i].json), &r, &f->problem), RC_OK);
		assert_int_equal(rule_kind(r), kinds[i]);
		assert_ptr_equal(rule_template_find(str_of(t[i].id)), &t[i]);
		rule_free(r);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = { TEST(refused), TEST(conditions), TEST(shipped) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
