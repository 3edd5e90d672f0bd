/* access_swipe.c - POST /api/access/swipe: a gate asks, the answer is on disk
 * before it is given.  Read by an allow-list: what is not named here does not
 * come in, whatever a terminal sends. */
#include "domain/access/access_inner.h"
#include "sys/crypto.h"

#include <math.h>

enum { OPEN_MS = 5000, SCAN_MS = 1500, SKEW_DAYS = 3650 };

struct swipe {
	struct device_ref device;
	struct str lane, token, pin, unit, code, order;
	unsigned method, direction, scan;
	int64_t serial, at, permille, temperature_dc;
};

/* ---- reading ----------------------------------------------------------------------- */

static enum rc read_at(struct ctx *c, const struct json *in, struct swipe *s)
{
	struct str at = json_get_text(in, "at");

	s->at = c->now;
	if (at.p && time_parse(at, &s->at) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_time", STR("at"), "a time is expected");
	return RC_OK;
}

static enum rc read_words(struct ctx *c, const struct json *in, struct swipe *s)
{
	int method = gate_word(gate_methods, json_get_text(in, "method")), direction = GATE_BOTH;

	if (method < 0)
		return FAIL(c, RC_INVALID, "unknown_word", STR("method"), "no such method");
	if (json_get(in, "direction"))
		direction = gate_word(gate_directions, json_get_text(in, "direction"));
	if (direction < 0)
		return FAIL(c, RC_INVALID, "unknown_word", STR("direction"), "in or out");
	s->method = (unsigned)method;
	s->direction = (unsigned)direction;
	return RC_OK;
}

static enum rc read_numbers(struct ctx *c, const struct json *in, struct swipe *s)
{
	const struct json *serial = json_get(in, "serial");
	double x;

	s->serial = NO_INT;
	if (serial && serial->kind != J_NULL && (serial->kind != J_INT || serial->i < 0))
		return FAIL(c, RC_INVALID, "out_of_range", STR("serial"), "a number from 0");
	if (serial && serial->kind == J_INT)
		s->serial = serial->i;
	s->permille = 1000;
	if (json_number(json_get(in, "confidence"), &x)) {
		if (!(x >= 0 && x <= 1))
			return FAIL(c, RC_INVALID, "out_of_range", STR("confidence"), "0 to 1");
		s->permille = lround(x * 1000);
	}
	if (json_number(json_get(in, "temperature"), &x)) {
		if (!(x >= 20 && x <= 50))
			return FAIL(c, RC_INVALID, "out_of_range", STR("temperature"), "20 to 50 degrees Celsius");
		s->temperature_dc = lround(x * 10);
	}
	return RC_OK;
}

/* Outside the writer: a verifier may take its time, up to its limit. */
static void ask_verifier(struct ctx *c, const struct json *in, struct swipe *s)
{
	struct access_state *st = access_state_of(c);
	struct str scanned = json_get_text(in, "scan");

	s->scan = GATE_SCAN_NONE;
	if (scanned.n)
		s->scan = st->verifier ? st->verifier(st->verifier_self, scanned, SCAN_MS * MILLI) : GATE_SCAN_TIMEOUT;
}

enum rc swipe_prepare(struct ctx *c, struct call *k)
{
	struct swipe *s = NEW(c->arena, struct swipe);

	TRY(sensing_authenticate(c, &s->device));
	TRY(read_words(c, k->in, s));
	TRY(read_at(c, k->in, s));
	TRY(read_numbers(c, k->in, s));
	s->lane = json_get_text(k->in, "lane");
	s->token = json_get_text(k->in, "token");
	s->pin = json_get_text(k->in, "pin");
	s->unit = str_trim(json_get_text(k->in, "unit"));
	s->code = str_trim(json_get_text(k->in, "code"));
	s->order = json_get_text(k->in, "opening_id");
	ask_verifier(c, k->in, s);
	k->prepared = s;
	return RC_OK;
}

/* ---- who ------------------------------------------------------------------------------ */

struct asking {
	struct swipe *in;
	struct scene *scene;
	struct gate_request rq;
	struct held *held;
	struct code_claim *claim;
	struct order_row *order;
	struct gate_credential own;
	struct gate_right right;
	struct str credential_id, subject;
	int64_t closed_until;
	enum gate_reason said; /* GATE_OK: the gate decides */
};

/* What a live code stands for: a credential of its own, good at its group. */
static void stands_for(struct asking *a, const struct code_row *row)
{
	a->own = (struct gate_credential){ .n_rights = 1,
					   .method = (uint8_t)a->in->method,
					   .holder = (uint8_t)row->holder,
					   .from_at = row->from_at,
					   .to_at = row->to_at };
	a->right = (struct gate_right){ .group = 1 };
	a->rq.own = &a->own;
	a->rq.own_rights = &a->right;
	a->credential_id = a->subject = row->std.id;
}

static enum rc ask_code(struct ctx *c, struct asking *a)
{
	struct gate_keypad keypad;
	struct times t = access_times_now(c);
	bool typed = a->in->method == GATE_VISITOR_CODE;

