/* client.c - libcurl's easy interface behind our rules. */
#include "sys/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_client {
	CURL *curl;
};

/* One call; lives on the stack of http_client_send(). */
struct call {
	const struct http_client_request *q;
	struct arena *a;
	struct buf body;
	struct http_client_answer *answer;
	bool private_seen;
};

struct http_client *http_client_new(void)
{
	struct http_client *c = mem_new(sizeof *c);
	/* Thread-safe since libcurl 7.84, and counted. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (c->curl = curl_easy_init()) == NULL)
		fatal("client: libcurl does not start");
	return c;
}

void http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c);
}

/* After resolution, before connecting: what is checked is what is used. */
static curl_socket_t open_socket(void *cls, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct call *call = cls;
	(void)purpose;
	if (!call->q->allow_private && net_is_private_addr(&to->addr)) {
		call->private_seen = true;
		return CURL_SOCKET_BAD;
	}
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t take_body(char *p, size_t size, size_t n, void *cls)
{
	struct call *call = cls;
	buf_add(&call->body, (struct str){ p, size * n });
	return call->body.overflow ? 0 : size * n;
}

static bool header_is(struct str line, const char *name, struct str *value)
{
	size_t n = strlen(name);
	if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
		return false;
	*value = str_trim((struct str){ line.p + n + 1, line.n - n - 1 });
	return true;
}

static size_t take_header(char *p, size_t size, size_t n, void *cls)
{
	struct call *call = cls;
	struct str line = { p, size * n }, value;
	if (header_is(line, "Content-Type", &value))
		call->answer->content_type = arena_dup(call->a, value);
	else if (header_is(line, "Retry-After", &value))
		call->answer->retry_after = arena_dup(call->a, value);
	else if (header_is(line, "ETag", &value))
		call->answer->etag = arena_dup(call->a, value);
	return size * n;
}

struct target {
	char *scheme, *host, *port, *user;
};

static void target_free(struct target *t)
{
	curl_free(t->scheme);
	curl_free(t->host);
	curl_free(t->port);
	curl_free(t->user);
}

static enum rc target_read(const char *url, struct target *t)
{
	CURLU *u = curl_url();
	enum rc rc = RC_INVALID;
	if (u && curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_SCHEME, &t->scheme, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &t->host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &t->port, CURLU_DEFAULT_PORT) == CURLUE_OK)
		rc = RC_OK;
	curl_url_cleanup(u);
	return rc;
}

static enum rc refuse(struct http_client_answer *ret, enum rc rc, const char *error)
{
	ret->error = error;
	return rc;
}

static enum rc check_target(const struct http_client_request *q, struct arena *a, struct http_client_answer *ret)
{
	struct target t = { 0 };
	int64_t port = 0;
	enum rc rc = target_read(q->url, &t);
	if (rc != RC_OK || str_int(str_of(t.port), &port) != RC_OK) {
		target_free(&t);
		return refuse(ret, RC_INVALID, "url");
	}
	struct str scheme = arena_dup(a, str_of(t.scheme)), host = str_of(t.host);
	if (host.n > 2 && host.p[0] == '[')
		host = (struct str){ host.p + 1, host.n - 2 };
	char *lower = arena_z(a, host);
	for (char *p = lower; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
	target_free(&t);
	if (!str_is(scheme, "https") && (q->https_only || !str_is(scheme, "http")))
		return refuse(ret, RC_INVALID, "url");
	if (q->allow && !q->allow(q->arg, scheme, str_of(lower), (uint16_t)port))
		return refuse(ret, RC_DENIED, "host_denied");
	return RC_OK;
}

static enum rc build_headers(const struct http_client_request *q, struct arena *a, struct curl_slist **list)
{
	for (size_t i = 0; i < q->headers_n; i++) {
		const char *value = q->headers[i].value;
		if (strpbrk(q->headers[i].name, "\r\n:") || strpbrk(value, "\r\n"))
			return RC_INVALID;
		/* libcurl wants "Name;" for an empty value. */
		struct str line = *value ? arena_fmt(a, "%s: %s", q->headers[i].name, value)
					 : arena_fmt(a, "%s;", q->headers[i].name);
		struct curl_slist *more = curl_slist_append(*list, line.p);
		if (more == NULL)
			return RC_BUSY;
		*list = more;
	}
	/* No wait for "100 Continue". */
	struct curl_slist *more = curl_slist_append(*list, "Expect:");
	if (more)
		*list = more;
	return RC_OK;
}

static enum rc judge(CURLcode code, const struct call *call, struct http_client_answer *ret)
{
	if (call->body.overflow)
		return refuse(ret, RC_LIMIT, "too_large");
	if (call->private_seen && code != CURLE_OK)
		return refuse(ret, RC_DENIED, "private_address");
	switch (code) {
	case CURLE_OK: return RC_OK;
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL: return refuse(ret, RC_INVALID, "url");
	case CURLE_COULDNT_RESOLVE_HOST: return refuse(ret, RC_BUSY, "resolve");
	case CURLE_COULDNT_CONNECT: return refuse(ret, RC_BUSY, "connect");
	case CURLE_OPERATION_TIMEDOUT: return refuse(ret, RC_BUSY, "timeout");
	case CURLE_FILESIZE_EXCEEDED: return refuse(ret, RC_LIMIT, "too_large");
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_SSL_CERTPROBLEM: return refuse(ret, RC_BUSY, "tls");
	default: return refuse(ret, RC_BUSY, "broken");
	}
}

static void set_rules(CURL *c, struct call *call)
{
	const struct http_client_request *q = call->q;
	curl_easy_setopt(c, CURLOPT_URL, q->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, q->https_only ? "https" : "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)((q->timeout ? q->timeout : 5 * SECOND) / MILLI));
	curl_easy_setopt(c, CURLOPT_USERAGENT, "jiuan");
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, call);
	/* A kept connection was checked by another call, perhaps with
	 * allow_private: take a new one unless this call may go anywhere. */
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, q->allow_private ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (q->ca_file)
		curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file);
	if (q->pin_sha256)
		curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, q->pin_sha256);
}

static void set_method(CURL *c, const struct http_client_request *q)
{
	const char *method = q->method ? q->method : q->body.p ? "POST" : "GET";
	if (q->body.p || strcmp(method, "POST") == 0) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.p ? q->body.p : "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.n);
	}
	if (strcmp(method, "HEAD") == 0)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	else
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

enum rc http_client_send(struct http_client *c, const struct http_client_request *q, struct arena *a,
			 struct http_client_answer *ret)
{
	struct curl_slist *headers = NULL;
	struct call call = { .q = q, .a = a, .answer = ret };
	memset(ret, 0, sizeof *ret);
	TRY(check_target(q, a, ret));
	call.body = buf_new(a, q->max_body ? q->max_body : (size_t)64 << 10);
	enum rc rc = build_headers(q, a, &headers);
	if (rc != RC_OK) {
		curl_slist_free_all(headers);
		return refuse(ret, rc, "header");
	}
	curl_easy_reset(c->curl); /* keeps live connections */
	set_rules(c->curl, &call);
	set_method(c->curl, q);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	CURLcode code = curl_easy_perform(c->curl);
	curl_slist_free_all(headers);
	rc = judge(code, &call, ret);
	if (rc != RC_OK)
		return rc;
	long status = 0;
	curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	ret->status = (unsigned)status;
	if (call.body.n > 0)
		ret->body = buf_str(&call.body);
	return RC_OK;
}
