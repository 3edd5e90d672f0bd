/* sensing_ingest.c - POST /api/sensing/events, and the same from inside. */
#include "device/cloudevents.h"
#include "domain/sensing/sensing_inner.h"
#include "sys/crypto.h"

#include <string.h>

enum { WRONG_KEYS = 20, WRONG_SPAN_S = 60 };

struct batch {
	struct device *speaker;
	struct item *items;
	size_t n;
};

/* ---- who speaks -------------------------------------------------------------------- */

/* Counts wrong keys by address.  Right keys are never slowed down: a broken
 * neighbour behind the same address must not silence a door. */
static enum rc wrong_key(struct ctx *c, struct state *st)
{
	struct str from = c->rq && c->rq->peer.p ? c->rq->peer : STR("");
	uint64_t who = cache_hash(st, from);
	struct peer *p = &st->peers[who % PEERS];

	pthread_mutex_lock(&st->peers_lock);
	if (p->who != who || c->now - p->since >= WRONG_SPAN_S * SECOND || c->now < p->since)
		*p = (struct peer){ .who = who, .since = c->now };
	bool many = ++p->wrong > WRONG_KEYS;
	int64_t wait = (p->since + WRONG_SPAN_S * SECOND - c->now + SECOND - 1) / SECOND;

	pthread_mutex_unlock(&st->peers_lock);
	if (!many)
		return FAIL(c, RC_UNKNOWN, "bad_device_key", STR("Authorization"), "no active device with this key");
	enum rc rc = FAIL(c, RC_SLOWER, "slow_down", STR("Authorization"), "too many wrong keys from this address");

	c->fail.retry_after_s = wait;
	return rc;
}

/* "Device <id>.<key>" */
enum rc ingest_speaker(struct ctx *c, struct device **ret)
{
	struct state *st = sensing_state(c);
	struct str rest = request_header(c->rq, "Authorization"), id, given = NO_STR;
	uint8_t hash[CRYPTO_HASH], want[CRYPTO_HASH] = { 0 };

	*ret = NULL;
	if (str_starts(rest, "Device ")) {
		given = (struct str){ rest.p + 7, rest.n - 7 };
		(void)str_cut(&given, '.', &id);
	}
	if (given.p == NULL || given.n > 128)
		return wrong_key(c, st);
	hash_bytes(given, hash);
	pthread_rwlock_rdlock(&st->lock);
	struct device *d = cache_by_id(st, id);
	bool usable = d && d->has_key && (d->state == S_ACTIVE || d->state == S_QUARANTINED);

	if (usable)
		memcpy(want, d->key_hash, sizeof(want));
	pthread_rwlock_unlock(&st->lock);
	bool same = crypto_same((struct str){ (const char *)hash, sizeof(hash) },
				(struct str){ (const char *)want, sizeof(want) });

	if (!usable || !same)
		return wrong_key(c, st);
	*ret = d;
	c->who = (struct actor){ .kind = WHO_DEVICE, .id = d->id };
	return RC_OK;
}

enum rc sensing_authenticate(struct ctx *c, struct device_ref *ret)
{
	struct device *d;

	TRY(cache_refresh(c));
	TRY(ingest_speaker(c, &d));
	if (d->state != S_ACTIVE)
		return FAIL(c, RC_DENIED, "quarantined", NO_STR, "nobody has approved this device yet");
	return sensing_device_get(c, d->id, ret);
}

/* ---- reading ------------------------------------------------------------------------- */

static struct str header_of(void *arg, const char *name)
{
	return request_header(arg, name);
}

static bool is_media(struct str type, const char *want)
{
	struct str rest = type, first;

	if (!str_cut(&rest, ';', &first))
		return false;
	first = str_trim(first);
	return first.n == strlen(want) && strncasecmp(first.p, want, first.n) == 0;
}

static enum rc refuse_body(struct ctx *c, enum rc rc, const struct cloud_error *err)
{
	return FAIL(c, rc, err->code ? err->code : "not_json", str_of(err->field ? err->field : ""), "%s near byte %zu",
		    err->reason ? err->reason : err->code, err->at);
}

