#include "lens/incident.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/fit.h"

enum { WAITING_MAX = 32, RECENT_MAX = 32, STORM_MAX = 12 };
#define STORM_TIME     (5 * MINUTE)
#define SAME_SLACK     (320 * MILLI) /* how far a path is continued to find its other piece */
#define REFLECTED_TIME (1 * SECOND)

/* What is needed to tell whether another path is the same thing. */
struct shape {
	int64_t start_us, end_us;
	double x[3], y[3];
	double first_y, last_y;
};

struct waiting {
	struct track track;
	struct verdict verdict;
	struct shape shape;
	int paths;
};

struct incidents {
	const struct view *view;
	struct analyser_stats *stats;
	int storm_max;
	int64_t storm_us, refilled_us;
	double tokens;
	int n, recent_n, recent_next;
	struct waiting *waiting;
	struct shape recent[RECENT_MAX];
};

struct incidents *incidents_new(const struct view *v, struct analyser_stats *stats, int storm_max, int64_t storm_us)
{
	struct incidents *s = mem_new(sizeof *s);

	s->view = v;
	s->stats = stats;
	s->waiting = mem_new(WAITING_MAX * sizeof *s->waiting);
	s->storm_max = storm_max == 0 ? STORM_MAX : storm_max;
	s->storm_us = storm_us > 0 ? storm_us : STORM_TIME;
	s->tokens = s->storm_max;
	return s;
}

void incidents_free(struct incidents *s)
{
	if (!s)
		return;
	free(s->waiting);
	free(s);
}

static struct shape shape_of(const struct track *k, const struct verdict *r)
{
	struct shape f = { .start_us = k->points[0].pts_us,
			   .end_us = k->points[k->n - 1].pts_us,
			   .first_y = k->points[0].y,
			   .last_y = k->points[k->n - 1].y };

	memcpy(f.x, r->fit_x, sizeof f.x);
	memcpy(f.y, r->fit_y, sizeof f.y);
	return f;
}

/* Half of k's points lie on f's path, continued a little at both ends. */
static bool same_thing(const struct shape *f, const struct track *k, double px)
{
	int near = 0, seen = 0;

	for (int i = 0; i < k->n; i++) {
		const struct track_point *p = &k->points[i];
		double t = (double)(p->pts_us - f->start_us) / SECOND;

		if (p->pts_us < f->start_us - SAME_SLACK || p->pts_us > f->end_us + SAME_SLACK)
			continue;
		seen++;
		near += fabs(fit_at(f->x, t) - p->x) < 34 * px && fabs(fit_at(f->y, t) - p->y) < 40 * px;
	}
	return near >= 3 && near * 2 >= seen;
}

/* Side by side with nearly the same vertical motion: one is the other's mirror image. */
static bool reflection(const struct shape *a, const struct shape *b)
{
	int64_t from = a->start_us > b->start_us ? a->start_us : b->start_us;
	int64_t until = a->end_us < b->end_us ? a->end_us : b->end_us, middle;
	double aa = a->y[2], ab = b->y[2], va, vb, ta, tb;

	if (llabs(a->start_us - b->start_us) > REFLECTED_TIME || until - from < 200 * MILLI)
		return false;
	middle = from + (until - from) / 2;
	ta = (double)(middle - a->start_us) / SECOND;
	tb = (double)(middle - b->start_us) / SECOND;
	va = a->y[1] + 2 * aa * ta;
	vb = b->y[1] + 2 * ab * tb;
	return fabs(va - vb) < 0.15 * (fabs(va) + fabs(vb)) && fabs(aa - ab) < 0.35 * (fabs(aa) + fabs(ab));
}

static bool is_better(const struct track *k, const struct verdict *r, const struct waiting *old)
{
	if (r->kind != old->verdict.kind)
		return r->kind == INCIDENT_THROWN;
	/* The higher origin; of two pieces of one path that is the earlier one, unless it is a stub. */
	return k->points[0].y < old->track.points[0].y && 2 * k->n > old->track.n;
}

