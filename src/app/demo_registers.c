/* demo_registers.c - who lives at Jingtai Garden: homes by the import
 * that an office would use, a rental two sides see differently, an e-bike, a
 * note of what help is needed, and a resident who signs in.  People are called
 * by their dwelling: nobody's name is made up.
 */
#include "app/demo_inner.h"

#include "domain/people/people.h"

#include <string.h>

#define JINGTAI "jingtai."

static const char *const roles[] = { "owner,self", "family,spouse", "family,child", "family,parent" };

/* Two buildings of three: every other flat, one to four people each. */
static struct str homes(struct demo *d)
{
	struct buf t = buf_new(d->arena, 1 << 20);
	unsigned n = 0;

	buf_add(&t, STR("dwelling,name,phone,role,relation,tenure,from\n"));
	for (int b = 1; b <= 2; b++) {
		for (int u = 1; u <= 3; u++) {
			for (int f = 1; f <= 6; f++) {
				unsigned people = 1 + (n * 7 + 3) % 4;

				for (unsigned p = 0; p < people; p++)
					buf_fmt(&t, "%d-%d-%d01,%d-%d-%d01 住户 %u,138%04u%04u,%s,%s,20%02u-0%u-01\n",
						b, u, f, b, u, f, p + 1, n % 10000, p, roles[p],
						n % 5 ? "owned" : "rented", 10 + n % 14, 1 + n % 9);
				n++;
			}
		}
	}
	/* The resident who signs in, and the watched one's neighbour. */
	buf_add(&t, STR("3-1-201,3-1-201 住户 1,13800002010,owner,self,owned,2015-06-01\n"
			"3-1-201,3-1-201 住户 2,,family,child,owned,2015-06-01\n"));
	return buf_str(&t);
}

static void say(void *arg, size_t row, const char *code, const char *field, const char *detail)
{
	(void)arg;
	fprintf(stderr, "demo: home %zu: %s %s %s\n", row, code, field, detail);
}

static enum rc bring_homes(struct ctx *c, void *arg)
{
	struct people_import_options o = { .what = PEOPLE_HOUSEHOLDS, .under = STR(DEMO_AREA JINGTAI), .report = say };
	struct people_import_result r;

	TRY(people_import(c, homes(arg), &o, &r));
	return r.refused ? FAIL(c, RC_BUG, "demo", NO_STR, "the demo's homes are refused") : RC_OK;
}

static enum rc person_named(struct demo *d, const char *name, struct str *ret)
{
	const struct json *found;
	struct str after = STR("");

	*ret = NO_STR;
	while (after.p && ret->p == NULL) {
		TRY(demo_ask(d, STR("GET"),
			     arena_fmt(d->arena, "/api/people/person?limit=200&after=" FMT_STR, ARG_STR(after)), NO_STR,
			     &found));
		after = json_get_text(found, "next");
		for (const struct json *j = json_get(found, "items")->child; j && ret->p == NULL; j = j->next)
			if (str_is(json_get_text(j, "name"), name))
				*ret = json_get_text(j, "id");
		if (after.n == 0)
			break;
	}
	return ret->p ? RC_OK : RC_BUG;
}

static enum rc make(struct demo *d, const char *entity, struct str body)
{
	return demo_ask(d, STR("POST"), arena_fmt(d->arena, "/api/%s", entity), body, NULL);
}

struct account {
	struct str id;
};

static enum rc give_login(struct ctx *c, void *arg)
{
	const struct account *a = arg;

	return people_person_login(c, a->id, STR("linfang"), STR(DEMO_PASSWORD));
}

static enum rc add_resident(struct demo *d, struct str *id)
{
	struct account a;

	TRY(person_named(d, "3-1-201 住户 1", &a.id));
	*id = a.id;
	return app_unit(d->app, give_login, &a);
}

/* 1-2-301 is rented out; the tenant says there are more of them. */
static enum rc add_rental(struct demo *d, struct str owner)
{
	char from[TIME_TEXT], to[TIME_TEXT];
	const struct json *made;
	struct str place, tenant;
	struct actor who = { .kind = WHO_PERSON };

	time_text(d->now - 90 * DAY, from);
	time_text(d->now + 20 * DAY, to);
	TRY(demo_place(d, JINGTAI "1.2.301.", &place));
	TRY(person_named(d, "1-2-301 住户 1", &tenant));
	TRY(demo_ask(d, STR("POST"), STR("/api/people/tenancy"),
		     arena_fmt(d->arena,
			       "{\"place_id\":\"" FMT_STR "\",\"side\":\"landlord\",\"landlord_id\":\"" FMT_STR
			       "\",\"tenant_id\":\"" FMT_STR "\",\"from_at\":\"%s\",\"to_at\":\"%s\",\"occupants\":2}",
			       ARG_STR(place), ARG_STR(owner), ARG_STR(tenant), from, to),
		     &made));
	who.id = tenant;
	d->who = &who;
	enum rc rc = demo_ask(
		d, STR("POST"),
		arena_fmt(d->arena, "/api/people/tenancy/" FMT_STR "/dispute", ARG_STR(json_get_text(made, "id"))),
		STR("{\"other_says\":\"实际住了四个人\",\"other_occupants\":4}"), NULL);

	d->who = NULL;
	return rc;
}

static enum rc add_notes(struct demo *d, struct str person)
{
	char end[TIME_TEXT];
	struct str community;

	time_text(d->now + 180 * DAY, end);
	TRY(demo_place(d, JINGTAI, &community));
	TRY(make(d, "people/capacity",
		 arena_fmt(d->arena, "{\"place_id\":\"" FMT_STR "\",\"most\":6,\"decision\":\"社区议事会 2026-03\"}",
			   ARG_STR(community))));
	TRY(make(d, "people/vehicle",
		 arena_fmt(d->arena,
			   "{\"person_id\":\"" FMT_STR
			   "\",\"kind\":\"e_bike\",\"plate\":\"南昌 123456\",\"frame_number\":"
			   "\"TDR202600012345\",\"charging\":\"shed\"}",
			   ARG_STR(person))));
	TRY(make(d, "people/vehicle",
		 arena_fmt(d->arena, "{\"person_id\":\"" FMT_STR "\",\"kind\":\"car\",\"plate\":\"赣A·D12345\"}",
			   ARG_STR(person))));
	TRY(make(d, "people/consent",
		 arena_fmt(d->arena,
			   "{\"person_id\":\"" FMT_STR
			   "\",\"purpose\":\"special_care\",\"text_version\":\"2026-01\",\"channel\":\"paper\"}",
			   ARG_STR(person))));
	return make(d, "people/care",
		    arena_fmt(d->arena,
			      "{\"person_id\":\"" FMT_STR "\",\"need\":\"hearing\",\"text\":\"敲门后请按门铃\","
			      "\"purpose\":\"visit\",\"basis\":\"consent\","
			      "\"roles\":[\"grid_worker\",\"seat\"],\"ends_at\":\"%s\"}",
			      ARG_STR(person), end));
}

enum rc demo_seed_registers(struct demo *d)
{
	const struct json *known;
	struct str resident;

	TRY(demo_first(d, STR("/api/people/capacity"), &known));
	if (known) /* the last but for notes: all is there */
		return RC_OK;
	TRY(app_unit(d->app, bring_homes, d));
	TRY(add_resident(d, &resident));
	TRY(add_rental(d, resident));
	return add_notes(d, resident);
}
