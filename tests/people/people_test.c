/* people_test.c - persons, posts, contacts, consents and sessions through the
 * front door, on each engine. */
#include "front.h"

#include "domain/people/people.h"
#include "domain/people/people_limit.h"
#include "domain/places/places.h"
#include "files/files.h"
#include "sys/crypto.h"
#include "testdb.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct front f;
static const struct module *const modules[] = { &files_module, &places_module, &people_module, NULL };
static const char *const admin_perms[] = { "*", NULL };
static const char *const head_perms[] = { "people.*", "places.*", "watch.alert.ack", NULL };
static const char *const seat_perms[] = { "people.person.read",  "people.person.reveal",  "people.post.read",
					  "people.contact.read", "people.contact.reveal", "people.consent.read",
					  "places.place.read",   "watch.alert.ack",       NULL };
static const char *const grid_perms[] = { "places.place.read", NULL };
static const char *const resident_perms[] = { "service.report", NULL };
static const struct role roles[] = { { "admin", admin_perms },       { "head", head_perms },
				     { "seat", seat_perms },         { "grid_worker", grid_perms },
				     { "resident", resident_perms }, { 0 } };
static const struct grant everywhere[] = { { .role = &roles[0], .path = STR_INIT("") } };
static const struct actor boss = {
	.kind = WHO_PERSON, .id = STR_INIT("boss"), .name = STR_INIT("boss"), .grants = everywhere, .n_grants = 1
};
static const struct actor nobody = { .kind = WHO_NOBODY };

static const char *city, *community, *other, *grid, *building, *dwelling;
#define C1 "36.3601.d.s.c1."
#define C2 "36.3601.d.s.c2."

static const struct actor *holder(const char *id, int role, const char *path)
{
	struct actor *who = NEW(f.arena, struct actor);
	struct grant *g = NEW(f.arena, struct grant);

	*g = (struct grant){ .role = &roles[role], .path = str_of(path) };
	*who = (struct actor){ .kind = WHO_PERSON, .id = str_of(id), .name = STR("x"), .grants = g, .n_grants = 1 };
	return who;
}

static const char *post(const char *path, const char *body)
{
	return fmt(&f, "%s", word(ask(&f, &boss, "POST", path, body, 201), "id"));
}

static const char *place(const char *parent, const char *kind, const char *code, const char *more)
{
	return post("/api/places/place",
		    fmt(&f, "{\"kind\":\"%s\",\"code\":\"%s\"%s%s%s%s}", kind, code, parent ? ",\"parent_id\":\"" : "",
			parent ? parent : "", parent ? "\"" : "", more));
}

/* Verifying takes what the hash says; a cheap one keeps the test quick. */
static struct str cheap_hash(const char *password)
{
	static char out[crypto_pwhash_STRBYTES];

	assert_int_equal(crypto_pwhash_str(out, password, strlen(password), crypto_pwhash_OPSLIMIT_MIN,
					   crypto_pwhash_MEMLIMIT_MIN),
			 0);
	return str_of(out);
}

static void set_password(const char *id, const char *password)
{
	assert_int_equal(conn_run(app_conn(f.app), "UPDATE people_person SET password_hash = $2 WHERE id = $1",
				  ARGS(V_Z(id), V_STR(cheap_hash(password))), NULL),
			 RC_OK);
}

static const char *person(const char *login, const char *place_id)
{
	const char *id = post(
		"/api/people/person",
		fmt(&f,
		    "{\"name\":\"Name of %s\",\"display\":\"D %s\",\"phone\":\"13800000000\",\"login\":\"%s\"%s%s%s}",
		    login, login, login, place_id ? ",\"place_id\":\"" : "", place_id ? place_id : "",
		    place_id ? "\"" : ""));

	set_password(id, "correct horse battery");
	return id;
}

static const char *give(const char *person_id, const char *role, const char *place_id, const char *more)
{
	return post("/api/people/post",
		    fmt(&f, "{\"person_id\":\"%s\",\"role\":\"%s\"%s%s%s%s}", person_id, role,
			place_id ? ",\"place_id\":\"" : "", place_id ? place_id : "", place_id ? "\"" : "", more));
}

static void build(void)
{
	city = place(NULL, "city", "3601", "");
	const char *d = place(city, "district", "d", ""), *s = place(d, "subdistrict", "s", "");

	community = place(s, "community", "c1", ",\"name\":\"锦泰\"");
	other = place(s, "community", "c2", "");
	grid = place(community, "grid", "g1", "");
	building = place(community, "building", "3", fmt(&f, ",\"grid_id\":\"%s\"", grid));
	dwelling = place(building, "dwelling", "501", "");
}

/* ---- sessions ------------------------------------------------------------------ */

static int try_login(const char *login, const char *password)
{
	ask(&f, NULL, "POST", "/api/session", fmt(&f, "{\"login\":\"%s\",\"password\":\"%s\"}", login, password), 0);
	return f.last.status;
}

static const char *sign_in(const char *login)
{
	ask(&f, NULL, "POST", "/api/session",
	    fmt(&f, "{\"login\":\"%s\",\"password\":\"correct horse battery\"}", login), 200);
	return fmt(&f, "%s=%s", f.tls ? "__Host-jiuan_session" : "jiuan_session",
		   cookie_set(&f, f.tls ? "__Host-jiuan_session" : "jiuan_session"));
}

static void me(const char *cookie, int want)
{
	f.cookie = cookie;
	ask(&f, NULL, "GET", "/api/me", NULL, want);
	f.cookie = NULL;
}

