/* Who is on duty, who could go, who sits at the desk; positions. */
#include "dispatch_rig.h"

#include <string.h>

static struct town town, *const t = &town;

static const char *shift_body(struct rig *r, const char *person, const char *place, int64_t from, int64_t to,
			      const char *more)
{
	return fmt(r, "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"from_at\":\"%s\",\"to_at\":\"%s\"%s}", person, place,
		   when(t, from), when(t, to), more);
}

static void shifts(struct rig *r)
{
	int64_t now = r->now;
	const char *kind = ",\"kind\":\"field\"", *p;

	town_build(t, r);
	p = t->person[ANN];
	const struct {
		const char *body;
		const char *code, *field;
	} bad[] = {
		{ shift_body(r, p, t->north, now, now, kind), "out_of_range", "to_at" },
		{ shift_body(r, p, t->north, now, now - SECOND, kind), "out_of_range", "to_at" },
		{ shift_body(r, p, t->north, now, now + DAY + SECOND, kind), "out_of_range", "to_at" },
		{ shift_body(r, p, t->north, now, now + HOUR, ""), "required", "kind" },
		{ shift_body(r, p, t->north, now, now + HOUR, ",\"kind\":\"boss\""), "unknown_word", "kind" },
		{ shift_body(r, "nobody", t->north, now, now + HOUR, kind), "unknown_person", "person_id" },
		{ shift_body(r, p, "nowhere", now, now + HOUR, kind), "unknown_place", "place_id" },
		{ shift_body(r, p, t->north, now, now + HOUR, ",\"kind\":\"field\",\"person_name\":\"x\""), "read_only",
		  "person_name" },
		{ shift_body(r, p, t->north, now, now + HOUR, ",\"kind\":\"field\",\"place_path\":\"36.\""),
		  "read_only", "place_path" },
		{ shift_body(r, p, t->north, now, now + HOUR, ",\"kind\":\"field\",\"score\":1"), "unknown_field",
		  "score" },
		{ fmt(r, "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"from_at\":\"x\"}", p, t->north), "bad_time",
		  "from_at" },
		{ "{}", "required", "person_id" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, t->head, "POST", SHIFT, bad[i].body, 400, bad[i].code, bad[i].field);
	const char *id = create(r, t->head, SHIFT, shift_body(r, p, t->north, now, now + DAY, kind)),
		   *row = fmt(r, SHIFT "/%s", id);
	const struct json *j = call(r, t->head, "GET", row, NULL, 200);

	assert_string_equal(text_at(r, j, "person_name"), "Ann");
	assert_string_equal(text_at(r, j, "place_path"), t->north_path);
	/* Own community only; a worker sees the own shifts; nobody else's. */
	refused(r, t->head, "POST", SHIFT, shift_body(r, t->person[DAN], t->south, now, now + HOUR, kind), 403,
		"denied", "");
	refused(r, t->desk, "POST", SHIFT, shift_body(r, p, t->north, now, now + HOUR, kind), 403, "denied", "");
	call(r, t->worker[ANN], "GET", row, NULL, 200);
	refused(r, t->worker[BOB], "GET", row, NULL, 404, "not_found", "id");
	refused(r, t->south_desk, "GET", row, NULL, 404, "not_found", "id");
	assert_int_equal(at(call(r, t->south_desk, "GET", SHIFT, NULL, 200), "items")->n, 0);
	call(r, t->head, "PATCH", row, fmt(r, "{\"to_at\":\"%s\",\"note\":\"half a day\"}", when(t, now + 12 * HOUR)),
	     200);
	refused(r, t->head, "PATCH", row, fmt(r, "{\"to_at\":\"%s\"}", when(t, now - HOUR)), 400, "out_of_range",
		"to_at");
	refused(r, t->head, "PATCH", row, "{\"person_id\":\"x\"}", 400, "read_only", "person_id");
	fail_every_call(r, t->head, "POST", SHIFT, shift_body(r, p, t->north, now + DAY, now + 25 * HOUR, kind), 201);
	fail_every_call(r, t->head, "PATCH", row, "{\"note\":\"again\"}", 200);
	/* Who has left can't be on duty. */
	call(r, &(struct actor){ .kind = WHO_SYSTEM }, "POST", fmt(r, "/api/people/person/%s/disable", p), "{}", 200);
	refused(r, t->head, "POST", SHIFT, shift_body(r, p, t->north, now, now + HOUR, kind), 400, "no_post",
		"person_id");
}

/* Twice at the same post at once is a mistake of the rota; a pause is not. */
static void overlaps(struct rig *r)
{
	int64_t now = r->now;
	const char *kind = ",\"kind\":\"field\"";

	town_build(t, r);
	const char *p = t->person[ANN],
		   *first = create(r, t->head, SHIFT, shift_body(r, p, t->north, now + HOUR, now + 3 * HOUR, kind));
	const struct {
		int64_t from, to;
	} bad[] = { { 1, 3 }, { 0, 2 }, { 2, 4 }, { 0, 4 }, { 1, 2 } };

	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, t->head, "POST", SHIFT,
			shift_body(r, p, t->north, now + bad[i].from * HOUR, now + bad[i].to * HOUR, kind), 409,
			"shift_overlap", "from_at");
	create(r, t->head, SHIFT, shift_body(r, p, t->north, now, now + HOUR, kind)); /* up to it */
	const char *next = create(r, t->head, SHIFT, shift_body(r, p, t->north, now + 3 * HOUR, now + 4 * HOUR, kind));

	create(r, t->head, SHIFT, shift_body(r, t->person[BOB], t->north, now + HOUR, now + 3 * HOUR, kind));
	create(r, t->head, SHIFT, shift_body(r, p, t->north, now + HOUR, now + 3 * HOUR, ",\"kind\":\"deputy\""));
	for (int i = 0; i < 2; i++)
		create(r, t->head, SHIFT, shift_body(r, p, t->north, now, now + 4 * HOUR, ",\"kind\":\"rest\""));
	/* Changing one meets the others, not itself. */
	call(r, t->head, "PATCH", fmt(r, SHIFT "/%s", first), "{\"note\":\"as it was\"}", 200);
	refused(r, t->head, "PATCH", fmt(r, SHIFT "/%s", next), fmt(r, "{\"from_at\":\"%s\"}", when(t, now + 2 * HOUR)),
		409, "shift_overlap", "from_at");
	refused(r, t->head, "PATCH", fmt(r, SHIFT "/%s", next), "{\"kind\":\"seat\",\"from_at\":null}", 400, "required",
		"from_at");
	call(r, t->head, "PATCH", fmt(r, SHIFT "/%s", next), "{\"kind\":\"rest\"}", 200);
}

