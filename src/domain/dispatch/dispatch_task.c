/* dispatch_task.c - a task from offer to outcome: who was asked, each leg with
 * its clock, the proof of arrival, the report. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/people/people.h"
#include "domain/places/places.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES_MOST = 3, DEVICE_CLOCK_PAST = 72, NEAR_M = 150, STALE_MIN = 15 };

static const char *const task_states[] = { "offered", "accepted", "on_the_way", "arrived",   "reported", "reviewed",
					   "closed",  "refused",  "expired",    "cancelled", NULL };
static const char *const proofs[] = { "none", "position", "resident", "nfc", "door_code", NULL };

static const struct field task_fields[] = {
	F_STD(struct task),
	F_TEXT(struct task, number, 1, 20, DERIVED | FILTER | P1),
	F_REF(struct task, alert_id, "watch.alert", REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct task, kind, 1, 64, DERIVED | FILTER | P1),
	F_TEXT(struct task, severity, 1, 20, DERIVED | P1),
	F_REF(struct task, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct task, place_path, DERIVED | P1),
	F_TEXT(struct task, place_label, 0, 200, DERIVED | P1),
	F_REF(struct task, worker_id, "people.person", REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct task, worker_name, 1, 200, DERIVED | P1),
	F_ENUM(struct task, state, task_states, DERIVED | FILTER | P1),
	F_TIME(struct task, offered_at, DERIVED | FILTER | P1),
	F_TIME(struct task, offer_until, DERIVED | P1),
	F_TIME(struct task, accepted_at, DERIVED | P1),
	F_TIME(struct task, started_at, DERIVED | P1),
	F_TIME(struct task, arrived_at, DERIVED | P1),
	F_TIME(struct task, reported_at, DERIVED | P1),
	F_TIME(struct task, reviewed_at, DERIVED | P1),
	F_TIME(struct task, closed_at, DERIVED | P1),
	F_TIME(struct task, due_at, DERIVED | P1),
	F_ENUM(struct task, proof, proofs, DERIVED | P1),
	F_TEXT(struct task, proof_note, 1, 200, DERIVED | P1),
	F_TIME(struct task, arrived_device_at, DERIVED | P1),
	F_TIME(struct task, checkin_due_at, DERIVED | P1),
	F_TIME(struct task, checkin_asked_at, DERIVED | P1),
	F_TIME(struct task, panic_at, DERIVED | P1),
	F_JSON(struct task, report, 8000, DERIVED | P1),
	F_TEXT(struct task, refuse_reason, 2, 200, DERIVED | P1),
	F_TEXT(struct task, instructions, 1, 500, FIXED | P1),
	F_FLAG(struct task, two_people, FIXED | P1),
	F_TEXT(struct task, two_reason, 1, 40, DERIVED | P1),
	F_TIME(struct task, second_at, DERIVED | P1),
	F_TIME(struct task, no_reply_at, DERIVED | P1),
};

struct str dispatch_door_code(struct ctx *c, struct str place_id)
{
	struct str mac = ctx_mac(c, "door_code", place_id);
	char hex[16] = "";

	memcpy(hex, mac.p, 13); /* 52 bits, then eight digits */
	return arena_fmt(c->arena, "%08llu", strtoull(hex, NULL, 16) % 100000000ULL);
}

/* ---- offers --------------------------------------------------------------------------- */

static enum rc next_number(struct ctx *c, struct str *ret)
{
	int64_t n;

	TRY(db_run(c,
		   "INSERT INTO dispatch_count (name, n) VALUES ('task', 1) ON CONFLICT (name) DO UPDATE SET n = "
		   "dispatch_count.n + 1",
		   NO_ARGS, NULL));
	TRY(db_int(c, "SELECT n FROM dispatch_count WHERE name = 'task'", NO_ARGS, 0, &n));
	*ret = arena_fmt(c->arena, "T-%lld", (long long)n);
	return RC_OK;
}

