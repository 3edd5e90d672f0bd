/* time_test.c - RFC 3339 in and out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/base.h"

/* seconds from `date -u -d ... +%s` */
static const struct {
	const char *text;
	int64_t seconds, micro;
} good[] = {
	{ "1970-01-01T00:00:01Z", 1, 0 },
	{ "1970-01-01T08:00:00+08:00", 0, 0 },
	{ "2026-03-12T01:07:41.123456Z", 1773277661, 123456 },
	{ "2026-03-12T09:07:41.123456+08:00", 1773277661, 123456 },
	{ "2026-03-11T20:37:41-04:30", 1773277661, 0 },
	{ "2026-03-12t01:07:41z", 1773277661, 0 },
	{ "2026-03-12 01:07:41Z", 1773277661, 0 },
	{ "2026-03-12T01:07:41.1Z", 1773277661, 100000 },
	{ "2026-03-12T01:07:41.123456789Z", 1773277661, 123456 },
	{ "2000-02-29T00:00:00Z", 951782400, 0 },
	{ "2024-02-29T23:59:59Z", 1709251199, 0 },
	{ "2016-12-31T23:59:60Z", 1483228799, 999999 },
	{ "2016-12-31T23:59:60.5Z", 1483228799, 999999 },
	{ "2038-01-19T03:14:08Z", 2147483648, 0 },
	{ "2100-02-28T00:00:00Z", 4107456000, 0 },
	{ "9999-12-31T23:59:59.999999Z", 253402300799, 999999 },
};

static const char *const bad[] = {
	"",
	"2026",
	"2026-03-12",
	"2026-03-12T01:07:41",
	"2026-03-12T01:07Z",
	"2026-3-12T01:07:41Z",
	"2026-13-12T01:07:41Z",
	"2026-00-12T01:07:41Z",
	"2026-04-31T01:07:41Z",
	"2026-04-00T01:07:41Z",
	"2025-02-29T00:00:00Z",
	"1900-02-29T00:00:00Z",
	"2100-02-29T00:00:00Z",
	"2026-03-12T24:00:00Z",
	"2026-03-12T01:60:00Z",
	"2026-03-12T01:07:61Z",
	"2026-03-12T01:07:41.Z",
	"2026-03-12T01:07:41.1234567890Z",
	"2026-03-12T01:07:41+0800",
	"2026-03-12T01:07:41+24:00",
	"2026-03-12T01:07:41+08:60",
	"2026-03-12T01:07:41+8:00",
	"2026-03-12T01:07:41ZZ",
	"2026-03-12X01:07:41Z",
	" 2026-03-12T01:07:41Z",
	"1969-12-31T23:59:59Z",
	"1970-01-01T00:00:00+00:01",
	"0000-01-01T00:00:00Z",
	"20260312T010741Z",
	"2026-03-12T-1:07:41Z",
	"2026/03/12T01:07:41Z",
	"2026-03-12T01:07:41,5Z",
	"+2026-03-12T01:07:41Z",
	"2026-03-12T01:07:41.5+08:00junk",
};

static void test_parse(void **state)
{
	int64_t t;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		t = -1;
		if (time_parse(str_of(good[i].text), &t) != RC_OK || t != good[i].seconds * SECOND + good[i].micro)
			fail_msg("%s -> %lld", good[i].text, (long long)t);
	}
	t = -1;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (time_parse(str_of(bad[i]), &t) != RC_INVALID || t != -1)
			fail_msg("taken: %s", bad[i]);
}

static void test_text(void **state)
{
	char tmp[TIME_TEXT];

	(void)state;
	assert_true(str_is(time_text(0, tmp), "1970-01-01T00:00:00Z"));
	assert_true(str_is(time_text(1773277661 * SECOND + 123456, tmp), "2026-03-12T01:07:41.123456Z"));
	assert_true(str_is(time_text(1773277661 * SECOND + 1, tmp), "2026-03-12T01:07:41.000001Z"));
	assert_true(str_is(time_text(-1, tmp), "1969-12-31T23:59:59.999999Z"));
	assert_true(str_is(time_text(253402300799 * SECOND, tmp), "9999-12-31T23:59:59Z"));
}

/* Every 5 days and some microseconds from 1970 to 9999. */
static void test_round_trip(void **state)
{
	char tmp[TIME_TEXT];
	int64_t back;

	(void)state;
	for (int64_t t = 1; t < 253402300799 * SECOND; t += 5 * DAY + 7 * HOUR + 11 * SECOND + 13) {
		assert_int_equal(time_parse(time_text(t, tmp), &back), RC_OK);
		assert_true(back == t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
