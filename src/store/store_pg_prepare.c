#include "store/store_pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which type should a parameter have when the server found two for it (as in
 * SET n = $1 + 1 WHERE n = $1, or one value for columns of two domains), or
 * none?  'words' is the server's "num_int versus integer", or NULL. */
static Oid common_type(const char *words)
{
	static const struct {
		const char *word;
		Oid oid;
	} type[] = {
		{ "text", OID_TEXT },  { "char", OID_TEXT },   { "real", OID_FLOAT8 }, { "double", OID_FLOAT8 },
		{ "blob", OID_BYTEA }, { "bytea", OID_BYTEA }, { "int", OID_INT8 },
	};

	for (size_t i = 0; words && i < COUNT(type); i++)
		if (strstr(words, type[i].word))
			return type[i].oid;
	return OID_TEXT;
}

/* Does the text use $k at all?  A hole in the numbers must not get a type. */
static bool uses_param(const char *sql, unsigned long k)
{
	for (const char *p = strchr(sql, '$'); p; p = strchr(p + 1, '$'))
		if (strtoul(p + 1, NULL, 10) == k)
			return true;
	return false;
}

/* Learns one parameter's type from a failed PREPARE; false: it failed for
 * another reason.  42P08 ambiguous_parameter, 42P18 indeterminate_datatype. */
static bool learn_type(const PGresult *r, const char *sql, Oid *type)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *dollar = words ? strchr(words, '$') : NULL; /* "... parameter $2", in any language */

	if (dollar == NULL || state == NULL || (strcmp(state, "42P08") != 0 && strcmp(state, "42P18") != 0))
		return false;
	unsigned long k = strtoul(dollar + 1, NULL, 10);
	if (k < 1 || k > STORE_MAX_ARGS || type[k - 1] != 0 || !uses_param(sql, k))
		return false;
	type[k - 1] = common_type(PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL));
	return true;
}

/* Numbers are 64 bits wide in SQLite; in "at < $1 - 60" PostgreSQL takes the
 * narrow type of the constant.  true: some type has changed. */
static bool widen_types(const PGresult *r, Oid *type)
{
	bool changed = false;

	for (int i = 0; i < PQnparams(r); i++)
		if (PQparamtype(r, i) == OID_INT4 || PQparamtype(r, i) == OID_INT2) {
			type[i] = OID_INT8;
			changed = true;
		}
	return changed;
}

/* One PREPARE; not RC_OK: *learnt says whether 'type' knows more now. */
static enum rc prepare_once(struct pg_stmt *s, Oid *type, bool *learnt)
{
	struct pg_db *d = s->d;
	int known = STORE_MAX_ARGS; /* naming a parameter makes it one; the rest is up to the server */

	while (known > 0 && type[known - 1] == 0)
		known--;
	snprintf(s->name, sizeof(s->name), "s%d", ++d->names);
	PGresult *r = PQprepare(d->pg, s->name, s->sql, known, type);
	enum rc rc = pg_result_ok(r) ? RC_OK : pg_failed(d, r);
	*learnt = rc != RC_OK && learn_type(r, s->sql, type);
	PQclear(r);
	/* A PREPARE that fails takes the transaction with it. */
	if (*learnt && d->in_tx)
		TRY(pg_run(d, "ROLLBACK TO SAVEPOINT plan"));
	return rc;
}

/* The same with the widest numbers that the statement can take: not every
 * function can (substr). */
static enum rc prepare_wide(struct pg_stmt *s, Oid *type)
{
	struct pg_db *d = s->d;
	char name[sizeof(s->name)];
	PGresult *r = PQdescribePrepared(d->pg, s->name); /* libpq checks neither count for us */
	enum rc rc = pg_result_ok(r) ? RC_OK : pg_failed(d, r);
	bool widened = rc == RC_OK && widen_types(r, type), learnt;

	s->params = PQnparams(r);
	s->cols = PQnfields(r);
	PQclear(r);
	if (!widened)
		return rc;
	memcpy(name, s->name, sizeof(name));
	if (prepare_once(s, type, &learnt) == RC_OK)
		return RC_OK;
	memcpy(s->name, name, sizeof(name));
	return d->in_tx ? pg_run(d, "ROLLBACK TO SAVEPOINT plan") : RC_OK;
}

enum rc pg_prepare_now(struct pg_stmt *s)
{
	struct pg_db *d = s->d;
	Oid type[STORE_MAX_ARGS] = { 0 };
	bool learnt = true;
	enum rc rc = RC_BUG;

	if (d->in_tx)
		TRY(pg_run(d, "SAVEPOINT plan"));
	while (rc != RC_OK && learnt) /* ends: each round gives one more parameter its type */
		rc = prepare_once(s, type, &learnt);
	TRY(rc);
	TRY(prepare_wide(s, type));
	if (d->in_tx)
		TRY(pg_run(d, "RELEASE SAVEPOINT plan"));
	s->generation = d->generation;
	return RC_OK;
}

void pg_discard(void *prepared)
{
	struct pg_stmt *s = prepared;
	char sql[48];

	if (s->generation == s->d->generation && PQstatus(s->d->pg) == CONNECTION_OK &&
	    PQtransactionStatus(s->d->pg) != PQTRANS_INERROR) {
		snprintf(sql, sizeof(sql), "DEALLOCATE %s", s->name);
		PQclear(PQexec(s->d->pg, sql));
	}
	free(s->sql);
	free(s);
}

enum rc pg_prepare(void *db, const char *sql, void **ret)
{
	struct pg_db *d = db;
	size_t n = strlen(sql);

	TRY(pg_revive(d));
	struct pg_stmt *s = mem_new(sizeof(*s));
	s->d = d;
	s->sql = mem_new(n + 1);
	memcpy(s->sql, sql, n);
	enum rc rc = pg_prepare_now(s);
	if (rc != RC_OK) {
		pg_discard(s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}
