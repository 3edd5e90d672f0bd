/* server.h - the application behind HTTP: workers that read, one writer, jobs,
 * the deliverer of events, live streams, the pages' files.
 */
#ifndef SERVER_H
#define SERVER_H

#include "core/app.h"

struct log;
struct server_options {
	const char *bind; /* "127.0.0.1" */
	int port;         /* 0: any free one */
	int workers;
	const char *web_root; /* built pages, or NULL */
	const char *tls_cert, *tls_key;
	struct log *log;
};
struct server;
enum rc server_start(struct app *a, const struct server_options *o, struct server **ret) MUST_USE;
int server_port(const struct server *s);
void server_stop(struct server *s);

#endif
