/* level.h - how hard a scene is. */
#ifndef LENS_EVAL_LEVEL_H
#define LENS_EVAL_LEVEL_H

struct level {
	const char *name;
	double noise;                         /* grey levels, sigma */
	double shake;                         /* pixels at 1080 rows, at most */
	int laundry;                          /* pieces */
	double birds, insects, leaves, dives; /* per minute */
	int rain;                             /* 0, 1, 2: streaks over a third of the picture for 40 % of the time */
	int foliage;
	double contrast_low, contrast_high; /* of thrown things, grey levels, either sign */
	int clock;                          /* the camera writes the time into the picture */
	double drift;                       /* of the light, share */
	double exposure;                    /* of the frame time */
	int night;
};

/* L0 to L4, N1; NULL: no such level. */
const struct level *level_named(const char *name);
const struct level *level_at(int i); /* NULL after the last */

#endif
