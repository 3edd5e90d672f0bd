/* sensing_inner.h - what the files of this module share.
 *
 * Memory and database.  The module keeps in memory: devices, the numbered
 * sources and types, the dedupe window, and what devices last said ("now").
 * Writes run one after the other on the writer, but a unit of work can still
 * be rolled back after it returned RC_OK.  So nothing in memory is trusted
 * because a call succeeded: everything that follows from the log carries the
 * seq it follows from, and log_sync() compares with the log at the start of
 * each write unit.  Memory that is ahead of the log is taken back, memory that
 * is behind (another process writes, too) reads on.  A seq is handed out only
 * as "newest row + 1" and is the primary key, so at the moment of an insert
 * window and log agree, or the insert fails.
 *
 * Threads: 'lock' guards devices, sources, types and what they last said;
 * the window and 'last' belong to the writer.  Structs and strings once
 * published are never freed or moved before stop.
 */
#ifndef SENSING_INNER_H
#define SENSING_INNER_H

#include "domain/sensing/sensing.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- dedupe window (sensing_window.c): pure ---------------------------------- */

enum { WINDOW_EVENTS = 1 << 20 };

/* Hashes of the last events by seq, with an index by hash.  Grows from small.
 * 'floor': every row of the log from here to 'last' is inside. */
struct window {
	struct arena *a;
	uint64_t key[2];
	uint64_t *ring;  /* by seq & (size - 1); 0: empty */
	uint64_t *slots; /* open addressing, 2 * size; upper half of the hash, ring index + 1 */
	size_t size;
	size_t most; /* size at which it stops growing */
	int64_t last, floor;
};
void window_init(struct window *w, const uint8_t key[16], size_t most, int64_t last);
void window_done(struct window *w);
uint64_t window_hash(const struct window *w, int64_t source_no, struct str id);
/* Next candidate for 'hash': *at starts at 0; returns its seq, 0 at the end. */
int64_t window_find(const struct window *w, uint64_t hash, size_t *at);
/* Soon to be found and added: fetch the memory it takes. */
void window_touch(const struct window *w, uint64_t hash, int64_t seq);
void window_add(struct window *w, int64_t seq, uint64_t hash);  /* seq > last */
void window_fill(struct window *w, int64_t seq, uint64_t hash); /* seq < floor; again is harmless */
void window_drop_after(struct window *w, int64_t seq);
/* Lowest seq that belongs inside. */
int64_t window_wants(const struct window *w);

/* ---- what is kept in memory (sensing_cache.c) --------------------------------- */

enum { MAX_TYPES = 4096, MAX_SOURCES = 65536, MAX_SOURCES_EACH = 1024, MAX_QUARANTINED = 1000, SKEWS = 8 };

enum device_kind { K_CAMERA, K_DOOR, K_GATE, K_SENSOR, K_METER, K_LENS, K_GATEWAY };
enum device_state { S_QUARANTINED, S_ACTIVE, S_REFUSED, S_RETIRED };
enum device_health { H_IN_ORDER, H_SILENT, H_TAMPERED, H_CLOCK_OFF, H_LOW_BATTERY, H_COVERED, H_NEVER_SEEN };
enum gap_reason { G_SILENT, G_OFFLINE, G_TAMPERED, G_COVERED, G_GATEWAY, G_SERVER, G_NEVER_SEEN };
extern const char *const device_kinds[], *const device_states[], *const device_healths[], *const gap_reasons[];

struct device_row {
	struct std std;
	struct str name, source, place_id, place_path, gateway_id, reason, legal_basis, sign_record, field_of_view,
		key_hash;
	unsigned kind, state, health;
	int64_t last_seen_at, heartbeat_s, battery, skew_ms, events_total, refused_total, filed_at;
	bool tampered, covered, offline;
	double lon, lat;
};
extern const struct entity sensing_device;
struct gap_row {
	struct std std;
	struct str device_id, place_path;
	int64_t from_at, to_at;
	unsigned reason;
};
extern const struct entity sensing_gap_entity;
extern const struct entity sensing_channel, sensing_drawing;

