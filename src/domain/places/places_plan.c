/* places_plan.c - fewer entrances: which, why, and whether everybody still gets
 * out.  A published plan is a new version of the outline. */
#include "domain/places/places_outline.h"

enum { PLAN_CHANGES = 40 << 10 };
enum { PLAN_DRAFT, PLAN_CHECKED, PLAN_PUBLISHED, PLAN_DROPPED };
static const char *const plan_states[] = { "draft", "checked", "published", "dropped", NULL };

static const struct field plan_fields[] = {
	F_STD(struct enclosure_plan),
	F_REF(struct enclosure_plan, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct enclosure_plan, place_path, DERIVED | P1),
	F_TEXT(struct enclosure_plan, name, 1, 100, REQUIRED | P1),
	F_ENUM(struct enclosure_plan, state, plan_states, DERIVED | FILTER | P1),
	F_REF(struct enclosure_plan, outline_id, "places.outline", DERIVED | P1),
	F_JSON(struct enclosure_plan, changes, PLAN_CHANGES, P1),
	F_INT(struct enclosure_plan, entrances_before, 0, OUTLINE_MAX_ENTRANCES, DERIVED | P1),
	F_INT(struct enclosure_plan, entrances_after, 0, OUTLINE_MAX_ENTRANCES, DERIVED | P1),
	F_REAL(struct enclosure_plan, fire_m, 30, 500, DERIVED | P1),
	F_JSON(struct enclosure_plan, faults, OUTLINE_FAULTS, DERIVED | P1),
	F_TIME(struct enclosure_plan, checked_at, DERIVED | P1),
	F_TIME(struct enclosure_plan, published_at, DERIVED | P1),
	F_REF(struct enclosure_plan, published_by, "people.person", DERIVED | P1),
	F_TEXT(struct enclosure_plan, published_by_name, 0, 200, DERIVED | P1),
};

/* ---- the changes ------------------------------------------------------------------- */

static enum rc change_field(struct ctx *c, size_t i, const char *member, const char *code, const char *why)
{
	return FAIL(c, RC_INVALID, code, arena_fmt(c->arena, "changes[%zu].%s", i, member), "%s", why);
}

static enum rc apply_change(struct ctx *c, const struct json *j, size_t i, struct drawing *d)
{
	struct str code = json_get_text(j, "code"), state = json_get_text(j, "state"),
		   reason = str_trim(json_get_text(j, "reason"));
	struct doorway *door = NULL;
	unsigned to = 0;

	for (size_t k = 0; k < d->n_doorways; k++)
		if (str_eq(d->doorways[k].code, code))
			door = &d->doorways[k];
	if (door == NULL)
		return change_field(c, i, "code", "unknown_entrance", "no such entrance in the version in force");
	while (entrance_states[to] && !str_is(state, entrance_states[to]))
		to++;
	if (entrance_states[to] == NULL)
		return change_field(c, i, "state", "unknown_word", "state has no such value");
	if (reason.n == 0 || str_chars(reason) > 200)
		return change_field(c, i, "reason", "required", "a reason of 1 to 200 characters is needed");
	door->state = to;
	return RC_OK;
}

/* 'd' is the drawing in force; after this as the plan wants it. */
static enum rc apply_changes(struct ctx *c, const struct enclosure_plan *p, struct drawing *d)
{
	struct json_error err;
	struct json *list;
	size_t i = 0;

	if (p->changes.n == 0)
		return RC_OK;
	if (json_parse(c->arena, p->changes, 0, &list, &err) != RC_OK || list->kind != J_LIST)
		return FAIL(c, RC_INVALID, "wrong_type", STR("changes"), "changes must be a list");
	for (const struct json *j = list->child; j; j = j->next, i++) {
		for (const struct json *k = list->child; k != j; k = k->next)
			if (str_eq(json_get_text(k, "code"), json_get_text(j, "code")))
				return change_field(c, i, "code", "already_exists", "the entrance is named twice");
		TRY(apply_change(c, j, i, d));
	}
	return RC_OK;
}

static int64_t in_use(const struct drawing *d)
{
	int64_t n = 0;

	for (size_t i = 0; i < d->n_doorways; i++)
		n += doorway_in_use(&d->doorways[i]);
	return n;
}

struct planning {
	struct outline base;
	struct drawing before, after;
};

/* Against the version in force now. */
static enum rc lay_out(struct ctx *c, struct enclosure_plan *p, struct planning *ret)
{
	bool found;

