#include "core/inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum rc ctx_fail(struct ctx *c, enum rc rc, const char *code, struct str field, const char *file, int line,
		 const char *fmt, ...)
{
	va_list ap;

	if (c->fail.rc != RC_OK)
		return rc;
	c->fail = (struct failure){ .rc = rc, .code = code, .field = field, .file = file, .line = line };
	va_start(ap, fmt);
	vsnprintf(c->fail.text, sizeof(c->fail.text), fmt, ap);
	va_end(ap);
	return rc;
}

static bool covers(const char *held, const char *perm)
{
	size_t n = strlen(held);

	if (strcmp(held, perm) == 0 || strcmp(held, "*") == 0)
		return true;
	return n > 2 && strcmp(held + n - 2, ".*") == 0 && strncmp(held, perm, n - 1) == 0;
}

static bool role_has(const struct role *r, const char *perm)
{
	for (size_t i = 0; r->perms[i]; i++)
		if (covers(r->perms[i], perm))
			return true;
	return false;
}

static bool is_under(struct str path, struct str other)
{
	return other.n <= path.n && (other.n == 0 || memcmp(other.p, path.p, other.n) == 0);
}

static bool actor_may(const struct actor *who, const char *perm, const struct str *path)
{
	if (who->kind == WHO_SYSTEM || strcmp(perm, "public") == 0)
		return true;
	if (strcmp(perm, "person") == 0)
		return who->kind == WHO_PERSON;
	if (who->limited)
		return false;
	for (size_t i = 0; i < who->n_grants; i++) {
		const struct grant *g = &who->grants[i];

		if ((path == NULL || is_under(*path, g->path)) && role_has(g->role, perm))
			return true;
	}
	return false;
}

bool ctx_may(const struct ctx *c, const char *perm)
{
	return actor_may(&c->who, perm, NULL);
}

bool ctx_may_at(const struct ctx *c, const char *perm, struct str path)
{
	return actor_may(&c->who, perm, &path);
}

/* '.' ends each code of a path and '/' is the next byte: [p, p with the last
 * '.' as '/') is exactly the subtree. */
static struct scope scope_of(struct ctx *c, struct str path)
{
	char *to;

	if (path.n == 0)
		return (struct scope){ STR(""), STR("\x7f") };
	to = arena_z(c->arena, path);
	to[path.n - 1] = '/';
	return (struct scope){ path, { to, path.n } };
}

void ctx_scopes(struct ctx *c, const char *perm, struct scope **ret, size_t *n)
{
	const struct grant *g = c->who.grants;

	*ret = NEW_N(c->arena, struct scope, c->who.n_grants + 1);
	*n = 0;
	if (c->who.kind == WHO_SYSTEM)
		(*ret)[(*n)++] = scope_of(c, STR(""));
	for (size_t i = 0; i < c->who.n_grants; i++) {
		bool skip = c->who.limited || !role_has(g[i].role, perm);

		for (size_t k = 0; k < c->who.n_grants && !skip; k++)
			skip = k != i && role_has(g[k].role, perm) && is_under(g[i].path, g[k].path) &&
			       (k < i || g[k].path.n < g[i].path.n);
		if (!skip)
			(*ret)[(*n)++] = scope_of(c, g[i].path);
	}
}

struct str ctx_new_id(struct ctx *c)
{
	char id[ID_TEXT];

	id_new(&c->app->ids, c->now, id);
	return arena_dup(c->arena, str_of(id));
}

struct str ctx_mac(struct ctx *c, const char *purpose, struct str text)
{
	uint8_t mac[CRYPTO_HASH];
	struct str key = { (const char *)c->app->key, sizeof(c->app->key) };

	if (hash_keyed(key, arena_fmt(c->arena, "%s\n" FMT_STR, purpose, ARG_STR(text)), mac) != RC_OK)
		fatal("the node key has the wrong size");
	return hex_encode(c->arena, (struct str){ (const char *)mac, sizeof(mac) });
}

void *ctx_state(const struct ctx *c, const char *module)
{
	for (size_t i = 0; i < c->app->n_modules; i++)
		if (strcmp(c->app->o.modules[i]->name, module) == 0)
			return c->app->state[i];
	return NULL;
}

void ctx_poke(struct ctx *c, const char *word)
{
	for (size_t i = 0; i < c->app->n_wake; i++)
		if (strcmp(c->app->wake[i], word) == 0)
			c->pokes |= (uint64_t)1 << i;
}

/* ---- visibility --------------------------------------------------------------- */

bool see_event(const struct actor *who, const struct entity *e, const struct about *about)
{
	for (const struct see *s = e->see; s && s->perm; s++) {
		switch (s->sight) {
		case SEE_ALL:
			if (actor_may(who, s->perm, NULL))
				return true;
			break;
		case SEE_PLACE: /* without a place: for those who hold it everywhere */
			if (e->place && actor_may(who, s->perm, about->place_path.p ? &about->place_path : &STR("")))
				return true;
			break;
		case SEE_OWN:
			if (about->owner.n && actor_may(who, s->perm, NULL) && str_eq(about->owner, who->id))
				return true;
			break;
		case SEE_ASSIGNED:
			if (about->assigned.n && actor_may(who, s->perm, NULL) && str_eq(about->assigned, who->id))
				return true;
			break;
		case SEE_HOUSEHOLD: break; /* rows only: events carry no household */
		}
	}
	return who->kind == WHO_SYSTEM;
}

