/* MQTT against a real broker on a free port, in a folder of its own. */
#include "sys/file.h"
#include "sys/mqtt.h"
#include "wire.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct rig {
	struct arena *a;
	char dir[40];
	uint16_t port;
	pid_t broker;
	_Atomic int seen, fail_first, connects, losses, die;
	_Atomic bool session;
	pthread_mutex_t lock;
	char last[64];
};

static void broker_start(struct rig *r)
{
	const char *conf = arena_fmt(r->a, "%s/conf", r->dir).p;
	struct str text = arena_fmt(r->a, "listener %u 127.0.0.1\nallow_anonymous true\npersistence false\n", r->port);
	assert_int_equal(file_write(conf, text, 0644), RC_OK);
	r->broker = fork();
	if (r->broker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen("/dev/null", "w", stderr))
			execl("/usr/sbin/mosquitto", "mosquitto", "-c", conf, (char *)NULL);
		_exit(127);
	}
	wire_sleep_ms(100);
}

static void broker_stop(struct rig *r)
{
	kill(r->broker, SIGTERM);
	waitpid(r->broker, NULL, 0);
}

static int start(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	if (!file_exists("/usr/sbin/mosquitto"))
		return -1;
	r->a = arena_new(1 << 20);
	memcpy(r->dir, "/tmp/jiuan-mqtt-XXXXXX", 23);
	assert_non_null(mkdtemp(r->dir));
	r->port = wire_free_port();
	pthread_mutex_init(&r->lock, NULL);
	broker_start(r);
	*state = r;
	return 0;
}

static int stop(void **state)
{
	struct rig *r = *state;
	broker_stop(r);
	if (file_remove(arena_fmt(r->a, "%s/conf", r->dir).p) != RC_OK)
		return -1;
	rmdir(r->dir);
	pthread_mutex_destroy(&r->lock);
	arena_free(r->a);
	free(r);
	return 0;
}

static enum rc on_message(void *arg, struct str topic, struct str payload, int qos, bool retained)
{
	struct rig *r = arg;
	(void)topic, (void)qos, (void)retained;
	int n = atomic_fetch_add(&r->seen, 1);
	if (atomic_load(&r->die)) {
		wire_sleep_ms(300); /* longer than an early PUBACK would need */
		_exit(9);
	}
	if (n < atomic_load(&r->fail_first))
		return RC_BUSY;
	pthread_mutex_lock(&r->lock);
	snprintf(r->last, sizeof r->last, "%.*s", ARG_STR(payload));
	pthread_mutex_unlock(&r->lock);
	return RC_OK;
}

static void on_connected(void *arg, bool session_present)
{
	struct rig *r = arg;
	atomic_store(&r->session, session_present);
	atomic_fetch_add(&r->connects, 1);
}

static void on_lost(void *arg, const char *reason)
{
	struct rig *r = arg;
	(void)reason;
	atomic_fetch_add(&r->losses, 1);
}

static struct mqtt *open_client(struct rig *r, const char *id)
{
	static const struct mqtt_subscription subscriptions[] = { { "door/#", 1 } };
	struct mqtt *m = NULL;
	struct mqtt_config c = { .host = "127.0.0.1",
				 .port = r->port,
				 .client_id = id,
				 .max_backoff_s = 1,
				 .subscriptions = subscriptions,
				 .subscriptions_n = 1,
				 .max_payload = 40,
				 .message = on_message,
				 .connected = on_connected,
				 .lost = on_lost,
				 .arg = r };
	assert_int_equal(mqtt_open(&c, &m), RC_OK);
	return m;
}

static bool wait_for(_Atomic int *value, int least)
{
	for (int i = 0; i < 500 && atomic_load(value) < least; i++)
		wire_sleep_ms(10);
	return atomic_load(value) >= least;
}

static void check_last(struct rig *r, const char *want)
{
	pthread_mutex_lock(&r->lock);
	assert_string_equal(r->last, want);
	pthread_mutex_unlock(&r->lock);
}

