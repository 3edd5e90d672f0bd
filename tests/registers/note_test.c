/* note_test.c - care notes, and files of homes and rentals. */
#include "town.h"

#include <string.h>

#define PAPER "11010519491231002X"
#define NOTE                                                                                                        \
	"{\"person_id\":\"$elder\",\"need\":\"evacuation_help\",\"text\":\"" CANARY                                 \
	" third floor, no lift\",\"purpose\":\"emergency_help\",\"basis\":\"consent\",\"roles\":[\"grid_worker\"]," \
	"\"ends_at\":\"$+100000\"}"

static void care(struct stage *s)
{
	const struct json *j;

	no(s, HEAD, "POST", "/api/people/care", NOTE, 409, "consent_needed", "basis");
	stage_make(
		s, "consent", "/api/people/consent",
		"{\"person_id\":\"$elder\",\"purpose\":\"special_care\",\"text_version\":\"1\",\"channel\":\"paper\"}");
	no(s, HEAD, "POST", "/api/people/care",
	   "{\"person_id\":\"$elder\",\"need\":\"hearing\",\"purpose\":\"visit\",\"basis\":\"law\",\"roles\":[\"king\"]"
	   ","
	   "\"ends_at\":\"$+9\"}",
	   400, "unknown_word", "roles");
	no(s, HEAD, "POST", "/api/people/care",
	   "{\"person_id\":\"$elder\",\"need\":\"hearing\",\"purpose\":\"visit\",\"basis\":\"law\",\"roles\":[\"seat\"]"
	   "}",
	   400, "required", "ends_at");
	no(s, HEAD, "POST", "/api/people/care",
	   "{\"person_id\":\"$elder\",\"need\":\"hearing\",\"purpose\":\"visit\",\"basis\":\"law\",\"roles\":[\"seat\"]"
	   ","
	   "\"ends_at\":\"$+600000\"}",
	   400, "out_of_range", "ends_at");
	no(s, DESK, "POST", "/api/people/care", NOTE, 403, "denied", "");
	stage_put(s, "note", text_at(&s->r, as(s, HEAD, "POST", "/api/people/care", NOTE, 201), "id"));
	/* Even what kind of help is closed until the reading is on record. */
	s->r.never = "evacuation_help";
	j = as(s, WORKER, "GET", "/api/people/care", NULL, 200);
	assert_int_equal(at(j, "items")->n, 1);
	assert_int_equal(at(j, "items.0.person_id")->kind, J_NULL);
	as(s, "guard@" NORTH, "GET", "/api/people/care/$note", NULL, 404);
	no(s, DESK, "POST", "/api/people/care/$note/reveal",
	   "{\"fields\":[\"need\",\"text\"],\"purpose\":\"fire\",\"reason\":\"A-9\"}", 403, "not_named", "roles");
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_look"), 0);
	s->r.never = NULL;
	j = as(s, WORKER, "POST", "/api/people/care/$note/reveal",
	       "{\"fields\":[\"need\",\"text\"],\"purpose\":\"fire\",\"reason\":\"A-9\"}", 200);
	assert_string_equal(text_at(&s->r, j, "need"), "evacuation_help");
	const struct actor *elder = town_resident(s, "elder", NORTH "3.2.501.", NULL);

	j = own(s, elder, "GET", "/api/people/looks", NULL, 200);
	assert_string_equal(text_at(&s->r, j, "items.0.reason"), "A-9");
	assert_string_equal(text_at(&s->r, own(s, elder, "GET", "/api/people/care/$note", NULL, 200), "need"),
			    "evacuation_help");
	/* At the end it is gone, and so when the consent is. */
	s->r.now += 100000 * MINUTE - 1;
	assert_int_equal(app_run_job(s->r.app, "people.care"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_care"), 1);
	s->r.now += 1;
	assert_int_equal(app_run_job(s->r.app, "people.care"), RC_OK);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_care"), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM core_audit WHERE what = 'people.care.end'"), 1);
	as(s, HEAD, "POST", "/api/people/care", NOTE, 201);
	own(s, elder, "POST", "/api/people/consent/$consent/withdraw", "{}", 200);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_care"), 0);
	assert_int_equal(rows_with(&s->r, "third floor", NULL), 0);
}

