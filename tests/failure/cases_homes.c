/* Homes, rentals, notes, and what a person asks about them. */
#include "cases.h"

#include <sodium.h>
#include <string.h>

#define HEAD   "head@" NORTH
#define DESK   "seat@" NORTH
#define WORKER "grid_worker@" NORTH
#define WHY    "\"purpose\":\"visit\",\"reason\":\"A-1032\"}"
#define RENTAL "\"from_at\":\"$-10\",\"to_at\":\"$+90000\",\"occupants\":2}"

static void open_eyes(struct stage *s)
{
	s->r.cookie = NULL;
	s->r.never = NULL;
}

static void quiet(struct stage *s)
{
	s->r.never = CANARY;
}

/* One more rental that waits for the worker, who rents out. */
static void rental(struct stage *s)
{
	open_eyes(s);
	stage_make(s, "rental", "/api/people/tenancy",
		   "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$elder\",\"landlord_id\":\"$"
		   "worker\"," RENTAL);
}

static void one_side(struct stage *s)
{
	open_eyes(s);
	stage_make(s, "rental", "/api/people/tenancy",
		   "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$elder\"," RENTAL);
}

static void past(struct stage *s)
{
	open_eyes(s);
	run_sql(&s->r, stage_fill(s, "UPDATE people_tenancy SET state = 'confirmed', from_at = 1, to_at = 2 WHERE id ="
				     " '$rental'"));
}

static void question(struct stage *s)
{
	quiet(s);
	stage_put(s, "question", "question-1");
	run_sql(&s->r,
		stage_fill(s, "INSERT INTO people_question (id, version, created_at, updated_at, place_id, place_path,"
			      " place_label, kind, n, most, state, outcome) VALUES ('question-1', 1, 1, 1, '$dwelling',"
			      " '" NORTH "3.2.501.', '3-2-501', 'over_capacity', 3, 2, 'open', 'not_yet')"));
}

static void second_wish(struct stage *s)
{
	open_eyes(s);
	stage_make(s, "wish", "/api/people/correction",
		   "{\"person_id\":\"$elder\",\"kind\":\"object\",\"why\":\"no more\"}");
}

static void gone(struct stage *s)
{
	open_eyes(s);
	stage_make(s, "gone", "/api/people/person", "{\"name\":\"Gone\",\"place_id\":\"$spare\"}");
	quiet(s);
}

