/* paint.h - small luma pictures for tests: ground, noise, boxes, light. */
#ifndef PAINT_H
#define PAINT_H

#include "lens/frame.h"

struct paint {
	int width, height;
	uint8_t *luma;
	uint32_t dice;
};
struct paint paint_new(int width, int height, uint32_t seed);
void paint_free(struct paint *p);
uint32_t paint_dice(struct paint *p, uint32_t below);
/* Rough ground that is the same for the same seed, whatever was drawn before. */
void paint_ground(struct paint *p, uint32_t seed, int mean, int rough);
/* A thing with a pattern of its own. */
void paint_box(struct paint *p, int x, int y, int w, int h, int mean, uint32_t seed);
/* v' = v * gain + offset, clipped. */
void paint_light(struct paint *p, double gain, int offset);
/* Darker on one side of the slanted line through (x, 0). */
void paint_shadow(struct paint *p, int x, double gain);
void paint_noise(struct paint *p, int amount);
struct frame paint_frame(const struct paint *p, int64_t pts_us, bool key);

#endif
