/* geojson_math.c - writing geometries, and plain sums over their rings. */
#include "base/geojson.h"

#include <stdio.h>

static void put_number(struct buf *b, double v, int decimals)
{
	char tmp[48];
	int n = snprintf(tmp, sizeof(tmp), "%.*f", decimals, v);

	if (decimals > 0) {
		while (tmp[n - 1] == '0')
			n--;
		n -= tmp[n - 1] == '.';
	}
	if (n == 2 && tmp[0] == '-' && tmp[1] == '0')
		buf_char(b, '0');
	else
		buf_add(b, (struct str){ tmp, (size_t)n });
}

static void put_position(struct buf *b, double lon, double lat, int decimals)
{
	buf_char(b, '[');
	put_number(b, lon, decimals);
	buf_char(b, ',');
	put_number(b, lat, decimals);
	buf_char(b, ']');
}

static void put_ring(struct buf *b, struct geojson_ring r, bool counter_clockwise, int decimals)
{
	double area = geojson_ring_area(r);
	bool turn = area != 0 && (area > 0) != counter_clockwise;

	buf_char(b, '[');
	for (size_t i = 0; i < r.n; i++) {
		const double *xy = r.xy + 2 * (turn ? r.n - 1 - i : i);

		if (i)
			buf_char(b, ',');
		put_position(b, xy[0], xy[1], decimals);
	}
	buf_char(b, ']');
}

static void put_polygon(struct buf *b, const struct geojson_polygon *p, int decimals)
{
	buf_char(b, '[');
	for (size_t i = 0; i < p->n; i++) {
		if (i)
			buf_char(b, ',');
		put_ring(b, p->rings[i], i == 0, decimals);
	}
	buf_char(b, ']');
}

void geojson_write(struct buf *b, const struct geojson *g, int decimals)
{
	static const char *const type[] = { "Point", "Polygon", "MultiPolygon" };

	decimals = decimals < 0 ? 0 : decimals > 15 ? 15 : decimals;
	json_open(b, '{');
	json_put_text(b, "type", str_of(type[g->kind]));
	json_key(b, "coordinates");
	if (g->kind == GEO_POINT)
		put_position(b, g->lon, g->lat, decimals);
	if (g->kind == GEO_MULTIPOLYGON)
		buf_char(b, '[');
	for (size_t i = 0; i < g->n; i++) {
		if (i)
			buf_char(b, ',');
		put_polygon(b, &g->polygons[i], decimals);
	}
	if (g->kind == GEO_MULTIPOLYGON)
		buf_char(b, ']');
	json_close(b, '}');
}

static void box_grow(struct geojson_box *box, double lon, double lat)
{
	box->min_lon = lon < box->min_lon ? lon : box->min_lon;
	box->max_lon = lon > box->max_lon ? lon : box->max_lon;
	box->min_lat = lat < box->min_lat ? lat : box->min_lat;
	box->max_lat = lat > box->max_lat ? lat : box->max_lat;
}

struct geojson_box geojson_box(const struct geojson *g)
{
	struct geojson_box box = { 180, 90, -180, -90 };

	if (g->kind == GEO_POINT)
		box_grow(&box, g->lon, g->lat);
	for (size_t i = 0; i < g->n; i++) {
		struct geojson_ring outer = g->polygons[i].rings[0];

		for (size_t k = 0; k < outer.n; k++)
			box_grow(&box, outer.xy[2 * k], outer.xy[2 * k + 1]);
	}
	return box;
}

/* Relative to the first point, so that small rings far from 0, 0 keep digits. */
double geojson_ring_area(struct geojson_ring r)
{
	double sum = 0;

	for (size_t i = 1; i + 2 < r.n; i++) {
		const double *p = r.xy + 2 * i, *q = p + 2;

		sum += (p[0] - r.xy[0]) * (q[1] - r.xy[1]) - (q[0] - r.xy[0]) * (p[1] - r.xy[1]);
	}
	return sum / 2;
}

bool geojson_ring_has(struct geojson_ring r, double lon, double lat)
{
	bool in = false;

	for (size_t i = 0; i + 1 < r.n; i++) {
		const double *p = r.xy + 2 * i, *q = p + 2;

		if ((p[1] > lat) != (q[1] > lat) && lon < (q[0] - p[0]) * (lat - p[1]) / (q[1] - p[1]) + p[0])
			in = !in;
	}
	return in;
}

static bool polygon_has(const struct geojson_polygon *p, double lon, double lat)
{
	if (!geojson_ring_has(p->rings[0], lon, lat))
		return false;
	for (size_t i = 1; i < p->n; i++)
		if (geojson_ring_has(p->rings[i], lon, lat))
			return false;
	return true;
}

bool geojson_has(const struct geojson *g, double lon, double lat)
{
	for (size_t i = 0; i < g->n; i++)
		if (polygon_has(&g->polygons[i], lon, lat))
			return true;
	return false;
}
