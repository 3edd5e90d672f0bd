/* link_test.c - Frigate's messages through a real broker into the log, with
 * the broker killed in between and what was missed fetched by HTTP. */
#include "server/server.h"
#include "app/frigate_link.h"
#include "sensing_rig.h"
#include "sys/file.h"
#include "sys/http.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>

#define BROKER "/usr/sbin/mosquitto"

static struct {
	char dir[40];
	uint16_t port;
	pid_t broker;
	struct http_server *http;
	pthread_mutex_t lock;
	char review[2000], events[2000], asked[300];
	int calls;
	bool down;
} w = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint16_t free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static void broker_start(struct rig *r)
{
	const char *conf = rig_fmt(r, "%s/conf", w.dir);

	assert_int_equal(file_write(conf,
				    str_of(rig_fmt(r,
						   "listener %u 127.0.0.1\nallow_anonymous true\npersistence true\n"
						   "persistence_location %s/\nautosave_interval 1\nuser root\n",
						   w.port, w.dir)),
				    0644),
			 RC_OK);
	w.broker = fork();
	if (w.broker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (freopen("/dev/null", "w", stderr))
			execl(BROKER, "mosquitto", "-c", conf, (char *)NULL);
		_exit(127);
	}
}

static void broker_stop(int how)
{
	kill(w.broker, how);
	waitpid(w.broker, NULL, 0);
}

static void frigate_http(void *arg, struct http_exchange *x)
{
	bool review = str_is(http_path(x), "/api/review");
	struct http_header json = { "Content-Type", "application/json" };

	(void)arg;
	pthread_mutex_lock(&w.lock);
	w.calls++;
	if (review)
		snprintf(w.asked, sizeof(w.asked), FMT_STR, ARG_STR(http_query(x)));
	if (w.down)
		http_problem(x, 502, "down", NULL);
	else
		http_reply(x, 200, &json, 1, str_of(review ? w.review : w.events));
	pthread_mutex_unlock(&w.lock);
}

