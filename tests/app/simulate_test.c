/* simulate_test.c - the simulator is pure, speaks CloudEvents that the rules
 * know, and never sees the one who is to be missed. */
#include "app/demo_list.h"
#include "app/picture.h"
#include "app/simulate.h"
#include "device/cloudevents.h"
#include "rules/templates.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define START (1773277200 * SECOND) /* 2026-03-12T01:00:00Z, nine o'clock in Nanchang */

struct heard {
	struct arena *a;
	struct buf lines;
	size_t n;
};

static enum rc take(void *arg, struct str event)
{
	struct heard *h = arg;

	buf_add(&h->lines, event);
	buf_char(&h->lines, '\n');
	h->n++;
	return RC_OK;
}

static struct heard live(uint64_t seed, int64_t start, double speed, int64_t span, int64_t step)
{
	struct heard h = { .a = arena_new((size_t)256 << 20) };
	struct simulation *s = simulation_new(seed, start, speed);

	h.lines = buf_new(h.a, 64 << 20);
	for (int64_t t = 0; t < span; t += step)
		assert_int_equal(simulation_step(s, step, take, &h), RC_OK);
	simulation_free(s);
	assert_false(h.lines.overflow);
	return h;
}

static void same_seed_same_bytes(void **state)
{
	struct heard a = live(7, START, 1, 30 * MINUTE, SECOND), b = live(7, START, 1, 30 * MINUTE, 10 * SECOND);
	struct heard c = live(8, START, 1, 30 * MINUTE, SECOND);

	(void)state;
	assert_true(str_eq(buf_str(&a.lines), buf_str(&b.lines)));
	assert_false(str_eq(buf_str(&a.lines), buf_str(&c.lines)));
	arena_free(a.a);
	arena_free(b.a);
	arena_free(c.a);
}

static const struct demo_device *device(struct str source)
{
	for (size_t i = 0; i < n_demo_devices; i++)
		if (str_is(source, demo_devices[i].source))
			return &demo_devices[i];
	return NULL;
}

/* Every event is a CloudEvent of a known type, in order of time, with an id of
 * its own. */
static void events_are_fit(void **state)
{
	struct heard h = live(1, START, 1, HOUR, SECOND);
	struct cloud_reader r;
	struct cloud_event ev;
	struct cloud_error err;
	struct str last_id = NO_STR, lines = buf_str(&h.lines), line;
	int64_t last = 0;
	size_t n = 0;

	(void)state;
	while (str_cut(&lines, '\n', &line) && line.n) { /* at most 10,000 fit in one body */
		assert_int_equal(cloud_open_lines(h.a, line, &r, &err), RC_OK);
		assert_true(cloud_next(&r, &ev, &err));
		assert_null(err.code);
		assert_true(rule_type_known(NULL, ev.type));
		assert_true(ev.at >= last);
		assert_false(str_eq(ev.id, last_id));
		assert_true(device(ev.source) || str_is(ev.source, DEMO_UNKNOWN));
		for (const struct json *j = ev.data->child; j && str_starts(ev.type, "cn.jiuan.camera."); j = j->next)
			assert_true(rule_field_known(NULL, ev.type, j->key));
		last = ev.at;
		last_id = ev.id;
		n++;
	}
	assert_int_equal(n, h.n);
	assert_in_range(n, 3600, 3 * 3600); /* one to three a second at nine in the morning */
	arena_free(h.a);
}

static void nobody_is_seen(void **state)
{
	struct heard h = live(3, START, 1, 4 * HOUR, MINUTE);
	struct str lines = buf_str(&h.lines), line;
	int64_t chosen = 0;

	(void)state;
	assert_null(strstr(h.lines.p, "\"person\"")); /* no camera counts people */
	assert_null(strstr(h.lines.p, "face"));
	while (str_cut(&lines, '\n', &line)) {
		if (memmem(line.p, line.n, "/3-2-501/", 9) == NULL)
			continue;
		chosen++;
		assert_non_null(memmem(line.p, line.n, "cn.jiuan.device.heartbeat.v1", 28));
	}
	assert_true(chosen > 3 * 100);
	arena_free(h.a);
}

static int64_t first_at(const struct heard *h, const char *what, int64_t from)
{
	struct str lines = buf_str(&h->lines), line;
	struct json_error err;
	struct json *j;
	int64_t at;

	while (str_cut(&lines, '\n', &line) && line.n) {
		if (memmem(line.p, line.n, what, strlen(what)) == NULL)
			continue;
		assert_int_equal(json_parse(h->a, line, 0, &j, &err), RC_OK);
		assert_int_equal(time_parse(json_get_text(j, "time"), &at), RC_OK);
		if (at >= from)
			return at;
	}
	return INT64_MAX;
}

