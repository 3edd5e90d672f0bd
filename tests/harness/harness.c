#include "harness.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_FAILURES = 400 };

static int64_t start_of_time(void)
{
	return 1773277661 * SECOND; /* 2026-03-12T01:07:41Z */
}

static void open_app(struct rig *r)
{
	struct app_options o = {
		.url = r->url,
		.modules = r->modules,
		.roles = r->roles,
		.clock = clock_fixed(&r->now),
		.folder = r->folder,
	};

	if (app_open(&o, &r->app) != RC_OK)
		fail_msg("the app does not open on %s", testdb_name(r->kind));
}

bool rig_open(struct rig *r, enum testdb_kind kind, const struct module *const *modules, const struct role *roles)
{
	*r = (struct rig){
		.kind = kind, .modules = modules, .roles = roles, .now = start_of_time(), .never = "secret-canary"
	};
	r->url = testdb_url(kind);
	if (r->url == NULL)
		return false;
	r->arena = arena_new((size_t)1 << 30);
	snprintf(r->folder, sizeof(r->folder), "/tmp/jiuan_rig.XXXXXX");
	assert_non_null(mkdtemp(r->folder));
	open_app(r);
	return true;
}

void rig_restart(struct rig *r)
{
	app_close(r->app);
	open_app(r);
}

static int remove_one(const char *path, const struct stat *st, int what, struct FTW *w)
{
	(void)st, (void)what, (void)w;
	return remove(path);
}

void rig_close(struct rig *r)
{
	app_close(r->app);
	nftw(r->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_free(r->arena);
	testdb_drop(r->url);
}

void on_each_kind(void (*test)(struct rig *r), const struct module *const *modules, const struct role *roles)
{
	static const enum testdb_kind kinds[] = { TESTDB_MEMORY, TESTDB_PG };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct rig r;

		if (!rig_open(&r, kinds[i], modules, roles))
			continue;
		test(&r);
		rig_close(&r);
	}
}

const struct actor *rig_actor(struct rig *r, const char *id, const char *roles, const char *home)
{
	struct actor *a = NEW(r->arena, struct actor);
	struct grant *g = NEW_N(r->arena, struct grant, 8);
	struct str rest = str_of(arena_dup(r->arena, str_of(roles)).p), piece;

	*a = (struct actor){ .kind = WHO_PERSON,
			     .id = arena_dup(r->arena, str_of(id)),
			     .name = arena_dup(r->arena, str_of(id)),
			     .household = str_of(home),
			     .grants = g };
	while (str_cut(&rest, ',', &piece)) {
		struct str path = piece, name;

		if (!str_cut(&path, '@', &name) || path.p == NULL)
			path = STR("");
		if (name.n == 0)
			continue;
		g[a->n_grants] = (struct grant){
			.role = app_role(r->app, name), .post_id = STR("post"), .place_id = STR("place"), .path = path
		};
		if (g[a->n_grants++].role == NULL)
			fail_msg("no role " FMT_STR, ARG_STR(name));
	}
	return a;
}

/* ---- requests ------------------------------------------------------------------- */

static struct str header(const struct request *rq, const char *name)
{
	const struct rig *r = rq->x;

	if (strcasecmp(name, "Idempotency-Key") == 0)
		return str_of(r->idem);
	if (strcasecmp(name, "If-Match") == 0)
		return str_of(r->match);
	if (strcasecmp(name, "Authorization") == 0)
		return str_of(r->auth);
	if (strcasecmp(name, "Content-Type") == 0)
		return str_of(r->type);
	if (strcasecmp(name, "Range") == 0)
		return str_of(r->range);
	if (strcasecmp(name, "If-None-Match") == 0)
		return str_of(r->none);
	return strcasecmp(name, "Cookie") == 0 ? str_of(r->cookie) : NO_STR;
}

