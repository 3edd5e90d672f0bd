/* watch_rule_test.c - rules as people write them: checked, versioned, switched
 * on only after a backtest; the templates. */
#include "watch_rig.h"

#include <stdio.h>
#include <string.h>

static const char *rule(struct rig *r, const char *definition)
{
	return rig_fmt(r, "{\"name\":\"a rule\",\"place_id\":\"" FMT_STR "\",\"definition\":%s}", ARG_STR(r->north),
		       definition);
}

static void test_definitions_are_checked_to_the_path(void **state)
{
	struct rig *r = *state;
	static const struct {
		const char *definition, *code, *field;
	} bad[] = {
		{ "{\"kind\":\"match\"}", "missing", "definition.when" },
		{ "{\"kind\":\"sometimes\",\"when\":{\"type\":\"cn.jiuan.camera.lane.v1\"}}", "unknown_word",
		  "definition.kind" },
		{ "{\"kind\":\"match\",\"severity\":\"red\",\"when\":{\"type\":\"cn.jiuan.camera.lane.v1\"}}",
		  "unknown_word", "definition.severity" },
		{ "{\"kind\":\"match\",\"when\":{\"all\":[{\"type\":\"cn.jiuan.camera.object.v1\"},{\"field\":\"mood\","
		  "\"op\":\"eq\","
		  "\"value\":1}]}}",
		  "unknown_field", "definition.when.all[1].field" },
		{ "{\"kind\":\"match\",\"when\":{\"type\":\"cn.jiuan.camera.face.v1\"}}", "unknown_type",
		  "definition.when.type" },
		{ "{\"kind\":\"match\",\"when\":{\"place\":\"nowhere\"}}", "unknown_place", "definition.when.place" },
		{ "{\"kind\":\"match\",\"when\":{\"device\":\"nothing\"}}", "unknown_device",
		  "definition.when.device" },
		{ "{\"kind\":\"match\",\"key\":\"watch\",\"when\":{\"type\":\"cn.jiuan.camera.lane.v1\"}}",
		  "not_for_kind", "definition.key" },
		{ "{\"kind\":\"absence\",\"for_s\":60,\"when\":{\"type\":\"cn.jiuan.camera.lane.v1\"}}", "conflict",
		  "definition.key" },
		{ "[1]", "wrong_type", "definition" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		REFUSED(r, RULER, "POST", "/api/watch/rule", rule(r, bad[i].definition), 400, bad[i].code,
			bad[i].field);
	REFUSED(r, RULER, "POST", "/api/watch/rule", "{\"name\":\"a rule\",\"template\":\"fire-lane\"}", 400,
		"required", "place_id");
	REFUSED(r, RULER, "POST", "/api/watch/rule",
		"{\"name\":\"a rule\",\"template\":\"fire-lane\",\"place_id\":\"x\"}", 400, "unknown_place",
		"place_id");
	REFUSED(r, RULER, "POST", "/api/watch/rule",
		rig_fmt(r, "{\"name\":\"a rule\",\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->north)), 400, "required",
		"definition");
	REFUSED(r, RULER, "POST", "/api/watch/rule",
		rig_fmt(r, "{\"name\":\"x\",\"template\":\"fire-lane\",\"place_id\":\"" FMT_STR "\"}",
			ARG_STR(r->north)),
		400, "wrong_length", "name");
	REFUSED(r, RULER, "POST", "/api/watch/rule",
		rig_fmt(r,
			"{\"name\":\"a "
			"rule\",\"severity\":\"urgent\",\"template\":\"fire-lane\",\"place_id\":\"" FMT_STR "\"}",
			ARG_STR(r->north)),
		400, "conflict", "severity");
	CHECK(r, RULER, "POST", "/api/watch/rule",
	      rig_fmt(r, "{\"name\":\"a rule\",\"template\":\"fire-lane\",\"place_id\":\"" FMT_STR "\"}",
		      ARG_STR(r->south)),
	      403);
	CHECK(r, ANN, "POST", "/api/watch/rule", rule(r, "{}"), 403);
}

static void test_a_rule_is_switched_on_after_its_backtest(void **state)
{
	struct rig *r = *state;

	CHECK(r, RULER, "POST", "/api/watch/rule",
	      rig_fmt(r, "{\"name\":\"lane\",\"template\":\"fire-lane\",\"place_id\":\"" FMT_STR "\"}",
		      ARG_STR(r->north)),
	      201);
	CHECK_TEXT(r, "state", "draft");
	CHECK_TEXT(r, "kind", "dwell");
	CHECK_TEXT(r, "severity", "high");
	assert_int_equal(rig_int(r, "revision"), 1);
	struct str id = rig_text(r, "id");
	const char *one = rig_fmt(r, "/api/watch/rule/" FMT_STR, ARG_STR(id));
	const char *on = rig_fmt(r, "%s/switch_on", one), *test = rig_fmt(r, "%s/backtest", one);

	REFUSED(r, RULER, "POST", on, "{}", 400, "required", "backtest_id");
	REFUSED(r, RULER, "POST", on, "{\"backtest_id\":\"none\"}", 400, "unknown_backtest", "backtest_id");
	CHECK(r, RULER, "POST", test, "{\"days\":30}", 200);
	assert_int_equal(rig_int(r, "fired"), 0);
	const char *with = rig_fmt(r, "{\"backtest_id\":\"" FMT_STR "\"}", ARG_STR(rig_text(r, "id")));

	CHECK(r, RULER, "GET", rig_fmt(r, "/api/watch/backtest?rule_id=" FMT_STR, ARG_STR(id)), NULL, 200);
	assert_int_equal(rig_int(r, "items"), 1);
	CHECK(r, ANN, "POST", on, with, 403);
	CHECK(r, RULER, "POST", on, with, 200);
	CHECK_TEXT(r, "state", "active");
	CHECK(r, RULER, "POST", on, with, 409);
	CHECK(r, RULER, "PATCH", one, "{\"name\":\"the lane\"}", 200); /* a name is no new revision */
	CHECK_TEXT(r, "state", "active");
	CHECK(r, RULER, "PATCH", one,
	      "{\"definition\":{\"kind\":\"dwell\",\"severity\":\"high\",\"template\":\"fire-lane\",\"key\":\"device\","
	      "\"for_s\":600,"
	      "\"when\":{\"type\":\"cn.jiuan.camera.lane.v1\"},\"stale_s\":60}}",
	      200);
	assert_int_equal(rig_int(r, "revision"), 2);
	CHECK_TEXT(r, "state", "draft");
	CHECK(r, RULER, "POST", on, with, 409);
	CHECK_TEXT(r, "code", "other_revision");
	CHECK(r, RULER, "GET", rig_fmt(r, "%s/revisions", one), NULL, 200);
	assert_int_equal(rig_int(r, "items"), 2);
	assert_int_equal(rig_int(r, "items.0.revision"), 2);
	assert_int_equal(rig_int(r, "items.1.definition.for_s"), 300);
	CHECK(r, RULER, "POST", rig_fmt(r, "%s/switch_off", one), "{\"reason\":\"noise\"}", 409);
}

static void test_templates(void **state)
{
	struct rig *r = *state;

	rig_seed(r);
	rig_seed(r); /* again: nothing more */
	assert_int_equal(rig_count(r, "SELECT count(*) FROM watch_rule WHERE state = 'active'"), 7);
	CHECK(r, ANN, "GET", "/api/watch/rule?state=active", NULL, 200);
	assert_int_equal(rig_int(r, "items"), 7);
	CHECK(r, SOUTH, "GET", "/api/watch/rule", NULL, 200);
	assert_int_equal(rig_int(r, "items"), 0);
	CHECK(r, NONE, "GET", "/api/watch/rule", NULL, 403);
}

#define T(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
		T(test_definitions_are_checked_to_the_path),
		T(test_a_rule_is_switched_on_after_its_backtest),
		T(test_templates),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run_all("watch rule", group);
}
