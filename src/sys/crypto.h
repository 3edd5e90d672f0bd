/* crypto.h - random, hashes, passwords, signatures, sealed bytes, ids; all by
 * libsodium.  Call crypto_init() once at the start of the program.  Everything
 * here may be called from several threads.
 */
#ifndef SYS_CRYPTO_H
#define SYS_CRYPTO_H

#include "base/base.h"

#include <pthread.h>

/* RC_BUG: no source of randomness.  May be called again. */
enum rc crypto_init(void) MUST_USE;

void crypto_random(void *out, size_t n);

/* 256 random bits as 43 characters base64url. */
#define CRYPTO_TOKEN 44
struct str crypto_token(char out[CRYPTO_TOKEN]);

/* (libsodium owns the name crypto_hash.)  BLAKE2b with 32 bytes out (RFC 7693); keyed: 'key' has 16 to 64 bytes. */
enum { CRYPTO_HASH = 32 };
void hash_bytes(struct str in, uint8_t out[CRYPTO_HASH]);
enum rc hash_keyed(struct str key, struct str in, uint8_t out[CRYPTO_HASH]) MUST_USE;

/* Text forms; lower-case hex, base64url without padding (RFC 4648).  Decoding
 * is strict: RC_INVALID on anything else; hex may be in both cases. */
struct str hex_encode(struct arena *a, struct str bytes);
enum rc hex_decode(struct arena *a, struct str text, struct str *ret) MUST_USE;
struct str base64url_encode(struct arena *a, struct str bytes);
enum rc base64url_decode(struct arena *a, struct str text, struct str *ret) MUST_USE;

/* Time does not depend on the content, only on the length. */
bool crypto_same(struct str a, struct str b);
void crypto_wipe(void *p, size_t n);

/* ---- passwords ---- */

/* Argon2id, 64 MiB, 3 passes; at most 'at_once' run, so that logins cannot eat
 * the memory.  Owned by the caller, shared by threads. */
struct password_gate {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	unsigned free, waiting, max_waiting;
};
/* 'at_once' 0 means 2; 'max_waiting' callers may wait (0 means 64). */
void password_gate_init(struct password_gate *g, unsigned at_once, unsigned max_waiting);
void password_gate_done(struct password_gate *g);

#define PASSWORD_HASH 128
/* Blocks for about 0.2 s of work and the wait for a place; RC_SLOWER when too
 * many wait already, RC_BUSY without memory. */
enum rc password_hash(struct password_gate *g, struct str password, char out[PASSWORD_HASH]) MUST_USE;
/* RC_OK: right; RC_UNKNOWN: wrong; RC_INVALID: 'stored' is not a hash; the
 * others as above.  Give an absent 'stored' for an account that does not exist:
 * takes as long and says RC_UNKNOWN. */
enum rc password_verify(struct password_gate *g, struct str stored, struct str password) MUST_USE;
/* The stored hash was made with weaker settings than today's. */
bool password_is_old(struct str stored);

/* NULL: acceptable.  Else a stable word: "not_utf8", "too_short" (below 8 code
 * points), "too_long" (over 256), "common", "local" (contains one of 'words',
 * compared without case, words below 4 bytes ignored). */
const char *password_check(struct str password, const struct str *words, size_t n);
/* common_passwords.c: lower case, also without trailing digits and '!'. */
bool password_is_common(struct str password);

/* ---- signatures (Ed25519) and sealing (XChaCha20-Poly1305) ---- */

enum { SIGN_PUBLIC = 32, SIGN_SECRET = 64, SIGN_BYTES = 64, SEAL_KEY = 32, SEAL_EXTRA = 40 };

struct sign_key {
	uint8_t secret[SIGN_SECRET];
	uint8_t public[SIGN_PUBLIC];
};
void sign_key_make(struct sign_key *ret);
/* The same pair from the same 32 bytes, for keys that follow from a node's own. */
void sign_key_from(const uint8_t seed[CRYPTO_HASH], struct sign_key *ret);
void sign_make(const struct sign_key *k, struct str in, uint8_t out[SIGN_BYTES]);
bool sign_verify(const uint8_t public[SIGN_PUBLIC], struct str in, struct str signature);

struct seal_key {
	uint8_t bytes[SEAL_KEY];
};
/* Result is SEAL_EXTRA bytes longer.  'context' is bound to it and must be the
 * same when opening (for instance "people.contact.phone/<id>"). */
struct str seal_make(struct arena *a, const struct seal_key *k, struct str plain, struct str context);
/* RC_INVALID: another key, another context, or changed bytes. */
enum rc seal_open(struct arena *a, const struct seal_key *k, struct str sealed, struct str context,
		  struct str *ret) MUST_USE;

/* Key files: raw bytes, mode 0600, made when missing (RC_OK, *made true).
 * RC_INVALID: wrong size, or readable by others; RC_BUSY: cannot read or write. */
enum rc seal_key_load(const char *path, struct seal_key *ret, bool *made) MUST_USE;
enum rc sign_key_load(const char *path, struct sign_key *ret, bool *made) MUST_USE;

/* ---- ids ---- */

/* 26 characters of Crockford's base 32: 48 bits of milliseconds, 80 random
 * bits; the form of a ULID.  Each id of one generator sorts after the one
 * before, also when the clock goes back. */
#define ID_TEXT 27
struct id_gen {
	pthread_mutex_t lock;
	uint64_t ms;
	uint8_t tail[10];
};
void id_gen_init(struct id_gen *g);
void id_gen_done(struct id_gen *g);
/* Writes 26 characters and NUL.  'now' is microseconds since 1970. */
void id_new(struct id_gen *g, int64_t now, char out[ID_TEXT]);
bool id_is_valid(struct str id);
/* The time inside, microseconds cut to milliseconds; 0 when not valid. */
int64_t id_time(struct str id);

#endif