static void ask(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body)
{
	struct request rq = { .method = str_of(method),
			      .path = str_of(path),
			      .body = body ? str_of(body) : r->raw,
			      .peer = STR("192.0.2.7"),
			      .header = header,
			      .x = r };
	struct str rest = rq.path;

	if (strchr(path, '?') && str_cut(&rest, '?', &rq.path))
		rq.query = rest;
	r->last = who ? app_handle_as(r->app, r->arena, who, &rq) : app_handle(r->app, r->arena, &rq);
}

const struct json *here(struct rig *r)
{
	struct json *j = NULL;
	struct json_error err;

	if (r->last.body.n == 0 || !strstr(r->last.type, "json")) /* a file of another kind */
		return NULL;
	if (json_parse(r->arena, r->last.body, 0, &j, &err) != RC_OK)
		fail_msg("no JSON (%s at %zu): " FMT_STR, err.reason, err.at, ARG_STR(r->last.body));
	return j;
}

/* ---- answers held against the tables ------------------------------------------- */

static bool is_word(const struct json *field, struct str text)
{
	const struct json *words = json_get(field, "words");

	for (const struct json *w = words ? words->child : NULL; w; w = w->next)
		if (str_eq(w->text, text))
			return true;
	return false;
}

static bool fits(const struct json *field, const struct json *v)
{
	struct str type = json_get_text(field, "type");
	int64_t t;
	double d;

	if (v->kind == J_NULL)
		return !str_is(type, "enum") && !str_is(type, "flag") && !str_is(type, "id");
	if (str_is(type, "int"))
		return v->kind == J_INT;
	if (str_is(type, "real"))
		return json_number(v, &d);
	if (str_is(type, "flag"))
		return v->kind == J_BOOL;
	if (str_is(type, "json"))
		return v->kind == J_MAP || v->kind == J_LIST;
	if (v->kind != J_TEXT)
		return false;
	if (str_is(type, "time"))
		return time_parse(v->text, &t) == RC_OK && str_ends(v->text, "Z");
	return !str_is(type, "enum") || is_word(field, v->text);
}

static const struct json *field_of(const struct json *entity, struct str name)
{
	for (const struct json *f = json_get(entity, "fields")->child; f; f = f->next)
		if (str_eq(json_get_text(f, "name"), name))
			return f;
	return NULL;
}

static void check_masked(const struct json *entity, const struct json *row, const struct json *masked)
{
	assert_int_equal(masked->kind, J_LIST);
	assert_true(masked->n > 0);
	for (const struct json *m = masked->child; m; m = m->next) {
		const struct json *f = field_of(entity, m->text), *v = NULL;

		for (const struct json *x = row->child; x; x = x->next)
			if (str_eq(x->key, m->text))
				v = x;
		if (f == NULL || v == NULL || v->kind != J_NULL)
			fail_msg("masked " FMT_STR " is no closed field", ARG_STR(m->text));
		if (!str_is(json_get_text(f, "class"), "P2") && !str_is(json_get_text(f, "class"), "P3"))
			fail_msg("masked " FMT_STR " is not personal", ARG_STR(m->text));
	}
}

/* The end of a closed text, never the whole. */
static void check_tails(const struct json *entity, const struct json *row, const struct json *tails)
{
	assert_int_equal(tails->kind, J_MAP);
	assert_true(tails->n > 0);
	for (const struct json *t = tails->child; t; t = t->next) {
		const struct json *f = field_of(entity, t->key), *m = json_get(row, "masked");

		for (m = m ? m->child : NULL; m && !str_eq(m->text, t->key);)
			m = m->next;
		if (f == NULL || m == NULL || t->kind != J_TEXT || str_chars(t->text) > 4)
			fail_msg("tail of " FMT_STR " is told wrongly", ARG_STR(t->key));
	}
}