/* What a device last said: follows from its row as flushed and the log after
 * the flush, and is never older than 'seq'. */
struct device_now {
	int64_t seq; /* newest event it follows from */
	int64_t last_seen_at, battery, skew_ms, events_total, refused_total;
	int64_t back_at; /* first sign of life since it was found silent; 0: none */
	int64_t bad_at;  /* when the latest of the flags below rose */
	bool tampered, covered, offline;
	bool touched; /* refusals to be flushed */
	int64_t skews[SKEWS];
	unsigned n_skews, next_skew;
};
struct device {
	struct str id, name, source, place_id, place_path, gateway_id;
	unsigned kind, state, health;
	int64_t heartbeat_s, created_at;
	int64_t active_since; /* in this process: silence is not counted from before */
	double lon, lat;
	bool has_key;
	bool down; /* a gap is open */
	uint8_t key_hash[32];
	unsigned n_sources;
	struct device_now now;
	struct device *next_id, *next_source; /* of the hash chains */
};
/* A numbered source; no 0: not in the log (yet). */
struct source {
	int64_t no, born; /* seq of its first event in this process, 0: older */
	struct str text;
	struct device *device;
	int64_t last_seq, last_at; /* the writer's */
	uint64_t hash;             /* of the text */
	atomic_size_t checked;     /* as many devices were known when 'device' was found to be its owner */
	struct source *next;
};
enum type_means { MEANS_EVENT, MEANS_HEARTBEAT, MEANS_ONLINE, MEANS_OFFLINE };
struct type {
	int64_t no, born;
	struct str text;
	enum type_means means;
	struct type *next;
};

enum { CHAINS = 16384, PEERS = 1024 };
struct peer {
	uint64_t who;
	int64_t since;
	unsigned wrong;
};
struct state {
	pthread_rwlock_t lock;
	pthread_mutex_t reload; /* one reload at a time, so that the last one wins */
	struct arena *a;        /* under the lock for writing */
	uint8_t key[16];
	struct device *by_id[CHAINS], *by_source[CHAINS];
	struct device **devices;
	size_t n_devices, devices_cap, n_quarantined;
	struct source *sources[CHAINS];
	struct source *source_no[MAX_SOURCES + 1];
	struct type *types[CHAINS];
	struct type *type_no[MAX_TYPES + 1];
	int64_t n_sources, n_types; /* highest numbers given */
	int64_t revision;           /* of the device rows in memory; -1: not committed when read */
	int64_t seen;               /* the same, committed or not */
	atomic_llong changed_at, polled_at;
	/* The writer's. */
	struct window window;
	int64_t last, floor, started_at;
	bool stale; /* what devices last said has to be read anew */
	struct stmt *newest, *insert, *confirm;
	/* Wrong keys by address. */
	pthread_mutex_t peers_lock;
	struct peer peers[PEERS];
	atomic_llong accepted, duplicate, refused;
};
struct state *sensing_state(const struct ctx *c);

uint64_t cache_hash(const struct state *st, struct str s);
struct device *cache_by_id(const struct state *st, struct str id);         /* under the lock */
struct device *cache_by_source(const struct state *st, struct str source); /* under the lock */
struct source *cache_source(const struct state *st, struct str text, const struct device *d);
struct type *cache_type(const struct state *st, struct str text);
/* Finds or adds (no 0); takes the lock. */
struct source *cache_add_source(struct state *st, struct str text, struct device *d);
struct type *cache_add_type(struct state *st, struct str text);
void cache_number_source(struct state *st, struct source *s, int64_t no, int64_t born);
void cache_number_type(struct state *st, struct type *t, int64_t no, int64_t born);
/* Takes back numbers first used after 'seq'. */
void cache_forget_after(struct state *st, int64_t seq);
/* Device rows were changed in this unit of work. */
enum rc cache_changed(struct ctx *c) MUST_USE;
/* On a reader: takes over committed changes, those of other processes within
 * seconds. */
enum rc cache_refresh(struct ctx *c) MUST_USE;
enum rc cache_load_devices(struct ctx *c) MUST_USE;
enum rc cache_load_words(struct ctx *c) MUST_USE; /* sources and types not known yet */

