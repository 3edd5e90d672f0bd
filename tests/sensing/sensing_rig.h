/* sensing_rig.h - an application of core, places and sensing on one database,
 * with a clock moved by hand, a small tree of places and a few actors. */
#ifndef SENSING_RIG_H
#define SENSING_RIG_H

#include "core/app.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing_inner.h"

struct rig {
	const char *url;
	struct app *app;
	struct arena *a;
	int64_t now;
	struct str city, north, south, gate; /* north and south lie in the city, gate in north */
	struct str auth, content_type, peer; /* headers of the next requests */
	struct str extra[8][2];              /* more headers: name, value */
	int status;
	struct json *answer;
	struct str body;
};

enum rig_actor { KEEPER, NORTH_KEEPER, NORTH_DESK, SOUTH_DESK, GATE_DESK, STRANGER, SYSTEM, RIG_ACTORS };

/* On the database named by the environment variable of the loop; opened anew
 * for each test. */
int rig_open(void **state);
int rig_close(void **state);
void rig_reopen(struct rig *r); /* as after a restart of the process */

/* One request; the answer's JSON in r->answer (NULL when empty). */
int rig_call(struct rig *r, enum rig_actor who, const char *method, const char *path, const char *body);
int rig_post(struct rig *r, const char *body); /* events, with r->auth and r->content_type */
struct str rig_text(struct rig *r, const char *key);
int64_t rig_int(struct rig *r, const char *key);
const char *rig_fmt(struct rig *r, const char *fmt, ...) PRINTF(2, 3);

/* An active device with a key; its id.  r->auth is set to speak for it. */
struct str rig_device(struct rig *r, const char *kind, const char *source, struct str place);
void rig_key(struct rig *r, struct str id);
/* A batch of one event; "" for no data. */
const char *rig_event(struct rig *r, const char *source, const char *id, const char *type, const char *data);
/* What the last batch of events came to; 207 when something was refused. */
void rig_counts(struct rig *r, int64_t accepted, int64_t duplicate, int64_t refused);
int64_t rig_count(struct rig *r, const char *sql);
/* Moves the clock, runs flush and health as they fall due. */
void rig_pass(struct rig *r, int64_t span);

/* Runs the tests on every engine that is there. */
struct CMUnitTest;
int rig_run(const char *name, int (*group)(const char *name));

#define CHECK_STATUS(r, want)                                                                       \
	do {                                                                                        \
		if ((r)->status != (want))                                                          \
			fprintf(stderr, "%s:%d: %d " FMT_STR "\n", __FILE__, __LINE__, (r)->status, \
				ARG_STR((r)->body));                                                \
		assert_int_equal((r)->status, (want));                                              \
	} while (0)
#define CHECK_TEXT(r, key, want)                                                                         \
	do {                                                                                             \
		struct str got_ = rig_text((r), (key));                                                  \
		if (!str_is(got_, (want)))                                                               \
			fprintf(stderr, "%s:%d: " FMT_STR "\n", __FILE__, __LINE__, ARG_STR((r)->body)); \
		assert_string_equal(arena_z((r)->a, got_), (want));                                      \
	} while (0)

#endif
