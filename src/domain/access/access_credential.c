/* access_credential.c - what opens a door: issued, suspended, lost, expired,
 * revoked.  Tokens are kept as their keyed hash alone.  Of a terminal that knows
 * faces only the number it gives to a holder: no face, no template. */
#include "domain/access/access_inner.h"
#include "domain/people/people.h"
#include "sys/crypto.h"

static const char *const kinds[] = {
	"phone", "visitor_code", "qr", "card", "face", "plate", "guard", "remote", NULL
}; /* as gate_methods */
#define CONSENT STR("door_terminal")

static const struct field credential_fields[] = {
	F_STD(struct credential_row),
	F_REF(struct credential_row, person_id, "people.person", FIXED | FILTER | P1),
	F_REF(struct credential_row, place_id, "places.place", REQUIRED | FIXED | P3),
	F_PATH(struct credential_row, place_path, DERIVED | P3),
	F_ENUM(struct credential_row, holder, gate_holders, REQUIRED | FIXED | FILTER | P1),
	F_ENUM(struct credential_row, method, kinds, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct credential_row, label, 1, 60, P2),
	F_TEXT(struct credential_row, token, 1, 100, FIXED | P2), /* given, never kept: always null */
	F_TEXT(struct credential_row, pin, 4, 12, P2),            /* likewise */
	F_TEXT(struct credential_row, token_mac, 64, 64, DERIVED | SECRET | P2),
	F_TEXT(struct credential_row, pin_mac, 64, 64, DERIVED | SECRET | P2),
	F_JSON(struct credential_row, rights, 8000, REQUIRED | P3),
	F_TIME(struct credential_row, from_at, P1),
	F_TIME(struct credential_row, to_at, P1),
	F_FLAG(struct credential_row, roams, P1),
	F_FLAG(struct credential_row, rescue, P1),
	F_ENUM(struct credential_row, state, gate_states, DERIVED | FILTER | P1),
	F_TEXT(struct credential_row, reason, 2, 500, DERIVED | P1),
	F_INT(struct credential_row, change_no, 0, INT64_MAX, DERIVED | P0),
};

/* ---- tokens --------------------------------------------------------------------------- */

struct str access_list_key(struct ctx *c)
{
	return ctx_mac(c, "access_tokens", STR("1"));
}

/* Not ctx_mac itself: a gate that was cut off must be able to make it, too. */
struct str token_mac(struct ctx *c, unsigned method, struct str token)
{
	struct str key;
	uint8_t mac[CRYPTO_HASH];

	if (hex_decode(c->arena, access_list_key(c), &key) != RC_OK ||
	    hash_keyed(key, arena_fmt(c->arena, "%s\n" FMT_STR, gate_methods[method], ARG_STR(token)), mac) != RC_OK)
		fatal("the key of tokens has the wrong size");
	return hex_encode(c->arena, (struct str){ (const char *)mac, sizeof(mac) });
}

static struct str pin_mac(struct ctx *c, const struct credential_row *k)
{
	return ctx_mac(c, "access_pin", arena_fmt(c->arena, FMT_STR "\n" FMT_STR, ARG_STR(k->std.id), ARG_STR(k->pin)));
}

static enum rc take_pin(struct ctx *c, struct credential_row *k)
{
	if (k->pin.n == 0)
		return RC_OK;
	for (size_t i = 0; i < k->pin.n; i++)
		if (k->pin.p[i] < '0' || k->pin.p[i] > '9')
			return FAIL(c, RC_INVALID, "characters", STR("pin"), "digits are expected");
	k->pin_mac = pin_mac(c, k);
	k->pin = NO_STR;
	return RC_OK;
}

static enum rc take_token(struct ctx *c, struct credential_row *k)
{
	int64_t others;

	if (k->token.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("token"),
			    "the card's number, the plate, the terminal's number");
	TRY(token_tidy(c, k->method, &k->token));
	k->token_mac = token_mac(c, k->method, k->token);
	k->token = NO_STR;
	TRY(db_int(c, "SELECT count(*) FROM access_credential WHERE token_mac = $1", ARGS(V_STR(k->token_mac)), 0,
		   &others));
	return others ? FAIL(c, RC_CONFLICT, "already_exists", STR("token"), "somebody holds this already") : RC_OK;
}

/* ---- create and change -------------------------------------------------------------------- */

static enum rc check_span(struct ctx *c, const struct credential_row *k)
{
	if (k->to_at && k->to_at <= k->from_at)
		return FAIL(c, RC_INVALID, "out_of_range", STR("to_at"), "a credential ends after it begins");
	if ((k->holder == GATE_VISITOR || k->holder == GATE_COURIER) && k->to_at == 0)
		return FAIL(c, RC_INVALID, "required", STR("to_at"), "who does not live or work here needs an end");
	return RC_OK;
}

static enum rc check_person(struct ctx *c, const struct credential_row *k)
{
	struct person_ref person;

