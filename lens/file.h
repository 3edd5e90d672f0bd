/* file.h - small files, whole. */
#ifndef LENS_FILE_H
#define LENS_FILE_H

#include "base/base.h"

/* NUL follows the text.  RC_MISSING: can't be opened; RC_LIMIT: above 256 MiB. */
enum rc file_read(struct arena *a, const char *path, struct str *ret) MUST_USE;
enum rc file_write(const char *path, struct str text) MUST_USE; /* RC_BUSY: not written */

#endif
