/* places_work.c - the works of an enclosure up to acceptance, what they weigh,
 * the base list of areas, and checkpoints. */
#include "domain/places/places_works.h"

const char *const work_kinds[] = { "boundary", "channel", "checkpoint", "probe", "register", NULL };
const char *const work_states[] = { "planned", "under_way", "finished", "accepted", "dropped", NULL };

/* ---- works ---------------------------------------------------------------------- */

static const struct field work_fields[] = {
	F_STD(struct work),
	F_REF(struct work, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct work, place_path, DERIVED | P1),
	F_ENUM(struct work, kind, work_kinds, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct work, title, 1, 100, REQUIRED | P1),
	F_INT(struct work, weight, 1, 1000, P1),
	F_ENUM(struct work, state, work_states, DERIVED | FILTER | P1),
	F_TIME(struct work, accepted_at, DERIVED | FILTER | P1),
	F_REF(struct work, accepted_by, "people.person", DERIVED | P1),
	F_TEXT(struct work, accepted_by_name, 0, 200, DERIVED | P1),
	F_TEXT(struct work, photo_id, 1, 64, DERIVED | P1),
	F_TEXT(struct work, no_photo_reason, 4, 500, DERIVED | P1),
	F_TEXT(struct work, reason, 2, 500, DERIVED | P1),
	F_TEXT(struct work, note, 0, 1000, P1),
};

static enum rc place_of(struct ctx *c, struct str id, struct str *path)
{
	struct place_ref place;

	TRY(enclosure_place(c, id, &place));
	*path = place.path;
	return RC_OK;
}

static enum rc work_create(struct ctx *c, void *row, const struct json *in)
{
	struct work *w = row;

	(void)in;
	return place_of(c, w->place_id, &w->place_path);
}

static enum rc work_update(struct ctx *c, void *row, const struct json *in)
{
	const struct work *w = row;

	(void)in;
	if (w->state >= WORK_ACCEPTED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "an accepted work does not change");
	return RC_OK;
}

/* Nobody accepts what nobody can show: a photo, or in writing why there is none. */
static enum rc accept(struct ctx *c, void *row, const struct json *in)
{
	struct work *w = row;

	if (!given(in, "photo_id"))
		w->photo_id = NO_STR;
	w->no_photo_reason = given(in, "no_photo_reason") ? str_trim(w->no_photo_reason) : NO_STR;
	if (w->photo_id.n == 0 && str_chars(w->no_photo_reason) < 4)
		return FAIL(c, RC_INVALID, "photo_or_reason", STR("photo_id"),
			    "a photo, or a written reason why there is none");
	if (w->photo_id.n)
		TRY(work_photo_take(c, w));
	w->accepted_at = c->now;
	w->accepted_by = c->who.id;
	w->accepted_by_name = c->who.name;
	return RC_OK;
}

static enum rc send_back(struct ctx *c, void *row, const struct json *in)
{
	struct work *w = row;

	(void)c;
	(void)in;
	w->accepted_at = 0;
	w->accepted_by = w->accepted_by_name = w->photo_id = w->no_photo_reason = NO_STR;
	return RC_OK;
}

#define WRITE "places.survey.edit"
static const char *const accept_takes[] = { "?photo_id", "?no_photo_reason", "?note", NULL };
static const char *const reason_takes[] = { "reason", NULL };
static const struct step work_steps[] = {
	{ "start", IN(WORK_PLANNED), WORK_UNDER_WAY, WRITE, SEE_PLACE, NULL, NULL },
	{ "finish", IN(WORK_UNDER_WAY), WORK_FINISHED, WRITE, SEE_PLACE, NULL, NULL },
	{ "accept", IN(WORK_FINISHED), WORK_ACCEPTED, "places.work.accept", SEE_PLACE, accept_takes, accept },
	{ "send_back", IN(WORK_FINISHED) | IN(WORK_ACCEPTED), WORK_UNDER_WAY, "places.work.accept", SEE_PLACE,
	  reason_takes, send_back },
	{ "drop", IN(WORK_PLANNED) | IN(WORK_UNDER_WAY) | IN(WORK_FINISHED), WORK_DROPPED, WRITE, SEE_PLACE,
	  reason_takes, NULL },
};
static const struct see survey_see[] = { { "places.survey.read", SEE_PLACE }, { 0 } };

