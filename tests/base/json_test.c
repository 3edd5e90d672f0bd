/* json_test.c - JSON in and out, every limit at -1, 0, +1. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"

static struct arena *a;

static int setup(void **state)
{
	(void)state;
	a = arena_new(32 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* NULL when taken, else the reason. */
static const char *reason(struct str in)
{
	struct json_error err;
	struct json *j = NULL;
	enum rc rc = json_parse(a, in, 0, &j, &err);

	if (rc == RC_OK) {
		assert_non_null(j);
		return NULL;
	}
	assert_int_equal(rc, RC_INVALID);
	assert_non_null(err.reason);
	assert_true(err.at <= in.n);
	return err.reason;
}

static void refused(const char *text, const char *why)
{
	const char *r = reason(str_of(text));

	if (r == NULL || strcmp(r, why) != 0)
		fail_msg("%s: %s, not %s", text, r ? r : "taken", why);
}

static const struct json *parse(const char *text)
{
	struct json_error err;
	struct json *j;

	if (json_parse(a, str_of(text), 0, &j, &err) != RC_OK)
		fail_msg("%s: %s at %zu", text, err.reason, err.at);
	return j;
}

static struct str nested(size_t depth)
{
	struct buf b = buf_new(a, 1000);

	for (size_t i = 0; i < depth; i++)
		buf_char(&b, '[');
	for (size_t i = 0; i < depth; i++)
		buf_char(&b, ']');
	return buf_str(&b);
}

static void test_depth(void **state)
{
	(void)state;
	assert_null(reason(nested(63)));
	assert_null(reason(nested(64)));
	assert_string_equal(reason(nested(65)), "depth");
	refused("{\"a\":{\"b\":[", "end");
}

static void test_nodes(void **state)
{
	struct json_error err;
	struct json *j;
	struct arena *small = arena_new(20000);
	struct buf b = buf_new(a, 100000);

	(void)state;
	assert_int_equal(json_parse(a, STR("[1,2]"), 4, &j, &err), RC_OK);
	assert_int_equal(json_parse(a, STR("[1,2]"), 3, &j, &err), RC_OK);
	assert_int_equal(json_parse(a, STR("[1,2]"), 2, &j, &err), RC_INVALID);
	assert_string_equal(err.reason, "nodes");
	/* an arena that is too small is an answer, not the end of the process */
	buf_char(&b, '[');
	for (int i = 0; i < 40000; i++)
		buf_add(&b, STR("0,"));
	buf_add(&b, STR("0]"));
	assert_int_equal(json_parse(small, buf_str(&b), 0, &j, &err), RC_INVALID);
	assert_string_equal(err.reason, "nodes");
	arena_free(small);
}

static void test_duplicates(void **state)
{
	struct buf b = buf_new(a, 1 << 20);

	(void)state;
	refused("{\"a\":1,\"a\":2}", "duplicate_key");
	refused("{\"a\":1,\"\\u0061\":2}", "duplicate_key");
	refused("{\"\":1,\"\":2}", "duplicate_key");
	refused("[{\"x\":{\"k\":1,\"j\":2,\"k\":3}}]", "duplicate_key");
	assert_null(reason(STR("{\"a\":{\"a\":1},\"b\":{\"a\":1}}")));
	for (int n = 30; n <= 1000; n += n < 36 ? 1 : 241) { /* around the change to a hash */
		b.n = 0;
		buf_char(&b, '{');
		for (int i = 0; i < n; i++)
			buf_fmt(&b, "\"k%d\":0,", i);
		size_t cut = b.n;
		buf_add(&b, STR("\"z\":0}"));
		assert_null(reason(buf_str(&b)));
		b.n = cut;
		buf_fmt(&b, "\"k%d\":0}", n / 2);
		assert_string_equal(reason(buf_str(&b)), "duplicate_key");
	}
}