static void check_row(const struct json *entity, const struct json *row)
{
	size_t seen = 0;

	assert_int_equal(row->kind, J_MAP);
	for (const struct json *v = row->child; v; v = v->next) {
		if (str_is(v->key, "masked")) {
			check_masked(entity, row, v);
			continue;
		}
		if (str_is(v->key, "tails")) {
			check_tails(entity, row, v);
			continue;
		}
		const struct json *f = field_of(entity, v->key);

		if (f == NULL)
			fail_msg("field " FMT_STR " is not declared", ARG_STR(v->key));
		if (!fits(f, v) && !(v->kind == J_NULL && json_get(row, "masked")))
			fail_msg("field " FMT_STR " does not fit its type: " FMT_STR, ARG_STR(v->key), ARG_STR(v->raw));
		seen++;
	}
	if (seen != json_get(entity, "fields")->n)
		fail_msg("%zu of %u declared fields in: " FMT_STR, seen, json_get(entity, "fields")->n,
			 ARG_STR(row->raw));
}

/* The entity of /api/<module>/<entity>[/<id>[/<verb of a step>]], NULL for other
 * routes.  *list: a list is answered. */
static const struct json *entity_of(struct rig *r, const char *method, const char *path, bool *list)
{
	struct str rest = { path, strcspn(path, "?") }, part[7] = { { 0 } };
	size_t n = 0;

	while (n < COUNT(part) && str_cut(&rest, '/', &part[n]))
		n++;
	if (n < 4 || n > 6)
		return NULL;
	struct str name = arena_fmt(r->arena, FMT_STR "." FMT_STR, ARG_STR(part[2]), ARG_STR(part[3]));
	const struct json *e = json_get(r->says, "entities")->child;

	while (e && !str_eq(json_get_text(e, "entity"), name))
		e = e->next;
	*list = n == 4 && strcmp(method, "GET") == 0;
	if (e == NULL || n < 6)
		return e;
	for (const struct json *s = json_get(e, "steps")->child; s; s = s->next)
		if (str_eq(json_get_text(s, "verb"), part[5]) && strcmp(method, "POST") == 0)
			return e;
	return NULL;
}

static void describe_once(struct rig *r)
{
	static const struct actor anybody = { .kind = WHO_PERSON, .id = { "x", 1 } };
	struct response kept = r->last;

	if (r->says)
		return;
	ask(r, &anybody, "GET", "/api/describe", NULL);
	assert_int_equal(r->last.status, 200);
	r->says = here(r);
	r->last = kept;
}

static void check_problem(struct rig *r, const struct json *j)
{
	static const char *const texts[] = { "type", "title", "code", "request", "detail" };

	assert_string_equal(r->last.type, "application/problem+json");
	for (size_t i = 0; i < COUNT(texts); i++)
		if (json_get_text(j, texts[i]).p == NULL)
			fail_msg("a problem without %s: " FMT_STR, texts[i], ARG_STR(r->last.body));
	assert_int_equal(json_get_int(j, "status", 0), r->last.status);
}

static const struct json *check_answer(struct rig *r, const char *method, const char *path)
{
	bool csv = str_starts(str_of(r->last.type), "text/csv");
	const struct json *j = csv ? NULL : here(r);
	bool list = false;

	if (r->never && memmem(r->last.body.p ? r->last.body.p : "", r->last.body.n, r->never, strlen(r->never)))
		fail_msg("%s %s tells what must never be told", method, path);
	assert_true(strlen(header_of(r, "Server-Time")) > 0);
	if (r->last.status >= 400) {
		assert_non_null(j);
		check_problem(r, j);
		return j;
	}
	if (csv)
		return NULL;
	describe_once(r);
	const struct json *e = entity_of(r, method, path, &list);

	if (e == NULL || r->last.status == 204)
		return j;
	if (!list) {
		check_row(e, j);
		return j;
	}
	for (const struct json *row = json_get(j, "items")->child; row; row = row->next)
		check_row(e, row);
	assert_true(json_get(j, "next")->kind == J_NULL || json_get(j, "next")->kind == J_TEXT);
	return j;
}

int asked(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body)
{
	ask(r, who, method, path, body);
	(void)check_answer(r, method, path);
	return r->last.status;
}

const struct json *call(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body,
			int want)
{
	ask(r, who, method, path, body);
	if (r->last.status != want)
		fail_msg("%s %s %s: %d, wanted %d: %.*s", method, path, body ? body : "", r->last.status, want,
			 (int)(r->last.body.n > 900 ? 900 : r->last.body.n), r->last.body.p);
	return check_answer(r, method, path);
}

