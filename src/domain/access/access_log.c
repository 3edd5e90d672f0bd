/* access_log.c - what a gate did while its node was away, by the serial of the
 * device: late, out of order, twice, and by a clock of its own; and what the
 * contact of a door says. */
#include "domain/access/access_inner.h"

#include <stdlib.h>

enum { ENTRIES_MOST = 1000, GRANT_S = 5, LOOK_BACK = 500 };

struct entry {
	struct str token;
	unsigned method, direction, verdict, reason;
	int64_t serial, at;
};
struct upload {
	struct device_ref device;
	struct str lane;
	struct entry *entries;
	size_t n;
	int64_t sent_at;
};

/* ---- reading ------------------------------------------------------------------------- */

static enum rc read_entry(struct ctx *c, const struct json *j, struct entry *e)
{
	int method = gate_word(gate_methods, json_get_text(j, "method")),
	    direction = gate_word(gate_directions, json_get_text(j, "direction")),
	    verdict = gate_word(gate_verdicts, json_get_text(j, "verdict")),
	    reason = gate_word(gate_reasons, json_get_text(j, "reason"));

	*e = (struct entry){ .token = json_get_text(j, "token"), .serial = json_get_int(j, "serial", -1) };
	if (method < 0 || direction < 0 || direction == GATE_BOTH || verdict < 0 || reason < 0)
		return FAIL(c, RC_INVALID, "unknown_word", STR("entries"),
			    "an entry has method, direction (in, out), verdict and reason");
	if (e->serial < 0)
		return FAIL(c, RC_INVALID, "required", STR("serial"), "an entry has the device's serial");
	if (time_parse(json_get_text(j, "at"), &e->at) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("at"), "an entry has the device's time");
	e->method = (unsigned)method;
	e->direction = (unsigned)direction;
	e->verdict = (unsigned)verdict;
	e->reason = (unsigned)reason;
	return RC_OK;
}

/* In the order they happened, as far as the device knows: what comes out of
 * order within one upload counts in order. */
static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->serial > y->serial) - (x->serial < y->serial);
}

enum rc access_log_prepare(struct ctx *c, struct call *k)
{
	struct upload *u = NEW(c->arena, struct upload);
	const struct json *list = json_get(k->in, "entries");

	TRY(sensing_authenticate(c, &u->device));
	if (time_parse(json_get_text(k->in, "sent_at"), &u->sent_at) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("sent_at"), "what the device's clock says now");
	if (list == NULL || list->kind != J_LIST || list->n > ENTRIES_MOST)
		return FAIL(c, RC_INVALID, "too_many", STR("entries"), "a list of at most %d entries", ENTRIES_MOST);
	u->lane = json_get_text(k->in, "lane");
	u->entries = NEW_N(c->arena, struct entry, list->n + 1);
	for (const struct json *j = list->child; j; j = j->next)
		TRY(read_entry(c, j, &u->entries[u->n++]));
	qsort(u->entries, u->n, sizeof(*u->entries), by_time);
	k->prepared = u;
	return RC_OK;
}

/* ---- writing --------------------------------------------------------------------------- */

/* A pass that opened somewhere else meanwhile is found out now. */
static enum rc reconcile(struct ctx *c, struct scene *s, const struct entry *e, struct pass *p, int64_t *replayed)
{
	struct code_claim *claim = NEW(c->arena, struct code_claim);
	bool won = false;

	TRY(pass_check(c, s->group_id, e->token, claim));
	if (!claim->known)
		return RC_OK;
	p->credential_id = p->subject = claim->row.std.id;
	if (e->verdict != GATE_GRANT)
		return RC_OK;
	TRY(code_consume(c, &claim->row, &won));
	if (won)
		return visit_passed(c, claim->row.visit_id, e->direction, p->device_at);
	p->reason = GATE_REPLAYED;
	++*replayed;
	claim->row.replays++;
	return entity_save(c, &access_code, &claim->row, "replay");
}

