/* plug_inner.h - the pieces of plug.c: the child process, its lines, motion. */
#ifndef LENS_PLUG_INNER_H
#define LENS_PLUG_INNER_H

#include "lens/plug.h"

#include <sys/types.h>

enum { PLUG_BOXES = 64, PLUG_LINE = 64 * 1024 };

/* ---- child (plug_child.c) ---- */

struct child {
	pid_t pid;   /* -1: none */
	int in, out; /* we write, we read */
	int64_t seq;
	char line[PLUG_LINE];
	size_t n;
};
/* RC_MISSING: no such program; RC_BUSY. */
enum rc child_start(struct child *c, const char *const *command) MUST_USE;
/* RC_SLOWER: not by 'until' (monotonic); RC_BUSY: it ended. */
enum rc child_write(struct child *c, struct str bytes, int64_t until) MUST_USE;
/* The next line without its end; lives until the next call.  RC_INVALID: too long. */
enum rc child_line(struct child *c, int64_t until, struct str *ret) MUST_USE;
void child_end(struct child *c);

/* ---- words (plug_words.c) ---- */

struct plug_box {
	char label[PLUG_LABEL];
	double score, x, y, w, h; /* fractions of the picture */
};
enum rc plug_greeting(struct arena *a, struct str line) MUST_USE;
/* RC_INVALID: no JSON, another picture's, values out of range. */
enum rc plug_parse(struct arena *a, struct str line, int64_t seq, struct plug_box boxes[PLUG_BOXES],
		   size_t *n) MUST_USE;
/* Its middle lies in the area (n 0: everywhere). */
bool box_in_area(const struct plug_box *b, const struct zone *area);

/* True when a label came: seen in two of the last three pictures, not told for
 * a minute without being seen. */
struct sightings {
	uint8_t last[LABELS_MAX]; /* newest bit first */
	int64_t seen_at[LABELS_MAX];
	bool told[LABELS_MAX];
};
bool sighting_note(struct sightings *s, int label, bool seen, int64_t pts);

/* Did something move since the last look?  Every 8th pixel of the area. */
struct motion {
	uint8_t *before;
	int width, height;
};
bool motion_look(struct motion *m, const struct zone *area, const struct frame *f);
void motion_done(struct motion *m);

#endif
