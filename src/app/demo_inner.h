/* demo_inner.h - what the files of the demo's seed share.
 *
 * Each thing is looked for before it is made, so a seed that was interrupted
 * goes on where it stopped, and a second start changes nothing.
 */
#ifndef DEMO_INNER_H
#define DEMO_INNER_H

#include "app/demo.h"
#include "app/demo_list.h"

#define DEMO_PASSWORD "tengwangge-demo"

struct demo {
	struct app *app;
	struct arena *arena;
	const char *folder;
	const struct actor *who; /* NULL: the system */
	int64_t now;
	struct str password_hash; /* of the one password of all accounts, once it is made */
};

/* A request as d->who; the answer's JSON.  A refusal is said on stderr. */
enum rc demo_ask(struct demo *d, struct str method, struct str path, struct str body, const struct json **ret) MUST_USE;
/* First row of a list, NULL: none. */
enum rc demo_first(struct demo *d, struct str path_and_query, const struct json **ret) MUST_USE;
/* The person whose field 'key' says this, NULL: none. */
enum rc demo_person(struct demo *d, const char *key, struct str value, const struct json **ret) MUST_USE;
/* Id of the place with this path below DEMO_AREA; it must be there. */
enum rc demo_place(struct demo *d, const char *path, struct str *ret) MUST_USE;
/* POST to an entity; *id of what was made. */
enum rc demo_make(struct demo *d, const char *entity, const struct buf *body, struct str *id) MUST_USE;
struct buf demo_body(struct demo *d); /* an open map */

/* Metres east and north of the demo's corner. */
struct demo_point {
	double x, y;
};
double demo_lon(double x);
double demo_lat(double y);
const struct demo_point *demo_beilin_corners(void);   /* 6 */
const struct demo_point *demo_shanghai_corners(void); /* 4 */

enum rc demo_seed_places(struct demo *d) MUST_USE;
enum rc demo_seed_people(struct demo *d) MUST_USE;
enum rc demo_seed_duty(struct demo *d) MUST_USE; /* shifts and positions: renewed at every start */
enum rc demo_seed_devices(struct demo *d) MUST_USE;
enum rc demo_seed_registers(struct demo *d) MUST_USE; /* homes, rentals, vehicles, a note */
enum rc demo_seed_watch(struct demo *d) MUST_USE;     /* rules, and the watch over 3-2-501 */

enum rc demo_seed_enclosures(struct demo *d) MUST_USE;
enum rc demo_seed_gates(struct demo *d) MUST_USE; /* Jingtai's north gate */

#endif
