/* camera_tell.c - what a camera found, into the spool. */
#include "lens/camera_inner.h"

#include "lens/finding.h"
#include "lens/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORM_SPAN (10 * MINUTE)
#define LOST_AFTER (15 * SECOND)
#define SILENCE    (2 * SECOND)

enum { ARENA = 256 * 1024 };

/* ---- telling --------------------------------------------------------------------------- */

static bool put_event(struct camera *c, const char *id, enum spool_kind kind, struct str event)
{
	enum rc rc = spool_put(c->st->spool, id, kind, event);

	if (rc != RC_OK)
		note(NOTE_ERROR, "finding_not_kept", c->setting->name, "event=%s rc=%d", id, (int)rc);
	else if (c->st->sender)
		sender_wake(c->st->sender);
	return rc == RC_OK;
}

/* At most storm_max findings in ten minutes, whatever happens in front of it. */
static bool may_tell(struct camera *c, int64_t at)
{
	unsigned most = c->setting->storm_max < TOLD_MAX ? (unsigned)c->setting->storm_max : TOLD_MAX, n = 0;

	for (unsigned i = 0; i < TOLD_MAX; i++)
		n += c->told[i] != 0 && c->told[i] > at - STORM_SPAN && c->told[i] <= at + STORM_SPAN;
	if (n >= most) {
		if (c->count.held_back++ == 0)
			note(NOTE_WARN, "storm", c->setting->name, "most=%u", most);
		return false;
	}
	c->told[c->told_at++ % TOLD_MAX] = at;
	return true;
}

/* ---- evidence ---------------------------------------------------------------------------- */

/* Packets from before 'from' to now; none: no evidence. */
static struct evidence_job *new_job(struct camera *c, const char *id, int64_t from)
{
	if (c->jobs_n >= JOBS_MAX) {
		c->count.no_evidence++;
		return NULL;
	}
	struct evidence_job *job = mem_new(sizeof(*job));

	job->camera = c->setting;
	snprintf(job->id, sizeof(job->id), "%s", id);
	job->n = ring_take(c->main, from, job->packets, EVIDENCE_PACKETS);
	if (job->n == 0) {
		c->count.no_evidence++;
		free(job);
		return NULL;
	}
	c->jobs[c->jobs_n++] = job;
	return job;
}

/* What came since, until it is due. */
static void top_up(struct camera *c, struct evidence_job *job)
{
	struct packet **more = mem_new(EVIDENCE_PACKETS * sizeof(struct packet *));
	struct packet *last = job->packets[job->n - 1];
	size_t n = ring_take(c->main, last->wall, more, EVIDENCE_PACKETS), i = 0;

	while (i < n && more[i] != last)
		i++;
	for (size_t k = 0; k < n; k++)
		if (k > i && more[k]->wall <= job->due && job->n < EVIDENCE_PACKETS)
			job->packets[job->n++] = more[k];
		else
			packet_free(more[k]);
	free(more);
}

void camera_finish_evidence(struct camera *c, bool all)
{
	int kept = 0;

	for (int i = 0; i < c->jobs_n; i++) {
		struct evidence_job *job = c->jobs[i];

		if (!all && c->newest < job->due) {
			c->jobs[kept++] = job;
			continue;
		}
		top_up(c, job);
		if (!evidence_give(c->st->desk, job))
			c->count.no_evidence++;
	}
	c->jobs_n = kept;
}

/* ---- what falls ------------------------------------------------------------------------------ */

void camera_found(void *self, const struct incident *i)
{
	struct camera *c = self;
	int64_t at = i->start_us + c->correction;
	char id[SPOOL_KEY];
	const char *kind = i->kind == INCIDENT_DEBRIS ? "debris" : "thrown";
	struct str source = str_of(c->setting->source);

	if (i->path_n <= 0 || !may_tell(c, at))
		return;
	finding_id(source, kind, at, (double)i->path[0].x / i->width, (double)i->path[0].y / i->height, id);
	c->count.thrown++;
	note(NOTE_INFO, "thrown", c->setting->name, "event=%s kind=%s floor=%d points=%d", id, kind, i->floor,
	     i->path_n);
	struct arena *a = arena_new(ARENA);

	if (put_event(c, id, SPOOL_EVENT, finding_thrown(a, source, id, at, i))) {
		struct evidence_job *job = new_job(c, id, at - EVIDENCE_BEFORE);

		if (job) {
			job->at = at;
			job->incident = *i;
			job->incident.path_n = i->path_n < ANALYSE_PATH_MAX ? i->path_n : ANALYSE_PATH_MAX;
			memcpy(job->path, i->path, sizeof(*i->path) * (size_t)job->incident.path_n);
			job->incident.path = NULL;
			job->path_offset = c->correction;
			job->due = at + (i->end_us - i->start_us) + EVIDENCE_AFTER;
		}
	}
	arena_free(a);
}

