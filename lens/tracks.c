#include "lens/tracks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/fit.h"

enum {
	FITTED = 10, /* the motion follows the newest points */
	STARTS_EACH = 3,
	HISTORY = 3, /* frames whose blobs are kept for starts */
	CELL = 32,
	SEEN_WELL = 5, /* points from which the fit is trusted */
};
#define CLUTTER_RATE  0.004F /* per frame: about ten seconds */
#define CLUTTER_LEAST 2e-4F
#define DETECTION     0.8  /* how often a falling thing is seen */
#define SURPRISE      0.02 /* and what else might produce a blob */
#define POINT_BEST    2.2
#define POINT_WORST   (-1.0)
#define MISS_COST     0.7
#define SCORE_DEAD    (-3.0)
#define MISS_TIME_S   0.24
#define START_FASTEST 30.0 /* m/s */
#define START_SLOWEST 30.0 /* pixels/s at 1080 rows */
#define START_ASIDE   5.0  /* m/s */
#define FALL_SHARE    0.8  /* of g: drag, and motion towards the camera */

struct past {
	int64_t pts_us;
	int frame;
	int n;
	struct blob blobs[BLOBS_MAX];
};

struct tracks {
	const struct view *view;
	int frame;
	int n;
	struct track *live[TRACKS_MAX];
	struct track *unused[TRACKS_MAX];
	int unused_n;
	struct track *pool;
	struct past past[HISTORY];
	int cells_x, cells_y;
	float *clutter;
	int owner[BLOBS_MAX];
};

struct tracks *tracks_new(const struct view *v)
{
	struct tracks *t = mem_new(sizeof *t);

	t->view = v;
	t->pool = mem_new(TRACKS_MAX * sizeof *t->pool);
	for (int i = 0; i < TRACKS_MAX; i++)
		t->unused[t->unused_n++] = &t->pool[TRACKS_MAX - 1 - i];
	for (int i = 0; i < HISTORY; i++)
		t->past[i].frame = -HISTORY;
	t->cells_x = (v->width + CELL - 1) / CELL;
	t->cells_y = (v->height + CELL - 1) / CELL;
	t->clutter = mem_new((size_t)t->cells_x * (size_t)t->cells_y * sizeof *t->clutter);
	return t;
}

void tracks_free(struct tracks *t)
{
	if (!t)
		return;
	free(t->pool);
	free(t->clutter);
	free(t);
}

static void learn_clutter(struct tracks *t, struct blob *blobs, int n)
{
	int cells = t->cells_x * t->cells_y;

	for (int i = 0; i < cells; i++)
		t->clutter[i] *= 1 - CLUTTER_RATE;
	for (int i = 0; i < n; i++)
		blobs[i].clutter = t->clutter[(int)blobs[i].y / CELL * t->cells_x + (int)blobs[i].x / CELL];
	for (int i = 0; i < n; i++)
		t->clutter[(int)blobs[i].y / CELL * t->cells_x + (int)blobs[i].x / CELL] += CLUTTER_RATE;
}

