/* What leaves a trace: looks at personal fields, events and their delivery, the
 * chained record; that a failing store leaves none. */
#include "core/inner.h"
#include "harness.h"
#include "thing.h"

#include <string.h>

static const struct module *const modules[] = { &thing_module, NULL };
static const char item[] = "/api/thing/item";
static const char phone[] = "13870012345"; /* the canary: of this person, in one table only */

static const char *put(struct rig *r, const struct actor *who)
{
	return create(r, who, item, fmt(r, "{\"place_path\":\"36.01.\",\"title\":\"abc\",\"phone\":\"%s\"}", phone));
}

static const struct actor *boss(struct rig *r, const char *id)
{
	return rig_actor(r, id, "boss@36.", NULL);
}

/* ---- personal fields ------------------------------------------------------------ */

static void personal(struct rig *r)
{
	const struct actor *mine = boss(r, "mine"), *other = boss(r, "other");
	const char *id = put(r, mine), *row = fmt(r, "%s/%s", item, id), *look = fmt(r, "%s/reveal", row);
	const struct json *j = call(r, mine, "GET", row, NULL, 200);

	assert_string_equal(text_at(r, j, "phone"), phone); /* one's own is open */
	assert_null(at(j, "masked"));
	r->never = phone;
	j = call(r, other, "GET", row, NULL, 200);
	assert_true(at(j, "phone")->kind == J_NULL);
	assert_string_equal(text_at(r, j, "masked.0"), "phone");
	assert_string_equal(text_at(r, j, "tails.phone"), "345"); /* enough to ask the person at the door for */
	j = call(r, other, "GET", item, NULL, 200);
	assert_string_equal(text_at(r, j, "items.0.masked.0"), "phone");
	call(r, other, "PATCH", row, "{\"size\":3}", 200);
	call(r, other, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"other\"}", 200);
	refused(r, other, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"other\"}", 409, "wrong_state", "state");
	static const struct {
		const char *body, *code, *field;
	} bad[] = {
		{ "{\"fields\":[\"phone\"],\"purpose\":\"visit\"}", "required", "reason" },
		{ "{\"fields\":[\"phone\"],\"reason\":\"A-1\"}", "required", "purpose" },
		{ "{\"fields\":[\"phone\"],\"purpose\":\"visit\",\"reason\":\" x \"}", "required", "reason" },
		{ "{\"fields\":[],\"purpose\":\"visit\",\"reason\":\"A-1\"}", "required", "fields" },
		{ "{\"fields\":\"phone\",\"purpose\":\"visit\",\"reason\":\"A-1\"}", "required", "fields" },
		{ "{\"fields\":[\"title\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}", "unknown_field", "fields" },
		{ "{\"fields\":[\"token\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}", "unknown_field", "fields" },
		{ "{\"fields\":[\"phone\",\"token\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}", "unknown_field",
		  "fields" },
		{ "{\"fields\":[7],\"purpose\":\"visit\",\"reason\":\"A-1\"}", "unknown_field", "fields" },
		{ "{\"fields\":[null],\"purpose\":\"visit\",\"reason\":\"A-1\"}", "unknown_field", "fields" },
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, other, "POST", look, bad[i].body, 400, bad[i].code, bad[i].field);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	r->never = "secret-canary";
	/* Asked twice for the same: named once. */
	j = call(r, other, "POST", look, "{\"fields\":[\"phone\",\"phone\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}",
		 200);
	assert_int_equal(j->n, 1);
	assert_string_equal(text_at(r, j, "phone"), phone);
	assert_int_equal(count(r, "SELECT count(*) FROM core_look WHERE actor_id = 'other' AND person_id = 'mine'"), 1);
	j = call(r, mine, "GET", "/api/me/looks", NULL, 200);
	assert_string_equal(text_at(r, j, "items.0.actor_name"), "other");
	assert_string_equal(text_at(r, j, "items.0.fields"), "phone");
	assert_string_equal(text_at(r, j, "items.0.reason"), "A-1");
	assert_int_equal(at(call(r, other, "GET", "/api/me/looks", NULL, 200), "items")->n, 0);
	/* What the program holds about me; of others' rows that name me, no personal field. */
	j = call(r, mine, "GET", "/api/me/data", NULL, 200);
	assert_string_equal(text_at(r, j, "thing_item.0.phone"), phone);
	assert_string_equal(text_at(r, j, "looks.0.purpose"), "visit");
	r->never = phone;
	j = call(r, other, "GET", "/api/me/data", NULL, 200);
	assert_string_equal(text_at(r, j, "thing_item.0.id"), id);
	r->never = "secret-canary";
	/* Neither events nor record hold it; a kept answer for a day may (P2 in the register). */
	assert_int_equal(app_settle(r->app), RC_OK);
	assert_int_equal(rows_with(r, phone, "thing_item"), 0);
	assert_int_equal(rows_with(r, "secret-canary", "thing_item"), 0);
	assert_true(count(r, "SELECT count(*) FROM core_outbox") >= 3);
	assert_true(count(r, "SELECT count(*) FROM core_audit") >= 3);
}

