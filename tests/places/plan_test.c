/* Fewer entrances, works up to acceptance, and the rates that follow. */
#include "ground.h"

#include <math.h>
#include <string.h>

static struct ground ground, *const g = &ground;

static const char *row(const char *path, const char *id)
{
	return fmt(g->r, "%s/%s", path, id);
}

/* ---- 30 to 6 ------------------------------------------------------------------------ */

/* Thirty entrances along the south and the north side, 25 m apart. */
static const char *thirty(void)
{
	const char *list = "[";

	for (int i = 0; i < 30; i++)
		list = fmt(g->r, "%s%s%s", list, i ? "," : "",
			   ground_door(g, fmt(g->r, "E%02d", i), 12 + 25 * (i % 15), i < 15 ? 0 : 300, ""));
	return fmt(g->r, "%s]", list);
}

/* All but every fifth one. */
static const char *reduction(const char *state)
{
	const char *list = "[";

	for (int i = 0; i < 30; i++)
		if (i % 5)
			list = fmt(g->r, "%s%s{\"code\":\"E%02d\",\"state\":\"%s\",\"reason\":\"too many\"}", list,
				   list[1] ? "," : "", i, state);
	return fmt(g->r, "%s]", list);
}

static const char *plan(const char *changes)
{
	return create(g->r, g->office, PLAN,
		      fmt(g->r, "{\"place_id\":\"%s\",\"name\":\"30 to 6\",\"changes\":%s}", g->enclosure, changes));
}

static void fewer(struct rig *r)
{
	const struct json *j;
	const char *id, *outline;

	ground_build(g, r);
	refused(r, g->office, "POST", PLAN, fmt(r, "{\"place_id\":\"%s\",\"name\":\"x\"}", g->enclosure), 409,
		"nothing_published", "place_id");
	ground_building(g, "edge", 250, 60);
	ground_building(g, "mid", 130, 120);
	outline = ground_publish(g, thirty());
	id = plan(reduction("closed"));
	j = call(r, g->office, "GET", row(PLAN, id), NULL, 200);
	assert_int_equal(int_at(j, "entrances_before"), 30);
	assert_int_equal(int_at(j, "entrances_after"), 6);
	j = ground_step(g, PLAN, id, "check", "{}", 200);
	assert_string_equal(text_at(r, j, "state"), "checked");
	j = ground_step(g, PLAN, id, "publish", "{}", 200);
	assert_string_equal(text_at(r, j, "state"), "published");
	assert_int_equal(count(r, "SELECT count(*) FROM places_entrance WHERE state = 'open'"), 6);
	assert_int_equal(count(r, "SELECT count(*) FROM places_entrance WHERE state = 'closed' AND present = 1"), 24);
	/* It is a version of the outline, with what was drawn before. */
	j = call(r, g->office, "GET", fmt(r, OUTLINE "?place_id=%s&state=published", g->enclosure), NULL, 200);
	assert_int_equal(int_at(j, "items.0.number"), 2);
	assert_string_equal(text_at(r, j, "items.0.base_id"), outline);
	assert_int_equal(at(j, "items.0.segments")->n, 4);
	refused(r, g->office, "POST", fmt(r, "%s/publish", row(PLAN, id)), "{}", 409, "wrong_state", "state");
}

