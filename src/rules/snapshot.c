#include "rules/snapshot.h"

#include <string.h>

static void put(struct buf *b, uint64_t v)
{
	char bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (char)(unsigned char)(v >> 8 * i);
	buf_add(b, (struct str){ bytes, sizeof(bytes) });
}

static bool watch_of(const struct timer *w, const struct rule *r)
{
	return (w->for_flags & (TIMER_USED | TIMER_DEAD | TIMER_DWELL)) == TIMER_USED && timer_rule(w) == r->slot;
}

static uint64_t count_watches(const struct rules *e, const struct rule *r)
{
	uint64_t n = 0;

	for (uint32_t i = 0; r->kind == RULE_ABSENCE && i < e->timers.n; i++)
		n += watch_of(timer_at(&e->timers, i), r);
	return n;
}

static void put_watches(struct buf *b, const struct rules *e, const struct rule *r)
{
	for (uint32_t i = 0; r->kind == RULE_ABSENCE && i < e->timers.n; i++) {
		const struct timer *w = timer_at(&e->timers, i);

		if (!watch_of(w, r))
			continue;
		put(b, (uint64_t)w->gap << 32 | w->key);
		put(b, w->seen_rule >> 16);
		put(b, w->for_flags & (~(uint64_t)TIMER_FLAGS | SNAPSHOT_WATCH_FLAGS));
	}
}

static void put_rows(struct buf *b, const struct rule *r)
{
	for (uint32_t i = 0; i < r->table.cap; i++) {
		const uint64_t *row = table_row(&r->table, i);

		if (row[0] == 0)
			continue;
		/* A timer's number means nothing elsewhere: set anew after the restore. */
		for (uint32_t k = 0; k < r->table.words; k++)
			put(b, r->kind == RULE_DWELL && k >= WORDS(struct dwell_state) - 2 ? 0 : row[k]);
	}
}

static void put_rule(struct buf *b, const struct rules *e, const struct rule *r)
{
	uint64_t watches = count_watches(e, r);
	char id[RULE_ID_BYTES_MAX] = { 0 };

	put(b, SNAPSHOT_SECTION + r->limit_n + 1 + (uint64_t)r->table.n * r->table.words + 1 + watches * 3);
	put(b, r->id_n);
	memcpy(id, r->id, r->id_n);
	buf_add(b, (struct str){ id, sizeof(id) });
	put(b, r->version);
	put(b, r->shape);
	put(b, r->limit_waiting);
	put(b, r->limit_at);
	put(b, r->limit_used);
	const uint64_t counters[SNAPSHOT_COUNTERS] = { r->stats.fired,   r->stats.cleared, r->stats.cooled,
						       r->stats.limited, r->stats.excused, r->stats.refused };
	for (int i = 0; i < SNAPSHOT_COUNTERS; i++)
		put(b, counters[i]);
	for (uint32_t i = 0; i < r->limit_n; i++)
		put(b, (uint64_t)r->limit_ring[i]);
	put(b, r->table.n);
	put_rows(b, r);
	put(b, watches);
	put_watches(b, e, r);
}

static void put_all(struct buf *b, const struct rules *e)
{
	uint64_t n = 0;

	put(b, (uint64_t)e->now);
	put(b, e->timers.cur);
	put(b, e->down.n);
	for (uint32_t i = 0; i < e->down.cap; i++) {
		const uint64_t *row = table_row(&e->down, i);

		if (row[0] == 0)
			continue;
		put(b, row[0] - 1);
		put(b, row[1]);
	}
	for (uint32_t i = 0; i < e->n_slots; i++)
		n += e->slots[i] != NULL;
	put(b, n);
	for (uint32_t i = 0; i < e->n_slots; i++)
		if (e->slots[i] != NULL)
			put_rule(b, e, e->slots[i]);
}

enum rc rules_snapshot(const struct rules *e, struct buf *out)
{
	size_t begin = out->n;

	/* Length and checksum are known afterwards: room for them first. */
	put(out, SNAPSHOT_MAGIC);
	put(out, 0);
	put(out, 0);
	put_all(out, e);
	if (out->overflow)
		return RC_LIMIT;
	char *p = out->p + begin;
	uint64_t n = (out->n - begin) / 8 - SNAPSHOT_HEAD, sum = words_sum(p + SNAPSHOT_HEAD * 8, n);
	for (int i = 0; i < 8; i++) {
		p[8 + i] = (char)(unsigned char)(n >> 8 * i);
		p[16 + i] = (char)(unsigned char)(sum >> 8 * i);
	}
	return RC_OK;
}
