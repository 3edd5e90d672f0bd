/* cloudevents_fuzz.c - a body in every content type; what is taken keeps the
 * limits that ingest relies on. */
#include "device/cloudevents.h"
#include "replay.h"

static void check(const struct cloud_event *ev, const struct cloud_error *err)
{
	MUST(err->field != NULL);
	if (err->code)
		return;
	MUST(ev->id.n >= 1 && ev->id.n <= CLOUD_MAX_WORD && str_utf8(ev->id));
	MUST(ev->source.n >= 1 && ev->source.n <= CLOUD_MAX_WORD && str_utf8(ev->source));
	MUST(ev->type.n >= 1 && ev->type.n <= CLOUD_MAX_WORD && str_utf8(ev->type));
	MUST(ev->subject.n <= CLOUD_MAX_SUBJECT && ev->at >= 0);
	MUST((ev->data == NULL) == (ev->data_raw.p == NULL));
	MUST(ev->data == NULL || (ev->data->kind == J_MAP && ev->data_raw.n <= CLOUD_MAX_DATA));
}

static void read_all(struct cloud_reader *r)
{
	struct cloud_event ev;
	struct cloud_error err;
	size_t n = 0;

	while (cloud_next(r, &ev, &err)) {
		check(&ev, &err);
		n++;
	}
	MUST(n == r->n && n == r->i);
}

/* Lines "name: value" in front of an empty line. */
static struct str header(void *arg, const char *name)
{
	struct str rest = *(const struct str *)arg, line, key;

	while (str_cut(&rest, '\n', &line) && line.n)
		if (str_cut(&line, ':', &key) && str_is(key, name))
			return line.p ? line : STR("");
	return NO_STR;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(16 << 20);
	struct str body = { (const char *)data, size }, rest = body, line;
	struct cloud_reader r;
	struct cloud_event ev;
	struct cloud_error err;

	if (cloud_open_json(a, body, &r, &err) == RC_OK)
		read_all(&r);
	else
		MUST(err.code != NULL && err.at <= size);
	if (cloud_open_lines(a, body, &r, &err) == RC_OK)
		read_all(&r);
	while (str_cut(&rest, '\n', &line) && line.n)
		continue;
	MUST((cloud_read_binary(a, header, &body, rest, &ev, &err) == RC_OK) == (err.code == NULL));
	check(&ev, &err);
	arena_free(a);
	return 0;
}
