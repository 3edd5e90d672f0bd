/* access_poster.c - the one-code poster at the gate: a visitor without an account
 * asks, the host confirms, the visitor's own page fetches the code, once. */
#include "domain/access/access_inner.h"
#include "sys/crypto.h"

enum { ASKS_MOST = 6, ASKS_SPAN_S = 600, OPEN_MOST = 5, PLACE_HOUR_MOST = 120, KEY_CHARS = 32 };

/* ---- not too often -------------------------------------------------------------------- */

static enum rc slower(struct ctx *c, int64_t wait_s)
{
	enum rc rc = FAIL(c, RC_SLOWER, "slow_down", NO_STR, "too many visits asked for; try again later");

	c->fail.retry_after_s = wait_s;
	return rc;
}

struct peer {
	size_t slot;
	uint64_t who;
};

static struct peer peer_of(const struct ctx *c, const struct access_state *st)
{
	struct str from = c->rq && c->rq->peer.p ? c->rq->peer : STR("");
	uint8_t hash[CRYPTO_HASH];
	struct peer p = { 0 };

	hash_bytes(from, hash);
	for (size_t i = 0; i < 8; i++)
		p.who = p.who << 8 | hash[i];
	p.slot = p.who % COUNT(st->peers);
	return p;
}

/* By address; 'counts': this one was a try, not a fault of ours. */
static enum rc limit_address(struct ctx *c, bool counts)
{
	struct access_state *st = access_state_of(c);
	struct peer p = peer_of(c, st);

	pthread_mutex_lock(&st->lock);
	if (st->peers[p.slot].who != p.who || c->now - st->peers[p.slot].since >= ASKS_SPAN_S * SECOND ||
	    c->now < st->peers[p.slot].since) {
		st->peers[p.slot].who = p.who;
		st->peers[p.slot].since = c->now;
		st->peers[p.slot].n = 0;
	}
	st->peers[p.slot].n += counts;
	bool many = !counts && st->peers[p.slot].n >= ASKS_MOST;
	int64_t wait = (st->peers[p.slot].since + ASKS_SPAN_S * SECOND - c->now) / SECOND + 1;

	pthread_mutex_unlock(&st->lock);
	return many ? slower(c, wait) : RC_OK;
}

/* A stranger can't fill a household's page, nor a gate's. */
static enum rc limit_unit(struct ctx *c, const struct place_ref *dwelling, struct str around)
{
	int64_t n;

	TRY(db_int(
		c,
		"SELECT count(*) FROM access_visit WHERE dwelling_id = $1 AND state = 'expected' AND source = 'poster'"
		" AND confirmed_at IS NULL",
		ARGS(V_STR(dwelling->id)), 0, &n));
	if (n >= OPEN_MOST)
		return slower(c, ASKS_SPAN_S);
	TRY(db_int(c,
		   "SELECT count(*) FROM access_visit WHERE place_path >= $1 AND place_path < $2 AND source = 'poster'"
		   " AND created_at > $3",
		   ARGS(V_STR(around), V_STR(access_path_end(c, around)), V_INT(c->now - HOUR)), 0, &n));
	return n >= PLACE_HOUR_MOST ? slower(c, ASKS_SPAN_S) : RC_OK;
}

/* ---- asking ------------------------------------------------------------------------------- */

/* "3-2-501" near the gate: around it, then one place further out, up to the
 * community. */
static enum rc find_unit(struct ctx *c, struct str at, struct str unit, struct place_ref *ret, struct str *around)
{
	struct place_ref gate;
	size_t n = 0, codes = 0;

	TRY(places_get(c, at, "at", &gate));
	for (size_t i = 0; i < gate.path.n; i++)
		codes += gate.path.p[i] == '.';
	*around = gate.path;
	for (; n == 0 && codes >= 4; codes--) {
		TRY(places_dwelling(c, *around, unit, ret, &n));
		if (n)
			break;
		around->n--;
		while (around->n && around->p[around->n - 1] != '.')
			around->n--;
	}
	if (n == 1)
		return RC_OK;
	TRY(limit_address(c, true)); /* looking for units is a try, too */
	return FAIL(c, RC_INVALID, "unknown_unit", STR("unit"), "no such unit near this gate");
}

