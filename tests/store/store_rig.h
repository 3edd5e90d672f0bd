/* store_rig.h - what the tests of the store share: one open, empty database
 * per test, on each engine in turn, and short questions to it.
 */
#ifndef STORE_RIG_H
#define STORE_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/store.h"
#include "testdb.h"

struct rig {
	enum testdb_kind kind;
	const char *url;
	struct conn *c;
};

/* A test on one kind, or on all; the first line of its function is
 * "struct rig *g = rig_of(state);", which skips it where the kind is not to be had. */
#define ON(f, k)  cmocka_unit_test_prestate_setup_teardown(f, rig_up, rig_down, rig_kind(k))
#define ON_ALL(f) ON(f, TESTDB_MEMORY), ON(f, TESTDB_FILE), ON(f, TESTDB_PG)
void *rig_kind(enum testdb_kind kind);
int rig_up(void **state);
int rig_down(void **state);
struct rig *rig_of(void **state);

#define assert_rc(want, call) assert_int_equal(want, call)
#define OK(call)              assert_int_equal(RC_OK, call)
struct conn *rig_open(const char *url, unsigned flags); /* fails the test when it can't */
/* The only value of the only row; the test fails when it is of another kind. */
int64_t ask_int(struct conn *c, const char *sql, struct args args);
double ask_real(struct conn *c, const char *sql, struct args args);
/* Text or bytes, NUL-terminated copy; the next four calls leave it alone. */
const char *ask_text(struct conn *c, const char *sql, struct args args);
bool ask_null(struct conn *c, const char *sql, struct args args);
/* Rows of a query, each column in text, "|" between columns and ";" after each row; as ask_text. */
const char *ask_rows(struct conn *c, const char *sql, struct args args);

#endif
