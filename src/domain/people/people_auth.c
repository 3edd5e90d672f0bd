/* people_auth.c - whose session a request carries: the cookie, the cache of
 * sessions, their ends; and requests that other sites made a browser send.
 *
 * On the hot path a session costs no SQL: it is found in memory, and once a
 * second one number says whether anything changed anywhere. */
#include "domain/people/people_inner.h"
#include "domain/places/places.h"

#include <string.h>

enum { TOUCH_MOST = 20000 };

struct cached {
	struct cached *next;
	char token_hash[2 * CRYPTO_HASH + 1];
	struct actor who; /* its strings and grants are in the cache's arena */
	int64_t created_at, seen_at, saved_at;
	int64_t until; /* posts are asked again then */
	bool staff, dead;
	bool seat;         /* has a seat now: its desk locks instead of ending */
	int64_t locked_at; /* by hand; 0: not */
};

struct people_state *people_state_of(const struct ctx *c)
{
	return ctx_state(c, "people");
}

enum rc people_start(struct ctx *c)
{
	struct people_state *s = people_state_of(c);

	pthread_mutex_init(&s->lock, NULL);
	s->keep = arena_new((size_t)64 << 20);
	s->arena = arena_new((size_t)4 * SESSION_CACHE);
	s->limits = people_limits_new(s->keep);
	s->revision = -1;
	password_gate_init(&s->gate, 0, 0);
	return RC_OK;
}

void people_stop(void *state)
{
	struct people_state *s = state;

	if (s->keep == NULL) /* never started */
		return;
	password_gate_done(&s->gate);
	arena_free(s->arena);
	arena_free(s->keep);
	pthread_mutex_destroy(&s->lock);
}

/* ---- requests of other sites --------------------------------------------------- */

static bool is_unsafe(struct str method)
{
	return !str_is(method, "GET") && !str_is(method, "HEAD") && !str_is(method, "OPTIONS");
}

/* Browsers say where an unsafe request comes from; what says nothing is no
 * browser, and no browser sends our cookie across sites (SameSite=Strict). */
static enum rc check_origin(struct ctx *c, const struct request *rq)
{
	struct str site = request_header(rq, "Sec-Fetch-Site"), origin = request_header(rq, "Origin");
	struct str host = request_header(rq, "Host");
	bool ok = site.p == NULL || str_is(site, "same-origin") || str_is(site, "none");

	if (ok && origin.p) {
		struct str rest = origin;

		if (str_starts(origin, "https://"))
			rest = (struct str){ origin.p + 8, origin.n - 8 };
		else if (str_starts(origin, "http://"))
			rest = (struct str){ origin.p + 7, origin.n - 7 };
		ok = host.n && str_eq(rest, host);
	}
	return ok ? RC_OK : FAIL(c, RC_DENIED, "cross_origin", NO_STR, "this request was made by another site");
}

/* ---- cookies ---------------------------------------------------------------------- */

const char *people_session_cookie(const struct request *rq)
{
	return rq->tls ? "__Host-jiuan_session" : "jiuan_session";
}

struct str people_cookie(const struct request *rq, const char *name)
{
	struct str rest = request_header(rq, "Cookie"), pair, key;

	while (str_cut(&rest, ';', &pair)) {
		struct str value = str_trim(pair);

		if (str_cut(&value, '=', &key) && str_is(key, name))
			return value;
	}
	return NO_STR;
}

struct str people_token_hash(struct arena *a, struct str token)
{
	uint8_t h[CRYPTO_HASH];

	hash_bytes(token, h);
	return hex_encode(a, (struct str){ (const char *)h, sizeof(h) });
}

/* ---- the cache --------------------------------------------------------------------------- */

static void drop_all(struct people_state *s)
{
	memset(s->bucket, 0, sizeof(s->bucket));
	arena_reset(s->arena);
	s->drops++;
}

static struct cached **bucket_of(struct people_state *s, struct str hash)
{
	size_t h = 0;

	for (size_t i = 0; i < 8 && i < hash.n; i++)
		h = h * 31 + (unsigned char)hash.p[i];
	return &s->bucket[h % SESSION_BUCKETS];
}

