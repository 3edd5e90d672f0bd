#include "access_rig.h"

#include "domain/access/access.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing.h"
#include "files/files.h"

#include <stdio.h>
#include <string.h>

const struct module *const site_modules[] = { &files_module,   &places_module, &people_module,
					      &sensing_module, &access_module, NULL };

static const char *const guard[] = { "places.place.read",   "access.read",        "access.gate",   "access.visit.read",
				     "access.visit.reveal", "access.visit.staff", "access.muster", NULL };
static const char *const property[] = { "access.read",
					"access.gate",
					"access.visit.read",
					"access.visit.staff",
					"access.credential.read",
					"access.credential.manage",
					"access.credential.reveal",
					NULL };
static const char *const head[] = { "access.*", "sensing.*", "places.*", "people.*", NULL };
static const char *const desk[] = { "access.read", "access.figures", NULL };
static const char *const resident[] = { "places.place.read", "access.host", NULL };
const struct role site_roles[] = { { "guard", guard }, { "property", property }, { "head", head },
				   { "desk", desk },   { "resident", resident }, { 0 } };

static const struct actor *the_system(void)
{
	static const struct actor system = { .kind = WHO_SYSTEM };

	return &system;
}

static const char *place(struct rig *r, const char *parent, const char *kind, const char *code)
{
	return create(r, the_system(), "/api/places/place",
		      fmt(r, "{\"kind\":\"%s\",\"code\":\"%s\",\"name\":\"%s\"%s%s%s}", kind, code, code,
			  parent ? ",\"parent_id\":\"" : "", parent ? parent : "", parent ? "\"" : ""));
}

static const char *path_of(struct rig *r, const char *id)
{
	return text_at(r, call(r, the_system(), "GET", fmt(r, "/api/places/place/%s", id), NULL, 200), "path");
}

static const char *person(struct rig *r, const char *name, const char *place_id)
{
	return create(r, the_system(), "/api/people/person",
		      fmt(r, "{\"name\":\"Full %s\",\"phone\":\"13870012345\",\"place_id\":\"%s\"}", name, place_id));
}

static void device(struct site *s, enum lane i, const char *source)
{
	struct rig *r = s->r;

	s->device[i] = create(r, the_system(), "/api/sensing/device",
			      fmt(r, "{\"name\":\"%s\",\"kind\":\"gate\",\"source\":\"%s\",\"place_id\":\"%s\"}",
				  source, source, s->north));
	call(r, the_system(), "POST", fmt(r, "/api/sensing/device/%s/approve", s->device[i]),
	     fmt(r, "{\"place_id\":\"%s\"}", s->north), 200);
	const struct json *j =
		call(r, the_system(), "POST", fmt(r, "/api/sensing/device/%s/key", s->device[i]), NULL, 200);

	s->auth[i] = fmt(r, "Device %s.%s", s->device[i], text_at(r, j, "key"));
}

#define WAYS                                                                                               \
	"[{\"method\":\"card\"},{\"method\":\"phone\"},{\"method\":\"visitor_code\"},{\"method\":\"qr\"}," \
	"{\"method\":\"plate\"},{\"method\":\"face\"},{\"method\":\"guard\"}]"

static void lane(struct site *s, enum lane i, const char *door, const char *direction)
{
	struct rig *r = s->r;

	device(s, i, fmt(r, "gate/%d", (int)i));
	s->lane[i] = create(
		r, s->head, A "lane",
		fmt(r,
		    "{\"name\":\"lane %d\",\"door_id\":\"%s\",\"direction\":\"%s\",\"device_id\":\"%s\",\"ways\":" WAYS
		    ",\"assessment\":\"PIA-1\"}",
		    (int)i, door, direction, s->device[i]));
	call(r, s->head, "POST", fmt(r, A "lane/%s/switch_on", s->lane[i]), "{}", 200);
}

struct timing {
	struct clock clock;
};

static enum rc set_uptime(struct ctx *c, void *arg)
{
	access_set_uptime(c, ((struct timing *)arg)->clock);
	return RC_OK;
}

void site_uptime(struct site *s)
{
	struct timing t = { clock_fixed(&s->up) };

	assert_int_equal(app_unit(s->r->app, set_uptime, &t), RC_OK);
}

static void doors(struct site *s)
{
	struct rig *r = s->r;

	s->group = create(r, s->head, A "group", fmt(r, "{\"name\":\"gates\",\"place_id\":\"%s\"}", s->north));
	s->house_group = create(r, s->head, A "group", fmt(r, "{\"name\":\"house\",\"place_id\":\"%s\"}", s->building));
	for (int i = 0; i < 3; i++)
		s->door[i] = create(
			r, s->head, A "door",
			fmt(r, "{\"name\":\"door %d\",\"place_id\":\"%s\",\"group_id\":\"%s\",\"area_id\":\"%s\"}", i,
			    i == 2 ? s->building : s->north, i == 2 ? s->house_group : s->group,
			    i == 2 ? s->building : s->north));
	lane(s, MAIN, s->door[0], "both");
	lane(s, MAIN_OUT, s->door[0], "out");
	lane(s, SIDE, s->door[1], "both");
	lane(s, HOUSE, s->door[2], "both");
}

