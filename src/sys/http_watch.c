/* http_watch.c - the table of connections and the thread that watches it.
 *
 * Two things libmicrohttpd does not do: cut clients that trickle a request so
 * steadily that the idle time-out never strikes, and notice that the client of
 * a suspended stream has gone.
 */
#include "sys/http_inner.h"
#include "sys/thread.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

static void peer_text(const struct sockaddr *from, char out[HTTP_PEER_TEXT])
{
	if (from->sa_family == AF_INET) {
		struct sockaddr_in a;
		memcpy(&a, from, sizeof a);
		inet_ntop(AF_INET, &a.sin_addr, out, HTTP_PEER_TEXT);
	} else if (from->sa_family == AF_INET6) {
		struct sockaddr_in6 a;
		memcpy(&a, from, sizeof a);
		if (IN6_IS_ADDR_V4MAPPED(&a.sin6_addr))
			inet_ntop(AF_INET, &a.sin6_addr.s6_addr[12], out, HTTP_PEER_TEXT);
		else
			inet_ntop(AF_INET6, &a.sin6_addr, out, HTTP_PEER_TEXT);
	}
}

static struct http_conn *conn_new(struct http_server *s, struct MHD_Connection *mhd)
{
	struct http_conn *c = mem_new(sizeof *c);
	c->server = s;
	c->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	atomic_init(&c->deadline, clock_monotonic() + (int64_t)s->config.request_s * SECOND);
	peer_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, c->peer);
	return c;
}

void conn_notify(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct http_server *s = cls;
	struct http_conn *c = *context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		c = conn_new(s, mhd);
		*context = c;
		pthread_mutex_lock(&s->lock);
		c->next = s->conns;
		if (c->next)
			c->next->prev = c;
		s->conns = c;
		s->conns_n++;
		pthread_mutex_unlock(&s->lock);
		return;
	}
	if (c == NULL)
		return;
	*context = NULL;
	pthread_mutex_lock(&s->lock);
	if (c->prev)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->conns_n--;
	pthread_mutex_unlock(&s->lock);
	free(c);
}

void watch_stream(struct http_server *s, struct http_conn *c, struct http_stream *st)
{
	struct epoll_event e = { .events = EPOLLRDHUP | EPOLLONESHOT, .data.fd = c->fd };
	pthread_mutex_lock(&s->lock);
	c->stream = st;
	s->streams_n++;
	pthread_mutex_unlock(&s->lock);
	/* A second stream on a kept-alive connection finds it added already. */
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, c->fd, &e) != 0 && errno == EEXIST)
		epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &e);
}

/* The number may name another connection by now, so the socket itself is
 * asked; under the lock it cannot be closed, see conn_notify(). */
static void check_gone(struct http_server *s, int fd)
{
	struct http_stream *st = NULL;
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };
	pthread_mutex_lock(&s->lock);
	for (struct http_conn *c = s->conns; c; c = c->next) {
		if (c->fd != fd || c->stream == NULL)
			continue;
		if (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR))) {
			st = c->stream;
			stream_ref(st);
		}
		break;
	}
	pthread_mutex_unlock(&s->lock);
	if (st) {
		stream_end(st, true);
		stream_unref(st);
	}
}

/* shutdown() only; libmicrohttpd sees the end of the stream and closes. */
static void cut_late(struct http_server *s)
{
	int64_t now = clock_monotonic();
	pthread_mutex_lock(&s->lock);
	for (struct http_conn *c = s->conns; c; c = c->next) {
		int64_t deadline = atomic_load(&c->deadline);
		if (deadline != 0 && now > deadline) {
			shutdown(c->fd, SHUT_RDWR);
			atomic_store(&c->deadline, now + 5 * SECOND);
		}
	}
	pthread_mutex_unlock(&s->lock);
}

static void *watch_run(void *arg)
{
	struct http_server *s = arg;
	int64_t last = clock_monotonic();
	for (;;) {
		struct epoll_event events[64];
		int n = epoll_wait(s->epoll_fd, events, COUNT(events), 1000);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == s->wake_fd)
				return NULL;
			check_gone(s, events[i].data.fd);
		}
		if (clock_monotonic() - last >= SECOND) {
			last = clock_monotonic();
			cut_late(s);
		}
	}
}

enum rc watch_start(struct http_server *s)
{
	struct epoll_event e = { .events = EPOLLIN };
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e.data.fd = s->wake_fd;
	if (s->epoll_fd < 0 || s->wake_fd < 0 || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wake_fd, &e) != 0)
		return RC_BUSY;
	return thread_start(&s->watcher, "http-watch", watch_run, s);
}

void watch_stop(struct http_server *s)
{
	uint64_t one = 1;
	if (write(s->wake_fd, &one, sizeof one) != sizeof one)
		fatal("http: eventfd");
	thread_join(s->watcher);
}
