/* iCalendar lines out, events in. */
#include "sys/ical.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct arena *a;
static struct ical_file f;

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

static struct str text_line(struct str value)
{
	struct buf b = buf_new(a, 1 << 20);

	ical_put_text(&b, "SUMMARY", value);
	return buf_str(&b);
}

#define same(s, z) assert_string_equal(arena_z(a, s), z)

static void test_escaped(void **state)
{
	(void)state;
	same(text_line(STR("a,b;c\\d\ne\tf\x01\x7f\r")), "SUMMARY:a\\,b\\;c\\\\d\\ne\tf \r\n");
	same(text_line(STR("")), "SUMMARY:\r\n");
}

/* Every length around the fold, with characters of one to four octets. */
static void test_folded(void **state)
{
	static const char *const chars[] = { "x", "\xc3\xa9", "\xe4\xb9\x85", "\xf0\x9f\x98\x80" };

	(void)state;
	for (size_t k = 0; k < COUNT(chars); k++) {
		for (int n = 0; n < 160; n++) {
			struct buf v = buf_new(a, 4096), back = buf_new(a, 4096);

			for (int i = 0; i < n; i++)
				buf_fmt(&v, "%s", chars[k]);
			struct str rest = text_line(buf_str(&v)), line;

			assert_true(str_ends(rest, "\r\n"));
			rest.n -= 2;
			for (bool first = true; str_cut(&rest, '\n', &line); first = false) {
				if (rest.p)
					assert_true(line.p[--line.n] == '\r');
				assert_true(line.n <= ICAL_FOLD && str_utf8(line));
				assert_true(first || line.p[0] == ' ');
				assert_true(!rest.p || line.n + strlen(chars[k]) > ICAL_FOLD);
				buf_add(&back, first ? line : (struct str){ line.p + 1, line.n - 1 });
			}
			same(buf_str(&back), arena_fmt(a, "SUMMARY:" FMT_STR, ARG_STR(buf_str(&v))).p);
		}
	}
}

static void test_times(void **state)
{
	struct buf b = buf_new(a, 4096);
	int64_t t;

	(void)state;
	assert_int_equal(time_parse(STR("2026-03-11T17:07:41.9Z"), &t), RC_OK);
	ical_put_utc(&b, "DTSTAMP", t);
	ical_put_local(&b, "DTSTART", t);
	same(buf_str(&b), "DTSTAMP:20260311T170741Z\r\nDTSTART;TZID=Asia/Shanghai:20260312T010741\r\n");
}

/* ---- reading ------------------------------------------------------------------------ */

static enum rc read_text(const char *body)
{
	return ical_read(a, str_of(body), &f);
}

/* One event of these lines. */
static struct ical_event *event(const char *lines)
{
	assert_int_equal(read_text(arena_fmt(a,
					     "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n%sEND:VEVENT\r\n"
					     "END:VCALENDAR\r\n",
					     lines)
					   .p),
			 RC_OK);
	assert_int_equal(f.n, 1);
	return f.v;
}

#define START "DTSTART;TZID=Asia/Shanghai:20260309T080000\r\n"
#define END   "DTEND;TZID=Asia/Shanghai:20260309T160000\r\n"
#define WHO   "ATTENDEE:mailto:wangjing@jiuan.local\r\n"

static const char *at_text(int64_t t)
{
	char text[TIME_TEXT];

	return arena_dup(a, time_text(t, text)).p;
}

static void test_plain(void **state)
{
	struct ical_event *e = event("UID:u1\r\nSUMMARY:long\r\n  night\\, calm\r\nCATEGORIES:Seat\r\n" START END WHO
				     "ATTENDEE;CN=Li:liwei\r\n");

	(void)state;
	assert_null(e->code);
	same(e->uid, "u1");
	same(e->summary, "long night, calm");
	same(e->categories, "Seat");
	assert_int_equal(e->n_who, 2);
	same(e->who[0], "wangjing@jiuan.local");
	same(e->who[1], "liwei");
	assert_int_equal(e->n_times, 1);
	assert_string_equal(at_text(e->from_at[0]), "2026-03-09T00:00:00Z");
	assert_true(e->span == 8 * HOUR);
	/* UTC, the clock of China without a name, names that mean it; a duration. */
	e = event("DTSTART:20260309T000000Z\r\nDURATION:PT90M\r\n" WHO);
	assert_string_equal(at_text(e->from_at[0]), "2026-03-09T00:00:00Z");
	assert_true(e->span == 90 * MINUTE);
	e = event("DTSTART:20260309T080000\r\nDTEND:20260309T010000Z\r\n" WHO);
	assert_string_equal(at_text(e->from_at[0]), "2026-03-09T00:00:00Z");
	assert_true(e->span == HOUR);
	e = event("DTSTART;TZID=\"China Standard Time\":20260309T080000\r\n" END WHO);
	assert_null(e->code);
	e = event("DTSTART;TZID=/softwarestudio.org/Asia/Shanghai:20260309T080000\r\n" END WHO);
	assert_null(e->code);
	/* Cancelled: nothing, and no complaint. */
	e = event("STATUS:CANCELLED\r\n" START END WHO);
	assert_null(e->code);
	assert_int_equal(e->n_times, 0);
}

