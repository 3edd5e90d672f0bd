/* Lists: filters, orders, pages by key while rows come in, bounds. */
#include "harness.h"
#include "thing.h"

#include <stdio.h>
#include <string.h>

static const struct module *const modules[] = { &thing_module, NULL };
static const char item[] = "/api/thing/item";
static const char *const colors[] = { "red", "green" };

static const char *make(struct rig *r, const struct actor *who, int n)
{
	r->now += SECOND;
	return create(
		r, who, item,
		fmt(r,
		    "{\"place_path\":\"36.%02d.\",\"title\":\"t~^%02d\",\"color\":\"%s\",\"size\":%d,\"weight\":%d.5,"
		    "\"ready\":%s,\"due_at\":\"2026-03-%02dT00:00:00Z\"}",
		    n % 3, n / 2, colors[n % 2], n % 100 + 1, n % 7 + 1, n % 3 ? "true" : "false", n % 28 + 1));
}

static int64_t found(struct rig *r, const struct actor *who, const char *query)
{
	return (int64_t)at(call(r, who, "GET", fmt(r, "%s?limit=200&%s", item, query), NULL, 200), "items")->n;
}

static void filters(struct rig *r)
{
	const struct actor *who = rig_actor(r, "boss1", "boss@36.", NULL);
	static const struct {
		const char *query;
		int64_t n;
	} good[] = {
		{ "", 20 },
		{ "color=red", 10 },
		{ "color=red,green", 20 },
		{ "size=3", 1 },
		{ "size=3,4,77", 2 },
		{ "size.from=5&size.to=8", 3 },
		{ "ready=false", 7 },
		{ "ready=false&color=red", 4 },
		{ "state=new", 20 },
		{ "state=done", 0 },
		{ "due_at.from=2026-03-05T00:00:00Z&due_at.to=2026-03-07T00%3A00%3A00Z", 2 },
		{ "under=36.01.", 7 },
		{ "under=36.", 20 },
		{ "under=36.0.", 0 },
		{ "place_path=36.01.", 7 },
		{ "under=36.01.&color=red", 3 },
		{ "helper_id=nobody", 0 },
		{ "size=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", 16 },
	};
	static const struct {
		const char *query, *code, *field;
	} bad[] = {
		{ "color=blue", "bad_filter", "color" },
		{ "color=", "bad_filter", "color" },
		{ "color=red,", "bad_filter", "color" },
		{ "size=x", "bad_filter", "size" },
		{ "size.from=", "bad_filter", "size" },
		{ "ready=1", "bad_filter", "ready" },
		{ "due_at=yesterday", "bad_filter", "due_at" },
		{ "title=abc", "unknown_filter", "title" },
		{ "token=secret", "unknown_filter", "token" },
		{ "phone=1", "unknown_filter", "phone" },
		{ "nothing=1", "unknown_filter", "nothing" },
		{ "size.most=1", "unknown_filter", "size.most" },
		{ "under=36", "bad_filter", "under" },
		{ "under=", "bad_filter", "under" },
		{ "sort=size", "unknown_sort", "sort" },
		{ "color=%zz", "bad_query", "color" },
		{ "color=%ff", "bad_query", "color" },
		{ "limit=0", "out_of_range", "limit" },
		{ "limit=201", "out_of_range", "limit" },
		{ "limit=", "out_of_range", "limit" },
		{ "limit=-1", "out_of_range", "limit" },
		{ "limit=1.5", "out_of_range", "limit" },
		{ "sort=color&after=red", "bad_after", "after" },
		{ "after=a~b", "bad_after", "after" },
		{ "sort=color&after=blue~1~x", "bad_filter", "color" },
		{ "size=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "too_many_words", "size" },
	};

	for (int n = 0; n < 20; n++)
		(void)make(r, who, n);
	for (size_t i = 0; i < COUNT(good); i++)
		if (found(r, who, good[i].query) != good[i].n)
			fail_msg("%s finds %lld", good[i].query, (long long)found(r, who, good[i].query));
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, who, "GET", fmt(r, "%s?%s", item, bad[i].query), NULL, 400, bad[i].code, bad[i].field);
	assert_int_equal(at(call(r, who, "GET", fmt(r, "%s?limit=1", item), NULL, 200), "items")->n, 1);
	call(r, who, "GET", fmt(r, "%s?&&limit=200&", item), NULL, 200);
}

