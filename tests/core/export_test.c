/* Lists as files: what a spreadsheet gets, what stays closed, what is on record
 * before the first byte. */
#include "core/inner.h"
#include "harness.h"
#include "thing.h"

#include <string.h>

static const struct module *const modules[] = { &thing_module, NULL };
static const char item[] = "/api/thing/item", path[] = "/api/thing/item/export";
static const char why[] = "{\"purpose\":\"correction\",\"reason\":\"audit 7\"}";
static const char open_why[] = "{\"purpose\":\"correction\",\"reason\":\"audit 7\",\"fields\":[\"phone\"]}";
static const char phone[] = "13870012345";

static const char *put(struct rig *r, const struct actor *who, const char *place, const char *title)
{
	return create(r, who, item,
		      fmt(r, "{\"place_path\":\"%s\",\"title\":\"%s\",\"phone\":\"%s\",\"size\":7,\"weight\":2.5}",
			  place, title, phone));
}

static bool tells(struct rig *r, const char *text)
{
	return memmem(r->last.body.p, r->last.body.n, text, strlen(text)) != NULL;
}

static int lines(struct rig *r)
{
	int n = 0;

	for (size_t i = 0; i + 1 < r->last.body.n; i++)
		n += r->last.body.p[i] == '\r' && r->last.body.p[i + 1] == '\n';
	return n;
}

static void cells(struct rig *r)
{
	const struct actor *boss = rig_actor(r, "boss1", "boss@36.", NULL);
	static const char *const titles[] = { "=1+1",   "+861",  "-abc",          "@SUM",   "\\tabc",
					      "\\rabc", "a,b c", "say \\\"x\\\"", "a\\nbc", "abc" };
	static const char *const want[] = { ",\"'=1+1\",",  ",\"'+861\",",  ",\"'-abc\",", ",\"'@SUM\",",
					    ",\"'\tabc\",", ",\"'\rabc\",", ",\"a,b c\",", ",\"say \"\"x\"\"\",",
					    ",\"a\nbc\",",  ",abc," };

	for (size_t i = 0; i < COUNT(titles); i++)
		(void)asked(r, boss, "POST", item, fmt(r, "{\"place_path\":\"36.01.\",\"title\":\"%s\"}", titles[i]));
	call(r, boss, "POST", path, why, 200);
	assert_string_equal(r->last.type, "text/csv; charset=utf-8; header=present");
	assert_non_null(strstr(header_of(r, "Content-Disposition"), "attachment; filename=\"thing-item-20"));
	assert_true(tells(r, "\xEF\xBB\xBFid,version,created_at,updated_at,place_path,owner_id,"));
	assert_false(tells(r, "token"));
	for (size_t i = 0; i < COUNT(titles); i++) {
		bool kept = count(r, fmt(r, "SELECT count(*) FROM thing_item")) == (int64_t)COUNT(titles);

		if (!tells(r, want[i]) &&
		    (kept || (i != 4 && i != 5 && i != 8))) /* where titles may hold such a character */
			fail_msg("no cell %s in " FMT_STR, want[i], ARG_STR(r->last.body));
	}
	/* Filters and order are the list's. */
	call(r, boss, "POST", fmt(r, "%s?size=99", path), why, 200);
	assert_int_equal(lines(r), 1);
	call(r, boss, "POST", fmt(r, "%s?sort=title&color=red", path), why, 200);
	refused(r, boss, "POST", fmt(r, "%s?limit=5", path), why, 400, "unknown_filter", "limit");
	refused(r, boss, "POST", fmt(r, "%s?after=x", path), why, 400, "unknown_filter", "after");
	refused(r, boss, "POST", fmt(r, "%s?phone=1", path), why, 400, "unknown_filter", "phone");
}

