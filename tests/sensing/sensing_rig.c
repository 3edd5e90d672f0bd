#include "sensing_rig.h"

#include "files/files.h"
#include "testdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const keeper_perms[] = { "sensing.*", "places.*", NULL };
static const char *const desk_perms[] = { "sensing.read", "sensing.events", NULL };
static const char *const none_perms[] = { NULL };
static const struct role roles[] = {
	{ "keeper", keeper_perms }, { "desk", desk_perms }, { "none", none_perms }, { 0 }
};
static const struct module *const modules[] = { &files_module, &places_module, &sensing_module, NULL };

static enum testdb_kind kind;
static struct grant grants[RIG_ACTORS];
static struct actor actors[RIG_ACTORS];

static void make_actor(enum rig_actor i, const char *name, const struct role *role, struct str path)
{
	grants[i] = (struct grant){ .role = role, .post_id = STR("post"), .place_id = STR("place"), .path = path };
	actors[i] = (struct actor){
		.kind = WHO_PERSON, .id = str_of(name), .name = str_of(name), .grants = &grants[i], .n_grants = 1
	};
}

static void open_app(struct rig *r)
{
	struct app_options o = { .url = r->url, .modules = modules, .roles = roles, .clock = clock_fixed(&r->now) };

	assert_int_equal(app_open(&o, &r->app), RC_OK);
}

static struct str place(struct rig *r, const char *kind_word, const char *code, struct str parent)
{
	rig_call(r, SYSTEM, "POST", "/api/places/place",
		 rig_fmt(r, "{\"kind\":\"%s\",\"code\":\"%s\",\"name\":\"%s\"%s" FMT_STR "%s}", kind_word, code, code,
			 parent.p ? ",\"parent_id\":\"" : "", ARG_STR(parent), parent.p ? "\"" : ""));
	CHECK_STATUS(r, 201);
	return rig_text(r, "id");
}

int rig_open(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	r->url = testdb_url(kind);
	r->a = arena_new(256 << 20);
	r->now = 1773277661 * SECOND; /* 2026-03-12T01:07:41Z */
	r->content_type = STR("application/cloudevents-batch+json");
	r->peer = STR("10.0.0.9");
	open_app(r);
	actors[SYSTEM] = (struct actor){ .kind = WHO_SYSTEM };
	r->city = place(r, "city", "36", NO_STR);
	struct str district = place(r, "district", "3601", r->city), sub = place(r, "subdistrict", "360102", district);

	r->north = place(r, "community", "n1", sub);
	r->south = place(r, "community", "s1", sub);
	r->gate = place(r, "spot", "g1", r->north);
	make_actor(KEEPER, "keeper", &roles[0], STR(""));
	make_actor(NORTH_KEEPER, "north_keeper", &roles[0], STR("36.3601.360102.n1."));
	make_actor(NORTH_DESK, "north_desk", &roles[1], STR("36.3601.360102.n1."));
	make_actor(SOUTH_DESK, "south_desk", &roles[1], STR("36.3601.360102.s1."));
	make_actor(GATE_DESK, "gate_desk", &roles[1], STR("36.3601.360102.n1.g1."));
	make_actor(STRANGER, "stranger", &roles[2], STR(""));
	*state = r;
	return 0;
}

int rig_close(void **state)
{
	struct rig *r = *state;

	app_close(r->app);
	testdb_drop(r->url);
	arena_free(r->a);
	free(r);
	return 0;
}

void rig_reopen(struct rig *r)
{
	app_close(r->app);
	open_app(r);
}

static struct str header(const struct request *rq, const char *name)
{
	const struct rig *r = rq->x;

	if (strcasecmp(name, "Authorization") == 0)
		return r->auth;
	if (strcasecmp(name, "Content-Type") == 0)
		return r->content_type;
	for (size_t i = 0; i < COUNT(r->extra) && r->extra[i][0].p; i++)
		if (strncasecmp(name, r->extra[i][0].p, r->extra[i][0].n) == 0 && strlen(name) == r->extra[i][0].n)
			return r->extra[i][1];
	return NO_STR;
}

static int call(struct rig *r, const struct actor *who, const char *method, const char *path, struct str body)
{
	struct request rq = {
		.method = str_of(method), .path = str_of(path), .body = body, .peer = r->peer, .header = header, .x = r
	};
	struct str rest = rq.path, first;
	struct json_error err;

	if (str_cut(&rest, '?', &first)) {
		rq.path = first;
		rq.query = rest;
	}
	struct response rs = who ? app_handle_as(r->app, r->a, who, &rq) : app_handle(r->app, r->a, &rq);

	r->status = rs.status;
	r->body = rs.body;
	r->answer = NULL;
	if (rs.body.n && json_parse(r->a, rs.body, 0, &r->answer, &err) != RC_OK)
		fail_msg("the answer is no JSON: " FMT_STR, ARG_STR(rs.body));
	return r->status;
}

