/* entity.c - rows of an entity: load, check input, write, take steps. */
#include "core/inner.h"

#include <math.h>
#include <string.h>

const struct field *entity_field(const struct entity *e, struct str name)
{
	for (size_t i = 0; i < e->n_fields; i++)
		if (str_is(name, e->fields[i].name))
			return &e->fields[i];
	return NULL;
}

void entity_init(const struct entity *e, void *row)
{
	memset(row, 0, e->size);
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];

		if (f->kind == KIND_REAL)
			*(double *)field_at(f, row) = NO_REAL;
		else if (f->kind == KIND_INT && !(f->flags & DERIVED))
			*(int64_t *)field_at(f, row) = NO_INT;
	}
}

/* ---- JSON out ------------------------------------------------------------------ */

static bool is_open(const struct field *f, unsigned classes)
{
	return (f->flags & classes & (P0 | P1 | PERSONAL)) && (!(f->flags & SEALED) || (classes & SEALED));
}

static struct str tail_of(const struct field *f, struct str s)
{
	struct str tail;
	size_t n = s.n, chars = 0;

	if (f->flags & SEALED)
		return str_cut(&s, ':', &tail) ? tail : NO_STR;
	while (n && chars < f->tail)
		chars += ((unsigned char)s.p[--n] & 0xC0) != 0x80;
	return (struct str){ s.p + n, s.n - n };
}

static void write_tails(const struct entity *e, const void *row, unsigned classes, struct buf *out)
{
	bool any = false;

	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];

		if (f->tail == 0 || is_open(f, classes) || field_empty(f, row))
			continue;
		if (!any) {
			json_key(out, "tails");
			json_open(out, '{');
		}
		any = true;
		json_put_text(out, f->name, tail_of(f, field_str(f, row)));
	}
	if (any)
		json_close(out, '}');
}

void entity_write_open(const struct entity_info *info, const void *row, unsigned classes, struct buf *out)
{
	const struct entity *e = info->e;
	bool masked = false;

	json_open(out, '{');
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];

		if (f->flags & SECRET)
			continue;
		json_key_ready(out, info->keys[i]);
		if (is_open(f, classes)) {
			field_write(f, row, out);
		} else {
			json_null(out);
			masked |= !field_empty(f, row);
		}
	}
	if (masked) {
		json_key(out, "masked");
		json_open(out, '[');
		for (size_t i = 0; i < e->n_fields; i++) {
			const struct field *f = &e->fields[i];

			if (!(f->flags & SECRET) && !is_open(f, classes) && !field_empty(f, row))
				json_text(out, str_of(f->name));
		}
		json_close(out, ']');
		if (classes & TAILS)
			write_tails(e, row, classes, out);
	}
	json_close(out, '}');
}

struct str person_of_row(const struct entity_info *i, const void *row)
{
	return i->person_is_id ? ((const struct std *)row)->id : field_str(i->person, row);
}

/* Own data are open; everybody else's personal fields stay closed until a
 * reason opens them (entity_reveal). */
void entity_write(struct ctx *c, const struct entity *e, const void *row, struct buf *out)
{
	const struct entity_info *i = info_of(c->app, e);
	struct str person = person_of_row(i, row);
	bool open = c->who.kind == WHO_SYSTEM || (c->who.kind == WHO_PERSON && person.n && str_eq(person, c->who.id));

	entity_write_open(i, row, TAILS | (open ? P0 | P1 | P2 | P3 : P0 | P1), out);
}

/* ---- load ------------------------------------------------------------------------ */

struct loader {
	struct ctx *c;
	const struct entity *e;
	void *row;
	enum rc (*fn)(struct ctx *c, void *row, void *arg);
	void *arg;
	bool found;
};

static enum rc load_row(void *arg, const struct row *r)
{
	struct loader *l = arg;

	for (size_t i = 0; i < l->e->n_fields; i++)
		TRY(field_load(l->c->arena, &l->e->fields[i], &r->v[i], l->row));
	l->found = true;
	if (l->fn)
		TRY(l->fn(l->c, l->row, l->arg));
	return arena_check(l->c->arena);
}

enum rc entity_each(struct ctx *c, const struct entity *e, const char *where_and_tail, struct args args,
		    enum rc (*fn)(struct ctx *c, void *row, void *arg), void *arg)
{
	struct loader l = { .c = c, .e = e, .row = arena_alloc(c->arena, e->size), .fn = fn, .arg = arg };
	struct str sql = arena_fmt(c->arena, "%s%s", info_of(c->app, e)->select, where_and_tail);

	return db_each(c, sql.p, args, load_row, &l);
}

enum rc entity_find(struct ctx *c, const struct entity *e, const char *where, struct args args, void *row, bool *found)
{
	struct loader l = { .c = c, .e = e, .row = row };
	struct str sql = arena_fmt(c->arena, "%s%s LIMIT 1", info_of(c->app, e)->select, where);

	entity_init(e, row);
	TRY(db_each(c, sql.p, args, load_row, &l));
	*found = l.found;
	return RC_OK;
}

