#include "watch_rig.h"

#include "files/files.h"
#include "testdb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const desk_perms[] = { "watch.alert.*", "watch.rule.read", "watch.silence.*", "watch.welfare.read",
					  NULL };
static const char *const ruler_perms[] = { "watch.*", NULL };
static const char *const care_perms[] = { "watch.welfare.*", NULL };
static const char *const none_perms[] = { NULL };
static const struct role roles[] = {
	{ "desk", desk_perms }, { "ruler", ruler_perms }, { "care", care_perms }, { "none", none_perms }, { 0 }
};
static const struct module *const modules[] = { &files_module,   &places_module, &people_module,
						&sensing_module, &watch_module,  NULL };

static enum testdb_kind kind;
static struct grant grants[WHO_N];
static struct actor actors[WHO_N];

static void make_actor(enum who i, const char *id, const char *name, const struct role *role, const char *path)
{
	grants[i] =
		(struct grant){ .role = role, .post_id = STR("post"), .place_id = STR("place"), .path = str_of(path) };
	actors[i] = (struct actor){
		.kind = WHO_PERSON, .id = str_of(id), .name = str_of(name), .grants = &grants[i], .n_grants = 1
	};
}

void rig_app(struct rig *r)
{
	struct app_options o = { .url = r->url, .modules = modules, .roles = roles, .clock = clock_fixed(&r->now) };

	assert_int_equal(app_open(&o, &r->app), RC_OK);
}

const char *rig_fmt(struct rig *r, const char *fmt, ...)
{
	char text[8192];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return arena_z(r->a, str_of(text));
}

/* ---- asking ------------------------------------------------------------------ */

static struct str header(const struct request *rq, const char *name)
{
	const struct rig *r = rq->x;

	return strcmp(name, "If-Match") == 0 ? str_of(r->match) : NO_STR;
}

int rig_call(struct rig *r, enum who who, const char *method, const char *path, const char *body)
{
	struct request rq = { .method = str_of(method),
			      .path = str_of(path),
			      .body = str_of(body),
			      .peer = STR("10.0.0.9"),
			      .header = header,
			      .x = r };
	struct str rest = rq.path;
	struct json_error err;

	if (strchr(path, '?') && str_cut(&rest, '?', &rq.path))
		rq.query = rest;
	struct response rs = app_handle_as(r->app, r->a, &actors[who], &rq);

	r->status = rs.status;
	r->body = rs.body;
	r->answer = NULL;
	if (rs.body.n && json_parse(r->a, rs.body, 0, &r->answer, &err) != RC_OK)
		fail_msg("%s %s: not JSON: %.*s", method, path, ARG_STR(rs.body));
	return rs.status;
}

/* "alert.state" looks into a map, "items.0.id" into a list. */
static const struct json *find(struct rig *r, const char *key)
{
	const struct json *j = r->answer;
	struct str rest = str_of(key), part;

	while (j && str_cut(&rest, '.', &part)) {
		int64_t n;

		if (j->kind == J_LIST && str_int(part, &n) == RC_OK) {
			j = j->child;
			while (n-- > 0 && j)
				j = j->next;
		} else {
			j = json_get(j, arena_z(r->a, part));
		}
	}
	return j;
}

struct str rig_text(struct rig *r, const char *key)
{
	const struct json *j = find(r, key);

	return j && j->kind == J_TEXT ? j->text : STR("");
}

void rig_check(struct rig *r, int want, const char *file, int line)
{
	if (r->status != want)
		fprintf(stderr, "%s:%d: %d " FMT_STR "\n", file, line, r->status, ARG_STR(r->body));
	assert_int_equal(r->status, want);
}

void rig_check_text(struct rig *r, const char *key, const char *want, const char *file, int line)
{
	struct str got = rig_text(r, key);

	if (!str_is(got, want))
		fprintf(stderr, "%s:%d: %s in " FMT_STR "\n", file, line, key, ARG_STR(r->body));
	assert_string_equal(arena_z(r->a, got), want);
}

int64_t rig_int(struct rig *r, const char *key)
{
	const struct json *j = find(r, key);

	if (j && (j->kind == J_LIST || j->kind == J_MAP))
		return j->n;
	return j && (j->kind == J_INT || j->kind == J_BOOL) ? j->i : -1;
}

static enum rc take_count(void *arg, const struct row *row)
{
	*(int64_t *)arg = row->v[0].kind == VAL_NULL ? 0 : row->v[0].i;
	return RC_OK;
}

