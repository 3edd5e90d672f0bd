/* base_test.c - strings, numbers, arena and bounded buffers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"

static void test_str(void **state)
{
	struct str rest = STR("a,,b"), piece;

	(void)state;
	assert_true(str_is(STR("x"), "x"));
	assert_false(str_is(NO_STR, ""));
	assert_true(str_eq(NO_STR, STR("")));
	assert_true(str_starts(STR("frigate/x"), "frigate/"));
	assert_false(str_starts(STR("fri"), "frigate"));
	assert_true(str_ends(STR("person-verified"), "-verified"));
	assert_false(str_ends(NO_STR, "x"));
	assert_true(str_cmp(NO_STR, STR("")) < 0);
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_int_equal(str_cmp(STR("b"), STR("b")), 0);
	assert_true(str_is(str_trim(STR(" \t\r\nx y\n ")), "x y"));
	assert_int_equal(str_trim(STR("  ")).n, 0);
	assert_true(str_cut(&rest, ',', &piece) && str_is(piece, "a"));
	assert_true(str_cut(&rest, ',', &piece) && str_is(piece, ""));
	assert_true(str_cut(&rest, ',', &piece) && str_is(piece, "b"));
	assert_false(str_cut(&rest, ',', &piece));
	assert_null(str_of(NULL).p);
}

static void test_int(void **state)
{
	static const char *const bad[] = { "",
					   "-",
					   "+",
					   "1 ",
					   " 1",
					   "1x",
					   "0x1",
					   "--1",
					   "9223372036854775808",
					   "-9223372036854775809",
					   "99999999999999999999",
					   "1.0" };
	int64_t v = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(str_int(str_of(bad[i]), &v), RC_INVALID);
	assert_int_equal(v, 7);
	assert_int_equal(str_int(STR("9223372036854775807"), &v), RC_OK);
	assert_true(v == INT64_MAX);
	assert_int_equal(str_int(STR("-9223372036854775808"), &v), RC_OK);
	assert_true(v == INT64_MIN);
	assert_int_equal(str_int(STR("+0012"), &v), RC_OK);
	assert_int_equal(v, 12);
}

static void test_real(void **state)
{
	static const struct {
		const char *text;
		double value;
	} good[] = {
		{ "0", 0 },
		{ "-1.5", -1.5 },
		{ "+2", 2 },
		{ "1e3", 1000 },
		{ "0.1", 0.1 },
		{ "115.8921753", 115.8921753 },
		{ "123456789012345", 123456789012345.0 },
		{ "1234567890123456", 1234567890123456.0 },
		{ "0.000000000000001", 1e-15 },
		{ "999999999999999.", 999999999999999.0 },
		{ ".5", 0.5 },
		{ "9007199254740993", 9007199254740992.0 },
		{ "1.7976931348623157e308", 1.7976931348623157e308 },
		{ "4.9e-324", 4.9e-324 },
		{ "3.141592653589793", 3.141592653589793 },
	};
	static const char *const bad[] = { "",     ".",     "-",      "+-1", "1e", "1e+",  "nan", "inf",
					   "0x10", "1e999", "-1e999", " 1",  "1 ", "1..2", "1,5", "1\n" };
	double v = 7;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(str_real(str_of(bad[i]), &v), RC_INVALID);
	assert_true(v == 7);
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(str_real(str_of(good[i].text), &v), RC_OK);
		assert_true(v == good[i].value);
	}
}

static void test_utf8(void **state)
{
	static const char *const good[] = { "",
					    "abc",
					    "\x7F",
					    "\xC2\x80",
					    "\xDF\xBF",
					    "\xE0\xA0\x80",
					    "\xED\x9F\xBF",
					    "\xEE\x80\x80",
					    "\xEF\xBF\xBF",
					    "\xF0\x90\x80\x80",
					    "\xF4\x8F\xBF\xBF",
					    "\xE5\x8D\x97\xE6\x98\x8C" };
	static const char *const bad[] = { "\x80",
					   "\xBF",
					   "\xC0\x80",
					   "\xC1\xBF",
					   "\xC2",
					   "\302A",
					   "\xE0\x80\x80",
					   "\xE0\x9F\xBF",
					   "\xED\xA0\x80",
					   "\xED\xBF\xBF",
					   "\xE5\x8D",
					   "\xF0\x80\x80\x80",
					   "\xF0\x8F\xBF\xBF",
					   "\xF4\x90\x80\x80",
					   "\xF5\x80\x80\x80",
					   "\xF8\x88\x80\x80\x80",
					   "\xFE",
					   "\xFF",
					   "\xC4\xCF\xB2\xFD" /* GB18030 */ };
	char text[40];

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(str_utf8(str_of(good[i])));
	/* at every place relative to the eight-byte steps */
	for (size_t i = 0; i < COUNT(bad); i++)
		for (size_t at = 0; at <= 17; at++) {
			size_t n = strlen(bad[i]);

			memset(text, 'a', sizeof(text));
			memcpy(text + at, bad[i], n);
			assert_false(str_utf8((struct str){ text, at + n }));
			assert_false(str_utf8((struct str){ text, sizeof(text) }));
		}
	for (size_t at = 0; at < 17; at++) {
		memset(text, 'a', sizeof(text));
		text[at] = '\0';
		assert_false(str_utf8((struct str){ text, 17 }));
	}
	assert_int_equal(str_chars(STR("a\xE5\x8D\x97")), 2);
}

