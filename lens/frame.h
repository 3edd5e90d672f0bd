/* frame.h - one decoded picture: luma only, borrowed from whoever decoded it.
 *
 * The analyser keeps the last few frames by reference, without a copy: 'ref'
 * is the decoder's own handle and 'release' gives it back.  A frame without
 * 'release' is memory of the caller that lives as long as the analyser may use
 * it (tests).  Bytes between the rows (stride > width) may be read but never
 * matter; nothing before the first or after the last pixel is.
 */
#ifndef LENS_FRAME_H
#define LENS_FRAME_H

#include "base/base.h"

/* 8K and a little; larger pictures are refused. */
enum { FRAME_MAX_WIDTH = 8192, FRAME_MAX_HEIGHT = 8192 };

struct frame {
	const uint8_t *luma; /* full or limited range, as the stream has it */
	ptrdiff_t stride;    /* bytes from row to row, >= width */
	int width, height;   /* pixels */
	int64_t pts_us;      /* presentation time; only differences matter */
	bool key;            /* decodable by itself */
	void *ref;
	void (*release)(void *ref); /* NULL: nothing to give back */
};

/* Gives the reference back and empties *f; an empty frame is left alone. */
static inline void frame_release(struct frame *f)
{
	if (f->release)
		f->release(f->ref);
	*f = (struct frame){ 0 };
}

#endif
