/* simulate.h - a lifelike neighbourhood: the demo's devices tell of an ordinary
 * day, and of the cases S7 and S8.  Pure: the same seed and start give the same
 * events; nothing is read from clock or network. */
#ifndef SIMULATE_H
#define SIMULATE_H

#include "base/json.h"

struct simulation;

/* 'start': where simulated time begins, microseconds since 1970.  'speed' is
 * only for spacing the cases: they come within two minutes of real time. */
struct simulation *simulation_new(uint64_t seed, int64_t start, double speed);
void simulation_free(struct simulation *s);
/* Lives 'span' microseconds; each event is handed out as one CloudEvent in
 * JSON, in order of time. */
enum rc simulation_step(struct simulation *s, int64_t span, enum rc (*put)(void *arg, struct str event),
			void *arg) MUST_USE;

#endif
