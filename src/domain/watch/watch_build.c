/* watch_build.c - the evaluator from what is stored: rules, numbers, snapshot,
 * and the events between snapshot and cursor with matches held back. */
#include "domain/watch/watch_eval.h"

#include "sys/crypto.h"

#include <string.h>

/* ---- built from the database ------------------------------------------------------------ */

struct cursor {
	struct arena *a;
	bool found;
	int64_t generation, cursor_seq, snapshot_seq, snapshot_at, seed;
	struct str snapshot;
};

static enum rc take_cursor(void *arg, const struct row *row)
{
	struct cursor *k = arg;

	k->found = true;
	k->generation = row->v[0].i;
	k->cursor_seq = row->v[1].i;
	k->snapshot_seq = row->v[2].i;
	k->seed = row->v[3].i;
	if (row->v[4].kind == VAL_BLOB)
		k->snapshot = arena_dup(k->a, row->v[4].s);
	k->snapshot_at = row->v[5].kind == VAL_INT ? row->v[5].i : 0;
	return RC_OK;
}

struct numbers {
	struct evaluator *e;
	int64_t places_stamp;
	struct str places; /* one id a line */
	struct str *by_number;
	size_t n;
};

static enum rc take_numbers(void *arg, const struct row *row)
{
	struct numbers *k = arg;
	struct str ids = row->v[2].s, id;

	if (str_is(row->v[0].s, "devices")) {
		while (str_cut(&ids, '\n', &id))
			if (id.n)
				(void)symbols_add(k->e->devices, id);
		k->e->devices_stored = symbols_count(k->e->devices);
		return RC_OK;
	}
	k->places_stamp = row->v[1].i;
	k->places = arena_dup(k->e->run, ids);
	return RC_OK;
}

static void split_places(struct numbers *k)
{
	struct str rest = k->places, id;
	size_t lines = 1;

	for (size_t i = 0; i < rest.n; i++)
		lines += rest.p[i] == '\n';
	k->by_number = NEW_N(k->e->run, struct str, lines + 1);
	while (str_cut(&rest, '\n', &id))
		if (id.n)
			k->by_number[++k->n] = id; /* from 1 */
}

static uint32_t new_number(void *self, enum rule_key kind, uint32_t old)
{
	struct numbers *k = self;

	if (kind == RULE_KEY_DEVICE)
		return old; /* never change */
	if (kind != RULE_KEY_PLACE && kind != RULE_KEY_AREA)
		return 0;
	return old <= k->n && old ? place_tree_number(k->e->tree, k->by_number[old]) : 0;
}

static enum rc take_rule(struct ctx *c, void *row, void *arg)
{
	struct failure before = c->fail;
	const struct rule_row *r = row;
	enum rc rc = eval_add_rule(c, arg, r);

	/* A place or device in it may have gone since it was written: this one
	 * rests, the others must go on. */
	if (rc == RC_INVALID) {
		c->fail = before;
		return RC_OK;
	}
	return rc;
}

static enum rc add_self_test(struct ctx *c, struct evaluator *e)
{
	struct rule_row r = { .revision = 1, .std = { .id = STR(WATCH_SELFTEST_RULE) } };
	struct rule_names names = { .symbols = e->symbols };
	struct rule_problem problem;
	struct json_error err;
	struct rule *compiled;
	struct json *def;
	struct str device;
	uint32_t slot;

	TRY(db_text(c, "SELECT device_id FROM watch_selftest WHERE id = 'one'", NO_ARGS, &device));
	if (device.n == 0)
		return RC_OK;
	e->self_test = symbols_add(e->devices, device);
	/* 'device' of the definition is interned in 'symbols' by default: here the numbers are those of 'devices',
	 * so the key tells the device and store looks at it. */
	if (json_parse(c->arena,
		       STR("{\"kind\":\"match\",\"key\":\"device\",\"when\":{\"type\":\"" WATCH_SELFTEST_TYPE "\"}}"),
		       0, &def, &err) != RC_OK ||
	    rule_compile(&names, def, &compiled, &problem) != RC_OK)
		return FAIL(c, RC_BUG, "internal", NO_STR, "the self-test's rule is wrong");
	if (rules_put(e->main, r.std.id, 1, compiled, &slot) != RC_OK) {
		rule_free(compiled);
		return FAIL(c, RC_BUG, "internal", NO_STR, "the engine refuses the self-test's rule");
	}
	return RC_OK;
}

