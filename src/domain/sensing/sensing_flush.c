/* sensing_flush.c - what memory knows goes to the rows, old rows go away. */
#include "domain/sensing/sensing_inner.h"

static struct val maybe(int64_t v, int64_t none)
{
	return v == none ? V_NULL : V_INT(v);
}

static enum rc flush_device(struct ctx *c, const struct device *d)
{
	const struct device_now *n = &d->now;

	return db_run(
		c,
		"UPDATE sensing_device SET last_seen_at = $2, battery = $3, skew_ms = $4, tampered = $5, covered = $6,"
		" offline = $7, events_total = $8, refused_total = $9 WHERE id = $1",
		ARGS(V_STR(d->id), maybe(n->last_seen_at, 0), maybe(n->battery, NO_INT), maybe(n->skew_ms, NO_INT),
		     V_INT(n->tampered), V_INT(n->covered), V_INT(n->offline), V_INT(n->events_total),
		     V_INT(n->refused_total)),
		NULL);
}

/* Rows and the mark in one unit: what is flushed follows from the log up to
 * the mark, exactly. */
enum rc flush_job(struct ctx *c)
{
	struct state *st = sensing_state(c);
	int64_t flushed;

	TRY(log_sync(c));
	TRY(log_mark(c, "flushed", &flushed));
	for (size_t i = 0; i < st->n_devices; i++)
		if (st->devices[i]->now.seq > flushed || st->devices[i]->now.touched)
			TRY(flush_device(c, st->devices[i]));
	for (int64_t no = 1; no <= st->n_sources; no++) {
		const struct source *s = st->source_no[no];

		if (s && s->last_seq > flushed)
			TRY(db_run(c, "UPDATE sensing_source SET last_seq = $2, last_at = $3 WHERE no = $1",
				   ARGS(V_INT(no), V_INT(s->last_seq), maybe(s->last_at, 0)), NULL));
	}
	pthread_rwlock_wrlock(&st->lock);
	for (size_t i = 0; i < st->n_devices; i++)
		st->devices[i]->now.touched = false;
	pthread_rwlock_unlock(&st->lock);
	if (st->last > flushed)
		TRY(log_set_mark(c, "flushed", st->last));
	return log_set_mark(c, "alive", c->now);
}

/* Old rows go from the low end.  The log's own newest time bounds the clock: a
 * clock that jumps ahead deletes nothing. */
enum rc purge_job(struct ctx *c)
{
	int64_t newest_seq, newest_at, cut, last;

	TRY(db_int(c, "SELECT max(seq) FROM sensing_event", NO_ARGS, 0, &newest_seq));
	TRY(db_int(c, "SELECT received_at FROM sensing_event WHERE seq = $1", ARGS(V_INT(newest_seq)), 0, &newest_at));
	if (newest_seq == 0)
		return RC_OK;
	cut = c->now < newest_at + DAY ? c->now : newest_at + DAY;
	cut -= SENSING_KEEP_DAYS * DAY;
	TRY(db_int(c,
		   "SELECT max(seq) FROM (SELECT seq, received_at FROM sensing_event ORDER BY seq LIMIT 20000) AS low"
		   " WHERE received_at < $1",
		   ARGS(V_INT(cut)), 0, &last));
	TRY(log_set_mark(c, "floor", newest_seq));
	return db_run(c, "DELETE FROM sensing_event WHERE seq <= $1", ARGS(V_INT(last)), NULL);
}
