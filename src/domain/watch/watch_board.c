/* watch_board.c - the desk's numbers at one look, for what the caller may see. */
#include "domain/watch/watch_inner.h"

#include <string.h>

struct str watch_after(struct ctx *c, struct str path)
{
	char *p;

	if (path.n == 0)
		return STR("\x7f");
	p = arena_z(c->arena, path);
	p[path.n - 1] = '/'; /* the byte after '.' */
	return (struct str){ p, path.n };
}

/* ---- sums over the caller's places -------------------------------------------------- */

struct board {
	int64_t open[3]; /* by severity */
	int64_t last_10_min, suppressed, last_closed_at, workers;
	struct sensing_counts devices;
	struct str seat_name;
	int64_t seat_since, seat_until;
};

static enum rc count_open(void *arg, const struct row *row)
{
	struct board *b = arg;

	for (size_t s = 0; s < COUNT(b->open); s++)
		if (str_is(row->v[0].s, watch_severities[s]))
			b->open[s] += row->v[1].i;
	return RC_OK;
}

struct seat_row {
	struct ctx *c;
	struct board *b;
};

static enum rc take_seat(void *arg, const struct row *row)
{
	struct seat_row *s = arg;

	if (s->b->seat_since >= row->v[1].i)
		return RC_OK;
	s->b->seat_name = row->v[0].kind == VAL_TEXT ? arena_dup(s->c->arena, row->v[0].s) : NO_STR;
	s->b->seat_since = row->v[1].i;
	s->b->seat_until = row->v[2].i;
	return RC_OK;
}

static enum rc add_alerts(struct ctx *c, struct str path, struct board *b)
{
	struct str to = watch_after(c, path);
	int64_t n;

	TRY(db_each(
		c,
		"SELECT severity, count(*) FROM watch_alert WHERE state <> 'closed' AND drill = 0 AND place_path >= $1"
		" AND place_path < $2 GROUP BY severity",
		ARGS(V_STR(path), V_STR(to)), count_open, b));
	TRY(db_int(c,
		   "SELECT count(*) FROM watch_alert WHERE opened_at > $3 AND drill = 0 AND place_path >= $1 AND "
		   "place_path < $2",
		   ARGS(V_STR(path), V_STR(to), V_INT(c->now - 10 * MINUTE)), 0, &n));
	b->last_10_min += n;
	TRY(db_int(
		c,
		"SELECT max(closed_at) FROM watch_alert WHERE closed_at > $3 AND place_path >= $1 AND place_path < $2",
		ARGS(V_STR(path), V_STR(to), V_INT(c->now - 30 * DAY)), 0, &n));
	if (n > b->last_closed_at)
		b->last_closed_at = n;
	/* The hour that runs and the one before: what a flood holds back now. */
	TRY(db_int(c,
		   "SELECT CAST(coalesce(sum(n.suppressed), 0) AS bigint) FROM watch_count n JOIN watch_rule r ON r.id "
		   "= n.rule_id"
		   " WHERE n.hour_at > $3 AND r.place_path >= $1 AND r.place_path < $2",
		   ARGS(V_STR(path), V_STR(to), V_INT(c->now - 2 * HOUR)), 0, &n));
	b->suppressed += n;
	return RC_OK;
}

static enum rc add_duty(struct ctx *c, struct str path, struct board *b)
{
	struct str to = watch_after(c, path);
	struct seat_row s = { c, b };
	struct sensing_counts devices;
	int64_t n;

	TRY(db_int(
		c,
		"SELECT count(DISTINCT shift_id) FROM watch_duty WHERE kind = 'field' AND from_at <= $3 AND to_at > $3"
		" AND place_path >= $1 AND place_path < $2",
		ARGS(V_STR(path), V_STR(to), V_INT(c->now)), 0, &n));
	b->workers += n;
	TRY(db_each(c,
		    "SELECT person_name, from_at, to_at FROM watch_duty WHERE kind = 'seat' AND from_at <= $3 AND "
		    "to_at > $3"
		    " AND place_path >= $1 AND place_path < $2",
		    ARGS(V_STR(path), V_STR(to), V_INT(c->now)), take_seat, &s));
	TRY(sensing_count(c, path, &devices));
	b->devices.total += devices.total;
	b->devices.in_order += devices.in_order;
	return RC_OK;
}

/* ---- out ------------------------------------------------------------------------------ */

static enum rc write_selftest(void *arg, const struct row *row)
{
	struct buf *out = arg;

	json_open(out, '{');
	json_put_time(out, "at", row->v[0].i);
	json_put_bool(out, "ok", row->v[1].i != 0);
	json_close(out, '}');
	return RC_OK;
}

static void write_board(const struct board *b, struct buf *out)
{
	json_key(out, "open");
	json_open(out, '{');
	for (size_t s = COUNT(b->open); s-- > 0;)
		json_put_int(out, watch_severities[s], b->open[s]);
	json_close(out, '}');
	json_put_int(out, "last_10_min", b->last_10_min);
	json_put_int(out, "suppressed", b->suppressed);
	json_put_time(out, "last_closed_at", b->last_closed_at);
	json_key(out, "seat");
	if (b->seat_since) {
		json_open(out, '{');
		json_put_text(out, "person_name", b->seat_name);
		json_put_time(out, "since", b->seat_since);
		json_put_time(out, "until", b->seat_until);
		json_close(out, '}');
	} else {
		json_null(out);
	}
	json_put_int(out, "workers_on_duty", b->workers);
	json_key(out, "devices");
	json_open(out, '{');
	json_put_int(out, "in_order", b->devices.in_order);
	json_put_int(out, "total", b->devices.total);
	json_close(out, '}');
}

enum rc watch_board(struct ctx *c, struct call *k)
{
	struct board b = { .open = { 0 } };
	struct buf test = buf_new(c->arena, 256);
	struct scope *scopes;
	size_t n;

	ctx_scopes(c, "watch.alert.read", &scopes, &n);
	for (size_t i = 0; i < n; i++) {
		TRY(add_alerts(c, scopes[i].from, &b));
		TRY(add_duty(c, scopes[i].from, &b));
	}
	json_open(k->out, '{');
	write_board(&b, k->out);
	TRY(db_each(c,
		    "SELECT checked_at, ok FROM watch_selftest WHERE checked_at IS NOT NULL ORDER BY checked_at DESC "
		    "LIMIT 1",
		    NO_ARGS, write_selftest, &test));
	json_put_raw(k->out, "self_test", buf_str(&test).n ? buf_str(&test) : NO_STR);
	json_close(k->out, '}');
	return RC_OK;
}
