/* people_import_read.c - a CSV file of homes or rentals as rows: columns by their
 * names in two languages or by the caller's own, words, days, numbers. */
#include "domain/people/people_import.h"
#include "base/national.h"

#include <string.h>

const char *const import_fields[IMPORT_COLUMNS] = {
	"dwelling",  "number", "name", "phone",    "role",           "relation", "lives_here",   "tenure",    "id_kind",
	"id_number", "from",   "to",   "landlord", "landlord_phone", "tenant",   "tenant_phone", "occupants",
};
/* Further names, '|' between them. */
static const char *const also[IMPORT_COLUMNS] = {
	"地址|房号|住址|房屋地址|address|place",
	"户号|household",
	"姓名|成员姓名",
	"电话|手机|手机号|联系电话|mobile|telephone",
	"身份|住户类型|成员类型",
	"关系|与户主关系",
	"是否居住|居住",
	"房屋性质|产权",
	"证件类型",
	"证件号码|身份证号|身份证号码|身份证",
	"入住日期|起始日期|开始日期|from_at|start",
	"到期日期|结束日期|截止日期|to_at|end",
	"房东|出租人|房东姓名",
	"房东电话|出租人电话",
	"租客|承租人|租客姓名",
	"租客电话|承租人电话",
	"人数|居住人数",
};
struct word {
	const char *text;
	unsigned value;
};
static const struct word roles[] = { { "owner", 0 }, { "业主", 0 },   { "户主", 0 },   { "tenant", 1 },
				     { "租客", 1 },  { "承租人", 1 }, { "family", 2 }, { "家人", 2 },
				     { "家属", 2 },  { "other", 3 },  { "其他", 3 },   { NULL, 0 } };
static const struct word relations[] = { { "self", 1 },     { "本人", 1 },       { "户主", 1 },   { "spouse", 2 },
					 { "配偶", 2 },     { "child", 3 },      { "子女", 3 },   { "子", 3 },
					 { "女", 3 },       { "parent", 4 },     { "父母", 4 },   { "sibling", 5 },
					 { "兄弟姐妹", 5 }, { "lodger", 6 },     { "合租", 6 },   { "carer", 7 },
					 { "护工", 7 },     { "grandchild", 8 }, { "孙子女", 8 }, { "other", 9 },
					 { "其他", 9 },     { NULL, 0 } };
static const struct word tenures[] = { { "owned", 1 }, { "自有", 1 }, { "自住", 1 },   { "rented", 2 },
				       { "出租", 2 },  { "租住", 2 }, { "public", 3 }, { "公房", 3 },
				       { "other", 4 }, { "其他", 4 }, { NULL, 0 } };
static const struct word papers[] = { { "resident", 0 }, { "身份证", 0 }, { "居民身份证", 0 }, { "passport", 1 },
				      { "护照", 1 },     { "other", 6 },  { "其他", 6 },       { NULL, 0 } };
static const struct word yes_no[] = { { "yes", 1 },   { "true", 1 }, { "1", 1 },  { "是", 1 }, { "no", 0 },
				      { "false", 0 }, { "0", 0 },    { "否", 0 }, { NULL, 0 } };

struct reader {
	struct ctx *c;
	const struct people_import_options *o;
	const struct place_ref *under;
	struct csv csv;
	size_t at[IMPORT_COLUMNS]; /* CSV_MAX_COLUMNS: no such column */
	struct str last_dwelling;  /* most files are sorted */
	struct place_ref last_place;
};

void import_refuse(struct ctx *c, struct import_row *r, const char *code, const char *field, const char *detail)
{
	if (r->code) /* the first reason counts */
		return;
	r->code = code;
	r->field = field;
	r->detail = arena_dup(c->arena, str_of(detail));
}

/* ---- columns --------------------------------------------------------------------------- */

