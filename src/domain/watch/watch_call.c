/* watch_call.c - somebody calls the desk: the operator writes down where and
 * what, and it becomes a question like that of any sensor. */
#include "domain/watch/watch_inner.h"

#include <string.h>

enum { CALL_TEXT = 200 };

/* What people call about, and how much it presses unless the operator says
 * otherwise.  The alert's kind is "call-<word>", its question "call_<word>". */
static const struct {
	const char *word;
	enum watch_severity severity;
} calls[] = {
	{ "fire", WATCH_URGENT },     { "gas", WATCH_URGENT },    { "person_down", WATCH_URGENT },
	{ "lift", WATCH_HIGH },       { "fight", WATCH_HIGH },    { "missing", WATCH_HIGH },
	{ "water", WATCH_HIGH },      { "break_in", WATCH_HIGH }, { "noise", WATCH_NORMAL },
	{ "facility", WATCH_NORMAL }, { "other", WATCH_NORMAL },
};

enum rc watch_call_kinds(struct ctx *c, struct call *k)
{
	(void)c;
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < COUNT(calls); i++) {
		json_open(k->out, '{');
		json_put_text(k->out, "kind", str_of(calls[i].word));
		json_put_text(k->out, "severity", str_of(watch_severities[calls[i].severity]));
		json_close(k->out, '}');
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- the input -------------------------------------------------------------------- */

struct phone_call {
	struct place_ref place;
	struct str kind, text;
	unsigned severity;
};

static enum rc known_keys(struct ctx *c, const struct json *in)
{
	static const char *const names[] = { "place_id", "kind", "text", "severity" };

	for (const struct json *j = in->child; j; j = j->next) {
		bool known = false;

		for (size_t i = 0; i < COUNT(names); i++)
			known |= str_is(j->key, names[i]);
		if (!known)
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
		if (j->kind != J_TEXT && !(j->kind == J_NULL && str_is(j->key, "severity")))
			return FAIL(c, RC_INVALID, "wrong_type", j->key, "must be text");
	}
	return RC_OK;
}

static enum rc read_kind(struct ctx *c, const struct json *in, struct phone_call *p)
{
	struct str word = json_get_text(in, "kind"), severity = json_get_text(in, "severity");

	if (word.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("kind"), "kind is required");
	for (size_t i = 0; i < COUNT(calls) && p->kind.n == 0; i++) {
		if (str_is(word, calls[i].word)) {
			p->kind = word;
			p->severity = calls[i].severity;
		}
	}
	if (p->kind.n == 0)
		return FAIL(c, RC_INVALID, "unknown_word", STR("kind"), "GET /api/watch/call names the kinds");
	if (severity.p == NULL)
		return RC_OK;
	for (unsigned s = 0; watch_severities[s]; s++) {
		if (str_is(severity, watch_severities[s])) {
			p->severity = s;
			return RC_OK;
		}
	}
	return FAIL(c, RC_INVALID, "unknown_word", STR("severity"), "severity is urgent, high or normal");
}

static enum rc read_call(struct ctx *c, const struct json *in, struct phone_call *p)
{
	struct str place = json_get_text(in, "place_id");

	TRY(known_keys(c, in));
	if (place.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("place_id"), "place_id is required");
	TRY(places_get(c, place, "place_id", &p->place));
	if (!ctx_may_at(c, "watch.alert.call", p->place.path)) /* out of reach: as if not there */
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	TRY(read_kind(c, in, p));
	p->text = str_trim(json_get_text(in, "text"));
	if (p->text.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("text"), "one line is required");
	if (str_chars(p->text) > CALL_TEXT)
		return FAIL(c, RC_INVALID, "wrong_length", STR("text"), "at most %d characters", CALL_TEXT);
	if (memchr(p->text.p, '\n', p->text.n))
		return FAIL(c, RC_INVALID, "one_line", STR("text"), "one line is expected");
	return RC_OK;
}

/* ---- the alert ------------------------------------------------------------------------ */

static struct str call_line(struct ctx *c, const struct phone_call *p)
{
	struct buf b = buf_new(c->arena, 4096);

	json_open(&b, '{');
	json_put_text(&b, "source", STR("call"));
	json_put_text(&b, "text", p->text);
	json_close(&b, '}');
	return buf_str(&b);
}

/* The words said stay in the timeline: the alert itself names place and kind. */
enum rc watch_call(struct ctx *c, struct call *k)
{
	struct phone_call p = { .text = NO_STR };
	struct alert_row a;
	bool joined;

	TRY(read_call(c, k->in, &p));
	struct incident i = {
		.kind = arena_fmt(c->arena, "call-" FMT_STR, ARG_STR(p.kind)),
		.question = arena_fmt(c->arena, "call_" FMT_STR, ARG_STR(p.kind)),
		.place_id = p.place.id,
		.facts = STR("{\"source\":\"call\"}"),
		.merge_key = arena_fmt(c->arena, "call|" FMT_STR "|" FMT_STR, ARG_STR(p.kind), ARG_STR(p.place.id)),
		.merge_us = INT64_MAX,
		.at = c->now,
		.severity = p.severity,
	};

	TRY(watch_incident(c, &i, &a, &joined));
	TRY(watch_line(c, a.std.id, "called", call_line(c, &p)));
	if (!joined) {
		k->rs->status = 201;
		response_header(k->rs, "Location", arena_fmt(c->arena, "/api/watch/alert/" FMT_STR, ARG_STR(a.std.id)));
	}
	response_header(k->rs, "ETag", arena_fmt(c->arena, "\"%lld\"", (long long)a.std.version));
	entity_write(c, &watch_alert, &a, k->out);
	return RC_OK;
}
