/* watch_incident.c - how something that happened becomes an alert, or part of
 * one that is open; the timeline. */
#include "domain/watch/watch_inner.h"

#include <string.h>

/* ---- timeline --------------------------------------------------------------------- */

enum rc watch_line(struct ctx *c, struct str alert_id, const char *what, struct str detail)
{
	return db_run(c,
		      "INSERT INTO watch_timeline (id, alert_id, at, what, actor_id, actor_name, detail)"
		      " VALUES ($1, $2, $3, $4, $5, $6, $7)",
		      ARGS(V_STR(ctx_new_id(c)), V_STR(alert_id), V_INT(c->now), V_Z(what), V_STR(c->who.id),
			   V_STR(c->who.name), V_STR(detail)),
		      NULL);
}

struct str watch_detail(struct ctx *c, const char *key, struct str word)
{
	struct buf b = buf_new(c->arena, 8192);

	json_open(&b, '{');
	json_put_text(&b, key, word);
	json_close(&b, '}');
	return buf_str(&b);
}

enum rc watch_tell(struct ctx *c, struct str alert_id, const char *what, struct str detail)
{
	return watch_line(c, alert_id, what, detail);
}

/* ---- merging ------------------------------------------------------------------------ */

enum rc watch_recount(struct ctx *c, struct alert_row *a)
{
	int64_t open;

	TRY(db_int(c,
		   "SELECT count(DISTINCT device_id) FROM watch_source WHERE alert_id IN"
		   " (SELECT id FROM watch_alert WHERE id = $1 OR merged_into = $1)",
		   ARGS(V_STR(a->std.id)), 0, &a->sources));
	TRY(db_int(c,
		   "SELECT count(*) FROM watch_match WHERE lasting = 1 AND cleared_at IS NULL AND alert_id IN"
		   " (SELECT id FROM watch_alert WHERE id = $1 OR merged_into = $1)",
		   ARGS(V_STR(a->std.id)), 0, &open));
	a->ongoing = open > 0;
	return RC_OK;
}

enum rc watch_open_alert(struct ctx *c, struct str merge_key, struct alert_row *ret, bool *found)
{
	TRY(entity_find(c, &watch_alert, "merge_key = $1 ORDER BY opened_at DESC, id DESC", ARGS(V_STR(merge_key)), ret,
			found));
	if (*found && ret->merged_into.n)
		TRY(entity_find(c, &watch_alert, "id = $1", ARGS(V_STR(ret->merged_into)), ret, found));
	if (*found && ret->state == WATCH_CLOSED)
		*found = false;
	return RC_OK;
}

static enum rc add_sources(struct ctx *c, struct str alert_id, const struct incident *i, bool *added)
{
	*added = false;
	for (size_t k = 0; k < i->n_devices; k++) {
		int64_t known;

		TRY(db_int(c, "SELECT count(*) FROM watch_source WHERE alert_id = $1 AND device_id = $2",
			   ARGS(V_STR(alert_id), V_STR(i->device_ids[k])), 0, &known));
		*added |= known == 0;
		TRY(db_run(c,
			   "INSERT INTO watch_source (alert_id, device_id, first_at, last_at, n) VALUES ($1, $2, $3, "
			   "$3, 1)"
			   " ON CONFLICT (alert_id, device_id) DO UPDATE SET n = watch_source.n + 1,"
			   " last_at = CASE WHEN excluded.last_at > watch_source.last_at THEN excluded.last_at"
			   " ELSE watch_source.last_at END",
			   ARGS(V_STR(alert_id), V_STR(i->device_ids[k]), V_INT(i->at)), NULL));
	}
	return RC_OK;
}

/* It has become worse: the desk is asked anew, unless somebody is on the way. */
static enum rc raise_severity(struct ctx *c, struct alert_row *a, unsigned severity)
{
	a->severity = severity;
	a->desk_rank = WATCH_URGENT - (int64_t)severity;
	if (a->state != WATCH_DISPATCHED) {
		a->state = WATCH_NEW;
		return watch_ring(c, a, "worse");
	}
	return watch_line(c, a->std.id, "rang", watch_detail(c, "reason", STR("worse")));
}

static enum rc join(struct ctx *c, struct alert_row *a, const struct incident *i)
{
	bool added;

	TRY(add_sources(c, a->std.id, i, &added));
	struct buf d = buf_new(c->arena, 8192);

	json_open(&d, '{');
	json_put_bool(&d, "new_device", added);
	json_put_raw(&d, "facts", i->facts.n ? i->facts : STR("{}"));
	json_close(&d, '}');
	TRY(watch_line(c, a->std.id, "source_added", buf_str(&d)));
	TRY(watch_recount(c, a));
	a->ongoing |= i->lasting;
	if (i->at > a->last_at)
		a->last_at = i->at;
	if (i->severity > a->severity)
		TRY(raise_severity(c, a, i->severity));
	return entity_save(c, &watch_alert, a, "source");
}

/* ---- opening -------------------------------------------------------------------------- */

static enum rc next_number(struct ctx *c, struct str *ret)
{
	int64_t n;

	TRY(watch_changed(c, "alert"));
	TRY(watch_counter(c, "alert", &n));
	*ret = arena_fmt(c->arena, "A-%lld", (long long)n);
	return RC_OK;
}

static enum rc hush(struct ctx *c, struct alert_row *a)
{
	int64_t until;

