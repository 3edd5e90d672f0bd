/* lane_look.c - has a tile changed, and is it more than the light? */
#include "lens/lane_inner.h"

#include <math.h>
#include <string.h>

static const double ALIKE_LONG = 0.6, ALIKE_SHORT = 0.8, TEXTURE = 3.0, STRONG = 6.0;

static void read_tile(const struct frame *f, int tx, int ty, uint8_t *out)
{
	for (int y = 0; y < TILE; y++) {
		const uint8_t *p = f->luma + (ty * STEP + 2 * y) * f->stride + tx * STEP, *q = p + f->stride;

		for (int x = 0; x < TILE; x++)
			out[y * TILE + x] = (uint8_t)((p[2 * x] + p[2 * x + 1] + q[2 * x] + q[2 * x + 1] + 2) >> 2);
	}
}

struct likeness {
	double r, spread_a, spread_b; /* correlation; standard deviations */
	double ratio;                 /* of mean brightness, b over a */
};

static struct likeness compare(const uint8_t *a, const uint8_t *b)
{
	int64_t sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;

	for (int i = 0; i < TILE_PIXELS; i++) {
		sa += a[i];
		sb += b[i];
		aa += a[i] * a[i];
		bb += b[i] * b[i];
		ab += a[i] * b[i];
	}
	double n = TILE_PIXELS, va = (double)aa / n - (double)(sa * sa) / n / n;
	double vb = (double)bb / n - (double)(sb * sb) / n / n, c = (double)ab / n - (double)sa * (double)sb / n / n;

	va = va > 0 ? va : 0;
	vb = vb > 0 ? vb : 0;
	return (struct likeness){ .r = c / sqrt((va + 0.5) * (vb + 0.5)),
				  .spread_a = sqrt(va),
				  .spread_b = sqrt(vb),
				  .ratio = ((double)sb + n) / ((double)sa + n) };
}

/* Two plain tiles are alike unless one is much brighter: noise does not
 * correlate, and light changes brightness of all tiles by one 'gain'. */
static bool differs(struct likeness l, double alike, double gain)
{
	bool a = l.spread_a >= TEXTURE, b = l.spread_b >= TEXTURE;
	double step = l.ratio / gain;

	if (!a && !b)
		return step > 1.35 || step < 0.45;
	if (a && b)
		return l.r < alike;
	/* Texture came or went.  Half-lost texture is dusk; a strong one is a thing. */
	return (a ? l.spread_a : l.spread_b) >= STRONG && l.r < alike;
}

/* The edge of a shadow changes a tile by a factor that grows evenly across it:
 * now = past * (a + b x + c y).  A thing's edge is a step, which such a plane
 * explains by three quarters at most, and its own pattern not at all. */
static bool is_shade(const uint8_t *past, const uint8_t *now, double gain)
{
	double m[3][4] = { { 0 } }, sum = 0, square = 0, left = 0;

	for (int i = 0; i < TILE_PIXELS; i++) {
		int x = i % TILE, y = i / TILE;
		double p = past[i], v[3] = { p, p * (x - 3.5) / 3.5, p * (y - 3.5) / 3.5 };

		for (int r = 0; r < 3; r++) {
			for (int c = 0; c < 3; c++)
				m[r][c] += v[r] * v[c];
			m[r][3] += v[r] * now[i];
		}
		sum += now[i];
		square += (double)now[i] * now[i];
	}
	for (int r = 0; r < 3; r++) { /* positive definite but for black tiles: no pivots needed */
		if (m[r][r] < 1e-6)
			return false;
		for (int k = 0; k < 3; k++) {
			double f = k == r ? 0 : m[k][r] / m[r][r];

			for (int c = r; c < 4; c++)
				m[k][c] -= f * m[r][c];
		}
	}
	double a = m[0][3] / m[0][0], b = m[1][3] / m[1][1], c = m[2][3] / m[2][2];
	double darkest = (a - fabs(b) - fabs(c)) / gain, lightest = (a + fabs(b) + fabs(c)) / gain;

	for (int i = 0; i < TILE_PIXELS; i++) {
		int x = i % TILE, y = i / TILE;
		double e = now[i] - past[i] * (a + b * (x - 3.5) / 3.5 + c * (y - 3.5) / 3.5);

		left += e * e;
	}
	return darkest > 0.25 && lightest < 1.3 && left < 0.14 * (square - sum * sum / TILE_PIXELS + TILE_PIXELS);
}

