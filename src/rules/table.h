/* table.h - open-addressing table from a 63-bit key to a row of 64-bit words.
 *
 * For the engine's inside.  A row's word 0 is key + 1 (0: empty row); the rest
 * is the owner's, zero at first.  Rows are never deleted one by one: when the
 * table would grow, the owner says which are dead.  Pointers to rows are valid
 * until the next table_add().
 */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include "base/base.h"

enum { LINE_WORDS = 8 /* of 64 bytes */ };

struct table {
	void *block;     /* of the heap; rows begin inside */
	uint64_t *rows;  /* on a cache line */
	uint32_t words;  /* per row, key included */
	uint32_t stride; /* words from row to row: whole cache lines for all but small ones */
	uint32_t n;      /* rows in use */
	uint32_t cap;    /* 0 or a power of two */
	uint32_t shift;
};

typedef bool table_dead(void *self, const uint64_t *row);

static inline uint64_t *table_row(const struct table *t, uint32_t i)
{
	return t->rows + (size_t)i * t->stride;
}

/* NULL: not there. */
static inline uint64_t *table_find(const struct table *t, uint64_t key)
{
	if (t->cap == 0)
		return NULL;
	/* Fibonacci hashing: keys are mostly small and dense. */
	for (uint32_t i = (uint32_t)((key * 0x9E3779B97F4A7C15u) >> t->shift);; i = (i + 1) & (t->cap - 1)) {
		uint64_t *row = table_row(t, i);

		if (row[0] == key + 1)
			return row;
		if (row[0] == 0)
			return NULL;
	}
}

/* GCC 12 takes a function that only fetches for one without effect and drops the
 * call, unless it is in its caller before it looks. */
__attribute__((always_inline)) static inline void table_prefetch(const struct table *t, uint64_t key)
{
	if (t->cap == 0)
		return;
	const uint64_t *row = table_row(t, (uint32_t)((key * 0x9E3779B97F4A7C15u) >> t->shift));
	__builtin_prefetch(row);
	if (t->words > LINE_WORDS)
		__builtin_prefetch(row + LINE_WORDS);
	if (t->words > 2 * LINE_WORDS)
		__builtin_prefetch(row + 2 * LINE_WORDS);
}

/* 'words' counts the key. */
void table_init(struct table *t, uint32_t words);
void table_done(struct table *t);
/* The row, new if needed; NULL when 'max' rows are in use and none is dead. */
uint64_t *table_add(struct table *t, uint64_t key, uint32_t max, table_dead *dead, void *self);

#endif
