/* csv.h - CSV reader and writer, RFC 4180.
 *
 * Reader: UTF-8 only (a BOM is skipped; GB18030 and UTF-16 are refused as
 * "not_utf8"), comma, rows end with CRLF or LF, cells may be quoted and then
 * hold commas, quotes ("") and line breaks.  The first row names the columns.
 * Cells point into the input, or into the arena when quotes were doubled.
 *
 * Writer: exports that a spreadsheet opens without running anything (OWASP,
 * "CSV Injection").
 */
#ifndef CSV_H
#define CSV_H

#include "base/base.h"

enum { CSV_MAX_COLUMNS = 64, CSV_MAX_FIELD = 64 * 1024 };

struct csv_error {
	size_t row;         /* 1 is the header; blank lines count, as in a spreadsheet */
	size_t column;      /* 1 is the first; 0: the row as a whole */
	const char *reason; /* stable words, NULL: no error.  Whole input: "empty", "not_utf8", "header_empty",
			       "header_duplicate"; also one row: "columns" (more or fewer cells than names,
			       more than 64), "field_size", "quote" (stray or not closed) */
};

struct csv {
	struct arena *a;
	const char *p, *end;
	size_t row;                        /* of the row read last */
	struct str names[CSV_MAX_COLUMNS]; /* without space around */
	size_t n;                          /* columns */
};

struct csv_row {
	size_t row;
	struct str cells[CSV_MAX_COLUMNS]; /* csv.n of them; as written, empty but never absent */
};

/* Checks the encoding and reads the header.  RC_INVALID with *err.  'in' and
 * 'a' must outlive the reader. */
enum rc csv_open(struct arena *a, struct str in, struct csv *ret, struct csv_error *err) MUST_USE;
/* Next row that is not blank; false at the end.  A bad row has err->reason set
 * and *ret unspecified but for 'row'; reading goes on behind it. */
bool csv_next(struct csv *c, struct csv_row *ret, struct csv_error *err) MUST_USE;
/* Index of the column, or CSV_MAX_COLUMNS. */
size_t csv_column(const struct csv *c, const char *name);
/* Cell by column name; absent when there is no such column. */
struct str csv_cell(const struct csv *c, const struct csv_row *row, const char *name);

struct csv_writer {
	struct buf *b;
	bool in_row;
};
struct csv_writer csv_writer_new(struct buf *b, bool bom); /* a BOM makes Excel read UTF-8 */
/* Cells that begin with = + - @ TAB CR LF or a full-width = + - @ get a leading
 * single quote; absent is an empty cell. */
void csv_put_text(struct csv_writer *w, struct str s);
void csv_put_int(struct csv_writer *w, int64_t v);  /* numbers are never changed */
void csv_put_real(struct csv_writer *w, double v);  /* not finite: an empty cell */
void csv_put_time(struct csv_writer *w, int64_t t); /* RFC 3339; 0: an empty cell */
void csv_end_row(struct csv_writer *w);             /* CRLF */

#endif
