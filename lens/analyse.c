#include "lens/analyse.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lens/blobs.h"
#include "lens/chains.h"
#include "lens/clock.h"
#include "lens/gravity.h"
#include "lens/incident.h"
#include "lens/shift.h"
#include "lens/threshold.h"
#include "lens/tracks.h"
#include "lens/zone.h"

enum { SMALLEST = 64, WARM_UP = 25, HELD = ANALYSE_HELD };
#define JUMP         SECOND /* in the stamps: what was followed before is gone */
#define CHANGED_MOST 0.10   /* of the picture: no thing is that large */

struct held {
	struct frame frame;
	int64_t time_us;    /* its stamp, laid out by the clock */
	struct shift shift; /* against the frame LAG before */
};

struct analyser {
	struct analyser_config config;
	struct zone zones[ANALYSE_ZONES_MAX];
	struct analyser_stats stats;
	struct view view;
	blip_fn *blip;
	/* from here on made anew for each size of picture */
	struct threshold threshold;
	uint32_t *mask, *zone_mask;
	struct blobs *blobs;
	struct tracks *tracks;
	struct chains *chains;
	struct track joined; /* work space */
	struct incidents *incidents;
	struct frame_clock clock;
	struct held held[HELD]; /* newest last */
	int held_n;
	int warm; /* frames analysed since the start */
	incident_fn *found;
	void *to;
};

const char *skip_word(enum skip s)
{
	static const char *const words[SKIP_N] = { "duplicate", "size", "time", "change" };

	return words[s];
}

/* CPU time of this thread: other cameras' threads do not count. */
static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct analyser *analyser_new(const struct analyser_config *config)
{
	struct analyser *a = mem_new(sizeof *a);

	a->config = *config;
	a->config.zones_n = config->zones_n > ANALYSE_ZONES_MAX ? ANALYSE_ZONES_MAX : config->zones_n;
	if (a->config.zones_n > 0)
		memcpy(a->zones, config->zones, (size_t)a->config.zones_n * sizeof *a->zones);
	a->view.calibrated = config->calibration != NULL;
	if (config->calibration)
		a->view.calibration = *config->calibration;
	a->blip = config->scalar ? blip_row_scalar : blip_best();
	return a;
}

static void drop_frames(struct analyser *a)
{
	for (int i = 0; i < a->held_n; i++)
		frame_release(&a->held[i].frame);
	a->held_n = 0;
}

static void forget_size(struct analyser *a)
{
	drop_frames(a);
	threshold_done(&a->threshold);
	free(a->mask);
	free(a->zone_mask);
	blobs_free(a->blobs);
	tracks_free(a->tracks);
	chains_free(a->chains);
	incidents_free(a->incidents);
	a->mask = a->zone_mask = NULL;
	a->blobs = NULL;
	a->tracks = NULL;
	a->chains = NULL;
	a->incidents = NULL;
}

void analyser_free(struct analyser *a)
{
	if (!a)
		return;
	forget_size(a);
	free(a);
}

static void set_size(struct analyser *a, int width, int height)
{
	forget_size(a);
	a->view.width = width;
	a->view.height = height;
	a->view.scale = height / 1080.0;
	a->view.frame_s = clock_step_s(&a->clock);
	threshold_init(&a->threshold, width, height);
	a->mask = mem_new((size_t)a->threshold.words * (size_t)height * sizeof *a->mask);
	a->zone_mask = zone_mask(a->zones, a->config.zones_n, width, height);
	a->blobs = blobs_new();
	a->tracks = tracks_new(&a->view);
	a->chains = chains_new();
	a->incidents = incidents_new(&a->view, &a->stats, a->config.storm_max, a->config.storm_us);
	a->clock = (struct frame_clock){ 0 };
	a->warm = 0;
}

static void trace(const struct analyser *a, const struct track *k, const struct verdict *r)
{
	const struct track_point *p = &k->points[0], *q = &k->points[k->n - 1];
	char line[300];

	snprintf(line, sizeof line,
		 "%.2f-%.2f s, %d points, (%.0f,%.0f)-(%.0f,%.0f), score %.1f, %s, g %.2f+-%.2f, rough %.2f %.2f, "
		 "release %.1f m %.2f s before, unseen %.1f %.1f, occupancy %.2f",
		 (double)p->pts_us / SECOND, (double)q->pts_us / SECOND, k->n, (double)p->x, (double)p->y, (double)q->x,
		 (double)q->y, k->score, r->why ? r->why : "falls", r->gravity, r->gravity_sigma, r->rough_x,
		 r->rough_y, r->release_m, r->before_s, r->unseen_before, r->unseen_after, r->occupancy);
	a->config.trace(a->config.trace_to, line);
}

