/* places_tree.c - all places as numbers in pre-order. */
#include "domain/places/places_inner.h"

#include <stdlib.h>
#include <string.h>

struct by_id {
	struct str id;
	uint32_t number;
};

struct place_tree {
	struct arena *a;
	struct place_ref *refs; /* number - 1, ordered by path */
	uint32_t *parent, *last;
	struct by_id *ids;
	uint32_t n, room;
	int64_t revision;
};

static enum rc add_place(void *arg, const struct row *r)
{
	struct place_tree *t = arg;
	struct place_ref *p;

	if (t->n == t->room) /* more than counted: a writer came between */
		return RC_BUSY;
	p = &t->refs[t->n++];
	*p = (struct place_ref){ .id = arena_dup(t->a, r->v[0].s),
				 .path = arena_dup(t->a, r->v[1].s),
				 .label = arena_dup(t->a, r->v[2].s),
				 .name = arena_dup(t->a, r->v[3].s),
				 .kind = place_kind_of(r->v[4].s),
				 .lon = NO_REAL,
				 .lat = NO_REAL };
	if (r->v[5].kind == VAL_REAL && r->v[6].kind == VAL_REAL) {
		p->lon = r->v[5].d;
		p->lat = r->v[6].d;
	}
	if (p->kind == PLACE_GRID)
		p->grid_id = p->id;
	else if (r->v[7].kind == VAL_TEXT)
		p->grid_id = arena_dup(t->a, r->v[7].s);
	return RC_OK;
}

/* Sorted by path, a parent stands before its children: a stack of the open
 * chain gives each its parent, and closes spans on the way back. */
static void link_up(struct place_tree *t)
{
	uint32_t open[PLACE_MAX_DEPTH * 2];
	size_t depth = 0;

	for (uint32_t n = 1; n <= t->n; n++) {
		struct place_ref *p = &t->refs[n - 1];

		while (depth && !(t->refs[open[depth - 1] - 1].path.n < p->path.n &&
				  memcmp(t->refs[open[depth - 1] - 1].path.p, p->path.p,
					 t->refs[open[depth - 1] - 1].path.n) == 0))
			t->last[open[--depth] - 1] = n - 1;
		t->parent[n - 1] = depth ? open[depth - 1] : 0;
		if (depth && p->grid_id.p == NULL && p->kind > PLACE_GRID)
			p->grid_id = t->refs[open[depth - 1] - 1].grid_id;
		if (depth < COUNT(open))
			open[depth++] = n;
	}
	while (depth)
		t->last[open[--depth] - 1] = t->n;
}

static int cmp_id(const void *a, const void *b)
{
	return str_cmp(((const struct by_id *)a)->id, ((const struct by_id *)b)->id);
}

enum rc places_tree(struct ctx *c, struct arena *a, struct place_tree **ret)
{
	struct place_tree *t = NEW(a, struct place_tree);
	int64_t n;

	t->a = a;
	t->revision = places_revision(c);
	if (t->revision < 0)
		return c->fail.rc;
	TRY(db_int(c, "SELECT count(*) FROM places_place", NO_ARGS, 0, &n));
	t->room = (uint32_t)n + 64;
	t->refs = NEW_N(a, struct place_ref, t->room);
	TRY(db_each(c, "SELECT id, path, label, name, kind, lon, lat, grid_id FROM places_place ORDER BY path", NO_ARGS,
		    add_place, t));
	t->parent = NEW_N(a, uint32_t, t->n);
	t->last = NEW_N(a, uint32_t, t->n);
	link_up(t);
	t->ids = NEW_N(a, struct by_id, t->n);
	for (uint32_t i = 0; i < t->n; i++)
		t->ids[i] = (struct by_id){ t->refs[i].id, i + 1 };
	qsort(t->ids, t->n, sizeof(*t->ids), cmp_id);
	*ret = t;
	return arena_check(a);
}

int64_t place_tree_revision(const struct place_tree *t)
{
	return t->revision;
}

uint32_t place_tree_count(const struct place_tree *t)
{
	return t->n;
}

uint32_t place_tree_number(const struct place_tree *t, struct str id_or_path)
{
	bool path = id_or_path.n && id_or_path.p[id_or_path.n - 1] == '.';
	uint32_t lo = 0, hi = t->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int d = str_cmp(path ? t->refs[mid].path : t->ids[mid].id, id_or_path);

		if (d == 0)
			return path ? mid + 1 : t->ids[mid].number;
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return 0;
}

bool place_tree_span(const struct place_tree *t, struct str id_or_path, uint32_t *lo, uint32_t *hi)
{
	uint32_t n = place_tree_number(t, id_or_path);

	if (n == 0)
		return false;
	*lo = n;
	*hi = t->last[n - 1];
	return true;
}

const struct place_ref *place_tree_at(const struct place_tree *t, uint32_t number)
{
	return number >= 1 && number <= t->n ? &t->refs[number - 1] : NULL;
}

uint32_t place_tree_parent(const struct place_tree *t, uint32_t number)
{
	return number >= 1 && number <= t->n ? t->parent[number - 1] : 0;
}
