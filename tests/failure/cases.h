/* cases.h - one request for each operation that writes. */
#ifndef CASES_H
#define CASES_H

#include "stage.h"

struct write_case {
	const char *route; /* as app_list_routes says it */
	const char *who;   /* stage_actor() */
	const char *path;  /* filled; NULL: the route's own */
	const char *body;
	int want;
	void (*before)(struct stage *s); /* may be NULL */
	const char *save;                /* the new row's id gets this name */
	bool secret;                     /* the answer differs from run to run */
};

/* A list as a file, without anything opened. */
#define EXPORT(who_, entity)                                                                                      \
	{                                                                                                         \
		"POST /api/" entity "/export", who_, NULL, "{\"purpose\":\"correction\",\"reason\":\"audit 7\"}", \
			.want = 200                                                                               \
	}

/* Lists end with {0}; in order: later ones use what earlier ones made. */
extern const struct write_case files_cases[], register_cases[], enclosure_cases[], sensing_cases[], watch_cases[],
	dispatch_cases[], access_cases[], home_cases[];

#endif
