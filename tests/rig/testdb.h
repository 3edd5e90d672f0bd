/* testdb.h - a fresh database for a test, on each engine in turn.
 *
 * The kinds are the same everywhere, so that a test is written once:
 *
 *     for (enum testdb_kind k = 0; k < TESTDB_N; k++) {
 *             const char *url = testdb_url(k);
 *             if (url == NULL)
 *                     continue;
 *             ...
 *             testdb_drop(url);
 *     }
 */
#ifndef TESTDB_H
#define TESTDB_H

#include <stdbool.h>

enum testdb_kind { TESTDB_MEMORY, TESTDB_FILE, TESTDB_PG };
enum { TESTDB_N = TESTDB_PG + 1 };

/* URL for conn_open(); a new and empty database each time.  NULL for
 * TESTDB_PG when JIUAN_TEST_PG is not set (said once on stderr).  Any other
 * failure ends the process.  Not for several threads at once. */
const char *testdb_url(enum testdb_kind kind);
/* The same as a question: is this kind to be had?  Says so when it is not. */
bool testdb_has(enum testdb_kind kind);
const char *testdb_name(enum testdb_kind kind); /* "memory", "file", "postgres" */
/* Removes the database; 'url' is freed.  Close all connections before. */
void testdb_drop(const char *url);
/* Path of a file that does not exist yet, in this process's temporary folder,
 * which goes away at exit; 'name' is used as it is.  Freed with free(). */
char *testdb_path(const char *name);

#endif
