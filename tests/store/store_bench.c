/* store_bench [ROWS]: a prepared insert through stmt_run beside the same loop
 * on bare sqlite3, in turns in one run, on files in $TMPDIR (or /tmp); per
 * CPU-second of this process.  Asserts that all rows are there. */
#include "store/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 5000, ROUNDS = 5 };

static const char schema[] = "CREATE TABLE e (n row_int PRIMARY KEY, source ref_text NOT NULL, type enum_text NOT NULL,"
			     " at time_int NOT NULL, value num_real, body json_text)";
static const char insert[] = "INSERT INTO e (n, source, type, at, value, body) VALUES ($1, $2, $3, $4, $5, $6)";
static const char body[] = "{\"zone\":\"3-2-501\",\"kind\":\"motion\",\"confidence\":0.93,\"note\":\"about as long as "
			   "an event of a door or a camera is\",\"x\":12}";

struct row_in {
	char source[32];
	int64_t n, at;
	double value;
};

static void row_make(struct row_in *r, int64_t n)
{
	r->n = n;
	r->at = 1773277661000000 + n;
	r->value = (double)(n % 1000) / 8;
	snprintf(r->source, sizeof(r->source), "device-%05" PRId64, n * 7919 % 10000);
}

static double cpu(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

static struct conn *open_new(const char *path)
{
	struct store_error err = { "" };
	struct conn *c = NULL;
	const char *const tail[] = { "", "-wal", "-shm" };
	char file[512];

	for (size_t i = 0; i < COUNT(tail); i++) {
		snprintf(file, sizeof(file), "%s%s", path, tail[i]);
		unlink(file);
	}
	if (conn_open(path, 0, &c, &err) != RC_OK || conn_schema(c, schema) != RC_OK)
		fatal("%s: %s", path, err.text);
	return c;
}

static double run_ours(const char *path, int64_t rows)
{
	struct conn *c = open_new(path);
	struct stmt *s;
	struct row_in r;
	double start = cpu();

	if (conn_prepare(c, insert, &s) != RC_OK)
		fatal("prepare: %s", conn_message(c));
	for (int64_t n = 1; n <= rows; n++) {
		if (n % BATCH == 1 && conn_begin(c) != RC_OK)
			fatal("begin");
		row_make(&r, n);
		if (stmt_run(s,
			     ARGS(V_INT(r.n), V_Z(r.source), V_STR(STR("sensing.motion")), V_INT(r.at), V_REAL(r.value),
				  V_STR(((struct str){ body, sizeof(body) - 1 }))),
			     NULL) != RC_OK)
			fatal("insert: %s", conn_message(c));
		if (n % BATCH == 0 && conn_commit(c) != RC_OK)
			fatal("commit");
	}
	double used = cpu() - start;
	conn_close(c);
	return used;
}

static void check(sqlite3 *db, int e, int want)
{
	if (e != want)
		fatal("sqlite: %s", sqlite3_errmsg(db));
}

/* The same settings as the store's, given by hand, and its checkpoint length. */
static double run_bare(const char *path, int64_t rows)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	struct row_in r;

	conn_close(open_new(path));
	check(db, sqlite3_open(path, &db), SQLITE_OK);
	check(db,
	      sqlite3_exec(db,
			   "PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
			   "PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=4000",
			   NULL, NULL, NULL),
	      SQLITE_OK);
	double start = cpu();
	check(db, sqlite3_prepare_v2(db, insert, -1, &s, NULL), SQLITE_OK);
	for (int64_t n = 1; n <= rows; n++) {
		if (n % BATCH == 1)
			check(db, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
		row_make(&r, n);
		sqlite3_bind_int64(s, 1, r.n);
		sqlite3_bind_text(s, 2, r.source, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 3, "sensing.motion", 14, SQLITE_STATIC);
		sqlite3_bind_int64(s, 4, r.at);
		sqlite3_bind_double(s, 5, r.value);
		sqlite3_bind_text(s, 6, body, sizeof(body) - 1, SQLITE_STATIC);
		check(db, sqlite3_step(s), SQLITE_DONE);
		sqlite3_reset(s);
		if (n % BATCH == 0)
			check(db, sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
	}
	double used = cpu() - start;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return used;
}

static enum rc keep_count(void *arg, const struct row *row)
{
	*(int64_t *)arg = row->v[0].i;
	return RC_OK;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int64_t rows = argc > 1 ? strtoll(argv[1], NULL, 10) / BATCH * BATCH : 200000, got = 0;
	const char *tmp = getenv("TMPDIR");
	double ours[ROUNDS], bare[ROUNDS];
	struct conn *c = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/jiuan-store-bench-%ld", tmp ? tmp : "/tmp", (long)getpid());
	for (int i = 0; i < ROUNDS; i++) {
		bare[i] = run_bare(path, rows);
		ours[i] = run_ours(path, rows);
	}
	if (conn_open(path, 0, &c, NULL) != RC_OK ||
	    conn_each(c, "SELECT count(*) FROM e", NO_ARGS, keep_count, &got) != RC_OK || got != rows)
		fatal("%" PRId64 " rows of %" PRId64, got, rows);
	conn_close(c);
	unlink(path);
	qsort(ours, ROUNDS, sizeof(double), by_size);
	qsort(bare, ROUNDS, sizeof(double), by_size);
	double o = (double)rows / ours[ROUNDS / 2], b = (double)rows / bare[ROUNDS / 2];
	printf("figure: store.insert %.0f rows/cpu-s\nfigure: store.insert_bare %.0f rows/cpu-s\n", o, b);
	printf("ratio: store.insert %.3f peer=sqlite3\n", o / b);
	return 0;
}
