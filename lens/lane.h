/* lane.h - does something stand in a marked lane or exit?
 *
 * Looks at key frames only (one every second to four).  The lane is cut into
 * tiles of 16 x 16 pixels at half size 8 x 8; each keeps what it looks like
 * when free (long) and what it looked like lately (short), and compares by
 * correlation, which neither brightness nor contrast changes: lamps, dusk and
 * shadows do not count.  A tile counts when it differs from the long picture
 * and has not changed against the short one for LANE_STILL.  People walking
 * through change all the time; when they hide what stands there, it is believed
 * for LANE_HIDDEN.  Pure: one struct, one thread.
 *
 * Limits: what lies flat and plain on plain ground (a sheet of paper) cannot be
 * told from a shadow; a lane that is occupied when first seen counts as free
 * until it changes.
 */
#ifndef LENS_LANE_H
#define LENS_LANE_H

#include "lens/analyse.h"

#define LANE_STILL  (10 * SECOND) /* unchanged for so long: it stands */
#define LANE_HIDDEN (30 * SECOND) /* out of sight for so long: still there */
#define LANE_GONE   (15 * SECOND) /* not seen for so long though in sight: left */

struct lane_config {
	int n; /* corners, fractions of the picture */
	struct corner corners[ANALYSE_CORNERS_MAX];
	/* Four corners of a rectangle on the ground, in order, sides in metres
	 * (corner 0 to 1: width_m; 1 to 2: length_m); or the area alone. */
	double width_m, length_m, area_m2;
	double least_m2;  /* smaller things do not count; 0: 1 */
	int64_t after_us; /* tell when it has stood for so long; 0: LANE_STILL */
};

enum lane_word { LANE_NOTHING, LANE_BLOCKED, LANE_FREE };
struct lane_change {
	enum lane_word word;
	int64_t since_us; /* stamp: when it came, or left */
	double area_m2;   /* of the largest thing, when blocked */
	float x, y;       /* its middle, fractions */
};

struct lane;
/* NULL: the polygon is no polygon or has no size (lane_check says what). */
struct lane *lane_new(const struct lane_config *config);
void lane_free(struct lane *l); /* NULL allowed */
/* What is wrong with it: "corners", "crossing", "outside", "size"; NULL: nothing. */
const char *lane_check(const struct lane_config *config);
/* A key frame; stamps must grow (else everything but the long picture starts
 * anew).  At most one change comes of a picture. */
struct lane_change lane_look(struct lane *l, const struct frame *f);
bool lane_is_blocked(const struct lane *l);
/* What stands there now is how the lane looks: learn it. */
void lane_relearn(struct lane *l);

#endif
