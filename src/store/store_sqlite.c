#include "store/store_sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sqlite_stmt {
	struct sqlite_db *d;
	sqlite3_stmt *st;
	size_t args; /* the highest $n */
	int params;
	unsigned char arg_of[STORE_MAX_ARGS]; /* SQLite numbers "$2" by first appearance, not by its digits */
};

/* ---- failures ------------------------------------------------------------ */

/* After a failed sync nobody knows what is on disk, and asking again would
 * get a lie (Linux reports a lost write once): stop, and recover from the log. */
void sqlite_stop_if_unsynced(int e, const char *words)
{
	if (e == SQLITE_IOERR_FSYNC || e == SQLITE_IOERR_DIR_FSYNC)
		fatal("the disk refused to sync the database: %s (%d); stopping, so that nothing is acknowledged "
		      "that may be lost",
		      words, e);
}

enum rc sqlite_rc(int e)
{
	switch (e) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID: return RC_CONFLICT;
	default: break;
	}
	switch (e & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH: return RC_INVALID;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_PROTOCOL:
	case SQLITE_CANTOPEN:
	case SQLITE_INTERRUPT: return RC_BUSY;
	default: return RC_BUG;
	}
}

enum rc sqlite_failed(struct sqlite_db *d, int e)
{
	snprintf(d->message, sizeof(d->message), "%s (%d)", sqlite3_errmsg(d->db), e);
	sqlite_stop_if_unsynced(e, d->message);
	return sqlite_rc(e);
}

static enum rc refused(struct sqlite_db *d, const char *why)
{
	snprintf(d->message, sizeof(d->message), "%s", why);
	return RC_BUG;
}

static const char *sqlite_message(const void *db)
{
	return ((const struct sqlite_db *)db)->message;
}

/* ---- statements ---------------------------------------------------------- */

/* Which argument does each of SQLite's parameters stand for?  PostgreSQL
 * refuses holes in the numbers, so they are refused here as well. */
static enum rc map_params(struct sqlite_stmt *s)
{
	bool seen[STORE_MAX_ARGS] = { false };

	s->params = sqlite3_bind_parameter_count(s->st);
	if (s->params > STORE_MAX_ARGS)
		return refused(s->d, "too many parameters");
	for (int i = 0; i < s->params; i++) {
		const char *name = sqlite3_bind_parameter_name(s->st, i + 1);
		char *end = NULL;
		unsigned long k = name && name[0] == '$' ? strtoul(name + 1, &end, 10) : 0;

		if (k < 1 || k > STORE_MAX_ARGS || *end)
			return refused(s->d, "a parameter that is not $1 to $64");
		s->arg_of[i] = (unsigned char)(k - 1);
		seen[k - 1] = true;
		if (k > s->args)
			s->args = k;
	}
	for (size_t k = 0; k < s->args; k++)
		if (!seen[k])
			return refused(s->d, "a hole in the numbers of the parameters");
	return RC_OK;
}

static void sqlite_discard(void *prepared)
{
	struct sqlite_stmt *s = prepared;

	sqlite3_finalize(s->st);
	free(s);
}

