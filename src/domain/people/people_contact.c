/* people_contact.c - who to call for a person, and what a person agreed to. */
#include "domain/people/people_register.h"

#include <string.h>

/* ---- contacts ---------------------------------------------------------------- */

struct contact {
	struct std std;
	struct str person_id, place_path;
	unsigned kind;
	struct str name, phone;
	int64_t order_no;
};
static const char *const contact_kinds[] = { "family", "neighbour", "doctor", "other", NULL };

static const struct field contact_fields[] = {
	F_STD(struct contact),
	F_REF(struct contact, person_id, "people.person", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct contact, place_path, DERIVED | P3),
	F_ENUM(struct contact, kind, contact_kinds, REQUIRED | FILTER | P1),
	F_TEXT(struct contact, name, 1, 60, REQUIRED | P2),
	F_TAIL(struct contact, phone, 5, 30, REQUIRED | P2, 3),
	F_INT(struct contact, order_no, 1, 99, REQUIRED | P1),
};

static enum rc contact_create(struct ctx *c, void *row, const struct json *in)
{
	struct contact *k = row;

	(void)in;
	return people_about(c, k->person_id, "people.contact.create", &k->place_path);
}

static enum rc contact_update(struct ctx *c, void *row, const struct json *in)
{
	struct contact *k = row;

	(void)in;
	return people_about(c, k->person_id, "people.contact.update", &k->place_path);
}

static const struct see contact_see[] = {
	{ "person", SEE_OWN },
	{ "people.contact.read", SEE_PLACE },
	{ 0 },
};
static const struct sort contact_sorts[] = { { "order_no", { "order_no" } }, { 0 } };

/* create and update by everybody for himself, by posts for others: on_create
 * and on_update ask. */
const struct entity contact_entity = {
	.module = "people",
	.name = "contact",
	.table = "people_contact",
	.size = sizeof(struct contact),
	.fields = contact_fields,
	.n_fields = COUNT(contact_fields),
	.see = contact_see,
	.perm = { .create = "person", .update = "person", .reveal = "people.contact.reveal" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.sorts = contact_sorts,
	.on_create = contact_create,
	.on_update = contact_update,
	.purpose = "welfare_contact",
	.basis = "consent",
};

struct contacts {
	struct ctx *c;
	struct people_contact *v;
	size_t n;
};

enum { CONTACTS_MOST = 50 };

static enum rc take_contact(void *arg, const struct row *r)
{
	struct contacts *l = arg;

	l->v[l->n++] = (struct people_contact){ arena_dup(l->c->arena, r->v[0].s), arena_dup(l->c->arena, r->v[1].s),
						r->v[2].i };
	return RC_OK;
}

enum rc people_contacts(struct ctx *c, struct str person, struct people_contact **ret, size_t *n)
{
	struct contacts l = { c, NEW_N(c->arena, struct people_contact, CONTACTS_MOST), 0 };

	TRY(db_each(c,
		    "SELECT id, kind, order_no FROM people_contact WHERE person_id = $1 ORDER BY order_no, id LIMIT 50",
		    ARGS(V_STR(person)), take_contact, &l));
	*ret = l.v;
	*n = l.n;
	return RC_OK;
}

struct opening {
	struct str reason;
	struct buf *out;
};

static enum rc open_contact(struct ctx *c, void *row, void *arg)
{
	struct opening *o = arg;
	const struct contact *k = row;

	TRY(note_look(c, "people.contact", k->std.id, k->person_id, STR("name,phone"), STR("welfare_visit"),
		      o->reason));
	json_open(o->out, '{');
	json_put_text(o->out, "kind", str_of(contact_kinds[k->kind]));
	json_put_text(o->out, "name", k->name);
	json_put_text(o->out, "phone", k->phone);
	json_close(o->out, '}');
	return RC_OK;
}

enum rc people_contacts_open(struct ctx *c, struct str person, struct str kind, struct str reason, struct buf *out)
{
	struct opening o = { reason, out };

	return entity_each(c, &contact_entity,
			   "person_id = $1 AND ($2 = '' OR kind = $2) ORDER BY order_no, id LIMIT 50",
			   ARGS(V_STR(person), V_STR(kind.n ? kind : STR(""))), open_contact, &o);
}

/* ---- consents ------------------------------------------------------------------- */

enum consent_state { CONSENT_GIVEN, CONSENT_WITHDRAWN };
struct consent {
	struct std std;
	struct str person_id, place_path, purpose, text_version;
	unsigned channel, state;
	int64_t given_at, withdrawn_at;
};
static const char *const channels[] = { "paper", "web", "phone", "visit", NULL };
static const char *const consent_states[] = { "given", "withdrawn", NULL };

static const struct field consent_fields[] = {
	F_STD(struct consent),
	F_REF(struct consent, person_id, "people.person", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct consent, place_path, DERIVED | P3),
	F_TEXT(struct consent, purpose, 3, 40, REQUIRED | FIXED | P2),
	F_TEXT(struct consent, text_version, 1, 40, REQUIRED | FIXED | P1),
	F_ENUM(struct consent, channel, channels, REQUIRED | FIXED | P1),
	F_ENUM(struct consent, state, consent_states, DERIVED | FILTER | P1),
	F_TIME(struct consent, given_at, FIXED | P2),
	F_TIME(struct consent, withdrawn_at, DERIVED | P2),
};

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
			return false;
	return true;
}

