/* watch_selftest.c - every five minutes a synthetic event goes the whole way:
 * log, rule, match, store.  When it does not come back, that is an alert. */
#include "domain/watch/watch_inner.h"

enum { SELFTEST_WAIT_S = 5 };

struct last {
	struct arena *a;
	struct str device_id, place_id;
	int64_t sent_at, back_at, checked_at;
	bool found;
};

static enum rc take_last(void *arg, const struct row *row)
{
	struct last *l = arg;

	l->found = true;
	l->device_id = arena_dup(l->a, row->v[0].s);
	l->sent_at = row->v[1].i;
	l->back_at = row->v[2].kind == VAL_NULL ? 0 : row->v[2].i;
	l->checked_at = row->v[3].kind == VAL_NULL ? 0 : row->v[3].i;
	return RC_OK;
}

static enum rc load_last(struct ctx *c, struct last *l)
{
	*l = (struct last){ .a = c->arena };
	return db_each(c, "SELECT device_id, sent_at, back_at, checked_at FROM watch_selftest WHERE id = 'one'",
		       NO_ARGS, take_last, l);
}

/* The place of the first active rule: where something is watched. */
static enum rc place_for(struct ctx *c, struct str *ret)
{
	return db_text(c, "SELECT place_id FROM watch_rule WHERE state = 'active' ORDER BY place_path, id LIMIT 1",
		       NO_ARGS, ret);
}

enum rc watch_selftest_job(struct ctx *c)
{
	struct sensing_input in = {
		.source = STR(WATCH_SELFTEST_SOURCE), .type = STR(WATCH_SELFTEST_TYPE), .at = c->now, .data = STR("{}")
	};
	struct sensing_verdict verdict = { .word = SENSING_REFUSED };
	struct str place, device;
	struct last l;

	TRY(load_last(c, &l));
	TRY(place_for(c, &place));
	if (place.n == 0) /* nothing is watched yet */
		return RC_OK;
	TRY(sensing_gateway(c, in.source, STR("self-test"), place, &device));
	in.gateway_id = device;
	in.id = ctx_new_id(c);
	TRY(sensing_append(c, &in, 1, &verdict));
	if (!l.found || !str_eq(l.device_id, device))
		TRY(watch_changed(c, "rules"));
	ctx_poke(c, "sensing.events");
	return db_run(c,
		      "INSERT INTO watch_selftest (id, device_id, sent_at, seq, ok) VALUES ('one', $1, $2, $3, 0)"
		      " ON CONFLICT (id) DO UPDATE SET device_id = excluded.device_id, sent_at = excluded.sent_at,"
		      " seq = excluded.seq, back_at = NULL",
		      ARGS(V_STR(device), V_INT(c->now), V_INT(verdict.seq)), NULL);
}

enum rc watch_selftest_check(struct ctx *c)
{
	struct str place;
	struct last l;
	bool ok;

	TRY(load_last(c, &l));
	if (!l.found || l.checked_at >= l.sent_at || c->now - l.sent_at < SELFTEST_WAIT_S * SECOND)
		return RC_OK;
	ok = l.back_at >= l.sent_at && l.back_at - l.sent_at <= SELFTEST_WAIT_S * SECOND;
	TRY(db_run(c, "UPDATE watch_selftest SET ok = $1, checked_at = $2 WHERE id = 'one'",
		   ARGS(V_INT(ok), V_INT(c->now)), NULL));
	TRY(place_for(c, &place));
	if (place.n == 0)
		return RC_OK;
	if (ok)
		return watch_over(c, STR("self-test"), place);
	struct watch_question q = { .kind = STR("self-test"), .place_id = place, .severity = WATCH_HIGH };

	return watch_raise(c, &q, NULL);
}
