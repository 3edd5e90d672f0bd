/* sensing_log.c - the log's only writer: agree with the log, dedupe, insert. */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { EARLIEST = 7 /* days */, LATEST = 5 /* minutes */, AHEAD = 8 };

/* Cheap after the first time: the connection keeps them. */
static enum rc prepare(struct ctx *c, struct state *st)
{
	if (conn_prepare(c->db, "SELECT max(seq) FROM sensing_event", &st->newest) != RC_OK ||
	    conn_prepare(c->db, "SELECT source_no, event_id FROM sensing_event WHERE seq = $1", &st->confirm) !=
		    RC_OK ||
	    conn_prepare(c->db,
			 "INSERT INTO sensing_event (seq, source_no, type_no, prev, at, received_at, event_id, data)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			 &st->insert) != RC_OK)
		return FAIL(c, RC_BUSY, "busy", NO_STR, "the database can't be used now, try again");
	return RC_OK;
}

/* Another process that wrote at the same moment took our seq: try again. */
static enum rc check_db(struct ctx *c, enum rc rc)
{
	if (rc == RC_OK)
		return RC_OK;
	if (rc == RC_BUSY || rc == RC_CONFLICT)
		return FAIL(c, RC_BUSY, "busy", NO_STR, "the database can't be used now, try again");
	return FAIL(c, rc, "internal", NO_STR, "internal error");
}

enum rc log_mark(struct ctx *c, const char *name, int64_t *ret)
{
	return db_int(c, "SELECT value FROM sensing_mark WHERE name = $1", ARGS(V_Z(name)), 0, ret);
}

enum rc log_set_mark(struct ctx *c, const char *name, int64_t value)
{
	return db_run(
		c, "INSERT INTO sensing_mark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2",
		ARGS(V_Z(name), V_INT(value)), NULL);
}

/* ---- agreeing with the log ------------------------------------------------------- */

static enum rc take_int(void *arg, const struct row *r)
{
	*(int64_t *)arg = r->v[0].kind == VAL_INT ? r->v[0].i : 0;
	return RC_OK;
}

struct reading {
	struct state *st;
	struct arena *a;
	bool fill; /* window: rows below the floor */
	bool window, now;
};

static enum rc take_row(void *arg, const struct row *r)
{
	struct reading *rd = arg;
	struct state *st = rd->st;
	int64_t seq = r->v[0].i, no = r->v[1].i, kind = r->v[2].i;
	struct source *s = no > 0 && no <= MAX_SOURCES ? st->source_no[no] : NULL;
	struct type *t = kind > 0 && kind <= MAX_TYPES ? st->type_no[kind] : NULL;

	if (s == NULL || t == NULL)
		return RC_BUG;
	if (rd->window && rd->fill)
		window_fill(&st->window, seq, window_hash(&st->window, no, r->v[5].s));
	else if (rd->window)
		window_add(&st->window, seq, window_hash(&st->window, no, r->v[5].s));
	if (rd->now) {
		struct sensing_event ev = { .seq = seq, .at = r->v[3].i, .received_at = r->v[4].i, .data = r->v[6].s };

		pthread_rwlock_wrlock(&st->lock);
		now_note(st, rd->a, s, t, &ev);
		pthread_rwlock_unlock(&st->lock);
		s->last_seq = seq;
		s->last_at = ev.at > s->last_at ? ev.at : s->last_at;
	}
	return RC_OK;
}

/* Data only where it may say something about the device: the window needs none. */
static enum rc read_rows(struct ctx *c, struct reading *rd, int64_t from, int64_t to)
{
	const char *sql = rd->now ? "SELECT seq, source_no, type_no, at, received_at, event_id, data FROM sensing_event"
				    " WHERE seq >= $1 AND seq <= $2 ORDER BY seq"
				  : "SELECT seq, source_no, type_no, at, received_at, event_id FROM sensing_event"
				    " WHERE seq >= $1 AND seq <= $2 ORDER BY seq";

	rd->st = sensing_state(c);
	rd->a = c->arena;
	return from > to ? RC_OK : db_each(c, sql, ARGS(V_INT(from), V_INT(to)), take_row, rd);
}

static enum rc reset_device(struct ctx *c, void *row, void *arg)
{
	const struct device_row *r = row;
	struct state *st = arg;

	(void)c;
	pthread_rwlock_wrlock(&st->lock);
	struct device *d = cache_by_id(st, r->std.id);

	if (d) {
		int64_t refused = d->now.refused_total; /* follows from no row: only grows */

		d->now = (struct device_now){ .last_seen_at = r->last_seen_at,
					      .battery = r->battery,
					      .skew_ms = r->skew_ms,
					      .events_total = r->events_total,
					      .refused_total = refused > r->refused_total ? refused : r->refused_total,
					      .tampered = r->tampered,
					      .covered = r->covered,
					      .offline = r->offline };
	}
	pthread_rwlock_unlock(&st->lock);
	return RC_OK;
}

static enum rc reset_source(void *arg, const struct row *r)
{
	struct state *st = arg;
	struct source *s = r->v[0].i > 0 && r->v[0].i <= MAX_SOURCES ? st->source_no[r->v[0].i] : NULL;

	if (s) {
		s->last_seq = r->v[1].i;
		s->last_at = r->v[2].kind == VAL_INT ? r->v[2].i : 0;
	}
	return RC_OK;
}

/* What devices last said, from their rows and the log after the last flush. */
static enum rc read_now(struct ctx *c, struct state *st, int64_t newest)
{
	struct reading rd = { .now = true };
	int64_t flushed;

	TRY(cache_load_words(c));
	TRY(log_mark(c, "flushed", &flushed));
	TRY(entity_each(c, &sensing_device, "1 = 1 ORDER BY id", NO_ARGS, reset_device, st));
	for (int64_t i = 1; i <= st->n_sources; i++)
		if (st->source_no[i])
			st->source_no[i]->last_seq = st->source_no[i]->last_at = 0;
	TRY(db_each(c, "SELECT no, last_seq, last_at FROM sensing_source", NO_ARGS, reset_source, st));
	TRY(read_rows(c, &rd, flushed + 1, newest));
	st->stale = false;
	return RC_OK;
}

enum rc log_sync(struct ctx *c)
{
	struct state *st = sensing_state(c);
	int64_t newest = 0;

	TRY(prepare(c, st));
	TRY(check_db(c, stmt_each(st->newest, NO_ARGS, take_int, &newest)));
	if (newest == 0)
		TRY(log_mark(c, "floor", &newest));
	if (newest < st->last || newest < st->window.last) { /* a unit was rolled back after it had returned */
		st->stale = true;
		if (st->window.last > newest)
			window_drop_after(&st->window, newest);
		cache_forget_after(st, newest);
		st->last = newest;
	}
	if (newest > st->last) { /* another process wrote */
		struct reading rd = { .window = true, .now = !st->stale };

		TRY(cache_load_words(c));
		bool was_stale = st->stale;

		st->stale = true; /* until all of it is read */
		TRY(read_rows(c, &rd, st->window.last + 1, newest));
		st->last = newest;
		st->stale = was_stale;
	}
	if (st->window.floor > window_wants(&st->window)) {
		struct reading rd = { .window = true, .fill = true };

		TRY(read_rows(c, &rd, window_wants(&st->window), st->window.floor - 1));
		st->window.floor = window_wants(&st->window);
	}
	return st->stale ? read_now(c, st, newest) : RC_OK;
}

enum rc log_start(struct ctx *c)
{
	struct state *st = sensing_state(c);
	int64_t newest;

	TRY(db_int(c, "SELECT max(seq) FROM sensing_event", NO_ARGS, 0, &newest));
	TRY(cache_load_words(c));
	st->last = newest > WINDOW_EVENTS ? newest - WINDOW_EVENTS : 0;
	window_init(&st->window, st->key, WINDOW_EVENTS, st->last);
	st->stale = true; /* devices are read once, in log_sync */
	return log_sync(c);
}

/* ---- one event ------------------------------------------------------------------------ */

struct run {
	struct ctx *c;
	struct state *st;
	struct item **taken; /* by seq - first */
	int64_t first;
};

struct same {
	int64_t source_no;
	struct str id;
	bool yes;
};

static enum rc compare(void *arg, const struct row *r)
{
	struct same *s = arg;

	s->yes = r->v[0].i == s->source_no && str_eq(r->v[1].s, s->id);
	return RC_OK;
}

/* A hit of the window is a guess; the row itself decides. */
static enum rc is_duplicate(struct run *u, const struct item *it, bool *ret)
{
	size_t at = 0;
	int64_t seq;

	*ret = false;
	while (!*ret && (seq = window_find(&u->st->window, it->hash, &at)) != 0) {
		struct same same = { .source_no = it->from->no, .id = it->id };

		if (seq >= u->first) {
			const struct item *other = u->taken[seq - u->first];

			same.yes = other->from == it->from && str_eq(other->id, it->id);
		} else {
			TRY(check_db(u->c, stmt_each(u->st->confirm, ARGS(V_INT(seq)), compare, &same)));
		}
		*ret = same.yes;
	}
	return RC_OK;
}

enum rc log_find(struct ctx *c, const struct source *from, struct str id, int64_t *seq)
{
	struct state *st = sensing_state(c);
	size_t at = 0;
	int64_t guess;

	*seq = 0;
	TRY(log_sync(c));
	if (from == NULL || from->no == 0)
		return RC_OK;
	uint64_t hash = window_hash(&st->window, from->no, id);

	while (*seq == 0 && (guess = window_find(&st->window, hash, &at)) != 0) {
		struct same same = { .source_no = from->no, .id = id };

		TRY(check_db(c, stmt_each(st->confirm, ARGS(V_INT(guess)), compare, &same)));
		*seq = same.yes ? guess : 0;
	}
	return RC_OK;
}

/* First use of a word: its number stands in the same unit as the row. */
static enum rc number_words(struct run *u, struct item *it, int64_t seq)
{
	struct state *st = u->st;

	if (it->from->no == 0) {
		int64_t no = st->n_sources + 1;

		TRY(check_db(u->c, conn_run(u->c->db,
					    "INSERT INTO sensing_source (no, source, device_id, last_seq, last_at)"
					    " VALUES ($1, $2, $3, 0, NULL)",
					    ARGS(V_INT(no), V_STR(it->source), V_STR(it->device->id)), NULL)));
		cache_number_source(st, it->from, no, seq);
		it->hash = window_hash(&st->window, no, it->id);
	}
	if (it->kind->no == 0) {
		int64_t no = st->n_types + 1;

		TRY(check_db(u->c, conn_run(u->c->db, "INSERT INTO sensing_type (no, type) VALUES ($1, $2)",
					    ARGS(V_INT(no), V_STR(it->type)), NULL)));
		cache_number_type(st, it->kind, no, seq);
	}
	return RC_OK;
}

static void refuse(struct item *it, const char *code, const char *field)
{
	it->word = SENSING_REFUSED;
	it->code = code;
	it->field = field;
}

static enum rc append_one(struct run *u, struct item *it)
{
	struct state *st = u->st;
	int64_t now = u->c->now, at = it->at;

	if (it->from == NULL)
		it->from = cache_add_source(st, it->source, it->device);
	if (it->kind == NULL)
		it->kind = cache_add_type(st, it->type);
	if (it->from->no != 0) {
		bool twice;

		if (it->hash == 0 || it->from->no != it->hashed_no)
			it->hash = window_hash(&st->window, it->from->no, it->id);
		TRY(is_duplicate(u, it, &twice));
		if (twice) {
			it->word = SENSING_DUPLICATE;
			return RC_OK;
		}
	} else if (it->device->n_sources >= MAX_SOURCES_EACH || st->n_sources >= MAX_SOURCES) {
		refuse(it, "too_many_sources", "source");
		return RC_OK;
	}
	if (it->kind->no == 0 && st->n_types >= MAX_TYPES) {
		refuse(it, "too_many_types", "type");
		return RC_OK;
	}
	/* Claimed before anything changes: from here on memory is ahead of the
	 * log, and log_sync() takes it back should this unit not stand. */
	int64_t seq = ++st->last;

	TRY(number_words(u, it, seq));
	if (at == 0 || at < now - EARLIEST * DAY || at > now + LATEST * MINUTE)
		at = now;
	TRY(check_db(u->c,
		     stmt_run(st->insert,
			      ARGS(V_INT(seq), V_INT(it->from->no), V_INT(it->kind->no), V_INT(it->from->last_seq),
				   V_INT(at), V_INT(now), V_STR(it->id), V_STR(it->data)),
			      NULL)));
	window_add(&st->window, seq, it->hash);
	it->from->last_seq = seq;
	if (at > it->from->last_at)
		it->from->last_at = at;
	it->seq = seq;
	it->word = SENSING_ACCEPTED;
	u->taken[seq - u->first] = it;
	return RC_OK;
}

/* The newest of a run of one device's events measures its clock: the others
 * may have waited in it. */
static void note_all(struct run *u, struct item *items, size_t n)
{
	struct state *st = u->st;
	int64_t now = u->c->now;

	pthread_rwlock_wrlock(&st->lock);
	for (size_t i = 0; i < n; i++) {
		struct item *it = &items[i];
		struct sensing_event ev = { .seq = it->seq, .at = it->at, .received_at = now, .data = it->data };

		if (it->code && it->device) {
			it->device->now.refused_total++;
			it->device->now.touched = true;
			if (it->device->state == S_QUARANTINED)
				it->device->now.last_seen_at = now;
		}
		if (it->seq == 0)
			continue;
		now_note(st, u->c->arena, it->from, it->kind, &ev);
		if (it->at != 0 && (i + 1 == n || items[i + 1].device != it->device))
			now_skew(it->device, now - it->at);
	}
	pthread_rwlock_unlock(&st->lock);
}

enum rc log_append(struct ctx *c, struct item *items, size_t n)
{
	struct state *st = sensing_state(c);

	TRY(log_sync(c));
	struct run u = { .c = c, .st = st, .taken = NEW_N(c->arena, struct item *, n), .first = st->last + 1 };

	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n)
			window_touch(&st->window, items[i + AHEAD].hash, st->last + AHEAD);
		if (items[i].code == NULL)
			TRY(append_one(&u, &items[i]));
	}
	note_all(&u, items, n);
	if (st->last >= u.first)
		ctx_poke(c, "sensing.events");
	return RC_OK;
}