static enum rc count_open(struct ctx *c, struct str alert_id, int64_t *open)
{
	return db_int(c,
		      "SELECT count(*) FROM dispatch_task WHERE alert_id = $1 AND two_people = 0"
		      " AND state IN ('offered', 'accepted', 'on_the_way', 'arrived', 'reported')",
		      ARGS(V_STR(alert_id)), 0, open);
}

static enum rc none_open(struct ctx *c, struct str alert_id)
{
	int64_t open;

	TRY(count_open(c, alert_id, &open));
	return open == 0 ? RC_OK
			 : FAIL(c, RC_CONFLICT, "task_open", STR("alert_id"), "another task for this alert is open");
}

/* The ten minutes run from the first offer for the alert, not from the last:
 * a refusal does not buy time. */
static enum rc due_of(struct ctx *c, struct str alert_id, int64_t *due)
{
	int64_t first;

	TRY(db_int(c, "SELECT min(offered_at) FROM dispatch_task WHERE alert_id = $1 AND state <> 'cancelled'",
		   ARGS(V_STR(alert_id)), c->now, &first));
	*due = first + ARRIVE_MIN * MINUTE;
	return RC_OK;
}

static bool is_wanted(const struct alert_ref *alert)
{
	return alert->state == WATCH_ACKNOWLEDGED || alert->state == WATCH_DISPATCHED;
}

static enum rc fill_offer(struct ctx *c, const struct alert_ref *alert, struct task *t)
{
	if (!is_wanted(alert))
		return FAIL(c, RC_CONFLICT, "not_acknowledged", STR("alert_id"),
			    "somebody must acknowledge the alert first");
	if (!t->two_people)
		TRY(none_open(c, alert->id));
	TRY(next_number(c, &t->number));
	TRY(due_of(c, alert->id, &t->due_at));
	t->kind = alert->kind;
	t->severity = str_of(watch_severities[alert->severity]);
	t->place_id = alert->place_id;
	t->place_path = alert->place_path;
	t->place_label = alert->place_label.p ? alert->place_label : STR("");
	t->state = T_OFFERED;
	t->offered_at = c->now;
	t->offer_until = c->now + OFFER_S * SECOND;
	t->proof = PROOF_NONE;
	return RC_OK;
}

/* Two go where the place is marked, where the desk says so, and where a pair was
 * sent before. */
static enum rc learn_two(struct ctx *c, const struct alert_ref *alert, struct task *t, bool *marked)
{
	struct mark mark;
	int64_t pair;

	TRY(dispatch_mark_at(c, alert->place_path, &mark, marked));
	TRY(dispatch_pair_count(c, alert->id, &pair));
	t->two_reason = *marked ? dispatch_mark_reason(&mark) : t->two_people || pair ? STR("desk") : NO_STR;
	t->two_people = t->two_reason.n > 0;
	return RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;
	struct alert_ref alert;
	struct candidate *list;
	size_t n, i = 0;
	bool marked;

	(void)in;
	TRY(watch_alert_load(c, t->alert_id, &alert));
	TRY(dispatch_candidates(c, &alert, &list, &n));
	while (i < n && !str_eq(list[i].person_id, t->worker_id))
		i++;
	if (i == n)
		return FAIL(c, RC_INVALID, "no_candidate", STR("worker_id"), "not a worker for this place");
	if (!candidate_ready(&list[i]))
		return FAIL(c, RC_CONFLICT, list[i].resting_until ? "resting" : "off_shift", STR("worker_id"),
			    "can't be sent now");
	t->worker_name = list[i].name;
	TRY(learn_two(c, &alert, t, &marked));
	TRY(fill_offer(c, &alert, t));
	return marked ? dispatch_second(c, &alert, t) : RC_OK;
}

enum rc dispatch_offer_to(struct ctx *c, const struct alert_ref *alert, const struct candidate *to,
			  const struct task *last)
{
	struct task t;

	entity_init(&task_entity, &t);
	t.alert_id = alert->id;
	t.worker_id = to->person_id;
	t.worker_name = to->name;
	t.instructions = last->instructions;
	t.two_people = last->two_people;
	t.two_reason = last->two_reason;
	TRY(fill_offer(c, alert, &t));
	return entity_insert(c, &task_entity, &t, "create");
}

