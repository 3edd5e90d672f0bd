/* dispatch_calendar.c - the rota in calendar programs: a person's own secret
 * address, without a cookie, that can be renewed and ended. */
#include "domain/dispatch/dispatch_inner.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "sys/crypto.h"
#include "sys/ical.h"

#include <pthread.h>
#include <string.h>

enum { CALENDARS_MOST = 10, SHIFTS_MOST = 2000, FEED_BYTES = 4 << 20, RATE_SLOTS = 1024, RATE_MINUTE = 60 };
#define FEED_BACK  (30 * DAY)
#define FEED_AHEAD (180 * DAY)

enum calendar_scope { CALENDAR_OWN, CALENDAR_PLACE };
enum calendar_state { CALENDAR_LIVE, CALENDAR_ENDED };
static const char *const scopes[] = { "own", "place", NULL }, *const states[] = { "live", "ended", NULL };
static const char *const languages[] = { "zh-CN", "en", NULL };

/* As the console says them; what is imported is known by the same words. */
const char *const dispatch_kind_words[2][4] = { { "值守席", "副班", "网格", "休息" },
						{ "Seat", "Deputy", "Field", "Rest" } };

struct calendar {
	struct std std;
	struct str person_id, place_id, place_path, secret_hash;
	unsigned scope, language, state;
	int64_t renewed_at;
};

static const struct field calendar_fields[] = {
	F_STD(struct calendar),
	F_REF(struct calendar, person_id, "people.person", DERIVED | FILTER | P1),
	F_ENUM(struct calendar, scope, scopes, REQUIRED | FIXED | P1),
	F_REF(struct calendar, place_id, "places.place", FIXED | P1),
	F_PATH(struct calendar, place_path, DERIVED | P1),
	F_ENUM(struct calendar, language, languages, FIXED | P1),
	F_ENUM(struct calendar, state, states, DERIVED | FILTER | P1),
	F_TIME(struct calendar, renewed_at, DERIVED | P1),
	F_TEXT(struct calendar, secret_hash, 0, 64, DERIVED | SECRET | P1),
};

/* ---- making, renewing, ending ------------------------------------------------------- */

/* What the maker may see now; asked again at every fetch. */
static enum rc may_have(struct ctx *c, const struct calendar *k)
{
	bool own = ctx_may(c, "dispatch.work") || ctx_may(c, "dispatch.read");

	if (k->scope == CALENDAR_OWN)
		return own ? RC_OK : FAIL(c, RC_DENIED, "denied", STR("scope"), "only who is on duty has shifts");
	return ctx_may_at(c, "dispatch.read", k->place_path)
		       ? RC_OK
		       : FAIL(c, RC_INVALID, "unknown_place", STR("place_id"), "no such place");
}

static enum rc fill(struct ctx *c, void *row, const struct json *in)
{
	struct calendar *k = row;
	struct place_ref place;
	int64_t live;

	(void)in;
	if (c->who.kind != WHO_PERSON)
		return FAIL(c, RC_DENIED, "denied", NO_STR, "a calendar belongs to a person");
	if (k->scope == CALENDAR_OWN && k->place_id.n)
		return FAIL(c, RC_INVALID, "not_wanted", STR("place_id"), "the own shifts are of all places");
	if (k->scope == CALENDAR_PLACE) {
		TRY(places_get(c, k->place_id, "place_id", &place));
		k->place_path = place.path;
	}
	TRY(may_have(c, k));
	TRY(db_int(c, "SELECT count(*) FROM dispatch_calendar WHERE person_id = $1 AND state = 'live'",
		   ARGS(V_STR(c->who.id)), 0, &live));
	if (live >= CALENDARS_MOST)
		return FAIL(c, RC_CONFLICT, "too_many", NO_STR, "at most %d calendars; end one first", CALENDARS_MOST);
	k->person_id = c->who.id;
	return RC_OK;
}

static struct str hash_of(struct ctx *c, struct str secret)
{
	uint8_t h[CRYPTO_HASH];

	hash_bytes(secret, h);
	return hex_encode(c->arena, (struct str){ (const char *)h, sizeof(h) });
}

static enum rc end(struct ctx *c, void *row, const struct json *in)
{
	(void)c;
	(void)in;
	((struct calendar *)row)->secret_hash = NO_STR;
	return RC_OK;
}

/* The address is told once; the former one is dead at the same moment. */
enum rc dispatch_calendar_renew(struct ctx *c, struct call *k)
{
	struct calendar row;
	char token[CRYPTO_TOKEN];

	TRY(entity_load(c, &calendar_entity, k->id, &row));
	if (row.state != CALENDAR_LIVE)
		return FAIL(c, RC_CONFLICT, "wrong_state", STR("state"), "this calendar was ended");
	TRY(may_have(c, &row));
	struct str secret = crypto_token(token);