static void closed(struct rig *r)
{
	const struct actor *boss = rig_actor(r, "boss1", "boss@36.", NULL);
	const struct actor *seer = rig_actor(r, "seer1", "viewer@36.", NULL);
	const struct actor *far = rig_actor(r, "far1", "viewer@36.,boss@37.", NULL);
	static const struct {
		const char *body, *code, *field;
	} bad[] = {
		{ "{}", "required", "purpose" },
		{ "{\"purpose\":\"visit\"}", "required", "reason" },
		{ "{\"purpose\":\"visit\",\"reason\":\"abc\",\"fields\":[]}", "required", "fields" },
		{ "{\"purpose\":\"visit\",\"reason\":\"abc\",\"fields\":[\"token\"]}", "unknown_field", "fields" },
	};

	put(r, boss, "36.01.", "one");
	put(r, boss, "36.02.", "two");
	r->never = phone;
	call(r, seer, "POST", path, why, 403);
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(r, boss, "POST", path, bad[i].body, 400, bad[i].code, bad[i].field);
	assert_int_equal(count(r, "SELECT count(*) FROM core_audit WHERE what = 'export'"), 0);
	/* The own row is closed here as well: a file lives longer than a page. */
	call(r, boss, "POST", path, why, 200);
	assert_int_equal(lines(r), 3);
	assert_true(tells(r, ",masked,"));
	assert_int_equal(count(r, "SELECT count(*) FROM core_look"), 0);
	assert_int_equal(count(r,
			       "SELECT count(*) FROM core_audit WHERE what = 'export' AND actor_id = 'boss1'"
			       " AND entity = 'thing.item' AND detail LIKE '%\"rows\":2,\"purpose\":\"correction\"%'"),
			 1);
	/* Read here, export elsewhere: nothing of here leaves. */
	call(r, far, "POST", path, why, 200);
	assert_int_equal(lines(r), 1);
	r->never = NULL;
	r->idem = "export-key-1";
	call(r, boss, "POST", path, open_why, 200);
	r->idem = NULL;
	assert_true(tells(r, phone));
	assert_false(tells(r, "masked"));
	assert_int_equal(count(r, "SELECT count(*) FROM core_look WHERE fields = 'phone' AND purpose = 'correction'"
				  " AND reason = 'audit 7' AND person_id = 'boss1'"),
			 2);
	assert_int_equal(count(r, "SELECT count(*) FROM core_idem WHERE body LIKE '%13870012345%'"), 0);
	assert_int_equal(rows_with(r, phone, "thing_item"), 0); /* nor anywhere else */
}

static void fill(struct rig *r, int n)
{
	run_sql(r, "DELETE FROM thing_item");
	run_sql(r, fmt(r,
		       "INSERT INTO thing_item (id, version, created_at, updated_at, place_path, owner_id, title, "
		       "phone, color,"
		       " ready, state) WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < %d)"
		       " SELECT 'ROW' || i, 1, 1, 1, '36.01.', 'boss1', 'abc', '13870012345', 'red', 0, 'new' FROM k",
		       n));
}

static void most(struct rig *r)
{
	const struct actor *boss = rig_actor(r, "boss1", "boss@36.", NULL);

	for (int n = 9999; n <= 10001; n++) {
		fill(r, n);
		call(r, boss, "POST", path, why, n > 10000 ? 413 : 200);
		if (n <= 10000)
			assert_int_equal(lines(r), n + 1);
	}
	assert_string_equal(text_at(r, here(r), "code"), "too_many_rows");
	for (int n = 999; n <= 1001; n++) {
		int64_t looks = count(r, "SELECT count(*) FROM core_look");

		fill(r, n);
		call(r, boss, "POST", path, open_why, n > 1000 ? 413 : 200);
		assert_int_equal(count(r, "SELECT count(*) FROM core_look"), looks + (n > 1000 ? 0 : n));
	}
}

static void failing(struct rig *r)
{
	const struct actor *boss = rig_actor(r, "boss1", "boss@36.", NULL);

	put(r, boss, "36.01.", "one");
	assert_true(fail_every_call(r, boss, "POST", path, open_why, 200) >= 3); /* rows, look, record */
}

static void test_cells(void **state)
{
	(void)state;
	on_each_kind(cells, modules, thing_roles);
}

static void test_closed(void **state)
{
	(void)state;
	on_each_kind(closed, modules, thing_roles);
}

static void test_most(void **state)
{
	(void)state;
	on_each_kind(most, modules, thing_roles);
}

static void test_failing(void **state)
{
	(void)state;
	on_each_kind(failing, modules, thing_roles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_closed),
		cmocka_unit_test(test_most),
		cmocka_unit_test(test_failing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
