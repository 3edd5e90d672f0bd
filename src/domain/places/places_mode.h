/* places_mode.h - rows of timetables and emergency orders. */
#ifndef PLACES_MODE_H
#define PLACES_MODE_H

#include "domain/places/places_outline.h"

enum { DAY_MIN = 24 * 60, WEEK_MIN = 7 * DAY_MIN };

struct mode_slot {
	struct std std;
	struct str place_id, place_path, days, note; /* days: "12345", 1 is Monday */
	unsigned mode;
	int64_t from_min, to_min; /* of the day in China; to before from: over midnight */
	int64_t valid_from, valid_to;
};
struct mode_order {
	struct std std;
	struct str place_id, place_path, legal_no, issued_by, reason, revoke_reason;
	unsigned mode, state;
	int64_t from_at, to_at, ended_at;
};

/* FAIL RC_CONFLICT "slot_overlap": the place has a slot in this time. */
enum rc mode_slot_free(struct ctx *c, const struct mode_slot *s) MUST_USE;

#endif
