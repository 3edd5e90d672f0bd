/* look.h - from the frames of one camera to lists of blobs: shift, blip,
 * threshold, blobs, in single pixels and coarse, put together.
 */
#ifndef LENS_LOOK_H
#define LENS_LOOK_H

#include "lens/analyse.h"
#include "lens/blobs.h"

struct look;
/* For pictures of one size; zones are copied into a mask.  Counts into stats,
 * which must outlive it. */
struct look *look_new(int width, int height, const struct analyser_config *config, struct analyser_stats *stats);
void look_free(struct look *l);   /* NULL allowed; gives all frames back */
void look_forget(struct look *l); /* a break in the stream: frames go back, what was learned stays */
const struct frame *look_newest(const struct look *l); /* NULL: none held */
/* Takes f over.  What was seen in an older picture: its blobs, top to bottom
 * (room for BLOBS_MAX), and its time; -1 while there are too few pictures. */
int look_take(struct look *l, struct frame *f, int64_t time_us, double frame_s, struct blob *out, int64_t *ret_us);
const struct threshold *look_threshold(const struct look *l);

#endif
