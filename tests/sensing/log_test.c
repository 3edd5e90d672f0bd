/* log_test.c - the log under failures of the store, restarts and a second
 * process; read by other modules and by pages; fed from inside. */
#include "sensing_rig.h"

#include "files/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ROWS "SELECT count(*) FROM sensing_event"

/* ---- failures ---------------------------------------------------------------------------------- */

static const char *hundred(struct rig *r, int round)
{
	struct buf b = buf_new(r->a, 1 << 20);

	buf_char(&b, '[');
	for (int i = 0; i < 20; i++)
		buf_fmt(&b, "%s{\"specversion\":\"1.0\",\"id\":\"r%d-%d\",\"source\":\"d/%d\",\"type\":\"t.%d.%d\"}",
			i ? "," : "", round, i / 2, i % 2 + 2 * (round % 3), round, i % 3);
	buf_char(&b, ']');
	return b.p;
}

/* Whichever call of the store fails, COMMIT included: the answer is 503, no
 * row stays, and the same batch is taken whole the next time, once. */
static void every_failure_leaves_no_trace(void **state)
{
	struct rig *r = *state;
	int64_t rows = 0;

	rig_device(r, "door", "d", r->gate);
	for (int round = 0; round < 3; round++) {
		const char *body = hundred(r, round);
		int n = 1;

		for (;; n++) {
			conn_fail_at(app_conn(r->app), n);
			rig_post(r, body);
			conn_fail_at(app_conn(r->app), 0);
			if (r->status == 200)
				break;
			CHECK_STATUS(r, 503);
			assert_int_equal(rig_count(r, ROWS), rows);
			/* Something else in between, so that numbers are given anew. */
			if (n % 5 == 0) {
				rig_post(r, rig_event(r, "d/other", rig_fmt(r, "x%d-%d", round, n),
						      rig_fmt(r, "other.%d", n % 3), ""));
				rig_counts(r, 1, 0, 0);
				rows++;
			}
		}
		assert_true(n > 20);
		rig_counts(r, 20, 0, 0);
		rows += 20;
		assert_int_equal(rig_count(r, ROWS), rows);
		rig_post(r, body);
		rig_counts(r, 0, 20, 0);
		assert_int_equal(rig_count(r, "SELECT count(*) FROM (SELECT source_no, event_id FROM sensing_event"
					      " GROUP BY source_no, event_id) AS x"),
				 rows);
	}
	/* 'prev' leads through all events of each source. */
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_event a WHERE prev <> COALESCE((SELECT max(b.seq)"
				      " FROM sensing_event b WHERE b.source_no = a.source_no AND b.seq < a.seq), 0)"),
			 0);
	assert_int_equal(rig_count(r, "SELECT max(seq) - count(*) FROM sensing_event"), 0);
	rig_pass(r, 5 * SECOND);
	assert_int_equal(rig_count(r, "SELECT events_total FROM sensing_device"), rows);
	/* Words got their numbers in the same unit as the rows that use them. */
	assert_int_equal(
		rig_count(r, "SELECT count(*) FROM sensing_event WHERE source_no NOT IN (SELECT no FROM sensing_source)"
			     " OR type_no NOT IN (SELECT no FROM sensing_type)"),
		0);
	rig_reopen(r);
	for (int round = 0; round < 3; round++) {
		rig_post(r, hundred(r, round));
		rig_counts(r, 0, 20, 0);
	}
}

static void restart_remembers(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	for (int round = 0; round < 3; round++) {
		rig_post(r, hundred(r, round));
		rig_counts(r, 20, 0, 0);
		if (round == 1)
			assert_int_equal(app_run_job(r->app, "sensing.flush"), RC_OK);
		rig_reopen(r);
		for (int k = 0; k <= round; k++) {
			rig_post(r, hundred(r, k));
			rig_counts(r, 0, 20, 0);
		}
	}
	rig_pass(r, 5 * SECOND);
	assert_int_equal(rig_count(r, "SELECT events_total FROM sensing_device"), 60);
}