static void test_overlaps(void **state)
{
	(void)state;
	on_each_kind(overlaps, town_modules, town_roles);
}

static void test_shifts(void **state)
{
	(void)state;
	on_each_kind(shifts, town_modules, town_roles);
}

static bool says(struct rig *r, const struct json *item, const char *list, const char *code, int64_t n)
{
	for (const struct json *w = at(item, list)->child; w; w = w->next)
		if (strcmp(text_at(r, w, "code"), code) == 0)
			return n < 0 || int_at(w, "n") == n;
	return false;
}

/* "name+" can be sent, "name-" can not; in the order told. */
static const char *names(struct rig *r, const struct json *j)
{
	struct buf b = buf_new(r->arena, 1000);

	for (const struct json *k = at(j, "items")->child; k; k = k->next)
		buf_fmt(&b, "%s%s ", text_at(r, k, "name"), at(k, "can_send")->i ? "+" : "-");
	return buf_str(&b).p;
}

static void candidates(struct rig *r)
{
	town_build(t, r);
	const char *a = alert(t, "elder-absence", t->dwelling), *path = fmt(r, "/api/dispatch/candidates?alert=%s", a);
	const struct json *j = call(r, t->desk, "GET", path, NULL, 200);

	/* Nobody on shift: own grid first, then by id, none can be sent; no office, no neighbour. */
	assert_string_equal(names(r, j), "Ann- Bob- Cid- ");
	assert_true(says(r, at(j, "items.0"), "reasons", "own_grid", -1));
	assert_true(says(r, at(j, "items.0"), "shortfalls", "off_shift", -1));
	assert_true(says(r, at(j, "items.0"), "shortfalls", "no_position", -1));
	assert_true(says(r, at(j, "items.2"), "shortfalls", "other_grid", -1));
	shift(t, BOB, "field", 8);
	shift(t, CID, "field", 8);
	j = call(r, t->desk, "GET", path, NULL, 200);
	assert_string_equal(names(r, j), "Bob+ Cid+ Ann- ");
	assert_true(says(r, at(j, "items.0"), "reasons", "on_shift", -1));
	/* Nearer goes first: 700 m at 70 m a minute. */
	call(r, t->worker[CID], "POST", "/api/dispatch/position", "{\"lon\":115.9,\"lat\":28.68,\"accuracy_m\":10}",
	     204);
	call(r, t->worker[BOB], "POST", "/api/dispatch/position", "{\"lon\":115.9,\"lat\":28.6863,\"accuracy_m\":10}",
	     204);
	r->now += 3 * MINUTE;
	j = call(r, t->desk, "GET", path, NULL, 200);
	assert_string_equal(names(r, j), "Cid+ Bob+ Ann- ");
	assert_true(says(r, at(j, "items.0"), "reasons", "on_foot_min", 1));
	assert_true(says(r, at(j, "items.1"), "reasons", "on_foot_min", 10));
	assert_true(says(r, at(j, "items.1"), "reasons", "position_age_min", 3));
	/* The own grid goes before the near one; who rests, last. */
	shift(t, ANN, "field", 8);
	assert_string_equal(names(r, call(r, t->desk, "GET", path, NULL, 200)), "Ann+ Cid+ Bob+ ");
	shift(t, CID, "rest", 1);
	j = call(r, t->desk, "GET", path, NULL, 200);
	assert_string_equal(names(r, j), "Ann+ Bob+ Cid- ");
	assert_true(says(r, at(j, "items.2"), "shortfalls", "resting_until", -1));
	/* An old position is none. */
	r->now += 31 * MINUTE;
	assert_true(says(r, at(call(r, t->desk, "GET", path, NULL, 200), "items.1"), "shortfalls", "no_position", -1));
	/* Who is busy, and who refused. */
	offer(t, alert(t, "fire-lane", t->building), ANN);
	j = call(r, t->desk, "GET", path, NULL, 200);
	assert_string_equal(names(r, j), "Bob+ Ann+ Cid- ");
	assert_true(says(r, at(j, "items.1"), "shortfalls", "busy", 1));
	/* Who has the seat stays on it; a deputy may go. */
	shift(t, DAN, "seat", 8);
	const char *south = fmt(r, "/api/dispatch/candidates?alert=%s", alert(t, "fire-lane", t->far));

	assert_string_equal(names(r, call(r, t->south_desk, "GET", south, NULL, 200)), "Dan- ");
	assert_true(says(r, at(here(r), "items.0"), "shortfalls", "off_shift", -1));
	refused(r, t->worker[DAN], "POST", "/api/dispatch/position", "{\"lon\":115.9,\"lat\":28.6,\"accuracy_m\":10}",
		409, "off_shift", "");
	shift(t, DAN, "deputy", 8);
	assert_string_equal(names(r, call(r, t->south_desk, "GET", south, NULL, 200)), "Dan+ ");
	/* What is asked wrongly, or by whom it does not concern. */
	refused(r, t->desk, "GET", "/api/dispatch/candidates", NULL, 400, "required", "alert");
	assert_int_equal(asked(r, t->desk, "GET", "/api/dispatch/candidates?alert=x", NULL), 404);
	assert_int_equal(asked(r, t->south_desk, "GET", path, NULL), 404);
	refused(r, t->worker[ANN], "GET", path, NULL, 403, "denied", "");
}

