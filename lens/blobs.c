#include "lens/blobs.h"

#include <stdlib.h>
#include <string.h>

enum { GAP = 2, ROW_GAP = 2, WIDEST = 90, HIGHEST = 140, WEIGHED_AREA = 4000 };

struct run {
	int y, x0, x1;
};

struct patch {
	double x, y, weight, sign;
	int x0, y0, x1, y1, area;
};

struct blobs {
	int n;
	struct run runs[BLOBS_RUNS_MAX];
	int parent[BLOBS_RUNS_MAX];
	int patch_of[BLOBS_RUNS_MAX];
	struct patch patches[BLOBS_RUNS_MAX];
	int row_start[FRAME_MAX_HEIGHT + 1];
	struct blob found[BLOBS_RUNS_MAX];
};

struct blobs *blobs_new(void)
{
	return mem_new(sizeof(struct blobs));
}

void blobs_free(struct blobs *b)
{
	free(b);
}

static int root(int *parent, int i)
{
	while (parent[i] != i) {
		parent[i] = parent[parent[i]];
		i = parent[i];
	}
	return i;
}

static void join(int *parent, int i, int j)
{
	int p = root(parent, i), q = root(parent, j);

	if (p < q)
		parent[q] = p;
	else
		parent[p] = q;
}

/* Set bits of one word as runs; 'last' is where the row's newest run ends. */
static void add_word(struct blobs *b, int y, int w, uint32_t bits, int *last)
{
	while (bits && b->n < BLOBS_RUNS_MAX) {
		int from = __builtin_ctz(bits);
		uint32_t above = ~(bits >> from);
		int length = above ? __builtin_ctz(above) : 32;
		int x0 = w * 32 + from, x1;

		if (length > 32 - from)
			length = 32 - from;
		x1 = x0 + length - 1;
		if (b->n > b->row_start[y] && x0 - *last <= GAP) {
			b->runs[b->n - 1].x1 = x1;
		} else {
			b->runs[b->n] = (struct run){ y, x0, x1 };
			b->parent[b->n] = b->n;
			b->n++;
		}
		*last = x1;
		bits = from + length >= 32 ? 0 : bits & (~0U << (from + length));
	}
}

static void collect_runs(struct blobs *b, const uint32_t *mask, const struct threshold *t)
{
	b->n = 0;
	for (int y = 0; y < t->height; y++) {
		const uint32_t *row = mask + (size_t)y * (size_t)t->words;
		int last = -GAP - 1;

		b->row_start[y] = b->n;
		for (int w = 0; t->rows[y] && w < t->words; w++)
			if (row[w])
				add_word(b, y, w, row[w], &last);
	}
	b->row_start[t->height] = b->n;
}

static void join_rows(struct blobs *b, int upper, int lower)
{
	int i = b->row_start[lower], j = b->row_start[upper];
	int i_end = b->row_start[lower + 1], j_end = b->row_start[upper + 1];

	while (i < i_end && j < j_end) {
		const struct run *p = &b->runs[i], *q = &b->runs[j];

		if (p->x1 + 1 < q->x0) {
			i++;
		} else if (q->x1 + 1 < p->x0) {
			j++;
		} else {
			join(b->parent, i, j);
			if (p->x1 < q->x1)
				i++;
			else
				j++;
		}
	}
}

/* Weighs a run's pixels: how far each stands out on its side of both. */
static void weigh(struct patch *p, const struct run *r, const struct blobs_source *s)
{
	const uint8_t *c = s->c + r->y * s->c_stride, *a = s->a + r->y * s->a_stride, *b = s->b + r->y * s->b_stride;

	for (int x = r->x0; x <= r->x1; x++) {
		int da = c[x] - a[x], db = c[x] - b[x], m = 0;

		if (da > 0 && db > 0)
			m = da < db ? da : db;
		else if (da < 0 && db < 0)
			m = da > db ? da : db;
		p->sign += m;
		m = abs(m);
		p->x += (double)m * x;
		p->y += (double)m * r->y;
		p->weight += m;
	}
}

static int gather(struct blobs *b, const struct blobs_source *s)
{
	int n = 0;

	for (int i = 0; i < b->n; i++)
		b->patch_of[i] = -1;
	for (int i = 0; i < b->n; i++) {
		const struct run *r = &b->runs[i];
		int at = root(b->parent, i);
		struct patch *p;

		if (b->patch_of[at] < 0) {
			b->patch_of[at] = n;
			b->patches[n++] = (struct patch){ .x0 = r->x0, .x1 = r->x1, .y0 = r->y, .y1 = r->y };
		}
		p = &b->patches[b->patch_of[at]];
		p->x0 = r->x0 < p->x0 ? r->x0 : p->x0;
		p->x1 = r->x1 > p->x1 ? r->x1 : p->x1;
		p->y1 = r->y > p->y1 ? r->y : p->y1;
		p->area += r->x1 - r->x0 + 1;
		if (p->area < WEIGHED_AREA) /* far beyond the largest box: no need to weigh the rest */
			weigh(p, r, s);
	}
	return n;
}

static bool plausible(const struct patch *p, double scale)
{
	bool small = scale < 0.7;

	return p->x1 - p->x0 < WIDEST && p->y1 - p->y0 < HIGHEST && p->area >= (small ? 2 : 3) &&
	       p->weight >= (small ? 24 : 45);
}

static int by_height(const void *a, const void *b)
{
	const struct blob *x = a, *y = b;

	return (x->y > y->y) - (x->y < y->y);
}

static float busy_at(const struct threshold *t, const struct blob *b)
{
	return t->busy[(int)b->y / BLIP_TILE * t->tiles_x + (int)b->x / BLIP_TILE];
}

/* Keeps what lies in calm tiles: raises the bar until it fits. */
static int calmest(struct blob *found, int n, const struct threshold *t)
{
	for (float bar = 0.5F; n > BLOBS_MAX && bar > 0.04F; bar *= 0.7F) {
		int kept = 0;

		for (int i = 0; i < n; i++)
			if (busy_at(t, &found[i]) < bar)
				found[kept++] = found[i];
		n = kept;
	}
	return n > BLOBS_MAX ? BLOBS_MAX : n;
}

int blobs_find(struct blobs *b, const struct blobs_source *s, const struct threshold *t, struct blob *out,
	       bool *overfull)
{
	int patches, n = 0;

	collect_runs(b, s->mask, t);
	for (int step = 1; step <= ROW_GAP; step++)
		for (int y = step; y < t->height; y++)
			join_rows(b, y - step, y);
	patches = gather(b, s);
	for (int i = 0; i < patches; i++) {
		const struct patch *p = &b->patches[i];

		if (!plausible(p, s->scale))
			continue;
		b->found[n++] = (struct blob){ .x = (float)(p->x / p->weight),
					       .y = (float)(p->y / p->weight),
					       .x0 = p->x0,
					       .y0 = p->y0,
					       .x1 = p->x1,
					       .y1 = p->y1,
					       .area = p->area,
					       .weight = (float)p->weight,
					       .sign = p->sign > 0 ? 1 : -1 };
	}
	*overfull = n > BLOBS_MAX || b->n == BLOBS_RUNS_MAX;
	if (n > BLOBS_MAX)
		n = calmest(b->found, n, t);
	qsort(b->found, (size_t)n, sizeof *b->found, by_height);
	memcpy(out, b->found, (size_t)n * sizeof *out);
	return n;
}
