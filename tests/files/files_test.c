/* Files: in, out, opened with a reason, deleted on time; a crash or a full disk
 * at every step. */
#include "harness.h"

#include "files/files.h"
#include "store/store.h"
#include "sys/crypto.h"
#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a module with shelves that files lie on -------------------------------------- */

static const char shelf_schema[] = "-- @version 1\n"
				   "CREATE TABLE shelf_row (id id_text PRIMARY KEY, place_path path_text NOT NULL,"
				   " waits flag_int NOT NULL);\n";

static enum rc see_shelf(struct ctx *c, struct str id, struct files_sight *ret)
{
	struct str path;
	int64_t waits;

	*ret = (struct files_sight){ .seen = false };
	TRY(db_text(c, "SELECT place_path FROM shelf_row WHERE id = $1", ARGS(V_STR(id)), &path));
	TRY(db_int(c, "SELECT waits FROM shelf_row WHERE id = $1", ARGS(V_STR(id)), 0, &waits));
	ret->seen = path.p && ctx_may_at(c, "shelf.read", path);
	ret->reason = waits ? STR("shelf 7") : NO_STR;
	return RC_OK;
}

static enum rc start_shelf(struct ctx *c)
{
	files_set_owner(c, "shelf.row", see_shelf);
	return db_run(c,
		      "INSERT INTO shelf_row (id, place_path, waits) VALUES ('a', '36.n.', 0), ('b', '36.n.', 1)"
		      " ON CONFLICT (id) DO NOTHING",
		      NO_ARGS, NULL);
}

static const struct column_note shelf_columns[] = { { "shelf_row", "*", P1, "record", "duty", 0 }, { 0 } };
static const char *const shelf_needs[] = { "files", NULL };
static const struct module shelf_module = {
	.name = "shelf", .schema = shelf_schema, .needs = shelf_needs, .columns = shelf_columns, .start = start_shelf
};
static const struct module *const modules[] = { &files_module, &shelf_module, NULL };
static const char *const reader[] = { "shelf.read", NULL };
static const struct role roles[] = { { "reader", reader }, { 0 } };

/* ---- putting -------------------------------------------------------------------------- */

static const char png[] = "\x89PNG\r\n\x1a\n0123456789";
#define PNG ((struct str){ png, sizeof(png) - 1 })

struct put {
	struct file_new n;
	struct file_ref f;
	const char *row;
	char id[26];
	bool keep;
};

static enum rc put_unit(struct ctx *c, void *arg)
{
	struct put *p = arg;

	p->n.delete_at = p->n.delete_at ? p->n.delete_at : c->now + 7 * DAY;
	p->n.at = c->now;
	TRY(files_write(c, &p->n, &p->f));
	memcpy(p->id, p->f.id.p, sizeof(p->id)); /* the arena goes with the unit */
	p->f.id = (struct str){ p->id, sizeof(p->id) };
	return p->keep ? files_keep(c, &p->f, "shelf.row", str_of(p->row)) : RC_OK;
}

static struct put new_put(const char *row, unsigned cls)
{
	return (struct put){ .n = { .bytes = PNG,
				    .place_path = STR("36.n."),
				    .purpose = "evidence",
				    .kind = FILES_STILL,
				    .cls = cls },
			     .row = row,
			     .keep = true };
}

static const char *put(struct rig *r, const char *row, unsigned cls)
{
	struct put p = new_put(row, cls);

	assert_int_equal(app_unit(r->app, put_unit, &p), RC_OK);
	return arena_dup(r->arena, p.f.id).p;
}

static const char *path_of(struct rig *r, const char *id)
{
	return fmt(r, "%s/files/%s/%s", r->folder, id + 24, id);
}

static int64_t files_on_disk(struct rig *r)
{
	struct file_entry *shards, *list;
	size_t n, k;
	int64_t all = 0;

	if (file_list(r->arena, fmt(r, "%s/files", r->folder), 2000, &shards, &n) != RC_OK)
		return 0;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(file_list(r->arena, fmt(r, "%s/files/" FMT_STR, r->folder, ARG_STR(shards[i].name)),
					   2000, &list, &k),
				 RC_OK);
		all += (int64_t)k;
	}
	return all;
}

