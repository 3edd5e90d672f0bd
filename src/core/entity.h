/* entity.h - entities as tables: fields, visibility, state steps.
 *
 * One row of a field table drives input checks, SQL, row mapping, JSON,
 * redaction, filters, events, personal-data export, the data register, OpenAPI
 * and the console's forms.
 */
#ifndef ENTITY_H
#define ENTITY_H

#include "core/core.h"

enum kind { KIND_ID, KIND_REF, KIND_TEXT, KIND_PATH, KIND_JSON, KIND_ENUM, KIND_INT, KIND_REAL, KIND_FLAG, KIND_TIME };

enum {
	REQUIRED = 1, /* must be present and not empty at creation */
	FIXED = 2,    /* may be given at creation, never changed by PATCH */
	DERIVED = 4,  /* set by our code or by a step that takes it */
	FILTER = 8,   /* ?name=value in lists; times and numbers also ?name.from= and ?name.to= */
	SECRET = 16,  /* never leaves the server */
	SEALED = 32,  /* the column holds "tail:sealed text" of the module's own; closed to all but 'on_reveal' */
	/* Data class (docs/privacy.md): every field has exactly one. */
	P0 = 256,  /* counts, device health */
	P1 = 512,  /* facts about places and work, names of posts' holders */
	P2 = 1024, /* names, phones, contacts of persons */
	P3 = 2048, /* whereabouts, welfare, health, minors */
	PERSONAL = P2 | P3,
};

#define NO_INT  INT64_MIN         /* KIND_INT without a value */
#define NO_REAL __builtin_nan("") /* KIND_REAL without a value */

struct field {
	const char *name; /* JSON key = column = struct member: one word */
	enum kind kind;
	unsigned flags;
	int64_t lo, hi;           /* characters of text, bytes of JSON, range of numbers */
	double lo_real, hi_real;  /* KIND_REAL */
	const char *const *words; /* KIND_ENUM: NULL-terminated; stored and shown as the word */
	const char *target;       /* KIND_REF: "module.entity" it points to */
	unsigned tail;            /* KIND_TEXT: while closed so many last characters are shown, under "tails" */
	size_t off;
};

/* A wrong member type does not compile: sizeof(char[-1]). */
#define TYPE_OK(T, m, want) (sizeof(char[_Generic(((T *)0)->m, want : 1, default : -1)]) - 1)
#define FIELD_(T, m, key, k, ctype, fl, lo_, hi_) \
	.name = key, .kind = (k), .flags = (fl), .lo = (lo_), .hi = (hi_), .off = offsetof(T, m) + TYPE_OK(T, m, ctype)
