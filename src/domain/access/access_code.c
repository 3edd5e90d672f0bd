/* access_code.c - visitor codes: eight digits, kept as a keyed hash, good at one
 * gate group for one unit and one window; and the same as a signed pass that a
 * gate can check when it is cut off.
 *
 * Told once, when it is issued.  Right or wrong is said to gates alone. */
#include "domain/access/access_inner.h"
#include "sys/crypto.h"

enum { CODE_DIGITS = 8, USES_MOST = 10, DRAWS = 16, CODES_MOST = 200, PASS_PARTS = 6 };
#define CODE_RANGE 100000000u

static const char *const code_states[] = { "live", "used", "expired", "cancelled", NULL };

static const struct field code_fields[] = {
	F_STD(struct code_row),
	F_REF(struct code_row, visit_id, "access.visit", DERIVED | FILTER | P1),
	F_REF(struct code_row, group_id, "access.group", DERIVED | FILTER | P1),
	F_TEXT(struct code_row, unit, 1, 200, DERIVED | FILTER | P1),
	F_PATH(struct code_row, place_path, DERIVED | P1),
	F_ENUM(struct code_row, holder, gate_holders, DERIVED | FILTER | P1),
	F_TEXT(struct code_row, code_mac, 64, 64, DERIVED | SECRET | P1),
	F_TIME(struct code_row, from_at, DERIVED | P1),
	F_TIME(struct code_row, to_at, DERIVED | P1),
	F_INT(struct code_row, uses, 1, USES_MOST, DERIVED | P1),
	F_INT(struct code_row, uses_left, 0, USES_MOST, DERIVED | P1),
	F_ENUM(struct code_row, state, code_states, DERIVED | FILTER | P1),
	F_INT(struct code_row, replays, 0, INT64_MAX, DERIVED | P1),
};
static const struct see code_see[] = {
	{ "access.visit.read", SEE_PLACE },
	{ "access.host", SEE_PLACE },
	{ 0 },
};

const struct entity access_code = {
	.module = "access",
	.name = "code",
	.table = "access_code",
	.size = sizeof(struct code_row),
	.fields = code_fields,
	.n_fields = COUNT(code_fields),
	.see = code_see,
	.place = "place_path",
	.state = "state",
	.purpose = "visit",
	.basis = "consent",
	.keep_days = 1,
};

/* ---- the numbers --------------------------------------------------------------------- */

static struct str code_mac(struct ctx *c, struct str group_id, struct str code)
{
	return ctx_mac(c, "visitor_code", arena_fmt(c->arena, FMT_STR "\n" FMT_STR, ARG_STR(group_id), ARG_STR(code)));
}

/* Without the bias of a remainder. */
static uint32_t draw(void)
{
	uint32_t n;

	do
		crypto_random(&n, sizeof(n));
	while (n >= UINT32_MAX / CODE_RANGE * CODE_RANGE);
	return n % CODE_RANGE;
}

/* One that is not live in the group: two doors, one code, would be two visits. */
static enum rc fresh_code(struct ctx *c, struct str group_id, struct str *code, struct str *mac)
{
	for (int i = 0; i < DRAWS; i++) {
		int64_t live;

		*code = arena_fmt(c->arena, "%08u", draw());
		*mac = code_mac(c, group_id, *code);
		TRY(db_int(c,
			   "SELECT count(*) FROM access_code WHERE group_id = $1 AND code_mac = $2 AND state = 'live'",
			   ARGS(V_STR(group_id), V_STR(*mac)), 0, &live));
		if (live == 0)
			return RC_OK;
	}
	return FAIL(c, RC_BUSY, "no_free_code", NO_STR, "too many codes are live at this gate");
}

/* ---- the signed pass --------------------------------------------------------------------- */

static void pass_key(struct ctx *c, struct sign_key *key)
{
	struct str seed;

	if (hex_decode(c->arena, ctx_mac(c, "access_sign", STR("1")), &seed) != RC_OK)
		fatal("the key of passes has the wrong size");
	sign_key_from((const uint8_t *)seed.p, key);
}

struct str pass_public(struct ctx *c)
{
	struct sign_key key;

	pass_key(c, &key);
	crypto_wipe(key.secret, sizeof(key.secret));
	return base64url_encode(c->arena, (struct str){ (const char *)key.public, sizeof(key.public) });
}

struct str pass_sign(struct ctx *c, struct str text)
{
	struct sign_key key;
	uint8_t *sig = arena_alloc(c->arena, SIGN_BYTES);

	pass_key(c, &key);
	sign_make(&key, text, sig);
	crypto_wipe(key.secret, sizeof(key.secret));
	return base64url_encode(c->arena, (struct str){ (const char *)sig, SIGN_BYTES });
}

