/* files_serve.c - out again: opened with a reason, fetched in parts. */
#include "files/files_inner.h"

#include <string.h>

enum { REASON_LEAST = 2, REASON_MOST = 200, PURPOSE_MOST = 64, DIGITS = 18 };

/* ---- opening ------------------------------------------------------------------------ */

/* Only for this session, this file, these minutes: a link that was passed on
 * opens nothing. */
static struct str ticket_of(struct ctx *c, struct str id, int64_t until)
{
	struct str text = arena_fmt(c->arena, FMT_STR "|" FMT_STR "|" FMT_STR "|%lld", ARG_STR(id), ARG_STR(c->who.id),
				    ARG_STR(c->who.session), (long long)until);

	return arena_fmt(c->arena, "%lld." FMT_STR, (long long)until, ARG_STR(ctx_mac(c, "files.open", text)));
}

static bool ticket_fits(struct ctx *c, struct str id, struct str given)
{
	struct str rest = given, digits;
	int64_t until;

	if (!str_cut(&rest, '.', &digits) || str_int(digits, &until) != RC_OK || until < c->now)
		return false;
	return crypto_same(given, ticket_of(c, id, until));
}

static enum rc read_purpose(struct ctx *c, const struct json *in, struct str *ret)
{
	struct str word = str_trim(json_get_text(in, "purpose"));

	if (word.n == 0)
		return RC_OK;
	if (word.n < REASON_LEAST || word.n > PURPOSE_MOST)
		return FAIL(c, RC_INVALID, "wrong_length", STR("purpose"), "%d to %d bytes are expected", REASON_LEAST,
			    PURPOSE_MOST);
	*ret = word;
	return RC_OK;
}

static enum rc read_reason(struct ctx *c, const struct json *in, const struct files_sight *s, struct str *ret)
{
	for (const struct json *j = in->child; j; j = j->next)
		if (!str_is(j->key, "reason") && !str_is(j->key, "purpose"))
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
	*ret = str_trim(json_get_text(in, "reason"));
	if (ret->n == 0)
		*ret = s->reason;
	if (ret->n == 0)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "why is this opened? It goes on record");
	if (str_chars(*ret) < REASON_LEAST || str_chars(*ret) > REASON_MOST)
		return FAIL(c, RC_INVALID, "wrong_length", STR("reason"), "%d to %d characters are expected",
			    REASON_LEAST, REASON_MOST);
	return RC_OK;
}

static enum rc find(struct ctx *c, struct str id, struct file_ref *f, struct files_sight *s)
{
	TRY(files_get(c, id, f));
	TRY(files_sighted(c, id, s));
	return s->seen ? RC_OK : FAIL(c, RC_MISSING, "not_found", NO_STR, "no such file, or not yours");
}

enum rc files_open(struct ctx *c, struct call *k)
{
	int64_t until = c->now + FILES_OPEN_S * SECOND;
	struct files_sight s;
	struct file_ref f;
	struct str reason, purpose;

	TRY(find(c, k->id, &f, &s));
	if (f.cls & PERSONAL) {
		purpose = str_of(f.purpose);
		TRY(read_reason(c, k->in, &s, &reason));
		TRY(read_purpose(c, k->in, &purpose));
		TRY(note_look(c, "files.file", f.id, s.person, str_of(files_kinds[f.kind]), purpose, reason));
	}
	json_open(k->out, '{');
	json_put_text(k->out, "url",
		      arena_fmt(c->arena, "/api/files/file/" FMT_STR "?ticket=" FMT_STR, ARG_STR(f.id),
				ARG_STR(ticket_of(c, f.id, until))));
	json_put_time(k->out, "until", until);
	json_key(k->out, "file");
	files_write_ref(k->out, &f);
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- parts (RFC 9110, 14) -------------------------------------------------------------- */

enum part { PART_ALL, PART_SOME, PART_NONE };

static bool number(struct str s, int64_t *ret)
{
	return s.n > 0 && s.n <= DIGITS && s.p[0] != '-' && s.p[0] != '+' && str_int(s, ret) == RC_OK;
}

/* One range of bytes; several, or what is no range, mean all of it. */
static enum part part_of(struct str range, int64_t bytes, int64_t *from, int64_t *n)
{
	struct str rest, first;
	int64_t lo, hi;

