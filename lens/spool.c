/* spool.c - see spool.h. */
#include "lens/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const spool_kinds[] = { "event", "health", "facts", "still", "clip", "shared", NULL };
static const char *const endings[] = { "json", "json", "json", "jpg", "mp4", "mp4" };

struct entry {
	char key[SPOOL_KEY];
	enum spool_kind kind;
	int64_t bytes, not_before;
};
struct spool {
	pthread_mutex_t lock;
	char folder[SPOOL_PATH - 100];
	int fd, lock_fd; /* of the folder, for fsync; held by one process */
	int64_t max_bytes, bytes, small;
	struct entry *entries; /* sorted by key, kind */
	size_t n, room;
	int64_t lost[SPOOL_N];
};

static bool is_event(enum spool_kind k)
{
	return k == SPOOL_EVENT || k == SPOOL_HEALTH || k == SPOOL_FACTS;
}

static void path_of(const struct spool *s, const char *key, enum spool_kind kind, const char *tail,
		    char out[SPOOL_PATH])
{
	snprintf(out, SPOOL_PATH, "%s/%s.%s.%s%s", s->folder, key, spool_kinds[kind], endings[kind], tail);
}

static int order(const struct entry *e, const char *key, enum spool_kind kind)
{
	int c = strcmp(e->key, key);

	return c ? c : (int)e->kind - (int)kind;
}

/* Where it is or belongs. */
static size_t place(const struct spool *s, const char *key, enum spool_kind kind)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (order(&s->entries[mid], key, kind) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void add(struct spool *s, const char *key, enum spool_kind kind, int64_t bytes)
{
	size_t i = place(s, key, kind);

	if (i < s->n && order(&s->entries[i], key, kind) == 0) {
		s->bytes += bytes - s->entries[i].bytes;
		s->entries[i].bytes = bytes;
		return;
	}
	if (s->n == s->room) {
		size_t more = s->room ? 2 * s->room : 64;

		s->entries = mem_grow(s->entries, s->room * sizeof(*s->entries), more * sizeof(*s->entries));
		s->room = more;
	}
	memmove(&s->entries[i + 1], &s->entries[i], (s->n - i) * sizeof(*s->entries));
	struct entry e = { .kind = kind, .bytes = bytes };

	snprintf(e.key, sizeof(e.key), "%s", key);
	s->entries[i] = e;
	s->n++;
	s->bytes += bytes;
	s->small += is_event(kind) ? bytes : 0;
}

static void drop(struct spool *s, size_t i, bool lost)
{
	char path[SPOOL_PATH];
	struct entry *e = &s->entries[i];

	path_of(s, e->key, e->kind, "", path);
	unlink(path);
	s->bytes -= e->bytes;
	s->small -= is_event(e->kind) ? e->bytes : 0;
	s->lost[e->kind] += lost;
	memmove(e, e + 1, (s->n - i - 1) * sizeof(*e));
	s->n--;
}

/* ---- opening ------------------------------------------------------------------------- */

/* "<key>.<kind>.<ending>"; scraps and strangers are false. */
static bool parse(const char *name, char key[SPOOL_KEY], enum spool_kind *kind)
{
	const char *dot = strchr(name, '.');
	char rest[32];

	if (dot == NULL || dot == name || dot - name >= SPOOL_KEY)
		return false;
	memcpy(key, name, (size_t)(dot - name));
	key[dot - name] = '\0';
	for (unsigned k = 0; k < SPOOL_N; k++) {
		snprintf(rest, sizeof(rest), ".%s.%s", spool_kinds[k], endings[k]);
		if (strcmp(dot, rest) == 0) {
			*kind = (enum spool_kind)k;
			return true;
		}
	}
	return false;
}

static enum rc read_folder(struct spool *s)
{
	DIR *d = opendir(s->folder);

	if (d == NULL)
		return RC_BUSY;
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char key[SPOOL_KEY], path[SPOOL_PATH];
		enum spool_kind kind;
		struct stat st;
		size_t n = strlen(e->d_name);

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", s->folder, e->d_name) >= sizeof(path))
			continue;
		if ((n > 5 && strcmp(e->d_name + n - 5, ".part") == 0) ||
		    (n > 5 && strcmp(e->d_name + n - 5, ".seal") == 0)) {
			unlink(path);
			continue;
		}
		if (parse(e->d_name, key, &kind) && stat(path, &st) == 0 && S_ISREG(st.st_mode) && s->n < SPOOL_FILES)
			add(s, key, kind, st.st_size);
	}
	closedir(d);
	return RC_OK;
}

/* The lock goes with the process. */
static enum rc hold_folder(struct spool *s)
{
	char path[SPOOL_PATH];
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	snprintf(path, sizeof(path), "%s/.lock", s->folder);
	s->fd = open(s->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->fd < 0 || s->lock_fd < 0)
		return errno == EACCES ? RC_DENIED : RC_BUSY;
	return fcntl(s->lock_fd, F_OFD_SETLK, &whole) == 0 ? RC_OK : RC_CONFLICT;
}

enum rc spool_open(const char *folder, int64_t max_bytes, struct spool **ret)
{
	struct spool *s = mem_new(sizeof(*s));
	enum rc rc = RC_OK;

	pthread_mutex_init(&s->lock, NULL);
	s->max_bytes = max_bytes;
	s->fd = s->lock_fd = -1;
	if ((size_t)snprintf(s->folder, sizeof(s->folder), "%s", folder) >= sizeof(s->folder))
		rc = RC_LIMIT;
	else if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		rc = errno == EACCES || errno == ENOENT ? RC_DENIED : RC_BUSY;
	if (rc == RC_OK)
		rc = hold_folder(s);
	if (rc == RC_OK)
		rc = read_folder(s);
	if (rc != RC_OK) {
		spool_close(s);
		return rc;
	}
	*ret = s;
	return RC_OK;
}

