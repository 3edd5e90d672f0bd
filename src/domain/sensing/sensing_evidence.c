/* sensing_evidence.c - POST /api/sensing/evidence?source=&id=&kind=[&at=]: a
 * device hands in what it saw of an event it reported. */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

struct picture {
	struct device *device;
	struct source *from;
	struct str id;
	struct file_ref file;
};

static enum rc read_kind(struct ctx *c, enum files_kind *ret)
{
	static const enum files_kind may[] = { FILES_STILL, FILES_CLIP, FILES_SHARED };
	struct str word = request_query(c, "kind");

	for (size_t i = 0; i < COUNT(may); i++) {
		if (str_is(word, files_kinds[may[i]])) {
			*ret = may[i];
			return RC_OK;
		}
	}
	return FAIL(c, RC_INVALID, word.n ? "unknown_word" : "required", STR("kind"),
		    "still, clip or shared is expected");
}

/* A "still" that is a film, or a picture that says it is one. */
static enum rc check_type(struct ctx *c, const struct file_new *n)
{
	bool image = str_starts(n->type, "image/"), video = str_starts(n->type, "video/");

	if ((image && n->kind != FILES_CLIP) || (video && n->kind != FILES_STILL))
		return RC_OK;
	return FAIL(c, RC_INVALID, "content_type", STR("Content-Type"), "image/... or video/... as the kind says");
}

static enum rc read_at(struct ctx *c, int64_t *ret)
{
	struct str at = request_query(c, "at");

	*ret = c->now;
	if (at.n && time_parse(at, ret) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("at"), "an RFC 3339 time is expected");
	if (*ret > c->now || *ret < c->now - 7 * DAY) /* as with events: a clock that can't be right */
		*ret = c->now;
	return RC_OK;
}

static enum rc find_device(struct ctx *c, struct device *speaker, struct picture *p)
{
	struct state *st = sensing_state(c);
	struct str source = request_query(c, "source");
	const char *code;

	p->id = request_query(c, "id");
	if (p->id.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("id"), "of which event?");
	pthread_rwlock_rdlock(&st->lock);
	p->device = check_source_of(st, speaker, source.n ? source : speaker->source, &p->from, &code);
	pthread_rwlock_unlock(&st->lock);
	return code ? FAIL(c, RC_DENIED, code, STR("source"), "this device may not speak for this source") : RC_OK;
}

/* The bytes go to disk here, while the writer does something else.  Should the
 * event turn out to be none of ours, they are swept like any orphan. */
enum rc evidence_prepare(struct ctx *c, struct call *k)
{
	struct picture *p = NEW(c->arena, struct picture);
	struct file_new n = { .bytes = k->rq->body,
			      .type = request_header(k->rq, "Content-Type"),
			      .purpose = "evidence",
			      .delete_at = c->now + SENSING_EVIDENCE_HOURS * HOUR };
	struct device *speaker;

	TRY(cache_refresh(c));
	TRY(ingest_speaker(c, &speaker));
	TRY(read_kind(c, &n.kind));
	TRY(check_type(c, &n));
	TRY(read_at(c, &n.at));
	TRY(find_device(c, speaker, p));
	if (n.bytes.n > SENSING_EVIDENCE_MOST)
		return FAIL(c, RC_LIMIT, "too_large", NO_STR, "at most %d bytes", SENSING_EVIDENCE_MOST);
	n.cls = n.kind == FILES_SHARED ? P1 : P2; /* a picture may show somebody */
	n.place_path = p->device->place_path;
	TRY(files_write(c, &n, &p->file));
	k->prepared = p;
	return RC_OK;
}

struct known {
	const struct file_ref *mine;
	struct str same;
	int64_t delete_at;
	int n;
	struct arena *a;
};

static enum rc look_at(void *arg, const struct file_ref *f)
{
	struct known *k = arg;

	k->n++;
	if (f->kind == k->mine->kind && str_eq(f->digest, k->mine->digest)) {
		k->same = f->id;
		k->delete_at = f->delete_at;
	}
	return RC_OK;
}

static enum rc tell(struct ctx *c, const struct picture *p, int64_t seq)
{
	struct about about = { .entity = "sensing.device", .id = p->device->id, .place_path = p->device->place_path };
	struct buf b = buf_new(c->arena, 1024);

	json_open(&b, '{');
	json_put_int(&b, "seq", seq);
	json_put_text(&b, "file_id", p->file.id);
	json_put_text(&b, "kind", str_of(files_kinds[p->file.kind]));
	json_close(&b, '}');
	return emit(c, STR("sensing.device.evidence"), &about, buf_str(&b));
}

static void answer(struct call *k, struct str id, int64_t delete_at, bool twice)
{
	json_open(k->out, '{');
	json_put_text(k->out, "id", id);
	json_put_bool(k->out, "duplicate", twice);
	json_put_time(k->out, "delete_at", delete_at);
	json_close(k->out, '}');
	k->rs->status = twice ? 200 : 201;
}

enum rc evidence_run(struct ctx *c, struct call *k)
{
	struct picture *p = k->prepared;
	struct known known = { .mine = &p->file, .a = c->arena };
	struct str key;
	int64_t seq;

	if (p->device->state != S_ACTIVE)
		return FAIL(c, RC_DENIED, "device_retired", STR("source"), "no active device");
	TRY(log_find(c, p->from, p->id, &seq));
	if (seq == 0)
		return FAIL(c, RC_MISSING, "unknown_event", STR("id"), "no such event of this source, or too long ago");
	key = sensing_event_key(c, seq);
	TRY(files_of(c, SENSING_EVENT_FILES, key, look_at, &known));
	if (known.same.p) {
		answer(k, known.same, known.delete_at, true);
		return RC_OK;
	}
	if (known.n >= SENSING_EVIDENCE_EACH)
		return FAIL(c, RC_LIMIT, "too_many", STR("id"), "at most %d files of one event", SENSING_EVIDENCE_EACH);
	TRY(files_keep(c, &p->file, SENSING_EVENT_FILES, key));
	TRY(tell(c, p, seq));
	answer(k, p->file.id, p->file.delete_at, false);
	return RC_OK;
}
