/* files.c - bytes in, rows, owners; the module. */
#include "files/files_inner.h"

#include "files_schema.h"

#include <string.h>

enum { MOST_OWNERS = 50 /* of one file */ };

/* ---- paths --------------------------------------------------------------------- */

const char *files_root(const struct ctx *c)
{
	const char *folder = app_folder(c->app);

	return folder ? arena_fmt(c->arena, "%s/files", folder).p : NULL;
}

const char *files_shard(struct arena *a, const char *root, struct str id)
{
	return id_is_valid(id) ? arena_fmt(a, "%s/%.2s", root, id.p + id.n - 2).p : NULL;
}

const char *files_path(struct arena *a, const char *root, struct str id)
{
	const char *shard = files_shard(a, root, id);

	return shard ? arena_fmt(a, "%s/" FMT_STR, shard, ARG_STR(id)).p : NULL;
}

struct str files_digest(struct arena *a, struct str bytes)
{
	uint8_t h[CRYPTO_HASH];

	hash_bytes(bytes, h);
	return hex_encode(a, (struct str){ (const char *)h, sizeof(h) });
}

/* ---- in ------------------------------------------------------------------------- */

static enum rc check_new(struct ctx *c, const struct file_new *n, const char **media)
{
	*media = files_media(c->arena, n->type, n->bytes);
	if (*media == NULL)
		return FAIL(c, RC_INVALID, "media_type", STR("Content-Type"),
			    "JPEG, PNG, WebP, MP4, PDF or JSON is expected, and what the bytes are");
	if (n->bytes.n > files_most(*media))
		return FAIL(c, RC_LIMIT, "too_large", NO_STR, "at most %zu bytes of %s", files_most(*media), *media);
	if (n->delete_at <= c->now || n->delete_at > c->now + FILES_DAYS_MOST * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("delete_at"), "a file is kept for 1 to %d days",
			    FILES_DAYS_MOST);
	return RC_OK;
}

enum rc files_write(struct ctx *c, const struct file_new *n, struct file_ref *ret)
{
	const char *root = files_root(c), *media, *shard;
	int64_t room;

	TRY(check_new(c, n, &media));
	*ret = (struct file_ref){ .id = ctx_new_id(c),
				  .digest = files_digest(c->arena, n->bytes),
				  .place_path = n->place_path,
				  .media_type = media,
				  .purpose = n->purpose,
				  .kind = n->kind,
				  .cls = n->cls,
				  .bytes = (int64_t)n->bytes.n,
				  .at = n->at,
				  .created_at = c->now,
				  .delete_at = n->delete_at };
	if (root == NULL)
		return FAIL(c, RC_BUSY, "disk", NO_STR, "this process has no folder for files");
	/* A picture must not take the room an alert needs. */
	if (file_free_bytes(app_folder(c->app), &room) != RC_OK || room < FILES_ROOM_LEAST + (int64_t)n->bytes.n)
		return FAIL(c, RC_BUSY, "disk", NO_STR, "the disk is nearly full");
	shard = files_shard(c->arena, root, ret->id);
	if (file_mkdir(shard, 0700) != RC_OK ||
	    file_create(files_path(c->arena, root, ret->id), n->bytes, 0600) != RC_OK)
		return FAIL(c, RC_BUSY, "disk", NO_STR, "the file can't be written now");
	return RC_OK;
}

enum rc files_keep(struct ctx *c, const struct file_ref *f, const char *entity, struct str row_id)
{
	TRY(db_run(c,
		   "INSERT INTO files_file (id, created_at, at, delete_at, kind, media_type, bytes, digest, class,"
		   " purpose, place_path) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		   ARGS(V_STR(f->id), V_INT(f->created_at), V_INT(f->at), V_INT(f->delete_at),
			V_Z(files_kinds[f->kind]), V_Z(f->media_type), V_INT(f->bytes), V_STR(f->digest),
			V_Z(files_class_word(f->cls)), V_Z(f->purpose), V_STR(f->place_path)),
		   NULL));
	return files_link(c, f->id, entity, row_id);
}

enum rc files_link(struct ctx *c, struct str id, const char *entity, struct str row_id)
{
	return db_run(c,
		      "INSERT INTO files_link (entity, row_id, file_id) VALUES ($1, $2, $3)"
		      " ON CONFLICT (entity, row_id, file_id) DO NOTHING",
		      ARGS(V_Z(entity), V_STR(row_id), V_STR(id)), NULL);
}