static void take(struct batch *b, const struct cloud_event *ev, const struct cloud_error *err)
{
	struct item *it = &b->items[b->n++];

	*it = (struct item){ .id = ev->id,
			     .source = ev->source,
			     .type = ev->type,
			     .data = ev->data_raw,
			     .at = ev->at,
			     .code = err->code,
			     .field = err->field };
	if (it->code == NULL && check_forbidden(ev->data)) {
		it->code = "forbidden_field";
		it->field = "data";
	}
	if (it->code)
		it->word = SENSING_REFUSED;
}

static enum rc read_binary(struct ctx *c, struct batch *b)
{
	struct cloud_event ev = { 0 };
	struct cloud_error err = { 0 };

	b->items = NEW(c->arena, struct item);
	if (cloud_read_binary(c->arena, header_of, (void *)(uintptr_t)c->rq, c->rq->body, &ev, &err) != RC_OK &&
	    err.code == NULL)
		err.code = "not_json";
	take(b, &ev, &err);
	return RC_OK;
}

static enum rc read_events(struct ctx *c, struct batch *b)
{
	struct str type = request_header(c->rq, "Content-Type");
	bool lines = is_media(type, "application/x-ndjson");
	struct cloud_reader r;
	struct cloud_event ev;
	struct cloud_error err = { 0 };

	if (c->rq->body.n > SENSING_MAX_BODY)
		return FAIL(c, RC_LIMIT, "too_large", NO_STR, "at most %d bytes", SENSING_MAX_BODY);
	if (!lines && !is_media(type, "application/cloudevents+json") &&
	    !is_media(type, "application/cloudevents-batch+json")) {
		if (request_header(c->rq, "ce-specversion").p || request_header(c->rq, "ce-id").p)
			return read_binary(c, b);
		return FAIL(c, RC_INVALID, "content_type", STR("Content-Type"),
			    "CloudEvents in JSON or NDJSON are expected");
	}
	enum rc rc = lines ? cloud_open_lines(c->arena, c->rq->body, &r, &err)
			   : cloud_open_json(c->arena, c->rq->body, &r, &err);

	if (rc != RC_OK)
		return refuse_body(c, rc, &err);
	if (r.n > SENSING_MAX_EVENTS)
		return FAIL(c, RC_LIMIT, "too_many", NO_STR, "at most %d events", SENSING_MAX_EVENTS);
	b->items = NEW_N(c->arena, struct item, r.n + 1);
	while (b->n < r.n && cloud_next(&r, &ev, &err))
		take(b, &ev, &err);
	return RC_OK;
}

enum rc ingest_prepare(struct ctx *c, struct call *k)
{
	struct state *st = sensing_state(c);
	struct batch *b = NEW(c->arena, struct batch);

	TRY(cache_refresh(c));
	TRY(ingest_speaker(c, &b->speaker));
	TRY(read_events(c, b));
	pthread_rwlock_rdlock(&st->lock);
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].code == NULL)
			check_item(st, b->speaker, &b->items[i], i ? &b->items[i - 1] : NULL);
	pthread_rwlock_unlock(&st->lock);
	k->prepared = b;
	return RC_OK;
}

/* ---- the answer --------------------------------------------------------------------------- */

static const char *const words[] = { "accepted", "duplicate", "refused" };

