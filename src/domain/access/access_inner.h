/* access_inner.h - what the files of the module share. */
#ifndef ACCESS_INNER_H
#define ACCESS_INNER_H

#include "domain/access/access.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing.h"

#include <pthread.h>

enum {
	ACCESS_TZ_S = 8 * 3600, /* one time zone in the whole country */
	PASS_DAYS = 30,         /* passes are kept, and the name of a credential in them lasts */
	CODE_AFTER_H = 24,      /* codes and visits after their end */
	ORDER_S = 15,           /* an order to open, unless said otherwise */
	WAIT_S = 300,           /* somebody stands at a lane */
	RIGHTS_MOST = 32,
	WINDOWS_MOST = 32,
	DAYS_MOST = 200,
};

/* ---- what is set up (access_setup.c, access_door.c, access_lane.c) ---------------- */

struct group_row {
	struct std std;
	struct str name, place_id, place_path;
};
struct schedule_row {
	struct std std;
	struct str name, place_id, place_path, windows, days;
};
enum door_state { DOOR_ON, DOOR_OFF };
enum contact { CONTACT_UNKNOWN, CONTACT_SHUT, CONTACT_OPEN, CONTACT_FORCED, CONTACT_HELD };
struct door_row {
	struct std std;
	struct str name, place_id, place_path, area_id, area_path, group_id, mode_rules;
	unsigned mode, override_mode, passback, passback_scope, state, contact;
	int64_t override_until, passback_min, forgiven_at, held_s, contact_at;
};
enum lane_state { LANE_OFF, LANE_ON };
struct lane_row {
	struct std std;
	struct str name, door_id, place_path, ways, device_id, assessment;
	unsigned direction, state;
	int64_t least_permille;
};
extern const struct entity access_group, access_schedule, access_door, access_lane;
extern const char *const access_contacts[];

/* ---- who may (access_credential.c, access_policy.c) ---------------------------------- */

struct credential_row {
	struct std std;
	struct str person_id, place_id, place_path, label, token, pin, token_mac, pin_mac, rights, reason;
	unsigned holder, method, state;
	int64_t from_at, to_at, change_no;
	bool roams, rescue;
};
enum policy_kind { POLICY_HOUSE, POLICY_CLOSED };
enum policy_state { POLICY_DRAFT, POLICY_ON, POLICY_ENDED };
struct policy_row {
	struct std std;
	struct str name, place_id, place_path, legal_number, reason, refuses, asks;
	unsigned kind, fallback, state;
	int64_t from_at, to_at, most_dc, ended_at;
	bool scans;
};
enum emergency_state { EMERGENCY_ON, EMERGENCY_ENDED };
struct emergency_row {
	struct std std;
	struct str place_id, place_path, reason;
	unsigned kind, state; /* kind: 0 lockdown, 1 evacuation */
	int64_t until_at, ended_at;
};
extern const struct entity access_credential, access_policy, access_emergency;

/* ---- at the lane (access_order.c) ------------------------------------------------------ */

enum order_state { ORDER_SENT, ORDER_OPENED, ORDER_OVER };
struct order_row {
	struct std std;
	struct str lane_id, place_path, reason, made_by;
	unsigned state;
	int64_t until_at, opened_at;
};
enum wait_state { WAIT_WAITING, WAIT_ADMITTED, WAIT_REFUSED, WAIT_GONE };
struct wait_row {
	struct std std;
	struct str lane_id, place_path, visit_id, plate, reason, opening_id, decided_by;
	unsigned method, why, holder, state;
	int64_t confidence, until_at, decided_at;
};
extern const struct entity access_opening, access_wait;

/* ---- visitors (access_visit.c, access_code.c, access_parcel.c, access_poster.c) ---------- */

enum visit_state { V_EXPECTED, V_CHECKED_IN, V_CHECKED_OUT, V_NO_SHOW, V_CANCELLED, V_REFUSED, V_EXPIRED };
enum visit_source { FROM_RESIDENT, FROM_POSTER, FROM_STAFF };
struct visit_row {
	struct std std;
	struct str dwelling_id, place_path, unit, purpose, name, phone, plate, reason;
	unsigned source, holder, state;
	int64_t people, from_at, to_at, confirmed_at, checked_in_at, checked_out_at;
};
enum code_state { CODE_LIVE, CODE_USED, CODE_EXPIRED, CODE_CANCELLED };
struct code_row {
	struct std std;
	struct str visit_id, group_id, unit, place_path, code_mac;
	unsigned holder, state;
	int64_t from_at, to_at, uses, uses_left, replays;
};
enum parcel_state { PARCEL_ENTERED, PARCEL_DROPPED, PARCEL_BROUGHT_UP, PARCEL_RECEIVED, PARCEL_RETURNED };
struct parcel_row {
	struct std std;
	struct str visit_id, dwelling_id, place_path, unit, number, kept_at, receipt;
	unsigned state;
	int64_t entered_at, dropped_at, brought_up_at, received_at;
};
extern const struct entity access_visit, access_code, access_parcel;
extern const char *const access_visit_states[];

