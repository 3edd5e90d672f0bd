/* store_engine.h - what an engine gives to store.c; private to store/. */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store/store.h"

/* One execution of a statement. */
struct call {
	struct args args;
	row_fn *fn; /* NULL: rows are not wanted */
	void *arg;
	int64_t changed; /* rows inserted, updated or deleted; 0 for a query */
	bool stopped;    /* the callback ended it; the engine itself is well */
};

enum tx_word { TX_BEGIN, TX_COMMIT, TX_ROLLBACK, TX_SAVEPOINT, TX_RELEASE, TX_BACK };
enum { TX_N = TX_BACK + 1 };

/* 'db' is the engine's connection, 'prepared' its statement.  Every failure
 * leaves the engine's words in message(). */
struct store_engine {
	bool pg;
	enum rc (*open)(const char *url, unsigned flags, void **ret, struct store_error *err);
	void (*close)(void *db); /* its statements are discarded before */
	const char *(*message)(const void *db);
	enum rc (*prepare)(void *db, const char *sql, void **ret);
	void (*discard)(void *prepared);
	enum rc (*exec)(void *prepared, struct call *call);
	/* Several statements, all or none of them when outside a transaction. */
	enum rc (*script)(void *db, const char *sql);
	enum rc (*tx)(void *db, enum tx_word word);
	bool (*in_tx)(const void *db); /* does the engine still hold the transaction? */
	enum rc (*check)(void *db, row_fn *fn, void *arg);
	/* NULL: this engine has its own tools for it. */
	enum rc (*backup)(void *db, const char *file, void (*progress)(void *arg, int done, int total), void *arg);
	const char *columns_sql; /* rows of conn_columns */
	const char *row_type;    /* stands for the word row_int; NULL: the word itself */
};
extern const struct store_engine store_sqlite, store_pg;

/* ---- statement cache (store_cache.c) ------------------------------------- */

struct stmt {
	struct conn *c;
	void *prepared;
	char *sql;
	uint64_t hash;
	struct stmt *chain;         /* same bucket */
	struct stmt *newer, *older; /* by last use; only when not kept */
	bool kept;                  /* by conn_prepare: stays until conn_close */
	int busy;                   /* running now: a row callback may come back to it */
};

enum { CACHE_MAX = 256, CACHE_BUCKETS = 512 };

struct stmt_cache {
	struct stmt *bucket[CACHE_BUCKETS];
	struct stmt *newest, *oldest;
	size_t n; /* without the kept ones */
};

struct conn {
	const struct store_engine *e;
	void *db;
	int fail_at;
	int64_t calls;
	bool in_tx, in_savepoint;
	enum rc spoiled; /* first failure inside this transaction; ends only by rolling back */
	const char *why; /* failure found by store.c itself; NULL: ask the engine */
	struct stmt_cache cache;
};

/* The statement of this text, prepared when new.  Without 'keep' it may be
 * gone after the next cache_get(). */
enum rc cache_get(struct conn *c, const char *sql, bool keep, struct stmt **ret) MUST_USE;
void cache_clear(struct conn *c);

/* Schema text with 'word' replaced by 'with' outside of quotes and comments;
 * heap, freed by the caller (store_schema.c). */
char *schema_replace(const char *sql, const char *word, const char *with);

#endif