static enum rc name_holder(struct ctx *c, struct scene *s, const struct entry *e, struct pass *p)
{
	struct failure before = c->fail;
	struct str token = e->token;
	struct held *h;
	enum rc rc = token_tidy(c, e->method, &token);

	if (rc != RC_OK) {
		c->fail = before;
		return RC_OK;
	}
	TRY(scene_credential(c, s, e->method, token, &h));
	if (h) {
		p->credential_id = h->row.std.id;
		p->subject = h->row.person_id.n ? h->row.person_id : h->row.std.id;
	}
	return RC_OK;
}

static enum rc take_entry(struct ctx *c, struct scene *s, const struct upload *u, const struct entry *e,
			  int64_t counts[3])
{
	int64_t skew = u->sent_at - c->now, seq, was;
	struct pass p = { .lane_id = s->lane.std.id,
			  .serial = e->serial,
			  .method = e->method,
			  .verdict = e->verdict,
			  .reason = e->reason,
			  .direction = e->direction,
			  .device_at = e->at - skew,
			  .skew_ms = skew / MILLI,
			  .late = true };
	bool fresh;

	if (p.device_at > c->now) /* its clock jumped since: not before it was told */
		p.device_at = c->now;
	TRY(db_int(c, "SELECT 1 FROM access_pass WHERE lane_id = $1 AND serial = $2",
		   ARGS(V_STR(p.lane_id), V_INT(p.serial)), 0, &was));
	if (was) {
		counts[1]++;
		return RC_OK;
	}
	if (e->method == GATE_QR)
		TRY(reconcile(c, s, e, &p, &counts[2]));
	else if (e->method != GATE_VISITOR_CODE && e->method < GATE_GUARD)
		TRY(name_holder(c, s, e, &p));
	TRY(pass_write(c, s, &p, &seq, &fresh));
	counts[0]++;
	return arena_check(c->arena);
}

enum rc access_log_run(struct ctx *c, struct call *k)
{
	struct upload *u = k->prepared;
	struct scene *s = NEW(c->arena, struct scene);
	struct lane_row lane;
	int64_t counts[3] = { 0 };

	TRY(lane_of_device(c, u->device.id, u->lane, &lane));
	TRY(scene_load(c, &lane, s));
	for (size_t i = 0; i < u->n; i++)
		TRY(take_entry(c, s, u, &u->entries[i], counts));
	json_open(k->out, '{');
	json_put_int(k->out, "accepted", counts[0]);
	json_put_int(k->out, "duplicate", counts[1]);
	json_put_int(k->out, "replayed", counts[2]);
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- the contact ------------------------------------------------------------------------- */

struct contact_message {
	struct device_ref device;
	struct str lane;
	bool open, asked; /* somebody inside pressed the button */
};

enum rc access_contact_prepare(struct ctx *c, struct call *k)
{
	struct contact_message *m = NEW(c->arena, struct contact_message);
	struct str word = json_get_text(k->in, "contact");
	const struct json *asked = json_get(k->in, "exit_request");

	TRY(sensing_authenticate(c, &m->device));
	if (!str_is(word, "open") && !str_is(word, "shut"))
		return FAIL(c, RC_INVALID, "unknown_word", STR("contact"), "open or shut");
	m->lane = json_get_text(k->in, "lane");
	m->open = str_is(word, "open");
	m->asked = asked && asked->kind == J_BOOL && asked->i;
	k->prepared = m;
	return RC_OK;
}

/* To the rules: what the door did.  The source is the lane's device. */
static enum rc tell(struct ctx *c, struct str source, const char *type)
{
	struct sensing_verdict verdict;
	struct sensing_input in = { .source = source,
				    .id = arena_fmt(c->arena, "door-" FMT_STR, ARG_STR(ctx_new_id(c))),
				    .type = str_of(type) };

	return sensing_append(c, &in, 1, &verdict);
}

static enum rc granted_lately(struct ctx *c, struct str door_id, bool *yes)
{
	int64_t last, n;

