/* host.c - a server with places and sensing alone, for the ingest bench: makes
 * 64 active devices, writes "<id> <key> <source>" lines, says port and pid,
 * runs until its input ends.
 *
 *     host <store url> <keys file> [workers]
 */
#include "server/server.h"
#include "core/app.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing.h"
#include "files/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEVICES = 64 };

static const struct module *const modules[] = { &files_module, &places_module, &sensing_module, NULL };
static const struct role roles[] = { { 0 } };

static struct str call(struct app *app, struct arena *a, const char *method, const char *path, struct str body,
		       const char *key)
{
	const struct actor system = { .kind = WHO_SYSTEM };
	struct request rq = { .method = str_of(method), .path = str_of(path), .body = body };
	struct response rs = app_handle_as(app, a, &system, &rq);
	struct json *j;
	struct json_error err;

	if (rs.status >= 300 || json_parse(a, rs.body, 0, &j, &err) != RC_OK) {
		fprintf(stderr, "%s: %d " FMT_STR "\n", path, rs.status, ARG_STR(rs.body));
		exit(1);
	}
	return json_get_text(j, key);
}

static void make_devices(struct app *app, struct arena *a, const char *keys)
{
	struct str city = call(app, a, "POST", "/api/places/place",
			       STR("{\"kind\":\"city\",\"code\":\"36\",\"name\":\"City\"}"), "id");
	FILE *f = fopen(keys, "w");

	if (f == NULL)
		exit(1);
	for (int i = 0; i < DEVICES; i++) {
		struct str id =
			call(app, a, "POST", "/api/sensing/device",
			     arena_fmt(a,
				       "{\"name\":\"load "
				       "%d\",\"kind\":\"sensor\",\"source\":\"load/%d\",\"place_id\":\"" FMT_STR "\"}",
				       i, i, ARG_STR(city)),
			     "id");

		call(app, a, "POST", arena_fmt(a, "/api/sensing/device/" FMT_STR "/approve", ARG_STR(id)).p,
		     arena_fmt(a, "{\"place_id\":\"" FMT_STR "\"}", ARG_STR(city)), "id");
		struct str key =
			call(app, a, "POST", arena_fmt(a, "/api/sensing/device/" FMT_STR "/key", ARG_STR(id)).p, NO_STR,
			     "key");

		fprintf(f, FMT_STR " " FMT_STR " load/%d\n", ARG_STR(id), ARG_STR(key), i);
	}
	fclose(f);
}

int main(int argc, char **argv)
{
	struct app *app;
	struct server *server;
	char c;

	if (argc < 3) {
		fprintf(stderr, "usage: host <store url> <keys file> [workers]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	struct app_options o = { .url = argv[1], .modules = modules, .roles = roles, .clock = clock_system() };
	struct server_options so = { .bind = "127.0.0.1", .port = 0, .workers = argc > 3 ? atoi(argv[3]) : 2 };
	struct arena *a = arena_new(64 << 20);

	if (app_open(&o, &app) != RC_OK)
		return 1;
	make_devices(app, a, argv[2]);
	if (server_start(app, &so, &server) != RC_OK)
		return 1;
	printf("%d %d\n", server_port(server), (int)getpid());
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	server_stop(server);
	app_close(app);
	arena_free(a);
	return 0;
}
