#include "rules/parse.h"

#include <stdlib.h>
#include <string.h>

enum {
	M = 1 << RULE_MATCH,
	C = 1 << RULE_COUNT,
	D = 1 << RULE_DWELL,
	A = 1 << RULE_ABSENCE,
	S = 1 << RULE_SEQUENCE,
	EVERY = M | C | D | A | S
};

static const char *const kind_words[] = { "match", "count", "dwell", "absence", "sequence", NULL };
static const char *const severity_words[] = { "normal", "high", "urgent", NULL };
static const char *const key_words[] = { "none", "place", "device", "watch", "area", NULL };

/* Members of a definition and the kinds of rule they belong to. */
static const struct member {
	const char *name;
	int kinds;
} members[] = {
	{ "kind", EVERY },
	{ "severity", EVERY },
	{ "key", EVERY },
	{ "key_field", M | C | D | S },
	{ "when", M | C | D | A },
	{ "raise", M | C | D | S },
	{ "cooldown_s", M | C | D | S },
	{ "merge_s", EVERY },
	{ "limit", EVERY },
	{ "template", EVERY },
	{ "task", EVERY },
	{ "hysteresis", M },
	{ "without", M },
	{ "count", C },
	{ "window_s", C },
	{ "for_s", D | A },
	{ "clear", D },
	{ "stale_s", D },
	{ "steps", S },
	{ "within_s", S },
};

uint64_t rule_hash_bytes(struct str s)
{
	/* FNV-1a, finished so that all bits count. */
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001B3u;
	return hash_two(h, s.n);
}

static enum rc check_members(struct parse *p, const struct json *def)
{
	for (const struct json *j = def->child; j != NULL; j = j->next) {
		struct where w = { .name = j->key };
		size_t i = 0;

		while (i < COUNT(members) && !str_is(j->key, members[i].name))
			i++;
		if (i == COUNT(members))
			return parse_fail(p, &w, NULL, "unknown_member");
		if (!(members[i].kinds & 1 << p->r->kind))
			return parse_fail(p, &w, NULL, "not_for_kind");
	}
	return RC_OK;
}

static enum rc parse_raise(struct parse *p, const struct json *j)
{
	static const char *const names[] = { "when", "severity", NULL };
	struct where w = { .name = STR("raise") };
	unsigned severity = 0;

	TRY(parse_map(p, &w, j));
	TRY(parse_only(p, &w, j, names));
	TRY(parse_part(p, &w, j, "when", PART_RAISE));
	if (json_get(j, "severity") == NULL)
		return parse_fail(p, &w, "severity", "missing");
	TRY(parse_word(p, &w, j, "severity", severity_words, &severity));
	if (severity <= (unsigned)p->r->severity)
		return parse_fail(p, &w, "severity", "conflict");
	p->r->raised = (enum rule_severity)severity;
	return RC_OK;
}

static enum rc parse_limit(struct parse *p, const struct json *j)
{
	static const char *const names[] = { "n", "per_s", NULL };
	struct where w = { .name = STR("limit") };
	int64_t n = 0;

	TRY(parse_map(p, &w, j));
	TRY(parse_only(p, &w, j, names));
	TRY(parse_int(p, &w, j, "n", 1, RULE_LIMIT_MAX, &n));
	p->r->limit_n = (uint32_t)n;
	return parse_seconds(p, &w, j, "per_s", 1, &p->r->limit_us);
}

static enum rc parse_hysteresis(struct parse *p, const struct json *j, struct str type)
{
	static const char *const high[] = { "field", "on_ge", "off_lt", NULL };
	static const char *const low[] = { "field", "on_le", "off_gt", NULL };
	struct where w = { .name = STR("hysteresis") };
	struct hysteresis *h = &p->r->hyst;

