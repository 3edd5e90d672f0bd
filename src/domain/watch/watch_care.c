/* watch_care.c - welfare watches in the care engine: built from watch_welfare,
 * paused by leaves, stopped while all of their sources are down. */
#include "domain/watch/watch_eval.h"

#include <stdlib.h>
#include <string.h>

struct loading {
	struct ctx *c;
	struct evaluator *e;
	size_t cap, cap_links;
	int64_t since; /* backtest: as if nobody had been seen before; 0: as it is */
};

/* A leave that runs, and when the last one that is over ended. */
static enum rc leave_of(struct ctx *c, struct evaluator *e, struct str id, int64_t *base, bool *away)
{
	int64_t running, ended, next;

	TRY(db_int(c, "SELECT count(*) FROM watch_leave WHERE welfare_id = $1 AND from_at <= $2 AND to_at > $2",
		   ARGS(V_STR(id), V_INT(c->now)), 0, &running));
	TRY(db_int(c, "SELECT max(to_at) FROM watch_leave WHERE welfare_id = $1 AND to_at <= $2",
		   ARGS(V_STR(id), V_INT(c->now)), 0, &ended));
	TRY(db_int(
		c,
		"SELECT min(CASE WHEN from_at > $2 THEN from_at ELSE to_at END) FROM watch_leave WHERE welfare_id = $1"
		" AND to_at > $2",
		ARGS(V_STR(id), V_INT(c->now)), 0, &next));
	if (next && (e->next_change_at == 0 || next < e->next_change_at))
		e->next_change_at = next;
	*away = running > 0;
	if (ended > *base)
		*base = ended;
	return RC_OK;
}

/* Where the watch stands now: since when it counts, what of that was blind. */
static enum rc standing(struct ctx *c, struct evaluator *e, const struct welfare_row *w, struct rule_watch *rw)
{
	struct span *spans;
	int64_t total;
	size_t n;

	rw->last_seen = w->last_seen_at > w->counted_from ? w->last_seen_at : w->counted_from;
	TRY(leave_of(c, e, w->std.id, &rw->last_seen, &rw->paused));
	rw->paused |= w->state == W_PAUSED;
	rw->last_seen -= rw->last_seen % MILLI;
	TRY(watch_blind(c, w->sources, rw->last_seen, c->now, &spans, &n, &total));
	for (size_t i = 0; i < n; i++)
		if (spans[i].to < c->now)
			rw->gap += spans[i].to - spans[i].from;
	return RC_OK;
}

static enum rc enrol(struct ctx *c, struct evaluator *e, uint32_t number, int64_t since)
{
	const struct subject *s = &e->subjects[number - 1];
	struct rule_watch rw = { .last_seen = since, .for_us = s->for_us };
	struct welfare_row w;

	TRY(entity_fetch(c, &watch_welfare, s->id, &w));
	if (since == 0)
		TRY(standing(c, e, &w, &rw));
	for (size_t i = 0; i < e->n_rules; i++) {
		const struct loaded_rule *r = &e->rules[i];
		int64_t fired = 0;

		if (!r->care || !str_starts(w.place_path, arena_z(c->arena, r->row.place_path)))
			continue;
		if (since == 0)
			TRY(db_int(
				c,
				"SELECT count(*) FROM watch_match WHERE rule_id = $1 AND key_text = $2 AND lasting = 1"
				" AND cleared_at IS NULL",
				ARGS(V_STR(r->row.std.id), V_STR(s->id)), 0, &fired));
		rw.fired = fired > 0;
		if (rules_watch_set(e->care, r->slot, number, &rw) != RC_OK)
			return FAIL(c, RC_BUG, "internal", NO_STR, "the engine refuses a watch");
	}
	return RC_OK;
}

static enum rc add_links(struct loading *l, const struct welfare_row *w, uint32_t number)
{
	struct evaluator *e = l->e;
	struct str *ids;
	size_t n;