/* Nobody answered, or somebody refused: the next one, at most three in a row;
 * then the desk decides again.  It may have done so already: an errand given to
 * somebody meanwhile, an alert closed or opened anew is no failure here, or one
 * such task would hold up all others. */
enum rc dispatch_offer_next(struct ctx *c, const struct task *last)
{
	struct alert_ref alert;
	struct candidate *list;
	size_t n;
	int64_t tries, open;

	TRY(db_int(c, "SELECT count(*) FROM dispatch_task WHERE alert_id = $1 AND state IN ('refused', 'expired')",
		   ARGS(V_STR(last->alert_id)), 0, &tries));
	TRY(count_open(c, last->alert_id, &open));
	if (open && !last->two_people)
		return RC_OK;
	TRY(watch_alert_get(c, last->alert_id, &alert));
	if (!is_wanted(&alert) || tries >= TRIES_MOST)
		return watch_tell(c, last->alert_id, "offers_ended", NO_STR);
	TRY(dispatch_candidates(c, &alert, &list, &n));
	for (size_t i = 0; i < n; i++)
		if (candidate_ready(&list[i]) && !list[i].refused && list[i].busy == 0)
			return dispatch_offer_to(c, &alert, &list[i], last);
	return watch_tell(c, last->alert_id, "offers_ended", NO_STR);
}

enum rc dispatch_expire(struct ctx *c)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM dispatch_task WHERE state = 'offered' AND offer_until < $1 ORDER BY offer_until "
		     "LIMIT 100",
		     ARGS(V_INT(c->now)), 100, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct task t;

		TRY(entity_fetch(c, &task_entity, ids[i], &t));
		t.state = T_EXPIRED;
		TRY(entity_save(c, &task_entity, &t, "expire"));
		TRY(dispatch_offer_next(c, &t));
	}
	return RC_OK;
}

/* ---- steps ------------------------------------------------------------------------------- */

static enum rc accept(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;

	(void)in;
	if (t->offer_until < c->now)
		return FAIL(c, RC_CONFLICT, "offer_over", STR("offer_until"), "the offer has gone to somebody else");
	t->accepted_at = c->now;
	return RC_OK;
}

static enum rc begin(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct task *)row)->started_at = c->now;
	return RC_OK;
}

/* What the phone says is kept beside what the server saw; a claim is checked
 * where it can be. */
static enum rc check_proof(struct ctx *c, struct task *t)
{
	bool right = str_eq(t->proof_note, dispatch_door_code(c, t->place_id));
	int64_t metres, at;

	if (t->proof == PROOF_DOOR_CODE && !right)
		return FAIL(c, RC_INVALID, "bad_door_code", STR("proof_note"), "this is not the code of that door");
	if (right) /* the code stays good for the next visit: it is kept nowhere */
		t->proof_note = STR("ok");
	if (t->proof != PROOF_POSITION)
		return RC_OK;
	TRY(dispatch_distance(c, t->worker_id, t->place_id, &metres, &at));
	if (metres < 0)
		return FAIL(c, RC_INVALID, "no_position", STR("proof"), "no position is known");
	if (t->arrived_at - at > STALE_MIN * MINUTE)
		return FAIL(c, RC_INVALID, "stale_position", STR("proof"), "the position is more than %d minutes older",
			    STALE_MIN);
	/* Flagged, never refused (V-41): positions are the phone's own words. */
	t->proof_note = arena_fmt(c->arena, metres > NEAR_M ? "far %lld m" : "%lld m", (long long)metres);
	return RC_OK;
}