static void test_sign_in(void **state)
{
	const struct json *j;

	(void)state;
	build();
	const char *ann = person("ann", NULL);

	give(ann, "seat", community, ",\"title\":\"duty\"");
	me(NULL, 401);
	refused(&f, NULL, "POST", "/api/session", "{\"login\":\"ann\",\"password\":\"wrong\"}", 401, "bad_login", "-");
	assert_null(cookie_set(&f, "jiuan_session"));
	refused(&f, NULL, "POST", "/api/session", "{\"login\":\"nobody\",\"password\":\"wrong\"}", 401, "bad_login",
		"-");
	refused(&f, NULL, "POST", "/api/session", "{\"password\":\"x\"}", 400, "required", "login");
	refused(&f, NULL, "POST", "/api/session", "{\"login\":\"ann\"}", 400, "required", "password");
	refused(&f, NULL, "POST", "/api/session", "{\"login\":\"ann\",\"password\":7}", 400, "wrong_type", "password");
	const char *cookie = sign_in("ANN"); /* logins know no case */

	f.cookie = cookie;
	j = ask(&f, NULL, "GET", "/api/me", NULL, 200);
	f.cookie = NULL;
	assert_string_equal(word(json_get(j, "person"), "login"), "ann");
	assert_string_equal(word(json_get(j, "person"), "display"), "D ann");
	assert_int_equal(json_get(j, "posts")->n, 1);
	assert_string_equal(word(json_get(j, "posts")->child, "role"), "seat");
	assert_string_equal(word(json_get(j, "posts")->child, "place_name"), "锦泰");
	assert_string_equal(word(json_get(j, "scope"), "path"), C1);
	assert_string_equal(word(json_get(j, "scope"), "place_id"), community);
	assert_int_equal(json_get(j, "permissions")->n, 8);
	assert_int_equal(json_get(j, "seat")->kind, J_NULL);
	assert_int_equal(json_get(j, "demo")->i, 0);
	/* who asks is known without asking the database */
	f.cookie = cookie;
	int64_t calls = conn_calls(app_conn(f.app));
	refused(&f, NULL, "GET", "/api/places/search", NULL, 400, "required", "q");
	assert_int_equal(conn_calls(app_conn(f.app)), calls);
	f.cookie = NULL;
	/* the token is nowhere in the database */
	assert_int_equal(count(&f, fmt(&f, "SELECT count(*) FROM people_session WHERE token_hash = '%s'",
				       strchr(cookie, '=') + 1)),
			 0);
	assert_int_equal(count(&f, "SELECT count(*) FROM people_session WHERE state = 'live'"), 1);
	/* a hash made with weaker settings was made anew */
	assert_int_equal(count(&f, "SELECT count(*) FROM people_person WHERE password_hash LIKE '%m=65536,t=3,p=1%'"),
			 1);
	f.tls = true;
	f.cookie = NULL;
	cookie = sign_in("ann");
	assert_int_equal(strncmp(cookie, "__Host-", 7), 0);
	bool secure = false;
	for (size_t i = 0; i < f.last.n_headers; i++)
		secure |= strstr(f.last.header[i].value.p, "; Path=/; HttpOnly; SameSite=Strict; Max-Age=") &&
			  str_ends(f.last.header[i].value, "; Secure");
	assert_true(secure);
	me(cookie, 200);
	f.tls = false;
	me(cookie, 401); /* the name is part of it */
}

static void test_fixation_logout_theft(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", NULL);
	char planted[100];

	snprintf(planted, sizeof(planted), "jiuan_session=%043d", 7);
	f.cookie = planted;
	const char *cookie = sign_in("ann");
	assert_string_not_equal(cookie, planted);
	me(planted, 401);
	me(cookie, 200);
	f.cookie = cookie; /* a second login in the same browser ends the first */
	const char *second = sign_in("ann");
	me(cookie, 401);
	me(second, 200);
	f.cookie = second;
	ask(&f, NULL, "DELETE", "/api/session", NULL, 204);
	assert_string_equal(cookie_set(&f, "jiuan_session"), "");
	me(second, 401); /* a stolen copy is worth nothing */
	me("jiuan_session=", 401);
	me("jiuan_session=short", 401);

	/* own sessions: list, end another; nobody else's */
	cookie = sign_in("ann");
	second = sign_in("ann");
	person("bob", NULL);
	const char *bob = sign_in("bob");
	f.cookie = cookie;
	const struct json *list = ask(&f, NULL, "GET", "/api/people/session?state=live", NULL, 200);
	assert_int_equal(json_get(list, "items")->n, 2);
	const char *id = word(json_get(list, "items")->child->next, "id");
	assert_null(json_get(json_get(list, "items")->child, "token_hash"));
	f.cookie = bob;
	ask(&f, NULL, "POST", fmt(&f, "/api/people/session/%s/end", id), "{}", 404);
	f.cookie = cookie;
	ask(&f, NULL, "POST", fmt(&f, "/api/people/session/%s/end", id), "{}", 200);
	refused(&f, NULL, "POST", fmt(&f, "/api/people/session/%s/end", id), "{}", 409, "wrong_state", "state");
	me(cookie, 200);
	me(second, 401);
	(void)ann;
}

static void test_expiry(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", NULL), *res = person("res", dwelling);
	int64_t start = f.now;

	give(ann, "seat", community, "");
	const char *staff = sign_in("ann"), *home = sign_in("res");
	(void)res;
	me(staff, 200);
	f.now += 14 * MINUTE;
	me(staff, 200);
	for (int i = 0; i < 5; i++) { /* an active desk is not signed out */
		f.now += 14 * MINUTE;
		me(staff, 200);
	}
	/* what was seen is written once a minute, not per request */
	assert_int_equal(app_run_job(f.app, "people.touch"), RC_OK);
	assert_int_equal(
		count(&f, fmt(&f, "SELECT count(*) FROM people_session WHERE last_seen_at = %lld", (long long)f.now)),
		1);
	f.now += 15 * MINUTE;
	me(staff, 401);
	me(home, 200);
	staff = sign_in("ann");
	start = f.now;
	while (f.now < start + 12 * HOUR - 10 * MINUTE) {
		f.now += 10 * MINUTE;
		me(staff, f.now < start + 12 * HOUR ? 200 : 401);
	}
	f.now = start + 12 * HOUR;
	me(staff, 401); /* the longest day */
	f.now += 29 * DAY;
	me(home, 200);
	f.now += 30 * DAY;
	me(home, 401);
	assert_int_equal(app_run_job(f.app, "people.sweep"), RC_OK);
	assert_int_equal(count(&f, "SELECT count(*) FROM people_session WHERE state = 'live'"), 0);
	f.now += 31 * DAY;
	assert_int_equal(app_run_job(f.app, "people.sweep"), RC_OK);
	assert_int_equal(count(&f, "SELECT count(*) FROM people_session"), 0);
	start = f.now;
	home = sign_in("res");
	for (int day = 0; day < 200; day += 20) {
		f.now = start + day * DAY;
		me(home, day < 180 ? 200 : 401);
	}
}

/* A seat's desk locks where another session ends; only the password opens it. */
static bool seated;

static enum rc seat_now(struct ctx *c, struct str person, struct buf *out)
{
	(void)c;
	(void)person;
	if (seated)
		buf_add(out, STR("{}"));
	return RC_OK;
}

static enum rc tell_seat(struct ctx *c, void *arg)
{
	(void)arg;
	people_set_seat(c, seat_now);
	return RC_OK;
}

static bool locked(void)
{
	return json_get(ask(&f, NULL, "GET", "/api/me", NULL, 200), "locked")->i != 0;
}

