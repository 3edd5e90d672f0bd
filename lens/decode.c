/* decode.c - inputs, packets, codecs. */
#include "lens/decode.h"

#include "lens/decode_inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <string.h>

enum { STREAMS_MAX = 16 };

/* FFmpeg speaks to standard error by itself; errors are told by name of the
 * camera, once. */
static void be_quiet(void)
{
	av_log_set_level(AV_LOG_QUIET);
}
static pthread_once_t quiet = PTHREAD_ONCE_INIT;

/* ---- errors ------------------------------------------------------------------------ */

enum rc decode_fail(struct decode_error *err, enum rc rc, const char *what, int code)
{
	char why[AV_ERROR_MAX_STRING_SIZE] = "";

	if (code < 0)
		av_strerror(code, why, sizeof(why));
	if (err)
		snprintf(err->text, sizeof(err->text), "%s%s%s", what, code < 0 ? ": " : "", why);
	return rc;
}

static enum rc rc_of(int code)
{
	switch (code) {
	case AVERROR(ENOENT): return RC_MISSING;
	case AVERROR_HTTP_UNAUTHORIZED:
	case AVERROR_HTTP_FORBIDDEN: return RC_DENIED;
	case AVERROR_HTTP_NOT_FOUND: return RC_MISSING;
	case AVERROR_INVALIDDATA:
	case AVERROR_DEMUXER_NOT_FOUND:
	case AVERROR_STREAM_NOT_FOUND:
	case AVERROR_DECODER_NOT_FOUND: return RC_INVALID;
	default: return RC_BUSY;
	}
}

/* ---- counted things ---------------------------------------------------------------- */

