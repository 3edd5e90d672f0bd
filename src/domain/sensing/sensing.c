/* sensing.c - the module's tables. */
#include "domain/sensing/sensing_inner.h"
#include "sys/crypto.h"

#include "sensing_schema.h" /* generated: sensing_schema[] */

enum { MEMORY = 1 << 30 };

static enum rc start(struct ctx *c)
{
	struct state *st = sensing_state(c);

	pthread_rwlock_init(&st->lock, NULL);
	pthread_mutex_init(&st->reload, NULL);
	pthread_mutex_init(&st->peers_lock, NULL);
	st->a = arena_new(MEMORY);
	crypto_random(st->key, sizeof(st->key));
	st->started_at = c->now;
	TRY(log_start(c));
	return own_gap(c);
}

static void stop(void *state)
{
	struct state *st = state;

	if (st->a == NULL)
		return;
	window_done(&st->window);
	arena_free(st->a);
	pthread_rwlock_destroy(&st->lock);
	pthread_mutex_destroy(&st->reload);
	pthread_mutex_destroy(&st->peers_lock);
}

static void metrics(struct ctx *c, struct buf *out)
{
	struct state *st = sensing_state(c);

	buf_fmt(out,
		"# TYPE jiuan_sensing_events counter\n"
		"jiuan_sensing_events_total{verdict=\"accepted\"} %lld\n"
		"jiuan_sensing_events_total{verdict=\"duplicate\"} %lld\n"
		"jiuan_sensing_events_total{verdict=\"refused\"} %lld\n",
		atomic_load(&st->accepted), atomic_load(&st->duplicate), atomic_load(&st->refused));
}

static const char *const needs[] = { "files", "places", NULL };
static const struct entity *const entities[] = { &sensing_device, &sensing_channel, &sensing_gap_entity,
						 &sensing_drawing, NULL };
static const struct route routes[] = {
	{ "POST", "/api/sensing/events", "public", ROUTE_QUICK, ingest_run,
	  ingest_prepare }, /* the device's key is asked in prepare */
	{ "POST", "/api/sensing/evidence", "public", 0, evidence_run, evidence_prepare }, /* likewise */
	{ "POST", "/api/sensing/device/{id}/key", "sensing.manage", ROUTE_SECRET, device_key, NULL },
	{ "GET", "/api/sensing/lens", "public", 0, lens_get, NULL }, /* by the device's key */
	{ "GET", "/api/sensing/health", "sensing.read", 0, health_get, NULL },
	{ "GET", "/api/sensing/coverage", "sensing.read", 0, coverage_get, NULL },
	{ "GET", "/api/sensing/event", "sensing.events", 0, event_get, NULL },
	{ 0 },
};
static const struct job jobs[] = {
	{ "sensing.flush", 5 * SECOND, NULL, 0, flush_job },
	{ "sensing.health", 10 * SECOND, NULL, 0, health_job },
	{ "sensing.evidence", 10 * MINUTE, NULL, 0, evidence_purge },
	{ "sensing.purge", 10 * MINUTE, NULL, 0, purge_job },
	{ 0 },
};
static const struct column_note columns[] = {
	{ "sensing_source", "*", P1, "device_care", "public_duty", 0 },
	{ "sensing_type", "*", P0, "device_care", "public_duty", 0 },
	{ "sensing_event", "*", P1, "place_safety", "public_duty", SENSING_KEEP_DAYS },
	{ "sensing_want", "*", P1, "evidence", "public_interest", 7 },
	{ "sensing_mark", "*", P0, "device_care", "public_duty", 0 },
	{ 0 },
};

const struct module sensing_module = {
	.name = "sensing",
	.schema = sensing_schema,
	.needs = needs,
	.entities = entities,
	.routes = routes,
	.jobs = jobs,
	.columns = columns,
	.state_size = sizeof(struct state),
	.start = start,
	.stop = stop,
	.metrics = metrics,
};
