/* ical_fuzz.c - whatever is read keeps the limits, and what is refused says
 * where and why. */
#include "replay.h"
#include "sys/ical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(64 << 20);
	struct ical_file f;
	size_t times = 0;
	enum rc rc = ical_read(a, (struct str){ (const char *)data, size }, &f);

	MUST(rc == RC_OK || rc == RC_INVALID || rc == RC_LIMIT);
	MUST(rc == RC_OK || arena_check(a) != RC_OK || (f.code && f.detail));
	for (size_t i = 0; rc == RC_OK && i < f.n; i++) {
		const struct ical_event *e = &f.v[i];

		MUST(e->component == i + 1 && e->n_who <= ICAL_WHO && e->n_times <= ICAL_REPEATS);
		if (e->code) {
			MUST(e->field && e->detail && e->n_times == 0);
			continue;
		}
		MUST(e->n_times == 0 || (e->span > 0 && e->n_who > 0));
		for (size_t t = 0; t < e->n_times; t++)
			MUST(e->from_at[t] > 0 && (t == 0 || e->from_at[t] > e->from_at[t - 1]));
		times += e->n_times;
	}
	MUST(rc != RC_OK || times <= ICAL_TIMES);
	arena_free(a);
	return 0;
}
