/* Around every operation that writes: the first, the second ... store call
 * fails.  Two towns go through the same day; in one of them every request fails
 * until it does not any more, and nobody can tell them apart afterwards. */
#include "cases.h"

#include <ctype.h>
#include <string.h>

static const struct write_case *const modules[] = { files_cases,    register_cases,  sensing_cases, watch_cases,
						    dispatch_cases, enclosure_cases, access_cases,  home_cases };

/* ---- what two towns have in common ---------------------------------------------- */

enum { ID_CHARS = 26 };

static bool id_at(const char *p, size_t left)
{
	for (size_t i = 0; i < ID_CHARS; i++)
		if (i >= left || !(isupper((unsigned char)p[i]) || isdigit((unsigned char)p[i])))
			return false;
	return true;
}

/* The text with every id as '#'. */
static const char *faceless(struct stage *s, struct str text)
{
	struct buf b = buf_new(s->r.arena, text.n + 1);

	for (size_t i = 0; i < text.n;) {
		bool id = id_at(text.p + i, text.n - i);

		buf_char(&b, id ? '#' : text.p[i]);
		i += id ? ID_CHARS : 1;
	}
	return b.n ? buf_str(&b).p : "";
}

struct counting {
	struct stage *s;
	struct buf out;
	struct str last;
};

static enum rc count_table(void *arg, const struct row *row)
{
	struct counting *k = arg;

	if (str_eq(k->last, row->v[0].s))
		return RC_OK;
	k->last = arena_dup(k->s->r.arena, row->v[0].s);
	return RC_OK;
}

static enum rc name_table(void *arg, const struct row *row)
{
	struct counting *k = arg;

	if (!str_eq(k->last, row->v[0].s))
		buf_fmt(&k->out, FMT_STR " ", ARG_STR(row->v[0].s));
	return count_table(arg, row);
}

/* "core_audit 12, core_idem 0, ..." */
static const char *rows(struct stage *s)
{
	struct counting k = { .s = s, .out = buf_new(s->r.arena, 8192) };
	struct buf all = buf_new(s->r.arena, 8192);
	struct str rest, table;

	assert_int_equal(conn_columns(app_conn(s->r.app), name_table, &k), RC_OK);
	rest = str_trim(buf_str(&k.out));
	while (str_cut(&rest, ' ', &table))
		buf_fmt(&all, FMT_STR " %lld, ", ARG_STR(table),
			(long long)count(&s->r, fmt(&s->r, "SELECT count(*) FROM " FMT_STR, ARG_STR(table))));
	return buf_str(&all).p;
}

/* What stands in memory as well as in tables. */
static const char *looks(struct stage *s)
{
	static const char *const paths[] = { "/api/sensing/health", "/api/watch/board",
					     "/api/sensing/device", "/api/sensing/event",
					     "/api/places/map",     "/api/places/find?lon=115.9&lat=28.68",
					     "/api/people/person",  "/api/dispatch/figures",
					     "/api/places/edges",   "/api/places/completion",
					     "/api/access/board",   "/api/access/occupancy" };
	struct buf all = buf_new(s->r.arena, 1 << 20);
	const char *never = s->r.never;

	s->r.never = CANARY;
	for (size_t i = 0; i < COUNT(paths); i++) {
		call(&s->r, stage_actor(s, "admin@"), "GET", paths[i], NULL, 200);
		buf_fmt(&all, "%s\n", faceless(s, s->r.last.body));
	}
	s->r.never = never;
	return buf_str(&all).p;
}

static void alike(const struct write_case *k, const char *what, const char *a, const char *b)
{
	size_t i = 0;

	while (a[i] && a[i] == b[i])
		i++;
	if (a[i] != b[i])
		fail_msg("%s: other %s after failures: ...%.200s\nwithout: ...%.200s", k->route, what,
			 a + (i > 60 ? i - 60 : 0), b + (i > 60 ? i - 60 : 0));
}

/* ---- one case ------------------------------------------------------------------------ */

