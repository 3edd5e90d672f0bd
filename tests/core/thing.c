#include "thing.h"

#include <stdatomic.h>
#include <string.h>

static const char schema[] =
	"-- @version 1\n"
	"CREATE TABLE thing_item (id id_text PRIMARY KEY, version num_int NOT NULL, created_at time_int NOT NULL,"
	" updated_at time_int NOT NULL, place_path path_text NOT NULL, owner_id ref_text, helper_id ref_text,"
	" home_id ref_text, title free_text NOT NULL, phone free_text, color enum_text NOT NULL, size num_int,"
	" weight num_real, ready flag_int NOT NULL, due_at time_int, extra json_text, token free_text,"
	" state enum_text NOT NULL, result free_text);\n"
	"-- @version 2\n"
	"CREATE TABLE thing_count (name free_text PRIMARY KEY, n num_int NOT NULL);\n";

static const char *const colors[] = { "red", "green", NULL };
static const char *const states[] = { "new", "open", "done", NULL };
enum { S_NEW, S_OPEN, S_DONE };

struct item {
	struct std std;
	struct str place_path, owner_id, helper_id, home_id, title, phone, extra, token, result;
	unsigned color, state;
	int64_t size, due_at;
	double weight;
	bool ready;
};

static const struct field item_fields[] = {
	F_STD(struct item),
	F_PATH(struct item, place_path, REQUIRED | FIXED | FILTER | P1),
	F_REF(struct item, owner_id, "people.person", DERIVED | P1),
	F_REF(struct item, helper_id, "people.person", DERIVED | FILTER | P1),
	F_REF(struct item, home_id, "people.household", P1),
	F_TEXT(struct item, title, 3, 20, REQUIRED | P1),
	F_TAIL(struct item, phone, 5, 30, P2, 3),
	F_ENUM(struct item, color, colors, FILTER | P1),
	F_INT(struct item, size, 1, 100, FILTER | P1),
	F_REAL(struct item, weight, 0.5, 9.5, P1),
	F_FLAG(struct item, ready, FILTER | P1),
	F_TIME(struct item, due_at, FILTER | P1),
	F_JSON(struct item, extra, 100, P1),
	F_TEXT(struct item, token, 1, 64, DERIVED | SECRET | P2),
	F_ENUM(struct item, state, states, DERIVED | FILTER | P1),
	F_TEXT(struct item, result, 2, 50, DERIVED | P1),
};

static const struct see item_see[] = {
	{ "thing.read", SEE_PLACE },     { "thing.own", SEE_OWN }, { "thing.help", SEE_ASSIGNED },
	{ "thing.home", SEE_HOUSEHOLD }, { "thing.all", SEE_ALL }, { 0 },
};

static enum rc on_create(struct ctx *c, void *row, const struct json *in)
{
	struct item *r = row;

	(void)in;
	(void)c;
	r->token = STR("secret-canary");
	return RC_OK;
}

static enum rc on_finish(struct ctx *c, void *row, const struct json *in)
{
	(void)row;
	(void)in;
	ctx_poke(c, "thing.finished");
	return RC_OK;
}

static const char *const takes_helper[] = { "helper_id", NULL };
static const char *const takes_result[] = { "result", "?size", NULL };
static const struct step item_steps[] = {
	{ "start", IN(S_NEW), S_OPEN, "thing.work", SEE_PLACE, takes_helper, NULL },
	{ "finish", IN(S_OPEN), S_DONE, "thing.help", SEE_ASSIGNED, takes_result, on_finish },
};
static const struct sort item_sorts[] = {
	{ "color", { "color", "-created_at" } },     { "title", { "title" } },   { "-title", { "-title" } },
	{ "ready", { "ready", "-color", "title" } }, { "weight", { "weight" } }, { 0 },
};

const struct entity thing_item = {
	.module = "thing",
	.name = "item",
	.table = "thing_item",
	.size = sizeof(struct item),
	.fields = item_fields,
	.n_fields = COUNT(item_fields),
	.see = item_see,
	.perm = { .create = "thing.write",
		  .update = "thing.write",
		  .reveal = "thing.reveal",
		  .export = "thing.export" },
	.owner = "owner_id",
	.household = "home_id",
	.place = "place_path",
	.assigned = "helper_id",
	.person = "owner_id",
	.state = "state",
	.steps = item_steps,
	.n_steps = COUNT(item_steps),
	.sorts = item_sorts,
	.on_create = on_create,
	.purpose = "test",
	.basis = "duty",
	.keep_days = 30,
};
static const struct entity *const entities[] = { &thing_item, NULL };

