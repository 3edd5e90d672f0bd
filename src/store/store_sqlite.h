/* store_sqlite.h - shared by store_sqlite.c (statements, transactions) and
 * store_sqlite_file.c (opening, backup); private to store/.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store_engine.h"

#include <sqlite3.h>

struct sqlite_db {
	sqlite3 *db;
	sqlite3_stmt *tx[TX_N]; /* made at the first use */
	bool reader;
	char message[256];
};

/* Ends the process when 'e' says that a sync failed. */
void sqlite_stop_if_unsynced(int e, const char *words);
enum rc sqlite_rc(int e);
/* Keeps the engine's words of the last failure of 'd' and maps its code. */
enum rc sqlite_failed(struct sqlite_db *d, int e);
enum rc sqlite_tx(void *db, enum tx_word word);

enum rc sqlite_open_db(const char *file, unsigned flags, void **ret, struct store_error *err);
void sqlite_close_db(void *db);
enum rc sqlite_backup(void *db, const char *file, void (*progress)(void *arg, int done, int total), void *arg);

#endif
