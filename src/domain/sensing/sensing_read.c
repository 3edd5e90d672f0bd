/* sensing_read.c - the log for other modules and pages. */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { CLOCK_STEP_MIN = 10, SCAN_MOST = 50000 };
static const int64_t LATEST_AT = 5 * MINUTE; /* an event's own time may be this far ahead */

#define EVENT_COLUMNS "SELECT seq, source_no, type_no, at, received_at, data, prev FROM sensing_event "

struct reader {
	struct ctx *c;
	struct state *st;
	sensing_event_fn *fn;
	void *arg;
	int64_t from_at, to_at; /* received; to_at 0: no bounds */
	int64_t last;           /* last row seen */
	size_t left;
	struct device *device; /* of the event in the callback */
	struct str source;
};

/* RC_STALE: a number we have not read yet (another process gave it). */
static enum rc fill(struct reader *r, const struct row *row, struct sensing_event *ev)
{
	int64_t no = row->v[1].i, kind = row->v[2].i;
	enum rc rc = RC_STALE;

	pthread_rwlock_rdlock(&r->st->lock);
	const struct source *s = no > 0 && no <= r->st->n_sources ? r->st->source_no[no] : NULL;
	const struct type *t = kind > 0 && kind <= r->st->n_types ? r->st->type_no[kind] : NULL;

	if (s && t && s->device) {
		*ev = (struct sensing_event){ .seq = row->v[0].i,
					      .at = row->v[3].i,
					      .received_at = row->v[4].i,
					      .device_id = s->device->id,
					      .place_id = s->device->place_id,
					      .place_path = s->device->place_path,
					      .type = t->text,
					      .data = row->v[5].s };
		if (row->v[5].kind != VAL_TEXT)
			ev->data = NO_STR;
		rc = RC_OK;
	}
	pthread_rwlock_unlock(&r->st->lock);
	return rc;
}

static enum rc take(void *arg, const struct row *row)
{
	struct reader *r = arg;
	struct sensing_event ev;

	if (r->to_at && row->v[4].i >= r->to_at + CLOCK_STEP_MIN * MINUTE)
		return RC_MISSING; /* past the end; the clock never steps back by more */
	TRY(fill(r, row, &ev));
	r->last = ev.seq;
	if (r->to_at && (ev.received_at < r->from_at || ev.received_at >= r->to_at))
		return RC_OK;
	r->left--;
	return r->fn(r->arg, &ev);
}

/* c->db directly: a callback's own stop must not read as a database failure. */
static enum rc scan(struct reader *r)
{
	for (int tries = 0;; tries++) {
		if (r->left == 0)
			return RC_OK;
		enum rc rc = conn_each(r->c->db, EVENT_COLUMNS "WHERE seq > $1 ORDER BY seq LIMIT $2",
				       ARGS(V_INT(r->last), V_INT((int64_t)r->left)), take, r);

		if (rc != RC_STALE || tries == 2)
			return rc;
		TRY(cache_load_words(r->c));
	}
}

enum rc sensing_since(struct ctx *c, int64_t after_seq, size_t most, sensing_event_fn *fn, void *arg, int64_t *last_seq)
{
	struct reader r = { .c = c, .st = sensing_state(c), .fn = fn, .arg = arg, .last = after_seq, .left = most };

	enum rc rc = scan(&r);

	*last_seq = r.last;
	return rc;
}

static enum rc take_two(void *arg, const struct row *row)
{
	int64_t *two = arg;

	two[0] = row->v[0].i;
	two[1] = row->v[1].i;
	return RC_OK;
}

/* First row with seq >= from; two[0] 0: none. */
static enum rc row_at(struct ctx *c, int64_t from, int64_t two[2])
{
	two[0] = two[1] = 0;
	return db_each(c, "SELECT seq, received_at FROM sensing_event WHERE seq >= $1 ORDER BY seq LIMIT 1",
		       ARGS(V_INT(from)), take_two, two);
}

/* Lowest seq received at 'at' or later, give or take a step of the clock. */
static enum rc seq_at(struct ctx *c, int64_t at, int64_t *ret)
{
	int64_t two[2], lo, hi;

	TRY(row_at(c, 0, two));
	lo = two[0];
	TRY(db_int(c, "SELECT max(seq) FROM sensing_event", NO_ARGS, 0, &hi));
	for (hi++; lo < hi;) {
		int64_t mid = lo + (hi - lo) / 2;

		TRY(row_at(c, mid, two));
		if (two[0] == 0 || two[1] >= at)
			hi = mid;
		else
			lo = two[0] + 1;
	}
	*ret = lo;
	return RC_OK;
}

enum rc sensing_between(struct ctx *c, int64_t from_at, int64_t to_at, sensing_event_fn *fn, void *arg)
{
	struct reader r = { .c = c,
			    .st = sensing_state(c),
			    .fn = fn,
			    .arg = arg,
			    .from_at = from_at,
			    .to_at = to_at,
			    .left = INT32_MAX };
	int64_t first;

	TRY(seq_at(c, from_at - CLOCK_STEP_MIN * MINUTE, &first));
	r.last = first - 1;
	enum rc rc = scan(&r);

	return rc == RC_MISSING ? RC_OK : rc;
}

int64_t sensing_last_seq(struct ctx *c)
{
	int64_t seq = 0;

	return db_int(c, "SELECT max(seq) FROM sensing_event", NO_ARGS, 0, &seq) == RC_OK ? seq : 0;
}

enum rc sensing_first_at(struct ctx *c, int64_t *ret)
{
	int64_t two[2];

	TRY(row_at(c, 0, two));
	*ret = two[1];
	return RC_OK;
}

