#include "core/inner.h"

#include <stdio.h>
#include <string.h>

static enum rc check_db(struct ctx *c, enum rc rc, const char *sql)
{
	switch (rc) {
	case RC_OK: return RC_OK;
	case RC_CONFLICT: return FAIL(c, rc, "already_exists", NO_STR, "such a record already exists");
	case RC_INVALID:
		return FAIL(c, rc, "bad_reference", NO_STR,
			    "a referenced record does not exist or a rule of the table is broken");
	case RC_BUSY: return FAIL(c, rc, "busy", NO_STR, "the database can't be used now, try again");
	case RC_LIMIT: return FAIL(c, rc, "too_much", NO_STR, "the answer is too large");
	default:
		if (c->fail.rc == RC_OK)
			fprintf(stderr, "BUG: %s in: %s\n", conn_message(c->db), sql);
		return FAIL(c, rc, "internal", NO_STR, "internal error");
	}
}

enum rc db_run(struct ctx *c, const char *sql, struct args args, int64_t *changed)
{
	return check_db(c, conn_run(c->db, sql, args, changed), sql);
}

enum rc db_each(struct ctx *c, const char *sql, struct args args, row_fn *fn, void *arg)
{
	enum rc rc = conn_each(c->db, sql, args, fn, arg);

	if (rc == RC_OK)
		rc = arena_check(c->arena);
	return check_db(c, rc, sql);
}

static enum rc take_int(void *arg, const struct row *row)
{
	if (row->n < 1 || row->v[0].kind == VAL_TEXT || row->v[0].kind == VAL_BLOB)
		return RC_BUG;
	if (row->v[0].kind != VAL_NULL)
		*(int64_t *)arg = row->v[0].kind == VAL_REAL ? (int64_t)row->v[0].d : row->v[0].i;
	return RC_OK;
}

enum rc db_int(struct ctx *c, const char *sql, struct args args, int64_t missing, int64_t *ret)
{
	*ret = missing;
	return db_each(c, sql, args, take_int, ret);
}

struct texts {
	struct arena *a;
	struct str *v;
	size_t n, most;
};

static enum rc take_text(void *arg, const struct row *row)
{
	struct texts *t = arg;

	if (t->n == t->most)
		return RC_LIMIT;
	t->v[t->n++] = row->v[0].kind == VAL_TEXT ? arena_dup(t->a, row->v[0].s) : NO_STR;
	return RC_OK;
}

enum rc db_text(struct ctx *c, const char *sql, struct args args, struct str *ret)
{
	struct texts t = { c->arena, ret, 0, 1 };

	*ret = NO_STR;
	return db_each(c, sql, args, take_text, &t);
}

enum rc db_texts(struct ctx *c, const char *sql, struct args args, size_t most, struct str **ret, size_t *n)
{
	struct texts t = { c->arena, NEW_N(c->arena, struct str, most), 0, most };

	TRY(db_each(c, sql, args, take_text, &t));
	*ret = t.v;
	*n = t.n;
	return RC_OK;
}

static void write_val(struct buf *out, struct str name, const struct val *v)
{
	struct str key = name;

	if (str_ends(name, "_json"))
		key.n -= 5;
	json_key_str(out, key);
	switch (v->kind) {
	case VAL_NULL: json_null(out); break;
	case VAL_INT:
		if (str_ends(name, "_at"))
			json_time(out, v->i);
		else if (str_starts(name, "is_"))
			json_bool(out, v->i != 0);
		else
			json_int(out, v->i);
		break;
	case VAL_REAL: json_real(out, v->d); break;
	case VAL_TEXT:
		if (str_ends(name, "_json"))
			json_raw(out, v->s);
		else
			json_text(out, v->s);
		break;
	case VAL_BLOB: json_null(out); break;
	}
}

static enum rc row_to_json(void *arg, const struct row *row)
{
	struct buf *out = arg;

	json_open(out, '{');
	for (size_t i = 0; i < row->n; i++)
		write_val(out, str_of(row->name[i]), &row->v[i]);
	json_close(out, '}');
	return out->overflow ? RC_LIMIT : RC_OK;
}

enum rc db_json(struct ctx *c, struct buf *out, const char *sql, struct args args)
{
	json_open(out, '[');
	TRY(db_each(c, sql, args, row_to_json, out));
	json_close(out, ']');
	return RC_OK;
}
