/* people_session.c - sign in and out, what I am and may, my sessions. */
#include "domain/people/people_inner.h"
#include "domain/places/places.h"

#include <string.h>

enum { LOGIN_MOST = 60, AGENT_MOST = 200 };

static const char *const session_states[] = { "live", "ended", NULL };

static const struct field session_fields[] = {
	F_STD(struct session),
	F_REF(struct session, person_id, "people.person", DERIVED | FILTER | P1),
	F_ENUM(struct session, state, session_states, DERIVED | FILTER | P1),
	F_TIME(struct session, last_seen_at, DERIVED | P2),
	F_TIME(struct session, ended_at, DERIVED | P1),
	F_TIME(struct session, locked_at, DERIVED | P1),
	F_TEXT(struct session, address, 1, 64, DERIVED | P2),
	F_TEXT(struct session, agent, 1, AGENT_MOST, DERIVED | P2),
	F_TEXT(struct session, token_hash, 64, 64, DERIVED | SECRET | P2),
};

static enum rc end_run(struct ctx *c, void *row, const struct json *in)
{
	struct session *s = row;

	(void)in;
	s->ended_at = c->now;
	return people_changed(c, s->person_id);
}

static const struct see session_see[] = { { "person", SEE_OWN }, { 0 } };
static const struct step session_steps[] = {
	{ "end", IN(SESSION_LIVE), SESSION_ENDED, "person", SEE_OWN, NULL, end_run },
};
const struct entity session_entity = {
	.module = "people",
	.name = "session",
	.table = "people_session",
	.size = sizeof(struct session),
	.fields = session_fields,
	.n_fields = COUNT(session_fields),
	.see = session_see,
	.owner = "person_id",
	.person = "person_id",
	.state = "state",
	.steps = session_steps,
	.n_steps = COUNT(session_steps),
	.purpose = "sign_in",
	.basis = "duty",
	.keep_days = 30,
};

/* ---- sign in ------------------------------------------------------------------- */

struct login {
	struct person p;
	struct str device;   /* token of a browser known for the person, or absent */
	struct str new_hash; /* the stored one was made with weaker settings */
};

enum rc people_slow_down(struct ctx *c, int64_t wait_s)
{
	enum rc rc = FAIL(c, RC_SLOWER, "slow_down", NO_STR, "too many wrong tries, wait");

	c->fail.retry_after_s = wait_s;
	return rc;
}

enum rc people_input(struct ctx *c, const struct json *in, const char *name, size_t most, struct str *ret)
{
	const struct json *j = json_get(in, name);

	if (j == NULL)
		return FAIL(c, RC_INVALID, "required", str_of(name), "%s is required", name);
	if (j->kind != J_TEXT)
		return FAIL(c, RC_INVALID, "wrong_type", str_of(name), "%s must be text", name);
	if (j->text.n == 0 || str_chars(j->text) > most)
		return FAIL(c, RC_INVALID, "wrong_length", str_of(name), "%s must have 1 to %zu characters", name,
			    most);
	*ret = j->text;
	return RC_OK;
}

static enum rc known_device(struct ctx *c, const struct request *rq, const struct person *p, struct str *ret)
{
	struct str token = people_cookie(rq, "jiuan_device");
	int64_t known = 0;

	if (token.n != CRYPTO_TOKEN - 1)
		return RC_OK;
	TRY(db_int(c, "SELECT 1 FROM people_device WHERE token_hash = $1 AND person_id = $2",
		   ARGS(V_STR(people_token_hash(c->arena, token)), V_STR(p->std.id.p ? p->std.id : STR(""))), 0,
		   &known));
	if (known)
		*ret = token;
	return RC_OK;
}

/* RC_OK: right.  The try is counted before the work: many at once are many. */
enum rc people_try_password(struct ctx *c, const struct limit_try *t, struct str stored, struct str password)
{
	struct people_state *s = people_state_of(c);
	int64_t wait;
	enum rc rc;

