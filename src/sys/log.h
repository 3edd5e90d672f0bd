/* log.h - structured log lines (logfmt or JSON), one write(2) each.
 *
 *   2026-03-12T01:07:41.123456Z info http.listening port=8080 address="::1"
 *
 * Keys, modules and codes come from the program and are stable words.  Values
 * may come from anywhere: control characters, quotes, backslashes, non-UTF-8
 * bytes and the Unicode line and direction marks are escaped, a value is cut
 * at LOG_VALUE bytes and a line at LOG_LINE.  Personal values are never
 * written: the line carries "[personal]" instead.  No secrets in logs either:
 * that is the caller's duty.
 */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include "base/base.h"

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };
enum log_form { LOG_LOGFMT, LOG_JSON };
enum { LOG_VALUE = 512, LOG_LINE = 4096 };

struct log;

/* 'fd' stays the caller's (2 for stderr).  Lines below 'least' are dropped. */
struct log *log_new(int fd, enum log_form form, enum log_level least, struct clock clock);
void log_free(struct log *l);
/* False also for NULL; lets callers skip costly values. */
bool log_is_on(const struct log *l, enum log_level level);

enum log_kind { LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_PERSONAL };
struct log_pair {
	const char *key;
	enum log_kind kind;
	struct str text;
	int64_t i;
};
#define LOG_TEXT(k, s)     ((struct log_pair){ .key = (k), .kind = LOG_KIND_TEXT, .text = (s) })
#define LOG_INT(k, v)      ((struct log_pair){ .key = (k), .kind = LOG_KIND_INT, .i = (int64_t)(v) })
#define LOG_PERSONAL(k, s) ((struct log_pair){ .key = (k), .kind = LOG_KIND_PERSONAL, .text = (s) })

/* From any thread.  A NULL log takes no lines. */
void log_write(struct log *l, enum log_level level, const char *module, const char *code, const struct log_pair *pairs,
	       size_t n);
void log_plain(struct log *l, enum log_level level, const char *module, const char *code);
/* LOG(l, LEVEL_INFO, "http", "listening", LOG_INT("port", port)); one pair at least */
#define LOG(l, level, module, code, ...)                                                    \
	log_write((l), (level), (module), (code), (const struct log_pair[]){ __VA_ARGS__ }, \
		  COUNT(((const struct log_pair[]){ __VA_ARGS__ })))

/* Lines and bytes lost because the descriptor did not take them. */
uint64_t log_lost(const struct log *l);

#endif
