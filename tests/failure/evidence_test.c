/* A picture on its way: from a device or a recorder to the event, from the event
 * to the alert, before a person's eyes, to its end. */
#include "stage.h"

#include "app/frigate_link.h"
#include "domain/sensing/sensing.h"
#include "server/server.h"
#include "sys/file.h"
#include "sys/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PNG  "\x89PNG\r\n\x1a\n0123456789"
#define MP4  "1234ftypisom0123456789"
#define DESK "seat@" NORTH

static struct stage *open_stage(enum testdb_kind kind)
{
	static struct stage s;

	if (!testdb_has(kind))
		return NULL;
	stage_open(&s, kind, true);
	return &s;
}

/* ---- a device with a key ------------------------------------------------------------- */

static void speak_as(struct stage *s, const char *device, const char *key, const char *type)
{
	s->r.auth = device ? fmt(&s->r, "Device %s.%s", device, key) : NULL;
	s->r.type = type;
}

static void report(struct stage *s, const char *id)
{
	speak_as(s, stage_get(s, "door"), stage_get(s, "door_key"), "application/x-ndjson");
	call(&s->r, NULL, "POST", "/api/sensing/events",
	     fmt(&s->r,
		 "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"t/door\",\"type\":\"cn.jiuan.door.forced.v1\"}\n",
		 id),
	     200);
	speak_as(s, NULL, NULL, NULL);
}

static const char *show(struct stage *s, const char *query, const char *type, const char *body, int want)
{
	speak_as(s, stage_get(s, "door"), stage_get(s, "door_key"), type);
	call(&s->r, NULL, "POST", fmt(&s->r, "/api/sensing/evidence?%s", query), body, want);
	speak_as(s, NULL, NULL, NULL);
	return want < 300 ? text_at(&s->r, here(&s->r), "id") : "";
}

static void turned_away(struct stage *s, const char *query, const char *type, const char *body, int want,
			const char *code, const char *field)
{
	speak_as(s, stage_get(s, "door"), stage_get(s, "door_key"), type);
	refused(&s->r, NULL, "POST", fmt(&s->r, "/api/sensing/evidence?%s", query), body, want, code, field);
	speak_as(s, NULL, NULL, NULL);
}

static const struct json *the_case(struct stage *s, const char *who)
{
	call(&s->r, stage_actor(s, who), "GET", "/api/watch/alert?state=new", NULL, 200);
	stage_put(s, "a", text_at(&s->r, here(&s->r), "items.0.id"));
	stage_put(s, "a_number", text_at(&s->r, here(&s->r), "items.0.number"));
	return call(&s->r, stage_actor(s, who), "GET", stage_fill(s, "/api/watch/alert/$a/case"), NULL, 200);
}

static const char *file_url(struct rig *r, const char *id, const char *verb)
{
	return fmt(r, "/api/files/file/%s%s", id, verb);
}

static void from_device(struct stage *s)
{
	struct rig *r = &s->r;
	const char *before, *after;
	int64_t version;

	report(s, "e1");
	/* Before the rule has asked: nobody sees it. */
	before = show(s, "id=e1&kind=still&at=2026-03-12T01:07:40Z", "image/png", PNG, 201);
	refused(r, stage_actor(s, DESK), "POST", file_url(r, before, "/open"), "{\"reason\":\"curious\"}", 404,
		"not_found", "");
	refused(r, stage_actor(s, "admin@"), "GET", file_url(r, before, ""), NULL, 404, "not_found", "");
	stage_settle(s);
	the_case(s, DESK);
	assert_int_equal(at(here(r), "evidence.files")->n, 1);
	assert_string_equal(text_at(r, here(r), "evidence.files.0.id"), before);
	assert_string_equal(text_at(r, here(r), "evidence.files.0.class"), "P2");
	assert_string_equal(text_at(r, here(r), "evidence.files.0.at"), "2026-03-12T01:07:40Z");
	assert_string_equal(text_at(r, here(r), "evidence.files.0.delete_at"), "2026-03-19T01:07:41Z");
	assert_int_equal(at(here(r), "evidence.is_reason")->i, 1);
	version = int_at(here(r), "alert.version");
	/* After it: the case has it as well, and nobody's answer became stale. */
	r->now += MINUTE;
	after = show(s, "source=t/door&id=e1&kind=shared", "video/mp4", MP4, 201);
	stage_settle(s);
	the_case(s, DESK);
	assert_int_equal(at(here(r), "evidence.files")->n, 2);
	assert_string_equal(text_at(r, here(r), "evidence.files.1.id"), after);
	assert_string_equal(text_at(r, here(r), "evidence.files.1.class"), "P1");
	assert_int_equal(int_at(here(r), "alert.version"), version);
	call(r, stage_actor(s, DESK), "GET", stage_fill(s, "/api/watch/alert/$a/timeline"), NULL, 200);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_timeline WHERE what = 'evidence'"), 2);
	assert_int_equal(count(r, "SELECT count(*) FROM core_outbox WHERE topic = 'watch.alert.evidence'"), 2);
}

