/* http.h - HTTP/1.1 server over libmicrohttpd: requests in, replies from any
 * thread, streams of server-sent events.
 *
 * Life of an exchange: the server reads a whole request, checks it, and calls
 * the handler on one of its threads.  The handler hands the exchange to
 * somebody (or answers itself at once) and returns without blocking.  Whoever
 * holds the exchange may use its arena and everything it points to until it
 * calls exactly one of http_reply(), http_reply_const(), http_reply_file(),
 * http_prepare(), http_problem() or http_stream_start(), from any thread; then
 * the exchange is gone for him.
 *
 * The server answers by itself, as application/problem+json (RFC 9457):
 *   400 bad_path       broken %-encoding, NUL, control characters, not UTF-8,
 *                      an encoded slash (%2F), path not starting with '/'
 *   400 bad_framing    two Content-Length or Host fields, Content-Length
 *                      beside Transfer-Encoding
 *   413 body_too_large
 *   431 headers_too_large
 *   503 stopping       exchanges not answered before the end of a stop
 * and for libmicrohttpd, of what that cannot parse, before it closes:
 *   400 bad_request, 413 body_too_large, 414 path_too_long,
 *   431 headers_too_large, 505 wrong_version; other statuses without a body;
 *   or no answer at all: a head without Host, a Content-Length that is no number
 * All of them carry the headers 'always', none a name or version of a program.
 */
#ifndef SYS_HTTP_H
#define SYS_HTTP_H

#include "base/base.h"

struct http_server;
struct http_exchange;
struct http_stream;

struct http_header {
	const char *name;
	const char *value; /* no CR, LF; checked */
};

/* Must not block.  Called on several threads at once. */
typedef void http_handler(void *arg, struct http_exchange *x);
/* Body limit in bytes for this request, asked before the body is read; at most
 * body_limit counts.  'method' is as received, 'path' is decoded. */
typedef size_t http_body_limit(void *arg, struct str method, struct str path);

/* Zero or NULL takes the value in brackets. */
struct http_config {
	const char *address;      /* numeric IPv4 or IPv6 to listen on ["127.0.0.1"] */
	uint16_t port;            /* 0: any free one, see http_server_port() */
	unsigned threads;         /* [2] */
	size_t body_limit;        /* bytes [8 MiB] */
	size_t header_limit;      /* bytes of all names and values [16 KiB] */
	size_t arena_limit;       /* soft limit of an exchange's arena, bytes [16 MiB] */
	unsigned connections;     /* open at once [4,096] */
	unsigned per_address;     /* open at once from one address [0: no limit] */
	unsigned idle_s;          /* silent connections are closed after this [30] */
	unsigned request_s;       /* a request must be complete this long after the connection
				   * became free for it, however steadily it trickles [60] */
	const char *tls_cert_pem; /* PEM text, both or none; NULL: plain HTTP */
	const char *tls_key_pem;
	const struct http_header *always; /* added to every reply that does not name them itself; */
	size_t always_n;                  /* must live as long as the server */
	http_handler *handler;
	http_body_limit *limit; /* NULL: body_limit for all */
	void *arg;              /* for handler and limit */
};

/* RC_INVALID: bad configuration, RC_BUSY: cannot listen there.  'error' gets
 * one line of text then. */
enum rc http_server_start(const struct http_config *c, struct http_server **ret, char error[200]) MUST_USE;
uint16_t http_server_port(const struct http_server *s);
/* Stops accepting, waits at most 'wait' microseconds for running exchanges,
 * answers 503 in place of the rest, ends all streams and frees the server.
 * Exchanges and streams still held by somebody stay valid memory: replying to
 * or closing them afterwards is safe and does nothing.  Not from an HTTP
 * thread. */
void http_server_stop(struct http_server *s, int64_t wait);

