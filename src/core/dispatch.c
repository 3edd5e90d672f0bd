/* dispatch.c - one request from start to end: who, what, may they, then the
 * tables or the route's own function, then the answer.  Policy is enforced
 * here, once. */
#include "core/inner.h"

#include <stdio.h>
#include <string.h>

enum { IDEM_MIN = 8, IDEM_MAX = 64, BODY_NODES = 100000, QUICK_BODY = 64 << 10 };

/* ---- what is asked ------------------------------------------------------------------ */

/* "/api/x/{id}/y" against the path; the n-th placeholder goes to id, id2. */
static bool path_fits(const char *pattern, struct str path, struct call *k)
{
	struct str want = str_of(pattern), w, p;
	struct str *slot[] = { &k->id, &k->id2 };
	size_t n = 0;

	k->id = k->id2 = NO_STR;
	while (str_cut(&want, '/', &w)) {
		if (!str_cut(&path, '/', &p))
			return false;
		if (w.n && w.p[0] == '{') {
			if (p.n == 0 || n == COUNT(slot))
				return false;
			*slot[n++] = p;
		} else if (!str_eq(w, p)) {
			return false;
		}
	}
	return path.p == NULL;
}

static bool find_in(struct work *w, const struct route *routes)
{
	for (const struct route *r = routes; r && r->path; r++) {
		if (str_is(w->rq.method, r->method) && path_fits(r->path, w->rq.path, &w->k)) {
			w->target = T_ROUTE;
			w->route = r;
			w->writes = !str_is(w->rq.method, "GET") && !(r->flags & ROUTE_READS);
			return true;
		}
	}
	return false;
}

static const struct entity *find_entity(const struct app *a, struct str module, struct str name)
{
	for (size_t i = 0; i < a->n_info; i++)
		if (str_is(module, a->info[i].e->module) && str_is(name, a->info[i].e->name))
			return a->info[i].e;
	return NULL;
}

/* /api/<module>/<entity>[/<id>[/<verb>]] */
static bool find_operation(struct work *w)
{
	struct str rest = w->rq.path, part[6] = { { 0 } };
	bool get = str_is(w->rq.method, "GET"), post = str_is(w->rq.method, "POST"),
	     patch = str_is(w->rq.method, "PATCH");
	size_t n = 0;

	while (n < COUNT(part) && str_cut(&rest, '/', &part[n]))
		n++;
	if (n < 4 || rest.p || !str_is(part[1], "api"))
		return false;
	w->entity = find_entity(w->c.app, part[2], part[3]);
	if (w->entity == NULL)
		return false;
	w->k.id = part[4];
	w->writes = !get;
	if (n == 4 && get)
		w->target = T_LIST;
	else if (n == 4 && post && w->entity->perm.create)
		w->target = T_CREATE;
	else if (n == 5 && get)
		w->target = T_GET;
	else if (n == 5 && patch && w->entity->perm.update)
		w->target = T_UPDATE;
	else if (n == 5 && post && str_is(part[4], "export") && w->entity->perm.export)
		w->target = T_EXPORT;
	else if (n == 6 && post && str_is(part[5], "reveal") && w->entity->perm.reveal)
		w->target = T_REVEAL;
	else if (n == 6 && post && (w->step = entity_step_of(w->entity, part[5])) != NULL)
		w->target = T_STEP;
	else
		return false;
	return true;
}

static bool find_anywhere(struct work *w)
{
	const struct app *a = w->c.app;

	for (size_t i = 0; i < a->n_modules; i++)
		if (find_in(w, a->o.modules[i]->routes))
			return true;
	return find_in(w, core_routes) || find_operation(w);
}

/* RFC 9110, 15.5.6: the path is known, what may be asked of it stands in Allow. */
static enum rc find_target(struct work *w)
{
	static const char *const methods[] = { "GET", "POST", "PATCH", "DELETE" };
	struct str asked = w->rq.method;
	bool writes = w->writes;
	struct buf allow = buf_new(w->c.arena, 64);

	if (find_anywhere(w))
		return RC_OK;
	for (size_t i = 0; i < COUNT(methods); i++) {
		w->rq.method = str_of(methods[i]);
		if (find_anywhere(w))
			buf_fmt(&allow, "%s%s", allow.n ? ", " : "", i == 0 ? "GET, HEAD" : methods[i]);
	}
	w->rq.method = asked;
	w->writes = writes;
	if (allow.n == 0)
		return FAIL(&w->c, RC_MISSING, "no_route", NO_STR, "no such operation");
	w->allow = buf_str(&allow);
	return FAIL(&w->c, RC_MISSING, "wrong_method", NO_STR, "this path answers %s", w->allow.p);
}

