/* dispatch_door.c - nobody opens: the worker takes one rung after the other, the
 * desk allows what needs it, everything is on record with who and when. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/people/people.h"

#include <string.h>

static const char *const attempt_states[] = { "asked", "going", "refused", "done", "withdrawn", NULL };
static const char *const results[] = { "none", "reached", "no_answer", "opened", "failed", NULL };
enum { A_ASKED, A_GOING, A_REFUSED, A_DONE, A_WITHDRAWN };
enum { RESULT_NONE, RESULT_REACHED, RESULT_NO_ANSWER, RESULT_OPENED, RESULT_FAILED };

static const struct field attempt_fields[] = {
	F_STD(struct attempt),
	F_REF(struct attempt, task_id, "dispatch.task", DERIVED | FILTER | P1),
	F_TEXT(struct attempt, task_number, 1, 20, DERIVED | P1),
	F_REF(struct attempt, alert_id, "watch.alert", DERIVED | FILTER | P1),
	F_REF(struct attempt, place_id, "places.place", DERIVED | P1),
	F_PATH(struct attempt, place_path, DERIVED | P1),
	F_TEXT(struct attempt, place_label, 0, 200, DERIVED | P1),
	F_REF(struct attempt, worker_id, "people.person", DERIVED | FILTER | P1),
	F_TEXT(struct attempt, worker_name, 1, 200, DERIVED | P1),
	F_INT(struct attempt, level, 1, 99, DERIVED | P1),
	F_ENUM(struct attempt, word, rung_words, DERIVED | P1),
	F_ENUM(struct attempt, approve, rung_allows, DERIVED | P1),
	F_INT(struct attempt, wait_min, 0, 240, DERIVED | P1),
	F_FLAG(struct attempt, two_people, DERIVED | P1),
	F_ENUM(struct attempt, state, attempt_states, DERIVED | FILTER | P1),
	F_TEXT(struct attempt, reason, 2, 200, DERIVED | P1),
	F_TIME(struct attempt, began_at, DERIVED | P1),
	F_TIME(struct attempt, next_at, DERIVED | P1),
	F_REF(struct attempt, decided_by, "people.person", DERIVED | P1),
	F_TEXT(struct attempt, decided_by_name, 0, 200, DERIVED | P1),
	F_TIME(struct attempt, decided_at, DERIVED | P1),
	F_TEXT(struct attempt, decision, 2, 200, DERIVED | P1),
	F_ENUM(struct attempt, result, results, DERIVED | P1),
	F_TIME(struct attempt, done_at, DERIVED | P1),
};

static enum rc tell(struct ctx *c, const struct attempt *a, const char *what, const char *key, struct str value)
{
	struct buf b = buf_new(c->arena, 2048);

	json_open(&b, '{');
	json_put_text(&b, "number", a->task_number);
	json_put_text(&b, "rung", str_of(rung_words[a->word]));
	if (value.n)
		json_put_text(&b, key, value);
	json_close(&b, '}');
	return watch_tell(c, a->alert_id, what, buf_str(&b));
}

/* ---- what comes next ------------------------------------------------------------------- */

struct standing {
	struct rung *ladder;
	size_t n_rungs;
	const struct rung *next; /* NULL: the ladder has ended */
	int64_t next_at;         /* not before; 0: at once */
	bool live;               /* one is asked for or under way */
	int64_t tried;           /* the highest level so far */
};

static enum rc take_tried(struct ctx *c, void *row, void *arg)
{
	struct standing *s = arg;
	const struct attempt *a = row;

	(void)c;
	s->live |= a->state == A_ASKED || a->state == A_GOING;
	if (a->state == A_WITHDRAWN)
		return RC_OK;
	if (a->level > s->tried)
		s->tried = a->level;
	if (a->next_at > s->next_at)
		s->next_at = a->next_at;
	return RC_OK;
}

