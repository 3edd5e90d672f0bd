/* plug_child.c - a program with a pipe to and from it. */
#include "lens/plug_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Nothing of ours is in its environment but what a program needs to start. */
static char *const environment[] = { (char[]){ "PATH=/usr/local/bin:/usr/bin:/bin" }, (char[]){ "LANG=C.UTF-8" },
				     NULL };

static enum rc spawn(struct child *c, const char *const *command, const int to[2], const int from[2])
{
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	char *argv[COMMAND_MAX + 1] = { NULL };

	for (int i = 0; i < COMMAND_MAX && command[i]; i++)
		argv[i] = (char *)(uintptr_t)command[i];
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, to[0], 0);
	posix_spawn_file_actions_adddup2(&acts, from[1], 1);
	posix_spawnattr_init(&attr);
	/* A group of its own, so that what it started ends with it. */
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	int code = posix_spawnp(&c->pid, argv[0], &acts, &attr, argv, environment);

	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&acts);
	if (code != 0)
		c->pid = -1;
	return code == 0 ? RC_OK : code == ENOENT ? RC_MISSING : RC_BUSY;
}

enum rc child_start(struct child *c, const char *const *command)
{
	int to[2], from[2];

	*c = (struct child){ .pid = -1, .in = -1, .out = -1 };
	if (pipe2(to, O_CLOEXEC) != 0)
		return RC_BUSY;
	if (pipe2(from, O_CLOEXEC) != 0) {
		close(to[0]);
		close(to[1]);
		return RC_BUSY;
	}
	enum rc rc = spawn(c, command, to, from);

	close(to[0]);
	close(from[1]);
	c->in = to[1];
	c->out = from[0];
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	return rc;
}

static enum rc ready(int fd, short what, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = what };

	for (;;) {
		int64_t left = (until - clock_monotonic()) / MILLI;
		int n = poll(&p, 1, left > 0 ? (int)(left < 60000 ? left : 60000) : 0);

		if (n > 0)
			return RC_OK;
		if (n == 0 && clock_monotonic() >= until)
			return RC_SLOWER;
		if (n < 0 && errno != EINTR)
			return RC_BUSY;
	}
}

enum rc child_write(struct child *c, struct str bytes, int64_t until)
{
	while (bytes.n > 0) {
		TRY(ready(c->in, POLLOUT, until));
		ssize_t n = write(c->in, bytes.p, bytes.n);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return RC_BUSY;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return RC_OK;
}

enum rc child_line(struct child *c, int64_t until, struct str *ret)
{
	c->n = 0;
	for (;;) {
		char *end = memchr(c->line, '\n', c->n);

		if (end) { /* more than one line at once is not the protocol */
			*ret = (struct str){ c->line, (size_t)(end - c->line) };
			return end + 1 == c->line + c->n ? RC_OK : RC_INVALID;
		}
		if (c->n == sizeof(c->line))
			return RC_INVALID;
		TRY(ready(c->out, POLLIN, until));
		ssize_t n = read(c->out, c->line + c->n, sizeof(c->line) - c->n);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return RC_BUSY;
		c->n += (size_t)n;
	}
}

void child_end(struct child *c)
{
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0)
		close(c->out);
	c->in = c->out = -1;
	if (c->pid <= 0)
		return;
	/* Its input is closed: a good program ends by itself. */
	for (int i = 0; i < 20; i++) {
		struct timespec t = { .tv_nsec = 10000000 };

		if (waitpid(c->pid, NULL, WNOHANG) == c->pid) {
			kill(-c->pid, SIGKILL);
			c->pid = -1;
			return;
		}
		nanosleep(&t, NULL);
	}
	kill(-c->pid, SIGKILL);
	waitpid(c->pid, NULL, 0);
	c->pid = -1;
}