/* ---- what blocks -------------------------------------------------------------------------------- */

static void tell_lane(struct camera *c, int lane, const struct lane_change *change)
{
	int64_t at = change->since_us + c->correction;
	char id[SPOOL_KEY];
	struct str source = str_of(c->setting->source), zone = str_of(c->setting->lanes[lane].name);
	bool blocked = change->word == LANE_BLOCKED;

	finding_id(source, blocked ? "lane" : "free", at, lane, 0, id);
	c->count.lane++;
	note(NOTE_INFO, blocked ? "lane_blocked" : "lane_free", c->setting->name, "event=%s zone=%s", id,
	     NOTE_VALUE(c->setting->lanes[lane].name));
	struct arena *a = arena_new(ARENA);

	/* "Free" takes an alarm back: no storm control holds it. */
	if (put_event(c, id, SPOOL_EVENT, finding_lane(a, source, id, at, zone, change)) && blocked) {
		struct evidence_job *job = new_job(c, id, c->newest);

		if (job) {
			job->at = at;
			job->lane = lane;
			job->due = c->newest;
		}
	}
	arena_free(a);
}

void camera_look_at_lanes(struct camera *c, const struct frame *f)
{
	for (int i = 0; i < c->setting->lanes_n; i++) {
		struct lane_change change = lane_look(c->lanes[i], f);

		if (change.word == LANE_FREE || (change.word == LANE_BLOCKED && may_tell(c, f->pts_us + c->correction)))
			tell_lane(c, i, &change);
	}
}

/* ---- what is taken inside --------------------------------------------------------------------------- */

void camera_look_inside(struct camera *c, const struct frame *f)
{
	struct plug_finding found;

	if (c->plug == NULL)
		return;
	plug_offer(c->plug, f);
	while (plug_take(c->plug, &found)) {
		int64_t at = found.pts_us + c->correction;
		char id[SPOOL_KEY];
		struct str source = str_of(c->setting->source);

		if (!may_tell(c, at))
			continue;
		finding_id(source, found.label, at, found.x, found.y, id);
		c->count.object++;
		note(NOTE_INFO, "inside", c->setting->name, "event=%s label=%s", id, NOTE_VALUE(found.label));
		struct arena *a = arena_new(ARENA);

		put_event(c, id, SPOOL_EVENT,
			  finding_object(a, source, id, at, str_of(c->setting->detector.zone), str_of(found.label),
					 found.score));
		arena_free(a);
	}
}

/* ---- health ---------------------------------------------------------------------------------------------- */

void camera_tell_health(struct camera *c, int64_t at)
{
	char id[SPOOL_KEY];
	const char *word = health_words[c->health.word];
	struct str source = str_of(c->setting->source);
	struct arena *a = arena_new(ARENA);

	finding_id(source, word, at, 0, 0, id);
	c->count.health++;
	note(c->health.word == HEALTH_FINE ? NOTE_INFO : NOTE_WARN, "camera_health", c->setting->name, "state=%s",
	     word);
	put_event(c, id, SPOOL_HEALTH, finding_health(a, source, id, at, word, NULL));
	if (c->st->sender) /* the flags of the device, at once */
		sender_heartbeat(c->st->sender, c->index,
				 finding_heartbeat(a, source, clock_now(clock_system()), c->health.word));
	arena_free(a);
}

static void tell_connection(struct camera *c, bool lost, const char *why)
{
	int64_t at = clock_now(clock_system());
	char id[SPOOL_KEY];
	struct str source = str_of(c->setting->source);
	struct arena *a = arena_new(ARENA);

	finding_id(source, lost ? "offline" : "online", at, 0, 0, id);
	c->lost = lost;
	note(lost ? NOTE_WARN : NOTE_INFO, lost ? "camera_away" : "camera_back", c->setting->name, "reason=%s",
	     NOTE_VALUE(why));
	put_event(c, id, SPOOL_HEALTH,
		  lost ? finding_offline(a, source, id, at, why) : finding_online(a, source, id, at));
	arena_free(a);
}