	TRY(parse_map(p, &w, j));
	h->low = json_get(j, "on_le") != NULL;
	TRY(parse_only(p, &w, j, h->low ? low : high));
	TRY(parse_field(p, &w, j, type, &h->field));
	const char *on = h->low ? "on_le" : "on_ge", *off = h->low ? "off_gt" : "off_lt";
	const struct json *a = json_get(j, on), *b = json_get(j, off);
	if (a == NULL || b == NULL)
		return parse_fail(p, &w, a == NULL ? on : off, "missing");
	if (!json_number(a, &h->on))
		return parse_fail(p, &w, on, "wrong_type");
	if (!json_number(b, &h->off))
		return parse_fail(p, &w, off, "wrong_type");
	/* Equal thresholds are a plain edge: allowed. */
	return (h->low ? h->off >= h->on : h->off <= h->on) ? RC_OK : parse_fail(p, &w, off, "conflict");
}

static enum rc parse_without(struct parse *p, const struct json *j)
{
	static const char *const names[] = { "when", "before_s", "only", NULL };
	struct where w = { .name = STR("without") };

	TRY(parse_map(p, &w, j));
	TRY(parse_only(p, &w, j, names));
	TRY(parse_part(p, &w, j, "when", PART_WITHOUT));
	if (json_get(j, "only") != NULL)
		TRY(parse_part(p, &w, j, "only", PART_ONLY));
	return parse_seconds(p, &w, j, "before_s", 1, &p->r->span);
}

static enum rc parse_steps(struct parse *p, const struct json *def)
{
	static const char *const names[] = { "when", NULL };
	struct where w = { .name = STR("steps") };
	const struct json *steps = json_get(def, "steps");

	if (steps == NULL)
		return parse_fail(p, &w, NULL, "missing");
	if (steps->kind != J_LIST)
		return parse_fail(p, &w, NULL, "wrong_type");
	if (steps->n < 2)
		return parse_fail(p, &w, NULL, "out_of_range");
	if (steps->n > RULE_STEPS_MAX)
		return parse_fail(p, &w, NULL, "too_many");
	for (const struct json *j = steps->child; j != NULL; j = j->next) {
		struct where item = { .up = &w, .index = p->r->steps };

		TRY(parse_map(p, &item, j));
		TRY(parse_only(p, &item, j, names));
		TRY(parse_part(p, &item, j, "when", PART_STEP + (int)p->r->steps++));
	}
	return parse_seconds(p, NULL, def, "within_s", 1, &p->r->span);
}

static enum rc parse_match(struct parse *p, const struct json *def)
{
	const struct json *h = json_get(def, "hysteresis"), *without = json_get(def, "without");
	const struct part *when = &p->r->parts[PART_WHEN];
	struct str type = NO_STR;

	if (when->reach.n_types == 1 && !when->reach.any_type)
		type = symbols_text(p->names->symbols, when->reach.types[0]);
	if (h != NULL && without != NULL)
		return parse_fail(p, NULL, "without", "conflict");
	if (h != NULL)
		return parse_hysteresis(p, h, type);
	return without != NULL ? parse_without(p, without) : RC_OK;
}

static enum rc parse_kind(struct parse *p, const struct json *def)
{
	struct rule *r = p->r;
	int64_t n = 0;

	switch (r->kind) {
	case RULE_MATCH: return parse_match(p, def);
	case RULE_COUNT:
		TRY(parse_int(p, NULL, def, "count", 2, RULE_COUNT_MAX, &n));
		r->count = (uint32_t)n;
		return parse_seconds(p, NULL, def, "window_s", 1, &r->span);
	case RULE_DWELL:
		if (json_get(def, "clear") == NULL && json_get(def, "stale_s") == NULL)
			return parse_fail(p, NULL, "clear", "missing");
		if (json_get(def, "clear") != NULL)
			TRY(parse_part(p, NULL, def, "clear", PART_CLEAR));
		if (json_get(def, "stale_s") != NULL)
			TRY(parse_seconds(p, NULL, def, "stale_s", 1, &r->stale_us));
		break;
	case RULE_ABSENCE: break;
	case RULE_SEQUENCE: return parse_steps(p, def);
	}
	TRY(parse_int(p, NULL, def, "for_s", 1, RULE_FOR_S_MAX, &n));
	r->for_us = n * SECOND;
	return RC_OK;
}

static enum rc parse_when_or_all(struct parse *p, const struct json *def)
{
	struct part *when = &p->r->parts[PART_WHEN];