	TRY(outline_published(c, p->place_id, &ret->base, &found));
	if (!found)
		return FAIL(c, RC_CONFLICT, "nothing_published", STR("place_id"), "the enclosure has no outline yet");
	TRY(drawing_read(c, ret->base.segments, ret->base.entrances, PLACES_WGS84, &ret->before));
	TRY(drawing_read(c, ret->base.segments, ret->base.entrances, PLACES_WGS84, &ret->after));
	TRY(apply_changes(c, p, &ret->after));
	p->outline_id = ret->base.std.id;
	p->fire_m = ret->base.fire_m;
	p->entrances_before = in_use(&ret->before);
	p->entrances_after = in_use(&ret->after);
	return RC_OK;
}

/* ---- life ------------------------------------------------------------------------------ */

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct enclosure_plan *p = row;
	struct place_ref place;
	struct planning plan;

	(void)in;
	TRY(enclosure_place(c, p->place_id, &place));
	p->place_path = place.path;
	return lay_out(c, p, &plan);
}

static enum rc on_update(struct ctx *c, void *row, const struct json *in)
{
	struct enclosure_plan *p = row;
	struct planning plan;

	(void)in;
	if (p->state > PLAN_CHECKED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "only a draft can be changed");
	p->state = PLAN_DRAFT;
	p->faults = NO_STR;
	p->checked_at = 0;
	return lay_out(c, p, &plan);
}

static enum rc test(struct ctx *c, struct enclosure_plan *p, struct planning *plan, size_t *failing)
{
	struct buf faults = buf_new(c->arena, OUTLINE_FAULTS);

	*failing = 0;
	TRY(lay_out(c, p, plan));
	json_open(&faults, '[');
	TRY(fire_check(c, p->place_path, &plan->after, &plan->before, p->fire_m, &faults, failing));
	json_close(&faults, ']');
	if (faults.overflow)
		return FAIL(c, RC_LIMIT, "too_much", STR("faults"), "too many faults to list");
	p->faults = *failing ? buf_str(&faults) : NO_STR;
	return RC_OK;
}

static enum rc check(struct ctx *c, void *row, const struct json *in)
{
	struct enclosure_plan *p = row;
	struct planning plan;
	size_t failing;

	(void)in;
	TRY(test(c, p, &plan, &failing));
	p->checked_at = c->now;
	if (failing)
		p->state = PLAN_DRAFT;
	return RC_OK;
}

static enum rc publish(struct ctx *c, void *row, const struct json *in)
{
	struct enclosure_plan *p = row;
	struct planning plan;
	size_t failing;

	(void)in;
	TRY(test(c, p, &plan, &failing));
	if (failing)
		return FAIL(c, RC_CONFLICT, "not_ready", STR("faults"), "%zu buildings are too far from an exit",
			    failing);
	struct outline next = plan.base;

	next.std = (struct std){ 0 };
	next.base_id = plan.base.std.id;
	next.name = p->name;
	next.state = OUTLINE_DRAFT;
	next.entrances = drawing_doorways(c->arena, &plan.after);
	TRY(outline_number(c, p->place_id, &next.number));
	TRY(entity_insert(c, &outline_entity, &next, "create"));
	next.state = OUTLINE_PUBLISHED;
	TRY(outline_put_in_force(c, &next));
	TRY(entity_save(c, &outline_entity, &next, "publish"));
	p->published_at = c->now;
	p->published_by = c->who.id;
	p->published_by_name = c->who.name;
	return RC_OK;
}

#define OPEN (IN(PLAN_DRAFT) | IN(PLAN_CHECKED))
static const struct step plan_steps[] = {
	{ "check", OPEN, PLAN_CHECKED, "places.survey.edit", SEE_PLACE, NULL, check },
	{ "publish", IN(PLAN_CHECKED), PLAN_PUBLISHED, "places.survey.publish", SEE_PLACE, NULL, publish },
	{ "drop", OPEN, PLAN_DROPPED, "places.survey.edit", SEE_PLACE, NULL, NULL },
};
static const struct see plan_see[] = { { "places.survey.read", SEE_PLACE }, { 0 } };

const struct entity plan_entity = {
	.module = "places",
	.name = "plan",
	.table = "places_plan",
	.size = sizeof(struct enclosure_plan),
	.fields = plan_fields,
	.n_fields = COUNT(plan_fields),
	.see = plan_see,
	.perm = { .create = "places.survey.edit", .update = "places.survey.edit" },
	.place = "place_path",
	.state = "state",
	.steps = plan_steps,
	.n_steps = COUNT(plan_steps),
	.on_create = on_create,
	.on_update = on_update,
	.purpose = "place_register",
	.basis = "duty",
};
