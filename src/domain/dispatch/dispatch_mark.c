/* dispatch_mark.c - addresses where nobody goes alone, and the second one.
 * A mark names a hazard of the place; there is no word and no text for whoever
 * lives there. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/places/places.h"

#include <string.h>

enum { DAYS_MOST = 366, PAIR = 2 };

static const char *const mark_reasons[] = { "dog", "lift", "stairs", "dark", "building_site", "threat_here", NULL };
static const char *const mark_states[] = { "active", "ended", NULL };
enum { M_ACTIVE, M_ENDED };

static const struct field mark_fields[] = {
	F_STD(struct mark),
	F_REF(struct mark, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct mark, place_path, DERIVED | P1),
	F_TEXT(struct mark, place_label, 0, 200, DERIVED | P1),
	F_ENUM(struct mark, reason, mark_reasons, REQUIRED | FIXED | FILTER | P1),
	F_TIME(struct mark, until_at, REQUIRED | FIXED | FILTER | P1),
	F_REF(struct mark, set_by, "people.person", DERIVED | P1),
	F_TEXT(struct mark, set_by_name, 0, 200, DERIVED | P1),
	F_ENUM(struct mark, state, mark_states, DERIVED | FILTER | P1),
	F_TEXT(struct mark, ended_by_name, 0, 200, DERIVED | P1),
	F_TIME(struct mark, ended_at, DERIVED | P1),
};

static enum rc mark_create(struct ctx *c, void *row, const struct json *in)
{
	struct mark *m = row;
	struct place_ref place;
	int64_t others;

	(void)in;
	TRY(places_get(c, m->place_id, "place_id", &place));
	if (place.kind < PLACE_ENCLOSURE)
		return FAIL(c, RC_INVALID, "too_wide", STR("place_id"), "an enclosure or a place in it can be marked");
	if (m->until_at <= c->now || m->until_at > c->now + DAYS_MOST * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("until_at"), "a mark ends within %d days", DAYS_MOST);
	/* One that ran out makes room for the next. */
	TRY(db_run(c,
		   "UPDATE dispatch_mark SET state = 'ended', ended_at = until_at WHERE place_id = $1 AND state = "
		   "'active' AND until_at <= $2",
		   ARGS(V_STR(place.id), V_INT(c->now)), NULL));
	TRY(db_int(c, "SELECT count(*) FROM dispatch_mark WHERE place_id = $1 AND reason = $2 AND state = 'active'",
		   ARGS(V_STR(place.id), V_Z(mark_reasons[m->reason])), 0, &others));
	if (others)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("reason"), "the place is marked for this");
	m->place_path = place.path;
	m->place_label = place.label.n ? place.label : place.name;
	m->set_by = c->who.id;
	m->set_by_name = c->who.name;
	return RC_OK;
}

static enum rc mark_end(struct ctx *c, void *row, const struct json *in)
{
	struct mark *m = row;

	(void)in;
	m->ended_by_name = c->who.name;
	m->ended_at = c->now;
	return RC_OK;
}

/* Who sends somebody sees them, and the worker of a task through the task: not
 * every office that may read tasks. */
static const struct see mark_see[] = { { "dispatch.send", SEE_PLACE }, { 0 } };
static const struct step mark_steps[] = {
	{ "end", IN(M_ACTIVE), M_ENDED, "dispatch.mark.write", SEE_PLACE, NULL, mark_end },
};
static const struct sort mark_sorts[] = { { "until_at", { "until_at" } }, { 0 } };

const struct entity mark_entity = {
	.module = "dispatch",
	.name = "mark",
	.table = "dispatch_mark",
	.size = sizeof(struct mark),
	.fields = mark_fields,
	.n_fields = COUNT(mark_fields),
	.see = mark_see,
	.perm = { .create = "dispatch.mark.write" },
	.place = "place_path",
	.state = "state",
	.steps = mark_steps,
	.n_steps = COUNT(mark_steps),
	.sorts = mark_sorts,
	.on_create = mark_create,
	.purpose = "worker_safety",
	.basis = "duty",
	.keep_days = 365,
};

struct covering {
	struct str path;
	struct mark *best;
	bool found;
};

static enum rc take_mark(struct ctx *c, void *row, void *arg)
{
	struct covering *k = arg;
	const struct mark *m = row;

	(void)c;
	if (m->place_path.n > k->path.n || memcmp(m->place_path.p, k->path.p, m->place_path.n) != 0)
		return RC_OK;
	*k->best = *m;
	k->found = true;
	return RC_OK;
}

enum rc dispatch_mark_at(struct ctx *c, struct str place_path, struct mark *ret, bool *found)
{
	struct covering k = { .path = place_path, .best = ret };

