/* places_outline.c - the versions of an enclosure's edge: draft, check, publish. */
#include "domain/places/places_outline.h"

#include <math.h>

const char *const outline_states[] = { "draft", "checked", "published", "superseded", "dropped", NULL };

static const double default_gap_m = 1.0, default_reach_m = 5.0, default_fire_m = 150.0;

static const struct field outline_fields[] = {
	F_STD(struct outline),
	F_REF(struct outline, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct outline, place_path, DERIVED | P1),
	F_INT(struct outline, number, 1, 100000, DERIVED | FILTER | P1),
	F_ENUM(struct outline, state, outline_states, DERIVED | FILTER | P1),
	F_REF(struct outline, base_id, "places.outline", DERIVED | P1),
	F_TEXT(struct outline, name, 0, 100, P1),
	F_TEXT(struct outline, note, 0, 1000, P1),
	F_ENUM(struct outline, datum, place_datums, P1),
	F_REAL(struct outline, gap_m, 0.1, 10, P1),
	F_REAL(struct outline, reach_m, 1, 30, P1),
	F_REAL(struct outline, fire_m, 30, 500, P1),
	F_JSON(struct outline, segments, OUTLINE_SEGMENTS, P1),
	F_JSON(struct outline, entrances, OUTLINE_ENTRANCES, P1),
	F_JSON(struct outline, boundary, OUTLINE_BOUNDARY, DERIVED | P1),
	F_REAL(struct outline, area_m2, 0, 1e15, DERIVED | P1),
	F_REAL(struct outline, perimeter_m, 0, 1e9, DERIVED | P1),
	F_JSON(struct outline, faults, OUTLINE_FAULTS, DERIVED | P1),
	F_TIME(struct outline, checked_at, DERIVED | P1),
	F_TIME(struct outline, published_at, DERIVED | P1),
	F_REF(struct outline, published_by, "people.person", DERIVED | P1),
	F_TEXT(struct outline, published_by_name, 0, 200, DERIVED | P1),
};

enum rc enclosure_place(struct ctx *c, struct str place_id, struct place_ref *ret)
{
	TRY(places_get(c, place_id, "place_id", ret));
	if (ret->kind != PLACE_ENCLOSURE && ret->kind != PLACE_COMMUNITY)
		return FAIL(c, RC_INVALID, "wrong_kind", STR("place_id"), "an enclosure or a community is expected");
	return RC_OK;
}

enum rc outline_published(struct ctx *c, struct str place_id, struct outline *ret, bool *found)
{
	return entity_find(c, &outline_entity, "place_id = $1 AND state = 'published'", ARGS(V_STR(place_id)), ret,
			   found);
}

enum rc outline_number(struct ctx *c, struct str place_id, int64_t *ret)
{
	TRY(db_int(c, "SELECT max(number) FROM places_outline WHERE place_id = $1", ARGS(V_STR(place_id)), 0, ret));
	++*ret;
	return RC_OK;
}

/* ---- what is drawn ---------------------------------------------------------------- */

enum rc outline_take(struct ctx *c, struct outline *o, const struct drawing *d)
{
	struct rings r;

	drawing_rings(c->arena, d, &r);
	o->segments = drawing_segments(c->arena, d);
	o->entrances = drawing_doorways(c->arena, d);
	o->boundary = rings_boundary(c->arena, &r);
	o->perimeter_m = d->n_segments ? r.perimeter_m : NO_REAL;
	o->area_m2 = NO_REAL;
	if (o->segments.n > OUTLINE_SEGMENTS || o->boundary.n > OUTLINE_BOUNDARY)
		return FAIL(c, RC_INVALID, "wrong_length", STR("segments"), "at most %d bytes", OUTLINE_SEGMENTS);
	if (o->entrances.n > OUTLINE_ENTRANCES)
		return FAIL(c, RC_INVALID, "wrong_length", STR("entrances"), "at most %d bytes", OUTLINE_ENTRANCES);
	return RC_OK;
}

/* What the input brings is in its own datum; what is there already is WGS-84. */
static enum rc take_input(struct ctx *c, struct outline *o, const struct json *in)
{
	bool segments = given(in, "segments"), entrances = given(in, "entrances");
	struct drawing new, old, all;

	if (given(in, "datum") && !segments && !entrances)
		return FAIL(c, RC_INVALID, "datum_alone", STR("datum"),
			    "a datum belongs to coordinates in the same request");
	if ((segments || entrances) && !given(in, "datum"))
		o->datum = PLACES_WGS84;
	TRY(drawing_read(c, segments ? o->segments : NO_STR, entrances ? o->entrances : NO_STR, o->datum, &new));
	TRY(drawing_read(c, segments ? NO_STR : o->segments, entrances ? NO_STR : o->entrances, PLACES_WGS84, &old));
	all = (struct drawing){ .segments = segments ? new.segments : old.segments,
				.n_segments = segments ? new.n_segments : old.n_segments,
				.doorways = entrances ? new.doorways : old.doorways,
				.n_doorways = entrances ? new.n_doorways : old.n_doorways };
	return outline_take(c, o, &all);
}

/* A draft that brings no lines begins with what is in force, or with the
 * boundary the place has. */
static enum rc begin_with(struct ctx *c, struct outline *o, const struct outline *base)
{
	struct drawing d;
	struct place p;

