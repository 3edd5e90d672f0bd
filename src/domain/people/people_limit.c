#include "domain/people/people_limit.h"
#include "sys/crypto.h"

#include <string.h>

enum { PROBE = 8, FREE_TRIES = 3 };

/* The times of the last 'cap' failures of each key. */
struct counters {
	size_t cap;
	uint64_t key[LIMIT_SLOTS];
	unsigned n[LIMIT_SLOTS];
	int64_t *at; /* [LIMIT_SLOTS][cap], oldest first */
};

struct people_limits {
	uint8_t secret[32]; /* so that nobody can aim at somebody's slot */
	struct counters account, address;
};

struct people_limits *people_limits_new(struct arena *a)
{
	struct people_limits *l = NEW(a, struct people_limits);

	crypto_random(l->secret, sizeof(l->secret));
	l->account.cap = LIMIT_ACCOUNT;
	l->address.cap = LIMIT_ADDRESS;
	l->account.at = NEW_N(a, int64_t, LIMIT_SLOTS * LIMIT_ACCOUNT);
	l->address.at = NEW_N(a, int64_t, LIMIT_SLOTS * LIMIT_ADDRESS);
	return l;
}

static uint64_t key_of(const struct people_limits *l, char kind, struct str s)
{
	char text[256];
	uint8_t h[CRYPTO_HASH];
	uint64_t key;
	size_t n = s.n < sizeof(text) - 1 ? s.n : sizeof(text) - 1;

	text[0] = kind;
	if (n)
		memcpy(text + 1, s.p, n);
	if (hash_keyed((struct str){ (const char *)l->secret, sizeof(l->secret) }, (struct str){ text, n + 1 }, h) !=
	    RC_OK)
		return 1;
	memcpy(&key, h, sizeof(key));
	return key ? key : 1;
}

/* A provider hands out a whole /64: one neighbour is not another person. */
static struct str prefix_of(struct str address)
{
	size_t colons = 0;

	for (size_t i = 0; i < address.n; i++) {
		if (address.p[i] != ':')
			continue;
		if (++colons == 4 || (i + 1 < address.n && address.p[i + 1] == ':'))
			return (struct str){ address.p, i };
	}
	return address;
}

/* Forgets what is out of the window; a clock that went back makes nothing
 * last longer than the window. */
static void clean(struct counters *k, size_t slot, int64_t now)
{
	int64_t *at = k->at + slot * k->cap;
	unsigned n = 0;

	for (unsigned i = 0; i < k->n[slot]; i++) {
		int64_t t = at[i] > now ? now : at[i];

		if (t > now - LIMIT_WINDOW)
			at[n++] = t;
	}
	k->n[slot] = n;
}

static size_t slot_of(struct counters *k, uint64_t key, int64_t now)
{
	size_t best = key % LIMIT_SLOTS;
	int64_t best_at = INT64_MAX;

	for (size_t i = 0; i < PROBE; i++)
		if (k->key[(key + i) % LIMIT_SLOTS] == key)
			return (key + i) % LIMIT_SLOTS;
	for (size_t i = 0; i < PROBE; i++) {
		size_t s = (key + i) % LIMIT_SLOTS;

		clean(k, s, now);
		int64_t last = k->n[s] ? k->at[s * k->cap + k->n[s] - 1] : 0;

		if (last < best_at) {
			best_at = last;
			best = s;
		}
	}
	k->key[best] = key;
	k->n[best] = 0;
	return best;
}

/* Microseconds to wait, 0: none. */
static int64_t wait_of(const struct counters *k, size_t slot, int64_t now, bool growing)
{
	const int64_t *at = k->at + slot * k->cap;
	unsigned n = k->n[slot];
	int64_t until = 0;

	if (n >= k->cap)
		until = at[0] + LIMIT_WINDOW;
	else if (growing && n >= FREE_TRIES)
		until = at[n - 1] + (SECOND << (n - FREE_TRIES));
	return until > now ? until - now : 0;
}

static void add(struct counters *k, size_t slot, int64_t now)
{
	k->at[slot * k->cap + k->n[slot]++] = now;
}

static void take_back(struct counters *k, size_t slot)
{
	if (k->n[slot])
		k->n[slot]--;
}

struct slots {
	struct counters *k[2];
	size_t slot[2], n;
};

static struct slots slots_of(struct people_limits *l, const struct limit_try *t, int64_t now)
{
	struct slots s = { .n = 1, .k = { &l->account, &l->address } };

	if (t->device.n) {
		s.slot[0] = slot_of(&l->account, key_of(l, 'd', t->device), now);
	} else {
		s.slot[0] = slot_of(&l->account, key_of(l, 'a', t->account), now);
		s.slot[1] = slot_of(&l->address, key_of(l, 'p', prefix_of(t->address)), now);
		s.n = 2;
	}
	return s;
}

int64_t people_limit_admit(struct people_limits *l, const struct limit_try *t, int64_t now)
{
	struct slots s = slots_of(l, t, now);
	int64_t wait = 0;

	for (size_t i = 0; i < s.n; i++) {
		clean(s.k[i], s.slot[i], now);
		int64_t w = wait_of(s.k[i], s.slot[i], now, i == 0);

		if (w > wait)
			wait = w;
	}
	if (wait)
		return (wait + SECOND - 1) / SECOND;
	for (size_t i = 0; i < s.n; i++)
		add(s.k[i], s.slot[i], now);
	return 0;
}

void people_limit_ok(struct people_limits *l, const struct limit_try *t, int64_t now)
{
	struct slots s = slots_of(l, t, now);

	for (size_t i = 0; i < s.n; i++)
		take_back(s.k[i], s.slot[i]);
	if (t->device.n)
		s.k[0]->n[s.slot[0]] = 0;
}
