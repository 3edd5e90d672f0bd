/* national.c - plates, identity numbers, telephone numbers. */
#include "base/national.h"

#include <string.h>

const char *const plate_kinds[PLATE_KINDS + 1] = { "none",    "standard",  "new_energy",   "trailer",
						   "coach",   "police",    "cross_border", "consular",
						   "embassy", "emergency", "military",     NULL };
const char *const id_faults[] = { "fine", "length", "digit", "region", "date", "check", NULL };

/* ---- code points -------------------------------------------------------------------- */

/* The code point at s.p[*i], *i behind it; 0 at the end or on broken UTF-8. */
static uint32_t next_char(struct str s, size_t *i)
{
	if (*i >= s.n)
		return 0;
	unsigned char c = (unsigned char)s.p[(*i)++];
	unsigned more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
	uint32_t code = more == 3 ? c & 7u : more == 2 ? c & 15u : more == 1 ? c & 31u : c;

	while (more-- && *i < s.n)
		code = code << 6 | ((unsigned char)s.p[(*i)++] & 63u);
	return code;
}

static void put_char(struct buf *b, uint32_t code)
{
	if (code < 0x80) {
		buf_char(b, (char)code);
	} else if (code < 0x800) {
		buf_char(b, (char)(0xC0 | code >> 6));
		buf_char(b, (char)(0x80 | (code & 63)));
	} else if (code < 0x10000) {
		buf_char(b, (char)(0xE0 | code >> 12));
		buf_char(b, (char)(0x80 | (code >> 6 & 63)));
		buf_char(b, (char)(0x80 | (code & 63)));
	} else {
		buf_char(b, (char)(0xF0 | (code >> 18 & 7)));
		buf_char(b, (char)(0x80 | (code >> 12 & 63)));
		buf_char(b, (char)(0x80 | (code >> 6 & 63)));
		buf_char(b, (char)(0x80 | (code & 63)));
	}
}

/* What people put between the parts of a number. */
static bool is_gap(uint32_t c)
{
	static const uint32_t gaps[] = { ' ',    '\t',   '.',    '-',    0xA0,   0xB7,   0x2010, 0x2011, 0x2012,
					 0x2013, 0x2014, 0x2022, 0x2027, 0x3000, 0x30FB, 0xFF65, 0x22C5 };

	for (size_t i = 0; i < COUNT(gaps); i++)
		if (gaps[i] == c)
			return true;
	return false;
}

static uint32_t narrow(uint32_t c)
{
	if (c >= 0xFF01 && c <= 0xFF5E)
		c -= 0xFEE0;
	return c >= 'a' && c <= 'z' ? c - 32 : c;
}

static struct str tidy(struct arena *a, struct str in)
{
	struct buf b = buf_new(a, 4096);
	size_t i = 0;
	uint32_t c;

	while ((c = next_char(in, &i)) != 0 && !b.overflow)
		if (!is_gap(narrow(c)))
			put_char(&b, narrow(c));
	return buf_str(&b);
}

/* ---- plates ------------------------------------------------------------------------------ */

enum { PLATE_MOST = 12 };
/* The plate's characters as code points. */
struct letters {
	uint32_t c[PLATE_MOST];
	size_t n;
};

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint32_t c)
{
	return c >= 'A' && c <= 'Z';
}

/* I and O would be taken for 1 and 0. */
static bool is_serial(uint32_t c)
{
	return is_digit(c) || (is_letter(c) && c != 'I' && c != 'O');
}

static bool has_char(const char *list, uint32_t c)
{
	struct str s = str_of(list);
	uint32_t x;

	for (size_t i = 0; (x = next_char(s, &i)) != 0;)
		if (x == c)
			return true;
	return false;
}

static bool is_province(uint32_t c)
{
	return has_char("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼", c);
}

static bool all_of(const struct letters *l, size_t from, size_t to, bool (*is)(uint32_t c))
{
	for (size_t i = from; i < to; i++)
		if (!is(l->c[i]))
			return false;
	return true;
}

/* D1234 5, DA1234 (small); 12345D (large). */
static bool is_new_energy(const struct letters *l)
{
	static const char *const kinds = "DABCEFGHJK";

	if (has_char(kinds, l->c[7]) && all_of(l, 2, 7, is_digit))
		return true;
	return has_char(kinds, l->c[2]) && is_serial(l->c[3]) && all_of(l, 4, 8, is_digit);
}

static enum plate_kind kind_by_last(const struct letters *l)
{
	static const struct {
		const char *last;
		enum plate_kind kind;
	} words[] = { { "挂", PLATE_TRAILER },
		      { "学", PLATE_COACH },
		      { "警", PLATE_POLICE },
		      { "领", PLATE_CONSULAR },
		      { "港澳", PLATE_CROSS_BORDER } };

