/* csv_test.c - rows in, cells that no spreadsheet runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/csv.h"

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

static void open_refused(const char *text, const char *reason, size_t row, size_t column)
{
	struct csv_error err;
	struct csv c;

	assert_int_equal(csv_open(a, str_of(text), &c, &err), RC_INVALID);
	assert_string_equal(err.reason, reason);
	assert_int_equal(err.row, row);
	assert_int_equal(err.column, column);
}

static void test_rows(void **state)
{
	struct csv_error err;
	struct csv_row row;
	struct csv c;

	(void)state;
	assert_int_equal(csv_open(a,
				  STR("\xEF\xBB\xBF name ,note,n\r\n"
				      "\xE5\x8D\x97,\"a \"\"b\"\", c\r\nd\",1\r\n"
				      "\n"
				      ",\"\",\n"
				      "last,x\ry,\"2\""),
				  &c, &err),
			 RC_OK);
	assert_int_equal(c.n, 3);
	assert_int_equal(csv_column(&c, "name"), 0);
	assert_int_equal(csv_column(&c, "none"), CSV_MAX_COLUMNS);
	assert_true(csv_next(&c, &row, &err));
	assert_null(err.reason);
	assert_int_equal(row.row, 2);
	assert_true(str_is(csv_cell(&c, &row, "name"), "\xE5\x8D\x97"));
	assert_true(str_is(csv_cell(&c, &row, "note"), "a \"b\", c\r\nd"));
	assert_null(csv_cell(&c, &row, "none").p);
	assert_true(csv_next(&c, &row, &err));
	assert_null(err.reason);
	assert_int_equal(row.row, 4);
	for (size_t i = 0; i < 3; i++)
		assert_true(str_is(row.cells[i], ""));
	assert_true(csv_next(&c, &row, &err));
	assert_null(err.reason);
	assert_true(str_is(row.cells[1], "x\ry"));
	assert_true(str_is(row.cells[2], "2"));
	assert_false(csv_next(&c, &row, &err));
	assert_false(csv_next(&c, &row, &err));
}

/* One bad row costs one row. */
static void test_bad_rows(void **state)
{
	static const struct {
		size_t row, column;
		const char *reason;
	} want[] = { { 2, 0, "columns" }, { 3, 0, "columns" }, { 4, 1, "quote" },
		     { 5, 2, "quote" },   { 6, 0, NULL },      { 7, 2, "quote" } };
	struct csv_error err;
	struct csv_row row;
	struct csv c;

	(void)state;
	assert_int_equal(csv_open(a, STR("a,b\n1\n1,2,3\nx\"y,2\n1,\"z\"w\nok,ok\n1,\"open\n8,8\n"), &c, &err), RC_OK);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_true(csv_next(&c, &row, &err));
		assert_int_equal(err.row, want[i].row);
		assert_int_equal(row.row, want[i].row);
		assert_int_equal(err.column, want[i].column);
		if (want[i].reason)
			assert_string_equal(err.reason, want[i].reason);
		else
			assert_null(err.reason);
	}
	assert_false(csv_next(&c, &row, &err));
}

static void test_open(void **state)
{
	struct csv_error err;
	struct csv c;

	(void)state;
	open_refused("", "empty", 1, 0);
	open_refused("\n\n", "empty", 1, 0);
	open_refused("\xEF\xBB\xBF", "empty", 1, 0);
	open_refused("a,,b\n", "header_empty", 1, 2);
	open_refused("a,b, a\n", "header_duplicate", 1, 3);
	open_refused("a,\"b\n", "quote", 1, 2);
	open_refused("name\n\xC4\xCF\xB2\xFD\n", "not_utf8", 2, 0); /* GB18030 */
	open_refused("\xFF\xFE", "not_utf8", 1, 0);                 /* UTF-16 */
	assert_int_equal(csv_open(a, (struct str){ "a\0b\n", 4 }, &c, &err), RC_INVALID);
	assert_string_equal(err.reason, "not_utf8");
}

