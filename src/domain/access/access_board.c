/* access_board.c - the guard's lanes, how many are inside and how sure that is,
 * and the list of names when a building must be left. */
#include "domain/access/access_inner.h"
#include "domain/people/people.h"

enum { LANES_MOST = 200, LAST = 5, LOOK_BACK = 5000, MUSTER_MOST = 2000, MUSTER_DAYS = 7 };

/* ---- lanes ----------------------------------------------------------------------- */

struct board {
	struct ctx *c;
	struct buf *out;
	int64_t newest;
};

static enum rc put_last(struct ctx *c, struct board *b, struct str lane_id)
{
	json_key(b->out, "passes");
	return db_json(c, b->out,
		       "SELECT seq, method, verdict, reason, direction, device_at, late AS is_late FROM access_pass"
		       " WHERE lane_id = $1 AND seq > $2 ORDER BY seq DESC LIMIT 5",
		       ARGS(V_STR(lane_id), V_INT(b->newest - LOOK_BACK)));
}

static enum rc put_lane(struct ctx *c, void *row, void *arg)
{
	struct lane_row *lane = row;
	struct board *b = arg;
	struct scene *s = NEW(c->arena, struct scene);
	struct gate_keypad keypad;
	struct times t = access_times_now(c);
	int64_t waiting;

	if (!ctx_may_at(c, "access.read", lane->place_path))
		return RC_OK;
	TRY(scene_load(c, lane, s));
	TRY(keypad_load(c, lane->std.id, &keypad));
	TRY(db_int(c, "SELECT count(*) FROM access_wait WHERE lane_id = $1 AND state = 'waiting' AND until_at > $2",
		   ARGS(V_STR(lane->std.id), V_INT(c->now)), 0, &waiting));
	json_open(b->out, '{');
	json_put_text(b->out, "lane_id", lane->std.id);
	json_put_text(b->out, "name", lane->name);
	json_put_text(b->out, "door_id", s->door.std.id);
	json_put_text(b->out, "door_name", s->door.name);
	json_put_text(b->out, "place_path", lane->place_path);
	json_put_text(b->out, "direction", str_of(gate_directions[lane->direction]));
	json_put_bool(b->out, "is_on", lane->state == LANE_ON);
	json_put_text(b->out, "mode", str_of(gate_modes[gate_mode_now(&s->list, &s->gate, &s->state, t.now)]));
	json_put_text(b->out, "alarm", str_of(gate_alarms[s->state.alarm]));
	json_put_time(b->out, "alarm_until", s->state.alarm_until);
	json_put_text(b->out, "contact", str_of(access_contacts[s->door.contact]));
	json_put_time(b->out, "contact_at", s->door.contact_at);
	json_put_int(b->out, "waiting", waiting);
	json_put_time(b->out, "codes_closed_until", gate_keypad_closed(&keypad, t.now));
	json_put_int(b->out, "wrong_codes", keypad.n_day);
	TRY(put_last(c, b, lane->std.id));
	json_close(b->out, '}');
	return arena_check(c->arena);
}

enum rc access_board_route(struct ctx *c, struct call *k)
{
	struct board b = { .c = c, .out = k->out };

	TRY(db_int(c, "SELECT max(seq) FROM access_pass", NO_ARGS, 0, &b.newest));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(entity_each(c, &access_lane, "1 = 1 ORDER BY name, id LIMIT 200", NO_ARGS, put_lane, &b));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- how many are inside ---------------------------------------------------------------- */

enum rc occupancy_route(struct ctx *c, struct call *k)
{
	struct scope *s;
	size_t n;

	ctx_scopes(c, "access.read", &s, &n);
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	struct buf *out = k->out;

