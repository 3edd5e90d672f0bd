#include "rules/parse.h"

#include <string.h>

struct path {
	char *p;
	size_t n;
};

static void path_add(struct path *o, struct str s)
{
	for (size_t i = 0; i < s.n && o->n + 1 < RULE_PATH_BYTES; i++)
		o->p[o->n++] = s.p[i] > ' ' && s.p[i] < 127 ? s.p[i] : '?';
	o->p[o->n] = '\0';
}

static void path_write(struct path *o, const struct where *w)
{
	if (w == NULL)
		return;
	path_write(o, w->up);
	if (w->name.p != NULL) {
		if (o->n > 0)
			path_add(o, STR("."));
		path_add(o, w->name);
	} else if (w->up != NULL) {
		char digits[] = { '[', (char)('0' + w->index / 10 % 10), (char)('0' + w->index % 10), ']' };
		size_t skip = w->index < 10 ? 1 : 0;

		digits[skip] = '[';
		path_add(o, (struct str){ digits + skip, sizeof(digits) - skip });
	}
}

enum rc parse_fail(struct parse *p, const struct where *w, const char *name, const char *reason)
{
	struct where member = { .up = w, .name = str_of(name) };
	struct path o = { .p = p->problem->path };

	o.p[0] = '\0';
	path_write(&o, name != NULL ? &member : w);
	p->problem->reason = reason;
	return RC_INVALID;
}

enum rc parse_map(struct parse *p, const struct where *w, const struct json *j)
{
	return j->kind == J_MAP ? RC_OK : parse_fail(p, w, NULL, "wrong_type");
}

enum rc parse_only(struct parse *p, const struct where *w, const struct json *map, const char *const *names)
{
	for (const struct json *j = map->child; j != NULL; j = j->next) {
		const char *const *n = names;

		while (*n != NULL && !str_is(j->key, *n))
			n++;
		if (*n == NULL) {
			struct where member = { .up = w, .name = j->key };

			return parse_fail(p, &member, NULL, "unknown_member");
		}
	}
	return RC_OK;
}

enum rc parse_int(struct parse *p, const struct where *w, const struct json *map, const char *name, int64_t lo,
		  int64_t hi, int64_t *ret)
{
	const struct json *j = json_get(map, name);

	if (j == NULL)
		return parse_fail(p, w, name, "missing");
	if (j->kind != J_INT)
		return parse_fail(p, w, name, "wrong_type");
	if (j->i < lo || j->i > hi)
		return parse_fail(p, w, name, "out_of_range");
	*ret = j->i;
	return RC_OK;
}

enum rc parse_seconds(struct parse *p, const struct where *w, const struct json *map, const char *name, int64_t lo,
		      int64_t *ret)
{
	int64_t s = 0;

	TRY(parse_int(p, w, map, name, lo, RULE_SPAN_S_MAX, &s));
	*ret = s * SECOND;
	return RC_OK;
}

enum rc parse_text(struct parse *p, const struct where *w, const struct json *map, const char *name, struct str *ret)
{
	const struct json *j = json_get(map, name);

	if (j == NULL)
		return parse_fail(p, w, name, "missing");
	if (j->kind != J_TEXT)
		return parse_fail(p, w, name, "wrong_type");
	if (j->text.n == 0)
		return parse_fail(p, w, name, "empty");
	if (j->text.n > SYMBOL_BYTES_MAX)
		return parse_fail(p, w, name, "out_of_range");
	*ret = j->text;
	return RC_OK;
}

enum rc parse_word(struct parse *p, const struct where *w, const struct json *map, const char *name,
		   const char *const *words, unsigned *ret)
{
	const struct json *j = json_get(map, name);

	if (j == NULL)
		return RC_OK;
	if (j->kind != J_TEXT)
		return parse_fail(p, w, name, "wrong_type");
	for (unsigned i = 0; words[i] != NULL; i++)
		if (str_is(j->text, words[i])) {
			*ret = i;
			return RC_OK;
		}
	return parse_fail(p, w, name, "unknown_word");
}

enum rc parse_field(struct parse *p, const struct where *w, const struct json *map, struct str type, uint32_t *ret)
{
	/* The member is "key_field" where it stands at the top, "field" elsewhere. */
	const char *name = w == NULL ? "key_field" : "field";
	struct str field;

	TRY(parse_text(p, w, map, name, &field));
	if (p->names->field != NULL && !p->names->field(p->names->self, type, field))
		return parse_fail(p, w, name, "unknown_field");
	*ret = symbols_add(p->names->symbols, field);
	return *ret != 0 ? RC_OK : parse_fail(p, w, name, "too_many");
}

/* "HH:MM" to seconds; 24:00 only where 'end'. */
static enum rc day_seconds(struct parse *p, const struct where *w, const struct json *map, const char *name,
			   int32_t *ret)
{
	struct str s;

	TRY(parse_text(p, w, map, name, &s));
	if (s.n != 5 || s.p[2] != ':')
		return parse_fail(p, w, name, "out_of_range");
	for (size_t i = 0; i < 5; i++)
		if (i != 2 && (s.p[i] < '0' || s.p[i] > '9'))
			return parse_fail(p, w, name, "out_of_range");
	int h = (s.p[0] - '0') * 10 + s.p[1] - '0', m = (s.p[3] - '0') * 10 + s.p[4] - '0';
	if (m > 59 || h > 24 || (h == 24 && (m > 0 || strcmp(name, "to") != 0)))
		return parse_fail(p, w, name, "out_of_range");
	*ret = h * 3600 + m * 60;
	return RC_OK;
}

static enum rc parse_days(struct parse *p, const struct where *w, const struct json *days, uint32_t *mask)
{
	struct where list = { .up = w, .name = STR("days") };
	unsigned i = 0;

	if (days->kind != J_LIST)
		return parse_fail(p, &list, NULL, "wrong_type");
	if (days->n == 0)
		return parse_fail(p, &list, NULL, "empty");
	*mask = 0;
	for (const struct json *d = days->child; d != NULL; d = d->next, i++) {
		struct where item = { .up = &list, .index = i };

		if (d->kind != J_INT)
			return parse_fail(p, &item, NULL, "wrong_type");
		if (d->i < 1 || d->i > 7 || (*mask & 1u << (d->i - 1)))
			return parse_fail(p, &item, NULL, "out_of_range");
		*mask |= 1u << (d->i - 1);
	}
	return RC_OK;
}

enum rc parse_time(struct parse *p, const struct where *w, const struct json *j, struct test *t)
{
	static const char *const members[] = { "tz_offset_min", "days", "from", "to", NULL };
	int64_t offset = 0;

	TRY(parse_map(p, w, j));
	TRY(parse_only(p, w, j, members));
	TRY(parse_int(p, w, j, "tz_offset_min", -14 * 60, 14 * 60, &offset));
	t->op = TEST_TIME;
	t->hi.i = offset * 60;
	t->n = 0x7F;
	if (json_get(j, "days") != NULL)
		TRY(parse_days(p, w, json_get(j, "days"), &t->n));
	t->lo.span.a = 0;
	t->lo.span.b = 86400;
	if (json_get(j, "from") == NULL && json_get(j, "to") == NULL)
		return RC_OK;
	TRY(day_seconds(p, w, j, "from", &t->lo.span.a));
	TRY(day_seconds(p, w, j, "to", &t->lo.span.b));
	return t->lo.span.a != t->lo.span.b ? RC_OK : parse_fail(p, w, "to", "conflict");
}
