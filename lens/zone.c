#include "lens/zone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double side(const struct corner *a, const struct corner *b, const struct corner *p)
{
	return ((double)b->x - a->x) * ((double)p->y - a->y) - ((double)b->y - a->y) * ((double)p->x - a->x);
}

static bool cross(const struct corner *a, const struct corner *b, const struct corner *c, const struct corner *d)
{
	return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

const char *zone_check(const struct zone *z)
{
	if (z->n < 3 || z->n > ANALYSE_CORNERS_MAX)
		return "corners";
	for (int i = 0; i < z->n; i++)
		if (!(z->corners[i].x >= 0 && z->corners[i].x <= 1 && z->corners[i].y >= 0 && z->corners[i].y <= 1))
			return "outside";
	for (int i = 0; i < z->n; i++)
		for (int k = i + 1; k < z->n; k++)
			if (cross(&z->corners[i], &z->corners[(i + 1) % z->n], &z->corners[k],
				  &z->corners[(k + 1) % z->n]))
				return "crossing";
	return NULL;
}

/* Where the polygon's sides cross a row, left to right. */
static int crossings(const struct zone *z, int width, int height, int row, double *x)
{
	double y = (row + 0.5) / height;
	int n = 0;

	for (int i = 0; i < z->n; i++) {
		const struct corner *a = &z->corners[i], *b = &z->corners[(i + 1) % z->n];
		double at;
		int k;

		if ((a->y <= y) == (b->y <= y))
			continue;
		at = width * (a->x + (y - a->y) / ((double)b->y - a->y) * ((double)b->x - a->x));
		for (k = n++; k > 0 && x[k - 1] > at; k--)
			x[k] = x[k - 1];
		x[k] = at;
	}
	return n;
}

static void fill(uint32_t *mask, int words, int width, int height, const struct zone *z, bool set)
{
	double x[ANALYSE_CORNERS_MAX];

	for (int row = 0; row < height; row++) {
		uint32_t *m = mask + (size_t)row * (size_t)words;
		int n = crossings(z, width, height, row, x);

		for (int i = 0; i + 1 < n; i += 2)
			for (int p = (int)fmax(0, ceil(x[i] - 0.5)); p < width && p + 0.5 < x[i + 1]; p++) {
				if (set)
					m[p / 32] |= 1U << p % 32;
				else
					m[p / 32] &= ~(1U << p % 32);
			}
	}
}

uint32_t *zone_mask(const struct zone *zones, int n, int width, int height)
{
	int words = (width + 31) / 32, inside = 0;
	size_t size = (size_t)words * (size_t)height * sizeof(uint32_t);
	uint32_t *mask;

	if (n == 0)
		return NULL;
	mask = mem_new(size);
	for (int i = 0; i < n; i++)
		inside += !zones[i].ignore;
	if (inside == 0)
		memset(mask, 0xff, size);
	for (int i = 0; i < n; i++)
		if (!zones[i].ignore)
			fill(mask, words, width, height, &zones[i], true);
	for (int i = 0; i < n; i++)
		if (zones[i].ignore)
			fill(mask, words, width, height, &zones[i], false);
	return mask;
}

void zone_apply(const uint32_t *zone_mask, uint32_t *mask, size_t words)
{
	if (!zone_mask)
		return;
	for (size_t i = 0; i < words; i++)
		mask[i] &= zone_mask[i];
}
