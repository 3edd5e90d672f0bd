/* watch_compile.c - a rule's definition as the engine wants it: words checked,
 * and held to the rule's own place. */
#include "domain/watch/watch_inner.h"

#include "rules/templates.h"

#include <string.h>

/* Types and fields that devices send beside those of the shipped templates. */
static const struct rule_field_row more_rows[] = {
	{ "cn.jiuan.camera.class.v1", "class", RULE_TEXT },    { "cn.jiuan.camera.class.v1", "model", RULE_TEXT },
	{ "cn.jiuan.camera.class.v1", "score", RULE_REAL },    { "cn.jiuan.camera.review.v1", "severity", RULE_TEXT },
	{ "cn.jiuan.camera.review.v1", "phase", RULE_TEXT },   { "cn.jiuan.device.health.v1", "state", RULE_TEXT },
	{ "cn.jiuan.device.health.v1", "part", RULE_TEXT },    { "cn.jiuan.device.health.v1", "reason", RULE_TEXT },
	{ "cn.jiuan.device.health.v1", "battery", RULE_INT },  { "cn.jiuan.device.online.v1", NULL, RULE_INT },
	{ "cn.jiuan.device.offline.v1", "reason", RULE_TEXT }, { "cn.jiuan.meter.reading.v1", "value", RULE_REAL },
	{ "cn.jiuan.meter.reading.v1", "unit", RULE_TEXT },
};

/* Outside our own name space a vendor names things as he likes. */
static bool type_known(void *self, struct str type)
{
	if (!str_starts(type, "cn.jiuan.") || rule_type_known(self, type))
		return true;
	for (size_t i = 0; i < COUNT(more_rows); i++)
		if (str_is(type, more_rows[i].type))
			return true;
	return false;
}

static bool field_known(void *self, struct str type, struct str field)
{
	if ((type.p && !str_starts(type, "cn.jiuan.")) || rule_field_known(self, type, field))
		return true;
	for (size_t i = 0; i < COUNT(more_rows); i++)
		if (more_rows[i].field && str_is(field, more_rows[i].field) &&
		    (type.p == NULL || str_is(type, more_rows[i].type)))
			return true;
	return false;
}

/* ---- names without numbers: for the check at writing -------------------------- */

/* Not there must not stay behind as a failure: the engine names the place in the
 * definition, which is the better message.  A store that fails must. */
static void forget(struct ctx *c, enum rc rc, const struct failure *before)
{
	if (rc == RC_INVALID || rc == RC_MISSING)
		c->fail = *before;
}

static bool place_exists(void *self, struct str id, uint32_t *lo, uint32_t *hi)
{
	struct ctx *c = self;
	struct failure before = c->fail;
	struct place_ref p;
	enum rc rc = places_get(c, id, "place_id", &p);

	forget(c, rc, &before);
	*lo = *hi = 1;
	return rc == RC_OK;
}

static bool device_exists(void *self, struct str id, uint32_t *number)
{
	struct ctx *c = self;
	struct failure before = c->fail;
	struct device_ref d;
	enum rc rc = sensing_device_get(c, id, &d);

	forget(c, rc, &before);
	*number = 1;
	return rc == RC_OK;
}

/* ---- held to the place ----------------------------------------------------------- */

static void write_condition(struct buf *b, const struct json *when, struct str place_id)
{
	json_open(b, '{');
	json_key(b, "all");
	json_open(b, '[');
	json_open(b, '{');
	json_put_text(b, "place", place_id);
	json_close(b, '}');
	json_write(b, when);
	json_close(b, ']');
	json_close(b, '}');
}

