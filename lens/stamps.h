/* stamps.h - what time is it in the picture?
 *
 * A camera's stamps only say how far pictures lie apart.  Wall time comes from
 * when they arrive: the least delay seen lately is the camera's zero, so that
 * a burst after a stall keeps its true times.  A step of the camera's clock is
 * recognised and starts a new zero.  Pure; microseconds.
 */
#ifndef LENS_STAMPS_H
#define LENS_STAMPS_H

#include "base/base.h"

enum stamp_word {
	STAMP_FINE,
	STAMP_BACK, /* not after the one before, but near it: drop this picture */
	STAMP_JUMP, /* the camera's clock jumped: continue, but what was learned about time is gone */
};

struct stamps {
	bool live; /* a recording's wall time is its start plus its stamps */
	bool begun;
	int64_t start; /* recording: wall time of stamp 0 */
	int64_t last, last_now;
	int64_t zero; /* wall time of stamp 0 as estimated */
	int64_t jumps, backs;
};

/* 'start' 0: a live stream. */
void stamps_init(struct stamps *s, int64_t start);
/* A packet with stamp 'pts' came at 'now'; *wall is when its picture was taken. */
enum stamp_word stamps_note(struct stamps *s, int64_t pts, int64_t now, int64_t *wall);

#endif
