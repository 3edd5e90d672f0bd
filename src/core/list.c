/* list.c - lists of an entity: filters, orders, pages by key; what one row
 * gives out with a reason; what is held about a person. */
#include "core/inner.h"

#include <string.h>

/* KEPT_ARGS: parameters kept free for the key of the next page (at most 10) and
 * the limit. */
enum { LIST_DEFAULT = 50, LIST_MOST = 200, MAX_WORDS = 16, KEPT_ARGS = 12 };

struct order {
	const struct field *f[4];
	bool down[4];
	size_t n;
};

struct lister {
	struct ctx *c;
	const struct entity *e;
	struct buf *out;
	void *row;
	int64_t count, limit;
	const struct order *order;
	struct buf next;
	bool more;
	struct str person; /* entity_about_person */
};

static enum rc add_order(struct ctx *c, const struct entity *e, const char *column, struct order *o)
{
	bool down = column[0] == '-';
	const struct field *f = entity_field(e, str_of(column + down));

	if (f == NULL || o->n == COUNT(o->f))
		return FAIL(c, RC_BUG, "internal", NO_STR, "%s can't be sorted by %s", e->name, column);
	o->f[o->n] = f;
	o->down[o->n++] = down;
	return RC_OK;
}

static enum rc find_order(struct ctx *c, const struct entity *e, struct str name, struct order *o)
{
	if (name.p == NULL || str_is(name, "id"))
		return add_order(c, e, "id", o);
	if (str_is(name, "-id"))
		return add_order(c, e, "-id", o);
	for (const struct sort *s = e->sorts; s && s->name; s++) {
		if (!str_is(name, s->name))
			continue;
		for (size_t i = 0; i < COUNT(s->columns) && s->columns[i]; i++)
			TRY(add_order(c, e, s->columns[i], o));
		return add_order(c, e, o->n && o->down[o->n - 1] ? "-id" : "id", o);
	}
	return FAIL(c, RC_INVALID, "unknown_sort", STR("sort"), "no such order");
}

/* A filter's text as a value of the field. */
static enum rc filter_val(struct ctx *c, const struct field *f, struct str text, struct val *ret)
{
	int64_t n;
	double d;

	switch (f->kind) {
	case KIND_INT:
		if (str_int(text, &n) != RC_OK)
			break;
		*ret = V_INT(n);
		return RC_OK;
	case KIND_TIME:
		if (time_parse(text, &n) != RC_OK && str_int(text, &n) != RC_OK)
			break;
		*ret = V_INT(n);
		return RC_OK;
	case KIND_REAL:
		if (str_real(text, &d) != RC_OK)
			break;
		*ret = V_REAL(d);
		return RC_OK;
	case KIND_FLAG:
		if (!str_is(text, "true") && !str_is(text, "false"))
			break;
		*ret = V_INT(str_is(text, "true"));
		return RC_OK;
	case KIND_ENUM:
		for (size_t i = 0; f->words[i]; i++) {
			if (str_is(text, f->words[i])) {
				*ret = V_STR(text);
				return RC_OK;
			}
		}
		break;
	default: *ret = V_STR(text); return RC_OK;
	}
	return FAIL(c, RC_INVALID, "bad_filter", str_of(f->name), "not a value of %s", f->name);
}

static enum rc room_for(struct ctx *c, const struct where *w, size_t n, struct str name)
{
	if (w->n + n + KEPT_ARGS > STORE_MAX_ARGS)
		return FAIL(c, RC_INVALID, "too_many_words", name, "too many conditions in one list");
	return RC_OK;
}

static enum rc add_filter(struct ctx *c, const struct entity *e, struct str name, struct str value, struct where *w)
{
	const char *op = "IN";
	struct str piece;
	struct val v = V_NULL;
	size_t words = 0;

	if (str_ends(name, ".from") || str_ends(name, ".to")) {
		op = str_ends(name, ".to") ? "<" : ">=";
		name.n -= str_ends(name, ".to") ? 3 : 5;
	}
	const struct field *f = entity_field(e, name);