static void reply(struct ctx *c, struct call *k, const struct batch *b)
{
	struct state *st = sensing_state(c);
	int64_t count[3] = { 0 };
	bool all = str_is(request_query(c, "results"), "all");

	for (size_t i = 0; i < b->n; i++)
		count[b->items[i].word]++;
	json_open(k->out, '{');
	for (size_t w = 0; w < COUNT(words); w++)
		json_put_int(k->out, words[w], count[w]);
	json_key(k->out, "results");
	json_open(k->out, '[');
	for (size_t i = 0; i < b->n && (all || count[SENSING_ACCEPTED] < (int64_t)b->n); i++) {
		const struct item *it = &b->items[i];

		if (it->word == SENSING_ACCEPTED && !all)
			continue;
		json_open(k->out, '{');
		json_put_int(k->out, "i", (int64_t)i);
		json_put_text(k->out, "verdict", str_of(words[it->word]));
		if (it->code) {
			json_put_text(k->out, "code", str_of(it->code));
			json_put_text(k->out, "field", str_of(it->field ? it->field : ""));
		}
		json_close(k->out, '}');
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	k->rs->status = count[SENSING_REFUSED] ? 207 : 200;
	atomic_fetch_add(&st->accepted, count[SENSING_ACCEPTED]);
	atomic_fetch_add(&st->duplicate, count[SENSING_DUPLICATE]);
	atomic_fetch_add(&st->refused, count[SENSING_REFUSED]);
}

/* A device may have been retired since its events were read. */
static void check_again(struct state *st, struct item *items, size_t n)
{
	pthread_rwlock_rdlock(&st->lock);
	for (size_t i = 0; i < n; i++) {
		if (items[i].code == NULL && items[i].device->state != S_ACTIVE) {
			items[i].word = SENSING_REFUSED;
			items[i].code = "device_retired";
			items[i].field = "source";
		}
	}
	pthread_rwlock_unlock(&st->lock);
}

enum rc ingest_run(struct ctx *c, struct call *k)
{
	struct batch *b = k->prepared;

	check_again(sensing_state(c), b->items, b->n);
	TRY(log_append(c, b->items, b->n));
	TRY(check_unknown(c, b->speaker, b->items, b->n));
	reply(c, k, b);
	return RC_OK;
}

/* ---- from inside ------------------------------------------------------------------------------ */

static const char *check_words(const struct sensing_input *in, const char **field)
{
	const struct {
		struct str value;
		const char *name;
	} w[] = { { in->id, "id" }, { in->source, "source" } };

	for (size_t i = 0; i < COUNT(w); i++) {
		*field = w[i].name;
		if (w[i].value.n == 0 || w[i].value.n > CLOUD_MAX_WORD)
			return "length";
		for (size_t k = 0; k < w[i].value.n; k++)
			if ((unsigned char)w[i].value.p[k] < ' ' || w[i].value.p[k] == 127)
				return "control_character";
		if (!str_utf8(w[i].value))
			return "not_json";
	}
	*field = "data";
	return in->data.n > CLOUD_MAX_DATA ? "data_too_large" : NULL;
}

enum rc sensing_append(struct ctx *c, const struct sensing_input *events, size_t n, struct sensing_verdict *verdicts)
{
	struct state *st = sensing_state(c);
	struct item *items = NEW_N(c->arena, struct item, n + 1);
	struct device *speaker = NULL;

	if (n > SENSING_MAX_EVENTS)
		return FAIL(c, RC_LIMIT, "too_many", NO_STR, "at most %d events", SENSING_MAX_EVENTS);
	TRY(cache_refresh(c));
	pthread_rwlock_rdlock(&st->lock);
	for (size_t i = 0; i < n; i++) {
		struct item *it = &items[i];

		*it = (struct item){ .id = events[i].id,
				     .source = events[i].source,
				     .type = events[i].type,
				     .data = events[i].data,
				     .at = events[i].at };
		it->code = check_words(&events[i], &it->field);
		it->word = it->code ? SENSING_REFUSED : SENSING_ACCEPTED;
		struct device *d = events[i].gateway_id.n ? cache_by_id(st, events[i].gateway_id) : NULL;

		speaker = d ? d : speaker;
		if (it->code == NULL)
			check_item(st, d, it, NULL);
	}
	pthread_rwlock_unlock(&st->lock);
	TRY(log_append(c, items, n));
	TRY(check_unknown(c, speaker, items, n));
	for (size_t i = 0; i < n; i++)
		verdicts[i] = (struct sensing_verdict){ items[i].word, items[i].code,
							items[i].code ? items[i].field : NULL, items[i].seq };
	return RC_OK;
}
