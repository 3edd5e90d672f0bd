/* places_outline.h - enclosures inside the places module: outlines, entrances,
 * plans, works, modes.
 *
 * An outline is one version of an enclosure's edge.  Its segments, in order,
 * are the truth; rings, area and perimeter follow from them.  Coordinates are
 * WGS-84 degrees here, whatever datum they came in; metres are geodesics on the
 * ellipsoid.
 */
#ifndef PLACES_OUTLINE_H
#define PLACES_OUTLINE_H

#include "domain/places/places_inner.h"
#include "sys/geometry.h"

enum {
	/* Bytes of JSON; together below what an event or a conflict can carry. */
	OUTLINE_SEGMENTS = 64 << 10,
	OUTLINE_ENTRANCES = 60 << 10,
	OUTLINE_BOUNDARY = 64 << 10,
	OUTLINE_FAULTS = 48 << 10,
	OUTLINE_MAX_SEGMENTS = 500,
	OUTLINE_MAX_ENTRANCES = 300,
	OUTLINE_MAX_POINTS = 2500,
	OUTLINE_MAX_RINGS = 20,
	FAULTS_MOST = 150, /* listed one by one */
};

extern const char *const segment_kinds[],
	*const entrance_states[], *const lane_directions[], *const place_modes[], *const outline_states[];
enum { ENTRANCE_OPEN, ENTRANCE_CLOSED, ENTRANCE_EMERGENCY, ENTRANCE_NIGHT };
enum { DIRECTION_BOTH, DIRECTION_IN, DIRECTION_OUT };

/* ---- what is drawn -------------------------------------------------------- */

struct segment {
	size_t ring; /* from 0: segments of one ring follow each other */
	unsigned kind;
	struct str built_on, note; /* "2025-06-01"; or absent */
	struct lonlat *p;          /* at least 2 */
	size_t n;
};
struct doorway {
	struct str code, name, note;
	struct lonlat at;
	unsigned state, direction;
	bool people, car, e_bike, fire;
};
struct drawing {
	struct segment *segments;
	struct doorway *doorways;
	size_t n_segments, n_doorways, n_points;
};

/* From JSON texts as stored or sent (absent: none), converted from 'datum'.
 * FAIL RC_INVALID with the field's path: "segments[3].line[1]". */
enum rc drawing_read(struct ctx *c, struct str segments, struct str entrances, unsigned datum,
		     struct drawing *ret) MUST_USE;
/* One of each, checked as if it were the n-th of a list. */
enum rc drawing_segment(struct ctx *c, const struct json *j, struct segment *ret) MUST_USE;
enum rc drawing_doorway(struct ctx *c, const struct json *j, struct doorway *ret) MUST_USE;
/* Codes once each, counts within limits. */
enum rc drawing_check(struct ctx *c, const struct drawing *d) MUST_USE;
void drawing_convert(struct drawing *d, unsigned datum);
struct str drawing_segments(struct arena *a, const struct drawing *d); /* JSON, seven decimals */
struct str drawing_doorways(struct arena *a, const struct drawing *d);
void segment_line(struct buf *out, const struct segment *s); /* [[lon,lat],...] */
double segment_length_m(const struct segment *s);
/* Polygon or MultiPolygon text as one segment a ring. */
enum rc drawing_of_boundary(struct ctx *c, struct str boundary, struct drawing *ret) MUST_USE;

/* ---- rings ------------------------------------------------------------------ */

/* From the end of one segment to the start of the next, numbered from 1. */
struct seam {
	size_t ring, from, to;
	double gap_m;
	struct lonlat a, b;
};
struct rings {
	struct ring *v; /* by ring number, seams bridged */
	size_t n;
	struct seam *seams; /* those wider than a centimetre */
	size_t n_seams;
	double perimeter_m, widest_m;
};
void drawing_rings(struct arena *a, const struct drawing *d, struct rings *ret);
/* Rings inside others are holes; GeoJSON text. */
struct str rings_boundary(struct arena *a, const struct rings *r);

