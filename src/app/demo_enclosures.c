/* demo_enclosures.c - the edges of Beilin (S5) and of Shanghai Road "3+1" (S6):
 * outlines, entrances, a reduction plan, works, the base list, and what the
 * city's report claims.  Lengths, kinds and counts follow the report; where the
 * lines run is invented.
 */
#include "app/demo_inner.h"

#include <math.h>

#define REPORT "南昌基层社会治理报告（2022）"

/* ---- a walk around a ring --------------------------------------------------------- */

struct walk {
	const struct demo_point *p;
	size_t n;
	double whole;
};

static double side(const struct walk *w, size_t i)
{
	const struct demo_point *a = &w->p[i % w->n], *b = &w->p[(i + 1) % w->n];

	return hypot(b->x - a->x, b->y - a->y);
}

static struct walk walk_new(const struct demo_point *p, size_t n)
{
	struct walk w = { p, n, 0 };

	for (size_t i = 0; i < n; i++)
		w.whole += side(&w, i);
	return w;
}

static struct demo_point walk_at(const struct walk *w, double m)
{
	size_t i = 0;

	for (m = fmod(m, w->whole); m > side(w, i) && i + 1 < w->n; i++)
		m -= side(w, i);
	const struct demo_point *a = &w->p[i], *b = &w->p[(i + 1) % w->n];
	double part = fmin(m / side(w, i), 1);

	return (struct demo_point){ a->x + (b->x - a->x) * part, a->y + (b->y - a->y) * part };
}

static void put_at(struct buf *b, struct demo_point at)
{
	buf_fmt(b, "%s[%.7f,%.7f]", b->p[b->n - 1] == '[' ? "" : ",", demo_lon(at.x), demo_lat(at.y));
}

/* From 'from' to 'to' metres along the ring, with the corners between. */
static void put_segment(struct buf *b, const struct walk *w, const char *kind, double from, double to)
{
	double at = 0;

	buf_fmt(b, "%s{\"kind\":\"%s\",\"built_on\":\"2021-10-01\",\"line\":[", b->n > 1 ? "," : "", kind);
	put_at(b, walk_at(w, from));
	for (size_t i = 0; i < 2 * w->n; i++) {
		at += side(w, i);
		if (at > from + 0.5 && at < to - 0.5)
			put_at(b, w->p[(i + 1) % w->n]);
	}
	put_at(b, walk_at(w, to));
	buf_add(b, STR("]}"));
}

static void put_door(struct buf *b, const char *code, const char *name, struct demo_point at, const char *more)
{
	buf_fmt(b, "%s{\"code\":\"%s\",\"name\":\"%s\",\"lon\":%.7f,\"lat\":%.7f%s}", b->n > 1 ? "," : "", code, name,
		demo_lon(at.x), demo_lat(at.y), more);
}

/* ---- the two of them ------------------------------------------------------------------ */

static struct str two_lists(struct demo *d, const struct buf *segments, const struct buf *doors, struct str place)
{
	struct buf b = demo_body(d);

	json_put_text(&b, "place_id", place);
	json_put_text(&b, "name", STR("示例：几何为虚构"));
	json_put_raw(&b, "segments", arena_fmt(d->arena, "%s]", segments->p));
	json_put_raw(&b, "entrances", arena_fmt(d->arena, "%s]", doors->p));
	json_close(&b, '}');
	return buf_str(&b);
}

static enum rc step(struct demo *d, const char *entity, struct str id, const char *verb, struct str body)
{
	return demo_ask(d, STR("POST"), arena_fmt(d->arena, "/api/places/%s/" FMT_STR "/%s", entity, ARG_STR(id), verb),
			body, NULL);
}

static enum rc publish(struct demo *d, struct str body)
{
	const struct json *made;
	struct str id;

	TRY(demo_ask(d, STR("POST"), STR("/api/places/outline"), body, &made));
	id = json_get_text(made, "id");
	TRY(step(d, "outline", id, "check", STR("{}")));
	return step(d, "outline", id, "publish", STR("{}"));
}

/* Beilin: an open urban village of 0.97 km2; its edge is a mixture, its four
 * checkpoints stand where the lanes lead in. */
static enum rc seed_beilin(struct demo *d, struct str place)
{
	static const struct {
		const char *kind;
		double to;
	} parts[] = { { "wall", 514 },           { "gate", 526 },   { "wall", 1000 },           { "fence", 1440 },
		      { "gate", 1452 },          { "fence", 1700 }, { "landscape_wall", 2496 }, { "gate", 2508 },
		      { "building_face", 2900 }, { "water", 3392 }, { "gate", 3404 },           { "wall", 0 } };
	static const struct {
		const char *code, *name;
		double at;
	} doors[] = {
		{ "S", "南卡口", 520 }, { "E", "东卡口", 1446 }, { "N", "北卡口", 2502 }, { "W", "西卡口", 3398 }
	};
	struct walk w = walk_new(demo_beilin_corners(), 6);
	struct buf segments = buf_new(d->arena, 1 << 16), list = buf_new(d->arena, 1 << 16);
	double from = 0;

