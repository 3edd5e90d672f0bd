/* schema.c - tables made and upgraded, then held against the C tables. */
#include "core/inner.h"
#include "core_schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct column_note core_columns[] = {
	{ "core_schema", "*", P0, "operation", "duty", 0 },          { "core_outbox", "*", P1, "operation", "duty", 2 },
	{ "core_outbox", "place_path", P3, "operation", "duty", 2 }, /* of a person: the home */
	{ "core_inbox", "*", P0, "operation", "duty", 2 },           { "core_audit", "*", P1, "record", "duty", 0 },
	{ "core_look", "*", P2, "record_of_access", "law", 1095 },   { "core_idem", "*", P2, "operation", "duty", 1 },
	{ "core_lease", "*", P0, "operation", "duty", 0 },           { 0 },
};

static const char mark[] = "-- @version ";

static int64_t newest_section(const char *schema)
{
	int64_t newest = 0;

	for (const char *p = strstr(schema, mark); p; p = strstr(p + 1, mark)) {
		int64_t version = strtoll(p + sizeof(mark) - 1, NULL, 10);

		newest = version > newest ? version : newest;
	}
	return newest;
}

/* Runs the sections "-- @version N" above the version on record. */
static enum rc upgrade(struct ctx *c, const char *module, const char *schema)
{
	int64_t have;

	TRY(db_int(c, "SELECT version FROM core_schema WHERE module = $1", ARGS(V_Z(module)), 0, &have));
	if (have > newest_section(schema))
		return FAIL(c, RC_BUG, "schema", NO_STR, "%s has version %lld, newer than this program", module,
			    (long long)have);
	for (const char *p = strstr(schema, mark); p;) {
		int64_t version = strtoll(p + sizeof(mark) - 1, NULL, 10);
		const char *next = strstr(p + 1, mark);
		struct str text = { p, next ? (size_t)(next - p) : strlen(p) };

		if (version > have) {
			if (conn_schema(c->db, arena_z(c->arena, text)) != RC_OK)
				return FAIL(c, RC_BUG, "schema", NO_STR, "%s version %lld: %s", module,
					    (long long)version, conn_message(c->db));
			TRY(db_run(c,
				   "INSERT INTO core_schema (module, version) VALUES ($1, $2)"
				   " ON CONFLICT (module) DO UPDATE SET version = $2",
				   ARGS(V_Z(module), V_INT(version)), NULL));
		}
		p = next;
	}
	return RC_OK;
}

enum rc schema_upgrade(struct ctx *c)
{
	if (conn_schema(c->db, "CREATE TABLE IF NOT EXISTS core_schema (module free_text PRIMARY KEY, version num_int "
			       "NOT NULL)") != RC_OK)
		return FAIL(c, RC_BUG, "schema", NO_STR, "core: %s", conn_message(c->db));
	TRY(upgrade(c, "core", core_schema));
	for (size_t i = 0; i < c->app->n_modules; i++)
		if (c->app->o.modules[i]->schema)
			TRY(upgrade(c, c->app->o.modules[i]->name, c->app->o.modules[i]->schema));
	return RC_OK;
}

/* ---- comparison ------------------------------------------------------------------ */

struct verifier {
	struct ctx *c;
	size_t *seen; /* columns met, by entity */
};

static const struct entity_info *table_info(const struct app *a, struct str table, size_t *n)
{
	for (*n = 0; *n < a->n_info; (*n)++)
		if (str_is(table, a->info[*n].e->table))
			return &a->info[*n];
	return NULL;
}

static const struct column_note *note_in(const struct column_note *n, struct str table, struct str column)
{
	const struct column_note *any = NULL;

	for (; n && n->table; n++) {
		if (!str_is(table, n->table))
			continue;
		if (str_is(column, n->column))
			return n;
		if (strcmp(n->column, "*") == 0)
			any = n;
	}
	return any;
}

static const struct column_note *note_of(const struct app *a, struct str table, struct str column)
{
	const struct column_note *n = note_in(core_columns, table, column);

	for (size_t i = 0; n == NULL && i < a->n_modules; i++)
		n = note_in(a->o.modules[i]->columns, table, column);
	return n;
}

static enum rc verify_column(void *arg, const struct row *r)
{
	struct verifier *v = arg;
	struct str table = r->v[0].s, column = r->v[1].s, type = r->v[2].s;
	size_t n;
	const struct entity_info *i = table_info(v->c->app, table, &n);

