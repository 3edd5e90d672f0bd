/* frigate_link.c - MQTT and HTTP of one Frigate into the event log. */
#include "app/frigate_link.h"

#include "device/frigate.h"
#include "sys/client.h"
#include "sys/log.h"
#include "sys/thread.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1000, PAGE = 1000, PAGES = 200, FIRST_RETRY_S = 2, LAST_RETRY_S = 300, ARENA = 64 << 20 };
static const int64_t OVERLAP = 10 * MINUTE; /* lists go by start, events may have begun long before they end */

struct frigate_link {
	struct frigate_link_config c;
	struct arena *keep;
	struct frigate codec;
	struct mqtt *mqtt;
	struct http_client *http;
	struct frigate_fetch *fetch;
	pthread_t filler;
	bool filling;         /* the thread runs */
	pthread_mutex_t lock; /* for those below; append is called under it */
	pthread_cond_t wake;
	bool stopping, wanted;
	bool up;         /* what the log was last told about the broker */
	bool told;       /* it was told at all */
	int64_t last_at; /* newest own time in the log */
	_Atomic uint64_t messages, events, stale, broken, backfills, backfilled, backfill_failed;
};

/* ---- into the log ------------------------------------------------------------------- */

static struct sensing_input input_of(const struct frigate_link *l, const struct device_event *e)
{
	return (struct sensing_input){ .gateway_id = l->c.gateway_id,
				       .source = e->source,
				       .id = e->id,
				       .type = e->type,
				       .at = e->at,
				       .data = e->data };
}

/* Returns after COMMIT. */
static enum rc hand_over(struct frigate_link *l, struct arena *a, const struct device_event *events, size_t n)
{
	enum rc rc = RC_OK;

	pthread_mutex_lock(&l->lock);
	for (size_t i = 0; i < n && rc == RC_OK; i += CHUNK) {
		size_t k = n - i < CHUNK ? n - i : CHUNK;
		struct sensing_input *in = NEW_N(a, struct sensing_input, k);

		for (size_t j = 0; j < k; j++)
			in[j] = input_of(l, &events[i + j]);
		rc = l->c.append(l->c.arg, in, k);
		if (rc != RC_OK)
			break;
		for (size_t j = 0; j < k; j++)
			if (in[j].at > l->last_at)
				l->last_at = in[j].at;
		atomic_fetch_add(&l->events, k);
	}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

static bool is_state(const struct device_event *e)
{
	return str_is(e->type, EVENT_DEVICE_ONLINE) || str_is(e->type, EVENT_DEVICE_OFFLINE) ||
	       str_is(e->type, EVENT_DEVICE_HEALTH);
}

/* Retained messages come again with each connection.  States have no time of
 * their own and are welcome; the others must be newer than the log. */
static size_t drop_stale(struct frigate_link *l, struct device_events *ev)
{
	size_t kept = 0;

	pthread_mutex_lock(&l->lock);
	int64_t last = l->last_at;

	pthread_mutex_unlock(&l->lock);
	for (size_t i = 0; i < ev->n; i++)
		if (is_state(&ev->items[i]) || ev->items[i].at > last)
			ev->items[kept++] = ev->items[i];
	return kept;
}

static enum rc on_message(void *arg, struct str topic, struct str payload, int qos, bool retained)
{
	struct frigate_link *l = arg;
	struct arena *a = arena_new(ARENA);
	struct device_events ev = { 0 };
	struct device_error err = { 0 };

	(void)qos;
	enum rc rc = frigate_read(&l->codec, a, topic, payload, clock_now(l->c.clock), &ev, &err);

