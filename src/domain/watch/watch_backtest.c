/* watch_backtest.c - what a rule would have asked: a second engine fed with the
 * stored history, before the writer is taken. */
#include "domain/watch/watch_backtest.h"

#include <stdlib.h>
#include <string.h>

static const struct field backtest_fields[] = {
	F_STD(struct backtest_row),
	F_REF(struct backtest_row, rule_id, "watch.rule", DERIVED | FILTER | P1),
	F_INT(struct backtest_row, revision, 1, INT64_MAX, DERIVED | FILTER | P1),
	F_PATH(struct backtest_row, place_path, DERIVED | P1),
	F_INT(struct backtest_row, days, 1, BACKTEST_DAYS, DERIVED | P0),
	F_INT(struct backtest_row, history_days, 0, BACKTEST_DAYS, DERIVED | P0),
	F_INT(struct backtest_row, fired, 0, INT64_MAX, DERIVED | P0),
	F_JSON(struct backtest_row, result, 1 << 20, DERIVED | P1),
};
static const struct see backtest_see[] = { { "watch.rule.read", SEE_PLACE }, { 0 } };
const struct entity watch_backtest = {
	.module = "watch",
	.name = "backtest",
	.table = "watch_backtest",
	.size = sizeof(struct backtest_row),
	.fields = backtest_fields,
	.n_fields = COUNT(backtest_fields),
	.see = backtest_see,
	.place = "place_path",
	.purpose = "safety",
	.basis = "public_interest",
	.keep_days = 365,
	.quiet = true,
};

/* ---- history ------------------------------------------------------------------------- */

/* As the job does it: time passes in small steps between events, so that what
 * is due fires when it would have fired. */
static void pass_time(struct evaluator *e, int64_t to)
{
	while (e->ticked_at + 30 * SECOND < to)
		eval_tick(e, e->ticked_at + 30 * SECOND);
	eval_tick(e, to);
}

static enum rc feed(void *arg, const struct sensing_event *ev)
{
	struct evaluator *e = arg;

	pass_time(e, ev->received_at);
	return eval_feed(e, ev);
}

static enum rc run_history(struct ctx *c, struct backtest *b)
{
	struct evaluator *e = b->ev;
	int64_t first;

	TRY(sensing_first_at(c, &first));
	b->from = c->now - b->days * DAY;
	b->to = c->now;
	if (first > b->from)
		b->from = first - first % SECOND;
	b->history_days = first ? (b->to - b->from + DAY / 2) / DAY : 0;
	TRY(eval_tree(c, e));
	TRY(eval_add_rule(c, e, &b->rule));
	TRY(eval_load_welfare(c, e, b->rule.place_path, b->from));
	e->ticked_at = b->from;
	if (first == 0)
		return RC_OK;
	/* One past now: what was received this very moment belongs to it. */
	TRY(sensing_between(c, b->from, b->to + 1, feed, e));
	pass_time(e, b->to);
	return RC_OK;
}

static enum rc away_then(struct ctx *c, const struct evaluator *e, const struct pending *p, bool *away)
{
	int64_t n = 0;

	if (p->rule->care)
		TRY(db_int(c, "SELECT count(*) FROM watch_leave WHERE welfare_id = $1 AND from_at <= $2 AND to_at > $2",
			   ARGS(V_STR(e->subjects[p->m.key - 1].id), V_INT(p->m.at)), 0, &n));
	*away = n > 0;
	return RC_OK;
}

static enum rc collect(struct ctx *c, struct backtest *b)
{
	const struct evaluator *e = b->ev;

	b->fired = NEW_N(c->arena, const struct pending *, e->n_pending + 1);
	for (size_t i = 0; i < e->n_pending; i++) {
		const struct pending *p = &e->pending[i];
		bool away;

		if (p->m.phase != RULE_FIRED || p->rule == NULL)
			continue;
		TRY(away_then(c, e, p, &away));
		if (!away)
			b->fired[b->n++] = p;
	}
	return RC_OK;
}

/* ---- the route ------------------------------------------------------------------------- */

static enum rc read_days(struct ctx *c, const struct json *in, int64_t *ret)
{
	const struct json *days = json_get(in, "days");

	for (const struct json *j = in->child; j; j = j->next)
		if (!str_is(j->key, "days"))
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
	if (days == NULL)
		return FAIL(c, RC_INVALID, "required", STR("days"), "days is required");
	if (days->kind != J_INT)
		return FAIL(c, RC_INVALID, "wrong_type", STR("days"), "days must be a whole number");
	if (days->i < 1 || days->i > BACKTEST_DAYS)
		return FAIL(c, RC_INVALID, "out_of_range", STR("days"), "days must be 1 to %d", BACKTEST_DAYS);
	*ret = days->i;
	return RC_OK;
}

enum rc watch_backtest_prepare(struct ctx *c, struct call *k)
{
	struct backtest *b = NEW(c->arena, struct backtest);
	enum rc rc;

	TRY(entity_load(c, &watch_rule, k->id, &b->rule));
	if (!ctx_may_at(c, "watch.rule.backtest", b->rule.place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not held for this row");
	TRY(read_days(c, k->in, &b->days));
	b->ev = eval_new(1, c->now - (b->days + 1) * DAY);
	rc = run_history(c, b);
	if (rc == RC_OK)
		rc = collect(c, b);
	if (rc == RC_OK)
		rc = backtest_sum(c, b, ctx_new_id(c));
	watch_evaluator_free(b->ev);
	b->ev = NULL;
	b->fired = NULL;
	k->prepared = b;
	return rc;
}

enum rc watch_backtest_run(struct ctx *c, struct call *k)
{
	const struct backtest *b = k->prepared;
	struct backtest_row row;
	struct rule_row now;
	struct json_error err;
	struct json *result;

	/* The rule may have changed while history was read. */
	TRY(entity_load(c, &watch_rule, k->id, &now));
	if (now.revision != b->rule.revision)
		return FAIL(c, RC_CONFLICT, "other_revision", STR("revision"), "the rule was changed meanwhile");
	if (json_parse(c->arena, b->result, 0, &result, &err) != RC_OK)
		return FAIL(c, RC_BUG, "internal", NO_STR, "the result is no JSON");
	entity_init(&watch_backtest, &row);
	row.std.id = json_get_text(result, "id");
	row.rule_id = b->rule.std.id;
	row.revision = b->rule.revision;
	row.place_path = b->rule.place_path;
	row.days = b->days;
	row.history_days = b->history_days;
	row.fired = (int64_t)b->n;
	row.result = b->result;
	TRY(entity_insert(c, &watch_backtest, &row, "create"));
	buf_add(k->out, b->result);
	return RC_OK;
}