	TRY(watch_silenced(c, a->rule_id, a->place_path, &until));
	if (until == 0)
		return RC_OK;
	a->silenced = true;
	return db_run(c,
		      "UPDATE watch_silence SET held = held + 1 WHERE state = 'active' AND until_at = $1"
		      " AND (rule_id IS NULL OR rule_id = $2)",
		      ARGS(V_INT(until), V_STR(a->rule_id.n ? a->rule_id : STR("-"))), NULL);
}

static enum rc open_alert(struct ctx *c, const struct incident *i, struct alert_row *a)
{
	struct place_ref place;
	bool added;

	TRY(places_get(c, i->place_id, "place_id", &place));
	entity_init(&watch_alert, a);
	a->std.id = ctx_new_id(c);
	TRY(next_number(c, &a->number));
	a->rule_id = i->rule_id;
	a->rule_revision = i->rule_id.n ? i->rule_revision : NO_INT;
	a->kind = i->kind;
	a->severity = i->severity;
	a->desk_rank = WATCH_URGENT - (int64_t)i->severity;
	a->place_id = place.id;
	a->place_path = place.path;
	a->place_label = place.label.n ? place.label : place.name;
	a->question = i->question;
	a->facts = i->facts.n ? i->facts : STR("{}");
	a->opened_at = c->now;
	a->last_at = i->at;
	a->ongoing = i->lasting;
	a->drill = i->drill;
	a->merge_key = i->merge_key;
	a->welfare_id = i->welfare_id;
	if (!str_is(a->kind, WATCH_PANIC))
		TRY(hush(c, a));
	TRY(watch_line(c, a->std.id, "opened", a->facts));
	TRY(add_sources(c, a->std.id, i, &added));
	a->sources = (int64_t)i->n_devices;
	TRY(db_int(c, "SELECT count(*) FROM watch_source WHERE alert_id = $1", ARGS(V_STR(a->std.id)), 0, &a->sources));
	if (a->silenced)
		TRY(watch_line(c, a->std.id, "silenced", NO_STR));
	else
		TRY(watch_ring(c, a, "opened"));
	return entity_insert(c, &watch_alert, a, "create");
}

static bool near(const struct incident *i, const struct alert_row *a)
{
	/* What is still going on is the same thing, however long it lasts. */
	return a->ongoing || i->merge_us == INT64_MAX ||
	       (i->at - a->last_at < i->merge_us && a->last_at - i->at < i->merge_us);
}

enum rc watch_incident(struct ctx *c, const struct incident *i, struct alert_row *ret, bool *merged)
{
	TRY(watch_open_alert(c, i->merge_key, ret, merged));
	*merged = *merged && ret->drill == i->drill && near(i, ret);
	return *merged ? join(c, ret, i) : open_alert(c, i, ret);
}

/* ---- questions of other modules ------------------------------------------------------------ */

static struct str with_underscores(struct ctx *c, struct str kind)
{
	char *p = arena_z(c->arena, kind);

	for (size_t i = 0; i < kind.n; i++)
		if (p[i] == '-')
			p[i] = '_';
	return (struct str){ p, kind.n };
}

static struct str question_key(struct ctx *c, const struct watch_question *q)
{
	return arena_fmt(c->arena, "%s|" FMT_STR "|" FMT_STR "%s" FMT_STR, q->drill ? "drill" : "raised",
			 ARG_STR(q->kind), ARG_STR(q->place_id), q->about.n ? "|" : "", ARG_STR(q->about));
}

enum rc watch_raise(struct ctx *c, const struct watch_question *q, struct str *alert_id)
{
	struct incident i = { .kind = q->kind,
			      .place_id = q->place_id,
			      .facts = q->facts,
			      .merge_us = INT64_MAX,
			      .at = c->now,
			      .severity = q->severity,
			      .lasting = true,
			      .drill = q->drill };
	struct alert_row a;
	bool merged;

	if (q->kind.n == 0 || q->kind.n > 64)
		return FAIL(c, RC_BUG, "internal", NO_STR, "a question has a kind of 1 to 64 characters");
	i.question = q->question.n ? q->question : with_underscores(c, q->kind);
	i.merge_key = question_key(c, q);
	TRY(watch_open_alert(c, i.merge_key, &a, &merged));
	if (merged && a.severity >= (unsigned)q->severity) { /* the same answer is already wanted: no new line */
		if (alert_id)
			*alert_id = a.std.id;
		return db_run(c, "UPDATE watch_alert SET last_at = $2, ongoing = 1 WHERE id = $1",
			      ARGS(V_STR(a.std.id), V_INT(c->now)), NULL);
	}
	TRY(watch_incident(c, &i, &a, &merged));
	if (alert_id)
		*alert_id = a.std.id;
	return RC_OK;
}

enum rc watch_over_about(struct ctx *c, struct str kind, struct str place_id, struct str about)
{
	const struct watch_question q = { .kind = kind, .place_id = place_id, .about = about };
	struct alert_row a;
	bool found;

	TRY(watch_open_alert(c, question_key(c, &q), &a, &found));
	if (!found || !a.ongoing)
		return RC_OK;
	a.ongoing = false;
	return entity_save(c, &watch_alert, &a, "clear");
}

enum rc watch_over(struct ctx *c, struct str kind, struct str place_id)
{
	return watch_over_about(c, kind, place_id, NO_STR);
}
