#include "lens/look.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lens/coarse.h"
#include "lens/cpu.h"
#include "lens/shift.h"
#include "lens/zone.h"

enum { WARM_UP = 25, HELD = ANALYSE_HELD, SEEN = COARSE_LAG_MOST - ANALYSE_LAG + 1 };
#define CHANGED_MOST 0.10  /* of the picture: no thing is that large */
#define LAG_RATE_S   0.045 /* slower pictures: a shorter coarse lag, so that alarms are not late */

struct held {
	struct frame frame;
	int64_t time_us;
	struct shift shift; /* against the frame LAG before */
};

/* What the fine look saw, kept until the coarse one has caught up. */
struct seen {
	int64_t time_us;
	int n;
	struct blob blobs[BLOBS_MAX];
};

struct look {
	int width, height;
	struct analyser_stats *stats;
	blip_fn *blip;
	struct threshold threshold;
	uint32_t *mask, *zone_mask;
	struct blobs *work;
	struct coarse coarse;
	struct held held[HELD]; /* newest last */
	struct seen seen[SEEN]; /* newest last */
	int held_n, seen_n, frames;
};

struct look *look_new(int width, int height, const struct analyser_config *config, struct analyser_stats *stats)
{
	struct look *l = mem_new(sizeof *l);

	l->width = width;
	l->height = height;
	l->stats = stats;
	l->blip = config->scalar ? blip_row_scalar : blip_best();
	threshold_init(&l->threshold, width, height);
	l->mask = mem_new((size_t)l->threshold.words * (size_t)height * sizeof *l->mask);
	l->zone_mask = zone_mask(config->zones, config->zones_n, width, height);
	l->work = blobs_new();
	coarse_init(&l->coarse, width, height, config->scalar);
	return l;
}

void look_forget(struct look *l)
{
	for (int i = 0; i < l->held_n; i++)
		frame_release(&l->held[i].frame);
	l->held_n = l->seen_n = 0;
	coarse_forget(&l->coarse);
}

void look_free(struct look *l)
{
	if (!l)
		return;
	look_forget(l);
	threshold_done(&l->threshold);
	coarse_done(&l->coarse);
	blobs_free(l->work);
	free(l->mask);
	free(l->zone_mask);
	free(l);
}

const struct frame *look_newest(const struct look *l)
{
	return l->held_n > 0 ? &l->held[l->held_n - 1].frame : NULL;
}

const struct threshold *look_threshold(const struct look *l)
{
	return &l->threshold;
}

/* ---- the fine look -------------------------------------------------------------- */

/* The row y of a frame, moved by whole pixels. */
static const uint8_t *moved(const struct frame *f, int y, int dx, int dy)
{
	return f->luma + (y + dy) * f->stride + dx;
}

struct whole {
	int ax, ay, bx, by;
};

/* The newest frame's shift was measured from the middle one, that one's from the oldest. */
static struct whole whole_of(const struct look *l)
{
	const struct shift *c = &l->held[ANALYSE_LAG].shift, *b = &l->held[HELD - 1].shift;

	return (struct whole){ -(int)lrint(c->x), -(int)lrint(c->y), (int)lrint(b->x), (int)lrint(b->y) };
}

static void blip_row(struct look *l, const struct whole *s, int y)
{
	const struct frame *fa = &l->held[0].frame, *fc = &l->held[ANALYSE_LAG].frame, *fb = &l->held[HELD - 1].frame;
	const struct threshold *t = &l->threshold;
	struct blip_row r = { .c = moved(fc, y, 0, 0),
			      .a = moved(fa, y, s->ax, s->ay),
			      .b = moved(fb, y, s->bx, s->by),
			      .a_stride = fa->stride,
			      .b_stride = fb->stride,
			      .noise = threshold_noise(t, y),
			      .gamma = t->gamma + y / BLIP_TILE * t->tiles_x,
			      .mask = l->mask + (size_t)y * (size_t)t->words,
			      .least = BLIP_MIN,
			      .words = t->words,
			      .learn = threshold_learns(y, l->frames) };

	t->rows[y] = l->blip(&r) != 0;
	blip_trim(r.mask, t->words, l->width);
}

/* Both looks' work on pixels in one go down the picture: what the one has
 * fetched from memory the other finds in the cache. */
