/* geojson_fuzz.c - what was read can be written, and reads back as the same
 * number of rings and positions; sums over it stay in range. */
#include "base/geojson.h"
#include "replay.h"

static void write_and_read(struct arena *a, const struct geojson *g)
{
	struct buf b = buf_new(a, 16 << 20);
	struct geojson_box box = geojson_box(g);
	struct geojson_error err;
	struct json_error at;
	struct geojson back;
	struct json *j;

	MUST(box.min_lon >= -180 && box.max_lon <= 180 && box.min_lat >= -90 && box.max_lat <= 90);
	MUST(box.min_lon <= box.max_lon && box.min_lat <= box.max_lat);
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < g->polygons[i].n; k++) {
			double area = geojson_ring_area(g->polygons[i].rings[k]);

			/* a ring may go round many times */
			MUST(area <= 64800.0 * (double)g->positions && area >= -64800.0 * (double)g->positions);
		}
	(void)geojson_has(g, (box.min_lon + box.max_lon) / 2, (box.min_lat + box.max_lat) / 2);
	geojson_write(&b, g, 7);
	MUST(!b.overflow && json_parse(a, buf_str(&b), 0, &j, &at) == RC_OK);
	MUST(geojson_read(a, j, &back, &err) == RC_OK);
	MUST(back.kind == g->kind && back.n == g->n && back.positions == g->positions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(64 << 20);
	struct geojson_features f;
	struct geojson_feature one;
	struct geojson_error err;
	struct json_error at;
	struct json *j;

	if (json_parse(a, (struct str){ (const char *)data, size }, 0, &j, &at) == RC_OK) {
		if (geojson_open(a, j, &f, &err) != RC_OK)
			MUST(err.reason != NULL);
		else
			while (geojson_next(&f, a, &one, &err)) {
				MUST(err.reason == NULL || str_utf8(err.path));
				if (err.reason == NULL && one.has_geometry)
					write_and_read(a, &one.geometry);
			}
	}
	arena_free(a);
	return 0;
}
