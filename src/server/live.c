/* live.c - GET /api/live: what changed, as server-sent events, to each listener
 * what they may see; resumable by Last-Event-ID while the outbox keeps the row. */
#include "server/server_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RESUME_MOST: further behind it is cheaper to load the page anew. */
enum { PUSH_ROWS = 500, SUB_ARENA = 1 << 20, RESUME_MOST = 1000 };

struct sub {
	struct sub *next;
	struct arena *arena;
	struct http_stream *stream;
	struct arena *who_arena; /* of 'who' */
	struct actor who;
	struct str cookie; /* to ask again who this is */
	int64_t last;      /* newest event sent or passed over */
	bool gone;
};

struct live {
	struct server *s;
	pthread_mutex_t lock;
	struct sub *subs;
	size_t n;
};

struct live *live_new(struct server *s)
{
	struct live *l = mem_new(sizeof(*l));

	l->s = s;
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

static void sub_free(struct sub *s)
{
	http_stream_close(s->stream);
	arena_free(s->who_arena);
	arena_free(s->arena);
	free(s);
}

void live_free(struct live *l)
{
	while (l->subs) {
		struct sub *s = l->subs;

		l->subs = s->next;
		sub_free(s);
	}
	pthread_mutex_destroy(&l->lock);
	free(l);
}

size_t live_count(struct live *l)
{
	pthread_mutex_lock(&l->lock);
	size_t n = l->n;

	pthread_mutex_unlock(&l->lock);
	return n;
}

/* ---- coming in ---------------------------------------------------------------------- */

static struct actor copy_actor(struct arena *a, const struct actor *who)
{
	struct actor r = *who;
	struct grant *g = NEW_N(a, struct grant, who->n_grants + 1);

	r.id = arena_dup(a, who->id);
	r.name = arena_dup(a, who->name);
	r.household = arena_dup(a, who->household);
	r.session = arena_dup(a, who->session);
	for (size_t i = 0; i < who->n_grants; i++) {
		g[i] = who->grants[i];
		g[i].post_id = arena_dup(a, who->grants[i].post_id);
		g[i].place_id = arena_dup(a, who->grants[i].place_id);
		g[i].path = arena_dup(a, who->grants[i].path);
	}
	r.grants = g;
	return r;
}

static enum rc who_is(struct ctx *c, const struct request *rq)
{
	c->rq = rq;
	c->who = (struct actor){ .kind = WHO_NOBODY };
	for (size_t i = 0; i < c->app->n_modules; i++)
		if (c->app->o.modules[i]->authenticate)
			TRY(c->app->o.modules[i]->authenticate(c, rq, &c->who));
	return need(c, "person");
}

/* First and newest number the outbox still has. */
static enum rc kept(struct ctx *c, int64_t *oldest, int64_t *newest)
{
	TRY(db_int(c, "SELECT min(seq) FROM core_outbox", NO_ARGS, 0, oldest));
	return db_int(c, "SELECT max(seq) FROM core_outbox", NO_ARGS, 0, newest);
}

void live_open(struct live *l, struct http_exchange *x, struct conn *reader, const struct request *rq)
{
	struct ctx c = app_ctx(l->s->app, http_arena(x), reader);
	int64_t oldest = 0, newest = 0, from = -1;
	struct str last = request_header(rq, "Last-Event-ID");
	char now[TIME_TEXT], hello[256];

	if (who_is(&c, rq) != RC_OK || kept(&c, &oldest, &newest) != RC_OK) {
		http_problem(x, http_status_of(c.fail.rc), c.fail.code, c.fail.text);
		return;
	}
	/* A number that this outbox never gave out is another history's. */
	bool reset = last.n && (str_int(last, &from) != RC_OK || from < 0 || from > newest || from + 1 < oldest ||
				newest - from > RESUME_MOST);
	struct sub *s = mem_new(sizeof(*s));

	s->arena = arena_new(SUB_ARENA);
	s->who_arena = arena_new(SUB_ARENA);
	s->who = copy_actor(s->who_arena, &c.who);
	s->cookie = arena_dup(s->arena, request_header(rq, "Cookie"));
	s->last = from < 0 || reset ? newest : from;
	snprintf(hello, sizeof(hello), "retry: 2000\nid: %lld\nevent: hello\ndata: {\"server_time\":\"%s\"}\n\n%s",
		 (long long)s->last, time_text(c.now, now).p, reset ? "event: reset\ndata: {}\n\n" : "");
	s->stream = http_stream_start(x, "text/event-stream", NULL, NULL);
	s->gone = http_stream_send(s->stream, str_of(hello)) != RC_OK;
	bool behind = s->last < newest; /* once in the list, s is the deliverer's */

	pthread_mutex_lock(&l->lock);
	s->next = l->subs;
	l->subs = s;
	l->n++;
	pthread_mutex_unlock(&l->lock);
	if (behind)
		server_wake(l->s, (uint64_t)1 << OUTBOX_BIT);
}

/* ---- going out ----------------------------------------------------------------------- */

struct pushing {
	struct live *l;
	struct arena *arena;
	int64_t last; /* newest row read */
	int rows;
};

static struct str text_of(const struct val *v)
{
	return v->kind == VAL_TEXT ? v->s : NO_STR;
}

/* Where somebody lives is told nobody on the way. */
static struct str open_path(const struct entity *e, const struct row *r)
{
	const struct field *f = e && e->place ? entity_field(e, str_of(e->place)) : NULL;

