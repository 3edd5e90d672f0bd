/* camera_inner.h - what the files of one camera share. */
#ifndef LENS_CAMERA_INNER_H
#define LENS_CAMERA_INNER_H

#include "lens/analyse.h"
#include "lens/health.h"
#include "lens/plug.h"
#include "lens/reader.h"
#include "lens/station.h"

enum { JOBS_MAX = 4, TOLD_MAX = 32 };

/* Pictures and packets that were not looked at, and why; they only grow. */
struct camera_count {
	int64_t decoded, backwards, broken, before_key, not_key;
	int64_t thrown, lane, object, health;
	int64_t held_back;   /* by storm control */
	int64_t no_evidence; /* too many findings at once */
};

struct camera {
	struct station *st;
	const struct camera_setting *setting;
	unsigned index;
	pthread_t thread;
	pthread_mutex_t lock; /* of all below but the rings and readers */
	atomic_bool ended;
	struct ring *main, *sub, *eyes; /* eyes: the one that is looked at */
	struct stream_reader *main_reader, *sub_reader;

	struct codec *codec;
	struct stream *stream; /* of the codec */
	bool keys_only;
	unsigned epoch;
	int64_t zero;       /* analysis time minus stamp, fixed within an epoch */
	int64_t correction; /* wall time minus analysis time, as known best */
	int64_t newest;     /* wall time of the newest packet looked at */
	int64_t last_pts;
	int width, height;

	struct analyser *analyser;
	struct lane *lanes[LANES_MAX];
	struct health health;
	struct plug *plug;

	struct evidence_job *jobs[JOBS_MAX]; /* wait for the seconds after */
	int jobs_n;
	int64_t told[TOLD_MAX]; /* wall times of the newest findings */
	unsigned told_at;
	bool lost;           /* told that it is away */
	bool silent;         /* open paths were judged */
	int64_t quiet_since; /* monotonic; no packet since */

	struct camera_count count, at_minute;
	struct ring_loss loss, loss_at_minute;
	struct analyser_stats seen_at_minute;
	int64_t broken_said; /* monotonic */
};

/* camera_tell.c; all under the lock. */
void camera_found(void *self, const struct incident *i);
void camera_look_at_lanes(struct camera *c, const struct frame *f);
void camera_look_inside(struct camera *c, const struct frame *f);
void camera_tell_health(struct camera *c, int64_t at);
void camera_watch_connection(struct camera *c);
void camera_broken(struct camera *c, const struct decode_error *err);
/* Hands over what is due ('all': everything). */
void camera_finish_evidence(struct camera *c, bool all);

#endif