	if (p->r->kind == RULE_SEQUENCE)
		return RC_OK;
	if (p->r->kind != RULE_ABSENCE || json_get(def, "when") != NULL)
		return parse_part(p, NULL, def, "when", PART_WHEN);
	/* Any event at all is a sign of life. */
	*when = (struct part){ .used = true, .start = WAY_TRUE, .reach = { .any_type = true, .hi = UINT32_MAX } };
	return RC_OK;
}

static enum rc parse_common(struct parse *p, const struct json *def)
{
	struct rule *r = p->r;
	const struct json *task = json_get(def, "task");
	unsigned severity = RULE_NORMAL, key = RULE_KEY_NONE;
	struct str name;

	TRY(parse_word(p, NULL, def, "severity", severity_words, &severity));
	TRY(parse_word(p, NULL, def, "key", key_words, &key));
	r->severity = (enum rule_severity)severity;
	r->key = (enum rule_key)key;
	TRY(parse_when_or_all(p, def));
	if (json_get(def, "key_field") != NULL)
		TRY(parse_field(p, NULL, def, NO_STR, &r->key_field));
	if (json_get(def, "raise") != NULL)
		TRY(parse_raise(p, json_get(def, "raise")));
	if (json_get(def, "cooldown_s") != NULL)
		TRY(parse_seconds(p, NULL, def, "cooldown_s", 0, &r->cooldown));
	if (json_get(def, "merge_s") != NULL)
		TRY(parse_seconds(p, NULL, def, "merge_s", 0, &r->merge_us));
	if (json_get(def, "limit") != NULL)
		TRY(parse_limit(p, json_get(def, "limit")));
	if (json_get(def, "template") != NULL) {
		TRY(parse_text(p, NULL, def, "template", &name));
		r->template_hash = rule_hash_bytes(name);
	}
	return task == NULL || task->kind == J_MAP ? RC_OK : parse_fail(p, NULL, "task", "wrong_type");
}

static enum rc parse_rule(struct parse *p, const struct json *def)
{
	unsigned kind = 0;

	if (def->kind != J_MAP)
		return parse_fail(p, NULL, NULL, "wrong_type");
	if (json_get(def, "kind") == NULL)
		return parse_fail(p, NULL, "kind", "missing");
	TRY(parse_word(p, NULL, def, "kind", kind_words, &kind));
	p->r->kind = (enum rule_kind)kind;
	TRY(check_members(p, def));
	TRY(parse_common(p, def));
	return parse_kind(p, def);
}

uint32_t rule_words(const struct rule *r)
{
	switch (r->kind) {
	case RULE_COUNT:
		return WORDS(struct count_state) + r->count + (r->count < RULE_SAMPLES ? r->count : RULE_SAMPLES);
	case RULE_DWELL: return WORDS(struct dwell_state);
	case RULE_SEQUENCE: return WORDS(struct sequence_state) + (r->steps - 1) * WORDS(struct run);
	default: return WORDS(struct match_state);
	}
}

enum rc rule_compile(const struct rule_names *names, const struct json *def, struct rule **ret,
		     struct rule_problem *problem)
{
	struct rule *r = mem_new(sizeof(*r));
	struct parse p = { .names = names, .r = r, .problem = problem };

	*problem = (struct rule_problem){ .reason = NULL };
	enum rc rc = parse_rule(&p, def);
	if (rc != RC_OK) {
		rule_free(r);
		return rc;
	}
	r->memory = max64(r->span, r->cooldown) + RULES_GRACE;
	r->shape = hash_two((uint64_t)r->kind << 8 | (uint64_t)r->key, (uint64_t)rule_words(r) << 16 | r->limit_n);
	table_init(&r->table, rule_words(r));
	if (r->limit_n > 0)
		r->limit_ring = mem_new(r->limit_n * sizeof(*r->limit_ring));
	*ret = r;
	return RC_OK;
}

void rule_free(struct rule *r)
{
	if (r == NULL)
		return;
	table_done(&r->table);
	free(r->tests);
	free(r->set);
	free(r->nums);
	free(r->limit_ring);
	free(r);
}

enum rule_kind rule_kind(const struct rule *r)
{
	return r->kind;
}

enum rule_key rule_key(const struct rule *r)
{
	return r->key;
}
