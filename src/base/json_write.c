#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void comma(struct buf *b)
{
	if (b->n == 0)
		return;
	char last = b->p[b->n - 1];

	if (last != '{' && last != '[' && last != ':' && last != ',' && last != '\n')
		buf_char(b, ',');
}

void json_open(struct buf *b, char bracket)
{
	comma(b);
	buf_char(b, bracket);
}

void json_close(struct buf *b, char bracket)
{
	buf_char(b, bracket);
}

/* The top bit of each byte of w that is below 'n' (at most 128); a borrow can
 * only set more of them behind a real one. */
static uint64_t below(uint64_t w, uint64_t n)
{
	return (w - ~(uint64_t)0 / 255 * n) & ~w & ~(uint64_t)0 / 255 * 128;
}

static bool is_plain(struct str s)
{
	const uint64_t ones = ~(uint64_t)0 / 255;
	uint64_t bad = 0;
	size_t i = 0;

	/* Eight bytes at a time: control characters, quotes, backslashes. */
	for (; i + 8 <= s.n; i += 8) {
		uint64_t w;

		memcpy(&w, s.p + i, 8);
		bad |= below(w, 0x20) | below(w ^ ones * '"', 1) | below(w ^ ones * '\\', 1);
	}
	for (; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		bad |= (uint64_t)(c < 0x20) | (uint64_t)(c == '"') | (uint64_t)(c == '\\');
	}
	return bad == 0;
}

/* Nearly every text needs no escape: one copy between two quotes. */
static bool quoted_plain(struct buf *b, struct str s)
{
	if (!is_plain(s))
		return false;
	char *p = buf_space(b, s.n + 2);

	if (p) {
		p[0] = '"';
		if (s.n)
			memcpy(p + 1, s.p, s.n);
		p[s.n + 1] = '"';
	}
	return true;
}

static void quoted(struct buf *b, struct str s)
{
	size_t from = 0;

	if (quoted_plain(b, s))
		return;
	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(b, (struct str){ s.p + from, i - from });
		if (c == '"' || c == '\\')
			buf_fmt(b, "\\%c", c);
		else
			buf_fmt(b, "\\u%04x", c);
		from = i + 1;
	}
	buf_add(b, (struct str){ s.p + from, s.n - from });
	buf_char(b, '"');
}

void json_key_str(struct buf *b, struct str key)
{
	comma(b);
	quoted(b, key);
	buf_char(b, ':');
}

void json_key_ready(struct buf *b, struct str quoted_key)
{
	comma(b);
	buf_add(b, quoted_key);
}

void json_key(struct buf *b, const char *key)
{
	json_key_str(b, str_of(key));
}

void json_text(struct buf *b, struct str s)
{
	comma(b);
	if (s.p == NULL)
		buf_add(b, STR("null"));
	else
		quoted(b, s);
}

void json_int(struct buf *b, int64_t v)
{
	char tmp[24], *p = tmp + sizeof(tmp);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	comma(b);
	do
		*--p = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--p = '-';
	buf_add(b, (struct str){ p, (size_t)(tmp + sizeof(tmp) - p) });
}

void json_real(struct buf *b, double v)
{
	char tmp[40];

	comma(b);
	if (!isfinite(v)) {
		buf_add(b, STR("null"));
		return;
	}
	v = v == 0 ? 0 : v; /* minus zero would come back as the whole number 0 */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(tmp, sizeof(tmp), "%.*g", digits, v);
		if (strtod(tmp, NULL) == v)
			break;
	}
	buf_add(b, str_of(tmp));
}

void json_bool(struct buf *b, bool v)
{
	comma(b);
	buf_add(b, v ? STR("true") : STR("false"));
}

void json_null(struct buf *b)
{
	comma(b);
	buf_add(b, STR("null"));
}

void json_time(struct buf *b, int64_t t)
{
	char tmp[TIME_TEXT];

	json_text(b, t ? time_text(t, tmp) : NO_STR);
}

void json_raw(struct buf *b, struct str valid_json)
{
	comma(b);
	buf_add(b, valid_json.p ? valid_json : STR("null"));
}

void json_put_text(struct buf *b, const char *key, struct str s)
{
	json_key(b, key);
	json_text(b, s);
}

void json_put_int(struct buf *b, const char *key, int64_t v)
{
	json_key(b, key);
	json_int(b, v);
}

void json_put_real(struct buf *b, const char *key, double v)
{
	json_key(b, key);
	json_real(b, v);
}

void json_put_bool(struct buf *b, const char *key, bool v)
{
	json_key(b, key);
	json_bool(b, v);
}

void json_put_time(struct buf *b, const char *key, int64_t t)
{
	json_key(b, key);
	json_time(b, t);
}

void json_put_raw(struct buf *b, const char *key, struct str valid_json)
{
	json_key(b, key);
	json_raw(b, valid_json);
}

void json_write(struct buf *b, const struct json *j)
{
	switch (j->kind) {
	case J_NULL: json_null(b); return;
	case J_BOOL: json_bool(b, j->i != 0); return;
	case J_INT: json_int(b, j->i); return;
	case J_REAL: json_real(b, j->d); return;
	case J_TEXT: json_text(b, j->text); return;
	case J_LIST:
	case J_MAP: break;
	}
	json_open(b, j->kind == J_MAP ? '{' : '[');
	for (const struct json *c = j->child; c; c = c->next) {
		if (j->kind == J_MAP)
			json_key_str(b, c->key);
		json_write(b, c);
	}
	json_close(b, j->kind == J_MAP ? '}' : ']');
}