static void test_personal(void **state)
{
	(void)state;
	on_each_kind(personal, modules, thing_roles);
}

/* A look that can't be written is no look. */
static void failures(struct rig *r)
{
	const struct actor *mine = boss(r, "mine"), *other = boss(r, "other");
	const char *row = fmt(r, "%s/%s", item, put(r, mine));
	int n;

	n = fail_every_call(r, mine, "POST", item, "{\"place_path\":\"36.01.\",\"title\":\"abc\"}", 201);
	assert_true(n >= 4);
	n = fail_every_call(r, other, "POST", fmt(r, "%s/reveal", row),
			    "{\"fields\":[\"phone\"],\"purpose\":\"visit\",\"reason\":\"A-1\"}", 200);
	assert_true(n >= 3);
	fail_every_call(r, mine, "PATCH", row, "{\"size\":7}", 200);
	r->idem = "with-a-key";
	n = fail_every_call(r, mine, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"mine\"}", 200);
	assert_true(n >= 6);
	call(r, mine, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"mine\"}",
	     200); /* kept only when it was done */
	assert_string_equal(header_of(r, "Idempotency-Replayed"), "true");
	r->idem = NULL;
	fail_every_call(r, mine, "POST", fmt(r, "%s/finish", row), "{\"result\":\"well\"}", 200);
	fail_every_call(r, mine, "GET", row, NULL, 200);
	fail_every_call(r, mine, "GET", item, NULL, 200);
	fail_every_call(r, mine, "GET", "/api/me/data", NULL, 200);
	fail_every_call(r, mine, "GET", "/api/privacy/register", NULL, 200);
	assert_string_equal(header_of(r, "Retry-After"), "");
}

static void test_failures(void **state)
{
	(void)state;
	on_each_kind(failures, modules, thing_roles);
}

/* ---- delivery ----------------------------------------------------------------------- */

static int64_t effects(struct rig *r)
{
	return count(r, "SELECT n FROM thing_count WHERE name = 'heard'");
}