static void test_a_seat_locks(void **state)
{
	(void)state;
	build();
	const char *id = person("wang.jing", NULL);

	give(id, "seat", community, "");
	assert_int_equal(app_unit(f.app, tell_seat, NULL), RC_OK);
	/* What a page asks for by itself is no hand. */
	seated = false;
	f.cookie = sign_in("wang.jing");
	f.background = "1";
	f.now += 8 * MINUTE;
	assert_false(locked());
	f.now += 8 * MINUTE;
	ask(&f, NULL, "GET", "/api/me", NULL, 401);
	f.background = NULL;
	f.cookie = sign_in("wang.jing");
	refused(&f, NULL, "POST", "/api/session/lock", NULL, 409, "off_shift", "-");
	seated = true;
	f.now += 2 * MINUTE; /* posts and seats are asked again after a minute */
	assert_false(locked());
	assert_int_equal(json_get(ask(&f, NULL, "GET", "/api/me", NULL, 200), "idle_s")->i, 900);
	f.now += 15 * MINUTE - SECOND;
	assert_false(locked()); /* and this was a hand */
	f.now += 15 * MINUTE;
	for (int i = 0; i < 3; i++) /* no request makes it young again */
		assert_true(locked());
	refused(&f, NULL, "GET", "/api/people/person", NULL, 403, "seat_locked", "-");
	refused(&f, NULL, "POST", fmt(&f, "/api/people/person/%s/reveal", id), "{\"fields\":[\"name\"]}", 403,
		"seat_locked", "-");
	refused(&f, NULL, "POST", "/api/people/password", "{}", 403, "seat_locked", "-");
	ask(&f, NULL, "GET", "/api/session/hint", NULL, 200);
	refused(&f, NULL, "POST", "/api/session/unlock", "{}", 400, "required", "password");
	refused(&f, NULL, "POST", "/api/session/unlock", "{\"password\":\"wrong cow charger\"}", 400, "wrong_password",
		"password");
	assert_true(locked());
	ask(&f, NULL, "POST", "/api/session/unlock", "{\"password\":\"correct horse battery\"}", 204);
	assert_false(locked());
	ask(&f, NULL, "GET", "/api/people/person", NULL, 200);
	/* By hand, and for the other node as well: it stands in the table. */
	ask(&f, NULL, "POST", "/api/session/lock", NULL, 204);
	assert_true(locked());
	assert_int_equal(count(&f, "SELECT count(*) FROM people_session WHERE locked_at IS NOT NULL"), 1);
	refused(&f, NULL, "GET", "/api/people/person", NULL, 403, "seat_locked", "-");
	ask(&f, NULL, "POST", "/api/session/lock", NULL, 204);
	ask(&f, NULL, "POST", "/api/session/unlock", "{\"password\":\"correct horse battery\"}", 204);
	assert_false(locked());
	/* The shift is over: nothing is left to be kept open. */
	f.now += 20 * MINUTE;
	assert_true(locked());
	seated = false;
	f.now += 2 * MINUTE;
	ask(&f, NULL, "GET", "/api/me", NULL, 401);
	f.cookie = NULL;
}

static void test_disable_and_posts_at_once(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", community);
	const char *p = give(ann, "seat", community, fmt(&f, ",\"to_at\":\"2026-03-12T09:00:00Z\""));
	const char *cookie = sign_in("ann");

	f.cookie = cookie;
	ask(&f, NULL, "GET", "/api/people/post", NULL, 200);
	assert_int_equal(json_get(ask(&f, NULL, "GET", "/api/people/person", NULL, 200), "items")->n, 1);
	ask(&f, &boss, "PATCH", fmt(&f, "/api/people/post/%s", p), "{\"to_at\":\"2026-03-12T01:00:00Z\"}", 200);
	ask(&f, NULL, "GET", "/api/places/place", NULL, 403); /* at once, the clock stands still */
	ask(&f, &boss, "PATCH", fmt(&f, "/api/people/post/%s", p), "{\"to_at\":\"2026-03-12T01:30:00Z\"}", 200);
	ask(&f, NULL, "GET", "/api/places/place", NULL, 200);
	f.now = 1773277200 * SECOND + 12 * MINUTE; /* 01:12 */
	ask(&f, NULL, "GET", "/api/places/place", NULL, 200);
	f.now = 1773279000 * SECOND; /* 01:30: the post is over, the second it says */
	ask(&f, NULL, "GET", "/api/places/place", NULL, 403);
	ask(&f, NULL, "GET", "/api/me", NULL, 200);
	ask(&f, &boss, "POST", fmt(&f, "/api/people/person/%s/disable", ann), "{}", 200);
	ask(&f, NULL, "GET", "/api/me", NULL, 401);
	f.cookie = NULL;
	refused(&f, NULL, "POST", "/api/session", "{\"login\":\"ann\",\"password\":\"correct horse battery\"}", 401,
		"bad_login", "-");
	refused(&f, &boss, "POST", fmt(&f, "/api/people/person/%s/disable", ann), "{}", 409, "wrong_state", "state");
	ask(&f, &boss, "POST", fmt(&f, "/api/people/person/%s/enable", ann), "{}", 200);
	refused(&f, &boss, "POST", fmt(&f, "/api/people/person/%s/enable", ann), "{}", 409, "wrong_state", "state");
	me(cookie, 401);
	/* another process ends a session: a second later it is dead here */
	cookie = sign_in("ann");
	me(cookie, 200);
	assert_int_equal(conn_script(app_conn(f.app),
				     "UPDATE people_session SET state = 'ended'; UPDATE people_revision SET n = n + 1"),
			 RC_OK);
	f.now += SECOND;
	me(cookie, 401);
}

