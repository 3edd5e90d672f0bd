/* What a field accepts: every kind at its limits, and what goes wrong with the
 * body as a whole. */
#include "harness.h"
#include "thing.h"

#include <string.h>

static const struct module *const modules[] = { &thing_module, NULL };
static const char item[] = "/api/thing/item";

static const struct actor *boss(struct rig *r)
{
	return rig_actor(r, "boss1", "boss@36.", NULL);
}

/* A good body with one more member. */
static const char *with(struct rig *r, const char *member)
{
	return fmt(r, "{\"place_path\":\"36.01.\",\"title\":\"abc\"%s%s}", member[0] ? "," : "", member);
}

static const char *letters(struct rig *r, const char *letter, int n)
{
	struct buf b = buf_new(r->arena, 4096);

	while (n-- > 0)
		buf_add(&b, str_of(letter));
	return buf_str(&b).p;
}

static void text_limits(struct rig *r)
{
	const struct actor *who = boss(r);
	static const struct {
		int n, status;
	} size[] = { { 0, 400 }, { 2, 400 }, { 3, 201 }, { 20, 201 }, { 21, 400 } };

	for (size_t i = 0; i < COUNT(size); i++) {
		/* characters count, not bytes */
		const char *body = fmt(r, "{\"place_path\":\"36.\",\"title\":\"%s\"}", letters(r, "久", size[i].n));

		if (size[i].status == 201)
			call(r, who, "POST", item, body, 201);
		else
			refused(r, who, "POST", item, body, 400, "wrong_length", "title");
	}
	refused(r, who, "POST", item, with(r, "\"phone\":\"1\\u00072345\""), 400, "control_character", "phone");
	refused(r, who, "POST", item, with(r, "\"phone\":\"12345\\u007f\""), 400, "control_character", "phone");
	call(r, who, "POST", item, with(r, "\"phone\":\"123\\n4\\t5\""), 201);
	refused(r, who, "POST", item, with(r, "\"phone\":\"12345\\u0000\""), 400, "bad_json", "");
	refused(r, who, "POST", item, with(r, "\"phone\":12345"), 400, "wrong_type", "phone");
}

static void test_text(void **state)
{
	(void)state;
	on_each_kind(text_limits, modules, thing_roles);
}

static const struct {
	const char *member;
	int status;
	const char *code, *field;
} members[] = {
	{ "\"size\":0", 400, "out_of_range", "size" },
	{ "\"size\":1", 201, NULL, NULL },
	{ "\"size\":100", 201, NULL, NULL },
	{ "\"size\":101", 400, "out_of_range", "size" },
	{ "\"size\":1.5", 400, "wrong_type", "size" },
	{ "\"size\":\"1\"", 400, "wrong_type", "size" },
	{ "\"size\":9223372036854775808", 400, "wrong_type", "size" },
	{ "\"size\":null", 201, NULL, NULL },
	{ "\"weight\":0.4999", 400, "out_of_range", "weight" },
	{ "\"weight\":0.5", 201, NULL, NULL },
	{ "\"weight\":9.5", 201, NULL, NULL },
	{ "\"weight\":9.5001", 400, "out_of_range", "weight" },
	{ "\"weight\":1e999", 400, "bad_json", "" },
	{ "\"weight\":\"1\"", 400, "wrong_type", "weight" },
	{ "\"weight\":null", 201, NULL, NULL },
	{ "\"ready\":true", 201, NULL, NULL },
	{ "\"ready\":1", 400, "wrong_type", "ready" },
	{ "\"ready\":null", 400, "required", "ready" },
	{ "\"color\":\"green\"", 201, NULL, NULL },
	{ "\"color\":\"Green\"", 400, "unknown_word", "color" },
	{ "\"color\":\"\"", 400, "unknown_word", "color" },
	{ "\"color\":1", 400, "unknown_word", "color" },
	{ "\"color\":null", 400, "required", "color" },
	{ "\"due_at\":\"2026-03-12T01:07:41.123456Z\"", 201, NULL, NULL },
	{ "\"due_at\":\"2026-03-12T09:07:41+08:00\"", 201, NULL, NULL },
	{ "\"due_at\":\"2026-03-12\"", 400, "bad_time", "due_at" },
	{ "\"due_at\":\"2026-02-30T00:00:00Z\"", 400, "bad_time", "due_at" },
	{ "\"due_at\":1773277661", 400, "bad_time", "due_at" },
	{ "\"due_at\":null", 201, NULL, NULL },
	{ "\"extra\":{}", 201, NULL, NULL },
	{ "\"extra\":[1,{\"a\":[2]}]", 201, NULL, NULL },
	{ "\"extra\":\"text\"", 400, "wrong_type", "extra" },
	{ "\"extra\":7", 400, "wrong_type", "extra" },
	{ "\"extra\":null", 201, NULL, NULL },
	{ "\"home_id\":\"\"", 400, "wrong_length", "home_id" },
	{ "\"home_id\":\"h\"", 201, NULL, NULL },
	{ "\"home_id\":{}", 400, "wrong_type", "home_id" },
	{ "\"owner_id\":\"me\"", 400, "read_only", "owner_id" },
	{ "\"state\":\"done\"", 400, "read_only", "state" },
	{ "\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\"", 400, "read_only", "id" },
	{ "\"created_at\":\"2026-03-12T01:07:41Z\"", 400, "read_only", "created_at" },
	{ "\"token\":\"mine\"", 400, "unknown_field", "token" },
	{ "\"nothing\":1", 400, "unknown_field", "nothing" },
	{ "\"title\":\"again\"", 400, "bad_json", "" }, /* duplicate key */
};

