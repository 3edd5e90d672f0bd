/* http_load.c - load for pages: keep-alive connections on raw sockets, each
 * sends the next request of a file, waits for the whole answer, and goes on.
 *
 *     http_load <port> <seconds> <connections> <requests file>
 *
 * Requests file: whole HTTP requests without a body, each ended by its empty
 * line.  Prints answers, wall time and the delays from first byte sent to last
 * byte received.  Ends with 1 when an answer was not 200 or had another length
 * than the first answer to the same request.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNS_MOST = 256, REQUESTS_MOST = 4096, DELAYS_MOST = 8000000, HEAD_MOST = 8192 };

struct conn {
	int fd;
	size_t turn, sent;
	bool reading;
	char head[HEAD_MOST]; /* of the answer, and the first of its body */
	size_t got, want;     /* bytes of the answer; want 0: head not complete */
	double begin;
};

static struct conn conns[CONNS_MOST];
static char *requests[REQUESTS_MOST];
static size_t sizes[REQUESTS_MOST], bodies[REQUESTS_MOST]; /* bytes of a request, of its first answer's body */
static size_t n_requests, next_request, failed, n_delays;
static float *delays;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void stop(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static void read_requests(const char *path)
{
	static char text[1 << 22];
	FILE *f = fopen(path, "r");

	if (f == NULL)
		stop(path);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	for (char *p = text, *end; (end = strstr(p, "\r\n\r\n")) != NULL && n_requests < REQUESTS_MOST; p = end + 4) {
		requests[n_requests] = p;
		sizes[n_requests++] = (size_t)(end + 4 - p);
	}
}

static void dial(struct conn *c, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		stop("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void give(struct conn *c)
{
	if (c->sent == 0) {
		c->turn = next_request++ % n_requests;
		c->begin = now();
		c->got = c->want = 0;
	}
	ssize_t n = send(c->fd, requests[c->turn] + c->sent, sizes[c->turn] - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		stop("send");
	if (n > 0)
		c->sent += (size_t)n;
	c->reading = c->sent == sizes[c->turn];
}

static void complain(const char *what, const struct conn *c)
{
	if (failed++ == 0)
		fprintf(stderr, "%s\n%.*s\n%.600s\n", what, (int)sizes[c->turn], requests[c->turn], c->head);
}

/* Status and length stand in the head. */
static void read_head(struct conn *c)
{
	const char *end, *length;

	c->head[c->got] = '\0';
	if ((end = strstr(c->head, "\r\n\r\n")) == NULL)
		return;
	if ((length = strcasestr(c->head, "\r\ncontent-length:")) == NULL || length > end) {
		fprintf(stderr, "an answer without a length\n");
		exit(2);
	}
	size_t body = strtoul(length + 17, NULL, 10);

	c->want = (size_t)(end + 4 - c->head) + body;
	if (strncmp(c->head, "HTTP/1.1 200", 12) != 0)
		complain("not 200", c);
	else if (bodies[c->turn] == 0)
		bodies[c->turn] = body;
	else if (bodies[c->turn] != body)
		complain("another length", c);
}

static void take(struct conn *c)
{
	static char sink[1 << 18];
	bool in_head = c->want == 0;
	ssize_t n = in_head ? recv(c->fd, c->head + c->got, HEAD_MOST - 1 - c->got, MSG_DONTWAIT)
			    : recv(c->fd, sink, sizeof(sink), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN))
		stop("recv");
	if (n < 0)
		return;
	c->got += (size_t)n;
	if (in_head)
		read_head(c);
	if (c->want == 0 || c->got < c->want)
		return;
	if (n_delays < DELAYS_MOST)
		delays[n_delays++] = (float)(now() - c->begin);
	c->reading = false;
	c->sent = 0;
}

static void drive(size_t n_conns, double until)
{
	struct pollfd p[CONNS_MOST];

	for (;;) {
		bool over = now() >= until, busy = false;

		for (size_t i = 0; i < n_conns; i++) {
			bool idle = !conns[i].reading && conns[i].sent == 0;

			busy |= !idle;
			p[i] = (struct pollfd){ .fd = over && idle ? -1 : conns[i].fd,
						.events = conns[i].reading ? POLLIN : POLLOUT };
		}
		if (over && !busy)
			return;
		if (poll(p, n_conns, 1000) < 0)
			stop("poll");
		for (size_t i = 0; i < n_conns; i++) {
			if (p[i].fd < 0 || p[i].revents == 0)
				continue;
			if (conns[i].reading)
				take(&conns[i]);
			else
				give(&conns[i]);
		}
	}
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: http_load <port> <seconds> <connections> <requests file>\n");
		return 2;
	}
	size_t n_conns = (size_t)atoi(argv[3]);

	read_requests(argv[4]);
	if (n_requests == 0 || n_conns < 1 || n_conns > CONNS_MOST) {
		fprintf(stderr, "no requests, or numbers out of range\n");
		return 2;
	}
	delays = malloc(sizeof(*delays) * DELAYS_MOST);
	if (delays == NULL)
		stop("malloc");
	for (size_t i = 0; i < n_conns; i++)
		dial(&conns[i], (uint16_t)atoi(argv[1]));
	double begin = now();

	drive(n_conns, begin + atof(argv[2]));
	double wall = now() - begin;

	qsort(delays, n_delays, sizeof(*delays), by_size);
	printf("figure: answers %zu answers\n", n_delays);
	printf("figure: wall %.3f s\n", wall);
	if (n_delays) {
		printf("figure: p50 %.3f ms\n", (double)delays[n_delays / 2] * 1000);
		printf("figure: p99 %.3f ms\n", (double)delays[n_delays - 1 - n_delays / 100] * 1000);
	}
	if (failed)
		fprintf(stderr, "%zu answers were wrong\n", failed);
	return failed ? 1 : 0;
}
