/* http_check.c - strict decoding of targets, checks of the header block. */
#include "sys/http_inner.h"

#include <string.h>
#include <strings.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes raw into out (same size at most); false on broken encoding or NUL. */
static bool percent_decode(struct str raw, bool plus, char *out, size_t *n)
{
	*n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '%') {
			int hi = i + 2 < raw.n ? hex_digit(raw.p[i + 1]) : -1;
			int lo = hi >= 0 ? hex_digit(raw.p[i + 2]) : -1;
			if (lo < 0)
				return false;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0')
			return false;
		out[(*n)++] = c;
	}
	return true;
}

enum rc http_decode(struct arena *a, struct str raw, struct str *ret)
{
	char *out = arena_alloc(a, raw.n + 1);
	size_t n;
	if (!percent_decode(raw, true, out, &n) || !str_utf8((struct str){ out, n }))
		return RC_INVALID;
	*ret = (struct str){ out, n };
	return RC_OK;
}

enum rc http_query_get(struct arena *a, struct str query, const char *name, struct str *ret)
{
	struct str rest = query, pair;
	while (str_cut(&rest, '&', &pair)) {
		struct str value = pair, key, found;
		if (!str_cut(&value, '=', &key))
			continue;
		TRY(http_decode(a, key, &found));
		if (!str_is(found, name))
			continue;
		if (value.p == NULL)
			value = STR("");
		return http_decode(a, value, ret);
	}
	return RC_MISSING;
}

/* An encoded slash would make two readings of one path possible. */
static bool has_encoded_slash(struct str s)
{
	for (size_t i = 0; i + 2 < s.n; i++)
		if (s.p[i] == '%' && s.p[i + 1] == '2' && (s.p[i + 2] == 'F' || s.p[i + 2] == 'f'))
			return true;
	return false;
}

static bool decode_path(struct http_exchange *x)
{
	struct str rest = x->target, raw;
	if (!str_starts(x->target, "/") || !str_cut(&rest, '?', &raw))
		return false;
	x->query = rest;
	char *out = arena_alloc(x->arena, raw.n + 1);
	size_t n;
	if (has_encoded_slash(raw) || !percent_decode(raw, false, out, &n))
		return false;
	x->path = (struct str){ out, n };
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			return false;
	return str_utf8(x->path);
}

static unsigned count_headers(const struct http_exchange *x, const char *name, struct str *last)
{
	unsigned n = 0;
	for (unsigned i = 0; i < x->headers_n; i++) {
		struct str have = x->headers[i].name;
		if (have.n == strlen(name) && strncasecmp(have.p, name, have.n) == 0) {
			*last = x->headers[i].value;
			n++;
		}
	}
	return n;
}

static bool all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0 && s.n < 19;
}

/* Two readers must never see two different ends of one request. */
static bool framing_is_clear(struct http_exchange *x, int64_t *length)
{
	struct str value = NO_STR, coding = NO_STR, host = NO_STR;
	unsigned lengths = count_headers(x, "Content-Length", &value);
	unsigned codings = count_headers(x, "Transfer-Encoding", &coding);
	*length = -1;
	if (lengths > 1 || codings > 1 || (lengths && codings) || count_headers(x, "Host", &host) > 1)
		return false;
	if (codings && !(coding.n == 7 && strncasecmp(coding.p, "chunked", 7) == 0))
		return false;
	if (lengths == 0)
		return true;
	return all_digits(value) && str_int(value, length) == RC_OK;
}

static const struct http_refusal bad_path = { 400, "bad_path", "The path is not valid percent-encoded UTF-8." };
static const struct http_refusal bad_framing = { 400, "bad_framing", "The length of the body is not clear." };
static const struct http_refusal too_many = { 431, "headers_too_large", "The header block is too large." };
static const struct http_refusal too_large = { 413, "body_too_large", "The body is larger than allowed here." };

const struct http_refusal *exchange_check(struct http_exchange *x, const char *method)
{
	const struct http_config *c = &x->server->config;
	int64_t length;
	if (x->bad_headers || x->headers_bytes > c->header_limit)
		return &too_many;
	if (!decode_path(x))
		return &bad_path;
	if (!framing_is_clear(x, &length))
		return &bad_framing;
	x->body_max = c->body_limit;
	if (c->limit) {
		size_t own = c->limit(c->arg, str_of(method), x->path);
		if (own < x->body_max)
			x->body_max = own;
	}
	if (length <= 0 || (uint64_t)length <= x->body_max)
		return NULL;
	/* Most clients read the answer only after their whole body is sent:
	 * take a little too much in, without keeping it. */
	if ((uint64_t)length - x->body_max > x->body_max + HTTP_DRAIN || http_header(x, "Expect").p)
		return &too_large;
	x->refused = true;
	return NULL;
}
