/* app.c - start-up: modules, texts of statements, tables, checks. */
#include "core/inner.h"

#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ctx app_ctx(struct app *a, struct arena *arena, struct conn *db)
{
	return (struct ctx){
		.app = a, .arena = arena, .db = db, .now = clock_now(a->o.clock), .who = { .kind = WHO_SYSTEM }
	};
}

const struct entity_info *info_of(const struct app *a, const struct entity *e)
{
	for (size_t i = 0; i < a->n_info; i++)
		if (a->info[i].e == e)
			return &a->info[i];
	fatal("entity %s.%s belongs to no module of this program", e->module, e->name);
}

const struct entity *entity_named(const struct app *a, struct str dotted)
{
	for (size_t i = 0; i < a->n_info; i++) {
		const struct entity *e = a->info[i].e;
		size_t n = strlen(e->module);

		if (str_starts(dotted, e->module) && dotted.n > n && dotted.p[n] == '.' &&
		    str_is((struct str){ dotted.p + n + 1, dotted.n - n - 1 }, e->name))
			return e;
	}
	return NULL;
}

/* ---- tables to texts ---------------------------------------------------------------- */

static const struct field *field_named(const struct entity *e, const char *name)
{
	const struct field *f = name ? entity_field(e, str_of(name)) : NULL;

	if (name && f == NULL)
		fatal("%s has no field %s", e->table, name);
	return f;
}

static void make_texts(struct arena *a, struct entity_info *i)
{
	struct buf cols = buf_new(a, 16384), ins = buf_new(a, 16384), upd = buf_new(a, 16384);
	const struct entity *e = i->e;

	for (size_t k = 0; k < e->n_fields; k++)
		buf_fmt(&cols, "%s%s", k ? ", " : "", e->fields[k].name);
	buf_fmt(&ins, "INSERT INTO %s (" FMT_STR ") VALUES (", e->table, ARG_STR(buf_str(&cols)));
	buf_fmt(&upd, "UPDATE %s SET ", e->table);
	for (size_t k = 0; k < e->n_fields; k++) { /* field 0 is the id: $1 */
		buf_fmt(&ins, "%s$%zu", k ? ", " : "", k + 1);
		if (k)
			buf_fmt(&upd, "%s%s = $%zu", k > 1 ? ", " : "", e->fields[k].name, k + 1);
	}
	buf_add(&ins, STR(")"));
	buf_fmt(&upd, " WHERE id = $1 AND version = $%zu", e->n_fields + 1);
	i->keys = NEW_N(a, struct str, e->n_fields);
	for (size_t k = 0; k < e->n_fields; k++)
		i->keys[k] = arena_fmt(a, "\"%s\":", e->fields[k].name);
	i->columns = buf_str(&cols).p;
	i->insert = buf_str(&ins).p;
	i->update = buf_str(&upd).p;
	i->select = arena_fmt(a, "SELECT %s FROM %s WHERE ", i->columns, e->table).p;
}

static void make_info(struct app *a)
{
	size_t most = 0;

	for (size_t i = 0; i < a->n_modules; i++)
		for (size_t k = 0; a->o.modules[i]->entities && a->o.modules[i]->entities[k]; k++)
			most++;
	a->info = NEW_N(a->arena, struct entity_info, most + 1);
	for (size_t i = 0; i < a->n_modules; i++) {
		for (size_t k = 0; a->o.modules[i]->entities && a->o.modules[i]->entities[k]; k++) {
			struct entity_info *n = &a->info[a->n_info++];
			const struct entity *e = a->o.modules[i]->entities[k];

			n->e = e;
			make_texts(a->arena, n);
			n->owner = field_named(e, e->owner);
			n->household = field_named(e, e->household);
			n->place = field_named(e, e->place);
			n->assigned = field_named(e, e->assigned);
			n->state = field_named(e, e->state);
			n->person_is_id = e->person && strcmp(e->person, "id") == 0;
			n->person = n->person_is_id ? NULL : field_named(e, e->person);
		}
	}
}

static void add_wake(struct app *a, const char *word)
{
	for (size_t i = 0; i < a->n_wake; i++)
		if (strcmp(a->wake[i], word) == 0)
			return;
	if (a->n_wake == MAX_WAKES)
		fatal("too many words that wake jobs");
	a->wake[a->n_wake++] = word;
}

static void make_states(struct app *a)
{
	const struct module *m;
	const struct job *j;

	a->state = NEW_N(a->arena, void *, a->n_modules + 1);
	for (size_t i = 0; i < a->n_modules; i++)
		if (a->o.modules[i]->state_size)
			a->state[i] = mem_new(a->o.modules[i]->state_size);
	for (size_t n = 0; (j = app_job(a, n, &m)) != NULL; n++)
		if (j->wake)
			add_wake(a, j->wake);
}