#define F_TEXT(T, m, lo, hi, fl)                                    \
	{                                                           \
		FIELD_(T, m, #m, KIND_TEXT, struct str, fl, lo, hi) \
	}
#define F_TAIL(T, m, lo, hi, fl, n)                                            \
	{                                                                      \
		FIELD_(T, m, #m, KIND_TEXT, struct str, fl, lo, hi), .tail = n \
	}
#define F_PATH(T, m, fl)                                            \
	{                                                           \
		FIELD_(T, m, #m, KIND_PATH, struct str, fl, 0, 400) \
	}
#define F_JSON(T, m, hi, fl)                                       \
	{                                                          \
		FIELD_(T, m, #m, KIND_JSON, struct str, fl, 0, hi) \
	}
#define F_REF(T, m, to, fl)                                                     \
	{                                                                       \
		FIELD_(T, m, #m, KIND_REF, struct str, fl, 1, 64), .target = to \
	}
#define F_ENUM(T, m, w, fl)                                                 \
	{                                                                   \
		FIELD_(T, m, #m, KIND_ENUM, unsigned, fl, 0, 0), .words = w \
	}
#define F_INT(T, m, lo, hi, fl)                                 \
	{                                                       \
		FIELD_(T, m, #m, KIND_INT, int64_t, fl, lo, hi) \
	}
#define F_TIME(T, m, fl)                                               \
	{                                                              \
		FIELD_(T, m, #m, KIND_TIME, int64_t, fl, 0, INT64_MAX) \
	}
#define F_FLAG(T, m, fl)                                    \
	{                                                   \
		FIELD_(T, m, #m, KIND_FLAG, bool, fl, 0, 1) \
	}
#define F_REAL(T, m, lo, hi, fl)                                                            \
	{                                                                                   \
		FIELD_(T, m, #m, KIND_REAL, double, fl, 0, 0), .lo_real = lo, .hi_real = hi \
	}

/* First member of every row struct, named 'std'. */
struct std {
	struct str id;
	int64_t version, created_at, updated_at;
};
#define F_STD(T)                                                                                             \
	{ FIELD_(T, std.id, "id", KIND_ID, struct str, DERIVED | FILTER | P1, 1, 64) },                      \
		{ FIELD_(T, std.version, "version", KIND_INT, int64_t, DERIVED | P0, 0, INT64_MAX) },        \
		{ FIELD_(T, std.created_at, "created_at", KIND_TIME, int64_t, DERIVED | P1, 0, INT64_MAX) }, \
	{                                                                                                    \
		FIELD_(T, std.updated_at, "updated_at", KIND_TIME, int64_t, DERIVED | P1, 0, INT64_MAX)      \
	}

/* ---- visibility: five words ------------------------------------------------- */

enum sight {
	SEE_OWN = 1,   /* entity.owner is the caller */
	SEE_HOUSEHOLD, /* entity.household is the caller's */
	SEE_PLACE,     /* entity.place lies under a place where the caller holds the permission */
	SEE_ASSIGNED,  /* entity.assigned is the caller */
	SEE_ALL,
};
/* Who holds 'perm' sees rows this way; the first words of a list are tried
 * together (OR).  A row out of sight is 404. */
struct see {
	const char *perm;
	enum sight sight;
};

/* ---- steps -------------------------------------------------------------------- */

/* One allowed change of state: POST /api/<module>/<entity>/{id}/<verb>. */
#define IN(state) (1u << (state))
#define ANY_STATE (~0u)
#define STAY      (~0u) /* 'to' of a step that changes fields but not the state */
struct step {
	const char *verb;
	unsigned from; /* IN(a) | IN(b) */
	unsigned to;
	const char *perm;
	enum sight sight; /* SEE_PLACE, SEE_ASSIGNED, SEE_OWN, SEE_ALL: what of the row must hold for the caller */
	const char *const *takes; /* input fields, NULL-terminated; "?name" is optional, others must be present */
	/* Checks and effects before the row is saved, 'state' already 'to'; may be NULL. */
	enum rc (*run)(struct ctx *c, void *row, const struct json *in);
};

/* ---- entity ------------------------------------------------------------------- */

/* A named order: columns with '-' for descending; the id is added at the end.
 * Columns must never be NULL. */
struct sort {
	const char *name;
	const char *columns[3]; /* NULL-terminated when fewer */
};

struct entity {
	const char *module, *name, *table;
	size_t size; /* of the row struct */
	const struct field *fields;
	size_t n_fields;
	const struct see *see; /* ends with {0} */
	struct {
		const char *create, *update; /* NULL: no such operation */
		const char *reveal;          /* to open P2 and P3 fields with a reason; NULL: never */
		const char *export;          /* to take lists away as CSV, with a purpose; NULL: never */
	} perm;
	const char *owner, *household, *place, *assigned; /* field names for visibility, or NULL */
	const char *person; /* field that names the person the row is about; "id" for the person itself */
	const char *state;  /* field name of the flow, or NULL */
	const struct step *steps;
	size_t n_steps;
	const struct sort *sorts; /* ends with {0}; may be NULL */
	/* std.id is set, input is read; fill derived fields, check what spans fields. */
	enum rc (*on_create)(struct ctx *c, void *row, const struct json *in);
	enum rc (*on_update)(struct ctx *c, void *row, const struct json *in);
	/* Before personal fields are given out, with a reason or in the export of the
	 * person: opens sealed ones in place (absent: no key any more), refuses whom
	 * the row does not name. */
	enum rc (*on_reveal)(struct ctx *c, void *row);
	/* For the data register. */
	const char *purpose, *basis; /* code words, docs/privacy.md */
	int keep_days;               /* clock; 0: as long as the purpose lasts */
	bool quiet;                  /* no events: high-volume or machine-made rows */
	bool at_lock;                /* may be read at a locked desk: nothing personal in it */
};

/* Loads fill *row (size e->size) from the arena.  entity_load obeys the
 * caller's visibility, entity_fetch does not (for our own code). */
enum rc entity_load(struct ctx *c, const struct entity *e, struct str id, void *row) MUST_USE;
enum rc entity_fetch(struct ctx *c, const struct entity *e, struct str id, void *row) MUST_USE;
/* First row by condition "column = $1 AND ..." without visibility; RC_MISSING
 * without FAIL text when none: *found says so. */
enum rc entity_find(struct ctx *c, const struct entity *e, const char *where, struct args args, void *row,
		    bool *found) MUST_USE;
/* Every row that fits, in order of 'tail' ("ORDER BY ... LIMIT ..."). */
enum rc entity_each(struct ctx *c, const struct entity *e, const char *where_and_tail, struct args args,
		    enum rc (*fn)(struct ctx *c, void *row, void *arg), void *arg) MUST_USE;
/* Zero; reals and the numbers people give without value, derived numbers 0. */
void entity_init(const struct entity *e, void *row);
/* Writes of our own code: no permission, no input check, but id, version,
 * times, event and audit as with any other write.  'verb' names the event. */
enum rc entity_insert(struct ctx *c, const struct entity *e, void *row, const char *verb) MUST_USE;
enum rc entity_save(struct ctx *c, const struct entity *e, void *row, const char *verb) MUST_USE;
/* A step taken by our own code or on behalf of the caller (permissions are
 * checked against c->who; the system may all). */
enum rc entity_step(struct ctx *c, const struct entity *e, struct str id, const char *verb, const struct json *in,
		    void *row) MUST_USE;
/* JSON of one row as the caller may see it. */
void entity_write(struct ctx *c, const struct entity *e, const void *row, struct buf *out);
const struct field *entity_field(const struct entity *e, struct str name);

#endif
