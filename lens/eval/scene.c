#include "lens/eval/scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/eval/clutter.h"
#include "lens/eval/movers.h"

enum { NOISES = 8, NOISE_EXTRA = 64, MOVERS_MAX = 2048, SUB = 8 };
#define TURN    6.283185307179586
#define FIRST_S 6.0 /* nothing is thrown before: cameras settle */
static const double sizes[] = { 4, 4.5, 5, 6, 7, 8, 10, 12, 16, 20 };

struct seen {
	int n, cap;
	struct truth_frame *frames;
};

struct scene {
	struct scene_options o;
	const struct level *level;
	struct camera camera;
	struct facade facade;
	struct clutter *clutter;
	struct canvas picture;
	struct random random;
	int movers_n, painted, fresh;
	struct mover movers[MOVERS_MAX];
	struct seen seen[MOVERS_MAX];
	int16_t *noise[NOISES];
	double shake_x, shake_y;
	struct calibration_input drawn;
	uint8_t *last;
};

static void add_others(struct scene *s, enum mover_kind kind, double per_minute)
{
	int n = (int)lrint(per_minute * s->o.secs / 60);

	for (int i = 0; i < n && s->movers_n < MOVERS_MAX; i++)
		mover_random(&s->movers[s->movers_n++], kind, &s->camera, &s->random, s->o.secs, s->o.fps);
}

static void shuffle(struct random *r, int *order, int n)
{
	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int i = n - 1; i > 0; i--) {
		int k = random_int(r, 0, i + 1), t = order[i];

		order[i] = order[k];
		order[k] = t;
	}
}

static void add_throws(struct scene *s)
{
	int n = s->o.objects, order[COUNT(sizes)];
	double slot = (s->o.secs - FIRST_S - 4) / (n > 0 ? n : 1);

	shuffle(&s->random, order, COUNT(sizes));
	for (int i = 0; i < n && s->movers_n < MOVERS_MAX; i++) {
		struct mover *m = &s->movers[s->movers_n];
		double size = sizes[order[i % (int)COUNT(sizes)]] * s->o.height / 1080;

		if (!mover_throw(m, &s->camera, s->level, &s->random, size, s->o.fps))
			continue;
		m->from_s = FIRST_S + slot * (i + random_real(&s->random, 0, 0.6));
		s->movers_n++;
	}
}

static enum rc check(struct scene_options *o)
{
	o->width = o->width ? o->width : 1920;
	o->height = o->height ? o->height : 1080;
	o->fps = o->fps > 0 ? o->fps : 25;
	o->shown_fps = o->shown_fps > 0 ? o->shown_fps : o->fps;
	if (!level_named(o->level) || o->width < 160 || o->height < 120 || o->width > 4096 || o->height > 4096 ||
	    o->width % 2 || o->height % 2 || o->fps > 120 || !(o->secs >= 12 && o->secs <= 3600) || o->objects > 1000)
		return RC_INVALID;
	return RC_OK;
}

enum rc scene_new(const struct scene_options *options, struct scene **ret)
{
	struct scene_options o = *options;
	struct scene *s;
	struct random drawing;
	int area;

	TRY(check(&o));
	s = mem_new(sizeof *s);
	s->o = o;
	s->level = level_named(o.level);
	s->fresh = -1;
	random_init(&s->random, (uint64_t)o.seed * 16 + (uint64_t)(o.level[0] == 'N' ? 8 : o.level[1] - '0'));
	s->camera = camera_random(&s->random, o.width, o.height);
	random_init(&drawing, (uint64_t)o.seed + 7777777);
	s->drawn = camera_drawn(&s->camera, &drawing, o.jitter_px);
	facade_paint(&s->facade, &s->camera, &s->random, s->level->night);
	s->clutter = clutter_new(s->level, &s->facade, &s->camera, &s->random, o.secs);
	add_throws(s);
	add_others(s, MOVER_BIRD, s->level->birds);
	add_others(s, MOVER_DIVE, s->level->dives);
	add_others(s, MOVER_INSECT, s->level->insects);
	add_others(s, MOVER_LEAF, s->level->leaves);
	s->picture = canvas_new(o.width, o.height);
	s->last = mem_new((size_t)o.width * (size_t)o.height);
	area = (o.width + NOISE_EXTRA) * (o.height + NOISE_EXTRA);
	for (int i = 0; i < NOISES; i++) {
		s->noise[i] = mem_new((size_t)area * sizeof(int16_t));
		random_noise(&s->random, s->noise[i], area, s->level->noise * GREY);
	}
	*ret = s;
	return RC_OK;
}

void scene_free(struct scene *s)
{
	if (!s)
		return;
	for (int i = 0; i < s->movers_n; i++) {
		mover_free(&s->movers[i]);
		free(s->seen[i].frames);
	}
	for (int i = 0; i < NOISES; i++)
		free(s->noise[i]);
	clutter_free(s->clutter);
	facade_free(&s->facade);
	canvas_free(&s->picture);
	free(s->last);
	free(s);
}

int scene_frames(const struct scene *s)
{
	return (int)(s->o.secs * s->o.shown_fps);
}

static double limit(double v, double most)
{
	return v > most ? most : v < -most ? -most : v;
}

static void shake(struct scene *s, double t, double *dx, double *dy)
{
	double most = s->level->shake * s->o.height / 1080;

	if (most <= 0) {
		*dx = *dy = 0;
		return;
	}
	s->shake_x = 0.85 * s->shake_x + random_normal(&s->random, 0, 0.35 * most);
	s->shake_y = 0.85 * s->shake_y + random_normal(&s->random, 0, 0.35 * most);
	*dx = limit(s->shake_x + 0.3 * most * sin(TURN * 2.3 * t), most);
	*dy = limit(s->shake_y + 0.3 * most * sin(TURN * 3.1 * t), most);
}