static void all_members(struct rig *r)
{
	const struct actor *who = boss(r);

	for (size_t i = 0; i < COUNT(members); i++) {
		if (members[i].status == 201)
			call(r, who, "POST", item, with(r, members[i].member), 201);
		else
			refused(r, who, "POST", item, with(r, members[i].member), 400, members[i].code,
				members[i].field);
	}
	/* JSON by bytes: 100 fit, 101 do not. */
	call(r, who, "POST", item, with(r, fmt(r, "\"extra\":[\"%s\"]", letters(r, "x", 96))), 201);
	refused(r, who, "POST", item, with(r, fmt(r, "\"extra\":[\"%s\"]", letters(r, "x", 97))), 400, "wrong_length",
		"extra");
	call(r, who, "POST", item, with(r, fmt(r, "\"home_id\":\"%s\"", letters(r, "h", 64))), 201);
	refused(r, who, "POST", item, with(r, fmt(r, "\"home_id\":\"%s\"", letters(r, "h", 65))), 400, "wrong_length",
		"home_id");
}

static void test_members(void **state)
{
	(void)state;
	on_each_kind(all_members, modules, thing_roles);
}

static void what_comes_back(struct rig *r)
{
	const struct actor *who = boss(r), *other = rig_actor(r, "x", "viewer@36.", NULL);
	const char *id = create(
		r, who, item,
		"{\"place_path\":\"36.01.\",\"title\":\"a\\\"\\u4e45\",\"color\":\"green\",\"size\":7,\"weight\":0.75,"
		"\"ready\":true,\"due_at\":\"2026-03-12T09:07:41.25+08:00\",\"extra\":{\"a\":[1,2]}, "
		"\"home_id\":\"h1\"}");
	const struct json *j = call(r, who, "GET", fmt(r, "%s/%s", item, id), NULL, 200);
	double w = 0;

	assert_int_equal(strlen(id), 26);
	assert_string_equal(text_at(r, j, "title"), "a\"久");
	assert_string_equal(text_at(r, j, "color"), "green");
	assert_string_equal(text_at(r, j, "due_at"), "2026-03-12T01:07:41.250000Z");
	assert_string_equal(text_at(r, j, "state"), "new");
	assert_string_equal(text_at(r, j, "owner_id"), "boss1");
	assert_int_equal(int_at(j, "size"), 7);
	assert_int_equal(int_at(j, "version"), 1);
	assert_int_equal(int_at(j, "extra.a.1"), 2);
	assert_true(json_number(json_get(j, "weight"), &w) && w == 0.75);
	assert_true(at(j, "ready")->i == 1);
	assert_string_equal(text_at(r, j, "created_at"), "2026-03-12T01:07:41Z");
	assert_null(at(j, "token"));
	assert_string_equal(header_of(r, "ETag"), "\"1\"");
	/* Written to nothing again. */
	j = call(r, who, "PATCH", fmt(r, "%s/%s", item, id),
		 "{\"size\":null,\"weight\":null,\"due_at\":null,\"extra\":null}", 200);
	assert_true(at(j, "size")->kind == J_NULL && at(j, "weight")->kind == J_NULL &&
		    at(j, "due_at")->kind == J_NULL && at(j, "extra")->kind == J_NULL);
	refused(r, who, "PATCH", fmt(r, "%s/%s", item, id), "{\"title\":null}", 400, "required", "title");
	refused(r, who, "PATCH", fmt(r, "%s/%s", item, id), "{\"place_path\":\"36.02.\"}", 400, "read_only",
		"place_path");
	call(r, other, "GET", fmt(r, "%s/%s", item, id), NULL, 200);
}

