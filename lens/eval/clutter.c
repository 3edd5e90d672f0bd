#include "lens/eval/clutter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TURN 6.283185307179586
enum { CLOTH_MAX = 32, LAMPS_MAX = 64, EDGE = 12 };

struct cloth {
	struct canvas texture; /* EDGE / 2 pixels larger on each side */
	int x, y, w, h;
	double hz, reach, phase, gust;
};

struct patch { /* a curtain or a lamp behind a window */
	struct box at;
	double hz, phase, from_s, until_s, grey;
};

struct tree {
	struct canvas texture, cover; /* cover: 0 to GREY */
	int x, y;
};

struct clutter {
	const struct level *level;
	int width, height;
	double scale, secs;
	int cloths_n, curtains_n, lamps_n;
	struct cloth cloths[CLOTH_MAX];
	struct patch curtains[CLOTH_MAX], lamps[LAMPS_MAX];
	struct tree tree;
	struct random rain;
};

/* ---- made once --------------------------------------------------------------------- */

static void hang_cloth(struct cloth *l, const struct box *window, struct random *r, double s)
{
	l->w = (int)(random_int(r, 18, 46) * s);
	l->h = (int)(random_int(r, 24, 60) * s);
	l->x = window->x0;
	l->y = window->y1;
	l->texture = canvas_new(l->w + 2 * EDGE, l->h + 2 * EDGE);
	canvas_fill(&l->texture, 0, 0, l->texture.width, l->texture.height, random_real(r, 30, 230));
	canvas_cloud(&l->texture, r, 8, 6);
	l->hz = random_real(r, 0.25, 0.9);
	l->reach = random_real(r, 2, 8) * s;
	l->phase = random_real(r, 0, TURN);
	l->gust = random_real(r, 0, TURN);
}

static void grow_tree(struct clutter *k, struct random *r)
{
	int w = (int)(360 * k->scale), h = (int)(300 * k->scale);
	struct tree *t = &k->tree;

	t->x = k->width - w;
	t->y = k->height - h;
	t->texture = canvas_new(w, h);
	t->cover = canvas_new(w, h);
	canvas_fill(&t->texture, 0, 0, w, h, k->level->night ? 25 : 70);
	canvas_cloud(&t->texture, r, 4.5 * k->scale, k->level->night ? 6 : 18);
	canvas_cloud(&t->cover, r, 20 * k->scale, 1);
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++) {
			/* crowns thin out to the left and above; leaves in clumps */
			double in = ((double)x / w + (double)y / h - 0.35) * 3;
			int16_t *p = &t->cover.p[y * w + x];

			*p = (int16_t)(*p > -2 ? fmin(fmax(in, 0), 1) * GREY : 0);
		}
}

static const struct box *any_window(const struct facade *f, struct random *r)
{
	return &f->windows[random_int(r, 0, f->n)];
}

static struct box inside(const struct box *w)
{
	return (struct box){ w->x0 + 4, w->y0 + 4, w->x1 - 4 > w->x0 + 12 ? w->x1 - 4 : w->x0 + 12,
			     w->y1 - 4 > w->y0 + 12 ? w->y1 - 4 : w->y0 + 12 };
}

struct clutter *clutter_new(const struct level *l, const struct facade *f, const struct camera *c, struct random *r,
			    double secs)
{
	struct clutter *k = mem_new(sizeof *k);
	int lamps = l->clock ? (int)(4 * secs / 60) + 1 : 0;

	*k = (struct clutter){
		.level = l, .width = c->width, .height = c->height, .scale = c->height / 1080.0, .secs = secs
	};
	for (int i = 0; i < l->laundry && f->n > 0; i++)
		hang_cloth(&k->cloths[k->cloths_n++], any_window(f, r), r, k->scale);
	for (int i = 0; i < l->laundry / 2 && f->n > 0; i++)
		k->curtains[k->curtains_n++] = (struct patch){ .at = inside(any_window(f, r)),
							       .hz = random_real(r, 0.1, 0.4),
							       .phase = random_real(r, 0, TURN) };
	for (int i = 0; i < lamps && i < LAMPS_MAX && f->n > 0; i++) {
		struct patch *p = &k->lamps[k->lamps_n++];

		p->at = inside(any_window(f, r));
		p->from_s = random_real(r, 0, secs);
		p->until_s = p->from_s + random_real(r, 3, 20);
		p->grey = random_real(r, 30, 80);
	}
	if (l->foliage)
		grow_tree(k, r);
	random_init(&k->rain, random_bits(r));
	return k;
}