	if (i == NULL) {
		const struct column_note *note = note_of(v->c->app, table, column);

		if (note == NULL || class_name(note->cls) == NULL)
			return FAIL(v->c, RC_BUG, "register", NO_STR,
				    "column " FMT_STR "." FMT_STR " is not in the data register", ARG_STR(table),
				    ARG_STR(column));
		return RC_OK;
	}
	const struct field *f = entity_field(i->e, column);

	if (f == NULL)
		return FAIL(v->c, RC_BUG, "schema", NO_STR, "table %s has column " FMT_STR ", entity has not",
			    i->e->table, ARG_STR(column));
	if (!str_is(type, kind_type[f->kind]))
		return FAIL(v->c, RC_BUG, "schema", NO_STR, "%s.%s is " FMT_STR ", entity says %s", i->e->table,
			    f->name, ARG_STR(type), kind_type[f->kind]);
	v->seen[n]++;
	return RC_OK;
}

static int classes_of(unsigned flags)
{
	return !!(flags & P0) + !!(flags & P1) + !!(flags & P2) + !!(flags & P3);
}

/* What need_at() can ask of a row; anything else would be granted to all. */
static bool sight_known(const struct entity_info *i, enum sight s)
{
	return s == SEE_ALL || s == SEE_PLACE || (s == SEE_OWN && i->owner) || (s == SEE_ASSIGNED && i->assigned);
}

/* A filter or an order by a closed field would tell it row by row; who a row is
 * about is asked for by those who know already. */
static bool tells_closed(const struct entity_info *i, struct str *name)
{
	const struct entity *e = i->e;

	for (size_t k = 0; k < e->n_fields; k++) {
		const struct field *f = &e->fields[k];

		*name = str_of(f->name);
		if ((f->flags & FILTER) && (f->flags & (PERSONAL | SECRET)) && f != i->person && f != i->owner)
			return true;
	}
	for (const struct sort *s = e->sorts; s && s->name; s++) {
		for (size_t k = 0; k < COUNT(s->columns) && s->columns[k]; k++) {
			const struct field *f;

			*name = str_of(s->columns[k] + (s->columns[k][0] == '-'));
			f = entity_field(e, *name);
			if (f && (f->flags & (PERSONAL | SECRET)))
				return true;
		}
	}
	return false;
}

static unsigned words_of(const struct field *f)
{
	unsigned n = 0;

	while (f->words && f->words[n])
		n++;
	return n;
}

static enum rc verify_entity(struct ctx *c, const struct entity_info *i, size_t seen)
{
	const struct entity *e = i->e;
	struct str name;

	if (seen != e->n_fields)
		return FAIL(c, RC_BUG, "schema", NO_STR, "table %s has %zu of the %zu columns of its entity", e->table,
			    seen, e->n_fields);
	for (size_t k = 0; k < e->n_fields; k++)
		if (classes_of(e->fields[k].flags) != 1)
			return FAIL(c, RC_BUG, "register", NO_STR, "%s.%s needs exactly one data class", e->table,
				    e->fields[k].name);
	if (tells_closed(i, &name))
		return FAIL(c, RC_BUG, "closed_filter", NO_STR, "%s can't be filtered or sorted by " FMT_STR, e->table,
			    ARG_STR(name));
	if (e->purpose == NULL || e->basis == NULL)
		return FAIL(c, RC_BUG, "register", NO_STR, "%s has no purpose or basis", e->table);
	if (e->see == NULL || e->see->perm == NULL)
		return FAIL(c, RC_BUG, "no_perm", NO_STR, "%s says of nobody that they may see it", e->table);
	for (size_t k = 0; k < e->n_steps; k++) {
		const struct step *s = &e->steps[k];

		if (s->perm == NULL || !sight_known(i, s->sight) || i->state == NULL)
			return FAIL(c, RC_BUG, "no_perm", NO_STR,
				    "step %s of %s needs permission, sight and a state field", s->verb, e->table);
		if (s->to != STAY && s->to >= words_of(i->state))
			return FAIL(c, RC_BUG, "schema", NO_STR, "step %s of %s leads to no state", s->verb, e->table);
		for (size_t t = 0; s->takes && s->takes[t]; t++)
			if (!entity_field(e, str_of(s->takes[t] + (s->takes[t][0] == '?'))))
				return FAIL(c, RC_BUG, "schema", NO_STR, "step %s of %s takes unknown %s", s->verb,
					    e->table, s->takes[t]);
	}
	return RC_OK;
}

