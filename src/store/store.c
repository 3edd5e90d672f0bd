#include "store/store_engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct val val_str(struct str s)
{
	return s.p ? (struct val){ .kind = VAL_TEXT, .s = s } : V_NULL;
}

struct val val_blob(struct str s)
{
	return s.p ? (struct val){ .kind = VAL_BLOB, .s = s } : V_NULL;
}

enum rc conn_open(const char *url, unsigned flags, struct conn **ret, struct store_error *err)
{
	bool pg = strncmp(url, "postgres://", 11) == 0 || strncmp(url, "postgresql://", 13) == 0;
	const struct store_engine *e = pg ? &store_pg : &store_sqlite;
	struct store_error unheard;
	void *db = NULL;

	*ret = NULL;
	TRY(e->open(url, flags, &db, err ? err : &unheard));
	struct conn *c = mem_new(sizeof(*c));
	c->e = e;
	c->db = db;
	*ret = c;
	return RC_OK;
}

void conn_close(struct conn *c)
{
	if (c == NULL)
		return;
	conn_rollback(c);
	cache_clear(c);
	c->e->close(c->db);
	free(c);
}

bool conn_is_pg(const struct conn *c)
{
	return c->e->pg;
}

const char *conn_message(const struct conn *c)
{
	return c->why ? c->why : c->e->message(c->db);
}

void conn_fail_at(struct conn *c, int n)
{
	c->fail_at = n;
}

int64_t conn_calls(const struct conn *c)
{
	return c->calls;
}

bool conn_in_tx(const struct conn *c)
{
	return c->in_tx;
}

/* ---- one way in and out of every call ------------------------------------ */

/* A failure ends the transaction it happens in, also where the engine would
 * go on (SQLite), so that both engines do the same: PostgreSQL refuses
 * everything until the rollback. */
static enum rc leave(struct conn *c, enum rc rc)
{
	if (rc != RC_OK && c->in_tx && c->spoiled == RC_OK)
		c->spoiled = rc;
	return rc;
}

static enum rc refuse(struct conn *c, enum rc rc, const char *why)
{
	c->why = why;
	return leave(c, rc);
}

/* The caller's mistake; the transaction is as good as before. */
static enum rc misuse(struct conn *c, const char *why)
{
	c->why = why;
	return RC_BUG;
}

static enum rc enter(struct conn *c)
{
	c->calls++;
	if (c->spoiled != RC_OK) /* conn_message() keeps the first failure */
		return c->spoiled;
	c->why = NULL;
	if (c->fail_at > 0 && --c->fail_at == 0)
		return refuse(c, RC_BUSY, "failure injected by a test");
	return RC_OK;
}

/* What one engine refuses and the other would quietly change. */
static enum rc args_check(struct conn *c, struct args args)
{
	if (args.n > STORE_MAX_ARGS)
		return refuse(c, RC_BUG, "too many parameters");
	for (size_t i = 0; i < args.n; i++) {
		const struct val *v = &args.v[i];

		if (v->kind == VAL_TEXT && memchr(v->s.p, '\0', v->s.n))
			return refuse(c, RC_INVALID, "NUL inside of a text");
		if (v->kind == VAL_REAL && !isfinite(v->d))
			return refuse(c, RC_INVALID, "number is not finite");
	}
	return RC_OK;
}

/* ---- statements ---------------------------------------------------------- */

static enum rc exec_copy(struct stmt *s, struct call *call)
{
	void *again = NULL;

	TRY(s->c->e->prepare(s->c->db, s->sql, &again));
	enum rc rc = s->c->e->exec(again, call);
	s->c->e->discard(again);
	return rc;
}

static enum rc stmt_exec(struct stmt *s, struct call *call)
{
	struct conn *c = s->c;

	TRY(args_check(c, call->args));
	/* A callback may run the very statement whose rows it is reading. */
	s->busy++;
	enum rc rc = s->busy == 1 ? c->e->exec(s->prepared, call) : exec_copy(s, call);
	s->busy--;
	return call->stopped ? rc : leave(c, rc);
}

static enum rc text_exec(struct conn *c, const char *sql, struct call *call)
{
	struct stmt *s;

	if (c == NULL)
		return RC_BUSY;
	TRY(enter(c));
	TRY(leave(c, cache_get(c, sql, false, &s)));
	return stmt_exec(s, call);
}

enum rc conn_each(struct conn *c, const char *sql, struct args args, row_fn *fn, void *arg)
{
	struct call call = { .args = args, .fn = fn, .arg = arg };

	return text_exec(c, sql, &call);
}

enum rc conn_run(struct conn *c, const char *sql, struct args args, int64_t *changed)
{
	struct call call = { .args = args };
	enum rc rc = text_exec(c, sql, &call);