static void from_device_opened(struct stage *s)
{
	struct rig *r = &s->r;
	const char *id, *url;

	report(s, "e1");
	id = show(s, "id=e1&kind=still", "image/png", PNG, 201);
	stage_settle(s);
	the_case(s, DESK);
	/* The case waits for whoever is at the desk: its number is the reason. */
	call(r, stage_actor(s, DESK), "POST", file_url(r, id, "/open"), "{}", 200);
	url = text_at(r, here(r), "url");
	assert_int_equal(count(r, stage_fill(s, "SELECT count(*) FROM core_look WHERE reason = '$a_number' AND entity ="
						" 'files.file'")),
			 1);
	call(r, stage_actor(s, DESK), "GET", url, NULL, 200);
	assert_string_equal(r->last.type, "image/png");
	/* Not at another place, not for who only reads figures without a reason. */
	refused(r, stage_actor(s, "seat@" SOUTH), "POST", file_url(r, id, "/open"), "{\"reason\":\"curious\"}", 404,
		"not_found", "");
	refused(r, stage_actor(s, "office@" NORTH), "POST", file_url(r, id, "/open"), "{}", 400, "required", "reason");
	refused(r, stage_actor(s, "worker"), "POST", file_url(r, id, "/open"), "{\"reason\":\"curious\"}", 404,
		"not_found", "");
	/* Taken by one, it waits for him alone; closed, for nobody. */
	call(r, rig_actor(r, "eve", DESK, NULL), "POST", stage_fill(s, "/api/watch/alert/$a/ack"), "{}", 200);
	refused(r, rig_actor(r, "bob", DESK, NULL), "POST", file_url(r, id, "/open"), "{}", 400, "required", "reason");
	call(r, rig_actor(r, "eve", DESK, NULL), "POST", file_url(r, id, "/open"), "{}", 200);
	call(r, rig_actor(r, "eve", DESK, NULL), "POST", stage_fill(s, "/api/watch/alert/$a/close"),
	     "{\"outcome\":\"false\",\"outcome_note\":\"wind\"}", 200);
	refused(r, rig_actor(r, "eve", DESK, NULL), "POST", file_url(r, id, "/open"), "{}", 400, "required", "reason");
	call(r, rig_actor(r, "eve", DESK, NULL), "POST", file_url(r, id, "/open"),
	     "{\"reason\":\"police asked, 110-7\"}", 200);
}

