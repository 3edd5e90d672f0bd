/* cmd_admin.c - accounts, devices, what the program is. */
#include "app/cli.h"

#include "app/app_modules.h"
#include "domain/people/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 4 };

/* ---- user ------------------------------------------------------------------------ */

struct user {
	struct data_options data;
	const char *display, *role, *place;
};
const struct config_option user_options[] = {
	DATA_OPTIONS(struct user, data),
	{ "display", NULL, CONFIG_TEXT, offsetof(struct user, display), NULL, 1, 200, NULL,
	  "name that colleagues see" },
	{ "role", NULL, CONFIG_TEXT, offsetof(struct user, role), NULL, 1, 64, NULL, "role of the first post" },
	{ "place", NULL, CONFIG_TEXT, offsetof(struct user, place), NULL, 1, 400, NULL,
	  "path of the post's place, \"36.3601.\"" },
};
const size_t n_user_options = COUNT(user_options);

struct user_call {
	const struct user *o;
	const char *verb, *login;
	int code;
};

static enum rc user_unit(struct ctx *c, void *arg)
{
	struct user_call *u = arg;
	struct str login = str_of(u->login), password = NO_STR;

	if (strcmp(u->verb, "list") == 0) {
		struct buf out = buf_new(c->arena, 8 << 20);

		TRY(people_user_list(c, &out));
		printf(FMT_STR "\n", ARG_STR(buf_str(&out)));
		return RC_OK;
	}
	if (login.p == NULL) {
		fprintf(stderr, "jiuan user %s: a LOGIN is needed\n", u->verb);
		u->code = EXIT_USAGE;
		return RC_OK;
	}
	if (strcmp(u->verb, "add") == 0) {
		struct people_new_user n = { .login = login,
					     .display = str_of(u->o->display ? u->o->display : u->login),
					     .role = str_of(u->o->role),
					     .place_path = str_of(u->o->place) };

		TRY(people_user_add(c, &n, &password));
	} else if (strcmp(u->verb, "password") == 0) {
		TRY(people_user_password(c, login, &password));
	} else if (strcmp(u->verb, "disable") == 0) {
		TRY(people_user_disable(c, login));
	} else {
		fprintf(stderr, "jiuan user: no verb '%s' (list, add, password, disable)\n", u->verb);
		u->code = EXIT_USAGE;
	}
	if (password.p)
		printf("one-time password: " FMT_STR "\n", ARG_STR(password));
	return RC_OK;
}

int cmd_user(int argc, char **argv)
{
	struct user o = { 0 };
	const char *words[MAX_WORDS] = { "list" };
	size_t n = 2;
	struct session s;
	int code;

	if (!cli_read(cli_command("user"), argc, argv, &o, words, &n, &code))
		return code;
	struct user_call u = { &o, words[0], n > 1 ? words[1] : NULL, EXIT_FINE };

	if (session_open(&o.data, &s) != RC_OK)
		return EXIT_FAILED;
	if (app_unit(s.app, user_unit, &u) != RC_OK)
		u.code = EXIT_REFUSED;
	session_close(&s);
	return u.code;
}

/* ---- device ------------------------------------------------------------------------ */

struct device {
	struct data_options data;
	const char *source, *kind, *place;
};
const struct config_option device_options[] = {
	DATA_OPTIONS(struct device, data),
	{ "source", NULL, CONFIG_TEXT, offsetof(struct device, source), NULL, 1, 128, NULL,
	  "CloudEvents source of the device" },
	{ "kind", NULL, CONFIG_TEXT, offsetof(struct device, kind), "sensor", 1, 32, NULL,
	  "camera, door, gate, sensor, meter, lens, gateway" },
	{ "place", NULL, CONFIG_TEXT, offsetof(struct device, place), NULL, 1, 64, NULL, "id of its place" },
};
const size_t n_device_options = COUNT(device_options);

