/* Vectors from RFC 7693 (BLAKE2) and RFC 8032 (Ed25519); properties of the rest. */
#include "sys/crypto.h"
#include "sys/file.h"
#include "sys/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int start(void **state)
{
	*state = arena_new(1 << 20);
	return crypto_init() == RC_OK ? 0 : -1;
}

static int stop(void **state)
{
	arena_free(*state);
	return 0;
}

static void test_hash(void **state)
{
	struct arena *a = *state;
	uint8_t out[CRYPTO_HASH], keyed[CRYPTO_HASH];
	hash_bytes(STR("abc"), out);
	assert_string_equal(hex_encode(a, (struct str){ (char *)out, sizeof out }).p,
			    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	hash_bytes(NO_STR, out);
	assert_string_equal(hex_encode(a, (struct str){ (char *)out, sizeof out }).p,
			    "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
	assert_int_equal(hash_keyed(STR("short"), STR("abc"), keyed), RC_INVALID);
	assert_int_equal(hash_keyed(STR("0123456789abcdef"), STR("abc"), keyed), RC_OK);
	assert_memory_not_equal(out, keyed, sizeof out);
}

static void test_text_forms(void **state)
{
	struct arena *a = *state;
	struct str got;
	assert_int_equal(hex_decode(a, STR("00fFa0"), &got), RC_OK);
	assert_memory_equal(got.p, "\x00\xff\xa0", 3);
	assert_int_equal(hex_decode(a, STR("0"), &got), RC_INVALID);
	assert_int_equal(hex_decode(a, STR("0g"), &got), RC_INVALID);
	assert_int_equal(hex_decode(a, STR(""), &got), RC_OK);
	assert_string_equal(base64url_encode(a, STR("\xfb\xff\xfe")).p, "-__-");
	assert_int_equal(base64url_decode(a, STR("-__-"), &got), RC_OK);
	assert_memory_equal(got.p, "\xfb\xff\xfe", 3);
	assert_int_equal(base64url_decode(a, STR("-__-="), &got), RC_INVALID);
	assert_int_equal(base64url_decode(a, STR("+//+"), &got), RC_INVALID);
	assert_int_equal(base64url_decode(a, STR("Zh"), &got), RC_INVALID); /* stray bits */
	assert_int_equal(base64url_decode(a, STR("A"), &got), RC_INVALID);
	char one[CRYPTO_TOKEN], two[CRYPTO_TOKEN];
	assert_int_equal(crypto_token(one).n, 43);
	crypto_token(two);
	assert_string_not_equal(one, two);
	assert_true(crypto_same(STR("abc"), STR("abc")));
	assert_false(crypto_same(STR("abc"), STR("abd")));
	assert_false(crypto_same(STR("abc"), STR("ab")));
}

static void test_passwords(void **state)
{
	(void)state;
	struct password_gate g;
	char stored[PASSWORD_HASH];
	password_gate_init(&g, 0, 0);
	assert_int_equal(password_hash(&g, STR("correct horse battery"), stored), RC_OK);
	assert_int_equal(strncmp(stored, "$argon2id$v=19$m=65536,t=3,p=1$", 31), 0);
	assert_int_equal(password_verify(&g, str_of(stored), STR("correct horse battery")), RC_OK);
	assert_int_equal(password_verify(&g, str_of(stored), STR("Correct horse battery")), RC_UNKNOWN);
	assert_int_equal(password_verify(&g, NO_STR, STR("anything")), RC_UNKNOWN);
	assert_int_equal(password_verify(&g, STR("$2b$12$abc"), STR("anything")), RC_INVALID);
	assert_false(password_is_old(str_of(stored)));
	assert_true(password_is_old(STR("$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHQ$AAAA")));
	/* With no place free and nobody allowed to wait, the answer is "slower". */
	struct password_gate full = g;
	full.free = 0;
	full.waiting = full.max_waiting;
	assert_int_equal(password_hash(&full, STR("correct horse battery"), stored), RC_SLOWER);
	password_gate_done(&g);
}

static void test_password_policy(void **state)
{
	(void)state;
	static const char *const common[] = {
		"12345678",
		"Password1!",
		"woaini1314",
		"QWERTYUIOP",
		"abcdefgh",
		"aaaaaaaaa",
		"19870512",
		"admin@123",
		"jiankong123",
		"\xe6\x88\x91\xe7\x9a\x84\xe5\xaf\x86\xe7\xa0\x81\xe6\x88\x91\xe7\x9a\x84\xe5\xaf\x86\xe7\xa0\x81",
		"98765432",
		"password2026",
		"wuye2024!",
		"iloveyou520",
		"dragon888888"
	};
	for (size_t i = 0; i < COUNT(common); i++)
		if (password_check(str_of(common[i]), NULL, 0) == NULL ||
		    strcmp(password_check(str_of(common[i]), NULL, 0), "common") != 0)
			fail_msg("%s was accepted", common[i]);
	const struct str words[] = { STR("Qingyunpu"), STR("abc") };
	assert_null(password_check(STR("plum rain over the roofs"), words, 2));
	assert_string_equal(password_check(STR("my-qingyunpu-door"), words, 2), "local");
	assert_null(password_check(STR("the abc of doors"), words, 2));
	assert_string_equal(password_check(STR("seven77"), NULL, 0), "too_short");
	assert_null(password_check(STR("eight888x"), NULL, 0));
	assert_string_equal(password_check(STR("\xff\xff\xff\xff\xff\xff\xff\xff"), NULL, 0), "not_utf8");
	char longest[1100];
	size_t n = 0;
	for (int i = 0; i < 257; i++, n += 3)
		memcpy(longest + n, i % 2 ? "\xe6\x9c\x88" : "\xe5\xb1\xb1", 3);
	assert_null(password_check((struct str){ longest, 256 * 3 }, NULL, 0));
	assert_string_equal(password_check((struct str){ longest, 257 * 3 }, NULL, 0), "too_long");
}

static void test_sign_and_seal(void **state)
{
	struct arena *a = *state;
	/* RFC 8032, 7.1, test 2. */
	struct str seed, public, message = STR("\x72"), signature, got;
	assert_int_equal(
		hex_decode(a, STR("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), &public), RC_OK);
	assert_int_equal(hex_decode(a, STR("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), &seed),
			 RC_OK);
	assert_int_equal(hex_decode(a,
				    STR("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
					"085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
				    &signature),
			 RC_OK);
	struct sign_key k;
	memcpy(k.secret, seed.p, 32);
	memcpy(k.secret + 32, public.p, 32);
	memcpy(k.public, public.p, 32);
	uint8_t out[SIGN_BYTES];
	sign_make(&k, message, out);
	assert_memory_equal(out, signature.p, SIGN_BYTES);
	assert_true(sign_verify(k.public, message, signature));
	assert_false(sign_verify(k.public, STR("\x73"), signature));
	assert_false(sign_verify(k.public, message, (struct str){ signature.p, 63 }));

	struct seal_key s;
	crypto_random(&s, sizeof s);
	struct str sealed = seal_make(a, &s, STR("13800000000"), STR("phone/1"));
	assert_int_equal(sealed.n, 11 + SEAL_EXTRA);
	assert_int_equal(seal_open(a, &s, sealed, STR("phone/1"), &got), RC_OK);
	assert_true(str_is(got, "13800000000"));
	assert_int_equal(seal_open(a, &s, sealed, STR("phone/2"), &got), RC_INVALID);
	assert_int_equal(seal_open(a, &s, (struct str){ sealed.p, 39 }, STR("phone/1"), &got), RC_INVALID);
	char *changed = arena_z(a, sealed);
	changed[sealed.n - 1] = (char)(changed[sealed.n - 1] ^ 1);
	assert_int_equal(seal_open(a, &s, (struct str){ changed, sealed.n }, STR("phone/1"), &got), RC_INVALID);
}

static void test_key_files(void **state)
{
	struct arena *a = *state;
	char dir[] = "/tmp/jiuan-key-XXXXXX";
	assert_non_null(mkdtemp(dir));
	const char *path = arena_fmt(a, "%s/key", dir).p, *other = arena_fmt(a, "%s/sign", dir).p;
	struct seal_key k, again;
	struct sign_key s, s2;
	bool made;
	assert_int_equal(seal_key_load(path, &k, &made), RC_OK);
	assert_true(made);
	assert_int_equal(seal_key_load(path, &again, &made), RC_OK);
	assert_false(made);
	assert_memory_equal(&k, &again, sizeof k);
	assert_int_equal(sign_key_load(path, &s, &made), RC_INVALID); /* wrong size */
	chmod(path, 0640);
	assert_int_equal(seal_key_load(path, &again, &made), RC_INVALID);
	assert_int_equal(sign_key_load(other, &s, &made), RC_OK);
	assert_int_equal(sign_key_load(other, &s2, &made), RC_OK);
	assert_memory_equal(&s, &s2, sizeof s);
	assert_int_equal(seal_key_load("/nonexistent/key", &k, &made), RC_BUSY);
	unlink(path);
	unlink(other);
	assert_int_equal(rmdir(dir), 0); /* no temporary file left */
}

static void test_ids(void **state)
{
	(void)state;
	struct id_gen g;
	char last[ID_TEXT] = "", id[ID_TEXT];
	id_gen_init(&g);
	int64_t now = 1773277661123456;
	for (int i = 0; i < 30000; i++) {
		/* Forward, standing still, and far back. */
		int64_t at = i % 3 == 0 ? now + i * 500 : i % 3 == 1 ? now : now - DAY;
		id_new(&g, at, id);
		assert_true(id_is_valid(str_of(id)));
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof last);
	}
	id_new(&g, now + HOUR, id);
	assert_int_equal(id_time(str_of(id)), (now + HOUR) / 1000 * 1000);
	/* The tail at its end steps into the next millisecond. */
	memset(g.tail, 0xff, sizeof g.tail);
	memcpy(last, id, sizeof last);
	id_new(&g, now + HOUR, id);
	assert_true(strcmp(last, id) < 0);
	assert_false(id_is_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FAU"))); /* U is no digit */
	assert_false(id_is_valid(STR("81ARZ3NDEKTSV4RRFFQ69G5FAV")));
	assert_true(id_is_valid(STR("01ARZ3NDEKTSV4RRFFQ69G5FAV")));
	assert_int_equal(id_time(STR("01ARZ3NDEKTSV4RRFFQ69G5FAV")), 1469922850259 * 1000);
	id_gen_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_hash, start, stop),
		cmocka_unit_test_setup_teardown(test_text_forms, start, stop),
		cmocka_unit_test_setup_teardown(test_passwords, start, stop),
		cmocka_unit_test_setup_teardown(test_password_policy, start, stop),
		cmocka_unit_test_setup_teardown(test_sign_and_seal, start, stop),
		cmocka_unit_test_setup_teardown(test_key_files, start, stop),
		cmocka_unit_test_setup_teardown(test_ids, start, stop),
	};
	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
