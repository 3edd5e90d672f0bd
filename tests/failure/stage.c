#include "stage.h"

#include "app/app_modules.h"
#include "domain/access/access.h"
#include "domain/watch/watch.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names --------------------------------------------------------------------- */

void stage_put(struct stage *s, const char *name, const char *value)
{
	for (size_t i = 0; i < s->n; i++) {
		if (strcmp(s->word[i].name, name) == 0) {
			s->word[i].value = value;
			return;
		}
	}
	assert_true(s->n < COUNT(s->word));
	s->word[s->n].name = name;
	s->word[s->n++].value = value;
}

const char *stage_get(struct stage *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->word[i].name, name) == 0)
			return s->word[i].value;
	fail_msg("nothing is called %s", name);
	return "";
}

/* "+90", minutes; *end behind it. */
static const char *moment(struct stage *s, const char *p, char **end)
{
	char text[TIME_TEXT];
	int64_t minutes = strtoll(p, end, 10);

	return arena_dup(s->r.arena, time_text(s->r.now + minutes * MINUTE, text)).p;
}

const char *stage_fill(struct stage *s, const char *text)
{
	struct buf b = buf_new(s->r.arena, 16384);

	for (const char *p = text; p && *p;) {
		if (*p != '$') {
			buf_char(&b, *p++);
			continue;
		}
		if (p[1] == '+' || p[1] == '-') {
			char *end;

			buf_add(&b, str_of(moment(s, p + 1, &end)));
			p = end;
			continue;
		}
		size_t n = 1;

		while (isalnum((unsigned char)p[n]) || p[n] == '_')
			n++;
		buf_add(&b, str_of(stage_get(s, arena_z(s->r.arena, (struct str){ p + 1, n - 1 }))));
		p += n;
	}
	return text ? buf_str(&b).p : NULL;
}

const struct actor *stage_actor(struct stage *s, const char *name)
{
	static const struct actor system = { .kind = WHO_SYSTEM };
	/* Who is somebody of the town. */
	static const struct {
		const char *name, *roles;
	} people[] = { { "seat", "seat@" NORTH },
		       { "next", "seat@" NORTH },
		       { "worker", "grid_worker@" NORTH "g1.,grid_worker@" NORTH },
		       { "elder", "resident@" NORTH "3.2.501." },
		       { "second", "head@" NORTH } };

	if (strcmp(name, "system") == 0)
		return &system;
	if (strcmp(name, "nobody") == 0)
		return NULL;
	for (size_t i = 0; i < COUNT(people); i++)
		if (strcmp(name, people[i].name) == 0)
			return rig_actor(&s->r, stage_get(s, name), people[i].roles, NULL);
	return rig_actor(&s->r, "somebody", name, NULL);
}

/* ---- building ------------------------------------------------------------------- */

void stage_make(struct stage *s, const char *name, const char *path, const char *body)
{
	stage_put(s, name, create(&s->r, stage_actor(s, "system"), path, stage_fill(s, body)));
}

void stage_do(struct stage *s, const char *path, const char *body, int want)
{
	call(&s->r, stage_actor(s, "system"), "POST", stage_fill(s, path), stage_fill(s, body), want);
}

