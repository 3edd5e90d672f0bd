/* app_modules.h - what this program is made of. */
#ifndef APP_MODULES_H
#define APP_MODULES_H

#include "core/app.h"

extern const struct module *const app_modules[]; /* NULL-terminated, in order of need */
extern const struct role app_roles[];            /* ends with {0} */

#endif