	row.secret_hash = hash_of(c, secret);
	row.renewed_at = c->now;
	TRY(entity_save(c, &calendar_entity, &row, "renew"));
	json_open(k->out, '{');
	json_put_text(k->out, "id", row.std.id);
	json_put_int(k->out, "version", row.std.version);
	json_put_text(k->out, "address", arena_fmt(c->arena, "/api/dispatch/rota.ics?key=" FMT_STR, ARG_STR(secret)));
	json_close(k->out, '}');
	crypto_wipe(token, sizeof(token));
	return RC_OK;
}

static const struct see calendar_see[] = { { "person", SEE_OWN }, { 0 } };
static const struct step calendar_steps[] = {
	{ "end", IN(CALENDAR_LIVE), CALENDAR_ENDED, "person", SEE_OWN, NULL, end },
};

const struct entity calendar_entity = {
	.module = "dispatch",
	.name = "calendar",
	.table = "dispatch_calendar",
	.size = sizeof(struct calendar),
	.fields = calendar_fields,
	.n_fields = COUNT(calendar_fields),
	.see = calendar_see,
	.perm = { .create = "person" },
	.owner = "person_id",
	.person = "person_id",
	.state = "state",
	.steps = calendar_steps,
	.n_steps = COUNT(calendar_steps),
	.on_create = fill,
	.purpose = "duty_rota",
	.basis = "duty",
	.keep_days = 730,
};

/* ---- how often ------------------------------------------------------------------------ */

/* Fetches of the last minute by address: nobody guesses 256 bits, but a broken
 * program may ask without end. */
struct dispatch_state {
	pthread_mutex_t lock;
	uint8_t key[CRYPTO_HASH]; /* so that nobody aims at a neighbour's slot */
	struct {
		uint64_t who;
		int64_t since;
		unsigned n;
	} slot[RATE_SLOTS];
};
_Static_assert(sizeof(struct dispatch_state) <= DISPATCH_STATE, "the module's memory is too small");

void dispatch_state_start(struct ctx *c)
{
	struct dispatch_state *s = ctx_state(c, "dispatch");

	pthread_mutex_init(&s->lock, NULL);
	crypto_random(s->key, sizeof(s->key));
}

void dispatch_state_stop(void *state)
{
	pthread_mutex_destroy(&((struct dispatch_state *)state)->lock);
}

static enum rc admit(struct ctx *c, struct str peer)
{
	struct dispatch_state *s = ctx_state(c, "dispatch");
	uint8_t h[CRYPTO_HASH];
	uint64_t who;
	int64_t wait = 0;

	TRY(hash_keyed((struct str){ (const char *)s->key, sizeof(s->key) }, peer.n ? peer : STR("-"), h));
	memcpy(&who, h, sizeof(who));
	pthread_mutex_lock(&s->lock);
	size_t i = who % RATE_SLOTS;

	if (s->slot[i].who != who || c->now - s->slot[i].since >= MINUTE || c->now < s->slot[i].since) {
		s->slot[i].who = who;
		s->slot[i].since = c->now;
		s->slot[i].n = 0;
	}
	if (s->slot[i].n >= RATE_MINUTE)
		wait = s->slot[i].since + MINUTE - c->now;
	else
		s->slot[i].n++;
	pthread_mutex_unlock(&s->lock);
	if (wait == 0)
		return RC_OK;
	enum rc rc =
		FAIL(c, RC_SLOWER, "slow_down", NO_STR, "a calendar is asked at most %d times a minute", RATE_MINUTE);

	c->fail.retry_after_s = (wait + SECOND - 1) / SECOND;
	return rc;
}

/* ---- the feed --------------------------------------------------------------------------- */

struct feed {
	const struct calendar *k;
	struct buf out;
	struct place_ref place; /* of the shift before: mostly the next one's, too */
	size_t n;
};

/* DTSTAMP without METHOD is the time of the last change (RFC 5545, 3.8.7.2): the
 * same rota is the same text. */
static enum rc put_shift(struct ctx *c, void *row, void *arg)
{
	struct feed *f = arg;
	const struct shift *s = row;
	const char *word = dispatch_kind_words[f->k->language][s->kind];
	struct buf *out = &f->out;

