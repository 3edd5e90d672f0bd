/* demo_list.h - the demo's devices: one table, read by the seed that registers
 * them and by the simulator that speaks for them.
 */
#ifndef DEMO_LIST_H
#define DEMO_LIST_H

#include "base/base.h"

#define DEMO_AREA    "36.3601.360113.360113001." /* the duty desk's subdistrict */
#define DEMO_GATEWAY "demo"                      /* source of the one that speaks */
#define DEMO_UNKNOWN "demo/honggu/lock-9"        /* speaks, and nobody has registered it */
#define DEMO_WATCHED "jingtai.3.2.501."          /* the home of the one who asked to be watched */

/* What a device tells of, beside its heartbeats. */
enum demo_does {
	DEMO_DOOR,     /* granted, opened, closed */
	DEMO_GATE,     /* granted */
	DEMO_PRESENCE, /* somebody is in a shared room */
	DEMO_METER,    /* readings of a building */
	DEMO_FACADE,   /* camera: falling objects */
	DEMO_LOBBY,    /* camera: objects in a lobby */
	DEMO_LANE,     /* camera: objects on a fire lane, and whether it is free */
	DEMO_QUIET,    /* heartbeats only: smoke, gas, a lift */
	DEMO_CHOSEN,   /* chosen by the watched person: heartbeats only, she is not seen */
	DEMO_SILENT,   /* breaks down soon after the start */
};
struct demo_device {
	const char *source, *kind, *place; /* place: below DEMO_AREA */
	const char *name;
	enum demo_does does;
	int battery; /* percent, 0: on the mains */
};
extern const struct demo_device demo_devices[];
extern const size_t n_demo_devices;
enum { DEMO_DEVICES_MOST = 128 };

/* Seconds; silent ones are to be found within a minute. */
enum { DEMO_HEARTBEAT_S = 120, DEMO_SILENT_HEARTBEAT_S = 20 };

#endif
