/* places_mode_now.c - which mode holds at a moment, why, and until when. */
#include "domain/places/places_mode.h"

#include <string.h>

enum { SLOTS_MOST = 200, ORDERS_MOST = 50 };
static const int64_t china = 8 * HOUR; /* the one time zone of all places here */

/* ---- slots ------------------------------------------------------------------------ */

/* Minutes of the week, Monday 0:00 is 0; 1970-01-01 was a Thursday. */
static int64_t week_minute(int64_t at)
{
	return ((at + china) / MINUTE + 3 * DAY_MIN) % WEEK_MIN;
}

static int64_t length_of(const struct mode_slot *s)
{
	return s->to_min > s->from_min ? s->to_min - s->from_min : s->to_min + DAY_MIN - s->from_min;
}

static int64_t start_of(const struct mode_slot *s, size_t i)
{
	return (s->days.p[i] - '1') * DAY_MIN + s->from_min;
}

static bool valid_at(const struct mode_slot *s, int64_t at)
{
	return (!s->valid_from || at >= s->valid_from) && (!s->valid_to || at < s->valid_to);
}

/* Minutes the slot still lasts from this minute of the week; 0: not now. */
static int64_t left_of(const struct mode_slot *s, int64_t minute)
{
	for (size_t i = 0; i < s->days.n; i++) {
		int64_t in = (minute - start_of(s, i) + WEEK_MIN) % WEEK_MIN;

		if (in < length_of(s))
			return length_of(s) - in;
	}
	return 0;
}

static bool overlap(const struct mode_slot *a, const struct mode_slot *b)
{
	if ((a->valid_to && b->valid_from && a->valid_to <= b->valid_from) ||
	    (b->valid_to && a->valid_from && b->valid_to <= a->valid_from))
		return false;
	for (size_t i = 0; i < a->days.n; i++)
		if (left_of(b, start_of(a, i)))
			return true;
	for (size_t i = 0; i < b->days.n; i++)
		if (left_of(a, start_of(b, i)))
			return true;
	return false;
}

static enum rc check_other(struct ctx *c, void *row, void *arg)
{
	const struct mode_slot *s = arg, *other = row;

	return overlap(s, other)
		       ? FAIL(c, RC_CONFLICT, "slot_overlap", STR("from_min"), "the place has a slot in this time")
		       : RC_OK;
}

enum rc mode_slot_free(struct ctx *c, const struct mode_slot *s)
{
	struct mode_slot me = *s;

	return entity_each(c, &timetable_entity, "place_id = $1 AND id <> $2 ORDER BY id",
			   ARGS(V_STR(s->place_id), V_STR(s->std.id)), check_other, &me);
}

/* ---- what holds ----------------------------------------------------------------------- */

struct holding {
	int64_t at;
	struct mode_order orders[ORDERS_MOST]; /* in force, the one that holds first */
	size_t n_orders;
	struct mode_slot slot; /* of the nearest place */
	bool has_slot;
	int64_t until;
};

static enum rc take_order(struct ctx *c, void *row, void *arg)
{
	struct holding *h = arg;

	(void)c;
	if (h->n_orders < ORDERS_MOST)
		h->orders[h->n_orders++] = *(const struct mode_order *)row;
	return RC_OK;
}

static enum rc take_slot(struct ctx *c, void *row, void *arg)
{
	struct holding *h = arg;
	const struct mode_slot *s = row;
	int64_t left = valid_at(s, h->at) ? left_of(s, week_minute(h->at)) : 0;

	(void)c;
	if (left == 0 || (h->has_slot && h->slot.place_path.n >= s->place_path.n))
		return RC_OK;
	h->slot = *s;
	h->has_slot = true;
	h->until = (h->at / MINUTE + left) * MINUTE;
	if (s->valid_to && s->valid_to < h->until)
		h->until = s->valid_to;
	return RC_OK;
}

/* "place_path IN (every prefix)" for the place and all above it. */
static void above(struct place_where *w, struct str path)
{
	size_t n = 0;

	buf_add(&w->sql, STR("place_path IN ("));
	for (size_t i = 0; i < path.n && n < PLACE_MAX_DEPTH; i++) {
		if (path.p[i] != '.')
			continue;
		if (n++)
			buf_add(&w->sql, STR(", "));
		place_where_arg(w, V_STR(((struct str){ path.p, i + 1 })));
	}
	buf_char(&w->sql, ')');
}