/* The cases come within two minutes of real time, whatever the speed. */
static void cases_come_soon(void **state)
{
	static const double speeds[] = { 1, 10, 60 };
	static const char *const cases[] = { "\"type\":\"cn.jiuan.camera.thrown.v1\"",
					     "\"label\":\"e-bike\",\"zone\":\"lobby\",\"phase\":\"new\"",
					     "\"occupied\":true" };

	(void)state;
	for (size_t i = 0; i < COUNT(speeds); i++) {
		struct heard h = live(1, START, speeds[i], (int64_t)(speeds[i] * 120) * SECOND, SECOND);

		for (size_t k = 0; k < COUNT(cases); k++)
			assert_true(first_at(&h, cases[k], 0) < START + 2 * MINUTE);
		assert_non_null(strstr(h.lines.p, "\"floor\":14"));
		arena_free(h.a);
	}
}

static void cases_come_again_elsewhere(void **state)
{
	struct heard h = live(1, START, 1, HOUR, SECOND);
	int64_t again = first_at(&h, "\"type\":\"cn.jiuan.camera.thrown.v1\"", START + 5 * MINUTE);

	(void)state;
	assert_in_range((uint64_t)again, (uint64_t)(START + 5 * MINUTE), (uint64_t)(START + 16 * MINUTE));
	assert_true(first_at(&h, "facade-1\",\"type\":\"cn.jiuan.camera.thrown", 0) < START + HOUR ||
		    first_at(&h, "facade-2\",\"type\":\"cn.jiuan.camera.thrown", 0) < START + HOUR);
	arena_free(h.a);
}

/* A lane is blocked for longer than a rule waits, and then free again. */
static void lanes_become_free(void **state)
{
	struct heard h = live(1, START, 1, 10 * MINUTE, SECOND);
	int64_t from = first_at(&h, "\"occupied\":true", 0);

	(void)state;
	assert_true(from < START && from > START - 5 * MINUTE);
	assert_true(first_at(&h, "\"occupied\":false", START + MINUTE) - from > 5 * MINUTE);
	arena_free(h.a);
}

/* Heartbeats are never further apart than registered, whatever the speed; one
 * device breaks down. */
static void devices_keep_their_beat(void **state)
{
	static const double speeds[] = { 1, 20 };

	(void)state;
	for (size_t s = 0; s < COUNT(speeds); s++) {
		struct heard h = live(1, START, speeds[s], (int64_t)(speeds[s] * 600) * SECOND, SECOND);

		for (size_t i = 0; i < n_demo_devices; i++) {
			bool silent = demo_devices[i].does == DEMO_SILENT;
			const char *what = arena_fmt(h.a, "\"source\":\"%s\",\"type\":\"cn.jiuan.device.heartbeat.v1\"",
						     demo_devices[i].source)
						   .p;
			int64_t at = first_at(&h, what, 0), next = first_at(&h, what, at + 1);

			assert_true(at < START + MINUTE);
			if (silent)
				assert_true(first_at(&h, what, START + MINUTE) == INT64_MAX);
			else
				assert_true(next - at <= DEMO_HEARTBEAT_S * SECOND);
		}
		arena_free(h.a);
	}
}

static uint32_t number_at(struct str s, size_t at)
{
	const uint8_t *p = (const uint8_t *)s.p + at;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Chunks in order, sizes that add up, the height of the fall in the pixels. */
static void pictures_are_whole(void **state)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct str one = picture_fall(a, 14, 3), two = picture_fall(a, 14, 3), low = picture_fall(a, 2, 3),
		   lane = picture_lane(a, true, 1), unused = picture_lane(a, false, 1);
	size_t at = 8, chunks = 0;

	(void)state;
	assert_true(str_eq(one, two));
	assert_false(str_eq(one, low));
	assert_false(str_eq(lane, unused));
	assert_memory_equal(one.p, "\x89PNG\r\n\x1a\n", 8);
	for (; at + 12 <= one.n; at += 12 + number_at(one, at), chunks++)
		if (chunks == 0) {
			assert_memory_equal(one.p + at + 4, "IHDR", 4);
			assert_int_equal(number_at(one, at + 8), PICTURE_WIDE);
			assert_int_equal(number_at(one, at + 12), PICTURE_TALL);
		}
	assert_int_equal(at, one.n);
	assert_int_equal(chunks, 4);
	assert_memory_equal(one.p + one.n - 12, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_whole), cmocka_unit_test(same_seed_same_bytes),
		cmocka_unit_test(events_are_fit),     cmocka_unit_test(nobody_is_seen),
		cmocka_unit_test(cases_come_soon),    cmocka_unit_test(cases_come_again_elsewhere),
		cmocka_unit_test(lanes_become_free),  cmocka_unit_test(devices_keep_their_beat),
	};

	return cmocka_run_group_tests_name("simulate", tests, NULL, NULL);
}
