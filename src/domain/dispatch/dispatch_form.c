/* dispatch_form.c - what a visit report asks, by kind of alert: data, checked by
 * one function and sent to phones as it stands. */
#include "domain/dispatch/dispatch_inner.h"

#include <string.h>

enum { NOTE_MOST = 1000 };

struct question {
	const char *name;
	const char *words[9];
};
struct form {
	const char *kind;
	struct question q[3];
};

#define NEXT_STEP                                                                                           \
	{                                                                                                   \
		"next_step",                                                                                \
		{                                                                                           \
			"none", "visit_again", "call_family", "call_120", "call_119", "call_110", "repair", \
				"inform_office"                                                             \
		}                                                                                           \
	}

static const struct form forms[] = {
	{ "elder-absence",
	  { { "condition", { "fine", "needs_help", "ill", "injured", "not_home", "no_answer" } },
	    { "action",
	      { "talked", "helped", "called_family", "called_doctor", "asked_neighbour", "opened_with_authority" } },
	    NEXT_STEP } },
	{ "thrown-object",
	  { { "condition", { "nobody_hurt", "somebody_hurt", "damage", "nothing_found" } },
	    { "action", { "cleared", "cordoned", "posted_notice", "asked_house" } },
	    NEXT_STEP } },
	{ "e-bike-inside",
	  { { "condition", { "found_inside", "charging_inside", "already_out", "nothing_found" } },
	    { "action", { "moved_out", "talked", "posted_notice" } },
	    NEXT_STEP } },
	{ "fire-lane",
	  { { "condition", { "blocked", "partly_blocked", "free" } },
	    { "action", { "moved", "called_owner", "waiting", "posted_notice" } },
	    NEXT_STEP } },
	{ "", /* any other kind */
	  { { "condition", { "in_order", "needs_help", "damage", "nothing_found" } },
	    { "action", { "settled", "talked", "secured", "reported_on" } },
	    NEXT_STEP } },
};

static const struct form *form_of(struct str kind)
{
	size_t i = 0;

	while (i + 1 < COUNT(forms) && !str_is(kind, forms[i].kind))
		i++;
	return &forms[i];
}

void dispatch_form_write(struct str kind, struct buf *out)
{
	const struct form *f = form_of(kind);

	json_open(out, '{');
	json_put_text(out, "kind", kind);
	json_key(out, "fields");
	json_open(out, '[');
	for (size_t i = 0; i < COUNT(f->q); i++) {
		json_open(out, '{');
		json_put_text(out, "name", str_of(f->q[i].name));
		json_put_text(out, "type", STR("choice"));
		json_put_bool(out, "required", true);
		json_key(out, "words");
		json_open(out, '[');
		for (size_t k = 0; k < COUNT(f->q[i].words) && f->q[i].words[k]; k++)
			json_text(out, str_of(f->q[i].words[k]));
		json_close(out, ']');
		json_close(out, '}');
	}
	json_raw(out, STR("{\"name\":\"note\",\"type\":\"text\",\"required\":false,\"max\":1000}"));
	json_close(out, ']');
	json_close(out, '}');
}

static bool has_word(const struct question *q, struct str word)
{
	for (size_t k = 0; k < COUNT(q->words) && q->words[k]; k++)
		if (str_is(word, q->words[k]))
			return true;
	return false;
}

static const struct question *question_of(const struct form *f, struct str name)
{
	for (size_t i = 0; i < COUNT(f->q); i++)
		if (str_is(name, f->q[i].name))
			return &f->q[i];
	return NULL;
}

enum rc dispatch_form_check(struct ctx *c, struct str kind, const struct json *report)
{
	const struct form *f = form_of(kind);

	if (report == NULL || report->kind != J_MAP)
		return FAIL(c, RC_INVALID, "required", STR("report"), "a report is needed");
	for (const struct json *j = report->child; j; j = j->next) {
		const struct question *q = question_of(f, j->key);
		struct str field = arena_fmt(c->arena, "report." FMT_STR, ARG_STR(j->key));

		if (q == NULL && !str_is(j->key, "note"))
			return FAIL(c, RC_INVALID, "unknown_field", field, "the form does not ask this");
		if (j->kind != J_TEXT)
			return FAIL(c, RC_INVALID, "wrong_type", field, "text is expected");
		if (q && !has_word(q, j->text))
			return FAIL(c, RC_INVALID, "unknown_word", field, "the form has no such answer");
		if (q == NULL && str_chars(j->text) > NOTE_MOST)
			return FAIL(c, RC_INVALID, "wrong_length", field, "at most %d characters", NOTE_MOST);
	}
	for (size_t i = 0; i < COUNT(f->q); i++)
		if (!json_get(report, f->q[i].name))
			return FAIL(c, RC_INVALID, "required", arena_fmt(c->arena, "report.%s", f->q[i].name),
				    "an answer is needed");
	return RC_OK;
}
