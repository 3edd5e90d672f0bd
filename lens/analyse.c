#include "lens/analyse.h"

#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lens/chains.h"
#include "lens/clock.h"
#include "lens/cpu.h"
#include "lens/gravity.h"
#include "lens/incident.h"
#include "lens/look.h"
#include "lens/tracks.h"

enum { SMALLEST = 64 };
#define JUMP SECOND /* in the stamps: what was followed before is gone */

struct analyser {
	struct analyser_config config;
	struct zone zones[ANALYSE_ZONES_MAX];
	struct analyser_stats stats;
	struct view view;
	/* from here on made anew for each size of picture */
	struct look *look;
	struct tracks *tracks;
	struct chains *chains;
	struct track joined; /* work space */
	struct incidents *incidents;
	struct frame_clock clock;
	incident_fn *found;
	void *to;
};

const char *skip_word(enum skip s)
{
	static const char *const words[SKIP_N] = { "duplicate", "size", "time", "change" };

	return words[s];
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
	a->config.zones = a->zones;
	return a;
}

static void forget_size(struct analyser *a)
{
	look_free(a->look);
	tracks_free(a->tracks);
	chains_free(a->chains);
	incidents_free(a->incidents);
	a->look = NULL;
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
	a->look = look_new(width, height, &a->config, &a->stats);
	a->tracks = tracks_new(&a->view);
	a->chains = chains_new();
	a->incidents = incidents_new(&a->view, &a->stats, a->config.storm_max, a->config.storm_us);
	a->clock = (struct frame_clock){ 0 };
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
	*whole = *k;
	r = gravity_judge(&a->view, look_threshold(a->look), k, a->config.light_debris);
	/* What is sure by itself needs no beginning, which may be something else's end. */
	if (!r.sure && chains_join(a->chains, &a->view, k, whole)) {
		r = gravity_judge(&a->view, look_threshold(a->look), whole, a->config.light_debris);
		if (r.wanders)
			incidents_drop(a->incidents, whole);
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
		r->keep &=
			!gravity_judge(&a->view, look_threshold(a->look), &a->joined, a->config.light_debris).wanders;
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
	look_forget(a->look);
}

/* ---- one frame ---------------------------------------------------------------- */

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
	look_forget(a->look);
	a->clock = (struct frame_clock){ 0 };
	a->stats.resets++;
}

static void analyse(struct analyser *a, struct frame *f, int64_t time_us)
{
	struct blob found[BLOBS_MAX];
	int64_t seen_us;
	double start;
	int n;

	a->view.frame_s = clock_step_s(&a->clock);
	n = look_take(a->look, f, time_us, a->view.frame_s, found, &seen_us);
	start = cpu_ms();
	if (n >= 0)
		tracks_step(a->tracks, seen_us, found, n, judge, a);
	report(a, false);
	a->stats.tracks_ms += cpu_ms() - start;
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
	last = look_newest(a->look);
	if (last) {
		int64_t step;

		if (__builtin_sub_overflow(f->pts_us, a->clock.newest, &step) || step <= -JUMP || step > JUMP) {
			start_afresh(a);
			last = NULL;
		} else if (step <= 0) {
			skip(a, f, SKIP_TIME);
			return;
		}
	}
	if (!last || !clock_repeats(last, f)) {
		now = clock_take(&a->clock, f->pts_us, true);
	} else if (clock_skip(&a->clock, f->pts_us)) {
		skip(a, f, SKIP_DUPLICATE);
		return;
	} else {
		now = clock_take(&a->clock, f->pts_us, false);
	}
	analyse(a, f, now);
}

const struct analyser_stats *analyser_stats(const struct analyser *a)
{
	return &a->stats;
}
