/* picture.h - synthetic pictures for the simulator: what a camera would show,
 * drawn, so that nobody can be in it.  Pure. */
#ifndef APP_PICTURE_H
#define APP_PICTURE_H

#include "base/base.h"

enum { PICTURE_WIDE = 320, PICTURE_TALL = 440, PICTURE_FLOORS = 18 };

/* A house front with the path of something that fell from 'floor' (1 ..
 * PICTURE_FLOORS, else cut), as PNG; the same arguments give the same bytes. */
struct str picture_fall(struct arena *a, int64_t floor, uint64_t seed);
/* A marked lane, seen from above the gate, with a car in it or free. */
struct str picture_lane(struct arena *a, bool occupied, uint64_t seed);

#endif
