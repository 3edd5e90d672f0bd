/* watch_evaluate.c - the job that reads the log, feeds the engines and stores
 * what they say, once. */
#include "domain/watch/watch_eval.h"

#include <string.h>

/* ---- storing --------------------------------------------------------------------------- */

static enum rc put_numbers(struct ctx *c, struct evaluator *e)
{
	struct buf b = buf_new(c->arena, EVAL_SNAPSHOT_BYTES);
	uint32_t n = symbols_count(e->devices);
	int64_t stamp;

	if (n != e->devices_stored) {
		for (uint32_t i = 1; i <= n; i++) {
			buf_add(&b, symbols_text(e->devices, i));
			buf_char(&b, '\n');
		}
		TRY(db_run(c,
			   "INSERT INTO watch_number (kind, stamp, ids) VALUES ('devices', $1, $2)"
			   " ON CONFLICT (kind) DO UPDATE SET stamp = excluded.stamp, ids = excluded.ids",
			   ARGS(V_INT(n), V_STR(buf_str(&b))), NULL));
	}
	TRY(db_int(c, "SELECT stamp FROM watch_number WHERE kind = 'places'", NO_ARGS, -1, &stamp));
	if (stamp == e->places_stamp)
		return RC_OK;
	b = buf_new(c->arena, EVAL_SNAPSHOT_BYTES);
	for (uint32_t i = 1; i <= place_tree_count(e->tree); i++) {
		buf_add(&b, place_tree_at(e->tree, i)->id);
		buf_char(&b, '\n');
	}
	return db_run(c,
		      "INSERT INTO watch_number (kind, stamp, ids) VALUES ('places', $1, $2)"
		      " ON CONFLICT (kind) DO UPDATE SET stamp = excluded.stamp, ids = excluded.ids",
		      ARGS(V_INT(e->places_stamp), V_STR(buf_str(&b))), NULL);
}

static enum rc put_last_seen(struct ctx *c, struct evaluator *e)
{
	for (size_t i = 0; i < e->n_subjects; i++) {
		const struct subject *s = &e->subjects[i];

		if (s->dirty)
			TRY(db_run(c,
				   "UPDATE watch_welfare SET last_seen_at = $2, last_source_id = $3 WHERE id = $1"
				   " AND state <> 'ended' AND coalesce(last_seen_at, 0) < $2",
				   ARGS(V_STR(s->id), V_INT(s->last_seen), V_STR(eval_device(e, s->last_device))),
				   NULL));
	}
	return RC_OK;
}

static enum rc put_suppressed(struct ctx *c, struct evaluator *e)
{
	for (size_t i = 0; i < e->n_rules; i++) {
		struct loaded_rule *r = &e->rules[i];
		struct rule_stats s;
		int64_t more;

		if (rules_stats(eval_engine(e, r), r->slot, &s) != RC_OK || s.cooled + s.limited <= r->suppressed)
			continue;
		more = (int64_t)(s.cooled + s.limited - r->suppressed);
		r->suppressed = s.cooled + s.limited;
		TRY(db_run(c,
			   "INSERT INTO watch_count (rule_id, hour_at, fired, suppressed) VALUES ($1, $2, 0, $3)"
			   " ON CONFLICT (rule_id, hour_at) DO UPDATE SET suppressed = watch_count.suppressed + "
			   "excluded.suppressed",
			   ARGS(V_STR(r->row.std.id), V_INT(c->now - c->now % HOUR), V_INT(more)), NULL));
		TRY(db_run(c, "UPDATE watch_rule SET suppressed = suppressed + $2 WHERE id = $1",
			   ARGS(V_STR(r->row.std.id), V_INT(more)), NULL));
	}
	return RC_OK;
}

struct storing {
	struct evaluator *e;
	bool snapshot;
};

static enum rc store_snapshot(struct ctx *c, struct evaluator *e)
{
	struct buf b = buf_new(c->arena, EVAL_SNAPSHOT_BYTES);

	if (rules_snapshot(e->main, &b) != RC_OK)
		return FAIL(c, RC_LIMIT, "too_much", NO_STR, "the engine's state is too large");
	TRY(put_numbers(c, e));
	TRY(put_last_seen(c, e));
	TRY(put_suppressed(c, e));
	return db_run(c, "UPDATE watch_cursor SET snapshot = $1, snapshot_seq = $2, snapshot_at = $3 WHERE id = 'one'",
		      ARGS(V_BLOB(buf_str(&b)), V_INT(e->cursor_seq), V_INT(c->now)), NULL);
}