/* First blob at or below y. */
static int lower_bound(const struct blob *blobs, int n, double y)
{
	int low = 0, high = n;

	while (low < high) {
		int mid = (low + high) / 2;

		if (blobs[mid].y < y)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void refit(struct track *k, const struct view *v)
{
	int from = k->n > FITTED ? k->n - FITTED : 0, m = k->n - from;
	const struct track_point *last = &k->points[k->n - 1];
	double t[FITTED], x[FITTED], y[FITTED], rx, ry;
	double accel = FALL_SHARE * VIEW_GRAVITY * view_px_per_m(v, last->x, last->y);
	/* A point is good to about a pixel, the expectation to about its half. */
	double slant = view_slant(v, last->x, last->y), trust = v->scale * v->scale / (accel * accel / 16);

	for (int i = 0; i < m; i++) {
		const struct track_point *p = &k->points[from + i];

		t[i] = (double)(p->pts_us - last->pts_us) / SECOND;
		x[i] = p->x;
		y[i] = p->y;
	}
	ry = fit_parabola_near(t, y, m, accel / 2, trust, k->fit_y);
	rx = fit_parabola_near(t, x, m, slant * accel / 2, trust, k->fit_x);
	k->rms = sqrt((rx * rx + ry * ry) * m / (m > 3 ? m - 2 : 1));
}

/* Where the next point is looked for. */
struct gate {
	double x, y, rx, ry;
};

static struct gate gate_of(const struct track *k, const struct view *v, double dt)
{
	double per_frame = fabs(k->fit_y[1] + 2 * k->fit_y[2] * dt) * v->frame_s;
	double late = dt / v->frame_s - 1, base = 1 + 1.8 * v->scale, fast = per_frame > 48 ? per_frame - 48 : 0;
	struct gate g = { .x = fit_at(k->fit_x, dt), .y = fit_at(k->fit_y, dt) };

	if (k->n == 2) {
		g.ry = base + 0.25 * per_frame;
		g.rx = base + 0.20 * per_frame;
	} else if (k->n < SEEN_WELL) {
		g.ry = base + 0.15 * per_frame;
		g.rx = base - 0.4 + 0.10 * per_frame;
	} else {
		g.ry = base - 0.4 + 0.07 * per_frame + 0.6 * k->rms;
		g.rx = base - 0.6 + 0.05 * per_frame + 0.6 * k->rms;
	}
	if (late > 0) {
		g.ry += 0.8 * late;
		g.rx += 0.5 * late;
	}
	g.ry = fmin(g.ry, 16 + 0.2 * fast);
	g.rx = fmin(g.rx, 11 + 0.15 * fast);
	return g;
}

static int nearest(const struct gate *g, const struct blob *blobs, int n, double *distance)
{
	int best = -1;

	*distance = 1;
	for (int i = lower_bound(blobs, n, g->y - g->ry); i < n && blobs[i].y <= g->y + g->ry; i++) {
		double ex = (blobs[i].x - g->x) / g->rx, ey = (blobs[i].y - g->y) / g->ry, d = ex * ex + ey * ey;

		if (d < *distance) {
			*distance = d;
			best = i;
		}
	}
	return best;
}

static void append(struct track *k, const struct blob *b, int index, int64_t pts_us, int frame)
{
	if (k->n == ANALYSE_PATH_MAX)
		return;
	k->points[k->n++] = (struct track_point){ .pts_us = pts_us,
						  .frame = frame,
						  .x = b->x,
						  .y = b->y,
						  .w = (float)(b->x1 - b->x0 + 1),
						  .h = (float)(b->y1 - b->y0 + 1),
						  .weight = b->weight,
						  .area = b->area,
						  .blob = index };
}

static double point_score(const struct gate *g, const struct blob *b, double distance)
{
	double lambda = b->clutter > CLUTTER_LEAST ? b->clutter : CLUTTER_LEAST;
	double expected = lambda * 3.14 * g->rx * g->ry / (CELL * CELL) * 0.5;
	double s = log(DETECTION / (expected + SURPRISE)) - distance;

	return s > POINT_BEST ? POINT_BEST : s < POINT_WORST ? POINT_WORST : s;
}

static int misses_allowed(const struct track *k, const struct view *v)
{
	int by_length = k->n < 5 ? 1 : k->n < 10 ? 3 : 5, by_time = (int)(MISS_TIME_S / v->frame_s);

	return by_length < by_time ? by_length : by_time > 1 ? by_time : 1;
}

static void advance(struct tracks *t, struct track *k, int64_t pts_us, const struct blob *blobs, int n)
{
	const struct view *v = t->view;
	struct gate g = gate_of(k, v, (double)(pts_us - k->points[k->n - 1].pts_us) / SECOND);
	double distance;
	int best = nearest(&g, blobs, n, &distance);

	if (best >= 0) {
		k->score += point_score(&g, &blobs[best], distance);
		append(k, &blobs[best], best, pts_us, t->frame);
		k->misses = 0;
		refit(k, v);
	} else {
		k->misses++;
		k->score -= MISS_COST;
		if (k->misses > misses_allowed(k, v) || g.y > v->height + 20 || g.x < -20 || g.x > v->width + 20)
			k->dead = true;
	}
	/* Not falling, or no smooth motion. */
	if (k->n >= 4 && (k->fit_y[1] < 5 * v->scale || k->rms > 7 * fmax(v->scale, 0.5)))
		k->dead = true;
	if (k->score < SCORE_DEAD || k->n == ANALYSE_PATH_MAX)
		k->dead = true;
}

/* Drops the dead, telling of those that ended by themselves. */
static void sweep(struct tracks *t, track_ended_fn *ended, void *to)
{
	int kept = 0;

	for (int i = 0; i < t->n; i++) {
		struct track *k = t->live[i];

		if (!k->dead) {
			t->live[kept++] = k;
			continue;
		}
		if (!k->merged && ended)
			ended(to, k);
		t->unused[t->unused_n++] = k;
	}
	t->n = kept;
}

/* Two chains with the same last two blobs have the same future: the better one goes on. */
static void merge_same(struct tracks *t, int n)
{
	for (int i = 0; i < n; i++)
		t->owner[i] = -1;
	for (int i = 0; i < t->n; i++) {
		struct track *k = t->live[i], *other;
		const struct track_point *last = &k->points[k->n - 1];

		if (last->frame != t->frame)
			continue;
		if (t->owner[last->blob] < 0) {
			t->owner[last->blob] = i;
			continue;
		}
		other = t->live[t->owner[last->blob]];
		if (k->n < 3 || other->n < 3 || k->points[k->n - 2].frame != other->points[other->n - 2].frame ||
		    k->points[k->n - 2].blob != other->points[other->n - 2].blob)
			continue;
		if (k->score > other->score) {
			other->dead = other->merged = true;
			t->owner[last->blob] = i;
		} else {
			k->dead = k->merged = true;
		}
	}
}

static void start(struct tracks *t, const struct past *p, int j, const struct blob *b, int i, int64_t pts_us)
{
	struct track *k;

	if (t->unused_n == 0)
		return;
	k = t->unused[--t->unused_n];
	memset(k, 0, offsetof(struct track, points));
	k->dead = k->merged = false;
	append(k, &p->blobs[j], j, p->pts_us, p->frame);
	append(k, b, i, pts_us, t->frame);
	k->score = -1 - 3 * fmin(b->clutter, 1);
	refit(k, t->view);
	t->live[t->n++] = k;
}

/* How unlike two blobs are; negative: cannot be the same thing. */
static double unlikeness(const struct blob *a, const struct blob *b)
{
	double r = (double)a->area / b->area;

	if (a->sign != b->sign || r > 5 || r < 0.2)
		return -1;
	return fabs(log(r)) + fabs(log(a->weight / b->weight));
}

/* New chains from blob b and its likeliest predecessors in an earlier frame. */
static void start_from(struct tracks *t, const struct past *p, const struct blob *b, int i, int64_t pts_us)
{
	const struct view *v = t->view;
	double dt = (double)(pts_us - p->pts_us) / SECOND;
	double slowest = START_SLOWEST * v->scale * dt;
	double fastest = START_FASTEST * view_px_per_m(v, b->x, b->y) * dt;
	double aside = START_ASIDE * view_px_per_m_across(v, b->x, b->y) * dt;
	double slant = view_slant(v, b->x, b->y), best[STARTS_EACH];
	int who[STARTS_EACH], found = 0;

	for (int j = lower_bound(p->blobs, p->n, b->y - fastest); j < p->n; j++) {
		double dy = b->y - p->blobs[j].y, dx = fabs(b->x - p->blobs[j].x - slant * dy), u;
		int at;

		if (dy < slowest)
			break;
		if (dx > (1 + 3 * v->scale) * dt / v->frame_s + fmax(0.45 * dy, aside))
			continue;
		u = unlikeness(b, &p->blobs[j]);
		if (u < 0 || (found == STARTS_EACH && u >= best[found - 1]))
			continue;
		at = found < STARTS_EACH ? found++ : found - 1;
		for (; at > 0 && best[at - 1] > u; at--) {
			best[at] = best[at - 1];
			who[at] = who[at - 1];
		}
		best[at] = u;
		who[at] = j;
	}
	for (int k = 0; k < found; k++)
		start(t, p, who[k], b, i, pts_us);
}

static void start_all(struct tracks *t, int64_t pts_us, const struct blob *blobs, int n)
{
	for (int back = 1; back < HISTORY; back++) {
		const struct past *p = &t->past[(t->frame + HISTORY - back) % HISTORY];

		if (p->frame != t->frame - back)
			continue;
		if ((double)(pts_us - p->pts_us) / SECOND > 4.5 * t->view->frame_s)
			continue;
		for (int i = 0; i < n; i++)
			start_from(t, p, &blobs[i], i, pts_us);
	}
}

void tracks_step(struct tracks *t, int64_t pts_us, struct blob *blobs, int n, track_ended_fn *ended, void *to)
{
	struct past *now;

	t->frame++;
	learn_clutter(t, blobs, n);
	for (int i = 0; i < t->n; i++)
		advance(t, t->live[i], pts_us, blobs, n);
	sweep(t, ended, to);
	merge_same(t, n);
	sweep(t, ended, to);
	start_all(t, pts_us, blobs, n);
	now = &t->past[t->frame % HISTORY];
	now->pts_us = pts_us;
	now->frame = t->frame;
	now->n = n;
	memcpy(now->blobs, blobs, (size_t)n * sizeof *blobs);
}

void tracks_each(const struct tracks *t, track_ended_fn *each, void *to)
{
	for (int i = 0; i < t->n; i++)
		each(to, t->live[i]);
}

void tracks_flush(struct tracks *t, track_ended_fn *ended, void *to)
{
	for (int i = 0; i < t->n; i++)
		t->live[i]->dead = true;
	sweep(t, ended, to);
	for (int i = 0; i < HISTORY; i++)
		t->past[i].frame = -HISTORY;
}
