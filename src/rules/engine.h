/* engine.h - the engine's parts; for the inside of src/rules only. */
#ifndef RULES_ENGINE_H
#define RULES_ENGINE_H

#include "rules/eval.h"
#include "rules/timer.h"

/* One rule as seen from one event type. */
struct entry {
	struct rule *rule;
	uint32_t lo, span;             /* places lo .. lo + span */
	uint32_t device;               /* 0: any */
	uint16_t parts;                /* bit per part that may be true */
	uint16_t sure;                 /* those of them that are true by the type alone */
	uint16_t start[PARTS_INDEXED]; /* where the others go on after tests of the type */
};
struct bucket {
	uint32_t first, n;
};

struct due {
	int64_t due;
	uint64_t key;
	uint32_t rule, timer;
};

struct rules {
	const struct symbols *symbols;
	rules_sink *sink;
	void *self;
	int64_t now; /* newest server time heard of */
	struct rule *slots[RULES_MAX];
	uint32_t n_slots;
	bool stale_index;
	struct entry *entries;
	uint32_t n_entries, cap_entries;
	struct bucket *buckets; /* [0]: types that no rule names */
	uint32_t n_buckets;
	uint32_t *by_type; /* bucket of each symbol below n_types */
	uint32_t n_types;
	struct timers timers;
	struct due *due; /* of one tick; kept for the next */
	uint32_t n_due, cap_due;
	struct table down; /* (kind << 32 | key) -> time since; 0: back */
};

/* A rule that has something to do for an event. */
struct call {
	struct rule *rule;
	uint64_t key;
	uint32_t parts; /* bit per part that is true */
};

struct moment {
	int64_t t;  /* event time, never after rx */
	int64_t rx; /* server time */
};
#define NEVER INT64_MAX

/* ---- gate.c: cool-down, limit, handing out ---------------------------------- */

bool state_dead(const struct rule *r, const struct state *s, int64_t rx);
/* The key's row, new when 'add'; forgotten ones come back empty.  NULL: none. */
struct state *state_get(struct rule *r, uint64_t key, int64_t rx, bool add);
enum rule_severity severity_of(const struct rule *r, const struct rule_event *ev, int64_t t);
/* May it fire now?  Counts the suppression if not (lasting things once, by
 * ST_HELD), takes a place in the limit and notes the match if so.  's' may be
 * NULL for rules without a cool-down. */
bool gate_pass(struct rule *r, struct state *s, struct moment mo, enum rule_severity severity, bool lasting);
int64_t gate_next(const struct rule *r, const struct state *s, int64_t now); /* when to ask again */
bool limit_full(const struct rule *r, int64_t now);
void limit_take(struct rule *r, int64_t now);
void match_place(struct rule_match *m, const struct rule_event *ev);
/* Fills in the rest and calls the sink. */
void match_emit(struct rules *e, struct rule *r, uint64_t key, struct rule_match *m);

/* ---- kinds ------------------------------------------------------------------ */

void on_match(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo);
void on_count(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo);
void on_sequence(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo);
void on_dwell(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo);
void on_absence(struct rules *e, const struct call *call, const struct rule_event *ev, struct moment mo);

int64_t dwell_due(const struct rule *r, const struct dwell_state *d); /* NEVER: nothing to wait for */
/* Fires and ends what is due at 'now'; the next time to look, or NEVER. */
int64_t dwell_advance(struct rules *e, struct rule *r, struct dwell_state *d, int64_t now);
void dwell_arm(struct rules *e, struct rule *r, struct dwell_state *d);

int64_t watch_due(const struct rules *e, const struct timer *w, int64_t now);
void watch_arm(struct rules *e, uint32_t number);
/* Fires a due watch; false when the limit holds it back until *next. */
bool watch_fire(struct rules *e, struct timer *w, int64_t now, int64_t *next);
/* Enters or overwrites ('old': its number + 1, or 0) a watch. */
enum rc watch_store(struct rules *e, uint32_t old, const struct timer *set) MUST_USE;

/* Drops the rule's state rows, watches and timers. */
void rule_forget(struct rules *e, struct rule *r);
void index_build(struct rules *e);

#endif