enum rc entity_fetch(struct ctx *c, const struct entity *e, struct str id, void *row)
{
	bool found = false;

	TRY(entity_find(c, e, "id = $1", ARGS(V_STR(id.p ? id : STR(""))), row, &found));
	return found ? RC_OK : FAIL(c, RC_MISSING, "not_found", STR("id"), "no such %s", e->name);
}

enum rc entity_load(struct ctx *c, const struct entity *e, struct str id, void *row)
{
	TRY(entity_fetch(c, e, id, row));
	if (!see_row(c, info_of(c->app, e), row))
		return FAIL(c, RC_MISSING, "not_found", STR("id"), "no such %s", e->name);
	return RC_OK;
}

/* ---- write ------------------------------------------------------------------------- */

static enum rc announce(struct ctx *c, const struct entity *e, const char *verb, const void *row)
{
	struct about about = about_row(info_of(c->app, e), row);
	struct buf body = buf_new(c->arena, 256 << 10);
	struct str topic = arena_fmt(c->arena, "%s.%s.%s", e->module, e->name, verb);

	if (e->quiet)
		return RC_OK;
	about.entity = arena_fmt(c->arena, "%s.%s", e->module, e->name).p;
	entity_write_open(info_of(c->app, e), row, P0 | P1, &body); /* events never carry personal fields */
	TRY(emit(c, topic, &about, buf_str(&body)));
	return audit(c, topic, &about, NO_STR);
}

static struct val *row_args(struct ctx *c, const struct entity *e, const void *row, size_t extra)
{
	struct val *v = NEW_N(c->arena, struct val, e->n_fields + extra);

	for (size_t i = 0; i < e->n_fields; i++)
		v[i] = field_val(&e->fields[i], row);
	return v;
}

enum rc entity_insert(struct ctx *c, const struct entity *e, void *row, const char *verb)
{
	struct std *std = row;

	if (std->id.n == 0)
		std->id = ctx_new_id(c);
	std->version = 1;
	std->created_at = std->updated_at = c->now;
	TRY(db_run(c, info_of(c->app, e)->insert, (struct args){ row_args(c, e, row, 0), e->n_fields }, NULL));
	return announce(c, e, verb, row);
}

static enum rc stale(struct ctx *c, const struct entity *e, const void *row)
{
	struct buf now = buf_new(c->arena, 256 << 10);
	enum rc rc = FAIL(c, RC_STALE, "changed_meanwhile", STR("version"), "the record was changed by someone else");

	entity_write(c, e, row, &now);
	c->fail.current = buf_str(&now);
	return rc;
}

/* Another process was first: what it wrote is the current row, not ours. */
static enum rc overtaken(struct ctx *c, const struct entity *e, struct str id)
{
	void *row = arena_alloc(c->arena, e->size);

	TRY(entity_fetch(c, e, id, row));
	return stale(c, e, row);
}

enum rc entity_save(struct ctx *c, const struct entity *e, void *row, const char *verb)
{
	struct std *std = row;
	int64_t changed = 0, old = std->version++;
	struct val *args = row_args(c, e, row, 1);

	std->updated_at = c->now;
	args[e->n_fields] = V_INT(old);
	for (size_t i = 0; i < e->n_fields; i++)
		if (e->fields[i].off == offsetof(struct std, updated_at))
			args[i] = V_INT(c->now);
	TRY(db_run(c, info_of(c->app, e)->update, (struct args){ args, e->n_fields + 1 }, &changed));
	if (changed != 1)
		return overtaken(c, e, std->id);
	return announce(c, e, verb, row);
}

/* ---- input ---------------------------------------------------------------------------- */

static bool takes(const struct step *s, const char *name, bool *optional)
{
	for (size_t i = 0; s->takes && s->takes[i]; i++) {
		*optional = s->takes[i][0] == '?';
		if (strcmp(s->takes[i] + *optional, name) == 0)
			return true;
	}
	return false;
}

/* 'step' NULL: any field without one of the 'forbidden' flags. */
static enum rc read_input(struct ctx *c, const struct entity *e, const struct json *in, unsigned forbidden,
			  const struct step *step, void *row)
{
	if (in == NULL || in->kind != J_MAP)
		return FAIL(c, RC_INVALID, "wrong_type", NO_STR, "a JSON object is expected");
	for (const struct json *j = in->child; j; j = j->next) {
		const struct field *f = entity_field(e, j->key);
		bool optional;

		if (str_is(j->key, "version"))
			continue;
		if (f == NULL || (f->flags & SECRET))
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
		if (step ? !takes(step, f->name, &optional) : (f->flags & forbidden) != 0)
			return FAIL(c, RC_INVALID, "read_only", j->key, "%s can't be set here", f->name);
		TRY(field_read(c, f, j, row));
	}
	return RC_OK;
}

static bool read_etag(struct str s, int64_t *ret)
{
	return s.n > 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' &&
	       str_int((struct str){ s.p + 1, s.n - 2 }, ret) == RC_OK;
}