/* A map like 'map', its member "when" (and "clear") held to the place. */
static void write_held(struct buf *b, const struct json *map, struct str place_id, bool whole)
{
	json_open(b, '{');
	for (const struct json *j = map->child; j; j = j->next) {
		bool condition = str_is(j->key, "when") || (whole && str_is(j->key, "clear"));

		json_key_str(b, j->key);
		if (condition && j->kind == J_MAP) {
			write_condition(b, j, place_id);
		} else if (whole && str_is(j->key, "without") && j->kind == J_MAP) {
			write_held(b, j, place_id, false);
		} else if (whole && str_is(j->key, "steps") && j->kind == J_LIST) {
			json_open(b, '[');
			for (const struct json *s = j->child; s; s = s->next)
				write_held(b, s, place_id, false);
			json_close(b, ']');
		} else {
			json_write(b, j);
		}
	}
	json_close(b, '}');
}

static enum rc wrong(struct ctx *c, const struct rule_problem *p)
{
	struct str field = p->path[0] ? arena_fmt(c->arena, "definition.%s", p->path) : STR("definition");

	if (c->fail.rc != RC_OK) /* nothing could be looked up */
		return c->fail.rc;
	return FAIL(c, RC_INVALID, p->reason, field, "the definition is wrong here");
}

/* An absence speaks of those who are enrolled: people and devices of the place.
 * What tells of them may well hang elsewhere. */
static bool by_enrolment(const struct rule *r)
{
	return rule_kind(r) == RULE_ABSENCE && (rule_key(r) == RULE_KEY_WATCH || rule_key(r) == RULE_KEY_DEVICE);
}

static enum rc compile_held(struct ctx *c, const struct rule_names *names, const struct rule_row *r,
			    const struct json *def, struct rule **ret)
{
	struct buf b = buf_new(c->arena, 4 * WATCH_DEFINITION);
	struct rule_problem problem = { .reason = NULL };
	struct json_error err;
	struct json *held;

	write_held(&b, def, r->place_id, true);
	if (b.overflow || json_parse(c->arena, buf_str(&b), 0, &held, &err) != RC_OK)
		return FAIL(c, RC_INVALID, "too_deep", STR("definition"), "the definition is too large");
	if (rule_compile(names, held, ret, &problem) != RC_OK)
		return wrong(c, &problem);
	return RC_OK;
}

/* A person's watch is a single time and nothing else: counting or chaining what
 * somebody does is no rule of ours (guarantee 24). */
static enum rc check_watch_key(struct ctx *c, const struct rule *r)
{
	if (rule_key(r) == RULE_KEY_WATCH && rule_kind(r) != RULE_ABSENCE)
		return FAIL(c, RC_INVALID, "not_for_kind", STR("definition.key"),
			    "only an absence may be kept by watch");
	if (rule_kind(r) == RULE_ABSENCE && rule_key(r) != RULE_KEY_WATCH && rule_key(r) != RULE_KEY_DEVICE)
		return FAIL(c, RC_INVALID, "conflict", STR("definition.key"),
			    "an absence is kept by watch or by device");
	return RC_OK;
}

enum rc watch_compile(struct ctx *c, const struct rule_names *names, const struct rule_row *r, struct rule **ret)
{
	struct symbols *own = names ? NULL : symbols_new(1);
	struct rule_names check = { .symbols = own, .self = c, .place = place_exists, .device = device_exists };
	struct rule_names use = names ? *names : check;
	struct rule_problem problem = { .reason = NULL };
	struct json_error err;
	struct json *def;
	enum rc rc;

	use.type = type_known;
	use.field = field_known;
	*ret = NULL;
	if (json_parse(c->arena, r->definition, 0, &def, &err) != RC_OK) {
		symbols_free(own);
		return FAIL(c, RC_INVALID, "bad_json", STR("definition"), "%s", err.reason);
	}
	rc = rule_compile(&use, def, ret, &problem);
	if (rc != RC_OK)
		rc = wrong(c, &problem);
	else
		rc = check_watch_key(c, *ret);
	if (rc == RC_OK && !by_enrolment(*ret)) {
		rule_free(*ret);
		*ret = NULL;
		rc = compile_held(c, &use, r, def, ret);
	}
	if (own || rc != RC_OK) { /* a rule compiled with throw-away numbers is of no use */
		rule_free(*ret);
		*ret = NULL;
	}
	symbols_free(own);
	return rc;
}
