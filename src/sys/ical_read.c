/* ical_read.c - events of an iCalendar file, by libical.
 *
 * What libical is given is small, flat and UTF-8; it never looks for a time
 * zone of its own, and rules are run only in the two forms that always end. */
#include "sys/ical.h"

#include <libical/ical.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LINES = 60000, LINE_BYTES = 8192, DEPTH = 4, INTERVAL_MOST = 99, TEXT_MOST = 1000 };

struct reader {
	struct arena *a;
	struct ical_file *f;
	size_t times;
};

/* ---- before libical sees it ------------------------------------------------------- */

static enum rc whole(struct ical_file *f, enum rc rc, const char *code, const char *detail)
{
	f->code = code;
	f->detail = detail;
	return rc;
}

static bool begins(struct str line, const char *word)
{
	size_t n = strlen(word);

	return line.n >= n && strncasecmp(line.p, word, n) == 0;
}

/* One line each, without CR: nothing hides in a folded line from the check, and
 * libical has nothing to unfold. */
static struct str unfold(struct arena *a, struct str text)
{
	char *p = arena_alloc(a, text.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == '\r' && i + 1 < text.n && text.p[i + 1] == '\n')
			continue;
		c = c == '\r' ? '\n' : c;
		if (c == '\n' && i + 1 < text.n && (text.p[i + 1] == ' ' || text.p[i + 1] == '\t'))
			i++;
		else
			p[n++] = c;
	}
	return (struct str){ p, n };
}

/* libical takes components apart by recursion, and copies lines as a whole. */
static enum rc check_shape(struct str text, struct ical_file *f)
{
	struct str line;
	size_t lines = 0, depth = 0;

	while (str_cut(&text, '\n', &line)) {
		if (++lines > LINES || line.n > LINE_BYTES)
			return whole(f, RC_LIMIT, "too_much", "too many lines, or one too long");
		depth += begins(line, "BEGIN:") || begins(line, "BEGIN;");
		if (depth > DEPTH)
			return whole(f, RC_INVALID, "bad_ical", "components are nested too deeply");
		if (!begins(line, "END:") && !begins(line, "END;"))
			continue;
		if (depth-- == 0)
			return whole(f, RC_INVALID, "bad_ical", "an END without its BEGIN");
	}
	return RC_OK;
}

/* ---- times ------------------------------------------------------------------------ */

static enum rc fault(struct ical_event *e, const char *code, const char *field, const char *detail)
{
	e->code = code;
	e->field = field;
	e->detail = detail;
	return RC_INVALID;
}

static bool names_china(const char *tzid)
{
	static const char *const names[] = { "Asia/Shanghai", "Asia/Chongqing",      "Asia/Harbin", "Asia/Beijing",
					     "PRC",           "China Standard Time", NULL };
	size_t n = strlen(tzid);

	for (size_t i = 0; names[i]; i++) {
		size_t m = strlen(names[i]);

		/* Some programs put a path of their own in front. */
		if (n >= m && strcasecmp(tzid + n - m, names[i]) == 0 && (n == m || tzid[n - m - 1] == '/'))
			return true;
	}
	return false;
}

static enum rc instant(const struct icaltimetype *t, bool utc, int64_t *ret)
{
	char text[64];

	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%s", t->year, t->month, t->day, t->hour, t->minute,
		 t->second, utc ? "Z" : "+08:00");
	return time_parse(str_of(text), ret);
}

static enum rc read_time(struct ical_event *e, icalproperty *p, const char *field, int64_t *ret)
{
	icalparameter *zone = icalproperty_get_first_parameter(p, ICAL_TZID_PARAMETER);
	const icalvalue *v = icalproperty_get_value(p);
	const char *tzid = zone ? icalparameter_get_tzid(zone) : NULL;

	if (v == NULL || (icalvalue_isa(v) != ICAL_DATETIME_VALUE && icalvalue_isa(v) != ICAL_DATE_VALUE))
		return fault(e, "bad_time", field, "no date with a time");
	if (icalvalue_isa(v) == ICAL_DATE_VALUE)
		return fault(e, "no_time_of_day", field, "a shift has a time of day, not a date alone");
	struct icaltimetype t = icalvalue_get_datetime(v);
	bool utc = icaltime_is_utc(t);

