/* sensing_health.c - which devices can be relied on, and since when not. */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { SILENT_BEATS = 3, SILENT_MIN_S = 60, LOW_BATTERY = 20, CLOCK_OFF_MS = 120000, AWAY_S = 120, GAPS_MOST = 10000 };

const char *const gap_reasons[] = {
	"silent", "offline", "tampered", "covered", "gateway", "server", "never_seen", NULL
};

static const struct field gap_fields[] = {
	F_STD(struct gap_row),
	F_REF(struct gap_row, device_id, "sensing.device", DERIVED | FILTER | P1),
	F_PATH(struct gap_row, place_path, DERIVED | P1),
	F_TIME(struct gap_row, from_at, DERIVED | FILTER | P0),
	F_TIME(struct gap_row, to_at, DERIVED | FILTER | P0),
	F_ENUM(struct gap_row, reason, gap_reasons, DERIVED | FILTER | P0),
};
static const struct see gap_see[] = { { "sensing.read", SEE_PLACE }, { 0 } };

const struct entity sensing_gap_entity = {
	.module = "sensing",
	.name = "gap",
	.table = "sensing_gap",
	.size = sizeof(struct gap_row),
	.fields = gap_fields,
	.n_fields = COUNT(gap_fields),
	.see = gap_see,
	.perm = { .export = "sensing.export" },
	.place = "place_path",
	.purpose = "device_care",
	.basis = "public_duty",
	.keep_days = 365,
	.quiet = true,
};

/* ---- judgement ----------------------------------------------------------------------- */

struct finding {
	struct device *device;
	enum device_health health;
	bool down;   /* sees nothing: a gap */
	bool as_one; /* follows from its gateway: no event of its own */
	enum gap_reason reason;
	int64_t from_at, back_at;
};

static bool is_silent(const struct device *d, int64_t now, int64_t grace_from)
{
	int64_t wait_s = SILENT_BEATS * d->heartbeat_s;
	int64_t ref = d->now.last_seen_at;

	if (d->heartbeat_s == 0)
		return false;
	if (d->active_since > ref)
		ref = d->active_since;
	if (grace_from > ref)
		ref = grace_from;
	return now - ref > (wait_s < SILENT_MIN_S ? SILENT_MIN_S : wait_s) * SECOND;
}

static struct finding down(struct finding f, enum device_health h, enum gap_reason why, int64_t from)
{
	f.health = h;
	f.down = true;
	f.reason = why;
	f.from_at = from;
	return f;
}

/* 'g': its gateway as found, or NULL. */
static struct finding judge(struct device *d, const struct finding *g, int64_t now)
{
	struct finding f = { .device = d, .back_at = d->now.back_at };
	int64_t seen = d->now.last_seen_at ? d->now.last_seen_at : d->created_at;
	int64_t off = d->now.skew_ms == NO_INT ? 0 : d->now.skew_ms;

	if (g && g->down && (g->health == H_SILENT || g->health == H_NEVER_SEEN)) {
		f = down(f, H_SILENT, G_GATEWAY, g->from_at > seen ? g->from_at : seen);
		f.as_one = true;
		return f;
	}
	if (d->now.offline)
		return down(f, H_SILENT, G_OFFLINE, d->now.bad_at ? d->now.bad_at : seen);
	if (is_silent(d, now, g ? g->back_at : 0))
		return d->now.last_seen_at ? down(f, H_SILENT, G_SILENT, seen)
					   : down(f, H_NEVER_SEEN, G_NEVER_SEEN, seen);
	if (d->now.last_seen_at == 0)
		f.health = H_NEVER_SEEN;
	else if (d->now.tampered)
		return down(f, H_TAMPERED, G_TAMPERED, d->now.bad_at ? d->now.bad_at : seen);
	else if (d->now.covered)
		return down(f, H_COVERED, G_COVERED, d->now.bad_at ? d->now.bad_at : seen);
	else if (off > CLOCK_OFF_MS || off < -CLOCK_OFF_MS)
		f.health = H_CLOCK_OFF;
	else if (d->now.battery != NO_INT && d->now.battery < LOW_BATTERY)
		f.health = H_LOW_BATTERY;
	else
		f.health = H_IN_ORDER;
	return f;
}

