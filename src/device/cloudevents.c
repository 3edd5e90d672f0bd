#include "device/cloudevents.h"

#include <string.h>
#include <strings.h>

/* The first thing wrong is told; reading goes on, for the answer's sake. */
static void refuse(struct cloud_error *err, const char *code, const char *field)
{
	if (err->code == NULL) {
		err->code = code;
		err->field = field;
	}
}

static enum rc rc_of(const struct cloud_error *err)
{
	if (err->code == NULL)
		return RC_OK;
	bool limit = strcmp(err->code, "data_too_large") == 0 || strcmp(err->code, "too_many") == 0;

	return limit ? RC_LIMIT : RC_INVALID;
}

/* ---- attributes ------------------------------------------------------------ */

/* CloudEvents 1.0.2, "String": no U+0000-1F, U+7F-9F. */
static bool has_control(struct str s)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8) {
		uint64_t w;

		memcpy(&w, s.p + i, 8);
		/* a byte below 0x20, 0x7F or above, anywhere in the word? */
		if (((w - ones * 0x20) | (w + ones) | w) & high)
			break;
	}
	for (; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7F || (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0))
			return true;
	}
	return false;
}

static void put_word(struct str s, size_t max, struct str *ret, const char *field, struct cloud_error *err)
{
	if (s.n == 0 || s.n > max)
		refuse(err, "length", field);
	else if (has_control(s))
		refuse(err, "control_character", field);
	else
		*ret = s;
}

static void put_time(struct str s, int64_t *ret, struct cloud_error *err)
{
	if (time_parse(s, ret) != RC_OK)
		refuse(err, "time", "time");
}

static void put_version(struct str s, bool *seen, struct cloud_error *err)
{
	*seen = true;
	if (!str_eq(s, STR("1.0")))
		refuse(err, "specversion", "specversion");
}

/* "application/json", "application/x+json; charset=utf-8" */
static bool is_json_type(struct str s)
{
	struct str media;

	if (!str_cut(&s, ';', &media))
		return false;
	media = str_trim(media);
	return media.n > 5 && (media.p[media.n - 5] == '/' || media.p[media.n - 5] == '+') &&
	       strncasecmp(media.p + media.n - 4, "json", 4) == 0;
}

static bool is_attribute_name(struct str s)
{
	if (s.n < 1 || s.n > 20)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9'))
			return false;
	return true;
}

static void check_extension(const struct json *j, struct cloud_error *err)
{
	if (!is_attribute_name(j->key))
		refuse(err, "attribute_name", "extension");
	else if (j->kind != J_TEXT && j->kind != J_INT && j->kind != J_BOOL)
		refuse(err, "wrong_type", "extension");
}

static void put_data(const struct json *j, struct cloud_event *ev, struct cloud_error *err)
{
	if (j->kind != J_MAP) {
		refuse(err, "wrong_type", "data");
	} else if (j->raw.n > CLOUD_MAX_DATA) {
		refuse(err, "data_too_large", "data");
	} else {
		ev->data = j;
		ev->data_raw = j->raw;
	}
}

/* ---- one event in JSON ------------------------------------------------------ */

enum attribute { A_ID, A_SOURCE, A_TYPE, A_SUBJECT, A_TIME, A_VERSION, A_CONTENT, A_SCHEMA, A_DATA, A_BASE64, A_OTHER };
static const char *const attribute_name[] = {
	"id", "source", "type", "subject", "time", "specversion", "datacontenttype", "dataschema", "data", "data_base64"
};

static enum attribute attribute_of(struct str key)
{
	enum attribute a = A_OTHER;

	switch (key.n) {
	case 2: a = A_ID; break;
	case 4: a = key.p[0] == 'd' ? A_DATA : key.p[1] == 'y' ? A_TYPE : A_TIME; break;
	case 6: a = A_SOURCE; break;
	case 7: a = A_SUBJECT; break;
	case 10: a = A_SCHEMA; break;
	case 11: a = key.p[0] == 's' ? A_VERSION : A_BASE64; break;
	case 15: a = A_CONTENT; break;
	default: return A_OTHER;
	}
	return memcmp(key.p, attribute_name[a], key.n) == 0 ? a : A_OTHER;
}

