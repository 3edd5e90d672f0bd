/* file.c - whole files, folders, locks. */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static enum rc rc_of_errno(int e)
{
	switch (e) {
	case ENOENT:
	case ENOTDIR: return RC_MISSING;
	case EACCES:
	case EPERM:
	case EROFS:
	case ELOOP: return RC_DENIED;
	case EISDIR: return RC_INVALID;
	case EEXIST: return RC_CONFLICT;
	default: return RC_BUSY;
	}
}

static enum rc read_all(struct arena *a, int fd, size_t limit, struct str *ret)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return RC_BUSY;
	if (!S_ISREG(st.st_mode))
		return RC_INVALID;
	if (st.st_size < 0 || (uint64_t)st.st_size > limit)
		return RC_LIMIT;
	/* Files in /proc say 0 and a file may grow: read on to the limit. */
	size_t cap = st.st_size > 0 ? (size_t)st.st_size : 4096, n = 0;
	char *p = arena_alloc(a, cap + 1);
	for (;;) {
		ssize_t got = read(fd, p + n, cap - n + 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return RC_BUSY;
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > limit)
			return RC_LIMIT;
		if (n <= cap)
			continue;
		char *more = arena_alloc(a, cap * 2 + 1);
		memcpy(more, p, n);
		p = more;
		cap *= 2;
	}
	p[n] = '\0';
	*ret = (struct str){ p, n };
	return RC_OK;
}

enum rc file_read(struct arena *a, const char *path, size_t limit, struct str *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return rc_of_errno(errno);
	enum rc rc = read_all(a, fd, limit, ret);
	int kept = errno;
	close(fd);
	errno = kept;
	return rc;
}

static atomic_int fail_in;

void file_fail_at(int n)
{
	atomic_store(&fail_in, n);
}

static bool full(void)
{
	int n = atomic_load(&fail_in);

	while (n > 0 && !atomic_compare_exchange_weak(&fail_in, &n, n - 1))
		;
	if (n == 1)
		errno = ENOSPC;
	return n == 1;
}

static bool write_all(int fd, struct str content)
{
	if (full())
		return false;
	while (content.n > 0) {
		ssize_t put = write(fd, content.p, content.n);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		content.p += put;
		content.n -= (size_t)put;
	}
	return fsync(fd) == 0;
}

/* A name is durable only when its folder is. */
static bool sync_folder_of(const char *path)
{
	if (full())
		return false;
	const char *slash = strrchr(path, '/');
	char *folder = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	if (folder == NULL)
		return false;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(folder);
	if (fd < 0)
		return false;
	bool ok = fsync(fd) == 0;
	close(fd);
	return ok;
}

static enum rc replace(const char *path, struct str content, mode_t mode, bool keep_old)
{
	size_t n = strlen(path);
	char *sibling = mem_new(n + 12);
	memcpy(sibling, path, n);
	memcpy(sibling + n, ".tmp.XXXXXX", 12);
	int fd = full() ? -1 : mkostemp(sibling, O_CLOEXEC);
	enum rc rc = RC_OK;
	if (fd < 0) {
		rc = rc_of_errno(errno);
		free(sibling);
		return rc == RC_CONFLICT ? RC_BUSY : rc;
	}
	if (fchmod(fd, mode) != 0 || !write_all(fd, content))
		rc = RC_BUSY;
	if (close(fd) != 0)
		rc = RC_BUSY;
	if (rc == RC_OK && (full() || (keep_old ? link(sibling, path) : rename(sibling, path)) != 0))
		rc = rc_of_errno(errno);
	int kept = errno;
	if (rc != RC_OK || keep_old)
		unlink(sibling);
	if (rc == RC_OK && !sync_folder_of(path))
		rc = RC_BUSY;
	free(sibling);
	errno = kept;
	return rc;
}

enum rc file_write(const char *path, struct str content, mode_t mode)
{
	return replace(path, content, mode, false);
}

enum rc file_create(const char *path, struct str content, mode_t mode)
{
	return replace(path, content, mode, true);
}

bool file_exists(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0;
}

bool file_is_folder(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

enum rc file_mkdir(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	if (copy == NULL)
		return RC_BUSY;
	enum rc rc = RC_OK;
	for (char *p = copy + 1; rc == RC_OK && copy[0] != '\0'; p++) {
		char here = *p;
		if (here != '/' && here != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) == 0)
			rc = sync_folder_of(copy) ? RC_OK : RC_BUSY;
		else if (!file_is_folder(copy))
			rc = rc_of_errno(errno);
		*p = here;
		if (here == '\0')
			break;
	}
	free(copy);
	return path[0] == '\0' ? RC_INVALID : rc;
}

enum rc file_remove(const char *path)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return RC_OK;
	return rc_of_errno(errno);
}

enum rc file_link(const char *from, const char *to)
{
	if (link(from, to) != 0)
		return rc_of_errno(errno);
	return sync_folder_of(to) ? RC_OK : RC_BUSY;
}

static int by_name(const void *a, const void *b)
{
	const struct file_entry *x = a, *y = b;
	return str_cmp(x->name, y->name);
}

static enum rc read_folder(struct arena *a, DIR *d, size_t max, struct file_entry **ret, size_t *n)
{
	size_t cap = 16, count = 0;
	struct file_entry *list = NEW_N(a, struct file_entry, cap);
	for (struct dirent *e; (e = readdir(d)) != NULL;) {
		struct stat st;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
		    !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			continue;
		if (count == max)
			return RC_LIMIT;
		if (count == cap) {
			struct file_entry *more = NEW_N(a, struct file_entry, cap * 2);
			memcpy(more, list, cap * sizeof *list);
			list = more;
			cap *= 2;
		}
		list[count++] = (struct file_entry){
			.name = arena_dup(a, str_of(e->d_name)),
			.is_folder = S_ISDIR(st.st_mode),
			.bytes = S_ISDIR(st.st_mode) ? 0 : st.st_size,
			.changed = st.st_mtim.tv_sec * SECOND + st.st_mtim.tv_nsec / 1000,
		};
	}
	if (count > 1)
		qsort(list, count, sizeof *list, by_name);
	*ret = list;
	*n = count;
	return RC_OK;
}

enum rc file_list(struct arena *a, const char *folder, size_t max, struct file_entry **ret, size_t *n)
{
	DIR *d = opendir(folder);
	if (d == NULL)
		return rc_of_errno(errno);
	enum rc rc = read_folder(a, d, max, ret, n);
	closedir(d);
	return rc;
}

enum rc file_free_bytes(const char *path, int64_t *ret)
{
	struct statvfs v;
	if (statvfs(path, &v) != 0)
		return rc_of_errno(errno);
	*ret = (int64_t)(v.f_bavail * v.f_frsize);
	return RC_OK;
}

struct file_lock {
	int fd;
};

/* An open-file-description lock, so also two servers inside one process (tests)
 * shut each other out.  (flock() would do, but <sys/file.h> finds our own.) */
enum rc file_lock_open(const char *path, struct file_lock **ret)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return rc_of_errno(errno);
	if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
		enum rc rc = errno == EAGAIN || errno == EACCES ? RC_CONFLICT : RC_BUSY;
		close(fd);
		return rc;
	}
	struct file_lock *l = mem_new(sizeof *l);
	l->fd = fd;
	*ret = l;
	return RC_OK;
}

void file_lock_close(struct file_lock *l)
{
	if (l == NULL)
		return;
	close(l->fd);
	free(l);
}
