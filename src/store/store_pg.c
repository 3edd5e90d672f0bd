#include "store/store_pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Attempts to connect anew, at most one in this time: a server that is away
 * must cost a refusal, not a wait. */
enum { RETRY_US = 200 * 1000 };

/* ---- failures ------------------------------------------------------------ */

static const char *pg_message(const void *db)
{
	return ((const struct pg_db *)db)->message;
}

bool pg_result_ok(const PGresult *r)
{
	ExecStatusType st = PQresultStatus(r);

	return st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
}

/* SQLSTATE classes: PostgreSQL 15 manual, appendix A. */
static enum rc rc_of(const struct pg_db *d, const char *state)
{
	static const char busy[][3] = { "08", "40", "53", "57" }; /* connection, rollback, resources, operator */

	if (state == NULL) /* libpq's own: the connection broke */
		return RC_BUSY;
	for (size_t i = 0; i < COUNT(busy); i++)
		if (strncmp(state, busy[i], 2) == 0)
			return RC_BUSY;
	if (strcmp(state, "23505") == 0)
		return RC_CONFLICT;
	if (strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0) /* bad data, constraints */
		return RC_INVALID;
	if (strcmp(state, "55P03") == 0 || strcmp(state, "58030") == 0) /* lock_timeout, io_error */
		return RC_BUSY;
	if (strcmp(state, "25006") == 0 && !d->reader) /* the leader changed under us */
		return RC_BUSY;
	return RC_BUG;
}

enum rc pg_failed(struct pg_db *d, const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	snprintf(d->message, sizeof(d->message), "%s (%s)", words ? words : PQerrorMessage(d->pg),
		 state ? state : "connection");
	return rc_of(d, state);
}

enum rc pg_run(struct pg_db *d, const char *sql)
{
	PGresult *r = PQexec(d->pg, sql);
	bool ok = pg_result_ok(r) || PQresultStatus(r) == PGRES_EMPTY_QUERY;
	enum rc rc = ok ? RC_OK : pg_failed(d, r);

	PQclear(r);
	return rc;
}

/* ---- opening ------------------------------------------------------------- */

static const char session_sql[] =
	"SET client_min_messages = warning; SET synchronous_commit = on; SET lock_timeout = '5s';"
	"SET timezone = 'UTC'; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;"
	"SET extra_float_digits = 1";

/* The type words.  Text compares byte by byte, as SQLite does. */
static const char domains_sql[] =
	"DO $do$ DECLARE w text; BEGIN"
	" PERFORM pg_advisory_xact_lock(7416421984);" /* concurrent first starts */
	" FOREACH w IN ARRAY ARRAY["
	"  'id_text text COLLATE \"C\"', 'ref_text text COLLATE \"C\"', 'enum_text text COLLATE \"C\"',"
	"  'free_text text COLLATE \"C\"', 'path_text text COLLATE \"C\"', 'json_text text COLLATE \"C\"',"
	"  'num_int bigint', 'time_int bigint', 'row_int bigint', 'flag_int smallint',"
	"  'num_real double precision', 'bytes_blob bytea'] LOOP"
	"  IF NOT EXISTS (SELECT FROM pg_type WHERE typname = split_part(w, ' ', 1)"
	"   AND typnamespace = current_schema()::regnamespace) THEN"
	"   EXECUTE 'CREATE DOMAIN ' || split_part(w, ' ', 1) || ' AS ' || substr(w, strpos(w, ' '));"
	"  END IF;"
	" END LOOP; END $do$";

static enum rc session(struct pg_db *d)
{
	const char *encoding = PQparameterStatus(d->pg, "server_encoding");

	if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
		snprintf(d->message, sizeof(d->message), "the database's encoding is %s, not UTF8",
			 encoding ? encoding : "unknown");
		return RC_BUG;
	}
	TRY(pg_run(d, session_sql));
	TRY(d->reader ? pg_run(d, "SET default_transaction_read_only = on") : pg_run(d, domains_sql));
	d->ready = true;
	return RC_OK;
}

