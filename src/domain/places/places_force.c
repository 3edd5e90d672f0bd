/* places_force.c - an outline comes into force: the rows of segments and
 * entrances and the place's boundary follow it. */
#include "domain/places/places_outline.h"

static const struct field segment_fields[] = {
	F_STD(struct segment_row),
	F_REF(struct segment_row, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct segment_row, place_path, DERIVED | P1),
	F_REF(struct segment_row, outline_id, "places.outline", DERIVED | FILTER | P1),
	F_INT(struct segment_row, ring, 0, OUTLINE_MAX_RINGS, DERIVED | P1),
	F_INT(struct segment_row, seq, 1, OUTLINE_MAX_SEGMENTS, DERIVED | P1),
	F_ENUM(struct segment_row, kind, segment_kinds, DERIVED | FILTER | P1),
	F_JSON(struct segment_row, line, OUTLINE_SEGMENTS, DERIVED | P1),
	F_REAL(struct segment_row, length_m, 0, 1e9, DERIVED | P1),
	F_TEXT(struct segment_row, built_on, 0, 10, DERIVED | FILTER | P1),
	F_TEXT(struct segment_row, note, 0, 200, DERIVED | P1),
};
static const struct see public_see[] = { { "places.place.read", SEE_PLACE }, { 0 } };
static const struct sort segment_sorts[] = { { "seq", { "ring", "seq" } }, { 0 } };

const struct entity segment_entity = {
	.module = "places",
	.name = "segment",
	.table = "places_segment",
	.size = sizeof(struct segment_row),
	.fields = segment_fields,
	.n_fields = COUNT(segment_fields),
	.see = public_see,
	.place = "place_path",
	.sorts = segment_sorts,
	.purpose = "place_register",
	.basis = "duty",
	.quiet = true, /* the outline's own event tells it all */
};

static const struct field entrance_fields[] = {
	F_STD(struct entrance),
	F_REF(struct entrance, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct entrance, place_path, DERIVED | P1),
	F_REF(struct entrance, outline_id, "places.outline", DERIVED | P1),
	F_TEXT(struct entrance, code, 1, PLACE_MAX_CODE, DERIVED | FILTER | P1),
	F_TEXT(struct entrance, name, 1, PLACE_MAX_NAME, DERIVED | P1),
	F_REAL(struct entrance, lon, -180, 180, DERIVED | P1),
	F_REAL(struct entrance, lat, -90, 90, DERIVED | P1),
	F_ENUM(struct entrance, state, entrance_states, DERIVED | FILTER | P1),
	F_ENUM(struct entrance, direction, lane_directions, DERIVED | P1),
	F_FLAG(struct entrance, people, DERIVED | P1),
	F_FLAG(struct entrance, car, DERIVED | P1),
	F_FLAG(struct entrance, e_bike, DERIVED | P1),
	F_FLAG(struct entrance, fire, DERIVED | P1),
	F_FLAG(struct entrance, present, DERIVED | FILTER | P1),
	F_TEXT(struct entrance, note, 0, 200, DERIVED | P1),
};
static const struct sort entrance_sorts[] = { { "code", { "code" } }, { 0 } };

const struct entity entrance_entity = {
	.module = "places",
	.name = "entrance",
	.table = "places_entrance",
	.size = sizeof(struct entrance),
	.fields = entrance_fields,
	.n_fields = COUNT(entrance_fields),
	.see = public_see,
	.place = "place_path",
	.sorts = entrance_sorts,
	.purpose = "place_register",
	.basis = "duty",
};

/* ---- following ------------------------------------------------------------------------ */

static enum rc supersede(struct ctx *c, const struct outline *o)
{
	struct outline old;
	bool found;

	TRY(outline_published(c, o->place_id, &old, &found));
	if (!found)
		return RC_OK;
	old.state = OUTLINE_SUPERSEDED;
	return entity_save(c, &outline_entity, &old, "supersede");
}

static enum rc write_segments(struct ctx *c, const struct outline *o, const struct drawing *d)
{
	TRY(db_run(c, "DELETE FROM places_segment WHERE place_id = $1", ARGS(V_STR(o->place_id)), NULL));
	for (size_t i = 0; i < d->n_segments; i++) {
		const struct segment *s = &d->segments[i];
		struct buf line = buf_new(c->arena, OUTLINE_SEGMENTS);
		struct segment_row row = { .place_id = o->place_id,
					   .place_path = o->place_path,
					   .outline_id = o->std.id,
					   .ring = (int64_t)s->ring,
					   .seq = (int64_t)i + 1,
					   .kind = s->kind,
					   .length_m = segment_length_m(s),
					   .built_on = s->built_on,
					   .note = s->note };

		segment_line(&line, s);
		row.line = buf_str(&line);
		TRY(entity_insert(c, &segment_entity, &row, "create"));
	}
	return RC_OK;
}