/* One thing's whole way decides, not the piece of it that looks like a fall. */
static void judge(void *to, const struct track *k)
{
	struct analyser *a = to;
	struct track *whole = &a->joined;
	struct verdict r;

	if (k->n < CHAIN_LEAST)
		return;
	a->stats.paths++;
	if (chains_join(a->chains, &a->view, k, whole)) {
		r = gravity_judge(&a->view, &a->threshold, whole, a->config.light_debris);
		if (r.wanders)
			incidents_drop(a->incidents, whole);
	} else {
		*whole = *k;
		r = gravity_judge(&a->view, &a->threshold, whole, a->config.light_debris);
	}
	if (a->config.trace)
		trace(a, whole, &r);
	chains_keep(a->chains, whole);
	if (r.falls)
		incidents_add(a->incidents, whole, &r);
}

struct review {
	struct analyser *a;
	const struct track *waiting;
	bool keep;
};

static void review_one(void *to, const struct track *k)
{
	struct review *r = to;
	struct analyser *a = r->a;

	if (k->n >= CHAIN_LEAST && chains_append(&a->view, r->waiting, k, &a->joined))
		r->keep &= !gravity_judge(&a->view, &a->threshold, &a->joined, a->config.light_debris).wanders;
}

/* A last look before a path is reported: does it go on by now, in another way? */
static bool review(void *to, const struct track *waiting)
{
	struct review r = { to, waiting, true };

	tracks_each(r.a->tracks, review_one, &r);
	return r.keep;
}

static void report(struct analyser *a, bool all)
{
	struct incidents_listener l = { review, a, a->found, a->to };

	incidents_report(a->incidents, a->clock.newest, all, &l);
}

void analyser_flush(struct analyser *a, incident_fn *found, void *to)
{
	if (!a->tracks)
		return;
	a->found = found;
	a->to = to;
	tracks_flush(a->tracks, judge, a);
	report(a, true);
	drop_frames(a);
}

/* ---- one frame ---------------------------------------------------------------- */

/* The row y of a frame, moved by whole pixels. */
static const uint8_t *moved(const struct frame *f, int y, int dx, int dy)
{
	return f->luma + (y + dy) * f->stride + dx;
}

struct whole {
	int ax, ay, bx, by;
};

static void blip_frame(struct analyser *a, const struct frame *fa, const struct frame *fc, const struct frame *fb,
		       const struct whole *s)
{
	const struct threshold *t = &a->threshold;
	int words = t->words, last_bits = fc->width - BLIP_MARGIN - (words - 1) * 32;
	struct blip_row r = { .a_stride = fa->stride, .b_stride = fb->stride, .words = words };

	for (int y = BLIP_MARGIN; y < fc->height - BLIP_MARGIN; y++) {
		r.c = moved(fc, y, 0, 0);
		r.a = moved(fa, y, s->ax, s->ay);
		r.b = moved(fb, y, s->bx, s->by);
		r.noise = t->noise + (size_t)y * (size_t)words * 32;
		r.gamma = t->gamma + y / BLIP_TILE * t->tiles_x;
		r.mask = a->mask + (size_t)y * (size_t)words;
		r.learn = y % 8 == a->warm % 8;
		a->blip(&r);
		r.mask[0] &= ~0U << BLIP_MARGIN;
		if (last_bits > 0) {
			r.mask[words - 1] &= ~0U >> (32 - last_bits);
		} else {
			r.mask[words - 1] = 0;
			r.mask[words - 2] &= ~0U >> -last_bits;
		}
	}
}

