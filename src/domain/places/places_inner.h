/* places_inner.h - the inside of the places module. */
#ifndef PLACES_INNER_H
#define PLACES_INNER_H

#include "domain/places/places.h"
#include "base/geojson.h"

#include <pthread.h>

enum {
	PLACE_MAX_CODE = 20,
	PLACE_MAX_NAME = 100,
	PLACE_MAX_DEPTH = 12,
	PLACE_MAX_BOUNDARY = 4 << 20, /* bytes: 100,000 points with room to spare */
};

struct place {
	struct std std;
	struct str parent_id;
	unsigned kind;
	struct str code, name, path, label;
	double lon, lat;
	struct str boundary;
	double area_m2, declared_area_m2;
	bool area_off;
	unsigned datum;
	int64_t floors;
	struct str grid_id;
};
extern const struct entity place_entity;
extern const char *const place_datums[];

/* Why one place cannot be as wanted: the same words for one row of a form and
 * for the hundredth of a file.  code NULL: all is well. */
struct place_fault {
	const char *code, *field;
	struct str detail; /* in c->arena */
	enum rc rc;
};
void place_refuse(struct ctx *c, struct place_fault *f, const char *code, const char *field, const char *fmt, ...)
	PRINTF(5, 6);

/* The input names the field and gives it a value. */
static inline bool given(const struct json *in, const char *key)
{
	const struct json *j = json_get(in, key);

	return j && j->kind != J_NULL;
}

/* Code, kind under parent, path, label, point; 'parent' NULL for a root.
 * Nothing here asks the database. */
bool place_settle(struct ctx *c, struct place *p, const struct place_ref *parent, struct place_fault *f);
/* Checks p->boundary (GeoJSON text or absent), converts it and writes it anew
 * with seven decimals; area; a point when there is none. */
bool place_take_boundary(struct ctx *c, struct place *p, unsigned datum, struct place_fault *f);
/* Parts of a boundary that share edges become one; false: none do. */
bool place_merge_parts(struct arena *a, struct geojson *g);
void place_take_point(struct place *p, unsigned datum);
void place_compare_area(struct place *p);
bool place_kind_fits(enum place_kind kind, const struct place_ref *parent);
struct place_ref place_ref_of(const struct place *p);
/* The word of a kind, English or Chinese; PLACE_NO_KIND when unknown. */
enum place_kind place_kind_of(struct str word);
/* The grid named is one, and of the same community. */
enum rc place_check_grid(struct ctx *c, const struct place *p, struct place_fault *f) MUST_USE;
/* Every write of places ends with this. */
enum rc places_changed(struct ctx *c) MUST_USE;

/* "(path >= $n AND path < $m OR ...)" for the places where the caller holds
 * 'perm'; "1 = 1" for everywhere, "1 = 0" for nowhere. */
struct place_where {
	struct buf sql;
	struct val args[STORE_MAX_ARGS];
	size_t n;
};
void place_where_arg(struct place_where *w, struct val v);
void place_where_under(struct ctx *c, struct place_where *w, struct str path);
void place_where_may(struct ctx *c, struct place_where *w, const char *perm);
/* The first byte string after all that begin with s. */
struct str place_after_prefix(struct arena *a, struct str s);

/* Boundaries in memory, parsed once a revision; shared by threads. */
struct place_area {
	struct str id, path, map; /* map: simplified GeoJSON for pages */
	enum place_kind kind;
	struct geojson geo;
	struct geojson_box box;
};
struct places_state {
	pthread_mutex_t lock;
	struct arena *arena;
	int64_t revision;
	struct place_area *areas; /* by path */
	size_t n;
};
enum rc places_start(struct ctx *c) MUST_USE;
void places_stop(void *state);

/* routes */
enum rc places_map(struct ctx *c, struct call *k) MUST_USE;
enum rc places_find(struct ctx *c, struct call *k) MUST_USE;
enum rc places_search(struct ctx *c, struct call *k) MUST_USE;
enum rc places_import_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc places_import_run(struct ctx *c, struct call *k) MUST_USE;

#endif
