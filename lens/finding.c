/* finding.c - see finding.h. */
#include "lens/finding.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { EVENT_MOST = 60000 };

static uint32_t mix(uint32_t hash, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ b[i]) * 16777619U; /* FNV-1a */
	return hash;
}

static uint32_t print_of(struct str source)
{
	return mix(2166136261U, source.p, source.n);
}

void finding_id(struct str source, const char *kind, int64_t at, double x, double y, char out[SPOOL_KEY])
{
	int32_t place[2] = { (int32_t)lround(x * 64), (int32_t)lround(y * 64) };
	uint32_t hash = mix(mix(2166136261U, kind, strlen(kind)), place, sizeof(place));

	snprintf(out, SPOOL_KEY, "%016lld-%08x%04x", (long long)at, print_of(source), (hash ^ hash >> 16) & 0xffff);
}

bool finding_is_of(const char *id, struct str source)
{
	char print[9];
	const char *dash = strchr(id, '-');

	snprintf(print, sizeof(print), "%08x", print_of(source));
	return dash && strncmp(dash + 1, print, 8) == 0;
}

int64_t finding_time(const char *id)
{
	int64_t at = 0;

	return str_int((struct str){ id, strcspn(id, "-") }, &at) == RC_OK ? at : 0;
}

static struct buf begin(struct arena *a, struct str source, const char *id, int64_t at, const char *type)
{
	struct buf b = buf_new(a, EVENT_MOST);

	json_open(&b, '{');
	json_put_text(&b, "specversion", STR("1.0"));
	json_put_text(&b, "id", str_of(id));
	json_put_text(&b, "source", source);
	json_put_text(&b, "type", str_of(type));
	json_put_time(&b, "time", at);
	json_key(&b, "data");
	json_open(&b, '{');
	return b;
}

static struct str finish(struct buf *b)
{
	json_close(b, '}');
	json_close(b, '}');
	return buf_str(b);
}

/* Two digits after the point: nobody reads more, and the text stays short. */
static void put_short(struct buf *b, const char *key, double v)
{
	json_put_real(b, key, round(v * 100) / 100);
}

static void put_incident(struct buf *b, const struct incident *i)
{
	json_put_text(b, "kind", i->kind == INCIDENT_DEBRIS ? STR("debris") : STR("thrown"));
	if (i->floor > 0) {
		json_put_int(b, "floor", i->floor);
		json_put_int(b, "floor_low", i->floor_low);
		json_put_int(b, "floor_high", i->floor_high);
		put_short(b, "release_m", i->release_m);
		put_short(b, "gravity", i->gravity);
		put_short(b, "gravity_sigma", i->gravity_sigma);
	}
	put_short(b, "score", i->confidence);
	json_put_int(b, "points", i->path_n);
	json_put_int(b, "paths", i->paths);
	put_short(b, "seconds", (double)(i->end_us - i->start_us) / SECOND);
	json_put_text(b, "version", STR("jiuan-lens/" JIUAN_VERSION));
}

/* The path in fractions of the picture, for a drawing over any still. */
static void put_path(struct buf *b, const struct incident *i)
{
	json_key(b, "path");
	json_open(b, '[');
	for (int k = 0; k < i->path_n; k++) {
		const struct path_point *p = &i->path[k];

		json_open(b, '[');
		json_int(b, (p->pts_us - i->start_us) / MILLI);
		json_real(b, round((double)p->x / i->width * 1e4) / 1e4);
		json_real(b, round((double)p->y / i->height * 1e4) / 1e4);
		json_close(b, ']');
	}
	json_close(b, ']');
}

struct str finding_thrown(struct arena *a, struct str source, const char *id, int64_t at, const struct incident *i)
{
	struct buf b = begin(a, source, id, at, "cn.jiuan.camera.thrown.v1");

	put_incident(&b, i);
	put_path(&b, i);
	return finish(&b);
}

