#include "dispatch_rig.h"

#include "domain/dispatch/dispatch.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing.h"
#include "domain/watch/watch.h"
#include "files/files.h"

#include <string.h>

const struct module *const town_modules[] = {
	&files_module, &places_module, &people_module, &sensing_module, &watch_module, &dispatch_module, NULL
};

static const char *const desk[] = { "watch.alert.*",
				    "dispatch.read",
				    "dispatch.send",
				    "dispatch.handover",
				    "dispatch.door.approve",
				    "dispatch.mark.write",
				    NULL };
static const char *const head[] = { "watch.alert.*", "dispatch.*", NULL };
static const char *const field[] = { "dispatch.work", NULL };
static const char *const office[] = { "dispatch.read", NULL };
const struct role town_roles[] = { { "seat", desk },
				   { "head", head },
				   { "grid_worker", field },
				   { "property", field },
				   { "guard", field },
				   { "office", office },
				   { 0 } };

static const struct actor *nobody_else(void)
{
	static const struct actor system = { .kind = WHO_SYSTEM };

	return &system;
}

static const char *place(struct town *t, const char *parent, const char *kind, const char *code, const char *more)
{
	return create(t->r, nobody_else(), "/api/places/place",
		      fmt(t->r, "{\"kind\":\"%s\",\"code\":\"%s\",\"name\":\"%s\"%s%s%s%s}", kind, code, code,
			  parent ? ",\"parent_id\":\"" : "", parent ? parent : "", parent ? "\"" : "", more));
}

static const char *path_of(struct town *t, const char *id)
{
	return text_at(t->r, call(t->r, nobody_else(), "GET", fmt(t->r, "/api/places/place/%s", id), NULL, 200),
		       "path");
}

static void person(struct town *t, enum worker w, const char *name, const char *role, const char *place_id)
{
	t->person[w] =
		create(t->r, nobody_else(), "/api/people/person",
		       fmt(t->r, "{\"name\":\"Full %s\",\"display\":\"%s\",\"phone\":\"13870012345\"}", name, name));
	create(t->r, nobody_else(), "/api/people/post",
	       fmt(t->r, "{\"person_id\":\"%s\",\"role\":\"%s\",\"place_id\":\"%s\"}", t->person[w], role, place_id));
	t->worker[w] = rig_actor(t->r, t->person[w], fmt(t->r, "%s@%s", role, path_of(t, place_id)), NULL);
}

void town_build(struct town *t, struct rig *r)
{
	*t = (struct town){ .r = r };
	const char *city = place(t, NULL, "city", "36", ""), *d = place(t, city, "district", "3601", "");
	const char *s = place(t, d, "subdistrict", "360102", "");

	t->north = place(t, s, "community", "n1", "");
	t->south = place(t, s, "community", "s1", "");
	t->grid = place(t, t->north, "grid", "g1", "");
	const char *grid2 = place(t, t->north, "grid", "g2", "");

	t->building =
		place(t, t->north, "building", "3", fmt(r, ",\"grid_id\":\"%s\",\"lon\":115.9,\"lat\":28.68", t->grid));
	t->dwelling = place(t, place(t, t->building, "unit", "2", ""), "dwelling", "501", "");
	t->far = place(t, t->south, "building", "9", "");
	t->north_path = path_of(t, t->north);
	t->south_path = path_of(t, t->south);
	person(t, ANN, "Ann", "grid_worker", t->grid);
	person(t, BOB, "Bob", "property", t->north);
	person(t, CID, "Cid", "guard", grid2);
	person(t, DAN, "Dan", "grid_worker", t->south);
	person(t, EVE, "Eve", "office", t->north);
	t->desk = rig_actor(r, "desk1", fmt(r, "seat@%s", t->north_path), NULL);
	t->south_desk = rig_actor(r, "desk2", fmt(r, "seat@%s", t->south_path), NULL);
	t->head = rig_actor(r, "head1", fmt(r, "head@%s", t->north_path), NULL);
	t->city = rig_actor(r, "city1", "head@", NULL);
}

const char *when(struct town *t, int64_t at_time)
{
	char text[TIME_TEXT];

	return arena_dup(t->r->arena, time_text(at_time, text)).p;
}

const char *shift(struct town *t, enum worker w, const char *kind, int hours)
{
	return create(
		t->r, t->city, SHIFT,
		fmt(t->r,
		    "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"from_at\":\"%s\",\"to_at\":\"%s\",\"kind\":\"%s\"}",
		    t->person[w], w == DAN ? t->south : t->north, when(t, t->r->now), when(t, t->r->now + hours * HOUR),
		    kind));
}

struct asking {
	struct watch_question q;
	struct str id;
	struct rig *r;
};

static enum rc raise_question(struct ctx *c, void *arg)
{
	struct asking *a = arg;

	TRY(watch_raise(c, &a->q, &a->id));
	a->id = arena_dup(a->r->arena, a->id);
	return RC_OK;
}

const char *alert_new(struct town *t, const char *kind, const char *place_id)
{
	struct asking a = { .q = { .kind = str_of(kind), .place_id = str_of(place_id), .severity = WATCH_HIGH },
			    .r = t->r };

	assert_int_equal(app_unit(t->r->app, raise_question, &a), RC_OK);
	settle(t);
	return a.id.p;
}

const char *alert(struct town *t, const char *kind, const char *place_id)
{
	const char *id = alert_new(t, kind, place_id);

	call(t->r, t->city, "POST", fmt(t->r, "/api/watch/alert/%s/ack", id), "{}", 200);
	settle(t);
	return id;
}

const char *offer(struct town *t, const char *alert_id, enum worker w)
{
	const char *id = create(t->r, t->city, TASK,
				fmt(t->r, "{\"alert_id\":\"%s\",\"worker_id\":\"%s\"}", alert_id, t->person[w]));

	settle(t);
	return id;
}

const struct json *step(struct town *t, const struct actor *who, const char *task, const char *verb, const char *body,
			int want)
{
	return call(t->r, who, "POST", fmt(t->r, TASK "/%s/%s", task, verb), body ? body : "{}", want);
}

const char *state_of(struct town *t, const char *task)
{
	return text_at(t->r, call(t->r, t->city, "GET", fmt(t->r, TASK "/%s", task), NULL, 200), "state");
}

const char *task_in(struct town *t, const char *alert_id, const char *state)
{
	const struct json *j =
		call(t->r, t->city, "GET", fmt(t->r, TASK "?alert_id=%s&state=%s", alert_id, state), NULL, 200);
	const char *id = text_at(t->r, j, "items.0.id");

	return id[0] ? id : NULL;
}

void settle(struct town *t)
{
	assert_int_equal(app_run_job(t->r->app, "dispatch.expire"), RC_OK);
	assert_int_equal(app_settle(t->r->app), RC_OK);
	if (count(t->r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL") != 0)
		fail_msg("a listener fails");
}

void pass(struct town *t, int64_t span)
{
	t->r->now += span;
	settle(t);
}
