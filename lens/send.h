/* send.h - the thread that brings the spool to the server.
 *
 * Events first, oldest first, up to SEND_BATCH at once; then evidence, one file
 * at a time.  What the server took (accepted or a duplicate) leaves the spool.
 * What it refuses for good is counted and dropped; what may be taken later
 * (device not approved yet, key changed, no such route yet) waits.  Without an
 * answer: a pause of 1, 2, 4 ... 60 s, each shortened at random by up to a half
 * so that many lenses do not come back at once.  Heartbeats are not kept: only
 * the newest of each camera waits.  Never blocks the callers.
 */
#ifndef LENS_SEND_H
#define LENS_SEND_H

#include "lens/spool.h"

enum { SEND_BATCH = 100, SEND_CAMERAS = 256 };

struct sender_option {
	const char *url, *device, *ca_file; /* device: "<id>.<key>" */
	struct spool *spool;
	/* Of the cameras: evidence names the source of its event.  Outlive the sender. */
	const char *sources[SEND_CAMERAS];
	unsigned sources_n;
};
struct sender;
struct sender *sender_start(const struct sender_option *o);
/* Ends the thread; waits up to 'wait' for what is still in the spool. */
void sender_stop(struct sender *s, int64_t wait);
void sender_wake(struct sender *s);
void sender_heartbeat(struct sender *s, unsigned camera, struct str event);

struct sender_stats {
	int64_t taken, duplicate, refused, evidence, failures;
	bool connected; /* the last call had an answer */
};
struct sender_stats sender_stats(struct sender *s);

#endif