/* The middle of the brightness ratios, against the long picture or the short
 * one: what the light did. */
static double light_of(const struct tiles *g, const struct frame *f, bool lately)
{
	unsigned histogram[64] = { 0 }, n = 0, sum = 0;
	uint8_t now[TILE_PIXELS];

	for (int i = 0; i < g->nx * g->ny; i++) {
		const struct tile *t = &g->t[i];

		if (!t->inside || !(lately ? g->begun : t->learned))
			continue;
		read_tile(f, g->x0 + i % g->nx, g->y0 + i / g->nx, now);
		double k = 32 + 8 * log2(compare(lately ? t->lately : t->past, now).ratio);

		histogram[k < 0 ? 0 : k > 63 ? 63 : (int)k]++;
		n++;
	}
	for (unsigned k = 0; k < 64; k++) {
		sum += histogram[k];
		if (n && 2 * sum >= n)
			return exp2(((double)k + 0.5 - 32) / 8);
	}
	return 1;
}

static void blend(uint8_t *into, const uint8_t *now, int share)
{
	for (int i = 0; i < TILE_PIXELS; i++)
		into[i] = (uint8_t)(into[i] + (now[i] - into[i]) / share);
}

/* What the light did since the long and since the short picture. */
struct light {
	bool begun;
	double gain, lately;
};

/* A tile is learned when nothing moved in it for LANE_STILL: whoever walked
 * there at first is not taken for the ground. */
static void look_at(struct tile *t, const uint8_t *now, int64_t at, const struct light *light)
{
	bool moved = !light->begun || differs(compare(t->lately, now), ALIKE_SHORT, light->lately);

	if (moved) {
		t->still_since = at;
		memcpy(t->lately, now, TILE_PIXELS);
	} else {
		blend(t->lately, now, 3);
	}
	if (!t->learned) {
		t->learned = at - t->still_since >= LANE_STILL;
		memcpy(t->past, t->lately, TILE_PIXELS);
		return;
	}
	bool other = differs(compare(t->past, now), ALIKE_LONG, light->gain) && !is_shade(t->past, now, light->gain);

	if (other && !t->differs && !t->stands)
		t->still_since = at; /* what came slowly came now */
	t->differs = other;
	if (!t->differs && !moved)
		blend(t->past, now, 16);
}

static void stands(struct tile *t, int64_t at)
{
	if (t->differs && at - t->still_since >= LANE_STILL) {
		if (!t->stands)
			t->came_at = t->still_since;
		t->stands = true;
		t->seen_at = at;
	} else if (t->stands) {
		/* Still: the free ground is in sight again.  Moving: somebody is in front. */
		bool in_sight = !t->differs;

		if (at - t->seen_at > (in_sight ? 0 : LANE_HIDDEN))
			t->stands = false;
	}
}

/* Most of the whole picture changed since the last look. */
static bool upheaval(struct tiles *g, const struct frame *f)
{
	int changed = 0;
	uint8_t now[TILE_PIXELS];

	for (int i = 0; i < PROBES_X * PROBES_Y; i++) {
		read_tile(f, i % PROBES_X * (f->width / STEP) / PROBES_X, i / PROBES_X * (f->height / STEP) / PROBES_Y,
			  now);
		struct likeness l = compare(g->probes[i], now);

		changed += differs(l, ALIKE_LONG, l.ratio) || l.ratio > 2 || l.ratio < 0.5;
		memcpy(g->probes[i], now, TILE_PIXELS);
	}
	return changed * 10 > PROBES_X * PROBES_Y * 6;
}

void tiles_look(struct tiles *g, const struct frame *f)
{
	bool anew = upheaval(g, f) && g->begun;
	struct light light = { g->begun, light_of(g, f, false), light_of(g, f, true) };
	uint8_t now[TILE_PIXELS];

	light.gain = anew ? 1 : light.gain;
	for (int i = 0; i < g->nx * g->ny; i++) {
		struct tile *t = &g->t[i];

		if (!t->inside)
			continue;
		read_tile(f, g->x0 + i % g->nx, g->y0 + i / g->nx, now);
		if (anew && !t->stands)
			t->learned = t->differs = false;
		look_at(t, now, f->pts_us, &light);
		stands(t, f->pts_us);
	}
	g->begun = true;
}
