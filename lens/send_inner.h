/* send_inner.h - what the files of the sender share. */
#ifndef LENS_SEND_INNER_H
#define LENS_SEND_INNER_H

#include "lens/post.h"
#include "lens/send.h"

#include <pthread.h>

enum { BEAT_MOST = 512 };

struct sender {
	struct sender_option o;
	struct spool *spool;
	struct post *post;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping, woken;
	char beats[SEND_CAMERAS][BEAT_MOST]; /* newest heartbeat of each; "": sent */
	struct sender_stats stats;
	int64_t pause; /* before the next try */
	uint32_t dice;
};

/* Counts and says it; RC_BUSY. */
enum rc sender_no_answer(struct sender *s, const struct post_answer *answer) MUST_USE;
/* One file; *more: there was one.  RC_BUSY: the server does not answer. */
enum rc sender_evidence(struct sender *s, struct arena *a, bool *more) MUST_USE;

#endif
