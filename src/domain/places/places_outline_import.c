/* places_outline_import.c - segments and entrances from a file into a draft:
 * POST /api/places/outline_import?place=&format=&datum=&dry_run=&name=
 *
 * Every row is told, and the check runs on the result as it does on a draft. */
#include "domain/places/places_outline.h"
#include "base/csv.h"

#include <string.h>

enum { ERRORS_MOST = 500, ROW_BYTES = 64 << 10 };

struct outline_file {
	bool dry_run, has_segments, has_doorways;
	unsigned datum;
	struct drawing d;
	struct buf errors;
	size_t rows, refused, room_segments, room_doorways;
};

static void note_error(struct outline_file *f, size_t row, const char *code, struct str field, const char *text)
{
	if (f->refused++ >= ERRORS_MOST)
		return;
	json_open(&f->errors, '{');
	json_put_int(&f->errors, "row", (int64_t)row);
	json_put_text(&f->errors, "code", str_of(code));
	json_put_text(&f->errors, "field", field.n ? field : NO_STR);
	json_put_text(&f->errors, "detail", str_of(text));
	json_close(&f->errors, '}');
}

/* A row as an object with the members of the API: the same checks as there. */
static enum rc take_object(struct ctx *c, struct outline_file *f, size_t row, bool segment, struct str text)
{
	struct json_error err;
	struct json *j;
	enum rc rc;

	f->rows++;
	if (json_parse(c->arena, text, 0, &j, &err) != RC_OK) {
		note_error(f, row, "bad_json", NO_STR, err.reason);
		return RC_OK;
	}
	if (segment ? f->d.n_segments == OUTLINE_MAX_SEGMENTS : f->d.n_doorways == OUTLINE_MAX_ENTRANCES) {
		note_error(f, row, "too_many", NO_STR, "more rows than an outline can hold");
		return RC_OK;
	}
	rc = segment ? drawing_segment(c, j, &f->d.segments[f->d.n_segments])
		     : drawing_doorway(c, j, &f->d.doorways[f->d.n_doorways]);
	if (rc != RC_OK) {
		note_error(f, row, c->fail.code, c->fail.field, c->fail.text);
		c->fail = (struct failure){ 0 };
		return arena_check(c->arena);
	}
	f->d.n_segments += segment;
	f->d.n_doorways += !segment;
	f->has_segments |= segment;
	f->has_doorways |= !segment;
	return RC_OK;
}

/* ---- GeoJSON -------------------------------------------------------------------------- */

static void put_members(struct buf *out, const struct json *properties, const char *const *known)
{
	for (size_t i = 0; known[i]; i++) {
		const struct json *j = json_get(properties, known[i]);

		if (j && j->kind != J_NULL)
			json_put_raw(out, known[i], j->raw);
	}
}

static const char *const segment_members[] = { "ring", "kind", "built_on", "note", NULL };
static const char *const doorway_members[] = { "code",   "name", "note",   "state", "direction",
					       "people", "car",  "e_bike", "fire",  NULL };

static enum rc take_line(struct ctx *c, struct outline_file *f, size_t row, const struct json *properties,
			 struct str line)
{
	struct buf b = buf_new(c->arena, ROW_BYTES * 2);

	json_open(&b, '{');
	put_members(&b, properties, segment_members);
	json_put_raw(&b, "line", line);
	json_close(&b, '}');
	return take_object(c, f, row, true, buf_str(&b));
}

static enum rc take_point(struct ctx *c, struct outline_file *f, size_t row, const struct json *properties,
			  const struct json *at)
{
	struct buf b = buf_new(c->arena, ROW_BYTES);

	json_open(&b, '{');
	put_members(&b, properties, doorway_members);
	if (at && at->kind == J_LIST && at->n >= 2) {
		json_put_raw(&b, "lon", at->child->raw);
		json_put_raw(&b, "lat", at->child->next->raw);
	}
	json_close(&b, '}');
	return take_object(c, f, row, false, buf_str(&b));
}

static enum rc take_feature(struct ctx *c, struct outline_file *f, size_t row, const struct json *j)
{
	const struct json *properties = json_get(j, "properties"), *g = json_get(j, "geometry"),
			  *at = json_get(g, "coordinates");
	struct str type = json_get_text(g, "type");

