/* places_import_route.c - POST /api/places/import?format=&datum=&dry_run=&partial=&parent=&city_name= */
#include "domain/places/places_import.h"

#include <string.h>

enum { REPORT_MOST = 1000 };

struct import_call {
	struct places_import_options o;
	struct import_rows rows;
	struct buf errors;
	size_t n;
};

static enum rc one_of(struct ctx *c, const char *name, const char *const *words, unsigned *ret)
{
	struct str s = request_query(c, name);

	*ret = 0;
	if (s.p == NULL)
		return RC_OK;
	for (unsigned i = 0; words[i]; i++) {
		if (str_is(s, words[i])) {
			*ret = i;
			return RC_OK;
		}
	}
	return FAIL(c, RC_INVALID, "unknown_word", str_of(name), "%s has no such value", name);
}

static void note_error(void *arg, size_t row, const char *code, const char *field, const char *detail)
{
	struct import_call *i = arg;

	if (i->n++ >= REPORT_MOST)
		return;
	json_open(&i->errors, '{');
	json_put_int(&i->errors, "row", (int64_t)row);
	json_put_text(&i->errors, "code", str_of(code));
	json_put_text(&i->errors, "field", field[0] ? str_of(field) : NO_STR);
	json_put_text(&i->errors, "detail", str_of(detail));
	json_close(&i->errors, '}');
}

/* Reading, converting and checking boundaries needs no writer. */
enum rc places_import_prepare(struct ctx *c, struct call *k)
{
	static const char *const formats[] = { "csv", "geojson", NULL }, *const yes_no[] = { "false", "true", NULL };
	struct import_call *i = NEW(c->arena, struct import_call);
	unsigned format, datum, dry_run, partial;

	TRY(one_of(c, "format", formats, &format));
	TRY(one_of(c, "datum", place_datums, &datum));
	TRY(one_of(c, "dry_run", yes_no, &dry_run));
	TRY(one_of(c, "partial", yes_no, &partial));
	i->o = (struct places_import_options){ .format = (enum places_format)format,
					       .datum = (enum places_datum)datum,
					       .dry_run = dry_run,
					       .partial = partial,
					       .parent_path = request_query(c, "parent"),
					       .city_name = request_query(c, "city_name"),
					       .report = note_error,
					       .arg = i };
	i->errors = buf_new(c->arena, 1 << 20);
	if (k->rq->body.n == 0)
		return FAIL(c, RC_INVALID, "required", NO_STR, "the file is the body of the request");
	k->prepared = i;
	return places_read_rows(c, k->rq->body, &i->o, &i->rows);
}

enum rc places_import_run(struct ctx *c, struct call *k)
{
	struct import_call *i = k->prepared;
	struct places_import_result r;

	json_open(&i->errors, '[');
	TRY(places_import_rows(c, &i->rows, &i->o, &r));
	json_close(&i->errors, ']');
	json_open(k->out, '{');
	json_put_int(k->out, "rows", (int64_t)r.rows);
	json_put_int(k->out, "created", (int64_t)r.created);
	json_put_int(k->out, "updated", (int64_t)r.updated);
	json_put_int(k->out, "unchanged", (int64_t)r.unchanged);
	json_put_int(k->out, "refused", (int64_t)r.refused);
	json_put_bool(k->out, "dry_run", i->o.dry_run);
	json_put_bool(k->out, "written", r.written);
	json_put_raw(k->out, "errors", buf_str(&i->errors));
	if (r.refused && !r.written && !i->o.dry_run)
		rows_refused(k, STR("nothing was written: rows are refused"));
	json_close(k->out, '}');
	return RC_OK;
}
