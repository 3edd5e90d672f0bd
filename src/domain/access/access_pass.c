/* access_pass.c - what passed: appended in order of arrival under a name of the
 * credential that changes every thirty days, with all that follows from it:
 * counts by hour, who is inside, the event that rules hear. */
#include "domain/access/access_inner.h"

#include <stdlib.h>

enum { ALIAS_CHARS = 32, OPEN_MS = 5000 };

struct str pass_alias(struct ctx *c, struct str credential, int64_t at)
{
	struct str mac =
		ctx_mac(c, "access_alias",
			arena_fmt(c->arena, FMT_STR "/%lld", ARG_STR(credential), (long long)(at / (PASS_DAYS * DAY))));

	return (struct str){ mac.p, ALIAS_CHARS };
}

static struct str subject_of(struct ctx *c, struct str who)
{
	struct str mac = ctx_mac(c, "access_subject", who);

	return (struct str){ mac.p, ALIAS_CHARS };
}

struct str pass_scope(const struct door_row *d)
{
	switch (d->passback_scope) {
	case GATE_SCOPE_DOOR: return d->std.id;
	case GATE_SCOPE_AREA: return d->area_id.n ? d->area_id : d->std.id;
	default: return STR("*");
	}
}

/* ---- the last way somebody went -------------------------------------------------------- */

static enum rc take_last(void *arg, const struct row *r)
{
	*(struct gate_last *)arg = (struct gate_last){ .known = true,
						       .direction = (uint8_t)gate_word(gate_directions, r->v[0].s),
						       .at = r->v[1].i };
	return RC_OK;
}

enum rc pass_last(struct ctx *c, const struct scene *s, struct str subject, struct gate_last *ret)
{
	*ret = (struct gate_last){ 0 };
	if (subject.n == 0 || s->door.passback == GATE_PASSBACK_OFF)
		return RC_OK;
	return db_each(c, "SELECT direction, at FROM access_inside WHERE scope = $1 AND subject = $2",
		       ARGS(V_STR(pass_scope(&s->door)), V_STR(subject_of(c, subject))), take_last, ret);
}

static enum rc went(struct ctx *c, struct str scope, const struct pass *p, struct str alias)
{
	return db_run(c,
		      "INSERT INTO access_inside (scope, subject, direction, at, alias) VALUES ($1, $2, $3, $4, $5)"
		      " ON CONFLICT (scope, subject) DO UPDATE SET direction = excluded.direction, at = excluded.at,"
		      " alias = excluded.alias WHERE access_inside.at <= excluded.at",
		      ARGS(V_STR(scope), V_STR(subject_of(c, p->subject)), V_Z(gate_directions[p->direction]),
			   V_INT(p->device_at), V_STR(alias)),
		      NULL);
}

/* ---- how many are inside ----------------------------------------------------------------- */

/* A pass that may hide more or fewer people than one known person. */
static bool is_unsure(const struct pass *p)
{
	return p->subject.n == 0 || p->reason == GATE_BY_MODE || p->reason == GATE_BY_EVACUATION ||
	       p->reason == GATE_BY_GUARD || p->reason == GATE_SOFT_PASSBACK || p->method == GATE_PLATE;
}

static enum rc count_area(struct ctx *c, const struct scene *s, const struct pass *p)
{
	int64_t by = p->direction == GATE_IN ? 1 : -1;

	if (s->door.area_id.n == 0)
		return RC_OK;
	return db_run(c,
		      "INSERT INTO access_area (area_id, place_path, inside, unsure, reconciled_at)"
		      " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (area_id) DO UPDATE SET"
		      " unsure = access_area.unsure + CAST($6 AS bigint)"
		      " + CASE WHEN access_area.inside + CAST($7 AS bigint) < 0 THEN 1 ELSE 0 END,"
		      " inside = CASE WHEN access_area.inside + CAST($7 AS bigint) < 0 THEN 0"
		      " ELSE access_area.inside + CAST($7 AS bigint) END",
		      ARGS(V_STR(s->door.area_id), V_STR(s->door.area_path), V_INT(by > 0 ? 1 : 0),
			   V_INT(by > 0 ? is_unsure(p) : 1), V_INT(c->now), V_INT(is_unsure(p)), V_INT(by)),
		      NULL);
}

static enum rc count_hour(struct ctx *c, const struct scene *s, const struct pass *p)
{
	return db_run(c,
		      "INSERT INTO access_hour (lane_id, place_path, hour_at, method, verdict, direction, n)"
		      " VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (lane_id, hour_at, method, verdict, direction)"
		      " DO UPDATE SET n = access_hour.n + 1",
		      ARGS(V_STR(p->lane_id), V_STR(s->lane.place_path), V_INT(p->device_at / HOUR * HOUR),
			   V_Z(gate_methods[p->method]), V_Z(gate_verdicts[p->verdict]),
			   V_Z(gate_directions[p->direction])),
		      NULL);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* Rules hear that the door was opened with a grant; nothing of whom. */
static enum rc tell_rules(struct ctx *c, const struct scene *s, int64_t seq, const struct pass *p)
{
	struct device_ref d;
	struct sensing_verdict verdict;
	enum rc rc;

