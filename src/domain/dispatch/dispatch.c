/* dispatch.c - the module: shifts, routes, jobs. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/dispatch/dispatch.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "dispatch_schema.h"

enum { SHIFT_MOST = 24 * 60 * 60 };

/* ---- shifts ------------------------------------------------------------------------ */

const char *const dispatch_shift_kinds[] = { "seat", "deputy", "field", "rest", NULL };

static const struct field shift_fields[] = {
	F_STD(struct shift),
	F_REF(struct shift, person_id, "people.person", REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct shift, person_name, 1, 200, DERIVED | P1),
	F_TEXT(struct shift, role, 1, 64, FIXED | P1),
	F_REF(struct shift, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct shift, place_path, DERIVED | P1),
	F_TIME(struct shift, from_at, REQUIRED | FILTER | P1),
	F_TIME(struct shift, to_at, REQUIRED | FILTER | P1),
	F_ENUM(struct shift, kind, dispatch_shift_kinds, REQUIRED | FILTER | P1),
	F_TEXT(struct shift, note, 0, 1000, P1),
};

/* Nobody is twice at the same post; who rests may rest twice over. */
static enum rc check_free(struct ctx *c, const struct shift *s)
{
	int64_t taken;

	if (s->kind == SHIFT_REST)
		return RC_OK;
	TRY(db_int(
		c,
		"SELECT count(*) FROM dispatch_shift WHERE person_id = $1 AND kind = $2 AND from_at < $3 AND to_at > $4"
		" AND id <> $5",
		ARGS(V_STR(s->person_id), V_Z(dispatch_shift_kinds[s->kind]), V_INT(s->to_at), V_INT(s->from_at),
		     V_STR(s->std.id)),
		0, &taken));
	return taken ? FAIL(c, RC_CONFLICT, "shift_overlap", STR("from_at"), "the person has such a shift in this time")
		     : RC_OK;
}

static enum rc check_span(struct ctx *c, void *row, const struct json *in)
{
	const struct shift *s = row;

	(void)in;
	if (s->to_at <= s->from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a shift ends after it begins");
	if (s->to_at - s->from_at > SHIFT_MOST * SECOND)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a shift lasts at most 24 hours");
	return check_free(c, s);
}

enum rc dispatch_shift_fill(struct ctx *c, void *row, const struct json *in)
{
	struct shift *s = row;
	struct place_ref place;
	struct person_ref person;

	TRY(places_get(c, s->place_id, "place_id", &place));
	TRY(people_person_get(c, s->person_id, "person_id", &person));
	if (!person.active || person.display.p == NULL)
		return FAIL(c, RC_INVALID, "no_post", STR("person_id"), "only a person with a post can be on duty");
	s->place_path = place.path;
	s->person_name = person.display;
	return check_span(c, row, in);
}

static const struct see shift_see[] = { { "dispatch.read", SEE_PLACE }, { "dispatch.work", SEE_OWN }, { 0 } };
static const struct sort shift_sorts[] = { { "from_at", { "from_at" } }, { "-from_at", { "-from_at" } }, { 0 } };

const struct entity shift_entity = {
	.module = "dispatch",
	.name = "shift",
	.table = "dispatch_shift",
	.size = sizeof(struct shift),
	.fields = shift_fields,
	.n_fields = COUNT(shift_fields),
	.see = shift_see,
	.perm = { .create = "dispatch.shift.write", .update = "dispatch.shift.write", .export = "dispatch.export" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.sorts = shift_sorts,
	.on_create = dispatch_shift_fill,
	.on_update = check_span,
	.purpose = "duty_rota",
	.basis = "duty",
	.keep_days = 730,
};

/* ---- routes -------------------------------------------------------------------------- */

static enum rc asked_alert(struct ctx *c, struct alert_ref *alert)
{
	struct str id = request_query(c, "alert");

	if (id.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("alert"), "?alert=<id> is needed");
	return watch_alert_load(c, id, alert);
}

static void word(struct buf *out, const char *code)
{
	json_open(out, '{');
	json_put_text(out, "code", str_of(code));
	json_close(out, '}');
}

static void word_n(struct buf *out, const char *code, int64_t n)
{
	json_open(out, '{');
	json_put_text(out, "code", str_of(code));
	json_put_int(out, "n", n);
	json_close(out, '}');
}

static void write_candidate(const struct candidate *k, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "person_id", k->person_id);
	json_put_text(out, "name", k->name);
	json_put_bool(out, "can_send", candidate_ready(k));
	json_key(out, "reasons");
	json_open(out, '[');
	if (k->own_grid)
		word(out, "own_grid");
	if (k->on_shift)
		word(out, "on_shift");
	if (k->has_position) {
		word_n(out, "on_foot_min", k->foot_min);
		word_n(out, "position_age_min", k->position_age_min);
	}
	json_close(out, ']');
	json_key(out, "shortfalls");
	json_open(out, '[');
	if (!k->on_shift)
		word(out, "off_shift");
	if (k->resting_until) {
		json_open(out, '{');
		json_put_text(out, "code", STR("resting_until"));
		json_put_time(out, "at", k->resting_until);
		json_close(out, '}');
	}
	if (k->busy)
		word_n(out, "busy", k->busy);
	if (k->refused)
		word(out, "refused_before");
	if (!k->has_position)
		word(out, "no_position");
	if (!k->own_grid)
		word(out, "other_grid");
	json_close(out, ']');
	json_close(out, '}');
}

static enum rc candidates(struct ctx *c, struct call *k)
{
	struct alert_ref alert;
	struct candidate *list;
	size_t n;

