/* cloudevents_test.c - CloudEvents 1.0.2 in its four HTTP shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "device/cloudevents.h"

static struct arena *a;

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

#define REQUIRED "\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\""

/* One event's error code and field as "code field", "" when good. */
static const char *verdict(const char *text, struct cloud_event *ev)
{
	static char out[100];
	struct cloud_error err;
	struct cloud_reader r;

	assert_int_equal(cloud_open_json(a, str_of(text), &r, &err), RC_OK);
	assert_int_equal(r.n, 1);
	assert_true(cloud_next(&r, ev, &err));
	snprintf(out, sizeof(out), "%s%s%s", err.code ? err.code : "", err.code ? " " : "", err.code ? err.field : "");
	assert_int_equal(r.i, 1);
	assert_false(cloud_next(&r, ev + 1, &err));
	return out;
}

static void test_good(void **state)
{
	struct cloud_event ev[2];

	(void)state;
	assert_string_equal(
		verdict("{" REQUIRED ",\"time\":\"2026-03-12T09:07:41+08:00\",\"subject\":\"o-1\",\"dataschema\":\"u\","
			"\"datacontenttype\":\"application/json; charset=utf-8\",\"comext\":1,\"x2\":true,\"y\":\"z\","
			"\"data\":{\"k\": 1}}",
			ev),
		"");
	assert_true(str_is(ev->id, "1") && str_is(ev->source, "s") && str_is(ev->type, "t") &&
		    str_is(ev->subject, "o-1"));
	assert_true(ev->at == 1773277661 * SECOND);
	assert_int_equal(json_get_int(ev->data, "k", 0), 1);
	assert_true(str_is(ev->data_raw, "{\"k\": 1}"));
	assert_string_equal(verdict("{" REQUIRED "}", ev), "");
	assert_true(ev->at == 0 && ev->data == NULL && ev->data_raw.p == NULL && ev->subject.p == NULL);
	/* null is absent */
	assert_string_equal(verdict("{" REQUIRED
				    ",\"data\":null,\"time\":null,\"subject\":null,\"data_base64\":null,\"X\":null}",
				    ev),
			    "");
	assert_string_equal(
		verdict("{\"specversion\":\"1.0\",\"\\u0069d\":\"\\u5357\",\"source\":\"s\",\"type\":\"t\"}", ev), "");
	assert_true(str_is(ev->id, "\xE5\x8D\x97"));
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *want;
	} bad[] = {
		{ "{}", "missing specversion" },
		{ "{\"specversion\":\"1.0\",\"source\":\"s\",\"type\":\"t\"}", "missing id" },
		{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"type\":\"t\"}", "missing source" },
		{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\"}", "missing type" },
		{ "{\"specversion\":\"1.0\",\"id\":null,\"source\":\"s\",\"type\":\"t\"}", "missing id" },
		{ "{\"specversion\":\"0.3\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}", "specversion specversion" },
		{ "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"s\",\"type\":\"t\"}", "wrong_type specversion" },
		{ "{\"specversion\":\"1.0\",\"id\":1,\"source\":\"s\",\"type\":\"t\"}", "wrong_type id" },
		{ "{\"specversion\":\"1.0\",\"id\":\"\",\"source\":\"s\",\"type\":\"t\"}", "length id" },
		{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"\",\"type\":\"t\"}", "length source" },
		{ "{\"specversion\":\"1.0\",\"id\":\"a\\u001fb\",\"source\":\"s\",\"type\":\"t\"}",
		  "control_character id" },
		{ "{\"specversion\":\"1.0\",\"id\":\"12345678\\u007f\",\"source\":\"s\",\"type\":\"t\"}",
		  "control_character id" },
		{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"abcdefg\\u0085\",\"type\":\"t\"}",
		  "control_character source" },
		{ "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"a\\r\\nb\"}",
		  "control_character type" },
		{ "{" REQUIRED ",\"subject\":\"\"}", "length subject" },
		{ "{" REQUIRED ",\"time\":\"2026-03-12\"}", "time time" },
		{ "{" REQUIRED ",\"time\":1773277661}", "wrong_type time" },
		{ "{" REQUIRED ",\"data\":[]}", "wrong_type data" },
		{ "{" REQUIRED ",\"data\":\"text\"}", "wrong_type data" },
		{ "{" REQUIRED ",\"data_base64\":\"QQ==\"}", "data_base64 data_base64" },
		{ "{" REQUIRED ",\"datacontenttype\":\"text/xml\"}", "content_type datacontenttype" },
		{ "{" REQUIRED ",\"datacontenttype\":7}", "wrong_type datacontenttype" },
		{ "{" REQUIRED ",\"Upper\":1}", "attribute_name extension" },
		{ "{" REQUIRED ",\"under_score\":1}", "attribute_name extension" },
		{ "{" REQUIRED ",\"\":1}", "attribute_name extension" },
		{ "{" REQUIRED ",\"abcdefghij0123456789x\":1}", "attribute_name extension" },
		{ "{" REQUIRED ",\"ext\":{}}", "wrong_type extension" },
		{ "{" REQUIRED ",\"ext\":1.5}", "wrong_type extension" },
	};
	struct cloud_event ev[2];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const char *got = verdict(bad[i].text, ev);

		if (strcmp(got, bad[i].want) != 0)
			fail_msg("%s: %s", bad[i].text, got);
	}
	/* what could be read is there for the answer */
	assert_string_equal(verdict("{\"id\":\"x\",\"time\":\"?\",\"source\":\"s\"}", ev), "time time");
	assert_true(str_is(ev->id, "x") && str_is(ev->source, "s"));
	assert_string_equal(verdict("{" REQUIRED ",\"abcdefghij0123456789\":1}", ev), "");
}

