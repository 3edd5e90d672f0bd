/* inner.h - the local day and the second in it, worked out once a decision. */
#ifndef GATE_INNER_H
#define GATE_INNER_H

#include "gate/gate.h"

struct gate_moment {
	int32_t day, at_s;
};
struct gate_moment gate_moment(int32_t tz_offset_s, int64_t now);
bool gate_schedule_at(const struct gate_schedule *s, struct gate_moment m);

#endif
