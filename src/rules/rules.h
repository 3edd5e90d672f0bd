/* rules.h - the streaming rule engine: (rules, event, time) -> matches.
 *
 * Pure: no clock, no I/O, no globals.  One engine is used by one thread at a
 * time.  A backtest is simply a second engine fed with history.
 *
 * The caller turns text into small numbers: event types, field names and text
 * values by symbols.h; places by their pre-order number in the place tree (so
 * that a subtree is an interval); devices and opted-in watches ("subjects") by
 * numbers of its own.  0 always means "none".
 *
 * TIMES.  An event has two: 'at', told by the device, and 'received', told by
 * our server.  The engine works with t = min(at, received) (at 0: received), so
 * a device whose clock runs ahead changes nothing for itself or others.  Ticks
 * carry server time only.  Spans are measured in t, with these rules for late
 * events (t before the newest t of the same rule and key) and clocks set back:
 *   match     a late event inside the cool-down (also before its start) is
 *             suppressed; it never fires twice.
 *   count     a late event counts at its own t while inside the window that
 *             ends at the newest t; older ones are ignored.
 *   sequence  a late event counts at its own t; steps must be in order of t.
 *   dwell, hysteresis: the newest t wins, late events are ignored.  A dwell's
 *             length is the longer of event time and server time passed.
 *   absence   last seen = max(t); for key "device" max(received), because a
 *             message that arrives proves the device alive whatever its clock.
 * State of a key that accepted nothing for its span plus RULES_GRACE of server
 * time is forgotten; so a clock set back heals by itself, without a second
 * match for the same thing before that.
 * 'received' and tick times should not decrease; steps back below a minute are
 * harmless, an older tick is ignored.
 *
 * BOUNDARIES.  Within a window or 'within_s' or 'before_s': difference <= span.
 * Cool-down over, dwell long enough, absence due: difference >= span.  Time
 * tables: from inclusive, to exclusive.  A place and a rule's limits likewise
 * include both ends.
 */
#ifndef RULES_RULES_H
#define RULES_RULES_H

#include "base/json.h"
#include "rules/symbols.h"

enum {
	RULES_MAX = 1024, /* rules in one engine */
	RULE_ID_BYTES_MAX = 64,
	RULE_DEPTH_MAX = 8,      /* all, any, not inside each other */
	RULE_TESTS_MAX = 128,    /* leaf conditions in one rule */
	RULE_LIST_MAX = 32,      /* members of all, any, in */
	RULE_COUNT_MAX = 256,    /* "count", from 2; exact up to here */
	RULE_STEPS_MAX = 4,      /* steps of a sequence, from 2 */
	RULE_LIMIT_MAX = 1000,   /* "limit.n", from 1 */
	RULE_KEYS_MAX = 1 << 18, /* live keys of one rule (absence: RULE_WATCHES_MAX over all) */
	RULE_WATCHES_MAX = 1 << 23,
	RULE_FIELDS_MAX = 32, /* fields of one event looked at */
	RULE_SAMPLES = 8,     /* sequence numbers in one match */
	RULE_PATH_BYTES = 160,
	RULE_SPAN_S_MAX = 31 * 86400, /* window_s, within_s, before_s, cooldown_s, merge_s, stale_s, limit.per_s */
	RULE_FOR_S_MAX = 366 * 86400, /* for_s */
};
#define RULES_GRACE (5 * MINUTE)
#define RULES_SLOT  (250 * MILLI) /* timers fire at the first tick not before the next whole slot */

enum rule_kind { RULE_MATCH, RULE_COUNT, RULE_DWELL, RULE_ABSENCE, RULE_SEQUENCE };
enum rule_severity { RULE_NORMAL, RULE_HIGH, RULE_URGENT };
/* RULE_KEY_AREA is the enclosing building (or what else the caller merges by). */
enum rule_key { RULE_KEY_NONE, RULE_KEY_PLACE, RULE_KEY_DEVICE, RULE_KEY_WATCH, RULE_KEY_AREA };

/* ---- events --------------------------------------------------------------- */

enum rule_field_kind { RULE_INT, RULE_REAL, RULE_TEXT, RULE_BOOL };
struct rule_field {
	uint32_t name; /* symbol */
	uint32_t kind; /* enum rule_field_kind */
	union {
		int64_t i;     /* RULE_INT; RULE_BOOL 0 or 1 */
		double d;      /* RULE_REAL */
		uint32_t text; /* RULE_TEXT: symbols_value() */
	};
};

struct rule_event {
	int64_t at, received;
	uint64_t seq; /* the caller's number of the stored event, for samples */
	uint32_t type, device, place, area, subject;
	uint32_t n_fields; /* past RULE_FIELDS_MAX ignored */
	const struct rule_field *fields;
};

