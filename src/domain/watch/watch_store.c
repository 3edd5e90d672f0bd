/* watch_store.c - matches become alerts, each one once. */
#include "domain/watch/watch_eval.h"

#include "sys/crypto.h"

#include <stdio.h>
#include <string.h>

/* ---- what names a match, also after a restart ------------------------------------------- */

static struct str key_text(struct ctx *c, const struct evaluator *e, const struct pending *p)
{
	const struct rule_match *m = &p->m;
	struct str key = STR("-");

	switch (m->key_kind) {
	case RULE_KEY_NONE: break;
	case RULE_KEY_PLACE:
	case RULE_KEY_AREA: key = eval_place(e, m->key); break;
	case RULE_KEY_DEVICE: key = eval_device(e, m->key); break;
	case RULE_KEY_WATCH: return e->subjects[m->key - 1].id;
	}
	return arena_fmt(c->arena, FMT_STR "|%u", ARG_STR(key), m->key_field);
}

/* A person's watch must not leave the moment of last sight behind: a keyed hash
 * names it without telling it.  A new revision does not ask again. */
static enum rc dedupe_of(struct ctx *c, const struct evaluator *e, const struct pending *p, struct str key,
			 struct str *ret)
{
	uint8_t hash[CRYPTO_HASH];
	char hex[33];

	if (!p->rule->care) {
		*ret = arena_fmt(c->arena, FMT_STR "|%u|" FMT_STR "|%lld", ARG_STR(p->m.rule_id), p->m.version,
				 ARG_STR(key), (long long)p->m.since);
		return RC_OK;
	}
	struct str secret = arena_fmt(c->arena, "%032lld", (long long)e->seed);
	struct str in = arena_fmt(c->arena, FMT_STR "|" FMT_STR "|%lld", ARG_STR(p->m.rule_id), ARG_STR(key),
				  (long long)p->m.since);

	TRY(hash_keyed(secret, in, hash));
	for (size_t i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	*ret = arena_dup(c->arena, (struct str){ hex, 32 });
	return RC_OK;
}

/* ---- what is told about it ---------------------------------------------------------------- */

struct evidence {
	struct ctx *c;
	struct incident *i;
	int64_t want;
	struct str data, place_id; /* of the last event */
};

static void add_device(struct incident *i, struct str id)
{
	for (size_t k = 0; k < i->n_devices; k++)
		if (str_eq(i->device_ids[k], id))
			return;
	if (id.n && i->n_devices < RULE_SAMPLES)
		i->device_ids[i->n_devices++] = id;
}

static enum rc take_evidence(void *arg, const struct sensing_event *ev)
{
	struct evidence *v = arg;

	if (ev->seq != v->want)
		return RC_OK;
	add_device(v->i, arena_dup(v->c->arena, ev->device_id));
	v->data = arena_dup(v->c->arena, ev->data);
	v->place_id = arena_dup(v->c->arena, ev->place_id);
	return RC_OK;
}

static enum rc look_at_events(struct ctx *c, const struct evaluator *e, const struct pending *p, struct incident *i,
			      struct str *data, struct str *seqs)
{
	struct evidence v = { .c = c, .i = i };
	struct buf list = buf_new(c->arena, 1024);

	json_open(&list, '[');
	for (uint32_t k = 0; k < p->m.n_seqs; k++) {
		v.want = (int64_t)p->m.seqs[k];
		json_int(&list, v.want);
		TRY(watch_event_at(c, v.want, take_evidence, &v));
	}
	json_close(&list, ']');
	add_device(i, eval_device(e, p->m.device));
	i->place_id = v.place_id; /* a snapshot's place numbers may be those of an older tree */
	*data = v.data;
	*seqs = p->m.n_seqs ? buf_str(&list) : NO_STR;
	return RC_OK;
}

static struct str facts_of(struct ctx *c, const struct pending *p, struct str data)
{
	const struct rule_match *m = &p->m;
	struct buf b = buf_new(c->arena, 4000);

	json_open(&b, '{');
	if (p->rule->row.template.n == 0)
		json_put_text(&b, "rule", p->rule->row.name);
	switch ((enum rule_kind)p->rule->row.kind) {
	case RULE_ABSENCE:
		json_put_int(&b, "hours", (m->at - m->since) / HOUR);
		json_put_int(&b, "gap_hours", (m->gap + HOUR / 2) / HOUR);
		if (!p->rule->care)
			json_put_int(&b, "minutes", (m->at - m->since) / MINUTE);
		break;
	case RULE_DWELL: json_put_int(&b, "minutes", (m->at - m->since) / MINUTE); break;
	case RULE_COUNT:
	case RULE_SEQUENCE:
		json_put_int(&b, "times", m->n_events);
		json_put_int(&b, "minutes", (m->at - m->since) / MINUTE);
		break;
	case RULE_MATCH: break;
	}
	watch_put_facts(c, &b, data);
	if (m->suppressed)
		json_put_int(&b, "suppressed", (int64_t)m->suppressed);
	json_close(&b, '}');
	return b.overflow ? STR("{}") : buf_str(&b);
}

static struct str question_of(struct ctx *c, struct str template)
{
	char *p = arena_z(c->arena, template);

