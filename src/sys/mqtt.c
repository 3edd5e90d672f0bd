/* mqtt.c - libmosquitto with acknowledgement after the callback.
 *
 * Why a failed message is not acknowledged: in threaded mode libmosquitto only
 * queues the PUBACK while handle__publish() runs (releases differ in whether
 * before or after the callback), and writes it when our thread is back in
 * mosquitto_loop().  shutdown() of the socket inside the callback makes that
 * write fail, and the reconnect throws the queue away (packet__cleanup_all).
 * tests/sys/mqtt_test.c proves it, also with a process that dies in the callback.
 *
 * The thread is ours because mosquitto_loop_start() of 2.0.11 gives up when the
 * broker is away at the first try.
 */
#include "sys/mqtt.h"
#include "sys/thread.h"

#include <mosquitto.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct mqtt {
	struct mosquitto *lib;
	struct mqtt_config config; /* host is our copy; other texts are not kept */
	char *host;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool closing;  /* under lock */
	bool answered; /* CONNACK came since the last try */
	size_t filters_n;
	char **filters;
	int *qos;
	bool refusing; /* between a failed callback and the loss of the connection */
	_Atomic bool connected;
	_Atomic uint64_t received, failed, dropped, connects, losses;
};

static void on_connect(struct mosquitto *lib, void *arg, int code, int flags)
{
	struct mqtt *m = arg;
	m->refusing = false;
	m->answered = code == 0;
	if (code != 0) {
		if (m->config.lost)
			m->config.lost(m->config.arg, mosquitto_connack_string(code));
		return;
	}
	for (size_t i = 0; i < m->filters_n; i++)
		mosquitto_subscribe(lib, NULL, m->filters[i], m->qos[i]);
	atomic_store(&m->connected, true);
	atomic_fetch_add(&m->connects, 1);
	if (m->config.connected)
		m->config.connected(m->config.arg, (flags & 1) != 0);
}

static void on_disconnect(struct mosquitto *lib, void *arg, int code)
{
	struct mqtt *m = arg;
	(void)lib;
	atomic_store(&m->connected, false);
	if (code == 0) /* mqtt_close() */
		return;
	atomic_fetch_add(&m->losses, 1);
	if (m->config.lost)
		m->config.lost(m->config.arg, m->refusing ? "message refused" : mosquitto_strerror(code));
}

static void refuse(struct mqtt *m)
{
	m->refusing = true;
	atomic_fetch_add(&m->failed, 1);
	shutdown(mosquitto_socket(m->lib), SHUT_RDWR);
}

static void on_message(struct mosquitto *lib, void *arg, const struct mosquitto_message *in)
{
	struct mqtt *m = arg;
	(void)lib;
	/* Packets read in the same round after a failed one are not
	 * acknowledged either; they come again. */
	if (m->refusing)
		return;
	struct str payload = { in->payload ? in->payload : "", (size_t)in->payloadlen };
	if (payload.n > m->config.max_payload) {
		atomic_fetch_add(&m->dropped, 1);
		return;
	}
	enum rc rc = m->config.message(m->config.arg, str_of(in->topic), payload, in->qos, in->retain);
	if (rc == RC_OK)
		atomic_fetch_add(&m->received, 1);
	else if (in->qos > 0)
		refuse(m);
	else
		atomic_fetch_add(&m->failed, 1);
}

/* ---- the thread ---- */

static bool is_closing(struct mqtt *m)
{
	pthread_mutex_lock(&m->lock);
	bool ret = m->closing;
	pthread_mutex_unlock(&m->lock);
	return ret;
}

static void pause_s(struct mqtt *m, unsigned seconds)
{
	int64_t until = clock_monotonic() + (int64_t)seconds * SECOND;
	struct timespec t = { .tv_sec = until / SECOND, .tv_nsec = until % SECOND * 1000 };
	pthread_mutex_lock(&m->lock);
	while (!m->closing && clock_monotonic() < until)
		pthread_cond_timedwait(&m->woken, &m->lock, &t);
	pthread_mutex_unlock(&m->lock);
}

/* Until the connection is lost, or closed in order with the queue sent. */
static void serve(struct mqtt *m)
{
	int64_t patience = 0;
	while (mosquitto_loop(m->lib, 1000, 1) == MOSQ_ERR_SUCCESS) {
		if (!is_closing(m))
			continue;
		if (patience == 0)
			patience = clock_monotonic() + 2 * SECOND;
		else if (clock_monotonic() > patience || !mosquitto_want_write(m->lib))
			return;
	}
}

static void *mqtt_run(void *arg)
{
	struct mqtt *m = arg;
	unsigned wait = 1;
	for (bool first = true; !is_closing(m); first = false) {
		const struct mqtt_config *c = &m->config;
		m->answered = false;
		int code = first ? mosquitto_connect(m->lib, m->host, c->port, (int)c->keepalive_s)
				 : mosquitto_reconnect(m->lib);
		if (code == MOSQ_ERR_SUCCESS)
			serve(m);
		else if (c->lost)
			c->lost(c->arg, mosquitto_strerror(code));
		atomic_store(&m->connected, false);
		wait = m->answered ? 1 : wait;
		pause_s(m, wait);
		wait = wait * 2 > c->max_backoff_s ? c->max_backoff_s : wait * 2;
	}
	return NULL;
}