	return f && !(f->flags & PERSONAL) ? text_of(&r->v[5]) : NO_STR;
}

static struct str frame(struct arena *a, const struct entity *e, const struct row *r)
{
	struct buf b = buf_new(a, 4096);
	struct str topic = text_of(&r->v[1]);
	const char *verb = memrchr(topic.p, '.', topic.n);

	json_open(&b, '{');
	json_put_text(&b, "entity", text_of(&r->v[2]));
	json_put_text(&b, "id", text_of(&r->v[3]));
	json_put_int(&b, "version", r->v[4].i);
	json_put_text(&b, "verb", verb ? (struct str){ verb + 1, (size_t)(topic.p + topic.n - verb - 1) } : NO_STR);
	json_put_text(&b, "place_path", open_path(e, r));
	json_close(&b, '}');
	return arena_fmt(a, "id: %lld\nevent: " FMT_STR "\ndata: " FMT_STR "\n\n", (long long)r->v[0].i,
			 ARG_STR(r->v[2].s), ARG_STR(buf_str(&b)));
}

static enum rc push_row(void *arg, const struct row *r)
{
	struct pushing *p = arg;
	const struct entity *e = entity_named(p->l->s->app, text_of(&r->v[2]));
	struct about about = { .place_path = text_of(&r->v[5]),
			       .owner = text_of(&r->v[6]),
			       .assigned = text_of(&r->v[7]) };
	struct str out = frame(p->arena, e, r);

	p->last = r->v[0].i;
	p->rows++;
	for (struct sub *s = p->l->subs; s; s = s->next) {
		if (s->gone || s->last >= p->last)
			continue;
		s->last = p->last;
		if (e && see_event(&s->who, e, &about) && http_stream_send(s->stream, out) != RC_OK)
			s->gone = true;
	}
	return RC_OK;
}

static void drop_gone(struct live *l)
{
	for (struct sub **at = &l->subs; *at;) {
		struct sub *s = *at;

		if (!s->gone) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		l->n--;
		sub_free(s);
	}
}

static int64_t slowest(const struct live *l)
{
	int64_t least = INT64_MAX;

	for (const struct sub *s = l->subs; s; s = s->next)
		if (!s->gone && s->last < least)
			least = s->last;
	return least;
}

void live_push(struct live *l, struct conn *reader)
{
	pthread_mutex_lock(&l->lock);
	for (;;) {
		struct pushing p = { .l = l, .arena = arena_new(4 << 20), .last = slowest(l) };
		struct ctx c = app_ctx(l->s->app, p.arena, reader);
		enum rc rc = RC_OK;

		if (p.last != INT64_MAX)
			rc = db_each(&c,
				     "SELECT seq, topic, entity, row_id, version, place_path, owner_id, assigned_id "
				     "FROM core_outbox"
				     " WHERE seq > $1 ORDER BY seq LIMIT $2",
				     ARGS(V_INT(p.last), V_INT(PUSH_ROWS)), push_row, &p);
		arena_free(p.arena);
		if (rc != RC_OK || p.rows < PUSH_ROWS)
			break;
	}
	drop_gone(l);
	pthread_mutex_unlock(&l->lock);
}

static struct str cookie_header(const struct request *rq, const char *name)
{
	const struct sub *s = rq->x;

	return strcasecmp(name, "Cookie") == 0 ? s->cookie : NO_STR;
}

/* Who lost the session loses the stream. */
void live_beat(struct live *l, struct conn *reader)
{
	struct arena *arena = arena_new(16 << 20);

	pthread_mutex_lock(&l->lock);
	for (struct sub *s = l->subs; s; s = s->next) {
		struct request rq = { .method = STR("GET"), .path = STR("/api/live"), .header = cookie_header, .x = s };
		struct ctx c = app_ctx(l->s->app, arena, reader);

		if (who_is(&c, &rq) == RC_OK) {
			arena_reset(s->who_arena); /* posts may have come or gone since */
			s->who = copy_actor(s->who_arena, &c.who);
		} else {
			s->gone = true;
		}
		s->gone = s->gone || http_stream_send(s->stream, STR(":\n\n")) != RC_OK;
		arena_reset(arena);
	}
	drop_gone(l);
	pthread_mutex_unlock(&l->lock);
	arena_free(arena);
}
