/* ring.h - the last seconds of one stream as coded packets, bounded in bytes.
 *
 * One reader puts packets in, one decoding thread follows with a cursor, and
 * evidence takes references to what it needs.  Everything here may be called
 * from any thread.
 */
#ifndef LENS_RING_H
#define LENS_RING_H

#include "lens/decode.h"

enum { RING_SLOTS = 4096 };

struct ring;
/* 'keep_all': put waits for the follower instead of dropping what it has not
 * seen (recordings). */
struct ring *ring_new(size_t limit_bytes, bool keep_all);
void ring_free(struct ring *r); /* NULL allowed */

/* Takes over the reference.  False: the ring was closed. */
bool ring_put(struct ring *r, struct packet *p);
/* No more will come, or nobody follows any longer; wakes both sides. */
void ring_close(struct ring *r);

/* Why a follower did not see packets. */
struct ring_loss {
	int64_t late;   /* passed over because decoding fell behind */
	int64_t broken; /* fell out of the ring before they were seen */
};
/* The next packet after the cursor, a reference of the caller's; waits up to
 * 'wait'.  NULL: nothing yet, or closed and empty (*end).  When the newest
 * packet is more than 'behind' ahead (0: never), jumps to the newest key
 * packet and counts what was passed over. */
struct packet *ring_follow(struct ring *r, int64_t wait, int64_t behind, struct ring_loss *loss, bool *end);

/* References to the packets from the last key packet not after 'from' (by wall
 * time) to the newest one of the same stream; at most 'most'.  Returns how
 * many; 0: none that starts with a key packet.  A key packet after 'from'
 * serves when there is none before. */
size_t ring_take(struct ring *r, int64_t from, struct packet **ret, size_t most);
size_t ring_bytes(struct ring *r);

#endif