const struct entity work_entity = {
	.module = "places",
	.name = "work",
	.table = "places_work",
	.size = sizeof(struct work),
	.fields = work_fields,
	.n_fields = COUNT(work_fields),
	.see = survey_see,
	.perm = { .create = WRITE, .update = WRITE },
	.place = "place_path",
	.state = "state",
	.steps = work_steps,
	.n_steps = COUNT(work_steps),
	.on_create = work_create,
	.on_update = work_update,
	.purpose = "place_register",
	.basis = "duty",
};

/* ---- weights ------------------------------------------------------------------------ */

static const struct field weight_fields[] = {
	F_STD(struct work_weight),
	F_REF(struct work_weight, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct work_weight, place_path, DERIVED | P1),
	F_ENUM(struct work_weight, kind, work_kinds, REQUIRED | FIXED | FILTER | P1),
	F_INT(struct work_weight, weight, 1, 1000, REQUIRED | P1),
};

static enum rc weight_create(struct ctx *c, void *row, const struct json *in)
{
	struct work_weight *w = row;
	struct place_ref place;
	int64_t taken;

	(void)in;
	TRY(places_get(c, w->place_id, "place_id", &place));
	w->place_path = place.path;
	TRY(db_int(c, "SELECT 1 FROM places_weight WHERE place_id = $1 AND kind = $2",
		   ARGS(V_STR(w->place_id), V_Z(work_kinds[w->kind])), 0, &taken));
	return taken ? FAIL(c, RC_CONFLICT, "already_exists", STR("kind"), "the place has a weight for this kind")
		     : RC_OK;
}

const struct entity weight_entity = {
	.module = "places",
	.name = "weight",
	.table = "places_weight",
	.size = sizeof(struct work_weight),
	.fields = weight_fields,
	.n_fields = COUNT(weight_fields),
	.see = survey_see,
	.perm = { .create = WRITE, .update = WRITE },
	.place = "place_path",
	.on_create = weight_create,
	.purpose = "place_register",
	.basis = "duty",
};

/* ---- the base list -------------------------------------------------------------------- */

static const char *const area_kinds[] = { "urban_village", "open_area", NULL };

static const struct field area_fields[] = {
	F_STD(struct base_area),
	F_REF(struct base_area, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct base_area, place_path, DERIVED | P1),
	F_TEXT(struct base_area, code, 1, PLACE_MAX_CODE, REQUIRED | FIXED | FILTER | P1),
	F_TEXT(struct base_area, name, 1, PLACE_MAX_NAME, REQUIRED | FILTER | P1),
	F_ENUM(struct base_area, kind, area_kinds, REQUIRED | FILTER | P1),
	F_REF(struct base_area, enclosure_id, "places.place", FILTER | P1),
	F_TEXT(struct base_area, source, 0, 200, P1),
};

static enum rc area_check(struct ctx *c, void *row, const struct json *in)
{
	struct base_area *a = row;
	struct place_ref e;

	if (!given(in, "enclosure_id"))
		return RC_OK;
	TRY(places_get(c, a->enclosure_id, "enclosure_id", &e));
	if (e.kind != PLACE_ENCLOSURE && e.kind != PLACE_COMMUNITY)
		return FAIL(c, RC_INVALID, "wrong_kind", STR("enclosure_id"),
			    "an enclosure or a community is expected");
	if (!ctx_may_at(c, WRITE, e.path)) /* out of sight: as if not there */
		return FAIL(c, RC_INVALID, "unknown_place", STR("enclosure_id"), "no such place");
	return RC_OK;
}

static enum rc area_create(struct ctx *c, void *row, const struct json *in)
{
	struct base_area *a = row;
	struct place_ref place;
	int64_t taken;

	TRY(places_get(c, a->place_id, "place_id", &place));
	a->place_path = place.path;
	TRY(db_int(c, "SELECT 1 FROM places_area WHERE code = $1", ARGS(V_STR(a->code)), 0, &taken));
	if (taken)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("code"), "the list has an area with this code");
	return area_check(c, row, in);
}

static const struct sort area_sorts[] = { { "code", { "code" } }, { 0 } };

