/* people.c - the module's tables; who looked at my data. */
#include "domain/people/people_register.h"

#include "people_schema.h"

void people_set_seat(struct ctx *c, people_seat_fn *fn)
{
	people_state_of(c)->seat = fn;
}

/* GET /api/people/looks?after=: newest first, a hundred at a time. */
enum rc people_looks(struct ctx *c, struct call *k)
{
	struct str after = request_query(c, "after");

	json_open(k->out, '{');
	json_key(k->out, "items");
	TRY(db_json(c, k->out,
		    "SELECT id, at AS looked_at, actor_name, entity, row_id, fields, purpose, reason FROM core_look"
		    " WHERE person_id = $1 AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT 100",
		    ARGS(V_STR(c->who.id), V_STR(after.p ? after : STR("")))));
	json_close(k->out, '}');
	return RC_OK;
}

/* Sessions past the longest life end; ended ones go after 30 days, browsers
 * not used for half a year too. */
static enum rc sweep(struct ctx *c)
{
	TRY(db_run(c,
		   "UPDATE people_session SET state = 'ended', ended_at = $1, version = version + 1"
		   " WHERE state = 'live' AND (created_at < $2 OR last_seen_at < $3)",
		   ARGS(V_INT(c->now), V_INT(c->now - RESIDENT_LONGEST), V_INT(c->now - RESIDENT_IDLE)), NULL));
	TRY(db_run(c, "DELETE FROM people_session WHERE state = 'ended' AND ended_at < $1",
		   ARGS(V_INT(c->now - 30 * DAY)), NULL));
	return db_run(c, "DELETE FROM people_device WHERE last_at < $1", ARGS(V_INT(c->now - 180 * DAY)), NULL);
}

/* What the sign-in page may know before anybody signed in. */
static enum rc hint(struct ctx *c, struct call *k)
{
	json_open(k->out, '{');
	json_put_bool(k->out, "demo", app_is_demo(c->app));
	json_close(k->out, '}');
	return RC_OK;
}

static const struct entity *const entities[] = {
	&person_entity,  &post_entity,      &contact_entity,    &consent_entity,
	&session_entity, &household_entity, &member_entity,     &identity_entity,
	&tenancy_entity, &permit_entity,    &capacity_entity,   &question_entity,
	&vehicle_entity, &care_entity,      &correction_entity, NULL,
};
static const struct route routes[] = {
	{ "POST", "/api/session", "public", ROUTE_JSON, people_login, people_login_prepare },
	{ "GET", "/api/session/hint", "public", 0, hint, NULL },
	{ "DELETE", "/api/session", "person", ROUTE_EMPTY | ROUTE_LOCKED, people_logout, NULL },
	{ "POST", "/api/session/lock", "person", ROUTE_EMPTY | ROUTE_LOCKED, people_lock, NULL },
	{ "POST", "/api/session/unlock", "person", ROUTE_JSON | ROUTE_EMPTY | ROUTE_LOCKED | ROUTE_SECRET,
	  people_unlock, people_unlock_prepare },
	{ "GET", "/api/me", "person", ROUTE_LOCKED, people_me, NULL },
	{ "POST", "/api/people/password", "person", ROUTE_JSON | ROUTE_EMPTY, people_password,
	  people_password_prepare },
	{ "POST", "/api/people/person/{id}/password", "people.person.password", ROUTE_SECRET, people_reset,
	  people_reset_prepare },
	{ "GET", "/api/people/looks", "person", 0, people_looks, NULL },
	{ "POST", "/api/people/search", "people.register.search", ROUTE_JSON | ROUTE_SECRET, people_search, NULL },
	{ "POST", "/api/people/household/{id}/open", REGISTER_REVEAL, ROUTE_JSON | ROUTE_SECRET, people_open_household,
	  NULL },
	{ "POST", "/api/people/import", "people.register.import", ROUTE_SECRET, people_import_run,
	  people_import_prepare },
	{ "POST", "/api/people/own/contact", "person", ROUTE_JSON | ROUTE_SECRET, people_own_contact, NULL },
	{ "GET", "/api/people/own/dwelling", "person", 0, people_own_dwelling, NULL },
	{ "GET", "/api/people/own/erasure", "person", 0, people_held, NULL },
	{ "POST", "/api/people/own/erase", "person", ROUTE_JSON | ROUTE_SECRET, people_erase_own,
	  people_erase_own_prepare },
	{ "POST", "/api/people/person/{id}/erase", "people.person.erase", ROUTE_JSON, people_erase_other, NULL },
	{ 0 },
};
static const struct job jobs[] = {
	{ .name = "people.touch", .period = MINUTE, .run = people_touch },
	{ .name = "people.sweep", .period = HOUR, .run = sweep },
	{ .name = "people.care", .period = MINUTE, .run = care_job },
	{ .name = "people.tenancy", .period = HOUR, .run = tenancy_clock },
	{ .name = "people.question", .period = HOUR, .run = question_job },
	{ .name = "people.clocks", .period = HOUR, .run = register_clocks },
	{ 0 },
};
static const struct column_note columns[] = {
	{ "people_device", "*", P2, "sign_in", "duty", 180 },
	{ "people_revision", "*", P0, "operation", "duty", 0 },
	{ "people_key", "*", P2, "sealing", "duty", 0 },
	{ 0 },
};
static const char *const needs[] = { "places", NULL };

const struct module people_module = {
	.name = "people",
	.schema = people_schema,
	.needs = needs,
	.entities = entities,
	.routes = routes,
	.jobs = jobs,
	.columns = columns,
	.state_size = sizeof(struct people_state),
	.start = people_start,
	.stop = people_stop,
	.authenticate = people_authenticate,
	.about_person = people_about_person,
};
