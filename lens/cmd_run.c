/* cmd_run.c - jiuan-lens run --config FILE: cameras until told to end. */
#include "lens/approval.h"
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
#define ASK        MINUTE /* whether cameras or drawings changed */
#define ASK_AGAIN  (2 * SECOND)
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
	FILE *f = fopen("/proc/self/statm", "r");
	struct str rest, word = NO_STR;
	int64_t pages = 0;

	if (f == NULL)
		return 0;
	rest = str_of(fgets(line, sizeof(line), f));
	fclose(f);
	/* "size resident shared ..." in pages */
	for (int i = 0; i < 2; i++)
		if (!str_cut(&rest, ' ', &word))
			return 0;
	if (str_int(word, &pages) != RC_OK)
		return 0;
	return (long)pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* The cameras that run, and what the server says of them. */
struct watchers {
	struct camera *cameras[CAMERAS_MAX];
	int n;
	struct approval approval;
	struct post *post; /* NULL: no server, all of the configuration */
	struct arena *a;
	int64_t ask_at;
};

static void tell_minute(struct station *st, struct watchers *w)
{
	struct spool_stats sp = spool_stats(st->spool);
	struct evidence_stats ev = evidence_stats(st->desk);
	struct sender_stats se = { 0 };
	int64_t lost = 0;

	if (st->sender)
		se = sender_stats(st->sender);
	for (int k = 0; k < SPOOL_N; k++)
		lost += sp.lost[k];
	for (int i = 0; i < w->n; i++)
		camera_minute(w->cameras[i]);
	note(NOTE_INFO, "process", NULL,
	     "cameras=%d spool_files=%lld spool_bytes=%lld spool_lost=%lld sent=%lld duplicate=%lld refused=%lld "
	     "evidence_sent=%lld send_failures=%lld connected=%d evidence_made=%lld evidence_failed=%lld "
	     "evidence_dropped=%lld rss_kb=%ld",
	     w->n, (long long)sp.files, (long long)sp.bytes, (long long)lost, (long long)se.taken,
	     (long long)se.duplicate, (long long)se.refused, (long long)se.evidence, (long long)se.failures,
	     se.connected, (long long)ev.made, (long long)ev.failed, (long long)ev.dropped, resident_kb());
}

static void start_cameras(struct station *st, struct watchers *w)
{
	const struct settings *s = st->settings;
	struct camera_setting *allowed = s->cameras;
	int n = s->cameras_n;

	if (w->post)
		n = w->approval.text.n ? approval_apply(&w->approval, s, w->a, &allowed) : 0;
	atomic_store(&st->stop, false);
	for (w->n = 0; w->n < n; w->n++)
		w->cameras[w->n] = camera_start(st, &allowed[w->n], (unsigned)w->n);
	note(NOTE_INFO, "running", NULL, "cameras=%d version=" JIUAN_VERSION, n);
}

static void stop_cameras(struct station *st, struct watchers *w)
{
	atomic_store(&st->stop, true);
	for (int i = 0; i < w->n; i++)
		camera_stop(w->cameras[i]);
	w->n = 0;
}

/* True: something changed, the cameras were started anew. */
static bool ask_server(struct station *st, struct watchers *w)
{
	bool connected;

	if (w->post == NULL || clock_monotonic() < w->ask_at)
		return false;
	bool changed = approval_ask(&w->approval, w->post, w->a, st->settings->spool, &connected);

	w->ask_at = clock_monotonic() + (connected ? ASK : ASK_AGAIN);
	if (!changed) {
		if (w->approval.text.n == 0)
			note(NOTE_WARN, "no_approval", NULL,
			     "reason=\"the server has not said which cameras may run\"");
		return false;
	}
	stop_cameras(st, w);
	start_cameras(st, w);
	return true;
}

/* Recordings are over; a lens without a camera waits for one. */
static bool all_ended(const struct watchers *w)
{
	for (int i = 0; i < w->n; i++)
		if (!camera_ended(w->cameras[i]))
			return false;
	return w->n > 0;
}

/* Until a signal (true) or the end of all recordings (false). */
static bool watch(struct station *st, struct watchers *w, const sigset_t *signals)
{
	int64_t beat = 0, minute = clock_monotonic() + MINUTE;
	struct timespec tick = { .tv_nsec = 100000000 };

	while (!all_ended(w)) {
		if (sigtimedwait(signals, NULL, &tick) > 0)
			return true;
		if (ask_server(st, w))
			beat = 0;
		int64_t now = clock_monotonic();

		if (now >= beat) {
			beat = now + (beat == 0 ? 3 * SECOND : BEAT);
			for (int i = 0; i < w->n; i++)
				camera_heartbeat(w->cameras[i]);
		}
		if (now >= minute) {
			minute = now + MINUTE;
			tell_minute(st, w);
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
	const struct settings *s = st->settings;
	struct watchers *w = mem_new(sizeof(*w));

	w->a = arena_new(ARENA);
	st->desk = evidence_start(st);
	if (s->server)
		w->post = post_new(s->server, s->device, s->ca_file);
	else
		start_cameras(st, w);
	bool told = watch(st, w, signals);

	tell_minute(st, w);
	stop_cameras(st, w);
	evidence_stop(st->desk, told ? GOOD_BYE : 10 * MINUTE);
	if (!told)
		bring_all(st, signals);
	sender_stop(st->sender, LAST_WORDS);
	note(NOTE_INFO, "ended", NULL, "spool_files=%lld", (long long)spool_stats(st->spool).files);
	post_free(w->post);
	arena_free(w->a);
	free(w);
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
