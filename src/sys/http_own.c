/* http_own.c - what libmicrohttpd answers by itself.
 *
 * A request it cannot read never reaches us: it queues a short HTML page of its
 * own, without our headers, and offers no hook.  It calls MHD_queue_response
 * through the dynamic linker, though, as everybody else does; ours stands in
 * front of it and gives these answers our form.  Should a build of the library
 * bind its own calls, its pages come back as they were, and tests/sys/http
 * says so. */
#include "sys/http_inner.h"

#include <dlfcn.h>

typedef enum MHD_Result queue_fn(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *r);

static queue_fn *library_queue(void)
{
	union {
		void *object;
		queue_fn *fn;
	} found = { .object = dlsym(RTLD_NEXT, "MHD_queue_response") };

	if (found.fn == NULL)
		fatal("http: libmicrohttpd has no MHD_queue_response");
	return found.fn;
}

enum MHD_Result http_queue(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *r)
{
	static queue_fn *_Atomic found;
	queue_fn *fn = atomic_load_explicit(&found, memory_order_relaxed);

	if (fn == NULL) {
		fn = library_queue();
		atomic_store_explicit(&found, fn, memory_order_relaxed);
	}
	return fn(mhd, status, r);
}

/* Problems as everywhere; constant, since there is no arena here. */
static struct str problem_of(unsigned status)
{
	switch (status) {
	case MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE:
		return STR("{\"type\":\"about:blank\",\"title\":\"Request Header Fields Too Large\",\"status\":431,"
			   "\"code\":\"headers_too_large\"}");
	case MHD_HTTP_URI_TOO_LONG:
		return STR("{\"type\":\"about:blank\",\"title\":\"URI Too Long\",\"status\":414,"
			   "\"code\":\"path_too_long\"}");
	case MHD_HTTP_CONTENT_TOO_LARGE:
		return STR("{\"type\":\"about:blank\",\"title\":\"Content Too Large\",\"status\":413,"
			   "\"code\":\"body_too_large\"}");
	case MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED:
		return STR("{\"type\":\"about:blank\",\"title\":\"HTTP Version Not Supported\",\"status\":505,"
			   "\"code\":\"wrong_version\"}");
	case MHD_HTTP_BAD_REQUEST:
		return STR("{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
			   "\"code\":\"bad_request\"}");
	default: return STR(""); /* the status says it */
	}
}

/* A head that is read but makes no sense (no Host, a Content-Length that is no
 * number): libmicrohttpd 0.9.75 then builds the head of its answer twice, and
 * the second one stands where the body belongs.  Better none. */
static bool would_double(struct MHD_Connection *mhd, const struct http_conn *conn, unsigned status)
{
	return conn->in_head && (status == MHD_HTTP_BAD_REQUEST || status == MHD_HTTP_CONTENT_TOO_LARGE) &&
	       (MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Host") == NULL ||
		MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length") != NULL);
}

/* In front of the library's function of this name, for its own calls. */
enum MHD_Result MHD_queue_response(struct MHD_Connection *mhd, unsigned status, struct MHD_Response *theirs)
{
	static const struct http_header head[] = { { "Content-Type", "application/problem+json" },
						   { "Connection", "close" } };
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const struct http_conn *conn = info ? info->socket_context : NULL;
	struct str body = problem_of(status);

	(void)theirs;
	if (conn == NULL || would_double(mhd, conn, status))
		return MHD_NO; /* it closes the connection */
	union {
		const char *in;
		void *out;
	} bytes = { .in = body.p };
	struct MHD_Response *r = MHD_create_response_from_buffer(body.n, bytes.out, MHD_RESPMEM_PERSISTENT);

	if (r == NULL)
		return MHD_NO;
	http_response_add(r, conn->server, head + (body.n == 0), COUNT(head) - (body.n == 0));
	atomic_fetch_add_explicit(&conn->server->refused, 1, memory_order_relaxed);
	enum MHD_Result ret = http_queue(mhd, status, r);

	MHD_destroy_response(r);
	return ret;
}
