/* cmd_serve.c - jiuan serve: open the data, first start, run until told to stop. */
#include "app/cli.h"

#include "app/demo.h"
#include "app/frigate_link.h"
#include "domain/people/people.h"
#include "server/server.h"
#include "sys/file.h"
#include "sys/log.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct serve {
	struct data_options data;
	const char *bind, *web, *tls_cert, *tls_key, *log_level, *speed;
	int64_t port, workers;
	bool demo, simulator;
	struct frigate_options frigate;
};

const struct config_option serve_options[] = {
	DATA_OPTIONS(struct serve, data),
	{ "bind", "JIUAN_BIND", CONFIG_TEXT, offsetof(struct serve, bind), "127.0.0.1", 1, 64, NULL,
	  "address to listen on" },
	{ "port", "JIUAN_PORT", CONFIG_INT, offsetof(struct serve, port), "8080", 0, 65535, NULL,
	  "0 takes any free one" },
	{ "workers", "JIUAN_WORKERS", CONFIG_INT, offsetof(struct serve, workers), "4", 1, 16, NULL,
	  "threads that read" },
	{ "web", "JIUAN_WEB", CONFIG_TEXT, offsetof(struct serve, web), "web/console/dist", 1, 1024, NULL,
	  "folder of the built pages" },
	{ "tls-cert", "JIUAN_TLS_CERT", CONFIG_TEXT, offsetof(struct serve, tls_cert), NULL, 1, 1024, NULL,
	  "PEM file" },
	{ "tls-key", "JIUAN_TLS_KEY", CONFIG_TEXT, offsetof(struct serve, tls_key), NULL, 1, 1024, NULL, "PEM file" },
	{ "log", "JIUAN_LOG", CONFIG_WORD, offsetof(struct serve, log_level), "info", 0, 0, "debug|info|warn|error",
	  "least level" },
	{ "demo", "JIUAN_DEMO", CONFIG_FLAG, offsetof(struct serve, demo), "false", 0, 0, NULL,
	  "demo community and accounts" },
	{ "simulator", NULL, CONFIG_FLAG, offsetof(struct serve, simulator), "false", 0, 0, NULL,
	  "with --demo: also run 'jiuan simulate' against this server" },
	{ "speed", "JIUAN_SPEED", CONFIG_TEXT, offsetof(struct serve, speed), "1", 1, 10, NULL, "of the simulator" },
	FRIGATE_OPTIONS(struct serve, frigate),
};
const size_t n_serve_options = COUNT(serve_options);

static enum rc first_start(struct ctx *c, void *arg)
{
	struct str *password = arg, once = NO_STR;

	TRY(people_first_admin(c, &once));
	if (once.p)
		*password = (struct str){ strndup(once.p, once.n), once.n };
	return RC_OK;
}

static void say_first_password(struct app *app)
{
	struct str password = NO_STR;

	if (app_unit(app, first_start, &password) == RC_OK && password.p)
		printf("first start: sign in as \"admin\" with the one-time password %s\n", password.p);
	free((void *)(uintptr_t)password.p);
}

static enum log_level level_of(const char *word)
{
	static const char *const words[] = { "debug", "info", "warn", "error" };

	for (unsigned i = 0; i < COUNT(words); i++)
		if (strcmp(word, words[i]) == 0)
			return (enum log_level)i;
	return LEVEL_INFO;
}

/* The simulator is another process that knows the server by its address and a
 * device key only, like any device. */
static pid_t start_simulator(const struct serve *o, int port)
{
	char url[64], key[1100];
	const char *argv[] = { "jiuan", "simulate", "--url", url, "--key-file", key, "--speed", o->speed, NULL };
	pid_t pid = -1;

	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	snprintf(key, sizeof(key), "%s/" DEMO_KEY_FILE, o->data.data);
	if (posix_spawn(&pid, "/proc/self/exe", NULL, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
		fprintf(stderr, "the simulator does not start\n");
	return pid;
}

static void wait_for_stop(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &sig);
}

static void block_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static int run_server(const struct serve *o, struct session *s, struct log *log)
{
	struct server_options so = { .bind = o->bind,
				     .port = (int)o->port,
				     .workers = (int)o->workers,
				     .web_root = o->web,
				     .tls_cert = o->tls_cert,
				     .tls_key = o->tls_key,
				     .log = log };
	struct frigate_link *link = NULL;
	struct server *server = NULL;
	pid_t simulator = -1;

	if (server_start(s->app, &so, &server) != RC_OK)
		return EXIT_FAILED;
	if (frigate_start(s->app, &o->frigate, log, &link) != RC_OK)
		fprintf(stderr, "the Frigate link does not start\n");
	if (!file_is_folder(o->web))
		fprintf(stderr, "no pages in %s: only the interface answers\n", o->web);
	printf("jiuan is ready at http%s://%s:%d\n", o->tls_cert ? "s" : "", o->bind, server_port(server));
	if (o->demo)
		demo_say(stdout);
	fflush(stdout);
	if (o->demo && o->simulator)
		simulator = start_simulator(o, server_port(server));
	wait_for_stop();
	if (simulator > 0) {
		kill(simulator, SIGTERM);
		waitpid(simulator, NULL, 0);
	}
	frigate_stop(link);
	server_stop(server);
	return EXIT_FINE;
}

int cmd_serve(int argc, char **argv)
{
	struct serve o = { 0 };
	struct session s;
	int code;

	if (!cli_read(cli_command("serve"), argc, argv, &o, NULL, NULL, &code))
		return code;
	o.data.demo = o.demo;
	block_signals();
	if (session_open(&o.data, &s) != RC_OK)
		return EXIT_FAILED;
	struct log *log = log_new(2, LOG_LOGFMT, level_of(o.log_level), clock_system());

	if (o.demo && demo_seed(s.app, o.data.data) != RC_OK)
		code = EXIT_FAILED;
	else
		code = EXIT_FINE;
	if (!o.demo)
		say_first_password(s.app);
	if (code == EXIT_FINE)
		code = run_server(&o, &s, log);
	log_free(log);
	session_close(&s);
	return code;
}