/* A visit's check-in and check-out by a pass; a courier's first one opens the
 * record of his parcel. */
enum rc visit_passed(struct ctx *c, struct str visit_id, unsigned direction, int64_t at) MUST_USE;
enum rc visit_prepare(struct ctx *c, struct visit_row *v, const struct place_ref *dwelling) MUST_USE;
enum rc code_issue(struct ctx *c, const struct visit_row *v, struct str group_id, int64_t uses,
		   struct buf *out) MUST_USE;
enum rc code_group(struct ctx *c, const struct visit_row *v, struct str asked, struct str *ret) MUST_USE;
struct str pass_sign(struct ctx *c, struct str text); /* base64url, by the node's key of passes */
struct str pass_public(struct ctx *c);
enum rc code_end(struct ctx *c, struct str visit_id, enum code_state to) MUST_USE; /* the visit's live ones */
enum rc code_route(struct ctx *c, struct call *k) MUST_USE;
enum rc poster_route(struct ctx *c, struct call *k) MUST_USE;
enum rc ticket_route(struct ctx *c, struct call *k) MUST_USE;
enum rc receipt_route(struct ctx *c, struct call *k) MUST_USE;
struct str parcel_receipt(struct ctx *c, struct str parcel_id);

/* What was typed or shown at a gate, checked: of a refusal 'reason' alone. */
struct code_claim {
	struct code_row row;
	enum gate_reason reason; /* GATE_OK: 'row' is live here and now */
	bool known;              /* a row was found, live or not */
};
enum rc code_check(struct ctx *c, struct str group_id, struct str unit, struct str code,
		   struct code_claim *ret) MUST_USE;
enum rc pass_check(struct ctx *c, struct str group_id, struct str text, struct code_claim *ret) MUST_USE;
/* Exactly once: RC_OK with *won false when somebody was first. */
enum rc code_consume(struct ctx *c, struct code_row *row, bool *won) MUST_USE;
enum rc keypad_load(struct ctx *c, struct str lane_id, struct gate_keypad *k) MUST_USE;
enum rc keypad_save(struct ctx *c, struct str lane_id, const struct gate_keypad *k) MUST_USE;

/* ---- a person's movements (access_movement.c) ---- */

enum movement_state { MOVEMENT_ASKED, MOVEMENT_ALLOWED, MOVEMENT_REFUSED, MOVEMENT_OVER };
struct movement_row {
	struct std std;
	struct str credential_id, person_id, place_path, case_number, purpose, asked_by, decided_by, reason;
	unsigned state;
	int64_t from_at, to_at, until_at, readings;
};
extern const struct entity access_movement;
enum rc movement_route(struct ctx *c, struct call *k) MUST_USE;

enum rc phone_route(struct ctx *c, struct call *k) MUST_USE; /* access_phone.c */
/* By our own code: gates hear of it. */
enum rc credential_revoke(struct ctx *c, struct str id, struct str reason) MUST_USE;

/* ---- the decision (access_load.c) ---------------------------------------------------------- */

/* Everything about one lane, for gate_decide; lives in c->arena. */
struct scene {
	struct lane_row lane;
	struct door_row door;
	struct gate_list list;
	struct gate_lane gate;
	struct gate_lane_state state;
	struct str *policy_ids; /* as list.policies */
	struct str ids[64];     /* schedules met so far: number n is [n - 1] */
	struct gate_schedule schedules[64];
	struct str group_id;
};
enum rc scene_load(struct ctx *c, struct lane_row *lane, struct scene *ret) MUST_USE;
/* The credential of this token with its rights as the scene counts them; NULL:
 * nobody's. */
struct held {
	struct credential_row row;
	struct gate_credential gate;
	struct gate_right rights[RIGHTS_MOST];
};
enum rc scene_credential(struct ctx *c, struct scene *s, unsigned method, struct str token, struct held **ret) MUST_USE;
/* Rights in JSON against the rows they name; 'rights' may be NULL. */
enum rc rights_check(struct ctx *c, struct str json, struct str path) MUST_USE;
enum rc ways_check(struct ctx *c, const struct lane_row *lane) MUST_USE;
struct str token_mac(struct ctx *c, unsigned method, struct str token);
/* A token as it is hashed: plates in their one written form, text trimmed. */
enum rc token_tidy(struct ctx *c, unsigned method, struct str *token) MUST_USE;
struct str access_list_key(struct ctx *c); /* hex: what offline gates hash tokens with */

/* ---- what passed (access_pass.c) -------------------------------------------------------------- */

struct pass {
	struct str lane_id, credential_id, subject; /* subject: person or credential; absent: nobody known */
	int64_t serial;                             /* NO_INT: none */
	unsigned method, verdict, reason, direction;
	int64_t device_at, skew_ms;
	bool late;
	int64_t temperature_dc;
	struct str policy_id; /* that asked for it */
};
/* Writes it with all that follows: counts, who is inside, the event for rules.
 * *fresh false: this serial was here before. */
