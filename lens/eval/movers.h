/* movers.h - single things that move: what is thrown, and what only looks
 * like it. */
#ifndef LENS_EVAL_MOVERS_H
#define LENS_EVAL_MOVERS_H

#include "lens/eval/camera.h"
#include "lens/eval/canvas.h"
#include "lens/eval/level.h"

enum mover_kind { MOVER_THROWN, MOVER_BIRD, MOVER_DIVE, MOVER_INSECT, MOVER_LEAF };
enum { PATH_STEPS = 3200, INSECT_STEPS = 128 };

struct mover {
	enum mover_kind kind;
	double from_s, length_s;
	double size_px, contrast;
	/* thrown: places in space every path_step_s */
	int floor, n;
	double path_step_s, size_m, ratio, spin, terminal;
	float (*path)[3];
	/* birds, leaves: start, speed and swing in pixels */
	double x, y, vx, vy, swing, swing_hz;
	/* insects: a wandering walk, one place per frame */
	float (*walk)[2];
};

/* A throw counts when it starts in the upper half of the picture and at least
 * 8 m of its fall are in view; false: this camera has no place for one. */
bool mover_throw(struct mover *m, const struct camera *c, const struct level *l, struct random *r, double size_px,
		 double fps);
void mover_random(struct mover *m, enum mover_kind kind, const struct camera *c, struct random *r, double secs,
		  double fps);
void mover_free(struct mover *m);
/* Where it is; false: not there (yet, any more, out of the picture). */
bool mover_at(const struct mover *m, const struct camera *c, double t, double fps, struct spot *at, double *size_px);
/* Shape at a time. */
struct ellipse mover_shape(const struct mover *m, double t, double size_px);
const char *mover_word(enum mover_kind kind);

#endif
