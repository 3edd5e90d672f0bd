/* base.h - result codes, string views, arenas, bounded buffers, clocks, times.
 *
 * Lowest layer: libc only, no I/O, no mutable global state.
 *
 * Memory: everything handed out by arena_*() lives until arena_reset() or
 * arena_free(); nothing is freed one by one.  One unit of work owns one arena.
 * An arena is used by one thread at a time.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE     __attribute__((warn_unused_result))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

/* One result type for the whole program; each failure is one HTTP status. */
enum rc {
	RC_OK = 0,
	RC_INVALID,  /* the caller sent something wrong          400 */
	RC_UNKNOWN,  /* who is asking? no or a dead credential   401 */
	RC_DENIED,   /* the caller may not do this               403 */
	RC_MISSING,  /* no such thing, or not visible to caller  404 */
	RC_CONFLICT, /* the state does not allow it              409 */
	RC_STALE,    /* the version given is not the current one 412 */
	RC_LIMIT,    /* a size or count limit was passed         413 */
	RC_SLOWER,   /* too many tries; come back later          429 */
	RC_BUG,      /* our own fault                            500 */
	RC_BUSY,     /* lock, full disk, lost connection         503 */
};
#define RC_N (RC_BUSY + 1)

/* Leave the current function with the same failure.  Safe at any point:
 * memory belongs to arenas, locks and transactions to the caller's scope. */
#define TRY(expr)                         \
	do {                              \
		enum rc try_rc_ = (expr); \
		if (try_rc_ != RC_OK)     \
			return try_rc_;   \
	} while (0)

/* ---- strings ------------------------------------------------------------ */

/* A view of bytes owned by someone else.  {NULL, 0} means "absent". */
struct str {
	const char *p;
	size_t n;
};
#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })
#define STR_INIT(lit)                   \
	{                               \
		"" lit, sizeof(lit) - 1 \
	}
#define NO_STR     ((struct str){ NULL, 0 })
#define FMT_STR    "%.*s"
#define ARG_STR(s) (int)(s).n, (s).p

struct str str_of(const char *z); /* NULL gives the absent string */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *z);
bool str_starts(struct str a, const char *z);
bool str_ends(struct str a, const char *z);
int str_cmp(struct str a, struct str b); /* byte order; absent before empty */
struct str str_trim(struct str s);       /* without ASCII space at both ends */
/* Cuts the next piece of *rest up to 'sep'; false when nothing is left.  The
 * last piece leaves *rest absent. */
bool str_cut(struct str *rest, char sep, struct str *piece);
/* Whole decimal number, sign allowed, nothing else in s; RC_INVALID on junk
 * or overflow, *ret untouched then. */
enum rc str_int(struct str s, int64_t *ret) MUST_USE;
enum rc str_real(struct str s, double *ret) MUST_USE; /* finite only */
/* Valid UTF-8 without overlong forms, surrogates or NUL (RFC 3629). */
bool str_utf8(struct str s);
/* Number of code points; s must be valid UTF-8. */
size_t str_chars(struct str s);

/* ---- memory ------------------------------------------------------------- */

struct arena;
/* 'limit' is soft: past it allocation still works, so that callers need no
 * NULL checks, and arena_check() reports RC_LIMIT at the points that loop over
 * outside data.  Past four times the limit, or without memory, the process
 * ends with a message. */
struct arena *arena_new(size_t limit);
void arena_reset(struct arena *a);               /* keeps the first chunk for reuse */
void arena_free(struct arena *a);                /* NULL allowed */
void *arena_alloc(struct arena *a, size_t size); /* zeroed, never NULL */
enum rc arena_check(const struct arena *a) MUST_USE;
size_t arena_used(const struct arena *a);
struct str arena_dup(struct arena *a, struct str s); /* NUL after the end; absent stays absent */
char *arena_z(struct arena *a, struct str s);        /* the same as a C string; absent gives "" */
struct str arena_fmt(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
#define NEW(a, T)      ((T *)arena_alloc((a), sizeof(T)))
#define NEW_N(a, T, n) ((T *)arena_alloc((a), sizeof(T) * (size_t)(n)))

/* Heap for long-lived structures of base, sys, store and rules only; never
 * NULL (the process ends with a message).  Freed with free(). */
void *mem_new(size_t size);                                  /* zeroed */
void *mem_grow(void *old, size_t old_size, size_t new_size); /* new part zeroed */
_Noreturn void fatal(const char *fmt, ...) PRINTF(1, 2);

/* Append-only bytes in an arena with a hard limit.  Once overflowed it stays
 * so; check 'overflow' once, at the end.  p is NUL-terminated when not NULL. */
struct buf {
	struct arena *a;
	char *p;
	size_t n, cap, limit;
	bool overflow;
};
struct buf buf_new(struct arena *a, size_t limit);
/* n bytes at the end for the caller to fill at once; NULL on overflow. */
char *buf_space(struct buf *b, size_t n);
void buf_add(struct buf *b, struct str s);
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
struct str buf_str(const struct buf *b); /* never absent */

/* ---- time --------------------------------------------------------------- */

/* Time is microseconds since 1970 UTC.  0 means "no time". */
#define MILLI  ((int64_t)1000)
#define SECOND ((int64_t)1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
struct clock {
	int64_t (*now)(void *self);
	void *self;
};
struct clock clock_system(void);
struct clock clock_fixed(int64_t *value); /* tests move *value by hand */
int64_t clock_now(struct clock c);
int64_t clock_monotonic(void); /* for measuring spans; not related to wall time */

/* RFC 3339, with 'Z' or an offset, up to 9 fraction digits (cut to 6), years
 * 1970 to 9999, seconds 0 to 59 (60 is read as 59.999999).  RC_INVALID else. */
enum rc time_parse(struct str s, int64_t *ret) MUST_USE;
#define TIME_TEXT 32
/* "2026-03-12T01:07:41.123456Z", fraction left out when zero. */
struct str time_text(int64_t t, char out[TIME_TEXT]);

#endif