enum rc pass_write(struct ctx *c, const struct scene *s, const struct pass *p, int64_t *seq, bool *fresh) MUST_USE;
enum rc pass_last(struct ctx *c, const struct scene *s, struct str subject, struct gate_last *ret) MUST_USE;
enum rc pass_told(struct ctx *c, struct str lane_id, int64_t serial, struct buf *out, bool *found) MUST_USE;
struct str pass_scope(const struct door_row *d);
struct str pass_alias(struct ctx *c, struct str credential, int64_t at); /* its name in passes at this time */

/* ---- routes of devices (access_swipe.c, access_log.c, access_list.c) ----------------------------- */

enum rc swipe_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc swipe_run(struct ctx *c, struct call *k) MUST_USE;
enum rc access_log_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc access_log_run(struct ctx *c, struct call *k) MUST_USE;
enum rc access_contact_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc access_contact_run(struct ctx *c, struct call *k) MUST_USE;
enum rc access_contact_watch(struct ctx *c) MUST_USE; /* job: held open */
enum rc access_list_route(struct ctx *c, struct call *k) MUST_USE;
enum rc ack_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc ack_run(struct ctx *c, struct call *k) MUST_USE;
enum rc orders_route(struct ctx *c, struct call *k) MUST_USE;
enum rc doors_route(struct ctx *c, struct call *k) MUST_USE; /* delivery by door */
/* The lane that the calling device speaks for: the one named, or its only one. */
enum rc lane_of_device(struct ctx *c, struct str device_id, struct str lane_id, struct lane_row *ret) MUST_USE;

/* ---- pages (access_board.c, access_figures.c) ------------------------------------------------------ */

enum rc access_board_route(struct ctx *c, struct call *k) MUST_USE;
enum rc occupancy_route(struct ctx *c, struct call *k) MUST_USE;
enum rc access_correct_route(struct ctx *c, struct call *k) MUST_USE;
enum rc muster_route(struct ctx *c, struct call *k) MUST_USE;
enum rc access_figures_route(struct ctx *c, struct call *k) MUST_USE;
enum rc terminals_route(struct ctx *c, struct call *k) MUST_USE;
enum rc measures_route(struct ctx *c, struct call *k) MUST_USE; /* temperature off, everywhere */
enum rc policy_end(struct ctx *c, struct policy_row *p, const char *verb) MUST_USE;

/* ---- clocks (access_clock.c, access_purge.c) ---------------------------------------------------------- */

struct access_state {
	pthread_mutex_t lock;
	struct clock uptime;
	int64_t wall, up; /* of the last look; up 0: none yet */
	int64_t floor_at, sure_at;
	bool is_suspect;
	access_verifier_fn *verifier;
	void *verifier_self;
	struct {
		uint64_t who;
		int64_t since;
		unsigned n;
	} peers[1024]; /* posts at the poster by address */
};
struct access_state *access_state_of(const struct ctx *c);
/* Never back; and the latest time known not to be ahead. */
struct times {
	int64_t now, sure;
};
struct times access_times_now(struct ctx *c);
enum rc access_clock_job(struct ctx *c) MUST_USE;
enum rc access_clock_route(struct ctx *c, struct call *k) MUST_USE;
enum rc access_clock_confirm(struct ctx *c, struct call *k) MUST_USE;
enum rc access_clock_start(struct ctx *c) MUST_USE;
enum rc access_end_job(struct ctx *c) MUST_USE;       /* what ends by itself */
enum rc access_purge_job(struct ctx *c) MUST_USE;     /* what dies on time */
enum rc access_reconcile_job(struct ctx *c) MUST_USE; /* nightly */

/* ---- small things (access_setup.c) ------------------------------------------------------------------------- */

/* A place of the caller's own where 'perm' is held; else unknown_place. */
enum rc access_place_of(struct ctx *c, struct str id, const char *field, const char *perm,
			struct place_ref *ret) MUST_USE;
bool access_lies_in(struct str path, struct str top);
struct str access_path_end(struct ctx *c, struct str path);       /* path <= x < end: the subtree */
enum rc access_list_changed(struct ctx *c, int64_t *no) MUST_USE; /* gates fetch their list anew; no may be NULL */
enum rc access_list_number(struct ctx *c, int64_t *no) MUST_USE;
const struct json *access_json_of(struct ctx *c, struct str text); /* of our own rows; NULL: absent */
/* A schedule for the gate from its row; RC_INVALID with FAIL at "windows", "days". */
enum rc schedule_read(struct ctx *c, const struct schedule_row *s, struct gate_schedule *ret) MUST_USE;
enum rc access_row_of(struct ctx *c, const struct entity *e, struct str id, const char *field, void *row) MUST_USE;

#endif
