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
};
/* *ret_password: the one-time password, absent when one was given. */
enum rc people_user_add(struct ctx *c, const struct people_new_user *u, struct str *ret_password) MUST_USE;
/* A random one-time password; ends all sessions. */
enum rc people_user_password(struct ctx *c, struct str login, struct str *ret_password) MUST_USE;
enum rc people_user_disable(struct ctx *c, struct str login) MUST_USE;
/* JSON list of accounts: id, login, display, state, roles ("admin, seat"). */
enum rc people_user_list(struct ctx *c, struct buf *out) MUST_USE;

#endif