static enum rc stand(struct ctx *c, const struct task *t, struct standing *s)
{
	*s = (struct standing){ 0 };
	TRY(dispatch_ladder(c, t->place_path, &s->ladder, &s->n_rungs));
	TRY(entity_each(c, &attempt_entity, "task_id = $1 ORDER BY id", ARGS(V_STR(t->std.id)), take_tried, s));
	for (size_t i = 0; i < s->n_rungs && s->next == NULL; i++)
		if (s->ladder[i].level > s->tried)
			s->next = &s->ladder[i];
	if (s->next_at <= c->now || s->next == NULL)
		s->next_at = 0;
	return RC_OK;
}

static void write_rung(const struct rung *r, struct buf *out)
{
	json_open(out, '{');
	json_put_int(out, "level", r->level);
	json_put_text(out, "word", str_of(rung_words[r->word]));
	json_put_text(out, "approve", str_of(rung_allows[r->approve]));
	json_put_int(out, "wait_min", r->wait_min);
	json_put_bool(out, "two_people", r->two_people);
	json_close(out, '}');
}

static enum rc write_attempt(struct ctx *c, void *row, void *arg)
{
	entity_write(c, &attempt_entity, row, arg);
	return RC_OK;
}

enum rc dispatch_door(struct ctx *c, struct call *k)
{
	struct standing s;
	struct task t;

	TRY(entity_load(c, &task_entity, k->id, &t));
	TRY(stand(c, &t, &s));
	json_open(k->out, '{');
	json_put_time(k->out, "no_reply_at", t.no_reply_at);
	json_key(k->out, "rungs");
	json_open(k->out, '[');
	for (size_t i = 0; i < s.n_rungs; i++)
		write_rung(&s.ladder[i], k->out);
	json_close(k->out, ']');
	json_put_text(k->out, "next", s.next ? str_of(rung_words[s.next->word]) : NO_STR);
	json_put_time(k->out, "next_at", s.next_at);
	json_key(k->out, "attempts");
	json_open(k->out, '[');
	TRY(entity_each(c, &attempt_entity, "task_id = $1 ORDER BY id LIMIT 100", ARGS(V_STR(t.std.id)), write_attempt,
			k->out));
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- the worker ------------------------------------------------------------------------- */

enum rc dispatch_no_reply(struct ctx *c, void *row, const struct json *in)
{
	struct task *t = row;
	struct buf b = buf_new(c->arena, 512);

	(void)in;
	if (t->no_reply_at) /* twice is once */
		return RC_OK;
	t->no_reply_at = c->now;
	json_open(&b, '{');
	json_put_text(&b, "number", t->number);
	json_close(&b, '}');
	return watch_tell(c, t->alert_id, "door_no_reply", buf_str(&b));
}

static enum rc chosen(struct ctx *c, const struct standing *s, const struct json *word, const struct rung **ret)
{
	*ret = s->next;
	if (word && word->kind == J_TEXT) {
		*ret = NULL;
		for (size_t i = 0; i < s->n_rungs; i++)
			if (str_is(word->text, rung_words[s->ladder[i].word]))
				*ret = &s->ladder[i];
		if (*ret == NULL)
			return FAIL(c, RC_INVALID, "unknown_word", STR("word"),
				    "the ladder of this place has no such rung");
	}
	return *ret ? RC_OK : FAIL(c, RC_CONFLICT, "top_of_ladder", STR("word"), "every rung was tried");
}

static enum rc check_input(struct ctx *c, const struct json *in)
{
	for (const struct json *j = in->child; j; j = j->next) {
		if (!str_is(j->key, "word") && !str_is(j->key, "reason"))
			return FAIL(c, RC_INVALID, "unknown_field", j->key, "no field of this name");
		if (j->kind != J_TEXT && j->kind != J_NULL)
			return FAIL(c, RC_INVALID, "wrong_type", j->key, "text is expected");
	}
	return RC_OK;
}

/* Before its time, or past a rung that was not tried: only with a reason ("smoke
 * under the door"), and the reason is on record. */
static enum rc check_reason(struct ctx *c, const struct standing *s, const struct rung *r, struct str reason)
{
	bool early = s->next && r->level >= s->next->level && (r->level > s->next->level || s->next_at);

