/* frigate_test.c - Frigate's messages and lists as neutral events. */
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

static const struct json *data_of(const struct device_event *e)
{
	struct json_error err;
	struct json *j;

	assert_int_equal(json_parse(a, e->data, 0, &j, &err), RC_OK);
	assert_int_equal(j->kind, J_MAP);
	return j;
}

#define AFTER(more)                                                                                             \
	"\"after\":{\"id\":\"1607123955.475377-mxklsc\",\"camera\":\"front\",\"frame_time\":1607123962.082975," \
	"\"label\":\"car\",\"sub_label\":null,\"top_score\":0.958984375,\"false_positive\":false,"              \
	"\"start_time\":1607123955.475377,\"score\":0.87890625,\"box\":[1,2,3,4],\"has_snapshot\":true,"        \
	"\"has_clip\":false,\"stationary\":true," more "}"

static void test_event(void **state)
{
	struct device_events got = read_good("frigate/events", "{\"type\":\"update\",\"before\":{}," AFTER(
								       "\"end_time\":null,\"current_zones\":[\"lane\"],"
								       "\"entered_zones\":[\"yard\",\"lane\"]") "}");

	(void)state;
	assert_int_equal(got.n, 2);
	assert_true(str_is(got.items[0].source, "frigate/front"));
	assert_true(str_is(got.items[0].type, "cn.jiuan.camera.object.v1"));
	assert_true(str_is(got.items[0].id, "1607123955.475377-mxklsc/update/1607123962082975/yard"));
	assert_true(str_is(got.items[1].id, "1607123955.475377-mxklsc/update/1607123962082975/lane"));
	assert_true(str_is(got.items[0].subject, "1607123955.475377-mxklsc"));
	assert_true(got.items[0].at == 1607123962082975);
	assert_string_equal(
		got.items[1].data.p,
		"{\"object_id\":\"1607123955.475377-mxklsc\",\"phase\":\"update\",\"label\":\"car\",\"zone\":\"lane\","
		"\"current\":true,\"score\":0.87890625,\"stationary\":true,\"has_snapshot\":true,\"has_clip\":false,"
		"\"started_at\":\"2020-12-04T23:19:15.475377Z\",\"frame_at\":\"2020-12-04T23:19:22.082975Z\","
		"\"ended_at\":null}");
	assert_int_equal(json_get(data_of(&got.items[0]), "current")->i, 0);
	got = read_good("frigate/events", "{\"type\":\"new\"," AFTER("\"end_time\":null,\"entered_zones\":[]") "}");
	assert_int_equal(got.n, 1);
	assert_true(str_is(got.items[0].id, "1607123955.475377-mxklsc/new/"));
	assert_true(str_is(json_get_text(data_of(got.items), "zone"), ""));
	assert_int_equal(json_get(data_of(got.items), "current")->i, 1);
}

/* The list of HTTP gives the ids that MQTT's end gave. */
static void test_same_ids(void **state)
{
	struct device_events mqtt = read_good("frigate/events",
					      "{\"type\":\"end\"," AFTER(
						      "\"end_time\":1607123970.5,\"current_zones\":[\"lane\"],"
						      "\"entered_zones\":[\"yard\",\"lane\"]") "}"),
			     http;
	struct device_error err;
	size_t skipped;

	(void)state;
	assert_int_equal(
		frigate_read_events(
			&plain, a,
			STR("[{\"id\":\"1607123955.475377-mxklsc\",\"camera\":\"front\",\"label\":\"car\","
			    "\"zones\":[\"yard\",\"lane\"],\"start_time\":1607123950.4,\"end_time\":1607123975.5,"
			    "\"has_clip\":true,\"has_snapshot\":true,\"false_positive\":null,\"sub_label\":null,"
			    "\"thumbnail\":\"\",\"data\":{\"score\":0.8,\"top_score\":0.9}},"
			    "{\"id\":\"a-1\",\"camera\":\"front\",\"label\":\"dog\",\"zones\":[],\"start_time\":5,"
			    "\"end_time\":null},"
			    "{\"id\":\"a-2\",\"camera\":\"front\",\"label\":\"dog\",\"zones\":[],\"start_time\":5,"
			    "\"end_time\":6,\"false_positive\":true},"
			    "{\"id\":\"bad/id\",\"camera\":\"front\",\"label\":\"dog\"}]"),
			&http, &skipped, &err),
		RC_OK);
	assert_int_equal(mqtt.n, 2);
	assert_int_equal(http.n, 3);
	assert_int_equal(skipped, 1);
	assert_string_equal(err.code, "characters");
	assert_int_equal(err.at, 3);
	for (size_t i = 0; i < 2; i++) {
		assert_true(str_eq(mqtt.items[i].id, http.items[i].id));
		assert_true(str_eq(mqtt.items[i].source, http.items[i].source));
		assert_int_equal(json_get(data_of(&mqtt.items[i]), "current")->i, 0);
	}
	assert_true(mqtt.items[0].at == 1607123970500000);
	assert_true(str_is(mqtt.items[0].id, "1607123955.475377-mxklsc/end/yard"));
	assert_true(str_is(json_get(data_of(http.items), "score")->raw, "0.9"));
	assert_true(str_is(http.items[2].id, "a-1/new/"));
	assert_int_equal(json_get(data_of(&http.items[2]), "current")->kind, J_NULL);
}

