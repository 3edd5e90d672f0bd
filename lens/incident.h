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
/* v and stats must outlive it; counts what is handed out and held back. */
struct incidents *incidents_new(const struct view *v, struct analyser_stats *stats, int storm_max, int64_t storm_us);
void incidents_free(struct incidents *s);
void incidents_add(struct incidents *s, const struct track *k, const struct verdict *r);
/* What moves along k turned out not to fall: what waits of it is dropped,
 * unless it was sure. */
void incidents_drop(struct incidents *s, const struct track *k);
struct incidents_listener {
	/* A last look at a path that is due and not sure; false: it is dropped. */
	bool (*review)(void *review_to, const struct track *k);
	void *review_to;
	incident_fn *found; /* NULL: only counted */
	void *to;
};
/* Reports what has waited long enough at now_us; with 'all', everything. */
void incidents_report(struct incidents *s, int64_t now_us, bool all, const struct incidents_listener *l);

#endif