	if (!utc && tzid && !names_china(tzid))
		return fault(e, "unknown_zone", field, "only UTC and the clock of China are read");
	return instant(&t, utc, ret) == RC_OK ? RC_OK : fault(e, "bad_time", field, "no such time");
}

/* ---- repetitions --------------------------------------------------------------------- */

static bool none(const short *list)
{
	return list[0] == ICAL_RECURRENCE_ARRAY_MAX;
}

/* Daily, or weekly on named days: these always come to a next time. */
static enum rc check_rule(struct ical_event *e, const struct icalrecurrencetype *r)
{
	bool weekly = r->freq == ICAL_WEEKLY_RECURRENCE;

	if (r->freq != ICAL_DAILY_RECURRENCE && !weekly)
		return fault(e, "unsupported", "RRULE", "only FREQ=DAILY and FREQ=WEEKLY are read");
	if (!none(r->by_second) || !none(r->by_minute) || !none(r->by_hour) || !none(r->by_month_day) ||
	    !none(r->by_year_day) || !none(r->by_week_no) || !none(r->by_month) || !none(r->by_set_pos) || r->rscale ||
	    (!none(r->by_day) && !weekly))
		return fault(e, "unsupported", "RRULE",
			     "besides FREQ only INTERVAL, BYDAY of weeks, UNTIL, COUNT, WKST");
	for (size_t i = 0; i < ICAL_BY_DAY_SIZE && r->by_day[i] != ICAL_RECURRENCE_ARRAY_MAX; i++)
		if (icalrecurrencetype_day_position(r->by_day[i]) != 0)
			return fault(e, "unsupported", "RRULE", "a week has each day once");
	if (r->interval < 1 || r->interval > INTERVAL_MOST)
		return fault(e, "out_of_range", "RRULE", "INTERVAL is 1 to 99");
	if (r->count <= 0 && icaltime_is_null_time(r->until))
		return fault(e, "endless", "RRULE", "UNTIL or COUNT is needed");
	return RC_OK;
}

/* UNTIL as a date holds for that whole day. */
static enum rc read_until(struct ical_event *e, const struct icalrecurrencetype *r, int64_t *ret)
{
	struct icaltimetype t = r->until;
	bool date = t.is_date != 0;

	*ret = INT64_MAX;
	if (icaltime_is_null_time(t))
		return RC_OK;
	if (date) {
		t.hour = 23;
		t.minute = t.second = 59;
	}
	return instant(&t, !date && icaltime_is_utc(t), ret) == RC_OK ? RC_OK
								      : fault(e, "bad_time", "RRULE", "no such UNTIL");
}

struct excepted {
	int64_t *v;
	size_t n;
};

static bool is_excepted(const struct excepted *x, int64_t t)
{
	for (size_t i = 0; i < x->n; i++)
		if (x->v[i] == t)
			return true;
	return false;
}

static enum rc read_excepted(struct reader *r, struct ical_event *e, icalcomponent *c, struct excepted *x)
{
	int n = icalcomponent_count_properties(c, ICAL_EXDATE_PROPERTY);

	if (n > ICAL_REPEATS)
		return fault(e, "too_many", "EXDATE", "at most 400 exceptions");
	*x = (struct excepted){ NEW_N(r->a, int64_t, n ? n : 1), 0 };
	for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_EXDATE_PROPERTY); p;
	     p = icalcomponent_get_next_property(c, ICAL_EXDATE_PROPERTY))
		TRY(read_time(e, p, "EXDATE", &x->v[x->n++]));
	return RC_OK;
}

static struct icaltimetype local_time(int64_t t)
{
	char text[TIME_TEXT], plain[16];
	struct str s = time_text(t + 8 * HOUR, text);
	size_t n = 0;

	for (size_t i = 0; i < s.n && n < 15; i++)
		if (s.p[i] != '-' && s.p[i] != ':')
			plain[n++] = s.p[i];
	plain[n] = '\0';
	return icaltime_from_string(plain);
}

/* libical runs in one zone without changes, so it counts on the clock of the
 * first time; where to stop is decided here. */
