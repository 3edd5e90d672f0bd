/* coarse.h - a second look for large and faint things.
 *
 * A thing that does not move by its own length within the fine look's lag
 * covers itself and is not seen.  Here pictures are averaged over 4 x 4
 * pixels (noise falls to a quarter) and compared over a longer lag, so what
 * is larger or slower, or too faint for single pixels, shows.  Costs a
 * sixteenth of the fine look and 2 MB.
 */
#ifndef LENS_COARSE_H
#define LENS_COARSE_H

#include "lens/blobs.h"
#include "lens/shift.h"

enum { COARSE = 4, COARSE_LAG_MOST = 6, COARSE_HELD = 2 * COARSE_LAG_MOST + 1, COARSE_BLOBS_MAX = 200 };

/* Four rows of the picture into one of 'width' means. */
typedef void coarse_row_fn(uint8_t *out, const uint8_t *in, ptrdiff_t stride, int width);
void coarse_row_scalar(uint8_t *out, const uint8_t *in, ptrdiff_t stride, int width);
coarse_row_fn *coarse_row_best(void); /* the same bits, faster */

struct coarse {
	int width, height; /* reduced; 0: the picture is too small for a second look */
	int lag, n;        /* pictures held, newest last */
	uint8_t *pictures[COARSE_HELD];
	struct shift shifts[COARSE_HELD]; /* in full pixels, against the picture ANALYSE_LAG before */
	struct threshold threshold;
	uint32_t *mask;
	blip_fn *blip;
	coarse_row_fn *row;
	int frames;
};

void coarse_init(struct coarse *c, int width, int height, bool scalar);
void coarse_done(struct coarse *c);
void coarse_forget(struct coarse *c); /* pictures, not what was learned */
/* Pictures that one is compared with before and after; what is seen now is
 * 'lag' pictures old. */
void coarse_set_lag(struct coarse *c, int lag);
/* A new picture: first this, then each of its rows in order (row y of the
 * reduced picture is made of four of f). */
void coarse_next(struct coarse *c, struct shift s);
void coarse_take_row(struct coarse *c, const struct frame *f, int y);
/* Blobs of the picture 'lag' before the newest, in full pixels; 0 while too
 * few pictures are held.  'work' is work space. */
int coarse_blobs(struct coarse *c, struct blobs *work, struct blob out[COARSE_BLOBS_MAX]);
/* Puts both looks together, top to bottom: where the fine one saw the thing
 * whole, it is more exact; where it saw only an edge, the coarse one counts.
 * At most BLOBS_MAX; the number. */
int coarse_merge(struct blob *fine, int fine_n, const struct blob *coarse, int coarse_n, struct blob *out);

#endif
