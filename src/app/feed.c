#include "app/feed.h"

#include "sys/client.h"
#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 500, BATCH_BYTES = 4 << 20, WAIT_MS = 500 };

struct feed {
	struct arena *arena; /* of the batch */
	struct http_client *client;
	struct buf body;
	size_t waiting;
	struct feed_counts counts;
	char url[300], base[300], auth[300];
};

static void fresh(struct feed *f)
{
	arena_reset(f->arena);
	f->body = buf_new(f->arena, BATCH_BYTES + (1 << 20));
	f->waiting = 0;
}

enum rc feed_open(const struct feed_options *o, struct feed **ret)
{
	struct arena *a = arena_new((size_t)64 << 20);
	struct feed *f = mem_new(sizeof(*f));
	struct str key;

	f->arena = a;
	f->client = http_client_new();
	if (file_read(a, o->key_file, 200, &key) != RC_OK || str_trim(key).n < 20) {
		fprintf(stderr, "no device key in %s\n", o->key_file);
		feed_close(f);
		return RC_INVALID;
	}
	key = str_trim(key);
	snprintf(f->auth, sizeof(f->auth), "Device " FMT_STR, ARG_STR(key));
	if (snprintf(f->url, sizeof(f->url), "%s/api/sensing/events", o->url) >= (int)sizeof(f->url)) {
		fprintf(stderr, "the address is too long\n");
		feed_close(f);
		return RC_INVALID;
	}
	snprintf(f->base, sizeof(f->base), "%s", o->url);
	fresh(f);
	*ret = f;
	return RC_OK;
}

void feed_close(struct feed *f)
{
	if (f == NULL)
		return;
	http_client_free(f->client);
	arena_free(f->arena);
	free(f);
}

static void nap(void)
{
	struct timespec ts = { .tv_nsec = WAIT_MS * 1000000L };

	nanosleep(&ts, NULL);
}

static void count(struct feed *f, struct arena *a, const struct http_client_answer *answer)
{
	struct json *j = NULL;
	struct json_error err;

	if (json_parse(a, answer->body, 0, &j, &err) != RC_OK)
		return;
	f->counts.accepted += json_get_int(j, "accepted", 0);
	f->counts.duplicate += json_get_int(j, "duplicate", 0);
	f->counts.refused += json_get_int(j, "refused", 0);
}

/* Sent again until the server has it: the same ids make a second telling
 * harmless. */
enum rc feed_flush(struct feed *f, const volatile bool *stop)
{
	struct arena *a = arena_new((size_t)16 << 20);
	enum rc rc = RC_OK;
	bool told = false;

	while (f->waiting && rc == RC_OK) {
		const struct http_header h[] = { { "Content-Type", "application/x-ndjson" },
						 { "Authorization", f->auth } };
		struct http_client_request q = { .url = f->url,
						 .headers = h,
						 .headers_n = 2,
						 .body = buf_str(&f->body),
						 .timeout = 30 * SECOND,
						 .max_body = 4 << 20,
						 .allow_private = true };
		struct http_client_answer answer = { 0 };

		rc = http_client_send(f->client, &q, a, &answer);
		if (rc == RC_OK && answer.status < 300) {
			count(f, a, &answer);
			f->counts.sent += (int64_t)f->waiting;
			f->waiting = 0;
		} else if (*stop) {
			rc = RC_BUSY;
		} else if (rc == RC_BUSY || answer.status == 503 || answer.status == 429) {
			if (!told)
				fprintf(stderr, "waiting for the server\n");
			told = true;
			rc = RC_OK;
			nap();
		} else {
			fprintf(stderr, "the server refuses: %u " FMT_STR "\n", answer.status, ARG_STR(answer.body));
			rc = RC_DENIED;
		}
		arena_reset(a);
	}
	arena_free(a);
	if (rc == RC_OK)
		fresh(f);
	return rc;
}

enum rc feed_add(struct feed *f, struct str event_json, const volatile bool *stop)
{
	if (f->waiting == BATCH || f->body.n + event_json.n > BATCH_BYTES)
		TRY(feed_flush(f, stop));
	buf_add(&f->body, event_json);
	buf_char(&f->body, '\n');
	f->waiting++;
	return RC_OK;
}

/* Sources and ids of ours need no encoding but for the slash. */
static struct str encoded(struct arena *a, struct str s)
{
	struct buf b = buf_new(a, s.n * 3 + 1);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '/')
			buf_add(&b, STR("%2F"));
		else
			buf_char(&b, s.p[i]);
	return buf_str(&b);
}

void feed_picture(struct feed *f, struct str source, struct str id, const char *kind, struct str png)
{
	struct arena *a = arena_new((size_t)16 << 20);
	const struct http_header h[] = { { "Content-Type", "image/png" }, { "Authorization", f->auth } };
	struct http_client_request q = {
		.url = arena_fmt(a, "%s/api/sensing/evidence?kind=%s&source=" FMT_STR "&id=" FMT_STR, f->base, kind,
				 ARG_STR(encoded(a, source)), ARG_STR(encoded(a, id)))
			       .p,
		.headers = h,
		.headers_n = 2,
		.body = png,
		.timeout = 10 * SECOND,
		.allow_private = true
	};
	struct http_client_answer answer = { 0 };

	if (http_client_send(f->client, &q, a, &answer) != RC_OK || answer.status >= 300)
		fprintf(stderr, "a picture was not taken: %u " FMT_STR "\n", answer.status, ARG_STR(answer.body));
	else
		f->counts.pictures++;
	arena_free(a);
}

struct feed_counts feed_counts(const struct feed *f)
{
	return f->counts;
}