static void find_tracks(struct analyser *a, const struct frame *fa, const struct frame *fc, const struct frame *fb,
			const struct whole *s, int64_t time_us)
{
	struct blobs_source source = { .mask = a->mask,
				       .c = fc->luma,
				       .a = moved(fa, 0, s->ax, s->ay),
				       .b = moved(fb, 0, s->bx, s->by),
				       .c_stride = fc->stride,
				       .a_stride = fa->stride,
				       .b_stride = fb->stride,
				       .scale = a->view.scale };
	struct blob found[BLOBS_MAX];
	bool overfull;
	double start = cpu_ms(), mid;
	int n = 0;

	a->stats.changed = threshold_update(&a->threshold, a->mask);
	zone_apply(a->zone_mask, a->mask, (size_t)a->threshold.words * (size_t)a->threshold.height);
	if (a->stats.changed < CHANGED_MOST) {
		n = blobs_find(a->blobs, &source, &a->threshold, found, &overfull);
		a->stats.overfull += overfull;
	} else {
		a->stats.skipped[SKIP_CHANGE]++;
	}
	if (a->warm < WARM_UP)
		n = 0;
	a->stats.blobs += n;
	mid = cpu_ms();
	a->stats.blobs_ms += mid - start;
	tracks_step(a->tracks, time_us, found, n, judge, a);
	report(a, false);
	a->stats.tracks_ms += cpu_ms() - mid;
}

static void analyse_middle(struct analyser *a)
{
	const struct held *ha = &a->held[0], *hc = &a->held[ANALYSE_LAG], *hb = &a->held[HELD - 1];
	/* c's shift was measured from a to c, b's from c to b. */
	struct whole s = { .ax = -(int)lrint(hc->shift.x),
			   .ay = -(int)lrint(hc->shift.y),
			   .bx = (int)lrint(hb->shift.x),
			   .by = (int)lrint(hb->shift.y) };
	double start = cpu_ms();

	a->view.frame_s = clock_step_s(&a->clock);
	blip_frame(a, &ha->frame, &hc->frame, &hb->frame, &s);
	a->stats.blip_ms += cpu_ms() - start;
	find_tracks(a, &ha->frame, &hc->frame, &hb->frame, &s, hc->time_us);
	a->stats.analysed++;
	a->warm++;
}

static void hold(struct analyser *a, struct frame *f, int64_t time_us)
{
	struct held *h;
	double start = cpu_ms();

	if (a->held_n == HELD) {
		frame_release(&a->held[0].frame);
		memmove(a->held, a->held + 1, (HELD - 1) * sizeof *a->held);
		a->held_n--;
	}
	h = &a->held[a->held_n++];
	*h = (struct held){ .frame = *f, .time_us = time_us };
	*f = (struct frame){ 0 };
	if (a->held_n > ANALYSE_LAG)
		h->shift = shift_measure(&a->held[a->held_n - 1 - ANALYSE_LAG].frame, &h->frame);
	a->stats.shift_x = h->shift.x;
	a->stats.shift_y = h->shift.y;
	a->stats.shift_ms += cpu_ms() - start;
}

static void skip(struct analyser *a, struct frame *f, enum skip why)
{
	a->stats.skipped[why]++;
	frame_release(f);
}

/* A break: what is open ends here, what was learned stays. */
static void start_afresh(struct analyser *a)
{
	tracks_flush(a->tracks, judge, a);
	chains_forget(a->chains);
	report(a, true);
	drop_frames(a);
	a->clock = (struct frame_clock){ 0 };
	a->stats.resets++;
}

void analyser_feed(struct analyser *a, struct frame *f, incident_fn *found, void *to)
{
	const struct frame *last;
	int64_t now;

	a->found = found;
	a->to = to;
	a->stats.frames++;
	if (f->width < SMALLEST || f->height < SMALLEST || f->width > FRAME_MAX_WIDTH || f->height > FRAME_MAX_HEIGHT ||
	    !f->luma || f->stride < f->width) {
		skip(a, f, SKIP_SIZE);
		return;
	}
	if (!a->tracks || f->width != a->view.width || f->height != a->view.height) {
		if (a->tracks) {
			start_afresh(a);
		}
		set_size(a, f->width, f->height);
	}
	if (a->held_n > 0) {
		int64_t step;

		if (__builtin_sub_overflow(f->pts_us, a->clock.newest, &step) || step <= -JUMP || step > JUMP) {
			start_afresh(a);
		} else if (step <= 0) {
			skip(a, f, SKIP_TIME);
			return;
		}
	}
	last = a->held_n > 0 ? &a->held[a->held_n - 1].frame : NULL;
	if (!last || !clock_repeats(last, f)) {
		now = clock_take(&a->clock, f->pts_us, true);
	} else if (clock_skip(&a->clock, f->pts_us)) {
		skip(a, f, SKIP_DUPLICATE);
		return;
	} else {
		now = clock_take(&a->clock, f->pts_us, false);
	}
	hold(a, f, now);
	if (a->held_n == HELD)
		analyse_middle(a);
}

const struct analyser_stats *analyser_stats(const struct analyser *a)
{
	return &a->stats;
}
