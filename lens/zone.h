/* zone.h - where to look: polygons turned into a bit mask. */
#ifndef LENS_ZONE_H
#define LENS_ZONE_H

#include "lens/analyse.h"

/* words * height words, bit i of word w is pixel 32 w + i; set where something
 * is looked for.  NULL when that is everywhere.  Freed with free(). */
uint32_t *zone_mask(const struct zone *zones, int n, int width, int height);
void zone_apply(const uint32_t *zone_mask, uint32_t *mask, size_t words); /* NULL: nothing to do */

#endif
