/* access.c - the module's tables. */
#include "domain/access/access_inner.h"
#include "domain/people/people.h"

#include "access_schema.h" /* generated: access_schema[] */

void access_set_verifier(struct ctx *c, access_verifier_fn *fn, void *self)
{
	struct access_state *st = access_state_of(c);

	st->verifier = fn;
	st->verifier_self = self;
}

static enum rc start(struct ctx *c)
{
	pthread_mutex_init(&access_state_of(c)->lock, NULL);
	return access_clock_start(c);
}

static void stop(void *state)
{
	pthread_mutex_destroy(&((struct access_state *)state)->lock);
}

/* Who takes the consent back is out of every terminal at once. */
static enum rc on_withdraw(struct ctx *c, const struct event *ev)
{
	struct str person = json_get_text(access_json_of(c, ev->body), "person_id"), *ids;
	size_t n;

	if (people_consented(c, person, STR("door_terminal")))
		return RC_OK;
	TRY(db_texts(c,
		     "SELECT id FROM access_credential WHERE person_id = $1 AND method = 'face'"
		     " AND state IN ('active', 'suspended') ORDER BY id LIMIT 100",
		     ARGS(V_STR(person)), 100, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(credential_revoke(c, ids[i], STR("consent withdrawn")));
	return RC_OK;
}

/* Who may not come any more: all doors of the person, at once. */
static enum rc on_disable(struct ctx *c, const struct event *ev)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM access_credential WHERE person_id = $1 AND state IN ('active', 'suspended')"
		     " ORDER BY id LIMIT 1000",
		     ARGS(V_STR(ev->id)), 1000, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(credential_revoke(c, ids[i], STR("person disabled")));
	return RC_OK;
}

static void metrics(struct ctx *c, struct buf *out)
{
	struct access_state *st = access_state_of(c);

	buf_fmt(out,
		"# TYPE jiuan_access_clock_suspect gauge\n"
		"jiuan_access_clock_suspect %d\n",
		st->is_suspect);
}

static const char *const needs[] = { "places", "people", "sensing", NULL };
static const struct entity *const entities[] = {
	&access_group,  &access_schedule,  &access_door,     &access_lane, &access_credential,
	&access_policy, &access_emergency, &access_opening,  &access_wait, &access_visit,
	&access_code,   &access_parcel,    &access_movement, NULL,
};
/* "public": a device's key, or nothing at all, is asked inside. */
static const struct route routes[] = {
	{ "POST", "/api/access/swipe", "public", ROUTE_JSON, swipe_run, swipe_prepare },
	{ "POST", "/api/access/log", "public", ROUTE_JSON, access_log_run, access_log_prepare },
	{ "POST", "/api/access/contact", "public", ROUTE_JSON, access_contact_run, access_contact_prepare },
	{ "GET", "/api/access/list", "public", 0, access_list_route, NULL },
	{ "POST", "/api/access/list/ack", "public", ROUTE_JSON | ROUTE_EMPTY, ack_run, ack_prepare },
	{ "GET", "/api/access/openings", "public", 0, orders_route, NULL },
	{ "POST", "/api/access/poster", "public", ROUTE_JSON | ROUTE_SECRET, poster_route, NULL },
	{ "POST", "/api/access/ticket/{id}", "public", ROUTE_JSON | ROUTE_SECRET, ticket_route, NULL },
	{ "POST", "/api/access/visit/{id}/code", "person", ROUTE_JSON | ROUTE_SECRET, code_route, NULL },
	{ "POST", "/api/access/phone", "person", ROUTE_JSON | ROUTE_SECRET, phone_route, NULL },
	{ "POST", "/api/access/movement/{id}/passes", "access.movement.ask", ROUTE_JSON | ROUTE_SECRET, movement_route,
	  NULL },
	{ "GET", "/api/access/parcel/{id}/receipt", "access.host", 0, receipt_route, NULL },
	{ "GET", "/api/access/credential/{id}/doors", "person", 0, doors_route, NULL },
	{ "GET", "/api/access/board", "access.read", 0, access_board_route, NULL },
	{ "GET", "/api/access/occupancy", "access.read", 0, occupancy_route, NULL },
	{ "POST", "/api/access/occupancy/{id}/correct", "access.gate", ROUTE_JSON, access_correct_route, NULL },
	{ "POST", "/api/access/muster", "access.muster", ROUTE_JSON, muster_route, NULL },
	{ "GET", "/api/access/figures", "access.figures", 0, access_figures_route, NULL },
	{ "GET", "/api/access/terminals", "access.read", 0, terminals_route, NULL },
	{ "POST", "/api/access/measures/end", "access.manage", ROUTE_JSON, measures_route, NULL },
	{ "GET", "/api/access/clock", "access.read", 0, access_clock_route, NULL },
	{ "POST", "/api/access/clock/confirm", "access.clock", ROUTE_JSON, access_clock_confirm, NULL },
	{ 0 },
};
static const struct listener listeners[] = { { "people.consent.withdraw", on_withdraw },
					     { "people.person.disable", on_disable },
					     { 0 } };
static const struct job jobs[] = {
	{ .name = "access.clock", .period = 10 * SECOND, .run = access_clock_job },
	{ .name = "access.end", .period = 5 * SECOND, .run = access_end_job },
	{ .name = "access.held", .period = 5 * SECOND, .run = access_contact_watch },
	{ .name = "access.reconcile", .period = 10 * MINUTE, .run = access_reconcile_job },
	{ .name = "access.purge", .period = 10 * MINUTE, .run = access_purge_job },
	{ 0 },
};
static const struct column_note columns[] = {
	{ "access_pass", "*", P3, "entry", "contract", PASS_DAYS },
	{ "access_alias", "*", P3, "entry", "contract", 2 * PASS_DAYS },
	{ "access_inside", "*", P3, "safety", "contract", PASS_DAYS },
	{ "access_reading", "*", P3, "entry_rules", "law", PASS_DAYS },
	{ "access_area", "*", P0, "safety", "contract", 0 },
	{ "access_fix", "*", P1, "safety", "contract", 730 },
	{ "access_hour", "*", P0, "figures", "contract", 1825 },
	{ "access_keypad", "*", P0, "entry", "contract", 2 },
	{ "access_list", "*", P0, "entry", "contract", 0 },
	{ "access_count", "*", P0, "numbering", "contract", 0 },
	{ "access_clock", "*", P0, "operation", "contract", 0 },
	{ 0 },
};

const struct module access_module = {
	.name = "access",
	.schema = access_schema,
	.needs = needs,
	.entities = entities,
	.routes = routes,
	.listeners = listeners,
	.jobs = jobs,
	.columns = columns,
	.state_size = sizeof(struct access_state),
	.start = start,
	.stop = stop,
	.metrics = metrics,
};
