/* watch_clock.c - the bell: who is rung when, and the job that keeps the clocks
 * of open alerts. */
#include "domain/watch/watch_inner.h"

#include <string.h>

/* Seconds since the bell, the seat itself being level 0. */
static const struct {
	const char *role;
	int64_t after_s;
} ladder_default[] = { { "deputy", 60 }, { "head", 180 }, { "office", 300 }, { "suggestion", 600 } };

const char *const watch_ladder_roles[] = { "seat", "deputy", "head", "office", "suggestion", NULL };

static const struct field ladder_fields[] = {
	F_STD(struct ladder_row),
	F_REF(struct ladder_row, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct ladder_row, place_path, DERIVED | P1),
	F_INT(struct ladder_row, level, 1, 9, REQUIRED | FIXED | P1),
	F_ENUM(struct ladder_row, role, watch_ladder_roles, REQUIRED | P1),
	F_INT(struct ladder_row, after_s, 10, 86400, REQUIRED | P1),
};

static enum rc ladder_check(struct ctx *c, void *row, const struct json *in)
{
	struct ladder_row *l = row;
	struct place_ref place;
	int64_t wrong;

	(void)in;
	TRY(places_get(c, l->place_id, "place_id", &place));
	l->place_path = place.path;
	TRY(db_int(c,
		   "SELECT count(*) FROM watch_escalation WHERE place_id = $1 AND id <> $4"
		   " AND ((level < $2 AND after_s >= $3) OR (level > $2 AND after_s <= $3))",
		   ARGS(V_STR(l->place_id), V_INT(l->level), V_INT(l->after_s), V_STR(l->std.id)), 0, &wrong));
	if (wrong)
		return FAIL(c, RC_INVALID, "out_of_order", STR("after_s"),
			    "each level comes later than the one before");
	return RC_OK;
}

static const struct see ladder_see[] = { { "watch.escalation.read", SEE_PLACE }, { 0 } };
const struct entity watch_escalation = {
	.module = "watch",
	.name = "escalation",
	.table = "watch_escalation",
	.size = sizeof(struct ladder_row),
	.fields = ladder_fields,
	.n_fields = COUNT(ladder_fields),
	.see = ladder_see,
	.perm = { .create = "watch.escalation.edit", .update = "watch.escalation.edit", .export = "watch.export" },
	.place = "place_path",
	.on_create = ladder_check,
	.on_update = ladder_check,
	.purpose = "safety",
	.basis = "public_interest",
};

/* ---- the ladder ---------------------------------------------------------------- */

struct rung {
	struct ctx *c;
	struct str alert_path, path, role;
	int64_t after_s;
	bool found;
};

static enum rc take_rung(void *arg, const struct row *row)
{
	struct rung *r = arg;
	struct str path = row->v[0].s;

	if (path.n > r->alert_path.n || memcmp(path.p, r->alert_path.p, path.n) != 0)
		return RC_OK;
	if (r->found && path.n < r->path.n)
		return RC_OK;
	if (!r->found || path.n > r->path.n) { /* a nearer ladder */
		*r = (struct rung){ .c = r->c, .alert_path = r->alert_path, .found = true };
		r->path = arena_dup(r->c->arena, path);
	}
	if (row->v[3].i) {
		r->role = arena_dup(r->c->arena, row->v[1].s);
		r->after_s = row->v[2].i;
	}
	return RC_OK;
}

/* The nearest place with a ladder of its own decides alone. */
enum rc watch_next_rung(struct ctx *c, const struct alert_row *a, int64_t *ret, struct str *role)
{
	struct rung r = { .c = c, .alert_path = a->place_path };
	size_t level = (size_t)a->escalation;

	*ret = 0;
	*role = NO_STR;
	TRY(db_each(c,
		    "SELECT place_path, role, after_s, CASE WHEN level = $1 THEN 1 ELSE 0 END FROM watch_escalation"
		    " ORDER BY place_path, level",
		    ARGS(V_INT(a->escalation + 1)), take_rung, &r));
	if (!r.found && level < COUNT(ladder_default)) {
		r.role = str_of(ladder_default[level].role);
		r.after_s = ladder_default[level].after_s;
	}
	if (r.role.p == NULL)
		return RC_OK;
	*role = r.role;
	/* A normal question waits for the desk; nobody is called up for it. */
	if (a->severity != WATCH_NORMAL && !a->silenced && a->rung_at)
		*ret = a->rung_at + r.after_s * SECOND;
	return RC_OK;
}

