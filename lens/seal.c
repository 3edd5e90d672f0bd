/* seal.c - see seal.h. */
#include "lens/seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

enum { CHUNK = 65536, STREAM_KEY = crypto_secretstream_xchacha20poly1305_KEYBYTES };
static const char magic[8] = "JSEAL1\n";

enum rc seal_init(void)
{
	return sodium_init() < 0 ? RC_BUG : RC_OK;
}

enum rc seal_read_key(struct str text, struct seal_to *ret)
{
	size_t n = 0;

	if (sodium_base642bin(ret->key, sizeof(ret->key), text.p, text.n, NULL, &n, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    n != sizeof(ret->key))
		return RC_INVALID;
	ret->set = true;
	return RC_OK;
}

void seal_make_key(uint8_t public[SEAL_PUBLIC], uint8_t secret[SEAL_PUBLIC])
{
	crypto_box_keypair(public, secret);
}

/* A whole chunk from 'in' to 'out', until the end. */
static enum rc seal_chunks(crypto_secretstream_xchacha20poly1305_state *s, FILE *in, FILE *out, uint8_t *plain,
			   uint8_t *coded)
{
	for (;;) {
		size_t n = fread(plain, 1, CHUNK, in);
		int next = n == CHUNK ? getc(in) : EOF;
		unsigned char tag = next == EOF ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0;
		unsigned long long coded_n;

		if (ferror(in))
			return RC_BUSY;
		if (next != EOF)
			ungetc(next, in);
		crypto_secretstream_xchacha20poly1305_push(s, coded, &coded_n, plain, n, NULL, 0, tag);
		if (fwrite(coded, 1, (size_t)coded_n, out) != coded_n)
			return RC_BUSY;
		if (tag != 0)
			return RC_OK;
	}
}

static enum rc seal_stream(const struct seal_to *to, FILE *in, FILE *out)
{
	uint8_t key[STREAM_KEY], box[STREAM_KEY + crypto_box_SEALBYTES];
	uint8_t header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
	uint8_t *plain = mem_new(CHUNK), *coded = mem_new(CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES);
	crypto_secretstream_xchacha20poly1305_state s;
	enum rc rc = RC_BUSY;

	crypto_secretstream_xchacha20poly1305_keygen(key);
	crypto_secretstream_xchacha20poly1305_init_push(&s, header, key);
	if (crypto_box_seal(box, key, sizeof(key), to->key) == 0 &&
	    fwrite(magic, 1, sizeof(magic), out) == sizeof(magic) && fwrite(box, 1, sizeof(box), out) == sizeof(box) &&
	    fwrite(header, 1, sizeof(header), out) == sizeof(header))
		rc = seal_chunks(&s, in, out, plain, coded);
	sodium_memzero(key, sizeof(key));
	sodium_memzero(&s, sizeof(s));
	sodium_memzero(plain, CHUNK);
	free(plain);
	free(coded);
	return rc;
}

enum rc seal_file(const struct seal_to *to, const char *path)
{
	char part[4096];
	enum rc rc = RC_BUSY;

	if (!to->set)
		return RC_OK;
	if ((size_t)snprintf(part, sizeof(part), "%s.seal", path) >= sizeof(part))
		return RC_LIMIT;
	FILE *in = fopen(path, "rb");
	int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");

	if (in && out && seal_stream(to, in, out) == RC_OK && fflush(out) == 0 && fsync(fd) == 0)
		rc = RC_OK;
	if (in)
		fclose(in);
	if (out && fclose(out) != 0)
		rc = RC_BUSY;
	if (rc == RC_OK && rename(part, path) != 0)
		rc = RC_BUSY;
	if (rc != RC_OK)
		unlink(part);
	return rc;
}

static enum rc open_stream(const uint8_t *public, const uint8_t *secret, FILE *in, FILE *out, uint8_t *plain,
			   uint8_t *coded)
{
	uint8_t head[sizeof(magic)], box[STREAM_KEY + crypto_box_SEALBYTES], key[STREAM_KEY];
	uint8_t header[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
	crypto_secretstream_xchacha20poly1305_state s;
	unsigned char tag = 0;

	if (fread(head, 1, sizeof(head), in) != sizeof(head) || memcmp(head, magic, sizeof(head)) != 0 ||
	    fread(box, 1, sizeof(box), in) != sizeof(box) || fread(header, 1, sizeof(header), in) != sizeof(header) ||
	    crypto_box_seal_open(key, box, sizeof(box), public, secret) != 0 ||
	    crypto_secretstream_xchacha20poly1305_init_pull(&s, header, key) != 0)
		return RC_INVALID;
	while (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) {
		size_t n = fread(coded, 1, CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES, in);
		unsigned long long plain_n;

		if (n == 0 ||
		    crypto_secretstream_xchacha20poly1305_pull(&s, plain, &plain_n, &tag, coded, n, NULL, 0) != 0)
			return RC_INVALID;
		if (fwrite(plain, 1, (size_t)plain_n, out) != plain_n)
			return RC_BUSY;
	}
	return getc(in) == EOF ? RC_OK : RC_INVALID;
}

enum rc seal_open_file(const uint8_t public[SEAL_PUBLIC], const uint8_t secret[SEAL_PUBLIC], const char *path,
		       const char *out)
{
	FILE *from = fopen(path, "rb"), *to = from ? fopen(out, "wb") : NULL;
	uint8_t *plain = mem_new(CHUNK), *coded = mem_new(CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES);
	enum rc rc = to ? open_stream(public, secret, from, to, plain, coded) : RC_MISSING;

	free(plain);
	free(coded);
	if (from)
		fclose(from);
	if (to && fclose(to) != 0 && rc == RC_OK)
		rc = RC_BUSY;
	return rc;
}

void seal_hash(struct str in, char out[HASH_HEX])
{
	uint8_t hash[32];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)in.p, in.n, NULL, 0);
	sodium_bin2hex(out, HASH_HEX, hash, sizeof(hash));
}

enum rc seal_hash_file(const char *path, char out[HASH_HEX], int64_t *bytes)
{
	crypto_generichash_state s;
	uint8_t hash[32], *chunk = mem_new(CHUNK);
	FILE *in = fopen(path, "rb");
	size_t n;

	*bytes = 0;
	if (in == NULL) {
		free(chunk);
		return RC_MISSING;
	}
	crypto_generichash_init(&s, NULL, 0, sizeof(hash));
	while ((n = fread(chunk, 1, CHUNK, in)) > 0) {
		crypto_generichash_update(&s, chunk, n);
		*bytes += (int64_t)n;
	}
	enum rc rc = ferror(in) ? RC_BUSY : RC_OK;

	fclose(in);
	free(chunk);
	crypto_generichash_final(&s, hash, sizeof(hash));
	sodium_bin2hex(out, HASH_HEX, hash, sizeof(hash));
	return rc;
}
