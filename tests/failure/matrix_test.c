/* Who sees what, over the whole program: every operation that reads, every role,
 * rows at the own place, below it, beside it and above it; nothing personal in
 * any answer.  The tables are derived from roles.c by hand. */
#include "fourfold.h"

#include "files/files.h"

#include <stdio.h>
#include <string.h>

enum { ROLES = 11 };
static const char *const roles[ROLES] = { "admin",    "seat",  "deputy", "head",     "office", "grid_worker",
					  "property", "guard", "warden", "resident", "device" };

/* A letter for each role: s what lies at the place and below it, o what is about
 * the caller himself, x 403. */
static const struct {
	const char *entity, *cells;
} entities[] = {
	/* clang-format off */
	{ "places.place", "ssssssssssx" },
	{ "places.outline", "sssssxxxxxx" },
	{ "places.segment", "ssssssssssx" },
	{ "places.entrance", "ssssssssssx" },
	{ "places.plan", "sssssxxxxxx" },
	{ "places.checkpoint", "sssssxxxxxx" },
	{ "places.work", "sssssxxxxxx" },
	{ "places.weight", "sssssxxxxxx" },
	{ "places.area", "sssssxxxxxx" },
	{ "places.timetable", "ssssssssssx" },
	{ "places.order", "ssssssssssx" },
	{ "people.person", "ssssooooooo" },
	{ "people.post", "sssssoooooo" },
	{ "people.contact", "ssssooooooo" },
	{ "people.consent", "soosooooooo" },
	{ "people.session", "ooooooooooo" },
	{ "people.household", "ssssosooooo" },
	{ "people.member", "ssssosooooo" },
	{ "people.identity", "ssssosooooo" },
	{ "people.tenancy", "ssssosooooo" },
	{ "people.permit", "ssssosooooo" },
	{ "people.vehicle", "ssssosooooo" },
	{ "people.care", "ssssosooooo" },
	{ "people.correction", "soosooooooo" },
	{ "people.capacity", "ssssxsxxxxx" },
	{ "people.question", "ssssxsxxxxx" },
	{ "sensing.device", "sssssxxxxxx" },
	{ "sensing.channel", "sssssxxxxxx" },
	{ "sensing.gap", "sssssxxxxxx" },
	{ "sensing.drawing", "sssssxxxxxx" },
	{ "watch.rule", "sssssxxxxxx" },
	{ "watch.backtest", "sssssxxxxxx" },
	{ "watch.alert", "sssssxxxxxx" },
	{ "watch.silence", "sssssxxxxxx" },
	{ "watch.escalation", "sssssxxxxxx" },
	{ "watch.welfare", "ssssooooooo" },
	{ "watch.leave", "ssssooooooo" },
	{ "dispatch.shift", "sssssooooxx" },
	{ "dispatch.task", "sssssooooxx" },
	{ "dispatch.calendar", "ooooooooooo" },
	{ "dispatch.handover", "sssssxxxxxx" },
	{ "dispatch.rung", "sssssxxxxxx" },
	{ "dispatch.attempt", "sssssooooxx" },
	{ "dispatch.mark", "ssssxxxxxxx" },
	{ "insight.claim", "sxxssxxxxxx" },
	{ "access.group", "sssssxssxsx" },
	{ "access.schedule", "sssssxssxxx" },
	{ "access.door", "sssssxssxxx" },
	{ "access.lane", "sssssxssxxx" },
	{ "access.credential", "soosoosoooo" },
	{ "access.policy", "sssssxssxxx" },
	{ "access.emergency", "sssssxssxxx" },
	{ "access.opening", "sssssxssxxx" },
	{ "access.wait", "sssssxssxxx" },
	{ "access.visit", "ssssxxssxsx" },
	{ "access.movement", "sxxsxxxxxxx" },
	{ "access.code", "ssssxxssxsx" },
	{ "access.parcel", "ssssxxssxsx" },
	/* clang-format on */
};

