/* post.h - HTTP(S) to the server, by libcurl; one thread at a time.
 *
 * No redirects, no proxies, http and https only; the peer's certificate is
 * checked.
 */
#ifndef LENS_POST_H
#define LENS_POST_H

#include "base/base.h"

enum { POST_ANSWER_MOST = 1 << 20 };

struct post;
/* 'base': "https://host:port" without a slash at the end; 'device': "<id>.<key>". */
struct post *post_new(const char *base, const char *device, const char *ca_file);
void post_free(struct post *p); /* NULL allowed */
/* Makes a running call end soon; from any thread. */
void post_stop(struct post *p);

struct post_answer {
	long status;     /* HTTP; 0: no answer */
	struct str body; /* lives in 'a' */
	const char *error;
	int64_t retry_after_s;
};
/* RC_OK with any status; RC_BUSY without an answer. */
enum rc post_text(struct post *p, struct arena *a, const char *path, const char *type, struct str body,
		  struct post_answer *ret) MUST_USE;
/* The body is a file, read while it is sent. */
enum rc post_file(struct post *p, struct arena *a, const char *path, const char *type, const char *file,
		  struct post_answer *ret) MUST_USE;
enum rc post_get(struct post *p, struct arena *a, const char *path, struct post_answer *ret) MUST_USE;

#endif