struct stream *stream_ref(struct stream *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void stream_free(struct stream *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	avcodec_parameters_free(&s->par);
	free(s);
}

bool stream_same(const struct stream *a, const struct stream *b)
{
	const AVCodecParameters *p = a->par, *q = b->par;

	return p->codec_id == q->codec_id && p->width == q->width && p->height == q->height &&
	       p->extradata_size == q->extradata_size &&
	       (p->extradata_size == 0 || memcmp(p->extradata, q->extradata, (size_t)p->extradata_size) == 0);
}

const char *stream_codec(const struct stream *s)
{
	return avcodec_get_name(s->par->codec_id);
}

static struct stream *stream_new(const AVStream *from)
{
	struct stream *s = mem_new(sizeof(*s));

	atomic_init(&s->refs, 1);
	s->base = from->time_base;
	s->par = avcodec_parameters_alloc();
	if (s->par == NULL || avcodec_parameters_copy(s->par, from->codecpar) < 0)
		fatal("lens: out of memory");
	return s;
}

struct packet *packet_ref(struct packet *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void packet_free(struct packet *p)
{
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	AVPacket *av = p->av;

	av_packet_free(&av);
	stream_free(p->stream);
	free(p);
}

/* ---- input -------------------------------------------------------------------------- */

struct input {
	AVFormatContext *format;
	AVPacket *packet;
	struct stream *stream;
	int index;
	int64_t wait, alive; /* when something last came */
	const atomic_bool *stop;
	int64_t next_us, step_us; /* for inputs without stamps: raw H.264 */
};

/* FFmpeg asks this while it waits. */
static int interrupted(void *self)
{
	const struct input *in = self;

	return (in->stop && atomic_load(in->stop)) || clock_monotonic() - in->alive > in->wait;
}

bool input_is_net(const char *url)
{
	return strncmp(url, "rtsp://", 7) == 0 || strncmp(url, "rtsps://", 8) == 0;
}

static enum rc set_options(const struct input_option *o, AVDictionary **d)
{
	if (!input_is_net(o->url)) {
		av_dict_set(d, "protocol_whitelist", "file", 0);
		av_dict_set(d, "format_whitelist",
			    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,h264,hevc", 0);
		return RC_OK;
	}
	av_dict_set(d, "protocol_whitelist", "rtsp,rtsps,tcp,tls,udp,rtp", 0);
	av_dict_set(d, "rtsp_transport", o->udp ? "udp" : "tcp", 0);
	av_dict_set(d, "allowed_media_types", "video", 0);
	av_dict_set_int(d, "timeout", o->wait ? o->wait : 10 * SECOND, 0);
	av_dict_set_int(d, "max_delay", 200 * MILLI, 0);
	if (o->verify) {
		av_dict_set(d, "tls_verify", "1", 0);
		av_dict_set(d, "ca_file", o->ca_file, 0);
	}
	return RC_OK;
}

static bool codec_known(enum AVCodecID id)
{
	return id == AV_CODEC_ID_H264 || id == AV_CODEC_ID_HEVC;
}

/* Probing decodes, too: the limit must hold there.  'each' as FFmpeg wants it,
 * one set of options a stream. */
static int probe(struct input *in, int64_t max_pixels)
{
	AVDictionary *each[STREAMS_MAX] = { NULL };
	unsigned n = in->format->nb_streams;

	if (n == 0 || n > STREAMS_MAX)
		return AVERROR_INVALIDDATA;
	in->format->max_analyze_duration = 3 * SECOND;
	in->format->probesize = 4 << 20;
	for (unsigned i = 0; i < n; i++) {
		const AVCodecParameters *p = in->format->streams[i]->codecpar;

		if (p->codec_type != AVMEDIA_TYPE_VIDEO)
			in->format->streams[i]->discard = AVDISCARD_ALL;
		av_dict_set_int(&each[i], "max_pixels", max_pixels, 0);
		av_dict_set_int(&each[i], "threads", 1, 0);
	}
	int code = avformat_find_stream_info(in->format, each);

	for (unsigned i = 0; i < n; i++)
		av_dict_free(&each[i]);
	return code;
}

static bool too_large(const AVStream *s, int64_t max_pixels)
{
	const AVCodecParameters *p = s->codecpar;

	return p->width > FRAME_MAX_WIDTH || p->height > FRAME_MAX_HEIGHT || (int64_t)p->width * p->height > max_pixels;
}

static enum rc look_inside(struct input *in, int64_t max_pixels, struct decode_error *err)
{
	int code = probe(in, max_pixels);

	if (code < 0)
		return decode_fail(err, rc_of(code), "no readable stream", code);
	in->index = av_find_best_stream(in->format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (in->index < 0)
		return decode_fail(err, RC_INVALID, "no video inside", 0);
	const AVStream *s = in->format->streams[in->index];

	if (!codec_known(s->codecpar->codec_id))
		return decode_fail(err, RC_INVALID, "neither H.264 nor H.265", 0);
	if (too_large(s, max_pixels))
		return decode_fail(err, RC_INVALID, "the picture is larger than allowed", 0);
	for (unsigned i = 0; i < in->format->nb_streams; i++)
		if ((int)i != in->index)
			in->format->streams[i]->discard = AVDISCARD_ALL;
	in->stream = stream_new(s);
	in->step_us = s->avg_frame_rate.num > 0 && s->avg_frame_rate.num < 1000 * (int64_t)s->avg_frame_rate.den
			      ? av_rescale(SECOND, s->avg_frame_rate.den, s->avg_frame_rate.num)
			      : 40 * MILLI;
	return RC_OK;
}

enum rc input_open(const struct input_option *o, struct input **ret, struct decode_error *err)
{
	pthread_once(&quiet, be_quiet);
	struct input *in = mem_new(sizeof(*in));
	AVDictionary *options = NULL;
	enum rc rc = RC_OK;

	in->stop = o->stop;
	in->wait = o->wait ? o->wait : 10 * SECOND;
	in->alive = clock_monotonic();
	in->packet = av_packet_alloc();
	in->format = avformat_alloc_context();
	if (in->packet == NULL || in->format == NULL || set_options(o, &options) != RC_OK)
		fatal("lens: out of memory");
	in->format->interrupt_callback = (AVIOInterruptCB){ interrupted, in };
	int code = avformat_open_input(&in->format, o->url, NULL, &options);

	if (code < 0)
		rc = decode_fail(err, rc_of(code), "cannot open", code);
	else if (o->verify && av_dict_get(options, "tls_verify", NULL, 0))
		rc = decode_fail(err, RC_INVALID, "this FFmpeg cannot check certificates of rtsps", 0);
	else
		rc = look_inside(in, o->max_pixels ? o->max_pixels : DECODE_MAX_PIXELS, err);
	av_dict_free(&options);
	if (rc != RC_OK) {
		input_close(in);
		return rc;
	}
	*ret = in;
	return RC_OK;
}

void input_close(struct input *in)
{
	if (in == NULL)
		return;
	in->alive = clock_monotonic(); /* saying good-bye takes a moment, too */
	in->wait = SECOND;
	avformat_close_input(&in->format);
	av_packet_free(&in->packet);
	stream_free(in->stream);
	free(in);
}

int64_t input_length(const struct input *in)
{
	return in->format->duration > 0 ? in->format->duration : 0;
}

double input_rate(const struct input *in)
{
	AVRational r = in->format->streams[in->index]->avg_frame_rate;

	return r.num > 0 && r.den > 0 ? av_q2d(r) : 0;
}

/* With a decoding time only, pictures come in that order. */
static int64_t stamp_of(struct input *in, const AVPacket *p)
{
	int64_t t = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;

	if (t != AV_NOPTS_VALUE)
		return av_rescale_q(t, in->stream->base, AV_TIME_BASE_Q);
	t = in->next_us;
	in->next_us += in->step_us;
	return t;
}

/* The announced size may change in mid-stream; a clip never spans the change. */
static void follow_stream(struct input *in)
{
	const AVStream *s = in->format->streams[in->index];
	size_t size = 0;
	uint8_t *side = av_packet_get_side_data(in->packet, AV_PKT_DATA_NEW_EXTRADATA, &size);

	if (side == NULL || size == 0 || size > 65536)
		return;
	struct stream *fresh = stream_new(s);

	av_freep(&fresh->par->extradata);
	fresh->par->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
	if (fresh->par->extradata == NULL)
		fatal("lens: out of memory");
	memcpy(fresh->par->extradata, side, size);
	fresh->par->extradata_size = (int)size;
	if (stream_same(fresh, in->stream)) {
		stream_free(fresh);
		return;
	}
	stream_free(in->stream);
	in->stream = fresh;
}

static struct packet *take(struct input *in)
{
	struct packet *p = mem_new(sizeof(*p));
	AVPacket *av = av_packet_alloc();

	if (av == NULL)
		fatal("lens: out of memory");
	p->pts_us = stamp_of(in, in->packet);
	p->dts_us = in->packet->dts != AV_NOPTS_VALUE ? av_rescale_q(in->packet->dts, in->stream->base, AV_TIME_BASE_Q)
						      : p->pts_us;
	p->unstamped = in->packet->pts == AV_NOPTS_VALUE;
	if (in->packet->pts == AV_NOPTS_VALUE && in->packet->dts == AV_NOPTS_VALUE)
		in->packet->pts = in->packet->dts = av_rescale_q(p->pts_us, AV_TIME_BASE_Q, in->stream->base);
	p->bytes = (size_t)in->packet->size;
	p->key = (in->packet->flags & AV_PKT_FLAG_KEY) != 0;
	p->stream = stream_ref(in->stream);
	atomic_init(&p->refs, 1);
	av_packet_move_ref(av, in->packet);
	p->av = av;
	return p;
}

enum rc input_read(struct input *in, struct packet **ret, struct decode_error *err)
{
	for (;;) {
		in->alive = clock_monotonic();
		int code = av_read_frame(in->format, in->packet);

		if (code == AVERROR_EOF)
			return RC_MISSING;
		if (code < 0)
			return decode_fail(err, rc_of(code) == RC_INVALID ? RC_INVALID : RC_BUSY, "reading stopped",
					   code);
		if (in->packet->stream_index == in->index && in->packet->size > 0 && in->packet->size <= PACKET_MAX) {
			follow_stream(in);
			*ret = take(in);
			return RC_OK;
		}
		av_packet_unref(in->packet);
	}
}
