/* facade.h - a random building, painted once as the camera sees it. */
#ifndef LENS_EVAL_FACADE_H
#define LENS_EVAL_FACADE_H

#include "lens/eval/camera.h"
#include "lens/eval/canvas.h"

enum { FACADE_PAD = 16, WINDOWS_MAX = 1024 }; /* the painting is larger by PAD on each side, for shake */

struct facade {
	struct canvas painting;
	int n;
	struct box windows[WINDOWS_MAX]; /* in the picture, those wholly in view */
};

void facade_paint(struct facade *f, const struct camera *c, struct random *r, bool night);
void facade_free(struct facade *f);

#endif
