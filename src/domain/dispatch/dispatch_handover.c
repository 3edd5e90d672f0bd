/* dispatch_handover.c - one operator leaves the seat, the next one takes it:
 * what is open, a note, and each urgent alert taken over by name.  The seat is
 * never empty in between: the shift of who leaves ends when the next begins. */
#include "domain/dispatch/dispatch_inner.h"

#include <string.h>

enum { LISTED = 100, LIST_BYTES = 32 << 10 };

enum handover_state { H_OPEN, H_DONE, H_WITHDRAWN };
static const char *const handover_states[] = { "open", "done", "withdrawn", NULL };

struct handover {
	struct std std;
	struct str shift_id, from_id, from_name, place_id, place_path, note, alerts, tasks, accepted, alert_id;
	struct str to_id, to_name, to_shift_id;
	unsigned state;
	int64_t until_at, done_at;
};

static const struct field handover_fields[] = {
	F_STD(struct handover),
	F_REF(struct handover, shift_id, "dispatch.shift", REQUIRED | FIXED | FILTER | P1),
	F_REF(struct handover, from_id, "people.person", DERIVED | FILTER | P1),
	F_TEXT(struct handover, from_name, 1, 200, DERIVED | P1),
	F_REF(struct handover, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct handover, place_path, DERIVED | P1),
	F_TEXT(struct handover, note, 0, 1000, FIXED | P1),
	F_JSON(struct handover, alerts, LIST_BYTES, DERIVED | P1),
	F_JSON(struct handover, tasks, LIST_BYTES, DERIVED | P1),
	F_JSON(struct handover, accepted, LIST_BYTES, DERIVED | P1),
	F_REF(struct handover, alert_id, "watch.alert", DERIVED | P1), /* accepted last */
	F_ENUM(struct handover, state, handover_states, DERIVED | FILTER | P1),
	F_REF(struct handover, to_id, "people.person", DERIVED | FILTER | P1),
	F_TEXT(struct handover, to_name, 1, 200, DERIVED | P1),
	F_REF(struct handover, to_shift_id, "dispatch.shift", DERIVED | P1),
	F_TIME(struct handover, until_at, DERIVED | P1),
	F_TIME(struct handover, done_at, DERIVED | FILTER | P1),
};

/* ---- what is open ------------------------------------------------------------------- */

static enum rc list_alert(struct ctx *c, const struct alert_ref *a, void *arg)
{
	struct buf *out = arg;

	(void)c;
	json_open(out, '{');
	json_put_text(out, "id", a->id);
	json_put_text(out, "number", a->number);
	json_put_text(out, "severity", str_of(watch_severities[a->severity]));
	json_put_text(out, "place_label", a->place_label);
	json_close(out, '}');
	return RC_OK;
}

static enum rc list_open(struct ctx *c, struct handover *h)
{
	struct buf alerts = buf_new(c->arena, LIST_BYTES), tasks = buf_new(c->arena, LIST_BYTES);
	struct str to = arena_fmt(c->arena, FMT_STR "\x7f", ARG_STR(h->place_path));

	json_open(&alerts, '[');
	TRY(watch_alerts_open(c, h->place_path, LISTED, list_alert, &alerts));
	json_close(&alerts, ']');
	TRY(db_json(c, &tasks,
		    "SELECT id, number, worker_name, state, place_label FROM dispatch_task WHERE place_path >= $1"
		    " AND place_path < $2 AND state IN ('offered', 'accepted', 'on_the_way', 'arrived', 'reported')"
		    " ORDER BY id LIMIT 100",
		    ARGS(V_STR(h->place_path), V_STR(to))));
	if (alerts.overflow || tasks.overflow)
		return FAIL(c, RC_LIMIT, "too_much", NO_STR, "too much is open to be listed");
	h->alerts = buf_str(&alerts);
	h->tasks = buf_str(&tasks);
	return RC_OK;
}

static enum rc fill_handover(struct ctx *c, void *row, const struct json *in)
{
	struct handover *h = row;
	struct shift s;
	bool found;
	int64_t open;

	(void)in;
	TRY(entity_find(c, &shift_entity, "id = $1", ARGS(V_STR(h->shift_id)), &s, &found));
	if (!found || !str_eq(s.person_id, c->who.id) || (s.kind != SHIFT_SEAT && s.kind != SHIFT_DEPUTY))
		return FAIL(c, RC_INVALID, "unknown_shift", STR("shift_id"), "only the own seat can be handed over");
	if (s.from_at >= c->now || s.to_at <= c->now)
		return FAIL(c, RC_CONFLICT, "off_shift", STR("shift_id"), "this shift does not run now");
	TRY(db_int(c, "SELECT count(*) FROM dispatch_handover WHERE shift_id = $1 AND state = 'open'",
		   ARGS(V_STR(h->shift_id)), 0, &open));
	if (open)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("shift_id"), "a hand-over of this shift is open");
	h->from_id = s.person_id;
	h->from_name = s.person_name;
	h->place_id = s.place_id;
	h->place_path = s.place_path;
	h->accepted = STR("[]");
	return list_open(c, h);
}

/* ---- taking over ---------------------------------------------------------------------- */

/* The list [{"id":...}], NULL when it is none. */
static const struct json *list_of(struct ctx *c, struct str text)
{
	struct json_error err;
	struct json *j = NULL;

	return json_parse(c->arena, text, 0, &j, &err) == RC_OK && j->kind == J_LIST ? j : NULL;
}

