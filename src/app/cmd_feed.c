/* cmd_feed.c - jiuan replay and jiuan simulate: events into a running server. */
#include "app/cli.h"

#include "app/feed.h"
#include "app/picture.h"
#include "app/simulate.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_MOST = 1 << 20 };

static volatile bool stopped; /* set by a signal, hence the one variable of this file */

static void on_signal(int sig)
{
	(void)sig;
	stopped = true;
}

static void listen_for_stop(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t none;

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL); /* serve starts us with them blocked */
}

static void sleep_until(int64_t monotonic)
{
	while (!stopped) {
		int64_t left = monotonic - clock_monotonic();
		struct timespec ts = { .tv_sec = 0, .tv_nsec = 100000000 };

		if (left <= 0)
			return;
		if (left < SECOND / 10)
			ts.tv_nsec = (long)(left * 1000);
		nanosleep(&ts, NULL);
	}
}

/* ---- replay ---------------------------------------------------------------------- */

struct replay {
	struct feed_options feed;
	double speed;
	bool keep_times;
};
const struct config_option replay_options[] = {
	{ "url", "JIUAN_URL", CONFIG_TEXT, offsetof(struct replay, feed.url), "http://127.0.0.1:8080", 1, 200, NULL,
	  "the server" },
	{ "key-file", "JIUAN_KEY_FILE", CONFIG_TEXT, offsetof(struct replay, feed.key_file), "data/simulator.key", 1,
	  1024, NULL, "device key of the one who speaks" },
	{ "speed", NULL, CONFIG_REAL, offsetof(struct replay, speed), "1", 0, 1000000, NULL,
	  "times as fast as recorded; 0: at once" },
	{ "keep-times", NULL, CONFIG_FLAG, offsetof(struct replay, keep_times), "false", 0, 0, NULL,
	  "send the recorded times instead of moving them to now" },
};
const size_t n_replay_options = COUNT(replay_options);

struct replaying {
	const struct replay *o;
	struct feed *feed;
	int64_t first, started, wall; /* first recorded time; when we began */
	int64_t line;
};

/* The same event with another time; everything else as it was. */
static struct str moved(struct arena *a, const struct json *event, int64_t at)
{
	struct buf b = buf_new(a, LINE_MOST * 2);

	json_open(&b, '{');
	for (const struct json *j = event->child; j; j = j->next) {
		if (str_is(j->key, "time")) {
			json_put_time(&b, "time", at);
		} else {
			json_key_str(&b, j->key);
			json_raw(&b, j->raw);
		}
	}
	json_close(&b, '}');
	return buf_str(&b);
}

static enum rc replay_line(struct replaying *r, struct arena *a, struct str text)
{
	struct json *event;
	struct json_error err;
	int64_t at = 0;

	r->line++;
	if (json_parse(a, text, 0, &event, &err) != RC_OK || event->kind != J_MAP) {
		fprintf(stderr, "line %lld: no JSON object (%s at byte %zu)\n", (long long)r->line,
			err.reason ? err.reason : "type", err.at);
		return RC_INVALID;
	}
	if (time_parse(json_get_text(event, "time"), &at) != RC_OK)
		return feed_add(r->feed, text, &stopped);
	if (r->first == 0)
		r->first = at;
	if (r->o->speed > 0) {
		int64_t due = r->started + (int64_t)((double)(at - r->first) / r->o->speed);

		if (due > clock_monotonic() + 50 * MILLI) {
			TRY(feed_flush(r->feed, &stopped));
			sleep_until(due);
		}
	}
	if (r->o->keep_times)
		return feed_add(r->feed, text, &stopped);
	int64_t now = r->o->speed > 0 ? r->wall + clock_monotonic() - r->started : r->wall + (at - r->first);

	return feed_add(r->feed, moved(a, event, now), &stopped);
}

static enum rc replay_file(struct replaying *r, FILE *in, int64_t bytes)
{
	struct arena *a = arena_new(16 << 20);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int64_t done = 0;
	enum rc rc = RC_OK;

	while (rc == RC_OK && !stopped && (n = getline(&line, &cap, in)) > 0) {
		struct str text = str_trim((struct str){ line, (size_t)n });

		done += n;
		if (n > LINE_MOST)
			rc = RC_LIMIT;
		else if (text.n)
			rc = replay_line(r, a, text);
		cli_progress("bytes", done, bytes);
		arena_reset(a);
	}
	free(line);
	arena_free(a);
	return rc == RC_OK ? feed_flush(r->feed, &stopped) : rc;
}

static int say_counts(const struct feed *f, enum rc rc)
{
	struct feed_counts n = feed_counts(f);

	printf("sent %lld: accepted %lld, duplicate %lld, refused %lld\n", (long long)n.sent, (long long)n.accepted,
	       (long long)n.duplicate, (long long)n.refused);
	return rc != RC_OK ? EXIT_FAILED : n.refused ? EXIT_REFUSED : EXIT_FINE;
}