/* A desk that nobody touched shows its queue and does nothing. */
static enum rc unlocked(struct work *w)
{
	bool read = w->target == T_LIST || w->target == T_GET;
	bool open = w->target == T_ROUTE ? (w->route->flags & ROUTE_LOCKED) || strcmp(w->route->perm, "public") == 0
					 : read && w->entity->at_lock;

	return !w->c.who.locked || open
		       ? RC_OK
		       : FAIL(&w->c, RC_DENIED, "seat_locked", NO_STR, "the desk is locked: the password opens it");
}

/* Held anywhere?  The row itself is asked later, where it is known. */
static enum rc may(struct work *w)
{
	struct ctx *c = &w->c;

	switch (w->target) {
	case T_ROUTE: return need(c, w->route->perm);
	case T_CREATE: return need(c, w->entity->perm.create);
	case T_UPDATE: return need(c, w->entity->perm.update);
	case T_STEP: return need(c, w->step->perm);
	case T_REVEAL: return need(c, w->entity->perm.reveal);
	case T_EXPORT: return need(c, w->entity->perm.export);
	case T_LIST:
	case T_GET:
		for (const struct see *s = w->entity->see; s->perm; s++)
			if (ctx_may(c, s->perm))
				return RC_OK;
		return need(c, w->entity->see->perm);
	}
	return RC_BUG;
}

static enum rc read_body(struct work *w)
{
	struct json_error err;
	struct json *in = NULL;
	struct str body = w->rq.body;

	if (w->target == T_ROUTE && !(w->route->flags & ROUTE_JSON))
		return RC_OK;
	if (str_trim(body).n == 0 && w->target == T_STEP)
		body = STR("{}");
	if (json_parse(w->c.arena, body, BODY_NODES, &in, &err) != RC_OK)
		return FAIL(&w->c, RC_INVALID, "bad_json", NO_STR, "%s near byte %zu", err.reason, err.at);
	if (in->kind != J_MAP)
		return FAIL(&w->c, RC_INVALID, "wrong_type", NO_STR, "a JSON object is expected");
	w->k.in = in;
	return RC_OK;
}

/* Answers with personal data are never kept for a second telling, nor those to
 * nobody in particular: anybody could ask for them again. */
static enum rc read_idem(struct work *w)
{
	struct str key = request_header(&w->rq, "Idempotency-Key");

	bool secret = w->target == T_REVEAL || w->target == T_EXPORT ||
		      (w->target == T_ROUTE && (w->route->flags & ROUTE_SECRET));

	if (key.p == NULL || !w->writes || secret || w->c.who.kind == WHO_NOBODY)
		return RC_OK;
	if (key.n < IDEM_MIN || key.n > IDEM_MAX || !str_utf8(key))
		return FAIL(&w->c, RC_INVALID, "wrong_length", STR("Idempotency-Key"),
			    "%d to %d characters are expected", IDEM_MIN, IDEM_MAX);
	w->idem_key = arena_fmt(w->c.arena, FMT_STR "/" FMT_STR, ARG_STR(w->c.who.id.n ? w->c.who.id : STR("-")),
				ARG_STR(key));
	return RC_OK;
}

void work_init(struct work *w, struct app *a, struct arena *arena, struct conn *db, const struct request *rq)
{
	memset(w, 0, sizeof(*w));
	w->c = app_ctx(a, arena, db);
	w->c.who = (struct actor){ .kind = WHO_NOBODY };
	w->rq = *rq;
	w->c.rq = &w->rq;
	w->k.rq = &w->rq;
	w->k.rs = &w->rs;
	w->k.out = &w->out;
	w->rs = (struct response){ .status = 200, .type = "application/json" };
	w->out = buf_new(arena, JSON_OUT_LIMIT);
	w->writes = !str_is(rq->method, "GET");
}

bool work_is_quick(const struct app *a, const struct request *rq)
{
	if (rq->body.n > QUICK_BODY || !str_is(rq->method, "POST"))
		return false;
	for (size_t i = 0; i < a->n_modules; i++)
		for (const struct route *r = a->o.modules[i]->routes; r && r->path; r++)
			if ((r->flags & (ROUTE_QUICK | ROUTE_READS)) == ROUTE_QUICK && str_is(rq->path, r->path))
				return true;
	return false;
}

enum rc work_start(struct work *w, const struct actor *who)
{
	struct ctx *c = &w->c;