static void test_round_trip(void **state)
{
	(void)state;
	on_each_kind(what_comes_back, modules, thing_roles);
}

static const char *nested(struct rig *r, int deep)
{
	struct buf b = buf_new(r->arena, 4096);

	for (int i = 0; i < deep; i++)
		buf_char(&b, '[');
	for (int i = 0; i < deep; i++)
		buf_char(&b, ']');
	return fmt(r, "{\"extra\":%s}", buf_str(&b).p);
}

static void bodies(struct rig *r)
{
	const struct actor *who = boss(r);
	static const char *const bad[] = {
		NULL, "", "  ", "{", "{}x", "{\"title\":}", "nul", "{\"title\":\"\xff\"}", "{'title':1}"
	};

	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, who, "POST", item, bad[i], 400, "bad_json", "");
	refused(r, who, "POST", item, "[]", 400, "wrong_type", "");
	refused(r, who, "POST", item, "null", 400, "wrong_type", "");
	refused(r, who, "POST", item, "{}", 400, "required", "place_path");
	refused(r, who, "POST", item, "{\"place_path\":\"36.\"}", 400, "required", "title");
	refused(r, who, "POST", item, "{\"place_path\":\"36.\",\"title\":null}", 400, "required", "title");
	refused(r, who, "POST", item, nested(r, 65), 400, "bad_json", "");
	refused(r, who, "POST", item, nested(r, 64), 400, "bad_json", "");
	refused(r, who, "POST", item, nested(r, 50), 400, "required", "place_path");
	refused(r, who, "GET", "/api/thing", NULL, 404, "no_route", "");
	refused(r, who, "GET", "/api/thing/other", NULL, 404, "no_route", "");
	/* A known path asked with another method says which ones it answers. */
	static const struct {
		const char *method, *path, *allow;
	} other[] = {
		{ "DELETE", "/api/thing/item/x", "GET, HEAD, PATCH" },
		{ "PATCH", "/api/thing/item", "GET, HEAD, POST" },
		{ "GET", "/api/thing/item/x/start", "POST" },
		{ "POST", "/api/thing/counts", "GET, HEAD" },
		{ "PUT", "/api/describe", "GET, HEAD" },
	};

	for (size_t i = 0; i < COUNT(other); i++) {
		refused(r, who, other[i].method, other[i].path, "{}", 405, "wrong_method", "");
		assert_string_equal(header_of(r, "Allow"), other[i].allow);
	}
	refused(r, who, "POST", fmt(r, "%s/x/nothing", item), "{}", 404, "no_route", "");
	refused(r, who, "GET", fmt(r, "%s/x", item), NULL, 404, "not_found", "id");
	refused(r, who, "GET", fmt(r, "%s/", item), NULL, 404, "not_found", "id");
	/* Permission comes before the body is looked at. */
	refused(r, rig_actor(r, "v", "viewer@36.", NULL), "POST", item, "{", 403, "denied", "");
	refused(r, NULL, "POST", item, "{", 401, "sign_in", "");
	assert_int_equal(count(r, "SELECT count(*) FROM thing_item"), 0);
}

static void test_bodies(void **state)
{
	(void)state;
	on_each_kind(bodies, modules, thing_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_bodies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