static void test_utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
					   "\xFF", "\xE5\x8D" };
	char text[40];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		for (int pad = 0; pad < 10; pad++) {
			int n = snprintf(text, sizeof(text), "\"%.*s%s\"", pad, "aaaaaaaaaa", bad[i]);

			assert_string_equal(reason((struct str){ text, (size_t)n }), "utf8");
		}
	assert_string_equal(reason((struct str){ "\"a\0b\"", 5 }), "utf8");
	refused("\"\\u0000\"", "utf8");
	refused("\"\\ud800\"", "utf8");
	refused("\"\\udc00\"", "utf8");
	refused("\"\\ud800x\"", "utf8");
	refused("\"\\ud800\\n\"", "utf8");
	refused("\"\\ud800\\ud800\"", "utf8");
	refused("\"\\ud83d\\ude0\"", "utf8");
	refused("\"\\u12\"", "syntax");
	refused("\"\\u12g4\"", "syntax");
	refused("\xEF\xBB\xBF{}", "syntax"); /* a BOM is not JSON */
	assert_true(str_is(parse("\"\\ud83d\\ude00\"")->text, "\xF0\x9F\x98\x80"));
	assert_true(str_is(parse("\"\\u5357\\u00e9\\u007f\"")->text, "\xE5\x8D\x97\xC3\xA9\x7F"));
}

static void test_text(void **state)
{
	char text[64];

	(void)state;
	assert_true(str_is(parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->text, "\"\\/\b\f\n\r\t"));
	assert_true(str_is(parse("\"\"")->text, ""));
	refused("\"\\x\"", "syntax");
	refused("\"\\", "end");
	refused("\"\\\"", "end");
	refused("\"abc", "end");
	/* a control byte or an escape at every offset of the eight-byte steps */
	for (int pad = 0; pad < 20; pad++) {
		snprintf(text, sizeof(text), "\"%.*s\x1F%.*s\"", pad, "aaaaaaaaaaaaaaaaaaaa", 20 - pad,
			 "bbbbbbbbbbbbbbbbbbbb");
		refused(text, "syntax");
		snprintf(text, sizeof(text), "\"%.*s\\\"%.*s\"", pad, "aaaaaaaaaaaaaaaaaaaa", 20 - pad,
			 "bbbbbbbbbbbbbbbbbbbb");
		assert_int_equal(parse(text)->text.n, 21);
		assert_int_equal(parse(text)->text.p[pad], '"');
		snprintf(text, sizeof(text), "\"%.*s\xE5\x8D\x97\"", pad, "aaaaaaaaaaaaaaaaaaaa");
		assert_int_equal(parse(text)->text.n, pad + 3);
	}
}

static void test_numbers(void **state)
{
	static const char *const bad[] = { "01", "-01", "00", "1.", "1.e3", "1e", "1e+", "1e999", "-1e999" };
	double d;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(bad[i], "number");
	refused("NaN", "syntax");
	refused("Infinity", "syntax");
	refused("-Infinity", "syntax");
	refused("+1", "syntax");
	refused(".5", "syntax");
	refused("-", "syntax");
	refused("0x10", "syntax");
	refused("1 2", "syntax");
	assert_true(parse("9223372036854775807")->i == INT64_MAX);
	assert_true(parse("-9223372036854775808")->i == INT64_MIN);
	assert_int_equal(parse("9223372036854775808")->kind, J_REAL);
	assert_int_equal(parse("-9223372036854775809")->kind, J_REAL);
	assert_true(parse("9007199254740991")->i == 9007199254740991);
	assert_true(parse("9007199254740993")->i == 9007199254740993);
	assert_int_equal(parse("9007199254740993")->kind, J_INT);
	assert_true(parse("9007199254740993.0")->d == 9007199254740992.0);
	assert_true(parse("-0")->i == 0);
	assert_true(parse("1E+2")->d == 100);
	assert_true(json_number(parse("0.87"), &d) && d == 0.87);
	assert_true(json_number(parse("3"), &d) && d == 3);
	assert_false(json_number(parse("\"3\""), &d));
	assert_false(json_number(NULL, &d));
}

static void test_syntax(void **state)
{
	static const char *const bad[] = {
		"{a:1}", "{'a':1}", "[1,]",  "[,1]", "{\"a\":1,}", "{\"a\" 1}", "{\"a\":}",
		"[1 2]", "{} {}",   "tru",   "nul",  "True",       "[1]x",      "/**/1",
		"}",     "]",       "{1:2}", "[1}",  "{\"a\":1]",  ",",         "[true,fals]"
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(bad[i], "syntax");
	assert_string_equal(reason(STR("")), "end");
	assert_string_equal(reason(NO_STR), "end");
	assert_string_equal(reason(STR("  \n")), "end");
	assert_null(reason(STR(" \t\r\n[ ] \n")));
	assert_null(reason(STR("{ \"a\" : [ 1 , null , true , false ] }")));
}

static const char sample[] = "{\"id\":\"\\u5357-1\",\"n\":[1,-2.5e3,true,null],\"m\":{\"k\":\"v\",\"e\":[],\"o\":{}}}";

/* Cut anywhere, it is never taken and never read past its end. */
static void test_truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(sample) - 1; n++) {
		char *cut = malloc(n + 1); /* exactly sized, for the sanitizer */

		memcpy(cut, sample, n);
		assert_non_null(reason((struct str){ cut, n }));
		free(cut);
	}
}