static bool lay_over(struct entrance *e, const struct doorway *d)
{
	struct entrance old = *e;

	e->name = d->name;
	e->note = d->note;
	e->lon = d->at.lon;
	e->lat = d->at.lat;
	e->state = d->state;
	e->direction = d->direction;
	e->people = d->people;
	e->car = d->car;
	e->e_bike = d->e_bike;
	e->fire = d->fire;
	e->present = true;
	return !str_eq(old.name, e->name) || !str_eq(old.note, e->note) || old.lon != e->lon || old.lat != e->lat ||
	       old.state != e->state || old.direction != e->direction || old.people != e->people || old.car != e->car ||
	       old.e_bike != e->e_bike || old.fire != e->fire || !old.present;
}

static enum rc write_entrance(struct ctx *c, const struct outline *o, const struct doorway *d)
{
	struct entrance e;
	bool known, other;

	TRY(entity_find(c, &entrance_entity, "place_id = $1 AND code = $2", ARGS(V_STR(o->place_id), V_STR(d->code)),
			&e, &known));
	other = lay_over(&e, d);
	e.outline_id = o->std.id;
	if (known)
		return other ? entity_save(c, &entrance_entity, &e, "update") : RC_OK;
	e.place_id = o->place_id;
	e.place_path = o->place_path;
	e.code = d->code;
	return entity_insert(c, &entrance_entity, &e, "create");
}

struct leavers {
	const struct drawing *d;
	struct entrance *v;
	size_t n;
};

static enum rc take_leaver(struct ctx *c, void *row, void *arg)
{
	struct leavers *l = arg;
	const struct entrance *e = row;

	(void)c;
	for (size_t i = 0; i < l->d->n_doorways; i++)
		if (str_eq(l->d->doorways[i].code, e->code))
			return RC_OK;
	if (l->n < OUTLINE_MAX_ENTRANCES)
		l->v[l->n++] = *e;
	return RC_OK;
}

/* Others point to it, so the row stays; what stands there may not go away. */
static enum rc retire_entrances(struct ctx *c, const struct outline *o, const struct drawing *d)
{
	struct leavers l = { d, NEW_N(c->arena, struct entrance, OUTLINE_MAX_ENTRANCES), 0 };
	int64_t used;

	TRY(entity_each(c, &entrance_entity, "place_id = $1 AND present = 1 ORDER BY code", ARGS(V_STR(o->place_id)),
			take_leaver, &l));
	for (size_t i = 0; i < l.n; i++) {
		TRY(db_int(c, "SELECT 1 FROM places_checkpoint WHERE entrance_id = $1 AND in_use = 1",
			   ARGS(V_STR(l.v[i].std.id)), 0, &used));
		if (used)
			return FAIL(c, RC_CONFLICT, "entrance_in_use", STR("entrances"),
				    "a checkpoint in use stands at entrance " FMT_STR, ARG_STR(l.v[i].code));
		l.v[i].present = false;
		l.v[i].state = ENTRANCE_CLOSED;
		TRY(entity_save(c, &entrance_entity, &l.v[i], "retire"));
	}
	return RC_OK;
}

static enum rc write_place(struct ctx *c, const struct outline *o)
{
	struct place p;

	TRY(entity_fetch(c, &place_entity, o->place_id, &p));
	if (str_eq(p.boundary, o->boundary))
		return RC_OK;
	p.boundary = o->boundary;
	p.area_m2 = o->area_m2;
	p.datum = o->datum;
	place_compare_area(&p);
	TRY(entity_save(c, &place_entity, &p, "update"));
	return places_changed(c);
}

enum rc outline_put_in_force(struct ctx *c, struct outline *o)
{
	struct drawing d;

	TRY(drawing_read(c, o->segments, o->entrances, PLACES_WGS84, &d));
	TRY(supersede(c, o));
	o->published_at = c->now;
	o->published_by = c->who.id;
	o->published_by_name = c->who.name;
	TRY(write_place(c, o));
	TRY(write_segments(c, o, &d));
	TRY(retire_entrances(c, o, &d));
	for (size_t i = 0; i < d.n_doorways; i++)
		TRY(write_entrance(c, o, &d.doorways[i]));
	return RC_OK;
}
