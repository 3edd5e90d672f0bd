/* feed.h - events sent to a server as any device sends them: CloudEvents over
 * POST /api/sensing/events with a device key.  Shared by replay and simulate. */
#ifndef FEED_H
#define FEED_H

#include "base/json.h"

struct feed;

struct feed_options {
	const char *url;      /* "http://127.0.0.1:8080" */
	const char *key_file; /* "<device id>.<key>" */
};
struct feed_counts {
	int64_t sent, accepted, duplicate, refused, pictures;
};

/* RC_INVALID with a line on stderr: bad URL or key file. */
enum rc feed_open(const struct feed_options *o, struct feed **ret) MUST_USE;
void feed_close(struct feed *f); /* NULL allowed */
/* One JSON event each; sent when 500 wait or at feed_flush.  An unreachable
 * server is waited for (with a line on stderr) as long as '*stop' is false. */
enum rc feed_add(struct feed *f, struct str event_json, const volatile bool *stop) MUST_USE;
enum rc feed_flush(struct feed *f, const volatile bool *stop) MUST_USE;
/* A picture of an event that was sent and flushed, by POST
 * /api/sensing/evidence.  What the server refuses is said on stderr and not
 * sent again. */
void feed_picture(struct feed *f, struct str source, struct str id, const char *kind, struct str png);
struct feed_counts feed_counts(const struct feed *f);

#endif
