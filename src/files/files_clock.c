/* files_clock.c - deletion on time, and bytes nobody knows. */
#include "files/files_inner.h"

#include <string.h>

enum { AT_ONCE = 500, IN_A_SHARD = 20000 };

/* ---- what is due ------------------------------------------------------------------ */

static enum rc drop_row(struct ctx *c, void *arg)
{
	struct str id = *(struct str *)arg;
	struct about about = { .entity = "files.file", .id = id };

	TRY(db_run(c, "DELETE FROM files_link WHERE file_id = $1", ARGS(V_STR(id)), NULL));
	TRY(db_run(c, "DELETE FROM files_file WHERE id = $1", ARGS(V_STR(id)), NULL));
	return audit(c, STR("files.file.delete"), &about, NO_STR);
}

/* Bytes first: while the row stands, a crash in between only means that they
 * are removed once more. */
enum rc files_purge(struct ctx *c)
{
	const char *root = files_root(c);
	struct str *ids;
	size_t n;

	if (root == NULL)
		return RC_OK;
	TRY(db_texts(c, "SELECT id FROM files_file WHERE delete_at <= $1 ORDER BY delete_at, id LIMIT 500",
		     ARGS(V_INT(c->now)), AT_ONCE, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		const char *path = files_path(c->arena, root, ids[i]);

		if (path && file_remove(path) != RC_OK)
			return FAIL(c, RC_BUSY, "disk", NO_STR, "a file can't be removed now");
		TRY(ctx_write(c, drop_row, &ids[i]));
	}
	return RC_OK;
}

/* ---- what nobody knows -------------------------------------------------------------- */

/* Names of ours carry the time they were made; what is left of a write that was
 * cut short carries the name it would have got. */
static bool is_old(struct ctx *c, const struct file_entry *e)
{
	struct str id = { e->name.p, e->name.n < ID_TEXT - 1 ? e->name.n : ID_TEXT - 1 };
	int64_t made = id_is_valid(id) ? id_time(id) : e->changed;

	return made < c->now - FILES_ORPHAN_MIN * MINUTE;
}

static enum rc sweep_shard(struct ctx *c, const char *shard)
{
	struct file_entry *list;
	size_t n;

	if (file_list(c->arena, shard, IN_A_SHARD, &list, &n) != RC_OK)
		return RC_OK;
	for (size_t i = 0; i < n; i++) {
		int64_t known = 0;

		if (list[i].is_folder || !is_old(c, &list[i]))
			continue;
		TRY(db_int(c, "SELECT 1 FROM files_file WHERE id = $1", ARGS(V_STR(list[i].name)), 0, &known));
		if (!known && file_remove(arena_fmt(c->arena, "%s/" FMT_STR, shard, ARG_STR(list[i].name)).p) != RC_OK)
			return FAIL(c, RC_BUSY, "disk", NO_STR, "an orphan can't be removed now");
	}
	return RC_OK;
}

enum rc files_sweep(struct ctx *c)
{
	const char *root = files_root(c);
	struct file_entry *list;
	size_t n;

	if (root == NULL)
		return RC_OK;
	if (file_list(c->arena, root, FILES_SHARDS * 2, &list, &n) != RC_OK)
		return RC_OK; /* nothing was kept yet */
	for (size_t i = 0; i < n; i++)
		if (list[i].is_folder)
			TRY(sweep_shard(c, arena_fmt(c->arena, "%s/" FMT_STR, root, ARG_STR(list[i].name)).p));
	return RC_OK;
}