/* "J1." id "|" group "|" holder "|" from "|" to "|" uses "." signature; seconds
 * since 1970.  Names nobody and no dwelling: it is shown around. */
static struct str make_pass(struct ctx *c, const struct code_row *row)
{
	struct str text =
		arena_fmt(c->arena, "J1." FMT_STR "|" FMT_STR "|%s|%lld|%lld|%lld", ARG_STR(row->std.id),
			  ARG_STR(row->group_id), gate_holders[row->holder], (long long)(row->from_at / SECOND),
			  (long long)(row->to_at / SECOND), (long long)row->uses);

	return arena_fmt(c->arena, FMT_STR "." FMT_STR, ARG_STR(text), ARG_STR(pass_sign(c, text)));
}

static bool read_pass(struct ctx *c, struct str text, struct str *id)
{
	struct sign_key key;
	struct str sig;
	size_t dot = text.n;

	while (dot && text.p[dot - 1] != '.')
		dot--;
	if (dot < 4 || text.n > 400 || !str_starts(text, "J1.") ||
	    base64url_decode(c->arena, (struct str){ text.p + dot, text.n - dot }, &sig) != RC_OK)
		return false;
	struct str signed_part = { text.p, dot - 1 }, rest = { text.p + 3, dot - 4 };

	pass_key(c, &key);
	crypto_wipe(key.secret, sizeof(key.secret));
	return sign_verify(key.public, signed_part, sig) && str_cut(&rest, '|', id);
}

/* ---- issuing -------------------------------------------------------------------------------- */

enum rc code_issue(struct ctx *c, const struct visit_row *v, struct str group_id, int64_t uses, struct buf *out)
{
	struct code_row row;
	struct str code;

	entity_init(&access_code, &row);
	row.visit_id = v->std.id;
	row.group_id = group_id;
	row.unit = v->unit;
	row.place_path = v->place_path;
	row.holder = v->holder;
	row.from_at = v->from_at;
	row.to_at = v->to_at;
	row.uses = row.uses_left = uses;
	row.state = CODE_LIVE;
	TRY(code_end(c, v->std.id, CODE_CANCELLED)); /* a new one takes the place of the old */
	TRY(fresh_code(c, group_id, &code, &row.code_mac));
	TRY(entity_insert(c, &access_code, &row, "issue"));
	json_open(out, '{');
	json_put_text(out, "code_id", row.std.id);
	json_put_text(out, "code", code);
	json_put_text(out, "pass", make_pass(c, &row));
	json_put_text(out, "unit", row.unit);
	json_put_time(out, "from_at", row.from_at);
	json_put_time(out, "to_at", row.to_at);
	json_put_int(out, "uses", uses);
	json_close(out, '}');
	return RC_OK;
}

enum rc code_end(struct ctx *c, struct str visit_id, enum code_state to)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c, "SELECT id FROM access_code WHERE visit_id = $1 AND state = 'live' ORDER BY id",
		     ARGS(V_STR(visit_id)), CODES_MOST, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct code_row row;

		TRY(entity_fetch(c, &access_code, ids[i], &row));
		row.state = to;
		TRY(entity_save(c, &access_code, &row, to == CODE_CANCELLED ? "cancel" : "expire"));
	}
	return RC_OK;
}

/* The group asked for, or the outermost around the dwelling: the gate comes
 * first, and doors further in that know its codes are in its group. */
static enum rc group_for(struct ctx *c, struct str asked, struct str path, struct str *ret)
{
	struct str *ids;
	size_t n;
	struct group_row g;

	*ret = NO_STR;
	TRY(db_texts(c, "SELECT id FROM access_group WHERE $1 = '' OR id = $1 ORDER BY place_path, id LIMIT 1000",
		     ARGS(V_STR(asked.p ? asked : STR(""))), 1000, &ids, &n));
	for (size_t i = 0; i < n && ret->n == 0; i++) {
		TRY(entity_fetch(c, &access_group, ids[i], &g));
		if (access_lies_in(path, g.place_path))
			*ret = g.std.id;
	}
	return ret->n ? RC_OK
		      : FAIL(c, RC_CONFLICT, "no_group", STR("group_id"), "no gate group lies around this dwelling");
}

enum rc code_group(struct ctx *c, const struct visit_row *v, struct str asked, struct str *ret)
{
	return group_for(c, asked, v->place_path, ret);
}

/* POST /api/access/visit/{id}/code: {"group_id", "uses", "reason"}.  Staff issue
 * for a resident who calls, with the reason on record. */
