/* access_list.c - the signed list a gate decides by when its node is away, what
 * each gate has of it, and so where a revocation has arrived.
 *
 * GET /api/access/list?since=<change>: lanes, schedules, rules and alarms as
 * they are, and the credentials changed after 'since' (revoked ones too), 1,000
 * a page.  The header Jiuan-Signature holds the Ed25519 signature of the body.
 * Tokens stand in it as BLAKE2b keyed with "token_key" of "<method>\n<token>". */
#include "domain/access/access_inner.h"

enum { PAGE = 1000, GOOD_H = 72, LANES_MOST = 64 };

struct writing {
	struct ctx *c;
	struct call *k;
	struct str device_id;
	struct str paths[LANES_MOST], doors[LANES_MOST], groups[LANES_MOST];
	size_t n;
	int64_t last, rows;
};

/* ---- lanes ------------------------------------------------------------------------ */

static enum rc put_lane(struct ctx *c, void *row, void *arg)
{
	struct lane_row *lane = row;
	struct writing *w = arg;
	struct scene *s = NEW(c->arena, struct scene);
	struct buf *out = w->k->out;

	if (w->n == LANES_MOST || lane->state != LANE_ON)
		return RC_OK;
	TRY(scene_load(c, lane, s));
	w->paths[w->n] = s->door.area_path.n ? s->door.area_path : s->door.place_path;
	w->doors[w->n] = s->door.std.id;
	w->groups[w->n++] = s->group_id;
	json_open(out, '{');
	json_put_text(out, "id", lane->std.id);
	json_put_text(out, "door_id", s->door.std.id);
	json_put_text(out, "group_id", s->group_id);
	json_put_text(out, "area_id", s->door.area_id);
	json_put_text(out, "direction", str_of(gate_directions[lane->direction]));
	json_put_raw(out, "ways", lane->ways);
	json_put_text(out, "mode", str_of(gate_modes[s->door.mode]));
	json_put_raw(out, "mode_rules", s->door.mode_rules);
	json_put_text(out, "override_mode", str_of(gate_modes[s->door.override_mode]));
	json_put_time(out, "override_until", s->door.override_until);
	json_put_text(out, "passback", str_of(gate_passbacks[s->door.passback]));
	json_put_text(out, "passback_scope", str_of(gate_scopes[s->door.passback_scope]));
	json_put_int(out, "passback_min", s->door.passback_min == NO_INT ? 0 : s->door.passback_min);
	json_put_time(out, "forgiven_at", s->door.forgiven_at);
	json_put_int(out, "least_permille", lane->least_permille);
	json_put_text(out, "alarm", str_of(gate_alarms[s->state.alarm]));
	json_put_time(out, "alarm_until", s->state.alarm_until);
	json_close(out, '}');
	return RC_OK;
}

/* ---- what the lanes name ------------------------------------------------------------ */

static bool lies_at(const struct writing *w, struct str place_path)
{
	for (size_t i = 0; i < w->n; i++)
		if (access_lies_in(w->paths[i], place_path))
			return true;
	return false;
}

static enum rc put_schedule(struct ctx *c, void *row, void *arg)
{
	const struct schedule_row *s = row;
	struct buf *out = ((struct writing *)arg)->k->out;

	(void)c;
	if (!lies_at(arg, s->place_path))
		return RC_OK;
	json_open(out, '{');
	json_put_text(out, "id", s->std.id);
	json_put_raw(out, "windows", s->windows);
	json_put_raw(out, "days", s->days);
	json_close(out, '}');
	return RC_OK;
}

static enum rc put_policy(struct ctx *c, void *row, void *arg)
{
	const struct policy_row *p = row;
	struct buf *out = ((struct writing *)arg)->k->out;