int rig_call(struct rig *r, enum rig_actor who, const char *method, const char *path, const char *body)
{
	return call(r, &actors[who], method, path, str_of(body));
}

static struct str event_body;

int rig_post(struct rig *r, const char *body)
{
	event_body = str_of(body);
	return call(r, NULL, "POST", "/api/sensing/events", event_body);
}

struct str rig_text(struct rig *r, const char *key)
{
	struct str s = json_get_text(r->answer, key);

	return s.p ? arena_dup(r->a, s) : STR("?");
}

int64_t rig_int(struct rig *r, const char *key)
{
	return json_get_int(r->answer, key, -1);
}

const char *rig_fmt(struct rig *r, const char *fmt, ...)
{
	va_list ap;
	char *text = NULL;

	va_start(ap, fmt);
	assert_true(vasprintf(&text, fmt, ap) >= 0);
	va_end(ap);
	const char *kept = arena_dup(r->a, str_of(text)).p;

	free(text);
	return kept;
}

void rig_key(struct rig *r, struct str id)
{
	rig_call(r, KEEPER, "POST", rig_fmt(r, "/api/sensing/device/" FMT_STR "/key", ARG_STR(id)), NULL);
	CHECK_STATUS(r, 200);
	r->auth = str_of(rig_fmt(r, "Device " FMT_STR "." FMT_STR, ARG_STR(id), ARG_STR(rig_text(r, "key"))));
}

struct str rig_device(struct rig *r, const char *kind_word, const char *source, struct str at)
{
	bool camera = strcmp(kind_word, "camera") == 0;

	rig_call(r, KEEPER, "POST", "/api/sensing/device",
		 rig_fmt(r, "{\"name\":\"%s\",\"kind\":\"%s\",\"source\":\"%s\",\"place_id\":\"" FMT_STR "\"%s}",
			 source, kind_word, source, ARG_STR(at),
			 camera ? ",\"legal_basis\":\"PIPL 26\",\"sign_record\":\"S-1\",\"field_of_view\":\"the lobby\""
				: ""));
	CHECK_STATUS(r, 201);
	struct str id = rig_text(r, "id");

	rig_call(r, KEEPER, "POST", rig_fmt(r, "/api/sensing/device/" FMT_STR "/approve", ARG_STR(id)),
		 rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(at)));
	CHECK_STATUS(r, 200);
	rig_key(r, id);
	return id;
}

const char *rig_event(struct rig *r, const char *source, const char *id, const char *type, const char *data)
{
	return rig_fmt(r, "[{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"%s\",\"type\":\"%s\"%s%s}]", id, source,
		       type, data[0] ? ",\"data\":" : "", data);
}

void rig_counts(struct rig *r, int64_t accepted, int64_t duplicate, int64_t refused)
{
	if (rig_int(r, "accepted") != accepted || rig_int(r, "duplicate") != duplicate ||
	    rig_int(r, "refused") != refused)
		fprintf(stderr, FMT_STR "\n", ARG_STR(r->body));
	assert_int_equal(rig_int(r, "accepted"), accepted);
	assert_int_equal(rig_int(r, "duplicate"), duplicate);
	assert_int_equal(rig_int(r, "refused"), refused);
	assert_int_equal(r->status, refused ? 207 : 200);
}

static enum rc take_int(void *arg, const struct row *row)
{
	*(int64_t *)arg = row->v[0].kind == VAL_INT ? row->v[0].i : 0;
	return RC_OK;
}

int64_t rig_count(struct rig *r, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(conn_each(app_conn(r->app), sql, NO_ARGS, take_int, &n), RC_OK);
	return n;
}

void rig_pass(struct rig *r, int64_t span)
{
	for (int64_t end = r->now + span; r->now < end;) {
		int64_t step = end - r->now < 10 * SECOND ? end - r->now : 10 * SECOND;

		r->now += step;
		assert_int_equal(app_run_job(r->app, "sensing.flush"), RC_OK);
		assert_int_equal(app_run_job(r->app, "sensing.health"), RC_OK);
	}
}

int rig_run(const char *name, int (*group)(const char *name))
{
	int bad = 0;

	for (int k = 0; k < TESTDB_N; k++) {
		kind = (enum testdb_kind)k;
		if (kind == TESTDB_MEMORY || !testdb_has(kind))
			continue; /* restarts need a database that stays */
		char title[100];

		snprintf(title, sizeof(title), "%s, %s", name, testdb_name(kind));
		bad += group(title);
	}
	return bad;
}
