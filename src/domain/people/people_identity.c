/* people_identity.c - a person's own data key, and identity numbers sealed with
 * it.
 *
 * The key is 32 random bytes, wrapped (XChaCha20-Poly1305) by a key only this
 * node can make.  Erasing a person removes the wrapped key: sealed texts that
 * stand elsewhere, in an older copy of a row or a stream, are noise from then on.
 */
#include "domain/people/people_register.h"
#include "base/national.h"

const char *const identity_kinds[] = { "resident",   "passport",         "hk_macao_permit", "taiwan_permit",
				       "hmt_permit", "foreign_resident", "other",           NULL };
static const char *const bases[] = { "rental_registration", "law", "consent", NULL };

/* ---- keys ------------------------------------------------------------------------- */

static enum rc wrapping_key(struct ctx *c, struct str person, struct seal_key *ret)
{
	struct str bytes;

	TRY(hex_decode(c->arena, ctx_mac(c, "people.key", person), &bytes));
	for (size_t i = 0; i < SEAL_KEY && i < bytes.n; i++)
		ret->bytes[i] = (uint8_t)bytes.p[i];
	return bytes.n == SEAL_KEY ? RC_OK : RC_BUG;
}

static struct str key_context(struct ctx *c, struct str person)
{
	return arena_fmt(c->arena, "people.key/" FMT_STR, ARG_STR(person));
}

/* *found false: no key, or none that this node can open. */
static enum rc load_key(struct ctx *c, struct str person, struct seal_key *ret, bool *found)
{
	struct seal_key node;
	struct str wrapped, bytes, plain;

	*found = false;
	TRY(db_text(c, "SELECT wrapped FROM people_key WHERE person_id = $1", ARGS(V_STR(person)), &wrapped));
	if (wrapped.n == 0 || base64url_decode(c->arena, wrapped, &bytes) != RC_OK)
		return RC_OK;
	TRY(wrapping_key(c, person, &node));
	if (seal_open(c->arena, &node, bytes, key_context(c, person), &plain) == RC_OK && plain.n == SEAL_KEY) {
		for (size_t i = 0; i < SEAL_KEY; i++)
			ret->bytes[i] = (uint8_t)plain.p[i];
		*found = true;
	}
	crypto_wipe(&node, sizeof(node));
	return RC_OK;
}

static enum rc make_key(struct ctx *c, struct str person, struct seal_key *ret)
{
	struct seal_key node;
	struct str sealed;

	crypto_random(ret->bytes, sizeof(ret->bytes));
	TRY(wrapping_key(c, person, &node));
	sealed = seal_make(c->arena, &node, (struct str){ (const char *)ret->bytes, SEAL_KEY }, key_context(c, person));
	crypto_wipe(&node, sizeof(node));
	return db_run(c,
		      "INSERT INTO people_key (person_id, wrapped, at) VALUES ($1, $2, $3)"
		      " ON CONFLICT (person_id) DO UPDATE SET wrapped = excluded.wrapped, at = excluded.at",
		      ARGS(V_STR(person), V_STR(base64url_encode(c->arena, sealed)), V_INT(c->now)), NULL);
}

enum rc person_seal(struct ctx *c, struct str person, const char *context, struct str plain, size_t tail,
		    struct str *ret)
{
	struct seal_key key;
	bool found;

	TRY(load_key(c, person, &key, &found));
	if (!found)
		TRY(make_key(c, person, &key));
	struct str bound = arena_fmt(c->arena, "%s/" FMT_STR, context, ARG_STR(person));
	struct str text = base64url_encode(c->arena, seal_make(c->arena, &key, plain, bound));

	crypto_wipe(&key, sizeof(key));
	tail = tail < plain.n ? tail : 0;
	*ret = arena_fmt(c->arena, "%.*s:" FMT_STR, (int)tail, plain.p + plain.n - tail, ARG_STR(text));
	return RC_OK;
}

enum rc person_unseal(struct ctx *c, struct str person, const char *context, struct str stored, struct str *ret)
{
	struct str rest = stored, tail, bytes;
	struct seal_key key;
	bool found;

