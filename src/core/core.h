/* core.h - what every unit of work has: its context, its failures, its
 * database calls.  Domain modules include this, entity.h and module.h; nothing
 * else of core.
 */
#ifndef CORE_H
#define CORE_H

#include "base/base.h"
#include "base/json.h"
#include "store/store.h"

struct app;
struct request;

/* ---- who asks ------------------------------------------------------------ */

enum actor_kind { WHO_NOBODY, WHO_PERSON, WHO_DEVICE, WHO_SYSTEM };

/* A role is a name and the permissions it carries: "watch.alert.ack", a whole
 * module "watch.*", or everything "*". */
struct role {
	const char *name;
	const char *const *perms; /* NULL-terminated */
};
/* A role held at a place: valid for the place and everything below it. */
struct grant {
	const struct role *role;
	struct str post_id, place_id;
	struct str path; /* "36.3601." ; empty: everywhere */
};
struct actor {
	enum actor_kind kind;
	struct str id;        /* person or device; absent for nobody and the system */
	struct str name;      /* for colleagues and the record; persons with a post only */
	struct str household; /* or absent */
	struct str session;
	bool limited; /* must change the password first: only routes for "person" */
	bool locked;  /* at a desk nobody touched: only what says it goes on (ROUTE_LOCKED, entity.at_lock) */
	const struct grant *grants;
	size_t n_grants;
};

/* ---- context --------------------------------------------------------------- */

struct failure {
	enum rc rc;
	const char *code;      /* stable word for programs: "unknown_field" */
	struct str field;      /* which input, or absent */
	char text[200];        /* for engineers; never personal data */
	struct str current;    /* JSON of the row as it is now, or absent */
	int64_t retry_after_s; /* with RC_SLOWER and RC_BUSY; 0: not said */
	const char *file;      /* for the log */
	int line;
};

/* First parameter of everything in core and domain.  'now' is read once: all
 * decisions of one unit of work see the same time. */
struct ctx {
	struct app *app;
	struct arena *arena;
	struct conn *db;
	struct actor who;
	int64_t now;
	const struct request *rq; /* NULL in jobs and listeners */
	struct failure fail;      /* the first failure; later ones do not overwrite it */
	uint64_t pokes;           /* core's own: words to wake after COMMIT */
};

#define FAIL(c, rc, code, field, ...) ctx_fail((c), (rc), (code), (field), __FILE__, __LINE__, __VA_ARGS__)
enum rc ctx_fail(struct ctx *c, enum rc rc, const char *code, struct str field, const char *file, int line,
		 const char *fmt, ...) PRINTF(7, 8) MUST_USE;
/* Permission words: "public" everybody, "person" who is signed in, else held
 * through a grant.  The system may all. */
bool ctx_may(const struct ctx *c, const char *perm);
bool ctx_may_at(const struct ctx *c, const char *perm, struct str path); /* at this place */
/* The subtrees where a permission is held, none inside another, for sums over
 * what the caller may see: from <= place_path < to.  'from' is the path, empty
 * when it is held everywhere. */
struct scope {
	struct str from, to;
};
void ctx_scopes(struct ctx *c, const char *perm, struct scope **ret, size_t *n);
/* A new id, 26 characters, sortable by time. */
struct str ctx_new_id(struct ctx *c);
/* The module's own long-lived memory (struct module .state_size), zeroed at
 * start; shared by threads: the module brings its own lock. */
void *ctx_state(const struct ctx *c, const char *module);
/* 64 hex digits only this node can make: 'purpose' keeps uses apart ("door_code"). */
struct str ctx_mac(struct ctx *c, const char *purpose, struct str text);
bool app_is_demo(const struct app *a);
const char *app_folder(const struct app *a);                       /* of the data; NULL: none */
const struct role *app_role(const struct app *a, struct str name); /* NULL: unknown */
/* Wake the jobs that wait for this word ("sensing.events"), as soon as this
 * unit of work is committed. */
void ctx_poke(struct ctx *c, const char *word);
/* From a job with JOB_READS: run fn as a write unit and wait for its COMMIT. */
enum rc ctx_write(struct ctx *c, enum rc (*fn)(struct ctx *c, void *arg), void *arg) MUST_USE;

/* ---- database ---------------------------------------------------------------- */

enum rc db_run(struct ctx *c, const char *sql, struct args args, int64_t *changed) MUST_USE;
enum rc db_each(struct ctx *c, const char *sql, struct args args, row_fn *fn, void *arg) MUST_USE;
/* First column of the first row; 'missing' when there is none or it is NULL. */
enum rc db_int(struct ctx *c, const char *sql, struct args args, int64_t missing, int64_t *ret) MUST_USE;
/* Copied; absent when there is no row or it is NULL. */
enum rc db_text(struct ctx *c, const char *sql, struct args args, struct str *ret) MUST_USE;
/* First column of every row, copied; RC_LIMIT past 'most' rows. */
enum rc db_texts(struct ctx *c, const char *sql, struct args args, size_t most, struct str **ret, size_t *n) MUST_USE;
/* All rows as a JSON list; column aliases become keys.  An alias that ends in
 * _at is a time, in _json is inserted as JSON (without the suffix), is_* a
 * flag. */
enum rc db_json(struct ctx *c, struct buf *out, const char *sql, struct args args) MUST_USE;

/* ---- record and events ---------------------------------------------------------- */

/* What an event is about, and who may hear of it. */
struct about {
	const char *entity; /* "watch.alert" */
	struct str id;
	int64_t version;
	struct str place_path, owner, assigned; /* absent: does not apply */
};
/* An event in the same transaction; listeners and live streams hear it after
 * COMMIT.  'topic' is "<module>.<entity>.<verb>".  'body' is JSON without
 * personal fields. */
enum rc emit(struct ctx *c, struct str topic, const struct about *about, struct str body) MUST_USE;
/* A line in the chained record: who did what to which row.  'detail' is JSON
 * without personal fields, or absent. */
enum rc audit(struct ctx *c, struct str what, const struct about *about, struct str detail) MUST_USE;
/* A line in the who-looked log, before personal data are given out. */
enum rc note_look(struct ctx *c, const char *entity, struct str id, struct str person, struct str fields,
		  struct str purpose, struct str reason) MUST_USE;

#endif
