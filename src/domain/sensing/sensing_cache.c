/* sensing_cache.c - devices, sources and types in memory: an event finds its
 * device without a query. */
#include "domain/sensing/sensing_inner.h"

#include <stdlib.h>
#include <string.h>

static const int64_t POLL = 2 * SECOND;

struct state *sensing_state(const struct ctx *c)
{
	return ctx_state(c, "sensing");
}

uint64_t cache_hash(const struct state *st, struct str s)
{
	struct window w;

	memcpy(w.key, st->key, sizeof(w.key));
	return window_hash(&w, 0, s);
}

static size_t chain_of(const struct state *st, struct str s)
{
	return cache_hash(st, s) % CHAINS;
}

struct device *cache_by_id(const struct state *st, struct str id)
{
	for (struct device *d = st->by_id[chain_of(st, id)]; d; d = d->next_id)
		if (str_eq(d->id, id))
			return d;
	return NULL;
}

struct device *cache_by_source(const struct state *st, struct str source)
{
	for (struct device *d = st->by_source[chain_of(st, source)]; d; d = d->next_source)
		if (str_eq(d->source, source))
			return d;
	return NULL;
}

struct source *cache_source(const struct state *st, struct str text, const struct device *d)
{
	uint64_t hash = cache_hash(st, text);

	for (struct source *s = st->sources[hash % CHAINS]; s; s = s->next)
		if (s->hash == hash && (d == NULL || s->device == d) && str_eq(s->text, text))
			return s;
	return NULL;
}

struct type *cache_type(const struct state *st, struct str text)
{
	for (struct type *t = st->types[chain_of(st, text)]; t; t = t->next)
		if (str_eq(t->text, text))
			return t;
	return NULL;
}

/* ---- numbered words ------------------------------------------------------------ */

struct source *cache_add_source(struct state *st, struct str text, struct device *d)
{
	pthread_rwlock_wrlock(&st->lock);
	struct source *s = cache_source(st, text, d);

	if (s == NULL) {
		size_t i = chain_of(st, text);

		s = NEW(st->a, struct source);
		s->text = arena_dup(st->a, text);
		s->hash = cache_hash(st, text);
		s->device = d;
		s->next = st->sources[i];
		st->sources[i] = s;
	}
	pthread_rwlock_unlock(&st->lock);
	return s;
}

struct type *cache_add_type(struct state *st, struct str text)
{
	pthread_rwlock_wrlock(&st->lock);
	struct type *t = cache_type(st, text);

	if (t == NULL) {
		size_t i = chain_of(st, text);

		t = NEW(st->a, struct type);
		*t = (struct type){ .text = arena_dup(st->a, text), .means = now_means(text), .next = st->types[i] };
		st->types[i] = t;
	}
	pthread_rwlock_unlock(&st->lock);
	return t;
}

void cache_number_source(struct state *st, struct source *s, int64_t no, int64_t born)
{
	pthread_rwlock_wrlock(&st->lock);
	s->no = no;
	s->born = born;
	st->source_no[no] = s;
	if (no > st->n_sources)
		st->n_sources = no;
	if (s->device)
		s->device->n_sources++;
	pthread_rwlock_unlock(&st->lock);
}

void cache_number_type(struct state *st, struct type *t, int64_t no, int64_t born)
{
	pthread_rwlock_wrlock(&st->lock);
	t->no = no;
	t->born = born;
	st->type_no[no] = t;
	if (no > st->n_types)
		st->n_types = no;
	pthread_rwlock_unlock(&st->lock);
}

void cache_forget_after(struct state *st, int64_t seq)
{
	pthread_rwlock_wrlock(&st->lock);
	for (; st->n_sources > 0; st->n_sources--) {
		struct source *s = st->source_no[st->n_sources];

		if (s && s->born <= seq)
			break;
		if (s && s->device)
			s->device->n_sources--;
		if (s)
			s->no = s->born = s->last_seq = s->last_at = 0;
		st->source_no[st->n_sources] = NULL;
	}
	for (; st->n_types > 0; st->n_types--) {
		struct type *t = st->type_no[st->n_types];

		if (t && t->born <= seq)
			break;
		if (t)
			t->no = t->born = 0;
		st->type_no[st->n_types] = NULL;
	}
	pthread_rwlock_unlock(&st->lock);
}

static enum rc take_source(void *arg, const struct row *r)
{
	struct state *st = arg;
	struct source *s;

	if (r->v[0].i < 1 || r->v[0].i > MAX_SOURCES)
		return RC_BUG;
	pthread_rwlock_rdlock(&st->lock);
	struct device *d = cache_by_id(st, r->v[2].s);
	pthread_rwlock_unlock(&st->lock);
	s = cache_add_source(st, r->v[1].s, d);
	if (s->no == 0)
		cache_number_source(st, s, r->v[0].i, 0);
	return RC_OK;
}

static enum rc take_type(void *arg, const struct row *r)
{
	struct state *st = arg;
	struct type *t;

	if (r->v[0].i < 1 || r->v[0].i > MAX_TYPES)
		return RC_BUG;
	t = cache_add_type(st, r->v[1].s);
	if (t->no == 0)
		cache_number_type(st, t, r->v[0].i, 0);
	return RC_OK;
}