enum rc watch_ring(struct ctx *c, struct alert_row *a, const char *reason)
{
	struct str role;

	a->rung_at = c->now;
	a->escalation = 0;
	a->escalated_at = 0;
	a->acked_by = a->acked_by_name = NO_STR;
	a->acked_at = a->ack_due_at = 0;
	TRY(watch_next_rung(c, a, &a->next_at, &role));
	return watch_line(c, a->std.id, "rang", watch_detail(c, "reason", str_of(reason)));
}

/* "task": {"ack_s": n} of the rule, else five minutes. */
enum rc watch_ack_span(struct ctx *c, const struct alert_row *a, int64_t *ret)
{
	struct str definition = NO_STR;
	struct json_error err;
	struct json *def;
	int64_t s = WATCH_ACK_S;

	if (a->rule_id.n)
		TRY(db_text(c, "SELECT definition FROM watch_revision WHERE rule_id = $1 AND revision = $2",
			    ARGS(V_STR(a->rule_id), V_INT(a->rule_revision)), &definition));
	if (definition.n && json_parse(c->arena, definition, 0, &def, &err) == RC_OK)
		s = json_get_int(json_get(def, "task"), "ack_s", WATCH_ACK_S);
	*ret = (s >= 30 && s <= 86400 ? s : WATCH_ACK_S) * SECOND;
	return RC_OK;
}

/* ---- the job ---------------------------------------------------------------------- */

static enum rc next_level(struct ctx *c, struct alert_row *a)
{
	struct str role;
	int64_t due;

	TRY(watch_next_rung(c, a, &due, &role));
	if (role.p == NULL || due == 0) {
		a->next_at = 0;
		return db_run(c, "UPDATE watch_alert SET next_at = NULL WHERE id = $1", ARGS(V_STR(a->std.id)), NULL);
	}
	a->escalation++;
	a->escalated_at = c->now;
	struct buf d = buf_new(c->arena, 512);

	json_open(&d, '{');
	json_put_int(&d, "level", a->escalation);
	json_put_text(&d, "role", role);
	json_put_text(&d, "by", STR("clock"));
	json_put_int(&d, "after_s", (c->now - a->rung_at) / SECOND);
	json_close(&d, '}');
	TRY(watch_line(c, a->std.id, "escalated", buf_str(&d)));
	TRY(watch_next_rung(c, a, &a->next_at, &role));
	return entity_save(c, &watch_alert, a, "escalate");
}

static enum rc due_alert(struct ctx *c, struct str id)
{
	struct alert_row a;
	bool found;

	TRY(entity_find(c, &watch_alert, "id = $1", ARGS(V_STR(id)), &a, &found));
	if (!found || a.next_at == 0 || a.next_at > c->now)
		return RC_OK;
	if (a.state == WATCH_NEW)
		return next_level(c, &a);
	if (a.state == WATCH_ACKNOWLEDGED)
		return watch_step(c, id, "ring", &a);
	return db_run(c, "UPDATE watch_alert SET next_at = NULL WHERE id = $1", ARGS(V_STR(id)), NULL);
}

static enum rc run_clocks(struct ctx *c, void *arg)
{
	struct str *ids;
	size_t n;

	(void)arg;
	TRY(watch_selftest_check(c));
	TRY(watch_silence_job(c));
	TRY(watch_resume_due(c));
	TRY(db_texts(c, "SELECT id FROM watch_alert WHERE next_at <= $1 ORDER BY next_at, id LIMIT 500",
		     ARGS(V_INT(c->now)), WATCH_MAX_OPEN, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(due_alert(c, ids[i]));
	return RC_OK;
}

/* Looks first: a second without anything due costs no write. */
enum rc watch_escalate_job(struct ctx *c)
{
	int64_t due;

	TRY(db_int(c,
		   "SELECT (SELECT count(*) FROM watch_alert WHERE next_at <= $1)"
		   " + (SELECT count(*) FROM watch_silence WHERE state = 'active' AND until_at <= $1)"
		   " + (SELECT count(*) FROM watch_selftest WHERE coalesce(checked_at, 0) < sent_at AND sent_at <= $2)"
		   " + (SELECT count(*) FROM watch_welfare WHERE state = 'paused' AND paused_until <= $1)",
		   ARGS(V_INT(c->now), V_INT(c->now - 5 * SECOND)), 0, &due));
	return due ? ctx_write(c, run_clocks, NULL) : RC_OK;
}
