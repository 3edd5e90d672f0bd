/* inner.h - the inside of core; domain modules never include it. */
#ifndef INNER_H
#define INNER_H

#include "core/app.h"
#include "sys/crypto.h"

enum { MAX_WAKES = 60, JSON_OUT_LIMIT = 4 << 20, OUTBOX_BIT = 63 };

/* What follows from an entity's table once: texts of statements, the fields
 * that visibility and steps ask for. */
struct entity_info {
	const struct entity *e;
	const char *columns;                  /* "id, version, ..." */
	struct str *keys;                     /* by field: "\"id\":" */
	const char *select, *insert, *update; /* select ends with " FROM table WHERE " */
	const struct field *owner, *household, *place, *assigned, *person, *state;
	bool person_is_id;
};

/* Where write units and woken jobs run when a server runs. */
struct unit_runner {
	void *self;
	enum rc (*write)(void *self, enum rc (*run)(struct conn *db, void *arg), void *arg); /* waits for COMMIT */
	void (*wake)(void *self, uint64_t pokes);
};

struct app {
	struct app_options o;
	struct conn *db;
	struct arena *arena;
	struct id_gen ids;
	unsigned char key[CRYPTO_HASH];
	struct entity_info *info;
	size_t n_info, n_modules;
	void **state;                /* by module */
	const char *wake[MAX_WAKES]; /* words jobs wait for; the bit is the index */
	size_t n_wake;
	struct unit_runner runner; /* no 'self': everything on db */
	char holder[ID_TEXT];      /* this node, for leases */
	uint64_t pending;          /* pokes not yet run, without a server */
};

struct ctx app_ctx(struct app *a, struct arena *arena, struct conn *db);
const struct entity_info *info_of(const struct app *a, const struct entity *e);
const struct entity *entity_named(const struct app *a, struct str dotted);
void app_wake(struct app *a, uint64_t pokes); /* after COMMIT */

/* field.c: one value between JSON, the struct, SQL and JSON again */
void *field_at(const struct field *f, void *row);
const void *field_in(const struct field *f, const void *row);
struct str field_str(const struct field *f, const void *row); /* absent when f is NULL */
enum rc field_read(struct ctx *c, const struct field *f, const struct json *j, void *row) MUST_USE;
struct val field_val(const struct field *f, const void *row);
/* 'a' NULL: text is borrowed from the row callback. */
enum rc field_load(struct arena *a, const struct field *f, const struct val *v, void *row) MUST_USE;
void field_write(const struct field *f, const void *row, struct buf *out);
bool field_empty(const struct field *f, const void *row);
extern const char *const kind_type[]; /* type word in schema.sql */
extern const char *const kind_name[]; /* word in /api/describe */
const char *class_name(unsigned flags);

/* see.c: visibility */
struct where {
	struct buf sql;
	struct val args[STORE_MAX_ARGS];
	size_t n;
};
void where_arg(struct where *w, struct val v); /* appends "$n" */
/* Appends " AND (...)" for the caller; RC_DENIED or RC_UNKNOWN when no word of 'see' is held. */
enum rc see_filter(struct ctx *c, const struct entity_info *i, struct where *w) MUST_USE;
bool see_row(const struct ctx *c, const struct entity_info *i, const void *row);
bool see_event(const struct actor *who, const struct entity *e, const struct about *about);
enum rc need(struct ctx *c, const char *perm) MUST_USE; /* 401 or 403 */
enum rc need_at(struct ctx *c, const struct entity_info *i, const void *row, const char *perm, enum sight s) MUST_USE;
struct about about_row(const struct entity_info *i, const void *row);

/* entity.c, list.c */
enum rc entity_create(struct ctx *c, const struct entity *e, const struct json *in, void *row) MUST_USE;
enum rc entity_update(struct ctx *c, const struct entity *e, struct str id, const struct json *in, void *row) MUST_USE;
enum rc entity_list(struct ctx *c, const struct entity *e, struct str query, struct buf *out) MUST_USE;
enum rc entity_reveal(struct ctx *c, const struct entity *e, struct str id, const struct json *in,
		      struct buf *out) MUST_USE;