static void note(struct seen *seen, const struct truth_frame *f)
{
	if (seen->n == seen->cap) {
		int cap = seen->cap ? 2 * seen->cap : 64;

		seen->frames = mem_grow(seen->frames, (size_t)seen->cap * sizeof *f, (size_t)cap * sizeof *f);
		seen->cap = cap;
	}
	seen->frames[seen->n++] = *f;
}

static void paint_mover(struct scene *s, int i, double t, double dx, double dy)
{
	const struct mover *m = &s->movers[i];
	struct spot at[SUB];
	struct ellipse e;
	struct box b;
	double size, first_size = 0;
	int n = 0;

	for (int k = 0; k < SUB; k++) {
		double open = s->level->exposure / s->o.fps * k / (SUB - 1);

		if (!mover_at(m, &s->camera, t + open, s->o.fps, &at[n], &size)) {
			if (k == 0)
				return;
			continue;
		}
		at[n].x += dx;
		at[n].y += dy;
		first_size = n++ ? first_size : size;
	}
	e = mover_shape(m, t, first_size);
	if (canvas_ellipse(&s->picture, at, n, &e, &b))
		note(&s->seen[i], &(struct truth_frame){ s->painted, (float)b.x0, (float)b.y0, (float)b.x1, (float)b.y1,
							 (float)at[n / 2].x, (float)at[n / 2].y });
}

static void paint_fresh(struct scene *s, double t)
{
	const struct level *l = s->level;
	double dx, dy, gain = 1 + l->drift * sin(TURN * t / 41) + 0.5 * l->drift * sin(TURN * t / 17 + 1);
	int stride = s->o.width + NOISE_EXTRA, which, off;

	shake(s, t, &dx, &dy);
	canvas_shifted(&s->picture, &s->facade.painting, FACADE_PAD - dx, FACADE_PAD - dy);
	clutter_paint(s->clutter, &s->picture, t, dx, dy);
	for (int i = s->movers_n - 1; i >= 0; i--) /* thrown things come first in the list, last in the picture */
		paint_mover(s, i, t, dx, dy);
	if (l->rain)
		clutter_rain(s->clutter, &s->picture, t);
	which = random_int(&s->random, 0, NOISES);
	off = random_int(&s->random, 0, NOISE_EXTRA) * stride + random_int(&s->random, 0, NOISE_EXTRA);
	canvas_develop(&s->picture, gain, s->noise[which] + off, stride, s->last);
	clutter_clock(s->clutter, s->last, t);
}

/* A repeated picture shows its things again. */
static void note_again(struct scene *s)
{
	for (int i = 0; i < s->movers_n; i++)
		if (s->seen[i].n > 0 && s->seen[i].frames[s->seen[i].n - 1].frame == s->painted - 1) {
			struct truth_frame f = s->seen[i].frames[s->seen[i].n - 1];

			f.frame = s->painted;
			note(&s->seen[i], &f);
		}
}

void scene_paint(struct scene *s, uint8_t *luma)
{
	/* the camera's newest picture at this moment of the stream */
	int fresh = (int)floor(s->painted / s->o.shown_fps * s->o.fps + 1e-6);

	if (fresh != s->fresh) {
		s->fresh = fresh;
		paint_fresh(s, fresh / s->o.fps);
	} else {
		note_again(s);
	}
	memcpy(luma, s->last, (size_t)s->o.width * (size_t)s->o.height);
	s->painted++;
}

void scene_chroma(const struct scene *s, uint8_t *u, uint8_t *v)
{
	const struct canvas *p = &s->facade.painting;

	for (int y = 0; y < s->o.height / 2; y++)
		for (int x = 0; x < s->o.width / 2; x++) {
			int grey = p->p[(2 * y + FACADE_PAD) * p->width + 2 * x + FACADE_PAD] / GREY - 150;

			u[y * (s->o.width / 2) + x] = (uint8_t)(128 + grey * 6 / 100);
			v[y * (s->o.width / 2) + x] = (uint8_t)(128 - grey * 4 / 100);
		}
}

void scene_truth(const struct scene *s, struct arena *a, struct truth *ret)
{
	*ret = (struct truth){ .seed = s->o.seed,
			       .width = s->o.width,
			       .height = s->o.height,
			       .frames = scene_frames(s),
			       .fps = s->o.shown_fps,
			       .movers_n = s->movers_n,
			       .has_calibration = true,
			       .calibration = s->drawn };
	memcpy(ret->level, s->level->name, strlen(s->level->name) + 1);
	ret->movers = NEW_N(a, struct truth_mover, s->movers_n + 1);
	for (int i = 0; i < s->movers_n; i++) {
		struct truth_mover *m = &ret->movers[i];
		const char *word = mover_word(s->movers[i].kind);

		memcpy(m->kind, word, strlen(word) + 1);
		m->floor = s->movers[i].floor;
		m->size_px = s->movers[i].size_px;
		m->contrast = s->movers[i].contrast;
		m->n = s->seen[i].n;
		m->frames = NEW_N(a, struct truth_frame, m->n + 1);
		if (m->n > 0)
			memcpy(m->frames, s->seen[i].frames, (size_t)m->n * sizeof *m->frames);
	}
	ret->regions_n = clutter_regions(s->clutter, a, &ret->regions);
}
