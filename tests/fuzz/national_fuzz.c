/* national_fuzz.c - what is accepted is UTF-8 in one form: read again, it is
 * the same. */
#include "base/national.h"
#include "replay.h"

static void again(struct arena *a, struct str in)
{
	int64_t today = 2000000000 * SECOND;
	struct str one = STR(""), two = STR("");

	enum plate_kind kind = plate_read(a, in, &one);

	if (kind != PLATE_NONE)
		MUST(plate_read(a, one, &two) == kind && str_eq(one, two) && one.n >= 7 && one.n <= 20);
	if (plate_read_e_bike(a, in, &one))
		MUST(plate_read_e_bike(a, one, &two) && str_eq(one, two));
	if (id_read(a, in, today, &one) == ID_FINE)
		MUST(id_read(a, one, today, &two) == ID_FINE && str_eq(one, two) && one.n == 18);
	enum phone_kind phone = phone_read(a, in, &one);

	if (phone != PHONE_NONE)
		MUST(phone_read(a, one, &two) == phone && str_eq(one, two) && one.n >= 8 && one.n <= 22);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(8 << 20);
	struct str in = { (const char *)data, size };

	if (size <= 4096 && str_utf8(in))
		again(a, in);
	arena_free(a);
	return 0;
}
