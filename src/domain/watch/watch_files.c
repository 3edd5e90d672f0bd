/* watch_files.c - pictures and clips of an alert: who sees them, where they come
 * from, how long they stay. */
#include "files/files.h"
#include "domain/watch/watch_inner.h"

enum { WATCH_EVIDENCE_LOOK = 40, WATCH_EVIDENCE_FILES = 60 };

/* A case that waits for this user's decision is itself the reason to look into
 * it: nobody has taken it yet, or this user has. */
static bool waits_for(const struct ctx *c, const struct alert_row *a)
{
	if (a->state == WATCH_CLOSED || !ctx_may_at(c, "watch.alert.ack", a->place_path))
		return false;
	return a->acked_by.n == 0 || str_eq(a->acked_by, c->who.id);
}

static enum rc see_files(struct ctx *c, struct str row_id, struct files_sight *ret)
{
	struct failure before = c->fail;
	struct alert_row a;
	enum rc rc = entity_load(c, &watch_alert, row_id, &a);

	*ret = (struct files_sight){ .seen = rc == RC_OK };
	if (rc == RC_MISSING || rc == RC_DENIED || rc == RC_UNKNOWN) {
		c->fail = before;
		return RC_OK;
	}
	TRY(rc);
	if (waits_for(c, &a))
		ret->reason = a.number;
	return RC_OK;
}

enum rc watch_alert_start(struct ctx *c)
{
	files_set_owner(c, "watch.alert", see_files);
	return watch_first_cursor(c);
}

/* ---- the alert's pictures ------------------------------------------------------------ */

static struct str evidence_detail(struct ctx *c, const char *kind, int64_t delete_at)
{
	struct buf b = buf_new(c->arena, 512);

	json_open(&b, '{');
	json_put_text(&b, "kind", str_of(kind));
	if (delete_at)
		json_put_time(&b, "delete_at", delete_at);
	else
		json_put_text(&b, "reason", STR("not_had"));
	json_close(&b, '}');
	return buf_str(&b);
}

/* The alert itself does not change: nobody's answer to it becomes stale by a
 * picture. */
static enum rc tell(struct ctx *c, const struct alert_row *a, const char *kind, int64_t delete_at)
{
	struct about about = {
		.entity = "watch.alert", .id = a->std.id, .version = a->std.version, .place_path = a->place_path
	};
	struct str detail = evidence_detail(c, kind, delete_at);

	TRY(watch_line(c, a->std.id, delete_at ? "evidence" : "evidence_missing", detail));
	return emit(c, STR("watch.alert.evidence"), &about, detail);
}

static enum rc take(struct ctx *c, const struct alert_row *a, struct str file_id, const char *kind)
{
	int64_t until = c->now + WATCH_EVIDENCE_DAYS * DAY;

	TRY(files_link(c, file_id, "watch.alert", a->std.id));
	TRY(files_until(c, file_id, until));
	return tell(c, a, kind, until);
}

struct taking {
	struct ctx *c;
	const struct alert_row *a;
};

static enum rc take_one(void *arg, const struct file_ref *f)
{
	struct taking *t = arg;

	return take(t->c, t->a, f->id, files_kinds[f->kind]);
}

enum rc watch_evidence_of(struct ctx *c, const struct alert_row *a, const int64_t *seqs, size_t n)
{
	struct taking t = { c, a };
	int64_t is_new;

	for (size_t i = 0; i < n; i++) {
		TRY(db_run(c,
			   "INSERT INTO watch_evidence (seq, alert_id) VALUES ($1, $2) ON CONFLICT (seq, alert_id) DO "
			   "NOTHING",
			   ARGS(V_INT(seqs[i]), V_STR(a->std.id)), &is_new));
		if (is_new == 0)
			continue;
		TRY(files_of(c, SENSING_EVENT_FILES, sensing_event_key(c, seqs[i]), take_one, &t));
		TRY(sensing_want(c, seqs[i]));
	}
	return RC_OK;
}

enum rc watch_on_evidence(struct ctx *c, const struct event *ev)
{
	struct json_error err;
	struct alert_row a;
	struct json *j;
	struct str *ids;
	bool found;
	size_t n;

	if (json_parse(c->arena, ev->body, 0, &j, &err) != RC_OK || j->kind != J_MAP)
		return FAIL(c, RC_INVALID, "bad_json", NO_STR, "event body: %s", err.reason);
	struct str file = json_get_text(j, "file_id"), kind = json_get_text(j, "kind");

	TRY(db_texts(c, "SELECT alert_id FROM watch_evidence WHERE seq = $1 ORDER BY alert_id LIMIT 20",
		     ARGS(V_INT(json_get_int(j, "seq", 0))), 20, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		TRY(entity_find(c, &watch_alert, "id = $1", ARGS(V_STR(ids[i])), &a, &found));
		if (found && file.n)
			TRY(take(c, &a, file, arena_z(c->arena, kind)));
		else if (found)
			TRY(tell(c, &a, arena_z(c->arena, kind), 0));
	}
	return RC_OK;
}

/* ---- in the case ------------------------------------------------------------------------ */

struct file_list {
	struct buf *out;
	struct str seen[WATCH_EVIDENCE_FILES];
	size_t n;
};

/* Alerts that were merged may have the same picture. */
static enum rc write_file(void *arg, const struct file_ref *f)
{
	struct file_list *l = arg;

	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->seen[i], f->id))
			return RC_OK;
	if (l->n == WATCH_EVIDENCE_FILES)
		return RC_OK;
	l->seen[l->n++] = f->id;
	files_write_ref(l->out, f);
	return RC_OK;
}

static enum rc write_missing(void *arg, const char *kind, const char *state, struct str reason)
{
	struct buf *out = arg;

	json_open(out, '{');
	json_put_text(out, "kind", str_of(kind));
	json_put_text(out, "state", str_of(state));
	json_put_text(out, "reason", reason);
	json_close(out, '}');
	return RC_OK;
}

struct numbers {
	int64_t v[WATCH_EVIDENCE_LOOK];
	size_t n;
};

static enum rc take_number(void *arg, const struct row *r)
{
	struct numbers *s = arg;

	s->v[s->n++] = r->v[0].i;
	return RC_OK;
}

enum rc watch_write_evidence(struct ctx *c, const struct alert_row *a, struct buf *out)
{
	struct numbers *s = NEW(c->arena, struct numbers);
	struct file_list *l = NEW(c->arena, struct file_list);
	struct str *ids;
	size_t n;

	TRY(db_texts(c, "SELECT id FROM watch_alert WHERE id = $1 OR merged_into = $1 ORDER BY opened_at, id LIMIT 50",
		     ARGS(V_STR(a->std.id)), 50, &ids, &n));
	l->out = out;
	json_key(out, "evidence");
	json_open(out, '{');
	json_key(out, "files");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++)
		TRY(files_of(c, "watch.alert", ids[i], write_file, l));
	json_close(out, ']');
	json_key(out, "missing");
	json_open(out, '[');
	TRY(db_each(
		c,
		"SELECT DISTINCT seq FROM watch_evidence WHERE alert_id IN (SELECT id FROM watch_alert WHERE id = $1"
		" OR merged_into = $1) ORDER BY seq DESC LIMIT 40",
		ARGS(V_STR(a->std.id)), take_number, s));
	for (size_t i = 0; i < s->n; i++)
		TRY(sensing_missing(c, s->v[i], write_missing, out));
	json_close(out, ']');
	/* Whether opening one asks for words: a case that waits for this user does not. */
	json_put_bool(out, "is_reason", waits_for(c, a));
	json_close(out, '}');
	return RC_OK;
}
