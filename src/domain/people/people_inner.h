/* people_inner.h - the inside of the people module. */
#ifndef PEOPLE_INNER_H
#define PEOPLE_INNER_H

#include "domain/people/people.h"
#include "domain/people/people_limit.h"
#include "sys/crypto.h"

#include <pthread.h>

enum person_state { PERSON_ACTIVE, PERSON_DISABLED, PERSON_ERASED };
struct person {
	struct std std;
	struct str name, display, phone, login, household_id, place_id, place_path;
	unsigned language, state, source;
	bool must_change_password;
	struct str password_hash, confirmed_by_name;
	int64_t confirmed_at;
};
extern const struct entity person_entity;

struct post {
	struct std std;
	struct str person_id, role, place_id, place_path, display, title;
	int64_t from_at, to_at;
};
extern const struct entity post_entity;
extern const struct entity contact_entity, consent_entity;

enum session_state { SESSION_LIVE, SESSION_ENDED };
struct session {
	struct std std;
	struct str person_id;
	unsigned state;
	int64_t last_seen_at, ended_at, locked_at;
	struct str address, agent, token_hash;
};
extern const struct entity session_entity;

/* Idle and longest life of a session. */
#define STAFF_IDLE       (15 * MINUTE)
#define STAFF_LONGEST    (12 * HOUR)
#define RESIDENT_IDLE    (30 * DAY)
#define RESIDENT_LONGEST (180 * DAY)

/* ---- sessions in memory ------------------------------------------------------ */

enum { SESSION_BUCKETS = 4096, SESSION_CACHE = 64 << 20 };
struct cached;
struct people_state {
	pthread_mutex_t lock; /* of everything but 'gate', which has its own */
	struct arena *keep;   /* until stop */
	struct arena *arena;  /* of the cached sessions; reset as a whole */
	struct cached *bucket[SESSION_BUCKETS];
	int64_t revision, checked_at;
	uint64_t drops; /* grows with each drop: a load begun before is not kept */
	struct people_limits *limits;
	struct password_gate gate;
	people_seat_fn *seat;
};
struct people_state *people_state_of(const struct ctx *c);
enum rc people_start(struct ctx *c) MUST_USE;
void people_stop(void *state);
enum rc people_authenticate(struct ctx *c, const struct request *rq, struct actor *ret) MUST_USE;
/* Who the person is now, by posts; grants in c->arena.  'standing' may be NULL. */
struct people_standing {
	int64_t until; /* ask again then: a minute from now or when a post ends */
	bool staff;    /* holds a post that opens a desk */
};
enum rc people_actor(struct ctx *c, const struct person *p, struct str session, struct actor *ret,
		     struct people_standing *standing) MUST_USE;
/* Permissions of the person may have changed: drops the cached sessions here
 * now, in other processes within a second of COMMIT.  In a write unit. */
enum rc people_changed(struct ctx *c, struct str person) MUST_USE;
/* Ends sessions of the person, but for 'keep' (absent: all). */
enum rc people_end_sessions(struct ctx *c, struct str person, struct str keep) MUST_USE;
/* Rows about a person lie where the person lives. */
enum rc people_follow_home(struct ctx *c, struct str person, struct str place_path) MUST_USE;
/* Value of a cookie, absent when not sent. */
struct str people_cookie(const struct request *rq, const char *name);
const char *people_session_cookie(const struct request *rq);
/* Hex of the BLAKE2b of a token. */
struct str people_token_hash(struct arena *a, struct str token);
/* Job: writes what was seen. */
enum rc people_touch(struct ctx *c) MUST_USE;

/* ---- routes ---------------------------------------------------------------------- */

enum rc people_login_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc people_login(struct ctx *c, struct call *k) MUST_USE;
enum rc people_logout(struct ctx *c, struct call *k) MUST_USE;
/* A seat's desk: locked at once, opened by the password. */
enum rc people_lock(struct ctx *c, struct call *k) MUST_USE;
enum rc people_unlock_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc people_unlock(struct ctx *c, struct call *k) MUST_USE;
enum rc people_me(struct ctx *c, struct call *k) MUST_USE;
enum rc people_password_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc people_password(struct ctx *c, struct call *k) MUST_USE;
enum rc people_reset_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc people_reset(struct ctx *c, struct call *k) MUST_USE;
enum rc people_looks(struct ctx *c, struct call *k) MUST_USE;
/* The body of GET /api/me for c->who. */
enum rc people_write_me(struct ctx *c, const struct person *p, struct buf *out) MUST_USE;

/* Text of 1 to 'most' characters in the input; FAIL at the field else. */
enum { PASSWORD_MOST = 256 };
enum rc people_input(struct ctx *c, const struct json *in, const char *name, size_t most, struct str *ret) MUST_USE;
/* 429 slow_down with Retry-After. */
enum rc people_slow_down(struct ctx *c, int64_t wait_s) MUST_USE;
/* RC_OK: right; RC_UNKNOWN without FAIL: wrong.  On a reader: takes 0.2 s. */
enum rc people_try_password(struct ctx *c, const struct limit_try *t, struct str stored, struct str password) MUST_USE;
enum rc people_hash(struct ctx *c, struct str password, struct str *ret) MUST_USE;

/* ---- helpers ----------------------------------------------------------------------- */

/* Lower case, 2 to 40 of a-z 0-9 . _ @ + -; false: not a login. */
bool people_login_form(struct arena *a, struct str in, struct str *ret);
enum rc people_by_login(struct ctx *c, struct str login, struct person *ret, bool *found) MUST_USE;
/* A one-time password, 80 random bits: "k7mq-29xd-v4tn-hs8p". */
struct str people_one_time(struct ctx *c);
/* FAIL RC_INVALID at 'field' when a password is not acceptable for the person. */
enum rc people_check_password(struct ctx *c, const struct person *p, struct str password, const char *field) MUST_USE;
/* Nobody hands out, takes away or takes over what he does not hold himself:
 * every permission of the role, at the place. */
bool people_may_hand_out(const struct ctx *c, struct str role, struct str place_path);
/* The same for all live posts of a person; FAIL RC_DENIED "role_above_own". */
enum rc people_check_above(struct ctx *c, struct str person) MUST_USE;
/* For rows about a person: the caller himself, or somebody with 'perm' at the
 * person's home; fills the home path.  An invisible person is unknown. */
enum rc people_about(struct ctx *c, struct str person, const char *perm, struct str *place_path) MUST_USE;

#endif
