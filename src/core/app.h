/* app.h - the application: modules on a database, called by HTTP, jobs, tests
 * and the command line.  Domain modules do not include this.
 */
#ifndef APP_H
#define APP_H

#include "core/module.h"

struct app_options {
	const char *url;
	const struct module *const *modules; /* NULL-terminated */
	const struct role *roles;            /* ends with {0} */
	struct clock clock;
	const char *key_file; /* node key; NULL: a random key for this run */
	const char *folder;   /* for what is kept in files; NULL: nothing is */
	bool demo;
};

/* Creates or upgrades tables, then compares every entity with the database,
 * every route and step with the rules, every column with the data register;
 * refuses to start on the first difference and says it on stderr.  The app has
 * one connection of its own and runs everything on it, one call at a time,
 * until server_start. */
enum rc app_open(const struct app_options *o, struct app **ret) MUST_USE;
void app_close(struct app *a);
struct conn *app_conn(struct app *a);
const char *app_url(const struct app *a);
const unsigned char *app_key(const struct app *a); /* 32 bytes, the node's own */

/* One request from start to end on the app's own connection. */
struct response app_handle(struct app *a, struct arena *arena, const struct request *rq);
/* The same as a known actor: for tests and the command line. */
struct response app_handle_as(struct app *a, struct arena *arena, const struct actor *who, const struct request *rq);
/* Code of ours as the system, in one transaction. */
enum rc app_unit(struct app *a, enum rc (*fn)(struct ctx *c, void *arg), void *arg) MUST_USE;
enum rc app_run_job(struct app *a, const char *name) MUST_USE;
/* Hand pending events to listeners until none is left. */
enum rc app_deliver(struct app *a, int *delivered) MUST_USE;
/* Deliveries and the jobs they and earlier requests woke, until nobody wakes
 * anybody any more.  What runs by its period alone is app_run_job's. */
enum rc app_settle(struct app *a) MUST_USE;

/* One line per operation: method, path, permission. */
void app_list_routes(const struct app *a, struct buf *out);
void app_describe(struct ctx *c, struct buf *out);
void app_openapi(const struct app *a, struct buf *out);
/* Everything every module stores about one person. */
enum rc app_export_person(struct ctx *c, struct str person, struct buf *out) MUST_USE;
/* The data register: every column's class, purpose, basis and clock, as JSON. */
enum rc app_register(struct ctx *c, struct buf *out) MUST_USE;
/* Recomputes the audit chain; RC_OK and the number of rows, or RC_CONFLICT and
 * the first row that does not fit. */
enum rc app_check_audit(struct ctx *c, int64_t *rows, int64_t *bad_seq) MUST_USE;

#endif
