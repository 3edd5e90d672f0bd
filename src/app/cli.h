/* cli.h - the command line: commands as a table, what they share. */
#ifndef CLI_H
#define CLI_H

#include "core/app.h"
#include "sys/config.h"

/* Exit codes, the same for all commands. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

struct command {
	const char *name, *words; /* "import", "places FILE" */
	const char *help;         /* one line */
	int (*run)(int argc, char **argv);
	const struct config_option *options;
	const size_t *n_options;
};
extern const struct command commands[]; /* ends with {0} */

/* What every command that opens the data takes. */
struct data_options {
	const char *data;  /* folder */
	const char *store; /* URL or file; NULL: jiuan.db in the folder */
	bool demo;
};
#define DATA_OPTIONS(T, member)                                                                                       \
	{ "data", "JIUAN_DATA", CONFIG_TEXT, offsetof(T, member.data), "data", 1, 1024, NULL, "folder of the data" }, \
	{                                                                                                             \
		"store", "JIUAN_STORE", CONFIG_TEXT, offsetof(T, member.store), NULL, 1, 1024, NULL,                  \
			"postgres://... instead of the embedded store"                                                \
	}

struct file_lock;
struct session {
	struct arena *arena;
	struct app *app;
	struct file_lock *lock;
	const char *file; /* of the embedded store; NULL with PostgreSQL */
};
/* Opens the folder (made when missing), takes its lock, opens the app. */
enum rc session_open(const struct data_options *o, struct session *ret) MUST_USE;
void session_close(struct session *s);

/* Reads options and words; prints help or the error and sets *exit_code when
 * there is nothing left to do (false then). */
bool cli_read(const struct command *c, int argc, char **argv, void *into, const char **words, size_t *n_words,
	      int *exit_code);
const struct command *cli_command(const char *name);
/* "word done of total" on a terminal's stderr, at most four times a second. */
void cli_progress(const char *word, int64_t done, int64_t total);

int cmd_serve(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_simulate(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_device(int argc, char **argv);
int cmd_backup(int argc, char **argv);
int cmd_restore(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_routes(int argc, char **argv);
int cmd_describe(int argc, char **argv);
int cmd_version(int argc, char **argv);

extern const struct config_option serve_options[], import_options[], export_options[], replay_options[],
	simulate_options[], user_options[], device_options[], backup_options[], restore_options[], check_options[],
	plain_options[];
extern const size_t n_serve_options, n_import_options, n_export_options, n_replay_options, n_simulate_options,
	n_user_options, n_device_options, n_backup_options, n_restore_options, n_check_options, n_plain_options;

#endif
