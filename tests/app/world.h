/* world.h - the whole program on one database with the demo in it, a clock
 * moved by hand, people who sign in and the demo's gateway; for the tests of the
 * application and for scenarios.
 */
#ifndef WORLD_H
#define WORLD_H

#include "app/app_modules.h"

enum { WORLD_PEOPLE = 8 };
struct world {
	struct app *app;
	struct arena *arena; /* of answers; lives as long as the world */
	const char *url;
	int64_t now, slow_at, beat_at;
	bool alive; /* while time passes, every demo device but the broken one says so */
	char folder[64], auth[160];
	struct {
		struct str login, cookie;
		int64_t used_at;
	} people[WORLD_PEOPLE];
	int64_t beats;
	/* the last answer */
	struct response last;
	const struct json *answer; /* NULL: no body */
};

/* False: said why on stderr.  'start' is the time of the seed. */
bool world_open(struct world *w, const char *url, int64_t start);
/* The demo's own gate is taken away: a scenario about gates builds what it counts. */
bool world_without_gates(struct world *w);
void world_close(struct world *w);
/* Lets time pass; jobs run as they fall due. */
bool world_pass(struct world *w, int64_t span);
/* As a person of the demo, who signs in when needed; NULL: as the system.
 * 'path' may have a query.  The status. */
int world_ask(struct world *w, const char *login, struct str method, struct str path, struct str body);
/* As a device with its key: "Device <id>.<key>".  The status. */
int world_device(struct world *w, struct str auth, struct str method, struct str path, struct str body);
/* Days at once: only what ends and dies on time runs, once, afterwards. */
bool world_skip(struct world *w, int64_t span);
/* NDJSON of events, spoken by the demo's gateway.  The status. */
int world_tell(struct world *w, struct str lines);
/* First column of the first row. */
int64_t world_count(struct world *w, const char *sql);
/* "items.0.name", "items.[kind=door-held].id"; NULL: not there. */
const struct json *world_at(const struct json *j, struct str path);

#endif
