/* health.c - see health.h. */
#include "lens/health.h"

#include <math.h>
#include <string.h>

const char *const health_words[] = { "fine", "dark", "covered", "frozen", "moved" };

enum { LEARN = 10, SHIFTS = 1 };
static const float DARK_MEAN = 28, DARK_SPREAD = 6; /* 16 is black in limited range */
static const float COVERED_EDGES = 0.15F, PLAIN_EDGES = 1.0F, MOVED_LIKE = 0.35F;

void health_init(struct health *h)
{
	memset(h, 0, sizeof(*h));
}

void health_relearn(struct health *h)
{
	h->learned = 0;
	h->edges = 0;
}

/* Means over cells of every second row and column; also a print of these bytes. */
static void cells_of(const struct frame *f, float *out, uint64_t *print)
{
	uint64_t hash = 1469598103934665603U; /* FNV-1a */

	for (int cy = 0; cy < HEALTH_H; cy++) {
		int y0 = cy * f->height / HEALTH_H, y1 = (cy + 1) * f->height / HEALTH_H;

		for (int cx = 0; cx < HEALTH_W; cx++) {
			int x0 = cx * f->width / HEALTH_W, x1 = (cx + 1) * f->width / HEALTH_W, n = 0;
			unsigned sum = 0, mix = 0;

			for (int y = y0; y < y1; y += 2)
				for (int x = x0; x < x1; x += 2, n++) {
					sum += f->luma[y * f->stride + x];
					mix = mix * 31 + f->luma[y * f->stride + x];
				}
			out[cy * HEALTH_W + cx] = n ? (float)sum / (float)n : 0;
			hash = (hash ^ mix) * 1099511628211U;
		}
	}
	*print = hash;
}

/* Mean absolute step between neighbouring cells. */
static float edges_of(const float *c)
{
	float sum = 0;

	for (int y = 0; y + 1 < HEALTH_H; y++)
		for (int x = 0; x + 1 < HEALTH_W; x++) {
			float v = c[y * HEALTH_W + x];

			sum += fabsf(c[y * HEALTH_W + x + 1] - v) + fabsf(c[(y + 1) * HEALTH_W + x] - v);
		}
	return sum / (float)((HEALTH_W - 1) * (HEALTH_H - 1));
}

static void spread_of(const float *c, float *mean, float *spread)
{
	double sum = 0, square = 0;

	for (int i = 0; i < HEALTH_CELLS; i++) {
		sum += (double)c[i];
		square += (double)c[i] * (double)c[i];
	}
	double m = sum / HEALTH_CELLS, v = square / HEALTH_CELLS - m * m;

	*mean = (float)m;
	*spread = (float)sqrt(v > 0 ? v : 0);
}

/* How alike two looks are, -1 to 1: correlation of the steps between
 * neighbours, which neither brightness nor contrast changes; best of shifts by
 * one cell, for a mast in the wind. */
static float alike(const float *a, const float *b)
{
	float best = -1;

	for (int sy = -SHIFTS; sy <= SHIFTS; sy++)
		for (int sx = -SHIFTS; sx <= SHIFTS; sx++) {
			double ab = 0, aa = 1e-6, bb = 1e-6;

			for (int y = 2; y < HEALTH_H - 2; y++)
				for (int x = 2; x < HEALTH_W - 2; x++) {
					const float *p = &a[y * HEALTH_W + x];
					const float *q = &b[(y + sy) * HEALTH_W + x + sx];
					double px = (double)(p[1] - p[0]), py = (double)(p[HEALTH_W] - p[0]);
					double qx = (double)(q[1] - q[0]), qy = (double)(q[HEALTH_W] - q[0]);

					ab += px * qx + py * qy;
					aa += px * px + py * py;
					bb += qx * qx + qy * qy;
				}
			float r = (float)(ab / sqrt(aa * bb));

			best = r > best ? r : best;
		}
	return best;
}

static enum health_word judge(const struct health *h, float mean, float spread, float edges)
{
	if (mean < DARK_MEAN && spread < DARK_SPREAD)
		return HEALTH_DARK;
	if (h->learned >= LEARN && (edges < h->edges * COVERED_EDGES || edges < PLAIN_EDGES))
		return HEALTH_COVERED;
	if (h->learned < LEARN && edges < PLAIN_EDGES)
		return HEALTH_COVERED;
	if (h->learned >= LEARN && alike(h->now, h->reference) < MOVED_LIKE)
		return HEALTH_MOVED;
	return HEALTH_FINE;
}

static void learn(struct health *h, float edges)
{
	float share = h->learned < LEARN ? 1.0F / (float)(h->learned + 1) : 0.005F;

	for (int i = 0; i < HEALTH_CELLS; i++)
		h->reference[i] += share * (h->now[i] - h->reference[i]);
	h->edges += share * (edges - h->edges);
	if (h->learned < LEARN)
		h->learned++;
}

bool health_look(struct health *h, const struct frame *f)
{
	uint64_t print;
	float mean, spread;

	if (f->width < HEALTH_W * 2 || f->height < HEALTH_H * 2)
		return false;
	if (h->looked_at && f->pts_us >= h->looked_at && f->pts_us < h->looked_at + HEALTH_EVERY)
		return false;
	if (f->pts_us < h->looked_at)
		h->heard_at = h->same_at = f->pts_us; /* the clock was set back */
	h->looked_at = f->pts_us;
	cells_of(f, h->now, &print);
	if (print != h->print || h->same_at == 0)
		h->same_at = f->pts_us;
	h->print = print;
	float edges = edges_of(h->now);

	spread_of(h->now, &mean, &spread);
	enum health_word word = judge(h, mean, spread, edges);

	if (word == HEALTH_FINE && f->pts_us - h->same_at >= HEALTH_FREEZE)
		word = HEALTH_FROZEN;
	if (word == HEALTH_FINE && h->word == HEALTH_FINE)
		learn(h, edges);
	if (word != h->heard) {
		h->heard = word;
		h->heard_at = f->pts_us;
	}
	if (word == h->word || f->pts_us - h->heard_at < (word == HEALTH_FROZEN ? 0 : HEALTH_HOLD))
		return false;
	h->word = word;
	return true;
}
