#include "lens/chains.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/fit.h"

enum { KEPT = 64, OVERLAP = 3, ENDS = 8 };
#define GAP_S      0.32
#define NEAR_PX    7.0 /* at 1080 rows, and a third of the way since */
#define SAME_SPEED 0.4
#define SLOWEST_PX 30.0 /* pixels/s */

struct chains {
	int n, next;
	struct track kept[KEPT];
};

struct chains *chains_new(void)
{
	return mem_new(sizeof(struct chains));
}

void chains_free(struct chains *c)
{
	free(c);
}

void chains_forget(struct chains *c)
{
	c->n = c->next = 0;
}

void chains_keep(struct chains *c, const struct track *k)
{
	c->kept[c->next] = *k;
	c->next = (c->next + 1) % KEPT;
	if (c->n < KEPT)
		c->n++;
}

struct motion {
	double x, y, vx, vy;
};

/* Place and speed at a time, by a few points of one end and the expected
 * acceleration: steady enough to look over a gap. */
static struct motion motion_of(const struct view *v, const struct track *k, int from, int64_t at_us)
{
	const struct track_point *p = &k->points[from];
	double accel = 0.8 * VIEW_GRAVITY * view_px_per_m(v, p->x, p->y), slant = view_slant(v, p->x, p->y);
	double trust = v->scale * v->scale / (accel * accel / 16);
	double t[ENDS], x[ENDS], y[ENDS], fx[3], fy[3];
	int n = k->n - from < ENDS ? k->n - from : ENDS;

	for (int i = 0; i < n; i++) {
		t[i] = (double)(p[i].pts_us - at_us) / SECOND;
		x[i] = p[i].x;
		y[i] = p[i].y;
	}
	fit_parabola_near(t, x, n, slant * accel / 2, trust, fx);
	fit_parabola_near(t, y, n, accel / 2, trust, fy);
	return (struct motion){ fx[0], fy[0], fx[1], fy[1] };
}

static bool continues(const struct view *v, const struct track *before, const struct track *k, double *off)
{
	const struct track_point *end = &before->points[before->n - 1], *start = &k->points[0];
	double gap = (double)(start->pts_us - end->pts_us) / SECOND, speed, reach, change;
	struct motion a, b;

	if (gap > GAP_S || gap < -OVERLAP * 1.01 * v->frame_s || k->points[k->n - 1].pts_us <= end->pts_us)
		return false;
	a = motion_of(v, before, before->n > ENDS ? before->n - ENDS : 0, start->pts_us);
	b = motion_of(v, k, 0, start->pts_us);
	speed = hypot(a.vx, a.vy);
	reach = NEAR_PX * v->scale + 0.3 * speed * fabs(gap);
	change = hypot(a.vx - b.vx, a.vy - b.vy);
	*off = hypot(a.x - b.x, a.y - b.y);
	return *off < reach && change < SAME_SPEED * speed + (SLOWEST_PX + 400 * fmax(gap, 0)) * v->scale;
}

static void append(const struct track *before, const struct track *k, struct track *joined)
{
	int skipped = 0, drop;

	*joined = *before;
	while (k->points[skipped].pts_us <= before->points[before->n - 1].pts_us)
		skipped++;
	drop = before->n + k->n - skipped - ANALYSE_PATH_MAX;
	if (drop > 0) {
		memmove(joined->points, joined->points + drop, (size_t)(joined->n - drop) * sizeof *joined->points);
		joined->n -= drop;
	}
	memcpy(joined->points + joined->n, k->points + skipped, (size_t)(k->n - skipped) * sizeof *k->points);
	joined->n += k->n - skipped;
	joined->score += k->score * (k->n - skipped) / k->n;
}

bool chains_append(const struct view *v, const struct track *before, const struct track *k, struct track *joined)
{
	double off;

	if (!continues(v, before, k, &off))
		return false;
	append(before, k, joined);
	return true;
}

bool chains_join(const struct chains *c, const struct view *v, const struct track *k, struct track *joined)
{
	const struct track *best = NULL;
	double least = HUGE_VAL, off;

	for (int i = 0; i < c->n; i++)
		if (continues(v, &c->kept[i], k, &off) && off < least) {
			least = off;
			best = &c->kept[i];
		}
	if (best)
		append(best, k, joined);
	return best != NULL;
}
