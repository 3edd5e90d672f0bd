/* describe.c - the program tells what it is: operations, entities, OpenAPI,
 * what is held about a person; all from the tables. */
#include "core/inner.h"

#include <stdio.h>
#include <string.h>

static void line(struct buf *out, const char *method, const char *path, const char *perm)
{
	buf_fmt(out, "%-6s %-52s %s\n", method, path, perm);
}

static void list_entity(const struct entity *e, struct buf *out)
{
	const char *base = arena_fmt(out->a, "/api/%s/%s", e->module, e->name).p;
	const char *row = arena_fmt(out->a, "%s/{id}", base).p;

	line(out, "GET", base, e->see->perm);
	line(out, "GET", row, e->see->perm);
	if (e->perm.create)
		line(out, "POST", base, e->perm.create);
	if (e->perm.update)
		line(out, "PATCH", row, e->perm.update);
	if (e->perm.export)
		line(out, "POST", arena_fmt(out->a, "%s/export", base).p, e->perm.export);
	if (e->perm.reveal)
		line(out, "POST", arena_fmt(out->a, "%s/reveal", row).p, e->perm.reveal);
	for (size_t s = 0; s < e->n_steps; s++)
		line(out, "POST", arena_fmt(out->a, "%s/%s", row, e->steps[s].verb).p, e->steps[s].perm);
}

void app_list_routes(const struct app *a, struct buf *out)
{
	for (const struct route *r = core_routes; r->path; r++)
		line(out, r->method, r->path, r->perm);
	for (size_t i = 0; i < a->n_modules; i++)
		for (const struct route *r = a->o.modules[i]->routes; r && r->path; r++)
			line(out, r->method, r->path, r->perm);
	for (size_t i = 0; i < a->n_info; i++)
		list_entity(a->info[i].e, out);
}

/* ---- describe -------------------------------------------------------------------------- */

static void describe_limits(const struct field *f, struct buf *out)
{
	if (f->kind == KIND_REAL) {
		json_put_real(out, "min", f->lo_real);
		json_put_real(out, "max", f->hi_real);
	} else if (f->kind == KIND_TEXT || f->kind == KIND_INT || f->kind == KIND_JSON) {
		json_put_int(out, "min", f->lo);
		json_put_int(out, "max", f->hi);
	}
	if (f->words) {
		json_key(out, "words");
		json_open(out, '[');
		for (size_t i = 0; f->words[i]; i++)
			json_text(out, str_of(f->words[i]));
		json_close(out, ']');
	}
	if (f->target)
		json_put_text(out, "target", str_of(f->target));
}

static void describe_field(const struct field *f, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "name", str_of(f->name));
	json_put_text(out, "type", str_of(kind_name[f->kind]));
	json_put_text(out, "class", str_of(class_name(f->flags)));
	json_put_bool(out, "required", (f->flags & REQUIRED) != 0);
	json_put_bool(out, "writable", !(f->flags & (DERIVED | FIXED)));
	json_put_bool(out, "at_creation", !(f->flags & DERIVED));
	json_put_bool(out, "filter", (f->flags & FILTER) != 0);
	describe_limits(f, out);
	json_close(out, '}');
}

static void describe_step(struct ctx *c, const struct entity_info *i, const struct step *s, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "verb", str_of(s->verb));
	json_key(out, "from");
	json_open(out, '[');
	for (size_t k = 0; i->state->words[k]; k++)
		if (s->from & IN(k))
			json_text(out, str_of(i->state->words[k]));
	json_close(out, ']');
	json_put_text(out, "to", s->to == STAY ? NO_STR : str_of(i->state->words[s->to]));
	json_key(out, "takes");
	json_open(out, '[');
	for (size_t k = 0; s->takes && s->takes[k]; k++)
		json_text(out, str_of(s->takes[k]));
	json_close(out, ']');
	json_put_bool(out, "allowed", ctx_may(c, s->perm));
	json_close(out, '}');
}

static void describe_entity(struct ctx *c, const struct entity_info *i, struct buf *out)
{
	const struct entity *e = i->e;

	json_open(out, '{');
	json_put_text(out, "entity", arena_fmt(c->arena, "%s.%s", e->module, e->name));
	json_put_bool(out, "create", e->perm.create && ctx_may(c, e->perm.create));
	json_put_bool(out, "update", e->perm.update && ctx_may(c, e->perm.update));
	json_put_bool(out, "export", e->perm.export && ctx_may(c, e->perm.export));
	json_put_bool(out, "reveal", e->perm.reveal && ctx_may(c, e->perm.reveal));
	json_put_text(out, "state", str_of(e->state));
	json_put_int(out, "keep_days", e->keep_days);
	json_key(out, "fields");
	json_open(out, '[');
	for (size_t k = 0; k < e->n_fields; k++)
		if (!(e->fields[k].flags & SECRET))
			describe_field(&e->fields[k], out);
	json_close(out, ']');
	json_key(out, "sorts");
	json_open(out, '[');
	for (const struct sort *s = e->sorts; s && s->name; s++)
		json_text(out, str_of(s->name));
	json_close(out, ']');
	json_key(out, "steps");
	json_open(out, '[');
	for (size_t k = 0; k < e->n_steps; k++)
		describe_step(c, i, &e->steps[k], out);
	json_close(out, ']');
	json_close(out, '}');
}

