/* dispatch_safety.c - the worker's own safety at a door: a clock that asks, a key
 * that calls, and two where one is not enough. */
#include "domain/dispatch/dispatch_inner.h"

enum { AT_ONCE = 100 };
#define NO_ANSWER "worker-no-answer"

/* ---- is all well? ---------------------------------------------------------------- */

void dispatch_checkin_start(struct ctx *c, struct task *t)
{
	t->checkin_due_at = c->now + CHECKIN_MIN * MINUTE;
	t->checkin_asked_at = 0;
}

enum rc dispatch_checkin_end(struct ctx *c, struct task *t)
{
	t->checkin_due_at = t->checkin_asked_at = 0;
	return watch_over_about(c, STR(NO_ANSWER), t->place_id, t->std.id);
}

enum rc dispatch_well(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;

	(void)in;
	TRY(dispatch_checkin_end(c, t));
	dispatch_checkin_start(c, t);
	return watch_tell(c, t->alert_id, "worker_well", NO_STR);
}

/* What the desk hears: which task, how far from the door the last position was
 * and how old it is.  Where exactly is opened with dispatch_where. */
static enum rc facts_of(struct ctx *c, const struct task *t, struct str *ret)
{
	struct buf b = buf_new(c->arena, 1024);
	int64_t metres, at;

	TRY(dispatch_distance(c, t->worker_id, t->place_id, &metres, &at));
	json_open(&b, '{');
	json_put_text(&b, "task", t->number);
	if (metres >= 0) {
		json_put_int(&b, "metres", metres);
		json_put_int(&b, "position_min", (c->now - at) / MINUTE);
	}
	json_close(&b, '}');
	*ret = buf_str(&b);
	return RC_OK;
}

static enum rc ask(struct ctx *c, const struct task *t, const char *kind, enum watch_severity severity)
{
	struct watch_question q = {
		.kind = str_of(kind), .place_id = t->place_id, .about = t->std.id, .severity = severity
	};

	TRY(facts_of(c, t, &q.facts));
	return watch_raise(c, &q, NULL);
}

/* In one transaction with the mark on the task: whatever falls over, the desk is
 * asked once. */
enum rc dispatch_checkins(struct ctx *c)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM dispatch_task WHERE state = 'arrived' AND checkin_due_at <= $1"
		     " AND checkin_asked_at IS NULL ORDER BY checkin_due_at, id LIMIT 100",
		     ARGS(V_INT(c->now)), AT_ONCE, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct task t;

		TRY(entity_fetch(c, &task_entity, ids[i], &t));
		t.checkin_asked_at = c->now;
		TRY(ask(c, &t, NO_ANSWER, WATCH_URGENT));
		TRY(watch_tell(c, t.alert_id, "worker_no_answer", NO_STR));
		TRY(entity_save(c, &task_entity, &t, "no_answer"));
	}
	return RC_OK;
}

/* ---- a call for help ---------------------------------------------------------------- */

enum rc dispatch_panic(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;

	(void)in;
	t->panic_at = c->now;
	TRY(ask(c, t, WATCH_PANIC, WATCH_URGENT));
	return watch_tell(c, t->alert_id, "worker_panic", NO_STR);
}

struct last {
	double lon, lat;
	int64_t accuracy, at;
	bool found;
};

static enum rc take_last(void *arg, const struct row *r)
{
	*(struct last *)arg = (struct last){ r->v[0].d, r->v[1].d, r->v[2].i, r->v[3].i, true };
	return RC_OK;
}

/* The last position of a worker who called or did not answer, for whoever sends
 * help; on record like every look, and closed otherwise. */
enum rc dispatch_where(struct ctx *c, struct call *k)
{
	struct last p = { .found = false };
	struct task t;

	TRY(entity_load(c, &task_entity, k->id, &t));
	if (!ctx_may_at(c, "dispatch.send", t.place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not held for this row");
	if (t.panic_at == 0 && t.checkin_asked_at == 0)
		return FAIL(c, RC_CONFLICT, "not_asked", STR("panic_at"), "the worker did not call, and is not missed");
	TRY(note_look(c, "dispatch.task", t.std.id, t.worker_id, STR("position"), STR("worker_safety"), t.number));
	TRY(db_each(c, "SELECT lon, lat, accuracy_m, at FROM dispatch_position WHERE person_id = $1",
		    ARGS(V_STR(t.worker_id)), take_last, &p));
	json_open(k->out, '{');
	json_put_bool(k->out, "known", p.found);
	if (p.found) {
		json_put_real(k->out, "lon", p.lon);
		json_put_real(k->out, "lat", p.lat);
		json_put_int(k->out, "accuracy_m", p.accuracy);
		json_put_time(k->out, "at", p.at);
	}
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- two ---------------------------------------------------------------------------------- */

enum rc dispatch_not_alone(struct ctx *c, const struct task *t)
{
	int64_t there;

	if (!t->two_people)
		return RC_OK;
	TRY(db_int(c,
		   "SELECT count(*) FROM dispatch_task WHERE alert_id = $1 AND two_people = 1 AND worker_id <> $2"
		   " AND arrived_at IS NOT NULL AND state IN ('arrived', 'reported', 'reviewed', 'closed')",
		   ARGS(V_STR(t->alert_id), V_STR(t->worker_id)), 0, &there));
	return there ? RC_OK
		     : FAIL(c, RC_CONFLICT, "second_missing", STR("two_people"),
			    "two go in here, and the second one is not there yet");
}