/* Each building that would be cut off is named, with how far it was and is. */
static void cut_off(struct rig *r)
{
	const struct json *j;
	const char *id;

	ground_build(g, r);
	ground_building(g, "south", 100, 10);
	ground_building(g, "north", 100, 290);
	ground_building(g, "north2", 110, 280);
	ground_publish(g, fmt(r, "[%s,%s]", ground_door(g, "S", 100, 0, ""), ground_door(g, "N", 100, 300, "")));
	id = plan("[{\"code\":\"N\",\"state\":\"closed\",\"reason\":\"crossing\"}]");
	j = ground_step(g, PLAN, id, "check", "{}", 200);
	assert_string_equal(text_at(r, j, "state"), "draft");
	assert_int_equal(at(j, "faults")->n, 2);
	assert_string_equal(text_at(r, j, "faults.0.label"), "north");
	assert_true(fabs(real_at(j, "faults.0.distance_m") - 290) < 1);
	assert_true(fabs(real_at(j, "faults.0.before_m") - 10) < 1);
	assert_string_equal(text_at(r, j, "faults.1.label"), "north2");
	refused(r, g->office, "POST", fmt(r, "%s/publish", row(PLAN, id)), "{}", 409, "wrong_state", "state");
	/* For emergencies it may stay. */
	call(r, g->office, "PATCH", row(PLAN, id),
	     "{\"changes\":[{\"code\":\"N\",\"state\":\"emergency_only\",\"reason\":\"crossing\"}]}", 200);
	assert_string_equal(text_at(r, ground_step(g, PLAN, id, "check", "{}", 200), "state"), "checked");
	/* A building that came after the check counts all the same. */
	ground_building(g, "new", 390, 150);
	refused(r, g->office, "POST", fmt(r, "%s/publish", row(PLAN, id)), "{}", 409, "not_ready", "faults");
	assert_int_equal(count(r, "SELECT count(*) FROM places_entrance WHERE state = 'open'"), 2);
}

static void wrong_changes(struct rig *r)
{
	static const struct {
		const char *changes, *code, *field;
	} bad[] = {
		{ "[{\"code\":\"X\",\"state\":\"closed\",\"reason\":\"r\"}]", "unknown_entrance", "changes[0].code" },
		{ "[{\"code\":\"S\",\"state\":\"shut\",\"reason\":\"r\"}]", "unknown_word", "changes[0].state" },
		{ "[{\"code\":\"S\",\"state\":\"closed\",\"reason\":\" \"}]", "required", "changes[0].reason" },
		{ "[{\"code\":\"S\",\"state\":\"closed\"}]", "required", "changes[0].reason" },
		{ "[{\"code\":\"S\",\"state\":\"closed\",\"reason\":\"r\"},{\"code\":\"S\",\"state\":\"open\","
		  "\"reason\":"
		  "\"r\"}]",
		  "already_exists", "changes[1].code" },
		{ "{}", "wrong_type", "changes" },
	};

	ground_build(g, r);
	ground_publish(g, fmt(r, "[%s]", ground_door(g, "S", 100, 0, "")));
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, g->office, "POST", PLAN,
			fmt(r, "{\"place_id\":\"%s\",\"name\":\"x\",\"changes\":%s}", g->enclosure, bad[i].changes),
			400, bad[i].code, bad[i].field);
	refused(r, g->other, "POST", PLAN, fmt(r, "{\"place_id\":\"%s\",\"name\":\"x\"}", g->enclosure), 403, "denied",
		"");
}

/* ---- works ------------------------------------------------------------------------------ */

static const char *work(const char *place, const char *kind, const char *more)
{
	return create(g->r, rig_actor(g->r, "boss", "office@", NULL), WORK,
		      fmt(g->r, "{\"place_id\":\"%s\",\"kind\":\"%s\",\"title\":\"t\"%s}", place, kind, more));
}

static void finish(const char *id)
{
	ground_step(g, WORK, id, "start", "{}", 200);
	ground_step(g, WORK, id, "finish", "{}", 200);
}

static void photo(const char *id, const char *work_id, const char *cls, int64_t delete_at)
{
	run_sql(g->r,
		fmt(g->r,
		    "INSERT INTO files_file (id, created_at, at, delete_at, kind, media_type, bytes, digest, class,"
		    " purpose, place_path) VALUES ('%s', 1, 1, %lld, 'photo', 'image/jpeg', 1, 'd', '%s', 'evidence', "
		    "'')",
		    id, (long long)delete_at, cls));
	run_sql(g->r, fmt(g->r, "INSERT INTO files_link (entity, row_id, file_id) VALUES ('places.work', '%s', '%s')",
			  work_id, id));
}