/* ?version in the body or If-Match in the header. */
static enum rc check_version(struct ctx *c, const struct entity *e, const struct json *in, const void *row)
{
	const struct std *std = row;
	const struct json *v = json_get(in, "version");
	struct str match = c->rq ? request_header(c->rq, "If-Match") : NO_STR;
	int64_t want = std->version;

	if (v && v->kind != J_INT)
		return FAIL(c, RC_INVALID, "wrong_type", STR("version"), "version must be a whole number");
	if (v)
		want = v->i;
	if (match.p && !str_is(match, "*") && !read_etag(match, &want))
		return FAIL(c, RC_INVALID, "bad_etag", STR("If-Match"), "If-Match must be a version in quotes");
	return want == std->version ? RC_OK : stale(c, e, row);
}

static enum rc check_required(struct ctx *c, const struct entity *e, const void *row)
{
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];

		if ((f->flags & REQUIRED) && field_empty(f, row))
			return FAIL(c, RC_INVALID, "required", str_of(f->name), "%s is required", f->name);
	}
	return RC_OK;
}

/* Required words and numbers have a zero that looks like a value: ask the input. */
static enum rc check_given(struct ctx *c, const struct entity *e, const struct json *in)
{
	for (size_t i = 0; i < e->n_fields; i++) {
		const struct field *f = &e->fields[i];

		if ((f->flags & REQUIRED) && !(f->flags & DERIVED) && !json_get(in, f->name))
			return FAIL(c, RC_INVALID, "required", str_of(f->name), "%s is required", f->name);
	}
	return RC_OK;
}

enum rc entity_create(struct ctx *c, const struct entity *e, const struct json *in, void *row)
{
	const struct entity_info *i = info_of(c->app, e);

	entity_init(e, row);
	TRY(read_input(c, e, in, DERIVED, NULL, row));
	TRY(check_given(c, e, in));
	((struct std *)row)->id = ctx_new_id(c);
	((struct std *)row)->created_at = c->now;
	if (i->owner && field_empty(i->owner, row) && c->who.kind == WHO_PERSON)
		*(struct str *)field_at(i->owner, row) = c->who.id;
	if (e->on_create)
		TRY(e->on_create(c, row, in));
	TRY(check_required(c, e, row));
	TRY(need_at(c, i, row, e->perm.create, SEE_PLACE));
	return entity_insert(c, e, row, "create");
}

enum rc entity_update(struct ctx *c, const struct entity *e, struct str id, const struct json *in, void *row)
{
	const struct entity_info *i = info_of(c->app, e);

	TRY(entity_load(c, e, id, row));
	TRY(need_at(c, i, row, e->perm.update, SEE_PLACE));
	TRY(check_version(c, e, in, row));
	TRY(read_input(c, e, in, DERIVED | FIXED, NULL, row));
	if (e->on_update)
		TRY(e->on_update(c, row, in));
	TRY(check_required(c, e, row));
	TRY(need_at(c, i, row, e->perm.update, SEE_PLACE)); /* not out of one's own reach either */
	return entity_save(c, e, row, "update");
}

const struct step *entity_step_of(const struct entity *e, struct str verb)
{
	for (size_t i = 0; i < e->n_steps; i++)
		if (str_is(verb, e->steps[i].verb))
			return &e->steps[i];
	return NULL;
}

static enum rc wrong_state(struct ctx *c, const struct entity *e, const struct step *s, const void *row, const char *is)
{
	struct buf now = buf_new(c->arena, 256 << 10);
	enum rc rc = FAIL(c, RC_CONFLICT, "wrong_state", str_of(e->state), "can't %s while %s", s->verb, is);

	entity_write(c, e, row, &now);
	c->fail.current = buf_str(&now);
	return rc;
}

static bool is_given(const struct json *j)
{
	return j && j->kind != J_NULL && !(j->kind == J_TEXT && str_trim(j->text).n == 0);
}

enum rc entity_step(struct ctx *c, const struct entity *e, struct str id, const char *verb, const struct json *in,
		    void *row)
{
	const struct entity_info *i = info_of(c->app, e);
	const struct step *s = entity_step_of(e, str_of(verb));

	if (s == NULL || i->state == NULL)
		return FAIL(c, RC_MISSING, "unknown_verb", NO_STR, "%s has no such step", e->name);
	TRY(entity_load(c, e, id, row));
	TRY(need_at(c, i, row, s->perm, s->sight));
	unsigned *state = field_at(i->state, row);

	/* The state first: who comes second learns who was first, not just "stale". */
	if (!(s->from & IN(*state)))
		return wrong_state(c, e, s, row, i->state->words[*state]);
	TRY(check_version(c, e, in, row));
	TRY(read_input(c, e, in, 0, s, row));
	for (size_t k = 0; s->takes && s->takes[k]; k++)
		if (s->takes[k][0] != '?' && !is_given(json_get(in, s->takes[k])))
			return FAIL(c, RC_INVALID, "required", str_of(s->takes[k]), "%s is required", s->takes[k]);
	if (s->to != STAY)
		*state = s->to;
	if (s->run)
		TRY(s->run(c, row, in));
	return entity_save(c, e, row, s->verb);
}
