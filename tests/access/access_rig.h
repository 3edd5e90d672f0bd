/* access_rig.h - a community with a main gate (two lanes) and a side gate of one
 * group, a building door of another, a household, a guard; and devices that
 * speak with their keys. */
#ifndef ACCESS_RIG_H
#define ACCESS_RIG_H

#include "harness.h"

#define A "/api/access/"

enum lane { MAIN, MAIN_OUT, SIDE, HOUSE, LANES };
struct site {
	struct rig *r;
	const char *north, *south, *building, *dwelling, *other, *north_path, *home_path;
	const char *group, *house_group, *door[3]; /* main, side, house */
	const char *lane[LANES], *device[LANES], *auth[LANES];
	const char *ann, *bob; /* residents of the dwelling and of the other */
	const struct actor *guard, *head, *resident, *neighbour, *desk, *property, *southerner;
	int64_t up, serial;
};
extern const struct module *const site_modules[];
extern const struct role site_roles[];

void site_build(struct site *s, struct rig *r);
void site_uptime(struct site *s); /* after a restart: the guard of the clock runs with the test's again */
/* Lets time pass, the machine runs on; jobs fall due. */
void site_pass(struct site *s, int64_t span);
void site_leap(struct site *s, int64_t span); /* the clock alone */
void site_jobs(struct site *s);

/* A card for Ann at the gate group; more: ",\"to_at\":..."; the id. */
const char *site_card(struct site *s, const char *token, const char *more);
/* A device speaks; 'body' without lane and serial gets them. */
const struct json *site_swipe(struct site *s, enum lane lane, const char *body);
/* What the swipe came to: "grant ok". */
const char *site_says(struct site *s, enum lane lane, const char *body);
const struct json *site_device(struct site *s, enum lane lane, const char *method, const char *path, const char *body,
			       int want);
/* A visit of the resident's with its code; the visit's id. */
const char *site_visit(struct site *s, const char *more, const char **code, const char **pass);
const char *when(struct site *s, int64_t from_now);
const char *typed(struct site *s, const char *unit, const char *code);

#define SAYS(s, lane, body, want) assert_string_equal(site_says((s), (lane), (body)), (want))

#endif