static void test_limits(void **state)
{
	struct buf b = buf_new(a, 1 << 20);
	struct cloud_event ev[2];

	(void)state;
	for (int n = CLOUD_MAX_WORD - 1; n <= CLOUD_MAX_WORD + 1; n++) {
		const char *const want[] = { "length id", "length source", "length type" };
		char text[300];

		snprintf(text, sizeof(text),
			 "{\"specversion\":\"1.0\",\"id\":\"%0*d\",\"source\":\"s\",\"type\":\"t\"}", n, 1);
		assert_string_equal(verdict(text, ev), n > CLOUD_MAX_WORD ? want[0] : "");
		snprintf(text, sizeof(text),
			 "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"%0*d\",\"type\":\"t\"}", n, 1);
		assert_string_equal(verdict(text, ev), n > CLOUD_MAX_WORD ? want[1] : "");
		snprintf(text, sizeof(text),
			 "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"%0*d\"}", n, 1);
		assert_string_equal(verdict(text, ev), n > CLOUD_MAX_WORD ? want[2] : "");
	}
	for (int n = CLOUD_MAX_DATA - 1; n <= CLOUD_MAX_DATA + 1; n++) {
		b.n = 0;
		buf_fmt(&b, "{" REQUIRED ",\"data\":{\"k\":\"%0*d\"}}", n - 8, 1);
		assert_string_equal(verdict(buf_str(&b).p, ev), n > CLOUD_MAX_DATA ? "data_too_large data" : "");
		if (n <= CLOUD_MAX_DATA)
			assert_int_equal(ev->data_raw.n, n);
	}
}

static void test_batch(void **state)
{
	struct cloud_error err;
	struct cloud_reader r;
	struct cloud_event ev;
	struct buf b = buf_new(a, 4 << 20);

	(void)state;
	assert_int_equal(cloud_open_json(a, STR("[{" REQUIRED "},7,{\"id\":\"b\"},{" REQUIRED "}]"), &r, &err), RC_OK);
	assert_int_equal(r.n, 4);
	assert_true(cloud_next(&r, &ev, &err) && err.code == NULL);
	assert_true(cloud_next(&r, &ev, &err) && strcmp(err.code, "not_object") == 0);
	assert_true(cloud_next(&r, &ev, &err) && strcmp(err.code, "missing") == 0 && str_is(ev.id, "b"));
	assert_true(cloud_next(&r, &ev, &err) && err.code == NULL && r.i == 4);
	assert_false(cloud_next(&r, &ev, &err));
	assert_int_equal(cloud_open_json(a, STR("[]"), &r, &err), RC_OK);
	assert_false(cloud_next(&r, &ev, &err));
	assert_int_equal(cloud_open_json(a, STR("[{" REQUIRED "},]"), &r, &err), RC_INVALID);
	assert_string_equal(err.code, "not_json");
	assert_string_equal(err.reason, "syntax");
	assert_int_equal(err.at, sizeof("[{" REQUIRED "},") - 1);
	assert_int_equal(cloud_open_json(a, STR("\"x\""), &r, &err), RC_INVALID);
	assert_string_equal(err.code, "not_object");
	assert_int_equal(cloud_open_json(a, NO_STR, &r, &err), RC_INVALID);
	for (int n = CLOUD_MAX_EVENTS - 1; n <= CLOUD_MAX_EVENTS + 1; n++) {
		b.n = 0;
		buf_char(&b, '[');
		for (int i = 0; i < n; i++)
			buf_add(&b, i ? STR(",{}") : STR("{}"));
		buf_char(&b, ']');
		assert_int_equal(cloud_open_json(a, buf_str(&b), &r, &err), n > CLOUD_MAX_EVENTS ? RC_LIMIT : RC_OK);
		b.n = 0;
		for (int i = 0; i < n; i++)
			buf_add(&b, STR("{}\n\r\n"));
		assert_int_equal(cloud_open_lines(a, buf_str(&b), &r, &err), n > CLOUD_MAX_EVENTS ? RC_LIMIT : RC_OK);
		if (n > CLOUD_MAX_EVENTS)
			assert_string_equal(err.code, "too_many");
		else
			assert_int_equal(r.n, n);
	}
}