static struct str ticket_key(struct ctx *c, struct str visit_id)
{
	return (struct str){ ctx_mac(c, "access_ticket", visit_id).p, KEY_CHARS };
}

static enum rc text_in(struct ctx *c, const struct json *in, const char *key, size_t most, bool needed, struct str *ret)
{
	*ret = str_trim(json_get_text(in, key));
	if (ret->n == 0 && needed)
		return FAIL(c, RC_INVALID, "required", str_of(key), "%s is required", key);
	if (ret->n == 0)
		*ret = NO_STR;
	return str_chars(*ret) > most ? FAIL(c, RC_INVALID, "out_of_range", str_of(key), "at most %zu characters", most)
				      : RC_OK;
}

enum rc poster_route(struct ctx *c, struct call *k)
{
	struct place_ref dwelling;
	struct visit_row v;
	struct str unit, around;
	bool courier = str_is(json_get_text(k->in, "holder"), "courier");

	TRY(limit_address(c, false));
	entity_init(&access_visit, &v);
	TRY(text_in(c, k->in, "unit", 40, true, &unit));
	TRY(text_in(c, k->in, "name", 60, true, &v.name));
	TRY(text_in(c, k->in, "phone", 30, true, &v.phone));
	TRY(text_in(c, k->in, "purpose", 100, true, &v.purpose));
	TRY(text_in(c, k->in, "plate", 40, false, &v.plate));
	v.people = json_get_int(k->in, "people", 1);
	if (v.people < 1 || v.people > 50)
		return FAIL(c, RC_INVALID, "out_of_range", STR("people"), "1 to 50");
	TRY(find_unit(c, json_get_text(k->in, "at"), unit, &dwelling, &around));
	TRY(limit_unit(c, &dwelling, around));
	v.holder = courier ? GATE_COURIER : GATE_VISITOR;
	v.source = FROM_POSTER;
	v.state = V_EXPECTED;
	TRY(visit_prepare(c, &v, &dwelling));
	TRY(entity_insert(c, &access_visit, &v, "ask"));
	json_open(k->out, '{');
	json_put_text(k->out, "id", v.std.id);
	json_put_text(k->out, "key", ticket_key(c, v.std.id));
	json_put_time(k->out, "until_at", v.to_at);
	json_close(k->out, '}');
	k->rs->status = 201;
	return limit_address(c, true);
}

/* ---- the visitor's own page ------------------------------------------------------------------ */

/* {"key"}: how it stands, and once, after the host has confirmed, the code. */
enum rc ticket_route(struct ctx *c, struct call *k)
{
	struct visit_row v;
	struct str group;
	int64_t issued;
	bool found;

	TRY(entity_find(c, &access_visit, "id = $1", ARGS(V_STR(k->id)), &v, &found));
	if (!found || !crypto_same(json_get_text(k->in, "key"), ticket_key(c, k->id)))
		return FAIL(c, RC_MISSING, "not_found", STR("id"), "no such visit");
	TRY(db_int(c, "SELECT count(*) FROM access_code WHERE visit_id = $1", ARGS(V_STR(v.std.id)), 0, &issued));
	json_open(k->out, '{');
	json_put_text(k->out, "state", str_of(access_visit_states[v.state]));
	json_put_bool(k->out, "confirmed", v.confirmed_at != 0);
	json_put_text(k->out, "unit", v.unit);
	json_put_time(k->out, "from_at", v.from_at);
	json_put_time(k->out, "to_at", v.to_at);
	json_put_bool(k->out, "issued", issued != 0);
	if (v.state == V_EXPECTED && v.confirmed_at && issued == 0 && v.to_at > access_times_now(c).now) {
		TRY(code_group(c, &v, NO_STR, &group));
		json_key(k->out, "code");
		TRY(code_issue(c, &v, group, 1, k->out));
	}
	json_close(k->out, '}');
	return RC_OK;
}