	if (who) {
		c->who = *who;
	} else {
		for (size_t i = 0; i < c->app->n_modules; i++)
			if (c->app->o.modules[i]->authenticate)
				TRY(c->app->o.modules[i]->authenticate(c, &w->rq, &c->who));
	}
	TRY(find_target(w));
	TRY(unlocked(w));
	TRY(may(w));
	if (w->writes || (w->target == T_ROUTE && (w->route->flags & ROUTE_READS)))
		TRY(read_body(w));
	TRY(read_idem(w));
	if (w->target != T_ROUTE || w->route->prepare == NULL)
		return RC_OK;
	/* What was done already may be refused now: an old password is no more. */
	if (w->idem_key.p)
		TRY(db_int(c, "SELECT 1 FROM core_idem WHERE key = $1", ARGS(V_STR(w->idem_key)), 0, &w->told));
	return w->told ? RC_OK : w->route->prepare(c, &w->k);
}

/* ---- idempotency -------------------------------------------------------------------- */

struct stored {
	struct arena *a;
	struct str request, body;
	int64_t status;
};

static enum rc take_stored(void *arg, const struct row *r)
{
	struct stored *s = arg;

	s->request = arena_dup(s->a, r->v[0].s);
	s->status = r->v[1].i;
	s->body = arena_dup(s->a, r->v[2].s);
	return RC_OK;
}

static struct str request_hash(struct work *w)
{
	uint8_t h[CRYPTO_HASH];
	struct str all = arena_fmt(w->c.arena, FMT_STR " " FMT_STR "?" FMT_STR "\n" FMT_STR, ARG_STR(w->rq.method),
				   ARG_STR(w->rq.path), ARG_STR(w->rq.query), ARG_STR(w->rq.body));

	hash_bytes(all, h);
	return hex_encode(w->c.arena, (struct str){ (const char *)h, sizeof(h) });
}

static enum rc idem_find(struct work *w, struct str hash, bool *found)
{
	struct stored s = { .a = w->c.arena };

	TRY(db_each(&w->c, "SELECT request, status, body FROM core_idem WHERE key = $1", ARGS(V_STR(w->idem_key)),
		    take_stored, &s));
	*found = s.request.p != NULL;
	if (!*found)
		return RC_OK;
	if (!str_eq(s.request, hash))
		return FAIL(&w->c, RC_CONFLICT, "idempotency_mismatch", STR("Idempotency-Key"),
			    "this key was used for another request");
	w->rs.status = (int)s.status;
	buf_add(&w->out, s.body);
	response_header(&w->rs, "Idempotency-Replayed", STR("true"));
	return RC_OK;
}

/* ---- the middle ----------------------------------------------------------------------- */

static void etag(struct work *w, const void *row)
{
	response_header(&w->rs, "ETag",
			arena_fmt(w->c.arena, "\"%lld\"", (long long)((const struct std *)row)->version));
}

static enum rc run_export(struct work *w)
{
	const struct entity *e = w->entity;
	char now[TIME_TEXT];
	struct str day = { time_text(w->c.now, now).p, 10 };

	TRY(entity_export(&w->c, e, w->rq.query, w->k.in, &w->out));
	w->rs.type = "text/csv; charset=utf-8; header=present";
	response_header(&w->rs, "Content-Disposition",
			arena_fmt(w->c.arena, "attachment; filename=\"%s-%s-" FMT_STR ".csv\"", e->module, e->name,
				  ARG_STR(day)));
	return RC_OK;
}

static enum rc run_entity(struct work *w)
{
	struct ctx *c = &w->c;
	const struct entity *e = w->entity;
	void *row = arena_alloc(c->arena, e->size);

	switch (w->target) {
	case T_LIST: return entity_list(c, e, w->rq.query, &w->out);
	case T_REVEAL: return entity_reveal(c, e, w->k.id, w->k.in, &w->out);
	case T_EXPORT: return run_export(w);
	case T_GET: TRY(entity_load(c, e, w->k.id, row)); break;
	case T_UPDATE: TRY(entity_update(c, e, w->k.id, w->k.in, row)); break;
	case T_STEP: TRY(entity_step(c, e, w->k.id, w->step->verb, w->k.in, row)); break;
	case T_CREATE:
		TRY(entity_create(c, e, w->k.in, row));
		w->rs.status = 201;
		response_header(&w->rs, "Location",
				arena_fmt(c->arena, "/api/%s/%s/" FMT_STR, e->module, e->name,
					  ARG_STR(((struct std *)row)->id)));
		break;
	case T_ROUTE: return RC_BUG;
	}
	entity_write(c, e, row, &w->out);
	etag(w, row);
	return RC_OK;
}

enum rc work_run(struct work *w)
{
	struct str hash = NO_STR;
	bool replayed = false;

