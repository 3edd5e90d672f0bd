/* gravity.h - does a chain move as a thing does that falls?
 *
 * With calibration the path is turned into heights on the facade and must
 * accelerate like a falling body (9.81 m/s2 less drag, more or less what
 * motion towards the camera adds); without, it must accelerate at all, from a
 * standstill that lies in the near past.
 */
#ifndef LENS_GRAVITY_H
#define LENS_GRAVITY_H

#include "lens/tracks.h"

struct verdict {
	bool falls;
	enum incident_kind kind;
	bool sure;                               /* falls so far and so evenly that nothing else explains it */
	const char *why;                         /* not falling: the test that failed, a stable word */
	bool wanders;                            /* not falling, and seen well enough to say that it moves otherwise */
	double fit_x[3], fit_y[3], rms_x, rms_y; /* pixels, t in seconds from the first point */
	double rough_x, rough_y;                 /* the same beside and along the vertical, perspective taken out */
	double occupancy, gravity, gravity_sigma;
	double release_m, release_sigma_m;
	double before_s; /* from release to the first point */
	int floor, floor_low, floor_high;
	/* Frames in which it should have been seen, before the first point and
	 * after the last, by the fitted fall and the calm of the picture there. */
	double unseen_before, unseen_after;
};

/* 'debris': light things falling at a constant 1 to 2 m/s count as well. */
struct verdict gravity_judge(const struct view *v, const struct threshold *t, const struct track *k, bool debris);

#endif
