/* spool.h - what the server has not taken yet, on disk; survives this process.
 *
 * One flat folder, mode 0700.  A finding is a key (its event's id, which sorts
 * by time) and up to five files: <key>.event.json, <key>.facts.json,
 * <key>.still.jpg, <key>.clip.mp4, <key>.shared.mp4.  A file appears under its name only when
 * it is whole and on disk (written aside, fsync, rename, fsync of the folder),
 * so a crash leaves whole files and scraps that the next start removes.
 *
 * Bounded: when there is no room, shared copies go first (newest first), then
 * the evidence that would be added is refused, so that the oldest evidence is
 * the last to go.  Events are small and have a reserve of their own
 * (SPOOL_RESERVE); when even that is full the oldest health reports go, then
 * new events are refused.  Every loss is counted.
 *
 * Any thread.
 */
#ifndef LENS_SPOOL_H
#define LENS_SPOOL_H

#include "base/base.h"

enum { SPOOL_KEY = 32, SPOOL_PATH = 600, SPOOL_RESERVE = 4 << 20, SPOOL_FILES = 20000 };

enum spool_kind { SPOOL_EVENT, SPOOL_HEALTH, SPOOL_FACTS, SPOOL_STILL, SPOOL_CLIP, SPOOL_SHARED, SPOOL_N };
extern const char *const spool_kinds[]; /* "event", "health", "facts" ... */

struct spool;
/* RC_CONFLICT: another process works here; RC_DENIED, RC_BUSY: the folder
 * cannot be made or written. */
enum rc spool_open(const char *folder, int64_t max_bytes, struct spool **ret) MUST_USE;
void spool_close(struct spool *s); /* NULL allowed */

/* On disk when RC_OK.  RC_LIMIT: no room, counted; RC_BUSY: disk. */
enum rc spool_put(struct spool *s, const char *key, enum spool_kind kind, struct str content) MUST_USE;
/* A path to write a large file to, and its taking over.  The scrap is removed
 * when there is no room (RC_LIMIT). */
void spool_scrap(const struct spool *s, const char *key, enum spool_kind kind, char out[SPOOL_PATH]);
enum rc spool_adopt(struct spool *s, const char *key, enum spool_kind kind) MUST_USE;

struct spool_file {
	char key[SPOOL_KEY];
	enum spool_kind kind;
	int64_t bytes;
	char path[SPOOL_PATH];
};
/* Oldest events (health reports, facts) first, at most 'most'; not those put off
 * (spool_later). */
size_t spool_events(struct spool *s, int64_t now, struct spool_file *ret, size_t most);
/* Oldest evidence whose event was taken and that is not put off.
 * False: none. */
bool spool_evidence(struct spool *s, int64_t now, struct spool_file *ret);
void spool_later(struct spool *s, const struct spool_file *f, int64_t not_before);
/* The server has it, or will never take it ('lost'). */
void spool_remove(struct spool *s, const struct spool_file *f, bool lost);

struct spool_stats {
	int64_t files, bytes, max_bytes;
	int64_t lost[SPOOL_N]; /* since the start of this process */
};
struct spool_stats spool_stats(struct spool *s);

#endif
