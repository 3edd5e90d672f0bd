/* demo.h - the demo: communities, people, devices and rules of the cases S5,
 * S7 and S8, made through the modules' own entities. */
#ifndef DEMO_H
#define DEMO_H

#include "core/app.h"

#include <stdio.h>

#define DEMO_KEY_FILE "simulator.key" /* "<device id>.<key>" of the demo's gateway, mode 0600 */

/* Idempotent; writes the gateway's key file into the data folder. */
enum rc demo_seed(struct app *a, const char *data_folder) MUST_USE;
void demo_say(FILE *out); /* the accounts */

#endif
