/* simulate_cases.c - what the desk is there for: S7 and S8, and a door.
 *
 * S7 needs no telling: the resident of 3-2-501 is simply not seen.  The first
 * round comes within two minutes, the next ones at other buildings.
 */
#include "app/simulate_inner.h"

enum {
	ROUND_S = 720,
	LANE_BEFORE_S = 285, /* the first car stands there already */
	LANE_LATER_S = 420,
};

/* Once in, once out again; where it went is no affair of a camera's. */
static void e_bike(struct simulation *s, int64_t n, int64_t at)
{
	struct todo t = { .at = at,
			  .device = simulation_device(DEMO_LOBBY, n),
			  .tell = TELL_OBJECT,
			  .word = "e-bike",
			  .zone = "lobby",
			  .phase = "new",
			  .n = simulation_dice(s, 100000),
			  .percent = 88 };

	simulation_plan(s, t);
	t.phase = "end";
	t.at += 45 * SECOND;
	simulation_plan(s, t);
}

/* Devices of one building see the same thing. */
static void thrown(struct simulation *s, int64_t n, int64_t at, int64_t floor)
{
	size_t first = simulation_device(DEMO_FACADE, n);
	struct str place = str_of(demo_devices[first].place);

	for (size_t i = 0; i < n_demo_devices; i++)
		if (demo_devices[i].does == DEMO_FACADE && str_is(place, demo_devices[i].place))
			simulation_plan(s, (struct todo){ .at = at + (i == first ? 0 : 400 * MILLI),
							  .device = i,
							  .tell = TELL_THROWN,
							  .n = floor,
							  .percent = i == first ? 91 : 78 });
}

/* Told when it begins and every minute that it lasts. */
static void lane(struct simulation *s, int64_t n, int64_t from, int64_t to)
{
	struct todo t = {
		.at = from, .device = simulation_device(DEMO_LANE, n), .tell = TELL_LANE, .zone = "fire-lane", .n = 1
	};

	simulation_plan(s, t);
	for (t.at = (from < 0 ? 0 : from) + 20 * SECOND; t.at < to; t.at += MINUTE)
		simulation_plan(s, t);
	t.at = to;
	t.n = 0;
	simulation_plan(s, t);
}

/* Whatever a run before this one left blocked is free; one car has stood there
 * for a while.  Which lane follows the clock: a restart finds another one, and
 * what it tells of the past is not older than what was told before. */
static void begin(struct simulation *s)
{
	int64_t n = s->start / MINUTE;

	for (int64_t i = 0; simulation_device(DEMO_LANE, i) != simulation_device(DEMO_LANE, 0) || i == 0; i++)
		simulation_plan(s, (struct todo){ .at = (i == 0 ? -LANE_BEFORE_S - 1 : 0) * SECOND,
						  .device = simulation_device(DEMO_LANE, n + i),
						  .tell = TELL_LANE,
						  .zone = "fire-lane" });
	lane(s, n, -LANE_BEFORE_S * SECOND, 240 * SECOND);
	/* The camera's clock is right all the same. */
	simulation_plan(s, (struct todo){ .at = 0, .device = simulation_device(DEMO_LANE, n), .tell = TELL_BEAT });
	e_bike(s, 3, 40 * SECOND);
	thrown(s, 0, 75 * SECOND, 14);
	simulation_door(s, simulation_device(DEMO_DOOR, 7), 330 * SECOND, 150 * SECOND);
}

static void next(struct simulation *s, int64_t n, int64_t at)
{
	thrown(s, n + 1, at + simulation_dice(s, 120) * SECOND, 3 + simulation_dice(s, 15));
	e_bike(s, 3 + 3 * n, at + (180 + simulation_dice(s, 60)) * SECOND);
	at += (300 + simulation_dice(s, 60)) * SECOND;
	lane(s, s->start / MINUTE + 3 * n, at, at + LANE_LATER_S * SECOND);
	if (n % 2 == 0)
		simulation_door(s, simulation_device(DEMO_DOOR, n), at, 150 * SECOND);
	if (n % 3 == 1)
		simulation_plan(s, (struct todo){ .at = at + 90 * SECOND,
						  .device = simulation_device(DEMO_DOOR, 12 + n),
						  .tell = TELL_FORCED });
}

void simulation_cases(struct simulation *s, int64_t until)
{
	for (; s->next_round < until; s->cases++, s->next_round += ROUND_S * SECOND) {
		if (s->cases == 0)
			begin(s);
		else
			next(s, s->cases, s->next_round);
	}
}
