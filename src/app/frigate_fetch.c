/* frigate_fetch.c - snapshots and clips of events that became alerts, by
 * Frigate's HTTP API (docs.frigate.video, "HTTP API": /api/events/{id}/
 * snapshot.jpg and clip.mp4). */
#include "app/frigate_link.h"
#include "sys/client.h"
#include "sys/log.h"
#include "sys/thread.h"

#include <stdlib.h>

enum { AT_ONCE = 8, PATIENCE_S = 30, ARENA_BYTES = FILES_VIDEO_MOST * 3 };

struct frigate_fetch {
	struct frigate_link_config c;
	struct arena *keep;
	struct http_client *http;
	int64_t poll;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stopping;
};

static const char *why(enum rc rc, unsigned status)
{
	if (rc == RC_LIMIT)
		return "too_large";
	if (rc != RC_OK)
		return "no_answer";
	return status == 200 ? NULL : status == 404 || status == 400 ? "missing" : "no_answer";
}

static enum rc fetch_one(struct frigate_fetch *f, struct arena *a, const struct sensing_wanted *w)
{
	bool clip = w->kind == FILES_CLIP;
	struct str url = arena_fmt(a, "%s/api/events/" FMT_STR "/%s", f->c.http_url, ARG_STR(w->object),
				   clip ? "clip.mp4" : "snapshot.jpg");
	struct http_client_request q = { .url = url.p,
					 .timeout = PATIENCE_S * SECOND,
					 .max_body = clip ? FILES_VIDEO_MOST : FILES_IMAGE_MOST,
					 .allow_private = true };
	struct http_client_answer answer = { .status = 0 };
	enum rc rc = http_client_send(f->http, &q, a, &answer);
	const char *reason = why(rc, answer.status);

	if (reason == NULL && answer.body.n == 0)
		reason = "missing";
	return f->c.got(f->c.fetch_arg, a, w, answer.body, reason);
}

static void look(struct frigate_fetch *f)
{
	struct sensing_wanted w[AT_ONCE];
	struct arena *list = arena_new(1 << 20);
	size_t n = 0;
	enum rc rc = f->c.wants(f->c.fetch_arg, f->c.gateway_id, list, AT_ONCE, w, &n);

	for (size_t i = 0; i < n && rc == RC_OK; i++) {
		struct arena *a = arena_new(ARENA_BYTES);

		rc = fetch_one(f, a, &w[i]);
		arena_free(a);
		pthread_mutex_lock(&f->lock);
		if (f->stopping)
			rc = RC_BUSY;
		pthread_mutex_unlock(&f->lock);
	}
	if (rc != RC_OK)
		LOG(f->c.log, LEVEL_WARN, "frigate", "pictures", LOG_INT("rc", rc));
	arena_free(list);
}

static void *run(void *arg)
{
	struct frigate_fetch *f = arg;

	pthread_mutex_lock(&f->lock);
	while (!f->stopping) {
		pthread_mutex_unlock(&f->lock);
		look(f);
		pthread_mutex_lock(&f->lock);
		int64_t until = clock_monotonic() + f->poll;
		struct timespec t = { .tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000 };

		while (!f->stopping && pthread_cond_timedwait(&f->wake, &f->lock, &t) == 0)
			;
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

enum rc frigate_fetch_open(const struct frigate_link_config *c, int64_t poll, struct frigate_fetch **ret)
{
	struct frigate_fetch *f = mem_new(sizeof(*f));
	pthread_condattr_t attr;

	f->c = *c;
	f->keep = arena_new(1 << 16);
	f->c.http_url = arena_dup(f->keep, str_of(c->http_url)).p;
	f->c.gateway_id = arena_dup(f->keep, c->gateway_id);
	f->poll = poll;
	f->http = http_client_new();
	pthread_mutex_init(&f->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&f->wake, &attr);
	pthread_condattr_destroy(&attr);
	*ret = f;
	return thread_start(&f->thread, "frigate-files", run, f);
}

void frigate_fetch_close(struct frigate_fetch *f)
{
	if (f == NULL)
		return;
	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	pthread_cond_broadcast(&f->wake);
	pthread_mutex_unlock(&f->lock);
	thread_join(f->thread);
	if (f->c.fetch_done)
		f->c.fetch_done(f->c.fetch_arg);
	http_client_free(f->http);
	pthread_cond_destroy(&f->wake);
	pthread_mutex_destroy(&f->lock);
	arena_free(f->keep);
	free(f);
}
