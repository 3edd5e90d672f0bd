/* send.c - see send.h. */
#include "lens/send.h"

#include "base/json.h"
#include "lens/note.h"
#include "lens/send_inner.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_MOST = 65536, ARENA = 16 << 20, PAUSE_MOST_S = 60 };
#define WAITING (60 * SECOND) /* for what may be taken later */

/* ---- what the answer says ----------------------------------------------------------------- */

static bool may_be_taken_later(struct str code)
{
	static const char *const words[] = { "quarantined", "unknown_source", "not_your_source", "device_refused" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(code, words[i]))
			return true;
	return false;
}

static void settle(struct sender *s, const struct spool_file *f, const struct json *result)
{
	struct str verdict = json_get_text(result, "verdict"), code = json_get_text(result, "code");

	if (str_is(verdict, "refused") && may_be_taken_later(code)) {
		spool_later(s->spool, f, clock_now(clock_system()) + WAITING);
		return;
	}
	bool refused = str_is(verdict, "refused");

	if (refused) {
		char word[64];

		snprintf(word, sizeof(word), FMT_STR, ARG_STR(code));
		note(NOTE_WARN, "event_refused", NULL, "event=%s code=%s", f->key, NOTE_VALUE(word));
	}
	pthread_mutex_lock(&s->lock);
	s->stats.taken += !refused && !str_is(verdict, "duplicate");
	s->stats.duplicate += str_is(verdict, "duplicate");
	s->stats.refused += refused;
	pthread_mutex_unlock(&s->lock);
	spool_remove(s->spool, f, refused);
}

static const struct json *result_of(const struct json *answer, size_t i)
{
	const struct json *list = json_get(answer, "results");

	for (const struct json *r = list && list->kind == J_LIST ? list->child : NULL; r; r = r->next)
		if (json_get_int(r, "i", -1) == (int64_t)i)
			return r;
	return NULL;
}

/* An answer to the batch as a whole that is no verdict on its events. */
static enum rc whole(struct sender *s, const struct post_answer *answer, const struct json **ret, struct arena *a)
{
	struct json *j = NULL;
	struct json_error err;
	bool understood = (answer->status == 200 || answer->status == 207) &&
			  json_parse(a, answer->body, 0, &j, &err) == RC_OK && json_get(j, "accepted");

	pthread_mutex_lock(&s->lock);
	s->stats.connected = understood;
	s->stats.failures += !understood;
	pthread_mutex_unlock(&s->lock);
	*ret = j;
	if (understood)
		return RC_OK;
	note(NOTE_WARN, "server_answers", NULL, "status=%ld", answer->status);
	return answer->status == 401 || answer->status == 403 ? RC_DENIED : RC_BUSY;
}

/* ---- events --------------------------------------------------------------------------------- */

static bool read_file(struct arena *a, const char *path, struct str *ret)
{
	char *p = arena_alloc(a, EVENT_MOST);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, p, EVENT_MOST);

	if (fd >= 0)
		close(fd);
	*ret = (struct str){ p, n > 0 ? (size_t)n : 0 };
	return n > 0 && n < EVENT_MOST;
}

enum rc sender_no_answer(struct sender *s, const struct post_answer *answer)
{
	pthread_mutex_lock(&s->lock);
	s->stats.connected = false;
	s->stats.failures++;
	pthread_mutex_unlock(&s->lock);
	note(NOTE_WARN, "server_away", NULL, "reason=%s", NOTE_VALUE(answer->error));
	return RC_BUSY;
}

/* One request; *more: there was something to send. */
static enum rc send_events(struct sender *s, struct arena *a, bool *more)
{
	struct spool_file *files = NEW_N(a, struct spool_file, SEND_BATCH);
	size_t n = spool_events(s->spool, clock_now(clock_system()), files, SEND_BATCH), kept = 0;
	struct buf body = buf_new(a, SEND_BATCH * EVENT_MOST);
	struct post_answer answer;
	const struct json *j;

	*more = n > 0;
	json_open(&body, '[');
	for (size_t i = 0; i < n && body.n < 2 * 1024 * 1024; i++) {
		struct str event;
		struct json *whole_event;
		struct json_error err;

		/* A damaged file must not block those behind it. */
		if (!read_file(a, files[i].path, &event) || json_parse(a, event, 0, &whole_event, &err) != RC_OK) {
			spool_remove(s->spool, &files[i], true);
			continue;
		}
		json_raw(&body, event);
		files[kept++] = files[i];
	}
	json_close(&body, ']');
	if (kept == 0)
		return RC_OK;
	if (post_text(s->post, a, "/api/sensing/events", "application/cloudevents-batch+json", buf_str(&body),
		      &answer) != RC_OK)
		return sender_no_answer(s, &answer);
	TRY(whole(s, &answer, &j, a));
	for (size_t i = 0; i < kept; i++)
		settle(s, &files[i], result_of(j, i));
	return RC_OK;
}

