/* decode_make.c - clips, stills and shared films. */
#include "lens/decode.h"

#include "lens/decode_inner.h"

#include <stdlib.h>
#include <string.h>

#include <libswscale/swscale.h>

static void *must(void *p)
{
	if (p == NULL)
		fatal("lens: out of memory");
	return p;
}

/* ---- clip: packets as they came ------------------------------------------------------ */

static enum rc clip_begin(AVFormatContext *out, const char *path, const struct stream *s, struct decode_error *err)
{
	AVStream *st = must(avformat_new_stream(out, NULL));
	AVDictionary *options = NULL;

	if (avcodec_parameters_copy(st->codecpar, s->par) < 0)
		fatal("lens: out of memory");
	st->codecpar->codec_tag = 0; /* the MP4 one, not the source's */
	st->time_base = s->base;
	int code = avio_open(&out->pb, path, AVIO_FLAG_WRITE);

	if (code < 0)
		return decode_fail(err, RC_BUSY, "cannot write the clip", code);
	av_dict_set(&options, "movflags", "faststart", 0);
	code = avformat_write_header(out, &options);
	av_dict_free(&options);
	return code < 0 ? decode_fail(err, RC_INVALID, "clip header", code) : RC_OK;
}

/* Stamps start at 0 and decoding times grow, whatever the camera sent. */
static enum rc clip_packets(AVFormatContext *out, struct packet *const *packets, size_t n, struct decode_error *err)
{
	const AVStream *st = out->streams[0];
	AVRational from = packets[0]->stream->base;
	const AVPacket *first = packets[0]->av;
	int64_t zero = first->dts != AV_NOPTS_VALUE ? first->dts : first->pts, last = -1;
	AVPacket *p = must(av_packet_alloc());
	int code = 0;

	for (size_t i = 0; i < n && code >= 0; i++) {
		if (av_packet_ref(p, packets[i]->av) < 0)
			fatal("lens: out of memory");
		if (p->dts == AV_NOPTS_VALUE)
			p->dts = p->pts;
		p->pts = av_rescale_q(p->pts - zero, from, st->time_base);
		p->dts = av_rescale_q(p->dts - zero, from, st->time_base);
		if (p->dts <= last)
			p->dts = last + 1;
		if (p->pts < p->dts)
			p->pts = p->dts;
		last = p->dts;
		p->duration = 0;
		p->pos = -1;
		p->stream_index = 0;
		code = av_write_frame(out, p);
		av_packet_unref(p);
	}
	av_packet_free(&p);
	return code < 0 ? decode_fail(err, RC_BUSY, "cannot write the clip", code) : RC_OK;
}

enum rc clip_write(const char *path, struct packet *const *packets, size_t n, struct decode_error *err)
{
	AVFormatContext *out = NULL;

	if (n == 0 || !packets[0]->key)
		return decode_fail(err, RC_INVALID, "a clip starts with a key frame", 0);
	for (size_t i = 1; i < n; i++)
		if (packets[i]->stream != packets[0]->stream)
			return decode_fail(err, RC_INVALID, "packets of two streams", 0);
	if (avformat_alloc_output_context2(&out, NULL, "mp4", path) < 0)
		fatal("lens: out of memory");
	enum rc rc = clip_begin(out, path, packets[0]->stream, err);

	if (rc == RC_OK)
		rc = clip_packets(out, packets, n, err);
	if (rc == RC_OK) {
		int code = av_write_trailer(out);

		if (code < 0)
			rc = decode_fail(err, RC_BUSY, "cannot write the clip", code);
	}
	if (out->pb && avio_closep(&out->pb) < 0 && rc == RC_OK)
		rc = decode_fail(err, RC_BUSY, "cannot write the clip", 0);
	avformat_free_context(out);
	return rc;
}

/* ---- pictures -------------------------------------------------------------------------- */

static AVFrame *new_frame(int format, int width, int height)
{
	AVFrame *f = must(av_frame_alloc());

	f->format = format;
	f->width = width;
	f->height = height;
	if (av_frame_get_buffer(f, 0) < 0)
		fatal("lens: out of memory");
	return f;
}