static void all_rows(struct look *l)
{
	const struct frame *newest = &l->held[l->held_n - 1].frame;
	const struct whole s = whole_of(l);

	for (int y = 0; y < l->height; y++) {
		if (y % COARSE == 0)
			coarse_take_row(&l->coarse, newest, y / COARSE);
		if (l->held_n == HELD && y >= BLIP_MARGIN && y < l->height - BLIP_MARGIN)
			blip_row(l, &s, y);
	}
}

static void fine_blobs(struct look *l, struct seen *out)
{
	const struct frame *fa = &l->held[0].frame, *fc = &l->held[ANALYSE_LAG].frame, *fb = &l->held[HELD - 1].frame;
	const struct whole s = whole_of(l);
	struct blobs_source source = { .mask = l->mask,
				       .c = fc->luma,
				       .a = moved(fa, 0, s.ax, s.ay),
				       .b = moved(fb, 0, s.bx, s.by),
				       .c_stride = fc->stride,
				       .a_stride = fa->stride,
				       .b_stride = fb->stride,
				       .scale = l->height / 1080.0 };
	bool overfull = false;

	out->time_us = l->held[ANALYSE_LAG].time_us;
	out->n = 0;
	l->stats->changed = threshold_update(&l->threshold, l->mask);
	if (l->stats->changed > CHANGED_MOST) {
		l->stats->skipped[SKIP_CHANGE]++;
		return;
	}
	zone_apply(l->zone_mask, l->mask, (size_t)l->threshold.words * (size_t)l->height);
	out->n = blobs_find(l->work, &source, &l->threshold, out->blobs, &overfull);
	l->stats->overfull += overfull;
}

/* ---- both together ---------------------------------------------------------------- */

static bool inside(const struct look *l, const struct blob *b)
{
	int x = (int)b->x, y = (int)b->y;

	return !l->zone_mask || l->zone_mask[y * l->threshold.words + x / 32] >> x % 32 & 1;
}

static int look_coarse(struct look *l, struct blob *out)
{
	int n = coarse_blobs(&l->coarse, l->work, out), kept = 0;

	for (int i = 0; i < n; i++)
		if (inside(l, &out[i]))
			out[kept++] = out[i];
	return kept;
}

static void hold(struct look *l, struct frame *f, int64_t time_us)
{
	struct held *h;

	if (l->held_n == HELD) {
		frame_release(&l->held[0].frame);
		memmove(l->held, l->held + 1, (HELD - 1) * sizeof *l->held);
		l->held_n--;
	}
	h = &l->held[l->held_n++];
	*h = (struct held){ .frame = *f, .time_us = time_us };
	*f = (struct frame){ 0 };
	if (l->held_n > ANALYSE_LAG)
		h->shift = shift_measure(&l->held[l->held_n - 1 - ANALYSE_LAG].frame, &h->frame);
	l->stats->shift_x = h->shift.x;
	l->stats->shift_y = h->shift.y;
}

int look_take(struct look *l, struct frame *f, int64_t time_us, double frame_s, struct blob *out, int64_t *ret_us)
{
	struct blob coarse[COARSE_BLOBS_MAX];
	double start = cpu_ms(), mid;
	int n, late;

	hold(l, f, time_us);
	mid = cpu_ms();
	l->stats->shift_ms += mid - start;
	coarse_set_lag(&l->coarse, frame_s < LAG_RATE_S ? COARSE_LAG_MOST : COARSE_LAG_MOST - 2);
	coarse_next(&l->coarse, l->held[l->held_n - 1].shift);
	all_rows(l);
	start = cpu_ms();
	l->stats->blip_ms += start - mid;
	if (l->held_n < HELD)
		return -1;
	late = l->coarse.lag - ANALYSE_LAG; /* pictures that the coarse look is behind */
	while (l->seen_n > late) {
		memmove(l->seen, l->seen + 1, (size_t)(l->seen_n - 1) * sizeof *l->seen);
		l->seen_n--;
	}
	fine_blobs(l, &l->seen[l->seen_n++]);
	mid = cpu_ms();
	l->stats->blobs_ms += mid - start;
	l->frames++;
	l->stats->analysed++;
	if (l->seen_n <= late)
		return -1;
	n = look_coarse(l, coarse);
	n = coarse_merge(l->seen[0].blobs, l->seen[0].n, coarse, n, out);
	l->stats->coarse_ms += cpu_ms() - mid;
	*ret_us = l->seen[0].time_us;
	if (l->frames < WARM_UP)
		n = 0;
	l->stats->blobs += n;
	return n;
}
