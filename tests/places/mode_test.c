/* Closed, semi-closed, open: timetables, emergency orders, what holds when. */
#include "ground.h"

#include <stdio.h>
#include <string.h>

#define SLOT  "/api/places/timetable"
#define ORDER "/api/places/order"

static struct ground ground, *const g = &ground;

static const char *when(int64_t t)
{
	char text[TIME_TEXT];

	return arena_dup(g->r->arena, time_text(t, text)).p;
}

static const char *slot(const char *place, const char *mode, const char *days, int from, int to)
{
	return create(g->r, rig_actor(g->r, "boss", "office@", NULL), SLOT,
		      fmt(g->r, "{\"place_id\":\"%s\",\"mode\":\"%s\",\"days\":\"%s\",\"from_min\":%d,\"to_min\":%d}",
			  place, mode, days, from, to));
}

static const char *order_body(const char *place, const char *mode, const char *no, int64_t from, int64_t to)
{
	return fmt(g->r,
		   "{\"place_id\":\"%s\",\"mode\":\"%s\",\"legal_no\":\"%s\",\"issued_by\":\"Street office\","
		   "\"reason\":\"flood\",\"from_at\":\"%s\",\"to_at\":\"%s\"}",
		   place, mode, no, when(from), when(to));
}

static const char *order(const char *place, const char *mode, const char *no, int64_t from, int64_t to)
{
	return create(g->r, rig_actor(g->r, "boss", "office@", NULL), ORDER, order_body(place, mode, no, from, to));
}

static const struct json *mode_at(int64_t at)
{
	return call(g->r, g->reader, "GET", fmt(g->r, "/api/places/mode?place=%s&at=%s", g->enclosure, when(at)), NULL,
		    200);
}

static void holds(int64_t at, const char *mode, const char *why)
{
	const struct json *j = mode_at(at);

	if (strcmp(text_at(g->r, j, "mode"), mode) != 0 || strcmp(text_at(g->r, j, "why"), why) != 0)
		fail_msg("%s: %s by %s, wanted %s by %s", when(at), text_at(g->r, j, "mode"), text_at(g->r, j, "why"),
			 mode, why);
}

/* 2026-03-12, a Thursday, 00:00 in China. */
static const int64_t thursday = (1773244800) * SECOND;

/* Closed at night over midnight, semi-closed by day on weekdays. */
static void timetable(struct rig *r)
{
	const struct json *j;

	ground_build(g, r);
	holds(thursday, "open", "default");
	slot(g->enclosure, "closed", "1234567", 23 * 60, 6 * 60);
	slot(g->enclosure, "semi_closed", "12345", 6 * 60, 23 * 60);
	holds(thursday, "closed", "timetable");
	holds(thursday + 6 * HOUR - 1, "closed", "timetable");
	holds(thursday + 6 * HOUR, "semi_closed", "timetable");
	holds(thursday + 23 * HOUR - 1, "semi_closed", "timetable");
	holds(thursday + 23 * HOUR, "closed", "timetable");
	holds(thursday + 2 * DAY + 12 * HOUR, "open", "default"); /* Saturday noon */
	holds(thursday + 3 * DAY + 23 * HOUR, "closed", "timetable");
	holds(thursday + 4 * DAY + HOUR, "closed", "timetable"); /* Sunday's slot, over midnight and the week's end */
	j = mode_at(thursday + 23 * HOUR + 30 * MINUTE);
	assert_string_equal(text_at(r, j, "until"), when(thursday + 30 * HOUR));
	/* The nearest place's timetable counts. */
	slot(g->community, "open", "1234567", 0, 1440);
	holds(thursday + 12 * HOUR, "semi_closed", "timetable");
	holds(thursday + 2 * DAY + 12 * HOUR, "open", "timetable");
}

static void wrong_slots(struct rig *r)
{
	static const struct {
		const char *body, *code, *field;
		int status;
	} bad[] = {
		{ "\"mode\":\"shut\",\"days\":\"1\",\"from_min\":0,\"to_min\":60", "unknown_word", "mode", 400 },
		{ "\"mode\":\"open\",\"days\":\"8\",\"from_min\":0,\"to_min\":60", "bad_days", "days", 400 },
		{ "\"mode\":\"open\",\"days\":\"21\",\"from_min\":0,\"to_min\":60", "bad_days", "days", 400 },
		{ "\"mode\":\"open\",\"days\":\"1\",\"from_min\":60,\"to_min\":60", "out_of_range", "to_min", 400 },
		{ "\"mode\":\"open\",\"days\":\"1\",\"from_min\":1440,\"to_min\":60", "out_of_range", "from_min", 400 },
		{ "\"mode\":\"open\",\"days\":\"1\",\"from_min\":0,\"to_min\":1441", "out_of_range", "to_min", 400 },
		/* Sunday 23:00 to Monday 6:00 is there already */
		{ "\"mode\":\"open\",\"days\":\"1\",\"from_min\":359,\"to_min\":400", "slot_overlap", "from_min", 409 },
		{ "\"mode\":\"open\",\"days\":\"7\",\"from_min\":0,\"to_min\":1381", "slot_overlap", "from_min", 409 },
	};

	ground_build(g, r);
	slot(g->enclosure, "closed", "7", 23 * 60, 6 * 60);
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, g->office, "POST", SLOT, fmt(r, "{\"place_id\":\"%s\",%s}", g->enclosure, bad[i].body),
			bad[i].status, bad[i].code, bad[i].field);
	slot(g->enclosure, "open", "1", 360, 400);
	refused(r, g->reader, "POST", SLOT, "{}", 403, "denied", "");
}

