/* writer.h - one thread, one connection, all writes: units of work run in the
 * order they came, each in its own savepoint, and share a COMMIT (group
 * commit): up to 64 units or 5 ms of running, whichever is first; an empty
 * queue commits at once.
 */
#ifndef WRITER_H
#define WRITER_H

#include "store/store.h"

struct writer;

/* One unit of work.  'run' works inside a savepoint; not RC_OK rolls just this
 * unit back.  'done' is called on the writer's thread exactly once: after the
 * COMMIT that holds the unit, or with the failure.  The unit is the caller's
 * memory and is not touched after 'done'. */
struct unit {
	enum rc (*run)(struct conn *c, void *arg);
	void (*done)(void *arg, enum rc rc);
	void *arg;
	struct unit *next; /* the writer's */
	enum rc rc;        /* the writer's */
};

struct writer_counts {
	int64_t units, commits, failed, queued;
	int64_t commit_us; /* sum of time in COMMIT */
};

/* Takes over 'c' (closed by writer_stop).  'queue' units may wait. */
struct writer *writer_start(struct conn *c, size_t queue);
/* 'fn' is called on the writer's thread after the 'done' of all units that
 * shared a COMMIT: what they can do together.  Before the first submit. */
void writer_after(struct writer *w, void (*fn)(void *arg), void *arg);
/* RC_BUSY when the queue is full or the writer stops: the unit is then still
 * the caller's and 'done' is not called. */
enum rc writer_submit(struct writer *w, struct unit *u) MUST_USE;
/* Submits and waits; not from the writer's own thread. */
enum rc writer_run(struct writer *w, enum rc (*run)(struct conn *c, void *arg), void *arg) MUST_USE;
void writer_stop(struct writer *w); /* runs what is queued first */
struct writer_counts writer_counts(struct writer *w);

#endif