	if (str_is(type, "LineString") && at)
		return take_line(c, f, row, properties, at->raw);
	if (str_is(type, "Point"))
		return take_point(c, f, row, properties, at);
	if (!str_is(type, "Polygon") || at == NULL || at->kind != J_LIST) {
		f->rows++;
		note_error(f, row, "wrong_type", STR("geometry"), "a LineString, Polygon or Point is expected");
		return RC_OK;
	}
	for (const struct json *ring = at->child; ring; ring = ring->next)
		TRY(take_line(c, f, row, properties, ring->raw));
	return RC_OK;
}

static enum rc read_geojson(struct ctx *c, struct outline_file *f, struct str text)
{
	struct json_error err;
	struct json *j;
	const struct json *list;
	size_t row = 0;

	if (json_parse(c->arena, text, 0, &j, &err) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_json", NO_STR, "%s near byte %zu", err.reason, err.at);
	list = json_get(j, "features");
	if (list == NULL || list->kind != J_LIST)
		return FAIL(c, RC_INVALID, "wrong_type", NO_STR, "a FeatureCollection is expected");
	for (const struct json *i = list->child; i; i = i->next)
		TRY(take_feature(c, f, ++row, i));
	return RC_OK;
}

/* ---- CSV --------------------------------------------------------------------------------- */

static bool is_yes(struct str s)
{
	return str_is(s, "true") || str_is(s, "1") || str_is(s, "是");
}

/* "115.9 28.6;115.91 28.6" */
static void put_line(struct buf *b, struct str text)
{
	struct str pair, number;

	json_key(b, "line");
	buf_char(b, '[');
	for (size_t n = 0; str_cut(&text, ';', &pair); n++) {
		pair = str_trim(pair);
		buf_add(b, n ? STR(",[") : STR("["));
		for (size_t k = 0; str_cut(&pair, ' ', &number); k++) {
			double d = 0;

			buf_add(b, k ? STR(",") : STR(""));
			if (str_real(number, &d) == RC_OK)
				buf_fmt(b, "%.9f", d);
			else
				buf_add(b, STR("null")); /* refused as a point that is none */
		}
		buf_char(b, ']');
	}
	buf_char(b, ']');
}

static enum rc take_csv_row(struct ctx *c, struct outline_file *f, const struct csv *csv, const struct csv_row *r)
{
	static const char *const flags[] = { "people", "car", "e_bike", "fire" };
	static const char *const texts[] = { "kind", "built_on", "code", "name", "state", "direction", "note" };
	static const char *const numbers[] = { "ring", "lon", "lat" };
	bool segment = str_is(csv_cell(csv, r, "what"), "segment");
	struct buf b = buf_new(c->arena, ROW_BYTES * 4);
	double d;

	if (!segment && !str_is(csv_cell(csv, r, "what"), "entrance")) {
		f->rows++;
		note_error(f, r->row, "unknown_word", STR("what"), "segment or entrance");
		return RC_OK;
	}
	json_open(&b, '{');
	for (size_t i = 0; i < COUNT(texts); i++)
		if (csv_cell(csv, r, texts[i]).n)
			json_put_text(&b, texts[i], csv_cell(csv, r, texts[i]));
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (str_real(csv_cell(csv, r, numbers[i]), &d) == RC_OK)
			json_put_raw(&b, numbers[i], arena_fmt(c->arena, i ? "%.9f" : "%.0f", d));
	for (size_t i = 0; i < COUNT(flags); i++)
		if (csv_cell(csv, r, flags[i]).n)
			json_put_bool(&b, flags[i], is_yes(csv_cell(csv, r, flags[i])));
	if (csv_cell(csv, r, "line").n)
		put_line(&b, csv_cell(csv, r, "line"));
	json_close(&b, '}');
	return take_object(c, f, r->row, segment, buf_str(&b));
}

static enum rc read_csv(struct ctx *c, struct outline_file *f, struct str text)
{
	struct csv csv;
	struct csv_row row;
	struct csv_error err = { 0 };

	if (csv_open(c->arena, text, &csv, &err) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_csv", NO_STR, "%s", err.reason);
	if (csv_column(&csv, "what") == CSV_MAX_COLUMNS)
		return FAIL(c, RC_INVALID, "required", STR("what"), "a column 'what' is needed");
	while (csv_next(&csv, &row, &err)) {
		if (err.reason) {
			f->rows++;
			note_error(f, err.row, "bad_row", NO_STR, err.reason);
		} else {
			TRY(take_csv_row(c, f, &csv, &row));
		}
	}
	return RC_OK;
}

/* ---- the route ----------------------------------------------------------------------------- */

static enum rc word_of(struct ctx *c, const char *name, const char *const *words, unsigned *ret)
{
	struct str s = request_query(c, name);

