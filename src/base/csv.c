#include "base/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- reader --------------------------------------------------------------- */

static void skip_break(struct csv *c)
{
	if (c->p < c->end && *c->p == '\r')
		c->p++;
	if (c->p < c->end && *c->p == '\n')
		c->p++;
}

/* A CR counts only in front of LF: alone it is part of a cell. */
static bool at_break(const struct csv *c)
{
	return *c->p == '\n' || (*c->p == '\r' && c->p + 1 < c->end && c->p[1] == '\n');
}

static const char *read_plain(struct csv *c, struct str *ret)
{
	const char *from = c->p;

	while (c->p < c->end && *c->p != ',' && *c->p != '"' && !at_break(c))
		c->p++;
	*ret = (struct str){ from, (size_t)(c->p - from) };
	return c->p < c->end && *c->p == '"' ? "quote" : NULL;
}

/* A reason, or NULL and the cell. */
static const char *read_quoted(struct csv *c, struct str *ret)
{
	const char *from = ++c->p, *q;
	bool doubled = false;

	for (;; c->p = q + 2, doubled = true) {
		q = memchr(c->p, '"', (size_t)(c->end - c->p));
		if (q == NULL) {
			c->p = c->end;
			return "quote";
		}
		if (q + 1 == c->end || q[1] != '"')
			break;
	}
	c->p = q + 1;
	*ret = (struct str){ from, (size_t)(q - from) };
	if (doubled && ret->n <= 2 * CSV_MAX_FIELD) {
		char *o = arena_alloc(c->a, ret->n + 1), *start = o;

		for (const char *p = from; p < q; p++) {
			*o++ = *p;
			p += *p == '"';
		}
		*ret = (struct str){ start, (size_t)(o - start) };
	}
	return c->p == c->end || *c->p == ',' || at_break(c) ? NULL : "quote";
}

/* Behind a stray quote nothing tells cells apart: on to the next line. */
static void skip_line(struct csv *c)
{
	const char *q = memchr(c->p, '\n', (size_t)(c->end - c->p));

	c->p = q ? q + 1 : c->end;
}

/* Cells of one row into 'ret'; *n of them (may pass the maximum: not kept). */
static void read_row(struct csv *c, struct csv_row *ret, size_t *n, struct csv_error *err)
{
	ret->row = ++c->row;
	*err = (struct csv_error){ .row = c->row };
	for (*n = 0;; c->p++) {
		struct str cell = STR("");
		const char *reason = NULL;

		if (c->p < c->end)
			reason = *c->p == '"' ? read_quoted(c, &cell) : read_plain(c, &cell);
		if (reason == NULL && cell.n > CSV_MAX_FIELD)
			reason = "field_size";
		if (err->reason == NULL && reason) {
			err->column = *n + 1;
			err->reason = reason;
		}
		if (reason && strcmp(reason, "quote") == 0) {
			skip_line(c);
			return;
		}
		if (*n < CSV_MAX_COLUMNS)
			ret->cells[*n] = cell;
		++*n;
		if (c->p >= c->end || *c->p != ',')
			break;
	}
	skip_break(c);
}

static bool skip_blank(struct csv *c)
{
	while (c->p < c->end && at_break(c)) {
		c->row++;
		skip_break(c);
	}
	return c->p < c->end;
}

static const char *check_names(struct csv *c, size_t *column)
{
	for (size_t i = 0; i < c->n; i++) {
		*column = i + 1;
		if (c->names[i].n == 0)
			return "header_empty";
		for (size_t k = 0; k < i; k++)
			if (str_eq(c->names[k], c->names[i]))
				return "header_duplicate";
	}
	*column = 0;
	return NULL;
}

static size_t row_of_bad_byte(struct str in)
{
	size_t row = 1;

	while (in.n) {
		const char *q = memchr(in.p, '\n', in.n);
		size_t n = q ? (size_t)(q - in.p) + 1 : in.n;

		if (!str_utf8((struct str){ in.p, n }))
			break;
		row++;
		in.p += n;
		in.n -= n;
	}
	return row;
}

enum rc csv_open(struct arena *a, struct str in, struct csv *ret, struct csv_error *err)
{
	struct csv_row header;

