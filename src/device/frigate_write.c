/* frigate_write.c - what was read, as neutral events. */
#include "device/frigate_parts.h"

#include <string.h>

enum { MAX_DATA = 16 * 1024 }; /* 32 zone names of 48 bytes, escaped, and some words */

static const char *const phase_word[] = { "new", "update", "end" };

static struct str prefix_of(const struct frigate *f)
{
	return f->prefix.n ? f->prefix : STR("frigate");
}

struct device_event *frigate_add(struct frigate_out *o, struct str camera, const char *type, int64_t at)
{
	struct device_events *list = o->ret;
	struct str prefix = prefix_of(o->f);

	if (list->n == o->cap) {
		o->cap = o->cap ? 2 * o->cap : 4;
		struct device_event *items = NEW_N(o->a, struct device_event, o->cap);

		if (list->n)
			memcpy(items, list->items, list->n * sizeof(*items));
		list->items = items;
	}
	struct device_event *e = &list->items[list->n++];

	e->source = camera.n ? arena_fmt(o->a, FMT_STR "/" FMT_STR, ARG_STR(prefix), ARG_STR(camera))
			     : arena_dup(o->a, prefix);
	e->type = str_of(type);
	e->at = at;
	return e;
}

static bool zones_have(const struct frigate_zones *z, struct str name)
{
	for (size_t i = 0; i < z->n; i++)
		if (str_eq(z->names[i], name))
			return true;
	return false;
}

static struct str object_id(struct frigate_out *o, const struct frigate_object *it, struct str zone)
{
	if (it->phase == PHASE_UPDATE)
		return arena_fmt(o->a, FMT_STR "/update/%lld/" FMT_STR, ARG_STR(it->id), (long long)it->frame_at,
				 ARG_STR(zone));
	return arena_fmt(o->a, FMT_STR "/%s/" FMT_STR, ARG_STR(it->id), phase_word[it->phase], ARG_STR(zone));
}

/* 'zone' "" is the camera's whole picture. */
static void put_in_zone(struct frigate_out *o, const struct frigate_object *it, struct str zone)
{
	bool current = it->phase != PHASE_END && (zone.n == 0 || zones_have(&it->current, zone));
	int64_t at = it->phase == PHASE_END && it->ended_at ? it->ended_at
		     : it->frame_at                         ? it->frame_at
							    : it->started_at;
	struct device_event *e = frigate_add(o, it->camera, EVENT_CAMERA_OBJECT, at);
	struct buf b = buf_new(o->a, MAX_DATA);

	e->id = object_id(o, it, zone);
	e->subject = arena_dup(o->a, it->id);
	json_open(&b, '{');
	json_put_text(&b, "object_id", it->id);
	json_put_text(&b, "phase", str_of(phase_word[it->phase]));
	json_put_text(&b, "label", it->label);
	json_put_text(&b, "zone", zone);
	json_key(&b, "current");
	if (it->knows_current || it->phase == PHASE_END)
		json_bool(&b, current);
	else
		json_null(&b);
	json_key(&b, "score");
	if (it->score)
		json_write(&b, it->score);
	else
		json_null(&b);
	json_put_bool(&b, "stationary", it->stationary);
	json_put_bool(&b, "has_snapshot", it->has_snapshot);
	json_put_bool(&b, "has_clip", it->has_clip);
	json_put_time(&b, "started_at", it->started_at);
	json_put_time(&b, "frame_at", it->frame_at);
	json_put_time(&b, "ended_at", it->ended_at);
	json_close(&b, '}');
	e->data = buf_str(&b);
}

void frigate_put_object(struct frigate_out *o, const struct frigate_object *it)
{
	for (size_t i = 0; i < it->entered.n; i++)
		put_in_zone(o, it, it->entered.names[i]);
	for (size_t i = 0; i < it->current.n && it->phase != PHASE_END; i++)
		if (!zones_have(&it->entered, it->current.names[i]))
			put_in_zone(o, it, it->current.names[i]);
	if (it->entered.n == 0 && (it->current.n == 0 || it->phase == PHASE_END))
		put_in_zone(o, it, STR(""));
}

/* Words on the list, each once. */
static void put_words(struct buf *b, const char *key, const struct json *list, struct str (*word)(struct str))
{
	struct str seen[64];
	size_t n = 0;

	json_key(b, key);
	json_open(b, '[');
	for (const struct json *c = list ? list->child : NULL; c && n < COUNT(seen); c = c->next) {
		struct str w = c->kind == J_TEXT ? word(c->text) : NO_STR;
		bool again = false;

		for (size_t i = 0; i < n; i++)
			again = again || seen[i].p == w.p;
		if (w.p == NULL || again)
			continue;
		json_text(b, w);
		seen[n++] = w;
	}
	json_close(b, ']');
}

static uint64_t hash(struct str s)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

void frigate_put_review(struct frigate_out *o, const struct frigate_review *it)
{
	int64_t at = it->phase == PHASE_NEW                   ? it->started_at
		     : it->phase == PHASE_END && it->ended_at ? it->ended_at
							      : o->now;
	struct device_event *e = frigate_add(o, it->camera, EVENT_CAMERA_REVIEW, at);
	struct buf b = buf_new(o->a, MAX_DATA);

	json_open(&b, '{');
	json_put_text(&b, "review_id", it->id);
	json_put_text(&b, "phase", str_of(phase_word[it->phase]));
	json_put_text(&b, "severity", it->alert ? STR("alert") : STR("detection"));
	put_words(&b, "objects", it->objects, frigate_label);
	json_key(&b, "zones");
	json_open(&b, '[');
	for (size_t i = 0; i < it->zones.n; i++)
		json_text(&b, it->zones.names[i]);
	json_close(&b, ']');
	put_words(&b, "sounds", it->sounds, frigate_sound);
	json_put_time(&b, "started_at", it->started_at);
	json_put_time(&b, "ended_at", it->ended_at);
	json_close(&b, '}');
	e->data = buf_str(&b);
	e->subject = arena_dup(o->a, it->id);
	if (it->phase == PHASE_UPDATE) /* carries no time of its own */
		e->id = arena_fmt(o->a, "review/" FMT_STR "/update/%016llx", ARG_STR(it->id),
				  (unsigned long long)hash(e->data));
	else
		e->id = arena_fmt(o->a, "review/" FMT_STR "/%s", ARG_STR(it->id), phase_word[it->phase]);
}
