#include "rules/snapshot.h"

#include <string.h>

/* Runs twice over the same bytes: once to check everything ('apply' false),
 * once to take it over, so that a broken snapshot changes nothing. */
struct reader {
	struct rules *e;
	const char *p;
	uint64_t n; /* words left */
	rules_key_map *map;
	void *self;
	bool apply, bad;
};

static uint64_t get(struct reader *in)
{
	if (in->n == 0) {
		in->bad = true;
		return 0;
	}
	uint64_t v = word_get(in->p);
	in->p += 8;
	in->n--;
	return v;
}

/* A number of things of 'words' words each that must still fit. */
static uint64_t get_count(struct reader *in, uint64_t words)
{
	uint64_t n = get(in);

	if (words == 0 || n > in->n / words) {
		in->bad = true;
		return 0;
	}
	return n;
}

static void skip(struct reader *in, uint64_t words)
{
	if (words > in->n) {
		in->bad = true;
		words = in->n;
	}
	in->p += words * 8;
	in->n -= words;
}

static bool map_key(const struct reader *in, uint64_t kind, uint32_t *key)
{
	if (kind == RULE_KEY_NONE || in->map == NULL)
		return true;
	*key = in->map(in->self, (enum rule_key)kind, *key);
	return *key != 0;
}

/* ---- rows: what the code relies on --------------------------------------------- */

static bool time_ok(int64_t t)
{
	/* Sums of two times and a span must not overflow. */
	return t >= 0 && t < INT64_MAX / 4;
}

static bool row_ok(const struct rule *r, const struct state *s)
{
	const struct count_state *c = (const struct count_state *)(const void *)s;
	const struct dwell_state *d = (const struct dwell_state *)(const void *)s;
	const struct sequence_state *q = (const struct sequence_state *)(const void *)s;
	const struct match_state *m = (const struct match_state *)(const void *)s;

	if (s->key1 == 0 || s->key1 > (uint64_t)1 << 63 || s->flags & ~(uint64_t)ST_ALL ||
	    s->flags >> ST_SEVERITY_SHIFT > RULE_URGENT || !time_ok(s->fired_at) || !time_ok(s->fired_rx) ||
	    !time_ok(s->seen) || !time_ok(s->seen_rx))
		return false;
	bool ok = true;
	switch (r->kind) {
	case RULE_COUNT:
		ok = c->n <= r->count && c->head < r->count;
		for (uint32_t i = 0; i < r->count; i++)
			ok &= time_ok(c->ring[i]);
		return ok;
	case RULE_DWELL: return time_ok(d->since) && time_ok(d->since_rx) && d->timer == 0 && d->timer_due == 0;
	case RULE_SEQUENCE:
		for (uint32_t i = 0; i + 1 < r->steps; i++)
			ok &= time_ok(q->runs[i].begin) && time_ok(q->runs[i].last);
		return ok;
	default: return time_ok(m->excused_at);
	}
}

static void get_row(struct reader *in, struct rule *r)
{
	uint64_t row[WORDS(struct count_state) + RULE_COUNT_MAX + RULE_SAMPLES] = { 0 };
	const struct state *s = (const struct state *)(const void *)row;

	for (uint32_t k = 0; k < r->table.words; k++)
		row[k] = get(in);
	uint32_t key = (uint32_t)(row[0] - 1);
	if (in->bad || !row_ok(r, s)) {
		in->bad = true;
		return;
	}
	if (!in->apply || !map_key(in, r->key, &key))
		return;
	uint64_t whole = (row[0] - 1) & ~(uint64_t)UINT32_MAX;
	struct state *to = state_get(r, whole | key, in->e->now, true);
	if (to == NULL)
		return;
	memcpy(&to->fired_at, row + 1, (r->table.words - 1) * sizeof(row[0]));
	if (r->kind == RULE_DWELL)
		dwell_arm(in->e, r, (struct dwell_state *)(void *)to);
}

/* ---- sections ------------------------------------------------------------------ */

static void get_watch(struct reader *in, const struct rule *r)
{
	uint64_t gap_key = get(in), seen = get(in), flags = get(in);
	uint32_t key = (uint32_t)gap_key;

	if (seen == 0 || seen >= (uint64_t)1 << 47 || flags >> 32 != 0 || (key == 0) != (r->key == RULE_KEY_NONE) ||
	    (flags & TIMER_FLAGS & ~(uint64_t)SNAPSHOT_WATCH_FLAGS) != 0 || flags >> TIMER_FOR_SHIFT > RULE_FOR_S_MAX) {
		in->bad = true;
		return;
	}
	if (!in->apply || !map_key(in, r->key, &key))
		return;
	struct timer w = { .key = key,
			   .gap = (uint32_t)(gap_key >> 32),
			   .seen_rule = seen << 16 | r->slot,
			   .for_flags = (uint32_t)flags | TIMER_USED };
	(void)!watch_store(in->e, watch_number(&in->e->timers, r->slot, key), &w);
}