void app_describe(struct ctx *c, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "entities");
	json_open(out, '[');
	for (size_t i = 0; i < c->app->n_info; i++)
		describe_entity(c, &c->app->info[i], out);
	json_close(out, ']');
	json_close(out, '}');
}

/* ---- OpenAPI 3.1 -------------------------------------------------------------------------- */

static void schema_field(const struct field *f, struct buf *out)
{
	static const char *const type[] = {
		[KIND_ID] = "string",    [KIND_REF] = "string",  [KIND_TEXT] = "string", [KIND_PATH] = "string",
		[KIND_JSON] = "object",  [KIND_ENUM] = "string", [KIND_INT] = "integer", [KIND_REAL] = "number",
		[KIND_FLAG] = "boolean", [KIND_TIME] = "string",
	};

	json_key(out, f->name);
	json_open(out, '{');
	json_key(out, "type");
	json_open(out, '[');
	json_text(out, str_of(type[f->kind]));
	if (f->kind == KIND_JSON)
		json_text(out, STR("array"));
	json_text(out, STR("null"));
	json_close(out, ']');
	if (f->kind == KIND_TIME)
		json_put_text(out, "format", STR("date-time"));
	if (f->kind == KIND_TEXT) {
		json_put_int(out, "minLength", f->lo);
		json_put_int(out, "maxLength", f->hi);
	}
	if (f->words) {
		json_key(out, "enum");
		json_open(out, '[');
		for (size_t i = 0; f->words[i]; i++)
			json_text(out, str_of(f->words[i]));
		json_null(out);
		json_close(out, ']');
	}
	json_put_bool(out, "readOnly", (f->flags & DERIVED) != 0);
	json_close(out, '}');
}

static void schema_entity(const struct entity *e, struct buf *out)
{
	json_key(out, arena_fmt(out->a, "%s.%s", e->module, e->name).p);
	json_open(out, '{');
	json_put_text(out, "type", STR("object"));
	json_key(out, "properties");
	json_open(out, '{');
	for (size_t k = 0; k < e->n_fields; k++)
		if (!(e->fields[k].flags & SECRET))
			schema_field(&e->fields[k], out);
	json_close(out, '}');
	json_close(out, '}');
}

/* One operation of a path item. */
static void operation(const char *method, const char *perm, const char *ref, bool body, struct buf *out)
{
	json_key(out, method);
	json_open(out, '{');
	json_put_text(out, "x-permission", str_of(perm));
	if (body)
		json_put_raw(out, "requestBody", STR("{\"content\":{\"application/json\":{}}}"));
	json_key(out, "responses");
	json_open(out, '{');
	json_key(out, "default");
	json_raw(out, STR("{\"description\":\"problem (RFC 9457)\",\"content\":{\"application/problem+json\":{}}}"));
	json_key(out, "2XX");
	if (ref)
		json_raw(out,
			 arena_fmt(out->a,
				   "{\"description\":\"done\",\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
				   "\"#/components/schemas/%s\"}}}}",
				   ref));
	else
		json_raw(out, STR("{\"description\":\"done\"}"));
	json_close(out, '}');
	json_close(out, '}');
}

static void path_open(struct buf *out, const char *path)
{
	json_key(out, path);
	json_open(out, '{');
	if (strchr(path, '{'))
		json_put_raw(
			out, "parameters",
			STR("[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}]"));
}

static void paths_entity(const struct entity *e, struct buf *out)
{
	const char *ref = arena_fmt(out->a, "%s.%s", e->module, e->name).p;
	const char *base = arena_fmt(out->a, "/api/%s/%s", e->module, e->name).p;

	path_open(out, base);
	operation("get", e->see->perm, NULL, false, out);
	if (e->perm.create)
		operation("post", e->perm.create, ref, true, out);
	json_close(out, '}');
	path_open(out, arena_fmt(out->a, "%s/{id}", base).p);
	operation("get", e->see->perm, ref, false, out);
	if (e->perm.update)
		operation("patch", e->perm.update, ref, true, out);
	json_close(out, '}');
	if (e->perm.export) {
		path_open(out, arena_fmt(out->a, "%s/export", base).p);
		operation("post", e->perm.export, NULL, true, out);
		json_close(out, '}');
	}
	if (e->perm.reveal) {
		path_open(out, arena_fmt(out->a, "%s/{id}/reveal", base).p);
		operation("post", e->perm.reveal, NULL, true, out);
		json_close(out, '}');
	}
	for (size_t k = 0; k < e->n_steps; k++) {
		path_open(out, arena_fmt(out->a, "%s/{id}/%s", base, e->steps[k].verb).p);
		operation("post", e->steps[k].perm, ref, true, out);
		json_close(out, '}');
	}
}