enum rc sensing_last_at(struct ctx *c, struct str source, int64_t *ret)
{
	struct state *st = sensing_state(c);

	TRY(log_sync(c));
	*ret = 0;
	for (int64_t no = 1; no <= st->n_sources; no++) {
		const struct source *s = st->source_no[no];
		bool fits = s && s->text.n >= source.n && memcmp(s->text.p, source.p, source.n) == 0 &&
			    (s->text.n == source.n || s->text.p[source.n] == '/');

		if (fits && s->last_at > *ret)
			*ret = s->last_at;
	}
	return RC_OK;
}

/* ---- one device's history: back along 'prev' -------------------------------------------- */

struct head {
	int64_t no, seq;
};
struct heads {
	struct head *v;
	size_t n;
	int64_t flushed;
};

static enum rc take_head(void *arg, const struct row *row)
{
	struct heads *h = arg;

	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].no == row->v[0].i && row->v[1].i > h->v[i].seq)
			h->v[i].seq = row->v[1].i;
	return RC_OK;
}

static enum rc take_flushed(void *arg, const struct row *row)
{
	struct heads *h = arg;

	h->flushed = row->v[2].i;
	return take_head(arg, row);
}

/* Newest event of each of the device's sources, from the database alone:
 * memory may be ahead of what this reader can see. */
static enum rc find_heads(struct ctx *c, struct str device_id, struct heads *h)
{
	struct state *st = sensing_state(c);

	pthread_rwlock_rdlock(&st->lock);
	const struct device *d = cache_by_id(st, device_id);

	h->v = NEW_N(c->arena, struct head, d ? d->n_sources + 1 : 1);
	for (int64_t no = 1; d && no <= st->n_sources && h->n <= d->n_sources; no++)
		if (st->source_no[no] && st->source_no[no]->device == d)
			h->v[h->n++].no = no;
	pthread_rwlock_unlock(&st->lock);
	if (h->n == 0)
		return RC_OK;
	/* One statement: last_seq and the mark belong together. */
	TRY(db_each(c,
		    "SELECT s.no, s.last_seq, COALESCE(m.value, 0) FROM sensing_source s"
		    " LEFT JOIN sensing_mark m ON m.name = 'flushed' WHERE s.device_id = $1",
		    ARGS(V_STR(device_id)), take_flushed, h));
	return db_each(c, "SELECT source_no, max(seq) FROM sensing_event WHERE seq > $1 GROUP BY source_no",
		       ARGS(V_INT(h->flushed)), take_head, h);
}

struct step_back {
	struct reader r;
	int64_t from_at, to_at;
	int64_t prev;
	bool found, past;
};

static enum rc take_back(void *arg, const struct row *row)
{
	struct step_back *s = arg;
	struct sensing_event ev;

	s->found = true;
	s->prev = row->v[6].i;
	s->past = row->v[4].i < s->from_at - LATEST_AT;
	if (s->past || row->v[3].i < s->from_at || row->v[3].i >= s->to_at)
		return RC_OK;
	TRY(fill(&s->r, row, &ev));
	s->r.left--;
	return s->r.fn(s->r.arg, &ev);
}

/* Newest first over all heads below 'before'. */
static enum rc walk(struct ctx *c, struct heads *h, struct step_back *s, int64_t before, size_t most_rows)
{
	while (s->r.left > 0 && most_rows-- > 0) {
		struct head *top = NULL;

		for (size_t i = 0; i < h->n; i++)
			if (h->v[i].seq > 0 && (top == NULL || h->v[i].seq > top->seq))
				top = &h->v[i];
		if (top == NULL)
			return RC_OK;
		s->found = s->past = false;
		s->r.last = top->seq;
		if (top->seq >= before) { /* skipped: only the way back counts */
			TRY(db_int(c, "SELECT prev FROM sensing_event WHERE seq = $1", ARGS(V_INT(top->seq)), 0,
				   &top->seq));
			continue;
		}
		TRY(conn_each(c->db, EVENT_COLUMNS "WHERE seq = $1", ARGS(V_INT(top->seq)), take_back, s));
		top->seq = s->found && !s->past ? s->prev : 0;
	}
	return RC_OK;
}

enum rc sensing_of_device(struct ctx *c, struct str device_id, int64_t from_at, int64_t to_at, size_t most,
			  sensing_event_fn *fn, void *arg)
{
	struct step_back s = { .r = { .c = c, .st = sensing_state(c), .fn = fn, .arg = arg, .left = most },
			       .from_at = from_at,
			       .to_at = to_at };
	struct heads h = { 0 };

	TRY(find_heads(c, device_id, &h));
	return walk(c, &h, &s, INT64_MAX, SIZE_MAX);
}

enum rc log_back(struct ctx *c, struct str device_id, int64_t *seq, sensing_event_fn *fn, void *arg, bool *more)
{
	struct step_back s = { .r = { .c = c, .st = sensing_state(c), .fn = fn, .arg = arg, .left = SCAN_MOST },
			       .to_at = INT64_MAX };
	struct heads h = { 0 };
	enum rc rc;

	s.r.last = *seq;
	if (device_id.p) {
		TRY(find_heads(c, device_id, &h));
		rc = walk(c, &h, &s, *seq, SCAN_MOST);
	} else {
		rc = conn_each(c->db, EVENT_COLUMNS "WHERE seq < $1 ORDER BY seq DESC LIMIT $2",
			       ARGS(V_INT(*seq), V_INT(SCAN_MOST)), take, &s.r);
	}
	*seq = s.r.last;
	*more = rc == RC_MISSING || (rc == RC_OK && s.r.left == 0);
	return *more || rc == RC_OK ? RC_OK : FAIL(c, rc, "busy", NO_STR, "the log can't be read now");
}