const struct entity area_entity = {
	.module = "places",
	.name = "area",
	.table = "places_area",
	.size = sizeof(struct base_area),
	.fields = area_fields,
	.n_fields = COUNT(area_fields),
	.see = survey_see,
	.perm = { .create = WRITE, .update = WRITE },
	.place = "place_path",
	.sorts = area_sorts,
	.on_create = area_create,
	.on_update = area_check,
	.purpose = "place_register",
	.basis = "duty",
};

/* ---- checkpoints ------------------------------------------------------------------------ */

enum { LINKS_MOST = 50, LINKS_BYTES = 4096, LINK_CHARS = 64 };

static const struct field checkpoint_fields[] = {
	F_STD(struct checkpoint),
	F_REF(struct checkpoint, entrance_id, "places.entrance", REQUIRED | FIXED | FILTER | P1),
	F_REF(struct checkpoint, place_id, "places.place", DERIVED | FILTER | P1),
	F_PATH(struct checkpoint, place_path, DERIVED | P1),
	F_TEXT(struct checkpoint, name, 1, PLACE_MAX_NAME, REQUIRED | P1),
	F_ENUM(struct checkpoint, direction, lane_directions, P1),
	F_TEXT(struct checkpoint, lane_id, 1, LINK_CHARS, FILTER | P1),
	F_JSON(struct checkpoint, devices, LINKS_BYTES, P1),
	F_JSON(struct checkpoint, roster, LINKS_BYTES, P1),
	F_FLAG(struct checkpoint, in_use, FILTER | P1),
	F_TEXT(struct checkpoint, note, 0, 500, P1),
};

/* Ids of things that other modules keep: known here by their form alone. */
static enum rc check_links(struct ctx *c, struct str text, const char *name)
{
	struct json_error err;
	struct json *j;

	if (text.n == 0)
		return RC_OK;
	if (json_parse(c->arena, text, 0, &j, &err) != RC_OK || j->kind != J_LIST || j->n > LINKS_MOST)
		return FAIL(c, RC_INVALID, "wrong_type", str_of(name), "a list of at most %d ids", LINKS_MOST);
	for (const struct json *i = j->child; i; i = i->next) {
		if (i->kind != J_TEXT || i->text.n == 0 || i->text.n > LINK_CHARS)
			return FAIL(c, RC_INVALID, "bad_id", str_of(name), "an id is a text of 1 to %d", LINK_CHARS);
		for (const struct json *k = j->child; k != i; k = k->next)
			if (str_eq(k->text, i->text))
				return FAIL(c, RC_INVALID, "already_exists", str_of(name), "an id stands there twice");
	}
	return RC_OK;
}

static enum rc checkpoint_check(struct ctx *c, void *row, const struct json *in)
{
	const struct checkpoint *p = row;
	struct entrance e;

	(void)in;
	TRY(entity_fetch(c, &entrance_entity, p->entrance_id, &e));
	if (p->in_use && !e.present)
		return FAIL(c, RC_CONFLICT, "entrance_gone", STR("entrance_id"), "the entrance is no more");
	TRY(check_links(c, p->devices, "devices"));
	return check_links(c, p->roster, "roster");
}

static enum rc checkpoint_create(struct ctx *c, void *row, const struct json *in)
{
	struct checkpoint *p = row;
	struct entrance e;
	bool found;

	TRY(entity_find(c, &entrance_entity, "id = $1", ARGS(V_STR(p->entrance_id)), &e, &found));
	if (!found || !ctx_may_at(c, WRITE, e.place_path))
		return FAIL(c, RC_INVALID, "unknown_entrance", STR("entrance_id"), "no such entrance");
	p->place_id = e.place_id;
	p->place_path = e.place_path;
	if (!given(in, "in_use"))
		p->in_use = true;
	return checkpoint_check(c, row, in);
}

const struct entity checkpoint_entity = {
	.module = "places",
	.name = "checkpoint",
	.table = "places_checkpoint",
	.size = sizeof(struct checkpoint),
	.fields = checkpoint_fields,
	.n_fields = COUNT(checkpoint_fields),
	.see = survey_see,
	.perm = { .create = WRITE, .update = WRITE },
	.place = "place_path",
	.on_create = checkpoint_create,
	.on_update = checkpoint_check,
	.purpose = "place_register",
	.basis = "duty",
};
