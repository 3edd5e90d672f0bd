/* Places and people. */
#include "cases.h"

#include <string.h>

#define HEAD "head@" NORTH
#define DESK "seat@" NORTH

#define LOGIN "{\"login\":\"" CANARY "\",\"password\":\"correct horse battery\"}"

static void signed_in(struct stage *s)
{
	s->r.never = NULL;
	s->r.cookie = NULL;
	call(&s->r, NULL, "POST", "/api/session", LOGIN, 200);
	s->r.never = CANARY;
	const char *set = header_of(&s->r, "Set-Cookie");

	s->r.cookie = arena_dup(s->r.arena, (struct str){ set, strcspn(set, ";") }).p;
	stage_settle(s);
}

static void signed_out(struct stage *s)
{
	s->r.cookie = NULL;
	s->r.never = NULL; /* the own login */
}

static void quiet(struct stage *s)
{
	s->r.cookie = NULL;
	s->r.never = CANARY;
}

static void opened(struct stage *s)
{
	quiet(s);
	s->r.never = NULL;
}

static enum rc take_id(void *arg, const struct row *row)
{
	struct stage *s = arg;

	stage_put(s, "session", arena_dup(s->r.arena, row->v[0].s).p);
	return RC_OK;
}

static void own_session(struct stage *s)
{
	signed_in(s);
	assert_int_equal(conn_each(app_conn(s->r.app), "SELECT id FROM people_session WHERE state = 'live'", NO_ARGS,
				   take_id, s),
			 RC_OK);
	quiet(s);
	s->r.never = NULL; /* the person's own row */
}

/* Signed in and on the seat. */
static void at_seat(struct stage *s)
{
	signed_in(s);
	s->r.never = NULL; /* the system makes the shift */
	stage_make(s, "own_seat", "/api/dispatch/shift",
		   "{\"person_id\":\"$worker\",\"place_id\":\"$north\",\"from_at\":\"$-1\",\"to_at\":\"$+30\",\"kind\":"
		   "\"deputy\"}");
	s->r.never = CANARY;
	stage_settle(s);
}

const struct write_case register_cases[] = {
	{ "POST /api/places/place", HEAD, NULL, "{\"parent_id\":\"$building\",\"kind\":\"unit\",\"code\":\"9\"}",
	  .want = 201, .save = "place" },
	{ "PATCH /api/places/place/{id}", HEAD, "/api/places/place/$place",
	  "{\"name\":\"Nine\",\"lon\":115.9,\"lat\":28.6}", .want = 200 },
	{ "POST /api/places/import", HEAD, "/api/places/import?format=csv",
	  "code,name,kind,parent,lon,lat,floors\n4,four,building,n1,115.9,28.7,6\n1,one,unit,4,,,\n3,drei,building,n1,,"
	  ",\n",
	  .want = 200 },
	{ "POST /api/session", "nobody", NULL, LOGIN, .want = 200, .before = signed_out, .secret = true },
	{ "DELETE /api/session", "nobody", NULL, NULL, .want = 204, .before = signed_in },
	{ "POST /api/session/lock", "nobody", NULL, NULL, .want = 204, .before = at_seat },
	{ "POST /api/session/unlock", "nobody", NULL, "{\"password\":\"correct horse battery\"}", .want = 204 },
	{ "POST /api/people/session/{id}/end", "worker", "/api/people/session/$session/end", "{}", .want = 200,
	  .before = own_session },
	{ "POST /api/people/password", "worker", NULL,
	  "{\"old\":\"correct horse battery\",\"new\":\"wrong cow charger 9\"}", .want = 204, .before = quiet },
	{ "POST /api/people/person/{id}/password", HEAD, "/api/people/person/$worker/password", NULL, .want = 200,
	  .secret = true },
	{ "POST /api/people/person", HEAD, NULL,
	  "{\"name\":\"" CANARY "\",\"display\":\"Cid\",\"phone\":\"" CANARY "-9\",\"place_id\":\"$dwelling\"}",
	  .want = 201, .save = "cid" },
	{ "PATCH /api/people/person/{id}", HEAD, "/api/people/person/$cid",
	  "{\"display\":\"Cyd\",\"place_id\":\"$spare\",\"login\":\"cyd\"}", .want = 200 },
	{ "POST /api/people/person/{id}/reveal", DESK, "/api/people/person/$elder/reveal",
	  "{\"fields\":[\"name\",\"place_path\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1032\"}", .want = 200,
	  .before = opened },
	{ "POST /api/people/post", HEAD, NULL,
	  "{\"person_id\":\"$cid\",\"role\":\"warden\",\"place_id\":\"$building\"}", .want = 201, .before = quiet,
	  .save = "post" },
	{ "PATCH /api/people/post/{id}", HEAD, "/api/people/post/$post", "{\"title\":\"floor\",\"to_at\":\"$+9000\"}",
	  .want = 200 },
	{ "POST /api/people/person/{id}/disable", HEAD, "/api/people/person/$cid/disable", "{}", .want = 200 },
	{ "POST /api/people/person/{id}/enable", HEAD, "/api/people/person/$cid/enable", "{}", .want = 200 },
	{ "POST /api/people/contact", HEAD, NULL,
	  "{\"person_id\":\"$elder\",\"kind\":\"family\",\"name\":\"" CANARY "\",\"phone\":\"" CANARY
	  "\",\"order_no\":1}",
	  .want = 201, .save = "contact" },
	{ "PATCH /api/people/contact/{id}", "elder", "/api/people/contact/$contact", "{\"phone\":\"" CANARY "-8\"}",
	  .want = 200, opened },
	{ "POST /api/people/contact/{id}/reveal", DESK, "/api/people/contact/$contact/reveal",
	  "{\"fields\":[\"phone\"],\"purpose\":\"welfare_visit\",\"reason\":\"A-1032\"}", .want = 200,
	  .before = opened },
	{ "POST /api/people/consent", HEAD, NULL,
	  "{\"person_id\":\"$elder\",\"purpose\":\"welfare_watch\",\"text_version\":\"2\",\"channel\":\"paper\"}",
	  .want = 201, .before = quiet, .save = "consent" },
	{ "POST /api/people/consent/{id}/reveal", HEAD, "/api/people/consent/$consent/reveal",
	  "{\"fields\":[\"purpose\"],\"purpose\":\"audit\",\"reason\":\"asked\"}", .want = 200 },
	{ "POST /api/people/consent/{id}/withdraw", "elder", "/api/people/consent/$consent/withdraw", "{}",
	  .want = 200 },
	EXPORT(HEAD, "people/person"),
	EXPORT(HEAD, "places/place"),
	EXPORT(HEAD, "people/post"),
	{ 0 },
};
