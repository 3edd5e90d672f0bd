/* note.h - the lens's own log: one line, one write(2), logfmt as the server's.
 *
 *   2026-03-12T01:07:41Z warn lens.camera_lost camera="7 north" reason="..."
 *
 * Values are escaped and cut; addresses and keys are never given here.
 */
#ifndef LENS_NOTE_H
#define LENS_NOTE_H

#include "base/base.h"

enum note_level { NOTE_INFO, NOTE_WARN, NOTE_ERROR };
/* 'camera' NULL: the process.  'fmt' makes the rest: "frames=12 skipped=3"; its
 * text values must come through NOTE_VALUE. */
void note(enum note_level level, const char *code, const char *camera, const char *fmt, ...) PRINTF(4, 5);
/* "..." with control characters, quotes and backslashes replaced by '?'. */
enum { NOTE_TEXT = 200 };
const char *note_quoted(const char *text, char out[NOTE_TEXT]);
#define NOTE_VALUE(text) note_quoted((text), (char[NOTE_TEXT]){ 0 })

#endif