	TRY(watch_sources(l->c, w->sources, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		if (e->n_links == l->cap_links) {
			size_t cap = l->cap_links ? 2 * l->cap_links : 256;
			struct link *more = NEW_N(e->arena, struct link, cap);

			if (e->n_links)
				memcpy(more, e->links, e->n_links * sizeof(*more));
			e->links = more;
			l->cap_links = cap;
		}
		e->links[e->n_links++] = (struct link){ symbols_add(e->devices, ids[i]), number };
	}
	return RC_OK;
}

static enum rc take_welfare(struct ctx *c, void *row, void *arg)
{
	const struct welfare_row *w = row;
	struct loading *l = arg;
	struct evaluator *e = l->e;

	(void)c;
	if (e->n_subjects == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct subject *more = NEW_N(e->arena, struct subject, cap);

		if (e->n_subjects)
			memcpy(more, e->subjects, e->n_subjects * sizeof(*more));
		e->subjects = more;
		l->cap = cap;
	}
	e->subjects[e->n_subjects] = (struct subject){
		.id = arena_dup(e->arena, w->std.id),
		.path = arena_dup(e->arena, w->place_path),
		.place_id = arena_dup(e->arena, w->dwelling_id),
		.sources = arena_dup(e->arena, w->sources),
		.last_seen = l->since ? 0 : w->last_seen_at,
		.for_us = w->hours * HOUR,
	};
	e->n_subjects++;
	return add_links(l, w, (uint32_t)e->n_subjects);
}

static int by_device(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return x->subject < y->subject ? -1 : x->subject > y->subject;
}

enum rc eval_load_welfare(struct ctx *c, struct evaluator *e, struct str under, int64_t since)
{
	struct loading l = { .c = c, .e = e, .since = since };

	if (e->n_care == 0)
		return RC_OK;
	TRY(entity_each(c, &watch_welfare, "state <> 'ended' AND place_path >= $1 AND place_path < $2 ORDER BY id",
			ARGS(V_STR(under.p ? under : STR("")), V_STR(watch_after(c, under))), take_welfare, &l));
	if (e->n_links)
		qsort(e->links, e->n_links, sizeof(*e->links), by_device);
	for (size_t i = 0; i < e->n_subjects; i++) {
		struct ctx part = eval_part(c, e);

		TRY(eval_part_done(c, &part, enrol(&part, e, (uint32_t)i + 1, since)));
	}
	return since ? RC_OK : eval_coverage(c, e);
}

/* ---- coverage --------------------------------------------------------------------------- */

/* The engine's own sum only knows the outages it was told of; the device log
 * knows them all. */
static enum rc cover_one(struct ctx *c, struct evaluator *e, struct subject *s, uint32_t number)
{
	bool was_down = s->down;

	for (size_t i = 0; i < e->n_rules; i++) {
		struct rule_watch w;
		struct span *spans;
		int64_t total, ended;
		bool down;
		size_t n;

		if (!e->rules[i].care || rules_watch_get(e->care, e->rules[i].slot, number, &w) != RC_OK)
			continue;
		TRY(watch_blind(c, s->sources, w.last_seen, c->now, &spans, &n, &total));
		down = n > 0 && spans[n - 1].to >= c->now;
		ended = total - (down ? spans[n - 1].to - spans[n - 1].from : 0);
		/* Only what is news: each call also moves the engine's time. */
		if (down != was_down)
			rules_coverage(e->care, RULE_KEY_WATCH, number, down, down ? spans[n - 1].from : c->now);
		s->down = down;
		if (rules_watch_get(e->care, e->rules[i].slot, number, &w) == RC_OK && !w.fired &&
		    w.gap / SECOND != ended / SECOND) {
			w.gap = ended;
			if (rules_watch_set(e->care, e->rules[i].slot, number, &w) != RC_OK)
				return FAIL(c, RC_BUG, "internal", NO_STR, "the engine refuses a watch");
		}
	}
	return RC_OK;
}

enum rc eval_coverage(struct ctx *c, struct evaluator *e)
{
	e->coverage_at = c->now;
	for (size_t i = 0; i < e->n_subjects; i++) {
		struct ctx part = eval_part(c, e);

		TRY(eval_part_done(c, &part, cover_one(&part, e, &e->subjects[i], (uint32_t)i + 1)));
	}
	return RC_OK;
}
