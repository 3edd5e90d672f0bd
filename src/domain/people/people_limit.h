/* people_limit.h - how often a password may be guessed.
 *
 * Failures are counted per account (10 in any 15 minutes, with a growing pause
 * from the third on), per address (60 in any 15 minutes) and, for browsers the
 * owner has used before, per browser instead of both: a stranger who spends the
 * account's tries leaves the owner's own browser its ten.  In memory, a fixed
 * number of counters; the oldest give way.  Thread-safe by the caller's lock.
 */
#ifndef PEOPLE_LIMIT_H
#define PEOPLE_LIMIT_H

#include "base/base.h"

enum { LIMIT_ACCOUNT = 10, LIMIT_ADDRESS = 60, LIMIT_SLOTS = 8192 };
#define LIMIT_WINDOW (15 * MINUTE)

struct people_limits;
/* About 5 MB of 'a'. */
struct people_limits *people_limits_new(struct arena *a);

struct limit_try {
	struct str account; /* login as typed, lower case */
	struct str address; /* v6: only its first 64 bits count */
	struct str device;  /* a browser known for this account; absent: a stranger */
};
/* 0: go on, the try is counted as failed until people_limit_ok().  Else: wait
 * so many seconds; nothing is counted. */
int64_t people_limit_admit(struct people_limits *l, const struct limit_try *t, int64_t now);
/* The password was right: the try was none; a known browser starts afresh. */
void people_limit_ok(struct people_limits *l, const struct limit_try *t, int64_t now);

#endif
