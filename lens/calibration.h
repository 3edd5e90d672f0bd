/* calibration.h - from pixels to metres on a facade.
 *
 * A person draws at least three floor lines (slab edges, whose height is
 * known) and two vertical edges on a still.  The facade is a plane, so height
 * above ground is a projective function of the pixel,
 *     h(x, y) = (a x + b y + c) / (d x + e y + f),
 * five unknowns, solved by least squares over the ends of the lines (direct
 * linear transform; Hartley and Zisserman, Multiple View Geometry, 2nd ed.,
 * 4.1) and refined on pixel distance.
 *
 * All input is in fractions of the picture (0..1 from the top left), so that
 * one calibration serves every resolution of the camera.  No heap.
 */
#ifndef LENS_CALIBRATION_H
#define LENS_CALIBRATION_H

#include "base/base.h"

enum { CALIBRATION_LINES_MAX = 64, CALIBRATION_EDGES_MAX = 8 };

struct calibration_line {
	double x1, y1, x2, y2;
	double height_m; /* above ground; of floor n's slab: (n - 1) * floor height */
};

struct calibration_input {
	int lines_n; /* 3..CALIBRATION_LINES_MAX, at least three heights */
	struct calibration_line lines[CALIBRATION_LINES_MAX];
	int edges_n; /* 0 or 2..CALIBRATION_EDGES_MAX vertical edges; height_m is not read */
	struct calibration_line edges[CALIBRATION_EDGES_MAX];
	double aspect;         /* width over height of the picture they were drawn on */
	double floor_height_m; /* 2..6 */
	int floors;            /* 1..200 */
};

struct calibration {
	double h[6]; /* height map, see above */
	double aspect;
	double residual; /* root mean square distance of the drawn ends from the fit, in picture heights */
	double floor_height_m;
	int floors;
	double up_x, up_y; /* where vertical edges meet, in fractions; used when has_up */
	bool has_up;
	/* Where the camera must be for the heights to look like this, if its optical axis meets the picture's
	 * middle and it hangs at CALIBRATION_CAMERA_M; good to a tenth.  0: can't be told. */
	double focal;      /* picture heights */
	double distance_m; /* to the facade */
};

#define CALIBRATION_CAMERA_M 2.5

/* A drawn picture is 1080 high for this purpose: 3 px. */
#define CALIBRATION_RESIDUAL_MAX (3.0 / 1080)

/* RC_INVALID with *field ("lines", "lines[3]", "edges[0]", "aspect", "floor_height_m", "floors") and *reason
 * ("range", "parallel", "order", "residual"): the fit is still in *ret with "residual", so that a page can show it. */
enum rc calibration_solve(const struct calibration_input *in, struct calibration *ret, char field[32],
			  const char **reason) MUST_USE;
/* Metres above ground at a pixel of a picture of any size (x, y in fractions). */
double calibration_height(const struct calibration *c, double x, double y);
/* Metres of facade that one picture height measures there, up and down the facade. */
double calibration_scale(const struct calibration *c, double x, double y);
/* The place at height_m on the vertical through (x, y); false when behind the camera. */
bool calibration_place(const struct calibration *c, double x, double y, double height_m, double *ret_x, double *ret_y);

#endif
