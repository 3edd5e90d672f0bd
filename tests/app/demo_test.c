/* demo_test.c - the demo's seed: what is in it, that a second start changes
 * nothing, and that the simulator's first two minutes bring the four cases. */
#include "world.h"

#include "app/demo_inner.h"
#include "app/simulate.h"
#include "testdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define START (1773277200 * SECOND)

static int kind;
static struct world w; /* one for all tests of an engine; time only goes on */

static int open_world(void **state)
{
	const char *url = testdb_url((enum testdb_kind)kind);
	int64_t from = clock_monotonic();

	(void)state;
	if (url == NULL || !world_open(&w, url, START))
		return -1;
	fprintf(stderr, "%s: seeded in %lld ms\n", testdb_name((enum testdb_kind)kind),
		(long long)((clock_monotonic() - from) / MILLI));
	return 0;
}

static int close_world(void **state)
{
	const char *url = w.url;

	(void)state;
	world_close(&w);
	testdb_drop(url);
	return 0;
}

/* ---- what is there ---------------------------------------------------------------- */

#define HONGGU " place_path >= '" DEMO_AREA "honggu.' AND place_path < '" DEMO_AREA "honggu/'"

static void has_what_the_report_tells(void **state)
{
	(void)state;
	/* S5: 0.97 km2 declared, and the boundary agrees. */
	assert_int_equal(world_count(&w, "SELECT count(*) FROM places_place WHERE name = '贝林社区' AND area_off = 0"
					 " AND declared_area_m2 = 970000 AND area_m2 > 960000 AND area_m2 < 980000"),
			 1);
	/* S7: the dwelling, and somebody who chose to be missed after three days. */
	assert_int_equal(
		world_count(&w, "SELECT count(*) FROM places_place WHERE label = '3-2-501' AND kind = 'dwelling'"), 1);
	assert_int_equal(
		world_count(&w, "SELECT count(*) FROM watch_welfare WHERE place_label = '3-2-501' AND hours = 72"), 1);
	/* S8: 24 scene cameras, and a building with a fourteenth floor. */
	assert_int_equal(
		world_count(
			&w,
			"SELECT count(*) FROM sensing_device WHERE kind = 'camera' AND state = 'active' AND" HONGGU),
		24);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM places_place WHERE path = '" DEMO_AREA
					 "honggu.7.' AND floors >= 18"),
			 1);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM sensing_device WHERE state <> 'active'"), 0);
	assert_true(world_count(&w, "SELECT count(*) FROM places_place WHERE kind = 'building' AND boundary IS NOT NULL"
				    " AND grid_id IS NOT NULL") >= 36);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM people_person"), 100);
}

/* Only the names of the product's sketch. */
static void has_nobody_else(void **state)
{
	(void)state;
	assert_int_equal(world_count(&w, "SELECT count(*) FROM people_person WHERE coalesce(name, display) NOT IN"
					 " ('陈晓', '王静', '周敏', '李国强', '管理员', '3-2-501 住户',"
					 " '北门门卫', '1-1-301 住户')"
					 " AND coalesce(name, '') NOT LIKE '%-%-% 住户 %'"),
			 0);
	assert_int_equal(
		world_count(&w, "SELECT count(*) FROM people_contact WHERE name <> '家属' OR phone <> '138 0000 0000'"),
		0);
}

static void one_desk_sees_all(void **state)
{
	static const char *const logins[] = { "chenxiao", "wangjing", "zhoumin", "liguoqiang",
					      "admin",    "guard",    "home301", "linfang" };
	(void)state;
	for (size_t i = 0; i < COUNT(logins); i++)
		assert_int_equal(world_ask(&w, logins[i], STR("GET"), STR("/api/me"), NO_STR), 200);
	assert_int_equal(world_ask(&w, "chenxiao", STR("GET"), STR("/api/sensing/health"), NO_STR), 200);
	assert_int_equal(json_get_int(w.answer, "total", 0), (int64_t)n_demo_devices);
	assert_int_equal(world_ask(&w, "chenxiao", STR("GET"), STR("/api/watch/board"), NO_STR), 200);
	assert_true(str_is(json_get_text(json_get(w.answer, "seat"), "person_name"), "陈晓"));
}

static void guard_has_lanes(void **state)
{
	size_t n = 0;

	(void)state;
	assert_int_equal(world_ask(&w, "guard", STR("GET"), STR("/api/access/board"), NO_STR), 200);
	for (const struct json *j = json_get(w.answer, "items")->child; j; j = j->next, n++) {
		assert_true(json_get(j, "is_on")->i == 1);
		assert_true(str_is(json_get_text(j, "mode"), "normal"));
	}
	assert_int_equal(n, 3);
	/* Nobody of another community's gate, and no household, sees them. */
	assert_int_equal(world_ask(&w, "home301", STR("GET"), STR("/api/access/board"), NO_STR), 403);
}

/* ---- twice -------------------------------------------------------------------------- */

struct sum {
	uint64_t h;
	char tables[200][64];
	size_t n;
};

