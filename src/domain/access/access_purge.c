/* access_purge.c - what ends by itself, and what dies on time.  Both by the time
 * that is sure: a clock that leaps a year ahead ends nothing and deletes nothing
 * (decisions at the door take the clock's word, which only refuses more). */
#include "domain/access/access_inner.h"

enum { BATCH = 200, PASSES = 5000, ROUNDS = 20, RECONCILE_HOUR = 4, INSIDE_DAYS = 7, HOURS_YEARS = 5 };

/* ---- ends --------------------------------------------------------------------------- */

static enum rc due(struct ctx *c, const char *sql, int64_t at, struct str **ids, size_t *n)
{
	return db_texts(c, sql, ARGS(V_INT(at)), BATCH, ids, n);
}

static enum rc end_measures(struct ctx *c, int64_t at)
{
	struct str *ids;
	size_t n;

	TRY(due(c, "SELECT id FROM access_policy WHERE state = 'on' AND to_at <= $1 ORDER BY to_at LIMIT 200", at, &ids,
		&n));
	for (size_t i = 0; i < n; i++) {
		struct policy_row p;

		TRY(entity_fetch(c, &access_policy, ids[i], &p));
		TRY(policy_end(c, &p, "expire"));
	}
	TRY(due(c, "SELECT id FROM access_emergency WHERE state = 'on' AND until_at <= $1 ORDER BY until_at LIMIT 200",
		at, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct emergency_row e;

		TRY(entity_fetch(c, &access_emergency, ids[i], &e));
		e.state = EMERGENCY_ENDED;
		e.ended_at = c->now;
		TRY(entity_save(c, &access_emergency, &e, "expire"));
		TRY(access_list_changed(c, NULL));
	}
	return RC_OK;
}

static enum rc end_modes(struct ctx *c, int64_t at)
{
	struct str *ids;
	size_t n;

	TRY(due(c, "SELECT id FROM access_door WHERE override_until <= $1 ORDER BY id LIMIT 200", at, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct door_row d;

		TRY(entity_fetch(c, &access_door, ids[i], &d));
		d.override_until = 0;
		d.override_mode = GATE_NORMAL;
		TRY(entity_save(c, &access_door, &d, "restore"));
		TRY(access_list_changed(c, NULL));
	}
	return RC_OK;
}

static enum rc end_credentials(struct ctx *c, int64_t at)
{
	struct str *ids;
	size_t n;

	TRY(due(c,
		"SELECT id FROM access_credential WHERE state IN ('active', 'suspended') AND to_at <= $1 ORDER BY to_at"
		" LIMIT 200",
		at, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct credential_row k;

		TRY(entity_fetch(c, &access_credential, ids[i], &k));
		k.state = GATE_EXPIRED;
		TRY(access_list_changed(c, &k.change_no));
		TRY(entity_save(c, &access_credential, &k, "expire"));
	}
	return RC_OK;
}

static enum rc end_at_lanes(struct ctx *c, int64_t at)
{
	struct str *ids;
	size_t n;

