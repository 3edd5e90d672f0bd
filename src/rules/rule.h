/* rule.h - a compiled rule and its state; for the inside of src/rules only. */
#ifndef RULES_RULE_H
#define RULES_RULE_H

#include "rules/rules.h"
#include "rules/table.h"

/* ---- conditions: a graph of tests, each with two ways on -------------------- */

enum { WAY_TRUE = 0xFFFF, WAY_FALSE = 0xFFFE };

enum test_op {
	TEST_TYPE,    /* name */
	TEST_PLACE,   /* name..n */
	TEST_DEVICE,  /* name */
	TEST_TIME,    /* span.a..b seconds of the local day, n: bit per weekday (0 Monday), offset_s */
	TEST_EXISTS,  /* field 'name' */
	TEST_TEXT,    /* field 'name' cmp n */
	TEST_TEXT_IN, /* field 'name' in set[n], count members */
	TEST_BOOL,    /* field 'name' cmp lo.i */
	TEST_INT,     /* field 'name' cmp lo.i (..hi.i) */
	TEST_REAL,    /* the same with lo.d, hi.d */
	TEST_NUM_IN,  /* field 'name' in nums[n], count members */
};
enum cmp { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_BETWEEN };

union number {
	int64_t i;
	double d;
	struct {
		int32_t a, b;
	} span;
};

struct test {
	uint8_t op, cmp;
	uint16_t yes, no;
	uint16_t count;
	uint32_t name;
	uint32_t n;
	union number lo, hi; /* TEST_TIME: lo.span and hi.i = offset_s */
};

/* What events a condition can be true for, for the index; wider is allowed. */
enum { REACH_TYPES = 16 };
struct reach {
	bool any_type;
	uint32_t n_types;
	uint32_t types[REACH_TYPES];
	uint32_t lo, hi; /* places */
	uint32_t device; /* 0: any */
};

struct part {
	bool used;
	uint16_t start; /* first test or WAY_* */
	struct reach reach;
};

enum {
	PART_WHEN,
	PART_CLEAR,
	PART_WITHOUT,
	PART_STEP,
	PARTS_INDEXED = PART_STEP + RULE_STEPS_MAX,
	PART_RAISE = PARTS_INDEXED,
	PART_ONLY,
	PARTS
};

struct hysteresis {
	uint32_t field; /* 0: none */
	bool low;       /* on below */
	double on, off;
};

/* ---- a rule ----------------------------------------------------------------- */

struct rule {
	enum rule_kind kind;
	enum rule_severity severity, raised;
	enum rule_key key;
	uint32_t key_field;
	uint32_t count, steps;
	uint32_t limit_n;
	int64_t limit_us, cooldown, merge_us;
	int64_t span; /* window, within, before */
	int64_t for_us, stale_us;
	int64_t memory; /* server time after which an idle key is forgotten */
	struct hysteresis hyst;
	struct part parts[PARTS];
	struct test *tests;
	uint32_t n_tests, cap_tests;
	uint32_t *set; /* members of text "in" */
	uint32_t n_set;
	union number *nums; /* members of number "in": pairs (kind in .i, value) */
	uint32_t n_nums;
	uint64_t template_hash; /* 0: no template */
	uint64_t shape;         /* of the state rows: kind, key, sizes */

	/* In the engine */
	char id[RULE_ID_BYTES_MAX];
	uint32_t id_n, version, slot;
	uint64_t id_hash;
	struct table table;
	int64_t *limit_ring; /* limit_n times of matches */
	uint32_t limit_at, limit_used;
	uint64_t limit_waiting; /* limited since the last fired */
	struct rule_stats stats;
};

/* ---- state rows: words only, so that a snapshot is the words ----------------- */

enum {
	ST_ON = 1,    /* the condition holds */
	ST_OPEN = 2,  /* fired and not yet cleared */
	ST_HELD = 4,  /* cool-down or limit hold it back, and that was counted */
	ST_FIRED = 8, /* fired_at and fired_rx are set */
	ST_SEVERITY_SHIFT = 8,
	ST_ALL = 0x30F,
};

struct state {
	uint64_t key1;
	int64_t fired_at, fired_rx; /* last match: t, server time */
	int64_t seen, seen_rx;      /* newest accepted t, server time of the last accepted */
	uint64_t flags;             /* ST_*; severity of the last match << ST_SEVERITY_SHIFT */
	uint64_t suppressed;
};

struct match_state {
	struct state s;
	int64_t excused_at; /* "without" last seen; hysteresis: begin */
};

struct dwell_state {
	struct state s;
	int64_t since, since_rx;
	uint64_t first_seq, last_seq;
	uint32_t n_events;     /* up to UINT32_MAX */
	uint32_t raised;       /* one of its events had the raised severity */
	uint64_t place_device; /* place | device << 32 */
	uint64_t area_subject;
	uint64_t timer;    /* its timer's number + 1; 0: none.  0 or 1 in snapshots */
	int64_t timer_due; /* what the timer was set for */
};

/* Followed by 'count' times and min(count, RULE_SAMPLES) sequence numbers. */
struct count_state {
	struct state s;
	uint64_t n, head; /* times kept, index of the oldest */
	uint64_t total;   /* accepted since the window was empty */
	int64_t ring[];
};

/* One per step but the last: the newest begin of a run that got so far. */
struct run {
	int64_t begin, last;
	uint64_t used;
	uint64_t seqs[RULE_STEPS_MAX - 1];
};
struct sequence_state {
	struct state s;
	struct run runs[];
};
#define WORDS(T) ((uint32_t)(sizeof(T) / sizeof(uint64_t)))

uint32_t rule_words(const struct rule *r); /* of one state row */

static inline int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* SplitMix64 finaliser over both. */
static inline uint64_t hash_two(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return x ^ x >> 31;
}
uint64_t rule_hash_bytes(struct str s);

#endif
