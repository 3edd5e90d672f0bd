/* symbols.h - text to small number and back, for event types, field names and
 * the text constants of rules.
 *
 * Numbers start at 1 and are dense, below SYMBOL_HASHED; 0 means "absent".
 * Only what rules, field tables and device lists name needs a symbol: a text
 * that arrives in an event and was never interned becomes a number with the top
 * bit set, made from its hash.  Such a number equals no symbol, so it can never
 * satisfy a rule's constant, yet tells two object ids apart (31 bits) - and
 * outside data cannot grow the table.
 *
 * One table may serve several engines.  Not thread-safe.
 */
#ifndef RULES_SYMBOLS_H
#define RULES_SYMBOLS_H

#include "base/base.h"

enum {
	SYMBOLS_MAX = 1 << 20,   /* texts in one table */
	SYMBOL_BYTES_MAX = 1024, /* bytes of one text */
};
#define SYMBOL_HASHED 0x80000000u

struct symbols;

/* 'seed' goes into every hash; keep it with the snapshots, which hold hashes of
 * key fields.  Any value will do; an unpredictable one defeats chosen clashes. */
struct symbols *symbols_new(uint64_t seed);
void symbols_free(struct symbols *s); /* NULL allowed */
/* The text's number, new if needed; 0 for the absent or empty text, a text
 * longer than SYMBOL_BYTES_MAX and a full table.  The text is copied. */
uint32_t symbols_add(struct symbols *s, struct str text);
uint32_t symbols_find(const struct symbols *s, struct str text); /* 0: not there */
/* For values in events: the symbol, or SYMBOL_HASHED | hash.  0: absent. */
uint32_t symbols_value(const struct symbols *s, struct str text);
/* The 31 bits of hash behind a value, the same whether or not the text has been
 * interned; 0 for numbers never handed out. */
uint32_t symbols_hash(const struct symbols *s, uint32_t value);
/* Lives as long as the table; absent for 0 and for hashed values. */
struct str symbols_text(const struct symbols *s, uint32_t symbol);
uint32_t symbols_count(const struct symbols *s);

#endif