static void test_cross_origin(void **state)
{
	(void)state;
	build();
	person("ann", NULL);
	const char *cookie = sign_in("ann");
	static const struct {
		const char *origin, *site;
		int want;
	} cases[] = {
		{ NULL, NULL, 204 },
		{ "http://jiuan.test", NULL, 204 },
		{ "https://jiuan.test", "same-origin", 204 },
		{ NULL, "none", 204 },
		{ "https://evil.test", NULL, 403 },
		{ "https://jiuan.test.evil.test", NULL, 403 },
		{ "https://evil.jiuan.test", "same-site", 403 },
		{ NULL, "cross-site", 403 },
		{ NULL, "same-site", 403 },
		{ "null", NULL, 403 },
		{ "", NULL, 403 },
		{ "https://jiuan.test:8443", NULL, 403 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *fresh = sign_in("ann");

		f.cookie = fresh;
		f.origin = cases[i].origin;
		f.site = cases[i].site;
		if (cases[i].want == 403) {
			refused(&f, NULL, "DELETE", "/api/session", NULL, 403, "cross_origin", "-");
			refused(&f, NULL, "POST", "/api/session",
				"{\"login\":\"ann\",\"password\":\"correct horse battery\"}", 403, "cross_origin", "-");
			ask(&f, NULL, "GET", "/api/me", NULL,
			    200); /* reading is safe: the answer stays with the browser */
		} else {
			ask(&f, NULL, "DELETE", "/api/session", NULL, 204);
		}
		f.origin = f.site = f.cookie = NULL;
	}
	me(cookie, 200);
}

/* ---- passwords ---------------------------------------------------------------------- */

static void test_passwords(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", community);
	const char *here = sign_in("ann"), *there = sign_in("ann");

	give(ann, "seat", community, "");
	f.cookie = here;
	refused(&f, NULL, "POST", "/api/people/password", "{\"new\":\"x\"}", 400, "required", "old");
	refused(&f, NULL, "POST", "/api/people/password", "{\"old\":\"x\"}", 400, "required", "new");
	refused(&f, NULL, "POST", "/api/people/password", "{\"old\":\"wrong one\",\"new\":\"another good phrase\"}",
		400, "wrong_password", "old");
	refused(&f, NULL, "POST", "/api/people/password", "{\"old\":\"correct horse battery\",\"new\":\"short\"}", 400,
		"too_short", "new");
	refused(&f, NULL, "POST", "/api/people/password", "{\"old\":\"correct horse battery\",\"new\":\"password1\"}",
		400, "common", "new");
	refused(&f, NULL, "POST", "/api/people/password",
		"{\"old\":\"correct horse battery\",\"new\":\"my-jiuan-pass\"}", 400, "local", "new");
	refused(&f, NULL, "POST", "/api/people/password",
		"{\"old\":\"correct horse battery\",\"new\":\"correct horse battery\"}", 400, "same_password", "new");
	ask(&f, NULL, "POST", "/api/people/password",
	    "{\"old\":\"correct horse battery\",\"new\":\"another good phrase\"}", 204);
	me(here, 200);
	me(there, 401);
	f.cookie = NULL;
	refused(&f, NULL, "POST", "/api/session", "{\"login\":\"ann\",\"password\":\"correct horse battery\"}", 401,
		"bad_login", "-");
	ask(&f, NULL, "POST", "/api/session", "{\"login\":\"ann\",\"password\":\"another good phrase\"}", 200);

	/* a one-time password opens nothing but its own change */
	const struct json *j = ask(&f, &boss, "POST", fmt(&f, "/api/people/person/%s/password", ann), NULL, 200);
	const char *once = fmt(&f, "%s", word(j, "password"));
	assert_int_equal(strlen(once), 19);
	me(here, 401);
	j = ask(&f, NULL, "POST", "/api/session", fmt(&f, "{\"login\":\"ann\",\"password\":\"%s\"}", once), 200);
	assert_int_equal(json_get(j, "must_change_password")->i, 1);
	assert_int_equal(json_get(j, "permissions")->n, 0);
	f.cookie = fmt(&f, "jiuan_session=%s", cookie_set(&f, "jiuan_session"));
	refused(&f, NULL, "GET", "/api/people/contact?limit=x", NULL, 400, "out_of_range", "limit"); /* own rows only */
	refused(&f, NULL, "GET", "/api/places/place", NULL, 403, "password_change_needed", "-");
	ask(&f, NULL, "POST", "/api/people/password", fmt(&f, "{\"old\":\"%s\",\"new\":\"a third good phrase\"}", once),
	    204);
	ask(&f, NULL, "GET", "/api/places/place", NULL, 200);
	f.cookie = NULL;
	/* nobody takes over who stands above him */
	const struct actor *head = holder("h", 1, C1);
	give(ann, "seat", NULL, "");
	refused(&f, head, "POST", fmt(&f, "/api/people/person/%s/password", ann), NULL, 403, "role_above_own", "-");
	refused(&f, head, "POST", fmt(&f, "/api/people/person/%s/disable", ann), "{}", 403, "role_above_own", "-");
	ask(&f, holder("h", 2, C1), "POST", fmt(&f, "/api/people/person/%s/password", ann), NULL, 403);
}

/* ---- guessing ------------------------------------------------------------------------ */

static void test_guessing(void **state)
{
	int tried = 0, slowed = 0;

	(void)state;
	build();
	person("ann", NULL);
	sign_in("ann");
	const char *device = fmt(&f, "jiuan_device=%s", cookie_set(&f, "jiuan_device"));
	int64_t start = f.now;

	f.peer = "203.0.113.9";
	for (int i = 0; i < 40; i++) { /* ten pass in a quarter of an hour, however they are spread */
		int s = try_login("ann", "guess");

		tried += s == 401;
		slowed += s == 429;
		f.now += 20 * SECOND;
	}
	assert_int_equal(tried, 10);
	assert_int_equal(slowed, 30);
	bool told = false;
	for (size_t i = 0; i < f.last.n_headers; i++)
		told |= strcmp(f.last.header[i].name, "Retry-After") == 0;
	assert_true(told);
	f.peer = "198.51.100.1"; /* another address does not help the stranger */
	assert_int_equal(try_login("ann", "guess"), 429);
	assert_int_equal(try_login("ann", "correct horse battery"), 429);
	f.cookie = device; /* the owner's own browser gets in, the stranger's tries notwithstanding */
	assert_int_equal(try_login("ann", "correct horse battery"), 200);
	f.cookie = "jiuan_device=0000000000000000000000000000000000000000000";
	assert_int_equal(try_login("ann", "correct horse battery"), 429);
	f.cookie = NULL;
	f.now = start + 40 * MINUTE;
	assert_int_equal(try_login("ann", "correct horse battery"), 200);
	/* a login that does not exist answers the same way */
	tried = 0;
	for (int i = 0; i < 40; i++, f.now += 20 * SECOND)
		tried += try_login("ghost", "guess") == 401;
	assert_int_equal(tried, 10);
}

/* The limiter alone, a clock of its own: 10,000 guesses a second and more. */
static void test_limits_by_numbers(void **state)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct people_limits *l = people_limits_new(a);
	struct limit_try t = { STR("ann"), STR("203.0.113.9"), NO_STR },
			 own = { STR("ann"), STR("203.0.113.9"), STR("browser") };
	int64_t now = 1773277200 * SECOND;
	int tried = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) { /* a day long, one each 8.64 s */
		tried += people_limit_admit(l, &t, now) == 0;
		now += 8640 * MILLI;
	}
	assert_true(tried <= 960 && tried > 900);
	assert_int_equal(people_limit_admit(l, &own, now), 0); /* the owner still */
	people_limit_ok(l, &own, now);

	/* growing pauses: 1, 2, 4 ... seconds from the third failure on */
	t.account = STR("bob");
	t.address = STR("2001:db8:1:2::1");
	for (int i = 0; i < 3; i++)
		assert_int_equal(people_limit_admit(l, &t, now), 0);
	for (int64_t pause = 1; pause <= 64; pause *= 2) {
		assert_int_equal(people_limit_admit(l, &t, now), pause);
		now += pause * SECOND;
		assert_int_equal(people_limit_admit(l, &t, now), 0);
	}
	assert_true(people_limit_admit(l, &t, now) > 700); /* ten: until the first is a quarter of an hour old */

	/* one address (or one /64) over many accounts: 60 in a quarter of an hour */
	tried = 0;
	for (int i = 0; i < 10000; i++) {
		char name[20], address[40];

		snprintf(name, sizeof(name), "user%d", i);
		snprintf(address, sizeof(address), "2001:db8:7:7::%x", i + 1);
		struct limit_try spray = { str_of(name), str_of(address), NO_STR };

		tried += people_limit_admit(l, &spray, now) == 0;
	}
	assert_int_equal(tried, 60);

	/* right at last: the try is taken back */
	struct limit_try c = { STR("cat"), STR("192.0.2.1"), NO_STR };
	for (int i = 0; i < 50; i++) {
		assert_int_equal(people_limit_admit(l, &c, now), 0);
		people_limit_ok(l, &c, now);
	}
	/* a clock back by a day locks nobody out for longer than the window */
	for (int i = 0; i < 20; i++)
		(void)people_limit_admit(l, &c, now + i * MINUTE);
	assert_true(people_limit_admit(l, &c, now - DAY) <= 900);
	arena_free(a);
}

