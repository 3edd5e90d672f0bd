/* places_works.h - rows of works, weights, the base list and checkpoints. */
#ifndef PLACES_WORKS_H
#define PLACES_WORKS_H

#include "domain/places/places_outline.h"

extern const char *const work_kinds[], *const work_states[];
enum { WORK_PLANNED, WORK_UNDER_WAY, WORK_FINISHED, WORK_ACCEPTED, WORK_DROPPED };
enum { WORK_KINDS = 5 };

struct work {
	struct std std;
	struct str place_id, place_path, title, accepted_by, accepted_by_name, photo_id, no_photo_reason, reason, note;
	unsigned kind, state;
	int64_t weight, accepted_at; /* weight NO_INT: as the table of weights says */
};
struct work_weight {
	struct std std;
	struct str place_id, place_path;
	unsigned kind;
	int64_t weight;
};
struct base_area {
	struct std std;
	struct str place_id, place_path, code, name, enclosure_id, source;
	unsigned kind;
};
struct checkpoint {
	struct std std;
	struct str entrance_id, place_id, place_path, name, lane_id, devices, roster, note;
	unsigned direction;
	bool in_use;
};

/* At the module's start. */
void work_photos_start(struct ctx *c);
/* photo_id is a file that the caller sees and that shows nobody. */
enum rc work_photo_take(struct ctx *c, const struct work *w) MUST_USE;

#endif
