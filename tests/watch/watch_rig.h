/* watch_rig.h - an application of core, places, people, sensing and watch on
 * one database, with a clock moved by hand: a community with two buildings,
 * devices, a person who lives alone, and a few actors. */
#ifndef WATCH_RIG_H
#define WATCH_RIG_H

#include "core/app.h"
#include "domain/watch/watch_inner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum who { ANN, BOB, SOUTH, CITY, CHILD, RULER, CARE, ELDER, NONE, SYSTEM, WHO_N };

struct rig {
	const char *url;
	struct app *app;
	struct arena *a;
	int64_t now;
	struct str north, south, building, dwelling, facade, gate; /* dwelling in building, all in north but south */
	struct str camera[3], door, meter, lane;                   /* devices by id */
	struct str elder;                                          /* person */
	int status;
	struct json *answer;
	struct str body;
	const char *match; /* If-Match of the next requests */
	int64_t n;         /* events sent */
};

int rig_open(void **state);
int rig_close(void **state);
void rig_setup(struct rig *r, const char *url); /* a new world on this database */
void rig_app(struct rig *r);                    /* opens the app on r->url again: a restart */

int rig_call(struct rig *r, enum who who, const char *method, const char *path, const char *body);
struct str rig_text(struct rig *r, const char *key);
int64_t rig_int(struct rig *r, const char *key);
const char *rig_fmt(struct rig *r, const char *fmt, ...) PRINTF(2, 3);
int64_t rig_count(struct rig *r, const char *sql);
void rig_sql(struct rig *r, const char *sql);

/* An event of one of our devices, now; data "" for none. */
void rig_event(struct rig *r, struct str device, const char *type, const char *data);
/* Clocks of the module run in small steps for this long, or once. */
void rig_pass(struct rig *r, int64_t span, int64_t step);
void rig_run(struct rig *r);
/* Rules from templates, active, at north. */
void rig_seed(struct rig *r);
struct str rig_rule(struct rig *r, const char *definition); /* created and switched on */
/* Id of the newest alert of this kind; fails the test when there is none. */
struct str rig_alert(struct rig *r, const char *kind);
struct str rig_welfare(struct rig *r, int hours);
int rig_run_all(const char *name, int (*group)(const char *name));

void rig_check(struct rig *r, int want, const char *file, int line); /* the status */
void rig_check_text(struct rig *r, const char *key, const char *want, const char *file, int line);
#define CHECK(r, who, method, path, in, want)                 \
	do {                                                  \
		rig_call((r), (who), (method), (path), (in)); \
		rig_check((r), (want), __FILE__, __LINE__);   \
	} while (0)
#define CHECK_TEXT(r, key, want) rig_check_text((r), (key), (want), __FILE__, __LINE__)
#define REFUSED(r, who, method, path, in, want, code, field) \
	do {                                                 \
		CHECK(r, who, method, path, in, want);       \
		CHECK_TEXT(r, "code", code);                 \
		CHECK_TEXT(r, "field", field);               \
	} while (0)

#endif