static void with_password(struct stage *s)
{
	char hash[crypto_pwhash_STRBYTES];

	run_sql(&s->r,
		"UPDATE people_tenancy SET state = 'ended', ended_at = 1 WHERE state IN ('confirmed', 'disputed')");
	assert_int_equal(crypto_pwhash_str(hash, "x y z", 5, crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
			 0);
	run_sql(&s->r, fmt(&s->r, "UPDATE people_person SET password_hash = '%s' WHERE id = '%s'", hash,
			   stage_get(s, "elder")));
}

const struct write_case home_cases[] = {
	{ "POST /api/people/household", HEAD, NULL, "{\"place_id\":\"$dwelling\"}", .want = 201, .before = quiet,
	  .save = "home" },
	{ "PATCH /api/people/household/{id}", HEAD, "/api/people/household/$home", "{\"tenure\":\"owned\"}",
	  .want = 200 },
	{ "POST /api/people/household/{id}/confirm", WORKER, "/api/people/household/$home/confirm", "{}", .want = 200 },
	{ "POST /api/people/member", HEAD, NULL,
	  "{\"household_id\":\"$home\",\"person_id\":\"$cid\",\"role\":\"owner\",\"relation\":\"self\"}", .want = 201,
	  .save = "member" },
	{ "PATCH /api/people/member/{id}", HEAD, "/api/people/member/$member", "{\"lives_here\":false}", .want = 200 },
	{ "POST /api/people/member/{id}/confirm", WORKER, "/api/people/member/$member/confirm", "{}", .want = 200 },
	{ "POST /api/people/member/{id}/reveal", DESK, "/api/people/member/$member/reveal",
	  "{\"fields\":[\"relation\"]," WHY, .want = 200 },
	{ "POST /api/people/household/{id}/open", DESK, "/api/people/household/$home/open", "{" WHY, .want = 200,
	  .before = open_eyes },
	{ "POST /api/people/search", DESK, NULL, "{\"q\":\"Ann\",\"under\":\"" NORTH "\"," WHY, .want = 200 },
	{ "POST /api/people/member/{id}/leave", HEAD, "/api/people/member/$member/leave", "{}", .want = 200,
	  .before = quiet },
	{ "POST /api/people/household/{id}/move_out", HEAD, "/api/people/household/$home/move_out", "{}", .want = 200 },
	{ "POST /api/people/import", HEAD, "/api/people/import?what=households&under=" NORTH,
	  "dwelling,name,phone,id_number\n3-2-501,Iris,13870001234,11010519491231002X\n3-2-502,Olaf,,\n", .want = 200 },
	{ "POST /api/people/identity", HEAD, NULL,
	  "{\"person_id\":\"$worker\",\"kind\":\"passport\",\"number\":\"E12345678\",\"basis\":\"law\"}", .want = 201,
	  .save = "paper" },
	{ "PATCH /api/people/identity/{id}", HEAD, "/api/people/identity/$paper", "{\"number\":\"E87654321\"}",
	  .want = 200 },
	{ "POST /api/people/identity/{id}/reveal", DESK, "/api/people/identity/$paper/reveal",
	  "{\"fields\":[\"number\"]," WHY, .want = 200 },
	{ "POST /api/people/tenancy", HEAD, NULL,
	  "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$elder\",\"landlord_id\":\"$"
	  "worker\"," RENTAL,
	  .want = 201, .save = "rental" },
	{ "POST /api/people/tenancy/{id}/sign", "elder", "/api/people/tenancy/$rental/sign",
	  "{\"tenant_signature\":\"" CANARY " Li\"}", .want = 200, .before = open_eyes },
	{ "POST /api/people/tenancy/{id}/reveal", DESK, "/api/people/tenancy/$rental/reveal",
	  "{\"fields\":[\"tenant_id\"]," WHY, .want = 200 },
	{ "POST /api/people/tenancy/{id}/check", WORKER, "/api/people/tenancy/$rental/check",
	  "{\"safety\":{\"gas\":\"good\"}}", .want = 200, .before = quiet },
	{ "POST /api/people/tenancy/{id}/confirm", "worker", "/api/people/tenancy/$rental/confirm",
	  "{\"landlord_signature\":\"" CANARY " Ann\"}", .want = 200 },
	{ "POST /api/people/tenancy/{id}/end", "elder", "/api/people/tenancy/$rental/end", "{}", .want = 200,
	  .before = open_eyes },
	{ "POST /api/people/tenancy/{id}/dispute", "worker", "/api/people/tenancy/$rental/dispute",
	  "{\"other_says\":\"nobody asked me\"}", .want = 200, .before = rental },
	{ "POST /api/people/tenancy/{id}/settle", DESK, "/api/people/tenancy/$rental/settle",
	  "{\"occupants\":3,\"note\":\"seen\"}", .want = 200 },
	{ "POST /api/people/tenancy/{id}/expire", HEAD, "/api/people/tenancy/$rental/expire", "{}", .want = 200,
	  .before = past },
	{ "POST /api/people/tenancy/{id}/link", HEAD, "/api/people/tenancy/$rental/link",
	  "{\"landlord_id\":\"$worker\"}", .want = 200, .before = one_side },
	{ "POST /api/people/tenancy/{id}/withdraw", "elder", "/api/people/tenancy/$rental/withdraw", "{}",
	  .want = 200 },
	{ "POST /api/people/permit", HEAD, NULL,
	  "{\"person_id\":\"$elder\",\"place_id\":\"$dwelling\",\"kind\":\"other\",\"to_at\":\"$+9000\"}", .want = 201,
	  .before = quiet, .save = "permit" },
	{ "PATCH /api/people/permit/{id}", HEAD, "/api/people/permit/$permit", "{\"to_at\":\"$+99000\"}", .want = 200 },
	{ "POST /api/people/permit/{id}/reveal", DESK, "/api/people/permit/$permit/reveal",
	  "{\"fields\":[\"person_id\"]," WHY, .want = 200 },
	{ "POST /api/people/permit/{id}/end", "elder", "/api/people/permit/$permit/end", "{}", .want = 200 },
	{ "POST /api/people/capacity", HEAD, NULL, "{\"place_id\":\"$unit\",\"most\":4,\"decision\":\"meeting\"}",
	  .want = 201, .save = "capacity" },
	{ "PATCH /api/people/capacity/{id}", HEAD, "/api/people/capacity/$capacity", "{\"most\":5}", .want = 200 },
	{ "POST /api/people/question/{id}/visit", DESK, "/api/people/question/$question/visit", "{}", .want = 200,
	  .before = question },
	{ "POST /api/people/question/{id}/settle", DESK, "/api/people/question/$question/settle",
	  "{\"outcome\":\"same\",\"note\":\"three beds\"}", .want = 200 },
	{ "POST /api/people/vehicle", "elder", NULL, "{\"kind\":\"e_bike\",\"frame_number\":\"TDR12345678\"}",
	  .want = 201, .save = "bike" },
	{ "PATCH /api/people/vehicle/{id}", "elder", "/api/people/vehicle/$bike",
	  "{\"plate\":\"1234567\",\"charging\":\"shed\"}", .want = 200 },
	{ "POST /api/people/vehicle/{id}/confirm", WORKER, "/api/people/vehicle/$bike/confirm", "{}", .want = 200 },
	{ "POST /api/people/vehicle/{id}/reveal", DESK, "/api/people/vehicle/$bike/reveal",
	  "{\"fields\":[\"plate\"]," WHY, .want = 200 },
	{ "POST /api/people/vehicle/{id}/retire", "elder", "/api/people/vehicle/$bike/retire", "{}", .want = 200 },
	{ "POST /api/people/care", HEAD, NULL,
	  "{\"person_id\":\"$elder\",\"need\":\"hearing\",\"purpose\":\"visit\",\"basis\":\"law\",\"roles\":[\"seat\"],"
	  "\"ends_at\":\"$+9000\"}",
	  .want = 201, .save = "note" },
	{ "PATCH /api/people/care/{id}", HEAD, "/api/people/care/$note", "{\"text\":\"ring twice\"}", .want = 200 },
	{ "POST /api/people/care/{id}/reveal", DESK, "/api/people/care/$note/reveal", "{\"fields\":[\"need\"]," WHY,
	  .want = 200 },
	{ "POST /api/people/correction", "elder", NULL, "{\"kind\":\"correct\",\"field\":\"name\",\"wanted\":\"Lee\"}",
	  .want = 201, .save = "wish" },
	{ "POST /api/people/correction/{id}/reveal", HEAD, "/api/people/correction/$wish/reveal",
	  "{\"fields\":[\"wanted\"]," WHY, .want = 200 },
	{ "POST /api/people/correction/{id}/done", HEAD, "/api/people/correction/$wish/done",
	  "{\"answer\":\"changed\"}", .want = 200 },
	{ "POST /api/people/correction/{id}/refuse", HEAD, "/api/people/correction/$wish/refuse",
	  "{\"answer\":\"law of 2021\"}", .want = 200, .before = second_wish },
	{ "POST /api/people/own/contact", "elder", NULL, "{\"phone\":\"13870001111\"}", .want = 200 },
	{ "POST /api/people/person/{id}/confirm", HEAD, "/api/people/person/$worker/confirm", "{}", .want = 200,
	  .before = quiet },
	{ "POST /api/people/person/{id}/erase", HEAD, "/api/people/person/$gone/erase", "{\"reason\":\"letter\"}",
	  .want = 200, .before = gone },
	{ "POST /api/people/own/erase", "elder", NULL, "{\"password\":\"x y z\"}", .want = 200,
	  .before = with_password },
	{ 0 },
};