static enum rc convert(const AVFrame *from, AVFrame *to)
{
	struct SwsContext *s =
		sws_getContext(from->width, from->height, from->format, to->width, to->height, to->format,
			       from->width == to->width ? SWS_POINT : SWS_FAST_BILINEAR, NULL, NULL, NULL);

	if (s == NULL)
		return RC_INVALID;
	int n = sws_scale(s, (const uint8_t *const *)from->data, from->linesize, 0, from->height, to->data,
			  to->linesize);

	sws_freeContext(s);
	return n == to->height ? RC_OK : RC_INVALID;
}

enum rc picture_of(const struct frame *f, int widest, struct picture *ret)
{
	const AVFrame *from = f->ref;
	bool smaller = widest > 0 && from->width > widest;
	int width = smaller ? widest : from->width;
	int height = smaller ? (int)((int64_t)from->height * widest / from->width) : from->height;
	AVFrame *to = new_frame(AV_PIX_FMT_YUV420P, width & ~1, height & ~1);
	enum rc rc = convert(from, to);

	if (rc != RC_OK) {
		av_frame_free(&to);
		return rc;
	}
	*ret = (struct picture){ .plane = { to->data[0], to->data[1], to->data[2] },
				 .stride = { to->linesize[0], to->linesize[1], to->linesize[2] },
				 .width = to->width,
				 .height = to->height,
				 .pts_us = f->pts_us,
				 .av = to };
	return RC_OK;
}

void picture_free(struct picture *c)
{
	AVFrame *f = c->av;

	av_frame_free(&f);
	*c = (struct picture){ 0 };
}

enum rc picture_rgb(struct arena *a, const struct picture *c, struct str *ret)
{
	AVFrame *rgb = new_frame(AV_PIX_FMT_RGB24, c->width, c->height);
	enum rc rc = convert(c->av, rgb);
	size_t row = (size_t)c->width * 3;
	char *p = rc == RC_OK ? arena_alloc(a, row * (size_t)c->height) : NULL;

	for (int y = 0; p && y < c->height; y++)
		memcpy(p + (size_t)y * row, rgb->data[0] + y * rgb->linesize[0], row);
	av_frame_free(&rgb);
	*ret = (struct str){ p, p ? row * (size_t)c->height : 0 };
	return rc;
}

static enum rc jpeg_of(AVCodecContext *av, AVFrame *full, struct arena *a, struct str *ret)
{
	AVPacket *p = must(av_packet_alloc());
	enum rc rc = RC_INVALID;

	full->pts = 0;
	full->quality = av->global_quality;
	if (avcodec_send_frame(av, full) >= 0 && avcodec_receive_packet(av, p) >= 0) {
		*ret = arena_dup(a, (struct str){ (const char *)p->data, (size_t)p->size });
		rc = RC_OK;
	}
	av_packet_free(&p);
	return rc;
}

enum rc picture_jpeg(struct arena *a, const struct picture *c, int quality, struct str *ret, struct decode_error *err)
{
	const AVCodec *kind = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
	AVCodecContext *av = kind ? avcodec_alloc_context3(kind) : NULL;
	AVFrame *full = new_frame(AV_PIX_FMT_YUVJ420P, c->width, c->height);
	enum rc rc = RC_INVALID;

	if (av) {
		av->width = c->width;
		av->height = c->height;
		av->pix_fmt = AV_PIX_FMT_YUVJ420P;
		av->time_base = (AVRational){ 1, 25 };
		av->flags |= AV_CODEC_FLAG_QSCALE;
		av->global_quality = quality * FF_QP2LAMBDA;
		av->thread_count = 1;
		if (convert(c->av, full) == RC_OK && avcodec_open2(av, kind, NULL) >= 0)
			rc = jpeg_of(av, full, a, ret);
	}
	av_frame_free(&full);
	avcodec_free_context(&av);
	return rc == RC_OK ? rc : decode_fail(err, rc, "no picture could be made", 0);
}

/* ---- films: VP9 in MP4 ------------------------------------------------------------------- */

struct film {
	AVFormatContext *out;
	AVCodecContext *av;
	AVPacket *packet;
	int64_t zero, last;
	bool begun, failed;
};

static enum rc film_codec(struct film *f, int width, int height, struct decode_error *err)
{
	const AVCodec *kind = avcodec_find_encoder(AV_CODEC_ID_VP9);
	AVDictionary *options = NULL;