static enum rc run_rule(struct reader *r, struct ical_event *e, icalproperty *p, const struct excepted *x)
{
	struct icalrecurrencetype rule = icalproperty_get_rrule(p);
	int64_t until, first = e->from_at[0], t;
	struct icaltimetype at;

	TRY(check_rule(e, &rule));
	TRY(read_until(e, &rule, &until));
	int64_t most = rule.count > 0 ? rule.count : INT64_MAX;

	rule.count = 0;
	rule.until = icaltime_null_time();
	icalrecur_iterator *it = icalrecur_iterator_new(rule, local_time(first));
	enum rc rc = RC_OK;

	if (it == NULL)
		return fault(e, "unsupported", "RRULE", "the rule cannot be read");
	e->n_times = 0;
	for (int64_t n = 0; n < most; n++) {
		at = icalrecur_iterator_next(it);
		if (icaltime_is_null_time(at) || instant(&at, false, &t) != RC_OK || t > until)
			break;
		if (n == ICAL_REPEATS) {
			rc = fault(e, "too_many", "RRULE", "at most 400 times");
			break;
		}
		if (!is_excepted(x, t))
			e->from_at[e->n_times++] = t;
	}
	icalrecur_iterator_free(it);
	(void)r;
	return rc;
}

/* ---- one event ------------------------------------------------------------------------- */

static struct str text_of(struct reader *r, const char *z)
{
	struct str s = str_of(z);

	return s.p && s.n <= TEXT_MOST * 4 && str_utf8(s) ? str_trim(arena_dup(r->a, s)) : NO_STR;
}

static enum rc read_span(struct ical_event *e, icalcomponent *c)
{
	icalproperty *end = icalcomponent_get_first_property(c, ICAL_DTEND_PROPERTY),
		     *span = icalcomponent_get_first_property(c, ICAL_DURATION_PROPERTY);
	int64_t to;

	if (end == NULL && span == NULL)
		return fault(e, "required", "DTEND", "when does it end? DTEND or DURATION is needed");
	if (end) {
		TRY(read_time(e, end, "DTEND", &to));
		e->span = to - e->from_at[0];
	} else {
		e->span = icaldurationtype_as_int(icalproperty_get_duration(span)) * SECOND;
	}
	return e->span > 0 ? RC_OK : fault(e, "out_of_range", end ? "DTEND" : "DURATION", "it ends after it begins");
}

static enum rc read_who(struct reader *r, struct ical_event *e, icalcomponent *c)
{
	for (icalproperty *p = icalcomponent_get_first_property(c, ICAL_ATTENDEE_PROPERTY); p;
	     p = icalcomponent_get_next_property(c, ICAL_ATTENDEE_PROPERTY)) {
		struct str who = text_of(r, icalproperty_get_attendee(p));

		if (e->n_who == ICAL_WHO)
			return fault(e, "too_many", "ATTENDEE", "at most 20 people");
		if (begins(who, "mailto:"))
			who = (struct str){ who.p + 7, who.n - 7 };
		if (who.n == 0)
			return fault(e, "bad_property", "ATTENDEE", "not readable");
		e->who[e->n_who++] = who;
	}
	return e->n_who ? RC_OK : fault(e, "required", "ATTENDEE", "whose shift is it?");
}

/* What would change the meaning and is not read must not be overlooked. */
static enum rc check_rest(struct ical_event *e, icalcomponent *c)
{
	static const struct {
		icalproperty_kind kind;
		const char *field;
	} not_read[] = { { ICAL_RECURRENCEID_PROPERTY, "RECURRENCE-ID" },
			 { ICAL_RDATE_PROPERTY, "RDATE" },
			 { ICAL_EXRULE_PROPERTY, "EXRULE" } };

	if (icalcomponent_count_properties(c, ICAL_XLICERROR_PROPERTY))
		return fault(e, "bad_property", "VEVENT", "a property cannot be read");
	for (size_t i = 0; i < COUNT(not_read); i++)
		if (icalcomponent_count_properties(c, not_read[i].kind))
			return fault(e, "unsupported", not_read[i].field, "this property is not read");
	if (icalcomponent_count_properties(c, ICAL_RRULE_PROPERTY) > 1)
		return fault(e, "unsupported", "RRULE", "one rule at most");
	return RC_OK;
}