struct http_counts {
	uint64_t requests;    /* handed to the handler */
	uint64_t refused;     /* answered by the server itself */
	uint64_t connections; /* open now */
	uint64_t streams;     /* open now */
	uint64_t running;     /* exchanges not answered yet */
};
struct http_counts http_server_counts(struct http_server *s);

/* ---- the request.  All views live as long as the exchange. ---- */

struct arena *http_arena(struct http_exchange *x);
struct str http_method(const struct http_exchange *x); /* "GET" for HEAD too: the reply's body is left out */
bool http_is_head(const struct http_exchange *x);
struct str http_path(const struct http_exchange *x);  /* decoded, starts with '/' */
struct str http_query(const struct http_exchange *x); /* raw, without '?'; absent when there is none */
struct str http_body(const struct http_exchange *x);  /* absent when empty; NUL after the end */
struct str http_header(const struct http_exchange *x, const char *name); /* any case; first of that name; or absent */
struct str http_peer(const struct http_exchange *x); /* numeric address, without port; v4-mapped as v4 */
bool http_is_tls(const struct http_exchange *x);
/* Strict decoding of one query name or value ('+' is a space): RC_INVALID on
 * broken encoding, NUL or non-UTF-8. */
enum rc http_decode(struct arena *a, struct str raw, struct str *ret) MUST_USE;
/* Value of the first 'name' in a raw query; RC_MISSING when not there. */
enum rc http_query_get(struct arena *a, struct str query, const char *name, struct str *ret) MUST_USE;

/* ---- the answer: exactly one of these ---- */

/* Copies headers and body. */
void http_reply(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body);
/* The body is not copied: it lies in http_arena(x), or lives and stays
 * unchanged until the server has stopped. */
void http_reply_const(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body);
/* 'bytes' of an open file from 'from' on; takes over 'fd'.  The file must not
 * shrink. */
void http_reply_file(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, int fd,
		     int64_t from, int64_t bytes);
/* http_reply_const() in two steps, for answers that become ready together: each thread of
 * the server is then woken for many of them at once.  http_prepare() false: the
 * server has answered already, and the exchange is gone as after a reply;
 * true: it is gone after http_release(), which follows within milliseconds. */
bool http_prepare(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n,
		  struct str body) MUST_USE;
void http_release(struct http_exchange *x);
/* {"type":"about:blank","title":...,"status":...,"code":...,"detail":...};
 * 'code' is a stable word, 'detail' a sentence or NULL. */
void http_problem(struct http_exchange *x, unsigned status, const char *code, const char *detail);
/* The same document as text. */
struct str http_problem_text(struct arena *a, unsigned status, const char *code, const char *detail);
/* RFC 9110 reason phrase, "Error" when not known. */
const char *http_status_title(unsigned status);
unsigned http_status_of(enum rc rc);

/* ---- streams ---- */

enum { HTTP_STREAM_QUEUE = 256 * 1024 };

/* Called once, on a thread of the server, when the client has gone or the
 * server stops; not when http_stream_close() or an overflow came first. */
typedef void http_stream_gone(void *arg, struct http_stream *s);

/* Starts a 200 answer without an end and takes over the exchange; its arena
 * is freed here.  'type' is the Content-Type, mostly "text/event-stream".  The
 * stream belongs to the caller until http_stream_close(), also after 'gone'
 * was called.  'gone' may be NULL, and may run before this function returns. */
struct http_stream *http_stream_start(struct http_exchange *x, const char *type, http_stream_gone *gone, void *arg);
/* Copies bytes into the stream's queue; from any thread.  RC_LIMIT: the queue
 * would pass HTTP_STREAM_QUEUE bytes, the stream is ended (clients resume by
 * Last-Event-ID).  RC_MISSING: it has ended before. */
enum rc http_stream_send(struct http_stream *s, struct str bytes) MUST_USE;
/* Ends the stream after what is queued and gives the handle back; exactly
 * once.  Waits for a running 'gone' of this stream (unless called inside it),
 * so hold no lock here that 'gone' takes. */
void http_stream_close(struct http_stream *s);

#endif
