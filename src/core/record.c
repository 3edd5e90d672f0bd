/* record.c - what leaves a trace: events in the outbox, the chained audit, the
 * who-looked log; and the delivery of events to listeners, exactly once. */
#include "core/inner.h"

#include <string.h>

enum { DELIVER_BATCH = 100, TRIES_MOST = 8 };

/* Numbers of both logs are given out in the order of COMMIT, and group commit
 * mixes units that hold different rows.  SQLite has one writer anyway;
 * processes that share PostgreSQL take turns, from the first statement of a
 * unit to its COMMIT: no number twice, no deadlock. */
enum rc unit_turn(struct ctx *c)
{
	if (!conn_is_pg(c->db))
		return RC_OK;
	return db_run(c, "UPDATE core_schema SET version = version WHERE module = 'core'", NO_ARGS,
		      NULL); /* the row is held */
}

enum rc emit(struct ctx *c, struct str topic, const struct about *about, struct str body)
{
	c->pokes |= (uint64_t)1 << OUTBOX_BIT;
	return db_run(c,
		      "INSERT INTO core_outbox (seq, at, topic, entity, row_id, version, place_path, owner_id, "
		      "assigned_id, body,"
		      " tries, dead) SELECT coalesce(max(seq), 0) + 1, CAST($1 AS bigint), $2, $3, $4, CAST($5 AS "
		      "bigint), $6, $7, $8,"
		      " $9, 0, 0 FROM core_outbox",
		      ARGS(V_INT(c->now), V_STR(topic), V_Z(about->entity), V_STR(about->id), V_INT(about->version),
			   V_STR(about->place_path), V_STR(about->owner), V_STR(about->assigned), V_STR(body)),
		      NULL);
}

struct link {
	struct arena *a;
	int64_t seq;
	struct str hash;
};

static enum rc take_link(void *arg, const struct row *r)
{
	struct link *l = arg;

	l->seq = r->v[0].i;
	l->hash = arena_dup(l->a, r->v[1].s);
	return RC_OK;
}

static struct str chain_hash(struct arena *a, struct str prev, struct str text)
{
	uint8_t h[CRYPTO_HASH];

	hash_bytes(arena_fmt(a, FMT_STR "\n" FMT_STR, ARG_STR(prev), ARG_STR(text)), h);
	return hex_encode(a, (struct str){ (const char *)h, sizeof(h) });
}

/* The text a row is chained by: every column but the hash, JSON, in order. */
static struct str audit_text(struct arena *a, const struct val *v)
{
	struct buf b = buf_new(a, 1 << 20);

	json_open(&b, '[');
	for (size_t i = 0; i < 9; i++) {
		if (v[i].kind == VAL_INT)
			json_int(&b, v[i].i);
		else
			json_text(&b, v[i].kind == VAL_TEXT ? v[i].s : NO_STR);
	}
	json_close(&b, ']');
	return buf_str(&b);
}

enum rc audit(struct ctx *c, struct str what, const struct about *about, struct str detail)
{
	static const char *const kinds[] = { "nobody", "person", "device", "system" };
	struct link last = { .a = c->arena, .hash = STR("") };

	TRY(db_each(c, "SELECT seq, hash FROM core_audit ORDER BY seq DESC LIMIT 1", NO_ARGS, take_link, &last));
	struct val v[] = { V_INT(last.seq + 1),
			   V_INT(c->now),
			   V_Z(kinds[c->who.kind]),
			   V_STR(c->who.id.n ? c->who.id : NO_STR),
			   V_STR(what),
			   V_Z(about->entity),
			   V_STR(about->id),
			   V_INT(about->version),
			   V_STR(detail),
			   V_NULL };

	v[9] = V_STR(chain_hash(c->arena, last.hash, audit_text(c->arena, v)));
	return db_run(
		c,
		"INSERT INTO core_audit (seq, at, actor_kind, actor_id, what, entity, row_id, version, detail, hash)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		(struct args){ v, COUNT(v) }, NULL);
}

struct checker {
	struct arena *a;
	struct str hash;
	int64_t rows, bad;
};

static enum rc check_link(void *arg, const struct row *r)
{
	struct checker *k = arg;
	struct str want;

	if (k->bad)
		return RC_OK;
	want = chain_hash(k->a, k->hash, audit_text(k->a, r->v));
	if (r->v[0].i != k->rows + 1 || !str_eq(want, r->v[9].s)) {
		k->bad = r->v[0].i;
		return RC_OK;
	}
	k->rows++;
	arena_reset(k->a);
	k->hash = arena_dup(k->a, r->v[9].s);
	return RC_OK;
}

enum rc app_check_audit(struct ctx *c, int64_t *rows, int64_t *bad_seq)
{
	struct checker k = { arena_new(1 << 20), STR(""), 0, 0 };
	enum rc rc = db_each(c,
			     "SELECT seq, at, actor_kind, actor_id, what, entity, row_id, version, detail, hash"
			     " FROM core_audit ORDER BY seq",
			     NO_ARGS, check_link, &k);

