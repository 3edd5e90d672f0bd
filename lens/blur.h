/* blur.h - makes windows unrecognizable in what is shared, and draws the path.
 *
 * A block of the picture becomes one flat colour when it touches a window and
 * is farther than CORRIDOR_M from the path.  Where nobody drew windows, every
 * block outside the corridor does.  For a lane, everything outside the lane.
 */
#ifndef LENS_BLUR_H
#define LENS_BLUR_H

#include "lens/station.h"

#define CORRIDOR_M 1.5

struct blur;
/* For pictures of this size; the job must outlive it. */
struct blur *blur_new(const struct evidence_job *job, int width, int height);
void blur_free(struct blur *b); /* NULL allowed */
int blur_width(const struct blur *b);
int blur_height(const struct blur *b);
void blur_apply(const struct blur *b, struct picture *c);
/* The path as a row of rings, or the outline of the lane. */
void blur_draw(const struct blur *b, struct picture *c);
bool blur_hides(const struct blur *b, int x, int y); /* this pixel */

#endif
