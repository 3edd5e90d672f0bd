/* camera.c - one camera: decode, look, tell.  The thread here follows the ring
 * of the smaller stream there is; evidence comes from the larger one.
 */
#include "lens/camera_inner.h"

#include "lens/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEHIND   (1500 * MILLI) /* farther behind live pictures: jump to the newest key frame */
#define SUB_RING (2 << 20)

/* ---- one picture ----------------------------------------------------------------------- */

static void look_at_health(struct camera *c, const struct frame *f)
{
	if (health_look(&c->health, f))
		camera_tell_health(c, f->pts_us + c->correction);
}

static void look(struct camera *c, struct frame *f)
{
	c->count.decoded++;
	c->width = f->width;
	c->height = f->height;
	look_at_health(c, f);
	/* A camera that looks elsewhere says nothing about its lanes. */
	if (f->key && c->health.word == HEALTH_FINE)
		camera_look_at_lanes(c, f);
	camera_look_inside(c, f);
	if (c->analyser)
		analyser_feed(c->analyser, f, camera_found, c);
	else
		frame_release(f);
}

static void take_pictures(struct camera *c)
{
	struct decode_error err;
	struct frame f;
	enum rc rc;

	while ((rc = codec_receive(c->codec, &f, &err)) == RC_OK) {
		f.pts_us += c->zero;
		if (f.pts_us <= c->last_pts) {
			c->count.backwards++;
			frame_release(&f);
			continue;
		}
		c->last_pts = f.pts_us;
		look(c, &f);
	}
	if (rc != RC_MISSING)
		camera_broken(c, &err);
}

/* ---- one packet --------------------------------------------------------------------------- */

static void close_codec(struct camera *c)
{
	if (c->codec && codec_send(c->codec, NULL, NULL) == RC_OK)
		take_pictures(c);
	codec_close(c->codec);
	stream_free(c->stream);
	c->codec = NULL;
	c->stream = NULL;
	if (c->analyser)
		analyser_flush(c->analyser, camera_found, c);
}

/* Another connection, file or clock: time starts anew, but goes on growing. */
static void new_epoch(struct camera *c, const struct packet *p)
{
	close_codec(c);
	c->epoch = p->epoch;
	c->zero = p->wall - p->pts_us;
	if (c->last_pts && p->pts_us + c->zero <= c->last_pts + SECOND)
		c->zero = c->last_pts + 2 * SECOND - p->pts_us;
}

static bool ready(struct camera *c, const struct packet *p)
{
	struct codec_option o = { .keys = c->keys_only, .max_pixels = c->setting->max_pixels };
	struct decode_error err;

	if (p->epoch != c->epoch)
		new_epoch(c, p);
	if (c->codec && c->stream != p->stream)
		close_codec(c);
	if (c->codec)
		return true;
	if (!p->key) {
		c->count.before_key++;
		return false;
	}
	if (codec_open(p->stream, &o, &c->codec, &err) != RC_OK) {
		camera_broken(c, &err);
		return false;
	}
	c->stream = stream_ref(p->stream);
	return true;
}

static void decode(struct camera *c, const struct packet *p)
{
	struct decode_error err;

	if (!ready(c, p))
		return;
	c->correction = p->wall - (p->pts_us + c->zero);
	c->newest = p->wall;
	if (c->keys_only && !p->key) {
		c->count.not_key++;
		return;
	}
	while (sem_wait(&c->st->gate) != 0)
		;
	if (codec_send(c->codec, p, &err) != RC_OK)
		camera_broken(c, &err);
	take_pictures(c);
	sem_post(&c->st->gate);
}

/* ---- the thread ------------------------------------------------------------------------------- */

static void *run(void *self)
{
	struct camera *c = self;
	bool end = false, live = input_is_net(c->setting->input);
	int64_t behind = live || c->setting->pace ? BEHIND : 0;

	while (!end && !atomic_load(&c->st->stop)) {
		struct packet *p = ring_follow(c->eyes, 200 * MILLI, behind, &c->loss, &end);

		pthread_mutex_lock(&c->lock);
		if (p)
			decode(c, p);
		camera_watch_connection(c);
		camera_finish_evidence(c, false);
		pthread_mutex_unlock(&c->lock);
		packet_free(p);
	}
	pthread_mutex_lock(&c->lock);
	close_codec(c);
	camera_finish_evidence(c, true);
	pthread_mutex_unlock(&c->lock);
	atomic_store(&c->ended, true);
	return NULL;
}

static void make_eyes(struct camera *c)
{
	const struct camera_setting *s = c->setting;
	struct analyser_config config = { .calibration = s->has_calibration ? &s->calibration : NULL,
					  .zones = s->zones_n ? s->zones : NULL,
					  .zones_n = s->zones_n,
					  .light_debris = s->debris,
					  .storm_max = s->storm_max };

	if (s->thrown)
		c->analyser = analyser_new(&config);
	for (int i = 0; i < s->lanes_n; i++)
		c->lanes[i] = lane_new(&s->lanes[i].config);
	c->plug = s->detector.command[0] ? plug_new(&s->detector, s->name) : NULL;
	c->keys_only = !s->thrown && c->plug == NULL;
	health_init(&c->health);
}

struct camera *camera_start(struct station *st, const struct camera_setting *setting, unsigned index)
{
	struct camera *c = mem_new(sizeof(*c));
	bool waits = !input_is_net(setting->input) && !setting->pace;

	c->st = st;
	c->setting = setting;
	c->index = index;
	pthread_mutex_init(&c->lock, NULL);
	make_eyes(c);
	c->main = ring_new((size_t)setting->ring_bytes, waits && setting->sub == NULL);
	c->sub = setting->sub ? ring_new(SUB_RING, waits) : NULL;
	c->eyes = c->sub ? c->sub : c->main;
	c->main_reader = reader_start(st, setting, setting->input, c->main);
	c->sub_reader = c->sub ? reader_start(st, setting, setting->sub, c->sub) : NULL;
	if (pthread_create(&c->thread, NULL, run, c) != 0)
		fatal("lens: no thread for a camera");
	return c;
}

bool camera_ended(struct camera *c)
{
	return atomic_load(&c->ended);
}

void camera_stop(struct camera *c)
{
	pthread_join(c->thread, NULL);
	reader_stop(c->main_reader);
	reader_stop(c->sub_reader);
	plug_free(c->plug);
	analyser_free(c->analyser);
	for (int i = 0; i < c->setting->lanes_n; i++)
		lane_free(c->lanes[i]);
	for (int i = 0; i < c->jobs_n; i++)
		evidence_job_free(c->jobs[i]);
	ring_free(c->main);
	ring_free(c->sub);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
