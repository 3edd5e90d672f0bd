/* store_pg.h - shared by store_pg.c (connection, transactions, schema),
 * store_pg_prepare.c (types of parameters) and store_pg_stmt.c (values);
 * private to store/.
 */
#ifndef STORE_PG_H
#define STORE_PG_H

#include "store/store_engine.h"

#include <libpq-fe.h>

struct pg_db {
	PGconn *pg;
	bool reader;
	bool in_tx;       /* ours: a connection may be lost inside, and must not be made anew there */
	bool ready;       /* the session's settings are made */
	int generation;   /* grows when the server forgets our statements */
	int names;        /* statements named so far */
	int64_t tried_at; /* last attempt to connect anew, monotonic */
	char *block;      /* parameters of the call being sent */
	size_t block_n;
	char message[256];
};

/* Types: PostgreSQL 15, src/include/catalog/pg_type.dat. */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_OID = 26,
	OID_FLOAT4 = 700,
	OID_FLOAT8 = 701,
	OID_NUMERIC = 1700
};
enum { OID_NAME = 19, OID_TEXT = 25, OID_UNKNOWN = 705, OID_BPCHAR = 1042, OID_VARCHAR = 1043 };

struct pg_stmt {
	struct pg_db *d;
	char *sql;
	char name[24];
	int generation; /* of the connection it was prepared on; 0: not yet */
	int params, cols;
};

bool pg_result_ok(const PGresult *r);
/* Keeps the server's words of the last failure and maps its SQLSTATE. */
enum rc pg_failed(struct pg_db *d, const PGresult *r);
enum rc pg_run(struct pg_db *d, const char *sql) MUST_USE; /* no parameters, no rows */
/* Connects anew when the connection is lost; not inside a transaction. */
enum rc pg_revive(struct pg_db *d) MUST_USE;

/* Prepares under a new name on the connection of now; store_pg_prepare.c. */
enum rc pg_prepare_now(struct pg_stmt *s) MUST_USE;
enum rc pg_prepare(void *db, const char *sql, void **ret) MUST_USE;
void pg_discard(void *prepared);
enum rc pg_exec(void *prepared, struct call *call) MUST_USE;

#endif