static enum rc arrive(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;

	(void)in;
	if (t->arrived_device_at > c->now + 5 * MINUTE ||
	    (t->arrived_device_at && t->arrived_device_at < c->now - DEVICE_CLOCK_PAST * HOUR))
		return FAIL(c, RC_INVALID, "out_of_range", STR("arrived_device_at"),
			    "the phone's clock can't be right");
	/* Late word from a phone without network: when it was there counts, within
	 * what the server knows itself. */
	t->arrived_at = c->now;
	if (t->arrived_device_at && t->arrived_device_at < c->now)
		t->arrived_at = t->arrived_device_at > t->accepted_at ? t->arrived_device_at : t->accepted_at;
	dispatch_checkin_start(c, t);
	TRY(check_proof(c, t));
	return dispatch_pair_arrived(c, t);
}

static enum rc report(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;

	TRY(dispatch_not_alone(c, t));
	TRY(dispatch_form_check(c, t->kind, json_get(in, "report")));
	t->reported_at = c->now;
	TRY(dispatch_door_end(c, t));
	return dispatch_checkin_end(c, t);
}

static enum rc cancel(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	TRY(dispatch_door_end(c, row));
	TRY(dispatch_pair_left(c, row));
	return dispatch_checkin_end(c, row);
}

static enum rc review(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct task *)row)->reviewed_at = c->now;
	return RC_OK;
}

static enum rc finish(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct task *)row)->closed_at = c->now;
	return RC_OK;
}

#define RUNNING (IN(T_ACCEPTED) | IN(T_ON_THE_WAY))
static const char *const takes_reason[] = { "refuse_reason", NULL };
static const char *const takes_proof[] = { "proof", "?proof_note", "?arrived_device_at", NULL };
static const char *const takes_report[] = { "report", NULL };
static const struct step task_steps[] = {
	{ "accept", IN(T_OFFERED), T_ACCEPTED, "dispatch.work", SEE_ASSIGNED, NULL, accept },
	{ "refuse", IN(T_OFFERED) | RUNNING, T_REFUSED, "dispatch.work", SEE_ASSIGNED, takes_reason, NULL },
	{ "start", IN(T_ACCEPTED), T_ON_THE_WAY, "dispatch.work", SEE_ASSIGNED, NULL, begin },
	{ "arrive", RUNNING, T_ARRIVED, "dispatch.work", SEE_ASSIGNED, takes_proof, arrive },
	{ "report", IN(T_ARRIVED), T_REPORTED, "dispatch.work", SEE_ASSIGNED, takes_report, report },
	{ "review", IN(T_REPORTED), T_REVIEWED, "dispatch.send", SEE_PLACE, NULL, review },
	{ "close", IN(T_REPORTED) | IN(T_REVIEWED), T_CLOSED, "dispatch.send", SEE_PLACE, NULL, finish },
	{ "well", IN(T_ARRIVED), STAY, "dispatch.work", SEE_ASSIGNED, NULL, dispatch_well },
	{ "no_reply", IN(T_ARRIVED), STAY, "dispatch.work", SEE_ASSIGNED, NULL, dispatch_no_reply },
	{ "panic", RUNNING | IN(T_ARRIVED), STAY, "dispatch.work", SEE_ASSIGNED, NULL, dispatch_panic },
	{ "cancel", IN(T_OFFERED) | RUNNING | IN(T_ARRIVED), T_CANCELLED, "dispatch.send", SEE_PLACE, takes_reason,
	  cancel },
};

static const struct see task_see[] = { { "dispatch.read", SEE_PLACE }, { "dispatch.work", SEE_ASSIGNED }, { 0 } };
static const struct sort task_sorts[] = { { "due_at", { "due_at" } }, { 0 } };

const struct entity task_entity = {
	.module = "dispatch",
	.name = "task",
	.table = "dispatch_task",
	.size = sizeof(struct task),
	.fields = task_fields,
	.n_fields = COUNT(task_fields),
	.see = task_see,
	.perm = { .create = "dispatch.send", .export = "dispatch.export" },
	.place = "place_path",
	.assigned = "worker_id",
	.state = "state",
	.steps = task_steps,
	.n_steps = COUNT(task_steps),
	.sorts = task_sorts,
	.on_create = on_create,
	.purpose = "visit",
	.basis = "duty",
	.keep_days = 730,
};
