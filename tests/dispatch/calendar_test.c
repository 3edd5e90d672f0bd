/* The rota in calendar programs, and shifts out of a file. */
#include "dispatch_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALENDAR "/api/dispatch/calendar"
#define IMPORT   "/api/dispatch/rota/import"

static struct town town, *const t = &town;
static const struct actor nobody = { .kind = WHO_NOBODY };

/* A calendar and its address. */
static const char *made(struct rig *r, const struct actor *who, const char *body, const char **id)
{
	*id = create(r, who, CALENDAR, body);
	return text_at(r, call(r, who, "POST", fmt(r, CALENDAR "/%s/renew", *id), NULL, 200), "address");
}

static const char *feed(struct rig *r, const char *address, int want)
{
	int status = asked(r, &nobody, "GET", address, NULL);

	if (status != want)
		fail_msg("%d: " FMT_STR, status, ARG_STR(r->last.body));
	return arena_z(r->arena, r->last.body);
}

static const char *without_ids(struct rig *r, const char *text, const char *const *ids, size_t n)
{
	char *p = arena_z(r->arena, str_of(text));

	for (size_t i = 0; i < n; i++)
		for (char *q; (q = strstr(p, ids[i])) != NULL;)
			memset(q, (int)('A' + i), strlen(ids[i]));
	return p;
}

/* CALENDAR_WRITE=1 makes the files anew. */
static void same_as_file(struct rig *r, const char *text, const char *name)
{
	const char *path = fmt(r, "%s/%s", GOLDEN, name);
	char *was = arena_alloc(r->arena, 16384);
	FILE *f = fopen(path, getenv("CALENDAR_WRITE") ? "wb" : "rb");

	assert_non_null(f);
	if (getenv("CALENDAR_WRITE")) {
		fputs(text, f);
	} else {
		was[fread(was, 1, 16383, f)] = '\0';
		assert_string_equal(text, was);
	}
	fclose(f);
}

/* The words of the feed, byte for byte. */
static void golden(struct rig *r)
{
	const char *own, *place, *ids[3], *text;

	r->now = 1773190800 * SECOND; /* 2026-03-11T01:00:00Z */
	town_build(t, r);
	ids[0] = shift(t, ANN, "field", 8);
	ids[1] = create(r, t->city, SHIFT,
			fmt(r,
			    "{\"person_id\":\"%s\",\"place_id\":\"%s\",\"from_at\":\"%s\",\"to_at\":\"%s\",\"kind\":"
			    "\"seat\",\"note\":\"钥匙在门卫室,先看三号梯;再看车棚\\n夜里每两小时巡一次\\\\记下时间\"}",
			    t->person[ANN], t->building, when(t, r->now + DAY), when(t, r->now + DAY + 8 * HOUR)));
	ids[2] = shift(t, BOB, "rest", 2);
	call(r, t->city, "PATCH", fmt(r, SHIFT "/%s", ids[0]), "{\"note\":\"gate\"}", 200);
	const char *a = made(r, t->worker[ANN], "{\"scope\":\"own\"}", &own);

	text = feed(r, a, 200);
	assert_string_equal(r->last.type, "text/calendar; charset=utf-8");
	same_as_file(r, without_ids(r, text, ids, 3), "own.ics");
	a = made(r, t->worker[EVE], fmt(r, "{\"scope\":\"place\",\"place_id\":\"%s\",\"language\":\"en\"}", t->north),
		 &place);
	same_as_file(r, without_ids(r, feed(r, a, 200), ids, 3), "place.ics");
}