struct about about_row(const struct entity_info *i, const void *row)
{
	const struct std *std = row;

	return (struct about){ .id = std->id,
			       .version = std->version,
			       .place_path = field_str(i->place, row),
			       .owner = field_str(i->owner, row),
			       .assigned = field_str(i->assigned, row) };
}

bool see_row(const struct ctx *c, const struct entity_info *i, const void *row)
{
	struct about about = about_row(i, row);
	struct str home = field_str(i->household, row);

	if (see_event(&c->who, i->e, &about))
		return true;
	for (const struct see *s = i->e->see; s && s->perm; s++)
		if (s->sight == SEE_HOUSEHOLD && home.n && ctx_may(c, s->perm) && str_eq(home, c->who.household))
			return true;
	return false;
}

void where_arg(struct where *w, struct val v)
{
	w->args[w->n] = v;
	buf_fmt(&w->sql, "$%zu", ++w->n);
}

static void either(struct where *w, bool *first)
{
	buf_add(&w->sql, *first ? STR(" AND (") : STR(" OR "));
	*first = false;
}

static void column_is(struct where *w, bool *first, const struct field *f, struct str value)
{
	if (f == NULL || value.n == 0)
		return;
	either(w, first);
	buf_fmt(&w->sql, "%s = ", f->name);
	where_arg(w, V_STR(value));
}

/* Of the parameters of a list: 20 subtrees, the rest for filters and keys. */
enum { SUBTREE_ARGS = 40 };

static bool subtrees(struct ctx *c, const struct entity_info *i, const char *perm, struct where *w, bool *first)
{
	for (size_t g = 0; g < c->who.n_grants; g++) {
		const struct grant *gr = &c->who.grants[g];

		if (!role_has(gr->role, perm) || c->who.limited)
			continue;
		if (gr->path.n == 0)
			return true;
		if (w->n + 2 > SUBTREE_ARGS)
			break;
		struct scope s = scope_of(c, gr->path);

		either(w, first);
		buf_fmt(&w->sql, "(%s >= ", i->place->name);
		where_arg(w, V_STR(s.from));
		buf_fmt(&w->sql, " AND %s < ", i->place->name);
		where_arg(w, V_STR(s.to));
		buf_add(&w->sql, STR(")"));
	}
	return false;
}

enum rc see_filter(struct ctx *c, const struct entity_info *i, struct where *w)
{
	bool held = false, first = true;
	size_t n = w->sql.n, args = w->n;

	if (c->who.kind == WHO_SYSTEM)
		return RC_OK;
	for (const struct see *s = i->e->see; s && s->perm; s++) {
		if (!ctx_may(c, s->perm))
			continue;
		held = true;
		if (s->sight == SEE_ALL || (s->sight == SEE_PLACE && i->place && subtrees(c, i, s->perm, w, &first))) {
			w->sql.n = n; /* everything: forget the other words */
			w->n = args;
			return RC_OK;
		}
		if (s->sight == SEE_OWN)
			column_is(w, &first, i->owner, c->who.id);
		else if (s->sight == SEE_HOUSEHOLD)
			column_is(w, &first, i->household, c->who.household);
		else if (s->sight == SEE_ASSIGNED)
			column_is(w, &first, i->assigned, c->who.id);
	}
	if (!held)
		return need(c, i->e->see && i->e->see->perm ? i->e->see->perm : "system");
	buf_add(&w->sql, first ? STR(" AND 1 = 0") : STR(")"));
	return RC_OK;
}

enum rc need(struct ctx *c, const char *perm)
{
	if (ctx_may(c, perm))
		return RC_OK;
	if (c->who.kind == WHO_NOBODY)
		return FAIL(c, RC_UNKNOWN, "sign_in", NO_STR, "a session or a device key is needed");
	if (c->who.limited)
		return FAIL(c, RC_DENIED, "password_change_needed", NO_STR,
			    "the one-time password must be changed first");
	return FAIL(c, RC_DENIED, "denied", NO_STR, "permission %s is needed", perm);
}

enum rc need_at(struct ctx *c, const struct entity_info *i, const void *row, const char *perm, enum sight s)
{
	struct about about = about_row(i, row);
	bool ok = true;

	TRY(need(c, perm));
	if (c->who.kind == WHO_SYSTEM)
		return RC_OK;
	if (s == SEE_OWN)
		ok = about.owner.n && str_eq(about.owner, c->who.id);
	else if (s == SEE_ASSIGNED)
		ok = about.assigned.n && str_eq(about.assigned, c->who.id);
	else if (s == SEE_PLACE && i->place && strcmp(perm, "person") != 0 && strcmp(perm, "public") != 0)
		ok = ctx_may_at(c, perm, about.place_path.p ? about.place_path : STR(""));
	return ok ? RC_OK : FAIL(c, RC_DENIED, "denied", NO_STR, "permission %s is not held for this row", perm);
}
