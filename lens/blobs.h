/* blobs.h - connected patches of set pixels.
 *
 * Runs of set pixels joined by union-find, over gaps of at most two pixels in
 * a row and one empty row between.  A blob's weight is how far its pixels
 * stand out from both reference frames.
 */
#ifndef LENS_BLOBS_H
#define LENS_BLOBS_H

#include "lens/blip.h"
#include "lens/threshold.h"

enum { BLOBS_MAX = 500, BLOBS_RUNS_MAX = 40000 };

struct blob {
	float x, y;         /* weighted centre, pixels */
	int x0, y0, x1, y1; /* box, both ends in */
	int area;           /* set pixels */
	float weight;       /* sum over pixels, grey levels */
	int sign;           /* 1 brighter, -1 darker than before and after */
	float clutter;      /* blobs a frame in its cell of 32 x 32, learned (tracks.h) */
};

/* The three pictures that the mask came from; a and b moved by the shift. */
struct blobs_source {
	const uint32_t *mask;
	const uint8_t *c, *a, *b;
	ptrdiff_t c_stride, a_stride, b_stride;
	double scale; /* height / 1080: limits are given for 1080 rows */
};

struct blobs; /* work space of one camera */
struct blobs *blobs_new(void);
void blobs_free(struct blobs *b);
/* Up to BLOBS_MAX blobs, top to bottom by centre, into out.  With more than
 * that in the picture the calmest tiles come first and *overfull is set: no
 * frame is thrown away. */
int blobs_find(struct blobs *b, const struct blobs_source *s, const struct threshold *t, struct blob *out,
	       bool *overfull);

#endif
