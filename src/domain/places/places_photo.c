/* places_photo.c - photos of works: who sees them, and which may be taken. */
#include "domain/places/places_works.h"
#include "files/files.h"

static enum rc see_photo(struct ctx *c, struct str row_id, struct files_sight *ret)
{
	struct failure before = c->fail;
	struct work w;
	enum rc rc = entity_load(c, &work_entity, row_id, &w);

	*ret = (struct files_sight){ .seen = rc == RC_OK };
	if (rc != RC_MISSING && rc != RC_DENIED && rc != RC_UNKNOWN)
		return rc;
	c->fail = before;
	return RC_OK;
}

void work_photos_start(struct ctx *c)
{
	files_set_owner(c, "places.work", see_photo);
}

enum rc work_photo_take(struct ctx *c, const struct work *w)
{
	return files_take(c, w->photo_id, "photo_id", "places.work", w->std.id, c->now + FILES_DAYS_MOST * DAY);
}
