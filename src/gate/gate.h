/* gate.h - may this one pass here, now, and why not: the one decision of every
 * door, on the node and in the gate that was cut off from it.
 *
 * Pure: no clock, no I/O, no allocation, no globals.  Everything asked about is
 * in the list (what is configured and who holds what), the lane's state (what
 * is going on) and the request.  Numbers of doors, groups, areas, schedules and
 * calendars are the caller's own, from 1; 0 means "none".
 *
 * BOUNDARIES.  From is inclusive, to (until, end) exclusive; a "to" of 0 has no
 * end.  Windows of a schedule likewise.
 *
 * TIMES.  'now' must never go back (the caller keeps a floor), so that what has
 * expired stays so; 'sure' is the latest time known not to be ahead of the
 * truth: what is not valid yet is judged by it.  Usually they are the same.
 */
#ifndef GATE_GATE_H
#define GATE_GATE_H

#include "base/base.h"

/* ---- words ----------------------------------------------------------------- */

/* Ways through a lane.  GATE_FACE: the terminal's own yes with the number it
 * knows the holder by; nothing of a face exists here. */
enum gate_method {
	GATE_PHONE,        /* resident's code on the phone */
	GATE_VISITOR_CODE, /* eight digits, good a few times */
	GATE_QR,           /* signed pass */
	GATE_CARD,
	GATE_FACE,
	GATE_PLATE,
	GATE_GUARD, /* a person at the gate opens */
	GATE_REMOTE,
};
#define GATE_METHODS (GATE_REMOTE + 1)
extern const char *const gate_methods[GATE_METHODS + 1]; /* NULL-terminated */

enum gate_mode { GATE_NORMAL, GATE_OPEN, GATE_CLOSED, GATE_CARD_ONLY, GATE_TWO_FACTOR };
extern const char *const gate_modes[];
enum gate_direction { GATE_IN, GATE_OUT, GATE_BOTH };
extern const char *const gate_directions[];
enum gate_scope { GATE_SCOPE_DOOR, GATE_SCOPE_AREA, GATE_SCOPE_GLOBAL };
extern const char *const gate_scopes[];
enum gate_passback { GATE_PASSBACK_OFF, GATE_PASSBACK_SOFT, GATE_PASSBACK_HARD };
extern const char *const gate_passbacks[];
enum gate_alarm { GATE_CALM, GATE_LOCKDOWN, GATE_EVACUATION };
extern const char *const gate_alarms[];
enum gate_holder { GATE_RESIDENT, GATE_STAFF, GATE_VISITOR, GATE_COURIER, GATE_RESCUE };
#define GATE_HOLDERS (GATE_RESCUE + 1)
extern const char *const gate_holders[];
enum gate_state { GATE_ACTIVE, GATE_SUSPENDED, GATE_LOST, GATE_EXPIRED, GATE_REVOKED };
extern const char *const gate_states[];
/* What a code scanned at the gate was said to be by its verifier. */
enum gate_scan { GATE_SCAN_NONE, GATE_SCAN_PASS, GATE_SCAN_WARN, GATE_SCAN_REFUSE, GATE_SCAN_TIMEOUT };
extern const char *const gate_scans[];
enum gate_fallback { GATE_FALL_OPEN, GATE_FALL_ASK, GATE_FALL_REFUSE };
extern const char *const gate_fallbacks[];

/* ASK: somebody at the gate decides. */
enum gate_verdict { GATE_REFUSE, GATE_GRANT, GATE_ASK };
extern const char *const gate_verdicts[];

