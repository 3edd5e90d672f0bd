/* watch_rule.c - rules: data, versioned, compiled when written, switched on
 * only after a backtest. */
#include "domain/watch/watch_inner.h"

#include "rules/templates.h"

#include <string.h>

const char *const watch_kinds[] = { "match", "count", "dwell", "absence", "sequence", NULL };
const char *const watch_rule_states[] = { "draft", "active", "off", NULL };
const char *const watch_severities[] = { "normal", "high", "urgent", NULL };

static const struct field rule_fields[] = {
	F_STD(struct rule_row),
	F_TEXT(struct rule_row, name, 2, 100, REQUIRED | P1),
	F_TEXT(struct rule_row, template, 1, 64, FIXED | FILTER | P1),
	F_ENUM(struct rule_row, kind, watch_kinds, FIXED | FILTER | P1),
	F_ENUM(struct rule_row, severity, watch_severities, FIXED | FILTER | P1),
	F_JSON(struct rule_row, definition, WATCH_DEFINITION, P1),
	F_ENUM(struct rule_row, state, watch_rule_states, DERIVED | FILTER | P1),
	F_INT(struct rule_row, revision, 1, INT64_MAX, DERIVED | P1),
	F_REF(struct rule_row, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct rule_row, place_path, DERIVED | P1),
	F_REF(struct rule_row, backtest_id, "watch.backtest", DERIVED | P1),
	F_TEXT(struct rule_row, reason, 2, 500, DERIVED | P1),
	F_INT(struct rule_row, fired_30d, 0, INT64_MAX, DERIVED | P0),
	F_INT(struct rule_row, closed_true, 0, INT64_MAX, DERIVED | P0),
	F_INT(struct rule_row, closed_useful, 0, INT64_MAX, DERIVED | P0),
	F_INT(struct rule_row, closed_false, 0, INT64_MAX, DERIVED | P0),
	F_INT(struct rule_row, suppressed, 0, INT64_MAX, DERIVED | P0),
};

static const struct see rule_see[] = { { "watch.rule.read", SEE_PLACE }, { 0 } };

/* ---- counters ------------------------------------------------------------------- */

enum rc watch_changed(struct ctx *c, const char *counter)
{
	return db_run(c,
		      "INSERT INTO watch_counter (name, value) VALUES ($1, 1)"
		      " ON CONFLICT (name) DO UPDATE SET value = watch_counter.value + 1",
		      ARGS(V_Z(counter)), NULL);
}

enum rc watch_counter(struct ctx *c, const char *counter, int64_t *ret)
{
	return db_int(c, "SELECT value FROM watch_counter WHERE name = $1", ARGS(V_Z(counter)), 0, ret);
}

/* ---- what a definition and the columns beside it must agree on -------------------- */

static enum rc parse(struct ctx *c, struct str text, const struct json **ret)
{
	struct json_error err;
	struct json *j;

	if (json_parse(c->arena, text, 0, &j, &err) != RC_OK || j->kind != J_MAP)
		return FAIL(c, RC_INVALID, "wrong_type", STR("definition"), "the definition must be an object");
	*ret = j;
	return RC_OK;
}