int64_t rig_count(struct rig *r, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(conn_each(app_conn(r->app), sql, NO_ARGS, take_count, &n), RC_OK);
	return n;
}

void rig_sql(struct rig *r, const char *sql)
{
	assert_int_equal(conn_run(app_conn(r->app), sql, NO_ARGS, NULL), RC_OK);
}

/* ---- the world ------------------------------------------------------------------ */

static struct str place(struct rig *r, const char *kind_word, const char *code, struct str parent)
{
	CHECK(r, SYSTEM, "POST", "/api/places/place",
	      rig_fmt(r, "{\"kind\":\"%s\",\"code\":\"%s\",\"name\":\"%s\"%s" FMT_STR "%s}", kind_word, code, code,
		      parent.p ? ",\"parent_id\":\"" : "", ARG_STR(parent), parent.p ? "\"" : ""),
	      201);
	return rig_text(r, "id");
}

static struct str device(struct rig *r, const char *kind_word, const char *source, struct str at)
{
	CHECK(r, SYSTEM, "POST", "/api/sensing/device",
	      rig_fmt(r,
		      "{\"name\":\"%s\",\"kind\":\"%s\",\"source\":\"%s\",\"place_id\":\"" FMT_STR
		      "\",\"heartbeat_s\":0,"
		      "\"legal_basis\":\"law\",\"sign_record\":\"sign\",\"field_of_view\":\"the lobby\"}",
		      source, kind_word, source, ARG_STR(at)),
	      201);
	struct str id = rig_text(r, "id");

	CHECK(r, SYSTEM, "POST", rig_fmt(r, "/api/sensing/device/" FMT_STR "/approve", ARG_STR(id)),
	      rig_fmt(r, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(at)), 200);
	return id;
}

void rig_setup(struct rig *r, const char *url)
{
	*r = (struct rig){ .url = url,
			   .now = 1773277200 * SECOND,
			   .a = arena_new((size_t)1 << 30) }; /* 2026-03-12T01:00:00Z */
	actors[SYSTEM] = (struct actor){ .kind = WHO_SYSTEM };
	rig_app(r);
	struct str city = place(r, "city", "36", NO_STR), district = place(r, "district", "3601", city);
	struct str sub = place(r, "subdistrict", "360102", district);

	r->north = place(r, "community", "n1", sub);
	r->south = place(r, "community", "s1", sub);
	r->building = place(r, "building", "3", r->north);
	struct str unit = place(r, "unit", "2", r->building);

	r->dwelling = place(r, "dwelling", "501", unit);
	r->facade = place(r, "building", "7", r->north);
	r->gate = place(r, "spot", "g1", r->north);
	CHECK(r, SYSTEM, "POST", "/api/people/person",
	      rig_fmt(r, "{\"name\":\"Old Li\",\"place_id\":\"" FMT_STR "\"}", ARG_STR(r->dwelling)), 201);
	r->elder = rig_text(r, "id");
	for (int i = 0; i < 3; i++)
		r->camera[i] = device(r, "camera", rig_fmt(r, "jiuan/cam%d", i), r->facade);
	r->door = device(r, "door", "jiuan/door", r->dwelling);
	r->meter = device(r, "meter", "jiuan/meter", r->dwelling);
	r->lane = device(r, "lens", "jiuan/lane", r->gate);
	make_actor(ANN, "ann", "Ann", &roles[0], "36.3601.360102.n1.");
	make_actor(BOB, "bob", "Bob", &roles[0], "36.3601.360102.n1.");
	make_actor(SOUTH, "south", "South", &roles[0], "36.3601.360102.s1.");
	make_actor(CITY, "city", "City", &roles[0], "36.");
	make_actor(CHILD, "child", "Child", &roles[0], "36.3601.360102.n1.3.");
	make_actor(RULER, "ruler", "Ruler", &roles[1], "36.3601.360102.n1.");
	make_actor(CARE, "care", "Care", &roles[2], "36.3601.360102.n1.");
	make_actor(NONE, "none", "None", &roles[3], "");
	make_actor(ELDER, arena_z(r->a, r->elder), "", &roles[3], "");
}