static void test_filters(void **state)
{
	(void)state;
	on_each_kind(filters, modules, thing_roles);
}

/* More conditions than a statement has parameters are refused, not cut off or
 * written past the end. */
static void too_many(struct rig *r)
{
	static const char *const piece[] = { "under=36.&", "size.from=1&",
					     "size=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15&" };
	const struct actor *who = rig_actor(r, "boss1", "boss@36.,viewer@36.01.,viewer@36.02.,viewer@36.03.", NULL);
	struct actor many = *who;
	struct grant g[100];

	for (size_t i = 0; i < COUNT(piece); i++) {
		struct buf b = buf_new(r->arena, 16384);

		for (int n = 0; n < 100; n++)
			buf_add(&b, str_of(piece[i]));
		assert_int_equal(asked(r, who, "GET", fmt(r, "%s?%s", item, buf_str(&b).p), NULL), 400);
		assert_string_equal(text_at(r, here(r), "code"), "too_many_words");
	}
	for (size_t i = 0; i < COUNT(g); i++) {
		g[i] = who->grants[1];
		g[i].path = str_of(fmt(r, "37.%03zu.", i));
	}
	many.grants = g;
	many.n_grants = COUNT(g);
	call(r, &many, "GET", fmt(r, "%s?color=red&sort=ready&size=1,2,3", item), NULL, 200);
}

static void test_too_many(void **state)
{
	(void)state;
	on_each_kind(too_many, modules, thing_roles);
}

struct walk {
	const char *ids[400];
	int n;
};

static bool has(const struct walk *w, const char *id)
{
	for (int i = 0; i < w->n; i++)
		if (strcmp(w->ids[i], id) == 0)
			return true;
	return false;
}

/* All pages; a new row comes in after every page. */
static void walk_pages(struct rig *r, const struct actor *who, const char *sort, int limit, int *made, struct walk *w)
{
	const char *next = "";

	w->n = 0;
	do {
		char safe[600] = "";
		size_t k = 0;

		for (const char *p = next; *p && k < sizeof(safe) - 4; p++)
			k += (size_t)snprintf(safe + k, sizeof(safe) - k, "%%%02X", (unsigned)(unsigned char)*p);
		const struct json *j =
			call(r, who, "GET",
			     fmt(r, "%s?sort=%s&limit=%d%s%s", item, sort, limit, k ? "&after=" : "", safe), NULL, 200);

		for (const struct json *row = at(j, "items")->child; row; row = row->next) {
			const char *id = text_at(r, row, "id");

			if (has(w, id))
				fail_msg("%s: a row comes twice", sort);
			w->ids[w->n++] = id;
		}
		next = text_at(r, j, "next");
		if (next[0] && *made < 200)
			(void)make(r, who, (*made)++);
	} while (next[0]);
}

static void pages(struct rig *r)
{
	static const char *const sorts[] = { "id", "-id", "color", "title", "-title", "ready", "weight" };
	const struct actor *who = rig_actor(r, "boss1", "boss@36.", NULL);
	struct walk w;
	int made = 0;

	while (made < 40)
		(void)make(r, who, made++);
	for (size_t s = 0; s < COUNT(sorts); s++) {
		const struct json *before =
			call(r, who, "GET", fmt(r, "%s?limit=200&sort=%s", item, sorts[s]), NULL, 200);

		walk_pages(r, who, sorts[s], (int)s % 3 + 6, &made, &w);
		for (const struct json *row = at(before, "items")->child; row; row = row->next)
			if (!has(&w, text_at(r, row, "id")))
				fail_msg("%s: a row is left out", sorts[s]);
	}
	/* The order itself, with everything at rest. */
	walk_pages(r, who, "ready", 7, &(int){ 200 }, &w);
	const struct json *all = call(r, who, "GET", fmt(r, "%s?limit=200&sort=ready", item), NULL, 200);

	assert_int_equal(at(all, "items")->n, w.n);
	for (int i = 0; i < w.n; i++)
		assert_string_equal(w.ids[i], text_at(r, all, fmt(r, "items.%d.id", i)));
	assert_true(at(all, "items.0.ready")->i == 0);
	assert_string_equal(text_at(r, all, "items.0.color"), "red"); /* color goes down: red before green */
}

static void test_pages(void **state)
{
	(void)state;
	on_each_kind(pages, modules, thing_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
