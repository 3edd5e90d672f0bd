/* demo.c - the demo: Beilin (S5), Shanghai Road "3+1" (S6), Jingtai Garden (S7)
 * and Honggu Spring (S8), put side by side under one duty desk.  The streets are invented, and so are
 * the people; what a community declares about itself (0.97 km2) is kept as a
 * claim beside what is computed.
 */
#include "app/demo_inner.h"

#include "domain/watch/watch.h"
#include "sys/file.h"

#include <string.h>

/* ---- helpers ----------------------------------------------------------------- */

enum rc demo_ask(struct demo *d, struct str method, struct str path, struct str body, const struct json **ret)
{
	static const struct actor system = { .kind = WHO_SYSTEM };
	struct request rq = { .method = method, .path = path, .body = body };
	struct str rest = path;
	struct json_error err;
	struct json *j = NULL;

	(void)str_cut(&rest, '?', &rq.path);
	rq.query = rest;
	struct response rs = app_handle_as(d->app, d->arena, d->who ? d->who : &system, &rq);

	if (rs.body.n && json_parse(d->arena, rs.body, 0, &j, &err) != RC_OK)
		return RC_BUG;
	if (rs.status >= 300) {
		fprintf(stderr, "demo: " FMT_STR ": %d " FMT_STR "\n", ARG_STR(path), rs.status, ARG_STR(rs.body));
		return RC_BUG;
	}
	if (ret)
		*ret = j;
	return RC_OK;
}

enum rc demo_first(struct demo *d, struct str path_and_query, const struct json **ret)
{
	const struct json *list, *items;

	TRY(demo_ask(d, STR("GET"), path_and_query, NO_STR, &list));
	items = json_get(list, "items");
	*ret = items ? items->child : NULL;
	return RC_OK;
}

enum rc demo_person(struct demo *d, const char *key, struct str value, const struct json **ret)
{
	TRY(demo_first(d, STR("/api/people/person?limit=200"), ret));
	while (*ret && !str_eq(json_get_text(*ret, key), value))
		*ret = (*ret)->next;
	return RC_OK;
}

enum rc demo_place(struct demo *d, const char *path, struct str *ret)
{
	struct str full = arena_fmt(d->arena, DEMO_AREA "%s", path);

	const struct json *found;

	TRY(demo_first(d, arena_fmt(d->arena, "/api/places/place?path=" FMT_STR, ARG_STR(full)), &found));
	*ret = json_get_text(found, "id");
	if (ret->p)
		return RC_OK;
	fprintf(stderr, "demo: no place " FMT_STR "\n", ARG_STR(full));
	return RC_BUG;
}

struct buf demo_body(struct demo *d)
{
	struct buf b = buf_new(d->arena, 1 << 20);

	json_open(&b, '{');
	return b;
}

enum rc demo_make(struct demo *d, const char *entity, const struct buf *body, struct str *id)
{
	const struct json *made;
	struct buf b = *body;

	json_close(&b, '}');
	TRY(demo_ask(d, STR("POST"), arena_fmt(d->arena, "/api/%s", entity), buf_str(&b), &made));
	if (id)
		*id = json_get_text(made, "id");
	return RC_OK;
}

/* ---- rules, and the one who asked to be watched --------------------------------- */

static enum rc install_rules(struct ctx *c, void *arg)
{
	return watch_seed_rules(c, *(const struct str *)arg);
}

static enum rc seed_rules(struct demo *d, const char *community)
{
	const struct json *known;
	struct str place;

	TRY(demo_place(d, community, &place));
	TRY(demo_first(d, arena_fmt(d->arena, "/api/watch/rule?place_id=" FMT_STR, ARG_STR(place)), &known));
	return known ? RC_OK : app_unit(d->app, install_rules, &place);
}

struct last_sight {
	struct str watch, source;
	int64_t at;
};

/* Three days ago but for a moment: the question comes up a minute after the
 * start. */
