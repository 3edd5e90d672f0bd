#include "lens/eval/level.h"

#include <stddef.h>
#include <string.h>

/* clang-format off */
static const struct level levels[] = {
	/*name  noise shake laundry birds insects leaves dives rain foliage contrast clock drift exposure night */
	{ "L0", 0.5, 0.0,  0,  0, 0,  0, 0, 0, 0, 70, 130, 0, 0.00, 0.25, 0 },
	{ "L1", 2.0, 0.3,  6,  4, 0,  0, 0, 0, 0, 50, 120, 1, 0.04, 0.25, 0 },
	{ "L2", 3.0, 0.6, 12,  8, 2,  6, 1, 0, 1, 35, 110, 1, 0.08, 0.25, 0 },
	{ "L3", 3.0, 1.0, 16,  8, 4, 10, 2, 1, 1, 25, 110, 1, 0.08, 0.25, 0 },
	{ "L4", 6.0, 1.5, 24, 12, 8, 20, 4, 2, 1, 18,  70, 1, 0.12, 0.25, 0 },
	{ "N1", 10., 0.6,  6,  0, 8,  4, 0, 0, 1, 40, 110, 1, 0.02, 1.00, 1 },
};
/* clang-format on */

const struct level *level_at(int i)
{
	return i >= 0 && (size_t)i < sizeof levels / sizeof *levels ? &levels[i] : NULL;
}

const struct level *level_named(const char *name)
{
	for (int i = 0; level_at(i); i++)
		if (strcmp(levels[i].name, name) == 0)
			return &levels[i];
	return NULL;
}
