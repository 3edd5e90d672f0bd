/* ground.h - one community with an enclosure of 400 by 300 metres and buildings
 * in it, for the tests of enclosures.  Points are said in metres east and north
 * of a corner; by the size of the ellipsoid at 28.68 N (a degree of longitude is
 * 97,726 m, of latitude 110,832 m there).
 */
#ifndef GROUND_H
#define GROUND_H

#include "harness.h"

#define OUTLINE  "/api/places/outline"
#define PLAN     "/api/places/plan"
#define WORK     "/api/places/work"
#define ENTRANCE "/api/places/entrance"

extern const struct module *const ground_modules[];
extern const struct role ground_roles[];

struct ground {
	struct rig *r;
	const struct actor *office, *reader, *other; /* of the community, only reading, of another community */
	const char *city, *district, *street, *community, *enclosure;
};

void ground_build(struct ground *g, struct rig *r);
const char *ground_point(struct ground *g, double x, double y); /* "115.9,28.68" */
const char *ground_building(struct ground *g, const char *code, double x, double y);
/* "{"kind":..,"line":[..]}" from pairs of metres, 'n' points. */
const char *ground_segment(struct ground *g, const char *kind, const double *xy, size_t n);
const char *ground_door(struct ground *g, const char *code, double x, double y, const char *more);
/* Four sides of 400 by 300 m: wall, landscape wall, fence, building face; the
 * second begins 'gap' metres after the first ends. */
const char *ground_square(struct ground *g, double gap);
/* A draft with these lists (NULL: not given); its id. */
const char *ground_draft(struct ground *g, const char *segments, const char *entrances);
/* Draft, check, publish of the square with these entrances. */
const char *ground_publish(struct ground *g, const char *entrances);
const struct json *ground_step(struct ground *g, const char *path, const char *id, const char *verb, const char *body,
			       int want);
/* The fault with this code in the last answer's list, NULL: none. */
const struct json *ground_fault(struct ground *g, const char *code);
double real_at(const struct json *j, const char *dotted); /* NaN when no number */

#endif
