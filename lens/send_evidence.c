/* send_evidence.c - stills, clips and shared copies to their events. */
#include "lens/finding.h"
#include "lens/note.h"
#include "lens/send_inner.h"

#include <stdio.h>
#include <string.h>

/* Later, for good, or taken. */
static enum rc judge_evidence(struct sender *s, const struct spool_file *f, const struct post_answer *answer)
{
	long st = answer->status;

	if ((st >= 200 && st < 300) || st == 409) {
		pthread_mutex_lock(&s->lock);
		s->stats.evidence++;
		s->stats.connected = true;
		pthread_mutex_unlock(&s->lock);
		spool_remove(s->spool, f, false);
		return RC_OK;
	}
	if (st == 400 || st == 413 || st == 415 || st == 422) {
		note(NOTE_WARN, "evidence_refused", NULL, "event=%s kind=%s status=%ld", f->key, spool_kinds[f->kind],
		     st);
		spool_remove(s->spool, f, true);
		return RC_OK;
	}
	spool_later(s->spool, f, clock_now(clock_system()) + (st == 404 || st == 405 ? 10 : 1) * MINUTE);
	return st == 429 || st >= 500 ? RC_BUSY : RC_OK;
}

/* Only letters and digits stay as they are in an address. */
static void put_escaped(char *out, size_t room, const char *text)
{
	size_t n = strlen(out);

	for (; *text && n + 4 < room; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';

		n += (size_t)snprintf(out + n, room - n, plain ? "%c" : "%%%02X", c);
	}
}

static bool evidence_path(const struct sender *s, const struct spool_file *f, char *out, size_t room)
{
	char text[TIME_TEXT];
	const char *source = NULL;

	for (unsigned i = 0; i < s->o.sources_n; i++)
		if (finding_is_of(f->key, str_of(s->o.sources[i])))
			source = s->o.sources[i];
	if (source == NULL)
		return false;
	snprintf(out, room, "/api/sensing/evidence?kind=%s&source=", spool_kinds[f->kind]);
	put_escaped(out, room, source);
	size_t n = strlen(out);

	snprintf(out + n, room - n, "&id=%s&at=", f->key);
	time_text(finding_time(f->key), text); /* ends the text itself */
	put_escaped(out, room, text);
	return true;
}

enum rc sender_evidence(struct sender *s, struct arena *a, bool *more)
{
	static const char *const types[] = {
		[SPOOL_STILL] = "image/jpeg", [SPOOL_CLIP] = "video/mp4", [SPOOL_SHARED] = "video/mp4"
	};
	struct spool_file f;
	struct post_answer answer;
	char path[900];

	*more = spool_evidence(s->spool, clock_now(clock_system()), &f);
	if (!*more)
		return RC_OK;
	if (!evidence_path(s, &f, path, sizeof(path))) { /* its camera is no longer ours */
		spool_later(s->spool, &f, clock_now(clock_system()) + 10 * MINUTE);
		return RC_OK;
	}
	if (post_file(s->post, a, path, types[f.kind], f.path, &answer) == RC_MISSING) {
		spool_remove(s->spool, &f, true);
		return RC_OK;
	}
	return answer.status == 0 ? sender_no_answer(s, &answer) : judge_evidence(s, &f, &answer);
}
