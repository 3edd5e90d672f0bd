/* csv_fuzz.c - what was read can be written, and reads back as the same cells,
 * but for the quote in front of risky ones. */
#include "base/csv.h"
#include "replay.h"

static bool same(struct str was, struct str now)
{
	return str_eq(was, now) ||
	       (now.n == was.n + 1 && now.p[0] == '\'' && str_eq(was, (struct str){ now.p + 1, was.n }));
}

static void write_and_read(struct arena *a, const struct csv *c, const struct csv_row *row)
{
	struct buf b = buf_new(a, 16 << 20);
	struct csv_writer w = csv_writer_new(&b, true);
	struct csv_error err;
	struct csv_row again;
	struct csv back;

	for (size_t i = 0; i < c->n; i++)
		csv_put_int(&w, (int64_t)i);
	csv_end_row(&w);
	for (size_t i = 0; i < c->n; i++)
		csv_put_text(&w, row->cells[i]);
	csv_end_row(&w);
	MUST(!b.overflow && csv_open(a, buf_str(&b), &back, &err) == RC_OK && back.n == c->n);
	MUST(csv_next(&back, &again, &err) && err.reason == NULL);
	for (size_t i = 0; i < c->n; i++) {
		MUST(same(row->cells[i], again.cells[i]));
		MUST(again.cells[i].n == 0 || again.cells[i].p[0] != '=');
	}
	MUST(!csv_next(&back, &again, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(64 << 20);
	struct csv_error err;
	struct csv_row row;
	struct csv c;

	if (csv_open(a, (struct str){ (const char *)data, size }, &c, &err) != RC_OK) {
		MUST(err.reason != NULL);
	} else {
		MUST(c.n >= 1 && c.n <= CSV_MAX_COLUMNS);
		while (arena_check(a) == RC_OK && csv_next(&c, &row, &err)) {
			MUST(row.row == c.row && row.row >= 2);
			if (err.reason == NULL)
				write_and_read(a, &c, &row);
		}
	}
	arena_free(a);
	return 0;
}
