/* demo_places.c - the demo's neighbourhood: one desk of the import for codes and
 * grids (CSV), one for outlines (GeoJSON), as an office would bring them.
 */
#include "app/demo_inner.h"

#include "domain/places/places.h"

#include <string.h>

/* Metres east and north of the south-west corner. */
static const double origin_lon = 115.9000, origin_lat = 28.6800, lon_per_m = 1 / 97660.0, lat_per_m = 1 / 110860.0;

double demo_lon(double x)
{
	return origin_lon + x * lon_per_m;
}

double demo_lat(double y)
{
	return origin_lat + y * lat_per_m;
}

struct outline {
	const char *path, *kind;
	struct demo_point p[6];
	size_t n;
};
static const struct outline outlines[] = {
	{ "beilin.",
	  "community",
	  { { 0, 0 }, { 1000, -30 }, { 1040, 470 }, { 970, 915 }, { 425, 966 }, { -20, 885 } },
	  6 },
	{ "beilin.g1.", "grid", { { 0, 0 }, { 345, -10 }, { 345, 950 }, { -20, 885 } }, 4 },
	{ "beilin.g2.", "grid", { { 345, -10 }, { 690, -20 }, { 690, 940 }, { 425, 966 }, { 345, 950 } }, 5 },
	{ "beilin.g3.", "grid", { { 690, -20 }, { 1000, -30 }, { 1040, 470 }, { 970, 915 }, { 690, 940 } }, 5 },
	{ "jingtai.", "community", { { 1090, 0 }, { 1470, 0 }, { 1470, 360 }, { 1090, 360 } }, 4 },
	{ "jingtai.g1.", "grid", { { 1090, 0 }, { 1280, 0 }, { 1280, 360 }, { 1090, 360 } }, 4 },
	{ "jingtai.g2.", "grid", { { 1280, 0 }, { 1470, 0 }, { 1470, 360 }, { 1280, 360 } }, 4 },
	{ "honggu.", "community", { { 1090, 420 }, { 1590, 420 }, { 1590, 860 }, { 1090, 860 } }, 4 },
	{ "honggu.g1.", "grid", { { 1090, 640 }, { 1590, 640 }, { 1590, 860 }, { 1090, 860 } }, 4 },
	{ "shanghai.", "community", { { -30, -390 }, { 1540, -410 }, { 1540, -90 }, { -30, -60 } }, 4 },
	{ "honggu.g2.", "grid", { { 1090, 420 }, { 1590, 420 }, { 1590, 640 }, { 1090, 640 } }, 4 },
};

/* Blocks of equal buildings, numbered row by row, with streets between them. */
struct block {
	const char *community;
	struct demo_point from, step, size;
	int columns, rows, floors, units, flats;
	const char *const grid[6]; /* by column (Beilin, Jingtai) or by row */
	bool grid_by_row;
};
static const struct block blocks[] = {
	{ "beilin",
	  { 45, 60 },
	  { 165, 215 },
	  { 96, 15 },
	  6,
	  4,
	  5,
	  0,
	  0,
	  { "g1", "g1", "g2", "g2", "g3", "g3" },
	  false },
	{ "jingtai", { 1115, 50 }, { 190, 105 }, { 130, 14 }, 2, 3, 6, 3, 2, { "g1", "g2" }, false },
	{ "honggu", { 1115, 490 }, { 94, 220 }, { 52, 22 }, 5, 2, 32, 0, 0, { "g2", "g1" }, true },
	{ "shanghai.s31", { 22, -328 }, { 37.6, 72 }, { 26, 12 }, 39, 3, 7, 0, 0, { NULL }, false },
};

