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
/* Metres above ground; calibrated views only. */
double view_height(const struct view *v, double x, double y);

#endif