enum gate_reason {
	GATE_OK,            /* grant */
	GATE_BY_MODE,       /* grant: the door stands open */
	GATE_BY_EVACUATION, /* grant */
	GATE_BY_GUARD,      /* grant */
	GATE_BY_REMOTE,     /* grant */
	GATE_SOFT_PASSBACK, /* grant, but came in twice */
	GATE_UNKNOWN,       /* nobody holds this */
	GATE_IS_SUSPENDED,  /* the credential's own state */
	GATE_IS_LOST,
	GATE_IS_EXPIRED,
	GATE_IS_REVOKED,
	GATE_NOT_YET,
	GATE_WRONG_DOOR,   /* no right at this door */
	GATE_DOOR_EXPIRED, /* a right at this door, but over */
	GATE_OUT_OF_HOURS, /* outside the schedule of the right */
	GATE_WRONG_WAY,    /* against the lane's direction */
	GATE_METHOD_OFF,   /* not a way of this lane, or not at this hour */
	GATE_DOOR_CLOSED,
	GATE_ONLY_CARDS,
	GATE_SECOND_FACTOR,
	GATE_IN_LOCKDOWN,
	GATE_PASSED_BACK,
	GATE_BY_POLICY,
	GATE_UNKNOWN_PLATE,  /* ask */
	GATE_LOW_CONFIDENCE, /* ask */
	GATE_NO_TEMPERATURE, /* ask */
	GATE_TEMPERATURE,    /* ask */
	GATE_SCAN_ASKED,     /* ask, or refused: by what the scan said or its fallback */
	GATE_ORDER_OVER,     /* a remote order after its end */
	/* Said by the caller, who keeps codes and their tries. */
	GATE_CODE_WRONG,
	GATE_CODE_USED,
	GATE_KEYPAD_CLOSED,
	GATE_REPLAYED, /* a pass was used again at a gate that could not know */
};
#define GATE_REASONS (GATE_REPLAYED + 1)
extern const char *const gate_reasons[GATE_REASONS + 1];

/* Number of the word in a NULL-terminated list; -1: none. */
int gate_word(const char *const *words, struct str s);

/* ---- schedules ----------------------------------------------------------------- */

enum { GATE_DAY_SHUT = 7, GATE_DAY_ALL = 8 };
/* Seconds of the local day; 'days' has bit 0 for Monday.  A window that passes
 * midnight (to <= from) belongs to the day it begins on. */
struct gate_window {
	uint8_t days;
	int32_t from_s, to_s;
};
/* A day unlike its weekday: counts as another weekday (0 Monday), as shut, or
 * as open all day. */
struct gate_day {
	int32_t day; /* local days since 1970-01-01 */
	uint8_t as;
};
struct gate_schedule {
	const struct gate_window *windows;
	const struct gate_day *days; /* ascending */
	uint32_t n_windows, n_days;
};
bool gate_schedule_open(const struct gate_schedule *s, int32_t tz_offset_s, int64_t now);

/* ---- the list ---------------------------------------------------------------------- */

/* 16 bytes of a keyed hash of method and token: the caller makes it. */
struct gate_key {
	uint64_t a, b;
};
/* Where a credential is good, and for how long there. */
struct gate_right {
	uint32_t door, group; /* one of them */
	uint32_t schedule;    /* 0: at any hour */
	int64_t from_at, to_at;
};
struct gate_credential {
	struct gate_key key;
	uint32_t rights, n_rights; /* span of the list's rights */
	uint8_t method, state, holder;
	bool roams;  /* not held by anti-passback */
	bool rescue; /* passes in a lockdown and a closed door */
	int64_t from_at, to_at;
};
/* Rules of entry for an area, all that are in force together. */
struct gate_policy {
	uint32_t area;
	int64_t from_at, to_at;
	uint8_t refuses, asks; /* bit per gate_holder */
	int16_t most_dc;       /* over this many tenths of a degree somebody decides; 0: no temperature is asked for */
	bool scans;            /* a code must be scanned */
	uint8_t fallback;      /* of a scan that nobody answered */
};
struct gate_way {
	uint8_t method;
	uint8_t steps;     /* acts asked of the holder, from 1 */
	uint32_t schedule; /* 0: at any hour */
};
struct gate_mode_rule {
	uint32_t schedule;
	uint8_t mode;
};
enum { GATE_WAYS_MAX = 12, GATE_GROUPS_MAX = 4, GATE_MODES_MAX = 6, GATE_AREAS_MAX = 8 };
struct gate_lane {
	uint32_t door, n_groups, groups[GATE_GROUPS_MAX];
	uint32_t n_areas, areas[GATE_AREAS_MAX]; /* whose policies count here */
	uint8_t direction, mode;                 /* mode: when none of the rules holds */
	uint8_t passback, scope;
	uint8_t n_ways, n_modes;
	int64_t passback_us;    /* after this long a missed exit is forgiven; 0: never */
	int32_t least_permille; /* confidence of a plate */
	struct gate_way ways[GATE_WAYS_MAX];
	struct gate_mode_rule modes[GATE_MODES_MAX]; /* the first that holds */
};
/* Borrowed; must outlive the calls. */
struct gate_list {
	int32_t tz_offset_s;
	const struct gate_credential *credentials;
	const struct gate_right *rights;
	const struct gate_schedule *schedules; /* number n is [n - 1] */
	const struct gate_policy *policies;
	uint32_t n_credentials, n_rights, n_schedules, n_policies;
	const uint32_t *slots; /* by key, filled by gate_list_index; NULL: looked through one by one */
	uint32_t n_slots;
};
/* 'slots': n_slots numbers of the caller's, a power of two, at least twice the
 * credentials.  False: too few. */
