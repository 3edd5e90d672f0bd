/* file.h - whole files, folders, locks, free space.  Paths are C strings, used
 * as given; callers never build them from outside text.  errno tells more
 * after a failure.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include "base/base.h"

#include <sys/types.h>

/* RC_MISSING: no such file; RC_LIMIT: longer than 'limit'; RC_INVALID: not a
 * regular file; RC_DENIED: no right; RC_BUSY: anything else.  NUL after the end. */
enum rc file_read(struct arena *a, const char *path, size_t limit, struct str *ret) MUST_USE;
/* After RC_OK the new content is on disk under this name, whatever happens;
 * otherwise the old file is as before.  Writes a sibling first, so the folder
 * must be writable.  RC_BUSY: disk full, I/O error; RC_DENIED: no right. */
enum rc file_write(const char *path, struct str content, mode_t mode) MUST_USE;
/* As above, but RC_CONFLICT when the name exists already; of several callers
 * one wins. */
enum rc file_create(const char *path, struct str content, mode_t mode) MUST_USE;
bool file_exists(const char *path);
bool file_is_folder(const char *path);
/* Like mkdir -p; existing folders are kept as they are, new ones are on disk
 * after RC_OK.  RC_CONFLICT: a file is in the way. */
enum rc file_mkdir(const char *path, mode_t mode) MUST_USE;
/* RC_OK also when it was not there. */
enum rc file_remove(const char *path) MUST_USE;

struct file_entry {
	struct str name; /* NUL after the end */
	bool is_folder;
	int64_t bytes;   /* 0 for folders */
	int64_t changed; /* microseconds since 1970 */
};
/* Sorted by name, without "." and ".."; regular files and folders only (links
 * are left out).  RC_LIMIT past 'max' entries. */
enum rc file_list(struct arena *a, const char *folder, size_t max, struct file_entry **ret, size_t *n) MUST_USE;
/* Bytes an ordinary process may still write where 'path' lies. */
enum rc file_free_bytes(const char *path, int64_t *ret) MUST_USE;

/* A second name for the same bytes (same file system), on disk after RC_OK.
 * RC_CONFLICT: 'to' exists. */
enum rc file_link(const char *from, const char *to) MUST_USE;

/* Test aid: the n-th next step of a write (1: the very next; 0: never) fails as
 * on a full disk: making the file, its bytes and their sync, its name, the sync
 * of its folder. */
void file_fail_at(int n);

/* One process per data folder.  The lock goes with the process, so a crash
 * leaves none behind.  RC_CONFLICT: somebody else holds it. */
struct file_lock;
enum rc file_lock_open(const char *path, struct file_lock **ret) MUST_USE;
void file_lock_close(struct file_lock *l); /* NULL allowed; the file stays */

#endif
