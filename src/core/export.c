/* export.c - a list as a file for a spreadsheet.  Why, and what of it was
 * opened, is on disk before the first byte leaves. */
#include "core/inner.h"

#include "base/csv.h"

/* An export runs in the writer: it must not hold it for long. */
enum { EXPORT_ROWS = 10000, EXPORT_OPEN_ROWS = 1000, EXPORT_BYTES = 16 << 20 };

struct exporter {
	struct ctx *c;
	const struct entity_info *i;
	struct csv_writer csv;
	struct str names, purpose, reason; /* names: fields to open, or absent */
	void *row;
	size_t read, written, opened;
	struct str *id, *person; /* of opened rows */
};

static void put_field(struct exporter *x, const struct field *f)
{
	struct val v = field_val(f, x->row);

	if (f->kind == KIND_TIME)
		csv_put_time(&x->csv, v.kind == VAL_INT ? v.i : 0);
	else if (f->kind == KIND_FLAG)
		csv_put_text(&x->csv, v.i ? STR("true") : STR("false"));
	else if (v.kind == VAL_INT)
		csv_put_int(&x->csv, v.i);
	else if (v.kind == VAL_REAL)
		csv_put_real(&x->csv, v.d);
	else
		csv_put_text(&x->csv, v.kind == VAL_TEXT ? v.s : NO_STR);
}

static void put_row(struct exporter *x, bool open)
{
	const struct entity *e = x->i->e;

	for (size_t k = 0; k < e->n_fields; k++) {
		const struct field *f = &e->fields[k];

		if (f->flags & SECRET)
			continue;
		if (!(f->flags & PERSONAL) || field_empty(f, x->row) || (open && has_name(x->names, f->name)))
			put_field(x, f);
		else
			csv_put_text(&x->csv, STR("masked"));
	}
	csv_end_row(&x->csv);
}

/* Who may read here and export there exports there. */
static bool held_at(const struct exporter *x, const char *perm)
{
	struct str path = field_str(x->i->place, x->row);

	return x->c->who.kind == WHO_SYSTEM || ctx_may_at(x->c, perm, path.p ? path : STR(""));
}

static enum rc export_row(void *arg, const struct row *r)
{
	struct exporter *x = arg;
	const struct entity *e = x->i->e;
	bool open;

	for (size_t k = 0; k < e->n_fields; k++)
		TRY(field_load(NULL, &e->fields[k], &r->v[k], x->row));
	if (++x->read > EXPORT_ROWS)
		return FAIL(x->c, RC_LIMIT, "too_many_rows", NO_STR, "at most %d rows: narrow the list", EXPORT_ROWS);
	if (!held_at(x, e->perm.export))
		return RC_OK;
	open = x->names.n && held_at(x, e->perm.reveal);
	if (open && x->opened == EXPORT_OPEN_ROWS)
		return FAIL(x->c, RC_LIMIT, "too_many_rows", STR("fields"), "at most %d rows are opened at once",
			    EXPORT_OPEN_ROWS);
	put_row(x, open);
	x->written++;
	if (open) {
		x->id[x->opened] = arena_dup(x->c->arena, ((const struct std *)x->row)->id);
		x->person[x->opened++] = arena_dup(x->c->arena, person_of_row(x->i, x->row));
	}
	return x->csv.b->overflow ? RC_LIMIT : RC_OK;
}

static enum rc note_export(struct exporter *x, struct str query)
{
	const struct entity *e = x->i->e;
	const char *name = arena_fmt(x->c->arena, "%s.%s", e->module, e->name).p;
	struct about about = { .entity = name, .id = NO_STR };
	struct buf b = buf_new(x->c->arena, 64 << 10);

	for (size_t k = 0; k < x->opened; k++)
		TRY(note_look(x->c, name, x->id[k], x->person[k], x->names, x->purpose, x->reason));
	json_open(&b, '{');
	json_put_int(&b, "rows", (int64_t)x->written);
	json_put_text(&b, "purpose", x->purpose);
	json_put_text(&b, "reason", x->reason);
	json_put_text(&b, "list", query);
	json_put_text(&b, "opened", x->names);
	json_close(&b, '}');
	return audit(x->c, STR("export"), &about, buf_str(&b));
}

static enum rc read_export(struct exporter *x, const struct json *in)
{
	const struct entity *e = x->i->e;
	const struct json *fields = json_get(in, "fields");

	TRY(reason_text(x->c, in, "purpose", 2, &x->purpose));
	TRY(reason_text(x->c, in, "reason", 2, &x->reason));
	if (fields == NULL || fields->kind == J_NULL)
		return RC_OK;
	if (e->perm.reveal == NULL)
		return FAIL(x->c, RC_INVALID, "unknown_field", STR("fields"), "nothing here can be opened");
	TRY(need(x->c, e->perm.reveal));
	return asked_fields(x->c, e, fields, &x->names);
}

enum rc entity_export(struct ctx *c, const struct entity *e, struct str query, const struct json *in, struct buf *out)
{
	struct exporter x = { .c = c, .i = info_of(c->app, e), .row = arena_alloc(c->arena, e->size) };

	TRY(read_export(&x, in));
	x.id = NEW_N(c->arena, struct str, EXPORT_OPEN_ROWS);
	x.person = NEW_N(c->arena, struct str, EXPORT_OPEN_ROWS);
	*out = buf_new(c->arena, EXPORT_BYTES);
	x.csv = csv_writer_new(out, true);
	for (size_t k = 0; k < e->n_fields; k++)
		if (!(e->fields[k].flags & SECRET))
			csv_put_text(&x.csv, str_of(e->fields[k].name));
	csv_end_row(&x.csv);
	TRY(entity_rows(c, e, query, EXPORT_ROWS + 1, export_row, &x));
	return note_export(&x, query);
}
