#include "app/cli.h"

#include "app/app_modules.h"
#include "sys/file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct command commands[] = {
	{ "serve", "", "run the server", cmd_serve, serve_options, &n_serve_options },
	{ "import", "places | households | tenancies FILE", "read a register from a file", cmd_import, import_options,
	  &n_import_options },
	{ "export", "person ID | register", "write what is held, as JSON", cmd_export, export_options,
	  &n_export_options },
	{ "replay", "FILE", "send recorded events (NDJSON) to a server", cmd_replay, replay_options,
	  &n_replay_options },
	{ "simulate", "", "a lifelike neighbourhood, as devices of a server", cmd_simulate, simulate_options,
	  &n_simulate_options },
	{ "user", "list | add | password | disable LOGIN", "accounts", cmd_user, user_options, &n_user_options },
	{ "device", "list | add | key", "devices and their keys", cmd_device, device_options, &n_device_options },
	{ "backup", "FILE", "a consistent copy while the server runs: FILE and the folder FILE.files", cmd_backup,
	  backup_options, &n_backup_options },
	{ "restore", "FILE", "put a backup in place of the data", cmd_restore, restore_options, &n_restore_options },
	{ "check", "", "is the store whole, the record unbroken, every file there?", cmd_check, check_options,
	  &n_check_options },
	{ "routes", "", "every operation with its permission", cmd_routes, plain_options, &n_plain_options },
	{ "describe", "", "OpenAPI 3.1 of this program", cmd_describe, plain_options, &n_plain_options },
	{ "version", "", "version of the program", cmd_version, plain_options, &n_plain_options },
	{ 0 },
};

const struct command *cli_command(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static void print_help(const struct command *c)
{
	struct arena *a = arena_new(1 << 20);
	struct buf b = buf_new(a, 1 << 18);

	config_help(c->options, *c->n_options, &b);
	printf("usage: jiuan %s %s [OPTIONS]\n%s\n\n" FMT_STR, c->name, c->words, c->help, ARG_STR(buf_str(&b)));
	arena_free(a);
}

bool cli_read(const struct command *c, int argc, char **argv, void *into, const char **words, size_t *n_words,
	      int *exit_code)
{
	struct config_input in = { .argc = argc, .argv = argv, .rest = words, .rest_max = words ? *n_words : 0 };
	struct config_error err = { "" };

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0) {
			print_help(c);
			*exit_code = EXIT_FINE;
			return false;
		}
	}
	if (config_read(c->options, *c->n_options, &in, into, &err) != RC_OK) {
		fprintf(stderr, "jiuan %s: %s\n('jiuan %s --help' lists the options)\n", c->name, err.text, c->name);
		*exit_code = EXIT_USAGE;
		return false;
	}
	if (words)
		*n_words = in.rest_n;
	return true;
}

enum rc session_open(const struct data_options *o, struct session *ret)
{
	struct session s = { .arena = arena_new(1 << 20) };
	const char *key = arena_fmt(s.arena, "%s/node.key", o->data).p;
	const char *lock = arena_fmt(s.arena, "%s/lock", o->data).p;

	if (file_mkdir(o->data, 0700) != RC_OK) {
		fprintf(stderr, "can't make the folder %s\n", o->data);
		return RC_BUSY;
	}
	if (file_lock_open(lock, &s.lock) != RC_OK) {
		fprintf(stderr, "another jiuan uses %s; stop it first\n", o->data);
		arena_free(s.arena);
		return RC_CONFLICT;
	}
	if (o->store == NULL)
		s.file = arena_fmt(s.arena, "%s/jiuan.db", o->data).p;
	const struct app_options a = { .url = o->store ? o->store : s.file,
				       .modules = app_modules,
				       .roles = app_roles,
				       .clock = clock_system(),
				       .key_file = key,
				       .folder = o->data,
				       .demo = o->demo };
	enum rc rc = app_open(&a, &s.app);

	if (rc != RC_OK) {
		session_close(&s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}

void session_close(struct session *s)
{
	app_close(s->app);
	file_lock_close(s->lock);
	arena_free(s->arena);
}

void cli_progress(const char *word, int64_t done, int64_t total)
{
	static int64_t last; /* of this process's one terminal */
	int64_t now = clock_monotonic();

	if (!isatty(2) || (done < total && now - last < SECOND / 4))
		return;
	last = now;
	fprintf(stderr, "\r%s %lld of %lld%s", word, (long long)done, (long long)total, done < total ? "" : "\n");
}