enum rc cache_load_words(struct ctx *c)
{
	struct state *st = sensing_state(c);

	TRY(cache_load_devices(c)); /* a source names its device */
	TRY(db_each(c, "SELECT no, source, device_id FROM sensing_source WHERE no > $1 ORDER BY no",
		    ARGS(V_INT(st->n_sources)), take_source, st));
	return db_each(c, "SELECT no, type FROM sensing_type WHERE no > $1 ORDER BY no", ARGS(V_INT(st->n_types)),
		       take_type, st);
}

/* ---- devices -------------------------------------------------------------------- */

static void take_str(struct state *st, struct str *old, struct str now)
{
	if (!str_eq(*old, now) || (old->p == NULL) != (now.p == NULL))
		*old = arena_dup(st->a, now);
}

static void take_key(struct device *d, struct str hex)
{
	d->has_key = hex.n == 2 * sizeof(d->key_hash);
	for (size_t i = 0; d->has_key && i < sizeof(d->key_hash); i++) {
		unsigned v = 0;

		for (size_t k = 0; k < 2; k++) {
			char ch = hex.p[2 * i + k];

			v = v * 16 + (unsigned)(ch <= '9' ? ch - '0' : ch - 'a' + 10);
		}
		d->key_hash[i] = (uint8_t)v;
	}
}

static struct device *add_device(struct state *st, const struct device_row *r)
{
	struct device *d = NEW(st->a, struct device);

	if (st->n_devices == st->devices_cap) {
		struct device **more = NEW_N(st->a, struct device *, st->devices_cap ? st->devices_cap * 2 : 256);

		if (st->n_devices)
			memcpy(more, st->devices, st->n_devices * sizeof(struct device *));
		st->devices = more;
		st->devices_cap = st->devices_cap ? st->devices_cap * 2 : 256;
	}
	st->devices[st->n_devices++] = d;
	d->id = arena_dup(st->a, r->std.id);
	d->source = arena_dup(st->a, r->source);
	d->created_at = r->std.created_at;
	d->state = S_QUARANTINED;
	d->now.battery = r->battery;
	d->now.skew_ms = r->skew_ms;
	d->now.last_seen_at = r->last_seen_at;
	d->now.refused_total = r->refused_total;
	st->n_quarantined++;
	size_t i = chain_of(st, d->id), k = chain_of(st, d->source);

	d->next_id = st->by_id[i];
	st->by_id[i] = d;
	d->next_source = st->by_source[k];
	st->by_source[k] = d;
	return d;
}

static enum rc take_device(struct ctx *c, void *row, void *arg)
{
	const struct device_row *r = row;
	struct state *st = arg;

	pthread_rwlock_wrlock(&st->lock);
	struct device *d = cache_by_id(st, r->std.id);

	if (d == NULL)
		d = add_device(st, r);
	take_str(st, &d->name, r->name);
	take_str(st, &d->place_id, r->place_id);
	take_str(st, &d->place_path, r->place_path);
	take_str(st, &d->gateway_id, r->gateway_id);
	take_key(d, r->key_hash);
	d->kind = r->kind;
	d->health = r->health;
	d->heartbeat_s = r->heartbeat_s;
	d->lon = r->lon;
	d->lat = r->lat;
	if (d->state != S_ACTIVE && r->state == S_ACTIVE)
		d->active_since = c->now;
	st->n_quarantined += (size_t)(r->state == S_QUARANTINED) - (size_t)(d->state == S_QUARANTINED);
	d->state = r->state;
	pthread_rwlock_unlock(&st->lock);
	return RC_OK;
}

/* What a write unit reads may still be rolled back: taken, but read again. */
enum rc cache_load_devices(struct ctx *c)
{
	struct state *st = sensing_state(c);
	int64_t revision;

	pthread_mutex_lock(&st->reload);
	enum rc rc = log_mark(c, "devices", &revision);

	if (rc == RC_OK)
		rc = entity_each(c, &sensing_device, "1 = 1 ORDER BY id", NO_ARGS, take_device, st);
	st->seen = rc == RC_OK ? revision : -1;
	st->revision = conn_in_tx(c->db) ? -1 : st->seen;
	pthread_mutex_unlock(&st->reload);
	return rc;
}

enum rc cache_changed(struct ctx *c)
{
	atomic_store(&sensing_state(c)->changed_at, c->now);
	return db_run(c,
		      "INSERT INTO sensing_mark (name, value) VALUES ('devices', 1)"
		      " ON CONFLICT (name) DO UPDATE SET value = sensing_mark.value + 1",
		      NO_ARGS, NULL);
}

enum rc cache_refresh(struct ctx *c)
{
	struct state *st = sensing_state(c);
	int64_t revision, known;

	if (llabs(c->now - atomic_load(&st->changed_at)) >= POLL && llabs(c->now - atomic_load(&st->polled_at)) < POLL)
		return RC_OK;
	TRY(log_mark(c, "devices", &revision));
	pthread_mutex_lock(&st->reload);
	known = conn_in_tx(c->db) ? st->seen : st->revision;
	pthread_mutex_unlock(&st->reload);
	if (revision != known)
		TRY(cache_load_devices(c));
	atomic_store(&st->polled_at, c->now);
	return RC_OK;
}
