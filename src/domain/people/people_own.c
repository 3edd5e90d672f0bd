/* people_own.c - a person's own page: what is held and why, asking for it to be
 * corrected, the own telephone. */
#include "domain/people/people_register.h"
#include "base/national.h"

/* ---- corrections ------------------------------------------------------------------- */

static const char *const kinds[] = { "correct", "delete", "object", "explain", NULL };
static const char *const states[] = { "open", "done", "refused", NULL };
enum { C_OPEN, C_DONE, C_REFUSED };
enum { ANSWER_DAYS = 15, OPEN_MOST = 20 }; /* GB/T 35273-2020, 8.7: within thirty days; we take half */

struct correction {
	struct std std;
	struct str person_id, place_path, entity, row_id, field, wanted, why, answer, answered_by_name;
	unsigned kind, state;
	int64_t due_at, answered_at;
};
static const struct field fields[] = {
	F_STD(struct correction),
	F_REF(struct correction, person_id, "people.person", FIXED | FILTER | P2),
	F_PATH(struct correction, place_path, DERIVED | P3),
	F_ENUM(struct correction, kind, kinds, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct correction, entity, 1, 60, FIXED | P1),
	F_REF(struct correction, row_id, NULL, FIXED | P1),
	F_TEXT(struct correction, field, 1, 60, FIXED | P1),
	F_TEXT(struct correction, wanted, 1, 500, FIXED | P2),
	F_TEXT(struct correction, why, 2, 500, FIXED | P2),
	F_ENUM(struct correction, state, states, DERIVED | FILTER | P1),
	F_TEXT(struct correction, answer, 2, 500, DERIVED | P2),
	F_TIME(struct correction, due_at, DERIVED | FILTER | P1),
	F_TIME(struct correction, answered_at, DERIVED | P1),
	F_TEXT(struct correction, answered_by_name, 0, 60, DERIVED | P1),
};

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct correction *k = row;
	int64_t open;

	(void)in;
	TRY(people_about(c, k->person_id, "people.correction.decide", &k->place_path)); /* on paper, for somebody */
	if (k->wanted.n == 0 && k->why.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("wanted"), "say what is wanted, or why");
	TRY(db_int(c, "SELECT count(*) FROM people_correction WHERE person_id = $1 AND state = 'open'",
		   ARGS(V_STR(k->person_id)), 0, &open));
	if (open >= OPEN_MOST)
		return FAIL(c, RC_CONFLICT, "too_many_open", NO_STR, "%d requests wait already", OPEN_MOST);
	k->due_at = c->now + ANSWER_DAYS * DAY;
	return RC_OK;
}

static enum rc answer(struct ctx *c, void *row, const struct json *in)
{
	struct correction *k = row;

	(void)in;
	k->answered_at = c->now;
	k->answered_by_name = c->who.name;
	return RC_OK;
}

static const char *const takes_answer[] = { "answer", NULL };
static const struct see see[] = {
	{ "person", SEE_OWN },
	{ "people.correction.decide", SEE_PLACE },
	{ 0 },
};
static const struct step steps[] = {
	{ "done", IN(C_OPEN), C_DONE, "people.correction.decide", SEE_PLACE, takes_answer, answer },
	{ "refuse", IN(C_OPEN), C_REFUSED, "people.correction.decide", SEE_PLACE, takes_answer, answer },
};
static const struct sort sorts[] = { { "due_at", { "due_at" } }, { 0 } };
const struct entity correction_entity = {
	.module = "people",
	.name = "correction",
	.table = "people_correction",
	.size = sizeof(struct correction),
	.fields = fields,
	.n_fields = COUNT(fields),
	.see = see,
	.perm = { .create = "person", .reveal = "people.correction.decide" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = steps,
	.n_steps = COUNT(steps),
	.sorts = sorts,
	.on_create = on_create,
	.purpose = "rights_of_persons",
	.basis = "law",
	.keep_days = 1095,
};

/* ---- the own telephone -------------------------------------------------------------------- */

/* POST /api/people/own/contact {"phone": "...", "language": "zh"} */
enum rc people_own_contact(struct ctx *c, struct call *k)
{
	static const char *const known[] = { "phone", "language", NULL };
	struct person p;
	struct str text;

	for (const struct json *j = k->in->child; j; j = j->next)
		if (!str_is(j->key, known[0]) && !str_is(j->key, known[1]))
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
	TRY(entity_fetch(c, &person_entity, c->who.id, &p));
	if (json_get(k->in, "phone")) {
		TRY(people_input(c, k->in, "phone", 40, &text));
		if (phone_read(c->arena, text, &p.phone) == PHONE_NONE)
			return FAIL(c, RC_INVALID, "bad_phone", STR("phone"), "not a telephone number");
		p.source = SOURCE_SELF;
	}
	text = json_get_text(k->in, "language");
	if (json_get(k->in, "language") && !str_is(text, "zh") && !str_is(text, "en"))
		return FAIL(c, RC_INVALID, "unknown_word", STR("language"), "zh or en");
	if (text.n)
		p.language = str_is(text, "en");
	TRY(entity_save(c, &person_entity, &p, "update"));
	entity_write(c, &person_entity, &p, k->out);
	return RC_OK;
}

/* ---- beside the tables ------------------------------------------------------------------------ */

enum rc people_about_person(struct ctx *c, struct str person, struct buf *out)
{
	json_key(out, "people_device");
	TRY(db_json(c, out, "SELECT first_at, last_at FROM people_device WHERE person_id = $1 ORDER BY first_at",
		    ARGS(V_STR(person))));
	json_key(out, "people_key");
	return db_json(c, out, "SELECT at AS made_at FROM people_key WHERE person_id = $1", ARGS(V_STR(person)));
}

/* ---- a dwelling by its label --------------------------------------------------------------- */

enum { DWELLINGS_MOST = 8 };

static struct str community_of(const struct place_tree *t, uint32_t n)
{
	while (n && place_tree_at(t, n)->kind != PLACE_COMMUNITY)
		n = place_tree_parent(t, n);
	return n ? place_tree_at(t, n)->name : NO_STR;
}

/* GET /api/people/own/dwelling?label=3-2-501: whoever rents has no post there and
 * no home yet; that a dwelling exists is no secret. */
enum rc people_own_dwelling(struct ctx *c, struct call *k)
{
	struct str label = str_trim(request_query(c, "label"));
	struct place_tree *t;
	size_t found = 0;

	if (label.n == 0 || str_chars(label) > 40)
		return FAIL(c, RC_INVALID, "required", STR("label"), "a label like 3-2-501 is expected");
	TRY(places_tree(c, c->arena, &t));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (uint32_t n = 1; n <= place_tree_count(t) && found < DWELLINGS_MOST; n++) {
		const struct place_ref *p = place_tree_at(t, n);

		if (p->kind != PLACE_DWELLING || !str_eq(p->label, label))
			continue;
		found++;
		json_open(k->out, '{');
		json_put_text(k->out, "id", p->id);
		json_put_text(k->out, "label", p->label);
		json_put_text(k->out, "community", community_of(t, n));
		json_close(k->out, '}');
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}
