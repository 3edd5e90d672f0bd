/* time.c - clocks and RFC 3339.  Calendar arithmetic: H. Hinnant,
 * "chrono-compatible low-level date algorithms" (days from civil). */
#include "base/base.h"

#include <string.h>
#include <time.h>

static int64_t system_now(void *self)
{
	struct timespec ts;

	(void)self;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

struct clock clock_system(void)
{
	return (struct clock){ system_now, NULL };
}

static int64_t fixed_now(void *self)
{
	return *(int64_t *)self;
}

struct clock clock_fixed(int64_t *value)
{
	return (struct clock){ fixed_now, value };
}

int64_t clock_now(struct clock c)
{
	return c.now(c.self);
}

int64_t clock_monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * SECOND + ts.tv_nsec / 1000;
}

static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	int64_t era = y / 400, yoe = y - era * 400;
	int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil {
	int64_t year, month, day;
};

static struct civil civil_from_days(int64_t z)
{
	z += 719468;
	int64_t era = z / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	int64_t month = mp + (mp < 10 ? 3 : -9);

	return (struct civil){ yoe + era * 400 + (month <= 2), month, doy - (153 * mp + 2) / 5 + 1 };
}

static bool digits(struct str s, size_t at, size_t n, int64_t *ret)
{
	*ret = 0;
	if (at + n > s.n)
		return false;
	for (size_t i = at; i < at + n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*ret = *ret * 10 + (s.p[i] - '0');
	}
	return true;
}

static bool month_has(int64_t y, int64_t m, int64_t d)
{
	static const int64_t len[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m >= 1 && m <= 12 && d >= 1 && d <= len[m - 1] + (m == 2 && leap);
}

/* "Z" or "+08:00" as microseconds east of UTC. */
static bool offset(struct str s, int64_t *ret)
{
	int64_t h, m;

	*ret = 0;
	if (s.n == 1 && (s.p[0] == 'Z' || s.p[0] == 'z'))
		return true;
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' || !digits(s, 1, 2, &h) ||
	    !digits(s, 4, 2, &m) || h > 23 || m > 59)
		return false;
	*ret = (h * HOUR + m * MINUTE) * (s.p[0] == '-' ? -1 : 1);
	return true;
}

enum rc time_parse(struct str s, int64_t *ret)
{
	int64_t y, mo, d, h, mi, sec, off, micro = 0;
	size_t at = 19;

	if (s.n < 20 || s.n > 35 || !digits(s, 0, 4, &y) || !digits(s, 5, 2, &mo) || !digits(s, 8, 2, &d) ||
	    !digits(s, 11, 2, &h) || !digits(s, 14, 2, &mi) || !digits(s, 17, 2, &sec) || s.p[4] != '-' ||
	    s.p[7] != '-' || (s.p[10] != 'T' && s.p[10] != 't' && s.p[10] != ' ') || s.p[13] != ':' || s.p[16] != ':')
		return RC_INVALID;
	if (s.p[at] == '.') {
		int64_t unit = SECOND / 10;
		size_t from = ++at;

		for (; at < s.n && s.p[at] >= '0' && s.p[at] <= '9'; at++, unit /= 10)
			micro += (s.p[at] - '0') * unit;
		if (at == from || at - from > 9)
			return RC_INVALID;
	}
	if (!offset((struct str){ s.p + at, s.n - at }, &off) || y < 1970 || !month_has(y, mo, d) || h > 23 ||
	    mi > 59 || sec > 60)
		return RC_INVALID;
	if (sec == 60) { /* a leap second is the last moment of its minute */
		sec = 59;
		micro = SECOND - 1;
	}
	int64_t t = days_from_civil(y, mo, d) * DAY + h * HOUR + mi * MINUTE + sec * SECOND + micro - off;

	if (t < 0)
		return RC_INVALID;
	*ret = t;
	return RC_OK;
}

static char *put_digits(char *p, int64_t v, int n)
{
	for (int i = n - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n;
}

/* Lists are full of times: digits are written by hand. */
struct str time_text(int64_t t, char out[TIME_TEXT])
{
	int64_t days = t / DAY, in_day = t % DAY;
	char *p = out;

	if (in_day < 0) {
		in_day += DAY;
		days--;
	}
	struct civil c = civil_from_days(days);

	p = put_digits(p, c.year % 10000, 4);
	*p++ = '-';
	p = put_digits(p, c.month, 2);
	*p++ = '-';
	p = put_digits(p, c.day, 2);
	*p++ = 'T';
	p = put_digits(p, in_day / HOUR, 2);
	*p++ = ':';
	p = put_digits(p, in_day / MINUTE % 60, 2);
	*p++ = ':';
	p = put_digits(p, in_day / SECOND % 60, 2);
	if (in_day % SECOND) {
		*p++ = '.';
		p = put_digits(p, in_day % SECOND, 6);
	}
	*p++ = 'Z';
	*p = '\0';
	return (struct str){ out, (size_t)(p - out) };
}
