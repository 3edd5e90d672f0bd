/* dispatch_rig.h - a community with two grids and its neighbour, five workers
 * with posts, a desk, and alerts to send somebody to. */
#ifndef DISPATCH_RIG_H
#define DISPATCH_RIG_H

#include "harness.h"

#define TASK  "/api/dispatch/task"
#define SHIFT "/api/dispatch/shift"

/* ANN: own grid. BOB: the community. CID: the other grid. DAN: the neighbour
 * community. EVE: an office, goes to no door. */
enum worker { ANN, BOB, CID, DAN, EVE, WORKERS };
struct town {
	struct rig *r;
	const char *north, *south, *grid, *building, *dwelling, *far;
	const char *north_path, *south_path;
	const char *person[WORKERS];
	const struct actor *worker[WORKERS], *desk, *south_desk, *head, *city;
	int alerts;
};

extern const struct module *const town_modules[];
extern const struct role town_roles[];
void town_build(struct town *t, struct rig *r);
/* From now for 'hours'; kind "field", "seat", "rest" ...  The shift's id. */
const char *shift(struct town *t, enum worker w, const char *kind, int hours);
/* A new question at this place, acknowledged by the desk. */
const char *alert(struct town *t, const char *kind, const char *place_id);
const char *alert_new(struct town *t, const char *kind, const char *place_id); /* not yet acknowledged */
const char *offer(struct town *t, const char *alert_id, enum worker w);        /* the task's id */
const struct json *step(struct town *t, const struct actor *who, const char *task, const char *verb, const char *body,
			int want);
const char *state_of(struct town *t, const char *task);
/* The task for the alert in this state, NULL: none. */
const char *task_in(struct town *t, const char *alert_id, const char *state);
void settle(struct town *t);                       /* listeners, and the clocks of dispatch */
void pass(struct town *t, int64_t span);           /* the same later */
const char *when(struct town *t, int64_t at_time); /* RFC 3339 */

#endif
