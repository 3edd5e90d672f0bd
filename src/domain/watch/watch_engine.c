/* watch_engine.c - events as the engines want them. */
#include "domain/watch/watch_eval.h"

#include <stdlib.h>
#include <string.h>

/* ---- matches come out ----------------------------------------------------------------- */

const struct loaded_rule *eval_rule(const struct evaluator *e, const struct rule_match *m)
{
	for (size_t i = 0; i < e->n_rules; i++)
		if (str_eq(e->rules[i].row.std.id, m->rule_id))
			return &e->rules[i];
	return NULL;
}

static void keep(void *self, const struct rule_match *m)
{
	struct evaluator *e = self;

	const struct loaded_rule *rule = eval_rule(e, m);

	if (e->held_back || (rule == NULL && m->device != e->self_test)) /* everybody's heartbeat fits the self-test */
		return;
	if (e->n_pending == e->cap_pending) {
		size_t cap = e->cap_pending ? 2 * e->cap_pending : 64;
		struct pending *more = NEW_N(e->run, struct pending, cap);

		if (e->n_pending)
			memcpy(more, e->pending, e->n_pending * sizeof(*more));
		e->pending = more;
		e->cap_pending = cap;
	}
	e->pending[e->n_pending++] = (struct pending){ .m = *m, .rule = rule };
}

/* ---- life ------------------------------------------------------------------------------- */

struct evaluator *eval_new(int64_t seed, int64_t now)
{
	struct arena *a = arena_new((size_t)256 << 20);
	struct evaluator *e = NEW(a, struct evaluator);

	e->arena = a;
	e->scratch = arena_new((size_t)64 << 20);
	e->run = arena_new((size_t)256 << 20);
	e->seed = seed;
	e->symbols = symbols_new((uint64_t)seed);
	e->devices = symbols_new((uint64_t)seed);
	e->main = rules_new(e->symbols, keep, e, now);
	e->care = rules_new(e->symbols, keep, e, now);
	return e;
}

void watch_evaluator_free(struct evaluator *e)
{
	if (e == NULL)
		return;
	rules_free(e->main);
	rules_free(e->care);
	symbols_free(e->symbols);
	symbols_free(e->devices);
	arena_free(e->scratch);
	arena_free(e->run);
	arena_free(e->arena);
}

enum rc eval_tree(struct ctx *c, struct evaluator *e)
{
	TRY(places_tree(c, e->arena, &e->tree));
	e->places_stamp = place_tree_revision(e->tree);
	uint32_t n = place_tree_count(e->tree);

	e->area = NEW_N(e->arena, uint32_t, n + 1);
	for (uint32_t i = 1; i <= n; i++) { /* pre-order: a parent stands before its children */
		uint32_t parent = place_tree_parent(e->tree, i);
		bool in_building = parent && e->area[parent] != parent;
		const struct place_ref *p = place_tree_at(e->tree, i);

		if (parent && place_tree_at(e->tree, parent)->kind == PLACE_BUILDING)
			in_building = true;
		e->area[i] = p->kind != PLACE_BUILDING && in_building ? e->area[parent] : i;
	}
	return RC_OK;
}

struct str eval_place(const struct evaluator *e, uint32_t number)
{
	const struct place_ref *p = number ? place_tree_at(e->tree, number) : NULL;

	return p ? p->id : NO_STR;
}

struct str eval_device(const struct evaluator *e, uint32_t number)
{
	return symbols_text(e->devices, number);
}

struct rules *eval_engine(const struct evaluator *e, const struct loaded_rule *r)
{
	return r->care ? e->care : e->main;
}

struct ctx eval_part(const struct ctx *c, struct evaluator *e)
{
	struct ctx part = *c;

	arena_reset(e->scratch);
	part.arena = e->scratch;
	return part;
}

enum rc eval_part_done(struct ctx *c, const struct ctx *part, enum rc rc)
{
	c->pokes |= part->pokes;
	if (rc != RC_OK && c->fail.rc == RC_OK) {
		c->fail = part->fail;
		c->fail.field = c->fail.current = NO_STR; /* lived in the scratch arena */
	}
	return rc;
}

/* ---- rules ------------------------------------------------------------------------------- */

static bool name_place(void *self, struct str id, uint32_t *lo, uint32_t *hi)
{
	struct evaluator *e = self;

	return place_tree_span(e->tree, id, lo, hi);
}

static bool name_device(void *self, struct str id, uint32_t *number)
{
	struct evaluator *e = self;

	*number = symbols_add(e->devices, id);
	return *number != 0;
}

static struct rule_row keep_row(struct arena *a, const struct rule_row *r)
{
	struct rule_row k = *r;

	k.std.id = arena_dup(a, r->std.id);
	k.name = arena_dup(a, r->name);
	k.template = arena_dup(a, r->template);
	k.definition = arena_dup(a, r->definition);
	k.place_id = arena_dup(a, r->place_id);
	k.place_path = arena_dup(a, r->place_path);
	k.backtest_id = k.reason = NO_STR;
	return k;
}

enum rc eval_add_rule(struct ctx *c, struct evaluator *e, const struct rule_row *row)
{
	struct rule_names names = { .symbols = e->symbols, .self = e, .place = name_place, .device = name_device };
	struct loaded_rule l = { .row = keep_row(e->arena, row) };
	struct rule *r;

