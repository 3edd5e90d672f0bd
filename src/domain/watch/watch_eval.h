/* watch_eval.h - the evaluator: engines, their numbers, and the way from the
 * log to stored matches.
 *
 * Exactly once: 'cursor_seq' and the alerts of all matches up to it are stored
 * in one transaction.  The snapshot may be older; what lies between is fed
 * again after a restart with matches held back.  Whatever goes wrong, the
 * evaluator is thrown away and built anew from the database: there is one way
 * back, and it is used by every change of rules, places and watches, too.
 *
 * Two engines.  'care' holds the absences kept by welfare watch, and is never
 * part of a snapshot: the one time kept of a person stands in watch_welfare
 * alone.  An event goes there once for each watch that chose its device.
 */
#ifndef WATCH_EVAL_H
#define WATCH_EVAL_H

#include "domain/watch/watch_inner.h"

#define WATCH_SELFTEST_RULE "self-test"

enum {
	EVAL_BATCH = 5000,  /* events between looks at the clock, and between snapshots */
	EVAL_SNAPSHOT = 10, /* seconds */
	EVAL_RUN = 20,      /* batches of one run; then others may work, too */
	EVAL_COVERAGE = 60, /* seconds */
	EVAL_SNAPSHOT_BYTES = 64 << 20,
};

struct loaded_rule {
	struct rule_row row; /* strings in the evaluator's arena */
	uint32_t slot;
	bool care;
	bool by_device;      /* an absence kept by device */
	uint64_t suppressed; /* told to the database so far */
};

struct subject { /* a welfare watch; its number is the index + 1 */
	struct str id, path, place_id, sources;
	int64_t last_seen, for_us;
	uint32_t last_device;
	bool dirty, down;
};

/* Devices of subjects, ordered by device. */
struct link {
	uint32_t device, subject;
};

struct pending {
	struct rule_match m;
	const struct loaded_rule *rule; /* NULL: the self-test */
};

struct evaluator {
	struct arena *arena, *scratch, *run; /* for good; one event; until stored */
	struct symbols *symbols, *devices;
	struct rules *main, *care;
	struct place_tree *tree;
	uint32_t *area; /* by place number: its building, or itself */
	struct loaded_rule *rules;
	size_t n_rules, n_care;
	struct subject *subjects;
	struct link *links;
	size_t n_subjects, n_links;
	uint32_t self_test; /* its device; 0: none */
	int64_t generation, cursor_seq, snapshot_seq, snapshot_at, seed;
	int64_t rules_seen, welfare_seen, coverage_seen, coverage_at, next_change_at, places_stamp;
	int64_t ticked_at;
	uint32_t devices_stored;
	struct pending *pending;
	size_t n_pending, cap_pending;
	bool held_back; /* matches are not kept: replay */
};

/* watch_engine.c */
struct evaluator *eval_new(int64_t seed, int64_t now);
enum rc eval_tree(struct ctx *c, struct evaluator *e) MUST_USE;
/* Compiles and puts in; 'row' is copied. */
enum rc eval_add_rule(struct ctx *c, struct evaluator *e, const struct rule_row *row) MUST_USE;
/* Time passes up to the event, then the engines hear it. */
enum rc eval_feed(struct evaluator *e, const struct sensing_event *ev) MUST_USE;
void eval_tick(struct evaluator *e, int64_t now);
const struct loaded_rule *eval_rule(const struct evaluator *e, const struct rule_match *m);
struct str eval_place(const struct evaluator *e, uint32_t number); /* id; absent for 0 */
struct str eval_device(const struct evaluator *e, uint32_t number);
struct rules *eval_engine(const struct evaluator *e, const struct loaded_rule *r);

/* One of many: the same context on the scratch arena, emptied, so that a flood
 * of matches or watches costs the memory of one. */
struct ctx eval_part(const struct ctx *c, struct evaluator *e);
enum rc eval_part_done(struct ctx *c, const struct ctx *part, enum rc rc) MUST_USE;

/* watch_care.c: welfare watches in the care engine */
enum rc eval_load_welfare(struct ctx *c, struct evaluator *e, struct str under, int64_t since) MUST_USE;
enum rc eval_coverage(struct ctx *c, struct evaluator *e) MUST_USE;

/* watch_build.c: st->ev from the database */
enum rc eval_build(struct ctx *c, struct watch_memory *st) MUST_USE;
enum rc eval_feed_one(void *arg, const struct sensing_event *ev) MUST_USE; /* arg: the evaluator */

/* watch_store.c: in a write unit */
enum rc eval_store(struct ctx *c, struct evaluator *e) MUST_USE; /* what is pending becomes alerts */
/* Numbers and words of a match for the sentence, and where it happened. */
enum rc eval_incident(struct ctx *c, const struct evaluator *e, const struct pending *p, struct incident *ret,
		      struct str *seqs) MUST_USE;

#endif
