/* cheap_password.c - stands before libsodium's own: the harness asks for a hash
 * again for each store call that fails, and a real one takes a fifth of a second. */
#include <sodium.h>

int crypto_pwhash_str_alg(char out[crypto_pwhash_STRBYTES], const char *const passwd, unsigned long long passwdlen,
			  unsigned long long opslimit, size_t memlimit, int alg)
{
	(void)opslimit;
	(void)memlimit;
	(void)alg;
	return crypto_pwhash_argon2id_str(out, passwd, passwdlen, crypto_pwhash_argon2id_OPSLIMIT_MIN,
					  crypto_pwhash_argon2id_MEMLIMIT_MIN);
}
