/* harness.h - what tests of modules share: an app on a fresh database, actors
 * from role names and paths, requests through the dispatcher, the failure
 * harness and the check of every answer against /api/describe.
 *
 * Everything lives until rig_close(); nothing is freed one by one.  A call that
 * is not answered as wanted fails the test and says what came instead.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "core/app.h"
#include "testdb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct rig {
	struct app *app;
	struct arena *arena;
	const char *url;
	char folder[64]; /* of the data; goes with the rig */
	enum testdb_kind kind;
	const struct module *const *modules;
	const struct role *roles;
	int64_t now; /* the app's clock: move it by hand */
	struct response last;
	/* What the next requests carry; NULL: not sent. */
	const char *idem, *match, *cookie, *auth, *type, *range, *none;
	struct str raw;          /* body of requests that give none: bytes of any kind */
	const char *never;       /* no answer may hold this text */
	const struct json *says; /* GET /api/describe, read once */
};

/* False: this kind of database is not to be had here (said on stderr). */
bool rig_open(struct rig *r, enum testdb_kind kind, const struct module *const *modules, const struct role *roles);
/* Close and open again on the same database: a restart.  Not for memory. */
void rig_restart(struct rig *r);
void rig_close(struct rig *r);

/* A person with roles at places: "boss@36.,viewer@" (empty path: everywhere).
 * 'home' is the household or NULL. */
const struct actor *rig_actor(struct rig *r, const char *id, const char *roles, const char *home);

/* ---- requests; 'path' may have a query; who NULL: by the request's own credentials ---- */

/* The body's JSON, NULL when empty or CSV. */
const struct json *call(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body,
			int want);
/* A problem with this code and field; field "": none. */
const struct json *refused(struct rig *r, const struct actor *who, const char *method, const char *path,
			   const char *body, int want, const char *code, const char *field);
/* Any status: what came is in r->last. */
int asked(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body);
/* POST that creates; the new id. */
const char *create(struct rig *r, const struct actor *who, const char *path, const char *body);
const char *header_of(const struct rig *r, const char *name); /* of the last answer; "" when not there */

/* Lets the first, second ... store call of this request fail until the request
 * succeeds with 'want'.  Each failing run must answer 503 busy and leave every
 * table as it was.  Returns how many calls were made to fail. */
int fail_every_call(struct rig *r, const struct actor *who, const char *method, const char *path, const char *body,
		    int want);

/* ---- looking at things ---- */

const char *fmt(struct rig *r, const char *format, ...) PRINTF(2, 3);
const char *text_at(struct rig *r, const struct json *j, const char *dotted); /* "items.0.title"; "" when not text */
const struct json *at(const struct json *j, const char *dotted);              /* NULL when not there */
int64_t int_at(const struct json *j, const char *dotted);                     /* -1 when no number */
const struct json *here(struct rig *r);                                       /* the last answer again */
int64_t count(struct rig *r, const char *sql);
void run_sql(struct rig *r, const char *sql);
/* Rows of any table but 'except' (NULL: none) that hold this text anywhere. */
int64_t rows_with(struct rig *r, const char *text, const char *except);
/* A number that changes with any row of any table. */
uint64_t digest(struct rig *r);

/* Runs 'test' on every kind of database that is to be had. */
void on_each_kind(void (*test)(struct rig *r), const struct module *const *modules, const struct role *roles);

#endif
