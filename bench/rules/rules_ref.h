/* rules_ref.h - the bench's events, and a slow reading of its 20 rules that
 * shares nothing with the engine.
 */
#ifndef BENCH_RULES_REF_H
#define BENCH_RULES_REF_H

#include "base/base.h"

enum { SOURCES = 10000, EVENTS = 1000000, PLACES = 2000, RULES_N = 20 };
#define SPAN  (2 * HOUR)
#define BEGIN (1773277661 * SECOND)
#define END   (BEGIN + SPAN)

enum type { GRANTED, OPENED, CLOSED, OBJECT, LANE, THROWN, PRESENCE, METER, HEARTBEAT, TYPES };
enum label { PERSON, CAR, E_BIKE, LABELS };
enum zone { LOBBY, LIFT, GATE, ZONES };

struct sample {
	int64_t at;
	enum type type;
	uint32_t device, place;
	enum label label;
	enum zone zone;
	double score; /* also the meter's value */
	bool flag;    /* occupied, stationary */
};

/* How often each rule fires; rule numbers as in rules_bench.c. */
void reference(const struct sample *s, long fired[RULES_N]);

#endif
