/* clutter.h - what moves in place: laundry, curtains, lamps, leaves on a tree,
 * rain, the camera's own clock. */
#ifndef LENS_EVAL_CLUTTER_H
#define LENS_EVAL_CLUTTER_H

#include "lens/eval/facade.h"
#include "lens/eval/level.h"
#include "lens/eval/truth.h"

struct clutter;
struct clutter *clutter_new(const struct level *l, const struct facade *f, const struct camera *c, struct random *r,
			    double secs);
void clutter_free(struct clutter *k);
/* Behind the movers; the picture is shaken by (dx, dy). */
void clutter_paint(struct clutter *k, struct canvas *p, double t, double dx, double dy);
/* In front of them. */
void clutter_rain(struct clutter *k, struct canvas *p, double t);
/* Into the finished picture. */
void clutter_clock(const struct clutter *k, uint8_t *luma, double t);
/* Where it moves, for sorting false alarms; in the arena. */
int clutter_regions(const struct clutter *k, struct arena *a, struct truth_region **ret);

#endif
