#include "lens/eval/movers.h"

#include <math.h>
#include <stdlib.h>

#define TURN    6.283185307179586
#define GRAVITY 9.81
enum { TRIES = 2000, LOWEST_FLOOR = 2 };
#define LEAST_VISIBLE_M 8.0

const char *mover_word(enum mover_kind kind)
{
	static const char *const words[] = { "thrown", "bird", "dive", "insect", "leaf" };

	return words[kind];
}

void mover_free(struct mover *m)
{
	free(m->path);
	free(m->walk);
	m->path = NULL;
	m->walk = NULL;
}

/* ---- thrown ------------------------------------------------------------------- */

/* A window whose falls are seen from the start: in the upper half of the picture. */
static bool place_throw(struct mover *m, const struct camera *c, struct random *r, double at[3])
{
	for (int i = 0; i < TRIES; i++) {
		double px, py;

		m->floor = random_int(r, LOWEST_FLOOR, c->floors);
		at[0] = random_real(r, -16, 16);
		at[1] = m->floor * c->floor_height_m + 1.3;
		at[2] = c->distance - 0.5;
		if (camera_project(c, at[0], at[1], at[2], &px, &py) > 1 && px >= 60 && px <= c->width - 60 &&
		    py >= 10 && py <= c->height * 0.55)
			return true;
	}
	return false;
}

/* Metres of the fall in view, until it leaves the picture for the first time. */
static double in_view(const struct mover *m, const struct camera *c)
{
	double highest = 0, lowest = 1e9;

	for (int i = 0; i < m->n; i++) {
		const float *p = m->path[i];
		double px, py;

		camera_project(c, p[0], p[1], p[2], &px, &py);
		if (px < 0 || py < 0 || px >= c->width || py >= c->height)
			break;
		highest = fmax(highest, p[1]);
		lowest = fmin(lowest, p[1]);
	}
	return highest > 0 ? highest - lowest : 0;
}

static void fall(struct mover *m, const struct camera *c, double p[3], double v[3])
{
	double drag = GRAVITY / (m->terminal * m->terminal), dt = m->path_step_s;

	for (m->n = 0; m->n < PATH_STEPS; m->n++) {
		double speed = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]), px, py;

		for (int i = 0; i < 3; i++) {
			m->path[m->n][i] = (float)p[i];
			v[i] -= (drag * speed * v[i] + (i == 1 ? GRAVITY : 0)) * dt;
		}
		for (int i = 0; i < 3; i++)
			p[i] += v[i] * dt;
		if (p[1] < 0 || camera_project(c, p[0], p[1], p[2], &px, &py) < 1 || py > c->height + 20)
			break;
	}
	m->length_s = m->n * dt;
}

static bool throw_once(struct mover *m, const struct camera *c, struct random *r, double fps)
{
	static const double terminals[] = { 18, 25, 35, 50 };
	double p[3], v[3];

	if (!place_throw(m, c, r, p))
		return false;
	p[1] = m->floor * c->floor_height_m + random_real(r, 0.8, 1.8);
	p[2] = c->distance - 0.3;
	v[0] = random_normal(r, 0, 2);
	v[2] = -fabs(random_normal(r, 1.5, 1.2));
	v[1] = random_real(r, -0.5, 1.5);
	m->path_step_s = 1 / (fps * 16);
	m->terminal = terminals[random_int(r, 0, 4)];
	fall(m, c, p, v);
	return true;
}

bool mover_throw(struct mover *m, const struct camera *c, const struct level *l, struct random *r, double size_px,
		 double fps)
{
	double px, py, depth;
	const float *mid;

	*m = (struct mover){ .kind = MOVER_THROWN, .size_px = size_px };
	m->path = mem_new(PATH_STEPS * sizeof *m->path);
	for (int i = 0; i < TRIES; i++) {
		if (!throw_once(m, c, r, fps) || (i == TRIES - 1 && in_view(m, c) < LEAST_VISIBLE_M)) {
			mover_free(m);
			return false;
		}
		if (in_view(m, c) >= LEAST_VISIBLE_M)
			break;
	}
	m->contrast = random_real(r, l->contrast_low, l->contrast_high) * (random_bits(r) & 1 ? 1 : -1);
	m->ratio = random_real(r, 0.6, 1);
	m->spin = random_real(r, 0, 25);
	mid = m->path[m->n / 2];
	depth = camera_project(c, mid[0], mid[1], mid[2], &px, &py);
	m->size_m = size_px / c->focal * depth;
	m->floor++; /* the ground floor is 1 */
	return true;
}

static bool thrown_at(const struct mover *m, const struct camera *c, double u, struct spot *at, double *size_px)
{
	int i = (int)ceil(u / m->path_step_s);
	const float *p = m->path[i < m->n ? i : m->n - 1];

	*size_px = c->focal * m->size_m / camera_project(c, p[0], p[1], p[2], &at->x, &at->y);
	return true;
}

/* ---- others ----------------------------------------------------------------------- */

