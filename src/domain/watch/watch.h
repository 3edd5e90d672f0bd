/* watch.h - rules, alerts and welfare watches, seen from other modules.
 *
 * Everything else about an alert goes by events: watch.alert.<verb> out,
 * dispatch.task.<verb> in (body: alert_id, number, worker_name, state).
 */
#ifndef WATCH_H
#define WATCH_H

#include "core/module.h"

extern const struct module watch_module;

enum watch_severity { WATCH_NORMAL, WATCH_HIGH, WATCH_URGENT };
extern const char *const watch_severities[]; /* "normal", "high", "urgent", NULL */
enum watch_state { WATCH_NEW, WATCH_ACKNOWLEDGED, WATCH_DISPATCHED, WATCH_CLOSED };
extern const char *const watch_states[]; /* "new", "acknowledged", "dispatched", "closed", NULL */

struct alert_ref {
	struct str id;
	struct str number; /* "A-1032" */
	struct str place_id, place_path, place_label;
	struct str kind;     /* template or rule name: "elder-absence" */
	struct str question; /* code word: "elder_absence" */
	struct str task;     /* the rule's task template (a JSON map), or absent */
	enum watch_severity severity;
	enum watch_state state;
	int64_t version;
	int64_t opened_at;
	bool drill; /* a self-test or an exercise */
};
/* Without visibility, for our own code; RC_MISSING with FAIL text when there is none. */
enum rc watch_alert_get(struct ctx *c, struct str id, struct alert_ref *ret) MUST_USE;
/* The same for the caller's eyes: out of sight is RC_MISSING. */
enum rc watch_alert_load(struct ctx *c, struct str id, struct alert_ref *ret) MUST_USE;

/* Who the alert's welfare watch is about; absent for every other alert.  For our
 * own code that records who looks and why before it gives anything out. */
enum rc watch_alert_person(struct ctx *c, struct str alert_id, struct str *ret) MUST_USE;

/* Open alerts at the place or below, without visibility: the most pressing and
 * oldest first, at most 'most'; drills aside.  'task' is not filled. */
typedef enum rc watch_alert_fn(struct ctx *c, const struct alert_ref *alert, void *arg);
enum rc watch_alerts_open(struct ctx *c, struct str place_path, int most, watch_alert_fn *fn, void *arg) MUST_USE;

/* A question from another module ("no_seat").  In a write unit.  While an alert
 * of this kind is open at this place it is told again there (last_at, no new
 * ring) instead of opening a second one. */
/* The one kind that no silence holds back: somebody of ours is in danger. */
#define WATCH_PANIC "worker-panic"
struct watch_question {
	struct str kind;     /* 1-64 characters: "no_seat" */
	struct str question; /* code word; absent: the kind with '_' for '-' */
	struct str place_id;
	enum watch_severity severity;
	struct str about; /* keeps questions of one kind and place apart (a task's id); absent: there is but one */
	struct str facts; /* a JSON object of numbers and words, never a name; or absent */
	bool drill;
};
enum rc watch_raise(struct ctx *c, const struct watch_question *q, struct str *alert_id) MUST_USE;
/* It is over: the open alert of this kind at this place is no longer ongoing (it
 * stays open for a person to close).  RC_OK also when there is none. */
enum rc watch_over(struct ctx *c, struct str kind, struct str place_id) MUST_USE;
/* The same for a question that was raised with 'about'. */
enum rc watch_over_about(struct ctx *c, struct str kind, struct str place_id, struct str about) MUST_USE;

/* A line for an alert's timeline.  'what': code word; 'detail': a JSON object
 * without personal fields, or absent. */
enum rc watch_tell(struct ctx *c, struct str alert_id, const char *what, struct str detail) MUST_USE;

/* How the rules' questions turned out: alerts closed since 'since_at' where the
 * caller holds 'perm', by rule.  Appends a JSON list
 * [{"rule_id","name","true","useful","false"}]. */
enum rc watch_precision(struct ctx *c, const char *perm, int64_t since_at, struct buf *out) MUST_USE;

/* A sighting known from elsewhere (a phone call, a visit, an earlier record):
 * the watch counts from 'at'.  In a write unit. */
enum rc watch_welfare_seen(struct ctx *c, struct str welfare_id, struct str source_id, int64_t at) MUST_USE;

/* Installs the rule templates as active rules for a place (demo, first start).
 * Idempotent: a template that the place already has is left alone.  In a write
 * unit, as the system. */
enum rc watch_seed_rules(struct ctx *c, struct str place_id) MUST_USE;

#endif
