/* front.h - an app on one database, asked through its front door; for the
 * tests of places and people. */
#ifndef FRONT_H
#define FRONT_H

#include "core/app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct front {
	struct app *app;
	struct arena *arena; /* of answers; lives as long as the front */
	const char *url;
	int64_t now;
	struct response last;
	/* What the next requests carry, NULL: not sent. */
	const char *cookie, *origin, *site, *host, *peer, *match, *agent, *background;
	bool tls;
};
void front_open(struct front *f, const char *url, const struct module *const *modules, const struct role *roles);
void front_close(struct front *f);
/* (want 0: any status.)  As 'who' (NULL: as the request's own credentials say); fails the test when
 * the status is not 'want'.  'path' may have a query.  The body's JSON, or
 * NULL. */
const struct json *ask(struct front *f, const struct actor *who, const char *method, const char *path, const char *body,
		       int want);
/* The same, and the problem's code and field ("-": none). */
void refused(struct front *f, const struct actor *who, const char *method, const char *path, const char *body, int want,
	     const char *code, const char *field);
const char *word(const struct json *j, const char *key); /* text, "" when missing */
const char *fmt(struct front *f, const char *format, ...) PRINTF(2, 3);
/* Value of the first cookie of this name in the last answer, NULL: none. */
const char *cookie_set(struct front *f, const char *name);
int64_t count(struct front *f, const char *sql);
char *read_whole(const char *path); /* NULL: not there; freed with free() */

#endif