static void put_attribute(enum attribute a, struct str s, struct cloud_event *ev, bool *version,
			  struct cloud_error *err)
{
	switch (a) {
	case A_ID: put_word(s, CLOUD_MAX_WORD, &ev->id, "id", err); break;
	case A_SOURCE: put_word(s, CLOUD_MAX_WORD, &ev->source, "source", err); break;
	case A_TYPE: put_word(s, CLOUD_MAX_WORD, &ev->type, "type", err); break;
	case A_SUBJECT: put_word(s, CLOUD_MAX_SUBJECT, &ev->subject, "subject", err); break;
	case A_TIME: put_time(s, &ev->at, err); break;
	case A_VERSION: put_version(s, version, err); break;
	case A_CONTENT:
		if (!is_json_type(s))
			refuse(err, "content_type", "datacontenttype");
		break;
	case A_SCHEMA:
	case A_DATA:
	case A_BASE64:
	case A_OTHER: break;
	}
}

static void check_required(const struct cloud_event *ev, bool version, struct cloud_error *err)
{
	if (err->code)
		return;
	if (!version)
		refuse(err, "missing", "specversion");
	if (ev->id.p == NULL)
		refuse(err, "missing", "id");
	if (ev->source.p == NULL)
		refuse(err, "missing", "source");
	if (ev->type.p == NULL)
		refuse(err, "missing", "type");
}

enum rc cloud_read(const struct json *j, struct cloud_event *ev, struct cloud_error *err)
{
	bool version = false;

	*ev = (struct cloud_event){ .at = 0 };
	*err = (struct cloud_error){ .field = "" };
	if (j == NULL || j->kind != J_MAP) {
		refuse(err, "not_object", "");
		return RC_INVALID;
	}
	for (const struct json *c = j->child; c; c = c->next) {
		enum attribute a = attribute_of(c->key);

		if (c->kind == J_NULL) /* JSON format, 2.2: null is absent */
			continue;
		if (a == A_OTHER)
			check_extension(c, err);
		else if (a == A_DATA)
			put_data(c, ev, err);
		else if (a == A_BASE64)
			refuse(err, "data_base64", "data_base64");
		else if (c->kind != J_TEXT)
			refuse(err, "wrong_type", attribute_name[a]);
		else
			put_attribute(a, c->text, ev, &version, err);
	}
	check_required(ev, version, err);
	return rc_of(err);
}

/* ---- many events ----------------------------------------------------------- */

static void not_json(struct cloud_error *err, const struct json_error *json, size_t at)
{
	refuse(err, "not_json", "");
	err->at = at + json->at;
	err->reason = json->reason;
}

enum rc cloud_open_json(struct arena *a, struct str body, struct cloud_reader *ret, struct cloud_error *err)
{
	struct json_error json;
	struct json *j;

	*err = (struct cloud_error){ .field = "" };
	*ret = (struct cloud_reader){ .a = a, .body = body.p };
	if (json_parse(a, body, 0, &j, &json) != RC_OK)
		not_json(err, &json, 0);
	else if (j->kind != J_LIST && j->kind != J_MAP)
		refuse(err, "not_object", "");
	else if (j->kind == J_LIST && j->n > CLOUD_MAX_EVENTS)
		refuse(err, "too_many", "");
	if (err->code)
		return rc_of(err);
	ret->next = j->kind == J_LIST ? j->child : j;
	ret->n = j->kind == J_LIST ? j->n : 1;
	return RC_OK;
}

/* The next line that is not blank. */
static bool cut_line(struct str *rest, struct str *line)
{
	while (str_cut(rest, '\n', line)) {
		*line = str_trim(*line);
		if (line->n)
			return true;
	}
	return false;
}

enum rc cloud_open_lines(struct arena *a, struct str body, struct cloud_reader *ret, struct cloud_error *err)
{
	struct str rest = body, line;