/* Every row of a list as the caller may see it, at most 'most'; texts are borrowed. */
enum rc entity_rows(struct ctx *c, const struct entity *e, struct str query, int64_t most, row_fn *fn,
		    void *arg) MUST_USE;
/* Names of personal fields in a JSON list, by comma; and one line of text. */
enum rc asked_fields(struct ctx *c, const struct entity *e, const struct json *list, struct str *names) MUST_USE;
enum rc reason_text(struct ctx *c, const struct json *in, const char *name, size_t least, struct str *ret) MUST_USE;
bool has_name(struct str list, const char *name);
/* export.c: a list as CSV, without personal values but for input "fields"; *out
 * is made anew, larger. */
enum rc entity_export(struct ctx *c, const struct entity *e, struct str query, const struct json *in,
		      struct buf *out) MUST_USE;
enum rc entity_about_person(struct ctx *c, const struct entity *e, struct str person, struct buf *out) MUST_USE;
enum { TAILS = 1 << 16 }; /* beside the classes: the ends of closed texts too */
void entity_write_open(const struct entity_info *i, const void *row, unsigned classes, struct buf *out);
struct str person_of_row(const struct entity_info *i, const void *row);
const struct step *entity_step_of(const struct entity *e, struct str verb);

/* verify.c, schema.c */
enum rc schema_upgrade(struct ctx *c) MUST_USE;
enum rc verify_all(struct ctx *c) MUST_USE;

/* dispatch.c: one request in three parts, so that the middle may run elsewhere */
enum target { T_ROUTE, T_LIST, T_GET, T_CREATE, T_UPDATE, T_STEP, T_REVEAL, T_EXPORT };
struct work {
	struct ctx c;
	struct request rq;
	struct call k;
	struct response rs;
	struct buf out;
	enum target target;
	const struct route *route;
	const struct entity *entity;
	const struct step *step;
	bool writes;
	struct str allow;    /* methods of a path that was asked with another one */
	struct str idem_key; /* or absent */
	int64_t told;        /* seen with an answer */
};
/* Who, what, may they, is the input JSON, slow preparations; on a reader. */
enum rc work_start(struct work *w, const struct actor *who) MUST_USE;
/* May work_start() be tried without a database?  Its RC_BUSY: again, with one. */
bool work_is_quick(const struct app *a, const struct request *rq);
/* In a transaction; w->c.db is set to the connection by the caller. */
enum rc work_run(struct work *w) MUST_USE;
/* The response, for good or bad. */
void work_finish(struct work *w, enum rc rc);
void work_init(struct work *w, struct app *a, struct arena *arena, struct conn *db, const struct request *rq);
extern const struct route core_routes[];
extern const struct job core_jobs[];

/* record.c, job.c */
enum rc unit_turn(struct ctx *c) MUST_USE; /* before anything else in a write unit */
enum rc outbox_step(struct app *a, struct conn *reader, int *delivered) MUST_USE;
enum rc unit_run(struct app *a, enum rc (*fn)(struct ctx *c, void *arg), void *arg, struct failure *why) MUST_USE;
enum rc job_run(struct app *a, const struct job *j, struct conn *reader) MUST_USE;
const struct job *app_job(const struct app *a, size_t n, const struct module **m); /* n-th of all; NULL past the last */

/* Leases of all jobs for this process; held[n] says whether job n may run here. */
/* Writes a row to see whether anything can be written. */
enum rc core_touch(struct ctx *c, void *arg) MUST_USE;
enum rc lease_all(struct app *a, bool *held, size_t n) MUST_USE;
/* At the end: whoever comes next need not wait for them to run out. */
enum rc lease_drop(struct app *a) MUST_USE;

#endif