static enum rc store_unit(struct ctx *c, void *arg)
{
	struct storing *s = arg;
	int64_t changed;

	/* Somebody else moved on from where this evaluator stands: it is too old. */
	TRY(db_run(c,
		   "UPDATE watch_cursor SET generation = generation + 1, cursor_seq = $2 WHERE id = 'one' AND "
		   "generation = $1",
		   ARGS(V_INT(s->e->generation), V_INT(s->e->cursor_seq)), &changed));
	if (changed != 1)
		return FAIL(c, RC_BUSY, "busy", NO_STR, "another process evaluates");
	TRY(eval_store(c, s->e));
	return s->snapshot ? store_snapshot(c, s->e) : RC_OK;
}

static enum rc store(struct ctx *c, struct evaluator *e, bool snapshot)
{
	struct storing s = { e, snapshot };

	TRY(ctx_write(c, store_unit, &s));
	e->generation++;
	e->n_pending = e->cap_pending = 0;
	e->pending = NULL;
	arena_reset(e->run);
	if (!snapshot)
		return RC_OK;
	e->snapshot_seq = e->cursor_seq;
	e->snapshot_at = c->now;
	e->devices_stored = symbols_count(e->devices);
	for (size_t i = 0; i < e->n_subjects; i++)
		e->subjects[i].dirty = false;
	return RC_OK;
}

/* ---- one run ---------------------------------------------------------------------------- */

static enum rc follow_log(struct ctx *c, struct evaluator *e)
{
	for (int batch = 0; batch < EVAL_RUN; batch++) {
		int64_t last = e->cursor_seq;

		TRY(sensing_since(c, e->cursor_seq, EVAL_BATCH, eval_feed_one, e, &last));
		bool end = last - e->cursor_seq < EVAL_BATCH;

		e->cursor_seq = last;
		if (end) {
			if (c->now - e->coverage_at >= EVAL_COVERAGE * SECOND)
				TRY(eval_coverage(c, e));
			eval_tick(e, c->now);
		}
		bool due = e->cursor_seq - e->snapshot_seq >= EVAL_BATCH ||
			   (e->cursor_seq > e->snapshot_seq && c->now - e->snapshot_at >= EVAL_SNAPSHOT * SECOND);

		if (due || e->n_pending)
			TRY(store(c, e, due));
		if (end)
			return RC_OK;
	}
	ctx_poke(c, "sensing.events"); /* there is more */
	return RC_OK;
}

/* Has anything changed that the engines were built from? */
static enum rc look_round(struct ctx *c, struct watch_memory *st, bool *rebuild)
{
	struct evaluator *e = st->ev;
	int64_t generation, rules, welfare, coverage, places;

	TRY(db_int(c, "SELECT generation FROM watch_cursor WHERE id = 'one'", NO_ARGS, 0, &generation));
	*rebuild = generation != e->generation;
	if (*rebuild)
		return RC_OK;
	TRY(watch_counter(c, "rules", &rules));
	TRY(watch_counter(c, "welfare", &welfare));
	TRY(watch_counter(c, "coverage", &coverage));
	places = places_revision(c);
	if (places < 0)
		return RC_BUSY;
	if (rules != e->rules_seen || welfare != e->welfare_seen || places != e->places_stamp ||
	    (e->next_change_at && c->now >= e->next_change_at)) {
		TRY(store(c, e, true)); /* the state goes over by way of the database */
		*rebuild = true;
		return RC_OK;
	}
	if (coverage != e->coverage_seen) {
		e->coverage_seen = coverage;
		return eval_coverage(c, e);
	}
	return RC_OK;
}

static enum rc evaluate(struct ctx *c, struct watch_memory *st)
{
	bool rebuild = false;

	if (st->ev)
		TRY(look_round(c, st, &rebuild));
	if (rebuild) {
		watch_evaluator_free(st->ev);
		st->ev = NULL;
	}
	if (st->ev == NULL)
		TRY(eval_build(c, st));
	return follow_log(c, st->ev);
}

enum rc watch_evaluate(struct ctx *c)
{
	struct watch_memory *st = ctx_state(c, "watch");
	enum rc rc = evaluate(c, st);

	/* The engines may be ahead of what is stored: start over from there. */
	if (rc != RC_OK) {
		watch_evaluator_free(st->ev);
		st->ev = NULL;
	}
	return rc;
}