bool gate_list_index(struct gate_list *l, uint32_t *slots, uint32_t n_slots);
const struct gate_credential *gate_list_find(const struct gate_list *l, struct gate_key key); /* NULL: nobody's */

/* ---- the decision --------------------------------------------------------------------- */

/* What the lane knows of the holder's last granted pass within its scope. */
struct gate_last {
	bool known;
	uint8_t direction; /* GATE_IN or GATE_OUT */
	int64_t at;
};
struct gate_lane_state {
	uint8_t alarm; /* in force at this door now */
	int64_t alarm_until;
	uint8_t override_mode; /* by hand, until */
	int64_t override_until;
	int64_t forgiven_at; /* last passes before this are forgotten */
};
struct gate_request {
	uint8_t method, direction; /* direction: GATE_IN or GATE_OUT; of a one-way lane GATE_BOTH means its own */
	struct gate_key key;
	bool second;                         /* a second factor was right */
	const struct gate_credential *own;   /* a code or pass the caller checked, instead of one of the list */
	const struct gate_right *own_rights; /* its rights, [0 .. own->n_rights) */
	int32_t permille;                    /* confidence of a plate */
	int32_t temperature_dc;              /* tenths of a degree; 0: not measured */
	uint8_t scan;                        /* enum gate_scan */
	int64_t order_until;                 /* of a remote order */
	struct gate_last last;
};
struct gate_decision {
	enum gate_verdict verdict;
	enum gate_reason reason;
	const struct gate_credential *credential; /* NULL: none was found or asked for */
};
struct gate_decision gate_decide(const struct gate_list *l, const struct gate_lane *lane,
				 const struct gate_lane_state *st, const struct gate_request *rq, int64_t now,
				 int64_t sure);
/* What the door does now without anybody asking: GATE_OPEN in an evacuation,
 * GATE_CLOSED in a lockdown, else by hand, by timetable, or as it is set. */
enum gate_mode gate_mode_now(const struct gate_list *l, const struct gate_lane *lane, const struct gate_lane_state *st,
			     int64_t now);

/* ---- may a lane be switched on --------------------------------------------------------- */

/* NULL, or a stable word: "no_way" there is none, "bad_way" unknown method,
 * steps or schedule, "only_way" a terminal that knows faces has no equal beside
 * it: another way at all its hours with no more steps (Facial recognition
 * measures, CAC and MPS order 19, article 10). */
const char *gate_ways_check(const struct gate_list *l, const struct gate_way *ways, size_t n);

/* ---- the keypad ----------------------------------------------------------------------- */

/* At most 5 wrong codes in any 10 minutes and 30 a day, then codes (only codes)
 * are closed here: for 10 minutes, or until a guard unlocks or a day is over. */
enum { GATE_WRONG_SHORT = 5, GATE_WRONG_DAY = 30 };
#define GATE_SHORT_US (10 * MINUTE)
#define GATE_DAY_US   DAY
struct gate_keypad {
	int64_t last_at, day_at; /* last wrong one; first of the day */
	int64_t n_short, n_day;
};
/* 0: open; else when it opens again by itself. */
int64_t gate_keypad_closed(const struct gate_keypad *k, int64_t now);
void gate_keypad_wrong(struct gate_keypad *k, int64_t now);
void gate_keypad_unlock(struct gate_keypad *k); /* a guard has looked */

#endif
