#include "base/base.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct str str_of(const char *z)
{
	return z ? (struct str){ z, strlen(z) } : NO_STR;
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_is(struct str a, const char *z)
{
	return a.p != NULL && str_eq(a, str_of(z));
}

bool str_starts(struct str a, const char *z)
{
	size_t n = strlen(z);

	return a.n >= n && (n == 0 || memcmp(a.p, z, n) == 0);
}

bool str_ends(struct str a, const char *z)
{
	size_t n = strlen(z);

	return a.n >= n && (n == 0 || memcmp(a.p + a.n - n, z, n) == 0);
}

int str_cmp(struct str a, struct str b)
{
	if (a.p == NULL || b.p == NULL)
		return (a.p != NULL) - (b.p != NULL);
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n ? memcmp(a.p, b.p, n) : 0;

	return d ? d : (a.n > b.n) - (a.n < b.n);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.n && is_space(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool str_cut(struct str *rest, char sep, struct str *piece)
{
	if (rest->p == NULL)
		return false;
	const char *at = rest->n ? memchr(rest->p, sep, rest->n) : NULL;

	if (at == NULL) {
		*piece = *rest;
		*rest = NO_STR;
		return true;
	}
	piece->p = rest->p;
	piece->n = (size_t)(at - rest->p);
	rest->n -= piece->n + 1;
	rest->p = at + 1;
	return true;
}

enum rc str_int(struct str s, int64_t *ret)
{
	bool minus = s.n && s.p[0] == '-';
	size_t i = minus || (s.n && s.p[0] == '+');
	uint64_t v = 0, most = (uint64_t)INT64_MAX + minus;

	if (i >= s.n)
		return RC_INVALID;
	for (; i < s.n; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (d > 9 || v > (most - d) / 10)
			return RC_INVALID;
		v = v * 10 + d;
	}
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return RC_OK;
}

/* Up to 15 digits and no exponent: both numbers are exact as doubles, so one
 * division rounds correctly (W. Clinger, "How to Read Floating Point Numbers
 * Accurately", 1990). */
static bool short_real(struct str s, double *ret)
{
	static const double ten[] = { 1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
				      1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
	bool minus = s.n && s.p[0] == '-';
	size_t i = minus, digits = 0, after = 0;
	uint64_t m = 0;
	bool dot = false;

	for (; i < s.n && digits <= 15; i++) {
		unsigned d = (unsigned)(unsigned char)s.p[i] - '0';

		if (s.p[i] == '.' && !dot) {
			dot = true;
			continue;
		}
		if (d > 9)
			return false;
		m = m * 10 + d;
		digits++;
		after += dot;
	}
	if (i < s.n || digits == 0 || digits > 15)
		return false;
	*ret = (double)m / ten[after];
	*ret = minus ? -*ret : *ret;
	return true;
}

enum rc str_real(struct str s, double *ret)
{
	char tmp[64], *end;
	double d;

	if (short_real(s, &d)) {
		*ret = d;
		return RC_OK;
	}
	if (s.n == 0 || s.n >= sizeof(tmp))
		return RC_INVALID;
	for (size_t i = 0; i < s.n; i++) /* strtod also takes space, hex, "inf" and "nan" */
		if (memchr("0123456789-+.eE", s.p[i], 15) == NULL)
			return RC_INVALID;
	memcpy(tmp, s.p, s.n);
	tmp[s.n] = '\0';
	d = strtod(tmp, &end);
	if (end == tmp || *end != '\0' || !isfinite(d))
		return RC_INVALID;
	*ret = d;
	return RC_OK;
}

/* Length of the well-formed sequence at p, 0 if there is none. */
static size_t sequence(const unsigned char *p, size_t left)
{
	unsigned char c = p[0];
	unsigned char lo = 0x80, hi = 0xBF;
	size_t n = c >= 0xC2 && c <= 0xDF ? 2 : c >= 0xE0 && c <= 0xEF ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;

	if (c > 0 && c < 0x80)
		return 1;
	if (n == 0 || n > left)
		return 0;
	if (c == 0xE0)
		lo = 0xA0; /* overlong */
	else if (c == 0xED)
		hi = 0x9F; /* surrogates */
	else if (c == 0xF0)
		lo = 0x90; /* overlong */
	else if (c == 0xF4)
		hi = 0x8F; /* past U+10FFFF */
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

bool str_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t i = 0;

	while (i < s.n) {
		uint64_t w;

		if (s.n - i >= 8) { /* eight ASCII bytes at once; a NUL among them makes a byte borrow */
			memcpy(&w, p + i, 8);
			if (((w | (w - UINT64_MAX / 255)) & UINT64_MAX / 255 * 0x80) == 0) {
				i += 8;
				continue;
			}
		}
		size_t n = sequence(p + i, s.n - i);

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t str_chars(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}
