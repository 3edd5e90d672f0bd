/* town.h - the stage's town with homes in it: "$home" is the household of the
 * elder and of the worker's neighbour at 3-2-501, "$spare_home" one at 3-2-502.
 */
#ifndef TOWN_H
#define TOWN_H

#include "stage.h"

#define HEAD   "head@" NORTH
#define DESK   "seat@" NORTH
#define WORKER "grid_worker@" NORTH

/* The stage, on each kind of database in turn. */
void town_on_each(void (*test)(struct stage *s));
/* As somebody of the stage (stage_actor), the path and body filled. */
const struct json *as(struct stage *s, const char *who, const char *method, const char *path, const char *body,
		      int want);
void no(struct stage *s, const char *who, const char *method, const char *path, const char *body, int want,
	const char *code, const char *field);
/* A person with this name at a dwelling; "$name" is the id. */
void town_person(struct stage *s, const char *name, const char *more);
void town_home(struct stage *s, const char *name, const char *place);
/* "$who" joins "$home" as owner, tenant ...; "$<who>_member" is the row. */
void town_join(struct stage *s, const char *home, const char *who, const char *role, bool lives_here);
/* The resident himself, with home and household as the register has them. */
const struct actor *town_resident(struct stage *s, const char *who, const char *place_path, const char *home);
const struct json *own(struct stage *s, const struct actor *who, const char *method, const char *path, const char *body,
		       int want);
void own_no(struct stage *s, const struct actor *who, const char *method, const char *path, const char *body, int want,
	    const char *code, const char *field);

#endif