	if (rc != RC_OK) { /* would be as broken the next time */
		atomic_fetch_add(&l->broken, 1);
		LOG(l->c.log, LEVEL_WARN, "frigate", "broken_message", LOG_TEXT("code", str_of(err.code)),
		    LOG_TEXT("field", str_of(err.field)));
		rc = RC_OK;
	} else if (ev.n) {
		size_t n = retained ? drop_stale(l, &ev) : ev.n;

		atomic_fetch_add(&l->messages, 1);
		atomic_fetch_add(&l->stale, ev.n - n);
		rc = n ? hand_over(l, a, ev.items, n) : RC_OK;
	}
	arena_free(a);
	return rc;
}

/* The broker's own coming and going, as a word of the gateway. */
static void tell(struct frigate_link *l, bool up, const char *reason)
{
	struct arena *a = arena_new(1 << 16);
	int64_t now = clock_now(l->c.clock);
	struct device_event e = { .source = str_of(l->c.prefix),
				  .at = now,
				  .type = up ? STR(EVENT_DEVICE_ONLINE) : STR(EVENT_DEVICE_OFFLINE) };

	e.id = arena_fmt(a, "link/%s/%lld", up ? "up" : "down", (long long)now);
	e.data = arena_fmt(a, "{\"reason\":\"%s\"}", reason);
	if (hand_over(l, a, &e, 1) != RC_OK)
		log_plain(l->c.log, LEVEL_WARN, "frigate", "not_recorded");
	arena_free(a);
}

static void set_up(struct frigate_link *l, bool up, const char *reason)
{
	pthread_mutex_lock(&l->lock);
	bool news = !l->told || l->up != up;

	l->told = true;
	l->up = up;
	if (up) {
		l->wanted = true;
		pthread_cond_signal(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
	if (news)
		tell(l, up, reason);
}

static void on_connected(void *arg, bool session_present)
{
	struct frigate_link *l = arg;

	LOG(l->c.log, LEVEL_INFO, "frigate", "connected", LOG_INT("session", session_present));
	set_up(l, true, "broker_connected");
}

static void on_lost(void *arg, const char *reason)
{
	struct frigate_link *l = arg;

	LOG(l->c.log, LEVEL_WARN, "frigate", "lost", LOG_TEXT("reason", str_of(reason)));
	set_up(l, false, "broker_lost");
}

/* ---- backfill ---------------------------------------------------------------------------- */

typedef enum rc list_reader(const struct frigate *f, struct arena *a, struct str body, struct device_events *ret,
			    size_t *skipped, struct device_error *err);

static enum rc get(struct frigate_link *l, struct arena *a, const char *list, int64_t after, int64_t before,
		   struct str *body)
{
	struct str url = arena_fmt(a, "%s/api/%s?limit=%d&after=%lld.%06lld", l->c.http_url, list, PAGE,
				   (long long)(after / SECOND), (long long)(after % SECOND));
	struct http_client_request q = { .timeout = 30 * SECOND, .max_body = 16 << 20, .allow_private = true };
	struct http_client_answer answer;

	if (before)
		url = arena_fmt(a, FMT_STR "&before=%lld.%06lld", ARG_STR(url), (long long)(before / SECOND),
				(long long)(before % SECOND));
	q.url = url.p;
	TRY(http_client_send(l->http, &q, a, &answer));
	if (answer.status != 200)
		return RC_BUSY;
	*body = answer.body.p ? answer.body : STR("[]");
	return RC_OK;
}

/* Newest first, page by page, until a page brings nothing older. */
static enum rc fill_list(struct frigate_link *l, const char *list, list_reader *read, int64_t after)
{
	int64_t before = 0;

	for (int page = 0; page < PAGES; page++) {
		struct arena *a = arena_new(ARENA);
		struct device_events ev = { 0 };
		struct device_error err = { 0 };
		size_t skipped = 0;
		struct str body;
		enum rc rc = get(l, a, list, after, before, &body);
		int64_t oldest = INT64_MAX;

		if (rc == RC_OK)
			rc = read(&l->codec, a, body, &ev, &skipped, &err);
		for (size_t i = 0; rc == RC_OK && i < ev.n; i++)
			oldest = ev.items[i].at < oldest ? ev.items[i].at : oldest;
		if (rc == RC_OK && ev.n)
			rc = hand_over(l, a, ev.items, ev.n);
		if (rc == RC_OK)
			atomic_fetch_add(&l->backfilled, ev.n);
		if (skipped)
			LOG(l->c.log, LEVEL_WARN, "frigate", "skipped_items", LOG_INT("n", skipped),
			    LOG_TEXT("code", str_of(err.code)));
		size_t seen = ev.n + skipped;

		arena_free(a);
		TRY(rc);
		if (seen < PAGE || (before && oldest >= before))
			return RC_OK;
		before = oldest;
	}
	return RC_OK;
}

static enum rc fill(struct frigate_link *l)
{
	int64_t last = 0, now = clock_now(l->c.clock);

	TRY(l->c.last_at(l->c.arg, str_of(l->c.prefix), &last));
	int64_t after = last == 0 ? now - DAY : last - OVERLAP; /* nothing yet: the last day will do */

	if (after < now - 7 * DAY)
		after = now - 7 * DAY;
	atomic_fetch_add(&l->backfills, 1);
	TRY(fill_list(l, "review", frigate_read_reviews, after));
	return fill_list(l, "events", frigate_read_events, after);
}

static void wait_for(struct frigate_link *l, int64_t span)
{
	int64_t until = clock_monotonic() + span;
	struct timespec t = { .tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000 };

	while (!l->stopping && pthread_cond_timedwait(&l->wake, &l->lock, &t) == 0)
		;
}

static void *run_filler(void *arg)
{
	struct frigate_link *l = arg;
	int64_t retry = FIRST_RETRY_S;

	pthread_mutex_lock(&l->lock);
	while (!l->stopping) {
		if (!l->wanted) {
			pthread_cond_wait(&l->wake, &l->lock);
			continue;
		}
		l->wanted = false;
		pthread_mutex_unlock(&l->lock);
		enum rc rc = fill(l);

		pthread_mutex_lock(&l->lock);
		if (rc == RC_OK) {
			retry = FIRST_RETRY_S;
			continue;
		}
		atomic_fetch_add(&l->backfill_failed, 1);
		LOG(l->c.log, LEVEL_WARN, "frigate", "backfill_failed", LOG_INT("rc", rc), LOG_INT("retry_s", retry));
		l->wanted = true;
		wait_for(l, retry * SECOND);
		retry = retry * 2 < LAST_RETRY_S ? retry * 2 : LAST_RETRY_S;
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* ---- open and close ------------------------------------------------------------------------ */

static const char *keep(struct frigate_link *l, const char *s)
{
	return s ? arena_dup(l->keep, str_of(s)).p : NULL;
}

static void keep_all(struct frigate_link *l, const struct frigate_link_config *c)
{
	struct str *models = NEW_N(l->keep, struct str, c->models_n + 1);

	l->c = *c;
	l->c.host = keep(l, c->host);
	l->c.user = keep(l, c->user);
	l->c.password = keep(l, c->password);
	l->c.ca_file = keep(l, c->ca_file);
	l->c.prefix = keep(l, c->prefix ? c->prefix : "frigate");
	l->c.http_url = keep(l, c->http_url);
	l->c.client_id = c->client_id ? keep(l, c->client_id) : arena_fmt(l->keep, "jiuan-%s", l->c.prefix).p;
	l->c.gateway_id = arena_dup(l->keep, c->gateway_id);
	for (size_t i = 0; i < c->models_n; i++)
		models[i] = arena_dup(l->keep, c->models[i]);
	l->c.models = models;
	l->codec = (struct frigate){ .prefix = str_of(l->c.prefix), .models = models, .models_n = c->models_n };
}

static enum rc start(struct frigate_link *l)
{
	struct mqtt_subscription all = { arena_fmt(l->keep, "%s/#", l->c.prefix).p, 1 };
	struct mqtt_config m = { .host = l->c.host,
				 .port = l->c.port,
				 .client_id = l->c.client_id,
				 .user = l->c.user,
				 .password = l->c.password,
				 .ca_file = l->c.ca_file,
				 .max_backoff_s = l->c.max_backoff_s,
				 .subscriptions = &all,
				 .subscriptions_n = 1,
				 .message = on_message,
				 .connected = on_connected,
				 .lost = on_lost,
				 .arg = l };

	TRY(l->c.last_at(l->c.arg, str_of(l->c.prefix), &l->last_at));
	if (l->c.http_url) {
		l->http = http_client_new();
		TRY(thread_start(&l->filler, "frigate-fill", run_filler, l));
		l->filling = true;
	}
	if (l->c.http_url && l->c.wants)
		TRY(frigate_fetch_open(&l->c, SECOND, &l->fetch));
	return mqtt_open(&m, &l->mqtt);
}

enum rc frigate_link_open(const struct frigate_link_config *c, struct frigate_link **ret)
{
	struct frigate_link *l = mem_new(sizeof(*l));
	pthread_condattr_t attr;

	l->keep = arena_new(1 << 20);
	keep_all(l, c);
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->wake, &attr);
	pthread_condattr_destroy(&attr);
	enum rc rc = start(l);

	if (rc != RC_OK) {
		frigate_link_close(l);
		return rc;
	}
	*ret = l;
	return RC_OK;
}

void frigate_link_close(struct frigate_link *l)
{
	if (l == NULL)
		return;
	mqtt_close(l->mqtt);
	frigate_fetch_close(l->fetch);
	pthread_mutex_lock(&l->lock);
	l->stopping = true;
	pthread_cond_broadcast(&l->wake);
	pthread_mutex_unlock(&l->lock);
	if (l->filling)
		thread_join(l->filler);
	http_client_free(l->http);
	pthread_cond_destroy(&l->wake);
	pthread_mutex_destroy(&l->lock);
	arena_free(l->keep);
	free(l);
}

struct frigate_link_counts frigate_link_counts(const struct frigate_link *l)
{
	return (struct frigate_link_counts){ .messages = l->messages,
					     .events = l->events,
					     .stale = l->stale,
					     .broken = l->broken,
					     .backfills = l->backfills,
					     .backfilled = l->backfilled,
					     .backfill_failed = l->backfill_failed };
}
