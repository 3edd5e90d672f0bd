/* cmd_keep.c - jiuan backup, restore and check: the store and the files beside
 * it. */
#include "app/cli.h"

#include "files/files.h"
#include "sys/file.h"

#include <stdio.h>
#include <unistd.h>

struct keep {
	struct data_options data;
	bool force;
};
const struct config_option backup_options[] = { DATA_OPTIONS(struct keep, data) };
const size_t n_backup_options = COUNT(backup_options);
const struct config_option restore_options[] = {
	DATA_OPTIONS(struct keep, data),
	{ "force", NULL, CONFIG_FLAG, offsetof(struct keep, force), "false", 0, 0, NULL,
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

static int check_store(const char *file);

/* ---- files ------------------------------------------------------------------------- */

static void say_finding(void *arg, const char *what, struct str id)
{
	(void)arg;
	fprintf(stderr, "file " FMT_STR ": %s\n", ARG_STR(id), what);
}

/* Those of this store, from one root to another; to NULL: only looked at. */
static int pass_files(const char *store, const char *from, const char *to)
{
	struct files_report r = { .say = say_finding };
	struct store_error err = { "" };
	struct conn *c = NULL;
	int64_t now = clock_now(clock_system());
	enum rc rc = conn_open(store, CONN_READ_ONLY, &c, &err);

	if (rc == RC_OK)
		rc = to ? files_copy(c, from, to, now, &r) : files_check(c, from, now, &r);
	conn_close(c);
	if (rc == RC_OK)
		printf("files: %lld, %lld bytes%s\n", (long long)r.files, (long long)r.bytes, to ? " copied" : "");
	else if (rc != RC_CONFLICT)
		fprintf(stderr, "can't copy the files to %s\n", to ? to : from);
	return rc == RC_OK && r.missing + r.damaged == 0 ? EXIT_FINE : EXIT_FAILED;
}

/* ---- backup and restore ---------------------------------------------------------------- */

int cmd_backup(int argc, char **argv)
{
	struct keep o = { 0 };
	const char *words[1] = { NULL };
	size_t n = 1;
	char from[1100], files[1100], copies[1100];
	int code;

	if (!cli_read(cli_command("backup"), argc, argv, &o, words, &n, &code))
		return code;
	if (n < 1 || o.data.store) {
		fprintf(stderr,
			o.data.store
				? "use PostgreSQL's own tools (pg_basebackup, pg_dump), then copy the folder files\n"
				: "jiuan backup: a FILE is needed\n");
		return EXIT_USAGE;
	}
	snprintf(from, sizeof(from), "%s/jiuan.db", o.data.data);
	snprintf(files, sizeof(files), "%s/files", o.data.data);
	snprintf(copies, sizeof(copies), "%s.files", words[0]);
	if (file_exists(words[0]) || file_exists(copies)) {
		fprintf(stderr, "%s exists already\n", file_exists(words[0]) ? words[0] : copies);
		return EXIT_REFUSED;
	}
	/* The rows first: their bytes never change, and what was deleted since was due. */
	code = copy_store(from, words[0]);
	if (code == EXIT_FINE)
		code = check_store(words[0]);
	return code == EXIT_FINE ? pass_files(words[0], files, copies) : code;
}

struct places {
	char store[1100], aside[1120], files[1100], files_aside[1120], from_files[1100];
};

/* A clean copy of the old data first, then its journal files go with it. */
static int set_aside(const struct places *p)
{
	if (file_exists(p->files) && rename(p->files, p->files_aside) != 0)
		return EXIT_FAILED;
	if (file_exists(p->store) && (copy_store(p->store, p->aside) != EXIT_FINE || unlink(p->store) != 0))
		return EXIT_FAILED;
	for (int i = 0; i < 2; i++) {
		char side[1120];

		snprintf(side, sizeof(side), "%s%s", p->store, i ? "-wal" : "-shm");
		unlink(side);
	}
	return EXIT_FINE;
}

static int put_back(const struct places *p, const char *backup, bool force)
{
	if ((file_exists(p->store) || file_exists(p->files)) && !force) {
		fprintf(stderr, "%s exists; --force keeps it as %s and goes on\n", p->store, p->aside);
		return EXIT_REFUSED;
	}
	if (file_exists(p->files_aside)) {
		fprintf(stderr, "%s is still there from an earlier restore; move it away first\n", p->files_aside);
		return EXIT_REFUSED;
	}
	int code = set_aside(p);

	if (code == EXIT_FINE)
		code = pass_files(backup, p->from_files, p->files);
	return code == EXIT_FINE ? copy_store(backup, p->store) : code;
}

int cmd_restore(int argc, char **argv)
{
	struct keep o = { 0 };
	const char *words[1] = { NULL };
	size_t n = 1;
	struct places p;
	char lock_file[1100];
	struct file_lock *lock;
	int code;

	if (!cli_read(cli_command("restore"), argc, argv, &o, words, &n, &code))
		return code;
	if (n < 1 || o.data.store) {
		fprintf(stderr, "jiuan restore: the FILE of a backup is needed (embedded store only)\n");
		return EXIT_USAGE;
	}
	snprintf(p.store, sizeof(p.store), "%s/jiuan.db", o.data.data);
	snprintf(p.aside, sizeof(p.aside), "%s.before-restore", p.store);
	snprintf(p.files, sizeof(p.files), "%s/files", o.data.data);
	snprintf(p.files_aside, sizeof(p.files_aside), "%s.before-restore", p.files);
	snprintf(p.from_files, sizeof(p.from_files), "%s.files", words[0]);
	snprintf(lock_file, sizeof(lock_file), "%s/lock", o.data.data);
	if (check_store(words[0]) != EXIT_FINE || pass_files(words[0], p.from_files, NULL) != EXIT_FINE)
		return EXIT_REFUSED;
	if (file_mkdir(o.data.data, 0700) != RC_OK || file_lock_open(lock_file, &lock) != RC_OK) {
		fprintf(stderr, "%s can't be used; is a server running there?\n", o.data.data);
		return EXIT_FAILED;
	}
	code = put_back(&p, words[0], o.force);
	file_lock_close(lock);
	return code;
}

/* ---- check --------------------------------------------------------------------------- */

const struct config_option check_options[] = { DATA_OPTIONS(struct keep, data) };
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

static int check_store(const char *file)
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

/* Orphans are no damage: the server sweeps them. */
static bool check_files(struct session *s, const char *data)
{
	struct files_report r = { .say = say_finding };
	const char *root = arena_fmt(s->arena, "%s/files", data).p;

	if (files_check(app_conn(s->app), root, clock_now(clock_system()), &r) != RC_OK) {
		printf("files: can't be checked\n");
		return false;
	}
	printf("files: %lld, %lld bytes, %lld missing, %lld damaged, %lld without a row\n", (long long)r.files,
	       (long long)r.bytes, (long long)r.missing, (long long)r.damaged, (long long)r.orphans);
	return r.missing + r.damaged == 0;
}

int cmd_check(int argc, char **argv)
{
	struct keep o = { 0 };
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
	bool files = check_files(&s, o.data.data);

	session_close(&s);
	return whole && files && rc == RC_OK ? EXIT_FINE : EXIT_FAILED;
}