static bool is_before(const struct app *a, const char *name, size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (strcmp(a->o.modules[i]->name, name) == 0)
			return true;
	return false;
}

static enum rc check_needs(struct ctx *c)
{
	for (size_t i = 0; i < c->app->n_modules; i++)
		for (const char *const *n = c->app->o.modules[i]->needs; n && *n; n++)
			if (!is_before(c->app, *n, i))
				return FAIL(c, RC_BUG, "needs", NO_STR, "%s needs %s before it",
					    c->app->o.modules[i]->name, *n);
	return RC_OK;
}

/* ---- open and close ------------------------------------------------------------------ */

static enum rc start_up(struct ctx *c)
{
	TRY(check_needs(c));
	TRY(schema_upgrade(c));
	TRY(verify_all(c));
	for (size_t i = 0; i < c->app->n_modules; i++)
		if (c->app->o.modules[i]->start)
			TRY(c->app->o.modules[i]->start(c));
	return RC_OK;
}

static enum rc load_key(struct app *a)
{
	struct seal_key k;
	bool made;

	if (a->o.key_file == NULL) {
		crypto_random(a->key, sizeof(a->key));
		return RC_OK;
	}
	enum rc rc = seal_key_load(a->o.key_file, &k, &made);

	if (rc != RC_OK) {
		fprintf(stderr,
			rc == RC_INVALID ? "can't use the key file %s: it must be 32 bytes, mode 0600\n"
					 : "can't read or make the key file %s\n",
			a->o.key_file);
		return rc;
	}
	memcpy(a->key, k.bytes, sizeof(a->key));
	return RC_OK;
}

/* For leases.  The same node again goes on at once, also after a crash and
 * whatever its clock says: one process at a time has the folder of its key. */
static void name_holder(struct app *a)
{
	struct str key = { (const char *)a->key, sizeof(a->key) };
	uint8_t mac[CRYPTO_HASH];

	if (hash_keyed(key, STR("lease holder"), mac) != RC_OK)
		fatal("the node key has the wrong size");
	struct str hex = hex_encode(a->arena, (struct str){ (const char *)mac, (sizeof(a->holder) - 1) / 2 });

	memcpy(a->holder, hex.p, hex.n);
}

static enum rc start_in_tx(struct app *a)
{
	struct arena *arena = arena_new(64 << 20);
	struct ctx c = app_ctx(a, arena, a->db);
	enum rc rc = conn_begin(a->db);

	if (rc == RC_OK)
		rc = start_up(&c);
	if (rc == RC_OK)
		rc = conn_commit(a->db);
	if (rc != RC_OK) {
		fprintf(stderr, "refusing to start: %s\n", c.fail.text[0] ? c.fail.text : conn_message(a->db));
		conn_rollback(a->db);
	} else {
		a->pending |= c.pokes;
	}
	arena_free(arena);
	return rc;
}

enum rc app_open(const struct app_options *o, struct app **ret)
{
	struct store_error se = { "" };
	struct conn *db = NULL;

	TRY(crypto_init());
	if (conn_open(o->url, 0, &db, &se) != RC_OK) {
		fprintf(stderr, "can't open the store: %s\n", se.text);
		return RC_BUSY;
	}
	struct arena *arena = arena_new(16 << 20);
	struct app *a = NEW(arena, struct app);

	a->o = *o;
	a->db = db;
	a->arena = arena;
	id_gen_init(&a->ids);
	while (o->modules[a->n_modules])
		a->n_modules++;
	make_info(a);
	make_states(a);
	enum rc rc = load_key(a);

	if (rc == RC_OK) {
		name_holder(a);
		rc = start_in_tx(a);
	}
	if (rc != RC_OK) {
		app_close(a);
		return rc;
	}
	*ret = a;
	return RC_OK;
}

void app_close(struct app *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n_modules; i++) {
		if (a->o.modules[i]->stop && a->state[i])
			a->o.modules[i]->stop(a->state[i]);
		free(a->state[i]);
	}
	conn_close(a->db);
	crypto_wipe(a->key, sizeof(a->key));
	id_gen_done(&a->ids);
	arena_free(a->arena);
}

struct conn *app_conn(struct app *a)
{
	return a->db;
}

const char *app_url(const struct app *a)
{
	return a->o.url;
}

bool app_is_demo(const struct app *a)
{
	return a->o.demo;
}

const char *app_folder(const struct app *a)
{
	return a->o.folder;
}

const unsigned char *app_key(const struct app *a)
{
	return a->key;
}

const struct role *app_role(const struct app *a, struct str name)
{
	for (const struct role *r = a->o.roles; r && r->name; r++)
		if (str_is(name, r->name))
			return r;
	return NULL;
}
