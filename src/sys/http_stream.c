/* http_stream.c - answers without an end, fed from any thread.
 *
 * The connection stays suspended while the queue is empty, so an idle stream
 * costs its two structs and no CPU.  Lock order: server, stream, libmicrohttpd.
 */
#include "sys/http_inner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { STREAM_BLOCK = 4096, STREAM_KEEP = 4096 };

struct http_stream {
	pthread_mutex_t lock;
	pthread_cond_t called;
	_Atomic unsigned refs;      /* the caller's, libmicrohttpd's, and those of running calls */
	struct MHD_Connection *mhd; /* NULL once the connection is over */
	char *queue;
	size_t from, n, cap; /* queue[from .. from + n) waits */
	bool parked, ended, failed, calling;
	pthread_t caller;
	http_stream_gone *gone;
	void *arg;
};

void stream_ref(struct http_stream *st)
{
	atomic_fetch_add_explicit(&st->refs, 1, memory_order_relaxed);
}

void stream_unref(struct http_stream *st)
{
	if (atomic_fetch_sub_explicit(&st->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_cond_destroy(&st->called);
	pthread_mutex_destroy(&st->lock);
	free(st->queue);
	free(st);
}

static void wake(struct http_stream *st)
{
	if (!st->parked)
		return;
	st->parked = false;
	MHD_resume_connection(st->mhd);
}

static ssize_t stream_read(void *cls, uint64_t at, char *out, size_t max)
{
	struct http_stream *st = cls;
	ssize_t ret = 0;
	(void)at;
	pthread_mutex_lock(&st->lock);
	if (st->failed) {
		ret = MHD_CONTENT_READER_END_WITH_ERROR;
	} else if (st->n > 0) {
		size_t take = st->n < max ? st->n : max;
		memcpy(out, st->queue + st->from, take);
		st->from += take;
		st->n -= take;
		ret = (ssize_t)take;
	} else if (st->ended) {
		ret = MHD_CONTENT_READER_END_OF_STREAM;
	} else {
		MHD_suspend_connection(st->mhd);
		st->parked = true;
	}
	if (st->n == 0) {
		st->from = 0;
		if (st->cap > STREAM_KEEP) {
			free(st->queue);
			st->queue = NULL;
			st->cap = 0;
		}
	}
	pthread_mutex_unlock(&st->lock);
	return ret;
}

void stream_end(struct http_stream *st, bool failed)
{
	pthread_mutex_lock(&st->lock);
	bool call = !st->ended && st->gone;
	if (!st->ended)
		st->failed = failed;
	st->ended = true;
	st->calling = st->calling || call;
	if (call)
		st->caller = pthread_self();
	wake(st);
	pthread_mutex_unlock(&st->lock);
	if (!call)
		return;
	st->gone(st->arg, st);
	pthread_mutex_lock(&st->lock);
	st->calling = false;
	pthread_cond_broadcast(&st->called);
	pthread_mutex_unlock(&st->lock);
}

void stream_detach(struct http_stream *st)
{
	pthread_mutex_lock(&st->lock);
	st->parked = false;
	st->mhd = NULL;
	pthread_mutex_unlock(&st->lock);
	stream_end(st, true);
	stream_unref(st);
}

static struct http_stream *stream_new(http_stream_gone *gone, void *arg)
{
	struct http_stream *st = mem_new(sizeof *st);
	pthread_mutex_init(&st->lock, NULL);
	pthread_cond_init(&st->called, NULL);
	atomic_init(&st->refs, 1);
	st->gone = gone;
	st->arg = arg;
	return st;
}

struct http_stream *http_stream_start(struct http_exchange *x, const char *type, http_stream_gone *gone, void *arg)
{
	struct http_header head[] = {
		{ "Content-Type", type },
		{ "Cache-Control", "no-store" },
		{ "X-Accel-Buffering", "no" },
	};
	struct http_stream *st = stream_new(gone, arg);
	if (!exchange_claim(x)) { /* the server is stopping and answered already */
		stream_ref(st);
		stream_detach(st);
		exchange_drop(x);
		return st;
	}
	struct http_server *s = x->server;
	stream_ref(st);
	st->mhd = x->mhd;
	x->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read, st, NULL);
	if (x->response == NULL)
		fatal("http: no memory for a stream");
	http_response_add(x->response, s, head, COUNT(head));
	x->status = 200;
	x->stream = st;
	arena_free(x->arena);
	free(x->body);
	x->arena = NULL;
	x->body = NULL;
	watch_stream(s, x->conn, st);
	exchange_answer(x);
	exchange_drop(x);
	return st;
}

static bool make_room(struct http_stream *st, size_t more)
{
	if (st->n + more > HTTP_STREAM_QUEUE)
		return false;
	if (st->from + st->n + more <= st->cap)
		return true;
	if (st->n > 0)
		memmove(st->queue, st->queue + st->from, st->n);
	st->from = 0;
	if (st->n + more <= st->cap)
		return true;
	size_t cap = st->cap ? st->cap : 512;
	while (cap < st->n + more)
		cap *= 2;
	char *grown = realloc(st->queue, cap);
	if (grown == NULL)
		return false;
	st->queue = grown;
	st->cap = cap;
	return true;
}

enum rc http_stream_send(struct http_stream *st, struct str bytes)
{
	enum rc rc = RC_OK;
	pthread_mutex_lock(&st->lock);
	if (st->ended) {
		rc = RC_MISSING;
	} else if (!make_room(st, bytes.n)) {
		st->ended = true;
		st->failed = true;
		rc = RC_LIMIT;
		wake(st);
	} else if (bytes.n > 0) {
		memcpy(st->queue + st->from + st->n, bytes.p, bytes.n);
		st->n += bytes.n;
		wake(st);
	}
	pthread_mutex_unlock(&st->lock);
	return rc;
}

void http_stream_close(struct http_stream *st)
{
	pthread_mutex_lock(&st->lock);
	st->ended = true;
	wake(st);
	while (st->calling && !pthread_equal(st->caller, pthread_self()))
		pthread_cond_wait(&st->called, &st->lock);
	pthread_mutex_unlock(&st->lock);
	stream_unref(st);
}
