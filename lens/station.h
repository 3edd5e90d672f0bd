/* station.h - what the cameras of one process share: spool, sender, the gate
 * that bounds how many decode at once, and the evidence desk.
 */
#ifndef LENS_STATION_H
#define LENS_STATION_H

#include "lens/ring.h"
#include "lens/seal.h"
#include "lens/send.h"
#include "lens/settings.h"
#include "lens/spool.h"

#include <pthread.h>
#include <semaphore.h>

struct evidence_desk;

struct station {
	const struct settings *settings;
	struct spool *spool;
	struct sender *sender; /* NULL: nothing is sent */
	struct seal_to seal;
	struct evidence_desk *desk;
	sem_t gate; /* as many pictures are decoded at once */
	atomic_bool stop;
};

/* ---- evidence (evidence.c) -------------------------------------------------------- */

enum { EVIDENCE_WAITING = 16, EVIDENCE_PACKETS = 2048 };
#define EVIDENCE_BEFORE (5 * SECOND)
#define EVIDENCE_AFTER  (5 * SECOND)

/* What a finding needs; owned by the desk once handed over. */
struct evidence_job {
	const struct camera_setting *camera;
	char id[SPOOL_KEY];
	int64_t at; /* wall time of the first point */
	/* A thrown thing: its path, in pixels of width x height.  path_n 0: a lane. */
	struct incident incident;
	struct path_point path[ANALYSE_PATH_MAX];
	int64_t path_offset; /* packets' wall time minus path stamps */
	int lane;            /* index, for a lane */
	struct packet *packets[EVIDENCE_PACKETS];
	size_t n;
	int64_t due; /* wall time of the last packet wanted */
};
struct evidence_desk *evidence_start(struct station *st);
/* Takes the job over.  False: too many wait; it is dropped and counted. */
bool evidence_give(struct evidence_desk *d, struct evidence_job *job);
void evidence_job_free(struct evidence_job *job);
/* Ends after what was given, or after 'wait'. */
void evidence_stop(struct evidence_desk *d, int64_t wait);
struct evidence_stats {
	int64_t made, failed, dropped, waiting;
};
struct evidence_stats evidence_stats(struct evidence_desk *d);
/* The work itself, in the caller's thread: clip, still, shared copy and facts
 * into the spool.  The result is the first failure; what could be made is there. */
enum rc evidence_make(struct station *st, const struct evidence_job *job, struct decode_error *err);

/* ---- cameras (camera.c) --------------------------------------------------------------- */

struct camera;
struct camera *camera_start(struct station *st, const struct camera_setting *setting, unsigned index);
bool camera_ended(struct camera *c); /* its recording is over */
void camera_stop(struct camera *c);  /* after st->stop; waits for its threads */
/* One line of counters since the last call, and a heartbeat when it lives. */
void camera_minute(struct camera *c);
void camera_heartbeat(struct camera *c);

#endif
