/* lane_inner.h - tiles of a lane: what they look like and whether they changed. */
#ifndef LENS_LANE_INNER_H
#define LENS_LANE_INNER_H

#include "lens/lane.h"

enum { TILE = 8, STEP = 2 * TILE, TILE_PIXELS = TILE * TILE, TILES_MAX = 16384, PROBES_X = 24, PROBES_Y = 14 };

struct tile {
	bool inside;
	bool differs; /* from the long picture, now */
	bool stands;  /* counts */
	bool learned; /* 'past' is what it looks like when free */
	double m2;
	int64_t still_since; /* unchanged against the short picture since */
	int64_t seen_at;     /* last time it was seen standing */
	int64_t came_at;     /* when what stands there came */
	uint8_t past[TILE_PIXELS], lately[TILE_PIXELS];
};

/* Half-size tiles over the bounding box of the polygon. */
struct tiles {
	int width, height;  /* of the picture these were made for; 0: none yet */
	int x0, y0, nx, ny; /* in tiles */
	struct tile *t;     /* nx * ny */
	bool begun;         /* 'lately' and probes are there */
	/* Samples of the whole picture: a lamp or a knock changes most of them at
	 * once, a lorry only the lane. */
	uint8_t probes[PROBES_X * PROBES_Y][TILE_PIXELS];
};

/* RC_LIMIT: more than TILES_MAX.  Frees what was there. */
enum rc tiles_fit(struct tiles *g, const struct lane_config *c, int width, int height) MUST_USE;
void tiles_done(struct tiles *g);
/* Compares, updates the short picture and (where nothing differs) the long one.
 * When most of the whole picture changed at once, what stands is kept and the
 * rest is learned as it is now. */
void tiles_look(struct tiles *g, const struct frame *f);
void tiles_relearn(struct tiles *g);

/* Connected standing tiles (8 neighbours): the largest thing. */
struct thing {
	double m2;
	int64_t came_at;
	double x, y; /* fractions */
};
struct thing tiles_largest(const struct tiles *g, uint16_t *scratch);

#endif
