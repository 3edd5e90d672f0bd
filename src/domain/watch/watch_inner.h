/* watch_inner.h - what the files of the watch module share. */
#ifndef WATCH_INNER_H
#define WATCH_INNER_H

#include "domain/people/people.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing.h"
#include "domain/watch/watch.h"
#include "rules/rules.h"

enum {
	WATCH_ACK_S = 300,        /* an acknowledgement without a next step */
	WATCH_UNMERGE = 10,       /* minutes in which a merge can be undone */
	WATCH_DEFINITION = 16384, /* bytes */
	WATCH_TZ_MIN = 8 * 60,    /* days and hours in figures are China's */
	WATCH_MATCH_DAYS = 40,    /* matches are kept longer than the log they point into */
	WATCH_EVIDENCE_DAYS = 7,  /* a picture's clock, from the moment the alert has it */
	WATCH_MAX_OPEN = 500,     /* rows looked at in one go by clocks */
};

/* ---- rules ------------------------------------------------------------------ */

enum rule_state { R_DRAFT, R_ACTIVE, R_OFF };
struct rule_row {
	struct std std;
	struct str name, template, definition, place_id, place_path, backtest_id, reason;
	unsigned kind, severity, state;
	int64_t revision, fired_30d, closed_true, closed_useful, closed_false, suppressed;
};
extern const struct entity watch_rule;
extern const char *const watch_kinds[];
extern const char *const watch_rule_states[];

/* Compiles the definition for the place of the rule: conditions hold for events
 * from there only.  'names' NULL: words are checked, numbers are throw-away.
 * RC_INVALID with FAIL text that names the JSON path. */
enum rc watch_compile(struct ctx *c, const struct rule_names *names, const struct rule_row *r,
		      struct rule **ret) MUST_USE;
enum rc watch_rule_revisions(struct ctx *c, struct call *k) MUST_USE;
/* Counts a change the evaluator must know of: "rules", "welfare". */
enum rc watch_changed(struct ctx *c, const char *counter) MUST_USE;
enum rc watch_counter(struct ctx *c, const char *counter, int64_t *ret) MUST_USE;
/* closed_true .. of a rule's current revision, from its alerts. */
enum rc watch_count_closed(struct ctx *c, struct str rule_id) MUST_USE;
/* fired_30d and suppressed of every rule, old buckets away. */
enum rc watch_count_all(struct ctx *c) MUST_USE;

/* ---- backtests ---------------------------------------------------------------- */

struct backtest_row {
	struct std std;
	struct str rule_id, place_path, result;
	int64_t revision, days, history_days, fired;
};
extern const struct entity watch_backtest;
enum rc watch_backtest_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc watch_backtest_run(struct ctx *c, struct call *k) MUST_USE;

/* ---- alerts ------------------------------------------------------------------- */

struct alert_row {
	struct std std;
	struct str number, rule_id, kind, place_id, place_path, place_label, question, facts, acked_by, acked_by_name;
	struct str task_id, outcome, outcome_note, closed_by, closed_by_name, merged_into, note, merge_key, welfare_id;
	unsigned severity, state;
	int64_t rule_revision, desk_rank, opened_at, last_at, sources, acked_at, ack_due_at, closed_at, escalation;
	int64_t escalated_at, rung_at, next_at;
	bool ongoing, silenced, drill;
};
extern const struct entity watch_alert;

/* What happened, ready to become an alert or part of one. */
struct incident {
	struct str kind, question, place_id, facts, rule_id, welfare_id;
	struct str merge_key; /* same key, less than merge_us apart: one alert */
	struct str device_ids[RULE_SAMPLES];
	size_t n_devices;
	int64_t merge_us; /* INT64_MAX: as long as one is open */
	int64_t at, rule_revision;
	unsigned severity;
	bool lasting, drill;
};
enum rc watch_incident(struct ctx *c, const struct incident *i, struct alert_row *ret, bool *merged) MUST_USE;
/* Sources and ongoing of an alert, those merged into it included; saves nothing. */
enum rc watch_recount(struct ctx *c, struct alert_row *a) MUST_USE;
/* The open alert of this key's latest alert, through a merge; found false: none. */
enum rc watch_open_alert(struct ctx *c, struct str merge_key, struct alert_row *ret, bool *found) MUST_USE;

enum rc watch_line(struct ctx *c, struct str alert_id, const char *what, struct str detail) MUST_USE;
struct str watch_detail(struct ctx *c, const char *key, struct str word); /* {"key":"word"} */
/* The bell and the clocks that start with it. */
enum rc watch_ring(struct ctx *c, struct alert_row *a, const char *reason) MUST_USE;
/* When the next rung of the ladder is due, 0: never. */
enum rc watch_next_rung(struct ctx *c, const struct alert_row *a, int64_t *ret, struct str *role) MUST_USE;
enum rc watch_ack_span(struct ctx *c, const struct alert_row *a, int64_t *ret) MUST_USE;
enum rc watch_escalate_job(struct ctx *c) MUST_USE;
/* A step taken by our own code. */
enum rc watch_step(struct ctx *c, struct str alert_id, const char *verb, struct alert_row *ret) MUST_USE;

