#include "rules_fixture.h"

#include <stdio.h>
#include <string.h>

static void note(void *self, const struct rule_match *m)
{
	struct fixture *f = self;

	assert_true(f->n < FIXTURE_MATCHES);
	f->got[f->n++] = *m;
}

static bool place(void *self, struct str id, uint32_t *lo, uint32_t *hi)
{
	(void)self;
	if (str_is(id, "b1")) {
		*lo = 10;
		*hi = 19;
		return true;
	}
	*lo = *hi = 7;
	return str_is(id, "p7");
}

static bool device(void *self, struct str id, uint32_t *number)
{
	(void)self;
	*number = 7;
	return str_is(id, "d7");
}

static bool type(void *self, struct str name)
{
	(void)self;
	return str_starts(name, "t.") || rule_type_known(NULL, name);
}

static bool field(void *self, struct str of, struct str name)
{
	(void)self;
	if (of.p == NULL || str_starts(of, "t."))
		return str_starts(name, "v") || rule_field_known(NULL, of, name);
	return rule_field_known(NULL, of, name);
}

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->a = arena_new((size_t)64 << 20);
	f->symbols = symbols_new(1);
	f->names = (struct rule_names){ f->symbols, NULL, place, device, type, field };
	f->e = fixture_engine(f, T0);
}

struct rules *fixture_engine(struct fixture *f, int64_t now)
{
	return rules_new(f->symbols, note, f, now);
}

void fixture_done(struct fixture *f)
{
	rules_free(f->e);
	symbols_free(f->symbols);
	arena_free(f->a);
}

struct json *fixture_json(struct fixture *f, const char *text)
{
	char *z = arena_z(f->a, str_of(text));
	struct json *j = NULL;
	struct json_error err;

	for (char *p = z; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(f->a, str_of(z), 0, &j, &err) != RC_OK)
		fail_msg("json: %s at %zu: %s", err.reason, err.at, z);
	return j;
}

enum rc fixture_compile(struct fixture *f, const char *text, struct rule **ret)
{
	return rule_compile(&f->names, fixture_json(f, text), ret, &f->problem);
}

uint32_t fixture_put(struct fixture *f, struct rules *e, const char *id, const char *text)
{
	struct rule *r = NULL;
	uint32_t slot = 0;

	if (fixture_compile(f, text, &r) != RC_OK)
		fail_msg("%s: %s %s", text, f->problem.path, f->problem.reason);
	assert_int_equal(rules_put(e, str_of(id), 1, r, &slot), RC_OK);
	return slot;
}

void fixture_refused(struct fixture *f, const char *text, const char *path, const char *reason)
{
	struct rule *r = NULL;

	if (fixture_compile(f, text, &r) != RC_INVALID)
		fail_msg("taken: %s", text);
	if (strcmp(f->problem.path, path) != 0 || strcmp(f->problem.reason, reason) != 0)
		fail_msg("%s: '%s' %s, not '%s' %s", text, f->problem.path, f->problem.reason, path, reason);
	assert_null(r);
}

uint32_t sym(struct fixture *f, const char *text)
{
	return symbols_add(f->symbols, str_of(text));
}

struct rule_event ev(struct fixture *f, const char *name, double at_s)
{
	char full[64];
	int64_t at = T0 + (int64_t)(at_s * 1e6);

	snprintf(full, sizeof(full), "t.%s", name);
	return (struct rule_event){
		.at = at, .received = at, .seq = (uint64_t)(at_s * 1000), .type = sym(f, full), .device = 7, .place = 7
	};
}

void send(struct fixture *f, struct rule_event e)
{
	rules_event(f->e, &e);
}

size_t hit(struct fixture *f, const char *name, double at_s)
{
	return hit_device(f, name, at_s, 7);
}

size_t hit_device(struct fixture *f, const char *name, double at_s, uint32_t number)
{
	size_t before = f->n;
	struct rule_event e = ev(f, name, at_s);

	e.device = number;
	send(f, e);
	return f->n - before;
}

size_t hit_value(struct fixture *f, const char *name, double at_s, double value)
{
	struct rule_field v = { .name = sym(f, "v"), .kind = RULE_REAL, .d = value };
	struct rule_event e = ev(f, name, at_s);
	size_t before = f->n;

	e.fields = &v;
	e.n_fields = 1;
	send(f, e);
	return f->n - before;
}

size_t tick(struct fixture *f, double at_s)
{
	size_t before = f->n;

	rules_tick(f->e, T0 + (int64_t)(at_s * 1e6));
	return f->n - before;
}

struct rule_match *last(struct fixture *f)
{
	assert_true(f->n > 0);
	return &f->got[f->n - 1];
}