static void random_bird(struct mover *m, const struct camera *c, struct random *r, double s, double secs)
{
	double way = random_bits(r) & 1 ? 1 : -1;

	m->from_s = random_real(r, 1, secs - 2);
	m->length_s = secs;
	m->x = way > 0 ? -30 : c->width + 30;
	m->y = random_real(r, 40, c->height * 0.7);
	m->vx = way * random_real(r, 100, 350) * s;
	m->vy = random_real(r, -40, 40) * s;
	m->swing = random_real(r, 2, 10) * s;
	m->swing_hz = random_real(r, 1, 3);
	m->size_px = random_real(r, 5, 12) * s;
	m->contrast = random_real(r, -90, -40);
}

static void random_dive(struct mover *m, const struct camera *c, struct random *r, double s, double secs)
{
	m->from_s = random_real(r, 1, secs - 4);
	m->length_s = 3;
	m->x = random_real(r, 200, c->width - 200);
	m->y = random_real(r, 30, 250) * s;
	m->vx = random_real(r, -120, 120) * s;
	m->vy = random_real(r, 150, 320) * s;
	m->swing = random_real(r, 3, 9) * s;
	m->swing_hz = random_real(r, 1.5, 4);
	m->size_px = random_real(r, 5, 10) * s;
	m->contrast = random_real(r, -80, -35);
}

static void random_leaf(struct mover *m, const struct camera *c, struct random *r, double s, double secs)
{
	static const double contrasts[] = { -60, -40, 40 };

	m->from_s = random_real(r, 1, secs - 4);
	m->length_s = random_real(r, 3, 8);
	m->x = random_real(r, 60, c->width - 60);
	m->y = random_real(r, -10, c->height * 0.5);
	m->vx = random_real(r, -50, 50) * s;
	m->vy = random_real(r, 35, 110) * s;
	m->swing = random_real(r, 10, 45) * s;
	m->swing_hz = random_real(r, 0.4, 1.2);
	m->size_px = random_real(r, 4, 9) * s;
	m->contrast = contrasts[random_int(r, 0, 3)];
}

static void random_insect(struct mover *m, const struct camera *c, struct random *r, double s, double secs, double fps)
{
	double angle = random_real(r, 0, TURN), speed = random_real(r, 200, 900) * s;
	double x = random_real(r, 0, c->width), y = random_real(r, 0, c->height);

	m->from_s = random_real(r, 1, secs - 2);
	m->length_s = random_real(r, 0.4, 1.6);
	m->size_px = random_real(r, 6, 18) * s;
	m->contrast = random_real(r, -40, 40);
	m->walk = mem_new(INSECT_STEPS * sizeof *m->walk);
	for (int i = 0; i < INSECT_STEPS; i++) {
		angle += random_normal(r, 0, 0.45);
		x += cos(angle) * speed / fps;
		y += sin(angle) * speed / fps;
		m->walk[i][0] = (float)x;
		m->walk[i][1] = (float)y;
	}
}

void mover_random(struct mover *m, enum mover_kind kind, const struct camera *c, struct random *r, double secs,
		  double fps)
{
	double s = c->height / 1080.0;

	*m = (struct mover){ .kind = kind };
	if (kind == MOVER_BIRD)
		random_bird(m, c, r, s, secs);
	else if (kind == MOVER_DIVE)
		random_dive(m, c, r, s, secs);
	else if (kind == MOVER_LEAF)
		random_leaf(m, c, r, s, secs);
	else
		random_insect(m, c, r, s, secs, fps);
}

static bool other_at(const struct mover *m, double u, double fps, struct spot *at)
{
	double phase = TURN * m->swing_hz * u;
	int i;

	at->x = m->x + m->vx * u;
	at->y = m->y + m->vy * u;
	switch (m->kind) {
	case MOVER_LEAF:
		at->x += m->swing * sin(phase);
		at->y += 0.3 * m->swing * cos(2 * phase);
		break;
	case MOVER_INSECT:
		i = (int)(u * fps);
		if (i >= INSECT_STEPS)
			return false;
		at->x = m->walk[i][0];
		at->y = m->walk[i][1];
		break;
	default: at->y += m->swing * sin(phase);
	}
	return true;
}

bool mover_at(const struct mover *m, const struct camera *c, double t, double fps, struct spot *at, double *size_px)
{
	double u = t - m->from_s;

	if (u < 0 || u >= m->length_s)
		return false;
	*size_px = m->size_px;
	if (m->kind == MOVER_THROWN)
		return thrown_at(m, c, u, at, size_px);
	return other_at(m, u, fps, at) && at->x > -40 && at->x < c->width + 40 && at->y > -40 && at->y < c->height + 40;
}

struct ellipse mover_shape(const struct mover *m, double t, double size_px)
{
	struct ellipse e = { .length = size_px, .ratio = 0.5, .contrast = m->contrast };

	switch (m->kind) {
	case MOVER_THROWN:
		e.ratio = m->ratio;
		e.angle = m->spin * t;
		break;
	case MOVER_BIRD: /* wings, four beats a second */
	case MOVER_DIVE: e.ratio = 0.35 + 0.4 * fabs(sin(TURN * 4 * t + m->from_s)); break;
	case MOVER_LEAF: /* tumbling */
		e.ratio = 0.25 + 0.7 * fabs(sin(TURN * 1.1 * t + m->from_s));
		e.angle = 2.44 * t;
		break;
	case MOVER_INSECT: break;
	}
	return e;
}
