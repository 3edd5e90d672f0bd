/* people_erase.c - delete me: what goes, what stays and why; the data key first.
 *
 * Other modules hear people.person.erase and see to their own rows.
 */
#include "domain/people/people_register.h"

/* In this order; $1 the person, $2 the time.  'count' $1 alone.  'why': it stays,
 * with 'erase' taking what may go. */
static const struct {
	const char *table, *count, *erase, *why;
} acts[] = {
	{ "people_key", "SELECT count(*) FROM people_key WHERE person_id = $1",
	  "DELETE FROM people_key WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_identity", "SELECT count(*) FROM people_identity WHERE person_id = $1",
	  "DELETE FROM people_identity WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_care", "SELECT count(*) FROM people_care WHERE person_id = $1",
	  "DELETE FROM people_care WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_contact", "SELECT count(*) FROM people_contact WHERE person_id = $1",
	  "DELETE FROM people_contact WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_permit", "SELECT count(*) FROM people_permit WHERE person_id = $1",
	  "DELETE FROM people_permit WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_vehicle", "SELECT count(*) FROM people_vehicle WHERE person_id = $1",
	  "DELETE FROM people_vehicle WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_device", "SELECT count(*) FROM people_device WHERE person_id = $1",
	  "DELETE FROM people_device WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_session", "SELECT count(*) FROM people_session WHERE person_id = $1",
	  "DELETE FROM people_session WHERE person_id = $1 AND $2 > 0", NULL },
	{ "people_member", "SELECT count(*) FROM people_member WHERE person_id = $1",
	  "UPDATE people_member SET person_id = NULL, relation = 'not_given', state = 'left',"
	  " to_at = coalesce(to_at, $2), version = version + 1 WHERE person_id = $1",
	  NULL },
	{ "people_person", "SELECT count(*) FROM people_person WHERE id = $1", NULL, NULL },
	{ "people_consent", "SELECT count(*) FROM people_consent WHERE person_id = $1",
	  "UPDATE people_consent SET state = 'withdrawn', withdrawn_at = coalesce(withdrawn_at, $2), place_path = NULL,"
	  " version = version + 1 WHERE person_id = $1",
	  "proof_of_consent" },
	{ "people_tenancy", "SELECT count(*) FROM people_tenancy WHERE landlord_id = $1 OR tenant_id = $1",
	  "UPDATE people_tenancy SET other_phone = NULL, other_says = NULL, note = NULL,"
	  " landlord_signature = CASE WHEN landlord_id = $1 THEN NULL ELSE landlord_signature END,"
	  " tenant_signature = CASE WHEN tenant_id = $1 THEN NULL ELSE tenant_signature END,"
	  " state = CASE WHEN state = 'declared' THEN 'withdrawn' ELSE state END,"
	  " ended_at = coalesce(ended_at, $2), version = version + 1 WHERE landlord_id = $1 OR tenant_id = $1",
	  "rental_registration" },
	{ "people_correction", "SELECT count(*) FROM people_correction WHERE person_id = $1",
	  "UPDATE people_correction SET wanted = NULL, why = NULL, answer = NULL, place_path = NULL,"
	  " version = version + 1 WHERE person_id = $1 AND $2 > 0",
	  "rights_of_persons" },
	{ "people_post", "SELECT count(*) FROM people_post WHERE person_id = $1",
	  "UPDATE people_post SET display = NULL, version = version + 1 WHERE person_id = $1 AND $2 > 0",
	  "organisation" },
	{ "core_look", "SELECT count(*) FROM core_look WHERE person_id = $1", NULL, "record_of_access" },
	{ "core_audit", "SELECT count(*) FROM core_audit WHERE row_id = $1", NULL, "record" },
};

/* ---- what stands against it ---------------------------------------------------------- */

static enum rc stands_against(struct ctx *c, struct str person, const char **why)
{
	int64_t n;

	*why = NULL;
	TRY(db_int(c, "SELECT count(*) FROM people_post WHERE person_id = $1 AND (to_at IS NULL OR to_at > $2)",
		   ARGS(V_STR(person), V_INT(c->now)), 0, &n));
	if (n)
		*why = "holds_post";
	TRY(db_int(c,
		   "SELECT count(*) FROM people_tenancy WHERE (landlord_id = $1 OR tenant_id = $1)"
		   " AND state IN ('confirmed', 'disputed')",
		   ARGS(V_STR(person)), 0, &n));
	if (n)
		*why = "live_tenancy";
	return RC_OK;
}

static void write_act(struct buf *out, size_t i, int64_t n)
{
	json_open(out, '{');
	json_put_text(out, "table", str_of(acts[i].table));
	json_put_int(out, "rows", n);
	if (acts[i].why)
		json_put_text(out, "why", str_of(acts[i].why));
	json_close(out, '}');
}

/* {"erased": [...], "kept": [{table, rows, why}], "against": word or null} */
static enum rc write_acts(struct ctx *c, struct str person, struct buf *out)
{
	const char *why;
	int64_t n[COUNT(acts)];

	for (size_t i = 0; i < COUNT(acts); i++)
		TRY(db_int(c, acts[i].count, ARGS(V_STR(person)), 0, &n[i]));
	TRY(stands_against(c, person, &why));
	json_open(out, '{');
	for (int kept = 0; kept < 2; kept++) {
		json_key(out, kept ? "kept" : "erased");
		json_open(out, '[');
		for (size_t i = 0; i < COUNT(acts); i++)
			if (n[i] && (acts[i].why != NULL) == kept)
				write_act(out, i, n[i]);
		json_close(out, ']');
	}
	json_put_text(out, "against", str_of(why));
	json_close(out, '}');
	return RC_OK;
}

