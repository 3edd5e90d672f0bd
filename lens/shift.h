/* shift.h - how far the whole picture moved between two frames (wind on the
 * pole, a lorry passing).
 *
 * One translation for the picture by least squares on the brightness
 * constancy equation (Lucas and Kanade, 1981) over a sparse grid; pixels that
 * changed by more than SHIFT_CLIP are taken for moving things and left out.
 * Repeated from the whole-pixel estimate until it stands still, so that a few
 * pixels are followed too.  Integer sums: the same on every machine.
 */
#ifndef LENS_SHIFT_H
#define LENS_SHIFT_H

#include "lens/frame.h"

/* Larger shifts are reported as SHIFT_MAX and are not made good. */
enum { SHIFT_CLIP = 40, SHIFT_MAX = 6 };

struct shift {
	double x, y; /* pixels: to(px + x, py + y) looks like from(px, py) */
};

/* Both of the same size, at least 64 x 64. */
struct shift shift_measure(const struct frame *from, const struct frame *to);

#endif
