/* national_test.c - plates, identity numbers and telephone numbers at their borders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/national.h"

static struct arena *a;
static int64_t today; /* 2026-03-12 */

static int setup(void **state)
{
	(void)state;
	a = arena_new(8 << 20);
	return time_parse(STR("2026-03-12T04:00:00Z"), &today) == RC_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void test_plates(void **state)
{
	static const struct {
		const char *in, *out;
		enum plate_kind kind;
	} all[] = {
		{ "赣A12345", "赣A12345", PLATE_STANDARD },
		{ " 赣a·1234 5", "赣A12345", PLATE_STANDARD },
		{ "赣Ａ－１２３ＡＢ", "赣A123AB", PLATE_STANDARD },
		{ "赣AD12345", "赣AD12345", PLATE_NEW_ENERGY },
		{ "赣af1234a", "赣AF1234A", PLATE_NONE }, /* letters where digits belong */
		{ "赣AFA1234", "赣AFA1234", PLATE_NEW_ENERGY },
		{ "赣A12345D", "赣A12345D", PLATE_NEW_ENERGY },
		{ "赣A12345L", "赣A12345L", PLATE_NONE },
		{ "赣AFO1234", "赣AFO1234", PLATE_NONE },
		{ "赣AI2345A", "赣AI2345A", PLATE_NONE },
		{ "赣A1234I", "赣A1234I", PLATE_NONE },
		{ "赣A1234", "赣A1234", PLATE_NONE },
		{ "赣A123456", "赣A123456", PLATE_NONE },
		{ "赣A1234567", "赣A1234567", PLATE_NONE },
		{ "赣112345", "赣112345", PLATE_NONE },
		{ "国A12345", "国A12345", PLATE_NONE },
		{ "赣A1234警", "赣A1234警", PLATE_POLICE },
		{ "赣A1234学", "赣A1234学", PLATE_COACH },
		{ "赣A1234挂", "赣A1234挂", PLATE_TRAILER },
		{ "沪A0023领", "沪A0023领", PLATE_CONSULAR },
		{ "粤Z1234港", "粤Z1234港", PLATE_CROSS_BORDER },
		{ "粤Z1234澳", "粤Z1234澳", PLATE_CROSS_BORDER },
		{ "赣Z1234港", "赣Z1234港", PLATE_NONE },
		{ "粤A1234港", "粤A1234港", PLATE_NONE },
		{ "使123456", "使123456", PLATE_EMBASSY },
		{ "123456使", "123456使", PLATE_EMBASSY },
		{ "12345使", "12345使", PLATE_NONE },
		{ "京X1234应急", "京X1234应急", PLATE_EMERGENCY },
		{ "京A1234应急", "京A1234应急", PLATE_NONE },
		{ "VA12345", "VA12345", PLATE_MILITARY },
		{ "WJ赣1234X", "WJ赣1234X", PLATE_MILITARY },
		{ "WJ12345", "WJ12345", PLATE_MILITARY },
		{ "WJ赣12345X", "WJ赣12345X", PLATE_NONE },
		{ "", "", PLATE_NONE },
		{ "·· --", "", PLATE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct str out;
		enum plate_kind kind = plate_read(a, str_of(all[i].in), &out);

		if (kind != all[i].kind || !str_is(out, all[i].out))
			fail_msg("%s: %s " FMT_STR, all[i].in, plate_kinds[kind], ARG_STR(out));
	}
}

static void test_e_bikes(void **state)
{
	struct str out;

	(void)state;
	assert_true(plate_read_e_bike(a, STR("南昌 123456"), &out));
	assert_true(str_is(out, "南昌123456"));
	assert_true(plate_read_e_bike(a, STR("1234"), &out));
	assert_false(plate_read_e_bike(a, STR("123"), &out));
	assert_true(plate_read_e_bike(a, STR("123456789012"), &out));
	assert_false(plate_read_e_bike(a, STR("1234567890123"), &out));
	assert_false(plate_read_e_bike(a, STR("12;45"), &out));
}

/* Seventeen digits with the check character they need. */
static struct str checked(const char *first17)
{
	return arena_fmt(a, "%s%c", first17, id_check_digit(str_of(first17)));
}

static enum id_fault fault_of(struct str s)
{
	struct str out;

	return id_read(a, s, today, &out);
}

static void test_identity(void **state)
{
	struct str out;

	(void)state;
	/* The standard's own example. */
	assert_int_equal(id_read(a, STR("11010519491231002X"), today, &out), ID_FINE);
	assert_int_equal(id_read(a, STR(" 110105 19491231 002x"), today, &out), ID_FINE);
	assert_true(str_is(out, "11010519491231002X"));
	assert_int_equal(id_check_digit(STR("44052418800101001")), '4'); /* its second, born before 1900 */
	assert_int_equal(fault_of(STR("440524188001010014")), ID_DATE);
	assert_int_equal(fault_of(STR("11010519491231002")), ID_LENGTH);
	assert_int_equal(fault_of(STR("11010519491231002XX")), ID_LENGTH);
	assert_int_equal(fault_of(STR("110105491231002")), ID_LENGTH); /* the 15 digits of before */
	assert_int_equal(fault_of(STR("1101051949123100X2")), ID_DIGIT);
	assert_int_equal(fault_of(STR("110105194912310029")), ID_CHECK);
	assert_int_equal(fault_of(checked("16010519491231002")), ID_REGION);
	assert_int_equal(fault_of(checked("36010219000101001")), ID_FINE);
	assert_int_equal(fault_of(checked("36010218991231001")), ID_DATE);
	assert_int_equal(fault_of(checked("36010219690229001")), ID_DATE); /* no leap year */
	assert_int_equal(fault_of(checked("36010219680229001")), ID_FINE);
	assert_int_equal(fault_of(checked("36010219000229001")), ID_DATE); /* 1900 neither */
	assert_int_equal(fault_of(checked("36010220000229001")), ID_FINE);
	assert_int_equal(fault_of(checked("36010219700101001")), ID_FINE); /* the first day of our time */
	assert_int_equal(fault_of(checked("36010219691231001")), ID_FINE);
	assert_int_equal(fault_of(checked("36010220260312001")), ID_FINE); /* today */
	assert_int_equal(fault_of(checked("36010220260313001")), ID_DATE); /* tomorrow */
	assert_int_equal(fault_of(checked("36010219991301001")), ID_DATE);
	assert_int_equal(fault_of(checked("36010219990001001")), ID_DATE);
	assert_int_equal(fault_of(checked("91010219990101001")), ID_FINE);
	assert_int_equal(id_check_digit(STR("1101051949123100A")), 0);
	assert_int_equal(id_check_digit(STR("1")), 0);
}

/* One wrong digit and two neighbours changed over are always found. */
static void test_check_digit(void **state)
{
	struct str right = checked("36010219880715302");
	char *p = arena_z(a, right);

	(void)state;
	for (size_t i = 6; i < 17; i++) {
		char was = p[i];

		for (char c = '0'; c <= '9'; c++) {
			p[i] = c;
			assert_int_equal(id_check_digit((struct str){ p, 17 }) == p[17], c == was);
		}
		p[i] = was;
		if (i < 16 && p[i] != p[i + 1]) {
			p[i] = p[i + 1];
			p[i + 1] = was;
			assert_int_not_equal(id_check_digit((struct str){ p, 17 }), p[17]);
			p[i + 1] = p[i];
			p[i] = was;
		}
	}
}

static void test_phones(void **state)
{
	static const struct {
		const char *in, *out;
		enum phone_kind kind;
	} all[] = {
		{ "138 0000 0000", "13800000000", PHONE_MOBILE },
		{ "+86 138-0000-0000", "13800000000", PHONE_MOBILE },
		{ "0086 13800000000", "13800000000", PHONE_MOBILE },
		{ "１３８００００００００", "13800000000", PHONE_MOBILE },
		{ "19900000000", "19900000000", PHONE_MOBILE },
		{ "12800000000", "", PHONE_NONE },
		{ "1380000000", "", PHONE_NONE },
		{ "138000000000", "", PHONE_NONE },
		{ "0791 86123456", "0791-86123456", PHONE_FIXED },
		{ "(0791)8612345", "0791-8612345", PHONE_FIXED },
		{ "+86 791 86123456", "0791-86123456", PHONE_FIXED },
		{ "0791-86123456-1234", "0791-86123456-1234", PHONE_FIXED },
		{ "0791 86123456 转 9", "0791-86123456-9", PHONE_FIXED },
		{ "0791 86123456 x 1234567", "", PHONE_NONE },
		{ "0791 86123456 转", "", PHONE_NONE },
		{ "01066123456", "010-66123456", PHONE_FIXED },
		{ "0106612345", "", PHONE_NONE },
		{ "010661234567", "", PHONE_NONE },
		{ "02166123456", "021-66123456", PHONE_FIXED },
		{ "011 66123456", "", PHONE_NONE },
		{ "0791 06123456", "", PHONE_NONE },
		{ "0791 16123456", "", PHONE_NONE },
		{ "0791 861234", "", PHONE_NONE },
		{ "0791 861234567", "", PHONE_NONE },
		{ "400-123-4567", "4001234567", PHONE_SERVICE },
		{ "4001234567x1", "", PHONE_NONE },
		{ "+33 1 42 68 53 00", "+33142685300", PHONE_ABROAD },
		{ "+123456", "", PHONE_NONE },
		{ "+1234567", "+1234567", PHONE_ABROAD },
		{ "+123456789012345", "+123456789012345", PHONE_ABROAD },
		{ "+1234567890123456", "", PHONE_NONE },
		{ "110", "", PHONE_NONE },
		{ "", "", PHONE_NONE },
		{ "call me", "", PHONE_NONE },
		{ "138+00000000", "", PHONE_NONE },
		{ "123456789012345678901234567890", "", PHONE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++) {
		struct str out = STR("");
		enum phone_kind kind = phone_read(a, str_of(all[i].in), &out);

		if (kind != all[i].kind || !str_is(out, all[i].out))
			fail_msg("%s: %d " FMT_STR, all[i].in, (int)kind, ARG_STR(out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plates),      cmocka_unit_test(test_e_bikes), cmocka_unit_test(test_identity),
		cmocka_unit_test(test_check_digit), cmocka_unit_test(test_phones),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
