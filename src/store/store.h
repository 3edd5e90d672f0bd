/* store.h - one way to talk to SQLite and PostgreSQL.
 *
 * The only files that include sqlite3.h or libpq-fe.h are store_sqlite* and
 * store_pg*.  Statements are written once, in the SQL both engines share
 * (docs/portable-sql.md), with $1, $2 ... as parameters; values are always
 * bound, never pasted into the text.
 *
 * A connection is used by one thread at a time.  Writing goes through one
 * writer (writer.h); readers open their own connections.
 *
 * A failed call inside a transaction ends that transaction in both engines:
 * every later call repeats the failure until conn_rollback(), or
 * conn_back_to_savepoint() when a savepoint was open before.  What may clash is
 * therefore written with ON CONFLICT.  A callback's own result is not a failure.
 */
#ifndef STORE_H
#define STORE_H

#include "base/base.h"

enum { STORE_MAX_ARGS = 64, STORE_MAX_COLS = 80 };

enum val_kind { VAL_NULL, VAL_INT, VAL_REAL, VAL_TEXT, VAL_BLOB };
struct val {
	enum val_kind kind;
	union {
		int64_t i;
		double d;
	};
	struct str s; /* VAL_TEXT, VAL_BLOB */
};
#define V_INT(x)  ((struct val){ .kind = VAL_INT, .i = (x) })
#define V_REAL(x) ((struct val){ .kind = VAL_REAL, .d = (x) })
#define V_STR(x)  (val_str(x))
#define V_Z(z)    (val_str(str_of(z)))
#define V_BLOB(x) (val_blob(x))
#define V_NULL    ((struct val){ .kind = VAL_NULL })
struct val val_str(struct str s);  /* absent -> NULL */
struct val val_blob(struct str s); /* absent -> NULL */

/* Parameters of a statement: ARGS(V_STR(id), V_INT(3)) or NO_ARGS. */
struct args {
	const struct val *v;
	size_t n;
};
#define ARGS(...)                                            \
	((struct args){ (const struct val[]){ __VA_ARGS__ }, \
			sizeof((const struct val[]){ __VA_ARGS__ }) / sizeof(struct val) })
#define NO_ARGS ((struct args){ NULL, 0 })

/* One result row; it and its bytes are valid only during the callback.  A
 * callback that does not return RC_OK stops the query and is its result. */
struct row {
	size_t n;
	const struct val *v;
	const char *const *name;
};
typedef enum rc row_fn(void *arg, const struct row *row);

struct conn; /* one connection */
struct stmt; /* one prepared statement, owned by its connection */
struct store_error {
	char text[256]; /* engine's own words, for the log only */
};

enum { CONN_READ_ONLY = 1 };

/* 'url': "postgres://..." (or "postgresql://") or a SQLite file name, or
 * ":memory:".  SQLite is opened with WAL, synchronous=FULL, foreign_keys,
 * trusted_schema=OFF, secure_delete.  PostgreSQL gets the type words as
 * domains on first contact.  RC_BUSY when it can't be reached, RC_BUG when it
 * is no database. */
enum rc conn_open(const char *url, unsigned flags, struct conn **ret, struct store_error *err) MUST_USE;
void conn_close(struct conn *c); /* NULL allowed */
bool conn_is_pg(const struct conn *c);
const char *conn_message(const struct conn *c); /* last failure in the engine's words */

/* No connection (NULL): RC_BUSY, for those who try first whether they need one.
 * Failures: RC_CONFLICT unique key, RC_INVALID other constraint (foreign key,
 * check, not null), RC_BUSY lock, full disk, lost connection, serialization;
 * RC_BUG anything else.  A failed sync to disk ends the process. */
enum rc conn_each(struct conn *c, const char *sql, struct args args, row_fn *fn, void *arg) MUST_USE;
/* For its effect; 'changed' may be NULL. */
enum rc conn_run(struct conn *c, const char *sql, struct args args, int64_t *changed) MUST_USE;
/* Several statements without parameters; outside a transaction all or none. */
enum rc conn_script(struct conn *c, const char *sql) MUST_USE;

/* Hot paths: the statement is prepared once and kept until conn_close. */
enum rc conn_prepare(struct conn *c, const char *sql, struct stmt **ret) MUST_USE;
enum rc stmt_each(struct stmt *s, struct args args, row_fn *fn, void *arg) MUST_USE;
enum rc stmt_run(struct stmt *s, struct args args, int64_t *changed) MUST_USE;

enum rc conn_begin(struct conn *c) MUST_USE; /* SQLite: BEGIN IMMEDIATE on a writer, BEGIN on a reader */
/* Not RC_OK: nothing was stored and the transaction is over.  The one
 * exception is a PostgreSQL connection lost during COMMIT: nobody knows. */
enum rc conn_commit(struct conn *c) MUST_USE;
void conn_rollback(struct conn *c);              /* does nothing outside a transaction */
enum rc conn_savepoint(struct conn *c) MUST_USE; /* one level, inside a transaction */
enum rc conn_release(struct conn *c) MUST_USE;
/* Undoes what came after it and ends the savepoint.  RC_BUSY: the whole
 * transaction is gone (full disk, lost connection). */
enum rc conn_back_to_savepoint(struct conn *c) MUST_USE;
bool conn_in_tx(const struct conn *c);

/* Schema text: the same for both engines.  Type words: id_text ref_text
 * enum_text free_text path_text json_text num_int time_int flag_int num_real
 * bytes_blob, and row_int for a 64-bit row number that may be the PRIMARY KEY
 * (SQLite's rowid).  Text compares byte by byte in both. */
enum rc conn_schema(struct conn *c, const char *sql) MUST_USE;
/* Rows (table, column, type word, position) of the user's tables in both
 * engines, ordered by table and position. */
enum rc conn_columns(struct conn *c, row_fn *fn, void *arg) MUST_USE;

/* Test aids: let the n-th next call (1 = the very next; 0 = never) report
 * RC_BUSY without reaching the engine; calls made so far. */
void conn_fail_at(struct conn *c, int n);
int64_t conn_calls(const struct conn *c);

/* Consistent copy of a SQLite database into a new file, while writers go on;
 * 'progress' (may be NULL) hears done and total pages.  RC_INVALID for
 * PostgreSQL, RC_CONFLICT when the file exists. */
enum rc conn_backup(struct conn *c, const char *file, void (*progress)(void *arg, int done, int total),
		    void *arg) MUST_USE;
/* Engine's own integrity check; rows (text), "ok" when fine. */
enum rc conn_check(struct conn *c, row_fn *fn, void *arg) MUST_USE;

#endif
