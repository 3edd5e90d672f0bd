/* watch_welfare.c - welfare watches: asked for by the person, one time kept, no
 * history; leaves. */
#include "domain/watch/watch_inner.h"

static const char *const welfare_states[] = { "active", "paused", "ended", NULL };
const char *const watch_leave_kinds[] = { "hospital", "family", "travel", "other", NULL };

enum { PAUSE_DAYS = 366 };

static const struct field welfare_fields[] = {
	F_STD(struct welfare_row),
	F_REF(struct welfare_row, dwelling_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct welfare_row, place_path, DERIVED | P1),
	F_TEXT(struct welfare_row, place_label, 0, 200, DERIVED | P1),
	F_REF(struct welfare_row, person_id, "people.person", REQUIRED | FIXED | FILTER | P2),
	F_ENUM(struct welfare_row, state, welfare_states, DERIVED | FILTER | P1),
	F_INT(struct welfare_row, hours, 6, 720, REQUIRED | P1),
	F_JSON(struct welfare_row, sources, 4096, REQUIRED | P1),
	F_TEXT(struct welfare_row, consent_text_version, 1, 40, REQUIRED | P1),
	F_TIME(struct welfare_row, consent_at, P1),
	F_TIME(struct welfare_row, last_seen_at, DERIVED | P3),
	F_REF(struct welfare_row, last_source_id, "sensing.device", DERIVED | P3),
	F_TIME(struct welfare_row, counted_from, DERIVED | P1),
	F_TIME(struct welfare_row, paused_until, DERIVED | P1),
};

/* The person themselves, or who holds the care permission at the place. */
static enum rc own_or_manage(struct ctx *c, const struct welfare_row *w)
{
	if (c->who.kind == WHO_PERSON && str_eq(c->who.id, w->person_id))
		return RC_OK;
	if (ctx_may_at(c, "watch.welfare.manage", w->place_path))
		return RC_OK;
	return FAIL(c, RC_DENIED, "denied", NO_STR, "only the person or the care staff of the place");
}

static enum rc check_sources(struct ctx *c, struct welfare_row *w)
{
	struct str *ids;
	size_t n;

	TRY(watch_sources(c, w->sources, &ids, &n));
	if (n == 0)
		return FAIL(c, RC_INVALID, "required", STR("sources"), "at least one source is needed");
	for (size_t i = 0; i < n; i++) {
		struct failure before = c->fail;
		struct device_ref d;
		enum rc rc = sensing_device_get(c, ids[i], &d);

		if (rc == RC_MISSING) {
			c->fail = before;
			return FAIL(c, RC_INVALID, "unknown_device", STR("sources"), "no such device");
		}
		TRY(rc);
		/* What a camera sees is no sign of one person's life, and must not become one. */
		if (str_is(str_of(d.kind), "camera") || str_is(str_of(d.kind), "lens"))
			return FAIL(c, RC_INVALID, "camera_source", STR("sources"), "a camera can't be a source");
	}
	return RC_OK;
}

static enum rc check_consent(struct ctx *c, struct welfare_row *w)
{
	if (w->consent_at == 0)
		w->consent_at = c->now;
	if (w->consent_at > c->now)
		return FAIL(c, RC_INVALID, "out_of_range", STR("consent_at"), "consent can't lie in the future");
	return RC_OK;
}

static enum rc welfare_create(struct ctx *c, void *row, const struct json *in)
{
	struct welfare_row *w = row;
	struct place_ref place;
	struct person_ref person;
	int64_t others;

	(void)in;
	TRY(places_get(c, w->dwelling_id, "dwelling_id", &place));
	if (place.kind != PLACE_DWELLING)
		return FAIL(c, RC_INVALID, "not_a_dwelling", STR("dwelling_id"), "a dwelling is expected");
	w->place_path = place.path;
	w->place_label = place.label;
	TRY(own_or_manage(c, w));
	TRY(people_person_get(c, w->person_id, "person_id", &person));
	if (!str_eq(person.place_id, place.id) && person.place_id.n)
		return FAIL(c, RC_INVALID, "other_home", STR("dwelling_id"), "the person lives elsewhere");
	TRY(check_sources(c, w));
	TRY(check_consent(c, w));
	TRY(db_int(c, "SELECT count(*) FROM watch_welfare WHERE person_id = $1 AND state <> 'ended'",
		   ARGS(V_STR(w->person_id)), 0, &others));
	if (others)
		return FAIL(c, RC_CONFLICT, "already_watched", STR("person_id"), "there is a watch already");
	w->state = W_ACTIVE;
	w->counted_from = c->now;
	return watch_changed(c, "welfare");
}