	buf_char(&segments, '[');
	buf_char(&list, '[');
	for (size_t i = 0; i < COUNT(parts); i++) {
		double to = parts[i].to > 0 ? parts[i].to : w.whole;

		put_segment(&segments, &w, parts[i].kind, from, to);
		from = to;
	}
	for (size_t i = 0; i < COUNT(doors); i++)
		put_door(&list, doors[i].code, doors[i].name, walk_at(&w, doors[i].at),
			 ",\"car\":true,\"e_bike\":true,\"fire\":true");
	/* The buildings in the middle are some 480 m from the nearest lane out. */
	struct str body = two_lists(d, &segments, &list, place);

	return publish(d, arena_fmt(d->arena, "{\"fire_m\":500,%s", body.p + 1));
}

enum { GATES = 30, STRETCHES = 30, PIECES = 48, KEPT_EVERY = 5 };
static const double gate_m = 6;

/* 30 stretches between 30 gates, 18 of them in two pieces: 48 pieces, of which
 * every fifth and the last are the 10 new fences. */
static enum rc seed_shanghai(struct demo *d, struct str place)
{
	struct walk w = walk_new(demo_shanghai_corners(), 4);
	struct buf segments = buf_new(d->arena, 1 << 17), doors = buf_new(d->arena, 1 << 17);
	double each = w.whole / GATES;
	int piece = 0;

	buf_char(&segments, '[');
	buf_char(&doors, '[');
	for (int i = 0; i < GATES; i++) {
		double from = each * i, to = each * (i + 1) - gate_m;
		int parts = i < PIECES - STRETCHES ? 2 : 1;

		for (int k = 0; k < parts; k++, piece++)
			put_segment(&segments, &w, piece % 5 == 4 || piece == PIECES - 1 ? "fence" : "landscape_wall",
				    from + (to - from) * k / parts, from + (to - from) * (k + 1) / parts);
		put_segment(&segments, &w, "gate", to, to + gate_m);
		put_door(&doors, arena_fmt(d->arena, "E%02d", i + 1).p, arena_fmt(d->arena, "%d 号口", i + 1).p,
			 walk_at(&w, to + gate_m / 2),
			 i % KEPT_EVERY == 2 ? ",\"car\":true,\"e_bike\":true,\"fire\":true" : ",\"e_bike\":true");
	}
	return publish(d, two_lists(d, &segments, &doors, place));
}

/* A draft that cuts too deep: the check says which buildings it would leave
 * without a way out. */
static enum rc seed_plan(struct demo *d, struct str place)
{
	struct buf b = demo_body(d), changes = buf_new(d->arena, 1 << 16);
	struct str id;

	buf_char(&changes, '[');
	for (int i = 0; i < GATES; i++)
		if (i % KEPT_EVERY != 2)
			buf_fmt(&changes, "%s{\"code\":\"E%02d\",\"state\":\"closed\",\"reason\":\"%s\"}",
				changes.n > 1 ? "," : "", i + 1, i % 2 ? "与相邻出入口过近" : "直通市政道路，无人值守");
	buf_char(&changes, ']');
	json_put_text(&b, "place_id", place);
	json_put_text(&b, "name", STR("出入口 30 减 6"));
	json_put_raw(&b, "changes", buf_str(&changes));
	TRY(demo_make(d, "places/plan", &b, &id));
	return step(d, "plan", id, "check", STR("{}"));
}

/* ---- works, base list, claims ------------------------------------------------------------- */

/* How far each is: 0 planned, 1 under way, 2 finished, 3 accepted. */
static const struct {
	const char *place, *kind, *title;
	int weight, far;
} works[] = {
	{ "beilin.", "boundary", "围合边界（围墙、围栏、水岸）", 4, 2 },
	{ "beilin.", "channel", "通道整治", 2, 1 },
	{ "beilin.", "checkpoint", "四处卡口", 3, 0 },
	{ "beilin.", "probe", "智能感知设备", 1, 0 },
	{ "shanghai.s31.", "boundary", "景观围墙 38 处、围栏 10 处", 4, 3 },
	{ "shanghai.s31.", "channel", "出入口 30 减 6", 2, 1 },
	{ "shanghai.s31.", "checkpoint", "六处卡口", 3, 1 },
};

static enum rc seed_work(struct demo *d, size_t i)
{
	static const char *const verbs[] = { "start", "finish", "accept" };
	struct buf b = demo_body(d);
	struct str place, id;

