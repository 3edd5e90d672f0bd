/* plug.c - see plug.h: one thread that runs the program and asks it. */
#include "lens/plug.h"

#include "lens/decode.h"
#include "lens/note.h"
#include "lens/plug_inner.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const plug_states[] = { "off: no detector", "starting", "ready", "down" };

enum { FINDINGS = 8, SEEN_MAX = 8, PICTURE_MOST = 16 << 20, GREETING_TIMES = 10 };
#define AWAY       MINUTE /* not seen for so long: its next coming is told again */
#define PAUSE_MOST (60 * SECOND)

struct plug {
	const struct detector_setting *d;
	const char *camera;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool stopping;
	/* What the camera's thread left: a picture waiting to be asked about. */
	struct picture picture;
	int64_t picture_pts;
	bool has_picture;
	struct motion motion;
	int64_t asked_pts;
	struct sightings seen;
	struct plug_finding found[FINDINGS];
	unsigned found_n;
	struct plug_stats stats;
	struct child child;
	int64_t pause;
};

static bool stopping(struct plug *p)
{
	pthread_mutex_lock(&p->lock);
	bool s = p->stopping;

	pthread_mutex_unlock(&p->lock);
	return s;
}

static void set_state(struct plug *p, enum plug_state state)
{
	pthread_mutex_lock(&p->lock);
	p->stats.state = state;
	pthread_mutex_unlock(&p->lock);
}

/* ---- the camera's side -------------------------------------------------------------- */