static void mix(struct sum *s, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->h = (s->h ^ ((const unsigned char *)p)[i]) * 1099511628211u;
}

static enum rc take_table(void *arg, const struct row *r)
{
	struct sum *s = arg;

	if (s->n == 0 || !str_is(r->v[0].s, s->tables[s->n - 1])) {
		assert_true(s->n < COUNT(s->tables));
		snprintf(s->tables[s->n++], sizeof(s->tables[0]), FMT_STR, ARG_STR(r->v[0].s));
	}
	return RC_OK;
}

static enum rc take_values(void *arg, const struct row *r)
{
	for (size_t i = 0; i < r->n; i++) {
		mix(arg, &r->v[i].kind, sizeof(r->v[i].kind));
		if (r->v[i].kind == VAL_TEXT || r->v[i].kind == VAL_BLOB)
			mix(arg, r->v[i].s.p, r->v[i].s.n);
		else if (r->v[i].kind != VAL_NULL)
			mix(arg, &r->v[i].i, sizeof(r->v[i].i));
	}
	return RC_OK;
}

static uint64_t sum_of_everything(void)
{
	struct sum s = { .h = 14695981039346656037u };

	assert_int_equal(conn_columns(app_conn(w.app), take_table, &s), RC_OK);
	for (size_t i = 0; i < s.n; i++) {
		char sql[128];

		snprintf(sql, sizeof(sql), "SELECT * FROM %s ORDER BY 1, 2", s.tables[i]);
		assert_int_equal(conn_each(app_conn(w.app), sql, NO_ARGS, take_values, &s), RC_OK);
	}
	return s.h;
}

static void second_start_changes_nothing(void **state)
{
	uint64_t before = sum_of_everything();

	(void)state;
	assert_int_equal(demo_seed(w.app, w.folder), RC_OK);
	assert_true(sum_of_everything() == before);
}

/* Somebody is on duty again, and nothing else is doubled. */
static void next_day_renews_the_duty(void **state)
{
	(void)state;
	w.now += DAY;
	assert_int_equal(demo_seed(w.app, w.folder), RC_OK);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM dispatch_shift WHERE kind = 'seat'"), 2);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM watch_welfare"), 1);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM people_person"), 100);
}

/* ---- the simulator's first two minutes --------------------------------------------- */

struct telling {
	struct buf lines;
};

static enum rc take_event(void *arg, struct str event)
{
	struct telling *t = arg;

	buf_add(&t->lines, event);
	buf_char(&t->lines, '\n');
	return RC_OK;
}

static int64_t open_alerts(const char *what)
{
	return world_count(
		&w, arena_fmt(w.arena, "SELECT count(*) FROM watch_alert WHERE state = 'new' AND kind = '%s'", what).p);
}

static void two_minutes_bring_four_cases(void **state)
{
	struct simulation *s = simulation_new(1, START, 1);
	(void)state;
	for (int second = 0; second < 120; second++) {
		struct arena *a = arena_new(4 << 20);
		struct telling t = { buf_new(a, 2 << 20) };

		assert_int_equal(simulation_step(s, SECOND, take_event, &t), RC_OK);
		assert_true(world_pass(&w, SECOND));
		if (t.lines.n)
			assert_in_range(world_tell(&w, buf_str(&t.lines)), 200, 207);
		arena_free(a);
	}
	assert_true(world_pass(&w, SECOND));
	assert_int_equal(open_alerts("elder-absence"), 1);
	assert_int_equal(open_alerts("thrown-object"), 1); /* seen by two cameras of building 7 */
	assert_int_equal(open_alerts("e-bike-inside"), 1);
	assert_int_equal(open_alerts("fire-lane"), 1);
	/* Nothing else rings on an ordinary morning. */
	assert_int_equal(world_count(&w, "SELECT count(*) FROM watch_alert"), 4);
	/* One source that nobody knows, one device that broke down, one battery that runs low. */
	assert_int_equal(
		world_count(
			&w,
			"SELECT count(*) FROM sensing_device WHERE state = 'quarantined' AND source = '" DEMO_UNKNOWN
			"'"),
		1);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM sensing_device WHERE health = 'silent'"), 1);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM sensing_device WHERE health = 'low_battery'"), 1);
	assert_int_equal(world_count(&w, "SELECT count(*) FROM sensing_device WHERE health = 'clock_off'"), 0);
	simulation_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_what_the_report_tells),
		cmocka_unit_test(has_nobody_else),
		cmocka_unit_test(one_desk_sees_all),
		cmocka_unit_test(guard_has_lanes),
		cmocka_unit_test(second_start_changes_nothing),
		cmocka_unit_test(two_minutes_bring_four_cases),
		cmocka_unit_test(next_day_renews_the_duty),
	};
	int failed = 0;

	for (kind = 0; kind < TESTDB_N; kind++)
		if (kind != TESTDB_FILE && testdb_has((enum testdb_kind)kind))
			failed += cmocka_run_group_tests_name(testdb_name((enum testdb_kind)kind), tests, open_world,
							      close_world);
	return failed;
}
