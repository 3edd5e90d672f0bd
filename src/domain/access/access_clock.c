/* access_clock.c - a wrong clock opens no door and deletes nothing.
 *
 * 'floor' is the latest time that was believed; what has expired by it stays
 * so when the clock is set back.  A leap forward that the machine's own uptime
 * does not explain is not believed: what is not valid yet stays so and nothing
 * is deleted, until the clock comes back or a person says it is right.  After a
 * start the uptime says nothing: a node may have been off for a month.
 */
#include "domain/access/access_inner.h"

#define LEAP_US (10 * MINUTE)
#define OFF_US  (31 * DAY)

struct access_state *access_state_of(const struct ctx *c)
{
	return ctx_state(c, "access");
}

void access_set_uptime(struct ctx *c, struct clock uptime)
{
	struct access_state *st = access_state_of(c);

	st->uptime = uptime;
	st->wall = c->now;
	st->up = clock_now(uptime);
}

static int64_t uptime(const struct access_state *st)
{
	return st->uptime.now ? clock_now(st->uptime) : clock_monotonic();
}

/* Under the lock. */
static void look(struct access_state *st, int64_t wall)
{
	int64_t up = uptime(st), passed = up > st->up ? up - st->up : 0;

	if (wall - st->wall > passed + LEAP_US)
		st->is_suspect = true;
	st->sure_at += passed;
	if (st->is_suspect && wall - st->sure_at <= LEAP_US)
		st->is_suspect = false;
	if (!st->is_suspect && wall > st->sure_at)
		st->sure_at = wall;
	if (wall >= st->floor_at && !st->is_suspect)
		st->floor_at = wall;
	else if (wall < st->floor_at)
		st->floor_at += passed; /* it goes on, whatever the clock says */
	st->wall = wall;
	st->up = up;
}

struct times access_times_now(struct ctx *c)
{
	struct access_state *st = access_state_of(c);
	struct times t;

	pthread_mutex_lock(&st->lock);
	look(st, c->now);
	t.now = c->now > st->floor_at ? c->now : st->floor_at;
	t.sure = st->sure_at < t.now ? st->sure_at : t.now;
	if (!st->is_suspect)
		t.sure = t.now;
	pthread_mutex_unlock(&st->lock);
	return t;
}

/* ---- on disk ---------------------------------------------------------------------- */

static enum rc take_clock(void *arg, const struct row *r)
{
	struct access_state *st = arg;

	st->floor_at = r->v[0].i;
	st->sure_at = r->v[1].i;
	st->is_suspect = r->v[2].i != 0;
	return RC_OK;
}

enum rc access_clock_start(struct ctx *c)
{
	struct access_state *st = access_state_of(c);

	st->wall = c->now;
	st->up = uptime(st);
	TRY(db_each(c, "SELECT floor_at, sure_at, is_suspect FROM access_clock WHERE id = 1", NO_ARGS, take_clock, st));
	if (st->floor_at == 0)
		st->floor_at = st->sure_at = c->now;
	if (c->now - st->sure_at > OFF_US)
		st->is_suspect = true;
	return RC_OK;
}

enum rc access_clock_job(struct ctx *c)
{
	struct access_state *st = access_state_of(c);

	(void)access_times_now(c);
	pthread_mutex_lock(&st->lock);
	struct access_state is = { .floor_at = st->floor_at, .sure_at = st->sure_at, .is_suspect = st->is_suspect };

	pthread_mutex_unlock(&st->lock);
	return db_run(c,
		      "INSERT INTO access_clock (id, floor_at, sure_at, is_suspect) VALUES (1, $1, $2, $3)"
		      " ON CONFLICT (id) DO UPDATE SET floor_at = excluded.floor_at, sure_at = excluded.sure_at,"
		      " is_suspect = excluded.is_suspect",
		      ARGS(V_INT(is.floor_at), V_INT(is.sure_at), V_INT(is.is_suspect)), NULL);
}

/* ---- what people see of it ------------------------------------------------------------- */

enum rc access_clock_route(struct ctx *c, struct call *k)
{
	struct access_state *st = access_state_of(c);
	struct times t = access_times_now(c);

	json_open(k->out, '{');
	json_put_time(k->out, "clock_at", c->now);
	json_put_time(k->out, "now_at", t.now);
	json_put_time(k->out, "sure_at", t.sure);
	json_put_bool(k->out, "is_suspect", st->is_suspect);
	json_put_bool(k->out, "set_back", c->now + SECOND < t.now);
	json_close(k->out, '}');
	return RC_OK;
}

/* A person has looked at another clock: this one is right.  The floor never goes
 * back, so that nobody revives what is over. */
enum rc access_clock_confirm(struct ctx *c, struct call *k)
{
	struct access_state *st = access_state_of(c);

	pthread_mutex_lock(&st->lock);
	look(st, c->now);
	if (c->now > st->floor_at)
		st->floor_at = c->now;
	st->sure_at = st->floor_at;
	st->is_suspect = false;
	pthread_mutex_unlock(&st->lock);
	TRY(audit(c, STR("access.clock.confirm"), &(struct about){ .entity = "access.clock", .id = STR("1") }, NO_STR));
	TRY(access_clock_job(c));
	return access_clock_route(c, k);
}
