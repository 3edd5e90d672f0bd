/* decode_inner.h - what the files behind decode.h share. */
#ifndef LENS_DECODE_INNER_H
#define LENS_DECODE_INNER_H

#include "lens/decode.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct stream {
	AVCodecParameters *par;
	AVRational base;
	atomic_int refs;
};

/* Writes err->text ("what: FFmpeg's words") and returns rc; 'code' 0: no such words. */
enum rc decode_fail(struct decode_error *err, enum rc rc, const char *what, int code) MUST_USE;

#endif