	(void)c;
	if (!lies_at(arg, p->place_path))
		return RC_OK;
	json_open(out, '{');
	json_put_text(out, "id", p->std.id);
	json_put_time(out, "from_at", p->from_at);
	json_put_time(out, "to_at", p->to_at);
	json_put_raw(out, "refuses", p->refuses);
	json_put_raw(out, "asks", p->asks);
	json_put_int(out, "most_dc", p->most_dc == NO_INT ? 0 : p->most_dc);
	json_put_bool(out, "scans", p->scans);
	json_put_text(out, "fallback", str_of(gate_fallbacks[p->fallback]));
	json_close(out, '}');
	return RC_OK;
}

static bool is_one(const struct str *list, size_t n, struct str id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].n && str_eq(list[i], id))
			return true;
	return false;
}

/* Only what opens one of these lanes; who left them says so by having no right. */
static bool opens_any(struct ctx *c, const struct writing *w, struct str rights)
{
	const struct json *list = access_json_of(c, rights);

	for (const struct json *j = list ? list->child : NULL; j; j = j->next)
		if (is_one(w->doors, w->n, json_get_text(j, "door_id")) ||
		    is_one(w->groups, w->n, json_get_text(j, "group_id")))
			return true;
	return false;
}

static enum rc put_credential(struct ctx *c, void *row, void *arg)
{
	const struct credential_row *r = row;
	struct writing *w = arg;
	struct buf *out = w->k->out;
	bool here = opens_any(c, w, r->rights);

	w->last = r->change_no;
	w->rows++;
	json_open(out, '{');
	json_put_text(out, "mac", r->token_mac);
	json_put_text(out, "method", str_of(gate_methods[r->method]));
	json_put_text(out, "state", str_of(gate_states[here ? r->state : GATE_REVOKED]));
	if (here && r->state == GATE_ACTIVE) {
		json_put_text(out, "holder", str_of(gate_holders[r->holder]));
		json_put_time(out, "from_at", r->from_at);
		json_put_time(out, "to_at", r->to_at);
		json_put_bool(out, "roams", r->roams);
		json_put_bool(out, "rescue", r->rescue);
		json_put_raw(out, "rights", r->rights);
	}
	json_close(out, '}');
	return out->overflow ? RC_LIMIT : RC_OK;
}

static enum rc put_rest(struct ctx *c, struct writing *w, int64_t since)
{
	struct buf *out = w->k->out;

	json_key(out, "schedules");
	json_open(out, '[');
	TRY(entity_each(c, &access_schedule, "1 = 1 ORDER BY id LIMIT 500", NO_ARGS, put_schedule, w));
	json_close(out, ']');
	json_key(out, "policies");
	json_open(out, '[');
	TRY(entity_each(c, &access_policy, "state = 'on' ORDER BY id LIMIT 500", NO_ARGS, put_policy, w));
	json_close(out, ']');
	w->last = since;
	json_key(out, "credentials");
	json_open(out, '[');
	TRY(entity_each(c, &access_credential, "change_no > $1 ORDER BY change_no LIMIT 1000", ARGS(V_INT(since)),
			put_credential, w));
	json_close(out, ']');
	return RC_OK;
}

enum rc access_list_route(struct ctx *c, struct call *k)
{
	struct writing *w = NEW(c->arena, struct writing);
	struct device_ref d;
	int64_t since = 0, no;

	TRY(sensing_authenticate(c, &d));
	if (request_query(c, "since").n && str_int(request_query(c, "since"), &since) != RC_OK)
		return FAIL(c, RC_INVALID, "out_of_range", STR("since"), "a number");
	TRY(access_list_number(c, &no));
	w->c = c;
	w->k = k;
	json_open(k->out, '{');
	json_put_int(k->out, "version", no);
	json_put_time(k->out, "made_at", c->now);
	json_put_time(k->out, "good_until", c->now + GOOD_H * HOUR);
	json_put_int(k->out, "tz_offset_s", ACCESS_TZ_S);
	json_put_text(k->out, "token_key", access_list_key(c));
	json_put_text(k->out, "pass_key", pass_public(c));
	json_key(k->out, "lanes");
	json_open(k->out, '[');
	TRY(entity_each(c, &access_lane, "device_id = $1 ORDER BY id LIMIT 64", ARGS(V_STR(d.id)), put_lane, w));
	json_close(k->out, ']');
	if (w->n == 0)
		return FAIL(c, RC_INVALID, "no_lane", NO_STR, "this device stands at no lane that is on");
	TRY(put_rest(c, w, since));
	json_put_bool(k->out, "more", w->rows == PAGE);
	json_put_int(k->out, "next", w->last);
	json_close(k->out, '}');
	response_header(k->rs, "Jiuan-Signature", pass_sign(c, buf_str(k->out)));
	return RC_OK;
}

