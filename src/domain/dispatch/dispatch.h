/* dispatch.h - shifts, tasks and visits, seen from outside the module.  Others
 * hear of tasks by events: dispatch.task.<verb>, body as GET /api/dispatch/task/{id}.
 */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "core/module.h"

extern const struct module dispatch_module;

#endif