static void clocks(struct stage *s)
{
	struct rig *r = &s->r;

	report(s, "e1");
	show(s, "id=e1&kind=still", "image/png", PNG, 201);
	stage_settle(s);
	r->now += MINUTE;
	/* An event that led to nothing. */
	speak_as(s, stage_get(s, "door"), stage_get(s, "door_key"), "application/x-ndjson");
	call(r, NULL, "POST", "/api/sensing/events",
	     "{\"specversion\":\"1.0\",\"id\":\"e2\",\"source\":\"t/door\",\"type\":\"cn.jiuan.door.closed.v1\"}\n",
	     200);
	show(s, "id=e2&kind=still", "image/png", PNG "x", 201);
	stage_settle(s);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 2);
	r->now += 24 * HOUR;
	assert_int_equal(app_run_job(r->app, "files.purge"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 1);
	r->now += 6 * DAY - MINUTE - 1;
	assert_int_equal(app_run_job(r->app, "files.purge"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 1);
	r->now += 1;
	assert_int_equal(app_run_job(r->app, "files.purge"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 0);
	assert_int_equal(count(r, "SELECT count(*) FROM files_link"), 0);
	the_case(s, DESK);
	assert_int_equal(at(here(r), "evidence.files")->n, 0);
}

static void wrong_ones(struct stage *s)
{
	struct rig *r = &s->r;
	const char *id;

	report(s, "e1");
	turned_away(s, "id=e1", "image/png", PNG, 400, "required", "kind");
	turned_away(s, "id=e1&kind=photo", "image/png", PNG, 400, "unknown_word", "kind");
	turned_away(s, "kind=still", "image/png", PNG, 400, "required", "id");
	turned_away(s, "id=e1&kind=still", NULL, PNG, 400, "content_type", "Content-Type");
	turned_away(s, "id=e1&kind=still", "video/mp4", MP4, 400, "content_type", "Content-Type");
	turned_away(s, "id=e1&kind=clip", "image/png", PNG, 400, "content_type", "Content-Type");
	turned_away(s, "id=e1&kind=still", "image/jpeg", PNG, 400, "media_type", "Content-Type");
	turned_away(s, "id=e1&kind=still", "image/svg+xml", "<svg xmlns='x'/>", 400, "media_type", "Content-Type");
	turned_away(s, "id=e1&kind=still&at=noon", "image/png", PNG, 400, "bad_time", "at");
	turned_away(s, "id=e9&kind=still", "image/png", PNG, 404, "unknown_event", "id");
	turned_away(s, "source=t/other&id=e1&kind=still", "image/png", PNG, 403, "not_your_source", "source");
	speak_as(s, stage_get(s, "door"), "wrong", "image/png");
	refused(r, NULL, "POST", "/api/sensing/evidence?id=e1&kind=still", PNG, 401, "bad_device_key", "Authorization");
	speak_as(s, NULL, NULL, NULL);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 0);
	/* The same twice is once; four different ones of an event, no fifth. */
	id = show(s, "id=e1&kind=still", "image/png", PNG, 201);
	assert_string_equal(show(s, "id=e1&kind=still", "image/png", PNG, 200), id);
	assert_int_equal(at(here(r), "duplicate")->i, 1);
	for (int i = 1; i < SENSING_EVIDENCE_EACH; i++)
		show(s, "id=e1&kind=still", "image/png", fmt(r, PNG "%d", i), 201);
	turned_away(s, "id=e1&kind=still", "image/png", PNG "9", 413, "too_many", "id");
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), SENSING_EVIDENCE_EACH);
	/* A full disk at every step: 503, nothing half done, the next one is fine. */
	report(s, "e2");
	for (int n = 1;; n++) {
		speak_as(s, stage_get(s, "door"), stage_get(s, "door_key"), "image/png");
		file_fail_at(n);
		int status = asked(r, NULL, "POST", "/api/sensing/evidence?id=e2&kind=still", PNG);

		file_fail_at(0);
		if (status == 201)
			break;
		assert_int_equal(status, 503);
		assert_int_equal(count(r, "SELECT count(*) FROM files_file"), SENSING_EVIDENCE_EACH);
		assert_true(n < 20);
	}
	speak_as(s, NULL, NULL, NULL);
	/* One byte more than a picture may have. */
	char *big = mem_new(SENSING_EVIDENCE_MOST + 2);

	memset(big, 'x', SENSING_EVIDENCE_MOST + 1);
	memcpy(big, PNG, 8);
	turned_away(s, "id=e2&kind=shared", "image/png", big, 413, "too_large", "");
	big[SENSING_EVIDENCE_MOST] = '\0';
	show(s, "id=e2&kind=shared", "image/png", big, 201);
	free(big);
	/* Retired in between. */
	stage_do(s, "/api/sensing/device/$door/retire", "{}", 200);
	speak_as(s, stage_get(s, "door"), stage_get(s, "door_key"), "image/png");
	refused(r, NULL, "POST", "/api/sensing/evidence?id=e1&kind=still", PNG, 401, "bad_device_key", "Authorization");
}

/* ---- a recorder beside us ---------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	int stills, clips;
	unsigned status; /* of what is asked */
	char path[200];
} recorder = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void frigate(void *arg, struct http_exchange *x)
{
	struct str path = http_path(x);
	bool clip = str_ends(path, "/clip.mp4"), still = str_ends(path, "/snapshot.jpg");

	(void)arg;
	pthread_mutex_lock(&recorder.lock);
	recorder.stills += still;
	recorder.clips += clip;
	if (still || clip)
		snprintf(recorder.path, sizeof(recorder.path), FMT_STR, ARG_STR(path));
	if (recorder.status != 200)
		http_problem(x, recorder.status, "no", NULL);
	else if (clip)
		http_reply(x, 200, NULL, 0, STR(MP4));
	else
		http_reply(x, 200, NULL, 0, still ? STR("\xff\xd8\xff\xe0 0123456789") : STR("[]"));
	pthread_mutex_unlock(&recorder.lock);
}

