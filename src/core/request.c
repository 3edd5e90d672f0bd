/* request.c - what a request carries: headers, the query, percent-decoding. */
#include "core/inner.h"

struct str request_header(const struct request *rq, const char *name)
{
	return rq->header ? rq->header(rq, name) : NO_STR;
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Absent when not well encoded. */
static struct str decode(struct arena *a, struct str raw)
{
	char *p = arena_alloc(a, raw.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++) {
		char ch = raw.p[i];

		if (ch == '%') {
			int hi = i + 2 < raw.n ? hex_of(raw.p[i + 1]) : -1,
			    lo = i + 2 < raw.n ? hex_of(raw.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return NO_STR;
			ch = (char)(hi * 16 + lo);
			i += 2;
		} else if (ch == '+') {
			ch = ' ';
		}
		p[n++] = ch;
	}
	struct str s = { p, n };

	return str_utf8(s) ? s : NO_STR;
}

struct str request_query(struct ctx *c, const char *name)
{
	struct str rest = c->rq ? c->rq->query : NO_STR, pair, key;

	while (str_cut(&rest, '&', &pair)) {
		struct str value = pair;

		(void)str_cut(&value, '=', &key);
		if (str_is(key, name))
			return decode(c->arena, value.p ? value : STR(""));
	}
	return NO_STR;
}

void response_header(struct response *rs, const char *name, struct str value)
{
	if (rs->n_headers < RESPONSE_HEADERS) {
		rs->header[rs->n_headers].name = name;
		rs->header[rs->n_headers++].value = value;
	}
}

void rows_refused(struct call *k, struct str detail)
{
	k->rs->status = 400;
	k->rs->type = "application/problem+json";
	json_put_text(k->out, "type", STR("about:blank"));
	json_put_text(k->out, "title", STR("Bad Request"));
	json_put_int(k->out, "status", 400);
	json_put_text(k->out, "code", STR("rows_refused"));
	json_put_text(k->out, "detail", detail);
}