/* The same requests a page would send, as the system. */
static int send(struct session *s, const char *method, const char *path, const char *body)
{
	static const struct actor system = { .kind = WHO_SYSTEM };
	struct arena *a = arena_new(64 << 20);
	struct request rq = { .method = str_of(method), .path = str_of(path), .body = str_of(body) };
	struct response r = app_handle_as(s->app, a, &system, &rq);

	fprintf(r.status < 300 ? stdout : stderr, FMT_STR "\n", ARG_STR(r.body));
	arena_free(a);
	return r.status < 300 ? EXIT_FINE : EXIT_REFUSED;
}

static const char *device_body(struct arena *a, const struct device *o, const char *name)
{
	struct buf b = buf_new(a, 8192);

	json_open(&b, '{');
	json_put_text(&b, "name", str_of(name));
	json_put_text(&b, "kind", str_of(o->kind));
	json_put_text(&b, "source", str_of(o->source ? o->source : name));
	if (o->place)
		json_put_text(&b, "place_id", str_of(o->place));
	json_close(&b, '}');
	return buf_str(&b).p;
}

int cmd_device(int argc, char **argv)
{
	struct device o = { 0 };
	const char *words[MAX_WORDS] = { "list", NULL };
	size_t n = 2;
	struct session s;
	int code;

	if (!cli_read(cli_command("device"), argc, argv, &o, words, &n, &code))
		return code;
	if (strcmp(words[0], "list") != 0 && n < 2) {
		fprintf(stderr, "jiuan device %s: a name or an id is needed\n", words[0]);
		return EXIT_USAGE;
	}
	if (session_open(&o.data, &s) != RC_OK)
		return EXIT_FAILED;
	if (strcmp(words[0], "list") == 0)
		code = send(&s, "GET", "/api/sensing/device", NULL);
	else if (strcmp(words[0], "add") == 0)
		code = send(&s, "POST", "/api/sensing/device", device_body(s.arena, &o, words[1]));
	else if (strcmp(words[0], "key") == 0)
		code = send(&s, "POST", arena_fmt(s.arena, "/api/sensing/device/%s/key", words[1]).p, "{}");
	else {
		fprintf(stderr, "jiuan device: no verb '%s' (list, add NAME, key ID)\n", words[0]);
		code = EXIT_USAGE;
	}
	session_close(&s);
	return code;
}

/* ---- what the program is ---------------------------------------------------------------- */

struct plain {
	struct data_options data;
};
const struct config_option plain_options[] = {
	{ "data", "JIUAN_DATA", CONFIG_TEXT, offsetof(struct plain, data.data), "data", 1, 1024, NULL,
	  "not used: nothing is opened" },
};
const size_t n_plain_options = COUNT(plain_options);

static int print_tables(const char *command, int argc, char **argv, void (*print)(const struct app *a, struct buf *out))
{
	struct plain o = { 0 };
	const struct app_options a = {
		.url = ":memory:", .modules = app_modules, .roles = app_roles, .clock = clock_system()
	};
	struct app *app;
	int code;

	if (!cli_read(cli_command(command), argc, argv, &o, NULL, NULL, &code))
		return code;
	if (app_open(&a, &app) != RC_OK)
		return EXIT_FAILED;
	struct arena *arena = arena_new(64 << 20);
	struct buf out = buf_new(arena, 16 << 20);

	print(app, &out);
	printf(FMT_STR "\n", ARG_STR(buf_str(&out)));
	arena_free(arena);
	app_close(app);
	return EXIT_FINE;
}

int cmd_routes(int argc, char **argv)
{
	return print_tables("routes", argc, argv, app_list_routes);
}

int cmd_describe(int argc, char **argv)
{
	return print_tables("describe", argc, argv, app_openapi);
}

int cmd_version(int argc, char **argv)
{
	struct plain o = { 0 };
	int code;

	if (!cli_read(cli_command("version"), argc, argv, &o, NULL, NULL, &code))
		return code;
	puts("jiuan " JIUAN_VERSION);
	return EXIT_FINE;
}
