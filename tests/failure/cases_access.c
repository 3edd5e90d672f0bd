/* Doors, who may pass, visitors, and what gates say. */
#include "cases.h"

#include "domain/access/access.h"

#define HEAD   "head@" NORTH
#define GUARD  "guard@" NORTH
#define OFFICE "property@" NORTH
#define HOST   "resident@" NORTH "3.2.501."
#define A      "/api/access/"
#define WAYS   "[{\"method\":\"card\"},{\"method\":\"visitor_code\"},{\"method\":\"plate\"},{\"method\":\"qr\"}]"
#define CARD(t)                                                                                                     \
	"{\"place_id\":\"$north\",\"holder\":\"staff\",\"method\":\"card\",\"token\":\"" t "\",\"label\":\"" CANARY \
	"\",\"rights\":[{\"group_id\":\"$group\"}]}"
#define VISIT "{\"dwelling_id\":\"$dwelling\",\"purpose\":\"tea\",\"name\":\"" CANARY "\"}"

static void gate(struct stage *s)
{
	s->r.auth = s->r.type = NULL;
	stage_make(s, "gate_device", "/api/sensing/device",
		   "{\"name\":\"Gate\",\"kind\":\"gate\",\"source\":\"t/lane\",\"place_id\":\"$north\"}");
	stage_do(s, "/api/sensing/device/$gate_device/approve", "{\"place_id\":\"$north\"}", 200);
	stage_do(s, "/api/sensing/device/$gate_device/key", NULL, 200);
	stage_put(s, "second", "second");
	stage_put(s, "gate_key", text_at(&s->r, here(&s->r), "key"));
}

static void speaks(struct stage *s)
{
	s->r.auth = fmt(&s->r, "Device %s.%s", stage_get(s, "gate_device"), stage_get(s, "gate_key"));
}

static void silent(struct stage *s)
{
	s->r.auth = NULL;
}

/* Somebody whom nobody knows stands at the lane. */
static void waits(struct stage *s)
{
	speaks(s);
	call(&s->r, NULL, "POST", A "swipe", "{\"method\":\"plate\",\"token\":\"赣AD12345\"}", 200);
	stage_put(s, "wait", text_at(&s->r, here(&s->r), "wait_id"));
	silent(s);
	stage_settle(s);
}

static void opened_wait(struct stage *s)
{
	waits(s);
	s->r.never = NULL;
}

static void closed(struct stage *s)
{
	s->r.auth = NULL;
	s->r.never = CANARY;
}

static void visited(struct stage *s)
{
	closed(s);
	s->r.never = NULL; /* the system sees what it writes */
	stage_make(s, "visit", A "visit",
		   "{\"dwelling_id\":\"$dwelling\",\"purpose\":\"tea\",\"name\":\"" CANARY "\",\"reason\":\"called\"}");
	s->r.never = CANARY;
	stage_settle(s);
}

static void revealed(struct stage *s)
{
	visited(s);
	s->r.never = NULL;
}

static void came(struct stage *s)
{
	visited(s);
	s->r.never = NULL;
	stage_do(s, A "visit/$visit/check_in", "{}", 200);
	s->r.never = CANARY;
	stage_settle(s);
}

static void asked_for(struct stage *s)
{
	closed(s);
	call(&s->r, NULL, "POST", A "poster",
	     stage_fill(s, "{\"at\":\"$north\",\"unit\":\"3-2-501\",\"name\":\"x\",\"phone\":\"13870012345\","
			   "\"purpose\":\"tea\"}"),
	     201);
	stage_put(s, "visit", text_at(&s->r, here(&s->r), "id"));
	stage_put(s, "ticket", text_at(&s->r, here(&s->r), "key"));
	stage_settle(s);
}

static void confirmed(struct stage *s)
{
	asked_for(s);
	stage_do(s, A "visit/$visit/confirm", "{\"reason\":\"by phone\"}", 200);
	stage_settle(s);
}

/* A courier has come in with his code. */
static void parcel(struct stage *s)
{
	closed(s);
	stage_make(
		s, "visit", A "visit",
		"{\"dwelling_id\":\"$dwelling\",\"purpose\":\"parcel\",\"holder\":\"courier\",\"reason\":\"called\"}");
	stage_do(s, A "visit/$visit/code", "{\"reason\":\"called\"}", 200);
	const char *code = text_at(&s->r, here(&s->r), "code");

	speaks(s);
	call(&s->r, NULL, "POST", A "swipe",
	     fmt(&s->r, "{\"method\":\"visitor_code\",\"unit\":\"3-2-501\",\"code\":\"%s\"}", code), 200);
	silent(s);
	call(&s->r, stage_actor(s, "system"), "GET", stage_fill(s, A "parcel?visit_id=$visit"), NULL, 200);
	stage_put(s, "parcel", text_at(&s->r, here(&s->r), "items.0.id"));
	stage_settle(s);
}