/* Everything that differs from what the rows say. */
static size_t judge_all(struct state *st, int64_t now, struct finding *found)
{
	size_t n = 0;

	pthread_rwlock_rdlock(&st->lock);
	for (size_t i = 0; i < st->n_devices; i++) {
		struct device *d = st->devices[i];
		struct device *gateway = d->gateway_id.n ? cache_by_id(st, d->gateway_id) : NULL;
		struct finding g = { 0 };

		if (d->state != S_ACTIVE)
			continue;
		if (gateway && gateway != d)
			g = judge(gateway, NULL, now);
		struct finding f = judge(d, gateway && gateway != d ? &g : NULL, now);

		if (f.health != d->health || f.down != d->down)
			found[n++] = f;
	}
	pthread_rwlock_unlock(&st->lock);
	return n;
}

/* ---- gaps ----------------------------------------------------------------------------- */

static enum rc open_gap(struct ctx *c, const struct finding *f)
{
	struct gap_row g;
	bool found;

	TRY(entity_find(c, &sensing_gap_entity, "device_id = $1 AND to_at IS NULL", ARGS(V_STR(f->device->id)), &g,
			&found));
	if (found)
		return RC_OK; /* the first reason stands */
	entity_init(&sensing_gap_entity, &g);
	g.device_id = f->device->id;
	g.place_path = f->device->place_path;
	g.from_at = f->from_at;
	g.reason = f->reason;
	return entity_insert(c, &sensing_gap_entity, &g, "create");
}

static enum rc close_gap(struct ctx *c, const struct finding *f)
{
	struct gap_row g;
	bool found;

	TRY(entity_find(c, &sensing_gap_entity, "device_id = $1 AND to_at IS NULL", ARGS(V_STR(f->device->id)), &g,
			&found));
	if (!found)
		return RC_OK;
	bool seeing = g.reason == G_TAMPERED || g.reason == G_COVERED; /* it spoke all the time */

	g.to_at = !seeing && f->back_at > g.from_at ? f->back_at : c->now;
	if (g.to_at < g.from_at)
		g.to_at = g.from_at;
	return entity_save(c, &sensing_gap_entity, &g, "close");
}

static enum rc save(struct ctx *c, const struct finding *f)
{
	struct device_row r;
	const char *verb = "health";

	TRY(entity_fetch(c, &sensing_device, f->device->id, &r));
	if (f->down)
		TRY(open_gap(c, f));
	else
		TRY(close_gap(c, f));
	if (r.health == f->health || r.state != S_ACTIVE)
		return RC_OK;
	if (f->as_one || (r.health == H_SILENT && f->device->gateway_id.n && f->health == H_IN_ORDER))
		return db_run(c, "UPDATE sensing_device SET health = $2 WHERE id = $1",
			      ARGS(V_STR(r.std.id), V_Z(device_healths[f->health])), NULL);
	if (f->health == H_SILENT)
		verb = "silent";
	else if (r.health == H_SILENT)
		verb = "back";
	r.health = f->health;
	return entity_save(c, &sensing_device, &r, verb);
}

static enum rc take_down(void *arg, const struct row *r)
{
	struct device *d = cache_by_id(arg, r->v[0].s);

	if (d)
		d->down = true;
	return RC_OK;
}

/* Which gaps are open is asked each time: the last round may have been rolled
 * back, or another process's. */
static enum rc read_down(struct ctx *c, struct state *st)
{
	pthread_rwlock_wrlock(&st->lock);
	for (size_t i = 0; i < st->n_devices; i++)
		st->devices[i]->down = false;
	pthread_rwlock_unlock(&st->lock);
	return db_each(c, "SELECT device_id FROM sensing_gap WHERE to_at IS NULL", NO_ARGS, take_down, st);
}

enum rc health_job(struct ctx *c)
{
	struct state *st = sensing_state(c);

	TRY(cache_refresh(c));
	TRY(log_sync(c));
	TRY(read_down(c, st));
	struct finding *found = NEW_N(c->arena, struct finding, st->n_devices + 1);
	size_t n = judge_all(st, c->now, found);

	for (size_t i = 0; i < n; i++)
		TRY(save(c, &found[i]));
	pthread_rwlock_wrlock(&st->lock);
	for (size_t i = 0; i < n; i++)
		if (found[i].down && !found[i].device->down)
			found[i].device->now.back_at = 0; /* the next event is the sign of life */
	pthread_rwlock_unlock(&st->lock);
	return n ? cache_changed(c) : RC_OK;
}