	if (s->lane.device_id.n == 0 || p->verdict != GATE_GRANT)
		return RC_OK;
	rc = sensing_device_get(c, s->lane.device_id, &d);
	if (rc == RC_MISSING)
		return RC_OK;
	TRY(rc);
	struct sensing_input in = { .source = d.source,
				    .id = arena_fmt(c->arena, "pass-" FMT_STR "-%lld", ARG_STR(p->lane_id),
						    p->serial == NO_INT ? (long long)-seq : (long long)p->serial),
				    .type = STR("cn.jiuan.access.granted.v1"),
				    .at = p->device_at };

	return sensing_append(c, &in, 1, &verdict);
}

static enum rc insert(struct ctx *c, const struct pass *p, struct str alias, int64_t *seq)
{
	TRY(db_int(c, "SELECT max(seq) FROM access_pass", NO_ARGS, 0, seq));
	++*seq;
	return db_run(
		c,
		"INSERT INTO access_pass (seq, lane_id, serial, method, verdict, reason, direction, alias,"
		" device_at, server_at, skew_ms, late) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		ARGS(V_INT(*seq), V_STR(p->lane_id), p->serial == NO_INT ? V_NULL : V_INT(p->serial),
		     V_Z(gate_methods[p->method]), V_Z(gate_verdicts[p->verdict]), V_Z(gate_reasons[p->reason]),
		     V_Z(gate_directions[p->direction]), V_STR(alias), V_INT(p->device_at), V_INT(c->now),
		     V_INT(p->skew_ms), V_INT(p->late)),
		NULL);
}

static enum rc keep_reading(struct ctx *c, const struct pass *p, int64_t seq)
{
	if (p->policy_id.n == 0 || p->temperature_dc == 0)
		return RC_OK;
	return db_run(c, "INSERT INTO access_reading (seq, policy_id, dc, at) VALUES ($1, $2, $3, $4)",
		      ARGS(V_INT(seq), V_STR(p->policy_id), V_INT(p->temperature_dc), V_INT(c->now)), NULL);
}

static enum rc follow(struct ctx *c, const struct scene *s, const struct pass *p, struct str alias)
{
	if (p->verdict != GATE_GRANT)
		return RC_OK;
	TRY(count_area(c, s, p));
	if (p->subject.n == 0)
		return RC_OK;
	if (s->door.area_id.n)
		TRY(went(c, s->door.area_id, p, alias));
	if (s->door.passback != GATE_PASSBACK_OFF && !str_eq(pass_scope(&s->door), s->door.area_id))
		TRY(went(c, pass_scope(&s->door), p, alias));
	return RC_OK;
}

enum rc pass_write(struct ctx *c, const struct scene *s, const struct pass *p, int64_t *seq, bool *fresh)
{
	struct str alias = NO_STR;
	int64_t was = 0;

	if (p->serial != NO_INT)
		TRY(db_int(c, "SELECT seq FROM access_pass WHERE lane_id = $1 AND serial = $2",
			   ARGS(V_STR(p->lane_id), V_INT(p->serial)), 0, &was));
	*fresh = was == 0;
	*seq = was;
	if (was)
		return RC_OK;
	if (p->credential_id.n) {
		alias = pass_alias(c, p->credential_id, p->device_at);
		TRY(db_run(c,
			   "INSERT INTO access_alias (alias, credential_id, until_at) VALUES ($1, $2, $3)"
			   " ON CONFLICT (alias) DO NOTHING",
			   ARGS(V_STR(alias), V_STR(p->credential_id), V_INT(c->now + 2 * PASS_DAYS * DAY)), NULL));
	}
	TRY(insert(c, p, alias, seq));
	TRY(keep_reading(c, p, *seq));
	TRY(count_hour(c, s, p));
	TRY(follow(c, s, p, alias));
	return tell_rules(c, s, *seq, p);
}

/* ---- the same question again ------------------------------------------------------------- */

struct telling {
	struct buf *out;
	bool found;
};

static enum rc tell(void *arg, const struct row *r)
{
	struct telling *t = arg;

	t->found = true;
	json_open(t->out, '{');
	json_put_text(t->out, "verdict", r->v[1].s);
	json_put_text(t->out, "reason", r->v[2].s);
	json_put_int(t->out, "seq", r->v[0].i);
	json_put_bool(t->out, "duplicate", true);
	json_close(t->out, '}');
	return RC_OK;
}

enum rc pass_told(struct ctx *c, struct str lane_id, int64_t serial, struct buf *out, bool *found)
{
	struct telling t = { out, false };

	*found = false;
	if (serial == NO_INT)
		return RC_OK;
	TRY(db_each(c, "SELECT seq, verdict, reason FROM access_pass WHERE lane_id = $1 AND serial = $2",
		    ARGS(V_STR(lane_id), V_INT(serial)), tell, &t));
	*found = t.found;
	return RC_OK;
}