struct spot {
	const char *parent, *code, *name;
	double x, y;
};
static const struct spot spots[] = {
	{ "honggu.", "east", "东门", 1590, 640 },          { "honggu.", "west", "西门", 1090, 640 },
	{ "jingtai.", "north", "北门", 1280, 360 },        { "jingtai.", "south", "南门", 1280, 0 },
	{ "beilin.", "east", "东卡口", 1036, 430 },        { "beilin.", "west", "西卡口", -8, 430 },
	{ "beilin.", "south", "南卡口", 520, -15 },        { "beilin.", "north", "北卡口", 425, 966 },
	{ "honggu.", "lane1", "1 号消防通道", 1188, 500 }, { "honggu.", "lane2", "2 号消防通道", 1282, 500 },
	{ "honggu.", "lane3", "3 号消防通道", 1376, 500 }, { "honggu.", "lane4", "4 号消防通道", 1470, 500 },
	{ "honggu.", "lane5", "5 号消防通道", 1188, 720 }, { "honggu.", "lane6", "6 号消防通道", 1282, 720 },
	{ "honggu.", "lane7", "7 号消防通道", 1376, 720 }, { "honggu.", "lane8", "8 号消防通道", 1470, 720 },
};
enum { LOBBIES = 8 };

static struct demo_point corner(const struct block *b, int i)
{
	int column = i % b->columns, row = i / b->columns;

	return (struct demo_point){ b->from.x + b->step.x * column, b->from.y + b->step.y * row };
}

/* ---- CSV ---------------------------------------------------------------------------- */

static void csv_point(struct buf *t, double x, double y)
{
	buf_fmt(t, "%.7f,%.7f", origin_lon + x * lon_per_m, origin_lat + y * lat_per_m);
}

static void csv_flats(struct buf *t, const struct block *b, int building)
{
	for (int u = 1; u <= b->units; u++) {
		buf_fmt(t, "%d,%d 单元,unit," DEMO_AREA "%s.%d.,,,,,\n", u, u, b->community, building);
		for (int f = 1; f <= b->floors; f++)
			for (int k = 1; k <= b->flats; k++)
				buf_fmt(t, "%d%02d,%d%02d,dwelling," DEMO_AREA "%s.%d.%d.,,,,,\n", f, k, f, k,
					b->community, building, u);
	}
}

static const char *grid_of(const struct block *b, int i)
{
	size_t at = (size_t)(b->grid_by_row ? i / b->columns : i % b->columns);
	const char *grid = at < COUNT(b->grid) ? b->grid[at] : NULL;

	return grid ? grid : "";
}

static void csv_block(struct buf *t, const struct block *b)
{
	for (int i = 0; i < b->columns * b->rows; i++) {
		struct demo_point at = corner(b, i);

		buf_fmt(t, "%d,%d 栋,building," DEMO_AREA "%s.,", i + 1, i + 1, b->community);
		csv_point(t, at.x + b->size.x / 2, at.y + b->size.y / 2);
		buf_fmt(t, ",,%d,%s\n", b->floors, grid_of(b, i));
		csv_flats(t, b, i + 1);
	}
}

const struct demo_point *demo_beilin_corners(void)
{
	return outlines[0].p;
}

const struct demo_point *demo_shanghai_corners(void)
{
	static const struct demo_point p[] = { { 0, -350 }, { 1490, -365 }, { 1505, -125 }, { 5, -110 } };

	return p;
}

static struct str csv(struct demo *d)
{
	struct buf t = buf_new(d->arena, 1 << 20);

	buf_add(&t, STR("code,name,kind,parent,lon,lat,declared_area_m2,floors,grid\n"
			"3601,南昌市,city,,115.858,28.683,,,\n"
			"360113,红谷滩区,district,36.3601.,115.858,28.698,,,\n"
			"360113001,沙井街道,subdistrict,36.3601.360113.,115.9077,28.6839,,,\n"
			"beilin,贝林社区,community," DEMO_AREA ",,,970000,,\n"
			"jingtai,江铃景泰花园,community," DEMO_AREA ",,,,,\n"
			"honggu,红谷春天,community," DEMO_AREA ",,,,,\n"
			"shanghai,上海路社区,community," DEMO_AREA ",,,,,\n"
			"s31,上海路“3+1”,enclosure," DEMO_AREA "shanghai.,,,,,\n"));
	for (size_t i = 0; i < COUNT(outlines); i++) {
		struct str rest = str_of(outlines[i].path), community, code;

		if (strcmp(outlines[i].kind, "grid") == 0 && str_cut(&rest, '.', &community) &&
		    str_cut(&rest, '.', &code))
			buf_fmt(&t, FMT_STR ",第%s网格,grid," DEMO_AREA FMT_STR ".,,,,,\n", ARG_STR(code),
				code.p[1] == '1'   ? "一"
				: code.p[1] == '2' ? "二"
						   : "三",
				ARG_STR(community));
	}
	for (size_t i = 0; i < COUNT(blocks); i++)
		csv_block(&t, &blocks[i]);
	for (size_t i = 0; i < COUNT(spots); i++) {
		buf_fmt(&t, "%s,%s,spot," DEMO_AREA "%s,", spots[i].code, spots[i].name, spots[i].parent);
		csv_point(&t, spots[i].x, spots[i].y);
		buf_add(&t, STR(",,,\n"));
	}
	for (int i = 1; i <= LOBBIES; i++)
		buf_fmt(&t, "lobby,大堂,spot," DEMO_AREA "honggu.%d.,,,,,\n", i);
	return buf_str(&t);
}

