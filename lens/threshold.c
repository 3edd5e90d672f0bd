#include "lens/threshold.h"

#include <stdlib.h>
#include <string.h>

#include "lens/blip.h"

enum { FIRST_NOISE = 5, TILE_HITS = 2, GAMMA_LEAST = 4, GAMMA_MOST = 60 };
#define FIRST_BUSY 0.4F
#define BUSY_RATE  0.015F
#define BUSY_FREE  0.10F
#define BUSY_SLOPE 70.0F

static uint8_t gamma_of(float busy)
{
	float g = GAMMA_LEAST + BUSY_SLOPE * (busy > BUSY_FREE ? busy - BUSY_FREE : 0.0F);

	return g > GAMMA_MOST ? (uint8_t)GAMMA_MOST : (uint8_t)g;
}

void threshold_init(struct threshold *t, int width, int height)
{
	size_t tiles,
		noise_size = (size_t)((width + BLIP_TILE - 1) / BLIP_TILE * BLIP_TILE) * (size_t)((height + 1) / 2);

	t->words = (width + BLIP_TILE - 1) / BLIP_TILE;
	t->height = height;
	t->tiles_x = t->words;
	t->tiles_y = (height + BLIP_TILE - 1) / BLIP_TILE;
	tiles = (size_t)t->tiles_x * (size_t)t->tiles_y;
	t->noise = mem_new(noise_size);
	memset(t->noise, FIRST_NOISE, noise_size);
	t->gamma = mem_new(tiles);
	t->busy = mem_new(tiles * sizeof *t->busy);
	t->rows = mem_new((size_t)height * sizeof *t->rows);
	for (size_t i = 0; i < tiles; i++) {
		t->busy[i] = FIRST_BUSY;
		t->gamma[i] = gamma_of(FIRST_BUSY);
	}
}

void threshold_done(struct threshold *t)
{
	free(t->noise);
	free(t->gamma);
	free(t->busy);
	free(t->rows);
	*t = (struct threshold){ 0 };
}

/* Set pixels per tile of one row of tiles. */
static void count_row(const struct threshold *t, const uint32_t *mask, int ty, int *hits)
{
	int y_end = (ty + 1) * BLIP_TILE < t->height ? (ty + 1) * BLIP_TILE : t->height;

	memset(hits, 0, (size_t)t->tiles_x * sizeof *hits);
	for (int y = ty * BLIP_TILE; y < y_end; y++) {
		const uint32_t *row = mask + (size_t)y * (size_t)t->words;

		for (int w = 0; t->rows[y] && w < t->words; w++)
			if (row[w])
				hits[w] += __builtin_popcount(row[w]);
	}
}

double threshold_update(struct threshold *t, const uint32_t *mask)
{
	int hits[FRAME_MAX_WIDTH / BLIP_TILE];
	int64_t set = 0;

	for (int ty = 0; ty < t->tiles_y; ty++) {
		count_row(t, mask, ty, hits);
		for (int tx = 0; tx < t->tiles_x; tx++) {
			float *busy = &t->busy[ty * t->tiles_x + tx];

			*busy += BUSY_RATE * ((hits[tx] > TILE_HITS ? 1.0F : 0.0F) - *busy);
			t->gamma[ty * t->tiles_x + tx] = gamma_of(*busy);
			set += hits[tx];
		}
	}
	return (double)set / ((double)t->words * BLIP_TILE * t->height);
}
