/* frigate_canary_test.c - G17: nothing about a face, a name or a plate passes.
 * Markers stand in every field that Frigate has for them, and in fields it does
 * not have yet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/frigate.h"

enum { NOW = 1000000 };

static struct arena *a;
static const struct str models[] = { STR_INIT("e_bike_kind") };
static const struct frigate plain = { .models = models, .models_n = COUNT(models) };

static int setup(void **state)
{
	(void)state;
	a = arena_new(64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static struct device_events read_good(const char *topic, const char *payload)
{
	struct device_events got;
	struct device_error err;

	if (frigate_read(&plain, a, str_of(topic), str_of(payload), NOW, &got, &err) != RC_OK)
		fail_msg("%s %s: %s %s", topic, payload, err.code, err.field);
	assert_null(err.code);
	return got;
}

static void no_marker(struct str s)
{
	for (size_t i = 0; i + 6 <= s.n; i++)
		if (memcmp(s.p + i, "MARKER", 6) == 0)
			fail_msg("passed: " FMT_STR, ARG_STR(s));
}

static void no_markers(const struct device_events *got)
{
	for (size_t i = 0; i < got->n; i++) {
		no_marker(got->items[i].source);
		no_marker(got->items[i].id);
		no_marker(got->items[i].type);
		no_marker(got->items[i].subject);
		no_marker(got->items[i].data);
	}
}

#define PERSONAL                                                                                                       \
	"\"sub_label\":[\"MARKER "                                                                                     \
	"name\",0.9],\"recognized_license_plate\":\"MARKER1\",\"recognized_license_plate_score\":0.9,"                 \
	"\"attributes\":{\"face\":0.9,\"MARKER2\":1},\"current_attributes\":[{\"label\":\"MARKER3\",\"box\":[1,2,3,4]" \
	"}],"                                                                                                          \
	"\"thumbnail\":\"MARKER4\",\"description\":\"MARKER5\",\"box\":[\"MARKER6\"],\"region\":\"MARKER7\","          \
	"\"snapshot\":{\"attributes\":[\"MARKER8\"]},\"path_data\":[\"MARKER9\"],\"plus_id\":\"MARKER10\",\"name\":"   \
	"\"MARKER11\","                                                                                                \
	"\"plate\":\"MARKER12\",\"face\":\"MARKER13\",\"MARKER14\":\"MARKER15\",\"top_score\":\"MARKER16\","           \
	"\"thumb_path\":\"MARKER17\""

static void test_canary(void **state)
{
	static const char object[] =
		"{\"id\":\"1.2-ab\",\"camera\":\"c\",\"label\":\"person\",\"false_positive\":false,\"frame_time\":5,"
		"\"start_time\":4,\"end_time\":6,\"zones\":[\"z\"],\"entered_zones\":[\"z\"],\"score\":\"MARKER\","
		"\"data\":{\"description\":\"MARKER\",\"sub_label\":\"MARKER\",\"attributes\":[\"MARKER\"],"
		"\"recognized_license_plate\":\"MARKER\",\"score\":\"MARKER\"}," PERSONAL "}";
	static const char review[] =
		"{\"id\":\"1.2-ab\",\"camera\":\"c\",\"severity\":\"alert\",\"start_time\":4,\"end_time\":6,"
		"\"data\":{\"detections\":[\"MARKER\"],\"objects\":[\"person-verified\",\"MARKER\",\"MARKER-verified\"]"
		","
		"\"sub_labels\":[\"MARKER\"],\"zones\":[\"z\"],\"audio\":[\"MARKER\"],"
		"\"metadata\":{\"title\":\"MARKER\"}}," PERSONAL "}";
	static const char *const kinds[] = { "description", "face", "lpr", "classification", "MARKER" };
	struct device_events got;
	struct device_error err;
	char text[3000];
	size_t skipped;

	(void)state;
	snprintf(text, sizeof(text), "{\"type\":\"end\",\"before\":%s,\"after\":%s}", object, object);
	got = read_good("frigate/events", text);
	assert_int_equal(got.n, 1);
	no_markers(&got);
	snprintf(text, sizeof(text), "{\"type\":\"update\",\"before\":%s,\"after\":%s}", review, review);
	got = read_good("frigate/reviews", text);
	assert_int_equal(got.n, 1);
	no_markers(&got);
	snprintf(text, sizeof(text), "[%s]", object);
	assert_int_equal(frigate_read_events(&plain, a, str_of(text), &got, &skipped, &err), RC_OK);
	assert_int_equal(got.n, 1);
	no_markers(&got);
	snprintf(text, sizeof(text), "[%s]", review);
	assert_int_equal(frigate_read_reviews(&plain, a, str_of(text), &got, &skipped, &err), RC_OK);
	assert_int_equal(got.n, 1);
	no_markers(&got);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		snprintf(text, sizeof(text),
			 "{\"type\":\"%s\",\"id\":\"1.2-ab\",\"camera\":\"c\",\"timestamp\":5,\"model\":\"e_bike_"
			 "kind\",\"score\":\"MARKER\","
			 "\"attribute\":\"%s\"," PERSONAL "}",
			 kinds[i], i == 3 ? "e_bike" : "MARKER");
		got = read_good("frigate/tracked_object_update", text);
		assert_int_equal(got.n, i == 3);
		no_markers(&got);
	}
	got = read_good("frigate/triggers", "{\"name\":\"MARKER\"}");
	assert_int_equal(got.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_canary) };

	return cmocka_run_group_tests(tests, setup, teardown);
}