static enum rc see_bike(struct ctx *c, void *arg)
{
	struct stage *s = arg;
	struct str gateway;
	struct sensing_verdict v;

	TRY(sensing_gateway(c, STR("frigate"), STR("frigate"), str_of(stage_get(s, "north")), &gateway));
	const struct sensing_input in = {
		.gateway_id = gateway,
		.source = STR("frigate/lift"),
		.id = STR("1.5-ab/new/lift"),
		.type = STR("cn.jiuan.camera.object.v1"),
		.data = STR("{\"object_id\":\"1.5-ab\",\"phase\":\"new\",\"label\":\"motorcycle\",\"zone\":\"lift\","
			    "\"score\":0.9,\"has_snapshot\":true,\"has_clip\":true}")
	};

	TRY(sensing_append(c, &in, 1, &v));
	return v.word == SENSING_ACCEPTED ? RC_OK : FAIL(c, RC_BUG, v.code, NO_STR, "refused");
}

static void bike_rule(struct stage *s)
{
	struct rig *r = &s->r;

	stage_make(s, "lift", "/api/sensing/device",
		   "{\"name\":\"Lift\",\"kind\":\"camera\",\"source\":\"frigate/lift\",\"place_id\":\"$building\","
		   "\"legal_basis\":\"PIPL 26\",\"sign_record\":\"S-1\",\"field_of_view\":\"the lobby\"}");
	stage_do(s, "/api/sensing/device/$lift/approve", "{\"place_id\":\"$building\"}", 200);
	stage_make(s, "bikes", "/api/watch/rule",
		   "{\"name\":\"Bikes\",\"template\":\"e-bike-inside\",\"place_id\":\"$north\"}");
	stage_do(s, "/api/watch/rule/$bikes/backtest", "{\"days\":7}", 200);
	stage_put(s, "bt", text_at(r, here(r), "id"));
	stage_do(s, "/api/watch/rule/$bikes/switch_on", "{\"backtest_id\":\"$bt\"}", 200);
	stage_settle(s);
}

struct wanting {
	struct sensing_wanted w[10];
	size_t n;
	struct arena *a;
};

static enum rc list_wanted(struct ctx *c, void *arg)
{
	struct wanting *w = arg;
	struct str gateway;

	TRY(db_text(c, "SELECT id FROM sensing_device WHERE source = 'frigate'", NO_ARGS, &gateway));
	TRY(sensing_wants(c, gateway, COUNT(w->w), w->w, &w->n));
	for (size_t i = 0; i < w->n; i++) {
		w->w[i].object = arena_dup(w->a, w->w[i].object);
		w->w[i].place_path = arena_dup(w->a, w->w[i].place_path);
	}
	return RC_OK;
}

static enum rc not_had(struct ctx *c, void *arg)
{
	return sensing_got(c, arg, NULL, "missing");
}

static size_t wanted(struct stage *s, struct wanting *w)
{
	w->a = s->r.arena;
	assert_int_equal(app_unit(s->r.app, list_wanted, w), RC_OK);
	return w->n;
}