static void feeds(struct rig *r)
{
	const char *id, *other, *first, *address;

	town_build(t, r);
	const char *mine = shift(t, ANN, "field", 8), *theirs = shift(t, BOB, "field", 8);
	const char *south = shift(t, DAN, "field", 8);

	/* Who has no duty has no shifts; a place is for who may read there. */
	refused(r, rig_actor(r, t->person[ANN], "", NULL), "POST", CALENDAR, "{\"scope\":\"own\"}", 403, "denied",
		"scope");
	refused(r, t->worker[ANN], "POST", CALENDAR, fmt(r, "{\"scope\":\"place\",\"place_id\":\"%s\"}", t->north), 400,
		"unknown_place", "place_id");
	refused(r, t->worker[EVE], "POST", CALENDAR, fmt(r, "{\"scope\":\"place\",\"place_id\":\"%s\"}", t->south), 400,
		"unknown_place", "place_id");
	refused(r, t->worker[EVE], "POST", CALENDAR, "{\"scope\":\"place\"}", 400, "unknown_place", "place_id");
	refused(r, t->worker[EVE], "POST", CALENDAR, "{}", 400, "required", "scope");
	refused(r, t->worker[EVE], "POST", CALENDAR, "{\"scope\":\"all\"}", 400, "unknown_word", "scope");
	refused(r, t->worker[ANN], "POST", CALENDAR, fmt(r, "{\"scope\":\"own\",\"place_id\":\"%s\"}", t->north), 400,
		"not_wanted", "place_id");
	refused(r, t->worker[ANN], "POST", CALENDAR, "{\"scope\":\"own\",\"secret_hash\":\"x\"}", 400, "unknown_field",
		"secret_hash");
	refused(r, NULL, "POST", CALENDAR, "{\"scope\":\"own\"}", 401, "sign_in", "");
	/* The own ones, by an address without a cookie; only its hash is kept. */
	first = address = made(r, t->worker[ANN], "{\"scope\":\"own\"}", &id);
	const char *secret = strstr(address, "key=") + 4, *text = feed(r, address, 200);

	assert_int_equal(strlen(secret), 43);
	assert_int_equal(rows_with(r, secret, NULL), 0);
	assert_non_null(strstr(text, mine));
	assert_null(strstr(text, theirs));
	call(r, t->worker[ANN], "GET", fmt(r, CALENDAR "/%s", id), NULL, 200);
	assert_null(memmem(r->last.body.p, r->last.body.n, "secret", 6));
	call(r, t->worker[BOB], "GET", fmt(r, CALENDAR "/%s", id), NULL, 404);
	call(r, t->city, "GET", fmt(r, CALENDAR "/%s", id), NULL, 404);
	call(r, t->worker[BOB], "POST", fmt(r, CALENDAR "/%s/renew", id), NULL, 404);
	call(r, t->worker[BOB], "POST", fmt(r, CALENDAR "/%s/end", id), "{}", 404);
	/* Unchanged: 304; a change shows, and counts up. */
	feed(r, address, 200);
	r->none = arena_z(r->arena, str_of(header_of(r, "ETag")));
	assert_string_equal(feed(r, address, 304), "");
	r->now += HOUR;
	feed(r, address, 304);
	call(r, t->city, "PATCH", fmt(r, SHIFT "/%s", mine), "{\"note\":\"the gate\"}", 200);
	assert_non_null(strstr(feed(r, address, 200), "SEQUENCE:1\r\n"));
	r->none = NULL;
	/* Renewed: the former address is dead at once. */
	fail_every_call(r, t->worker[ANN], "POST", fmt(r, CALENDAR "/%s/renew", id), NULL, 200);
	address = text_at(r, here(r), "address");
	feed(r, first, 404);
	feed(r, address, 200);
	/* Of a place: everybody's there, nobody's beside it. */
	const char *place =
		made(r, t->worker[EVE], fmt(r, "{\"scope\":\"place\",\"place_id\":\"%s\"}", t->north), &other);

	text = feed(r, place, 200);
	assert_non_null(strstr(text, mine));
	assert_non_null(strstr(text, theirs));
	assert_null(strstr(text, south));
	/* Ended, wrong, missing, half: one answer. */
	fail_every_call(r, t->worker[ANN], "POST", fmt(r, CALENDAR "/%s/end", id), "{}", 200);
	refused(r, t->worker[ANN], "POST", fmt(r, CALENDAR "/%s/renew", id), NULL, 409, "wrong_state", "state");
	refused(r, t->worker[ANN], "POST", fmt(r, CALENDAR "/%s/end", id), "{}", 409, "wrong_state", "state");
	refused(r, &nobody, "GET", address, NULL, 404, "not_found", "key");
	refused(r, &nobody, "GET", "/api/dispatch/rota.ics", NULL, 404, "not_found", "key");
	refused(r, &nobody, "GET", "/api/dispatch/rota.ics?key=", NULL, 404, "not_found", "key");
	refused(r, &nobody, "GET", fmt(r, "/api/dispatch/rota.ics?key=%.42s", strstr(place, "key=") + 4), NULL, 404,
		"not_found", "key");
	/* Who may not read there any more, or is gone, has an address of nothing. */
	run_sql(r, fmt(r, "UPDATE people_post SET role = 'guard' WHERE person_id = '%s'", t->person[EVE]));
	refused(r, &nobody, "GET", place, NULL, 404, "not_found", "key");
	run_sql(r, fmt(r, "UPDATE people_post SET role = 'office' WHERE person_id = '%s'", t->person[EVE]));
	feed(r, place, 200);
	call(r, &(struct actor){ .kind = WHO_SYSTEM }, "POST", fmt(r, "/api/people/person/%s/disable", t->person[EVE]),
	     "{}", 200);
	refused(r, &nobody, "GET", place, NULL, 404, "not_found", "key");
}

