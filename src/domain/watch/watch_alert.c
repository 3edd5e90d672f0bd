/* watch_alert.c - alerts: questions to a person, and what was done about them. */
#include "domain/watch/watch_inner.h"

#include <string.h>

const char *const watch_states[] = { "new", "acknowledged", "dispatched", "closed", NULL };

static const struct field alert_fields[] = {
	F_STD(struct alert_row),
	F_TEXT(struct alert_row, number, 1, 32, DERIVED | FILTER | P1),
	F_REF(struct alert_row, rule_id, "watch.rule", DERIVED | FILTER | P1),
	F_INT(struct alert_row, rule_revision, 0, INT64_MAX, DERIVED | P1),
	F_TEXT(struct alert_row, kind, 1, 100, DERIVED | FILTER | P1),
	F_ENUM(struct alert_row, severity, watch_severities, DERIVED | FILTER | P1),
	F_INT(struct alert_row, desk_rank, 0, 9, DERIVED | P0),
	F_ENUM(struct alert_row, state, watch_states, DERIVED | FILTER | P1),
	F_REF(struct alert_row, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct alert_row, place_path, DERIVED | P1),
	F_TEXT(struct alert_row, place_label, 0, 200, DERIVED | P1),
	F_TEXT(struct alert_row, question, 1, 100, DERIVED | FILTER | P1),
	F_JSON(struct alert_row, facts, 4096, DERIVED | P1),
	F_TIME(struct alert_row, opened_at, DERIVED | FILTER | P1),
	F_TIME(struct alert_row, last_at, DERIVED | P1),
	F_FLAG(struct alert_row, ongoing, DERIVED | FILTER | P1),
	F_INT(struct alert_row, sources, 0, INT64_MAX, DERIVED | P0),
	F_REF(struct alert_row, acked_by, "people.person", DERIVED | FILTER | P1),
	F_TEXT(struct alert_row, acked_by_name, 0, 200, DERIVED | P1),
	F_TIME(struct alert_row, acked_at, DERIVED | P1),
	F_TIME(struct alert_row, ack_due_at, DERIVED | P1),
	F_REF(struct alert_row, task_id, "dispatch.task", DERIVED | P1),
	F_TEXT(struct alert_row, outcome, 4, 6, DERIVED | FILTER | P1),
	F_TEXT(struct alert_row, outcome_note, 2, 1000, DERIVED | P1),
	F_REF(struct alert_row, closed_by, "people.person", DERIVED | P1),
	F_TEXT(struct alert_row, closed_by_name, 0, 200, DERIVED | P1),
	F_TIME(struct alert_row, closed_at, DERIVED | FILTER | P1),
	F_INT(struct alert_row, escalation, 0, 99, DERIVED | FILTER | P1),
	F_TIME(struct alert_row, escalated_at, DERIVED | P1),
	F_REF(struct alert_row, merged_into, "watch.alert", DERIVED | FILTER | P1),
	F_FLAG(struct alert_row, silenced, DERIVED | FILTER | P1),
	F_FLAG(struct alert_row, drill, DERIVED | FILTER | P1),
	F_TEXT(struct alert_row, note, 2, 1000, DERIVED | P1),
	F_TIME(struct alert_row, rung_at, DERIVED | P1),
	F_TIME(struct alert_row, next_at, DERIVED | SECRET | P1),
	F_TEXT(struct alert_row, merge_key, 0, 200, DERIVED | SECRET | P1),
	F_REF(struct alert_row, welfare_id, "watch.welfare", DERIVED | P1),
};

static const struct see alert_see[] = { { "watch.alert.read", SEE_PLACE }, { 0 } };
static const struct sort alert_sorts[] = {
	{ "desk", { "desk_rank", "opened_at" } },
	{ "-opened_at", { "-opened_at" } },
	{ 0 },
};

/* ---- steps of people ---------------------------------------------------------------- */

static enum rc ack(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row;
	int64_t span;

	(void)in;
	TRY(watch_ack_span(c, a, &span));
	a->acked_by = c->who.id;
	a->acked_by_name = c->who.name;
	a->acked_at = c->now;
	a->ack_due_at = a->next_at = c->now + span;
	return watch_line(c, a->std.id, "acked", NO_STR);
}

static bool is_outcome(struct str word)
{
	return str_is(word, "true") || str_is(word, "useful") || str_is(word, "false");
}

static enum rc close_alert(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row;

	(void)in;
	if (!is_outcome(a->outcome))
		return FAIL(c, RC_INVALID, "unknown_word", STR("outcome"), "outcome is true, useful or false");
	if (a->outcome_note.p && memchr(a->outcome_note.p, '\n', a->outcome_note.n))
		return FAIL(c, RC_INVALID, "one_line", STR("outcome_note"), "one line is expected");
	if (str_trim(a->outcome_note).n == 0)
		return FAIL(c, RC_INVALID, "required", STR("outcome_note"), "one line is required");
	if (a->acked_at == 0) { /* who closes has seen it */
		a->acked_by = c->who.id;
		a->acked_by_name = c->who.name;
		a->acked_at = c->now;
	}
	a->closed_by = c->who.id;
	a->closed_by_name = c->who.name;
	a->closed_at = c->now;
	a->ack_due_at = a->next_at = 0;
	return watch_line(c, a->std.id, "closed", watch_detail(c, "outcome", a->outcome));
}

