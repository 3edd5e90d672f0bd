/* places_settle.c - what makes a place a good one: code, kind, path, label,
 * grid. */
#include "domain/places/places_inner.h"

#include <string.h>

/* Which kinds may hold which.  Enclosures and units may be left out, cities may
 * hold cities (a county-level city in a prefecture-level one); spots are leaves. */
#define K(k) (1u << (k))
static const unsigned may_be_under[PLACE_KINDS] = {
	[PLACE_CITY] = K(PLACE_CITY),
	[PLACE_DISTRICT] = K(PLACE_CITY),
	[PLACE_SUBDISTRICT] = K(PLACE_DISTRICT),
	[PLACE_COMMUNITY] = K(PLACE_SUBDISTRICT),
	[PLACE_GRID] = K(PLACE_COMMUNITY),
	[PLACE_ENCLOSURE] = K(PLACE_COMMUNITY),
	[PLACE_BUILDING] = K(PLACE_ENCLOSURE) | K(PLACE_COMMUNITY),
	[PLACE_UNIT] = K(PLACE_BUILDING),
	[PLACE_DWELLING] = K(PLACE_UNIT) | K(PLACE_BUILDING),
	[PLACE_SPOT] = ~K(PLACE_SPOT),
};

/* What files of offices call them. */
static const struct {
	const char *word;
	enum place_kind kind;
} kind_words[] = {
	{ "市", PLACE_CITY },        { "城市", PLACE_CITY },      { "区", PLACE_DISTRICT },
	{ "县", PLACE_DISTRICT },    { "区县", PLACE_DISTRICT },  { "街道", PLACE_SUBDISTRICT },
	{ "镇", PLACE_SUBDISTRICT }, { "乡", PLACE_SUBDISTRICT }, { "社区", PLACE_COMMUNITY },
	{ "村", PLACE_COMMUNITY },   { "网格", PLACE_GRID },      { "小区", PLACE_ENCLOSURE },
	{ "楼栋", PLACE_BUILDING },  { "栋", PLACE_BUILDING },    { "单元", PLACE_UNIT },
	{ "户", PLACE_DWELLING },    { "室", PLACE_DWELLING },    { "房屋", PLACE_DWELLING },
	{ "点位", PLACE_SPOT },
};

enum place_kind place_kind_of(struct str word)
{
	for (unsigned i = 0; i < PLACE_KINDS; i++)
		if (str_is(word, place_kinds[i]))
			return (enum place_kind)i;
	for (size_t i = 0; i < COUNT(kind_words); i++)
		if (str_is(word, kind_words[i].word))
			return kind_words[i].kind;
	return PLACE_NO_KIND;
}

bool place_kind_fits(enum place_kind kind, const struct place_ref *parent)
{
	if (kind >= PLACE_KINDS)
		return false;
	return parent ? (may_be_under[kind] & K(parent->kind)) != 0 : kind == PLACE_CITY;
}

static bool code_is_good(struct str code)
{
	if (code.n == 0 || code.n > PLACE_MAX_CODE)
		return false;
	for (size_t i = 0; i < code.n; i++) {
		char ch = code.p[i];

		if (!(ch >= '0' && ch <= '9') && !(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z') && ch != '_' &&
		    ch != '-')
			return false;
	}
	return true;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

/* A city with its national code (GB/T 2260, four digits) stands under its
 * province, which is no place here: the code's first two digits, "36.3601.". */
static struct str path_of(struct ctx *c, const struct place *p, const struct place_ref *parent)
{
	if (parent)
		return arena_fmt(c->arena, FMT_STR FMT_STR ".", ARG_STR(parent->path), ARG_STR(p->code));
	if (p->code.n == 4 && all_digits(p->code))
		return arena_fmt(c->arena, "%.2s." FMT_STR ".", p->code.p, ARG_STR(p->code));
	return arena_fmt(c->arena, FMT_STR ".", ARG_STR(p->code));
}

static struct str last_code(struct str path)
{
	size_t n = path.n - 1, from = n; /* without the last dot */

	while (from && path.p[from - 1] != '.')
		from--;
	return (struct str){ path.p + from, n - from };
}

/* A building is called by its name ("7 栋"), a home by its codes ("7-2-501"). */
static struct str label_of(struct ctx *c, const struct place *p, const struct place_ref *parent)
{
	bool inside = parent && parent->kind >= PLACE_BUILDING && parent->kind <= PLACE_DWELLING;

	if (p->kind <= PLACE_BUILDING || (p->kind == PLACE_SPOT && !inside))
		return p->name;
	if (p->kind == PLACE_SPOT)
		return arena_fmt(c->arena, FMT_STR " " FMT_STR, ARG_STR(parent->label), ARG_STR(p->name));
	if (!inside)
		return p->code;
	struct str base = parent->kind == PLACE_BUILDING ? last_code(parent->path) : parent->label;

	return arena_fmt(c->arena, FMT_STR "-" FMT_STR, ARG_STR(base), ARG_STR(p->code));
}

bool place_settle(struct ctx *c, struct place *p, const struct place_ref *parent, struct place_fault *f)
{
	if (!code_is_good(p->code))
		place_refuse(c, f, "bad_code", "code", "1 to %d of 0-9 A-Z a-z _ -", PLACE_MAX_CODE);
	else if (parent == NULL && p->kind != PLACE_CITY)
		place_refuse(c, f, "required", "parent_id", "a %s needs a parent", place_kinds[p->kind]);
	else if (!place_kind_fits((enum place_kind)p->kind, parent))
		place_refuse(c, f, "wrong_kind", "kind", "a %s can't be under a %s", place_kinds[p->kind],
			     place_kinds[parent->kind]);
	if (f->code)
		return false;
	if (p->name.n == 0)
		p->name = p->code;
	p->path = path_of(c, p, parent);
	p->label = label_of(c, p, parent);
	return true;
}

struct place_ref place_ref_of(const struct place *p)
{
	return (struct place_ref){ .id = p->std.id,
				   .path = p->path,
				   .label = p->label,
				   .name = p->name,
				   .kind = (enum place_kind)p->kind,
				   .lon = p->lon,
				   .lat = p->lat,
				   .grid_id = p->grid_id };
}

/* ---- grids ---------------------------------------------------------------------- */

enum rc place_check_grid(struct ctx *c, const struct place *p, struct place_fault *f)
{
	struct place_ref grid;
	size_t n;

	if (p->grid_id.n == 0)
		return RC_OK;
	if (p->kind <= PLACE_GRID) {
		place_refuse(c, f, "wrong_grid", "grid_id", "a %s belongs to no grid", place_kinds[p->kind]);
		return RC_OK;
	}
	TRY(places_get(c, p->grid_id, "grid_id", &grid));
	for (n = grid.path.n - 1; n > 0 && grid.path.p[n - 1] != '.';)
		n--; /* the community of the grid */
	if (grid.kind != PLACE_GRID || n >= p->path.n || memcmp(grid.path.p, p->path.p, n) != 0)
		place_refuse(c, f, "wrong_grid", "grid_id", "not a grid of the same community");
	return RC_OK;
}