static void limits(struct rig *r)
{
	const char *id, *address;

	town_build(t, r);
	for (int i = 0; i < 9; i++)
		create(r, t->worker[ANN], CALENDAR, "{\"scope\":\"own\"}");
	address = made(r, t->worker[ANN], "{\"scope\":\"own\"}", &id);
	refused(r, t->worker[ANN], "POST", CALENDAR, "{\"scope\":\"own\"}", 409, "too_many", "");
	create(r, t->worker[BOB], CALENDAR, "{\"scope\":\"own\"}");
	for (int i = 0; i < 60; i++)
		feed(r, address, 200);
	refused(r, &nobody, "GET", address, NULL, 429, "slow_down", "");
	assert_string_equal(header_of(r, "Retry-After"), "60");
	r->now += 59 * SECOND;
	feed(r, address, 429);
	assert_string_equal(header_of(r, "Retry-After"), "1");
	r->now += SECOND;
	feed(r, address, 200);
	/* Long ago and far ahead are left out. */
	const char *near = shift(t, ANN, "field", 8);

	assert_non_null(strstr(feed(r, address, 200), near));
	r->now += 30 * DAY + 8 * HOUR - SECOND;
	assert_non_null(strstr(feed(r, address, 200), near));
	r->now += SECOND;
	assert_null(strstr(feed(r, address, 200), near));
}

/* ---- import ------------------------------------------------------------------------- */

static const char *event_of(struct rig *r, const char *start, const char *end, const char *more)
{
	return fmt(r,
		   "BEGIN:VEVENT\r\nDTSTART;TZID=Asia/Shanghai:%s\r\nDTEND;TZID=Asia/Shanghai:%s\r\n%sEND:VEVENT\r\n",
		   start, end, more);
}

