/* field.c - one value on its way: JSON in, struct, SQL, struct, JSON out. */
#include "core/inner.h"

#include <math.h>
#include <string.h>

/* Column type names are the same words in both engines. */
const char *const kind_type[] = {
	[KIND_ID] = "id_text",     [KIND_REF] = "ref_text",   [KIND_TEXT] = "free_text", [KIND_PATH] = "path_text",
	[KIND_JSON] = "json_text", [KIND_ENUM] = "enum_text", [KIND_INT] = "num_int",    [KIND_REAL] = "num_real",
	[KIND_FLAG] = "flag_int",  [KIND_TIME] = "time_int",
};
const char *const kind_name[] = {
	[KIND_ID] = "id",     [KIND_REF] = "ref", [KIND_TEXT] = "text", [KIND_PATH] = "path", [KIND_JSON] = "json",
	[KIND_ENUM] = "enum", [KIND_INT] = "int", [KIND_REAL] = "real", [KIND_FLAG] = "flag", [KIND_TIME] = "time",
};

const char *class_name(unsigned flags)
{
	return flags & P3 ? "P3" : flags & P2 ? "P2" : flags & P1 ? "P1" : flags & P0 ? "P0" : NULL;
}

void *field_at(const struct field *f, void *row)
{
	return (char *)row + f->off;
}

const void *field_in(const struct field *f, const void *row)
{
	return (const char *)row + f->off;
}

struct str field_str(const struct field *f, const void *row)
{
	return f ? *(const struct str *)field_in(f, row) : NO_STR;
}

