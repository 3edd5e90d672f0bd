/* people_password.c - the own password, and a one-time password for others. */
#include "domain/people/people_inner.h"

struct new_password {
	struct str old_hash, hash, plain;
};

enum rc people_password_prepare(struct ctx *c, struct call *k)
{
	struct new_password *n = NEW(c->arena, struct new_password);
	struct limit_try t = { .account = c->who.id, .address = k->rq->peer, .device = c->who.id };
	struct person p;
	struct str old;
	enum rc rc;

	TRY(people_input(c, k->in, "old", PASSWORD_MOST, &old));
	TRY(people_input(c, k->in, "new", 4 * PASSWORD_MOST, &n->plain));
	TRY(entity_fetch(c, &person_entity, c->who.id, &p));
	TRY(people_check_password(c, &p, n->plain, "new"));
	rc = people_try_password(c, &t, p.password_hash, old);
	if (rc == RC_UNKNOWN)
		return FAIL(c, RC_INVALID, "wrong_password", STR("old"), "this is not the password");
	TRY(rc);
	if (str_eq(old, n->plain))
		return FAIL(c, RC_INVALID, "same_password", STR("new"), "this is the old password");
	n->old_hash = p.password_hash;
	k->prepared = n;
	return people_hash(c, n->plain, &n->hash);
}

enum rc people_password(struct ctx *c, struct call *k)
{
	struct new_password *n = k->prepared;
	struct person p;

	TRY(entity_fetch(c, &person_entity, c->who.id, &p));
	if (!str_eq(p.password_hash, n->old_hash))
		return FAIL(c, RC_CONFLICT, "changed_meanwhile", NO_STR, "the password was changed by another request");
	p.password_hash = n->hash;
	p.must_change_password = false;
	TRY(people_end_sessions(c, p.std.id, c->who.session));
	return entity_save(c, &person_entity, &p, "password");
}

enum rc people_reset_prepare(struct ctx *c, struct call *k)
{
	struct new_password *n = NEW(c->arena, struct new_password);

	n->plain = people_one_time(c);
	k->prepared = n;
	return people_hash(c, n->plain, &n->hash);
}

enum rc people_reset(struct ctx *c, struct call *k)
{
	struct new_password *n = k->prepared;
	struct person p;

	TRY(entity_load(c, &person_entity, k->id, &p));
	if (!ctx_may_at(c, "people.person.password", p.place_path.p ? p.place_path : STR("")))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "permission is not held for this person");
	TRY(people_check_above(c, p.std.id));
	if (p.login.p == NULL)
		return FAIL(c, RC_CONFLICT, "no_login", STR("login"), "the person has no login");
	p.password_hash = n->hash;
	p.must_change_password = true;
	TRY(people_end_sessions(c, p.std.id, NO_STR));
	TRY(entity_save(c, &person_entity, &p, "password"));
	json_open(k->out, '{');
	json_put_text(k->out, "password", n->plain);
	json_close(k->out, '}');
	return RC_OK;
}