	if (!all_of(l, 2, 6, is_serial))
		return PLATE_NONE;
	if (is_serial(l->c[6]))
		return PLATE_STANDARD;
	for (size_t i = 0; i < COUNT(words); i++)
		if (has_char(words[i].last, l->c[6]))
			return words[i].kind == PLATE_CROSS_BORDER && !(has_char("粤", l->c[0]) && l->c[1] == 'Z')
				       ? PLATE_NONE
				       : words[i].kind;
	return PLATE_NONE;
}

static enum plate_kind kind_of_province(const struct letters *l)
{
	if (!is_letter(l->c[1]) || l->c[1] == 'I')
		return PLATE_NONE;
	if (l->n == 7)
		return kind_by_last(l);
	if (l->n != 8)
		return PLATE_NONE;
	if (has_char("应", l->c[6]) && has_char("急", l->c[7]))
		return (l->c[1] == 'X' || l->c[1] == 'S') && all_of(l, 2, 6, is_serial) ? PLATE_EMERGENCY : PLATE_NONE;
	return is_new_energy(l) ? PLATE_NEW_ENERGY : PLATE_NONE;
}

static enum plate_kind kind_of_plate(const struct letters *l)
{
	if (l->n < 7 || l->n > 9)
		return PLATE_NONE;
	if (is_province(l->c[0]))
		return kind_of_province(l);
	if (l->n == 7 && has_char("使", l->c[0]) && all_of(l, 1, 7, is_digit))
		return PLATE_EMBASSY;
	if (l->n == 7 && has_char("使", l->c[6]) && all_of(l, 0, 6, is_digit))
		return PLATE_EMBASSY;
	if (l->c[0] == 'W' && l->c[1] == 'J') { /* armed police: a province may follow */
		bool province = is_province(l->c[2]);

		return l->n == (province ? 8u : 7u) && all_of(l, province ? 3 : 2, l->n, is_serial) ? PLATE_MILITARY
												    : PLATE_NONE;
	}
	return l->n == 7 && has_char("VKHBSLJNGCEDFAZ", l->c[0]) && is_letter(l->c[1]) && all_of(l, 2, 7, is_serial)
		       ? PLATE_MILITARY
		       : PLATE_NONE;
}

enum plate_kind plate_read(struct arena *a, struct str in, struct str *ret)
{
	struct letters l = { .n = 0 };
	size_t i = 0;
	uint32_t c;

	*ret = tidy(a, in);
	while ((c = next_char(*ret, &i)) != 0) {
		if (l.n == PLATE_MOST)
			return PLATE_NONE;
		l.c[l.n++] = c;
	}
	return kind_of_plate(&l);
}

bool plate_read_e_bike(struct arena *a, struct str in, struct str *ret)
{
	size_t i = 0, n = 0;
	uint32_t c;

	*ret = tidy(a, in);
	while ((c = next_char(*ret, &i)) != 0) {
		if (!is_digit(c) && !is_letter(c) && !(c >= 0x4E00 && c <= 0x9FFF))
			return false;
		n++;
	}
	return n >= 4 && n <= PLATE_MOST;
}

/* ---- identity numbers ---------------------------------------------------------------------- */

enum { ID_CHARS = 18 };

char id_check_digit(struct str first17)
{
	unsigned sum = 0, weight = 2; /* 2^i mod 11 from the right */

	if (first17.n != ID_CHARS - 1)
		return 0;
	for (size_t i = first17.n; i-- > 0;) {
		if (!is_digit((unsigned char)first17.p[i]))
			return 0;
		sum += weight * (unsigned)(first17.p[i] - '0');
		weight = weight * 2 % 11;
	}
	return "10X98765432"[sum % 11];
}

/* GB/T 2260, first two digits; 81, 82 and 83 for residents from Hong Kong, Macao
 * and Taiwan, 9x for foreigners with permanent residence (2023). */
static bool is_region(unsigned n)
{
	static const struct {
		unsigned char from, to;
	} all[] = { { 11, 15 }, { 21, 23 }, { 31, 37 }, { 41, 46 }, { 50, 54 },
		    { 61, 65 }, { 71, 71 }, { 81, 83 }, { 91, 99 } };

	for (size_t i = 0; i < COUNT(all); i++)
		if (n >= all[i].from && n <= all[i].to)
			return true;
	return false;
}