	TRY(demo_place(d, works[i].place, &place));
	json_put_text(&b, "place_id", place);
	json_put_text(&b, "kind", str_of(works[i].kind));
	json_put_text(&b, "title", str_of(works[i].title));
	json_put_int(&b, "weight", works[i].weight);
	TRY(demo_make(d, "places/work", &b, &id));
	for (int k = 0; k < works[i].far; k++)
		TRY(step(d, "work", id, verbs[k],
			 k == 2 ? STR("{\"no_photo_reason\":\"示例数据，没有照片\"}") : STR("{}")));
	return RC_OK;
}

static const struct {
	const char *code, *name, *place, *kind;
} areas[] = {
	{ "beilin", "贝林", "beilin.", "urban_village" },       { "s31-1", "“3+1”之一", "shanghai.s31.", "open_area" },
	{ "s31-2", "“3+1”之二", "shanghai.s31.", "open_area" }, { "s31-3", "“3+1”之三", "shanghai.s31.", "open_area" },
	{ "s31-4", "“3+1”之四", "shanghai.s31.", "open_area" },
};

static enum rc seed_area(struct demo *d, size_t i)
{
	struct buf b = demo_body(d);
	struct str place;

	TRY(demo_place(d, areas[i].place, &place));
	json_put_text(&b, "place_id", place);
	json_put_text(&b, "enclosure_id", place);
	json_put_text(&b, "code", str_of(areas[i].code));
	json_put_text(&b, "name", str_of(areas[i].name));
	json_put_text(&b, "kind", str_of(areas[i].kind));
	json_put_text(&b, "source", STR(REPORT));
	return demo_make(d, "places/area", &b, NULL);
}

static const struct {
	const char *place, *rest; /* place: NULL is the city */
} claims[] = {
	{ "beilin.", "\"figure\":\"area_km2\",\"value\":0.97,\"decimals\":2" },
	{ "shanghai.s31.", "\"figure\":\"buildings\",\"value\":117" },
	{ "shanghai.s31.", "\"figure\":\"dwellings\",\"value\":4832" },
	{ NULL, "\"figure\":\"enclosures_finished\",\"value\":84.4,\"n\":539,\"d\":619,\"definition\":\"规划 619 "
		"个，完成 539 个\"" },
	{ NULL, "\"figure\":\"communities_covered\",\"value\":82.3,\"n\":1963,\"definition\":\"智慧平安小区\"" },
	{ NULL, "\"figure\":\"communities_covered\",\"n\":128,\"definition\":\"已建成\"" },
};

static enum rc city_of(struct demo *d, struct str *ret)
{
	const struct json *found;

	TRY(demo_first(d, STR("/api/places/place?kind=city"), &found));
	*ret = json_get_text(found, "id");
	return ret->p ? RC_OK : RC_BUG;
}

static enum rc seed_claim(struct demo *d, size_t i)
{
	struct str place;

	if (claims[i].place)
		TRY(demo_place(d, claims[i].place, &place));
	else
		TRY(city_of(d, &place));
	return demo_ask(d, STR("POST"), STR("/api/insight/claim"),
			arena_fmt(d->arena,
				  "{\"place_id\":\"" FMT_STR "\",%s,\"source\":\"" REPORT "\",\"source_on\":\"2022\"}",
				  ARG_STR(place), claims[i].rest),
			NULL);
}

enum rc demo_seed_enclosures(struct demo *d)
{
	const struct json *known;
	struct str beilin, shanghai;

	TRY(demo_first(d, STR("/api/insight/claim?limit=1"), &known));
	if (known) /* made last */
		return RC_OK;
	TRY(demo_place(d, "beilin.", &beilin));
	TRY(demo_place(d, "shanghai.s31.", &shanghai));
	TRY(demo_first(d, arena_fmt(d->arena, "/api/places/outline?state=published&place_id=" FMT_STR, ARG_STR(beilin)),
		       &known));
	if (known == NULL)
		TRY(seed_beilin(d, beilin));
	TRY(demo_first(d,
		       arena_fmt(d->arena, "/api/places/outline?state=published&place_id=" FMT_STR, ARG_STR(shanghai)),
		       &known));
	if (known == NULL)
		TRY(seed_shanghai(d, shanghai));
	TRY(demo_first(d, arena_fmt(d->arena, "/api/places/plan?place_id=" FMT_STR, ARG_STR(shanghai)), &known));
	if (known == NULL)
		TRY(seed_plan(d, shanghai));
	TRY(demo_first(d, STR("/api/places/work?limit=1"), &known));
	for (size_t i = 0; known == NULL && i < COUNT(works); i++)
		TRY(seed_work(d, i));
	TRY(demo_first(d, STR("/api/places/area?limit=1"), &known));
	for (size_t i = 0; known == NULL && i < COUNT(areas); i++)
		TRY(seed_area(d, i));
	for (size_t i = 0; i < COUNT(claims); i++)
		TRY(seed_claim(d, i));
	return RC_OK;
}
