/* reader.c - see reader.h. */
#include "lens/reader.h"

#include "lens/note.h"
#include "lens/stamps.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { FOLDER_MOST = 100000, BACKOFF_MOST_S = 30 };
#define LOOK_AGAIN (5 * SECOND)
#define STEADY     MINUTE

struct stream_reader {
	struct station *st;
	const struct camera_setting *camera;
	const char *url;
	struct ring *ring;
	pthread_t thread;
	pthread_mutex_t lock;
	struct reader_stats stats;
	struct stamps stamps;
	unsigned epoch;
	uint32_t dice;
	int64_t paced_from, paced_pts; /* monotonic time of this stamp */
};

static bool stopping(const struct stream_reader *r)
{
	return atomic_load(&r->st->stop);
}

static void sleep_for(const struct stream_reader *r, int64_t span)
{
	int64_t until = clock_monotonic() + span;

	for (int64_t left = span; left > 0 && !stopping(r); left = until - clock_monotonic()) {
		int64_t part = left < 100 * MILLI ? left : 100 * MILLI;
		struct timespec t = { .tv_sec = part / SECOND, .tv_nsec = part % SECOND * 1000 };

		nanosleep(&t, NULL);
	}
}

static void failed(struct stream_reader *r, const struct decode_error *err)
{
	pthread_mutex_lock(&r->lock);
	r->stats.connected = false;
	r->stats.failures++;
	snprintf(r->stats.why, sizeof(r->stats.why), "%s", err->text);
	pthread_mutex_unlock(&r->lock);
	note(NOTE_WARN, "camera_lost", r->camera->name, "reason=%s", NOTE_VALUE(err->text));
}

/* A recording played as if it were live. */
static void keep_pace(struct stream_reader *r, int64_t stamp)
{
	int64_t now = clock_monotonic();

	if (!r->camera->pace)
		return;
	if (r->paced_from == 0 || stamp < r->paced_pts || stamp - r->paced_pts > now - r->paced_from + MINUTE) {
		r->paced_from = now;
		r->paced_pts = stamp;
		return;
	}
	sleep_for(r, r->paced_from + (stamp - r->paced_pts) - now);
}

static bool put(struct stream_reader *r, struct packet *p)
{
	int64_t wall;
	size_t bytes = p->bytes;

	keep_pace(r, p->dts_us);
	if (stamps_note(&r->stamps, p->dts_us, clock_now(clock_system()), &wall) == STAMP_JUMP) {
		r->epoch++;
		note(NOTE_WARN, "camera_clock_jumped", r->camera->name, "stamp=%lld", (long long)p->dts_us);
	}
	p->wall = wall + p->pts_us - p->dts_us;
	p->epoch = r->epoch;
	pthread_mutex_lock(&r->lock);
	r->stats.packets++;
	r->stats.bytes += (int64_t)bytes;
	r->stats.jumps = r->stamps.jumps;
	r->stats.backs = r->stamps.backs;
	r->stats.last_at = clock_monotonic();
	pthread_mutex_unlock(&r->lock);
	return ring_put(r->ring, p);
}

/* 0: by the time it comes. */
static int64_t start_of(const struct stream_reader *r, const char *path)
{
	struct stat st;

	if (r->camera->start_at) /* the files of a folder follow each other */
		return r->stamps.begun ? r->stamps.zero + r->stamps.last + 40 * MILLI : r->camera->start_at;
	if (r->camera->pace)
		return clock_now(clock_system());
	return stat(path, &st) == 0 && st.st_mtime > 0 ? (int64_t)st.st_mtime * SECOND : SECOND;
}

/* One connection or one file from start to end. */
static enum rc play(struct stream_reader *r, const char *url, struct decode_error *err)
{
	struct input_option o = { .url = url,
				  .udp = r->camera->udp,
				  .verify = r->camera->verify,
				  .ca_file = r->camera->ca_file,
				  .stop = &r->st->stop,
				  .max_pixels = r->camera->max_pixels };
	struct input *in;
	struct packet *p;
	enum rc rc;

