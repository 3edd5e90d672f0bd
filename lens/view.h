/* view.h - what a camera's pixels mean: size of the picture, its rate, and how
 * fast things fall in it. */
#ifndef LENS_VIEW_H
#define LENS_VIEW_H

#include "lens/calibration.h"

#define VIEW_GRAVITY 9.81 /* m/s2 */

struct view {
	int width, height; /* pixels */
	double scale;      /* height / 1080 */
	double frame_s;    /* time between frames */
	bool calibrated;
	struct calibration calibration; /* when calibrated */
};

/* Pixels per metre up and down the facade at a pixel.  Without calibration a
 * guess: 23 at 1080 rows (a facade 45 m away in a usual lens). */
double view_px_per_m(const struct view *v, double x, double y);
/* Pixels per metre from side to side: larger, where one looks up steeply. */
double view_px_per_m_across(const struct view *v, double x, double y);
/* Pixels that a vertical edge of the building moves to the right per pixel
 * down, there; 0 without calibration. */
double view_slant(const struct view *v, double x, double y);
/* Where the vertical through a pixel crosses a height: pixels from the left.
 * What falls straight down stays there.  x without calibration. */
double view_across(const struct view *v, double x, double y, double height_m);
/* Metres above ground; calibrated views only. */
double view_height(const struct view *v, double x, double y);

#endif
