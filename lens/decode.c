#include "lens/decode.h"

#include <stdlib.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct decoder {
	AVFormatContext *format;
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *picture;
	int stream;
	bool drained;
};

static enum rc open_codec(struct decoder *d)
{
	const AVCodec *codec = NULL;

	d->stream = av_find_best_stream(d->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
	if (d->stream < 0 || !codec)
		return RC_INVALID;
	d->codec = avcodec_alloc_context3(codec);
	if (!d->codec || avcodec_parameters_to_context(d->codec, d->format->streams[d->stream]->codecpar) < 0)
		return RC_INVALID;
	d->codec->thread_count = 1;
	d->codec->skip_loop_filter = AVDISCARD_ALL; /* a quarter of decoding; the clip is a packet copy, untouched */
	d->packet = av_packet_alloc();
	d->picture = av_frame_alloc();
	if (!d->packet || !d->picture || avcodec_open2(d->codec, codec, NULL) < 0)
		return RC_INVALID;
	return RC_OK;
}

enum rc decode_open(const char *url, struct decoder **ret)
{
	struct decoder *d = mem_new(sizeof *d);
	enum rc rc = RC_MISSING;

	if (avformat_open_input(&d->format, url, NULL, NULL) >= 0)
		rc = avformat_find_stream_info(d->format, NULL) < 0 ? RC_INVALID : open_codec(d);
	if (rc != RC_OK) {
		decode_close(d);
		return rc;
	}
	*ret = d;
	return RC_OK;
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
	       format == AV_PIX_FMT_GRAY8;
}

static enum rc hand_out(struct decoder *d, struct frame *ret)
{
	AVFrame *f = av_frame_alloc();
	AVRational base = d->format->streams[d->stream]->time_base;

	if (!f)
		return RC_BUSY;
	av_frame_move_ref(f, d->picture);
	if (!luma8(f->format) || f->linesize[0] <= 0) {
		av_frame_free(&f);
		return RC_INVALID;
	}
	*ret = (struct frame){ .luma = f->data[0],
			       .stride = f->linesize[0],
			       .width = f->width,
			       .height = f->height,
			       .pts_us = av_rescale_q(f->best_effort_timestamp, base, AV_TIME_BASE_Q),
			       .key = f->key_frame != 0,
			       .ref = f,
			       .release = release };
	return RC_OK;
}

enum rc decode_next(struct decoder *d, struct frame *ret)
{
	for (;;) {
		int n = avcodec_receive_frame(d->codec, d->picture);

		if (n >= 0)
			return hand_out(d, ret);
		if (n != AVERROR(EAGAIN) || d->drained)
			return RC_MISSING;
		n = av_read_frame(d->format, d->packet);
		if (n < 0) {
			d->drained = true;
			avcodec_send_packet(d->codec, NULL);
			continue;
		}
		/* A broken packet is the decoder's to conceal; the next key frame heals it. */
		if (d->packet->stream_index == d->stream)
			avcodec_send_packet(d->codec, d->packet);
		av_packet_unref(d->packet);
	}
}

int64_t decode_length(const struct decoder *d)
{
	return d->format->duration > 0 ? d->format->duration : 0;
}

void decode_close(struct decoder *d)
{
	if (!d)
		return;
	av_packet_free(&d->packet);
	av_frame_free(&d->picture);
	avcodec_free_context(&d->codec);
	avformat_close_input(&d->format);
	free(d);
}
