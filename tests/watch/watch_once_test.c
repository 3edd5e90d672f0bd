/* watch_once_test.c - every match is stored exactly once: whatever store call
 * fails and whenever the process is replaced, the alerts are those of a run
 * that nothing disturbed. */
#include "watch_rig.h"

#include "testdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THROWN "cn.jiuan.camera.thrown.v1"
#define LANE   "cn.jiuan.camera.lane.v1"

static void open_world(struct rig *r, enum testdb_kind kind)
{
	rig_setup(r, testdb_url(kind));
	rig_seed(r);
	rig_welfare(r, 6);
}

static void close_world(struct rig *r)
{
	app_close(r->app);
	testdb_drop(r->url);
	arena_free(r->a);
}

/* As quick as can be: a longer absence of the server would be a gap in what
 * its devices saw, and rightly counted as one. */
static void restart(struct rig *r)
{
	assert_int_equal(app_run_job(r->app, "sensing.flush"), RC_OK);
	app_close(r->app);
	rig_app(r);
}

enum { STEPS = 12 };

/* The k-th thing that happens in this world. */
static void happen(struct rig *r, int k)
{
	r->now += HOUR;
	switch (k % 6) {
	case 0: rig_event(r, r->lane, LANE, "{\"zone\":\"a\",\"occupied\":true}"); break;
	case 1: rig_event(r, r->camera[0], THROWN, "{\"floor\":9,\"score\":0.9}"); break;
	case 2: rig_event(r, r->camera[1], THROWN, "{\"floor\":9,\"score\":0.9}"); break;
	case 3: rig_event(r, r->lane, LANE, "{\"zone\":\"a\",\"occupied\":false}"); break;
	case 4: rig_event(r, r->lane, "cn.jiuan.door.forced.v1", ""); break;
	default:
		if (k == 5)
			rig_event(r, r->door, "cn.jiuan.door.opened.v1", ""); /* seen once, then not for six hours */
		break;
	}
}

static enum rc add_row(void *arg, const struct row *row)
{
	struct buf *b = arg;

	for (size_t i = 0; i < row->n; i++) {
		if (row->v[i].kind == VAL_TEXT)
			buf_fmt(b, FMT_STR " ", ARG_STR(row->v[i].s));
		else
			buf_fmt(b, "%lld ", row->v[i].kind == VAL_INT ? (long long)row->v[i].i : 0LL);
	}
	buf_char(b, '\n');
	return RC_OK;
}

static const char *outcome(struct rig *r)
{
	static char out[32768];
	struct buf b = buf_new(r->a, 1 << 20);
	static const char alerts[] = "SELECT kind, severity, place_label, opened_at, last_at, ongoing, sources, facts"
				     " FROM watch_alert ORDER BY opened_at, kind, place_label";
	static const char matches[] =
		"SELECT verdict, severity, at, lasting, cleared_at FROM watch_match ORDER BY at, severity, key_text";

	assert_int_equal(conn_each(app_conn(r->app), alerts, NO_ARGS, add_row, &b), RC_OK);
	assert_int_equal(conn_each(app_conn(r->app), matches, NO_ARGS, add_row, &b), RC_OK);
	buf_fmt(&b, "seen %lld fired %lld numbers %lld\n",
		(long long)rig_count(r, "SELECT last_seen_at FROM watch_welfare"),
		(long long)rig_count(r, "SELECT sum(fired_30d) FROM watch_rule"),
		(long long)rig_count(r, "SELECT value FROM watch_counter WHERE name = 'alert'"));
	snprintf(out, sizeof(out), FMT_STR, ARG_STR(buf_str(&b)));
	return out;
}

static void same(struct rig *r, const char *want, const char *what)
{
	const char *got = outcome(r);

	if (strcmp(got, want) != 0)
		fprintf(stderr, "%s: wanted\n%s\ngot\n%s\n", what, want, got);
	assert_true(strcmp(got, want) == 0);
}

static void evaluate(struct rig *r)
{
	assert_int_equal(app_run_job(r->app, "watch.evaluate"), RC_OK);
}

static char *undisturbed(void)
{
	struct rig r;

	open_world(&r, TESTDB_MEMORY);
	for (int k = 0; k < STEPS; k++) {
		happen(&r, k);
		evaluate(&r);
	}
	char *text = strdup(outcome(&r));

	close_world(&r);
	return text;
}

static void test_restart_after_every_step(void **state)
{
	char *want = undisturbed();
	struct rig r;

	(void)state;
	assert_non_null(strstr(want, "elder-absence"));
	open_world(&r, TESTDB_FILE);
	for (int k = 0; k < STEPS; k++) {
		happen(&r, k);
		evaluate(&r);
		restart(&r);
	}
	evaluate(&r);
	same(&r, want, "restart");
	close_world(&r);
	free(want);
}

/* Nothing was evaluated for hours; then all at once, and the times still tell
 * when it happened. */
static void test_catching_up_finds_the_same_matches(void **state)
{
	struct rig r;
	int64_t matches;

	(void)state;
	open_world(&r, TESTDB_MEMORY);
	for (int k = 0; k < STEPS; k++) {
		happen(&r, k);
		evaluate(&r);
	}
	matches = rig_count(&r, "SELECT count(*) FROM watch_match");
	close_world(&r);
	open_world(&r, TESTDB_MEMORY);
	for (int k = 0; k < STEPS; k++)
		happen(&r, k);
	evaluate(&r);
	assert_int_equal(rig_count(&r, "SELECT count(*) FROM watch_match"), matches);
	close_world(&r);
}

/* Lets the n-th store call of each evaluation fail once; then either the job
 * simply runs again, or the process is gone and another one starts. */
static bool with_failures(int n, bool replace, const char *want)
{
	bool failed = false;
	struct rig r;

	open_world(&r, replace ? TESTDB_FILE : TESTDB_MEMORY);
	for (int k = 0; k < STEPS; k++) {
		happen(&r, k);
		conn_fail_at(app_conn(r.app), n);
		if (app_run_job(r.app, "watch.evaluate") != RC_OK) {
			failed = true;
			conn_fail_at(app_conn(r.app), 0);
			if (replace)
				restart(&r);
			evaluate(&r);
		}
		conn_fail_at(app_conn(r.app), 0);
	}
	same(&r, want, rig_fmt(&r, "call %d failed (%s)", n, replace ? "restart" : "again"));
	close_world(&r);
	return failed;
}

static void test_every_store_call_fails_once(void **state)
{
	char *want = undisturbed();
	int n = 1;

	(void)state;
	while (with_failures(n, n % 2 == 0, want))
		n++;
	assert_true(n > 30); /* it was really tried */
	printf("%d store calls of an evaluation failed in turn\n", n - 1);
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_after_every_step),
		cmocka_unit_test(test_catching_up_finds_the_same_matches),
		cmocka_unit_test(test_every_store_call_fails_once),
	};

	return cmocka_run_group_tests_name("watch once", tests, NULL, NULL);
}
