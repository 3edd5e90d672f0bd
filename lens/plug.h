/* plug.h - a program of the site that finds things in pictures.
 *
 * It runs beside us and speaks a small protocol over its standard input and
 * output (docs/lens-detector.md): pictures in, boxes out.  It is asked only
 * when something moves in its area, and not more often than its rate.  When it
 * dies, does not answer in time or answers nonsense it is ended and started
 * again after 1, 2, 4 ... 60 s.  Whoever calls here never waits for it.
 */
#ifndef LENS_PLUG_H
#define LENS_PLUG_H

#include "lens/frame.h"
#include "lens/settings.h"

enum { PLUG_LABEL = 40 };

enum plug_state { PLUG_OFF, PLUG_STARTING, PLUG_READY, PLUG_DOWN };
extern const char *const plug_states[]; /* "off: no detector", "starting", "ready", "down" */

struct plug;
struct plug *plug_new(const struct detector_setting *d, const char *camera);
void plug_free(struct plug *p); /* NULL allowed; ends the program */
/* Takes a copy of the picture when it is time and something moves. */
void plug_offer(struct plug *p, const struct frame *f);

/* Something that came: its label was seen in two of three pictures and had not
 * been there for a minute. */
struct plug_finding {
	char label[PLUG_LABEL];
	double score, x, y; /* middle, fractions */
	int64_t pts_us;
};
bool plug_take(struct plug *p, struct plug_finding *ret);

struct plug_stats {
	enum plug_state state;
	int64_t asked, answered, starts, timeouts, nonsense;
};
struct plug_stats plug_stats(const struct plug *p); /* NULL: off */

#endif
