/* sensing.h - devices, what they report and when they could not, seen from
 * other modules.
 *
 * The event log is append-only in arrival order: 'seq' grows by one with each
 * event.  Strings in the structs below live as long as the module, except
 * 'data', which lives during the callback only.  A callback that does not
 * return RC_OK stops the call and is its result.
 */
#ifndef SENSING_H
#define SENSING_H

#include "core/module.h"
#include "files/files.h"

extern const struct module sensing_module;

enum {
	SENSING_MAX_BODY = 8 * 1024 * 1024,
	SENSING_MAX_EVENTS = 10000, /* of one request */
	SENSING_KEEP_DAYS = 31,     /* the log's clock */
};

/* ---- the log ------------------------------------------------------------- */

struct sensing_event {
	int64_t seq, at, received_at;
	struct str device_id, place_id, place_path, type;
	struct str data; /* a JSON object or absent */
};
typedef enum rc sensing_event_fn(void *arg, const struct sensing_event *ev);

/* Committed events with seq > after_seq in order of seq, at most 'most'.
 * *last_seq is the last one handed out (after_seq when none). */
enum rc sensing_since(struct ctx *c, int64_t after_seq, size_t most, sensing_event_fn *fn, void *arg,
		      int64_t *last_seq) MUST_USE;
/* Events received in [from_at, to_at), in order of seq: the order in which
 * rules saw them. */
enum rc sensing_between(struct ctx *c, int64_t from_at, int64_t to_at, sensing_event_fn *fn, void *arg) MUST_USE;
/* Events of one device whose own time lies in [from_at, to_at), newest arrival
 * first, at most 'most'.  Cost: that device's events, not the log's. */
enum rc sensing_of_device(struct ctx *c, struct str device_id, int64_t from_at, int64_t to_at, size_t most,
			  sensing_event_fn *fn, void *arg) MUST_USE;
/* 0: the log is empty (or cannot be read). */
int64_t sensing_last_seq(struct ctx *c);
/* When the oldest kept event was received; 0: none. */
enum rc sensing_first_at(struct ctx *c, int64_t *ret) MUST_USE;

/* ---- pictures of events ------------------------------------------------------ */

/* Files of an event belong to SENSING_EVENT_FILES, row sensing_event_key(seq).
 * Nobody but the system sees them there: an alert that came of the event links
 * them to itself and gives them their clock.  "sensing.device.evidence" tells of
 * each new one: {"seq","file_id","kind"}. */
#define SENSING_EVENT_FILES "sensing.event"
enum {
	SENSING_EVIDENCE_EACH = 4,       /* files of one event */
	SENSING_EVIDENCE_MOST = 8 << 20, /* bytes of one upload: the server's own limit of a body */
	SENSING_EVIDENCE_HOURS = 24,     /* without an alert */
	SENSING_WANT_TRIES = 8,
	SENSING_CLIP_WAIT_S = 20, /* a film has to be written before it can be had */
};
struct str sensing_event_key(struct ctx *c, int64_t seq);

/* An alert came of this event: when it is a recorder's beside us, its picture
 * is wanted, and its film when it says it has one.  Again is harmless. */
enum rc sensing_want(struct ctx *c, int64_t seq) MUST_USE;
struct sensing_wanted {
	int64_t seq, at, tries;
	enum files_kind kind;
	struct str object, place_path;
};
/* Wanted of this gateway and due, at most 'most', the longest waiting first. */
enum rc sensing_wants(struct ctx *c, struct str gateway_id, size_t most, struct sensing_wanted *ret,
		      size_t *n) MUST_USE;
/* What came of asking: the file (files_write was done), or why not ("missing",
 * "too_large", "no_answer", "disk", "media_type"); asked again later, in the end
 * given up. */
enum rc sensing_got(struct ctx *c, const struct sensing_wanted *w, const struct file_ref *f,
		    const char *reason) MUST_USE;
/* Files of this event that are not had: kind, "wanted" or "failed", reason. */
enum rc sensing_missing(struct ctx *c, int64_t seq,
			enum rc (*fn)(void *arg, const char *kind, const char *state, struct str reason),
			void *arg) MUST_USE;

/* ---- devices --------------------------------------------------------------- */

struct device_ref {
	struct str id, name, source, place_id, place_path;
	const char *kind;   /* "camera", "door" ... */
	const char *state;  /* "active" ... */
	const char *health; /* "in_order", "silent" ... */
	double lon, lat;    /* NO_REAL: not known */
	int64_t last_seen_at;
};
/* Without visibility, for our own code; RC_MISSING without FAIL text when
 * there is none. */
enum rc sensing_device_get(struct ctx *c, struct str id, struct device_ref *ret) MUST_USE;

/* Who speaks: the device whose key the request carries ("Authorization: Device
 * <id>.<key>"), for routes of other modules that devices call.  Sets c->who.
 * RC_UNKNOWN or RC_SLOWER with FAIL text; only active devices are let in. */
enum rc sensing_authenticate(struct ctx *c, struct device_ref *ret) MUST_USE;

struct sensing_counts {
	int64_t total, in_order, quarantined; /* total: active devices */
};
/* Of the devices at 'path' and below. */
enum rc sensing_count(struct ctx *c, struct str path, struct sensing_counts *ret) MUST_USE;

/* A span in which the device could not have seen anything. */
struct sensing_gap {
	int64_t from_at, to_at; /* to_at 0: still down */
	const char *reason;     /* "silent", "offline", "tampered", "covered", "gateway", "server", "never_seen" */
};
/* Gaps that touch [from_at, to_at), oldest first; 'fn' may be NULL.  *total_us:
 * how much of the span they cover together. */
enum rc sensing_gaps(struct ctx *c, struct str device_id, int64_t from_at, int64_t to_at,
		     enum rc (*fn)(void *arg, const struct sensing_gap *gap), void *arg, int64_t *total_us) MUST_USE;

/* ---- events from inside the process ------------------------------------------ */

struct sensing_input {
	struct str gateway_id; /* device that speaks; absent: the process itself, for registered sources only */
	struct str source, id, type;
	int64_t at;      /* 0: now */
	struct str data; /* a JSON object or absent */
};
enum sensing_word { SENSING_ACCEPTED, SENSING_DUPLICATE, SENSING_REFUSED };
struct sensing_verdict {
	enum sensing_word word;
	const char *code, *field; /* of a refusal, else NULL */
	int64_t seq;              /* of an accepted event; else 0 */
};
/* The same path as POST /api/sensing/events, in a write unit.  'verdicts' has
 * n entries.  RC_OK also when events were refused. */
enum rc sensing_append(struct ctx *c, const struct sensing_input *events, size_t n,
		       struct sensing_verdict *verdicts) MUST_USE;
/* Finds or makes the active device of kind gateway for this source: adapters
 * inside the process.  In a write unit. */
enum rc sensing_gateway(struct ctx *c, struct str source, struct str name, struct str place_id,
			struct str *id) MUST_USE;
/* Newest own time of an event whose source is 'source' or below it, 0: none;
 * where a backfill begins. */
enum rc sensing_last_at(struct ctx *c, struct str source, int64_t *ret) MUST_USE;

#endif
