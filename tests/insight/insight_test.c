/* Claims beside what is computed: S3, S4 and S5 of the city's report. */
#include "harness.h"

#include "domain/insight/insight.h"
#include "domain/places/places.h"
#include "files/files.h"

#include <math.h>
#include <string.h>

#define CLAIM "/api/insight/claim"

static const struct module *const modules[] = { &files_module, &places_module, &insight_module, NULL };
static const char *const office[] = { "places.*", "insight.*", NULL };
static const char *const reader[] = { "insight.claim.read", NULL };
static const struct role roles[] = { { "office", office }, { "reader", reader }, { 0 } };

static struct rig *r;
static const struct actor *boss;
static const char *city, *community;

static void build(struct rig *rig)
{
	const char *district, *street;

	r = rig;
	boss = rig_actor(r, "boss", "office@", NULL);
	city = create(r, boss, "/api/places/place", "{\"kind\":\"city\",\"code\":\"3601\"}");
	district = create(r, boss, "/api/places/place",
			  fmt(r, "{\"parent_id\":\"%s\",\"kind\":\"district\",\"code\":\"d\"}", city));
	street = create(r, boss, "/api/places/place",
			fmt(r, "{\"parent_id\":\"%s\",\"kind\":\"subdistrict\",\"code\":\"s\"}", district));
	community = create(r, boss, "/api/places/place",
			   fmt(r, "{\"parent_id\":\"%s\",\"kind\":\"community\",\"code\":\"c\"}", street));
}

static const char *claim(const char *place, const char *rest)
{
	return create(
		r, boss, CLAIM,
		fmt(r, "{\"place_id\":\"%s\",\"source\":\"2022 report\",\"source_on\":\"2022-08\",%s}", place, rest));
}

static const struct json *flag(const struct json *item, const char *code)
{
	for (const struct json *j = at(item, "flags")->child; j; j = j->next)
		if (strcmp(text_at(r, j, "code"), code) == 0)
			return j;
	return NULL;
}

static double real(const struct json *j, const char *dotted)
{
	double d;

	return at(j, dotted) && json_number(at(j, dotted), &d) ? d : (double)NAN;
}

static void works(int planned, int accepted)
{
	for (int i = 0; i < planned; i++) {
		const char *place = create(r, boss, "/api/places/place",
					   fmt(r, "{\"parent_id\":\"%s\",\"kind\":\"enclosure\",\"code\":\"e%d\"}",
					       community, i)),
			   *id = create(r, boss, "/api/places/work",
					fmt(r, "{\"place_id\":\"%s\",\"kind\":\"boundary\",\"title\":\"t\"}", place));

		for (int k = 0; i < accepted && k < 3; k++)
			call(r, boss, "POST",
			     fmt(r, "/api/places/work/%s/%s", id,
				 k == 0   ? "start"
				 : k == 1 ? "finish"
					  : "accept"),
			     k == 2 ? "{\"no_photo_reason\":\"none\"}" : "{}", 200);
	}
}

/* 7 of 8 finished is 87.5 %; 84.4 % does not follow from them, 87.5 % does. */
static void rates(struct rig *rig)
{
	const struct json *j;

	build(rig);
	works(8, 7);
	claim(city, "\"figure\":\"enclosures_finished\",\"value\":84.4,\"n\":7,\"d\":8");
	j = at(call(r, boss, "GET", "/api/insight/compare", NULL, 200), "items.0");
	assert_int_equal(int_at(j, "computed.n"), 7);
	assert_int_equal(int_at(j, "computed.d"), 8);
	assert_true(real(j, "computed.value") == 87.5);
	assert_true(real(flag(j, "not_from_own_parts"), "from_parts") == 87.5);
	assert_true(real(flag(j, "differs_from_computed"), "claimed") == 84.4);
	assert_null(flag(j, "implied_base"));
	assert_null(flag(j, "other_claim"));
	claim(city, "\"figure\":\"enclosures_finished\",\"value\":87.5,\"n\":7,\"d\":8");
	j = at(call(r, boss, "GET", "/api/insight/compare", NULL, 200), "items.1");
	assert_null(flag(j, "not_from_own_parts"));
	assert_null(flag(j, "differs_from_computed"));
	assert_non_null(flag(j, "other_claim"));
}

/* Rounding is no contradiction: 2 of 3 is 66.7 and 66.67, but not 66.6. */
static void rounding(struct rig *rig)
{
	static const struct {
		const char *value;
		bool fits;
	} all[] = { { "66.7", true },
		    { "66.67,\"decimals\":2", true },
		    { "66.7,\"decimals\":2", false },
		    { "66.6", false },
		    { "67,\"decimals\":0", true } };
	const struct json *j;

	build(rig);
	for (size_t i = 0; i < COUNT(all); i++)
		claim(city, fmt(r, "\"figure\":\"communities_covered\",\"n\":2,\"d\":3,\"value\":%s", all[i].value));
	j = call(r, boss, "GET", "/api/insight/compare?figure=communities_covered", NULL, 200);
	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(flag(at(j, fmt(r, "items.%zu", i)), "not_from_own_parts") == NULL, all[i].fits);
}

