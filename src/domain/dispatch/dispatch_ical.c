/* dispatch_ical.c - shifts out of an iCalendar file:
 * POST /api/dispatch/rota/import?place=&kind=&dry_run=, all or nothing. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "sys/ical.h"

enum { REPORT_MOST = 1000, SHIFTS_MOST = 2000, NOTE_MOST = 1000 };

struct importing {
	struct ical_file file;
	bool dry_run;
	unsigned kind; /* of events that do not say */
	struct str place_id;
	struct shift *planned;
	size_t n, unchanged, refused;
	struct buf errors;
	size_t said;
};

static enum rc word_of(struct ctx *c, const char *name, const char *const *words, unsigned otherwise, unsigned *ret)
{
	struct str s = request_query(c, name);

	*ret = otherwise;
	for (unsigned i = 0; s.p && words[i]; i++) {
		if (str_is(s, words[i])) {
			*ret = i;
			return RC_OK;
		}
	}
	return s.p ? FAIL(c, RC_INVALID, "unknown_word", str_of(name), "%s has no such value", name) : RC_OK;
}

/* Reading needs no writer. */
enum rc dispatch_import_prepare(struct ctx *c, struct call *k)
{
	static const char *const yes_no[] = { "false", "true", NULL };
	struct importing *i = NEW(c->arena, struct importing);
	unsigned dry_run;
	enum rc rc;

	TRY(word_of(c, "dry_run", yes_no, 0, &dry_run));
	TRY(word_of(c, "kind", dispatch_shift_kinds, SHIFT_FIELD, &i->kind));
	i->dry_run = dry_run;
	i->place_id = request_query(c, "place");
	if (i->place_id.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("place"), "?place=<id> is needed");
	if (k->rq->body.n == 0)
		return FAIL(c, RC_INVALID, "required", NO_STR, "the file is the body of the request");
	rc = ical_read(c->arena, k->rq->body, &i->file);
	if (rc == RC_INVALID || rc == RC_LIMIT)
		return FAIL(c, rc, i->file.code ? i->file.code : "too_much", NO_STR, "%s",
			    i->file.detail ? i->file.detail : "the file is too large");
	k->prepared = i;
	return rc;
}

/* ---- one shift ------------------------------------------------------------------------ */

static void refuse(struct importing *i, const struct ical_event *e, struct str code, struct str field,
		   struct str detail)
{
	i->refused++;
	if (i->said++ >= REPORT_MOST)
		return;
	json_open(&i->errors, '{');
	json_put_int(&i->errors, "component", (int64_t)e->component);
	json_put_text(&i->errors, "uid", e->uid);
	json_put_text(&i->errors, "code", code);
	json_put_text(&i->errors, "field", field);
	json_put_text(&i->errors, "detail", detail);
	json_close(&i->errors, '}');
}

/* The word the feed writes, in either language; what is no kind is the note. */
static void read_words(const struct importing *i, const struct ical_event *e, struct shift *s)
{
	struct str first = e->categories.n ? e->categories : e->summary;
	bool found = false;

	s->kind = i->kind;
	for (unsigned language = 0; language < 2; language++) {
		for (unsigned k = 0; k < 4; k++) {
			const char *word = dispatch_kind_words[language][k];

			if (str_starts(first, word) || str_is(first, dispatch_shift_kinds[k])) {
				s->kind = k;
				found = true;
			}
		}
	}
	if (e->summary.n && (e->categories.n || !found) && str_chars(e->summary) <= NOTE_MOST)
		s->note = e->summary;
}

/* "wangjing", or an address whose whole or first part is the login. */
static enum rc find_person(struct ctx *c, struct str who, struct str *id, bool *found)
{
	struct str rest = who, name;

	TRY(people_find_login(c, who, id, found));
	if (!*found && str_cut(&rest, '@', &name) && rest.p)
		TRY(people_find_login(c, name, id, found));
	return RC_OK;
}

static bool clashes(const struct importing *i, const struct shift *s)
{
	for (size_t n = 0; n < i->n; n++) {
		const struct shift *o = &i->planned[n];

		if (s->kind != SHIFT_REST && o->kind == s->kind && str_eq(o->person_id, s->person_id) &&
		    o->from_at < s->to_at && o->to_at > s->from_at)
			return true;
	}
	return false;
}

