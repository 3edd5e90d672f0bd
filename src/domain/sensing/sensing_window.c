/* sensing_window.c - which events came lately: hashes by seq, found by hash. */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { WINDOW_FIRST = 1024 };

static uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

struct sip {
	uint64_t a, b, c, d;
};

static void sip_round(struct sip *s)
{
	s->a += s->b;
	s->b = rotl(s->b, 13) ^ s->a;
	s->a = rotl(s->a, 32);
	s->c += s->d;
	s->d = rotl(s->d, 16) ^ s->c;
	s->a += s->d;
	s->d = rotl(s->d, 21) ^ s->a;
	s->c += s->b;
	s->b = rotl(s->b, 17) ^ s->c;
	s->c = rotl(s->c, 32);
}

/* SipHash-1-3 (Aumasson, Bernstein), the source number in front: ids are
 * chosen by devices, so the hash needs a key they do not know. */
uint64_t window_hash(const struct window *w, int64_t source_no, struct str id)
{
	struct sip s = { w->key[0] ^ 0x736f6d6570736575u, w->key[1] ^ 0x646f72616e646f6du,
			 w->key[0] ^ 0x6c7967656e657261u, w->key[1] ^ 0x7465646279746573u };
	uint64_t m = (uint64_t)source_no;
	size_t i = 0;

	for (;;) {
		s.d ^= m;
		sip_round(&s);
		s.a ^= m;
		if (i + 8 > id.n)
			break;
		memcpy(&m, id.p + i, 8);
		i += 8;
	}
	m = (uint64_t)id.n << 56;
	if (i < id.n)
		memcpy(&m, id.p + i, id.n - i);
	m |= (uint64_t)id.n << 56;
	s.d ^= m;
	sip_round(&s);
	s.a ^= m;
	s.c ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	uint64_t h = s.a ^ s.b ^ s.c ^ s.d;
	return h == 0 ? 1 : h; /* 0 is "empty" */
}

static void take_room(struct window *w, size_t size)
{
	w->size = size;
	w->a = arena_new(size * 48 + 65536);
	w->ring = NEW_N(w->a, uint64_t, size);
	w->slots = NEW_N(w->a, uint64_t, size * 2);
}

void window_init(struct window *w, const uint8_t key[16], size_t most, int64_t last)
{
	memcpy(w->key, key, sizeof(w->key));
	w->most = most;
	w->last = last;
	w->floor = last + 1;
	take_room(w, most < WINDOW_FIRST ? most : WINDOW_FIRST);
}

void window_done(struct window *w)
{
	arena_free(w->a);
	w->a = NULL;
}

static size_t ring_at(const struct window *w, int64_t seq)
{
	return (size_t)seq & (w->size - 1);
}

static const uint64_t TAG = 0xffffffff00000000u;

static uint64_t slot_of(uint64_t hash, size_t r)
{
	return (hash & TAG) | (uint64_t)(r + 1);
}

static void index_put(struct window *w, size_t r)
{
	size_t mask = w->size * 2 - 1;
	size_t i = (size_t)w->ring[r] & mask;

	while (w->slots[i] != 0)
		i = (i + 1) & mask;
	w->slots[i] = slot_of(w->ring[r], r);
}

/* Deletes by moving later entries of the run up, so no tombstones pile up. */
static void forget(struct window *w, size_t r)
{
	size_t mask = w->size * 2 - 1;
	size_t i = (size_t)w->ring[r] & mask;

	if (w->ring[r] == 0)
		return;
	while (w->slots[i] != slot_of(w->ring[r], r))
		i = (i + 1) & mask;
	for (size_t j = (i + 1) & mask; w->slots[j] != 0; j = (j + 1) & mask) {
		size_t home = (size_t)w->ring[(w->slots[j] & ~TAG) - 1] & mask;

		if (((j - home) & mask) >= ((j - i) & mask)) {
			w->slots[i] = w->slots[j];
			i = j;
		}
	}
	w->slots[i] = 0;
	w->ring[r] = 0;
}

static void grow(struct window *w)
{
	struct window old = *w;
	int64_t from = old.last - (int64_t)old.size + 1;

	take_room(w, old.size * 2);
	for (int64_t seq = from < 0 ? 0 : from; seq <= old.last; seq++) {
		uint64_t h = old.ring[ring_at(&old, seq)];

		if (h != 0) {
			w->ring[ring_at(w, seq)] = h;
			index_put(w, ring_at(w, seq));
		}
	}
	arena_free(old.a);
}

int64_t window_find(const struct window *w, uint64_t hash, size_t *at)
{
	size_t mask = w->size * 2 - 1;

	for (size_t i = ((size_t)hash + *at) & mask; w->slots[i] != 0; i = (i + 1) & mask) {
		size_t r = (size_t)(w->slots[i] & ~TAG) - 1;

		*at += 1;
		if ((w->slots[i] & TAG) == (hash & TAG) && w->ring[r] == hash)
			return w->last - (int64_t)(((size_t)w->last - r) & (w->size - 1));
	}
	return 0;
}

void window_touch(const struct window *w, uint64_t hash, int64_t seq)
{
	size_t mask = w->size * 2 - 1;

	__builtin_prefetch(&w->slots[(size_t)hash & mask]);
	__builtin_prefetch(&w->slots[(size_t)w->ring[ring_at(w, seq)] & mask]); /* of the one it displaces */
}

static void put(struct window *w, int64_t seq, uint64_t hash)
{
	size_t r = ring_at(w, seq);

	forget(w, r);
	w->ring[r] = hash;
	index_put(w, r);
}

void window_add(struct window *w, int64_t seq, uint64_t hash)
{
	while (seq - w->floor >= (int64_t)w->size && w->size < w->most)
		grow(w);
	/* Rows between the last one and this do not exist, but their places may
	 * still hold older ones. */
	for (int64_t gap = w->last + 1; gap < seq && gap - w->last <= (int64_t)w->size; gap++)
		forget(w, ring_at(w, gap));
	put(w, seq, hash);
	w->last = seq;
	if (w->floor < window_wants(w))
		w->floor = window_wants(w);
}

void window_fill(struct window *w, int64_t seq, uint64_t hash)
{
	put(w, seq, hash);
}

void window_drop_after(struct window *w, int64_t seq)
{
	int64_t from = w->last - (int64_t)w->size;

	for (int64_t s = w->last; s > seq && s > from && s > 0; s--)
		forget(w, ring_at(w, s));
	w->last = seq;
	if (w->floor > seq + 1)
		w->floor = seq + 1;
}

int64_t window_wants(const struct window *w)
{
	int64_t from = w->last - (int64_t)w->most + 1;

	return from < 1 ? 1 : from;
}