static bool first_of_path(const struct route *all, const struct route *r)
{
	for (; all != r; all++)
		if (strcmp(all->path, r->path) == 0)
			return false;
	return true;
}

static void paths_routes(const struct route *all, struct buf *out)
{
	for (const struct route *r = all; r && r->path; r++) {
		if (!first_of_path(all, r))
			continue;
		path_open(out, r->path);
		for (const struct route *s = r; s->path; s++) {
			char method[8];

			if (strcmp(s->path, r->path) != 0)
				continue;
			snprintf(method, sizeof(method), "%s", s->method);
			for (char *p = method; *p; p++)
				*p = (char)(*p | 0x20);
			operation(method, s->perm, NULL, (s->flags & ROUTE_JSON) != 0, out);
		}
		json_close(out, '}');
	}
}

void app_openapi(const struct app *a, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "openapi", STR("3.1.0"));
	json_put_raw(out, "info",
		     STR("{\"title\":\"Jiuan\",\"version\":\"0.1.0\",\"license\":{\"name\":\"Apache-2.0\"}}"));
	json_key(out, "paths");
	json_open(out, '{');
	paths_routes(core_routes, out);
	for (size_t i = 0; i < a->n_modules; i++)
		paths_routes(a->o.modules[i]->routes, out);
	for (size_t i = 0; i < a->n_info; i++)
		paths_entity(a->info[i].e, out);
	json_close(out, '}');
	json_key(out, "components");
	json_open(out, '{');
	json_key(out, "schemas");
	json_open(out, '{');
	for (size_t i = 0; i < a->n_info; i++)
		schema_entity(a->info[i].e, out);
	json_close(out, '}');
	json_close(out, '}');
	json_close(out, '}');
}

/* ---- about a person --------------------------------------------------------------------------- */

enum rc app_export_person(struct ctx *c, struct str person, struct buf *out)
{
	json_open(out, '{');
	json_put_time(out, "exported_at", c->now);
	for (size_t i = 0; i < c->app->n_info; i++)
		TRY(entity_about_person(c, c->app->info[i].e, person, out));
	for (size_t i = 0; i < c->app->n_modules; i++)
		if (c->app->o.modules[i]->about_person)
			TRY(c->app->o.modules[i]->about_person(c, person, out));
	json_key(out, "looks");
	TRY(db_json(c, out,
		    "SELECT at AS looked_at, actor_name, entity, row_id, fields, purpose, reason FROM core_look"
		    " WHERE person_id = $1 ORDER BY id",
		    ARGS(V_STR(person))));
	json_close(out, '}');
	return RC_OK;
}

/* ---- core's own routes ---------------------------------------------------------------------------- */

static enum rc route_describe(struct ctx *c, struct call *k)
{
	app_describe(c, k->out);
	return RC_OK;
}

static enum rc route_openapi(struct ctx *c, struct call *k)
{
	app_openapi(c->app, k->out);
	return RC_OK;
}

static enum rc route_register(struct ctx *c, struct call *k)
{
	return app_register(c, k->out);
}

static enum rc route_my_data(struct ctx *c, struct call *k)
{
	return app_export_person(c, c->who.id, k->out);
}

static enum rc route_my_looks(struct ctx *c, struct call *k)
{
	json_open(k->out, '{');
	json_key(k->out, "items");
	TRY(db_json(c, k->out,
		    "SELECT at AS looked_at, actor_name, entity, row_id, fields, purpose, reason FROM core_look"
		    " WHERE person_id = $1 ORDER BY id DESC LIMIT 200",
		    ARGS(V_STR(c->who.id))));
	json_close(k->out, '}');
	return RC_OK;
}

const struct route core_routes[] = {
	{ .method = "GET", .path = "/api/describe", .perm = "person", .run = route_describe },
	{ .method = "GET", .path = "/api/openapi.json", .perm = "public", .run = route_openapi },
	{ .method = "GET", .path = "/api/privacy/register", .perm = "public", .run = route_register },
	{ .method = "GET", .path = "/api/me/data", .perm = "person", .run = route_my_data },
	{ .method = "GET", .path = "/api/me/looks", .perm = "person", .run = route_my_looks },
	{ 0 },
};