	*from = 0;
	*n = bytes;
	if (!str_starts(range, "bytes=") || memchr(range.p, ',', range.n))
		return PART_ALL;
	rest = (struct str){ range.p + 6, range.n - 6 };
	if (!str_cut(&rest, '-', &first) || rest.p == NULL)
		return PART_ALL;
	if (first.n == 0) { /* the last so many */
		if (!number(rest, &hi))
			return PART_ALL;
		if (hi == 0)
			return PART_NONE;
		*from = hi < bytes ? bytes - hi : 0;
		*n = bytes - *from;
		return PART_SOME;
	}
	if (!number(first, &lo) || (rest.n && (!number(rest, &hi) || hi < lo)))
		return PART_ALL;
	if (lo >= bytes)
		return PART_NONE;
	if (rest.n == 0 || hi >= bytes)
		hi = bytes - 1;
	*from = lo;
	*n = hi - lo + 1;
	return PART_SOME;
}

/* No result code of ours has this status. */
static void refuse_part(struct ctx *c, struct call *k, const struct file_ref *f)
{
	struct response *rs = k->rs;

	rs->status = 416;
	rs->type = "application/problem+json";
	rs->file = NULL;
	response_header(rs, "Content-Range", arena_fmt(c->arena, "bytes */%lld", (long long)f->bytes));
	json_open(k->out, '{');
	json_put_text(k->out, "type", STR("about:blank"));
	json_put_text(k->out, "title", STR("Range Not Satisfiable"));
	json_put_int(k->out, "status", rs->status);
	json_put_text(k->out, "code", STR("out_of_range"));
	json_put_text(k->out, "field", STR("Range"));
	json_put_text(k->out, "detail", STR("the file is shorter"));
	json_put_text(k->out, "request", ctx_new_id(c));
	json_close(k->out, '}');
}

static void put_part(struct ctx *c, struct call *k, const struct file_ref *f, struct str etag)
{
	struct str range = request_header(k->rq, "Range"), only = request_header(k->rq, "If-Range");
	struct response *rs = k->rs;
	enum part p = only.p && !str_eq(only, etag) ? part_of(NO_STR, f->bytes, &rs->file_from, &rs->file_bytes)
						    : part_of(range, f->bytes, &rs->file_from, &rs->file_bytes);

	if (p == PART_NONE) {
		refuse_part(c, k, f);
	} else if (p == PART_SOME) {
		rs->status = 206;
		response_header(rs, "Content-Range",
				arena_fmt(c->arena, "bytes %lld-%lld/%lld", (long long)rs->file_from,
					  (long long)(rs->file_from + rs->file_bytes - 1), (long long)f->bytes));
	}
}

enum rc files_serve(struct ctx *c, struct call *k)
{
	const char *root = files_root(c);
	struct files_sight s;
	struct file_ref f;
	struct str etag;

	TRY(find(c, k->id, &f, &s));
	if ((f.cls & PERSONAL) && !ticket_fits(c, f.id, request_query(c, "ticket")))
		return FAIL(c, RC_DENIED, "closed", STR("ticket"), "open it with a reason first");
	const char *path = root ? files_path(c->arena, root, f.id) : NULL;

	if (path == NULL || !file_exists(path))
		return FAIL(c, RC_MISSING, "not_found", NO_STR, "the file is no more");
	etag = arena_fmt(c->arena, "\"%.32s\"", f.digest.p);
	response_header(k->rs, "ETag", etag);
	response_header(k->rs, "Accept-Ranges", STR("bytes"));
	response_header(k->rs, "Cache-Control", f.cls & PERSONAL ? STR("private, no-store") : STR("private, no-cache"));
	if (str_eq(request_header(k->rq, "If-None-Match"), etag)) {
		k->rs->status = 304;
		return RC_OK;
	}
	k->rs->type = f.media_type;
	response_header(k->rs, "X-Content-Type-Options", STR("nosniff"));
	response_header(k->rs, "Content-Disposition",
			arena_fmt(c->arena, "%s; filename=\"%s-%.8s.%s\"",
				  str_starts(str_of(f.media_type), "application/") ? "attachment" : "inline",
				  files_kinds[f.kind], f.id.p + f.id.n - 8, files_ending(f.media_type)));
	k->rs->file = path;
	put_part(c, k, &f, etag);
	return RC_OK;
}
