/* decode.h - pictures out of a file or a stream; the only door to FFmpeg. */
#ifndef LENS_DECODE_H
#define LENS_DECODE_H

#include "lens/frame.h"

struct decoder;

enum rc decode_open(const char *url, struct decoder **ret) MUST_USE;
/* RC_MISSING at the end.  The caller owns the frame (frame_release). */
enum rc decode_next(struct decoder *d, struct frame *ret) MUST_USE;
void decode_close(struct decoder *d); /* NULL allowed; frames handed out stay valid */
/* Length in microseconds for progress; 0 when not known. */
int64_t decode_length(const struct decoder *d);

#endif
