/* frigate_fuzz.c - first line: topic, the rest: payload; the rest also as the
 * answer of an HTTP list.  What comes out is JSON within the limits of ingest. */
#include "device/frigate.h"
#include "replay.h"

static void check(struct arena *a, const struct device_events *got)
{
	for (size_t i = 0; i < got->n; i++) {
		const struct device_event *e = &got->items[i];
		struct json_error err;
		struct json *j;

		MUST(e->source.n >= 1 && e->source.n <= 128 && str_utf8(e->source));
		MUST(e->id.n >= 1 && e->id.n <= 128 && str_utf8(e->id));
		MUST(str_starts(e->type, "cn.jiuan.") && e->at > 0);
		MUST(json_parse(a, e->data, 0, &j, &err) == RC_OK && j->kind == J_MAP);
		MUST(json_get(j, "sub_label") == NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct str models[] = { STR_INIT("m") };
	struct frigate f = { .models = models, .models_n = 1 };
	struct arena *a = arena_new(32 << 20);
	struct str payload = { (const char *)data, size }, topic = NO_STR;
	struct device_events got;
	struct device_error err;
	size_t skipped;

	(void)!str_cut(&payload, '\n', &topic);
	if (frigate_read(&f, a, topic, payload, 1000000, &got, &err) == RC_OK)
		check(a, &got);
	else
		MUST(err.code != NULL && err.field != NULL);
	if (frigate_read_events(&f, a, payload, &got, &skipped, &err) == RC_OK)
		check(a, &got);
	if (frigate_read_reviews(&f, a, payload, &got, &skipped, &err) == RC_OK) {
		for (size_t i = 0; i < got.n; i++)
			MUST(str_starts(got.items[i].id, "review/"));
		check(a, &got);
	}
	arena_free(a);
	return 0;
}
