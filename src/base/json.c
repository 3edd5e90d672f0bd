#include "base/json.h"

#include <math.h>
#include <string.h>

enum { NODES_DEFAULT = 1000000, FEW_KEYS = 32 };

struct reader {
	struct arena *a;
	const char *p, *start, *end;
	size_t nodes, max_nodes;
	int depth;
	const char *reason;
};

static enum rc bad(struct reader *r, const char *reason)
{
	if (r->reason == NULL)
		r->reason = reason;
	return RC_INVALID;
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static int hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

static char *put_utf8(char *o, unsigned c)
{
	if (c < 0x80) {
		*o++ = (char)c;
		return o;
	}
	if (c < 0x800) {
		*o++ = (char)(0xC0 | c >> 6);
	} else if (c < 0x10000) {
		*o++ = (char)(0xE0 | c >> 12);
		*o++ = (char)(0x80 | (c >> 6 & 0x3F));
	} else {
		*o++ = (char)(0xF0 | c >> 18);
		*o++ = (char)(0x80 | (c >> 12 & 0x3F));
		*o++ = (char)(0x80 | (c >> 6 & 0x3F));
	}
	*o++ = (char)(0x80 | (c & 0x3F));
	return o;
}

/* \uXXXX at r->p (past the 'u'), surrogate pairs joined. */
static enum rc read_unicode(struct reader *r, const char *q, char **o)
{
	int hi = q - r->p >= 4 ? hex4(r->p) : -1;
	unsigned c = (unsigned)hi;

	if (hi <= 0) /* NUL inside text is refused too */
		return bad(r, hi == 0 ? "utf8" : "syntax");
	r->p += 4;
	if (c >= 0xD800 && c < 0xDC00) {
		int lo = q - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u' ? hex4(r->p + 2) : -1;

		if (lo < 0xDC00 || lo > 0xDFFF)
			return bad(r, "utf8");
		c = 0x10000 + ((c - 0xD800) << 10) + ((unsigned)lo - 0xDC00);
		r->p += 6;
	} else if (c >= 0xDC00 && c < 0xE000) {
		return bad(r, "utf8");
	}
	*o = put_utf8(*o, c);
	return RC_OK;
}

static enum rc read_escape(struct reader *r, const char *q, char **o)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char e = r->p[1];
	const char *at = strchr(from, e);

	r->p += 2;
	if (e == 'u')
		return read_unicode(r, q, o);
	if (e == '\0' || at == NULL)
		return bad(r, "syntax");
	*(*o)++ = to[at - from];
	return RC_OK;
}

/* On past plain text, eight bytes at a time while there are as many: a byte
 * that is a quote, a backslash or below 0x20 leaves its high bit set. */
static const char *skip_plain(const char *q, const char *end)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
	uint64_t w, quote, slash;

	for (; end - q >= 8; q += 8) {
		memcpy(&w, q, 8);
		quote = w ^ ones * '"';
		slash = w ^ ones * '\\';
		if (((w - ones * 0x20) | (quote - ones) | (slash - ones)) & ~w & high)
			break;
	}
	return q;
}

/* From the opening quote; without escapes the text stays where it is. */
static enum rc read_text(struct reader *r, struct str *ret)
{
	const char *q = skip_plain(++r->p, r->end);
	bool escapes = false;

	for (; q < r->end && *q != '"'; q++) {
		if ((unsigned char)*q < 0x20)
			return bad(r, "syntax");
		if (*q == '\\') {
			escapes = true;
			if (++q == r->end)
				break;
			q = skip_plain(q + 1, r->end) - 1;
		}
	}
	if (q >= r->end)
		return bad(r, "end");
	*ret = (struct str){ r->p, (size_t)(q - r->p) };
	if (escapes) {
		char *o = arena_alloc(r->a, ret->n + 1);

		ret->p = o;
		while (r->p < q) {
			if (*r->p == '\\')
				TRY(read_escape(r, q, &o));
			else
				*o++ = *r->p++;
		}
		ret->n = (size_t)(o - ret->p);
	}
	r->p = q + 1;
	return RC_OK;
}

static size_t run_of_digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

static enum rc read_number(struct reader *r, struct json *j)
{
	const char *p = r->p, *from = r->p;
	size_t n;
	bool real = false;

	p += p < r->end && *p == '-';
	n = run_of_digits(p, r->end);
	if (n == 0 || (n > 1 && *p == '0'))
		return bad(r, n ? "number" : "syntax");
	p += n;
	if (p < r->end && *p == '.') {
		n = run_of_digits(++p, r->end);
		if (n == 0)
			return bad(r, "number");
		p += n;
		real = true;
	}
	if (p < r->end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < r->end && (*p == '-' || *p == '+');
		n = run_of_digits(p, r->end);
		if (n == 0)
			return bad(r, "number");
		p += n;
		real = true;
	}
	struct str s = { from, (size_t)(p - from) };

	j->kind = real ? J_REAL : J_INT;
	if (!real && str_int(s, &j->i) == RC_OK) {
		r->p = p;
		return RC_OK;
	}
	j->kind = J_REAL; /* a whole number past int64 keeps its size, not its last digits */
	if (str_real(s, &j->d) != RC_OK)
		return bad(r, "number");
	r->p = p;
	return RC_OK;
}

static enum rc read_value(struct reader *r, struct json *j);

static uint32_t key_hash(struct str s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h;
}

/* Few keys: compare each pair.  Many: an open hash, so that hostile maps cost
 * linear time. */