/* Two processes on one database, each with a window of its own. */
static void two_processes_agree(void **state)
{
	struct rig *r = *state;
	struct rig other = *r;
	int64_t rows = 0;

	rig_device(r, "door", "d", r->gate);
	other.app = NULL;
	other.auth = r->auth;
	struct app_options o = { .url = r->url,
				 .modules = (const struct module *const[]){ &files_module, &places_module,
									    &sensing_module, NULL },
				 .roles = (const struct role[]){ { 0 } },
				 .clock = clock_fixed(&r->now) };

	assert_int_equal(app_open(&o, &other.app), RC_OK);
	for (int round = 0; round < 9; round++) {
		struct rig *a = round % 2 ? &other : r, *b = round % 2 ? r : &other;
		const char *body = hundred(r, round);

		other.now = r->now;
		rig_post(a, body);
		rig_counts(a, 20, 0, 0);
		rows += 20;
		rig_post(b, body);
		rig_counts(b, 0, 20, 0);
	}
	assert_int_equal(rig_count(r, ROWS), rows);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_event a WHERE prev <> COALESCE((SELECT max(b.seq)"
				      " FROM sensing_event b WHERE b.source_no = a.source_no AND b.seq < a.seq), 0)"),
			 0);
	app_close(other.app);
}

/* ---- reading -------------------------------------------------------------------------------------- */

struct seen {
	int64_t n, last, sum, stop_at;
	struct str first_type;
	struct rig *r;
	bool down;
};

static enum rc see(void *arg, const struct sensing_event *ev)
{
	struct seen *s = arg;

	assert_true(s->n == 0 || (s->down ? ev->seq < s->last : ev->seq > s->last));
	if (s->n++ == 0)
		s->first_type = arena_dup(s->r->a, ev->type);
	s->last = ev->seq;
	assert_true(str_starts(ev->place_path, "36.3601.360102.n1."));
	return s->stop_at && s->n == s->stop_at ? RC_LIMIT : RC_OK;
}

static enum rc read_log(struct ctx *c, void *arg)
{
	struct rig *r = arg;
	struct seen s = { .r = r };
	int64_t last = 0, from;

	assert_int_equal(sensing_since(c, 0, 1000, see, &s, &last), RC_OK);
	assert_int_equal(s.n, 60);
	assert_int_equal(last, 60);
	assert_int_equal(sensing_last_seq(c), 60);
	s = (struct seen){ .r = r };
	assert_int_equal(sensing_since(c, 50, 3, see, &s, &last), RC_OK);
	assert_int_equal(s.n, 3);
	assert_int_equal(last, 53);
	s = (struct seen){ .r = r, .stop_at = 2 };
	assert_int_equal(sensing_since(c, 50, 9, see, &s, &last), RC_LIMIT);
	assert_int_equal(sensing_since(c, 60, 3, see, &s, &last), RC_OK);
	assert_int_equal(last, 60);
	TRY(sensing_first_at(c, &from));
	s = (struct seen){ .r = r };
	assert_int_equal(sensing_between(c, from + HOUR, from + 2 * HOUR, see, &s), RC_OK);
	assert_int_equal(s.n, 20);
	s = (struct seen){ .r = r };
	assert_int_equal(sensing_between(c, from - DAY, from + DAY, see, &s), RC_OK);
	assert_int_equal(s.n, 60);
	s = (struct seen){ .r = r };
	assert_int_equal(sensing_between(c, from + 5 * DAY, from + 6 * DAY, see, &s), RC_OK);
	assert_int_equal(s.n, 0);
	return RC_OK;
}

static enum rc read_device(struct ctx *c, void *arg)
{
	struct rig *r = arg;
	struct seen s = { .r = r, .down = true };
	struct device_ref d;
	int64_t at;

	TRY(sensing_since(c, 0, 1, see, &(struct seen){ .r = r }, &at));
	struct state *st = sensing_state(c);

	assert_int_equal(sensing_device_get(c, st->devices[0]->id, &d), RC_OK);
	assert_string_equal(d.kind, "door");
	assert_string_equal(d.state, "active");
	assert_int_equal(sensing_device_get(c, STR("nobody"), &d), RC_MISSING);
	assert_int_equal(sensing_of_device(c, d.id, 0, INT64_MAX, 1000, see, &s), RC_OK);
	assert_int_equal(s.n, 60);
	s = (struct seen){ .r = r, .down = true };
	assert_int_equal(sensing_of_device(c, d.id, r->now - 2 * HOUR, r->now, 1000, see, &s), RC_OK);
	assert_int_equal(s.n, 40);
	s = (struct seen){ .r = r, .down = true };
	assert_int_equal(sensing_of_device(c, d.id, 0, INT64_MAX, 7, see, &s), RC_OK);
	assert_int_equal(s.n, 7);
	assert_int_equal(s.last, 54);
	TRY(sensing_last_at(c, STR("d"), &at));
	assert_int_equal(at, r->now - HOUR);
	TRY(sensing_last_at(c, STR("d/4"), &at));
	assert_int_equal(at, r->now - HOUR);
	TRY(sensing_last_at(c, STR("d/"), &at));
	assert_int_equal(at, 0);
	return RC_OK;
}