/* What is asked for, when again, when no more. */
static void wants(struct stage *s)
{
	struct rig *r = &s->r;
	struct wanting w = { .n = 0 };
	int tries = 0;

	bike_rule(s);
	assert_int_equal(app_unit(r->app, see_bike, s), RC_OK);
	stage_settle(s);
	assert_int_equal(wanted(s, &w), 1);
	assert_int_equal(w.w[0].kind, FILES_STILL);
	the_case(s, DESK);
	assert_int_equal(at(here(r), "evidence.missing")->n, 2);
	assert_string_equal(text_at(r, here(r), "evidence.missing.0.state"), "wanted");
	r->now += SENSING_CLIP_WAIT_S * SECOND - 1;
	assert_int_equal(wanted(s, &w), 1);
	r->now += 1;
	assert_int_equal(wanted(s, &w), 2);
	for (; tries < 20; tries++) {
		if (wanted(s, &w) == 0 && count(r, "SELECT count(*) FROM sensing_want WHERE state = 'wanted'") == 0)
			break;
		for (size_t i = 0; i < w.n; i++)
			assert_int_equal(app_unit(r->app, not_had, &w.w[i]), RC_OK);
		assert_int_equal(wanted(s, &w), 0);
		r->now += 31 * MINUTE;
	}
	assert_int_equal(tries, SENSING_WANT_TRIES);
	stage_settle(s);
	assert_int_equal(count(r, "SELECT count(*) FROM watch_timeline WHERE what = 'evidence_missing'"), 2);
	the_case(s, DESK);
	assert_string_equal(text_at(r, here(r), "evidence.missing.0.state"), "failed");
	assert_string_equal(text_at(r, here(r), "evidence.missing.0.reason"), "missing");
	r->now += 8 * DAY;
	assert_int_equal(app_run_job(r->app, "sensing.evidence"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM sensing_want"), 0);
}

/* As in a running server: its threads and the link's share one writer. */
static void run_link(struct stage *s, const struct frigate_link_config *c, const int *until)
{
	struct server_options so = { .bind = "127.0.0.1", .workers = 1 };
	struct frigate_link *link;
	struct server *server;

	assert_int_equal(server_start(s->r.app, &so, &server), RC_OK);
	assert_int_equal(frigate_link_app(s->r.app, STR(NORTH), c, &link), RC_OK);
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&recorder.lock);
		bool done = *until > 0;

		pthread_mutex_unlock(&recorder.lock);
		if (done)
			break;
		usleep(20000);
	}
	frigate_link_close(link); /* what it has begun it ends */
	server_stop(server);
}

/* Through HTTP: down at first, then it answers. */
static void fetched(struct stage *s)
{
	struct rig *r = &s->r;
	struct http_config hc = { .handler = frigate };
	struct http_server *http;
	char error[200] = "";

	bike_rule(s);
	recorder.stills = recorder.clips = 0;
	recorder.status = 503;
	assert_int_equal(http_server_start(&hc, &http, error), RC_OK);
	struct frigate_link_config c = { .host = "127.0.0.1",
					 .port = 1, /* no broker: none is needed for this */
					 .max_backoff_s = 1,
					 .clock = clock_fixed(&r->now),
					 .http_url = fmt(r, "http://127.0.0.1:%u", http_server_port(http)) };

	assert_int_equal(app_unit(r->app, see_bike, s), RC_OK);
	stage_settle(s);
	run_link(s, &c, &recorder.stills);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 0);
	assert_int_equal(count(r, "SELECT tries FROM sensing_want WHERE kind = 'still'"), 1);
	assert_int_equal(count(r, "SELECT tries FROM sensing_want WHERE kind = 'clip'"), 0);
	r->now += MINUTE;
	recorder.status = 200;
	run_link(s, &c, &recorder.clips);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file WHERE class = 'P2'"), 2);
	assert_string_equal(recorder.path, "/api/events/1.5-ab/clip.mp4");
	stage_settle(s);
	the_case(s, DESK);
	assert_int_equal(at(here(r), "evidence.files")->n, 2);
	assert_int_equal(at(here(r), "evidence.missing")->n, 0);
	assert_string_equal(text_at(r, here(r), "evidence.files.0.media_type"), "image/jpeg");
	assert_string_equal(text_at(r, here(r), "evidence.files.1.kind"), "clip");
	http_server_stop(http, SECOND);
}

static void on(enum testdb_kind a, void (*test)(struct stage *s))
{
	const enum testdb_kind kinds[] = { a, TESTDB_PG };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct stage *s = open_stage(kinds[i]);

		if (s == NULL)
			continue;
		test(s);
		stage_close(s);
	}
}
#define TEST(name, kind)                     \
	static void run_##name(void **state) \
	{                                    \
		(void)state;                 \
		on(kind, name);              \
	}
TEST(from_device, TESTDB_MEMORY)
TEST(from_device_opened, TESTDB_MEMORY)
TEST(clocks, TESTDB_MEMORY)
TEST(wrong_ones, TESTDB_MEMORY)
TEST(wants, TESTDB_MEMORY)
TEST(fetched, TESTDB_FILE)

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(run_from_device), cmocka_unit_test(run_from_device_opened),
					    cmocka_unit_test(run_clocks),      cmocka_unit_test(run_wrong_ones),
					    cmocka_unit_test(run_wants),       cmocka_unit_test(run_fetched) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
