/* access_policy.c - rules of entry for an area, with an end; lockdown and
 * evacuation. */
#include "domain/access/access_inner.h"

enum { MEASURE_DAYS = 30, EMERGENCY_H = 24 };

static const char *const policy_kinds[] = { "house", "closed", NULL };
static const char *const policy_states[] = { "draft", "on", "ended", NULL };

static const struct field policy_fields[] = {
	F_STD(struct policy_row),
	F_TEXT(struct policy_row, name, 1, 200, REQUIRED | P1),
	F_REF(struct policy_row, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct policy_row, place_path, DERIVED | P1),
	F_ENUM(struct policy_row, kind, policy_kinds, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct policy_row, legal_number, 3, 100, P1),
	F_TEXT(struct policy_row, reason, 2, 500, REQUIRED | P1),
	F_TIME(struct policy_row, from_at, P1),
	F_TIME(struct policy_row, to_at, P1),
	F_JSON(struct policy_row, refuses, 400, P1),
	F_JSON(struct policy_row, asks, 400, P1),
	F_INT(struct policy_row, most_dc, 350, 420, P1),
	F_FLAG(struct policy_row, scans, P1),
	F_ENUM(struct policy_row, fallback, gate_fallbacks, P1),
	F_ENUM(struct policy_row, state, policy_states, DERIVED | FILTER | P1),
	F_TIME(struct policy_row, ended_at, DERIVED | P1),
};

static enum rc check_holders(struct ctx *c, struct str text, const char *field)
{
	const struct json *list = access_json_of(c, text);

	if (list && list->kind != J_LIST)
		return FAIL(c, RC_INVALID, "wrong_type", str_of(field), "a list of holders");
	for (const struct json *j = list ? list->child : NULL; j; j = j->next)
		if (gate_word(gate_holders, j->kind == J_TEXT ? j->text : NO_STR) < 0)
			return FAIL(c, RC_INVALID, "unknown_word", str_of(field),
				    "resident, staff, visitor, courier, rescue");
	return RC_OK;
}

/* What is asked of a body, and closing an area, is a measure in law: a number
 * and an end within thirty days, or it can't be written down at all. */
static enum rc check_measure(struct ctx *c, const struct policy_row *p)
{
	bool measure = p->kind == POLICY_CLOSED || p->most_dc != NO_INT || p->scans;

	if (!measure)
		return RC_OK;
	if (p->kind != POLICY_CLOSED)
		return FAIL(c, RC_INVALID, "not_for_kind", STR("kind"), "temperature and scans need a measure in law");
	if (p->legal_number.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("legal_number"), "a measure needs its legal number");
	if (p->to_at == 0)
		return FAIL(c, RC_INVALID, "required", STR("to_at"), "a measure needs its end");
	if (p->to_at > p->from_at + MEASURE_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a measure ends within %d days", MEASURE_DAYS);
	return RC_OK;
}

static enum rc check_policy(struct ctx *c, struct policy_row *p)
{
	if (p->from_at == 0)
		p->from_at = c->now;
	if (p->to_at && p->to_at <= p->from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a rule ends after it begins");
	TRY(check_holders(c, p->refuses, "refuses"));
	TRY(check_holders(c, p->asks, "asks"));
	TRY(check_measure(c, p));
	return access_list_changed(c, NULL);
}

static enum rc policy_create(struct ctx *c, void *row, const struct json *in)
{
	struct policy_row *p = row;
	struct place_ref place;

	(void)in;
	TRY(access_place_of(c, p->place_id, "place_id", "access.manage", &place));
	p->place_path = place.path;
	return check_policy(c, p);
}

static enum rc policy_update(struct ctx *c, void *row, const struct json *in)
{
	struct policy_row *p = row;

	(void)in;
	if (p->state != POLICY_DRAFT)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "a rule in force is ended, not changed");
	return check_policy(c, p);
}

static enum rc start(struct ctx *c, void *row, const struct json *in)
{
	struct policy_row *p = row;