/* ---- persons, posts, contacts, consents --------------------------------------------------- */

static void test_wrong_input(void **state)
{
	static const struct {
		const char *path, *body, *code, *field;
		int status;
	} cases[] = {
		{ "person", "{}", "required", "name", 400 },
		{ "person", "{\"name\":\"\"}", "wrong_length", "name", 400 },
		{ "person", "{\"name\":\"n\",\"display\":\"\"}", "wrong_length", "display", 400 },
		{ "person", "{\"name\":\"n\",\"phone\":\"1\"}", "wrong_length", "phone", 400 },
		{ "person", "{\"name\":\"n\",\"login\":\"a b\"}", "bad_login_form", "login", 400 },
		{ "person", "{\"name\":\"n\",\"login\":\"Ann\"}", "already_exists", "login", 409 },
		{ "person", "{\"name\":\"n\",\"household_id\":5}", "wrong_type", "household_id", 400 },
		{ "person", "{\"name\":\"n\",\"place_id\":\"nope\"}", "unknown_place", "place_id", 400 },
		{ "person", "{\"name\":\"n\",\"place_path\":\"36.\"}", "read_only", "place_path", 400 },
		{ "person", "{\"name\":\"n\",\"language\":\"xx\"}", "unknown_word", "language", 400 },
		{ "person", "{\"name\":\"n\",\"state\":\"disabled\"}", "read_only", "state", 400 },
		{ "person", "{\"name\":\"n\",\"must_change_password\":false}", "read_only", "must_change_password",
		  400 },
		{ "person", "{\"name\":\"n\",\"password_hash\":\"x\"}", "unknown_field", "password_hash", 400 },
		{ "post", "{\"role\":\"seat\"}", "required", "person_id", 400 },
		{ "post", "{\"person_id\":\"nope\",\"role\":\"seat\"}", "unknown_person", "person_id", 400 },
		{ "post", "{\"person_id\":\"$\"}", "required", "role", 400 },
		{ "post", "{\"person_id\":\"$\",\"role\":\"king\"}", "unknown_word", "role", 400 },
		{ "post", "{\"person_id\":\"$\",\"role\":\"seat\",\"place_id\":\"nope\"}", "unknown_place", "place_id",
		  400 },
		{ "post", "{\"person_id\":\"$\",\"role\":\"seat\",\"display\":\"x\"}", "read_only", "display", 400 },
		{ "post", "{\"person_id\":\"$\",\"role\":\"seat\",\"title\":\"\"}", "wrong_length", "title", 400 },
		{ "post", "{\"person_id\":\"$\",\"role\":\"seat\",\"from_at\":\"soon\"}", "bad_time", "from_at", 400 },
		{ "post", "{\"person_id\":\"$\",\"role\":\"seat\",\"to_at\":\"2020-01-01T00:00:00Z\"}", "out_of_range",
		  "to_at", 400 },
		{ "contact",
		  "{\"person_id\":\"nope\",\"kind\":\"family\",\"name\":\"n\",\"phone\":\"12345\",\"order_no\":1}",
		  "unknown_person", "person_id", 400 },
		{ "contact",
		  "{\"person_id\":\"$\",\"kind\":\"friend\",\"name\":\"n\",\"phone\":\"12345\",\"order_no\":1}",
		  "unknown_word", "kind", 400 },
		{ "contact", "{\"person_id\":\"$\",\"kind\":\"family\",\"phone\":\"12345\",\"order_no\":1}", "required",
		  "name", 400 },
		{ "contact", "{\"person_id\":\"$\",\"kind\":\"family\",\"name\":\"n\",\"phone\":\"1\",\"order_no\":1}",
		  "wrong_length", "phone", 400 },
		{ "contact",
		  "{\"person_id\":\"$\",\"kind\":\"family\",\"name\":\"n\",\"phone\":\"12345\",\"order_no\":0}",
		  "out_of_range", "order_no", 400 },
		{ "consent",
		  "{\"person_id\":\"nope\",\"purpose\":\"welfare\",\"text_version\":\"1\",\"channel\":\"web\"}",
		  "unknown_person", "person_id", 400 },
		{ "consent", "{\"person_id\":\"$\",\"purpose\":\"A b\",\"text_version\":\"1\",\"channel\":\"web\"}",
		  "unknown_word", "purpose", 400 },
		{ "consent", "{\"person_id\":\"$\",\"purpose\":\"welfare\",\"channel\":\"web\"}", "required",
		  "text_version", 400 },
		{ "consent", "{\"person_id\":\"$\",\"purpose\":\"welfare\",\"text_version\":\"1\",\"channel\":\"tv\"}",
		  "unknown_word", "channel", 400 },
		{ "consent",
		  "{\"person_id\":\"$\",\"purpose\":\"welfare\",\"text_version\":\"1\",\"channel\":\"web\",\"given_"
		  "at\":\"2050-01-01T00:00:00Z\"}",
		  "out_of_range", "given_at", 400 },
		{ "consent",
		  "{\"person_id\":\"$\",\"purpose\":\"welfare\",\"text_version\":\"1\",\"channel\":\"web\",\"state\":"
		  "\"withdrawn\"}",
		  "read_only", "state", 400 },
	};

	(void)state;
	build();
	const char *ann = person("ann", community);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *at = strchr(cases[i].body, '$');
		const char *body =
			at ? fmt(&f, "%.*s%s%s", (int)(at - cases[i].body), cases[i].body, ann, at + 1) : cases[i].body;

		refused(&f, &boss, "POST", fmt(&f, "/api/people/%s", cases[i].path), body, cases[i].status,
			cases[i].code, cases[i].field);
	}
}