	TRY(asked_alert(c, &alert));
	TRY(dispatch_candidates(c, &alert, &list, &n));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < n; i++)
		write_candidate(&list[i], k->out);
	json_close(k->out, ']');
	TRY(dispatch_mark_write(c, &alert, k->out));
	json_close(k->out, '}');
	return RC_OK;
}

struct writing {
	struct buf *out;
};

static enum rc write_task(struct ctx *c, void *row, void *arg)
{
	entity_write(c, &task_entity, row, ((struct writing *)arg)->out);
	return RC_OK;
}

static enum rc mine(struct ctx *c, struct call *k)
{
	struct writing w = { k->out };

	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(entity_each(
		c, &task_entity,
		"worker_id = $1 AND (state IN ('offered', 'accepted', 'on_the_way', 'arrived') OR updated_at > $2)"
		" ORDER BY CASE WHEN state IN ('arrived', 'on_the_way', 'accepted') THEN 0 WHEN state = 'offered' THEN "
		"1"
		" ELSE 2 END, id DESC LIMIT 50",
		ARGS(V_STR(c->who.id), V_INT(c->now - DAY)), write_task, &w));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

static enum rc form(struct ctx *c, struct call *k)
{
	struct str kind = request_query(c, "kind");

	if (kind.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("kind"), "?kind=<alert kind> is needed");
	dispatch_form_write(kind, k->out);
	return RC_OK;
}

static enum rc door_code(struct ctx *c, struct call *k)
{
	struct place_ref place;

	TRY(places_get(c, request_query(c, "place"), "place", &place));
	if (!ctx_may_at(c, "dispatch.send", place.path))
		return FAIL(c, RC_MISSING, "not_found", STR("place"), "no such place");
	json_open(k->out, '{');
	json_put_text(k->out, "place_id", place.id);
	json_put_text(k->out, "label", place.label);
	json_put_text(k->out, "code", dispatch_door_code(c, place.id));
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- the seat --------------------------------------------------------------------------- */

static enum rc seat_of(struct ctx *c, struct str person, struct buf *out)
{
	struct shift s;
	bool found;

	TRY(entity_find(
		c, &shift_entity,
		"person_id = $1 AND kind IN ('seat', 'deputy') AND from_at <= $2 AND to_at > $2 ORDER BY kind DESC",
		ARGS(V_STR(person), V_INT(c->now)), &s, &found));
	if (!found)
		return RC_OK;
	json_open(out, '{');
	json_put_text(out, "shift_id", s.std.id);
	json_put_text(out, "kind", str_of(dispatch_shift_kinds[s.kind]));
	json_put_text(out, "place_id", s.place_id);
	json_put_time(out, "since", s.from_at);
	json_put_time(out, "until", s.to_at);
	json_close(out, '}');
	return RC_OK;
}

struct seats {
	struct str *place;
	int64_t *taken;
	size_t n;
	struct arena *a;
};

static enum rc take_seat(void *arg, const struct row *r)
{
	struct seats *s = arg;

	if (s->n == 1000)
		return RC_LIMIT;
	s->place[s->n] = arena_dup(s->a, r->v[0].s);
	s->taken[s->n++] = r->v[1].i;
	return RC_OK;
}

/* A place that keeps a rota and has nobody on the seat now is itself a question. */
static enum rc watch_seats(struct ctx *c)
{
	struct seats s = { NEW_N(c->arena, struct str, 1000), NEW_N(c->arena, int64_t, 1000), 0, c->arena };

