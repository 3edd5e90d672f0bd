/* bare_loop.c - the peer of our ingest: a bare C loop that appends the same
 * rows to SQLite, batches of 5,000, with a dedupe hash in memory, and nothing
 * else: no HTTP, no parsing, no checks, no verdicts.
 *
 *     bare_loop <folder> [rows]
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 5000, SOURCES = 10000, TYPES = 8, SLOTS = 1 << 23 };

static uint64_t slots[SLOTS];
static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void check(int rc, sqlite3 *db)
{
	if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
		return;
	fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
	check(sqlite3_exec(db, sql, NULL, NULL, NULL), db);
}

static double seconds(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t written(void)
{
	uint64_t n = 0;
	char line[128];
	FILE *f = fopen("/proc/self/io", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "write_bytes: %" SCNu64, &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* True when new. */
static int first_time(uint64_t source, const char *id, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u ^ source * 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)id[i]) * 0x100000001b3u;
	h |= h == 0;
	for (size_t i = (size_t)h & (SLOTS - 1);; i = (i + 1) & (SLOTS - 1)) {
		if (slots[i] == h)
			return 0;
		if (slots[i] == 0) {
			slots[i] = h;
			return 1;
		}
	}
}

static void append(sqlite3 *db, sqlite3_stmt *st, int64_t *seq, int64_t k)
{
	static int64_t last[SOURCES];
	uint64_t source = next_random() % SOURCES;
	int64_t at = 1700000000000000 + k * 1000;
	char id[40], data[160];
	int id_n = snprintf(id, sizeof(id), "e-%016" PRIx64, next_random() % 100 == 0 ? (uint64_t)0 : (uint64_t)k);
	int data_n = snprintf(data, sizeof(data),
			      "{\"label\":\"person\",\"zone\":\"gate_%d\",\"score\":0.%02d,\"current\":true,"
			      "\"stationary\":false,\"object_id\":\"17000%" PRId64 "-abc\"}",
			      (int)(source % 7), (int)(k % 100), k);

	if (!first_time(source, id, (size_t)id_n))
		return;
	sqlite3_bind_int64(st, 1, ++*seq);
	sqlite3_bind_int64(st, 2, (int64_t)source);
	sqlite3_bind_int64(st, 3, k % TYPES);
	sqlite3_bind_int64(st, 4, last[source]);
	sqlite3_bind_int64(st, 5, at);
	sqlite3_bind_int64(st, 6, at + 5000);
	sqlite3_bind_text(st, 7, id, id_n, SQLITE_STATIC);
	sqlite3_bind_text(st, 8, data, data_n, SQLITE_STATIC);
	check(sqlite3_step(st), db);
	check(sqlite3_reset(st), db);
	last[source] = *seq;
}

int main(int argc, char **argv)
{
	int64_t rows = argc > 2 ? atoll(argv[2]) : 1000000, seq = 0;
	char path[512];
	sqlite3 *db;
	sqlite3_stmt *st;

	if (argc < 2) {
		fprintf(stderr, "usage: bare_loop <folder> [rows]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/bare_loop.db", argv[1]);
	remove(path);
	check(sqlite3_open(path, &db), db);
	run(db,
	    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA "
	    "wal_autocheckpoint=8000;"
	    "CREATE TABLE sensing_event (seq INTEGER PRIMARY KEY, source_no INTEGER NOT NULL, type_no INTEGER NOT NULL,"
	    " prev INTEGER NOT NULL, at INTEGER NOT NULL, received_at INTEGER NOT NULL, event_id TEXT NOT NULL, data "
	    "TEXT)");
	check(sqlite3_prepare_v2(db, "INSERT INTO sensing_event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", -1, &st,
				 NULL),
	      db);
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID), wall = seconds(CLOCK_MONOTONIC);
	uint64_t bytes = written();

	for (int64_t k = 0; k < rows;) {
		run(db, "BEGIN IMMEDIATE");
		for (int i = 0; i < BATCH && k < rows; i++)
			append(db, st, &seq, k++);
		run(db, "COMMIT");
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = seconds(CLOCK_MONOTONIC) - wall;
	bytes = written() - bytes;
	printf("figure: bare_loop_rows %" PRId64 " rows\n", seq);
	printf("figure: bare_loop_per_cpu_s %.0f rows/s\n", (double)seq / cpu);
	printf("figure: bare_loop_wall %.0f rows/s\n", (double)seq / wall);
	printf("figure: bare_loop_bytes_per_row %.0f bytes\n", (double)bytes / (double)seq);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return 0;
}