static bool word_index(const char *const *words, struct str word, unsigned *ret)
{
	for (unsigned i = 0; words[i]; i++) {
		if (str_is(word, words[i])) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* A column given beside the definition fills a member that is not there; one
 * that says something else is a mistake. */
static enum rc fill_word(struct ctx *c, const struct json *in, const struct json *def, const char *name,
			 const char *const *words, unsigned *value, struct buf *more)
{
	const struct json *member = json_get(def, name);
	struct str field = arena_fmt(c->arena, "definition.%s", name);
	unsigned told = *value;

	if (member == NULL) {
		json_put_text(more, name, str_of(words[told]));
		return RC_OK;
	}
	if (member->kind != J_TEXT || !word_index(words, member->text, value))
		return FAIL(c, RC_INVALID, "unknown_word", field, "%s has no such value", name);
	if (json_get(in, name) && told != *value)
		return FAIL(c, RC_INVALID, "conflict", str_of(name), "the definition says another %s", name);
	return RC_OK;
}

static enum rc fill_template(struct ctx *c, struct rule_row *r, const struct json *def, struct buf *more)
{
	const struct json *member = json_get(def, "template");

	if (member == NULL) {
		if (r->template.n)
			json_put_text(more, "template", r->template);
		return RC_OK;
	}
	if (member->kind != J_TEXT)
		return FAIL(c, RC_INVALID, "wrong_type", STR("definition.template"), "template must be text");
	if (r->template.n && !str_eq(r->template, member->text))
		return FAIL(c, RC_INVALID, "conflict", STR("template"), "the definition says another template");
	r->template = member->text;
	return RC_OK;
}

static enum rc settle(struct ctx *c, struct rule_row *r, const struct json *in)
{
	struct buf more = buf_new(c->arena, WATCH_DEFINITION + 512);
	const struct json *def = NULL;
	struct rule *compiled;

	TRY(parse(c, r->definition, &def));
	json_open(&more, '{');
	for (const struct json *j = def ? def->child : NULL; j; j = j->next) {
		json_key_str(&more, j->key);
		json_write(&more, j);
	}
	TRY(fill_word(c, in, def, "kind", watch_kinds, &r->kind, &more));
	TRY(fill_word(c, in, def, "severity", watch_severities, &r->severity, &more));
	TRY(fill_template(c, r, def, &more));
	json_close(&more, '}');
	if (more.overflow)
		return FAIL(c, RC_INVALID, "wrong_length", STR("definition"), "the definition is too large");
	r->definition = buf_str(&more);
	return watch_compile(c, NULL, r, &compiled);
}

static enum rc store_revision(struct ctx *c, const struct rule_row *r)
{
	return db_run(
		c,
		"INSERT INTO watch_revision (rule_id, revision, at, actor_id, definition) VALUES ($1, $2, $3, $4, $5)",
		ARGS(V_STR(r->std.id), V_INT(r->revision), V_INT(c->now), V_STR(c->who.id), V_STR(r->definition)),
		NULL);
}

/* ---- create, change ------------------------------------------------------------------ */

static enum rc rule_create(struct ctx *c, void *row, const struct json *in)
{
	struct rule_row *r = row;
	struct place_ref place;

	TRY(places_get(c, r->place_id, "place_id", &place));
	r->place_path = place.path;
	if (r->definition.n == 0) {
		const struct rule_template *t = rule_template_find(r->template);

		if (t == NULL)
			return FAIL(c, RC_INVALID, "required", STR("definition"),
				    "a definition or a shipped template is needed");
		r->definition = str_of(t->json);
	}
	if (json_get(in, "severity") == NULL)
		r->severity = WATCH_NORMAL;
	r->state = R_DRAFT;
	r->revision = 1;
	TRY(settle(c, r, in));
	return store_revision(c, r);
}

/* What the engine still held of the old revision is over. */
static enum rc end_lasting(struct ctx *c, struct str rule_id)
{
	TRY(db_run(c,
		   "UPDATE watch_alert SET ongoing = 0 WHERE ongoing = 1 AND id IN"
		   " (SELECT alert_id FROM watch_match WHERE rule_id = $1 AND lasting = 1 AND cleared_at IS NULL)",
		   ARGS(V_STR(rule_id)), NULL));
	return db_run(
		c, "UPDATE watch_match SET cleared_at = $2 WHERE rule_id = $1 AND lasting = 1 AND cleared_at IS NULL",
		ARGS(V_STR(rule_id), V_INT(c->now)), NULL);
}

static enum rc rule_update(struct ctx *c, void *row, const struct json *in)
{
	struct rule_row *r = row;

	if (json_get(in, "definition") == NULL)
		return watch_changed(c, "rules");
	if (r->definition.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("definition"), "a rule has a definition");
	r->revision++;
	r->state = R_DRAFT;
	r->backtest_id = NO_STR;
	r->closed_true = r->closed_useful = r->closed_false = 0;
	TRY(settle(c, r, NULL));
	TRY(store_revision(c, r));
	TRY(end_lasting(c, r->std.id));
	return watch_changed(c, "rules");
}

/* ---- steps --------------------------------------------------------------------------- */

static enum rc switch_on(struct ctx *c, void *row, const struct json *in)
{
	struct rule_row *r = row;
	struct backtest_row b;
	bool found;

	(void)in;
	TRY(entity_find(c, &watch_backtest, "id = $1", ARGS(V_STR(r->backtest_id)), &b, &found));
	if (!found || !str_eq(b.rule_id, r->std.id))
		return FAIL(c, RC_INVALID, "unknown_backtest", STR("backtest_id"),
			    "no backtest of this rule has this id");
	if (b.revision != r->revision)
		return FAIL(c, RC_CONFLICT, "other_revision", STR("backtest_id"),
			    "the backtest was of another revision");
	r->reason = NO_STR;
	return watch_changed(c, "rules");
}

static enum rc switch_off(struct ctx *c, void *row, const struct json *in)
{
	struct rule_row *r = row;

	(void)in;
	TRY(end_lasting(c, r->std.id));
	return watch_changed(c, "rules");
}

static const char *const takes_backtest[] = { "backtest_id", NULL };
static const char *const takes_reason[] = { "reason", NULL };
static const struct step rule_steps[] = {
	{ "switch_on", IN(R_DRAFT) | IN(R_OFF), R_ACTIVE, "watch.rule.switch", SEE_PLACE, takes_backtest, switch_on },
	{ "switch_off", IN(R_ACTIVE), R_OFF, "watch.rule.switch", SEE_PLACE, takes_reason, switch_off },
};

const struct entity watch_rule = {
	.module = "watch",
	.name = "rule",
	.table = "watch_rule",
	.size = sizeof(struct rule_row),
	.fields = rule_fields,
	.n_fields = COUNT(rule_fields),
	.see = rule_see,
	.perm = { .create = "watch.rule.edit", .update = "watch.rule.edit", .export = "watch.export" },
	.place = "place_path",
	.state = "state",
	.steps = rule_steps,
	.n_steps = COUNT(rule_steps),
	.on_create = rule_create,
	.on_update = rule_update,
	.purpose = "safety",
	.basis = "public_interest",
};

/* ---- older definitions ------------------------------------------------------------------ */

enum rc watch_rule_revisions(struct ctx *c, struct call *k)
{
	struct rule_row r;

	TRY(entity_load(c, &watch_rule, k->id, &r));
	json_open(k->out, '{');
	json_key(k->out, "items");
	TRY(db_json(c, k->out,
		    "SELECT revision, at AS made_at, actor_id, definition AS definition_json FROM watch_revision"
		    " WHERE rule_id = $1 ORDER BY revision DESC LIMIT 100",
		    ARGS(V_STR(k->id))));
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- figures ------------------------------------------------------------------------------ */

enum rc watch_count_closed(struct ctx *c, struct str rule_id)
{
	static const char sql[] =
		"UPDATE watch_rule SET closed_true = (SELECT count(*) FROM watch_alert a WHERE a.rule_id = "
		"watch_rule.id"
		"  AND a.rule_revision = watch_rule.revision AND a.outcome = 'true' AND a.drill = 0),"
		" closed_useful = (SELECT count(*) FROM watch_alert a WHERE a.rule_id = watch_rule.id"
		"  AND a.rule_revision = watch_rule.revision AND a.outcome = 'useful' AND a.drill = 0),"
		" closed_false = (SELECT count(*) FROM watch_alert a WHERE a.rule_id = watch_rule.id"
		"  AND a.rule_revision = watch_rule.revision AND a.outcome = 'false' AND a.drill = 0) WHERE id = $1";

	return rule_id.n ? db_run(c, sql, ARGS(V_STR(rule_id)), NULL) : RC_OK;
}

enum rc watch_count_all(struct ctx *c)
{
	TRY(db_run(c,
		   "UPDATE watch_rule SET fired_30d = (SELECT coalesce(sum(n.fired), 0) FROM watch_count n"
		   " WHERE n.rule_id = watch_rule.id AND n.hour_at >= $1),"
		   " suppressed = (SELECT coalesce(sum(n.suppressed), 0) FROM watch_count n"
		   " WHERE n.rule_id = watch_rule.id AND n.hour_at >= $1)",
		   ARGS(V_INT(c->now - 30 * DAY)), NULL));
	TRY(db_run(c, "DELETE FROM watch_count WHERE hour_at < $1", ARGS(V_INT(c->now - 400 * DAY)), NULL));
	return db_run(c, "DELETE FROM watch_match WHERE at < $1 AND (lasting = 0 OR cleared_at IS NOT NULL)",
		      ARGS(V_INT(c->now - WATCH_MATCH_DAYS * DAY)), NULL);
}

enum { SCOPES_MOST = 30 };

enum rc watch_precision(struct ctx *c, const char *perm, int64_t since_at, struct buf *out)
{
	struct val v[1 + 2 * SCOPES_MOST] = { V_INT(since_at) };
	struct buf where = buf_new(c->arena, 4096);
	struct scope *s;
	size_t n;

	ctx_scopes(c, perm, &s, &n);
	if (n > SCOPES_MOST)
		n = SCOPES_MOST;
	buf_add(&where, STR("1 = 0"));
	for (size_t i = 0; i < n; i++) {
		buf_fmt(&where, " OR (a.place_path >= $%zu AND a.place_path < $%zu)", 2 * i + 2, 2 * i + 3);
		v[2 * i + 1] = V_STR(s[i].from);
		v[2 * i + 2] = V_STR(s[i].to);
	}
	const char *sql =
		arena_fmt(c->arena,
			  "SELECT a.rule_id AS rule_id, r.name AS name,"
			  " sum(CASE WHEN a.outcome = 'true' THEN 1 ELSE 0 END) AS \"true\","
			  " sum(CASE WHEN a.outcome = 'useful' THEN 1 ELSE 0 END) AS useful,"
			  " sum(CASE WHEN a.outcome = 'false' THEN 1 ELSE 0 END) AS \"false\""
			  " FROM watch_alert a JOIN watch_rule r ON r.id = a.rule_id"
			  " WHERE a.closed_at >= $1 AND a.outcome IS NOT NULL AND a.drill = 0 AND (" FMT_STR ")"
			  " GROUP BY a.rule_id, r.name ORDER BY a.rule_id",
			  ARG_STR(buf_str(&where)))
			.p;

	return db_json(c, out, sql, (struct args){ v, 1 + 2 * n });
}
