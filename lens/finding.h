/* finding.h - what the lens says to the server: ids and JSON of its events.
 *
 * CloudEvents 1.0.2.  An id is the time of what happened and a print of camera,
 * kind and place in the picture: the same recording analysed again gives the
 * same ids, and the server takes the second as a duplicate.
 *
 *   cn.jiuan.camera.thrown.v1  {kind thrown|debris, floor, floor_low, floor_high, release_m, score, gravity,
 *                              points, from, to, version}; floor only with a calibration
 *   cn.jiuan.camera.lane.v1    {zone, occupied, area_m2, x, y}; its time is when it came, or left
 *   cn.jiuan.camera.object.v1  {label, zone, score, phase "new", object_id, stationary}
 *   cn.jiuan.device.health.v1  {part "picture", state fine|dark|covered|frozen|moved|lost, reason}
 *   cn.jiuan.device.heartbeat.v1 {tamper, covered, skew_ms?}
 *   cn.jiuan.device.offline.v1 {reason}; cn.jiuan.device.online.v1 {}
 */
#ifndef LENS_FINDING_H
#define LENS_FINDING_H

#include "lens/analyse.h"
#include "lens/health.h"
#include "lens/lane.h"
#include "lens/spool.h"

/* "0017730...-1a2b3c4d5e6f": 16 digits of microseconds, 8 of the source's print,
 * 4 of kind and place. */
void finding_id(struct str source, const char *kind, int64_t at, double x, double y, char out[SPOOL_KEY]);
bool finding_is_of(const char *id, struct str source);
int64_t finding_time(const char *id); /* 0: no such id */

/* Each returns a whole CloudEvent in 'a'. */
struct str finding_thrown(struct arena *a, struct str source, const char *id, int64_t at, const struct incident *i);
struct str finding_lane(struct arena *a, struct str source, const char *id, int64_t at, struct str zone,
			const struct lane_change *c);
struct str finding_object(struct arena *a, struct str source, const char *id, int64_t at, struct str zone,
			  struct str label, double score);
/* 'state' as above; 'lost' and 'online' also say whether the device is there at all. */
struct str finding_health(struct arena *a, struct str source, const char *id, int64_t at, const char *state,
			  const char *reason);
struct str finding_offline(struct arena *a, struct str source, const char *id, int64_t at, const char *reason);
struct str finding_online(struct arena *a, struct str source, const char *id, int64_t at);
struct str finding_heartbeat(struct arena *a, struct str source, int64_t at, enum health_word word);

/* The evidence's own sheet, an event again (cn.jiuan.camera.evidence.v1, id
 * "<id>-facts"): path with stamps, fit, range, version, names and BLAKE2b hashes
 * of the files. */
struct facts_file {
	const char *name, *hash;
	int64_t bytes;
};
struct str finding_facts(struct arena *a, struct str source, const char *id, int64_t at, const struct incident *i,
			 const struct facts_file *files, size_t n);

#endif
