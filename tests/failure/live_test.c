/* What the live stream tells of people: that something changed, not what, and
 * not where they live. */
#include "stage.h"
#include "wire.h"

#include "server/server.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CAP = 1 << 16 };
static char out[CAP];

/* The session's cookie. */
static const char *sign_in(struct stage *s, uint16_t port)
{
	const char *body = "{\"login\":\"" CANARY "\",\"password\":\"correct horse battery\"}";
	char rq[500];

	snprintf(rq, sizeof(rq), "POST /api/session HTTP/1.1\r\nHost: t\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
		 body);
	assert_int_equal(wire_call(port, rq, out, sizeof(out)), 200);
	const char *cookie = strstr(out, "jiuan_session=");

	assert_non_null(cookie);
	return arena_dup(s->r.arena, (struct str){ cookie, strcspn(cookie, ";") }).p;
}

static void change(uint16_t port, const char *cookie, const char *method, const char *path, const char *body, int want)
{
	char rq[1500];

	snprintf(rq, sizeof(rq), "%s %s HTTP/1.1\r\nHost: t\r\nCookie: %s\r\nContent-Length: %zu\r\n\r\n%s", method,
		 path, cookie, strlen(body), body);
	assert_int_equal(wire_call(port, rq, out, sizeof(out)), want);
}

static void test_live(void **state)
{
	struct server_options o = { .bind = "127.0.0.1", .workers = 2 };
	struct stage s;
	struct server *server;

	(void)state;
	stage_open(&s, TESTDB_FILE, true);
	stage_make(&s, "head_post", "/api/people/post",
		   "{\"person_id\":\"$worker\",\"role\":\"head\",\"place_id\":\"$north\"}");
	assert_int_equal(server_start(s.r.app, &o, &server), RC_OK);
	uint16_t port = (uint16_t)server_port(server);
	const char *cookie = sign_in(&s, port);
	char rq[300];
	int fd = wire_open(port);

	snprintf(rq, sizeof(rq), "GET /api/live HTTP/1.0\r\nHost: t\r\nCookie: %s\r\n\r\n", cookie);
	wire_send(fd, rq, strlen(rq));
	assert_true(wire_until(fd, "Z\"}\n\n", out, sizeof(out)));
	change(port, cookie, "PATCH", stage_fill(&s, "/api/people/person/$elder"), "{\"name\":\"" CANARY " Wu\"}", 200);
	change(port, cookie, "POST", "/api/people/contact",
	       stage_fill(&s, "{\"person_id\":\"$elder\",\"kind\":\"family\",\"name\":\"" CANARY
			      "\",\"phone\":\"" CANARY "\",\"order_no\":1}"),
	       201);
	change(port, cookie, "PATCH", stage_fill(&s, "/api/places/place/$unit"), "{\"name\":\"Two\"}", 200);
	assert_true(wire_until(fd, "event: places.place", out, sizeof(out)));
	assert_non_null(strstr(out, "event: people.person\n"));
	assert_non_null(strstr(out, "event: people.contact\n"));
	assert_null(strstr(out, CANARY));
	assert_null(strstr(out, "3.2.501."));
	close(fd);
	server_stop(server);
	stage_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_live) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