static enum rc set_last_sight(struct ctx *c, void *arg)
{
	const struct last_sight *l = arg;

	return watch_welfare_seen(c, l->watch, l->source, l->at);
}

enum { WATCH_HOURS = 72, WATCH_LEFT_S = 75 };

static enum rc write_sources(struct demo *d, struct buf *b, struct str *last)
{
	const struct json *device;

	json_key(b, "sources");
	json_open(b, '[');
	for (size_t i = 0; i < n_demo_devices; i++) {
		if (demo_devices[i].does != DEMO_CHOSEN)
			continue;
		TRY(demo_first(d, arena_fmt(d->arena, "/api/sensing/device?source=%s", demo_devices[i].source),
			       &device));
		*last = json_get_text(device, "id");
		json_text(b, *last);
	}
	json_close(b, ']');
	return RC_OK;
}

static enum rc seed_welfare(struct demo *d)
{
	struct last_sight l = { .at = d->now - WATCH_HOURS * HOUR + WATCH_LEFT_S * SECOND };
	const struct json *known, *person;
	struct buf b = demo_body(d);
	struct str dwelling;

	TRY(demo_place(d, DEMO_WATCHED, &dwelling));
	TRY(demo_first(d, arena_fmt(d->arena, "/api/watch/welfare?dwelling_id=" FMT_STR, ARG_STR(dwelling)), &known));
	if (known)
		return RC_OK;
	TRY(demo_person(d, "place_id", dwelling, &person));
	json_put_text(&b, "dwelling_id", dwelling);
	json_put_text(&b, "person_id", json_get_text(person, "id"));
	json_put_int(&b, "hours", WATCH_HOURS);
	json_put_text(&b, "consent_text_version", STR("2026-01"));
	json_put_time(&b, "consent_at", d->now - 120 * DAY);
	TRY(write_sources(d, &b, &l.source));
	TRY(demo_make(d, "watch/welfare", &b, &l.watch));
	return app_unit(d->app, set_last_sight, &l);
}

enum rc demo_seed_watch(struct demo *d)
{
	static const char *const communities[] = { "beilin.", "jingtai.", "honggu." };

	for (size_t i = 0; i < COUNT(communities); i++)
		TRY(seed_rules(d, communities[i]));
	return seed_welfare(d);
}

/* ---- all of it -------------------------------------------------------------------- */

static enum rc read_clock(struct ctx *c, void *arg)
{
	*(int64_t *)arg = c->now;
	return RC_OK;
}

enum rc demo_seed(struct app *a, const char *data_folder)
{
	struct demo d = { .app = a, .folder = data_folder, .arena = arena_new((size_t)256 << 20) };
	enum rc rc = app_unit(a, read_clock, &d.now);

	rc = rc == RC_OK ? demo_seed_places(&d) : rc;
	rc = rc == RC_OK ? demo_seed_enclosures(&d) : rc;
	rc = rc == RC_OK ? demo_seed_people(&d) : rc;
	rc = rc == RC_OK ? demo_seed_duty(&d) : rc;
	rc = rc == RC_OK ? demo_seed_devices(&d) : rc;
	rc = rc == RC_OK ? demo_seed_gates(&d) : rc;
	rc = rc == RC_OK ? demo_seed_watch(&d) : rc;
	rc = rc == RC_OK ? demo_seed_registers(&d) : rc;
	arena_free(d.arena);
	return rc;
}

void demo_say(FILE *out)
{
	fprintf(out, "the demo's accounts, password " DEMO_PASSWORD ":\n"
		     "  chenxiao    duty desk\n"
		     "  wangjing    grid worker\n"
		     "  zhoumin     grid worker\n"
		     "  liguoqiang  grid worker, resting\n"
		     "  linfang     resident\n"
		     "  guard       guard at Jingtai's north gate\n"
		     "  home301     household in Jingtai, 1-1-301\n"
		     "  admin       everything\n");
}