static const char *url(struct rig *r, const char *id)
{
	return fmt(r, "/api/files/file/%s", id);
}

/* ---- seeing ------------------------------------------------------------------------------ */

static void test_sight(struct rig *r)
{
	const struct actor *near = rig_actor(r, "ann", "reader@36.n.", NULL),
			   *far = rig_actor(r, "bob", "reader@36.s.", NULL);
	const char *open = put(r, "a", P1);
	struct stat st;

	call(r, near, "GET", "/api/files/file?entity=shelf.row&row=a", NULL, 200);
	assert_string_equal(text_at(r, here(r), "items.0.id"), open);
	assert_string_equal(text_at(r, here(r), "items.0.media_type"), "image/png");
	assert_string_equal(text_at(r, here(r), "items.0.delete_at"), "2026-03-19T01:07:41Z");
	refused(r, far, "GET", "/api/files/file?entity=shelf.row&row=a", NULL, 404, "not_found", "");
	refused(r, near, "GET", "/api/files/file?entity=shelf.other&row=a", NULL, 404, "not_found", "");
	refused(r, near, "GET", "/api/files/file?row=a", NULL, 400, "required", "entity");
	refused(r, near, "GET", "/api/files/file?entity=shelf.row", NULL, 400, "required", "row");
	refused(r, far, "GET", url(r, open), NULL, 404, "not_found", "");
	refused(r, NULL, "GET", url(r, open), NULL, 401, "sign_in", "");
	refused(r, far, "POST", fmt(r, "/api/files/file/%s/open", open), "{}", 404, "not_found", "");
	call(r, near, "GET", url(r, open), NULL, 200);
	assert_string_equal(r->last.file, path_of(r, open));
	assert_string_equal(r->last.type, "image/png");
	assert_int_equal(r->last.file_bytes, (int64_t)PNG.n);
	assert_string_equal(header_of(r, "X-Content-Type-Options"), "nosniff");
	assert_int_equal(strncmp(header_of(r, "Content-Disposition"), "inline; filename=\"still-", 24), 0);
	assert_int_equal(stat(r->last.file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	r->none = header_of(r, "ETag");
	call(r, near, "GET", url(r, open), NULL, 304);
	r->none = NULL;
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	/* A second row it belongs to opens it to those who see that one. */
	run_sql(r, "INSERT INTO shelf_row (id, place_path, waits) VALUES ('s', '36.s.', 0)");
	run_sql(r, fmt(r, "INSERT INTO files_link (entity, row_id, file_id) VALUES ('shelf.row', 's', '%s')", open));
	call(r, far, "GET", url(r, open), NULL, 200);
}

static const char *open_it(struct rig *r, const struct actor *who, const char *id, const char *body)
{
	call(r, who, "POST", fmt(r, "/api/files/file/%s/open", id), body, 200);
	return text_at(r, here(r), "url");
}

static void test_reason(struct rig *r)
{
	const struct actor *ann = rig_actor(r, "ann", "reader@36.n.", NULL),
			   *eve = rig_actor(r, "eve", "reader@36.n.", NULL);
	const char *id = put(r, "a", P2), *waits = put(r, "b", P2), *ticket;

	refused(r, ann, "GET", url(r, id), NULL, 403, "closed", "ticket");
	refused(r, ann, "POST", fmt(r, "/api/files/file/%s/open", id), "{}", 400, "required", "reason");
	refused(r, ann, "POST", fmt(r, "/api/files/file/%s/open", id), "{\"reason\":\"x\"}", 400, "wrong_length",
		"reason");
	refused(r, ann, "POST", fmt(r, "/api/files/file/%s/open", id), "{\"why\":\"xx\"}", 400, "unknown_field", "why");
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	refused(r, ann, "POST", fmt(r, "/api/files/file/%s/open", id), "{\"reason\":\"xx\",\"purpose\":\"x\"}", 400,
		"wrong_length", "purpose");
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	open_it(r, ann, id, "{\"reason\":\"A-7\",\"purpose\":\"incident\"}");
	assert_int_equal(count(r, "SELECT count(*) FROM core_look WHERE purpose = 'incident'"), 1);
	ticket = open_it(r, ann, id, "{\"reason\":\"claim of the insurer\"}");
	assert_int_equal(count(r, "SELECT count(*) FROM core_look WHERE actor_id = 'ann' AND entity = 'files.file' AND"
				  " fields = 'still' AND purpose = 'evidence' AND reason = 'claim of the insurer'"),
			 1);
	call(r, ann, "GET", ticket, NULL, 200);
	assert_string_equal(header_of(r, "Cache-Control"), "private, no-store");
	/* Passed on, changed, for another file, too late. */
	refused(r, eve, "GET", ticket, NULL, 403, "closed", "ticket");
	refused(r, ann, "GET", fmt(r, "%s0", ticket), NULL, 403, "closed", "ticket");
	refused(r, ann, "GET", fmt(r, "%s?%s", url(r, waits), strchr(ticket, '?') + 1), NULL, 403, "closed", "ticket");
	r->now += FILES_OPEN_S * SECOND;
	call(r, ann, "GET", ticket, NULL, 200);
	r->now += 1;
	refused(r, ann, "GET", ticket, NULL, 403, "closed", "ticket");
	/* A row that waits for this user is the reason itself. */
	call(r, ann, "GET", open_it(r, ann, waits, "{}"), NULL, 200);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look WHERE reason = 'shelf 7'"), 1);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void test_parts(struct rig *r)
{
	const struct actor *ann = rig_actor(r, "ann", "reader@36.n.", NULL);
	const char *id = put(r, "a", P1);
	static const struct {
		const char *range;
		int status;
		int64_t from, n;
		const char *says;
	} all[] = {
		{ "bytes=0-0", 206, 0, 1, "bytes 0-0/18" },
		{ "bytes=8-", 206, 8, 10, "bytes 8-17/18" },
		{ "bytes=-3", 206, 15, 3, "bytes 15-17/18" },
		{ "bytes=-99", 206, 0, 18, "bytes 0-17/18" },
		{ "bytes=17-99", 206, 17, 1, "bytes 17-17/18" },
		{ "bytes=18-", 416, 0, 18, "bytes */18" },
		{ "bytes=-0", 416, 0, 18, "bytes */18" },
		{ "bytes=0-1,4-5", 200, 0, 18, "" },
		{ "bytes=5-2", 200, 0, 18, "" },
		{ "bytes=a-b", 200, 0, 18, "" },
		{ "bytes=", 200, 0, 18, "" },
		{ "lines=1-2", 200, 0, 18, "" },
		{ "bytes=99999999999999999999-", 200, 0, 18, "" },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		r->range = all[i].range;
		call(r, ann, "GET", url(r, id), NULL, all[i].status);
		assert_string_equal(header_of(r, "Content-Range"), all[i].says);
		if (all[i].status == 416)
			assert_null(r->last.file);
		else
			assert_int_equal(r->last.file_from, all[i].from);
		if (all[i].status != 416)
			assert_int_equal(r->last.file_bytes, all[i].n);
	}
	r->range = NULL;
}

/* ---- what may come in -------------------------------------------------------------------------- */

static void test_kinds(struct rig *r)
{
	static const struct {
		const char *type, *bytes;
		size_t n;
		enum rc rc;
	} all[] = {
		{ "image/jpeg", "\xff\xd8\xff\xe0 0123456789", 15, RC_OK },
		{ "image/png", "\xff\xd8\xff\xe0 0123456789", 15, RC_INVALID },
		{ "image/webp", "RIFF1234WEBPVP8 ", 16, RC_OK },
		{ "image/webp", "RUFF1234WEBPVP8 ", 16, RC_INVALID },
		{ "video/mp4", "1234ftypisom5678", 16, RC_OK },
		{ "application/pdf", "%PDF-1.7 01234567", 17, RC_OK },
		{ "application/json; charset=utf-8", "{\"a\":1}", 7, RC_OK },
		{ NULL, "[1,2]", 5, RC_OK },
		{ "application/json", "7", 1, RC_INVALID },
		{ "text/html", "<html></html>", 13, RC_INVALID },
		{ NULL, "<svg xmlns='x'/>", 16, RC_INVALID },
		{ "image/jpeg", "\xff\xd8\xff", 3, RC_INVALID },
		{ "image/jpeg", "", 0, RC_INVALID },
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		struct put p = new_put("a", P1);

		p.n.bytes = (struct str){ all[i].bytes, all[i].n };
		p.n.type = str_of(all[i].type);
		if (app_unit(r->app, put_unit, &p) != all[i].rc)
			fail_msg("case %zu", i);
	}
	/* Sizes at the limit and one more. */
	char *big = mem_new(FILES_TEXT_MOST + 2);

	memset(big, ' ', FILES_TEXT_MOST + 1);
	big[0] = '[';
	big[FILES_TEXT_MOST - 1] = ']';
	for (size_t more = 0; more < 2; more++) {
		struct put p = new_put("a", P1);

		p.n.bytes = (struct str){ big, FILES_TEXT_MOST + more };
		assert_int_equal(app_unit(r->app, put_unit, &p), more ? RC_INVALID : RC_OK);
	}
	free(big);
	big = mem_new(FILES_IMAGE_MOST + 1);
	memcpy(big, png, sizeof(png));
	for (size_t more = 0; more < 2; more++) {
		struct put p = new_put("a", P1);

		p.n.bytes = (struct str){ big, FILES_IMAGE_MOST + more };
		assert_int_equal(app_unit(r->app, put_unit, &p), more ? RC_LIMIT : RC_OK);
	}
	free(big);
	for (int64_t late = 0; late < 2; late++) {
		struct put p = new_put("a", P1);

		p.n.delete_at = r->now + FILES_DAYS_MOST * DAY + late;
		assert_int_equal(app_unit(r->app, put_unit, &p), late ? RC_INVALID : RC_OK);
	}
}

/* ---- the clock ------------------------------------------------------------------------------------ */

static void test_clock(struct rig *r)
{
	const struct actor *ann = rig_actor(r, "ann", "reader@36.n.", NULL);
	const char *id = put(r, "a", P1), *other;

	r->now += 7 * DAY - 1;
	assert_int_equal(app_run_job(r->app, "files.purge"), RC_OK);
	call(r, ann, "GET", url(r, id), NULL, 200);
	other = put(r, "a", P1);
	/* Nobody gets it from that moment on, whenever the job runs. */
	r->now += 1;
	refused(r, ann, "GET", url(r, id), NULL, 404, "not_found", "");
	call(r, ann, "GET", "/api/files/file?entity=shelf.row&row=a", NULL, 200);
	assert_int_equal(at(here(r), "items")->n, 1);
	assert_int_equal(files_on_disk(r), 2);
	/* The row can't be removed: the bytes are gone, and the next run ends it. */
	for (int n = 1; n < 40; n++) {
		conn_fail_at(app_conn(r->app), n);
		if (app_run_job(r->app, "files.purge") == RC_OK)
			break;
	}
	conn_fail_at(app_conn(r->app), 0);
	assert_int_equal(app_run_job(r->app, "files.purge"), RC_OK);
	assert_int_equal(files_on_disk(r), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM files_link"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM core_audit WHERE what = 'files.file.delete'"), 1);
	assert_true(file_exists(path_of(r, other)));
}

static void test_orphans(struct rig *r)
{
	struct put p = new_put("a", P1);
	const char *kept = put(r, "a", P1), *orphan, *half;

	p.keep = false;
	assert_int_equal(app_unit(r->app, put_unit, &p), RC_OK);
	orphan = arena_dup(r->arena, p.f.id).p;
	half = fmt(r, "%s.tmp.abcdef", path_of(r, orphan));
	assert_int_equal(file_write(half, STR("ha"), 0600), RC_OK);
	r->now += FILES_ORPHAN_MIN * MINUTE;
	assert_int_equal(app_run_job(r->app, "files.sweep"), RC_OK);
	assert_int_equal(files_on_disk(r), 3);
	r->now += SECOND;
	assert_int_equal(app_run_job(r->app, "files.sweep"), RC_OK);
	assert_int_equal(files_on_disk(r), 1);
	assert_true(file_exists(path_of(r, kept)));
}

/* ---- a full disk at every step, a store that fails at every call -------------------------------------- */

static void test_disk(struct rig *r)
{
	int n = 1;

	for (; n < 40; n++) {
		struct put p = new_put("a", P1);

		file_fail_at(n);
		enum rc rc = app_unit(r->app, put_unit, &p);

		file_fail_at(0);
		if (rc == RC_OK)
			break;
		assert_int_equal(rc, RC_BUSY);
		assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 0);
	}
	assert_true(n > 5 && n < 40);
	assert_int_equal(count(r, "SELECT count(*) FROM files_file"), 1);
	/* What was cut short is swept. */
	r->now += 2 * FILES_ORPHAN_MIN * MINUTE;
	assert_int_equal(app_run_job(r->app, "files.sweep"), RC_OK);
	assert_int_equal(files_on_disk(r), 1);
}

static void test_store(struct rig *r)
{
	const struct actor *ann = rig_actor(r, "ann", "reader@36.n.", NULL);
	const char *id = put(r, "b", P2);

	assert_true(fail_every_call(r, ann, "POST", fmt(r, "/api/files/file/%s/open", id), "{}", 200) > 4);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 1);
}

