/* client.h - outgoing HTTP(S) by libcurl.
 *
 * Guard against requests that strangers aim at our own network (SSRF): the
 * address is checked at the moment of connecting, after name resolution, so a
 * name that changes its address between check and use gains nothing.  No
 * redirects, no proxies, no credentials in URLs, only http and https.
 */
#ifndef SYS_CLIENT_H
#define SYS_CLIENT_H

#include "base/base.h"
#include "sys/http.h"

struct sockaddr;
struct http_client;

/* Keeps connections between calls.  One thread at a time. */
struct http_client *http_client_new(void);
void http_client_free(struct http_client *c); /* NULL allowed */

/* May this host be called?  Asked before anything is resolved; 'host' is lower
 * case, without port and brackets. */
typedef bool http_client_allow(void *arg, struct str scheme, struct str host, uint16_t port);

struct http_client_request {
	const char *method; /* NULL: GET, or POST with a body */
	const char *url;
	const struct http_header *headers;
	size_t headers_n;
	struct str body;    /* absent: none */
	int64_t timeout;    /* microseconds for the whole call; 0: 5 s */
	size_t max_body;    /* bytes of the answer; 0: 64 KiB */
	bool allow_private; /* also net_is_private() addresses, e.g. Frigate beside us */
	bool https_only;
	http_client_allow *allow; /* NULL: every host */
	void *arg;
	const char *ca_file;    /* PEM; NULL: the system's */
	const char *pin_sha256; /* base64 of the server key's hash ("sha256//..."); NULL: none */
};

struct http_client_answer {
	unsigned status;
	struct str body;         /* absent when empty */
	struct str content_type; /* absent when not sent */
	struct str retry_after;
	struct str etag;
	const char *error; /* NULL, or why there is no answer: "url", "host_denied", "private_address",
			    * "resolve", "connect", "timeout", "tls", "too_large", "header", "broken" */
};

/* RC_OK with any status; everything in *ret lives in 'a'.  RC_INVALID: bad URL
 * or header; RC_DENIED: host or address not allowed; RC_LIMIT: answer longer
 * than max_body; RC_BUSY: no connection, time-out, broken answer. */
enum rc http_client_send(struct http_client *c, const struct http_client_request *q, struct arena *a,
			 struct http_client_answer *ret) MUST_USE;

/* Not an address of the public internet: unspecified, private, loopback,
 * link-local, carrier NAT, benchmarking, documentation, multicast, reserved;
 * for IPv6 also unique-local, site-local, and v4 addresses inside v6 (mapped,
 * compatible, 6to4, NAT64, Teredo) judged by the v4 part or refused.  True for
 * what is no address at all. */
bool net_is_private(const char *address);
bool net_is_private_addr(const struct sockaddr *address);

#endif