	*err = (struct csv_error){ .row = 1 };
	if (str_starts(in, "\xEF\xBB\xBF")) {
		in.p += 3;
		in.n -= 3;
	}
	if (!str_utf8(in)) {
		*err = (struct csv_error){ .row = row_of_bad_byte(in), .reason = "not_utf8" };
		return RC_INVALID;
	}
	*ret = (struct csv){ .a = a, .p = in.p, .end = in.n ? in.p + in.n : in.p };
	if (in.n == 0 || !skip_blank(ret)) {
		err->reason = "empty";
		return RC_INVALID;
	}
	read_row(ret, &header, &ret->n, err);
	if (err->reason == NULL && ret->n > CSV_MAX_COLUMNS)
		err->reason = "columns";
	if (err->reason)
		return RC_INVALID;
	for (size_t i = 0; i < ret->n; i++)
		ret->names[i] = str_trim(header.cells[i]);
	err->reason = check_names(ret, &err->column);
	return err->reason ? RC_INVALID : RC_OK;
}

bool csv_next(struct csv *c, struct csv_row *ret, struct csv_error *err)
{
	size_t n;

	if (!skip_blank(c))
		return false;
	read_row(c, ret, &n, err);
	if (err->reason == NULL && n != c->n)
		err->reason = "columns";
	return true;
}

size_t csv_column(const struct csv *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_is(c->names[i], name))
			return i;
	return CSV_MAX_COLUMNS;
}

struct str csv_cell(const struct csv *c, const struct csv_row *row, const char *name)
{
	size_t i = csv_column(c, name);

	return i < CSV_MAX_COLUMNS ? row->cells[i] : NO_STR;
}

/* ---- writer --------------------------------------------------------------- */

struct csv_writer csv_writer_new(struct buf *b, bool bom)
{
	if (bom)
		buf_add(b, STR("\xEF\xBB\xBF"));
	return (struct csv_writer){ .b = b };
}

static void next_cell(struct csv_writer *w)
{
	if (w->in_row)
		buf_char(w->b, ',');
	w->in_row = true;
}

/* OWASP, "CSV Injection": what a spreadsheet may take for a formula. */
static bool is_risky(struct str s)
{
	static const char *const wide[] = { "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0" };

	if (s.n == 0)
		return false;
	if (memchr("=+-@\t\r\n", s.p[0], 7))
		return true;
	for (size_t i = 0; i < COUNT(wide); i++)
		if (str_starts(s, wide[i]))
			return true;
	return false;
}

static bool needs_quotes(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr(",\"\r\n", s.p[i], 4))
			return true;
	return s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

void csv_put_text(struct csv_writer *w, struct str s)
{
	bool risky = is_risky(s), first = !w->in_row;

	next_cell(w);
	/* An empty first cell is written out, else a row of one would be blank. */
	if (!risky && !needs_quotes(s) && !(first && s.n == 0)) {
		buf_add(w->b, s);
		return;
	}
	buf_char(w->b, '"');
	if (risky)
		buf_char(w->b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"')
			buf_char(w->b, '"');
		buf_char(w->b, s.p[i]);
	}
	buf_char(w->b, '"');
}

void csv_put_int(struct csv_writer *w, int64_t v)
{
	next_cell(w);
	buf_fmt(w->b, "%lld", (long long)v);
}

void csv_put_real(struct csv_writer *w, double v)
{
	char tmp[40] = "";
	double back;

	for (int digits = 15; isfinite(v) && digits <= 17; digits++) {
		snprintf(tmp, sizeof(tmp), "%.*g", digits, v);
		if (str_real(str_of(tmp), &back) == RC_OK && back == v)
			break;
	}
	if (tmp[0] == '\0') {
		csv_put_text(w, NO_STR);
		return;
	}
	next_cell(w);
	buf_add(w->b, str_of(tmp));
}

void csv_put_time(struct csv_writer *w, int64_t t)
{
	char tmp[TIME_TEXT];

	csv_put_text(w, t ? time_text(t, tmp) : NO_STR);
}

void csv_end_row(struct csv_writer *w)
{
	buf_add(w->b, STR("\r\n"));
	w->in_row = false;
}