static const char *file_of(struct rig *r, const char *events)
{
	return fmt(r, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n%sEND:VCALENDAR\r\n", events);
}

static void login(struct rig *r, enum worker w, const char *name)
{
	run_sql(r, fmt(r, "UPDATE people_person SET login = '%s' WHERE id = '%s'", name, t->person[w]));
}

static int64_t shifts(struct rig *r)
{
	return count(r, "SELECT count(*) FROM dispatch_shift");
}

#define ANN_ "ATTENDEE;CN=Ann:mailto:ann@jiuan.local\r\n"

static void imports(struct rig *r)
{
	town_build(t, r);
	login(r, ANN, "ann");
	login(r, BOB, "bob@example.org");
	const char *path = fmt(r, IMPORT "?place=%s", t->north), *dry = fmt(r, "%s&dry_run=true", path);
	const char *good = file_of(
		r,
		fmt(r, "%s%s",
		    event_of(r, "20260309T080000", "20260309T160000",
			     "SUMMARY:值守席 n1\r\n" ANN_ "ATTENDEE:mailto:Bob@example.org\r\n"
			     "RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=4\r\nEXDATE;TZID=Asia/Shanghai:20260311T080000\r\n"),
		    event_of(r, "20260309T200000", "20260310T060000", "SUMMARY:night round\r\n" ANN_)));
	const struct json *j = call(r, t->head, "POST", dry, good, 200);

	assert_int_equal(int_at(j, "components"), 2);
	assert_int_equal(int_at(j, "created"), 7);
	assert_false(at(j, "written")->i);
	assert_int_equal(shifts(r), 0);
	fail_every_call(r, t->head, "POST", path, good, 200);
	assert_int_equal(shifts(r), 7);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_shift WHERE kind = 'seat' AND note IS NULL"), 6);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_shift WHERE kind = 'field' AND note = 'night round'"),
			 1);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_shift WHERE person_name = 'Bob'"), 3);
	/* Again: nothing is doubled. */
	j = call(r, t->head, "POST", path, good, 200);
	assert_int_equal(int_at(j, "created"), 0);
	assert_int_equal(int_at(j, "unchanged"), 7);
	assert_int_equal(shifts(r), 7);
	/* One bad event: a report with its number and reason, and nothing at all is written. */
	const char *bad = file_of(
		r, fmt(r, "%s%s%s%s%s%s", event_of(r, "20260401T080000", "20260401T160000", "UID:a\r\n" ANN_),
		       event_of(r, "20260401T080000", "20260401T160000", "UID:b\r\nATTENDEE:mailto:zoe@x.org\r\n"),
		       event_of(r, "20260401T120000", "20260401T180000", "UID:c\r\n" ANN_),
		       event_of(r, "20260402T080000", "20260403T080001", "UID:d\r\n" ANN_),
		       event_of(r, "20260309T100000", "20260309T110000", "CATEGORIES:Seat\r\n" ANN_),
		       event_of(r, "20260401T080000", "20260401T160000", ANN_ "RRULE:FREQ=YEARLY;COUNT=2\r\n")));
	static const struct {
		int component;
		const char *uid, *code, *field;
	} want[] = { { 2, "b", "unknown_person", "ATTENDEE" },
		     { 3, "c", "shift_overlap", "from_at" },
		     { 4, "d", "out_of_range", "to_at" },
		     { 5, "", "shift_overlap", "from_at" },
		     { 6, "", "unsupported", "RRULE" } };

	for (int dry_run = 1; dry_run >= 0; dry_run--) {
		j = call(r, t->head, "POST", dry_run ? dry : path, bad, dry_run ? 200 : 400);
		assert_int_equal(int_at(j, "refused"), COUNT(want));
		assert_int_equal(int_at(j, "created"), dry_run);
		for (size_t i = 0; i < COUNT(want); i++) {
			assert_int_equal(int_at(j, fmt(r, "errors.%zu.component", i)), want[i].component);
			assert_string_equal(text_at(r, j, fmt(r, "errors.%zu.uid", i)), want[i].uid);
			assert_string_equal(text_at(r, j, fmt(r, "errors.%zu.code", i)), want[i].code);
			assert_string_equal(text_at(r, j, fmt(r, "errors.%zu.field", i)), want[i].field);
		}
		assert_int_equal(shifts(r), 7);
	}
	assert_string_equal(text_at(r, j, "code"), "rows_refused");
	/* The request as such. */
	refused(r, t->head, "POST", IMPORT, good, 400, "required", "place");
	refused(r, t->head, "POST", fmt(r, "%s&kind=boss", path), good, 400, "unknown_word", "kind");
	refused(r, t->head, "POST", fmt(r, "%s&dry_run=yes", path), good, 400, "unknown_word", "dry_run");
	refused(r, t->head, "POST", path, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", 400, "empty", "");
	refused(r, t->head, "POST", path, "shifts", 400, "bad_ical", "");
	refused(r, t->head, "POST", path, NULL, 400, "required", "");
	refused(r, t->head, "POST", fmt(r, IMPORT "?place=%s", t->south), good, 400, "unknown_place", "place");
	refused(r, t->head, "POST", IMPORT "?place=x", good, 400, "unknown_place", "place");
	refused(r, t->desk, "POST", path, good, 403, "denied", "");
	/* What the feed says, an import understands. */
	j = call(r, t->head, "POST", fmt(r, "%s&kind=deputy", path),
		 file_of(r, fmt(r, "%s%s", event_of(r, "20260501T080000", "20260501T160000", "SUMMARY:Rest\r\n" ANN_),
				event_of(r, "20260501T080000", "20260501T160000", ANN_))),
		 200);
	assert_int_equal(int_at(j, "created"), 2);
	assert_int_equal(count(r, "SELECT count(*) FROM dispatch_shift WHERE kind IN ('rest', 'deputy')"), 2);
}

#define ON_EACH(name)                                         \
	static void test_##name(void **state)                 \
	{                                                     \
		(void)state;                                  \
		on_each_kind(name, town_modules, town_roles); \
	}
ON_EACH(golden)
ON_EACH(feeds)
ON_EACH(limits)
ON_EACH(imports)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_feeds),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_imports),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
