/* threshold.h - what is learned about the picture: how restless each pixel
 * and each tile of 32 x 32 is.
 *
 * Per pixel the noise height n of blip.h, kept by blip itself.  Per tile a
 * constant false alarm rate: 'busy' is the share of frames (EMA, about 70
 * frames) in which the tile had more than TILE_HITS set pixels, and
 *     gamma = 4 + 70 * max(0, busy - 0.10), at most 60.
 * Laundry, foliage and rain raise their own tiles and nobody else's.
 */
#ifndef LENS_THRESHOLD_H
#define LENS_THRESHOLD_H

#include "lens/frame.h"

struct threshold {
	int words, height;    /* of the masks: 32 pixels a word */
	int tiles_x, tiles_y; /* tiles_x == words */
	uint8_t *noise;       /* words * 32 bytes for every two rows: memory traffic is what it costs */
	uint8_t *gamma;       /* per tile */
	float *busy;          /* per tile, 0..1 */
	bool *rows;           /* set by whoever makes the mask: the row has set pixels */
};

/* The noise of a row, and whether the row is the one to learn from in this
 * frame: every row in turn, once in sixteen frames. */
static inline uint8_t *threshold_noise(const struct threshold *t, int y)
{
	return t->noise + (size_t)(y / 2) * (size_t)t->words * 32;
}
static inline bool threshold_learns(int y, int frame)
{
	return y % 16 == frame % 16;
}
/* Starts out careful (busy 0.4) and calms down within seconds. */
void threshold_init(struct threshold *t, int width, int height);
void threshold_done(struct threshold *t);
/* After each frame; the share of set pixels, 0..1. */
double threshold_update(struct threshold *t, const uint32_t *mask);

#endif