enum rc files_until(struct ctx *c, struct str id, int64_t delete_at)
{
	return db_run(c, "UPDATE files_file SET delete_at = $2 WHERE id = $1 AND delete_at < $2",
		      ARGS(V_STR(id), V_INT(delete_at)), NULL);
}

/* ---- out ------------------------------------------------------------------------- */

static enum files_kind kind_of(struct str word)
{
	size_t i = 0;

	while (files_kinds[i + 1] && !str_is(word, files_kinds[i]))
		i++;
	return (enum files_kind)i;
}

enum rc files_row(struct arena *a, const struct row *r, struct file_ref *ret)
{
	if (r->n < 11)
		return RC_BUG;
	*ret = (struct file_ref){ .id = arena_dup(a, r->v[0].s),
				  .created_at = r->v[1].i,
				  .at = r->v[2].i,
				  .delete_at = r->v[3].i,
				  .kind = kind_of(r->v[4].s),
				  .media_type = arena_z(a, r->v[5].s),
				  .bytes = r->v[6].i,
				  .digest = arena_dup(a, r->v[7].s),
				  .cls = files_class(r->v[8].s),
				  .purpose = arena_z(a, r->v[9].s),
				  .place_path = arena_dup(a, r->v[10].s) };
	return RC_OK;
}

struct listing {
	struct arena *a;
	enum rc (*fn)(void *arg, const struct file_ref *f);
	void *arg;
};

static enum rc list_one(void *arg, const struct row *r)
{
	struct listing *l = arg;
	struct file_ref f;

	TRY(files_row(l->a, r, &f));
	return l->fn(l->arg, &f);
}

enum rc files_of(struct ctx *c, const char *entity, struct str row_id,
		 enum rc (*fn)(void *arg, const struct file_ref *f), void *arg)
{
	struct listing l = { c->arena, fn, arg };

	return db_each(c,
		       "SELECT " FILE_COLUMNS " FROM files_link l JOIN files_file f ON f.id = l.file_id"
		       " WHERE l.entity = $1 AND l.row_id = $2 AND f.delete_at > $3 ORDER BY f.at, f.id LIMIT 200",
		       ARGS(V_Z(entity), V_STR(row_id), V_INT(c->now)), list_one, &l);
}

static enum rc take_file(void *arg, const struct file_ref *f)
{
	*(struct file_ref *)arg = *f;
	return RC_OK;
}

enum rc files_get(struct ctx *c, struct str id, struct file_ref *ret)
{
	struct listing l = { c->arena, take_file, ret };

	*ret = (struct file_ref){ .id = NO_STR };
	TRY(db_each(c, "SELECT " FILE_COLUMNS " FROM files_file f WHERE f.id = $1 AND f.delete_at > $2",
		    ARGS(V_STR(id), V_INT(c->now)), list_one, &l));
	return ret->id.p ? RC_OK : FAIL(c, RC_MISSING, "not_found", NO_STR, "no such file, or no more");
}

void files_write_ref(struct buf *out, const struct file_ref *f)
{
	json_open(out, '{');
	json_put_text(out, "id", f->id);
	json_put_text(out, "kind", str_of(files_kinds[f->kind]));
	json_put_text(out, "media_type", str_of(f->media_type));
	json_put_int(out, "bytes", f->bytes);
	json_put_time(out, "at", f->at);
	json_put_time(out, "delete_at", f->delete_at);
	json_put_text(out, "class", str_of(files_class_word(f->cls)));
	json_put_bool(out, "closed", (f->cls & PERSONAL) != 0);
	json_close(out, '}');
}

/* ---- owners ------------------------------------------------------------------------ */

void files_set_owner(struct ctx *c, const char *entity, files_see *see)
{
	struct files_state *st = ctx_state(c, "files");

	for (size_t i = 0; i < st->n; i++)
		if (strcmp(st->owner[i].entity, entity) == 0)
			return;
	if (st->n == FILES_OWNERS)
		fatal("too many entities with files");
	st->owner[st->n].entity = entity;
	st->owner[st->n++].see = see;
}

static enum rc see_owner(struct ctx *c, struct str entity, struct str row_id, struct files_sight *ret)
{
	const struct files_state *st = ctx_state(c, "files");

