/* watch_view.c - one alert in full: why it was asked, what was done. */
#include "domain/watch/watch_inner.h"

#include <string.h>

enum { CASE_EVENTS = 40 };

/* ---- events, without what nobody needs to see ------------------------------------- */

static bool is_word(struct str s)
{
	if (s.n == 0 || s.n > 32)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];

		if (!((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || ch == '-' || ch == '_'))
			return false;
	}
	return true;
}

static bool is_fact(const struct json *j)
{
	static const char *const names[] = { "floor", "zone", "label", "score", "occupied", "battery",
					     "value", "unit", "class", "phase", "state",    "part" };

	if (j->kind != J_INT && j->kind != J_REAL && j->kind != J_BOOL && !(j->kind == J_TEXT && is_word(j->text)))
		return false;
	for (size_t i = 0; i < COUNT(names); i++)
		if (str_is(j->key, names[i]))
			return true;
	return false;
}

void watch_put_facts(struct ctx *c, struct buf *out, struct str data)
{
	struct json_error err;
	struct json *j;

	if (data.n == 0 || json_parse(c->arena, data, 1000, &j, &err) != RC_OK || j->kind != J_MAP)
		return;
	for (const struct json *f = j->child; f; f = f->next) {
		if (!is_fact(f))
			continue;
		json_key_str(out, f->key);
		json_write(out, f);
	}
}

void watch_write_data(struct ctx *c, struct buf *out, struct str data)
{
	json_open(out, '{');
	watch_put_facts(c, out, data);
	json_close(out, '}');
}

enum rc watch_event_at(struct ctx *c, int64_t seq, sensing_event_fn *fn, void *arg)
{
	int64_t last;

	return sensing_since(c, seq - 1, 1, fn, arg, &last);
}

struct writer {
	struct ctx *c;
	struct buf *out;
	int64_t want;
};

static enum rc write_event(void *arg, const struct sensing_event *ev)
{
	struct writer *w = arg;

	if (ev->seq != w->want) /* that one is past its clock */
		return RC_OK;
	json_open(w->out, '{');
	json_put_time(w->out, "at", ev->at);
	json_put_text(w->out, "type", ev->type);
	json_put_text(w->out, "device_id", ev->device_id);
	json_key(w->out, "data");
	watch_write_data(w->c, w->out, ev->data);
	json_close(w->out, '}');
	return RC_OK;
}

/* The events of an alert's matches.  Those of a welfare watch tell where and
 * when somebody was last seen: that is opened with a reason, at the watch. */
static enum rc write_events(struct ctx *c, const struct alert_row *a, struct buf *out)
{
	struct writer w = { c, out, 0 };
	struct str *lists;
	size_t n = 0, told = 0;

	json_open(out, '[');
	if (a->welfare_id.n == 0)
		TRY(db_texts(c,
			     "SELECT seqs FROM watch_match WHERE seqs IS NOT NULL AND alert_id IN (SELECT id FROM "
			     "watch_alert"
			     " WHERE id = $1 OR merged_into = $1) ORDER BY at DESC, dedupe DESC LIMIT 20",
			     ARGS(V_STR(a->std.id)), 20, &lists, &n));
	while (n-- > 0) {
		struct json_error err;
		struct json *list;

		if (json_parse(c->arena, lists[n], 100, &list, &err) != RC_OK)
			continue;
		for (const struct json *j = list->child; j && told < CASE_EVENTS; j = j->next, told++) {
			w.want = j->i;
			TRY(watch_event_at(c, j->i, write_event, &w));
		}
	}
	json_close(out, ']');
	return RC_OK;
}

/* ---- the case ------------------------------------------------------------------------ */

static enum rc write_rule(struct ctx *c, const struct alert_row *a, struct buf *out)
{
	struct str name = NO_STR;

