/* people_care.c - what help somebody needs, for whom to see, until when. */
#include "domain/people/people_register.h"

#include <string.h>

/* Of use at the door, at a fire, at a visit; what is needed, never why: no
 * illness has a word here. */
static const char *const needs_words[] = { "step_free",       "evacuation_help",  "hearing", "sight", "regular_visit",
					   "power_dependent", "child_alone_late", "other",   NULL };
static const char *const purposes[] = { "emergency_help", "visit", "accessibility", NULL };
static const char *const bases[] = { "consent", "law", "duty", NULL };
enum { BASIS_CONSENT };
enum { CARE_DAYS = 366, CARE_ROLES = 8, CARE_BATCH = 500 };
#define CARE_CONSENT "special_care"

struct care {
	struct std std;
	struct str person_id, place_path, text, roles;
	unsigned need, purpose, basis;
	int64_t ends_at;
};
static const struct field fields[] = {
	F_STD(struct care),
	F_REF(struct care, person_id, "people.person", REQUIRED | FIXED | FILTER | P3),
	F_PATH(struct care, place_path, DERIVED | P3),
	F_ENUM(struct care, need, needs_words, REQUIRED | P3),
	F_TEXT(struct care, text, 2, 500, P3),
	F_ENUM(struct care, purpose, purposes, REQUIRED | P1),
	F_ENUM(struct care, basis, bases, REQUIRED | FIXED | P1),
	F_JSON(struct care, roles, 400, REQUIRED | P1),
	F_TIME(struct care, ends_at, REQUIRED | FILTER | P1),
};

static enum rc roles_of(struct ctx *c, struct str text, struct json **ret)
{
	struct json_error err;

	if (json_parse(c->arena, text, 100, ret, &err) != RC_OK || (*ret)->kind != J_LIST || (*ret)->n == 0 ||
	    (*ret)->n > CARE_ROLES)
		return FAIL(c, RC_INVALID, "wrong_type", STR("roles"), "a list of 1 to %d roles is expected",
			    CARE_ROLES);
	return RC_OK;
}

static enum rc check(struct ctx *c, struct care *n)
{
	struct json *roles;

	TRY(roles_of(c, n->roles, &roles));
	for (const struct json *j = roles->child; j; j = j->next)
		if (j->kind != J_TEXT || app_role(c->app, j->text) == NULL)
			return FAIL(c, RC_INVALID, "unknown_word", STR("roles"), "no such role");
	if (n->ends_at <= c->now || n->ends_at > c->now + CARE_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("ends_at"), "an end within a year is needed");
	if (n->basis == BASIS_CONSENT && !people_consented(c, n->person_id, STR(CARE_CONSENT)))
		return c->fail.rc ? c->fail.rc
				  : FAIL(c, RC_CONFLICT, "consent_needed", STR("basis"),
					 "the person has not consented to " CARE_CONSENT);
	return RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct care *n = row;

	(void)in;
	TRY(people_about(c, n->person_id, "people.care.write", &n->place_path));
	return check(c, n);
}

static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct care *n = row;
	struct str path;

	(void)in;
	TRY(people_about(c, n->person_id, "people.care.write", &path));
	return check(c, n);
}

/* Whom the note names: by role at the place.  The person reads it anyway. */
static enum rc open_note(struct ctx *c, void *row)
{
	const struct care *n = row;
	struct json *roles;

	if (c->who.kind == WHO_SYSTEM || (c->who.kind == WHO_PERSON && str_eq(c->who.id, n->person_id)))
		return RC_OK;
	TRY(roles_of(c, n->roles, &roles));
	for (const struct json *j = roles->child; j; j = j->next) {
		for (size_t i = 0; i < c->who.n_grants; i++) {
			const struct grant *g = &c->who.grants[i];

			if (str_is(j->text, g->role->name) && g->path.n <= n->place_path.n &&
			    (g->path.n == 0 || memcmp(g->path.p, n->place_path.p, g->path.n) == 0))
				return RC_OK;
		}
	}
	return FAIL(c, RC_DENIED, "not_named", STR("roles"), "the note is for other roles");
}

static const struct see see[] = {
	{ "person", SEE_OWN },
	{ "people.care.read", SEE_PLACE },
	{ 0 },
};
const struct entity care_entity = {
	.module = "people",
	.name = "care",
	.table = "people_care",
	.size = sizeof(struct care),
	.fields = fields,
	.n_fields = COUNT(fields),
	.see = see,
	.perm = { .create = "people.care.write", .update = "people.care.write", .reveal = "people.care.reveal" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.on_create = on_create,
	.on_update = on_update,
	.on_reveal = open_note,
	.purpose = "special_care",
	.basis = "consent",
};

static enum rc note_end(struct ctx *c, struct str id, const char *what)
{
	struct about about = { .entity = "people.care", .id = id, .version = 0 };

	TRY(db_run(c, "DELETE FROM people_care WHERE id = $1", ARGS(V_STR(id)), NULL));
	return audit(c, str_of(what), &about, NO_STR);
}

/* At its end a note is gone, not hidden. */
enum rc care_job(struct ctx *c)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c, "SELECT id FROM people_care WHERE ends_at <= $1 ORDER BY ends_at LIMIT 500",
		     ARGS(V_INT(c->now)), CARE_BATCH, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(note_end(c, ids[i], "people.care.end"));
	return RC_OK;
}

enum rc care_withdrawn(struct ctx *c, struct str person, struct str purpose)
{
	struct str *ids;
	size_t n;

	if (!str_is(purpose, CARE_CONSENT))
		return RC_OK;
	TRY(db_texts(c, "SELECT id FROM people_care WHERE person_id = $1 AND basis = 'consent' ORDER BY id LIMIT 500",
		     ARGS(V_STR(person)), CARE_BATCH, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(note_end(c, ids[i], "people.care.withdraw"));
	return RC_OK;
}
