/* watch_backtest_sum.c - the figures of a backtest. */
#include "domain/watch/watch_backtest.h"

#include <stdlib.h>
#include <string.h>

static int64_t local(int64_t t)
{
	return t + WATCH_TZ_MIN * MINUTE;
}

static void write_days(const struct backtest *b, struct buf *out)
{
	char text[TIME_TEXT];

	json_key(out, "per_day");
	json_open(out, '[');
	for (int64_t day = local(b->from) / DAY; day <= local(b->to) / DAY && b->history_days; day++) {
		int64_t n[3] = { 0 };

		for (size_t i = 0; i < b->n; i++)
			if (local(b->fired[i]->m.at) / DAY == day)
				n[b->fired[i]->m.severity]++;
		struct str t = time_text(day * DAY, text);

		t.n = 10;
		json_open(out, '{');
		json_put_text(out, "day", t);
		for (unsigned s = 3; s-- > 0;)
			json_put_int(out, watch_severities[s], n[s]);
		json_close(out, '}');
	}
	json_close(out, ']');
}

static void write_hours(const struct backtest *b, struct buf *out)
{
	int64_t n[24] = { 0 };

	for (size_t i = 0; i < b->n; i++)
		n[local(b->fired[i]->m.at) / HOUR % 24]++;
	json_key(out, "by_hour");
	json_open(out, '[');
	for (size_t h = 0; h < COUNT(n); h++)
		json_int(out, n[h]);
	json_close(out, ']');
}

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int64_t worst(struct ctx *c, const struct backtest *b)
{
	int64_t *at = NEW_N(c->arena, int64_t, b->n + 1), most = 0;

	for (size_t i = 0; i < b->n; i++)
		at[i] = b->fired[i]->m.at;
	if (b->n)
		qsort(at, b->n, sizeof(*at), by_time);
	for (size_t i = 0, k = 0; i < b->n; i++) {
		while (at[i] - at[k] >= 10 * MINUTE)
			k++;
		if ((int64_t)(i - k) + 1 > most)
			most = (int64_t)(i - k) + 1;
	}
	return most;
}

/* ---- places, samples ------------------------------------------------------------------ */

struct place_count {
	struct str id;
	int64_t n;
};

static int by_count(const void *a, const void *b)
{
	const struct place_count *x = a, *y = b;

	return x->n != y->n ? (x->n > y->n ? -1 : 1) : str_cmp(x->id, y->id);
}

static struct str place_of(const struct backtest *b, const struct pending *p)
{
	struct str id = p->rule->care ? b->ev->subjects[p->m.key - 1].place_id : eval_place(b->ev, p->m.place);

	return id.n ? id : b->rule.place_id;
}

static struct str label_of(const struct backtest *b, struct str place_id)
{
	uint32_t number = place_tree_number(b->ev->tree, place_id);
	const struct place_ref *p = number ? place_tree_at(b->ev->tree, number) : NULL;

	return p == NULL ? NO_STR : p->label.n ? p->label : p->name;
}

static int by_id(const void *a, const void *b)
{
	return str_cmp(((const struct place_count *)a)->id, ((const struct place_count *)b)->id);
}

static void write_places(struct ctx *c, const struct backtest *b, struct buf *out)
{
	struct place_count *all = NEW_N(c->arena, struct place_count, b->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++)
		all[i] = (struct place_count){ place_of(b, b->fired[i]), 1 };
	if (b->n)
		qsort(all, b->n, sizeof(*all), by_id);
	for (size_t i = 0; i < b->n; i++) {
		if (n && str_eq(all[n - 1].id, all[i].id))
			all[n - 1].n++;
		else
			all[n++] = all[i];
	}
	if (n)
		qsort(all, n, sizeof(*all), by_count);
	json_key(out, "top_places");
	json_open(out, '[');
	for (size_t i = 0; i < n && i < BACKTEST_PLACES; i++) {
		json_open(out, '{');
		json_put_text(out, "place_id", all[i].id);
		json_put_text(out, "label", label_of(b, all[i].id));
		json_put_int(out, "n", all[i].n);
		json_close(out, '}');
	}
	json_close(out, ']');
}

