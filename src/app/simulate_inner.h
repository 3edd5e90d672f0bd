/* simulate_inner.h - what the files of the simulator share. */
#ifndef SIMULATE_INNER_H
#define SIMULATE_INNER_H

#include "app/demo_list.h"
#include "app/simulate.h"

enum tell {
	TELL_BEAT,
	TELL_GRANTED,
	TELL_OPENED,
	TELL_CLOSED,
	TELL_FORCED,
	TELL_PRESENCE,
	TELL_METER,
	TELL_OBJECT,
	TELL_THROWN,
	TELL_LANE,
	TELL_UNKNOWN, /* heartbeat of a source that nobody has registered */
};
struct todo {
	int64_t at; /* real time since the start; before it: negative */
	size_t device;
	enum tell tell;
	int64_t n;        /* floor, percent, or 1 for yes */
	unsigned percent; /* of the score */
	const char *word, *zone, *phase;
};
enum { TODO_MOST = 4096 };

/* All times are real: simulated time runs 'speed' times as fast. */
struct simulation {
	uint64_t rng;
	int64_t start;
	double speed;
	int64_t lived; /* simulated */
	int64_t told;
	struct arena *scratch;
	struct todo todo[TODO_MOST]; /* by time; equal times in the order they came */
	size_t n;
	int64_t next[DEMO_DEVICES_MOST], next_beat[DEMO_DEVICES_MOST], next_unknown;
	int64_t cases; /* rounds told */
	int64_t next_round;
	int64_t watts; /* of the meter */
};

/* 0 .. n - 1 */
int64_t simulation_dice(struct simulation *s, int64_t n);
void simulation_plan(struct simulation *s, struct todo t);
/* The n-th device that does this (round and round). */
size_t simulation_device(enum demo_does does, int64_t n);
/* Everybody's door: granted, opened a moment later, closed after 'open_for'. */
void simulation_door(struct simulation *s, size_t device, int64_t at, int64_t open_for);
/* Cases that begin before 'until'. */
void simulation_cases(struct simulation *s, int64_t until);

#endif
