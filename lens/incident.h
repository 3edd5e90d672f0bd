/* incident.h - from paths that fall to incidents that are reported.
 *
 * A path waits until INCIDENT_WAIT after its last point, so that its other
 * pieces and its reflection in the windows can join it: one throw is one
 * incident, told with the path of the highest origin.
 */
#ifndef LENS_INCIDENT_H
#define LENS_INCIDENT_H

#include "lens/analyse.h"
#include "lens/gravity.h"

#define INCIDENT_WAIT (700 * MILLI)

struct incidents;
struct incidents *incidents_new(const struct view *v, int storm_max, int64_t storm_us); /* v must outlive it */
void incidents_free(struct incidents *s);
void incidents_add(struct incidents *s, const struct track *k, const struct verdict *r);
/* Reports what has waited long enough at now_us; with 'all', everything. */
void incidents_report(struct incidents *s, int64_t now_us, bool all, incident_fn *found, void *to);
int64_t incidents_reported(const struct incidents *s);
int64_t incidents_held_back(const struct incidents *s);

#endif