/* A second telling of the same request is the first answer again. */
static void again(struct stage *s, const struct actor *who, const char *method, const char *path,
		  const struct write_case *k)
{
	uint64_t before = digest(&s->r);
	struct response first = s->r.last;

	call(&s->r, who, method, path, stage_fill(s, k->body), k->want);
	assert_string_equal(header_of(&s->r, "Idempotency-Replayed"), "true");
	if (digest(&s->r) != before)
		fail_msg("%s is done twice", k->route);
	s->r.last = first;
}

static void run_case(struct stage *s, const struct write_case *k, bool failing)
{
	int64_t kept;

	const char *space = strchr(k->route, ' ');
	const char *method = arena_z(s->r.arena, (struct str){ k->route, (size_t)(space - k->route) });

	if (k->before)
		k->before(s);
	const char *path = stage_fill(s, k->path ? k->path : space + 1), *body = stage_fill(s, k->body);
	const struct actor *who = stage_actor(s, k->who);

	s->r.idem = k->route;
	kept = count(&s->r, "SELECT count(*) FROM core_idem");
	if (failing) {
		if (fail_every_call(&s->r, who, method, path, body, k->want) < 2)
			fail_msg("%s writes nothing", k->route);
	} else {
		call(&s->r, who, method, path, body, k->want);
	}
	if (who && count(&s->r, "SELECT count(*) FROM core_idem") > kept)
		again(s, who, method, path, k);
	s->r.idem = NULL;
	if (k->save)
		stage_put(s, k->save, text_at(&s->r, here(&s->r), "id"));
}

static void test_writes(void **state)
{
	struct stage bad, good;

	(void)state;
	stage_open(&bad, TESTDB_MEMORY, true);
	stage_open(&good, TESTDB_MEMORY, true);
	for (size_t m = 0; m < COUNT(modules); m++) {
		for (const struct write_case *k = modules[m]; k->route; k++) {
			run_case(&bad, k, true);
			run_case(&good, k, false);
			if (!k->secret)
				alike(k, "answer", faceless(&bad, bad.r.last.body), faceless(&good, good.r.last.body));
			alike(k, "rows", rows(&bad), rows(&good));
			stage_settle(&bad);
			stage_settle(&good);
			alike(k, "rows of listeners", rows(&bad), rows(&good));
			alike(k, "look", looks(&bad), looks(&good));
		}
	}
	stage_close(&bad);
	stage_close(&good);
}

/* ---- none left out --------------------------------------------------------------------- */

static bool has_case(struct str route)
{
	for (size_t m = 0; m < COUNT(modules); m++)
		for (const struct write_case *k = modules[m]; k->route; k++)
			if (str_is(route, k->route))
				return true;
	return false;
}

/* "POST   /api/session      public" as "POST /api/session"; the rest is in *line. */
static struct str route_of(struct stage *s, struct str line)
{
	struct str method = { line.p, strcspn(line.p, " ") }, path;

	path.p = line.p + method.n + strspn(line.p + method.n, " ");
	path.n = strcspn(path.p, " ");
	return arena_fmt(s->r.arena, FMT_STR " " FMT_STR, ARG_STR(method), ARG_STR(path));
}

static void test_all_routes(void **state)
{
	struct stage s;
	struct buf list;
	struct str rest, line;
	size_t n = 0, cases = 0;

	(void)state;
	stage_open(&s, TESTDB_MEMORY, true);
	list = buf_new(s.r.arena, 64 << 10);
	app_list_routes(s.r.app, &list);
	rest = buf_str(&list);
	while (str_cut(&rest, '\n', &line)) {
		if (line.n == 0 || str_starts(line, "GET "))
			continue;
		struct str route = route_of(&s, line);

		n++;
		if (!has_case(route))
			fail_msg("no case for " FMT_STR, ARG_STR(route));
	}
	for (size_t m = 0; m < COUNT(modules); m++)
		for (const struct write_case *k = modules[m]; k->route; k++)
			cases++;
	assert_int_equal(cases, n); /* none for a route that is no more */
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_all_routes), cmocka_unit_test(test_writes) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
