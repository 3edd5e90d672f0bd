/* sensing_device.c - devices and their channels as people see and change them. */
#include "domain/places/places.h"
#include "domain/sensing/sensing_inner.h"
#include "sys/crypto.h"

#include <string.h>

const char *const device_kinds[] = { "camera", "door", "gate", "sensor", "meter", "lens", "gateway", NULL };
const char *const device_states[] = { "quarantined", "active", "refused", "retired", NULL };
const char *const device_healths[] = { "in_order",    "silent",  "tampered",   "clock_off",
				       "low_battery", "covered", "never_seen", NULL };

static const struct field device_fields[] = {
	F_STD(struct device_row),
	F_TEXT(struct device_row, name, 1, 128, REQUIRED | P1),
	F_ENUM(struct device_row, kind, device_kinds, REQUIRED | FILTER | P1),
	F_TEXT(struct device_row, source, 1, 128, REQUIRED | FIXED | FILTER | P1),
	F_REF(struct device_row, place_id, "places.place", REQUIRED | FILTER | P1),
	F_PATH(struct device_row, place_path, DERIVED | P1),
	F_REF(struct device_row, gateway_id, "sensing.device", DERIVED | FILTER | P1),
	F_ENUM(struct device_row, state, device_states, DERIVED | FILTER | P0),
	F_ENUM(struct device_row, health, device_healths, DERIVED | FILTER | P0),
	F_TEXT(struct device_row, reason, 1, 500, DERIVED | P1),
	F_TIME(struct device_row, last_seen_at, DERIVED | P0),
	F_INT(struct device_row, heartbeat_s, 0, 86400, P0),
	F_INT(struct device_row, battery, 0, 100, DERIVED | P0),
	F_INT(struct device_row, skew_ms, INT64_MIN + 1, INT64_MAX, DERIVED | P0),
	F_FLAG(struct device_row, tampered, DERIVED | P0),
	F_FLAG(struct device_row, covered, DERIVED | P0),
	F_FLAG(struct device_row, offline, DERIVED | P0),
	F_INT(struct device_row, events_total, 0, INT64_MAX, DERIVED | P0),
	F_INT(struct device_row, refused_total, 0, INT64_MAX, DERIVED | P0),
	F_REAL(struct device_row, lon, -180, 180, P1),
	F_REAL(struct device_row, lat, -90, 90, P1),
	F_TEXT(struct device_row, legal_basis, 3, 500, P1),
	F_TEXT(struct device_row, sign_record, 3, 500, P1),
	F_TEXT(struct device_row, field_of_view, 3, 500, P1),
	F_TIME(struct device_row, filed_at, P0),
	F_TEXT(struct device_row, key_hash, 64, 64, DERIVED | SECRET | P1),
};

static const struct see device_see[] = { { "sensing.read", SEE_PLACE }, { 0 } };

/* Printable ASCII: the source is compared byte by byte with what devices send. */
static enum rc check_source(struct ctx *c, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 127)
			return FAIL(c, RC_INVALID, "characters", STR("source"),
				    "printable ASCII without spaces is expected");
	if (s.n && s.p[s.n - 1] == '/')
		return FAIL(c, RC_INVALID, "characters", STR("source"), "must not end with a slash");
	return RC_OK;
}

/* PIPL art. 26: a camera in a public place needs a purpose in law and a sign. */
static enum rc check_camera(struct ctx *c, const struct device_row *r)
{
	if (r->kind != K_CAMERA)
		return RC_OK;
	if (r->legal_basis.n == 0)
		return FAIL(c, RC_CONFLICT, "legal_basis_missing", STR("legal_basis"),
			    "a camera needs its legal basis before it is activated");
	if (r->sign_record.n == 0)
		return FAIL(c, RC_CONFLICT, "sign_record_missing", STR("sign_record"),
			    "a camera needs the record of its sign before it is activated");
	if (r->field_of_view.n == 0)
		return FAIL(c, RC_CONFLICT, "field_of_view_missing", STR("field_of_view"),
			    "a camera needs what it may look at before it is activated");
	return RC_OK;
}

