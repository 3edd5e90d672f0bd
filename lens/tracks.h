/* tracks.h - chains of blobs that may be one falling thing.
 *
 * Many hypotheses live side by side; each is a chain with a fitted motion
 * (y a parabola whose acceleration is first expected, then measured; x a
 * line) and a score, the log-likelihood ratio of its points against clutter:
 * a chain through rain is worth less than one over a bare wall.
 */
#ifndef LENS_TRACKS_H
#define LENS_TRACKS_H

#include "lens/analyse.h"
#include "lens/blobs.h"
#include "lens/view.h"

enum { TRACKS_MAX = 1000 };

struct track_point {
	int64_t pts_us;
	int frame; /* number of the analysed frame */
	float x, y, w, h;
	float weight;
	int area;
	int blob; /* index among that frame's blobs */
};

struct track {
	int n, misses;
	struct track_point points[ANALYSE_PATH_MAX];
	double score;
	double fit_x[3], fit_y[3]; /* t in seconds from the last point */
	double rms;                /* pixels, both axes */
	bool dead;
	bool merged; /* the other one of two that share their last points goes on */
};

/* Called for each chain that ended; t is valid during the call. */
typedef void track_ended_fn(void *to, const struct track *t);

struct tracks;
struct tracks *tracks_new(const struct view *v); /* v is kept and must outlive it */
void tracks_free(struct tracks *t);
/* The blobs of one frame, top to bottom; their clutter is filled in. */
void tracks_step(struct tracks *t, int64_t pts_us, struct blob *blobs, int n, track_ended_fn *ended, void *to);
/* All that live. */
void tracks_each(const struct tracks *t, track_ended_fn *each, void *to);
/* Ends all. */
void tracks_flush(struct tracks *t, track_ended_fn *ended, void *to);

#endif