static void acceptance(struct rig *r)
{
	static const char *const not_taken[][2] = { { "01NOWHERE", "unknown_file" },
						    { "01CLOSED", "closed_file" },
						    { "01OLD", "unknown_file" },
						    { "01NOT-OURS", "unknown_file" } };
	const struct json *j;
	const char *id, *other;

	ground_build(g, r);
	id = work(g->enclosure, "boundary", "");
	refused(r, g->office, "POST", fmt(r, "%s/accept", row(WORK, id)), "{\"photo_id\":\"p\"}", 409, "wrong_state",
		"state");
	finish(id);
	refused(r, g->office, "POST", fmt(r, "%s/accept", row(WORK, id)), "{}", 400, "photo_or_reason", "photo_id");
	refused(r, g->office, "POST", fmt(r, "%s/accept", row(WORK, id)), "{\"no_photo_reason\":\"     \"}", 400,
		"photo_or_reason", "photo_id");
	refused(r, g->reader, "POST", fmt(r, "%s/accept", row(WORK, id)), "{\"photo_id\":\"p\"}", 403, "denied", "");
	/* A photo is one that is there, that the caller sees, and that shows nobody. */
	other = work(g->enclosure, "probe", "");
	photo("01PHOTO", other, "P1", r->now + DAY);
	photo("01CLOSED", other, "P2", r->now + DAY);
	photo("01OLD", other, "P1", r->now);
	photo("01NOT-OURS", "nothing", "P1", r->now + DAY);
	for (size_t i = 0; i < COUNT(not_taken); i++)
		refused(r, g->office, "POST", fmt(r, "%s/accept", row(WORK, id)),
			fmt(r, "{\"photo_id\":\"%s\"}", not_taken[i][0]), 400, not_taken[i][1], "photo_id");
	j = ground_step(g, WORK, id, "accept", "{\"photo_id\":\"01PHOTO\"}", 200);
	assert_string_equal(text_at(r, j, "accepted_by"), "olga");
	assert_string_equal(text_at(r, j, "photo_id"), "01PHOTO");
	j = call(r, g->office, "GET", fmt(r, "/api/files/file?entity=places.work&row=%s", id), NULL, 200);
	assert_string_equal(text_at(r, j, "items.0.id"), "01PHOTO");
	assert_true(count(r, "SELECT delete_at FROM files_file WHERE id = '01PHOTO'") > r->now + 3000 * DAY);
	refused(r, g->office, "PATCH", row(WORK, id), "{\"weight\":9}", 409, "wrong_state", "state");
	refused(r, g->office, "POST", fmt(r, "%s/send_back", row(WORK, id)), "{}", 400, "required", "reason");
	j = ground_step(g, WORK, id, "send_back", "{\"reason\":\"a hole\"}", 200);
	assert_string_equal(text_at(r, j, "state"), "under_way");
	assert_int_equal(at(j, "accepted_by")->kind, J_NULL);
	ground_step(g, WORK, id, "finish", "{}", 200);
	j = ground_step(g, WORK, id, "accept", "{\"no_photo_reason\":\"under ground\"}", 200);
	assert_string_equal(text_at(r, j, "no_photo_reason"), "under ground");
	assert_int_equal(at(j, "photo_id")->kind, J_NULL);
}

static void accepted(const char *id)
{
	finish(id);
	ground_step(g, WORK, id, "accept", "{\"no_photo_reason\":\"dark\"}", 200);
}

/* Two enclosures of the community: one with 2 of 3 works, weights 5, 3 (by the
 * city's table) and 1; the other finished. */
