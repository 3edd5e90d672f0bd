/* decode.h - pictures out of a file or a stream; the only door to FFmpeg.
 *
 * Four things: an input gives coded packets, a codec makes pictures of them, a
 * clip is a file of packets copied bit for bit, and a few makers turn pictures
 * into JPEG and VP9.  Every object belongs to one thread at a time; packets
 * and streams are counted references and may cross threads.
 *
 * Bounds: no picture above max_pixels is ever allocated, whatever a header
 * says; a packet has at most PACKET_MAX bytes.  A file may only open itself: no
 * playlists, no other protocol.
 */
#ifndef LENS_DECODE_H
#define LENS_DECODE_H

#include "lens/frame.h"

#include <stdatomic.h>

enum { PACKET_MAX = 8 << 20, DECODE_MAX_PIXELS = 4096 * 2304 };

struct decode_error {
	char text[160]; /* for the log; never an address or a password */
};

/* ---- coded packets ----------------------------------------------------------- */

struct stream; /* what a codec must know before the first packet; counted */
struct stream *stream_ref(struct stream *s);
void stream_free(struct stream *s); /* NULL allowed */
bool stream_same(const struct stream *a, const struct stream *b);
const char *stream_codec(const struct stream *s); /* "h264", "hevc" ... */

struct packet {
	int64_t pts_us; /* presentation time as the input has it; made up (25 Hz) when it has none */
	int64_t dts_us; /* decoding order's time: grows; pts_us when the input has none */
	int64_t wall;   /* set by the reader (stamps.h): when it was taken, microseconds since 1970 */
	unsigned epoch; /* set by the reader: another number is another connection, file or clock */
	size_t bytes;
	bool key;
	bool unstamped; /* pts_us was made up in decoding order */
	struct stream *stream;
	atomic_int refs;
	void *av;
};
#define NO_STAMP INT64_MIN
struct packet *packet_ref(struct packet *p);
void packet_free(struct packet *p); /* NULL allowed */

struct input_option {
	const char *url;         /* rtsp://, rtsps:// or a path */
	bool udp;                /* RTP over UDP; else interleaved in the RTSP connection */
	bool verify;             /* rtsps: the certificate must be good for the host; see docs/lens-run.md */
	const char *ca_file;     /* PEM, NULL: the system's */
	int64_t wait;            /* without a byte for so long: RC_BUSY; 0: 10 s */
	const atomic_bool *stop; /* NULL, or: give up at once when true */
	int64_t max_pixels;      /* 0: DECODE_MAX_PIXELS */
};
struct input;
/* RC_MISSING: no such file or host; RC_INVALID: no video in it, or one that is
 * not H.264 or H.265, or too large; RC_DENIED: login refused; RC_BUSY: network,
 * time-out.  The URL's words are copied. */
enum rc input_open(const struct input_option *o, struct input **ret, struct decode_error *err) MUST_USE;
/* Next packet of the picture stream, owned by the caller.  RC_MISSING: the end;
 * RC_BUSY: connection lost or silent; RC_INVALID: broken beyond reading. */
enum rc input_read(struct input *in, struct packet **ret, struct decode_error *err) MUST_USE;
void input_close(struct input *in);           /* NULL allowed; packets stay valid */
int64_t input_length(const struct input *in); /* microseconds, 0: not known */
double input_rate(const struct input *in);    /* frames a second as announced, 0: not known */
bool input_is_net(const char *url);

/* ---- pictures ------------------------------------------------------------------ */

struct codec_option {
	bool keys;          /* decode key frames only; others are passed over at once */
	bool exact;         /* with the loop filter: for stills and shared copies */
	int64_t max_pixels; /* 0: DECODE_MAX_PIXELS */
};
struct codec;
enum rc codec_open(const struct stream *s, const struct codec_option *o, struct codec **ret,
		   struct decode_error *err) MUST_USE;
void codec_close(struct codec *c); /* NULL allowed; frames stay valid */
/* NULL: no more will come.  RC_INVALID: the packet was refused (broken, or a
 * picture above the limit); decoding may go on with the next key frame. */
enum rc codec_send(struct codec *c, const struct packet *p, struct decode_error *err) MUST_USE;
/* RC_MISSING: send more.  RC_INVALID: a picture that cannot be used (10 bits,
 * no luma).  f->pts_us is the packet's. */
enum rc codec_receive(struct codec *c, struct frame *ret, struct decode_error *err) MUST_USE;

/* A second reference to the same picture. */
void frame_share(const struct frame *f, struct frame *ret);

/* ---- whole recordings ------------------------------------------------------------ */

struct decoder;
enum rc decode_open(const char *url, struct decoder **ret) MUST_USE;
/* RC_MISSING at the end.  The caller owns the frame (frame_release). */
enum rc decode_next(struct decoder *d, struct frame *ret) MUST_USE;
void decode_close(struct decoder *d); /* NULL allowed; frames handed out stay valid */
/* Length in microseconds for progress; 0 when not known. */
int64_t decode_length(const struct decoder *d);

/* ---- what is made of them (decode_make.c) ------------------------------------------- */

/* An MP4 of the packets as they came; the first must be a key packet, all of
 * one stream.  RC_INVALID: not such packets; RC_BUSY: cannot write. */
enum rc clip_write(const char *path, struct packet *const *packets, size_t n, struct decode_error *err) MUST_USE;

/* Colour pictures to draw on: planar 4:2:0, the caller's until picture_free. */
struct picture {
	uint8_t *plane[3];
	int stride[3];
	int width, height;
	int64_t pts_us;
	void *av;
};
/* A copy of a frame that came from codec_receive, made smaller when it is wider
 * than 'widest' (0: never). */
enum rc picture_of(const struct frame *f, int widest, struct picture *ret) MUST_USE;
void picture_free(struct picture *c);
/* width * height * 3 bytes, red first, without padding. */
enum rc picture_rgb(struct arena *a, const struct picture *c, struct str *ret) MUST_USE;
/* JPEG into 'a'; quality 2 (best) to 31. */
enum rc picture_jpeg(struct arena *a, const struct picture *c, int quality, struct str *ret,
		     struct decode_error *err) MUST_USE;

/* A new film of pictures: VP9 in MP4 (docs/lens-run.md says why). */
struct film;
enum rc film_open(const char *path, int width, int height, struct film **ret, struct decode_error *err) MUST_USE;
enum rc film_add(struct film *f, const struct picture *c) MUST_USE; /* pts must grow */
enum rc film_close(struct film *f) MUST_USE;                        /* NULL allowed: RC_OK */

#endif