	json_key(out, "rule");
	if (a->rule_id.n == 0) {
		json_null(out);
		return RC_OK;
	}
	TRY(db_text(c, "SELECT name FROM watch_rule WHERE id = $1", ARGS(V_STR(a->rule_id)), &name));
	json_open(out, '{');
	json_put_text(out, "id", a->rule_id);
	json_put_text(out, "name", name);
	json_put_int(out, "revision", a->rule_revision);
	json_close(out, '}');
	return RC_OK;
}

static void write_source(struct buf *out, const struct device_ref *d, bool known, struct str id, const struct row *row)
{
	json_open(out, '{');
	json_put_text(out, "device_id", id);
	json_put_text(out, "name", known ? d->name : NO_STR);
	json_put_text(out, "kind", known ? str_of(d->kind) : NO_STR);
	json_put_time(out, "first_at", row ? row->v[1].i : 0);
	json_put_time(out, "last_at", row ? row->v[2].i : 0);
	json_put_int(out, "n", row ? row->v[3].i : 0);
	json_close(out, '}');
}

static enum rc find_device(struct ctx *c, struct str id, struct device_ref *d, bool *known)
{
	struct failure before = c->fail;
	enum rc rc = sensing_device_get(c, id, d);

	*known = rc == RC_OK;
	if (rc == RC_MISSING)
		c->fail = before;
	return rc == RC_MISSING ? RC_OK : rc;
}

struct source_list {
	struct ctx *c;
	struct buf *out;
};

static enum rc one_source(void *arg, const struct row *row)
{
	struct source_list *l = arg;
	struct str id = arena_dup(l->c->arena, row->v[0].s);
	struct device_ref d;
	bool known;

	TRY(find_device(l->c, id, &d, &known));
	write_source(l->out, &d, known, id, row);
	return RC_OK;
}

static enum rc write_sources(struct ctx *c, const struct alert_row *a, const struct welfare_row *w, struct buf *out)
{
	struct source_list l = { c, out };
	struct device_ref d;
	struct str *ids;
	bool known;
	size_t n;

	json_key(out, "sources");
	json_open(out, '[');
	TRY(db_each(c,
		    "SELECT device_id, min(first_at), max(last_at), CAST(sum(n) AS bigint) FROM watch_source WHERE "
		    "alert_id IN"
		    " (SELECT id FROM watch_alert WHERE id = $1 OR merged_into = $1) GROUP BY device_id ORDER BY 2, 1",
		    ARGS(V_STR(a->std.id)), one_source, &l));
	if (w) {
		TRY(watch_sources(c, w->sources, &ids, &n));
		for (size_t i = 0; i < n; i++) {
			TRY(find_device(c, ids[i], &d, &known));
			write_source(out, &d, known, ids[i], NULL);
		}
	}
	json_close(out, ']');
	return RC_OK;
}

static enum rc write_coverage(struct ctx *c, const struct alert_row *a, const struct welfare_row *w, struct buf *out)
{
	int64_t base, total;
	struct span *spans;
	size_t n;

	json_key(out, "coverage");
	if (w == NULL || w->state == W_ENDED) {
		json_null(out);
		return RC_OK;
	}
	base = w->last_seen_at > w->counted_from ? w->last_seen_at : w->counted_from;
	if (base > a->opened_at) /* seen again since: the span of the question counts */
		base = a->opened_at - w->hours * HOUR;
	TRY(watch_blind(c, w->sources, base, a->opened_at, &spans, &n, &total));
	json_open(out, '{');
	json_put_int(out, "hours", (a->opened_at - base) / HOUR);
	json_put_int(out, "gap_hours", (total + HOUR / 2) / HOUR);
	json_key(out, "gaps");
	json_open(out, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(out, '{');
		json_put_time(out, "from_at", spans[i].from);
		json_put_time(out, "to_at", spans[i].to);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
	return RC_OK;
}

enum rc watch_case(struct ctx *c, struct call *k)
{
	struct welfare_row w;
	struct alert_row a;
	bool welfare = false;