atomic_int thing_heard, thing_fails;

static enum rc bump(struct ctx *c, const char *name)
{
	return db_run(c,
		      "INSERT INTO thing_count (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = "
		      "thing_count.n + 1",
		      ARGS(V_Z(name)), NULL);
}

static enum rc hear(struct ctx *c, const struct event *ev)
{
	if (thing_fails > 0) {
		thing_fails--;
		return FAIL(c, RC_CONFLICT, "not_now", NO_STR, "the test says so");
	}
	thing_heard += str_starts(ev->topic, "thing.item.");
	return bump(c, "heard");
}

static enum rc on_job(struct ctx *c)
{
	return bump(c, "job");
}

static enum rc counts(struct ctx *c, struct call *k)
{
	return db_json(c, k->out, "SELECT name, n FROM thing_count ORDER BY name", NO_ARGS);
}

/* Which way a quick route went: "ask" needs the database to prepare. */
static enum rc tally_prepare(struct ctx *c, struct call *k)
{
	int64_t n;

	if (str_is(k->rq->body, "ask"))
		TRY(db_int(c, "SELECT count(*) FROM thing_count", NO_ARGS, 0, &n));
	k->prepared = arena_z(c->arena, c->db ? STR("slow") : STR("quick"));
	return RC_OK;
}

static enum rc tally(struct ctx *c, struct call *k)
{
	json_open(k->out, '{');
	json_put_text(k->out, "way", str_of(k->prepared));
	json_close(k->out, '}');
	return bump(c, k->prepared);
}

static const struct listener listeners[] = { { "thing.item.", hear }, { 0 } };
static const struct job jobs[] = { { .name = "thing.job", .period = HOUR, .wake = "thing.finished", .run = on_job },
				   { 0 } };
static const struct route routes[] = {
	{ .method = "GET", .path = "/api/thing/counts", .perm = "thing.read", .run = counts },
	{ "POST", "/api/thing/tally", "thing.read", ROUTE_QUICK, tally, tally_prepare },
	{ 0 },
};
static const struct column_note columns[] = { { "thing_count", "*", P0, "test", "duty", 0 }, { 0 } };

/* "Who: boss", or the cookie "boss" for streams: one of the test's persons, each
 * with the role of that name; nobody else is anybody. */
static enum rc authenticate(struct ctx *c, const struct request *rq, struct actor *ret)
{
	struct str who = request_header(rq, "Who"), path = STR("36."), name;
	struct grant *g = NEW(c->arena, struct grant);

	who = who.p ? who : request_header(rq, "Cookie");
	if (who.p == NULL || !str_cut(&who, '@', &name)) /* "viewer@37." */
		return RC_OK;
	g->role = app_role(c->app, name);
	g->path = arena_dup(c->arena, who.p ? who : path);
	if (g->role == NULL)
		return FAIL(c, RC_UNKNOWN, "sign_in", NO_STR, "nobody of this name");
	*ret = (struct actor){ .kind = WHO_PERSON,
			       .id = arena_dup(c->arena, name),
			       .name = arena_dup(c->arena, name),
			       .grants = g,
			       .n_grants = 1 };
	return RC_OK;
}

const struct module thing_module = {
	.name = "thing",
	.schema = schema,
	.entities = entities,
	.routes = routes,
	.listeners = listeners,
	.jobs = jobs,
	.columns = columns,
	.authenticate = authenticate,
};

static const char *const boss[] = { "thing.*", NULL };
static const char *const viewer[] = { "thing.read", NULL };
static const char *const owner[] = { "thing.own", "thing.write", NULL };
static const char *const helper[] = { "thing.help", NULL };
static const char *const homely[] = { "thing.home", NULL };
const struct role thing_roles[] = {
	{ "boss", boss }, { "viewer", viewer }, { "owner", owner }, { "helper", helper }, { "homely", homely }, { 0 },
};
