/* post.c - see post.h. */
#include "lens/post.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <curl/curl.h>

struct post {
	CURL *curl;
	char base[300], device[200];
	char *ca_file;
	atomic_bool stop;
	char error[CURL_ERROR_SIZE];
};

struct post *post_new(const char *base, const char *device, const char *ca_file)
{
	struct post *p = mem_new(sizeof(*p));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	p->curl = curl_easy_init();
	if (p->curl == NULL)
		fatal("lens: libcurl does not start");
	snprintf(p->base, sizeof(p->base), "%s", base);
	snprintf(p->device, sizeof(p->device), "Authorization: Device %s", device);
	p->ca_file = ca_file ? strdup(ca_file) : NULL;
	return p;
}

void post_free(struct post *p)
{
	if (p == NULL)
		return;
	curl_easy_cleanup(p->curl);
	memset(p->device, 0, sizeof(p->device));
	free(p->ca_file);
	free(p);
}

void post_stop(struct post *p)
{
	atomic_store(&p->stop, true);
}

static size_t take(char *data, size_t size, size_t n, void *to)
{
	struct buf *b = to;

	buf_add(b, (struct str){ data, size * n });
	return b->overflow ? 0 : size * n;
}

static int progress(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct post *p = self;

	(void)a;
	(void)b;
	(void)c;
	(void)d;
	return atomic_load(&p->stop);
}

static void set_up(struct post *p, const char *url, struct buf *out, struct curl_slist *headers, long seconds)
{
	CURL *c = p->curl;

	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, 5L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, seconds);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->error);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, p);
	if (p->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, p->ca_file);
}

static enum rc perform(struct post *p, struct buf *out, struct post_answer *ret)
{
	curl_off_t wait = 0;

	p->error[0] = '\0';
	CURLcode code = curl_easy_perform(p->curl);

	*ret = (struct post_answer){ 0 };
	if (code != CURLE_OK) {
		ret->error = p->error[0] ? p->error : curl_easy_strerror(code);
		return RC_BUSY;
	}
	curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &ret->status);
	if (curl_easy_getinfo(p->curl, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
		ret->retry_after_s = wait;
	ret->body = buf_str(out);
	return RC_OK;
}

static struct curl_slist *headers_of(const struct post *p, const char *type)
{
	char line[120];
	struct curl_slist *h = curl_slist_append(NULL, p->device);

	if (type) {
		snprintf(line, sizeof(line), "Content-Type: %s", type);
		h = curl_slist_append(h, line);
	}
	h = curl_slist_append(h, "Expect:");
	return h;
}

enum rc post_text(struct post *p, struct arena *a, const char *path, const char *type, struct str body,
		  struct post_answer *ret)
{
	char url[1200];
	struct buf out = buf_new(a, POST_ANSWER_MOST);
	struct curl_slist *h = headers_of(p, type);

	snprintf(url, sizeof(url), "%s%s", p->base, path);
	set_up(p, url, &out, h, 15);
	curl_easy_setopt(p->curl, CURLOPT_POST, 1L);
	curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	enum rc rc = perform(p, &out, ret);

	curl_slist_free_all(h);
	return rc;
}

enum rc post_file(struct post *p, struct arena *a, const char *path, const char *type, const char *file,
		  struct post_answer *ret)
{
	char url[1200];
	struct buf out = buf_new(a, POST_ANSWER_MOST);
	struct curl_slist *h = headers_of(p, type);
	FILE *in = fopen(file, "rb");
	struct stat st;
	enum rc rc = RC_MISSING;

	*ret = (struct post_answer){ .error = "the file is gone" };
	if (in && fstat(fileno(in), &st) == 0) {
		snprintf(url, sizeof(url), "%s%s", p->base, path);
		set_up(p, url, &out, h, 120);
		curl_easy_setopt(p->curl, CURLOPT_POST, 1L);
		curl_easy_setopt(p->curl, CURLOPT_READDATA, in);
		curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)st.st_size);
		rc = perform(p, &out, ret);
	}
	if (in)
		fclose(in);
	curl_slist_free_all(h);
	return rc;
}

enum rc post_get(struct post *p, struct arena *a, const char *path, struct post_answer *ret)
{
	char url[1200];
	struct buf out = buf_new(a, POST_ANSWER_MOST);
	struct curl_slist *h = headers_of(p, NULL);

	snprintf(url, sizeof(url), "%s%s", p->base, path);
	set_up(p, url, &out, h, 15);
	enum rc rc = perform(p, &out, ret);

	curl_slist_free_all(h);
	return rc;
}
