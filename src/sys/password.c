/* password.c - Argon2id behind a gate, and what a new password must be like. */
#include "sys/crypto.h"

#include <sodium.h>
#include <string.h>

enum { PASSES = 3, MEMORY = 64 * 1024 * 1024, MAX_BYTES = 256 * 4 };

void password_gate_init(struct password_gate *g, unsigned at_once, unsigned max_waiting)
{
	memset(g, 0, sizeof *g);
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->freed, NULL);
	g->free = at_once ? at_once : 2;
	g->max_waiting = max_waiting ? max_waiting : 64;
}

void password_gate_done(struct password_gate *g)
{
	pthread_cond_destroy(&g->freed);
	pthread_mutex_destroy(&g->lock);
}

static enum rc gate_enter(struct password_gate *g)
{
	pthread_mutex_lock(&g->lock);
	if (g->free == 0 && g->waiting >= g->max_waiting) {
		pthread_mutex_unlock(&g->lock);
		return RC_SLOWER;
	}
	g->waiting++;
	while (g->free == 0)
		pthread_cond_wait(&g->freed, &g->lock);
	g->waiting--;
	g->free--;
	pthread_mutex_unlock(&g->lock);
	return RC_OK;
}

static void gate_leave(struct password_gate *g)
{
	pthread_mutex_lock(&g->lock);
	g->free++;
	pthread_cond_signal(&g->freed);
	pthread_mutex_unlock(&g->lock);
}

enum rc password_hash(struct password_gate *g, struct str password, char out[PASSWORD_HASH])
{
	if (password.p == NULL || password.n > MAX_BYTES)
		return RC_INVALID;
	TRY(gate_enter(g));
	int failed = crypto_pwhash_str_alg(out, password.p, password.n, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13);
	gate_leave(g);
	return failed ? RC_BUSY : RC_OK;
}

/* As much work as a real one, for accounts that do not exist. */
static enum rc verify_nothing(struct password_gate *g, struct str password)
{
	unsigned char out[32], salt[crypto_pwhash_SALTBYTES] = { 0 };
	TRY(gate_enter(g));
	int failed = crypto_pwhash(out, sizeof out, password.p, password.n, salt, PASSES, MEMORY,
				   crypto_pwhash_ALG_ARGON2ID13);
	gate_leave(g);
	return failed ? RC_BUSY : RC_UNKNOWN;
}

enum rc password_verify(struct password_gate *g, struct str stored, struct str password)
{
	char z[PASSWORD_HASH] = { 0 };
	if (password.p == NULL || password.n > MAX_BYTES)
		return RC_UNKNOWN;
	if (stored.p == NULL)
		return verify_nothing(g, password);
	if (stored.n >= sizeof z || !str_starts(stored, "$argon2id$"))
		return RC_INVALID;
	memcpy(z, stored.p, stored.n);
	TRY(gate_enter(g));
	int failed = crypto_pwhash_str_verify(z, password.p, password.n);
	gate_leave(g);
	return failed ? RC_UNKNOWN : RC_OK;
}

bool password_is_old(struct str stored)
{
	char z[PASSWORD_HASH] = { 0 };
	if (stored.p == NULL || stored.n >= sizeof z)
		return true;
	memcpy(z, stored.p, stored.n);
	return crypto_pwhash_str_needs_rehash(z, PASSES, MEMORY) != 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(struct str s, struct str word)
{
	for (size_t at = 0; at + word.n <= s.n; at++) {
		size_t i = 0;
		while (i < word.n && lower(s.p[at + i]) == lower(word.p[i]))
			i++;
		if (i == word.n)
			return true;
	}
	return false;
}

const char *password_check(struct str password, const struct str *words, size_t n)
{
	if (password.p == NULL || !str_utf8(password))
		return "not_utf8";
	size_t chars = str_chars(password);
	if (chars < 8)
		return "too_short";
	if (chars > 256)
		return "too_long";
	if (password_is_common(password))
		return "common";
	for (size_t i = 0; i < n; i++)
		if (words[i].n >= 4 && contains(password, words[i]))
			return "local";
	return NULL;
}
