#include "world.h"

#include "app/demo.h"
#include "app/demo_inner.h"
#include "domain/access/access.h"
#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SESSION_FOR (10 * MINUTE)

/* ---- open and close ----------------------------------------------------------- */

static bool read_key(struct world *w)
{
	struct str key;
	const char *file = arena_fmt(w->arena, "%s/" DEMO_KEY_FILE, w->folder).p;

	if (file_read(w->arena, file, 200, &key) != RC_OK)
		return false;
	key = str_trim(key);
	snprintf(w->auth, sizeof(w->auth), "Device " FMT_STR, ARG_STR(key));
	return true;
}

/* The machine runs on as the clock is moved. */
static enum rc set_uptime(struct ctx *c, void *arg)
{
	access_set_uptime(c, clock_fixed(arg));
	return RC_OK;
}

bool world_open(struct world *w, const char *url, int64_t start)
{
	*w = (struct world){
		.url = url, .now = start, .slow_at = start, .beat_at = start, .arena = arena_new((size_t)1 << 30)
	};
	struct app_options o = {
		.url = url, .modules = app_modules, .roles = app_roles, .clock = clock_fixed(&w->now), .demo = true
	};

	snprintf(w->folder, sizeof(w->folder), "/tmp/jiuan-world-XXXXXX");
	if (mkdtemp(w->folder) == NULL || app_open(&o, &w->app) != RC_OK) {
		fprintf(stderr, "the app does not open\n");
		return false;
	}
	if (app_unit(w->app, set_uptime, &w->now) != RC_OK || demo_seed(w->app, w->folder) != RC_OK || !read_key(w) ||
	    app_settle(w->app) != RC_OK) {
		fprintf(stderr, "no seed\n");
		return false;
	}
	return world_pass(w, 0);
}

static enum rc without_gates(struct ctx *c, void *arg)
{
	(void)arg;
	TRY(db_run(c, "DELETE FROM access_lane", NO_ARGS, NULL));
	TRY(db_run(c, "DELETE FROM access_door", NO_ARGS, NULL));
	return db_run(c, "DELETE FROM access_group", NO_ARGS, NULL);
}

bool world_without_gates(struct world *w)
{
	return app_unit(w->app, without_gates, NULL) == RC_OK;
}

void world_close(struct world *w)
{
	char file[128];

	app_close(w->app);
	arena_free(w->arena);
	snprintf(file, sizeof(file), "%s/" DEMO_KEY_FILE, w->folder);
	unlink(file);
	rmdir(w->folder);
}

/* ---- requests -------------------------------------------------------------------- */

struct headers {
	struct str cookie, auth, type;
};

static struct str header(const struct request *rq, const char *name)
{
	const struct headers *h = rq->x;

	if (strcasecmp(name, "Cookie") == 0)
		return h->cookie;
	if (strcasecmp(name, "Authorization") == 0)
		return h->auth;
	return strcasecmp(name, "Content-Type") == 0 ? h->type : NO_STR;
}

static int call(struct world *w, const struct actor *who, const struct headers *h, struct str method, struct str path,
		struct str body)
{
	struct request rq = {
		.method = method, .path = path, .body = body, .peer = STR("127.0.0.1"), .header = header, .x = h
	};
	struct str rest = path;
	struct json_error err;
	struct json *j = NULL;

	(void)str_cut(&rest, '?', &rq.path);
	rq.query = rest;
	w->last = who ? app_handle_as(w->app, w->arena, who, &rq) : app_handle(w->app, w->arena, &rq);
	w->answer = w->last.body.n && json_parse(w->arena, w->last.body, 0, &j, &err) == RC_OK ? j : NULL;
	return w->last.status;
}

static struct str cookie_of(struct world *w)
{
	for (size_t i = 0; i < w->last.n_headers; i++) {
		struct str rest = w->last.header[i].value, first;

		if (strcmp(w->last.header[i].name, "Set-Cookie") == 0 && str_starts(rest, "jiuan_session=") &&
		    str_cut(&rest, ';', &first))
			return arena_dup(w->arena, first);
	}
	return NO_STR;
}

static struct str sign_in(struct world *w, const char *login)
{
	struct headers h = { 0 };
	size_t i = 0;

	while (i + 1 < WORLD_PEOPLE && w->people[i].login.p && !str_is(w->people[i].login, login))
		i++;
	if (w->people[i].cookie.p == NULL || w->now - w->people[i].used_at > SESSION_FOR) {
		struct str body = arena_fmt(w->arena, "{\"login\":\"%s\",\"password\":\"" DEMO_PASSWORD "\"}", login);

		if (call(w, NULL, &h, STR("POST"), STR("/api/session"), body) != 200)
			fprintf(stderr, "%s can't sign in: " FMT_STR "\n", login, ARG_STR(w->last.body));
		w->people[i].login = str_of(login);
		w->people[i].cookie = cookie_of(w);
	}
	w->people[i].used_at = w->now;
	return w->people[i].cookie;
}

