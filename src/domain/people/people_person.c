/* people_person.c - people.person, logins and passwords, rows about a person. */
#include "domain/people/people_register.h"

#include <string.h>

static const char *const languages[] = { "zh", "en", NULL };
static const char *const person_states[] = { "active", "disabled", "erased", NULL };

static const struct field person_fields[] = {
	F_STD(struct person),
	F_TEXT(struct person, name, 1, 60, P2),
	F_TEXT(struct person, display, 1, 40, P1),
	F_TAIL(struct person, phone, 5, 30, P2, 3),
	F_TEXT(struct person, login, 2, 40, P2),
	F_TEXT(struct person, household_id, 1, 64, P2),
	F_REF(struct person, place_id, "places.place", P3),
	F_PATH(struct person, place_path, DERIVED | P3),
	F_ENUM(struct person, language, languages, P2),
	F_ENUM(struct person, state, person_states, DERIVED | FILTER | P1),
	F_FLAG(struct person, must_change_password, DERIVED | P2),
	F_TEXT(struct person, password_hash, 1, PASSWORD_HASH, DERIVED | SECRET | P2),
	F_ENUM(struct person, source, register_sources, P1),
	F_TIME(struct person, confirmed_at, DERIVED | P1),
	F_TEXT(struct person, confirmed_by_name, 0, 60, DERIVED | P1),
};

bool people_login_form(struct arena *a, struct str in, struct str *ret)
{
	char *p = arena_z(a, in);

	if (in.n < 2 || in.n > 40)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] + 32);
		if (!(p[i] >= 'a' && p[i] <= 'z') && !(p[i] >= '0' && p[i] <= '9') && !strchr("._@+-", p[i]))
			return false;
	}
	*ret = (struct str){ p, in.n };
	return true;
}

enum rc people_by_login(struct ctx *c, struct str login, struct person *ret, bool *found)
{
	return entity_find(c, &person_entity, "login = $1", ARGS(V_STR(login)), ret, found);
}

static enum rc take_login(struct ctx *c, struct person *p)
{
	int64_t taken;

	if (p->login.p == NULL)
		return RC_OK;
	if (!people_login_form(c->arena, p->login, &p->login))
		return FAIL(c, RC_INVALID, "bad_login_form", STR("login"), "2 to 40 of a-z 0-9 . _ @ + -");
	TRY(db_int(c, "SELECT 1 FROM people_person WHERE login = $1 AND id <> $2",
		   ARGS(V_STR(p->login), V_STR(p->std.id)), 0, &taken));
	return taken ? FAIL(c, RC_CONFLICT, "already_exists", STR("login"), "another person has this login") : RC_OK;
}

static enum rc take_home(struct ctx *c, struct person *p, const char *perm)
{
	struct place_ref place;

	p->place_path = NO_STR;
	if (p->place_id.n == 0)
		return RC_OK;
	TRY(places_get(c, p->place_id, "place_id", &place));
	if (!ctx_may_at(c, perm, place.path)) /* out of sight: as if not there */
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	p->place_path = place.path;
	return RC_OK;
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct person *p = row;

	(void)in;
	if (p->name.n == 0 && p->display.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("name"), "a name or a display name is needed");
	TRY(take_login(c, p));
	return take_home(c, p, person_entity.perm.create);
}

enum rc people_follow_home(struct ctx *c, struct str person, struct str place_path)
{
	static const char *const all[] = { "UPDATE people_contact SET place_path = $2 WHERE person_id = $1",
					   "UPDATE people_consent SET place_path = $2 WHERE person_id = $1",
					   "UPDATE people_identity SET place_path = $2 WHERE person_id = $1",
					   "UPDATE people_care SET place_path = $2 WHERE person_id = $1",
					   "UPDATE people_correction SET place_path = $2 WHERE person_id = $1" };

	for (size_t i = 0; i < COUNT(all); i++)
		TRY(db_run(c, all[i], ARGS(V_STR(person), V_STR(place_path)), NULL));
	return RC_OK;
}

static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct person *p = row;

	TRY(take_login(c, p));
	if (json_get(in, "login"))
		TRY(people_check_above(c, p->std.id));
	if (json_get(in, "place_id"))
		TRY(take_home(c, p, person_entity.perm.update));
	if (json_get(in, "display"))
		TRY(db_run(c, "UPDATE people_post SET display = $2 WHERE person_id = $1",
			   ARGS(V_STR(p->std.id), V_STR(p->display)), NULL));
	if (p->state == PERSON_ERASED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "the person is erased");
	p->confirmed_at = 0; /* what was confirmed was another text */
	p->confirmed_by_name = NO_STR;
	TRY(people_follow_home(c, p->std.id, p->place_path));
	return people_changed(c, p->std.id);
}

static enum rc disable(struct ctx *c, void *row, const struct json *in)
{
	struct person *p = row;

	(void)in;
	TRY(people_check_above(c, p->std.id));
	return people_end_sessions(c, p->std.id, NO_STR);
}

static enum rc enable(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return people_check_above(c, ((struct person *)row)->std.id);
}

static enum rc confirm(struct ctx *c, void *row, const struct json *in)
{
	struct person *p = row;

	(void)in;
	p->confirmed_at = c->now;
	p->confirmed_by_name = c->who.name;
	return RC_OK;
}