static void test_visibility(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", dwelling), *bob = person("bob", NULL);
	static const struct {
		const char *path;
		int want;
	} rows[] = { { "", 200 },          { "36.", 200 },       { C1, 200 },       { C1 "3.", 200 },
		     { C1 "3.501.", 200 }, { C1 "3.502.", 404 }, { C1 "g1.", 404 }, { C2, 404 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(&f, holder("s", 2, rows[i].path), "GET", fmt(&f, "/api/people/person/%s", ann), NULL, rows[i].want);
		ask(&f, holder("s", 1, rows[i].path), "PATCH", fmt(&f, "/api/people/person/%s", ann),
		    "{\"phone\":\"13900000000\"}", rows[i].want);
		ask(&f, holder("s", 2, rows[i].path), "PATCH", fmt(&f, "/api/people/person/%s", ann), "{}", 403);
	}
	ask(&f, holder(ann, 4, C1 "3.501."), "GET", fmt(&f, "/api/people/person/%s", ann), NULL, 200);
	ask(&f, holder(bob, 4, C1 "3.501."), "GET", fmt(&f, "/api/people/person/%s", ann), NULL, 404);
	ask(&f, &nobody, "GET", fmt(&f, "/api/people/person/%s", ann), NULL, 401);
	/* who is away from home everywhere is seen by who holds everywhere */
	ask(&f, holder("s", 2, C1), "GET", fmt(&f, "/api/people/person/%s", bob), NULL, 404);
	ask(&f, holder("s", 1, C1), "POST", "/api/people/person", "{\"name\":\"n\"}", 403);
	refused(&f, holder("s", 1, C1), "POST", "/api/people/person",
		fmt(&f, "{\"name\":\"n\",\"place_id\":\"%s\"}", other), 400, "unknown_place", "place_id");
}

static void test_masks_and_looks(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", dwelling);
	const struct actor *seat = holder("s", 2, C1), *self = holder(ann, 4, C1 "3.501.");
	const char *at = fmt(&f, "/api/people/person/%s", ann);
	const struct json *j = ask(&f, seat, "GET", at, NULL, 200);

	assert_int_equal(json_get(j, "name")->kind, J_NULL);
	assert_int_equal(json_get(j, "phone")->kind, J_NULL);
	assert_int_equal(json_get(j, "place_path")->kind, J_NULL);
	assert_string_equal(word(j, "display"), "D ann");
	assert_true(json_get(j, "masked")->n >= 4);
	assert_null(json_get(j, "password_hash"));
	refused(&f, seat, "POST", fmt(&f, "%s/reveal", at), "{\"fields\":[\"name\"],\"purpose\":\"welfare_visit\"}",
		400, "required", "reason");
	refused(&f, seat, "POST", fmt(&f, "%s/reveal", at),
		"{\"fields\":[\"password_hash\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1\"}", 400,
		"unknown_field", "fields");
	j = ask(&f, seat, "POST", fmt(&f, "%s/reveal", at),
		"{\"fields\":[\"name\",\"phone\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1\"}", 200);
	assert_string_equal(word(j, "name"), "Name of ann");
	const char *contact =
		post("/api/people/contact",
		     fmt(&f,
			 "{\"person_id\":\"%s\",\"kind\":\"family\",\"name\":\"Son\",\"phone\":\"13711112222\","
			 "\"order_no\":1}",
			 ann));
	j = ask(&f, seat, "GET", fmt(&f, "/api/people/contact/%s", contact), NULL, 200);
	assert_int_equal(json_get(j, "phone")->kind, J_NULL);
	ask(&f, seat, "POST", fmt(&f, "/api/people/contact/%s/reveal", contact),
	    "{\"fields\":[\"phone\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1\"}", 200);
	/* the person sees who looked, and her own data open */
	j = ask(&f, self, "GET", "/api/people/looks", NULL, 200);
	assert_int_equal(json_get(j, "items")->n, 2);
	assert_string_equal(word(json_get(j, "items")->child, "entity"), "people.contact");
	assert_string_equal(word(json_get(j, "items")->child->next, "fields"), "name,phone");
	assert_string_equal(word(json_get(j, "items")->child, "reason"), "A-1");
	assert_string_equal(word(ask(&f, self, "GET", at, NULL, 200), "phone"), "13800000000");
	assert_int_equal(json_get(ask(&f, seat, "GET", "/api/people/looks", NULL, 200), "items")->n, 0);
	/* nothing personal in events or the record */
	assert_int_equal(count(&f, "SELECT count(*) FROM core_outbox WHERE body LIKE '%138000%' OR body LIKE '%Name "
				   "of%' OR body LIKE '%137111%'"),
			 0);
}

static void test_posts(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", community);
	const struct actor *head = holder("h", 1, C1);

	/* nobody gives what he does not hold */
	refused(&f, head, "POST", "/api/people/post",
		fmt(&f, "{\"person_id\":\"%s\",\"role\":\"admin\",\"place_id\":\"%s\"}", ann, community), 403,
		"role_above_own", "role");
	refused(&f, head, "POST", "/api/people/post",
		fmt(&f, "{\"person_id\":\"%s\",\"role\":\"seat\",\"place_id\":\"%s\"}", ann, other), 400,
		"unknown_place", "place_id");
	refused(&f, head, "POST", "/api/people/post", fmt(&f, "{\"person_id\":\"%s\",\"role\":\"seat\"}", ann), 400,
		"required", "place_id");
	const struct json *j =
		ask(&f, head, "POST", "/api/people/post",
		    fmt(&f, "{\"person_id\":\"%s\",\"role\":\"seat\",\"place_id\":\"%s\"}", ann, community), 201);
	assert_string_equal(word(j, "place_path"), C1);
	assert_string_equal(word(j, "display"), "D ann");
	const char *p = fmt(&f, "/api/people/post/%s", word(j, "id"));
	refused(&f, head, "PATCH", p, "{\"role\":\"admin\"}", 400, "read_only", "role");
	refused(&f, head, "PATCH", p, "{\"to_at\":\"2020-01-01T00:00:00Z\"}", 400, "out_of_range", "to_at");
	ask(&f, holder("h", 1, C2), "PATCH", p, "{\"title\":\"x\"}", 404);
	ask(&f, head, "PATCH", fmt(&f, "/api/people/person/%s", ann), "{\"display\":\"Ann Wang\"}", 200);
	assert_string_equal(word(ask(&f, head, "GET", p, NULL, 200), "display"), "Ann Wang");
}

struct seen {
	int n, of_grid;
	const char *first;
};

static enum rc see_post(struct ctx *c, const struct people_post *p, void *arg)
{
	struct seen *s = arg;

	if (s->n++ == 0)
		s->first = arena_z(c->arena, p->role);
	s->of_grid += p->of_grid;
	return RC_OK;
}

static enum rc ask_posts(struct ctx *c, void *arg)
{
	struct seen at = { 0 }, grids = { 0 }, none = { 0 }, under = { 0 };
	struct people_contact *contacts;
	struct person_ref ref;
	size_t n;

	TRY(people_posts_at(c, STR(C1 "3.501."), NO_STR, c->now, see_post, &at));
	assert_int_equal(at.n, 3); /* the grid's worker, the seat, the admin everywhere */
	assert_string_equal(at.first, "grid_worker");
	assert_int_equal(at.of_grid, 1);
	TRY(people_posts_at(c, STR(C1 "3.501."), STR("grid_worker"), c->now, see_post, &grids));
	assert_int_equal(grids.n, 1);
	TRY(people_posts_at(c, STR(C2), STR("seat"), c->now, see_post, &none));
	assert_int_equal(none.n, 0);
	TRY(people_posts_under(c, STR("36.3601."), NO_STR, c->now, see_post, &under));
	assert_int_equal(under.n, 2);
	TRY(people_person_get(c, str_of(arg), "person_id", &ref));
	assert_true(ref.active && str_is(ref.place_path, C1 "3.501."));
	TRY(people_contacts(c, str_of(arg), &contacts, &n));
	assert_int_equal(n, 2);
	assert_true(str_is(contacts[0].kind, "neighbour"));
	assert_true(people_consented(c, str_of(arg), STR("welfare")));
	assert_false(people_consented(c, str_of(arg), STR("photos")));
	return RC_OK;
}

static void test_for_other_modules(void **state)
{
	(void)state;
	build();
	const char *elder = person("elder", dwelling), *seat = person("seat", NULL), *worker = person("worker", NULL),
		   *gone = person("gone", NULL);

	give(seat, "seat", community, "");
	give(seat, "admin", NULL, "");
	give(worker, "grid_worker", grid, "");
	give(gone, "seat", community, ",\"to_at\":\"2026-03-12T01:00:00Z\",\"from_at\":\"2026-01-01T00:00:00Z\"");
	post("/api/people/contact",
	     fmt(&f,
		 "{\"person_id\":\"%s\",\"kind\":\"family\",\"name\":\"S\",\"phone\":\"13711112222\",\"order_no\":2}",
		 elder));
	post("/api/people/contact", fmt(&f,
					"{\"person_id\":\"%s\",\"kind\":\"neighbour\",\"name\":\"N\",\"phone\":"
					"\"13711112223\",\"order_no\":1}",
					elder));
	post("/api/people/consent",
	     fmt(&f, "{\"person_id\":\"%s\",\"purpose\":\"welfare\",\"text_version\":\"2026-1\",\"channel\":\"paper\"}",
		 elder));
	char id[40];
	snprintf(id, sizeof(id), "%s", elder);
	assert_int_equal(app_unit(f.app, ask_posts, id), RC_OK);
	/* a grid's worker sees the grid's buildings and what is in them, nothing beside */
	f.cookie = sign_in("worker");
	ask(&f, NULL, "GET", fmt(&f, "/api/places/place/%s", building), NULL, 200);
	ask(&f, NULL, "GET", fmt(&f, "/api/places/place/%s", dwelling), NULL, 200);
	ask(&f, NULL, "GET", fmt(&f, "/api/places/place/%s", grid), NULL, 200);
	ask(&f, NULL, "GET", fmt(&f, "/api/places/place/%s", community), NULL, 404);
	f.cookie = NULL;
}

static void test_contacts_and_consents_of_oneself(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", dwelling), *bob = person("bob", dwelling);
	const struct actor *self = holder(ann, 4, C1 "3.501."), *neighbour = holder(bob, 4, C1 "3.501.");
	const char *contact = fmt(
		&f,
		"{\"person_id\":\"%s\",\"kind\":\"family\",\"name\":\"S\",\"phone\":\"13711112222\",\"order_no\":1}",
		ann);
	const char *consent = fmt(
		&f, "{\"person_id\":\"%s\",\"purpose\":\"welfare\",\"text_version\":\"2026-1\",\"channel\":\"web\"}",
		ann);
	const struct json *j = ask(&f, self, "POST", "/api/people/contact", contact, 201);

	assert_string_equal(word(j, "phone"), "13711112222"); /* own data are open */
	refused(&f, neighbour, "POST", "/api/people/contact", contact, 400, "unknown_person", "person_id");
	const char *id = fmt(&f, "%s", word(j, "id"));
	ask(&f, neighbour, "GET", fmt(&f, "/api/people/contact/%s", id), NULL, 404);
	ask(&f, neighbour, "PATCH", fmt(&f, "/api/people/contact/%s", id), "{\"order_no\":2}", 404);
	ask(&f, self, "PATCH", fmt(&f, "/api/people/contact/%s", id), "{\"order_no\":2}", 200);
	refused(&f, holder("s", 2, C1), "PATCH", fmt(&f, "/api/people/contact/%s", id), "{\"order_no\":3}", 400,
		"unknown_person", "person_id");

	j = ask(&f, self, "POST", "/api/people/consent", consent, 201);
	id = fmt(&f, "%s", word(j, "id"));
	refused(&f, self, "POST", "/api/people/consent", consent, 409, "already_exists", "purpose");
	refused(&f, neighbour, "POST", "/api/people/consent", consent, 400, "unknown_person", "person_id");
	ask(&f, neighbour, "POST", fmt(&f, "/api/people/consent/%s/withdraw", id), "{}", 404);
	ask(&f, holder("s", 2, C1), "POST", fmt(&f, "/api/people/consent/%s/withdraw", id), "{}",
	    400); /* reads, may not record */
	j = ask(&f, self, "POST", fmt(&f, "/api/people/consent/%s/withdraw", id), "{}", 200);
	assert_string_equal(word(j, "state"), "withdrawn");
	assert_string_equal(word(j, "withdrawn_at"), word(j, "given_at"));
	refused(&f, self, "POST", fmt(&f, "/api/people/consent/%s/withdraw", id), "{}", 409, "wrong_state", "state");
	ask(&f, holder("h", 1, C1), "POST", "/api/people/consent", consent, 201); /* again, on paper, at the office */
}

/* ---- accounts ------------------------------------------------------------------------------- */

static enum rc first_admin(struct ctx *c, void *arg)
{
	struct str password;

	TRY(people_first_admin(c, &password));
	snprintf(arg, 40, FMT_STR, ARG_STR(password));
	return RC_OK;
}

static enum rc users(struct ctx *c, void *arg)
{
	struct buf out = buf_new(c->arena, 100000);
	struct people_new_user u = {
		.login = STR("Li.Wei"), .display = STR("李伟"), .role = STR("seat"), .place_path = STR(C1)
	};
	struct str password;

	(void)arg;
	TRY(people_user_add(c, &u, &password));
	assert_int_equal(password.n, 19);
	TRY(people_user_password(c, STR("li.wei"), &password));
	TRY(people_user_disable(c, STR("li.wei")));
	TRY(people_user_disable(c, STR("li.wei")));
	TRY(people_user_list(c, &out));
	assert_non_null(strstr(buf_str(&out).p,
			       "\"login\":\"li.wei\",\"display\":\"李伟\",\"state\":\"disabled\",\"roles\":\"seat\""));
	assert_int_equal(people_user_add(c, &u, &password), RC_CONFLICT);
	c->fail = (struct failure){ 0 };
	assert_int_equal(people_user_password(c, STR("nobody"), &password), RC_MISSING);
	return RC_OK;
}

static void test_accounts(void **state)
{
	char password[40];

	(void)state;
	build();
	assert_int_equal(app_unit(f.app, first_admin, password), RC_OK);
	assert_int_equal(strlen(password), 19);
	ask(&f, NULL, "POST", "/api/session", fmt(&f, "{\"login\":\"admin\",\"password\":\"%s\"}", password), 200);
	f.cookie = fmt(&f, "jiuan_session=%s", cookie_set(&f, "jiuan_session"));
	refused(&f, NULL, "GET", "/api/places/place", NULL, 403, "password_change_needed", "-");
	ask(&f, NULL, "POST", "/api/people/password",
	    fmt(&f, "{\"old\":\"%s\",\"new\":\"mountain river 7 lamp\"}", password), 204);
	ask(&f, NULL, "GET", "/api/places/place", NULL, 200);
	const struct json *j = ask(&f, NULL, "GET", "/api/me", NULL, 200);
	assert_string_equal(word(json_get(j, "scope"), "place_id"), city);
	f.cookie = NULL;
	assert_int_equal(app_unit(f.app, first_admin, password), RC_OK);
	assert_string_equal(password, ""); /* there is one */
	assert_int_equal(app_unit(f.app, users, NULL), RC_OK);
	ask(&f, &boss, "POST", fmt(&f, "/api/people/person/%s/disable", word(json_get(j, "person"), "id")), "{}", 200);
	assert_int_equal(app_unit(f.app, first_admin, password), RC_OK);
	assert_int_equal(strlen(password), 19); /* nobody is locked out of the own house */
	ask(&f, NULL, "POST", "/api/session", fmt(&f, "{\"login\":\"admin\",\"password\":\"%s\"}", password), 200);
}

/* Every database call of a write fails once: 503, and nothing stays. */
static void test_failures(void **state)
{
	(void)state;
	build();
	const char *ann = person("ann", community);
	const char *ann_path = fmt(&f, "/api/people/person/%s", ann);
	const struct {
		const char *method, *path, *body;
		bool own; /* by the cookie */
	} writes[] = {
		{ "POST", "/api/people/person",
		  fmt(&f, "{\"name\":\"n\",\"login\":\"newone\",\"place_id\":\"%s\"}", community), false },
		{ "POST", "/api/people/post",
		  fmt(&f, "{\"person_id\":\"%s\",\"role\":\"seat\",\"place_id\":\"%s\"}", ann, community), false },
		{ "PATCH", ann_path, "{\"display\":\"Other\"}", false },
		{ "DELETE", "/api/session", NULL, true },
		{ "POST", fmt(&f, "%s/disable", ann_path), "{}", false },
	};
	const char *rows = "SELECT (SELECT sum(version) FROM people_person) + (SELECT count(*) FROM people_post)"
			   " + (SELECT sum(version) FROM people_session) + (SELECT count(*) FROM people_device)"
			   " + (SELECT count(*) FROM core_outbox) + (SELECT count(*) FROM core_audit)";

	f.cookie = sign_in("ann");
	for (size_t i = 0; i < COUNT(writes); i++) {
		for (int n = 1;; n++) {
			int64_t before = count(&f, rows);

			conn_fail_at(app_conn(f.app), n);
			ask(&f, writes[i].own ? NULL : &boss, writes[i].method, writes[i].path, writes[i].body, 0);
			conn_fail_at(app_conn(f.app), 0);
			if (f.last.status < 300)
				break;
			assert_int_equal(f.last.status, 503);
			assert_int_equal(count(&f, rows), before);
			assert_true(n < 200);
		}
	}
	f.cookie = NULL;
}

static enum testdb_kind engine;

static int set_up(void **state)
{
	(void)state;
	front_open(&f, testdb_url(engine), modules, roles);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	front_close(&f);
	testdb_drop(f.url);
	return 0;
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(test_sign_in),
		T(test_fixation_logout_theft),
		T(test_expiry),
		T(test_a_seat_locks),
		T(test_disable_and_posts_at_once),
		T(test_cross_origin),
		T(test_passwords),
		T(test_guessing),
		cmocka_unit_test(test_limits_by_numbers),
		T(test_wrong_input),
		T(test_visibility),
		T(test_masks_and_looks),
		T(test_posts),
		T(test_for_other_modules),
		T(test_contacts_and_consents_of_oneself),
		T(test_accounts),
		T(test_failures),
	};
	int bad = 0;

	for (engine = TESTDB_MEMORY; (int)engine < TESTDB_N; engine++)
		if (engine != TESTDB_FILE && testdb_has(engine))
			bad += cmocka_run_group_tests_name(testdb_name(engine), tests, NULL, NULL);
	return bad;
}