static enum rc send_beats(struct sender *s, struct arena *a)
{
	struct buf body = buf_new(a, SEND_CAMERAS * BEAT_MOST + 1024);
	struct post_answer answer;
	const struct json *j;
	size_t n = 0;

	json_open(&body, '[');
	pthread_mutex_lock(&s->lock);
	for (unsigned i = 0; i < SEND_CAMERAS; i++)
		if (s->beats[i][0]) {
			json_raw(&body, arena_dup(a, str_of(s->beats[i])));
			s->beats[i][0] = '\0';
			n++;
		}
	pthread_mutex_unlock(&s->lock);
	json_close(&body, ']');
	if (n == 0)
		return RC_OK;
	if (post_text(s->post, a, "/api/sensing/events", "application/cloudevents-batch+json", buf_str(&body),
		      &answer) != RC_OK)
		return sender_no_answer(s, &answer);
	return whole(s, &answer, &j, a);
}

/* ---- the thread --------------------------------------------------------------------------------- */

static void wait_for(struct sender *s, int64_t span)
{
	int64_t t = clock_monotonic() + span;
	struct timespec until = { .tv_sec = t / SECOND, .tv_nsec = t % SECOND * 1000 };

	pthread_mutex_lock(&s->lock);
	while (!s->woken && !s->stopping)
		if (pthread_cond_timedwait(&s->wake, &s->lock, &until) != 0)
			break;
	s->woken = false;
	pthread_mutex_unlock(&s->lock);
}

/* Everything there is; RC_BUSY: the server does not answer. */
static enum rc send_all(struct sender *s, struct arena *a)
{
	bool more = true;

	while (more) {
		arena_reset(a);
		TRY(send_events(s, a, &more));
	}
	arena_reset(a);
	TRY(send_beats(s, a));
	more = true;
	while (more) {
		arena_reset(a);
		TRY(sender_evidence(s, a, &more));
		bool events;

		TRY(send_events(s, a, &events)); /* an alarm does not wait behind films */
	}
	return RC_OK;
}

static int64_t shortened(struct sender *s, int64_t pause)
{
	s->dice = s->dice * 1664525 + 1013904223;
	return pause - (int64_t)((double)pause * 0.5 * (double)(s->dice >> 8) / (1 << 24));
}

static bool is_stopping(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	bool stopping = s->stopping;

	pthread_mutex_unlock(&s->lock);
	return stopping;
}

static void *run(void *self)
{
	struct sender *s = self;
	struct arena *a = arena_new(ARENA);

	while (!is_stopping(s)) {
		if (send_all(s, a) == RC_OK) {
			s->pause = 0;
			wait_for(s, 5 * SECOND);
			continue;
		}
		s->pause = s->pause == 0                          ? SECOND
			   : s->pause < PAUSE_MOST_S / 2 * SECOND ? 2 * s->pause
								  : PAUSE_MOST_S * SECOND;
		/* A wake-up is no reason to ask a server that does not answer. */
		int64_t until = clock_monotonic() + shortened(s, s->pause);

		while (!is_stopping(s) && clock_monotonic() < until)
			wait_for(s, until - clock_monotonic());
	}
	(void)!send_all(s, a); /* once more, if it is quick: sender_stop sets the limit */
	arena_free(a);
	return NULL;
}

struct sender *sender_start(const struct sender_option *o)
{
	struct sender *s = mem_new(sizeof(*s));
	pthread_condattr_t attr;

	s->o = *o;
	s->spool = o->spool;
	s->post = post_new(o->url, o->device, o->ca_file);
	s->dice = (uint32_t)clock_monotonic();
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&s->thread, NULL, run, s) != 0)
		fatal("lens: no thread for the sender");
	return s;
}

void sender_stop(struct sender *s, int64_t wait)
{
	int64_t t = clock_now(clock_system()) + wait;
	struct timespec until = { .tv_sec = t / SECOND, .tv_nsec = t % SECOND * 1000 };

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (pthread_timedjoin_np(s->thread, NULL, &until) != 0) {
		post_stop(s->post);
		pthread_join(s->thread, NULL);
	}
	post_free(s->post);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s);
}

void sender_wake(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	s->woken = true;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

void sender_heartbeat(struct sender *s, unsigned camera, struct str event)
{
	if (camera >= SEND_CAMERAS || event.n >= BEAT_MOST)
		return;
	pthread_mutex_lock(&s->lock);
	memcpy(s->beats[camera], event.p, event.n);
	s->beats[camera][event.n] = '\0';
	pthread_mutex_unlock(&s->lock);
}

struct sender_stats sender_stats(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	struct sender_stats st = s->stats;

	pthread_mutex_unlock(&s->lock);
	return st;
}
