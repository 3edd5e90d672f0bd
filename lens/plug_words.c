/* plug_words.c - what a detector says, when something came, when something moves. */
#include "lens/plug_inner.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum { GRID = 8, STEP = 15, MOVED_PERMILLE = 4 };
#define AWAY MINUTE

enum rc plug_greeting(struct arena *a, struct str line)
{
	struct json *j;
	struct json_error err;

	if (json_parse(a, line, 100, &j, &err) != RC_OK)
		return RC_INVALID;
	const struct json *ready = json_get(j, "ready");

	return ready && ready->kind == J_BOOL && ready->i && json_get_int(j, "protocol", 0) == 1 ? RC_OK : RC_INVALID;
}

static bool fraction(const struct json *j, double *ret)
{
	return j && json_number(j, ret) && *ret >= 0 && *ret <= 1;
}

static bool parse_box(const struct json *j, struct plug_box *b)
{
	struct str label = json_get_text(j, "label");
	const struct json *box = json_get(j, "box");

	if (label.n == 0 || label.n >= PLUG_LABEL || !fraction(json_get(j, "score"), &b->score))
		return false;
	memcpy(b->label, label.p, label.n);
	b->label[label.n] = '\0';
	if (box == NULL || box->kind != J_LIST || box->n != 4)
		return false;
	const struct json *v = box->child;

	return fraction(v, &b->x) && fraction(v->next, &b->y) && fraction(v->next->next, &b->w) &&
	       fraction(v->next->next->next, &b->h);
}

enum rc plug_parse(struct arena *a, struct str line, int64_t seq, struct plug_box boxes[PLUG_BOXES], size_t *n)
{
	struct json *j;
	struct json_error err;

	*n = 0;
	if (json_parse(a, line, 2000, &j, &err) != RC_OK || json_get_int(j, "frame", -1) != seq)
		return RC_INVALID;
	const struct json *list = json_get(j, "boxes");

	if (list == NULL || list->kind != J_LIST || list->n > PLUG_BOXES)
		return RC_INVALID;
	for (const struct json *b = list->child; b; b = b->next) {
		struct plug_box box = { .score = 0 };

		if (!parse_box(b, &box))
			return RC_INVALID;
		boxes[(*n)++] = box;
	}
	return RC_OK;
}

bool box_in_area(const struct plug_box *b, const struct zone *area)
{
	double x = b->x + b->w / 2, y = b->y + b->h / 2;
	bool in = area->n == 0;

	for (int i = 0, j = area->n - 1; i < area->n; j = i++) {
		double xi = (double)area->corners[i].x, yi = (double)area->corners[i].y;
		double xj = (double)area->corners[j].x, yj = (double)area->corners[j].y;

		if ((yi > y) != (yj > y) && x < (xj - xi) * (y - yi) / (yj - yi) + xi)
			in = !in;
	}
	return in;
}

bool sighting_note(struct sightings *s, int label, bool seen, int64_t pts)
{
	uint8_t last = (uint8_t)((s->last[label] << 1 | seen) & 7);
	bool there = seen && ((last & 2) || (last & 4));

	s->last[label] = last;
	if (s->told[label] && pts - s->seen_at[label] > AWAY)
		s->told[label] = false;
	if (seen)
		s->seen_at[label] = pts;
	if (!there || s->told[label])
		return false;
	s->told[label] = true;
	return true;
}

bool motion_look(struct motion *m, const struct zone *area, const struct frame *f)
{
	int nx = f->width / GRID, ny = f->height / GRID, n = 0, moved = 0;
	bool known = m->before && m->width == nx && m->height == ny;

	if (nx == 0 || ny == 0)
		return false;
	if (!known) {
		motion_done(m);
		m->before = mem_new((size_t)nx * (size_t)ny);
		m->width = nx;
		m->height = ny;
	}
	for (int y = 0; y < ny; y++)
		for (int x = 0; x < nx; x++) {
			struct plug_box spot = { .x = (x + 0.5) / nx, .y = (y + 0.5) / ny };
			uint8_t now = f->luma[y * GRID * f->stride + x * GRID], *was = &m->before[y * nx + x];

			if (!box_in_area(&spot, area))
				continue;
			n++;
			moved += abs(now - *was) > STEP;
			*was = now;
		}
	return known && moved * 1000 > n * MOVED_PERMILLE;
}

void motion_done(struct motion *m)
{
	free(m->before);
	*m = (struct motion){ 0 };
}