static void quiet(void *arg, const char *message)
{
	(void)arg;
	(void)message; /* warnings go to the server's own log */
}

/* Wrong words in the URL are our configuration's fault, all else may pass. */
static enum rc url_check(const char *url, struct store_error *err)
{
	char *words = NULL;
	PQconninfoOption *o = PQconninfoParse(url, &words);

	if (o == NULL)
		snprintf(err->text, sizeof(err->text), "%s", words ? words : "bad URL");
	PQfreemem(words);
	PQconninfoFree(o);
	return o ? RC_OK : RC_BUG;
}

static void pg_close_db(void *db)
{
	struct pg_db *d = db;

	PQfinish(d->pg);
	free(d->block);
	free(d);
}

static enum rc pg_open_db(const char *url, unsigned flags, void **ret, struct store_error *err)
{
	bool reader = (flags & CONN_READ_ONLY) != 0;
	/* What the URL says goes before: it comes later. */
	const char *const key[] = { "application_name", "connect_timeout", "target_session_attrs", "dbname", NULL };
	const char *const value[] = { "jiuan", "5", reader ? "any" : "read-write", url, NULL };

	TRY(url_check(url, err));
	struct pg_db *d = mem_new(sizeof(*d));
	d->reader = reader;
	d->generation = 1;
	d->pg = PQconnectdbParams(key, value, 1);
	enum rc rc = RC_BUSY;
	if (PQstatus(d->pg) == CONNECTION_OK) {
		PQsetNoticeProcessor(d->pg, quiet, NULL);
		rc = session(d);
	} else {
		snprintf(d->message, sizeof(d->message), "%s", PQerrorMessage(d->pg));
	}
	if (rc == RC_OK) {
		*ret = d;
		return RC_OK;
	}
	snprintf(err->text, sizeof(err->text), "%s", d->message);
	pg_close_db(d);
	return rc;
}

enum rc pg_revive(struct pg_db *d)
{
	if (d->in_tx || (d->ready && PQstatus(d->pg) == CONNECTION_OK))
		return RC_OK;
	int64_t now = clock_monotonic();
	if (d->tried_at && now - d->tried_at < RETRY_US) {
		snprintf(d->message, sizeof(d->message), "the connection is lost; trying again soon");
		return RC_BUSY;
	}
	d->tried_at = now;
	d->ready = false;
	PQreset(d->pg);
	d->generation++;
	if (PQstatus(d->pg) != CONNECTION_OK) {
		snprintf(d->message, sizeof(d->message), "%s", PQerrorMessage(d->pg));
		return RC_BUSY;
	}
	TRY(session(d));
	d->tried_at = 0;
	return RC_OK;
}

/* ---- transactions, scripts ------------------------------------------------ */

static bool pg_in_tx(const void *db)
{
	PGTransactionStatusType t = PQtransactionStatus(((const struct pg_db *)db)->pg);

	return t == PQTRANS_INTRANS || t == PQTRANS_INERROR;
}

static enum rc pg_begin(struct pg_db *d)
{
	/* A reader sees one state from its first statement on, as in SQLite. */
	const char *sql = d->reader ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN";

	TRY(pg_revive(d));
	enum rc rc = pg_run(d, sql);
	if (rc != RC_OK && PQstatus(d->pg) != CONNECTION_OK) {
		/* The server went away while we were idle: nothing was begun. */
		TRY(pg_revive(d));
		rc = pg_run(d, sql);
	}
	d->in_tx = rc == RC_OK;
	return rc;
}

static enum rc pg_commit(struct pg_db *d)
{
	PGresult *r = PQexec(d->pg, "COMMIT");
	enum rc rc = pg_result_ok(r) ? RC_OK : pg_failed(d, r);