	TRY(entity_load(c, &watch_alert, k->id, &a));
	if (a.welfare_id.n)
		TRY(entity_find(c, &watch_welfare, "id = $1", ARGS(V_STR(a.welfare_id)), &w, &welfare));
	json_open(k->out, '{');
	json_key(k->out, "alert");
	entity_write(c, &watch_alert, &a, k->out);
	TRY(write_rule(c, &a, k->out));
	TRY(write_sources(c, &a, welfare ? &w : NULL, k->out));
	json_key(k->out, "events");
	TRY(write_events(c, &a, k->out));
	TRY(watch_write_evidence(c, &a, k->out));
	TRY(write_coverage(c, &a, welfare ? &w : NULL, k->out));
	json_key(k->out, "leave"); /* why somebody is away (a hospital) is opened at the leave */
	TRY(db_json(c, k->out,
		    "SELECT id, from_at, to_at, NULL AS kind FROM watch_leave WHERE welfare_id = $1 AND to_at > $2"
		    " ORDER BY from_at, id LIMIT 20",
		    ARGS(V_STR(a.welfare_id.n ? a.welfare_id : STR("-")), V_INT(a.opened_at - 30 * DAY))));
	json_key(k->out, "similar");
	TRY(db_json(c, k->out,
		    "SELECT id, number, state, opened_at FROM watch_alert WHERE id <> $1 AND opened_at > $4"
		    " AND (place_id = $2 OR (kind = $3 AND state <> 'closed' AND place_path >= $5 AND place_path < $6))"
		    " ORDER BY opened_at DESC, id DESC LIMIT 10",
		    ARGS(V_STR(a.std.id), V_STR(a.place_id), V_STR(a.kind), V_INT(c->now - 30 * DAY),
			 V_STR(a.place_path), V_STR(watch_after(c, a.place_path)))));
	json_put_text(k->out, "welfare_id", a.welfare_id);
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- timeline, notes ------------------------------------------------------------------- */

static struct str text_of(const struct val *v)
{
	return v->kind == VAL_TEXT ? v->s : NO_STR;
}

static enum rc write_line(void *arg, const struct row *row)
{
	struct buf *out = arg;

	json_open(out, '{');
	json_put_time(out, "at", row->v[0].i);
	json_put_text(out, "what", text_of(&row->v[1]));
	json_put_text(out, "actor_name", text_of(&row->v[2]));
	json_put_raw(out, "detail", row->v[3].kind == VAL_TEXT ? row->v[3].s : STR("{}"));
	json_close(out, '}');
	return RC_OK;
}

enum rc watch_timeline(struct ctx *c, struct call *k)
{
	struct alert_row a;

	TRY(entity_load(c, &watch_alert, k->id, &a));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	TRY(db_each(c,
		    "SELECT at, what, actor_name, detail FROM watch_timeline WHERE alert_id = $1 ORDER BY at, id LIMIT "
		    "2000",
		    ARGS(V_STR(k->id)), write_line, k->out));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

enum rc watch_note(struct ctx *c, struct call *k)
{
	struct str text = str_trim(json_get_text(k->in, "text"));
	struct alert_row a;
	int64_t span;

	TRY(entity_load(c, &watch_alert, k->id, &a));
	if (!ctx_may_at(c, "watch.alert.note", a.place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "not held for this row");
	for (const struct json *j = k->in->child; j; j = j->next)
		if (!str_is(j->key, "text"))
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
	if (text.n == 0)
		return FAIL(c, RC_INVALID, "required", STR("text"), "text is required");
	if (str_chars(text) > 1000)
		return FAIL(c, RC_INVALID, "wrong_length", STR("text"), "at most 1000 characters");
	TRY(watch_line(c, a.std.id, "note", watch_detail(c, "text", text)));
	if (a.state == WATCH_ACKNOWLEDGED) { /* a next step: the clock of the acknowledgement starts anew */
		TRY(watch_ack_span(c, &a, &span));
		a.ack_due_at = a.next_at = c->now + span;
	}
	return entity_save(c, &watch_alert, &a, "note");
}
