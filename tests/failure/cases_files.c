/* Files: the one thing people write there is why they look. */
#include "cases.h"

#include "files/files.h"

struct putting {
	struct stage *s;
	const char *entity, *row;
};

static enum rc put_unit(struct ctx *c, void *arg)
{
	struct putting *p = arg;
	const struct file_new n = { .bytes = STR("\x89PNG\r\n\x1a\n0123456789"),
				    .place_path = STR(NORTH),
				    .purpose = "evidence",
				    .kind = FILES_STILL,
				    .cls = P2,
				    .at = c->now,
				    .delete_at = c->now + DAY };
	struct file_ref f;

	TRY(files_write(c, &n, &f));
	stage_put(p->s, "file", arena_dup(p->s->r.arena, f.id).p);
	return files_keep(c, &f, p->entity, str_of(p->row));
}

static void a_picture(struct stage *s)
{
	struct putting p = { s, "sensing.device", stage_get(s, "door") };

	assert_int_equal(app_unit(s->r.app, put_unit, &p), RC_OK);
}

const struct write_case files_cases[] = {
	{ "POST /api/files/file/{id}/open", "system", "/api/files/file/$file/open", "{\"reason\":\"claim\"}",
	  .want = 200, .before = a_picture, .secret = true },
	{ 0 },
};