/* Under the lock: at most once a second, has anything changed? */
static enum rc refresh(struct ctx *c, struct people_state *s)
{
	int64_t n, places;

	if (s->revision >= 0 && c->now >= s->checked_at && c->now - s->checked_at < SECOND)
		return RC_OK;
	TRY(db_int(c, "SELECT n FROM people_revision WHERE id = 1", NO_ARGS, 0, &n));
	places = places_revision(c); /* which buildings are of which grid */
	if (places < 0)
		return c->fail.rc;
	if (n + places != s->revision || s->arena == NULL || arena_used(s->arena) > SESSION_CACHE)
		drop_all(s);
	s->revision = n + places;
	s->checked_at = c->now;
	return RC_OK;
}

static struct actor copy_actor(struct arena *a, const struct actor *from)
{
	struct actor to = *from;
	struct grant *g = NEW_N(a, struct grant, from->n_grants);

	for (size_t i = 0; i < from->n_grants; i++)
		g[i] = (struct grant){ .role = from->grants[i].role,
				       .post_id = arena_dup(a, from->grants[i].post_id),
				       .place_id = arena_dup(a, from->grants[i].place_id),
				       .path = arena_dup(a, from->grants[i].path) };
	to.id = arena_dup(a, from->id);
	to.name = arena_dup(a, from->name);
	to.household = arena_dup(a, from->household);
	to.session = arena_dup(a, from->session);
	to.grants = g;
	return to;
}

static bool is_alive(const struct cached *s, int64_t now)
{
	int64_t idle = s->staff ? STAFF_IDLE : RESIDENT_IDLE, longest = s->staff ? STAFF_LONGEST : RESIDENT_LONGEST;

	return !s->dead && (s->seat || now - s->seen_at < idle) && now - s->created_at < longest;
}

/* Nothing but the password makes it younger again. */
static bool is_locked(const struct cached *s, int64_t now)
{
	return s->seat && (s->locked_at != 0 || now - s->seen_at >= STAFF_IDLE);
}

/* What a page asks for by itself is no sign of a hand. */
static bool by_hand(const struct request *rq)
{
	return request_header(rq, "Background").n == 0 && !str_is(rq->path, "/api/live");
}

/* A clock that went back must not make a session younger than it was seen. */
static void see_now(struct cached *s, int64_t now)
{
	if (now > s->seen_at && !is_locked(s, now))
		s->seen_at = now;
}

static struct cached *find_cached(struct people_state *s, struct str hash)
{
	for (struct cached *e = *bucket_of(s, hash); e; e = e->next)
		if (str_is(hash, e->token_hash))
			return e;
	return NULL;
}

static enum rc has_seat(struct ctx *c, struct str person, bool *ret)
{
	people_seat_fn *fn = people_state_of(c)->seat;
	struct buf seat = buf_new(c->arena, 4096);

	if (fn)
		TRY(fn(c, person, &seat));
	*ret = seat.n > 0;
	return RC_OK;
}

/* 'seen': as this process knows, perhaps not in the table yet. */
static bool load_session(struct ctx *c, struct str hash, int64_t seen, struct cached *out, enum rc *rc)
{
	struct session row;
	struct people_standing g = { 0 };
	struct person p;
	bool found = false;

	*rc = entity_find(c, &session_entity, "token_hash = $1 AND state = 'live'", ARGS(V_STR(hash)), &row, &found);
	if (*rc != RC_OK || !found)
		return false;
	*rc = entity_fetch(c, &person_entity, row.person_id, &p);
	if (*rc != RC_OK || p.state != PERSON_ACTIVE)
		return false;
	*out = (struct cached){ .created_at = row.std.created_at,
				.seen_at = row.last_seen_at,
				.saved_at = row.last_seen_at,
				.locked_at = row.locked_at };
	memcpy(out->token_hash, hash.p, sizeof(out->token_hash) - 1);
	*rc = people_actor(c, &p, row.std.id, &out->who, &g);
	out->staff = g.staff;
	out->until = g.until;
	if (seen > out->seen_at)
		out->seen_at = seen;
	if (*rc == RC_OK && g.staff)
		*rc = has_seat(c, row.person_id, &out->seat);
	return *rc == RC_OK && is_alive(out, c->now);
}