static void completion(struct rig *r)
{
	const struct actor *boss;
	const struct json *j;
	const char *second, *dropped, *path = "/api/places/completion";

	ground_build(g, r);
	boss = rig_actor(r, "boss", "office@", NULL);
	j = call(r, boss, "GET", path, NULL, 200);
	assert_int_equal(int_at(j, "finished.d"), 0);
	assert_int_equal(at(j, "finished.percent")->kind, J_NULL); /* no rate of nothing */
	second = create(r, boss, "/api/places/place",
			fmt(r, "{\"parent_id\":\"%s\",\"kind\":\"enclosure\",\"code\":\"e2\"}", g->community));
	create(r, boss, "/api/places/weight",
	       fmt(r, "{\"place_id\":\"%s\",\"kind\":\"channel\",\"weight\":2}", g->city));
	create(r, boss, "/api/places/weight",
	       fmt(r, "{\"place_id\":\"%s\",\"kind\":\"channel\",\"weight\":3}",
		   g->street)); /* the nearer one counts */
	refused(r, boss, "POST", "/api/places/weight",
		fmt(r, "{\"place_id\":\"%s\",\"kind\":\"channel\",\"weight\":3}", g->street), 409, "already_exists",
		"kind");
	accepted(work(g->enclosure, "boundary", ",\"weight\":5"));
	accepted(work(g->enclosure, "channel", ""));
	work(g->enclosure, "probe", "");
	accepted(work(second, "channel", ""));
	dropped = work(second, "probe", "");
	ground_step(g, WORK, dropped, "drop", "{\"reason\":\"not needed\"}", 200);
	j = call(r, boss, "GET", path, NULL, 200);
	assert_int_equal(int_at(j, "finished.n"), 1);
	assert_int_equal(int_at(j, "finished.d"), 2);
	assert_int_equal(int_at(j, "weighted.n"), 5 + 3 + 3);
	assert_int_equal(int_at(j, "weighted.d"), 5 + 3 + 1 + 3);
	assert_true(fabs(real_at(j, "weighted.percent") - 91.67) < 0.001);
	j = call(r, g->office, "GET", fmt(r, "%s?under=%s", path, g->enclosure), NULL, 200);
	assert_int_equal(int_at(j, "finished.n"), 0);
	assert_int_equal(int_at(j, "weighted.n"), 8);
	assert_int_equal(int_at(j, "weighted.d"), 9);
	j = call(r, g->other, "GET", path, NULL, 200);
	assert_int_equal(int_at(j, "weighted.d"), 0);
	refused(r, g->other, "GET", fmt(r, "%s?under=%s", path, g->enclosure), NULL, 404, "not_found", "under");
}

/* ---- the base list ------------------------------------------------------------------------- */

static void base_list(struct rig *r)
{
	const char *path = "/api/places/area", *id;
	const struct json *j;

	ground_build(g, r);
	id = create(r, g->office, path,
		    fmt(r, "{\"place_id\":\"%s\",\"code\":\"001\",\"name\":\"Old village\",\"kind\":\"urban_village\"}",
			g->community));
	create(r, g->office, path,
	       fmt(r,
		   "{\"place_id\":\"%s\",\"code\":\"002\",\"name\":\"Yard\",\"kind\":\"open_area\",\"enclosure_id\":\"%"
		   "s\"}",
		   g->community, g->enclosure));
	refused(r, g->office, "POST", path,
		fmt(r, "{\"place_id\":\"%s\",\"code\":\"001\",\"name\":\"x\",\"kind\":\"open_area\"}", g->community),
		409, "already_exists", "code");
	refused(r, g->office, "PATCH", row(path, id), fmt(r, "{\"enclosure_id\":\"%s\"}", g->street), 400, "wrong_kind",
		"enclosure_id");
	j = call(r, g->office, "GET", "/api/places/completion", NULL, 200);
	assert_int_equal(int_at(j, "mapped.n"), 1);
	assert_int_equal(int_at(j, "mapped.d"), 2);
	/* Several areas may become one enclosure; one area never two. */
	call(r, g->office, "PATCH", row(path, id), fmt(r, "{\"enclosure_id\":\"%s\"}", g->enclosure), 200);
	j = call(r, g->office, "GET", fmt(r, "%s?enclosure_id=%s", path, g->enclosure), NULL, 200);
	assert_int_equal(at(j, "items")->n, 2);
}

#define ON_EACH(name)                                             \
	static void test_##name(void **state)                     \
	{                                                         \
		(void)state;                                      \
		on_each_kind(name, ground_modules, ground_roles); \
	}
ON_EACH(fewer)
ON_EACH(cut_off)
ON_EACH(wrong_changes)
ON_EACH(acceptance)
ON_EACH(completion)
ON_EACH(base_list)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fewer),         cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_wrong_changes), cmocka_unit_test(test_acceptance),
		cmocka_unit_test(test_completion),    cmocka_unit_test(test_base_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