	if (changed)
		*changed = rc == RC_OK ? call.changed : 0;
	return rc;
}

enum rc conn_script(struct conn *c, const char *sql)
{
	TRY(enter(c));
	return leave(c, c->e->script(c->db, sql));
}

enum rc conn_prepare(struct conn *c, const char *sql, struct stmt **ret)
{
	*ret = NULL;
	if (c->spoiled != RC_OK)
		return c->spoiled;
	c->why = NULL;
	return leave(c, cache_get(c, sql, true, ret));
}

enum rc stmt_each(struct stmt *s, struct args args, row_fn *fn, void *arg)
{
	struct call call = { .args = args, .fn = fn, .arg = arg };

	TRY(enter(s->c));
	return stmt_exec(s, &call);
}

enum rc stmt_run(struct stmt *s, struct args args, int64_t *changed)
{
	struct call call = { .args = args };

	if (changed)
		*changed = 0;
	TRY(enter(s->c));
	TRY(stmt_exec(s, &call));
	if (changed)
		*changed = call.changed;
	return RC_OK;
}

/* ---- transactions -------------------------------------------------------- */

enum rc conn_begin(struct conn *c)
{
	TRY(enter(c));
	if (c->in_tx)
		return misuse(c, "a transaction is open already");
	TRY(c->e->tx(c->db, TX_BEGIN));
	c->in_tx = true;
	return RC_OK;
}

static void tx_over(struct conn *c)
{
	c->in_tx = c->in_savepoint = false;
	c->spoiled = RC_OK;
}

enum rc conn_commit(struct conn *c)
{
	enum rc rc = enter(c);

	if (!c->in_tx)
		return rc != RC_OK ? rc : misuse(c, "no transaction to commit");
	if (rc == RC_OK && c->in_savepoint)
		return misuse(c, "commit inside of a savepoint");
	if (rc == RC_OK)
		rc = c->e->tx(c->db, TX_COMMIT);
	/* PostgreSQL has rolled back by now, SQLite may not have. */
	if (rc != RC_OK)
		(void)c->e->tx(c->db, TX_ROLLBACK);
	tx_over(c);
	return rc;
}

void conn_rollback(struct conn *c)
{
	if (!c->in_tx)
		return;
	(void)c->e->tx(c->db, TX_ROLLBACK);
	tx_over(c);
}

enum rc conn_savepoint(struct conn *c)
{
	TRY(enter(c));
	if (!c->in_tx || c->in_savepoint)
		return misuse(c, "a savepoint needs a transaction and no other savepoint");
	TRY(leave(c, c->e->tx(c->db, TX_SAVEPOINT)));
	c->in_savepoint = true;
	return RC_OK;
}

enum rc conn_release(struct conn *c)
{
	TRY(enter(c));
	if (!c->in_savepoint)
		return misuse(c, "no savepoint to release");
	TRY(leave(c, c->e->tx(c->db, TX_RELEASE)));
	c->in_savepoint = false;
	return RC_OK;
}

enum rc conn_back_to_savepoint(struct conn *c)
{
	if (!c->in_savepoint)
		return c->spoiled != RC_OK ? c->spoiled : misuse(c, "no savepoint to go back to");
	c->in_savepoint = false;
	/* A full disk or a lost connection takes the whole transaction away. */
	if (!c->e->in_tx(c->db)) {
		c->spoiled = RC_BUSY;
		return RC_BUSY;
	}
	c->spoiled = RC_OK;
	return leave(c, c->e->tx(c->db, TX_BACK));
}

/* ---- schema, backup, check ------------------------------------------------ */

enum rc conn_schema(struct conn *c, const char *sql)
{
	if (c->e->row_type == NULL)
		return conn_script(c, sql);
	char *text = schema_replace(sql, "row_int", c->e->row_type);
	enum rc rc = conn_script(c, text);
	free(text);
	return rc;
}

enum rc conn_columns(struct conn *c, row_fn *fn, void *arg)
{
	return conn_each(c, c->e->columns_sql, NO_ARGS, fn, arg);
}

enum rc conn_backup(struct conn *c, const char *file, void (*progress)(void *arg, int done, int total), void *arg)
{
	TRY(enter(c));
	if (c->e->backup == NULL)
		return refuse(c, RC_INVALID, "this engine is backed up by its own tools");
	if (c->in_tx)
		return misuse(c, "backup inside of a transaction");
	return c->e->backup(c->db, file, progress, arg);
}

enum rc conn_check(struct conn *c, row_fn *fn, void *arg)
{
	TRY(enter(c));
	return leave(c, c->e->check(c->db, fn, arg));
}