/* ---- rules ---------------------------------------------------------------- */

/* What a rule may name.  Numbers must stay the same while the rule lives. */
struct rule_names {
	struct symbols *symbols; /* must outlive the rule */
	void *self;
	bool (*place)(void *self, struct str id, uint32_t *lo, uint32_t *hi); /* NULL: none known */
	bool (*device)(void *self, struct str id, uint32_t *number);          /* NULL: symbols_add() */
	bool (*type)(void *self, struct str type);                            /* NULL: any */
	/* 'type' absent: is it a field of any type?  NULL: any */
	bool (*field)(void *self, struct str type, struct str field);
};

/* Where a definition is wrong, "when.all[1].field"; "" is the whole. */
struct rule_problem {
	char path[RULE_PATH_BYTES];
	/* "unknown_member", "missing", "wrong_type" (JSON kind), "unknown_word", "out_of_range", "too_many",
	 * "too_deep", "empty", "unknown_type", "unknown_field", "unknown_place", "unknown_device",
	 * "not_for_kind" (a member of another kind of rule), "conflict" */
	const char *reason;
};

/* A compiled definition.
 *   kind       match | count | dwell | absence | sequence
 *   severity   urgent | high | normal (default)
 *   key        place | device | watch | area | none (default); "key_field": one more
 *              field that tells keys apart (a zone, an object id; not for absence)
 *   when       condition (all kinds but sequence)
 *   raise      {"when", "severity"}: matching events have that severity instead
 *   cooldown_s per key (not absence); never holds back another key or a higher severity (default 0)
 *   merge_s    window in which the caller merges matches of one merge number (0)
 *   limit      {"n", "per_s"}: at most n fired in any per_s.  What is over is
 *              counted; lasting things (dwell, absence, hysteresis) fire later.
 *   template, task   kept for the caller, not looked at (text, any map)
 *   match      hysteresis {"field", "on_ge"+"off_lt" or "on_le"+"off_gt"}: fires when
 *              reached, cleared when left; without {"when", "before_s"}: no match
 *              when that was seen for the key within before_s before (with "only":
 *              a condition, just for events it is true for)
 *   count      count, window_s.  A fired match consumes its events.
 *   dwell      for_s; clear (condition) and/or stale_s (no "when" event for so long)
 *   absence    for_s, the default of its watches; no "when": every event counts
 *   sequence   steps [{"when"}, ...], within_s from first to last step
 * Conditions: {"all": [..]}, {"any": [..]}, {"not": c}, {"type": t}, {"place": id}
 * (subtree), {"device": id}, {"field", "op", "value"}, {"time": {"tz_offset_min",
 * "days": [1 (Monday) .. 7], "from": "22:00", "to": "06:00"}}.  A time table that
 * passes midnight belongs to the day it begins on.  Operators: eq ne lt le gt ge
 * in between exists.  A comparison with an absent field or a field of another
 * type is false, also for ne.
 */
struct rule;
/* RC_INVALID with *problem.  'def' is not needed afterwards. */
enum rc rule_compile(const struct rule_names *names, const struct json *def, struct rule **ret,
		     struct rule_problem *problem) MUST_USE;
void rule_free(struct rule *r); /* NULL allowed; not for rules in an engine */
enum rule_kind rule_kind(const struct rule *r);
enum rule_key rule_key(const struct rule *r);

/* ---- matches -------------------------------------------------------------- */

enum rule_phase { RULE_FIRED, RULE_CLEARED };

struct rule_match {
	struct str rule_id; /* lives as long as the rule is in the engine */
	uint32_t rule;      /* slot, from rules_put() */
	uint32_t version;
	enum rule_phase phase; /* cleared: of a match that fired (dwell, hysteresis, absence) */
	enum rule_severity severity;
	enum rule_key key_kind;
	uint32_t key;                          /* number of the key; 0 for "none" */
	uint32_t key_field;                    /* 31-bit value of key_field; 0 without */
	uint32_t place, device, area, subject; /* of the last event; of the key for absence */
	int64_t since;                         /* first event, begin of the dwell, last seen */
	int64_t at;                            /* t of the deciding event, or the tick's time */
	int64_t gap;                           /* absence: part of at - since without coverage */
	uint32_t n_events;
	uint32_t n_seqs;
	uint64_t seqs[RULE_SAMPLES]; /* oldest first; for dwell first and last */
	uint64_t suppressed;         /* held back by cool-down (this key) and limit (whole rule) since the last fired */
	/* Same thing, same number, also after a restart (given the same key numbers): rule id, key, since, phase. */
	uint64_t dedupe;
	/* Matches with one merge number less than merge_us apart are one alert: rule template (rule id without one)
	 * and place. */
	uint64_t merge;
	int64_t merge_us;
};

