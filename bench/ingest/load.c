/* load.c - load for the server's ingest: 64 keep-alive connections on raw
 * sockets, each posts batches of 100 events that were built beforehand, waits
 * for the answer, posts the next.
 *
 *     load <port> <server pid> <keys file> [seconds] [events per post] [connections]
 *
 * Keys file: one line per device, "<id> <key> <source>".  Each connection
 * speaks for one device; events come from SUBS sources below it in random
 * order, 1 % are sent twice.  Prints accepted events, wall time and the
 * server's CPU seconds from /proc/<pid>/stat.  Ends with 1 when an answer was
 * not 200 or events were refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
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

enum { MAX_CONNS = 256, SUBS = 156, BODIES = 24, EVENT_BYTES = 420, ANSWER = 8192 };

struct post {
	char *p;
	size_t n;
	size_t mark[1000]; /* where the 8 digits of each id stand */
};
struct conn {
	int fd;
	struct post posts[BODIES];
	size_t turn, sent;
	bool reading;
	char answer[ANSWER];
	size_t got;
	char id[64], key[64], source[128];
};
static struct conn conns[MAX_CONNS];
static uint64_t seed = 88172645463325252u, serial, accepted, duplicate, refused, failed, posts_done;
static size_t per_post = 100, n_conns = 64;
static uint16_t port;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* user + system time of the process, and its bytes written */
static double cpu_of(const char *pid, uint64_t *bytes)
{
	char path[64], line[2048];
	unsigned long user = 0, sys = 0;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	FILE *f = fopen(path, "r");

	if (f == NULL || fgets(line, sizeof(line), f) == NULL || strrchr(line, ')') == NULL ||
	    sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &sys) != 2) {
		fprintf(stderr, "can't read %s\n", path);
		exit(2);
	}
	fclose(f);
	snprintf(path, sizeof(path), "/proc/%s/io", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "write_bytes: %" SCNu64, bytes) == 1)
			break;
	if (f)
		fclose(f);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static void build(struct conn *c, struct post *b)
{
	char *body = malloc(per_post * EVENT_BYTES + 16), when[32];
	size_t n = 0, head;
	time_t t = time(NULL);

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", gmtime(&t));
	body[n++] = '[';
	for (size_t i = 0; i < per_post; i++) {
		b->mark[i] = n;
		int k = snprintf(
			body + n, EVENT_BYTES,
			"%s{\"specversion\":\"1.0\",\"id\":\"e-%016d\",\"source\":\"%s/"
			"s%d\",\"type\":\"cn.jiuan.camera.object.v1\","
			"\"time\":\"%s.%06dZ\",\"data\":{\"label\":\"person\",\"zone\":\"gate_%d\",\"score\":0.%02d,"
			"\"current\":true,\"stationary\":false,\"object_id\":\"17000%d-abc\"}}",
			i ? "," : "", 0, c->source, (int)(next_random() % SUBS), when, (int)(next_random() % 1000000),
			(int)(i % 7), (int)(i % 100), (int)i);

		b->mark[i] = (size_t)(strstr(body + n, "\"e-") - body) + 3;
		n += (size_t)k;
	}
	body[n++] = ']';
	b->p = malloc(n + 512);
	head = (size_t)snprintf(
		b->p, 512,
		"POST /api/sensing/events HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nAuthorization: Device %s.%s\r\n"
		"Content-Type: application/cloudevents-batch+json\r\nContent-Length: %zu\r\n\r\n",
		port, c->id, c->key, n);
	memcpy(b->p + head, body, n);
	b->n = head + n;
	for (size_t i = 0; i < per_post; i++)
		b->mark[i] += head;
	free(body);
}

/* New ids in the same bytes; 1 % keep the one before: a duplicate within or
 * across posts. */
static void renew(struct post *b)
{
	char digits[24];

	for (size_t i = 0; i < per_post; i++) {
		if (next_random() % 100 == 0 && serial > 0)
			continue;
		snprintf(digits, sizeof(digits), "%016" PRIx64, ++serial);
		memcpy(b->p + b->mark[i], digits, 16);
	}
}

static void dial(struct conn *c)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		perror("connect");
		exit(2);
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static uint64_t field(const char *answer, const char *name)
{
	const char *p = strstr(answer, name);

	return p ? strtoull(p + strlen(name), NULL, 10) : 0;
}

static bool complete(const struct conn *c)
{
	const char *end = strstr(c->answer, "\r\n\r\n"), *len = strcasestr(c->answer, "content-length:");

	return end && len && len < end && c->got >= (size_t)(end + 4 - c->answer) + strtoul(len + 15, NULL, 10);
}