	if (reason.n && (str_chars(reason) < 2 || str_chars(reason) > 200))
		return FAIL(c, RC_INVALID, "wrong_length", STR("reason"), "2 to 200 characters");
	return early && reason.n == 0
		       ? FAIL(c, RC_CONFLICT, "too_early", STR("reason"), "another rung comes first; or say why not")
		       : RC_OK;
}

static enum rc check_at_door(struct ctx *c, const struct task *t)
{
	if (!str_eq(t->worker_id, c->who.id))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "the worker at the door takes the rungs");
	if (t->state != T_ARRIVED)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "nobody is at the door");
	if (t->no_reply_at == 0)
		return FAIL(c, RC_CONFLICT, "not_knocked", STR("no_reply_at"), "first say that nobody opened");
	return RC_OK;
}

static enum rc go(struct ctx *c, struct attempt *a)
{
	a->state = A_GOING;
	a->began_at = c->now;
	a->next_at = c->now + a->wait_min * MINUTE;
	return a->two_people ? dispatch_need_two(c, a->task_id, "door") : RC_OK;
}

static void fill(struct attempt *a, const struct task *t, const struct rung *r)
{
	entity_init(&attempt_entity, a);
	a->task_id = t->std.id;
	a->task_number = t->number;
	a->alert_id = t->alert_id;
	a->place_id = t->place_id;
	a->place_path = t->place_path;
	a->place_label = t->place_label;
	a->worker_id = t->worker_id;
	a->worker_name = t->worker_name;
	a->level = r->level;
	a->word = r->word;
	a->approve = r->approve;
	a->wait_min = r->wait_min;
	a->two_people = r->two_people;
}

enum rc dispatch_try(struct ctx *c, struct call *k)
{
	struct str reason = str_trim(json_get_text(k->in, "reason"));
	const struct rung *r;
	struct standing s;
	struct attempt a;
	struct task t;

	TRY(entity_load(c, &task_entity, k->id, &t));
	TRY(check_input(c, k->in));
	TRY(check_at_door(c, &t));
	TRY(stand(c, &t, &s));
	if (s.live)
		return FAIL(c, RC_CONFLICT, "attempt_open", STR("word"), "one rung after the other");
	TRY(chosen(c, &s, json_get(k->in, "word"), &r));
	TRY(check_reason(c, &s, r, reason));
	fill(&a, &t, r);
	a.reason = reason.n ? reason : NO_STR;
	a.state = A_ASKED;
	if (a.approve == ALLOW_NOBODY)
		TRY(go(c, &a));
	TRY(tell(c, &a, a.state == A_ASKED ? "door_asked" : "door_going", "reason", a.reason));
	TRY(entity_insert(c, &attempt_entity, &a, "create"));
	k->rs->status = 201;
	entity_write(c, &attempt_entity, &a, k->out);
	return RC_OK;
}

static enum rc done(struct ctx *c, void *row, const struct json *in)
{
	struct attempt *a = row;
	struct task t;

	(void)in;
	if (a->result == RESULT_NONE)
		return FAIL(c, RC_INVALID, "required", STR("result"), "what came of it");
	TRY(entity_fetch(c, &task_entity, a->task_id, &t));
	if (a->result == RESULT_OPENED && a->two_people)
		TRY(dispatch_not_alone(c, &t));
	a->done_at = c->now;
	return tell(c, a, "door_done", "door_result", str_of(results[a->result]));
}

static enum rc withdraw(struct ctx *c, void *row, const struct json *in)
{
	struct attempt *a = row;

	(void)in;
	a->done_at = c->now;
	return tell(c, a, "door_withdrawn", "", NO_STR);
}

enum rc dispatch_door_end(struct ctx *c, const struct task *t)
{
	struct attempt a;
	bool found;

