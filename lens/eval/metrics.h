/* metrics.h - what was found against what was true.
 *
 * An event belongs to a throw when at least four and at least half of its
 * points lie within max(14 px, 1.5 sizes) of the thing's centre in the same
 * picture or the one before or after.  TRO, the time-range overlap, is
 * intersection over union of the times; a miss counts 0 (as in the FADE data
 * set).  Bounds of rates are exact 95 % Poisson bounds (Garwood, 1936).
 */
#ifndef LENS_EVAL_METRICS_H
#define LENS_EVAL_METRICS_H

#include "lens/analyse.h"
#include "lens/eval/truth.h"

enum { METRICS_BINS = 3, METRICS_CAUSES = 9, METRICS_LATENCIES = 20000 };

struct event_point {
	double t; /* seconds from the clip's start */
	float x, y;
};

struct event {
	double start_s, end_s; /* start: the reckoned release */
	double latency_s;      /* decided after the last point; < 0: not known */
	int floor;
	double gravity;
	int n;
	struct event_point points[ANALYSE_PATH_MAX];
};

struct share {
	int of, n;
};

struct metrics {
	struct share found, by_size[METRICS_BINS], by_contrast[METRICS_BINS], by_speed[METRICS_BINS];
	struct share floor_exact, floor_near;
	int clips, twice; /* twice: further events of a throw already found */
	int false_n, false_by[METRICS_CAUSES];
	int dives, dives_taken; /* diving birds; those that gave an event */
	double seconds, tro_sum;
	int latencies_n;
	float latencies[METRICS_LATENCIES];
};

extern const char *const metrics_cause[METRICS_CAUSES];
extern const char *const metrics_size[METRICS_BINS], *const metrics_contrast[METRICS_BINS],
							     *const metrics_speed[METRICS_BINS];

/* 'say' (NULL: nobody) hears of every throw missed and every false event. */
typedef void metrics_say_fn(void *to, const char *line);
void metrics_add(struct metrics *m, const struct truth *t, const struct event *events, int n, metrics_say_fn *say,
		 void *to);
double metrics_latency(struct metrics *m, double quantile); /* 0..1; sorts */
/* Bounds of the mean of a Poisson count. */
void poisson_bounds(int n, double *low, double *high);

#endif