void spool_close(struct spool *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		close(s->fd);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->entries);
	free(s);
}

/* ---- putting in -------------------------------------------------------------------------- */

/* Makes room by what may go first. */
static bool make_room(struct spool *s, enum spool_kind kind, int64_t bytes)
{
	if (s->n >= SPOOL_FILES)
		return false;
	if (is_event(kind)) {
		for (size_t i = 0; i < s->n && s->small + bytes > SPOOL_RESERVE;)
			if (s->entries[i].kind == SPOOL_HEALTH)
				drop(s, i, true);
			else
				i++;
		return s->small + bytes <= SPOOL_RESERVE;
	}
	for (size_t i = s->n; i-- > 0 && s->bytes - s->small + bytes > s->max_bytes && kind != SPOOL_SHARED;)
		if (s->entries[i].kind == SPOOL_SHARED)
			drop(s, i, true);
	return s->bytes - s->small + bytes <= s->max_bytes;
}

static enum rc take_over(struct spool *s, const char *key, enum spool_kind kind, const char *scrap, int64_t bytes)
{
	char path[SPOOL_PATH];
	enum rc rc = RC_OK;

	path_of(s, key, kind, "", path);
	pthread_mutex_lock(&s->lock);
	if (!make_room(s, kind, bytes)) {
		s->lost[kind]++;
		rc = RC_LIMIT;
	} else if (rename(scrap, path) != 0 || fsync(s->fd) != 0) {
		rc = RC_BUSY;
	} else {
		add(s, key, kind, bytes);
	}
	pthread_mutex_unlock(&s->lock);
	if (rc != RC_OK)
		unlink(scrap);
	return rc;
}

static enum rc write_all(int fd, struct str content)
{
	while (content.n > 0) {
		ssize_t n = write(fd, content.p, content.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return RC_BUSY;
		content.p += n;
		content.n -= (size_t)n;
	}
	return fsync(fd) == 0 ? RC_OK : RC_BUSY;
}

enum rc spool_put(struct spool *s, const char *key, enum spool_kind kind, struct str content)
{
	char scrap[SPOOL_PATH];

	spool_scrap(s, key, kind, scrap);
	int fd = open(scrap, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return RC_BUSY;
	enum rc rc = write_all(fd, content);

	if (close(fd) != 0)
		rc = RC_BUSY;
	if (rc != RC_OK) {
		unlink(scrap);
		return rc;
	}
	return take_over(s, key, kind, scrap, (int64_t)content.n);
}

void spool_scrap(const struct spool *s, const char *key, enum spool_kind kind, char out[SPOOL_PATH])
{
	path_of(s, key, kind, ".part", out);
}

enum rc spool_adopt(struct spool *s, const char *key, enum spool_kind kind)
{
	char scrap[SPOOL_PATH];
	struct stat st;

	spool_scrap(s, key, kind, scrap);
	int fd = open(scrap, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return RC_BUSY;
	bool bad = fchmod(fd, 0600) != 0 || fstat(fd, &st) != 0 || fsync(fd) != 0;

	close(fd);
	if (bad) {
		unlink(scrap);
		return RC_BUSY;
	}
	return take_over(s, key, kind, scrap, st.st_size);
}

/* ---- taking out -------------------------------------------------------------------------- */

static void describe(const struct spool *s, const struct entry *e, struct spool_file *ret)
{
	*ret = (struct spool_file){ .kind = e->kind, .bytes = e->bytes };
	memcpy(ret->key, e->key, sizeof(ret->key));
	path_of(s, e->key, e->kind, "", ret->path);
}

size_t spool_events(struct spool *s, int64_t now, struct spool_file *ret, size_t most)
{
	size_t n = 0;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n && n < most; i++)
		if (is_event(s->entries[i].kind) && s->entries[i].not_before <= now)
			describe(s, &s->entries[i], &ret[n++]);
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool spool_evidence(struct spool *s, int64_t now, struct spool_file *ret)
{
	bool found = false;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n && !found; i++) {
		const struct entry *e = &s->entries[i];
		size_t event = place(s, e->key, SPOOL_EVENT);

		if (is_event(e->kind) || e->not_before > now)
			continue;
		if (event < s->n && order(&s->entries[event], e->key, SPOOL_EVENT) == 0)
			continue;
		describe(s, e, ret);
		found = true;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

void spool_later(struct spool *s, const struct spool_file *f, int64_t not_before)
{
	pthread_mutex_lock(&s->lock);
	size_t i = place(s, f->key, f->kind);

	if (i < s->n && order(&s->entries[i], f->key, f->kind) == 0)
		s->entries[i].not_before = not_before;
	pthread_mutex_unlock(&s->lock);
}

void spool_remove(struct spool *s, const struct spool_file *f, bool lost)
{
	pthread_mutex_lock(&s->lock);
	size_t i = place(s, f->key, f->kind);

	if (i < s->n && order(&s->entries[i], f->key, f->kind) == 0)
		drop(s, i, lost);
	pthread_mutex_unlock(&s->lock);
}

struct spool_stats spool_stats(struct spool *s)
{
	pthread_mutex_lock(&s->lock);
	struct spool_stats st = { .files = (int64_t)s->n, .bytes = s->bytes, .max_bytes = s->max_bytes };

	memcpy(st.lost, s->lost, sizeof(st.lost));
	pthread_mutex_unlock(&s->lock);
	return st;
}
