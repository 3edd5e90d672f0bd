/* access_figures.c - counts: in and out by hour, gate and method; who has a way
 * in; terminals that know faces beside the other ways; gates in order. */
#include "domain/access/access_inner.h"
#include "domain/people/people.h"

#include <string.h>

enum { DAYS_BACK = 31, ENROLLED_WARN = 80000, ENROLLED_MOST = 100000 };

struct span {
	int64_t from, to;
};

static enum rc asked_span(struct ctx *c, struct span *s)
{
	struct str from = request_query(c, "from"), to = request_query(c, "to");

	s->to = c->now;
	if (to.n && time_parse(to, &s->to) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("to"), "a time is expected");
	s->from = s->to - DAY;
	if (from.n && time_parse(from, &s->from) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("from"), "a time is expected");
	if (s->from >= s->to || s->to - s->from > DAYS_BACK * DAY)
		return FAIL(c, RC_INVALID, "out_of_range", STR("from"), "at most %d days", DAYS_BACK);
	return RC_OK;
}

/* ---- sums over where the caller may look ------------------------------------------------- */

struct sums {
	int64_t in, out, refused, asked, by_terminal, by_other, persons, residents, gates, in_order;
};

static enum rc take_sums(void *arg, const struct row *r)
{
	struct sums *f = arg;
	int64_t *to[] = { &f->in, &f->out, &f->refused, &f->asked, &f->by_terminal, &f->by_other };

	for (size_t i = 0; i < COUNT(to); i++)
		*to[i] += r->v[i].kind == VAL_INT ? r->v[i].i : 0;
	return RC_OK;
}

#define SUM(when) "CAST(sum(CASE WHEN " when " THEN n ELSE 0 END) AS bigint)"
#define GRANTED   "verdict = 'grant' AND "
static const char *const sum_columns[] = {
	SUM(GRANTED "direction = 'in'"), SUM(GRANTED "direction = 'out'"), SUM("verdict = 'refuse'"),
	SUM("verdict = 'ask'"),          SUM(GRANTED "method = 'face'"),   SUM(GRANTED "method <> 'face'"),
};

static enum rc add_hours(struct ctx *c, const struct scope *s, const struct span *t, struct sums *f)
{
	struct buf sql = buf_new(c->arena, 4096);

	for (size_t i = 0; i < COUNT(sum_columns); i++)
		buf_fmt(&sql, "%s %s", i ? "," : "SELECT", sum_columns[i]);
	buf_add(&sql, STR(" FROM access_hour WHERE hour_at >= $1 AND hour_at < $2"));
	buf_add(&sql, STR(" AND place_path >= $3 AND place_path < $4"));
	return db_each(c, buf_str(&sql).p,
		       ARGS(V_INT(t->from / HOUR * HOUR), V_INT(t->to), V_STR(s->from), V_STR(s->to)), take_sums, f);
}

static enum rc add_gate(struct ctx *c, void *row, void *arg)
{
	const struct lane_row *lane = row;
	struct sums *f = arg;
	struct device_ref d;
	enum rc rc;

	if (lane->device_id.n == 0)
		return RC_OK;
	rc = sensing_device_get(c, lane->device_id, &d);
	if (rc == RC_MISSING)
		return RC_OK;
	TRY(rc);
	f->gates++;
	f->in_order += str_is(str_of(d.health), "in_order");
	return RC_OK;
}

static enum rc add_scope(struct ctx *c, const struct scope *s, const struct span *t, struct sums *f)
{
	int64_t n;

	TRY(add_hours(c, s, t, f));
	TRY(db_int(
		c,
		"SELECT count(DISTINCT person_id) FROM access_credential WHERE state = 'active' AND holder = 'resident'"
		" AND place_path >= $1 AND place_path < $2",
		ARGS(V_STR(s->from), V_STR(s->to)), 0, &n));
	f->persons += n;
	TRY(people_residents(c, s->from, s->to, &n));
	f->residents += n;
	return entity_each(c, &access_lane,
			   "state = 'on' AND place_path >= $1 AND place_path < $2 ORDER BY id LIMIT 2000",
			   ARGS(V_STR(s->from), V_STR(s->to)), add_gate, f);
}

static void put_share(struct buf *out, const char *key, int64_t n, int64_t d)
{
	json_key(out, key);
	json_open(out, '{');
	json_put_int(out, "n", n);
	json_put_int(out, "d", d);
	json_close(out, '}');
}

static enum rc put_hour(void *arg, const struct row *r)
{
	struct buf *out = arg;