#define REVIEW(end)                                                                                                  \
	"{\"id\":\"1718987129.3-ab12\",\"camera\":\"front\",\"start_time\":1718987129.25,\"end_time\":" end          \
	",\"severity\":\"alert\",\"thumb_path\":\"/"                                                                 \
	"x\",\"data\":{\"detections\":[\"d\"],\"objects\":[\"person-verified\","                                     \
	"\"person\",\"car\",\"license_plate\",\"amazon\"],\"sub_labels\":[\"Bob\"],\"zones\":[\"yard\"],\"audio\":[" \
	"\"glass\",\"speech\"]}}"

static void test_review(void **state)
{
	struct device_events got = read_good("frigate/reviews",
					     "{\"type\":\"end\",\"before\":{},\"after\":" REVIEW("1718987140") "}"),
			     update, again, http;
	struct device_error err;
	size_t skipped;

	(void)state;
	assert_int_equal(got.n, 1);
	assert_true(str_is(got.items[0].id, "review/1718987129.3-ab12/end"));
	assert_true(got.items[0].at == 1718987140 * SECOND);
	assert_string_equal(
		got.items[0].data.p,
		"{\"review_id\":\"1718987129.3-ab12\",\"phase\":\"end\",\"severity\":\"alert\",\"objects\":[\"person\","
		"\"car\"],"
		"\"zones\":[\"yard\"],\"sounds\":[\"glass\"],\"started_at\":\"2024-06-21T16:25:29.250000Z\","
		"\"ended_at\":\"2024-06-21T16:25:40Z\"}");
	assert_int_equal(frigate_read_reviews(&plain, a, STR("[" REVIEW("1718987140") "," REVIEW("null") "]"), &http,
					      &skipped, &err),
			 RC_OK);
	assert_int_equal(http.n, 2);
	assert_int_equal(skipped, 0);
	assert_true(str_eq(http.items[0].id, got.items[0].id));
	assert_true(str_eq(http.items[0].data, got.items[0].data));
	assert_true(str_is(http.items[1].id, "review/1718987129.3-ab12/new"));
	update = read_good("frigate/reviews", "{\"type\":\"update\",\"after\":" REVIEW("null") "}");
	again = read_good("frigate/reviews", "{\"type\":\"update\",\"after\":" REVIEW("null") "}");
	assert_true(str_eq(update.items[0].id, again.items[0].id));
	assert_int_equal(update.items[0].at, NOW);
}