static void test_lines(void **state)
{
	static const char body[] =
		"\n{" REQUIRED "}\r\n  \n{\"id\":\n{" REQUIRED ",\"time\":\"x\"}\n[]\n{" REQUIRED "}";
	struct cloud_error err;
	struct cloud_reader r;
	struct cloud_event ev;

	(void)state;
	assert_int_equal(cloud_open_lines(a, str_of(body), &r, &err), RC_OK);
	assert_int_equal(r.n, 5);
	assert_true(cloud_next(&r, &ev, &err) && err.code == NULL);
	assert_true(cloud_next(&r, &ev, &err) && strcmp(err.code, "not_json") == 0);
	assert_int_equal(err.at, strstr(body, "{\"id\":\n") - body + 6);
	assert_true(cloud_next(&r, &ev, &err) && strcmp(err.code, "time") == 0);
	assert_true(cloud_next(&r, &ev, &err) && strcmp(err.code, "not_object") == 0);
	assert_true(cloud_next(&r, &ev, &err) && err.code == NULL && r.i == 5);
	assert_false(cloud_next(&r, &ev, &err));
	assert_int_equal(cloud_open_lines(a, NO_STR, &r, &err), RC_OK);
	assert_false(cloud_next(&r, &ev, &err));
}

/* ---- binary mode ------------------------------------------------------------ */

struct header {
	const char *name, *value;
};

static struct str lookup(void *arg, const char *name)
{
	for (const struct header *h = arg; h->name; h++)
		if (strcmp(h->name, name) == 0)
			return str_of(h->value);
	return NO_STR;
}

static void test_binary(void **state)
{
	struct header h[] = { { "ce-specversion", "1.0" },
			      { "ce-id", "%E5%8D%97%2D1" },
			      { "ce-source", "\"a b\"" },
			      { "ce-type", "t" },
			      { "ce-time", "2026-03-12T01:07:41Z" },
			      { "content-type", "Application/JSON" },
			      { NULL, NULL } };
	struct cloud_error err;
	struct cloud_event ev;

	(void)state;
	assert_int_equal(cloud_read_binary(a, lookup, h, STR(" {\"k\":1}\n"), &ev, &err), RC_OK);
	assert_true(str_is(ev.id, "\xE5\x8D\x97-1") && str_is(ev.source, "a b") && ev.at == 1773277661 * SECOND);
	assert_true(str_is(ev.data_raw, "{\"k\":1}"));
	assert_int_equal(cloud_read_binary(a, lookup, h, NO_STR, &ev, &err), RC_OK);
	assert_null(ev.data);
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("{\"k\":"), &ev, &err), RC_INVALID);
	assert_string_equal(err.code, "not_json");
	assert_int_equal(err.at, 5);
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("[]"), &ev, &err), RC_INVALID);
	assert_string_equal(err.field, "data");
	h[5].value = "text/plain";
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("{}"), &ev, &err), RC_INVALID);
	assert_string_equal(err.code, "content_type");
	h[5].value = "application/json";
	h[1].value = "%C3";
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("{}"), &ev, &err), RC_INVALID);
	assert_string_equal(err.code, "control_character");
	h[1].value = "a%0Ab";
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("{}"), &ev, &err), RC_INVALID);
	assert_string_equal(err.code, "control_character");
	h[1].value = "50%"; /* not an escape: as it is */
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("{}"), &ev, &err), RC_OK);
	assert_true(str_is(ev.id, "50%"));
	h[1].name = "ce-none";
	assert_int_equal(cloud_read_binary(a, lookup, h, STR("{}"), &ev, &err), RC_INVALID);
	assert_string_equal(err.code, "missing");
	assert_string_equal(err.field, "id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_batch), cmocka_unit_test(test_lines), cmocka_unit_test(test_binary),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