static enum rc verify_routes(struct ctx *c, const struct module *m)
{
	for (const struct route *r = m->routes; r && r->path; r++)
		if (r->perm == NULL || r->run == NULL)
			return FAIL(c, RC_BUG, "no_perm", NO_STR, "%s %s has no permission", r->method, r->path);
	for (const struct job *j = m->jobs; j && j->name; j++)
		if (j->period <= 0 || j->run == NULL)
			return FAIL(c, RC_BUG, "schema", NO_STR, "job %s has no period", j->name);
	/* The inbox knows a listener by its module and topic. */
	for (const struct listener *l = m->listeners; l && l->topic; l++)
		for (const struct listener *k = m->listeners; k != l; k++)
			if (strcmp(k->topic, l->topic) == 0)
				return FAIL(c, RC_BUG, "schema", NO_STR, "%s hears %s twice", m->name, l->topic);
	return RC_OK;
}

/* Words that no column may be named with or contain: guarantee G19.  The list
 * in three spellings is public; a word stands between underscores. */
static const char *const denied[] = { "face",         "ethnicity", "ethnic",  "minzu",    "religion",
				      "belief",       "zongjiao",  "xinyang", "politics", "political",
				      "party_member", "zhengzhi",  "score",   "credit",   "risk",
				      "fengxian",     "gait",      "emotion", "renlian",  "pingfen" };

static bool has_word(struct str column, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= column.n; i++)
		if (memcmp(column.p + i, word, n) == 0 && (i == 0 || column.p[i - 1] == '_') &&
		    (i + n == column.n || column.p[i + n] == '_'))
			return true;
	return false;
}

static enum rc verify_name(void *arg, const struct row *r)
{
	struct ctx *c = arg;

	for (size_t i = 0; i < COUNT(denied); i++)
		if (has_word(r->v[1].s, denied[i]))
			return FAIL(c, RC_BUG, "denied_column", NO_STR, "column " FMT_STR "." FMT_STR " must not exist",
				    ARG_STR(r->v[0].s), ARG_STR(r->v[1].s));
	return RC_OK;
}

enum rc verify_all(struct ctx *c)
{
	struct verifier v = { c, NEW_N(c->arena, size_t, c->app->n_info + 1) };

	TRY(conn_columns(c->db, verify_column, &v));
	TRY(conn_columns(c->db, verify_name, c));
	for (size_t i = 0; i < c->app->n_info; i++)
		TRY(verify_entity(c, &c->app->info[i], v.seen[i]));
	for (size_t i = 0; i < c->app->n_modules; i++)
		TRY(verify_routes(c, c->app->o.modules[i]));
	return RC_OK;
}

/* ---- the data register --------------------------------------------------------------- */

struct registrar {
	struct app *app;
	struct buf *out;
};

static enum rc register_column(void *arg, const struct row *r)
{
	struct registrar *g = arg;
	struct str table = r->v[0].s, column = r->v[1].s;
	size_t n;
	const struct entity_info *i = table_info(g->app, table, &n);
	const struct column_note *note = i ? NULL : note_of(g->app, table, column);
	const struct field *f = i ? entity_field(i->e, column) : NULL;
	struct column_note said = { 0 };

	if (f)
		said = (struct column_note){
			.cls = f->flags, .purpose = i->e->purpose, .basis = i->e->basis, .keep_days = i->e->keep_days
		};
	else if (note)
		said = *note;
	json_open(g->out, '{');
	json_put_text(g->out, "table", table);
	json_put_text(g->out, "column", column);
	json_put_text(g->out, "class", str_of(class_name(said.cls)));
	json_put_text(g->out, "purpose", str_of(said.purpose));
	json_put_text(g->out, "basis", str_of(said.basis));
	json_put_int(g->out, "keep_days", said.keep_days);
	json_close(g->out, '}');
	return g->out->overflow ? RC_LIMIT : RC_OK;
}

enum rc app_register(struct ctx *c, struct buf *out)
{
	struct registrar g = { c->app, out };

	json_open(out, '[');
	TRY(conn_columns(c->db, register_column, &g));
	json_close(out, ']');
	return RC_OK;
}
