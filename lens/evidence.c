/* evidence.c - clip, still, shared copy and facts of one finding; see station.h. */
#include "lens/station.h"

#include "lens/blur.h"
#include "lens/finding.h"
#include "lens/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SHARED_WIDTH = 960, JPEG_QUALITY = 5, JPEG_MOST = 8 << 20, CLIP_MOST = (8 << 20) - 65536 };
#define NEAR (1 * SECOND)

/* Hash before sealing: the facts speak of what was seen. */
static enum rc keep(struct station *st, const char *id, enum spool_kind kind, struct facts_file *fact, char *hash)
{
	char scrap[SPOOL_PATH];

	spool_scrap(st->spool, id, kind, scrap);
	TRY(seal_hash_file(scrap, hash, &fact->bytes));
	fact->name = spool_kinds[kind];
	fact->hash = hash;
	if (kind == SPOOL_CLIP)
		TRY(seal_file(&st->seal, scrap));
	return spool_adopt(st->spool, id, kind);
}

struct film_work {
	const struct evidence_job *job;
	struct film *film;
	struct blur *blur; /* for the film's size */
	char path[SPOOL_PATH];
	struct picture still; /* av NULL: none yet */
	int64_t still_at;     /* stamp wanted */
};

/* One decoded picture of the clip. */
static enum rc take_picture(struct film_work *w, const struct frame *f, struct decode_error *err)
{
	struct picture c;

	if (w->still.av == NULL && f->pts_us >= w->still_at) {
		TRY(picture_of(f, 0, &w->still));
	}
	if (w->job->incident.path_n == 0)
		return RC_OK;
	TRY(picture_of(f, SHARED_WIDTH, &c));
	enum rc rc = RC_OK;

	if (w->film == NULL) {
		w->blur = blur_new(w->job, c.width, c.height);
		rc = film_open(w->path, c.width, c.height, &w->film, err);
	}
	if (rc == RC_OK && c.width == blur_width(w->blur) && c.height == blur_height(w->blur)) {
		blur_apply(w->blur, &c);
		rc = film_add(w->film, &c);
	}
	picture_free(&c);
	return rc;
}

static enum rc take_all(struct codec *codec, struct film_work *w, struct decode_error *err)
{
	struct frame f;
	enum rc rc;