static bool has_id(const struct json *list, struct str id)
{
	for (const struct json *j = list ? list->child : NULL; j; j = j->next)
		if (str_eq(json_get_text(j, "id"), id))
			return true;
	return false;
}

static enum rc check_taker(struct ctx *c, const struct handover *h)
{
	if (str_eq(h->from_id, c->who.id))
		return FAIL(c, RC_CONFLICT, "same_person", STR("to_id"), "nobody hands over to himself");
	if (h->to_id.n && !str_eq(h->to_id, c->who.id))
		return FAIL(c, RC_CONFLICT, "another_takes", STR("to_id"), "somebody else is taking over");
	return RC_OK;
}

static enum rc accept(struct ctx *c, void *row, const struct json *in)
{
	struct handover *h = row;
	struct buf all = buf_new(c->arena, LIST_BYTES);
	struct alert_ref alert;

	(void)in;
	TRY(check_taker(c, h));
	TRY(watch_alert_load(c, h->alert_id, &alert));
	if (!str_starts(alert.place_path, arena_z(c->arena, h->place_path)))
		return FAIL(c, RC_MISSING, "not_found", STR("alert_id"), "no such alert at this seat");
	if (alert.state == WATCH_CLOSED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("alert_id"), "the alert is closed");
	h->to_id = c->who.id;
	h->to_name = c->who.name;
	const struct json *list = list_of(c, h->accepted);

	if (has_id(list, alert.id)) /* twice is once */
		return RC_OK;
	json_open(&all, '[');
	for (const struct json *j = list ? list->child : NULL; j; j = j->next)
		json_raw(&all, j->raw);
	json_open(&all, '{');
	json_put_text(&all, "id", alert.id);
	json_put_text(&all, "number", alert.number);
	json_put_time(&all, "at", c->now);
	json_close(&all, '}');
	json_close(&all, ']');
	if (all.overflow)
		return FAIL(c, RC_LIMIT, "too_much", STR("alert_id"), "too many alerts in one hand-over");
	h->accepted = buf_str(&all);

	struct buf d = buf_new(c->arena, 1024);

	json_open(&d, '{');
	json_put_text(&d, "from_name", h->from_name);
	json_close(&d, '}');
	return watch_tell(c, alert.id, "taken_over", buf_str(&d));
}

struct missing {
	const struct json *accepted;
	struct str number;
};

static enum rc find_missing(struct ctx *c, const struct alert_ref *a, void *arg)
{
	struct missing *m = arg;

	if (a->severity == WATCH_URGENT && m->number.n == 0 && !has_id(m->accepted, a->id))
		m->number = arena_dup(c->arena, a->number);
	return RC_OK;
}

static enum rc end_former(struct ctx *c, const struct handover *h)
{
	struct shift s;

	TRY(entity_fetch(c, &shift_entity, h->shift_id, &s));
	if (s.to_at <= c->now)
		return RC_OK;
	s.to_at = c->now;
	return entity_save(c, &shift_entity, &s, "hand_over");
}

/* Urgent ones that came up since count as well: they are on the same screen. */
static enum rc take(struct ctx *c, void *row, const struct json *in)
{
	struct handover *h = row;
	struct missing m = { .accepted = list_of(c, h->accepted) };
	struct shift before, s = { .person_id = c->who.id, .place_id = h->place_id, .from_at = c->now };

	TRY(check_taker(c, h));
	TRY(watch_alerts_open(c, h->place_path, LISTED, find_missing, &m));
	if (m.number.n)
		return FAIL(c, RC_CONFLICT, "urgent_not_accepted", STR("alert_id"),
			    FMT_STR " is urgent and not yet accepted", ARG_STR(m.number));
	TRY(entity_fetch(c, &shift_entity, h->shift_id, &before));
	TRY(end_former(c, h));
	s.to_at = h->until_at;
	s.kind = before.kind;
	s.std.id = ctx_new_id(c);
	TRY(dispatch_shift_fill(c, &s, in));
	TRY(entity_insert(c, &shift_entity, &s, "create"));
	h->to_id = c->who.id;
	h->to_name = s.person_name;
	h->to_shift_id = s.std.id;
	h->done_at = c->now;
	return RC_OK;
}

static const char *const takes_alert[] = { "alert_id", NULL };
static const char *const takes_until[] = { "until_at", NULL };
static const struct step handover_steps[] = {
	{ "accept", IN(H_OPEN), STAY, "dispatch.handover", SEE_PLACE, takes_alert, accept },
	{ "take", IN(H_OPEN), H_DONE, "dispatch.handover", SEE_PLACE, takes_until, take },
	{ "withdraw", IN(H_OPEN), H_WITHDRAWN, "dispatch.handover", SEE_OWN, NULL, NULL },
};
static const struct see handover_see[] = { { "dispatch.read", SEE_PLACE }, { 0 } };

const struct entity handover_entity = {
	.module = "dispatch",
	.name = "handover",
	.table = "dispatch_handover",
	.size = sizeof(struct handover),
	.fields = handover_fields,
	.n_fields = COUNT(handover_fields),
	.see = handover_see,
	.perm = { .create = "dispatch.handover", .export = "dispatch.export" },
	.owner = "from_id",
	.place = "place_path",
	.person = "from_id",
	.state = "state",
	.steps = handover_steps,
	.n_steps = COUNT(handover_steps),
	.on_create = fill_handover,
	.purpose = "duty_rota",
	.basis = "duty",
	.keep_days = 730,
};
