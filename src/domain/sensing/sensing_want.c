/* sensing_want.c - pictures that a recorder beside us (Frigate) keeps and we
 * have to ask for: what is wanted, when it is asked for again, when given up. */
#include "device/event.h"
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { WANT_DAYS = 1, KEEP_DAYS = 7, FIRST_WAIT_S = 15, LAST_WAIT_S = 1800, OBJECT_MOST = 40 };

struct str sensing_event_key(struct ctx *c, int64_t seq)
{
	return arena_fmt(c->arena, "%lld", (long long)seq);
}

/* ---- wanting ----------------------------------------------------------------------- */

/* It becomes part of an address. */
static bool object_ok(struct str s)
{
	if (s.n == 0 || s.n > OBJECT_MOST || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
		      (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.' || s.p[i] == '_' || s.p[i] == '-'))
			return false;
	return true;
}

struct looking {
	struct ctx *c;
	int64_t want;
	struct sensing_wanted w;
	struct str device_id, gateway_id;
	bool has_clip;
};

/* Adapters inside the process have no key: what speaks from outside brings its
 * pictures itself. */
static struct str recorder_of(struct ctx *c, struct str device_id)
{
	struct state *st = sensing_state(c);
	struct str ret = NO_STR;

	pthread_rwlock_rdlock(&st->lock);
	struct device *d = cache_by_id(st, device_id), *g = NULL;

	if (d && d->gateway_id.n)
		g = cache_by_id(st, d->gateway_id);
	else if (d && d->source.n) {
		const char *slash = memrchr(d->source.p, '/', d->source.n);

		g = slash ? cache_by_source(st, (struct str){ d->source.p, (size_t)(slash - d->source.p) }) : NULL;
	}
	if (g && g->kind == K_GATEWAY && !g->has_key)
		ret = arena_dup(c->arena, g->id);
	pthread_rwlock_unlock(&st->lock);
	return ret;
}

static enum rc look(void *arg, const struct sensing_event *ev)
{
	struct looking *l = arg;
	struct json_error err;
	struct json *j;
	const struct json *clip;

	if (ev->seq != l->want || ev->data.n == 0 ||
	    !(str_is(ev->type, EVENT_CAMERA_OBJECT) || str_is(ev->type, EVENT_CAMERA_CLASS)))
		return RC_OK;
	if (json_parse(l->c->arena, arena_dup(l->c->arena, ev->data), 0, &j, &err) != RC_OK || j->kind != J_MAP)
		return RC_OK;
	l->w.object = json_get_text(j, "object_id");
	clip = json_get(j, "has_clip");
	l->has_clip = clip && clip->kind == J_BOOL && clip->i;
	l->w.place_path = ev->place_path;
	l->w.at = ev->at;
	l->device_id = ev->device_id;
	return RC_OK;
}

static enum rc want(struct ctx *c, const struct looking *l, enum files_kind kind, int64_t wait)
{
	return db_run(c,
		      "INSERT INTO sensing_want (seq, kind, gateway_id, device_id, object, place_path, at, state,"
		      " tries, next_at, made_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 'wanted', 0, $8, $9)"
		      " ON CONFLICT (seq, kind) DO NOTHING",
		      ARGS(V_INT(l->want), V_Z(files_kinds[kind]), V_STR(l->gateway_id), V_STR(l->device_id),
			   V_STR(l->w.object), V_STR(l->w.place_path), V_INT(l->w.at), V_INT(c->now + wait),
			   V_INT(c->now)),
		      NULL);
}

enum rc sensing_want(struct ctx *c, int64_t seq)
{
	struct looking l = { .c = c, .want = seq };
	int64_t last;

	TRY(sensing_since(c, seq - 1, 1, look, &l, &last));
	if (!object_ok(l.w.object))
		return RC_OK;
	l.gateway_id = recorder_of(c, l.device_id);
	if (l.gateway_id.p == NULL)
		return RC_OK;
	TRY(want(c, &l, FILES_STILL, 0));
	return l.has_clip ? want(c, &l, FILES_CLIP, SENSING_CLIP_WAIT_S * SECOND) : RC_OK;
}

/* ---- asking ------------------------------------------------------------------------- */

static enum files_kind kind_of(struct str word)
{
	return str_is(word, files_kinds[FILES_CLIP]) ? FILES_CLIP : FILES_STILL;
}

struct gathering {
	struct arena *a;
	struct sensing_wanted *w;
	size_t n;
};

static enum rc gather(void *arg, const struct row *r)
{
	struct gathering *g = arg;

	g->w[g->n++] = (struct sensing_wanted){ .seq = r->v[0].i,
						.kind = kind_of(r->v[1].s),
						.object = arena_dup(g->a, r->v[2].s),
						.place_path = arena_dup(g->a, r->v[3].s),
						.at = r->v[4].i,
						.tries = r->v[5].i };
	return RC_OK;
}

enum rc sensing_wants(struct ctx *c, struct str gateway_id, size_t most, struct sensing_wanted *ret, size_t *n)
{
	struct gathering g = { c->arena, ret, 0 };

	TRY(db_each(c,
		    "SELECT seq, kind, object, place_path, at, tries FROM sensing_want WHERE state = 'wanted'"
		    " AND next_at <= $1 AND gateway_id = $2 ORDER BY next_at, seq, kind LIMIT $3",
		    ARGS(V_INT(c->now), V_STR(gateway_id), V_INT((int64_t)most)), gather, &g));
	*n = g.n;
	return RC_OK;
}

static enum rc tell(struct ctx *c, const struct sensing_wanted *w, const struct file_ref *f)
{
	struct about about = { .entity = "sensing.device", .place_path = w->place_path };
	struct buf b = buf_new(c->arena, 1024);

	TRY(db_text(c, "SELECT device_id FROM sensing_want WHERE seq = $1 AND kind = $2",
		    ARGS(V_INT(w->seq), V_Z(files_kinds[w->kind])), &about.id));
	json_open(&b, '{');
	json_put_int(&b, "seq", w->seq);
	json_put_text(&b, "file_id", f ? f->id : NO_STR);
	json_put_text(&b, "kind", str_of(files_kinds[w->kind]));
	json_close(&b, '}');
	return emit(c, STR("sensing.device.evidence"), &about, buf_str(&b));
}

static int64_t wait_after(int64_t tries)
{
	int64_t wait = FIRST_WAIT_S;

	while (tries-- > 0 && wait < LAST_WAIT_S)
		wait *= 2;
	return (wait < LAST_WAIT_S ? wait : LAST_WAIT_S) * SECOND;
}

enum rc sensing_got(struct ctx *c, const struct sensing_wanted *w, const struct file_ref *f, const char *reason)
{
	bool done = f || w->tries + 1 >= SENSING_WANT_TRIES || str_is(str_of(reason), "too_large");
	int64_t changed;

	TRY(db_run(c,
		   "UPDATE sensing_want SET state = $3, tries = tries + 1, next_at = $4, reason = $5"
		   " WHERE seq = $1 AND kind = $2 AND state = 'wanted'",
		   ARGS(V_INT(w->seq), V_Z(files_kinds[w->kind]),
			V_Z(f      ? "kept"
			    : done ? "failed"
				   : "wanted"),
			V_INT(c->now + wait_after(w->tries)), V_Z(f ? NULL : reason)),
		   &changed));
	if (changed == 0) /* somebody else has it */
		return RC_OK;
	if (f)
		TRY(files_keep(c, f, SENSING_EVENT_FILES, sensing_event_key(c, w->seq)));
	return done ? tell(c, w, f) : RC_OK;
}

struct missing {
	enum rc (*fn)(void *arg, const char *kind, const char *state, struct str reason);
	void *arg;
};

static enum rc one_missing(void *arg, const struct row *r)
{
	struct missing *m = arg;

	return m->fn(m->arg, files_kinds[kind_of(r->v[0].s)], str_is(r->v[1].s, "failed") ? "failed" : "wanted",
		     r->v[2].kind == VAL_TEXT ? r->v[2].s : NO_STR);
}

enum rc sensing_missing(struct ctx *c, int64_t seq,
			enum rc (*fn)(void *arg, const char *kind, const char *state, struct str reason), void *arg)
{
	struct missing m = { fn, arg };

	return db_each(c,
		       "SELECT kind, state, reason FROM sensing_want WHERE seq = $1 AND state <> 'kept' ORDER BY kind",
		       ARGS(V_INT(seq)), one_missing, &m);
}

/* What nobody asked for in a day (no link to the recorder) is given up; what is
 * settled is forgotten with the pictures. */
enum rc evidence_purge(struct ctx *c)
{
	TRY(db_run(c,
		   "UPDATE sensing_want SET state = 'failed', reason = 'no_answer' WHERE state = 'wanted' AND made_at "
		   "< $1",
		   ARGS(V_INT(c->now - WANT_DAYS * DAY)), NULL));
	return db_run(c, "DELETE FROM sensing_want WHERE made_at < $1", ARGS(V_INT(c->now - KEEP_DAYS * DAY)), NULL);
}