	*ret = NO_STR;
	if (!str_cut(&rest, ':', &tail) || base64url_decode(c->arena, rest, &bytes) != RC_OK)
		return RC_OK;
	TRY(load_key(c, person, &key, &found));
	if (!found)
		return RC_OK;
	struct str bound = arena_fmt(c->arena, "%s/" FMT_STR, context, ARG_STR(person));

	if (seal_open(c->arena, &key, bytes, bound, ret) != RC_OK)
		*ret = NO_STR;
	crypto_wipe(&key, sizeof(key));
	return RC_OK;
}

/* ---- identity numbers ---------------------------------------------------------------- */

static const struct field identity_fields[] = {
	F_STD(struct identity),
	F_REF(struct identity, person_id, "people.person", REQUIRED | FIXED | FILTER | P2),
	F_PATH(struct identity, place_path, DERIVED | P3),
	F_ENUM(struct identity, kind, identity_kinds, REQUIRED | P2),
	F_TAIL(struct identity, number, 4, 400, REQUIRED | SEALED | P2, 2),
	F_ENUM(struct identity, basis, bases, REQUIRED | P1),
	F_ENUM(struct identity, source, register_sources, P1),
};

/* Papers of other kinds: 5 to 20 letters and digits. */
static bool is_paper(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'A' && s.p[i] <= 'Z') && !(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9'))
			return false;
	return s.n >= 5 && s.n <= 20;
}

enum rc identity_take(struct ctx *c, struct identity *i, struct str plain)
{
	enum id_fault fault;

	plain = str_trim(plain);
	if (i->kind == IDENTITY_RESIDENT) {
		fault = id_read(c->arena, plain, c->now, &plain);
		if (fault != ID_FINE)
			return FAIL(c, RC_INVALID, arena_fmt(c->arena, "identity_%s", id_faults[fault]).p,
				    STR("number"), "not a resident identity number: %s", id_faults[fault]);
	} else if (!is_paper(plain)) {
		return FAIL(c, RC_INVALID, "identity_length", STR("number"), "5 to 20 letters and digits are expected");
	}
	return person_seal(c, i->person_id, "people.identity.number", plain, 2, &i->number);
}

static enum rc identity_create(struct ctx *c, void *row, const struct json *in)
{
	struct identity *i = row;
	int64_t known;

	(void)in;
	TRY(people_about(c, i->person_id, REGISTER_WRITE, &i->place_path));
	TRY(db_int(c, "SELECT 1 FROM people_identity WHERE person_id = $1", ARGS(V_STR(i->person_id)), 0, &known));
	if (known)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("person_id"), "a paper of this person is on record");
	i->source = register_source_of(c, i->person_id, i->source);
	return identity_take(c, i, i->number);
}

static enum rc identity_update(struct ctx *c, void *row, const struct json *in)
{
	struct identity *i = row;
	struct str path;

	TRY(people_about(c, i->person_id, REGISTER_WRITE, &path));
	if (json_get(in, "number") == NULL)
		return json_get(in, "kind") ? FAIL(c, RC_INVALID, "required", STR("number"),
						   "another kind of paper has another number")
					    : RC_OK;
	i->source = register_source_of(c, i->person_id, i->source);
	return identity_take(c, i, i->number);
}

static enum rc identity_open(struct ctx *c, void *row)
{
	struct identity *i = row;

	return person_unseal(c, i->person_id, "people.identity.number", i->number, &i->number);
}

static const struct see identity_see[] = {
	{ "person", SEE_OWN },
	{ REGISTER_READ, SEE_PLACE },
	{ 0 },
};
const struct entity identity_entity = {
	.module = "people",
	.name = "identity",
	.table = "people_identity",
	.size = sizeof(struct identity),
	.fields = identity_fields,
	.n_fields = COUNT(identity_fields),
	.see = identity_see,
	.perm = { .create = "person", .update = "person", .reveal = REGISTER_REVEAL },
	.owner = "person_id",
	.place = "place_path",
	.person = "person_id",
	.on_create = identity_create,
	.on_update = identity_update,
	.on_reveal = identity_open,
	.purpose = "rental_registration",
	.basis = "law",
	.keep_days = 1095,
};
