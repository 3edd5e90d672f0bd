#include "testdb.h"

#include "store/store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64];
static pid_t owner;
static int numbers;

static void remove_folder(void)
{
	DIR *d = owner == getpid() ? opendir(folder) : NULL; /* a forked child leaves it alone */
	char path[512];

	if (d == NULL)
		return;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		unlink(path);
	}
	closedir(d);
	rmdir(folder);
}

char *testdb_path(const char *name)
{
	const char *tmp = getenv("TMPDIR");
	char *path = NULL;

	if (folder[0] == '\0') {
		snprintf(folder, sizeof(folder), "%.40s/jiuan-test-XXXXXX", tmp ? tmp : "/tmp");
		if (mkdtemp(folder) == NULL)
			fatal("no temporary folder %s", folder);
		owner = getpid();
		atexit(remove_folder);
	}
	if (asprintf(&path, "%s/%s", folder, name) < 0)
		fatal("out of memory");
	return path;
}

static void admin(const char *before, const char *name, const char *after)
{
	struct store_error err = { "" };
	struct conn *c = NULL;
	char sql[128];

	snprintf(sql, sizeof(sql), "%s %s %s", before, name, after);
	if (conn_open(getenv("JIUAN_TEST_PG"), 0, &c, &err) != RC_OK)
		fatal("JIUAN_TEST_PG: %s", err.text);
	if (conn_script(c, sql) != RC_OK)
		fatal("%s: %s", sql, conn_message(c));
	conn_close(c);
}

bool testdb_has(enum testdb_kind kind)
{
	static bool said;

	if (kind != TESTDB_PG || getenv("JIUAN_TEST_PG"))
		return true;
	if (!said)
		fputs("skipped: PostgreSQL (JIUAN_TEST_PG is not set; tests/rig/pg.py run COMMAND sets it)\n", stderr);
	said = true;
	return false;
}

const char *testdb_name(enum testdb_kind kind)
{
	static const char *const name[TESTDB_N] = { "memory", "file", "postgres" };

	return name[kind];
}

/* JIUAN_TEST_PG with another database's name in its path. */
static char *pg_url(const char *name)
{
	const char *base = getenv("JIUAN_TEST_PG");
	const char *host = strstr(base, "://");
	const char *slash = host ? strchr(host + 3, '/') : NULL;
	const char *query = strchr(base, '?');
	int n = (int)(slash ? (size_t)(slash - base) : query ? (size_t)(query - base) : strlen(base));
	char *url = NULL;

	if (asprintf(&url, "%.*s/%s%s", n, base, name, query ? query : "") < 0)
		fatal("out of memory");
	return url;
}

const char *testdb_url(enum testdb_kind kind)
{
	char name[64];

	if (!testdb_has(kind))
		return NULL;
	snprintf(name, sizeof(name), "jiuan_test_%ld_%d", (long)getpid(), ++numbers);
	if (kind == TESTDB_MEMORY)
		return strdup(":memory:");
	if (kind == TESTDB_FILE)
		return testdb_path(name);
	admin("CREATE DATABASE", name, "");
	return pg_url(name);
}

void testdb_drop(const char *url)
{
	static const char *const tail[] = { "", "-wal", "-shm" };
	char path[512];

	if (url == NULL)
		return;
	if (strncmp(url, "postgres", 8) == 0) {
		const char *name = strstr(url, "/jiuan_test_") + 1;

		snprintf(path, sizeof(path), "%.*s", (int)strcspn(name, "?"), name);
		admin("DROP DATABASE", path, "WITH (FORCE)");
	} else if (strcmp(url, ":memory:") != 0) {
		for (size_t i = 0; i < COUNT(tail); i++) {
			snprintf(path, sizeof(path), "%s%s", url, tail[i]);
			unlink(path);
		}
	}
	free((void *)(uintptr_t)url); /* the cast by way of a number: it was made here, and is const for the tests */
}