	*err = (struct cloud_error){ .field = "" };
	*ret = (struct cloud_reader){ .a = a, .rest = body, .body = body.p };
	while (ret->n <= CLOUD_MAX_EVENTS && cut_line(&rest, &line))
		ret->n++;
	if (ret->n > CLOUD_MAX_EVENTS)
		refuse(err, "too_many", "");
	return rc_of(err);
}

bool cloud_next(struct cloud_reader *r, struct cloud_event *ev, struct cloud_error *err)
{
	struct json_error json;
	struct json *j;
	struct str line;

	if (r->next) {
		(void)!cloud_read(r->next, ev, err);
		r->i++;
		r->next = r->i < r->n ? r->next->next : NULL;
		return true;
	}
	if (!cut_line(&r->rest, &line))
		return false;
	r->i++;
	if (json_parse(r->a, line, 0, &j, &json) == RC_OK) {
		(void)!cloud_read(j, ev, err);
		return true;
	}
	*ev = (struct cloud_event){ .at = 0 };
	*err = (struct cloud_error){ .field = "" };
	not_json(err, &json, (size_t)(line.p - r->body));
	return true;
}

/* ---- binary mode ------------------------------------------------------------ */

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* HTTP binding 3.1.3.2: quotes off, then percent-decoding.  Absent when the
 * result is not UTF-8. */
static struct str header_text(struct arena *a, struct str s)
{
	s = str_trim(s);
	if (s.n == 0 || (s.p[0] != '"' && memchr(s.p, '%', s.n) == NULL && str_utf8(s)))
		return s;
	bool quoted = s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"';
	size_t i = quoted, end = s.n - quoted;
	char *out = arena_alloc(a, s.n + 1), *o = out;

	for (; i < end; i++) {
		if (quoted && s.p[i] == '\\' && i + 1 < end)
			i++;
		int hi = s.p[i] == '%' && i + 2 < end ? hex(s.p[i + 1]) : -1, lo = hi >= 0 ? hex(s.p[i + 2]) : -1;

		*o++ = lo >= 0 ? (char)(hi << 4 | lo) : s.p[i];
		i += lo >= 0 ? 2 : 0;
	}
	struct str text = { out, (size_t)(o - out) };

	return str_utf8(text) ? text : NO_STR;
}

static void read_body(struct arena *a, struct str type, struct str body, struct cloud_event *ev,
		      struct cloud_error *err)
{
	struct json_error json;
	struct json *j;

	if (body.n == 0)
		return;
	if (!is_json_type(type))
		refuse(err, "content_type", "datacontenttype");
	else if (body.n > CLOUD_MAX_DATA)
		refuse(err, "data_too_large", "data");
	else if (err->code)
		return; /* not worth parsing */
	else if (json_parse(a, body, 0, &j, &json) != RC_OK)
		not_json(err, &json, 0);
	else
		put_data(j, ev, err);
}

enum rc cloud_read_binary(struct arena *a, cloud_header *header, void *arg, struct str body, struct cloud_event *ev,
			  struct cloud_error *err)
{
	static const struct {
		const char *name;
		enum attribute attribute;
	} map[] = { { "ce-specversion", A_VERSION }, { "ce-id", A_ID },     { "ce-source", A_SOURCE },
		    { "ce-type", A_TYPE },           { "ce-time", A_TIME }, { "ce-subject", A_SUBJECT } };
	bool version = false;

	*ev = (struct cloud_event){ .at = 0 };
	*err = (struct cloud_error){ .field = "" };
	for (size_t i = 0; i < COUNT(map); i++) {
		struct str raw = header(arg, map[i].name), text = header_text(a, raw);

		if (raw.p && text.p == NULL)
			refuse(err, "control_character", attribute_name[map[i].attribute]);
		else if (raw.p)
			put_attribute(map[i].attribute, text, ev, &version, err);
	}
	check_required(ev, version, err);
	read_body(a, header(arg, "content-type"), body, ev, err);
	return rc_of(err);
}
