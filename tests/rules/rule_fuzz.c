/* rule_fuzz.c - libFuzzer target.  First byte '{' or blank: a rule definition,
 * compiled and run on a few events; anything else: a snapshot, with its length
 * and checksum put right so that the reader behind them is reached.
 *
 * clang -fsanitize=fuzzer,address,undefined ...; with -DFUZZ_REPLAY a plain
 * program that feeds the files given as arguments.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../fuzz/replay.h"
#include "rules/rules.h"
#include "rules/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool place(void *self, struct str id, uint32_t *lo, uint32_t *hi)
{
	(void)self;
	*lo = (uint32_t)id.n;
	*hi = *lo + 5;
	return id.n < 9;
}

static void see(void *self, const struct rule_match *m)
{
	uint64_t *sum = self;

	*sum += m->dedupe;
}

static void feed(struct rules *e, struct symbols *symbols)
{
	static const char *const types[] = { "a", "b", "c" };

	for (int i = 0; i < 60; i++) {
		struct rule_field f[2] = { { .name = symbols_add(symbols, STR("v")), .kind = RULE_INT, .i = i % 7 },
					   { .name = symbols_add(symbols, STR("w")), .kind = RULE_TEXT, .text = 3 } };
		struct rule_event ev = { .at = i * 700 * MILLI + DAY,
					 .received = i * SECOND + DAY,
					 .device = 1,
					 .place = 1 + (uint32_t)i % 3,
					 .area = 1,
					 .subject = 1,
					 .fields = f,
					 .n_fields = 2 };

		ev.type = symbols_add(symbols, str_of(types[i % 3]));
		rules_event(e, &ev);
		if (i % 5 == 0)
			rules_tick(e, ev.received);
	}
	rules_tick(e, 400 * DAY);
}

static bool put(struct rules *e, struct symbols *symbols, struct arena *a, struct str text)
{
	struct rule_names names = { .symbols = symbols, .place = place };
	struct rule_problem problem;
	struct json_error err;
	struct json *def;
	struct rule *r;
	uint32_t slot;

	if (json_parse(a, text, 0, &def, &err) != RC_OK || rule_compile(&names, def, &r, &problem) != RC_OK)
		return false;
	if (rules_put(e, STR("r"), 1, r, &slot) != RC_OK)
		abort();
	struct rule_watch w = { .last_seen = DAY };
	(void)!rules_watch_set(e, slot, rule_key(r) == RULE_KEY_NONE ? 0 : 1, &w);
	return true;
}

static void fuzz_snapshot(struct rules *e, struct symbols *symbols, struct arena *a, struct str in)
{
	static const char *const rules[] = {
		"{\"kind\":\"count\",\"key\":\"device\",\"when\":{\"type\":\"a\"},\"count\":3,\"window_s\":9}",
		"{\"kind\":\"dwell\",\"key\":\"place\",\"when\":{\"type\":\"a\"},\"stale_s\":3,\"for_s\":9,"
		"\"limit\":{\"n\":2,\"per_s\":5}}",
		"{\"kind\":\"absence\",\"key\":\"watch\",\"for_s\":9}",
		"{\"kind\":\"sequence\",\"key\":\"area\",\"within_s\":9,\"steps\":[{\"when\":{\"type\":\"a\"}},"
		"{\"when\":{\"type\":\"b\"}}]}",
	};
	struct buf b = buf_new(a, 1 << 20);

	if (!put(e, symbols, a, str_of(rules[(unsigned char)in.p[0] % COUNT(rules)])))
		abort();
	/* A real snapshot with the input laid over it, xor: zero bytes keep it whole. */
	feed(e, symbols);
	if (rules_snapshot(e, &b) != RC_OK)
		abort();
	uint64_t n = b.n / 8 - SNAPSHOT_HEAD;
	for (size_t i = 1; i < in.n && i + SNAPSHOT_HEAD * 8 <= b.n; i++)
		b.p[SNAPSHOT_HEAD * 8 + i - 1] ^= in.p[i];
	uint64_t sum = words_sum(b.p + SNAPSHOT_HEAD * 8, n);
	for (int i = 0; i < 8; i++)
		b.p[16 + i] = (char)(unsigned char)(sum >> 8 * i);
	if (rules_restore(e, buf_str(&b), NULL, NULL) == RC_OK)
		feed(e, symbols);
	(void)!rules_restore(e, in, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = { (const char *)data, size };
	uint64_t sum = 0;

	if (size == 0)
		return 0;
	struct arena *a = arena_new((size_t)16 << 20);
	struct symbols *symbols = symbols_new(1);
	struct rules *e = rules_new(symbols, see, &sum, DAY);
	if (data[0] != '{' && data[0] != ' ')
		fuzz_snapshot(e, symbols, a, in);
	else if (put(e, symbols, a, in))
		feed(e, symbols);
	rules_free(e);
	symbols_free(symbols);
	arena_free(a);
	return 0;
}
