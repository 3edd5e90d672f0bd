/* frigate_link.h - one Frigate NVR: MQTT in, HTTP for what was missed.
 *
 * A message is acknowledged to the broker only after its events are on disk.
 * After each connect (and once at start) the link asks Frigate's HTTP API for
 * everything since the newest event in the log; ids are the same on both ways,
 * so what came already falls out as duplicate.  While the broker is away or
 * Frigate says "offline", the gateway device is offline, and with it its
 * cameras.  Cameras ("<prefix>/<camera>") stay in quarantine until someone
 * approves them.
 */
#ifndef FRIGATE_LINK_H
#define FRIGATE_LINK_H

#include "core/app.h"
#include "domain/sensing/sensing.h"
#include "sys/config.h"
#include "sys/mqtt.h"

struct log;
struct frigate_fetch;

/* Both block until COMMIT; called from the link's threads, one at a time. */
typedef enum rc frigate_append(void *arg, const struct sensing_input *events, size_t n);
typedef enum rc frigate_last_at(void *arg, struct str source, int64_t *ret);

/* Pictures and films that alerts ask for, by Frigate's HTTP API, on a thread of
 * their own (frigate_fetch.c).  'wants' fills at most 'most'; 'got' gets the
 * bytes, or none and the reason. */
typedef enum rc frigate_wants(void *arg, struct str gateway_id, struct arena *a, size_t most,
			      struct sensing_wanted *ret, size_t *n);
typedef enum rc frigate_got(void *arg, struct arena *a, const struct sensing_wanted *w, struct str bytes,
			    const char *reason);

struct frigate_link_config {
	const char *host; /* of the broker */
	uint16_t port;
	const char *user, *password, *ca_file; /* or NULL */
	const char *client_id;                 /* NULL: "jiuan-<prefix>" */
	const char *prefix;                    /* NULL: "frigate" */
	const char *http_url;                  /* "http://10.0.0.5:5000"; NULL: no backfill */
	const struct str *models;              /* classification models to listen to */
	size_t models_n;
	unsigned max_backoff_s; /* 0: 30 */
	struct str gateway_id;  /* sensing.device of kind gateway whose source is the prefix */
	struct clock clock;
	frigate_append *append;
	frigate_last_at *last_at;
	frigate_wants *wants; /* NULL: no pictures */
	frigate_got *got;
	void *fetch_arg;                     /* theirs */
	void (*fetch_done)(void *fetch_arg); /* after the last call; NULL allowed */
	void *arg;
	struct log *log;
};
struct frigate_link;
/* Copies what it needs.  A broker that is away is no error. */
enum rc frigate_link_open(const struct frigate_link_config *c, struct frigate_link **ret) MUST_USE;
/* From any thread but the link's own; NULL allowed. */
void frigate_link_close(struct frigate_link *l);

struct frigate_link_counts {
	uint64_t messages; /* for us */
	uint64_t events;   /* handed to the log */
	uint64_t stale;    /* retained messages that are not newer than the log */
	uint64_t broken;   /* not what Frigate sends: acknowledged and dropped */
	uint64_t backfills, backfilled, backfill_failed;
};
struct frigate_link_counts frigate_link_counts(const struct frigate_link *l);

/* Copies http_url; 'poll' microseconds between looks. */
enum rc frigate_fetch_open(const struct frigate_link_config *c, int64_t poll, struct frigate_fetch **ret) MUST_USE;
void frigate_fetch_close(struct frigate_fetch *f); /* NULL allowed; waits for a running request */

/* The whole glue to an application: finds or makes the gateway device at
 * 'place' (id or path), then opens.  Fills in gateway_id, append, last_at, arg. */
enum rc frigate_link_app(struct app *a, struct str place, const struct frigate_link_config *c,
			 struct frigate_link **ret) MUST_USE;

/* ---- options of "jiuan serve" ------------------------------------------------ */

struct frigate_options {
	const char *mqtt, *user, *password_file, *ca_file, *prefix, *http_url, *place;
	int64_t mqtt_port;
};
/* Rows of a struct config_option table. */
#define FRIGATE_OPTIONS(T, m)                                                                                              \
	{                                                                                                                  \
		"mqtt",                                                                                                    \
		"JIUAN_MQTT",                                                                                              \
		CONFIG_TEXT,                                                                                               \
		offsetof(T, m.mqtt),                                                                                       \
		NULL,                                                                                                      \
		1,                                                                                                         \
		255,                                                                                                       \
		NULL,                                                                                                      \
		"MQTT broker Frigate publishes to"                                                                         \
	},                                                                                                                 \
		{ "mqtt-port",                                                                                             \
		  "JIUAN_MQTT_PORT",                                                                                       \
		  CONFIG_INT,                                                                                              \
		  offsetof(T, m.mqtt_port),                                                                                \
		  "0",                                                                                                     \
		  0,                                                                                                       \
		  65535,                                                                                                   \
		  NULL,                                                                                                    \
		  "0: 1883, with a CA file 8883" },                                                                        \
		{ "mqtt-user", "JIUAN_MQTT_USER",      CONFIG_TEXT, offsetof(T, m.user), NULL, 1, 255,                     \
		  NULL,        "account at the broker" },                                                                  \
		{ "mqtt-password-file",                                                                                    \
		  "JIUAN_MQTT_PASSWORD_FILE",                                                                              \
		  CONFIG_TEXT,                                                                                             \
		  offsetof(T, m.password_file),                                                                            \
		  NULL,                                                                                                    \
		  1,                                                                                                       \
		  1024,                                                                                                    \
		  NULL,                                                                                                    \
		  "file with its password" },                                                                              \
		{ "mqtt-ca", "JIUAN_MQTT_CA", CONFIG_TEXT, offsetof(T, m.ca_file), NULL, 1, 1024, NULL, "PEM file: TLS" }, \
		{ "frigate-prefix",                                                                                        \
		  "JIUAN_FRIGATE_PREFIX",                                                                                  \
		  CONFIG_TEXT,                                                                                             \
		  offsetof(T, m.prefix),                                                                                   \
		  "frigate",                                                                                               \
		  1,                                                                                                       \
		  48,                                                                                                      \
		  NULL,                                                                                                    \
		  "first word of Frigate's topics" },                                                                      \
		{ "frigate-url",                                                                                           \
		  "JIUAN_FRIGATE_URL",                                                                                     \
		  CONFIG_TEXT,                                                                                             \
		  offsetof(T, m.http_url),                                                                                 \
		  NULL,                                                                                                    \
		  1,                                                                                                       \
		  1024,                                                                                                    \
		  NULL,                                                                                                    \
		  "Frigate's HTTP address, for what was missed" },                                                         \
	{                                                                                                                  \
		"frigate-place", "JIUAN_FRIGATE_PLACE", CONFIG_TEXT, offsetof(T, m.place), NULL, 1, 400, NULL,             \
			"id or path of the place its cameras belong to"                                                    \
	}

/* *ret stays NULL when no broker is named. */
enum rc frigate_start(struct app *a, const struct frigate_options *o, struct log *log,
		      struct frigate_link **ret) MUST_USE;
void frigate_stop(struct frigate_link *l); /* NULL allowed */

#endif
