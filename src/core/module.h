/* module.h - what a domain module is made of: constant tables plus the few
 * functions that are really its own.  Adding a module to the program is one
 * line in app/modules.c.
 */
#ifndef MODULE_H
#define MODULE_H

#include "core/entity.h"

/* ---- routes --------------------------------------------------------------------- */

struct request {
	struct str method, path, query, body;
	struct str peer; /* address of the other side */
	bool tls;
	struct str (*header)(const struct request *rq, const char *name); /* absent when not sent */
	const void *x;
};
enum { RESPONSE_HEADERS = 8 };
struct response {
	int status;
	const char *type; /* content type */
	struct str body;
	const char *file; /* instead of 'body': file_bytes of this file from file_from on; NULL: none */
	int64_t file_from, file_bytes;
	struct {
		const char *name;
		struct str value;
	} header[RESPONSE_HEADERS];
	size_t n_headers;
};
void response_header(struct response *rs, const char *name, struct str value);
struct str request_header(const struct request *rq, const char *name);
/* Value of ?name= percent-decoded, absent when not there. */
struct str request_query(struct ctx *c, const char *name);

/* The n-th {placeholder} of the route's path. */
struct call {
	const struct request *rq;
	struct str id;         /* first placeholder */
	struct str id2;        /* second */
	const struct json *in; /* parsed body when the route says ROUTE_JSON */
	void *prepared;        /* what 'prepare' left */
	struct response *rs;   /* status 200 and application/json unless changed */
	struct buf *out;       /* body */
};
/* An import that wrote nothing: its report, open in k->out, becomes a problem
 * document of code "rows_refused" as well. */
void rows_refused(struct call *k, struct str detail);
enum {
	ROUTE_JSON = 1,    /* body is one JSON object, parsed before run */
	ROUTE_EMPTY = 2,   /* answers 204 without a body */
	ROUTE_READS = 4,   /* a POST that writes nothing */
	ROUTE_SECRET = 8,  /* the answer holds a secret: never kept for a second telling */
	ROUTE_QUICK = 16,  /* 'prepare' of a small body is short; tried first without a database (RC_BUSY then) */
	ROUTE_LOCKED = 32, /* also at a locked desk */
};
struct route {
	const char *method, *path; /* "/api/watch/alert/{id}/case" */
	const char *perm;
	unsigned flags;
	/* GET and ROUTE_READS run on a reader, others as a write unit. */
	enum rc (*run)(struct ctx *c, struct call *k);
	/* Slow or heavy work of a write route before the writer is taken: parsing,
	 * password hashing.  Runs on a reader; may be NULL. */
	enum rc (*prepare)(struct ctx *c, struct call *k);
};

/* ---- events, jobs ------------------------------------------------------------------ */

struct event {
	int64_t seq, at, version;
	struct str topic, id, place_path, body;
};
struct listener {
	const char *topic;                                     /* prefix: "dispatch.task." */
	enum rc (*run)(struct ctx *c, const struct event *ev); /* exactly once per event, in a write unit */
};

enum { JOB_READS = 1 }; /* runs on a reader, writes through ctx_write */
struct job {
	const char *name; /* "watch.evaluate" */
	int64_t period;   /* microseconds */
	const char *wake; /* also runs when this word is poked, "sensing.events"; NULL: by period alone */
	unsigned flags;
	enum rc (*run)(struct ctx *c);
};

/* Columns of tables that are no entity, for the data register. */
struct column_note {
	const char *table, *column; /* "*": all columns not named otherwise */
	unsigned cls;               /* P0 .. P3 */
	const char *purpose, *basis;
	int keep_days;
};

struct module {
	const char *name, *schema;
	const char *const *needs;             /* modules it may call or reference; NULL-terminated; NULL: none */
	const struct entity *const *entities; /* lists end with an empty entry; NULL: none */
	const struct route *routes;
	const struct listener *listeners;
	const struct job *jobs;
	const struct column_note *columns;
	size_t state_size;
	enum rc (*start)(struct ctx *c); /* after all schemas are in place; in a write unit */
	void (*stop)(void *state);
	/* At most one module answers who a request comes from; RC_OK with
	 * WHO_NOBODY when it carries no credential. */
	enum rc (*authenticate)(struct ctx *c, const struct request *rq, struct actor *ret);
	/* What the entities alone do not tell of a person, as keys of the export; or NULL. */
	enum rc (*about_person)(struct ctx *c, struct str person, struct buf *out);
	/* OpenMetrics lines of its own, or NULL. */
	void (*metrics)(struct ctx *c, struct buf *out);
};

#endif