/* ---- files ------------------------------------------------------------------------------- */

#define IN_NORTH "&under=" NORTH

static const struct json *import(struct stage *s, const char *query, const char *text, int want)
{
	return as(s, HEAD, "POST", fmt(&s->r, "/api/people/import?what=%s", query), text, want);
}

static void homes(struct stage *s)
{
	static const char text[] = "房号,姓名,电话,身份,关系,身份证号,入住日期\n"
				   "3-2-501," CANARY " 甲,138 7001 2345,业主,本人," PAPER ",2020-05-01\n"
				   "3-2-501," CANARY " 乙,,家人,配偶,,2020/5/1\n"
				   "3-2-502," CANARY " 丙,0791-86123456,租客,本人,,2024年3月2日\n";
	const struct json *j;

	no(s, HEAD, "POST", "/api/people/import?what=cats" IN_NORTH, text, 400, "unknown_word", "what");
	no(s, HEAD, "POST", "/api/people/import?what=households&under=" SOUTH, text, 400, "unknown_place", "under");
	no(s, DESK, "POST", "/api/people/import?what=households" IN_NORTH, text, 403, "denied", "");
	uint64_t before = digest(&s->r);

	j = import(s, "households" IN_NORTH "&dry_run=true", text, 200);
	assert_int_equal(int_at(j, "rows"), 3);
	assert_int_equal(int_at(j, "created"), 3);
	assert_int_equal(int_at(j, "refused"), 0);
	assert_true(digest(&s->r) == before);
	j = import(s, "households" IN_NORTH, text, 200);
	assert_int_equal(int_at(j, "created"), 3);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_household"), 2);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member"), 3);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_identity"), 1);
	assert_int_equal(rows_with(&s->r, PAPER, NULL), 0);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_person WHERE phone = '0791-86123456'"), 1);
	/* Again: nothing; with another telephone: that one. */
	j = import(s, "households" IN_NORTH, text, 200);
	assert_int_equal(int_at(j, "unchanged"), 3);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member"), 3);
	j = import(s, "households" IN_NORTH, "dwelling,name,phone\n3-2-502," CANARY " 丙,13870009999\n", 200);
	assert_int_equal(int_at(j, "updated"), 1);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_person WHERE phone = '13870009999'"), 1);
}

