/* access_load.c - rows of one lane as the gate's decision wants them. */
#include "base/national.h"
#include "domain/access/access_inner.h"

/* ---- schedules, by the order they are met ------------------------------------------ */

static enum rc schedule_no(struct ctx *c, struct scene *s, struct str id, uint32_t *no)
{
	struct schedule_row row;

	*no = 0;
	if (id.n == 0)
		return RC_OK;
	for (uint32_t i = 0; i < s->list.n_schedules; i++)
		if (str_eq(s->ids[i], id)) {
			*no = i + 1;
			return RC_OK;
		}
	if (s->list.n_schedules == COUNT(s->ids))
		return FAIL(c, RC_LIMIT, "too_many", STR("schedule_id"), "too many schedules at one lane");
	TRY(access_row_of(c, &access_schedule, id, "schedule_id", &row));
	TRY(schedule_read(c, &row, &s->schedules[s->list.n_schedules]));
	s->ids[s->list.n_schedules++] = id;
	s->list.schedules = s->schedules;
	*no = s->list.n_schedules;
	return RC_OK;
}

/* ---- ways and modes ------------------------------------------------------------------- */

static enum rc read_ways(struct ctx *c, struct scene *s)
{
	const struct json *list = access_json_of(c, s->lane.ways);

	if (list == NULL || list->kind != J_LIST || list->n > GATE_WAYS_MAX)
		return FAIL(c, RC_INVALID, "bad_way", STR("ways"), "a list of at most %d ways", GATE_WAYS_MAX);
	for (const struct json *j = list->child; j; j = j->next) {
		int method = gate_word(gate_methods, json_get_text(j, "method"));
		int64_t steps = json_get_int(j, "steps", 1);
		struct gate_way *w = &s->gate.ways[s->gate.n_ways++];

		if (method < 0 || steps < 1 || steps > 9)
			return FAIL(c, RC_INVALID, "bad_way", STR("ways"), "a way has a method, steps from 1 to 9");
		*w = (struct gate_way){ .method = (uint8_t)method, .steps = (uint8_t)steps };
		TRY(schedule_no(c, s, json_get_text(j, "schedule_id"), &w->schedule));
	}
	return RC_OK;
}

enum rc ways_check(struct ctx *c, const struct lane_row *lane)
{
	struct scene *s = NEW(c->arena, struct scene);

	s->lane = *lane;
	TRY(read_ways(c, s));
	const char *wrong = gate_ways_check(&s->list, s->gate.ways, s->gate.n_ways);

	if (wrong)
		return FAIL(c, RC_INVALID, wrong, STR("ways"),
			    "a terminal that knows faces needs an equal way beside it: all its hours, no more steps");
	for (unsigned i = 0; i < s->gate.n_ways; i++)
		if (s->gate.ways[i].method == GATE_FACE && lane->assessment.n == 0)
			return FAIL(c, RC_INVALID, "required", STR("assessment"),
				    "a terminal that knows faces needs its impact assessment on record");
	return RC_OK;
}

static enum rc read_modes(struct ctx *c, struct scene *s)
{
	const struct json *list = access_json_of(c, s->door.mode_rules);

	for (const struct json *j = list ? list->child : NULL; j && s->gate.n_modes < GATE_MODES_MAX; j = j->next) {
		struct gate_mode_rule *m = &s->gate.modes[s->gate.n_modes++];
		int mode = gate_word(gate_modes, json_get_text(j, "mode"));

		m->mode = (uint8_t)(mode < 0 ? GATE_CLOSED : mode);
		TRY(schedule_no(c, s, json_get_text(j, "schedule_id"), &m->schedule));
	}
	return RC_OK;
}

/* ---- what is in force ------------------------------------------------------------------- */

static uint8_t holders(struct ctx *c, struct str text)
{
	const struct json *list = access_json_of(c, text);
	unsigned bits = 0;

	for (const struct json *j = list ? list->child : NULL; j; j = j->next) {
		int h = gate_word(gate_holders, j->text);

		bits |= h < 0 ? 0 : 1u << h;
	}
	return (uint8_t)bits;
}

