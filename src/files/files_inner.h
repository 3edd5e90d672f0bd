/* files_inner.h - what the files of this layer share. */
#ifndef FILES_INNER_H
#define FILES_INNER_H

#include "core/app.h"
#include "files/files.h"
#include "sys/crypto.h"
#include "sys/file.h"

enum { FILES_OWNERS = 32, FILES_SHARDS = 1024, FILES_PATH = 1200 };

struct files_state {
	struct {
		const char *entity;
		files_see *see;
	} owner[FILES_OWNERS];
	size_t n;
};

#define FILE_COLUMNS                                                                                           \
	"f.id, f.created_at, f.at, f.delete_at, f.kind, f.media_type, f.bytes, f.digest, f.class, f.purpose, " \
	"f.place_path"
/* Copied into 'a'. */
enum rc files_row(struct arena *a, const struct row *r, struct file_ref *ret) MUST_USE;
struct str files_digest(struct arena *a, struct str bytes);

/* <data>/files; NULL when this process has no folder. */
const char *files_root(const struct ctx *c);
/* Where the bytes lie below it; NULL when the id is none. */
const char *files_path(struct arena *a, const char *root, struct str id);
const char *files_shard(struct arena *a, const char *root, struct str id);

/* files_kind.c: NULL when not on the list, or the bytes are something else */
const char *files_media(struct arena *a, struct str type, struct str bytes);
size_t files_most(const char *media_type);
const char *files_ending(const char *media_type);
const char *files_class_word(unsigned cls);
unsigned files_class(struct str word);

/* Seen by the caller through any of its rows? */
enum rc files_sighted(struct ctx *c, struct str id, struct files_sight *ret) MUST_USE;
/* A living file; RC_MISSING with FAIL text when there is none. */
enum rc files_get(struct ctx *c, struct str id, struct file_ref *ret) MUST_USE;

enum rc files_open(struct ctx *c, struct call *k) MUST_USE;
enum rc files_serve(struct ctx *c, struct call *k) MUST_USE;
enum rc files_list(struct ctx *c, struct call *k) MUST_USE;
enum rc files_purge(struct ctx *c) MUST_USE;
enum rc files_sweep(struct ctx *c) MUST_USE;

#endif