	f->av = kind ? avcodec_alloc_context3(kind) : NULL;
	if (f->av == NULL)
		return decode_fail(err, RC_MISSING, "this FFmpeg has no VP9 encoder", 0);
	f->av->width = width;
	f->av->height = height;
	f->av->pix_fmt = AV_PIX_FMT_YUV420P;
	f->av->time_base = (AVRational){ 1, 1000 };
	f->av->framerate = (AVRational){ 25, 1 };
	f->av->bit_rate = (int64_t)width * height + 500000; /* 1.4 Mbit/s at 720p */
	f->av->gop_size = 100;
	f->av->thread_count = 1;
	/* One pass, quick: a shared copy is to look at, the original is the proof. */
	av_dict_set(&options, "deadline", "realtime", 0);
	av_dict_set(&options, "cpu-used", "8", 0);
	int code = avcodec_open2(f->av, kind, &options);

	av_dict_free(&options);
	return code < 0 ? decode_fail(err, RC_INVALID, "VP9 does not start", code) : RC_OK;
}

static enum rc film_file(struct film *f, const char *path, struct decode_error *err)
{
	if (avformat_alloc_output_context2(&f->out, NULL, "mp4", path) < 0)
		return decode_fail(err, RC_MISSING, "this FFmpeg writes no MP4", 0);
	AVStream *st = must(avformat_new_stream(f->out, NULL));

	if (avcodec_parameters_from_context(st->codecpar, f->av) < 0)
		fatal("lens: out of memory");
	st->time_base = f->av->time_base;
	AVDictionary *options = NULL;
	int code = avio_open(&f->out->pb, path, AVIO_FLAG_WRITE);

	av_dict_set(&options, "movflags", "faststart", 0); /* plays while it loads */
	if (code >= 0)
		code = avformat_write_header(f->out, &options);
	av_dict_free(&options);
	if (code < 0)
		return decode_fail(err, RC_BUSY, "cannot write the film", code);
	f->begun = true;
	return RC_OK;
}

enum rc film_open(const char *path, int width, int height, struct film **ret, struct decode_error *err)
{
	struct film *f = mem_new(sizeof(*f));
	enum rc rc = film_codec(f, width, height, err);

	f->zero = NO_STAMP;
	f->last = -1;
	f->packet = must(av_packet_alloc());
	if (rc == RC_OK)
		rc = film_file(f, path, err);
	if (rc != RC_OK) {
		f->failed = true;
		(void)!film_close(f);
		return rc;
	}
	*ret = f;
	return RC_OK;
}

static enum rc film_drain(struct film *f)
{
	while (avcodec_receive_packet(f->av, f->packet) >= 0) {
		f->packet->stream_index = 0;
		av_packet_rescale_ts(f->packet, f->av->time_base, f->out->streams[0]->time_base);
		if (av_write_frame(f->out, f->packet) < 0)
			f->failed = true;
		av_packet_unref(f->packet);
	}
	return f->failed ? RC_BUSY : RC_OK;
}

enum rc film_add(struct film *f, const struct picture *c)
{
	AVFrame *frame = c->av;

	if (f->zero == NO_STAMP)
		f->zero = c->pts_us;
	frame->pts = (c->pts_us - f->zero) / MILLI;
	if (frame->pts <= f->last)
		frame->pts = f->last + 1;
	f->last = frame->pts;
	frame->pict_type = AV_PICTURE_TYPE_NONE;
	if (avcodec_send_frame(f->av, frame) < 0) {
		f->failed = true;
		return RC_INVALID;
	}
	return film_drain(f);
}

enum rc film_close(struct film *f)
{
	if (f == NULL)
		return RC_OK;
	if (!f->failed && (avcodec_send_frame(f->av, NULL) < 0 || film_drain(f) != RC_OK))
		f->failed = true;
	if (f->begun && av_write_trailer(f->out) < 0)
		f->failed = true;
	if (f->out && f->out->pb && avio_closep(&f->out->pb) < 0)
		f->failed = true;
	bool failed = f->failed;

	avformat_free_context(f->out);
	avcodec_free_context(&f->av);
	av_packet_free(&f->packet);
	free(f);
	return failed ? RC_BUSY : RC_OK;
}