void plug_offer(struct plug *p, const struct frame *f)
{
	struct picture c;
	int64_t step = (int64_t)((double)SECOND / p->d->rate);

	if (f->pts_us >= p->asked_pts && f->pts_us - p->asked_pts < step)
		return;
	p->asked_pts = f->pts_us;
	bool moving = motion_look(&p->motion, &p->d->area, f);

	pthread_mutex_lock(&p->lock);
	bool wanted = p->stats.state == PLUG_READY && !p->has_picture;

	pthread_mutex_unlock(&p->lock);
	if (!moving || !wanted || picture_of(f, p->d->width, &c) != RC_OK)
		return;
	pthread_mutex_lock(&p->lock);
	p->picture = c;
	p->picture_pts = f->pts_us;
	p->has_picture = true;
	p->stats.asked++;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

bool plug_take(struct plug *p, struct plug_finding *ret)
{
	pthread_mutex_lock(&p->lock);
	bool some = p->found_n > 0;

	if (some) {
		*ret = p->found[0];
		p->found_n--;
		memmove(p->found, p->found + 1, p->found_n * sizeof(p->found[0]));
	}
	pthread_mutex_unlock(&p->lock);
	return some;
}

struct plug_stats plug_stats(const struct plug *p)
{
	struct plug *q = (struct plug *)(uintptr_t)p; /* the lock is not part of what is const */

	if (p == NULL)
		return (struct plug_stats){ .state = PLUG_OFF };
	pthread_mutex_lock(&q->lock);
	struct plug_stats s = p->stats;

	pthread_mutex_unlock(&q->lock);
	return s;
}

/* ---- one question --------------------------------------------------------------------- */

static bool wait_for_picture(struct plug *p, struct picture *c, int64_t *pts)
{
	pthread_mutex_lock(&p->lock);
	while (!p->has_picture && !p->stopping)
		pthread_cond_wait(&p->changed, &p->lock);
	bool some = p->has_picture && !p->stopping;

	if (some) {
		*c = p->picture;
		*pts = p->picture_pts;
		p->has_picture = false;
	}
	pthread_mutex_unlock(&p->lock);
	return some;
}

static void keep_findings(struct plug *p, const struct plug_box *boxes, size_t n, int64_t pts)
{
	pthread_mutex_lock(&p->lock);
	p->stats.answered++;
	for (int k = 0; p->d->labels[k]; k++) {
		const struct plug_box *best = NULL;

		for (size_t i = 0; i < n; i++)
			if (strcmp(boxes[i].label, p->d->labels[k]) == 0 && boxes[i].score >= p->d->least &&
			    box_in_area(&boxes[i], &p->d->area) && (best == NULL || boxes[i].score > best->score))
				best = &boxes[i];
		if (!sighting_note(&p->seen, k, best != NULL, pts) || best == NULL || p->found_n == FINDINGS)
			continue;
		struct plug_finding *f = &p->found[p->found_n++];

		*f = (struct plug_finding){
			.score = best->score, .x = best->x + best->w / 2, .y = best->y + best->h / 2, .pts_us = pts
		};
		snprintf(f->label, sizeof(f->label), "%s", best->label);
	}
	pthread_mutex_unlock(&p->lock);
}

static enum rc ask(struct plug *p, const struct picture *c, int64_t pts, struct arena *a)
{
	struct plug_box boxes[PLUG_BOXES];
	size_t n;
	struct str rgb;
	char head[120];

	arena_reset(a);
	TRY(picture_rgb(a, c, &rgb));
	p->child.seq++;
	snprintf(head, sizeof(head), "frame %lld %d %d rgb24 %zu %lld\n", (long long)p->child.seq, c->width, c->height,
		 rgb.n, (long long)pts);
	int64_t until = clock_monotonic() + p->d->timeout_us;

	TRY(child_write(&p->child, str_of(head), until));
	TRY(child_write(&p->child, rgb, until));
	struct str line;

	TRY(child_line(&p->child, until, &line));
	TRY(plug_parse(a, line, p->child.seq, boxes, &n));
	keep_findings(p, boxes, n, pts);
	return RC_OK;
}

/* ---- the program's life ------------------------------------------------------------------ */

static enum rc start(struct plug *p, struct arena *a)
{
	struct str line;

	set_state(p, PLUG_STARTING);
	TRY(child_start(&p->child, p->d->command));
	pthread_mutex_lock(&p->lock);
	p->stats.starts++;
	pthread_mutex_unlock(&p->lock);
	/* A model takes its time to load. */
	TRY(child_line(&p->child, clock_monotonic() + GREETING_TIMES * p->d->timeout_us, &line));
	arena_reset(a);
	TRY(plug_greeting(a, line));
	set_state(p, PLUG_READY);
	note(NOTE_INFO, "detector_ready", p->camera, "starts=%lld", (long long)plug_stats(p).starts);
	return RC_OK;
}

static void serve(struct plug *p, struct arena *a)
{
	struct picture c;
	int64_t pts;
	enum rc rc = start(p, a);

	while (rc == RC_OK && wait_for_picture(p, &c, &pts)) {
		rc = ask(p, &c, pts, a);
		picture_free(&c);
		if (rc == RC_OK)
			p->pause = 0;
	}
	child_end(&p->child);
	if (rc == RC_OK)
		return;
	pthread_mutex_lock(&p->lock);
	p->stats.state = PLUG_DOWN;
	p->stats.timeouts += rc == RC_SLOWER;
	p->stats.nonsense += rc == RC_INVALID;
	pthread_mutex_unlock(&p->lock);
	note(NOTE_WARN, "detector_down", p->camera, "reason=%s",
	     rc == RC_SLOWER    ? "timeout"
	     : rc == RC_INVALID ? "nonsense"
	     : rc == RC_MISSING ? "no_program"
				: "ended");
}

static void rest(struct plug *p)
{
	p->pause = p->pause == 0 ? SECOND : 2 * p->pause < PAUSE_MOST ? 2 * p->pause : PAUSE_MOST;
	int64_t t = clock_now(clock_system()) + p->pause;
	struct timespec until = { .tv_sec = t / SECOND, .tv_nsec = t % SECOND * 1000 };

	pthread_mutex_lock(&p->lock);
	while (!p->stopping)
		if (pthread_cond_timedwait(&p->changed, &p->lock, &until) != 0)
			break;
	pthread_mutex_unlock(&p->lock);
}

static void *run(void *self)
{
	struct plug *p = self;
	struct arena *a = arena_new(PICTURE_MOST);

	while (!stopping(p)) {
		serve(p, a);
		if (!stopping(p))
			rest(p);
	}
	arena_free(a);
	return NULL;
}

struct plug *plug_new(const struct detector_setting *d, const char *camera)
{
	struct plug *p = mem_new(sizeof(*p));

	p->d = d;
	p->camera = camera;
	p->child = (struct child){ .pid = -1, .in = -1, .out = -1 };
	p->stats.state = PLUG_STARTING;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->changed, NULL);
	if (pthread_create(&p->thread, NULL, run, p) != 0)
		fatal("lens: no thread for a detector");
	return p;
}

void plug_free(struct plug *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	pthread_cond_broadcast(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	if (p->has_picture)
		picture_free(&p->picture);
	motion_done(&p->motion);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->changed);
	free(p);
}