	if (w->idem_key.p) {
		hash = request_hash(w);
		TRY(idem_find(w, hash, &replayed));
		if (replayed)
			return RC_OK;
		if (w->told) /* forgotten since, and nothing is prepared */
			return RC_BUSY;
	}
	if (w->target == T_ROUTE) {
		TRY(w->route->run(&w->c, &w->k));
		if ((w->route->flags & ROUTE_EMPTY) && w->out.n == 0)
			w->rs.status = 204;
	} else {
		TRY(run_entity(w));
	}
	if (w->out.overflow)
		return FAIL(&w->c, RC_LIMIT, "too_much", NO_STR, "the answer is too large");
	if (w->idem_key.p)
		TRY(db_run(&w->c, "INSERT INTO core_idem (key, at, request, status, body) VALUES ($1, $2, $3, $4, $5)",
			   ARGS(V_STR(w->idem_key), V_INT(w->c.now), V_STR(hash), V_INT(w->rs.status),
				V_STR(buf_str(&w->out))),
			   NULL));
	return RC_OK;
}

/* ---- the answer -------------------------------------------------------------------------- */

static const struct {
	int status;
	const char *title;
} status_of[RC_N] = {
	[RC_OK] = { 200, "OK" },
	[RC_INVALID] = { 400, "Bad Request" },
	[RC_UNKNOWN] = { 401, "Unauthorized" },
	[RC_DENIED] = { 403, "Forbidden" },
	[RC_MISSING] = { 404, "Not Found" },
	[RC_CONFLICT] = { 409, "Conflict" },
	[RC_STALE] = { 412, "Precondition Failed" },
	[RC_LIMIT] = { 413, "Content Too Large" },
	[RC_SLOWER] = { 429, "Too Many Requests" },
	[RC_BUG] = { 500, "Internal Server Error" },
	[RC_BUSY] = { 503, "Service Unavailable" },
};

/* RFC 9457. */
static void write_problem(struct work *w, enum rc rc)
{
	struct failure *f = &w->c.fail;
	int status = w->allow.n ? 405 : status_of[rc].status;

	if (f->rc == RC_OK)
		*f = (struct failure){ .rc = rc,
				       .code = rc == RC_BUSY    ? "busy"
					       : rc == RC_LIMIT ? "too_much"
								: "internal" };
	w->rs = (struct response){ .status = status, .type = "application/problem+json" };
	if (w->allow.n)
		response_header(&w->rs, "Allow", w->allow);
	w->out = buf_new(w->c.arena, JSON_OUT_LIMIT);
	json_open(&w->out, '{');
	json_put_text(&w->out, "type", STR("about:blank"));
	json_put_text(&w->out, "title", w->allow.n ? STR("Method Not Allowed") : str_of(status_of[rc].title));
	json_put_int(&w->out, "status", status);
	json_put_text(&w->out, "code", str_of(f->code));
	if (f->field.p)
		json_put_text(&w->out, "field", f->field);
	json_put_text(&w->out, "detail", str_of(f->text));
	json_put_text(&w->out, "request", ctx_new_id(&w->c));
	if (f->current.p)
		json_put_raw(&w->out, "current", f->current);
	json_close(&w->out, '}');
	if (f->retry_after_s || rc == RC_BUSY)
		response_header(&w->rs, "Retry-After",
				arena_fmt(w->c.arena, "%lld", f->retry_after_s ? (long long)f->retry_after_s : 1LL));
	if (rc == RC_BUG)
		fprintf(stderr, "BUG: %s:%d %s\n", f->file ? f->file : "?", f->line, f->text);
}

void work_finish(struct work *w, enum rc rc)
{
	char now[TIME_TEXT];

	if (rc != RC_OK)
		write_problem(w, rc);
	w->rs.body = w->rs.status == 204 || w->rs.file ? NO_STR : buf_str(&w->out);
	response_header(&w->rs, "Server-Time", arena_dup(w->c.arena, time_text(w->c.now, now)));
}

/* ---- without a server: everything on the app's own connection ------------------------------ */

struct response app_handle_as(struct app *a, struct arena *arena, const struct actor *who, const struct request *rq)
{
	struct work *w = NEW(arena, struct work);
	enum rc rc;

	work_init(w, a, arena, a->db, rq);
	rc = work_start(w, who);
	if (rc == RC_OK && w->writes)
		rc = conn_begin(a->db);
	if (rc == RC_OK && w->writes)
		rc = unit_turn(&w->c);
	if (rc == RC_OK)
		rc = work_run(w);
	if (rc == RC_OK && w->writes)
		rc = conn_commit(a->db);
	if (rc != RC_OK && w->writes)
		conn_rollback(a->db);
	if (rc == RC_OK)
		app_wake(a, w->c.pokes);
	work_finish(w, rc);
	return w->rs;
}

struct response app_handle(struct app *a, struct arena *arena, const struct request *rq)
{
	return app_handle_as(a, arena, NULL, rq);
}
