/* cmd_admin.c - accounts, devices, backups, checks, what the program is. */
#include "app/cli.h"

#include "app/app_modules.h"
#include "domain/people/people.h"
#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- backup and restore -------------------------------------------------------------- */

struct plain {
	struct data_options data;
	bool force;
};
const struct config_option backup_options[] = { DATA_OPTIONS(struct plain, data) };
const size_t n_backup_options = COUNT(backup_options);
const struct config_option restore_options[] = {
	DATA_OPTIONS(struct plain, data),
	{ "force", NULL, CONFIG_FLAG, offsetof(struct plain, force), "false", 0, 0, NULL,
	  "replace data that are there" },
};
const size_t n_restore_options = COUNT(restore_options);

static void show_pages(void *arg, int done, int total)
{
	(void)arg;
	cli_progress("pages", done, total);
}

/* Next to a running server: a reader of its own, no lock. */
static int copy_store(const char *from, const char *to)
{
	struct store_error err = { "" };
	struct conn *c = NULL;
	enum rc rc = conn_open(from, CONN_READ_ONLY, &c, &err);

	if (rc == RC_OK)
		rc = conn_backup(c, to, show_pages, NULL);
	if (rc != RC_OK)
		fprintf(stderr, "can't copy %s to %s: %s\n", from, to, c ? conn_message(c) : err.text);
	conn_close(c);
	return rc == RC_OK ? EXIT_FINE : EXIT_FAILED;
}

static int check_file(const char *file);

int cmd_backup(int argc, char **argv)
{
	struct plain o = { 0 };
	const char *words[1] = { NULL };
	size_t n = 1;
	char from[1100];
	int code;

	if (!cli_read(cli_command("backup"), argc, argv, &o, words, &n, &code))
		return code;
	if (n < 1 || o.data.store) {
		fprintf(stderr, o.data.store ? "use PostgreSQL's own tools for its backup (pg_basebackup, pg_dump)\n"
					     : "jiuan backup: a FILE is needed\n");
		return EXIT_USAGE;
	}
	if (file_exists(words[0])) {
		fprintf(stderr, "%s exists already\n", words[0]);
		return EXIT_REFUSED;
	}
	snprintf(from, sizeof(from), "%s/jiuan.db", o.data.data);
	code = copy_store(from, words[0]);
	return code == EXIT_FINE ? check_file(words[0]) : code;
}

int cmd_restore(int argc, char **argv)
{
	struct plain o = { 0 };
	const char *words[1] = { NULL };
	size_t n = 1;
	char to[1100], aside[1120], lock_file[1100];
	struct file_lock *lock;
	int code;

	if (!cli_read(cli_command("restore"), argc, argv, &o, words, &n, &code))
		return code;
	if (n < 1 || o.data.store) {
		fprintf(stderr, "jiuan restore: the FILE of a backup is needed (embedded store only)\n");
		return EXIT_USAGE;
	}
	if (check_file(words[0]) != EXIT_FINE)
		return EXIT_REFUSED;
	snprintf(to, sizeof(to), "%s/jiuan.db", o.data.data);
	snprintf(aside, sizeof(aside), "%s.before-restore", to);
	snprintf(lock_file, sizeof(lock_file), "%s/lock", o.data.data);
	if (file_mkdir(o.data.data, 0700) != RC_OK || file_lock_open(lock_file, &lock) != RC_OK) {
		fprintf(stderr, "%s can't be used; is a server running there?\n", o.data.data);
		return EXIT_FAILED;
	}
	if (file_exists(to) && !o.force) {
		fprintf(stderr, "%s exists; --force keeps it as %s and goes on\n", to, aside);
		file_lock_close(lock);
		return EXIT_REFUSED;
	}
	/* A clean copy of the old data first, then its journal files go with it. */
	if (file_exists(to) && (copy_store(to, aside) != EXIT_FINE || unlink(to) != 0)) {
		file_lock_close(lock);
		return EXIT_FAILED;
	}
	for (int i = 0; i < 2; i++) {
		char side[1120];

		snprintf(side, sizeof(side), "%s%s", to, i ? "-wal" : "-shm");
		unlink(side);
	}
	code = copy_store(words[0], to);
	file_lock_close(lock);
	return code;
}

/* ---- check --------------------------------------------------------------------------- */

const struct config_option check_options[] = { DATA_OPTIONS(struct plain, data) };
const size_t n_check_options = COUNT(check_options);

static enum rc integrity_line(void *arg, const struct row *r)
{
	bool *ok = arg;

	if (!str_is(r->v[0].s, "ok")) {
		*ok = false;
		fprintf(stderr, FMT_STR "\n", ARG_STR(r->v[0].s));
	}
	return RC_OK;
}

static bool is_whole(struct conn *c)
{
	bool ok = true;

	return conn_check(c, integrity_line, &ok) == RC_OK && ok;
}

static int check_file(const char *file)
{
	struct store_error err = { "" };
	struct conn *c = NULL;
	bool ok = file_exists(file) && conn_open(file, CONN_READ_ONLY, &c, &err) == RC_OK && is_whole(c);

	conn_close(c);
	if (!ok)
		fprintf(stderr, "%s is no whole store %s\n", file, err.text);
	return ok ? EXIT_FINE : EXIT_FAILED;
}

static enum rc check_unit(struct ctx *c, void *arg)
{
	int64_t rows, bad;
	enum rc rc = app_check_audit(c, &rows, &bad);

	if (rc == RC_OK)
		printf("record: %lld rows, chain unbroken\n", (long long)rows);
	else
		printf("record: BROKEN at row %lld\n", (long long)bad);
	*(enum rc *)arg = rc;
	return RC_OK;
}

int cmd_check(int argc, char **argv)
{
	struct plain o = { 0 };
	struct session s;
	enum rc rc = RC_OK;
	int code;

	if (!cli_read(cli_command("check"), argc, argv, &o, NULL, NULL, &code))
		return code;
	if (session_open(&o.data, &s) != RC_OK)
		return EXIT_FAILED;
	bool whole = is_whole(app_conn(s.app));

	printf("store: %s\n", whole ? "whole" : "DAMAGED");
	if (app_unit(s.app, check_unit, &rc) != RC_OK)
		rc = RC_BUG;
	session_close(&s);
	return whole && rc == RC_OK ? EXIT_FINE : EXIT_FAILED;
}

/* ---- what the program is ---------------------------------------------------------------- */

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