enum rc code_route(struct ctx *c, struct call *k)
{
	int64_t uses = json_get_int(k->in, "uses", 1);
	struct visit_row v;
	struct str group, reason = str_trim(json_get_text(k->in, "reason"));

	TRY(entity_load(c, &access_visit, k->id, &v));
	bool host = ctx_may_at(c, "access.host", v.place_path);

	if (!host && !ctx_may_at(c, "access.visit.staff", v.place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "only who lives there, or staff for them");
	if (!host && reason.n < 2)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "staff say why they issue for a resident");
	if (v.state != V_EXPECTED && v.state != V_CHECKED_IN)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "the visit is over");
	if (v.confirmed_at == 0)
		return FAIL(c, RC_CONFLICT, "not_confirmed", STR("confirmed_at"), "the host has not confirmed");
	if (uses < 1 || uses > USES_MOST)
		return FAIL(c, RC_INVALID, "out_of_range", STR("uses"), "1 to %d", USES_MOST);
	if (v.to_at <= access_times_now(c).now)
		return FAIL(c, RC_CONFLICT, "expired", STR("to_at"), "the visit's time is over");
	TRY(code_group(c, &v, json_get_text(k->in, "group_id"), &group));
	if (!host) {
		struct buf detail = buf_new(c->arena, 2048);

		json_open(&detail, '{');
		json_put_text(&detail, "reason", (struct str){ reason.p, reason.n > 500 ? 500 : reason.n });
		json_close(&detail, '}');
		TRY(audit(c, STR("access.code.for_resident"),
			  &(struct about){ .entity = "access.visit", .id = v.std.id, .place_path = v.place_path },
			  buf_str(&detail)));
	}
	return code_issue(c, &v, group, uses, k->out);
}

/* ---- checking ---------------------------------------------------------------------------------- */

static enum gate_reason reason_of(const struct code_row *row)
{
	switch (row->state) {
	case CODE_LIVE: return GATE_OK;
	case CODE_USED: return GATE_CODE_USED;
	case CODE_EXPIRED: return GATE_IS_EXPIRED;
	default: return GATE_IS_REVOKED;
	}
}

struct looking {
	struct str mac;
	struct code_claim *claim;
};

/* All of the unit's codes are compared, each in the same time. */
static enum rc compare(struct ctx *c, void *row, void *arg)
{
	struct looking *l = arg;
	const struct code_row *r = row;

	(void)c;
	if (crypto_same(r->code_mac, l->mac) && (!l->claim->known || r->state == CODE_LIVE)) {
		l->claim->row = *r;
		l->claim->known = true;
	}
	return RC_OK;
}

enum rc code_check(struct ctx *c, struct str group_id, struct str unit, struct str code, struct code_claim *ret)
{
	struct looking l = { code_mac(c, group_id, code), ret };

	*ret = (struct code_claim){ .reason = GATE_CODE_WRONG };
	if (group_id.n == 0 || unit.n == 0 || code.n != CODE_DIGITS)
		return RC_OK;
	TRY(entity_each(c, &access_code, "group_id = $1 AND unit = $2 ORDER BY id DESC LIMIT 200",
			ARGS(V_STR(group_id), V_STR(unit)), compare, &l));
	if (ret->known)
		ret->reason = reason_of(&ret->row);
	return RC_OK;
}

enum rc pass_check(struct ctx *c, struct str group_id, struct str text, struct code_claim *ret)
{
	struct str id;

	*ret = (struct code_claim){ .reason = GATE_UNKNOWN };
	if (!read_pass(c, text, &id))
		return RC_OK;
	TRY(entity_find(c, &access_code, "id = $1", ARGS(V_STR(id)), &ret->row, &ret->known));
	if (!ret->known) /* forgotten a day after its end */
		ret->reason = GATE_IS_EXPIRED;
	else
		ret->reason = str_eq(ret->row.group_id, group_id) ? reason_of(&ret->row) : GATE_WRONG_DOOR;
	return RC_OK;
}

/* The condition, not the row as it was read, decides who was first. */
enum rc code_consume(struct ctx *c, struct code_row *row, bool *won)
{
	int64_t changed = 0;

	TRY(db_run(c,
		   "UPDATE access_code SET uses_left = uses_left - 1,"
		   " state = CASE WHEN uses_left = 1 THEN 'used' ELSE state END, version = version + 1, updated_at = $2"
		   " WHERE id = $1 AND state = 'live' AND uses_left > 0",
		   ARGS(V_STR(row->std.id), V_INT(c->now)), &changed));
	*won = changed == 1;
	if (!*won)
		return RC_OK;
	TRY(entity_fetch(c, &access_code, row->std.id, row));
	return entity_save(c, &access_code, row, "use");
}