int rig_open(void **state)
{
	struct rig *r = mem_new(sizeof(*r));

	rig_setup(r, testdb_url(kind));
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

/* ---- time and events ------------------------------------------------------------- */

struct sending {
	struct sensing_input in;
	struct sensing_verdict verdict;
};

static enum rc append(struct ctx *c, void *arg)
{
	struct sending *s = arg;

	return sensing_append(c, &s->in, 1, &s->verdict);
}

static const char *source_of(const struct rig *r, struct str device_id)
{
	static const char *const cams[] = { "jiuan/cam0", "jiuan/cam1", "jiuan/cam2" };

	for (int i = 0; i < 3; i++)
		if (str_eq(device_id, r->camera[i]))
			return cams[i];
	return str_eq(device_id, r->door) ? "jiuan/door" : str_eq(device_id, r->meter) ? "jiuan/meter" : "jiuan/lane";
}

void rig_event(struct rig *r, struct str device_id, const char *type, const char *data)
{
	struct sending s = { .in = { .source = str_of(source_of(r, device_id)),
				     .id = str_of(rig_fmt(r, "e%lld", (long long)++r->n)),
				     .type = str_of(type),
				     .at = r->now,
				     .data = data[0] ? str_of(data) : NO_STR } };

	assert_int_equal(app_unit(r->app, append, &s), RC_OK);
	if (s.verdict.word != SENSING_ACCEPTED)
		fail_msg("event refused: %s", s.verdict.code ? s.verdict.code : "duplicate");
}

void rig_run(struct rig *r)
{
	assert_int_equal(app_run_job(r->app, "watch.evaluate"), RC_OK);
	assert_int_equal(app_run_job(r->app, "watch.escalate"), RC_OK);
	assert_int_equal(app_settle(r->app), RC_OK);
}

void rig_pass(struct rig *r, int64_t span, int64_t step)
{
	int64_t end = r->now + span;

	while (r->now < end) {
		r->now = r->now + step < end ? r->now + step : end;
		rig_run(r);
	}
}

static enum rc seed(struct ctx *c, void *arg)
{
	struct rig *r = arg;

	return watch_seed_rules(c, r->north);
}

void rig_seed(struct rig *r)
{
	assert_int_equal(app_unit(r->app, seed, r), RC_OK);
	rig_run(r);
}

struct str rig_rule(struct rig *r, const char *definition)
{
	CHECK(r, RULER, "POST", "/api/watch/rule",
	      rig_fmt(r, "{\"name\":\"test rule\",\"place_id\":\"" FMT_STR "\",\"definition\":%s}", ARG_STR(r->north),
		      definition),
	      201);
	struct str id = rig_text(r, "id");

	CHECK(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/backtest", ARG_STR(id)), "{\"days\":7}", 200);
	struct str test = rig_text(r, "id");

	CHECK(r, RULER, "POST", rig_fmt(r, "/api/watch/rule/" FMT_STR "/switch_on", ARG_STR(id)),
	      rig_fmt(r, "{\"backtest_id\":\"" FMT_STR "\"}", ARG_STR(test)), 200);
	rig_run(r);
	return id;
}

struct str rig_alert(struct rig *r, const char *kind_word)
{
	CHECK(r, SYSTEM, "GET", rig_fmt(r, "/api/watch/alert?sort=-id&kind=%s", kind_word), NULL, 200);
	struct str id = rig_text(r, "items.0.id");

	if (id.n == 0)
		fail_msg("no alert of kind %s", kind_word);
	CHECK(r, SYSTEM, "GET", rig_fmt(r, "/api/watch/alert/" FMT_STR, ARG_STR(id)), NULL, 200);
	return id;
}

struct str rig_welfare(struct rig *r, int hours)
{
	CHECK(r, CARE, "POST", "/api/watch/welfare",
	      rig_fmt(r,
		      "{\"dwelling_id\":\"" FMT_STR "\",\"person_id\":\"" FMT_STR
		      "\",\"hours\":%d,\"sources\":[\"" FMT_STR "\"],\"consent_text_version\":\"v1\"}",
		      ARG_STR(r->dwelling), ARG_STR(r->elder), hours, ARG_STR(r->door)),
	      201);
	struct str id = rig_text(r, "id");

	rig_run(r);
	r->now += SECOND; /* what is seen is seen after the consent */
	return id;
}

int rig_run_all(const char *name, int (*group)(const char *name))
{
	int failed = 0;

	for (kind = TESTDB_MEMORY; kind <= TESTDB_PG; kind++) {
		if (kind == TESTDB_FILE || !testdb_has(kind))
			continue;
		char text[64];

		snprintf(text, sizeof(text), "%s on %s", name, testdb_name(kind));
		failed += group(text);
	}
	return failed;
}
