/* limits_test.c - every limit of the events route at -1, 0, +1, and broken
 * input (T12). */
#include "sensing_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define T    "cn.jiuan.door.opened.v1"
#define ROWS "SELECT count(*) FROM sensing_event"

/* The first entry of "results" has this code and field. */
static void first_result(struct rig *r, const char *code, const char *field)
{
	const struct json *one = json_get(r->answer, "results")->child;

	assert_non_null(one);
	assert_string_equal(arena_z(r->a, json_get_text(one, "verdict")), "refused");
	assert_string_equal(arena_z(r->a, json_get_text(one, "code")), code);
	assert_string_equal(arena_z(r->a, json_get_text(one, "field")), field);
}

static void refused_as(struct rig *r, const char *body, const char *code, const char *field)
{
	rig_post(r, body);
	CHECK_STATUS(r, 207);
	rig_counts(r, 0, 0, 1);
	first_result(r, code, field);
}

static const char *long_word(struct rig *r, size_t n, const char *begin)
{
	char *p = arena_alloc(r->a, n + 1);

	memset(p, 'a', n);
	memcpy(p, begin, strlen(begin));
	return p;
}

static void words_have_limits(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	for (size_t n = 127; n <= 129; n++) {
		int want = n <= 128 ? 200 : 207;

		assert_int_equal(rig_post(r, rig_event(r, "d", long_word(r, n, ""), T, "")), want);
		assert_int_equal(rig_post(r, rig_event(r, "d", "x", long_word(r, n, rig_fmt(r, "t%zu.", n)), "")),
				 n <= 128 && n == 127 ? 200
				 : n == 128           ? 200
						      : 207);
		assert_int_equal(rig_post(r, rig_event(r, long_word(r, n, "d/"), "y", T, "")), want);
	}
	assert_int_equal(rig_post(r, rig_event(r, "d", "", T, "")), 207);
	assert_int_equal(rig_post(r, rig_event(r, "d", "z", "", "")), 207);
	assert_int_equal(rig_post(r, rig_event(r, "", "z", T, "")), 207);
}

static void data_has_a_limit(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	for (size_t n = 65535; n <= 65537; n++) {
		const char *data = rig_fmt(r, "{\"x\":\"%s\"}", long_word(r, n - 8, ""));

		assert_int_equal(rig_post(r, rig_event(r, "d", rig_fmt(r, "%zu", n), T, data)), n <= 65536 ? 200 : 207);
	}
	assert_int_equal(rig_count(r, ROWS), 2);
}

static const char *deep(struct rig *r, int n)
{
	struct buf b = buf_new(r->a, 4096);

	buf_add(&b, STR("{\"x\":"));
	for (int i = 0; i < n; i++)
		buf_char(&b, '[');
	for (int i = 0; i < n; i++)
		buf_char(&b, ']');
	buf_char(&b, '}');
	return b.p;
}

static void depth_has_a_limit(void **state)
{
	struct rig *r = *state;
	int taken = 0, n = 50;

	rig_device(r, "door", "d", r->gate);
	/* list + event + data object + n lists */
	for (; n < 70; n++) {
		rig_post(r, rig_event(r, "d", rig_fmt(r, "%d", n), T, deep(r, n)));
		assert_true(r->status == 200 || r->status == 400);
		if (r->status == 400)
			break;
		taken = n;
	}
	assert_int_equal(taken + 3, 64);
	CHECK_TEXT(r, "code", "not_json");
}

static struct str many(struct rig *r, int n, const char *tag)
{
	struct buf b = buf_new(r->a, 16 << 20);

	buf_char(&b, '[');
	for (int i = 0; i < n; i++)
		buf_fmt(&b, "%s{\"specversion\":\"1.0\",\"id\":\"%s%d\",\"source\":\"d\",\"type\":\"" T "\"}",
			i ? "," : "", tag, i);
	buf_char(&b, ']');
	return buf_str(&b);
}

static void batches_have_limits(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	rig_post(r, many(r, 9999, "a").p);
	rig_counts(r, 9999, 0, 0);
	rig_post(r, many(r, 10000, "a").p);
	rig_counts(r, 1, 9999, 0);
	rig_post(r, many(r, 10001, "a").p);
	CHECK_STATUS(r, 413);
	CHECK_TEXT(r, "code", "too_many");
	for (int more = -1; more <= 1; more++) {
		struct str body = many(r, 1, rig_fmt(r, "s%d-", more));
		size_t n = (size_t)(SENSING_MAX_BODY + more);
		char *p = arena_alloc(r->a, n + 1);

		memset(p, ' ', n);
		memcpy(p, body.p, body.n);
		rig_post(r, p);
		if (more > 0) {
			CHECK_STATUS(r, 413);
			CHECK_TEXT(r, "code", "too_large");
		} else {
			rig_counts(r, 1, 0, 0);
		}
	}
	assert_int_equal(rig_count(r, ROWS), 10002);
}