static int small(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool same(struct str a, struct str b)
{
	size_t i = 0;

	while (i < a.n && i < b.n && small(a.p[i]) == small(b.p[i]))
		i++;
	return i == a.n && i == b.n;
}

static size_t column_named(const struct reader *r, struct str name)
{
	for (size_t i = 0; i < r->csv.n; i++)
		if (same(r->csv.names[i], name))
			return i;
	return CSV_MAX_COLUMNS;
}

static enum rc find_columns(struct reader *r)
{
	struct str rest = r->o->map, pair, name;

	for (size_t k = 0; k < IMPORT_COLUMNS; k++) {
		struct str names = str_of(also[k]), one;

		r->at[k] = column_named(r, str_of(import_fields[k]));
		while (r->at[k] == CSV_MAX_COLUMNS && str_cut(&names, '|', &one))
			r->at[k] = column_named(r, one);
	}
	while (str_cut(&rest, ',', &pair)) { /* field=column */
		struct str field;
		size_t k = 0;

		name = pair;
		(void)str_cut(&name, '=', &field);
		while (k < IMPORT_COLUMNS && !str_is(str_trim(field), import_fields[k]))
			k++;
		if (k == IMPORT_COLUMNS)
			return FAIL(r->c, RC_INVALID, "unknown_field", STR("map"), "no field of this name");
		r->at[k] = name.n ? column_named(r, str_trim(name)) : CSV_MAX_COLUMNS;
		if (name.n && r->at[k] == CSV_MAX_COLUMNS)
			return FAIL(r->c, RC_INVALID, "unknown_column", STR("map"), "the file has no such column");
	}
	return RC_OK;
}

static struct str cell(const struct reader *r, const struct csv_row *row, enum import_column k)
{
	struct str s = r->at[k] < CSV_MAX_COLUMNS ? str_trim(row->cells[r->at[k]]) : NO_STR;

	return s.n ? s : NO_STR;
}

/* ---- cells ---------------------------------------------------------------------------------- */

static unsigned word_cell(struct reader *r, const struct csv_row *row, enum import_column k, const struct word *words,
			  unsigned missing, struct import_row *out)
{
	struct str s = cell(r, row, k);

	if (s.p == NULL)
		return missing;
	for (const struct word *w = words; w->text; w++)
		if (same(s, str_of(w->text)))
			return w->value;
	import_refuse(r->c, out, "unknown_word", import_fields[k], "no such word");
	return missing;
}

/* 2026-03-12, 2026/3/12, 2026年3月12日: midnight in China. */
static int64_t day_cell(struct reader *r, const struct csv_row *row, enum import_column k, struct import_row *out)
{
	struct str s = cell(r, row, k), text;
	int64_t part[3] = { 0 }, at = 0;
	size_t n = 0;

	if (s.p == NULL)
		return 0;
	for (size_t i = 0; i < s.n && n < 3; i++) {
		if (s.p[i] >= '0' && s.p[i] <= '9') {
			part[n] = part[n] * 10 + (s.p[i] - '0');
			if (part[n] > 9999)
				break;
		} else if (i && s.p[i - 1] >= '0' && s.p[i - 1] <= '9') {
			n++;
		}
	}
	text = arena_fmt(r->c->arena, "%04lld-%02lld-%02lldT00:00:00+08:00", (long long)part[0], (long long)part[1],
			 (long long)part[2]);
	if (time_parse(text, &at) != RC_OK)
		import_refuse(r->c, out, "bad_time", import_fields[k], "a day like 2026-03-12 is expected");
	return at;
}

static struct str phone_cell(struct reader *r, const struct csv_row *row, enum import_column k, struct import_row *out)
{
	struct str s = cell(r, row, k), phone = NO_STR;

	if (s.p && phone_read(r->c->arena, s, &phone) == PHONE_NONE)
		import_refuse(r->c, out, "bad_phone", import_fields[k], "not a telephone number");
	return phone;
}

static struct str name_cell(struct reader *r, const struct csv_row *row, enum import_column k, bool needed,
			    struct import_row *out)
{
	struct str s = cell(r, row, k);

	if (needed && s.p == NULL)
		import_refuse(r->c, out, "required", import_fields[k], "a name is needed");
	if (s.p && str_chars(s) > 60)
		import_refuse(r->c, out, "wrong_length", import_fields[k], "at most 60 characters");
	return arena_dup(r->c->arena, s);
}

/* A path, or codes below the community: "3-2-501", "3.2.501". */
static enum rc dwelling_cell(struct reader *r, const struct csv_row *row, struct import_row *out)
{
	struct str s = cell(r, row, IC_DWELLING);
	bool found = false;

	if (s.p == NULL) {
		import_refuse(r->c, out, "required", "dwelling", "a dwelling is needed");
		return RC_OK;
	}
	if (r->last_dwelling.p && str_eq(s, r->last_dwelling)) {
		out->place = r->last_place;
		return RC_OK;
	}
	if (str_ends(s, ".")) {
		TRY(places_by_path(r->c, s, &out->place, &found));
	} else {
		char *p = arena_z(r->c->arena, s);

		for (size_t i = 0; i < s.n; i++)
			if (p[i] == '-')
				p[i] = '.';
		TRY(places_by_path(r->c, arena_fmt(r->c->arena, FMT_STR "%s.", ARG_STR(r->under->path), p), &out->place,
				   &found));
	}
	if (!found || out->place.path.n <= r->under->path.n ||
	    memcmp(out->place.path.p, r->under->path.p, r->under->path.n) != 0)
		import_refuse(r->c, out, "unknown_place", "dwelling", "no such dwelling here");
	else if (out->place.kind != PLACE_DWELLING)
		import_refuse(r->c, out, "wrong_kind", "dwelling", "a dwelling is expected");
	r->last_dwelling = out->code ? NO_STR : arena_dup(r->c->arena, s);
	r->last_place = out->place;
	return RC_OK;
}

/* ---- rows -------------------------------------------------------------------------------------- */

static void check_identity(struct reader *r, const struct csv_row *row, struct import_row *out)
{
	struct str s = cell(r, row, IC_ID_NUMBER), tidy;
	enum id_fault fault;

	out->id_kind = word_cell(r, row, IC_ID_KIND, papers, IDENTITY_RESIDENT, out);
	if (s.p == NULL)
		return;
	out->id_number = arena_dup(r->c->arena, s);
	if (out->id_kind != IDENTITY_RESIDENT)
		return;
	fault = id_read(r->c->arena, s, r->c->now, &tidy);
	if (fault != ID_FINE) /* the number itself never stands in a report */
		import_refuse(r->c, out, arena_fmt(r->c->arena, "identity_%s", id_faults[fault]).p, "id_number",
			      "not a resident identity number");
	else
		out->id_number = tidy;
}

static void read_home(struct reader *r, const struct csv_row *row, struct import_row *out)
{
	out->number = cell(r, row, IC_NUMBER);
	out->number = out->number.p ? arena_dup(r->c->arena, out->number) : STR("1");
	if (str_chars(out->number) > 20)
		import_refuse(r->c, out, "wrong_length", "number", "at most 20 characters");
	out->name = name_cell(r, row, IC_NAME, true, out);
	out->phone = phone_cell(r, row, IC_PHONE, out);
	out->role = word_cell(r, row, IC_ROLE, roles, ROLE_FAMILY, out);
	out->relation = word_cell(r, row, IC_RELATION, relations, 0, out);
	out->tenure = word_cell(r, row, IC_TENURE, tenures, 0, out);
	out->lives_here = word_cell(r, row, IC_LIVES_HERE, yes_no, 1, out);
	out->from_at = day_cell(r, row, IC_FROM, out);
	check_identity(r, row, out);
}

static void read_rental(struct reader *r, const struct csv_row *row, struct import_row *out)
{
	struct str n = cell(r, row, IC_OCCUPANTS);

	out->landlord = name_cell(r, row, IC_LANDLORD, true, out);
	out->tenant = name_cell(r, row, IC_TENANT, true, out);
	out->landlord_phone = phone_cell(r, row, IC_LANDLORD_PHONE, out);
	out->tenant_phone = phone_cell(r, row, IC_TENANT_PHONE, out);
	out->from_at = day_cell(r, row, IC_FROM, out);
	out->to_at = day_cell(r, row, IC_TO, out);
	out->occupants = 1;
	if (n.p && (str_int(n, &out->occupants) != RC_OK || out->occupants < 1 || out->occupants > 50))
		import_refuse(r->c, out, "out_of_range", "occupants", "1 to 50");
	if (out->from_at == 0 || out->to_at == 0)
		import_refuse(r->c, out, "required", out->from_at ? "to" : "from", "from and to are needed");
	else if (out->to_at <= out->from_at)
		import_refuse(r->c, out, "out_of_range", "to", "the end is not after the start");
	check_identity(r, row, out); /* the tenant's */
}

static enum rc read_row(struct reader *r, const struct csv_row *row, struct import_row *out)
{
	for (size_t k = 0; k < IMPORT_COLUMNS; k++)
		if (r->at[k] < CSV_MAX_COLUMNS && !str_utf8(row->cells[r->at[k]]))
			import_refuse(r->c, out, "bad_csv", import_fields[k], "not UTF-8");
	if (out->code)
		return RC_OK;
	if (r->o->what == PEOPLE_HOUSEHOLDS)
		read_home(r, row, out);
	else
		read_rental(r, row, out);
	return dwelling_cell(r, row, out);
}

static enum rc whole(struct import_rows *rows, const char *code, size_t row, struct str detail)
{
	rows->code = code;
	rows->row = row;
	rows->detail = detail;
	return RC_OK;
}

enum rc import_read(struct ctx *c, struct str text, const struct people_import_options *o,
		    const struct place_ref *under, struct import_rows *ret)
{
	struct reader *r = NEW(c->arena, struct reader);
	struct csv_row *row = NEW(c->arena, struct csv_row);
	struct csv_error err = { 0 };

	*ret = (struct import_rows){ .last = &ret->first };
	*r = (struct reader){ .c = c, .o = o, .under = under };
	if (csv_open(c->arena, text, &r->csv, &err) != RC_OK)
		return whole(ret, "bad_csv", err.row, str_of(err.reason));
	TRY(find_columns(r));
	if (r->at[IC_DWELLING] == CSV_MAX_COLUMNS)
		return whole(ret, "bad_csv", 1, STR("no column named dwelling"));
	while (csv_next(&r->csv, row, &err)) {
		struct import_row *out = NEW(c->arena, struct import_row);

		if (ret->n++ == IMPORT_MOST)
			return whole(ret, "too_many", row->row, STR("too many rows"));
		out->row = row->row + o->row_offset;
		*ret->last = out;
		ret->last = &out->next;
		if (err.reason)
			import_refuse(c, out, "bad_csv", "", err.reason);
		else
			TRY(read_row(r, row, out));
		if (arena_check(c->arena) != RC_OK)
			return FAIL(c, RC_LIMIT, "too_large", NO_STR, "the file needs too much memory");
	}
	return RC_OK;
}
