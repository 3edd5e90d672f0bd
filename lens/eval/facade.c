#include "lens/eval/facade.h"

#include <math.h>

/* What makes buildings differ; metres and grey levels. */
struct style {
	double px_per_m, wall, slab, pitch, window_w, window_h, sill, frame;
	int balcony_every, groove;
	bool night;
};

static struct style random_style(const struct camera *c, struct random *r, bool night)
{
	struct style s = { .wall = random_real(r, 100, 185),
			   .slab = random_real(r, 20, 60),
			   .pitch = random_real(r, 3, 5),
			   .window_h = random_real(r, 1.2, 1.8),
			   .sill = random_real(r, 0.6, 0.9),
			   .frame = random_real(r, 150, 220),
			   .balcony_every = random_int(r, 2, 5),
			   .groove = random_int(r, 0, 3),
			   .night = night };

	s.window_w = s.pitch * random_real(r, 0.4, 0.65);
	s.px_per_m = fmin(60, fmax(20, 1.1 * c->focal / c->distance));
	if (night) {
		s.wall *= 0.35;
		s.slab *= 0.35;
		s.frame *= 0.4;
	}
	return s;
}

static void paint_balcony(struct canvas *t, const struct style *s, int x, int y, int w)
{
	int post = (int)(0.23 * s->px_per_m) + 1, rail = (int)(0.3 * s->px_per_m);

	canvas_fill(t, x - 8, y, w + 16, (int)(0.55 * s->px_per_m), s->night ? 40 : 110);
	for (int q = 0; q < w + 16; q += post)
		canvas_fill(t, x - 8 + q, y - rail, 1, rail, s->night ? 32 : 90);
}

static void paint_window(struct canvas *t, const struct style *s, struct random *r, const struct box *w, bool balcony)
{
	double grey = random_real(r, 40, 95) * (s->night ? 0.4 : 1);
	int width = w->x1 - w->x0, height = w->y1 - w->y0;

	if (s->night && random_real(r, 0, 1) < 0.12)
		grey = random_real(r, 120, 200);
	canvas_fill(t, w->x0, w->y0, width, height, s->frame);
	canvas_fill(t, w->x0 + 2, w->y0 + 2, width - 4, height - 4, grey);
	/* a reflection, brighter towards one corner */
	for (int i = 1; i < 4; i++)
		canvas_add(t, w->x0 + 2, w->y0 + 2, width * i / 5, height * i / 5, random_real(r, -4, 8));
	canvas_fill(t, w->x0 + width / 2 - 1, w->y0, 2, height, s->frame * 0.95);
	if (balcony)
		paint_balcony(t, s, w->x0, w->y1, width);
}

/* A window's box on the texture; the same arithmetic for painting and listing. */
static struct box window_box(const struct camera *c, const struct style *s, int floor, int k)
{
	double top = (c->floors * c->floor_height_m - floor * c->floor_height_m - s->sill - s->window_h) * s->px_per_m;
	double left = (1 + k * s->pitch) * s->px_per_m;

	return (struct box){ (int)left, (int)top, (int)(left + s->window_w * s->px_per_m),
			     (int)(top + s->window_h * s->px_per_m) };
}

static int windows_across(const struct camera *c, const struct style *s)
{
	return (int)((c->facade_width_m - 1) / s->pitch);
}

static struct canvas texture(const struct camera *c, const struct style *s, struct random *r)
{
	double height = c->floors * c->floor_height_m;
	struct canvas t = canvas_new((int)(c->facade_width_m * s->px_per_m), (int)(height * s->px_per_m));

	canvas_fill(&t, 0, 0, t.width, t.height, s->wall);
	canvas_cloud(&t, r, 0.45 * s->px_per_m, 3);
	canvas_cloud(&t, r, 1.8, s->night ? 1.5 : 3.5);
	for (int y = 0; s->groove && y < t.height; y += (int)(0.6 * s->groove * s->px_per_m))
		canvas_add(&t, 0, y, t.width, 1, -12);
	for (int f = 0; f < c->floors; f++) {
		int y = (int)((height - f * c->floor_height_m) * s->px_per_m);

		canvas_add(&t, 0, y - (int)(0.2 * s->px_per_m), t.width, (int)(0.2 * s->px_per_m), -s->slab);
		for (int k = 0; k < windows_across(c, s); k++) {
			struct box w = window_box(c, s, f, k);

			paint_window(&t, s, r, &w, k % s->balcony_every == 0);
		}
	}
	return t;
}

static int facade_pixel(const struct camera *c, const struct style *s, const struct canvas *t, double px, double py,
			int sky)
{
	double x, y;

	if (!camera_facade(c, px, py, &x, &y))
		return sky;
	return canvas_at(t, (int)((x + c->facade_width_m / 2) * s->px_per_m * 256),
			 (int)((c->floors * c->floor_height_m - y) * s->px_per_m * 256));
}

/* Four samples a pixel: slabs and frames must not flicker when the picture shakes. */
static void project(struct facade *f, const struct camera *c, const struct style *s, const struct canvas *t,
		    struct random *r)
{
	struct canvas sky = canvas_new(f->painting.width, f->painting.height);

	canvas_cloud(&sky, r, 120, s->night ? 1 : 3);
	for (int y = 0; y < sky.height; y++)
		for (int x = 0; x < sky.width; x++) {
			double px = x - FACADE_PAD, py = y - FACADE_PAD;
			int above =
				(int)((s->night ? 18 : 205 + 30.0 * y / sky.height) * GREY) + sky.p[y * sky.width + x];
			int sum = 0;

			for (int k = 0; k < 4; k++)
				sum += facade_pixel(c, s, t, px + (k & 1 ? 0.25 : -0.25), py + (k & 2 ? 0.25 : -0.25),
						    above);
			f->painting.p[y * sky.width + x] = (int16_t)(sum / 4);
		}
	canvas_free(&sky);
}

static void list_windows(struct facade *f, const struct camera *c, const struct style *s)
{
	double height = c->floors * c->floor_height_m, half = c->facade_width_m / 2;

	f->n = 0;
	for (int floor = 0; floor < c->floors; floor++)
		for (int k = 0; k < windows_across(c, s) && f->n < WINDOWS_MAX; k++) {
			struct box w = window_box(c, s, floor, k);
			double x0, y0, x1, y1;

			camera_project(c, w.x0 / s->px_per_m - half, height - w.y0 / s->px_per_m, c->distance, &x0,
				       &y0);
			camera_project(c, w.x1 / s->px_per_m - half, height - w.y1 / s->px_per_m, c->distance, &x1,
				       &y1);
			if (x0 > 20 && y0 > 20 && x1 < c->width - 20 && y1 < c->height - 20 && x1 > x0 + 4 &&
			    y1 > y0 + 4)
				f->windows[f->n++] = (struct box){ (int)x0, (int)y0, (int)x1, (int)y1 };
		}
}

void facade_paint(struct facade *f, const struct camera *c, struct random *r, bool night)
{
	struct style s = random_style(c, r, night);
	struct canvas t = texture(c, &s, r);

	f->painting = canvas_new(c->width + 2 * FACADE_PAD, c->height + 2 * FACADE_PAD);
	project(f, c, &s, &t, r);
	list_windows(f, c, &s);
	canvas_free(&t);
}

void facade_free(struct facade *f)
{
	canvas_free(&f->painting);
}