struct str finding_lane(struct arena *a, struct str source, const char *id, int64_t at, struct str zone,
			const struct lane_change *c)
{
	struct buf b = begin(a, source, id, at, "cn.jiuan.camera.lane.v1");

	json_put_text(&b, "zone", zone);
	json_put_bool(&b, "occupied", c->word == LANE_BLOCKED);
	if (c->word == LANE_BLOCKED) {
		put_short(&b, "area_m2", c->area_m2);
		put_short(&b, "x", (double)c->x);
		put_short(&b, "y", (double)c->y);
	}
	return finish(&b);
}

struct str finding_object(struct arena *a, struct str source, const char *id, int64_t at, struct str zone,
			  struct str label, double score)
{
	struct buf b = begin(a, source, id, at, "cn.jiuan.camera.object.v1");

	json_put_text(&b, "label", label);
	json_put_text(&b, "zone", zone);
	put_short(&b, "score", score);
	json_put_text(&b, "phase", STR("new"));
	json_put_text(&b, "object_id", str_of(id));
	json_put_bool(&b, "stationary", false);
	return finish(&b);
}

struct str finding_health(struct arena *a, struct str source, const char *id, int64_t at, const char *state,
			  const char *reason)
{
	struct buf b = begin(a, source, id, at, "cn.jiuan.device.health.v1");

	json_put_text(&b, "part", STR("picture"));
	json_put_text(&b, "state", str_of(state));
	if (reason)
		json_put_text(&b, "reason", str_of(reason));
	return finish(&b);
}

struct str finding_offline(struct arena *a, struct str source, const char *id, int64_t at, const char *reason)
{
	struct buf b = begin(a, source, id, at, "cn.jiuan.device.offline.v1");

	json_put_text(&b, "reason", str_of(reason));
	return finish(&b);
}

struct str finding_online(struct arena *a, struct str source, const char *id, int64_t at)
{
	struct buf b = begin(a, source, id, at, "cn.jiuan.device.online.v1");

	return finish(&b);
}

struct str finding_heartbeat(struct arena *a, struct str source, int64_t at, enum health_word word)
{
	char id[SPOOL_KEY];

	finding_id(source, "heartbeat", at, 0, 0, id);
	struct buf b = begin(a, source, id, at, "cn.jiuan.device.heartbeat.v1");

	/* The server knows two words for a camera that cannot see what it should. */
	json_put_bool(&b, "tamper", word == HEALTH_MOVED);
	json_put_bool(&b, "covered", word == HEALTH_COVERED || word == HEALTH_DARK || word == HEALTH_FROZEN);
	return finish(&b);
}

static void put_fit(struct buf *b, const char *key, const double *fit)
{
	json_key(b, key);
	json_open(b, '[');
	for (int k = 0; k < 3; k++)
		json_real(b, fit[k]);
	json_close(b, ']');
}

struct str finding_facts(struct arena *a, struct str source, const char *id, int64_t at, const struct incident *i,
			 const struct facts_file *files, size_t n)
{
	char own[SPOOL_KEY + 8];

	snprintf(own, sizeof(own), "%s-facts", id);
	struct buf b = begin(a, source, own, at, "cn.jiuan.camera.evidence.v1");

	json_put_text(&b, "event", str_of(id));
	put_incident(&b, i);
	json_put_time(&b, "from", at);
	json_put_time(&b, "to", at + (i->end_us - i->start_us));
	json_put_int(&b, "width", i->width);
	json_put_int(&b, "height", i->height);
	put_fit(&b, "fit_x", i->fit_x);
	put_fit(&b, "fit_y", i->fit_y);
	json_put_real(&b, "fit_rms", i->fit_rms);
	json_put_real(&b, "log_likelihood", i->score);
	json_put_real(&b, "occupancy", i->occupancy);
	put_path(&b, i);
	json_key(&b, "files");
	json_open(&b, '[');
	for (size_t k = 0; k < n; k++) {
		json_open(&b, '{');
		json_put_text(&b, "name", str_of(files[k].name));
		json_put_int(&b, "bytes", files[k].bytes);
		json_put_text(&b, "blake2b", str_of(files[k].hash));
		json_close(&b, '}');
	}
	json_close(&b, ']');
	return finish(&b);
}
