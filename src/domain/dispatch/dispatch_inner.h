/* dispatch_inner.h - what the files of the module share. */
#ifndef DISPATCH_INNER_H
#define DISPATCH_INNER_H

#include "core/module.h"
#include "domain/watch/watch.h"

enum shift_kind { SHIFT_SEAT, SHIFT_DEPUTY, SHIFT_FIELD, SHIFT_REST };
struct shift {
	struct std std;
	struct str person_id, person_name, role, place_id, place_path, note;
	int64_t from_at, to_at;
	unsigned kind; /* enum shift_kind */
};
extern const struct entity shift_entity, handover_entity, calendar_entity;
extern const char *const dispatch_shift_kinds[];    /* by enum shift_kind, NULL-terminated */
extern const char *const dispatch_kind_words[2][4]; /* for people: Chinese, English */
/* Place, person and span of a new shift, checked; 'in' is not read. */
enum rc dispatch_shift_fill(struct ctx *c, void *row, const struct json *in) MUST_USE;

enum task_state {
	T_OFFERED,
	T_ACCEPTED,
	T_ON_THE_WAY,
	T_ARRIVED,
	T_REPORTED,
	T_REVIEWED,
	T_CLOSED,
	T_REFUSED,
	T_EXPIRED,
	T_CANCELLED
};
enum proof { PROOF_NONE, PROOF_POSITION, PROOF_RESIDENT, PROOF_NFC, PROOF_DOOR_CODE }; /* weakest first */
struct task {
	struct std std;
	struct str number, alert_id, kind, severity, place_id, place_path, place_label, worker_id, worker_name;
	struct str proof_note, report, refuse_reason, instructions, two_reason;
	unsigned state, proof;
	int64_t offered_at, offer_until, accepted_at, started_at, arrived_at, reported_at, reviewed_at, closed_at,
		due_at, arrived_device_at, checkin_due_at, checkin_asked_at, panic_at, second_at, no_reply_at;
	bool two_people;
};
extern const struct entity task_entity;

enum { CHECKIN_MIN = 20, OFFER_S = 60, ARRIVE_MIN = 10, CANDIDATES = 9 };

/* ---- candidates ---- */

struct candidate {
	struct str person_id, name;
	bool own_grid, on_shift, has_position, refused; /* refused or let an offer for this alert pass */
	int64_t busy;                                   /* open tasks */
	int64_t foot_min, position_age_min, resting_until;
};
static inline bool candidate_ready(const struct candidate *k)
{
	return k->on_shift && k->resting_until == 0;
}
/* Best first; at most CANDIDATES, *n says how many. */
enum rc dispatch_candidates(struct ctx *c, const struct alert_ref *alert, struct candidate **ret, size_t *n) MUST_USE;
enum rc dispatch_position(struct ctx *c, struct call *k) MUST_USE;
enum rc dispatch_forget_positions(struct ctx *c) MUST_USE; /* of workers whose shift is over */
/* Metres between the person's last position and the place, and when that was;
 * -1: not known. */
enum rc dispatch_distance(struct ctx *c, struct str person_id, struct str place_id, int64_t *metres,
			  int64_t *at) MUST_USE;

/* ---- the rota as a calendar (dispatch_calendar.c, dispatch_ical.c) ---- */

enum rc dispatch_calendar_renew(struct ctx *c, struct call *k) MUST_USE;
enum rc dispatch_calendar_feed(struct ctx *c, struct call *k) MUST_USE;
enum rc dispatch_import_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc dispatch_import_run(struct ctx *c, struct call *k) MUST_USE;
/* Who fetched how often; the module's own memory. */
enum { DISPATCH_STATE = 32 << 10 };
void dispatch_state_start(struct ctx *c);
void dispatch_state_stop(void *state);

enum rc dispatch_figures(struct ctx *c, struct call *k) MUST_USE;

/* ---- tasks ---- */

/* After a refusal or a silence: to the next worker, or back to the desk. */
enum rc dispatch_offer_next(struct ctx *c, const struct task *last) MUST_USE;
/* The same errand for somebody else. */
enum rc dispatch_offer_to(struct ctx *c, const struct alert_ref *alert, const struct candidate *to,
			  const struct task *last) MUST_USE;
enum rc dispatch_expire(struct ctx *c) MUST_USE; /* job: offers nobody answered go to the next */
enum rc dispatch_form_check(struct ctx *c, struct str kind, const struct json *report) MUST_USE;
void dispatch_form_write(struct str kind, struct buf *out);
/* ---- the worker's own safety (dispatch_safety.c) ---- */