	d->in_tx = false;
	/* A transaction that had failed answers COMMIT with a polite ROLLBACK. */
	if (rc == RC_OK && strcmp(PQcmdStatus(r), "COMMIT") != 0) {
		snprintf(d->message, sizeof(d->message), "COMMIT was answered by %s", PQcmdStatus(r));
		rc = RC_BUSY;
	}
	PQclear(r);
	return rc;
}

static enum rc pg_tx(void *db, enum tx_word word)
{
	struct pg_db *d = db;

	switch (word) {
	case TX_BEGIN: return pg_begin(d);
	case TX_COMMIT: return pg_commit(d);
	case TX_ROLLBACK: d->in_tx = false; return pg_in_tx(d) ? pg_run(d, "ROLLBACK") : RC_OK;
	case TX_SAVEPOINT: return pg_run(d, "SAVEPOINT unit");
	case TX_RELEASE: return pg_run(d, "RELEASE SAVEPOINT unit");
	case TX_BACK: return pg_run(d, "ROLLBACK TO SAVEPOINT unit; RELEASE SAVEPOINT unit");
	}
	return RC_BUG;
}

static enum rc pg_script(void *db, const char *sql)
{
	struct pg_db *d = db;

	TRY(pg_revive(d));
	enum rc rc = pg_run(d, sql); /* one message is one transaction */
	/* Other columns may need other plans and result types. */
	if (rc == RC_OK) {
		d->generation++;
		rc = pg_run(d, "DEALLOCATE ALL");
	}
	return rc;
}

/* Reads every page of every table (the server checks their sums, when it has
 * them), and the order inside the B-trees where amcheck is installed. */
static const char check_sql[] =
	"DO $do$ DECLARE t record; BEGIN"
	" FOR t IN SELECT c.oid, c.relkind FROM pg_class c"
	"  WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'i') LOOP"
	"  IF t.relkind = 'r' THEN EXECUTE 'SELECT count(*) FROM ' || t.oid::regclass;"
	"  ELSIF EXISTS (SELECT FROM pg_extension WHERE extname = 'amcheck') AND EXISTS (SELECT FROM pg_class i"
	"   JOIN pg_am a ON a.oid = i.relam WHERE i.oid = t.oid AND a.amname = 'btree') THEN"
	"   EXECUTE 'SELECT bt_index_check(' || t.oid || ')';"
	"  END IF;"
	" END LOOP; END $do$";

static enum rc pg_check(void *db, row_fn *fn, void *arg)
{
	struct pg_db *d = db;
	const char *const name = "integrity_check";
	struct val v = V_Z("ok");
	struct row row = { 1, &v, &name };

	TRY(pg_revive(d));
	PGresult *r = PQexec(d->pg, check_sql);
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	enum rc rc = RC_OK;
	if (!pg_result_ok(r)) {
		rc = pg_failed(d, r);
		v = V_Z(d->message);
	}
	/* XX001 data_corrupted, XX002 index_corrupted: a finding, not a failure. */
	if (rc == RC_OK || (state && strncmp(state, "XX00", 4) == 0))
		rc = fn(arg, &row);
	PQclear(r);
	return rc;
}

const struct store_engine store_pg = {
	.pg = true,
	.open = pg_open_db,
	.close = pg_close_db,
	.message = pg_message,
	.prepare = pg_prepare,
	.discard = pg_discard,
	.exec = pg_exec,
	.script = pg_script,
	.tx = pg_tx,
	.in_tx = pg_in_tx,
	.check = pg_check,
	.columns_sql = "SELECT CAST(c.table_name AS text) AS table_name, CAST(c.column_name AS text) AS column_name,"
		       " CAST(coalesce(c.domain_name, c.data_type) AS text) AS type_word,"
		       " row_number() OVER (PARTITION BY c.table_name ORDER BY c.ordinal_position) AS position"
		       " FROM information_schema.columns c JOIN information_schema.tables t"
		       "  ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
		       " WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE'"
		       " ORDER BY CAST(c.table_name AS text) COLLATE \"C\", c.ordinal_position",
};
