/* canvas.h - the picture being painted: luma in 1/32 grey levels. */
#ifndef LENS_EVAL_CANVAS_H
#define LENS_EVAL_CANVAS_H

#include "base/base.h"
#include "lens/eval/random.h"

enum { GREY = 32 };

struct canvas {
	int width, height;
	int16_t *p; /* height rows of width */
};

struct canvas canvas_new(int width, int height);
void canvas_free(struct canvas *c);

/* Smooth random ground: bumps of 'size' pixels, standard deviation sigma, added. */
void canvas_cloud(struct canvas *c, struct random *r, double size, double sigma);
void canvas_fill(struct canvas *c, int x, int y, int w, int h, double grey);
void canvas_add(struct canvas *c, int x, int y, int w, int h, double grey);
/* The picture moved by a part of a pixel: out(x, y) = from(x + fx, y + fy). */
void canvas_shifted(struct canvas *out, const struct canvas *from, double fx, double fy);
/* Value between pixels, clamped at the border; x and y in 1/256 pixel. */
int canvas_at(const struct canvas *c, int x256, int y256);

struct box {
	int x0, y0, x1, y1; /* x1, y1 are outside */
};
struct spot {
	double x, y;
};
/* A soft ellipse that moved through 'at' while the shutter was open: pulls the
 * picture towards its mean under the ellipse plus 'contrast'.  Angle in
 * radians.  The box where it covers more than 15 %; false: nothing drawn. */
struct ellipse {
	double length, ratio, angle, contrast;
};
bool canvas_ellipse(struct canvas *c, const struct spot *at, int n, const struct ellipse *e, struct box *box);
void canvas_line(struct canvas *c, double x0, double y0, double x1, double y1, double grey); /* one pixel, added */
/* gain, noise (same size or larger, rows of 'noise_stride'), rounding. */
void canvas_develop(const struct canvas *c, double gain, const int16_t *noise, int noise_stride, uint8_t *luma);

#endif