	TRY(input_open(&o, &in, err));
	stamps_init(&r->stamps, input_is_net(url) ? 0 : start_of(r, url));
	r->epoch++;
	r->paced_from = 0;
	pthread_mutex_lock(&r->lock);
	r->stats.connects++;
	r->stats.connected = true;
	pthread_mutex_unlock(&r->lock);
	note(NOTE_INFO, "camera_connected", r->camera->name, "rate=%.1f", input_rate(in));
	while ((rc = input_read(in, &p, err)) == RC_OK)
		if (!put(r, p)) {
			rc = RC_CONFLICT;
			break;
		}
	input_close(in);
	return rc;
}

static void follow_network(struct stream_reader *r)
{
	int64_t pause = 0;

	while (!stopping(r)) {
		struct decode_error err = { "the camera ended the stream" };
		int64_t began = clock_monotonic();

		(void)!play(r, r->url, &err);
		if (stopping(r))
			return;
		failed(r, &err);
		if (clock_monotonic() - began > STEADY)
			pause = 0;
		pause = pause == 0 ? SECOND : 2 * pause < BACKOFF_MOST_S * SECOND ? 2 * pause : BACKOFF_MOST_S * SECOND;
		r->dice = r->dice * 1664525 + 1013904223;
		sleep_for(r, pause - (int64_t)((double)pause / 2 * (double)(r->dice >> 8) / (1 << 24)));
	}
}

static void play_file(struct stream_reader *r, const char *path)
{
	struct decode_error err = { "" };
	enum rc rc = play(r, path, &err);

	/* A recording that ends in mid-picture was cut: what there was is seen. */
	if (rc != RC_MISSING && rc != RC_CONFLICT && !stopping(r))
		failed(r, &err);
	else if (rc == RC_MISSING && err.text[0])
		failed(r, &err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names after 'after' in order; returns how many. */
static size_t list_folder(const char *folder, const char *after, char **names)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	if (d == NULL)
		return 0;
	for (struct dirent *e = readdir(d); e && n < FOLDER_MOST; e = readdir(d))
		if (e->d_name[0] != '.' && strcmp(e->d_name, after) > 0) {
			names[n] = strdup(e->d_name);
			n += names[n] != NULL;
		}
	closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

static void play_folder(struct stream_reader *r)
{
	char **names = mem_new(FOLDER_MOST * sizeof(*names)), last[256] = "";

	for (bool first = true; !stopping(r); first = false) {
		size_t n = list_folder(r->url, last, names);

		for (size_t i = 0; i < n; i++) {
			char path[2048];

			snprintf(path, sizeof(path), "%s/%s", r->url, names[i]);
			if (!stopping(r))
				play_file(r, path);
			snprintf(last, sizeof(last), "%s", names[i]);
			free(names[i]);
		}
		if (!r->camera->pace || (first && n == 0 && !r->camera->pace))
			break;
		sleep_for(r, LOOK_AGAIN);
	}
	free(names);
}

static void *run(void *self)
{
	struct stream_reader *r = self;
	struct stat st;

	if (input_is_net(r->url))
		follow_network(r);
	else if (stat(r->url, &st) == 0 && S_ISDIR(st.st_mode))
		play_folder(r);
	else
		play_file(r, r->url);
	pthread_mutex_lock(&r->lock);
	r->stats.ended = true;
	r->stats.connected = false;
	pthread_mutex_unlock(&r->lock);
	ring_close(r->ring);
	return NULL;
}

struct stream_reader *reader_start(struct station *st, const struct camera_setting *c, const char *url,
				   struct ring *ring)
{
	struct stream_reader *r = mem_new(sizeof(*r));

	r->st = st;
	r->camera = c;
	r->url = url;
	r->ring = ring;
	r->dice = (uint32_t)clock_monotonic() ^ (uint32_t)(uintptr_t)r;
	pthread_mutex_init(&r->lock, NULL);
	if (pthread_create(&r->thread, NULL, run, r) != 0)
		fatal("lens: no thread for a camera");
	return r;
}

void reader_stop(struct stream_reader *r)
{
	if (r == NULL)
		return;
	ring_close(r->ring);
	pthread_join(r->thread, NULL);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void reader_stats(struct stream_reader *r, struct reader_stats *ret)
{
	pthread_mutex_lock(&r->lock);
	*ret = r->stats;
	pthread_mutex_unlock(&r->lock);
}
