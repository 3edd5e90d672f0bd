/* snapshot.h - the form of a snapshot; for the inside of src/rules only.
 *
 * 64-bit words, little-endian: magic, number of words that follow the checksum,
 * checksum, then: time, slot of the last tick, outages (n, then kind and key,
 * since), rules (n, then sections).
 * A section: its words, id length, id (8 words), version, shape, limit (waiting,
 * at, used, ring), 6 counters, rows (n, then rows), watches (n, then 3 words).
 */
#ifndef RULES_SNAPSHOT_H
#define RULES_SNAPSHOT_H

#include "rules/engine.h"

#define SNAPSHOT_MAGIC 0x3130304552414A4Cu /* the last two digits are the format: 01 */

enum {
	SNAPSHOT_HEAD = 3, /* words before the payload */
	SNAPSHOT_ID_WORDS = RULE_ID_BYTES_MAX / 8,
	SNAPSHOT_COUNTERS = 6,
	SNAPSHOT_SECTION = 1 + SNAPSHOT_ID_WORDS + 2 + 3 + SNAPSHOT_COUNTERS, /* fixed words after the length */
	SNAPSHOT_WATCH_FLAGS = TIMER_FIRED | TIMER_PAUSED | TIMER_HELD,
};

static inline uint64_t word_get(const char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | (unsigned char)p[i];
	return v;
}

/* Over 'n' words. */
static inline uint64_t words_sum(const char *p, uint64_t n)
{
	uint64_t h = n;

	for (uint64_t i = 0; i < n; i++)
		h = hash_two(h, word_get(p + i * 8));
	return h;
}

#endif