static void mqtt_free(struct mqtt *m)
{
	if (m->lib)
		mosquitto_destroy(m->lib);
	for (size_t i = 0; i < m->filters_n; i++)
		free(m->filters[i]);
	free(m->filters);
	free(m->qos);
	free(m->host);
	pthread_cond_destroy(&m->woken);
	pthread_mutex_destroy(&m->lock);
	free(m);
	mosquitto_lib_cleanup();
}

static enum rc check(const struct mqtt_config *c)
{
	if (!c->host || !c->client_id || !*c->client_id || !c->message ||
	    (c->cert_file == NULL) != (c->key_file == NULL))
		return RC_INVALID;
	for (size_t i = 0; i < c->subscriptions_n; i++) {
		int qos = c->subscriptions[i].qos;
		if (qos < 0 || qos > 1 || mosquitto_sub_topic_check(c->subscriptions[i].filter) != MOSQ_ERR_SUCCESS)
			return RC_INVALID;
	}
	return RC_OK;
}

static void copy_subscriptions(struct mqtt *m, const struct mqtt_config *c)
{
	m->filters = mem_new((c->subscriptions_n + 1) * sizeof *m->filters);
	m->qos = mem_new((c->subscriptions_n + 1) * sizeof *m->qos);
	for (size_t i = 0; i < c->subscriptions_n; i++) {
		m->filters[i] = strdup(c->subscriptions[i].filter);
		m->qos[i] = c->subscriptions[i].qos;
		if (m->filters[i] == NULL)
			fatal("mqtt: no memory");
		m->filters_n++;
	}
}

static enum rc set_options(struct mqtt *m, const struct mqtt_config *c)
{
	mosquitto_connect_with_flags_callback_set(m->lib, on_connect);
	mosquitto_disconnect_callback_set(m->lib, on_disconnect);
	mosquitto_message_callback_set(m->lib, on_message);
	mosquitto_threaded_set(m->lib, true);
	if (c->user && mosquitto_username_pw_set(m->lib, c->user, c->password) != MOSQ_ERR_SUCCESS)
		return RC_INVALID;
	if (c->will_topic && mosquitto_will_set(m->lib, c->will_topic, (int)c->will_payload.n, c->will_payload.p, 1,
						true) != MOSQ_ERR_SUCCESS)
		return RC_INVALID;
	if (c->ca_file == NULL)
		return RC_OK;
	if (mosquitto_tls_set(m->lib, c->ca_file, NULL, c->cert_file, c->key_file, NULL) != MOSQ_ERR_SUCCESS)
		return RC_BUSY;
	return mosquitto_tls_opts_set(m->lib, 1, "tlsv1.2", NULL) == MOSQ_ERR_SUCCESS ? RC_OK : RC_BUSY;
}

enum rc mqtt_open(const struct mqtt_config *c, struct mqtt **ret)
{
	TRY(check(c));
	mosquitto_lib_init();
	struct mqtt *m = mem_new(sizeof *m);
	pthread_condattr_t monotonic;
	pthread_mutex_init(&m->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&m->woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
	m->config = (struct mqtt_config){
		.port = c->port      ? c->port
			: c->ca_file ? 8883
				     : 1883,
		.keepalive_s = c->keepalive_s ? c->keepalive_s : 30,
		.max_backoff_s = c->max_backoff_s ? c->max_backoff_s : 30,
		.max_payload = c->max_payload ? c->max_payload : (size_t)1 << 20,
		.message = c->message,
		.connected = c->connected,
		.lost = c->lost,
		.arg = c->arg,
	};
	m->host = strdup(c->host);
	copy_subscriptions(m, c);
	m->lib = mosquitto_new(c->client_id, false, m);
	enum rc rc = m->lib && m->host ? set_options(m, c) : RC_INVALID;
	if (rc == RC_OK)
		rc = thread_start(&m->thread, "mqtt", mqtt_run, m);
	if (rc != RC_OK) {
		mqtt_free(m);
		return rc;
	}
	*ret = m;
	return RC_OK;
}

void mqtt_close(struct mqtt *m)
{
	if (m == NULL)
		return;
	pthread_mutex_lock(&m->lock);
	m->closing = true;
	pthread_cond_broadcast(&m->woken);
	pthread_mutex_unlock(&m->lock);
	mosquitto_disconnect(m->lib);
	thread_join(m->thread);
	mqtt_free(m);
}

enum rc mqtt_publish(struct mqtt *m, const char *topic, struct str payload, int qos, bool retain)
{
	if (!atomic_load(&m->connected))
		return RC_BUSY;
	if (qos < 0 || qos > 1 || mosquitto_pub_topic_check(topic) != MOSQ_ERR_SUCCESS)
		return RC_INVALID;
	int code = mosquitto_publish(m->lib, NULL, topic, (int)payload.n, payload.p, qos, retain);
	return code == MOSQ_ERR_SUCCESS                                  ? RC_OK
	       : code == MOSQ_ERR_INVAL || code == MOSQ_ERR_PAYLOAD_SIZE ? RC_INVALID
									 : RC_BUSY;
}

bool mqtt_is_connected(const struct mqtt *m)
{
	return atomic_load(&m->connected);
}

struct mqtt_counts mqtt_counts(const struct mqtt *m)
{
	return (struct mqtt_counts){ .received = atomic_load(&m->received),
				     .failed = atomic_load(&m->failed),
				     .dropped = atomic_load(&m->dropped),
				     .connects = atomic_load(&m->connects),
				     .losses = atomic_load(&m->losses) };
}