	TRY(entity_each(c, &mark_entity,
			"state = 'active' AND until_at > $1 AND place_path <= $2 ORDER BY place_path, id",
			ARGS(V_INT(c->now), V_STR(place_path)), take_mark, &k));
	*found = k.found;
	return RC_OK;
}

struct str dispatch_mark_reason(const struct mark *m)
{
	return str_of(mark_reasons[m->reason]);
}

enum rc dispatch_mark_write(struct ctx *c, const struct alert_ref *alert, struct buf *out)
{
	struct mark m;
	bool found;

	TRY(dispatch_mark_at(c, alert->place_path, &m, &found));
	json_key(out, "two_people");
	if (!found) {
		json_null(out);
		return RC_OK;
	}
	json_open(out, '{');
	json_put_text(out, "id", m.std.id);
	json_put_text(out, "reason", dispatch_mark_reason(&m));
	json_put_time(out, "until_at", m.until_at);
	json_put_text(out, "place_label", m.place_label);
	json_put_text(out, "set_by_name", m.set_by_name);
	json_close(out, '}');
	return RC_OK;
}

/* ---- the second one ---------------------------------------------------------------- */

#define PAIR_ALIVE                                                   \
	"alert_id = $1 AND two_people = 1 AND state IN ('offered', " \
	"'accepted', 'on_the_way', 'arrived', 'reported', 'reviewed', 'closed')"

enum rc dispatch_pair_count(struct ctx *c, struct str alert_id, int64_t *n)
{
	return db_int(c, "SELECT count(*) FROM dispatch_task WHERE " PAIR_ALIVE, ARGS(V_STR(alert_id)), 0, n);
}

enum rc dispatch_second(struct ctx *c, const struct alert_ref *alert, const struct task *first)
{
	struct candidate *list;
	int64_t alive, listed;
	size_t n;

	/* 'first' may not be written yet: it counts as one in any case. */
	TRY(dispatch_pair_count(c, alert->id, &alive));
	TRY(db_int(c, "SELECT count(*) FROM dispatch_task WHERE id = $1 AND two_people = 1", ARGS(V_STR(first->std.id)),
		   0, &listed));
	if (alive + (listed ? 0 : 1) >= PAIR)
		return RC_OK;
	TRY(dispatch_candidates(c, alert, &list, &n));
	for (size_t i = 0; i < n; i++)
		if (candidate_ready(&list[i]) && !list[i].refused && list[i].busy == 0 &&
		    !str_eq(list[i].person_id, first->worker_id))
			return dispatch_offer_to(c, alert, &list[i], first);
	return watch_tell(c, alert->id, "second_wanted", NO_STR); /* the desk finds somebody */
}

enum rc dispatch_need_two(struct ctx *c, struct str task_id, const char *why)
{
	struct alert_ref alert;
	struct task t;

	TRY(entity_fetch(c, &task_entity, task_id, &t));
	if (!t.two_people) {
		t.two_people = true;
		t.two_reason = str_of(why);
		TRY(entity_save(c, &task_entity, &t, "two"));
	}
	TRY(watch_alert_get(c, t.alert_id, &alert));
	return dispatch_second(c, &alert, &t);
}

static enum rc others_there(struct ctx *c, const struct task *t, struct str **ids, size_t *n)
{
	return db_texts(c,
			"SELECT id FROM dispatch_task WHERE alert_id = $1 AND two_people = 1 AND worker_id <> $2"
			" AND state = 'arrived' ORDER BY id LIMIT 20",
			ARGS(V_STR(t->alert_id), V_STR(t->worker_id)), 20, ids, n);
}

enum rc dispatch_pair_arrived(struct ctx *c, struct task *t)
{
	struct str *ids;
	size_t n;

	if (!t->two_people)
		return RC_OK;
	TRY(others_there(c, t, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct task other;

		TRY(entity_fetch(c, &task_entity, ids[i], &other));
		t->second_at = other.arrived_at;
		other.second_at = t->arrived_at;
		TRY(entity_save(c, &task_entity, &other, "second"));
	}
	return n ? RC_OK : watch_tell(c, t->alert_id, "second_awaited", NO_STR);
}

enum rc dispatch_pair_left(struct ctx *c, const struct task *t)
{
	struct str *ids;
	size_t n;

	if (!t->two_people || t->arrived_at == 0)
		return RC_OK;
	TRY(others_there(c, t, &ids, &n));
	for (size_t i = 0; i < n && n == 1; i++) { /* of three two are still there */
		struct task other;

		TRY(entity_fetch(c, &task_entity, ids[i], &other));
		other.second_at = 0;
		TRY(entity_save(c, &task_entity, &other, "second"));
	}
	return RC_OK;
}