	if (f == NULL || !(f->flags & FILTER))
		return FAIL(c, RC_INVALID, "unknown_filter", name, "can't filter by this");
	if (op[0] != 'I') {
		TRY(filter_val(c, f, value, &v));
		TRY(room_for(c, w, 1, name));
		buf_fmt(&w->sql, " AND %s %s ", f->name, op);
		where_arg(w, v);
		return RC_OK;
	}
	buf_fmt(&w->sql, " AND %s IN (", f->name);
	while (str_cut(&value, ',', &piece)) {
		TRY(room_for(c, w, 1, name));
		if (++words > MAX_WORDS)
			return FAIL(c, RC_INVALID, "too_many_words", str_of(f->name), "at most %d values", MAX_WORDS);
		TRY(filter_val(c, f, piece, &v));
		if (words > 1)
			buf_add(&w->sql, STR(", "));
		where_arg(w, v);
	}
	buf_add(&w->sql, STR(")"));
	return RC_OK;
}

static enum rc add_under(struct ctx *c, const struct entity_info *i, struct str path, struct where *w)
{
	if (i->place == NULL || path.n == 0 || path.p[path.n - 1] != '.')
		return FAIL(c, RC_INVALID, "bad_filter", STR("under"), "a place path ended by a dot is expected");
	if (i->place->flags & PERSONAL) /* who lives where is opened row by row */
		return FAIL(c, RC_INVALID, "bad_filter", STR("under"), "the place is not told here");
	TRY(room_for(c, w, 2, STR("under")));
	char *to = arena_z(c->arena, path);

	to[path.n - 1] = '/';
	buf_fmt(&w->sql, " AND %s >= ", i->place->name);
	where_arg(w, V_STR(path));
	buf_fmt(&w->sql, " AND %s < ", i->place->name);
	where_arg(w, V_Z(to));
	return RC_OK;
}

/* '~' parts the values of a key; inside of a text it is written "^1", '^' is "^0". */
static struct str unescape(struct arena *a, struct str s)
{
	struct buf b = buf_new(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++) {
		bool pair = s.p[i] == '^' && i + 1 < s.n;

		buf_char(&b, !pair ? s.p[i] : s.p[i + 1] == '1' ? '~' : '^');
		i += pair;
	}
	return buf_str(&b);
}

/* (a, b, id) after (x, y, z), each column in its own direction. */
static enum rc add_after(struct ctx *c, struct str after, const struct order *o, struct where *w)
{
	struct val v[COUNT(o->f)] = { 0 };
	struct str piece;

	for (size_t i = 0; i < o->n; i++) {
		if (!str_cut(&after, '~', &piece))
			return FAIL(c, RC_INVALID, "bad_after", STR("after"), "not a key of this list");
		TRY(filter_val(c, o->f[i], unescape(c->arena, piece), &v[i]));
	}
	if (after.p)
		return FAIL(c, RC_INVALID, "bad_after", STR("after"), "not a key of this list");
	/* The first column alone bounds the index; the rest sorts out equal ones. */
	buf_fmt(&w->sql, " AND %s %c= ", o->f[0]->name, o->down[0] ? '<' : '>');
	where_arg(w, v[0]);
	buf_add(&w->sql, STR(" AND ("));
	for (size_t i = 0; i < o->n; i++) {
		buf_add(&w->sql, i ? STR(" OR (") : STR("("));
		for (size_t k = 0; k < i; k++) {
			buf_fmt(&w->sql, "%s = ", o->f[k]->name);
			where_arg(w, v[k]);
			buf_add(&w->sql, STR(" AND "));
		}
		buf_fmt(&w->sql, "%s %c ", o->f[i]->name, o->down[i] ? '<' : '>');
		where_arg(w, v[i]);
		buf_add(&w->sql, STR(")"));
	}
	buf_add(&w->sql, STR(")"));
	return RC_OK;
}

static void write_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '~' || s.p[i] == '^')
			buf_add(out, s.p[i] == '~' ? STR("^1") : STR("^0"));
		else
			buf_char(out, s.p[i]);
	}
}

static void write_key(const struct order *o, const void *row, struct buf *out)
{
	for (size_t i = 0; i < o->n; i++) {
		struct val v = field_val(o->f[i], row);

		if (i)
			buf_char(out, '~');
		if (v.kind == VAL_TEXT)
			write_escaped(out, v.s);
		else if (v.kind == VAL_REAL)
			buf_fmt(out, "%.17g", v.d);
		else if (o->f[i]->kind == KIND_FLAG)
			buf_add(out, v.i ? STR("true") : STR("false"));
		else
			buf_fmt(out, "%lld", (long long)v.i);
	}
}