static void bad_rows(struct stage *s)
{
	static const char text[] = "dwelling,name,phone,role,id_number,from,lives_here\n"
				   "3-2-501,Good One,,owner,,,\n"
				   "3-9-999,No Such,,owner,,,\n"
				   "3,A Building,,owner,,,\n"
				   ",No Place,,owner,,,\n"
				   "3-2-501,,,owner,,,\n"
				   "3-2-501,Bad Phone,123,owner,,,\n"
				   "3-2-501,Bad Word,,king,,,\n"
				   "3-2-501,Bad Paper,,owner,110105194912310029,,\n"
				   "3-2-501,Bad Day,,owner,,2020-13-01,\n"
				   "3-2-501,Good One,,owner,,,\n"
				   "3-2-501,Too,Few\n"
				   "3-2-501,Bad Yes,,owner,,,maybe\n"
				   "\n"
				   "36.3601.360102.s1.7.101.,Far,,owner,,,\n";
	static const struct {
		int row;
		const char *code, *field;
	} want[] = {
		{ 3, "unknown_place", "dwelling" },
		{ 4, "wrong_kind", "dwelling" },
		{ 5, "required", "dwelling" },
		{ 6, "required", "name" },
		{ 7, "bad_phone", "phone" },
		{ 8, "unknown_word", "role" },
		{ 9, "identity_check", "id_number" },
		{ 10, "bad_time", "from" },
		{ 11, "twice", "name" },
		{ 12, "bad_csv", "" },
		{ 13, "unknown_word", "lives_here" },
		{ 15, "unknown_place", "dwelling" },
	};
	const struct json *j;

	s->r.never = "110105194912310029"; /* not even in a report */
	j = import(s, "households" IN_NORTH, text, 200);
	s->r.never = NULL;
	assert_int_equal(int_at(j, "rows"), 13);
	assert_int_equal(int_at(j, "created"), 1);
	assert_int_equal(int_at(j, "refused"), (int)COUNT(want));
	assert_int_equal(at(j, "errors")->n, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct json *e = at(j, fmt(&s->r, "errors.%zu", i));

		assert_int_equal(int_at(e, "row"), want[i].row);
		assert_string_equal(text_at(&s->r, e, "code"), want[i].code);
		assert_string_equal(text_at(&s->r, e, "field"), want[i].field);
	}
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member"), 0); /* all or nothing */
	j = import(s, "households" IN_NORTH "&partial=true&row_offset=500", text, 200);
	assert_int_equal(int_at(j, "errors.0.row"), 503);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_member"), 1);
	/* Columns by the caller's own names. */
	no(s, HEAD, "POST", "/api/people/import?what=households" IN_NORTH "&map=cats%3DWer", "Wo,Wer\n3-2-502,X\n", 400,
	   "unknown_field", "map");
	no(s, HEAD, "POST", "/api/people/import?what=households" IN_NORTH "&map=name%3DWen", "Wo,Wer\n3-2-502,X\n", 400,
	   "unknown_column", "map");
	j = import(s, "households" IN_NORTH "&map=name%3DWer,dwelling%3DWo", "Wo,Wer\n3-2-502,Xenia\n", 200);
	assert_int_equal(int_at(j, "created"), 1);
	j = import(s, "households" IN_NORTH, "name\nX\n", 200);
	assert_string_equal(text_at(&s->r, j, "errors.0.code"), "bad_csv");
	j = import(s, "households" IN_NORTH, "dwelling,name\n3-2-501,\xff\xfe\n", 200);
	assert_string_equal(text_at(&s->r, j, "errors.0.code"), "bad_csv");
}

static void rentals(struct stage *s)
{
	static const char text[] =
		"房号,房东,房东电话,租客,租客电话,起始日期,到期日期,人数,身份证号\n"
		"3-2-501," CANARY " 东,13870000001," CANARY " 客,13870000002,2026-01-01,2030-01-01,2," PAPER "\n";
	const struct json *j = import(s, "tenancies" IN_NORTH, text, 200);

	assert_int_equal(int_at(j, "created"), 1);
	assert_int_equal(count(&s->r, "SELECT count(*) FROM people_tenancy WHERE state = 'declared' AND by_office = 1"),
			 1);
	assert_int_equal(rows_with(&s->r, PAPER, NULL), 0);
	assert_int_equal(int_at(import(s, "tenancies" IN_NORTH, text, 200), "unchanged"), 1);
	j = import(
		s, "tenancies" IN_NORTH,
		"dwelling,landlord,tenant,from,to,occupants\n3-2-501,A,B,2026-01-01,2025-01-01,1\n"
		"3-2-501,A,B,2026-01-01,,1\n3-2-501,A,,2026-01-01,2027-01-01,1\n3-2-501,A,B,2026-01-01,2027-01-01,51\n",
		200);
	assert_int_equal(int_at(j, "refused"), 4);
	assert_string_equal(text_at(&s->r, j, "errors.0.code"), "out_of_range");
	assert_string_equal(text_at(&s->r, j, "errors.1.field"), "to");
	assert_string_equal(text_at(&s->r, j, "errors.2.field"), "tenant");
	assert_string_equal(text_at(&s->r, j, "errors.3.field"), "occupants");
}

static void test_care(void **state)
{
	(void)state;
	town_on_each(care);
}

static void test_import(void **state)
{
	(void)state;
	town_on_each(homes);
	town_on_each(bad_rows);
	town_on_each(rentals);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_care), cmocka_unit_test(test_import) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