void stage_settle(struct stage *s)
{
	assert_int_equal(app_settle(s->r.app), RC_OK);
	if (count(&s->r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL") != 0)
		fail_msg("a listener fails");
}

struct asking {
	struct watch_question q;
	struct str id;
	struct arena *a;
};

static enum rc raise_question(struct ctx *c, void *arg)
{
	struct asking *a = arg;

	TRY(watch_raise(c, &a->q, &a->id));
	a->id = arena_dup(a->a, a->id);
	return RC_OK;
}

void stage_alert(struct stage *s, const char *name, const char *kind, const char *place)
{
	struct asking a = {
		.q = { .kind = str_of(kind), .place_id = str_of(stage_get(s, place)), .severity = WATCH_HIGH },
		.a = s->r.arena
	};

	assert_int_equal(app_unit(s->r.app, raise_question, &a), RC_OK);
	stage_put(s, name, a.id.p);
	stage_settle(s);
}

static void places(struct stage *s)
{
	static const struct {
		const char *name, *parent, *kind, *code, *more;
	} all[] = {
		{ "city", NULL, "city", "36", "" },
		{ "district", "$city", "district", "3601", "" },
		{ "parent", "$district", "subdistrict", "360102", "" },
		{ "north", "$parent", "community", "n1", "" },
		{ "south", "$parent", "community", "s1", "" },
		{ "grid", "$north", "grid", "g1", "" },
		{ "building", "$north", "building", "3", ",\"grid_id\":\"$grid\",\"lon\":115.9,\"lat\":28.68" },
		{ "unit", "$building", "unit", "2", "" },
		{ "dwelling", "$unit", "dwelling", "501", "" },
		{ "spare", "$unit", "dwelling", "502", "" },
		{ "south_building", "$south", "building", "7", "" },
		{ "south_dwelling", "$south_building", "dwelling", "101", "" },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		stage_make(s, all[i].name, "/api/places/place",
			   fmt(&s->r, "{\"kind\":\"%s\",\"code\":\"%s\",\"name\":\"%s\"%s%s%s%s}", all[i].kind,
			       all[i].code, all[i].name, all[i].parent ? ",\"parent_id\":\"" : "",
			       all[i].parent ? all[i].parent : "", all[i].parent ? "\"" : "", all[i].more));
}

/* Verifying takes what the hash says; a cheap one keeps the test quick. */
static void set_password(struct stage *s, const char *person, const char *password)
{
	char hash[crypto_pwhash_STRBYTES];

	assert_int_equal(crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_MIN,
					   crypto_pwhash_MEMLIMIT_MIN),
			 0);
	run_sql(&s->r, fmt(&s->r, "UPDATE people_person SET password_hash = '%s' WHERE id = '%s'", hash, person));
}

static void people(struct stage *s)
{
	stage_make(s, "elder", "/api/people/person",
		   "{\"name\":\"" CANARY " Li\",\"phone\":\"" CANARY "-1\",\"place_id\":\"$dwelling\"}");
	stage_make(s, "worker", "/api/people/person",
		   "{\"name\":\"" CANARY " Ann\",\"display\":\"Ann\",\"phone\":\"" CANARY "-2\",\"login\":\"" CANARY
		   "\",\"place_id\":\"$spare\"}");
	stage_make(s, "worker_post", "/api/people/post",
		   "{\"person_id\":\"$worker\",\"role\":\"grid_worker\",\"place_id\":\"$grid\"}");
	stage_make(s, "seat", "/api/people/person",
		   "{\"name\":\"" CANARY " Bob\",\"display\":\"Bob\",\"phone\":\"" CANARY "-3\"}");
	stage_make(s, "seat_post", "/api/people/post",
		   "{\"person_id\":\"$seat\",\"role\":\"seat\",\"place_id\":\"$north\"}");
	set_password(s, stage_get(s, "worker"), "correct horse battery");
	stage_make(s, "shift", "/api/dispatch/shift",
		   "{\"person_id\":\"$worker\",\"place_id\":\"$north\",\"from_at\":\"$-1\",\"to_at\":\"$+600\","
		   "\"kind\":\"field\"}");
}

static void things(struct stage *s)
{
	stage_make(s, "door", "/api/sensing/device",
		   "{\"name\":\"Door\",\"kind\":\"door\",\"source\":\"t/door\",\"place_id\":\"$dwelling\"}");
	stage_do(s, "/api/sensing/device/$door/approve", "{\"place_id\":\"$dwelling\"}", 200);
	stage_do(s, "/api/sensing/device/$door/key", NULL, 200);
	stage_put(s, "door_key", text_at(&s->r, here(&s->r), "key"));
	stage_make(s, "rule", "/api/watch/rule",
		   "{\"name\":\"Forced\",\"template\":\"door-forced\",\"place_id\":\"$north\"}");
	stage_do(s, "/api/watch/rule/$rule/backtest", "{\"days\":7}", 200);
	stage_put(s, "backtest", text_at(&s->r, here(&s->r), "id"));
	stage_do(s, "/api/watch/rule/$rule/switch_on", "{\"backtest_id\":\"$backtest\"}", 200);
}

/* The machine runs on as the clock is moved. */
static enum rc set_uptime(struct ctx *c, void *arg)
{
	access_set_uptime(c, clock_fixed(arg));
	return RC_OK;
}

void stage_open(struct stage *s, enum testdb_kind kind, bool peopled)
{
	*s = (struct stage){ .n = 0 };
	assert_true(rig_open(&s->r, kind, app_modules, app_roles));
	assert_int_equal(app_unit(s->r.app, set_uptime, &s->r.now), RC_OK);
	s->r.never = CANARY;
	places(s);
	s->r.never = NULL; /* the system sees what it writes */
	if (peopled) {
		people(s);
		things(s);
	}
	stage_settle(s);
	s->r.never = CANARY;
}

void stage_close(struct stage *s)
{
	rig_close(&s->r);
}
