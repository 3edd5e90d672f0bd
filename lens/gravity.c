#include "lens/gravity.h"

#include <math.h>
#include <string.h>

#include "lens/coarse.h"
#include "lens/fit.h"

#define LEAST_S         0.36 /* of a path */
#define LEAST_OCCUPANCY 0.55
#define LEAST_SCORE     9.0
#define LEAST_WAY_PX    90.0 /* at 1080 rows: a leaf far up wavers by less and seems to fall fast */
#define LEAST_FALL_M    4.5  /* a floor and a half */
#define ASIDE           1.8  /* metres to the side per metre of fall: seen steeply from below, sideways looms large */
#define GRAVITY_SLOW    6.0  /* m/s2, at the least while it is slow; what comes towards or leaves the wall shows less */
#define GRAVITY_FAST    3.0  /* near its terminal speed */
#define TERMINAL_M      18.0 /* m/s; bricks reach 50, full bags 18 */
#define GRAVITY_HIGH    18.0
#define GRAVITY_SURE    2.5 /* two sigmas above this */
#define FIRST_SPEED_M   16.0
#define SURE_S          1.0
#define SURE_FALL_M     12.0
#define SURE_OFF        3.5
#define SURE_SIGMA      0.8
/* Without calibration, for 1080 rows. */
#define LEAST_FALL_PX  70.0
#define LEAST_ACCEL_PX 60.0 /* pixels/s2 */
#define LONGEST_REST_S 1.4
/* Frames in which nothing was seen. */
#define MARGIN        12
#define GROUND_M      1.5 /* cars, hedges, people hide the last of the way */
#define BUSY_BLIND    0.4
#define SCORE_UNSEEN  7.0
#define LOOK_S        0.6
#define FIRST_S       1.2
#define FIRST_POINTS  9
#define PLANE_ERROR_M 0.3 /* the thing is in front of the facade, the lines are drawn by hand */

struct series {
	int n;
	double t[ANALYSE_PATH_MAX], x[ANALYSE_PATH_MAX], y[ANALYSE_PATH_MAX];
	double h[ANALYSE_PATH_MAX];      /* metres above ground, calibrated only */
	double across[ANALYSE_PATH_MAX]; /* pixels beside the vertical, at the middle of the path */
};

static void take(const struct view *v, const struct track *k, struct series *s)
{
	const struct track_point *m = &k->points[k->n / 2];
	double middle = v->calibrated ? view_height(v, m->x, m->y) : 0;

	s->n = k->n;
	for (int i = 0; i < k->n; i++) {
		const struct track_point *p = &k->points[i];

		s->t[i] = (double)(p->pts_us - k->points[0].pts_us) / SECOND;
		s->x[i] = p->x;
		s->y[i] = p->y;
		s->h[i] = v->calibrated ? view_height(v, p->x, p->y) : 0;
		s->across[i] = view_across(v, p->x, p->y, middle);
	}
}

static int least_points(const struct view *v)
{
	int n = (int)lrint(LEAST_S / v->frame_s);

	return n < 6 ? 6 : n > 9 ? 9 : n;
}

/* Points of the first second or so: later, drag bends the fall and motion
 * towards the camera shows. */
static int first_part(const struct series *s)
{
	int n = s->n;

	while (n > FIRST_POINTS && s->t[n - 1] > FIRST_S)
		n--;
	return n;
}

/* How far the points are off a smooth fall, along and beside it, in pixels.
 * With calibration perspective is taken out first. */
static void measure_roughness(const struct view *v, const struct series *s, struct verdict *r)
{
	const double scale = view_px_per_m(v, s->x[s->n / 2], s->y[s->n / 2]);
	int n = first_part(s), rest = s->n - n;
	double fit[3];

	r->rough_y = v->calibrated ? fit_parabola(s->t, s->h, n, fit) * scale : r->rms_y;
	if (v->calibrated && rest > FIRST_POINTS)
		r->rough_y = fmax(r->rough_y, fit_parabola(s->t + n, s->h + n, rest, fit) * scale);
	r->rough_x = fit_parabola(s->t, s->across, s->n, fit);
}

