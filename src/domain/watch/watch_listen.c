/* watch_listen.c - what other modules told: tasks of our alerts, who is on
 * duty, devices that went silent or came back. */
#include "domain/watch/watch_inner.h"

static enum rc body_of(struct ctx *c, const struct event *ev, const struct json **ret)
{
	struct json_error err;
	struct json *j;

	if (json_parse(c->arena, ev->body, 0, &j, &err) != RC_OK || j->kind != J_MAP)
		return FAIL(c, RC_INVALID, "bad_json", NO_STR, "event body: %s", err.reason);
	*ret = j;
	return RC_OK;
}

/* ---- tasks ------------------------------------------------------------------------- */

enum leg { LEG_RUNS, LEG_GONE, LEG_DONE };
static const struct {
	const char *state, *line; /* line NULL: nothing to tell */
	enum leg leg;
} legs[] = {
	{ "offered", "task_offered", LEG_RUNS },
	{ "accepted", "task_accepted", LEG_RUNS },
	{ "on_the_way", "task_started", LEG_RUNS },
	{ "arrived", "task_arrived", LEG_RUNS },
	{ "reported", "task_reported", LEG_RUNS },
	{ "reviewed", "task_reviewed", LEG_DONE },
	{ "closed", NULL, LEG_DONE },
	{ "refused", "task_refused", LEG_GONE },
	{ "expired", "task_expired", LEG_GONE },
	{ "cancelled", "task_refused", LEG_GONE },
};

static struct str leg_detail(struct ctx *c, const struct event *ev, const struct json *body)
{
	struct buf b = buf_new(c->arena, 4096);

	json_open(&b, '{');
	json_put_text(&b, "task_id", ev->id);
	json_put_text(&b, "number", json_get_text(body, "number"));
	json_put_text(&b, "worker_name", json_get_text(body, "worker_name"));
	if (str_is(json_get_text(body, "state"), "cancelled"))
		json_put_text(&b, "reason", STR("cancelled"));
	if (json_get_text(body, "proof").n && !str_is(json_get_text(body, "proof"), "none"))
		json_put_text(&b, "proof", json_get_text(body, "proof"));
	json_close(&b, '}');
	return buf_str(&b);
}

/* The alert follows its tasks: somebody is on the way, or nobody any more. */
static enum rc follow(struct ctx *c, struct alert_row *a, struct str task_id, enum leg leg)
{
	struct str other;

	if (a->state == WATCH_CLOSED)
		return RC_OK;
	if (leg == LEG_RUNS) {
		if (a->state == WATCH_DISPATCHED && str_eq(a->task_id, task_id))
			return RC_OK;
		if (a->state != WATCH_DISPATCHED)
			TRY(watch_step(c, a->std.id, "dispatch", a));
		a->task_id = task_id;
		return entity_save(c, &watch_alert, a, "task");
	}
	if (leg == LEG_DONE || a->state != WATCH_DISPATCHED)
		return RC_OK;
	TRY(db_text(c,
		    "SELECT task_id FROM watch_task WHERE alert_id = $1 AND state NOT IN ('refused', 'expired', "
		    "'cancelled')"
		    " ORDER BY task_id DESC LIMIT 1",
		    ARGS(V_STR(a->std.id)), &other));
	if (other.n == 0)
		return watch_step(c, a->std.id, "release", a);
	if (str_eq(other, a->task_id))
		return RC_OK;
	a->task_id = other;
	return entity_save(c, &watch_alert, a, "task");
}

enum rc watch_on_task(struct ctx *c, const struct event *ev)
{
	const struct json *body;
	struct str state, before;
	struct alert_row a;
	bool found;