static enum rc list_row(void *arg, const struct row *r)
{
	struct lister *l = arg;

	if (l->count == l->limit) { /* one more than asked for: there is a next page */
		l->more = true;
		return RC_OK;
	}
	for (size_t i = 0; i < l->e->n_fields; i++)
		TRY(field_load(NULL, &l->e->fields[i], &r->v[i], l->row));
	entity_write(l->c, l->e, l->row, l->out);
	if (++l->count == l->limit)
		write_key(l->order, l->row, &l->next);
	return l->out->overflow ? RC_LIMIT : RC_OK;
}

struct query {
	struct str sort, after;
	int64_t limit;
};

static enum rc read_query(struct ctx *c, const struct entity_info *i, struct str query, struct query *q,
			  struct where *w)
{
	struct str pair, name;

	while (str_cut(&query, '&', &pair)) {
		struct str value = pair;

		if (pair.n == 0)
			continue;
		(void)str_cut(&value, '=', &name);
		value = request_query(c, arena_z(c->arena, name));
		if (value.p == NULL)
			return FAIL(c, RC_INVALID, "bad_query", name, "not well encoded");
		if (str_is(name, "sort"))
			q->sort = value;
		else if (str_is(name, "after"))
			q->after = value;
		else if (str_is(name, "under"))
			TRY(add_under(c, i, value, w));
		else if (!str_is(name, "limit"))
			TRY(add_filter(c, i->e, name, value, w));
		else if (str_int(value, &q->limit) != RC_OK || q->limit < 1 || q->limit > LIST_MOST)
			return FAIL(c, RC_INVALID, "out_of_range", name, "limit must be 1 to %d", LIST_MOST);
	}
	return RC_OK;
}

/* The statement of a list up to "LIMIT ". */
static enum rc list_sql(struct ctx *c, const struct entity *e, struct str query, struct query *q, struct order *o,
			struct where *w)
{
	const struct entity_info *i = info_of(c->app, e);

	w->sql = buf_new(c->arena, 64 << 10);
	buf_fmt(&w->sql, "%s1 = 1", i->select);
	TRY(see_filter(c, i, w));
	TRY(read_query(c, i, query, q, w));
	TRY(find_order(c, e, q->sort, o));
	if (q->after.p)
		TRY(add_after(c, q->after, o, w));
	buf_add(&w->sql, STR(" ORDER BY "));
	for (size_t k = 0; k < o->n; k++)
		buf_fmt(&w->sql, "%s%s%s", k ? ", " : "", o->f[k]->name, o->down[k] ? " DESC" : "");
	buf_add(&w->sql, STR(" LIMIT "));
	return RC_OK;
}

enum rc entity_rows(struct ctx *c, const struct entity *e, struct str query, int64_t most, row_fn *fn, void *arg)
{
	struct where w = { 0 };
	struct query q = { 0 };
	struct order o = { 0 };

	TRY(list_sql(c, e, query, &q, &o, &w));
	if (q.limit || q.after.p)
		return FAIL(c, RC_INVALID, "unknown_filter", q.limit ? STR("limit") : STR("after"),
			    "the whole list has no pages");
	where_arg(&w, V_INT(most));
	return db_each(c, w.sql.p, (struct args){ w.args, w.n }, fn, arg);
}

enum rc entity_list(struct ctx *c, const struct entity *e, struct str query, struct buf *out)
{
	struct where w = { 0 };
	struct query q = { .limit = LIST_DEFAULT };
	struct order o = { 0 };

	TRY(list_sql(c, e, query, &q, &o, &w));
	where_arg(&w, V_INT(q.limit + 1));
	struct lister l = { .c = c,
			    .e = e,
			    .out = out,
			    .row = arena_alloc(c->arena, e->size),
			    .limit = q.limit,
			    .order = &o,
			    .next = buf_new(c->arena, 4096) };

	json_open(out, '{');
	json_key(out, "items");
	json_open(out, '[');
	TRY(db_each(c, w.sql.p, (struct args){ w.args, w.n }, list_row, &l));
	json_close(out, ']');
	json_put_text(out, "next", l.more ? buf_str(&l.next) : NO_STR);
	json_close(out, '}');
	return RC_OK;
}

/* ---- personal data --------------------------------------------------------------- */

