/* watch_silence.c - silences: by rule and place, with an end and an owner.  A
 * silenced alert is opened and listed, but does not ring; when the silence ends
 * and the thing still goes on, it rings. */
#include "domain/watch/watch_inner.h"

static const char *const silence_states[] = { "active", "ended", NULL };

static const struct field silence_fields[] = {
	F_STD(struct silence_row),
	F_REF(struct silence_row, rule_id, "watch.rule", FIXED | FILTER | P1),
	F_REF(struct silence_row, place_id, "places.place", FIXED | FILTER | P1),
	F_PATH(struct silence_row, place_path, DERIVED | P1),
	F_TIME(struct silence_row, until_at, REQUIRED | P1),
	F_TEXT(struct silence_row, reason, 2, 500, REQUIRED | FIXED | P1),
	F_ENUM(struct silence_row, state, silence_states, DERIVED | FILTER | P1),
	F_REF(struct silence_row, made_by, "people.person", DERIVED | P1),
	F_TEXT(struct silence_row, made_by_name, 0, 200, DERIVED | P1),
	F_INT(struct silence_row, held, 0, INT64_MAX, DERIVED | P0),
};

enum { SILENCE_DAYS = 31 };

static enum rc check_until(struct ctx *c, const struct silence_row *s)
{
	if (s->until_at <= c->now || s->until_at > c->now + SILENCE_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("until_at"), "a silence ends within %d days from now",
			    SILENCE_DAYS);
	return RC_OK;
}

/* ---- what it does to open alerts ------------------------------------------------------ */

static enum rc open_alerts(struct ctx *c, const struct silence_row *s, bool silenced, struct str **ids, size_t *n)
{
	return db_texts(
		c,
		"SELECT id FROM watch_alert WHERE state <> 'closed' AND silenced = $1 AND kind <> '" WATCH_PANIC
		"' AND place_path >= $2"
		" AND place_path < $3 AND (CAST($4 AS varchar) IS NULL OR rule_id = $4) ORDER BY id LIMIT 500",
		ARGS(V_INT(silenced), V_STR(s->place_path), V_STR(watch_after(c, s->place_path)), V_STR(s->rule_id)),
		WATCH_MAX_OPEN, ids, n);
}

static enum rc hush_all(struct ctx *c, const struct silence_row *s)
{
	struct str *ids;
	size_t n;

	TRY(open_alerts(c, s, false, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct alert_row a;

		TRY(entity_fetch(c, &watch_alert, ids[i], &a));
		a.silenced = true;
		if (a.state == WATCH_NEW)
			a.next_at = 0;
		TRY(watch_line(c, a.std.id, "silenced", NO_STR));
		TRY(entity_save(c, &watch_alert, &a, "silence"));
	}
	return RC_OK;
}

/* 's' no longer counts: whatever no other silence holds rings if it goes on. */
static enum rc wake_all(struct ctx *c, const struct silence_row *s)
{
	struct str *ids;
	size_t n;

	TRY(open_alerts(c, s, true, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct alert_row a;
		int64_t until;

		TRY(entity_fetch(c, &watch_alert, ids[i], &a));
		TRY(watch_silenced(c, a.rule_id, a.place_path, &until));
		if (until)
			continue;
		a.silenced = false;
		if (a.state == WATCH_NEW && a.ongoing)
			TRY(watch_ring(c, &a, "silence_over"));
		TRY(entity_save(c, &watch_alert, &a, "unsilence"));
	}
	return RC_OK;
}

/* ---- the entity -------------------------------------------------------------------------- */

static enum rc silence_create(struct ctx *c, void *row, const struct json *in)
{
	struct silence_row *s = row;
	struct rule_row r = { .place_path = NO_STR };
	struct place_ref place;

	(void)in;
	if (s->rule_id.n == 0 && s->place_id.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("place_id"), "a silence names a rule, a place or both");
	TRY(check_until(c, s));
	if (s->rule_id.n) {
		bool found;

		TRY(entity_find(c, &watch_rule, "id = $1", ARGS(V_STR(s->rule_id)), &r, &found));
		if (!found || !ctx_may_at(c, "watch.rule.read", r.place_path))
			return FAIL(c, RC_INVALID, "unknown_rule", STR("rule_id"), "no such rule");
		s->place_path = r.place_path;
	}
	if (s->place_id.n) {
		TRY(places_get(c, s->place_id, "place_id", &place));
		s->place_path = place.path;
	}
	/* Asked here already: alerts below are touched before the row is saved. */
	if (!ctx_may_at(c, "watch.silence.edit", s->place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not held for this place");
	s->made_by = c->who.id;
	s->made_by_name = c->who.name;
	s->state = SIL_ACTIVE;
	return hush_all(c, s);
}

static enum rc silence_update(struct ctx *c, void *row, const struct json *in)
{
	struct silence_row *s = row;

	(void)in;
	if (s->state != SIL_ACTIVE)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "this silence has ended");
	return check_until(c, s);
}

static enum rc end_now(struct ctx *c, struct silence_row *s)
{
	TRY(db_run(c, "UPDATE watch_silence SET state = 'ended' WHERE id = $1", ARGS(V_STR(s->std.id)), NULL));
	return wake_all(c, s);
}

static enum rc end_step(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return end_now(c, row);
}

static const struct step silence_steps[] = {
	{ "end", IN(SIL_ACTIVE), SIL_ENDED, "watch.silence.edit", SEE_PLACE, NULL, end_step },
};
static const struct see silence_see[] = { { "watch.silence.read", SEE_PLACE }, { 0 } };
const struct entity watch_silence = {
	.module = "watch",
	.name = "silence",
	.table = "watch_silence",
	.size = sizeof(struct silence_row),
	.fields = silence_fields,
	.n_fields = COUNT(silence_fields),
	.see = silence_see,
	.perm = { .create = "watch.silence.edit", .update = "watch.silence.edit", .export = "watch.export" },
	.place = "place_path",
	.state = "state",
	.steps = silence_steps,
	.n_steps = COUNT(silence_steps),
	.on_create = silence_create,
	.on_update = silence_update,
	.purpose = "safety",
	.basis = "public_interest",
	.keep_days = 730,
};

struct hit {
	struct str rule_id, path;
	int64_t until;
};

static enum rc fits(void *arg, const struct row *row)
{
	struct hit *h = arg;
	struct str rule = row->v[0].kind == VAL_TEXT ? row->v[0].s : NO_STR, path = row->v[1].s;
	bool here = path.n <= h->path.n && str_eq(path, (struct str){ h->path.p, path.n });

	if (here && (rule.n == 0 || str_eq(rule, h->rule_id)) && row->v[2].i > h->until)
		h->until = row->v[2].i;
	return RC_OK;
}

enum rc watch_silenced(struct ctx *c, struct str rule_id, struct str place_path, int64_t *until)
{
	struct hit h = { rule_id, place_path, 0 };

	TRY(db_each(c,
		    "SELECT rule_id, place_path, until_at FROM watch_silence WHERE state = 'active' AND until_at > $1",
		    ARGS(V_INT(c->now)), fits, &h));
	*until = h.until;
	return RC_OK;
}

enum rc watch_silence_job(struct ctx *c)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM watch_silence WHERE state = 'active' AND until_at <= $1 ORDER BY until_at, id "
		     "LIMIT 500",
		     ARGS(V_INT(c->now)), WATCH_MAX_OPEN, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		static const struct json nothing = { .kind = J_MAP };
		struct silence_row s;

		TRY(entity_step(c, &watch_silence, ids[i], "end", &nothing, &s));
	}
	return RC_OK;
}
