/* dispatch_figures.c - how fast somebody was at the door, with numerator and
 * denominator, and how the rules' questions turned out. */
#include "domain/dispatch/dispatch_inner.h"

#include <stdlib.h>

struct legs {
	int64_t *took; /* offer to door, microseconds */
	size_t n, most;
	int64_t within, late_open;
};

static enum rc take_leg(void *arg, const struct row *r)
{
	struct legs *l = arg;

	if (r->v[1].kind == VAL_NULL) {
		l->late_open++;
		return RC_OK;
	}
	if (l->n == l->most)
		return RC_LIMIT;
	l->took[l->n++] = r->v[1].i - r->v[0].i;
	l->within += r->v[1].i <= r->v[2].i;
	return RC_OK;
}

static int by_span(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void write_quantile(struct buf *out, const char *name, const struct legs *l, size_t percent)
{
	size_t at = l->n ? (l->n * percent + 99) / 100 - 1 : 0; /* nearest rank */

	json_key(out, name);
	if (l->n)
		json_int(out, l->took[at] / SECOND);
	else
		json_null(out);
}

/* Numerator: at the door when promised.  Denominator: everybody who was there,
 * and every task still open after its time. */
static enum rc arrivals(struct ctx *c, int64_t since, struct buf *out)
{
	struct legs l = { .most = 100000 };
	struct scope *s;
	size_t n;

	l.took = NEW_N(c->arena, int64_t, l.most);
	ctx_scopes(c, "dispatch.read", &s, &n);
	for (size_t i = 0; i < n; i++)
		TRY(db_each(c,
			    "SELECT offered_at, arrived_at, due_at FROM dispatch_task WHERE offered_at >= $1 AND "
			    "place_path >= $3 AND"
			    " place_path < $4 AND (arrived_at IS NOT NULL OR (state IN ('accepted', 'on_the_way') AND "
			    "due_at < $2))",
			    ARGS(V_INT(since), V_INT(c->now), V_STR(s[i].from), V_STR(s[i].to)), take_leg, &l));
	qsort(l.took, l.n, sizeof(*l.took), by_span);
	json_key(out, "arrivals");
	json_open(out, '{');
	json_put_int(out, "n", l.within);
	json_put_int(out, "d", (int64_t)l.n + l.late_open);
	json_put_text(out, "definition", STR("arrived_within_10_min"));
	write_quantile(out, "p50_s", &l, 50);
	write_quantile(out, "p90_s", &l, 90);
	json_put_time(out, "as_of", c->now);
	json_close(out, '}');
	return RC_OK;
}

enum rc dispatch_figures(struct ctx *c, struct call *k)
{
	struct str days = request_query(c, "days");
	int64_t n = 30;

	if (days.p && (str_int(days, &n) != RC_OK || n < 1 || n > 730))
		return FAIL(c, RC_INVALID, "out_of_range", STR("days"), "days must be 1 to 730");
	json_open(k->out, '{');
	TRY(arrivals(c, c->now - n * DAY, k->out));
	json_key(k->out, "precision");
	TRY(watch_precision(c, "dispatch.read", c->now - n * DAY, k->out));
	json_close(k->out, '}');
	return RC_OK;
}
