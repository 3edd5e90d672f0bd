/* crypto.c - random, hashes, text forms, signatures, sealing, key files. */
#include "sys/crypto.h"
#include "sys/file.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

enum rc crypto_init(void)
{
	return sodium_init() < 0 ? RC_BUG : RC_OK;
}

void crypto_random(void *out, size_t n)
{
	randombytes_buf(out, n);
}

void crypto_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

static const unsigned char *bytes_of(struct str s)
{
	return (const unsigned char *)(s.p ? s.p : "");
}

struct str crypto_token(char out[CRYPTO_TOKEN])
{
	unsigned char raw[32];
	randombytes_buf(raw, sizeof raw);
	sodium_bin2base64(out, CRYPTO_TOKEN, raw, sizeof raw, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(raw, sizeof raw);
	return (struct str){ out, CRYPTO_TOKEN - 1 };
}

void hash_bytes(struct str in, uint8_t out[CRYPTO_HASH])
{
	if (crypto_generichash(out, CRYPTO_HASH, bytes_of(in), in.n, NULL, 0) != 0)
		fatal("crypto: hash");
}

enum rc hash_keyed(struct str key, struct str in, uint8_t out[CRYPTO_HASH])
{
	if (key.n < crypto_generichash_KEYBYTES_MIN || key.n > crypto_generichash_KEYBYTES_MAX)
		return RC_INVALID;
	if (crypto_generichash(out, CRYPTO_HASH, bytes_of(in), in.n, bytes_of(key), key.n) != 0)
		return RC_BUG;
	return RC_OK;
}

struct str hex_encode(struct arena *a, struct str bytes)
{
	char *out = arena_alloc(a, bytes.n * 2 + 1);
	sodium_bin2hex(out, bytes.n * 2 + 1, bytes_of(bytes), bytes.n);
	return (struct str){ out, bytes.n * 2 };
}

enum rc hex_decode(struct arena *a, struct str text, struct str *ret)
{
	char *out = arena_alloc(a, text.n / 2 + 1);
	size_t n = 0;
	if (text.n % 2 != 0)
		return RC_INVALID;
	if (text.n > 0 &&
	    (sodium_hex2bin((unsigned char *)out, text.n / 2, text.p, text.n, NULL, &n, NULL) != 0 || n != text.n / 2))
		return RC_INVALID;
	*ret = (struct str){ out, n };
	return RC_OK;
}

struct str base64url_encode(struct arena *a, struct str bytes)
{
	size_t cap = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *out = arena_alloc(a, cap);
	sodium_bin2base64(out, cap, bytes_of(bytes), bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return (struct str){ out, cap - 1 };
}

enum rc base64url_decode(struct arena *a, struct str text, struct str *ret)
{
	char *out = arena_alloc(a, text.n + 1);
	size_t n = 0;
	/* 'end' NULL makes libsodium refuse anything after the last digit. */
	if (text.n > 0 && sodium_base642bin((unsigned char *)out, text.n, text.p, text.n, NULL, &n, NULL,
					    sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
		return RC_INVALID;
	out[n] = '\0';
	*ret = (struct str){ out, n };
	return RC_OK;
}

bool crypto_same(struct str a, struct str b)
{
	return a.n == b.n && sodium_memcmp(bytes_of(a), bytes_of(b), a.n) == 0;
}

/* ---- signatures ---- */

void sign_key_make(struct sign_key *ret)
{
	if (crypto_sign_keypair(ret->public, ret->secret) != 0)
		fatal("crypto: key pair");
}

void sign_key_from(const uint8_t seed[CRYPTO_HASH], struct sign_key *ret)
{
	_Static_assert(crypto_sign_SEEDBYTES == CRYPTO_HASH, "a seed is a hash");
	crypto_sign_seed_keypair(ret->public, ret->secret, seed);
}

void sign_make(const struct sign_key *k, struct str in, uint8_t out[SIGN_BYTES])
{
	if (crypto_sign_detached(out, NULL, bytes_of(in), in.n, k->secret) != 0)
		fatal("crypto: sign");
}

bool sign_verify(const uint8_t public[SIGN_PUBLIC], struct str in, struct str signature)
{
	return signature.n == SIGN_BYTES &&
	       crypto_sign_verify_detached(bytes_of(signature), bytes_of(in), in.n, public) == 0;
}

/* ---- sealing: 24 bytes nonce, then the text with its 16 byte tag ---- */

struct str seal_make(struct arena *a, const struct seal_key *k, struct str plain, struct str context)
{
	enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
	unsigned char *out = arena_alloc(a, plain.n + SEAL_EXTRA);
	unsigned long long n = 0;
	randombytes_buf(out, NONCE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, &n, bytes_of(plain), plain.n, bytes_of(context),
						       context.n, NULL, out, k->bytes) != 0)
		fatal("crypto: seal");
	return (struct str){ (const char *)out, NONCE + (size_t)n };
}

enum rc seal_open(struct arena *a, const struct seal_key *k, struct str sealed, struct str context, struct str *ret)
{
	enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES };
	if (sealed.n < SEAL_EXTRA)
		return RC_INVALID;
	char *out = arena_alloc(a, sealed.n - SEAL_EXTRA + 1);
	unsigned long long n = 0;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)out, &n, NULL, bytes_of(sealed) + NONCE,
						       sealed.n - NONCE, bytes_of(context), context.n, bytes_of(sealed),
						       k->bytes) != 0)
		return RC_INVALID;
	*ret = (struct str){ out, (size_t)n };
	return RC_OK;
}

/* ---- key files ---- */

static enum rc secret_read(const char *path, uint8_t *ret, size_t n)
{
	struct stat st;
	struct str got;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? RC_MISSING : RC_BUSY;
	if ((st.st_mode & 077) != 0)
		return RC_INVALID;
	struct arena *a = arena_new(4096);
	enum rc rc = file_read(a, path, n, &got);

	if (rc == RC_LIMIT || (rc == RC_OK && got.n != n))
		rc = RC_INVALID;
	if (rc == RC_OK)
		memcpy(ret, got.p, n);
	arena_free(a);
	return rc == RC_OK || rc == RC_INVALID ? rc : RC_BUSY;
}

/* A key that is there is read without writing anything: a full disk keeps no
 * server from starting.  file_create() lets one of two starting processes win;
 * the other reads what the winner wrote. */
static enum rc secret_load(const char *path, const uint8_t *fresh, uint8_t *ret, size_t n, bool *made)
{
	enum rc rc = secret_read(path, ret, n);

	*made = false;
	if (rc != RC_MISSING)
		return rc;
	rc = file_create(path, (struct str){ (const char *)fresh, n }, 0600);
	*made = rc == RC_OK;
	return rc == RC_OK || rc == RC_CONFLICT ? secret_read(path, ret, n) : RC_BUSY;
}

enum rc seal_key_load(const char *path, struct seal_key *ret, bool *made)
{
	uint8_t fresh[SEAL_KEY];
	randombytes_buf(fresh, sizeof fresh);
	enum rc rc = secret_load(path, fresh, ret->bytes, sizeof ret->bytes, made);
	sodium_memzero(fresh, sizeof fresh);
	return rc;
}

enum rc sign_key_load(const char *path, struct sign_key *ret, bool *made)
{
	struct sign_key fresh;
	sign_key_make(&fresh);
	enum rc rc = secret_load(path, fresh.secret, ret->secret, sizeof ret->secret, made);
	sodium_memzero(&fresh, sizeof fresh);
	if (rc == RC_OK && crypto_sign_ed25519_sk_to_pk(ret->public, ret->secret) != 0)
		rc = RC_INVALID;
	return rc;
}