	(void)in;
	if (p->to_at && p->to_at <= access_times_now(c).now)
		return FAIL(c, RC_CONFLICT, "expired", STR("to_at"), "its end is over");
	return check_policy(c, p);
}

/* What was measured goes with the measure. */
static enum rc forget(struct ctx *c, struct policy_row *p)
{
	p->ended_at = c->now;
	TRY(db_run(c, "DELETE FROM access_reading WHERE policy_id = $1", ARGS(V_STR(p->std.id)), NULL));
	return access_list_changed(c, NULL);
}

static enum rc end(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return forget(c, row);
}

enum rc policy_end(struct ctx *c, struct policy_row *p, const char *verb)
{
	p->state = POLICY_ENDED;
	TRY(forget(c, p));
	return entity_save(c, &access_policy, p, verb);
}

static const struct step policy_steps[] = {
	{ "start", IN(POLICY_DRAFT), POLICY_ON, "access.manage", SEE_PLACE, NULL, start },
	{ "end", IN(POLICY_DRAFT) | IN(POLICY_ON), POLICY_ENDED, "access.manage", SEE_PLACE, NULL, end },
};
static const struct see policy_see[] = { { "access.read", SEE_PLACE }, { 0 } };

const struct entity access_policy = {
	.module = "access",
	.name = "policy",
	.table = "access_policy",
	.size = sizeof(struct policy_row),
	.fields = policy_fields,
	.n_fields = COUNT(policy_fields),
	.see = policy_see,
	.perm = { .create = "access.manage", .update = "access.manage" },
	.place = "place_path",
	.state = "state",
	.steps = policy_steps,
	.n_steps = COUNT(policy_steps),
	.on_create = policy_create,
	.on_update = policy_update,
	.purpose = "entry_rules",
	.basis = "law",
};

/* One action, everywhere the caller may: every measure that asks for a
 * temperature or a scan ends with what it gathered. */
enum rc measures_route(struct ctx *c, struct call *k)
{
	struct str *ids;
	size_t n, ended = 0;

	TRY(db_texts(
		c,
		"SELECT id FROM access_policy WHERE state = 'on' AND (most_dc IS NOT NULL OR scans = 1) ORDER BY id "
		"LIMIT 1000",
		NO_ARGS, 1000, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct policy_row p;

		TRY(entity_fetch(c, &access_policy, ids[i], &p));
		if (!ctx_may_at(c, "access.manage", p.place_path))
			continue;
		TRY(policy_end(c, &p, "end"));
		ended++;
	}
	json_open(k->out, '{');
	json_put_int(k->out, "ended", (int64_t)ended);
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- lockdown, evacuation ---------------------------------------------------------------- */

static const char *const emergency_kinds[] = { "lockdown", "evacuation", NULL };
static const char *const emergency_states[] = { "on", "ended", NULL };

static const struct field emergency_fields[] = {
	F_STD(struct emergency_row),
	F_REF(struct emergency_row, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct emergency_row, place_path, DERIVED | P1),
	F_ENUM(struct emergency_row, kind, emergency_kinds, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct emergency_row, reason, 2, 500, REQUIRED | FIXED | P1),
	F_TIME(struct emergency_row, until_at, REQUIRED | P1),
	F_ENUM(struct emergency_row, state, emergency_states, DERIVED | FILTER | P1),
	F_TIME(struct emergency_row, ended_at, DERIVED | P1),
};

static enum rc emergency_check(struct ctx *c, void *row, const struct json *in)
{
	struct emergency_row *e = row;
	struct place_ref place;

	(void)in;
	TRY(access_place_of(c, e->place_id, "place_id", "access.emergency", &place));
	e->place_path = place.path;
	if (e->state != EMERGENCY_ON)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "it has ended");
	if (e->until_at <= c->now || e->until_at > c->now + EMERGENCY_H * HOUR)
		return FAIL(c, RC_INVALID, "out_of_range", STR("until_at"), "ends within %d hours from now",
			    EMERGENCY_H);
	return access_list_changed(c, NULL);
}

static enum rc emergency_end(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct emergency_row *)row)->ended_at = c->now;
	return access_list_changed(c, NULL);
}

static const struct step emergency_steps[] = {
	{ "end", IN(EMERGENCY_ON), EMERGENCY_ENDED, "access.emergency", SEE_PLACE, NULL, emergency_end },
};

const struct entity access_emergency = {
	.module = "access",
	.name = "emergency",
	.table = "access_emergency",
	.size = sizeof(struct emergency_row),
	.fields = emergency_fields,
	.n_fields = COUNT(emergency_fields),
	.see = policy_see,
	.perm = { .create = "access.emergency", .update = "access.emergency" },
	.place = "place_path",
	.state = "state",
	.steps = emergency_steps,
	.n_steps = COUNT(emergency_steps),
	.on_create = emergency_check,
	.on_update = emergency_check,
	.purpose = "safety",
	.basis = "duty",
};