	if (o->entrances.p == NULL && base)
		o->entrances = base->entrances;
	if (o->segments.p == NULL && base)
		o->segments = base->segments;
	if (o->segments.p)
		return RC_OK;
	TRY(entity_fetch(c, &place_entity, o->place_id, &p));
	TRY(drawing_of_boundary(c, p.boundary, &d));
	o->segments = d.n_segments ? drawing_segments(c->arena, &d) : NO_STR;
	return RC_OK;
}

enum rc outline_begin(struct ctx *c, struct outline *o)
{
	struct outline base;
	struct place_ref place;
	bool found;

	TRY(enclosure_place(c, o->place_id, &place));
	o->place_path = place.path;
	o->state = OUTLINE_DRAFT;
	TRY(outline_number(c, o->place_id, &o->number));
	TRY(outline_published(c, o->place_id, &base, &found));
	if (found)
		o->base_id = base.std.id;
	if (isnan(o->gap_m))
		o->gap_m = found ? base.gap_m : default_gap_m;
	if (isnan(o->reach_m))
		o->reach_m = found ? base.reach_m : default_reach_m;
	if (isnan(o->fire_m))
		o->fire_m = found ? base.fire_m : default_fire_m;
	return begin_with(c, o, found ? &base : NULL);
}

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	TRY(outline_begin(c, row));
	return take_input(c, row, in);
}

/* A change makes a draft of what was checked. */
static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct outline *o = row;

	if (o->state > OUTLINE_CHECKED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "only a draft can be changed");
	if (isnan(o->gap_m) || isnan(o->reach_m) || isnan(o->fire_m))
		return FAIL(c, RC_INVALID, "required",
			    str_of(isnan(o->gap_m)     ? "gap_m"
				   : isnan(o->reach_m) ? "reach_m"
						       : "fire_m"),
			    "a limit can't be empty");
	o->state = OUTLINE_DRAFT;
	o->faults = NO_STR;
	o->checked_at = 0;
	return take_input(c, o, in);
}

/* ---- steps -------------------------------------------------------------------------- */

static enum rc check(struct ctx *c, void *row, const struct json *in)
{
	struct outline *o = row;
	size_t blocking;

	(void)in;
	TRY(outline_check(c, o, &blocking));
	o->checked_at = c->now;
	if (blocking)
		o->state = OUTLINE_DRAFT;
	return RC_OK;
}

/* Both versions to the one who is late: his own is in the request's row. */
static enum rc base_moved(struct ctx *c, const struct outline *now)
{
	struct buf text = buf_new(c->arena, 512 << 10);
	enum rc rc = FAIL(c, RC_CONFLICT, "base_moved", STR("base_id"), "another version was published meanwhile");

	entity_write(c, &outline_entity, now, &text);
	c->fail.current = buf_str(&text);
	return rc;
}

/* Buildings and the version in force may have moved since the check. */
static enum rc publish(struct ctx *c, void *row, const struct json *in)
{
	struct outline *o = row, now;
	size_t blocking;
	bool found;

	(void)in;
	TRY(outline_published(c, o->place_id, &now, &found));
	if (found && !str_eq(now.std.id, o->base_id))
		return base_moved(c, &now);
	TRY(outline_check(c, o, &blocking));
	if (blocking)
		return FAIL(c, RC_CONFLICT, "not_ready", STR("faults"), "%zu faults block it: check again", blocking);
	return outline_put_in_force(c, o);
}

/* "I have seen what was published meanwhile; mine shall follow it." */
static enum rc rebase(struct ctx *c, void *row, const struct json *in)
{
	struct outline *o = row, now;
	bool found;

	(void)in;
	TRY(outline_published(c, o->place_id, &now, &found));
	if (!found)
		return FAIL(c, RC_CONFLICT, "nothing_published", STR("base_id"), "no version is in force");
	o->base_id = now.std.id;
	o->faults = NO_STR;
	o->checked_at = 0;
	return RC_OK;
}

#define OPEN (IN(OUTLINE_DRAFT) | IN(OUTLINE_CHECKED))
static const struct step outline_steps[] = {
	{ "check", OPEN, OUTLINE_CHECKED, "places.survey.edit", SEE_PLACE, NULL, check },
	{ "publish", IN(OUTLINE_CHECKED), OUTLINE_PUBLISHED, "places.survey.publish", SEE_PLACE, NULL, publish },
	{ "rebase", OPEN, OUTLINE_DRAFT, "places.survey.edit", SEE_PLACE, NULL, rebase },
	{ "drop", OPEN, OUTLINE_DROPPED, "places.survey.edit", SEE_PLACE, NULL, NULL },
};
static const struct see outline_see[] = { { "places.survey.read", SEE_PLACE }, { 0 } };
static const struct sort outline_sorts[] = { { "-number", { "-number" } }, { 0 } };

const struct entity outline_entity = {
	.module = "places",
	.name = "outline",
	.table = "places_outline",
	.size = sizeof(struct outline),
	.fields = outline_fields,
	.n_fields = COUNT(outline_fields),
	.see = outline_see,
	.perm = { .create = "places.survey.edit", .update = "places.survey.edit" },
	.place = "place_path",
	.state = "state",
	.steps = outline_steps,
	.n_steps = COUNT(outline_steps),
	.sorts = outline_sorts,
	.on_create = on_create,
	.on_update = on_update,
	.purpose = "place_register",
	.basis = "duty",
};