/* Steps of the worker: "all well" starts the clock anew, "panic" asks the desk
 * at once, whatever is silenced. */
enum rc dispatch_well(struct ctx *c, void *row, const struct json *in) MUST_USE;
enum rc dispatch_panic(struct ctx *c, void *row, const struct json *in) MUST_USE;
/* At the door, and away from it. */
void dispatch_checkin_start(struct ctx *c, struct task *t);
enum rc dispatch_checkin_end(struct ctx *c, struct task *t) MUST_USE;
enum rc dispatch_checkins(struct ctx *c) MUST_USE; /* job: who did not answer becomes a question, once */
/* Two are wanted: until the second one is there, too, nobody goes in. */
enum rc dispatch_not_alone(struct ctx *c, const struct task *t) MUST_USE;
enum rc dispatch_where(struct ctx *c, struct call *k) MUST_USE;

/* ---- where nobody goes alone (dispatch_mark.c) ---- */

struct mark {
	struct std std;
	struct str place_id, place_path, place_label, set_by, set_by_name, ended_by_name;
	int64_t until_at, ended_at;
	unsigned reason, state;
};
extern const struct entity mark_entity;
/* The nearest mark in force at the place or above it. */
enum rc dispatch_mark_at(struct ctx *c, struct str place_path, struct mark *ret, bool *found) MUST_USE;
struct str dispatch_mark_reason(const struct mark *m);
/* "two_people": the mark in force at the alert's place, or null. */
enum rc dispatch_mark_write(struct ctx *c, const struct alert_ref *alert, struct buf *out) MUST_USE;
/* Tasks of a pair that were not refused, cancelled or let pass. */
enum rc dispatch_pair_count(struct ctx *c, struct str alert_id, int64_t *n) MUST_USE;
/* Offers the same errand to a second worker unless there is one; when nobody can
 * be sent the alert's timeline says so. */
enum rc dispatch_second(struct ctx *c, const struct alert_ref *alert, const struct task *first) MUST_USE;
/* From now on two go in here; 'why': code word. */
enum rc dispatch_need_two(struct ctx *c, struct str task_id, const char *why) MUST_USE;
/* Both know when the other one came (second_at), or is there no more. */
enum rc dispatch_pair_arrived(struct ctx *c, struct task *t) MUST_USE;
enum rc dispatch_pair_left(struct ctx *c, const struct task *t) MUST_USE;

/* ---- nobody opens (dispatch_ladder.c, dispatch_door.c) ---- */

enum rung_word { RUNG_NEIGHBOUR, RUNG_FAMILY, RUNG_KEY_HOLDER, RUNG_LOCKSMITH, RUNG_POLICE, RUNG_FIRE };
enum rung_allow { ALLOW_NOBODY, ALLOW_DESK, ALLOW_HEAD };
extern const char *const rung_words[], *const rung_allows[];
enum { RUNGS_MOST = 99 };
struct rung {
	struct std std;
	struct str place_id, place_path;
	int64_t level, wait_min; /* minutes before the next rung */
	unsigned word, approve;  /* enum rung_word; who must allow it */
	bool two_people, unused;
};
struct attempt {
	struct std std;
	struct str task_id, task_number, alert_id, place_id, place_path, place_label, worker_id, worker_name;
	struct str reason, decided_by, decided_by_name, decision;
	int64_t level, wait_min, began_at, next_at, decided_at, done_at;
	unsigned word, approve, state, result;
	bool two_people;
};
extern const struct entity rung_entity, attempt_entity;
/* By level: of the nearest place with a ladder of its own, else the built-in
 * one; without unused rungs, at most RUNGS_MOST. */
enum rc dispatch_ladder(struct ctx *c, struct str place_path, struct rung **ret, size_t *n) MUST_USE;
enum rc dispatch_no_reply(struct ctx *c, void *row, const struct json *in) MUST_USE; /* step of the worker */
enum rc dispatch_door(struct ctx *c, struct call *k) MUST_USE;    /* where the worker stands on the ladder */
enum rc dispatch_try(struct ctx *c, struct call *k) MUST_USE;     /* {"word"?, "reason"?}: take a rung or ask for it */
enum rc dispatch_contact(struct ctx *c, struct call *k) MUST_USE; /* who to call, on record */
enum rc dispatch_door_end(struct ctx *c, const struct task *t) MUST_USE; /* the visit is over: what is open ends */

/* Eight digits printed at the door of a place. */
struct str dispatch_door_code(struct ctx *c, struct str place_id);

#endif