void clutter_free(struct clutter *k)
{
	if (!k)
		return;
	for (int i = 0; i < k->cloths_n; i++)
		canvas_free(&k->cloths[i].texture);
	canvas_free(&k->tree.texture);
	canvas_free(&k->tree.cover);
	free(k);
}

/* ---- every frame ------------------------------------------------------------------- */

static void paint_cloth(const struct cloth *l, struct canvas *p, double t, double dx, double dy)
{
	double gust = 0.6 + 0.4 * sin(TURN * 0.07 * t + l->gust);

	for (int y = 0; y < l->h; y++) {
		double far = (double)y / l->h;
		double off = l->reach * gust * far * sin(TURN * l->hz * t + l->phase) +
			     1.5 * sin(TURN * (far * 1.3 + 1.7 * t) + l->phase);
		int row = l->y + y;

		if (row < 0 || row >= p->height)
			continue;
		for (int x = 0; x < l->w + 16; x++) {
			int at = l->x - 8 + x;

			if (at >= 0 && at < p->width && x + off > 8 && x + off < l->w + 8)
				p->p[row * p->width + at] = (int16_t)canvas_at(
					&l->texture, (int)((x + 4 + off - dx) * 256), (int)((y + 8 - dy) * 256));
		}
	}
}

static void paint_tree(const struct clutter *k, struct canvas *p, double t)
{
	const struct tree *tree = &k->tree;
	double s = k->scale, sway = 3 * s * (1 + 0.5 * sin(0.5 * t));

	for (int y = 0; y < tree->texture.height; y++) {
		double across = sway * sin(y / (37 * s) + TURN * 0.7 * t);
		int16_t *out = p->p + (ptrdiff_t)(tree->y + y) * p->width + tree->x;

		for (int x = 0; x < tree->texture.width; x++) {
			int at_x = (int)((x + across + 1.3 * sin(x / (11 * s) + TURN * 1.9 * t)) * 256);
			int at_y = (int)((y + 0.6 * sway * sin(x / (29 * s) + TURN * 0.9 * t)) * 256);
			int cover = canvas_at(&tree->cover, at_x, at_y);

			if (cover > 0)
				out[x] = (int16_t)(out[x] +
						   cover * (canvas_at(&tree->texture, at_x, at_y) - out[x]) / GREY);
		}
	}
}

void clutter_paint(struct clutter *k, struct canvas *p, double t, double dx, double dy)
{
	for (int i = 0; i < k->curtains_n; i++) {
		const struct patch *c = &k->curtains[i];

		canvas_add(p, c->at.x0 + (int)lrint(dx), c->at.y0 + (int)lrint(dy), c->at.x1 - c->at.x0,
			   c->at.y1 - c->at.y0, 18 * sin(TURN * c->hz * t + c->phase));
	}
	for (int i = 0; i < k->lamps_n; i++) {
		const struct patch *c = &k->lamps[i];

		if (c->from_s < t && t < c->until_s)
			canvas_add(p, c->at.x0, c->at.y0, c->at.x1 - c->at.x0, c->at.y1 - c->at.y0, c->grey);
	}
	for (int i = 0; i < k->cloths_n; i++)
		paint_cloth(&k->cloths[i], p, t, dx, dy);
	if (k->level->foliage)
		paint_tree(k, p, t);
}

