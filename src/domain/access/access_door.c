/* access_door.c - doors: their modes by timetable and by hand, anti-passback,
 * what their contact says. */
#include "domain/access/access_inner.h"

enum { HELD_S = 60, OVERRIDE_DAYS = 7 };

static const char *const door_states[] = { "on", "off", NULL };
const char *const access_contacts[] = { "unknown", "shut", "open", "forced", "held", NULL };

static const struct field door_fields[] = {
	F_STD(struct door_row),
	F_TEXT(struct door_row, name, 1, 100, REQUIRED | P1),
	F_REF(struct door_row, place_id, "places.place", REQUIRED | FILTER | P1),
	F_PATH(struct door_row, place_path, DERIVED | P1),
	F_REF(struct door_row, area_id, "places.place", FILTER | P1),
	F_PATH(struct door_row, area_path, DERIVED | P1),
	F_REF(struct door_row, group_id, "access.group", FILTER | P1),
	F_ENUM(struct door_row, mode, gate_modes, P1),
	F_JSON(struct door_row, mode_rules, 2000, P1),
	F_ENUM(struct door_row, override_mode, gate_modes, DERIVED | P1),
	F_TIME(struct door_row, override_until, DERIVED | P1),
	F_ENUM(struct door_row, passback, gate_passbacks, P1),
	F_ENUM(struct door_row, passback_scope, gate_scopes, P1),
	F_INT(struct door_row, passback_min, 1, 7 * 24 * 60, P1),
	F_TIME(struct door_row, forgiven_at, DERIVED | P1),
	F_INT(struct door_row, held_s, 5, 3600, P1),
	F_ENUM(struct door_row, state, door_states, DERIVED | FILTER | P1),
	F_ENUM(struct door_row, contact, access_contacts, DERIVED | FILTER | P1),
	F_TIME(struct door_row, contact_at, DERIVED | P1),
};

static enum rc check_rules(struct ctx *c, const struct door_row *d)
{
	const struct json *list = access_json_of(c, d->mode_rules);
	struct schedule_row s;

	if (list && (list->kind != J_LIST || list->n > GATE_MODES_MAX))
		return FAIL(c, RC_INVALID, "too_many", STR("mode_rules"), "a list of at most %d rules", GATE_MODES_MAX);
	for (const struct json *j = list ? list->child : NULL; j; j = j->next) {
		if (gate_word(gate_modes, json_get_text(j, "mode")) < 0)
			return FAIL(c, RC_INVALID, "unknown_word", STR("mode_rules"), "a rule has a mode");
		TRY(access_row_of(c, &access_schedule, json_get_text(j, "schedule_id"), "mode_rules", &s));
		if (!ctx_may_at(c, "access.read", s.place_path))
			return FAIL(c, RC_INVALID, "unknown_ref", STR("mode_rules"), "no such schedule");
	}
	return RC_OK;
}

static enum rc door_save(struct ctx *c, void *row, const struct json *in)
{
	struct door_row *d = row;
	struct place_ref place;
	struct group_row g;

	(void)in;
	TRY(access_place_of(c, d->place_id, "place_id", "access.manage", &place));
	d->place_path = place.path;
	d->area_path = NO_STR;
	if (d->area_id.n) {
		TRY(access_place_of(c, d->area_id, "area_id", "access.manage", &place));
		d->area_path = place.path;
	}
	if (d->group_id.n) {
		TRY(access_row_of(c, &access_group, d->group_id, "group_id", &g));
		if (!access_lies_in(d->place_path, g.place_path))
			return FAIL(c, RC_INVALID, "other_place", STR("group_id"), "the group belongs elsewhere");
	}
	if (d->held_s == NO_INT)
		d->held_s = HELD_S;
	TRY(check_rules(c, d));
	return access_list_changed(c, NULL);
}

/* ---- steps ------------------------------------------------------------------------- */

/* By hand, with an end: nothing set by hand stays for ever. */
static enum rc set_by_hand(struct ctx *c, void *row, const struct json *in)
{
	struct door_row *d = row;

	(void)in;
	if (d->override_until <= c->now || d->override_until > c->now + OVERRIDE_DAYS * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("override_until"), "ends within %d days from now",
			    OVERRIDE_DAYS);
	return access_list_changed(c, NULL);
}

static enum rc restore(struct ctx *c, void *row, const struct json *in)
{
	struct door_row *d = row;

	(void)in;
	d->override_until = 0;
	d->override_mode = GATE_NORMAL;
	return access_list_changed(c, NULL);
}

/* Everybody may come in again, whatever way they went last. */
static enum rc forgive(struct ctx *c, void *row, const struct json *in)
{
	(void)in;
	((struct door_row *)row)->forgiven_at = c->now;
	return access_list_changed(c, NULL);
}

static enum rc switched(struct ctx *c, void *row, const struct json *in)
{
	(void)row;
	(void)in;
	return access_list_changed(c, NULL);
}

static const char *const takes_mode[] = { "override_mode", "override_until", NULL };
static const struct step door_steps[] = {
	{ "set_mode", IN(DOOR_ON), STAY, "access.gate", SEE_PLACE, takes_mode, set_by_hand },
	{ "restore", IN(DOOR_ON), STAY, "access.gate", SEE_PLACE, NULL, restore },
	{ "forgive", IN(DOOR_ON), STAY, "access.gate", SEE_PLACE, NULL, forgive },
	{ "switch_off", IN(DOOR_ON), DOOR_OFF, "access.manage", SEE_PLACE, NULL, switched },
	{ "switch_on", IN(DOOR_OFF), DOOR_ON, "access.manage", SEE_PLACE, NULL, switched },
};
static const struct see door_see[] = { { "access.read", SEE_PLACE }, { 0 } };
static const struct sort door_sorts[] = { { "name", { "name" } }, { 0 } };

const struct entity access_door = {
	.module = "access",
	.name = "door",
	.table = "access_door",
	.size = sizeof(struct door_row),
	.fields = door_fields,
	.n_fields = COUNT(door_fields),
	.see = door_see,
	.perm = { .create = "access.manage", .update = "access.manage" },
	.place = "place_path",
	.state = "state",
	.steps = door_steps,
	.n_steps = COUNT(door_steps),
	.sorts = door_sorts,
	.on_create = door_save,
	.on_update = door_save,
	.purpose = "entry",
	.basis = "contract",
};
