/* parse.h - reading a definition, with the place of the fault; inside src/rules. */
#ifndef RULES_PARSE_H
#define RULES_PARSE_H

#include "rules/rule.h"

/* Path of the member being read, as a chain on the C stack. */
struct where {
	const struct where *up; /* NULL: the whole definition */
	struct str name;        /* absent: 'index' counts */
	unsigned index;
};

struct parse {
	const struct rule_names *names;
	struct rule *r;
	struct rule_problem *problem;
};

/* Writes the problem of w, or of its member 'name' (NULL: w itself); always
 * RC_INVALID. */
enum rc parse_fail(struct parse *p, const struct where *w, const char *name, const char *reason);
enum rc parse_map(struct parse *p, const struct where *w, const struct json *j) MUST_USE;
/* The map has no members but those in the NULL-ended list. */
enum rc parse_only(struct parse *p, const struct where *w, const struct json *map, const char *const *names) MUST_USE;
/* Whole number in lo..hi; 'missing' under 0 makes it required. */
enum rc parse_int(struct parse *p, const struct where *w, const struct json *map, const char *name, int64_t lo,
		  int64_t hi, int64_t *ret) MUST_USE;
enum rc parse_seconds(struct parse *p, const struct where *w, const struct json *map, const char *name, int64_t lo,
		      int64_t *ret) MUST_USE;
enum rc parse_text(struct parse *p, const struct where *w, const struct json *map, const char *name,
		   struct str *ret) MUST_USE;
/* Index of the text in a NULL-ended list; an absent member leaves *ret alone. */
enum rc parse_word(struct parse *p, const struct where *w, const struct json *map, const char *name,
		   const char *const *words, unsigned *ret) MUST_USE;
/* Known field's symbol; 'type' may be absent. */
enum rc parse_field(struct parse *p, const struct where *w, const struct json *map, struct str type,
		    uint32_t *ret) MUST_USE;
/* map[name] is a condition; compiles it into part number 'part'. */
enum rc parse_part(struct parse *p, const struct where *w, const struct json *map, const char *name, int part) MUST_USE;
/* One leaf {"field", "op", "value"} into *t (without its ways). */
enum rc parse_comparison(struct parse *p, const struct where *w, const struct json *j, struct str type,
			 struct test *t) MUST_USE;
enum rc parse_time(struct parse *p, const struct where *w, const struct json *j, struct test *t) MUST_USE;

#endif