void clutter_rain(struct clutter *k, struct canvas *p, double t)
{
	int n = (int)(90 * k->level->rain * k->scale);

	if (t < k->secs * 0.35 || t > k->secs * 0.75)
		return;
	for (int i = 0; i < n; i++) {
		double x = random_real(&k->rain, 0.66 * k->width, k->width), y = random_real(&k->rain, -20, k->height);
		double length = random_real(&k->rain, 12, 34) * k->scale, slant = random_normal(&k->rain, 0.06, 0.03);

		canvas_line(p, x, y, x + slant * length, y + length, random_real(&k->rain, 10, 28));
	}
}

/* ---- the clock in the picture ----------------------------------------------------------- */

/* 5 x 7 dots, a byte per row. */
static const uint8_t digits[][7] = {
	{ 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },  { 14, 17, 1, 2, 4, 8, 31 },
	{ 31, 2, 4, 2, 1, 17, 14 },     { 2, 6, 10, 18, 31, 2, 2 }, { 31, 16, 30, 1, 1, 17, 14 },
	{ 6, 8, 16, 30, 17, 17, 14 },   { 31, 1, 2, 4, 8, 8, 8 },   { 14, 17, 17, 14, 17, 17, 14 },
	{ 14, 17, 17, 15, 1, 2, 12 },   { 0, 4, 4, 0, 4, 4, 0 },    { 0, 0, 0, 31, 0, 0, 0 },
};

static void dots(const struct clutter *k, uint8_t *luma, int x, int y, int size, int grey)
{
	for (int i = 0; i < size; i++)
		for (int j = 0; j < size; j++)
			if (x + j >= 0 && x + j < k->width && y + i >= 0 && y + i < k->height)
				luma[(ptrdiff_t)(y + i) * k->width + x + j] = (uint8_t)grey;
}

static void digit(const struct clutter *k, uint8_t *luma, int which, int x, int y)
{
	int dot = (int)fmax(1, 4 * k->scale);

	for (int pass = 0; pass < 2; pass++) /* a dark rim first */
		for (int i = 0; i < 35; i++)
			if (digits[which][i / 5] >> (4 - i % 5) & 1)
				dots(k, luma, x + i % 5 * dot - !pass, y + i / 5 * dot - !pass, dot + 2 * !pass,
				     pass ? 235 : 16);
}

void clutter_clock(const struct clutter *k, uint8_t *luma, double t)
{
	static const int shape[] = { 2, 0, 2, 6, -11, 0, 6, -11, 0, 1 };
	int s = (int)t, x = (int)(30 * k->scale), y = (int)(24 * k->scale), step = (int)fmax(6, 24 * k->scale);
	int time[] = { 1, 2, 10, s / 600 % 6, s / 60 % 10, 10, s / 10 % 6, s % 10 };

	if (!k->level->clock)
		return;
	for (size_t i = 0; i < COUNT(shape); i++, x += step)
		digit(k, luma, abs(shape[i]), x, y);
	x += step;
	for (size_t i = 0; i < COUNT(time); i++, x += step)
		digit(k, luma, time[i], x, y);
}

static struct truth_region region(const char *kind, int x, int y, int w, int h)
{
	struct truth_region r = { .x0 = (float)x, .y0 = (float)y, .x1 = (float)(x + w), .y1 = (float)(y + h) };

	memcpy(r.kind, kind, strlen(kind) + 1);
	return r;
}

int clutter_regions(const struct clutter *k, struct arena *a, struct truth_region **ret)
{
	struct truth_region *r = NEW_N(a, struct truth_region, k->cloths_n + 2);
	int n = 0, left = (int)(0.64 * k->width);

	for (int i = 0; i < k->cloths_n; i++) {
		const struct cloth *l = &k->cloths[i];

		r[n++] = region("laundry", l->x - 20, l->y - 20, l->w + 40, l->h + 40);
	}
	if (k->level->foliage)
		r[n++] = region("foliage", k->tree.x - 20, k->tree.y - 20, k->width, k->height);
	if (k->level->rain)
		r[n++] = region("rain", left, 0, k->width - left, k->height);
	*ret = r;
	return n;
}
