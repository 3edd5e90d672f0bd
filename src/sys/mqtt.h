/* mqtt.h - MQTT 3.1.1 client over libmosquitto, own thread, reconnects.
 *
 * A QoS 1 message is acknowledged only after the message callback said RC_OK.
 * On any other result the connection is cut before the PUBACK leaves, and the
 * broker sends the message again after the reconnect (clean session false).
 * So the callback may block until the message is on disk; the broker keeps
 * what comes meanwhile.  Messages may come twice: dedupe by content.
 */
#ifndef SYS_MQTT_H
#define SYS_MQTT_H

#include "base/base.h"

struct mqtt;

/* Called on the client's thread, one at a time.  Views live until return. */
typedef enum rc mqtt_message(void *arg, struct str topic, struct str payload, int qos, bool retained);
/* After each successful connect (subscriptions are sent already), and after
 * each loss or failed try; 'reason' is a short text for the log. */
typedef void mqtt_connected(void *arg, bool session_present);
typedef void mqtt_lost(void *arg, const char *reason);

struct mqtt_subscription {
	const char *filter;
	int qos; /* 0 or 1 */
};

struct mqtt_config {
	const char *host;
	uint16_t port;         /* 0: 1883, with TLS 8883 */
	const char *client_id; /* required: the broker keeps the session under it */
	const char *user;      /* NULL: none */
	const char *password;
	const char *ca_file;   /* PEM; not NULL: TLS 1.2 or later */
	const char *cert_file; /* client certificate and key, both or none */
	const char *key_file;
	unsigned keepalive_s;    /* 0: 30 */
	unsigned max_backoff_s;  /* waits 1, 2, 4 ... s between tries, at most this; 0: 30 */
	size_t max_payload;      /* longer messages are acknowledged and dropped; 0: 1 MiB */
	const char *will_topic;  /* NULL: no last will */
	struct str will_payload; /* QoS 1, retained */
	const struct mqtt_subscription *subscriptions;
	size_t subscriptions_n;
	mqtt_message *message;
	mqtt_connected *connected; /* may be NULL */
	mqtt_lost *lost;           /* may be NULL */
	void *arg;
};

/* Copies what it needs; starts the thread; a broker that is away is no error.
 * RC_INVALID: bad configuration; RC_BUSY: no thread, unreadable TLS files. */
enum rc mqtt_open(const struct mqtt_config *c, struct mqtt **ret) MUST_USE;
/* Ends the connection in order (no last will) and waits for the thread.  Not
 * from a callback.  NULL allowed. */
void mqtt_close(struct mqtt *m);
/* Queues a message; from any thread.  RC_BUSY: not connected or queue full;
 * RC_INVALID: bad topic or qos. */
enum rc mqtt_publish(struct mqtt *m, const char *topic, struct str payload, int qos, bool retain) MUST_USE;
bool mqtt_is_connected(const struct mqtt *m);
struct mqtt_counts {
	uint64_t received, failed, dropped, connects, losses;
};
struct mqtt_counts mqtt_counts(const struct mqtt *m);

#endif
