/* camera.h - a fixed camera that looks up a facade (pinhole, square pixels).
 *
 * Metres: X along the facade, Y above ground, Z away from the camera; the
 * facade is the plane Z = distance.
 */
#ifndef LENS_EVAL_CAMERA_H
#define LENS_EVAL_CAMERA_H

#include "lens/calibration.h"
#include "lens/eval/random.h"

struct camera {
	int width, height;
	double focal;    /* pixels */
	double distance; /* to the facade, m */
	double above;    /* of the camera, m above ground */
	double pitch;    /* upwards, radians */
	double floor_height_m;
	int floors;
	double facade_width_m;
};

/* Building and camera that fit each other: at least 18 m of facade in view. */
struct camera camera_random(struct random *r, int width, int height);
/* Pixel of a place in space; its depth along the optical axis (<= 0: behind). */
double camera_project(const struct camera *c, double x, double y, double z, double *px, double *py);
/* The place on the facade that a pixel shows; false for the sky. */
bool camera_facade(const struct camera *c, double px, double py, double *x, double *y);
/* What a person would draw on a still: slab edges and two verticals, each end
 * off by up to 'jitter' pixels in both directions. */
struct calibration_input camera_drawn(const struct camera *c, struct random *r, double jitter);

#endif