bool has_name(struct str list, const char *name)
{
	struct str piece;

	while (str_cut(&list, ',', &piece))
		if (str_is(piece, name))
			return true;
	return false;
}

enum rc asked_fields(struct ctx *c, const struct entity *e, const struct json *list, struct str *names)
{
	struct buf all = buf_new(c->arena, 4096);

	if (list == NULL || list->kind != J_LIST || list->n == 0)
		return FAIL(c, RC_INVALID, "required", STR("fields"), "a list of field names is needed");
	for (const struct json *j = list->child; j; j = j->next) {
		const struct field *f = j->kind == J_TEXT ? entity_field(e, j->text) : NULL;

		if (f == NULL || (f->flags & SECRET) || !(f->flags & PERSONAL))
			return FAIL(c, RC_INVALID, "unknown_field", STR("fields"), "no personal field of this name");
		if (!has_name(buf_str(&all), f->name))
			buf_fmt(&all, "%s%s", all.n ? "," : "", f->name);
	}
	*names = buf_str(&all);
	return RC_OK;
}

enum rc reason_text(struct ctx *c, const struct json *in, const char *name, size_t least, struct str *ret)
{
	*ret = str_trim(json_get_text(in, name));
	if (ret->p == NULL || str_chars(*ret) < least)
		return FAIL(c, RC_INVALID, "required", str_of(name), "%s is needed", name);
	if (str_chars(*ret) > 200)
		return FAIL(c, RC_INVALID, "wrong_length", str_of(name), "%s must have at most 200 characters", name);
	return RC_OK;
}

/* The look is on disk before the values leave: this runs in a write unit whose
 * answer is sent after COMMIT. */
enum rc entity_reveal(struct ctx *c, const struct entity *e, struct str id, const struct json *in, struct buf *out)
{
	const struct entity_info *i = info_of(c->app, e);
	void *row = arena_alloc(c->arena, e->size);
	struct str names, purpose, reason, piece, rest;

	TRY(entity_load(c, e, id, row));
	TRY(need_at(c, i, row, e->perm.reveal, SEE_PLACE));
	TRY(asked_fields(c, e, json_get(in, "fields"), &names));
	TRY(reason_text(c, in, "purpose", 2, &purpose));
	TRY(reason_text(c, in, "reason", 2, &reason));
	TRY(note_look(c, arena_fmt(c->arena, "%s.%s", e->module, e->name).p, id, person_of_row(i, row), names, purpose,
		      reason));
	if (e->on_reveal)
		TRY(e->on_reveal(c, row));
	rest = names;
	json_open(out, '{');
	while (str_cut(&rest, ',', &piece)) {
		json_key_str(out, piece);
		field_write(entity_field(e, piece), row, out);
	}
	json_close(out, '}');
	return RC_OK;
}

/* A row that names this person may be about somebody else, whose personal
 * fields stay closed: the worker of a visit does not get the elder's. */
static enum rc about_row_out(struct ctx *c, void *row, void *arg)
{
	struct lister *l = arg;
	bool own = str_eq(person_of_row(info_of(c->app, l->e), row), l->person);

	if (own && l->e->on_reveal)
		TRY(l->e->on_reveal(c, row));
	entity_write_open(info_of(c->app, l->e), row, own ? P0 | P1 | P2 | P3 | SEALED : P0 | P1, l->out);
	return l->out->overflow ? RC_LIMIT : RC_OK;
}

enum rc entity_about_person(struct ctx *c, const struct entity *e, struct str person, struct buf *out)
{
	struct buf where = buf_new(c->arena, 8192);
	struct lister l = { .c = c, .e = e, .out = out, .person = person };
	const struct entity_info *i = info_of(c->app, e);

	if (i->person_is_id)
		buf_add(&where, STR("id = $1"));
	for (size_t k = 0; k < e->n_fields; k++)
		if (e->fields[k].target && strcmp(e->fields[k].target, "people.person") == 0)
			buf_fmt(&where, "%s%s = $1", where.n ? " OR " : "", e->fields[k].name);
	if (where.n == 0)
		return RC_OK; /* nothing here points to a person */
	buf_add(&where, STR(" ORDER BY id"));
	json_key(out, e->table);
	json_open(out, '[');
	TRY(entity_each(c, e, where.p, ARGS(V_STR(person)), about_row_out, &l));
	json_close(out, ']');
	return RC_OK;
}