/* Files (watch_files.c). */
enum rc watch_alert_start(struct ctx *c) MUST_USE;
/* The alert came of these events: their pictures belong to it, those that are
 * there and those to come. */
enum rc watch_evidence_of(struct ctx *c, const struct alert_row *a, const int64_t *seqs, size_t n) MUST_USE;
/* A picture came, or will not come. */
enum rc watch_on_evidence(struct ctx *c, const struct event *ev) MUST_USE;
/* "evidence":{"files":[...],"missing":[{"kind","state","reason"}],"is_reason"} */
enum rc watch_write_evidence(struct ctx *c, const struct alert_row *a, struct buf *out) MUST_USE;

/* Views (watch_view.c, watch_board.c). */
enum rc watch_case(struct ctx *c, struct call *k) MUST_USE;
enum rc watch_timeline(struct ctx *c, struct call *k) MUST_USE;
enum rc watch_note(struct ctx *c, struct call *k) MUST_USE;
/* A call the operator writes down (watch_call.c). */
enum rc watch_call(struct ctx *c, struct call *k) MUST_USE;
enum rc watch_call_kinds(struct ctx *c, struct call *k) MUST_USE;
enum rc watch_board(struct ctx *c, struct call *k) MUST_USE;
/* An event's data as far as they may be shown: a JSON map of facts. */
void watch_write_data(struct ctx *c, struct buf *out, struct str data);
/* Puts numbers and code words of the event into an open JSON map; never text. */
void watch_put_facts(struct ctx *c, struct buf *out, struct str data);
/* The event with this number, if it is still kept. */
enum rc watch_event_at(struct ctx *c, int64_t seq, sensing_event_fn *fn, void *arg) MUST_USE;

/* The first string after all that begin with this path. */
struct str watch_after(struct ctx *c, struct str path);

/* ---- silences, ladder ----------------------------------------------------------- */

enum silence_state { SIL_ACTIVE, SIL_ENDED };
struct silence_row {
	struct std std;
	struct str rule_id, place_id, place_path, reason, made_by, made_by_name;
	unsigned state;
	int64_t until_at, held;
};
extern const struct entity watch_silence;
/* Is this rule at this place silenced now?  *until 0: no. */
enum rc watch_silenced(struct ctx *c, struct str rule_id, struct str place_path, int64_t *until) MUST_USE;
enum rc watch_silence_job(struct ctx *c) MUST_USE; /* ends the due ones, in a write unit */

struct ladder_row {
	struct std std;
	struct str place_id, place_path;
	int64_t level, after_s;
	unsigned role;
};
extern const struct entity watch_escalation;
extern const char *const watch_ladder_roles[];

/* ---- welfare ---------------------------------------------------------------------- */

enum welfare_state { W_ACTIVE, W_PAUSED, W_ENDED };
struct welfare_row {
	struct std std;
	struct str dwelling_id, place_path, place_label, person_id, sources, consent_text_version, last_source_id;
	unsigned state;
	int64_t hours, consent_at, last_seen_at, counted_from, paused_until;
};
extern const struct entity watch_welfare;
struct leave_row {
	struct std std;
	struct str welfare_id, person_id, place_path, declared_by;
	unsigned kind;
	int64_t from_at, to_at;
};
extern const struct entity watch_leave;
extern const char *const watch_leave_kinds[];

struct span {
	int64_t from, to;
};
/* Spans in [from, to) in which none of the devices could see, oldest first. */
enum rc watch_blind(struct ctx *c, struct str sources_json, int64_t from, int64_t to, struct span **ret, size_t *n,
		    int64_t *total) MUST_USE;
enum rc watch_resume_due(struct ctx *c) MUST_USE; /* pauses that are over */
enum rc watch_sources(struct ctx *c, struct str sources_json, struct str **ids, size_t *n) MUST_USE;

/* ---- listeners ----------------------------------------------------------------------- */

enum rc watch_on_task(struct ctx *c, const struct event *ev) MUST_USE;
enum rc watch_on_shift(struct ctx *c, const struct event *ev) MUST_USE;
enum rc watch_on_device(struct ctx *c, const struct event *ev) MUST_USE;
/* A register's question that somebody shall go and see about: an alert of kind
 * "register" at the dwelling; it is over when the question is settled. */
enum rc watch_on_register(struct ctx *c, const struct event *ev) MUST_USE;
/* Somebody is erased: the watch and the leaves go with the person. */
enum rc watch_on_erase(struct ctx *c, const struct event *ev) MUST_USE;

/* ---- evaluation ----------------------------------------------------------------------- */

struct evaluator;
struct watch_memory {
	struct evaluator *ev; /* NULL: to be built from the database; the job's alone */
};
enum rc watch_evaluate(struct ctx *c) MUST_USE;
enum rc watch_first_cursor(struct ctx *c) MUST_USE;
void watch_evaluator_free(struct evaluator *e); /* NULL allowed */
enum rc watch_selftest_job(struct ctx *c) MUST_USE;
enum rc watch_selftest_check(struct ctx *c) MUST_USE; /* in a write unit */
#define WATCH_SELFTEST_SOURCE "jiuan/self-test"
#define WATCH_SELFTEST_TYPE   "cn.jiuan.device.heartbeat.v1"

#endif