/* s: 200 for the own place and below, 404 else; a 200 whatever lies where; n 404; x 403;
 * k 401: a device's key is wanted, whoever asks.
 * '@' is the number of the place in a name: $device@ is $device0 .. $device3. */
static const struct {
	const char *route, *path, *cells;
	const char *key; /* a number in the answer that sums up the own place and below, or NULL */
	int64_t sum;
} others[] = {
	{ "/api/describe", "/api/describe", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/openapi.json", "/api/openapi.json", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/privacy/register", "/api/privacy/register", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/me/looks", "/api/me/looks", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/people/looks", "/api/people/looks", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/people/own/dwelling", "/api/people/own/dwelling?label=3-2-501", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/session/hint", "/api/session/hint", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/files/file", "/api/files/file?entity=watch.alert&row=$alert@", "sssssnnnnnn", NULL, 0 },
	{ "/api/files/file/{id}", "/api/files/file/$file@", "sssssnnnnnn", NULL, 0 },
	{ "/api/places/map", "/api/places/map?under=$place@", "ssssssssssx", NULL, 0 },
	{ "/api/places/find", "/api/places/find?lon=115.9&lat=28.68", "aaaaaaaaaax", NULL, 0 },
	{ "/api/places/search", "/api/places/search?q=s", "aaaaaaaaaax", NULL, 0 },
	{ "/api/places/outline/{id}/export", "/api/places/outline/$outline@/export", "sssssxxxxxx", NULL, 0 },
	{ "/api/places/edges", "/api/places/edges?under=$place@", "ssssssssssx", NULL, 0 },
	{ "/api/places/edges", "/api/places/edges", "aaaaaaaaaax", NULL, 0 },
	{ "/api/places/completion", "/api/places/completion?under=$place@", "sssssxxxxxx", NULL, 0 },
	{ "/api/places/completion", "/api/places/completion", "aaaaaxxxxxx", "finished.d", 2 },
	{ "/api/places/mode", "/api/places/mode?place=$place@", "ssssssssssx", NULL, 0 },
	{ "/api/insight/compare", "/api/insight/compare", "axxaaxxxxxx", NULL, 0 },
	{ "/api/sensing/health", "/api/sensing/health", "aaaaaxxxxxx", "total", 2 },
	{ "/api/sensing/lens", "/api/sensing/lens", "kkkkkkkkkkk", NULL, 0 },
	{ "/api/sensing/coverage", "/api/sensing/coverage?device_id=$device@", "sssssxxxxxx", NULL, 0 },
	{ "/api/sensing/event", "/api/sensing/event?device_id=$device@", "ssssxxxxxxx", NULL, 0 },
	{ "/api/sensing/event", "/api/sensing/event", "aaaaxxxxxxx", NULL, 0 },
	{ "/api/watch/rule/{id}/revisions", "/api/watch/rule/$rule@/revisions", "sssssxxxxxx", NULL, 0 },
	{ "/api/watch/alert/{id}/case", "/api/watch/alert/$alert@/case", "sssssxxxxxx", NULL, 0 },
	{ "/api/watch/alert/{id}/timeline", "/api/watch/alert/$alert@/timeline", "sssssxxxxxx", NULL, 0 },
	{ "/api/watch/call", "/api/watch/call", "aaaaxxxxxxx", NULL, 0 },
	{ "/api/watch/board", "/api/watch/board", "aaaaaxxxxxx", "open.high", 2 },
	{ "/api/watch/board", "/api/watch/board", "aaaaaxxxxxx", "devices.total", 2 },
	{ "/api/watch/board", "/api/watch/board", "aaaaaxxxxxx", "workers_on_duty", 2 },
	{ "/api/dispatch/candidates", "/api/dispatch/candidates?alert=$alert@", "ssssxxxxxxx", NULL, 0 },
	{ "/api/dispatch/mine", "/api/dispatch/mine", "axxaxaaaaxx", NULL, 0 },
	{ "/api/dispatch/task/{id}/door", "/api/dispatch/task/$task@/door", "sxxsxnnnnxx", NULL, 0 },
	{ "/api/dispatch/form", "/api/dispatch/form?kind=x", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/dispatch/door_code", "/api/dispatch/door_code?place=$place@", "ssssxxxxxxx", NULL, 0 },
	{ "/api/dispatch/rota.ics", "/api/dispatch/rota.ics?key=$rota_key", "aaaaaaaaaaa", NULL, 0 },
	{ "/api/dispatch/figures", "/api/dispatch/figures", "aaaaaxxxxxx", "arrivals.d", 2 },
	{ "/api/access/board", "/api/access/board", "aaaaaxaaxxx", NULL, 0 },
	{ "/api/access/occupancy", "/api/access/occupancy", "aaaaaxaaxxx", "items.1.inside", 3 },
	{ "/api/access/figures", "/api/access/figures", "aaaaaxxxxxx", "in", 2 },
	{ "/api/access/figures", "/api/access/figures", "aaaaaxxxxxx", "residents_with_a_way.n", 2 },
	{ "/api/access/figures", "/api/access/figures", "aaaaaxxxxxx", "gates_in_order.d", 2 },
	{ "/api/access/terminals", "/api/access/terminals", "aaaaaxaaxxx", NULL, 0 },
	{ "/api/access/clock", "/api/access/clock", "aaaaaxaaxxx", NULL, 0 },
	{ "/api/access/credential/{id}/doors", "/api/access/credential/$credential@/doors", "snnsnnsnnnn", NULL, 0 },
	{ "/api/access/parcel/{id}/receipt", "/api/access/parcel/$parcel@/receipt", "sxxxxxxxxsx", NULL, 0 },
};
/* Asked by a gate with its key, by nobody else. */
static const char *const by_gates[] = { "/api/access/list", "/api/access/openings" };
/* Own data: asked as somebody who is in the register, in test_own. */
static const char *const own[] = { "/api/me", "/api/people/own/erasure", "/api/me/data" };

static struct stage stage, *const s = &stage;

/* '@' becomes the number of a place. */
static const char *at_place(const char *text, int i)
{
	return fourfold_name(s, text, i);
}

static enum rc put_file(struct ctx *c, void *arg)
{
	const struct file_new n = { .bytes = STR("\x89PNG\r\n\x1a\n0123456789"),
				    .place_path = STR(NORTH),
				    .purpose = "evidence",
				    .kind = FILES_SHARED,
				    .cls = P1,
				    .at = c->now,
				    .delete_at = c->now + DAY };
	int i = *(int *)arg;
	struct file_ref f;

	TRY(files_write(c, &n, &f));
	stage_put(s, at_place("file@", i), arena_dup(s->r.arena, f.id).p);
	return files_keep(c, &f, "watch.alert", str_of(stage_get(s, at_place("alert@", i))));
}

static int build(void **state)
{
	(void)state;
	stage_open(s, TESTDB_MEMORY, false);
	s->r.never = NULL; /* the system sees what it writes */
	fourfold_build(s);
	for (int i = 0; i < PLACES; i++)
		assert_int_equal(app_unit(s->r.app, put_file, &i), RC_OK);
	stage_make(s, "me", "/api/people/person", "{\"name\":\"Me\",\"display\":\"Me\"}");
	stage_settle(s);
	s->r.never = CANARY;
	return 0;
}

static int leave(void **state)
{
	(void)state;
	stage_close(s);
	return 0;
}

/* ---- looking -------------------------------------------------------------------------- */

static const struct actor *holder(int role, const char *path)
{
	return rig_actor(&s->r, stage_get(s, "me"), fmt(&s->r, "%s@%s", roles[role], path), NULL);
}

static bool tells(const char *text)
{
	return s->r.last.body.n && memmem(s->r.last.body.p, s->r.last.body.n, text, strlen(text)) != NULL;
}

/* Of rows beside and above the own place not even an id; but a worker whose post
 * is above the place may be sent to it, and an order for all below holds here. */
static void tells_of_no_other(const char *role, const char *path)
{
	for (size_t e = 1; e < COUNT(entities); e++) { /* a place names the one above it */
		const char *name = strchr(entities[e].entity, '.') + 1;
		bool colleague =
			(strstr(path, "/candidates") && strcmp(name, "person") == 0) ||
			(strstr(path, "/mode") && (strcmp(name, "order") == 0 || strcmp(name, "timetable") == 0));

		for (int i = SIBLING; i < (colleague ? PARENT : PLACES); i++) {
			const char *id = stage_get(s, at_place(fmt(&s->r, "%s@", name), i));

			if (tells(id) && strstr(path, id) == NULL)
				fail_msg("%s: %s tells of %s there", role, path, entities[e].entity);
		}
	}
}

static void tells_nothing(const char *role, const char *path)
{
	if (s->r.last.status != 200)
		return;
	if (tells(SEEN_AT) || tells("secret_purpose"))
		fail_msg("%s: %s tells what is closed", role, path);
	tells_of_no_other(role, path);
}

static const char *class_of(const char *entity, struct str name)
{
	for (const struct json *e = at(s->r.says, "entities")->child; e; e = e->next) {
		if (strcmp(text_at(&s->r, e, "entity"), entity) != 0)
			continue;
		for (const struct json *f = at(e, "fields")->child; f; f = f->next)
			if (str_eq(json_get_text(f, "name"), name))
				return text_at(&s->r, f, "class");
	}
	return "";
}

static void closed(const char *role, const char *entity, const struct json *row)
{
	if (strcmp(text_at(&s->r, row, "id"), stage_get(s, "me")) == 0)
		return;
	for (const struct json *v = row->child; v; v = v->next) {
		const char *cls = class_of(entity, v->key);

		if ((strcmp(cls, "P2") == 0 || strcmp(cls, "P3") == 0) && v->kind != J_NULL)
			fail_msg("%s sees " FMT_STR " of %s", role, ARG_STR(v->key), entity);
	}
}

static const char *route_of(const char *entity)
{
	char *p = arena_z(s->r.arena, str_of(entity));

	*strchr(p, '.') = '/';
	return fmt(&s->r, "/api/%s", p);
}

static void one_entity(size_t e, int role)
{
	const char *name = entities[e].entity, *path = fmt(&s->r, "%s?limit=200", route_of(name));
	const struct actor *who = holder(role, NORTH);
	char cell = entities[e].cells[role];
	int status = asked(&s->r, who, "GET", path, NULL);

	if (status != (cell == 'x' ? 403 : 200))
		fail_msg("%s: %s: %d", roles[role], path, status);
	tells_nothing(roles[role], path);
	if (cell != 'x')
		for (const struct json *row = at(here(&s->r), "items")->child; row; row = row->next)
			closed(roles[role], name, row);
	for (int i = 0; i < PLACES; i++) {
		const char *id = stage_get(s, at_place(fmt(&s->r, "%s@", strchr(name, '.') + 1), i));
		bool seen = cell == 's' && i <= CHILD;

		asked(&s->r, who, "GET", path, NULL);
		if (cell != 'x' && e > 0 && tells(id) != seen)
			fail_msg("%s: %s: row at %s is %sthere", roles[role], path, fourfold_places[i],
				 seen ? "not " : "");
		status = asked(&s->r, who, "GET", fmt(&s->r, "%s/%s", route_of(name), id), NULL);
		if (status != (cell == 'x' ? 403 : seen ? 200 : 404))
			fail_msg("%s: %s at %s: %d", roles[role], name, fourfold_places[i], status);
		if (status == 200)
			closed(roles[role], name, here(&s->r));
		tells_nothing(roles[role], fmt(&s->r, "%s/%s", route_of(name), id));
	}
}

static void test_entities(void **state)
{
	(void)state;
	for (size_t e = 0; e < COUNT(entities); e++) {
		assert_int_equal(strlen(entities[e].cells), ROLES);
		for (int role = 0; role < ROLES; role++)
			one_entity(e, role);
	}
}

static void one_route(size_t k, int role)
{
	char cell = others[k].cells[role];

	for (int i = 0; i < (strchr(others[k].path, '@') ? PLACES : 1); i++) {
		const char *path = stage_fill(s, at_place(others[k].path, i));
		int status = asked(&s->r, holder(role, NORTH), "GET", path, NULL);

		if (status != (cell == 'x'                                 ? 403
			       : cell == 'k'                               ? 401
			       : cell == 'n' || (cell == 's' && i > CHILD) ? 404
									   : 200))
			fail_msg("%s: %s at %s: %d", roles[role], path, fourfold_places[i], status);
		tells_nothing(roles[role], path);
		if (status == 200 && others[k].key && int_at(here(&s->r), others[k].key) != others[k].sum)
			fail_msg("%s: %s: " FMT_STR, roles[role], path, ARG_STR(s->r.last.body));
	}
}

static void test_others(void **state)
{
	(void)state;
	for (size_t k = 0; k < COUNT(others); k++) {
		assert_int_equal(strlen(others[k].cells), ROLES);
		for (int role = 0; role < ROLES; role++)
			one_route(k, role);
	}
}

/* ---- the own, and what is opened --------------------------------------------------------- */

/* A resident sees what is about himself in full, and of others nothing. */
static void test_own(void **state)
{
	static const char *const about[] = { "people.person",     "people.contact",   "people.consent", "watch.welfare",
					     "watch.leave",       "people.session",   "people.post",    "people.member",
					     "people.tenancy",    "people.permit",    "people.vehicle", "people.care",
					     "people.correction", "access.credential" };
	const struct actor *me = rig_actor(&s->r, stage_get(s, "person1"), "resident@" NORTH "3.2.501.", NULL);

	(void)state;
	for (size_t e = 0; e < COUNT(about); e++) {
		const char *name = strchr(about[e], '.') + 1;

		s->r.never = NULL;
		for (int i = 0; i < PLACES; i++) {
			const char *path = fmt(&s->r, "%s/%s", route_of(about[e]),
					       stage_get(s, at_place(fmt(&s->r, "%s@", name), i)));

			call(&s->r, me, "GET", path, NULL, i == CHILD ? 200 : 404);
			if (i == CHILD)
				assert_null(at(here(&s->r), "masked"));
		}
		assert_int_equal(at(call(&s->r, me, "GET", route_of(about[e]), NULL, 200), "items")->n, 1);
	}
	for (size_t k = 0; k < COUNT(own); k++) {
		call(&s->r, me, "GET", own[k], NULL, 200);
		tells_of_no_other("resident", own[k]);
	}
	assert_true(tells(CANARY)); /* everything that is held about me */
	s->r.never = CANARY;
}

/* With a reason, at the own place, by those who may; it is on record. */
static void test_reveal(void **state)
{
	static const struct {
		const char *entity, *field, *cells;
	} all[] = {
		{ "people.person", "name", "ssssxxxxxxx" },      { "people.contact", "phone", "ssssxxxxxxx" },
		{ "people.consent", "purpose", "sxxsxxxxxxx" },  { "watch.welfare", "last_seen_at", "ssssxxxxxxx" },
		{ "watch.leave", "kind", "ssssxxxxxxx" },        { "access.credential", "label", "sxxsxxxxxxx" },
		{ "access.visit", "name", "ssssxxssxxx" },       { "access.wait", "plate", "ssssxxssxxx" },
		{ "access.parcel", "number", "ssssxxssxxx" },    { "people.member", "relation", "ssssxxxxxxx" },
		{ "people.identity", "number", "ssssxxxxxxx" },  { "people.tenancy", "tenant_id", "ssssxxxxxxx" },
		{ "people.permit", "person_id", "ssssxxxxxxx" }, { "people.vehicle", "plate", "ssssxxxxxxx" },
		{ "people.care", "need", "ssssxsxxxxx" },        { "people.correction", "why", "sxxsxxxxxxx" },
	};
	int64_t looks = count(&s->r, "SELECT count(*) FROM core_look");

	(void)state;
	s->r.never = NULL;
	for (size_t k = 0; k < COUNT(all); k++) {
		const char *name = strchr(all[k].entity, '.') + 1,
			   *body = fmt(&s->r, "{\"fields\":[\"%s\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1\"}",
				       all[k].field);

		for (int role = 0; role < ROLES; role++) {
			for (int i = 0; i < PLACES; i++) {
				const char *path = fmt(&s->r, "%s/%s/reveal", route_of(all[k].entity),
						       stage_get(s, at_place(fmt(&s->r, "%s@", name), i)));
				int want = all[k].cells[role] == 'x' ? 403 : i <= CHILD ? 200 : 404;

				call(&s->r, holder(role, NORTH), "POST", path, body, want);
				looks += want == 200;
			}
		}
	}
	s->r.never = CANARY;
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_look"), looks);
}

/* A list as a file: where the word is held, only rows of the own place and below,
 * nothing personal; each on record. */
static void test_export(void **state)
{
	static const struct {
		const char *entity, *cells;
	} all[] = {
		{ "places.place", "sxxssxxxxxx" },      { "people.person", "sxxsxxxxxxx" },
		{ "people.post", "sxxsxxxxxxx" },       { "sensing.device", "sssssxxxxxx" },
		{ "sensing.channel", "sssssxxxxxx" },   { "sensing.gap", "sssssxxxxxx" },
		{ "watch.rule", "sssssxxxxxx" },        { "watch.alert", "sssssxxxxxx" },
		{ "watch.silence", "sssssxxxxxx" },     { "dispatch.shift", "sssssxxxxxx" },
		{ "watch.escalation", "sssssxxxxxx" },  { "dispatch.task", "sssssxxxxxx" },
		{ "dispatch.handover", "sssssxxxxxx" },
	};
	const char *body = "{\"purpose\":\"correction\",\"reason\":\"audit 7\"}";
	int64_t lines = count(&s->r, "SELECT count(*) FROM core_audit WHERE what = 'export'");

	(void)state;
	for (size_t k = 0; k < COUNT(all); k++) {
		const char *path = fmt(&s->r, "%s/export", route_of(all[k].entity));

		for (int role = 0; role < ROLES; role++) {
			int want = all[k].cells[role] == 'x' ? 403 : 200;

			call(&s->r, holder(role, NORTH), "POST", path, body, want);
			tells_nothing(roles[role], path);
			lines += want == 200;
			for (int i = 0; want == 200 && i < PLACES; i++) {
				const char *id =
					stage_get(s, at_place(fmt(&s->r, "%s@", strchr(all[k].entity, '.') + 1), i));

				if (k > 0 && tells(id) != (i <= CHILD))
					fail_msg("%s: %s: row at %s", roles[role], path, fourfold_places[i]);
			}
		}
	}
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_audit WHERE what = 'export'"), lines);
}

/* What is closed can't be guessed by asking for it either. */
static void test_questions(void **state)
{
	static const struct {
		const char *path, *code, *field;
	} all[] = {
		{ "/api/people/person?under=" NORTH "3.2.501.", "bad_filter", "under" },
		{ "/api/people/contact?under=" NORTH "3.2.501.", "bad_filter", "under" },
		{ "/api/people/consent?under=" NORTH, "bad_filter", "under" },
		{ "/api/people/consent?purpose=secret_purpose", "unknown_filter", "purpose" },
		{ "/api/people/person?place_id=$dwelling", "unknown_filter", "place_id" },
		{ "/api/people/person?sort=name", "unknown_sort", "sort" },
		{ "/api/watch/welfare?last_seen_at.from=" SEEN_AT, "unknown_filter", "last_seen_at" },
		{ "/api/watch/leave?kind=hospital", "unknown_filter", "kind" },
		{ "/api/people/vehicle?plate=x", "unknown_filter", "plate" },
		{ "/api/people/care?need=hearing", "unknown_filter", "need" },
		{ "/api/people/care?under=" NORTH, "bad_filter", "under" },
		{ "/api/people/member?under=" NORTH, "bad_filter", "under" },
		{ "/api/people/tenancy?tenant_id=x", "unknown_filter", "tenant_id" },
		{ "/api/people/identity?kind=passport", "unknown_filter", "kind" },
	};

	(void)state;
	for (size_t k = 0; k < COUNT(all); k++)
		refused(&s->r, holder(1, NORTH), "GET", stage_fill(s, all[k].path), NULL, 400, all[k].code,
			all[k].field);
	assert_int_equal(
		at(call(&s->r, holder(1, NORTH), "GET", "/api/people/post?under=" NORTH "3.", NULL, 200), "items")->n,
		1);
}

/* Names and phones stand in the register and at the gate and nowhere else; where somebody lives
 * is in no event's body and no line of the record. */
static void test_tables(void **state)
{
	int64_t n = count(&s->r, "SELECT (SELECT count(*) FROM people_person) + (SELECT count(*) FROM people_contact)"
				 " + (SELECT count(*) FROM people_session)"
				 " + (SELECT count(*) FROM access_credential) + (SELECT count(*) FROM access_visit)"
				 " + (SELECT count(*) FROM access_wait) + (SELECT count(*) FROM access_parcel)");

	(void)state;
	assert_int_equal(rows_with(&s->r, CANARY, NULL), n - 1); /* all but me */
	assert_int_equal(rows_with(&s->r, "secret_purpose", "people_consent"), 0);
	assert_int_equal(count(&s->r,
			       "SELECT count(*) FROM core_outbox WHERE entity IN ('people.person', 'people.contact',"
			       " 'people.consent') AND instr(body, '" NORTH "') > 0"),
			 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_outbox WHERE instr(body, 'hospital') > 0"), 0);
	assert_int_equal(
		count(&s->r, "SELECT count(*) FROM core_audit WHERE instr(coalesce(detail, ''), '" NORTH "') > 0"), 0);
}

/* ---- a locked desk ------------------------------------------------------------------------ */

/* What goes on at a locked desk, of all operations; the public ones besides. */
static const char *const at_lock[] = {
	"GET /api/me",          "DELETE /api/session",  "POST /api/session/lock",   "POST /api/session/unlock",
	"GET /api/watch/board", "GET /api/watch/alert", "GET /api/watch/alert/{id}"
};

static void test_locked(void **state)
{
	struct actor who = *holder(0, NORTH); /* may everything */
	struct buf list = buf_new(s->r.arena, 64 << 10);
	struct str rest, line;
	size_t open = 0, shut = 0;

	(void)state;
	who.locked = true;
	app_list_routes(s->r.app, &list);
	rest = buf_str(&list);
	while (str_cut(&rest, '\n', &line)) {
		char method[8], path[120], perm[60];
		bool goes_on = false;

		if (sscanf(arena_z(s->r.arena, line), "%7s %119s %59s", method, path, perm) != 3)
			continue;
		for (size_t i = 0; i < COUNT(at_lock); i++)
			goes_on |= strcmp(at_lock[i], fmt(&s->r, "%s %s", method, path)) == 0;
		if (goes_on || strcmp(perm, "public") == 0) {
			open++;
			continue;
		}
		refused(&s->r, &who, method, path, "{}", 403, "seat_locked", "");
		shut++;
	}
	assert_true(open >= COUNT(at_lock) && shut > 100);
	call(&s->r, &who, "GET", "/api/watch/alert", NULL, 200);
	call(&s->r, &who, "GET", "/api/watch/board", NULL, 200);
}

/* A gate's key opens what gates need and shows its own lanes alone. */
static void test_gates(void **state)
{
	call(&s->r, holder(0, ""), "POST", stage_fill(s, "/api/sensing/device/$device1/key"), NULL, 200);
	const char *auth = fmt(&s->r, "Device %s.%s", stage_get(s, "device1"), text_at(&s->r, here(&s->r), "key"));

	(void)state;
	for (size_t k = 0; k < COUNT(by_gates); k++) {
		s->r.now += HOUR; /* what was guessed before is forgotten */
		for (int role = 0; role < ROLES; role++)
			refused(&s->r, holder(role, NORTH), "GET", by_gates[k], NULL, 401, "bad_device_key",
				"Authorization");
		s->r.now += HOUR; /* the address has been slow to learn */
		s->r.auth = auth;
		fail_every_call(&s->r, NULL, "GET", by_gates[k], NULL, 200);
		for (size_t e = 1; e < COUNT(entities); e++) /* rules of the places above hold here, too */
			assert_false(
				tells(stage_get(s, fmt(&s->r, "%s%d", strchr(entities[e].entity, '.') + 1, SIBLING))));
		s->r.auth = NULL;
	}
}

/* ---- reads that fail, none left out ----------------------------------------------------------- */

static void test_failing_reads(void **state)
{
	const struct actor *who = holder(0, "");

	(void)state;
	for (size_t k = 0; k < COUNT(others); k++)
		if (others[k].cells[0] != 'k')
			fail_every_call(&s->r, who, "GET", stage_fill(s, at_place(others[k].path, CHILD)), NULL, 200);
	for (size_t k = 0; k < COUNT(own); k++)
		fail_every_call(&s->r, who, "GET", own[k], NULL, 200);
	for (size_t e = 0; e < COUNT(entities); e++)
		fail_every_call(&s->r, who, "GET", route_of(entities[e].entity), NULL, 200);
}

static bool has_row(struct str path)
{
	for (size_t e = 0; e < COUNT(entities); e++)
		if (str_is(path, route_of(entities[e].entity)) ||
		    str_is(path, fmt(&s->r, "%s/{id}", route_of(entities[e].entity))))
			return true;
	for (size_t k = 0; k < COUNT(others); k++)
		if (str_is(path, others[k].route))
			return true;
	for (size_t k = 0; k < COUNT(own); k++)
		if (str_is(path, own[k]))
			return true;
	for (size_t k = 0; k < COUNT(by_gates); k++)
		if (str_is(path, by_gates[k]))
			return true;
	return false;
}

static void test_all_routes(void **state)
{
	struct buf list = buf_new(s->r.arena, 64 << 10);
	struct str rest, line;

	(void)state;
	app_list_routes(s->r.app, &list);
	rest = buf_str(&list);
	while (str_cut(&rest, '\n', &line)) {
		if (!str_starts(line, "GET "))
			continue;
		const char *p = line.p + 3 + strspn(line.p + 3, " ");

		if (!has_row((struct str){ p, strcspn(p, " ") }))
			fail_msg("no row for " FMT_STR, ARG_STR(line));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_routes),    cmocka_unit_test(test_entities), cmocka_unit_test(test_others),
		cmocka_unit_test(test_own),           cmocka_unit_test(test_tables),   cmocka_unit_test(test_questions),
		cmocka_unit_test(test_reveal),        cmocka_unit_test(test_export),   cmocka_unit_test(test_locked),
		cmocka_unit_test(test_failing_reads), cmocka_unit_test(test_gates),
	};

	return cmocka_run_group_tests(tests, build, leave);
}
