/* insight_inner.h - what the files of the module share. */
#ifndef INSIGHT_INNER_H
#define INSIGHT_INNER_H

#include "core/module.h"
#include "domain/places/places.h"

enum figure { FIG_FINISHED, FIG_AREA, FIG_BUILDINGS, FIG_DWELLINGS, FIG_BASE_AREAS, FIG_COVERAGE };
/* The words, in the order of the enumeration, NULL-terminated. */
extern const char *const claim_figures[];

struct claim {
	struct std std;
	struct str place_id, place_path, definition, source, source_on, note;
	unsigned figure;        /* enum figure */
	double value;           /* NaN: not claimed; percent, km2 or a count */
	int64_t decimals, n, d; /* NO_INT: not said */
};
extern const struct entity claim_entity;

/* What the program itself comes to; value NaN when it has nothing to go by. */
struct computed {
	double value;
	int64_t n, d; /* NO_INT: the figure is no rate */
	const char *definition;
};
enum rc insight_compute(struct ctx *c, const struct claim *k, struct computed *ret) MUST_USE;
enum rc insight_compare(struct ctx *c, struct call *k) MUST_USE;

#endif
