#include "rules/symbols.h"

#include <stdlib.h>
#include <string.h>

struct symbol {
	char *text; /* NUL-terminated copy */
	uint32_t n;
	uint32_t hash; /* 31 bits */
};

struct symbols {
	uint64_t seed;
	struct symbol *list; /* [0] unused */
	uint32_t n, cap;     /* n counts [0] */
	uint32_t *slots;     /* open addressing over 'list'; 0 is empty */
	uint32_t mask;
};

static uint64_t mix(uint64_t x)
{
	/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

static uint32_t text_hash(uint64_t seed, struct str text)
{
	uint64_t h = mix(seed + text.n);
	size_t i = 0;

	for (; i + 8 <= text.n; i += 8) {
		uint64_t w;

		memcpy(&w, text.p + i, 8);
		h = mix(h ^ w);
	}
	uint64_t w = 0;
	for (size_t shift = 0; i < text.n; i++, shift += 8)
		w |= (uint64_t)(unsigned char)text.p[i] << shift;
	return (uint32_t)(mix(h ^ w) >> 33);
}

struct symbols *symbols_new(uint64_t seed)
{
	struct symbols *s = mem_new(sizeof(*s));

	s->seed = seed;
	s->n = 1;
	s->cap = 64;
	s->list = mem_new(sizeof(*s->list) * s->cap);
	s->mask = 127;
	s->slots = mem_new(sizeof(*s->slots) * (s->mask + 1));
	return s;
}

void symbols_free(struct symbols *s)
{
	if (s == NULL)
		return;
	for (uint32_t i = 1; i < s->n; i++)
		free(s->list[i].text);
	free(s->list);
	free(s->slots);
	free(s);
}

/* The slot that holds the text, or the empty one where it belongs. */
static uint32_t find_slot(const struct symbols *s, struct str text, uint32_t hash)
{
	for (uint32_t i = hash & s->mask;; i = (i + 1) & s->mask) {
		const struct symbol *y = &s->list[s->slots[i]];

		if (s->slots[i] == 0 || (y->hash == hash && y->n == text.n && memcmp(y->text, text.p, text.n) == 0))
			return i;
	}
}

static void grow(struct symbols *s)
{
	s->list = mem_grow(s->list, sizeof(*s->list) * s->cap, sizeof(*s->list) * s->cap * 2);
	s->cap *= 2;
	free(s->slots);
	s->mask = s->cap * 2 - 1;
	s->slots = mem_new(sizeof(*s->slots) * (s->mask + 1));
	for (uint32_t i = 1; i < s->n; i++) {
		uint32_t at = s->list[i].hash & s->mask;

		while (s->slots[at] != 0)
			at = (at + 1) & s->mask;
		s->slots[at] = i;
	}
}

uint32_t symbols_add(struct symbols *s, struct str text)
{
	if (text.n == 0 || text.n > SYMBOL_BYTES_MAX)
		return 0;
	uint32_t hash = text_hash(s->seed, text), at = find_slot(s, text, hash);

	if (s->slots[at] != 0)
		return s->slots[at];
	if (s->n > SYMBOLS_MAX)
		return 0;
	if (s->n == s->cap) {
		grow(s);
		at = find_slot(s, text, hash);
	}
	struct symbol *y = &s->list[s->n];
	y->text = mem_new(text.n + 1);
	memcpy(y->text, text.p, text.n);
	y->n = (uint32_t)text.n;
	y->hash = hash;
	s->slots[at] = s->n;
	return s->n++;
}

uint32_t symbols_find(const struct symbols *s, struct str text)
{
	return text.n == 0 ? 0 : s->slots[find_slot(s, text, text_hash(s->seed, text))];
}

uint32_t symbols_value(const struct symbols *s, struct str text)
{
	if (text.n == 0)
		return 0;
	uint32_t hash = text_hash(s->seed, text), symbol = s->slots[find_slot(s, text, hash)];

	return symbol != 0 ? symbol : (SYMBOL_HASHED | hash);
}

uint32_t symbols_hash(const struct symbols *s, uint32_t value)
{
	if (value & SYMBOL_HASHED)
		return value & ~SYMBOL_HASHED;
	return value < s->n ? s->list[value].hash : 0;
}

struct str symbols_text(const struct symbols *s, uint32_t symbol)
{
	if (symbol == 0 || symbol >= s->n)
		return NO_STR;
	return (struct str){ s->list[symbol].text, s->list[symbol].n };
}

uint32_t symbols_count(const struct symbols *s)
{
	return s->n - 1;
}
