/* ical.h - iCalendar (RFC 5545): lines out, events with their times in.
 *
 * Writing is our own: lines end with CRLF and are folded at 75 octets, never
 * inside a UTF-8 character.  Reading is by libical, which stands in
 * ical_read.c only.
 *
 * Times are read as UTC ("...Z"), or as the clock of China: without a zone, or
 * with a TZID that names it.  Other zones are refused: a duty rota that is an
 * hour off is worse than none.
 */
#ifndef SYS_ICAL_H
#define SYS_ICAL_H

#include "base/base.h"

/* ---- writing ---- */

enum { ICAL_FOLD = 75 };

/* "NAME:value", the value as it is. */
void ical_put(struct buf *out, const char *name, struct str value);
/* Escaped as TEXT (RFC 5545, 3.3.11); control characters but TAB and line ends
 * are left out. */
void ical_put_text(struct buf *out, const char *name, struct str value);
void ical_put_utc(struct buf *out, const char *name, int64_t t);   /* "NAME:20260312T010741Z"; fractions are cut */
void ical_put_local(struct buf *out, const char *name, int64_t t); /* "NAME;TZID=Asia/Shanghai:20260312T090741" */
/* The component VTIMEZONE of Asia/Shanghai: UTC+8 since 15 September 1991, the
 * end of the last summer time (IANA tzdata, "PRC"). */
void ical_put_zone(struct buf *out);

/* ---- reading ---- */

enum {
	ICAL_BYTES = 1 << 20, /* of a file */
	ICAL_EVENTS = 2000,   /* components VEVENT of a file */
	ICAL_REPEATS = 400,   /* times of one component */
	ICAL_TIMES = 5000,    /* times of a file */
	ICAL_WHO = 20,        /* attendees of one component */
};

/* One component VEVENT; 'code' set: refused, and then only the first two and
 * the reason count. */
struct ical_event {
	size_t component; /* 1 is the first VEVENT of the file */
	struct str uid;   /* or absent */
	struct str summary, categories;
	struct str who[ICAL_WHO]; /* ATTENDEE without "mailto:" */
	size_t n_who;
	int64_t span;       /* from begin to end, above 0 */
	int64_t *from_at;   /* begin of each time, ascending */
	size_t n_times;     /* 0: every time is excepted, or STATUS:CANCELLED */
	const char *code;   /* stable word: "required", "bad_time", "no_time_of_day", "unknown_zone",
			       "out_of_range", "unsupported", "endless", "too_many", "bad_property" */
	const char *field;  /* "DTSTART", "RRULE" ... */
	const char *detail; /* one sentence */
};
struct ical_file {
	struct ical_event *v;
	size_t n;
	const char *code, *detail; /* with RC_INVALID and RC_LIMIT: what is wrong with the whole file */
};

/* RC_INVALID: not UTF-8, no calendar, no VEVENT; RC_LIMIT: a limit of the file
 * as such.  A component that cannot be used is no failure of the file.
 * Everything in *ret lives in 'a'. */
enum rc ical_read(struct arena *a, struct str text, struct ical_file *ret) MUST_USE;

#endif