static enum rc welfare_update(struct ctx *c, void *row, const struct json *in)
{
	struct welfare_row *w = row;

	(void)in;
	TRY(own_or_manage(c, w));
	if (w->state == W_ENDED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "this watch has ended");
	TRY(check_sources(c, w));
	TRY(check_consent(c, w));
	return watch_changed(c, "welfare");
}

/* ---- steps -------------------------------------------------------------------------- */

static enum rc pause_watch(struct ctx *c, void *row, const struct json *in)
{
	struct welfare_row *w = row;

	(void)in;
	TRY(own_or_manage(c, w));
	if (w->paused_until <= c->now || w->paused_until > c->now + PAUSE_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("paused_until"), "a pause ends within %d days from now",
			    PAUSE_DAYS);
	return watch_changed(c, "welfare");
}

static enum rc resume_watch(struct ctx *c, void *row, const struct json *in)
{
	struct welfare_row *w = row;

	(void)in;
	TRY(own_or_manage(c, w));
	w->counted_from = w->paused_until && w->paused_until < c->now ? w->paused_until : c->now;
	w->paused_until = 0;
	return watch_changed(c, "welfare");
}

/* The one time kept goes with the watch. */
static enum rc end_watch(struct ctx *c, void *row, const struct json *in)
{
	struct welfare_row *w = row;

	(void)in;
	TRY(own_or_manage(c, w));
	w->last_seen_at = w->paused_until = 0;
	w->last_source_id = NO_STR;
	w->sources = STR("[]");
	TRY(db_run(c, "DELETE FROM watch_leave WHERE welfare_id = $1", ARGS(V_STR(w->std.id)), NULL));
	return watch_changed(c, "welfare");
}

static const char *const takes_until[] = { "paused_until", NULL };
/* "person" and what the row says: the watched person may do all of this. */
static const struct step welfare_steps[] = {
	{ "pause", IN(W_ACTIVE) | IN(W_PAUSED), W_PAUSED, "person", SEE_PLACE, takes_until, pause_watch },
	{ "resume", IN(W_PAUSED), W_ACTIVE, "person", SEE_PLACE, NULL, resume_watch },
	{ "end", IN(W_ACTIVE) | IN(W_PAUSED), W_ENDED, "person", SEE_PLACE, NULL, end_watch },
};
static const struct see welfare_see[] = { { "watch.welfare.read", SEE_PLACE }, { "person", SEE_OWN }, { 0 } };
const struct entity watch_welfare = {
	.module = "watch",
	.name = "welfare",
	.table = "watch_welfare",
	.size = sizeof(struct welfare_row),
	.fields = welfare_fields,
	.n_fields = COUNT(welfare_fields),
	.see = welfare_see,
	.perm = { .create = "person", .update = "person", .reveal = "watch.welfare.reveal" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = welfare_steps,
	.n_steps = COUNT(welfare_steps),
	.on_create = welfare_create,
	.on_update = welfare_update,
	.purpose = "welfare",
	.basis = "consent",
	.keep_days = 30,
};

/* ---- leaves ------------------------------------------------------------------------------ */

static const struct field leave_fields[] = {
	F_STD(struct leave_row),
	F_REF(struct leave_row, welfare_id, "watch.welfare", REQUIRED | FIXED | FILTER | P1),
	F_REF(struct leave_row, person_id, "people.person", DERIVED | P2),
	F_PATH(struct leave_row, place_path, DERIVED | P1),
	F_ENUM(struct leave_row, kind, watch_leave_kinds, REQUIRED | P3),
	F_TIME(struct leave_row, from_at, REQUIRED | P1),
	F_TIME(struct leave_row, to_at, REQUIRED | P1),
	F_TEXT(struct leave_row, declared_by, 1, 40, DERIVED | P1),
};

static enum rc leave_check(struct ctx *c, const struct leave_row *l)
{
	if (l->to_at <= l->from_at || l->to_at > l->from_at + PAUSE_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a leave ends after it begins, within %d days",
			    PAUSE_DAYS);
	return RC_OK;
}

/* Whoever looks into an open question learns that there is an answer. */
static enum rc tell_open(struct ctx *c, const struct leave_row *l)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c, "SELECT id FROM watch_alert WHERE welfare_id = $1 AND state <> 'closed' ORDER BY id LIMIT 50",
		     ARGS(V_STR(l->welfare_id)), 50, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(watch_line(c, ids[i], "note", STR("{\"code\":\"leave_declared\"}")));
	return RC_OK;
}