	*ret = (struct files_sight){ .seen = c->who.kind == WHO_SYSTEM };
	for (size_t i = 0; i < st->n; i++)
		if (str_is(entity, st->owner[i].entity))
			return st->owner[i].see(c, row_id, ret);
	return RC_OK;
}

struct owners {
	struct arena *a;
	struct str entity[MOST_OWNERS], row_id[MOST_OWNERS];
	size_t n;
};

static enum rc take_owner(void *arg, const struct row *r)
{
	struct owners *o = arg;

	o->entity[o->n] = arena_dup(o->a, r->v[0].s);
	o->row_id[o->n++] = arena_dup(o->a, r->v[1].s);
	return RC_OK;
}

enum rc files_sighted(struct ctx *c, struct str id, struct files_sight *ret)
{
	struct owners *o = NEW(c->arena, struct owners);
	struct files_sight s;

	*ret = (struct files_sight){ .seen = false };
	o->a = c->arena;
	TRY(db_each(c, "SELECT entity, row_id FROM files_link WHERE file_id = $1 ORDER BY entity, row_id LIMIT 50",
		    ARGS(V_STR(id)), take_owner, o));
	for (size_t i = 0; i < o->n; i++) {
		TRY(see_owner(c, o->entity[i], o->row_id[i], &s));
		if (s.seen && (!ret->seen || ret->reason.p == NULL))
			*ret = s;
	}
	return RC_OK;
}

enum rc files_take(struct ctx *c, struct str id, const char *field, const char *entity, struct str row_id,
		   int64_t delete_at)
{
	struct files_sight s;
	struct file_ref f;
	int64_t lives;

	TRY(db_int(c, "SELECT 1 FROM files_file WHERE id = $1 AND delete_at > $2", ARGS(V_STR(id), V_INT(c->now)), 0,
		   &lives));
	TRY(files_sighted(c, id, &s));
	if (!lives || !s.seen)
		return FAIL(c, RC_INVALID, "unknown_file", str_of(field), "no such file, or not yours");
	TRY(files_get(c, id, &f));
	if (!(f.cls & (P0 | P1)))
		return FAIL(c, RC_INVALID, "closed_file", str_of(field),
			    "somebody may be in it: it can't be shown here");
	TRY(files_link(c, id, entity, row_id));
	return files_until(c, id, delete_at);
}

static enum rc write_one(void *arg, const struct file_ref *f)
{
	files_write_ref(arg, f);
	return RC_OK;
}

enum rc files_list(struct ctx *c, struct call *k)
{
	struct str entity = request_query(c, "entity"), row = request_query(c, "row");
	struct files_sight s;

	if (entity.n == 0 || row.n == 0)
		return FAIL(c, RC_INVALID, "required", entity.n ? STR("row") : STR("entity"),
			    "?entity=<module.entity>&row=<id> are needed");
	TRY(see_owner(c, entity, row, &s));
	if (!s.seen)
		return FAIL(c, RC_MISSING, "not_found", NO_STR, "no such row, or not yours");
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(files_of(c, arena_z(c->arena, entity), row, write_one, k->out));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- the module ----------------------------------------------------------------------- */

static const struct route routes[] = {
	{ "GET", "/api/files/file", "person", 0, files_list, NULL },
	{ "POST", "/api/files/file/{id}/open", "person", ROUTE_JSON | ROUTE_SECRET, files_open, NULL },
	{ "GET", "/api/files/file/{id}", "person", 0, files_serve, NULL },
	{ 0 },
};
static const struct job jobs[] = {
	{ "files.purge", MINUTE, NULL, JOB_READS, files_purge },
	{ "files.sweep", HOUR, NULL, JOB_READS, files_sweep },
	{ 0 },
};
/* The class and the clock of the bytes stand in the row; what is said here is
 * the most they may be. */
static const struct column_note columns[] = {
	{ "files_file", "*", P1, "evidence", "public_interest", FILES_DAYS_MOST },
	{ "files_link", "*", P1, "evidence", "public_interest", FILES_DAYS_MOST },
	{ 0 },
};

const struct module files_module = {
	.name = "files",
	.schema = files_schema,
	.routes = routes,
	.jobs = jobs,
	.columns = columns,
	.state_size = sizeof(struct files_state),
};
