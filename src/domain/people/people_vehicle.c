/* people_vehicle.c - cars and e-bikes: plate, frame, where it is charged, whose. */
#include "domain/people/people_register.h"
#include "base/national.h"

static const char *const kinds[] = { "car", "van", "truck", "motorcycle", "e_bike", "e_tricycle", "other", NULL };
static const char *const states[] = { "live", "retired", NULL };
/* Indoors is asked because it burns, not to be allowed. */
static const char *const charging[] = { "not_asked", "none", "shed", "cabinet", "pile", "indoors", "other", NULL };
enum { K_CAR, K_E_BIKE = 4, K_E_TRICYCLE, K_OTHER };
enum { V_LIVE, V_RETIRED };

struct vehicle {
	struct std std;
	struct str household_id, person_id, place_path, plate, frame_number, charging_place_id, confirmed_by_name;
	unsigned kind, plate_kind, charging, source, state;
	int64_t from_at, to_at, confirmed_at;
};
static const struct field fields[] = {
	F_STD(struct vehicle),
	F_REF(struct vehicle, household_id, "people.household", FIXED | FILTER | P1),
	F_REF(struct vehicle, person_id, "people.person", FIXED | FILTER | P2),
	F_PATH(struct vehicle, place_path, DERIVED | P1),
	F_ENUM(struct vehicle, kind, kinds, REQUIRED | FIXED | FILTER | P1),
	F_TAIL(struct vehicle, plate, 4, 30, P2, 2),
	F_ENUM(struct vehicle, plate_kind, plate_kinds, DERIVED | P1),
	F_TAIL(struct vehicle, frame_number, 5, 30, P2, 3),
	F_ENUM(struct vehicle, charging, charging, FILTER | P1),
	F_REF(struct vehicle, charging_place_id, "places.place", P1),
	F_ENUM(struct vehicle, source, register_sources, P1),
	F_ENUM(struct vehicle, state, states, DERIVED | FILTER | P1),
	F_TIME(struct vehicle, from_at, P1),
	F_TIME(struct vehicle, to_at, DERIVED | P1),
	F_TIME(struct vehicle, confirmed_at, DERIVED | P1),
	F_TEXT(struct vehicle, confirmed_by_name, 0, 60, DERIVED | P1),
};

static bool is_e_bike(const struct vehicle *v)
{
	return v->kind == K_E_BIKE || v->kind == K_E_TRICYCLE;
}

static enum rc check_plate(struct ctx *c, struct vehicle *v)
{
	int64_t taken;

	v->plate_kind = PLATE_NONE;
	if (v->plate.n == 0)
		return v->frame_number.n || v->kind == K_OTHER
			       ? RC_OK
			       : FAIL(c, RC_INVALID, "required", STR("plate"), "a plate or a frame number is needed");
	if (is_e_bike(v)) {
		if (!plate_read_e_bike(c->arena, v->plate, &v->plate))
			return FAIL(c, RC_INVALID, "bad_plate", STR("plate"), "4 to 12 letters and digits");
	} else {
		v->plate_kind = plate_read(c->arena, v->plate, &v->plate);
		if (v->plate_kind == PLATE_NONE)
			return FAIL(c, RC_INVALID, "bad_plate", STR("plate"), "not a licence plate");
	}
	TRY(db_int(c, "SELECT 1 FROM people_vehicle WHERE plate = $1 AND state = 'live' AND id <> $2",
		   ARGS(V_STR(v->plate), V_STR(v->std.id)), 0, &taken));
	return taken ? FAIL(c, RC_CONFLICT, "already_exists", STR("plate"), "this plate is in the register") : RC_OK;
}

static enum rc check_charging(struct ctx *c, const struct vehicle *v)
{
	struct place_ref place;

	if (v->charging_place_id.n == 0)
		return RC_OK;
	if (!is_e_bike(v) && v->charging < 2)
		return FAIL(c, RC_INVALID, "not_here", STR("charging_place_id"), "say how it is charged first");
	return places_get(c, v->charging_place_id, "charging_place_id", &place);
}

