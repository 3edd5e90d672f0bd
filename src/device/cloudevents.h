/* cloudevents.h - CloudEvents 1.0.2: JSON format, JSON batch format and the
 * HTTP binding (structured, batched, binary), and NDJSON of structured events.
 * github.com/cloudevents/spec, tag v1.0.2.
 *
 * One way for all of them: cloud_open_*(), then cloud_next() until it is false.
 *   - a bad event has an error of its own and the next one is still read;
 *   - a malformed line of NDJSON is a bad event, a malformed batch document is
 *     refused as a whole by cloud_open_json().
 * Views point into the body (or the arena, where a text had escapes), so body
 * and arena must outlive the events.  Nothing is allocated per event but the
 * JSON tree.
 *
 * Narrower than the specification: id, source and type at most 128 bytes;
 * subject at most 256; data is a JSON object or absent, at most 64 KiB;
 * "data_base64" is refused; 10,000 events at once.  Attributes that are null
 * are absent, as the JSON format says.  Extension attributes are checked
 * (name [a-z0-9]{1,20}; text, whole number or boolean) and ignored.
 */
#ifndef DEVICE_CLOUDEVENTS_H
#define DEVICE_CLOUDEVENTS_H

#include "base/json.h"

enum {
	CLOUD_MAX_EVENTS = 10000,
	CLOUD_MAX_WORD = 128, /* bytes of id, source, type */
	CLOUD_MAX_SUBJECT = 256,
	CLOUD_MAX_DATA = 64 * 1024
};

struct cloud_event {
	struct str id, source, type;
	struct str subject;      /* absent: none */
	int64_t at;              /* 0: none given */
	const struct json *data; /* map, NULL: none */
	struct str data_raw;     /* its bytes as they came; absent: none */
};

struct cloud_error {
	const char *code;   /* stable words, NULL: no error.  "not_json", "not_object", "missing", "wrong_type",
			       "length", "control_character", "specversion", "time", "data_too_large",
			       "data_base64", "attribute_name", "content_type", "too_many" */
	const char *field;  /* attribute the code is about, "" for the event as a whole; "extension" for others */
	size_t at;          /* "not_json": byte offset in the body */
	const char *reason; /* "not_json": json_error.reason; else NULL */
};

struct cloud_reader {
	struct arena *a;
	const struct json *next; /* JSON: next event */
	struct str rest;         /* NDJSON: lines still to read */
	const char *body;
	size_t n; /* events in all (NDJSON: lines that are not blank) */
	size_t i; /* events handed out so far */
};

/* One event object, for callers that parsed it themselves.  RC_INVALID with
 * *err, RC_LIMIT with "data_too_large". */
enum rc cloud_read(const struct json *j, struct cloud_event *ret, struct cloud_error *err) MUST_USE;

/* application/cloudevents+json (one object) and
 * application/cloudevents-batch+json (a list, empty allowed).  RC_INVALID:
 * malformed; RC_LIMIT: "too_many".  A list where one object was announced is
 * taken as well, and the other way round. */
enum rc cloud_open_json(struct arena *a, struct str body, struct cloud_reader *ret, struct cloud_error *err) MUST_USE;
/* application/x-ndjson: one event a line, LF or CRLF, blank lines skipped. */
enum rc cloud_open_lines(struct arena *a, struct str body, struct cloud_reader *ret, struct cloud_error *err) MUST_USE;
/* Event after event: false at the end.  err->code is NULL for a good one; for
 * a bad one *ev holds what was readable (id, source, type), for the answer.
 * The event's index is r->i - 1. */
bool cloud_next(struct cloud_reader *r, struct cloud_event *ev, struct cloud_error *err) MUST_USE;

/* Header value by lower-case name ("ce-id", "content-type"); absent: none. */
typedef struct str cloud_header(void *arg, const char *name);
/* Binary mode: attributes in ce-* headers (percent-encoded, HTTP binding
 * 3.1.3.2), the body is the data; empty body: no data.  A body needs a content
 * type of JSON. */
enum rc cloud_read_binary(struct arena *a, cloud_header *header, void *arg, struct str body, struct cloud_event *ret,
			  struct cloud_error *err) MUST_USE;

#endif