/* ---- GeoJSON --------------------------------------------------------------------------- */

static void feature(struct buf *t, struct str code, const char *kind, const char *parent, const struct demo_point *p,
		    size_t n)
{
	buf_fmt(t,
		"%s{\"type\":\"Feature\",\"properties\":{\"code\":\"" FMT_STR
		"\",\"kind\":\"%s\",\"parent\":\"" DEMO_AREA
		"%s\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[",
		t->p[t->n - 1] == '[' ? "" : ",", ARG_STR(code), kind, parent);
	for (size_t i = 0; i <= n; i++)
		buf_fmt(t, "%s[%.7f,%.7f]", i ? "," : "", origin_lon + p[i % n].x * lon_per_m,
			origin_lat + p[i % n].y * lat_per_m);
	buf_add(t, STR("]]}}"));
}

static void outline_feature(struct demo *d, struct buf *t, const struct outline *o)
{
	struct str path = str_of(o->path);
	size_t from = path.n - 1;

	while (from > 0 && path.p[from - 1] != '.')
		from--;
	feature(t, (struct str){ path.p + from, path.n - 1 - from }, o->kind,
		arena_z(d->arena, (struct str){ path.p, from }), o->p, o->n);
}

static struct str geojson(struct demo *d)
{
	struct buf t = buf_new(d->arena, 1 << 20);

	buf_add(&t, STR("{\"type\":\"FeatureCollection\",\"features\":["));
	for (size_t i = 0; i < COUNT(outlines); i++)
		outline_feature(d, &t, &outlines[i]);
	for (size_t k = 0; k < COUNT(blocks); k++) {
		const struct block *b = &blocks[k];
		const char *parent = arena_fmt(d->arena, "%s.", b->community).p;

		for (int i = 0; i < b->columns * b->rows; i++) {
			struct demo_point a = corner(b, i);
			const struct demo_point p[] = { a,
							{ a.x + b->size.x, a.y },
							{ a.x + b->size.x, a.y + b->size.y },
							{ a.x, a.y + b->size.y } };

			feature(&t, arena_fmt(d->arena, "%d", i + 1), "building", parent, p, COUNT(p));
		}
	}
	buf_add(&t, STR("]}"));
	return buf_str(&t);
}

/* ---- both ---------------------------------------------------------------------------------- */

static void say(void *arg, size_t row, const char *code, const char *field, const char *detail)
{
	(void)arg;
	fprintf(stderr, "demo: place %zu: %s %s %s\n", row, code, field, detail);
}

static enum rc bring(struct ctx *c, struct str text, enum places_format format)
{
	struct places_import_options o = { .format = format, .report = say };
	struct places_import_result r;

	TRY(places_import(c, text, &o, &r));
	return r.refused ? FAIL(c, RC_BUG, "demo", NO_STR, "the demo's places are refused") : RC_OK;
}

static enum rc import_both(struct ctx *c, void *arg)
{
	TRY(bring(c, csv(arg), PLACES_CSV));
	return bring(c, geojson(arg), PLACES_GEOJSON);
}

enum rc demo_seed_places(struct demo *d)
{
	const struct json *known;

	TRY(demo_first(d, STR("/api/places/place?path=" DEMO_AREA), &known));
	return known ? RC_OK : app_unit(d->app, import_both, d);
}