/* Smooth, downwards, without holes: what holds in pixels whatever the scale. */
static const char *shape_fault(const struct view *v, const struct track *k, const struct series *s,
			       const struct verdict *r)
{
	double fall = s->y[s->n - 1] - s->y[0], px = v->scale, x = s->x[s->n / 2], y = s->y[s->n / 2];
	double across = view_px_per_m_across(v, x, y) / view_px_per_m(v, x, y);
	int up = 0;

	for (int i = 1; i < s->n; i++)
		up += s->y[i] < s->y[i - 1] - 0.5;
	if (s->t[s->n - 1] < LEAST_S)
		return "short";
	if (fall < LEAST_WAY_PX * px)
		return "fall";
	if (r->occupancy < LEAST_OCCUPANCY)
		return "holes";
	if (up > s->n / 8)
		return "up";
	if (r->rough_x > 0.8 + 1.4 * px + 0.012 * fall || r->rough_y > 0.9 + 1.6 * px + 0.015 * fall)
		return "rough";
	if (fabs(s->across[s->n - 1] - s->across[0]) > ASIDE * fall * across)
		return "sideways";
	if (k->score < LEAST_SCORE)
		return "clutter";
	return NULL;
}

static int floor_of(double height_m, const struct calibration *c)
{
	int f = (int)floor(height_m / c->floor_height_m) + 1;

	return f < 1 ? 1 : f > c->floors ? c->floors : f;
}

static void reckon_release(const struct calibration *c, const double fit[3], const double error[3], struct verdict *r)
{
	double down = fit[1] < 0 ? -fit[1] : 0, by_speed = down / VIEW_GRAVITY * error[1];

	r->release_m = fit[0] + down * down / (2 * VIEW_GRAVITY);
	r->release_sigma_m = sqrt(error[0] * error[0] + by_speed * by_speed + PLANE_ERROR_M * PLANE_ERROR_M);
	r->before_s = down / VIEW_GRAVITY;
	r->floor = floor_of(r->release_m, c);
	r->floor_low = floor_of(r->release_m - r->release_sigma_m, c);
	r->floor_high = floor_of(r->release_m + r->release_sigma_m, c);
}

/* What gravity and drag leave of 9.81 at a speed, with a good margin. */
static double least_gravity(double speed)
{
	double share = speed / TERMINAL_M;

	return fmax(GRAVITY_FAST, GRAVITY_SLOW * (1 - share * share));
}

static const char *metric_fault(const struct view *v, const struct series *s, struct verdict *r)
{
	double fit[3], error[3];
	int n = first_part(s);
	double rms = fit_parabola(s->t, s->h, n, fit);

	fit_errors(s->t, n, rms * sqrt((double)n / (n - 3)), error);
	r->gravity = -2 * fit[2];
	r->gravity_sigma = 2 * error[2];
	reckon_release(&v->calibration, fit, error, r);
	if (s->h[0] - s->h[s->n - 1] < LEAST_FALL_M)
		return "fall";
	if (r->gravity < least_gravity(-fit[1] + r->gravity * s->t[n - 1] / 2) || r->gravity > GRAVITY_HIGH ||
	    r->gravity - 2 * r->gravity_sigma < GRAVITY_SURE)
		return "gravity";
	if (-fit[1] > FIRST_SPEED_M)
		return "fast";
	return NULL;
}

static const char *pixel_fault(const struct view *v, const struct series *s, struct verdict *r)
{
	double fit[3], accel, first, last;
	int n = first_part(s);

	fit_parabola(s->t, s->y, n, fit);
	accel = 2 * fit[2];
	first = fit[1];
	last = first + accel * s->t[n - 1];
	if (s->y[s->n - 1] - s->y[0] < LEAST_FALL_PX * v->scale)
		return "fall";
	if (accel < LEAST_ACCEL_PX * v->scale)
		return "gravity";
	if (first > 0 && (last < 1.35 * first || first / accel > LONGEST_REST_S))
		return "fast";
	r->before_s = first > 0 ? first / accel : 0;
	return NULL;
}

/* ---- where it should have been seen ------------------------------------------------ */

/* How well a thing is seen at a place: 1 on a calm wall, 0 outside and in busy tiles. */
static double calm(const struct view *v, const struct threshold *t, double x, double y)
{
	double busy;

	if (x < MARGIN || y < MARGIN || x >= v->width - MARGIN || y >= v->height - MARGIN)
		return 0;
	if (v->calibrated && view_height(v, x, y) < GROUND_M)
		return 0;
	busy = (double)t->busy[(int)y / BLIP_TILE * t->tiles_x + (int)x / BLIP_TILE];
	return busy < BUSY_BLIND ? 1 - busy / BUSY_BLIND : 0;
}