/* ---- checks and copies ---------------------------------------------------------------------------------- */

static void test_copy(struct rig *r)
{
	const char *good = put(r, "a", P1), *bad = put(r, "a", P2), *gone = put(r, "a", P1);
	const char *to = fmt(r, "%s/copy", r->folder), *root = fmt(r, "%s/files", r->folder);
	struct files_report f = { 0 };

	assert_int_equal(files_check(app_conn(r->app), root, r->now, &f), RC_OK);
	assert_int_equal(f.files, 3);
	assert_int_equal(f.bytes, 3 * (int64_t)PNG.n);
	assert_int_equal(f.missing + f.damaged + f.orphans, 0);
	f = (struct files_report){ 0 };
	assert_int_equal(files_copy(app_conn(r->app), root, to, r->now, &f), RC_OK);
	assert_true(file_exists(fmt(r, "%s/%s/%s", to, good + 24, good)));
	assert_int_equal(files_copy(app_conn(r->app), root, to, r->now, &f), RC_OK); /* again */
	assert_int_equal(file_write(path_of(r, bad), STR("\x89PNG\r\n\x1a\n0123456780"), 0600), RC_OK);
	assert_int_equal(file_remove(path_of(r, gone)), RC_OK);
	assert_int_equal(file_write(fmt(r, "%s/files/%s/stray", r->folder, good + 24), STR("x"), 0600), RC_OK);
	f = (struct files_report){ 0 };
	assert_int_equal(files_check(app_conn(r->app), root, r->now, &f), RC_OK);
	assert_int_equal(f.missing, 1);
	assert_int_equal(f.damaged, 1);
	assert_int_equal(f.orphans, 1);
	f = (struct files_report){ 0 };
	assert_int_equal(files_copy(app_conn(r->app), root, fmt(r, "%s/copy2", r->folder), r->now, &f), RC_CONFLICT);
	/* What is past its clock is nobody's loss. */
	f = (struct files_report){ 0 };
	assert_int_equal(files_check(app_conn(r->app), root, r->now + 8 * DAY, &f), RC_OK);
	assert_int_equal(f.files + f.missing + f.damaged, 0);
}

static void each(void (*test)(struct rig *r))
{
	on_each_kind(test, modules, roles);
}
#define TEST(name)                           \
	static void run_##name(void **state) \
	{                                    \
		(void)state;                 \
		each(test_##name);           \
	}
TEST(sight)
TEST(reason)
TEST(parts)
TEST(kinds)
TEST(clock)
TEST(orphans)
TEST(disk)
TEST(store)
TEST(copy)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_sight), cmocka_unit_test(run_reason), cmocka_unit_test(run_parts),
		cmocka_unit_test(run_kinds), cmocka_unit_test(run_clock),  cmocka_unit_test(run_orphans),
		cmocka_unit_test(run_disk),  cmocka_unit_test(run_store),  cmocka_unit_test(run_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
