/* thread.h - threads with names, and a bounded queue between them. */
#ifndef SYS_THREAD_H
#define SYS_THREAD_H

#include "base/base.h"

#include <pthread.h>

/* Signals stay blocked in the new thread, so that only main takes them.
 * 'name' is cut to 15 bytes.  RC_BUSY: the system gives no thread. */
enum rc thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg) MUST_USE;
void thread_join(pthread_t t);

/* Many writers, many readers, first in first out.  Items are not owned. */
struct queue;
struct queue *queue_new(size_t capacity);
void queue_free(struct queue *q); /* nobody may be inside any more; NULL allowed */
/* RC_BUSY: full; RC_MISSING: closed.  Never waits. */
enum rc queue_push(struct queue *q, void *item) MUST_USE;
/* Waits for room up to 'wait' microseconds (negative: for ever). */
enum rc queue_push_wait(struct queue *q, void *item, int64_t wait) MUST_USE;
/* Next item; NULL after 'wait' microseconds (negative: for ever) or when the
 * queue is closed and empty. */
void *queue_pop(struct queue *q, int64_t wait);
/* Up to 'max' items at once: waits for the first only.  Returns the number. */
size_t queue_pop_many(struct queue *q, void **items, size_t max, int64_t wait);
/* No more pushes; what is inside can still be popped; wakes all waiters. */
void queue_close(struct queue *q);
bool queue_is_closed(struct queue *q);
size_t queue_length(struct queue *q);

#endif