static bool is_birth(struct arena *a, struct str s, int64_t today)
{
	struct str day = arena_fmt(a, "%.4s-%.2s-%.2sT00:00:00+08:00", s.p, s.p + 4, s.p + 6);
	int64_t year, month, at;

	if (str_int((struct str){ s.p, 4 }, &year) != RC_OK || year < 1900)
		return false;
	if (year > 1970)
		return time_parse(day, &at) == RC_OK && at <= today;
	/* Before 1970 there is no time for it (in China the year began earlier still), but a year 400 on has the
	 * same days. */
	if (str_int((struct str){ s.p + 4, 2 }, &month) != RC_OK || month < 1)
		return false;
	day = arena_fmt(a, "%lld-%.2s-%.2sT00:00:00+08:00", (long long)year + 400, s.p + 4, s.p + 6);
	return time_parse(day, &at) == RC_OK;
}

enum id_fault id_read(struct arena *a, struct str in, int64_t today, struct str *ret)
{
	struct str s = tidy(a, in);
	int64_t region = 0;

	if (s.n != ID_CHARS)
		return ID_LENGTH;
	for (size_t i = 0; i < ID_CHARS; i++)
		if (!is_digit((unsigned char)s.p[i]) && !(i == ID_CHARS - 1 && s.p[i] == 'X'))
			return ID_DIGIT;
	if (str_int((struct str){ s.p, 2 }, &region) != RC_OK || !is_region((unsigned)region))
		return ID_REGION;
	if (!is_birth(a, (struct str){ s.p + 6, 8 }, today))
		return ID_DATE;
	if (id_check_digit((struct str){ s.p, ID_CHARS - 1 }) != s.p[ID_CHARS - 1])
		return ID_CHECK;
	*ret = s;
	return ID_FINE;
}

/* ---- telephone numbers ------------------------------------------------------------------------ */

/* Digits alone, a '+' at the front kept, and the extension apart: behind "-",
 * "转" or "x" when at least ten digits stand before it. */
struct dialled {
	char main[24], extension[8];
	size_t n, x;
	bool plus;
};

static bool take_digits(struct str in, struct dialled *d)
{
	bool extension = false;
	size_t i = 0;
	uint32_t c;

	while ((c = next_char(in, &i)) != 0) {
		c = narrow(c);
		if (c == '+' && d->n == 0 && !d->plus) {
			d->plus = true;
		} else if (c == 'X' || c == 0x8F6C || (c == '-' && d->n >= 11)) { /* 转 */
			if (extension || d->n < 10)
				return false;
			extension = true;
		} else if (is_digit(c)) {
			if (extension ? d->x == 6 : d->n == sizeof(d->main) - 1)
				return false;
			if (extension)
				d->extension[d->x++] = (char)c;
			else
				d->main[d->n++] = (char)c;
		} else if (!is_gap(c) && c != '(' && c != ')') {
			return false;
		}
	}
	return !extension || d->x > 0;
}

static enum phone_kind read_fixed(struct arena *a, struct str s, const struct dialled *d, struct str *ret)
{
	size_t area = s.n > 2 && (s.p[1] == '1' || s.p[1] == '2') ? 3 : 4, local;

	if (s.n < area + 7 || s.p[0] != '0' || s.p[1] == '0' || (s.p[1] == '1' && s.p[2] != '0'))
		return PHONE_NONE;
	local = s.n - area;
	if (local > 8 || (area == 3 && local != 8) || strchr("019", s.p[area]))
		return PHONE_NONE;
	*ret = arena_fmt(a, "%.*s-%.*s%s%.*s", (int)area, s.p, (int)local, s.p + area, d->x ? "-" : "", (int)d->x,
			 d->extension);
	return PHONE_FIXED;
}

enum phone_kind phone_read(struct arena *a, struct str in, struct str *ret)
{
	struct dialled d = { .n = 0 };

	if (!take_digits(in, &d))
		return PHONE_NONE;
	struct str s = { d.main, d.n };

	if (!d.plus && str_starts(s, "0086"))
		s = (struct str){ s.p + 4, s.n - 4 };
	else if (d.plus && str_starts(s, "86"))
		s = (struct str){ s.p + 2, s.n - 2 };
	else if (d.plus) {
		if (s.n < 7 || s.n > 15 || s.p[0] == '0' || d.x)
			return PHONE_NONE;
		*ret = arena_fmt(a, "+" FMT_STR, ARG_STR(s));
		return PHONE_ABROAD;
	}
	if (s.n != d.n && s.n && s.p[0] != '0' && s.p[0] != '1') /* +86 791 ... : the area code without its 0 */
		s = arena_fmt(a, "0" FMT_STR, ARG_STR(s));
	if (s.n == 11 && s.p[0] == '1' && s.p[1] >= '3' && !d.x) {
		*ret = arena_dup(a, s);
		return PHONE_MOBILE;
	}
	if (s.n == 10 && (str_starts(s, "400") || str_starts(s, "800")) && !d.x) {
		*ret = arena_dup(a, s);
		return PHONE_SERVICE;
	}
	return read_fixed(a, s, &d, ret);
}