static enum rc look(struct ctx *c, struct str path, int64_t at, struct holding *h)
{
	struct place_where o = { .sql = buf_new(c->arena, 4096) }, s = { .sql = buf_new(c->arena, 4096) };

	h->at = at;
	above(&o, path);
	/* Ended by itself or not yet written down as ended: its own time counts. */
	buf_add(&o.sql, STR(" AND from_at <= "));
	place_where_arg(&o, V_INT(at));
	buf_add(&o.sql, STR(" AND to_at > "));
	place_where_arg(&o, V_INT(at));
	buf_add(&o.sql, STR(" AND (ended_at IS NULL OR ended_at > "));
	place_where_arg(&o, V_INT(at));
	buf_add(&o.sql, STR(") ORDER BY from_at DESC, id DESC"));
	TRY(entity_each(c, &order_entity, o.sql.p, (struct args){ o.args, o.n }, take_order, h));
	above(&s, path);
	buf_add(&s.sql, STR(" ORDER BY place_path DESC, id"));
	return entity_each(c, &timetable_entity, s.sql.p, (struct args){ s.args, s.n }, take_slot, h);
}

enum rc places_mode_at(struct ctx *c, struct str path, int64_t at, struct places_mode *ret)
{
	struct holding *h = NEW(c->arena, struct holding);

	TRY(look(c, path, at, h));
	*ret = (struct places_mode){ .mode = PLACE_OPEN, .why = PLACES_BY_DEFAULT };
	if (h->n_orders)
		*ret = (struct places_mode){ .mode = (enum place_mode)h->orders[0].mode,
					     .why = PLACES_BY_ORDER,
					     .until = h->orders[0].to_at,
					     .id = h->orders[0].std.id };
	else if (h->has_slot)
		*ret = (struct places_mode){ .mode = (enum place_mode)h->slot.mode,
					     .why = PLACES_BY_TIMETABLE,
					     .until = h->until,
					     .id = h->slot.std.id };
	return RC_OK;
}

/* ---- GET /api/places/mode?place=<id>&at=<time> ------------------------------------------- */

static void put_order(struct ctx *c, const struct mode_order *o, struct buf *out)
{
	(void)c;
	json_open(out, '{');
	json_put_text(out, "id", o->std.id);
	json_put_text(out, "mode", str_of(place_modes[o->mode]));
	json_put_text(out, "legal_no", o->legal_no);
	json_put_text(out, "issued_by", o->issued_by);
	json_put_time(out, "from_at", o->from_at);
	json_put_time(out, "to_at", o->to_at);
	json_close(out, '}');
}

static void write_mode(struct ctx *c, const struct holding *h, const struct places_mode *m, struct buf *out)
{
	static const char *const why[] = { "default", "timetable", "order" };

	json_open(out, '{');
	json_put_text(out, "mode", str_of(place_modes[m->mode]));
	json_put_text(out, "why", str_of(why[m->why]));
	json_put_text(out, "by_id", m->id);
	json_put_time(out, "until", m->until);
	json_key(out, "order");
	if (h->n_orders)
		put_order(c, &h->orders[0], out);
	else
		json_null(out);
	json_key(out, "overruled");
	json_open(out, '[');
	for (size_t i = 1; i < h->n_orders; i++)
		put_order(c, &h->orders[i], out);
	json_close(out, ']');
	/* What comes after the order, were it to end now. */
	json_put_text(out, "timetable_mode", h->has_slot ? str_of(place_modes[h->slot.mode]) : NO_STR);
	json_put_text(out, "timetable_id", h->has_slot ? h->slot.std.id : NO_STR);
	json_put_time(out, "as_of", h->at);
	json_close(out, '}');
}

enum rc places_mode_route(struct ctx *c, struct call *k)
{
	struct holding *h = NEW(c->arena, struct holding);
	struct str at = request_query(c, "at");
	struct places_mode mode;
	struct place place;
	int64_t when = c->now;

	TRY(entity_load(c, &place_entity, request_query(c, "place"), &place));
	if (at.p && time_parse(at, &when) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("at"), "at must be an RFC 3339 time");
	TRY(look(c, place.path, when, h));
	TRY(places_mode_at(c, place.path, when, &mode));
	write_mode(c, h, &mode, k->out);
	return RC_OK;
}