enum rc eval_feed_one(void *arg, const struct sensing_event *ev)
{
	return eval_feed(arg, ev);
}

static enum rc replay(struct ctx *c, struct evaluator *e)
{
	int64_t from = e->snapshot_seq, to = e->cursor_seq, last;

	e->held_back = true;
	while (from < to) {
		int64_t most = to - from < EVAL_BATCH ? to - from : EVAL_BATCH;

		TRY(sensing_since(c, from, (size_t)most, eval_feed_one, e, &last));
		if (last == from)
			break;
		from = last;
	}
	e->held_back = false;
	return RC_OK;
}

static enum rc load(struct ctx *c, struct evaluator *e, const struct cursor *k)
{
	struct numbers n = { .e = e };

	e->generation = k->generation;
	e->cursor_seq = k->cursor_seq;
	e->snapshot_seq = k->snapshot_seq;
	e->snapshot_at = k->snapshot_at;
	TRY(watch_counter(c, "rules", &e->rules_seen));
	TRY(watch_counter(c, "welfare", &e->welfare_seen));
	TRY(watch_counter(c, "coverage", &e->coverage_seen));
	TRY(eval_tree(c, e));
	TRY(db_each(c, "SELECT kind, stamp, ids FROM watch_number ORDER BY kind", NO_ARGS, take_numbers, &n));
	split_places(&n);
	TRY(entity_each(c, &watch_rule, "state = 'active' ORDER BY id", NO_ARGS, take_rule, e));
	TRY(add_self_test(c, e));
	if (k->snapshot.n && rules_restore(e->main, k->snapshot, new_number, &n) != RC_OK)
		return FAIL(c, RC_BUG, "internal", NO_STR, "the stored snapshot can't be read");
	for (size_t i = 0; i < e->n_rules; i++) {
		struct rule_stats s;

		if (rules_stats(eval_engine(e, &e->rules[i]), e->rules[i].slot, &s) == RC_OK)
			e->rules[i].suppressed = s.cooled + s.limited;
	}
	TRY(eval_load_welfare(c, e, STR(""), 0));
	TRY(replay(c, e));
	arena_reset(e->run);
	return RC_OK;
}

enum rc eval_build(struct ctx *c, struct watch_memory *st)
{
	struct cursor k = { .a = c->arena };

	TRY(db_each(c,
		    "SELECT generation, cursor_seq, snapshot_seq, seed, snapshot, snapshot_at FROM watch_cursor WHERE "
		    "id = 'one'",
		    NO_ARGS, take_cursor, &k));
	if (!k.found)
		return FAIL(c, RC_BUG, "internal", NO_STR, "no cursor");
	/* The engine's first time: what follows may lie as far back as the log goes. */
	st->ev = eval_new(k.seed, c->now - (SENSING_KEEP_DAYS + 1) * DAY);
	return load(c, st->ev, &k);
}

/* From what is there when the module first starts: older events are for a
 * backtest to look at. */
enum rc watch_first_cursor(struct ctx *c)
{
	int64_t seed, last = sensing_last_seq(c);

	if (c->fail.rc != RC_OK)
		return c->fail.rc;
	crypto_random(&seed, sizeof(seed)); /* keys hashes: nobody shall guess them */
	return db_run(c,
		      "INSERT INTO watch_cursor (id, generation, cursor_seq, snapshot_seq, seed) VALUES ('one', 1, $1, "
		      "$1, $2)"
		      " ON CONFLICT (id) DO NOTHING",
		      ARGS(V_INT(last), V_INT(seed)), NULL);
}