/* The server's own absence is a gap of every device: nobody listened. */
enum rc own_gap(struct ctx *c)
{
	struct state *st = sensing_state(c);
	int64_t alive;

	TRY(log_mark(c, "alive", &alive));
	TRY(log_set_mark(c, "alive", c->now));
	if (alive == 0 || c->now - alive <= AWAY_S * SECOND)
		return RC_OK;
	for (size_t i = 0; i < st->n_devices; i++) {
		const struct device *d = st->devices[i];
		struct gap_row g;
		bool found;

		if (d->state != S_ACTIVE)
			continue;
		TRY(entity_find(c, &sensing_gap_entity, "device_id = $1 AND to_at IS NULL", ARGS(V_STR(d->id)), &g,
				&found));
		if (found)
			continue;
		entity_init(&sensing_gap_entity, &g);
		g.device_id = d->id;
		g.place_path = d->place_path;
		g.from_at = alive;
		g.to_at = c->now;
		g.reason = G_SERVER;
		TRY(entity_insert(c, &sensing_gap_entity, &g, "create"));
	}
	return RC_OK;
}

/* ---- what other modules and pages ask --------------------------------------------------------- */

struct overlap {
	enum rc (*fn)(void *arg, const struct sensing_gap *gap);
	void *arg;
	int64_t from_at, to_at, until, total;
};

static enum rc take_gap(struct ctx *c, void *row, void *arg)
{
	const struct gap_row *g = row;
	struct overlap *o = arg;
	struct sensing_gap out = { g->from_at, g->to_at, gap_reasons[g->reason] };
	int64_t from = g->from_at > o->until ? g->from_at : o->until;
	int64_t to = g->to_at ? g->to_at : c->now > g->from_at ? c->now : g->from_at;

	if (to > o->to_at)
		to = o->to_at;
	if (to > from)
		o->total += to - from;
	if (to > o->until)
		o->until = to;
	return o->fn ? o->fn(o->arg, &out) : RC_OK;
}

enum rc sensing_gaps(struct ctx *c, struct str device_id, int64_t from_at, int64_t to_at,
		     enum rc (*fn)(void *arg, const struct sensing_gap *gap), void *arg, int64_t *total_us)
{
	struct overlap o = { .fn = fn, .arg = arg, .from_at = from_at, .to_at = to_at, .until = from_at };

	TRY(entity_each(c, &sensing_gap_entity,
			"device_id = $1 AND from_at < $2 AND (to_at IS NULL OR to_at > $3) ORDER BY from_at",
			ARGS(V_STR(device_id), V_INT(to_at), V_INT(from_at)), take_gap, &o));
	*total_us = o.total;
	return RC_OK;
}

enum rc sensing_device_get(struct ctx *c, struct str id, struct device_ref *ret)
{
	struct state *st = sensing_state(c);

	TRY(cache_refresh(c));
	pthread_rwlock_rdlock(&st->lock);
	const struct device *d = cache_by_id(st, id);

	if (d)
		*ret = (struct device_ref){ .id = d->id,
					    .name = d->name,
					    .source = d->source,
					    .place_id = d->place_id,
					    .place_path = d->place_path,
					    .kind = device_kinds[d->kind],
					    .state = device_states[d->state],
					    .health = device_healths[d->health],
					    .lon = d->lon,
					    .lat = d->lat,
					    .last_seen_at = d->now.last_seen_at };
	pthread_rwlock_unlock(&st->lock);
	return d ? RC_OK : RC_MISSING;
}

static bool is_below(struct str path, struct str top)
{
	return path.n >= top.n && (top.n == 0 || memcmp(path.p, top.p, top.n) == 0);
}

enum rc sensing_count(struct ctx *c, struct str path, struct sensing_counts *ret)
{
	struct state *st = sensing_state(c);

	*ret = (struct sensing_counts){ 0 };
	TRY(cache_refresh(c));
	pthread_rwlock_rdlock(&st->lock);
	for (size_t i = 0; i < st->n_devices; i++) {
		const struct device *d = st->devices[i];

		if (!is_below(d->place_path, path))
			continue;
		ret->total += d->state == S_ACTIVE;
		ret->in_order += d->state == S_ACTIVE && d->health == H_IN_ORDER;
		ret->quarantined += d->state == S_QUARANTINED;
	}
	pthread_rwlock_unlock(&st->lock);
	return RC_OK;
}
