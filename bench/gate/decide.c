/* decide.c - decisions per second on one core with 100,000 credentials and 1,000
 * lanes, and how long the slowest hundredth takes; every answer is compared
 * with what was prepared. */
#include "gate/gate.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	CREDENTIALS = 100000,
	LANES = 1000,
	GROUPS = 50,
	SCHEDULES = 20,
	POLICIES = 8,
	ROUNDS = 2000000,
	TIMED = 200000,
	SLOTS = 1 << 18
};
#define NOW ((int64_t)1773273600 * SECOND) /* Thursday, 08:00 in China */

static uint64_t seed = 42;

static uint32_t any(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

struct town {
	struct gate_credential credentials[CREDENTIALS];
	struct gate_right rights[CREDENTIALS * 2];
	struct gate_window windows[SCHEDULES];
	struct gate_schedule schedules[SCHEDULES];
	struct gate_policy policies[POLICIES];
	struct gate_lane lanes[LANES];
	uint32_t slots[SLOTS];
	struct gate_list list;
};

static void build(struct town *t)
{
	for (unsigned i = 0; i < SCHEDULES; i++) {
		t->windows[i] = (struct gate_window){ 0x7f, 6 * 3600, 23 * 3600 };
		t->schedules[i] = (struct gate_schedule){ &t->windows[i], NULL, 1, 0 };
	}
	for (unsigned i = 0; i < CREDENTIALS; i++) {
		struct gate_credential *k = &t->credentials[i];

		*k = (struct gate_credential){ .key = { ((uint64_t)any(UINT32_MAX) << 32) | any(UINT32_MAX), i + 1 },
					       .rights = i * 2,
					       .n_rights = 2,
					       .method = GATE_CARD };
		t->rights[i * 2] = (struct gate_right){ .group = 1 + any(GROUPS), .schedule = 1 + any(SCHEDULES) };
		t->rights[i * 2 + 1] = (struct gate_right){ .door = 1 + i % LANES, .schedule = any(SCHEDULES) };
		if (i % 10 == 0)
			k->state = GATE_REVOKED;
	}
	for (unsigned i = 0; i < POLICIES; i++)
		t->policies[i] =
			(struct gate_policy){ .area = 1 + i, .to_at = NOW + HOUR, .refuses = 1 << GATE_VISITOR };
	for (unsigned i = 0; i < LANES; i++) {
		struct gate_lane *l = &t->lanes[i];

		*l = (struct gate_lane){ .door = i + 1,
					 .n_groups = 1,
					 .groups = { 1 + i % GROUPS },
					 .n_areas = 3,
					 .areas = { 1 + i % POLICIES, 2, 3 },
					 .direction = GATE_BOTH,
					 .passback = GATE_PASSBACK_HARD,
					 .passback_us = 4 * HOUR,
					 .n_modes = 2 };
		l->modes[0] = (struct gate_mode_rule){ 1 + any(SCHEDULES), GATE_NORMAL };
		for (uint8_t m = 0; m < 5; m++)
			l->ways[l->n_ways++] = (struct gate_way){ m, 1, 0 };
	}
	t->list = (struct gate_list){ .tz_offset_s = 8 * 3600,
				      .credentials = t->credentials,
				      .n_credentials = CREDENTIALS,
				      .rights = t->rights,
				      .n_rights = CREDENTIALS * 2,
				      .schedules = t->schedules,
				      .n_schedules = SCHEDULES,
				      .policies = t->policies,
				      .n_policies = POLICIES };
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Somebody at a lane where he has a right. */
static enum gate_verdict ask(const struct town *t, unsigned who, enum gate_verdict *want)
{
	static const struct gate_lane_state calm = { 0 };
	struct gate_request rq = { .method = GATE_CARD,
				   .key = t->credentials[who].key,
				   .direction = GATE_IN,
				   .last = { true, GATE_OUT, NOW - HOUR } };

	rq.last.direction = (uint8_t)(who % 7 == 0 ? GATE_IN : GATE_OUT);
	*want = who % 10 == 0 || who % 7 == 0 ? GATE_REFUSE : GATE_GRANT;
	return gate_decide(&t->list, &t->lanes[who % LANES], &calm, &rq, NOW, NOW).verdict;
}

int main(void)
{
	struct town *t = mem_new(sizeof(*t));
	int64_t *took = mem_new(TIMED * sizeof(*took)), begun;
	unsigned wrong = 0, granted = 0;
	enum gate_verdict want;

	build(t);
	if (!gate_list_index(&t->list, t->slots, SLOTS))
		return 1;
	begun = clock_monotonic();
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum gate_verdict v = ask(t, any(CREDENTIALS), &want);

		wrong += v != want;
		granted += v == GATE_GRANT;
	}
	double s = (double)(clock_monotonic() - begun) / (double)SECOND;

	for (unsigned i = 0; i < TIMED; i++) {
		unsigned who = any(CREDENTIALS);

		begun = clock_monotonic();
		wrong += ask(t, who, &want) != want;
		took[i] = clock_monotonic() - begun;
	}
	qsort(took, TIMED, sizeof(*took), by_size);
	printf("figure: decisions-per-s %.0f 1/s\n", ROUNDS / s);
	printf("figure: decision-p99 %lld us\n", (long long)took[TIMED * 99 / 100]);
	printf("figure: granted %.3f share\n", (double)granted / ROUNDS);
	if (wrong)
		printf("%u wrong decisions\n", wrong);
	free(took);
	free(t);
	return wrong != 0;
}