const struct json *refused(struct rig *r, const struct actor *who, const char *method, const char *path,
			   const char *body, int want, const char *code, const char *field)
{
	const struct json *j = call(r, who, method, path, body, want);

	if (strcmp(text_at(r, j, "code"), code) != 0 || strcmp(text_at(r, j, "field"), field) != 0)
		fail_msg("%s %s %s: wanted %s at \"%s\": " FMT_STR, method, path, body ? body : "", code, field,
			 ARG_STR(r->last.body));
	return j;
}

const char *create(struct rig *r, const struct actor *who, const char *path, const char *body)
{
	return text_at(r, call(r, who, "POST", path, body, 201), "id");
}

const char *header_of(const struct rig *r, const char *name)
{
	for (size_t i = 0; i < r->last.n_headers; i++)
		if (strcasecmp(r->last.header[i].name, name) == 0)
			return arena_z(r->arena, r->last.header[i].value);
	return "";
}

/* ---- tables ------------------------------------------------------------------------ */

struct columns {
	struct rig *r;
	struct buf sql; /* one SELECT a table */
	struct str table;
	const char *list[300];
	const char *name[300];
	size_t n;
};

static void end_table(struct columns *k)
{
	if (k->table.n == 0)
		return;
	buf_fmt(&k->sql, " FROM " FMT_STR, ARG_STR(k->table));
	k->name[k->n] = arena_z(k->r->arena, k->table);
	k->list[k->n++] = buf_str(&k->sql).p;
}

static enum rc add_column(void *arg, const struct row *row)
{
	struct columns *k = arg;
	bool first = !str_eq(k->table, row->v[0].s);

	if (first) {
		end_table(k);
		k->table = arena_dup(k->r->arena, row->v[0].s);
		k->sql = buf_new(k->r->arena, 16384);
		buf_add(&k->sql, STR("SELECT "));
	}
	buf_fmt(&k->sql, "%s" FMT_STR, first ? "" : ", ", ARG_STR(row->v[1].s));
	return RC_OK;
}

static void all_tables(struct rig *r, struct columns *k)
{
	*k = (struct columns){ .r = r };
	assert_int_equal(conn_columns(app_conn(r->app), add_column, k), RC_OK);
	end_table(k);
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 1099511628211u; /* FNV-1a */
	return h;
}

static enum rc add_row(void *arg, const struct row *row)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < row->n; i++) {
		h = mix(h, &row->v[i].kind, sizeof(row->v[i].kind));
		if (row->v[i].kind == VAL_INT || row->v[i].kind == VAL_REAL)
			h = mix(h, &row->v[i].i, sizeof(row->v[i].i));
		else if (row->v[i].kind != VAL_NULL)
			h = mix(h, row->v[i].s.p, row->v[i].s.n);
	}
	*(uint64_t *)arg += h * 2 + 1; /* a sum: the order of rows does not matter */
	return RC_OK;
}

/* PostgreSQL adds up by itself, all tables in one question. */
static uint64_t digest_there(struct rig *r, const struct columns *k)
{
	struct buf sql = buf_new(r->arena, 64 << 10);
	uint64_t all = 0;

	for (size_t i = 0; i < k->n; i++)
		buf_fmt(&sql,
			"%sSELECT CAST('%s ' || coalesce(sum(hashtextextended(CAST(t AS text), 0)), 0) AS text) FROM "
			"%s t",
			i ? " UNION ALL " : "", k->name[i], k->name[i]);
	if (conn_each(app_conn(r->app), buf_str(&sql).p, NO_ARGS, add_row, &all) != RC_OK)
		fail_msg("%s", conn_message(app_conn(r->app)));
	return all;
}

uint64_t digest(struct rig *r)
{
	struct columns k;
	uint64_t all = 0;

	all_tables(r, &k);
	if (r->kind == TESTDB_PG)
		return digest_there(r, &k);
	for (size_t i = 0; i < k.n; i++) {
		uint64_t one = 0;

		assert_int_equal(conn_each(app_conn(r->app), k.list[i], NO_ARGS, add_row, &one), RC_OK);
		all = mix(all, &one, sizeof(one));
	}
	return all;
}