	TRY(db_each(c,
		    "SELECT place_id, sum(CASE WHEN from_at <= $1 AND to_at > $1 THEN 1 ELSE 0 END) FROM dispatch_shift"
		    " WHERE kind = 'seat' AND to_at > $2 GROUP BY place_id ORDER BY place_id",
		    ARGS(V_INT(c->now), V_INT(c->now - 7 * DAY)), take_seat, &s));
	for (size_t i = 0; i < s.n; i++) {
		struct watch_question q = { .kind = STR("no_seat"), .place_id = s.place[i], .severity = WATCH_HIGH };

		if (s.taken[i] == 0)
			TRY(watch_raise(c, &q, NULL));
		else
			TRY(watch_over(c, STR("no_seat"), s.place[i]));
	}
	return RC_OK;
}

/* A refusal is heard by ourselves, after it is on record. */
static enum rc on_refuse(struct ctx *c, const struct event *ev)
{
	struct task t;

	TRY(entity_fetch(c, &task_entity, ev->id, &t));
	return dispatch_offer_next(c, &t);
}

/* ---- the module ---------------------------------------------------------------------------- */

static enum rc start(struct ctx *c)
{
	people_set_seat(c, seat_of);
	dispatch_state_start(c);
	return RC_OK;
}

static const char *const needs[] = { "places", "people", "sensing", "watch", NULL };
static const struct entity *const entities[] = { &shift_entity,   &task_entity, &handover_entity, &rung_entity,
						 &attempt_entity, &mark_entity, &calendar_entity, NULL };
static const struct route routes[] = {
	{ .method = "GET", .path = "/api/dispatch/candidates", .perm = "dispatch.send", .run = candidates },
	{ .method = "GET", .path = "/api/dispatch/mine", .perm = "dispatch.work", .run = mine },
	{ .method = "GET", .path = "/api/dispatch/form", .perm = "person", .run = form },
	{ .method = "GET", .path = "/api/dispatch/door_code", .perm = "dispatch.send", .run = door_code },
	{ .method = "GET", .path = "/api/dispatch/figures", .perm = "dispatch.read", .run = dispatch_figures },
	{ .method = "GET", .path = "/api/dispatch/rota.ics", .perm = "public", .run = dispatch_calendar_feed },
	{ .method = "POST",
	  .path = "/api/dispatch/calendar/{id}/renew",
	  .perm = "person",
	  .flags = ROUTE_SECRET,
	  .run = dispatch_calendar_renew },
	{ .method = "POST",
	  .path = "/api/dispatch/rota/import",
	  .perm = "dispatch.shift.write",
	  .prepare = dispatch_import_prepare,
	  .run = dispatch_import_run },
	{ .method = "POST",
	  .path = "/api/dispatch/task/{id}/where",
	  .perm = "dispatch.send",
	  .flags = ROUTE_SECRET,
	  .run = dispatch_where },
	{ .method = "GET", .path = "/api/dispatch/task/{id}/door", .perm = "dispatch.work", .run = dispatch_door },
	{ .method = "POST",
	  .path = "/api/dispatch/task/{id}/door",
	  .perm = "dispatch.work",
	  .flags = ROUTE_JSON,
	  .run = dispatch_try },
	{ .method = "POST",
	  .path = "/api/dispatch/attempt/{id}/contact",
	  .perm = "dispatch.work",
	  .flags = ROUTE_SECRET,
	  .run = dispatch_contact },
	{ .method = "POST",
	  .path = "/api/dispatch/position",
	  .perm = "dispatch.work",
	  .flags = ROUTE_JSON | ROUTE_EMPTY,
	  .run = dispatch_position },
	{ 0 },
};
static const struct job jobs[] = {
	{ .name = "dispatch.expire", .period = SECOND, .run = dispatch_expire },
	{ .name = "dispatch.checkins", .period = SECOND, .run = dispatch_checkins },
	{ .name = "dispatch.seats", .period = 30 * SECOND, .run = watch_seats },
	{ .name = "dispatch.positions", .period = 5 * MINUTE, .run = dispatch_forget_positions },
	{ 0 },
};
static const struct listener listeners[] = { { "dispatch.task.refuse", on_refuse }, { 0 } };
static const struct column_note columns[] = {
	{ "dispatch_count", "*", P0, "numbering", "duty", 0 },
	{ "dispatch_position", "*", P3, "send_the_nearest", "consent", 1 },
	{ 0 },
};

const struct module dispatch_module = {
	.name = "dispatch",
	.schema = dispatch_schema,
	.needs = needs,
	.entities = entities,
	.routes = routes,
	.listeners = listeners,
	.jobs = jobs,
	.columns = columns,
	.state_size = DISPATCH_STATE,
	.start = start,
	.stop = dispatch_state_stop,
};