	TRY(due(c, "SELECT id FROM access_opening WHERE state = 'sent' AND until_at <= $1 ORDER BY id LIMIT 200", at,
		&ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct order_row o;

		TRY(entity_fetch(c, &access_opening, ids[i], &o));
		o.state = ORDER_OVER;
		TRY(entity_save(c, &access_opening, &o, "expire"));
	}
	TRY(due(c, "SELECT id FROM access_wait WHERE state = 'waiting' AND until_at <= $1 ORDER BY until_at LIMIT 200",
		at, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct wait_row w;

		TRY(entity_fetch(c, &access_wait, ids[i], &w));
		w.state = WAIT_GONE;
		TRY(entity_save(c, &access_wait, &w, "leave"));
	}
	return RC_OK;
}

/* Who was expected and confirmed did not come; who was never confirmed is
 * forgotten; who is still inside a day later has left without being seen. */
static enum rc end_visits(struct ctx *c, int64_t at)
{
	struct str *ids;
	size_t n;

	TRY(due(c,
		"SELECT id FROM access_visit WHERE (state = 'expected' AND to_at <= $1)"
		" OR (state = 'checked_in' AND to_at <= $1 - 86400000000) ORDER BY to_at LIMIT 200",
		at, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct visit_row v;
		const char *verb = "expire";

		TRY(entity_fetch(c, &access_visit, ids[i], &v));
		if (v.state == V_CHECKED_IN) {
			v.state = V_CHECKED_OUT;
			verb = "check_out";
		} else {
			v.state = v.confirmed_at ? V_NO_SHOW : V_EXPIRED;
			verb = v.confirmed_at ? "no_show" : "expire";
		}
		TRY(code_end(c, v.std.id, CODE_EXPIRED));
		TRY(entity_save(c, &access_visit, &v, verb));
	}
	TRY(due(c, "SELECT visit_id FROM access_code WHERE state = 'live' AND to_at <= $1 ORDER BY to_at LIMIT 200", at,
		&ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(code_end(c, ids[i], CODE_EXPIRED));
	return RC_OK;
}

enum rc access_end_job(struct ctx *c)
{
	int64_t at = access_times_now(c).sure;

	TRY(end_measures(c, at));
	TRY(end_modes(c, at));
	TRY(end_credentials(c, at));
	TRY(end_at_lanes(c, at));
	return end_visits(c, at);
}

/* ---- deletion ---------------------------------------------------------------------------- */

/* The oldest arrivals first: no index by time is needed, and none is there. */
static enum rc purge_passes(struct ctx *c, int64_t at)
{
	int64_t gone = PASSES;

	for (int i = 0; i < ROUNDS && gone == PASSES; i++)
		TRY(db_run(c,
			   "DELETE FROM access_pass WHERE server_at < $1 AND seq <= (SELECT max(seq) FROM"
			   " (SELECT seq FROM access_pass ORDER BY seq LIMIT 5000) AS oldest)",
			   ARGS(V_INT(at - PASS_DAYS * DAY)), &gone));
	return RC_OK;
}

enum rc access_purge_job(struct ctx *c)
{
	static const struct {
		const char *sql;
		int64_t after;
	} all[] = {
		{ "DELETE FROM access_alias WHERE until_at < $1", 0 },
		{ "DELETE FROM access_inside WHERE at < $1", PASS_DAYS * DAY },
		{ "DELETE FROM access_reading WHERE at < $1", PASS_DAYS * DAY },
		{ "DELETE FROM access_code WHERE to_at < $1 AND state <> 'live'", CODE_AFTER_H * HOUR },
		{ "DELETE FROM access_visit WHERE to_at < $1 AND state NOT IN ('expected', 'checked_in')"
		  " AND NOT EXISTS (SELECT 1 FROM access_parcel p WHERE p.visit_id = access_visit.id"
		  " AND p.state NOT IN ('received', 'returned'))",
		  CODE_AFTER_H * HOUR },
		{ "DELETE FROM access_parcel WHERE updated_at < $1 AND state IN ('received', 'returned')",
		  PASS_DAYS * DAY },
		{ "DELETE FROM access_wait WHERE until_at < $1 AND state <> 'waiting'", CODE_AFTER_H * HOUR },
		{ "DELETE FROM access_opening WHERE until_at < $1 AND state <> 'sent'", PASS_DAYS * DAY },
		{ "DELETE FROM access_keypad WHERE last_at < $1", 2 * DAY },
		{ "DELETE FROM access_credential WHERE updated_at < $1 AND state IN ('lost', 'expired', 'revoked')",
		  PASS_DAYS * DAY },
		{ "DELETE FROM access_movement WHERE updated_at < $1", 1095 * DAY },
		{ "DELETE FROM access_fix WHERE at < $1", 730 * DAY },
		{ "DELETE FROM access_hour WHERE hour_at < $1", HOURS_YEARS * 365 * DAY },
	};
	int64_t at = access_times_now(c).sure;

	TRY(purge_passes(c, at));
	for (size_t i = 0; i < COUNT(all); i++)
		TRY(db_run(c, all[i].sql, ARGS(V_INT(at - all[i].after)), NULL));
	return RC_OK;
}

/* ---- the night's reckoning ------------------------------------------------------------------ */

/* What the counter says against who was last seen going in; the difference is
 * how sure we are. */
static enum rc reconcile(struct ctx *c, struct str area, int64_t at)
{
	int64_t known, was;

	TRY(db_int(c, "SELECT count(*) FROM access_inside WHERE scope = $1 AND direction = 'in' AND at > $2",
		   ARGS(V_STR(area), V_INT(at - INSIDE_DAYS * DAY)), 0, &known));
	TRY(db_int(c, "SELECT inside FROM access_area WHERE area_id = $1", ARGS(V_STR(area)), 0, &was));
	TRY(db_run(c, "UPDATE access_area SET inside = $2, unsure = $3, reconciled_at = $4 WHERE area_id = $1",
		   ARGS(V_STR(area), V_INT(known), V_INT(was > known ? was - known : known - was), V_INT(at)), NULL));
	return db_run(
		c, "INSERT INTO access_fix (id, area_id, at, was, now_is, reason) VALUES ($1, $2, $3, $4, $5, 'night')",
		ARGS(V_STR(ctx_new_id(c)), V_STR(area), V_INT(at), V_INT(was), V_INT(known)), NULL);
}

enum rc access_reconcile_job(struct ctx *c)
{
	int64_t at = access_times_now(c).sure, local = at + ACCESS_TZ_S * SECOND,
		night = local / DAY * DAY + RECONCILE_HOUR * HOUR;
	struct str *areas;
	size_t n;

	if (local < night)
		return RC_OK;
	TRY(db_texts(c, "SELECT area_id FROM access_area WHERE reconciled_at < $1 ORDER BY area_id LIMIT 1000",
		     ARGS(V_INT(night - ACCESS_TZ_S * SECOND)), 1000, &areas, &n));
	for (size_t i = 0; i < n; i++)
		TRY(reconcile(c, areas[i], at));
	return RC_OK;
}
