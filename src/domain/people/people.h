/* people.h - persons, posts, contacts, consents and sessions, seen from
 * outside the module.
 *
 * A post gives a role at a place; what a person may do comes from live posts
 * alone.  A person with a home place also holds the role "resident" there when
 * the table of roles has that word.
 */
#ifndef PEOPLE_H
#define PEOPLE_H

#include "core/module.h"

extern const struct module people_module;

/* For our own code; answers that show place_* of a resident are class P3. */
struct person_ref {
	struct str id;
	struct str display; /* name for colleagues; absent for persons without one */
	struct str household_id;
	struct str place_id, place_path; /* home, or absent */
	bool active;
};
/* RC_INVALID "unknown_person" at 'field' when there is no such person.  Strings
 * live in c->arena. */
enum rc people_person_get(struct ctx *c, struct str id, const char *field, struct person_ref *ret) MUST_USE;

/* The full name, for code that has just written a look (note_look) for it;
 * absent when there is no such person. */
enum rc people_name(struct ctx *c, struct str id, struct str *ret) MUST_USE;
/* Active persons whose home lies in [from, to) of paths. */
enum rc people_residents(struct ctx *c, struct str from, struct str to, int64_t *ret) MUST_USE;
/* Id of the active person with this login, in any case, who has a name for
 * colleagues; an odd login is nobody's. */
enum rc people_find_login(struct ctx *c, struct str login, struct str *id, bool *found) MUST_USE;
/* Who the person is now, for what is done in his name without a session;
 * WHO_NOBODY: no such person, or not active.  Strings live in c->arena. */
enum rc people_actor_now(struct ctx *c, struct str id, struct actor *ret) MUST_USE;

struct people_post {
	struct str id, person_id, role, place_id, place_path, display, title;
	bool of_grid; /* a post at the grid that the place belongs to */
};
typedef enum rc people_post_fn(struct ctx *c, const struct people_post *post, void *arg);
/* Live posts of active persons that cover the place: at it, above it, or at
 * its grid; nearest first.  'role' absent: any. */
enum rc people_posts_at(struct ctx *c, struct str place_path, struct str role, int64_t now, people_post_fn *fn,
			void *arg) MUST_USE;
/* The same for posts at the place or below it, ordered by place_path. */
enum rc people_posts_under(struct ctx *c, struct str place_path, struct str role, int64_t now, people_post_fn *fn,
			   void *arg) MUST_USE;
/* False also when the database fails (c->fail is set then). */
bool people_consented(struct ctx *c, struct str person, struct str purpose);

/* Who to call for a person, in the person's own order, without names and
 * phones: those are opened with a reason through people.contact. */
struct people_contact {
	struct str id, kind;
	int64_t order_no;
};
enum rc people_contacts(struct ctx *c, struct str person, struct people_contact **ret, size_t *n) MUST_USE;

/* The live vehicle with this plate, however it is written; ids only. */
struct people_vehicle {
	struct str id, household_id, person_id, place_path; /* person and household may be absent */
	struct str plate;                                   /* in its one written form */
};
enum rc people_vehicle_by_plate(struct ctx *c, struct str plate, struct people_vehicle *ret, bool *found) MUST_USE;

/* ---- import of homes and rentals ------------------------------------------- */

enum people_import_what { PEOPLE_HOUSEHOLDS, PEOPLE_TENANCIES };
struct people_import_options {
	enum people_import_what what;
	struct str under;  /* path of the community the dwellings lie in */
	struct str map;    /* "name=Full name,phone=Tel": fields to the file's own columns; or absent */
	bool dry_run;      /* same checks, same counts, nothing written */
	bool partial;      /* write the good rows although others are refused */
	size_t row_offset; /* added to row numbers: a part of a longer file */
	/* One call a refused row, the line of the file as a spreadsheet counts (1 is
	 * the header); 0: the text as a whole.  No value of the row stands in it. */
	void (*report)(void *arg, size_t row, const char *code, const char *field, const char *detail);
	void (*progress)(void *arg, size_t done, size_t rows); /* while writing; may be NULL */
	void *arg;
};
struct people_import_result {
	size_t rows, created, updated, unchanged, refused;
	bool written;
};
/* At most 20,000 rows.  Checks every row first; with a refused row nothing is
 * written unless 'partial' (RC_OK and ret->written false).  Somebody of the same
 * name in the same home is the same person: importing again changes nothing. */
enum rc people_import(struct ctx *c, struct str text, const struct people_import_options *o,
		      struct people_import_result *ret) MUST_USE;
/* The same with names and phones, for a step of our own that is the reason; one
 * look on record for each before it is written.  'kind' absent: all.  Appends
 * objects {"kind","name","phone"} of a list, in the person's own order. */
enum rc people_contacts_open(struct ctx *c, struct str person, struct str kind, struct str reason,
			     struct buf *out) MUST_USE;

/* What GET /api/me says under "seat": one JSON object or nothing written for
 * null.  dispatch sets it in its 'start'. */
typedef enum rc people_seat_fn(struct ctx *c, struct str person, struct buf *out);
void people_set_seat(struct ctx *c, people_seat_fn *fn);

/* ---- accounts, for the command line --------------------------------------- */

/* When no active person holds a live post "admin": makes the login "admin" (or
 * gives it back its post) with a random one-time password that must be changed.
 * Absent when there is an admin already. */
enum rc people_first_admin(struct ctx *c, struct str *ret_password) MUST_USE;
struct people_new_user {
	struct str login, display;
	struct str role, place_path; /* absent role: no post; absent path: everywhere */
	struct str password;         /* absent: a random one-time password */
	struct str hash;             /* of the password, by people_password_hash(); absent: made here */
};
/* Slow on purpose.  For accounts that share a password, as the demo's do. */
enum rc people_password_hash(struct ctx *c, struct str password, struct str *ret) MUST_USE;
/* *ret_password: the one-time password, absent when one was given. */
enum rc people_user_add(struct ctx *c, const struct people_new_user *u, struct str *ret_password) MUST_USE;
/* A login for somebody who is in the register already, with this password. */
enum rc people_person_login(struct ctx *c, struct str id, struct str login, struct str password) MUST_USE;
/* A random one-time password; ends all sessions. */
enum rc people_user_password(struct ctx *c, struct str login, struct str *ret_password) MUST_USE;
enum rc people_user_disable(struct ctx *c, struct str login) MUST_USE;
/* JSON list of accounts: id, login, display, state, roles ("admin, seat"). */
enum rc people_user_list(struct ctx *c, struct buf *out) MUST_USE;

#endif
