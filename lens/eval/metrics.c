#include "lens/eval/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIVE = 1 };
const char *const metrics_cause[METRICS_CAUSES] = { "bird",    "dive", "insect", "leaf", "laundry",
						    "foliage", "rain", "thrown", "other" };
const char *const metrics_size[METRICS_BINS] = { "4 to 6 px", "7 to 10 px", "12 to 20 px" };
const char *const metrics_contrast[METRICS_BINS] = { "below 40", "40 to 70", "above 70" };
const char *const metrics_speed[METRICS_BINS] = { "below 15 px/frame", "15 to 30 px/frame", "above 30 px/frame" };

static int bin(double v, double first, double second)
{
	return v < first ? 0 : v < second ? 1 : 2;
}

static const struct truth_frame *frame_at(const struct truth_mover *m, int frame)
{
	int low = 0, high = m->n;

	while (low < high) {
		int mid = (low + high) / 2;

		if (m->frames[mid].frame < frame)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->n && m->frames[low].frame == frame ? &m->frames[low] : NULL;
}

/* How many of the event's points lie on the mover. */
static int points_on(const struct truth *t, const struct truth_mover *m, const struct event *e, double radius)
{
	int on = 0;

	for (int i = 0; i < e->n; i++) {
		int frame = (int)lrint(e->points[i].t * t->fps);
		bool near = false;

		for (int d = -1; d <= 1 && !near; d++) {
			const struct truth_frame *f = frame_at(m, frame + d);

			near = f && hypot((double)f->x - (double)e->points[i].x,
					  (double)f->y - (double)e->points[i].y) < radius;
		}
		on += near;
	}
	return on;
}

static bool is_thrown(const struct truth_mover *m)
{
	return strcmp(m->kind, "thrown") == 0;
}

/* The throw that an event shows; -1: none. */
static int match(const struct truth *t, const struct event *e)
{
	int best = -1, most = 0;

	for (int i = 0; i < t->movers_n; i++) {
		const struct truth_mover *m = &t->movers[i];
		int on;

		if (!is_thrown(m))
			continue;
		on = points_on(t, m, e, fmax(14, 1.5 * m->size_px) * fmax(1, t->height / 1080.0));
		if (on >= 4 && on * 2 >= e->n && on > most) {
			most = on;
			best = i;
		}
	}
	return best;
}

static int cause_index(const char *kind)
{
	for (int i = 0; i < METRICS_CAUSES; i++)
		if (strcmp(metrics_cause[i], kind) == 0)
			return i;
	return METRICS_CAUSES - 1;
}

static const char *cause_of(const struct truth *t, const struct event *e)
{
	double x = 0, y = 0;

	for (int i = 0; i < t->movers_n; i++)
		if (points_on(t, &t->movers[i], e, 30) >= 0.4 * e->n)
			return t->movers[i].kind;
	for (int i = 0; i < e->n; i++) {
		x += (double)e->points[i].x / e->n;
		y += (double)e->points[i].y / e->n;
	}
	for (int i = 0; i < t->regions_n; i++) {
		const struct truth_region *r = &t->regions[i];

		if (x >= (double)r->x0 && x < (double)r->x1 && y >= (double)r->y0 && y < (double)r->y1)
			return r->kind;
	}
	return "other";
}

static void count(struct share *s, bool yes)
{
	s->of++;
	s->n += yes;
}

static double speed_of(const struct truth_mover *m)
{
	const struct truth_frame *a = &m->frames[m->n / 2], *b = &m->frames[m->n - 1];

	return b->frame > a->frame ? ((double)b->y - (double)a->y) / (b->frame - a->frame) : 0;
}

static double overlap(double a0, double a1, double b0, double b1)
{
	double both = fmin(a1, b1) - fmax(a0, b0), either = fmax(a1, b1) - fmin(a0, b0);

	return both > 0 && either > 0 ? both / either : 0;
}

/* One throw and the events matched to it. */
static bool add_throw(struct metrics *m, const struct truth *t, int index, const struct event *events, const int *of,
		      int n)
{
	const struct truth_mover *o = &t->movers[index];
	double from = HUGE_VAL, until = 0;
	const struct event *first = NULL;

	for (int i = 0; i < n; i++)
		if (of[i] == index) {
			m->twice += first != NULL;
			first = first ? first : &events[i];
			from = fmin(from, events[i].start_s);
			until = fmax(until, events[i].end_s);
		}
	count(&m->found, first != NULL);
	count(&m->by_size[bin(o->size_px * 1080 / t->height, 6.5, 11)], first != NULL);
	count(&m->by_contrast[bin(fabs(o->contrast), 40, 70)], first != NULL);
	count(&m->by_speed[bin(speed_of(o), 15, 30)], first != NULL);
	if (!first)
		return false;
	m->tro_sum += overlap(from, until, o->frames[0].frame / t->fps, (o->frames[o->n - 1].frame + 1) / t->fps);
	if (first->floor > 0 && o->floor > 0) {
		count(&m->floor_exact, first->floor == o->floor);
		count(&m->floor_near, abs(first->floor - o->floor) <= 1);
	}
	if (first->latency_s >= 0 && m->latencies_n < METRICS_LATENCIES)
		m->latencies[m->latencies_n++] = (float)first->latency_s;
	return true;
}

static void add_false(struct metrics *m, const struct truth *t, const struct event *e, metrics_say_fn *say, void *to)
{
	const char *cause = cause_of(t, e);
	char line[200];

	m->false_n++;
	m->false_by[cause_index(cause)]++;
	m->dives_taken += cause_index(cause) == DIVE;
	if (!say)
		return;
	snprintf(line, sizeof line,
		 "false %s: %s seed %lld, %.2f to %.2f s, %d points, (%.0f, %.0f) to (%.0f, %.0f), g %.1f", cause,
		 t->level, (long long)t->seed, e->points[0].t, e->end_s, e->n, (double)e->points[0].x,
		 (double)e->points[0].y, (double)e->points[e->n - 1].x, (double)e->points[e->n - 1].y, e->gravity);
	say(to, line);
}

void metrics_add(struct metrics *m, const struct truth *t, const struct event *events, int n, metrics_say_fn *say,
		 void *to)
{
	int *of = mem_new((size_t)(n + 1) * sizeof *of);

	m->clips++;
	m->seconds += t->frames / t->fps;
	for (int i = 0; i < n; i++) {
		of[i] = match(t, &events[i]);
		if (of[i] < 0)
			add_false(m, t, &events[i], say, to);
	}
	for (int i = 0; i < t->movers_n; i++) {
		const struct truth_mover *o = &t->movers[i];
		char line[200];

		m->dives += strcmp(o->kind, "dive") == 0;
		if (!is_thrown(o) || o->n == 0 || add_throw(m, t, i, events, of, n) || !say)
			continue;
		snprintf(line, sizeof line,
			 "missed: %s seed %lld, %.2f to %.2f s, floor %d, %.1f px, contrast %.0f, (%.0f, %.0f) to "
			 "(%.0f, %.0f)",
			 t->level, (long long)t->seed, o->frames[0].frame / t->fps, o->frames[o->n - 1].frame / t->fps,
			 o->floor, o->size_px, o->contrast, (double)o->frames[0].x, (double)o->frames[0].y,
			 (double)o->frames[o->n - 1].x, (double)o->frames[o->n - 1].y);
		say(to, line);
	}
	free(of);
}

static int ascending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double metrics_latency(struct metrics *m, double quantile)
{
	if (m->latencies_n == 0)
		return 0;
	qsort(m->latencies, (size_t)m->latencies_n, sizeof *m->latencies, ascending);
	return (double)m->latencies[(int)(quantile * (m->latencies_n - 1))];
}

/* P(X <= n) for mean 'mean'. */
static double at_most(int n, double mean)
{
	double term = exp(-mean), sum = term;

	for (int i = 1; i <= n; i++) {
		term *= mean / i;
		sum += term;
	}
	return sum;
}

static double solve(int n, double chance)
{
	double low = 0, high = n + 10 * sqrt(n + 1.0) + 10;

	for (int i = 0; i < 100; i++) {
		double mid = (low + high) / 2;

		if (at_most(n, mid) > chance)
			low = mid;
		else
			high = mid;
	}
	return (low + high) / 2;
}

void poisson_bounds(int n, double *low, double *high)
{
	if (n > 500) { /* the sum would underflow; the normal bounds are as good here */
		*low = n - 1.96 * sqrt(n);
		*high = n + 1.96 * sqrt(n);
		return;
	}
	*low = n > 0 ? solve(n - 1, 0.975) : 0;
	*high = solve(n, 0.025);
}
