/* rules_fixture.h - one engine with a record of its matches, for the tests. */
#ifndef TESTS_RULES_FIXTURE_H
#define TESTS_RULES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rules/rules.h"
#include "rules/templates.h"

enum { FIXTURE_MATCHES = 4096 };
#define T0 (1773277661 * SECOND) /* 2026-03-12T01:07:41Z, a Thursday */

struct fixture {
	struct arena *a;
	struct symbols *symbols;
	struct rule_names names;
	struct rules *e;
	struct rule_match got[FIXTURE_MATCHES];
	size_t n;
	struct rule_problem problem;
};

void fixture_init(struct fixture *f);
void fixture_done(struct fixture *f);
/* A second engine with the same rules is made by hand: fixture_engine(). */
struct rules *fixture_engine(struct fixture *f, int64_t now);
struct json *fixture_json(struct fixture *f, const char *text); /* ' stands for " */
enum rc fixture_compile(struct fixture *f, const char *text, struct rule **ret);
uint32_t fixture_put(struct fixture *f, struct rules *e, const char *id, const char *text);
/* Asserts that the definition is refused there and so. */
void fixture_refused(struct fixture *f, const char *text, const char *path, const char *reason);
uint32_t sym(struct fixture *f, const char *text);
/* An event "t.<type>" of device and place 7 (or as set) at T0 + at_s seconds. */
struct rule_event ev(struct fixture *f, const char *type, double at_s);
void send(struct fixture *f, struct rule_event e);
/* Sends and returns how many matches came. */
size_t hit(struct fixture *f, const char *type, double at_s);
size_t hit_device(struct fixture *f, const char *type, double at_s, uint32_t device);
size_t hit_value(struct fixture *f, const char *type, double at_s, double value);
size_t tick(struct fixture *f, double at_s);
struct rule_match *last(struct fixture *f);

#endif