static void dropped(struct stage *s)
{
	parcel(s);
	s->r.never = NULL;
	stage_do(s, A "parcel/$parcel/drop", "{\"kept_at\":\"office\",\"number\":\"" CANARY "\"}", 200);
	s->r.never = CANARY;
	stage_settle(s);
}

static void to_hand_over(struct stage *s)
{
	dropped(s);
	s->r.never = NULL; /* the system's own look */
	call(&s->r, stage_actor(s, "system"), "GET", stage_fill(s, A "parcel/$parcel/receipt"), NULL, 200);
	stage_put(s, "receipt", text_at(&s->r, here(&s->r), "receipt"));
	s->r.never = CANARY;
}

static void shown_number(struct stage *s)
{
	dropped(s);
	s->r.never = NULL;
}

static void evacuated(struct stage *s)
{
	closed(s);
	stage_make(s, "fire", A "emergency",
		   "{\"place_id\":\"$north\",\"kind\":\"evacuation\",\"reason\":\"drill\",\"until_at\":\"$+60\"}");
	stage_settle(s);
	s->r.never = NULL;
}

static void fever(struct stage *s)
{
	closed(s);
	stage_make(s, "policy", A "policy",
		   "{\"name\":\"m\",\"place_id\":\"$north\",\"kind\":\"closed\",\"legal_number\":\"2026-1\",\"reason\":"
		   "\"outbreak\",\"to_at\":\"$+6000\",\"most_dc\":373}");
	stage_do(s, A "policy/$policy/start", "{}", 200);
	stage_settle(s);
}

static void new_card(struct stage *s)
{
	closed(s);
	s->r.never = NULL;
	stage_make(s, "card", A "credential", fmt(&s->r, CARD("%zu"), s->n * 1000 + (size_t)(s->r.now % 1000)));
	s->r.never = CANARY;
	s->r.now++;
	stage_settle(s);
}

static void shown_label(struct stage *s)
{
	closed(s);
	s->r.never = NULL;
}

static void asked_again(struct stage *s)
{
	stage_make(s, "movement", A "movement",
		   "{\"credential_id\":\"$card\",\"case_number\":\"2026-2\",\"purpose\":\"lost "
		   "child\",\"from_at\":\"$-60\",\"to_at\":\"$+0\"}");
	stage_settle(s);
}