static void test_arena(void **state)
{
	struct arena *a = arena_new(1000);

	(void)state;
	assert_int_equal(arena_check(a), RC_OK);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 1; i < 100; i++) {
			unsigned char *p = arena_alloc(a, i);

			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < i; k++) {
				assert_int_equal(p[k], 0);
				p[k] = 0xFF;
			}
		}
		assert_int_equal(arena_check(a), RC_LIMIT);
		assert_true(arena_used(a) >= 4950);
		arena_reset(a);
		assert_int_equal(arena_used(a), 0);
		assert_int_equal(arena_check(a), RC_OK);
	}
	assert_null(arena_dup(a, NO_STR).p);
	assert_string_equal(arena_dup(a, STR("xy")).p, "xy");
	assert_string_equal(arena_z(a, NO_STR), "");
	assert_true(str_is(arena_fmt(a, "%d-%s", 7, "x"), "7-x"));
	(void)arena_alloc(a, 992 - 16 - arena_used(a));
	assert_int_equal(arena_check(a), RC_OK);
	(void)arena_alloc(a, 16);
	assert_int_equal(arena_used(a), 992);
	(void)arena_alloc(a, 16);
	assert_int_equal(arena_check(a), RC_LIMIT);
	arena_free(a);
	arena_free(NULL);
}

static void test_buf(void **state)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b = buf_new(a, 10);

	(void)state;
	assert_int_equal(buf_str(&b).n, 0);
	assert_non_null(buf_str(&b).p);
	buf_add(&b, STR("123456789"));
	assert_false(b.overflow);
	buf_char(&b, '0');
	assert_false(b.overflow);
	assert_int_equal(b.p[b.n], '\0');
	buf_char(&b, 'x');
	assert_true(b.overflow);
	buf_add(&b, STR("y"));
	assert_true(str_is(buf_str(&b), "1234567890"));

	b = buf_new(a, 10);
	buf_add(&b, STR("12345678901"));
	assert_true(b.overflow);
	assert_int_equal(b.n, 0);
	buf_char(&b, 'x'); /* stays overflowed */
	assert_int_equal(b.n, 0);

	b = buf_new(a, 5000);
	buf_fmt(&b, "%0255d", 1);
	buf_fmt(&b, "%0256d", 2);
	buf_fmt(&b, "%01000d", 3);
	assert_int_equal(b.n, 255 + 256 + 1000);
	assert_false(b.overflow);
	arena_free(a);
}

static void test_clock(void **state)
{
	int64_t t = 5, before = clock_monotonic();

	(void)state;
	assert_int_equal(clock_now(clock_fixed(&t)), 5);
	t = 6;
	assert_int_equal(clock_now(clock_fixed(&t)), 6);
	assert_true(clock_now(clock_system()) > 1700000000 * SECOND);
	assert_true(clock_monotonic() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_str),   cmocka_unit_test(test_int),   cmocka_unit_test(test_real),
		cmocka_unit_test(test_utf8),  cmocka_unit_test(test_arena), cmocka_unit_test(test_buf),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
