/* bench_cloudevents.c - how long one event takes to read and check.
 * Prints figures, asserts only that all events were taken.
 *   bench_cloudevents [rounds] */
#include "device/cloudevents.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVENTS = 1000 };

static const char event_fmt[] = "{\"specversion\":\"1.0\",\"id\":\"%08d-7f3a\",\"source\":\"lens/c1/"
				"lobby-3\",\"type\":\"cn.jiuan.camera.object.v1\","
				"\"time\":\"2026-03-12T01:07:%02d.123456Z\",\"subject\":\"o-%d\",\"data\":{\"label\":"
				"\"e_bike\",\"zone\":\"lobby\","
				"\"score\":0.87,\"stationary\":false}}%s";

static struct str body_of(struct arena *a, bool lines)
{
	struct buf b = buf_new(a, 1 << 20);

	if (!lines)
		buf_char(&b, '[');
	for (int i = 0; i < EVENTS; i++)
		buf_fmt(&b, event_fmt, i, i % 60, i % 100, lines ? "\n" : i + 1 < EVENTS ? "," : "]");
	return buf_str(&b);
}

static void run(const char *name, bool lines, int rounds)
{
	struct arena *text = arena_new(4 << 20), *a = arena_new(16 << 20);
	struct str body = body_of(text, lines);
	int64_t best = INT64_MAX;
	size_t good = 0;

	for (int i = 0; i < rounds; i++) {
		int64_t from = clock_monotonic();
		struct cloud_reader r;
		struct cloud_event ev;
		struct cloud_error err;
		enum rc rc = lines ? cloud_open_lines(a, body, &r, &err) : cloud_open_json(a, body, &r, &err);

		while (rc == RC_OK && cloud_next(&r, &ev, &err))
			good += err.code == NULL;
		arena_reset(a);
		int64_t took = clock_monotonic() - from;

		best = took < best ? took : best;
	}
	if (good != (size_t)rounds * EVENTS) {
		fprintf(stderr, "%s: %zu of %d events\n", name, good, rounds * EVENTS);
		exit(1);
	}
	printf("figure: cloudevents_%s_bytes %zu bytes/event\n", name, body.n / EVENTS);
	printf("figure: cloudevents_%s %.3f us/event\n", name, (double)best / EVENTS);
	arena_free(a);
	arena_free(text);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 300;

	run("batch", false, rounds);
	run("ndjson", true, rounds);
	return 0;
}