int world_ask(struct world *w, const char *login, struct str method, struct str path, struct str body)
{
	static const struct actor system = { .kind = WHO_SYSTEM };
	struct headers h = { .cookie = login ? sign_in(w, login) : NO_STR, .type = STR("application/json") };

	call(w, login ? NULL : &system, &h, method, path, body);
	return app_settle(w->app) == RC_OK ? w->last.status : 0;
}

int world_device(struct world *w, struct str auth, struct str method, struct str path, struct str body)
{
	struct headers h = { .auth = auth, .type = STR("application/json") };

	call(w, NULL, &h, method, path, body);
	return app_settle(w->app) == RC_OK ? w->last.status : 0;
}

int world_tell(struct world *w, struct str lines)
{
	struct headers h = { .auth = str_of(w->auth), .type = STR("application/x-ndjson") };

	call(w, NULL, &h, STR("POST"), STR("/api/sensing/events"), lines);
	return app_settle(w->app) == RC_OK ? w->last.status : 0;
}

/* ---- time ---------------------------------------------------------------------------- */

static bool run(struct world *w, const char *job)
{
	enum rc rc = app_run_job(w->app, job);

	if (rc != RC_OK)
		fprintf(stderr, "job %s: %d\n", job, (int)rc);
	return rc == RC_OK;
}

static bool beat(struct world *w)
{
	struct arena *a = arena_new(4 << 20);
	struct buf b = buf_new(a, 2 << 20);
	char at[TIME_TEXT];

	for (size_t i = 0; i < n_demo_devices; i++)
		if (demo_devices[i].does != DEMO_SILENT)
			buf_fmt(&b,
				"{\"specversion\":\"1.0\",\"id\":\"beat-%lld\",\"source\":\"%s\",\"type\":"
				"\"cn.jiuan.device.heartbeat.v1\",\"time\":\"" FMT_STR "\",\"data\":{}}\n",
				(long long)++w->beats, demo_devices[i].source, ARG_STR(time_text(w->now, at)));
	bool ok = world_tell(w, buf_str(&b)) == 200;

	arena_free(a);
	w->beat_at = w->now + MINUTE;
	return ok;
}

bool world_pass(struct world *w, int64_t span)
{
	int64_t end = w->now + span;
	bool ok = true;

	do {
		w->now = end - w->now > 10 * SECOND ? w->now + 10 * SECOND : end;
		if (w->alive && w->now >= w->beat_at)
			ok = ok && beat(w);
		if (w->now >= w->slow_at) {
			ok = ok && run(w, "sensing.flush") && run(w, "sensing.health") && run(w, "places.orders") &&
			     run(w, "access.end") && run(w, "access.held");
			w->slow_at = w->now + 10 * SECOND;
		}
		ok = ok && run(w, "watch.evaluate") && run(w, "watch.escalate") && run(w, "dispatch.expire") &&
		     app_settle(w->app) == RC_OK;
	} while (ok && w->now < end);
	return ok;
}

bool world_skip(struct world *w, int64_t span)
{
	static const char *const jobs[] = { "access.clock", "access.end", "access.purge", "access.reconcile" };
	bool ok = true;

	w->now += span;
	for (size_t i = 0; i < COUNT(jobs); i++)
		ok = ok && run(w, jobs[i]);
	return ok && app_settle(w->app) == RC_OK;
}

/* ---- looking ------------------------------------------------------------------------- */

static enum rc take_count(void *arg, const struct row *r)
{
	*(int64_t *)arg = r->v[0].i;
	return RC_OK;
}

int64_t world_count(struct world *w, const char *sql)
{
	int64_t n = -1;

	return conn_each(app_conn(w->app), sql, NO_ARGS, take_count, &n) == RC_OK ? n : -1;
}

static const struct json *member(const struct json *j, struct str step)
{
	struct str value = step, key;
	int64_t i;

	if (j->kind == J_MAP) {
		for (const struct json *m = j->child; m; m = m->next)
			if (str_eq(m->key, step))
				return m;
		return NULL;
	}
	if (j->kind != J_LIST)
		return NULL;
	if (str_int(step, &i) == RC_OK) {
		const struct json *m = j->child;

		for (; m && i > 0; i--)
			m = m->next;
		return m;
	}
	value = (struct str){ step.p + 1, step.n - 2 }; /* [key=value] */
	if (step.n < 4 || !str_cut(&value, '=', &key))
		return NULL;
	for (const struct json *m = j->child; m; m = m->next)
		for (const struct json *f = m->kind == J_MAP ? m->child : NULL; f; f = f->next)
			if (str_eq(f->key, key) && str_eq(f->kind == J_TEXT ? f->text : f->raw, value))
				return m;
	return NULL;
}

const struct json *world_at(const struct json *j, struct str path)
{
	struct str step;

	while (j && str_cut(&path, '.', &step))
		j = member(j, step);
	return j;
}