static void the_log_is_read_in_order(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	for (int round = 0; round < 3; round++) {
		rig_post(r, hundred(r, round));
		rig_counts(r, 20, 0, 0);
		if (round == 1)
			assert_int_equal(app_run_job(r->app, "sensing.flush"), RC_OK);
		r->now += HOUR;
	}
	assert_int_equal(app_unit(r->app, read_log, r), RC_OK);
	assert_int_equal(app_unit(r->app, read_device, r), RC_OK);
	rig_reopen(r);
	assert_int_equal(app_unit(r->app, read_log, r), RC_OK);
	assert_int_equal(app_unit(r->app, read_device, r), RC_OK);
}

static void pages_walk_the_log(void **state)
{
	struct rig *r = *state;
	const char *queries[] = { "limit=7", NULL, "limit=7&type=t.1.0" };
	static const int64_t want[] = { 60, 60, 7 };
	struct str id = rig_device(r, "door", "d", r->gate);

	queries[1] = rig_fmt(r, "limit=7&device_id=" FMT_STR, ARG_STR(id));
	for (int round = 0; round < 3; round++)
		rig_post(r, hundred(r, round));
	for (size_t q = 0; q < COUNT(queries); q++) {
		const char *after = "";
		int64_t n = 0, last = INT64_MAX;

		for (int page = 0; page < 20 && after; page++) {
			rig_call(r, NORTH_DESK, "GET", rig_fmt(r, "/api/sensing/event?%s%s", queries[q], after), NULL);
			CHECK_STATUS(r, 200);
			for (const struct json *e = json_get(r->answer, "items")->child; e; e = e->next, n++) {
				assert_true(json_get_int(e, "seq", 0) < last);
				last = json_get_int(e, "seq", 0);
			}
			struct str next = json_get_text(r->answer, "next");

			after = next.p ? rig_fmt(r, "&after=" FMT_STR, ARG_STR(next)) : NULL;
		}
		assert_null(after);
		assert_int_equal(n, want[q]);
	}
	static const char *const bad[] = { "limit=0", "limit=201", "limit=x", "after=0", "after=x" };

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(rig_call(r, NORTH_DESK, "GET", rig_fmt(r, "/api/sensing/event?%s", bad[i]), NULL),
				 400);
}

/* ---- from inside --------------------------------------------------------------------------------------- */

static enum rc append_inside(struct ctx *c, void *arg)
{
	struct rig *r = arg;
	struct sensing_verdict v[5];
	struct str gw, again;

	TRY(sensing_gateway(c, STR("mq"), STR("Broker"), r->north, &gw));
	TRY(sensing_gateway(c, STR("mq"), STR("Broker"), r->north, &again));
	assert_true(str_eq(gw, again));
	const struct sensing_input in[5] = {
		{ .gateway_id = gw, .source = STR("mq"), .id = STR("1"), .type = STR("t") },
		{ .gateway_id = gw, .source = STR("mq"), .id = STR("1"), .type = STR("t") },
		{ .gateway_id = gw, .source = STR("mq/cam"), .id = STR("1"), .type = STR("cn.jiuan.camera.object.v1") },
		{ .source = STR("unknown"), .id = STR("1"), .type = STR("t") },
		{ .source = STR("d"), .id = STR("1"), .type = STR("t"), .at = c->now, .data = STR("{}") },
	};

	TRY(sensing_append(c, in, 5, v));
	assert_int_equal(v[0].word, SENSING_ACCEPTED);
	assert_int_equal(v[0].seq, 1);
	assert_int_equal(v[1].word, SENSING_DUPLICATE);
	assert_string_equal(v[2].code, "quarantined");
	assert_string_equal(v[3].code, "unknown_source");
	assert_int_equal(v[4].word, SENSING_ACCEPTED);
	return RC_OK;
}

static void the_process_itself_may_speak(void **state)
{
	struct rig *r = *state;

	rig_device(r, "door", "d", r->gate);
	assert_int_equal(app_unit(r->app, append_inside, r), RC_OK);
	rig_post(r, rig_event(r, "d", "1", "t", ""));
	rig_counts(r, 0, 1, 0);
	assert_int_equal(rig_count(r, "SELECT count(*) FROM sensing_device WHERE state = 'quarantined'"), 1);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)
		TEST(every_failure_leaves_no_trace), TEST(restart_remembers),  TEST(two_processes_agree),
		TEST(the_log_is_read_in_order),      TEST(pages_walk_the_log), TEST(the_process_itself_may_speak),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("sensing log", group);
}
