/* decode_picture.c - packets to pictures, and whole recordings. */
#include "lens/decode.h"

#include "lens/decode_inner.h"

#include <stdlib.h>

struct codec {
	AVCodecContext *av;
	AVFrame *picture;
	AVPacket *packet; /* a reference of the caller's, with microseconds for stamps */
	bool keys;
	int64_t last, step; /* stamps handed out */
};

enum rc codec_open(const struct stream *s, const struct codec_option *o, struct codec **ret, struct decode_error *err)
{
	struct codec *c = mem_new(sizeof(*c));
	const AVCodec *kind = avcodec_find_decoder(s->par->codec_id);

	c->keys = o->keys;
	c->av = kind ? avcodec_alloc_context3(kind) : NULL;
	c->picture = av_frame_alloc();
	c->packet = av_packet_alloc();
	if (c->av == NULL || c->picture == NULL || c->packet == NULL ||
	    avcodec_parameters_to_context(c->av, s->par) < 0) {
		codec_close(c);
		return decode_fail(err, RC_INVALID, "no decoder", 0);
	}
	c->av->pkt_timebase = AV_TIME_BASE_Q;
	c->av->thread_count = 1;
	c->av->max_pixels = o->max_pixels ? o->max_pixels : DECODE_MAX_PIXELS;
	/* A quarter of the work; the clip is a packet copy and does not suffer. */
	c->av->skip_loop_filter = o->exact ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
	c->av->skip_frame = o->keys ? AVDISCARD_NONKEY : AVDISCARD_DEFAULT;
	int code = avcodec_open2(c->av, kind, NULL);

	if (code < 0) {
		codec_close(c);
		return decode_fail(err, RC_INVALID, "decoder does not start", code);
	}
	*ret = c;
	return RC_OK;
}

void codec_close(struct codec *c)
{
	if (c == NULL)
		return;
	avcodec_free_context(&c->av);
	av_frame_free(&c->picture);
	av_packet_free(&c->packet);
	free(c);
}

enum rc codec_send(struct codec *c, const struct packet *p, struct decode_error *err)
{
	int code;

	if (p == NULL) {
		code = avcodec_send_packet(c->av, NULL);
		return code < 0 && code != AVERROR_EOF ? decode_fail(err, RC_INVALID, "end refused", code) : RC_OK;
	}
	if (c->keys && !p->key)
		return RC_OK;
	if (av_packet_ref(c->packet, p->av) < 0)
		fatal("lens: out of memory");
	/* Without stamps of their own pictures come at the decoding times, which
	 * grow, in whatever order they are shown. */
	c->packet->pts = p->unstamped ? AV_NOPTS_VALUE : p->pts_us;
	c->packet->dts = p->dts_us;
	code = avcodec_send_packet(c->av, c->packet);
	av_packet_unref(c->packet);
	if (code == AVERROR(EAGAIN)) /* pictures wait: the caller did not take them all */
		return decode_fail(err, RC_BUG, "pictures wait", code);
	return code < 0 ? decode_fail(err, RC_INVALID, "broken packet", code) : RC_OK;
}

static void release(void *ref)
{
	AVFrame *f = ref;

	av_frame_free(&f);
}

static bool luma8(int format)
{
	return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_NV12 ||
	       format == AV_PIX_FMT_YUV422P || format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUV444P ||
	       format == AV_PIX_FMT_YUVJ444P || format == AV_PIX_FMT_GRAY8;
}

static enum rc hand_out(struct codec *c, struct frame *ret, struct decode_error *err)
{
	AVFrame *f = av_frame_alloc();

	if (f == NULL)
		fatal("lens: out of memory");
	av_frame_move_ref(f, c->picture);
	if (!luma8(f->format) || f->linesize[0] <= 0) {
		av_frame_free(&f);
		return decode_fail(err, RC_INVALID, "a picture without 8 bit luma", 0);
	}
	int64_t pts = f->best_effort_timestamp;

	if (pts == AV_NOPTS_VALUE) /* the last ones of a raw stream */
		pts = c->last + (c->step > 0 ? c->step : 40 * MILLI);
	c->step = pts - c->last;
	c->last = pts;
	*ret = (struct frame){ .luma = f->data[0],
			       .stride = f->linesize[0],
			       .width = f->width,
			       .height = f->height,
			       .pts_us = pts,
			       .key = f->key_frame != 0,
			       .ref = f,
			       .release = release };
	return RC_OK;
}

enum rc codec_receive(struct codec *c, struct frame *ret, struct decode_error *err)
{
	int code = avcodec_receive_frame(c->av, c->picture);

	if (code == AVERROR(EAGAIN) || code == AVERROR_EOF)
		return RC_MISSING;
	return code < 0 ? decode_fail(err, RC_INVALID, "broken picture", code) : hand_out(c, ret, err);
}

void frame_share(const struct frame *f, struct frame *ret)
{
	*ret = *f;
	if (f->release == NULL)
		return;
	ret->ref = av_frame_clone(f->ref);
	if (ret->ref == NULL)
		fatal("lens: out of memory");
}

/* ---- whole recordings ------------------------------------------------------------------ */

struct decoder {
	struct input *in;
	struct codec *codec;
	struct stream *stream; /* of the codec */
	bool drained;
};

enum rc decode_open(const char *url, struct decoder **ret)
{
	struct decoder *d = mem_new(sizeof(*d));
	struct input_option o = { .url = url };
	enum rc rc = input_open(&o, &d->in, NULL);

	if (rc != RC_OK) {
		free(d);
		return rc;
	}
	*ret = d;
	return RC_OK;
}

static enum rc follow(struct decoder *d, const struct packet *p)
{
	struct codec_option o = { 0 };

	if (d->codec && d->stream == p->stream)
		return RC_OK;
	codec_close(d->codec);
	d->codec = NULL;
	stream_free(d->stream);
	d->stream = stream_ref(p->stream);
	return codec_open(p->stream, &o, &d->codec, NULL);
}

enum rc decode_next(struct decoder *d, struct frame *ret)
{
	for (;;) {
		struct packet *p;
		enum rc rc = d->codec ? codec_receive(d->codec, ret, NULL) : RC_MISSING;

		if (rc != RC_MISSING || d->drained)
			return rc;
		if (input_read(d->in, &p, NULL) != RC_OK) {
			d->drained = true;
			if (d->codec == NULL || codec_send(d->codec, NULL, NULL) != RC_OK)
				return RC_MISSING;
			continue;
		}
		rc = follow(d, p);
		if (rc == RC_OK) /* A broken packet is the decoder's to conceal; the next key frame heals it. */
			rc = codec_send(d->codec, p, NULL) == RC_BUG ? RC_BUG : RC_OK;
		packet_free(p);
		TRY(rc);
	}
}

int64_t decode_length(const struct decoder *d)
{
	return input_length(d->in);
}

void decode_close(struct decoder *d)
{
	if (d == NULL)
		return;
	codec_close(d->codec);
	stream_free(d->stream);
	input_close(d->in);
	free(d);
}
