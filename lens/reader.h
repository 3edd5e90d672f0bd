/* reader.h - the thread that reads one stream or recording into a ring.
 *
 * Streams: reconnects after 1, 2, 4 ... 30 s, each shortened at random by up to
 * a half; a connection that lived for a minute starts the count anew.  Files:
 * once, in real time ('pace') or as fast as the ring is emptied.  A folder:
 * its files in order of name, each at its own time; then, when paced, it waits
 * for new ones, else it ends.
 */
#ifndef LENS_READER_H
#define LENS_READER_H

#include "lens/station.h"

struct reader_stats {
	int64_t packets, bytes;
	int64_t connects, failures; /* opened; could not be opened, or broke off */
	int64_t jumps, backs;       /* steps of the camera's clock; packets out of order */
	int64_t last_at;            /* monotonic time of the newest packet; 0: none yet */
	bool connected, ended;
	char why[160]; /* of the newest failure */
};

struct stream_reader;
/* 'url': of the main or the sub-stream. */
struct stream_reader *reader_start(struct station *st, const struct camera_setting *c, const char *url,
				   struct ring *ring);
/* After st->stop; closes the ring. */
void reader_stop(struct stream_reader *r); /* NULL allowed */
void reader_stats(struct stream_reader *r, struct reader_stats *ret);

#endif