void incidents_add(struct incidents *s, const struct track *k, const struct verdict *r)
{
	struct shape f = shape_of(k, r);
	struct waiting *w;

	for (int i = 0; i < s->recent_n; i++)
		if (same_thing(&s->recent[i], k, s->view->scale) || reflection(&s->recent[i], &f))
			return;
	for (int i = 0; i < s->n; i++) {
		w = &s->waiting[i];
		if (!same_thing(&w->shape, k, s->view->scale) && !reflection(&w->shape, &f))
			continue;
		w->paths++;
		if (is_better(k, r, w)) {
			w->track = *k;
			w->verdict = *r;
			w->shape = f;
		}
		return;
	}
	if (s->n == WAITING_MAX) {
		s->stats->held_back++;
		return;
	}
	s->waiting[s->n++] = (struct waiting){ .track = *k, .verdict = *r, .shape = f, .paths = 1 };
}

void incidents_drop(struct incidents *s, const struct track *k)
{
	int kept = 0;

	for (int i = 0; i < s->n; i++) {
		if (!s->waiting[i].verdict.sure && same_thing(&s->waiting[i].shape, k, s->view->scale))
			continue;
		if (kept != i)
			s->waiting[kept] = s->waiting[i];
		kept++;
	}
	s->n = kept;
}

static bool storm_allows(struct incidents *s, int64_t now_us)
{
	if (s->storm_max < 0)
		return true;
	if (s->refilled_us && now_us > s->refilled_us)
		s->tokens += (double)(now_us - s->refilled_us) / (double)s->storm_us;
	s->refilled_us = now_us;
	if (s->tokens > s->storm_max)
		s->tokens = s->storm_max;
	if (s->tokens < 1)
		return false;
	s->tokens--;
	return true;
}

/* 0.5 at the least score that counts, rising with every clear point; less when
 * the acceleration is far from that of a falling body. */
static double confidence(const struct waiting *w)
{
	double c = 1 - 0.5 * exp(-(w->track.score - 9) / 10);
	double off = w->verdict.gravity > 0 ? (w->verdict.gravity - VIEW_GRAVITY) / 6 : 0;

	return c * exp(-off * off / 2) * (0.5 + 0.5 * w->verdict.occupancy);
}

static void report(struct incidents *s, const struct waiting *w, int64_t now_us, const struct incidents_listener *l)
{
	struct path_point path[ANALYSE_PATH_MAX];
	const struct verdict *r = &w->verdict;
	struct incident i = { .kind = r->kind,
			      .start_us = w->shape.start_us,
			      .end_us = w->shape.end_us,
			      .release_us = w->shape.start_us - (int64_t)(r->before_s * SECOND),
			      .decided_us = now_us,
			      .width = s->view->width,
			      .height = s->view->height,
			      .path_n = w->track.n,
			      .path = path,
			      .fit_rms = hypot(r->rms_x, r->rms_y),
			      .gravity = r->gravity,
			      .gravity_sigma = r->gravity_sigma,
			      .release_m = r->release_m,
			      .floor = r->floor,
			      .floor_low = r->floor_low,
			      .floor_high = r->floor_high,
			      .score = w->track.score,
			      .occupancy = r->occupancy,
			      .confidence = confidence(w),
			      .paths = w->paths };

	memcpy(i.fit_x, r->fit_x, sizeof i.fit_x);
	memcpy(i.fit_y, r->fit_y, sizeof i.fit_y);
	for (int n = 0; n < w->track.n; n++) {
		const struct track_point *p = &w->track.points[n];

		path[n] = (struct path_point){ p->pts_us, p->x, p->y, p->w, p->h };
	}
	l->found(l->to, &i);
}

void incidents_report(struct incidents *s, int64_t now_us, bool all, const struct incidents_listener *l)
{
	int kept = 0;

	for (int i = 0; i < s->n; i++) {
		struct waiting *w = &s->waiting[i];

		if (!all && now_us < w->shape.end_us + INCIDENT_WAIT) {
			if (kept != i)
				s->waiting[kept] = *w;
			kept++;
			continue;
		}
		if (!w->verdict.sure && !l->review(l->review_to, &w->track))
			continue;
		s->recent[s->recent_next] = w->shape;
		s->recent_next = (s->recent_next + 1) % RECENT_MAX;
		if (s->recent_n < RECENT_MAX)
			s->recent_n++;
		if (!storm_allows(s, now_us)) {
			s->stats->held_back++;
			continue;
		}
		s->stats->incidents++;
		if (l->found)
			report(s, w, now_us, l);
	}
	s->n = kept;
}
