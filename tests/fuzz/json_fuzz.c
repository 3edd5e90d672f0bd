/* json_fuzz.c - what is taken can be written, and reads back the same. */
#include "base/json.h"
#include "replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(16 << 20);
	struct json_error err;
	struct json *j, *back;
	struct buf first = buf_new(a, 1 << 20), second = buf_new(a, 1 << 20);

	if (json_parse(a, (struct str){ (const char *)data, size }, 0, &j, &err) != RC_OK) {
		MUST(err.reason != NULL && err.at <= size);
	} else {
		json_write(&first, j);
		MUST(!first.overflow && json_parse(a, buf_str(&first), 0, &back, &err) == RC_OK);
		json_write(&second, back);
		MUST(str_eq(buf_str(&first), buf_str(&second)));
	}
	arena_free(a);
	return 0;
}
