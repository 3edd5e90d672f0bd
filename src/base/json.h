/* json.h - JSON reader (tree in an arena) and writer (into a buf), RFC 8259.
 *
 * Strict: UTF-8 only, no NUL in text, no duplicate keys in one object, no NaN
 * or infinity, no leading zeros, nothing after the value.  Whole numbers that
 * fit int64 stay exact; others are finite doubles or refused.
 */
#ifndef JSON_H
#define JSON_H

#include "base/base.h"

enum { JSON_MAX_DEPTH = 64 };

enum json_kind { J_NULL, J_BOOL, J_INT, J_REAL, J_TEXT, J_LIST, J_MAP };

struct json {
	struct str key;  /* name inside the parent map */
	struct str text; /* J_TEXT, unescaped; points into the input when it had no escapes */
	union {
		int64_t i;          /* J_INT, J_BOOL (0 or 1) */
		double d;           /* J_REAL */
		struct json *child; /* J_LIST, J_MAP: first */
	};
	struct json *next; /* next in the same parent */
	struct str raw;    /* the value's own bytes in the input */
	enum json_kind kind;
	unsigned n; /* J_LIST, J_MAP: number of children */
};

struct json_error {
	size_t at;          /* byte offset */
	const char *reason; /* stable words: "depth", "utf8", "duplicate_key", "syntax", "number", "nodes", "end" */
};

/* The tree points into 'in', which must live as long as 'a'.  RC_INVALID with
 * *err on malformed input; at most 'max_nodes' values (0: one million). */
enum rc json_parse(struct arena *a, struct str in, size_t max_nodes, struct json **ret,
		   struct json_error *err) MUST_USE;
const struct json *json_get(const struct json *map, const char *key); /* NULL: absent or not a map */
struct str json_get_text(const struct json *map, const char *key);    /* absent when missing or not text */
int64_t json_get_int(const struct json *map, const char *key, int64_t missing);
/* J_INT or J_REAL as double; false otherwise. */
bool json_number(const struct json *j, double *ret);

/* Writer: commas are placed automatically. */
void json_open(struct buf *b, char bracket);
void json_close(struct buf *b, char bracket);
void json_key(struct buf *b, const char *key);
void json_key_str(struct buf *b, struct str key);
void json_key_ready(struct buf *b, struct str quoted); /* "\"name\":", made once */
void json_text(struct buf *b, struct str s);           /* absent writes null */
void json_int(struct buf *b, int64_t v);
void json_real(struct buf *b, double v); /* shortest text that reads back equal; not finite writes null */
void json_bool(struct buf *b, bool v);
void json_null(struct buf *b);
void json_time(struct buf *b, int64_t t);            /* RFC 3339 text; 0 writes null */
void json_raw(struct buf *b, struct str valid_json); /* already JSON; absent writes null */
/* Key and value in one call. */
void json_put_text(struct buf *b, const char *key, struct str s);
void json_put_int(struct buf *b, const char *key, int64_t v);
void json_put_real(struct buf *b, const char *key, double v);
void json_put_bool(struct buf *b, const char *key, bool v);
void json_put_time(struct buf *b, const char *key, int64_t t);
void json_put_raw(struct buf *b, const char *key, struct str valid_json);
/* A parsed value written out again. */
void json_write(struct buf *b, const struct json *j);

#endif