	a->claim = NEW(c->arena, struct code_claim);
	if (!typed) {
		TRY(pass_check(c, a->scene->group_id, a->in->token, a->claim));
	} else {
		TRY(keypad_load(c, a->scene->lane.std.id, &keypad));
		a->closed_until = gate_keypad_closed(&keypad, t.now);
		if (a->closed_until) {
			a->said = GATE_KEYPAD_CLOSED;
			return RC_OK;
		}
		TRY(code_check(c, a->scene->group_id, a->in->unit, a->in->code, a->claim));
		if (a->claim->reason == GATE_CODE_WRONG) {
			gate_keypad_wrong(&keypad, t.now);
			a->closed_until = gate_keypad_closed(&keypad, t.now);
			TRY(keypad_save(c, a->scene->lane.std.id, &keypad));
		}
	}
	a->said = a->claim->reason;
	if (a->said == GATE_OK)
		stands_for(a, &a->claim->row);
	return RC_OK;
}

static enum rc ask_order(struct ctx *c, struct asking *a)
{
	struct order_row *o = NEW(c->arena, struct order_row);
	bool found;

	TRY(entity_find(c, &access_opening, "id = $1", ARGS(V_STR(a->in->order.p ? a->in->order : STR(""))), o,
			&found));
	if (found && o->state == ORDER_SENT && str_eq(o->lane_id, a->scene->lane.std.id)) {
		a->order = o;
		a->rq.order_until = o->until_at;
	}
	return RC_OK;
}

static enum rc ask_credential(struct ctx *c, struct asking *a)
{
	struct swipe *in = a->in;
	struct failure before = c->fail;
	enum rc rc = token_tidy(c, in->method, &in->token);

	if (rc != RC_OK) { /* nothing that anybody could hold */
		c->fail = before;
		return RC_OK;
	}
	TRY(scene_credential(c, a->scene, in->method, in->token, &a->held));
	if (a->held == NULL)
		return RC_OK;
	a->rq.own = &a->held->gate;
	a->rq.own_rights = a->held->rights;
	a->credential_id = a->held->row.std.id;
	a->subject = a->held->row.person_id.n ? a->held->row.person_id : a->credential_id;
	if (in->pin.n && a->held->row.pin_mac.n)
		a->rq.second = crypto_same(a->held->row.pin_mac,
					   ctx_mac(c, "access_pin",
						   arena_fmt(c->arena, FMT_STR "\n" FMT_STR, ARG_STR(a->credential_id),
							     ARG_STR(in->pin))));
	return RC_OK;
}

static enum rc ask(struct ctx *c, struct asking *a)
{
	const struct swipe *in = a->in;

	a->rq = (struct gate_request){ .method = (uint8_t)in->method,
				       .direction = (uint8_t)in->direction,
				       .permille = (int32_t)in->permille,
				       .temperature_dc = (int32_t)in->temperature_dc,
				       .scan = (uint8_t)in->scan };
	if (a->rq.direction == GATE_BOTH)
		a->rq.direction = a->scene->lane.direction == GATE_OUT ? GATE_OUT : GATE_IN;
	switch (in->method) {
	case GATE_VISITOR_CODE:
	case GATE_QR: TRY(ask_code(c, a)); break;
	case GATE_REMOTE: TRY(ask_order(c, a)); break;
	case GATE_GUARD: break;
	default: TRY(ask_credential(c, a)); break;
	}
	return pass_last(c, a->scene, a->subject, &a->rq.last);
}

/* ---- and what follows -------------------------------------------------------------------- */

static struct gate_decision decide(struct ctx *c, struct asking *a)
{
	struct times t = access_times_now(c);
	struct gate_decision d = gate_decide(&a->scene->list, &a->scene->gate, &a->scene->state, &a->rq, t.now, t.sure);

	/* A door that lets everybody pass asks for no code. */
	if (a->said != GATE_OK && d.verdict == GATE_REFUSE)
		d.reason = a->said;
	return d;
}

static enum rc take_use(struct ctx *c, struct asking *a, struct gate_decision *d)
{
	bool won = true;