/* What cannot be done is on the report and no failure of the request. */
static enum rc plan_shift(struct ctx *c, struct importing *i, const struct ical_event *e, struct shift *s)
{
	int64_t same;

	TRY(db_int(c,
		   "SELECT count(*) FROM dispatch_shift WHERE person_id = $1 AND kind = $2 AND place_id = $3"
		   " AND from_at = $4 AND to_at = $5",
		   ARGS(V_STR(s->person_id), V_Z(dispatch_shift_kinds[s->kind]), V_STR(s->place_id), V_INT(s->from_at),
			V_INT(s->to_at)),
		   0, &same));
	if (same) {
		i->unchanged++;
		return RC_OK;
	}
	enum rc rc = dispatch_shift_fill(c, s, NULL);

	if (rc == RC_INVALID || rc == RC_CONFLICT) {
		struct failure why = c->fail;

		c->fail = (struct failure){ 0 };
		refuse(i, e, str_of(why.code), why.field, arena_dup(c->arena, str_of(why.text)));
		return RC_OK;
	}
	TRY(rc);
	if (clashes(i, s)) {
		refuse(i, e, STR("shift_overlap"), STR("from_at"), STR("another event of this file overlaps it"));
		return RC_OK;
	}
	i->planned[i->n++] = *s;
	return RC_OK;
}

static enum rc plan_event(struct ctx *c, struct importing *i, const struct ical_event *e)
{
	struct str person;
	bool found;

	if (e->code) {
		refuse(i, e, str_of(e->code), str_of(e->field), str_of(e->detail));
		return RC_OK;
	}
	for (size_t w = 0; w < e->n_who; w++) {
		TRY(find_person(c, e->who[w], &person, &found));
		if (!found) {
			refuse(i, e, STR("unknown_person"), STR("ATTENDEE"), STR("nobody on duty has this login"));
			continue;
		}
		for (size_t t = 0; t < e->n_times; t++) {
			struct shift s = { .std.id = ctx_new_id(c), /* the check of overlaps compares it */
					   .person_id = person,
					   .place_id = i->place_id,
					   .from_at = e->from_at[t] };

			if (i->n == SHIFTS_MOST)
				return FAIL(c, RC_LIMIT, "too_many", NO_STR, "at most %d shifts at once", SHIFTS_MOST);
			s.to_at = s.from_at + e->span;
			read_words(i, e, &s);
			TRY(plan_shift(c, i, e, &s));
			TRY(arena_check(c->arena));
		}
	}
	return RC_OK;
}

/* ---- the whole -------------------------------------------------------------------------- */

static enum rc write_shifts(struct ctx *c, struct importing *i)
{
	for (size_t n = 0; n < i->n; n++)
		TRY(entity_insert(c, &shift_entity, &i->planned[n], "create"));
	return RC_OK;
}

static void answer(struct ctx *c, struct call *k, const struct importing *i, bool written)
{
	json_open(k->out, '{');
	json_put_int(k->out, "components", (int64_t)i->file.n);
	json_put_int(k->out, "created", i->refused && !i->dry_run ? 0 : (int64_t)i->n);
	json_put_int(k->out, "unchanged", (int64_t)i->unchanged);
	json_put_int(k->out, "refused", (int64_t)i->refused);
	json_put_bool(k->out, "dry_run", i->dry_run);
	json_put_bool(k->out, "written", written);
	json_put_raw(k->out, "errors", buf_str(&i->errors));
	if (i->refused && !i->dry_run) {
		rows_refused(k, STR("nothing was written: events are refused"));
		json_put_text(k->out, "request", ctx_new_id(c));
	}
	json_close(k->out, '}');
}

enum rc dispatch_import_run(struct ctx *c, struct call *k)
{
	struct importing *i = k->prepared;
	struct place_ref place;

	TRY(places_get(c, i->place_id, "place", &place));
	if (!ctx_may_at(c, "dispatch.shift.write", place.path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place"), "no such place");
	i->planned = NEW_N(c->arena, struct shift, SHIFTS_MOST);
	i->errors = buf_new(c->arena, 1 << 20);
	json_open(&i->errors, '[');
	for (size_t n = 0; n < i->file.n; n++)
		TRY(plan_event(c, i, &i->file.v[n]));
	json_close(&i->errors, ']');
	bool writes = !i->dry_run && i->refused == 0;

	if (writes)
		TRY(write_shifts(c, i));
	answer(c, k, i, writes && i->n);
	return RC_OK;
}