/* Below this speed a thing covers itself within the lag: pixels/s. */
static double least_speed(const struct view *v, const struct track *k)
{
	double h = 0, fine, coarse;
	int n = k->n < 4 ? k->n : 4;

	for (int i = 0; i < n; i++)
		h += (double)k->points[i].h / n;
	fine = (h + 3) / (ANALYSE_LAG * v->frame_s);
	coarse = (h + 2 * COARSE) / (COARSE_LAG_MOST * v->frame_s);
	return h > 2 * COARSE && coarse < fine ? coarse : fine;
}

static double unseen(const struct view *v, const struct threshold *t, const struct verdict *r, double from_s,
		     double until_s, double least)
{
	double sum = 0;

	for (int i = 0; from_s + i * v->frame_s < until_s; i++) {
		double s = from_s + i * v->frame_s;

		if (r->fit_y[1] + 2 * r->fit_y[2] * s >= least)
			sum += calm(v, t, fit_at(r->fit_x, s), fit_at(r->fit_y, s));
	}
	return sum;
}

static void count_unseen(const struct view *v, const struct threshold *t, const struct track *k, struct verdict *r)
{
	double end = (double)(k->points[k->n - 1].pts_us - k->points[0].pts_us) / SECOND, least = least_speed(v, k);

	r->unseen_before = unseen(v, t, r, -fmin(r->before_s, LOOK_S), -v->frame_s / 2, least);
	r->unseen_after = unseen(v, t, r, end + v->frame_s, end + LOOK_S, least);
}

/* Log-likelihood of not having been seen, by how often it was while it was seen. */
static double unseen_cost(const struct verdict *r)
{
	return -log(1 - 0.9 * r->occupancy) * (r->unseen_before + r->unseen_after);
}

/* Paper and leaves: a steady 1 to 2 m/s. */
static bool is_debris(const struct view *v, const struct series *s)
{
	double fit[3], rms = fit_line(s->t, s->h, s->n, fit);

	return v->calibrated && s->t[s->n - 1] > 1.5 && -fit[1] > 0.8 && -fit[1] < 2.5 && rms < 0.5;
}

static bool is_sure(const struct view *v, const struct series *s, const struct verdict *r)
{
	return v->calibrated && s->t[s->n - 1] >= SURE_S && s->h[0] - s->h[s->n - 1] >= SURE_FALL_M &&
	       fabs(r->gravity - VIEW_GRAVITY) < SURE_OFF && r->gravity_sigma < SURE_SIGMA;
}

struct verdict gravity_judge(const struct view *v, const struct threshold *t, const struct track *k, bool debris)
{
	struct series s;
	struct verdict r = { .kind = INCIDENT_THROWN };

	if (k->n < least_points(v)) {
		r.why = "short";
		return r;
	}
	take(v, k, &s);
	r.occupancy = (double)k->n / (k->points[k->n - 1].frame - k->points[0].frame + 1);
	r.rms_y = fit_parabola(s.t, s.y, s.n, r.fit_y);
	r.rms_x = fit_parabola(s.t, s.x, s.n, r.fit_x);
	measure_roughness(v, &s, &r);
	r.why = shape_fault(v, k, &s, &r);
	if (!r.why)
		r.why = v->calibrated ? metric_fault(v, &s, &r) : pixel_fault(v, &s, &r);
	if (r.why && debris && is_debris(v, &s)) {
		r.kind = INCIDENT_DEBRIS;
		r.why = NULL;
	}
	if (!r.why) {
		count_unseen(v, t, k, &r);
		if (k->score - unseen_cost(&r) < SCORE_UNSEEN)
			r.why = "unseen";
	}
	r.falls = !r.why;
	r.sure = r.falls && is_sure(v, &s, &r);
	r.wanders = r.why && (strcmp(r.why, "rough") == 0 || strcmp(r.why, "gravity") == 0 ||
			      strcmp(r.why, "up") == 0 || strcmp(r.why, "sideways") == 0);
	return r;
}
