/* watch_backtest.h - one rule over the stored history. */
#ifndef WATCH_BACKTEST_H
#define WATCH_BACKTEST_H

#include "domain/watch/watch_eval.h"

enum { BACKTEST_DAYS = 90, BACKTEST_SAMPLES = 20, BACKTEST_PLACES = 10 };

struct backtest {
	struct rule_row rule;
	struct evaluator *ev;
	int64_t from, to, days, history_days;
	const struct pending **fired; /* in order of time */
	size_t n;
	struct str result;
};

/* Writes the answer of POST .../backtest into b->result; 'id' of the stored row. */
enum rc backtest_sum(struct ctx *c, struct backtest *b, struct str id) MUST_USE;

#endif
