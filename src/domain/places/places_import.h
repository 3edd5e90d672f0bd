/* places_import.h - between reading a file of places and writing them. */
#ifndef PLACES_IMPORT_H
#define PLACES_IMPORT_H

#include "domain/places/places_inner.h"

/* One row of a file as read; 'fault' says what is wrong with it already. */
struct import_row {
	size_t row;                                 /* 0: implied by other rows, not counted */
	struct str code, name, parent, grid;        /* parent: code or path; grid: code */
	enum place_kind kind;                       /* PLACE_NO_KIND: not said */
	double lon, lat, declared_area_m2, area_m2; /* NaN: not said */
	struct str boundary;                        /* checked, WGS-84; or absent */
	unsigned datum;
	int64_t floors; /* NO_INT: not said */
	bool by_name;   /* the name may stand in for a code */
	struct place_fault fault;
	/* the plan */
	enum { PLAN_OPEN, PLAN_BUSY, PLAN_CREATE, PLAN_UPDATE, PLAN_SAME, PLAN_REFUSED } plan;
	struct place place;
	size_t next; /* another row with this code, index + 1 */
};
struct import_rows {
	struct import_row *v;
	size_t n, room;
	struct place_fault whole; /* the text as such is bad */
	size_t whole_row;
};

/* Pure: no database.  Heavy for large boundaries. */
enum rc places_read_rows(struct ctx *c, struct str text, const struct places_import_options *o,
			 struct import_rows *ret) MUST_USE;
struct import_row *import_row_add(struct ctx *c, struct import_rows *rows);
enum rc places_import_rows(struct ctx *c, struct import_rows *rows, const struct places_import_options *o,
			   struct places_import_result *ret) MUST_USE;

/* ---- between planning a row and finding its parent ------------------------------ */

struct importer {
	struct ctx *c;
	const struct places_import_options *o;
	struct import_rows *rows;
	struct place_ref top; /* of options.parent_path */
	bool has_top;
	size_t *slots, mask;       /* rows by code: index + 1 of the first */
	struct import_row **order; /* parents first */
	size_t n_order;
};

struct import_found {
	struct place_ref ref;
	size_t n;     /* how many fit */
	bool refused; /* it is a refused row of this file */
};

/* Index of the slot that holds the code, or of the free one where it belongs. */
size_t import_slot(const struct importer *m, struct str code);
enum rc import_plan_row(struct importer *m, struct import_row *r) MUST_USE;
enum rc import_find_parent(struct importer *m, const struct import_row *r, struct import_found *ret) MUST_USE;

/* Rows (path, kind) of the tree that fit: 'n' of them, the last one's path. */
struct import_collector {
	struct ctx *c;
	enum place_kind child;
	struct str end; /* of the path, or absent */
	struct str path;
	size_t n;
};
enum rc import_collect(void *arg, const struct row *r) MUST_USE;

#endif
