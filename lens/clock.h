/* clock.h - true frame times behind repeated pictures.
 *
 * A camera that makes 20 pictures a second and sends 30 repeats every second
 * one; the stamps of the new ones then jump by one and two ticks.  Repeats
 * are found by comparing pictures; while they come often, the remaining
 * stamps are laid on an even grid.  Otherwise stamps are taken as they are.
 * More than CLOCK_REPEATS_MOST in a row are a scene in which nothing moves:
 * those are pictures like any other.
 */
#ifndef LENS_CLOCK_H
#define LENS_CLOCK_H

#include "lens/frame.h"

enum { CLOCK_REPEATS_MOST = 2 };

struct frame_clock {
	int64_t last_in, last_out; /* stamps of the last new picture: given, laid out */
	double step_us;            /* EMA of the spacing of new pictures */
	double repeats;            /* EMA share of repeated pictures */
	int64_t newest;            /* stamp of the last picture of any kind */
	int seen, run;             /* new pictures; repeats in a row */
};

/* Fewer than four pixels differ by more than 10 grey levels. */
bool clock_repeats(const struct frame *a, const struct frame *b);
/* A repeat came; false: it is to be taken all the same, nothing moves. */
bool clock_skip(struct frame_clock *c, int64_t pts_us);
/* A picture to be taken: its time.  'fresh': not a repeat. */
int64_t clock_take(struct frame_clock *c, int64_t pts_us, bool fresh);
double clock_step_s(const struct frame_clock *c); /* time between new pictures; 1/25 at first */

#endif
