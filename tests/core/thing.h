/* thing.h - a small module that exists for core's own tests: things with an
 * owner, a place, a helper, a flow and one field of each kind. */
#ifndef THING_H
#define THING_H

#include "core/app.h"

#include <stdatomic.h>

extern const struct module thing_module;
extern const struct role thing_roles[];
extern const struct entity thing_item;
extern atomic_int thing_heard; /* events its listener took */
extern atomic_int thing_fails; /* so many times it fails first */

#endif