static enum rc read_event(struct reader *r, struct ical_event *e, icalcomponent *c)
{
	icalproperty *start = icalcomponent_get_first_property(c, ICAL_DTSTART_PROPERTY),
		     *rule = icalcomponent_get_first_property(c, ICAL_RRULE_PROPERTY),
		     *words = icalcomponent_get_first_property(c, ICAL_CATEGORIES_PROPERTY);
	struct excepted x;

	e->uid = text_of(r, icalcomponent_get_uid(c));
	e->summary = text_of(r, icalcomponent_get_summary(c));
	e->categories = words ? text_of(r, icalproperty_get_categories(words)) : NO_STR;
	if (icalcomponent_get_status(c) == ICAL_STATUS_CANCELLED)
		return RC_OK;
	TRY(check_rest(e, c));
	if (start == NULL)
		return fault(e, "required", "DTSTART", "when does it begin?");
	e->from_at = NEW_N(r->a, int64_t, rule ? ICAL_REPEATS : 1);
	TRY(read_time(e, start, "DTSTART", &e->from_at[0]));
	TRY(read_span(e, c));
	TRY(read_who(r, e, c));
	TRY(read_excepted(r, e, c, &x));
	e->n_times = !is_excepted(&x, e->from_at[0]);
	return rule ? run_rule(r, e, rule, &x) : RC_OK;
}

static enum rc read_calendar(struct reader *r, icalcomponent *cal)
{
	for (icalcomponent *c = icalcomponent_get_first_component(cal, ICAL_VEVENT_COMPONENT); c;
	     c = icalcomponent_get_next_component(cal, ICAL_VEVENT_COMPONENT)) {
		if (r->f->n == ICAL_EVENTS)
			return whole(r->f, RC_LIMIT, "too_many", "a file holds at most 2,000 events");
		struct ical_event *e = &r->f->v[r->f->n++];

		e->component = r->f->n;
		if (read_event(r, e, c) != RC_OK)
			e->n_times = 0;
		r->times += e->n_times * (e->n_who ? e->n_who : 1);
		if (r->times > ICAL_TIMES)
			return whole(r->f, RC_LIMIT, "too_many", "a file holds at most 5,000 times");
		TRY(arena_check(r->a));
	}
	return RC_OK;
}

static enum rc read_root(struct reader *r, icalcomponent *root)
{
	if (icalcomponent_isa(root) == ICAL_VCALENDAR_COMPONENT)
		return read_calendar(r, root);
	if (icalcomponent_isa(root) != ICAL_XROOT_COMPONENT)
		return whole(r->f, RC_INVALID, "bad_ical", "no VCALENDAR");
	for (icalcomponent *c = icalcomponent_get_first_component(root, ICAL_VCALENDAR_COMPONENT); c;
	     c = icalcomponent_get_next_component(root, ICAL_VCALENDAR_COMPONENT))
		TRY(read_calendar(r, c));
	return RC_OK;
}

enum rc ical_read(struct arena *a, struct str text, struct ical_file *ret)
{
	struct reader r = { .a = a, .f = ret };

	*ret = (struct ical_file){ .n = 0 };
	if (text.n > ICAL_BYTES)
		return whole(ret, RC_LIMIT, "too_much", "a file has at most 1 MiB");
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		text = (struct str){ text.p + 3, text.n - 3 };
	if (!str_utf8(text))
		return whole(ret, RC_INVALID, "not_utf8", "the file is not UTF-8");
	text = unfold(a, text);
	TRY(check_shape(text, ret));
	ret->v = NEW_N(a, struct ical_event, ICAL_EVENTS);
	icalcomponent *root = icalparser_parse_string(arena_z(a, text));

	if (root == NULL)
		return whole(ret, RC_INVALID, "bad_ical", "not an iCalendar file");
	enum rc rc = read_root(&r, root);

	icalcomponent_free(root);
	icalmemory_free_ring();
	if (rc != RC_OK)
		return rc;
	return ret->n ? RC_OK : whole(ret, RC_INVALID, "empty", "the file holds no VEVENT");
}
