/* places.h - the tree of places, seen from outside the module.
 *
 * city > district > subdistrict > community > enclosure > building > unit >
 * dwelling; grids under communities; spots anywhere.  A place is named by its
 * id or by its path: the codes of the chain, each ended by a dot
 * ("36.3601.360111.").  Whatever lies below a place has a path that begins with
 * the place's path.
 */
#ifndef PLACES_H
#define PLACES_H

#include "core/module.h"

extern const struct module places_module;

enum place_kind {
	PLACE_CITY,
	PLACE_DISTRICT,
	PLACE_SUBDISTRICT,
	PLACE_COMMUNITY,
	PLACE_GRID,
	PLACE_ENCLOSURE,
	PLACE_BUILDING,
	PLACE_UNIT,
	PLACE_DWELLING,
	PLACE_SPOT,
};
#define PLACE_KINDS   (PLACE_SPOT + 1)
#define PLACE_NO_KIND ((enum place_kind)PLACE_KINDS)
/* The words, NULL-terminated, in the order of the enumeration. */
extern const char *const place_kinds[PLACE_KINDS + 1];

struct place_ref {
	struct str id, path;
	struct str label; /* for people: "3-2-501", or the name above the buildings */
	struct str name;
	struct str grid_id; /* own, or that of the nearest place above that has one; or absent */
	enum place_kind kind;
	double lon, lat; /* NaN when the place has no point */
};

/* For references given by a caller, without regard to his visibility.  Absent
 * or unknown: FAIL RC_INVALID "unknown_place" at 'field'.  Strings live in
 * c->arena. */
enum rc places_get(struct ctx *c, struct str id, const char *field, struct place_ref *ret) MUST_USE;
/* Empty or absent path, "everywhere": the first root. */
enum rc places_by_path(struct ctx *c, struct str path, struct place_ref *ret, bool *found) MUST_USE;
/* The dwelling called "3-2-501" below 'top': a person typed it.  More than one
 * of that name: the first, and *n says how many (0: none). */
enum rc places_dwelling(struct ctx *c, struct str top, struct str label, struct place_ref *ret, size_t *n) MUST_USE;
/* The place of this kind whose boundary holds the point; PLACE_NO_KIND: the
 * deepest of any kind.  Border points may fall on either side. */
enum rc places_containing(struct ctx *c, double lon, double lat, enum place_kind kind, struct place_ref *ret,
			  bool *found) MUST_USE;
/* Path of every place that names this grid ('grid_id'), for grants. */
enum rc places_of_grid(struct ctx *c, struct str grid_id, struct str **paths, size_t *n) MUST_USE;

/* ---- snapshot ------------------------------------------------------------ */

/* All places in pre-order (sorted by path), numbered from 1: the subtree of a
 * place is one span of numbers.  Lives in 'a', needs no database any more and
 * never changes; load a new one when places_revision() differs. */
struct place_tree;
enum rc places_tree(struct ctx *c, struct arena *a, struct place_tree **ret) MUST_USE;
int64_t place_tree_revision(const struct place_tree *t);
uint32_t place_tree_count(const struct place_tree *t);
/* 0: unknown. */
uint32_t place_tree_number(const struct place_tree *t, struct str id_or_path);
/* Numbers lo..hi, both included, of the place and everything below it. */
bool place_tree_span(const struct place_tree *t, struct str id_or_path, uint32_t *lo, uint32_t *hi);
const struct place_ref *place_tree_at(const struct place_tree *t, uint32_t number); /* NULL: out of range */
/* 0 for a root. */
uint32_t place_tree_parent(const struct place_tree *t, uint32_t number);

/* Grows with every committed change of places, the same in every process on
 * the database.  -1: the database did not answer (c->fail is set). */
int64_t places_revision(struct ctx *c);

/* ---- enclosures ------------------------------------------------------------ */

/* Works of the place and everything below it that are not dropped.  An
 * enclosure is planned when it has a work, finished when all are accepted; a
 * work weighs what it says, else what the nearest place above says of its kind,
 * else 1. */
struct places_completion {
	int64_t finished, planned, weight_accepted, weight_all;
	int64_t areas, mapped; /* of the base list; those that belong to an enclosure */
	int64_t works[5], accepted[5];
};
enum rc places_completion(struct ctx *c, struct str path, struct places_completion *ret) MUST_USE;

enum place_mode { PLACE_OPEN, PLACE_SEMI_CLOSED, PLACE_CLOSED };
enum places_why { PLACES_BY_DEFAULT, PLACES_BY_TIMETABLE, PLACES_BY_ORDER };
struct places_mode {
	enum place_mode mode;
	enum places_why why;
	int64_t until; /* 0: no end known */
	struct str id; /* of the order or the slot, or absent */
};
/* An emergency order stands over timetables; of several the one that began
 * last.  Of timetables the nearest place's counts. */
enum rc places_mode_at(struct ctx *c, struct str path, int64_t at, struct places_mode *ret) MUST_USE;

/* An entrance of a published outline; it keeps its id over all versions.
 * Events: "places.entrance.create", ".update", ".retire". */
struct entrance_ref {
	struct str id, place_id, place_path, code, name;
	double lon, lat;
	bool present;                   /* still on the outline */
	bool open;                      /* open, or closed at night only */
	bool people, car, e_bike, fire; /* who may pass */
	bool in, out;                   /* directions */
};
/* Without regard to the caller's visibility.  FAIL RC_INVALID
 * "unknown_entrance" at 'field'. */
enum rc places_entrance_get(struct ctx *c, struct str id, const char *field, struct entrance_ref *ret) MUST_USE;
/* Declared and computed area in square metres, NaN when not known. */
enum rc places_area_of(struct ctx *c, struct str place_id, double *computed, double *declared) MUST_USE;
/* Places of this kind below the path. */
enum rc places_count(struct ctx *c, struct str path, enum place_kind kind, int64_t *ret) MUST_USE;

/* ---- import --------------------------------------------------------------- */

enum places_format { PLACES_CSV, PLACES_GEOJSON };
enum places_datum { PLACES_WGS84, PLACES_GCJ02 };

struct places_import_options {
	enum places_format format;
	enum places_datum datum; /* of lon, lat and boundaries in the text */
	bool dry_run;            /* same checks, same counts, nothing written */
	bool partial;            /* write the good rows although others are refused */
	struct str parent_path;  /* for rows that name no parent; absent: the root */
	struct str city_name;    /* for a city that the national files give by code only; or absent */
	/* One call a refused row.  'row' is the line of a CSV file as a spreadsheet
	 * counts (1 is the header), or the number of the feature from 1; 0: the
	 * text as a whole.  May be NULL. */
	void (*report)(void *arg, size_t row, const char *code, const char *field, const char *detail);
	void *arg;
};
struct places_import_result {
	size_t rows, created, updated, unchanged, refused;
	bool written;
};
/* Checks every row first.  With a refused row nothing is written unless
 * 'partial' (RC_OK and ret->written false).  The caller's grants are obeyed: a
 * row outside them is refused as "denied". */
enum rc places_import(struct ctx *c, struct str text, const struct places_import_options *o,
		      struct places_import_result *ret) MUST_USE;

#endif
