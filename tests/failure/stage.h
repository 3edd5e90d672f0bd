/* stage.h - the whole program with a small town in it: two communities below
 * one subdistrict, one of them with a grid, a building and a dwelling; people
 * with posts, devices, a rule that is on, somebody on shift.  Things are called
 * by names, ids are looked up: "$elder" in a path or a body is an id, "$+90" the
 * time in 90 minutes.
 */
#ifndef STAGE_H
#define STAGE_H

#include "harness.h"

#define NORTH "36.3601.360102.n1."
#define SOUTH "36.3601.360102.s1."
/* In every name, phone and login of a person; rig.never finds it. */
#define CANARY "secret-canary"
/* The one time a welfare watch keeps. */
#define SEEN_AT   "2026-03-11T05:06:07.080910Z"
#define SEEN_AT_N "1773205567080910"

struct stage {
	struct rig r;
	struct {
		const char *name, *value;
	} word[300];
	size_t n;
};

/* Only the places, or with people and things too. */
void stage_open(struct stage *s, enum testdb_kind kind, bool peopled);
void stage_close(struct stage *s);
void stage_put(struct stage *s, const char *name, const char *value);
const char *stage_get(struct stage *s, const char *name); /* fails the test when nobody put it */
const char *stage_fill(struct stage *s, const char *text);
/* "system", "nobody" (NULL: by what the request carries), a person's name
 * ("elder"), or a role with a path: "seat@36.3601.". */
const struct actor *stage_actor(struct stage *s, const char *name);
/* As the system; the new id under this name. */
void stage_make(struct stage *s, const char *name, const char *path, const char *body);
void stage_do(struct stage *s, const char *path, const char *body, int want);
/* A question at this place, new; its id under 'name'. */
void stage_alert(struct stage *s, const char *name, const char *kind, const char *place);
void stage_settle(struct stage *s); /* listeners have heard everything */

#endif