static void types_and_sources_are_counted(void **state)
{
	struct rig *r = *state;
	struct buf b = buf_new(r->a, 4 << 20), s = buf_new(r->a, 4 << 20);

	rig_device(r, "door", "d", r->gate);
	buf_char(&b, '[');
	for (int i = 0; i < MAX_TYPES + 2; i++)
		buf_fmt(&b, "%s{\"specversion\":\"1.0\",\"id\":\"i%d\",\"source\":\"d\",\"type\":\"t.%d\"}",
			i ? "," : "", i, i);
	buf_char(&b, ']');
	rig_post(r, b.p);
	rig_counts(r, MAX_TYPES, 0, 2);
	first_result(r, "too_many_types", "type");
	refused_as(r, rig_event(r, "d", "more", "t.more", ""), "too_many_types", "type");
	buf_char(&s, '[');
	for (int i = 0; i < MAX_SOURCES_EACH + 1; i++)
		buf_fmt(&s, "%s{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"d/%d\",\"type\":\"t.0\"}",
			i ? "," : "", i);
	buf_char(&s, ']');
	rig_post(r, s.p);
	rig_counts(r, MAX_SOURCES_EACH - 1, 0, 2); /* "d" is one of them */
	first_result(r, "too_many_sources", "source");
	rig_reopen(r);
	refused_as(r, rig_event(r, "d", "more", "t.more", ""), "too_many_types", "type");
	refused_as(r, rig_event(r, "d/x", "more", "t.0", ""), "too_many_sources", "source");
}

static void broken_input_is_refused(void **state)
{
	struct rig *r = *state;
	static const char *const whole[] = {
		"",
		"{",
		"[",
		"[1",
		"[{]",
		"nul",
		"[{\"id\":1,}]",
		"[{\"specversion\":\"1.0\"",
		"[NaN]",
		"[1e999]",
		"[01]",
		"[\"\\ud800\"]",
		"[\"\xc0\xaf\"]",
		"[\"\xed\xa0\x80\"]",
		"[\"\xf4\x90\x80\x80\"]",
		"[\"\x01\"]",
		"[\"\\u0000\"]",
		"[{\"a\":1,\"a\":2}]",
		"[] []",
		"[\xff]",
		"\xef\xbb\xbf[]",
	};
	static const char *const single[] = {
		"{}",
		"[]",
		"null",
		"\"x\"",
		"true",
		"{\"specversion\":\"0.3\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\"}",
		"{\"specversion\":\"1.0\",\"id\":7,\"source\":\"d\",\"type\":\"t\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\\r\\nX-Evil: 1\",\"source\":\"d\",\"type\":\"t\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\\u0007\",\"type\":\"t\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"T\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t t\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t';--\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\",\"time\":\"yesterday\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\",\"time\":\"2026-02-30T00:00:"
		"00Z\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\",\"data\":[1]}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\",\"data\":\"text\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\",\"data_base64\":\"AA==\"}",
		"{\"specversion\":\"1.0\",\"id\":\"x\",\"source\":\"d\",\"type\":\"t\",\"Bad-Name\":\"1\"}",
	};

	rig_device(r, "door", "d", r->gate);
	for (size_t i = 0; i < COUNT(whole); i++) {
		rig_post(r, whole[i]);
		if (r->status != 400)
			fprintf(stderr, "whole %zu\n", i);
		CHECK_STATUS(r, 400);
		CHECK_TEXT(r, "code", "not_json");
	}
	for (size_t i = 0; i < COUNT(single); i++) {
		rig_post(r,
			 rig_fmt(r, "[%s,{\"specversion\":\"1.0\",\"id\":\"good%zu\",\"source\":\"d\",\"type\":\"t\"}]",
				 single[i], i));
		if (r->status != 207)
			fprintf(stderr, "single %zu\n", i);
		rig_counts(r, 1, 0, 1);
	}
	/* 2^53 +- 1 stay exact. */
	rig_post(r, rig_event(r, "d", "big", T, "{\"a\":9007199254740991,\"b\":9007199254740993}"));
	rig_counts(r, 1, 0, 0);
	rig_call(r, KEEPER, "GET", "/api/sensing/event?limit=1", NULL);
	assert_non_null(memmem(r->body.p, r->body.n, "9007199254740993", 16));
	assert_int_equal(rig_count(r, ROWS), (int64_t)COUNT(single) + 1);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
		TEST(words_have_limits),
		TEST(data_has_a_limit),
		TEST(depth_has_a_limit),
		TEST(batches_have_limits),
		TEST(types_and_sources_are_counted),
		TEST(broken_input_is_refused),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("sensing limits", group);
}
