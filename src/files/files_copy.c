/* files_copy.c - checks and copies for the command line, beside any database. */
#include "files/files_inner.h"

#include <string.h>

struct pass {
	const char *from, *to; /* roots; to NULL: only checked */
	struct files_report *r;
	enum rc rc;
};

static void say(struct files_report *r, const char *what, struct str id)
{
	if (r->say)
		r->say(r->arg, what, id);
}

static enum rc copy_one(struct arena *a, const struct pass *p, const struct file_ref *f, struct str bytes)
{
	const char *to = files_path(a, p->to, f->id);

	if (file_exists(to))
		return RC_OK;
	TRY(file_mkdir(files_shard(a, p->to, f->id), 0700));
	return file_create(to, bytes, 0600);
}

static enum rc one_file(void *arg, const struct row *row)
{
	struct pass *p = arg;
	struct arena *a = arena_new((size_t)FILES_VIDEO_MOST * 2);
	struct file_ref f;
	struct str bytes = NO_STR;
	enum rc rc = files_row(a, row, &f);
	const char *path = rc == RC_OK ? files_path(a, p->from, f.id) : NULL;

	p->r->files++;
	if (rc == RC_OK && (path == NULL || file_read(a, path, FILES_VIDEO_MOST, &bytes) != RC_OK)) {
		p->r->missing++;
		say(p->r, "missing", f.id);
	} else if (rc == RC_OK && ((int64_t)bytes.n != f.bytes || !str_eq(files_digest(a, bytes), f.digest))) {
		p->r->damaged++;
		say(p->r, "damaged", f.id);
	} else if (rc == RC_OK) {
		p->r->bytes += f.bytes;
		rc = p->to ? copy_one(a, p, &f, bytes) : RC_OK;
	}
	arena_free(a);
	return rc;
}

static enum rc find_table(void *arg, const struct row *r)
{
	*(bool *)arg |= str_is(r->v[0].s, "files_file");
	return RC_OK;
}

/* A store from before there were files has none. */
static enum rc pass_over(struct conn *db, struct pass *p, int64_t now)
{
	bool there = false;

	TRY(conn_columns(db, find_table, &there));
	if (!there)
		return RC_OK;
	return conn_each(db, "SELECT " FILE_COLUMNS " FROM files_file f WHERE f.delete_at > $1 ORDER BY f.id",
			 ARGS(V_INT(now)), one_file, p);
}

static enum rc take_int(void *arg, const struct row *r)
{
	*(int64_t *)arg = r->v[0].i;
	return RC_OK;
}

static enum rc count_orphans(struct conn *db, struct arena *a, const char *shard, struct files_report *r)
{
	struct file_entry *list;
	size_t n;

	if (file_list(a, shard, 1000000, &list, &n) != RC_OK)
		return RC_OK;
	for (size_t i = 0; i < n; i++) {
		int64_t known = 0;

		TRY(conn_each(db, "SELECT count(*) FROM files_file WHERE id = $1", ARGS(V_STR(list[i].name)), take_int,
			      &known));
		if (known == 0 && !list[i].is_folder) {
			r->orphans++;
			say(r, "orphan", list[i].name);
		}
	}
	return RC_OK;
}

static enum rc orphans(struct conn *db, const char *root, struct files_report *r)
{
	struct arena *a = arena_new((size_t)256 << 20);
	struct file_entry *list;
	size_t n = 0;
	enum rc rc = RC_OK;

	if (file_list(a, root, FILES_SHARDS * 2, &list, &n) != RC_OK)
		n = 0;
	for (size_t i = 0; i < n && rc == RC_OK; i++)
		if (list[i].is_folder)
			rc = count_orphans(db, a, arena_fmt(a, "%s/" FMT_STR, root, ARG_STR(list[i].name)).p, r);
	arena_free(a);
	return rc;
}

enum rc files_check(struct conn *db, const char *root, int64_t now, struct files_report *ret)
{
	struct pass p = { .from = root, .r = ret };

	TRY(pass_over(db, &p, now));
	return orphans(db, root, ret);
}

enum rc files_copy(struct conn *db, const char *from, const char *to, int64_t now, struct files_report *ret)
{
	struct pass p = { .from = from, .to = to, .r = ret };

	TRY(pass_over(db, &p, now));
	return ret->missing || ret->damaged ? RC_CONFLICT : RC_OK;
}
