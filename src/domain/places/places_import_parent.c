/* places_import_parent.c - which place a row of a file names as its parent. */
#include "domain/places/places_import.h"

#include <string.h>

static bool is_path(struct str s)
{
	return s.n > 1 && s.p[s.n - 1] == '.';
}

/* "e1.3." names "36.3601. ... e1.3." as long as no other place ends so. */
static bool ends_in(struct str path, struct str end)
{
	return path.n >= end.n && memcmp(path.p + path.n - end.n, end.p, end.n) == 0 &&
	       (path.n == end.n || path.p[path.n - end.n - 1] == '.');
}

static bool is_fit(enum place_kind child, enum place_kind parent)
{
	struct place_ref ref = { .kind = parent };

	return child == PLACE_NO_KIND || place_kind_fits(child, &ref);
}

static enum rc row_as_parent(struct importer *m, const struct import_row *child, struct str path, struct import_row *r,
			     struct import_found *ret)
{
	TRY(import_plan_row(m, r));
	if (r == child || r->plan == PLAN_BUSY)
		return RC_OK;
	if (r->plan == PLAN_REFUSED) {
		ret->refused = true;
		return RC_OK;
	}
	if (path.n ? !ends_in(r->place.path, path) : !is_fit(child->kind, (enum place_kind)r->place.kind))
		return RC_OK;
	ret->ref = place_ref_of(&r->place);
	ret->n++;
	return RC_OK;
}

static struct str last_code(struct str path)
{
	size_t n = path.n - 1;

	while (n > 0 && path.p[n - 1] != '.')
		n--;
	return (struct str){ path.p + n, path.n - 1 - n };
}

/* Rows of this file first: a parent may stand before or behind its children. */
static enum rc parent_in_file(struct importer *m, const struct import_row *child, struct str path, struct str code,
			      struct import_found *ret)
{
	for (size_t i = m->slots[import_slot(m, code)]; i; i = m->rows->v[i - 1].next)
		if (&m->rows->v[i - 1] != child)
			TRY(row_as_parent(m, child, path, &m->rows->v[i - 1], ret));
	return RC_OK;
}

enum rc import_collect(void *arg, const struct row *r)
{
	struct import_collector *k = arg;

	if (k->end.n ? !ends_in(r->v[0].s, k->end) : !is_fit(k->child, place_kind_of(r->v[1].s)))
		return RC_OK;
	if (str_eq(r->v[0].s, k->end)) /* the whole path is never ambiguous */
		k->n = 0;
	else if (str_eq(k->path, k->end) && k->end.n)
		return RC_OK;
	k->path = arena_dup(k->c->arena, r->v[0].s);
	k->n++;
	return RC_OK;
}

static enum rc parent_in_tree(struct importer *m, enum place_kind child, struct str path, struct str code,
			      struct import_found *ret)
{
	struct import_collector k = { m->c, child, path, NO_STR, 0 };
	struct place_where w = { .sql = buf_new(m->c->arena, 4096) };
	bool found = false;

	buf_add(&w.sql, STR("SELECT path, kind FROM places_place WHERE code = "));
	place_where_arg(&w, V_STR(code));
	if (m->has_top) {
		buf_add(&w.sql, STR(" AND "));
		place_where_under(m->c, &w, m->top.path);
	}
	buf_add(&w.sql, STR(" ORDER BY path"));
	TRY(db_each(m->c, w.sql.p, (struct args){ w.args, w.n }, import_collect, &k));
	ret->n = k.n;
	return k.n == 1 ? places_by_path(m->c, k.path, &ret->ref, &found) : RC_OK;
}

enum rc import_find_parent(struct importer *m, const struct import_row *r, struct import_found *ret)
{
	struct str path = is_path(r->parent) ? r->parent : NO_STR;
	struct str code = path.n ? last_code(path) : r->parent;

	TRY(parent_in_file(m, r, path, code, ret));
	return ret->n || ret->refused ? RC_OK : parent_in_tree(m, r->kind, path, code, ret);
}