static enum rc leave_create(struct ctx *c, void *row, const struct json *in)
{
	struct leave_row *l = row;
	struct welfare_row w;
	struct failure before = c->fail;
	enum rc rc = entity_load(c, &watch_welfare, l->welfare_id, &w);

	(void)in;
	if (rc == RC_MISSING) {
		c->fail = before;
		return FAIL(c, RC_INVALID, "unknown_welfare", STR("welfare_id"), "no such watch");
	}
	TRY(rc);
	TRY(own_or_manage(c, &w));
	if (w.state == W_ENDED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("welfare_id"), "this watch has ended");
	TRY(leave_check(c, l));
	if (l->to_at <= c->now)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "this leave is over already");
	l->person_id = w.person_id;
	l->place_path = w.place_path;
	l->declared_by = str_eq(c->who.id, w.person_id) ? STR("person") : STR("staff");
	TRY(tell_open(c, l));
	return watch_changed(c, "welfare");
}

static enum rc leave_update(struct ctx *c, void *row, const struct json *in)
{
	struct leave_row *l = row;
	struct welfare_row w;

	(void)in;
	TRY(entity_fetch(c, &watch_welfare, l->welfare_id, &w));
	TRY(own_or_manage(c, &w));
	TRY(leave_check(c, l));
	return watch_changed(c, "welfare");
}

static const struct see leave_see[] = { { "watch.welfare.read", SEE_PLACE }, { "person", SEE_OWN }, { 0 } };
const struct entity watch_leave = {
	.module = "watch",
	.name = "leave",
	.table = "watch_leave",
	.size = sizeof(struct leave_row),
	.fields = leave_fields,
	.n_fields = COUNT(leave_fields),
	.see = leave_see,
	.perm = { .create = "person", .update = "person", .reveal = "watch.welfare.reveal" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.on_create = leave_create,
	.on_update = leave_update,
	.purpose = "welfare",
	.basis = "consent",
	.keep_days = 30,
};

enum rc watch_welfare_seen(struct ctx *c, struct str welfare_id, struct str source_id, int64_t at)
{
	TRY(db_run(c,
		   "UPDATE watch_welfare SET last_seen_at = $2, counted_from = $2, last_source_id = $3 WHERE id = $1",
		   ARGS(V_STR(welfare_id), V_INT(at), V_STR(source_id)), NULL));
	return watch_changed(c, "welfare");
}

enum rc watch_resume_due(struct ctx *c)
{
	static const struct json nothing = { .kind = J_MAP };
	struct welfare_row w;
	struct str *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM watch_welfare WHERE state = 'paused' AND paused_until <= $1 ORDER BY id LIMIT 500",
		     ARGS(V_INT(c->now)), WATCH_MAX_OPEN, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(entity_step(c, &watch_welfare, ids[i], "resume", &nothing, &w));
	return RC_OK;
}

enum rc watch_alert_person(struct ctx *c, struct str alert_id, struct str *ret)
{
	return db_text(c,
		       "SELECT w.person_id FROM watch_alert a JOIN watch_welfare w ON w.id = a.welfare_id"
		       " WHERE a.id = $1",
		       ARGS(V_STR(alert_id)), ret);
}
