/* chains.h - chains that ended lately, falling or not.
 *
 * Hypotheses break where a thing is hidden for a moment, and where it does
 * not move as expected.  When a chain begins where another one ended, at the
 * same speed, both are one thing, and the whole way is judged: a fall in two
 * pieces becomes one path; a leaf or a diving bird, parts of whose way look
 * like a fall, is told by the rest of it.
 */
#ifndef LENS_CHAINS_H
#define LENS_CHAINS_H

#include "lens/tracks.h"

enum { CHAIN_LEAST = 6 }; /* points; shorter ones say nothing */

struct chains;
struct chains *chains_new(void);
void chains_free(struct chains *c);
void chains_forget(struct chains *c);
/* The chain that k continues, with k behind it; false: none.  Only the newest
 * ANALYSE_PATH_MAX points are kept. */
bool chains_join(const struct chains *c, const struct view *v, const struct track *k, struct track *joined);
/* The same for a given chain before; false: k does not continue it. */
bool chains_append(const struct view *v, const struct track *before, const struct track *k, struct track *joined);
/* To be continued. */
void chains_keep(struct chains *c, const struct track *k);

#endif
