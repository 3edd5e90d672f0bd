/* stamps.c - see stamps.h. */
#include "lens/stamps.h"

enum { JUMP_US = 2000000, SLACK_PPM = 200 };

void stamps_init(struct stamps *s, int64_t start)
{
	*s = (struct stamps){ .live = start == 0, .start = start };
}

enum stamp_word stamps_note(struct stamps *s, int64_t pts, int64_t now, int64_t *wall)
{
	enum stamp_word word = STAMP_FINE;
	int64_t step = pts - s->last, waited = now - s->last_now;

	if (s->begun && step <= 0 && step > -JUMP_US) {
		s->backs++;
		*wall = s->zero + s->last;
		return STAMP_BACK;
	}
	/* Stamps may stand still while the network stalls, but then they may not
	 * run ahead of it, and never back. */
	bool jumped = s->begun && (step <= 0 || (s->live ? step > waited + JUMP_US : step > 60 * JUMP_US));

	if (s->begun && s->live && waited > step + 5 * JUMP_US)
		jumped = true; /* a clock that was set back by less than the pause */
	if (jumped) {
		s->jumps++;
		word = STAMP_JUMP;
	}
	if (!s->live)
		s->zero = !s->begun ? s->start - pts : jumped ? s->zero + s->last + 40 * MILLI - pts : s->zero;
	else if (!s->begun || jumped || now - pts < s->zero)
		s->zero = now - pts;
	else
		s->zero += step * SLACK_PPM / 1000000; /* clocks drift: a least delay must be able to grow */
	s->begun = true;
	s->last = pts;
	s->last_now = now;
	*wall = s->zero + pts;
	return word;
}