	*rows = k.rows;
	*bad_seq = k.bad;
	arena_free(k.a);
	return rc == RC_OK && k.bad ? RC_CONFLICT : rc;
}

enum rc note_look(struct ctx *c, const char *entity, struct str id, struct str person, struct str fields,
		  struct str purpose, struct str reason)
{
	return db_run(c,
		      "INSERT INTO core_look (id, at, actor_id, actor_name, entity, row_id, person_id, fields, "
		      "purpose, reason)"
		      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		      ARGS(V_STR(ctx_new_id(c)), V_INT(c->now), V_STR(c->who.id), V_STR(c->who.name), V_Z(entity),
			   V_STR(id), V_STR(person), V_STR(fields), V_STR(purpose), V_STR(reason)),
		      NULL);
}

/* ---- delivery --------------------------------------------------------------------- */

struct pending {
	struct arena *a;
	struct event ev[DELIVER_BATCH];
	size_t n;
};

static enum rc take_event(void *arg, const struct row *r)
{
	struct pending *p = arg;

	p->ev[p->n++] = (struct event){ .seq = r->v[0].i,
					.at = r->v[1].i,
					.version = r->v[2].i,
					.topic = arena_dup(p->a, r->v[3].s),
					.id = arena_dup(p->a, r->v[4].s),
					.place_path = r->v[5].kind == VAL_TEXT ? arena_dup(p->a, r->v[5].s) : NO_STR,
					.body = arena_dup(p->a, r->v[6].s) };
	return RC_OK;
}

struct handing {
	const struct event *ev;
	const struct module *m;
	const struct listener *l;
};

/* The inbox row and the listener's effect are one transaction: once. */
static enum rc hand_over(struct ctx *c, void *arg)
{
	struct handing *h = arg;
	struct str who = arena_fmt(c->arena, "%s/%s", h->m->name, h->l->topic);
	int64_t fresh = 0;

	TRY(db_run(c, "INSERT INTO core_inbox (listener, seq) VALUES ($1, $2) ON CONFLICT DO NOTHING",
		   ARGS(V_STR(who), V_INT(h->ev->seq)), &fresh));
	return fresh ? h->l->run(c, h->ev) : RC_OK;
}

struct outcome {
	const struct event *ev;
	const struct failure *why; /* NULL: done */
};

static enum rc note_outcome(struct ctx *c, void *arg)
{
	struct outcome *o = arg;

	if (o->why == NULL)
		return db_run(c, "UPDATE core_outbox SET done_at = $2 WHERE seq = $1",
			      ARGS(V_INT(o->ev->seq), V_INT(c->now)), NULL);
	return db_run(
		c,
		"UPDATE core_outbox SET tries = tries + 1, next_try_at = CAST($2 AS bigint) + tries * tries * 1000000,"
		" dead = CASE WHEN tries >= $3 THEN 1 ELSE 0 END, error = $4 WHERE seq = $1",
		ARGS(V_INT(o->ev->seq), V_INT(c->now + SECOND), V_INT(TRIES_MOST - 1),
		     V_Z(o->why->code ? o->why->code : "busy")),
		NULL);
}

static enum rc deliver_one(struct app *a, const struct event *ev)
{
	for (size_t i = 0; i < a->n_modules; i++) {
		for (const struct listener *l = a->o.modules[i]->listeners; l && l->topic; l++) {
			struct handing h = { ev, a->o.modules[i], l };
			struct failure why = { 0 };

			if (!str_starts(ev->topic, l->topic) || unit_run(a, hand_over, &h, &why) == RC_OK)
				continue;
			struct outcome bad = { ev, &why };

			return unit_run(a, note_outcome, &bad, NULL);
		}
	}
	struct outcome good = { ev, NULL };

	return unit_run(a, note_outcome, &good, NULL);
}

enum rc outbox_step(struct app *a, struct conn *reader, int *delivered)
{
	struct arena *arena = arena_new(64 << 20);
	struct ctx c = app_ctx(a, arena, reader);
	struct pending *p = NEW(arena, struct pending);
	enum rc rc;

	p->a = arena;
	*delivered = 0;
	rc = db_each(&c,
		     "SELECT seq, at, version, topic, row_id, place_path, body FROM core_outbox WHERE done_at IS NULL "
		     "AND dead = 0"
		     " AND (next_try_at IS NULL OR next_try_at <= $1) ORDER BY seq LIMIT 100",
		     ARGS(V_INT(c.now)), take_event, p);
	for (size_t i = 0; rc == RC_OK && i < p->n; i++) {
		rc = deliver_one(a, &p->ev[i]);
		*delivered += rc == RC_OK;
	}
	arena_free(arena);
	return rc;
}

enum rc app_deliver(struct app *a, int *delivered)
{
	int n;

	*delivered = 0;
	do {
		TRY(outbox_step(a, a->db, &n));
		*delivered += n;
	} while (n);
	return RC_OK;
}
