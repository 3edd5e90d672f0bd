#include "gate/inner.h"

enum { DAY_S = 86400, THURSDAY = 3 }; /* 1970-01-01 was a Thursday; 0 is Monday */

/* The weekday a day counts as, or GATE_DAY_SHUT, GATE_DAY_ALL. */
static unsigned day_as(const struct gate_schedule *s, int32_t day)
{
	uint32_t lo = 0, hi = s->n_days;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->days[mid].day < day)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < s->n_days && s->days[lo].day == day)
		return s->days[lo].as;
	return ((unsigned)day + THURSDAY) % 7;
}

static bool begins_on(const struct gate_window *w, unsigned as)
{
	return as < GATE_DAY_SHUT && (w->days >> as & 1);
}

struct gate_moment gate_moment(int32_t tz_offset_s, int64_t now)
{
	int64_t local = now / SECOND + tz_offset_s, day = local / DAY_S;

	return (struct gate_moment){ (int32_t)day, (int32_t)(local - day * DAY_S) };
}

bool gate_schedule_at(const struct gate_schedule *s, struct gate_moment m)
{
	unsigned today = day_as(s, m.day);

	if (today == GATE_DAY_ALL)
		return true;
	for (uint32_t i = 0; i < s->n_windows; i++) {
		const struct gate_window *w = &s->windows[i];
		bool late = w->to_s <= w->from_s; /* passes midnight */

		if (begins_on(w, today) && m.at_s >= w->from_s && (late || m.at_s < w->to_s))
			return true;
		if (late && m.at_s < w->to_s && begins_on(w, day_as(s, m.day - 1)))
			return true;
	}
	return false;
}

bool gate_schedule_open(const struct gate_schedule *s, int32_t tz_offset_s, int64_t now)
{
	return gate_schedule_at(s, gate_moment(tz_offset_s, now));
}
