/* access_lane.c - lanes: one line through a door with its device and the ways
 * through it; and the keypad's tries. */
#include "domain/access/access_inner.h"

static const char *const lane_states[] = { "off", "on", NULL };

static const struct field lane_fields[] = {
	F_STD(struct lane_row),
	F_TEXT(struct lane_row, name, 1, 100, REQUIRED | P1),
	F_REF(struct lane_row, door_id, "access.door", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct lane_row, place_path, DERIVED | P1),
	F_ENUM(struct lane_row, direction, gate_directions, REQUIRED | P1),
	F_JSON(struct lane_row, ways, 2000, REQUIRED | P1),
	F_INT(struct lane_row, least_permille, 500, 1000, P1),
	F_REF(struct lane_row, device_id, "sensing.device", FILTER | P1),
	F_TEXT(struct lane_row, assessment, 3, 200, P1),
	F_ENUM(struct lane_row, state, lane_states, DERIVED | FILTER | P1),
};

enum { PERMILLE = 850 };

static enum rc check_device(struct ctx *c, const struct lane_row *l)
{
	struct device_ref d;
	enum rc rc;

	if (l->device_id.n == 0)
		return RC_OK;
	rc = sensing_device_get(c, l->device_id, &d);
	if (rc == RC_MISSING || (rc == RC_OK && !ctx_may_at(c, "access.manage", d.place_path)))
		return FAIL(c, RC_INVALID, "unknown_device", STR("device_id"), "no such device");
	return rc;
}

static enum rc lane_save(struct ctx *c, void *row, const struct json *in)
{
	struct lane_row *l = row;
	struct door_row d;

	(void)in;
	TRY(access_row_of(c, &access_door, l->door_id, "door_id", &d));
	if (!ctx_may_at(c, "access.manage", d.place_path))
		return FAIL(c, RC_INVALID, "unknown_ref", STR("door_id"), "no such door");
	l->place_path = d.place_path;
	if (l->least_permille == NO_INT)
		l->least_permille = PERMILLE;
	TRY(check_device(c, l));
	TRY(ways_check(c, l));
	return access_list_changed(c, NULL);
}

static enum rc switch_on(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	TRY(ways_check(c, row));
	return access_list_changed(c, NULL);
}

static enum rc switch_off(struct ctx *c, void *row, const struct json *in)
{
	(void)row;
	(void)in;
	return access_list_changed(c, NULL);
}

/* A guard has looked at who types there. */
static enum rc unlock(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	return db_run(c, "DELETE FROM access_keypad WHERE lane_id = $1", ARGS(V_STR(((struct lane_row *)row)->std.id)),
		      NULL);
}

static const struct step lane_steps[] = {
	{ "switch_on", IN(LANE_OFF), LANE_ON, "access.manage", SEE_PLACE, NULL, switch_on },
	{ "switch_off", IN(LANE_ON), LANE_OFF, "access.manage", SEE_PLACE, NULL, switch_off },
	{ "unlock", IN(LANE_ON), STAY, "access.gate", SEE_PLACE, NULL, unlock },
};
static const struct see lane_see[] = { { "access.read", SEE_PLACE }, { 0 } };
static const struct sort lane_sorts[] = { { "name", { "name" } }, { 0 } };

const struct entity access_lane = {
	.module = "access",
	.name = "lane",
	.table = "access_lane",
	.size = sizeof(struct lane_row),
	.fields = lane_fields,
	.n_fields = COUNT(lane_fields),
	.see = lane_see,
	.perm = { .create = "access.manage", .update = "access.manage" },
	.place = "place_path",
	.state = "state",
	.steps = lane_steps,
	.n_steps = COUNT(lane_steps),
	.sorts = lane_sorts,
	.on_create = lane_save,
	.on_update = lane_save,
	.purpose = "entry",
	.basis = "contract",
};

enum rc lane_of_device(struct ctx *c, struct str device_id, struct str lane_id, struct lane_row *ret)
{
	bool found;

	TRY(entity_find(c, &access_lane, "device_id = $1 AND ($2 = '' OR id = $2) ORDER BY id",
			ARGS(V_STR(device_id), V_STR(lane_id.p ? lane_id : STR(""))), ret, &found));
	if (!found)
		return FAIL(c, RC_INVALID, "no_lane", STR("lane"), "this device stands at no such lane");
	return RC_OK;
}

/* ---- the keypad ----------------------------------------------------------------------- */

static enum rc take_keypad(void *arg, const struct row *r)
{
	*(struct gate_keypad *)arg = (struct gate_keypad){
		.last_at = r->v[0].i, .day_at = r->v[1].i, .n_short = r->v[2].i, .n_day = r->v[3].i
	};
	return RC_OK;
}

enum rc keypad_load(struct ctx *c, struct str lane_id, struct gate_keypad *k)
{
	*k = (struct gate_keypad){ 0 };
	return db_each(c, "SELECT last_at, day_at, n_short, n_day FROM access_keypad WHERE lane_id = $1",
		       ARGS(V_STR(lane_id)), take_keypad, k);
}

enum rc keypad_save(struct ctx *c, struct str lane_id, const struct gate_keypad *k)
{
	return db_run(c,
		      "INSERT INTO access_keypad (lane_id, last_at, day_at, n_short, n_day) VALUES ($1, $2, $3, $4, $5)"
		      " ON CONFLICT (lane_id) DO UPDATE SET last_at = excluded.last_at, day_at = excluded.day_at,"
		      " n_short = excluded.n_short, n_day = excluded.n_day",
		      ARGS(V_STR(lane_id), V_INT(k->last_at), V_INT(k->day_at), V_INT(k->n_short), V_INT(k->n_day)),
		      NULL);
}