	TRY(body_of(c, ev, &body));
	state = json_get_text(body, "state");
	TRY(entity_find(c, &watch_alert, "id = $1", ARGS(V_STR(json_get_text(body, "alert_id"))), &a, &found));
	if (!found)
		return RC_OK;
	TRY(db_text(c, "SELECT state FROM watch_task WHERE task_id = $1", ARGS(V_STR(ev->id)), &before));
	if (str_eq(before, state))
		return RC_OK;
	TRY(db_run(c,
		   "INSERT INTO watch_task (task_id, alert_id, state) VALUES ($1, $2, $3)"
		   " ON CONFLICT (task_id) DO UPDATE SET state = excluded.state",
		   ARGS(V_STR(ev->id), V_STR(a.std.id), V_STR(state)), NULL));
	for (size_t i = 0; i < COUNT(legs); i++) {
		if (!str_is(state, legs[i].state))
			continue;
		if (legs[i].line)
			TRY(watch_line(c, a.std.id, legs[i].line, leg_detail(c, ev, body)));
		return follow(c, &a, ev->id, legs[i].leg);
	}
	return RC_OK;
}

/* ---- duty -------------------------------------------------------------------------- */

static int64_t time_of(const struct json *body, const char *key)
{
	int64_t t;

	return time_parse(json_get_text(body, key), &t) == RC_OK ? t : 0;
}

enum rc watch_on_shift(struct ctx *c, const struct event *ev)
{
	const struct json *body;

	TRY(body_of(c, ev, &body));
	struct str kind = json_get_text(body, "kind"), path = json_get_text(body, "place_path");
	int64_t from = time_of(body, "from_at"), to = time_of(body, "to_at");

	TRY(db_run(c, "DELETE FROM watch_duty WHERE to_at < $1", ARGS(V_INT(c->now - DAY)), NULL));
	if (kind.n == 0 || path.p == NULL || from == 0 || to == 0 || str_ends(ev->topic, ".cancel"))
		return db_run(c, "DELETE FROM watch_duty WHERE shift_id = $1", ARGS(V_STR(ev->id)), NULL);
	return db_run(c,
		      "INSERT INTO watch_duty (shift_id, person_name, kind, place_path, from_at, to_at)"
		      " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (shift_id) DO UPDATE SET person_name = "
		      "excluded.person_name,"
		      " kind = excluded.kind, place_path = excluded.place_path, from_at = excluded.from_at, to_at = "
		      "excluded.to_at",
		      ARGS(V_STR(ev->id), V_STR(json_get_text(body, "person_name")), V_STR(kind), V_STR(path),
			   V_INT(from), V_INT(to)),
		      NULL);
}

/* ---- devices ------------------------------------------------------------------------ */

enum rc watch_on_device(struct ctx *c, const struct event *ev)
{
	if (str_ends(ev->topic, ".evidence"))
		return watch_on_evidence(c, ev);
	if (str_ends(ev->topic, ".silent") || str_ends(ev->topic, ".back") || str_ends(ev->topic, ".retire"))
		return watch_changed(c, "coverage");
	return RC_OK;
}

/* ---- registers ---------------------------------------------------------------------- */

enum rc watch_on_register(struct ctx *c, const struct event *ev)
{
	struct buf facts = buf_new(c->arena, 1024);
	const struct json *body, *n;

	TRY(body_of(c, ev, &body));
	if (str_ends(ev->topic, ".settle") || str_ends(ev->topic, ".over"))
		return watch_over(c, STR("register"), json_get_text(body, "place_id"));
	if (!str_ends(ev->topic, ".visit"))
		return RC_OK;
	json_open(&facts, '{');
	json_put_text(&facts, "asked", json_get_text(body, "kind"));
	n = json_get(body, "n");
	if (n && n->kind == J_INT)
		json_put_int(&facts, "n", n->i);
	json_close(&facts, '}');
	struct watch_question q = { .kind = STR("register"),
				    .place_id = json_get_text(body, "place_id"),
				    .severity = WATCH_NORMAL,
				    .facts = buf_str(&facts) };

	return watch_raise(c, &q, NULL);
}

enum rc watch_on_erase(struct ctx *c, const struct event *ev)
{
	TRY(db_run(c, "DELETE FROM watch_leave WHERE person_id = $1", ARGS(V_STR(ev->id)), NULL));
	TRY(db_run(c, "DELETE FROM watch_welfare WHERE person_id = $1", ARGS(V_STR(ev->id)), NULL));
	return watch_changed(c, "welfare");
}
