/* health.h - can this camera still see what it should?
 *
 * Looks at a coarse picture (64 x 36 means) about once a second: too dark to
 * see, covered (no edges left), frozen (the same bytes over and over), moved
 * (the edges are somewhere else).  Each word needs HEALTH_HOLD of agreement to
 * come and to go.  The reference of "moved" follows slowly while all is well,
 * so that seasons and dusk do not count.  Pure.
 */
#ifndef LENS_HEALTH_H
#define LENS_HEALTH_H

#include "lens/frame.h"

enum { HEALTH_W = 64, HEALTH_H = 36, HEALTH_CELLS = HEALTH_W * HEALTH_H };

enum health_word { HEALTH_FINE, HEALTH_DARK, HEALTH_COVERED, HEALTH_FROZEN, HEALTH_MOVED };
extern const char *const health_words[]; /* "fine", "dark" ... */

struct health {
	enum health_word word;  /* in force */
	enum health_word heard; /* what the last looks say */
	int64_t heard_at, looked_at, same_at;
	float reference[HEALTH_CELLS]; /* cell means when all was well, contrast normalised */
	float edges;                   /* edge energy when all was well */
	unsigned learned;              /* looks the reference is made of */
	uint64_t print;                /* of the last picture's bytes */
	float now[HEALTH_CELLS];       /* scratch: the newest look */
};

#define HEALTH_EVERY  (SECOND)
#define HEALTH_HOLD   (10 * SECOND)
#define HEALTH_FREEZE (30 * SECOND)

void health_init(struct health *h);
/* True when h->word changed with this picture.  Pictures closer than
 * HEALTH_EVERY to the last look cost nothing. */
bool health_look(struct health *h, const struct frame *f);
/* The camera was moved on purpose: learn the new view. */
void health_relearn(struct health *h);

#endif