static void delivery(struct rig *r)
{
	const struct actor *mine = boss(r, "mine");
	int done;

	thing_fails = 0;
	put(r, mine);
	put(r, mine);
	assert_int_equal(app_deliver(r->app, &done), RC_OK);
	assert_int_equal(done, 2);
	assert_int_equal(effects(r), 2);
	assert_int_equal(app_deliver(r->app, &done), RC_OK);
	assert_int_equal(done, 0);
	/* A listener that fails keeps nothing and is asked again, later each time. */
	thing_fails = 3;
	put(r, mine);
	put(r, mine);
	for (int i = 0; i < 30 && effects(r) < 4; i++) {
		assert_int_equal(app_deliver(r->app, &done), RC_OK);
		r->now += 2 * SECOND;
	}
	assert_int_equal(effects(r), 4);
	assert_int_equal(count(r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL"), 0);
	assert_int_equal(count(r, "SELECT sum(tries) FROM core_outbox"), 3);
	/* Eight times in vain: set aside, with the reason, and nobody waits for it. */
	thing_fails = 1000;
	put(r, mine);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(app_deliver(r->app, &done), RC_OK);
		r->now += SECOND;
	}
	assert_int_equal(count(r, "SELECT tries FROM core_outbox WHERE dead = 1 AND error = 'not_now'"), 8);
	assert_int_equal(thing_fails, 1000 - 8);
	thing_fails = 0;
	put(r, mine);
	assert_int_equal(app_deliver(r->app, &done), RC_OK);
	assert_int_equal(effects(r), 5);
	/* Two days later delivered rows are gone, the numbers go on. */
	int64_t newest = count(r, "SELECT max(seq) FROM core_outbox");

	r->now += 3 * DAY;
	assert_int_equal(app_run_job(r->app, "core.clean"), RC_OK);
	put(r, mine);
	assert_int_equal(count(r, "SELECT max(seq) FROM core_outbox"), newest + 1);
	assert_int_equal(app_deliver(r->app, &done), RC_OK);
	assert_int_equal(effects(r), 6);
}

static void test_delivery(void **state)
{
	(void)state;
	on_each_kind(delivery, modules, thing_roles);
}

/* The store fails at any call of the delivery, the process starts again in
 * between: each event has its effect once. */
static void test_delivery_restart(void **state)
{
	(void)state;
	for (enum testdb_kind k = TESTDB_FILE; k <= TESTDB_PG; k++) {
		struct rig r;
		int done;

		if (!rig_open(&r, k, modules, thing_roles))
			continue;
		thing_fails = 0;
		for (int n = 1; n < 40; n++) {
			put(&r, boss(&r, "mine"));
			conn_fail_at(app_conn(r.app), n % 13 + 1);
			(void)!app_deliver(r.app, &done);
			conn_fail_at(app_conn(r.app), 0);
			if (n % 7 == 0)
				rig_restart(&r);
			r.now += MINUTE;
		}
		for (int i = 0; i < 5; i++, r.now += HOUR)
			assert_int_equal(app_deliver(r.app, &done), RC_OK);
		assert_int_equal(effects(&r), 39);
		assert_int_equal(count(&r, "SELECT count(*) FROM core_outbox WHERE done_at IS NULL"), 0);
		rig_close(&r);
	}
}

static void jobs(struct rig *r)
{
	const struct actor *mine = boss(r, "mine");
	const char *row = fmt(r, "%s/%s", item, put(r, mine));

	thing_fails = 0;
	call(r, mine, "POST", fmt(r, "%s/start", row), "{\"helper_id\":\"mine\"}", 200);
	assert_int_equal(app_settle(r->app), RC_OK);
	assert_int_equal(count(r, "SELECT count(*) FROM thing_count WHERE name = 'job'"), 0);
	call(r, mine, "POST", fmt(r, "%s/finish", row), "{\"result\":\"well\"}", 200);
	assert_int_equal(app_settle(r->app), RC_OK);
	assert_int_equal(count(r, "SELECT n FROM thing_count WHERE name = 'job'"), 1);
	assert_int_equal(app_settle(r->app), RC_OK);
	assert_int_equal(count(r, "SELECT n FROM thing_count WHERE name = 'job'"), 1);
	assert_int_equal(app_run_job(r->app, "thing.job"), RC_OK);
	assert_int_equal(count(r, "SELECT n FROM thing_count WHERE name = 'job'"), 2);
	assert_int_equal(app_run_job(r->app, "thing.nothing"), RC_MISSING);
	/* Who is refused wakes nobody. */
	refused(r, mine, "POST", fmt(r, "%s/finish", row), "{\"result\":\"well\"}", 409, "wrong_state", "state");
	assert_int_equal(app_settle(r->app), RC_OK);
	assert_int_equal(count(r, "SELECT n FROM thing_count WHERE name = 'job'"), 2);
}

static void test_jobs(void **state)
{
	(void)state;
	on_each_kind(jobs, modules, thing_roles);
}

/* ---- the chain --------------------------------------------------------------------------- */

static enum rc verdict;
static int64_t chain_rows, chain_bad;

static enum rc check(struct ctx *c, void *arg)
{
	(void)arg;
	verdict = app_check_audit(c, &chain_rows, &chain_bad);
	return RC_OK;
}

static void chain(struct rig *r, enum rc want, int64_t bad)
{
	assert_int_equal(app_unit(r->app, check, NULL), RC_OK);
	if (verdict != want || (bad && chain_bad != bad))
		fail_msg("the chain says %d at %lld, wanted %d at %lld", verdict, (long long)chain_bad, want,
			 (long long)bad);
}

static void audit_chain(struct rig *r)
{
	static const char *const columns[] = {
		"at = at + 1",     "actor_kind = 'system'",      "actor_id = 'x'",
		"actor_id = NULL", "what = 'thing.item.update'", "entity = 'thing.thing'",
		"row_id = 'x'",    "version = version + 1",      "detail = '{}'",
		"hash = 'x'"
	};
	const struct actor *mine = boss(r, "mine");

	chain(r, RC_OK, 0);
	for (int i = 0; i < 30; i++)
		put(r, mine);
	chain(r, RC_OK, 0);
	assert_int_equal(chain_rows, 30);
	assert_int_equal(
		count(r, "SELECT count(*) FROM core_audit WHERE actor_id = 'mine' AND what = 'thing.item.create'"), 30);
	run_sql(r, "CREATE TEMPORARY TABLE kept AS SELECT * FROM core_audit");
	for (size_t i = 0; i < COUNT(columns); i++) {
		int64_t seq = (int64_t)(i * 7 % 29) + 1;

		run_sql(r, fmt(r, "UPDATE core_audit SET %s WHERE seq = %d", columns[i], (int)seq));
		chain(r, RC_CONFLICT, seq);
		run_sql(r, "DELETE FROM core_audit");
		run_sql(r, "INSERT INTO core_audit SELECT * FROM kept");
		chain(r, RC_OK, 0);
	}
	run_sql(r, "DELETE FROM core_audit WHERE seq = 11");
	chain(r, RC_CONFLICT, 12);
	run_sql(r, "UPDATE core_audit SET seq = seq - 1 WHERE seq = 12"); /* the hole closed again */
	chain(r, RC_CONFLICT, 11);
	run_sql(r, "DELETE FROM core_audit");
	run_sql(r, "INSERT INTO core_audit SELECT * FROM kept");
	run_sql(r, "UPDATE core_audit SET seq = 1005 WHERE seq = 5"); /* two rows change places */
	run_sql(r, "UPDATE core_audit SET seq = 5 WHERE seq = 6");
	run_sql(r, "UPDATE core_audit SET seq = 6 WHERE seq = 1005");
	chain(r, RC_CONFLICT, 5);
	run_sql(r, "DELETE FROM core_audit");
	run_sql(r, "INSERT INTO core_audit SELECT * FROM kept");
	run_sql(r, "DELETE FROM core_audit WHERE seq = 1");
	chain(r, RC_CONFLICT, 2);
	run_sql(r, "INSERT INTO core_audit SELECT * FROM kept WHERE seq = 1");
	run_sql(r, "INSERT INTO core_audit (seq, at, actor_kind, what, entity, version, hash) SELECT 31, at, "
		   "actor_kind, 'made up', entity,"
		   " version, hash FROM kept WHERE seq = 30");
	chain(r, RC_CONFLICT, 31);
	run_sql(r, "DROP TABLE kept");
}

static void test_chain(void **state)
{
	(void)state;
	on_each_kind(audit_chain, modules, thing_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_personal), cmocka_unit_test(test_failures),
		cmocka_unit_test(test_delivery), cmocka_unit_test(test_delivery_restart),
		cmocka_unit_test(test_jobs),     cmocka_unit_test(test_chain),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