static void keep(struct people_state *s, struct str hash, const struct cached *loaded)
{
	struct cached **at = bucket_of(s, hash);
	struct cached *e = NEW(s->arena, struct cached);

	*e = *loaded;
	e->who = copy_actor(s->arena, &loaded->who);
	e->next = *at;
	*at = e;
}

static enum rc session_of(struct ctx *c, struct str hash, bool hand, struct actor *ret)
{
	struct people_state *s = people_state_of(c);
	struct cached *e, loaded;
	int64_t seen = 0;
	uint64_t drops;
	enum rc rc;

	pthread_mutex_lock(&s->lock);
	rc = refresh(c, s);
	e = rc == RC_OK ? find_cached(s, hash) : NULL;
	if (e && is_alive(e, c->now) && c->now < e->until) {
		if (hand)
			see_now(e, c->now);
		*ret = copy_actor(c->arena, &e->who);
		ret->locked = is_locked(e, c->now);
		pthread_mutex_unlock(&s->lock);
		return RC_OK;
	}
	if (e) { /* the posts may differ by now, or it was seen by another process */
		seen = e->seen_at;
		e->dead = true;
	}
	drops = s->drops;
	pthread_mutex_unlock(&s->lock);
	if (rc != RC_OK || !load_session(c, hash, seen, &loaded, &rc))
		return rc;
	if (hand)
		see_now(&loaded, c->now);
	*ret = loaded.who;
	ret->locked = is_locked(&loaded, c->now);
	pthread_mutex_lock(&s->lock);
	if (drops == s->drops)
		keep(s, hash, &loaded);
	pthread_mutex_unlock(&s->lock);
	return RC_OK;
}

enum rc people_authenticate(struct ctx *c, const struct request *rq, struct actor *ret)
{
	struct str token = people_cookie(rq, people_session_cookie(rq));

	*ret = (struct actor){ .kind = WHO_NOBODY };
	if (is_unsafe(rq->method))
		TRY(check_origin(c, rq));
	if (token.n != CRYPTO_TOKEN - 1)
		return RC_OK;
	return session_of(c, people_token_hash(c->arena, token), by_hand(rq), ret);
}

/* ---- changes ----------------------------------------------------------------------------------- */

enum rc people_changed(struct ctx *c, struct str person)
{
	struct people_state *s = people_state_of(c);

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SESSION_BUCKETS; i++)
		for (struct cached *e = s->bucket[i]; e; e = e->next)
			if (str_eq(e->who.id, person))
				e->dead = true;
	s->drops++;
	pthread_mutex_unlock(&s->lock);
	return db_run(c,
		      "INSERT INTO people_revision (id, n) VALUES (1, 1)"
		      " ON CONFLICT (id) DO UPDATE SET n = people_revision.n + 1",
		      NO_ARGS, NULL);
}

enum rc people_end_sessions(struct ctx *c, struct str person, struct str keep_id)
{
	TRY(db_run(c,
		   "UPDATE people_session SET state = 'ended', ended_at = $2, updated_at = $2, version = version + 1"
		   " WHERE person_id = $1 AND state = 'live' AND id <> $3",
		   ARGS(V_STR(person), V_INT(c->now), V_STR(keep_id.p ? keep_id : STR(""))), NULL));
	return people_changed(c, person);
}

struct touched {
	struct str id;
	int64_t at;
};

/* What was seen since, once a minute, in one unit of work. */
enum rc people_touch(struct ctx *c)
{
	struct people_state *s = people_state_of(c);
	struct touched *v = NEW_N(c->arena, struct touched, TOUCH_MOST);
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < SESSION_BUCKETS; i++) {
		for (struct cached *e = s->bucket[i]; e && n < TOUCH_MOST; e = e->next) {
			if (e->dead || e->seen_at <= e->saved_at)
				continue;
			v[n++] = (struct touched){ arena_dup(c->arena, e->who.session), e->seen_at };
			e->saved_at = e->seen_at;
		}
	}
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < n; i++)
		TRY(db_run(c, "UPDATE people_session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2",
			   ARGS(V_STR(v[i].id), V_INT(v[i].at)), NULL));
	return RC_OK;
}