	if (e->rules == NULL)
		e->rules = NEW_N(e->arena, struct loaded_rule, RULES_MAX);
	if (e->n_rules == RULES_MAX)
		return FAIL(c, RC_LIMIT, "too_many_rules", NO_STR, "at most %d active rules", RULES_MAX);
	TRY(watch_compile(c, &names, row, &r));
	l.care = rule_key(r) == RULE_KEY_WATCH;
	l.by_device = rule_kind(r) == RULE_ABSENCE && rule_key(r) == RULE_KEY_DEVICE;
	enum rc rc = rules_put(l.care ? e->care : e->main, l.row.std.id, (uint32_t)row->revision, r, &l.slot);

	if (rc != RC_OK) {
		rule_free(r);
		return FAIL(c, rc, "rule_refused", NO_STR, "the engine takes no more rules");
	}
	e->rules[e->n_rules++] = l;
	e->n_care += l.care;
	return RC_OK;
}

/* ---- events ------------------------------------------------------------------------------- */

static uint32_t read_fields(struct evaluator *e, struct str data, struct rule_field *out)
{
	struct json_error err;
	struct json *map;
	uint32_t n = 0;

	if (data.n == 0 || json_parse(e->scratch, data, 0, &map, &err) != RC_OK || map->kind != J_MAP)
		return 0;
	for (const struct json *j = map->child; j && n < RULE_FIELDS_MAX; j = j->next) {
		struct rule_field f = { .name = symbols_find(e->symbols, j->key) };

		if (f.name == 0) /* no rule asks for it */
			continue;
		if (j->kind == J_INT || j->kind == J_BOOL) {
			f.kind = j->kind == J_INT ? RULE_INT : RULE_BOOL;
			f.i = j->i;
		} else if (j->kind == J_REAL) {
			f.kind = RULE_REAL;
			f.d = j->d;
		} else if (j->kind == J_TEXT) {
			f.kind = RULE_TEXT;
			f.text = symbols_value(e->symbols, j->text);
		} else {
			continue;
		}
		out[n++] = f;
	}
	return n;
}

/* A device that once sent a heartbeat is expected to go on. */
static void enrol_device(struct evaluator *e, const struct rule_event *ev, struct str type)
{
	struct rule_watch w;

	if (ev->device == e->self_test || !str_is(type, "cn.jiuan.device.heartbeat.v1"))
		return;
	for (size_t i = 0; i < e->n_rules; i++) {
		const struct loaded_rule *r = &e->rules[i];
		uint32_t lo, hi;

		if (!r->by_device || !place_tree_span(e->tree, r->row.place_id, &lo, &hi) || ev->place < lo ||
		    ev->place > hi)
			continue;
		if (rules_watch_get(e->main, r->slot, ev->device, &w) == RC_OK)
			continue;
		w = (struct rule_watch){ .last_seen = ev->received };
		(void)!rules_watch_set(e->main, r->slot, ev->device, &w); /* past eight million: not watched */
	}
}

/* Did this event count as a sign of life? */
static int64_t last_seen_of(const struct evaluator *e, uint32_t subject)
{
	int64_t newest = 0;

	for (size_t i = 0; i < e->n_rules; i++) {
		struct rule_watch w;

		if (e->rules[i].care && rules_watch_get(e->care, e->rules[i].slot, subject, &w) == RC_OK &&
		    w.last_seen > newest)
			newest = w.last_seen;
	}
	return newest;
}

static void feed_care(struct evaluator *e, struct rule_event *ev)
{
	size_t lo = 0, hi = e->n_links;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (e->links[mid].device < ev->device)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < e->n_links && e->links[lo].device == ev->device; lo++) {
		struct subject *s = &e->subjects[e->links[lo].subject - 1];
		int64_t before = last_seen_of(e, e->links[lo].subject);

		ev->subject = e->links[lo].subject;
		rules_event(e->care, ev);
		int64_t after = last_seen_of(e, e->links[lo].subject);

		if (after > before && after > s->last_seen) {
			s->last_seen = after;
			s->last_device = ev->device;
			s->dirty = true;
		}
	}
}

void eval_tick(struct evaluator *e, int64_t now)
{
	if (now - e->ticked_at < RULES_SLOT)
		return;
	e->ticked_at = now;
	rules_tick(e->main, now);
	rules_tick(e->care, now);
}

enum rc eval_feed(struct evaluator *e, const struct sensing_event *ev)
{
	struct rule_field fields[RULE_FIELDS_MAX];
	struct rule_event r = { .at = ev->at, .received = ev->received_at, .seq = (uint64_t)ev->seq, .fields = fields };

	/* Time first: what was due before this event is told before it, whether the
	 * log is followed or caught up with. */
	eval_tick(e, ev->received_at);
	arena_reset(e->scratch);
	r.type = symbols_find(e->symbols, ev->type);
	r.device = symbols_add(e->devices, ev->device_id);
	r.place = place_tree_number(e->tree, ev->place_id);
	r.area = r.place ? e->area[r.place] : 0;
	r.n_fields = e->n_rules ? read_fields(e, ev->data, fields) : 0;
	enrol_device(e, &r, ev->type);
	rules_event(e->main, &r);
	if (e->n_links)
		feed_care(e, &r);
	return arena_check(e->run);
}
