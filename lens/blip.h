/* blip.h - pixels that are brighter or darker than they were and will be.
 *
 * A frame c is compared with a, K frames before, and b, K frames after:
 *
 *     m = max( c - max3x3(a, b),  min3x3(a, b) - c ),  never below 0,
 *
 * so a pixel counts only when it stands out from its whole neighbourhood in
 * both.  Steps (a lamp switched on, digits of a clock, a key frame) differ
 * from one side only and give 0; edges that shake by a pixel give 0.
 *
 * A pixel is set when m > max(least, 1.5 n + gamma): n is learned per pixel
 * and its neighbour below (the height that m passes in a fifth of the frames), gamma per tile
 * (threshold.h).
 */
#ifndef LENS_BLIP_H
#define LENS_BLIP_H

#include "lens/frame.h"

enum { BLIP_MIN = 6, BLIP_MARGIN = 8, BLIP_TILE = 32 };

/* One row of the picture.  Rows are read up to 48 bytes past both ends, which
 * is inside the picture because BLIP_MARGIN rows lie above and below; what is
 * read there has no influence on pixels BLIP_MARGIN or more from the border. */
struct blip_row {
	const uint8_t *c, *a, *b; /* first pixel; a and b already moved by the shift */
	ptrdiff_t a_stride, b_stride;
	uint8_t *noise;       /* n per pixel, words * 32 bytes */
	const uint8_t *gamma; /* one per 32 pixels */
	uint32_t *mask;       /* out: bit i of word w is pixel 32 w + i */
	int least;            /* the lowest threshold, BLIP_MIN for single pixels */
	int words;            /* (width + 31) / 32 */
	bool learn;           /* move n by +4 or -1 */
};

/* Clears the bits of a row that are less than BLIP_MARGIN from its ends. */
void blip_trim(uint32_t *mask, int words, int width);

/* All words of the mask or'ed together. */
typedef uint32_t blip_fn(const struct blip_row *row);
uint32_t blip_row_scalar(const struct blip_row *row);
/* The fastest that this processor runs; all give the same bits. */
blip_fn *blip_best(void);

#endif
