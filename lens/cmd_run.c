/* cmd_run.c - jiuan-lens run --config FILE: cameras until told to end. */
#include "lens/command.h"
#include "lens/note.h"
#include "lens/station.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ARENA = 16 << 20 };
#define BEAT       (30 * SECOND)
#define GOOD_BYE   (10 * SECOND)
#define LAST_WORDS (5 * SECOND)
#define ALL_WORDS  (60 * SECOND) /* recordings are over: bring what there is */

static int refuse(const char *what, const char *why)
{
	fprintf(stderr, "jiuan-lens: %s: %s\n", what, why);
	return EXIT_REFUSED;
}

/* Resident memory in KiB; 0: not known. */
static long resident_kb(void)
{
	char line[128] = "";
	long pages = 0, rest;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL || sscanf(line, "%ld %ld", &rest, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void tell_minute(struct station *st, struct camera **cameras, int n)
{
	struct spool_stats sp = spool_stats(st->spool);
	struct evidence_stats ev = evidence_stats(st->desk);
	struct sender_stats se = { 0 };
	int64_t lost = 0;

	if (st->sender)
		se = sender_stats(st->sender);
	for (int k = 0; k < SPOOL_N; k++)
		lost += sp.lost[k];
	for (int i = 0; i < n; i++)
		camera_minute(cameras[i]);
	note(NOTE_INFO, "process", NULL,
	     "cameras=%d spool_files=%lld spool_bytes=%lld spool_lost=%lld sent=%lld duplicate=%lld refused=%lld "
	     "evidence_sent=%lld send_failures=%lld connected=%d evidence_made=%lld evidence_failed=%lld "
	     "evidence_dropped=%lld rss_kb=%ld",
	     n, (long long)sp.files, (long long)sp.bytes, (long long)lost, (long long)se.taken, (long long)se.duplicate,
	     (long long)se.refused, (long long)se.evidence, (long long)se.failures, se.connected, (long long)ev.made,
	     (long long)ev.failed, (long long)ev.dropped, resident_kb());
}

static bool all_ended(struct camera **cameras, int n)
{
	for (int i = 0; i < n; i++)
		if (!camera_ended(cameras[i]))
			return false;
	return true;
}

/* Until a signal (true) or the end of all recordings (false). */
static bool watch(struct station *st, struct camera **cameras, int n, const sigset_t *signals)
{
	int64_t beat = 0, minute = clock_monotonic() + MINUTE;
	struct timespec tick = { .tv_nsec = 100000000 };

	while (!all_ended(cameras, n)) {
		int64_t now = clock_monotonic();

		if (sigtimedwait(signals, NULL, &tick) > 0)
			return true;
		if (now >= beat) {
			beat = now + (beat == 0 ? 3 * SECOND : BEAT);
			for (int i = 0; i < n; i++)
				camera_heartbeat(cameras[i]);
		}
		if (now >= minute) {
			minute = now + MINUTE;
			tell_minute(st, cameras, n);
		}
	}
	return false;
}

static void bring_all(struct station *st, const sigset_t *signals)
{
	int64_t until = clock_monotonic() + ALL_WORDS;
	struct timespec tick = { .tv_nsec = 50000000 };

	while (st->sender && spool_stats(st->spool).files > 0 && clock_monotonic() < until) {
		struct sender_stats s = sender_stats(st->sender);

		if ((s.failures > 0 && !s.connected) || sigtimedwait(signals, NULL, &tick) > 0)
			return;
	}
}

static int serve(struct station *st, const sigset_t *signals)
{
	int n = st->settings->cameras_n;
	struct camera **cameras = mem_new((size_t)n * sizeof(struct camera *));

	st->desk = evidence_start(st);
	for (int i = 0; i < n; i++)
		cameras[i] = camera_start(st, &st->settings->cameras[i], (unsigned)i);
	note(NOTE_INFO, "running", NULL, "cameras=%d version=" JIUAN_VERSION, n);
	bool told = watch(st, cameras, n, signals);

	atomic_store(&st->stop, true);
	tell_minute(st, cameras, n);
	for (int i = 0; i < n; i++)
		camera_stop(cameras[i]);
	evidence_stop(st->desk, told ? GOOD_BYE : 10 * MINUTE);
	if (!told)
		bring_all(st, signals);
	sender_stop(st->sender, LAST_WORDS);
	note(NOTE_INFO, "ended", NULL, "spool_files=%lld", (long long)spool_stats(st->spool).files);
	free(cameras);
	return EXIT_FINE;
}

static int open_station(struct station *st, const sigset_t *signals)
{
	const struct settings *s = st->settings;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (s->seal_key && seal_read_key(str_of(s->seal_key), &st->seal) != RC_OK)
		return refuse("server.seal_key", "is no key");
	enum rc rc = spool_open(s->spool, s->spool_bytes, &st->spool);

	if (rc != RC_OK)
		return refuse(s->spool,
			      rc == RC_CONFLICT ? "another jiuan-lens works here" : "cannot be used as spool");
	sem_init(&st->gate, 0, s->workers > 0 ? (unsigned)s->workers : cores > 0 ? (unsigned)cores : 1);
	if (s->server) {
		struct sender_option o = { s->server, s->device, s->ca_file, st->spool, { NULL }, 0 };

		for (int i = 0; i < s->cameras_n; i++)
			o.sources[o.sources_n++] = s->cameras[i].source;
		st->sender = sender_start(&o);
	}
	int code = serve(st, signals);

	spool_close(st->spool);
	sem_destroy(&st->gate);
	return code;
}

int cmd_run(int argc, char **argv)
{
	struct arena *a = arena_new(ARENA);
	struct settings settings;
	struct settings_error err;
	struct station *st = mem_new(sizeof(*st));
	sigset_t signals;
	int code;

	if (argc != 3 || strcmp(argv[1], "--config") != 0) {
		fputs("usage: jiuan-lens run --config FILE\n", stderr);
		code = EXIT_WORDS;
	} else if (seal_init() != RC_OK) {
		code = refuse("libsodium", "does not start");
	} else if (settings_read(a, argv[2], &settings, &err) != RC_OK) {
		code = refuse("configuration", err.text);
	} else {
		signal(SIGPIPE, SIG_IGN);
		/* Blocked before any thread starts: only the waiting one takes them. */
		sigemptyset(&signals);
		sigaddset(&signals, SIGTERM);
		sigaddset(&signals, SIGINT);
		pthread_sigmask(SIG_BLOCK, &signals, NULL);
		st->settings = &settings;
		code = open_station(st, &signals);
	}
	free(st);
	arena_free(a);
	return code;
}
