/* people_register.h - what the files of the registers share: rows, helpers. */
#ifndef PEOPLE_REGISTER_H
#define PEOPLE_REGISTER_H

#include "domain/people/people_inner.h"
#include "domain/places/places.h"

/* Who said so. */
enum register_source { SOURCE_STAFF, SOURCE_SELF, SOURCE_VISIT, SOURCE_IMPORT, SOURCE_PAPER };
extern const char *const register_sources[];

#define REGISTER_READ   "people.register.read"
#define REGISTER_WRITE  "people.register.write"
#define REGISTER_REVEAL "people.register.reveal"
#define REGISTER_DECIDE "people.register.decide"
#define REGISTER_CHECK  "people.register.check"

/* ---- homes --------------------------------------------------------------------- */

enum household_state { HOUSEHOLD_LIVE, HOUSEHOLD_MOVED };
struct household {
	struct std std;
	struct str place_id, place_path, place_label, number, confirmed_by_name;
	unsigned tenure, source, state;
	int64_t from_at, to_at, confirmed_at;
};
extern const struct entity household_entity;
extern const char *const household_tenures[];

enum member_state { MEMBER_PRESENT, MEMBER_LEFT };
struct member {
	struct std std;
	struct str household_id, place_path, person_id, confirmed_by_name;
	unsigned role, relation, source, state;
	bool lives_here;
	int64_t from_at, to_at, confirmed_at;
};
extern const struct entity member_entity;
extern const char *const member_roles[], *const member_relations[];
enum member_role { ROLE_OWNER, ROLE_TENANT, ROLE_FAMILY, ROLE_OTHER };
/* The person's home follows where he lives.  In a write unit. */
enum rc member_settle(struct ctx *c, const struct member *m, const struct household *h) MUST_USE;

/* ---- identity numbers ------------------------------------------------------------- */

struct identity {
	struct std std;
	struct str person_id, place_path, number;
	unsigned kind, basis, source;
};
extern const struct entity identity_entity;
extern const char *const identity_kinds[];
enum { IDENTITY_RESIDENT };
/* Checks and seals a plain number into i->number; FAIL at "number". */
enum rc identity_take(struct ctx *c, struct identity *i, struct str plain) MUST_USE;
/* "tail:sealed" of a person's text; makes the person's key when there is none.
 * 'tail' last characters stay readable. */
enum rc person_seal(struct ctx *c, struct str person, const char *context, struct str plain, size_t tail,
		    struct str *ret) MUST_USE;
/* Absent when the key is gone or does not fit. */
enum rc person_unseal(struct ctx *c, struct str person, const char *context, struct str stored,
		      struct str *ret) MUST_USE;

/* ---- rentals ------------------------------------------------------------------------- */

enum tenancy_state {
	TENANCY_DECLARED,
	TENANCY_CONFIRMED,
	TENANCY_DISPUTED,
	TENANCY_ENDED,
	TENANCY_EXPIRED,
	TENANCY_WITHDRAWN
};
enum tenancy_side { SIDE_LANDLORD, SIDE_TENANT };
struct tenancy {
	struct std std;
	struct str place_id, place_path, place_label, landlord_id, tenant_id, other_phone, other_says;
	struct str landlord_signature, tenant_signature, safety, safety_by_name, note;
	unsigned side, state;
	bool by_office;
	int64_t from_at, to_at, occupants, other_from_at, other_to_at, other_occupants, landlord_signed_at,
		tenant_signed_at, safety_at, reminded_at, ended_at;
};
extern const struct entity tenancy_entity;
/* Reminds of ends, ends what is past its day. */
enum rc tenancy_clock(struct ctx *c) MUST_USE;

/* ---- dwellings ------------------------------------------------------------------------ */

struct permit {
	struct std std;
	struct str person_id, place_id, place_path, place_label;
	unsigned kind, source, state;
	int64_t from_at, to_at, ended_at;
};
extern const struct entity permit_entity, capacity_entity;

enum question_kind { Q_OVER_CAPACITY, Q_PERMIT_EXPIRED, Q_PERMIT_ADDRESS, Q_TENANCY_CONFLICT };
enum question_state { Q_OPEN, Q_VISIT, Q_SETTLED };
enum question_outcome { Q_NOT_YET, Q_SAME, Q_DIFFERENT, Q_ASK, Q_OVER };
struct question {
	struct std std;
	struct str place_id, place_path, place_label, tenancy_id, note, decided_by_name;
	unsigned kind, state, outcome;
	int64_t n, most, decided_at;
};
extern const struct entity question_entity;
/* A question about a dwelling; none when one of this kind is open there. */
enum rc question_ask(struct ctx *c, enum question_kind kind, const struct place_ref *place, struct str tenancy_id,
		     int64_t n, int64_t most) MUST_USE;
/* It answers itself: what is open of the kind there (or of the tenancy) is over. */
enum rc question_over(struct ctx *c, struct str tenancy_id) MUST_USE;
enum rc question_job(struct ctx *c) MUST_USE;

/* ---- the rest --------------------------------------------------------------------------- */

extern const struct entity vehicle_entity, care_entity, correction_entity;
enum rc care_job(struct ctx *c) MUST_USE;
/* What a person withdraws takes with it the notes that rest on it. */
enum rc care_withdrawn(struct ctx *c, struct str person, struct str purpose) MUST_USE;

enum rc people_held(struct ctx *c, struct call *k) MUST_USE;
enum rc people_own_dwelling(struct ctx *c, struct call *k) MUST_USE;
enum rc people_own_contact(struct ctx *c, struct call *k) MUST_USE;
enum rc people_about_person(struct ctx *c, struct str person, struct buf *out) MUST_USE;
enum rc people_erase_own_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc people_erase_own(struct ctx *c, struct call *k) MUST_USE;
enum rc people_erase_other(struct ctx *c, struct call *k) MUST_USE;
enum rc people_search(struct ctx *c, struct call *k) MUST_USE;
enum rc people_open_household(struct ctx *c, struct call *k) MUST_USE;
enum rc people_import_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc people_import_run(struct ctx *c, struct call *k) MUST_USE;
enum rc register_clocks(struct ctx *c) MUST_USE;

/* ---- helpers ----------------------------------------------------------------------------- */

/* The dwelling a row stands at; out of the caller's reach for 'perm' (NULL: not
 * asked) as if not there.  FAIL at "place_id". */
enum rc register_dwelling(struct ctx *c, struct str place_id, const char *perm, struct place_ref *ret) MUST_USE;
/* Staff at this place, or the person himself. */
bool register_may(const struct ctx *c, struct str place_path, struct str person);
/* Who writes: SOURCE_SELF for the person's own, else what was given. */
unsigned register_source_of(const struct ctx *c, struct str person, unsigned given);
/* from_at: now when not given, not more than a year ahead; to_at (0: none) after it. */
enum rc register_times(struct ctx *c, int64_t *from_at, int64_t to_at) MUST_USE;
/* Trimmed text of 'purpose' (2 to 40) and 'reason' (2 to 200) in the input. */
struct look_reason {
	struct str purpose, reason;
};
enum rc register_reason(struct ctx *c, const struct json *in, struct look_reason *ret) MUST_USE;

#endif