	for (size_t i = 0; i < n; i++) {
		struct buf part = buf_new(c->arena, 1 << 20);

		TRY(db_json(c, &part,
			    "SELECT a.area_id AS area_id, a.place_path AS place_path, a.inside AS inside, a.unsure AS "
			    "unsure,"
			    " a.reconciled_at AS reconciled_at, (SELECT max(f.at) FROM access_fix f WHERE f.area_id = "
			    "a.area_id)"
			    " AS fixed_at FROM access_area a WHERE a.place_path >= $1 AND a.place_path < $2"
			    " ORDER BY a.place_path LIMIT 500",
			    ARGS(V_STR(s[i].from), V_STR(s[i].to))));
		const struct json *list = access_json_of(c, buf_str(&part));

		for (const struct json *j = list ? list->child : NULL; j; j = j->next)
			json_raw(out, j->raw);
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

/* {"inside", "reason"}: somebody counted. */
enum rc access_correct_route(struct ctx *c, struct call *k)
{
	int64_t inside = json_get_int(k->in, "inside", -1), was;
	struct str reason = str_trim(json_get_text(k->in, "reason"));
	struct place_ref area;

	TRY(places_get(c, k->id, "id", &area));
	if (!ctx_may_at(c, "access.gate", area.path))
		return FAIL(c, RC_MISSING, "not_found", STR("id"), "no such area");
	if (inside < 0 || inside > 1000000)
		return FAIL(c, RC_INVALID, "out_of_range", STR("inside"), "0 to 1,000,000");
	if (reason.n < 2 || reason.n > 500)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "how was it counted?");
	TRY(db_int(c, "SELECT inside FROM access_area WHERE area_id = $1", ARGS(V_STR(area.id)), 0, &was));
	TRY(db_run(c,
		   "INSERT INTO access_area (area_id, place_path, inside, unsure, reconciled_at) VALUES ($1, $2, $3, "
		   "0, $4)"
		   " ON CONFLICT (area_id) DO UPDATE SET inside = excluded.inside, unsure = 0,"
		   " reconciled_at = excluded.reconciled_at",
		   ARGS(V_STR(area.id), V_STR(area.path), V_INT(inside), V_INT(c->now)), NULL));
	TRY(db_run(c,
		   "INSERT INTO access_fix (id, area_id, at, made_by, was, now_is, reason) VALUES ($1, $2, $3, $4, $5, "
		   "$6, $7)",
		   ARGS(V_STR(ctx_new_id(c)), V_STR(area.id), V_INT(c->now), V_STR(c->who.id), V_INT(was),
			V_INT(inside), V_STR(reason)),
		   NULL));
	TRY(audit(c, STR("access.occupancy.correct"),
		  &(struct about){ .entity = "access.occupancy", .id = area.id, .place_path = area.path },
		  arena_fmt(c->arena, "{\"was\":%lld,\"now\":%lld}", (long long)was, (long long)inside)));
	json_open(k->out, '{');
	json_put_text(k->out, "area_id", area.id);
	json_put_int(k->out, "was", was);
	json_put_int(k->out, "inside", inside);
	json_put_int(k->out, "unsure", 0);
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- who was last seen inside ----------------------------------------------------------------- */

struct muster {
	struct ctx *c;
	struct str *ids;
	int64_t *at;
	size_t n;
};

static enum rc take_inside(void *arg, const struct row *r)
{
	struct muster *m = arg;

	m->ids[m->n] = arena_dup(m->c->arena, r->v[0].s);
	m->at[m->n++] = r->v[1].i;
	return RC_OK;
}

static enum rc name_inside(struct ctx *c, struct str credential, const struct str *said, struct buf *out)
{
	struct credential_row k;
	struct code_row code;
	struct str name = NO_STR;
	bool found, visitor = false;

	TRY(entity_find(c, &access_credential, "id = $1", ARGS(V_STR(credential)), &k, &found));
	if (found && k.person_id.n) {
		TRY(people_name(c, k.person_id, &name));
		TRY(note_look(c, "people.person", k.person_id, k.person_id, STR("name"), said[0], said[1]));
		json_put_text(out, "holder", str_of(gate_holders[k.holder]));
	} else if (!found) {
		TRY(entity_find(c, &access_code, "id = $1", ARGS(V_STR(credential)), &code, &visitor));
	}
	if (visitor) {
		TRY(db_text(c, "SELECT name FROM access_visit WHERE id = $1", ARGS(V_STR(code.visit_id)), &name));
		TRY(note_look(c, "access.visit", code.visit_id, NO_STR, STR("name"), said[0], said[1]));
		json_put_text(out, "holder", str_of(gate_holders[code.holder]));
		json_put_text(out, "unit", code.unit);
	}
	json_put_text(out, "name", name);
	return RC_OK;
}

/* {"area_id", "reason"}: only while an evacuation is on there; every name is a
 * look on record. */
enum rc muster_route(struct ctx *c, struct call *k)
{
	struct str reason = str_trim(json_get_text(k->in, "reason")), said[2] = { STR("evacuation"), reason };
	struct muster m = { c, NEW_N(c->arena, struct str, MUSTER_MOST), NEW_N(c->arena, int64_t, MUSTER_MOST), 0 };
	struct place_ref area;
	int64_t on;

	TRY(places_get(c, json_get_text(k->in, "area_id"), "area_id", &area));
	if (!ctx_may_at(c, "access.muster", area.path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("area_id"), "no such place");
	if (reason.n < 2 || reason.n > 500)
		return FAIL(c, RC_INVALID, "required", STR("reason"), "why are the names needed?");
	TRY(db_int(c,
		   "SELECT count(*) FROM access_emergency WHERE state = 'on' AND kind = 'evacuation' AND until_at > $1"
		   " AND (substr($2, 1, length(place_path)) = place_path OR substr(place_path, 1, length($2)) = $2)",
		   ARGS(V_INT(c->now), V_STR(area.path)), 0, &on));
	if (on == 0)
		return FAIL(c, RC_CONFLICT, "no_evacuation", STR("area_id"), "nobody is being counted there");
	TRY(db_each(c,
		    "SELECT a.credential_id, i.at FROM access_inside i JOIN access_alias a ON a.alias = i.alias"
		    " WHERE i.scope = $1 AND i.direction = 'in' AND i.at > $2 ORDER BY i.at DESC LIMIT 2000",
		    ARGS(V_STR(area.id), V_INT(c->now - MUSTER_DAYS * DAY)), take_inside, &m));
	json_open(k->out, '{');
	json_put_text(k->out, "area_id", area.id);
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < m.n; i++) {
		json_open(k->out, '{');
		json_put_time(k->out, "seen_at", m.at[i]);
		TRY(name_inside(c, m.ids[i], said, k->out));
		json_close(k->out, '}');
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}