static enum rc consent_create(struct ctx *c, void *row, const struct json *in)
{
	struct consent *k = row;
	int64_t given;

	(void)in;
	TRY(people_about(c, k->person_id, "people.consent.create", &k->place_path));
	if (!is_word(k->purpose))
		return FAIL(c, RC_INVALID, "unknown_word", STR("purpose"), "a code word of a-z 0-9 _ is expected");
	if (k->given_at == 0)
		k->given_at = c->now;
	if (k->given_at > c->now + MINUTE)
		return FAIL(c, RC_INVALID, "out_of_range", STR("given_at"), "a consent is not given in the future");
	TRY(db_int(c, "SELECT 1 FROM people_consent WHERE person_id = $1 AND purpose = $2 AND state = 'given'",
		   ARGS(V_STR(k->person_id), V_STR(k->purpose)), 0, &given));
	return given ? FAIL(c, RC_CONFLICT, "already_exists", STR("purpose"), "consent was given before") : RC_OK;
}

static enum rc consent_withdraw(struct ctx *c, void *row, const struct json *in)
{
	struct consent *k = row;
	struct str path;

	(void)in;
	k->withdrawn_at = c->now;
	TRY(people_about(c, k->person_id, "people.consent.create", &path));
	return care_withdrawn(c, k->person_id, k->purpose);
}

static const struct see consent_see[] = {
	{ "person", SEE_OWN },
	{ "people.consent.read", SEE_PLACE },
	{ 0 },
};
/* Withdrawing must be as easy as giving: the person, or who may record it. */
static const struct step consent_steps[] = {
	{ "withdraw", IN(CONSENT_GIVEN), CONSENT_WITHDRAWN, "person", SEE_ALL, NULL, consent_withdraw },
};
const struct entity consent_entity = {
	.module = "people",
	.name = "consent",
	.table = "people_consent",
	.size = sizeof(struct consent),
	.fields = consent_fields,
	.n_fields = COUNT(consent_fields),
	.see = consent_see,
	.perm = { .create = "person", .reveal = "people.consent.reveal" },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = consent_steps,
	.n_steps = COUNT(consent_steps),
	.on_create = consent_create,
	.purpose = "proof_of_consent",
	.basis = "law",
	.keep_days = 1095,
};

bool people_consented(struct ctx *c, struct str person, struct str purpose)
{
	int64_t given;

	return db_int(c, "SELECT 1 FROM people_consent WHERE person_id = $1 AND purpose = $2 AND state = 'given'",
		      ARGS(V_STR(person), V_STR(purpose)), 0, &given) == RC_OK &&
	       given;
}
