#include "store/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A checkpoint every 4,000 pages of 8 KiB: the log stays near 32 MB, and a
 * page that many commits touch is written back once (an earlier trial had
 * 1,000 pages of 4 KiB at a third of the rate). */
enum { PAGE_BYTES = 8192, CHECKPOINT_PAGES = 4000, WAIT_MS = 5000, BACKUP_STEP = 512 };

/* ---- opening ------------------------------------------------------------- */

/* SQLite's own hook drops the checkpoint's result, and with it a failed sync. */
static int after_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)arg;
	if (pages >= CHECKPOINT_PAGES)
		sqlite_stop_if_unsynced(sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
					"checkpoint");
	return SQLITE_OK;
}

static int read_text(void *out, int n, char **v, char **name)
{
	(void)name;
	snprintf(out, 16, "%s", n == 1 && v[0] ? v[0] : "");
	return 0;
}

static int set_up(struct sqlite_db *d, const char *file)
{
	char mode[16] = "wal", sql[64];
	int e;

	sqlite3_busy_timeout(d->db, WAIT_MS);
	/* The log mode is kept in the file: a reader finds it there. */
	if (!d->reader && strcmp(file, ":memory:") != 0) {
		snprintf(sql, sizeof(sql), "PRAGMA page_size=%d; PRAGMA journal_mode=WAL", PAGE_BYTES);
		if ((e = sqlite3_exec(d->db, sql, read_text, mode, NULL)) != SQLITE_OK)
			return e;
		if (strcmp(mode, "wal") != 0) /* a file system without shared memory */
			return SQLITE_CANTOPEN;
	}
	e = sqlite3_exec(d->db,
			 "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
			 "PRAGMA secure_delete=ON; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
			 "PRAGMA journal_size_limit=67108864",
			 NULL, NULL, NULL);
	if (e == SQLITE_OK) /* negative: KiB */
		e = sqlite3_exec(
			d->db, d->reader ? "PRAGMA cache_size=-4096; PRAGMA query_only=ON" : "PRAGMA cache_size=-16384",
			NULL, NULL, NULL);
	if (e == SQLITE_OK) /* the first look into the file: is it a database? */
		e = sqlite3_exec(d->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	sqlite3_wal_hook(d->db, after_commit, NULL);
	return e;
}

/* Only when new: closing a file drops every lock the process holds on it. */
static void create_private(const char *file)
{
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

void sqlite_close_db(void *db)
{
	struct sqlite_db *d = db;

	for (size_t i = 0; i < TX_N; i++)
		sqlite3_finalize(d->tx[i]);
	int e = sqlite3_close(d->db); /* checkpoints, when it is the last one */
	sqlite_stop_if_unsynced(e, "close");
	if (e != SQLITE_OK)
		fatal("a statement was left open: %s", sqlite3_errmsg(d->db));
	free(d);
}

enum rc sqlite_open_db(const char *file, unsigned flags, void **ret, struct store_error *err)
{
	struct sqlite_db *d = mem_new(sizeof(*d));
	bool memory = strcmp(file, ":memory:") == 0;
	int how = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	d->reader = (flags & CONN_READ_ONLY) != 0;
	if (memory)
		how |= SQLITE_OPEN_CREATE;
	else if (!d->reader)
		create_private(file);
	/* Readers open for writing too: the first one after a crash rebuilds
	 * the log's index; query_only keeps them from more. */
	int e = file[0] ? sqlite3_open_v2(file, &d->db, how, NULL) : SQLITE_CANTOPEN;
	if (e == SQLITE_OK)
		e = set_up(d, file);
	if (e == SQLITE_OK) {
		*ret = d;
		return RC_OK;
	}
	snprintf(err->text, sizeof(err->text), "%s: %s (%d)", file, d->db ? sqlite3_errmsg(d->db) : "no file name", e);
	sqlite_stop_if_unsynced(e, err->text);
	sqlite3_close(d->db);
	free(d);
	return sqlite_rc(e);
}

/* ---- backup, check --------------------------------------------------------- */

static enum rc copy_pages(struct sqlite_db *d, sqlite3 *to, void (*progress)(void *arg, int done, int total), void *arg)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", d->db, "main");
	int e = SQLITE_OK;

	if (b == NULL)
		return sqlite_failed(d, sqlite3_extended_errcode(to));
	while (e == SQLITE_OK) {
		e = sqlite3_backup_step(b, BACKUP_STEP);
		if (progress && (e == SQLITE_OK || e == SQLITE_DONE)) {
			int total = sqlite3_backup_pagecount(b);

			progress(arg, total - sqlite3_backup_remaining(b), total);
		}
	}
	int last = sqlite3_backup_finish(b); /* writes and syncs the rest */
	if (e == SQLITE_DONE && last == SQLITE_OK)
		return RC_OK;
	e = e == SQLITE_DONE ? last : e;
	snprintf(d->message, sizeof(d->message), "backup: %s (%d)", sqlite3_errstr(e), e);
	return (e & 0xff) == SQLITE_READONLY ? RC_BUSY : sqlite_rc(e);
}

enum rc sqlite_backup(void *db, const char *file, void (*progress)(void *arg, int done, int total), void *arg)
{
	struct sqlite_db *d = db;
	sqlite3 *to = NULL;
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0) {
		enum rc rc = errno == EEXIST ? RC_CONFLICT : RC_BUSY;

		snprintf(d->message, sizeof(d->message), "backup to %s: cannot create it (errno %d)", file, errno);
		return rc;
	}
	close(fd);
	int e = sqlite3_open_v2(file, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	/* One read transaction around all the steps: they see one state, and
	 * writers going on never start the copy anew. */
	if (e == SQLITE_OK)
		e = sqlite3_exec(d->db, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	enum rc rc = e == SQLITE_OK ? copy_pages(d, to, progress, arg) : sqlite_failed(d, e);
	(void)sqlite_tx(d, TX_ROLLBACK);
	sqlite3_close(to);
	if (rc != RC_OK)
		unlink(file);
	return rc;
}
