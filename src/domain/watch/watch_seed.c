/* watch_seed.c - the shipped templates as rules of a place. */
#include "domain/watch/watch_inner.h"

#include "rules/templates.h"

static const struct {
	const char *template, *name;
} names[] = {
	{ "elder-absence", "独居老人久未出现" }, { "thrown-object", "高空抛物" }, { "e-bike-inside", "电动车入楼" },
	{ "fire-lane", "消防通道占用" },         { "door-forced", "门被强开" },   { "door-held", "门长时间未关" },
	{ "device-silent", "设备失联" },
};

static const char *name_of(const char *template)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(str_of(template), names[i].template))
			return names[i].name;
	return template;
}

static enum rc seed_one(struct ctx *c, const struct rule_template *t, const struct place_ref *place)
{
	struct rule_row r;
	struct rule *compiled;
	bool found;

	TRY(entity_find(c, &watch_rule, "place_id = $1 AND template = $2", ARGS(V_STR(place->id), V_Z(t->id)), &r,
			&found));
	if (found)
		return RC_OK;
	entity_init(&watch_rule, &r);
	r.name = str_of(name_of(t->id));
	r.template = str_of(t->id);
	r.definition = str_of(t->json);
	r.place_id = place->id;
	r.place_path = place->path;
	r.severity = (unsigned)t->severity;
	r.state = R_ACTIVE;
	r.revision = 1;
	TRY(watch_compile(c, NULL, &r, &compiled));
	struct json_error err;
	struct json *def;

	if (json_parse(c->arena, r.definition, 0, &def, &err) != RC_OK)
		return FAIL(c, RC_BUG, "internal", NO_STR, "template %s is no JSON", t->id);
	for (unsigned i = 0; watch_kinds[i]; i++)
		if (str_is(json_get_text(def, "kind"), watch_kinds[i]))
			r.kind = i;
	TRY(entity_insert(c, &watch_rule, &r, "create"));
	return db_run(
		c,
		"INSERT INTO watch_revision (rule_id, revision, at, actor_id, definition) VALUES ($1, 1, $2, $3, $4)",
		ARGS(V_STR(r.std.id), V_INT(c->now), V_STR(c->who.id), V_STR(r.definition)), NULL);
}

enum rc watch_seed_rules(struct ctx *c, struct str place_id)
{
	struct place_ref place;
	size_t n;
	const struct rule_template *t = rule_templates(&n);

	TRY(places_get(c, place_id, "place_id", &place));
	for (size_t i = 0; i < n; i++)
		TRY(seed_one(c, &t[i], &place));
	return watch_changed(c, "rules");
}