	TRY(entity_find(c, &attempt_entity, "task_id = $1 AND state IN ('asked', 'going')", ARGS(V_STR(t->std.id)), &a,
			&found));
	if (!found)
		return RC_OK;
	a.state = A_WITHDRAWN;
	TRY(withdraw(c, &a, NULL));
	return entity_save(c, &attempt_entity, &a, "withdraw");
}

/* Who to call for the resident, for the worker at the door while this rung is
 * under way: the rung is the recorded reason, the resident can read who looked. */
enum rc dispatch_contact(struct ctx *c, struct call *k)
{
	struct attempt a;
	struct str person;

	TRY(entity_load(c, &attempt_entity, k->id, &a));
	if (!str_eq(a.worker_id, c->who.id))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "for the worker at the door");
	if (a.state != A_GOING || (a.word != RUNG_FAMILY && a.word != RUNG_NEIGHBOUR))
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "no contact is called on this rung now");
	TRY(watch_alert_person(c, a.alert_id, &person));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	if (person.n) {
		struct str reason = arena_fmt(c->arena, FMT_STR " %s", ARG_STR(a.task_number), rung_words[a.word]);

		TRY(people_contacts_open(c, person, str_of(rung_words[a.word]), reason, k->out));
		TRY(tell(c, &a, "door_contact", "", NO_STR));
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- the desk ----------------------------------------------------------------------------- */

static enum rc decide(struct ctx *c, struct attempt *a)
{
	if (str_eq(a->worker_id, c->who.id))
		return FAIL(c, RC_CONFLICT, "same_person", STR("decided_by"), "nobody allows himself to open a door");
	if (a->approve == ALLOW_HEAD && !ctx_may_at(c, "dispatch.door.authorise", a->place_path))
		return FAIL(c, RC_DENIED, "denied", STR("approve"), "the head of the community allows this");
	a->decided_by = c->who.id;
	a->decided_by_name = c->who.name;
	a->decided_at = c->now;
	return RC_OK;
}

static enum rc approve(struct ctx *c, void *row, const struct json *in)
{
	struct attempt *a = row;

	(void)in;
	TRY(decide(c, a));
	TRY(tell(c, a, "door_approved", "reason", a->decision));
	return go(c, a);
}

static enum rc refuse(struct ctx *c, void *row, const struct json *in)
{
	struct attempt *a = row;

	(void)in;
	TRY(decide(c, a));
	return tell(c, a, "door_refused", "reason", a->decision);
}

static const char *const takes_decision[] = { "decision", NULL };
static const char *const takes_result[] = { "result", NULL };
static const struct step attempt_steps[] = {
	{ "approve", IN(A_ASKED), A_GOING, "dispatch.door.approve", SEE_PLACE, takes_decision, approve },
	{ "refuse", IN(A_ASKED), A_REFUSED, "dispatch.door.approve", SEE_PLACE, takes_decision, refuse },
	{ "done", IN(A_GOING), A_DONE, "dispatch.work", SEE_ASSIGNED, takes_result, done },
	{ "withdraw", IN(A_ASKED) | IN(A_GOING), A_WITHDRAWN, "dispatch.work", SEE_ASSIGNED, NULL, withdraw },
};
static const struct see attempt_see[] = { { "dispatch.read", SEE_PLACE }, { "dispatch.work", SEE_ASSIGNED }, { 0 } };

const struct entity attempt_entity = {
	.module = "dispatch",
	.name = "attempt",
	.table = "dispatch_attempt",
	.size = sizeof(struct attempt),
	.fields = attempt_fields,
	.n_fields = COUNT(attempt_fields),
	.see = attempt_see,
	.place = "place_path",
	.assigned = "worker_id",
	.state = "state",
	.steps = attempt_steps,
	.n_steps = COUNT(attempt_steps),
	.purpose = "visit",
	.basis = "duty",
	.keep_days = 730,
};