/* ---- the log (sensing_log.c) ----------------------------------------------------- */

enum rc log_sync(struct ctx *c) MUST_USE;
enum rc log_start(struct ctx *c) MUST_USE;
enum rc log_mark(struct ctx *c, const char *name, int64_t *ret) MUST_USE;
enum rc log_set_mark(struct ctx *c, const char *name, int64_t value) MUST_USE;

/* One event on its way into the log. */
struct item {
	struct str id, source, type, data; /* data: JSON or absent */
	int64_t at;
	struct device *device; /* it belongs to; NULL: see code */
	struct source *from;   /* NULL: not numbered yet */
	struct type *kind;     /* NULL: not numbered yet */
	const char *code, *field;
	enum sensing_word word;
	int64_t seq;
	uint64_t hash; /* with this number of its source; 0: none yet */
	int64_t hashed_no;
};
/* Dedupes and inserts; items with a code are left alone. */
enum rc log_append(struct ctx *c, struct item *items, size_t n) MUST_USE;
/* The event with this id, while it is in the dedupe window; *seq 0: none.  In a
 * write unit. */
enum rc log_find(struct ctx *c, const struct source *from, struct str id, int64_t *seq) MUST_USE;

/* Newest first below *seq, of one device or (absent) of all; ends when 'fn'
 * says RC_MISSING or enough rows were looked at: *more, and *seq is where to go
 * on. */
enum rc log_back(struct ctx *c, struct str device_id, int64_t *seq, sensing_event_fn *fn, void *arg,
		 bool *more) MUST_USE;

/* ---- what an event says about its device (sensing_now.c) ----------------------------- */

/* One event of the log, for struct device_now; 'lock' is held for writing. */
void now_note(struct state *st, struct arena *a, struct source *s, const struct type *t,
	      const struct sensing_event *ev);
/* A live measurement of the clock: received minus own time. */
void now_skew(struct device *d, int64_t off);
enum type_means now_means(struct str type);

/* ---- checks of events (sensing_check.c) ------------------------------------------------- */

/* Sets item->device, from, kind, or code and field.  'lock' is held.  'before'
 * (may be NULL): an item of the same speaker that was checked already. */
void check_item(struct state *st, struct device *speaker, struct item *it, const struct item *before);
/* The device this speaker may speak for as 'source'; *code: why not.  'lock' is
 * held.  *from: its numbered source, or NULL. */
struct device *check_source_of(struct state *st, struct device *speaker, struct str source, struct source **from,
			       const char **code);
/* A key anywhere inside that could carry a face, another measure of a body, a
 * belief or an identity number: no such thing enters (guarantees G17, G19). */
bool check_forbidden(const struct json *data);
/* Sources of a gateway that nobody knows become quarantined devices. */
enum rc check_unknown(struct ctx *c, struct device *speaker, struct item *items, size_t n) MUST_USE;

/* ---- routes and jobs ------------------------------------------------------------------------ */

enum rc ingest_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc ingest_run(struct ctx *c, struct call *k) MUST_USE;
/* The device whose key the request carries. */
enum rc ingest_speaker(struct ctx *c, struct device **ret) MUST_USE;
enum rc evidence_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc evidence_run(struct ctx *c, struct call *k) MUST_USE;
enum rc evidence_purge(struct ctx *c) MUST_USE;
enum rc device_key(struct ctx *c, struct call *k) MUST_USE;
enum rc lens_get(struct ctx *c, struct call *k) MUST_USE;
enum rc health_get(struct ctx *c, struct call *k) MUST_USE;
enum rc coverage_get(struct ctx *c, struct call *k) MUST_USE;
enum rc event_get(struct ctx *c, struct call *k) MUST_USE;
enum rc flush_job(struct ctx *c) MUST_USE;
enum rc health_job(struct ctx *c) MUST_USE;
enum rc purge_job(struct ctx *c) MUST_USE;
enum rc own_gap(struct ctx *c) MUST_USE; /* at start: the time we were away */

#endif