void site_build(struct site *s, struct rig *r)
{
	*s = (struct site){ .r = r, .up = DAY, .serial = 1 };
	const char *city = place(r, NULL, "city", "36"), *d = place(r, city, "district", "3601"),
		   *sub = place(r, d, "subdistrict", "360102");

	s->north = place(r, sub, "community", "n1");
	s->south = place(r, sub, "community", "s1");
	s->building = place(r, s->north, "building", "3");
	const char *unit = place(r, s->building, "unit", "2");

	s->dwelling = place(r, unit, "dwelling", "501");
	s->other = place(r, unit, "dwelling", "502");
	s->north_path = path_of(r, s->north);
	s->home_path = path_of(r, s->dwelling);
	s->head = rig_actor(r, "head1", fmt(r, "head@%s", s->north_path), NULL);
	s->guard = rig_actor(r, "guard1", fmt(r, "guard@%s", s->north_path), NULL);
	s->property = rig_actor(r, "property1", fmt(r, "property@%s", s->north_path), NULL);
	s->desk = rig_actor(r, "desk1", fmt(r, "desk@%s", s->north_path), NULL);
	s->southerner = rig_actor(r, "head2", fmt(r, "head@%s", path_of(r, s->south)), NULL);
	s->ann = person(r, "Ann", s->dwelling);
	s->bob = person(r, "Bob", s->other);
	s->resident = rig_actor(r, s->ann, fmt(r, "resident@%s", s->home_path), NULL);
	s->neighbour = rig_actor(r, s->bob, fmt(r, "resident@%s", path_of(r, s->other)), NULL);
	site_uptime(s);
	doors(s);
}

/* ---- time ---------------------------------------------------------------------------- */

void site_jobs(struct site *s)
{
	static const char *const jobs[] = { "access.clock", "access.end", "access.held", "access.reconcile",
					    "access.purge" };

	for (size_t i = 0; i < COUNT(jobs); i++)
		assert_int_equal(app_run_job(s->r->app, jobs[i]), RC_OK);
	assert_int_equal(app_settle(s->r->app), RC_OK);
}

void site_pass(struct site *s, int64_t span)
{
	s->r->now += span;
	s->up += span;
	site_jobs(s);
}

void site_leap(struct site *s, int64_t span)
{
	s->r->now += span;
	site_jobs(s);
}

const char *when(struct site *s, int64_t from_now)
{
	char text[TIME_TEXT];

	return arena_dup(s->r->arena, time_text(s->r->now + from_now, text)).p;
}

/* ---- at the gate ------------------------------------------------------------------------ */

const struct json *site_device(struct site *s, enum lane lane, const char *method, const char *path, const char *body,
			       int want)
{
	s->r->auth = s->auth[lane];
	const struct json *j = call(s->r, NULL, method, path, body, want);

	s->r->auth = NULL;
	return j;
}

const struct json *site_swipe(struct site *s, enum lane lane, const char *body)
{
	return site_device(s, lane, "POST", A "swipe", fmt(s->r, "{\"serial\":%lld,%s}", (long long)s->serial++, body),
			   200);
}

const char *site_says(struct site *s, enum lane lane, const char *body)
{
	const struct json *j = site_swipe(s, lane, body);

	return fmt(s->r, "%s %s", text_at(s->r, j, "verdict"), text_at(s->r, j, "reason"));
}

const char *site_card(struct site *s, const char *token, const char *more)
{
	return create(s->r, s->property, A "credential",
		      fmt(s->r,
			  "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"holder\":\"resident\",\"method\":\"card\","
			  "\"token\":\"%s\",\"rights\":[{\"group_id\":\"%s\"}]%s}",
			  s->ann, s->dwelling, token, s->group, more));
}

const char *site_visit(struct site *s, const char *more, const char **code, const char **pass)
{
	const char *id = create(
		s->r, s->resident, A "visit",
		fmt(s->r, "{\"dwelling_id\":\"%s\",\"purpose\":\"tea\",\"name\":\"Guest\"%s}", s->dwelling, more));
	const struct json *j = call(s->r, s->resident, "POST", fmt(s->r, A "visit/%s/code", id), "{}", 200);

	if (code)
		*code = text_at(s->r, j, "code");
	if (pass)
		*pass = text_at(s->r, j, "pass");
	return id;
}

const char *typed(struct site *s, const char *unit, const char *code)
{
	return fmt(s->r, "\"method\":\"visitor_code\",\"unit\":\"%s\",\"code\":\"%s\"", unit, code);
}