static enum rc escalate(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row;
	struct str role;

	(void)in;
	TRY(watch_next_rung(c, a, &a->next_at, &role)); /* the rung this step takes */
	if (role.p == NULL)
		return FAIL(c, RC_CONFLICT, "top_of_ladder", STR("escalation"), "there is nobody further up");
	a->escalation++;
	a->escalated_at = c->now;
	TRY(watch_next_rung(c, a, &a->next_at, &role));
	if (a->state == WATCH_ACKNOWLEDGED) { /* this is a next step: the clock of the acknowledgement starts anew */
		int64_t span;

		TRY(watch_ack_span(c, a, &span));
		a->ack_due_at = a->next_at = c->now + span;
	} else if (a->state == WATCH_DISPATCHED) {
		a->next_at = 0;
	}
	struct buf d = buf_new(c->arena, 512);

	json_open(&d, '{');
	json_put_int(&d, "level", a->escalation);
	json_put_text(&d, "by", STR("person"));
	json_close(&d, '}');
	return watch_line(c, a->std.id, "escalated", buf_str(&d));
}

static enum rc merge(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row, into;

	(void)in;
	if (str_eq(a->merged_into, a->std.id))
		return FAIL(c, RC_INVALID, "same_alert", STR("merged_into"), "an alert can't be merged into itself");
	TRY(entity_load(c, &watch_alert, a->merged_into, &into));
	if (into.state == WATCH_CLOSED)
		return FAIL(c, RC_CONFLICT, "target_closed", STR("merged_into"), "the other alert is closed");
	if (!ctx_may_at(c, "watch.alert.ack", into.place_path))
		return FAIL(c, RC_DENIED, "denied", STR("merged_into"), "not held for the other alert");
	a->closed_by = c->who.id;
	a->closed_by_name = c->who.name;
	a->closed_at = c->now;
	a->ack_due_at = a->next_at = 0;
	TRY(watch_line(c, a->std.id, "merged", watch_detail(c, "into", into.number)));
	TRY(watch_line(c, into.std.id, "merged", watch_detail(c, "from", a->number)));
	/* Own row first, with what had been merged into it: the other's sources are counted through them. */
	TRY(db_run(c, "UPDATE watch_alert SET merged_into = $2 WHERE id = $1 OR merged_into = $1",
		   ARGS(V_STR(a->std.id), V_STR(into.std.id)), NULL));
	TRY(watch_recount(c, &into));
	if (a->last_at > into.last_at)
		into.last_at = a->last_at;
	return entity_save(c, &watch_alert, &into, "source");
}

static enum rc unmerge(struct ctx *c, struct alert_row *a)
{
	struct alert_row into;

	if (c->now - a->closed_at > WATCH_UNMERGE * MINUTE)
		return FAIL(c, RC_CONFLICT, "too_late", STR("merged_into"), "a merge can be undone for %d minutes",
			    WATCH_UNMERGE);
	TRY(entity_fetch(c, &watch_alert, a->merged_into, &into));
	a->merged_into = NO_STR;
	TRY(db_run(c, "UPDATE watch_alert SET merged_into = NULL WHERE id = $1", ARGS(V_STR(a->std.id)), NULL));
	TRY(watch_recount(c, &into));
	return entity_save(c, &watch_alert, &into, "source");
}

static enum rc reopen(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row;

	(void)in;
	if (a->merged_into.n)
		TRY(unmerge(c, a));
	a->outcome = a->outcome_note = a->closed_by = a->closed_by_name = NO_STR;
	a->closed_at = 0;
	TRY(watch_line(c, a->std.id, "reopened", watch_detail(c, "note", a->note)));
	return watch_ring(c, a, "reopened");
}

/* ---- steps of our own ------------------------------------------------------------------ */

/* A role may hold all of "watch.*": these are still nobody's to take. */
static enum rc only_system(struct ctx *c)
{
	return c->who.kind == WHO_SYSTEM ? RC_OK : FAIL(c, RC_DENIED, "denied", NO_STR, "taken by the server alone");
}

/* Nothing followed the acknowledgement, or it has become worse. */
static enum rc ring_again(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	TRY(only_system(c));
	return watch_ring(c, row, "again");
}

static enum rc dispatched(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row;

	(void)in;
	TRY(only_system(c));
	a->ack_due_at = a->next_at = 0;
	return RC_OK;
}

static enum rc release(struct ctx *c, void *row, const struct json *in)
{
	struct alert_row *a = row;
	int64_t span;

	(void)in;
	TRY(only_system(c));
	TRY(watch_ack_span(c, a, &span));
	a->task_id = NO_STR;
	a->ack_due_at = a->next_at = c->now + span;
	return RC_OK;
}

