/* seal.h - evidence closed to everybody but the server, and hashes; libsodium.
 *
 * A sealed file: 8 bytes "JSEAL1\n\0", 32 bytes ephemeral and 16 bytes tag and
 * 32 bytes key (crypto_box_seal of a fresh secretstream key to the server's
 * X25519 key), 24 bytes header, then chunks of 64 KiB + 17
 * (crypto_secretstream_xchacha20poly1305, the last one marked FINAL).  Only the
 * holder of the secret key opens it; this process cannot after it forgot the
 * fresh key.
 */
#ifndef LENS_SEAL_H
#define LENS_SEAL_H

#include "base/base.h"

enum { SEAL_PUBLIC = 32, HASH_HEX = 65 };

struct seal_to {
	uint8_t key[SEAL_PUBLIC];
	bool set; /* false: nothing is sealed, files keep mode 0600 */
};
enum rc seal_init(void) MUST_USE;
/* base64url of 32 bytes, as the server shows it.  RC_INVALID else. */
enum rc seal_read_key(struct str text, struct seal_to *ret) MUST_USE;
/* Replaces the file by its sealed form, on disk when it returns.  RC_BUSY. */
enum rc seal_file(const struct seal_to *to, const char *path) MUST_USE;
/* The other direction, for tests and for a person with the key at hand. */
enum rc seal_open_file(const uint8_t public[SEAL_PUBLIC], const uint8_t secret[SEAL_PUBLIC], const char *path,
		       const char *out) MUST_USE;
void seal_make_key(uint8_t public[SEAL_PUBLIC], uint8_t secret[SEAL_PUBLIC]);

/* BLAKE2b-256, lower-case hex. */
void seal_hash(struct str in, char out[HASH_HEX]);
enum rc seal_hash_file(const char *path, char out[HASH_HEX], int64_t *bytes) MUST_USE;

#endif
