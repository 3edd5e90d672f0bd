/* http_inner.h - shared by the http_*.c files only. */
#ifndef SYS_HTTP_INNER_H
#define SYS_HTTP_INNER_H

#include "sys/http.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

enum { HTTP_PEER_TEXT = 48, HTTP_MAX_HEADERS = 100, HTTP_DRAIN = 64 * 1024 };

/* One per TCP connection. */
struct http_conn {
	struct http_server *server;
	struct http_conn *prev, *next;
	int fd;
	/* Monotonic time by which the present step (reading a request, sending an
	 * answer) must be over; 0 while somebody works on it or it is a stream. */
	_Atomic int64_t deadline;
	struct http_stream *stream; /* under server->lock */
	bool in_head;               /* the request line is read, the fields are not: its own HTTP thread's */
	char peer[HTTP_PEER_TEXT];
};

enum http_phase { PHASE_HANDLING, PHASE_PARKED, PHASE_ANSWERED };

struct http_exchange {
	struct http_server *server;        /* only for the one who claimed it */
	struct http_conn *conn;            /* the same */
	struct MHD_Connection *mhd;        /* the same */
	struct http_exchange *prev, *next; /* running list, under server->lock */
	struct arena *arena;
	_Atomic unsigned refs; /* libmicrohttpd's and the holder's */
	_Atomic bool claimed;  /* somebody has decided on the answer */
	_Atomic int phase;
	bool is_head, is_tls, begun, handed, refused, bad_headers;
	unsigned headers_n;
	size_t headers_bytes;
	struct http_field {
		struct str name, value;
	} * headers;
	struct str target; /* raw */
	struct str method, path, query;
	char *body;
	size_t body_n, body_cap, body_max, drained;
	char peer[HTTP_PEER_TEXT];
	struct MHD_Response *response;
	unsigned status;
	size_t response_bytes;
	struct http_stream *stream;
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct http_config config;
	int listen_fd, epoll_fd, wake_fd;
	uint16_t port;
	pthread_t watcher;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct http_conn *conns;
	struct http_exchange *running;
	uint64_t running_n, streams_n, unsent_n, conns_n; /* under lock */
	_Atomic uint64_t requests, refused;
	_Atomic bool stopping;
};

/* http_request.c */
void *exchange_begin(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result exchange_step(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
			      const char *version, const char *data, size_t *data_n, void **req);
void exchange_end(void *cls, struct MHD_Connection *mhd, void **req, enum MHD_RequestTerminationCode why);
void exchange_drop(struct http_exchange *x);

/* http_check.c: NULL when the request line and headers are acceptable. */
struct http_refusal {
	unsigned status;
	const char *code, *detail;
};
const struct http_refusal *exchange_check(struct http_exchange *x, const char *method);

/* http_reply.c */
bool exchange_claim(struct http_exchange *x);
void exchange_answer(struct http_exchange *x); /* publishes x->response; the caller has claimed x */
void exchange_set(struct http_exchange *x, unsigned status, const struct http_header *h, size_t n, struct str body);
void exchange_set_problem(struct http_exchange *x, unsigned status, const char *code, const char *detail);
void http_response_add(struct MHD_Response *r, const struct http_server *s, const struct http_header *h, size_t n);

/* http_own.c: our answers; MHD_queue_response is for the library's own */
enum MHD_Result http_queue(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *r);

/* http_stream.c */
void stream_end(struct http_stream *st, bool failed); /* calls 'gone' */
void stream_ref(struct http_stream *st);
void stream_unref(struct http_stream *st);
void stream_detach(struct http_stream *st); /* the connection is over */

/* http_watch.c */
void conn_notify(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what);
enum rc watch_start(struct http_server *s) MUST_USE;
void watch_stop(struct http_server *s);
void watch_stream(struct http_server *s, struct http_conn *c, struct http_stream *st);

#endif