/* Orders: the one that began last holds, then the other again, then the
 * timetable; each ends by itself, whatever any job does. */
static void orders(struct rig *r)
{
	int64_t now;
	const struct json *j;
	const char *long_one, *short_one;

	ground_build(g, r);
	r->now = now = thursday;
	slot(g->enclosure, "semi_closed", "1234567", 0, 1440);
	long_one = order(g->community, "closed", "A-2026-1", now, now + 10 * DAY);
	short_one = order(g->enclosure, "open", "B-2026-7", now + 2 * DAY, now + 3 * DAY);
	holds(now - 1, "semi_closed", "timetable");
	holds(now, "closed", "order");
	holds(now + 2 * DAY - 1, "closed", "order");
	holds(now + 2 * DAY, "open", "order");
	j = here(r);
	assert_string_equal(text_at(r, j, "order.id"), short_one);
	assert_string_equal(text_at(r, j, "order.legal_no"), "B-2026-7");
	assert_string_equal(text_at(r, j, "overruled.0.id"), long_one);
	assert_string_equal(text_at(r, j, "timetable_mode"), "semi_closed");
	assert_string_equal(text_at(r, j, "until"), when(now + 3 * DAY));
	holds(now + 3 * DAY, "closed", "order");
	holds(now + 10 * DAY - 1, "closed", "order");
	holds(now + 10 * DAY, "semi_closed", "timetable");
	/* Ended in writing too, with an event for those who keep data for it. */
	r->now = now + 3 * DAY - 1;
	assert_int_equal(app_run_job(r->app, "places.orders"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM places_order WHERE state = 'issued'"), 2);
	r->now = now + 3 * DAY;
	assert_int_equal(app_run_job(r->app, "places.orders"), RC_OK);
	assert_int_equal(app_run_job(r->app, "places.orders"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM places_order WHERE state = 'ended'"), 1);
	assert_int_equal(count(r, "SELECT count(*) FROM core_outbox WHERE topic = 'places.order.end'"), 1);
	holds(now + 2 * DAY + HOUR, "open", "order"); /* what held then still reads so */
	/* Revoked early. */
	refused(r, g->office, "POST", fmt(r, ORDER "/%s/revoke", long_one), "{}", 400, "required", "revoke_reason");
	r->now = now + 5 * DAY;
	ground_step(g, ORDER, long_one, "revoke", "{\"revoke_reason\":\"water is down\"}", 200);
	holds(now + 5 * DAY, "semi_closed", "timetable");
	holds(now + 5 * DAY - 1, "closed", "order");
	refused(r, g->office, "POST", fmt(r, ORDER "/%s/revoke", short_one), "{\"revoke_reason\":\"late\"}", 409,
		"wrong_state", "state");
}

static void limits(struct rig *r)
{
	int64_t now;

	ground_build(g, r);
	r->now = now = thursday;
	refused(r, g->office, "POST", ORDER, order_body(g->enclosure, "closed", "A-1", now, now + 30 * DAY + 1), 400,
		"too_long", "to_at");
	refused(r, g->office, "POST", ORDER, order_body(g->enclosure, "closed", "A-1", now, now), 400, "out_of_range",
		"to_at");
	refused(r, g->office, "POST", ORDER, order_body(g->enclosure, "closed", "A-1", now - DAY, now), 400,
		"out_of_range", "to_at");
	refused(r, g->office, "POST", ORDER, order_body(g->enclosure, "closed", "", now, now + DAY), 400,
		"wrong_length", "legal_no");
	refused(r, g->other, "POST", ORDER, order_body(g->enclosure, "closed", "A-1", now, now + DAY), 403, "denied",
		"");
	order(g->enclosure, "closed", "A-1", now, now + 20 * DAY);
	/* The same number again only up to the thirtieth day. */
	refused(r, g->office, "POST", ORDER,
		order_body(g->enclosure, "closed", "A-1", now + 20 * DAY, now + 30 * DAY + 1), 400, "too_long",
		"to_at");
	order(g->enclosure, "closed", "A-1", now + 20 * DAY, now + 30 * DAY);
	refused(r, g->reader, "GET", fmt(r, "/api/places/mode?place=%s", g->street), NULL, 404, "not_found", "id");
	refused(r, g->reader, "GET", fmt(r, "/api/places/mode?place=%s&at=now", g->enclosure), NULL, 400, "bad_time",
		"at");
}

#define ON_EACH(name)                                             \
	static void test_##name(void **state)                     \
	{                                                         \
		(void)state;                                      \
		on_each_kind(name, ground_modules, ground_roles); \
	}
ON_EACH(timetable)
ON_EACH(wrong_slots)
ON_EACH(orders)
ON_EACH(limits)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timetable),
		cmocka_unit_test(test_wrong_slots),
		cmocka_unit_test(test_orders),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
