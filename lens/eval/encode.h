/* encode.h - pictures into a file through the ffmpeg command. */
#ifndef LENS_EVAL_ENCODE_H
#define LENS_EVAL_ENCODE_H

#include "lens/eval/scene.h"

struct encode_options {
	const char *codec;  /* "h264" or "h265" */
	const char *rate;   /* "4M" */
	const char *preset; /* NULL: "veryfast" */
	int gop;            /* pictures from key frame to key frame; 0: 50 */
};

/* Paints the whole scene into a file (the name's ending chooses the
 * container).  RC_MISSING: no ffmpeg; RC_BUSY: it failed. */
enum rc encode_scene(struct scene *s, const struct scene_options *o, const struct encode_options *e,
		     const char *path) MUST_USE;

#endif
