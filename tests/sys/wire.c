#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct sockaddr_in local(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

int wire_open(uint16_t port)
{
	struct sockaddr_in a = local(port);
	struct timeval wait = { .tv_sec = 5 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

void wire_send(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t put = send(fd, bytes, n, MSG_NOSIGNAL);
		if (put <= 0)
			return; /* the server has cut us; the answer tells */
		bytes += put;
		n -= (size_t)put;
	}
}

int wire_answer(int fd, char *out, size_t cap, bool is_head)
{
	size_t n = 0, want = 0;
	out[0] = '\0';
	while (n + 1 < cap) {
		ssize_t got = recv(fd, out + n, cap - n - 1, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		out[n] = '\0';
		const char *end = strstr(out, "\r\n\r\n");
		if (end == NULL)
			continue;
		const char *length = strcasestr(out, "\r\nContent-Length:");
		want = (size_t)(end - out) + 4;
		if (length && length < end && !is_head)
			want += strtoul(length + 17, NULL, 10);
		if (n >= want)
			break;
	}
	return n > 12 ? (int)strtol(out + 9, NULL, 10) : 0;
}

int wire_call(uint16_t port, const char *request, char *out, size_t cap)
{
	int fd = wire_open(port);
	wire_send(fd, request, strlen(request));
	int status = wire_answer(fd, out, cap, strncmp(request, "HEAD", 4) == 0);
	close(fd);
	return status;
}

bool wire_until(int fd, const char *word, char *out, size_t cap)
{
	size_t n = 0;
	out[0] = '\0';
	while (n + 1 < cap) {
		ssize_t got = recv(fd, out + n, cap - n - 1, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
		out[n] = '\0';
		if (strstr(out, word))
			return true;
	}
	return false;
}

uint16_t wire_free_port(void)
{
	struct sockaddr_in a = local(0);
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

void wire_sleep_ms(int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	nanosleep(&t, NULL);
}
