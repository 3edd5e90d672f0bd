/* watch.c - the module: what it is made of. */
#include "domain/watch/watch_inner.h"

#include "watch_schema.h"

static const struct entity *const entities[] = {
	&watch_rule,       &watch_backtest, &watch_alert, &watch_silence,
	&watch_escalation, &watch_welfare,  &watch_leave, NULL,
};

static const struct route routes[] = {
	{ "POST", "/api/watch/rule/{id}/backtest", "watch.rule.backtest", ROUTE_JSON, watch_backtest_run,
	  watch_backtest_prepare },
	{ "GET", "/api/watch/rule/{id}/revisions", "watch.rule.read", 0, watch_rule_revisions, NULL },
	{ "GET", "/api/watch/alert/{id}/case", "watch.alert.read", 0, watch_case, NULL },
	{ "GET", "/api/watch/alert/{id}/timeline", "watch.alert.read", 0, watch_timeline, NULL },
	{ "POST", "/api/watch/alert/{id}/note", "watch.alert.note", ROUTE_JSON | ROUTE_EMPTY, watch_note, NULL },
	{ "POST", "/api/watch/call", "watch.alert.call", ROUTE_JSON, watch_call, NULL },
	{ "GET", "/api/watch/call", "watch.alert.call", 0, watch_call_kinds, NULL },
	{ "GET", "/api/watch/board", "watch.alert.read", ROUTE_LOCKED, watch_board, NULL },
	{ 0 },
};

static enum rc on_closed(struct ctx *c, const struct event *ev)
{
	struct str rule_id;

	TRY(db_text(c, "SELECT rule_id FROM watch_alert WHERE id = $1", ARGS(V_STR(ev->id)), &rule_id));
	return watch_count_closed(c, rule_id);
}

static const struct listener listeners[] = {
	{ "dispatch.task.", watch_on_task },       { "dispatch.shift.", watch_on_shift },
	{ "sensing.device.", watch_on_device },    { "watch.alert.close", on_closed },
	{ "watch.alert.reopen", on_closed },       { "people.question.", watch_on_register },
	{ "people.person.erase", watch_on_erase }, { 0 },
};

static const struct job jobs[] = {
	{ "watch.evaluate", 250 * MILLI, "sensing.events", JOB_READS, watch_evaluate },
	{ "watch.escalate", SECOND, NULL, JOB_READS, watch_escalate_job },
	{ "watch.selftest", 5 * MINUTE, NULL, 0, watch_selftest_job },
	{ "watch.count", HOUR, NULL, 0, watch_count_all },
	{ 0 },
};

static const struct column_note columns[] = {
	{ "watch_revision", "*", P1, "safety", "public_interest", 0 },
	{ "watch_source", "*", P1, "safety", "public_interest", 730 },
	{ "watch_timeline", "*", P1, "safety", "public_interest", 730 },
	{ "watch_evidence", "*", P1, "safety", "public_interest", 730 },
	{ "watch_match", "*", P1, "safety", "public_interest", WATCH_MATCH_DAYS },
	{ "watch_cursor", "*", P1, "safety", "public_interest", 0 },
	{ "watch_number", "*", P0, "safety", "public_interest", 0 },
	{ "watch_counter", "*", P0, "numbering", "public_interest", 0 },
	{ "watch_count", "*", P0, "figures", "public_interest", 400 },
	{ "watch_task", "*", P1, "safety", "public_interest", 730 },
	{ "watch_duty", "*", P1, "duty", "public_interest", 1 },
	{ "watch_selftest", "*", P0, "safety", "public_interest", 0 },
	{ 0 },
};

static void stop(void *state)
{
	watch_evaluator_free(((struct watch_memory *)state)->ev);
}

static const char *const needs[] = { "files", "places", "people", "sensing", NULL };
const struct module watch_module = {
	.name = "watch",
	.schema = watch_schema,
	.needs = needs,
	.entities = entities,
	.routes = routes,
	.listeners = listeners,
	.jobs = jobs,
	.columns = columns,
	.state_size = sizeof(struct watch_memory),
	.start = watch_alert_start,
	.stop = stop,
};
