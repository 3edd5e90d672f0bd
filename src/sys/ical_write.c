/* ical_write.c - content lines of iCalendar, see ical.h. */
#include "sys/ical.h"

#include <string.h>

/* Bytes of the UTF-8 character that begins with c. */
static size_t char_bytes(char c)
{
	unsigned char u = (unsigned char)c;

	return u < 0x80 ? 1 : u < 0xe0 ? 2 : u < 0xf0 ? 3 : 4;
}

/* The space that begins a continued line counts as one of its octets. */
static void fold(struct buf *out, struct str line)
{
	size_t width = 0;

	for (size_t i = 0; i < line.n;) {
		size_t n = char_bytes(line.p[i]);

		n = n > line.n - i ? line.n - i : n;
		if (width + n > ICAL_FOLD) {
			buf_add(out, STR("\r\n "));
			width = 1;
		}
		buf_add(out, (struct str){ line.p + i, n });
		width += n;
		i += n;
	}
	buf_add(out, STR("\r\n"));
}

void ical_put(struct buf *out, const char *name, struct str value)
{
	fold(out, arena_fmt(out->a, "%s:" FMT_STR, name, ARG_STR(value)));
}

void ical_put_text(struct buf *out, const char *name, struct str value)
{
	struct buf b = buf_new(out->a, strlen(name) + 2 * value.n + 2);

	buf_fmt(&b, "%s:", name);
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\n')
			buf_add(&b, STR("\\n"));
		else if (c == '\\' || c == ';' || c == ',')
			buf_fmt(&b, "\\%c", c);
		else if (c == '\t' || (unsigned char)c >= 0x20)
			buf_char(&b, c == 0x7f ? ' ' : c);
	}
	fold(out, buf_str(&b));
}

/* "20260312T010741" of RFC 3339 text. */
static struct str digits(struct arena *a, int64_t t)
{
	char text[TIME_TEXT], *p;
	struct str s = time_text(t, text);
	size_t n = 0;

	p = arena_alloc(a, TIME_TEXT);
	for (size_t i = 0; i < s.n && i < 19; i++)
		if (s.p[i] != '-' && s.p[i] != ':')
			p[n++] = s.p[i];
	return (struct str){ p, n };
}

void ical_put_utc(struct buf *out, const char *name, int64_t t)
{
	ical_put(out, name, arena_fmt(out->a, FMT_STR "Z", ARG_STR(digits(out->a, t))));
}

void ical_put_local(struct buf *out, const char *name, int64_t t)
{
	ical_put(out, arena_fmt(out->a, "%s;TZID=Asia/Shanghai", name).p, digits(out->a, t + 8 * HOUR));
}

void ical_put_zone(struct buf *out)
{
	buf_add(out, STR("BEGIN:VTIMEZONE\r\nTZID:Asia/Shanghai\r\nBEGIN:STANDARD\r\nDTSTART:19910915T020000\r\n"
			 "TZOFFSETFROM:+0900\r\nTZOFFSETTO:+0800\r\nTZNAME:CST\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"));
}