const struct write_case access_cases[] = {
	{ "POST /api/access/group", HEAD, NULL, "{\"name\":\"gates\",\"place_id\":\"$north\"}", .want = 201,
	  .before = gate, .save = "group" },
	{ "PATCH /api/access/group/{id}", HEAD, A "group/$group", "{\"name\":\"the gates\"}", .want = 200 },
	{ "POST /api/access/schedule", HEAD, NULL,
	  "{\"name\":\"day\",\"place_id\":\"$north\",\"windows\":[{\"days\":[1],\"from\":\"07:00\",\"to\":\"19:00\"}]}",
	  .want = 201, .save = "hours" },
	{ "PATCH /api/access/schedule/{id}", HEAD, A "schedule/$hours", "{\"name\":\"days\"}", .want = 200 },
	{ "POST /api/access/door", HEAD, NULL,
	  "{\"name\":\"main\",\"place_id\":\"$north\",\"area_id\":\"$north\",\"group_id\":\"$group\"}", .want = 201,
	  .save = "main" },
	{ "PATCH /api/access/door/{id}", HEAD, A "door/$main",
	  "{\"mode_rules\":[{\"schedule_id\":\"$hours\",\"mode\":\"normal\"}],\"passback\":\"soft\"}", .want = 200 },
	{ "POST /api/access/door/{id}/set_mode", GUARD, A "door/$main/set_mode",
	  "{\"override_mode\":\"card_only\",\"override_until\":\"$+60\"}", .want = 200 },
	{ "POST /api/access/door/{id}/restore", GUARD, A "door/$main/restore", "{}", .want = 200 },
	{ "POST /api/access/door/{id}/forgive", GUARD, A "door/$main/forgive", "{}", .want = 200 },
	{ "POST /api/access/door/{id}/switch_off", HEAD, A "door/$main/switch_off", "{}", .want = 200 },
	{ "POST /api/access/door/{id}/switch_on", HEAD, A "door/$main/switch_on", "{}", .want = 200 },
	{ "POST /api/access/lane", HEAD, NULL,
	  "{\"name\":\"in\",\"door_id\":\"$main\",\"direction\":\"both\",\"device_id\":\"$gate_device\",\"ways\":" WAYS
	  "}",
	  .want = 201, .save = "lane" },
	{ "PATCH /api/access/lane/{id}", HEAD, A "lane/$lane", "{\"least_permille\":900}", .want = 200 },
	{ "POST /api/access/lane/{id}/switch_on", HEAD, A "lane/$lane/switch_on", "{}", .want = 200 },
	{ "POST /api/access/lane/{id}/unlock", GUARD, A "lane/$lane/unlock", "{}", .want = 200 },
	{ "POST /api/access/credential", OFFICE, NULL, CARD("4711"), .want = 201, .save = "card" },
	{ "PATCH /api/access/credential/{id}", OFFICE, A "credential/$card", "{\"to_at\":\"$+90000\",\"pin\":\"1357\"}",
	  .want = 200 },
	{ "POST /api/access/swipe", "nobody", NULL,
	  "{\"method\":\"card\",\"token\":\"4711\",\"serial\":1,\"temperature\":36.5}", .want = 200, .before = speaks },
	{ "POST /api/access/contact", "nobody", NULL, "{\"contact\":\"open\",\"exit_request\":true}", .want = 200,
	  .before = speaks },
	{ "POST /api/access/log", "nobody", NULL,
	  "{\"sent_at\":\"$-1\",\"entries\":[{\"serial\":1,\"at\":\"$-5\",\"method\":\"card\",\"token\":\"4711\","
	  "\"direction\":\"in\",\"verdict\":\"grant\",\"reason\":\"ok\"},"
	  "{\"serial\":2,\"at\":\"$-4\",\"method\":\"card\",\"token\":\"4711\",\"direction\":\"out\",\"verdict\":"
	  "\"grant\",\"reason\":\"ok\"}]}",
	  .want = 200, .before = speaks },
	{ "POST /api/access/list/ack", "nobody", NULL, "{\"version\":3}", .want = 204, .before = speaks },
	{ "POST /api/access/credential/{id}/suspend", OFFICE, A "credential/$card/suspend", "{\"reason\":\"unpaid\"}",
	  .want = 200, .before = silent },
	{ "POST /api/access/credential/{id}/resume", OFFICE, A "credential/$card/resume", "{}", .want = 200 },
	{ "POST /api/access/credential/{id}/reveal", HEAD, A "credential/$card/reveal",
	  "{\"fields\":[\"label\"],\"purpose\":\"card\",\"reason\":\"asked\"}", .want = 200, .before = shown_label },
	{ "POST /api/access/credential/{id}/lose", OFFICE, A "credential/$card/lose", "{\"reason\":\"in the lift\"}",
	  .want = 200, .before = closed },
	{ "POST /api/access/credential/{id}/revoke", OFFICE, A "credential/$card/revoke", "{\"reason\":\"moved\"}",
	  .want = 200, .before = new_card },
	{ "POST /api/access/opening", GUARD, NULL, "{\"lane_id\":\"$lane\",\"reason\":\"called\"}", .want = 201 },
	{ "POST /api/access/wait/{id}/reveal", GUARD, A "wait/$wait/reveal",
	  "{\"fields\":[\"plate\"],\"purpose\":\"gate_decision\",\"reason\":\"at the lane\"}", .want = 200,
	  .before = opened_wait },
	{ "POST /api/access/wait/{id}/admit", GUARD, A "wait/$wait/admit", "{}", .want = 200, .before = closed },
	{ "POST /api/access/wait/{id}/refuse", GUARD, A "wait/$wait/refuse", "{\"reason\":\"nobody at home\"}",
	  .want = 200, .before = waits },
	{ "POST /api/access/visit", HOST, NULL, VISIT, .want = 201, .save = "visit" },
	{ "POST /api/access/visit/{id}/code", HOST, A "visit/$visit/code", "{\"uses\":2}", .want = 200,
	  .secret = true },
	{ "POST /api/access/visit/{id}/check_in", GUARD, A "visit/$visit/check_in", "{}", .want = 200 },
	{ "POST /api/access/visit/{id}/check_out", GUARD, A "visit/$visit/check_out", "{}", .want = 200 },
	{ "POST /api/access/visit/{id}/cancel", HOST, A "visit/$visit/cancel", "{}", .want = 200, .before = came },
	{ "POST /api/access/visit/{id}/reveal", GUARD, A "visit/$visit/reveal",
	  "{\"fields\":[\"name\"],\"purpose\":\"gate_decision\",\"reason\":\"at the lane\"}", .want = 200,
	  .before = revealed },
	{ "POST /api/access/poster", "nobody", NULL,
	  "{\"at\":\"$north\",\"unit\":\"3-2-501\",\"name\":\"x\",\"phone\":\"13870012345\",\"purpose\":\"tea\"}",
	  .want = 201, .before = closed, .secret = true },
	{ "POST /api/access/visit/{id}/confirm", HOST, A "visit/$visit/confirm", "{}", .want = 200,
	  .before = asked_for },
	{ "POST /api/access/visit/{id}/refuse", HOST, A "visit/$visit/refuse", "{}", .want = 200 },
	{ "POST /api/access/ticket/{id}", "nobody", A "ticket/$visit", "{\"key\":\"$ticket\"}", .want = 200,
	  .before = confirmed, .secret = true },
	{ "POST /api/access/parcel/{id}/drop", OFFICE, A "parcel/$parcel/drop", "{\"kept_at\":\"office\"}", .want = 200,
	  .before = parcel },
	{ "POST /api/access/parcel/{id}/bring_up", OFFICE, A "parcel/$parcel/bring_up", "{}", .want = 200 },
	{ "POST /api/access/parcel/{id}/take", HOST, A "parcel/$parcel/take", "{}", .want = 200 },
	{ "POST /api/access/parcel/{id}/hand_over", OFFICE, A "parcel/$parcel/hand_over", "{\"receipt\":\"$receipt\"}",
	  .want = 200, .before = to_hand_over },
	{ "POST /api/access/parcel/{id}/return", OFFICE, A "parcel/$parcel/return", "{}", .want = 200,
	  .before = dropped },
	{ "POST /api/access/parcel/{id}/reveal", GUARD, A "parcel/$parcel/reveal",
	  "{\"fields\":[\"number\"],\"purpose\":\"parcel\",\"reason\":\"asked\"}", .want = 200,
	  .before = shown_number },
	{ "POST /api/access/emergency", "seat@" NORTH, NULL,
	  "{\"place_id\":\"$building\",\"kind\":\"lockdown\",\"reason\":\"drill\",\"until_at\":\"$+30\"}", .want = 201,
	  .before = closed, .save = "alarm" },
	{ "PATCH /api/access/emergency/{id}", "seat@" NORTH, A "emergency/$alarm", "{\"until_at\":\"$+40\"}",
	  .want = 200 },
	{ "POST /api/access/emergency/{id}/end", "seat@" NORTH, A "emergency/$alarm/end", "{}", .want = 200 },
	{ "POST /api/access/muster", GUARD, NULL, "{\"area_id\":\"$north\",\"reason\":\"fire drill\"}", .want = 200,
	  .before = evacuated },
	{ "POST /api/access/occupancy/{id}/correct", GUARD, A "occupancy/$north/correct",
	  "{\"inside\":12,\"reason\":\"counted\"}", .want = 200, .before = closed },
	{ "POST /api/access/policy", HEAD, NULL,
	  "{\"name\":\"quiet\",\"place_id\":\"$north\",\"kind\":\"house\",\"reason\":\"vote\",\"refuses\":[\"courier\"]"
	  "}",
	  .want = 201, .save = "policy" },
	{ "PATCH /api/access/policy/{id}", HEAD, A "policy/$policy", "{\"asks\":[\"visitor\"],\"refuses\":[]}",
	  .want = 200 },
	{ "POST /api/access/policy/{id}/start", HEAD, A "policy/$policy/start", "{}", .want = 200 },
	{ "POST /api/access/policy/{id}/end", HEAD, A "policy/$policy/end", "{}", .want = 200 },
	{ "POST /api/access/measures/end", HEAD, NULL, "{}", .want = 200, .before = fever },
	{ "POST /api/access/clock/confirm", HEAD, NULL, "{}", .want = 200 },
	{ "POST /api/access/phone", "elder", NULL, "{}", .want = 201, .before = closed, .secret = true },
	{ "POST /api/access/movement", HEAD, NULL,
	  "{\"credential_id\":\"$card\",\"case_number\":\"2026-1\",\"purpose\":\"lost "
	  "child\",\"from_at\":\"$-60\",\"to_at\":\"$+0\"}",
	  .want = 201, .save = "movement" },
	{ "POST /api/access/movement/{id}/allow", "second", A "movement/$movement/allow", "{\"reason\":\"agreed\"}",
	  .want = 200 },
	{ "POST /api/access/movement/{id}/passes", HEAD, A "movement/$movement/passes", "{}", .want = 200,
	  .secret = true },
	{ "POST /api/access/movement/{id}/refuse", "second", A "movement/$movement/refuse", "{\"reason\":\"no case\"}",
	  .want = 200, .before = asked_again },
	{ "POST /api/access/lane/{id}/switch_off", HEAD, A "lane/$lane/switch_off", "{}", .want = 200 },
	{ 0 },
};