/* ---- the entities ------------------------------------------------------------- */

enum outline_state { OUTLINE_DRAFT, OUTLINE_CHECKED, OUTLINE_PUBLISHED, OUTLINE_SUPERSEDED, OUTLINE_DROPPED };
struct outline {
	struct std std;
	struct str place_id, place_path, base_id, name, note, segments, entrances, boundary, faults, published_by,
		published_by_name;
	unsigned state, datum;
	int64_t number, checked_at, published_at;
	double gap_m, reach_m, fire_m, area_m2, perimeter_m;
};
struct segment_row {
	struct std std;
	struct str place_id, place_path, outline_id, line, built_on, note;
	int64_t ring, seq;
	unsigned kind;
	double length_m;
};
struct entrance {
	struct std std;
	struct str place_id, place_path, outline_id, code, name, note;
	double lon, lat;
	unsigned state, direction;
	bool people, car, e_bike, fire, present;
};
struct enclosure_plan {
	struct std std;
	struct str place_id, place_path, name, outline_id, changes, faults, published_by, published_by_name;
	unsigned state;
	int64_t entrances_before, entrances_after, checked_at, published_at;
	double fire_m;
};
extern const struct entity outline_entity, segment_entity, entrance_entity, plan_entity, checkpoint_entity, work_entity,
	weight_entity, area_entity, timetable_entity, order_entity;

/* The place named in 'place_id' is one that has an edge: an enclosure, or a
 * community that is its own. */
enum rc enclosure_place(struct ctx *c, struct str place_id, struct place_ref *ret) MUST_USE;
enum rc outline_published(struct ctx *c, struct str place_id, struct outline *ret, bool *found) MUST_USE;
/* place_id is set: path, number, base and limits, lines of the version in force
 * where none are given. */
enum rc outline_begin(struct ctx *c, struct outline *o) MUST_USE;
/* Puts the drawing into the row: both texts, boundary, perimeter. */
enum rc outline_take(struct ctx *c, struct outline *o, const struct drawing *d) MUST_USE;
/* Writes o->faults (absent: none), area, perimeter; counts what blocks. */
enum rc outline_check(struct ctx *c, struct outline *o, size_t *blocking) MUST_USE;
/* o becomes what is in force: the one before is superseded, the place's
 * boundary, segments and entrances follow.  'o' is not saved here. */
enum rc outline_put_in_force(struct ctx *c, struct outline *o) MUST_USE;
enum rc outline_number(struct ctx *c, struct str place_id, int64_t *ret) MUST_USE;

/* ---- the way out ------------------------------------------------------------------ */

/* A building's straight way to the nearest entrance that people can leave by in
 * an emergency: open or emergency only, for people, not inwards only. */
bool doorway_is_exit(const struct doorway *d);
/* What people use every day: open or closed at night only. */
bool doorway_in_use(const struct doorway *d);
/* Appends a fault for each building that is further than 'most_m' from an exit,
 * or has no point to measure from.  'before' (NULL: none) tells how far it was. */
enum rc fire_check(struct ctx *c, struct str path, const struct drawing *now, const struct drawing *before,
		   double most_m, struct buf *faults, size_t *failing) MUST_USE;
/* {"code":...} opened in a list of faults, or false when the list is full. */
bool fault_open(struct buf *faults, const char *code, size_t nth);

extern const char *const outline_columns[]; /* of the CSV form */

/* ---- routes ------------------------------------------------------------------------ */

enum rc outline_import_prepare(struct ctx *c, struct call *k) MUST_USE;
enum rc outline_import_run(struct ctx *c, struct call *k) MUST_USE;
enum rc outline_export(struct ctx *c, struct call *k) MUST_USE;
enum rc places_edges(struct ctx *c, struct call *k) MUST_USE;
enum rc places_completion_route(struct ctx *c, struct call *k) MUST_USE;
enum rc places_mode_route(struct ctx *c, struct call *k) MUST_USE;
enum rc orders_end(struct ctx *c) MUST_USE; /* job */

#endif