	if (k->person_id.n == 0 && (k->holder == GATE_RESIDENT || k->method == GATE_FACE))
		return FAIL(c, RC_INVALID, "required", STR("person_id"), "whose is it?");
	if (k->person_id.n == 0)
		return RC_OK;
	TRY(people_person_get(c, k->person_id, "person_id", &person));
	if (person.place_path.n && !ctx_may_at(c, "access.credential.manage", person.place_path))
		return FAIL(c, RC_INVALID, "unknown_person", STR("person_id"), "no such person");
	/* Facial recognition measures art. 6: separate consent. */
	if (k->method == GATE_FACE && !people_consented(c, k->person_id, CONSENT))
		return FAIL(c, RC_CONFLICT, "no_consent", STR("person_id"),
			    "the person has not agreed to door_terminal");
	return RC_OK;
}

static enum rc credential_create(struct ctx *c, void *row, const struct json *in)
{
	struct credential_row *k = row;
	struct place_ref place;

	(void)in;
	if (k->method == GATE_VISITOR_CODE || k->method == GATE_QR || k->method >= GATE_GUARD)
		return FAIL(c, RC_INVALID, "unknown_word", STR("method"), "not a method that somebody holds");
	TRY(access_place_of(c, k->place_id, "place_id", "access.credential.manage", &place));
	k->place_path = place.path;
	if (k->from_at == 0)
		k->from_at = c->now;
	TRY(check_span(c, k));
	TRY(check_person(c, k));
	TRY(rights_check(c, k->rights, k->place_path));
	TRY(take_token(c, k));
	TRY(take_pin(c, k));
	k->state = GATE_ACTIVE;
	return access_list_changed(c, &k->change_no);
}

static enum rc credential_update(struct ctx *c, void *row, const struct json *in)
{
	struct credential_row *k = row;

	(void)in;
	TRY(check_span(c, k));
	TRY(rights_check(c, k->rights, k->place_path));
	TRY(take_pin(c, k));
	return access_list_changed(c, &k->change_no);
}

/* ---- steps --------------------------------------------------------------------------------- */

static enum rc changed(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return access_list_changed(c, &((struct credential_row *)row)->change_no);
}

static enum rc resume(struct ctx *c, void *row, const struct json *in)
{
	struct credential_row *k = row;

	if (k->to_at && k->to_at <= access_times_now(c).now)
		return FAIL(c, RC_CONFLICT, "expired", STR("to_at"), "its time is over");
	return changed(c, row, in);
}

/* Who lost it may say so himself. */
static enum rc lose(struct ctx *c, void *row, const struct json *in)
{
	struct credential_row *k = row;

	if (!str_eq(k->person_id, c->who.id) && !ctx_may_at(c, "access.credential.manage", k->place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not yours");
	return changed(c, row, in);
}

#define ALIVE (IN(GATE_ACTIVE) | IN(GATE_SUSPENDED))
static const char *const takes_reason[] = { "reason", NULL };
static const char *const takes_maybe[] = { "?reason", NULL };
static const struct step credential_steps[] = {
	{ "suspend", IN(GATE_ACTIVE), GATE_SUSPENDED, "access.credential.manage", SEE_PLACE, takes_reason, changed },
	{ "resume", IN(GATE_SUSPENDED), GATE_ACTIVE, "access.credential.manage", SEE_PLACE, NULL, resume },
	{ "lose", ALIVE, GATE_LOST, "person", SEE_PLACE, takes_maybe, lose },
	{ "revoke", ALIVE | IN(GATE_LOST), GATE_REVOKED, "access.credential.manage", SEE_PLACE, takes_reason, changed },
};
static const struct see credential_see[] = {
	{ "access.credential.read", SEE_PLACE },
	{ "person", SEE_ASSIGNED },
	{ 0 },
};

const struct entity access_credential = {
	.module = "access",
	.name = "credential",
	.table = "access_credential",
	.size = sizeof(struct credential_row),
	.fields = credential_fields,
	.n_fields = COUNT(credential_fields),
	.see = credential_see,
	.perm = { .create = "access.credential.manage",
		  .update = "access.credential.manage",
		  .reveal = "access.credential.reveal" },
	.place = "place_path",
	.assigned = "person_id",
	.person = "person_id",
	.state = "state",
	.steps = credential_steps,
	.n_steps = COUNT(credential_steps),
	.on_create = credential_create,
	.on_update = credential_update,
	.purpose = "entry",
	.basis = "contract",
};

enum rc credential_revoke(struct ctx *c, struct str id, struct str reason)
{
	struct credential_row k;

	TRY(entity_fetch(c, &access_credential, id, &k));
	k.state = GATE_REVOKED;
	k.reason = reason;
	TRY(access_list_changed(c, &k.change_no));
	return entity_save(c, &access_credential, &k, "revoke");
}