static struct rule *get_name(struct reader *in)
{
	uint64_t id_n = get(in);
	struct str id = { in->p, (size_t)id_n };
	uint32_t slot;

	skip(in, SNAPSHOT_ID_WORDS);
	uint64_t version = get(in), shape = get(in);
	if (in->bad || id_n == 0 || id_n > RULE_ID_BYTES_MAX) {
		in->bad = true;
		return NULL;
	}
	if (rules_find(in->e, id, &slot) != RC_OK)
		return NULL;
	struct rule *r = in->e->slots[slot];
	return r->version == version && r->shape == shape ? r : NULL;
}

/* Limit and counters; the rule's present state goes. */
static void get_rule(struct reader *in, struct rule *r)
{
	uint64_t waiting = get(in), at = get(in), used = get(in), counters[SNAPSHOT_COUNTERS];

	for (int i = 0; i < SNAPSHOT_COUNTERS; i++)
		counters[i] = get(in);
	if (used > r->limit_n || (r->limit_n == 0 ? at != 0 : at >= r->limit_n))
		in->bad = true;
	for (uint32_t i = 0; i < r->limit_n && !in->bad; i++) {
		int64_t t = (int64_t)get(in);

		in->bad |= !time_ok(t);
		if (in->apply)
			r->limit_ring[i] = t;
	}
	if (in->bad || !in->apply)
		return;
	r->limit_waiting = waiting;
	r->limit_at = (uint32_t)at;
	r->limit_used = (uint32_t)used;
	r->stats = (struct rule_stats){ .fired = counters[0],
					.cleared = counters[1],
					.cooled = counters[2],
					.limited = counters[3],
					.excused = counters[4],
					.refused = counters[5] };
	rule_forget(in->e, r);
}

static void get_section(struct reader *in)
{
	struct reader part = *in;

	part.n = get_count(in, 1);
	part.p = in->p;
	skip(in, part.n);
	struct rule *r = get_name(&part);
	if (r != NULL) {
		get_rule(&part, r);
		uint64_t n = part.bad ? 0 : get_count(&part, r->table.words);
		for (; n > 0 && !part.bad; n--)
			get_row(&part, r);
		n = part.bad ? 0 : get_count(&part, 3);
		if (n > 0 && r->kind != RULE_ABSENCE)
			part.bad = true;
		for (; n > 0 && !part.bad; n--)
			get_watch(&part, r);
		part.bad |= part.n != 0;
	}
	in->bad |= part.bad;
}

static void get_outages(struct reader *in)
{
	uint64_t n = get_count(in, 2);

	for (; n > 0 && !in->bad; n--) {
		uint64_t name = get(in);
		int64_t since = (int64_t)get(in);
		uint32_t key = (uint32_t)name;

		in->bad |= name >> 32 > RULE_KEY_AREA || !time_ok(since);
		if (in->apply && since > 0 && map_key(in, name >> 32, &key))
			rules_coverage(in->e, (enum rule_key)(name >> 32), key, true, since);
	}
}

static void get_all(struct reader *in)
{
	int64_t now = (int64_t)get(in);
	uint64_t cur = get(in);

	in->bad |= !time_ok(now) || cur > (uint64_t)(now / RULES_SLOT);
	if (in->apply) {
		in->e->now = max64(in->e->now, now);
		if (cur > in->e->timers.cur) {
			uint32_t list = wheel_drain(&in->e->timers, cur);

			in->e->timers.overdue = list; /* nothing is lost: looked at in the next tick */
		}
		table_done(&in->e->down);
	}
	get_outages(in);
	uint64_t n = in->bad ? 0 : get_count(in, SNAPSHOT_SECTION + 3);
	for (; n > 0 && !in->bad; n--)
		get_section(in);
	in->bad |= in->n != 0;
}

enum rc rules_restore(struct rules *e, struct str bytes, rules_key_map *map, void *self)
{
	struct reader in = { .e = e, .p = bytes.p, .n = bytes.n / 8, .map = map, .self = self };

	if (bytes.n % 8 != 0 || in.n < SNAPSHOT_HEAD || get(&in) != SNAPSHOT_MAGIC)
		return RC_INVALID;
	uint64_t n = get(&in), sum = get(&in);
	if (n != in.n || words_sum(in.p, n) != sum)
		return RC_INVALID;
	struct reader check = in;
	get_all(&check);
	if (check.bad)
		return RC_INVALID;
	in.apply = true;
	get_all(&in);
	return RC_OK;
}