static void test_tree(void **state)
{
	const struct json *j = parse(sample);
	struct buf b = buf_new(a, 1000), again = buf_new(a, 1000);

	(void)state;
	assert_int_equal(j->n, 3);
	assert_true(str_eq(j->raw, str_of(sample)));
	assert_true(str_is(json_get_text(j, "id"), "\xE5\x8D\x97-1"));
	assert_true(str_is(json_get(j, "n")->raw, "[1,-2.5e3,true,null]"));
	assert_int_equal(json_get_int(json_get(j, "m"), "none", -7), -7);
	assert_null(json_get(json_get(j, "n"), "k"));
	assert_null(json_get_text(j, "n").p);
	json_write(&b, j);
	json_write(&again, parse(buf_str(&b).p));
	assert_true(str_eq(buf_str(&b), buf_str(&again)));
}

static void test_writer(void **state)
{
	struct buf b = buf_new(a, 1000);

	(void)state;
	json_open(&b, '{');
	json_put_text(&b, "t", STR("a\"\\\n\x01\xE5\x8D\x97"));
	json_put_text(&b, "absent", NO_STR);
	json_put_int(&b, "min", INT64_MIN);
	json_put_int(&b, "max", INT64_MAX);
	json_put_real(&b, "r", 0.1);
	json_put_real(&b, "minus_zero", -0.0);
	json_put_real(&b, "nan", __builtin_nan(""));
	json_put_bool(&b, "yes", true);
	json_put_time(&b, "at", 1);
	json_put_time(&b, "never", 0);
	json_put_raw(&b, "raw", STR("[1]"));
	json_key(&b, "list");
	json_open(&b, '[');
	json_open(&b, '[');
	json_close(&b, ']');
	json_int(&b, 0);
	json_null(&b);
	json_close(&b, ']');
	json_close(&b, '}');
	assert_string_equal(
		buf_str(&b).p,
		"{\"t\":\"a\\\"\\\\\\u000a\\u0001\xE5\x8D\x97\",\"absent\":null,\"min\":-9223372036854775808,"
		"\"max\":9223372036854775807,\"r\":0.1,\"minus_zero\":0,\"nan\":null,\"yes\":true,"
		"\"at\":\"1970-01-01T00:00:00.000001Z\",\"never\":null,\"raw\":[1],\"list\":[[],0,null]}");
	assert_null(reason(buf_str(&b)));
}

/* Shortest text that reads back equal, over many bit patterns. */
/* Every byte that may stand in a text, at every offset of the eight-byte steps:
 * written and read back the same, escaped only where it must be. */
static void test_written_bytes(void **state)
{
	struct arena *own = arena_new(1 << 20);

	(void)state;
	for (int c = 1; c < 128; c++) {
		for (size_t pad = 0; pad < 20; pad++) {
			struct buf b = buf_new(own, 1000);
			char text[32];

			memset(text, pad % 2 ? 'a' : '~', sizeof(text));
			memcpy(text + 20, "\xE5\x8D\x97", 3);
			text[pad] = (char)c;
			json_text(&b, (struct str){ text, 23 });
			bool plain = c >= 0x20 && c != '"' && c != '\\';
			assert_int_equal(plain, buf_str(&b).n == 25);
			assert_true(str_eq(parse(buf_str(&b).p)->text, (struct str){ text, 23 }));
			arena_reset(own);
		}
	}
	arena_free(own);
}

static void test_real_round_trip(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct buf b = buf_new(a, 100);
		double d, back;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17; /* xorshift64, G. Marsaglia 2003 */
		d = i % 2 ? (double)(int64_t)(x >> 20) / 1e7 : 0;
		if (i % 2 == 0)
			memcpy(&d, &x, sizeof(d));
		if (!__builtin_isfinite(d))
			continue;
		json_real(&b, d);
		assert_true(json_number(parse(buf_str(&b).p), &back));
		assert_true(back == d);
		if (i % 1000 == 0)
			arena_reset(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_depth),         cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_duplicates),    cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_text),          cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_syntax),        cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_tree),          cmocka_unit_test(test_writer),
		cmocka_unit_test(test_written_bytes), cmocka_unit_test(test_real_round_trip),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
