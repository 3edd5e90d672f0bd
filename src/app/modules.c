#include "app/app_modules.h"

#include "domain/access/access.h"
#include "domain/dispatch/dispatch.h"
#include "domain/insight/insight.h"
#include "domain/people/people.h"
#include "domain/places/places.h"
#include "domain/sensing/sensing.h"
#include "domain/watch/watch.h"
#include "files/files.h"

const struct module *const app_modules[] = {
	&files_module,    &places_module,  &people_module, &sensing_module, &access_module, &watch_module,
	&dispatch_module, &insight_module, NULL,
};
