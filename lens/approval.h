/* approval.h - which cameras the server allows to be looked through, and what
 * was drawn on their pictures there.
 *
 * A camera without legal basis, sign record and field of view is not active on
 * the server, and then not started here.  The last answer is kept beside the
 * spool, so that a lens without its server goes on as it was; a lens that never
 * had an answer looks at nothing.
 */
#ifndef LENS_APPROVAL_H
#define LENS_APPROVAL_H

#include "lens/post.h"
#include "lens/settings.h"

struct approval {
	struct str text; /* the answer, in the arena; absent: never had one */
};
/* Asks; without an answer reads what was kept.  True: there is one, and it is
 * another than before.  *connected: the server answered. */
bool approval_ask(struct approval *ap, struct post *p, struct arena *a, const char *folder, bool *connected);
/* The cameras of 's' that are allowed, with the server's drawings in place of
 * their own; in the arena.  Those left out are logged. */
int approval_apply(const struct approval *ap, const struct settings *s, struct arena *a, struct camera_setting **ret);

#endif
