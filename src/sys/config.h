/* config.h - options from the command line and the environment, by a table.
 *
 * Order: the table's default, then the environment, then the command line.
 * "--name value", "--name=value"; a flag is "--name" or "--name=true|false",
 * in the environment 1, 0, true, false.  Secrets do not belong in either
 * (both are visible to others): give the path of a file as an option.
 */
#ifndef SYS_CONFIG_H
#define SYS_CONFIG_H

#include "base/base.h"

enum config_kind {
	CONFIG_TEXT, /* const char *; min, max count bytes; points into argv, the environment or the table */
	CONFIG_FLAG, /* bool */
	CONFIG_INT,  /* int64_t */
	CONFIG_REAL, /* double; min, max are whole numbers */
	CONFIG_SIZE, /* int64_t bytes; "64", "64K", "8M", "2G" (powers of 1,024) */
	CONFIG_SPAN, /* int64_t microseconds; "250ms", "30s", "5m", "12h", "7d"; the unit is required unless 0 */
	CONFIG_WORD, /* const char *, one of the words in 'words' */
};

struct config_option {
	const char *name; /* without dashes */
	const char *env;  /* NULL: not from the environment */
	enum config_kind kind;
	size_t offset;       /* of the member in the struct filled in */
	const char *missing; /* default, in the same notation; NULL leaves the member as it is */
	int64_t min, max;    /* both 0: no limits; SIZE in bytes, SPAN in microseconds */
	const char *words;   /* CONFIG_WORD: "a|b|c" */
	const char *help;    /* one line */
};

struct config_error {
	char text[256]; /* names the option and what is wrong with it */
};

/* argv[0] is skipped.  'env' as getenv() gives it: NULL takes the process's
 * environment, tests pass their own "NAME=value" list ended by NULL.  Words
 * that are no options go to 'rest' (at most 'rest_max', may be 0) in order;
 * everything after "--" is such a word.  RC_INVALID with *err: unknown option,
 * missing or malformed value, value out of range, given twice, too many words. */
struct config_input {
	int argc;
	char *const *argv;
	char *const *env;
	const char **rest;
	size_t rest_max;
	size_t rest_n; /* out */
};
enum rc config_read(const struct config_option *table, size_t n, struct config_input *in, void *into,
		    struct config_error *err) MUST_USE;
/* One block per option: name, kind, default, environment name, limits, help. */
void config_help(const struct config_option *table, size_t n, struct buf *out);

#endif