	TRY(db_int(c, "SELECT max(seq) FROM access_pass", NO_ARGS, 0, &last));
	TRY(db_int(c,
		   "SELECT count(*) FROM access_pass WHERE seq > $1 AND verdict = 'grant' AND device_at >= $2"
		   " AND lane_id IN (SELECT id FROM access_lane WHERE door_id = $3)",
		   ARGS(V_INT(last - LOOK_BACK), V_INT(c->now - GRANT_S * SECOND), V_STR(door_id)), 0, &n));
	*yes = n > 0;
	return RC_OK;
}

static enum rc opened(struct ctx *c, struct scene *s, const struct contact_message *m)
{
	enum gate_mode mode = gate_mode_now(&s->list, &s->gate, &s->state, access_times_now(c).now);
	bool fine = m->asked || mode == GATE_OPEN;

	if (!fine)
		TRY(granted_lately(c, s->door.std.id, &fine));
	s->door.contact = fine ? CONTACT_OPEN : CONTACT_FORCED;
	/* The button is a grant to go out: without it the rule would hear a break-in. */
	if (m->asked || mode == GATE_OPEN)
		TRY(tell(c, m->device.source, "cn.jiuan.access.granted.v1"));
	return tell(c, m->device.source, fine ? "cn.jiuan.door.opened.v1" : "cn.jiuan.door.forced.v1");
}

enum rc access_contact_run(struct ctx *c, struct call *k)
{
	struct contact_message *m = k->prepared;
	struct scene *s = NEW(c->arena, struct scene);
	struct lane_row lane;

	TRY(lane_of_device(c, m->device.id, m->lane, &lane));
	TRY(scene_load(c, &lane, s));
	bool is_open = s->door.contact != CONTACT_SHUT && s->door.contact != CONTACT_UNKNOWN;

	if (s->door.contact != CONTACT_UNKNOWN && is_open == m->open) {
		/* Told again: nothing new. */
	} else if (m->open) {
		TRY(opened(c, s, m));
		s->door.contact_at = c->now;
		TRY(entity_save(c, &access_door, &s->door, "contact"));
	} else {
		s->door.contact = CONTACT_SHUT;
		s->door.contact_at = c->now;
		TRY(tell(c, m->device.source, "cn.jiuan.door.closed.v1"));
		TRY(entity_save(c, &access_door, &s->door, "contact"));
	}
	json_open(k->out, '{');
	json_put_text(k->out, "contact", str_of(access_contacts[s->door.contact]));
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- held open ------------------------------------------------------------------------------ */

static enum rc source_of_door(struct ctx *c, struct str door_id, struct str *ret)
{
	struct device_ref d;
	struct str device;
	enum rc rc;

	*ret = NO_STR;
	TRY(db_text(
		c, "SELECT device_id FROM access_lane WHERE door_id = $1 AND device_id IS NOT NULL ORDER BY id LIMIT 1",
		ARGS(V_STR(door_id)), &device));
	if (device.n == 0)
		return RC_OK;
	rc = sensing_device_get(c, device, &d);
	if (rc == RC_OK)
		*ret = d.source;
	return rc == RC_MISSING ? RC_OK : rc;
}

enum rc access_contact_watch(struct ctx *c)
{
	struct str *ids, source;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM access_door WHERE contact = 'open' AND contact_at <= $1 - held_s * 1000000"
		     " ORDER BY contact_at LIMIT 100",
		     ARGS(V_INT(c->now)), 100, &ids, &n));
	for (size_t i = 0; i < n; i++) {
		struct door_row d;

		TRY(entity_fetch(c, &access_door, ids[i], &d));
		d.contact = CONTACT_HELD;
		TRY(entity_save(c, &access_door, &d, "contact"));
		TRY(source_of_door(c, d.std.id, &source));
		if (source.n)
			TRY(tell(c, source, "cn.jiuan.door.held.v1"));
	}
	return RC_OK;
}