static void take_answer(struct conn *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got, ANSWER - 1 - c->got, MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN)) {
		fprintf(stderr, "connection lost\n");
		exit(2);
	}
	if (n < 0)
		return;
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!complete(c))
		return;
	if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0) {
		if (failed++ == 0)
			fprintf(stderr, "%s\n", c->answer);
	}
	accepted += field(c->answer, "\"accepted\":");
	duplicate += field(c->answer, "\"duplicate\":");
	refused += field(c->answer, "\"refused\":");
	posts_done++;
	c->reading = false;
	c->got = c->sent = 0;
	c->turn = (c->turn + 1) % BODIES;
	renew(&c->posts[c->turn]);
}

static void give(struct conn *c)
{
	const struct post *b = &c->posts[c->turn];
	ssize_t n = send(c->fd, b->p + c->sent, b->n - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN) {
		perror("send");
		exit(2);
	}
	if (n > 0)
		c->sent += (size_t)n;
	c->reading = c->sent == b->n;
}

static void drive(double until)
{
	struct pollfd p[MAX_CONNS];

	for (;;) {
		bool stop = now() >= until, busy = false;

		for (size_t i = 0; i < n_conns; i++) {
			struct conn *c = &conns[i];
			bool idle = !c->reading && c->sent == 0;

			busy |= !idle;
			p[i] = (struct pollfd){ .fd = stop && idle ? -1 : c->fd,
						.events = c->reading ? POLLIN : POLLOUT };
		}
		if (stop && !busy)
			return;
		if (poll(p, n_conns, 1000) < 0)
			exit(2);
		for (size_t i = 0; i < n_conns; i++) {
			if (p[i].fd < 0 || p[i].revents == 0)
				continue;
			if (conns[i].reading)
				take_answer(&conns[i]);
			else
				give(&conns[i]);
		}
	}
}

static size_t read_keys(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = 0;

	while (f && n < MAX_CONNS && fscanf(f, "%63s %63s %127s", conns[n].id, conns[n].key, conns[n].source) == 3)
		n++;
	if (f)
		fclose(f);
	return n;
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr,
			"usage: load <port> <server pid> <keys file> [seconds] [events per post] [connections]\n");
		return 2;
	}
	port = (uint16_t)atoi(argv[1]);
	double span = argc > 4 ? atof(argv[4]) : 10;

	per_post = argc > 5 ? (size_t)atoi(argv[5]) : 100;
	n_conns = argc > 6 ? (size_t)atoi(argv[6]) : 64;
	size_t keys = read_keys(argv[3]);

	if (keys == 0 || per_post < 1 || per_post > 1000 || n_conns < 1 || n_conns > MAX_CONNS) {
		fprintf(stderr, "no keys, or numbers out of range\n");
		return 2;
	}
	serial = (uint64_t)time(NULL) << 28; /* new ids in every run */
	for (size_t i = 0; i < n_conns; i++) {
		struct conn *c = &conns[i];

		memcpy(c->id, conns[i % keys].id, sizeof(c->id));
		memcpy(c->key, conns[i % keys].key, sizeof(c->key));
		memcpy(c->source, conns[i % keys].source, sizeof(c->source));
		for (size_t k = 0; k < BODIES; k++) {
			build(c, &c->posts[k]);
			renew(&c->posts[k]);
		}
		dial(c);
	}
	uint64_t bytes0 = 0, bytes1 = 0;
	double cpu = cpu_of(argv[2], &bytes0), start = now();

	drive(start + span);
	double wall = now() - start;

	cpu = cpu_of(argv[2], &bytes1) - cpu;
	printf("figure: ingest_accepted %" PRIu64 " events\n", accepted);
	printf("figure: ingest_duplicate %" PRIu64 " events\n", duplicate);
	printf("figure: ingest_posts %" PRIu64 " posts\n", posts_done);
	printf("figure: ingest_wall %.0f events/s\n", (double)accepted / wall);
	printf("figure: ingest_server_cpu %.2f s\n", cpu);
	printf("figure: ingest_per_cpu_s %.0f events/s\n", cpu > 0 ? (double)accepted / cpu : 0);
	printf("figure: ingest_bytes_per_row %.0f bytes\n",
	       accepted ? (double)(bytes1 - bytes0) / (double)accepted : 0);
	if (failed || refused)
		fprintf(stderr, "%" PRIu64 " answers were not 200, %" PRIu64 " events refused\n", failed, refused);
	return failed || refused ? 1 : 0;
}