int cmd_replay(int argc, char **argv)
{
	struct replay o = { 0 };
	const char *words[1] = { NULL };
	size_t n = 1;
	int code;

	if (!cli_read(cli_command("replay"), argc, argv, &o, words, &n, &code))
		return code;
	FILE *in = n == 1 ? fopen(words[0], "r") : NULL;

	if (in == NULL) {
		fprintf(stderr, n == 1 ? "can't read %s\n" : "jiuan replay: a FILE is needed%s\n",
			n == 1 ? words[0] : "");
		return n == 1 ? EXIT_FAILED : EXIT_USAGE;
	}
	struct replaying r = { .o = &o, .started = clock_monotonic(), .wall = clock_now(clock_system()) };
	int64_t bytes;

	fseek(in, 0, SEEK_END);
	bytes = ftell(in);
	rewind(in);
	listen_for_stop();
	code = EXIT_FAILED;
	if (feed_open(&o.feed, &r.feed) == RC_OK)
		code = say_counts(r.feed, replay_file(&r, in, bytes));
	feed_close(r.feed);
	fclose(in);
	return code;
}

/* ---- simulate ---------------------------------------------------------------------- */

struct simulate {
	struct feed_options feed;
	double speed;
	int64_t seed, minutes;
	bool print;
};
const struct config_option simulate_options[] = {
	{ "url", "JIUAN_URL", CONFIG_TEXT, offsetof(struct simulate, feed.url), "http://127.0.0.1:8080", 1, 200, NULL,
	  "the server" },
	{ "key-file", "JIUAN_KEY_FILE", CONFIG_TEXT, offsetof(struct simulate, feed.key_file), "data/simulator.key", 1,
	  1024, NULL, "device key of the demo's gateway" },
	{ "speed", NULL, CONFIG_REAL, offsetof(struct simulate, speed), "1", 0, 10000, NULL, "times as fast as life" },
	{ "seed", NULL, CONFIG_INT, offsetof(struct simulate, seed), "1", 0, INT64_MAX, NULL,
	  "the same seed lives the same day" },
	{ "minutes", NULL, CONFIG_INT, offsetof(struct simulate, minutes), "0", 0, 1000000, NULL,
	  "simulated minutes; 0: until stopped" },
	{ "print", NULL, CONFIG_FLAG, offsetof(struct simulate, print), "false", 0, 0, NULL,
	  "write the events (NDJSON) instead of sending them" },
};
const size_t n_simulate_options = COUNT(simulate_options);

static enum rc print_event(void *arg, struct str event)
{
	(void)arg;
	printf(FMT_STR "\n", ARG_STR(event));
	return stopped ? RC_BUSY : RC_OK;
}

enum { SHOWN_MOST = 16 };
/* What is sent, and what there is to see of it once it has arrived. */
struct sending {
	struct feed *feed;
	struct arena *a;
	struct shown {
		struct str source, id, png;
	} shown[SHOWN_MOST];
	size_t n;
	uint64_t seed;
};

/* Cameras of facades and lanes keep a picture of what they report. */
static struct str picture_of(struct sending *s, const struct json *event)
{
	const struct json *data = json_get(event, "data"), *full = data ? json_get(data, "occupied") : NULL;
	struct str type = json_get_text(event, "type");

	if (str_is(type, "cn.jiuan.camera.thrown.v1"))
		return picture_fall(s->a, json_get_int(data, "floor", 1), s->seed++);
	if (str_is(type, "cn.jiuan.camera.lane.v1") && full && full->i)
		return picture_lane(s->a, true, s->seed++);
	return NO_STR;
}

static enum rc send_event(void *arg, struct str event)
{
	struct sending *s = arg;
	struct json_error err;
	struct json *j;

	if (s->n < SHOWN_MOST && json_parse(s->a, arena_dup(s->a, event), 0, &j, &err) == RC_OK) {
		struct str png = picture_of(s, j);

		if (png.p)
			s->shown[s->n++] = (struct shown){ json_get_text(j, "source"), json_get_text(j, "id"), png };
	}
	return feed_add(s->feed, event, &stopped);
}

static enum rc send_all(struct sending *s)
{
	TRY(feed_flush(s->feed, &stopped));
	for (size_t i = 0; i < s->n && !stopped; i++)
		feed_picture(s->feed, s->shown[i].source, s->shown[i].id, "shared", s->shown[i].png);
	s->n = 0;
	arena_reset(s->a);
	return RC_OK;
}

/* A second of simulated life, then what is left of its share of ours. */
static enum rc live_on(const struct simulate *o, struct simulation *sim, struct sending *s)
{
	int64_t started = clock_monotonic(), step = SECOND, total = o->minutes * MINUTE;

	for (int64_t t = 0; !stopped && (total == 0 || t < total); t += step) {
		TRY(simulation_step(sim, step, s ? send_event : print_event, s));
		if (s == NULL || o->speed <= 0)
			continue;
		TRY(send_all(s));
		sleep_until(started + (int64_t)((double)(t + step) / o->speed));
	}
	return s ? send_all(s) : RC_OK;
}

int cmd_simulate(int argc, char **argv)
{
	struct simulate o = { 0 };
	struct sending s = { .feed = NULL };
	int code;

	if (!cli_read(cli_command("simulate"), argc, argv, &o, NULL, NULL, &code))
		return code;
	listen_for_stop();
	if (!o.print && feed_open(&o.feed, &s.feed) != RC_OK)
		return EXIT_FAILED;
	struct simulation *sim = simulation_new((uint64_t)o.seed, clock_now(clock_system()), o.speed);
	s.a = arena_new((size_t)64 << 20);
	s.seed = (uint64_t)o.seed;
	enum rc rc = live_on(&o, sim, s.feed ? &s : NULL);

	arena_free(s.a);
	simulation_free(sim);
	if (stopped)
		rc = RC_OK;
	code = s.feed ? say_counts(s.feed, rc) : rc == RC_OK ? EXIT_FINE : EXIT_FAILED;
	feed_close(s.feed);
	return code;
}