/* The household's home, or the person's. */
static enum rc take_place(struct ctx *c, struct vehicle *v)
{
	struct household h;
	struct person_ref p;
	bool found = false;

	if (v->household_id.n) {
		TRY(entity_find(c, &household_entity, "id = $1", ARGS(V_STR(v->household_id)), &h, &found));
		bool own = c->who.household.n && str_eq(c->who.household, v->household_id);

		if (!found || !(own || ctx_may_at(c, REGISTER_WRITE, h.place_path)))
			return FAIL(c, RC_INVALID, "unknown_household", STR("household_id"), "no such household");
		v->place_path = h.place_path;
	}
	if (v->person_id.n) {
		struct str home;

		TRY(people_about(c, v->person_id, REGISTER_WRITE, &home));
		TRY(people_person_get(c, v->person_id, "person_id", &p));
		if (v->household_id.n == 0)
			v->household_id = p.household_id;
		if (v->place_path.n == 0)
			v->place_path = p.place_path;
	}
	return v->place_path.n ? RC_OK : FAIL(c, RC_INVALID, "required", STR("household_id"), "a household is needed");
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct vehicle *v = row;

	if (json_get_text(in, "person_id").n == 0 && json_get_text(in, "household_id").n)
		v->person_id = NO_STR; /* the household's, not of who writes */
	TRY(take_place(c, v));
	TRY(check_plate(c, v));
	TRY(check_charging(c, v));
	v->source = register_source_of(c, v->person_id, v->source);
	return register_times(c, &v->from_at, 0);
}

/* One's own, one's household's, or the office's. */
static bool may(const struct ctx *c, const struct vehicle *v)
{
	return register_may(c, v->place_path, v->person_id) ||
	       (v->household_id.n && str_eq(v->household_id, c->who.household));
}

static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct vehicle *v = row;

	(void)in;
	if (!may(c, v))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not one's own, and not the office");
	TRY(check_plate(c, v));
	return check_charging(c, v);
}

static enum rc retire(struct ctx *c, void *row, const struct json *in)
{
	struct vehicle *v = row;

	(void)in;
	if (!may(c, v))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not one's own, and not the office");
	v->to_at = c->now;
	return RC_OK;
}

static enum rc confirm(struct ctx *c, void *row, const struct json *in)
{
	struct vehicle *v = row;

	(void)in;
	v->confirmed_at = c->now;
	v->confirmed_by_name = c->who.name;
	return RC_OK;
}

static const struct see see[] = {
	{ "person", SEE_OWN },
	{ "person", SEE_HOUSEHOLD },
	{ REGISTER_READ, SEE_PLACE },
	{ 0 },
};
static const struct step steps[] = {
	{ "retire", IN(V_LIVE), V_RETIRED, "person", SEE_ALL, NULL, retire },
	{ "confirm", IN(V_LIVE), STAY, REGISTER_CHECK, SEE_PLACE, NULL, confirm },
};
const struct entity vehicle_entity = {
	.module = "people",
	.name = "vehicle",
	.table = "people_vehicle",
	.size = sizeof(struct vehicle),
	.fields = fields,
	.n_fields = COUNT(fields),
	.see = see,
	.perm = { .create = "person", .update = "person", .reveal = REGISTER_REVEAL },
	.owner = "person_id",
	.household = "household_id",
	.place = "place_path",
	.person = "person_id",
	.state = "state",
	.steps = steps,
	.n_steps = COUNT(steps),
	.on_create = on_create,
	.on_update = on_update,
	.purpose = "parking_and_fire_safety",
	.basis = "duty",
	.keep_days = 30,
};

enum rc people_vehicle_by_plate(struct ctx *c, struct str plate, struct people_vehicle *ret, bool *found)
{
	struct vehicle v;
	struct str tidy;

	(void)plate_read(c->arena, plate, &tidy);
	TRY(entity_find(c, &vehicle_entity, "plate = $1 AND state = 'live'", ARGS(V_STR(tidy)), &v, found));
	*ret = (struct people_vehicle){ .id = v.std.id,
					.household_id = v.household_id,
					.person_id = v.person_id,
					.place_path = v.place_path,
					.plate = v.plate };
	return RC_OK;
}