static enum rc sqlite_prepare(void *db, const char *sql, void **ret)
{
	struct sqlite_db *d = db;
	sqlite3_stmt *st = NULL;
	const char *rest = "";
	int e = sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, &rest);

	if (e != SQLITE_OK)
		return sqlite_failed(d, e);
	struct sqlite_stmt *s = mem_new(sizeof(*s));
	s->d = d;
	s->st = st;
	enum rc rc = RC_OK;
	if (st == NULL || rest[strspn(rest, " \t\r\n;")] != '\0')
		rc = refused(d, "not exactly one statement");
	if (rc == RC_OK)
		rc = map_params(s);
	if (rc != RC_OK) {
		sqlite_discard(s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}

/* SQLITE_STATIC: the values outlive the call, and every parameter is bound
 * anew in the next one. */
static int bind_all(const struct sqlite_stmt *s, const struct val *args)
{
	int e = SQLITE_OK;

	for (int i = 0; i < s->params && e == SQLITE_OK; i++) {
		const struct val *v = &args[s->arg_of[i]];

		switch (v->kind) {
		case VAL_NULL: e = sqlite3_bind_null(s->st, i + 1); break;
		case VAL_INT: e = sqlite3_bind_int64(s->st, i + 1, v->i); break;
		case VAL_REAL: e = sqlite3_bind_double(s->st, i + 1, v->d); break;
		case VAL_TEXT: e = sqlite3_bind_text64(s->st, i + 1, v->s.p, v->s.n, SQLITE_STATIC, SQLITE_UTF8); break;
		case VAL_BLOB: e = sqlite3_bind_blob64(s->st, i + 1, v->s.p, v->s.n, SQLITE_STATIC); break;
		}
	}
	return e;
}

static struct val read_val(sqlite3_stmt *st, int i)
{
	const char *p;

	switch (sqlite3_column_type(st, i)) {
	case SQLITE_INTEGER: return V_INT(sqlite3_column_int64(st, i));
	case SQLITE_FLOAT: return V_REAL(sqlite3_column_double(st, i));
	case SQLITE_TEXT:
		p = (const char *)sqlite3_column_text(st, i);
		return (struct val){ .kind = VAL_TEXT, .s = { p, (size_t)sqlite3_column_bytes(st, i) } };
	case SQLITE_BLOB:
		p = sqlite3_column_blob(st, i); /* NULL when empty */
		return (struct val){ .kind = VAL_BLOB, .s = { p ? p : "", (size_t)sqlite3_column_bytes(st, i) } };
	default: return V_NULL;
	}
}

/* Called standing on the first row. */
static enum rc read_rows(sqlite3_stmt *st, struct call *call, int *e)
{
	struct val v[STORE_MAX_COLS];
	const char *name[STORE_MAX_COLS];
	int n = sqlite3_column_count(st);
	struct row row = { (size_t)n, v, name };

	for (int i = 0; i < n; i++)
		name[i] = sqlite3_column_name(st, i);
	for (; *e == SQLITE_ROW; *e = sqlite3_step(st)) {
		for (int i = 0; i < n; i++)
			v[i] = read_val(st, i);
		enum rc rc = call->fn(call->arg, &row);
		if (rc != RC_OK) {
			call->stopped = true;
			return rc;
		}
	}
	return RC_OK;
}

static enum rc sqlite_exec(void *prepared, struct call *call)
{
	struct sqlite_stmt *s = prepared;
	struct sqlite_db *d = s->d;
	enum rc rc = RC_OK;

	if (call->args.n != s->args)
		return refused(d, "wrong number of parameters");
	if (call->fn && sqlite3_column_count(s->st) > STORE_MAX_COLS)
		return refused(d, "too many columns");
	int64_t before = sqlite3_total_changes64(d->db);
	int e = bind_all(s, call->args.v);
	if (e == SQLITE_OK)
		e = sqlite3_step(s->st);
	if (e == SQLITE_ROW && call->fn)
		rc = read_rows(s->st, call, &e);
	while (e == SQLITE_ROW && rc == RC_OK)
		e = sqlite3_step(s->st);
	if (rc == RC_OK && e != SQLITE_DONE)
		rc = sqlite_failed(d, e);
	/* The count of the last change stays there when nothing changed. */
	if (sqlite3_total_changes64(d->db) != before)
		call->changed = sqlite3_changes64(d->db);
	sqlite3_reset(s->st);
	return rc;
}

/* ---- transactions, scripts ------------------------------------------------ */

static bool sqlite_in_tx(const void *db)
{
	return !sqlite3_get_autocommit(((const struct sqlite_db *)db)->db);
}

enum rc sqlite_tx(void *db, enum tx_word word)
{
	static const char *const text[TX_N] = {
		[TX_BEGIN] = "BEGIN IMMEDIATE",    [TX_COMMIT] = "COMMIT",        [TX_ROLLBACK] = "ROLLBACK",
		[TX_SAVEPOINT] = "SAVEPOINT unit", [TX_RELEASE] = "RELEASE unit", [TX_BACK] = "ROLLBACK TO unit",
	};
	struct sqlite_db *d = db;

	if (word == TX_ROLLBACK && !sqlite_in_tx(d)) /* it went with a full disk */
		return RC_OK;
	if (d->tx[word] == NULL) {
		const char *sql = word == TX_BEGIN && d->reader ? "BEGIN" : text[word];
		int e = sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &d->tx[word], NULL);

		if (e != SQLITE_OK)
			return sqlite_failed(d, e);
	}
	int e = sqlite3_step(d->tx[word]);
	enum rc rc = e == SQLITE_DONE ? RC_OK : sqlite_failed(d, e);
	sqlite3_reset(d->tx[word]);
	return rc == RC_OK && word == TX_BACK ? sqlite_tx(db, TX_RELEASE) : rc;
}

static enum rc sqlite_script(void *db, const char *sql)
{
	struct sqlite_db *d = db;
	bool own = !sqlite_in_tx(d);

	if (own)
		TRY(sqlite_tx(d, TX_BEGIN));
	int e = sqlite3_exec(d->db, sql, NULL, NULL, NULL);
	enum rc rc = e == SQLITE_OK ? RC_OK : sqlite_failed(d, e);
	if (own && rc == RC_OK)
		rc = sqlite_tx(d, TX_COMMIT);
	if (own && rc != RC_OK)
		(void)sqlite_tx(d, TX_ROLLBACK);
	return rc;
}

static enum rc sqlite_check(void *db, row_fn *fn, void *arg)
{
	struct call call = { .fn = fn, .arg = arg };
	void *st = NULL;

	TRY(sqlite_prepare(db, "PRAGMA integrity_check", &st));
	enum rc rc = sqlite_exec(st, &call);
	sqlite_discard(st);
	return rc;
}

const struct store_engine store_sqlite = {
	.open = sqlite_open_db,
	.close = sqlite_close_db,
	.message = sqlite_message,
	.prepare = sqlite_prepare,
	.discard = sqlite_discard,
	.exec = sqlite_exec,
	.script = sqlite_script,
	.tx = sqlite_tx,
	.in_tx = sqlite_in_tx,
	.check = sqlite_check,
	.backup = sqlite_backup,
	.columns_sql = "SELECT m.name AS table_name, p.name AS column_name,"
		       " CASE p.type WHEN 'INTEGER' THEN 'row_int' ELSE p.type END AS type_word,"
		       " row_number() OVER (PARTITION BY m.name ORDER BY p.cid) AS position"
		       " FROM sqlite_schema m JOIN pragma_table_info(m.name) p"
		       " WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, p.cid",
	.row_type = "INTEGER",
};