struct needle {
	const char *text;
	int64_t rows;
};

static enum rc look_in(void *arg, const struct row *row)
{
	struct needle *n = arg;
	bool hit = false;

	for (size_t i = 0; i < row->n; i++)
		hit |= (row->v[i].kind == VAL_TEXT || row->v[i].kind == VAL_BLOB) && row->v[i].s.n &&
		       memmem(row->v[i].s.p, row->v[i].s.n, n->text, strlen(n->text)) != NULL;
	n->rows += hit;
	return RC_OK;
}

int64_t rows_with(struct rig *r, const char *text, const char *except)
{
	struct needle n = { text, 0 };
	struct columns k;

	all_tables(r, &k);
	for (size_t i = 0; i < k.n; i++)
		if (except == NULL || strcmp(k.name[i], except) != 0)
			assert_int_equal(conn_each(app_conn(r->app), k.list[i], NO_ARGS, look_in, &n), RC_OK);
	return n.rows;
}

int fail_every_call(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body,
		    int want)
{
	struct conn *db = app_conn(r->app);
	uint64_t before = digest(r);

	for (int n = 1; n < MOST_FAILURES; n++) {
		conn_fail_at(db, n);
		ask(r, who, method, path, body);
		conn_fail_at(db, 0);
		if (r->last.status == want) {
			(void)check_answer(r, method, path);
			return n - 1;
		}
		const struct json *j = check_answer(r, method, path);

		if (r->last.status != 503 || strcmp(text_at(r, j, "code"), "busy") != 0)
			fail_msg("%s %s with store call %d failing: %.*s", method, path, n, (int)r->last.body.n,
				 r->last.body.p);
		if (conn_in_tx(db))
			fail_msg("%s %s with store call %d failing leaves a transaction open", method, path, n);
		if (digest(r) != before)
			fail_msg("%s %s with store call %d failing leaves something behind", method, path, n);
	}
	fail_msg("%s %s never succeeds", method, path);
	return 0;
}

/* ---- looking ------------------------------------------------------------------------ */

const char *fmt(struct rig *r, const char *format, ...)
{
	char text[8192];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return arena_dup(r->arena, str_of(text)).p;
}

const struct json *at(const struct json *j, const char *dotted)
{
	struct str rest = str_of(dotted), piece;
	int64_t n;

	while (j && str_cut(&rest, '.', &piece)) {
		const struct json *k = j->kind == J_MAP || j->kind == J_LIST ? j->child : NULL;

		if (j->kind == J_LIST && str_int(piece, &n) == RC_OK) {
			while (k && n-- > 0)
				k = k->next;
		} else {
			while (k && !str_eq(k->key, piece))
				k = k->next;
		}
		j = k;
	}
	return j;
}

const char *text_at(struct rig *r, const struct json *j, const char *dotted)
{
	const struct json *v = at(j, dotted);

	return v && v->kind == J_TEXT ? arena_z(r->arena, v->text) : "";
}

int64_t int_at(const struct json *j, const char *dotted)
{
	const struct json *v = at(j, dotted);

	return v && v->kind == J_INT ? v->i : -1;
}

static enum rc take_count(void *arg, const struct row *row)
{
	*(int64_t *)arg = row->v[0].kind == VAL_INT ? row->v[0].i : 0;
	return RC_OK;
}

int64_t count(struct rig *r, const char *sql)
{
	int64_t n = -1;

	if (conn_each(app_conn(r->app), sql, NO_ARGS, take_count, &n) != RC_OK)
		fail_msg("%s: %s", sql, conn_message(app_conn(r->app)));
	return n;
}

void run_sql(struct rig *r, const char *sql)
{
	if (conn_run(app_conn(r->app), sql, NO_ARGS, NULL) != RC_OK)
		fail_msg("%s: %s", sql, conn_message(app_conn(r->app)));
}