	*ret = 0;
	while (s.p && words[*ret] && !str_is(s, words[*ret]))
		++*ret;
	return words[*ret] ? RC_OK : FAIL(c, RC_INVALID, "unknown_word", str_of(name), "%s has no such value", name);
}

enum rc outline_import_prepare(struct ctx *c, struct call *k)
{
	static const char *const formats[] = { "geojson", "csv", NULL }, *const yes_no[] = { "false", "true", NULL };
	struct outline_file *f = NEW(c->arena, struct outline_file);
	unsigned format, dry_run;

	TRY(word_of(c, "format", formats, &format));
	TRY(word_of(c, "datum", place_datums, &f->datum));
	TRY(word_of(c, "dry_run", yes_no, &dry_run));
	if (k->rq->body.n == 0)
		return FAIL(c, RC_INVALID, "required", NO_STR, "the file is the body of the request");
	f->dry_run = dry_run != 0;
	f->errors = buf_new(c->arena, 1 << 20);
	f->d.segments = NEW_N(c->arena, struct segment, OUTLINE_MAX_SEGMENTS + 1);
	f->d.doorways = NEW_N(c->arena, struct doorway, OUTLINE_MAX_ENTRANCES + 1);
	k->prepared = f;
	json_open(&f->errors, '[');
	TRY(format ? read_csv(c, f, k->rq->body) : read_geojson(c, f, k->rq->body));
	json_close(&f->errors, ']');
	drawing_convert(&f->d, f->datum);
	return drawing_check(c, &f->d);
}

static void write_answer(struct ctx *c, struct call *k, const struct outline_file *f, const struct outline *o,
			 size_t blocking, bool written)
{
	json_open(k->out, '{');
	json_put_int(k->out, "rows", (int64_t)f->rows);
	json_put_int(k->out, "segments", (int64_t)f->d.n_segments);
	json_put_int(k->out, "entrances", (int64_t)f->d.n_doorways);
	json_put_int(k->out, "refused", (int64_t)f->refused);
	json_put_raw(k->out, "errors", buf_str(&f->errors));
	json_put_text(k->out, "datum", str_of(place_datums[f->datum]));
	json_put_bool(k->out, "dry_run", f->dry_run);
	json_put_bool(k->out, "written", written);
	json_put_text(k->out, "id", written ? o->std.id : NO_STR);
	json_put_real(k->out, "area_m2", o->area_m2);
	json_put_real(k->out, "perimeter_m", o->perimeter_m);
	json_put_int(k->out, "blocking", (int64_t)blocking);
	json_put_raw(k->out, "faults", o->faults.p ? o->faults : STR("[]"));
	json_put_raw(k->out, "boundary", o->boundary);
	if (f->refused && !f->dry_run) {
		rows_refused(k, STR("nothing was written: rows are refused"));
		json_put_text(k->out, "request", ctx_new_id(c));
	}
	json_close(k->out, '}');
}

/* What the file does not bring stays as it is in force. */
enum rc outline_import_run(struct ctx *c, struct call *k)
{
	struct outline_file *f = k->prepared;
	struct drawing all = f->d, old;
	struct outline o;
	size_t blocking = 0;
	bool write;

	entity_init(&outline_entity, &o);
	o.place_id = request_query(c, "place");
	o.name = request_query(c, "name");
	TRY(outline_begin(c, &o));
	if (!ctx_may_at(c, "places.survey.edit", o.place_path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place"), "no such place");
	TRY(drawing_read(c, o.segments, o.entrances, PLACES_WGS84, &old));
	if (!f->has_segments) {
		all.segments = old.segments;
		all.n_segments = old.n_segments;
	}
	if (!f->has_doorways) {
		all.doorways = old.doorways;
		all.n_doorways = old.n_doorways;
	}
	o.datum = f->datum;
	TRY(outline_take(c, &o, &all));
	TRY(outline_check(c, &o, &blocking));
	write = !f->dry_run && f->refused == 0;
	o.checked_at = c->now;
	if (write)
		TRY(entity_insert(c, &outline_entity, &o, "create"));
	write_answer(c, k, f, &o, blocking, write);
	return RC_OK;
}