	while ((rc = codec_receive(codec, &f, err)) == RC_OK) {
		rc = take_picture(w, &f, err);
		frame_release(&f);
		TRY(rc);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

/* Decodes the clip once for both pictures. */
static enum rc watch_clip(struct film_work *w, const struct camera_setting *camera, struct decode_error *err)
{
	const struct evidence_job *job = w->job;
	struct codec_option o = { .exact = true, .max_pixels = camera->max_pixels, .keys = job->incident.path_n == 0 };
	struct codec *codec;

	TRY(codec_open(job->packets[0]->stream, &o, &codec, err));
	enum rc rc = RC_OK;

	for (size_t i = 0; i < job->n && rc == RC_OK; i++) {
		(void)!codec_send(codec, job->packets[i], NULL); /* a broken packet breaks a few pictures */
		rc = take_all(codec, w, err);
	}
	if (rc == RC_OK && codec_send(codec, NULL, NULL) == RC_OK)
		rc = take_all(codec, w, err);
	codec_close(codec);
	return rc;
}

/* The picture's stamp at which the thing was at the middle of its path. */
static int64_t still_stamp(const struct evidence_job *job)
{
	const struct packet *last = job->packets[job->n - 1];
	int64_t to_stamp = last->pts_us - last->wall;

	if (job->incident.path_n == 0)
		return last->pts_us - 30 * SECOND; /* the first key frame there is */
	return job->path[job->incident.path_n / 2].pts_us + job->path_offset + to_stamp;
}

static enum rc make_still(struct station *st, struct film_work *w, struct facts_file *fact, char *hash,
			  struct decode_error *err)
{
	struct arena *a = arena_new(JPEG_MOST);
	struct blur *b = blur_new(w->job, w->still.width, w->still.height);
	struct str jpeg;

	blur_apply(b, &w->still);
	blur_draw(b, &w->still);
	enum rc rc = picture_jpeg(a, &w->still, JPEG_QUALITY, &jpeg, err);

	if (rc == RC_OK) {
		seal_hash(jpeg, hash);
		*fact = (struct facts_file){ "still", hash, (int64_t)jpeg.n };
		rc = spool_put(st->spool, w->job->id, SPOOL_STILL, jpeg);
	}
	blur_free(b);
	arena_free(a);
	return rc;
}

static enum rc make_facts(struct station *st, const struct evidence_job *job, const struct facts_file *files, size_t n)
{
	struct arena *a = arena_new(1 << 20);
	struct incident i = job->incident;

	i.path = job->path;
	enum rc rc = spool_put(st->spool, job->id, SPOOL_FACTS,
			       finding_facts(a, str_of(job->camera->source), job->id, job->at, &i, files, n));

	arena_free(a);
	return rc;
}

static enum rc first_failure(enum rc a, enum rc b)
{
	return a != RC_OK ? a : b;
}

/* The server takes films of 8 MiB.  What is farthest from the fall goes first:
 * whole groups of pictures at the front, then the end. */
static void fit_to_server(const struct evidence_job *job, size_t *from, size_t *n)
{
	int64_t start = job->at - NEAR, end = job->due - EVIDENCE_AFTER + NEAR;
	size_t bytes = 0;

	for (size_t i = 0; i < job->n; i++)
		bytes += job->packets[i]->bytes;
	*from = 0;
	*n = job->n;
	for (size_t i = 1; bytes > CLIP_MOST && i < job->n && job->packets[i]->wall <= start; i++)
		if (job->packets[i]->key)
			for (; *from < i; (*from)++, (*n)--)
				bytes -= job->packets[*from]->bytes;
	for (; bytes > CLIP_MOST && *n > 1 && job->packets[*from + *n - 1]->wall > end; (*n)--)
		bytes -= job->packets[*from + *n - 1]->bytes;
}

enum rc evidence_make(struct station *st, const struct evidence_job *job, struct decode_error *err)
{
	struct film_work w = { .job = job };
	struct facts_file files[3] = { { 0 } };
	char hashes[3][HASH_HEX];
	size_t n = 0;
	bool thrown = job->incident.path_n > 0;
	enum rc rc = RC_OK;

	if (job->n == 0 || !job->packets[0]->key)
		return RC_MISSING;
	if (thrown) {
		size_t from, clip_n;

		fit_to_server(job, &from, &clip_n);
		spool_scrap(st->spool, job->id, SPOOL_CLIP, w.path);
		rc = clip_write(w.path, job->packets + from, clip_n, err);
		if (rc == RC_OK)
			rc = keep(st, job->id, SPOOL_CLIP, &files[n], hashes[n]);
		n += rc == RC_OK;
	}
	spool_scrap(st->spool, job->id, SPOOL_SHARED, w.path);
	w.still_at = still_stamp(job);
	enum rc seen = watch_clip(&w, job->camera, err);

	rc = first_failure(rc, seen);
	if (w.still.av) {
		enum rc still = make_still(st, &w, &files[n], hashes[n], err);

		n += still == RC_OK;
		rc = first_failure(rc, still);
		picture_free(&w.still);
	}
	if (w.film) {
		enum rc film = film_close(w.film);

		if (film == RC_OK && seen == RC_OK)
			film = keep(st, job->id, SPOOL_SHARED, &files[n], hashes[n]);
		else
			unlink(w.path);
		n += film == RC_OK && seen == RC_OK;
		rc = first_failure(rc, film);
	}
	blur_free(w.blur);
	return thrown ? first_failure(rc, make_facts(st, job, files, n)) : rc;
}

/* ---- the desk: one thread, one finding after the other ------------------------------------ */

struct evidence_desk {
	struct station *st;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct evidence_job *waiting[EVIDENCE_WAITING];
	unsigned n;
	bool stopping;
	struct evidence_stats stats;
};

void evidence_job_free(struct evidence_job *job)
{
	if (job == NULL)
		return;
	for (size_t i = 0; i < job->n; i++)
		packet_free(job->packets[i]);
	free(job);
}

static struct evidence_job *next_job(struct evidence_desk *d)
{
	struct evidence_job *job = NULL;

	pthread_mutex_lock(&d->lock);
	while (d->n == 0 && !d->stopping)
		pthread_cond_wait(&d->changed, &d->lock);
	if (d->n > 0) {
		job = d->waiting[0];
		d->n--;
		memmove(d->waiting, d->waiting + 1, d->n * sizeof(struct evidence_job *));
	}
	pthread_mutex_unlock(&d->lock);
	return job;
}

static void *run(void *self)
{
	struct evidence_desk *d = self;
	struct evidence_job *job;

	/* Films can wait; watching cannot.  On Linux this is the thread's own. */
	setpriority(PRIO_PROCESS, 0, 10);
	while ((job = next_job(d)) != NULL) {
		struct decode_error err = { "" };
		enum rc rc = evidence_make(d->st, job, &err);

		if (rc != RC_OK)
			note(NOTE_WARN, "evidence_failed", job->camera->name, "event=%s rc=%d reason=%s", job->id,
			     (int)rc, NOTE_VALUE(err.text));
		pthread_mutex_lock(&d->lock);
		d->stats.made += rc == RC_OK;
		d->stats.failed += rc != RC_OK;
		pthread_mutex_unlock(&d->lock);
		evidence_job_free(job);
		if (d->st->sender)
			sender_wake(d->st->sender);
	}
	return NULL;
}

struct evidence_desk *evidence_start(struct station *st)
{
	struct evidence_desk *d = mem_new(sizeof(*d));

	d->st = st;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->changed, NULL);
	if (pthread_create(&d->thread, NULL, run, d) != 0)
		fatal("lens: no thread for evidence");
	return d;
}

bool evidence_give(struct evidence_desk *d, struct evidence_job *job)
{
	bool room;

	pthread_mutex_lock(&d->lock);
	room = d->n < EVIDENCE_WAITING && !d->stopping;
	if (room)
		d->waiting[d->n++] = job;
	else
		d->stats.dropped++;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
	if (!room)
		evidence_job_free(job);
	return room;
}

void evidence_stop(struct evidence_desk *d, int64_t wait)
{
	int64_t t = clock_now(clock_system()) + wait;
	struct timespec until = { .tv_sec = t / SECOND, .tv_nsec = t % SECOND * 1000 };

	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	pthread_cond_broadcast(&d->changed);
	pthread_mutex_unlock(&d->lock);
	if (pthread_timedjoin_np(d->thread, NULL, &until) != 0) {
		pthread_mutex_lock(&d->lock);
		for (; d->n > 0; d->stats.dropped++)
			evidence_job_free(d->waiting[--d->n]);
		pthread_mutex_unlock(&d->lock);
		pthread_join(d->thread, NULL); /* the one in hand is finished */
	}
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->changed);
	free(d);
}

struct evidence_stats evidence_stats(struct evidence_desk *d)
{
	pthread_mutex_lock(&d->lock);
	struct evidence_stats s = d->stats;

	s.waiting = d->n;
	pthread_mutex_unlock(&d->lock);
	return s;
}