static void test_limits(void **state)
{
	struct csv_error err;
	struct csv_row row;
	struct csv c;
	struct buf b = buf_new(a, 1 << 20);

	(void)state;
	for (int n = CSV_MAX_COLUMNS - 1; n <= CSV_MAX_COLUMNS + 1; n++) {
		b.n = 0;
		for (int i = 0; i < n; i++)
			buf_fmt(&b, "%sc%d", i ? "," : "", i);
		assert_int_equal(csv_open(a, buf_str(&b), &c, &err), n > CSV_MAX_COLUMNS ? RC_INVALID : RC_OK);
		if (n > CSV_MAX_COLUMNS)
			assert_string_equal(err.reason, "columns");
	}
	for (int n = CSV_MAX_FIELD - 1; n <= CSV_MAX_FIELD + 1; n++)
		for (int quoted = 0; quoted < 2; quoted++) {
			b.n = 0;
			buf_fmt(&b, "a,b\n1,%s%0*d%s\n1,2\n", quoted ? "\"" : "", n, 7, quoted ? "\"" : "");
			assert_int_equal(csv_open(a, buf_str(&b), &c, &err), RC_OK);
			assert_true(csv_next(&c, &row, &err));
			if (n > CSV_MAX_FIELD) {
				assert_string_equal(err.reason, "field_size");
				assert_int_equal(err.column, 2);
			} else {
				assert_null(err.reason);
				assert_int_equal(row.cells[1].n, n);
			}
			assert_true(csv_next(&c, &row, &err));
			assert_null(err.reason);
		}
}

static void test_writer(void **state)
{
	struct buf b = buf_new(a, 10000);
	struct csv_writer w = csv_writer_new(&b, true);

	(void)state;
	csv_put_text(&w, STR("=1+1"));
	csv_put_text(&w, STR("+86"));
	csv_put_text(&w, STR("-1"));
	csv_put_text(&w, STR("@x"));
	csv_put_text(&w, STR("\tx"));
	csv_put_text(&w, STR("\rx"));
	csv_put_text(&w, STR("\xEF\xBC\2351"));
	csv_put_text(&w, STR("=HYPERLINK(\"http://x\",\"y\")"));
	csv_end_row(&w);
	csv_put_int(&w, -5);
	csv_put_real(&w, -0.1);
	csv_put_real(&w, __builtin_inf());
	csv_put_time(&w, 0);
	csv_put_time(&w, SECOND);
	csv_put_text(&w, STR("a=b"));
	csv_put_text(&w, STR("a,b"));
	csv_put_text(&w, STR("say \"x\"\n"));
	csv_end_row(&w);
	csv_put_text(&w, NO_STR);
	csv_end_row(&w);
	assert_string_equal(buf_str(&b).p,
			    "\xEF\xBB\xBF\"'=1+1\",\"'+86\",\"'-1\",\"'@x\",\"'\tx\",\"'\rx\",\"'\xEF\xBC\2351\","
			    "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"\r\n"
			    "-5,-0.1,,,1970-01-01T00:00:01Z,a=b,\"a,b\",\"say \"\"x\"\"\n\"\r\n"
			    "\"\"\r\n");
}

/* What was written reads back; risky cells with their quote in front. */
static void test_round_trip(void **state)
{
	static const char *const cells[] = { "",  "a",   "a\"b", "\"",           "\n", "\r\n",
					     ",", " x ", "=x",   "\xE5\x8D\x97", "'",  "x\r" };
	struct buf b = buf_new(a, 10000);
	struct csv_writer w = csv_writer_new(&b, false);
	struct csv_error err;
	struct csv_row row;
	struct csv c;
	char name[8];

	(void)state;
	for (int i = 0; i < (int)COUNT(cells); i++) {
		snprintf(name, sizeof(name), "c%d", i);
		csv_put_text(&w, str_of(name));
	}
	csv_end_row(&w);
	for (size_t i = 0; i < COUNT(cells); i++)
		csv_put_text(&w, str_of(cells[i]));
	csv_end_row(&w);
	assert_int_equal(csv_open(a, buf_str(&b), &c, &err), RC_OK);
	assert_true(csv_next(&c, &row, &err));
	assert_null(err.reason);
	for (size_t i = 0; i < COUNT(cells); i++) {
		struct str got = row.cells[i];

		if (cells[i][0] == '=' || cells[i][0] == '\n' || cells[i][0] == '\r') {
			assert_int_equal(got.p[0], '\'');
			got.p++;
			got.n--;
		}
		assert_true(str_is(got, cells[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),   cmocka_unit_test(test_bad_rows), cmocka_unit_test(test_open),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_writer),   cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
