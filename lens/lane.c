/* lane.c - see lane.h. */
#include "lens/lane_inner.h"

#include <stdlib.h>
#include <string.h>

struct lane {
	struct lane_config c;
	struct tiles tiles;
	uint16_t scratch[TILES_MAX];
	int64_t last;
	int64_t came_at, seen_at; /* of the thing in the lane; came_at 0: none */
	int64_t gone_at;          /* first look at which it was no longer there; 0: it is */
	bool blocked;             /* told */
};

const char *lane_check(const struct lane_config *c)
{
	struct zone z = { .n = c->n };

	if (c->n < 3 || c->n > ANALYSE_CORNERS_MAX)
		return "corners";
	memcpy(z.corners, c->corners, sizeof(z.corners));
	const char *wrong = zone_check(&z);

	if (wrong)
		return wrong;
	bool sides = c->n == 4 && c->width_m > 0 && c->length_m > 0;

	return sides || c->area_m2 > 0 ? NULL : "size";
}

struct lane *lane_new(const struct lane_config *config)
{
	if (lane_check(config) != NULL)
		return NULL;
	struct lane *l = mem_new(sizeof(*l));

	l->c = *config;
	if (l->c.least_m2 <= 0)
		l->c.least_m2 = 1;
	if (l->c.after_us < LANE_STILL)
		l->c.after_us = LANE_STILL;
	return l;
}

void lane_free(struct lane *l)
{
	if (l == NULL)
		return;
	tiles_done(&l->tiles);
	free(l);
}

bool lane_is_blocked(const struct lane *l)
{
	return l->blocked;
}

void lane_relearn(struct lane *l)
{
	tiles_relearn(&l->tiles);
}

/* Stamps went back, or the picture has another size. */
static void start_anew(struct lane *l, const struct frame *f)
{
	bool size = f->width != l->tiles.width || f->height != l->tiles.height;

	if (size && tiles_fit(&l->tiles, &l->c, f->width, f->height) != RC_OK)
		return;
	for (int i = 0; !size && i < l->tiles.nx * l->tiles.ny; i++) {
		struct tile *t = &l->tiles.t[i];

		t->still_since = t->seen_at = f->pts_us;
		t->came_at = f->pts_us;
	}
	if (l->came_at)
		l->came_at = l->seen_at = f->pts_us;
	l->gone_at = 0;
}

static struct lane_change decide(struct lane *l, struct thing thing, int64_t at)
{
	/* Two thirds of it must be seen: its inside may look like the ground. */
	bool there = thing.m2 >= l->c.least_m2 * 2 / 3;

	if (there) {
		if (l->came_at == 0)
			l->came_at = thing.came_at;
		l->seen_at = at;
		l->gone_at = 0;
		if (!l->blocked && at - l->came_at >= l->c.after_us) {
			l->blocked = true;
			return (struct lane_change){ LANE_BLOCKED, l->came_at, thing.m2, (float)thing.x,
						     (float)thing.y };
		}
		return (struct lane_change){ 0 };
	}
	if (l->came_at == 0)
		return (struct lane_change){ 0 };
	if (l->gone_at == 0)
		l->gone_at = at;
	if (at - l->gone_at < LANE_GONE)
		return (struct lane_change){ 0 };
	struct lane_change change = { l->blocked ? LANE_FREE : LANE_NOTHING, l->gone_at, 0, 0, 0 };

	l->came_at = l->gone_at = 0;
	l->blocked = false;
	return change;
}

struct lane_change lane_look(struct lane *l, const struct frame *f)
{
	if (f->width != l->tiles.width || f->height != l->tiles.height || f->pts_us <= l->last)
		start_anew(l, f);
	l->last = f->pts_us;
	if (l->tiles.t == NULL)
		return (struct lane_change){ 0 };
	tiles_look(&l->tiles, f);
	return decide(l, tiles_largest(&l->tiles, l->scratch), f->pts_us);
}
