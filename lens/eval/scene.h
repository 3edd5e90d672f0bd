/* scene.h - a clip of a facade: every picture and what is true in it.
 *
 * The same options give the same bytes on every machine with the same libm.
 */
#ifndef LENS_EVAL_SCENE_H
#define LENS_EVAL_SCENE_H

#include "lens/eval/truth.h"

struct scene_options {
	const char *level; /* "L0" to "L4", "N1" */
	int64_t seed;
	double secs;
	int width, height; /* 0: 1920 x 1080 */
	double fps;        /* of the camera's pictures; 0: 25 */
	double shown_fps;  /* of the stream: pictures are repeated to reach it; 0: the same */
	int objects;       /* thrown */
	double jitter_px;  /* of the drawn calibration */
};

struct scene;
/* RC_INVALID: no such level, or an absurd size. */
enum rc scene_new(const struct scene_options *o, struct scene **ret) MUST_USE;
void scene_free(struct scene *s);
int scene_frames(const struct scene *s); /* of the stream */
/* The next picture into luma (height rows of width), in order from 0. */
void scene_paint(struct scene *s, uint8_t *luma);
/* Constant chroma planes of a quarter of the size each, for encoders. */
void scene_chroma(const struct scene *s, uint8_t *u, uint8_t *v);
/* After the last picture; everything in the arena. */
void scene_truth(const struct scene *s, struct arena *a, struct truth *ret);

#endif
