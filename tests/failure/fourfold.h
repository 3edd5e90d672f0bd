/* fourfold.h - one row of every entity at the own place, below it, beside it and
 * above it; called "$device0" to "$device3" as the entity and the place. */
#ifndef FOURFOLD_H
#define FOURFOLD_H

#include "stage.h"

enum { OWN, CHILD, SIBLING, PARENT, PLACES };
extern const char *const fourfold_places[PLACES];

void fourfold_build(struct stage *s);
/* The text with every '@' as the number of the place. */
const char *fourfold_name(struct stage *s, const char *text, int place);

#endif
