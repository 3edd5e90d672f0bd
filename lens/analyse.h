/* analyse.h - finds what falls from a facade in the pictures of one camera.
 *
 * One analyser per camera, used by one thread at a time; analysers share
 * nothing.  Pure computation: no files, no clock but for the millisecond
 * statistics, no log.  Time is the frames' presentation time.  Method and
 * sources: docs/lens.md.
 *
 * Memory at 1920x1080: about 13 MB of its own and the references of the last
 * 2 * ANALYSE_LAG + 1 frames.
 */
#ifndef LENS_ANALYSE_H
#define LENS_ANALYSE_H

#include "lens/calibration.h"
#include "lens/frame.h"

enum {
	ANALYSE_LAG = 2,         /* K: a frame is compared with those K before and K after it */
	ANALYSE_HELD = 5,        /* 2K + 1: how many frame references an analyser holds at most */
	ANALYSE_PATH_MAX = 128,  /* points of one path */
	ANALYSE_ZONES_MAX = 16,  /* polygons of one camera */
	ANALYSE_CORNERS_MAX = 32 /* corners of one polygon */
};

/* A corner in fractions of the picture, 0..1 from the top left: the same
 * polygon serves main and sub-stream. */
struct corner {
	float x, y;
};

struct zone {
	bool ignore; /* nothing is looked for inside; otherwise: only inside such zones, when there is one */
	int n;       /* corners, 3..ANALYSE_CORNERS_MAX */
	struct corner corners[ANALYSE_CORNERS_MAX];
};

struct analyser_config {
	/* NULL: scale unknown, a looser gate, no floor.  Copied. */
	const struct calibration *calibration;
	const struct zone *zones; /* copied; NULL when none */
	int zones_n;
	bool light_debris; /* also report paper, leaves, bags: constant 1 to 2 m/s */
	bool scalar;       /* never use AVX2 (tests; the result is the same bit for bit) */
	/* Storm control: storm_max incidents at once, one more per storm_us; the rest is counted.  0: 12 and five
	 * minutes; less than 0: none (recordings). */
	int storm_max;
	int64_t storm_us;
	/* Hears of every chain that ended and why it is or is not a fall (tuning, tests); NULL: nobody. */
	void (*trace)(void *trace_to, const char *line);
	void *trace_to;
};

enum incident_kind { INCIDENT_THROWN, INCIDENT_DEBRIS };

struct path_point {
	int64_t pts_us;
	float x, y; /* centre, pixels of the picture given */
	float w, h; /* box */
};

/* One thing that fell.  Valid only during the call of incident_fn. */
struct incident {
	enum incident_kind kind;
	int64_t start_us, end_us; /* pts of the first and the last point seen */
	int64_t release_us;       /* when it left, reckoned back from the first point; <= start_us */
	int64_t decided_us;       /* pts of the newest frame when it was decided */
	int width, height;        /* of the picture the path is in */
	int path_n;               /* <= ANALYSE_PATH_MAX */
	const struct path_point *path;
	/* Least squares over the path, t in seconds from start_us:
	 * x = fit_x[0] + fit_x[1] t + fit_x[2] t^2, same for y; pixels. */
	double fit_x[3], fit_y[3];
	double fit_rms;                   /* pixels */
	double gravity, gravity_sigma;    /* m/s2 downwards on the facade; 0, 0 without calibration */
	double release_m;                 /* height above ground where it left; 0 without calibration */
	int floor, floor_low, floor_high; /* 1 = ground floor; 0 = not known (no calibration) */
	double score;                     /* log-likelihood ratio of the chain against clutter */
	double occupancy;                 /* points over frames between start and end, 0..1 */
	double confidence;                /* 0..1, for ordering and display only */
	int paths;                        /* merged into this one: reflections, pieces; >= 1 */
};
typedef void incident_fn(void *to, const struct incident *i);

/* Why a frame was not analysed. */
enum skip {
	SKIP_DUPLICATE, /* same picture again */
	SKIP_SIZE,      /* below 64x64 or above the frame limits */
	SKIP_TIME,      /* pts not after the last one; a step of more than a second starts afresh */
	SKIP_CHANGE,    /* most of the picture changed (light, camera turned, covered) */
	SKIP_N
};

/* Counters since analyser_new; they never go back. */
struct analyser_stats {
	int64_t frames; /* given */
	int64_t analysed;
	int64_t skipped[SKIP_N];
	int64_t resets;          /* learned state thrown away: new size, jump of the clock */
	int64_t blobs, overfull; /* blobs kept in all; frames with more than the limit */
	int64_t paths;           /* hypotheses that ended and were judged */
	int64_t incidents;       /* handed out */
	int64_t held_back;       /* by storm control */
	double shift_ms, blip_ms, blobs_ms, coarse_ms, tracks_ms; /* thread CPU time in all */
	/* Newest measured picture, for device health. */
	double shift_x, shift_y; /* pixels against ANALYSE_LAG frames before */
	double changed;          /* share of pixels above threshold, 0..1 */
};

struct analyser;
/* Never NULL.  RC_INVALID's cases are the calibration's and zones' own: they
 * are checked by calibration_solve and zone_check. */
struct analyser *analyser_new(const struct analyser_config *config);
void analyser_free(struct analyser *a); /* NULL allowed; gives all references back */

/* Takes over f's reference in every case and empties *f.  Calls 'found' for
 * each incident that this frame decided; a path is decided at most 0.8 s
 * after its last point. */
void analyser_feed(struct analyser *a, struct frame *f, incident_fn *found, void *to);
/* End of the stream or a break in it: judges what is still open, gives the
 * references back and forgets paths (not the learned thresholds). */
void analyser_flush(struct analyser *a, incident_fn *found, void *to);
const struct analyser_stats *analyser_stats(const struct analyser *a); /* lives as long as a */

const char *skip_word(enum skip s); /* "duplicate", "size", "time", "change" */
/* NULL when usable, else what is wrong: "corners", "outside", "crossing". */
const char *zone_check(const struct zone *z);

#endif