static enum rc check_keys(struct reader *r, const struct json *map)
{
	if (map->n <= FEW_KEYS) {
		for (const struct json *j = map->child; j; j = j->next)
			for (const struct json *k = map->child; k != j; k = k->next)
				if (j->key.n == k->key.n && memcmp(j->key.p, k->key.p, j->key.n) == 0)
					return bad(r, "duplicate_key");
		return RC_OK;
	}
	size_t cap = 64;

	while (cap < 2 * (size_t)map->n)
		cap *= 2;
	const struct json **slot = NEW_N(r->a, const struct json *, cap);

	for (const struct json *j = map->child; j; j = j->next) {
		size_t i = key_hash(j->key) & (cap - 1);

		for (; slot[i]; i = (i + 1) & (cap - 1))
			if (str_eq(slot[i]->key, j->key))
				return bad(r, "duplicate_key");
		slot[i] = j;
	}
	return RC_OK;
}

/* One "key": value or value, appended at *tail. */
static enum rc read_child(struct reader *r, struct json *parent, struct json ***tail)
{
	struct json *j = NEW(r->a, struct json);

	if (parent->child) {
		if (*r->p != ',')
			return bad(r, "syntax");
		r->p++;
		skip_space(r);
	}
	if (parent->kind == J_MAP) {
		if (r->p >= r->end || *r->p != '"')
			return bad(r, r->p >= r->end ? "end" : "syntax");
		TRY(read_text(r, &j->key));
		skip_space(r);
		if (r->p >= r->end || *r->p != ':')
			return bad(r, r->p >= r->end ? "end" : "syntax");
		r->p++;
	}
	TRY(read_value(r, j));
	**tail = j;
	*tail = &j->next;
	parent->n++;
	skip_space(r);
	return RC_OK;
}

static enum rc read_group(struct reader *r, struct json *j)
{
	char close = *r->p == '{' ? '}' : ']';
	struct json **tail = &j->child;

	j->kind = close == '}' ? J_MAP : J_LIST;
	if (++r->depth > JSON_MAX_DEPTH)
		return bad(r, "depth");
	r->p++;
	skip_space(r);
	while (r->p < r->end && *r->p != close)
		TRY(read_child(r, j, &tail));
	if (r->p >= r->end)
		return bad(r, "end");
	r->p++;
	r->depth--;
	return j->kind == J_MAP ? check_keys(r, j) : RC_OK;
}

static bool take(struct reader *r, const char *word, size_t n)
{
	if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0)
		return false;
	r->p += n;
	return true;
}

static enum rc read_word(struct reader *r, struct json *j)
{
	if (take(r, "null", 4))
		return RC_OK;
	j->kind = J_BOOL;
	if (take(r, "true", 4)) {
		j->i = 1;
		return RC_OK;
	}
	return take(r, "false", 5) ? RC_OK : bad(r, "syntax");
}

static enum rc read_value(struct reader *r, struct json *j)
{
	skip_space(r);
	if (++r->nodes > r->max_nodes || (r->nodes % 256 == 0 && arena_check(r->a) != RC_OK))
		return bad(r, "nodes");
	if (r->p >= r->end)
		return bad(r, "end");
	const char *from = r->p;

	switch (*r->p) {
	case '"':
		j->kind = J_TEXT;
		TRY(read_text(r, &j->text));
		break;
	case '{':
	case '[': TRY(read_group(r, j)); break;
	case 't':
	case 'f':
	case 'n': TRY(read_word(r, j)); break;
	default: TRY(read_number(r, j)); break;
	}
	j->raw = (struct str){ from, (size_t)(r->p - from) };
	return RC_OK;
}

enum rc json_parse(struct arena *a, struct str in, size_t max_nodes, struct json **ret, struct json_error *err)
{
	struct reader r = { .a = a,
			    .p = in.p,
			    .start = in.p,
			    .end = in.n ? in.p + in.n : in.p,
			    .max_nodes = max_nodes ? max_nodes : NODES_DEFAULT };
	struct json *j = NEW(a, struct json);
	enum rc rc = RC_OK;

	if (in.n == 0)
		rc = bad(&r, "end");
	else if (!str_utf8(in))
		rc = bad(&r, "utf8");
	if (rc == RC_OK)
		rc = read_value(&r, j);
	if (rc == RC_OK) {
		skip_space(&r);
		if (r.p != r.end)
			rc = bad(&r, "syntax");
	}
	*err = (struct json_error){ in.n ? (size_t)(r.p - r.start) : 0, r.reason };
	if (rc == RC_OK)
		*ret = j;
	return rc;
}

const struct json *json_get(const struct json *map, const char *key)
{
	if (map == NULL || map->kind != J_MAP)
		return NULL;
	for (const struct json *j = map->child; j; j = j->next)
		if (str_is(j->key, key))
			return j;
	return NULL;
}

struct str json_get_text(const struct json *map, const char *key)
{
	const struct json *j = json_get(map, key);

	return j && j->kind == J_TEXT ? j->text : NO_STR;
}

int64_t json_get_int(const struct json *map, const char *key, int64_t missing)
{
	const struct json *j = json_get(map, key);

	return j && j->kind == J_INT ? j->i : missing;
}

bool json_number(const struct json *j, double *ret)
{
	if (j == NULL || (j->kind != J_INT && j->kind != J_REAL))
		return false;
	*ret = j->kind == J_INT ? (double)j->i : j->d;
	return true;
}
