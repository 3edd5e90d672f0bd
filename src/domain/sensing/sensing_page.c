/* sensing_page.c - health, coverage and the log as pages see them. */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { PAGE_MOST = 200, PAGE = 50, SILENT_MOST = 200 };

struct page {
	struct ctx *c;
	struct buf *out;
	struct str type;
	size_t left;
};

static enum rc write_event(void *arg, const struct sensing_event *ev)
{
	struct page *p = arg;

	if (p->type.p && !str_eq(p->type, ev->type))
		return RC_OK;
	if (!ctx_may_at(p->c, "sensing.events", ev->place_path))
		return RC_OK;
	json_open(p->out, '{');
	json_put_int(p->out, "seq", ev->seq);
	json_put_time(p->out, "at", ev->at);
	json_put_time(p->out, "received_at", ev->received_at);
	json_put_text(p->out, "device_id", ev->device_id);
	json_put_text(p->out, "type", ev->type);
	json_put_raw(p->out, "data", ev->data);
	json_close(p->out, '}');
	p->left--;
	return p->left ? RC_OK : RC_MISSING; /* full */
}

static enum rc query_int(struct ctx *c, const char *name, int64_t lo, int64_t hi, int64_t missing, int64_t *ret)
{
	struct str s = request_query(c, name);

	*ret = missing;
	if (s.p == NULL)
		return RC_OK;
	if (str_int(s, ret) != RC_OK || *ret < lo || *ret > hi)
		return FAIL(c, RC_INVALID, "out_of_range", str_of(name), "%lld to %lld is expected", (long long)lo,
			    (long long)hi);
	return RC_OK;
}

static enum rc visible_device(struct ctx *c, struct str id, const char *perm)
{
	struct device_ref d;

	if (id.p == NULL)
		return FAIL(c, RC_INVALID, "required", STR("device_id"), "device_id is required");
	enum rc rc = sensing_device_get(c, id, &d);

	if (rc == RC_MISSING || (rc == RC_OK && !ctx_may_at(c, perm, d.place_path)))
		return FAIL(c, RC_MISSING, "not_found", STR("device_id"), "no such device");
	return rc;
}

enum rc event_get(struct ctx *c, struct call *k)
{
	struct str device = request_query(c, "device_id");
	struct page p = { .c = c, .out = k->out, .type = request_query(c, "type") };
	int64_t before, limit;
	bool more;

	TRY(query_int(c, "after", 1, INT64_MAX, INT64_MAX, &before));
	TRY(query_int(c, "limit", 1, PAGE_MOST, PAGE, &limit));
	if (device.p)
		TRY(visible_device(c, device, "sensing.events"));
	p.left = (size_t)limit;
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(log_back(c, device, &before, write_event, &p, &more));
	json_close(k->out, ']');
	json_put_text(k->out, "next", more ? arena_fmt(c->arena, "%lld", (long long)before) : NO_STR);
	json_close(k->out, '}');
	return RC_OK;
}

static enum rc write_gap(void *arg, const struct sensing_gap *gap)
{
	struct buf *out = arg;

	json_open(out, '{');
	json_put_time(out, "from_at", gap->from_at);
	json_put_time(out, "to_at", gap->to_at);
	json_put_text(out, "reason", str_of(gap->reason));
	json_close(out, '}');
	return RC_OK;
}

enum rc coverage_get(struct ctx *c, struct call *k)
{
	struct str device = request_query(c, "device_id");
	int64_t hours, total;

	TRY(query_int(c, "hours", 1, 24 * SENSING_KEEP_DAYS, 24, &hours));
	TRY(visible_device(c, device, "sensing.read"));
	json_open(k->out, '{');
	json_put_text(k->out, "device_id", device);
	json_put_int(k->out, "hours", hours);
	json_key(k->out, "gaps");
	json_open(k->out, '[');
	TRY(sensing_gaps(c, device, c->now - hours * HOUR, c->now, write_gap, k->out, &total));
	json_close(k->out, ']');
	int64_t hundredths = total / (36 * SECOND);

	json_put_real(k->out, "gap_hours", (double)hundredths / 100);
	json_close(k->out, '}');
	return RC_OK;
}

enum rc health_get(struct ctx *c, struct call *k)
{
	struct state *st = sensing_state(c);
	int64_t total = 0, good = 0, waiting = 0;
	size_t silent = 0;

	TRY(cache_refresh(c));
	json_open(k->out, '{');
	json_key(k->out, "silent");
	json_open(k->out, '[');
	pthread_rwlock_rdlock(&st->lock);
	for (size_t i = 0; i < st->n_devices; i++) {
		const struct device *d = st->devices[i];

		if (!ctx_may_at(c, "sensing.read", d->place_path))
			continue;
		waiting += d->state == S_QUARANTINED;
		total += d->state == S_ACTIVE;
		good += d->state == S_ACTIVE && d->health == H_IN_ORDER;
		if (d->state == S_ACTIVE && d->health == H_SILENT && silent++ < SILENT_MOST) {
			json_open(k->out, '{');
			json_put_text(k->out, "id", d->id);
			json_put_text(k->out, "name", d->name);
			json_put_time(k->out, "since", d->now.last_seen_at);
			json_close(k->out, '}');
		}
	}
	pthread_rwlock_unlock(&st->lock);
	json_close(k->out, ']');
	json_put_int(k->out, "in_order", good);
	json_put_int(k->out, "total", total);
	json_put_int(k->out, "quarantined", waiting);
	json_put_time(k->out, "as_of", c->now);
	json_close(k->out, '}');
	return RC_OK;
}
