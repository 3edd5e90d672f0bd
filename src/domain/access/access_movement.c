/* access_movement.c - the passes of one credential, for a case: asked for by one
 * person with a case number, allowed by another, at most 72 hours of data, read
 * within 24 hours, each reading on record and seen by whose they are.  There is
 * no other way to a person's movements, and no index that would make one fast. */
#include "domain/access/access_inner.h"

enum { SPAN_H = 72, READ_H = 24 };

static const char *const movement_states[] = { "asked", "allowed", "refused", "over", NULL };

static const struct field movement_fields[] = {
	F_STD(struct movement_row),
	F_REF(struct movement_row, credential_id, "access.credential", REQUIRED | FIXED | P1),
	F_REF(struct movement_row, person_id, "people.person", DERIVED | P2),
	F_PATH(struct movement_row, place_path, DERIVED | P3),
	F_TEXT(struct movement_row, case_number, 3, 100, REQUIRED | FIXED | P1),
	F_TEXT(struct movement_row, purpose, 3, 100, REQUIRED | FIXED | P1),
	F_TIME(struct movement_row, from_at, REQUIRED | FIXED | P1),
	F_TIME(struct movement_row, to_at, REQUIRED | FIXED | P1),
	F_REF(struct movement_row, asked_by, "people.person", DERIVED | P1),
	F_REF(struct movement_row, decided_by, "people.person", DERIVED | P1),
	F_TEXT(struct movement_row, reason, 2, 500, DERIVED | P1),
	F_TIME(struct movement_row, until_at, DERIVED | P1),
	F_ENUM(struct movement_row, state, movement_states, DERIVED | FILTER | P1),
	F_INT(struct movement_row, readings, 0, INT64_MAX, DERIVED | P0),
};

static enum rc movement_create(struct ctx *c, void *row, const struct json *in)
{
	struct movement_row *m = row;
	struct credential_row k;

	(void)in;
	TRY(access_row_of(c, &access_credential, m->credential_id, "credential_id", &k));
	if (!ctx_may_at(c, "access.movement.ask", k.place_path))
		return FAIL(c, RC_INVALID, "unknown_ref", STR("credential_id"), "no such credential");
	if (m->to_at <= m->from_at || m->to_at - m->from_at > SPAN_H * HOUR || m->to_at > c->now)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "at most %d hours, all of them past", SPAN_H);
	m->person_id = k.person_id;
	m->place_path = k.place_path;
	m->asked_by = c->who.kind == WHO_PERSON ? c->who.id : STR("system");
	m->state = MOVEMENT_ASKED;
	return RC_OK;
}

/* Two persons, always. */
static enum rc second(struct ctx *c, struct movement_row *m)
{
	if (c->who.kind != WHO_PERSON || str_eq(m->asked_by, c->who.id))
		return FAIL(c, RC_CONFLICT, "same_person", STR("asked_by"), "another person decides");
	m->decided_by = c->who.id;
	return RC_OK;
}

static enum rc allow(struct ctx *c, void *row, const struct json *in)
{
	struct movement_row *m = row;

	(void)in;
	TRY(second(c, m));
	m->until_at = c->now + READ_H * HOUR;
	return RC_OK;
}

static enum rc refuse(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return second(c, row);
}

static const char *const takes_reason[] = { "reason", NULL };
static const struct step movement_steps[] = {
	{ "allow", IN(MOVEMENT_ASKED), MOVEMENT_ALLOWED, "access.movement.decide", SEE_PLACE, takes_reason, allow },
	{ "refuse", IN(MOVEMENT_ASKED), MOVEMENT_REFUSED, "access.movement.decide", SEE_PLACE, takes_reason, refuse },
};
static const struct see movement_see[] = {
	{ "access.movement.ask", SEE_PLACE },
	{ "access.movement.decide", SEE_PLACE },
	{ 0 },
};

const struct entity access_movement = {
	.module = "access",
	.name = "movement",
	.table = "access_movement",
	.size = sizeof(struct movement_row),
	.fields = movement_fields,
	.n_fields = COUNT(movement_fields),
	.see = movement_see,
	.perm = { .create = "access.movement.ask" },
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = movement_steps,
	.n_steps = COUNT(movement_steps),
	.on_create = movement_create,
	.purpose = "case",
	.basis = "law",
	.keep_days = 1095,
};

/* The look first, and one more reading on the row; then what there is.  A POST:
 * it writes. */
enum rc movement_route(struct ctx *c, struct call *k)
{
	struct movement_row m;
	struct str alias[2];

	TRY(entity_load(c, &access_movement, k->id, &m));
	if (!str_eq(m.asked_by, c->who.id))
		return FAIL(c, RC_DENIED, "not_yours", NO_STR, "only who asked reads it");
	if (m.state != MOVEMENT_ALLOWED || m.until_at <= access_times_now(c).now)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "not allowed, or no longer");
	TRY(note_look(c, "access.pass", m.credential_id, m.person_id, STR("passes"), m.purpose, m.case_number));
	m.readings++;
	TRY(entity_save(c, &access_movement, &m, "read"));
	/* 72 hours touch at most two of the names. */
	alias[0] = pass_alias(c, m.credential_id, m.from_at);
	alias[1] = pass_alias(c, m.credential_id, m.to_at);
	json_open(k->out, '{');
	json_put_text(k->out, "case_number", m.case_number);
	json_key(k->out, "items");
	TRY(db_json(
		c, k->out,
		"SELECT device_at, lane_id, direction, method, verdict, reason FROM access_pass WHERE alias IN ($1, $2)"
		" AND device_at >= $3 AND device_at < $4 ORDER BY seq LIMIT 1000",
		ARGS(V_STR(alias[0]), V_STR(alias[1]), V_INT(m.from_at), V_INT(m.to_at))));
	json_close(k->out, '}');
	return RC_OK;
}