static void publish(const char *topic, const char *payload, bool retain)
{
	char port[10];
	pid_t pid = fork();

	snprintf(port, sizeof(port), "%u", w.port);
	if (pid == 0) {
		execlp("mosquitto_pub", "mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-t", topic, "-m",
		       payload, retain ? "-r" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	int status = 1;

	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static int64_t log_count(struct rig *r, const char *sql);

struct count_unit {
	const char *sql;
	int64_t n;
};

static enum rc count_unit(struct ctx *c, void *arg)
{
	struct count_unit *u = arg;

	return db_int(c, u->sql, NO_ARGS, 0, &u->n);
}

/* Through the writer, as the link does: the app's connection is for one. */
static int64_t log_count(struct rig *r, const char *sql)
{
	struct count_unit u = { .sql = sql };

	assert_int_equal(app_unit(r->app, count_unit, &u), RC_OK);
	return u.n;
}

static void wait_for(struct rig *r, const char *sql, int64_t want)
{
	for (int i = 0; i < 1000; i++) {
		if (log_count(r, sql) == want)
			return;
		usleep(10000);
	}
	fail_msg("%s: %lld, not %lld", sql, (long long)log_count(r, sql), (long long)want);
}

static const char *object_at(struct rig *r, const char *phase, const char *id, double at)
{
	return rig_fmt(r,
		       "{\"type\":\"%s\",\"before\":{},\"after\":{\"id\":\"%s\",\"camera\":\"front\",\"frame_time\":%."
		       "6f,\"label\":\"car\","
		       "\"sub_label\":\"MARKER\",\"score\":0.8,\"top_score\":0.9,\"false_positive\":false,\"start_"
		       "time\":%.6f,\"end_time\":%s,"
		       "\"stationary\":false,\"current_zones\":[],\"entered_zones\":[],\"has_snapshot\":true,\"has_"
		       "clip\":true}}",
		       phase, id, at, at - 1, strcmp(phase, "end") == 0 ? rig_fmt(r, "%.6f", at) : "null");
}

#define OBJECTS                                                                                        \
	"SELECT count(*) FROM sensing_event e JOIN sensing_type t ON t.no = e.type_no WHERE t.type = " \
	"'cn.jiuan.camera.object.v1'"

static void through_a_broker_that_dies(void **state)
{
	struct rig *r = *state;
	struct server *server;
	struct server_options so = { .bind = "127.0.0.1", .workers = 1 };
	struct http_config hc = { .handler = frigate_http };
	char error[200] = "";
	struct frigate_link *link;
	double t0 = (double)(r->now / SECOND);

	strcpy(w.review, "[]");
	strcpy(w.events, "[]");
	broker_start(r);
	assert_int_equal(http_server_start(&hc, &w.http, error), RC_OK);
	assert_int_equal(server_start(r->app, &so, &server), RC_OK);
	struct frigate_link_config c = { .host = "127.0.0.1",
					 .port = w.port,
					 .max_backoff_s = 1,
					 .clock = clock_fixed(&r->now),
					 .http_url = rig_fmt(r, "http://127.0.0.1:%u", http_server_port(w.http)) };

	assert_int_equal(frigate_link_app(r->app, STR("36.3601.360102.n1."), &c, &link), RC_OK);
	wait_for(r, "SELECT count(*) FROM sensing_event", 1); /* link/up of the gateway */
	publish("frigate/available", "online", true);
	wait_for(r, "SELECT count(*) FROM sensing_event", 2);
	/* An unknown camera is seen, and not believed. */
	publish("frigate/events", object_at(r, "new", "1.5-aa", t0), false);
	wait_for(r, "SELECT count(*) FROM sensing_device WHERE source = 'frigate/front' AND state = 'quarantined'", 1);
	assert_int_equal(log_count(r, OBJECTS), 0);
	assert_int_equal(
		log_count(r, "SELECT count(*) FROM sensing_device WHERE kind = 'camera' AND gateway_id IS NOT NULL"),
		1);
	frigate_link_close(link);
	server_stop(server);
	rig_call(r, KEEPER, "GET", "/api/sensing/device?source=frigate%2Ffront", NULL);
	rig_call(r, KEEPER, "POST",
		 rig_fmt(r, "/api/sensing/device/" FMT_STR "/approve",
			 ARG_STR(json_get_text(json_get(r->answer, "items")->child, "id"))),
		 rig_fmt(r,
			 "{\"place_id\":\"" FMT_STR
			 "\",\"legal_basis\":\"PIPL 26\",\"sign_record\":\"S-1\",\"field_of_view\":\"the lobby\"}",
			 ARG_STR(r->gate)));
	CHECK_STATUS(r, 200);

	assert_int_equal(server_start(r->app, &so, &server), RC_OK);
	assert_int_equal(frigate_link_app(r->app, STR("36.3601.360102.n1."), &c, &link), RC_OK);
	/* Published while the link was away: its session at the broker may hold it. */
	publish("frigate/events", object_at(r, "new", "1.5-ab", t0), false);
	wait_for(r, OBJECTS, 1);
	publish("frigate/events", "{\"type\":\"new\",\"after\":17}", false); /* broken: dropped, not stuck */
	publish("frigate/events", object_at(r, "end", "1.5-ab", t0 + 5), false);
	wait_for(r, OBJECTS, 2);
	assert_true(frigate_link_counts(link).broken >= 1);

	/* The broker dies; meanwhile Frigate sees another car come and go. */
	broker_stop(SIGKILL);
	wait_for(r, "SELECT count(*) FROM sensing_event WHERE data = '{\"reason\":\"broker_lost\"}'", 1);
	pthread_mutex_lock(&w.lock);
	snprintf(w.events, sizeof(w.events),
		 "[{\"id\":\"1.5-ac\",\"camera\":\"front\",\"label\":\"car\",\"zones\":[],\"start_time\":%.1f,\"end_"
		 "time\":%.1f,\"has_clip\":true,"
		 "\"has_snapshot\":true,\"data\":{\"score\":0.8,\"top_score\":0.9}},"
		 "{\"id\":\"1.5-ab\",\"camera\":\"front\",\"label\":\"car\",\"zones\":[],\"start_time\":%.1f,\"end_"
		 "time\":%.1f,\"has_clip\":true,"
		 "\"has_snapshot\":true,\"data\":{\"score\":0.8,\"top_score\":0.9}}]",
		 t0 + 20, t0 + 30, t0 - 1, t0 + 5);
	snprintf(w.review, sizeof(w.review),
		 "[{\"id\":\"1.5-rv\",\"camera\":\"front\",\"start_time\":%.1f,\"end_time\":%.1f,\"severity\":"
		 "\"alert\",\"has_been_reviewed\":false,"
		 "\"thumb_path\":\"x\",\"data\":{\"detections\":[],\"objects\":[\"car\"],\"sub_labels\":[\"MARKER\"],"
		 "\"zones\":[],\"audio\":[]}}]",
		 t0 + 20, t0 + 30);
	w.down = true; /* its HTTP comes up later than the broker */
	w.calls = 0;
	pthread_mutex_unlock(&w.lock);
	broker_start(r);
	for (int i = 0; i < 1000 && frigate_link_counts(link).backfill_failed == 0; i++)
		usleep(10000);
	pthread_mutex_lock(&w.lock);
	w.down = false;
	pthread_mutex_unlock(&w.lock);
	wait_for(r, OBJECTS, 3); /* 1.5-ac; the end of 1.5-ab is there already */
	wait_for(r, "SELECT count(*) FROM sensing_event WHERE event_id = 'review/1.5-rv/end'", 1);
	/* It asked from the newest event it had, with room for what began before. */
	assert_non_null(strstr(w.asked, rig_fmt(r, "after=%.0f", t0 + 5 - 600)));
	/* The same by MQTT once more. */
	publish("frigate/events", object_at(r, "end", "1.5-ac", t0 + 30), false);
	publish("frigate/events", object_at(r, "new", "1.5-ad", t0 + 31), false);
	wait_for(r, "SELECT count(*) FROM sensing_event WHERE event_id LIKE '1.5-ad/new/%'", 1);
	assert_int_equal(log_count(r, OBJECTS), 4);
	/* Nothing the codec drops is stored. */
	assert_int_equal(
		log_count(r,
			  "SELECT count(*) FROM sensing_event WHERE data LIKE '%MARKER%' OR event_id LIKE '%MARKER%'"),
		0);
	frigate_link_close(link);
	server_stop(server);
	http_server_stop(w.http, 0);
	broker_stop(SIGTERM);
}

static int open_all(void **state)
{
	if (!file_exists(BROKER)) {
		fprintf(stderr, "skipped: no " BROKER "\n");
		return -1;
	}
	memcpy(w.dir, "/tmp/jiuan-link-XXXXXX", 23);
	assert_non_null(mkdtemp(w.dir));
	w.port = free_port();
	return rig_open(state);
}

static int close_all(void **state)
{
	struct rig *r = *state;

	(void)remove(rig_fmt(r, "%s/conf", w.dir));
	(void)remove(rig_fmt(r, "%s/mosquitto.db", w.dir));
	rmdir(w.dir);
	return rig_close(state);
}

static int group(const char *name)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(through_a_broker_that_dies, open_all,
									    close_all) };

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	return rig_run("frigate link", group);
}