struct sample {
	struct ctx *c;
	struct buf *out;
	int64_t want;
};

static enum rc write_event(void *arg, const struct sensing_event *ev)
{
	struct sample *s = arg;

	if (ev->seq != s->want)
		return RC_OK;
	json_open(s->out, '{');
	json_put_time(s->out, "at", ev->at);
	json_put_text(s->out, "type", ev->type);
	json_put_text(s->out, "device_id", ev->device_id);
	json_key(s->out, "data");
	watch_write_data(s->c, s->out, ev->data);
	json_close(s->out, '}');
	return RC_OK;
}

/* Spread over the whole range; a welfare watch shows no events. */
static enum rc write_samples(struct ctx *c, const struct backtest *b, struct buf *out)
{
	size_t most = b->n < BACKTEST_SAMPLES ? b->n : BACKTEST_SAMPLES;
	struct sample s = { c, out, 0 };

	json_key(out, "samples");
	json_open(out, '[');
	for (size_t i = 0; i < most; i++) {
		const struct pending *p = b->fired[i * b->n / most];

		json_open(out, '{');
		json_put_time(out, "at", p->m.at);
		json_put_text(out, "place_id", place_of(b, p));
		json_put_text(out, "label", label_of(b, place_of(b, p)));
		json_key(out, "events");
		json_open(out, '[');
		for (uint32_t k = 0; k < p->m.n_seqs && !p->rule->care; k++) {
			s.want = (int64_t)p->m.seqs[k];
			TRY(watch_event_at(c, s.want, write_event, &s));
		}
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, ']');
	return RC_OK;
}

/* ---- what became of the real ones ------------------------------------------------------- */

struct kept {
	const struct backtest *b;
	int64_t n[3]; /* true, useful, false */
};

/* Would this rule have asked about the same place within ten minutes? */
static enum rc compare(void *arg, const struct row *row)
{
	struct kept *k = arg;
	struct str outcome = row->v[0].s;
	int64_t opened = row->v[2].i;

	for (size_t i = 0; i < k->b->n; i++) {
		int64_t off = k->b->fired[i]->m.at - opened;

		if (off < -10 * MINUTE || off > 10 * MINUTE || !str_eq(place_of(k->b, k->b->fired[i]), row->v[1].s))
			continue;
		k->n[str_is(outcome, "true") ? 0 : str_is(outcome, "useful") ? 1 : 2]++;
		return RC_OK;
	}
	return RC_OK;
}

static enum rc write_kept(struct ctx *c, const struct backtest *b, struct buf *out)
{
	struct kept k = { .b = b };

	TRY(db_each(c,
		    "SELECT outcome, place_id, opened_at FROM watch_alert WHERE rule_id = $1 AND outcome IS NOT NULL"
		    " AND opened_at >= $2",
		    ARGS(V_STR(b->rule.std.id), V_INT(b->from)), compare, &k));
	json_key(out, "kept");
	json_open(out, '{');
	json_put_int(out, "true", k.n[0]);
	json_put_int(out, "useful", k.n[1]);
	json_put_int(out, "false", k.n[2]);
	json_close(out, '}');
	return RC_OK;
}

enum rc backtest_sum(struct ctx *c, struct backtest *b, struct str id)
{
	struct buf out = buf_new(c->arena, 1 << 20);

	json_open(&out, '{');
	json_put_text(&out, "id", id);
	json_put_int(&out, "days", b->days);
	json_put_int(&out, "history_days", b->history_days);
	json_put_int(&out, "fired", (int64_t)b->n);
	write_days(b, &out);
	write_hours(b, &out);
	json_put_int(&out, "worst_10_min", worst(c, b));
	write_places(c, b, &out);
	TRY(write_samples(c, b, &out));
	TRY(write_kept(c, b, &out));
	json_close(&out, '}');
	if (out.overflow)
		return FAIL(c, RC_LIMIT, "too_much", NO_STR, "the answer is too large");
	b->result = buf_str(&out);
	return RC_OK;
}