/* S4: 1,963 are 82.3 % of about 2,385; "128 built" is another definition. */
static void definitions(struct rig *rig)
{
	const struct json *j;

	build(rig);
	claim(city,
	      "\"figure\":\"communities_covered\",\"value\":82.3,\"n\":1963,\"definition\":\"smart safe communities\"");
	claim(city, "\"figure\":\"communities_covered\",\"n\":128,\"definition\":\"built\"");
	j = call(r, boss, "GET", fmt(r, "/api/insight/compare?place=%s", city), NULL, 200);
	assert_int_equal(int_at(flag(at(j, "items.0"), "implied_base"), "d"), 2385);
	assert_string_equal(text_at(r, flag(at(j, "items.0"), "other_claim"), "definition"), "built");
	assert_string_equal(text_at(r, flag(at(j, "items.1"), "other_claim"), "definition"), "smart safe communities");
	assert_null(flag(at(j, "items.1"), "implied_base"));
	assert_int_equal(at(j, "items.0.computed.value")->kind, J_NULL);
}

static void counts_and_areas(struct rig *rig)
{
	const struct json *j;
	const char *square =
		"{\"boundary\":{\"type\":\"Polygon\",\"coordinates\":[[[115.9,28.68],[115.91,28.68],[115.91,28.69],"
		"[115.9,28.69],[115.9,28.68]]]}}";

	build(rig);
	call(r, boss, "PATCH", fmt(r, "/api/places/place/%s", community), square, 200); /* 1.083 km2 */
	create(r, boss, "/api/places/place",
	       fmt(r, "{\"parent_id\":\"%s\",\"kind\":\"building\",\"code\":\"1\"}", community));
	claim(community, "\"figure\":\"area_km2\",\"value\":1.04");
	claim(community, "\"figure\":\"buildings\",\"value\":1");
	claim(community, "\"figure\":\"dwellings\",\"n\":3");
	j = call(r, boss, "GET", "/api/insight/compare?figure=area_km2", NULL, 200);
	assert_int_equal(at(j, "items.0.flags")->n, 0); /* 4 % is within the 5 % */
	j = call(r, boss, "GET", "/api/insight/compare?figure=buildings", NULL, 200);
	assert_int_equal(at(j, "items.0.flags")->n, 0);
	j = call(r, boss, "GET", "/api/insight/compare?figure=dwellings", NULL, 200);
	assert_true(real(flag(at(j, "items.0"), "differs_from_computed"), "computed") == 0);
	claim(community, "\"figure\":\"area_km2\",\"value\":0.97");
	j = at(call(r, boss, "GET", "/api/insight/compare?figure=area_km2", NULL, 200), "items.1");
	assert_true(fabs(real(flag(j, "differs_from_computed"), "computed") - 1.08) < 0.001);
}

static void wrong_input(struct rig *rig)
{
	static const struct {
		const char *rest, *code, *field;
	} bad[] = {
		{ "\"figure\":\"luck\",\"value\":1,\"source\":\"xx\",\"source_on\":\"2022\"", "unknown_word",
		  "figure" },
		{ "\"figure\":\"area_km2\",\"source\":\"xx\",\"source_on\":\"2022\"", "required", "value" },
		{ "\"figure\":\"area_km2\",\"value\":1,\"source_on\":\"2022\"", "required", "source" },
		{ "\"figure\":\"area_km2\",\"value\":1,\"source\":\"xx\",\"source_on\":\"2022-13\"", "bad_day",
		  "source_on" },
		{ "\"figure\":\"area_km2\",\"value\":1,\"source\":\"xx\",\"source_on\":\"summer\"", "bad_day",
		  "source_on" },
		{ "\"figure\":\"area_km2\",\"value\":1,\"d\":2,\"source\":\"xx\",\"source_on\":\"2022\"", "required",
		  "n" },
		{ "\"figure\":\"area_km2\",\"n\":3,\"d\":2,\"source\":\"xx\",\"source_on\":\"2022\"", "out_of_range",
		  "n" },
	};
	const struct actor *near;
	const char *id;

	build(rig);
	near = rig_actor(r, "ned", "reader@36.3601.d.", NULL);
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, boss, "POST", CLAIM, fmt(r, "{\"place_id\":\"%s\",%s}", city, bad[i].rest), 400, bad[i].code,
			bad[i].field);
	refused(r, near, "POST", CLAIM, "{}", 403, "denied", "");
	id = claim(city, "\"figure\":\"area_km2\",\"value\":1");
	claim(community, "\"figure\":\"area_km2\",\"value\":1");
	refused(r, near, "GET", fmt(r, CLAIM "/%s", id), NULL, 404, "not_found", "id");
	assert_int_equal(at(call(r, near, "GET", "/api/insight/compare", NULL, 200), "items")->n, 1);
	call(r, boss, "PATCH", fmt(r, CLAIM "/%s", id), "{\"value\":2}", 200);
	refused(r, boss, "PATCH", fmt(r, CLAIM "/%s", id), "{\"value\":null}", 400, "required", "value");
}

#define ON_EACH(name)                               \
	static void test_##name(void **state)       \
	{                                           \
		(void)state;                        \
		on_each_kind(name, modules, roles); \
	}
ON_EACH(rates)
ON_EACH(rounding)
ON_EACH(definitions)
ON_EACH(counts_and_areas)
ON_EACH(wrong_input)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates),       cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_definitions), cmocka_unit_test(test_counts_and_areas),
		cmocka_unit_test(test_wrong_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