static bool enum_index(const struct field *f, struct str word, unsigned *ret)
{
	for (unsigned i = 0; f->words[i]; i++) {
		if (str_is(word, f->words[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool has_control(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if ((ch < 0x20 && ch != '\n' && ch != '\t') || ch == 0x7F)
			return true;
	}
	return false;
}

static enum rc read_words(struct ctx *c, const struct field *f, const struct json *j, void *row)
{
	struct str name = str_of(f->name);
	int64_t n;

	if (j->kind != J_TEXT)
		return FAIL(c, RC_INVALID, "wrong_type", name, "%s must be text", f->name);
	n = (int64_t)str_chars(j->text);
	if (n < f->lo || n > f->hi)
		return FAIL(c, RC_INVALID, "wrong_length", name, "%s must have %lld to %lld characters", f->name,
			    (long long)f->lo, (long long)f->hi);
	if (has_control(j->text))
		return FAIL(c, RC_INVALID, "control_character", name, "%s holds a control character", f->name);
	*(struct str *)field_at(f, row) = j->text;
	return RC_OK;
}

static enum rc read_json(struct ctx *c, const struct field *f, const struct json *j, void *row)
{
	struct str name = str_of(f->name);

	if (j->kind != J_MAP && j->kind != J_LIST)
		return FAIL(c, RC_INVALID, "wrong_type", name, "%s must be an object or a list", f->name);
	if ((int64_t)j->raw.n > f->hi)
		return FAIL(c, RC_INVALID, "wrong_length", name, "%s must have at most %lld bytes", f->name,
			    (long long)f->hi);
	*(struct str *)field_at(f, row) = j->raw;
	return RC_OK;
}

static enum rc read_int(struct ctx *c, const struct field *f, const struct json *j, void *row)
{
	struct str name = str_of(f->name);

	if (j->kind != J_INT)
		return FAIL(c, RC_INVALID, "wrong_type", name, "%s must be a whole number", f->name);
	if (j->i < f->lo || j->i > f->hi)
		return FAIL(c, RC_INVALID, "out_of_range", name, "%s must be %lld to %lld", f->name, (long long)f->lo,
			    (long long)f->hi);
	*(int64_t *)field_at(f, row) = j->i;
	return RC_OK;
}

static enum rc read_real(struct ctx *c, const struct field *f, const struct json *j, void *row)
{
	struct str name = str_of(f->name);
	double d;

	if (!json_number(j, &d))
		return FAIL(c, RC_INVALID, "wrong_type", name, "%s must be a number", f->name);
	if (d < f->lo_real || d > f->hi_real)
		return FAIL(c, RC_INVALID, "out_of_range", name, "%s must be %g to %g", f->name, f->lo_real,
			    f->hi_real);
	*(double *)field_at(f, row) = d;
	return RC_OK;
}

static enum rc read_time(struct ctx *c, const struct field *f, const struct json *j, void *row)
{
	if (j->kind != J_TEXT || time_parse(j->text, field_at(f, row)) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", str_of(f->name), "%s must be an RFC 3339 time", f->name);
	return RC_OK;
}

static void clear(const struct field *f, void *row)
{
	switch (f->kind) {
	case KIND_INT: *(int64_t *)field_at(f, row) = NO_INT; break;
	case KIND_TIME: *(int64_t *)field_at(f, row) = 0; break;
	case KIND_REAL: *(double *)field_at(f, row) = NO_REAL; break;
	case KIND_FLAG: *(bool *)field_at(f, row) = false; break;
	case KIND_ENUM: break;
	default: *(struct str *)field_at(f, row) = NO_STR; break;
	}
}

enum rc field_read(struct ctx *c, const struct field *f, const struct json *j, void *row)
{
	if (j->kind == J_NULL) {
		if ((f->flags & REQUIRED) || f->kind == KIND_ENUM || f->kind == KIND_FLAG)
			return FAIL(c, RC_INVALID, "required", str_of(f->name), "%s can't be empty", f->name);
		clear(f, row);
		return RC_OK;
	}
	switch (f->kind) {
	case KIND_ID:
	case KIND_REF:
	case KIND_PATH:
	case KIND_TEXT: return read_words(c, f, j, row);
	case KIND_JSON: return read_json(c, f, j, row);
	case KIND_INT: return read_int(c, f, j, row);
	case KIND_REAL: return read_real(c, f, j, row);
	case KIND_TIME: return read_time(c, f, j, row);
	case KIND_FLAG:
		if (j->kind != J_BOOL)
			return FAIL(c, RC_INVALID, "wrong_type", str_of(f->name), "%s must be true or false", f->name);
		*(bool *)field_at(f, row) = j->i != 0;
		return RC_OK;
	case KIND_ENUM:
		if (j->kind != J_TEXT || !enum_index(f, j->text, field_at(f, row)))
			return FAIL(c, RC_INVALID, "unknown_word", str_of(f->name), "%s has no such value", f->name);
		return RC_OK;
	}
	return RC_BUG;
}

struct val field_val(const struct field *f, const void *row)
{
	const void *p = field_in(f, row);

	switch (f->kind) {
	case KIND_ID:
	case KIND_REF:
	case KIND_TEXT:
	case KIND_PATH:
	case KIND_JSON: return V_STR(*(const struct str *)p);
	case KIND_INT: return *(const int64_t *)p == NO_INT ? V_NULL : V_INT(*(const int64_t *)p);
	case KIND_TIME: return *(const int64_t *)p ? V_INT(*(const int64_t *)p) : V_NULL;
	case KIND_REAL: return isnan(*(const double *)p) ? V_NULL : V_REAL(*(const double *)p);
	case KIND_FLAG: return V_INT(*(const bool *)p);
	case KIND_ENUM: return V_Z(f->words[*(const unsigned *)p]);
	}
	return V_NULL;
}

enum rc field_load(struct arena *a, const struct field *f, const struct val *v, void *row)
{
	void *p = field_at(f, row);

	switch (f->kind) {
	case KIND_ID:
	case KIND_REF:
	case KIND_TEXT:
	case KIND_PATH:
	case KIND_JSON: *(struct str *)p = v->kind != VAL_TEXT ? NO_STR : a ? arena_dup(a, v->s) : v->s; return RC_OK;
	case KIND_INT: *(int64_t *)p = v->kind == VAL_NULL ? NO_INT : v->i; return RC_OK;
	case KIND_TIME: *(int64_t *)p = v->kind == VAL_NULL ? 0 : v->i; return RC_OK;
	case KIND_REAL:
		*(double *)p = v->kind == VAL_NULL ? NO_REAL : v->kind == VAL_INT ? (double)v->i : v->d;
		return RC_OK;
	case KIND_FLAG: *(bool *)p = v->kind == VAL_INT && v->i != 0; return RC_OK;
	case KIND_ENUM: return v->kind == VAL_TEXT && enum_index(f, v->s, p) ? RC_OK : RC_BUG;
	}
	return RC_BUG;
}

void field_write(const struct field *f, const void *row, struct buf *out)
{
	const void *p = field_in(f, row);

	switch (f->kind) {
	case KIND_ID:
	case KIND_REF:
	case KIND_TEXT:
	case KIND_PATH: json_text(out, *(const struct str *)p); return;
	case KIND_JSON: json_raw(out, *(const struct str *)p); return;
	case KIND_INT:
		if (*(const int64_t *)p == NO_INT)
			json_null(out);
		else
			json_int(out, *(const int64_t *)p);
		return;
	case KIND_REAL: json_real(out, *(const double *)p); return;
	case KIND_TIME: json_time(out, *(const int64_t *)p); return;
	case KIND_FLAG: json_bool(out, *(const bool *)p); return;
	case KIND_ENUM: json_text(out, str_of(f->words[*(const unsigned *)p])); return;
	}
}

bool field_empty(const struct field *f, const void *row)
{
	struct val v = field_val(f, row);

	return v.kind == VAL_NULL || (v.kind == VAL_TEXT && v.s.n == 0);
}