	if (template.n == 0)
		return STR("rule");
	for (size_t i = 0; i < template.n; i++)
		if (p[i] == '-')
			p[i] = '_';
	return (struct str){ p, template.n };
}

enum rc eval_incident(struct ctx *c, const struct evaluator *e, const struct pending *p, struct incident *ret,
		      struct str *seqs)
{
	const struct rule_match *m = &p->m;
	const struct rule_row *r = &p->rule->row;
	struct str data = NO_STR;

	*ret = (struct incident){ .kind = r->template.n ? r->template : r->name,
				  .question = question_of(c, r->template),
				  .rule_id = r->std.id,
				  .rule_revision = r->revision,
				  .merge_us = m->merge_us,
				  .at = m->at,
				  .severity = (unsigned)m->severity };
	*seqs = NO_STR;
	if (p->rule->care) {
		const struct subject *s = &e->subjects[m->key - 1];

		ret->welfare_id = s->id;
		ret->place_id = s->place_id;
	} else {
		TRY(look_at_events(c, e, p, ret, &data, seqs));
		if (m->key_kind == RULE_KEY_AREA || m->key_kind == RULE_KEY_PLACE)
			ret->place_id = eval_place(e, m->key);
		else if (ret->place_id.n == 0)
			ret->place_id = eval_place(e, m->place);
	}
	if (ret->place_id.n == 0)
		ret->place_id = r->place_id;
	ret->facts = facts_of(c, p, data);
	ret->merge_key =
		arena_fmt(c->arena, FMT_STR "|" FMT_STR "|" FMT_STR, ARG_STR(r->template.n ? r->template : r->std.id),
			  ARG_STR(ret->place_id), ARG_STR(ret->welfare_id));
	return RC_OK;
}

/* ---- reasons not to ask --------------------------------------------------------------------- */

static enum rc open_gap(void *arg, const struct sensing_gap *g)
{
	const char **reason = arg;

	if (g->to_at == 0)
		*reason = g->reason;
	return RC_OK;
}

static enum rc verdict_of(struct ctx *c, const struct pending *p, struct incident *i, const char **ret)
{
	struct device_ref d;
	struct failure before = c->fail;
	const char *reason = "";
	int64_t away, covered;

	*ret = "alert";
	if (p->rule->care) {
		TRY(db_int(c,
			   "SELECT (SELECT count(*) FROM watch_leave WHERE welfare_id = $1 AND from_at <= $2 AND to_at "
			   "> $2)"
			   " + (SELECT count(*) FROM watch_welfare WHERE id = $1 AND state <> 'active')",
			   ARGS(V_STR(i->welfare_id), V_INT(c->now)), 0, &away));
		if (away)
			*ret = "leave";
		return RC_OK;
	}
	if (!p->rule->by_device || i->n_devices == 0)
		return RC_OK;
	enum rc rc = sensing_device_get(c, i->device_ids[0], &d);

	if (rc == RC_MISSING)
		c->fail = before;
	else
		TRY(rc);
	if (rc == RC_MISSING || !str_is(str_of(d.state), "active")) {
		*ret = "retired";
		return RC_OK;
	}
	i->place_id = d.place_id;
	/* The gateway that carries it, or we ourselves, were away: one question about that is enough. */
	TRY(sensing_gaps(c, d.id, p->m.since, c->now, open_gap, &reason, &covered));
	if (str_is(str_of(reason), "gateway") || str_is(str_of(reason), "server"))
		*ret = "inhibited";
	return RC_OK;
}

/* ---- storing ---------------------------------------------------------------------------------- */

static bool lasts(const struct pending *p)
{
	struct str d = p->rule->row.definition;

	if (p->rule->row.kind == RULE_DWELL || p->rule->row.kind == RULE_ABSENCE)
		return true;
	return p->rule->row.kind == RULE_MATCH && memmem(d.p, d.n, "\"hysteresis\"", 12) != NULL;
}

static enum rc count_fired(struct ctx *c, struct str rule_id)
{
	TRY(db_run(c,
		   "INSERT INTO watch_count (rule_id, hour_at, fired, suppressed) VALUES ($1, $2, 1, 0)"
		   " ON CONFLICT (rule_id, hour_at) DO UPDATE SET fired = watch_count.fired + 1",
		   ARGS(V_STR(rule_id), V_INT(c->now - c->now % HOUR)), NULL));
	return db_run(c, "UPDATE watch_rule SET fired_30d = fired_30d + 1 WHERE id = $1", ARGS(V_STR(rule_id)), NULL);
}

static enum rc ask_evidence(struct ctx *c, const struct alert_row *a, const struct rule_match *m)
{
	int64_t seqs[RULE_SAMPLES];
	size_t n = 0;