/* A message whose callback fails comes again; one that was taken does not. */
static void test_redelivery(void **state)
{
	struct rig *r = *state;
	atomic_store(&r->fail_first, 2);
	struct mqtt *m = open_client(r, "jiuan-1"), *sender;
	struct mqtt_config c = {
		.host = "127.0.0.1", .port = r->port, .client_id = "sender", .message = on_message, .arg = r
	};
	assert_true(wait_for(&r->connects, 1));
	wire_sleep_ms(100);
	assert_int_equal(mqtt_open(&c, &sender), RC_OK);
	for (int i = 0; i < 300 && !mqtt_is_connected(sender); i++)
		wire_sleep_ms(10);
	assert_int_equal(mqtt_publish(sender, "door/1", STR("open"), 1, false), RC_OK);
	assert_true(wait_for(&r->seen, 3));
	wire_sleep_ms(50);
	assert_int_equal(mqtt_counts(m).received, 1);
	assert_int_equal(mqtt_counts(m).failed, 2);
	assert_int_equal(mqtt_counts(m).losses, 2);
	assert_true(atomic_load(&r->session));
	check_last(r, "open");
	/* Too long: acknowledged and dropped, does not block the next one. */
	assert_int_equal(mqtt_publish(sender, "door/1", STR("0123456789012345678901234567890123456789X"), 1, false),
			 RC_OK);
	assert_int_equal(mqtt_publish(sender, "door/1", STR("shut"), 1, false), RC_OK);
	assert_true(wait_for(&r->seen, 4));
	wire_sleep_ms(50);
	assert_int_equal(mqtt_counts(m).dropped, 1);
	check_last(r, "shut");
	assert_int_equal(mqtt_publish(sender, "door/#", STR("x"), 1, false), RC_INVALID);
	mqtt_close(sender);
	/* What is sent while nobody is connected waits in the session, and
	 * nothing of the above comes again. */
	mqtt_close(m);
	int before = atomic_load(&r->seen);
	m = open_client(r, "jiuan-1");
	assert_true(wait_for(&r->connects, 4));
	wire_sleep_ms(200);
	assert_int_equal(atomic_load(&r->seen), before);
	mqtt_close(m);
}

/* The process dies while the callback runs: not acknowledged either. */
static void test_death_in_callback(void **state)
{
	struct rig *r = *state;
	pid_t child = fork();
	if (child == 0) {
		atomic_store(&r->die, 1);
		struct mqtt *m = open_client(r, "jiuan-2");
		if (!wait_for(&r->connects, 1))
			_exit(1);
		wire_sleep_ms(100);
		if (mqtt_publish(m, "door/2", STR("fall"), 1, false) != RC_OK)
			_exit(2);
		wire_sleep_ms(5000);
		_exit(3);
	}
	int status;
	waitpid(child, &status, 0);
	assert_int_equal(WEXITSTATUS(status), 9);
	struct mqtt *m = open_client(r, "jiuan-2");
	assert_true(wait_for(&r->seen, 1));
	wire_sleep_ms(50);
	check_last(r, "fall");
	assert_true(atomic_load(&r->session));
	mqtt_close(m);
}

/* The broker goes away and comes back; also absent at the start. */
static void test_reconnect(void **state)
{
	struct rig *r = *state;
	broker_stop(r);
	struct mqtt *m = open_client(r, "jiuan-3");
	wire_sleep_ms(200);
	assert_false(mqtt_is_connected(m));
	assert_int_equal(mqtt_publish(m, "x", STR("x"), 0, false), RC_BUSY);
	broker_start(r);
	assert_true(wait_for(&r->connects, 1));
	broker_stop(r);
	assert_true(wait_for(&r->losses, 1));
	broker_start(r);
	assert_true(wait_for(&r->connects, 2));
	wire_sleep_ms(100);
	assert_int_equal(mqtt_publish(m, "door/3", STR("again"), 1, false), RC_OK);
	assert_true(wait_for(&r->seen, 1));
	mqtt_close(m);
	struct mqtt_config bad = { .host = "127.0.0.1", .client_id = "", .message = on_message };
	assert_int_equal(mqtt_open(&bad, &m), RC_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_redelivery, start, stop),
		cmocka_unit_test_setup_teardown(test_death_in_callback, start, stop),
		cmocka_unit_test_setup_teardown(test_reconnect, start, stop),
	};
	return cmocka_run_group_tests_name("mqtt", tests, NULL, NULL);
}