	if (!str_eq(f->place.id, s->place_id))
		TRY(places_get(c, s->place_id, "place_id", &f->place));
	buf_add(out, STR("BEGIN:VEVENT\r\n"));
	ical_put(out, "UID", arena_fmt(c->arena, FMT_STR "@shift.jiuan", ARG_STR(s->std.id)));
	ical_put_utc(out, "DTSTAMP", s->std.updated_at);
	ical_put_utc(out, "CREATED", s->std.created_at);
	ical_put_utc(out, "LAST-MODIFIED", s->std.updated_at);
	ical_put(out, "SEQUENCE", arena_fmt(c->arena, "%lld", (long long)s->std.version - 1));
	ical_put_local(out, "DTSTART", s->from_at);
	ical_put_local(out, "DTEND", s->to_at);
	ical_put_text(out, "SUMMARY",
		      f->k->scope == CALENDAR_OWN ? arena_fmt(c->arena, "%s " FMT_STR, word, ARG_STR(f->place.label))
						  : arena_fmt(c->arena, "%s " FMT_STR, word, ARG_STR(s->person_name)));
	ical_put_text(out, "LOCATION", f->place.label);
	ical_put_text(out, "CATEGORIES", str_of(word));
	if (s->note.n)
		ical_put_text(out, "DESCRIPTION", s->note);
	ical_put(out, "STATUS", STR("CONFIRMED"));
	ical_put(out, "TRANSP", s->kind == SHIFT_REST ? STR("TRANSPARENT") : STR("OPAQUE"));
	buf_add(out, STR("END:VEVENT\r\n"));
	return ++f->n <= SHIFTS_MOST ? arena_check(c->arena) : RC_LIMIT;
}

static enum rc put_shifts(struct ctx *c, struct feed *f)
{
	const struct calendar *k = f->k;
	struct val from = V_INT(c->now - FEED_BACK), to = V_INT(c->now + FEED_AHEAD);

	if (k->scope == CALENDAR_OWN)
		return entity_each(c, &shift_entity,
				   "person_id = $1 AND to_at > $2 AND from_at < $3 ORDER BY from_at, id LIMIT 2000",
				   ARGS(V_STR(k->person_id), from, to), put_shift, f);
	return entity_each(c, &shift_entity,
			   "place_path >= $1 AND place_path < $2 AND to_at > $3 AND from_at < $4"
			   " ORDER BY from_at, id LIMIT 2000",
			   ARGS(V_STR(k->place_path),
				V_STR(arena_fmt(c->arena, FMT_STR "\x7f", ARG_STR(k->place_path))), from, to),
			   put_shift, f);
}

static enum rc put_calendar(struct ctx *c, struct feed *f)
{
	static const char *const names[2][2] = { { "我的班次", "值班表" }, { "My shifts", "Duty rota" } };
	const struct calendar *k = f->k;
	struct str name = str_of(names[k->language][k->scope]);

	if (k->scope == CALENDAR_PLACE) {
		TRY(places_get(c, k->place_id, "place_id", &f->place));
		name = arena_fmt(c->arena, FMT_STR " " FMT_STR, ARG_STR(f->place.label), ARG_STR(name));
	}
	buf_add(&f->out, STR("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Jiuan//Duty rota//ZH\r\n"
			     "CALSCALE:GREGORIAN\r\n"));
	ical_put_text(&f->out, "NAME", name); /* RFC 7986; the next line is what programs read before it */
	ical_put_text(&f->out, "X-WR-CALNAME", name);
	buf_add(&f->out, STR("REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\nX-PUBLISHED-TTL:PT1H\r\n"));
	ical_put_zone(&f->out);
	TRY(put_shifts(c, f));
	buf_add(&f->out, STR("END:VCALENDAR\r\n"));
	return f->out.overflow ? FAIL(c, RC_LIMIT, "too_much", NO_STR, "the rota is too large") : RC_OK;
}

/* An address that is unknown, ended, or of somebody who may not see it any
 * more: one answer. */
static enum rc find(struct ctx *c, struct str secret, struct calendar *k)
{
	bool found = false, may = false;
	struct actor who;

	if (secret.n == CRYPTO_TOKEN - 1)
		TRY(entity_find(c, &calendar_entity, "secret_hash = $1 AND state = 'live'",
				ARGS(V_STR(hash_of(c, secret))), k, &found));
	if (found) {
		TRY(people_actor_now(c, k->person_id, &who));
		c->who = who;
		may = k->scope == CALENDAR_PLACE ? ctx_may_at(c, "dispatch.read", k->place_path)
						 : ctx_may(c, "dispatch.work") || ctx_may(c, "dispatch.read");
	}
	return may ? RC_OK : FAIL(c, RC_MISSING, "not_found", STR("key"), "no such calendar");
}

enum rc dispatch_calendar_feed(struct ctx *c, struct call *call)
{
	struct calendar k;
	struct feed f = { .k = &k, .out = buf_new(c->arena, FEED_BYTES) };

	TRY(admit(c, call->rq->peer));
	TRY(find(c, request_query(c, "key"), &k));
	TRY(put_calendar(c, &f));
	struct str etag = arena_fmt(c->arena, "\"%.32s\"", hash_of(c, buf_str(&f.out)).p);

	response_header(call->rs, "ETag", etag);
	response_header(call->rs, "Cache-Control", STR("private, no-cache"));
	if (str_eq(request_header(call->rq, "If-None-Match"), etag)) {
		call->rs->status = 304;
		return RC_OK;
	}
	call->rs->type = "text/calendar; charset=utf-8";
	response_header(call->rs, "Content-Disposition", STR("inline; filename=\"rota.ics\""));
	buf_add(call->out, buf_str(&f.out));
	return RC_OK;
}