enum { POLICIES_MOST = 32 };
struct policies {
	struct scene *s;
	struct gate_policy *v;
};

static enum rc take_policy(struct ctx *c, void *row, void *arg)
{
	const struct policy_row *p = row;
	struct policies *l = arg;
	struct scene *s = l->s;

	if (s->list.n_policies == POLICIES_MOST ||
	    !access_lies_in(s->door.area_path.n ? s->door.area_path : s->door.place_path, p->place_path))
		return RC_OK;
	s->policy_ids[s->list.n_policies] = p->std.id;
	l->v[s->list.n_policies++] = (struct gate_policy){ .area = 1,
							   .from_at = p->from_at,
							   .to_at = p->to_at,
							   .refuses = holders(c, p->refuses),
							   .asks = holders(c, p->asks),
							   .most_dc = (int16_t)(p->most_dc == NO_INT ? 0 : p->most_dc),
							   .scans = p->scans,
							   .fallback = (uint8_t)p->fallback };
	return RC_OK;
}

static enum rc load_policies(struct ctx *c, struct scene *s)
{
	struct policies l = { s, NEW_N(c->arena, struct gate_policy, POLICIES_MOST) };

	s->policy_ids = NEW_N(c->arena, struct str, POLICIES_MOST);
	s->list.policies = l.v;
	return entity_each(c, &access_policy, "state = 'on' ORDER BY id LIMIT 500", NO_ARGS, take_policy, &l);
}

/* Of several the strictest to people's lives: out comes before shut in. */
static enum rc take_emergency(struct ctx *c, void *row, void *arg)
{
	const struct emergency_row *e = row;
	struct scene *s = arg;
	uint8_t alarm = e->kind == 0 ? GATE_LOCKDOWN : GATE_EVACUATION;

	if (!access_lies_in(s->door.place_path, e->place_path) || e->until_at <= access_times_now(c).now)
		return RC_OK;
	if (alarm > s->state.alarm || (alarm == s->state.alarm && e->until_at > s->state.alarm_until)) {
		s->state.alarm = alarm;
		s->state.alarm_until = e->until_at;
	}
	return RC_OK;
}

enum rc scene_load(struct ctx *c, struct lane_row *lane, struct scene *s)
{
	TRY(access_row_of(c, &access_door, lane->door_id, "door_id", &s->door));
	s->lane = *lane;
	s->group_id = s->door.group_id;
	s->list.tz_offset_s = ACCESS_TZ_S;
	s->gate = (struct gate_lane){ .door = 1,
				      .n_groups = s->group_id.n ? 1 : 0,
				      .groups = { 1 },
				      .n_areas = 1,
				      .areas = { 1 },
				      .direction = (uint8_t)lane->direction,
				      .mode = (uint8_t)s->door.mode,
				      .passback = (uint8_t)s->door.passback,
				      .scope = (uint8_t)s->door.passback_scope,
				      .passback_us = s->door.passback_min == NO_INT ? 0 : s->door.passback_min * MINUTE,
				      .least_permille = (int32_t)lane->least_permille };
	s->state = (struct gate_lane_state){ .override_mode = (uint8_t)s->door.override_mode,
					     .override_until = s->door.override_until,
					     .forgiven_at = s->door.forgiven_at };
	TRY(read_ways(c, s));
	TRY(read_modes(c, s));
	TRY(load_policies(c, s));
	return entity_each(c, &access_emergency, "state = 'on' ORDER BY id LIMIT 500", NO_ARGS, take_emergency, s);
}

/* ---- rights ---------------------------------------------------------------------------------- */

static enum rc right_time(struct ctx *c, const struct json *j, const char *key, int64_t *ret)
{
	const struct json *v = json_get(j, key);

	*ret = 0;
	if (v == NULL || v->kind == J_NULL)
		return RC_OK;
	if (v->kind != J_TEXT || time_parse(v->text, ret) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_right", STR("rights"), "%s is a time", key);
	return RC_OK;
}

static enum rc check_right(struct ctx *c, const struct json *j)
{
	struct str group = json_get_text(j, "group_id"), door = json_get_text(j, "door_id"),
		   schedule = json_get_text(j, "schedule_id");
	struct group_row g;
	struct door_row d;
	struct schedule_row s;
	int64_t from, to;