static void test_refused(void **state)
{
	static const struct {
		const char *lines, *code, *field;
	} bad[] = {
		{ END WHO, "required", "DTSTART" },
		{ START WHO, "required", "DTEND" },
		{ START END, "required", "ATTENDEE" },
		{ "DTSTART;VALUE=DATE:20260309\r\n" END WHO, "no_time_of_day", "DTSTART" },
		{ "DTSTART;TZID=Europe/Berlin:20260309T080000\r\n" END WHO, "unknown_zone", "DTSTART" },
		{ "DTSTART;TZID=NotAsia/Shanghai:20260309T080000\r\n" END WHO, "unknown_zone", "DTSTART" },
		{ START "DTEND:20260309T080000\r\n" WHO, "out_of_range", "DTEND" },
		{ START "DTEND:20260309T075959\r\n" WHO, "out_of_range", "DTEND" },
		{ START "DURATION:-PT1H\r\n" WHO, "out_of_range", "DURATION" },
		{ "DTSTART:20261399T080000\r\n" END WHO, "bad_time", "DTSTART" },
		{ START END WHO "RDATE:20260310T080000\r\n", "unsupported", "RDATE" },
		{ START END WHO "RECURRENCE-ID:20260310T080000\r\n", "unsupported", "RECURRENCE-ID" },
		{ START END WHO "RRULE:FREQ=MONTHLY;COUNT=3\r\n", "unsupported", "RRULE" },
		{ START END WHO "RRULE:FREQ=SECONDLY;COUNT=3\r\n", "unsupported", "RRULE" },
		{ START END WHO "RRULE:FREQ=DAILY\r\n", "endless", "RRULE" },
		{ START END WHO "RRULE:FREQ=DAILY;COUNT=401\r\n", "too_many", "RRULE" },
		{ START END WHO "RRULE:FREQ=DAILY;UNTIL=20990101T000000Z\r\n", "too_many", "RRULE" },
		{ START END WHO "RRULE:FREQ=DAILY;INTERVAL=100;COUNT=2\r\n", "out_of_range", "RRULE" },
		{ START END WHO "RRULE:FREQ=DAILY;BYDAY=MO;COUNT=2\r\n", "unsupported", "RRULE" },
		{ START END WHO "RRULE:FREQ=WEEKLY;BYMONTH=1;COUNT=2\r\n", "unsupported", "RRULE" },
		{ START END WHO "RRULE:FREQ=DAILY;COUNT=2\r\nRRULE:FREQ=DAILY;COUNT=2\r\n", "unsupported", "RRULE" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct ical_event *e = event(bad[i].lines);

		if (e->code == NULL || strcmp(e->code, bad[i].code) != 0 || strcmp(e->field, bad[i].field) != 0)
			fail_msg("%s: %s at %s", bad[i].lines, e->code ? e->code : "accepted",
				 e->field ? e->field : "-");
		assert_non_null(e->detail);
		assert_int_equal(e->n_times, 0);
		assert_int_equal(e->component, 1);
	}
	struct ical_event *e = event(START END WHO "RRULE:FREQ=DAILY;COUNT=400\r\n");

	assert_null(e->code);
	assert_int_equal(e->n_times, 400);
}

static const char *days(const struct ical_event *e)
{
	struct buf b = buf_new(a, 4096);

	if (e->code)
		return e->code;
	for (size_t i = 0; i < e->n_times; i++)
		buf_fmt(&b, "%.5s ", at_text(e->from_at[i]) + 5);
	return buf_str(&b).p ? buf_str(&b).p : "";
}

static void test_rules(void **state)
{
	static const struct {
		const char *rule, *want;
	} all[] = { /* the 9th of March 2026 is a Monday */
		    { "RRULE:FREQ=DAILY;COUNT=3\r\n", "03-09 03-10 03-11 " },
		    { "RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260314T000000Z\r\n", "03-09 03-11 03-13 " },
		    { "RRULE:FREQ=DAILY;UNTIL=20260311T000000Z\r\n", "03-09 03-10 03-11 " },
		    { "RRULE:FREQ=DAILY;UNTIL=20260310T235959Z\r\n", "03-09 03-10 " },
		    { "RRULE:FREQ=DAILY;UNTIL=20260311\r\n", "03-09 03-10 03-11 " },
		    { "RRULE:FREQ=WEEKLY;COUNT=3\r\n", "03-09 03-16 03-23 " },
		    { "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=5\r\n", "03-09 03-11 03-13 03-16 03-18 " },
		    { "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;WKST=MO;COUNT=4\r\n", "03-09 03-15 03-23 03-29 " },
		    { "RRULE:FREQ=DAILY;COUNT=4\r\nEXDATE;TZID=Asia/Shanghai:20260310T080000,20260312T080000\r\n",
		      "03-09 03-11 " },
		    { "RRULE:FREQ=DAILY;COUNT=2\r\nEXDATE:20260309T000000Z\r\n", "03-10 " },
		    { "EXDATE:20260309T000000Z\r\n", "" },
		    { "RRULE:FREQ=DAILY;COUNT=2\r\nEXDATE;VALUE=DATE:20260309\r\n", "no_time_of_day" }
	};

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_string_equal(days(event(arena_fmt(a, START END WHO "%s", all[i].rule).p)), all[i].want);
}

static void whole(const char *body, enum rc want, const char *code)
{
	assert_int_equal(read_text(body), want);
	assert_string_equal(f.code, code);
	assert_non_null(f.detail);
}

static const char *repeated(const char *head, const char *line, int n, const char *tail)
{
	struct buf b = buf_new(a, 8 << 20);

	buf_fmt(&b, "%s", head);
	for (int i = 0; i < n; i++)
		buf_fmt(&b, "%s", line);
	buf_fmt(&b, "%s", tail);
	return buf_str(&b).p;
}

static void test_files(void **state)
{
	const char *cal = "BEGIN:VCALENDAR\r\n", *end = "END:VCALENDAR\r\n",
		   *one = "BEGIN:VEVENT\r\n" START END WHO "END:VEVENT\r\n", *none = "BEGIN:VEVENT\r\nEND:VEVENT\r\n";

	(void)state;
	whole("", RC_INVALID, "bad_ical");
	whole("hello", RC_INVALID, "bad_ical");
	whole("\xff\xfe", RC_INVALID, "not_utf8");
	whole("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", RC_INVALID, "empty");
	whole("BEGIN:VEVENT\r\nEND:VEVENT\r\n", RC_INVALID, "bad_ical");
	whole(repeated(cal, none, 2001, end), RC_LIMIT, "too_many");
	assert_int_equal(read_text(repeated(cal, none, 2000, end)), RC_OK);
	assert_int_equal(f.n, 2000);
	assert_int_equal(f.v[1999].component, 2000);
	whole(repeated("", "BEGIN:VCALENDAR\r\n", 5, ""), RC_INVALID, "bad_ical");
	whole(repeated("", "BEG\r\n IN:VCALENDAR\r\n", 5000, ""), RC_INVALID, "bad_ical"); /* hidden by folding */
	whole(repeated("X:", "x", 8191, ""), RC_LIMIT, "too_much");
	whole(repeated(cal, "X:0123456789\r\n", 100000, end), RC_LIMIT, "too_much");
	/* Two calendars in one file, LF alone, a BOM. */
	assert_int_equal(read_text(arena_fmt(a, "\xef\xbb\xbf%s%s%s%s%s%s", cal, one, end, cal, one, end).p), RC_OK);
	assert_int_equal(f.n, 2);
	assert_int_equal(read_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260309T080000\nDTEND:20260309T090000\n"
				   "ATTENDEE:liwei\nEND:VEVENT\nEND:VCALENDAR\n"),
			 RC_OK);
	assert_null(f.v[0].code);
	/* 13 times 400 pass 5,000. */
	const char *many = "BEGIN:VEVENT\r\n" START END WHO "RRULE:FREQ=DAILY;COUNT=400\r\nEND:VEVENT\r\n";

	whole(repeated(cal, many, 13, end), RC_LIMIT, "too_many");
	assert_int_equal(read_text(repeated(cal, many, 12, end)), RC_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_escaped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_folded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
