/* png.h - pictures for people to look at (PNG, W3C 2003; deflate's stored
 * blocks, so no library). */
#ifndef LENS_PNG_H
#define LENS_PNG_H

#include "lens/analyse.h"

/* An RGB picture of what the analyser saw. */
struct drawing {
	int width, height;
	uint8_t *rgb; /* height rows of width * 3; freed with free() */
};

/* Grey copy of a frame, halved until at most 'widest' wide. */
struct drawing drawing_of(const struct frame *f, int widest);
/* The path of an incident as boxes and a line, first point green, last red.
 * Scales from the incident's picture to the drawing. */
void drawing_path(struct drawing *d, const struct incident *i);
enum rc drawing_save(const struct drawing *d, const char *path) MUST_USE; /* RC_BUSY: not written */

#endif