	if (a->rq.own != &a->own || d->verdict != GATE_GRANT)
		return RC_OK;
	TRY(code_consume(c, &a->claim->row, &won));
	if (!won)
		*d = (struct gate_decision){ GATE_REFUSE, GATE_CODE_USED, NULL };
	return RC_OK;
}

static enum rc make_wait(struct ctx *c, struct asking *a, const struct gate_decision *d, struct str *id)
{
	struct wait_row w;

	entity_init(&access_wait, &w);
	w.lane_id = a->scene->lane.std.id;
	w.place_path = a->scene->lane.place_path;
	w.method = a->in->method;
	w.why = d->reason;
	w.holder = a->rq.own ? a->rq.own->holder : GATE_VISITOR;
	w.visit_id = a->claim && a->claim->known ? a->claim->row.visit_id : NO_STR;
	if (a->in->method == GATE_PLATE)
		w.plate = (struct str){ a->in->token.p, a->in->token.n > 24 ? 24 : a->in->token.n };
	w.confidence = a->in->permille;
	w.until_at = c->now + WAIT_S * SECOND;
	w.state = WAIT_WAITING;
	TRY(entity_insert(c, &access_wait, &w, "create"));
	*id = w.std.id;
	return RC_OK;
}

/* A reading is kept only while a measure in force asks for it. */
static struct str asks_temperature(const struct asking *a, int64_t now)
{
	for (uint32_t i = 0; i < a->scene->list.n_policies; i++) {
		const struct gate_policy *p = &a->scene->list.policies[i];

		if (p->most_dc && now >= p->from_at && (p->to_at == 0 || now < p->to_at))
			return a->scene->policy_ids[i];
	}
	return NO_STR;
}

static enum rc follow(struct ctx *c, struct asking *a, const struct gate_decision *d)
{
	if (d->verdict != GATE_GRANT)
		return RC_OK;
	if (a->order) {
		a->order->state = ORDER_OPENED;
		a->order->opened_at = c->now;
		TRY(entity_save(c, &access_opening, a->order, "open"));
	}
	if (a->rq.own == &a->own)
		TRY(visit_passed(c, a->claim->row.visit_id, a->rq.direction, c->now));
	return RC_OK;
}

static void reply(struct call *k, const struct asking *a, const struct gate_decision *d, int64_t seq, struct str wait)
{
	json_open(k->out, '{');
	json_put_text(k->out, "verdict", str_of(gate_verdicts[d->verdict]));
	json_put_text(k->out, "reason", str_of(gate_reasons[d->reason]));
	json_put_int(k->out, "seq", seq);
	if (d->verdict == GATE_GRANT)
		json_put_int(k->out, "open_ms", OPEN_MS);
	if (wait.n)
		json_put_text(k->out, "wait_id", wait);
	if (a->closed_until)
		json_put_time(k->out, "closed_until", a->closed_until);
	json_close(k->out, '}');
}

enum rc swipe_run(struct ctx *c, struct call *k)
{
	struct asking *a = NEW(c->arena, struct asking);
	struct str wait = NO_STR;
	struct lane_row lane;
	bool found, fresh;
	int64_t seq;

	a->in = k->prepared;
	a->scene = NEW(c->arena, struct scene);
	TRY(lane_of_device(c, a->in->device.id, a->in->lane, &lane));
	if (lane.state != LANE_ON)
		return FAIL(c, RC_CONFLICT, "lane_off", STR("lane"), "this lane is switched off");
	TRY(pass_told(c, lane.std.id, a->in->serial, k->out, &found));
	if (found)
		return RC_OK;
	TRY(scene_load(c, &lane, a->scene));
	TRY(ask(c, a));
	struct gate_decision d = decide(c, a);

	TRY(take_use(c, a, &d));
	if (d.verdict == GATE_ASK)
		TRY(make_wait(c, a, &d, &wait));
	int64_t skew = a->in->at - c->now;
	bool odd = skew > SKEW_DAYS * DAY || skew < -SKEW_DAYS * DAY;
	struct pass p = { .lane_id = lane.std.id,
			  .credential_id = a->credential_id,
			  .subject = a->subject,
			  .serial = a->in->serial,
			  .method = a->in->method,
			  .verdict = d.verdict,
			  .reason = d.reason,
			  .direction = a->rq.direction,
			  .device_at = c->now,
			  .skew_ms = odd ? 0 : skew / MILLI,
			  .temperature_dc = a->in->temperature_dc,
			  .policy_id = asks_temperature(a, c->now) };

	TRY(pass_write(c, a->scene, &p, &seq, &fresh));
	TRY(follow(c, a, &d));
	reply(k, a, &d, seq, wait);
	return RC_OK;
}