static void test_state(void **state)
{
	static const struct {
		const char *topic, *payload, *source, *type, *data;
	} want[] = {
		{ "frigate/available", "online", "frigate", EVENT_DEVICE_ONLINE, "{\"reason\":\"online\"}" },
		{ "frigate/available", "stopped", "frigate", EVENT_DEVICE_OFFLINE, "{\"reason\":\"stopped\"}" },
		{ "frigate/available", "offline\n", "frigate", EVENT_DEVICE_OFFLINE, "{\"reason\":\"offline\"}" },
		{ "frigate/front/status/detect", "offline", "frigate/front", EVENT_DEVICE_OFFLINE,
		  "{\"reason\":\"offline\"}" },
		{ "frigate/front/status/detect", "disabled", "frigate/front", EVENT_DEVICE_OFFLINE,
		  "{\"reason\":\"disabled\"}" },
		{ "frigate/front/status/detect", "online", "frigate/front", EVENT_DEVICE_ONLINE,
		  "{\"reason\":\"online\"}" },
		{ "frigate/front/status/record", "offline", "frigate/front", EVENT_DEVICE_HEALTH,
		  "{\"part\":\"record\",\"state\":\"offline\"}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++) {
		struct device_events got = read_good(want[i].topic, want[i].payload);

		assert_int_equal(got.n, 1);
		assert_true(str_is(got.items[0].source, want[i].source));
		assert_true(str_is(got.items[0].type, want[i].type));
		assert_true(str_is(got.items[0].data, want[i].data));
		assert_int_equal(got.items[0].at, NOW);
		assert_true(got.items[0].id.n > 0);
	}
}

static void test_class(void **state)
{
	static const char text[] =
		"{\"type\":\"classification\",\"id\":\"1.5-ab\",\"camera\":\"lift\",\"timestamp\":1718987129.5,"
		"\"model\":\"%s\",\"%s\":\"%s\",\"score\":0.9}";
	char payload[300];

	(void)state;
	snprintf(payload, sizeof(payload), text, "e_bike_kind", "attribute", "E-Bike");
	struct device_events got = read_good("frigate/tracked_object_update", payload);

	assert_int_equal(got.n, 1);
	assert_true(str_is(got.items[0].id, "1.5-ab/class/e_bike_kind/1718987129500000"));
	assert_true(str_is(got.items[0].data,
			   "{\"object_id\":\"1.5-ab\",\"model\":\"e_bike_kind\",\"class\":\"e_bike\",\"score\":0.9}"));
	snprintf(payload, sizeof(payload), text, "e_bike_kind", "sub_label", "Electric Scooter");
	assert_int_equal(read_good("frigate/tracked_object_update", payload).n, 1);
	snprintf(payload, sizeof(payload), text, "e_bike_kind", "sub_label", "Bob");
	assert_int_equal(read_good("frigate/tracked_object_update", payload).n, 0);
	snprintf(payload, sizeof(payload), text, "residents", "sub_label", "e_bike");
	assert_int_equal(read_good("frigate/tracked_object_update", payload).n, 0);
}

static void test_ignored(void **state)
{
	static const char *const topics[] = { "frigate",
					      "frigate/",
					      "frigatex/events",
					      "other/events",
					      "frigate/stats",
					      "frigate/front/person",
					      "frigate/front/motion",
					      "frigate/front/status/",
					      "frigate/front/detect/set",
					      "frigate/front/status/x/y" };

	(void)state;
	for (size_t i = 0; i < COUNT(topics); i++)
		assert_int_equal(read_good(topics[i], "offline").n, 0);
	assert_int_equal(read_good("frigate/tracked_object_update", "{\"type\":\"face\",\"name\":\"x\"}").n, 0);
	assert_int_equal(read_good("frigate/events", "{\"type\":\"new\",\"after\":{\"false_positive\":true}}").n, 0);
	assert_int_equal(read_good("frigate/events", "{\"type\":\"new\",\"after\":{\"id\":\"1\",\"camera\":\"c\","
						     "\"label\":\"face\",\"frame_time\":5,"
						     "\"false_positive\":false}}")
				 .n,
			 0);
}

static void test_bad(void **state)
{
	static const struct {
		const char *topic, *payload, *code, *field;
	} bad[] = {
		{ "frigate/events", "{\"type\":", "not_json", "" },
		{ "frigate/events", "[]", "missing", "type" },
		{ "frigate/events", "{\"type\":\"x\",\"after\":{}}", "unknown_word", "type" },
		{ "frigate/events", "{\"type\":\"new\"}", "missing", "after" },
		{ "frigate/events", "{\"type\":\"new\",\"after\":{}}", "missing", "false_positive" },
		{ "frigate/events", "{\"type\":\"new\",\"after\":{\"false_positive\":null}}", "wrong_type",
		  "false_positive" },
		{ "frigate/events", "{\"type\":\"new\",\"after\":{\"false_positive\":false}}", "missing", "id" },
		{ "frigate/events", "{\"type\":\"new\",\"after\":{\"false_positive\":false,\"id\":\"a/b\"}}",
		  "characters", "id" },
		{ "frigate/events",
		  "{\"type\":\"new\",\"after\":{\"false_positive\":false,\"id\":\"a\",\"camera\":\"x\\n\"}}",
		  "characters", "camera" },
		{ "frigate/events",
		  "{\"type\":\"new\",\"after\":{\"false_positive\":false,\"id\":\"a\",\"camera\":\"x\",\"label\":"
		  "\"car\",\"frame_time\":1e30}}",
		  "time", "frame_time" },
		{ "frigate/events",
		  "{\"type\":\"new\",\"after\":{\"false_positive\":false,\"id\":\"a\",\"camera\":\"x\",\"label\":"
		  "\"car\"}}",
		  "missing", "frame_time" },
		{ "frigate/available", "maybe", "unknown_word", "available" },
		{ "frigate/front/status/detect", "{}", "unknown_word", "status" },
		{ "frigate/reviews",
		  "{\"type\":\"new\",\"after\":{\"id\":\"a\",\"camera\":\"c\",\"severity\":\"x\",\"start_time\":1,"
		  "\"data\":{}}}",
		  "unknown_word", "severity" },
		{ "frigate/tracked_object_update", "{}", "missing", "type" },
	};
	struct device_events got;
	struct device_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(frigate_read(&plain, a, str_of(bad[i].topic), str_of(bad[i].payload), NOW, &got, &err),
				 RC_INVALID);
		assert_int_equal(got.n, 0);
		if (strcmp(err.code, bad[i].code) != 0 || strcmp(err.field, bad[i].field) != 0)
			fail_msg("%s: %s %s", bad[i].payload, err.code, err.field);
	}
}