	pthread_mutex_lock(&s->lock);
	wait = people_limit_admit(s->limits, t, c->now);
	pthread_mutex_unlock(&s->lock);
	if (wait)
		return people_slow_down(c, wait);
	rc = password_verify(&s->gate, stored, password);
	if (rc == RC_SLOWER)
		return people_slow_down(c, 1);
	if (rc == RC_BUSY)
		return FAIL(c, RC_BUSY, "busy", NO_STR, "no memory to check a password");
	if (rc != RC_OK)
		return RC_UNKNOWN;
	pthread_mutex_lock(&s->lock);
	people_limit_ok(s->limits, t, c->now);
	pthread_mutex_unlock(&s->lock);
	return RC_OK;
}

enum rc people_hash(struct ctx *c, struct str password, struct str *ret)
{
	char hash[PASSWORD_HASH];
	enum rc rc = password_hash(&people_state_of(c)->gate, password, hash);

	if (rc == RC_SLOWER)
		return people_slow_down(c, 1);
	if (rc != RC_OK)
		return FAIL(c, rc, "busy", NO_STR, "can't hash a password now");
	*ret = arena_dup(c->arena, str_of(hash));
	return RC_OK;
}

/* An unknown login takes the same way and the same time. */
enum rc people_login_prepare(struct ctx *c, struct call *k)
{
	struct login *l = NEW(c->arena, struct login);
	struct str typed, login, password;
	bool found = false;
	enum rc rc;

	TRY(people_input(c, k->in, "login", LOGIN_MOST, &typed));
	TRY(people_input(c, k->in, "password", PASSWORD_MOST, &password));
	if (people_login_form(c->arena, typed, &login))
		TRY(people_by_login(c, login, &l->p, &found));
	else
		login = typed;
	TRY(known_device(c, k->rq, &l->p, &l->device));
	struct limit_try t = { login, k->rq->peer, l->device };

	rc = people_try_password(c, &t, found ? l->p.password_hash : NO_STR, password);
	if (rc == RC_UNKNOWN || (rc == RC_OK && l->p.state != PERSON_ACTIVE))
		return FAIL(c, RC_UNKNOWN, "bad_login", NO_STR, "login or password is wrong");
	TRY(rc);
	if (password_is_old(l->p.password_hash))
		TRY(people_hash(c, password, &l->new_hash));
	k->prepared = l;
	return RC_OK;
}

static void set_cookie(struct ctx *c, struct call *k, const char *name, struct str value, int64_t max_age_s)
{
	response_header(k->rs, "Set-Cookie",
			arena_fmt(c->arena, "%s=" FMT_STR "; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", name,
				  ARG_STR(value), (long long)max_age_s, k->rq->tls ? "; Secure" : ""));
}

static struct str new_token(struct ctx *c)
{
	char token[CRYPTO_TOKEN];

	return arena_dup(c->arena, crypto_token(token));
}

/* A browser's mark is only taken over when we gave it: else a stranger could
 * plant one that he knows. */
static enum rc mark_device(struct ctx *c, struct call *k, const struct login *l)
{
	struct str token = l->device.p ? l->device : new_token(c);

	TRY(db_run(c,
		   "INSERT INTO people_device (token_hash, person_id, first_at, last_at) VALUES ($1, $2, $3, $3)"
		   " ON CONFLICT (token_hash, person_id) DO UPDATE SET last_at = $3",
		   ARGS(V_STR(people_token_hash(c->arena, token)), V_STR(l->p.std.id), V_INT(c->now)), NULL));
	set_cookie(c, k, "jiuan_device", token, 180 * DAY / SECOND);
	return RC_OK;
}

static enum rc end_session(struct ctx *c, struct session *s)
{
	if (s->state == SESSION_ENDED)
		return RC_OK;
	s->state = SESSION_ENDED;
	s->ended_at = c->now;
	TRY(people_changed(c, s->person_id));
	return entity_save(c, &session_entity, s, "end");
}

/* Whoever this browser was signed in as before is so no more. */
static enum rc end_former(struct ctx *c, const struct request *rq)
{
	struct str token = people_cookie(rq, people_session_cookie(rq));
	struct session old;
	bool found;

