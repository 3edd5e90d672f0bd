/* files.h - pictures, clips and documents: bytes on disk, a row for each, the
 * rows of other modules they belong to, who looked, when they are deleted.
 *
 * Order of a file's life, so that a crash at any point leaves no row without
 * its bytes and no bytes for ever:
 *   1. files_write: bytes under a temporary name, synced, renamed, folder
 *      synced.  No database.  In a route's 'prepare' or on a thread of its own,
 *      never while the writer waits.
 *   2. files_keep, in the write unit: the row.  Without it the bytes are an
 *      orphan, which "files.sweep" removes after FILES_ORPHAN_MIN.
 *   3. delete_at passes: nobody gets it any more; "files.purge" removes the
 *      bytes, then the row.
 * The folder is <data>/files also when the rows are in PostgreSQL: processes
 * that share one database share the folder, too.
 *
 * Only what devices, their recorders and we ourselves made comes in here.  A
 * picture from a person's phone must be decoded and encoded anew first; that
 * does not exist yet, so no route takes one.
 */
#ifndef FILES_H
#define FILES_H

#include "core/module.h"

extern const struct module files_module;

enum {
	FILES_IMAGE_MOST = 8 << 20,  /* bytes: image/jpeg, image/png, image/webp */
	FILES_VIDEO_MOST = 32 << 20, /* video/mp4 */
	FILES_TEXT_MOST = 1 << 20,   /* application/json */
	FILES_PAPER_MOST = 16 << 20, /* application/pdf */
	FILES_ORPHAN_MIN = 60,       /* bytes without a row live that long */
	FILES_DAYS_MOST = 3660,      /* farthest clock */
	FILES_OPEN_S = 300,          /* an opened file can be fetched that long */
	FILES_ROOM_LEAST = 64 << 20, /* bytes left on the disk for what matters more */
};

/* "still" a picture; "clip" a film; "shared" a picture or film in which what is
 * not the matter was made unrecognizable; "photo" taken by a person; "document". */
enum files_kind { FILES_STILL, FILES_CLIP, FILES_SHARED, FILES_PHOTO, FILES_DOCUMENT };
extern const char *const files_kinds[]; /* NULL-terminated */

struct file_ref {
	struct str id, digest, place_path; /* digest: BLAKE2b-256 in hex */
	const char *media_type, *purpose;  /* purpose: code word, docs/privacy.md */
	enum files_kind kind;
	unsigned cls; /* P0 .. P3 */
	int64_t bytes, at, created_at, delete_at;
};

struct file_new {
	struct str bytes; /* not copied */
	struct str type;  /* what the sender calls it; absent: as its bytes say */
	struct str place_path;
	const char *purpose;
	enum files_kind kind;
	unsigned cls;
	int64_t at;        /* when it was taken */
	int64_t delete_at; /* after now, at most FILES_DAYS_MOST from now */
};
/* The bytes are on disk, nothing in the database.  Needs c->app, arena and now
 * only.  RC_INVALID "media_type" (not on the list, or the bytes are something
 * else), RC_LIMIT "too_large", RC_BUSY "disk" (full, no folder, I/O). */
enum rc files_write(struct ctx *c, const struct file_new *n, struct file_ref *ret) MUST_USE;
/* The row and its first owner, in a write unit. */
enum rc files_keep(struct ctx *c, const struct file_ref *f, const char *entity, struct str row_id) MUST_USE;
/* Belongs to this row as well.  Again is harmless. */
enum rc files_link(struct ctx *c, struct str id, const char *entity, struct str row_id) MUST_USE;
/* A file that a request names, for this row: the caller must see it through one
 * of its rows already, and it must be open (P0, P1): a link shows it to all who
 * see the row.  FAIL RC_INVALID "unknown_file" or "closed_file" at 'field'.  It
 * lives until 'delete_at' at least. */
enum rc files_take(struct ctx *c, struct str id, const char *field, const char *entity, struct str row_id,
		   int64_t delete_at) MUST_USE;
/* Lives until then if it would have died before. */
enum rc files_until(struct ctx *c, struct str id, int64_t delete_at) MUST_USE;

/* The living files of a row, oldest first, at most 200; no permission is asked. */
enum rc files_of(struct ctx *c, const char *entity, struct str row_id,
		 enum rc (*fn)(void *arg, const struct file_ref *f), void *arg) MUST_USE;
/* {"id","kind","media_type","bytes","at","delete_at","class","closed"} */
void files_write_ref(struct buf *out, const struct file_ref *f);

/* ---- who sees the files of an entity's rows ---------------------------------- */

struct files_sight {
	bool seen;
	struct str reason; /* the row itself is the recorded reason to open its P2 and P3 files: "A-1032"; absent: asked
			      for */
	struct str person; /* the row is about; absent: nobody in particular */
};
/* For the caller's eyes; a row out of sight is 'seen' false and RC_OK. */
typedef enum rc files_see(struct ctx *c, struct str row_id, struct files_sight *ret);
/* At the module's start.  A file of an entity nobody told about is seen by the
 * system alone. */
void files_set_owner(struct ctx *c, const char *entity, files_see *see);

/* ---- the command line ------------------------------------------------------------- */

struct files_report {
	int64_t files, bytes, missing, damaged, orphans;
	void (*say)(void *arg, const char *what, struct str id); /* "missing", "damaged", "orphan"; may be NULL */
	void *arg;
};
/* Every living row against its bytes: length and digest.  'root' is
 * <data>/files, or a copy of it.  RC_OK also with findings. */
enum rc files_check(struct conn *db, const char *root, int64_t now, struct files_report *ret) MUST_USE;
/* Copies the bytes of every living row into another folder of the same shape,
 * checked on the way; what is there already is kept.  RC_CONFLICT: something
 * was missing or damaged (said). */
enum rc files_copy(struct conn *db, const char *from, const char *to, int64_t now, struct files_report *ret) MUST_USE;

#endif