	if ((group.n != 0) == (door.n != 0))
		return FAIL(c, RC_INVALID, "bad_right", STR("rights"), "a right names a group_id or a door_id");
	if (group.n)
		TRY(access_row_of(c, &access_group, group, "rights", &g));
	else
		TRY(access_row_of(c, &access_door, door, "rights", &d));
	if (!ctx_may_at(c, "access.credential.manage", group.n ? g.place_path : d.place_path))
		return FAIL(c, RC_INVALID, "unknown_ref", STR("rights"), "no such door");
	if (schedule.n)
		TRY(access_row_of(c, &access_schedule, schedule, "rights", &s));
	TRY(right_time(c, j, "from_at", &from));
	TRY(right_time(c, j, "to_at", &to));
	return to && to <= from ? FAIL(c, RC_INVALID, "bad_right", STR("rights"), "a right ends after it begins")
				: RC_OK;
}

enum rc rights_check(struct ctx *c, struct str json, struct str path)
{
	const struct json *list = access_json_of(c, json);

	(void)path;
	if (list == NULL || list->kind != J_LIST || list->n == 0 || list->n > RIGHTS_MOST)
		return FAIL(c, RC_INVALID, "bad_right", STR("rights"), "a list of 1 to %d rights", RIGHTS_MOST);
	for (const struct json *j = list->child; j; j = j->next)
		TRY(check_right(c, j));
	return RC_OK;
}

static enum rc read_rights(struct ctx *c, struct scene *s, struct held *h)
{
	const struct json *list = access_json_of(c, h->row.rights);

	for (const struct json *j = list ? list->child : NULL; j && h->gate.n_rights < RIGHTS_MOST; j = j->next) {
		struct gate_right *r = &h->rights[h->gate.n_rights++];
		struct str group = json_get_text(j, "group_id"), door = json_get_text(j, "door_id");

		/* Number 1 is here, 2 is elsewhere. */
		r->group = group.n == 0 ? 0 : s->group_id.n && str_eq(group, s->group_id) ? 1 : 2;
		r->door = door.n == 0 ? 0 : str_eq(door, s->door.std.id) ? 1 : 2;
		TRY(right_time(c, j, "from_at", &r->from_at));
		TRY(right_time(c, j, "to_at", &r->to_at));
		if (r->group == 1 || r->door == 1)
			TRY(schedule_no(c, s, json_get_text(j, "schedule_id"), &r->schedule));
	}
	return RC_OK;
}

/* ---- who holds this ------------------------------------------------------------------------------ */

enum rc token_tidy(struct ctx *c, unsigned method, struct str *token)
{
	*token = str_trim(*token);
	if (method == GATE_PLATE && plate_read(c->arena, *token, token) == PLATE_NONE)
		return FAIL(c, RC_INVALID, "no_plate", STR("token"), "no licence plate");
	return token->n ? RC_OK : FAIL(c, RC_INVALID, "required", STR("token"), "empty");
}

enum rc scene_credential(struct ctx *c, struct scene *s, unsigned method, struct str token, struct held **ret)
{
	struct held *h = NEW(c->arena, struct held);
	bool found;

	*ret = NULL;
	if (token.n == 0)
		return RC_OK;
	TRY(entity_find(c, &access_credential, "token_mac = $1", ARGS(V_STR(token_mac(c, method, token))), &h->row,
			&found));
	if (!found)
		return RC_OK;
	h->gate = (struct gate_credential){ .method = (uint8_t)h->row.method,
					    .state = (uint8_t)h->row.state,
					    .holder = (uint8_t)h->row.holder,
					    .roams = h->row.roams,
					    .rescue = h->row.rescue,
					    .from_at = h->row.from_at,
					    .to_at = h->row.to_at };
	TRY(read_rights(c, s, h));
	*ret = h;
	return RC_OK;
}