#define OPEN (IN(WATCH_NEW) | IN(WATCH_ACKNOWLEDGED) | IN(WATCH_DISPATCHED))
static const char *const takes_outcome[] = { "outcome", "outcome_note", NULL };
static const char *const takes_note[] = { "note", NULL };
static const char *const may_note[] = { "?note", NULL };
static const char *const takes_into[] = { "merged_into", NULL };
static const struct step alert_steps[] = {
	{ "ack", IN(WATCH_NEW), WATCH_ACKNOWLEDGED, "watch.alert.ack", SEE_PLACE, NULL, ack },
	{ "dispatch", OPEN, WATCH_DISPATCHED, "watch.system", SEE_ALL, NULL, dispatched },
	{ "release", IN(WATCH_DISPATCHED), WATCH_ACKNOWLEDGED, "watch.system", SEE_ALL, NULL, release },
	{ "ring", IN(WATCH_ACKNOWLEDGED), WATCH_NEW, "watch.system", SEE_ALL, NULL, ring_again },
	{ "close", OPEN, WATCH_CLOSED, "watch.alert.close", SEE_PLACE, takes_outcome, close_alert },
	{ "escalate", OPEN, STAY, "watch.alert.escalate", SEE_PLACE, may_note, escalate },
	{ "merge", OPEN, WATCH_CLOSED, "watch.alert.ack", SEE_PLACE, takes_into, merge },
	{ "reopen", IN(WATCH_CLOSED), WATCH_NEW, "watch.alert.close", SEE_PLACE, takes_note, reopen },
};

const struct entity watch_alert = {
	.module = "watch",
	.name = "alert",
	.table = "watch_alert",
	.size = sizeof(struct alert_row),
	.fields = alert_fields,
	.n_fields = COUNT(alert_fields),
	.see = alert_see,
	.perm = { .export = "watch.export" },
	.place = "place_path",
	.state = "state",
	.steps = alert_steps,
	.n_steps = COUNT(alert_steps),
	.sorts = alert_sorts,
	.purpose = "safety",
	.basis = "public_interest",
	.keep_days = 730,
	.at_lock = true,
};

enum rc watch_step(struct ctx *c, struct str alert_id, const char *verb, struct alert_row *ret)
{
	static const struct json nothing = { .kind = J_MAP };

	return entity_step(c, &watch_alert, alert_id, verb, &nothing, ret);
}

/* ---- for other modules -------------------------------------------------------------------- */

static struct alert_ref plain_ref(const struct alert_row *a)
{
	return (struct alert_ref){ .id = a->std.id,
				   .number = a->number,
				   .place_id = a->place_id,
				   .place_path = a->place_path,
				   .place_label = a->place_label,
				   .kind = a->kind,
				   .question = a->question,
				   .severity = (enum watch_severity)a->severity,
				   .state = (enum watch_state)a->state,
				   .version = a->std.version,
				   .opened_at = a->opened_at,
				   .drill = a->drill };
}

static enum rc make_ref(struct ctx *c, const struct alert_row *a, struct alert_ref *ret)
{
	struct str definition;
	struct json_error err;
	struct json *def;

	*ret = plain_ref(a);
	if (a->rule_id.n == 0)
		return RC_OK;
	TRY(db_text(c, "SELECT definition FROM watch_revision WHERE rule_id = $1 AND revision = $2",
		    ARGS(V_STR(a->rule_id), V_INT(a->rule_revision)), &definition));
	if (definition.n && json_parse(c->arena, definition, 0, &def, &err) == RC_OK) {
		const struct json *task = json_get(def, "task");

		ret->task = task && task->kind == J_MAP ? task->raw : NO_STR;
	}
	return RC_OK;
}

enum rc watch_alert_get(struct ctx *c, struct str id, struct alert_ref *ret)
{
	struct alert_row a;

	TRY(entity_fetch(c, &watch_alert, id, &a));
	return make_ref(c, &a, ret);
}

enum rc watch_alert_load(struct ctx *c, struct str id, struct alert_ref *ret)
{
	struct alert_row a;

	TRY(entity_load(c, &watch_alert, id, &a));
	return make_ref(c, &a, ret);
}

struct telling {
	watch_alert_fn *fn;
	void *arg;
};

static enum rc tell_open(struct ctx *c, void *row, void *arg)
{
	struct telling *t = arg;
	struct alert_ref ref = plain_ref(row);

	return t->fn(c, &ref, t->arg);
}

enum rc watch_alerts_open(struct ctx *c, struct str place_path, int most, watch_alert_fn *fn, void *arg)
{
	struct telling t = { fn, arg };

	return entity_each(c, &watch_alert,
			   "state <> 'closed' AND drill = 0 AND place_path >= $1 AND place_path < $2"
			   " ORDER BY desk_rank, opened_at, id LIMIT $3",
			   ARGS(V_STR(place_path), V_STR(watch_after(c, place_path)), V_INT(most)), tell_open, &t);
}
