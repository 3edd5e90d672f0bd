#include "lens/clock.h"

#include <math.h>
#include <stdlib.h>

enum { DIFFERENT = 10, SAME_PIXELS = 4, SETTLED = 12 };
#define STEP_RATE     0.05
#define REPEAT_RATE   0.03
#define REPEATS_OFTEN 0.12
#define PULL          0.08 /* of the grid towards the stamps */
#define FIRST_STEP    40000.0

/* Counts in bytes so that the compiler can use wide registers. */
static int row_differs(const uint8_t *a, const uint8_t *b, int width)
{
	int n = 0;

	for (int x0 = 0; x0 < width; x0 += 128) {
		int x1 = x0 + 128 < width ? x0 + 128 : width;
		uint8_t part = 0;

		for (int x = x0; x < x1; x++) {
			uint8_t high = a[x] > b[x] ? a[x] : b[x], low = a[x] > b[x] ? b[x] : a[x];

			part = (uint8_t)(part + ((uint8_t)(high - low) > DIFFERENT));
		}
		n += part;
	}
	return n;
}

bool clock_repeats(const struct frame *a, const struct frame *b)
{
	int n = 0;

	/* Every row counts, but rows far apart first: a new picture is told within a few. */
	for (int start = 0; start < 16; start++)
		for (int y = start * 7 % 16; y < a->height; y += 16) {
			n += row_differs(a->luma + y * a->stride, b->luma + y * b->stride, a->width);
			if (n >= SAME_PIXELS)
				return false;
		}
	return true;
}

bool clock_skip(struct frame_clock *c, int64_t pts_us)
{
	c->newest = pts_us;
	if (c->run <= CLOCK_REPEATS_MOST)
		c->run++;
	return c->run <= CLOCK_REPEATS_MOST;
}

int64_t clock_take(struct frame_clock *c, int64_t pts_us, bool fresh)
{
	int64_t gap = pts_us - c->last_in, out = pts_us;

	if (c->seen == 0)
		c->step_us = FIRST_STEP;
	for (int i = 0; i < c->run && c->run <= CLOCK_REPEATS_MOST; i++)
		c->repeats += REPEAT_RATE * (1 - c->repeats);
	c->repeats -= REPEAT_RATE * c->repeats;
	if (c->seen > 0 && gap > 0 && gap < 500 * MILLI) {
		double rate = 1.0 / (c->seen < 20 ? c->seen : 20);

		c->step_us += (rate > STEP_RATE ? rate : STEP_RATE) * ((double)gap - c->step_us);
		if (c->repeats > REPEATS_OFTEN && c->seen > SETTLED) {
			double grid = (double)c->last_out + c->step_us, off = (double)pts_us - grid;

			if (fabs(off) < 0.7 * c->step_us)
				out = (int64_t)(grid + PULL * off);
			if (out <= c->last_out)
				out = c->last_out + 1;
		}
	}
	c->seen++;
	if (fresh)
		c->run = 0;
	c->last_in = c->newest = pts_us;
	c->last_out = out;
	return out;
}

double clock_step_s(const struct frame_clock *c)
{
	return (c->seen > 1 ? c->step_us : FIRST_STEP) / SECOND;
}