	json_open(out, '{');
	json_put_time(out, "hour_at", r->v[0].i);
	json_put_text(out, "lane_id", r->v[1].s);
	json_put_text(out, "direction", r->v[2].s);
	json_put_text(out, "method", r->v[3].s);
	json_put_text(out, "verdict", r->v[4].s);
	json_put_int(out, "n", r->v[5].i);
	json_close(out, '}');
	return RC_OK;
}

static enum rc put_hours(struct ctx *c, const struct scope *s, size_t n, const struct span *t, struct buf *out)
{
	json_key(out, "by_hour");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++)
		TRY(db_each(c,
			    "SELECT hour_at, lane_id, direction, method, verdict, n FROM access_hour"
			    " WHERE hour_at >= $1 AND hour_at < $2 AND place_path >= $3 AND place_path < $4"
			    " ORDER BY hour_at, lane_id, direction, method, verdict LIMIT 5000",
			    ARGS(V_INT(t->from / HOUR * HOUR), V_INT(t->to), V_STR(s[i].from), V_STR(s[i].to)),
			    put_hour, out));
	json_close(out, ']');
	return RC_OK;
}

enum rc access_figures_route(struct ctx *c, struct call *k)
{
	struct scope *s;
	struct span t;
	struct sums f = { 0 };
	size_t n;

	TRY(asked_span(c, &t));
	ctx_scopes(c, "access.figures", &s, &n);
	for (size_t i = 0; i < n; i++)
		TRY(add_scope(c, &s[i], &t, &f));
	json_open(k->out, '{');
	json_put_time(k->out, "from_at", t.from);
	json_put_time(k->out, "to_at", t.to);
	json_put_int(k->out, "in", f.in);
	json_put_int(k->out, "out", f.out);
	json_put_int(k->out, "refused", f.refused);
	json_put_int(k->out, "asked", f.asked);
	put_share(k->out, "residents_with_a_way", f.persons, f.residents);
	put_share(k->out, "by_terminal", f.by_terminal, f.by_terminal + f.by_other);
	put_share(k->out, "gates_in_order", f.in_order, f.gates);
	TRY(put_hours(c, s, n, &t, k->out));
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- how many a terminal knows ------------------------------------------------------------ */

struct terminals {
	struct ctx *c;
	struct buf *out;
	struct str door_id, group_id;
	int64_t n;
};

static enum rc count_enrolled(void *arg, const struct row *r)
{
	struct terminals *t = arg;
	struct str rights = r->v[0].s;

	t->n += memmem(rights.p, rights.n, t->door_id.p, t->door_id.n) != NULL ||
		(t->group_id.n && memmem(rights.p, rights.n, t->group_id.p, t->group_id.n) != NULL);
	return RC_OK;
}

static enum rc put_terminal(struct ctx *c, void *row, void *arg)
{
	const struct lane_row *lane = row;
	struct terminals *t = arg;
	struct door_row d;

	if (!ctx_may_at(c, "access.read", lane->place_path) ||
	    memmem(lane->ways.p, lane->ways.n, "\"face\"", 6) == NULL)
		return RC_OK;
	TRY(access_row_of(c, &access_door, lane->door_id, "door_id", &d));
	t->door_id = d.std.id;
	t->group_id = d.group_id;
	t->n = 0;
	TRY(db_each(c, "SELECT rights FROM access_credential WHERE method = 'face' AND state = 'active'", NO_ARGS,
		    count_enrolled, t));
	json_open(t->out, '{');
	json_put_text(t->out, "lane_id", lane->std.id);
	json_put_text(t->out, "name", lane->name);
	json_put_text(t->out, "assessment", lane->assessment);
	json_put_int(t->out, "enrolled", t->n);
	json_close(t->out, '}');
	return RC_OK;
}

/* Filing with the provincial office is due once 100,000 people are enrolled
 * (Facial recognition measures, article 15); the warning comes at 80,000. */
enum rc terminals_route(struct ctx *c, struct call *k)
{
	struct terminals t = { .c = c, .out = k->out };
	int64_t all;

	TRY(db_int(c, "SELECT count(*) FROM access_credential WHERE method = 'face' AND state = 'active'", NO_ARGS, 0,
		   &all));
	json_open(k->out, '{');
	json_put_int(k->out, "enrolled", all);
	json_put_int(k->out, "filing_due_at", ENROLLED_MOST);
	json_put_bool(k->out, "is_near", all >= ENROLLED_WARN);
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(entity_each(c, &access_lane, "1 = 1 ORDER BY name, id LIMIT 500", NO_ARGS, put_terminal, &t));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}