/* ---- what has arrived ------------------------------------------------------------------- */

struct acking {
	struct device_ref device;
	int64_t version;
};

enum rc ack_prepare(struct ctx *c, struct call *k)
{
	struct acking *a = NEW(c->arena, struct acking);
	int64_t no;

	TRY(sensing_authenticate(c, &a->device));
	TRY(access_list_number(c, &no));
	a->version = json_get_int(k->in, "version", -1);
	if (a->version < 0 || a->version > no)
		return FAIL(c, RC_INVALID, "out_of_range", STR("version"), "a version of this node's list");
	k->prepared = a;
	return RC_OK;
}

enum rc ack_run(struct ctx *c, struct call *k)
{
	struct acking *a = k->prepared;

	return db_run(c,
		      "INSERT INTO access_list (device_id, has_no, acked_at) VALUES ($1, $2, $3)"
		      " ON CONFLICT (device_id) DO UPDATE SET has_no = excluded.has_no, acked_at = excluded.acked_at",
		      ARGS(V_STR(a->device.id), V_INT(a->version), V_INT(c->now)), NULL);
}

struct doors {
	struct ctx *c;
	struct buf *out;
	const struct json *rights;
	int64_t change_no;
};

/* live: the node itself decides there, so it is so at once. */
static enum rc put_door(void *arg, const struct row *r)
{
	struct doors *d = arg;
	bool copy = r->v[4].kind == VAL_INT, here = false;

	for (const struct json *j = d->rights ? d->rights->child : NULL; j && !here; j = j->next) {
		struct str door = json_get_text(j, "door_id"), group = json_get_text(j, "group_id");

		here = (door.n && str_eq(door, r->v[2].s)) ||
		       (group.n && r->v[3].kind == VAL_TEXT && str_eq(group, r->v[3].s));
	}
	if (!here)
		return RC_OK;
	json_open(d->out, '{');
	json_put_text(d->out, "lane_id", r->v[0].s);
	json_put_text(d->out, "name", r->v[1].s);
	json_put_text(d->out, "door_id", r->v[2].s);
	json_put_text(d->out, "delivery",
		      !copy                       ? STR("live")
		      : r->v[4].i >= d->change_no ? STR("delivered")
						  : STR("pending"));
	json_put_time(d->out, "delivered_at", copy && r->v[4].i >= d->change_no ? r->v[5].i : 0);
	json_close(d->out, '}');
	return RC_OK;
}

enum rc doors_route(struct ctx *c, struct call *k)
{
	struct credential_row r;

	TRY(entity_load(c, &access_credential, k->id, &r));
	struct doors d = { c, k->out, access_json_of(c, r.rights), r.change_no };

	json_open(k->out, '{');
	json_put_text(k->out, "state", str_of(gate_states[r.state]));
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(db_each(c,
		    "SELECT l.id, l.name, l.door_id, d.group_id, a.has_no, a.acked_at FROM access_lane l"
		    " JOIN access_door d ON d.id = l.door_id LEFT JOIN access_list a ON a.device_id = l.device_id"
		    " WHERE l.state = 'on' ORDER BY l.id LIMIT 1000",
		    NO_ARGS, put_door, &d));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}