static void test_candidates(void **state)
{
	(void)state;
	on_each_kind(candidates, town_modules, town_roles);
}

static void positions(struct rig *r)
{
	static const struct {
		const char *body, *code, *field;
	} bad[] = {
		{ "{\"lat\":28,\"accuracy_m\":5}", "required", "lon" },
		{ "{\"lon\":181,\"lat\":28,\"accuracy_m\":5}", "out_of_range", "lon" },
		{ "{\"lon\":115,\"lat\":-90.1,\"accuracy_m\":5}", "out_of_range", "lat" },
		{ "{\"lon\":115,\"lat\":28}", "required", "accuracy_m" },
		{ "{\"lon\":115,\"lat\":28,\"accuracy_m\":-1}", "out_of_range", "accuracy_m" },
		{ "{\"lon\":115,\"lat\":28,\"accuracy_m\":5,\"at\":\"now\"}", "bad_time", "at" },
		{ "{\"lon\":\"115\",\"lat\":28,\"accuracy_m\":5}", "required", "lon" },
	};
	const char *good = "{\"lon\":115.9,\"lat\":28.68,\"accuracy_m\":12}", *path = "/api/dispatch/position";

	town_build(t, r);
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, t->worker[ANN], "POST", path, bad[i].body, 400, bad[i].code, bad[i].field);
	refused(r, t->worker[ANN], "POST", path, good, 409, "off_shift", "");
	refused(r, t->desk, "POST", path, good, 403, "denied", "");
	shift(t, ANN, "rest", 8); /* a pause is no duty */
	refused(r, t->worker[ANN], "POST", path, good, 409, "off_shift", "");
	shift(t, ANN, "field", 2);
	fail_every_call(r, t->worker[ANN], "POST", path, good, 204);
	call(r, t->worker[ANN], "POST", path, good, 204);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_position"), 1); /* one value, no history */
	/* A late one does not undo a newer one; a future one counts as now. */
	call(r, t->worker[ANN], "POST", path,
	     fmt(r, "{\"lon\":1,\"lat\":1,\"accuracy_m\":1,\"at\":\"%s\"}", when(t, r->now - HOUR)), 204);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_position WHERE lon > 100"), 1);
	call(r, t->worker[ANN], "POST", path,
	     fmt(r, "{\"lon\":116,\"lat\":28,\"accuracy_m\":1,\"at\":\"%s\"}", when(t, r->now + HOUR)), 204);
	assert_true(count(r, "SELECT at FROM dispatch_position") == r->now);
	assert_int_equal(app_run_job(r->app, "dispatch.positions"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_position"), 1);
	r->now += 2 * HOUR; /* the shift is over, the rest is not */
	assert_int_equal(app_run_job(r->app, "dispatch.positions"), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_position"), 0);
}

static void test_positions(void **state)
{
	(void)state;
	on_each_kind(positions, town_modules, town_roles);
}

static int64_t open_no_seat(struct rig *r, const char *more)
{
	return count(r,
		     fmt(r, "SELECT count(*) FROM watch_alert WHERE kind = 'no_seat' AND state <> 'closed' %s", more));
}

static void run_seats(struct rig *r)
{
	assert_int_equal(app_run_job(r->app, "dispatch.seats"), RC_OK);
	settle(t);
}

static void seats(struct rig *r)
{
	town_build(t, r);
	run_seats(r);
	assert_int_equal(open_no_seat(r, ""), 0); /* no rota, no question */
	shift(t, EVE, "seat", 2);
	run_seats(r);
	assert_int_equal(open_no_seat(r, ""), 0);
	r->now += 2 * HOUR;
	run_seats(r);
	run_seats(r);
	assert_int_equal(open_no_seat(r, "AND ongoing = 1"), 1);
	shift(t, EVE, "deputy", 2);
	run_seats(r);
	assert_int_equal(open_no_seat(r, "AND ongoing = 1"), 1); /* a deputy is not the seat */
	shift(t, EVE, "seat", 2);
	run_seats(r);
	assert_int_equal(open_no_seat(r, "AND ongoing = 0"), 1); /* a person closes it */
	r->now += 3 * HOUR;
	run_seats(r);
	assert_int_equal(open_no_seat(r, "AND ongoing = 1"), 1);
	assert_int_equal(open_no_seat(r, ""), 1);
}

static void test_seats(void **state)
{
	(void)state;
	on_each_kind(seats, town_modules, town_roles);
}

#define HANDOVER "/api/dispatch/handover"

static const char *urgent(struct rig *r, const char *kind, const char *place)
{
	const char *id = alert_new(t, kind, place);

	run_sql(r, fmt(r, "UPDATE watch_alert SET severity = 'urgent', desk_rank = 0 WHERE id = '%s'", id));
	return id;
}

static const char *accept_body(struct rig *r, const char *alert_id)
{
	return fmt(r, "{\"alert_id\":\"%s\"}", alert_id);
}

/* The seat goes from Ann to Bob: what is open is listed, what is urgent is taken
 * over one by one, and at no moment is the seat empty. */
static void hand_over(struct rig *r)
{
	town_build(t, r);
	const struct actor *ann = rig_actor(r, t->person[ANN], fmt(r, "head@%s", t->north_path), NULL);
	const struct actor *bob = rig_actor(r, t->person[BOB], fmt(r, "head@%s", t->north_path), NULL);
	const struct actor *cid = rig_actor(r, t->person[CID], fmt(r, "head@%s", t->north_path), NULL);
	const char *seat = shift(t, ANN, "seat", 8), *field = shift(t, ANN, "field", 8);
	const char *body = fmt(r, "{\"shift_id\":\"%s\",\"note\":\"lift 3 is out of order\"}", seat);
	const char *fire = urgent(r, "fire", t->dwelling), *calm = alert_new(t, "calm", t->building);
	const char *away = urgent(r, "away", t->far);

	refused(r, ann, "POST", HANDOVER, body, 409, "off_shift", "shift_id"); /* not a moment old */
	pass(t, MINUTE);
	refused(r, bob, "POST", HANDOVER, body, 400, "unknown_shift", "shift_id");
	refused(r, ann, "POST", HANDOVER, fmt(r, "{\"shift_id\":\"%s\"}", field), 400, "unknown_shift", "shift_id");
	call(r, t->desk, "POST", HANDOVER, body, 400); /* nobody else's shift */
	const char *id = create(r, ann, HANDOVER, body), *row = fmt(r, HANDOVER "/%s", id);
	const struct json *j = call(r, bob, "GET", row, NULL, 200);

	assert_string_equal(text_at(r, j, "from_name"), "Ann");
	assert_string_equal(text_at(r, j, "alerts.0.id"), fire); /* the urgent one first */
	assert_string_equal(text_at(r, j, "alerts.1.id"), calm);
	assert_null(at(j, "alerts.2")); /* not the neighbours' */
	refused(r, ann, "POST", HANDOVER, body, 409, "already_exists", "shift_id");
	/* Not by oneself, not before every urgent one has a new holder. */
	const char *accept = fmt(r, "%s/accept", row), *take = fmt(r, "%s/take", row);
	const char *until = fmt(r, "{\"until_at\":\"%s\"}", when(t, r->now + 8 * HOUR));

	refused(r, ann, "POST", accept, accept_body(r, fire), 409, "same_person", "to_id");
	refused(r, bob, "POST", take, until, 409, "urgent_not_accepted", "alert_id");
	refused(r, bob, "POST", accept, accept_body(r, away), 404, "not_found", "id");
	call(r, t->south_desk, "POST", accept, accept_body(r, fire), 404);
	call(r, bob, "POST", accept, accept_body(r, fire), 200);
	j = call(r, bob, "POST", accept, accept_body(r, fire), 200); /* twice is once */
	assert_int_equal(at(j, "accepted")->n, 1);
	assert_string_equal(text_at(r, j, "to_name"), text_at(r, call(r, bob, "GET", row, NULL, 200), "to_name"));
	refused(r, cid, "POST", accept, accept_body(r, calm), 409, "another_takes", "to_id");
	refused(r, cid, "POST", take, until, 409, "another_takes", "to_id");
	j = call(r, bob, "GET", fmt(r, "/api/watch/alert/%s/timeline", fire), NULL, 200);
	assert_string_equal(text_at(r, j, fmt(r, "items.%u.what", at(j, "items")->n - 1)), "taken_over");
	assert_string_equal(text_at(r, j, fmt(r, "items.%u.detail.from_name", at(j, "items")->n - 1)), "Ann");
	/* One that comes up meanwhile counts; one that is closed does not. */
	const char *late = urgent(r, "late", t->dwelling);

	refused(r, bob, "POST", take, until, 409, "urgent_not_accepted", "alert_id");
	call(r, bob, "POST", fmt(r, "/api/watch/alert/%s/close", late),
	     "{\"outcome\":\"false\",\"outcome_note\":\"steam\"}", 200);
	refused(r, bob, "POST", accept, accept_body(r, late), 409, "wrong_state", "alert_id");
	refused(r, bob, "POST", take, fmt(r, "{\"until_at\":\"%s\"}", when(t, r->now - MINUTE)), 400, "out_of_range",
		"to_at");
	fail_every_call(r, bob, "POST", take, until, 200);
	refused(r, bob, "POST", take, until, 409, "wrong_state", "state");
	j = call(r, bob, "GET", row, NULL, 200);
	assert_string_equal(text_at(r, j, "state"), "done");
	assert_string_equal(text_at(r, j, "done_at"), when(t, r->now));
	assert_string_equal(text_at(r, call(r, ann, "GET", fmt(r, SHIFT "/%s", seat), NULL, 200), "to_at"),
			    when(t, r->now));
	j = call(r, bob, "GET", fmt(r, SHIFT "/%s", text_at(r, j, "to_shift_id")), NULL, 200);
	assert_string_equal(text_at(r, j, "person_id"), t->person[BOB]);
	assert_string_equal(text_at(r, j, "kind"), "seat");
	assert_string_equal(text_at(r, j, "from_at"), when(t, r->now));
	assert_int_equal(count(r, "SELECT count(*) FROM core_audit WHERE entity = 'dispatch.handover'"), 4);
	/* Withdrawn by who made it. */
	pass(t, MINUTE);
	id = create(r, bob, HANDOVER, fmt(r, "{\"shift_id\":\"%s\"}", text_at(r, j, "id")));
	refused(r, cid, "POST", fmt(r, HANDOVER "/%s/withdraw", id), "{}", 403, "denied", "");
	call(r, bob, "POST", fmt(r, HANDOVER "/%s/withdraw", id), "{}", 200);
	refused(r, cid, "POST", fmt(r, HANDOVER "/%s/take", id), until, 409, "wrong_state", "state");
}

static void test_hand_over(void **state)
{
	(void)state;
	on_each_kind(hand_over, town_modules, town_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shifts),     cmocka_unit_test(test_overlaps),  cmocka_unit_test(test_hand_over),
		cmocka_unit_test(test_candidates), cmocka_unit_test(test_positions), cmocka_unit_test(test_seats),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
