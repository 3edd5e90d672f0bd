#include "front.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t *the_time;

void front_open(struct front *f, const char *url, const struct module *const *modules, const struct role *roles)
{
	*f = (struct front){ .url = url, .now = 1773277200 * SECOND, .peer = "192.0.2.7", .host = "jiuan.test" };
	the_time = &f->now;
	struct app_options o = { .url = url, .modules = modules, .roles = roles, .clock = clock_fixed(the_time) };

	assert_int_equal(app_open(&o, &f->app), RC_OK);
	f->arena = arena_new((size_t)512 << 20);
}

void front_close(struct front *f)
{
	app_close(f->app);
	arena_free(f->arena);
}

static struct str header(const struct request *rq, const char *name)
{
	const struct front *f = rq->x;
	const struct {
		const char *name, *value;
	} all[] = { { "Cookie", f->cookie },        { "Origin", f->origin },
		    { "Sec-Fetch-Site", f->site },  { "Host", f->host },
		    { "If-Match", f->match },       { "User-Agent", f->agent },
		    { "Background", f->background } };

	for (size_t i = 0; i < COUNT(all); i++)
		if (strcasecmp(all[i].name, name) == 0)
			return str_of(all[i].value);
	return NO_STR;
}

const struct json *ask(struct front *f, const struct actor *who, const char *method, const char *path, const char *body,
		       int want)
{
	struct request rq = { .method = str_of(method),
			      .path = str_of(path),
			      .body = str_of(body),
			      .peer = str_of(f->peer),
			      .tls = f->tls,
			      .header = header,
			      .x = f };
	struct str rest = rq.path;
	struct json *j = NULL;
	struct json_error err;

	if (strchr(path, '?') && str_cut(&rest, '?', &rq.path))
		rq.query = rest;
	f->last = who ? app_handle_as(f->app, f->arena, who, &rq) : app_handle(f->app, f->arena, &rq);
	if (want && f->last.status != want)
		fail_msg("%s %s: %d, wanted %d: %.*s", method, path, f->last.status, want,
			 (int)(f->last.body.n > 900 ? 900 : f->last.body.n), f->last.body.p);
	if (f->last.body.n && json_parse(f->arena, f->last.body, 0, &j, &err) != RC_OK)
		fail_msg("%s %s: not JSON", method, path);
	return j;
}

const char *word(const struct json *j, const char *key)
{
	const struct json *v = json_get(j, key);
	static char out[8][300];
	static int n;

	if (v == NULL || v->kind != J_TEXT)
		return "";
	n = (n + 1) % 8;
	snprintf(out[n], sizeof(out[n]), FMT_STR, ARG_STR(v->text));
	return out[n];
}

void refused(struct front *f, const struct actor *who, const char *method, const char *path, const char *body, int want,
	     const char *code, const char *field)
{
	const struct json *j = ask(f, who, method, path, body, want);

	if (strcmp(word(j, "code"), code) != 0 || strcmp(word(j, "field"), strcmp(field, "-") == 0 ? "" : field) != 0)
		fail_msg("%s %s: wanted %s at %s: %.*s", method, path, code, field, (int)f->last.body.n,
			 f->last.body.p);
}

const char *fmt(struct front *f, const char *format, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return arena_dup(f->arena, str_of(text)).p;
}

const char *cookie_set(struct front *f, const char *name)
{
	for (size_t i = 0; i < f->last.n_headers; i++) {
		struct str v = f->last.header[i].value, key;

		if (strcmp(f->last.header[i].name, "Set-Cookie") == 0 && str_cut(&v, '=', &key) && str_is(key, name)) {
			struct str value;

			return str_cut(&v, ';', &value) ? arena_z(f->arena, value) : NULL;
		}
	}
	return NULL;
}

static enum rc take_count(void *arg, const struct row *r)
{
	*(int64_t *)arg = r->v[0].i;
	return RC_OK;
}

int64_t count(struct front *f, const char *sql)
{
	int64_t n = -1;

	assert_int_equal(conn_each(app_conn(f->app), sql, NO_ARGS, take_count, &n), RC_OK);
	return n;
}

char *read_whole(const char *path)
{
	FILE *file = fopen(path, "rb");
	long n;
	char *text;

	if (file == NULL)
		return NULL;
	fseek(file, 0, SEEK_END);
	n = ftell(file);
	rewind(file);
	text = mem_new((size_t)n + 1);
	if (fread(text, 1, (size_t)n, file) != (size_t)n)
		text[0] = '\0';
	fclose(file);
	return text;
}