void camera_watch_connection(struct camera *c)
{
	struct reader_stats s;
	int64_t now = clock_monotonic();

	reader_stats(c->sub_reader ? c->sub_reader : c->main_reader, &s);
	if (s.ended)
		return;
	if (c->quiet_since == 0)
		c->quiet_since = now;
	if (s.last_at > c->quiet_since)
		c->quiet_since = s.last_at;
	bool lost = now - c->quiet_since > LOST_AFTER;

	/* What was in the air falls no further, and no later pictures will come. */
	if (c->newest != 0 && now - c->quiet_since > SILENCE && !c->silent) {
		c->silent = true;
		if (c->analyser)
			analyser_flush(c->analyser, camera_found, c);
	} else if (now - c->quiet_since <= SILENCE) {
		c->silent = false;
	}
	if (now - c->quiet_since > SILENCE + EVIDENCE_AFTER)
		camera_finish_evidence(c, true);
	if (lost != c->lost && (lost || s.last_at != 0))
		tell_connection(c, lost, lost ? (s.why[0] ? s.why : "no pictures") : "");
}

void camera_broken(struct camera *c, const struct decode_error *err)
{
	int64_t now = clock_monotonic();

	c->count.broken++;
	if (c->broken_said && now - c->broken_said < MINUTE)
		return;
	c->broken_said = now;
	note(NOTE_WARN, "camera_broken", c->setting->name, "reason=%s so_far=%lld", NOTE_VALUE(err->text),
	     (long long)c->count.broken);
}

void camera_heartbeat(struct camera *c)
{
	pthread_mutex_lock(&c->lock);
	if (c->st->sender && !c->lost && c->newest != 0 && !atomic_load(&c->ended)) {
		struct arena *a = arena_new(ARENA);

		sender_heartbeat(
			c->st->sender, c->index,
			finding_heartbeat(a, str_of(c->setting->source), clock_now(clock_system()), c->health.word));
		arena_free(a);
	}
	pthread_mutex_unlock(&c->lock);
}

/* What happened since the last line. */
void camera_minute(struct camera *c)
{
	struct reader_stats s;
	struct analyser_stats a = { 0 };

	reader_stats(c->main_reader, &s);
	pthread_mutex_lock(&c->lock);
	if (c->analyser)
		a = *analyser_stats(c->analyser);
	const struct camera_count *n = &c->count, *o = &c->at_minute;
	const struct analyser_stats *b = &c->seen_at_minute;

	note(NOTE_INFO, "minute", c->setting->name,
	     "decoded=%lld analysed=%lld skipped_late=%lld skipped_lost=%lld skipped_repeat=%lld skipped_change=%lld "
	     "skipped_time=%lld broken=%lld thrown=%lld lane=%lld object=%lld held_back=%lld no_evidence=%lld "
	     "health=%s "
	     "size=%dx%d ring_kb=%zu connects=%lld failures=%lld jumps=%lld detector=\"%s\"",
	     (long long)(n->decoded - o->decoded), (long long)(a.analysed - b->analysed),
	     (long long)(c->loss.late - c->loss_at_minute.late), (long long)(c->loss.broken - c->loss_at_minute.broken),
	     (long long)(a.skipped[SKIP_DUPLICATE] - b->skipped[SKIP_DUPLICATE]),
	     (long long)(a.skipped[SKIP_CHANGE] - b->skipped[SKIP_CHANGE]),
	     (long long)(a.skipped[SKIP_TIME] - b->skipped[SKIP_TIME] + n->backwards - o->backwards),
	     (long long)(n->broken - o->broken), (long long)(n->thrown - o->thrown), (long long)(n->lane - o->lane),
	     (long long)(n->object - o->object), (long long)(n->held_back - o->held_back + a.held_back - b->held_back),
	     (long long)(n->no_evidence - o->no_evidence), health_words[c->health.word], c->width, c->height,
	     ring_bytes(c->main) / 1024, (long long)s.connects, (long long)s.failures, (long long)s.jumps,
	     plug_states[plug_stats(c->plug).state]);
	c->at_minute = c->count;
	c->loss_at_minute = c->loss;
	c->seen_at_minute = a;
	pthread_mutex_unlock(&c->lock);
}