static const struct see person_see[] = {
	{ "person", SEE_OWN },
	{ "people.person.read", SEE_PLACE },
	{ 0 },
};
static const struct step person_steps[] = {
	{ "disable", IN(PERSON_ACTIVE), PERSON_DISABLED, "people.person.update", SEE_PLACE, NULL, disable },
	{ "enable", IN(PERSON_DISABLED), PERSON_ACTIVE, "people.person.update", SEE_PLACE, NULL, enable },
	{ "confirm", IN(PERSON_ACTIVE), STAY, REGISTER_CHECK, SEE_PLACE, NULL, confirm },
};
const struct entity person_entity = {
	.module = "people",
	.name = "person",
	.table = "people_person",
	.size = sizeof(struct person),
	.fields = person_fields,
	.n_fields = COUNT(person_fields),
	.see = person_see,
	.perm = { .create = "people.person.create",
		  .update = "people.person.update",
		  .reveal = "people.person.reveal",
		  .export = "people.export" },
	.owner = "id",
	.household = "household_id",
	.place = "place_path",
	.person = "id",
	.state = "state",
	.steps = person_steps,
	.n_steps = COUNT(person_steps),
	.on_create = on_create,
	.on_update = on_update,
	.purpose = "service_of_residents",
	.basis = "duty",
};

/* ---- passwords ----------------------------------------------------------------- */

struct str people_one_time(struct ctx *c)
{
	static const char letters[] = "23456789abcdefghijkmnpqrstuvwxyz"; /* 32, none taken for another */
	uint8_t raw[16];
	char out[20];
	size_t n = 0;

	crypto_random(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++) {
		if (i && i % 4 == 0)
			out[n++] = '-';
		out[n++] = letters[raw[i] % 32];
	}
	return arena_dup(c->arena, (struct str){ out, n });
}

enum rc people_check_password(struct ctx *c, const struct person *p, struct str password, const char *field)
{
	const struct str words[] = {
		p->login, p->display, p->name, p->phone, STR("jiuan"), STR("久安"), STR("nanchang")
	};
	const char *why = password_check(password, words, COUNT(words));

	return why ? FAIL(c, RC_INVALID, why, str_of(field), "the password is not acceptable: %s", why) : RC_OK;
}

/* ---- who stands above whom -------------------------------------------------------- */

bool people_may_hand_out(const struct ctx *c, struct str role, struct str place_path)
{
	const struct role *r = app_role(c->app, role);

	for (const char *const *p = r ? r->perms : NULL; p && *p; p++)
		if (strcmp(*p, "person") != 0 && strcmp(*p, "public") != 0 && !ctx_may_at(c, *p, place_path))
			return false;
	return true;
}

struct above {
	const struct ctx *c;
	bool above;
};

static enum rc check_post(void *arg, const struct row *r)
{
	struct above *a = arg;

	a->above |= !people_may_hand_out(a->c, r->v[0].s, r->v[1].kind == VAL_TEXT ? r->v[1].s : STR(""));
	return RC_OK;
}

enum rc people_check_above(struct ctx *c, struct str person)
{
	struct above a = { c, false };

	TRY(db_each(c,
		    "SELECT role, place_path FROM people_post WHERE person_id = $1 AND (to_at IS NULL OR to_at > $2)",
		    ARGS(V_STR(person), V_INT(c->now)), check_post, &a));
	return a.above ? FAIL(c, RC_DENIED, "role_above_own", NO_STR, "the person holds what the caller does not")
		       : RC_OK;
}

enum rc people_about(struct ctx *c, struct str person, const char *perm, struct str *place_path)
{
	struct person p;
	bool found;

	TRY(entity_find(c, &person_entity, "id = $1", ARGS(V_STR(person.p ? person : STR(""))), &p, &found));
	*place_path = p.place_path;
	if (found && (c->who.kind == WHO_PERSON && str_eq(person, c->who.id)))
		return RC_OK;
	if (!found || !ctx_may_at(c, perm, p.place_path.p ? p.place_path : STR("")))
		return FAIL(c, RC_INVALID, "unknown_person", STR("person_id"), "no such person");
	return RC_OK;
}

enum rc people_person_get(struct ctx *c, struct str id, const char *field, struct person_ref *ret)
{
	struct person p;
	bool found;

	TRY(entity_find(c, &person_entity, "id = $1", ARGS(V_STR(id.p ? id : STR(""))), &p, &found));
	if (!found)
		return FAIL(c, RC_INVALID, "unknown_person", str_of(field), "no such person");
	*ret = (struct person_ref){ .id = p.std.id,
				    .display = p.display,
				    .household_id = p.household_id,
				    .place_id = p.place_id,
				    .place_path = p.place_path,
				    .active = p.state == PERSON_ACTIVE };
	return RC_OK;
}

enum rc people_name(struct ctx *c, struct str id, struct str *ret)
{
	return db_text(c, "SELECT name FROM people_person WHERE id = $1", ARGS(V_STR(id)), ret);
}

enum rc people_residents(struct ctx *c, struct str from, struct str to, int64_t *ret)
{
	return db_int(
		c, "SELECT count(*) FROM people_person WHERE state = 'active' AND place_path >= $1 AND place_path < $2",
		ARGS(V_STR(from), V_STR(to)), 0, ret);
}

enum rc people_find_login(struct ctx *c, struct str login, struct str *id, bool *found)
{
	struct person p;
	struct str form;

	*found = false;
	if (!people_login_form(c->arena, login, &form))
		return RC_OK;
	TRY(people_by_login(c, form, &p, found));
	*found = *found && p.state == PERSON_ACTIVE && p.display.n;
	if (*found)
		*id = p.std.id;
	return RC_OK;
}

enum rc people_actor_now(struct ctx *c, struct str id, struct actor *ret)
{
	struct person p;
	bool found;

	*ret = (struct actor){ .kind = WHO_NOBODY };
	TRY(entity_find(c, &person_entity, "id = $1", ARGS(V_STR(id)), &p, &found));
	return found && p.state == PERSON_ACTIVE ? people_actor(c, &p, NO_STR, ret, NULL) : RC_OK;
}
