#include "lens/shift.h"

#include <math.h>

#include "lens/wide.h"

enum { ROW_STEP = 32, COLUMN_STEP = 64, RUN = 16, EDGE = 16, ROUNDS = 3 };

/* Normal equations: sums of products of gradient and difference. */
struct sums {
	double xx, yy, xy, xt, yt;
};

WIDE static void add_row(const uint8_t *from, const uint8_t *to, ptrdiff_t stride, int width, struct sums *s)
{
	int xx = 0, yy = 0, xy = 0, xt = 0, yt = 0;

	for (int x0 = EDGE; x0 + RUN <= width - EDGE; x0 += COLUMN_STEP)
		for (int x = x0; x < x0 + RUN; x++) {
			int t = from[x] - to[x];
			int use = (t < SHIFT_CLIP) & (t > -SHIFT_CLIP);
			int gx = (to[x + 1] - to[x - 1]) * use;
			int gy = (to[x + stride] - to[x - stride]) * use;

			xx += gx * gx;
			yy += gy * gy;
			xy += gx * gy;
			xt += gx * t;
			yt += gy * t;
		}
	s->xx += xx;
	s->yy += yy;
	s->xy += xy;
	s->xt += xt;
	s->yt += yt;
}

/* What is left to move when 'to' is read (ox, oy) further on. */
static struct shift rest(const struct frame *from, const struct frame *to, int ox, int oy)
{
	struct sums s = { 0 };
	double det;

	for (int y = EDGE; y < from->height - EDGE; y += ROW_STEP)
		add_row(from->luma + y * from->stride, to->luma + (y + oy) * to->stride + ox, to->stride, from->width,
			&s);
	det = s.xx * s.yy - s.xy * s.xy;
	if (det <= 1e-6 * s.xx * s.yy || det < 1) /* a blank wall: nothing to hold on to */
		return (struct shift){ 0, 0 };
	/* Gradients are differences over two pixels, hence the factor. */
	return (struct shift){ 2 * (s.yy * s.xt - s.xy * s.yt) / det, 2 * (s.xx * s.yt - s.xy * s.xt) / det };
}

static double clamp(double v)
{
	return v > SHIFT_MAX ? SHIFT_MAX : v < -SHIFT_MAX ? -SHIFT_MAX : v;
}

struct shift shift_measure(const struct frame *from, const struct frame *to)
{
	struct shift s = { 0, 0 };
	int ox = 0, oy = 0;

	for (int i = 0; i < ROUNDS; i++) {
		struct shift r = rest(from, to, ox, oy);
		int nx, ny;

		s.x = clamp(ox + r.x);
		s.y = clamp(oy + r.y);
		nx = (int)lrint(s.x);
		ny = (int)lrint(s.y);
		if (nx == ox && ny == oy)
			break;
		ox = nx;
		oy = ny;
	}
	return s;
}