/* Must not call back into the engine.  The match lives until the return. */
typedef void rules_sink(void *self, const struct rule_match *m);

/* ---- the engine ----------------------------------------------------------- */

struct rules;
/* 'symbols' must outlive the engine; 'now': first server time (a backtest gives
 * the begin of its history). */
struct rules *rules_new(const struct symbols *symbols, rules_sink *sink, void *self, int64_t now);
void rules_free(struct rules *e); /* NULL allowed */

/* Puts a rule in under an id (1 to RULE_ID_BYTES_MAX bytes), replacing one of
 * the same id.  Takes ownership of 'r' on success only.  Other rules keep their
 * state; a replaced rule loses its own, but an absence rule replaced by one with
 * the same kind of key keeps its watches.  RC_LIMIT: RULES_MAX; RC_INVALID: id. */
enum rc rules_put(struct rules *e, struct str id, uint32_t version, struct rule *r, uint32_t *slot) MUST_USE;
enum rc rules_remove(struct rules *e, struct str id) MUST_USE;                     /* RC_MISSING */
enum rc rules_find(const struct rules *e, struct str id, uint32_t *slot) MUST_USE; /* RC_MISSING */

void rules_event(struct rules *e, const struct rule_event *ev);
/* The same as one by one, but faster: state of the next is fetched ahead. */
void rules_events(struct rules *e, const struct rule_event *ev, size_t n);
/* Lets time pass: fires absence and dwell.  Call every RULES_SLOT or as wanted;
 * any gap is allowed.  Matches of one tick come in order of due time. */
void rules_tick(struct rules *e, int64_t now);

struct rule_stats {
	uint64_t fired, cleared;
	uint64_t cooled;  /* suppressed by cool-down */
	uint64_t limited; /* suppressed by limit (lasting things once each) */
	uint64_t excused; /* explained by "without" */
	uint64_t refused; /* not looked at: RULE_KEYS_MAX reached */
	uint64_t keys;    /* in memory, forgotten ones included */
	uint64_t watches; /* enrolled */
};
enum rc rules_stats(const struct rules *e, uint32_t slot, struct rule_stats *ret) MUST_USE; /* RC_MISSING */

/* ---- absence -------------------------------------------------------------- */

/* An absence rule looks only at enrolled keys.  Spans count whole seconds,
 * last_seen whole milliseconds, gaps hundredths (up to 497 days). */
struct rule_watch {
	int64_t last_seen; /* over 0; may be in the past: due ones fire at the next tick */
	int64_t for_us;    /* 0: the rule's for_s */
	int64_t gap;       /* time without coverage since last_seen, ended outages only */
	bool paused;       /* on leave */
	bool fired;        /* already told for this last_seen; a later sighting clears it */
};
/* Enrols or overwrites.  RC_MISSING: no such absence rule; RC_INVALID: key or
 * value out of range; RC_LIMIT: RULE_WATCHES_MAX. */
enum rc rules_watch_set(struct rules *e, uint32_t slot, uint32_t key, const struct rule_watch *w) MUST_USE;
enum rc rules_watch_get(const struct rules *e, uint32_t slot, uint32_t key, struct rule_watch *ret) MUST_USE;
enum rc rules_watch_remove(struct rules *e, uint32_t slot, uint32_t key) MUST_USE; /* RC_MISSING */
/* Leave.  A paused watch does not fire; the end of the pause at 'at' counts as
 * seen then: the whole span runs again.  RC_MISSING. */
enum rc rules_pause(struct rules *e, uint32_t slot, uint32_t key, bool paused, int64_t at) MUST_USE;
/* The sensors that all watches of this key depend on are down (or back): that
 * time is not counted.  Repeated calls change nothing. */
void rules_coverage(struct rules *e, enum rule_key kind, uint32_t key, bool down, int64_t at);

/* Bytes of heap held for watches and timers (records, index, wheel). */
size_t rules_timer_bytes(const struct rules *e);

/* ---- snapshots ------------------------------------------------------------ */

/* Appends the state (not the rules) as bytes, with a format number and a
 * checksum (against accidents, not against forgery).  RC_LIMIT when the buffer
 * is too small. */
enum rc rules_snapshot(const struct rules *e, struct buf *out) MUST_USE;
/* New number of a key; 0 drops its state.  'kind' is never RULE_KEY_NONE. */
typedef uint32_t rules_key_map(void *self, enum rule_key kind, uint32_t old);
/* Replaces the state of every rule present in both with the same id, version
 * and shape; other rules and other state stay as they are.  The engine's time
 * becomes the later of both.  'map' NULL: numbers are unchanged.  RC_INVALID:
 * not a whole snapshot; the engine is unchanged then. */
enum rc rules_restore(struct rules *e, struct str bytes, rules_key_map *map, void *self) MUST_USE;

#endif