	if (token.n != CRYPTO_TOKEN - 1)
		return RC_OK;
	TRY(entity_find(c, &session_entity, "token_hash = $1", ARGS(V_STR(people_token_hash(c->arena, token))), &old,
			&found));
	return found ? end_session(c, &old) : RC_OK;
}

static struct str cut_text(struct str s, size_t most)
{
	size_t n = s.n < most ? s.n : most;

	while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	s.n = n;
	return n && str_utf8(s) ? s : NO_STR;
}

static enum rc open_session(struct ctx *c, struct call *k, const struct person *p)
{
	struct session s;
	struct str token = new_token(c);

	entity_init(&session_entity, &s);
	s.std.id = ctx_new_id(c);
	s.person_id = p->std.id;
	s.last_seen_at = c->now;
	s.address = cut_text(k->rq->peer, 64);
	s.agent = cut_text(request_header(k->rq, "User-Agent"), AGENT_MOST);
	s.token_hash = people_token_hash(c->arena, token);
	TRY(people_actor(c, p, s.std.id, &c->who, NULL));
	TRY(entity_insert(c, &session_entity, &s, "create"));
	set_cookie(c, k, people_session_cookie(k->rq), token, 180 * DAY / SECOND);
	return RC_OK;
}

enum rc people_login(struct ctx *c, struct call *k)
{
	struct login *l = k->prepared;
	struct person p;

	TRY(entity_fetch(c, &person_entity, l->p.std.id, &p));
	if (p.state != PERSON_ACTIVE || !str_eq(p.password_hash, l->p.password_hash)) /* changed since 'prepare' */
		return FAIL(c, RC_UNKNOWN, "bad_login", NO_STR, "login or password is wrong");
	if (l->new_hash.p) {
		p.password_hash = l->new_hash;
		TRY(entity_save(c, &person_entity, &p, "rehash"));
	}
	TRY(end_former(c, k->rq));
	TRY(open_session(c, k, &p));
	TRY(mark_device(c, k, l));
	return people_write_me(c, &p, k->out);
}

enum rc people_logout(struct ctx *c, struct call *k)
{
	struct session s;

	if (c->who.session.n) {
		TRY(entity_fetch(c, &session_entity, c->who.session, &s));
		TRY(end_session(c, &s));
	}
	set_cookie(c, k, people_session_cookie(k->rq), STR(""), 0);
	return RC_OK;
}

/* ---- a desk that is left for a moment ------------------------------------------------ */

enum rc people_lock(struct ctx *c, struct call *k)
{
	struct session s;
	struct buf seat = buf_new(c->arena, 4096);

	(void)k;
	if (people_state_of(c)->seat)
		TRY(people_state_of(c)->seat(c, c->who.id, &seat));
	if (seat.n == 0 || c->who.session.n == 0)
		return FAIL(c, RC_CONFLICT, "off_shift", NO_STR, "only a seat locks; sign out instead");
	TRY(entity_fetch(c, &session_entity, c->who.session, &s));
	if (s.locked_at)
		return RC_OK;
	s.locked_at = c->now;
	TRY(people_changed(c, s.person_id));
	return entity_save(c, &session_entity, &s, "lock");
}

enum rc people_unlock_prepare(struct ctx *c, struct call *k)
{
	struct limit_try t = { .account = c->who.id, .address = k->rq->peer, .device = c->who.id };
	struct person p;
	struct str password;
	enum rc rc;

	TRY(people_input(c, k->in, "password", PASSWORD_MOST, &password));
	TRY(entity_fetch(c, &person_entity, c->who.id, &p));
	rc = people_try_password(c, &t, p.password_hash, password);
	if (rc == RC_UNKNOWN)
		return FAIL(c, RC_INVALID, "wrong_password", STR("password"), "this is not the password");
	k->prepared = k;
	return rc;
}

enum rc people_unlock(struct ctx *c, struct call *k)
{
	struct session s;

	(void)k;
	if (c->who.session.n == 0)
		return RC_OK;
	TRY(entity_fetch(c, &session_entity, c->who.session, &s));
	s.locked_at = 0;
	s.last_seen_at = c->now;
	TRY(people_changed(c, s.person_id));
	return entity_save(c, &session_entity, &s, "unlock");
}