static enum rc set_place(struct ctx *c, struct device_row *r)
{
	struct place_ref p;

	TRY(places_get(c, r->place_id, "place_id", &p));
	if (!ctx_may_at(c, "sensing.manage", p.path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	r->place_path = p.path;
	return RC_OK;
}

static enum rc device_create(struct ctx *c, void *row, const struct json *in)
{
	struct device_row *r = row;

	TRY(check_source(c, r->source));
	TRY(set_place(c, r));
	if (json_get(in, "heartbeat_s") == NULL)
		r->heartbeat_s = 60;
	if ((r->lon == r->lon) != (r->lat == r->lat)) /* NaN: not given */
		return FAIL(c, RC_INVALID, "required", STR("lat"), "lon and lat belong together");
	r->state = S_QUARANTINED;
	r->health = H_NEVER_SEEN;
	r->battery = r->skew_ms = NO_INT;
	return cache_changed(c);
}

static enum rc device_update(struct ctx *c, void *row, const struct json *in)
{
	struct device_row *r = row;

	if (json_get(in, "kind") && r->state != S_QUARANTINED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("kind"),
			    "the kind is fixed once a device was decided on");
	if (json_get(in, "place_id"))
		TRY(set_place(c, r));
	if ((r->lon == r->lon) != (r->lat == r->lat))
		return FAIL(c, RC_INVALID, "required", STR("lat"), "lon and lat belong together");
	if (r->state == S_ACTIVE)
		TRY(check_camera(c, r));
	return cache_changed(c);
}

static enum rc approve(struct ctx *c, void *row, const struct json *in)
{
	struct device_row *r = row;

	(void)in;
	TRY(set_place(c, r));
	TRY(check_camera(c, r));
	r->reason = NO_STR;
	r->health = H_NEVER_SEEN;
	r->last_seen_at = 0; /* knocks at the door were no readings */
	return cache_changed(c);
}

static enum rc turn_away(struct ctx *c, void *row, const struct json *in)
{
	struct device_row *r = row;

	(void)in;
	r->key_hash = NO_STR;
	TRY(cache_changed(c));
	return db_run(c,
		      "UPDATE sensing_gap SET to_at = $2, version = version + 1, updated_at = $2"
		      " WHERE device_id = $1 AND to_at IS NULL",
		      ARGS(V_STR(r->std.id), V_INT(c->now)), NULL);
}

static const char *const takes_place[] = { "place_id",       "?legal_basis", "?sign_record",
					   "?field_of_view", "?filed_at",    NULL };
static const char *const takes_reason[] = { "reason", NULL };
static const char *const takes_maybe[] = { "?reason", NULL };
static const struct step device_steps[] = {
	{ "approve", IN(S_QUARANTINED) | IN(S_REFUSED), S_ACTIVE, "sensing.manage", SEE_PLACE, takes_place, approve },
	{ "refuse", IN(S_QUARANTINED), S_REFUSED, "sensing.manage", SEE_PLACE, takes_reason, turn_away },
	{ "retire", IN(S_QUARANTINED) | IN(S_ACTIVE) | IN(S_REFUSED), S_RETIRED, "sensing.manage", SEE_PLACE,
	  takes_maybe, turn_away },
};
static const struct sort device_sorts[] = { { "name", { "name" } }, { 0 } };

const struct entity sensing_device = {
	.module = "sensing",
	.name = "device",
	.table = "sensing_device",
	.size = sizeof(struct device_row),
	.fields = device_fields,
	.n_fields = COUNT(device_fields),
	.see = device_see,
	.perm = { .create = "sensing.manage", .update = "sensing.manage", .export = "sensing.export" },
	.place = "place_path",
	.state = "state",
	.steps = device_steps,
	.n_steps = COUNT(device_steps),
	.sorts = device_sorts,
	.on_create = device_create,
	.on_update = device_update,
	.purpose = "device_care",
	.basis = "public_duty",
};

/* A new key, told once; the old one dies with this COMMIT. */
enum rc device_key(struct ctx *c, struct call *k)
{
	struct device_row r;
	char token[CRYPTO_TOKEN];
	uint8_t hash[CRYPTO_HASH];

	TRY(entity_load(c, &sensing_device, k->id, &r));
	if (!ctx_may_at(c, "sensing.manage", r.place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not at this place");
	if (r.state == S_REFUSED || r.state == S_RETIRED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "no key for a device that is %s",
			    device_states[r.state]);
	struct str key = crypto_token(token);

	hash_bytes(key, hash);
	r.key_hash = hex_encode(c->arena, (struct str){ (const char *)hash, sizeof(hash) });
	TRY(entity_save(c, &sensing_device, &r, "key"));
	TRY(cache_changed(c));
	json_open(k->out, '{');
	json_put_text(k->out, "key", key);
	json_close(k->out, '}');
	crypto_wipe(token, sizeof(token));
	return RC_OK;
}

enum rc sensing_gateway(struct ctx *c, struct str source, struct str name, struct str place_id, struct str *id)
{
	struct device_row r;
	bool found;

	TRY(entity_find(c, &sensing_device, "source = $1", ARGS(V_STR(source)), &r, &found));
	if (!found) {
		struct place_ref p;

		entity_init(&sensing_device, &r);
		TRY(check_source(c, source));
		TRY(places_get(c, place_id, "place_id", &p));
		r.name = name;
		r.source = source;
		r.kind = K_GATEWAY;
		r.place_id = p.id;
		r.place_path = p.path;
		r.state = S_ACTIVE;
		r.health = H_NEVER_SEEN;
		r.heartbeat_s = 0; /* it says itself when it is away */
		r.battery = r.skew_ms = NO_INT;
		TRY(entity_insert(c, &sensing_device, &r, "create"));
		TRY(cache_changed(c));
	} else if (r.kind != K_GATEWAY || r.state != S_ACTIVE) {
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("source"), "this source is no active gateway");
	}
	*id = r.std.id;
	return RC_OK;
}

/* ---- channels ------------------------------------------------------------------- */

static const char *const channel_kinds[] = { "video", "audio", "contact",     "lock",   "motion",   "water", "power",
					     "gas",   "smoke", "temperature", "button", "position", "other", NULL };
struct channel_row {
	struct std std;
	struct str device_id, name, place_id, place_path;
	unsigned kind;
};

static const struct field channel_fields[] = {
	F_STD(struct channel_row),
	F_REF(struct channel_row, device_id, "sensing.device", REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct channel_row, name, 1, 100, REQUIRED | P1),
	F_ENUM(struct channel_row, kind, channel_kinds, REQUIRED | FILTER | P1),
	F_REF(struct channel_row, place_id, "places.place", FILTER | P1),
	F_PATH(struct channel_row, place_path, DERIVED | P1),
};

static enum rc channel_check(struct ctx *c, void *row, const struct json *in)
{
	struct channel_row *r = row;
	struct device_row d;
	struct place_ref p;
	bool found;

	(void)in;
	TRY(entity_find(c, &sensing_device, "id = $1", ARGS(V_STR(r->device_id)), &d, &found));
	if (!found || !ctx_may_at(c, "sensing.manage", d.place_path))
		return FAIL(c, RC_INVALID, "unknown_device", STR("device_id"), "no such device");
	if (r->place_id.n == 0)
		r->place_id = d.place_id;
	TRY(places_get(c, r->place_id, "place_id", &p));
	if (!ctx_may_at(c, "sensing.manage", p.path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
	r->place_path = p.path;
	return RC_OK;
}

const struct entity sensing_channel = {
	.module = "sensing",
	.name = "channel",
	.table = "sensing_channel",
	.size = sizeof(struct channel_row),
	.fields = channel_fields,
	.n_fields = COUNT(channel_fields),
	.see = device_see,
	.perm = { .create = "sensing.manage", .update = "sensing.manage", .export = "sensing.export" },
	.place = "place_path",
	.on_create = channel_check,
	.on_update = channel_check,
	.purpose = "device_care",
	.basis = "public_duty",
};