static struct str zones_of(size_t n)
{
	struct buf b = buf_new(a, 10000);

	buf_add(&b, STR("{\"type\":\"new\"," AFTER("\"entered_zones\":[\"z0\"")));
	b.n -= 1; /* the brace of AFTER comes after the list */
	for (size_t i = 1; i < n; i++)
		buf_fmt(&b, ",\"z%zu\"", i);
	buf_add(&b, STR("]}}"));
	return buf_str(&b);
}

static void test_limits(void **state)
{
	const struct frigate own = { .prefix = STR_INIT("site/a") };
	struct device_events got;
	struct device_error err;
	struct buf b = buf_new(a, 100000);
	size_t skipped;

	(void)state;
	for (size_t n = FRIGATE_MAX_ZONES - 1; n <= FRIGATE_MAX_ZONES + 1; n++) {
		enum rc rc = frigate_read(&plain, a, STR("frigate/events"), zones_of(n), NOW, &got, &err);

		assert_int_equal(rc, n > FRIGATE_MAX_ZONES ? RC_INVALID : RC_OK);
		assert_int_equal(got.n, n > FRIGATE_MAX_ZONES ? 0 : n);
	}
	assert_int_equal(frigate_read(&own, a, STR("site/a/available"), STR("online"), NOW, &got, &err), RC_OK);
	assert_true(str_is(got.items[0].source, "site/a"));
	assert_int_equal(frigate_read(&own, a, STR("frigate/available"), STR("online"), NOW, &got, &err), RC_OK);
	assert_int_equal(got.n, 0);
	for (int n = FRIGATE_MAX_LIST - 1; n <= FRIGATE_MAX_LIST + 1; n++) {
		b.n = 0;
		for (int i = 0; i < n; i++)
			buf_add(&b, i ? STR(",0") : STR("[0"));
		buf_char(&b, ']');
		assert_int_equal(frigate_read_events(&plain, a, buf_str(&b), &got, &skipped, &err),
				 n > FRIGATE_MAX_LIST ? RC_LIMIT : RC_OK);
		assert_int_equal(skipped, n > FRIGATE_MAX_LIST ? 0 : n);
	}
	/* source and id stay within what ingest takes, also at the longest */
	b.n = 0;
	buf_fmt(&b,
		"{\"type\":\"update\",\"after\":{\"id\":\"%040d\",\"camera\":\"%048d\",\"label\":\"car\",\"frame_"
		"time\":253402300799,"
		"\"false_positive\":false,\"entered_zones\":[\"%048d\"]}}",
		1, 2, 3);
	assert_int_equal(frigate_read(&plain, a, STR("frigate/events"), buf_str(&b), NOW, &got, &err), RC_OK);
	assert_int_equal(got.n, 1);
	assert_true(got.items[0].id.n <= 128 && got.items[0].source.n <= 128);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event), cmocka_unit_test(test_same_ids), cmocka_unit_test(test_review),
		cmocka_unit_test(test_state), cmocka_unit_test(test_class),    cmocka_unit_test(test_ignored),
		cmocka_unit_test(test_bad),   cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
