#include "paint.h"

#include <stdlib.h>

struct paint paint_new(int width, int height, uint32_t seed)
{
	return (struct paint){ width, height, mem_new((size_t)(width * height)), seed * 2654435761U + 1 };
}

void paint_free(struct paint *p)
{
	free(p->luma);
}

static uint32_t next(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

uint32_t paint_dice(struct paint *p, uint32_t below)
{
	return next(&p->dice) % below;
}

static uint8_t clip(double v)
{
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

/* The same number for the same place: a lattice, read between its points. */
static double lattice(uint32_t seed, int x, int y)
{
	uint32_t h = seed ^ (uint32_t)x * 374761393U ^ (uint32_t)y * 668265263U;

	h = (h ^ h >> 13) * 1274126177U;
	return (double)((h ^ h >> 16) & 0xffff) / 65535 - 0.5;
}

static double rough_at(uint32_t seed, int x, int y, int cell)
{
	int cx = x / cell, cy = y / cell;
	double fx = (double)(x % cell) / cell, fy = (double)(y % cell) / cell;
	double top = lattice(seed, cx, cy) * (1 - fx) + lattice(seed, cx + 1, cy) * fx;
	double low = lattice(seed, cx, cy + 1) * (1 - fx) + lattice(seed, cx + 1, cy + 1) * fx;

	return top * (1 - fy) + low * fy;
}

void paint_ground(struct paint *p, uint32_t seed, int mean, int rough)
{
	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++)
			p->luma[y * p->width + x] =
				clip(mean + rough * rough_at(seed, x, y, 5) + rough * rough_at(seed + 7, x, y, 23));
}

void paint_box(struct paint *p, int x0, int y0, int w, int h, int mean, uint32_t seed)
{
	for (int y = y0 < 0 ? 0 : y0; y < y0 + h && y < p->height; y++)
		for (int x = x0 < 0 ? 0 : x0; x < x0 + w && x < p->width; x++) {
			bool rim = x < x0 + 3 || y < y0 + 3 || x >= x0 + w - 3 || y >= y0 + h - 3;

			p->luma[y * p->width + x] =
				clip(mean + (rim ? -40 : 60 * rough_at(seed, x - x0 + 64, y - y0 + 64, 9)));
		}
}

void paint_light(struct paint *p, double gain, int offset)
{
	for (int i = 0; i < p->width * p->height; i++)
		p->luma[i] = clip(p->luma[i] * gain + offset);
}

void paint_shadow(struct paint *p, int x0, double gain)
{
	for (int y = 0; y < p->height; y++)
		for (int x = 0; x < p->width; x++) {
			double in = (x0 - y / 3 - x) / 12.0; /* half a metre of half shade */
			double share = in < 0 ? 0 : in > 1 ? 1 : in;

			p->luma[y * p->width + x] = clip(p->luma[y * p->width + x] * (1 + share * (gain - 1)));
		}
}

/* One field of noise, read from another place each time. */
void paint_noise(struct paint *p, int amount)
{
	static int8_t field[1 << 16];
	static bool made;

	for (int i = 0; !made && i < (int)sizeof(field); i++) {
		uint32_t r = next(&p->dice);

		field[i] = (int8_t)((int)(r % 64 + (r >> 8) % 64 + (r >> 16) % 64) - 95); /* about normal, sigma 32 */
	}
	made = true;
	for (int y = 0; y < p->height; y++) {
		const int8_t *f = field + next(&p->dice) % (sizeof(field) - 8192);

		for (int x = 0; x < p->width; x++) {
			int v = p->luma[y * p->width + x] + f[x % 8192] * amount / 32;

			p->luma[y * p->width + x] = (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
		}
	}
}

struct frame paint_frame(const struct paint *p, int64_t pts_us, bool key)
{
	return (struct frame){ .luma = p->luma,
			       .stride = p->width,
			       .width = p->width,
			       .height = p->height,
			       .pts_us = pts_us,
			       .key = key };
}