	for (uint32_t k = 0; k < m->n_seqs && n < RULE_SAMPLES; k++)
		seqs[n++] = (int64_t)m->seqs[k];
	return watch_evidence_of(c, a, seqs, n);
}

static enum rc fired(struct ctx *c, struct evaluator *e, const struct pending *p)
{
	struct str key = key_text(c, e, p), dedupe, seqs;
	bool ask, merged, lasting;
	const char *verdict;
	struct alert_row a;
	struct incident i;
	int64_t is_new;

	TRY(dedupe_of(c, e, p, key, &dedupe));
	TRY(eval_incident(c, e, p, &i, &seqs));
	TRY(verdict_of(c, p, &i, &verdict));
	ask = str_is(str_of(verdict), "alert");
	lasting = i.lasting = ask && lasts(p);
	TRY(db_run(c,
		   "INSERT INTO watch_match (dedupe, rule_id, revision, key_text, verdict, severity, since_at, at, "
		   "lasting, seqs)"
		   " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (dedupe) DO NOTHING",
		   ARGS(V_STR(dedupe), V_STR(i.rule_id), V_INT(i.rule_revision), V_STR(key), V_Z(verdict),
			V_Z(watch_severities[i.severity]), V_INT(p->rule->care ? 0 : p->m.since), V_INT(p->m.at),
			V_INT(lasting), V_STR(seqs)),
		   &is_new));
	if (is_new == 0) /* told before a restart */
		return RC_OK;
	TRY(count_fired(c, i.rule_id));
	if (!ask)
		return RC_OK;
	TRY(watch_incident(c, &i, &a, &merged));
	TRY(db_run(c, "UPDATE watch_match SET alert_id = $2 WHERE dedupe = $1", ARGS(V_STR(dedupe), V_STR(a.std.id)),
		   NULL));
	return p->rule->care ? RC_OK : ask_evidence(c, &a, &p->m);
}

static enum rc settle(struct ctx *c, struct str alert_id)
{
	struct alert_row a;
	bool found;

	TRY(entity_find(c, &watch_alert, "id = $1", ARGS(V_STR(alert_id)), &a, &found));
	if (!found || !a.ongoing)
		return RC_OK;
	TRY(watch_recount(c, &a));
	if (a.ongoing)
		return RC_OK;
	TRY(watch_line(c, alert_id, "note", STR("{\"code\":\"cleared\"}")));
	TRY(entity_save(c, &watch_alert, &a, "clear"));
	return a.merged_into.n ? settle(c, a.merged_into) : RC_OK;
}

static enum rc cleared(struct ctx *c, struct evaluator *e, const struct pending *p)
{
	struct str key = key_text(c, e, p), *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT DISTINCT alert_id FROM watch_match WHERE rule_id = $1 AND key_text = $2 AND lasting = 1"
		     " AND cleared_at IS NULL AND alert_id IS NOT NULL ORDER BY alert_id LIMIT 100",
		     ARGS(V_STR(p->m.rule_id), V_STR(key)), 100, &ids, &n));
	TRY(db_run(c,
		   "UPDATE watch_match SET cleared_at = $3 WHERE rule_id = $1 AND key_text = $2 AND lasting = 1"
		   " AND cleared_at IS NULL",
		   ARGS(V_STR(p->m.rule_id), V_STR(key), V_INT(p->rule->care ? c->now : p->m.at)), NULL));
	for (size_t i = 0; i < n; i++)
		TRY(settle(c, ids[i]));
	return RC_OK;
}

/* The synthetic event is back. */
static enum rc came_back(struct ctx *c, const struct pending *p)
{
	for (uint32_t i = 0; i < p->m.n_seqs; i++)
		TRY(db_run(c, "UPDATE watch_selftest SET back_at = $2 WHERE seq = $1 AND back_at IS NULL",
			   ARGS(V_INT((int64_t)p->m.seqs[i]), V_INT(c->now)), NULL));
	return RC_OK;
}

static enum rc store_one(struct ctx *c, struct evaluator *e, const struct pending *p)
{
	if (p->rule == NULL)
		return came_back(c, p);
	return p->m.phase == RULE_FIRED ? fired(c, e, p) : cleared(c, e, p);
}

enum rc eval_store(struct ctx *c, struct evaluator *e)
{
	for (size_t i = 0; i < e->n_pending; i++) {
		struct ctx part = eval_part(c, e);

		TRY(eval_part_done(c, &part, store_one(&part, e, &e->pending[i])));
	}
	return RC_OK;
}
