/* access.h - doors, lanes, who may pass, visitors and what passed, seen from
 * outside the module.
 *
 * Others hear of it by events: access.visit.<verb>, access.code.<verb>,
 * access.parcel.<verb>, access.policy.<verb>, access.emergency.<verb>,
 * access.door.<verb>, access.wait.<verb>; a granted pass also enters sensing's
 * log as cn.jiuan.access.granted.v1 of the lane's device.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include "core/module.h"
#include "gate/gate.h"

extern const struct module access_module;

/* What a code scanned at a gate means is said by somebody else, outside the
 * writer: GATE_SCAN_TIMEOUT when no answer came within 'within_us'.  Set before
 * the server runs; NULL: every scan is a time-out, and the rule's fallback holds. */
typedef enum gate_scan access_verifier_fn(void *self, struct str scanned, int64_t within_us);
void access_set_verifier(struct ctx *c, access_verifier_fn *fn, void *self);

/* Time that only goes on, for the guard against a wrong clock; without it the
 * machine's own.  For tests and simulated days. */
void access_set_uptime(struct ctx *c, struct clock uptime);

#endif
