/* watch_files.c - pictures and clips of an alert: who sees them, where they come
 * from, how long they stay. */
#include "files/files.h"
#include "domain/watch/watch_inner.h"

/* A case that waits for this user's decision is itself the reason to look into
 * it: nobody has taken it yet, or this user has. */
static bool waits_for(const struct ctx *c, const struct alert_row *a)
{
	if (a->state == WATCH_CLOSED || !ctx_may_at(c, "watch.alert.ack", a->place_path))
		return false;
	return a->acked_by.n == 0 || str_eq(a->acked_by, c->who.id);
}

static enum rc see_files(struct ctx *c, struct str row_id, struct files_sight *ret)
{
	struct failure before = c->fail;
	struct alert_row a;
	enum rc rc = entity_load(c, &watch_alert, row_id, &a);

	*ret = (struct files_sight){ .seen = rc == RC_OK };
	if (rc == RC_MISSING || rc == RC_DENIED || rc == RC_UNKNOWN) {
		c->fail = before;
		return RC_OK;
	}
	TRY(rc);
	if (waits_for(c, &a))
		ret->reason = a.number;
	return RC_OK;
}

enum rc watch_alert_start(struct ctx *c)
{
	files_set_owner(c, "watch.alert", see_files);
	return watch_first_cursor(c);
}