/* GET /api/people/own/erasure: before anybody presses anything. */
enum rc people_held(struct ctx *c, struct call *k)
{
	return write_acts(c, c->who.id, k->out);
}

/* ---- doing it ------------------------------------------------------------------------------ */

static enum rc erase(struct ctx *c, struct str id, struct buf *out)
{
	struct person p;
	const char *why;

	TRY(entity_fetch(c, &person_entity, id, &p));
	if (p.state == PERSON_ERASED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "the person is erased already");
	TRY(stands_against(c, id, &why));
	if (why)
		return FAIL(c, RC_CONFLICT, why, NO_STR, "something must end first: %s", why);
	TRY(write_acts(c, id, out));
	for (size_t i = 0; i < COUNT(acts); i++)
		if (acts[i].erase)
			TRY(db_run(c, acts[i].erase, ARGS(V_STR(id), V_INT(c->now)), NULL));
	TRY(people_changed(c, id));
	/* The row stays, so that what points to it points to nobody. */
	p.name = p.display = p.phone = p.login = p.household_id = p.place_id = p.place_path = p.password_hash = NO_STR;
	p.confirmed_by_name = NO_STR;
	p.confirmed_at = 0;
	p.must_change_password = false;
	p.state = PERSON_ERASED;
	return entity_save(c, &person_entity, &p, "erase");
}

enum rc people_erase_own_prepare(struct ctx *c, struct call *k)
{
	struct limit_try t = { .account = c->who.id, .address = k->rq->peer, .device = c->who.id };
	struct person p;
	struct str password;
	enum rc rc;

	TRY(people_input(c, k->in, "password", PASSWORD_MOST, &password));
	TRY(entity_fetch(c, &person_entity, c->who.id, &p));
	rc = people_try_password(c, &t, p.password_hash, password);
	return rc == RC_UNKNOWN ? FAIL(c, RC_INVALID, "wrong_password", STR("password"), "this is not the password")
				: rc;
}

/* POST /api/people/own/erase {"password": ...} */
enum rc people_erase_own(struct ctx *c, struct call *k)
{
	response_header(k->rs, "Set-Cookie",
			arena_fmt(c->arena, "%s=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0%s",
				  people_session_cookie(k->rq), k->rq->tls ? "; Secure" : ""));
	return erase(c, c->who.id, k->out);
}

/* POST /api/people/person/{id}/erase {"reason": ...}: asked for on paper. */
enum rc people_erase_other(struct ctx *c, struct call *k)
{
	struct about about = { .entity = "people.person", .id = k->id };
	struct buf detail = buf_new(c->arena, 4096);
	struct person p;
	struct str reason;

	TRY(people_input(c, k->in, "reason", 200, &reason));
	TRY(entity_load(c, &person_entity, k->id, &p));
	if (!ctx_may_at(c, "people.person.erase", p.place_path.p ? p.place_path : STR("")))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "permission is not held for this person");
	TRY(people_check_above(c, p.std.id));
	json_open(&detail, '{');
	json_put_int(&detail, "reason_characters", (int64_t)str_chars(reason));
	json_close(&detail, '}');
	TRY(note_look(c, "people.person", k->id, k->id, STR("erase"), STR("erasure"), reason));
	TRY(audit(c, STR("people.person.erase_asked"), &about, buf_str(&detail)));
	return erase(c, k->id, k->out);
}

/* ---- clocks ------------------------------------------------------------------------------- */

/* What is past its clock goes; care notes and rentals have jobs of their own. */
enum rc register_clocks(struct ctx *c)
{
	static const struct {
		const char *sql;
		int days;
	} all[] = {
		{ "DELETE FROM people_member WHERE state = 'left' AND to_at < $1", 730 },
		{ "DELETE FROM people_vehicle WHERE state = 'retired' AND to_at < $1", 30 },
		{ "DELETE FROM people_permit WHERE state = 'ended' AND ended_at < $1", 30 },
		{ "DELETE FROM people_question WHERE state = 'settled' AND decided_at < $1", 730 },
		{ "DELETE FROM people_question WHERE tenancy_id IN (SELECT id FROM people_tenancy WHERE state IN"
		  " ('ended', 'expired', 'withdrawn') AND ended_at < $1)",
		  1095 },
		{ "DELETE FROM people_tenancy WHERE state IN ('ended', 'expired', 'withdrawn') AND ended_at < $1",
		  1095 },
		{ "DELETE FROM people_correction WHERE state <> 'open' AND answered_at < $1", 1095 },
		{ "DELETE FROM people_household WHERE state = 'moved_out' AND to_at < $1 AND NOT EXISTS (SELECT 1 FROM"
		  " people_member m WHERE m.household_id = people_household.id) AND NOT EXISTS (SELECT 1 FROM"
		  " people_vehicle v WHERE v.household_id = people_household.id)",
		  730 },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		TRY(db_run(c, all[i].sql, ARGS(V_INT(c->now - all[i].days * DAY)), NULL));
	/* A paper number goes a month after the last rental that asked for it. */
	return db_run(
		c,
		"DELETE FROM people_identity WHERE basis = 'rental_registration' AND updated_at < $1 AND NOT EXISTS"
		" (SELECT 1 FROM people_tenancy t WHERE (t.tenant_id = people_identity.person_id OR t.landlord_id ="
		" people_identity.person_id) AND (t.ended_at IS NULL OR t.ended_at > $1))",
		ARGS(V_INT(c->now - 30 * DAY)), NULL);
}
